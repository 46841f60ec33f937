/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant, evidence seals: what a volume's ciphertext was, signed, so that a court can tell
 * later, without any key of the volume, that it is still the same.
 *
 * The conventions of libdmwarrant.h hold. A seal is three files:
 *
 *   FILE         the statement: canonical JSON, for people as well
 *   FILE.sig     SSHSIG over it, namespace dm-warrant-evidence: ssh-keygen -Y verify
 *   FILE.hashes  a hash for every 512 KiB at most, which the statement's roots vouch for
 *
 * and, when somebody had one made, FILE.tsr, an RFC 3161 time stamp of FILE: openssl ts -verify.
 * A proof is one file: statement, signature, and the hashes of some extents with their way up.
 */
#ifndef LIBDMWARRANT_EVIDENCE_H
#define LIBDMWARRANT_EVIDENCE_H

#include "libdmwarrant-volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of the signature. */
#define LIBDMWARRANT_EVIDENCE_NAMESPACE	"dm-warrant-evidence"

/* ---- seal ---- */

#define LIBDMWARRANT_SEAL_VERSION	1

#define LIBDMWARRANT_SEAL_DRY_RUN	(1U << 0)	/* all checks, no file, no entry */
#define LIBDMWARRANT_SEAL_OPEN		(1U << 1)	/* the volume may be open; needs @tags */

/**
 * struct libdmwarrant_seal_params - what to seal
 * @version:   LIBDMWARRANT_SEAL_VERSION
 * @flags:     LIBDMWARRANT_SEAL_...
 * @device:    the LUN
 * @keyset:    of the volume
 * @anchor:    oldest acceptable checkpoint; zero = any
 * @tags:      only these; NULL = the whole volume
 * @tag_count: of @tags
 * @pad:       zero
 * @file:      receives the statement; it must not exist
 * @reserved:  zero
 */
struct libdmwarrant_seal_params {
	uint32_t				version;
	uint32_t				flags;
	const char				*device;
	const struct libdmwarrant_keyset	*keyset;
	struct libdmwarrant_anchor		anchor;
	const uint32_t				*tags;
	uint32_t				tag_count;
	uint32_t				pad;
	const char				*file;
	uint64_t				reserved[8];
};

/**
 * struct libdmwarrant_seal_result - what was sealed
 * @version:    LIBDMWARRANT_SEAL_VERSION
 * @tags:       number of tags with sectors
 * @uuid:       of the volume
 * @anchor:     checkpoint
 * @extents:    runs of sectors with one tag
 * @sectors:    written sectors
 * @verified:   of these fit their seals under their keys
 * @unverified: of these have no key any more
 * @bytes:      length of FILE.hashes
 * @root:       over all of it
 * @digest:     SHA-256 of the statement
 * @entry:      of the audit log
 * @reserved:   zero
 */
