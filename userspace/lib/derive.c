// SPDX-License-Identifier: GPL-2.0-or-later
/* What is computed from keys: other keys (HKDF, RFC 5869) and the ids that name them. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "keystore.h"

/**
 * lib_hkdf() - derive a key with HKDF-SHA-256
 * @ctx:       context
 * @key:       key material
 * @size:      bytes of it
 * @salt:      not secret
 * @salt_size: bytes of it
 * @info:      what the derived key is for
 * @out:       receives it
 */
int lib_hkdf(struct libdmwarrant *ctx, const u8 *key, size_t size, const u8 *salt,
	     size_t salt_size, const char *info, u8 out[DMW_KEY_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, size),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_size),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
		OSSL_PARAM_END,
	};
	int ok = c && EVP_KDF_derive(c, out, DMW_KEY_SIZE, params) == 1;

	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	return ok ? 0 : lib_fail(ctx, -EIO, "OpenSSL cannot derive keys with HKDF-SHA-256");
}

/**
 * lib_key_id() - the id of a key: 16 bytes of SHA-256("dm-warrant key id" NUL key)
 *
 * The key is random, so its id tells nothing about it; and whatever file or name brings a key back,
 * its id is the same.
 */
int lib_key_id(struct libdmwarrant *ctx, const u8 key[DMW_KEY_SIZE],
	       u8 id[LIBDMWARRANT_KEY_ID_SIZE])
{
	static const char label[] = "dm-warrant key id";
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	int ok;

	ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(c, label, sizeof(label)) == 1 &&
	     EVP_DigestUpdate(c, key, DMW_KEY_SIZE) == 1 &&
	     EVP_DigestFinal_ex(c, digest, NULL) == 1;
	EVP_MD_CTX_free(c);
	if (!ok)
		return lib_fail(ctx, -EIO, "OpenSSL cannot compute SHA-256");
	memcpy(id, digest, LIBDMWARRANT_KEY_ID_SIZE);
	return 0;
}
