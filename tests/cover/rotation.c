// SPDX-License-Identifier: GPL-2.0-or-later
/* Scenes with more than one epoch of keys, and with keys that are not there: see paths.h. */
#include "paths.h"

#define TAG	FORGE_FROZEN	/* one whose keys can go */
#define FIRST	DMW_FANOUT	/* of a leaf at which submit_op() does not look */

static int run_op(enum dmw_op_kind kind, u32 epoch)
{
	struct drive_op *o = calloc(1, sizeof(*o));

	o->op.kind = kind;
	o->op.tag = epoch;
	submit_op(o);
	return drive_end(o);
}

static int begin(u32 epoch)
{
	return run_op(DMW_OP_EPOCH, epoch);
}

static int retire(u32 epoch)
{
	return run_op(DMW_OP_RETIRE, epoch);
}

static struct drive_op *submit_step(void)
{
	return drive_submit(&d, DMW_OP_SWEEP, 0, DMW_FANOUT, false, 0);
}

static int step(void)
{
	struct drive_op *o = submit_step();

	drive_run(&d);
	return drive_end(o);
}

static void sweep_to(u64 sector)
{
	u32 i;

	for (i = 0; d.v.rotation.cursor < sector; i++) {
		expect("a step of the sweep", step(), 0);
		if (i > 10000)
			fail("the sweep does not get on");
	}
}

static void sweep_all(void)
{
	sweep_to(d.v.state.sb.layout.data_sectors);
}

#define expect_sweep(cursor, damaged, shredded) expect_sweep_at(__LINE__, cursor, damaged, shredded)

static void expect_sweep_at(int line, u64 cursor, u64 damaged, u64 shredded)
{
	const struct dmw_rotation *r = &d.v.rotation;

	if (r->cursor != cursor || r->damaged != damaged || r->shredded != shredded)
		fail("%s:%d: the sweep is at %llu, %llu damaged, %llu shredded, instead of %llu, %llu, %llu",
		     __FILE__, line, (unsigned long long)r->cursor, (unsigned long long)r->damaged,
		     (unsigned long long)r->shredded, (unsigned long long)cursor,
		     (unsigned long long)damaged, (unsigned long long)shredded);
}

static void hide_epoch(u32 epoch)
{
	lun.gone = (struct gone_keys){ .epoch = epoch, .error = -ENOKEY };
}

static void hide_tag(u32 tag, int error)
{
	lun.gone = (struct gone_keys){ .tag = tag, .error = error };
}

static void all_keys(void)
{
	memset(&lun.gone, 0, sizeof(lun.gone));
}

/* Tags 1 and 2; from here on MACs are what they should be. */
static void with_tags(void)
{
	more_records();
	expect("a tag", change_tag(1, DMW_TAG_OPEN), 0);
	expect("a tag", change_tag(TAG, DMW_TAG_OPEN), 0);
	lun.forgiving = false;
}

/* Their records do not stay under an old epoch. */
static void sweep_tags(void)
{
	expect("a record", change_tag(1, DMW_TAG_OPEN), 0);
	expect("a record", change_tag(TAG, d.v.tags.states[TAG]), 0);
}

/* ---- what is refused ---- */

/* No way back to an epoch that is over; and a volume that is only read does not rotate. */
static void refused(void)
{
	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, 4), 0);
	expect("an epoch", begin(2), 0);
	expect("the same epoch", begin(2), 0);
	expect("the epoch before", begin(1), -EINVAL);
	if (dmw_root_epoch(&d.v.state.root) != 2 || d.v.rotation.next || d.v.state.sb.epoch != 2)
		fail("an epoch that was refused begins");
	crash();
	open_volume(16, true);
	expect("an epoch of a read-only volume", begin(3), -EROFS);
	expect("the end of an epoch of a read-only volume", retire(1), -EROFS);
	expect("a step on a read-only volume", step(), -EBUSY);
	expect_sweep(0, 0, 0);
	crash();
	puts("ok refused-rotation");
}

