// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Superblocks of raw bytes, all of which authenticate: decoded, opened, and loaded from a LUN that is
 * smaller, larger, or of other blocks than it should be.
 *
 * Whatever passes has its areas one behind the other within its LUN, and encodes to the same bytes: no
 * byte of it was overlooked.
 */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

static void check_layout(const struct dmw_layout *l)
{
	u64 last = l->data_sectors - 1;
	unsigned int level;

	if (!l->data_sectors || l->activation_start != 1 ||
	    l->tag_start < l->activation_start + DMW_SLOTS * (u64)l->activation_blocks ||
	    l->superblock_b <= dmw_layout_tag(l, DMW_TAG_RECORD, l->tag_records - 1, 1) ||
	    l->superblock_b <= dmw_layout_tag(l, DMW_TAG_TOP, 0, 1) ||
	    l->journal_start <= l->superblock_b ||
	    l->group_start < l->journal_start + l->journal_blocks)
		fail("areas overlap");
	if (DMW_SECTOR_SIZE % l->journal_unit || l->journal_unit < 512)
		fail("a journal unit of %u", l->journal_unit);
	if (dmw_layout_sector(l, last) >= l->lun_blocks)
		fail("the last sector is outside the LUN");
	for (level = 0; level < DMW_LEVELS; level++)
		if (dmw_layout_node(l, level, dmw_layout_nodes(l, level) - 1, 1) >= l->lun_blocks)
			fail("a node of level %u is outside the LUN", level);
	if (dmw_layout_nodes(l, DMW_TOP_LEVEL) > DMW_ROOTS)
		fail("more top-level nodes than there is room for");
}

static void check_root(const struct dmw_superblock *sb, const struct dmw_root *r)
{
	unsigned int i;

	for (i = 0; i < DMW_ROOTS; i++)
		if (r->tree[i].nonce && (r->tree[i].tag > 1 ||
					 i >= dmw_layout_nodes(&sb->layout, DMW_TOP_LEVEL)))
			fail("a seal of a node that cannot be");
	if (!r->activation_count || r->activations.slot > 1 ||
	    (r->activation_count - 1) / DMW_ACTIVATIONS_PER_BLOCK >= sb->layout.activation_blocks)
		fail("more activations than there is room for");
	if (strnlen(r->label, sizeof(r->label)) == sizeof(r->label))
		fail("a label without an end");
	if (!r->journal_seq || r->journal_seq + (1ULL << 62) < r->journal_seq ||
	    r->journal_pos + (1ULL << 62) < r->journal_pos)
		fail("a journal whose numbers come to an end");
}

static void check_same(const struct dmw_superblock *sb, const struct dmw_root *root,
		       const struct dmw_superblock_disk *d)
{
	struct dmw_superblock_disk *again = malloc(sizeof(*again));

	dmw_superblock_encode(again, sb, root);
	memcpy(again->mac, d->mac, DMW_MAC_SIZE);
	if (memcmp(again, d, sizeof(*d)))
		fail("decodes, and encodes to something else");
	free(again);
}

static void decode(const struct dmw_superblock_disk *d, u64 block)
{
	struct dmw_superblock *sb = malloc(sizeof(*sb));
	struct dmw_root *root = malloc(sizeof(*root));
	struct dmw_superblock_disk *copy = malloc(sizeof(*copy));
	struct dmw_host host = { 0 };
	int ret;

	*copy = *d;
	ret = dmw_superblock_decode(sb, d, block);
	if (ret && ret != -ENODEV && ret != -EPROTONOSUPPORT && ret != -EUCLEAN)
		fail("decoding ends with %d", ret);
	if (!ret) {
		check_layout(&sb->layout);
		ret = dmw_superblock_open(&host, sb, root, copy);
		if (ret && ret != -EUCLEAN && ret != -ENOKEY && ret != -ENODATA)
			fail("opening ends with %d", ret);
		if (!ret) {
			check_root(sb, root);
			check_same(sb, root, d);
		}
	}
	free(copy);
	free(root);
	free(sb);
}

static void load(const struct dmw_lun *l)
{
	struct dmw_state *s = calloc(1, sizeof(*s));
	struct dmw_host host = { 0 };
	enum dmw_load_error err = dmw_load_superblock(&host, l, s);

	if (!err) {
		check_layout(&s->sb.layout);
		check_root(&s->sb, &s->root);
		if (s->sb.layout.lun_blocks > l->blocks)
			fail("a volume larger than its LUN");
		if (s->sb.layout.journal_unit < l->logical_block)
			fail("records smaller than a block of the LUN");
		if ((s->sb.feature_incompat & ~DMW_FEATURE_INCOMPAT_KNOWN) ||
		    (s->sb.feature_ro_compat && !l->read_only))
			fail("features that nobody knows");
	}
	free(s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size }, none = { 0 };
	unsigned int base = take(&in, 1), flags = take(&in, 1);
	s64 more = (int8_t)take(&in, 1);
	struct dmw_superblock_disk *pair, *both = malloc(2 * sizeof(*both));
	struct dmw_lun l = { .read_only = flags & 1, .uuid = flags & 2 ? forge_uuid : NULL };
	u64 b;

	forge_make(base, false, &none);
	b = forge_layout->superblock_b;
	memcpy(&both[0], lun_look(0), sizeof(both[0]));
	memcpy(&both[1], lun_look(b), sizeof(both[1]));
	pair = take_over(&in, both, 2 * sizeof(*both));
	free(both);
	if (flags & 16) {
		forge_derive(&pair[0]);
		forge_derive(&pair[1]);
	}
	memcpy(lun_block(0), &pair[0], sizeof(pair[0]));
	memcpy(lun_block(b), &pair[1], sizeof(pair[1]));
	lun.forgiving = true;
	lun.blocks = max_t(s64, 1, (s64)lun.blocks + more);
	lun.logical_block = flags & 4 ? 4096 : 512;
	if (flags & 8)
		lun.blocks = 2 * DMW_MAX_SECTORS;
	if (flags & 32)
		lun.blocks = 1 + (u8)more;
	l.blocks = lun.blocks;
	l.logical_block = lun.logical_block;
	decode(&pair[0], 0);
	decode(&pair[1], b);
	load(&l);
	host_check_leaks();
	free(pair);
	return 0;
}
