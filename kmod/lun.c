// SPDX-License-Identifier: GPL-2.0-or-later
/* Talking to the LUN: bios for tasks, and synchronous reads while opening. */
#include <linux/blk-cgroup.h>
#include <linux/blkdev.h>
#include <linux/ioprio.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "device.h"

/* ---- tasks ---- */

/**
 * struct lun_bio - a task's bio
 * @budget: see dmw_lun_submit()
 * @thread: who has submitted it
 * @list:   what held his bios back then: he was in submit_bio() already, to bring us a request
 * @bio:    it; last, as the block layer wants it
 */
struct lun_bio {
	unsigned int		budget;
	struct task_struct	*thread;
	struct bio_list		*list;
	struct bio		bio;
};

const unsigned int dmw_lun_bio_pad = offsetof(struct lun_bio, bio);

/*
 * Is this the thread that has submitted the bio whose end it hears of, and still in the same
 * submit_bio()? The LUN was done at once then. What is submitted meanwhile is held back until
 * whoever has called us returns: nothing nests, and nothing waits for the LUN here. The end may
 * as well come in an interrupt, under a lock, or in a thread of the LUN's driver, and those are
 * not ours to work in.
 */
static bool is_submitting(const struct lun_bio *b)
{
	return b->list && b->list == current->bio_list && b->thread == current &&
	       preemptible() && !rcu_preempt_depth();
}

static void task_endio(struct bio *bio)
{
	struct dmw_task *t = bio->bi_private;
	struct dmw_device *dev = container_of(bio->bi_pool, struct dmw_device, bios);
	struct lun_bio *b = container_of(bio, struct lun_bio, bio);
	unsigned int budget = b->budget && is_submitting(b) ? b->budget : 0;

	t->error = blk_status_to_errno(bio->bi_status);
	/* What the block layer makes of a medium error means to those above that a tag was shredded. */
	if (t->error == -ENODATA)
		t->error = -EIO;
	bio_put(bio);
	dmw_task_io_ended(dev, t, budget);
}

static blk_opf_t task_opf(const struct dmw_task *t)
{
	switch (t->io) {
	case DMW_IO_READ:
		return REQ_OP_READ | (t->op ? 0 : REQ_META);
	case DMW_IO_FLUSH:
		return REQ_OP_WRITE | REQ_PREFLUSH;
	case DMW_IO_DISCARD:
		return REQ_OP_DISCARD;
	default:
		return REQ_OP_WRITE | REQ_SYNC | REQ_IDLE | (t->fua ? REQ_FUA : 0) |
		       (t->op ? 0 : REQ_META);
	}
}

static void add_sectors(struct bio *bio, struct dmw_bio *b)
{
	u32 i;

	for (i = 0; i < b->op.count; i++)
		__bio_add_page(bio, b->pages[i], DMW_SECTOR_SIZE, 0);
}

/*
 * I/O is charged to whoever asked for it, and not to who happens to submit it. What all depend on
 * is charged to nobody: a record must not wait for the limits of the one who has brought its
 * first entry.
 */
static void charge(struct bio *bio, const struct dmw_task *t)
{
	const struct dmw_bio *b = t->op ? container_of(t->op, struct dmw_bio, op) : NULL;

	if (b && b->bio) {
		bio_clone_blkg_association(bio, b->bio);
		bio->bi_ioprio = b->bio->bi_ioprio;
	} else {
		bio_associate_blkg_from_css(bio, blkcg_root_css);
		bio->bi_ioprio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NORM);
	}
}

/**
 * dmw_lun_submit() - start a task's I/O; dmw_task_io_ended() follows
 * @dev:    volume
 * @t:      task
 * @nowait: the caller may be one who submits bios to us, whose bios to the LUN are held back until
 *          he is done: it would be for himself that he waited for memory
 * @budget: so many tasks may be run at its end by a caller who is still there then
 *
 * Context: may sleep, unless @nowait, but for memory that other bios give back on their own only.
 * Return: false when there is no memory now; not without @nowait.
 */
