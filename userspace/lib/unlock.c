// SPDX-License-Identifier: GPL-2.0-or-later
/* The secrets that unlock: read into locked memory, judged, never shown. */
#include <fcntl.h>
#include <unistd.h>

#include "keystore.h"

#define RANDOM_FILE_MIN	32	/* bytes: as strong as the keys that it protects */

void lib_unlock_free(struct lib_secret *s)
{
	lib_secret_free(s->bytes, LIB_UNLOCK_MAX + 1);
	s->bytes = NULL;
}

static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, buf, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Byte by byte: what follows the line is left for the next reader of the descriptor. */
static int read_line(struct libdmwarrant *ctx, int fd, struct lib_secret *s)
{
	ssize_t n;

	while ((n = read_some(fd, s->bytes + s->size, 1)) == 1) {
		if (s->bytes[s->size] == '\n') {
			s->bytes[s->size] = 0;
			break;
		}
		if (++s->size > LIB_PASSPHRASE_MAX)
			return lib_fail(ctx, -EINVAL,
					"the passphrase on descriptor %d has more than %d bytes; use a key file",
					fd, LIB_PASSPHRASE_MAX);
	}
	if (n < 0)
		return lib_fail(ctx, n, "cannot read the passphrase from descriptor %d: %s", fd,
				strerror(-n));
	if (!s->size)
		return lib_fail(ctx, -EINVAL, "there is no passphrase on descriptor %d", fd);
	return 0;
}

static int read_all(struct libdmwarrant *ctx, int fd, const char *name, struct lib_secret *s)
{
	ssize_t n;

	while ((n = read_some(fd, s->bytes + s->size, LIB_UNLOCK_MAX + 1 - s->size)) > 0)
		s->size += n;
	if (n < 0)
		return lib_fail(ctx, n, "cannot read key file %s: %s", name, strerror(-n));
	if (!s->size || s->size > LIB_UNLOCK_MAX)
		return lib_fail(ctx, -EINVAL,
				"key file %s has %s; it must have 1 to %d bytes: name the right file",
				name, s->size ? "more" : "none", LIB_UNLOCK_MAX);
	return 0;
}

static int check_file(struct libdmwarrant *ctx, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st))
		return lib_fail(ctx, -errno, "cannot stat key file %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return lib_fail(ctx, -EINVAL,
				"key file %s is not a regular file; pass pipes as a descriptor",
				path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return lib_fail(ctx, -EACCES,
				"key file %s belongs to user %u; it must be yours or root's: chown it, and replace it if it has leaked",
				path, st.st_uid);
	if (st.st_mode & 0077)
		return lib_fail(ctx, -EACCES,
				"key file %s can be accessed by others (mode %04o); chmod 600 it, and replace it if it has leaked",
				path, st.st_mode & 07777);
	return 0;
}

static int read_file(struct libdmwarrant *ctx, const char *path, struct lib_secret *s)
{
	/* O_NONBLOCK: a FIFO must not hang us before it is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret;

	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot open key file %s: %s", path, strerror(errno));
	ret = check_file(ctx, fd, path);
	if (!ret)
		ret = read_all(ctx, fd, path, s);
	close(fd);
	return ret;
}

static int read_secret(struct libdmwarrant *ctx, const struct libdmwarrant_unlock *u,
		       struct lib_secret *s)
{
	char name[32];

	if (u->path)
		return read_file(ctx, u->path, s);
	if (u->method == LIBDMWARRANT_UNLOCK_TOKEN)
		return u->fd < 0 ? 0 : read_line(ctx, u->fd, s);
	if (u->fd < 0)
		return lib_fail(ctx, -EINVAL,
				"no secret was given; name a passphrase's descriptor or a key file");
	if (u->method == LIBDMWARRANT_UNLOCK_PASSPHRASE)
		return read_line(ctx, u->fd, s);
	snprintf(name, sizeof(name), "on descriptor %d", u->fd);
	return read_all(ctx, u->fd, name, s);
}

/* Only what is about to protect keys is judged; what does so already is as it is. */
static int check_strength(struct libdmwarrant *ctx, const struct libdmwarrant_unlock *u,
			  const struct lib_secret *s)
{
	if (u->method == LIBDMWARRANT_UNLOCK_PASSPHRASE && s->size < LIB_PASSPHRASE_MIN)
		return lib_fail(ctx, -EINVAL,
				"the passphrase has less than %d bytes; choose a longer one",
				LIB_PASSPHRASE_MIN);
	if ((u->flags & LIBDMWARRANT_UNLOCK_RANDOM_FILE) && s->size < RANDOM_FILE_MIN)
		return lib_fail(ctx, -EINVAL,
				"a key file of %zu bytes cannot be as random as a key; make one of %d or more",
				s->size, RANDOM_FILE_MIN);
	return 0;
}

/**
 * lib_unlock_read() - read a secret
 * @ctx:    context
 * @unlock: where it is
 * @is_new: it shall protect keys from now on
 * @secret: receives it; lib_unlock_free() it when 0 is returned
 */
int lib_unlock_read(struct libdmwarrant *ctx, const struct libdmwarrant_unlock *unlock,
		    bool is_new, struct lib_secret *secret)
{
	int ret;

	if (unlock->method < LIBDMWARRANT_UNLOCK_PASSPHRASE ||
	    unlock->method > LIBDMWARRANT_UNLOCK_TOKEN)
		return lib_fail(ctx, -EINVAL, "no such way to unlock: %u", unlock->method);
	secret->size = 0;
	secret->bytes = lib_secret_alloc(LIB_UNLOCK_MAX + 1);
	if (!secret->bytes)
		return lib_fail(ctx, -ENOMEM,
				"cannot get locked memory for a secret; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	ret = read_secret(ctx, unlock, secret);
	if (!ret && is_new)
		ret = check_strength(ctx, unlock, secret);
	if (ret)
		lib_unlock_free(secret);
	return ret;
}
