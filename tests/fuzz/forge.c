// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes altered behind valid MACs. The core itself makes a few volumes at the start; an input then
 * patches their structures, and everything is sealed again from the leaves to the superblocks, as
 * only somebody with the keys could.
 *
 * An input is a sequence of patches of 14 bytes, all little endian:
 *   u16 part    which structure, modulo their number
 *   u16 offset  byte of it, or number of a field
 *   u8  how     bits 0-1 width, 1 to 8 bytes; bits 2-3 set, add, xor, or copy another part over it;
 *               bit 4: after the sealing, so that its MAC does not fit; bit 5: take an interesting
 *               value; bit 6: @offset is the number of a field
 *   u8  unused
 *   u64 value
 */
#include "fuzz.h"

const u8 forge_uuid[DMW_UUID_SIZE] = "volume to fuzz";
const struct dmw_layout *forge_layout;

/* A structure of a volume: @length bytes in @block. @level is a node's; what follows is sealed by it. */
enum part_kind { PART_DATA, PART_NODE, PART_RECORD, PART_LINK, PART_SUPERBLOCK, PART_TAG };

struct part {
	enum part_kind	kind;
	u64		block;
	u32		start;
	u32		length;
	u32		level;	/* of PART_TAG an enum dmw_tag_level */
	u64		index;	/* sector, node, link */
};

/* A seal lies in one part, @at bytes behind its start, and vouches for another. */
struct edge {
	u32	child;
	u32	parent;
	u32	at;
};

#define MAX_PARTS	512
#define MAX_EDGES	1024

struct base {
	struct dmw_layout	layout;
	struct snapshot		contents;
	struct part		parts[MAX_PARTS];
	u32			part_count;
	struct edge		edges[MAX_EDGES];
	u32			edge_count;
};

static struct base bases[FORGE_BASES];
static struct base *now;
static struct dmw_host host;

static u8 *bytes_of(const struct part *p)
{
	return lun_block(p->block) + p->start;
}

/* ---- making volumes: formatted here, filled by the core ---- */

static void put_superblock(struct dmw_superblock *sb, const struct dmw_root *root, const u8 *salt)
{
	dmw_wide_nonce(sb->nonce, salt, 1ULL << DMW_COUNTER_BITS | (1 + sb->checkpoint),
		       DMW_DOMAIN_SUPERBLOCK);
	dmw_superblock_seal(&host, sb, root, (struct dmw_superblock_disk *)
			    lun_block(dmw_layout_superblock(&sb->layout, sb->checkpoint)));
}

static void format(const struct dmw_layout *l)
{
	struct dmw_superblock sb = { .layout = *l, .epoch = 1, .created = 1 };
	struct dmw_root root = {
		.activation_count = 1, .journal_seq = 1, .written = 1, .label = "label",
	};
	struct dmw_activation a = { .epoch = 1, .time = 1, .host = "format" };
	struct dmw_activation_block_disk *d;

	memcpy(sb.uuid, forge_uuid, DMW_UUID_SIZE);
	root.epochs[0] = (struct dmw_epoch){ 1, DMW_EPOCH_CURRENT, 1 };
	dmw_host_random(&host, a.salt, DMW_SALT_SIZE);
	root.activations.epoch = 1;
	dmw_wide_nonce(root.activations.nonce, a.salt, 1ULL << DMW_COUNTER_BITS | 1,
		       DMW_DOMAIN_ACTIVATION);
	d = (struct dmw_activation_block_disk *)lun_block(dmw_layout_activation(l, 0, 0));
	dmw_activation_block_encode(d, NULL, &a, 1);
	dmw_activation_block_crypt(&host, true, forge_uuid, 0, &root.activations, d);
	for (sb.checkpoint = 1; sb.checkpoint <= 2; sb.checkpoint++)
		put_superblock(&sb, &root, a.salt);
}

