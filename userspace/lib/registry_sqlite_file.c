// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of a registry, and its directory: who may read or replace them. Whoever can write to the
 * directory can put a rollback journal there, and with it anything into the registry.
 */
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "registry_sqlite.h"

/* Return: free() it; NULL = no memory, with the error set. */
static char *parent(struct libdmwarrant_registry *r, const char *path)
{
	char *copy = strdup(path), *dir = NULL;

	if (copy)
		dir = strdup(dirname(copy));
	free(copy);
	if (!dir)
		lib_fail(r->ctx, -ENOMEM, "not enough memory");
	return dir;
}

static const char missing[] = "; run warrantctl init, or name the right registry";

static int check_owner(struct libdmwarrant_registry *r, const char *path, const struct stat *st,
		       mode_t forbidden, const char *what, const char *mode)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return lib_fail(r->ctx, -EACCES,
				"%s belongs to user %u; it must be yours or root's: chown it once you know why",
				path, st->st_uid);
	if (st->st_mode & forbidden)
		return lib_fail(r->ctx, -EACCES, "%s can be %s by others (mode %04o); chmod %s it",
				path, what, st->st_mode & 07777, mode);
	return 0;
}

static int check_directory(struct libdmwarrant_registry *r, const char *dir)
{
	struct stat st;

	if (stat(dir, &st))
		return lib_fail(r->ctx, -errno, "cannot use the directory %s: %s%s", dir,
				strerror(errno), errno == ENOENT ? missing : "");
	if (!S_ISDIR(st.st_mode))
		return lib_fail(r->ctx, -ENOTDIR,
				"%s is not a directory; name the registry's right path", dir);
	return check_owner(r, dir, &st, 0022, "replaced", "700");
}

static int check_file(struct libdmwarrant_registry *r, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return lib_fail(r->ctx, -errno, "cannot use the registry %s: %s%s", path,
				strerror(errno),
				errno == ENOENT ? "; run warrantctl init, or name the right one" :
				"");
	if (!S_ISREG(st.st_mode))
		return lib_fail(r->ctx, -EINVAL,
				"%s is not a regular file, so no registry; name the file itself",
				path);
	return check_owner(r, path, &st, 0077, "read or changed", "600");
}

/** lib_sqlite_file_check() - Return: 0; -ENOENT, -EACCES, -EINVAL with the error set */
int lib_sqlite_file_check(struct libdmwarrant_registry *r)
{
	char *dir = parent(r, r->place);
	int ret;

	if (!dir)
		return -ENOMEM;
	ret = check_directory(r, dir) ?: check_file(r, r->place);
	free(dir);
	return ret;
}

static int sync_directory(struct libdmwarrant_registry *r, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (ret)
		return lib_fail(r->ctx, ret, "cannot write to the directory %s: %s", dir,
				strerror(-ret));
	return 0;
}

static int make_directory(struct libdmwarrant_registry *r, const char *dir, bool dry_run)
{
	char *above;
	int ret = 0;

	if (!access(dir, F_OK))
		return 0;
	above = parent(r, dir);
	if (!above)
		return -ENOMEM;
	if (access(above, F_OK))
		ret = lib_fail(r->ctx, -errno, "cannot make %s: there is no %s; make it first", dir,
			       above);
	else if (!dry_run && mkdir(dir, 0700) && errno != EEXIST)
		ret = lib_fail(r->ctx, -errno, "cannot make the directory %s: %s", dir,
			       strerror(errno));
	else if (!dry_run)
		ret = sync_directory(r, above);
	free(above);
	return ret;
}

static int make_file(struct libdmwarrant_registry *r, const char *dir, bool *created)
{
	int fd = open(r->place, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	*created = fd >= 0;
	if (fd < 0 && errno != EEXIST)
		return lib_fail(r->ctx, -errno, "cannot make the registry %s: %s", r->place,
				strerror(errno));
	/* Closing drops no lock: SQLite has not opened it yet. */
	if (fd >= 0)
		close(fd);
	return sync_directory(r, dir);
}

/** lib_sqlite_file_create() - an empty file: an empty database to SQLite */
int lib_sqlite_file_create(struct libdmwarrant_registry *r, bool dry_run, bool *created)
{
	char *dir = parent(r, r->place);
	struct stat st;
	int ret;

	*created = false;
	if (!dir)
		return -ENOMEM;
	ret = make_directory(r, dir, dry_run);
	if (!ret && !(dry_run && access(dir, F_OK)))
		ret = check_directory(r, dir);
	if (!ret && dry_run)
		*created = lstat(r->place, &st) && errno == ENOENT;
	else if (!ret)
		ret = make_file(r, dir, created);
	free(dir);
	return ret;
}
