// SPDX-License-Identifier: GPL-2.0-or-later
/* Rotations that chance would hardly find. Each begins when nothing is under way. */
#include "sim.h"

#define VICTIM	(cfg.leaves[0] << DMW_FANOUT_SHIFT)

/* This task is not carried out: whoever waits for it is slow. */
static const struct dmw_task *held;

static void settle(struct machine *m)
{
	if (held)
		step_all_but_task(m, held);
	else
		machine_drain(m, false);
}

static void do_op(struct machine *m, enum dmw_op_kind kind, u64 sector, u32 n)
{
	machine_submit(m, kind, sector, n, false);
	settle(m);
}

static void sweep_tags(struct machine *m)
{
	u32 tag;

	while ((tag = epochs_old_tag(m))) {
		tag_close(m, tag, m->vol.tags.states[tag]);
		settle(m);
	}
}

static void sweep_all(struct machine *m)
{
	u64 before;
	u32 i;

	for (i = 0; !epochs_through(m); i++) {
		if (i > 10000)
			fail("R3: a sweep does not get on");
		before = m->vol.rotation.cursor;
		epochs_sweep(m);
		settle(m);
		if (held && m->vol.rotation.cursor == before)
			return;		/* it waits for the task that is held */
	}
	sweep_tags(m);
}

static void retire(struct machine *m, u32 epoch)
{
	machine_submit_epoch(m, DMW_OP_RETIRE, epoch);
	settle(m);
}

/* Return: the epoch that is old now; 0 = there was no room for another one. */
static u32 begin(struct machine *m)
{
	u32 old = epoch_now(m);

	epoch_begin(m);
	settle(m);
	return epoch_now(m) == old ? 0 : old;
}

static void must_retire(struct machine *m, u32 epoch)
{
	retire(m, epoch);
	if (!m->vol.failed && !epoch_destroyed(epoch))
		fail("R3: epoch %u was swept, and cannot be retired", epoch);
}

/* All the way. */
static void rotate(struct machine *m)
{
	u32 old = begin(m);

	if (!old)
		return;
	sweep_all(m);
	if (!m->vol.rotation.damaged)
		must_retire(m, old);
}

static void each_step(struct machine *m)
{
	u32 old = begin(m);

	while (old && !epochs_through(m)) {
		if (one_in(20))
			crash_here(m);
		epochs_sweep(m);
		settle(m);
	}
	if (!old)
		return;
	if (epochs_old_tag(m))
		retire(m, old);
	if (epoch_destroyed(old))
		fail("R4: epoch %u is retired, and the record of a tag is under it", old);
	sweep_all(m);
	crash_here(m);
	must_retire(m, old);
	crash_here(m);
}

static const struct dmw_task *flush_of(const struct machine *m)
{
	u32 i;

	for (i = 0; i < m->job_count; i++)
		if (m->jobs[i].t->io == DMW_IO_FLUSH)
			return m->jobs[i].t;
	return NULL;
}

/*
 * The sweep ends, and the epoch is to be retired, when a checkpoint has written all nodes and flushes: those
 * of the last steps are not among them, and its superblock must still list the epoch.
 */
static void late_retire(struct machine *m)
{
	u64 last = cfg.leaves[cfg.leaf_count - 1] << DMW_FANOUT_SHIFT;
	u32 old;

	if (!epochs_all_open(last, 1))
		return;
	do_op(m, DMW_OP_WRITE, last, 1);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	old = begin(m);
	if (!old)
		return;
	sweep_tags(m);
	while (m->vol.rotation.cursor < last) {
		epochs_sweep(m);
		settle(m);
	}
	machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
	while (m->job_count && !flush_of(m))
		machine_step(m, true);
	held = flush_of(m);
	sweep_all(m);
	if (epochs_through(m))
		machine_submit_epoch(m, DMW_OP_RETIRE, old);
	settle(m);
	held = NULL;
	while (m->job_count) {
		crash_here(m);
		machine_step(m, true);
	}
	settle(m);
}

/* A step waits for a write, and behind it a new epoch begins: what the step then does is not the new sweep's. */
static void stale_step(struct machine *m)
{
	u64 sector = cfg.leaves[1] << DMW_FANOUT_SHIFT;
	u32 old, older;

	if (!epochs_all_open(sector, 1) || !epochs_all_open(VICTIM, 1))
		return;
	do_op(m, DMW_OP_WRITE, VICTIM, 1);
	do_op(m, DMW_OP_WRITE, sector, 1);
	older = begin(m);
	while (older && m->vol.rotation.cursor < sector) {
		epochs_sweep(m);
		settle(m);
	}
	if (!older)
		return;
	machine_submit(m, DMW_OP_WRITE, sector, 1, false);
	step_all_but(m, dmw_layout_sector(&cfg.layout, sector));
	epochs_sweep(m);
	old = begin(m);
	sweep_all(m);
	if (m->vol.failed || m->vol.rotation.damaged)
		return;
	must_retire(m, older);
	if (old)
		must_retire(m, old);
}

