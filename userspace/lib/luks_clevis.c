// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clevis (Tang, and whatever pins it has): no plugin of libcryptsetup, so its own program is asked.
 *
 * clevis is a program of the system, found by PATH like every command; whoever can exchange it is
 * root already. It gets the header's path, and gives the slot's passphrase through a pipe.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "luks.h"

#define TIMEOUT_MS	30000	/* a server that has not answered by then is away */

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int out)
{
	int ret;

	ret = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	if (!ret)
		ret = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null",
						       O_WRONLY, 0);
	/* A group of its own: it starts others, and all of them are to end. */
	if (!ret)
		ret = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP);
	return ret;
}

static int start(const char *header, int slot, int out, pid_t *pid)
{
	char number[12];
	char *const argv[] = { "clevis", "luks", "pass", "-d", (char *)header, "-s", number, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int ret;

	snprintf(number, sizeof(number), "%d", slot);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	ret = set_up(&actions, &attr, out);
	if (!ret)
		ret = posix_spawnp(pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

static int left_ms(const struct timespec *start)
{
	struct timespec now;
	s64 spent;

	clock_gettime(CLOCK_MONOTONIC, &now);
	spent = (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
	return spent < TIMEOUT_MS ? TIMEOUT_MS - spent : 0;
}

/* Until its end, which is when nobody has the pipe open any more. */
static int read_answer(int fd, struct lib_secret *s)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec start;
	ssize_t n = 1;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (n && s->size <= LIB_PASSPHRASE_MAX) {
		ret = poll(&p, 1, left_ms(&start));
		if (!ret)
			return -ETIMEDOUT;
		if (ret < 0 && errno != EINTR)
			return -errno;
		if (ret < 0)
			continue;
		n = read(fd, s->bytes + s->size, LIB_PASSPHRASE_MAX + 1 - s->size);
		if (n < 0)
			return -errno;
		s->size += n;
	}
	while (s->size && s->bytes[s->size - 1] == '\n')
		s->size--;
	return s->size && s->size <= LIB_PASSPHRASE_MAX ? 0 : -ENOKEY;
}

static int ask(const char *header, int slot, struct lib_secret *s)
{
	int fd[2], ret;
	pid_t pid;

	s->size = 0;
	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	ret = start(header, slot, fd[1], &pid);
	close(fd[1]);
	if (!ret) {
		ret = read_answer(fd[0], s);
		/* It has answered, or never will; whoever waits for it holds the volume's lock. */
		kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fd[0]);
	return ret;
}

static int open_slot(struct lib_luks *l, int slot, const struct lib_secret *s, u8 *kek)
{
	struct crypt_keyslot_context *kc;
	size_t size = LIB_KEK_SIZE;
	int ret;

	ret = crypt_keyslot_context_init_by_passphrase(l->cd, (const char *)s->bytes, s->size,
						       &kc);
	if (ret)
		return ret;
	ret = crypt_volume_key_get_by_keyslot_context(l->cd, slot, (char *)kek, &size, kc);
	crypt_keyslot_context_free(kc);
	return ret >= 0 && size != LIB_KEK_SIZE ? -EUCLEAN : ret;
}

/* The slot that a token of clevis is for, or -1. */
static int slot_of(struct lib_luks *l, int token)
{
	const char *type;
	int i;

	if (crypt_token_status(l->cd, token, &type) != CRYPT_TOKEN_EXTERNAL_UNKNOWN ||
	    strcmp(type, "clevis"))
		return -1;
	for (i = 0; i < crypt_keyslot_max(CRYPT_LUKS2); i++)
		if (!crypt_token_is_assigned(l->cd, token, i))
			return i;
	return -1;
}

/**
 * lib_luks_clevis() - get the KEK by way of clevis
 * @l:    header
 * @kek:  receives LIB_KEK_SIZE bytes
 * @slot: receives the number of the slot that gave it
 *
 * Return: 0, or a negative errno without a message.
 */
int lib_luks_clevis(struct lib_luks *l, u8 *kek, int *slot)
{
	char header[sizeof(l->dir->path) + 16];
	struct lib_secret s = { .bytes = lib_secret_alloc(LIB_UNLOCK_MAX + 1) };
	int i, ret = s.bytes ? -ENOKEY : -ENOMEM;

	snprintf(header, sizeof(header), "%s/header", l->dir->path);
	for (i = 0; s.bytes && ret && i < crypt_token_max(CRYPT_LUKS2); i++) {
		*slot = slot_of(l, i);
		if (*slot < 0)
			continue;
		ret = ask(header, *slot, &s);
		if (!ret && open_slot(l, *slot, &s, kek) < 0)
			ret = -ENOKEY;
	}
	lib_unlock_free(&s);
	return ret;
}
