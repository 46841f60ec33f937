// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of certificates: read whole, written whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"

static int failed(struct cli *c, const char *what, const char *path, int err)
{
	return cli_usage(c, "cannot %s %s: %s", what, path, strerror(err));
}

static int read_all(int fd, size_t max, char *text, size_t *size)
{
	ssize_t n;

	for (*size = 0; *size < max; *size += n) {
		n = read(fd, text + *size, max - *size);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n ? -errno : 0;
	}
	return -EFBIG;
}

/**
 * cli_certificate_read() - read a file
 * @c:    run
 * @path: of it
 * @text: receives it, with a NUL behind it; free() it
 * @size: bytes, without that
 *
 * Return: 0 or CLI_USAGE.
 */
int cli_certificate_read(struct cli *c, const char *path, char **text, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), err;
	struct stat st;
	size_t max;

	if (fd < 0)
		return failed(c, "read", path, errno);
	max = !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size < CERTIFICATE_FILE_MAX ?
		(size_t)st.st_size + 1 : CERTIFICATE_FILE_MAX;
	*text = malloc(max + 1);
	err = *text ? -read_all(fd, max, *text, size) : ENOMEM;
	close(fd);
	if (!err) {
		(*text)[*size] = 0;
		return 0;
	}
	free(*text);
	*text = NULL;
	return failed(c, "read", path, err);
}

/** cli_certificate_write() - make a file that was not there. Return: 0 or CLI_USAGE */
int cli_certificate_write(struct cli *c, const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600), err = 0;
	ssize_t n;

	if (fd < 0)
		return failed(c, "make", path, errno);
	for (; !err && size; text += n, size -= n) {
		n = write(fd, text, size);
		if (n < 0)
			err = errno;
	}
	if (!err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	if (!err)
		return 0;
	unlink(path);
	return failed(c, "write", path, err);
}
