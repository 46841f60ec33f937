// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs of sectors: collected, sorted, joined. */
#include "lib_tag.h"

/** lib_runs_add() - add a run; one that continues the last makes it longer. Return: 0 or -ENOMEM */
int lib_runs_add(struct lib_runs *r, u64 start, u64 length)
{
	struct lib_run *more, *last = r->count ? &r->runs[r->count - 1] : NULL;
	size_t space;

	if (last && last->start + last->length == start) {
		last->length += length;
		return 0;
	}
	if (r->count == r->space) {
		space = r->space ? 2 * r->space : 16;
		more = reallocarray(r->runs, space, sizeof(*more));
		if (!more)
			return -ENOMEM;
		r->runs = more;
		r->space = space;
	}
	r->runs[r->count].start = start;
	r->runs[r->count++].length = length;
	return 0;
}

void lib_runs_free(struct lib_runs *r)
{
	free(r->runs);
	memset(r, 0, sizeof(*r));
}

static int compare(const void *a, const void *b)
{
	const struct lib_run *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/** lib_runs_sort() - by start, and what touches or overlaps joined */
void lib_runs_sort(struct lib_runs *r)
{
	struct lib_run *to, *from;
	u64 end;

	if (!r->count)
		return;
	qsort(r->runs, r->count, sizeof(*r->runs), compare);
	to = r->runs;
	for (from = to + 1; from < r->runs + r->count; from++) {
		end = to->start + to->length;
		if (from->start > end)
			*++to = *from;
		else if (from->start + from->length > end)
			to->length = from->start + from->length - to->start;
	}
	r->count = to - r->runs + 1;
}

/** lib_runs_sum() - sectors in all of them */
u64 lib_runs_sum(const struct lib_runs *r)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < r->count; i++)
		sum += r->runs[i].length;
	return sum;
}

/**
 * lib_runs_subtract() - the parts of a run that are in none of others
 * @r:      others, sorted
 * @start:  of the run
 * @length: of the run
 * @left:   receives the parts
 */
int lib_runs_subtract(const struct lib_runs *r, u64 start, u64 length, struct lib_runs *left)
{
	u64 end = start + length;
	size_t i = lib_runs_after(r, start);
	int ret = 0;

	for (; i < r->count && r->runs[i].start < end && !ret; i++) {
		if (r->runs[i].start > start)
			ret = lib_runs_add(left, start, r->runs[i].start - start);
		start = r->runs[i].start + r->runs[i].length;
	}
	return ret || start >= end ? ret : lib_runs_add(left, start, end - start);
}

/** lib_runs_after() - index of the first sorted run that ends behind @sector */
size_t lib_runs_after(const struct lib_runs *r, u64 sector)
{
	size_t low = 0, high = r->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (r->runs[middle].start + r->runs[middle].length <= sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
