// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs of sectors and stacks of devices, against one byte for each sector. */
#include "lib_tag.h"

#define SPACE	512
#define ROUNDS	3000

static unsigned int failed;

static void is(const char *name, bool good)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed += !good;
}

static void random_runs(struct lib_runs *r, u8 *map)
{
	int i, n = rand() % 12;
	u64 start, length;

	memset(map, 0, SPACE);
	for (i = 0; i < n; i++) {
		start = rand() % (SPACE - 1);
		length = 1 + rand() % min(60, (int)(SPACE - start));
		memset(map + start, 1, length);
		if (lib_runs_add(r, start, length))
			exit(99);
	}
	lib_runs_sort(r);
}

/* Sorted, apart from each other, and just what the map says. */
static bool agrees(const struct lib_runs *r, const u8 *map)
{
	u8 own[SPACE] = { 0 };
	u64 end = 0, sum = 0;
	size_t i;

	for (i = 0; i < r->count; i++) {
		if ((i && r->runs[i].start <= end) || !r->runs[i].length)
			return false;
		end = r->runs[i].start + r->runs[i].length;
		memset(own + r->runs[i].start, 1, r->runs[i].length);
		sum += r->runs[i].length;
	}
	return !memcmp(own, map, SPACE) && sum == lib_runs_sum(r);
}

static bool subtracts(const struct lib_runs *r, const u8 *map)
{
	u64 start = rand() % SPACE, length = rand() % (SPACE - start + 1), s;
	struct lib_runs left = { 0 };
	u8 want[SPACE] = { 0 };
	bool good;

	for (s = start; s < start + length; s++)
		want[s] = !map[s];
	if (lib_runs_subtract(r, start, length, &left))
		exit(99);
	good = agrees(&left, want);
	lib_runs_free(&left);
	return good;
}

static void test_runs(void)
{
	bool sorted = true, subtracted = true;
	struct lib_runs r = { 0 };
	u8 map[SPACE];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		random_runs(&r, map);
		sorted &= agrees(&r, map);
		subtracted &= subtracts(&r, map);
		lib_runs_free(&r);
	}
	is("runs-sort", sorted);
	is("runs-subtract", subtracted);
}

/* ---- stacks ---- */

static struct lib_segment segments[] = {
	{ .from = 0, .length = 40960, .to = 409600 },
	{ .from = 40960, .length = 8192, .to = 4096 },
	{ .from = 49152, .length = 20480, .to = 81920 },
};
static const struct lib_stack stack = { .count = 3, .segments = segments };

struct pieces {
	unsigned int	count;
	u64		to[8];
	u64		length[8];
};

static int take(void *arg, u64 to, u64 length)
{
	struct pieces *p = arg;

	p->to[p->count] = to;
	p->length[p->count++] = length;
	return 0;
}

static void test_stack(void)
{
	struct pieces p = { 0 };
	int ret;

	ret = lib_stack_map(&stack, 36864, 16384, take, &p);
	is("stack-map", !ret && p.count == 3 && p.to[0] == 109 && p.length[0] == 1 &&
	   p.to[1] == 1 && p.length[1] == 2 && p.to[2] == 20 && p.length[2] == 1);
	is("stack-beyond", lib_stack_map(&stack, 65536, 8192, take, &p) == -EXDEV);
	is("stack-unaligned", lib_stack_map(&stack, 512, 4096, take, &p) == -EINVAL);
	p.count = 0;
	ret = lib_stack_unmap(&stack, 0, 25, take, &p);
	is("stack-unmap", !ret && p.count == 2 && p.to[0] == 40960 && p.length[0] == 8192 &&
	   p.to[1] == 49152 && p.length[1] == 20480);
}

int main(void)
{
	srand(7);
	test_runs();
	test_stack();
	return failed ? 1 : 0;
}
