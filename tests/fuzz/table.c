// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Table lines. What is accepted is within its bounds, and dmw_table_emit() writes what
 * dmw_table_parse() reads as the same again; into a buffer that is too short it writes no more than
 * fits. What is refused leaves a reason and holds nothing.
 */
#include "fuzz.h"
#include "device.h"

#define MOST_ARGS	32

static int parse(char *line, struct dmw_table *t)
{
	struct dm_table table = { .mode = BLK_OPEN_WRITE };
	struct dm_target ti = { .table = &table };
	char *argv[MOST_ARGS], **exact;
	unsigned int argc;
	int ret;

	memset(t, 0, sizeof(*t));
	if (split_args(line, &argc, argv, MOST_ARGS))
		return -E2BIG;
	exact = malloc(argc * sizeof(*exact) + 1);
	memcpy(exact, argv, argc * sizeof(*exact));
	ret = dmw_table_parse(&ti, argc, exact, t);
	free(exact);
	if (ret && (ret > 0 || !ti.error || !ti.error[0]))
		fail("a table line is refused with %d and no reason", ret);
	return ret;
}

static void check_bounds(const struct dmw_table *t)
{
	if (t->cache_mib < 1 || t->cache_mib > 65536 || t->checkpoint_seconds < 1 ||
	    t->checkpoint_seconds > 3600 || !t->lun || strncmp(t->key, "logon:", 6) || !t->key[6])
		fail("an accepted table line is out of bounds");
}

static void check_short(const struct dmw_table *t, const char *whole, unsigned int size)
{
	char *buf = malloc(size + !size);
	unsigned int n = dmw_table_emit(t, buf, size);

	if (size && (n >= size || strlen(buf) != n || strncmp(buf, whole, n)))
		fail("%u characters into a buffer of %u", n, size);
	free(buf);
}

static void check_emit(const struct dmw_table *t, unsigned int size)
{
	char text[8192], again[8192];
	struct dmw_table u;

	dmw_table_emit(t, text, sizeof(text));
	check_short(t, text, size);
	strcpy(again, text);
	if (parse(again, &u))
		fail("what was written is refused: %s", text);
	dmw_table_emit(&u, again, sizeof(again));
	if (strcmp(text, again))
		fail("\"%s\" is read as \"%s\"", text, again);
	dmw_table_free(NULL, &u);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int length = take(&in, 1), fails = take(&in, 1);
	struct dmw_table t;
	char *line;

	if (in.left > 2000)
		return 0;
	line = malloc(in.left + 1);
	memcpy(line, in.data, in.left);
	line[in.left] = 0;
	lun.work = 0;
	fuzz_fails_at = fails % 4;
	if (!parse(line, &t)) {
		fuzz_fails_at = 0;
		check_bounds(&t);
		check_emit(&t, length);
	}
	fuzz_fails_at = 0;
	dmw_table_free(NULL, &t);
	free(line);
	return 0;
}
