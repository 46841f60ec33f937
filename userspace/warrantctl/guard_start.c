// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting a guard that outlives this command. Under systemd as a transient unit of its own, for
 * what a login session or a service leaves behind is killed with it; else as a daemon. It is a
 * fresh program either way: no memory of this one, which had keys, and no descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "by_warrant.h"

#define SYSTEMD		"/run/systemd/system"
#define SYSTEMD_RUN	"/usr/bin/systemd-run"
#define WAIT_MS		5000
#define INTERVAL_MS	50

/* As long as it takes: what it runs becomes the guard, or a job of systemd. */
static int wait_for_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

/* In the child: only what execv() needs. */
static void become_daemon(char *const *argv)
{
	int null;

	setsid();
	/* The grandchild leads no session, so that it can never get a terminal. */
	if (fork())
		_exit(0);
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    close_range(3, ~0U, 0) || chdir("/"))
		_exit(1);
	execv(argv[0], argv);
	_exit(1);
}

static int run_daemon(char *const *argv)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		become_daemon(argv);
	return wait_for_child(pid);
}

static int run_unit(char *const *argv)
{
	pid_t pid;
	int ret;

	if (access(SYSTEMD, F_OK) || access(SYSTEMD_RUN, X_OK))
		return -ENOENT;
	ret = posix_spawn(&pid, SYSTEMD_RUN, NULL, NULL, argv, environ);
	return ret ? -ret : wait_for_child(pid);
}

static bool is_guarded(struct cli *c, const char *uuid)
{
	struct libdmwarrant_volume_state s = { .version = LIBDMWARRANT_STATE_VERSION };

	return !libdmwarrant_volume_state(c->lib, NULL, uuid, &s) && s.guard;
}

static int wait_for_guard(struct cli *c, const char *uuid)
{
	static const struct timespec interval = { 0, INTERVAL_MS * 1000000 };
	int waited;

	for (waited = 0; waited < WAIT_MS; waited += INTERVAL_MS) {
		if (is_guarded(c, uuid))
			return 0;
		nanosleep(&interval, NULL);
	}
	return -ETIMEDOUT;
}

/**
 * cli_guard_start() - start the guard of an open volume
 * @uuid:    of the volume
 * @seconds: as in struct libdmwarrant_guard_params
 * @unlock:  how it shall unlock keys to finish a rotation; NULL = it shall not
 *
 * Return: 0 it is at work, also when it was already; a negative errno, without an error text.
 */
int cli_guard_start(struct cli *c, const struct libdmwarrant_config *config, const uint8_t *uuid,
		    uint32_t seconds, const struct cli_unlock *unlock)
{
	char program[512], text[37], unit[80], interval[16], registry[520], key_file[PATH_MAX];
	char *argv[16] = {
		SYSTEMD_RUN, "--quiet", "--collect", unit, "--",
		program, "volume", "guard", "--registry", registry, "--seconds", interval, text,
	};
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char **more = argv + 13;
	int ret;

	if (n < 0)
		return -errno;
	program[n] = 0;
	libdmwarrant_uuid_format(uuid, text);
	if (is_guarded(c, text))
		return 0;
	snprintf(unit, sizeof(unit), "--unit=dm-warrant-guard-%s", text);
	snprintf(registry, sizeof(registry), "%s", config->registry);
	snprintf(interval, sizeof(interval), "%u", seconds ? seconds : 10);
	if (unlock && unlock->key_file) {
		/* It has another working directory. */
		if (!realpath(unlock->key_file, key_file))
			return -errno;
		*more++ = "--key-file";
		*more++ = key_file;
	} else if (unlock && unlock->token) {
		*more++ = "--token";
	}
	ret = run_unit(argv);
	if (ret)
		ret = run_daemon(argv + 5);
	return ret ? ret : wait_for_guard(c, text);
}
