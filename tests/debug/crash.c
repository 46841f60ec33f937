// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Crashes, from a recording. dm-log-writes below a volume writes down what reaches the LUN, and
 * marks in it tell which request was under way. Then the LUN is put into each state in which a crash
 * can have left it, and opened:
 *
 *   after each write with FUA and each flush   what is durable then, and nothing else
 *   before each flush                          and any part of what it was to make durable
 *
 * Each sector must hold a version that it may hold, and the volume be as good as any. Now and then
 * the opening, too, is recorded, and crashes.
 *
 * dm-log-writes puts an unflushed write behind all writes with FUA that came before the flush. So
 * none of the latter may be to a sector with the former: see random_request().
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"

#define DISK		"/dev/ram0"
#define LOG		"/dev/ram1"
#define LOG_MAX		LUN_MAX
#define MAYBE		512
#define MOMENTS		512
#define AGAIN		8	/* one state in so many crashes again */

/* ---- what each sector may hold ---- */

static struct versions *moments[MOMENTS];
static unsigned int moment_count;

static void moment_begin(const struct volume *v)
{
	size_t size = sectors * sizeof(**moments);

	if (moment_count == MOMENTS)
		fail("too many requests for this test");
	if (!moments[moment_count])
		moments[moment_count] = malloc(size);
	memcpy(moments[moment_count], v->model.after_crash, size);
}

/* While a request is under way both may be there: what was, and what will be. */
static void moment_end(const struct volume *v)
{
	const struct versions *after = v->model.after_crash;
	char text[32];
	uint32_t s, i;

	for (s = 0; s < sectors; s++)
		for (i = 0; i < after[s].count; i++)
			add_version(&moments[moment_count][s], after[s].v[i]);
	moment_count++;
	snprintf(text, sizeof(text), "mark %u", moment_count);
	if (dm_message("lun", text, NULL, 0))
		fail("dm-log-writes takes no mark");
}

/* ---- the log: see dm-log-writes.c ---- */

#define LOG_MAGIC	0x6a736677736872ULL

enum { FLUSH = 1, FUA = 2, DISCARD = 4, MARK = 8 };

struct super {
	uint64_t	magic, version, entries;
	uint32_t	sector_size;
};

struct entry {
	uint64_t	sector, sectors, flags, length;
};

struct write {
	uint64_t	offset, size;
	const uint8_t	*data;		/* NULL: discarded */
};

static void log_begin(struct volume *v)
{
	static const uint8_t zero[SECTOR];
	struct target t = { .length = lun_size / 512, .type = "log-writes",
			    .params = DISK " " LOG };

	lun_write(LOG, zero, SECTOR, 0);
	dm_becomes("lun", &t, 1);
	snprintf(v->lun, sizeof(v->lun), "/dev/dm-%d", dm_minor("lun"));
}

static void log_end(struct volume *v, uint8_t *log)
{
	if (dm_remove("lun", 0))
		fail("the recorder is still in use");
	snprintf(v->lun, sizeof(v->lun), DISK);
	lun_read(LOG, log, LOG_MAX);
}

/* ---- crashes ---- */

struct player {
	struct volume	*v;
	struct random	random;
	unsigned int	depth;
	unsigned int	moment;
	uint8_t		*durable;
	struct write	maybe[MAYBE];
	unsigned int	maybe_count;
};

static struct {
	unsigned int	points, states, again, recovered;
	uint64_t	dropped;
} tally;

static uint8_t *logs[2], *images[2], *durables[2];

static void apply(uint8_t *image, const struct write *w)
{
	if (w->offset + w->size > lun_size)
		fail("a write behind the end of the LUN was recorded");
	if (w->data)
		memcpy(image + w->offset, w->data, w->size);
	else
		memset(image + w->offset, 0, w->size);
}

static void play(struct player *p, const uint8_t *log);

static void must_be_well(struct volume *v)
{
	uint64_t mismatches, lost;
	char mode[16];

	volume_mode(v, mode, &mismatches, &lost);
	if (strcmp(mode, "rw") || mismatches || lost)
		fail("mode %s, %llu mismatches, %llu lost", mode, (unsigned long long)mismatches,
		     (unsigned long long)lost);
}

