// SPDX-License-Identifier: GPL-2.0-or-later
#include "unlock.h"

static const struct cli_option options[] = {
	CLI_KEY_FILE,
	CLI_PASSPHRASE_FD,
	CLI_TOKEN,
	CLI_KEYSTORE,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct check - one run
 * @c:        run
 * @problems: array
 * @warrants: number of warrants looked at
 */
struct check {
	struct cli		*c;
	struct json_object	*problems;
	uint32_t		warrants;
};

static void complain(struct check *k, const uint8_t *warrant, const char *text)
{
	struct json_object *o = json_object_new_object();
	char uuid[37];

	libdmwarrant_uuid_format(warrant, uuid);
	cli_set_text(o, "warrant", uuid);
	cli_set_text(o, "text", text);
	json_object_array_add(k->problems, o);
	cli_say(k->c, "%s: %s\n", uuid, text);
}

static int look(void *arg, const struct libdmwarrant_keystore_warrant *w)
{
	struct check *k = arg;

	k->warrants++;
	if (w->problem[0])
		complain(k, w->uuid, w->problem);
	return 0;
}

static int check(struct check *k, struct libdmwarrant_keystore *ks, const struct cli_unlock *u)
{
	struct cli *c = k->c;
	uint8_t warrant[LIBDMWARRANT_UUID_SIZE];
	int ret = 0;

	if (!c->argc)
		return libdmwarrant_keystore_check(ks, NULL, look, k);
	if (cli_uuid(c, "warrant", c->argv[0], warrant))
		return CLI_USAGE;
	if (cli_unlock_given(u))
		ret = cli_keystore_unlock(c, ks, warrant, u);
	return ret ? ret : libdmwarrant_keystore_check(ks, warrant, look, k);
}

static int run(struct cli *c)
{
	struct check k = { .c = c, .problems = json_object_new_array() };
	struct cli_unlock u = CLI_UNLOCK_NONE;
	struct libdmwarrant_keystore *ks;
	const char *uri = NULL;
	int id, ret;

	json_object_object_add(c->out, "problems", k.problems);
	while ((id = cli_next_option(c)))
		if (!cli_unlock_option(c, id, &u))
			uri = c->arg;
	if (c->argc > 1 || (!c->argc && cli_unlock_given(&u)))
		return cli_usage(c, "one warrant can be unlocked and checked, or all without unlocking");
	ret = cli_keystore(c, uri, LIBDMWARRANT_KEYSTORE_READ_ONLY, &ks);
	if (ret)
		return ret;
	ret = check(&k, ks, &u);
	cli_set_u64(c->out, "warrants", k.warrants);
	if (!ret)
		cli_say(c, "%u warrants, sound%s\n", k.warrants,
			cli_unlock_given(&u) ? "" : " as far as can be seen without unlocking");
	libdmwarrant_keystore_close(ks);
	return ret;
}

const struct cli_command command_keystore_check = {
	.noun = "keystore",
	.verb = "check",
	.arguments = "[WARRANT]",
	.summary = "look for damage, older copies and what was left unfinished",
	.text = "Without WARRANT all are looked at, as far as that goes without unlocking. With WARRANT\n"
		"and an option that unlocks, all of its keys are authenticated. Changes nothing.",
	.options = options,
	.reads = true,
	.run = run,
};
