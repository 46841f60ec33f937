// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "by_warrant.h"
#include "tag.h"

enum {
	OPTION_METADATA = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "metadata", "FILE", OPTION_METADATA, "JSON about the case; - = standard input" },
	{ "keyset", "FILE", OPTION_KEYSET,
	  "file with the volume's keys; the new tag's is added to it" },
	CLI_UNLOCK,
	CLI_KEYSTORE,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* Where the volume's keys are, when --keyset does not say it. */
struct store {
	const char		*uri;
	struct cli_unlock	unlock;
};

/* All that needs no key comes first: nobody should be asked for a passphrase in vain. */
static int create(struct cli *c, struct libdmwarrant_tag *t, const struct store *store)
{
	struct cli_keysource k;
	int ret = libdmwarrant_tag_create_check(c->lib, c->argv[0], t);

	if (ret || c->dry_run)
		return ret;
	ret = cli_keysource(c, c->argv[0], store->uri, &store->unlock, &k);
	if (ret)
		return ret;
	ret = libdmwarrant_tag_create(c->lib, c->argv[0], &k.source, t);
	cli_keysource_end(&k);
	return ret;
}

static int one_option(struct cli *c, struct libdmwarrant_tag *t, struct store *store, int id)
{
	if (cli_unlock_option(c, id, &store->unlock))
		return 0;
	if (id == OPTION_METADATA)
		return cli_tag_metadata(c, c->arg, t->metadata);
	store->uri = c->arg;
	return 0;
}

static int run(struct cli *c)
{
	struct libdmwarrant_tag t = { .version = LIBDMWARRANT_TAG_VERSION };
	struct store store = { .unlock = CLI_UNLOCK_NONE };
	int id, ret = 0;

	while (!ret && (id = cli_next_option(c)))
		ret = one_option(c, &t, &store, id);
	if (ret)
		return ret;
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	if (strlen(c->argv[1]) > LIBDMWARRANT_TAG_NAME_MAX)
		return cli_usage(c, "the name has %zu bytes, at most %d are possible",
				 strlen(c->argv[1]), LIBDMWARRANT_TAG_NAME_MAX);
	memcpy(t.name, c->argv[1], strlen(c->argv[1]) + 1);
	ret = create(c, &t, &store);
	if (ret)
		return ret;
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "volume", c->argv[0]);
	if (c->dry_run) {
		cli_set_text(c->out, "name", t.name);
		cli_say(c, "would make a tag %s on %s\n", t.name, c->argv[0]);
	} else {
		cli_tag_set(c->out, &t);
		cli_say(c, "%s: tag %u, %s\n", c->argv[0], t.tag, t.name);
	}
	return 0;
}

const struct cli_command command_tag_create = {
	.noun = "tag",
	.verb = "create",
	.arguments = "VOLUME NAME",
	.summary = "make a tag for a case, with a key of its own",
	.text = "Name and metadata are sealed on the LUN; the key is stored before the tag exists: in the\n"
		"file of --keyset, or else in the key store of the volume's warrant. Arguments\n"
		"can be seen by all users of this host, so keep names neutral and say what the case is in\n"
		"the metadata: LIID, CIN, SequenceRange, DeliveryType, Privileged, Copy ...\n\n"
		"Examples: warrantctl tag create --metadata call.json case7 call-12\n"
		"          warrantctl tag create --keyset case7.keys --metadata call.json case7 call-12",
	.options = options,
	.run = run,
};
