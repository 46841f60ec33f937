// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures of officers: from a file, or by ssh-keygen, which knows agents and security keys. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

#define SIGNATURE_MAX	65536	/* bytes */
#define PURPOSE		"dm-warrant-request"

bool signer_option(struct cli *c, struct signer *s, int id)
{
	switch (id) {
	case CONTROL_AS:
		s->officer = c->arg;
		return true;
	case CONTROL_SIGNATURE:
		s->signature = c->arg;
		return true;
	case CONTROL_SIGN_KEY:
		s->key = c->arg;
		return true;
	default:
		return false;
	}
}

/* As much as there is. Return: bytes, or a negative errno */
static ssize_t read_all(int fd, char *buf, size_t max)
{
	size_t size = 0;
	ssize_t n;

	do {
		n = read(fd, buf + size, max - size);
		if (n > 0)
			size += n;
	} while ((n > 0 && size < max) || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	return size == max ? -EFBIG : (ssize_t)size;
}

static ssize_t read_file(const char *path, char *buf)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	ssize_t n = fd < 0 ? -errno : read_all(fd, buf, SIGNATURE_MAX);

	if (fd > STDIN_FILENO)
		close(fd);
	return n;
}

/* ---- ssh-keygen ---- */

static pid_t spawn(const char *key, int in, int out)
{
	char *const argv[] = { "ssh-keygen", "-Y", "sign", "-q", "-n", PURPOSE, "-f", (char *)key, NULL };
	posix_spawn_file_actions_t files;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&files))
		return -1;
	if (!posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO) &&
	    !posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO) &&
	    posix_spawnp(&pid, argv[0], &files, NULL, argv, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* The text is far shorter than a pipe holds, so it can be written before anyone reads. */
static ssize_t talk(pid_t pid, int to, int from, const char *text, char *buf)
{
	size_t size = strlen(text);
	ssize_t n = write(to, text, size) == (ssize_t)size ? 0 : -EIO;
	int status;

	close(to);
	if (!n)
		n = read_all(from, buf, SIGNATURE_MAX);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -EKEYREJECTED : n;
}

static ssize_t run(const char *key, const char *text, char *buf)
{
	int in[2], out[2];
	ssize_t n = -EMFILE;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC))
		return n;
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return n;
	}
	pid = spawn(key, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (pid > 0) {
		n = talk(pid, in[1], out[0], text, buf);
	} else {
		n = -ENOENT;
		close(in[1]);
	}
	close(out[0]);
	return n;
}

/**
 * signer_sign() - the signature, as the options want it
 * @text:      to be signed
 * @signature: receives it; free() it
 * @size:      likewise
 *
 * Return: 0, or from cli_usage().
 */
int signer_sign(struct cli *c, const struct signer *s, const char *text, char **signature,
		size_t *size)
{
	char *buf;
	ssize_t n;

	if (!s->signature == !s->key)
		return cli_usage(c, "give one of --signature and --sign-key");
	buf = malloc(SIGNATURE_MAX);
	if (!buf)
		return cli_usage(c, "not enough memory");
	n = s->key ? run(s->key, text, buf) : read_file(s->signature, buf);
	if (n < 0) {
		free(buf);
		if (s->key)
			return cli_usage(c, "ssh-keygen has not signed with %s", s->key);
		return cli_usage(c, "cannot read %s: %s", s->signature, strerror(-n));
	}
	*signature = buf;
	*size = n;
	return 0;
}
