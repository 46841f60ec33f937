/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key stores: what each kind of store provides, and what they share. */
#ifndef LIB_KEYSTORE_H
#define LIB_KEYSTORE_H

#include "lib_private.h"
#include "libdmwarrant-keystore.h"

struct lib_keystore_ops;

/**
 * struct libdmwarrant_keystore - an open store
 * @ctx:        context
 * @ops:        of its kind
 * @uri:        full form
 * @timeout_ms: for answers
 * @read_only:  change nothing
 * @store:      of @ops
 */
struct libdmwarrant_keystore {
	struct libdmwarrant		*ctx;
	const struct lib_keystore_ops	*ops;
	char				*uri;
	u32				timeout_ms;
	bool				read_only;
	void				*store;
};

typedef int (*lib_warrant_fn)(void *arg, const struct libdmwarrant_keystore_warrant *w);
typedef int (*lib_key_fn)(void *arg, const struct libdmwarrant_keystore_key *k);
typedef int (*lib_method_fn)(void *arg, const struct libdmwarrant_keystore_method *m);
typedef int (*lib_tombstone_fn)(void *arg, const struct libdmwarrant_tombstone *t);

/**
 * struct lib_keystore_ops - a kind of store
 * @scheme:         of its URIs, without the colon
 * @init:           make an empty store; @place is what follows the colon
 * @open:           set @uri and @store, or leave nothing behind
 * @close:          forget all keys, free @store
 * @create_warrant: these and the rest: as the public functions of the same names, which have
 * @unlock:         checked versions, flags and what else can be checked without the store
 * @put:            likewise
 * @get:            likewise
 * @warrants:       likewise
 * @warrant:        likewise
 * @keys:           likewise
 * @methods:        likewise
 * @rewrap:         likewise
 * @destroy:        likewise
 * @tombstones:     likewise
 * @head:           likewise
 */
struct lib_keystore_ops {
	const char	*scheme;
	int (*init)(struct libdmwarrant_keystore *ks, const char *place);
	int (*open)(struct libdmwarrant_keystore *ks, const char *place);
	void (*close)(struct libdmwarrant_keystore *ks);
	int (*create_warrant)(struct libdmwarrant_keystore *ks, const u8 *warrant,
			      const struct libdmwarrant_unlock *unlock);
	int (*unlock)(struct libdmwarrant_keystore *ks, const u8 *warrant,
		      const struct libdmwarrant_unlock *unlock);
	int (*put)(struct libdmwarrant_keystore *ks, const u8 *warrant,
		   const struct libdmwarrant_keyset *keyset, const u8 *binding);
	int (*get)(struct libdmwarrant_keystore *ks, const u8 *warrant, const u8 *volume,
		   struct libdmwarrant_keyset **keyset, u8 *binding);
	int (*warrants)(struct libdmwarrant_keystore *ks, lib_warrant_fn fn, void *arg);
	int (*warrant)(struct libdmwarrant_keystore *ks, const u8 *warrant,
		       struct libdmwarrant_keystore_warrant *w);
	int (*keys)(struct libdmwarrant_keystore *ks, const u8 *warrant, lib_key_fn fn, void *arg);
	int (*methods)(struct libdmwarrant_keystore *ks, const u8 *warrant, lib_method_fn fn,
		       void *arg);
	int (*rewrap)(struct libdmwarrant_keystore *ks, const u8 *warrant,
		      enum libdmwarrant_rewrap what, const struct libdmwarrant_unlock *unlock,
		      u32 slot);
	int (*destroy)(struct libdmwarrant_keystore *ks,
		       const struct libdmwarrant_destroy_params *params,
		       struct libdmwarrant_destroy_result *result);
	int (*tombstones)(struct libdmwarrant_keystore *ks, lib_tombstone_fn fn, void *arg);
	int (*head)(struct libdmwarrant_keystore *ks, u64 *number, u8 *digest);
};

extern const struct lib_keystore_ops lib_keystore_file;

/* unlock.c */

#define LIB_UNLOCK_MAX		65536	/* bytes of a key file */
#define LIB_PASSPHRASE_MAX	512
#define LIB_PASSPHRASE_MIN	8	/* of a new one */

/** struct lib_secret - a secret as it was read; @bytes has one byte more than it may have */
struct lib_secret {
	u8	*bytes;
	size_t	size;
};

int lib_unlock_read(struct libdmwarrant *ctx, const struct libdmwarrant_unlock *unlock,
		    bool is_new, struct lib_secret *secret);
void lib_unlock_free(struct lib_secret *secret);

/* derive.c */

int lib_hkdf(struct libdmwarrant *ctx, const u8 *key, size_t size, const u8 *salt,
	     size_t salt_size, const char *info, u8 out[DMW_KEY_SIZE]);
int lib_key_id(struct libdmwarrant *ctx, const u8 key[DMW_KEY_SIZE],
	       u8 id[LIBDMWARRANT_KEY_ID_SIZE]);

/* keyset.c */

struct libdmwarrant_keyset *lib_keyset_new(struct libdmwarrant *ctx, const u8 *uuid);
int lib_keyset_append(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, u32 tag, u32 epoch,
		      const u8 *key);

/**
 * lib_keyset_mark_shredded() - say in a keyset that a tag's keys were destroyed
 * @ctx: context
 * @k:   keyset that has no key of the tag; marking twice does no harm
 * @tag: case tag; not the default tag, nor DMW_TAG_METADATA
 *
 * For every kind of store's get(): what the keyset does not say, the kernel cannot tell from a key that
 * is only missing.
 */
int lib_keyset_mark_shredded(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, u32 tag);

#endif
