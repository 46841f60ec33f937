// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Case tags, while others are at work:
 *
 *   freeze  two write, one asks, and a tag is assigned to what the second writes, back and forth; then
 *           the tag of what the first writes is frozen: of what it writes from then on nothing arrives
 *   close   the volume is closed, or suspended, in the middle of a job
 *   dies    the LUN dies in the middle of a job
 *
 * In between and afterwards all sectors hold what was written last. Failing allocations and I/O are
 * nth.c's and below.c's, whose steps have tags too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug.h"

static struct image clean, dirty;

/* What the processes tell each other. */
static volatile struct {
	bool		stop;
	bool		frozen;		/* was reported */
	unsigned long	writes[2];
	unsigned long	refused;
	unsigned long	answers;
} *shared;

static struct random rnd;

static void say(struct volume *v, const char *text)
{
	int ret = dm_message(v->name, text, NULL, 0);

	if (ret)
		fail("%s: %s", text, strerror(-ret));
}

static void must_open(struct volume *v)
{
	int ret = volume_open(v);

	if (ret)
		fail("opening: %s", strerror(-ret));
	volume_io(v);
}

static void must_close(struct volume *v)
{
	if (volume_close(v))
		fail("closing");
}

static void must_assign(struct volume *v, uint32_t tag, uint32_t first, uint32_t count)
{
	int ret = io_assign(v, tag, first, count);

	if (ret)
		fail("assigning tag %u to %u+%u: %s", tag, first, count, strerror(-ret));
}

static void suspend_and_resume(struct volume *v)
{
	int ret = dm_suspend(v->name, 0);

	if (!ret)
		ret = dm_resume(v->name);
	if (ret)
		fail("suspending and resuming: %s", strerror(-ret));
}

/* ---- freeze ---- */

#define FIRST	200		/* what the first one writes */
#define SECOND	300
#define COUNT	64

/* A refused write has changed nothing: the model may forget it. */
static void forget_write(struct volume *v, uint32_t first, uint32_t count,
			 const struct versions *before)
{
	uint32_t s;

	for (s = 0; s < count; s++)
		v->model.now[first + s] = before[s];
}

/* Until it is told to stop. Return: all is right; what is not has been told. */
static void writer(struct volume *v, unsigned int n)
{
	uint32_t base = n ? SECOND : FIRST, first, count;
	struct versions before[COUNT];
	bool was_frozen, refused = false;
	unsigned int i;
	int ret;

	rnd.state = seed + n;
	volume_io(v);
	for (i = 0; !shared->stop; i++) {
		/* the model has room for so many that may be lost */
		if (i % 8 == 0 && io_flush(v))
			fail("writer %u cannot flush", n);
		first = base + random_below(&rnd, COUNT);
		count = 1 + random_below(&rnd, base + COUNT - first);
		memcpy(before, &v->model.now[first], count * sizeof(*before));
		was_frozen = shared->frozen;
		ret = io_write(v, first, count, random_below(&rnd, 4) == 0);
		if (ret == -EBADE && !n) {
			refused = true;
			forget_write(v, first, count, before);
			shared->refused++;
		} else if (ret) {
			fail("writer %u: %s", n, strerror(-ret));
		} else if (!n && (was_frozen || refused)) {
			fail("written, though the tag was frozen");
		} else {
			shared->writes[n]++;
		}
		if (random_below(&rnd, 4) == 0 && io_read(v, base, COUNT))
			fail("writer %u cannot read", n);
	}
	if (io_read(v, base, COUNT))
		fail("writer %u cannot read in the end", n);
	_exit(0);
}

static void asker(struct volume *v)
{
	static const char * const questions[] = {
		"tag_list 1", "tag_show 1", "tag_show 2", "extents 0 600", "stats", "job 1",
	};
	char answer[16384];
	unsigned int i;
	int ret;

	for (i = 0; !shared->stop; i++) {
		ret = dm_message(v->name, questions[i % 6], answer, sizeof(answer));
		if (ret && ret != -EAGAIN && ret != -ENOENT)
			fail("%s: %s", questions[i % 6], strerror(-ret));
		shared->answers += !ret;
		usleep(3000);
	}
	_exit(0);
}

