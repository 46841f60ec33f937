// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "tag.h"

enum {
	OPTION_RANGE = OPTION_OWN,
	OPTION_FILE,
};

static const struct cli_option options[] = {
	{ "range", "START:LENGTH", OPTION_RANGE, "sectors of 4096 bytes, or bytes with K, M, G, T" },
	{ "file", NULL, OPTION_FILE, "the arguments behind TAG are files and directories" },
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void set_result(struct json_object *o, const struct libdmwarrant_assign_result *r)
{
	cli_set_u64(o, "sectors", r->sectors);
	cli_set_u64(o, "already_sectors", r->already);
	cli_set_u64(o, "moved_sectors", r->moved);
	cli_set_u64(o, "residue_sectors", r->residue);
}

static void say_result(struct cli *c, const char *what, const struct libdmwarrant_tag *t,
		       const struct libdmwarrant_assign_result *r)
{
	char size[16], moved[16], residue[16];

	cli_say(c, "%s: %s %s tag %u, %s; %s %ssealed anew", what,
		cli_size(r->sectors * LIBDMWARRANT_SECTOR_SIZE, size),
		c->dry_run ? "would get" : "of", t->tag, t->name[0] ? t->name : "the default tag",
		cli_size(r->moved * LIBDMWARRANT_SECTOR_SIZE, moved), c->dry_run ? "would be " : "");
	if (r->residue)
		cli_say(c, "; %s not yet written by the file left alone",
			cli_size(r->residue * LIBDMWARRANT_SECTOR_SIZE, residue));
	cli_say(c, "\n");
}

static int assign_range(struct cli *c, const struct libdmwarrant_tag *t, uint64_t start,
			uint64_t length)
{
	struct libdmwarrant_assign_result r = { .version = LIBDMWARRANT_ASSIGN_VERSION };
	int ret;

	ret = libdmwarrant_tag_assign(c->lib, c->argv[0], t->tag, start, length,
				      c->dry_run ? LIBDMWARRANT_ASSIGN_DRY_RUN : 0, &r);
	if (ret)
		return ret;
	cli_progress_end(c);
	cli_set_u64(c->out, "start", start);
	set_result(c->out, &r);
	say_result(c, c->argv[0], t, &r);
	return 0;
}

static int assign_file(struct cli *c, const struct libdmwarrant_tag *t, const char *path,
		       struct json_object *files)
{
	struct libdmwarrant_assign_result r = { .version = LIBDMWARRANT_ASSIGN_VERSION };
	struct json_object *o;
	char *shown;
	int ret;

	ret = libdmwarrant_tag_assign_file(c->lib, c->argv[0], t->tag, path,
					   c->dry_run ? LIBDMWARRANT_ASSIGN_DRY_RUN : 0, &r);
	if (ret)
		return ret;
	cli_progress_end(c);
	shown = cli_printable(path);
	o = json_object_new_object();
	cli_set_text(o, "path", shown ? shown : "");
	set_result(o, &r);
	json_object_array_add(files, o);
	if (r.sectors)
		say_result(c, shown ? shown : "", t, &r);
	else
		cli_say(c, "%s: %s tag %u, %s\n", shown ? shown : "",
			c->dry_run ? "would state" : "states", t->tag,
			t->name[0] ? t->name : "the default tag");
	free(shown);
	return 0;
}

/* Stops at the first failure: the report says which were done. */
static int assign_files(struct cli *c, const struct libdmwarrant_tag *t)
{
	struct json_object *files = json_object_new_array();
	int i, ret = 0;

	json_object_object_add(c->out, "files", files);
	for (i = 2; i < c->argc && !ret; i++)
		ret = assign_file(c, t, c->argv[i], files);
	return ret;
}

static int run(struct cli *c)
{
	struct libdmwarrant_tag t = { .version = LIBDMWARRANT_TAG_VERSION };
	uint64_t start = 0, length = 0;
	bool files = false;
	int id, ret;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_FILE)
			files = true;
		else if (cli_tag_range(c, c->arg, &start, &length))
			return CLI_USAGE;
	}
	if (files == !!length)
		return cli_usage(c, "say what to assign: --range START:LENGTH, or --file PATH...");
	if (files ? c->argc < 3 : c->argc != 2)
		return cli_usage(c, "expected %s", files ? "VOLUME TAG PATH..." : "VOLUME TAG");
	ret = libdmwarrant_tag_find(c->lib, c->argv[0], c->argv[1], &t);
	if (ret)
		return ret;
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "volume", c->argv[0]);
	cli_set_u64(c->out, "tag", t.tag);
	return files ? assign_files(c, &t) : assign_range(c, &t, start, length);
}

const struct cli_command command_tag_assign = {
	.noun = "tag",
	.verb = "assign",
	.arguments = "VOLUME TAG [PATH...]",
	.summary = "give a range of the volume, or files, to a tag",
	.text = "What is written already is sealed anew under the tag's key, in the background and under full\n"
		"crash protection; the command waits for it. With --file the blocks of the named files are\n"
		"assigned and their attribute trusted.dm-warrant.case states the tag; a directory gets the\n"
		"attribute only, for tag watch, which tags what is written below it. TAG 0 takes it all back.\n\n"
		"What was written before stays, sealed under its former key, in old snapshots of the array\n"
		"until that key is destroyed; under tag watch, recordings never have a former key.\n\n"
		"Examples: warrantctl tag assign --file case7 call-12 /srv/case7/call-12.wav\n"
		"          warrantctl tag assign --range 0:64M case7 call-12",
	.options = options,
	.run = run,
};
