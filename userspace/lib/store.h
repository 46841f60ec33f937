/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores of kind file: what the files of that kind share. */
#ifndef LIB_STORE_H
#define LIB_STORE_H

#include "keystore.h"
#include "luks.h"
#include "sealed.h"
#include "store_dir.h"
#include "tombstone.h"

/*
 * A store is a directory:
 *
 *	format			says so
 *	lock			many readers or one writer
 *	tombstones/00000001 ...	what was destroyed
 *	<warrant>/header	LUKS2: ways to unlock, and the rolling key
 *	<warrant>/keys		all keysets of the warrant, sealed under the rolling key
 *
 * What is being made has another name until it is whole. What a kill leaves of it is removed by the
 * next who opens the store.
 */
#define STORE_FORMAT		"format"
#define STORE_FORMAT_NEW	"format.new"
#define STORE_LOCK		"lock"
#define STORE_TOMBSTONES	"tombstones"
#define STORE_NEW		".new-"		/* of a warrant's directory */
#define STORE_HEADER		"header"
#define STORE_HEADER_NEW	"header.new"
#define STORE_HEADER_OLD	"header.old"
#define STORE_KEYS		"keys"
#define STORE_KEYS_NEW		"keys.new"

/** struct lib_unlocked - a warrant that is unlocked until the store is closed */
struct lib_unlocked {
	struct lib_unlocked	*next;
	u8			warrant[LIBDMWARRANT_UUID_SIZE];
	u8			*kek;
	int			slot;
};

/**
 * struct lib_store - an open store
 * @ks:         what it is to the outside
 * @dir:        the directory
 * @buried:     that of the tombstones
 * @tombstones: as of the last lib_store_lock()
 * @unlocked:   warrants
 */
struct lib_store {
	struct libdmwarrant_keystore	*ks;
	struct lib_dir			dir;
	struct lib_dir			buried;
	struct lib_tombstones		tombstones;
	struct lib_unlocked		*unlocked;
};

/**
 * struct lib_held - a warrant in a store, held under the store's lock
 * @store:     store
 * @lock:      -1 = none
 * @exclusive: to write
 * @warrant:   ObjectIdentifier
 * @dir:       its directory
 * @luks:      after lib_held_load()
 * @sealed:    likewise; with keys after lib_held_open()
 * @rolling:   after lib_held_open()
 * @unlocked:  NULL = locked
 */
struct lib_held {
	struct lib_store	*store;
	int			lock;
	bool			exclusive;
	u8			warrant[LIBDMWARRANT_UUID_SIZE];
	struct lib_dir		dir;
	struct lib_luks		luks;
	struct lib_sealed	sealed;
	u8			*rolling;
	struct lib_unlocked	*unlocked;
};

/* store.c */
int lib_store_init(struct libdmwarrant_keystore *ks, const char *place);
int lib_store_open(struct libdmwarrant_keystore *ks, const char *place);
void lib_store_close(struct libdmwarrant_keystore *ks);
int lib_store_lock(struct lib_store *s, bool exclusive);

/* store_probe.c */
int lib_store_probe(struct libdmwarrant_keystore *ks, const char *path);

/* store_repair.c */
int lib_store_repair(struct lib_store *s);
int lib_store_clean(const struct lib_dir *d);
int lib_store_discard(struct lib_store *s, const char *name);

/* store_held.c */
int lib_held_begin(struct lib_store *s, const u8 *warrant, bool exclusive, struct lib_held *h);
int lib_held_load(struct lib_held *h);
int lib_held_open(struct lib_held *h);
void lib_held_end(struct lib_held *h);
bool lib_held_is_dead(const struct lib_held *h, const struct lib_sealed_volume *v,
		      const struct lib_sealed_key *k);
u32 lib_held_alive(const struct lib_held *h, u32 *volumes);
int lib_destroyed(struct lib_store *s, const struct libdmwarrant_tombstone *t, const char *what);

/* store_unlock.c */
struct lib_unlocked *lib_unlocked_find(struct lib_store *s, const u8 *warrant);
int lib_unlocked_add(struct lib_store *s, const u8 *warrant, u8 *kek, int slot);
void lib_unlocked_remove(struct lib_store *s, const u8 *warrant);
int lib_store_unlock(struct libdmwarrant_keystore *ks, const u8 *warrant,
		     const struct libdmwarrant_unlock *unlock);

/* store_create.c */
int lib_store_create_warrant(struct libdmwarrant_keystore *ks, const u8 *warrant,
			     const struct libdmwarrant_unlock *unlock);

/* store_commit.c */
void lib_sealed_add_volume(struct lib_sealed *s, const struct lib_sealed_volume *v);
void lib_sealed_add_key(struct lib_sealed *s, const struct lib_sealed_key *k, const u8 *secret);
int lib_held_replace(struct lib_held *h, struct lib_sealed *next);
int lib_held_roll(struct lib_held *h, struct lib_sealed *next, const struct lib_burial *b);
int lib_held_sweep(struct lib_held *h);
void lib_unfinished(struct lib_store *s);

/* store_keys.c */
int lib_store_put(struct libdmwarrant_keystore *ks, const u8 *warrant,
		  const struct libdmwarrant_keyset *keyset, const u8 *binding);
int lib_store_get(struct libdmwarrant_keystore *ks, const u8 *warrant, const u8 *volume,
		  struct libdmwarrant_keyset **keyset, u8 *binding);

/* store_list.c */
int lib_store_each_warrant(struct lib_store *s,
			   int (*fn)(void *arg, const u8 *warrant, const char *name), void *arg);
int lib_store_warrants(struct libdmwarrant_keystore *ks, lib_warrant_fn fn, void *arg);
int lib_store_warrant(struct libdmwarrant_keystore *ks, const u8 *warrant,
		      struct libdmwarrant_keystore_warrant *w);
int lib_store_keys(struct libdmwarrant_keystore *ks, const u8 *warrant, lib_key_fn fn, void *arg);
int lib_store_methods(struct libdmwarrant_keystore *ks, const u8 *warrant, lib_method_fn fn,
		      void *arg);
int lib_store_tombstones(struct libdmwarrant_keystore *ks, lib_tombstone_fn fn, void *arg);
int lib_store_head(struct libdmwarrant_keystore *ks, u64 *number, u8 *digest);

/* store_rewrap.c */
int lib_store_rewrap(struct libdmwarrant_keystore *ks, const u8 *warrant,
		     enum libdmwarrant_rewrap what, const struct libdmwarrant_unlock *unlock,
		     u32 slot);

/* store_destroy.c */
int lib_store_destroy(struct libdmwarrant_keystore *ks,
		      const struct libdmwarrant_destroy_params *params,
		      struct libdmwarrant_destroy_result *result);

#endif