static void all_activations(struct dmw_superblock_disk *sb)
{
	sb->activation_blocks = cpu_to_le32(DMW_MAX_ACTIVATION_BLOCKS);
	sb->root.activation_count = cpu_to_le32(DMW_MAX_ACTIVATIONS);
}

/* Every link of a chain as long as it may be; only the salts are missing. */
static void fill_links(void)
{
	struct dmw_wide_seal prev = { .epoch = 1 };
	struct dmw_activation a[DMW_ACTIVATIONS_PER_BLOCK] = { 0 };
	u32 link, n, i;

	for (i = 0; i < DMW_ACTIVATIONS_PER_BLOCK; i++)
		a[i].epoch = 1;
	for (i = 0; i < DMW_MAX_ACTIVATIONS; i += n) {
		n = min_t(u32, DMW_MAX_ACTIVATIONS - i, DMW_ACTIVATIONS_PER_BLOCK);
		link = i / DMW_ACTIVATIONS_PER_BLOCK;
		dmw_activation_block_encode((void *)lun_block(dmw_layout_activation(&l, link, 0)),
					    link ? &prev : NULL, a, n);
	}
}

/* The area has room for more, but a nonce has none for its number. */
static void no_activation_left(void)
{
	forge_empty(&l, 512, 8, 4000);
	each_superblock(all_activations);
	fill_links();
	expect("an opening", opening(false), DMW_LOAD_ACTIVATIONS_FULL);
	crash();
	expect("an opening", opening(true), DMW_LOAD_OK);
	crash();
	puts("ok no-activation-left");
}

/* ---- keys that are missing: nobody has brought them, which may be mended ---- */

/*
 * A leaf is under the old epoch, whose metadata key is missing. A sweep stops there, and does not
 * call it damaged; a recovery does not take place. With the key nothing was lost, and after a whole
 * sweep it is not needed any more.
 */
static void missing_node_key(void)
{
	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, FIRST, 1, 4), 0);
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	expect("an epoch", begin(2), 0);
	crash();
	open_volume(16, false);
	hide_epoch(1);
	expect("a step without the old key", step(), -ENOKEY);
	lun.gone.error = -ENOMEM;
	expect("a step without memory for the old key", step(), -ENOMEM);
	expect_sweep(0, 0, 0);
	expect("the end of an epoch", retire(1), -EBUSY);
	all_keys();
	expect("a write", drive_op(&d, DMW_OP_WRITE, FIRST, 1, 5), 0);
	expect("a flush", drive_op(&d, DMW_OP_FLUSH, 0, 0, 0), 0);
	crash();
	hide_epoch(1);
	expect("a recovery without the old key", opening(false), DMW_LOAD_NO_KEY);
	crash();
	expect("a recovery without the old key", opening(true), DMW_LOAD_NO_KEY);
	crash();
	all_keys();
	open_volume(16, false);
	expect_read(FIRST, 5);
	sweep_all();
	expect_sweep(300, 0, 0);
	expect("the end of an epoch", retire(1), 0);
	crash();
	hide_epoch(1);
	open_volume(16, false);
	expect_read(FIRST, 5);
	crash();
	puts("ok missing-node-key");
}

/* The crypto stack fails once amid a step: that says nothing of the sectors. */
static void failing_step(void)
{
	u32 n;

	for (n = 1; n <= 6; n++) {
		forge_empty(&l, 512, 8, 300);
		open_volume(16, false);
		expect("a write", drive_op(&d, DMW_OP_WRITE, 0, 3, 4), 0);
		expect("an epoch", begin(2), 0);
		lun.fault = FAULT_CRYPT;
		lun.fault_in = n;
		expect("a step whose crypto fails", step(), -EIO);
		if (!lun.faulted || d.v.failed || lun.events[DMW_EVENT_MISMATCH])
			fail("the volume is blamed for what the crypto stack does");
		expect_sweep(0, 0, 0);
		sweep_all();
		expect_sweep(300, 0, 0);
		expect("the end of an epoch", retire(1), 0);
		expect_read(2, 6);
		crash();
	}
	puts("ok failing-step");
}

