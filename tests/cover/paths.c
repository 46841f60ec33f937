// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scenes for branches of the core that neither the simulator nor the fuzzer's corpus comes to, on the
 * fuzz targets' LUN in memory (../fuzz/host.c, drive.c, forge.c). Each says "ok NAME", or ends in
 * fail().
 */
#include "fuzz.h"

static struct drive d;
static struct dmw_layout l;

static void open_volume(u32 node_limit, bool read_only)
{
	struct dmw_options o = {
		.lun = { .blocks = lun.blocks, .logical_block = lun.logical_block,
			 .read_only = read_only },
		.node_limit = node_limit, .host_name = "paths",
	};
	enum dmw_load_error err = drive_open(&d, &o);

	if (err)
		fail("does not open: %s", dmw_load_error_text(err));
	if (!read_only && drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0))
		fail("the first checkpoint fails");
}

/* Everything in memory is forgotten. */
static void crash(void)
{
	drive_free(&d);
	lun.writable = true;
}

static void expect(const char *what, int error, int expected)
{
	if (error != expected)
		fail("%s ends with %d instead of %d", what, error, expected);
}

static void expect_read(u64 sector, u64 value)
{
	struct drive_op *o = drive_submit(&d, DMW_OP_READ, sector, 1, false, 0);
	u8 want[DMW_SECTOR_SIZE];

	drive_run(&d);
	drive_fill(want, value);
	expect("a read", o->op.error, 0);
	if (value ? o->op.zero || memcmp(o->data, want, sizeof(want)) : !o->op.zero)
		fail("sector %llu does not hold %llu", (unsigned long long)sector,
		     (unsigned long long)value);
	drive_end(o);
}

/*
 * Whole leaves, then one sector each of more leaves, and a checkpoint, all at once. Values are sectors
 * plus one. The sum is a multiple of the nodes that a checkpoint lets collapse in one go.
 */
#define WHOLE	12
#define SINGLE	308

static void all_at_once(enum dmw_op_kind kind, u32 whole, u32 single)
{
	struct drive_op *ops[WHOLE + SINGLE], *checkpoint;
	u32 i, n = whole + single;

	for (i = 0; i < n; i++)
		ops[i] = drive_submit(&d, kind, i * DMW_FANOUT, i < whole ? DMW_FANOUT : 1, false,
				      kind == DMW_OP_WRITE ? i * DMW_FANOUT + 1 : 0);
	checkpoint = drive_submit(&d, DMW_OP_CHECKPOINT, 0, 0, false, 0);
	drive_run(&d);
	expect("a checkpoint among many ops", drive_end(checkpoint), 0);
	for (i = 0; i < n; i++)
		expect("one of many ops", drive_end(ops[i]), 0);
}

/*
 * More records than there are at a time, more entries than recovery first has room for, more nodes
 * than it may keep, than there are images, and than may be given back or collapse at once.
 */
static void many(void)
{
	u32 i;

	forge_empty(&l, 512, 64, 1 << 20);
	open_volume(1024, false);
	all_at_once(DMW_OP_WRITE, WHOLE, SINGLE);
	crash();
	open_volume(10, false);
	if (d.v.stats.lost)
		fail("%llu sectors are lost", (unsigned long long)d.v.stats.lost);
	for (i = 0; i < WHOLE + SINGLE; i += 3)
		expect_read(i * DMW_FANOUT, i * DMW_FANOUT + 1);
	crash();
	open_volume(1024, false);
	all_at_once(DMW_OP_ERASE, WHOLE, SINGLE);
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	if (d.v.state.root.tree[0].nonce)
		fail("all is erased, and nodes remain");
	crash();
	puts("ok many");
}

/* A ring that is too short for what comes at once: writers wait for checkpoints. */
static void short_ring(void)
{
	forge_empty(&l, 4096, 8, 1 << 16);
	open_volume(256, false);
	all_at_once(DMW_OP_WRITE, WHOLE, 0);
	if (d.v.stats.checkpoints < 2)
		fail("a full ring asks for no checkpoint");
	crash();
	open_volume(256, false);
	expect_read(WHOLE * DMW_FANOUT - 1, WHOLE * DMW_FANOUT);
	crash();
	puts("ok short-ring");
}

/* A checkpoint ends while ops wait for records, in many an order. */
static void busy(void)
{
	struct drive_op *writes[24], *checkpoint = NULL;
	u64 seed;
	u32 i;

	for (seed = 1; seed <= 40; seed++) {
		forge_empty(&l, 512, 256, 1 << 16);
		open_volume(256, false);
		host_seed(seed);
		for (i = 0; i < 24; i++) {
			writes[i] = drive_submit(&d, DMW_OP_WRITE, i * DMW_FANOUT, DMW_FANOUT,
						 false, seed);
			if (i == seed % 4)
				checkpoint = drive_submit(&d, DMW_OP_CHECKPOINT, 0, 0, false, 0);
		}
		drive_run(&d);
		expect("a checkpoint", drive_end(checkpoint), 0);
		for (i = 0; i < 24; i++)
			expect("a write", drive_end(writes[i]), 0);
		expect_read(DMW_FANOUT + 3, seed + 3);
		crash();
	}
	puts("ok busy");
}

