// SPDX-License-Identifier: GPL-2.0-or-later
#include "by_warrant.h"

enum {
	OPTION_READ_ONLY = OPTION_OWN,
	OPTION_DISCARDS,
	OPTION_CACHE,
	OPTION_CHECKPOINT,
	OPTION_ANCHOR,
	OPTION_DEVICE,
	OPTION_TAKE_OVER,
	OPTION_MOVED,
	OPTION_ACCEPT_ROLLBACK,
	OPTION_NO_GUARD,
};

static const struct cli_option options[] = {
	CLI_UNLOCK,
	{ "device", "DEVICE", OPTION_DEVICE, "where the LUN should be; default: anywhere" },
	{ "take-over", NULL, OPTION_TAKE_OVER,
	  "open what another host had open, which is surely down" },
	{ "moved", NULL, OPTION_MOVED, "the volume is on another LUN now, --device" },
	{ "accept-rollback", "REASON", OPTION_ACCEPT_ROLLBACK,
	  "open a state behind the anchor: no newer one exists" },
	{ "no-guard", NULL, OPTION_NO_GUARD, "do not start a guard" },
	CLI_KEYSTORE,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_KEYSET,
	CLI_KEYSET_FD,
	{ "anchor", "N:SALT", OPTION_ANCHOR,
	  "with a keyset: refuse a LUN that was rolled back behind this" },
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

/**
 * struct open - options, of both ways to open
 * @bare:     with a keyset
 * @volume:   by warrant
 * @unlock:   by warrant
 * @no_guard: by warrant
 * @only:     an option was given that is of no use with a keyset
 */
struct open {
	struct libdmwarrant_open_params		bare;
	struct libdmwarrant_volume_open_params	volume;
	struct cli_unlock			unlock;
	bool					no_guard;
	bool					only;
};

static int both_option(struct cli *c, struct open *o, int id)
{
	uint64_t n;

	switch (id) {
	case OPTION_READ_ONLY:
		o->bare.flags |= LIBDMWARRANT_OPEN_READ_ONLY;
		o->volume.flags |= LIBDMWARRANT_VOLUME_OPEN_READ_ONLY;
		return 0;
	case OPTION_DISCARDS:
		o->bare.flags |= LIBDMWARRANT_OPEN_ALLOW_DISCARDS;
		o->volume.flags |= LIBDMWARRANT_VOLUME_OPEN_ALLOW_DISCARDS;
		return 0;
	case OPTION_CACHE:
		if (cli_number(c, c->arg, 1, 65536, &n))
			return CLI_USAGE;
		o->bare.cache_mib = n;
		o->volume.cache_mib = n;
		return 0;
	case OPTION_CHECKPOINT:
		if (cli_number(c, c->arg, 1, 3600, &n))
			return CLI_USAGE;
		o->bare.checkpoint_seconds = n;
		o->volume.checkpoint_seconds = n;
		return 0;
	default:
		return libdmwarrant_anchor_parse(c->arg, &o->bare.anchor) ?
		       cli_usage(c, "%s is not an anchor, NUMBER:24 hex digits", c->arg) : 0;
	}
}

/* Return: is it an option of opening by warrant only? */
static bool warrant_option(struct cli *c, struct open *o, int id)
{
	switch (id) {
	case OPTION_DEVICE:
		o->volume.device = c->arg;
		return true;
	case OPTION_TAKE_OVER:
		o->volume.flags |= LIBDMWARRANT_VOLUME_OPEN_TAKE_OVER;
		return true;
	case OPTION_MOVED:
		o->volume.flags |= LIBDMWARRANT_VOLUME_OPEN_MOVED;
		return true;
	case OPTION_ACCEPT_ROLLBACK:
		o->volume.accept_rollback = c->arg;
		return true;
	case OPTION_NO_GUARD:
		o->no_guard = true;
		return true;
	case OPTION_KEYSTORE:
		o->volume.keystore = c->arg;
		return true;
	default:
		return cli_unlock_option(c, id, &o->unlock);
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

static int open_bare(struct cli *c, struct open *o)
{
	struct libdmwarrant_open_result r = { .version = LIBDMWARRANT_OPEN_VERSION };
	struct libdmwarrant_keyset *k;
	int ret;

	if (o->only)
		return cli_usage(c, "--keyset and what opens by warrant (--device, --key-file, ...) exclude each other");
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	o->bare.version = LIBDMWARRANT_OPEN_VERSION;
	if (c->dry_run)
		o->bare.flags |= LIBDMWARRANT_OPEN_DRY_RUN;
	ret = cli_keyset(c, &k);
	if (ret)
		return ret;
	ret = libdmwarrant_open(c->lib, c->argv[0], c->argv[1], k, &o->bare, &r);
	libdmwarrant_keyset_free(k);
	if (!ret)
		report(c, &o->bare, &r);
	return ret;
}

static int run(struct cli *c)
{
	struct open o = { .unlock = CLI_UNLOCK_NONE };
	int id;

	while ((id = cli_next_option(c))) {
		if (warrant_option(c, &o, id))
			o.only = true;
		else if (both_option(c, &o, id))
			return CLI_USAGE;
	}
	if (c->keyset_path || c->keyset_fd >= 0)
		return open_bare(c, &o);
	if (c->argc == 2)
		return cli_usage(c, "DEVICE NAME need the keys, with one of --keyset and --keyset-fd; a volume of a warrant is opened by its name alone");
	if (o.bare.anchor.checkpoint)
		return cli_usage(c, "the anchor of a warrant's volume is in the registry; --anchor goes with --keyset");
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	return cli_open_by_warrant(c, &o.volume, &o.unlock, !o.no_guard);
}

const struct cli_command command_volume_open = {
	.noun = "volume",
	.verb = "open",
	.arguments = "NAME|UUID|WARRANT  (or, with a keyset: DEVICE NAME)",
	.summary = "open a volume as /dev/mapper/NAME",
	.text = "By name, UUID or warrant: registry and key store know the rest. The warrant must allow it;\n"
		"no other host may have the volume open; the LUN is found by its WWID and by the volume\n"
		"on it, and must be neither behind the registry's anchor nor bound to another warrant.\n"
		"A guard is started that keeps the anchor new. A rotation of the keys goes on where it\n"
		"was.\n\n"
		"With --keyset, the volume on DEVICE as /dev/mapper/NAME, whatever a registry says. Give\n"
		"the newest --anchor that you have (volume close prints it): without it the array can\n"
		"present an older state of the whole LUN.\n\n"
		"Either way the LUN is checked, the kernel module loaded if need be, the keys are passed\n"
		"to the kernel and removed from the keyring at once. After a crash the kernel recovers\n"
		"the volume first.\n\n"
		"Examples: warrantctl volume open 2026/0815\n"
		"          warrantctl volume open --keyset case7.keys --anchor \"$(cat case7.anchor)\" /dev/mapper/mpatha case7",
	.options = options,
	.run = run,
};
