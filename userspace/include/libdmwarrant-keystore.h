/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant, key stores: where the keys of volumes live, off the array, by warrant.
 *
 * The conventions of libdmwarrant.h hold. A warrant is named by its ObjectIdentifier, a volume by
 * its UUID; both are UUIDs of LIBDMWARRANT_UUID_SIZE bytes.
 *
 * A store has for each warrant: the ways to unlock it (passphrase, key file, TPM2, FIDO2, PKCS#11,
 * Tang), and the keysets of the volumes under the warrant, each with its binding digest. What a
 * store holds (which volumes, tags, epochs) can be listed without unlocking; keys cannot be had.
 *
 * A change is durable, and read back, when its function returns 0. Killed at any moment, a store
 * has either the old or the new state. Keys are never overwritten or dropped by anything but
 * libdmwarrant_keystore_destroy(), and what that has destroyed leaves a tombstone: it is refused
 * for ever, whatever it is called.
 *
 * What these functions answer besides what is listed with each: -ENOENT no such store or warrant;
 * -EACCES the store can be accessed by others, or by us not at all; -EROFS, -ENOSPC as they say,
 * and nothing has changed; -ETIMEDOUT the store did not answer in time; -EUCLEAN damage;
 * -ESTALE a part of the store is an older copy than the rest; -EKEYREVOKED destroyed;
 * -EPROTONOSUPPORT made by a newer dm-warrant; -EOPNOTSUPP this kind of store cannot do it.
 */
#ifndef LIBDMWARRANT_KEYSTORE_H
#define LIBDMWARRANT_KEYSTORE_H

#include "libdmwarrant.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_KEYSTORE_DEFAULT	"file:/var/lib/dm-warrant/keys"

#define LIBDMWARRANT_DIGEST_SIZE	32
#define LIBDMWARRANT_KEY_ID_SIZE	16

/** struct libdmwarrant_keystore - an open key store, and what was unlocked of it. Opaque */
struct libdmwarrant_keystore;

/* ---- keysets that grow ---- */

/**
 * libdmwarrant_keyset_add() - add a random key
 * @ctx:    context
 * @keyset: keyset; it is nowhere but in memory until it is put or written
 * @tag:    case tag, or LIBDMWARRANT_TAG_METADATA
 * @epoch:  not 0
 *
 * Return: 0; -EEXIST there is a key for (@tag, @epoch); -ENOSPC the keyset is full; -EINVAL.
 */
int libdmwarrant_keyset_add(struct libdmwarrant *ctx, struct libdmwarrant_keyset *keyset,
			    uint32_t tag, uint32_t epoch);

/* ---- opening ---- */

#define LIBDMWARRANT_KEYSTORE_VERSION	1

#define LIBDMWARRANT_KEYSTORE_READ_ONLY	(1U << 0)	/* change nothing, repair nothing */

/**
 * struct libdmwarrant_keystore_params - how to open a store
 * @version:    LIBDMWARRANT_KEYSTORE_VERSION
 * @flags:      LIBDMWARRANT_KEYSTORE_...
 * @timeout_ms: how long to wait for an answer or for another process; 0 = 30 seconds
 * @pad:        zero
 * @reserved:   zero
 */
