// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scenes for branches of the core that neither the simulator nor the fuzzer's corpus comes to: see
 * paths.h. Those with more than one epoch of keys are in rotation.c.
 */
#include "paths.h"

struct drive d;
struct dmw_layout l;

void open_volume(u32 node_limit, bool read_only)
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
void crash(void)
{
	drive_free(&d);
	lun.writable = true;
}

void expect_at(const char *file, int line, const char *what, int error, int expected)
{
	if (error != expected)
		fail("%s:%d: %s ends with %d instead of %d", file, line, what, error, expected);
}

void expect_read_at(const char *file, int line, u64 sector, u64 value)
{
	struct drive_op *o = drive_submit(&d, DMW_OP_READ, sector, 1, false, 0);
	u8 want[DMW_SECTOR_SIZE];

	drive_run(&d);
	drive_fill(want, value);
	expect_at(file, line, "a read", o->op.error, 0);
	if (value ? o->op.zero || memcmp(o->data, want, sizeof(want)) : !o->op.zero)
		fail("%s:%d: sector %llu does not hold %llu", file, line,
		     (unsigned long long)sector, (unsigned long long)value);
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
	forge_empty(&l, 512, 8, 300);
	expect("an opening", opening(false), DMW_LOAD_OK);
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

/* No more than that; whoever asks says what has to come of it, and crash() ends it. */
enum dmw_load_error opening(bool read_only)
{
	struct dmw_options o = {
		.lun = { .blocks = lun.blocks, .logical_block = lun.logical_block,
			 .read_only = read_only },
		.node_limit = 16, .host_name = "paths",
	};

	return drive_open(&d, &o);
}

/* The n-th call of each kind fails while a volume is opened after a crash; then none does. */
static void failing_openings(void)
{
	enum dmw_load_error err;
	u32 n;

	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 130, 100, 131), 0);
	crash();
	/* What cannot be judged is not decided, but for an opening that writes nothing. */
	lun.no_data_keys = true;
	expect("an opening", opening(false), DMW_LOAD_RECOVERY_KEY);
	crash();
	expect("an opening", opening(true), DMW_LOAD_OK);
	crash();
	lun.no_data_keys = false;
	for (lun.fault = 0; lun.fault < FAULTS; lun.fault++) {
		for (n = 1;; n++) {
			lun.fault_in = n;
			lun.faulted = false;
			err = opening(false);
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

/* ---- the tag table ---- */

#define RECORDS	(DMW_FANOUT + 2)

/* Of a volume just formatted. Its areas move as the sizes say, and every MAC fits. */
void each_superblock(void (*change)(struct dmw_superblock_disk *sb))
{
	struct dmw_superblock_disk *a = (void *)lun_block(0), *b = (void *)lun_block(l.superblock_b);

	change(a);
	change(b);
	forge_derive(a);
	forge_derive(b);
	memcpy(lun_block(le64_to_cpu(a->superblock_b)), b, sizeof(*b));
	lun.forgiving = true;
}

/* Room for two nodes' worth of tags. */
void more_tags(struct dmw_superblock_disk *sb)
{
	sb->tag_records = cpu_to_le32(RECORDS);
}

void more_records(void)
{
	forge_empty(&l, 512, 8, 2000);
	each_superblock(more_tags);
	open_volume(64, false);
	l = d.v.state.sb.layout;
}

static void fill_record(struct dmw_tag_disk *r, u32 tag, u32 state)
{
	static const u8 metadata[] = "{}";
	struct dmw_tag t = {
		.tag = tag, .state = (enum dmw_tag_state)state, .name = "a case", .length = 2,
		.metadata = metadata,
	};

	dmw_tag_encode(r, &t);
}

/* drive.c does not know such ops: a read takes out of the core what there is to do. */
void submit_op(struct drive_op *o)
{
	o->drive = &d;
	d.ops++;
	host_locked = true;
	dmw_submit(&d.v, &o->op);
	drive_op(&d, DMW_OP_READ, 0, 1, 0);
}

int change_tag(u32 tag, u32 state)
{
	struct drive_op *o = calloc(1, sizeof(*o));
	struct dmw_tag_disk *record = malloc(sizeof(*record));
	struct dmw_tag_change c = { tag, (enum dmw_tag_state)state, record };
	int error;

	c.node = dmw_host_alloc(&d.host, sizeof(*c.node));
	fill_record(record, tag, state);
	o->op.kind = DMW_OP_TAG;
	o->op.change = &c;
	submit_op(o);
	error = drive_end(o);
	dmw_host_free(&d.host, c.node);
	free(record);
	return error;
}

int assign(u64 sector, u32 count, u64 end, u32 tag)
{
	struct drive_op *o = calloc(1, sizeof(*o));

	o->room = count;
	o->data = malloc((size_t)count << DMW_SECTOR_SHIFT);
	o->op.kind = DMW_OP_ASSIGN;
	o->op.sector = sector;
	o->op.count = count;
	o->op.end = end;
	o->op.tag = tag;
	o->op.seals = o->seals;
	submit_op(o);
	return drive_end(o);
}

static void *tag_block(enum dmw_tag_level level, u32 index, u32 seal_tag)
{
	return lun_block(dmw_layout_tag(&l, level, index, seal_tag & DMW_TAG_SEAL_SLOT));
}

static void refused_changes(void)
{
	expect("a change of no tag", change_tag(0, DMW_TAG_OPEN), -ENOENT);
	expect("a change of a tag that there is not", change_tag(3, DMW_TAG_OPEN), -ENOENT);
	expect("a thaw", change_tag(1, DMW_TAG_OPEN), -EPERM);
	dmw_tags_shred(&d.v.tags, 0);
	dmw_tags_shred(&d.v.tags, 2);
	if (d.v.tags.closed != 1 || d.v.tags.states[0] || d.v.tags.states[2])
		fail("a tag is shredded that there is not");
	crash();
	open_volume(16, true);
	expect("a change of a read-only volume's tag", change_tag(1, DMW_TAG_FROZEN), -EROFS);
	crash();
	forge_empty(&l, 512, 8, 300);
	open_volume(16, false);
	expect("a tag", change_tag(1, DMW_TAG_OPEN), 0);
	expect("one more than there is room for", change_tag(2, DMW_TAG_OPEN), -ENOSPC);
	crash();
}

/* The n-th write, or the n-th use of a key, fails. */
static void failing_changes(enum fault fault)
{
	u32 n = 0;

	do {
		more_records();
		lun.fault = fault;
		lun.fault_in = ++n;
		lun.faulted = false;
		expect("a tag", change_tag(1, DMW_TAG_OPEN), lun.faulted ? -EIO : 0);
		if (lun.faulted)
			expect("another", change_tag(1, DMW_TAG_OPEN), -EIO);
		lun.fault_in = 0;
		crash();
	} while (lun.faulted);
}

static void expect_opening(enum dmw_load_error expected, const char *what)
{
	expect(what, opening(true), expected);
	crash();
}

/* Nodes that nobody but the owner of the keys could have made. */
static void forged_nodes(void)
{
	struct dmw_node_disk *top, *node, good_top, good_node;
	u32 i;

	more_records();
	expect("a tag", change_tag(1, DMW_TAG_OPEN), 0);
	top = tag_block(DMW_TAG_TOP, 0, d.v.state.root.tags.tag);
	node = tag_block(DMW_TAG_NODE, 0, le32_to_cpu(top->seals[0].tag));
	crash();
	good_top = *top;
	good_node = *node;
	expect_opening(DMW_LOAD_OK, "a volume with a tag");

	memset(top, 0, sizeof(*top));
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a top node without nodes");
	for (i = 0; i < 3; i++)
		top->seals[i] = good_top.seals[0];
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "more nodes than there is room for");
	memset(&top->seals[2], 0, sizeof(top->seals[2]));
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a node with room left before another");
	for (i = 0; i < DMW_FANOUT; i++)
		node->seals[i] = good_node.seals[0];
	memcpy(tag_block(DMW_TAG_NODE, 1, le32_to_cpu(top->seals[1].tag)), node, sizeof(*node));
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "more records than there is room for");
	*top = good_top;
	top->seals[0].tag = cpu_to_le32(DMW_TAG_OPEN << DMW_TAG_SEAL_STATE);
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a node that has a state");
	*top = good_top;
	memset(node, 0, sizeof(*node));
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "an empty node");
	*node = good_node;
	node->seals[0].tag = cpu_to_le32(DMW_TAG_OPEN << DMW_TAG_SEAL_STATE | DMW_SLOTS);
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a record in no slot");
	node->seals[0].tag = 0;
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a record without a state");
	node->seals[0].tag = cpu_to_le32((DMW_TAG_SHREDDED + 1) << DMW_TAG_SEAL_STATE);
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a record in no known state");
	*node = good_node;
	node->seals[5].time = cpu_to_le32(1);
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "something behind the last seal");
	*node = good_node;
	expect_opening(DMW_LOAD_OK, "the node as it was");
	lun.forgiving = false;
	node->seals[0].time ^= cpu_to_le32(1);
	expect_opening(DMW_LOAD_TAGS_DAMAGED, "a node that does not verify");
}

