// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lies on the LUN while it is measured. Each device is to be removed with its last user, which
 * is this process, or the one above: so all of it is gone when this process is, however that ends.
 * Not so for moments, in which SIGKILL leaves the device and its key: from its making until
 * hold() has opened and marked it, and in unmap() from taking the mark off until it is removed.
 */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench.h"

#define WIPE_BYTES	(1U << 20)
#define TAG_BYTES	28		/* of a sector under gcm(aes)-random: nonce and MAC */

/* ---- one device ---- */

static struct lib_bench_mapping *new_mapping(struct lib_bench_stacks *s, const char *what)
{
	struct lib_bench_mapping *m = &s->mapping[s->count];
	int pid = getpid();

	snprintf(m->name, sizeof(m->name), "warrant-bench-%d-%s", pid, what);
	snprintf(m->path, sizeof(m->path), "/dev/mapper/warrant-bench-%d-%s", pid, what);
	m->fd = -1;
	return m;
}

/* From here on it goes with its last user. */
static int hold(struct lib_bench_stacks *s, struct lib_bench_mapping *m)
{
	struct stat st;
	int ret;

	s->count++;
	ret = lib_dm_number(s->ctx, m->name, &m->dev);
	if (ret)
		return ret;
	m->fd = open(m->path, O_RDONLY | O_CLOEXEC);
	if (m->fd < 0 || fstat(m->fd, &st))
		return lib_fail(s->ctx, -errno, "cannot open %s: %s; is udev running?", m->path,
				strerror(errno));
	if (!S_ISBLK(st.st_mode) || st.st_rdev != m->dev)
		return lib_fail(s->ctx, -ENODEV, "%s is not the device that was made; is udev running?",
				m->path);
	/* libdevmapper may remove the other node now: to it, the device is as good as gone. */
	snprintf(m->path, sizeof(m->path), "/dev/dm-%u", minor(m->dev));
	if (stat(m->path, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != m->dev)
		return lib_fail(s->ctx, -ENODEV, "%s is not device %s; is udev running?", m->path,
				m->name);
	return lib_dm_remove(s->ctx, m->name, true);
}

/* What the kernel says when it lacks a target, a cipher or a feature of one. */
static bool is_lacking(int err)
{
	return err == -ENXIO || err == -ENOENT || err == -EINVAL;
}

static int map(struct lib_bench_stacks *s, const char *what, u64 bytes, const char *target,
	       const char *table)
{
	struct lib_bench_mapping *m = new_mapping(s, what);
	char text[256];
	int ret;

	ret = lib_dm_create_private(s->ctx, m->name, bytes >> 9, target, table);
	if (!ret)
		return hold(s, m);
	s->absent = is_lacking(ret);
	lib_copy(text, sizeof(text), libdmwarrant_error(s->ctx));
	return lib_fail(s->ctx, ret, "dm-%s: %s", target, text);
}

static int unmap(struct lib_bench_stacks *s)
{
	struct lib_bench_mapping *m = &s->mapping[s->count - 1];
	char why[256];
	int ret;

	if (m->fd >= 0) {
		lib_dm_message(s->ctx, m->name, "@cancel_deferred_remove");
		close(m->fd);
	}
	m->fd = -1;
	ret = lib_dm_remove(s->ctx, m->name, false);
	/* -ENXIO: whoever had it open has let go, and it went as it had been told to. */
	if (!ret || ret == -ENXIO) {
		s->count--;
		return 0;
	}
	lib_copy(why, sizeof(why), libdmwarrant_error(s->ctx));
	if (lib_dm_remove(s->ctx, m->name, true))
		return lib_fail(s->ctx, ret, "%s; it is left, with its key: dmsetup remove %s", why,
				m->name);
	return lib_fail(s->ctx, ret, "%s; it goes with its last user, see dmsetup info %s", why,
			m->name);
}

/** lib_bench_stack_down() - take down all devices but the lowest @left */
int lib_bench_stack_down(struct lib_bench_stacks *s, unsigned int left)
{
	int ret = 0;

	while (s->count > left && !ret)
		ret = unmap(s);
	return ret;
}

/* ---- the part ---- */

/* What a stack before has left where others look first. */
static int wipe_ends(struct lib_bench_stacks *s)
{
	static const u8 zeros[1U << 16] __attribute__((aligned(4096)));
	const char *path = s->mapping[0].path;
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC), ret = 0;
	u64 at;

	for (at = 0; fd >= 0 && !ret && at < WIPE_BYTES; at += sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) != sizeof(zeros) ||
		    pwrite(fd, zeros, sizeof(zeros), s->part - WIPE_BYTES + at) != sizeof(zeros))
			ret = -EIO;
	if (fd < 0 || (!ret && fsync(fd)))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret ? lib_fail(s->ctx, ret, "cannot write to %s: %s", path, strerror(-ret)) : 0;
}

static int cut_out(struct lib_bench_stacks *s)
{
	char table[64];

	snprintf(table, sizeof(table), "%u:%u 0", major(s->lun), minor(s->lun));
	return map(s, "part", s->part, "linear", table);
}

/* ---- peers ---- */

/* dm-crypt on the uppermost device, under a key that nobody knows. */
static int crypt_up(struct lib_bench_stacks *s, const char *what, u64 bytes, const char *cipher,
		    u32 key_size, const char *options)
{
	dev_t below = s->mapping[s->count - 1].dev;
	struct lib_keyring keyring;
	char key[64], table[256];
	int ret;

	snprintf(key, sizeof(key), "dm-warrant-bench:%d", getpid());
	snprintf(table, sizeof(table), "%s :%u:logon:%s 0 %u:%u 0 %s", cipher, key_size, key,
		 major(below), minor(below), options);
	ret = lib_dm_have_peer(s->ctx, "crypt", "dm-crypt");
	s->absent = ret;
	if (ret)
		return ret;
	ret = lib_keyring_add_random(s->ctx, key, key_size, &keyring);
	if (!ret)
		ret = map(s, what, bytes, "crypt", table);
	lib_keyring_remove(&keyring);
	return ret;
}

