// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * I/O, timed. Linux's own asynchronous I/O needs no library and no right of its own, and with
 * O_DIRECT, which is all there is here, it never blocks where it should not.
 */
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define TELL_NS		20000000ULL	/* how often the caller may cancel */

/**
 * struct slot - room for one I/O
 * @cb:      for the kernel
 * @started: when
 */
struct slot {
	struct iocb	cb;
	u64		started;
};

/**
 * struct engine - one job
 * @run:     whose job it is
 * @path:    of the device, for the error text
 * @fd:      of the device
 * @end:     when to start no more
 * @ios:     how many to start at most
 * @issued:  so far
 * @told:    when the caller was told last
 * @random:  state of the generator of addresses
 * @area:    bytes of the device that it goes to
 * @blocks:  memory of all slots
 * @job:     what
 * @latency: result
 * @slots:   as many as the job is deep
 */
struct engine {
	struct lib_bench_run			*run;
	const char				*path;
	int					fd;
	u64					end;
	u64					ios;
	u64					issued;
	u64					told;
	u64					random;
	u64					area;
	struct lib_bench_blocks			blocks;
	const struct libdmwarrant_bench_job	*job;
	struct lib_bench_histogram		latency;
	struct slot				slots[];
};

u64 lib_bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- what goes where ---- */

/* Random addresses are the same on each stack. */
static u64 next_offset(struct engine *e)
{
	u64 blocks = e->area / e->job->block;
	u64 n = e->job->flags & LIBDMWARRANT_BENCH_RANDOM ? lib_bench_random(&e->random) :
		e->issued;

	e->issued++;
	return n % blocks * e->job->block;
}

static bool is_writing(const struct engine *e)
{
	return e->job->flags & LIBDMWARRANT_BENCH_WRITES;
}

static u8 *memory_of(struct engine *e, unsigned int slot)
{
	return is_writing(e) ? lib_bench_blocks_next(&e->blocks, slot) :
	       lib_bench_blocks_slot(&e->blocks, slot);
}

static bool is_over(const struct engine *e, u64 now)
{
	return e->issued >= e->ios || (now >= e->end && e->issued);
}

static int tell(struct engine *e, u64 now)
{
	if (now - e->told < TELL_NS)
		return 0;
	e->told = now;
	return lib_bench_tell(e->run);
}

static int io_failed(struct engine *e, long n)
{
	int err = n < 0 ? n : -EIO;

	return lib_fail(e->run->ctx, err, "%s: %s failed: %s; see dmesg", e->path, e->job->name,
			strerror(-err));
}

/* ---- one at a time ---- */

static long one(struct engine *e, u8 *data, u64 offset)
{
	ssize_t n;

	if (!is_writing(e))
		n = pread(e->fd, data, e->job->block, offset);
	else
		n = pwrite(e->fd, data, e->job->block, offset);
	if (n == e->job->block && (e->job->flags & LIBDMWARRANT_BENCH_SYNCS) && fdatasync(e->fd))
		n = -1;
	return n < 0 ? -errno : n;
}

static int run_one_by_one(struct engine *e)
{
	u64 start = lib_bench_now(), now, offset;
	int ret = 0;
	u8 *data;
	long n;

	while (!ret && !is_over(e, start)) {
		offset = next_offset(e);
		data = memory_of(e, 0);
		start = lib_bench_now();
		n = one(e, data, offset);
		now = lib_bench_now();
		lib_bench_histogram_add(&e->latency, now - start);
		start = now;
		ret = n == e->job->block ? tell(e, now) : io_failed(e, n);
	}
	return ret;
}

/* ---- many at a time ---- */

static void prepare(struct engine *e, unsigned int i)
{
	struct slot *s = &e->slots[i];

	s->cb = (struct iocb) {
		.aio_data = i,
		.aio_fildes = e->fd,
		.aio_lio_opcode = is_writing(e) ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_buf = (uintptr_t)memory_of(e, i),
		.aio_nbytes = e->job->block,
		.aio_offset = next_offset(e),
	};
	s->started = lib_bench_now();
}

static int submit(struct engine *e, aio_context_t aio, struct iocb **list, long count,
		  long *flying)
{
	int ret = 0;
	long n;

	for (; count && !ret; list += n, count -= n, *flying += n) {
		n = syscall(SYS_io_submit, aio, count, list);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return io_failed(e, -errno);
		n = max(n, 0L);
		/* The kernel has no room: that may last. */
		if (!n)
			ret = tell(e, lib_bench_now());
	}
	return ret;
}

