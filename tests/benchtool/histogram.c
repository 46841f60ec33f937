// SPDX-License-Identifier: GPL-2.0-or-later
/* Percentiles of the histogram against those of sorted values. */
#include "bench.h"

#define VALUES	20000

static unsigned int failed;

static void is(const char *name, bool good)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed += !good;
}

static int compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of all sizes: what is small must be exact, what is large right within 1.6 %. */
static u64 random_value(unsigned int bits)
{
	u64 v = ((u64)rand() << 31 ^ rand()) & ((1ULL << (1 + rand() % bits)) - 1);

	return v;
}

static bool is_near(u64 got, u64 wanted)
{
	u64 diff = got > wanted ? got - wanted : wanted - got;

	return wanted < 2 * BENCH_FINE ? !diff : diff <= wanted / BENCH_FINE;
}

static bool percentiles_fit(struct lib_bench_histogram *h, u64 *values, unsigned int bits)
{
	static const unsigned int permille[] = { 1, 10, 500, 900, 990, 999, 1000 };
	size_t i, at;
	bool good = true;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < VALUES; i++) {
		values[i] = random_value(bits);
		lib_bench_histogram_add(h, values[i]);
	}
	qsort(values, VALUES, sizeof(values[0]), compare);
	for (i = 0; i < ARRAY_SIZE(permille); i++) {
		at = (VALUES * permille[i] + 999) / 1000 - 1;
		good = good && is_near(lib_bench_histogram_at(h, permille[i]), values[at]);
	}
	return good && h->count == VALUES && h->max == values[VALUES - 1];
}

int main(void)
{
	struct lib_bench_histogram *h = calloc(1, sizeof(*h));
	u64 *values = calloc(VALUES, sizeof(*values));

	if (!h || !values)
		return 99;
	srand(1);
	is("histogram-empty", !lib_bench_histogram_at(h, 999));
	is("histogram-small", percentiles_fit(h, values, 7));
	is("histogram-microseconds", percentiles_fit(h, values, 20));
	is("histogram-hours", percentiles_fit(h, values, 42));
	memset(h, 0, sizeof(*h));
	lib_bench_histogram_add(h, 1000001);
	is("histogram-one", lib_bench_histogram_at(h, 500) == lib_bench_histogram_at(h, 999) &&
	   lib_bench_histogram_at(h, 999) <= h->max && is_near(lib_bench_histogram_at(h, 1), 1000001));
	lib_bench_histogram_add(h, U64_MAX);
	is("histogram-ever", lib_bench_histogram_at(h, 1000) > U64_MAX / 2);
	free(values);
	free(h);
	return failed ? 1 : 0;
}
