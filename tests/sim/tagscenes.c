// SPDX-License-Identifier: GPL-2.0-or-later
/* Schedules with case tags that chance would hardly find. Each begins when nothing is under way. */
#include "sim.h"

/* The last leaf has only some of its sectors, and is never assigned as a whole. */
#define PART	(cfg.leaves[cfg.leaf_count - 1] << DMW_FANOUT_SHIFT)
#define WHOLE	(cfg.leaves[1] << DMW_FANOUT_SHIFT)

/* A crash after each step. */
static void step_by_step(struct machine *m)
{
	u32 i;

	while (m->job_count) {
		for (i = 0; m->jobs[0].phase == PHASE_WORK && i < 2; i++)
			machine_step(m, true);
		if (m->job_count)
			machine_step(m, true);
		crash_here(m);
	}
	machine_drain(m, true);
}

static void do_op(struct machine *m, enum dmw_op_kind kind, u64 sector, u32 n)
{
	machine_submit(m, kind, sector, n, false);
	machine_drain(m, false);
}

static void do_assign(struct machine *m, u64 sector, u32 n, u32 tag)
{
	machine_submit_assign(m, sector, n, sector + n, tag);
	machine_drain(m, false);
}

static u32 new_tag(struct machine *m)
{
	tag_create(m);
	machine_drain(m, false);
	return m->vol.tags.count;
}

static bool all_open(u64 sector, u32 n)
{
	while (n && oracle_is_open(sector + n - 1))
		n--;
	return !n;
}

/* A record, its node, the top and the superblock: of a new tag, of another record, of a stricter state. */
static void each_step(struct machine *m)
{
	u32 tag = m->vol.tags.count + 1;

	tag_create(m);
	step_by_step(m);
	tag_close(m, tag, DMW_TAG_OPEN);
	step_by_step(m);
	tag_close(m, tag, one_in(2) ? DMW_TAG_FROZEN : DMW_TAG_RESTRICTED);
	step_by_step(m);
}

/* A change comes when the superblock of a checkpoint is on its way: the next one has it. */
static void late_change(struct machine *m)
{
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	if (oracle_is_open(PART))
		do_op(m, DMW_OP_WRITE, PART, 1);
	machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
	step_all_but(m, dmw_layout_superblock(&cfg.layout, m->vol.state.sb.checkpoint + 1));
	tag_create(m);
	machine_drain(m, false);
	crash_here(m);
}

/*
 * A tag is closed while a write, an erase or an assignment to one of its sectors is under way: the closing
 * waits for it, whoever comes later is refused.
 */
static void close_in_flight(struct machine *m, enum dmw_op_kind kind)
{
	u64 sector = PART + below(40), block = dmw_layout_sector(&cfg.layout, sector);
	const struct dmw_task *held = NULL;
	u32 tag = new_tag(m), ops;

	if (!oracle_is_open(sector))
		return;
	do_op(m, DMW_OP_WRITE, sector, 1);
	if (kind != DMW_OP_ASSIGN)
		do_assign(m, sector, 1, tag);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	if (kind == DMW_OP_ASSIGN)
		machine_submit_assign(m, sector, 1, sector + 1, tag);
	else
		machine_submit(m, kind, sector, 1, false);
	/* It is being sealed, and not journalled yet; or its data is on its way. */
	if (one_in(2) && m->job_count && m->jobs[m->job_count - 1].t->op)
		held = m->jobs[m->job_count - 1].t;
	else
		step_all_but(m, block);
	ops = m->op_count;
	tag_close(m, tag, one_in(2) ? DMW_TAG_FROZEN : DMW_TAG_RESTRICTED);
	if (held)
		step_all_but_task(m, held);
	else
		step_all_but(m, block);
	if (ops && m->op_count <= ops)
		fail("T4: tag %u is closed while one of its sectors is being written", tag);
	machine_submit(m, DMW_OP_WRITE, sector, 1, true);
	if (!held)
		step_all_but(m, block);
	crash_here(m);
	machine_drain(m, false);
	crash_here(m);
	do_op(m, DMW_OP_WRITE, sector, 1);
	do_op(m, DMW_OP_READ, sector, 1);
}

/* Nothing of a leaf is in memory, and it has no node. */
static void clear(struct machine *m)
{
	do_op(m, DMW_OP_ERASE, WHOLE, DMW_FANOUT);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	machine_shrink(m, 1000);
}

