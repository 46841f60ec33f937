// SPDX-License-Identifier: GPL-2.0-or-later
/* The same ciphers by OpenSSL, for kernels whose own cannot be asked. */
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "bench.h"

/**
 * struct soft - a cipher with a key
 * @c:   which
 * @evp: of both directions
 * @key: cipher's key, then the authenticating one
 * @out: plain text, or cipher text
 * @tag: of the sector
 */
struct soft {
	const struct lib_bench_cipher	*c;
	EVP_CIPHER_CTX			*evp[2];
	u8				key[BENCH_KEY_MAX];
	u8				in[BENCH_ROOM];
	u8				out[BENCH_ROOM];
	u8				tag[EVP_MAX_MD_SIZE];
};

static bool is_gcm(const struct soft *s)
{
	return s->c->tag && !s->c->mac;
}

static bool authenticate(struct soft *s)
{
	return HMAC(EVP_sha256(), s->key + s->c->key, s->c->mac, s->out, s->c->aad + BENCH_SECTOR,
		    s->tag, NULL);
}

static int sector(void *arg, bool encrypt)
{
	struct soft *s = arg;
	EVP_CIPHER_CTX *e = s->evp[encrypt];
	u8 nonce[16] = { 1 }, *from = encrypt ? s->in : s->out, *to = encrypt ? s->out : s->in;
	int n;

	if (!encrypt && s->c->mac && !authenticate(s))
		return -EIO;
	if (EVP_CipherInit_ex(e, NULL, NULL, NULL, nonce, encrypt) != 1)
		return -EIO;
	if (is_gcm(s) && EVP_CipherUpdate(e, NULL, &n, s->in, s->c->aad) != 1)
		return -EIO;
	if (!encrypt && is_gcm(s) &&
	    EVP_CIPHER_CTX_ctrl(e, EVP_CTRL_AEAD_SET_TAG, s->c->tag, s->tag) != 1)
		return -EIO;
	if (EVP_CipherUpdate(e, to + s->c->aad, &n, from + s->c->aad, BENCH_SECTOR) != 1 ||
	    EVP_CipherFinal_ex(e, to + s->c->aad + n, &n) != 1)
		return -EIO;
	if (!encrypt)
		return 0;
	if (is_gcm(s))
		return EVP_CIPHER_CTX_ctrl(e, EVP_CTRL_AEAD_GET_TAG, s->c->tag, s->tag) == 1 ? 0 :
		       -EIO;
	return s->c->mac && !authenticate(s) ? -EIO : 0;
}

static int set_up(struct soft *s)
{
	int i;

	if (getrandom(s->key, sizeof(s->key), 0) != sizeof(s->key))
		return -EIO;
	for (i = 0; i < 2; i++) {
		s->evp[i] = EVP_CIPHER_CTX_new();
		if (!s->evp[i] ||
		    EVP_CipherInit_ex(s->evp[i], is_gcm(s) ? EVP_aes_256_gcm() : EVP_aes_256_xts(),
				      NULL, s->key, NULL, i) != 1)
			return -EIO;
	}
	return 0;
}

/** lib_bench_openssl() - measure a cipher of OpenSSL's */
int lib_bench_openssl(struct lib_bench_run *run, const struct lib_bench_cipher *c, u32 time_ms,
		      struct libdmwarrant_bench_cipher *r)
{
	struct soft s = { .c = c };
	int ret = set_up(&s);

	if (!ret)
		ret = lib_bench_time(run, time_ms, sector, &s, true, &r->encrypt_ns);
	if (!ret)
		ret = lib_bench_time(run, time_ms, sector, &s, false, &r->decrypt_ns);
	EVP_CIPHER_CTX_free(s.evp[0]);
	EVP_CIPHER_CTX_free(s.evp[1]);
	OPENSSL_cleanse(&s, sizeof(s));
	if (ret)
		return ret;
	r->through = LIBDMWARRANT_BENCH_OPENSSL;
	lib_copy(r->driver, sizeof(r->driver), OpenSSL_version(OPENSSL_VERSION));
	return 0;
}
