// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks of the tag table of raw bytes, all of which authenticate: decoded, loaded with the volume, read
 * as records, changed, and loaded again.
 *
 * Reads stay within the tag area; every tag has a state that there is; what decodes encodes to the same
 * bytes; a change makes no tag less strict and no other tag different; and what was changed is what the
 * next opening finds.
 */
#include "fuzz.h"

#define MOST	(2 * DMW_FANOUT)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

static void check_record(const struct dmw_tag *t, const struct dmw_tag_disk *d, u32 tag)
{
	struct dmw_tag_disk again;

	if (t->tag != tag || t->state < DMW_TAG_OPEN || t->state > DMW_TAG_SHREDDED ||
	    t->length > DMW_TAG_METADATA_SIZE || !t->name[0] ||
	    strnlen(t->name, sizeof(t->name)) == sizeof(t->name))
		fail("a record of tag %u: state %d, %u bytes", t->tag, t->state, t->length);
	if (t->metadata < d->metadata || t->metadata + t->length > d->metadata + sizeof(d->metadata))
		fail("metadata outside its record");
	dmw_tag_encode(&again, t);
	if (memcmp(&again, d, sizeof(*d)))
		fail("a record decodes, and encodes to something else");
}

static void decode(const void *block, u32 tag)
{
	struct dmw_tag t = { 0 };
	int ret = dmw_tag_decode(&t, block, tag);

	if (ret && ret != -EUCLEAN)
		fail("a record ends with %d", ret);
	if (!ret)
		check_record(&t, block, tag);
}

static void check_node(const struct dmw_node_disk *d, enum dmw_tag_level level)
{
	u32 i, count, state;
	struct dmw_seal s;

	if (dmw_tag_node_check(d, level, &count))
		return;
	if (count > DMW_FANOUT)
		fail("%u seals in a node", count);
	for (i = 0; i < DMW_FANOUT; i++) {
		dmw_seal_from_disk(&s, &d->seals[i]);
		if (i < count ? !s.nonce || (s.tag & DMW_TAG_SEAL_SLOT) > 1 : s.nonce || s.time || s.tag)
			fail("seal %u of %u in use", i, count);
		state = s.tag >> DMW_TAG_SEAL_STATE;
		if (i < count && (level == DMW_TAG_NODE ? state < DMW_TAG_OPEN ||
				  state > DMW_TAG_SHREDDED : state))
			fail("a state that there is not: %u", state);
	}
}

/* As dmw_device_message() does it. Return: 0 or the error. */
static int read_record(struct drive *d, u32 tag, struct dmw_tag_disk *disk, struct dmw_tag *t)
{
	struct dmw_seal seal;
	int ret;

	dmw_tag_seal(&d->v.tags, tag, &seal);
	ret = dmw_tag_read(&d->host, &d->v.state, tag, &seal, disk, t);
	if (ret && ret != -EUCLEAN && ret != -EBADMSG && ret != -ENOKEY)
		fail("reading record %u ends with %d", tag, ret);
	if (!ret && t->state != d->v.tags.states[tag])
		fail("record %u says %d, its seal %d", tag, t->state, d->v.tags.states[tag]);
	if (!ret)
		check_record(t, disk, tag);
	return ret;
}

static void check_table(struct drive *d)
{
	const struct dmw_tags *t = &d->v.tags;
	struct dmw_seal seal;
	u32 tag, closed = 0;

	if (t->count > t->space || t->space != d->v.state.sb.layout.tag_records)
		fail("%u tags where there is room for %u", t->count, t->space);
	for (tag = 1; tag <= t->count; tag++) {
		if (!dmw_tag_state_valid(t->states[tag]))
			fail("tag %u is in state %d", tag, t->states[tag]);
		dmw_tag_seal(t, tag, &seal);
		if (!seal.nonce || seal.tag >> DMW_TAG_SEAL_STATE != t->states[tag])
			fail("tag %u has no seal, or another one's", tag);
		closed += t->states[tag] != DMW_TAG_OPEN;
	}
	if (closed != t->closed)
		fail("%u closed tags are %u", closed, t->closed);
}