/* As many as there is room for, one upon the other, and then all of them end. */
static void crowd(struct machine *m)
{
	u32 n, e;

	for (n = 0; n <= DMW_MAX_EPOCHS && begin(m); n++)
		if (one_in(2))
			do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	if (n >= DMW_MAX_EPOCHS)
		fail("R1: %u epochs are old, and yet another one begins", n);
	sweep_all(m);
	for (e = 1; e < epoch_now(m); e++)
		if (epoch_listed(m, e))
			must_retire(m, e);
	crash_here(m);
}

/* The activation chain has more than one link: each must come under the new epoch's key. */
static void long_chain(struct machine *m)
{
	u32 before = 0;

	while (m->vol.state.root.activation_count < DMW_ACTIVATIONS_PER_BLOCK + 3 &&
	       m->vol.state.root.activation_count != before) {
		before = m->vol.state.root.activation_count;
		rotate(m);
	}
	crash_here(m);
}

/* ---- nothing but tags ---- */

static void assign(struct machine *m, u64 sector, u32 n, u32 tag)
{
	machine_submit_assign(m, sector, n, sector + n, tag);
	settle(m);
}

static u64 first_of(u32 leaf)
{
	return cfg.leaves[leaf] << DMW_FANOUT_SHIFT;
}

static u32 size_of(u32 leaf)
{
	return min_t(u64, DMW_FANOUT, cfg.layout.data_sectors - first_of(leaf));
}

static bool erase_all(struct machine *m)
{
	u32 i;

	for (i = 0; i < cfg.leaf_count; i++) {
		if (!epochs_all_open(first_of(i), size_of(i)))
			return false;
		do_op(m, DMW_OP_ERASE, first_of(i), size_of(i));
	}
	return true;
}

/*
 * Nothing is written, but a node is, for a tag's sake; and all of the leaves below it, that never were, are in
 * memory when the sweep comes by. Small volumes only: there are no other leaves.
 */
static void only_tags(struct machine *m)
{
	u32 old, tag, i;

	if (!cfg.tags_in || cfg.geometry > GEOMETRY_TINY512 || m->vol.failed ||
	    m->vol.tags.count >= MAX_TAGS || !erase_all(m))
		return;
	tag_create(m);
	settle(m);
	tag = m->vol.tags.count;
	assign(m, first_of(0), DMW_FANOUT, tag);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	old = begin(m);
	for (i = 0; old && i < cfg.leaf_count; i++)
		assign(m, first_of(i), 1, i ? 0 : tag);
	if (!old)
		return;
	sweep_all(m);
	if (!m->vol.rotation.damaged)
		must_retire(m, old);
	crash_here(m);
}

/* ---- damage ---- */

static struct page *damaged(const struct page *p, bool unreadable)
{
	struct page *bad = page_new();

	memcpy(bad->data, p->data, DMW_SECTOR_SIZE);
	bad->bad = unreadable;
	bad->data[below(DMW_SECTOR_SIZE)] ^= 1 << below(8);
	return bad;
}

/* A sector that does not open keeps its epoch, whatever is asked; all others are sealed anew. */
static void one_damaged(struct machine *m)
{
	u64 block = dmw_layout_sector(&cfg.layout, VICTIM + 1);
	struct page *good;
	u32 old, n = min(leaf_window(0), 4U);

	if (n < 2 || !epochs_all_open(VICTIM, n))
		return;
	do_op(m, DMW_OP_WRITE, VICTIM, n);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	old = begin(m);
	if (!old)
		return;
	good = image_get(&m->disk->cache, block);
	good->refs++;
	image_put(&m->disk->cache, block, damaged(good, one_in(2)));
	m->tolerant = true;
	sweep_all(m);
	if (m->vol.rotation.damaged != 1)
		fail("R4: %llu sectors are said to be damaged instead of 1",
		     (unsigned long long)m->vol.rotation.damaged);
	retire(m, old);
	if (epoch_destroyed(old))
		fail("R4: epoch %u is retired, and a damaged sector is under it", old);
	m->tolerant = false;
	memset(m->host.events, 0, sizeof(m->host.events));
	image_put(&m->disk->cache, block, good);
	machine_restart_sweep(m);
	sweep_all(m);
	must_retire(m, old);
	do_op(m, DMW_OP_READ, VICTIM, n);
}

