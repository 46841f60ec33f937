// SPDX-License-Identifier: GPL-2.0-or-later
/* A volume, and a model of what it must hold: see debug.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "debug.h"

char uuid[64];
uint64_t length;
uint32_t sectors;
size_t lun_size;

static char key_name[128];
static uint8_t keyset[1024];
static size_t keyset_size;
static uint8_t *data;		/* for direct I/O */

/* ---- versions ---- */

bool has_version(const struct versions *set, uint32_t version)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		if (set->v[i] == version)
			return true;
	return false;
}

void add_version(struct versions *set, uint32_t version)
{
	if (has_version(set, version))
		return;
	if (set->count == VERSIONS)
		fail("too many versions of one sector for this test");
	set->v[set->count++] = version;
}

void one_version(struct versions *set, uint32_t version)
{
	set->v[0] = version;
	set->count = 1;
}

bool certain(const struct model *m, uint32_t first, uint32_t count)
{
	uint32_t s;

	for (s = first; s < first + count; s++)
		if (m->now[s].count != 1)
			return false;
	return true;
}

static void fill(uint8_t *p, uint32_t sector, uint32_t version)
{
	uint64_t *w = (uint64_t *)p;
	uint32_t i;

	for (i = 0; i < SECTOR / sizeof(*w); i++)
		w[i] = version ? (uint64_t)version << 32 | sector : 0;
}

int64_t version_of(const void *p, uint32_t sector)
{
	const uint64_t *w = p;
	uint32_t i;

	for (i = 1; i < SECTOR / sizeof(*w); i++)
		if (w[i] != w[0])
			return -1;
	if (w[0] && (uint32_t)w[0] != sector)
		return -1;
	return w[0] >> 32;
}

static void begin_write(struct model *m, uint32_t first, uint32_t count, uint32_t version)
{
	uint32_t s;

	for (s = first; s < first + count; s++)
		add_version(&m->after_crash[s], version);
}

static void end_write(struct model *m, uint32_t first, uint32_t count, uint32_t version, int err,
		      bool durable)
{
	uint32_t s;

	for (s = first; s < first + count; s++) {
		if (err) {
			add_version(&m->now[s], version);
			continue;
		}
		one_version(&m->now[s], version);
		if (durable && !m->lies)
			one_version(&m->after_crash[s], version);
	}
}

static void all_durable(struct model *m)
{
	uint32_t s;

	for (s = 0; s < sectors && !m->lies; s++)
		m->after_crash[s] = m->now[s];
}

/* ---- keys and LUN ---- */

void give_bad_key(const void *payload, size_t size)
{
	if (syscall(SYS_add_key, "logon", key_name, payload, size, KEY_SPEC_PROCESS_KEYRING) < 0)
		fail("add_key: %m");
}

void give_key(void)
{
	give_bad_key(keyset, keyset_size);
}

void take_key(void)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, "logon", key_name, 0);

	if (key < 0 || syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING))
		fail("removing the key: %m");
}

/* The keyset's count is at byte 6; a key is tag, epoch and 32 bytes. */
static void add_tag_keys(void)
{
	uint16_t count;
	uint32_t tag;

	memcpy(&count, keyset + 6, sizeof(count));
	for (tag = 1; tag <= TAGS; tag++, count++, keyset_size += 40) {
		if (keyset_size + 40 > sizeof(keyset))
			fail("the keyset is too large");
		memcpy(keyset + keyset_size, (uint32_t[]){ tag, 1 }, 8);
		memset(keyset + keyset_size + 8, 0x30 + tag, 32);
	}
	memcpy(keyset + 6, &count, sizeof(count));
}