/* The opening is recorded, and crashes wherever it may. */
static void crash_again(struct player *p, const uint8_t *image)
{
	struct player next = { .v = p->v, .random = p->random, .depth = 1, .moment = p->moment,
			       .durable = durables[1] };
	int ret;

	lun_put(DISK, image);
	log_begin(p->v);
	ret = volume_open(p->v);
	if (ret)
		fail("opening: %s", strerror(-ret));
	/* Closing a volume that nobody has used writes nothing that opening it again would not. */
	if (volume_close(p->v))
		fail("closing");
	log_end(p->v, logs[1]);
	memcpy(next.durable, image, lun_size);
	play(&next, logs[1]);
	tally.again++;
}

/* A crash has left this on the LUN. */
static void state(struct player *p, const uint8_t *image)
{
	struct volume *v = p->v;
	int ret;

	if (!p->depth && ++tally.states % AGAIN == 0)
		crash_again(p, image);
	lun_put(DISK, image);
	memcpy(v->model.after_crash, moments[p->moment], sectors * sizeof(**moments));
	ret = volume_open(v);
	if (ret)
		fail("opening: %s", strerror(-ret));
	tally.recovered += volume_recovered(v);
	volume_io(v);
	check_reopened(v, HOLDS_FLUSHED);
	v->model.last = 1 << 20;
	ret = io_write(v, tally.states % sectors, 1, true);
	if (ret)
		fail("writing: %s", strerror(-ret));
	must_be_well(v);
	if (volume_close(v))
		fail("closing");
}

static void some_of_it(struct player *p)
{
	uint8_t *image = images[p->depth];
	unsigned int i, n, density;

	for (n = 0; p->maybe_count && n < (quick || p->depth ? 1 : 3); n++) {
		memcpy(image, p->durable, lun_size);
		density = 1 + random_below(&p->random, 3);
		for (i = 0; i < p->maybe_count; i++) {
			if (random_below(&p->random, 4) < density)
				apply(image, &p->maybe[i]);
			else
				tally.dropped++;
		}
		trying("point %u, request %u, depth %u, in part", tally.points, p->moment, p->depth);
		state(p, image);
	}
}

/* All that was under way has become durable. */
static void flushed(struct player *p)
{
	unsigned int i;

	for (i = 0; i < p->maybe_count; i++)
		apply(p->durable, &p->maybe[i]);
	p->maybe_count = 0;
}

static void point(struct player *p)
{
	tally.points++;
	trying("point %u, request %u, depth %u", tally.points, p->moment, p->depth);
	state(p, p->durable);
}

static void entry(struct player *p, uint64_t flags, const struct write *w)
{
	if (flags & MARK) {
		/* The end of the log is a mark, too, and no request is under way behind it. */
		if (!p->depth && p->moment + 1 < moment_count)
			p->moment++;
		return;
	}
	if (flags & FLUSH) {
		some_of_it(p);
		flushed(p);
	}
	if (w->size && (flags & FUA)) {
		apply(p->durable, w);
	} else if (w->size) {
		if (p->maybe_count == MAYBE)
			fail("too many writes without a flush for this test");
		p->maybe[p->maybe_count++] = *w;
	}
	if (flags & (FLUSH | FUA))
		point(p);
}

static void play(struct player *p, const uint8_t *log)
{
	const struct super *s = (const struct super *)log;
	uint64_t unit = le32toh(s->sector_size), at = unit, i;

	if (le64toh(s->magic) != LOG_MAGIC)
		fail("dm-log-writes has left no log");
	for (i = 0; i < le64toh(s->entries); i++) {
		const struct entry *e = (const struct entry *)(log + at);
		uint64_t flags = le64toh(e->flags);
		struct write w = { .offset = le64toh(e->sector) * unit,
				   .size = le64toh(e->sectors) * unit };

		at += unit;
		if (!(flags & DISCARD)) {
			w.data = log + at;
			at += w.size;
		}
		if (at > LOG_MAX)
			fail("the log is too long for this test");
		entry(p, flags, &w);
	}
	/* behind the last flush */
	some_of_it(p);
}

