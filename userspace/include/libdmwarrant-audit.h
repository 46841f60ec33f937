/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log of a registry: every operation and every refusal, in an append-only Merkle tree
 * (RFC 6962) with signed checkpoints (C2SP tlog-checkpoint).
 *
 * The conventions of libdmwarrant-registry.h hold. Every function verifies the whole log first, and
 * -EUCLEAN says that it does not fit its newest signed checkpoint.
 */
#ifndef LIBDMWARRANT_AUDIT_H
#define LIBDMWARRANT_AUDIT_H

#include "libdmwarrant-registry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- looking ---- */

#define LIBDMWARRANT_AUDIT_VERSION	1

/**
 * struct libdmwarrant_audit_entry - an entry; its texts are valid during the call
 * @version:  LIBDMWARRANT_AUDIT_VERSION
 * @pad:      zero
 * @seq:      its place in the log, from 0 on
 * @when:     Unix seconds, by the clock of the host that wrote it
 * @kind:     what happened: "warrant.added", "hold.placed", "command.refused", ...
 * @user:     who, on @host
 * @host:     name
 * @body:     what the kind says: a JSON object
 * @json:     the whole entry, canonical JSON: what the leaf hash is over
 * @hash:     the leaf hash
 * @reserved: zero
 */
struct libdmwarrant_audit_entry {
	uint32_t	version;
	uint32_t	pad;
	uint64_t	seq;
	int64_t		when;
	const char	*kind;
	const char	*user;
	const char	*host;
	const char	*body;
	const char	*json;
	uint8_t		hash[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t	reserved[4];
};

/**
 * struct libdmwarrant_audit_filter - which entries; zero or NULL members do not matter
 * @version:  LIBDMWARRANT_AUDIT_VERSION
 * @pad:      zero
 * @kind:     of this kind; one that ends with a dot stands for all that begin so
 * @warrant:  entries that name this warrant or one of its volumes; as for
 *            libdmwarrant_warrant_get()
 * @since:    not older
 * @until:    older than this
 * @reserved: zero
 */
struct libdmwarrant_audit_filter {
	uint32_t	version;
	uint32_t	pad;
	const char	*kind;
	const char	*warrant;
	int64_t		since;
	int64_t		until;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_audit_show() - verified entries, oldest first
 * @reg:    registry
 * @filter: NULL = all
 * @fn:     takes each; may use the registry
 * @arg:    for @fn
 *
 * Return: 0; -EUCLEAN; -ENOENT, -ENOTUNIQ of the warrant; -ECANCELED.
 */
int libdmwarrant_audit_show(struct libdmwarrant_registry *reg,
			    const struct libdmwarrant_audit_filter *filter,
			    int (*fn)(void *arg, const struct libdmwarrant_audit_entry *e),
			    void *arg);

/**
 * struct libdmwarrant_audit_key - the key that a log is signed with
 * @version:  LIBDMWARRANT_AUDIT_VERSION
 * @present:  1 = its private part is at hand: entries can be appended
 * @verifier: C2SP verifier key: NAME+HASH+BASE64; NAME is the log's origin
 * @ssh:      the same key as OpenSSH writes it: "ssh-ed25519 AAAA..."
 * @pem:      the same key for openssl(1)
 * @reserved: zero
 */
struct libdmwarrant_audit_key {
	uint32_t	version;
	uint32_t	present;
	char		verifier[192];
	char		ssh[96];
	char		pem[160];
	uint64_t	reserved[4];
};

/** libdmwarrant_audit_key() - Return: 0; -EUCLEAN */
int libdmwarrant_audit_key(struct libdmwarrant_registry *reg, struct libdmwarrant_audit_key *key);

/* ---- verifying ---- */

/**
 * struct libdmwarrant_audit_state - what a verification has found
 * @version:      LIBDMWARRANT_AUDIT_VERSION
 * @checkpoints:  signed ones that were verified
 * @size:         entries
 * @root:         of the tree over them
 * @cosignatures: of witnesses, verified
 * @timestamps:   RFC 3161 ones, verified
 * @unverified:   RFC 3161 ones that fit their checkpoint, but whose authority was not verified
 * @pad:          zero
 * @cosigned:     entries that a witness has vouched for; 0 = none has
 * @timestamped:  entries that a time stamping authority has vouched for
 * @reserved:     zero
 */
struct libdmwarrant_audit_state {
	uint32_t	version;
	uint32_t	checkpoints;
	uint64_t	size;
	uint8_t		root[LIBDMWARRANT_DIGEST_SIZE];
	uint32_t	cosignatures;
	uint32_t	timestamps;
	uint32_t	unverified;
	uint32_t	pad;
	uint64_t	cosigned;
	uint64_t	timestamped;
	uint64_t	reserved[4];
};

/**
 * struct libdmwarrant_audit_trust - what the verifier knows besides; NULL = nothing
 * @version:  LIBDMWARRANT_AUDIT_VERSION
 * @pad:      zero
 * @key:      verifier key of the log. Mandatory for a bundle: the one that is known, not the one in
 *            it. Of a registry NULL means the key that its log names
 * @since:    a signed checkpoint of this log that was kept elsewhere: it must go on from there
 * @witness:  verifier key of the only witness that counts; NULL = all that the log names do
 * @ca:       file with the certificates of time stamping authorities, PEM
 * @reserved: zero
 */
struct libdmwarrant_audit_trust {
	uint32_t	version;
	uint32_t	pad;
	const char	*key;
	const char	*since;
	const char	*witness;
	const char	*ca;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_audit_verify() - verify log, checkpoints, cosignatures and time stamps
 * @reg:   registry
 * @trust: NULL = nothing is known
 * @state: receives what was found
 *
 * A log that was cut off behind an older checkpoint, with that put in place of the newest, is whole
 * in itself: only @trust's since, or a witness, can tell.
 *
 * Return: 0; -EUCLEAN it was altered, cut off or forked; -EINVAL what is trusted is malformed.
 */
int libdmwarrant_audit_verify(struct libdmwarrant_registry *reg,
			      const struct libdmwarrant_audit_trust *trust,
			      struct libdmwarrant_audit_state *state);

/**
 * libdmwarrant_audit_verify_bundle() - the same for an exported log, without a registry
 * @ctx:   context
 * @dir:   as libdmwarrant_audit_export() has made it
 * @trust: with the key
 * @state: receives what was found
 *
 * Return: 0; -EUCLEAN it was altered or is no bundle; -EINVAL; errors of open(2) and read(2).
 */
int libdmwarrant_audit_verify_bundle(struct libdmwarrant *ctx, const char *dir,
				     const struct libdmwarrant_audit_trust *trust,
				     struct libdmwarrant_audit_state *state);

/**
 * libdmwarrant_audit_prove() - prove that an entry is in the log
 * @reg:   registry
 * @seq:   of the entry
 * @json:  receives the proof as JSON, with the entry; free() it
 * @proof: receives it as C2SP tlog-proof, without the entry; free() it
 *
 * Return: 0; -ENOENT there is no such entry.
 */
int libdmwarrant_audit_prove(struct libdmwarrant_registry *reg, uint64_t seq, char **json,
			     char **proof);

/**
 * libdmwarrant_audit_proof_check() - verify the JSON of libdmwarrant_audit_prove(), offline
 * @ctx:   context
 * @json:  the proof
 * @key:   verifier key of the log
 * @entry: receives the entry that is proven, JSON; free() it
 *
 * Return: 0; -EBADMSG it proves nothing.
 */
int libdmwarrant_audit_proof_check(struct libdmwarrant *ctx, const char *json, const char *key,
				   char **entry);

/* ---- for others: files to carry ---- */

/**
 * libdmwarrant_audit_export() - write the log, to be verified elsewhere
 * @reg: registry
 * @dir: to be made, whole or not at all
 *
 * In it: entries.jsonl (a line for each entry), checkpoint (the newest one), checkpoints/ (older
 * ones that were given out, with their cosignatures and time stamps), key.vkey, key.pem, key.ssh.
 * The checkpoint is remembered for ever from then on. Return: 0; -EEXIST; errors of mkdir(2) and write(2).
 */
int libdmwarrant_audit_export(struct libdmwarrant_registry *reg, const char *dir);

/**
 * libdmwarrant_audit_cosign_request() - what a witness needs to cosign the newest checkpoint
 * @reg:     registry
 * @old:     entries that the witness has cosigned last; 0 = none
 * @request: receives the body of C2SP tlog-witness add-checkpoint; free() it
 *
 * Return: 0; -EINVAL the log has fewer entries.
 */
int libdmwarrant_audit_cosign_request(struct libdmwarrant_registry *reg, uint64_t old,
				      char **request);

/**
 * libdmwarrant_audit_cosign_import() - take a witness's cosignature
 * @reg:    registry
 * @answer: signature lines, or a whole cosigned note
 * @key:    verifier key of the witness, of the type 0x04
 * @size:   receives how many entries it vouches for
 *
 * Return: 0; -EBADMSG not a cosignature of any remembered checkpoint by that key; -EEXIST.
 */
int libdmwarrant_audit_cosign_import(struct libdmwarrant_registry *reg, const char *answer,
				     const char *key, uint64_t *size);

/**
 * libdmwarrant_audit_timestamp_request() - a request of RFC 3161 for the newest checkpoint
 * @reg:  registry
 * @file: to be made, DER
 * @size: receives how many entries it is over
 *
 * Return: 0; -EEXIST; errors of open(2) and write(2).
 */
int libdmwarrant_audit_timestamp_request(struct libdmwarrant_registry *reg, const char *file,
					 uint64_t *size);

/**
 * libdmwarrant_audit_timestamp_import() - take the answer of a time stamping authority
 * @reg:  registry
 * @file: DER
 * @ca:   file with the authority's certificates, PEM
 * @size: receives how many entries it vouches for
 * @when: receives the time that it says
 *
 * Return: 0; -EBADMSG it is none, not of any remembered checkpoint, or not by that authority.
 */
int libdmwarrant_audit_timestamp_import(struct libdmwarrant_registry *reg, const char *file,
					const char *ca, uint64_t *size, int64_t *when);

/* ---- what programs did ---- */

/**
 * struct libdmwarrant_audit_command - a command, for the log
 * @version:  LIBDMWARRANT_AUDIT_VERSION
 * @exit:     its exit code; 0 = it was done, others: it was refused or has failed
 * @noun:     "volume"
 * @verb:     "open"
 * @target:   what it was about; NULL = nothing
 * @error:    why it was refused; NULL = it was not
 * @reserved: zero
 */
struct libdmwarrant_audit_command {
	uint32_t	version;
	uint32_t	exit;
	const char	*noun;
	const char	*verb;
	const char	*target;
	const char	*error;
	uint64_t	reserved[4];
};

/** libdmwarrant_audit_command() - append "command.done" or "command.refused" */
int libdmwarrant_audit_command(struct libdmwarrant_registry *reg,
			       const struct libdmwarrant_audit_command *command);

/** libdmwarrant_audit_count() - entries that were appended with this context so far */
uint64_t libdmwarrant_audit_count(const struct libdmwarrant *ctx);

#ifdef __cplusplus
}
#endif

#endif
