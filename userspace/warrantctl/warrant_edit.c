// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "warrant.h"

enum {
	OPTION_REASON = FIELD_COUNT,
	OPTION_PATCH,
};

static const struct cli_option options[] = {
	{ "reason", "TEXT", OPTION_REASON, "for the history; mandatory" },
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
	{ "patch", "FILE", OPTION_PATCH,
	  "JSON merge patch (RFC 7396) of the record; - = standard input" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct edit - what is to be changed
 * @f:      by options
 * @path:   of a patch; NULL = none
 * @reason: why
 * @any:    an option was given
 */
struct edit {
	struct fields	f;
	const char	*path;
	const char	*reason;
	bool		any;
};

/* Before and after, so that a change that changes nothing is said to be one. */
struct revisions {
	uint32_t		revision;
	struct json_object	*changes;
};

static int newest(void *arg, const struct libdmwarrant_revision *v)
{
	struct revisions *r = arg;

	r->revision = v->revision;
	json_object_put(r->changes);
	r->changes = text_json(v->changes);
	return 0;
}

static void say_change(struct cli *c, struct json_object *change)
{
	struct json_object *from = json_object_object_get(change, "From");
	struct json_object *to = json_object_object_get(change, "To");
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

	cli_say(c, "  %s: ", json_object_get_string(json_object_object_get(change, "Path")));
	cli_say(c, "%s -> ", from ? json_object_to_json_string_ext(from, flags) : "-");
	cli_say(c, "%s\n", to ? json_object_to_json_string_ext(to, flags) : "-");
}

static int say(struct cli *c, struct libdmwarrant_registry *reg, const char *key,
	       uint32_t before)
{
	struct revisions r = { 0 };
	size_t i;
	int ret = libdmwarrant_warrant_history(reg, key, newest, &r);

	cli_set_bool(c->out, "changed", r.revision != before);
	cli_set_u64(c->out, "revision", r.revision);
	if (!ret && r.revision == before)
		cli_say(c, "%s: nothing to change, revision %u stays\n", key, before);
	if (!ret && r.revision != before) {
		cli_say(c, "%s: revision %u\n", key, r.revision);
		for (i = 0; i < json_object_array_length(r.changes); i++)
			say_change(c, json_object_array_get_idx(r.changes, i));
		json_object_object_add(c->out, "changes", json_object_get(r.changes));
	}
	json_object_put(r.changes);
	return ret;
}

static int apply(struct cli *c, const struct edit *e, const char *patch)
{
	struct libdmwarrant_change change = {
		.version = LIBDMWARRANT_CHANGE_VERSION, .reason = e->reason,
	};
	struct json_object *arrays = fields_arrays(&e->f);
	struct libdmwarrant_registry *reg;
	struct revisions before = { 0 };
	char *json = NULL;
	int ret = cli_registry(c, 0, &reg);

	if (ret) {
		json_object_put(arrays);
		return ret;
	}
	change.append = json_object_to_json_string(arrays);
	change.flags = c->dry_run ? LIBDMWARRANT_CHANGE_DRY_RUN : 0;
	ret = libdmwarrant_warrant_history(reg, c->argv[0], newest, &before);
	if (!ret)
		ret = libdmwarrant_warrant_edit(reg, c->argv[0], patch, &change, &json);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (!ret && c->dry_run)
		cli_say(c, "the record would then be:\n%s\n", json);
	if (!ret)
		json_object_object_add(c->out, "warrant", text_json(json));
	if (!ret && !c->dry_run)
		ret = say(c, reg, c->argv[0], before.revision);
	free(json);
	json_object_put(before.changes);
	json_object_put(arrays);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int apply_file(struct cli *c, const struct edit *e)
{
	char *patch;
	int ret = cli_read_text(c, e->path, &patch);

	if (ret)
		return ret;
	ret = apply(c, e, patch);
	free(patch);
	return ret;
}

static int parse(struct cli *c, struct edit *e)
{
	int id;

	while ((id = cli_next_option(c))) {
		if (fields_option(c, &e->f, id))
			e->any = true;
		else if (id == OPTION_REASON)
			e->reason = c->arg;
		else
			e->path = c->arg;
	}
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!e->path == !e->any)
		return cli_usage(c, "say what to change either by options or by --patch");
	return 0;
}

static int run(struct cli *c)
{
	struct edit e = { 0 };
	int ret;

	fields_init(&e.f);
	ret = parse(c, &e);
	if (!ret && e.path)
		ret = apply_file(c, &e);
	else if (!ret)
		ret = apply(c, &e, json_object_to_json_string(e.f.patch));
	fields_free(&e.f);
	return ret;
}

const struct cli_command command_warrant_edit = {
	.noun = "warrant",
	.verb = "edit",
	.arguments = "WARRANT",
	.summary = "change a warrant's record, keeping all that it was",
	.text = "WARRANT is its reference, COUNTRY/OWNER/REFERENCE, or its ObjectIdentifier.\n"
		"--liid adds a task; --order, --approver, --approver-role and --approved add an\n"
		"approval; the others replace what there is. To confirm an emergency:\n"
		"  warrantctl warrant edit W --status Approved --order 45/2026 --approver \"...\" \\\n"
		"    --approved 2026-03-02T10:00:00+01:00 --reason \"confirmed by the judge\"\n"
		"Nothing that volumes and keys are bound to can be changed.",
	.options = options,
	.run = run,
};
