// SPDX-License-Identifier: GPL-2.0-or-later
#include "unlock.h"

static const struct cli_option options[] = {
	CLI_KEYSTORE,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run(struct cli *c)
{
	struct libdmwarrant_config config;
	struct libdmwarrant_keystore *ks;
	const char *uri = NULL;
	int ret;

	while (cli_next_option(c))
		uri = c->arg;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = cli_config(c, &config);
	if (!ret)
		ret = libdmwarrant_keystore_init(c->lib, uri ? uri : config.keystore, NULL);
	if (!ret)
		ret = cli_keystore(c, uri, 0, &ks);
	if (ret)
		return ret;
	cli_say(c, "%s is ready\n", libdmwarrant_keystore_uri(ks));
	libdmwarrant_keystore_close(ks);
	return 0;
}

const struct cli_command command_keystore_init = {
	.noun = "keystore",
	.verb = "init",
	.arguments = "",
	.summary = "make an empty key store",
	.text = "Makes the directory, mode 0700, and what an empty store consists of. A store that is\n"
		"there already stays as it is. It must not be on the array.",
	.options = options,
	.run = run,
};