static void wait_for(unsigned int processes)
{
	int status;

	while (processes--)
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			fail("one of those who wrote or asked has failed");
}

/* All sectors; those who wrote have compared theirs. */
static uint8_t *contents(struct volume *v)
{
	size_t size = (size_t)sectors * SECTOR, done = 0;
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	for (; done < size; done += n) {
		n = pread(v->fd, p + done, size - done, done);
		if (n <= 0)
			fail("reading all: %m");
	}
	return p;
}

static void change_meanwhile(struct volume *v)
{
	unsigned int i;
	char text[64];

	for (i = 0; i < 6; i++) {
		must_assign(v, i % 2 ? 0 : 1, SECOND - 20, COUNT + 40);
		snprintf(text, sizeof(text), "tag_edit 1 6e%02x -", 0x61 + i);
		say(v, text);
		if (i % 3 == 0)
			suspend_and_resume(v);
	}
}

static void expect_frozen(struct volume *v)
{
	char list[256];
	struct versions before = v->model.now[FIRST];

	if (dm_message(v->name, "tag_list 1", list, sizeof(list)) || !strstr(list, "2 frozen"))
		fail("states are \"%s\"", list);
	if (io_write(v, FIRST, 1, false) != -EBADE || io_erase(v, FIRST, 1, true) == 0 ||
	    io_erase(v, FIRST, 1, false) == 0)
		fail("a frozen sector can be changed");
	v->model.now[FIRST] = before;
	if (dm_message(v->name, "tag_state 2 open", NULL, 0) != -EPERM)
		fail("a frozen tag thaws");
}

static void round_freeze(struct volume *v)
{
	size_t size = (size_t)sectors * SECTOR;
	uint8_t *before, *after;
	unsigned int n;

	lun_put(v->lun, clean.data);
	v->model = clean.model;
	must_open(v);
	say(v, "tag_create 2 66726f7a656e -");
	must_assign(v, 2, FIRST, COUNT);
	close(v->fd);
	shared->stop = shared->frozen = false;
	fflush(stdout);
	for (n = 0; n < 3; n++)
		if (!fork()) {
			if (n < 2)
				writer(v, n);
			asker(v);
		}
	volume_io(v);
	change_meanwhile(v);
	say(v, "tag_state 2 frozen");
	shared->frozen = true;
	change_meanwhile(v);
	shared->stop = true;
	wait_for(3);
	before = contents(v);
	must_close(v);
	must_open(v);
	expect_frozen(v);
	after = contents(v);
	if (memcmp(before, after, size))
		fail("closed, opened again, and it holds something else");
	munmap(before, size);
	munmap(after, size);
	must_close(v);
}

static void scene_freeze(struct volume *v)
{
	unsigned int i, rounds = quick ? 3 : 40;

	for (i = 0; i < rounds; i++) {
		trying("round %u, seed %llu", i, (unsigned long long)seed);
		round_freeze(v);
		seed++;
	}
	if (!shared->writes[0] || !shared->writes[1] || !shared->refused || !shared->answers)
		fail("nothing much was tried");
	test_ok("%u rounds: %lu and %lu writes, %lu refused, %lu questions answered", rounds,
		shared->writes[0], shared->writes[1], shared->refused, shared->answers);
}

/* ---- close ---- */

static void begin_job(struct volume *v, uint32_t tag, char number[32])
{
	char text[64];

	snprintf(text, sizeof(text), "assign %u 0 %u", tag, sectors);
	if (dm_message(v->name, text, number, 32))
		fail("%s", text);
}

static void expect_all_have(struct volume *v, uint32_t tag)
{
	char answer[16384], *line = answer;
	unsigned int of;

	if (dm_message(v->name, "extents 0 600", answer, sizeof(answer)))
		fail("extents");
	for (; line && strncmp(line, "end", 3); line = strchr(line, '\n') + 1)
		if (sscanf(line, "%*u %*u %u", &of) != 1 || of != tag)
			fail("all was given tag %u, and has: %s", tag, answer);
}