bool dmw_lun_submit(struct dmw_device *dev, struct dmw_task *t, bool nowait, unsigned int budget)
{
	bool moves_data = t->io == DMW_IO_READ || t->io == DMW_IO_WRITE;
	u32 vecs = !moves_data ? 0 : t->op ? t->op->count : 1;
	struct lun_bio *b;
	struct bio *bio;

	bio = bio_alloc_bioset(dev->table.lun->bdev, vecs, task_opf(t),
			       nowait ? GFP_NOWAIT | __GFP_NOWARN : GFP_NOIO, &dev->bios);
	if (!bio)
		return false;
	b = container_of(bio, struct lun_bio, bio);
	b->budget = budget;
	b->thread = current;
	b->list = current->bio_list;
	bio->bi_iter.bi_sector = t->offset >> SECTOR_SHIFT;
	bio->bi_private = t;
	bio->bi_end_io = task_endio;
	if (t->io == DMW_IO_DISCARD)
		bio->bi_iter.bi_size = t->length;
	else if (moves_data && t->op)
		add_sectors(bio, container_of(t->op, struct dmw_bio, op));
	else if (moves_data)
		__bio_add_page(bio, virt_to_page(t->buf), t->length, offset_in_page(t->buf));
	charge(bio, t);
	/* whoever has asked for it has been accounted for it already */
	submit_bio_noacct(bio);
	return true;
}

/* ---- reads while opening ---- */

static struct page *page_of(const void *p)
{
	return is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p);
}

static struct bio *read_bio(struct dmw_device *dev, u64 offset, u32 vecs)
{
	struct bio *bio = bio_alloc_bioset(dev->table.lun->bdev, vecs, REQ_OP_READ | REQ_META,
					   GFP_NOIO, &dev->bios);

	bio->bi_iter.bi_sector = offset >> SECTOR_SHIFT;
	return bio;
}

/* Add as much of a buffer as fits; return the bytes added. */
static u32 add_buffer(struct bio *bio, u8 *buf, u32 len, u32 vecs)
{
	u32 done = 0, n;

	while (done < len && vecs--) {
		n = min_t(u32, len - done, PAGE_SIZE - offset_in_page(buf + done));
		__bio_add_page(bio, page_of(buf + done), n, offset_in_page(buf + done));
		done += n;
	}
	return done;
}

int dmw_host_read(struct dmw_host *h, u64 offset, void *buf, u32 len)
{
	struct bio *bio;
	u32 vecs, n;
	int ret;

	while (len) {
		vecs = min_t(u32, DIV_ROUND_UP(len + offset_in_page(buf), PAGE_SIZE), BIO_MAX_VECS);
		bio = read_bio(h->dev, offset, vecs);
		n = add_buffer(bio, buf, len, vecs);
		ret = submit_bio_wait(bio);
		bio_put(bio);
		if (ret)
			return ret;
		offset += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/* Several reads on their way at once. */
struct read_many {
	struct completion	done;
	atomic_t		left;
};

struct read_one {
	struct dmw_read_req	*req;
	struct read_many	*all;
};

static void read_many_endio(struct bio *bio)
{
	struct read_one *one = bio->bi_private;

	one->req->error = blk_status_to_errno(bio->bi_status);
	bio_put(bio);
	if (atomic_dec_and_test(&one->all->left))
		complete(&one->all->done);
}

#define READ_AT_ONCE	16

static void read_some(struct dmw_device *dev, struct dmw_read_req *reqs, unsigned int count)
{
	struct read_many all = { .left = ATOMIC_INIT(count) };
	struct read_one ones[READ_AT_ONCE];
	struct bio *bio;
	unsigned int i;

	init_completion(&all.done);
	for (i = 0; i < count; i++) {
		ones[i].req = &reqs[i];
		ones[i].all = &all;
		bio = read_bio(dev, reqs[i].offset, 1);
		add_buffer(bio, reqs[i].buf, DMW_SECTOR_SIZE, 1);
		bio->bi_private = &ones[i];
		bio->bi_end_io = read_many_endio;
		submit_bio(bio);
	}
	wait_for_completion_io(&all.done);
}

void dmw_host_read_many(struct dmw_host *h, struct dmw_read_req *reqs, unsigned int count)
{
	unsigned int i, n;

	for (i = 0; i < count; i += n) {
		n = min(count - i, READ_AT_ONCE + 0U);
		read_some(h->dev, reqs + i, n);
	}
}