/* Change one tag, or make one; all others stay what they are. */
static void change(struct drive *d, u32 tag, enum dmw_tag_state state)
{
	const struct dmw_tags *t = &d->v.tags;
	u32 count = t->count, i;
	u8 before[MOST];
	int ret;

	memcpy(before, t->states, count + 1);
	ret = drive_tag(d, tag, state, "fuzz", "{}");
	if (ret && ret != -ENOENT && ret != -ENOSPC && ret != -EPERM)
		fail("the change of tag %u ends with %d", tag, ret);
	if (!ret && (!tag || tag > count + 1 || tag > t->space ||
		     (tag <= count && state < before[tag]) || t->states[tag] != state))
		fail("tag %u of %u becomes %d", tag, count, state);
	if (ret && t->count != count)
		fail("a refused change has made a tag");
	for (i = 1; i <= count; i++)
		if (t->states[i] != before[i] && (ret || i != tag))
			fail("tag %u changes with tag %u", i, tag);
	check_table(d);
}

static void reopen(struct drive *d, struct dmw_options *o, u32 changed)
{
	u32 count = d->v.tags.count, tag;
	struct dmw_tag_disk disk;
	enum dmw_load_error err;
	struct dmw_tag t;
	u8 before[MOST];

	memcpy(before, d->v.tags.states, count + 1);
	drive_free(d);
	o->lun.read_only = true;
	err = drive_open(d, o);
	if (err)
		fail("closed cleanly, and does not open: %s", dmw_load_error_text(err));
	if (d->v.tags.count != count || memcmp(before, d->v.tags.states, count + 1))
		fail("closed cleanly, and the tags are other ones");
	for (tag = 1; tag <= count; tag++)
		if (read_record(d, tag, &disk, &t) && tag == changed)
			fail("the record that was written last cannot be read");
}

static void use(struct drive *d, struct dmw_options *o, u32 tag, unsigned int state)
{
	struct dmw_tag_disk disk;
	struct dmw_tag t;
	u32 i;

	check_table(d);
	for (i = 1; i <= d->v.tags.count && i < 10; i++)
		read_record(d, i, &disk, &t);
	if (o->lun.read_only)
		return;
	if (drive_op(d, DMW_OP_CHECKPOINT, 0, 0, 0))
		return;
	change(d, tag, DMW_TAG_OPEN + state % 3);
	change(d, d->v.tags.count + 1, DMW_TAG_OPEN + state % 2);
	reopen(d, o, d->v.tags.count < d->v.tags.space ? d->v.tags.count : 0);
}

/* The table's blocks as the base has them: top, node, the first records. */
static u64 block_of(u32 i)
{
	static const enum dmw_tag_level levels[] = { DMW_TAG_TOP, DMW_TAG_NODE, DMW_TAG_NODE };

	if (i < ARRAY_SIZE(levels))
		return dmw_layout_tag(forge_layout, levels[i], i == 2, 0);
	return dmw_layout_tag(forge_layout, DMW_TAG_RECORD, i - ARRAY_SIZE(levels), 0);
}

#define BLOCKS	6

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size }, none = { 0 };
	unsigned int flags = take(&in, 1), state = take(&in, 1), i, k;
	u32 tag = take(&in, 2);
	struct dmw_options o = { .lun.read_only = flags & 1, .node_limit = 16, .host_name = "fuzz" };
	struct drive *d = malloc(sizeof(*d));
	u8 *area = malloc(BLOCKS * DMW_SLOTS * DMW_SECTOR_SIZE), *at;

	forge_make(7, false, &none);
	for (i = 0; i < BLOCKS * DMW_SLOTS; i++)
		memcpy(area + i * DMW_SECTOR_SIZE, lun_look(block_of(i / DMW_SLOTS) + i % DMW_SLOTS),
		       DMW_SECTOR_SIZE);
	at = take_over(&in, area, BLOCKS * DMW_SLOTS * DMW_SECTOR_SIZE);
	for (i = 0; i < BLOCKS * DMW_SLOTS; i++) {
		u8 *copy = malloc(DMW_SECTOR_SIZE);

		memcpy(copy, at + i * DMW_SECTOR_SIZE, DMW_SECTOR_SIZE);
		memcpy(lun_block(block_of(i / DMW_SLOTS) + i % DMW_SLOTS), copy, DMW_SECTOR_SIZE);
		for (k = DMW_TAG_NODE; k < DMW_TAG_LEVELS; k++)
			check_node((void *)copy, k);
		decode(copy, tag);
		decode(copy, le32_to_cpu(((struct dmw_tag_disk *)copy)->tag));
		free(copy);
	}
	free(at);
	free(area);
	lun.forgiving = true;
	lun.writable = true;
	o.lun.blocks = lun.blocks;
	o.lun.logical_block = lun.logical_block;
	if (!drive_open(d, &o))
		use(d, &o, flags & 2 ? tag : tag % 12, state);
	drive_free(d);
	free(d);
	return 0;
}
