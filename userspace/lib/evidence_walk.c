// SPDX-License-Identifier: GPL-2.0-or-later
/* A walk through FILE.hashes, in which every hash is held against what was signed. */
#include "evidence_file.h"

static bool fits(const struct lib_builder *b, const u8 root[LIB_HASH_SIZE],
		 const struct lib_evidence_root *r)
{
	u32 i;

	if (b->count != r->tag_count || memcmp(root, r->root, LIB_HASH_SIZE))
		return false;
	for (i = 0; i < b->count; i++)
		if (b->tags[i].sum.tag != r->tags[i].tag ||
		    b->tags[i].sum.pieces != r->tags[i].pieces)
			return false;
	return true;
}

/* Tags without sectors have no piece, but count. */
static int add_tags(struct lib_builder *b, const struct lib_evidence_root *r)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < r->tag_count && !ret; i++)
		ret = lib_builder_tag(b, r->tags[i].tag);
	return ret;
}

static int walk(struct lib_hashes *h, struct lib_builder *b, const struct lib_evidence_root *r,
		const struct lib_visit *v)
{
	struct lib_evidence_piece p;
	u8 root[LIB_HASH_SIZE];
	int ret = add_tags(b, r);

	while (!ret) {
		ret = lib_hashes_read(h, &p);
		if (ret || !p.count)
			break;
		ret = lib_builder_add(b, &p);
		if (!ret && v->piece)
			ret = v->piece(v->arg, &b->open, &p);
	}
	if (!ret)
		ret = lib_builder_end(b, root);
	if (ret == -ENOMEM)
		return lib_fail(h->ctx, ret, "not enough memory");
	if (ret || fits(b, root, r))
		return ret;
	return lib_fail(h->ctx, -EBADMSG,
			"%s does not fit the seal: it was changed, or belongs to another one",
			h->path);
}

/**
 * lib_hashes_walk() - go through FILE.hashes
 * @ctx:  for errors
 * @file: the statement
 * @r:    of it, signed
 * @v:    who wants to see what; nothing of it is certain before the walk has ended well
 *
 * Return: 0; -EBADMSG it is not what was signed; what a visitor returned.
 */
int lib_hashes_walk(struct libdmwarrant *ctx, const char *file, const struct lib_evidence_root *r,
		    const struct lib_visit *v)
{
	struct lib_builder b;
	struct lib_hashes h;
	int ret;

	ret = lib_builder_init(&b) ? lib_fail(ctx, -ENOMEM, "not enough memory") : 0;
	b.extent = v->extent;
	b.arg = v->arg;
	h.f = NULL;
	if (!ret)
		ret = lib_hashes_open(ctx, file, r->data_sectors, &h);
	if (!ret)
		ret = walk(&h, &b, r, v);
	lib_builder_free(&b);
	lib_hashes_close(&h);
	return ret;
}