static void expect_record(int expected, const char *what)
{
	struct dmw_tag_disk *r = dmw_host_alloc(&d.host, sizeof(*r));
	struct dmw_seal seal;
	struct dmw_tag t;

	dmw_tag_seal(&d.v.tags, 1, &seal);
	expect(what, dmw_tag_read(&d.host, &d.v.state, 1, &seal, r, &t), expected);
	dmw_host_free(&d.host, r);
}

static void forged_records(void)
{
	struct dmw_tag_disk *r, good;
	struct dmw_seal seal;

	more_records();
	expect("a tag", change_tag(1, DMW_TAG_OPEN), 0);
	dmw_tag_seal(&d.v.tags, 1, &seal);
	r = tag_block(DMW_TAG_RECORD, 0, seal.tag);
	good = *r;
	expect_record(0, "a record");

#define FORGED(what, change) do { change; expect_record(-EUCLEAN, what); *r = good; } while (0)
	FORGED("a record of another tag", r->tag = cpu_to_le32(2));
	FORGED("a record in no state", r->state = 0);
	FORGED("a record in another state", r->state = cpu_to_le32(DMW_TAG_FROZEN));
	FORGED("a record that is too long", r->length = cpu_to_le32(DMW_TAG_METADATA_SIZE + 1));
	FORGED("a record without a name", memset(r->name, 0, sizeof(r->name)));
	FORGED("a name with something behind it", r->name[DMW_TAG_NAME_SIZE - 1] = 1);
	FORGED("metadata with something behind it", r->metadata[3] = 1);
	FORGED("a pad that is not zero", r->pad[0] = 1);
	FORGED("a reserved byte that is not zero", r->reserved[0] = 1);
#undef FORGED
	lun.forgiving = false;
	r->created ^= cpu_to_le64(1);
	expect_record(-EBADMSG, "a record that does not verify");
	r->created ^= cpu_to_le64(1);
	lun.fault = FAULT_READ;
	lun.fault_in = 1;
	expect_record(-EIO, "a record that cannot be read");
	/* of an activation that there never was */
	seal.nonce = ~0ULL;
	dmw_seal_to_disk(&d.v.tags.nodes[0]->seals[0], &seal);
	expect_record(-EBADMSG, "a record under no activation");
	crash();
}