static long fill_queue(struct engine *e, struct iocb **list)
{
	u64 now = lib_bench_now();
	long n = 0;

	while (n < e->job->depth && !is_over(e, now)) {
		prepare(e, n);
		list[n] = &e->slots[n].cb;
		n++;
	}
	return n;
}

/* Waits for some, and makes the next ones ready in their slots unless it is @over. */
static int reap(struct engine *e, aio_context_t aio, struct iocb **list, long *ready,
		long *flying, bool over)
{
	struct io_event events[BENCH_DEPTH_MAX];
	int ret = 0;
	long n, i;
	u64 now;

	n = syscall(SYS_io_getevents, aio, 1L, (long)BENCH_DEPTH_MAX, events, NULL);
	now = lib_bench_now();
	if (n < 0 && errno != EINTR) {
		/* It would fail again. io_destroy() waits for them as well. */
		*flying = 0;
		return io_failed(e, -errno);
	}
	for (i = 0; i < n; i++) {
		--*flying;
		lib_bench_histogram_add(&e->latency, now - e->slots[events[i].data].started);
		if (!ret && events[i].res != e->job->block)
			ret = io_failed(e, events[i].res);
		if (ret || over || is_over(e, now))
			continue;
		prepare(e, events[i].data);
		list[(*ready)++] = &e->slots[events[i].data].cb;
	}
	return ret ? ret : tell(e, now);
}

/* Return: 0, or the first error; what is under way is waited for in any case. */
static int run_many(struct engine *e, aio_context_t aio)
{
	struct iocb *list[BENCH_DEPTH_MAX];
	long ready = fill_queue(e, list), flying = 0;
	int ret = 0, err;

	do {
		if (!ret)
			ret = submit(e, aio, list, ready, &flying);
		ready = 0;
		if (!flying)
			break;
		err = reap(e, aio, list, &ready, &flying, ret);
		ret = ret ? ret : err;
	} while (flying || (ready && !ret));
	return ret;
}

static int run_queue(struct engine *e)
{
	aio_context_t aio = 0;
	int ret;

	if (syscall(SYS_io_setup, (long)e->job->depth, &aio))
		return lib_fail(e->run->ctx, -errno,
				"no asynchronous I/O: %s; look at /proc/sys/fs/aio-max-nr",
				strerror(errno));
	ret = run_many(e, aio);
	syscall(SYS_io_destroy, aio);
	return ret;
}

/* ---- all of it ---- */

static void report(const struct engine *e, u64 elapsed, struct libdmwarrant_bench_cell *cell)
{
	const struct lib_bench_histogram *h = &e->latency;

	cell->ios = h->count;
	cell->bytes = h->count * e->job->block;
	cell->elapsed_ns = elapsed;
	cell->mean_ns = h->count ? h->sum / h->count : 0;
	cell->p50_ns = lib_bench_histogram_at(h, 500);
	cell->p99_ns = lib_bench_histogram_at(h, 990);
	cell->p999_ns = lib_bench_histogram_at(h, 999);
	cell->max_ns = h->max;
}

/**
 * lib_bench_io() - run a job
 * @run:     whose it is
 * @path:    of the device, for the error text
 * @fd:      opened with O_DIRECT
 * @area:    bytes of it, a multiple of the job's block
 * @time_ms: how long; 0 = until all of @area has been visited
 * @job:     what
 * @cell:    receives what was measured
 *
 * Return: 0; -ECANCELED; the first I/O error.
 */
int lib_bench_io(struct lib_bench_run *run, const char *path, int fd, u64 area, u32 time_ms,
		 const struct libdmwarrant_bench_job *job, struct libdmwarrant_bench_cell *cell)
{
	struct engine *e = calloc(1, sizeof(*e) + job->depth * sizeof(e->slots[0]));
	u64 start;
	int ret;

	if (!e)
		return lib_fail(run->ctx, -ENOMEM, "not enough memory");
	e->run = run;
	e->path = path;
	e->fd = fd;
	e->area = area;
	e->job = job;
	e->ios = time_ms ? U64_MAX : area / job->block;
	ret = lib_bench_blocks_get(&e->blocks, job->block, job->depth, is_writing(e));
	if (ret)
		lib_fail(run->ctx, ret, "not enough memory for %s", job->name);
	start = lib_bench_now();
	e->end = time_ms ? start + time_ms * 1000000ULL : U64_MAX;
	if (!ret) {
		ret = job->depth == 1 ? run_one_by_one(e) : run_queue(e);
		report(e, lib_bench_now() - start, cell);
	}
	lib_bench_blocks_put(&e->blocks);
	free(e);
	return ret;
}
