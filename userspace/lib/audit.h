/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log inside: an append-only Merkle tree (RFC 6962) of facts, in the registry.
 *
 * It is not only a record of what was done: officers, requests, approvals, holds and events of
 * retention are nothing but entries of it. Whoever wants to know the present state replays the
 * entries of the kinds that matter. So there is no second table that could say otherwise, and an
 * entry changed, dropped or slipped in does not fit the newest signed checkpoint.
 */
#ifndef LIB_AUDIT_H
#define LIB_AUDIT_H

#include <json-c/json.h>

#include "registry.h"

/**
 * struct lib_audit_entry - an entry; all texts are the library's, valid during the call
 * @seq:  place in the log, from 0 on
 * @when: Unix seconds by the clock of the host that wrote it
 * @kind: what happened: "request.made", "hold.placed", ...
 * @user: who, on @host
 * @host: name
 * @body: what the kind says
 * @json: the whole entry as it was hashed: canonical JSON
 * @hash: RFC 6962 leaf hash
 */
struct lib_audit_entry {
	u64			seq;
	s64			when;
	const char		*kind;
	const char		*user;
	const char		*host;
	struct json_object	*body;
	const char		*json;
	u8			hash[LIBDMWARRANT_DIGEST_SIZE];
};

/** typedef lib_audit_fn - takes an entry. Return: 0; anything else ends the walk, is returned */
typedef int (*lib_audit_fn)(void *arg, const struct lib_audit_entry *e);

/**
 * lib_audit_append() - add an entry and sign the new checkpoint
 * @r:    registry; in a transaction that writes the entry is part of it, else it is one of its own
 * @kind: letters, digits, dots and dashes
 * @body: object; stays the caller's
 * @seq:  receives its place; NULL = not wanted
 *
 * Return: 0; -EUCLEAN the log does not fit its newest signed checkpoint; -ENOKEY, -EACCES,
 * -EKEYREJECTED there is no signing key to use; -EINVAL the body has texts that are none. Whatever
 * it is, the transaction must be undone.
 */
int lib_audit_append(struct libdmwarrant_registry *r, const char *kind, struct json_object *body,
		     u64 *seq);

/**
 * lib_audit_say() - append an entry whose body has nothing but texts
 * @...: name and text of each member, then NULL; a text that is NULL leaves its member out
 *
 * Otherwise as lib_audit_append().
 */
int lib_audit_say(struct libdmwarrant_registry *r, const char *kind, ...)
	__attribute__((sentinel));

/**
 * lib_audit_each() - verify the log, then go through entries, oldest first
 * @r:     registry; in a transaction, so that what is decided and what is appended fit together
 * @kinds: NULL terminated; a kind that ends in a dot stands for all that begin so. NULL = all
 * @fn:    takes each; may read the registry, but append nothing before the walk is over
 * @arg:   for @fn
 *
 * Return: 0; what @fn returned; -EUCLEAN the log does not fit its newest signed checkpoint.
 */
int lib_audit_each(struct libdmwarrant_registry *r, const char *const *kinds, lib_audit_fn fn,
		   void *arg);

/**
 * struct lib_audit_head - the newest signed checkpoint
 * @size: entries
 * @root: of the tree over them
 * @note: C2SP signed note, as it is stored; free() it
 */
struct lib_audit_head {
	u64	size;
	u8	root[LIBDMWARRANT_DIGEST_SIZE];
	char	*note;
};

/** lib_audit_head() - the newest signed checkpoint, verified. Return: 0; -EUCLEAN */
int lib_audit_head(struct libdmwarrant_registry *r, struct lib_audit_head *h);

/**
 * lib_audit_prove() - prove that an entry is in the log
 * @r:     registry
 * @seq:   of the entry
 * @proof: receives it; json_object_put() it
 *
 * It needs nothing but the log's key to be verified: {"Entry": the entry's canonical JSON, as text,
 * "Seq", "Hashes": [base64], "Checkpoint": the newest signed one, as text}.
 *
 * Return: 0; -ENOENT there is no such entry yet; -EUCLEAN.
 */
int lib_audit_prove(struct libdmwarrant_registry *r, u64 seq, struct json_object **proof);

/**
 * lib_audit_proof_check() - verify a proof, from others and offline
 * @ctx:   context
 * @proof: as from lib_audit_prove()
 * @key:   of the log, "NAME+HASH+BASE64": the one that is known, not one that came with the proof
 * @entry: receives the entry that is proven; json_object_put() it
 *
 * Return: 0; -EBADMSG it proves nothing; -EINVAL @key is none.
 */
int lib_audit_proof_check(struct libdmwarrant *ctx, struct json_object *proof, const char *key,
			  struct json_object **entry);

#endif
