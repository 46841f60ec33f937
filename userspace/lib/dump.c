// SPDX-License-Identifier: GPL-2.0-or-later
/* Showing structures, field by field, as far as the keys at hand allow. */
#include "lib_private.h"

/**
 * struct dump - a dump under way
 * @ctx:  for errors
 * @p:    what, and whom to tell
 * @v:    the volume; without keys only @v.dev and @v.host
 * @stop: a callback has returned non-zero
 * @seq:  of the journal record shown last
 */
struct dump {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_dump_params		*p;
	struct lib_volume				v;
	bool						stop;
	u64						seq;
};

/* ---- fields ---- */

static void tell(struct dump *d, const struct libdmwarrant_field *f)
{
	if (d->p->field && !d->stop)
		d->stop = d->p->field(d->p->arg, f);
}

static void group(struct dump *d, const char *name, u64 block, const char *verified)
{
	struct libdmwarrant_field f = {
		.type = LIBDMWARRANT_FIELD_GROUP, .name = name, .text = verified,
		.offset = block << DMW_SECTOR_SHIFT,
	};

	tell(d, &f);
}

static void number(struct dump *d, u64 offset, u32 size, const char *name, u64 value)
{
	struct libdmwarrant_field f = {
		.type = LIBDMWARRANT_FIELD_NUMBER, .offset = offset, .size = size, .name = name,
		.number = value,
	};

	tell(d, &f);
}

static void seconds(struct dump *d, u64 offset, u32 size, const char *name, u64 value)
{
	struct libdmwarrant_field f = {
		.type = LIBDMWARRANT_FIELD_TIME, .offset = offset, .size = size, .name = name,
		.number = value,
	};

	tell(d, &f);
}

static void text(struct dump *d, u64 offset, u32 size, const char *name, const char *value)
{
	struct libdmwarrant_field f = {
		.type = LIBDMWARRANT_FIELD_TEXT, .offset = offset, .size = size, .name = name,
		.text = value,
	};

	tell(d, &f);
}

static void bytes(struct dump *d, u64 offset, u32 size, const char *name, const void *p)
{
	char hex[2 * 64 + 1];

	lib_hex(hex, p, min_t(u32, size, 64));
	text(d, offset, size, name, hex);
}

static void raw(struct dump *d, const void *p)
{
	if (d->p->raw && !d->stop)
		d->stop = d->p->raw(d->p->arg, p, DMW_SECTOR_SIZE);
}

