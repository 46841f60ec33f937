/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence seals inside: a SHA-256 tree (RFC 6962 hashing) over the ciphertext of a volume.
 *
 *   sector  0x00 | "dmw-sector" | number | ciphertext
 *   piece   0x00 | "dmw-piece"  | first | count | root of its sectors | digest of their seals
 *   extent  0x00 | "dmw-extent" | first | count | root of its pieces
 *   tag     0x00 | "dmw-tag"    | tag | extents | sectors | root of its extents
 *   root                          root of the tags
 *
 * A piece is a run of written sectors with one tag within a leaf node (512 KiB), an extent one
 * without that bound. Labels are padded with NULs to 16 bytes, integers are little endian, 64 bits,
 * the tag 32. Ciphertext can be hashed without any key; only finding it, and the seals, takes the
 * metadata key. So a tag's root is the same before and after its keys were destroyed.
 */
#ifndef LIB_EVIDENCE_H
#define LIB_EVIDENCE_H

#include "libdmwarrant-evidence.h"
#include "merkle.h"

#define LIB_HASH_SIZE	LIB_MERKLE_HASH
#define LIB_HASH_LABEL	16

/* ---- evidence_root.c: the root, for whoever has the metadata key ---- */

#define LIB_EVIDENCE_OPEN	(1U << 0)	/* the volume may be open: see below */
#define LIB_EVIDENCE_VERIFY	(1U << 1)	/* sectors must fit their seals, if keyed */

/**
 * struct lib_evidence_piece - a run of sectors of one tag within a leaf node
 * @first:   sector
 * @count:   1..128
 * @tag:     of all of them; 0 = the default tag
 * @sectors: root of the sectors' ciphertext
 * @seals:   digest of their seals
 */
struct lib_evidence_piece {
	u64	first;
	u32	count;
	u32	tag;
	u8	sectors[LIB_HASH_SIZE];
	u8	seals[LIB_HASH_SIZE];
};

/**
 * struct lib_evidence_params - of what
 * @device:    the LUN, or an image of it
 * @keyset:    with the metadata keys of all epochs; tags' keys only for LIB_EVIDENCE_VERIFY
 * @anchor:    oldest acceptable checkpoint; zero = any
 * @tags:      which; NULL = all, of the whole volume
 * @tag_count: of @tags
 * @flags:     LIB_EVIDENCE_...
 * @piece:     called for each piece, in order of its sectors; NULL = not wanted. Return: 0 or an
 *             errno with the error set
 * @arg:       for @piece
 */
struct lib_evidence_params {
	const char				*device;
	const struct libdmwarrant_keyset	*keyset;
	struct libdmwarrant_anchor		anchor;
	const u32				*tags;
	u32					tag_count;
	u32					flags;
	int	(*piece)(void *arg, const struct lib_evidence_piece *p);
	void					*arg;
};

/**
 * struct lib_evidence_tag - a tag's share
 * @tag:     its number; 0 = the default tag
 * @extents: runs of sectors
 * @pieces:  parts of extents
 * @sectors: written ones
 * @root:    over its extents: this names its ciphertext
 */
struct lib_evidence_tag {
	u32	tag;
	u64	extents;
	u64	pieces;
	u64	sectors;
	u8	root[LIB_HASH_SIZE];
};

/**
 * struct lib_evidence_root - what was found
 * @uuid:       of the volume
 * @warrant:    digest of what binds it to its warrant
 * @anchor:     checkpoint that was read
 * @committed:  when it was made, Unix seconds
 * @group_start: block where group 0 begins: says, with a sector's number, where the sector lies
 * @data_sectors: size of the volume
 * @verified:   sectors that were found to fit their seals; LIB_EVIDENCE_VERIFY
 * @unverified: sectors whose key is not there; LIB_EVIDENCE_VERIFY
 * @root:       over all tags
 * @tag_count:  of @tags
 * @tags:       by number; of tags asked for without any written sector, too
 */
struct lib_evidence_root {
	u8			uuid[DMW_UUID_SIZE];
	u8			warrant[DMW_DIGEST_SIZE];
	struct dmw_anchor	anchor;
	u64			committed;
	u64			group_start;
	u64			data_sectors;
	u64			verified;
	u64			unverified;
	u8			root[LIB_HASH_SIZE];
	u32			tag_count;
	struct lib_evidence_tag	*tags;
};

