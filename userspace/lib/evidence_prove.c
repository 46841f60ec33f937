// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs made: some extents are taken out of a seal, with their way up to the signed roots. */
#include "evidence_file.h"

/**
 * struct proving - a proof in the making
 * @ctx:     for errors
 * @file:    statement of the seal
 * @wanted:  numbers of extents, ascending
 * @count:   of @wanted
 * @sealed:  the seal
 * @proof:   receives the extents
 * @tag:     whose leaves are collected
 * @leaves:  of @tag
 * @found:   of @leaves
 * @index:   extents of each tag of the statement so far
 */
struct proving {
	struct libdmwarrant	*ctx;
	const char		*file;
	const u64		*wanted;
	u32			count;
	struct lib_exhibit	sealed;
	struct lib_proof	proof;
	u32			tag;
	u8			(*leaves)[LIB_HASH_SIZE];
	u64			found;
	u64			*index;
};

static int no_memory(struct proving *p)
{
	return lib_fail(p->ctx, -ENOMEM, "not enough memory");
}

/* Of a signed statement: every tag of an extent is in it. */
static u32 place_of(const struct proving *p, u32 tag)
{
	u32 i;

	for (i = 0; i + 1 < p->sealed.statement.root.tag_count; i++)
		if (p->sealed.statement.root.tags[i].tag == tag)
			break;
	return i;
}

/* ---- first walk: the extents ---- */

static bool is_next(const struct proving *p, u64 number)
{
	return p->proof.count < p->count && p->wanted[p->proof.count] == number;
}

