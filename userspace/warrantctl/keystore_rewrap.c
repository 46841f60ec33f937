// SPDX-License-Identifier: GPL-2.0-or-later
#include "unlock.h"

enum {
	OPTION_ADD = OPTION_OWN,
	OPTION_REMOVE,
};

static const struct cli_option options[] = {
	{ "add", NULL, OPTION_ADD, "add the new secret, keep the old one" },
	{ "remove", "NUMBER", OPTION_REMOVE, "remove a way to unlock, by its number" },
	CLI_KEY_FILE,
	CLI_PASSPHRASE_FD,
	CLI_TOKEN,
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

/**
 * struct rewrap - what the command line says
 * @what:   to do
 * @slot:   to remove
 * @old:    what unlocks
 * @secret: what shall
 */
struct rewrap {
	enum libdmwarrant_rewrap	what;
	uint64_t			slot;
	struct cli_unlock		old;
	struct cli_unlock		secret;
};

static int change(struct cli *c, const struct rewrap *r, struct libdmwarrant_keystore *ks,
		  const uint8_t *warrant)
{
	struct libdmwarrant_unlock secret;
	int ret;

	if (r->what == LIBDMWARRANT_REWRAP_REMOVE)
		return libdmwarrant_keystore_rewrap(ks, warrant, r->what, NULL, r->slot);
	ret = cli_unlock(c, &r->secret, "New passphrase: ", true, &secret);
	if (ret)
		return ret;
	ret = libdmwarrant_keystore_rewrap(ks, warrant, r->what, &secret, 0);
	cli_unlock_end(&r->secret, &secret);
	return ret;
}

static int rewrap(struct cli *c, const struct rewrap *r, struct libdmwarrant_keystore *ks,
		  const uint8_t *warrant)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	int ret = cli_keystore_unlock(c, ks, warrant, &r->old);

	if (!ret && !c->dry_run)
		ret = change(c, r, ks, warrant);
	if (!ret)
		ret = libdmwarrant_keystore_warrant(ks, warrant, &w);
	if (ret)
		return ret;
	cli_set_u64(c->out, "wrap_generation", w.wrap_generation);
	cli_set_u64(c->out, "key_generation", w.generation);
	if (c->dry_run)
		cli_say(c, "unlocked; nothing was changed\n");
	else
		cli_say(c, "the secrets have generation %" PRIu64 "; the keys are the same: if they may have leaked, rotate the volumes\n",
			w.wrap_generation);
	return 0;
}

static int parse(struct cli *c, struct rewrap *r, const char **uri)
{
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_ADD || id == OPTION_REMOVE) {
			if (r->what != LIBDMWARRANT_REWRAP_CHANGE)
				return cli_usage(c, "--add and --remove exclude each other");
			r->what = id == OPTION_ADD ? LIBDMWARRANT_REWRAP_ADD :
						     LIBDMWARRANT_REWRAP_REMOVE;
			if (c->arg && cli_number(c, c->arg, 0, 31, &r->slot))
				return CLI_USAGE;
		} else if (id == OPTION_KEYSTORE) {
			*uri = c->arg;
		} else if (!cli_unlock_option(c, id, &r->old)) {
			cli_new_secret_option(c, id, &r->secret);
		}
	}
	if (r->what == LIBDMWARRANT_REWRAP_REMOVE && cli_unlock_given(&r->secret))
		return cli_usage(c, "--remove needs no new secret");
	return cli_arguments(c, 1);
}

static int run(struct cli *c)
{
	struct rewrap r = { .what = LIBDMWARRANT_REWRAP_CHANGE, .old = CLI_UNLOCK_NONE,
			    .secret = CLI_UNLOCK_NONE };
	struct libdmwarrant_keystore *ks;
	uint8_t warrant[LIBDMWARRANT_UUID_SIZE];
	const char *uri = NULL;
	int ret;

	if (parse(c, &r, &uri) || cli_uuid(c, "warrant", c->argv[0], warrant))
		return CLI_USAGE;
	cli_set_uuid(c->out, "warrant", warrant);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	ret = cli_keystore(c, uri, c->dry_run ? LIBDMWARRANT_KEYSTORE_READ_ONLY : 0, &ks);
	if (ret)
		return ret;
	ret = rewrap(c, &r, ks, warrant);
	libdmwarrant_keystore_close(ks);
	return ret;
}

const struct cli_command command_keystore_rewrap = {
	.noun = "keystore",
	.verb = "rewrap",
	.arguments = "WARRANT",
	.summary = "change the secrets that unlock a warrant's keys, not the keys",
	.text = "Without --add and --remove the new secret takes the place of the one that has\n"
		"unlocked. Whoever knew the old secret and has a copy of the store can still unlock\n"
		"that copy: if keys may have leaked, rotate the volumes (key rotate). Tokens are enrolled by\n"
		"systemd-cryptenroll and clevis luks bind on the file header of the warrant.",
	.options = options,
	.run = run,
};
