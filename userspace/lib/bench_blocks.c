// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is written. An array that compresses finds nothing in it, and one that stores the same data
 * once finds no 512 bytes twice. Making all of it anew for each I/O would be measured with it: the
 * I/Os take turns in a pool instead, whose every 512 bytes get a stamp each time.
 */
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "bench.h"

#define POOL_BYTES	(8 * BENCH_MIB)	/* at least; more than any array compresses at a time */
#define STAMP_BYTES	512U

/* splitmix64 */
u64 lib_bench_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/**
 * lib_bench_blocks_get() - memory for I/O
 * @b:      receives it
 * @block:  bytes of each I/O
 * @depth:  how many are under way at most, up to BENCH_DEPTH_MAX
 * @filled: they write
 *
 * Return: 0, or -ENOMEM.
 */
int lib_bench_blocks_get(struct lib_bench_blocks *b, u32 block, u32 depth, bool filled)
{
	size_t i;

	*b = (struct lib_bench_blocks){ .block = block, .count = depth };
	/* Twice the depth: two of the same slot differ. */
	if (filled)
		b->count = max_t(u64, 2ULL * depth, POOL_BYTES / block) / depth * depth;
	b->depth = depth;
	b->memory = mmap(NULL, (size_t)b->count * block, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (b->memory == MAP_FAILED)
		return -ENOMEM;
	if (getrandom(&b->stamp, sizeof(b->stamp), 0) != sizeof(b->stamp))
		b->stamp = time(NULL);
	for (i = 0; filled && i < (size_t)b->count * block / sizeof(u64); i++)
		((u64 *)b->memory)[i] = lib_bench_random(&b->stamp);
	return 0;
}

void lib_bench_blocks_put(struct lib_bench_blocks *b)
{
	if (b->memory != MAP_FAILED)
		munmap(b->memory, (size_t)b->count * b->block);
}

/** lib_bench_blocks_slot() - where I/O @slot reads to */
u8 *lib_bench_blocks_slot(const struct lib_bench_blocks *b, u32 slot)
{
	return b->memory + (size_t)slot * b->block;
}

/** lib_bench_blocks_next() - what I/O @slot writes, which has nothing under way */
u8 *lib_bench_blocks_next(struct lib_bench_blocks *b, u32 slot)
{
	u32 turns = b->count / b->depth;
	u8 *data = lib_bench_blocks_slot(b, b->turn[slot]++ % turns * b->depth + slot);
	u64 stamp;
	u32 i;

	for (i = 0; i < b->block; i += STAMP_BYTES) {
		stamp = lib_bench_random(&b->stamp);
		memcpy(data + i, &stamp, sizeof(stamp));
	}
	return data;
}
