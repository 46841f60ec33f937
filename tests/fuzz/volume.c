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
	u8			states[64];	/* of the first tags */
	u32			tags;
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
	    error != -ENOMEM && error != -EREMOTEIO)
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
	       error == -ENODATA || error == -ENOMEM || error == -EROFS || error == -EBADE;
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

/* ---- tags ---- */

/* Return: the tag of a sector whose seal can be looked at, else -1. */
static s64 tag_of(struct scene *s, u64 sector)
{
	struct drive_op *o = drive_submit(&s->drive, DMW_OP_SEALS, sector, 1, false, 0);
	s64 tag;

	drive_run(&s->drive);
	tag = o->op.error ? -1 : o->op.zero ? o->op.tag : o->seals[0].tag;
	check_error(o->op.error);
	drive_end(o);
	return tag;
}

/* A sector that says 0 is one of the default tag. */
static enum dmw_tag_state state_of(struct scene *s, s64 tag)
{
	if (!tag)
		tag = s->drive.v.state.root.default_tag;
	return tag <= 0 || tag > s->drive.v.tags.count ? DMW_TAG_OPEN : s->drive.v.tags.states[tag];
}

/* What a sector's tag forbids does not happen, and leaves the sector what it was. */
static void try_closed(struct scene *s, u64 sector)
{
	s64 tag = tag_of(s, sector);
	u64 before, after;
	int error;

	if (state_of(s, tag) == DMW_TAG_OPEN)
		return;
	read_window(s, sector, 1, &before);
	if (state_of(s, tag) >= DMW_TAG_RESTRICTED && before < 1ULL << 12 &&
	    before != (state_of(s, tag) == DMW_TAG_SHREDDED ? ENODATA : EREMOTEIO) && before != ENOMEM && before != EIO && before != EILSEQ)
		fail("a restricted sector reads with %llu", (unsigned long long)before);
	if (state_of(s, tag) >= DMW_TAG_RESTRICTED && (!before || before >> 63))
		fail("a restricted sector can be read");
	error = drive_op(&s->drive, DMW_OP_WRITE, sector, 1, 77);
	if (!error || !drive_op(&s->drive, DMW_OP_ERASE, sector, 1, 1) ||
	    !drive_assign(&s->drive, tag == FORGE_TAG ? 0 : FORGE_TAG, sector, 1))
		fail("sector %llu has changed, though its tag is closed", (unsigned long long)sector);
	read_window(s, sector, 1, &after);
	if (before != after && !lun.faulted)
		fail("a closed sector is another one than before");
}

static void assign_some(struct scene *s, u64 sector, u32 tag)
{
	u64 sectors = s->drive.v.state.sb.layout.data_sectors, value[2];
	u64 count = min_t(u64, 1 + host_random64() % 200, sectors - sector);
	int error;

	read_window(s, sector, 1, &value[0]);
	error = drive_assign(&s->drive, tag, sector, count);
	if (!may_fail(error))
		fail("an assignment ends with %d", error);
	if (error)
		return;
	if (state_of(s, tag) != DMW_TAG_OPEN)
		fail("tag %u, which is closed, has got sectors", tag);
	read_window(s, sector, 1, &value[1]);
	if (tag_of(s, sector) != tag || tag_of(s, sector + count - 1) != tag)
		fail("what was assigned has another tag");
	if (value[0] != value[1] && value[0] >> 63 && value[1] >> 63)
		fail("an assignment has changed a sector's contents");
}

static void change_tags(struct scene *s)
{
	struct dmw_tags *t = &s->drive.v.tags;
	u32 tag = 1 + host_random64() % (t->count + 1), before = t->count;
	enum dmw_tag_state state = 1 + host_random64() % 3, was = dmw_tag_state(t, tag);
	int error = drive_tag(&s->drive, tag, state, "changed", "[]");

	if (!may_fail(error) && error != -EPERM && error != -ENOSPC)
		fail("the change of a tag ends with %d", error);
	if (!error && (t->states[tag] != state || (tag <= before && state < was) ||
		       t->count != max(before, tag)))
		fail("tag %u of %u: %d where %d was asked for", tag, t->count, t->states[tag], state);
	if (error == -EPERM && (tag > before || state >= was))
		fail("tag %u may not become %d, which it may", tag, state);
}

static void remember_states(struct scene *s)
{
	s->tags = s->drive.v.tags.count;
	memcpy(s->states, s->drive.v.tags.states, min_t(u32, s->tags + 1, sizeof(s->states)));
}

static void expect_states(struct scene *s)
{
	if (s->drive.v.tags.count != s->tags ||
	    memcmp(s->states, s->drive.v.tags.states, min_t(u32, s->tags + 1, sizeof(s->states))))
		fail("closed cleanly, and the tags are other ones");
}

/* A leaf in which nothing is written gets its tag in its own seal. */
static void try_closed_leaf(struct scene *s)
{
	u64 first = 2 * DMW_FANOUT;
	s64 tag;

	if (first + DMW_FANOUT > s->drive.v.state.sb.layout.data_sectors)
		return;
	if (state_of(s, FORGE_RESTRICTED) != DMW_TAG_OPEN &&
	    !drive_assign(&s->drive, FORGE_RESTRICTED, first, DMW_FANOUT))
		fail("a closed tag has got a leaf");
	tag = tag_of(s, first);
	if (state_of(s, tag) == DMW_TAG_OPEN)
		return;
	if (!drive_assign(&s->drive, tag == FORGE_TAG ? 0 : FORGE_TAG, first, DMW_FANOUT) ||
	    (tag_of(s, first) != tag && !lun.faulted))
		fail("a leaf has another tag, though its own is closed");
}

static void work_on_tags(struct scene *s)
{
	static const u32 tags[] = { 0, FORGE_TAG, FORGE_FROZEN, FORGE_RESTRICTED, FORGE_TAG, 1 };
	u32 i;

	try_closed_leaf(s);
	for (i = 0; i < 6; i++) {
		assign_some(s, s->first[i % 3] + host_random64() % s->count, tags[i]);
		try_closed(s, s->first[i % 3] + host_random64() % s->count);
		if (i % 2)
			change_tags(s);
	}
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

	remember_states(s);
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
	expect_states(s);
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
	if (s->drive.v.tags.count)
		work_on_tags(s);
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
