// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of sectors in flight: requests that take and give them back in any order, with an allocator
 * that has few, while what was read is shredded now and then. No page is two requests'; the pool never
 * has less than it began with once all is back; after a wipe no page of a pool holds what was read
 * before, except those that requests have, and those not either when they come back; and the
 * allocator gets no plaintext at all. Two tables of the volume share a wipe.
 */
#include "fuzz.h"
#include "device.h"
#include <linux/highmem.h>

#define TABLES		2
#define IN_FLIGHT	6
#define CIPHERTEXT	1
#define PLAINTEXT	2	/* and what is above: read after so many wipes */
#define NOT_WRITTEN	255	/* plaintext of a request that has failed */

static struct dmw_device *tables[TABLES];
static struct dmw_bio *flight[IN_FLIGHT];
static u32 allocator, alive, waiting;
static bool busy;		/* others end while the allocator is asked in vain */
static u8 plaintext;		/* what is read now */

/* ---- the allocator ---- */

static void end_others(void);

struct page *alloc_page(int gfp)
{
	struct page *page;

	if (gfp == GFP_NOWAIT && !allocator) {
		if (busy)
			end_others();
		return NULL;
	}
	if (gfp == GFP_KERNEL && failing(1))
		return NULL;
	allocator -= gfp == GFP_NOWAIT;
	page = calloc(1, sizeof(*page));
	alive++;
	return page;
}

static bool holds(const struct page *page, u8 value)
{
	return page->data[0] == value || page->data[DMW_SECTOR_SIZE - 1] == value;
}

static bool holds_plaintext(const struct page *page)
{
	return page->data[0] >= PLAINTEXT || page->data[DMW_SECTOR_SIZE - 1] >= PLAINTEXT;
}

void __free_page(struct page *page)
{
	if (page->in_use)
		fail("a page that a request has is freed");
	if (holds_plaintext(page))
		fail("the allocator gets plaintext");
	alive--;
	free(page);
}

/* ---- requests ---- */

static void check_pool(const struct dmw_device *dev)
{
	u32 i;
	u8 old;

	for (i = 0; i < dev->pages.count; i++) {
		if (dev->pages.pages[i]->in_use)
			fail("the pool has a page that a request has");
		if (holds(dev->pages.pages[i], NOT_WRITTEN))
			fail("the pool has what could not be written");
		for (old = PLAINTEXT; old < plaintext; old++)
			if (holds(dev->pages.pages[i], old))
				fail("what was shredded is in the pool");
	}
}

static void use(struct dmw_bio *b, bool in_use)
{
	u32 i;

	for (i = 0; i < b->op.count; i++) {
		if (b->pages[i]->in_use == in_use)
			fail("a page is two requests'");
		b->pages[i]->in_use = in_use;
	}
}

static void fill(struct dmw_bio *b, u8 value)
{
	u32 i;

	for (i = 0; i < b->op.count; i++)
		memset(dmw_host_sector(&b->op, i), value, DMW_SECTOR_SIZE);
}

static void begin(u32 i, struct dmw_device *dev, enum dmw_op_kind kind, u32 count)
{
	struct dmw_bio *b = calloc(1, sizeof(*b));

	b->dev = dev;
	b->op.kind = kind;
	b->op.count = count;
	waiting = i;
	dmw_buffers_get(b);
	waiting = IN_FLIGHT;
	use(b, true);
	flight[i] = b;
}

static void end(u32 i, bool well)
{
	struct dmw_bio *b = flight[i];
	struct dmw_device *dev = b->dev;

	b->op.error = well ? 0 : -EIO;
	if (!well)
		fill(b, NOT_WRITTEN);
	else if (b->op.kind == DMW_OP_WRITE)
		fill(b, CIPHERTEXT);
	use(b, false);
	flight[i] = NULL;
	dmw_buffers_put(b);
	free(b);
	check_pool(dev);
}

static void end_others(void)
{
	u32 i;

	for (i = 0; i < IN_FLIGHT; i++)
		if (flight[i] && i != waiting)
			end(i, true);
}

static void shred(struct dmw_device *dev)
{
	u32 i;

	plaintext++;
	dmw_buffers_wipe(dev);
	for (i = 0; i < TABLES; i++)
		check_pool(tables[i]);
}

/* Somebody waits for a page: another request ends, and something is shredded meanwhile. */
void fuzz_others(void)
{
	u32 i;

	shred(tables[0]);
	for (i = 0; i < IN_FLIGHT; i++) {
		if (flight[i] && i != waiting) {
			end(i, true);
			return;
		}
	}
	fail("a request waits for itself");
}

/* ---- all ---- */

static bool init(void)
{
	bool well = true;
	u32 i;

	for (i = 0; i < TABLES; i++) {
		tables[i] = calloc(1, sizeof(*tables[i]));
		INIT_LIST_HEAD(&tables[i]->pages.list);
		memset(tables[i]->table.uuid, 7, DMW_UUID_SIZE);
		if (dmw_buffers_init(tables[i]))
			well = false;
	}
	return well;
}

static void finish(bool well)
{
	u32 i;

	for (i = 0; i < IN_FLIGHT; i++)
		if (flight[i])
			end(i, i % 2);
	for (i = 0; i < TABLES; i++) {
		if (well && tables[i]->pages.count != DMW_POOL_PAGES)
			fail("%u of %u pages are back", tables[i]->pages.count, DMW_POOL_PAGES);
		dmw_buffers_exit(tables[i]);
		free(tables[i]);
	}
	if (alive)
		fail("%u pages are lost", alive);
}

static void one(struct input *in)
{
	u8 what = take(in, 1), arg = take(in, 1);
	u32 i = what / 8 % IN_FLIGHT;

	if (what % 8 == 0) {
		shred(tables[arg % TABLES]);
	} else if (what % 8 == 1) {
		allocator = arg % 128;
		busy = arg / 128;
	} else if (!flight[i]) {
		begin(i, tables[what / 128], what % 8 < 4 ? DMW_OP_WRITE :
		      what % 8 < 7 ? DMW_OP_READ : DMW_OP_SWEEP, 1 + arg % DMW_FANOUT);
	} else if (arg % 4) {
		fill(flight[i], plaintext);
	} else {
		end(i, arg & 4);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	bool well;

	lun_reset();
	plaintext = PLAINTEXT;
	waiting = IN_FLIGHT;
	allocator = take(&in, 1);
	busy = false;
	fuzz_fails_at = take(&in, 2) % 2048;
	well = init();
	fuzz_fails_at = 0;
	while (well && in.left && plaintext < 250)
		one(&in);
	finish(well);
	host_check_leaks();
	return 0;
}
