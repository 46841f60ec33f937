// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daily report: what is due goes to the system log, to a file of metrics and to a program of the
 * user's. It looks, and never destroys.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "retention.h"

enum {
	OPTION_TEXTFILE = OPTION_OWN,
	OPTION_HOOK,
	OPTION_WITHIN,
};

static const struct cli_option options[] = {
	{ "textfile", "FILE", OPTION_TEXTFILE, "write metrics for Prometheus: DIR/dm-warrant.prom" },
	{ "mail-hook", "PROGRAM", OPTION_HOOK,
	  "run it when there is something to do, with the report on its standard input" },
	{ "within", "DAYS", OPTION_WITHIN, "also what will be due in so many days; default: 30" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct report - a report being made
 * @f:      its text
 * @array:  the same for --json
 * @until:  what will be due until then belongs to it
 * @count:  things to do
 * @figures: of all warrants
 */
struct report {
	FILE			*f;
	struct json_object	*array;
	int64_t			until;
	size_t			count;
	struct figures		figures;
};

/* ---- what is in it ---- */

static void describe(const struct report *p, const struct libdmwarrant_retention *s, char *text,
		     size_t size)
{
	char date[16];

	if (s->flags & LIBDMWARRANT_RETENTION_NO_PROFILE)
		snprintf(text, size, "has no retention profile");
	else if (s->flags & LIBDMWARRANT_RETENTION_IS_HELD)
		snprintf(text, size, "due %s, held for %s", retention_date(s->due, date), s->holds);
	else if (s->flags & LIBDMWARRANT_RETENTION_IS_DUE)
		snprintf(text, size, "due since %s (%s)%s%s", retention_date(s->due, date),
			 s->due_from, s->flags & LIBDMWARRANT_RETENTION_IS_REQUESTED ?
			 ", requested" : ", no request yet",
			 s->flags & LIBDMWARRANT_RETENTION_OVERRUN ? ", ceiling passed" : "");
	else if (s->flags & LIBDMWARRANT_RETENTION_OVERRUN)
		snprintf(text, size, "ceiling passed on %s (%s)",
			 retention_date(s->ceiling, date), s->ceiling_from);
	else if (s->flags & LIBDMWARRANT_RETENTION_REVIEW_DUE)
		snprintf(text, size, "review overdue since %s (%s)",
			 retention_date(s->review, date), s->review_from);
	else if (s->due <= p->until)
		snprintf(text, size, "due on %s (%s)", retention_date(s->due, date), s->due_from);
	else
		snprintf(text, size, "review on %s (%s)", retention_date(s->review, date),
			 s->review_from);
}

static bool is_wanted(const struct report *p, const struct libdmwarrant_retention *s)
{
	if (*s->volume || s->state == LIBDMWARRANT_RETENTION_SHREDDED)
		return false;
	return s->due <= p->until || s->review <= p->until ||
	       s->flags & (LIBDMWARRANT_RETENTION_OVERRUN | LIBDMWARRANT_RETENTION_NO_PROFILE);
}

static int take(void *arg, const struct libdmwarrant_retention *s)
{
	struct report *p = arg;
	struct json_object *o;
	char text[300];

	figures_add(&p->figures, s);
	if (!is_wanted(p, s))
		return 0;
	describe(p, s, text, sizeof(text));
	fprintf(p->f, "%s: %s\n", s->reference, text);
	syslog(s->flags & LIBDMWARRANT_RETENTION_OVERRUN ? LOG_WARNING : LOG_NOTICE,
	       "retention: %s: %s", s->reference, text);
	o = json_object_new_object();
	retention_json(o, s);
	cli_set_text(o, "text", text);
	json_object_array_add(p->array, o);
	p->count++;
	return 0;
}

/* ---- the hook ---- */

/* All of it, or until the program has closed its end. */
static void feed(int fd, const char *text)
{
	size_t size = strlen(text);
	ssize_t n;

	while (size) {
		n = write(fd, text, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text += n;
		size -= n;
	}
	close(fd);
}

/* No shell, no arguments: what is in a reference cannot become a command. */
static pid_t start(const char *program, int in[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGPIPE, SIG_DFL);
	/* What it prints is no part of the report, which may be JSON. */
	if (dup2(in[0], STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		execl(program, program, (char *)NULL);
	_exit(127);
}

static int run_hook(struct cli *c, const char *program, const char *text)
{
	int in[2], status = 0;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC))
		return cli_usage(c, "cannot run %s: %s", program, strerror(errno));
	pid = start(program, in);
	close(in[0]);
	signal(SIGPIPE, SIG_IGN);
	if (pid < 0)
		close(in[1]);
	else
		feed(in[1], text);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return cli_usage(c, "cannot run %s: %s", program, strerror(errno));
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return cli_usage(c, "the hook %s has failed (%s %d)", program,
			 WIFEXITED(status) ? "status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* ---- all of it ---- */

static int look(struct cli *c, struct report *p)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, 0, &reg);

	if (ret)
		return ret;
	ret = libdmwarrant_retention_clock(reg, 1);
	p->figures.clock_ok = !ret;
	if (ret == -ETIME) {
		fprintf(p->f, "%s\n", libdmwarrant_error(c->lib));
		syslog(LOG_ERR, "retention: %s", libdmwarrant_error(c->lib));
		p->count++;
		ret = 0;
	}
	if (!ret)
		ret = libdmwarrant_retention_list(reg, NULL, p->figures.now, take, p);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int report(struct cli *c, uint64_t days, const char *textfile, const char *hook)
{
	struct report p = { .figures = { .now = time(NULL), .oldest = LIBDMWARRANT_NEVER } };
	char *text = NULL;
	size_t size;
	int ret;

	p.f = open_memstream(&text, &size);
	if (!p.f)
		return -ENOMEM;
	p.array = json_object_new_array();
	json_object_object_add(c->out, "entries", p.array);
	p.until = p.figures.now + days * 86400;
	openlog("dm-warrant", LOG_PID, LOG_AUTHPRIV);
	ret = look(c, &p);
	fclose(p.f);
	cli_set_bool(c->out, "clock_ok", p.figures.clock_ok);
	if (!ret)
		cli_say(c, "%s", p.count ? text : "nothing is due\n");
	/* One that fails does not keep the other from being told. */
	if (!ret && textfile)
		ret = figures_write(c, &p.figures, textfile);
	if (ret >= 0 && hook && p.count)
		ret = run_hook(c, hook, text) ?: ret;
	free(text);
	return ret;
}

static int run(struct cli *c)
{
	const char *textfile = NULL, *hook = NULL;
	uint64_t days = 30;
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_TEXTFILE)
			textfile = c->arg;
		else if (id == OPTION_HOOK)
			hook = c->arg;
		else if (cli_number(c, c->arg, 0, 36500, &days))
			return CLI_USAGE;
	}
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	if (hook && hook[0] != '/')
		return cli_usage(c, "--mail-hook must be a path from the root on");
	return report(c, days, textfile, hook);
}

const struct cli_command command_retention_report = {
	.noun = "retention",
	.verb = "report",
	.arguments = "",
	.summary = "tell the system log, Prometheus and a program what is due",
	.text = "Meant for dm-warrant-retention.timer, once a day. It also writes into the audit log what the\n"
		"clock shows, so that a clock that was set is noticed. It never destroys anything.",
	.options = options,
	.run = run,
};
