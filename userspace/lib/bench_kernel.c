// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's ciphers, through AF_ALG sockets: one sector goes in, one comes out. The way there
 * and back is measured with a cipher that does nothing.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <linux/rtnetlink.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define AUTHENC_PARAM	1	/* CRYPTO_AUTHENC_KEYA_PARAM, which no header of the kernel's has */

/* Nothing is done, but the way is the same: by the type of AF_ALG. */
static const struct lib_bench_cipher nothing[] = {
	{ "authenc(digest_null,ecb(cipher_null))", NULL, "aead", 0, 0, 0, BENCH_AAD, 0 },
	{ "ecb(cipher_null)", NULL, "skcipher", 0, 0, 0, 0, 0 },
};

/**
 * struct tfm - a cipher with a key
 * @c:      which
 * @fd:     of the cipher
 * @op:     to send sectors to
 * @plain:  associated data, sector
 * @sealed: associated data, sector, tag
 */
struct tfm {
	const struct lib_bench_cipher	*c;
	int				fd;
	int				op;
	u8				plain[BENCH_ROOM];
	u8				sealed[BENCH_ROOM];
};

/* ---- setting up ---- */

static bool is_authenc(const struct lib_bench_cipher *c)
{
	return !strncmp(c->name, "authenc(", 8);
}

/* Two keys in one: what stands before them says where the second begins. */
static size_t make_key(const struct lib_bench_cipher *c, u8 key[BENCH_KEY_MAX + 8])
{
	struct rtattr a = { .rta_len = RTA_LENGTH(4), .rta_type = AUTHENC_PARAM };
	u32 length = htonl(c->key);
	size_t head = is_authenc(c) ? 8 : 0;

	memcpy(key, &a, sizeof(a));
	memcpy(key + sizeof(a), &length, sizeof(length));
	if (getrandom(key + head, c->mac + c->key, 0) < 0)
		memset(key + head, 0x5a, c->mac + c->key);
	return head + c->mac + c->key;
}

static int set_key(struct tfm *t)
{
	u8 key[BENCH_KEY_MAX + 8];
	size_t size = make_key(t->c, key);
	int ret = 0;

	if (size && setsockopt(t->fd, SOL_ALG, ALG_SET_KEY, key, size))
		ret = -errno;
	if (!ret && t->c->tag &&
	    setsockopt(t->fd, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, NULL, t->c->tag))
		ret = -errno;
	OPENSSL_cleanse(key, sizeof(key));
	return ret;
}

static int tfm_open(struct tfm *t, const struct lib_bench_cipher *c)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG };
	int ret;

	memset(t, 0, sizeof(*t));
	t->c = c;
	t->op = -1;
	lib_copy((char *)sa.salg_type, sizeof(sa.salg_type), c->type);
	lib_copy((char *)sa.salg_name, sizeof(sa.salg_name), c->name);
	t->fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return -errno;
	if (bind(t->fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -errno;
	ret = set_key(t);
	if (ret)
		return ret;
	t->op = accept4(t->fd, NULL, 0, SOCK_CLOEXEC);
	return t->op < 0 ? -errno : 0;
}

static void tfm_close(struct tfm *t)
{
	if (t->op >= 0)
		close(t->op);
	if (t->fd >= 0)
		close(t->fd);
}

/* ---- a sector ---- */

static struct cmsghdr *put(struct msghdr *msg, struct cmsghdr *c, int type, const void *data,
			   size_t size)
{
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), data, size);
	return CMSG_NXTHDR(msg, c);
}

static int say(struct tfm *t, bool encrypt, u8 *data, size_t size)
{
	union {
		struct cmsghdr	first;
		char		all[CMSG_SPACE(4) * 2 + CMSG_SPACE(4 + 16)];
	} control = { .all = { 0 } };
	struct iovec iov = { data, size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(4) + (t->c->aad ? CMSG_SPACE(4) : 0) +
				  (t->c->nonce ? CMSG_SPACE(4 + t->c->nonce) : 0),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	u32 op = encrypt ? ALG_OP_ENCRYPT : ALG_OP_DECRYPT, iv[5] = { t->c->nonce, 1, 2, 3, 4 };

	c = put(&msg, c, ALG_SET_OP, &op, sizeof(op));
	if (t->c->aad)
		c = put(&msg, c, ALG_SET_AEAD_ASSOCLEN, &t->c->aad, sizeof(t->c->aad));
	if (t->c->nonce)
		put(&msg, c, ALG_SET_IV, iv, 4 + t->c->nonce);
	return sendmsg(t->op, &msg, 0) == (ssize_t)size ? 0 : -errno;
}

static int sector(void *arg, bool encrypt)
{
	struct tfm *t = arg;
	size_t plain = t->c->aad + BENCH_SECTOR, sealed = plain + t->c->tag;
	ssize_t n;
	int ret;

	ret = encrypt ? say(t, true, t->plain, plain) : say(t, false, t->sealed, sealed);
	if (ret)
		return ret;
	n = encrypt ? read(t->op, t->sealed, sealed) : read(t->op, t->plain, plain);
	if (n < 0)
		return -errno;
	return n == (ssize_t)(encrypt ? sealed : plain) ? 0 : -EIO;
}

/* ---- what it is, and what it takes ---- */

/* The implementation of highest priority in /proc/crypto is the one that everybody gets. */
static void find_driver(const char *name, char *driver, size_t size)
{
	char line[256], value[160], in[160] = "", candidate[160] = "";
	int priority, best = -1;
	FILE *f = fopen("/proc/crypto", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "name : %159s", value) == 1)
			lib_copy(in, sizeof(in), value);
		else if (sscanf(line, "driver : %159s", value) == 1)
			lib_copy(candidate, sizeof(candidate), value);
		else if (sscanf(line, "priority : %d", &priority) == 1 && priority > best &&
			 !strcmp(in, name)) {
			best = priority;
			lib_copy(driver, size, candidate);
		}
	}
	if (f)
		fclose(f);
}

/* Encrypting and decrypting nothing; 0 = the kernel has not got that cipher. */
static u64 call_ns(struct lib_bench_run *run, const char *type, u32 time_ms)
{
	u64 ns = 0;
	struct tfm t;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nothing) && !ns; i++) {
		/* An AEAD's way is a little longer, but without one the other is near enough. */
		if (strcmp(nothing[i].type, type) && strcmp(nothing[i].type, "skcipher"))
			continue;
		if (!tfm_open(&t, &nothing[i]))
			lib_bench_time(run, time_ms, sector, &t, true, &ns);
		tfm_close(&t);
	}
	return ns;
}

/**
 * lib_bench_kernel() - measure a cipher of the kernel's
 *
 * Return: 0; -EAFNOSUPPORT no AF_ALG here; why else it cannot be measured.
 */
int lib_bench_kernel(struct lib_bench_run *run, const struct lib_bench_cipher *c, u32 time_ms,
		     struct libdmwarrant_bench_cipher *r)
{
	struct tfm t;
	int ret = tfm_open(&t, c);

	if (!ret)
		ret = lib_bench_time(run, time_ms, sector, &t, true, &r->encrypt_ns);
	if (!ret)
		ret = lib_bench_time(run, time_ms, sector, &t, false, &r->decrypt_ns);
	tfm_close(&t);
	if (ret)
		return ret;
	r->through = LIBDMWARRANT_BENCH_KERNEL;
	r->call_ns = call_ns(run, c->type, time_ms);
	find_driver(c->name, r->driver, sizeof(r->driver));
	return 0;
}