struct libdmwarrant_keystore_params {
	uint32_t	version;
	uint32_t	flags;
	uint32_t	timeout_ms;
	uint32_t	pad;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_keystore_init() - make an empty store
 * @ctx:    context
 * @uri:    "file:DIRECTORY"; NULL = LIBDMWARRANT_KEYSTORE_DEFAULT
 * @params: NULL = defaults
 *
 * Return: 0, also when there is a sound store already; -ENOTEMPTY something else is there; -EINVAL
 * no such kind of store.
 */
int libdmwarrant_keystore_init(struct libdmwarrant *ctx, const char *uri,
			       const struct libdmwarrant_keystore_params *params);

/**
 * libdmwarrant_keystore_open() - open a store
 * @ctx:    context; must outlive the store
 * @uri:    "file:DIRECTORY"; NULL = LIBDMWARRANT_KEYSTORE_DEFAULT
 * @params: NULL = defaults
 * @ks:     receives it; libdmwarrant_keystore_close() it
 *
 * Finishes what a process that was killed has left, unless read-only.
 *
 * Return: 0; -EINVAL no such kind of store; and see above.
 */
int libdmwarrant_keystore_open(struct libdmwarrant *ctx, const char *uri,
			       const struct libdmwarrant_keystore_params *params,
			       struct libdmwarrant_keystore **ks);

/** libdmwarrant_keystore_close() - forget all keys and close; NULL is allowed */
void libdmwarrant_keystore_close(struct libdmwarrant_keystore *ks);

/** libdmwarrant_keystore_uri() - in its full form, to be remembered. Owned by @ks */
const char *libdmwarrant_keystore_uri(const struct libdmwarrant_keystore *ks);

/* ---- unlocking ---- */

#define LIBDMWARRANT_UNLOCK_VERSION	1

/**
 * enum libdmwarrant_unlock_method - what unlocks a warrant's keys
 * @LIBDMWARRANT_UNLOCK_PASSPHRASE:  what @fd yields up to a line feed or its end
 * @LIBDMWARRANT_UNLOCK_KEY_FILE:    all bytes of the file @path, or else of @fd
 * @LIBDMWARRANT_UNLOCK_TOKEN:       whatever is enrolled: TPM2, FIDO2, PKCS#11, Tang. @fd, if not
 *                                   -1, yields the PIN like a passphrase. Only to unlock
 */
enum libdmwarrant_unlock_method {
	LIBDMWARRANT_UNLOCK_PASSPHRASE	= 1,
	LIBDMWARRANT_UNLOCK_KEY_FILE	= 2,
	LIBDMWARRANT_UNLOCK_TOKEN	= 3,
};

/* The key file is as random as a key: a slow key derivation would add nothing. */
#define LIBDMWARRANT_UNLOCK_RANDOM_FILE	(1U << 0)

/**
 * struct libdmwarrant_unlock - a secret that unlocks, or shall unlock
 * @version:           LIBDMWARRANT_UNLOCK_VERSION
 * @method:            enum libdmwarrant_unlock_method
 * @flags:             LIBDMWARRANT_UNLOCK_...; of a new secret only
 * @fd:                descriptor, -1 = none; stays open
 * @path:              of a key file that neither group nor others can access; NULL = use @fd
 * @pbkdf_ms:          time that one try shall cost (Argon2id); 0 = 2000; of a new secret only
 * @pbkdf_memory_kib:  memory that it shall need; 0 = up to 1 GiB; of a new secret only
 * @reserved:          zero
 */
struct libdmwarrant_unlock {
	uint32_t	version;
	uint32_t	method;
	uint32_t	flags;
	int32_t		fd;
	const char	*path;
	uint32_t	pbkdf_ms;
	uint32_t	pbkdf_memory_kib;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_keystore_create_warrant() - make room for a warrant's keys, and unlock it
 * @ks:      store
 * @warrant: ObjectIdentifier
 * @unlock:  the secret that shall unlock it: a passphrase of at least 8 bytes or a key file
 *
 * Return: 0; -EEXIST; -EKEYREVOKED the warrant's keys have been destroyed; -EINVAL.
 */
int libdmwarrant_keystore_create_warrant(struct libdmwarrant_keystore *ks,
					 const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
					 const struct libdmwarrant_unlock *unlock);

/**
 * libdmwarrant_keystore_unlock() - unlock a warrant's keys until the store is closed
 * @ks:      store
 * @warrant: ObjectIdentifier
 * @unlock:  secret
 *
 * A warrant that is unlocked already stays so, and @unlock is not looked at.
 *
 * Return: 0; -EKEYREJECTED wrong secret; -ENOKEY no token that can be used; -EINVAL.
 */
int libdmwarrant_keystore_unlock(struct libdmwarrant_keystore *ks,
				 const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				 const struct libdmwarrant_unlock *unlock);

/* ---- keys in and out: of an unlocked warrant; locked: -ENOKEY ---- */

/**
 * libdmwarrant_keystore_put() - store a volume's keyset
 * @ks:      store
 * @warrant: ObjectIdentifier
 * @keyset:  of a new volume, or a superset of what is stored of it
 * @binding: binding digest of the volume
 *
 * When it returns 0 the keys are durable and have been read back: only then use them.
 *
 * Return: 0, also when all of it is there already; -EEXIST a stored key is missing in @keyset or
 * differs from it, or a key of it is stored elsewhere; -EKEYREJECTED the volume is bound otherwise;
 * -EKEYREVOKED a key, its tag, epoch or volume has been destroyed; -ENOSPC.
 */
int libdmwarrant_keystore_put(struct libdmwarrant_keystore *ks,
			      const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
			      const struct libdmwarrant_keyset *keyset,
			      const uint8_t binding[LIBDMWARRANT_DIGEST_SIZE]);

/**
 * libdmwarrant_keystore_get() - a volume's keyset
 * @ks:      store
 * @warrant: ObjectIdentifier
 * @volume:  UUID
 * @keyset:  receives it; libdmwarrant_keyset_free() it
 * @binding: receives the binding digest; NULL = not wanted
 *
 * Return: 0; -ENOENT; -EKEYREVOKED the volume's keys have been destroyed.
 */
int libdmwarrant_keystore_get(struct libdmwarrant_keystore *ks,
			      const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
			      const uint8_t volume[LIBDMWARRANT_UUID_SIZE],
			      struct libdmwarrant_keyset **keyset,
			      uint8_t binding[LIBDMWARRANT_DIGEST_SIZE]);

/* ---- looking: locked or not ---- */

/**
 * enum libdmwarrant_keystore_state - state of a warrant in a store
 * @LIBDMWARRANT_KEYSTORE_LOCKED:    sound as far as can be seen
 * @LIBDMWARRANT_KEYSTORE_UNLOCKED:  and authenticated
 * @LIBDMWARRANT_KEYSTORE_DESTROYED: by libdmwarrant_keystore_destroy()
 * @LIBDMWARRANT_KEYSTORE_DAMAGED:   see @problem
 */
enum libdmwarrant_keystore_state {
	LIBDMWARRANT_KEYSTORE_LOCKED	= 1,
	LIBDMWARRANT_KEYSTORE_UNLOCKED	= 2,
	LIBDMWARRANT_KEYSTORE_DESTROYED	= 3,
	LIBDMWARRANT_KEYSTORE_DAMAGED	= 4,
};

/**
 * struct libdmwarrant_keystore_warrant - a warrant in a store
 * @version:    LIBDMWARRANT_KEYSTORE_VERSION
 * @state:      enum libdmwarrant_keystore_state
 * @uuid:       ObjectIdentifier
 * @generation: of the sealed keys: one more with each change of them
 * @wrap_generation: of the unlocking secrets: one more with each rewrap
 * @changed:    when the keys changed last; of a destroyed warrant: when it was
 * @volumes:    number
 * @keys:       number, in all volumes
 * @methods:    number of ways to unlock it
 * @pad:        zero
 * @problem:    what is damaged, for people; "" = nothing
 * @reserved:   zero
 */
struct libdmwarrant_keystore_warrant {
	uint32_t	version;
	uint32_t	state;
	uint8_t		uuid[LIBDMWARRANT_UUID_SIZE];
	uint64_t	generation;
	uint64_t	wrap_generation;
	uint64_t	changed;
	uint32_t	volumes;
	uint32_t	keys;
	uint32_t	methods;
	uint32_t	pad;
	char		problem[256];
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_keystore_warrants() - all warrants of a store, the destroyed ones too
 * @ks:  store
 * @fn:  called for each; non-zero ends with -ECANCELED
 * @arg: for @fn
 */
int libdmwarrant_keystore_warrants(struct libdmwarrant_keystore *ks,
				   int (*fn)(void *arg,
					     const struct libdmwarrant_keystore_warrant *w),
				   void *arg);

/** libdmwarrant_keystore_warrant() - one of them. Return: 0; -ENOENT */
int libdmwarrant_keystore_warrant(struct libdmwarrant_keystore *ks,
				  const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				  struct libdmwarrant_keystore_warrant *w);

/**
 * libdmwarrant_keystore_check() - look for damage and for what was left unfinished
 * @ks:      store
 * @warrant: NULL = all; one that is unlocked is authenticated as a whole
 * @fn:      called for each, sound or not; non-zero ends with -ECANCELED
 * @arg:     for @fn
 *
 * Return: 0; -EUCLEAN some have a @problem.
 */
int libdmwarrant_keystore_check(struct libdmwarrant_keystore *ks, const uint8_t *warrant,
				int (*fn)(void *arg,
					  const struct libdmwarrant_keystore_warrant *w),
				void *arg);

/**
 * struct libdmwarrant_keystore_key - a key in a store; what it is for, not the key
 * @volume:   UUID
 * @binding:  binding digest of the volume
 * @tag:      case tag, or LIBDMWARRANT_TAG_METADATA
 * @epoch:    epoch
 * @id:       key id: the beginning of a digest of the key
 * @created:  when it was put
 * @reserved: zero
 */
struct libdmwarrant_keystore_key {
	uint8_t		volume[LIBDMWARRANT_UUID_SIZE];
	uint8_t		binding[LIBDMWARRANT_DIGEST_SIZE];
	uint32_t	tag;
	uint32_t	epoch;
	uint8_t		id[LIBDMWARRANT_KEY_ID_SIZE];
	uint64_t	created;
	uint64_t	reserved[2];
};

/**
 * libdmwarrant_keystore_keys() - the keys of a warrant, volume by volume
 * @ks:      store
 * @warrant: ObjectIdentifier
 * @fn:      called for each; non-zero ends with -ECANCELED
 * @arg:     for @fn
 *
 * Keys that have a tombstone are left out, even if a restored backup has brought them back.
 */
int libdmwarrant_keystore_keys(struct libdmwarrant_keystore *ks,
			       const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
			       int (*fn)(void *arg, const struct libdmwarrant_keystore_key *k),
			       void *arg);

/**
 * struct libdmwarrant_keystore_method - a way to unlock a warrant
 * @slot:       number, for libdmwarrant_keystore_rewrap()
 * @memory_kib: that one try needs
 * @type:       "secret" (a passphrase or key file), or the token's: "systemd-tpm2",
 *              "systemd-fido2", "systemd-pkcs11", "systemd-recovery", "clevis"
 * @pbkdf:      "argon2id", "pbkdf2"
 * @iterations: of it
 * @used:       1 = the one that has unlocked the warrant
 * @pad:        zero
 * @reserved:   zero
 */
struct libdmwarrant_keystore_method {
	uint32_t	slot;
	uint32_t	memory_kib;
	char		type[32];
	char		pbkdf[16];
	uint32_t	iterations;
	uint32_t	used;
	uint64_t	reserved[4];
};

/** libdmwarrant_keystore_methods() - the ways to unlock a warrant; as the function above */
int libdmwarrant_keystore_methods(struct libdmwarrant_keystore *ks,
				  const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				  int (*fn)(void *arg,
					    const struct libdmwarrant_keystore_method *m),
				  void *arg);

/* ---- other secrets for the same keys ---- */

/**
 * enum libdmwarrant_rewrap - what to do with the secrets that unlock a warrant
 * @LIBDMWARRANT_REWRAP_ADD:    add one
 * @LIBDMWARRANT_REWRAP_CHANGE: put it in the place of the one that the warrant was unlocked with
 * @LIBDMWARRANT_REWRAP_REMOVE: remove the one in @slot; the last one is refused
 */
enum libdmwarrant_rewrap {
	LIBDMWARRANT_REWRAP_ADD		= 1,
	LIBDMWARRANT_REWRAP_CHANGE	= 2,
	LIBDMWARRANT_REWRAP_REMOVE	= 3,
};

/**
 * libdmwarrant_keystore_rewrap() - change what unlocks a warrant; its keys stay the same
 * @ks:      store
 * @warrant: ObjectIdentifier; unlocked
 * @what:    enum libdmwarrant_rewrap
 * @unlock:  the new secret; NULL to remove
 * @slot:    to remove
 *
 * Return: 0; -ENOKEY locked; -ENOENT no such slot; -EBUSY it is the last one; -ENOSPC no free slot.
 */
int libdmwarrant_keystore_rewrap(struct libdmwarrant_keystore *ks,
				 const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				 enum libdmwarrant_rewrap what,
				 const struct libdmwarrant_unlock *unlock, uint32_t slot);

/* ---- destruction ---- */

/**
 * enum libdmwarrant_destroy_scope - which keys
 * @LIBDMWARRANT_DESTROY_TAG:     of one tag of a volume, all epochs
 * @LIBDMWARRANT_DESTROY_EPOCH:   of one epoch of a volume, all tags
 * @LIBDMWARRANT_DESTROY_VOLUME:  of one volume
 * @LIBDMWARRANT_DESTROY_WARRANT: all of a warrant; needs no unlocking
 */
enum libdmwarrant_destroy_scope {
	LIBDMWARRANT_DESTROY_TAG	= 1,
	LIBDMWARRANT_DESTROY_EPOCH	= 2,
	LIBDMWARRANT_DESTROY_VOLUME	= 3,
	LIBDMWARRANT_DESTROY_WARRANT	= 4,
};

#define LIBDMWARRANT_DESTROY_VERSION	1

#define LIBDMWARRANT_DESTROY_DRY_RUN	(1U << 0)	/* only count */

/**
 * struct libdmwarrant_destroy_params - what to destroy
 * @version:   LIBDMWARRANT_DESTROY_VERSION
 * @flags:     LIBDMWARRANT_DESTROY_...
 * @scope:     enum libdmwarrant_destroy_scope
 * @tag:       of LIBDMWARRANT_DESTROY_TAG
 * @epoch:     of LIBDMWARRANT_DESTROY_EPOCH
 * @pad:       zero
 * @warrant:   ObjectIdentifier
 * @volume:    UUID; not of LIBDMWARRANT_DESTROY_WARRANT
 * @reference: kept in the tombstone: a digest of the order, the request, ...; zero = none
 * @reserved:  zero
 */
struct libdmwarrant_destroy_params {
	uint32_t	version;
	uint32_t	flags;
	uint32_t	scope;
	uint32_t	tag;
	uint32_t	epoch;
	uint32_t	pad;
	uint8_t		warrant[LIBDMWARRANT_UUID_SIZE];
	uint8_t		volume[LIBDMWARRANT_UUID_SIZE];
	uint8_t		reference[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t	reserved[8];
};

/**
 * struct libdmwarrant_destroy_result - what was destroyed
 * @version:   LIBDMWARRANT_DESTROY_VERSION
 * @keys:      number of keys; 0 = they had been destroyed before
 * @time:      of the tombstone
 * @tombstone: its number
 * @reserved:  zero
 */
struct libdmwarrant_destroy_result {
	uint32_t	version;
	uint32_t	keys;
	uint64_t	time;
	uint64_t	tombstone;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_keystore_destroy() - destroy keys, for ever, in this store
 * @ks:     store
 * @params: which
 * @result: receives how many
 *
 * Nobody is asked and nothing is held back: approvals and holds are the caller's.
 *
 * The tombstone is written first: from then on the keys are refused, and what a kill interrupts is
 * finished by the next libdmwarrant_keystore_unlock() (of a whole warrant: by the next opening).
 * When it returns 0, what is left of the store cannot give the keys back, nor can older copies of
 * single files of it. A backup of the whole store can: destroy that too.
 *
 * Return: 0; -ENOENT no such key, nor was there one; -ENOKEY locked.
 */
int libdmwarrant_keystore_destroy(struct libdmwarrant_keystore *ks,
				  const struct libdmwarrant_destroy_params *params,
				  struct libdmwarrant_destroy_result *result);

/**
 * struct libdmwarrant_tombstone - keys that are no more
 * @number:    counts from 1; those of one destruction have the same
 * @time:      when
 * @scope:     enum libdmwarrant_destroy_scope
 * @tag:       of the key, or of the scope
 * @epoch:     likewise
 * @is_key:    1 = one key; 0 = the whole scope, with what may come into it later
 * @warrant:   ObjectIdentifier
 * @volume:    UUID; zero = all of the warrant
 * @id:        key id, of a key
 * @reference: as it was given
 * @reserved:  zero
 */
struct libdmwarrant_tombstone {
	uint64_t	number;
	uint64_t	time;
	uint32_t	scope;
	uint32_t	tag;
	uint32_t	epoch;
	uint32_t	is_key;
	uint8_t		warrant[LIBDMWARRANT_UUID_SIZE];
	uint8_t		volume[LIBDMWARRANT_UUID_SIZE];
	uint8_t		id[LIBDMWARRANT_KEY_ID_SIZE];
	uint8_t		reference[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t	reserved[4];
};

/** libdmwarrant_keystore_tombstones() - all of them, oldest first; non-zero ends: -ECANCELED */
int libdmwarrant_keystore_tombstones(struct libdmwarrant_keystore *ks,
				     int (*fn)(void *arg, const struct libdmwarrant_tombstone *t),
				     void *arg);

/**
 * libdmwarrant_keystore_head() - how many destructions there were, and a digest of all of them
 * @ks:     store
 * @number: receives the number of the last one, 0 = none
 * @digest: receives the digest
 *
 * Whoever remembers both elsewhere can tell when an older copy of the store is put in its place.
 */
int libdmwarrant_keystore_head(struct libdmwarrant_keystore *ks, uint64_t *number,
			       uint8_t digest[LIBDMWARRANT_DIGEST_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