struct libdmwarrant_seal_result {
	uint32_t			version;
	uint32_t			tags;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint64_t			extents;
	uint64_t			sectors;
	uint64_t			verified;
	uint64_t			unverified;
	uint64_t			bytes;
	uint8_t				root[LIBDMWARRANT_DIGEST_SIZE];
	uint8_t				digest[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t			entry;
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_evidence_seal() - seal what a volume's ciphertext is
 * @ctx:    context
 * @config: registry: its installation key signs, its audit log gets the entry evidence.sealed
 * @params: what
 * @result: receives the sums
 *
 * Every sector is read and must fit its seal, as far as there are keys; a damaged volume is not
 * sealed. Of an open volume (LIBDMWARRANT_SEAL_OPEN) only tags that are frozen or stricter can be
 * sealed. Rotating keys writes new ciphertext: seal again after it.
 *
 * Return: 0; -EEXIST @file is there; -EBUSY the volume is open, was not closed cleanly, or its keys
 * are being rotated; -EPERM a tag is not frozen; -ENOENT no such tag; -EUCLEAN damaged.
 */
int libdmwarrant_evidence_seal(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_seal_params *params,
			       struct libdmwarrant_seal_result *result);

/* ---- verify ---- */

/** enum libdmwarrant_extent_state - what became of a sealed extent */
enum libdmwarrant_extent_state {
	LIBDMWARRANT_EXTENT_UNCHANGED	= 1,
	LIBDMWARRANT_EXTENT_ALTERED	= 2,	/* something else is there */
	LIBDMWARRANT_EXTENT_OVERWRITTEN	= 3,	/* by the volume itself; told only with keys */
	LIBDMWARRANT_EXTENT_DISCARDED	= 4,	/* by the volume itself; told only with keys */
	LIBDMWARRANT_EXTENT_ZEROED	= 5,	/* zeros are there */
	LIBDMWARRANT_EXTENT_ABSENT	= 6,	/* behind the end of the image */
	LIBDMWARRANT_EXTENT_UNREADABLE	= 7,
};

#define LIBDMWARRANT_SEALED_EXTENT_VERSION	1

/**
 * struct libdmwarrant_sealed_extent - a sealed extent and what became of it
 * @version:  LIBDMWARRANT_SEALED_EXTENT_VERSION
 * @state:    enum libdmwarrant_extent_state; the worst of its pieces
 * @number:   among all extents of the seal, from 0 on, in order of sectors; of a proof, among those
 *            of the tag, which is all that it can prove
 * @first:    sector
 * @count:    sectors
 * @tag:      0 = the default tag
 * @shredded: a certificate says that the tag's keys were destroyed
 * @changed_first: first sector of the first piece that is not unchanged
 * @changed:  sectors of all pieces that are not unchanged
 * @root:     leaf hash of the extent
 * @reserved: zero
 */
struct libdmwarrant_sealed_extent {
	uint32_t	version;
	uint32_t	state;
	uint64_t	number;
	uint64_t	first;
	uint64_t	count;
	uint32_t	tag;
	uint32_t	shredded;
	uint64_t	changed_first;
	uint64_t	changed;
	uint8_t		root[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t	reserved[4];
};

/** libdmwarrant_extent_state_name() - "unchanged", "altered", ... */
const char *libdmwarrant_extent_state_name(uint32_t state);

#define LIBDMWARRANT_VERIFY_VERSION	1

#define LIBDMWARRANT_VERIFY_PARTIAL	(1U << 0)	/* extents that are gone are no failure */

/**
 * struct libdmwarrant_verify_params - what to verify
 * @version:      LIBDMWARRANT_VERIFY_VERSION
 * @flags:        LIBDMWARRANT_VERIFY_...
 * @file:         statement of a seal, or a proof
 * @device:       the LUN, or an image of it; NULL = only seal and signature
 * @key:          file with the public key of the installation, as OpenSSH has them; NULL = none:
 *                whose signature it is stays open
 * @ca:           file with the certificates of time stampers; NULL = time stamps are not judged
 * @keyset:       of the volume, if at hand: tells what the volume itself wrote since; NULL = none
 * @certificates: files of certificates of destruction
 * @certificate_count: of @certificates
 * @pad:          zero
 * @extent:       called for each extent; NULL = not wanted. Non-zero ends with -ECANCELED
 * @arg:          for @extent
 * @reserved:     zero
 */
struct libdmwarrant_verify_params {
	uint32_t				version;
	uint32_t				flags;
	const char				*file;
	const char				*device;
	const char				*key;
	const char				*ca;
	const struct libdmwarrant_keyset	*keyset;
	const char *const			*certificates;
	uint32_t				certificate_count;
	uint32_t				pad;
	int	(*extent)(void *arg, const struct libdmwarrant_sealed_extent *e);
	void					*arg;
	uint64_t				reserved[8];
};

#define LIBDMWARRANT_VERIFIED_SIGNER	(1U << 0)	/* signed by @key */
#define LIBDMWARRANT_VERIFIED_STAMP	(1U << 1)	/* a time stamp, @stamped, by one of @ca */
#define LIBDMWARRANT_VERIFIED_STAMPED	(1U << 2)	/* there is a time stamp */
#define LIBDMWARRANT_VERIFIED_PROOF	(1U << 3)	/* a proof: some extents of the seal only */

/**
 * struct libdmwarrant_verify_result - what was found
 * @version:     LIBDMWARRANT_VERIFY_VERSION
 * @flags:       LIBDMWARRANT_VERIFIED_...
 * @uuid:        of the volume
 * @anchor:      checkpoint that was sealed
 * @sealed:      when, by the statement, Unix seconds
 * @stamped:     when, by the time stamp, Unix seconds
 * @fingerprint: of the key that signed: SHA256:...
 * @extents:     that were looked at
 * @sectors:     of them
 * @states:      how many extents are in each enum libdmwarrant_extent_state
 * @shredded:    extents of tags whose keys were destroyed
 * @root:        of the seal
 * @reserved:    zero
 */
struct libdmwarrant_verify_result {
	uint32_t			version;
	uint32_t			flags;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	int64_t				sealed;
	int64_t				stamped;
	char				fingerprint[64];
	uint64_t			extents;
	uint64_t			sectors;
	uint64_t			states[8];
	uint64_t			shredded;
	uint8_t				root[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_evidence_verify() - is it still what was sealed?
 * @ctx:    context
 * @params: what
 * @result: receives the sums
 *
 * Needs neither registry nor kernel. Nothing is said of extents before signature and hashes of the
 * seal itself were found to be right. An extent of a tag that a certificate says was shredded is no
 * failure, whatever is there.
 *
 * Return: 0 all extents are unchanged, or excused; -EUCLEAN some are not; -EBADMSG the seal, its
 * signature or its time stamp is not right; -EKEYREJECTED signed by another key.
 */
int libdmwarrant_evidence_verify(struct libdmwarrant *ctx,
				 const struct libdmwarrant_verify_params *params,
				 struct libdmwarrant_verify_result *result);

/* ---- prove ---- */

/**
 * libdmwarrant_evidence_prove() - a proof of some extents, for who is to get no more
 * @ctx:    context
 * @file:   statement of the seal
 * @extents: numbers, ascending
 * @count:  of @extents
 * @proof:  file that receives it; it must not exist
 *
 * The statement is part of it: how many extents and sectors each tag has, but not where.
 *
 * Return: 0; -ENOENT no such extent; -EEXIST @proof is there; -EBADMSG the seal is not right.
 */
int libdmwarrant_evidence_prove(struct libdmwarrant *ctx, const char *file,
				const uint64_t *extents, uint32_t count, const char *proof);

#ifdef __cplusplus
}
#endif

#endif