/* The n-th call of each kind fails while a volume with tags is opened. */
static void failing_loads(void)
{
	enum dmw_load_error err;
	u32 n;

	more_records();
	expect("a tag", change_tag(1, DMW_TAG_FROZEN), 0);
	crash();
	for (lun.fault = 0; lun.fault < FAULTS; lun.fault++) {
		n = 0;
		do {
			lun.fault_in = ++n;
			lun.faulted = false;
			err = opening(false);
			crash();
			if (lun.faulted && lun.fault == FAULT_READ)
				expect("an opening", err, DMW_LOAD_IO);
			if (lun.faulted && lun.fault == FAULT_MEMORY)
				expect("an opening", err, DMW_LOAD_MEMORY);
		} while (lun.faulted);
		expect("an opening", err, DMW_LOAD_OK);
		lun.fault_in = 0;
	}
}

/* A write fails while the closing of its tag waits for it. */
static void failing_drain(void)
{
	struct drive_op *write;

	more_records();
	expect("a tag", change_tag(1, DMW_TAG_OPEN), 0);
	lun.fault = FAULT_WRITE;
	lun.fault_in = 1;
	write = drive_submit(&d, DMW_OP_WRITE, 3, 1, false, 4);
	expect("a closing", change_tag(1, DMW_TAG_FROZEN), -EIO);
	expect("a write", drive_end(write), -EIO);
	crash();
}

