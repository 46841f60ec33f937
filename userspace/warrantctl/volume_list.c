// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

enum {
	OPTION_ALL = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "all-devices", NULL, OPTION_ALL, "also list block devices that carry a volume" },
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

static int run(struct cli *c)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	bool all = false;
	int ret;

	json_object_object_add(c->out, "volumes", l.array);
	while (cli_next_option(c))
		all = true;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = libdmwarrant_list(c->lib, one_open, &l);
	if (ret)
		return ret;
	if (!l.any)
		cli_say(c, "no volume is open\n");
	if (!all)
		return 0;
	cli_say(c, "\n");
	l.any = false;
	l.array = json_object_new_array();
	json_object_object_add(c->out, "devices", l.array);
	ret = libdmwarrant_scan(c->lib, one_device, &l);
	if (!ret && !l.any)
		cli_say(c, "no block device carries a volume\n");
	return ret;
}

const struct cli_command command_volume_list = {
	.noun = "volume",
	.verb = "list",
	.arguments = "",
	.summary = "list open volumes, and LUNs that carry one",
	.text = "Without options, the device-mapper devices with the target warrant. What --all-devices\n"
		"adds is read from the LUNs in the clear, and as trustworthy as they are.",
	.options = options,
	.run = run,
};
