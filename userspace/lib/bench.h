/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that measure share. */
#ifndef BENCH_H
#define BENCH_H

#include "lib_private.h"
#include "libdmwarrant-bench.h"

#define BENCH_SECTOR	DMW_SECTOR_SIZE
#define BENCH_AAD	((unsigned int)sizeof(struct dmw_aad))
#define BENCH_TIME_MAX	600000
#define BENCH_MIB	(1ULL << 20)
#define BENCH_DEPTH_MAX	64

/* bench_io.c */

/**
 * struct lib_bench_run - where a measurement stands
 * @ctx:   context
 * @what:  is done at the moment, for people
 * @done:  steps behind it
 * @total: steps
 */
struct lib_bench_run {
	struct libdmwarrant	*ctx;
	char			what[96];
	u64			done;
	u64			total;
};

u64 lib_bench_now(void);

/** lib_bench_tell() - tell the caller how far it is. Return: 0, or -ECANCELED */
static inline int lib_bench_tell(struct lib_bench_run *r)
{
	return lib_progress(r->ctx, r->what, r->done, r->total);
}

int lib_bench_io(struct lib_bench_run *run, const char *path, int fd, u64 area, u32 time_ms,
		 const struct libdmwarrant_bench_job *job, struct libdmwarrant_bench_cell *cell);

/* bench_blocks.c */

/**
 * struct lib_bench_blocks - memory for I/O
 * @memory: of all
 * @block:  bytes of each
 * @count:  of blocks, a multiple of @depth
 * @depth:  slots, each with an I/O of its own
 * @turn:   of each slot: what it has written so far
 * @stamp:  state of the generator
 */
struct lib_bench_blocks {
	u8	*memory;
	u32	block;
	u32	count;
	u32	depth;
	u32	turn[BENCH_DEPTH_MAX];
	u64	stamp;
};

u64 lib_bench_random(u64 *state);
int lib_bench_blocks_get(struct lib_bench_blocks *b, u32 block, u32 depth, bool filled);
void lib_bench_blocks_put(struct lib_bench_blocks *b);
u8 *lib_bench_blocks_slot(const struct lib_bench_blocks *b, u32 slot);
u8 *lib_bench_blocks_next(struct lib_bench_blocks *b, u32 slot);

/* bench_lun.c */

int lib_bench_may_destroy(struct libdmwarrant *ctx, struct lib_device *d,
			  const struct libdmwarrant_bench_params *p);

/* bench_job.c */

void lib_bench_step(struct lib_bench_run *r, enum libdmwarrant_bench_stack stack,
		    const char *what);
int lib_bench_check(struct libdmwarrant *ctx, const struct libdmwarrant_bench_params *p,
		    const struct libdmwarrant_bench_lun *result);

/* bench_histogram.c */

/* Each power of two has 64 buckets, so a percentile is right within 1.6 %. */
#define BENCH_FINE_BITS	6
#define BENCH_FINE	(1U << BENCH_FINE_BITS)
#define BENCH_BUCKETS	((64 - BENCH_FINE_BITS + 1) * BENCH_FINE)

/** struct lib_bench_histogram - latencies, however many */
struct lib_bench_histogram {
	u64	count;
	u64	sum;
	u64	max;
	u32	bucket[BENCH_BUCKETS];
};

void lib_bench_histogram_add(struct lib_bench_histogram *h, u64 ns);
u64 lib_bench_histogram_at(const struct lib_bench_histogram *h, unsigned int permille);

/* bench_count.c */

/** struct lib_bench_count - what the kernel counts */
struct lib_bench_count {
	u64	read;
	u64	written;
	u64	flushes;
	u64	cpu_ns;
};

void lib_bench_count(dev_t lun, struct lib_bench_count *c);
void lib_bench_counted(dev_t lun, const struct lib_bench_count *before,
		       struct libdmwarrant_bench_cell *cell);

/* bench_cipher.c */

/**
 * struct lib_bench_cipher - a way to encrypt a sector
 * @name:  as the kernel calls it
 * @use:   who uses it
 * @type:  of AF_ALG
 * @key:   bytes of the cipher's key
 * @mac:   bytes of the authenticating key, when that is another one
 * @nonce: bytes
 * @aad:   bytes that are only authenticated
 * @tag:   bytes; 0 = nothing is authenticated
 */
struct lib_bench_cipher {
	const char	*name;
	const char	*use;
	const char	*type;
	u32		key;
	u32		mac;
	u32		nonce;
	u32		aad;
	u32		tag;
};

#define BENCH_KEY_MAX	96
#define BENCH_ROOM	(BENCH_SECTOR + 256)

int lib_bench_time(struct lib_bench_run *run, u32 time_ms, int (*sector)(void *arg, bool encrypt),
		   void *arg, bool encrypt, u64 *ns);

/* bench_kernel.c */

int lib_bench_kernel(struct lib_bench_run *run, const struct lib_bench_cipher *c, u32 time_ms,
		     struct libdmwarrant_bench_cipher *r);

/* bench_openssl.c */

int lib_bench_openssl(struct lib_bench_run *run, const struct lib_bench_cipher *c, u32 time_ms,
		      struct libdmwarrant_bench_cipher *r);

/* bench_stack.c */

#define BENCH_MAPPINGS	3

/**
 * struct lib_bench_mapping - a device that exists for the measurement only
 * @name: device-mapper name
 * @path: of a node of it
 * @dev:  its number
 * @fd:   keeps it, since it goes with its last user; -1 = that is not so yet
 */
struct lib_bench_mapping {
	char	name[64];
	char	path[80];
	dev_t	dev;
	int	fd;
};

/**
 * struct lib_bench_stacks - what is mapped
 * @ctx:     context
 * @lun:     device number of the LUN
 * @part:    bytes of it that may be used
 * @absent:  the stack that could not be put up cannot be had here
 * @count:   of @mapping
 * @mapping: the lowest first, which is the part
 */
struct lib_bench_stacks {
	struct libdmwarrant		*ctx;
	dev_t				lun;
	u64				part;
	bool				absent;
	unsigned int			count;
	struct lib_bench_mapping	mapping[BENCH_MAPPINGS];
};

int lib_bench_stack_up(struct lib_bench_stacks *s, enum libdmwarrant_bench_stack stack);
int lib_bench_stack_settle(struct lib_bench_stacks *s);
int lib_bench_stack_down(struct lib_bench_stacks *s, unsigned int left);

#endif