/* A sector that does not fit its seal gets no other; a whole volume has another tag, and is not idle. */
static void assignments(void)
{
	forge_empty(&l, 512, 8, (1ULL << 36) + 300);
	open_volume(64, false);
	expect("an assignment of all", assign(0, DMW_FANOUT, 1ULL << 35, FORGE_TAG), 0);
	if (dmw_volume_idle(&d.v))
		fail("idle after an assignment");
	expect("a checkpoint", drive_op(&d, DMW_OP_CHECKPOINT, 0, 0, 0), 0);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 3, 3, 4), 0);
	lun_block(dmw_layout_sector(&l, 3))[7] ^= 1;
	expect("an assignment of a damaged sector", assign(3, 3, 6, 0), -EILSEQ);
	if (lun.events[DMW_EVENT_MISMATCH] != 1)
		fail("a damaged sector is not told");
	expect_read(4, 5);
	crash();
}

static void has_default_tag(struct dmw_superblock_disk *sb)
{
	more_tags(sb);
	sb->root.default_tag = cpu_to_le32(FORGE_FROZEN);
}

/* The sectors that have no tag have this one: it can be closed as any other, but not shredded. */
static void default_tag(void)
{
	forge_empty(&l, 512, 8, 2000);
	each_superblock(has_default_tag);
	open_volume(64, false);
	expect("a tag", change_tag(1, DMW_TAG_OPEN), 0);
	expect("a tag", change_tag(FORGE_FROZEN, DMW_TAG_OPEN), 0);
	lun.forgiving = false;
	expect("a write", drive_op(&d, DMW_OP_WRITE, 130, 1, 4), 0);
	expect("a shred of the default tag", change_tag(FORGE_FROZEN, DMW_TAG_SHREDDED), -EPERM);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 131, 1, 5), 0);
	expect("a shred of another tag", change_tag(1, DMW_TAG_SHREDDED), 0);
	expect_read(130, 4);
	expect("a freeze of the default tag", change_tag(FORGE_FROZEN, DMW_TAG_FROZEN), 0);
	expect("a write", drive_op(&d, DMW_OP_WRITE, 131, 1, 6), -EBADE);
	expect("a shred of the default tag", change_tag(FORGE_FROZEN, DMW_TAG_SHREDDED), -EPERM);
	crash();
	open_volume(64, false);
	expect_read(131, 5);
	crash();
}

static void tag_table(void)
{
	more_records();
	expect("a tag", change_tag(1, DMW_TAG_FROZEN), 0);
	refused_changes();
	failing_changes(FAULT_WRITE);
	failing_changes(FAULT_CRYPT);
	forged_nodes();
	forged_records();
	failing_loads();
	failing_drain();
	assignments();
	default_tag();
	puts("ok tag-table");
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
	tag_table();
	rotation();
	return 0;
}
