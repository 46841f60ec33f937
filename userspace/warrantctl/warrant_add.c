// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "warrant.h"

enum {
	OPTION_JSON_FILE = FIELD_COUNT,
};

static const struct cli_option options[] = {
	SET_REFERENCE,
	SET_COUNTRY,
	SET_OWNER,
	SET_COPY,
	SET_STATUS,
	SET_START,
	SET_END,
	SET_LEGAL_TYPE,
	SET_PRIORITY,
	SET_CASE_TYPE,
	SET_JURISDICTION,
	SET_LEGAL_ENTITY,
	SET_REMARKS,
	SET_LIID,
	SET_ORDER,
	SET_APPROVER,
	SET_APPROVER_ROLE,
	SET_APPROVED,
	{ "json-file", "FILE", OPTION_JSON_FILE,
	  "the whole record, in ETSI's names; - = standard input" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int say(void *arg, const struct libdmwarrant_warrant *w)
{
	struct cli *c = arg;
	char until[32];

	warrant_json(c->out, w);
	cli_say(c, "%s: recorded as %s, %s", w->reference, w->uuid,
		libdmwarrant_warrant_state_name(w->state));
	if (w->limit)
		cli_say(c, ", ends %s", cli_time(w->limit, until));
	cli_say(c, "\n");
	return 0;
}

static int added(struct cli *c, struct libdmwarrant_registry *reg, const char *json)
{
	struct json_object *o = text_json(json);
	const char *uuid;
	int ret;

	uuid = json_object_get_string(json_object_object_get(o, "ObjectIdentifier"));
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (c->dry_run) {
		cli_say(c, "would record this warrant:\n%s\n",
			json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_object_add(c->out, "warrant", o);
		return 0;
	}
	ret = libdmwarrant_warrant_find(reg, uuid, say, c);
	json_object_object_add(c->out, "warrant", o);
	return ret;
}

static int add(struct cli *c, const char *json)
{
	struct libdmwarrant_change change = { .version = LIBDMWARRANT_CHANGE_VERSION };
	struct libdmwarrant_registry *reg;
	char *record;
	int ret;

	if (c->dry_run)
		change.flags = LIBDMWARRANT_CHANGE_DRY_RUN;
	ret = cli_registry(c, 0, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_warrant_add(reg, json, &change, &record);
	if (!ret) {
		ret = added(c, reg, record);
		free(record);
	}
	libdmwarrant_registry_close(reg);
	return ret;
}

static int add_fields(struct cli *c, const struct fields *f)
{
	struct json_object *arrays = fields_arrays(f);

	json_object_object_foreach(arrays, name, value)
		json_object_object_add(f->patch, name, json_object_get(value));
	json_object_put(arrays);
	return add(c, json_object_to_json_string_ext(f->patch, JSON_C_TO_STRING_PLAIN));
}

static int add_file(struct cli *c, const char *path)
{
	char *json;
	int ret = cli_read_text(c, path, &json);

	if (ret)
		return ret;
	ret = add(c, json);
	free(json);
	return ret;
}

static int parse(struct cli *c, struct fields *f, const char **path)
{
	bool any = false;
	int id;

	while ((id = cli_next_option(c))) {
		if (fields_option(c, f, id))
			any = true;
		else
			*path = c->arg;
	}
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	if (!*path == !any)
		return cli_usage(c, "describe the warrant either by options or by --json-file");
	return 0;
}

static int run(struct cli *c)
{
	const char *path = NULL;
	struct fields f;
	int ret;

	fields_init(&f);
	ret = parse(c, &f, &path);
	if (!ret)
		ret = path ? add_file(c, path) : add_fields(c, &f);
	fields_free(&f);
	return ret;
}

const struct cli_command command_warrant_add = {
	.noun = "warrant",
	.verb = "add",
	.arguments = "",
	.summary = "record a warrant",
	.text = "Names and formats are those of ETSI TS 103 120; times have an offset or Z. A warrant\n"
		"without --status awaits approval, and no volume of it can be made or opened.\n"
		"An EmergencyApproval counts for 72 hours from its start: then nothing more can be\n"
		"written until a judge's confirmation is entered (LECrim 588 ter d.3).\n\n"
		"Reference, country, owner and kind of copy never change: keys and volumes are bound\n"
		"to them. All else can be edited, and every former state is kept.",
	.options = options,
	.run = run,
};
