/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed notes of C2SP (https://c2sp.org/signed-note), with the checkpoints of logs that they carry
 * (https://c2sp.org/tlog-checkpoint) and the cosignatures of witnesses
 * (https://c2sp.org/tlog-cosignature). Notes and keys come from others: every byte is looked at.
 */
#ifndef LIB_NOTE_H
#define LIB_NOTE_H

#include "merkle.h"
#include "signer.h"

#define LIB_NOTE_NAME_SIZE	128	/* of a key, with the final NUL */
#define LIB_NOTE_MAX		262144	/* bytes */
#define LIB_VERIFIER_SIZE	192	/* of a verifier key as text, with the final NUL */

#define LIB_NOTE_ED25519	1	/* a log's signature, over the text */
#define LIB_NOTE_COSIGNATURE	4	/* a witness's, with the time at which it saw the text */

/**
 * struct lib_checkpoint - what a note says
 * @origin:          of the log
 * @size:            of its tree
 * @root:            likewise
 * @text:            of the note, within it; what is signed
 * @text_size:       bytes
 * @signatures:      the lines below, within it
 * @signatures_size: bytes
 */
struct lib_checkpoint {
	char		origin[LIB_NOTE_NAME_SIZE];
	u64		size;
	u8		root[LIB_MERKLE_HASH];
	const char	*text;
	size_t		text_size;
	const char	*signatures;
	size_t		signatures_size;
};

/**
 * struct lib_verifier - who may sign
 * @name:       of the key; a log's is its origin
 * @type:       LIB_NOTE_ED25519 or LIB_NOTE_COSIGNATURE
 * @public_key: Ed25519, raw
 */
struct lib_verifier {
	char	name[LIB_NOTE_NAME_SIZE];
	u8	type;
	u8	public_key[LIB_KEY_SIZE];
};

/** lib_checkpoint_parse() - read a note; @cp points into it. Return: 0 or -EBADMSG */
int lib_checkpoint_parse(struct libdmwarrant *ctx, const char *note, size_t size,
			 struct lib_checkpoint *cp);

/**
 * lib_checkpoint_check() - has a key signed a note?
 * @cp:   from lib_checkpoint_parse()
 * @v:    whose signature is wanted
 * @when: receives when a witness cosigned, Unix seconds; 0 for a log's signature; NULL = not wanted
 *
 * Return: 0; -ENOKEY no signature of that key; -EBADMSG a wrong one.
 */
int lib_checkpoint_check(const struct lib_checkpoint *cp, const struct lib_verifier *v, u64 *when);

/** lib_checkpoint_sign() - make a note; free() it. NULL = with the error set */
char *lib_checkpoint_sign(struct libdmwarrant *ctx, const struct lib_signer *s,
			  const char *origin, u64 size, const u8 root[LIB_MERKLE_HASH]);

/** lib_verifier_parse() - "NAME+HASH+BASE64", from others. Return: 0 or -EINVAL */
int lib_verifier_parse(struct libdmwarrant *ctx, const char *text, struct lib_verifier *v);
void lib_verifier_format(const struct lib_verifier *v, char text[LIB_VERIFIER_SIZE]);

/** lib_note_is_name() - may it be the name of a key or the origin of a log? */
bool lib_note_is_name(const char *name);

#endif
