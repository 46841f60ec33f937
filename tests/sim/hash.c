// SPDX-License-Identifier: GPL-2.0-or-later
/* Hashes, and sets of them. */
#include "sim.h"

u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/** hash_bytes() - @h goes on with some bytes */
u64 hash_bytes(u64 h, const void *p, size_t n)
{
	const u8 *b = p;
	u64 w;

	for (; n >= 8; n -= 8, b += 8) {
		memcpy(&w, b, 8);
		h = mix(h ^ w);
	}
	w = 0;
	memcpy(&w, b, n);
	return mix(h ^ w ^ (u64)n << 56);
}

#define SMALLEST	(1 << 12)

/** set_reset() - an empty set; remembers its memory while that is small */
void set_reset(struct set *s)
{
	if (s->cap > SMALLEST << 4 || !s->keys) {
		free(s->keys);
		s->cap = SMALLEST;
		s->keys = calloc(s->cap, sizeof(*s->keys));
	} else if (s->used) {
		memset(s->keys, 0, s->cap * sizeof(*s->keys));
	}
	s->used = 0;
}

static bool insert(struct set *s, u64 key)
{
	u64 i = key & (s->cap - 1);

	for (; s->keys[i]; i = (i + 1) & (s->cap - 1))
		if (s->keys[i] == key)
			return false;
	s->keys[i] = key;
	return true;
}

static void grow(struct set *s)
{
	u64 *old = s->keys, cap = s->cap, i;

	s->cap *= 4;
	s->keys = calloc(s->cap, sizeof(*s->keys));
	for (i = 0; i < cap; i++)
		if (old[i])
			insert(s, old[i]);
	free(old);
}

/** set_add() - add a hash. Return: false when it was there already */
bool set_add(struct set *s, u64 key)
{
	if (!insert(s, key | 1))	/* 0 means free */
		return false;
	if (++s->used * 2 > s->cap)
		grow(s);
	return true;
}