static void open_base(struct drive *d, const struct dmw_layout *l)
{
	struct dmw_options o = {
		.lun = { .blocks = l->lun_blocks, .logical_block = 512 },
		.node_limit = 64, .host_name = "fuzzer",
	};

	if (drive_open(d, &o) || drive_op(d, DMW_OP_CHECKPOINT, 0, 0, 0))
		fail("a base does not open");
}

/* An op that must succeed. */
static void must(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count)
{
	int error = drive_op(d, kind, sector, count, kind == DMW_OP_WRITE ? sector + 1 : 0);

	if (error)
		fail("base: op %d at %llu+%u: %d", kind, (unsigned long long)sector, count, error);
}

/* Tags in all states, whose sectors are written and not; and sectors that have lost theirs. */
static void add_tags(struct drive *d)
{
	u32 tag;

	for (tag = 1; tag <= FORGE_TAG; tag++)
		if (drive_tag(d, tag, DMW_TAG_OPEN, "tag", "{}"))
			fail("base: tag %u", tag);
	must(d, DMW_OP_WRITE, 20, 12);
	must(d, DMW_OP_WRITE, 140, 4);
	if (drive_assign(d, FORGE_TAG, 4, 24) || drive_assign(d, FORGE_FROZEN, 28, 4) ||
	    drive_assign(d, FORGE_FROZEN, 120, 8) || drive_assign(d, FORGE_FROZEN, 256, 128) ||
	    drive_assign(d, FORGE_RESTRICTED, 140, 6) ||
	    drive_tag(d, FORGE_FROZEN, DMW_TAG_FROZEN, "frozen", "") ||
	    drive_tag(d, FORGE_RESTRICTED, DMW_TAG_RESTRICTED, "restricted", "[1]"))
		fail("base: assignments");
	must(d, DMW_OP_ERASE, 22, 2);
}

/*
 * As after a crash: sectors written before the checkpoint and after it, erased, flushed; records with
 * one entry and with many, up to behind the ring's end.
 */
static void fill(const struct dmw_layout *l, unsigned int activations, bool crash, bool tags)
{
	u64 last = l->data_sectors - 4;
	struct drive *d = malloc(sizeof(*d));
	unsigned int i;

	for (i = 0; i < activations; i++) {
		open_base(d, l);
		drive_free(d);
	}
	open_base(d, l);
	must(d, DMW_OP_WRITE, 0, 6);
	must(d, DMW_OP_WRITE, 130, 3);
	must(d, DMW_OP_WRITE, last, 2);
	if (tags)
		add_tags(d);
	must(d, DMW_OP_CHECKPOINT, 0, 0);
	must(d, DMW_OP_WRITE, 2, 1);
	must(d, DMW_OP_ERASE, 4, 2);
	for (i = 0; i < 12; i++)
		must(d, DMW_OP_WRITE, 8 + i % 3, 2);
	must(d, DMW_OP_CHECKPOINT, 0, 0);
	if (crash) {
		must(d, DMW_OP_WRITE, 131, 1);
		must(d, DMW_OP_WRITE, 0, 2);
		must(d, DMW_OP_FLUSH, 0, 0);
		must(d, DMW_OP_WRITE, 1, 4);
		must(d, DMW_OP_ERASE, 130, 1);
		must(d, DMW_OP_WRITE, last + 1, 1);
		must(d, DMW_OP_WRITE, 131, 2);
	}
	drive_free(d);
	free(d);
}

/* ---- finding their structures ---- */

static u32 add_part(struct base *b, struct part p)
{
	u32 i;

	for (i = 0; i < b->part_count; i++)
		if (b->parts[i].block == p.block && b->parts[i].start == p.start)
			return i;
	if (b->part_count == MAX_PARTS)
		fail("too many parts");
	b->parts[b->part_count] = p;
	return b->part_count++;
}

