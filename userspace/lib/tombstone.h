/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tombstones: the memory of a store for what it has destroyed. */
#ifndef LIB_TOMBSTONE_H
#define LIB_TOMBSTONE_H

#include "keystore.h"
#include "store_dir.h"

/**
 * struct lib_tombstones - all tombstones of a store
 * @number: of the last destruction, 0 = none
 * @head:   digest of all of them
 * @heads:  @number + 1 digests: that of the first n destructions
 * @list:   tombstones, oldest first
 * @count:  number of them
 * @scopes: places in @list of those that stand for a whole scope: few, among many keys
 * @scope_count: number of them
 * @ids:    ids of keys, sorted
 * @id_count: number of them
 */
struct lib_tombstones {
	u64				number;
	u8				(*heads)[LIBDMWARRANT_DIGEST_SIZE];
	struct libdmwarrant_tombstone	*list;
	size_t				count;
	size_t				*scopes;
	size_t				scope_count;
	u8				(*ids)[LIBDMWARRANT_KEY_ID_SIZE];
	size_t				id_count;
};

/**
 * struct lib_burial - a destruction, prepared but not yet done
 * @number: of it
 * @data:   file
 * @size:   bytes
 * @head:   digest of all with this one
 */
struct lib_burial {
	u64	number;
	u8	*data;
	size_t	size;
	u8	head[LIBDMWARRANT_DIGEST_SIZE];
};

int lib_tombstones_load(const struct lib_dir *d, struct lib_tombstones *t);
void lib_tombstones_free(struct lib_tombstones *t);
bool lib_tombstones_key(const struct lib_tombstones *t, const u8 *id);
const struct libdmwarrant_tombstone *
lib_tombstones_scope(const struct lib_tombstones *t, u32 scope, const u8 *uuid, u32 number);
const struct libdmwarrant_tombstone *
lib_tombstones_name(const struct lib_tombstones *t, const u8 *volume, u32 tag, u32 epoch);

int lib_tombstones_mark(struct libdmwarrant *ctx, const struct lib_tombstones *t, const u8 *volume,
			struct libdmwarrant_keyset *k);

int lib_burial_prepare(const struct lib_dir *d, const struct lib_tombstones *t,
		       const struct libdmwarrant_tombstone *list, u32 count,
		       struct lib_burial *b);
int lib_burial_commit(const struct lib_dir *d, const struct lib_burial *b);
void lib_burial_free(struct lib_burial *b);

#endif