/**
 * lib_evidence_root() - hash the ciphertext of a volume, or of some of its tags
 * @ctx:    for progress and errors
 * @params: of what
 * @root:   receives it; lib_evidence_root_free() it, also after a failure
 *
 * A closed volume is one moment: the LUN is locked meanwhile. With LIB_EVIDENCE_OPEN the LUN may be
 * read underneath an open volume. Then all of @params->tags must be such that nothing changes them,
 * frozen or stricter, and have been so since before the newest checkpoint (freezing makes one). The
 * kernel goes on making checkpoints; nodes that it writes anew meanwhile are looked up again from
 * the newest superblock. What is guaranteed then: each sector was found under a checkpoint not
 * older than the one in @root, and because the tags cannot change, all of these agree. Not while
 * keys are being rotated: that writes frozen sectors, too. A read-only opening that has a journal to replay
 * is no obstacle: frozen tags have nothing in it.
 *
 * Return: 0; -EBUSY in use, not closed cleanly, or being rotated; -EPERM a tag of an open volume
 * that is not frozen; -ENOENT no such tag; -EUCLEAN a node, or with LIB_EVIDENCE_VERIFY a sector,
 * is damaged: no root; -ENOKEY; as lib_volume_load().
 */
int lib_evidence_root(struct libdmwarrant *ctx, const struct lib_evidence_params *params,
		      struct lib_evidence_root *root);
void lib_evidence_root_free(struct lib_evidence_root *root);

/* ---- evidence_hash.c ---- */

void lib_hash_sectors(struct lib_merkle *m, u64 first, u32 count, const u8 *ciphertext,
		      u8 root[LIB_HASH_SIZE]);
void lib_hash_seals(struct lib_merkle *m, const struct dmw_seal_disk *seals, u32 count,
		    u8 digest[LIB_HASH_SIZE]);
void lib_hash_piece(struct lib_merkle *m, const struct lib_evidence_piece *p,
		    u8 leaf[LIB_HASH_SIZE]);
void lib_hash_extent(struct lib_merkle *m, u64 first, u64 count, const u8 pieces[LIB_HASH_SIZE],
		     u8 leaf[LIB_HASH_SIZE]);
void lib_hash_tag(struct lib_merkle *m, const struct lib_evidence_tag *t,
		  u8 leaf[LIB_HASH_SIZE]);

/* ---- evidence_build.c: from pieces to the root ---- */

/**
 * struct lib_evidence_extent - a run of sectors of one tag
 * @number: among all extents, from 0 on, in order of sectors
 * @first:  sector
 * @count:  sectors
 * @tag:    of all of them
 * @pieces: it consists of
 * @leaf:   its hash in its tag's tree
 */
struct lib_evidence_extent {
	u64	number;
	u64	first;
	u64	count;
	u32	tag;
	u64	pieces;
	u8	leaf[LIB_HASH_SIZE];
};

/**
 * struct lib_builder_tag - a tag's share, growing
 * @sum:     so far; @sum.root only after lib_builder_end()
 * @extents: leaves
 */
struct lib_builder_tag {
	struct lib_evidence_tag	sum;
	struct lib_merkle	extents;
};

/**
 * struct lib_builder - takes pieces in order of sectors
 * @pieces: of @open; also lends its hasher to all else
 * @extent: called when an extent has ended; NULL = not wanted. Return: 0 or an errno
 * @arg:    for @extent
 * @open:   the extent that the next piece may belong to; count 0 = none
 * @tags:   by number
 * @count:  of @tags
 * @space:  of @tags
 * @last:   place of the tag used last
 */
struct lib_builder {
	struct lib_merkle		pieces;
	int				(*extent)(void *arg, const struct lib_evidence_extent *e);
	void				*arg;
	struct lib_evidence_extent	open;
	struct lib_builder_tag		*tags;
	u32				count;
	u32				space;
	u32				last;
};

int lib_builder_init(struct lib_builder *b);
void lib_builder_free(struct lib_builder *b);
int lib_builder_tag(struct lib_builder *b, u32 tag);
int lib_builder_add(struct lib_builder *b, const struct lib_evidence_piece *p);
int lib_builder_end(struct lib_builder *b, u8 root[LIB_HASH_SIZE]);

#endif
