// SPDX-License-Identifier: GPL-2.0-or-later
#include "by_warrant.h"

enum {
	OPTION_DATA = OPTION_OWN,
	OPTION_MAP,
	OPTION_ANCHOR,
};

static const struct cli_option options[] = {
	CLI_KEYSET,
	CLI_KEYSET_FD,
	CLI_UNLOCK,
	CLI_KEYSTORE,
	CLI_REGISTRY,
	CLI_CONFIG,
	{ "anchor", "N:SALT", OPTION_ANCHOR, "refuse a LUN that was rolled back behind this" },
	{ "data", NULL, OPTION_DATA, "also read and verify every written sector" },
	{ "map", NULL, OPTION_MAP, "list the blocks in use and what they hold, as JSON" },
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* Where the keys are, when --keyset does not say it. */
struct keys {
	const char		*store;
	struct cli_unlock	unlock;
};

struct check {
	struct cli			*c;
	struct json_object		*damage;
	struct libdmwarrant_extent	pending;	/* of the map, not printed yet */
	bool				any;
};

/* ---- map ---- */

static struct json_object *extent_object(const struct libdmwarrant_extent *e)
{
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "kind", libdmwarrant_kind_name(e->kind));
	if (e->kind == LIBDMWARRANT_KIND_NODE)
		cli_set_u64(o, "level", e->level);
	cli_set_u64(o, "index", e->index);
	cli_set_u64(o, "block", e->block);
	cli_set_u64(o, "count", e->count);
	return o;
}

static void flush_map(struct check *k)
{
	if (!k->pending.count)
		return;
	cli_stream(k->c, extent_object(&k->pending), !k->any);
	k->any = true;
	k->pending.count = 0;
}

/* The sectors of neighbouring leaves are neighbours on the LUN. */
static int map(void *arg, const struct libdmwarrant_extent *e)
{
	struct libdmwarrant_extent *p = &((struct check *)arg)->pending;

	if (p->count && e->kind == LIBDMWARRANT_KIND_DATA && p->kind == e->kind &&
	    p->block + p->count == e->block && p->index + p->count == e->index) {
		p->count += e->count;
		return 0;
	}
	/* Data comes behind its leaf: hold the data back until a gap, let the nodes pass. */
	if (e->kind != LIBDMWARRANT_KIND_DATA) {
		struct check *k = arg;

		cli_stream(k->c, extent_object(e), !k->any);
		k->any = true;
		return 0;
	}
	flush_map(arg);
	*p = *e;
	return 0;
}

/* ---- damage ---- */

static int damage(void *arg, const struct libdmwarrant_damage *d)
{
	const struct libdmwarrant_extent *e = &d->extent;
	struct json_object *o = extent_object(e);
	struct check *k = arg;

	cli_set_u64(o, "offset", e->block * LIBDMWARRANT_SECTOR_SIZE);
	cli_set_text(o, "reason", d->reason);
	cli_set_u64(o, "first_sector", d->first_sector);
	cli_set_u64(o, "sectors", d->sectors);
	json_object_array_add(k->damage, o);

	cli_progress_end(k->c);
	cli_say(k->c, "%s ", libdmwarrant_kind_name(e->kind));
	if (e->kind == LIBDMWARRANT_KIND_NODE || e->kind == LIBDMWARRANT_KIND_TAG)
		cli_say(k->c, "level %u ", e->level);
	cli_say(k->c, "%" PRIu64, e->index);
	if (e->count > 1)
		cli_say(k->c, "-%" PRIu64, e->index + e->count - 1);
	cli_say(k->c, ": %s; block %" PRIu64 ", byte %" PRIu64, d->reason, e->block,
		e->block * LIBDMWARRANT_SECTOR_SIZE);
	if (d->sectors)
		cli_say(k->c, "; cannot be read: sectors %" PRIu64 "-%" PRIu64, d->first_sector,
			d->first_sector + d->sectors - 1);
	cli_say(k->c, "\n");
	return 0;
}

/* ---- sum ---- */

#define EPOCHS	64	/* of which there is something left; the kernel allows 8 */

static void report_epochs(struct cli *c, const struct libdmwarrant_epoch_count *e, uint32_t count)
{
	struct json_object *list = json_object_new_array(), *o;

	for (; count; count--, e++) {
		o = json_object_new_object();
		cli_set_u64(o, "epoch", e->epoch);
		cli_set_bool(o, "current", e->current);
		cli_set_u64(o, "sectors", e->sectors);
		cli_set_u64(o, "nodes", e->nodes);
		json_object_array_add(list, o);
		if (!e->current)
			cli_say(c, "under the old epoch %u: %" PRIu64 " sectors, %" PRIu64
				" nodes\n", e->epoch, e->sectors, e->nodes);
	}
	json_object_object_add(c->out, "epochs", list);
}

