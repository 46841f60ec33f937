// SPDX-License-Identifier: GPL-2.0-or-later
/* Merkle trees of RFC 6962; the algorithms are those of RFC 9162, sections 2.1.1 to 2.1.4. */
#include "merkle.h"

/* A leaf and a node must never have the same hash. */
static const u8 leaf_prefix = 0, node_prefix = 1;

int lib_merkle_init(struct lib_merkle *m)
{
	memset(m, 0, sizeof(*m));
	m->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	m->ctx = EVP_MD_CTX_new();
	return m->md && m->ctx ? 0 : -ENOMEM;
}

void lib_merkle_free(struct lib_merkle *m)
{
	EVP_MD_CTX_free(m->ctx);
	EVP_MD_free(m->md);
	memset(m, 0, sizeof(*m));
}

static void hash3(struct lib_merkle *m, u8 prefix, const void *a, size_t a_size, const void *b,
		  size_t b_size, u8 *hash)
{
	if (!EVP_DigestInit_ex2(m->ctx, m->md, NULL) || !EVP_DigestUpdate(m->ctx, &prefix, 1) ||
	    !EVP_DigestUpdate(m->ctx, a, a_size) || !EVP_DigestUpdate(m->ctx, b, b_size) ||
	    !EVP_DigestFinal_ex(m->ctx, hash, NULL))
		m->failed = true;
}

static void hash_node(struct lib_merkle *m, const u8 *left, const u8 *right, u8 *hash)
{
	hash3(m, node_prefix, left, LIB_MERKLE_HASH, right, LIB_MERKLE_HASH, hash);
}

void lib_merkle_leaf(struct lib_merkle *m, const void *data, size_t size,
		     u8 hash[LIB_MERKLE_HASH])
{
	hash3(m, leaf_prefix, data, size, NULL, 0, hash);
}

void lib_merkle_add(struct lib_merkle *m, const u8 leaf[LIB_MERKLE_HASH])
{
	unsigned int level = 0;
	u8 hash[LIB_MERKLE_HASH];

	memcpy(hash, leaf, sizeof(hash));
	for (; m->size >> level & 1; level++)
		hash_node(m, m->edge[level], hash, hash);
	memcpy(m->edge[level], hash, sizeof(hash));
	m->size++;
}

int lib_merkle_root(struct lib_merkle *m, u8 root[LIB_MERKLE_HASH])
{
	bool first = true;
	unsigned int level;

	if (!m->size && !EVP_Digest(NULL, 0, root, NULL, m->md, NULL))
		m->failed = true;
	for (level = 0; m->size >> level; level++) {
		if (!(m->size >> level & 1))
			continue;
		if (first)
			memcpy(root, m->edge[level], LIB_MERKLE_HASH);
		else
			hash_node(m, m->edge[level], root, root);
		first = false;
	}
	return m->failed ? -ENOMEM : 0;
}

/* ---- proofs ---- */

/* The root over some of the leaves, to the end of @proof. */
static void add_range(struct lib_merkle *m, const u8 leaves[][LIB_MERKLE_HASH], u64 count,
		      struct lib_merkle_proof *proof)
{
	struct lib_merkle part = { .md = m->md, .ctx = m->ctx };
	u64 i;

	for (i = 0; i < count; i++)
		lib_merkle_add(&part, leaves[i]);
	if (lib_merkle_root(&part, proof->hash[proof->count++]))
		m->failed = true;
}

/* They are found from the root down. */
static void reverse(struct lib_merkle_proof *proof)
{
	u8 t[LIB_MERKLE_HASH];
	size_t i, j;

	for (i = 0, j = proof->count; i + 1 < j; i++) {
		j--;
		memcpy(t, proof->hash[i], sizeof(t));
		memcpy(proof->hash[i], proof->hash[j], sizeof(t));
		memcpy(proof->hash[j], t, sizeof(t));
	}
}

/* Leaves of the left subtree: the largest power of two below @count. */
static u64 left_of(u64 count)
{
	u64 k = 1;

	while (k < count - k)
		k <<= 1;
	return k;
}

