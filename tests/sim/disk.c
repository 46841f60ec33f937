// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the LUN holds.
 *
 * A flush makes durable what had completed before it was issued; a FUA write is durable when it
 * completes. All else may be lost in a crash, block by block; what tears, even in pieces of 512 bytes.
 */
#include "sim.h"

#define PIECE		512
#define PIECES		(DMW_SECTOR_SIZE / PIECE)
#define WHOLE		0xff

/* ---- pages ---- */

static struct page *page_pool;

struct page *page_new(void)
{
	struct page *p = page_pool;

	if (p)
		page_pool = p->next;
	else
		p = malloc(sizeof(*p));
	p->refs = 1;
	p->bad = false;
	p->hash = 0;
	return p;
}

void page_put(struct page *p)
{
	if (!p || --p->refs)
		return;
	p->next = page_pool;
	page_pool = p;
}

/** page_hash() - of the contents only: equal pages have equal hashes. Never 0 */
u64 page_hash(struct page *p)
{
	u64 a = 1, b = 2, w[2];
	u32 i;

	if (p->hash)
		return p->hash;
	for (i = 0; i < DMW_SECTOR_SIZE; i += 16) {
		memcpy(w, p->data + i, 16);
		a = (a ^ w[0]) * 0x9e3779b97f4a7c15ULL;
		a ^= a >> 29;
		b = (b ^ w[1]) * 0xc2b2ae3d27d4eb4fULL;
		b ^= b >> 31;
	}
	p->hash = (mix(a) ^ mix(b + p->bad)) | 1;
	return p->hash;
}

/* ---- images ---- */

void image_init(struct image *img, const struct image *base)
{
	img->base = base;
	img->hash = base ? base->hash : 0;
	img->cap = IMAGE_SMALL;
	img->used = 0;
	img->slots = img->small;
	memset(img->small, 0, sizeof(img->small));
}

void image_free(struct image *img)
{
	u32 i;

	for (i = 0; i < img->cap; i++)
		if (img->slots[i].key)
			page_put(img->slots[i].page);
	if (img->slots != img->small)
		free(img->slots);
	image_init(img, NULL);
}

static struct image_slot *image_slot(const struct image *img, u64 block)
{
	u32 i = (block * 0x9e3779b97f4a7c15ULL >> 40) & (img->cap - 1);

	while (img->slots[i].key && img->slots[i].key != block + 1)
		i = (i + 1) & (img->cap - 1);
	return &img->slots[i];
}

struct page *image_get(const struct image *img, u64 block)
{
	struct image_slot *s;

	for (; img; img = img->base) {
		s = image_slot(img, block);
		if (s->key)
			return s->page;
	}
	return NULL;
}

static void image_grow(struct image *img)
{
	struct image old = *img;
	const struct image_slot *from = old.slots == img->small ? old.small : old.slots;
	u32 i;

	img->cap *= 4;
	img->slots = calloc(img->cap, sizeof(*img->slots));
	for (i = 0; i < old.cap; i++)
		if (from[i].key)
			*image_slot(img, from[i].key - 1) = from[i];
	if (from != old.small)
		free(old.slots);
}

/** image_put() - set a block; takes the caller's reference */
void image_put(struct image *img, u64 block, struct page *p)
{
	struct page *old = image_get(img, block);
	struct image_slot *s;

	if (old)
		img->hash ^= mix(page_hash(old) + block * 0xff51afd7ed558ccdULL);
	img->hash ^= mix(page_hash(p) + block * 0xff51afd7ed558ccdULL);
	s = image_slot(img, block);
	if (s->key) {
		page_put(s->page);
	} else {
		s->key = block + 1;
		img->used++;
	}
	s->page = p;
	if (img->used * 2 > img->cap)
		image_grow(img);
}

/** image_flatten() - the same contents, on no base */
void image_flatten(struct image *to, const struct image *from)
{
	const struct image *layer;
	u32 i;

	image_init(to, NULL);
	for (layer = from; layer; layer = layer->base) {
		for (i = 0; i < layer->cap; i++) {
			const struct image_slot *s = &layer->slots[i];

			if (!s->key || image_slot(to, s->key - 1)->key)
				continue;
			s->page->refs++;
			image_put(to, s->key - 1, s->page);
		}
	}
}

static void image_apply(struct image *img, u64 block, struct page *p, u8 mask)
{
	struct page *old, *n;
	u32 i;

	if (mask == WHOLE) {
		p->refs++;
		image_put(img, block, p);
		return;
	}
	n = page_new();
	old = image_get(img, block);
	if (old && !old->bad)
		memcpy(n->data, old->data, DMW_SECTOR_SIZE);
	else
		memset(n->data, 0, DMW_SECTOR_SIZE);
	for (i = 0; i < PIECES; i++)
		if (mask & 1 << i)
			memcpy(n->data + i * PIECE, p->data + i * PIECE, PIECE);
	image_put(img, block, n);
}

/* ---- disk ---- */

void disk_init(struct disk *d, const struct image *base)
{
	memset(d, 0, sizeof(*d));
	image_init(&d->durable, base);
	image_init(&d->cache, base);
}

