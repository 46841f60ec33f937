// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rotation: chance's choice of ops that have to do with it, and what must come of them.
 *
 * An epoch that was reported begun is the current one after any crash, or an older one than that. When
 * one was reported retired its keys are destroyed at once: from then on nothing can be opened that is
 * under them, in any crash image, and whoever tries has forgotten a sector, a node or a record.
 */
#include "sim.h"

/* Enough for the life of a volume; more stay in use. */
#define MAX_EPOCH	150

static struct {
	u32	current_one;		/* reported */
	u32	hidden;
	bool	destroyed[MAX_EPOCH + 1];
} epochs;

/** epochs_reset() - a volume just formatted */
void epochs_reset(void)
{
	memset(&epochs, 0, sizeof(epochs));
	epochs.current_one = 1;
}

/** epoch_destroyed() - are an epoch's keys gone? */
bool epoch_destroyed(u32 epoch)
{
	return epoch <= MAX_EPOCH && epochs.destroyed[epoch];
}

/** epoch_hide() - an epoch whose keys nobody has brought; 0 = all are there */
void epoch_hide(u32 epoch)
{
	epochs.hidden = epoch;
}

/** epochs_hash() - of what was reported; 0 = nothing ever */
u64 epochs_hash(void)
{
	u64 h = epochs.current_one - 1;
	u32 e;

	for (e = 1; e <= MAX_EPOCH; e++)
		if (epochs.destroyed[e])
			h = mix(h + e);
	return h;
}

/** epoch_now() - the current one */
u32 epoch_now(const struct machine *m)
{
	return dmw_root_epoch(&m->vol.state.root);
}

/** epoch_listed() - is an epoch in use? */
bool epoch_listed(const struct machine *m, u32 epoch)
{
	const struct dmw_epoch *e = m->vol.state.root.epochs;
	u32 i;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (e[i].state != DMW_EPOCH_NONE && e[i].epoch == epoch)
			return true;
	return false;
}

/**
 * epoch_missing() - can nothing be opened that is under an epoch's keys?
 *
 * Those of an epoch that the volume does not list may be destroyed by anybody who looks.
 */
bool epoch_missing(const struct machine *m, u32 epoch)
{
	if (epoch_destroyed(epoch) || epoch == epochs.hidden)
		return true;
	return m && m->vol.state.root.activation_count && !epoch_listed(m, epoch);
}

/** epochs_check() - of a volume opened after a crash */
void epochs_check(const struct machine *m)
{
	u32 e;

	if (epoch_now(m) < epochs.current_one)
		fail("R1: epoch %u is current after a crash, and %u was reported", epoch_now(m),
		     epochs.current_one);
	for (e = 1; e <= MAX_EPOCH; e++)
		if (epochs.destroyed[e] && epoch_listed(m, e))
			fail("R2: epoch %u is in use after a crash, and was reported retired", e);
}

/** epochs_adopt() - a recovered volume: its epoch is the one that counts from now on */
void epochs_adopt(const struct machine *m)
{
	epochs.current_one = epoch_now(m);
}

static bool is_under(const struct machine *m, u64 nonce, u32 epoch)
{
	return nonce && m->vol.state.activations[dmw_nonce_activation(nonce) - 1].epoch == epoch;
}

/* What was shredded stays as it is. */
static bool any_under(const struct machine *m, const struct dmw_node *n, u32 epoch)
{
	const struct dmw_seal_disk *d = n->seals->seals;
	u32 i;

	for (i = 0; i < DMW_FANOUT; i++)
		if (is_under(m, le64_to_cpu(d[i].nonce), epoch) &&
		    (n->level || dmw_tag_state(&m->vol.tags, le32_to_cpu(d[i].tag)) != DMW_TAG_SHREDDED))
			return true;
	return false;
}

/* Nothing in memory may be under an epoch that has just been retired. */
static void check_memory(const struct machine *m, u32 epoch)
{
	const struct dmw_tree *t = &m->vol.tree;
	const struct dmw_node *n;
	u32 i;

	for (i = 0; i < 1U << t->bucket_bits; i++)
		hlist_for_each_entry(n, &t->buckets[i], hash)
			if (n->ready && any_under(m, n, epoch))
				fail("R2: a seal in node %llu of level %u is under an epoch that was retired",
				     (unsigned long long)n->index, n->level);
	for (i = 0; i < DMW_ROOTS; i++)
		if (is_under(m, m->vol.state.root.tree[i].nonce, epoch))
			fail("R2: a top node is under an epoch that was retired");
}

