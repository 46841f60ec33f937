// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct faults {
	struct cli		*c;
	struct json_object	*array;
};

static int one_fault(void *arg, const char *fault)
{
	struct faults *f = arg;

	cli_progress_end(f->c);
	json_object_array_add(f->array, json_object_new_string(fault));
	cli_say(f->c, "%s\n", fault);
	return 0;
}

static int run(struct cli *c)
{
	struct faults f = { .c = c, .array = json_object_new_array() };
	struct libdmwarrant_registry *reg;
	int ret;

	json_object_object_add(c->out, "faults", f.array);
	while (cli_next_option(c))
		;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_registry_check(reg, one_fault, &f);
	libdmwarrant_registry_close(reg);
	if (!ret)
		cli_say(c, "the registry is sound\n");
	return ret;
}

const struct cli_command command_registry_check = {
	.noun = "registry",
	.verb = "check",
	.arguments = "",
	.summary = "verify the registry: storage, histories, bindings, audit log",
	.text = "Verifies the database itself, that the revisions of each warrant are all there and as\n"
		"they were written, that each volume is bound to its warrant, and the audit log, which\n"
		"must know each of those revisions. Changes nothing. Whoever has the signing key, too, can\n"
		"make all of it anew: only checkpoints that were kept elsewhere, witnesses and time stamps\n"
		"show that, see audit verify.",
	.options = options,
	.reads = true,
	.run = run,
};
