// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The n-th call fails, for n = 1, 2, 3, ... until none does:
 *
 *   alloc   allocations that the module asks for, from slab and of pages
 *   lun     I/O that it sends to the LUN, once, and from then on (the LUN dies)
 *
 * each while a volume is opened, recovered, used and closed. What failed must have failed cleanly;
 * afterwards the volume opens and holds all that was completed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"

struct run {
	struct fault	*fault;
	unsigned long	n;
	unsigned long	dies_after;	/* bytes; else once, at the n-th call */
	bool		dies;
	bool		fired;
	bool		is_io;		/* of the LUN; else allocations */
	struct volume	v;
	unsigned int	rounds;		/* in which something was made to fail */
	unsigned int	refused;	/* requests that failed, in all rounds */
	unsigned int	stopped;	/* rounds in which all writing stopped */
};

static struct image clean, dirty;

static void arm(struct run *r)
{
	if (r->dies)
		fault_arm_after(r->fault, r->dies_after);
	else
		fault_arm(r->fault, r->n);
}

/* When the LUN dies there is no telling whether it was asked; a refusal tells. */
static void disarm(struct run *r)
{
	fault_disarm(r->fault);
	r->fired = r->dies || r->fault->synchronous;
}

static void refused(struct run *r, int err, const char *what)
{
	r->refused++;
	if (!r->fired)
		fail("%s: %s, though nothing was made to fail", what, strerror(-err));
	/* What a program sees. Through the crypto API a lack of memory has several faces. */
	if (err != -EIO && err != -ENOMEM && err != -ENOENT && err != -EAGAIN && err != -ESTALE)
		fail("%s: an odd error: %s", what, strerror(-err));
}

static void begin(struct run *r, const struct image *image)
{
	lun_put(r->v.lun, image->data);
	r->v.model = image->model;
}

static void must_open(struct run *r, const char *when)
{
	int ret = volume_open(&r->v);

	if (ret)
		fail("%s it does not open: %s", when, strerror(-ret));
	volume_io(&r->v);
}

static void must_be_well(struct run *r)
{
	uint64_t mismatches, lost;
	char mode[16];

	volume_mode(&r->v, mode, &mismatches, &lost);
	if (strcmp(mode, "rw") || mismatches || lost)
		fail("mode %s, %llu mismatches, %llu lost", mode, (unsigned long long)mismatches,
		     (unsigned long long)lost);
}

static void must_close(struct run *r)
{
	int ret = volume_close(&r->v);

	if (ret)
		fail("closing: %s", strerror(-ret));
}

/* Open it, nothing failing any more: all is there, and it can be written. */
static void must_hold_all(struct run *r, const char *when)
{
	int ret;

	must_open(r, when);
	check_reopened(&r->v, HOLDS_ALL);
	ret = io_write(&r->v, 7, 2, true);
	if (ret)
		fail("%s it cannot be written: %s", when, strerror(-ret));
	must_be_well(r);
	must_close(r);
}

/* ---- scenarios ---- */

static void open_image(struct run *r, const struct image *image)
{
	int ret;

	begin(r, image);
	arm(r);
	ret = volume_open(&r->v);
	disarm(r);
	if (ret) {
		refused(r, ret, "opening");
	} else {
		volume_io(&r->v);
		if (!r->dies)
			must_be_well(r);
		check_readable(&r->v, "open");
		must_close(r);
	}
	must_hold_all(r, ret ? "after a refused opening" : "again");
}

static void scene_open(struct run *r)
{
	open_image(r, &clean);
}

static void scene_recover(struct run *r)
{
	open_image(r, &dirty);
}

/* After a failure: either writing has stopped, or all goes on. Reads do in any case. */
static void check_mode(struct run *r, bool stuck)
{
	char mode[16];
	int ret;

	volume_mode(&r->v, mode, NULL, NULL);
	if (stuck)
		return;
	ret = io_write(&r->v, 450, 1, false);
	if (!strcmp(mode, "failed")) {
		r->stopped++;
		if (ret != -EIO)
			fail("writing has stopped, but a write says %d", ret);
	} else if (ret) {
		fail("mode is %s, but a write fails: %s", mode, strerror(-ret));
	}
	check_readable(&r->v, "still open");
}