/* The same of a leaf, in either of its slots: what is below it cannot be sealed anew. */
static void damaged_leaf(struct machine *m)
{
	u64 blocks[DMW_SLOTS];
	struct page *good[DMW_SLOTS];
	u32 old, i;

	if (!epochs_all_open(VICTIM, 1))
		return;
	do_op(m, DMW_OP_WRITE, VICTIM, 1);
	old = begin(m);
	machine_shrink(m, 1000);
	if (!old)
		return;
	for (i = 0; i < DMW_SLOTS; i++) {
		blocks[i] = dmw_layout_node(&cfg.layout, 0, cfg.leaves[0], i);
		good[i] = image_get(&m->disk->cache, blocks[i]);
		if (!good[i])
			continue;
		good[i]->refs++;
		image_put(&m->disk->cache, blocks[i], damaged(good[i], false));
	}
	m->tolerant = true;
	sweep_all(m);
	retire(m, old);
	if (!m->vol.rotation.damaged || epoch_destroyed(old))
		fail("R4: epoch %u is retired, and a damaged leaf is under it", old);
	m->tolerant = false;
	memset(m->host.events, 0, sizeof(m->host.events));
	for (i = 0; i < DMW_SLOTS; i++)
		if (good[i])
			image_put(&m->disk->cache, blocks[i], good[i]);
	machine_restart_sweep(m);
	sweep_all(m);
	must_retire(m, old);
}

/* ---- keys that are missing ---- */

static enum dmw_load_error open_image(const struct image *img, u64 *lost)
{
	enum dmw_load_error err;
	struct machine m;
	struct disk d;

	disk_init(&d, img);
	machine_init(&m, &d);
	m.tolerant = true;
	err = machine_open(&m, false);
	*lost = m.vol.stats.lost;
	machine_free(&m);
	disk_free(&d);
	return err;
}

/*
 * Without the new epoch's key the newest superblock cannot be opened: nobody may go on from the one before.
 * Without the old one's something else cannot: it is not lost for that.
 */
static void missing_key(struct machine *m)
{
	enum dmw_load_error err;
	struct image img;
	u64 lost;
	u32 old;

	if (!epochs_all_open(VICTIM, 1))
		return;
	do_op(m, DMW_OP_WRITE, VICTIM, 1);
	old = begin(m);
	if (!old)
		return;
	image_flatten(&img, &m->disk->cache);
	epoch_hide(old + 1);
	err = open_image(&img, &lost);
	if (err != DMW_LOAD_NO_KEY)
		fail("R5: without the newest superblock's key the one before is taken: %s",
		     dmw_load_error_text(err));
	image_free(&img);
	epoch_hide(0);
	do_op(m, DMW_OP_WRITE, VICTIM, 1);
	image_flatten(&img, &m->disk->cache);
	epoch_hide(old);
	err = open_image(&img, &lost);
	if (lost || (err && err != DMW_LOAD_NO_KEY && err != DMW_LOAD_RECOVERY_KEY))
		fail("R5: without the old epoch's key %llu sectors are lost: %s",
		     (unsigned long long)lost, dmw_load_error_text(err));
	image_free(&img);
	epoch_hide(0);
	sweep_all(m);
	must_retire(m, old);
}

/* A superblock of before, whose key is destroyed, has come back into the copy that is not the newest. */
static void old_superblock(struct machine *m)
{
	u64 blocks[2] = { 0, cfg.layout.superblock_b }, newest, lost;
	enum dmw_load_error err;
	struct page *before[2];
	struct image img;
	u32 i;

	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	for (i = 0; i < 2; i++) {
		before[i] = image_get(&m->disk->cache, blocks[i]);
		before[i]->refs++;
	}
	rotate(m);
	newest = dmw_layout_superblock(&cfg.layout, m->vol.state.sb.checkpoint);
	image_flatten(&img, &m->disk->cache);
	for (i = 0; i < 2; i++)
		if (blocks[i] == newest)
			page_put(before[i]);
		else
			image_put(&img, blocks[i], before[i]);
	err = open_image(&img, &lost);
	if (err || lost)
		fail("R5: an old superblock under a destroyed key keeps the volume from opening: %s",
		     dmw_load_error_text(err));
	image_free(&img);
}

/* A read has looked at a seal, and takes so long that the key of that seal is destroyed meanwhile. */
static void slow_read(struct machine *m)
{
	if (!epochs_all_open(VICTIM, 1))
		return;
	do_op(m, DMW_OP_WRITE, VICTIM, 1);
	do_op(m, DMW_OP_READ, VICTIM, 1);
	machine_submit(m, DMW_OP_READ, VICTIM, 1, false);
	if (!m->job_count || !m->jobs[m->job_count - 1].t->op)
		return;
	held = m->jobs[m->job_count - 1].t;
	rotate(m);
	held = NULL;
	settle(m);
}

/** epoch_scenes() - one of them, on a machine on which nothing is under way */
void epoch_scenes(struct machine *m)
{
	static void (*const scenes[])(struct machine *m) = {
		each_step, late_retire, stale_step, crowd, one_damaged, damaged_leaf, missing_key, old_superblock, slow_read,
	};
	u32 e;

	/* Chance has left some behind. */
	sweep_all(m);
	for (e = 1; e < epoch_now(m); e++)
		if (epoch_listed(m, e) && !m->vol.rotation.damaged)
			must_retire(m, e);
	if (one_in(20))
		long_chain(m);
	else
		scenes[below(ARRAY_SIZE(scenes))](m);
	/* Last, so that seeds lead to what they led to before. */
	only_tags(m);
}
