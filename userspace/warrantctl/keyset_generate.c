// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

static const struct cli_option options[] = {
	{ "uuid", "UUID", OPTION_OWN, "of the volume that the keys are for; default: random" },
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int generate(struct cli *c, const uint8_t *uuid)
{
	struct libdmwarrant_keyset *k;
	uint8_t own[LIBDMWARRANT_UUID_SIZE];
	char text[37];
	int ret;

	ret = libdmwarrant_keyset_generate(c->lib, uuid, &k);
	if (ret)
		return ret;
	if (!c->dry_run)
		ret = libdmwarrant_keyset_write(c->lib, k, c->argv[0]);
	libdmwarrant_keyset_uuid(k, own);
	libdmwarrant_keyset_free(k);
	if (ret)
		return ret;
	cli_set_text(c->out, "file", c->argv[0]);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (!c->dry_run || uuid)
		cli_set_uuid(c->out, "uuid", own);
	libdmwarrant_uuid_format(own, text);
	if (c->dry_run)
		cli_say(c, "would write new keys to %s\n", c->argv[0]);
	else
		cli_say(c, "%s: new keys for volume %s\n", c->argv[0], text);
	return 0;
}

static int run(struct cli *c)
{
	uint8_t uuid[LIBDMWARRANT_UUID_SIZE];
	bool have_uuid = false;

	while (cli_next_option(c)) {
		if (libdmwarrant_uuid_parse(c->arg, uuid))
			return cli_usage(c, "%s is not a UUID", c->arg);
		have_uuid = true;
	}
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	return generate(c, have_uuid ? uuid : NULL);
}

const struct cli_command command_keyset_generate = {
	.noun = "keyset",
	.verb = "generate",
	.arguments = "FILE",
	.summary = "make random keys for a new volume",
	.text = "Writes a new file, mode 0600, with a metadata key and a key for the default tag, both\n"
		"of epoch 1. An existing file is never overwritten. Whoever has this file and the LUN\n"
		"has the evidence; without it the LUN holds nothing but noise, so keep a copy of it in\n"
		"a second place, never on the array.",
	.options = options,
	.run = run,
};
