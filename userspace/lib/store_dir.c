// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of a store: judged before they are trusted, replaced as a whole, wiped before they go.
 *
 * Nothing is ever found by a path with more than one part: who can exchange a directory above the
 * store cannot lead us elsewhere once it is open.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "store_dir.h"

#define WIPE_CHUNK	(1 << 20)

static int fail(const struct lib_dir *d, int err, const char *what, const char *name)
{
	return lib_fail(d->ctx, err, "cannot %s %s/%s: %s", what, d->path, name, strerror(-err));
}

/* A directory or file that others can read, or write, is not a place for keys. */
static int check_access(const struct lib_dir *d, const char *name, const struct stat *st)
{
	const char *slash = name[0] ? "/" : "";

	if (st->st_uid != geteuid() && st->st_uid != 0)
		return lib_fail(d->ctx, -EACCES,
				"%s%s%s belongs to user %u; it must be yours or root's: chown it, and find out who could read it",
				d->path, slash, name, st->st_uid);
	if (st->st_mode & 0077)
		return lib_fail(d->ctx, -EACCES,
				"%s%s%s can be accessed by others (mode %04o); chmod go= it, and find out who could read it",
				d->path, slash, name, st->st_mode & 07777);
	return 0;
}

/* ---- directories ---- */

/**
 * lib_dir_open() - open a directory
 * @ctx:    context
 * @parent: NULL = @name is a path
 * @name:   of it
 * @d:      receives it; lib_dir_close() it when 0 is returned
 */
int lib_dir_open(struct libdmwarrant *ctx, const struct lib_dir *parent, const char *name,
		 struct lib_dir *d)
{
	struct stat st;
	int ret, n;

	d->ctx = ctx;
	n = snprintf(d->path, sizeof(d->path), "%s%s%s", parent ? parent->path : "",
		     parent ? "/" : "", name);
	if (n >= (int)sizeof(d->path))
		return lib_fail(ctx, -ENAMETOOLONG, "the path of the key store is too long");
	d->fd = openat(parent ? parent->fd : AT_FDCWD, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->fd < 0)
		return lib_fail(ctx, -errno, "cannot open directory %s: %s", d->path,
				strerror(errno));
	ret = fstat(d->fd, &st) ? -errno : check_access(d, "", &st);
	if (ret)
		lib_dir_close(d);
	return ret;
}

