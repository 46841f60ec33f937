// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reporting extents: runs of sectors with one tag, written or not, a page at a time. What it costs
 * follows from the leaves that are looked at; a subtree in which nothing is written is one look.
 */
#include <linux/slab.h>

#include "device.h"

/* A message that looks at more is too long for one: the next page goes on from there. */
#define LEAVES_AT_ONCE	1024

/* The longest line, and the last one. */
#define LINE_ROOM	128

/**
 * struct extent - what the next line is going to say
 * @start:  first sector
 * @length: sectors; 0 = nothing yet
 * @tag:    of all
 * @written: they have contents
 * @oldest: time of the first write, if @written
 * @newest: likewise of the last
 */
struct extent {
	u64	start;
	u64	length;
	u32	tag;
	bool	written;
	u32	oldest;
	u32	newest;
};

struct page_of_extents {
	char		*result;
	unsigned int	maxlen;
	unsigned int	sz;
	struct extent	now;
};

/* Return: false when the page is full. */
static bool emit(struct page_of_extents *p)
{
	const struct extent *e = &p->now;
	unsigned int maxlen = p->maxlen, sz = p->sz;
	char *result = p->result;

	if (sz + 2 * LINE_ROOM > maxlen)
		return false;
	if (e->written)
		DMEMIT("%llu %llu %u written %u %u\n", e->start, e->length, e->tag, e->oldest,
		       e->newest);
	else
		DMEMIT("%llu %llu %u unwritten\n", e->start, e->length, e->tag);
	p->sz = sz;
	return true;
}

/* Return: false when the sectors begin another extent and the one before found no room. */
static bool add(struct page_of_extents *p, u64 sector, u64 length, const struct dmw_seal *s)
{
	struct extent *e = &p->now;

	if (e->length && (e->tag != s->tag || e->written != !!s->nonce)) {
		if (!emit(p))
			return false;
		e->length = 0;
	}
	if (!e->length)
		*e = (struct extent){ .start = sector, .tag = s->tag, .written = s->nonce,
				      .oldest = s->time, .newest = s->time };
	e->length += length;
	e->oldest = min(e->oldest, s->time);
	e->newest = max(e->newest, s->time);
	return true;
}

static bool add_op(struct page_of_extents *p, const struct dmw_op *op)
{
	struct dmw_seal unwritten = { .tag = op->tag };
	u32 i;

	if (op->zero)
		return add(p, op->sector, op->covered, &unwritten);
	for (i = 0; i < op->count; i++)
		if (!add(p, op->sector + i, 1, &op->seals[i]))
			return false;
	return true;
}

static int look(struct dmw_device *dev, struct dmw_bio *b, struct dmw_seal *seals, u64 sector,
		u64 end)
{
	memset(b, 0, sizeof(*b));
	b->dev = dev;
	b->op.kind = DMW_OP_SEALS;
	b->op.sector = sector;
	b->op.end = end;
	b->op.count = min_t(u64, end - sector, DMW_FANOUT - (sector & (DMW_FANOUT - 1)));
	b->op.seals = seals;
	return dmw_device_run(b);
}

/* Return: 0 or an errno; @sector moves on to the first one that the page does not tell of. */
static int fill(struct dmw_device *dev, struct page_of_extents *p, u64 *sector, u64 end)
{
	struct dmw_bio *b = kmalloc(sizeof(*b), GFP_KERNEL);
	struct dmw_seal *seals = kmalloc_array(DMW_FANOUT, sizeof(*seals), GFP_KERNEL);
	unsigned int leaves;
	int ret = b && seals ? 0 : -ENOMEM;

	for (leaves = 0; !ret && leaves < LEAVES_AT_ONCE && *sector < end; leaves++) {
		ret = look(dev, b, seals, *sector, end);
		/* What is known is told first; the next page begins with the error. */
		if (ret) {
			if (p->now.length)
				ret = 0;
			break;
		}
		if (!add_op(p, &b->op)) {
			/* The page is full: this extent is for the next one. */
			*sector = p->now.start;
			goto out;
		}
		*sector += b->op.covered;
		cond_resched();
	}
	if (!ret && p->now.length && !emit(p))
		*sector = p->now.start;
out:
	kfree(seals);
	kfree(b);
	return ret;
}

/**
 * dmw_message_extents() - "extents <start> <end>": lines, and where the next page begins
 * @dev:    volume
 * @argv:   the two numbers
 * @result: receives the lines
 * @maxlen: room for them
 *
 * An extent may go on in the next page. Context: may sleep.
 * Return: 1, or an errno.
 */
int dmw_message_extents(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct page_of_extents p = { .result = result, .maxlen = maxlen };
	u64 sector, end, size = dev->volume.state.sb.layout.data_sectors;
	unsigned int sz;
	int ret;

	if (kstrtou64(argv[0], 10, &sector) || kstrtou64(argv[1], 10, &end))
		return -EINVAL;
	if (sector >= end || end > size)
		return -ERANGE;
	if (maxlen < 4 * LINE_ROOM)
		return -ENOSPC;
	ret = fill(dev, &p, &sector, end);
	if (ret)
		return ret;
	sz = p.sz;
	if (sector < end)
		DMEMIT("next %llu", sector);
	else
		DMEMIT("end");
	return 1;
}
