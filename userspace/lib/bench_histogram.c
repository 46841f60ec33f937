// SPDX-License-Identifier: GPL-2.0-or-later
/* Latencies, counted in buckets whose width grows with the value. */
#include "bench.h"

static unsigned int bucket_of(u64 ns)
{
	unsigned int shift;

	if (ns < BENCH_FINE)
		return ns;
	shift = 63 - __builtin_clzll(ns) - BENCH_FINE_BITS;
	return (shift << BENCH_FINE_BITS) + (ns >> shift);
}

/* The middle of a bucket. */
static u64 value_of(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * BENCH_FINE)
		return bucket;
	shift = (bucket >> BENCH_FINE_BITS) - 1;
	return ((u64)(bucket - (shift << BENCH_FINE_BITS)) << shift) + (1ULL << (shift - 1));
}

void lib_bench_histogram_add(struct lib_bench_histogram *h, u64 ns)
{
	h->bucket[bucket_of(ns)]++;
	h->count++;
	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
}

/** lib_bench_histogram_at() - the latency that @permille of all did not exceed */
u64 lib_bench_histogram_at(const struct lib_bench_histogram *h, unsigned int permille)
{
	u64 wanted = (h->count * permille + 999) / 1000, seen = 0;
	unsigned int i;

	for (i = 0; i < BENCH_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen && seen >= wanted)
			return min(value_of(i), h->max);
	}
	return 0;
}
