// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anchors that the registry could not take: each waits in a file of this host. Beside a registry
 * that is a file, since that is where it is looked for; else, or when that cannot be written, in
 * /run, which is lost at the next boot but better than nothing.
 */
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "warrant_volume.h"

#define NAME		"pending-anchors"
#define PLACES		2
#define SQLITE		"sqlite:"
#define STATE_DIR	"/var/lib/dm-warrant"

static void directory(const struct libdmwarrant_config *config, unsigned int place, char *path,
		      size_t size)
{
	char *copy = NULL;

	if (place == 1) {
		snprintf(path, size, LIB_RUN_DIR "/" NAME);
		return;
	}
	if (!strncmp(config->registry, SQLITE, strlen(SQLITE)))
		copy = strdup(config->registry + strlen(SQLITE));
	snprintf(path, size, "%s/" NAME, copy ? dirname(copy) : STATE_DIR);
	free(copy);
}

static void file(const struct libdmwarrant_config *config, unsigned int place, const u8 *uuid,
		 char *path, size_t size)
{
	char dir[560], text[37];

	libdmwarrant_uuid_format(uuid, text);
	directory(config, place, dir, sizeof(dir));
	snprintf(path, size, "%s/%s", dir, text);
}

/* Return: 0, -ENOENT, or -EINVAL: something that was not written by us. */
static int read_one(const char *path, struct libdmwarrant_anchor *a)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[64];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 0022))
		n = 0;
	close(fd);
	if (n <= 0)
		return -EINVAL;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return libdmwarrant_anchor_parse(text, a);
}

static int write_synced(int fd, const char *text)
{
	size_t n = strlen(text);

	return write(fd, text, n) == (ssize_t)n && !fsync(fd) ? 0 : -EIO;
}

/* The old file stays whole until the new one is durable. */
static int write_one(const char *dir, const char *path, const struct libdmwarrant_anchor *a)
{
	char temporary[640], text[64];
	int ret, fd;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	libdmwarrant_anchor_format(a, text);
	strcat(text, "\n");
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ret = write_synced(fd, text);
	close(fd);
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret) {
		unlink(temporary);
		return ret;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	return 0;
}

/**
 * lib_pending_write() - keep an anchor until the registry takes it
 * @ctx:    context
 * @config: says where the registry is
 * @uuid:   of the volume
 * @a:      anchor; one that waits already is replaced if it is older
 * @path:   receives where it waits; "" after a failure
 * @size:   of @path
 */
int lib_pending_write(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
		      const u8 *uuid, const struct libdmwarrant_anchor *a, char *path, size_t size)
{
	struct libdmwarrant_anchor old;
	char dir[600], name[620];
	unsigned int place;
	int ret = 0;

	path[0] = 0;
	for (place = 0; place < PLACES; place++) {
		directory(config, place, dir, sizeof(dir));
		file(config, place, uuid, name, sizeof(name));
		ret = 0;
		if (read_one(name, &old) || old.checkpoint < a->checkpoint)
			ret = write_one(dir, name, a);
		if (!ret) {
			lib_copy(path, size, name);
			return 0;
		}
	}
	return lib_fail(ctx, ret, "cannot write to %s: %s", dir, strerror(-ret));
}

/**
 * lib_pending_deliver() - give the registry what waits for it
 *
 * What the registry knows better already is dropped. Return: 0, or the registry's error, when it
 * still waits.
 */
int lib_pending_deliver(const struct libdmwarrant_config *config,
			struct libdmwarrant_registry *reg, const u8 *uuid)
{
	struct libdmwarrant_anchor a;
	unsigned int place;
	char name[620];
	int ret;

	for (place = 0; place < PLACES; place++) {
		file(config, place, uuid, name, sizeof(name));
		if (read_one(name, &a))
			continue;
		ret = libdmwarrant_registry_anchor_set(reg, uuid, &a);
		if (ret && ret != -ESTALE)
			return ret;
		unlink(name);
	}
	return 0;
}

/** lib_pending_is() - does an anchor wait? */
bool lib_pending_is(const struct libdmwarrant_config *config, const u8 *uuid)
{
	struct libdmwarrant_anchor a;
	unsigned int place;
	char name[620];

	for (place = 0; place < PLACES; place++) {
		file(config, place, uuid, name, sizeof(name));
		if (!read_one(name, &a))
			return true;
	}
	return false;
}