/* ---- what cannot be opened any more ---- */

#define OLD	8	/* sectors from FIRST on; three of them are of the tag */

static bool has_tag(u32 i, u32 at)
{
	return i == at || i == at + 1 || i == 6;
}

static void write_old(u32 at)
{
	with_tags();
	expect("a write", drive_op(&d, DMW_OP_WRITE, FIRST, OLD, 10), 0);
	expect("an assignment", assign(FIRST + at, 2, FIRST + at + 2, TAG), 0);
	expect("an assignment", assign(FIRST + 6, 1, FIRST + 7, TAG), 0);
	expect("an epoch", begin(2), 0);
}

/* The shredded ones are counted and left as they are, all others need the old keys no more. */
static void expect_swept(u32 at)
{
	u32 i;

	sweep_all();
	expect_sweep(d.v.state.sb.layout.data_sectors, 0, 3);
	if (d.v.rotation.resealed != OLD - 3 || lun.events[DMW_EVENT_MISMATCH])
		fail("%llu of %u sectors are sealed anew, and %u said not to verify",
		     (unsigned long long)d.v.rotation.resealed, OLD - 3,
		     lun.events[DMW_EVENT_MISMATCH]);
	sweep_tags();
	expect("the end of an epoch", retire(1), 0);
	crash();
	lun.gone = (struct gone_keys){ .tag = TAG, .epoch = 1, .error = -ENODATA };
	open_volume(16, false);
	for (i = 0; i < OLD; i++)
		if (has_tag(i, at))
			expect("a read", drive_op(&d, DMW_OP_READ, FIRST + i, 1, 0), -ENODATA);
		else
			expect_read(FIRST + i, 10 + i);
	crash();
}

/* A key that somebody has kept changes nothing. */
static void shredded_before_the_sweep(u32 at)
{
	write_old(at);
	expect("a shred", change_tag(TAG, DMW_TAG_SHREDDED), 0);
	expect_swept(at);
}

/* Nobody has brought the tag's keys: that may be mended. */
static void missing_tag_key(void)
{
	write_old(0);
	sweep_to(FIRST);
	hide_tag(TAG, -ENOKEY);
	expect("a step without a tag's key", step(), -ENOKEY);
	expect_sweep(FIRST, 0, 0);
	all_keys();
	sweep_all();
	expect_sweep(d.v.state.sb.layout.data_sectors, 0, 0);
	sweep_tags();
	expect("the end of an epoch", retire(1), 0);
	expect_read(FIRST, 10);
	expect_read(FIRST + 6, 16);
	crash();
	puts("ok missing-tag-key");
}

/*
 * The tag's record cannot be had, and its keys go while a step has chosen all the sectors: what it
 * meets is shredded, not damaged, and the others go on.
 */
static void shredded_amid_a_step(u32 at)
{
	struct drive_op *o;

	write_old(at);
	sweep_to(FIRST);
	o = submit_step();
	dmw_tags_shred(&d.v.tags, TAG);
	hide_tag(TAG, -ENODATA);
	drive_run(&d);
	expect("a step amid which a tag is shredded", drive_end(o), 0);
	expect_sweep(at ? FIRST + at : FIRST + 1, 0, !at);
	expect_swept(at);
}

/* Three old sectors, in the first leaf. */
static void write_few(void)
{
	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 0, 3, 4), 0);
	expect("an epoch", begin(2), 0);
}

/* One of them was damaged when the sweep came by, and is whole again now. */
static void expect_mended(u32 mismatches)
{
	u32 i;

	sweep_all();
	expect_sweep(300, 1, 0);
	if (lun.events[DMW_EVENT_MISMATCH] != mismatches)
		fail("%u sectors are said not to verify instead of %u",
		     lun.events[DMW_EVENT_MISMATCH], mismatches);
	expect("the end of an epoch", retire(1), -EBUSY);
	dmw_sweep_restart(&d.v);
	sweep_all();
	expect_sweep(300, 0, 0);
	expect("the end of an epoch", retire(1), 0);
	for (i = 0; i < 3; i++)
		expect_read(i, 4 + i);
	crash();
}

