// SPDX-License-Identifier: GPL-2.0-or-later
/* What is measured: each job on each stack. */
#include "bench.h"

#define KIB	1024
#define W	LIBDMWARRANT_BENCH_WRITES
#define R	LIBDMWARRANT_BENCH_RANDOM
#define S	LIBDMWARRANT_BENCH_SYNCS

/* The reads first, then the writes: a write leaves a stack in another state than it found. */
static const struct libdmwarrant_bench_job jobs[LIBDMWARRANT_BENCH_JOBS] = {
	{ "4 KiB random read, depth 1", 4 * KIB, 1, R },
	{ "4 KiB random read, depth 32", 4 * KIB, 32, R },
	{ "64 KiB sequential read, depth 1", 64 * KIB, 1, 0 },
	{ "64 KiB sequential read, depth 32", 64 * KIB, 32, 0 },
	{ "1 MiB sequential read, depth 1", 1024 * KIB, 1, 0 },
	{ "1 MiB sequential read, depth 8", 1024 * KIB, 8, 0 },
	{ "1 MiB sequential write, depth 1", 1024 * KIB, 1, W },
	{ "1 MiB sequential write, depth 8", 1024 * KIB, 8, W },
	{ "64 KiB sequential write, depth 1", 64 * KIB, 1, W },
	{ "64 KiB sequential write, depth 32", 64 * KIB, 32, W },
	{ "4 KiB random write, depth 1", 4 * KIB, 1, W | R },
	{ "4 KiB random write, depth 32", 4 * KIB, 32, W | R },
	{ "4 KiB random write, each synced", 4 * KIB, 1, W | R | S },
};

const struct libdmwarrant_bench_job *libdmwarrant_bench_job(unsigned int i)
{
	return i < ARRAY_SIZE(jobs) ? &jobs[i] : NULL;
}

const char *libdmwarrant_bench_stack_name(enum libdmwarrant_bench_stack stack)
{
	static const char *const names[] = {
		[LIBDMWARRANT_BENCH_RAW] = "LUN",
		[LIBDMWARRANT_BENCH_LINEAR] = "dm-linear",
		[LIBDMWARRANT_BENCH_XTS] = "dm-crypt xts",
		[LIBDMWARRANT_BENCH_INTEGRITY] = "dm-crypt gcm + dm-integrity",
		[LIBDMWARRANT_BENCH_WARRANT] = "dm-warrant",
	};

	return stack < ARRAY_SIZE(names) ? names[stack] : "unknown";
}

/**
 * lib_bench_step() - begin a step of a measurement
 * @r:     measurement
 * @stack: on which stack
 * @what:  it is
 */
void lib_bench_step(struct lib_bench_run *r, enum libdmwarrant_bench_stack stack, const char *what)
{
	snprintf(r->what, sizeof(r->what), "%s: %s", libdmwarrant_bench_stack_name(stack), what);
	r->done++;
}

/** lib_bench_check() - is what is asked for possible at all? */
int lib_bench_check(struct libdmwarrant *ctx, const struct libdmwarrant_bench_params *p,
		    const struct libdmwarrant_bench_lun *result)
{
	if (p->version != LIBDMWARRANT_BENCH_VERSION)
		return lib_fail_version(ctx, p->version, LIBDMWARRANT_BENCH_VERSION);
	if (result->version != LIBDMWARRANT_BENCH_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_BENCH_VERSION);
	if (!p->time_ms || p->time_ms > BENCH_TIME_MAX)
		return lib_fail(ctx, -ERANGE, "cannot measure for %u ms; choose 1 to %u",
				p->time_ms, BENCH_TIME_MAX);
	if (p->size % BENCH_MIB)
		return lib_fail(ctx, -EINVAL, "a part of %llu bytes is not a multiple of 1 MiB",
				(unsigned long long)p->size);
	return 0;
}
