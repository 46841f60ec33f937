// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nodes of raw bytes, of any level, all of which authenticate: checked, and then in the way of reads.
 *
 * What passes vouches for nothing but blocks of the LUN; reads end with data or a documented error, and
 * touch nothing outside the LUN.
 */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

static void check(const struct dmw_node_disk *d, unsigned int level)
{
	struct dmw_seal s, zero = { 0 };
	u32 i;

	if (dmw_node_check(d, level))
		return;
	for (i = 0; i < DMW_FANOUT; i++) {
		dmw_seal_from_disk(&s, &d->seals[i]);
		if (s.nonce && level && s.tag > 1)
			fail("slot %u of a node", s.tag);
		if (!s.nonce && (s.time || memcmp(s.mac, zero.mac, DMW_MAC_SIZE)))
			fail("an unwritten seal that is not zero");
	}
}

static void read_below(struct drive *d, unsigned int level, u64 index)
{
	u64 sectors = d->v.state.sb.layout.data_sectors;
	u64 step = 1ULL << level * DMW_FANOUT_SHIFT, first = index * DMW_FANOUT * step, at;
	u32 i;
	int error;

	for (i = 0; i < DMW_FANOUT; i++) {
		at = first + i * step;
		if (at >= sectors)
			break;
		error = drive_op(d, DMW_OP_READ, at, min_t(u64, 3, min_t(u64, sectors - at,
						DMW_FANOUT - at % DMW_FANOUT)), 0);
		if (error && error != -EILSEQ && error != -ENOKEY && error != -ENODATA &&
		    error != -EREMOTEIO)
			fail("a read ends with %d", error);
	}
}

/* The path to the volume's first leaf. */
static u64 place(const struct dmw_superblock_disk *sb, unsigned int level)
{
	struct dmw_seal_disk s = sb->root.tree[0];
	unsigned int l;

	for (l = DMW_TOP_LEVEL; l > level; l--)
		s = ((const struct dmw_node_disk *)
		     lun_look(dmw_layout_node(forge_layout, l, 0, le32_to_cpu(s.tag))))->seals[0];
	return dmw_layout_node(forge_layout, level, 0, le32_to_cpu(s.tag));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size }, none = { 0 };
	unsigned int base = take(&in, 1), level = take(&in, 1) % DMW_LEVELS;
	struct dmw_options o = { .lun.read_only = true, .node_limit = 16 };
	struct drive *d = malloc(sizeof(*d));
	struct dmw_superblock_disk *a, *b;
	struct dmw_node_disk *node;
	u64 block;

	forge_make(base, false, &none);
	a = (void *)lun_block(0);
	b = (void *)lun_block(forge_layout->superblock_b);
	block = place(le64_to_cpu(a->checkpoint) > le64_to_cpu(b->checkpoint) ? a : b, level);
	node = take_over(&in, lun_look(block), sizeof(*node));
	check(node, level);
	memcpy(lun_block(block), node, sizeof(*node));
	free(node);
	lun.forgiving = true;
	o.lun.blocks = lun.blocks;
	o.lun.logical_block = lun.logical_block;
	if (!drive_open(d, &o))
		read_below(d, level, 0);
	drive_free(d);
	free(d);
	return 0;
}
