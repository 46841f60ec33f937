// SPDX-License-Identifier: GPL-2.0-or-later
/* The ciphers of the data path, and those of its peers, sector by sector in memory. */
#include "bench.h"

/* dm-warrant's first. dm-crypt authenticates the sector's number (8 bytes) and the nonce. */
static const struct lib_bench_cipher ciphers[LIBDMWARRANT_BENCH_CIPHERS] = {
	{ "gcm(aes)", "dm-warrant", "aead", 32, 0, DMW_IV_SIZE, BENCH_AAD, DMW_MAC_SIZE },
	{ "xts(aes)", "dm-crypt", "skcipher", 64, 0, 16, 0, 0 },
	{ "authenc(hmac(sha256),xts(aes))", "dm-crypt on dm-integrity", "aead", 64, 32, 16, 24,
	  32 },
};

/**
 * lib_bench_time() - how long does a sector take?
 * @run:     who may cancel
 * @time_ms: for how long to try
 * @sector:  encrypts or decrypts one
 * @arg:     for @sector
 * @encrypt: which of both
 * @ns:      receives the mean
 */
int lib_bench_time(struct lib_bench_run *run, u32 time_ms, int (*sector)(void *arg, bool encrypt),
		   void *arg, bool encrypt, u64 *ns)
{
	u64 start, now, sectors = 0;
	int ret = sector(arg, encrypt), i;

	start = lib_bench_now();
	now = start;
	while (!ret && now - start < time_ms * 1000000ULL) {
		for (i = 0; i < 16 && !ret; i++)
			ret = sector(arg, encrypt);
		sectors += 16;
		now = lib_bench_now();
		if (!ret)
			ret = lib_bench_tell(run);
	}
	if (!ret)
		*ns = max((now - start) / sectors, 1ULL);
	return ret;
}

static int measure(struct lib_bench_run *run, const struct lib_bench_cipher *c, u32 time_ms,
		   struct libdmwarrant_bench_cipher *r)
{
	int ret;

	r->name = c->name;
	r->use = c->use;
	r->key_bits = 8 * (c->key + c->mac);
	snprintf(run->what, sizeof(run->what), "%s", c->name);
	ret = lib_bench_kernel(run, c, time_ms, r);
	if (ret == -EAFNOSUPPORT)
		ret = lib_bench_openssl(run, c, time_ms, r);
	run->done++;
	if (!ret || ret == -ECANCELED)
		return ret;
	r->through = LIBDMWARRANT_BENCH_ABSENT;
	snprintf(r->why_absent, sizeof(r->why_absent), "%s", strerror(-ret));
	return 0;
}

int libdmwarrant_bench_ciphers(struct libdmwarrant *ctx, uint32_t time_ms,
			       struct libdmwarrant_bench_ciphers *result)
{
	struct lib_bench_run run = { .ctx = ctx, .total = ARRAY_SIZE(ciphers) };
	int ret = 0;
	u32 i;

	if (result->version != LIBDMWARRANT_BENCH_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_BENCH_VERSION);
	if (!time_ms || time_ms > BENCH_TIME_MAX)
		return lib_fail(ctx, -ERANGE, "cannot measure for %u ms; choose 1 to %u", time_ms,
				BENCH_TIME_MAX);
	memset(result->cipher, 0, sizeof(result->cipher));
	result->count = ARRAY_SIZE(ciphers);
	lib_progress_start(ctx);
	for (i = 0; i < result->count && !ret; i++)
		ret = measure(&run, &ciphers[i], time_ms, &result->cipher[i]);
	return ret;
}
