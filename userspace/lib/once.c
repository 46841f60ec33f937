// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole files: those that are written once have their name only when they are complete and durable;
 * those of others are read up to a limit.
 */
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "lib_private.h"

/* The directory of @path, opened. */
static int open_parent(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	free(copy);
	return fd;
}

static int write_all(int fd, const void *data, size_t size)
{
	ssize_t n;

	for (; size; size -= n, data += n) {
		n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
	}
	return fsync(fd) ? -errno : 0;
}

/* A file without a name gets one when it is complete; unlike rename(), that replaces nothing. */
static int write_nameless(int fd, const char *path, mode_t mode, const void *data, size_t size)
{
	char self[32];
	int ret = fchmod(fd, mode) ? -errno : write_all(fd, data, size);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (!ret && linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		ret = -errno;
	return ret;
}

/* Where files need names (overlayfs, NFS). A kill may leave that of @temporary behind. */
static int write_named(const char *path, mode_t mode, const void *data, size_t size)
{
	char *temporary;
	int fd, ret;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	ret = fd < 0 ? -errno : write_all(fd, data, size);
	if (!ret && (fchmod(fd, mode) || link(temporary, path)))
		ret = -errno;
	if (fd >= 0) {
		unlink(temporary);
		close(fd);
	}
	free(temporary);
	return ret;
}

static int write_file(int dir, const char *path, mode_t mode, const void *data, size_t size)
{
	int fd = openat(dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600), ret;

	if (fd < 0 && errno != EOPNOTSUPP)
		return -errno;
	ret = fd < 0 ? write_named(path, mode, data, size) :
		write_nameless(fd, path, mode, data, size);
	if (fd >= 0)
		close(fd);
	return !ret && fsync(dir) ? -errno : ret;
}

/**
 * lib_write_once() - make a file where there is none, whole and durably or not at all
 *
 * Return: 0; -EEXIST there is one, which is left alone; errors of open(2), write(2), link(2).
 */
int lib_write_once(const char *path, mode_t mode, const void *data, size_t size)
{
	int dir = open_parent(path), ret;

	if (dir < 0)
		return dir;
	ret = write_file(dir, path, mode, data, size);
	close(dir);
	return ret;
}

/* ---- reading ---- */

static int read_all(int fd, char *data, size_t max, size_t *size)
{
	ssize_t n;

	for (*size = 0; *size <= max; *size += n) {
		n = read(fd, data + *size, max + 1 - *size);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n < 0 ? -errno : 0;
	}
	return -EFBIG;
}

/**
 * lib_read_file() - read a regular file of at most @max bytes
 * @data: receives it, with a NUL behind; free() it
 *
 * Return: 0; -EFBIG; -EINVAL not a regular file; errors of open(2) and read(2).
 */
int lib_read_file(struct libdmwarrant *ctx, const char *path, size_t max, char **data,
		  size_t *size)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), ret = 0;
	char *buf = malloc(max + 2);
	struct stat st;

	if (!buf)
		ret = -ENOMEM;
	else if (fd < 0 || fstat(fd, &st))
		ret = -errno;
	else if (!S_ISREG(st.st_mode))
		ret = -EINVAL;
	else
		ret = read_all(fd, buf, max, size);
	if (fd >= 0)
		close(fd);
	if (ret) {
		free(buf);
		return lib_fail(ctx, ret, "cannot read %s: %s", path,
				ret == -EINVAL ? "it is not a regular file" : strerror(-ret));
	}
	buf[*size] = 0;
	*data = buf;
	return 0;
}
