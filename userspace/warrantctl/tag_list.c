// SPDX-License-Identifier: GPL-2.0-or-later
#include "tag.h"

enum {
	OPTION_MATCH = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "match", "TEXT", OPTION_MATCH, "only tags with this in name or metadata; or LIID=abc" },
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct listing {
	struct cli		*c;
	struct json_object	*tags;
};

static int one(void *arg, const struct libdmwarrant_tag *t)
{
	struct listing *l = arg;
	struct json_object *o = json_object_new_object();
	char created[32];

	cli_tag_set(o, t);
	if (!json_object_array_length(l->tags))
		cli_say(l->c, "%-8s %-11s %-21s %s\n", "TAG", "STATE", "CREATED", "NAME");
	json_object_array_add(l->tags, o);
	cli_say(l->c, "%-8u %-11s %-21s %s\n", t->tag, libdmwarrant_tag_state_name(t->state),
		cli_time(t->created, created), t->name);
	return 0;
}

static int run(struct cli *c)
{
	struct listing l = { .c = c, .tags = json_object_new_array() };
	const char *match = NULL;

	json_object_object_add(c->out, "tags", l.tags);
	while (cli_next_option(c))
		match = c->arg;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	cli_set_text(c->out, "volume", c->argv[0]);
	return libdmwarrant_tag_list(c->lib, c->argv[0], match, one, &l);
}

const struct cli_command command_tag_list = {
	.noun = "tag",
	.verb = "list",
	.arguments = "VOLUME",
	.summary = "list the tags of an open volume",
	.text = "With --match only those whose name has TEXT in it, or whose metadata fits it: MEMBER=TEXT\n"
		"compares one member (LIID=abc, Privileged=true), anything else is searched for everywhere.",
	.options = options,
	.reads = true,
	.run = run,
};
