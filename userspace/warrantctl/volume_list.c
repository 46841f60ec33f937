// SPDX-License-Identifier: GPL-2.0-or-later
#include "by_warrant.h"

enum {
	OPTION_ALL = OPTION_OWN,
	OPTION_WARRANT,
};

static const struct cli_option options[] = {
	{ "all-devices", NULL, OPTION_ALL, "also list block devices that carry a volume" },
	{ "warrant", "W", OPTION_WARRANT, "only volumes of this warrant" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct list {
	struct cli		*c;
	struct json_object	*array;
	bool			any;
};

static int one_open(void *arg, const struct libdmwarrant_status *s)
{
	struct json_object *o = json_object_new_object();
	struct list *l = arg;
	char uuid[37], size[16];

	libdmwarrant_uuid_format(s->uuid, uuid);
	cli_set_text(o, "name", s->name);
	cli_set_text(o, "mode", s->mode);
	cli_set_text(o, "uuid", uuid);
	cli_set_text(o, "device", s->device);
	cli_set_u64(o, "volume_bytes", s->volume_bytes);
	cli_set_u64(o, "open_count", s->open_count);
	cli_set_u64(o, "checkpoint", s->anchor.checkpoint);
	cli_set_u64(o, "mismatches", s->mismatches);
	json_object_array_add(l->array, o);

	if (!l->any)
		cli_say(l->c, "%-20s %-6s %-10s %-36s %s\n", "NAME", "MODE", "SIZE", "UUID",
			"DEVICE");
	l->any = true;
	cli_say(l->c, "%-20s %-6s %-10s %-36s %s\n", s->name, s->mode,
		cli_size(s->volume_bytes, size), uuid, s->device);
	return 0;
}

static int one_device(void *arg, const char *path, const struct libdmwarrant_volume *v)
{
	struct json_object *o = json_object_new_object();
	struct list *l = arg;
	char uuid[37], size[16], created[32];

	libdmwarrant_uuid_format(v->uuid, uuid);
	cli_set_text(o, "device", path);
	cli_set_text(o, "uuid", uuid);
	cli_set_u64(o, "lun_bytes", v->lun_bytes);
	cli_set_u64(o, "volume_bytes", v->volume_bytes);
	cli_set_u64(o, "checkpoint", v->anchor.checkpoint);
	cli_set_u64(o, "epoch", v->epoch);
	cli_set_time(o, "created", v->created);
	json_object_array_add(l->array, o);

	if (!l->any)
		cli_say(l->c, "%-24s %-10s %-36s %s\n", "DEVICE", "SIZE", "UUID", "CREATED");
	l->any = true;
	cli_say(l->c, "%-24s %-10s %-36s %s\n", path, cli_size(v->volume_bytes, size), uuid,
		cli_time(v->created, created));
	return 0;
}

static const char *state_name(const struct libdmwarrant_volume_state *s)
{
	if (s->record.flags & LIBDMWARRANT_RECORD_CREATING)
		return "unfinished";
	if (s->flags & LIBDMWARRANT_STATE_OPEN)
		return s->guard ? "open" : "unguarded";
	if (!(s->flags & LIBDMWARRANT_STATE_MARKED))
		return "closed";
	return s->opened.flags & (LIBDMWARRANT_OPENED_HERE | LIBDMWARRANT_OPENED_REBOOTED) ?
	       "crashed" : "elsewhere";
}

static int one_registered(void *arg, const struct libdmwarrant_volume_state *s)
{
	struct json_object *o;
	struct list *l = arg;

	if (!(s->flags & LIBDMWARRANT_STATE_REGISTERED))
		return 0;
	o = json_object_new_object();
	cli_set_text(o, "name", s->record.name);
	cli_set_text(o, "state", state_name(s));
	cli_set_uuid(o, "uuid", s->record.uuid);
	cli_set_text(o, "warrant", s->record.warrant);
	cli_set_text(o, "reference", s->reference);
	cli_set_text(o, "device", s->record.device);
	cli_set_text(o, "wwid", s->record.wwid);
	cli_set_u64(o, "checkpoint", s->anchor.checkpoint);
	if (s->flags & LIBDMWARRANT_STATE_MARKED)
		cli_set_text(o, "opened_host", s->opened.host);
	json_object_array_add(l->array, o);

	if (!l->any)
		cli_say(l->c, "\n%-20s %-11s %-24s %-20s %s\n", "REGISTERED", "STATE", "WARRANT",
			"HOST", "LUN");
	l->any = true;
	cli_say(l->c, "%-20s %-11s %-24s %-20s %s\n", s->record.name, state_name(s), s->reference,
		s->flags & LIBDMWARRANT_STATE_MARKED ? s->opened.host : "-",
		s->record.wwid[0] ? s->record.wwid : s->record.device);
	return 0;
}

static int list_registered(struct cli *c, const char *warrant)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	struct libdmwarrant_config config;
	int ret;

	json_object_object_add(c->out, "registered", l.array);
	ret = cli_place(c, NULL, &config);
	return ret ? ret : libdmwarrant_volume_states(c->lib, &config, warrant, one_registered, &l);
}

static int list_open(struct cli *c)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	int ret;

	json_object_object_add(c->out, "volumes", l.array);
	ret = libdmwarrant_list(c->lib, one_open, &l);
	if (!ret && !l.any)
		cli_say(c, "no volume is open\n");
	return ret;
}

static int list_devices(struct cli *c)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	int ret;

	cli_say(c, "\n");
	json_object_object_add(c->out, "devices", l.array);
	ret = libdmwarrant_scan(c->lib, one_device, &l);
	if (!ret && !l.any)
		cli_say(c, "no block device carries a volume\n");
	return ret;
}

static int run(struct cli *c)
{
	const char *warrant = NULL;
	bool all = false;
	int id, ret = 0;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_ALL)
			all = true;
		else
			warrant = c->arg;
	}
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	if (!warrant)
		ret = list_open(c);
	if (!ret)
		ret = list_registered(c, warrant);
	return ret || !all ? ret : list_devices(c);
}

const struct cli_command command_volume_list = {
	.noun = "volume",
	.verb = "list",
	.arguments = "",
	.summary = "list volumes: open, in the registry, and LUNs that carry one",
	.text = "First the device-mapper devices with the target warrant; then the volumes of the registry,\n"
		"which are open here (unguarded: without a guard), elsewhere, closed, crashed (open here\n"
		"before, and not closed), or unfinished (volume create was interrupted). What --all-devices\n"
		"adds is read from the LUNs in the clear, and as trustworthy as they are.",
	.options = options,
	.reads = true,
	.run = run,
};
