// SPDX-License-Identifier: GPL-2.0-or-later
/* Stores of kind file: made, opened, locked. */
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "store.h"

#define FORMAT_VERSION	1
#define FORMAT_TEXT	"dm-warrant key store "

/* ---- URIs ---- */

/* An absolute path without the slashes of an authority; relative ones are of this process only. */
static int parse_place(struct libdmwarrant_keystore *ks, const char *place, char **path)
{
	char cwd[512];

	if (!strncmp(place, "///", 3))
		place += 2;
	if (!place[0] || !strncmp(place, "//", 2))
		return lib_fail(ks->ctx, -EINVAL,
				"file:%s names no directory; use file:/DIRECTORY", place);
	if (place[0] == '/')
		*path = strdup(place);
	else if (!getcwd(cwd, sizeof(cwd)))
		return lib_fail(ks->ctx, -errno, "cannot find the working directory: %s",
				strerror(errno));
	else if (asprintf(path, "%s/%s", cwd, place) < 0)
		*path = NULL;
	return *path ? 0 : lib_fail(ks->ctx, -ENOMEM, "not enough memory");
}

static void strip_slashes(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = 0;
}

static int set_uri(struct libdmwarrant_keystore *ks, const char *path)
{
	if (asprintf(&ks->uri, "file:%s", path) >= 0)
		return 0;
	ks->uri = NULL;
	return lib_fail(ks->ctx, -ENOMEM, "not enough memory");
}

/* ---- making ---- */

