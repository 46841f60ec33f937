/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs in the guests and replay.c (outside) must agree on. */
#ifndef REPLAY_H
#define REPLAY_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define THREADS		2
#define PROMISE_FORMAT	"promise %u %u\n"	/* thread, ops done */

#define BLOCK		4096
#define DIGEST_START	0x2d3f5a7be1c90f11ULL

/* Not for adversaries: to tell whether two volumes hold the same. @n is a multiple of 8. */
static inline uint64_t digest_add(uint64_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t w;

	for (; n >= 8; n -= 8, b += 8) {
		memcpy(&w, b, 8);
		sum = (sum ^ w) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 29;
	}
	return sum;
}

/* The next block of a volume. Most are zeros: they are to cost little, and NULL stands for one. */
static inline uint64_t digest_add_block(uint64_t sum, const uint8_t *p)
{
	uint64_t d = 0;

	if (p && (*p || memcmp(p, p + 1, BLOCK - 1)))
		d = digest_add(DIGEST_START, p, BLOCK);
	return digest_add(sum, &d, sizeof(d));
}

#endif
