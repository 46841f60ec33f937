// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: large DIRECTORY
 *
 * A sparse volume of 10 TiB: sealing costs what was written, not what there is. And an extent of
 * many pieces. Prints what both cost; nothing is asserted of time.
 */
#include <sys/resource.h>
#include <time.h>

#include "scene.h"

static struct scene s;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static long memory_mib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss >> 10;
}

static void seal_and_verify(const char *name, u64 extents, u64 sectors, u64 pieces)
{
	struct libdmwarrant_verify_params p = { .device = s.volume };
	struct libdmwarrant_seal_result r;
	double t = now(), sealing;
	struct seen seen;
	int ret;

	ret = scene_seal(&s, NULL, 0, 0, &r);
	sealing = now() - t;
	t = now();
	scene_verify(&s, &p, &seen);
	test_result(name, !ret && !seen.ret && r.extents == extents && r.sectors == sectors &&
		    r.bytes == 16 + pieces * sizeof(struct lib_piece_disk) &&
		    seen.result.states[LIBDMWARRANT_EXTENT_UNCHANGED] == extents,
		    "%d, %d, %llu extents, %llu sectors, %llu bytes: %s", ret, seen.ret,
		    (unsigned long long)r.extents, (unsigned long long)r.sectors,
		    (unsigned long long)r.bytes, libdmwarrant_error(s.ctx));
	printf("# %s: sealed %.1f MiB in %.0f ms, verified in %.0f ms; %.3f %% hashes; at most %ld MiB\n",
	       name, sectors / 256.0, sealing * 1000, (now() - t) * 1000,
	       100.0 * r.bytes / (sectors << DMW_SECTOR_SHIFT), memory_mib());
	scene_unseal(&s);
}

int main(int argc, char **argv)
{
	u64 i, j, last;

	if (argc != 2)
		return 99;
	scene_begin(&s, argv[1], 10ULL << 40);
	last = s.m->s.sb.layout.data_sectors;
	for (i = 0; i < 16; i++)
		for (j = 0; j < 200; j++)
			image_write(s.m, (last / 16 - 1) * i + j, 0);
	image_write(s.m, last - 1, 0);
	image_checkpoint(s.m);
	image_checkpoint(s.m);
	/* Each run but the last meets two leaf nodes. */
	seal_and_verify("large-sparse", 17, 3201, 33);
	scene_end(&s);
	scene_begin(&s, argv[1], 68 << 20);
	for (i = 0; i < 16000; i++)
		image_write(s.m, i, 0);
	image_checkpoint(s.m);
	image_checkpoint(s.m);
	seal_and_verify("large-extent", 1, 16000, 125);
	scene_end(&s);
	return !!test_failures;
}
