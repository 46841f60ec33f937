// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"
#include "libdmwarrant-audit.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run(struct cli *c)
{
	struct libdmwarrant_registry *reg;
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_registry(c, 0, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_audit_export(reg, c->argv[0]);
	libdmwarrant_registry_close(reg);
	cli_set_text(c->out, "directory", c->argv[0]);
	if (!ret)
		cli_say(c, "%s: verify it elsewhere with warrantctl audit verify --bundle\n",
			c->argv[0]);
	return ret;
}

const struct cli_command command_audit_export = {
	.noun = "audit",
	.verb = "export",
	.arguments = "DIR",
	.summary = "write the log to a directory, to be verified elsewhere",
	.text = "DIR must not exist; it appears whole or not at all. In it are all entries, the signed\n"
		"checkpoints that were ever given out with their cosignatures and time stamps, and the\n"
		"log's public key. Keep it where whoever administers this host cannot write: a log that\n"
		"was cut off later does not go on from it.",
	.options = options,
	.run = run,
};