/* DIR has vol (UUID and length), key and base.img, as "run" made them with warrantctl. */
void volume_setup(const char *dir)
{
	unsigned long long n;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/vol", dir);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%63s %llu", uuid, &n) != 2)
		fail("%s: %m", path);
	fclose(f);
	length = n;
	sectors = n / (SECTOR / 512);
	if (sectors > MAX_SECTORS)
		fail("the volume is larger than this test can do");
	snprintf(path, sizeof(path), "%s/key", dir);
	f = fopen(path, "r");
	if (!f)
		fail("%s: %m", path);
	keyset_size = fread(keyset, 1, sizeof(keyset), f);
	fclose(f);
	add_tag_keys();
	snprintf(key_name, sizeof(key_name), "dm-warrant:%s", uuid);
	data = mmap(NULL, LUN_MAX, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (data == MAP_FAILED)
		fail("no memory");
}

/* Direct I/O: what the volume reads of its LUN must not come from a page cache of ours. */
static void lun_io(const char *path, bool write, void *p, size_t size, uint64_t offset)
{
	int fd = open(path, (write ? O_WRONLY : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		fail("%s: %m", path);
	while (done < size) {
		n = write ? pwrite(fd, p + done, size - done, offset + done) :
			    pread(fd, p + done, size - done, offset + done);
		if (n <= 0)
			fail("%s of %s at %llu: %m", write ? "write" : "read", path,
			     (unsigned long long)(offset + done));
		done += n;
	}
	close(fd);
}

void lun_put(const char *path, const uint8_t *image)
{
	memcpy(data, image, lun_size);
	lun_io(path, true, data, lun_size, 0);
}

void lun_read(const char *path, uint8_t *to, size_t size)
{
	lun_io(path, false, data, size, 0);
	memcpy(to, data, size);
}

void lun_get(const char *path, uint8_t *image)
{
	lun_read(path, image, lun_size);
}

void lun_write(const char *path, const uint8_t *from, size_t size, uint64_t offset)
{
	memcpy(data, from, size);
	lun_io(path, true, data, size, offset);
}

/* ---- opening and closing ---- */

int volume_table(const struct volume *v, struct target *t)
{
	t->start = 0;
	t->length = length;
	t->type = "warrant";
	return snprintf(t->params, sizeof(t->params), "%s %s logon:%s%s%s", v->lun, uuid, key_name,
			v->options ? " " : "", v->options ? v->options : "");
}

int volume_load(const struct volume *v)
{
	struct target t;
	int ret;

	volume_table(v, &t);
	give_key();
	ret = dm_load(v->name, &t, 1, v->read_only);
	take_key();
	return ret;
}

static int remove_patiently(const char *name)
{
	int ret, i;

	for (i = 0; i < 100; i++) {
		ret = dm_remove(name, 0);
		if (ret != -EBUSY)
			break;
		usleep(20000);
	}
	return ret;
}

int volume_open(struct volume *v)
{
	int ret = dm_create(v->name);

	if (ret)
		return ret;
	ret = volume_load(v);
	if (!ret)
		ret = dm_resume(v->name);
	if (ret && remove_patiently(v->name))
		fail("a volume that could not be opened cannot be removed");
	return ret;
}

/* The way in for requests; apart from opening, since it is not the module's business. */
int volume_io(struct volume *v)
{
	int minor = dm_minor(v->name);
	char path[64];

	snprintf(path, sizeof(path), "/dev/dm-%d", minor);
	v->fd = open(path, (v->read_only ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC);
	if (v->fd < 0)
		fail("%s: %m", path);
	return v->fd;
}

int volume_close(struct volume *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	return remove_patiently(v->name);
}

void volume_mode(const struct volume *v, char mode[16], uint64_t *mismatches, uint64_t *lost)
{
	unsigned long long m, l;
	char text[512];

	if (dm_status(v->name, 0, text, sizeof(text)) ||
	    sscanf(text, "%15s %*s %*u %*s %*s %llu %*u %llu", mode, &m, &l) != 3)
		fail("status cannot be read: %s", text);
	if (mismatches)
		*mismatches = m;
	if (lost)
		*lost = l;
}

uint64_t volume_recovered(const struct volume *v)
{
	unsigned long long recovered;
	char text[512];

	if (dm_status(v->name, 0, text, sizeof(text)) ||
	    sscanf(text, "%*s %*s %*u %*s %*s %*u %llu", &recovered) != 1)
		fail("status cannot be read: %s", text);
	return recovered;
}

/* ---- requests ---- */

static int result(ssize_t n, size_t wanted)
{
	return n < 0 ? -errno : (size_t)n == wanted ? 0 : -EIO;
}

int io_read(struct volume *v, uint32_t first, uint32_t count)
{
	size_t size = (size_t)count * SECTOR;
	int64_t version;
	uint32_t s;
	int ret;

	memset(data, 0xaa, size);
	ret = result(pread(v->fd, data, size, (off_t)first * SECTOR), size);
	if (ret)
		return ret;
	for (s = first; s < first + count; s++) {
		version = version_of(data + (size_t)(s - first) * SECTOR, s);
		if (version < 0 || !has_version(&v->model.now[s], version))
			fail("WRONG DATA: sector %u reads as version %lld, %u (+%u others) was expected",
			     s, (long long)version, v->model.now[s].v[0], v->model.now[s].count - 1);
	}
	return 0;
}

int io_write(struct volume *v, uint32_t first, uint32_t count, bool fua)
{
	struct iovec iov = { .iov_base = data, .iov_len = (size_t)count * SECTOR };
	uint32_t version = ++v->model.last, s;
	int ret;

	for (s = 0; s < count; s++)
		fill(data + (size_t)s * SECTOR, first + s, version);
	begin_write(&v->model, first, count, version);
	ret = result(pwritev2(v->fd, &iov, 1, (off_t)first * SECTOR, fua ? RWF_DSYNC : 0),
		     iov.iov_len);
	end_write(&v->model, first, count, version, ret, fua);
	return ret;
}

/* Single sectors, all on their way at once. Return: the first error. */
int io_batch(struct volume *v, uint32_t first, uint32_t stride, uint32_t count)
{
	struct iocb cb[32] = { 0 }, *cbs[32];
	struct io_event events[32];
	uint32_t version = ++v->model.last, i, s;
	aio_context_t ctx = 0;
	int ret = 0, err;
	long got, n;

	for (i = 0; i < count; i++) {
		s = first + i * stride;
		fill(data + (size_t)i * SECTOR, s, version);
		begin_write(&v->model, s, 1, version);
		cb[i].aio_lio_opcode = IOCB_CMD_PWRITE;
		cb[i].aio_fildes = v->fd;
		cb[i].aio_buf = (uintptr_t)(data + (size_t)i * SECTOR);
		cb[i].aio_nbytes = SECTOR;
		cb[i].aio_offset = (int64_t)s * SECTOR;
		cb[i].aio_data = s;
		cbs[i] = &cb[i];
	}
	if (syscall(SYS_io_setup, 32, &ctx))
		fail("io_setup: %m");
	for (got = 0; got < (long)count; got += n) {
		n = syscall(SYS_io_submit, ctx, count - got, cbs + got);
		if (n <= 0)
			fail("io_submit: %m");
	}
	for (got = 0; got < (long)count; got += n) {
		n = syscall(SYS_io_getevents, ctx, 1, count - got, events, NULL);
		if (n <= 0)
			fail("io_getevents: %m");
		for (i = 0; i < n; i++) {
			err = result(events[i].res < 0 ? (errno = -events[i].res, -1) :
				     events[i].res, SECTOR);
			end_write(&v->model, events[i].data, 1, version, err, false);
			ret = ret ? ret : err;
		}
	}
	syscall(SYS_io_destroy, ctx);
	return ret;
}

int io_erase(struct volume *v, uint32_t first, uint32_t count, bool discard)
{
	uint64_t range[2] = { (uint64_t)first * SECTOR, (uint64_t)count * SECTOR };
	int ret;

	begin_write(&v->model, first, count, 0);
	ret = ioctl(v->fd, discard ? BLKDISCARD : BLKZEROOUT, range) ? -errno : 0;
	end_write(&v->model, first, count, 0, ret, false);
	return ret;
}

int io_flush(struct volume *v)
{
	int ret = fsync(v->fd) ? -errno : 0;

	if (!ret)
		all_durable(&v->model);
	return ret;
}

int io_checkpoint(struct volume *v)
{
	int ret = dm_message(v->name, "checkpoint", NULL, 0);

	if (!ret)
		all_durable(&v->model);
	return ret;
}

/* Wait for a job. Return: 0, or -EIO when it has not moved all. */
int job_wait(const struct volume *v, const char *number)
{
	char ask[64], answer[256], *state;
	int ret;

	snprintf(ask, sizeof(ask), "job %s", number);
	for (;;) {
		ret = dm_message(v->name, ask, answer, sizeof(answer));
		if (ret)
			return ret;
		state = strrchr(answer, ' ');
		if (!state)
			fail("job %s is \"%s\"", number, answer);
		if (strcmp(state, " running"))
			return strcmp(state, " done") ? -EIO : 0;
		usleep(500);
	}
}

/* Give a range a tag, and wait until it has it. */
int io_assign(struct volume *v, uint32_t tag, uint32_t first, uint32_t count)
{
	char text[64], number[32];
	int ret;

	snprintf(text, sizeof(text), "assign %u %u %u", tag, first, count);
	ret = dm_message(v->name, text, number, sizeof(number));
	if (!ret)
		ret = job_wait(v, number);
	if (!ret)
		all_durable(&v->model);
	return ret;
}

/* ---- checks ---- */

#define AT_ONCE 64U

void check_readable(struct volume *v, const char *when)
{
	uint32_t s, n, k;
	int ret;

	for (s = 0; s < sectors; s += n) {
		n = sectors - s < AT_ONCE ? sectors - s : AT_ONCE;
		if (certain(&v->model, s, n)) {
			ret = io_read(v, s, n);
			if (ret)
				fail("%s: reading sectors %u (+%u): %s", when, s, n, strerror(-ret));
			continue;
		}
		for (k = s; k < s + n; k++) {
			ret = io_read(v, k, 1);
			if (ret && certain(&v->model, k, 1))
				fail("%s: reading sector %u: %s", when, k, strerror(-ret));
		}
	}
}

/* After an opening the first look decides which of several versions it is. */
void check_reopened(struct volume *v, enum reopened what)
{
	struct versions *set;
	int64_t version;
	uint32_t s, n, k;
	int ret;

	for (s = 0; s < sectors; s += n) {
		n = sectors - s < AT_ONCE ? sectors - s : AT_ONCE;
		ret = result(pread(v->fd, data, (size_t)n * SECTOR, (off_t)s * SECTOR),
			     (size_t)n * SECTOR);
		if (ret && what == MAY_FAIL) {
			/* again, a sector at a time */
			n = 1;
			ret = result(pread(v->fd, data, SECTOR, (off_t)s * SECTOR), SECTOR);
			if (ret == -EILSEQ || ret == -EIO)
				continue;
		}
		if (ret)
			fail("after reopening: reading sectors %u (+%u): %s", s, n, strerror(-ret));
		for (k = 0; k < n; k++) {
			version = version_of(data + (size_t)k * SECTOR, s + k);
			set = what == HOLDS_ALL ? &v->model.now[s + k] : &v->model.after_crash[s + k];
			if (version < 0 || !has_version(set, version))
				fail("WRONG DATA after reopening: sector %u holds version %lld, %u (+%u others) was expected",
				     s + k, (long long)version, set->v[0], set->count - 1);
			one_version(&v->model.now[s + k], version);
			one_version(&v->model.after_crash[s + k], version);
		}
	}
}
