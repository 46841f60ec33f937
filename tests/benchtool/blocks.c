// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blocks BLOCK DEPTH COUNT: what COUNT writes of BLOCK bytes write, DEPTH at a time, on standard
 * output. Completions come as they like: the slots take turns unevenly.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

int main(int argc, char **argv)
{
	u32 block = argc == 4 ? atoi(argv[1]) : 0, depth = block ? atoi(argv[2]) : 0;
	u64 i, count = depth ? strtoull(argv[3], NULL, 10) : 0, state = 1;
	struct lib_bench_blocks b;
	u32 slot;

	if (!count || lib_bench_blocks_get(&b, block, depth, true))
		return 1;
	for (i = 0; i < count; i++) {
		slot = lib_bench_random(&state) % depth;
		fwrite(lib_bench_blocks_next(&b, slot), block, 1, stdout);
	}
	lib_bench_blocks_put(&b);
	return fflush(stdout) ? 1 : 0;
}