static void add_edge(struct base *b, u32 child, u32 parent, u32 at)
{
	u32 i;

	for (i = 0; i < b->edge_count; i++)
		if (b->edges[i].child == child && b->edges[i].parent == parent &&
		    b->edges[i].at == at)
			return;
	if (b->edge_count == MAX_EDGES)
		fail("too many seals");
	b->edges[b->edge_count++] = (struct edge){ child, parent, at };
}

static bool open_seal(const struct edge *e, bool seal);

/* A sector's data, if it is this seal's: an older journal entry may name data that is no more. */
static void add_data(struct base *b, u64 sector, u32 parent, u32 at)
{
	struct edge e = { .parent = parent, .at = at };
	u32 before = b->part_count;

	e.child = add_part(b, (struct part){
		.kind = PART_DATA, .block = dmw_layout_sector(&b->layout, sector),
		.length = DMW_SECTOR_SIZE, .index = sector,
	});
	if (open_seal(&e, false))
		add_edge(b, e.child, parent, at);
	else
		b->part_count = before;
}

/* Recursion ends at the leaves. */
static void add_node(struct base *b, u32 level, u64 index, u32 parent, u32 at)
{
	struct dmw_seal_disk *d = (void *)(bytes_of(&b->parts[parent]) + at);
	const struct dmw_node_disk *node;
	u32 i, self;

	self = add_part(b, (struct part){
		.kind = PART_NODE, .level = level, .index = index, .length = DMW_SECTOR_SIZE,
		.block = dmw_layout_node(&b->layout, level, index, le32_to_cpu(d->tag)),
	});
	add_edge(b, self, parent, at);
	node = (const void *)bytes_of(&b->parts[self]);
	for (i = 0; i < DMW_FANOUT; i++) {
		if (!node->seals[i].nonce)
			continue;
		if (level)
			add_node(b, level - 1, (index << DMW_FANOUT_SHIFT) + i, self,
				 i * sizeof(node->seals[0]));
		else
			add_data(b, (index << DMW_FANOUT_SHIFT) + i, self,
				 i * sizeof(node->seals[0]));
	}
}

static const struct dmw_superblock_disk *superblock(const struct base *b, unsigned int copy)
{
	return (const void *)lun_look(dmw_layout_superblock(&b->layout, copy));
}

static void add_tree(struct base *b, unsigned int copy)
{
	const struct dmw_superblock_disk *d = superblock(b, copy);
	u32 i, self;

	self = add_part(b, (struct part){
		.kind = PART_SUPERBLOCK, .length = DMW_SECTOR_SIZE, .index = copy,
		.block = dmw_layout_superblock(&b->layout, copy),
	});
	for (i = 0; i < DMW_ROOTS; i++)
		if (d->root.tree[i].nonce)
			add_node(b, DMW_TOP_LEVEL, i, self,
				 offsetof(struct dmw_superblock_disk, root.tree[i]));
}

static void add_tag_block(struct base *b, enum dmw_tag_level level, u32 index, u32 parent, u32 at)
{
	const struct dmw_seal_disk *d = (void *)(bytes_of(&b->parts[parent]) + at);
	const struct dmw_node_disk *node;
	u32 i, self;

	if (!d->nonce)
		return;
	self = add_part(b, (struct part){
		.kind = PART_TAG, .level = level, .index = index, .length = DMW_SECTOR_SIZE,
		.block = dmw_layout_tag(&b->layout, level, index,
					le32_to_cpu(d->tag) & DMW_TAG_SEAL_SLOT),
	});
	add_edge(b, self, parent, at);
	node = (const void *)bytes_of(&b->parts[self]);
	for (i = 0; level && i < DMW_FANOUT; i++)
		add_tag_block(b, level - 1, index * DMW_FANOUT + i, self, i * sizeof(node->seals[0]));
}

