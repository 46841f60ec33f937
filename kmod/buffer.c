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

#define POOL_ARRAYS	16

/* ---- pages ---- */

/*
 * A mempool asks the allocator first, and a page from there costs more than all the rest of a small
 * request: Debian's kernels zero it. So pages that have come back are taken first here, and only
 * then the allocator's; who may wait, waits for the pool's.
 *
 * Pages keep what was read until they are used again. None may keep what was shredded: those in a
 * pool are wiped then, those of requests under way, which belong to an older generation by that,
 * when they come back. So are those that leave us for the allocator, unless they hold ciphertext.
 */
static void wipe(struct page **pages, u32 n)
{
	while (n--)
		memzero_explicit(page_address(pages[n]), DMW_SECTOR_SIZE);
}

static int fill_pool(struct dmw_page_pool *p)
{
	struct page *page;

	while (p->count < DMW_POOL_PAGES) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		p->pages[p->count++] = page;
	}
	return 0;
}

static void empty_pool(struct dmw_page_pool *p)
{
	wipe(p->pages, p->count);
	while (p->count)
		__free_page(p->pages[--p->count]);
}

/* A request that has @n pages takes more from the pool. Return: how many it has then. */
static u32 take_from_pool(struct dmw_bio *b, u32 n)
{
	struct dmw_page_pool *p = &b->dev->pages;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	/* the oldest counts */
	if (!n)
		b->generation = p->generation;
	while (n < b->op.count && p->count)
		b->pages[n++] = p->pages[--p->count];
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

/* Return: how many of @n pages there was room for, the first ones. */
static u32 add_to_pool(struct dmw_page_pool *p, struct page **pages, u32 n)
{
	u32 keep = min_t(u32, n, DMW_POOL_PAGES - p->count);

	lockdep_assert_held(&p->lock);
	memcpy(p->pages + p->count, pages, keep * sizeof(*pages));
	p->count += keep;
	return keep;
}

static void wake_waiter(struct dmw_page_pool *p)
{
	if (wq_has_sleeper(&p->wait))
		wake_up(&p->wait);
}

/* @unused: they were not overwritten since they were taken. */
static void put_pages(struct dmw_bio *b, bool unused)
{
	struct dmw_page_pool *p = &b->dev->pages;
	u32 n = 0, keep, i;
	unsigned long flags;

	while (n < b->op.count && b->pages[n])
		n++;
	/* What was to be written and was not is plaintext still. */
	if (b->op.error)
		wipe(b->pages, n);
	spin_lock_irqsave(&p->lock, flags);
	while (b->generation != p->generation) {
		b->generation = p->generation;
		spin_unlock_irqrestore(&p->lock, flags);
		wipe(b->pages, n);
		spin_lock_irqsave(&p->lock, flags);
	}
	keep = add_to_pool(p, b->pages, n);
	spin_unlock_irqrestore(&p->lock, flags);
	wake_waiter(p);
	/* What was written is ciphertext. */
	if (unused || b->op.kind != DMW_OP_WRITE)
		wipe(b->pages + keep, n - keep);
	for (i = keep; i < n; i++)
		__free_page(b->pages[i]);
	memset(b->pages, 0, n * sizeof(*b->pages));
}

static bool get_pages(struct dmw_bio *b)
{
	u32 n = take_from_pool(b, 0);

	for (; n < b->op.count; n++) {
		b->pages[n] = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
		if (!b->pages[n])
			return false;
	}
	return true;
}

static void wait_for_pages(struct dmw_bio *b)
{
	struct dmw_page_pool *p = &b->dev->pages;
	u32 n = 0;

	while (n < b->op.count) {
		wait_event(p->wait, READ_ONCE(p->count));
		n = take_from_pool(b, n);
	}
}

/* ---- shredding ---- */

/* Of all tables, for the same reason as the keys: see keys.c. */
static DEFINE_MUTEX(pools_lock);
static LIST_HEAD(pools);

/* All at once: whoever takes a page meanwhile must not get one that was not wiped. */
static void wipe_pool(struct dmw_page_pool *p)
{
	unsigned long flags;
	u32 n, keep;

	lockdep_assert_held(&pools_lock);
	spin_lock_irqsave(&p->lock, flags);
	p->generation++;
	n = p->count;
	memcpy(p->wiping, p->pages, n * sizeof(*p->pages));
	p->count = 0;
	spin_unlock_irqrestore(&p->lock, flags);

	wipe(p->wiping, n);

	spin_lock_irqsave(&p->lock, flags);
	keep = add_to_pool(p, p->wiping, n);
	spin_unlock_irqrestore(&p->lock, flags);
	wake_waiter(p);
	while (n > keep)
		__free_page(p->wiping[--n]);
}

/**
 * dmw_buffers_wipe() - a tag or all of a volume was shredded: forget what was read
 * @dev: volume; nothing of what was shredded can be read any more
 *
 * Requests under way may have been quicker, and keep what they have until they end.
 * Context: may sleep; waits for nobody.
 */
void dmw_buffers_wipe(struct dmw_device *dev)
{
	struct dmw_device *other;

	mutex_lock(&pools_lock);
	list_for_each_entry(other, &pools, pages.list)
		if (!memcmp(other->table.uuid, dev->table.uuid, DMW_UUID_SIZE))
			wipe_pool(&other->pages);
	mutex_unlock(&pools_lock);
}

/* ---- buffers ---- */

/** dmw_buffers_init() - pools of a volume. Context: may sleep */
int dmw_buffers_init(struct dmw_device *dev)
{
	int ret;

	mutex_init(&dev->page_lock);
	spin_lock_init(&dev->pages.lock);
	init_waitqueue_head(&dev->pages.wait);
	ret = fill_pool(&dev->pages);
	if (!ret)
		ret = mempool_init_kmalloc_pool(&dev->arrays, POOL_ARRAYS,
						sizeof(struct dmw_array));
	if (!ret)
		ret = bioset_init(&dev->bios, BIO_POOL_SIZE, dmw_lun_bio_pad, BIOSET_NEED_BVECS);
	if (ret)
		return ret;
	mutex_lock(&pools_lock);
	list_add_tail(&dev->pages.list, &pools);
	mutex_unlock(&pools_lock);
	return 0;
}

/** dmw_buffers_exit() - undo dmw_buffers_init(), however far it came. Context: may sleep */
void dmw_buffers_exit(struct dmw_device *dev)
{
	mutex_lock(&pools_lock);
	list_del_init(&dev->pages.list);
	mutex_unlock(&pools_lock);
	bioset_exit(&dev->bios);
	mempool_exit(&dev->arrays);
	empty_pool(&dev->pages);
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
	if (get_pages(b))
		return;
	put_pages(b, true);
	mutex_lock(&dev->page_lock);
	wait_for_pages(b);
	mutex_unlock(&dev->page_lock);
}

/** dmw_buffers_put() - give them back. Context: any */
void dmw_buffers_put(struct dmw_bio *b)
{
	if (!b->pages)
		return;
	put_pages(b, false);
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
