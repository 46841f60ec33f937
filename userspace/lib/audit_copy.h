/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log in memory, from the registry or from an exported bundle: what verifying the one and the
 * other, and writing the bundle, have in common.
 *
 * What others have said of a checkpoint is itself an entry of the log ("checkpoint.shown",
 * "checkpoint.cosigned", "checkpoint.timestamped"): so the log says what must be there.
 */
#ifndef LIB_AUDIT_COPY_H
#define LIB_AUDIT_COPY_H

#include "audit_log.h"
#include "libdmwarrant-audit.h"

#define LIB_AUDIT_SHOWN		"checkpoint.shown"
#define LIB_AUDIT_COSIGNED	"checkpoint.cosigned"
#define LIB_AUDIT_TIMESTAMPED	"checkpoint.timestamped"

/**
 * struct lib_audit_stamp - an answer of RFC 3161
 * @size:  entries of the checkpoint that it is over
 * @name:  its place among those of one checkpoint
 * @der:   the answer
 * @bytes: of it
 */
struct lib_audit_stamp {
	u64	size;
	char	name[80];
	u8	*der;
	size_t	bytes;
};

/**
 * struct lib_audit_said - what an entry says that others said
 * @kind:    LIB_AUDIT_SHOWN, ...
 * @size:    entries of the checkpoint
 * @name:    verifier key of the witness, or name of the stamp
 */
struct lib_audit_said {
	char	kind[LIB_AUDIT_KIND_SIZE];
	u64	size;
	char	name[LIB_VERIFIER_SIZE];
};

/**
 * struct lib_audit_copy - a log, with room for more at the end of each array
 * @merkle: lends its hasher
 * @key:    that the first entry names
 * @leaves: hashes of all entries
 * @count:  of them
 * @attested: records in the registry of what was said
 * @notes:  stored checkpoints with all signatures, smallest first; the last one is the newest
 */
struct lib_audit_copy {
	struct libdmwarrant	*ctx;
	struct lib_merkle	merkle;
	struct lib_verifier	key;
	u8			(*leaves)[LIB_MERKLE_HASH];
	u64			count;
	struct lib_audit_stored	*notes;
	size_t			note_count;
	struct lib_audit_stamp	*stamps;
	size_t			stamp_count;
	struct lib_audit_said	*said;
	size_t			said_count;
	size_t			attested;
};

int lib_audit_copy_init(struct libdmwarrant *ctx, struct lib_audit_copy *c);
void lib_audit_copy_free(struct lib_audit_copy *c);

/** lib_audit_copy_entry() - append an entry's text. Return: 0; -EUCLEAN it is none */
int lib_audit_copy_entry(struct lib_audit_copy *c, const char *json);

/** lib_audit_copy_note() - add a checkpoint; @note becomes the copy's. Return: 0; -EUCLEAN */
int lib_audit_copy_note(struct lib_audit_copy *c, char *note);

/** lib_audit_copy_stamp() - add a stamp; @der becomes the copy's */
int lib_audit_copy_stamp(struct lib_audit_copy *c, u64 size, const char *name, u8 *der,
			 size_t bytes);

/** lib_audit_copy_read() - all of it from the registry, in a transaction */
int lib_audit_copy_read(struct libdmwarrant_registry *r, struct lib_audit_copy *c);

/** lib_audit_copy_verify() - Return: 0; -EUCLEAN, -EINVAL as libdmwarrant_audit_verify() */
int lib_audit_copy_verify(struct lib_audit_copy *c, const struct libdmwarrant_audit_trust *trust,
			  struct libdmwarrant_audit_state *state);

/** lib_audit_copy_root() - of the tree over the first @size entries */
int lib_audit_copy_root(struct lib_audit_copy *c, u64 size, u8 root[LIB_MERKLE_HASH]);

/** lib_audit_stamp_name() - when it is of, and half of its SHA-256. Return: 0 or -ENOMEM */
int lib_audit_stamp_name(struct libdmwarrant *ctx, const void *der, size_t bytes, s64 when,
			 char name[80]);

/** lib_audit_own_note() - bytes of a note up to the log's own signature, which is the first */
size_t lib_audit_own_note(const struct lib_checkpoint *cp);

/** lib_audit_show_checkpoint() - keep the newest checkpoint for ever, and say for what */
int lib_audit_show_checkpoint(struct libdmwarrant_registry *r, const char *what, u64 *size);

/** lib_audit_attest() - note that others have vouched for a checkpoint; appends @kind */
int lib_audit_attest(struct libdmwarrant_registry *r, u64 size, const char *kind,
		     const char *name, const char *data);

/* audit_bundle.c */

int lib_audit_bundle_read(struct libdmwarrant *ctx, const char *dir, struct lib_audit_copy *c);

/* audit_time.c */

#define LIB_STAMP_MAX	65536	/* bytes of an answer */

/**
 * lib_audit_stamp_check() - is it a time stamp over these bytes?
 * @ca:   certificates that are trusted; NULL = do not verify who signed it
 * @when: receives the time that it says
 *
 * Return: 0; -EBADMSG it is not.
 */
int lib_audit_stamp_check(struct libdmwarrant *ctx, const void *der, size_t bytes,
			  const void *data, size_t size, const char *ca, s64 *when);

#endif