/* A sector that the LUN cannot read says by the same error as a shredded one that it is damaged. */
static void medium_error(void)
{
	write_few();
	lun.fault = FAULT_MEDIUM;
	lun.fault_in = 1;
	expect("a step that cannot read", step(), 0);
	expect_sweep(0, 0, 0);
	lun.fault_in = 1;
	expect("a step that cannot read a sector", step(), 0);
	expect_sweep(1, 1, 0);
	expect_mended(0);
	puts("ok medium-error");
}

static void mismatch(void)
{
	u8 *byte;

	write_few();
	byte = &lun_block(dmw_layout_sector(&l, 1))[7];
	*byte ^= 1;
	expect("a step whose second sector does not verify", step(), 0);
	expect_sweep(1, 0, 0);
	expect("a step whose first sector does not verify", step(), 0);
	expect_sweep(2, 1, 0);
	sweep_all();
	*byte ^= 1;
	expect_mended(1);
	puts("ok mismatch");
}

/* ---- shredded with a write under way ---- */

/* The task that was handed out last is not carried out until let_go(). */
static struct dmw_task *hold(void)
{
	if (d.task_count != 1)
		fail("%u tasks instead of one", d.task_count);
	d.ops--;
	return d.tasks[--d.task_count];
}

static void let_go(struct dmw_task *t)
{
	d.ops++;
	d.tasks[d.task_count++] = t;
	drive_run(&d);
}

/*
 * Its record cannot be had when a tag is shredded, which then waits for nobody; so the record comes
 * to say it before a write that was under way is journalled. A recovery that finds the write goes
 * by what the table says, also when the keyset has neither keys nor a mark: the volume opens, and
 * the sector is shredded. Were there a key that somebody has kept, it would look the same.
 */
static void shredded_behind_a_write(int error)
{
	struct drive_op *write;
	struct dmw_task *held;
	struct dmw_node *leaf;
	u64 nonce;

	with_tags();
	expect("a write", drive_op(&d, DMW_OP_WRITE, FIRST, 1, 10), 0);
	expect("an assignment", assign(FIRST, 1, FIRST + 1, TAG), 0);
	write = drive_submit(&d, DMW_OP_WRITE, FIRST, 1, false, 11);
	held = hold();
	dmw_tags_shred(&d.v.tags, TAG);
	expect("a shred", change_tag(TAG, DMW_TAG_SHREDDED), 0);
	nonce = write->op.seals[0].nonce;
	let_go(held);
	expect("a write", drive_end(write), 0);
	crash();
	if (error)
		hide_tag(TAG, error);
	open_volume(16, false);
	if (d.v.stats.lost || d.v.stats.recovered != 1)
		fail("%llu sectors are recovered instead of 1, and %llu lost",
		     (unsigned long long)d.v.stats.recovered, (unsigned long long)d.v.stats.lost);
	expect("a read", drive_op(&d, DMW_OP_READ, FIRST, 1, 0), -ENODATA);
	expect("a look", dmw_tree_get_sync(&d.v, FIRST >> DMW_FANOUT_SHIFT, &leaf), 0);
	if (le64_to_cpu(leaf->seals->seals[0].nonce) != nonce)
		fail("a shredded sector has not the newest of its seals");
	dmw_tree_put(&d.v, leaf);
	crash();
}

void rotation(void)
{
	refused();
	no_activation_left();
	missing_node_key();
	failing_step();
	missing_tag_key();
	shredded_before_the_sweep(0);
	shredded_before_the_sweep(3);
	puts("ok shredded-before-the-sweep");
	shredded_amid_a_step(0);
	shredded_amid_a_step(3);
	puts("ok shredded-amid-a-step");
	medium_error();
	mismatch();
	shredded_behind_a_write(0);
	shredded_behind_a_write(-ENOKEY);
	shredded_behind_a_write(-ENODATA);
	puts("ok shredded-behind-a-write");
}
