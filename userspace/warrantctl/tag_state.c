// SPDX-License-Identifier: GPL-2.0-or-later
/* tag freeze and tag restrict. */
#include "tag.h"

enum {
	OPTION_UNMOUNTED = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "unmounted", NULL, OPTION_UNMOUNTED,
	  "no file system on the volume, mounted or not, uses the tag's sectors" },
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void report(struct cli *c, const struct libdmwarrant_tag *t, const char *state,
		   const struct libdmwarrant_tag_state_result *r)
{
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "volume", c->argv[0]);
	cli_set_u64(c->out, "tag", t->tag);
	cli_set_text(c->out, "name", t->name);
	cli_set_text(c->out, "state", state);
	cli_set_u64(c->out, "files", r->files);
	cli_set_u64(c->out, "immutable_files", r->immutable);
	cli_set_u64(c->out, "mounts", r->mounts);
	cli_say(c, "%s: tag %u, %s, %s %s; %" PRIu64 " files", c->argv[0], t->tag, t->name,
		c->dry_run ? "would be" : "is", state, r->files);
	if (r->files && !c->dry_run)
		cli_say(c, ", %" PRIu64 " of them immutable", r->immutable);
	cli_say(c, "\n");
}

static int change(struct cli *c, enum libdmwarrant_tag_state state)
{
	struct libdmwarrant_tag_state_result r = { .version = LIBDMWARRANT_TAG_STATE_VERSION };
	struct libdmwarrant_tag t = { .version = LIBDMWARRANT_TAG_VERSION };
	uint32_t flags = 0;
	int ret;

	while (cli_next_option(c))
		flags |= LIBDMWARRANT_TAG_STATE_UNMOUNTED;
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	if (c->dry_run)
		flags |= LIBDMWARRANT_TAG_STATE_DRY_RUN;
	ret = libdmwarrant_tag_find(c->lib, c->argv[0], c->argv[1], &t);
	if (!ret)
		ret = libdmwarrant_tag_set_state(c->lib, c->argv[0], t.tag, state, flags, &r);
	if (ret)
		return ret;
	cli_progress_end(c);
	report(c, &t, libdmwarrant_tag_state_name(state), &r);
	return 0;
}

static int run_freeze(struct cli *c)
{
	return change(c, LIBDMWARRANT_TAG_FROZEN);
}

static int run_restrict(struct cli *c)
{
	return change(c, LIBDMWARRANT_TAG_RESTRICTED);
}

const struct cli_command command_tag_freeze = {
	.noun = "tag",
	.verb = "freeze",
	.arguments = "VOLUME TAG",
	.summary = "a finished recording: no more writes, not even through the volume",
	.text = "From then on the kernel refuses each write and discard to the tag's sectors, and the tag's\n"
		"files are immutable. They must have all of the tag's sectors, and no others: tag check\n"
		"--repair --move-free sees to that. There is no way back without two officers.",
	.options = options,
	.run = run_freeze,
};

const struct cli_command command_tag_restrict = {
	.noun = "tag",
	.verb = "restrict",
	.arguments = "VOLUME TAG",
	.summary = "pending a review: frozen, and no more reads either",
	.text = "As tag freeze, and reads are refused as well; what the page cache holds of the files is\n"
		"dropped, but a program that has one of them mapped still sees what it saw. There is no way\n"
		"back without two officers.",
	.options = options,
	.run = run_restrict,
};