/* ---- recordings ---- */

static void must(int ret, const char *what)
{
	if (ret)
		fail("%s: %s", what, strerror(-ret));
}

static bool is_flushed(const struct model *m, uint32_t first, uint32_t count)
{
	uint32_t s;

	for (s = first; s < first + count; s++)
		if (m->after_crash[s].count != 1)
			return false;
	return true;
}

static void random_request(struct volume *v, struct random *r)
{
	uint32_t first = random_below(r, sectors), count = 1 + random_below(r, 16);

	if (count > sectors - first)
		count = sectors - first;
	switch (random_below(r, 12)) {
	case 0:
		return must(io_flush(v), "flush");
	case 1:
		return must(random_below(r, 4) ? io_flush(v) : io_checkpoint(v), "checkpoint");
	case 2:
		return must(io_erase(v, first, count, random_below(r, 2)), "erase");
	case 3:
	case 4:
		count = 1 + random_below(r, 32);
		first = random_below(r, sectors - 5 * 32);
		return must(io_batch(v, first, 1 + random_below(r, 5), count), "batch");
	case 5:
	case 6:
		/* for dm-log-writes: see above */
		if (!is_flushed(&v->model, first, count))
			must(io_flush(v), "flush");
		return must(io_write(v, first, count, true), "FUA");
	default:
		return must(io_write(v, first, count, false), "write");
	}
}

/* Steps, then requests at random. */
static void record(struct volume *v, const struct image *from, unsigned int step_n,
		   unsigned int random_n, struct random *r)
{
	unsigned int i;

	moment_count = 0;
	v->model = from->model;
	lun_put(DISK, from->data);
	log_begin(v);
	moment_begin(v);
	must(volume_open(v), "opening");
	volume_io(v);
	moment_end(v);
	for (i = 0; i < step_n + random_n; i++) {
		moment_begin(v);
		if (i < step_n)
			must(step(v, i), step_name(i));
		else
			random_request(v, r);
		moment_end(v);
	}
	moment_begin(v);
	must(volume_close(v), "closing");
	/* It is in the log already; so is all that closing has written. */
	moment_count++;
	log_end(v, logs[0]);
}

static void recording(struct volume *v, const struct image *from, const char *name,
		      unsigned int step_n, unsigned int random_n, uint64_t number)
{
	struct random r = { seed + number };
	struct player p = { .v = v, .random = r, .durable = durables[0] };

	test_begin("crash %s, seed %llu", name, (unsigned long long)r.state);
	memset(&tally, 0, sizeof(tally));
	trying("recording");
	record(v, from, step_n, random_n, &r);
	memcpy(p.durable, from->data, lun_size);
	play(&p, logs[0]);
	if (!tally.recovered || !tally.dropped)
		fail("%u sectors recovered, %llu writes lost: not much of a crash",
		     tally.recovered, (unsigned long long)tally.dropped);
	test_ok("%u points, %u states, %u of them crashed again; %u sectors recovered, %llu writes lost",
		tally.points, tally.states, tally.again, tally.recovered,
		(unsigned long long)tally.dropped);
}

int cmd_crash(int argc, char **argv)
{
	struct volume v = { .name = "v", .lun = DISK, .fd = -1,
			    .options = "3 allow_discards checkpoint_seconds 3600" };
	unsigned int i, rounds = argc > 1 ? atoi(argv[1]) : quick ? 1 : 2;
	struct image clean, dirty;

	test_begin("crash");
	make_images(&clean, &dirty, v.lun);
	for (i = 0; i < 2; i++) {
		logs[i] = malloc(LOG_MAX);
		images[i] = malloc(lun_size);
		durables[i] = malloc(lun_size);
		if (!logs[i] || !images[i] || !durables[i])
			fail("no memory");
	}
	recording(&v, &clean, "steps", step_count(), 0, 0);
	recording(&v, &dirty, "after a crash", 0, 12, 1);
	for (i = 0; i < rounds; i++)
		recording(&v, &clean, "random", 0, quick ? 40 : 80, 2 + i);
	return 0;
}
