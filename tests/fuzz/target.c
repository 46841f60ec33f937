// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The target as device-mapper sees it: constructed with failures at any point, asked for its status
 * into buffers of any size, sent messages and requests, destroyed.
 *
 * A request reaches the core only whole sectors at a time and within one leaf; a read-only volume sees
 * no write; no answer is longer than its buffer; nothing is leaked.
 */
#include "fuzz.h"
#include "target.h"
#include "device.h"

#define MOST_ARGS	16
#define LEAF_512	(DMW_FANOUT * (DMW_SECTOR_SIZE / 512))

static u32 submitted;

void dmw_device_submit(struct dmw_bio *b)
{
	const struct dmw_op *op = &b->op;

	submitted++;
	if (op->kind > DMW_OP_FLUSH)
		fail("request of kind %d", op->kind);
	if (b->dev->volume.options.lun.read_only &&
	    (op->kind == DMW_OP_WRITE || op->kind == DMW_OP_ERASE))
		fail("a write to a read-only volume");
	if (op->kind == DMW_OP_FLUSH)
		return;
	if (!op->count || op->sector % DMW_FANOUT + op->count > DMW_FANOUT ||
	    op->sector * 8 != b->bio->bi_iter.bi_sector || op->count * 8 != bio_sectors(b->bio))
		fail("a request of sectors %llu+%u", (unsigned long long)op->sector, op->count);
	if (op->discard && bio_op(b->bio) != REQ_OP_DISCARD)
		fail("what is not a discard becomes one");
}

/* dm splits reads and writes at the target's max_io_len; erases not always. */
static void request(struct dm_target *ti, struct input *in)
{
	static const u8 ops[] = { 0, 1, 2, 3, 5, 9 };
	struct dmw_bio *b = malloc(sizeof(*b));
	unsigned int flags = take(in, 1), left;
	struct bio bio = { .per_bio_data = b };
	u32 before = submitted, size;
	int ret;

	bio.bi_opf = ops[(flags & 15) % sizeof(ops)] | (flags & 16 ? REQ_FUA : 0);
	bio.bi_iter.bi_sector = take(in, 3);
	size = take(in, 2);
	if (flags & 64) {
		bio.bi_iter.bi_sector *= 8;
		size *= 8;
	}
	left = LEAF_512 - bio.bi_iter.bi_sector % LEAF_512;
	if (bio_op(&bio) == REQ_OP_READ || bio_op(&bio) == REQ_OP_WRITE)
		size = min(size, left);
	if (flags & 32) {
		bio.bi_opf = REQ_OP_WRITE | REQ_PREFLUSH;
		bio.bi_iter.bi_sector = 0;
		size = 0;
	}
	bio.bi_iter.bi_size = size << SECTOR_SHIFT;
	ret = dmw_target.map(ti, &bio);
	if (submitted - before != (ret == DM_MAPIO_SUBMITTED))
		fail("mapped with %d, and submitted %u times", ret, submitted - before);
	if (ret != DM_MAPIO_SUBMITTED && ret != DM_MAPIO_KILL)
		fail("mapped with %d", ret);
	free(b);
}

/* The answer begins as an empty one, as dm hands it over. */
static void message(struct dm_target *ti, char *line, unsigned int maxlen)
{
	char *argv[MOST_ARGS], *result = calloc(1, maxlen);
	unsigned int argc;
	int ret;

	if (!split_args(line, &argc, argv, MOST_ARGS) && argc) {
		ret = dmw_target.message(ti, argc, argv, result, maxlen);
		if (ret > 1 || (ret == 1 && !result[0] && maxlen > 1))
			fail("a message is answered with %d", ret);
		if (strnlen(result, maxlen) == maxlen)
			fail("an answer without an end");
	}
	free(result);
}

static void status(struct dm_target *ti, status_type_t type, unsigned int maxlen)
{
	char *result = malloc(maxlen);

	*result = 0;
	dmw_target.status(ti, type, 0, result, maxlen);
	if (strnlen(result, maxlen) == maxlen)
		fail("a status without an end");
	free(result);
}