void disk_free(struct disk *d)
{
	u32 i;

	for (i = 0; i < d->count; i++)
		page_put(d->units[i].page);
	free(d->units);
	image_free(&d->durable);
	image_free(&d->cache);
	memset(d, 0, sizeof(*d));
}

/** disk_write() - begin a write; its blocks follow */
u64 disk_write(struct disk *d)
{
	return ++d->clock;
}

/** disk_write_block() - part of a write: at most one block, whole pieces */
void disk_write_block(struct disk *d, u64 write, u64 offset, const void *data, u32 len, bool tears)
{
	u32 in_block = offset % DMW_SECTOR_SIZE;
	struct unit *u;

	if (in_block + len > DMW_SECTOR_SIZE || in_block % PIECE || len % PIECE || !len)
		fail("a write that is not aligned: offset %llu length %u",
		     (unsigned long long)offset, len);
	if (offset / DMW_SECTOR_SIZE >= cfg.layout.lun_blocks)
		fail("a write behind the end of the LUN: offset %llu", (unsigned long long)offset);
	if (d->count == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 64;
		d->units = realloc(d->units, d->cap * sizeof(*d->units));
	}
	u = &d->units[d->count++];
	u->write = write;
	u->block = offset / DMW_SECTOR_SIZE;
	u->done = NOT_DONE;
	u->mask = (u8)(((1U << len / PIECE) - 1) << in_block / PIECE);
	u->tears = tears;
	u->page = page_new();
	if (len < DMW_SECTOR_SIZE)
		memset(u->page->data, 0, DMW_SECTOR_SIZE);	/* for page_hash() */
	memcpy(u->page->data + in_block, data, len);
	past_add(d, u->block, u->page, u->mask);
}

/** disk_write_show() - from now on reads see it */
void disk_write_show(struct disk *d, u64 write)
{
	u32 i;

	for (i = 0; i < d->count; i++)
		if (d->units[i].write == write)
			image_apply(&d->cache, d->units[i].block, d->units[i].page,
				    d->units[i].mask);
}

static void remove_empty(struct disk *d)
{
	u32 i, n = 0;

	for (i = 0; i < d->count; i++) {
		if (d->units[i].mask)
			d->units[n++] = d->units[i];
		else
			page_put(d->units[i].page);
	}
	d->count = n;
}

/* Durable: what was written to the same place before cannot come back. */
static void settle(struct disk *d, u32 i)
{
	u32 k;

	image_apply(&d->durable, d->units[i].block, d->units[i].page, d->units[i].mask);
	for (k = 0; k < i; k++)
		if (d->units[k].block == d->units[i].block)
			d->units[k].mask &= ~d->units[i].mask;
	d->units[i].mask = 0;
}

void disk_write_done(struct disk *d, u64 write, bool fua)
{
	u32 i;

	d->clock++;
	for (i = 0; i < d->count; i++) {
		if (d->units[i].write != write)
			continue;
		d->units[i].done = d->clock;
		if (fua && !one_in(d->lies))
			settle(d, i);
	}
	remove_empty(d);
}

/** disk_flush() - begin a flush. Return: a ticket for disk_flush_done() */
u64 disk_flush(struct disk *d)
{
	return ++d->clock;
}

void disk_flush_done(struct disk *d, u64 flush)
{
	u32 i;

	d->clock++;
	if (one_in(d->lies))
		return;
	for (i = 0; i < d->count; i++)
		if (d->units[i].mask && d->units[i].done < flush)
			settle(d, i);
	remove_empty(d);
}

int disk_read(const struct disk *d, u64 offset, void *buf, u32 len)
{
	u8 *to = buf;
	u32 n;

	for (; len; len -= n, offset += n, to += n) {
		const struct page *p = one_in(d->fickle) ?
			past_any(offset / DMW_SECTOR_SIZE) :
			image_get(&d->cache, offset / DMW_SECTOR_SIZE);
		u32 in_block = offset % DMW_SECTOR_SIZE;

		n = min_t(u32, len, DMW_SECTOR_SIZE - in_block);
		if (p && p->bad)
			return -ENODATA;	/* what the block layer calls a medium error */
		if (p)
			memcpy(to, p->data + in_block, n);
		else
			memset(to, 0, n);
	}
	return 0;
}

/**
 * disk_crash() - what a crash leaves
 * @d:    disk
 * @keep: for each unit the pieces that survive
 * @bad:  bit n: the n-th unit's block cannot be read any more
 * @img:  receives it, based on @d, which must not change as long as it lives
 */
void disk_crash(const struct disk *d, const u8 *keep, u64 bad, struct image *img)
{
	struct page *p;
	u32 i;

	image_init(img, &d->durable);
	for (i = 0; i < d->count; i++) {
		if (i < 64 && bad >> i & 1) {
			p = page_new();
			memset(p->data, 0xee, DMW_SECTOR_SIZE);
			p->bad = true;
			image_put(img, d->units[i].block, p);
		} else if (keep[i] & d->units[i].mask) {
			image_apply(img, d->units[i].block, d->units[i].page,
				    keep[i] & d->units[i].mask);
		}
	}
}
