// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A secret that is needed twice, hours apart: what a descriptor yields only once is kept in locked
 * memory until then, so that nobody has to sit and wait for the second question.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unlock.h"

#define SIZE	4096	/* a pipe takes that much at once; passphrases and PINs are shorter */

static char *kept;
static size_t kept_size;

static int fail(struct cli *c, int err)
{
	return cli_usage(c, "cannot keep the secret until the end of the rotation: %s",
			 strerror(err));
}

static int make_room(void)
{
	kept = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (kept == MAP_FAILED) {
		kept = NULL;
		return errno;
	}
	if (mlock(kept, SIZE))
		return errno;
	madvise(kept, SIZE, MADV_DONTDUMP);
	return 0;
}

/**
 * cli_unlock_keep() - read a secret that comes from a descriptor, to use it more than once
 * @unlock: from cli_unlock(); cli_unlock_again() it before each use
 *
 * Return: 0, or from cli_usage().
 */
int cli_unlock_keep(struct cli *c, struct libdmwarrant_unlock *unlock)
{
	ssize_t n = 1;
	int ret;

	if (unlock->fd < 0)
		return 0;
	ret = make_room();
	if (ret)
		return fail(c, ret);
	while (n > 0 && kept_size < SIZE) {
		n = read(unlock->fd, kept + kept_size, SIZE - kept_size);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			kept_size += n;
	}
	if (n < 0)
		return fail(c, errno);
	return kept_size < SIZE ? 0 : fail(c, EFBIG);
}

/** cli_unlock_again() - let the descriptor yield it once more. Return: 0, or from cli_usage() */
int cli_unlock_again(struct cli *c, struct libdmwarrant_unlock *unlock)
{
	int fd[2];

	if (!kept)
		return 0;
	if (pipe2(fd, O_CLOEXEC))
		return fail(c, errno);
	if (write(fd[1], kept, kept_size) != (ssize_t)kept_size || dup2(fd[0], unlock->fd) < 0) {
		close(fd[0]);
		close(fd[1]);
		return fail(c, EIO);
	}
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/** cli_unlock_drop() - wipe it */
void cli_unlock_drop(void)
{
	if (!kept)
		return;
	explicit_bzero(kept, SIZE);
	munmap(kept, SIZE);
	kept = NULL;
	kept_size = 0;
}
