// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A LUN that misbehaves while a volume is in use: during each one of the steps, or from it on until
 * the volume is closed.
 *
 *   below  by device-mapper: errors, writes that vanish, data that changes on its way, bad blocks
 *   scsi   by scsi_debug: sense data, status, timeouts with and without a successful abort
 *
 * What must be: see dm-warrant.rst and CAVEATS.rst. Read errors are passed up and change nothing. A
 * refused write stops all writing until close and open, and then all that was completed is there.
 * A LUN that lies or alters is noticed sooner or later; never is there wrong data.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debug.h"

static struct image clean, dirty;

/* ---- ways to misbehave ---- */

struct way {
	const char	*name;
	/* for dm: target and its parameters; for scsi: a line for its file "error" */
	const char	*type;
	const char	*params;
	enum reopened	afterwards;
	bool		stops;		/* a write that meets it stops all writing */
	bool		lies;		/* it says "done" of what is not */
	bool		harmless;	/* nobody above may notice */
	bool		more;		/* takes long, or is much like another: not in quick runs */
};

static const struct way dm_ways[] = {
	{ "read errors", "flakey", "1 error_reads", HOLDS_ALL },
	{ "write errors", "flakey", "1 error_writes", HOLDS_ALL, .stops = true },
	{ "no answer but errors", "error", NULL, HOLDS_ALL, .stops = true },
	{ "vanishing writes", "flakey", "1 drop_writes", MAY_FAIL, .lies = true },
	{ "reads altered", "flakey", "5 corrupt_bio_byte 33 r 1 0", HOLDS_ALL },
	{ "writes altered", "flakey", "5 corrupt_bio_byte 33 w 1 0", MAY_FAIL, .lies = true },
	{ "reads altered at random", "flakey", "2 random_read_corrupt 500000000", HOLDS_ALL },
	{ "writes altered at random", "flakey", "2 random_write_corrupt 500000000", MAY_FAIL,
	  .lies = true },
};

/*
 * See sdebug_error_write() of scsi_debug: type, count (negative: so often; positive: always), SCSI
 * command; of type 2 (fail the command) host byte, driver byte, status, sense key, ASC, ASCQ; types
 * 0 (no answer), 3 (aborts fail), 4 (LUN resets fail). The disk retries what may go away, so what
 * comes up 20 times comes up for good.
 */
static const struct way scsi_ways[] = {
	{ "unit attention once", "2", "2 -1 0xff 0 0 2 6 0x29 0", HOLDS_ALL, .harmless = true },
	{ "aborted command once", "2", "2 -1 0xff 0 0 2 0xb 0 0", HOLDS_ALL,
	  .harmless = true, .more = true },
	{ "busy once", "2", "2 -1 0xff 0 0 8 0 0 0", HOLDS_ALL, .harmless = true },
	{ "task set full once", "2", "2 -1 0xff 0 0 0x28 0 0 0", HOLDS_ALL,
	  .harmless = true, .more = true },
	{ "queue refuses once", "1", "1 -1 0xff 0x1055", HOLDS_ALL, .harmless = true },
	{ "medium error, reads", "2", "2 -20 0x28 0 0 2 3 0x11 0", HOLDS_ALL },
	{ "medium error, writes", "2", "2 -20 0x2a 0 0 2 3 0x0c 0", HOLDS_ALL, .stops = true },
	{ "hardware error", "2", "2 -20 0xff 0 0 2 4 0x44 0", HOLDS_ALL,
	  .stops = true, .more = true },
	{ "aborted commands", "2", "2 -20 0xff 0 0 2 0xb 0 0", HOLDS_ALL,
	  .stops = true, .more = true },
	{ "reservation conflict, writes", "2", "2 -20 0x2a 0 0 0x18 0 0 0", HOLDS_ALL,
	  .stops = true, .more = true },
	{ "write protected", "2", "2 -20 0x2a 0 0 2 7 0x27 0", HOLDS_ALL,
	  .stops = true, .more = true },
	{ "space allocation failed", "2", "2 -20 0x2a 0 0 2 7 0x27 7", HOLDS_ALL, .stops = true },
	{ "flushes fail", "2", "2 -20 0x35 0 0 2 4 0x44 0", HOLDS_ALL, .stops = true },
	{ "path lost", "2", "2 -20 0xff 1 0 0 0 0 0", HOLDS_ALL, .stops = true },
	{ "no answer, abort works", "0", "0 -1 0xff", HOLDS_ALL, .harmless = true, .more = true },
};

/* ---- the device-mapper LUN ---- */

static struct target lun_table(const char *type, const char *params)
{
	struct target t = { .length = lun_size / 512, .type = type };

	if (!strcmp(type, "linear"))
		snprintf(t.params, sizeof(t.params), "/dev/ram0 0");
	else if (!strcmp(type, "flakey"))
		snprintf(t.params, sizeof(t.params), "/dev/ram0 0 0 1000 %s", params);
	return t;
}

