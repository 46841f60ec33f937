// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "tag.h"

enum {
	OPTION_REPAIR = OPTION_OWN,
	OPTION_MOVE_FREE,
};

static const struct cli_option options[] = {
	{ "repair", NULL, OPTION_REPAIR, "give blocks the tag that they should have" },
	{ "move-free", NULL, OPTION_MOVE_FREE,
	  "with --repair: free space too, even if it cannot be discarded" },
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static const char *const repair_names[] = {
	[LIBDMWARRANT_REPAIR_NONE] = "none",
	[LIBDMWARRANT_REPAIR_DONE] = "done",
	[LIBDMWARRANT_REPAIR_REFUSED] = "refused",
	[LIBDMWARRANT_REPAIR_FAILED] = "failed",
};

struct report {
	struct cli		*c;
	struct json_object	*findings;
};

static void say(struct cli *c, const struct libdmwarrant_tag_finding *f, const char *path)
{
	char size[16];

	cli_progress_end(c);
	cli_say(c, "%s: ", libdmwarrant_tag_fault_name(f->fault));
	if (path)
		cli_say(c, "%s: ", path);
	cli_say(c, "%s", f->text);
	if (f->length)
		cli_say(c, " (%s from sector %" PRIu64 ": tag %u, should be %u)",
			cli_size(f->length * LIBDMWARRANT_SECTOR_SIZE, size), f->start, f->found,
			f->expected);
	if (f->repair)
		cli_say(c, ": repair %s", repair_names[f->repair]);
	cli_say(c, "\n");
}

static int found(void *arg, const struct libdmwarrant_tag_finding *f)
{
	char *path = f->path ? cli_printable(f->path) : NULL, *text = cli_printable(f->text);
	struct json_object *o = json_object_new_object();
	struct report *r = arg;

	cli_set_text(o, "fault", libdmwarrant_tag_fault_name(f->fault));
	cli_set_text(o, "repair", repair_names[f->repair]);
	if (path)
		cli_set_text(o, "path", path);
	cli_set_u64(o, "expected_tag", f->expected);
	cli_set_u64(o, "found_tag", f->found);
	cli_set_u64(o, "start", f->start);
	cli_set_u64(o, "sectors", f->length);
	cli_set_text(o, "text", text ? text : "");
	json_object_array_add(r->findings, o);
	say(r->c, f, path);
	free(path);
	free(text);
	return 0;
}

static void sum(struct cli *c, const struct libdmwarrant_tag_check_result *r)
{
	char size[16];

	cli_set_u64(c->out, "mounts", r->mounts);
	cli_set_u64(c->out, "files", r->files);
	cli_set_u64(c->out, "tagged_files", r->tagged);
	cli_set_u64(c->out, "finding_count", r->findings);
	cli_set_u64(c->out, "repaired", r->repaired);
	cli_set_u64(c->out, "refused", r->refused);
	cli_set_u64(c->out, "free_sectors", r->free);
	cli_set_u64(c->out, "cleared_sectors", r->cleared);
	cli_set_u64(c->out, "moved_sectors", r->moved);
	cli_set_u64(c->out, "shredded_sectors", r->shredded);
	cli_progress_end(c);
	cli_say(c, "%" PRIu64 " files, %" PRIu64 " with a tag: %" PRIu64 " disagreements",
		r->files, r->tagged, r->findings);
	if (r->repaired)
		cli_say(c, ", %" PRIu64 " repaired", r->repaired);
	if (r->free > r->cleared)
		cli_say(c, "; %s of free space keep the tag of deleted files",
			cli_size((r->free - r->cleared) * LIBDMWARRANT_SECTOR_SIZE, size));
	if (r->shredded)
		cli_say(c, "; %s shredded",
			cli_size(r->shredded * LIBDMWARRANT_SECTOR_SIZE, size));
	cli_say(c, "\n");
}

static int run(struct cli *c)
{
	struct libdmwarrant_tag_check_result r = { .version = LIBDMWARRANT_TAG_CHECK_VERSION };
	struct report report = { .c = c, .findings = json_object_new_array() };
	struct libdmwarrant_tag_check_params p = {
		.version = LIBDMWARRANT_TAG_CHECK_VERSION, .finding = found, .arg = &report,
	};
	int id, ret;

	json_object_object_add(c->out, "findings", report.findings);
	while ((id = cli_next_option(c)))
		p.flags |= id == OPTION_REPAIR ? LIBDMWARRANT_TAG_CHECK_REPAIR :
			   LIBDMWARRANT_TAG_CHECK_MOVE_FREE;
	if (p.flags == LIBDMWARRANT_TAG_CHECK_MOVE_FREE)
		return cli_usage(c, "--move-free goes with --repair");
	if (c->argc != 1 && c->argc != 2)
		return cli_usage(c, "expected %s", c->command->arguments);
	c->changes = p.flags & LIBDMWARRANT_TAG_CHECK_REPAIR;
	p.path = c->argc == 2 ? c->argv[1] : NULL;
	if (c->dry_run)
		p.flags = 0;
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "volume", c->argv[0]);
	ret = libdmwarrant_tag_check(c->lib, c->argv[0], &p, &r);
	if (!ret || ret == -EUCLEAN)
		sum(c, &r);
	return ret;
}

const struct cli_command command_tag_check = {
	.noun = "tag",
	.verb = "check",
	.arguments = "VOLUME [PATH]",
	.summary = "compare the tags that files state with those of their blocks",
	.text = "Looks through all file systems on the volume, or through the one at PATH, or only below PATH\n"
		"if that is not a mount point. Finds files whose blocks have another tag, files without a\n"
		"case on blocks of one, attributes copied from another volume, and free space that keeps a\n"
		"deleted file's tag. --repair puts right what is not frozen. Without it nothing is changed,\n"
		"as with --dry-run. Ends with exit code 6 when disagreements remain.\n\n"
		"Free space keeps its tag on purpose, so that what a deleted file left goes with its case.\n"
		"--repair discards it if the volume allows discards. --move-free seals it under the default\n"
		"key otherwise: then freezing the tag is possible, but shredding does not reach it any more.",
	.options = options,
	.reads = true,
	.run = run,
};
