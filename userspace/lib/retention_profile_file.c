// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles in files: those that come with dm-warrant, by name, and any others, by path. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "json.h"
#include "retention_state.h"

#define SUFFIX	".json"

/* All of a file that is no longer than a profile may be; one byte more shows that it is. */
static int read_all(struct libdmwarrant *ctx, const char *path, char *text, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return lib_fail(ctx, -EINVAL, "%s is not a regular file", path);
	}
	for (*size = 0; (n = read(fd, text + *size, LIB_PROFILE_MAX + 1 - *size)) > 0; )
		*size += n;
	err = errno;
	close(fd);
	return n < 0 ? lib_fail(ctx, -err, "cannot read %s: %s", path, strerror(err)) : 0;
}

static int read_path(struct libdmwarrant *ctx, const char *path, struct json_object **profile)
{
	char *text = malloc(LIB_PROFILE_MAX + 1), why[512];
	size_t size = 0;
	int ret;

	if (!text)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	ret = read_all(ctx, path, text, &size);
	if (!ret) {
		ret = lib_profile_parse(ctx, text, size, profile);
		if (ret) {
			lib_copy(why, sizeof(why), libdmwarrant_error(ctx));
			lib_fail(ctx, ret, "%s: %s", path, why);
		}
	}
	free(text);
	return ret;
}

/** lib_profile_read() - as libdmwarrant_profile_read(); json_object_put() it */
int lib_profile_read(struct libdmwarrant *ctx, const char *name, struct json_object **profile)
{
	char path[PATH_MAX], shown[LIB_QUOTE_SIZE];
	int n;

	if (strchr(name, '/'))
		return read_path(ctx, name, profile);
	n = snprintf(path, sizeof(path), LIBDMWARRANT_PROFILE_DIR "/%s" SUFFIX, name);
	if (n >= (int)sizeof(path) || access(path, F_OK))
		return lib_fail(ctx, -ENOENT,
				"no profile %s in " LIBDMWARRANT_PROFILE_DIR "; warrantctl retention profile list shows all, and a path with a slash names a file",
				lib_quote(shown, name, strlen(name)));
	return read_path(ctx, path, profile);
}

int libdmwarrant_profile_read(struct libdmwarrant *ctx, const char *name, char **json,
			      uint8_t digest[LIBDMWARRANT_DIGEST_SIZE])
{
	char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct json_object *o;
	int ret = lib_profile_read(ctx, name, &o);

	if (ret)
		return ret;
	*json = lib_json_canonical(o);
	if (!*json || lib_profile_digest(o, hex)) {
		free(*json);
		ret = lib_fail(ctx, -ENOMEM, "not enough memory");
	} else {
		lib_unhex(digest, hex, LIBDMWARRANT_DIGEST_SIZE);
	}
	json_object_put(o);
	return ret;
}

/* ---- all in a directory ---- */

static int is_profile(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > strlen(SUFFIX) && !strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX);
}

static int tell(struct libdmwarrant *ctx, const char *dir, const char *file,
		int (*fn)(void *arg, const char *name, const char *json), void *arg)
{
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	char path[PATH_MAX], name[256];
	char *json = NULL;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
	libdmwarrant_profile_read(ctx, path, &json, digest);
	ret = fn(arg, name, json);
	free(json);
	return ret;
}

int libdmwarrant_profile_list(struct libdmwarrant *ctx, const char *dir,
			      int (*fn)(void *arg, const char *name, const char *json), void *arg)
{
	struct dirent **entries;
	int i, ret = 0, count;

	if (!dir)
		dir = LIBDMWARRANT_PROFILE_DIR;
	count = scandir(dir, &entries, is_profile, alphasort);
	if (count < 0)
		return lib_fail(ctx, -errno, "cannot read %s: %s", dir, strerror(errno));
	for (i = 0; i < count; i++) {
		if (!ret)
			ret = tell(ctx, dir, entries[i]->d_name, fn, arg);
		free(entries[i]);
	}
	free(entries);
	return ret;
}
