/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the kernel that buffer.c uses besides those of kernel.h: pages, of which the allocator
 * has as many as the harness says. linux/highmem.h is this one (see Makefile).
 */
#ifndef FUZZ_PAGES_H
#define FUZZ_PAGES_H

#include "kernel.h"

#define GFP_NOWAIT	1
#define __GFP_NOWARN	0

struct page {
	u8	data[4096];
	bool	in_use;		/* an op has it */
};

struct page *alloc_page(int gfp);
void __free_page(struct page *page);
#define page_address(p)			((void *)(p)->data)
#define memzero_explicit(p, size)	memset(p, 0, size)

#define wq_has_sleeper(w)		((void)(w), false)
/* Who waits does so until somebody else goes on. */
#define wait_event(w, condition)	do { while (!(condition)) fuzz_others(); } while (0)
void fuzz_others(void);

#define mempool_init_kmalloc_pool(p, n, size)	((void)(p), failing(-ENOMEM))
#define mempool_exit(p)			((void)(p))
#define mempool_alloc(p, gfp)		kmalloc(sizeof(struct dmw_array), gfp)
#define mempool_free(a, p)		kfree(a)
#define BIO_POOL_SIZE			2
#define BIOSET_NEED_BVECS		1
#define bioset_init(b, n, pad, flags)	((void)(b), (void)(pad), failing(-ENOMEM))
#define bioset_exit(b)			((void)(b))

/* Nothing is copied here: the harness says what pages hold. */
struct bvec_iter {
	u32	unused;
};

struct bio_vec {
	struct page	*bv_page;
	u32		bv_len;
	u32		bv_offset;
};

#define bio_for_each_segment(bv, bio, iter)	\
	for (memset(&(bv), 0, sizeof(bv)), (void)(bio), (void)(iter); false;)
#define memcpy_to_page(page, at, from, n)	((void)(page), (void)(at), (void)(from), (void)(n))
#define memcpy_from_page(to, page, at, n)	((void)(to), (void)(page), (void)(at), (void)(n))
#define zero_fill_bio(bio)		((void)(bio))

#endif