static void scene_use(struct run *r)
{
	bool stuck = false;
	unsigned int i;
	int ret;

	begin(r, &clean);
	must_open(r, "at first");
	arm(r);
	for (i = 0; i < step_count() && !stuck; i++) {
		ret = step(&r->v, i);
		if (!ret)
			continue;
		r->fired = r->dies || fault_fired(r->fault);
		refused(r, ret, step_name(i));
		stuck = ret == -ESTALE;
	}
	disarm(r);
	check_mode(r, stuck);
	must_close(r);
	must_hold_all(r, "afterwards");
}

static void scene_close(struct run *r)
{
	unsigned int i;
	int ret;

	begin(r, &clean);
	must_open(r, "at first");
	for (i = 0; i < 7; i++)
		if (step(&r->v, i))
			fail("step %u", i);
	arm(r);
	ret = volume_close(&r->v);
	disarm(r);
	if (ret)
		fail("closing: %s", strerror(-ret));
	must_hold_all(r, "after a close");
}

/* All that is not I/O: messages, status, loading a second table, and taking it. */
static void scene_control(struct run *r)
{
	static const char * const messages[] = { "stats", "checkpoint", "nonsense", "a b" };
	char text[1024];
	unsigned int i;
	int ret;

	begin(r, &clean);
	must_open(r, "at first");
	if (step(&r->v, 0) || step(&r->v, 1))
		fail("writing");
	arm(r);
	for (i = 0; i < 4; i++) {
		ret = dm_message(r->v.name, messages[i], text, sizeof(text));
		r->fired = r->dies || fault_fired(r->fault);
		if (i < 2 ? ret && !r->fired : ret != -EINVAL)
			fail("message \"%s\": %d", messages[i], ret);
	}
	for (i = 0; i < 3; i++) {
		/* status, table, and the status of the table that is loaded but not in use */
		ret = dm_status(r->v.name, i == 0 ? 0 : i == 1 ? 1 << 4 : 1 << 12, text, sizeof(text));
		if (ret)
			fail("status %u: %s", i, strerror(-ret));
	}
	ret = volume_load(&r->v);
	r->fired = r->dies || fault_fired(r->fault);
	if (ret)
		refused(r, ret, "loading a second table");
	else if (dm_status(r->v.name, 1 << 12, text, sizeof(text)) || strcmp(text, "new"))
		fail("the second table's status is \"%s\"", text);
	ret = dm_suspend(r->v.name, 0);
	if (ret)
		fail("suspending: %s", strerror(-ret));
	ret = dm_resume(r->v.name);
	r->fired = r->dies || fault_fired(r->fault);
	disarm(r);
	if (ret) {
		/*
		 * The new table could not open the volume. It may be tried again, with what is in
		 * memory now.
		 */
		refused(r, ret, "resuming");
		ret = dm_resume(r->v.name);
	}
	if (!ret)
		check_mode(r, false);
	else if (!r->is_io)
		fail("resuming again: %s", strerror(-ret));
	must_close(r);
	must_hold_all(r, "afterwards");
}

static const struct scene {
	const char	*name;
	void		(*run)(struct run *r);
} scenes[] = {
	{ "open", scene_open },
	{ "recover", scene_recover },
	{ "use", scene_use },
	{ "close", scene_close },
	{ "control", scene_control },
};

/* ---- loops ---- */

/* Until the counter of fault.c is known again, calls must be made. Opening makes some always. */
static void synchronise(struct run *r)
{
	unsigned int i;

	for (i = 0; !r->fault->synchronous; i++) {
		if (i == 1000)
			fail("nothing fails any more");
		scene_open(r);
	}
}

/* Return: has the n-th call been made, and failed? */
static bool nth_fails(const struct scene *s, struct run *r, unsigned long n)
{
	bool fired;

	trying("call %lu fails", n);
	r->n = n;
	s->run(r);
	fired = r->fired;
	r->rounds += fired;
	synchronise(r);
	return fired;
}

/*
 * A quick run tries the first and the last calls; of those between, where there are long rows of
 * the same, some. Return: the number of calls.
 */