static int read_provided(struct lib_bench_stacks *s, u64 *bytes)
{
	static u8 block[4096] __attribute__((aligned(4096)));
	int fd = open(s->mapping[0].path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, block, sizeof(block), 0);
	__le64 sectors;

	if (fd >= 0)
		close(fd);
	if (n != sizeof(block) || memcmp(block, "integrt", 8))
		return lib_fail(s->ctx, -EIO, "dm-integrity has left no superblock");
	memcpy(&sectors, block + 16, sizeof(sectors));
	*bytes = le64_to_cpu(sectors) << 9;
	return 0;
}

/* It formats what has only zeros at its beginning; how much that gives is in its superblock. */
static int integrity_up(struct lib_bench_stacks *s, u64 *bytes)
{
	dev_t below = s->mapping[0].dev;
	char table[96];
	int ret;

	snprintf(table, sizeof(table), "%u:%u 0 %u J 1 block_size:4096", major(below), minor(below),
		 TAG_BYTES);
	ret = lib_dm_have_peer(s->ctx, "integrity", "dm-integrity");
	s->absent = ret;
	if (!ret)
		ret = map(s, "integrity", BENCH_SECTOR, "integrity", table);
	if (!ret)
		ret = unmap(s);
	if (!ret)
		ret = read_provided(s, bytes);
	return ret ? ret : map(s, "integrity", *bytes, "integrity", table);
}

static int gcm_up(struct lib_bench_stacks *s)
{
	u64 bytes = 0;
	int ret = integrity_up(s, &bytes);

	return ret ? ret : crypt_up(s, "gcm", bytes, "capi:gcm(aes)-random", 32,
				    "2 integrity:28:aead sector_size:4096");
}

/* ---- ours ---- */

static int format_and_open(struct lib_bench_stacks *s, const struct libdmwarrant_keyset *keyset)
{
	struct libdmwarrant_format_params p = {
		.version = LIBDMWARRANT_FORMAT_VERSION,
		.flags = LIBDMWARRANT_FORMAT_SMALL_BLOCKS,
	};
	struct libdmwarrant_format_result formatted = { .version = LIBDMWARRANT_FORMAT_VERSION };
	struct libdmwarrant_open_params o = { .version = LIBDMWARRANT_OPEN_VERSION };
	struct libdmwarrant_open_result opened = { .version = LIBDMWARRANT_OPEN_VERSION };
	struct lib_bench_mapping *m = new_mapping(s, "warrant");
	int ret;

	ret = libdmwarrant_format(s->ctx, s->mapping[0].path, keyset, &p, &formatted);
	o.anchor = formatted.anchor;
	if (!ret)
		ret = libdmwarrant_open(s->ctx, s->mapping[0].path, m->name, keyset, &o, &opened);
	if (!ret)
		return hold(s, m);
	/* The target's cipher; nothing else here is looked up by name. */
	s->absent = ret == -ENOENT;
	return ret;
}

/* The keys are in locked memory until the kernel has them, and nowhere else. */
static int warrant_up(struct lib_bench_stacks *s)
{
	struct libdmwarrant_keyset *keyset;
	int ret = lib_dm_have_target(s->ctx);

	s->absent = ret;
	if (!ret)
		ret = libdmwarrant_keyset_generate(s->ctx, NULL, &keyset);
	if (ret)
		return ret;
	ret = format_and_open(s, keyset);
	libdmwarrant_keyset_free(keyset);
	return ret;
}

/* ---- all of them ---- */

/**
 * lib_bench_stack_up() - put a stack on the part, on which nothing else lies
 * @s:     what is mapped; the part must be, unless it is @stack itself that maps it
 * @stack: which, not LIBDMWARRANT_BENCH_RAW
 *
 * Return: 0; an error, and whether it is that it cannot be had here, in @s->absent. What is mapped
 * then is still to be taken down.
 */
int lib_bench_stack_up(struct lib_bench_stacks *s, enum libdmwarrant_bench_stack stack)
{
	int ret = stack == LIBDMWARRANT_BENCH_LINEAR ? cut_out(s) : wipe_ends(s);

	s->absent = false;
	if (ret)
		return ret;
	switch (stack) {
	case LIBDMWARRANT_BENCH_XTS:
		return crypt_up(s, "xts", s->part, "aes-xts-plain64", 64, "1 sector_size:4096");
	case LIBDMWARRANT_BENCH_INTEGRITY:
		return gcm_up(s);
	case LIBDMWARRANT_BENCH_WARRANT:
		return warrant_up(s);
	default:
		return 0;
	}
}

/**
 * lib_bench_stack_settle() - have all that was put off brought to an end
 *
 * Suspending makes dm-integrity empty its journal, and dm-warrant commit a checkpoint.
 */
int lib_bench_stack_settle(struct lib_bench_stacks *s)
{
	unsigned int i;
	int ret = 0, err;

	for (i = s->count; i && !ret; i--)
		ret = lib_dm_suspend(s->ctx, s->mapping[i - 1].name);
	for (i += ret ? 1 : 0; i < s->count; i++) {
		err = lib_dm_resume(s->ctx, s->mapping[i].name);
		ret = ret ? ret : err;
	}
	return ret;
}
