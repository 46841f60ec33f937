// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A secret that is needed twice: to destroy keys, and to see that it does not give them back. What
 * came through a descriptor can be read but once, so it is kept in locked memory meanwhile.
 */
#include <fcntl.h>
#include <unistd.h>

#include "shred.h"

/**
 * lib_shred_secret() - read a secret, if it can be read but once
 * @ctx:    context
 * @unlock: as the caller gave it; NULL = nothing
 * @s:      receives it; lib_shred_secret_free() it, also after a failure
 */
int lib_shred_secret(struct libdmwarrant *ctx, const struct libdmwarrant_unlock *unlock,
		     struct lib_shred_secret *s)
{
	memset(s, 0, sizeof(*s));
	s->again.fd = -1;
	s->given = unlock;
	if (!unlock || unlock->fd < 0 || unlock->path)
		return 0;
	return lib_unlock_read(ctx, unlock, false, &s->secret);
}

static void close_pipe(struct lib_shred_secret *s)
{
	if (s->again.fd >= 0)
		close(s->again.fd);
	s->again.fd = -1;
}

/* A pipe is in the kernel's memory, never on a disk, and empty once it is read. */
static int fill_pipe(const struct lib_secret *secret)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	if (write(fd[1], secret->bytes, secret->size) != (ssize_t)secret->size) {
		close(fd[0]);
		fd[0] = -EIO;
	}
	close(fd[1]);
	return fd[0];
}

/** lib_shred_secret_use() - for one unlocking. Return: NULL = there is none, or the error is set */
const struct libdmwarrant_unlock *lib_shred_secret_use(struct libdmwarrant *ctx,
						       struct lib_shred_secret *s)
{
	int fd;

	if (!s->given || !s->secret.bytes)
		return s->given;
	close_pipe(s);
	s->again = *s->given;
	fd = fill_pipe(&s->secret);
	s->again.fd = fd < 0 ? -1 : fd;
	if (fd >= 0)
		return &s->again;
	lib_fail(ctx, fd, "cannot make a pipe for the secret: %s", strerror(-fd));
	return NULL;
}

void lib_shred_secret_free(struct lib_shred_secret *s)
{
	close_pipe(s);
	if (s->secret.bytes)
		lib_unlock_free(&s->secret);
}