static unsigned int running(struct volume *v, const char *number)
{
	char ask[64], answer[256];

	snprintf(ask, sizeof(ask), "job %s", number);
	return !dm_message(v->name, ask, answer, sizeof(answer)) && strstr(answer, "running");
}

static void round_close(struct volume *v, unsigned int i, unsigned int *in_time)
{
	char number[32];
	int ret;

	must_open(v);
	begin_job(v, i % 2, number);
	if (i % 3 == 0)
		suspend_and_resume(v);
	usleep(random_below(&rnd, 30000));
	*in_time += running(v, number);
	must_close(v);
	must_open(v);
	if (dm_message(v->name, "job 1", NULL, 0) != -ENOENT)
		fail("a job has survived its volume");
	check_readable(v, "closed in the middle of a job");
	begin_job(v, i % 2, number);
	suspend_and_resume(v);
	ret = job_wait(v, number);
	if (ret)
		fail("the job, suspended and resumed: %s", strerror(-ret));
	expect_all_have(v, i % 2);
	check_readable(v, "assigned");
	must_close(v);
}

static void scene_close(struct volume *v)
{
	unsigned int i, rounds = quick ? 6 : 100, in_time = 0;

	lun_put(v->lun, dirty.data);
	v->model = dirty.model;
	must_open(v);
	check_reopened(v, HOLDS_ALL);
	must_close(v);
	rnd.state = seed;
	for (i = 0; i < rounds; i++) {
		trying("round %u", i);
		round_close(v, i, &in_time);
	}
	if (!in_time)
		fail("no job was ever running when its volume was closed");
	test_ok("%u rounds, %u of them closed while the job was running", rounds, in_time);
}

/* ---- dies ---- */

static void scene_dies(struct volume *v)
{
	static struct fault fault = { .dir = "fail_make_request" };
	unsigned int rounds = 0, failed = 0;
	unsigned long bytes;
	char number[32];
	int ret = -EIO;

	put_file("/sys/block/ram0/make-it-fail", "1");
	fault_setup(&fault);
	for (bytes = 4096; ret; bytes += quick ? bytes / 2 : 4096, rounds++) {
		trying("the LUN dies after %lu bytes", bytes);
		lun_put(v->lun, clean.data);
		v->model = clean.model;
		must_open(v);
		fault_arm_after(&fault, bytes);
		begin_job(v, 1, number);
		ret = job_wait(v, number);
		failed += !!ret;
		/* what else there is to say to it is refused, and does not hang */
		if (ret && dm_message(v->name, "tag_state 1 frozen", NULL, 0) != -EIO)
			fail("the LUN is dead, and a tag was frozen");
		fault_disarm(&fault);
		must_close(v);
		must_open(v);
		check_reopened(v, HOLDS_ALL);
		must_assign(v, 1, 0, sectors);
		expect_all_have(v, 1);
		check_readable(v, "assigned after all");
		must_close(v);
	}
	put_file("/sys/block/ram0/make-it-fail", "0");
	if (!failed)
		fail("the LUN has never died");
	test_ok("%u places of death, %u jobs failed", rounds, failed);
}

/* ---- all ---- */

/* tags [SCENE...] */
int cmd_tags(int argc, char **argv)
{
	static const struct {
		const char	*name;
		void		(*run)(struct volume *v);
	} scenes[] = {
		{ "freeze", scene_freeze },
		{ "close", scene_close },
		{ "dies", scene_dies },
	};
	static struct volume v = { .name = "v", .lun = "/dev/ram0", .fd = -1,
				   .options = "5 allow_discards checkpoint_seconds 1 cache_mib 1" };
	unsigned int i;
	int k;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_begin("tags");
	make_images(&clean, &dirty, v.lun);
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		for (k = 1; k < argc && strcmp(argv[k], scenes[i].name); k++)
			;
		if (argc > 1 && k == argc)
			continue;
		test_begin("tags %s", scenes[i].name);
		scenes[i].run(&v);
	}
	return 0;
}
