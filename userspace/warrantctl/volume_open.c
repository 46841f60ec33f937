// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

enum {
	OPTION_READ_ONLY = OPTION_OWN,
	OPTION_DISCARDS,
	OPTION_CACHE,
	OPTION_CHECKPOINT,
	OPTION_ANCHOR,
};

static const struct cli_option options[] = {
	CLI_KEYSET,
	CLI_KEYSET_FD,
	{ "anchor", "N:SALT", OPTION_ANCHOR, "refuse a LUN that was rolled back behind this" },
	{ "read-only", NULL, OPTION_READ_ONLY, "write nothing at all to the LUN" },
	{ "allow-discards", NULL, OPTION_DISCARDS,
	  "pass discards on; shows the array what is free" },
	{ "cache-mib", "N", OPTION_CACHE, "memory for nodes, 1 to 65536" },
	{ "checkpoint-seconds", "N", OPTION_CHECKPOINT, "interval of checkpoints, 1 to 3600" },
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int one_option(struct cli *c, struct libdmwarrant_open_params *p, int id)
{
	uint64_t n;
	int ret;

	switch (id) {
	case OPTION_READ_ONLY:
		p->flags |= LIBDMWARRANT_OPEN_READ_ONLY;
		return 0;
	case OPTION_DISCARDS:
		p->flags |= LIBDMWARRANT_OPEN_ALLOW_DISCARDS;
		return 0;
	case OPTION_CACHE:
		ret = cli_number(c, c->arg, 1, 65536, &n);
		p->cache_mib = n;
		return ret;
	case OPTION_CHECKPOINT:
		ret = cli_number(c, c->arg, 1, 3600, &n);
		p->checkpoint_seconds = n;
		return ret;
	default:
		return libdmwarrant_anchor_parse(c->arg, &p->anchor) ?
		       cli_usage(c, "%s is not an anchor, NUMBER:24 hex digits", c->arg) : 0;
	}
}

static void report(struct cli *c, const struct libdmwarrant_open_params *p,
		   const struct libdmwarrant_open_result *r)
{
	char uuid[37], path[16 + LIBDMWARRANT_NAME_SIZE], size[16];

	snprintf(path, sizeof(path), "/dev/mapper/%s", c->argv[1]);
	libdmwarrant_uuid_format(r->uuid, uuid);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "device", c->argv[0]);
	cli_set_text(c->out, "path", path);
	cli_set_text(c->out, "uuid", uuid);
	cli_set_text(c->out, "label", r->label);
	cli_set_bool(c->out, "read_only", p->flags & LIBDMWARRANT_OPEN_READ_ONLY);
	cli_set_u64(c->out, "volume_bytes", r->volume_bytes);
	cli_set_anchor(c->out, "checkpoint", &r->anchor);
	cli_set_u64(c->out, "journal_records", r->journal_records);
	cli_set_bool(c->out, "superblock_damaged", r->other_damaged);
	cli_set_bool(c->out, "anchored", p->anchor.checkpoint);

	cli_say(c, "%s%s: volume %s, %s%s%s\n", c->dry_run ? "would open " : "", path, uuid,
		cli_size(r->volume_bytes, size), r->label[0] ? ", " : "", r->label);
	if (r->journal_records)
		cli_say(c, "%s%" PRIu64 " journal records (the volume was not closed)\n",
			c->dry_run ? "would recover " : "recovered ", r->journal_records);
	if (r->other_damaged)
		fputs("warrantctl: note: one superblock does not verify: torn by a crash, or tampered with\n",
		      stderr);
	if (!p->anchor.checkpoint)
		fputs("warrantctl: note: no --anchor given, so a rolled-back LUN would not be noticed\n",
		      stderr);
}

static int run(struct cli *c)
{
	struct libdmwarrant_open_params p = { .version = LIBDMWARRANT_OPEN_VERSION };
	struct libdmwarrant_open_result r = { .version = LIBDMWARRANT_OPEN_VERSION };
	struct libdmwarrant_keyset *k;
	int id, ret;

	while ((id = cli_next_option(c)))
		if (one_option(c, &p, id))
			return CLI_USAGE;
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	if (c->dry_run)
		p.flags |= LIBDMWARRANT_OPEN_DRY_RUN;
	ret = cli_keyset(c, &k);
	if (ret)
		return ret;
	ret = libdmwarrant_open(c->lib, c->argv[0], c->argv[1], k, &p, &r);
	libdmwarrant_keyset_free(k);
	if (!ret)
		report(c, &p, &r);
	return ret;
}

const struct cli_command command_volume_open = {
	.noun = "volume",
	.verb = "open",
	.arguments = "DEVICE NAME",
	.summary = "open a volume as /dev/mapper/NAME",
	.text = "Checks the LUN, loads the kernel module if need be, passes the keys to the kernel and\n"
		"removes them from the keyring at once. After a crash the kernel recovers the volume\n"
		"first. Give the newest --anchor that you have (volume close prints it): without it the\n"
		"array can present an older state of the whole LUN.\n\n"
		"Example: warrantctl volume open --keyset case7.keys --anchor \"$(cat case7.anchor)\" /dev/mapper/mpatha case7",
	.options = options,
	.run = run,
};