/* Sector by sector or all at once: a leaf that is unwritten, but has a tag. */
static void collapsing(struct machine *m, u32 tag)
{
	u32 part = 1 + below(DMW_FANOUT - 1);

	clear(m);
	do_assign(m, WHOLE, part, tag);
	do_assign(m, WHOLE, DMW_FANOUT, tag);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	machine_shrink(m, 1000);
	crash_here(m);
	machine_submit_seals(m, WHOLE, DMW_FANOUT, WHOLE + DMW_FANOUT);
	machine_drain(m, false);
	do_op(m, DMW_OP_WRITE, WHOLE + below(DMW_FANOUT), 1);
	crash_here(m);
}

/* A whole subtree gets a tag while a write is on its way into it. */
static void wide_race(struct machine *m, u32 tag)
{
	u64 sector = WHOLE + below(DMW_FANOUT);
	u32 i = below(20);

	clear(m);
	if (one_in(2))
		machine_submit(m, DMW_OP_WRITE, sector, 1, false);
	while (i-- && m->job_count)
		machine_step(m, false);
	machine_submit_assign(m, WHOLE, DMW_FANOUT, WHOLE + DMW_FANOUT, tag);
	machine_submit(m, DMW_OP_WRITE, sector, 1, false);
	machine_submit_assign(m, WHOLE, DMW_FANOUT, WHOLE + DMW_FANOUT, 0);
	machine_drain(m, false);
	crash_here(m);
	machine_submit_seals(m, WHOLE, DMW_FANOUT, WHOLE + DMW_FANOUT);
	machine_drain(m, false);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	crash_here(m);
}

/* A subtree as a whole, too, is not assigned to a closed tag, nor taken from one. */
static void wide_closed(struct machine *m, u32 tag)
{
	clear(m);
	tag_close(m, tag, DMW_TAG_FROZEN);
	machine_drain(m, false);
	do_assign(m, WHOLE, DMW_FANOUT, tag);
	if (!one_in(3))
		return;
	tag = new_tag(m);
	do_assign(m, WHOLE, DMW_FANOUT, tag);
	tag_close(m, tag, DMW_TAG_RESTRICTED);
	machine_drain(m, false);
	machine_shrink(m, 1000);
	do_assign(m, WHOLE, DMW_FANOUT, 0);
	do_op(m, DMW_OP_READ, WHOLE, DMW_FANOUT);
	do_op(m, DMW_OP_ERASE, WHOLE, DMW_FANOUT);
}

/* To and fro between two keys: no nonce may come back. */
static void to_and_fro(struct machine *m, u32 tag)
{
	u32 i;

	do_op(m, DMW_OP_WRITE, WHOLE, 3);
	for (i = 0; i < 4; i++)
		do_assign(m, WHOLE, 3, i % 2 ? 0 : tag);
	do_op(m, DMW_OP_READ, WHOLE, 3);
}

static enum dmw_load_error open_image(const struct image *img)
{
	enum dmw_load_error err;
	struct machine m;
	struct disk d;

	disk_init(&d, img);
	machine_init(&m, &d);
	err = machine_open(&m, false);
	machine_free(&m);
	disk_free(&d);
	return err;
}

/* The array gives back one block of before a freeze, the superblock, and all that was written since. */
static void hide_checkpoint(struct machine *m)
{
	u32 tag = new_tag(m);
	u64 block, committed;
	struct page *before;
	struct image img;

	if (!oracle_is_open(PART))
		return;
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	committed = m->vol.state.sb.checkpoint + 1;
	block = dmw_layout_superblock(&cfg.layout, committed);
	before = image_get(&m->disk->cache, block);
	if (!before)
		return;
	before->refs++;
	tag_close(m, tag, DMW_TAG_FROZEN);
	machine_drain(m, false);
	do_op(m, DMW_OP_WRITE, PART, 1);
	image_init(&img, &m->disk->cache);
	image_put(&img, block, before);
	if (m->vol.state.sb.checkpoint == committed &&
	    open_image(&img) != DMW_LOAD_CHECKPOINT_HIDDEN)
		fail("T4: a freeze is undone, and what was written after it is there");
	image_free(&img);
}

