/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures and public keys of OpenSSH: reading, verifying, and signing with Ed25519.
 *
 * ssh-keygen(1) makes and verifies the same, and the tests hold each against the other. This code
 * is here because a signature must be judged inside of a library, within a transaction, and on a
 * court's machine that has this tool and nothing else; a program found by its name in PATH is no
 * judge. The mathematics is OpenSSL's; what is here is only the format: PROTOCOL.sshsig,
 * PROTOCOL.u2f and RFC 4253, 5656, 8332 and 8709.
 */
#ifndef LIB_SSHSIG_H
#define LIB_SSHSIG_H

#include "lib_private.h"

#define LIB_SSH_BLOB_MAX	4096	/* bytes of a public key or a signature, without base64 */
#define LIB_SSHSIG_TEXT_MAX	16384	/* bytes of an armoured signature */
#define LIB_SSH_TYPE_SIZE	48
#define LIB_SSH_PRINT_SIZE	51	/* "SHA256:" and 43 of base64, with the final NUL */

/**
 * struct lib_ssh_key - a public key
 * @type: "ssh-ed25519", ...
 * @size: bytes of @blob
 * @blob: as it is inside of base64
 */
struct lib_ssh_key {
	char	type[LIB_SSH_TYPE_SIZE];
	size_t	size;
	u8	blob[LIB_SSH_BLOB_MAX];
};

/**
 * lib_ssh_key_parse() - read a public key: "ssh-ed25519 AAAA... comment", one line
 * @ctx:  for the error
 * @what: the text is, for the error: "the key of ana"
 * @text: ends with a NUL; an empty last line is allowed, a second key is not
 * @key:  receives it
 *
 * Taken are ssh-ed25519, ecdsa-sha2-nistp256, -nistp384 and -nistp521, ssh-rsa of 3072 to 16384
 * bits, sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com.
 *
 * Return: 0; -EINVAL not such a key.
 */
int lib_ssh_key_parse(struct libdmwarrant *ctx, const char *what, const char *text,
		      struct lib_ssh_key *key);

/** lib_ssh_key_line() - "ssh-ed25519 AAAA...", without a comment. Return: free() it; NULL */
char *lib_ssh_key_line(const struct lib_ssh_key *key);

/** lib_ssh_key_print() - fingerprint, as ssh-keygen -l shows it: "SHA256:..." */
void lib_ssh_key_print(const struct lib_ssh_key *key, char print[LIB_SSH_PRINT_SIZE]);

/** lib_ssh_key_ed25519() - make one of 32 raw bytes */
void lib_ssh_key_ed25519(struct lib_ssh_key *key, const u8 public_key[32]);

/**
 * lib_sshsig_verify() - has this key signed this text, for this purpose?
 * @ctx:       for the error
 * @key:       that must have signed
 * @purpose:   namespace: "dm-warrant-request"
 * @text:      that must have been signed
 * @size:      bytes of it
 * @signature: "-----BEGIN SSH SIGNATURE-----...", ends with a NUL
 *
 * A security key must have seen its user: a signature without that flag is refused.
 *
 * Return: 0; -EINVAL it is no signature; -EKEYREJECTED it is one of another key, for another
 * purpose, over another text, or made without the user.
 */
int lib_sshsig_verify(struct libdmwarrant *ctx, const struct lib_ssh_key *key, const char *purpose,
		      const void *text, size_t size, const char *signature);

/** typedef lib_sign_fn - make the Ed25519 signature of some bytes. Return: 0 or a negative errno */
typedef int (*lib_sign_fn)(void *arg, const void *data, size_t size, u8 signature[64]);

/**
 * lib_sshsig_make() - sign as ssh-keygen -Y sign does
 * @ctx:       for the error
 * @key:       an ssh-ed25519 key
 * @purpose:   namespace
 * @text:      to be signed
 * @size:      bytes of it
 * @sign:      signs; sets the error when it fails
 * @arg:       for @sign
 * @signature: receives the armoured signature; free() it
 */
int lib_sshsig_make(struct libdmwarrant *ctx, const struct lib_ssh_key *key, const char *purpose,
		    const void *text, size_t size, lib_sign_fn sign, void *arg, char **signature);

#endif