static void dm_lun(const struct way *w)
{
	struct target t = w ? lun_table(w->type, w->params) : lun_table("linear", NULL);

	dm_becomes("lun", &t, 1);
}

/* ---- the SCSI LUN ---- */

static char error_file[256];

static void scsi_lun(const struct way *w)
{
	static const struct way *now;
	char type[8], command[8];

	if (now && sscanf(now->params, "%7s %*s %7s", type, command) == 2)
		put_file(error_file, "- %s %s\n", type, command);
	if (w)
		put_file(error_file, "%s\n", w->params);
	now = w;
}

/* ---- rounds ---- */

struct tally {
	unsigned int rounds, refused, stopped, noticed;
};

/*
 * In step @at the LUN misbehaves; @on: it goes on so until the volume is closed.
 */
static void round_of(struct volume *v, void (*lun)(const struct way *w), const struct way *w,
		     unsigned int at, bool on, struct tally *t)
{
	enum reopened what = w->afterwards;
	bool stuck = false, bad = false;
	char mode[16] = "";
	unsigned int i;
	int ret;

	trying("%s in step %u (%s)%s", w->name, at, step_name(at), on ? " and later" : "");
	lun_put(v->lun, clean.data);
	v->model = clean.model;
	ret = volume_open(v);
	if (ret)
		fail("opening: %s", strerror(-ret));
	volume_io(v);
	for (i = 0; i < step_count() && !stuck; i++) {
		if (i == at) {
			lun(w);
			bad = true;
			v->model.lies = w->lies;
		}
		ret = step(v, i);
		if (i == at && !on) {
			lun(NULL);
			bad = false;
		}
		if (!ret)
			continue;
		t->refused++;
		volume_mode(v, mode, NULL, NULL);
		if (i < at)
			fail("%s: %s, before anything was wrong", step_name(i), strerror(-ret));
		if (w->harmless)
			fail("%s: %s", step_name(i), strerror(-ret));
		if (i > at && !on && strcmp(mode, "failed") && !w->lies)
			fail("%s: %s, when all was well again", step_name(i), strerror(-ret));
		stuck = ret == -ESTALE;
	}
	volume_mode(v, mode, NULL, NULL);
	if (!strcmp(mode, "failed"))
		t->stopped++;
	if (!strcmp(mode, "failed") && !w->stops && !w->lies)
		fail("writing has stopped for that");
	if (bad && on)
		lun(NULL);
	/* The LUN is well again; the volume, if it has stopped, is not. */
	if (!stuck) {
		ret = io_write(v, 450, 1, false);
		if (!strcmp(mode, "failed") ? ret != -EIO : ret && !w->lies)
			fail("mode is %s, a write says %d", mode, ret);
		if (!w->lies)
			check_readable(v, "still open");
	}
	if (volume_close(v))
		fail("closing");
	ret = volume_open(v);
	if (ret && what == MAY_FAIL && (ret == -EUCLEAN || ret == -EKEYREJECTED || ret == -ENODEV)) {
		t->noticed++;
		t->rounds++;
		return;
	}
	if (ret)
		fail("reopening: %s", strerror(-ret));
	volume_io(v);
	check_reopened(v, what);
	if (volume_close(v))
		fail("closing again");
	t->rounds++;
}

/* Opening a volume, clean or not, on a LUN that misbehaves: refused, or right. */
static void opening(struct volume *v, void (*lun)(const struct way *w), const struct way *w,
		    const struct image *image, struct tally *t)
{
	int ret;

	trying("%s while opening", w->name);
	lun_put(v->lun, image->data);
	v->model = image->model;
	v->model.lies = w->lies;
	lun(w);
	ret = volume_open(v);
	lun(NULL);
	if (!ret) {
		volume_io(v);
		if (!w->lies)
			check_readable(v, "opened in spite of that");
		if (volume_close(v))
			fail("closing");
	} else if (w->harmless) {
		fail("opening: %s", strerror(-ret));
	} else {
		t->refused++;
	}
	ret = volume_open(v);
	if (ret && w->lies && (ret == -EUCLEAN || ret == -EKEYREJECTED)) {
		t->noticed++;
		return;
	}
	if (ret)
		fail("opening it again: %s", strerror(-ret));
	volume_io(v);
	check_reopened(v, w->lies ? MAY_FAIL : HOLDS_ALL);
	if (volume_close(v))
		fail("closing");
	t->rounds++;
}

/* A quick run does with each way a part of the steps, and another part with the next. */
static void all_rounds(struct volume *v, void (*lun)(const struct way *w), const struct way *w,
		       const char *what)
{
	unsigned int at, stride = !quick ? 1 : lun == scsi_lun ? 6 : 3;
	static unsigned int first;
	struct tally t = { 0 };

	test_begin("%s %s", what, w->name);
	for (at = first++ % stride; at < step_count(); at += stride) {
		round_of(v, lun, w, at, false, &t);
		if (!quick || at % 2 == 0)
			round_of(v, lun, w, at, true, &t);
	}
	opening(v, lun, w, &clean, &t);
	opening(v, lun, w, &dirty, &t);
	if (!w->harmless && !w->lies && !t.refused)
		fail("nothing was ever refused: has the LUN misbehaved?");
	if (w->stops && !t.stopped)
		fail("writing has never stopped");
	test_ok("%u rounds; %u requests refused, %u times writing stopped, %u openings refused later",
		t.rounds, t.refused, t.stopped, t.noticed);
}

