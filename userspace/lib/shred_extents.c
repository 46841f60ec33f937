// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes and what stays of a volume: asked of the kernel when it is open, read from the tree of
 * seals when it is not. Neither takes any key but that of the metadata.
 */
#include "shred_extents.h"

/** lib_shred_extents_init() - nothing is known yet; @tag: that goes, 0 = all */
void lib_shred_extents_init(struct lib_shred_extents *x, u32 tag, u64 sectors)
{
	const u64 cells = sectors < PAPER_MAP_CELLS ? sectors : PAPER_MAP_CELLS;

	memset(x, 0, sizeof(*x));
	x->tag = tag;
	x->sectors = sectors;
	memset(x->map, PAPER_EMPTY, cells);
}

static void paint(struct lib_shred_extents *x, u64 start, u64 length, char as)
{
	const u64 cells = strlen(x->map);
	u64 i, last;

	if (!length || start + length > x->sectors)
		return;
	last = (start + length - 1) * cells / x->sectors;
	for (i = start * cells / x->sectors; i <= last; i++)
		if (x->map[i] != as)
			x->map[i] = x->map[i] == PAPER_EMPTY ? as : PAPER_BOTH;
}

/* In order of sectors; neighbours are one extent. */
static void list(struct lib_shred_extents *x, u64 start, u64 length)
{
	if (!x->count || x->end != start) {
		x->start = start;
		x->count++;
	}
	x->end = start + length;
	if (x->count <= LIB_SHRED_EXTENTS) {
		x->list[x->count - 1][0] = x->start;
		x->list[x->count - 1][1] = x->end - x->start;
	}
}

static void add(struct lib_shred_extents *x, u64 start, u64 length, u32 tag)
{
	const bool goes = !x->tag || x->tag == tag;

	paint(x, start, length, goes ? PAPER_GONE : PAPER_KEPT);
	if (goes) {
		list(x, start, length);
		x->gone += length;
	} else {
		x->kept += length;
	}
}

/* ---- open ---- */

static int take_extent(void *arg, const struct libdmwarrant_tag_extent *e)
{
	if (e->written)
		add(arg, e->start, e->length, e->tag);
	return 0;
}

/** lib_shred_extents_open() - of a volume that is open on this host */
int lib_shred_extents_open(struct libdmwarrant *ctx, const char *volume,
			   struct lib_shred_extents *x)
{
	return libdmwarrant_tag_extents(ctx, volume, 0, 0, take_extent, x);
}

/* ---- closed ---- */

/** struct walk - through the tree: @nodes has the path from the root to where it is */
struct walk {
	struct lib_volume		v;
	struct lib_shred_extents	*x;
	struct dmw_node_disk		nodes[DMW_LEVELS];
};

static void take_leaf(struct walk *w, u64 index)
{
	struct dmw_seal s;
	unsigned int i;

	for (i = 0; i < DMW_FANOUT; i++) {
		dmw_seal_from_disk(&s, &w->nodes[0].seals[i]);
		if (s.nonce)
			add(w->x, (index << DMW_FANOUT_SHIFT) + i, 1, s.tag);
	}
}

/* Recursion ends at the leaves: DMW_LEVELS deep. */
static int walk_node(struct libdmwarrant *ctx, struct walk *w, unsigned int level, u64 index,
		     const struct dmw_seal *seal)
{
	struct dmw_seal child;
	unsigned int i;
	int ret;

	ret = lib_tree_node(&w->v, level, index, seal, &w->nodes[level]);
	if (ret)
		return lib_fail(ctx, ret, "node %llu of level %u %s", (unsigned long long)index,
				level, lib_block_reason(ret));
	if (!level) {
		take_leaf(w, index);
		return lib_progress(ctx, "reading seals", index << DMW_FANOUT_SHIFT <<
				    DMW_SECTOR_SHIFT, w->x->sectors << DMW_SECTOR_SHIFT);
	}
	for (i = 0; i < DMW_FANOUT && !ret; i++) {
		dmw_seal_from_disk(&child, &w->nodes[level].seals[i]);
		if (child.nonce)
			ret = walk_node(ctx, w, level - 1, (index << DMW_FANOUT_SHIFT) + i,
					&child);
	}
	return ret;
}

static int walk_tree(struct libdmwarrant *ctx, struct walk *w)
{
	const struct dmw_root *root = &w->v.state.root;
	unsigned int i;
	int ret = 0;

	lib_shred_extents_init(w->x, w->x->tag, w->v.state.sb.layout.data_sectors);
	for (i = 0; i < ARRAY_SIZE(root->tree) && !ret; i++)
		if (root->tree[i].nonce)
			ret = walk_node(ctx, w, DMW_LEVELS - 1, i, &root->tree[i]);
	return ret;
}

/** lib_shred_extents_closed() - of a volume that nobody has open; @keyset has the metadata key */
int lib_shred_extents_closed(struct libdmwarrant *ctx, const char *device,
			     const struct libdmwarrant_keyset *keyset,
			     struct lib_shred_extents *x)
{
	struct walk *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	w->x = x;
	ret = lib_volume_load(ctx, device, keyset, NULL, LIB_VOLUME_CLOSED, &w->v);
	if (!ret) {
		ret = walk_tree(ctx, w);
		lib_volume_free(&w->v);
	}
	free(w);
	return ret;
}