static void add_tag_table(struct base *b, unsigned int copy)
{
	u32 parent = add_part(b, (struct part){
		.block = dmw_layout_superblock(&b->layout, copy),
	});

	add_tag_block(b, DMW_TAG_TOP, 0, parent, offsetof(struct dmw_superblock_disk, root.tags));
}

static void add_links(struct base *b, unsigned int copy)
{
	const struct dmw_superblock_disk *d = superblock(b, copy);
	u32 link = (le32_to_cpu(d->root.activation_count) - 1) / DMW_ACTIVATIONS_PER_BLOCK;
	u32 slot = le32_to_cpu(d->root.activations.slot), self;
	u32 parent = add_part(b, (struct part){
		.block = dmw_layout_superblock(&b->layout, copy),
	});
	u32 at = offsetof(struct dmw_superblock_disk, root.activations);
	const struct dmw_activation_block_disk *block;

	for (;; link--) {
		self = add_part(b, (struct part){
			.kind = PART_LINK, .length = DMW_SECTOR_SIZE, .index = link,
			.block = dmw_layout_activation(&b->layout, link, slot),
		});
		add_edge(b, self, parent, at);
		if (!link)
			return;
		block = (const void *)bytes_of(&b->parts[self]);
		slot = le32_to_cpu(block->prev.slot);
		parent = self;
		at = offsetof(struct dmw_activation_block_disk, prev);
	}
}

static unsigned int newest(const struct base *b)
{
	return le64_to_cpu(superblock(b, 1)->checkpoint) > le64_to_cpu(superblock(b, 0)->checkpoint);
}

/* Of each entry the data, too. */
static void add_records(struct base *b)
{
	const struct dmw_root_disk *root = &superblock(b, newest(b))->root;
	const struct dmw_layout *l = &b->layout;
	u64 pos = le64_to_cpu(root->journal_pos), seq = le64_to_cpu(root->journal_seq), at;
	const struct dmw_record_disk *d;
	struct part p = { .kind = PART_RECORD };
	u32 i, self;

	for (;; seq++, pos += DIV_ROUND_UP(p.length, l->journal_unit)) {
		pos = dmw_journal_place(l, pos);
		at = pos % dmw_layout_journal_units(l) * l->journal_unit;
		p.block = l->journal_start + (at >> DMW_SECTOR_SHIFT);
		p.start = at % DMW_SECTOR_SIZE;
		d = (const void *)(lun_look(p.block) + p.start);
		if (le32_to_cpu(d->magic) != DMW_RECORD_MAGIC || le64_to_cpu(d->seq) != seq)
			return;
		p.length = le32_to_cpu(d->length);
		self = add_part(b, p);
		for (i = 0; i < le32_to_cpu(d->count); i++)
			if (d->entries[i].seal.nonce)
				add_data(b, le64_to_cpu(d->entries[i].sector), self,
					 offsetof(struct dmw_record_disk, entries[i].seal));
	}
}

static void empty(struct dmw_layout *l, u32 unit, u32 journal_blocks, u64 data_sectors,
		  u32 tag_records)
{
	memset(l, 0, sizeof(*l));
	l->activation_blocks = 2;
	l->tag_records = tag_records;
	l->journal_blocks = journal_blocks;
	l->journal_unit = unit;
	l->lun_blocks = 1000;
	dmw_layout_derive(l);
	l->lun_blocks = l->group_start + data_sectors / DMW_GROUP_SECTORS * DMW_GROUP_BLOCKS +
			DMW_GROUP_HEADER + data_sectors % DMW_GROUP_SECTORS;
	if (dmw_layout_derive(l) || l->data_sectors != data_sectors)
		fail("a volume of %llu sectors", (unsigned long long)data_sectors);
	lun_reset();
	lun.blocks = l->lun_blocks;
	lun.logical_block = 512;
	lun.writable = true;
	format(l);
}

/**
 * forge_empty() - a LUN with a freshly formatted volume
 * @l:              receives its layout
 * @unit:           of the journal
 * @journal_blocks: its length
 * @data_sectors:   size of the volume; more than a group's header in its last group
 */
