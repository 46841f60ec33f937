// SPDX-License-Identifier: GPL-2.0-or-later
/* The officer's screen: what is due and not ordered yet, longest first. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "retention.h"
#include "warrant.h"

enum {
	OPTION_WITHIN = OPTION_OWN,
	OPTION_ALL,
};

static const struct cli_option options[] = {
	{ "within", "DAYS", OPTION_WITHIN, "also what will be due in so many days: 30d" },
	{ "all", NULL, OPTION_ALL, "everything, whether or not there is something to do" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct due - the list being made
 * @c:     command
 * @array: for --json
 * @now:   Unix seconds
 * @until: what is due until then belongs to it
 * @all:   everything does
 * @count: listed
 */
struct due {
	struct cli		*c;
	struct json_object	*array;
	int64_t			now;
	int64_t			until;
	bool			all;
	size_t			count;
};

#define TO_DO	(LIBDMWARRANT_RETENTION_IS_DUE | LIBDMWARRANT_RETENTION_OVERRUN | \
		 LIBDMWARRANT_RETENTION_REVIEW_DUE | LIBDMWARRANT_RETENTION_NO_PROFILE)
#define OF_ITS_OWN	(LIBDMWARRANT_RETENTION_IS_HELD | LIBDMWARRANT_RETENTION_IS_REQUESTED | \
			 LIBDMWARRANT_RETENTION_IS_RESTRICTED)

static bool is_wanted(const struct due *d, const struct libdmwarrant_retention *s)
{
	if (d->all)
		return true;
	if (s->state == LIBDMWARRANT_RETENTION_SHREDDED)
		return false;
	/* A part has the dates of its warrant, which is on the list already. */
	if (*s->volume && !(s->flags & OF_ITS_OWN))
		return false;
	return s->flags & TO_DO || s->due <= d->until || s->review <= d->until ||
	       s->ceiling <= d->until;
}

/* What an officer would do next, and since when it waits. */
static void remark(const struct due *d, const struct libdmwarrant_retention *s, char *text,
		   size_t size)
{
	char days[32];

	if (s->flags & LIBDMWARRANT_RETENTION_NO_PROFILE)
		snprintf(text, size, "no profile: set one");
	else if (s->flags & LIBDMWARRANT_RETENTION_IS_HELD)
		snprintf(text, size, "held for %s", s->holds);
	else if (s->flags & LIBDMWARRANT_RETENTION_IS_REQUESTED)
		snprintf(text, size, "%s: see shred list", s->flags & LIBDMWARRANT_RETENTION_IS_APPROVED ?
			 "approved, waiting" : "requested");
	else if (s->flags & LIBDMWARRANT_RETENTION_IS_DUE)
		snprintf(text, size, "no order yet, due %s: %s", retention_days(s->due, d->now, days),
			 s->due_from);
	else if (s->flags & LIBDMWARRANT_RETENTION_REVIEW_DUE)
		snprintf(text, size, "review overdue %s: %s",
			 retention_days(s->review, d->now, days), s->review_from);
	else if (s->flags & LIBDMWARRANT_RETENTION_OVERRUN)
		snprintf(text, size, "kept longer than %s allows", s->ceiling_from);
	else if (s->due <= d->until)
		snprintf(text, size, "due %s: %s", retention_days(s->due, d->now, days),
			 s->due_from);
	else if (s->review <= d->until)
		snprintf(text, size, "review %s: %s", retention_days(s->review, d->now, days),
			 s->review_from);
	else
		snprintf(text, size, "%s", s->profile);
}

static void say(struct due *d, const struct libdmwarrant_retention *s)
{
	char due[16], ceiling[16], review[16], target[80], why[200];

	if (!d->count)
		cli_say(d->c, "%-24s %-10s %-10s  %-11s %-10s  %s\n", "WARRANT", "STATE", "DUE",
			"CEILING", "REVIEW", "WHAT TO DO");
	text_pad(d->c, s->reference, 24);
	remark(d, s, why, sizeof(why));
	cli_say(d->c, "%-10s %-10s%c %-10s%c %-10s%c %s\n",
		libdmwarrant_retention_state_name(s->state), retention_date(s->due, due), ' ',
		retention_date(s->ceiling, ceiling),
		s->flags & LIBDMWARRANT_RETENTION_OVERRUN ? '!' : ' ',
		retention_date(s->review, review),
		s->flags & LIBDMWARRANT_RETENTION_REVIEW_DUE ? '!' : ' ', why);
	if (*s->volume)
		cli_say(d->c, "  %s\n", retention_target(s->volume, s->tag, target));
}

static int take(void *arg, const struct libdmwarrant_retention *s)
{
	struct json_object *o;
	struct due *d = arg;

	if (!is_wanted(d, s))
		return 0;
	o = json_object_new_object();
	retention_json(o, s);
	json_object_array_add(d->array, o);
	say(d, s);
	d->count++;
	return 0;
}

static int list(struct cli *c, struct due *d)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);

	if (ret)
		return ret;
	d->array = json_object_new_array();
	json_object_object_add(c->out, "entries", d->array);
	ret = libdmwarrant_retention_list(reg, NULL, d->now, take, d);
	if (!ret && !d->count)
		cli_say(c, "nothing is due\n");
	libdmwarrant_registry_close(reg);
	return ret;
}

static int take_days(struct cli *c, uint64_t *days)
{
	char text[24];
	size_t n = strlen(c->arg);

	if (!n || n >= sizeof(text))
		return cli_usage(c, "%s is no number of days", c->arg);
	snprintf(text, sizeof(text), "%s", c->arg);
	if (text[n - 1] == 'd')
		text[n - 1] = 0;
	return cli_number(c, text, 0, 36500, days);
}

static int run(struct cli *c)
{
	struct due d = { .c = c, .now = time(NULL) };
	uint64_t days = 0;
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_ALL)
			d.all = true;
		else if (take_days(c, &days))
			return CLI_USAGE;
	}
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	d.until = d.now + days * 86400;
	return list(c, &d);
}

const struct cli_command command_retention_due = {
	.noun = "retention",
	.verb = "due",
	.arguments = "",
	.summary = "what is due, or needs a review",
	.text = "What is due longest comes first. An exclamation mark: a ceiling has passed, or a review is\n"
		"overdue. Nothing is destroyed by becoming due: that needs an order, see warrantctl shred.",
	.options = options,
	.run = run,
};
