// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <time.h>

#include "warrant.h"

enum {
	OPTION_STATE = OPTION_OWN,
	OPTION_STATUS,
	OPTION_TEXT,
	OPTION_LIID,
	OPTION_COUNTRY,
	OPTION_EXPIRED,
	OPTION_ENDS_WITHIN,
};

static const struct cli_option options[] = {
	{ "state", "STATE", OPTION_STATE,
	  "in force, emergency, not begun, expired, unconfirmed, ..." },
	{ "status", "STATUS", OPTION_STATUS, "AuthorisationStatus, as recorded" },
	{ "text", "TEXT", OPTION_TEXT,
	  "part of reference, owner, court, jurisdiction, remarks or LIID" },
	{ "liid", "LIID", OPTION_LIID, "of a task of the warrant" },
	{ "country", "CC", OPTION_COUNTRY, "CountryCode" },
	{ "expired", NULL, OPTION_EXPIRED, "only those whose time has ended" },
	{ "ends-within", "DAYS", OPTION_ENDS_WITHIN, "only those in force that end so soon" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct list - warrants being listed
 * @within: only those in force that end in so many seconds; 0 = all
 * @count:  listed
 */
struct list {
	struct cli		*c;
	struct json_object	*array;
	int64_t			now;
	int64_t			within;
	size_t			count;
};

static bool ends_too_late(const struct list *l, const struct libdmwarrant_warrant *w)
{
	if (!l->within)
		return false;
	return (w->state != LIBDMWARRANT_WARRANT_IN_FORCE &&
		w->state != LIBDMWARRANT_WARRANT_EMERGENCY) || !w->limit ||
	       w->limit - l->now > l->within;
}

static void say_limit(struct list *l, const struct libdmwarrant_warrant *w)
{
	char text[32], left[40] = "";

	text_pad(l->c, w->limit ? cli_time(w->limit, text) : "-", 20);
	if (w->limit > l->now && (w->state == LIBDMWARRANT_WARRANT_IN_FORCE ||
				  w->state == LIBDMWARRANT_WARRANT_EMERGENCY))
		text_span(w->limit - l->now, left);
	text_pad(l->c, left, 7);
}

static int one(void *arg, const struct libdmwarrant_warrant *w)
{
	struct list *l = arg;
	struct json_object *o;
	char volumes[16];

	if (ends_too_late(l, w))
		return 0;
	if (!l->count++)
		cli_say(l->c, "%-24s %-2s %-17s %-20s %-7s %-4s %s\n", "REFERENCE", "CC", "STATE",
			"WRITE UNTIL", "LEFT", "VOLS", "OBJECT IDENTIFIER");
	text_pad(l->c, w->reference, 24);
	text_pad(l->c, w->country, 2);
	text_pad(l->c, libdmwarrant_warrant_state_name(w->state), 17);
	say_limit(l, w);
	snprintf(volumes, sizeof(volumes), "%u", w->volumes);
	text_pad(l->c, volumes, 4);
	cli_say(l->c, "%s\n", w->uuid);
	o = json_object_new_object();
	warrant_json(o, w);
	json_object_array_add(l->array, o);
	return 0;
}

static int list(struct cli *c, const struct libdmwarrant_filter *filter, struct list *l)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);

	if (ret)
		return ret;
	ret = libdmwarrant_warrant_list(reg, filter, one, l);
	libdmwarrant_registry_close(reg);
	if (!ret && !l->count)
		cli_say(c, "no such warrant\n");
	return ret;
}

static uint32_t find_state(const char *text)
{
	uint32_t state = 1;

	while (strcmp(libdmwarrant_warrant_state_name(state), text)) {
		if (!strcmp(libdmwarrant_warrant_state_name(state), "unknown"))
			return 0;
		state++;
	}
	return state;
}

static int option(struct cli *c, int id, struct libdmwarrant_filter *f, struct list *l)
{
	uint64_t days;

	switch (id) {
	case OPTION_STATE:
		f->state = find_state(c->arg);
		return f->state ? 0 : cli_usage(c, "there is no state %s", c->arg);
	case OPTION_STATUS:
		f->status = c->arg;
		return 0;
	case OPTION_TEXT:
		f->text = c->arg;
		return 0;
	case OPTION_LIID:
		f->liid = c->arg;
		return 0;
	case OPTION_COUNTRY:
		f->country = c->arg;
		return 0;
	case OPTION_EXPIRED:
		f->state = LIBDMWARRANT_WARRANT_EXPIRED;
		return 0;
	default:
		if (cli_number(c, c->arg, 1, 36500, &days))
			return CLI_USAGE;
		l->within = days * 86400;
		return 0;
	}
}

static int run(struct cli *c)
{
	struct libdmwarrant_filter f = { .version = LIBDMWARRANT_FILTER_VERSION };
	struct list l = { .c = c, .array = json_object_new_array(), .now = time(NULL) };
	int id, ret;

	f.now = l.now;
	json_object_object_add(c->out, "warrants", l.array);
	while ((id = cli_next_option(c))) {
		ret = option(c, id, &f, &l);
		if (ret)
			return ret;
	}
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	return list(c, &f, &l);
}

const struct cli_command command_warrant_list = {
	.noun = "warrant",
	.verb = "list",
	.arguments = "",
	.summary = "list warrants, or those that match",
	.text = "WRITE UNTIL is when a warrant ends, or when an emergency's 72 hours do. What has been\n"
		"gathered stays readable after that.",
	.options = options,
	.reads = true,
	.run = run,
};
