// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <unistd.h>

#include "by_warrant.h"

enum {
	OPTION_SECONDS = OPTION_OWN,
	OPTION_BACKGROUND,
};

static const struct cli_option options[] = {
	{ "seconds", "N", OPTION_SECONDS, "anchor a checkpoint after at most N s; default: 10" },
	{ "background", NULL, OPTION_BACKGROUND, "start it and return, as volume open does" },
	CLI_KEY_FILE,
	CLI_TOKEN,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void report(void *arg, int err, const char *text)
{
	syslog(err ? LOG_WARNING : LOG_NOTICE, "volume %s: %s", (const char *)arg, text);
}

/* Return: a descriptor that becomes readable when we are asked to stop. */
static int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int foreground(struct cli *c, const struct libdmwarrant_config *config, uint32_t seconds,
		      const struct cli_unlock *options)
{
	struct libdmwarrant_unlock unlock = { .fd = -1 };
	struct libdmwarrant_guard_params p = {
		.version = LIBDMWARRANT_GUARD_VERSION,
		.seconds = seconds,
		.stop_fd = stop_signals(),
		.report = report,
		.arg = c->argv[0],
	};
	int ret;

	if (cli_unlock_given(options)) {
		ret = cli_unlock(c, options, "", false, &unlock);
		if (ret)
			return ret;
		p.unlock = &unlock;
	}
	openlog("warrantctl", LOG_PID | (isatty(STDERR_FILENO) ? LOG_PERROR : 0), LOG_DAEMON);
	ret = libdmwarrant_volume_guard(c->lib, config, c->argv[0], &p);
	if (ret && ret != -EALREADY)
		syslog(LOG_ERR, "volume %s has no guard: %s", c->argv[0],
		       libdmwarrant_error(c->lib));
	close(p.stop_fd);
	return ret;
}

static int background(struct cli *c, const struct libdmwarrant_config *config, uint32_t seconds,
		      const struct cli_unlock *options)
{
	struct libdmwarrant_volume_state s = { .version = LIBDMWARRANT_STATE_VERSION };
	int ret = libdmwarrant_volume_state(c->lib, config, c->argv[0], &s);

	if (ret)
		return ret;
	if (!(s.flags & LIBDMWARRANT_STATE_OPEN))
		return cli_usage(c, "%s is not open on this host", c->argv[0]);
	if (!(s.flags & LIBDMWARRANT_STATE_REGISTERED))
		return cli_usage(c, "%s is not in the registry: nothing to guard", c->argv[0]);
	ret = cli_guard_start(c, config, s.record.uuid, seconds, options);
	if (ret)
		return cli_usage(c, "the guard did not start (%s); see the system's log",
				 strerror(-ret));
	libdmwarrant_volume_state(c->lib, config, c->argv[0], &s);
	cli_set_u64(c->out, "guard", s.guard);
	cli_say(c, "%s: guarded by process %lld\n", s.record.name, (long long)s.guard);
	return 0;
}

static int run(struct cli *c)
{
	struct cli_unlock unlock = CLI_UNLOCK_NONE;
	struct libdmwarrant_config config;
	bool detach = false;
	uint64_t seconds = 0;
	int id, ret;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_BACKGROUND)
			detach = true;
		else if (!cli_unlock_option(c, id, &unlock) &&
			 cli_number(c, c->arg, 1, 3600, &seconds))
			return CLI_USAGE;
	}
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_place(c, NULL, &config);
	if (ret)
		return ret;
	return detach ? background(c, &config, seconds, &unlock) :
			foreground(c, &config, seconds, &unlock);
}

const struct cli_command command_volume_guard = {
	.noun = "volume",
	.verb = "guard",
	.arguments = "NAME|UUID",
	.summary = "keep the registry's anchor of an open volume new",
	.text = "What the kernel commits is soon in the registry, so that even after a crash of this host\n"
		"the array cannot roll back more than some seconds unnoticed. volume open starts it; it\n"
		"ends when the volume is closed, or with SIGTERM. It needs no keys. While the registry\n"
		"does not answer, the newest anchor is kept in a file of this host. A volume has one\n"
		"guard; volume status shows whether it is at work.",
	.options = options,
	.reads = true,
	.run = run,
};
