// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole volume whose structures make no sense behind valid MACs: open it, recover, read, write,
 * checkpoint, close, open again.
 *
 * No access outside the LUN, no write on a refused or read-only opening, bounded work and memory, only
 * documented errors; what was written can be read; and what a close leaves behind opens again and
 * reads exactly as before it. The LUN, the cipher or the memory may fail meanwhile.
 */
#include "fuzz.h"

#define WINDOW	16

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

struct scene {
	struct drive		drive;
	struct dmw_options	options;
	/* of the sectors of three windows: what a read gave, 0 = zeros, else a hash or an errno */
	u64			first[3];
	u32			count;
	u64			seen[3][WINDOW];
};

static u64 hash(const u8 *p)
{
	u64 h = 0, w;
	u32 i;

	for (i = 0; i < DMW_SECTOR_SIZE; i += 8) {
		memcpy(&w, p + i, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h | 1ULL << 63;
}

static void check_error(int error)
{
	if (error && error != -EILSEQ && error != -ENOKEY && error != -ENODATA && error != -EIO &&
	    error != -ENOMEM)
		fail("a read ends with %d", error);
}

/* One sector at a time, so that one that fails does not hide the others. */
static void read_window(struct scene *s, u64 first, u32 count, u64 *seen)
{
	struct drive_op *ops[WINDOW];
	u32 i;

	for (i = 0; i < count; i++)
		ops[i] = drive_submit(&s->drive, DMW_OP_READ, first + i, 1, false, 0);
	drive_run(&s->drive);
	for (i = 0; i < count; i++) {
		check_error(ops[i]->op.error);
		if (ops[i]->op.error)
			seen[i] = -ops[i]->op.error;
		else
			seen[i] = ops[i]->op.zero ? 0 : hash(ops[i]->data);
		drive_end(ops[i]);
	}
}

/* Where the bases have data: at the start, at the end, and where two leaves meet. */
static void choose_windows(struct scene *s, u64 sectors)
{
	s->count = min_t(u64, WINDOW, sectors);
	s->first[0] = 0;
	s->first[1] = sectors - s->count;
	s->first[2] = min_t(u64, DMW_FANOUT - WINDOW / 2, sectors - s->count);
}

static void read_all(struct scene *s, u64 seen[3][WINDOW])
{
	u32 i;

	for (i = 0; i < 3; i++)
		read_window(s, s->first[i], s->count, seen[i]);
}

/* ---- writing ---- */

static bool may_fail(int error)
{
	return !error || error == -EILSEQ || error == -EIO || error == -ENOKEY ||
	       error == -ENODATA || error == -ENOMEM || error == -EROFS;
}

static void expect_value(struct scene *s, u64 sector, u64 value)
{
	struct drive_op *o = drive_submit(&s->drive, DMW_OP_READ, sector, 1, false, 0);
	u8 want[DMW_SECTOR_SIZE] = { 0 };

	drive_run(&s->drive);
	if (value)
		drive_fill(want, value);
	if (o->op.error && lun.faulted) {
		drive_end(o);
		return;
	}
	if (o->op.error)
		fail("sector %llu cannot be read after it was written: %d",
		     (unsigned long long)sector, o->op.error);
	if (value ? o->op.zero || memcmp(o->data, want, sizeof(want)) : !o->op.zero)
		fail("sector %llu does not hold what was written", (unsigned long long)sector);
	drive_end(o);
}

static void write_one(struct scene *s, u64 sector, u32 count, bool erase)
{
	u64 value = host_random64() | 1;
	int error;

	count = min_t(u64, count, s->drive.v.state.sb.layout.data_sectors - sector);
	count = min_t(u64, count, DMW_FANOUT - (sector & (DMW_FANOUT - 1)));
	error = drive_op(&s->drive, erase ? DMW_OP_ERASE : DMW_OP_WRITE, sector, count, value);
	if (!may_fail(error))
		fail("a write ends with %d", error);
	if (!error)
		expect_value(s, sector + count - 1, erase ? 0 : value + count - 1);
}

static void work_on(struct scene *s)
{
	u64 sectors = s->drive.v.state.sb.layout.data_sectors;
	u32 i;

	for (i = 0; i < 12; i++) {
		if (i == 5)
			drive_op(&s->drive, DMW_OP_FLUSH, 0, 0, 0);
		write_one(s, s->first[i % 3] + host_random64() % s->count, 1 + i % 4 * 2, i % 4 == 3);
	}
	write_one(s, sectors - 1, 1, false);
}

/* What only a missing key or a fault excuses: a checkpoint that fails. */
static bool checkpoint(struct scene *s)
{
	int error = drive_op(&s->drive, DMW_OP_CHECKPOINT, 0, 0, 0);

	if (error && !lun.key_missing && !lun.faulted)
		fail("a checkpoint fails: %d, volume %d", error, s->drive.v.failed);
	return !error;
}

static void expect_changed(struct scene *s)
{
	if (!dmw_volume_unchanged(&s->drive.v))
		fail("a superblock that changed is not noticed");
}

/* Between suspend and resume nobody may have written: and if somebody has? */
static void suspend(struct scene *s)
{
	struct dmw_superblock_disk before, *d;
	struct dmw_superblock sb = s->drive.v.state.sb;
	struct dmw_root root = s->drive.v.state.root;
	enum dmw_load_error err = dmw_volume_unchanged(&s->drive.v);

	if (err && !lun.faulted && !lun.key_missing)
		fail("nothing has changed, and yet: %s", dmw_load_error_text(err));
	if (err)
		return;
	d = (void *)lun_block(dmw_layout_superblock(&sb.layout, sb.checkpoint));
	before = *d;
	memset(d, 0, sizeof(*d));
	expect_changed(s);
	root.written++;
	if (!dmw_superblock_seal(&s->drive.host, &sb, &root, d))
		expect_changed(s);
	*d = before;
}

static void open_again(struct scene *s)
{
	u64 seen[3][WINDOW];
	enum dmw_load_error err;
	u32 i, k;

	s->options.lun.read_only = true;
	s->options.anchor = dmw_superblock_anchor(&s->drive.v.state.sb);
	lun.fault_in = 0;
	read_all(s, s->seen);
	drive_free(&s->drive);
	lun.key_missing = false;
	memset(lun.events, 0, sizeof(lun.events));
	err = drive_open(&s->drive, &s->options);
	if (err)
		fail("closed cleanly, and does not open: %s", dmw_load_error_text(err));
	if (lun.events[DMW_EVENT_LOST] || s->drive.v.stats.recovered)
		fail("closed cleanly, and something is recovered");
	read_all(s, seen);
	for (k = 0; k < 3; k++)
		for (i = 0; i < s->count; i++)
			if (seen[k][i] != s->seen[k][i])
				fail("sector %llu: %llx before closing, %llx after opening again",
				     (unsigned long long)(s->first[k] + i),
				     (unsigned long long)s->seen[k][i],
				     (unsigned long long)seen[k][i]);
}

/* 2^63 records: no hardware lives that long, and a decoder draws the line there. */
static bool at_its_end(const struct dmw_root *r)
{
	return max(r->journal_seq, r->journal_pos) > U64_MAX / 2 - (1 << 20);
}

static void run(struct scene *s)
{
	enum dmw_load_error err = drive_open(&s->drive, &s->options);

	if (dmw_load_error_errno(err) > 0 || !err != !dmw_load_error_errno(err))
		fail("error %d has no errno", err);
	if (err)
		return;
	choose_windows(s, s->drive.v.state.sb.layout.data_sectors);
	read_all(s, s->seen);
	if (s->options.lun.read_only || at_its_end(&s->drive.v.state.root) || !checkpoint(s))
		return;
	work_on(s);
	if (!checkpoint(s))
		return;
	suspend(s);
	open_again(s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int base = take(&in, 1), flags = take(&in, 1), nodes = take(&in, 1);
	unsigned int counters = take(&in, 1), blocks = take(&in, 1), order = take(&in, 1);
	unsigned int fault = take(&in, 1), fault_in = take(&in, 2);
	struct scene *s = calloc(1, sizeof(*s));

	forge_make(base, flags & 2, &in);
	host_seed(order + 1000);	/* not the salts again that the bases were made with */
	lun.writable = true;
	lun.fault = fault % FAULTS;
	lun.fault_in = fault_in;
	lun.fault_stays = flags & 32;
	if (flags & 4)
		lun.logical_block = 4096;
	/* smaller or larger than it was */
	lun.blocks = max_t(s64, 1, (s64)lun.blocks + (int8_t)blocks);
	if (flags & 8)
		lun.blocks = 3 * DMW_MAX_SECTORS;
	s->options.lun.blocks = lun.blocks;
	s->options.lun.logical_block = lun.logical_block;
	s->options.lun.read_only = flags & 1;
	s->options.lun.uuid = flags & 16 ? forge_uuid : NULL;
	s->options.node_limit = nodes;
	s->options.counter_limit = counters ? 16 * counters : 0;
	s->options.host_name = "fuzzer";
	run(s);
	drive_free(&s->drive);
	free(s);
	return 0;
}
