// SPDX-License-Identifier: GPL-2.0-or-later
/* Keysets: made, read, written, never shown. */
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "keystore.h"

#define KEYSET_SIZE(count)	(sizeof(struct dmw_keyset_disk) + \
				 (count) * sizeof(struct dmw_key_disk))
#define KEYSET_MAX		KEYSET_SIZE(DMW_KEYSET_MAX_KEYS)

static struct libdmwarrant_keyset *keyset_new(struct libdmwarrant *ctx)
{
	struct libdmwarrant_keyset *k = calloc(1, sizeof(*k));

	/* One byte more than the longest keyset, so that a longer one is noticed. */
	if (k)
		k->disk = lib_secret_alloc(KEYSET_MAX + 1);
	if (k && k->disk)
		return k;
	free(k);
	lib_fail(ctx, -ENOMEM,
		 "cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	return NULL;
}

void libdmwarrant_keyset_free(struct libdmwarrant_keyset *k)
{
	if (!k)
		return;
	lib_secret_free(k->disk, KEYSET_MAX + 1);
	free(k);
}

/* ---- reading ---- */

static int check_permissions(struct libdmwarrant *ctx, int fd, const char *path, bool must_be_file)
{
	struct stat st;

	if (fstat(fd, &st))
		return lib_fail(ctx, -errno, "cannot stat keyset %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode)) {
		if (must_be_file)
			return lib_fail(ctx, -EINVAL,
					"keyset %s is not a regular file; pass pipes with --keyset-fd",
					path);
		return 0;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return lib_fail(ctx, -EACCES,
				"keyset %s belongs to user %u; it must be yours or root's: chown it, and replace the keys if they have leaked",
				path, st.st_uid);
	if (st.st_mode & 0077)
		return lib_fail(ctx, -EACCES,
				"keyset %s can be accessed by others (mode %04o); chmod 600 it, and replace the keys if they have leaked",
				path, st.st_mode & 07777);
	return 0;
}

static int keyset_read(struct libdmwarrant *ctx, int fd, const char *path,
		       struct libdmwarrant_keyset *k)
{
	ssize_t n;
	int ret;

	while (k->size <= KEYSET_MAX) {
		n = read(fd, (u8 *)k->disk + k->size, KEYSET_MAX + 1 - k->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lib_fail(ctx, -errno, "cannot read keyset %s: %s", path,
					strerror(errno));
		if (!n)
			break;
		k->size += n;
	}
	ret = dmw_keyset_check(k->disk, k->size, NULL);
	if (ret == -EPROTONOSUPPORT)
		return lib_fail(ctx, ret,
				"keyset %s has a newer format; use a newer dm-warrant", path);
	if (ret)
		return lib_fail(ctx, ret, "%s is not a keyset, or is damaged; name the right file",
				path);
	return 0;
}

static int keyset_read_fd(struct libdmwarrant *ctx, int fd, const char *path, bool must_be_file,
			  struct libdmwarrant_keyset **keyset)
{
	struct libdmwarrant_keyset *k;
	int ret = check_permissions(ctx, fd, path, must_be_file);

	if (ret)
		return ret;
	k = keyset_new(ctx);
	if (!k)
		return -ENOMEM;
	ret = keyset_read(ctx, fd, path, k);
	if (ret) {
		libdmwarrant_keyset_free(k);
		return ret;
	}
	*keyset = k;
	return 0;
}

int libdmwarrant_keyset_read(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_keyset **keyset)
{
	/* O_NONBLOCK: a FIFO must not hang us before it is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret;

	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot open keyset %s: %s", path, strerror(errno));
	ret = keyset_read_fd(ctx, fd, path, true, keyset);
	close(fd);
	return ret;
}

int libdmwarrant_keyset_read_fd(struct libdmwarrant *ctx, int fd,
				struct libdmwarrant_keyset **keyset)
{
	char path[32];

	snprintf(path, sizeof(path), "on descriptor %d", fd);
	return keyset_read_fd(ctx, fd, path, false, keyset);
}

/* ---- making ---- */

void lib_random_uuid(u8 *uuid)
{
	dmw_host_random(NULL, uuid, DMW_UUID_SIZE);
	/* RFC 9562: version 4, variant 10. */
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

int libdmwarrant_keyset_generate(struct libdmwarrant *ctx, const uint8_t *uuid,
				 struct libdmwarrant_keyset **keyset)
{
	static const u32 tags[] = { DMW_TAG_METADATA, DMW_TAG_DEFAULT };
	struct libdmwarrant_keyset *k = keyset_new(ctx);
	struct dmw_keyset_disk *d;
	size_t i;

	if (!k)
		return -ENOMEM;
	d = k->disk;
	d->magic = cpu_to_le32(DMW_KEYSET_MAGIC);
	d->version = cpu_to_le16(DMW_KEYSET_VERSION);
	d->count = cpu_to_le16(ARRAY_SIZE(tags));
	if (uuid)
		memcpy(d->uuid, uuid, DMW_UUID_SIZE);
	else
		lib_random_uuid(d->uuid);
	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		d->keys[i].tag = cpu_to_le32(tags[i]);
		d->keys[i].epoch = cpu_to_le32(1);
		dmw_host_random(NULL, d->keys[i].key, DMW_KEY_SIZE);
	}
	k->size = KEYSET_SIZE(ARRAY_SIZE(tags));
	*keyset = k;
	return 0;
}

/** lib_keyset_new() - a keyset without keys, which only lib_keyset_append() makes one */
struct libdmwarrant_keyset *lib_keyset_new(struct libdmwarrant *ctx, const u8 *uuid)
{
	struct libdmwarrant_keyset *k = keyset_new(ctx);

	if (!k)
		return NULL;
	k->disk->magic = cpu_to_le32(DMW_KEYSET_MAGIC);
	k->disk->version = cpu_to_le16(DMW_KEYSET_VERSION);
	memcpy(k->disk->uuid, uuid, DMW_UUID_SIZE);
	k->size = KEYSET_SIZE(0);
	return k;
}

/* @key: NULL = random. Leaves it to the caller that there is no key for (@tag, @epoch) yet. */
int lib_keyset_append(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, u32 tag, u32 epoch,
		      const u8 *key)
{
	u32 count = libdmwarrant_keyset_count(k);

	if (count == DMW_KEYSET_MAX_KEYS)
		return lib_fail(ctx, -ENOSPC,
				"the keyset is full: a volume can have %u keys; rotate it, then old epochs can go",
				DMW_KEYSET_MAX_KEYS);
	k->disk->keys[count].tag = cpu_to_le32(tag);
	k->disk->keys[count].epoch = cpu_to_le32(epoch);
	if (key)
		memcpy(k->disk->keys[count].key, key, DMW_KEY_SIZE);
	else
		dmw_host_random(NULL, k->disk->keys[count].key, DMW_KEY_SIZE);
	k->disk->count = cpu_to_le16(count + 1);
	k->size = KEYSET_SIZE(count + 1);
	return 0;
}

int lib_keyset_mark_shredded(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, u32 tag)
{
	static const u8 none[DMW_KEY_SIZE];

	if (dmw_keyset_is_shredded(k->disk, tag))
		return 0;
	return lib_keyset_append(ctx, k, tag, DMW_EPOCH_SHREDDED, none);
}

int libdmwarrant_keyset_add(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, uint32_t tag,
			    uint32_t epoch)
{
	if (!epoch)
		return lib_fail(ctx, -EINVAL, "epochs count from 1");
	if (dmw_keyset_is_shredded(k->disk, tag))
		return lib_fail(ctx, -EKEYREVOKED,
				"the keyset says that tag %u was shredded: it never has keys again", tag);
	if (dmw_keyset_find(k->disk, tag, epoch))
		return lib_fail(ctx, -EEXIST,
				"the keyset has a key for tag %u, epoch %u already, and keys are never replaced",
				tag, epoch);
	return lib_keyset_append(ctx, k, tag, epoch, NULL);
}

/* ---- writing ---- */

static int write_all(int fd, const void *buf, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, buf, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf = (const u8 *)buf + n;
		size -= n;
	}
	return fsync(fd) ? -errno : 0;
}

/* A new name is durable only when its directory is. */
int lib_sync_parent(const char *path)
{
	char *copy = strdup(path);
	int fd, ret = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

int libdmwarrant_keyset_write(struct libdmwarrant *ctx, const struct libdmwarrant_keyset *k,
			      const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0 && errno == EEXIST)
		return lib_fail(ctx, -EEXIST,
				"%s exists and keys are never overwritten; name another file",
				path);
	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot create keyset %s: %s", path, strerror(errno));
	ret = write_all(fd, k->disk, k->size);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret)
		ret = lib_sync_parent(path);
	if (ret) {
		unlink(path);
		return lib_fail(ctx, ret, "cannot write keyset %s: %s; nothing was left there",
				path, strerror(-ret));
	}
	return 0;
}

/* ---- looking ---- */

void libdmwarrant_keyset_uuid(const struct libdmwarrant_keyset *k,
			      uint8_t uuid[LIBDMWARRANT_UUID_SIZE])
{
	memcpy(uuid, k->disk->uuid, DMW_UUID_SIZE);
}

uint32_t libdmwarrant_keyset_count(const struct libdmwarrant_keyset *k)
{
	return le16_to_cpu(k->disk->count);
}

int libdmwarrant_keyset_entry(const struct libdmwarrant_keyset *k, uint32_t nr, uint32_t *tag,
			      uint32_t *epoch)
{
	if (nr >= libdmwarrant_keyset_count(k))
		return -ERANGE;
	*tag = le32_to_cpu(k->disk->keys[nr].tag);
	*epoch = le32_to_cpu(k->disk->keys[nr].epoch);
	return 0;
}
