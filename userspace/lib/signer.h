/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signing key of a registry: Ed25519, in a file beside it that only its owner can read. It signs
 * the audit log's checkpoints, certificates and seals of evidence. It is made once, with the
 * registry's audit log, and never replaced silently: a log's key is named in its first entry.
 */
#ifndef LIB_SIGNER_H
#define LIB_SIGNER_H

#include "registry.h"

#define LIB_KEY_SIZE		32	/* Ed25519: public key */
#define LIB_SIGNATURE_SIZE	64
#define LIB_SSH_KEY_SIZE	96	/* as text, with the final NUL */

/**
 * struct lib_signer - a signing key in use
 * @key:        OpenSSL's
 * @public_key: raw
 */
struct lib_signer {
	EVP_PKEY	*key;
	u8		public_key[LIB_KEY_SIZE];
};

/**
 * lib_signer_create() - make the signing key where there is none, durably
 *
 * Return: 0, also when there is one; errors of open(2), link(2) and write(2).
 */
int lib_signer_create(struct libdmwarrant_registry *r);

/**
 * lib_signer_open() - read the signing key
 * @r: registry
 * @s: receives it; lib_signer_close() it
 *
 * Return: 0; -ENOKEY it is missing; -EACCES others can read it; -EKEYREJECTED it is no Ed25519 key.
 */
int lib_signer_open(struct libdmwarrant_registry *r, struct lib_signer *s);

/** lib_signer_close() - wipe it; may be called twice */
void lib_signer_close(struct lib_signer *s);

/** lib_signer_sign() - Ed25519, RFC 8032, over the bytes themselves. Return: 0 or -ENOMEM */
int lib_signer_sign(struct libdmwarrant *ctx, const struct lib_signer *s, const void *data,
		    size_t size, u8 signature[LIB_SIGNATURE_SIZE]);

/** lib_signature_check() - Return: 0; -EBADMSG it is not of that key over these bytes */
int lib_signature_check(const u8 public_key[LIB_KEY_SIZE], const void *data, size_t size,
			const u8 signature[LIB_SIGNATURE_SIZE]);

/** lib_ssh_key_format() - "ssh-ed25519 AAAA...", as OpenSSH has public keys */
void lib_ssh_key_format(const u8 public_key[LIB_KEY_SIZE], char text[LIB_SSH_KEY_SIZE]);

#endif
