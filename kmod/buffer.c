// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private pages for the ciphertext of sectors in flight.
 *
 * Plaintext is copied in before it is encrypted, since whoever wrote it may change it under us, and
 * copied out only after it was verified, so that nobody ever sees plaintext the array made up.
 */
#include <linux/slab.h>
#include <linux/highmem.h>

#include "device.h"

/* Enough for two of the largest requests: one that fills up and one that waits. */
#define POOL_PAGES	(2 * DMW_FANOUT)
#define POOL_ARRAYS	16

/** dmw_buffers_init() - pools of a volume. Context: may sleep */
int dmw_buffers_init(struct dmw_device *dev)
{
	int ret;

	mutex_init(&dev->page_lock);
	ret = mempool_init_page_pool(&dev->pages, POOL_PAGES, 0);
	if (!ret)
		ret = mempool_init_kmalloc_pool(&dev->arrays, POOL_ARRAYS,
						sizeof(struct dmw_array));
	if (!ret)
		ret = bioset_init(&dev->bios, BIO_POOL_SIZE, 0, BIOSET_NEED_BVECS);
	return ret;
}

/** dmw_buffers_exit() - undo dmw_buffers_init(), however far it came. Context: may sleep */
void dmw_buffers_exit(struct dmw_device *dev)
{
	bioset_exit(&dev->bios);
	mempool_exit(&dev->arrays);
	mempool_exit(&dev->pages);
}

static bool get_pages(struct dmw_bio *b, gfp_t gfp)
{
	u32 i;

	for (i = 0; i < b->op.count; i++) {
		b->pages[i] = mempool_alloc(&b->dev->pages, gfp);
		if (!b->pages[i])
			return false;
	}
	return true;
}

static void put_pages(struct dmw_bio *b)
{
	u32 i;

	for (i = 0; i < b->op.count && b->pages[i]; i++) {
		mempool_free(b->pages[i], &b->dev->pages);
		b->pages[i] = NULL;
	}
}

/**
 * dmw_buffers_get() - seals and pages for an op's sectors
 * @b: request
 *
 * Requests that each hold a part of the pool would wait for each other for ever; so whoever has
 * to wait does it alone (as in dm-crypt's crypt_alloc_buffer()). Pages come back as requests end,
 * which workers see to that never wait here.
 * Context: may sleep.
 */
void dmw_buffers_get(struct dmw_bio *b)
{
	struct dmw_device *dev = b->dev;

	if (b->op.count == 1) {
		b->pages = &b->one_page;
		b->op.seals = &b->one_seal;
	} else {
		b->array = mempool_alloc(&dev->arrays, GFP_NOIO);
		memset(b->array->pages, 0, sizeof(b->array->pages));
		b->pages = b->array->pages;
		b->op.seals = b->array->seals;
	}
	if (get_pages(b, GFP_NOWAIT | __GFP_NOWARN))
		return;
	put_pages(b);
	mutex_lock(&dev->page_lock);
	get_pages(b, GFP_NOIO);
	mutex_unlock(&dev->page_lock);
}

/** dmw_buffers_put() - give them back. Context: any */
void dmw_buffers_put(struct dmw_bio *b)
{
	if (!b->pages)
		return;
	put_pages(b);
	if (b->array)
		mempool_free(b->array, &b->dev->arrays);
}

/* Copy between one segment of a bio and the sectors' pages, from byte @done of them on. */
static void copy_segment(struct dmw_bio *b, const struct bio_vec *bv, u32 done, bool to_bio)
{
	u32 copied, n, in_page;
	u8 *page;

	for (copied = 0; copied < bv->bv_len; copied += n) {
		page = page_address(b->pages[(done + copied) >> DMW_SECTOR_SHIFT]);
		in_page = (done + copied) & (DMW_SECTOR_SIZE - 1);
		n = min_t(u32, bv->bv_len - copied, DMW_SECTOR_SIZE - in_page);
		if (to_bio)
			memcpy_to_page(bv->bv_page, bv->bv_offset + copied, page + in_page, n);
		else
			memcpy_from_page(page + in_page, bv->bv_page, bv->bv_offset + copied, n);
	}
}

static void copy_bio(struct dmw_bio *b, bool to_bio)
{
	struct bvec_iter iter;
	struct bio_vec bv;
	u32 done = 0;

	bio_for_each_segment(bv, b->bio, iter) {
		copy_segment(b, &bv, done, to_bio);
		done += bv.bv_len;
	}
}

/** dmw_buffers_to_bio() - copy what a read has verified to whoever asked for it. Context: any */
void dmw_buffers_to_bio(struct dmw_bio *b)
{
	if (b->op.zero)
		zero_fill_bio(b->bio);
	else
		copy_bio(b, true);
}

void dmw_host_gather(struct dmw_op *op)
{
	copy_bio(container_of(op, struct dmw_bio, op), false);
}

void *dmw_host_sector(struct dmw_op *op, u32 i)
{
	return page_address(container_of(op, struct dmw_bio, op)->pages[i]);
}
