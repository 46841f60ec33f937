// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tag.h"

enum {
	OPTION_AHEAD = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "ahead-mib", "N", OPTION_AHEAD, "space to prepare ahead of a growing file, 1 to 1024" },
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static const char *const event_names[] = {
	[LIBDMWARRANT_WATCH_READY] = "ready",
	[LIBDMWARRANT_WATCH_PREPARED] = "prepared",
	[LIBDMWARRANT_WATCH_EXTENDED] = "extended",
	[LIBDMWARRANT_WATCH_ASSIGNED] = "assigned",
	[LIBDMWARRANT_WATCH_CLOSED] = "closed",
	[LIBDMWARRANT_WATCH_LOST] = "lost",
	[LIBDMWARRANT_WATCH_FAILED] = "failed",
};

/* One object to a line, as they come: the watch has no end. */
static void print_json(const struct libdmwarrant_watch_report *r, const char *path)
{
	struct json_object *o = json_object_new_object();
	char *text = r->text ? cli_printable(r->text) : NULL;

	cli_set_text(o, "schema", "dm-warrant/tag-watch-event");
	cli_set_u64(o, "version", 1);
	cli_set_text(o, "event", event_names[r->event]);
	if (path)
		cli_set_text(o, "path", path);
	cli_set_u64(o, "tag", r->tag);
	cli_set_u64(o, "moved_sectors", r->moved);
	if (text)
		cli_set_text(o, "text", text);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	free(text);
	json_object_put(o);
}

static void print_text(const struct libdmwarrant_watch_report *r, const char *path)
{
	FILE *f = r->event >= LIBDMWARRANT_WATCH_LOST ? stderr : stdout;
	char size[16];

	fprintf(f, "%s", event_names[r->event]);
	if (path)
		fprintf(f, " %s", path);
	if (r->tag)
		fprintf(f, " (tag %u)", r->tag);
	if (r->moved)
		fprintf(f, ", %s sealed anew",
			cli_size(r->moved * LIBDMWARRANT_SECTOR_SIZE, size));
	if (r->text)
		fprintf(f, ": %s", r->text);
	fputc('\n', f);
}

static int report(void *arg, const struct libdmwarrant_watch_report *r)
{
	const struct cli *c = arg;
	char *path = r->path ? cli_printable(r->path) : NULL;

	if (c->json)
		print_json(r, path);
	else
		print_text(r, path);
	fflush(stdout);
	free(path);
	return 0;
}

static int run(struct cli *c)
{
	struct libdmwarrant_watch_params p = {
		.version = LIBDMWARRANT_WATCH_VERSION, .report = report, .arg = c,
	};
	sigset_t ends;
	uint64_t n;
	int ret;

	while (cli_next_option(c)) {
		if (cli_number(c, c->arg, 1, 1024, &n))
			return CLI_USAGE;
		p.ahead_mib = n;
	}
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	p.path = c->argv[1];
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	p.stop_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (p.stop_fd < 0)
		return cli_usage(c, "cannot wait for signals: %d", errno);
	ret = libdmwarrant_tag_watch(c->lib, c->argv[0], &p);
	close(p.stop_fd);
	return ret;
}

const struct cli_command command_tag_watch = {
	.noun = "tag",
	.verb = "watch",
	.arguments = "VOLUME MOUNTPOINT",
	.summary = "tag all that is written below tagged directories, while it is written",
	.text = "tag assign --file gives a directory a tag; the nearest one upwards counts. A new file there\n"
		"is held at its open() for the moment that its tag and some space of it take, so that it is\n"
		"never sealed under another key; what was written without the watch, or moved there, is\n"
		"sealed anew, also at the start. Programs that write need not know. Runs until SIGTERM;\n"
		"see dm-warrant-tag-watch@.service. With --json one object to a line for each event.",
	.options = options,
	.run = run,
};
