// SPDX-License-Identifier: GPL-2.0-or-later
/* The leaves of evidence seals. Each begins with what it is, so that none passes for another. */
#include "evidence.h"

/* The longest: a sector, or the seals of a whole leaf node. */
#define DATA_MAX	4096

/**
 * struct leaf - a leaf's bytes in the making
 * @size: so far
 * @text: likewise
 */
struct leaf {
	size_t	size;
	u8	text[LIB_HASH_LABEL + 2 * sizeof(u64) + DATA_MAX];
};

static void begin(struct leaf *l, const char *label)
{
	memset(l->text, 0, LIB_HASH_LABEL);
	memcpy(l->text, label, strlen(label));
	l->size = LIB_HASH_LABEL;
}

static void add(struct leaf *l, const void *data, size_t size)
{
	memcpy(l->text + l->size, data, size);
	l->size += size;
}

static void add_u64(struct leaf *l, u64 value)
{
	__le64 le = cpu_to_le64(value);

	add(l, &le, sizeof(le));
}

/**
 * lib_hash_sectors() - root over a piece's ciphertext
 * @m:          lends its hasher
 * @first:      sector
 * @count:      sectors
 * @ciphertext: of them
 * @root:       receives it
 */
void lib_hash_sectors(struct lib_merkle *m, u64 first, u32 count, const u8 *ciphertext,
		      u8 root[LIB_HASH_SIZE])
{
	struct lib_merkle sectors = { .md = m->md, .ctx = m->ctx };
	u8 hash[LIB_HASH_SIZE];
	struct leaf l;
	u32 i;

	for (i = 0; i < count; i++) {
		begin(&l, "dmw-sector");
		add_u64(&l, first + i);
		add(&l, ciphertext + ((size_t)i << DMW_SECTOR_SHIFT), DMW_SECTOR_SIZE);
		lib_merkle_leaf(&sectors, l.text, l.size, hash);
		lib_merkle_add(&sectors, hash);
	}
	if (lib_merkle_root(&sectors, root))
		m->failed = true;
}

/** lib_hash_seals() - digest of a piece's seals */
void lib_hash_seals(struct lib_merkle *m, const struct dmw_seal_disk *seals, u32 count,
		    u8 digest[LIB_HASH_SIZE])
{
	struct leaf l;

	begin(&l, "dmw-seals");
	add(&l, seals, count * sizeof(*seals));
	lib_merkle_leaf(m, l.text, l.size, digest);
}

/** lib_hash_piece() - hash of a piece in its extent's tree */
void lib_hash_piece(struct lib_merkle *m, const struct lib_evidence_piece *p,
		    u8 leaf[LIB_HASH_SIZE])
{
	struct leaf l;

	begin(&l, "dmw-piece");
	add_u64(&l, p->first);
	add_u64(&l, p->count);
	add(&l, p->sectors, LIB_HASH_SIZE);
	add(&l, p->seals, LIB_HASH_SIZE);
	lib_merkle_leaf(m, l.text, l.size, leaf);
}

/** lib_hash_extent() - hash of an extent in its tag's tree */
void lib_hash_extent(struct lib_merkle *m, u64 first, u64 count, const u8 pieces[LIB_HASH_SIZE],
		     u8 leaf[LIB_HASH_SIZE])
{
	struct leaf l;

	begin(&l, "dmw-extent");
	add_u64(&l, first);
	add_u64(&l, count);
	add(&l, pieces, LIB_HASH_SIZE);
	lib_merkle_leaf(m, l.text, l.size, leaf);
}

/** lib_hash_tag() - hash of a tag in the tree of tags */
void lib_hash_tag(struct lib_merkle *m, const struct lib_evidence_tag *t, u8 leaf[LIB_HASH_SIZE])
{
	__le32 tag = cpu_to_le32(t->tag);
	struct leaf l;

	begin(&l, "dmw-tag");
	add(&l, &tag, sizeof(tag));
	add_u64(&l, t->extents);
	add_u64(&l, t->sectors);
	add(&l, t->root, LIB_HASH_SIZE);
	lib_merkle_leaf(m, l.text, l.size, leaf);
}