/* Neither superblock lists it any more. */
static void check_superblocks(struct machine *m, u32 epoch)
{
	u64 blocks[] = { 0, cfg.layout.superblock_b };
	static struct dmw_superblock_disk d;
	struct dmw_superblock sb;
	struct dmw_root root;
	u32 i, k;

	for (i = 0; i < 2; i++) {
		if (disk_read(m->disk, blocks[i] << DMW_SECTOR_SHIFT, &d, sizeof(d)) ||
		    dmw_superblock_decode(&sb, &d, blocks[i]) ||
		    dmw_superblock_open(&m->host, &sb, &root, &d))
			fail("R2: superblock %c cannot be opened when epoch %u is retired", 'A' + i, epoch);
		for (k = 0; k < DMW_MAX_EPOCHS; k++)
			if (root.epochs[k].epoch == epoch)
				fail("R2: superblock %c lists epoch %u, which was reported retired", 'A' + i,
				     epoch);
	}
}

/** epochs_ended() - an epoch was begun or retired, or not */
void epochs_ended(struct machine *m, const struct simop *o)
{
	const struct dmw_op *op = &o->op;
	int error = op->error;

	if (op->kind == DMW_OP_EPOCH && !error) {
		epochs.current_one = max(epochs.current_one, op->tag);
		totals.epochs++;
	} else if (op->kind == DMW_OP_EPOCH) {
		if (error != -ENOSPC && error != -EBUSY && error != -EINVAL)
			fail("R1: epoch %u does not begin: %d", op->tag, error);
	} else if (!error) {
		check_memory(m, op->tag);
		m->host.locked = false;
		if (!m->attacked)
			check_superblocks(m, op->tag);
		m->host.locked = true;
		epochs.destroyed[op->tag] = true;
		totals.retired++;
		past_forget(m);
	} else if (error != -EBUSY && error != -ENOENT) {
		fail("R2: epoch %u is not retired: %d", op->tag, error);
	}
}

/* ---- ops ---- */

/** epoch_begin() - the next one */
void epoch_begin(struct machine *m)
{
	machine_submit_epoch(m, DMW_OP_EPOCH, min(epoch_now(m) + 1, (u32)MAX_EPOCH));
}

static u32 some_old(const struct machine *m)
{
	u32 e = 1 + below(epoch_now(m)), i;

	for (i = 0; i < MAX_EPOCH && !epoch_listed(m, e); i++)
		e = e % epoch_now(m) + 1;
	return e;
}

/** epochs_sweep() - a step; those that find nothing to do cost nothing */
void epochs_sweep(struct machine *m)
{
	u32 before = m->op_count, i;

	for (i = 0; i < 300 && m->op_count == before && !epochs_through(m); i++)
		machine_submit(m, DMW_OP_SWEEP, 0, DMW_FANOUT, false);
}

/** epochs_old_tag() - a tag whose record is under an old epoch, or 0 */
u32 epochs_old_tag(const struct machine *m)
{
	struct dmw_seal seal;
	u32 tag;

	for (tag = 1; tag <= m->vol.tags.count; tag++) {
		dmw_tag_seal(&m->vol.tags, tag, &seal);
		if (dmw_seal_is_old(&m->vol, seal.nonce))
			return tag;
	}
	return 0;
}

/** epochs_all_open() - may these sectors be written? */
bool epochs_all_open(u64 sector, u32 n)
{
	while (n && oracle_is_open(sector + n - 1))
		n--;
	return !n;
}

/** epochs_through() - has the sweep looked at all sectors? */
bool epochs_through(const struct machine *m)
{
	return m->vol.rotation.cursor >= cfg.layout.data_sectors;
}

/* Is there an old one? */
static bool is_rotating(const struct machine *m)
{
	const struct dmw_epoch *e = m->vol.state.root.epochs;
	u32 i, n = 0;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		n += e[i].state != DMW_EPOCH_NONE;
	return n > 1;
}

/* What nobody should ask for, yet somebody may. */
static void out_of_turn(struct machine *m)
{
	if (one_in(3))
		epoch_begin(m);
	else if (one_in(3))
		machine_submit(m, DMW_OP_SWEEP, 0, DMW_FANOUT, false);
	else if (one_in(2))
		machine_submit_epoch(m, DMW_OP_RETIRE, some_old(m));
	else
		machine_restart_sweep(m);
}

/** epochs_submit() - some op that has to do with rotation */
void epochs_submit(struct machine *m)
{
	u32 tag = epochs_old_tag(m);

	if (one_in(20))
		out_of_turn(m);
	else if (!is_rotating(m))
		epoch_begin(m);
	else if (!epochs_through(m))
		epochs_sweep(m);
	else if (tag)
		tag_close(m, tag, m->vol.tags.states[tag]);
	else if (m->vol.rotation.damaged)
		machine_restart_sweep(m);
	else
		machine_submit_epoch(m, DMW_OP_RETIRE, some_old(m));
}
