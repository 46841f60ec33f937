/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public keys of OpenSSH, taken apart: for sshsig.c. */
#ifndef LIB_SSH_KEY_H
#define LIB_SSH_KEY_H

#include "ssh_wire.h"
#include "sshsig.h"

/**
 * struct lib_ssh_kind - a kind of keys
 * @type:  name of it
 * @group: of OpenSSL; NULL = not on an elliptic curve of NIST
 * @curve: of SSH, likewise
 * @hash:  of the text that is signed; NULL = none, or told by the signature
 * @point: bytes of a coordinate of a point on the curve
 * @token: a security key
 */
struct lib_ssh_kind {
	const char	*type;
	const char	*group;
	const char	*curve;
	const char	*hash;
	size_t		point;
	bool		token;
};

/**
 * struct lib_ssh_parts - a key, taken apart; points into it
 * @kind:        of it
 * @point:       of elliptic curves, Ed25519 among them
 * @n:           modulus of RSA
 * @e:           exponent of RSA
 * @application: of a security key: "ssh:"
 */
struct lib_ssh_parts {
	const struct lib_ssh_kind	*kind;
	struct lib_bytes		point;
	struct lib_bytes		n;
	struct lib_bytes		e;
	struct lib_bytes		application;
};

int lib_ssh_key_take_apart(const u8 *blob, size_t size, struct lib_ssh_parts *k);
EVP_PKEY *lib_ssh_key_evp(const struct lib_ssh_parts *k);

#endif
