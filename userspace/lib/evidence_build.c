// SPDX-License-Identifier: GPL-2.0-or-later
/* From pieces to extents, tags and the root of an evidence seal, in one pass and little memory. */
#include "evidence.h"

/** lib_builder_init() - empty. Return: 0 or -ENOMEM; lib_builder_free() it in any case */
int lib_builder_init(struct lib_builder *b)
{
	memset(b, 0, sizeof(*b));
	return lib_merkle_init(&b->pieces);
}

void lib_builder_free(struct lib_builder *b)
{
	lib_merkle_free(&b->pieces);
	free(b->tags);
	memset(b, 0, sizeof(*b));
}

/* ---- tags ---- */

/* Return: the place of a tag, or where it belongs. */
static u32 find(const struct lib_builder *b, u32 tag)
{
	u32 low = 0, high = b->count, middle;

	if (b->last < b->count && b->tags[b->last].sum.tag == tag)
		return b->last;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (b->tags[middle].sum.tag < tag)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int grow(struct lib_builder *b)
{
	u32 space = b->space ? 2 * b->space : 16;
	struct lib_builder_tag *more;

	if (b->count < b->space)
		return 0;
	more = realloc(b->tags, space * sizeof(*more));
	if (!more)
		return -ENOMEM;
	b->tags = more;
	b->space = space;
	return 0;
}

/** lib_builder_tag() - have a tag, be it without sectors. Return: 0 or -ENOMEM */
int lib_builder_tag(struct lib_builder *b, u32 tag)
{
	u32 i = find(b, tag);

	b->last = i;
	if (i < b->count && b->tags[i].sum.tag == tag)
		return 0;
	if (grow(b))
		return -ENOMEM;
	memmove(b->tags + i + 1, b->tags + i, (b->count - i) * sizeof(*b->tags));
	memset(&b->tags[i], 0, sizeof(b->tags[i]));
	b->tags[i].sum.tag = tag;
	b->tags[i].extents.md = b->pieces.md;
	b->tags[i].extents.ctx = b->pieces.ctx;
	b->count++;
	return 0;
}

/* ---- extents ---- */

static int end_extent(struct lib_builder *b)
{
	struct lib_evidence_extent *e = &b->open;
	u8 root[LIB_HASH_SIZE];
	struct lib_builder_tag *t;
	int ret;

	if (!e->count)
		return 0;
	ret = lib_builder_tag(b, e->tag);
	if (ret)
		return ret;
	t = &b->tags[b->last];
	if (lib_merkle_root(&b->pieces, root))
		return -ENOMEM;
	lib_hash_extent(&b->pieces, e->first, e->count, root, e->leaf);
	lib_merkle_add(&t->extents, e->leaf);
	t->sum.extents++;
	t->sum.pieces += e->pieces;
	t->sum.sectors += e->count;
	if (b->extent)
		ret = b->extent(b->arg, e);
	e->number++;
	e->count = 0;
	return ret;
}

/** lib_builder_add() - the next piece. Return: 0, -ENOMEM, or what @b->extent returned */
int lib_builder_add(struct lib_builder *b, const struct lib_evidence_piece *p)
{
	struct lib_evidence_extent *e = &b->open;
	u8 leaf[LIB_HASH_SIZE];
	int ret;

	if (e->count && (e->tag != p->tag || e->first + e->count != p->first)) {
		ret = end_extent(b);
		if (ret)
			return ret;
	}
	if (!e->count) {
		e->first = p->first;
		e->tag = p->tag;
		e->pieces = 0;
		b->pieces.size = 0;
	}
	lib_hash_piece(&b->pieces, p, leaf);
	lib_merkle_add(&b->pieces, leaf);
	e->count += p->count;
	e->pieces++;
	return 0;
}

/**
 * lib_builder_end() - no more pieces
 * @b:    builder; its tags have their roots then
 * @root: receives the root over the tags
 *
 * Return: 0; -ENOMEM; what @b->extent returned.
 */
int lib_builder_end(struct lib_builder *b, u8 root[LIB_HASH_SIZE])
{
	struct lib_merkle *tags = &b->pieces;
	struct lib_builder_tag *t;
	u8 leaf[LIB_HASH_SIZE];
	int ret = end_extent(b);
	u32 i;

	tags->size = 0;
	for (i = 0; i < b->count && !ret; i++) {
		t = &b->tags[i];
		ret = lib_merkle_root(&t->extents, t->sum.root);
		lib_hash_tag(tags, &t->sum, leaf);
		lib_merkle_add(tags, leaf);
	}
	return ret ? ret : lib_merkle_root(tags, root);
}