/* ---- bad blocks ---- */

/* Each block of the LUN in turn cannot be read, until it is written. */
static void bad_blocks(struct volume *v)
{
	struct target good = lun_table("linear", NULL), t = good;
	unsigned int refused = 0, harmless = 0, blocks = lun_size / SECTOR, b, used = 0;
	char text[64];
	int ret;

	test_begin("below bad blocks");
	t.type = "dust";
	snprintf(t.params, sizeof(t.params), "/dev/ram0 0 %u", SECTOR);
	for (b = 0; b < blocks; b++) {
		static const uint8_t zero[SECTOR];

		/* nothing has ever been there: nobody reads it */
		if (!memcmp(dirty.data + (size_t)b * SECTOR, zero, SECTOR))
			continue;
		if (quick && ++used % 8)
			continue;
		trying("block %u cannot be read", b);
		lun_put(v->lun, dirty.data);
		v->model = dirty.model;
		dm_becomes("lun", &t, 1);
		snprintf(text, sizeof(text), "addbadblock %u", b);
		if (dm_message("lun", text, NULL, 0) || dm_message("lun", "enable", NULL, 0))
			fail("dm-dust refuses");
		ret = volume_open(v);
		if (!ret) {
			uint32_t s;

			/* what cannot be read is an error and nothing else */
			volume_io(v);
			for (s = 0; s < sectors; s += 32) {
				ret = io_read(v, s, sectors - s < 32 ? sectors - s : 32);
				if (ret && ret != -EIO && ret != -EILSEQ && ret != -ENODATA)
					fail("reading sectors %u to %u: %s", s, s + 31, strerror(-ret));
				refused += !!ret;
				harmless += !ret;
			}
			if (volume_close(v))
				fail("closing");
		} else {
			refused++;
		}
		dm_becomes("lun", &good, 1);
		ret = volume_open(v);
		if (ret)
			fail("the block can be read again, but opening says: %s", strerror(-ret));
		volume_io(v);
		check_reopened(v, HOLDS_ALL);
		if (volume_close(v))
			fail("closing");
	}
	test_ok("%u requests and openings refused, %u reads untouched", refused, harmless);
}

int cmd_below(int argc, char **argv)
{
	struct volume v = { .name = "v", .fd = -1,
			    .options = "3 allow_discards checkpoint_seconds 3600" };
	unsigned int i;

	test_begin("below");
	lun_size = 4 << 20;
	dm_lun(NULL);
	snprintf(v.lun, sizeof(v.lun), "/dev/dm-%d", dm_minor("lun"));
	make_images(&clean, &dirty, v.lun);
	for (i = 0; i < sizeof(dm_ways) / sizeof(dm_ways[0]); i++)
		if (argc < 2 || strstr(dm_ways[i].name, argv[1]))
			all_rounds(&v, dm_lun, &dm_ways[i], "below");
	if (argc < 2 || strstr("bad blocks", argv[1]))
		bad_blocks(&v);
	if (dm_remove("lun", 0))
		fail("the LUN is still in use");
	return 0;
}

static void find(const char *pattern, char *path, size_t size)
{
	glob_t g;

	if (glob(pattern, 0, NULL, &g) || g.gl_pathc != 1)
		fail("no %s", pattern);
	snprintf(path, size, "%s", g.gl_pathv[0]);
	globfree(&g);
}

int cmd_scsi(int argc, char **argv)
{
	struct volume v = { .name = "v", .fd = -1,
			    .options = "3 allow_discards checkpoint_seconds 3600" };
	char path[256];
	unsigned int i;

	test_begin("scsi");
	/* It answers a tick later: in the context of whoever asks, the stack would be deeper still. */
	shell("modprobe scsi_debug dev_size_mb=4 sector_size=4096 lbpu=1 delay=1");
	find("/sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*:*/block/sd*", path,
	     sizeof(path));
	snprintf(v.lun, sizeof(v.lun), "/dev/%s", strrchr(path, '/') + 1);
	find("/sys/kernel/debug/scsi_debug/*/error", error_file, sizeof(error_file));
	/* what does not answer is given up after a second, and quickly declared well again */
	strcat(path, "/device/timeout");
	put_file(path, "1");
	make_images(&clean, &dirty, v.lun);
	for (i = 0; i < sizeof(scsi_ways) / sizeof(scsi_ways[0]); i++)
		if ((argc < 2 || strstr(scsi_ways[i].name, argv[1])) &&
		    !(quick && scsi_ways[i].more))
			all_rounds(&v, scsi_lun, &scsi_ways[i], "scsi");
	shell("modprobe -r scsi_debug");
	return 0;
}
