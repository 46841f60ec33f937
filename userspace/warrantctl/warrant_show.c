// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "warrant.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct show {
	struct cli			*c;
	struct libdmwarrant_registry	*reg;
};

static void line(struct cli *c, const char *name, const char *value)
{
	if (value && value[0])
		cli_say(c, "%-16s%s\n", name, value);
}

static const char *member(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_object_get(o, name);

	return v ? json_object_get_string(v) : "";
}

static void say_tasks(struct cli *c, struct json_object *o)
{
	struct json_object *tasks = json_object_object_get(o, "Tasks"), *task;
	const char *status;
	size_t i;

	for (i = 0; tasks && i < json_object_array_length(tasks); i++) {
		task = json_object_array_get_idx(tasks, i);
		status = member(json_object_object_get(task, "Status"), "Value");
		cli_say(c, "%-16s%s%s%s\n", "LIID", member(task, "Reference"),
			status[0] ? ", " : "", status);
	}
}

static void say_record(struct cli *c, const struct libdmwarrant_warrant *w)
{
	struct json_object *o = text_json(w->json);
	char text[64];

	line(c, "reference", w->reference);
	line(c, "country", w->country);
	line(c, "owner", w->owner);
	line(c, "identifier", w->uuid);
	line(c, "copy", w->copy);
	line(c, "legal type", w->legal_type);
	line(c, "type of case", w->type_of_case);
	line(c, "jurisdiction", member(o, "AuthorisationJurisdiction"));
	line(c, "legal entity", member(o, "AuthorisationLegalEntity"));
	line(c, "remarks", member(o, "AuthorisationManualInformation"));
	line(c, "status", w->status);
	say_tasks(c, o);
	snprintf(text, sizeof(text), "%u", w->revision);
	line(c, "revision", text);
	json_object_put(o);
}

static int one_volume(void *arg, const struct libdmwarrant_record *v)
{
	struct json_object *o = json_object_new_object(), *array;
	struct show *s = arg;
	char uuid[37];

	libdmwarrant_uuid_format(v->uuid, uuid);
	cli_set_text(o, "name", v->name);
	cli_set_text(o, "uuid", uuid);
	cli_set_text(o, "wwid", v->wwid);
	cli_set_text(o, "device", v->device);
	cli_set_bool(o, "creating", v->flags & LIBDMWARRANT_RECORD_CREATING);
	array = json_object_object_get(s->c->out, "volumes");
	json_object_array_add(array, o);
	cli_say(s->c, "%-16s%s  %s%s\n", "volume", v->name, uuid,
		v->flags & LIBDMWARRANT_RECORD_CREATING ? ", not completely made" : "");
	return 0;
}

static int show(void *arg, const struct libdmwarrant_warrant *w)
{
	struct json_object *events = json_object_new_array();
	struct show *s = arg;
	struct life life;
	int ret;

	warrant_json(s->c->out, w);
	json_object_object_add(s->c->out, "warrant", text_json(w->json));
	json_object_object_add(s->c->out, "volumes", json_object_new_array());
	json_object_object_add(s->c->out, "events", events);
	say_record(s->c, w);
	ret = libdmwarrant_registry_volume_list(s->reg, w->uuid, one_volume, s);
	if (ret)
		return ret;
	ret = life_read(s->reg, w, &life);
	if (!ret) {
		life_draw(s->c, &life);
		life_json(events, &life);
	}
	life_free(&life);
	return ret;
}

static int run(struct cli *c)
{
	struct show s = { .c = c };
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &s.reg);
	if (ret)
		return ret;
	ret = libdmwarrant_warrant_find(s.reg, c->argv[0], show, &s);
	libdmwarrant_registry_close(s.reg);
	return ret;
}

const struct cli_command command_warrant_show = {
	.noun = "warrant",
	.verb = "show",
	.arguments = "WARRANT",
	.summary = "show a warrant, its volumes and its life",
	.text = "WARRANT is its reference, COUNTRY/OWNER/REFERENCE, or its ObjectIdentifier. The line\n"
		"of time shows when it is in force, approvals, renewals, what was shredded, and where now is.",
	.options = options,
	.reads = true,
	.run = run,
};