static int take_piece(void *arg, const struct lib_evidence_extent *open,
		      const struct lib_evidence_piece *piece)
{
	struct proving *p = arg;
	struct lib_proof_extent *e = &p->proof.extents[p->proof.count];
	struct lib_evidence_piece *more;

	if (!is_next(p, open->number))
		return 0;
	/* It would not be read again. */
	if (e->extent.pieces == LIB_PROOF_MAX / (4 * LIB_HASH_SIZE + 3))
		return lib_fail(p->ctx, -EFBIG,
				"extent %llu is too long for a proof; hand out the seal itself",
				(unsigned long long)open->number);
	more = reallocarray(e->pieces, e->extent.pieces + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	e->pieces = more;
	e->pieces[e->extent.pieces++] = *piece;
	return 0;
}

static int take_extent(void *arg, const struct lib_evidence_extent *extent)
{
	struct proving *p = arg;
	u64 *index = &p->index[place_of(p, extent->tag)];

	if (is_next(p, extent->number)) {
		p->proof.extents[p->proof.count].extent = *extent;
		p->proof.extents[p->proof.count++].index = *index;
	}
	++*index;
	return 0;
}

static int find_extents(struct proving *p)
{
	const struct lib_visit v = { .piece = take_piece, .extent = take_extent, .arg = p };
	int ret;

	p->index = calloc(p->sealed.statement.root.tag_count + 1, sizeof(*p->index));
	/* One more: where take_piece() looks when all are found. */
	p->proof.extents = calloc(p->count + 1, sizeof(*p->proof.extents));
	if (!p->index || !p->proof.extents)
		return no_memory(p);
	ret = lib_hashes_walk(p->ctx, p->file, &p->sealed.statement.root, &v);
	if (ret || p->proof.count == p->count)
		return ret;
	return lib_fail(p->ctx, -ENOENT,
			"the seal has no extent %llu; warrantctl evidence verify --extents lists them",
			(unsigned long long)p->wanted[p->proof.count]);
}

/* ---- further walks: the leaves of a tag ---- */

static int take_leaf(void *arg, const struct lib_evidence_extent *extent)
{
	struct proving *p = arg;
	u64 all = p->sealed.statement.root.tags[place_of(p, p->tag)].extents;

	if (extent->tag != p->tag)
		return 0;
	if (p->found == all)
		return lib_fail(p->ctx, -EBADMSG, "the hashes of %s were changed", p->file);
	memcpy(p->leaves[p->found++], extent->leaf, LIB_HASH_SIZE);
	return 0;
}

static int collect(struct proving *p, u32 tag)
{
	const struct lib_visit v = { .extent = take_leaf, .arg = p };
	u64 all = p->sealed.statement.root.tags[place_of(p, tag)].extents;

	free(p->leaves);
	p->tag = tag;
	p->found = 0;
	p->leaves = calloc(all, sizeof(*p->leaves));
	if (!p->leaves)
		return no_memory(p);
	return lib_hashes_walk(p->ctx, p->file, &p->sealed.statement.root, &v);
}

static int make_paths(struct proving *p, struct lib_merkle *m)
{
	struct lib_proof_extent *e;
	size_t i, j;
	int ret = 0;

	for (i = 0; i < p->proof.count && !ret; i++) {
		/* Those of one tag are made together; the path of an only extent is empty. */
		for (j = 0; p->proof.extents[j].extent.tag != p->proof.extents[i].extent.tag; j++)
			;
		if (j < i)
			continue;
		ret = collect(p, p->proof.extents[i].extent.tag);
		for (j = i; j < p->proof.count && !ret; j++) {
			e = &p->proof.extents[j];
			if (e->extent.tag == p->tag &&
			    lib_merkle_inclusion(m, (const u8 (*)[LIB_HASH_SIZE])p->leaves,
						 p->found, e->index, &e->path))
				ret = no_memory(p);
		}
	}
	return ret;
}

/* ---- all of it ---- */

/* What cannot be verified is not handed out. */
static int finish(struct proving *p, const char *file)
{
	char *text;
	int ret;

	p->proof.statement = p->sealed.text;
	p->proof.signature = p->sealed.signature;
	p->sealed.text = NULL;
	p->sealed.signature = NULL;
	ret = lib_proof_check(p->ctx, &p->proof, &p->sealed.statement);
	if (ret)
		return ret;
	text = lib_proof_text(&p->proof);
	if (!text)
		return no_memory(p);
	if (strlen(text) > LIB_PROOF_MAX)
		ret = lib_fail(p->ctx, -EFBIG,
			       "these extents are too long for one proof; prove fewer at a time");
	else
		ret = lib_text_write(p->ctx, file, text);
	free(text);
	return ret;
}

static int prove(struct proving *p, const char *file)
{
	struct lib_merkle m;
	int ret;

	ret = lib_exhibit_read(p->ctx, p->file, NULL, &p->sealed);
	if (!ret && p->sealed.is_proof)
		ret = lib_fail(p->ctx, -EINVAL, "%s is a proof itself; name the seal", p->file);
	if (!ret)
		ret = find_extents(p);
	if (ret)
		return ret;
	ret = lib_merkle_init(&m) ? no_memory(p) : make_paths(p, &m);
	lib_merkle_free(&m);
	return ret ? ret : finish(p, file);
}

int libdmwarrant_evidence_prove(struct libdmwarrant *ctx, const char *file,
				const uint64_t *extents, uint32_t count, const char *proof)
{
	struct proving p = { .ctx = ctx, .file = file, .wanted = extents, .count = count };
	u32 i;
	int ret;

	for (i = 1; i < count; i++)
		if (extents[i] <= extents[i - 1])
			return lib_fail(ctx, -EINVAL, "extents must be in ascending order");
	if (!count)
		return lib_fail(ctx, -EINVAL, "a proof must be of something");
	ret = prove(&p, proof);
	/* One that was being taken when the walk failed. */
	if (p.proof.extents && p.proof.count < count)
		free(p.proof.extents[p.proof.count].pieces);
	lib_proof_free(&p.proof);
	lib_exhibit_free(&p.sealed);
	free(p.leaves);
	free(p.index);
	return ret;
}
