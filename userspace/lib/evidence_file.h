/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of an evidence seal: statement, signature, hashes; and proofs. All of them come back
 * from others: every byte is looked at.
 */
#ifndef LIB_EVIDENCE_FILE_H
#define LIB_EVIDENCE_FILE_H

#include <stdio.h>

#include <json-c/json.h>

#include "evidence.h"
#include "json.h"
#include "signer.h"
#include "sshsig.h"

#define LIB_STATEMENT_SCHEMA	"dm-warrant/evidence-seal"
#define LIB_PROOF_SCHEMA	"dm-warrant/evidence-proof"

#define LIB_STATEMENT_MAX	(4U << 20)	/* bytes; each tag takes about 150 */
#define LIB_PROOF_MAX		(64U << 20)	/* bytes; each piece takes 131 */

/* A member that must be there and must be text; NULL = it is not */
const char *lib_member_text(struct json_object *o, const char *name);
/* A member that must be a whole number from 0 to @max. Return: 0 or -EINVAL */
int lib_member_number(struct json_object *o, const char *name, u64 max, u64 *value);
/* A member that must be @size bytes in lower-case hex. Return: 0 or -EINVAL */
int lib_member_hex(struct json_object *o, const char *name, void *bytes, size_t size);

/* ---- evidence_statement.c ---- */

/**
 * struct lib_statement - what is signed
 * @root:   what was found
 * @whole:  the whole volume, not some of its tags
 * @sealed: when, Unix seconds, by the clock of @host
 * @user:   who sealed
 * @host:   where
 * @key:    that signs, as OpenSSH has it
 */
struct lib_statement {
	struct lib_evidence_root	root;
	bool				whole;
	s64				sealed;
	char				user[65];
	char				host[65];
	char				key[LIB_SSH_KEY_SIZE];
};

char *lib_statement_text(const struct lib_statement *s);
int lib_statement_parse(struct libdmwarrant *ctx, const char *text, size_t size,
			struct lib_statement *s);
void lib_statement_free(struct lib_statement *s);
u64 lib_statement_sum(const struct lib_statement *s, size_t member);

/* ---- evidence_hashes.c ---- */

/**
 * struct lib_piece_disk - a piece in FILE.hashes, behind a head of 16 bytes; in order of sectors
 * @first:   sector
 * @count:   sectors
 * @tag:     of all of them
 * @sectors: root of their ciphertext
 * @seals:   digest of their seals
 */
struct lib_piece_disk {
	__le64	first;
	__le32	count;
	__le32	tag;
	u8	sectors[LIB_HASH_SIZE];
	u8	seals[LIB_HASH_SIZE];
};

/**
 * struct lib_hashes - FILE.hashes, being written or read
 * @ctx:  for errors
 * @path: of it
 * @f:    stream
 * @last: the piece before; count 0 = none
 * @end:  sectors of the volume: a piece beyond is refused
 */
struct lib_hashes {
	struct libdmwarrant		*ctx;
	char				path[PATH_MAX];
	FILE				*f;
	struct lib_evidence_piece	last;
	u64				end;
};

int lib_hashes_create(struct libdmwarrant *ctx, const char *file, struct lib_hashes *h);
int lib_hashes_write(struct lib_hashes *h, const struct lib_evidence_piece *p);
int lib_hashes_finish(struct lib_hashes *h, u64 *bytes);
int lib_hashes_open(struct libdmwarrant *ctx, const char *file, u64 data_sectors,
		    struct lib_hashes *h);
int lib_hashes_read(struct lib_hashes *h, struct lib_evidence_piece *p);
void lib_hashes_close(struct lib_hashes *h);
int lib_piece_check(const struct lib_evidence_piece *p, const struct lib_evidence_piece *last,
		    u64 data_sectors);

/* ---- evidence_proof.c ---- */

/**
 * struct lib_proof_extent - an extent with its way up to its tag's root
 * @extent: itself; its number is @index: where it is among all extents, a proof cannot say
 * @index:  among its tag's extents
 * @path:   from its leaf to the root
 * @pieces: @extent.pieces of them
 */
struct lib_proof_extent {
	struct lib_evidence_extent	extent;
	u64				index;
	struct lib_merkle_proof		path;
	struct lib_evidence_piece	*pieces;
};

/**
 * struct lib_proof - a proof
 * @statement: its text
 * @signature: of it, armoured
 * @count:     extents
 * @extents:   in order of sectors
 */
struct lib_proof {
	char			*statement;
	char			*signature;
	size_t			count;
	struct lib_proof_extent	*extents;
};

int lib_proof_parse(struct libdmwarrant *ctx, const char *text, size_t size, struct lib_proof *p);
int lib_proof_check(struct libdmwarrant *ctx, const struct lib_proof *p,
		    const struct lib_statement *s);
char *lib_proof_text(const struct lib_proof *p);
void lib_proof_free(struct lib_proof *p);

/* ---- evidence_walk.c ---- */

/**
 * struct lib_visit - who wants to see what in FILE.hashes; NULL = not wanted. Return: 0 or an errno
 * @piece:  each piece, with the extent that it belongs to, as far as that is known
 * @extent: each extent, behind its pieces
 * @arg:    for both
 */
struct lib_visit {
	int	(*piece)(void *arg, const struct lib_evidence_extent *open,
			 const struct lib_evidence_piece *p);
	int	(*extent)(void *arg, const struct lib_evidence_extent *e);
	void	*arg;
};

int lib_hashes_walk(struct libdmwarrant *ctx, const char *file, const struct lib_evidence_root *r,
		    const struct lib_visit *v);

/* ---- evidence_exhibit.c ---- */

/**
 * struct lib_exhibit - a seal's statement, or a proof, whose signature is right
 * @text:      of the file
 * @size:      bytes of it
 * @signature: of a seal
 * @is_proof:  @proof is valid
 * @proof:     checked
 * @statement: of either
 * @print:     fingerprint of the key that signed
 */
struct lib_exhibit {
	char			*text;
	size_t			size;
	char			*signature;
	bool			is_proof;
	struct lib_proof	proof;
	struct lib_statement	statement;
	char			print[LIB_SSH_PRINT_SIZE];
};

int lib_exhibit_read(struct libdmwarrant *ctx, const char *file, const char *key,
		    struct lib_exhibit *s);
void lib_exhibit_free(struct lib_exhibit *s);

/* ---- evidence_io.c ---- */

int lib_text_write(struct libdmwarrant *ctx, const char *path, const char *text);
int lib_beside(struct libdmwarrant *ctx, const char *file, const char *suffix,
	       char path[PATH_MAX]);

/* ---- evidence_sign.c ---- */

int lib_key_read(struct libdmwarrant *ctx, const char *path, struct lib_ssh_key *key);
int lib_statement_sign(struct libdmwarrant *ctx, const struct lib_signer *signer,
		       const char *statement, char **signature);

/**
 * lib_statement_verify() - is a statement signed, and by whom?
 * @ctx:       for errors
 * @s:         the statement
 * @text:      its bytes
 * @size:      of them
 * @signature: armoured
 * @key_file:  whose key it must be; NULL = whoever the statement says
 * @print:     receives the fingerprint of the key
 *
 * Return: 0; -EBADMSG not a signature over it by the key it names; -EKEYREJECTED by another key
 * than @key_file has.
 */
int lib_statement_verify(struct libdmwarrant *ctx, const struct lib_statement *s,
			 const char *text, size_t size, const char *signature,
			 const char *key_file, char print[LIB_SSH_PRINT_SIZE]);

#endif
