// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For CBMC: every decoder over bytes that may be anything. No access outside the structure, no
 * signed overflow, no shift too far, no division by zero; and what a decoder lets pass is within the
 * bounds that others rely on (the assertions). All loops are unwound to their end, but for those of
 * activations and keysets, where it is said why.
 *
 * Each proof_...() is an entry point of its own; ./run calls them all. Variables without an
 * initialiser have any value.
 */

/*
 * What is asked of the kernel's library is only that it reads what it may and returns anything: so
 * nothing here depends on how it is written, and long runs of bytes cost nothing.
 */
#define memchr_inv kshim_memchr_inv
#include "../../userspace/lib/kshim.h"
#undef memchr_inv
#define memchr_inv(p, c, n)	any_or_null(p, n)
#define strnlen(p, n)		any_length(p, n)

static void *any_or_null(const void *p, size_t n)
{
	_Bool found;

	__CPROVER_assert(!n || __CPROVER_r_ok(p, n), "memchr_inv reads what it may");
	return found ? (void *)p : NULL;
}

/* Copies of as many bytes as are only known when it runs: texts. The target has any value already. */
static void any_copy(const void *to, const void *from, size_t n)
{
	__CPROVER_assert(!n || __CPROVER_w_ok(to, n), "memcpy and memset write what they may");
	__CPROVER_assert(!n || !from || __CPROVER_r_ok(from, n), "memcpy reads what it may");
}

#define memcpy(to, from, n) \
	(__builtin_constant_p(n) ? (void)(memcpy)(to, from, n) : any_copy(to, from, n))
#define memset(to, c, n) \
	(__builtin_constant_p(n) ? (void)(memset)(to, c, n) : any_copy(to, NULL, n))

static size_t any_length(const char *p, size_t n)
{
	size_t length;

	__CPROVER_assert(__CPROVER_r_ok(p, n), "strnlen reads what it may");
	__CPROVER_assume(length <= n && (length == n || !p[length]));
	return length;
}

#include "layout.c"
#include "seal.c"
#include "codec.c"

/* ---- layouts ---- */

/* Any that the decoder lets pass. */
static void any_layout(struct dmw_layout *l)
{
	struct dmw_layout any;

	*l = any;
	__CPROVER_assume(!dmw_layout_derive(l));
}

/* The areas follow one another; addresses do not wrap. */
void proof_layout(void)
{
	struct dmw_layout l;

	any_layout(&l);
	__CPROVER_assert(l.data_sectors && l.data_sectors <= DMW_MAX_SECTORS, "size");
	__CPROVER_assert(l.activation_start < l.tag_start && l.tag_start < l.superblock_b &&
			 l.superblock_b < l.journal_start && l.journal_start < l.group_start &&
			 l.group_start < l.lun_blocks, "order of the areas");
	__CPROVER_assert(dmw_layout_journal_units(&l) >= MIN_JOURNAL_BLOCKS, "ring");
	__CPROVER_assert(dmw_layout_nodes(&l, DMW_TOP_LEVEL) <= DMW_ROOTS, "roots");
}

void proof_layout_addresses(void)
{
	struct dmw_layout l;
	unsigned int level, slot;
	u64 index, block;

	/* what proof_layout() has shown, and what a LUN may have */
	__CPROVER_assume(l.group_start <= 1 << 20 && l.data_sectors <= DMW_MAX_SECTORS);
	__CPROVER_assume(level <= DMW_TOP_LEVEL && slot < DMW_SLOTS);
	__CPROVER_assume(index < dmw_layout_nodes(&l, level));
	block = dmw_layout_node(&l, level, index, slot);
	__CPROVER_assert(block >= l.group_start && block < 1ULL << 42, "a node's block");
	__CPROVER_assume(index < l.data_sectors);
	block = dmw_layout_sector(&l, index);
	__CPROVER_assert(block >= l.group_start && block < 1ULL << 42, "a sector's block");
}

/* ---- superblock ---- */

void proof_superblock(void)
{
	struct dmw_superblock_disk d;
	struct dmw_superblock sb;
	u64 block;

	if (dmw_superblock_decode(&sb, &d, block))
		return;
	__CPROVER_assert(block == (sb.checkpoint % 2 ? sb.layout.superblock_b : 0), "place");
	__CPROVER_assert(sb.checkpoint && sb.layout.group_start < sb.layout.lun_blocks, "bounds");
}

void proof_root(void)
{
	struct dmw_root_disk d;
	struct dmw_layout l;
	struct dmw_root r;
	unsigned int i;

	__CPROVER_assume(l.activation_blocks && l.activation_blocks <= DMW_MAX_ACTIVATION_BLOCKS);
	__CPROVER_assume(l.journal_blocks >= MIN_JOURNAL_BLOCKS &&
			 l.journal_blocks <= MAX_JOURNAL_BLOCKS);
	__CPROVER_assume(l.journal_unit == 512 || l.journal_unit == 1024 ||
			 l.journal_unit == 2048 || l.journal_unit == 4096);
	if (dmw_root_decode(&r, &d, &l))
		return;
	__CPROVER_assert(r.activation_count &&
			 (r.activation_count - 1) / DMW_ACTIVATIONS_PER_BLOCK <
			 l.activation_blocks, "activations");
	__CPROVER_assert(r.activations.slot < DMW_SLOTS, "slot of the newest link");
	for (i = 0; i < DMW_ROOTS; i++)
		__CPROVER_assert(!r.tree[i].nonce || r.tree[i].tag < DMW_SLOTS, "slot of a node");
}

