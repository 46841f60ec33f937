// SPDX-License-Identifier: GPL-2.0-or-later
/* No two things share a block, and nothing lies beyond the LUN's end. */
#include "common/test.h"

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Blocks with a meaning, collected. */
struct blocks {
	u64	*at;
	size_t	count;
	size_t	space;
	u64	limit;
	bool	outside;
};

static void add(struct blocks *b, u64 block)
{
	if (block >= b->limit)
		b->outside = true;
	if (b->count == b->space) {
		b->space = b->space ? 2 * b->space : 4096;
		b->at = realloc(b->at, b->space * sizeof(*b->at));
	}
	b->at[b->count++] = block;
}

static void add_fixed(struct blocks *b, const struct dmw_layout *l)
{
	u64 i;

	add(b, dmw_layout_superblock(l, 2));
	add(b, dmw_layout_superblock(l, 1));
	for (i = 0; i < l->activation_blocks; i++) {
		add(b, dmw_layout_activation(l, i, 0));
		add(b, dmw_layout_activation(l, i, 1));
	}
	for (i = 0; i < l->journal_blocks; i++)
		add(b, l->journal_start + i);
}

static void add_node(struct blocks *b, const struct dmw_layout *l, unsigned int level, u64 index)
{
	if (index >= dmw_layout_nodes(l, level))
		return;
	add(b, dmw_layout_node(l, level, index, 0));
	add(b, dmw_layout_node(l, level, index, 1));
}

/* Everything, or windows around @samples evenly spread places and both ends. */
static void add_tree(struct blocks *b, const struct dmw_layout *l, u64 samples)
{
	u64 n, i, k, start, last = U64_MAX;
	unsigned int level;

	for (level = 0; level < DMW_LEVELS; level++) {
		n = dmw_layout_nodes(l, level);
		if (!samples || n <= 4 * samples) {
			for (i = 0; i < n; i++)
				add_node(b, l, level, i);
			continue;
		}
		for (k = 0; k <= samples; k++) {
			start = k == samples ? n - 3 : n / samples * k;
			for (i = 0; i < 3; i++)
				add_node(b, l, level, start + i);
		}
	}
	n = l->data_sectors;
	for (i = 0; !samples && i < n; i++)
		add(b, dmw_layout_sector(l, i));
	for (k = 0; samples && k <= samples; k++) {
		start = k == samples ? n - 200 : n / samples * k;
		if (last != U64_MAX && start < last + 200)
			continue;
		last = start;
		for (i = 0; i < 200 && start + i < n; i++)
			add(b, dmw_layout_sector(l, start + i));
	}
}

static void check(const char *name, u64 lun_blocks, u32 unit, u64 samples)
{
	struct dmw_layout l;
	struct blocks b = { .limit = lun_blocks };
	size_t i;
	int ret;

	dmw_layout_choose(&l, lun_blocks, unit);
	ret = dmw_layout_derive(&l);
	if (ret) {
		test_result(name, false, "no layout: %d", ret);
		return;
	}
	add_fixed(&b, &l);
	add_tree(&b, &l, samples);
	qsort(b.at, b.count, sizeof(*b.at), compare);
	for (i = 1; i < b.count && (b.at[i] != b.at[i - 1]); i++)
		;
	if (b.outside)
		test_result(name, false, "a block beyond the LUN's end");
	else if (i < b.count)
		test_result(name, false, "block %llu has two meanings",
			    (unsigned long long)b.at[i]);
	else
		test_result(name, true, " ");
	free(b.at);
}

int main(void)
{
	const u64 gib = 1ULL << 18, tib = 1ULL << 28;

	check("layout-2MiB", 512, 512, 0);
	check("layout-smallest-leaf", 345, 4096, 0);
	check("layout-odd", 12345, 512, 0);
	check("layout-one-group-less-one", 16384 + 264 + 1000, 4096, 0);
	check("layout-1GiB", gib, 4096, 0);
	check("layout-1GiB-odd", gib + 333, 4096, 0);
	check("layout-10TiB", 10 * tib, 4096, 3000);
	check("layout-200TiB", 200 * tib + 17, 4096, 3000);
	check("layout-1.9PiB", 1900 * tib + 1, 4096, 3000);
	return !!test_failures;
}