/* Of three writes to a sector the first is flushed; the LUN has none of them. */
static void lost(void)
{
	u64 block;
	u32 i;

	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, 4), 0);
	expect("a flush", drive_op(&d, DMW_OP_FLUSH, 0, 0, 0), 0);
	for (i = 5; i < 8; i++)
		expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, i), 0);
	crash();
	block = dmw_layout_sector(&l, 3);
	memset(lun_block(block), 0, DMW_SECTOR_SIZE);
	open_volume(16, false);
	if (d.v.stats.lost != 1 || lun.events[DMW_EVENT_LOST] != 1)
		fail("flushed data is gone, and %llu sectors are lost",
		     (unsigned long long)d.v.stats.lost);
	expect("a read", drive_op(&d, DMW_OP_READ, 3, 1, 0), -EILSEQ);
	crash();
	puts("ok lost");
}

/* What a volume that cannot be written answers to those who do not write. */
static void not_written(void)
{
	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	crash();
	open_volume(16, true);
	expect("a flush", drive_op(&d, DMW_OP_FLUSH, 0, 0, 0), 0);
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	host_locked = true;
	dmw_volume_checkpoint(&d.v);
	host_locked = false;
	if (!list_empty(&d.v.tasks))
		fail("a read-only volume is checkpointed");
	crash();
	open_volume(16, false);
	lun.fault = FAULT_WRITE;
	lun.fault_in = 1;
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, 4), -EIO);
	expect("a flush", drive_op(&d, DMW_OP_FLUSH, 0, 0, 0), -EIO);
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), -EIO);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, 4), -EIO);
	crash();
	puts("ok not-written");
}

/* Is all committed? Before the first checkpoint, after a write, after a checkpoint. */
static void idle(void)
{
	struct dmw_options o = { .node_limit = 16, .host_name = "paths" };

	forge_empty(&l, 512, 8, 300);
	o.lun.blocks = lun.blocks;
	o.lun.logical_block = lun.logical_block;
	expect("an opening", drive_open(&d, &o), DMW_LOAD_OK);
	if (dmw_volume_idle(&d.v))
		fail("idle before the activation is written");
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	if (!dmw_volume_idle(&d.v))
		fail("not idle after a checkpoint");
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, 4), 0);
	if (dmw_volume_idle(&d.v))
		fail("idle after a write");
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	lun.fault = FAULT_MEMORY;
	lun.fault_in = 1;
	expect("a look without memory", dmw_volume_unchanged(&d.v), DMW_LOAD_MEMORY);
	expect("a look", dmw_volume_unchanged(&d.v), DMW_LOAD_OK);
	crash();
	puts("ok idle");
}

/* A host's -EAGAIN is not the core's. */
static void again(void)
{
	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 1, 4), 0);
	lun.fault = FAULT_AGAIN;
	lun.fault_in = 1;
	expect("a read", drive_op(&d, DMW_OP_READ, 3, 1, 0), -EIO);
	expect_read(3, 4);
	crash();
	puts("ok again");
}

/* An unwritten subtree that has a tag: an erase takes it away, where it erases. */
static void tagged(void)
{
	u64 sector = 1ULL << 35;
	struct dmw_node *leaf;

	forge_empty(&l, 512, 8, (1ULL << 36) + 300);
	open_volume(64, false);
	expect("an erase", drive_op(&d, DMW_OP_ERASE, sector, 5, 0), 0);
	if (d.v.tree.count)
		fail("an erase where nothing is brings nodes into memory");
	d.v.state.root.tree[1].tag = FORGE_TAG;
	expect("an erase", drive_op(&d, DMW_OP_ERASE, sector, 5, 0), 0);
	expect_read(sector + 4, 0);
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	expect("a look", dmw_tree_get_sync(&d.v, sector >> DMW_FANOUT_SHIFT, &leaf), 0);
	if (leaf->seals->seals[4].tag || le32_to_cpu(leaf->seals->seals[5].tag) != FORGE_TAG)
		fail("the tags are %u and %u", le32_to_cpu(leaf->seals->seals[4].tag),
		     le32_to_cpu(leaf->seals->seals[5].tag));
	dmw_tree_put(&d.v, leaf);
	crash();
	puts("ok tagged");
}

/* The n-th call of each kind fails while a volume is opened after a crash; then none does. */
static void failing_openings(void)
{
	struct dmw_options o = { .node_limit = 16, .host_name = "paths" };
	enum dmw_load_error err;
	u32 n;

	forge_empty(&l, 512, 8, 300);
	o.lun.blocks = lun.blocks;
	o.lun.logical_block = lun.logical_block;
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 130, 100, 131), 0);
	crash();
	for (lun.fault = 0; lun.fault < FAULTS; lun.fault++) {
		for (n = 1;; n++) {
			lun.fault_in = n;
			lun.faulted = false;
			err = drive_open(&d, &o);
			crash();
			if (!lun.faulted)
				break;
			if (lun.fault == FAULT_READ)
				expect("an opening", err, DMW_LOAD_IO);
			if (lun.fault == FAULT_MEMORY)
				expect("an opening", err, DMW_LOAD_MEMORY);
		}
		expect("an opening", err, DMW_LOAD_OK);
		lun.fault_in = 0;
	}
	open_volume(16, false);
	for (n = 130; n < 230; n++)
		expect_read(n, n + 1);
	crash();
	puts("ok failing-openings");
}

int main(void)
{
	many();
	short_ring();
	busy();
	lost();
	not_written();
	idle();
	again();
	tagged();
	failing_openings();
	return 0;
}
