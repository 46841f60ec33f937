// SPDX-License-Identifier: GPL-2.0-or-later
/* The core's surroundings in a process: see kmod/host.h. OpenSSL, pread, malloc. */
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib_private.h"

void lib_host_init(struct dmw_host *h, int fd, const struct libdmwarrant_keyset *keyset)
{
	memset(h, 0, sizeof(*h));
	h->fd = fd;
	h->keyset = keyset;
}

void lib_host_destroy(struct dmw_host *h)
{
	unsigned int i;

	for (i = 0; i < LIB_DERIVED_KEYS; i++) {
		EVP_CIPHER_CTX_free(h->derived[i].gcm);
		h->derived[i].gcm = NULL;
	}
}

/* ---- LUN ---- */

int dmw_host_read(struct dmw_host *h, u64 offset, void *buf, u32 len)
{
	ssize_t n;

	while (len) {
		n = pread(h->fd, buf, len, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		h->read += n;
		buf = (u8 *)buf + n;
		offset += n;
		len -= n;
	}
	return 0;
}

void dmw_host_read_many(struct dmw_host *h, struct dmw_read_req *reqs, unsigned int count)
{
	for (; count; count--, reqs++)
		reqs->error = dmw_host_read(h, reqs->offset, reqs->buf, DMW_SECTOR_SIZE);
}

/** lib_host_write() - write one 4 KiB block. Return: 0 or a negative errno */
int lib_host_write(struct dmw_host *h, u64 block, const void *buf)
{
	u64 offset = block << DMW_SECTOR_SHIFT;
	u32 len = DMW_SECTOR_SIZE;
	ssize_t n;

	while (len) {
		n = pwrite(h->fd, buf, len, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		h->written += n;
		buf = (const u8 *)buf + n;
		offset += n;
		len -= n;
	}
	return 0;
}

/* ---- crypto ---- */

struct aes_ctx {
	EVP_CIPHER_CTX	*ecb;
	bool		failed;
};

static void aes_block(void *arg, u8 out[16], const u8 in[16])
{
	struct aes_ctx *c = arg;
	int n;

	/* A derivation from garbage must not look like one from the key: see derive(). */
	if (EVP_EncryptUpdate(c->ecb, out, &n, in, 16) != 1 || n != 16) {
		memset(out, 0, 16);
		c->failed = true;
	}
}

static int derive(u8 derived[DMW_KEY_SIZE], const u8 *key, const u8 *salt)
{
	struct aes_ctx c = { .ecb = EVP_CIPHER_CTX_new() };

	if (!c.ecb)
		return -ENOMEM;
	if (EVP_EncryptInit_ex(c.ecb, EVP_aes_256_ecb(), NULL, key, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(c.ecb, 0) == 1)
		dmw_xaes_derive(derived, salt, aes_block, &c);
	else
		c.failed = true;
	EVP_CIPHER_CTX_free(c.ecb);
	return c.failed ? -EIO : 0;
}

static bool is_key(const struct lib_derived *d, const struct dmw_key_id *key)
{
	return d->gcm && d->tag == key->tag && d->epoch == key->epoch &&
	       !memcmp(d->salt, key->salt, DMW_SALT_SIZE);
}

static int new_derived(struct dmw_host *h, const struct dmw_key_id *key, struct lib_derived *d)
{
	const u8 *long_term = NULL;
	u8 derived[DMW_KEY_SIZE];
	int ret;

	if (h->keyset)
		long_term = dmw_keyset_find(h->keyset->disk, key->tag, key->epoch);
	if (!long_term)
		return h->keyset && dmw_keyset_is_shredded(h->keyset->disk, key->tag) ? -ENODATA :
											-ENOKEY;
	ret = derive(derived, long_term, key->salt);
	if (!ret) {
		EVP_CIPHER_CTX_free(d->gcm);
		d->gcm = EVP_CIPHER_CTX_new();
		if (!d->gcm)
			ret = -ENOMEM;
		else if (EVP_CipherInit_ex(d->gcm, EVP_aes_256_gcm(), NULL, derived, NULL, 1) != 1)
			ret = -EIO;
	}
	dmw_memzero_secret(derived, sizeof(derived));
	if (ret) {
		EVP_CIPHER_CTX_free(d->gcm);
		d->gcm = NULL;
		return ret;
	}
	d->tag = key->tag;
	d->epoch = key->epoch;
	memcpy(d->salt, key->salt, DMW_SALT_SIZE);
	return 0;
}

static int get_derived(struct dmw_host *h, const struct dmw_key_id *key, EVP_CIPHER_CTX **gcm)
{
	unsigned int i;
	int ret;

	if (!is_key(&h->derived[h->last], key)) {
		for (i = 0; i < LIB_DERIVED_KEYS && !is_key(&h->derived[i], key); i++)
			;
		if (i == LIB_DERIVED_KEYS) {
			i = h->next;
			ret = new_derived(h, key, &h->derived[i]);
			if (ret)
				return ret;
			h->next = (i + 1) % LIB_DERIVED_KEYS;
		}
		h->last = i;
	}
	*gcm = h->derived[h->last].gcm;
	return 0;
}

int dmw_host_crypt(struct dmw_host *h, bool seal, const struct dmw_key_id *key,
		   const u8 iv[DMW_IV_SIZE], const void *aad, u32 aad_len, void *data, u32 len,
		   u8 mac[DMW_MAC_SIZE])
{
	EVP_CIPHER_CTX *gcm;
	int ret, n;

	ret = get_derived(h, key, &gcm);
	if (ret)
		return ret;
	if (EVP_CipherInit_ex(gcm, NULL, NULL, NULL, iv, seal) != 1 ||
	    (aad_len && EVP_CipherUpdate(gcm, NULL, &n, aad, aad_len) != 1) ||
	    (len && EVP_CipherUpdate(gcm, data, &n, data, len) != 1))
		return -EIO;
	if (!seal && EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, DMW_MAC_SIZE, mac) != 1)
		return -EIO;
	if (EVP_CipherFinal_ex(gcm, (u8 *)data + len, &n) != 1)
		return seal ? -EIO : -EBADMSG;
	if (seal && EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, DMW_MAC_SIZE, mac) != 1)
		return -EIO;
	return 0;
}

/* ---- memory, random numbers, time ---- */

void *dmw_host_alloc(struct dmw_host *h, size_t size)
{
	(void)h;
	return calloc(1, size);
}

void dmw_host_free(struct dmw_host *h, void *p)
{
	(void)h;
	free(p);
}

void dmw_host_random(struct dmw_host *h, void *buf, size_t len)
{
	ssize_t n;

	(void)h;
	while (len) {
		n = getrandom(buf, len, 0);
		if (n < 0) {
			/* Going on without randomness would reuse nonces or make weak keys. */
			if (errno != EINTR)
				abort();
			continue;
		}
		buf = (u8 *)buf + n;
		len -= n;
	}
}

u64 dmw_host_time(struct dmw_host *h)
{
	(void)h;
	return time(NULL);
}