void lib_dir_close(struct lib_dir *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

/** lib_dir_make() - make a directory in @d, mode 0700, or leave the one that is there */
int lib_dir_make(const struct lib_dir *d, const char *name)
{
	if (mkdirat(d->fd, name, 0700) && errno != EEXIST)
		return fail(d, -errno, "make directory", name);
	return lib_dir_sync(d);
}

bool lib_dir_has(const struct lib_dir *d, const char *name)
{
	return !faccessat(d->fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/** lib_dir_sync() - make names durable */
int lib_dir_sync(const struct lib_dir *d)
{
	return fsync(d->fd) ? fail(d, -errno, "sync", ".") : 0;
}

/** lib_dir_each() - call @fn for each name but "." and ".."; non-zero ends and is returned */
int lib_dir_each(const struct lib_dir *d, int (*fn)(void *arg, const char *name), void *arg)
{
	/* A descriptor of its own: it has a position. */
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int ret = 0;

	if (!dir) {
		ret = fail(d, -errno, "read", ".");
		if (fd >= 0)
			close(fd);
		return ret;
	}
	do {
		errno = 0;
		e = readdir(dir);
		if (!e && errno)
			ret = fail(d, -errno, "read", ".");
		else if (e && strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			ret = fn(arg, e->d_name);
	} while (e && !ret);
	closedir(dir);
	return ret;
}

/* ---- files ---- */

/** lib_file_open() - open a regular file that is ours alone. Return: descriptor or errno */
int lib_file_open(const struct lib_dir *d, const char *name, int flags)
{
	/* O_NONBLOCK: a FIFO must not hang us before it is refused. */
	int fd = openat(d->fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret;

	if (fd < 0)
		return fail(d, -errno, "open", name);
	if (fstat(fd, &st))
		ret = fail(d, -errno, "stat", name);
	else if (!S_ISREG(st.st_mode))
		ret = lib_fail(d->ctx, -EUCLEAN, "%s/%s is not a regular file; remove it", d->path,
			       name);
	else
		ret = check_access(d, name, &st);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static ssize_t read_full(int fd, u8 *buf, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, buf + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += n;
	}
	return done;
}

/**
 * lib_file_read() - read a whole file
 * @d:    directory
 * @name: of the file
 * @max:  most bytes it may have; more is -EUCLEAN
 * @data: receives them; free() it
 * @size: receives their number
 */
int lib_file_read(const struct lib_dir *d, const char *name, size_t max, u8 **data, size_t *size)
{
	int fd = lib_file_open(d, name, O_RDONLY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	*data = NULL;
	if (fstat(fd, &st)) {
		n = -errno;
	} else if ((u64)st.st_size > max) {
		close(fd);
		return lib_fail(d->ctx, -EUCLEAN, "%s/%s is damaged: it has %llu bytes", d->path,
				name, (unsigned long long)st.st_size);
	} else {
		*data = malloc(st.st_size + 1);
		n = *data ? read_full(fd, *data, st.st_size) : -ENOMEM;
	}
	close(fd);
	if (n < 0) {
		free(*data);
		return fail(d, n, "read", name);
	}
	*size = n;
	return 0;
}

static int write_full(int fd, const u8 *buf, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, buf, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		size -= n;
	}
	return 0;
}

static int create(const struct lib_dir *d, const char *name)
{
	int fd = openat(d->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? fail(d, -errno, "create", name) : fd;
}

/** lib_file_write() - make a new file, durably but for its name; after a failure there is none */
int lib_file_write(const struct lib_dir *d, const char *name, const void *data, size_t size)
{
	int fd = create(d, name);
	int ret;

	if (fd < 0)
		return fd;
	ret = write_full(fd, data, size);
	if (!ret && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret)
		return 0;
	unlinkat(d->fd, name, 0);
	return fail(d, ret, "write", name);
}

/** lib_file_copy() - make @to, a copy of @from; after a failure there is none */
int lib_file_copy(const struct lib_dir *d, const char *from, const char *to)
{
	u8 *data;
	size_t size;
	int ret = lib_file_read(d, from, SIZE_MAX - 1, &data, &size);

	if (ret)
		return ret;
	ret = lib_file_write(d, to, data, size);
	free(data);
	return ret;
}

/** lib_file_rename() - give a file, durable already, a name: atomically and durably */
int lib_file_rename(const struct lib_dir *d, const char *from, const char *to)
{
	if (renameat(d->fd, from, d->fd, to))
		return fail(d, -errno, "replace", to);
	return lib_dir_sync(d);
}

/** lib_file_remove() - remove a file that keeps no secret; that there is none is success */
int lib_file_remove(const struct lib_dir *d, const char *name)
{
	if (unlinkat(d->fd, name, 0) && errno != ENOENT)
		return fail(d, -errno, "remove", name);
	return 0;
}

static int overwrite(int fd, off_t size)
{
	u8 *buf = malloc(WIPE_CHUNK);
	int ret = buf ? 0 : -ENOMEM;
	size_t n;

	for (; size > 0 && !ret; size -= n) {
		n = size < WIPE_CHUNK ? size : WIPE_CHUNK;
		dmw_host_random(NULL, buf, n);
		ret = write_full(fd, buf, n);
	}
	free(buf);
	if (!ret && fsync(fd))
		ret = -errno;
	return ret;
}

/* Are both names those of one file? */
static bool is_same(const struct lib_dir *d, const char *name, const struct stat *st)
{
	struct stat other;

	return name && !fstatat(d->fd, name, &other, AT_SYMLINK_NOFOLLOW) &&
	       other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/**
 * lib_file_wipe() - overwrite a file with random bytes, then remove it
 * @d:      directory
 * @name:   of the file; that there is none is success
 * @unless: if this is the same file, it is in use: only the other name goes; NULL = none
 *
 * What lay on the disk is gone as far as the file system writes in place, under all hard links.
 */
int lib_file_wipe(const struct lib_dir *d, const char *name, const char *unless)
{
	int fd = openat(d->fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail(d, -errno, "open", name);
	if (fstat(fd, &st))
		ret = -errno;
	else if (S_ISREG(st.st_mode) && !is_same(d, unless, &st))
		ret = overwrite(fd, st.st_size);
	close(fd);
	if (ret)
		return fail(d, ret, "wipe", name);
	if (unlinkat(d->fd, name, 0) && errno != ENOENT)
		return fail(d, -errno, "remove", name);
	return lib_dir_sync(d);
}
