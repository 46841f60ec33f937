// SPDX-License-Identifier: GPL-2.0-or-later
#include "tag.h"

static const struct cli_option options[] = {
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct sum {
	uint32_t	tag;
	uint64_t	sectors;
	uint64_t	written;
	uint64_t	oldest;
	uint64_t	newest;
};

static int add(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct sum *s = arg;

	if (e->tag != s->tag)
		return 0;
	s->sectors += e->length;
	if (!e->written)
		return 0;
	s->oldest = s->written && s->oldest < e->oldest ? s->oldest : e->oldest;
	s->newest = s->newest > e->newest ? s->newest : e->newest;
	s->written += e->length;
	return 0;
}

static void show(struct cli *c, const struct libdmwarrant_tag *t, const struct sum *s)
{
	char text[32], size[16];

	cli_say(c, "tag %u%s%s: %s\n", t->tag, t->name[0] ? ", " : "", t->name,
		libdmwarrant_tag_state_name(t->state));
	if (t->created)
		cli_say(c, "  created       %s\n", cli_time(t->created, text));
	if (t->changed)
		cli_say(c, "  changed       %s\n", cli_time(t->changed, text));
	cli_say(c, "  space         %s\n", cli_size(s->sectors * LIBDMWARRANT_SECTOR_SIZE, size));
	cli_say(c, "  written       %s\n", cli_size(s->written * LIBDMWARRANT_SECTOR_SIZE, size));
	if (s->written) {
		cli_say(c, "  first write   %s\n", cli_time(s->oldest, text));
		cli_say(c, "  last write    %s\n", cli_time(s->newest, text));
	}
	if (t->metadata[0])
		cli_say(c, "  metadata      %s\n", t->metadata);
}

static int run(struct cli *c)
{
	struct libdmwarrant_tag t = { .version = LIBDMWARRANT_TAG_VERSION };
	struct sum s = { 0 };
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	ret = libdmwarrant_tag_find(c->lib, c->argv[0], c->argv[1], &t);
	s.tag = t.tag;
	if (!ret)
		ret = libdmwarrant_tag_extents(c->lib, c->argv[0], 0, 0, add, &s);
	if (ret)
		return ret;
	cli_set_text(c->out, "volume", c->argv[0]);
	cli_tag_set(c->out, &t);
	cli_set_u64(c->out, "sectors", s.sectors);
	cli_set_u64(c->out, "written_sectors", s.written);
	if (s.written) {
		cli_set_time(c->out, "oldest", s.oldest);
		cli_set_time(c->out, "newest", s.newest);
	}
	show(c, &t, &s);
	return 0;
}

const struct cli_command command_tag_show = {
	.noun = "tag",
	.verb = "show",
	.arguments = "VOLUME TAG",
	.summary = "show a tag, its metadata and how much there is of it",
	.text = "TAG is a number, a name, or the beginning of just one name; 0 is the default tag.",
	.options = options,
	.reads = true,
	.run = run,
};