/* What is counted may be anything. */
static void wild_volume(struct dmw_device *dev, struct input *in, unsigned int flags)
{
	struct dmw_volume *v = &dev->volume;
	u64 value = take(in, 8);
	u32 i;

	for (i = 0; i < sizeof(v->stats) / sizeof(u64); i++)
		((u64 *)&v->stats)[i] = value * (i + 1);
	v->state.sb.checkpoint = value;
	v->state.sb.layout.journal_blocks = 8;
	v->state.sb.layout.journal_unit = 512;
	v->failed = flags & 1 ? -EIO : 0;
	v->options.lun.read_only = flags & 2;
	dev->opened = flags & 4;
	dev->running = flags & 8;
}

static int callout(struct dm_target *ti, struct dm_dev *dev, sector_t start, sector_t len,
		   void *data)
{
	if (start || len > fuzz_bdev.sectors || len % 8)
		fail("of the LUN %llu+%llu is used", (unsigned long long)start,
		     (unsigned long long)len);
	return 0;
}

static void limits(struct dm_target *ti, struct input *in)
{
	struct queue_limits l = {
		.logical_block_size = 512, .physical_block_size = 512U << take(in, 1) % 8,
		.io_min = take(in, 4),
	};

	dmw_target.io_hints(ti, &l);
	if (l.logical_block_size != DMW_SECTOR_SIZE || l.physical_block_size < DMW_SECTOR_SIZE ||
	    l.io_min < DMW_SECTOR_SIZE || l.discard_granularity != DMW_SECTOR_SIZE)
		fail("limits");
	dmw_target.iterate_devices(ti, callout, NULL);
}

static void use(struct dm_target *ti, struct input *in, char *line, unsigned int maxlen)
{
	unsigned int flags = take(in, 1), i;
	struct dmw_device *dev = ti->private;

	wild_volume(dev, in, flags);
	for (i = STATUSTYPE_INFO; i <= STATUSTYPE_IMA; i++)
		status(ti, i, maxlen);
	message(ti, line, maxlen);
	limits(ti, in);
	dmw_target.preresume(ti);
	dmw_target.postsuspend(ti);
	for (i = 0; i < 8 && in->left; i++)
		request(ti, in);
	dev->opened = false;	/* there is no volume that could be freed */
}

/* Up to a newline, or all there is. */
static char *take_line(struct input *in)
{
	const u8 *end = in->left ? memchr(in->data, '\n', in->left) : NULL;
	size_t n = min_t(size_t, end ? (size_t)(end - in->data) : in->left, 1000);
	char *line = malloc(n + 1);

	memcpy(line, in->data, n);
	line[n] = 0;
	n += end && n < in->left;
	in->data += n;
	in->left -= n;
	return line;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int flags = take(&in, 1), maxlen = take(&in, 1), argc;
	struct dm_table table = { .mode = flags & 1 ? BLK_OPEN_WRITE : 0 };
	struct dm_target ti = { .table = &table, .begin = flags & 2 };
	char *line, *words, *argv[MOST_ARGS];
	int ret;

	lun.work = 0;
	fuzz_bdev.read_only = flags & 4;
	fuzz_bdev.sectors = take(&in, 3);
	fuzz_bdev.discard_sectors = flags & 8;
	fuzz_fails_at = take(&in, 1) % 16;
	line = take_line(&in);
	words = take_line(&in);
	maxlen = 1 + 8 * maxlen;
	if (!split_args(line, &argc, argv, MOST_ARGS)) {
		ret = dmw_target.ctr(&ti, argc, argv);
		if (ret > 0 || (ret && (!ti.error || !ti.error[0])))
			fail("refused with %d and no reason", ret);
		if (!ret) {
			use(&ti, &in, words, maxlen);
			dmw_target.dtr(&ti);
		}
	}
	fuzz_fails_at = 0;
	free(words);
	free(line);
	return 0;
}
