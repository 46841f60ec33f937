// SPDX-License-Identifier: GPL-2.0-or-later
#include "warrant.h"

enum {
	OPTION_RECORDS = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "records", NULL, OPTION_RECORDS, "with --json: the whole record of each revision, too" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct history {
	struct cli		*c;
	struct json_object	*array;
	bool			records;
};

static void set_digest(struct json_object *o, const uint8_t digest[LIBDMWARRANT_DIGEST_SIZE])
{
	char text[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	int i;

	for (i = 0; i < LIBDMWARRANT_DIGEST_SIZE; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	cli_set_text(o, "digest", text);
}

static const char *plain(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_object_get(o, name);

	return v ? json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN |
						  JSON_C_TO_STRING_NOSLASHESCAPE) : "-";
}

static void say_changes(struct cli *c, struct json_object *changes)
{
	struct json_object *change;
	size_t i;

	for (i = 0; i < json_object_array_length(changes); i++) {
		change = json_object_array_get_idx(changes, i);
		cli_say(c, "     %s: ",
			json_object_get_string(json_object_object_get(change, "Path")));
		cli_say(c, "%s -> ", plain(change, "From"));
		cli_say(c, "%s\n", plain(change, "To"));
	}
}

static int one(void *arg, const struct libdmwarrant_revision *v)
{
	struct json_object *o = json_object_new_object(), *changes = text_json(v->changes);
	struct history *h = arg;
	char when[32];

	cli_set_u64(o, "revision", v->revision);
	cli_set_time(o, "when", v->when);
	cli_set_text(o, "action", v->action);
	cli_set_text(o, "user", v->user);
	cli_set_text(o, "host", v->host);
	cli_set_text(o, "reason", v->reason);
	cli_set_text(o, "source", v->source);
	json_object_object_add(o, "changes", changes);
	set_digest(o, v->digest);
	if (h->records)
		json_object_object_add(o, "warrant", text_json(v->json));
	json_object_array_add(h->array, o);

	cli_say(h->c, "%3u  %s  %-6s %s@%s%s%s%s%s\n", v->revision, cli_time(v->when, when),
		v->action, v->user, v->host, v->source[0] ? ", from " : "", v->source,
		v->reason[0] ? ": " : "", v->reason);
	say_changes(h->c, changes);
	return 0;
}

static int run(struct cli *c)
{
	struct history h = { .c = c, .array = json_object_new_array() };
	struct libdmwarrant_registry *reg;
	int ret;

	json_object_object_add(c->out, "revisions", h.array);
	while (cli_next_option(c))
		h.records = true;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_warrant_history(reg, c->argv[0], one, &h);
	libdmwarrant_registry_close(reg);
	return ret;
}

const struct cli_command command_warrant_history = {
	.noun = "warrant",
	.verb = "history",
	.arguments = "WARRANT",
	.summary = "show all that a warrant's record has ever been, and who changed it",
	.text = "WARRANT is its reference, COUNTRY/OWNER/REFERENCE, or its ObjectIdentifier. Each\n"
		"revision has a digest over itself and the one before; they are verified.",
	.options = options,
	.reads = true,
	.run = run,
};