void forge_empty(struct dmw_layout *l, u32 unit, u32 journal_blocks, u64 data_sectors)
{
	empty(l, unit, journal_blocks, data_sectors, 1);
}

static void make_base(struct base *b, u32 unit, u64 data_sectors, unsigned int activations,
		      bool crash, u32 tags)
{
	empty(&b->layout, unit, 8, data_sectors, max(tags, 1U));
	now = b;
	fill(&b->layout, activations, crash, tags);
	add_tree(b, 0);
	add_tree(b, 1);
	add_links(b, 0);
	add_links(b, 1);
	add_tag_table(b, 0);
	add_tag_table(b, 1);
	add_records(b);
	snapshot_take(&b->contents);
}

void forge_init(void)
{
#ifdef FUZZ_LIB
	lib_host_init(&host, -1, NULL);
#endif
	/* a few leaves; a second link of the activation chain; several top-level nodes */
	make_base(&bases[0], 512, 300, 1, true, 0);
	make_base(&bases[1], 4096, 200, 66, true, 0);
	make_base(&bases[2], 1024, (3ULL << 35) + 77, 1, true, 0);
	/* no room for another activation */
	make_base(&bases[3], 512, 200, 2 * DMW_ACTIVATIONS_PER_BLOCK - 2, false, 0);
	/* tags, with room for more than a node of their table holds */
	make_base(&bases[FORGE_TAGGED], 512, 400, 1, true, DMW_FANOUT + 4);
}

/* ---- sealing ---- */

/* The entry of an activation in the chain, wherever that is now. */
static const struct dmw_activation_disk *activation(u64 nonce)
{
	u32 n = dmw_nonce_activation(nonce), i;

	for (i = 0; n && i < now->part_count; i++)
		if (now->parts[i].kind == PART_LINK &&
		    now->parts[i].index == (n - 1) / DMW_ACTIVATIONS_PER_BLOCK)
			return &((const struct dmw_activation_block_disk *)
				 bytes_of(&now->parts[i]))->entries[(n - 1) % DMW_ACTIVATIONS_PER_BLOCK];
	return NULL;
}

static bool crypt_under(bool seal, u32 tag, const struct dmw_block_id *id, void *data, u32 len,
			u8 *mac)
{
	const struct dmw_activation_disk *a = activation(id->nonce);
	struct dmw_key_id key = { .tag = tag };
	const u8 *uuid = superblock(now, newest(now))->uuid;

	if (!a)
		return false;
	key.epoch = le32_to_cpu(a->epoch);
	key.salt = a->salt;
	return !dmw_block_crypt(&host, seal, uuid, &key, id, data, len, mac);
}

/* Seal a part of the tree anew, or see whether its seal fits. */
static bool open_seal(const struct edge *e, bool seal)
{
	const struct part *p = &now->parts[e->child];
	struct dmw_seal_disk *d = (void *)(bytes_of(&now->parts[e->parent]) + e->at);
	struct dmw_block_id id = {
		.domain = p->kind == PART_NODE ? DMW_DOMAIN_NODE :
			  p->kind == PART_TAG ? DMW_DOMAIN_TAG : DMW_DOMAIN_DATA,
		.level = p->level, .address = p->index, .nonce = le64_to_cpu(d->nonce),
		.time = le32_to_cpu(d->time), .tag = le32_to_cpu(d->tag),
	};
	u32 tag = DMW_TAG_METADATA;

	if (p->kind == PART_DATA)
		tag = d->tag ? id.tag :
		      le32_to_cpu(superblock(now, newest(now))->root.default_tag);
	return id.nonce && crypt_under(seal, tag, &id, bytes_of(p), p->length, d->mac);
}

