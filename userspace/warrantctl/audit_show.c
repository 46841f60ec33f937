// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <time.h>

#include "libdmwarrant-audit.h"
#include "unlock.h"

enum {
	OPTION_KIND = OPTION_OWN,
	OPTION_WARRANT,
	OPTION_SINCE,
	OPTION_UNTIL,
};

static const struct cli_option options[] = {
	{ "kind", "KIND", OPTION_KIND, "only of this kind; hold. stands for all that begin so" },
	{ "warrant", "WARRANT", OPTION_WARRANT, "only what names this warrant or its volumes" },
	{ "since", "TIME", OPTION_SINCE, "not older, 2026-03-01 or 2026-03-01T12:00:00Z" },
	{ "until", "TIME", OPTION_UNTIL, "older than this" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct show {
	struct cli		*c;
	struct json_object	*array;
};

/* What a body says, on one line whatever it is: Warrant "W-1", Reason "typing error". */
static void say_body(struct cli *c, struct json_object *body)
{
	const char *before = "  ";

	json_object_object_foreach(body, name, value) {
		cli_say(c, "%s%s %s", before, name,
			json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
		before = ", ";
	}
	cli_say(c, "\n");
}

static int one(void *arg, const struct libdmwarrant_audit_entry *e)
{
	struct json_object *o = json_tokener_parse(e->json), *body;
	struct show *s = arg;
	char when[32];

	body = json_object_object_get(o, "Body");
	cli_say(s->c, "%6" PRIu64 "  %s  %-18s %s@%s", e->seq, cli_time(e->when, when), e->kind,
		e->user, e->host);
	say_body(s->c, body);
	cli_set_hex(o, "LeafHash", e->hash, sizeof(e->hash));
	json_object_array_add(s->array, o);
	return 0;
}

/* A day, or a time of UTC. */
static int take_time(struct cli *c, int64_t *seconds)
{
	struct tm tm = { 0 };
	const char *end = strptime(c->arg, "%Y-%m-%d", &tm);

	if (end && *end == 'T')
		end = strptime(end, "T%H:%M:%SZ", &tm);
	if (!end || *end)
		return cli_usage(c, "%s is no time; write 2026-03-01 or 2026-03-01T12:00:00Z",
				 c->arg);
	*seconds = timegm(&tm);
	return 0;
}

static int parse(struct cli *c, struct libdmwarrant_audit_filter *f)
{
	int id, ret = 0;

	while (!ret && (id = cli_next_option(c))) {
		if (id == OPTION_KIND)
			f->kind = c->arg;
		else if (id == OPTION_WARRANT)
			f->warrant = c->arg;
		else
			ret = take_time(c, id == OPTION_SINCE ? &f->since : &f->until);
	}
	return ret ? ret : cli_arguments(c, 0);
}

static int run(struct cli *c)
{
	struct libdmwarrant_audit_filter f = { .version = LIBDMWARRANT_AUDIT_VERSION };
	struct show s = { c, json_object_new_array() };
	struct libdmwarrant_registry *reg;
	int ret;

	json_object_object_add(c->out, "entries", s.array);
	if (parse(c, &f))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_audit_show(reg, &f, one, &s);
	libdmwarrant_registry_close(reg);
	return ret;
}

const struct cli_command command_audit_show = {
	.noun = "audit",
	.verb = "show",
	.arguments = "",
	.summary = "show what was done, and what was refused",
	.text = "Verifies the whole log, then shows its entries, oldest first: place, time, what\n"
		"happened, who did it and where, and what the entry says.",
	.options = options,
	.reads = true,
	.run = run,
};