static unsigned long some_fail(const struct scene *s, struct run *r)
{
	unsigned long few = r->is_io ? 4 : 24, low = 0, high = 1, n;

	while (nth_fails(s, r, high)) {
		low = high;
		high += high < few ? 1 : 1 + high / 3;
	}
	while (high - low > 1) {
		n = low + (high - low) / 2;
		if (nth_fails(s, r, n))
			low = n;
		else
			high = n;
	}
	for (n = low; n > few && n + few > low; n--)
		nth_fails(s, r, n);
	return low;
}

/* Return: the calls that were made to fail. */
static unsigned long loop(const struct scene *s, struct run *r, const char *what, unsigned long only)
{
	unsigned long calls = 0;

	test_begin("%s, %s", what, s->name);
	r->refused = r->stopped = r->rounds = 0;
	if (only)
		nth_fails(s, r, only);
	else if (quick)
		calls = some_fail(s, r);
	else
		while (nth_fails(s, r, calls + 1))
			calls++;
	test_ok("%u times one of %lu calls failed; %u requests refused, %u times writing stopped",
		r->rounds, calls, r->refused, r->stopped);
	return r->rounds;
}

static void loop_dies(const struct scene *s, struct run *r, const char *what, unsigned long from)
{
	unsigned long rounds = 0, calm = 0;
	unsigned int before;

	test_begin("%s, %s", what, s->name);
	r->refused = r->stopped = 0;
	r->dies = true;
	for (r->dies_after = from; calm < (from ? 1 : quick ? 2 : 8);
	     r->dies_after += quick ? 8192 + r->dies_after / 6 : 2048) {
		trying("the LUN dies after %lu bytes", r->dies_after);
		before = r->refused + r->stopped;
		s->run(r);
		rounds++;
		calm = r->refused + r->stopped == before && r->dies_after > 256 << 10 ? calm + 1 : 0;
	}
	r->dies = false;
	test_ok("%lu places of death; %u requests refused, %u times writing stopped", rounds,
		r->refused, r->stopped);
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	if (argc < 2)
		return true;
	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

/* alloc [SCENE...] */
int cmd_alloc(int argc, char **argv)
{
	static struct fault faults[] = {
		{ .dir = "failslab", .in_module = true },
		{ .dir = "fail_page_alloc", .in_module = true },
	};
	unsigned long from = getenv("N") ? strtoul(getenv("N"), NULL, 10) : 0, rounds;
	static struct run r;
	unsigned int f, i;
	char what[64];

	r.v = (struct volume){ .name = "v", .lun = "/dev/ram0", .fd = -1,
			       .options = "5 allow_discards checkpoint_seconds 3600 cache_mib 1" };
	test_begin("alloc");
	make_images(&clean, &dirty, r.v.lun);
	for (f = 0; f < 2; f++) {
		fault_setup(&faults[f]);
		r.fault = &faults[f];
		snprintf(what, sizeof(what), "alloc %s", f ? "pages" : "slab");
		rounds = 0;
		for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
			if (wanted(scenes[i].name, argc, argv))
				rounds += loop(&scenes[i], &r, what, from);
		/* closing allocates no pages, but opening does */
		if (!rounds)
			fail("nothing could be made to fail");
	}
	return 0;
}

/* lun [SCENE...] */
int cmd_lun(int argc, char **argv)
{
	static struct fault fault = { .dir = "fail_make_request" };
	static struct run r;
	unsigned long from = getenv("N") ? strtoul(getenv("N"), NULL, 10) : 0;
	unsigned int i;

	r.v = (struct volume){ .name = "v", .lun = "/dev/ram0", .fd = -1,
			       .options = "5 allow_discards checkpoint_seconds 3600 cache_mib 1" };
	r.is_io = true;
	test_begin("lun");
	make_images(&clean, &dirty, r.v.lun);
	put_file("/sys/block/ram0/make-it-fail", "1");
	fault_setup(&fault);
	r.fault = &fault;
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		if (!wanted(scenes[i].name, argc, argv))
			continue;
		if (!loop(&scenes[i], &r, "lun fails once", from) && !from)
			fail("nothing could be made to fail");
		loop_dies(&scenes[i], &r, "lun dies", from);
	}
	put_file("/sys/block/ram0/make-it-fail", "0");
	return 0;
}
