// SPDX-License-Identifier: GPL-2.0-or-later
/* The secrets that unlock a warrant's keys: from the terminal, a descriptor, a file, a token. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "unlock.h"

#define PASSPHRASE_MAX	512

/* ---- options ---- */

static uint32_t number(struct cli *c, uint64_t from)
{
	uint64_t n;

	if (cli_number(c, c->arg, from, INT_MAX, &n))
		exit(LIBDMWARRANT_EXIT_USAGE);
	return n;
}

/**
 * cli_unlock_option() - take an option that unlocks; a wrong argument ends the program
 * @c:  run
 * @id: from cli_next_option()
 * @u:  receives it
 *
 * Return: whether it was one of them.
 */
bool cli_unlock_option(struct cli *c, int id, struct cli_unlock *u)
{
	switch (id) {
	case OPTION_KEY_FILE:
		u->key_file = c->arg;
		return true;
	case OPTION_PASSPHRASE_FD:
		u->passphrase_fd = number(c, 0);
		return true;
	case OPTION_TOKEN:
		u->token = true;
		return true;
	default:
		return false;
	}
}

/** cli_new_secret_option() - the same for a new secret */
bool cli_new_secret_option(struct cli *c, int id, struct cli_unlock *u)
{
	switch (id) {
	case OPTION_NEW_KEY_FILE:
	case OPTION_NEW_RANDOM_KEY_FILE:
		u->key_file = c->arg;
		u->random = id == OPTION_NEW_RANDOM_KEY_FILE;
		return true;
	case OPTION_NEW_PASSPHRASE_FD:
		u->passphrase_fd = number(c, 0);
		return true;
	case OPTION_PBKDF_MS:
		u->pbkdf_ms = number(c, 1);
		return true;
	case OPTION_PBKDF_MEMORY:
		u->pbkdf_memory_kib = number(c, 32);
		return true;
	default:
		return false;
	}
}

/** cli_unlock_given() - is there anything but the terminal to be asked? */
bool cli_unlock_given(const struct cli_unlock *u)
{
	return u->key_file || u->token || u->passphrase_fd >= 0;
}

/* ---- the terminal ---- */

static int read_line(int tty, char *line)
{
	ssize_t n, size = 0;

	/* With echo off the terminal still edits lines: one read is one line. */
	while ((n = read(tty, line + size, PASSPHRASE_MAX + 1 - size)) > 0) {
		size += n;
		if (line[size - 1] == '\n')
			return size;
		if (size > PASSPHRASE_MAX)
			break;
	}
	return n < 0 ? -errno : -EINVAL;
}

static int ask(int tty, const char *prompt, char *line)
{
	struct termios before, silent;
	int ret;

	if (tcgetattr(tty, &before))
		return -errno;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ICANON | ISIG | ECHONL;
	dprintf(tty, "%s", prompt);
	/* Flush: what was typed before the prompt was not meant for it. */
	if (tcsetattr(tty, TCSAFLUSH, &silent))
		return -errno;
	ret = read_line(tty, line);
	tcsetattr(tty, TCSANOW, &before);
	return ret;
}

static int ask_twice(struct cli *c, int tty, const char *prompt, char *line, char *again)
{
	int ret = ask(tty, prompt, line);
	int n;

	if (ret < 0)
		return ret;
	n = ask(tty, "The same again: ", again);
	if (n == ret && !memcmp(line, again, ret))
		return ret;
	cli_usage(c, "the two passphrases differ");
	return -ECANCELED;
}

/* A pipe is in the kernel's memory, never on a disk, and empty once it is read. */
static int into_pipe(const char *line, int size)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	if (write(fd[1], line, size) != size) {
		close(fd[0]);
		fd[0] = -EIO;
	}
	close(fd[1]);
	return fd[0];
}

/* Return: a descriptor that yields what was typed, or a negative errno. */
static int ask_terminal(struct cli *c, const char *prompt, bool twice)
{
	const size_t size = 2 * (PASSPHRASE_MAX + 1);
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char *lines;
	int ret;

	if (tty < 0)
		return -ENXIO;
	lines = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (lines == MAP_FAILED) {
		close(tty);
		return -ENOMEM;
	}
	madvise(lines, size, MADV_DONTDUMP);
	ret = twice ? ask_twice(c, tty, prompt, lines, lines + PASSPHRASE_MAX + 1) :
		      ask(tty, prompt, lines);
	if (ret > 0)
		ret = into_pipe(lines, ret);
	explicit_bzero(lines, size);
	munmap(lines, size);
	close(tty);
	return ret;
}

/* ---- together ---- */

static int complain(struct cli *c, int err)
{
	if (err == -ECANCELED)
		return CLI_USAGE;
	if (err == -ENXIO)
		return cli_usage(c,
				 "there is no terminal to ask for the passphrase; use --key-file, --passphrase-fd or --token");
	return cli_usage(c, "cannot read the passphrase from the terminal: %s", strerror(-err));
}

/**
 * cli_unlock() - what the library needs to unlock, or to make a secret
 * @c:      run
 * @u:      as the options have filled it
 * @prompt: for the terminal, when no option names anything else
 * @is_new: a new secret: asked for twice
 * @out:    receives it; cli_unlock_end() it
 *
 * Return: 0 or CLI_USAGE.
 */
int cli_unlock(struct cli *c, const struct cli_unlock *u, const char *prompt, bool is_new,
	       struct libdmwarrant_unlock *out)
{
	if (u->key_file && (u->token || u->passphrase_fd >= 0))
		return cli_usage(c, "a key file, a passphrase and a token exclude each other");
	memset(out, 0, sizeof(*out));
	out->version = LIBDMWARRANT_UNLOCK_VERSION;
	out->fd = u->passphrase_fd;
	out->pbkdf_ms = u->pbkdf_ms;
	out->pbkdf_memory_kib = u->pbkdf_memory_kib;
	out->method = LIBDMWARRANT_UNLOCK_PASSPHRASE;
	if (u->key_file) {
		out->method = LIBDMWARRANT_UNLOCK_KEY_FILE;
		out->path = u->key_file;
		out->flags = u->random ? LIBDMWARRANT_UNLOCK_RANDOM_FILE : 0;
	} else if (u->token) {
		out->method = LIBDMWARRANT_UNLOCK_TOKEN;
		/* The TPM's library would tell each try that fails, in several lines. */
		setenv("TSS2_LOG", "all+NONE", 0);
	} else if (u->passphrase_fd < 0) {
		out->fd = ask_terminal(c, prompt, is_new);
		return out->fd < 0 ? complain(c, out->fd) : 0;
	}
	return 0;
}

/** cli_unlock_end() - close what cli_unlock() has opened */
void cli_unlock_end(const struct cli_unlock *u, struct libdmwarrant_unlock *out)
{
	if (out->fd >= 0 && out->fd != u->passphrase_fd)
		close(out->fd);
	out->fd = -1;
}
