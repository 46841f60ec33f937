// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"
#include "libdmwarrant-audit.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run(struct cli *c)
{
	struct libdmwarrant_audit_key key = { .version = LIBDMWARRANT_AUDIT_VERSION };
	struct libdmwarrant_registry *reg;
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_audit_key(reg, &key);
	libdmwarrant_registry_close(reg);
	if (ret)
		return ret;
	cli_set_text(c->out, "verifier", key.verifier);
	cli_set_text(c->out, "ssh", key.ssh);
	cli_set_text(c->out, "pem", key.pem);
	cli_set_bool(c->out, "present", key.present);
	cli_say(c, "%s\n%s\n%s", key.verifier, key.ssh, key.pem);
	if (!key.present)
		cli_say(c, "the private key is not at hand: nothing can be entered into the log\n");
	return 0;
}

const struct cli_command command_audit_key = {
	.noun = "audit",
	.verb = "key",
	.arguments = "",
	.summary = "print the public key that the log is signed with",
	.text = "As a C2SP verifier key, which audit verify and witnesses take, as OpenSSH has keys, and\n"
		"as openssl does. Whoever shall be able to verify must get it before there is a doubt,\n"
		"and not from this host alone. The private key is in a file beside the registry, whose\n"
		"name ends with .key; back it up apart from the registry.",
	.options = options,
	.reads = true,
	.run = run,
};