/* ---- activations ---- */

/*
 * Room for exactly as many as there are: one, and four. More, up to DMW_ACTIVATIONS_PER_BLOCK, only go
 * round the same loop more often, and cost many times as much.
 */
static void activations(struct dmw_activation *a, u32 count)
{
	struct dmw_activation_block_disk d;
	struct dmw_wide_seal prev;
	u32 i;

	if (dmw_activation_block_decode(&prev, a, count, &d))
		return;
	__CPROVER_assert(prev.slot < DMW_SLOTS, "slot of the link before");
	__CPROVER_assume(i < count);
	__CPROVER_assert(a[i].epoch, "an activation");
}

void proof_activations_one(void)
{
	struct dmw_activation a[1];

	activations(a, 1);
}

void proof_activations_four(void)
{
	struct dmw_activation a[4];

	activations(a, 4);
}

/* ---- node ---- */

void proof_node(void)
{
	struct dmw_node_disk d;
	unsigned int level, i;

	if (dmw_node_check(&d, level))
		return;
	__CPROVER_assume(i < DMW_FANOUT);
	__CPROVER_assert(!d.seals[i].nonce || !level || d.seals[i].tag < DMW_SLOTS, "slot");
	__CPROVER_assert(d.seals[i].nonce || !d.seals[i].time, "an unwritten seal");
}

/* ---- tag table ---- */

void proof_tag(void)
{
	struct dmw_tag_disk d;
	struct dmw_tag t;
	u32 tag;

	if (dmw_tag_decode(&t, &d, tag))
		return;
	__CPROVER_assert(t.tag == tag && dmw_tag_state_valid(t.state), "number and state");
	__CPROVER_assert(t.length <= DMW_TAG_METADATA_SIZE && __CPROVER_r_ok(t.metadata, t.length),
			 "metadata");
	__CPROVER_assert(t.name[0], "name");
}

void proof_tag_node(void)
{
	struct dmw_node_disk d;
	enum dmw_tag_level level;
	u32 count, i, tag;

	__CPROVER_assume(level == DMW_TAG_NODE || level == DMW_TAG_TOP);
	if (dmw_tag_node_check(&d, level, &count))
		return;
	__CPROVER_assert(count <= DMW_FANOUT, "seals in use");
	__CPROVER_assume(i < count);
	tag = d.seals[i].tag;
	__CPROVER_assert(d.seals[i].nonce && (tag & DMW_TAG_SEAL_SLOT) < DMW_SLOTS, "slot");
	__CPROVER_assert(level == DMW_TAG_TOP || dmw_tag_state_valid(tag >> DMW_TAG_SEAL_STATE),
			 "state");
}

/* ---- journal ---- */

/* A record at the end of the ring: nothing lies behind its DMW_RECORD_MAX bytes. */
void proof_record(void)
{
	union {
		u8			raw[DMW_RECORD_MAX];
		struct dmw_record_disk	d;
	} u;
	struct dmw_record_head h;
	struct dmw_layout l;
	struct dmw_entry e;
	u32 i;

	if (dmw_record_decode_clear(&h, &u.d))
		return;
	__CPROVER_assert(h.length > DMW_RECORD_CLEAR && h.length <= DMW_RECORD_MAX, "length");
	if (dmw_record_decode(&h, &u.d))
		return;
	__CPROVER_assert(h.count && h.length == dmw_record_length(h.count) && h.stable < h.seq,
			 "head");
	__CPROVER_assume(i < h.count && l.data_sectors <= DMW_MAX_SECTORS);
	if (dmw_entry_decode(&e, (struct dmw_entry_disk *)
			     (u.raw + sizeof(u.d) + i * sizeof(struct dmw_entry_disk)), &l))
		return;
	__CPROVER_assert(e.sector < l.data_sectors, "sector");
	__CPROVER_assert(!e.count == !!e.seal.nonce, "seal or run");
	__CPROVER_assert(e.count <= l.data_sectors - e.sector &&
			 e.count <= DMW_FANOUT - e.sector % DMW_FANOUT, "run");
}

/* ---- keyset ---- */

/*
 * Any number of bytes up to five keys, where the format allows 800: 800 * 800 comparisons are more
 * than can be unwound. Key and comparison look the same for any index below the count, and the count
 * was compared with the size before.
 */
#define MOST_KEYS	5

void proof_keyset(void)
{
	struct dmw_keyset_disk *d;
	u8 uuid[DMW_UUID_SIZE];
	size_t size;
	const u8 *key;
	u32 tag, epoch;
	_Bool any;

	__CPROVER_assume(size <= sizeof(*d) + MOST_KEYS * sizeof(d->keys[0]));
	d = malloc(size);
	if (dmw_keyset_check(d, size, any ? NULL : uuid))
		return;
	key = dmw_keyset_find(d, tag, epoch);
	__CPROVER_assert(!key || __CPROVER_r_ok(key, DMW_KEY_SIZE), "a key is within the keyset");
}
