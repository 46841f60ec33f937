// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "cli.h"
#include "libdmwarrant-audit.h"

enum {
	OPTION_TLOG = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "tlog-proof", NULL, OPTION_TLOG, "print it as C2SP tlog-proof, without the entry" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run(struct cli *c)
{
	struct libdmwarrant_registry *reg;
	char *json, *proof;
	bool tlog = false;
	uint64_t seq;
	int ret;

	while (cli_next_option(c))
		tlog = true;
	if (cli_arguments(c, 1) || cli_number(c, c->argv[0], 0, INT64_MAX, &seq))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_audit_prove(reg, seq, &json, &proof);
	libdmwarrant_registry_close(reg);
	if (ret)
		return ret;
	json_object_object_add(c->out, "proof", json_tokener_parse(json));
	cli_set_text(c->out, "tlog_proof", proof);
	if (tlog)
		cli_say(c, "%s", proof);
	else
		cli_say(c, "%s\n", json);
	free(json);
	free(proof);
	return 0;
}

const struct cli_command command_audit_prove = {
	.noun = "audit",
	.verb = "prove",
	.arguments = "SEQ",
	.summary = "prove that an entry is in the log",
	.text = "Prints the entry, the hashes that lead from it to the root, and the newest signed\n"
		"checkpoint: audit verify --proof needs nothing else but the log's key, and no other\n"
		"entry is shown. SEQ is the place that audit show prints.",
	.options = options,
	.reads = true,
	.run = run,
};
