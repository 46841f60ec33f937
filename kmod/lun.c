// SPDX-License-Identifier: GPL-2.0-or-later
/* Talking to the LUN: bios for tasks, and synchronous reads while opening. */
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "device.h"

/* ---- tasks ---- */

static void task_endio(struct bio *bio)
{
	struct dmw_task *t = bio->bi_private;
	struct dmw_device *dev = container_of(bio->bi_pool, struct dmw_device, bios);

	t->error = blk_status_to_errno(bio->bi_status);
	/* What the block layer makes of a medium error means to those above that a tag was shredded. */
	if (t->error == -ENODATA)
		t->error = -EIO;
	bio_put(bio);
	if (t->io == DMW_IO_READ && t->work && !t->error)
		dmw_task_read_finished(dev, t);
	else
		dmw_task_finished(dev, t);
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
	if (!b->bio)
		return;
	/* I/O is charged to whoever asked for it, not to a worker */
	bio_clone_blkg_association(bio, b->bio);
	bio->bi_ioprio = b->bio->bi_ioprio;
}

/**
 * dmw_lun_submit() - start a task's I/O; dmw_task_finished() or _read_finished() follows
 * @dev: volume
 * @t:   task
 *
 * Context: may sleep, but for memory that other bios give back on their own only.
 */
void dmw_lun_submit(struct dmw_device *dev, struct dmw_task *t)
{
	bool moves_data = t->io == DMW_IO_READ || t->io == DMW_IO_WRITE;
	u32 vecs = !moves_data ? 0 : t->op ? t->op->count : 1;
	struct bio *bio;

	bio = bio_alloc_bioset(dev->table.lun->bdev, vecs, task_opf(t), GFP_NOIO, &dev->bios);
	bio->bi_iter.bi_sector = t->offset >> SECTOR_SHIFT;
	bio->bi_private = t;
	bio->bi_end_io = task_endio;
	if (t->io == DMW_IO_DISCARD)
		bio->bi_iter.bi_size = t->length;
	else if (moves_data && t->op)
		add_sectors(bio, container_of(t->op, struct dmw_bio, op));
	else if (moves_data)
		__bio_add_page(bio, virt_to_page(t->buf), t->length, offset_in_page(t->buf));
	submit_bio(bio);
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
