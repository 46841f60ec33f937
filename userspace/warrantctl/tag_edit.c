// SPDX-License-Identifier: GPL-2.0-or-later
#include "tag.h"

enum {
	OPTION_NAME = OPTION_OWN,
	OPTION_METADATA,
};

static const struct cli_option options[] = {
	{ "name", "NAME", OPTION_NAME, "new name" },
	{ "metadata", "FILE", OPTION_METADATA, "new JSON about the case; - = standard input" },
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int report(struct cli *c, uint32_t number)
{
	struct libdmwarrant_tag t = { .version = LIBDMWARRANT_TAG_VERSION };
	int ret = libdmwarrant_tag_show(c->lib, c->argv[0], number, &t);

	if (ret)
		return ret;
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "volume", c->argv[0]);
	cli_tag_set(c->out, &t);
	cli_say(c, "%s%s: tag %u, %s\n", c->dry_run ? "would change " : "", c->argv[0], t.tag,
		t.name);
	return 0;
}

static int run(struct cli *c)
{
	struct libdmwarrant_tag t = { .version = LIBDMWARRANT_TAG_VERSION };
	char text[sizeof(t.metadata)];
	const char *name = NULL, *metadata = NULL;
	int id, ret;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_NAME) {
			name = c->arg;
			continue;
		}
		if (cli_tag_metadata(c, c->arg, text, sizeof(text)))
			return CLI_USAGE;
		metadata = text;
	}
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	if (!name && !metadata)
		return cli_usage(c, "say what to change: --name, --metadata");
	ret = libdmwarrant_tag_find(c->lib, c->argv[0], c->argv[1], &t);
	if (!ret && c->dry_run)
		ret = libdmwarrant_tag_edit_check(c->lib, c->argv[0], t.tag, name, metadata);
	else if (!ret)
		ret = libdmwarrant_tag_edit(c->lib, c->argv[0], t.tag, name, metadata);
	return ret ? ret : report(c, t.tag);
}

const struct cli_command command_tag_edit = {
	.noun = "tag",
	.verb = "edit",
	.arguments = "VOLUME TAG",
	.summary = "change a tag's name or metadata",
	.text = "TAG is a number, a name, or the beginning of just one name. What is not given stays. Only\n"
		"open tags can be edited: what is said about evidence is final once that is frozen.",
	.options = options,
	.run = run,
};
