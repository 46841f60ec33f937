/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the kernel that keys.c uses besides those of kernel.h: a keyring, and a cipher whose MAC
 * tells under which key it was made. Those headers of the kernel are this one (see Makefile).
 */
#ifndef FUZZ_KEYRING_H
#define FUZZ_KEYRING_H

#include "kernel.h"

/* ---- memory ---- */

#define kvmalloc_array(n, size, gfp)	kmalloc((n) * (size), gfp)

static inline void *kmemdup(const void *from, size_t size, int gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? memcpy(p, from, size) : NULL;
}

static inline void kvfree_sensitive(const void *p, size_t size)
{
	if (p)
		memset((void *)p, 0, size);
	kvfree(p);
}

#define kcalloc(n, size, gfp)		kvzalloc((n) * (size), gfp)
#define kfree_sensitive(p)		kfree(p)
#define memzero_explicit(p, size)	memset(p, 0, size)
#define crypto_memneq(a, b, size)	memcmp(a, b, size)
#define spin_lock(l)			((void)(l))
#define spin_unlock(l)			((void)(l))
#define get_random_bytes(p, size)	memset(p, 0xee, size)
#define waitqueue_active(w)		false
#define wake_up(w)			((void)(w))
/* Nobody else uses a cipher here. */
#define wait_event(w, condition)	do { if (!(condition)) abort(); } while (0)
#define ERR_CAST(p)			((void *)(p))

/* Multiplicative, as the kernel's. */
#define GOLDEN_RATIO_32		0x61C88647
#define hash_32(v, bits)	((u32)((v) * GOLDEN_RATIO_32) >> (32 - (bits)))

/* An empty array may be NULL, other than in C's library. */
#define bsearch(key, base, n, size, cmp)	((n) ? (bsearch)(key, base, n, size, cmp) : NULL)

char *kasprintf(int gfp, const char *fmt, ...);

/* ---- keyring ---- */

struct user_key_payload {
	unsigned short	datalen;
	char		data[] __attribute__((aligned(8)));
};

struct key {
	int			sem;
	struct user_key_payload	*payload;	/* NULL = revoked */
};

#define key_type_logon			(*(const int *)NULL)
#define request_key(type, name, info)	fuzz_request_key(name)
#define key_put(k)			((void)(k))
#define user_key_payload_locked(k)	((k)->payload)

struct key *fuzz_request_key(const char *description);

/* ---- cipher ---- */

struct crypto_aead {
	u8 key[32];
};

struct aead_request {
	struct crypto_aead	*tfm;
	struct scatterlist	*sg;
};

struct scatterlist {
	void	*buf;
	u32	length;
};

#define CRYPTO_ALG_ALLOCATES_MEMORY	1
#define CRYPTO_TFM_REQ_MAY_BACKLOG	1
#define DECLARE_CRYPTO_WAIT(w)		int w = 0
#define crypto_req_done			NULL
#define crypto_aead_tfm(t)		(t)
#define CRYPTO_MAX_ALG_NAME		128
#define crypto_tfm_alg_driver_name(t)	((void)(t), "the driver of gcm(aes)")
#define crypto_wait_req(ret, w)		((void)(w), ret)
#define crypto_free_aead(t)		kvfree_sensitive(t, sizeof(*(t)))
#define aead_request_alloc(t, gfp)	((void)(t), kvzalloc(sizeof(struct aead_request), gfp))
#define aead_request_free(r)		kfree(r)
#define aead_request_set_tfm(r, t)	((r)->tfm = (t))
#define aead_request_set_callback(r, flags, done, w)	((void)(w))
#define aead_request_set_ad(r, n)	((void)(n))
#define aead_request_set_crypt(r, from, to, n, iv)	((r)->sg = (from))
#define sg_init_table(sg, n)		memset(sg, 0, (n) * sizeof(*(sg)))
#define sg_set_buf(s, b, n)		((s)->buf = (b), (s)->length = (n))

static inline struct crypto_aead *crypto_alloc_aead(const char *name, int type, int mask)
{
	struct crypto_aead *t = kvzalloc(sizeof(*t), 0);

	return t ? t : ERR_PTR(-ENOMEM);
}

static inline int crypto_aead_setkey(struct crypto_aead *t, const u8 *key, unsigned int size)
{
	memcpy(t->key, key, size);
	return failing(-ENOMEM);
}

/* The MAC is a part of the key. */
static inline int crypto_aead_encrypt(struct aead_request *r)
{
	memcpy(r->sg[2].buf, r->tfm->key, 16);
	return 0;
}

static inline int crypto_aead_decrypt(struct aead_request *r)
{
	return memcmp(r->sg[2].buf, r->tfm->key, 16) ? -EBADMSG : 0;
}

#endif