/* A tag is shredded while its sectors are in use: what crashes then leave has the keys, or has all of it not. */
static void shred_in_use(struct machine *m, u64 sector, u32 tag)
{
	u32 i = below(12);

	do_op(m, DMW_OP_WRITE, sector, 1);
	do_assign(m, sector, 1, tag);
	if (one_in(2))
		do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	machine_submit(m, one_in(2) ? DMW_OP_WRITE : DMW_OP_READ, sector, 1, one_in(2));
	while (i-- && m->job_count)
		machine_step(m, false);
	tag_close(m, tag, DMW_TAG_SHREDDED);
	step_by_step(m);
	/* The one behind it may be open. */
	do_op(m, DMW_OP_READ, sector, 2);
	do_op(m, DMW_OP_WRITE, sector, 2);
	do_op(m, DMW_OP_ERASE, sector, 1);
	do_assign(m, sector, 1, 0);
	crash_here(m);
}

/*
 * A sector is on its way into a tag, or out of it, or is written there, when the host dies; before it is
 * opened again the tag's keys may be destroyed. What has not left its old place must still be there.
 */
static void shred_on_the_way(struct machine *m, u64 sector, u32 tag)
{
	u64 block = dmw_layout_sector(&cfg.layout, sector);
	u32 to = one_in(3) ? 0 : tag;

	do_op(m, DMW_OP_WRITE, sector, 1);
	do_assign(m, sector, 1, to ? 0 : tag);
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	if (one_in(3))
		do_op(m, DMW_OP_WRITE, sector, 1);
	machine_submit_assign(m, sector, 1, sector + 1, to);
	step_all_but(m, block);
	crash_here(m);
	machine_drain(m, false);
	machine_submit(m, DMW_OP_WRITE, sector, 1, false);
	step_all_but(m, block);
	crash_here(m);
	machine_drain(m, false);
	crash_here(m);
}

/*
 * A read has looked at a seal, and takes so long that its sector gets another tag, and the one that it had is
 * shredded meanwhile. What is there now can be read.
 */
static void shred_behind_a_read(struct machine *m, u64 sector)
{
	const struct dmw_task *held;
	u32 tag;

	if (m->vol.failed || m->vol.tags.count >= MAX_TAGS || !oracle_is_open(sector))
		return;
	tag = new_tag(m);
	do_assign(m, sector, 1, tag);
	do_op(m, DMW_OP_WRITE, sector, 1);
	do_op(m, DMW_OP_READ, sector, 1);
	machine_submit(m, DMW_OP_READ, sector, 1, false);
	if (!m->job_count || !m->jobs[m->job_count - 1].t->op)
		return;
	held = m->jobs[m->job_count - 1].t;
	machine_submit_assign(m, sector, 1, sector + 1, 0);
	step_all_but_task(m, held);
	tag_close(m, tag, DMW_TAG_SHREDDED);
	step_all_but_task(m, held);
	machine_drain(m, false);
	if (m->last_error)
		fail("T4: a sector cannot be read (%d) whose former tag was shredded", m->last_error);
}

static void shred(struct machine *m)
{
	u64 sector = PART + below(leaf_window(cfg.leaf_count - 1) - 1);
	u32 tag = new_tag(m);

	/* What never was cannot be shredded. */
	tag_close(m, tag + 1, DMW_TAG_SHREDDED);
	machine_drain(m, false);
	if (!oracle_is_open(sector))
		return;
	if (one_in(2))
		shred_in_use(m, sector, tag);
	else
		shred_on_the_way(m, sector, tag);
	shred_behind_a_read(m, sector);
}

static void in_whole_leaf(struct machine *m)
{
	u32 tag = new_tag(m);

	if (!all_open(WHOLE, DMW_FANOUT))
		return;
	if (one_in(4))
		collapsing(m, tag);
	else if (one_in(3))
		wide_race(m, tag);
	else if (one_in(2))
		wide_closed(m, tag);
	else
		to_and_fro(m, tag);
}

/** tag_scenes() - one of them, on a machine on which nothing is under way */
void tag_scenes(struct machine *m)
{
	static const enum dmw_op_kind kinds[] = { DMW_OP_WRITE, DMW_OP_ERASE, DMW_OP_ASSIGN };

	if (m->vol.tags.count + 2 > MAX_TAGS)
		return;
	if (keys_chance(next_value, 3)) {
		shred(m);
		return;
	}
	do_op(m, DMW_OP_CHECKPOINT, 0, 0);
	if (one_in(5))
		each_step(m);
	else if (one_in(5))
		hide_checkpoint(m);
	else if (one_in(4))
		late_change(m);
	else if (one_in(2))
		close_in_flight(m, kinds[below(ARRAY_SIZE(kinds))]);
	else
		in_whole_leaf(m);
}
