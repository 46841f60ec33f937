/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merkle trees of RFC 6962 (RFC 9162, section 2.1) with SHA-256: growing one, proofs, and verifying
 * proofs. Nothing here knows what the leaves are.
 */
#ifndef LIB_MERKLE_H
#define LIB_MERKLE_H

#include "lib_private.h"

#define LIB_MERKLE_HASH		32
#define LIB_MERKLE_LEVELS	63
#define LIB_MERKLE_PROOF	(LIB_MERKLE_LEVELS + 1)	/* hashes of a proof, at most */

/**
 * struct lib_merkle - a tree, of which only the right edge is kept
 * @md:     digest, fetched once: that costs more than hashing a leaf
 * @ctx:    for hashing
 * @failed: OpenSSL had no memory at some time; lib_merkle_root() says so
 * @size:   leaves so far
 * @edge:   [k] = root of a full subtree of 2^k leaves, where @size has bit k
 */
struct lib_merkle {
	EVP_MD		*md;
	EVP_MD_CTX	*ctx;
	bool		failed;
	u64		size;
	u8		edge[LIB_MERKLE_LEVELS][LIB_MERKLE_HASH];
};

/**
 * struct lib_merkle_proof - of inclusion or of consistency, lowest hash first
 * @count: hashes
 * @hash:  likewise
 */
struct lib_merkle_proof {
	size_t	count;
	u8	hash[LIB_MERKLE_PROOF][LIB_MERKLE_HASH];
};

/** lib_merkle_init() - an empty tree. Return: 0 or -ENOMEM; in either case lib_merkle_free() */
int lib_merkle_init(struct lib_merkle *m);
void lib_merkle_free(struct lib_merkle *m);

/** lib_merkle_leaf() - hash of a leaf; @m only lends its hasher */
void lib_merkle_leaf(struct lib_merkle *m, const void *data, size_t size,
		     u8 hash[LIB_MERKLE_HASH]);

/** lib_merkle_add() - append a leaf by its hash */
void lib_merkle_add(struct lib_merkle *m, const u8 leaf[LIB_MERKLE_HASH]);

/** lib_merkle_root() - root over all leaves so far. Return: 0, or -ENOMEM when anything failed */
int lib_merkle_root(struct lib_merkle *m, u8 root[LIB_MERKLE_HASH]);

/**
 * lib_merkle_inclusion() - prove that a leaf is in a tree
 * @m:      lends its hasher
 * @leaves: hashes of all leaves
 * @count:  of them
 * @index:  of the leaf, below @count
 * @proof:  receives it
 *
 * Return: 0 or -ENOMEM.
 */
int lib_merkle_inclusion(struct lib_merkle *m, const u8 leaves[][LIB_MERKLE_HASH], u64 count,
			 u64 index, struct lib_merkle_proof *proof);

/**
 * lib_merkle_consistency() - prove that a tree begins with a smaller one
 * @from: leaves of the smaller one, from 1 to @count
 *
 * Otherwise as lib_merkle_inclusion().
 */
int lib_merkle_consistency(struct lib_merkle *m, const u8 leaves[][LIB_MERKLE_HASH], u64 count,
			   u64 from, struct lib_merkle_proof *proof);

/** lib_merkle_included() - verify a proof of inclusion. Return: 0; -EBADMSG it proves nothing */
int lib_merkle_included(struct lib_merkle *m, const u8 leaf[LIB_MERKLE_HASH], u64 index,
			u64 size, const struct lib_merkle_proof *proof,
			const u8 root[LIB_MERKLE_HASH]);

/** lib_merkle_consistent() - verify a proof of consistency. Return: 0; -EBADMSG */
int lib_merkle_consistent(struct lib_merkle *m, u64 from, const u8 from_root[LIB_MERKLE_HASH],
			  u64 size, const u8 root[LIB_MERKLE_HASH],
			  const struct lib_merkle_proof *proof);

#endif