/* Field @name of struct @type at @base, from a variable of the same name. */
#define NUMBER(d, base, type, name, value) \
	number(d, (base) + offsetof(struct type, name), \
	       sizeof(((struct type *)0)->name), #name, value)
#define SECONDS(d, base, type, name, value) \
	seconds(d, (base) + offsetof(struct type, name), \
		sizeof(((struct type *)0)->name), #name, value)
#define BYTES(d, base, type, name, value) \
	bytes(d, (base) + offsetof(struct type, name), \
	      sizeof(((struct type *)0)->name), #name, value)
#define TEXT(d, base, type, name, value) \
	text(d, (base) + offsetof(struct type, name), \
	     sizeof(((struct type *)0)->name), #name, value)

static const char *verdict(int err)
{
	return err ? lib_block_reason(err) : "verified";
}

static void seal_fields(struct dump *d, u64 base, const struct dmw_seal *s)
{
	NUMBER(d, base, dmw_seal_disk, nonce, s->nonce);
	if (s->nonce) {
		number(d, base + 6, 2, "nonce.activation", dmw_nonce_activation(s->nonce));
		number(d, base, 6, "nonce.counter", dmw_nonce_counter(s->nonce));
	}
	SECONDS(d, base, dmw_seal_disk, time, s->time);
	NUMBER(d, base, dmw_seal_disk, tag, s->tag);
	BYTES(d, base, dmw_seal_disk, mac, s->mac);
}

/* ---- superblock ---- */

static void clear_fields(struct dump *d, const struct dmw_superblock *sb)
{
	const struct dmw_layout *l = &sb->layout;
	char uuid[37];

	libdmwarrant_uuid_format(sb->uuid, uuid);
	NUMBER(d, 0, dmw_superblock_disk, version, DMW_VERSION);
	NUMBER(d, 0, dmw_superblock_disk, copy, sb->checkpoint % DMW_SUPERBLOCKS);
	NUMBER(d, 0, dmw_superblock_disk, sector_size, DMW_SECTOR_SIZE);
	TEXT(d, 0, dmw_superblock_disk, uuid, uuid);
	NUMBER(d, 0, dmw_superblock_disk, feature_compat, sb->feature_compat);
	NUMBER(d, 0, dmw_superblock_disk, feature_ro_compat, sb->feature_ro_compat);
	NUMBER(d, 0, dmw_superblock_disk, feature_incompat, sb->feature_incompat);
	NUMBER(d, 0, dmw_superblock_disk, lun_blocks, l->lun_blocks);
	NUMBER(d, 0, dmw_superblock_disk, data_sectors, l->data_sectors);
	NUMBER(d, 0, dmw_superblock_disk, superblock_b, l->superblock_b);
	NUMBER(d, 0, dmw_superblock_disk, activation_start, l->activation_start);
	NUMBER(d, 0, dmw_superblock_disk, activation_blocks, l->activation_blocks);
	NUMBER(d, 0, dmw_superblock_disk, tag_records, l->tag_records);
	NUMBER(d, 0, dmw_superblock_disk, tag_start, l->tag_start);
	NUMBER(d, 0, dmw_superblock_disk, journal_start, l->journal_start);
	NUMBER(d, 0, dmw_superblock_disk, journal_blocks, l->journal_blocks);
	NUMBER(d, 0, dmw_superblock_disk, journal_unit, l->journal_unit);
	NUMBER(d, 0, dmw_superblock_disk, group_start, l->group_start);
	NUMBER(d, 0, dmw_superblock_disk, checkpoint, sb->checkpoint);
	NUMBER(d, 0, dmw_superblock_disk, epoch, sb->epoch);
	SECONDS(d, 0, dmw_superblock_disk, created, sb->created);
	BYTES(d, 0, dmw_superblock_disk, nonce, sb->nonce);
	BYTES(d, 0, dmw_superblock_disk, mac, sb->mac);
}

static void epoch_fields(struct dump *d, u64 base, const struct dmw_root *r)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < DMW_MAX_EPOCHS; i++, base += sizeof(struct dmw_epoch_disk)) {
		if (r->epochs[i].state == DMW_EPOCH_NONE)
			continue;
		snprintf(name, sizeof(name), "epochs[%u].epoch", i);
		number(d, base, 4, name, r->epochs[i].epoch);
		snprintf(name, sizeof(name), "epochs[%u].state", i);
		text(d, base + 4, 4, name,
		     r->epochs[i].state == DMW_EPOCH_CURRENT ? "current" : "old");
		snprintf(name, sizeof(name), "epochs[%u].created", i);
		seconds(d, base + 8, 8, name, r->epochs[i].created);
	}
}

static void root_fields(struct dump *d, const struct dmw_root *r)
{
	u64 base = offsetof(struct dmw_superblock_disk, root), at;
	char name[32];
	unsigned int i;

	for (i = 0; i < DMW_ROOTS; i++) {
		at = base + i * sizeof(struct dmw_seal_disk);
		if (!r->tree[i].nonce)
			continue;
		snprintf(name, sizeof(name), "tree[%u]", i);
		number(d, at, sizeof(struct dmw_seal_disk), name, i);
		seal_fields(d, at, &r->tree[i]);
	}
	at = base + offsetof(struct dmw_root_disk, activations);
	BYTES(d, at, dmw_wide_seal_disk, nonce, r->activations.nonce);
	BYTES(d, at, dmw_wide_seal_disk, mac, r->activations.mac);
	NUMBER(d, at, dmw_wide_seal_disk, epoch, r->activations.epoch);
	NUMBER(d, at, dmw_wide_seal_disk, slot, r->activations.slot);
	NUMBER(d, base, dmw_root_disk, activation_count, r->activation_count);
	NUMBER(d, base, dmw_root_disk, default_tag, r->default_tag);
	NUMBER(d, base, dmw_root_disk, journal_seq, r->journal_seq);
	NUMBER(d, base, dmw_root_disk, journal_pos, r->journal_pos);
	BYTES(d, base, dmw_root_disk, journal_mac, r->journal_mac);
	SECONDS(d, base, dmw_root_disk, written, r->written);
	BYTES(d, base, dmw_root_disk, warrant, r->warrant);
	TEXT(d, base, dmw_root_disk, label, r->label);
	epoch_fields(d, base + offsetof(struct dmw_root_disk, epochs), r);
}

static int dump_superblock(struct dump *d, const char *name, u64 block, int *verified)
{
	struct dmw_superblock_disk s;
	struct dmw_superblock sb;
	struct dmw_root root;
	int ret;

	*verified = -EBADMSG;
	ret = dmw_host_read(&d->v.host, block << DMW_SECTOR_SHIFT, &s, sizeof(s));
	if (ret)
		return lib_fail(d->ctx, ret, "cannot read %s: %s", d->v.dev.device.path,
				strerror(-ret));
	raw(d, &s);
	ret = dmw_superblock_decode(&sb, &s, block);
	if (ret) {
		group(d, name, block, ret == -ENODEV ? "not a superblock" :
		      ret == -EPROTONOSUPPORT ? "newer format" : "damaged");
		return 0;
	}
	*verified = dmw_superblock_open(&d->v.host, &sb, &root, &s);
	group(d, name, block, d->v.host.keyset ? verdict(*verified) : "not verified: no keyset");
	clear_fields(d, &sb);
	if (!*verified)
		root_fields(d, &root);
	if (!d->v.host.keyset)
		*verified = 0;
	return 0;
}

/* Both copies, also when one of them, or both, do not verify. */
static int dump_superblocks(struct dump *d)
{
	struct dmw_superblock sb[2];
	int ret, error[2], verified[2];
	u64 block[2];

	ret = lib_superblocks_find(&d->v.host, d->v.lun.blocks, sb, error, block);
	if (ret == -ENODEV)
		return lib_load_failed(d->ctx, d->v.dev.device.path, DMW_LOAD_NOT_A_VOLUME);
	ret = dump_superblock(d, "superblock A", block[0], &verified[0]);
	if (!ret)
		ret = dump_superblock(d, "superblock B", block[1], &verified[1]);
	if (!ret && (verified[0] || verified[1]))
		ret = lib_fail(d->ctx, -EUCLEAN, "%s: superblock %s does not verify; run warrantctl volume check",
			       d->v.dev.device.path,
			       !verified[0] ? "B" : !verified[1] ? "A" : "A and superblock B");
	return ret;
}

/* ---- activations ---- */

static int dump_link_raw(struct dump *d, u32 link)
{
	u8 block[DMW_SECTOR_SIZE];
	unsigned int slot;
	int ret;

	/* Which slot is in use is known only to the chain; the raw view shows both. */
	for (slot = 0; slot < DMW_SLOTS; slot++) {
		ret = dmw_host_read(&d->v.host,
				    dmw_layout_activation(&d->v.state.sb.layout, link, slot) <<
				    DMW_SECTOR_SHIFT, block, sizeof(block));
		if (ret)
			return lib_fail(d->ctx, ret, "cannot read %s: %s", d->v.dev.device.path,
					strerror(-ret));
		raw(d, block);
	}
	return 0;
}

static int dump_activations(struct dump *d)
{
	const struct dmw_state *s = &d->v.state;
	u64 base;
	u32 i, link;
	char name[32];
	int ret = 0;

	for (i = 0; i < s->root.activation_count && !ret && !d->stop; i++) {
		const struct dmw_activation *a = &s->activations[i];

		link = i / DMW_ACTIVATIONS_PER_BLOCK;
		base = offsetof(struct dmw_activation_block_disk, entries) +
		       i % DMW_ACTIVATIONS_PER_BLOCK * sizeof(struct dmw_activation_disk);
		if (d->p->raw && i % DMW_ACTIVATIONS_PER_BLOCK == 0)
			ret = dump_link_raw(d, link);
		snprintf(name, sizeof(name), "activation %u", i + 1);
		group(d, name, dmw_layout_activation(&s->sb.layout, link, 0), "verified");
		BYTES(d, base, dmw_activation_disk, salt, a->salt);
		NUMBER(d, base, dmw_activation_disk, epoch, a->epoch);
		SECONDS(d, base, dmw_activation_disk, time, a->time);
		TEXT(d, base, dmw_activation_disk, host, a->host);
		NUMBER(d, base, dmw_activation_disk, parent, a->parent);
	}
	return ret;
}

/* ---- journal ---- */

static int dump_entry(void *arg, const struct dmw_record_head *head, const struct dmw_entry *e)
{
	struct dump *d = arg;
	char name[48];

	if (head->seq != d->seq) {
		snprintf(name, sizeof(name), "record %llu", (unsigned long long)head->seq);
		group(d, name, d->v.state.sb.layout.journal_start, "verified");
		NUMBER(d, 0, dmw_record_disk, length, head->length);
		NUMBER(d, 0, dmw_record_disk, seq, head->seq);
		NUMBER(d, 0, dmw_record_disk, nonce, head->nonce);
		BYTES(d, 0, dmw_record_disk, mac, head->mac);
		NUMBER(d, 0, dmw_record_disk, stable, head->stable);
		BYTES(d, 0, dmw_record_disk, prev, head->prev);
		NUMBER(d, 0, dmw_record_disk, count, head->count);
		NUMBER(d, 0, dmw_record_disk, checkpoint, head->checkpoint);
	}
	d->seq = head->seq;
	number(d, 0, 8, "entry.sector", e->sector);
	if (e->count)
		number(d, 0, 8, "entry.count", e->count);
	else
		number(d, 0, 8, "entry.nonce", e->seal.nonce);
	seconds(d, 0, 4, "entry.time", e->seal.time);
	number(d, 0, 4, "entry.tag", e->seal.tag);
	if (!e->count)
		bytes(d, 0, DMW_MAC_SIZE, "entry.mac", e->seal.mac);
	return d->stop ? -ECANCELED : 0;
}

static int dump_journal_raw(struct dump *d)
{
	const struct dmw_layout *l = &d->v.state.sb.layout;
	u8 block[DMW_SECTOR_SIZE];
	int ret = 0;
	u32 i;

	for (i = 0; i < l->journal_blocks && !ret && !d->stop; i++) {
		ret = dmw_host_read(&d->v.host, (l->journal_start + i) << DMW_SECTOR_SHIFT, block,
				    sizeof(block));
		if (!ret)
			raw(d, block);
	}
	return ret ? lib_fail(d->ctx, ret, "cannot read %s: %s", d->v.dev.device.path,
			      strerror(-ret)) : 0;
}

static int dump_journal(struct dump *d)
{
	const struct dmw_state *s = &d->v.state;
	struct dmw_journal_end end;
	enum dmw_load_error e;

	if (d->p->raw)
		return dump_journal_raw(d);
	group(d, "journal", s->sb.layout.journal_start, "verified");
	number(d, 0, 8, "seq", s->root.journal_seq);
	number(d, 0, 8, "pos", s->root.journal_pos);
	number(d, 0, 8, "units", dmw_layout_journal_units(&s->sb.layout));
	e = dmw_load_journal(&d->v.host, s, dump_entry, d, &end);
	if (d->stop)
		return 0;
	if (e)
		return lib_load_failed(d->ctx, d->v.dev.device.path, e);
	group(d, "end of journal", s->sb.layout.journal_start, "verified");
	number(d, 0, 8, "seq", end.seq);
	number(d, 0, 8, "pos", end.pos);
	number(d, 0, 8, "stable", end.stable);
	number(d, 0, 8, "records", end.seq - s->root.journal_seq);
	return 0;
}

/* ---- node and sector ---- */

static int damaged(struct dump *d, const char *what, int err)
{
	if (err == -EKEYREVOKED)
		return lib_fail(d->ctx, err,
				"%s: %s was shredded: its seal is there, its key is not, and nobody can read it again",
				d->v.dev.device.path, what);
	return lib_fail(d->ctx, err == -EBADMSG ? -EUCLEAN : err,
			"%s: %s: %s; run warrantctl volume check", d->v.dev.device.path, what,
			lib_block_reason(err));
}

static int read_raw(struct dump *d, u64 block, void *p)
{
	int ret = dmw_host_read(&d->v.host, block << DMW_SECTOR_SHIFT, p, DMW_SECTOR_SIZE);

	if (ret)
		return lib_fail(d->ctx, ret, "cannot read %s at block %llu: %s",
				d->v.dev.device.path, (unsigned long long)block, strerror(-ret));
	raw(d, p);
	return 0;
}

static void node_fields(struct dump *d, const struct dmw_node_disk *node)
{
	struct dmw_seal seal;
	char name[16];
	unsigned int i;

	for (i = 0; i < DMW_FANOUT; i++) {
		dmw_seal_from_disk(&seal, &node->seals[i]);
		if (!seal.nonce && !seal.tag)
			continue;
		snprintf(name, sizeof(name), "seals[%u]", i);
		number(d, i * sizeof(struct dmw_seal_disk), sizeof(struct dmw_seal_disk), name, i);
		seal_fields(d, i * sizeof(struct dmw_seal_disk), &seal);
	}
}

static int dump_node(struct dump *d)
{
	const struct dmw_layout *l = &d->v.state.sb.layout;
	struct dmw_node_disk node;
	struct dmw_seal seal;
	char name[48];
	u64 block;
	int ret;

	if (d->p->level >= DMW_LEVELS || d->p->index >= dmw_layout_nodes(l, d->p->level))
		return lib_fail(d->ctx, -ERANGE,
				"no node %llu on level %u; levels are 0 to %u, this volume has %llu leaves",
				(unsigned long long)d->p->index, d->p->level, DMW_TOP_LEVEL,
				(unsigned long long)dmw_layout_nodes(l, 0));
	ret = lib_tree_find(&d->v, d->p->level + 1, d->p->index, &seal);
	if (ret)
		return damaged(d, "a node above it", ret);
	snprintf(name, sizeof(name), "node %u %llu", d->p->level, (unsigned long long)d->p->index);
	block = dmw_layout_node(l, d->p->level, d->p->index, seal.nonce ? seal.tag : 0);
	ret = read_raw(d, block, &node);
	if (ret)
		return ret;
	if (!seal.nonce) {
		group(d, name, block, "unwritten");
		NUMBER(d, 0, dmw_seal_disk, tag, seal.tag);
		return 0;
	}
	ret = lib_tree_node(&d->v, d->p->level, d->p->index, &seal, &node);
	group(d, "seal of the node", block, "verified");
	seal_fields(d, 0, &seal);
	group(d, name, block, verdict(ret));
	if (ret)
		return damaged(d, name, ret);
	node_fields(d, &node);
	return 0;
}

static int dump_sector(struct dump *d)
{
	const struct dmw_layout *l = &d->v.state.sb.layout;
	u8 data[DMW_SECTOR_SIZE];
	struct dmw_seal seal;
	char name[48];
	u64 block;
	int ret;

	if (d->p->index >= l->data_sectors)
		return lib_fail(d->ctx, -ERANGE, "no sector %llu; the volume has %llu",
				(unsigned long long)d->p->index,
				(unsigned long long)l->data_sectors);
	ret = lib_load_failed(d->ctx, d->v.dev.device.path, lib_volume_tags(&d->v));
	if (ret)
		return ret;
	ret = lib_tree_find(&d->v, 0, d->p->index, &seal);
	if (ret)
		return damaged(d, "a node above it", ret);
	snprintf(name, sizeof(name), "sector %llu", (unsigned long long)d->p->index);
	block = dmw_layout_sector(l, d->p->index);
	ret = read_raw(d, block, data);
	if (ret)
		return ret;
	if (seal.nonce)
		ret = lib_tree_data(&d->v, d->p->index, &seal, data);
	else
		memset(data, 0, sizeof(data));
	group(d, name, block, seal.nonce ? verdict(ret) : "unwritten");
	seal_fields(d, 0, &seal);
	if (ret)
		return damaged(d, name, ret);
	if (d->p->data && !d->stop)
		d->stop = d->p->data(d->p->arg, data, sizeof(data));
	return 0;
}

/* ---- all of it ---- */

static int dump(struct dump *d)
{
	switch (d->p->what) {
	case LIBDMWARRANT_DUMP_SUPERBLOCK:
		return dump_superblocks(d);
	case LIBDMWARRANT_DUMP_ACTIVATIONS:
		return dump_activations(d);
	case LIBDMWARRANT_DUMP_JOURNAL:
		return dump_journal(d);
	case LIBDMWARRANT_DUMP_NODE:
		return dump_node(d);
	case LIBDMWARRANT_DUMP_SECTOR:
		return dump_sector(d);
	default:
		return lib_fail(d->ctx, -EINVAL, "structure %u is not known here", d->p->what);
	}
}

/* Superblocks are shown even if the volume cannot be loaded: that may be why they are looked at. */
static int prepare(struct dump *d, const char *path, const struct libdmwarrant_keyset *keyset)
{
	int ret;

	if (d->p->what != LIBDMWARRANT_DUMP_SUPERBLOCK && !keyset)
		return lib_fail(d->ctx, -ENOKEY,
				"all but the superblock's clear part is encrypted; add --keyset");
	if (d->p->what != LIBDMWARRANT_DUMP_SUPERBLOCK)
		return lib_volume_load(d->ctx, path, keyset, NULL, 0, &d->v);
	ret = lib_device_open(d->ctx, path, 0, &d->v.dev);
	lib_host_init(&d->v.host, d->v.dev.fd, keyset);
	d->v.lun.blocks = d->v.dev.device.size >> DMW_SECTOR_SHIFT;
	return ret;
}

int libdmwarrant_dump(struct libdmwarrant *ctx, const char *path,
		      const struct libdmwarrant_keyset *keyset,
		      const struct libdmwarrant_dump_params *params)
{
	struct dump *d;
	int ret;

	if (params->version != LIBDMWARRANT_DUMP_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_DUMP_VERSION);
	d = calloc(1, sizeof(*d));
	if (!d)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	d->ctx = ctx;
	d->p = params;
	d->v.dev.fd = -1;
	ret = prepare(d, path, keyset);
	if (!ret)
		ret = dump(d);
	if (!ret && d->stop)
		ret = lib_fail(ctx, -ECANCELED, "cancelled");
	lib_volume_free(&d->v);
	free(d);
	return ret;
}
