// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

static const struct cli_option options[] = {
	CLI_KEYSET_FD,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void show_key(struct cli *c, struct json_object *keys, uint32_t tag, uint32_t epoch)
{
	struct json_object *o = json_object_new_object();

	if (tag == LIBDMWARRANT_TAG_METADATA) {
		cli_set_text(o, "use", "metadata");
		cli_say(c, "%10s  epoch %u\n", "metadata", epoch);
	} else if (!epoch) {
		cli_set_text(o, "use", "shredded");
		cli_set_u64(o, "tag", tag);
		cli_say(c, "tag %6u  shredded\n", tag);
	} else {
		cli_set_text(o, "use", "data");
		cli_set_u64(o, "tag", tag);
		cli_say(c, "tag %6u  epoch %u%s\n", tag, epoch, tag ? "" : "  (default tag)");
	}
	cli_set_u64(o, "epoch", epoch);
	json_object_array_add(keys, o);
}

static int run(struct cli *c)
{
	struct json_object *keys = json_object_new_array();
	uint8_t uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_keyset *k;
	uint32_t i, tag, epoch;
	char text[37];
	int ret;

	json_object_object_add(c->out, "keys", keys);
	while (cli_next_option(c))
		;
	if (c->keyset_fd < 0) {
		if (cli_arguments(c, 1))
			return CLI_USAGE;
		c->keyset_path = c->argv[0];
	} else if (cli_arguments(c, 0)) {
		return CLI_USAGE;
	}
	ret = cli_keyset(c, &k);
	if (ret)
		return ret;
	libdmwarrant_keyset_uuid(k, uuid);
	libdmwarrant_uuid_format(uuid, text);
	cli_set_text(c->out, "uuid", text);
	cli_say(c, "volume %s\n", text);
	for (i = 0; !libdmwarrant_keyset_entry(k, i, &tag, &epoch); i++)
		show_key(c, keys, tag, epoch);
	libdmwarrant_keyset_free(k);
	return 0;
}

const struct cli_command command_keyset_show = {
	.noun = "keyset",
	.verb = "show",
	.arguments = "FILE",
	.summary = "show which keys a keyset has, never the keys",
	.text = "Prints the UUID of the volume that the keys are for, and tag and epoch of each key,\n"
		"and which tags it says were shredded.\n"
		"With --keyset-fd there is no FILE.",
	.options = options,
	.reads = true,
	.run = run,
};