static void seal_link(const struct edge *e)
{
	const struct part *p = &now->parts[e->child];
	struct dmw_wide_seal_disk *d = (void *)(bytes_of(&now->parts[e->parent]) + e->at);
	struct dmw_wide_seal s;

	dmw_wide_seal_from_disk(&s, d);
	dmw_activation_block_crypt(&host, true, superblock(now, newest(now))->uuid, p->index, &s,
				   (void *)bytes_of(p));
	memcpy(d->mac, s.mac, DMW_MAC_SIZE);
}

static void seal_records(void)
{
	const u8 *mac = superblock(now, newest(now))->root.journal_mac;
	struct dmw_record_disk *d;
	u32 i;

	for (i = 0; i < now->part_count; i++) {
		struct dmw_block_id id = { .domain = DMW_DOMAIN_JOURNAL };

		if (now->parts[i].kind != PART_RECORD)
			continue;
		d = (void *)bytes_of(&now->parts[i]);
		memcpy(d->prev, mac, DMW_MAC_SIZE);
		id.address = le64_to_cpu(d->seq);
		id.nonce = le64_to_cpu(d->nonce);
		id.tag = le32_to_cpu(d->length);
		if (id.tag > DMW_RECORD_CLEAR && id.tag <= DMW_SECTOR_SIZE - now->parts[i].start)
			crypt_under(true, DMW_TAG_METADATA, &id, (u8 *)d + DMW_RECORD_CLEAR,
				    id.tag - DMW_RECORD_CLEAR, d->mac);
		mac = d->mac;
	}
}

static void seal_superblock(const struct part *p)
{
	struct dmw_superblock_disk *d = (void *)bytes_of(p);
	struct dmw_key_id key = {
		.tag = DMW_TAG_METADATA, .epoch = le32_to_cpu(d->epoch), .salt = d->nonce,
	};

	dmw_host_crypt(&host, true, &key, d->nonce + DMW_SALT_SIZE, d, DMW_SUPERBLOCK_AAD, &d->root,
		       sizeof(d->root), d->mac);
}

static void seal_kind(enum part_kind kind, u32 level)
{
	const struct part *p;
	u32 i;

	for (i = 0; i < now->edge_count; i++) {
		p = &now->parts[now->edges[i].child];
		if (p->kind == kind && p->level == level && kind == PART_LINK)
			seal_link(&now->edges[i]);
		else if (p->kind == kind && p->level == level)
			open_seal(&now->edges[i], true);
	}
}

/* Whatever is sealed is sealed before that which holds its seal. */
static void seal_all(void)
{
	u32 i;

	/* of two links the newer one comes first among the edges, and holds the other's seal */
	for (i = now->edge_count; i-- > 0;)
		if (now->parts[now->edges[i].child].kind == PART_LINK)
			seal_link(&now->edges[i]);
	seal_kind(PART_DATA, 0);
	for (i = 0; i < DMW_LEVELS; i++)
		seal_kind(PART_NODE, i);
	for (i = 0; i < DMW_TAG_LEVELS; i++)
		seal_kind(PART_TAG, i);
	seal_records();
	for (i = 0; i < now->part_count; i++)
		if (now->parts[i].kind == PART_SUPERBLOCK)
			seal_superblock(&now->parts[i]);
}

/* ---- patches ---- */

struct field {
	u16	at;
	u16	size;
};

#define FIELD(type, name) { offsetof(struct type, name), sizeof(((struct type *)0)->name) }
#define SB(name) FIELD(dmw_superblock_disk, name)

