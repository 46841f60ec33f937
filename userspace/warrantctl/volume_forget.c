// SPDX-License-Identifier: GPL-2.0-or-later
#include "by_warrant.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run(struct cli *c)
{
	struct libdmwarrant_record record = { .version = LIBDMWARRANT_RECORD_VERSION };
	struct libdmwarrant_config config;
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_place(c, NULL, &config);
	if (!ret)
		ret = libdmwarrant_volume_forget(c->lib, &config, c->argv[0],
						 c->dry_run ? LIBDMWARRANT_FORGET_DRY_RUN : 0,
						 &record);
	if (ret)
		return ret;
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "name", record.name);
	cli_set_uuid(c->out, "uuid", record.uuid);
	cli_set_text(c->out, "device", record.device);
	cli_say(c, "%s%s: forgotten; its LUN was %s\n", c->dry_run ? "would be " : "", record.name,
		record.device);
	return 0;
}

const struct cli_command command_volume_forget = {
	.noun = "volume",
	.verb = "forget",
	.arguments = "NAME|UUID",
	.summary = "give up a volume whose making was interrupted",
	.text = "Takes it out of the registry, so that its name and its LUN are free again. Keys that were\n"
		"stored for it stay in the key store; nothing is sealed under them. A volume that was\n"
		"made completely is never forgotten.",
	.options = options,
	.run = run,
};
