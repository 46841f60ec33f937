/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the audit log share. */
#ifndef LIB_AUDIT_LOG_H
#define LIB_AUDIT_LOG_H

#include "audit.h"
#include "note.h"

#define LIB_AUDIT_ENTRY_MAX	(1U << 20)	/* bytes of an entry */
#define LIB_AUDIT_KIND_SIZE	64		/* with the final NUL */

#define LIB_AUDIT_BEGUN	"log.begun"	/* the first entry of every log */

/** struct lib_audit_news - an entry that was appended, for the system's journal */
struct lib_audit_news {
	u64	seq;
	char	kind[LIB_AUDIT_KIND_SIZE];
	u8	hash[LIB_MERKLE_HASH];
};

/**
 * struct lib_audit_log - the log as a transaction sees it
 * @tree:       over all entries, verified
 * @key:        that signs it, as its first entry says
 * @has_signer: @signer is open: entries were appended, and are yet to be signed
 * @signer:     likewise
 * @news:       entries that this transaction has appended
 * @count:      of them
 */
struct lib_audit_log {
	struct lib_merkle	tree;
	struct lib_verifier	key;
	bool			has_signer;
	struct lib_signer	signer;
	struct lib_audit_news	*news;
	size_t			count;
};

/**
 * struct lib_audit_stored - a signed checkpoint in the registry
 * @note: as stored
 * @cp:   what it says; points into @note
 */
struct lib_audit_stored {
	char			*note;
	struct lib_checkpoint	cp;
};

/* audit_verify.c */

/**
 * lib_audit_load() - verify the whole log, unless this transaction has; in a transaction
 *
 * Every entry is hashed, and the roots at the sizes of all stored checkpoints must be theirs; the
 * newest of those must stand for all entries and have a right signature.
 *
 * Return: 0; -EUCLEAN it does not fit.
 */
int lib_audit_load(struct libdmwarrant_registry *r);
int lib_audit_log_new(struct libdmwarrant_registry *r);
void lib_audit_log_free(struct libdmwarrant_registry *r);
int lib_audit_altered(struct libdmwarrant_registry *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int lib_audit_take_key(struct libdmwarrant *ctx, const char *json, struct lib_verifier *key);
bool lib_audit_is_kind(const char *kind);

/** lib_audit_checkpoints() - all stored ones, smallest first; lib_audit_stored_free() them */
int lib_audit_checkpoints(struct libdmwarrant_registry *r, struct lib_audit_stored **all,
			  size_t *count);
void lib_audit_stored_free(struct lib_audit_stored *all, size_t count);

/* audit.c */

/** lib_audit_entry_read() - hand a verified entry's text to @fn; @m lends its hasher */
int lib_audit_entry_read(struct libdmwarrant *ctx, struct lib_merkle *m, const char *json,
			 lib_audit_fn fn, void *arg);

/** lib_audit_sign() - sign what this transaction has appended and not signed yet */
int lib_audit_sign(struct libdmwarrant_registry *r);

/** lib_audit_end() - the transaction has ended: tell the system's journal when it was committed */
void lib_audit_end(struct libdmwarrant_registry *r, bool committed);

/** lib_audit_begin_log() - the first entry of a log, in the transaction that makes its tables */
int lib_audit_begin_log(struct libdmwarrant_registry *r, u32 schema_from);

/* audit_bundle.c */

int lib_audit_pem(const u8 public_key[LIB_KEY_SIZE], char *text, size_t size);

/* audit_journal.c */

void lib_audit_tell(const struct libdmwarrant_registry *r, const struct lib_audit_news *n);
void lib_audit_tell_lost(const struct libdmwarrant_registry *r, const char *noun,
			 const char *verb, const char *error);

#endif