static int make_directory(struct libdmwarrant *ctx, const char *path)
{
	char *copy = strdup(path);
	int fd, ret = 0;

	if (!copy)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	dirname(copy);
	if (mkdir(copy, 0700) && errno != EEXIST)
		ret = lib_fail(ctx, -errno, "cannot make directory %s: %s", copy, strerror(errno));
	else if (mkdir(path, 0700) && errno != EEXIST)
		ret = lib_fail(ctx, -errno, "cannot make directory %s: %s", path, strerror(errno));
	fd = ret ? -1 : open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!ret && (fd < 0 || fsync(fd)))
		ret = lib_fail(ctx, -errno, "cannot sync %s: %s", copy, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

/* What an interrupted init may have left is no reason to refuse. */
static int refuse_strangers(void *arg, const char *name)
{
	const struct lib_dir *d = arg;

	if (!strcmp(name, STORE_LOCK) || !strcmp(name, STORE_TOMBSTONES) ||
	    !strcmp(name, STORE_FORMAT_NEW))
		return 0;
	return lib_fail(d->ctx, -ENOTEMPTY,
			"%s is not empty and not a key store (it has %s); name another directory",
			d->path, name);
}

static int fill(const struct lib_dir *d)
{
	char text[64];
	int n, ret;

	ret = lib_dir_each(d, refuse_strangers, (void *)d);
	if (!ret && !lib_dir_has(d, STORE_LOCK))
		ret = lib_file_write(d, STORE_LOCK, "", 0);
	if (!ret)
		ret = lib_dir_make(d, STORE_TOMBSTONES);
	if (!ret)
		ret = lib_file_remove(d, STORE_FORMAT_NEW);
	if (ret)
		return ret;
	n = snprintf(text, sizeof(text), FORMAT_TEXT "%d\n", FORMAT_VERSION);
	ret = lib_file_write(d, STORE_FORMAT_NEW, text, n);
	return ret ? ret : lib_file_rename(d, STORE_FORMAT_NEW, STORE_FORMAT);
}

static int check_format(const struct lib_dir *d)
{
	unsigned int version;
	size_t size;
	char *text;
	int ret, n;

	if (!lib_dir_has(d, STORE_FORMAT))
		return lib_fail(d->ctx, -ENOENT,
				"%s is not a key store; make one with warrantctl keystore init",
				d->path);
	ret = lib_file_read(d, STORE_FORMAT, 64, (u8 **)&text, &size);
	if (ret)
		return ret;
	text[size] = 0;
	n = sscanf(text, FORMAT_TEXT "%u", &version);
	free(text);
	if (n != 1 || !version)
		return lib_fail(d->ctx, -EUCLEAN, "%s/" STORE_FORMAT
				" is damaged; restore it from a backup", d->path);
	if (version != FORMAT_VERSION)
		return lib_fail(d->ctx, -EPROTONOSUPPORT,
				"key store %s has format %u; use a newer dm-warrant", d->path,
				version);
	return 0;
}

int lib_store_init(struct libdmwarrant_keystore *ks, const char *place)
{
	struct lib_dir d;
	char *path;
	int ret = parse_place(ks, place, &path);

	if (ret)
		return ret;
	strip_slashes(path);
	ret = make_directory(ks->ctx, path);
	if (!ret)
		ret = lib_dir_open(ks->ctx, NULL, path, &d);
	free(path);
	if (ret)
		return ret;
	ret = lib_dir_has(&d, STORE_FORMAT) ? check_format(&d) : fill(&d);
	lib_dir_close(&d);
	return ret;
}

/* ---- opening ---- */

/**
 * lib_store_lock() - lock the store and see what has been destroyed meanwhile
 *
 * Return: what to give to lib_unlock(), or a negative errno.
 */
int lib_store_lock(struct lib_store *s, bool exclusive)
{
	int lock = lib_lock(&s->dir, STORE_LOCK, exclusive, s->ks->timeout_ms);
	int ret;

	if (lock < 0)
		return lock;
	ret = lib_tombstones_load(&s->buried, &s->tombstones);
	if (!ret)
		return lock;
	lib_unlock(lock);
	return ret;
}

static int store_open(struct lib_store *s, const char *path)
{
	struct libdmwarrant *ctx = s->ks->ctx;
	int ret = lib_store_probe(s->ks, path);

	if (!ret)
		ret = lib_dir_open(ctx, NULL, path, &s->dir);
	if (ret == -ENOENT)
		return lib_fail(ctx, ret,
				"there is no key store %s; make one with warrantctl keystore init",
				path);
	if (!ret)
		ret = check_format(&s->dir);
	if (!ret)
		ret = lib_dir_open(ctx, &s->dir, STORE_TOMBSTONES, &s->buried);
	if (!ret)
		ret = set_uri(s->ks, path);
	return ret ? ret : lib_store_repair(s);
}

int lib_store_open(struct libdmwarrant_keystore *ks, const char *place)
{
	struct lib_store *s = calloc(1, sizeof(*s));
	char *path;
	int ret;

	if (!s)
		return lib_fail(ks->ctx, -ENOMEM, "not enough memory");
	s->ks = ks;
	s->dir.fd = -1;
	s->buried.fd = -1;
	ks->store = s;
	ret = parse_place(ks, place, &path);
	if (!ret) {
		strip_slashes(path);
		ret = store_open(s, path);
		free(path);
	}
	if (ret)
		lib_store_close(ks);
	return ret;
}

void lib_store_close(struct libdmwarrant_keystore *ks)
{
	struct lib_store *s = ks->store;

	while (s->unlocked)
		lib_unlocked_remove(s, s->unlocked->warrant);
	lib_tombstones_free(&s->tombstones);
	lib_dir_close(&s->buried);
	lib_dir_close(&s->dir);
	free(s);
	ks->store = NULL;
}

const struct lib_keystore_ops lib_keystore_file = {
	.scheme = "file",
	.init = lib_store_init,
	.open = lib_store_open,
	.close = lib_store_close,
	.create_warrant = lib_store_create_warrant,
	.unlock = lib_store_unlock,
	.put = lib_store_put,
	.get = lib_store_get,
	.warrants = lib_store_warrants,
	.warrant = lib_store_warrant,
	.keys = lib_store_keys,
	.methods = lib_store_methods,
	.rewrap = lib_store_rewrap,
	.destroy = lib_store_destroy,
	.tombstones = lib_store_tombstones,
	.head = lib_store_head,
};