static void report(struct cli *c, const struct libdmwarrant_check_result *r,
		   const struct libdmwarrant_check_params *p)
{
	bool data = p->flags & LIBDMWARRANT_CHECK_DATA;

	char uuid[37], anchor[46], size[16];

	libdmwarrant_uuid_format(r->uuid, uuid);
	libdmwarrant_anchor_format(&r->anchor, anchor);
	cli_set_text(c->out, "uuid", uuid);
	cli_set_text(c->out, "label", r->label);
	cli_set_text(c->out, "checkpoint", anchor);
	cli_set_u64(c->out, "activations", r->activations);
	cli_set_u64(c->out, "volume_sectors", r->volume_sectors);
	cli_set_u64(c->out, "nodes", r->nodes);
	cli_set_u64(c->out, "tags", r->tags);
	cli_set_u64(c->out, "written_sectors", r->written_sectors);
	cli_set_u64(c->out, "shredded_sectors", r->shredded_sectors);
	cli_set_bool(c->out, "data_checked", data);
	cli_set_u64(c->out, "verified_sectors", r->verified_sectors);
	cli_set_u64(c->out, "pending_sectors", r->pending_sectors);
	cli_set_u64(c->out, "journal_records", r->journal_records);
	cli_set_u64(c->out, "damaged_blocks", r->damaged);
	cli_set_u64(c->out, "unreadable_sectors", r->unreadable_sectors);
	cli_set_u64(c->out, "read_bytes", r->bytes_read);

	cli_say(c, "volume %s%s%s, checkpoint %s\n", uuid, r->label[0] ? ", " : "", r->label,
		anchor);
	cli_say(c, "%u activations, %" PRIu64 " nodes verified, %" PRIu64 " of %" PRIu64
		" sectors written", r->activations, r->nodes, r->written_sectors,
		r->volume_sectors);
	if (data)
		cli_say(c, ", %" PRIu64 " verified", r->verified_sectors);
	cli_say(c, "; %s read\n", cli_size(r->bytes_read, size));
	if (r->tags)
		cli_say(c, "%u tags verified\n", r->tags);
	if (r->shredded_sectors)
		cli_say(c, "%" PRIu64 " sectors shredded: sealed for ever\n", r->shredded_sectors);
	report_epochs(c, p->epochs, r->epoch_count);
	if (r->journal_records)
		cli_say(c, "not closed cleanly: %" PRIu64 " journal records wait to be replayed, %"
			PRIu64 " sectors left out; open the volume once\n", r->journal_records,
			r->pending_sectors);
	cli_say(c, "%s\n", r->damaged ? "DAMAGED" : data ? "sound" :
		"sound, as far as metadata goes; --data verifies the data too");
}

static int all_options(struct cli *c, struct libdmwarrant_check_params *p, bool *with_map,
		       struct keys *keys)
{
	int id;

	while ((id = cli_next_option(c))) {
		if (cli_unlock_option(c, id, &keys->unlock))
			continue;
		if (id == OPTION_KEYSTORE)
			keys->store = c->arg;
		else if (id == OPTION_DATA)
			p->flags |= LIBDMWARRANT_CHECK_DATA;
		else if (id == OPTION_MAP)
			*with_map = true;
		else if (libdmwarrant_anchor_parse(c->arg, &p->anchor))
			return cli_usage(c, "%s is not an anchor, NUMBER:24 hex digits", c->arg);
	}
	return cli_arguments(c, 1);
}

static int run(struct cli *c)
{
	struct check k = { .c = c, .damage = json_object_new_array() };
	struct libdmwarrant_epoch_count epochs[EPOCHS];
	struct libdmwarrant_check_params p = {
		.version = LIBDMWARRANT_CHECK_VERSION, .damage = damage, .arg = &k,
		.epochs = epochs, .epoch_space = EPOCHS,
	};
	struct libdmwarrant_check_result r = { 0 };
	struct keys keys = { .unlock = CLI_UNLOCK_NONE };
	struct libdmwarrant_keyset *keyset;
	bool with_map = false;
	int ret;

	ret = all_options(c, &p, &with_map, &keys);
	if (!ret)
		ret = cli_device_keyset(c, c->argv[0], keys.store, &keys.unlock, &p.anchor, &keyset);
	if (ret) {
		json_object_put(k.damage);
		return ret;
	}
	if (with_map) {
		cli_stream_begin(c, "map");
		p.map = map;
	}
	ret = libdmwarrant_check(c->lib, c->argv[0], keyset, &p, &r);
	libdmwarrant_keyset_free(keyset);
	flush_map(&k);
	cli_progress_end(c);
	cli_set_text(c->out, "device", c->argv[0]);
	json_object_object_add(c->out, "damage", k.damage);
	/* A volume that could not even be loaded has no sum. */
	if (r.anchor.checkpoint)
		report(c, &r, &p);
	return ret;
}

const struct cli_command command_volume_check = {
	.noun = "volume",
	.verb = "check",
	.arguments = "DEVICE",
	.summary = "verify a closed volume; never writes",
	.text = "Verifies both superblocks, the activation chain, the journal and every node that the\n"
		"superblock reaches; with --data also every sector that was ever written. Goes on past\n"
		"damage, names each damaged block and the sectors that thereby cannot be read, and ends\n"
		"with exit code 6. --map lists, as JSON, which blocks hold something; no other block has\n"
		"any influence on the volume. What is sealed under which epoch is counted: after a\n"
		"rotation nothing may be under an old one.\n"
		"\n"
		"Without a keyset, registry and key store know the keys of the volume on DEVICE, and the\n"
		"anchor behind which it must not be.",
	.options = options,
	.reads = true,
	.run = run,
};