static const struct field superblock_fields[] = {
	SB(magic), SB(version), SB(copy), SB(sector_size), SB(uuid), SB(feature_compat),
	SB(feature_ro_compat), SB(feature_incompat), SB(lun_blocks), SB(data_sectors),
	SB(superblock_b), SB(activation_start), SB(activation_blocks), SB(tag_records),
	SB(tag_start), SB(journal_start), SB(journal_blocks), SB(journal_unit), SB(group_start),
	SB(checkpoint), SB(epoch), SB(pad), SB(created), SB(reserved), SB(nonce),
	SB(root.tree[0].nonce), SB(root.tree[0].tag), SB(root.tree[1].nonce), SB(root.tree[1].tag),
	SB(root.tree[15].nonce), SB(root.tags.nonce), SB(root.activations.nonce),
	SB(root.activations.epoch), SB(root.activations.slot), SB(root.activations.pad),
	SB(root.activation_count), SB(root.default_tag), SB(root.journal_seq),
	SB(root.journal_pos), SB(root.journal_mac), SB(root.written), SB(root.label),
	SB(root.epochs[0].epoch), SB(root.epochs[0].state), SB(root.epochs[1].epoch),
	SB(root.epochs[1].state), SB(root.reserved),
};

#define SEAL(name) FIELD(dmw_seal_disk, name)
static const struct field seal_fields[] = { SEAL(nonce), SEAL(time), SEAL(tag), SEAL(mac) };

#define TAG(name) FIELD(dmw_tag_disk, name)
static const struct field tag_fields[] = {
	TAG(tag), TAG(state), TAG(created), TAG(changed), TAG(length), TAG(pad), TAG(name),
	TAG(metadata), TAG(reserved),
};

#define RECORD(name) FIELD(dmw_record_disk, name)
static const struct field record_fields[] = {
	RECORD(magic), RECORD(length), RECORD(seq), RECORD(nonce), RECORD(pad), RECORD(stable),
	RECORD(count), RECORD(checkpoint),
};

#define ENTRY(name) FIELD(dmw_entry_disk, name)
static const struct field entry_fields[] = {
	ENTRY(sector), ENTRY(seal.nonce), ENTRY(seal.time), ENTRY(seal.tag), ENTRY(run.count),
	ENTRY(run.pad),
};

#define WIDE(name) FIELD(dmw_wide_seal_disk, name)
static const struct field wide_fields[] = { WIDE(nonce), WIDE(epoch), WIDE(slot), WIDE(pad) };

#define ACTIVATION(name) FIELD(dmw_activation_disk, name)
static const struct field activation_fields[] = {
	ACTIVATION(salt), ACTIVATION(epoch), ACTIVATION(time), ACTIVATION(host), ACTIVATION(parent),
};

/* The @n-th of @fields, which repeat every @stride bytes from @start to @end. */
static struct field repeated(const struct field *fields, u32 count, u32 n, u32 start, u32 stride,
			     u32 end)
{
	struct field f = fields[n % count];
	u32 times = (end - start) / stride;

	f.at += start + (times ? n / count % times : 0) * stride;
	return f;
}

static struct field field_of(const struct part *p, u32 n)
{
	switch (p->kind) {
	case PART_TAG:
		if (!p->level)
			return tag_fields[n % ARRAY_SIZE(tag_fields)];
		return repeated(seal_fields, ARRAY_SIZE(seal_fields), n, 0, 32, p->length);
	case PART_SUPERBLOCK:
		return superblock_fields[n % ARRAY_SIZE(superblock_fields)];
	case PART_NODE:
		return repeated(seal_fields, ARRAY_SIZE(seal_fields), n, 0, 32, p->length);
	case PART_LINK:
		if (n % 4 == 0)
			return wide_fields[n / 4 % ARRAY_SIZE(wide_fields)];
		return repeated(activation_fields, ARRAY_SIZE(activation_fields), n - n / 4 - 1, 64,
				64, p->length);
	case PART_RECORD:
		if (n % 2)
			return record_fields[n / 2 % ARRAY_SIZE(record_fields)];
		return repeated(entry_fields, ARRAY_SIZE(entry_fields), n / 2, 80, 40, p->length);
	default:
		return (struct field){ n * 8 % DMW_SECTOR_SIZE, 8 };
	}
}

