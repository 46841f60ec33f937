// SPDX-License-Identifier: GPL-2.0-or-later
/* Options: parsed, explained and complained about from one table per command. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define MAX_OPTIONS	32

/** cli_title() - a command as it is typed */
const char *cli_title(const struct cli_command *command, char text[40])
{
	snprintf(text, 40, "%s%s%s", command->noun, command->verb[0] ? " " : "", command->verb);
	return text;
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
	char title[40];
	va_list args;

	fprintf(stderr, "warrantctl: %s: ", cli_title(c->command, title));
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("; see --help\n", stderr);
	return CLI_USAGE;
}

void cli_help(const struct cli_command *command)
{
	const struct cli_option *o;
	char left[64], title[40];

	printf("usage: warrantctl %s [OPTION...]%s%s\n\n%s\n\n%s\n\nOptions:\n",
	       cli_title(command, title), command->arguments[0] ? " " : "", command->arguments,
	       command->summary, command->text);
	for (o = command->options; o->name; o++) {
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		printf("  %-25s %s\n", left, o->help);
	}
}

static void make_getopt(const struct cli_command *command, struct option *options)
{
	const struct cli_option *o;

	for (o = command->options; o->name; o++, options++) {
		options->name = o->name;
		options->has_arg = o->arg ? required_argument : no_argument;
		options->flag = NULL;
		options->val = o->id;
	}
	memset(options, 0, sizeof(*options));
}

/* Options that mean the same everywhere. Return: true = done. */
static bool common_option(struct cli *c, int id)
{
	uint64_t fd;

	switch (id) {
	case OPTION_HELP:
		cli_help(c->command);
		exit(fflush(stdout) ? LIBDMWARRANT_EXIT_DEVICE : 0);
	case OPTION_JSON:
		c->json = true;
		return true;
	case OPTION_DRY_RUN:
		c->dry_run = true;
		return true;
	case OPTION_PROGRESS_JSON:
		c->progress_json = true;
		return true;
	case OPTION_KEYSET:
		c->keyset_path = c->arg;
		return true;
	case OPTION_REGISTRY:
		c->registry = c->arg;
		return true;
	case OPTION_CONFIG:
		c->config = c->arg;
		return true;
	case OPTION_KEYSET_FD:
		if (cli_number(c, c->arg, 0, INT_MAX, &fd))
			exit(LIBDMWARRANT_EXIT_USAGE);
		c->keyset_fd = fd;
		return true;
	default:
		return false;
	}
}

/**
 * cli_next_option() - the next option of the command's own; c->arg is its argument
 *
 * Return: its id; 0 = no more, c->argv has what is left.
 */
int cli_next_option(struct cli *c)
{
	struct option options[MAX_OPTIONS + 1];
	int id;

	make_getopt(c->command, options);
	opterr = 0;
	do {
		id = getopt_long(c->argc, c->argv, ":", options, NULL);
		if (id == -1) {
			c->argc -= optind;
			c->argv += optind;
			c->parsed = true;
			return 0;
		}
		if (id == '?' || id == ':') {
			cli_usage(c, id == ':' ? "option %s needs an argument" :
				  "no such option: %s", c->argv[optind - 1]);
			exit(LIBDMWARRANT_EXIT_USAGE);
		}
		c->arg = optarg;
	} while (common_option(c, id));
	return id;
}

int cli_arguments(struct cli *c, int count)
{
	if (c->argc == count)
		return 0;
	return cli_usage(c, "expected %s, got %d arguments", count ? c->command->arguments :
			 "no arguments", c->argc);
}

int cli_number(struct cli *c, const char *text, uint64_t from, uint64_t to, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || *value < from || *value > to)
		return cli_usage(c, "%s is not a number from %" PRIu64 " to %" PRIu64, text, from,
				 to);
	return 0;
}

int cli_keyset(struct cli *c, struct libdmwarrant_keyset **keyset)
{
	if (!c->keyset_path == (c->keyset_fd < 0))
		return cli_usage(c, "name the keys with one of --keyset and --keyset-fd");
	if (c->keyset_path)
		return libdmwarrant_keyset_read(c->lib, c->keyset_path, keyset);
	return libdmwarrant_keyset_read_fd(c->lib, c->keyset_fd, keyset);
}
