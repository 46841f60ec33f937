// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "unlock.h"

static const struct cli_option options[] = {
	CLI_NEW_KEY_FILE,
	CLI_NEW_RANDOM_KEY_FILE,
	CLI_NEW_PASSPHRASE_FD,
	CLI_PBKDF_MS,
	CLI_PBKDF_MEMORY,
	CLI_KEYSTORE,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* A dry run asks for no secret: it would be the last time that it was needed. */
static int rehearse(struct cli *c, struct libdmwarrant_keystore *ks, const uint8_t *warrant)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	int ret = libdmwarrant_keystore_warrant(ks, warrant, &w);

	if (ret == -ENOENT) {
		cli_say(c, "would be added to %s\n", libdmwarrant_keystore_uri(ks));
		return 0;
	}
	if (ret)
		return ret;
	return cli_usage(c, "%s has that warrant already%s", libdmwarrant_keystore_uri(ks),
			 w.state == LIBDMWARRANT_KEYSTORE_DESTROYED ?
			 ", and its keys were destroyed" : "");
}

static int add(struct cli *c, struct libdmwarrant_keystore *ks, const uint8_t *warrant,
	       const struct cli_unlock *u)
{
	struct libdmwarrant_unlock unlock;
	int ret;

	if (c->dry_run)
		return rehearse(c, ks, warrant);
	ret = cli_unlock(c, u, "New passphrase: ", true, &unlock);
	if (ret)
		return ret;
	ret = libdmwarrant_keystore_create_warrant(ks, warrant, &unlock);
	cli_unlock_end(u, &unlock);
	if (!ret)
		cli_say(c, "added to %s; enrol a second way to unlock it, for the day that this one is lost\n",
			libdmwarrant_keystore_uri(ks));
	return ret;
}

static int run(struct cli *c)
{
	struct cli_unlock u = CLI_UNLOCK_NONE;
	struct libdmwarrant_keystore *ks;
	uint8_t warrant[LIBDMWARRANT_UUID_SIZE];
	const char *uri = NULL;
	int id, ret;

	while ((id = cli_next_option(c)))
		if (!cli_new_secret_option(c, id, &u))
			uri = c->arg;
	if (cli_arguments(c, 1) || cli_uuid(c, "warrant", c->argv[0], warrant))
		return CLI_USAGE;
	ret = cli_keystore(c, uri, c->dry_run ? LIBDMWARRANT_KEYSTORE_READ_ONLY : 0, &ks);
	if (ret)
		return ret;
	cli_set_uuid(c->out, "warrant", warrant);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	ret = add(c, ks, warrant, &u);
	libdmwarrant_keystore_close(ks);
	return ret;
}

const struct cli_command command_keystore_add = {
	.noun = "keystore",
	.verb = "add",
	.arguments = "WARRANT",
	.summary = "make room for the keys of a warrant",
	.text = "WARRANT is the record's ObjectIdentifier. The new secret, asked for on the terminal\n"
		"unless an option names it, unlocks the keys from then on; keystore rewrap adds others,\n"
		"and so do systemd-cryptenroll and clevis luks bind on the file header in the warrant's\n"
		"directory of the store.",
	.options = options,
	.run = run,
};