static const u64 interesting[] = {
	0, 1, 2, 3, 4, 7, 9, 63, 64, 65, 99, 100, 101, 127, 128, 129, 255, 256, 511, 512, 1024, 2048,
	4096, 8192, 65535, 65536, 1ULL << 31, 0xffffffff, 1ULL << 32, 1ULL << 47, 1ULL << 48,
	2ULL << 48, 3ULL << 48, 4ULL << 48, 5ULL << 48, (3ULL << 48) | 1, 0xffffULL << 48,
	1ULL << 62, (1ULL << 63) - 1, 1ULL << 63, ~0ULL - 1, ~0ULL,
};

#define PATCH_SIZE	14

static void patch(const u8 *p)
{
	struct input in = { p, PATCH_SIZE };
	const struct part *part = &now->parts[take(&in, 2) % now->part_count], *other;
	u32 offset = take(&in, 2), how = take(&in, 2);
	struct field f = { offset % part->length, 1U << (how & 3) };
	u64 value = take(&in, 8), old = 0;
	u8 *at;

	if (how & 0x40)
		f = field_of(part, offset);
	if (how & 0x20)
		value = interesting[value % ARRAY_SIZE(interesting)];
	f.size = min_t(u32, f.size, 8);
	f.size = min_t(u32, f.size, part->length - f.at);
	at = bytes_of(part) + f.at;
	memcpy(&old, at, f.size);
	switch (how >> 2 & 3) {
	case 0:
		break;
	case 1:
		value += old;
		break;
	case 2:
		value ^= old;
		break;
	default:
		other = &now->parts[value % now->part_count];
		memmove(bytes_of(part), bytes_of(other), min(part->length, other->length));
		return;
	}
	memcpy(at, &value, f.size);
}

static void patches(struct input in, u32 after)
{
	for (; in.left >= PATCH_SIZE; in.data += PATCH_SIZE, in.left -= PATCH_SIZE)
		if ((in.data[4] & 0x10) == after)
			patch(in.data);
}

/**
 * forge_derive() - all numbers of a layout follow from its sizes again
 * @d: a superblock; alone, a changed size would be refused, since it contradicts them
 */
void forge_derive(struct dmw_superblock_disk *d)
{
	struct dmw_layout l = {
		.lun_blocks = le64_to_cpu(d->lun_blocks),
		.activation_blocks = le32_to_cpu(d->activation_blocks),
		.tag_records = le32_to_cpu(d->tag_records),
		.journal_blocks = le32_to_cpu(d->journal_blocks),
		.journal_unit = le32_to_cpu(d->journal_unit),
	};

	if (dmw_layout_derive(&l))
		return;
	d->data_sectors = cpu_to_le64(l.data_sectors);
	d->superblock_b = cpu_to_le64(l.superblock_b);
	d->activation_start = cpu_to_le64(l.activation_start);
	d->tag_start = cpu_to_le64(l.tag_start);
	d->journal_start = cpu_to_le64(l.journal_start);
	d->group_start = cpu_to_le64(l.group_start);
}

/**
 * forge_make() - a LUN with a volume that is not what it was
 * @base:     which of FORGE_BASES; of eight in a row the last is the one with tags
 * @relayout: all numbers of a layout follow from its sizes again
 * @in:       patches
 */
void forge_make(unsigned int base, bool relayout, struct input *in)
{
	now = &bases[base % 8 == 7 ? FORGE_TAGGED : base % FORGE_TAGGED];
	lun_reset();
	snapshot_restore(&now->contents);
	lun.blocks = now->layout.lun_blocks;
	lun.logical_block = 512;
	forge_layout = &now->layout;
	patches(*in, 0);
	if (relayout) {
		forge_derive((void *)lun_block(0));
		forge_derive((void *)lun_block(now->layout.superblock_b));
	}
	seal_all();
	patches(*in, 0x10);
	lun.key_missing = false;
	lun.work = 0;
}