int lib_merkle_inclusion(struct lib_merkle *m, const u8 leaves[][LIB_MERKLE_HASH], u64 count,
			 u64 index, struct lib_merkle_proof *proof)
{
	u64 k;

	proof->count = 0;
	while (count > 1) {
		k = left_of(count);
		if (index < k) {
			add_range(m, leaves + k, count - k, proof);
			count = k;
		} else {
			add_range(m, leaves, k, proof);
			leaves += k;
			count -= k;
			index -= k;
		}
	}
	reverse(proof);
	return m->failed ? -ENOMEM : 0;
}

int lib_merkle_consistency(struct lib_merkle *m, const u8 leaves[][LIB_MERKLE_HASH], u64 count,
			   u64 from, struct lib_merkle_proof *proof)
{
	bool whole = true;	/* what is left is all of the smaller tree: its root is known */
	u64 k;

	proof->count = 0;
	while (from < count) {
		k = left_of(count);
		if (from <= k) {
			add_range(m, leaves + k, count - k, proof);
			count = k;
		} else {
			add_range(m, leaves, k, proof);
			leaves += k;
			count -= k;
			from -= k;
			whole = false;
		}
	}
	if (!whole)
		add_range(m, leaves, count, proof);
	reverse(proof);
	return m->failed ? -ENOMEM : 0;
}

/* ---- verifying ---- */

/* Up to the next level at which the node is a right one. */
static void climb(u64 *node, u64 *last)
{
	while (!(*node & 1) && *node) {
		*node >>= 1;
		*last >>= 1;
	}
}

int lib_merkle_included(struct lib_merkle *m, const u8 leaf[LIB_MERKLE_HASH], u64 index,
			u64 size, const struct lib_merkle_proof *proof,
			const u8 root[LIB_MERKLE_HASH])
{
	u64 node = index, last = size - 1;
	u8 r[LIB_MERKLE_HASH];
	size_t i;

	if (index >= size)
		return -EBADMSG;
	memcpy(r, leaf, sizeof(r));
	for (i = 0; i < proof->count; i++) {
		if (!last)
			return -EBADMSG;
		if (node & 1 || node == last) {
			hash_node(m, proof->hash[i], r, r);
			climb(&node, &last);
		} else {
			hash_node(m, r, proof->hash[i], r);
		}
		node >>= 1;
		last >>= 1;
	}
	if (m->failed)
		return -ENOMEM;
	return last || memcmp(r, root, sizeof(r)) ? -EBADMSG : 0;
}

/* From the smaller tree's last leaf up: @first becomes its root, @second the larger tree's. */
static int rebuild(struct lib_merkle *m, u64 from, u64 size, const struct lib_merkle_proof *proof,
		   size_t i, u8 *first, u8 *second)
{
	u64 node = from - 1, last = size - 1;

	while (node & 1) {
		node >>= 1;
		last >>= 1;
	}
	for (; i < proof->count; i++) {
		if (!last)
			return -EBADMSG;
		if (node & 1 || node == last) {
			hash_node(m, proof->hash[i], first, first);
			hash_node(m, proof->hash[i], second, second);
			climb(&node, &last);
		} else {
			hash_node(m, second, proof->hash[i], second);
		}
		node >>= 1;
		last >>= 1;
	}
	return last ? -EBADMSG : 0;
}

int lib_merkle_consistent(struct lib_merkle *m, u64 from, const u8 from_root[LIB_MERKLE_HASH],
			  u64 size, const u8 root[LIB_MERKLE_HASH],
			  const struct lib_merkle_proof *proof)
{
	u8 first[LIB_MERKLE_HASH], second[LIB_MERKLE_HASH];
	bool full = !(from & (from - 1));	/* its root is a node of the larger tree, too */
	int ret;

	if (!from || from > size)
		return -EBADMSG;
	if (from == size)
		return proof->count || memcmp(from_root, root, LIB_MERKLE_HASH) ? -EBADMSG : 0;
	if (!proof->count)
		return -EBADMSG;
	memcpy(first, full ? from_root : proof->hash[0], sizeof(first));
	memcpy(second, first, sizeof(second));
	ret = rebuild(m, from, size, proof, full ? 0 : 1, first, second);
	if (m->failed)
		return -ENOMEM;
	return ret || memcmp(first, from_root, sizeof(first)) ||
	       memcmp(second, root, sizeof(second)) ? -EBADMSG : 0;
}
