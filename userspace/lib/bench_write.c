// SPDX-License-Identifier: GPL-2.0-or-later
/* A LUN with nothing on it that matters: one stack after the other, on the same part of it. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define DEFAULT_PART	(1ULL << 30)
#define SMALLEST_PART	(16 * BENCH_MIB)
#define ERASE_BYTES	(64 * BENCH_MIB)

/* Writes the whole area before anything is measured, as someone would who then uses it. */
static const struct libdmwarrant_bench_job filling = {
	"filling", BENCH_MIB, 4, LIBDMWARRANT_BENCH_WRITES
};

/**
 * struct bench - a measurement
 * @run:    where it stands
 * @params: what is asked for
 * @result: figures
 * @stacks: what is mapped
 * @lun:    as it was checked: held exclusively until the first mapping holds it
 * @kept:   second descriptor of it, through which it is opened again: so it is the same LUN until
 *          the end, whatever happens to its name or to its number
 */
struct bench {
	struct lib_bench_run			run;
	const struct libdmwarrant_bench_params	*params;
	struct libdmwarrant_bench_lun		*result;
	struct lib_bench_stacks			stacks;
	struct lib_device			lun;
	int					kept;
};

/* ---- checks ---- */

static int choose_part(struct bench *b, const struct libdmwarrant_device *d)
{
	u64 size = d->size / BENCH_MIB * BENCH_MIB, part = b->params->size;

	if (!part)
		part = min(size, DEFAULT_PART);
	if (part > size)
		return lib_fail(b->run.ctx, -ENOSPC, "%s has %llu MiB, fewer than --size", d->path,
				(unsigned long long)(size / BENCH_MIB));
	if (part < SMALLEST_PART)
		return lib_fail(b->run.ctx, -ENOSPC,
				"%llu MiB of %s are too few for all that is to lie there; %llu will do",
				(unsigned long long)(part / BENCH_MIB), d->path,
				(unsigned long long)(SMALLEST_PART / BENCH_MIB));
	b->result->part = part;
	/* Seals, tags and journals need room: as much is left to each as the most wasteful has. */
	b->result->area = part / 8 * 7 / BENCH_MIB * BENCH_MIB;
	return 0;
}

static int reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_CLOEXEC | flags);
}

static int keep(struct bench *b)
{
	b->kept = reopen(b->lun.fd, 0);
	return b->kept < 0 ? lib_fail(b->run.ctx, -errno, "cannot open %s again: %s",
				      b->lun.device.path, strerror(errno)) : 0;
}

static int check(struct bench *b)
{
	bool dry_run = b->params->flags & LIBDMWARRANT_BENCH_DRY_RUN;
	struct lib_device *d = &b->lun;
	int ret;

	ret = lib_device_open(b->run.ctx, b->params->device,
			      LIB_DEVICE_EXCLUSIVE | (dry_run ? 0 : LIB_DEVICE_WRITE), d);
	if (!ret)
		ret = lib_bench_may_destroy(b->run.ctx, d, b->params);
	if (!ret)
		ret = choose_part(b, &d->device);
	if (!ret && !dry_run)
		ret = lib_dm_begin(b->run.ctx);
	if (!ret && !dry_run)
		ret = keep(b);
	if (!ret && !dry_run)
		ret = lib_signatures_erase(b->run.ctx, d);
	lib_copy(b->result->device, sizeof(b->result->device), d->device.path);
	b->result->size = d->device.size;
	b->stacks.lun = d->st.st_rdev;
	return ret;
}

/* ---- one stack ---- */

static void note_counters(struct libdmwarrant_bench_lun *r,
			  const struct libdmwarrant_bench_cell *cell)
{
	if (cell->lun_read_bytes || cell->lun_written_bytes)
		r->flags |= LIBDMWARRANT_BENCH_COUNTED;
	if (cell->lun_flushes)
		r->flags |= LIBDMWARRANT_BENCH_FLUSHES_COUNTED;
}

/* What the stack puts off is its own doing: it counts, though it is not timed. */
static int job_on(struct bench *b, const char *path, int fd, u32 time_ms,
		  const struct libdmwarrant_bench_job *job, struct libdmwarrant_bench_cell *cell)
{
	struct lib_bench_count before;
	int ret;

	lib_bench_count(b->stacks.lun, &before);
	ret = lib_bench_io(&b->run, path, fd, b->result->area, time_ms, job, cell);
	if (!ret && (job->flags & LIBDMWARRANT_BENCH_WRITES) && fsync(fd))
		ret = lib_fail(b->run.ctx, -errno, "cannot flush %s: %s", path, strerror(errno));
	if (!ret && (job->flags & LIBDMWARRANT_BENCH_WRITES))
		ret = lib_bench_stack_settle(&b->stacks);
	lib_bench_counted(b->stacks.lun, &before, cell);
	note_counters(b->result, cell);
	return ret;
}

static int jobs_on(struct bench *b, enum libdmwarrant_bench_stack stack, const char *path, int fd)
{
	const struct libdmwarrant_bench_job *job;
	struct libdmwarrant_bench_cell unused;
	unsigned int i;
	int ret;

	lib_bench_step(&b->run, stack, filling.name);
	ret = job_on(b, path, fd, 0, &filling, &unused);
	for (i = 0; !ret && (job = libdmwarrant_bench_job(i)); i++) {
		lib_bench_step(&b->run, stack, job->name);
		ret = job_on(b, path, fd, b->params->time_ms, job, &b->result->cell[stack][i]);
	}
	return ret;
}

/* The uppermost mapping. */
static int measure(struct bench *b, enum libdmwarrant_bench_stack stack)
{
	const char *path = b->stacks.mapping[b->stacks.count - 1].path;
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC), ret;

	if (fd < 0)
		return lib_fail(b->run.ctx, -errno, "cannot open %s: %s", path, strerror(errno));
	if (lseek(fd, 0, SEEK_END) < (off_t)b->result->area)
		ret = lib_fail(b->run.ctx, -ENOSPC, "%s is too small; choose a larger --size",
			       path);
	else
		ret = jobs_on(b, stack, path, fd);
	close(fd);
	return ret;
}

/*
 * The LUN itself, as it was checked. Its lock, which keeps udev and volume format off, goes over to
 * the descriptor that stays: device-mapper can only hold what nobody holds.
 */
static int measure_lun(struct bench *b)
{
	struct lib_device *d = &b->lun;
	int ret;

	if (fcntl(d->fd, F_SETFL, O_DIRECT))
		ret = lib_fail(b->run.ctx, -errno, "%s cannot be written past the page cache: %s",
			       d->device.path, strerror(errno));
	else
		ret = jobs_on(b, LIBDMWARRANT_BENCH_RAW, d->device.path, d->fd);
	flock(d->fd, LOCK_UN);
	flock(b->kept, LOCK_EX);
	lib_device_close(d);
	return ret;
}

/* ---- all stacks ---- */

/* What cannot be had here is no error, but said; what fails is one. */
static int one_stack(struct bench *b, enum libdmwarrant_bench_stack stack)
{
	char *why = b->result->why_absent[stack];
	int ret, err;

	ret = lib_bench_stack_up(&b->stacks, stack);
	if (ret && b->stacks.absent) {
		lib_copy(why, sizeof(b->result->why_absent[stack]),
			 libdmwarrant_error(b->run.ctx));
		b->run.done += LIBDMWARRANT_BENCH_JOBS + 1;
		ret = lib_bench_tell(&b->run);
	} else if (!ret) {
		ret = measure(b, stack);
	}
	err = lib_bench_stack_down(&b->stacks, 1);
	return ret ? ret : err;
}

static int all_stacks(struct bench *b)
{
	int stack, ret;

	ret = measure_lun(b);
	for (stack = LIBDMWARRANT_BENCH_LINEAR; stack < LIBDMWARRANT_BENCH_STACKS && !ret; stack++)
		ret = one_stack(b, stack);
	return ret;
}

/* ---- afterwards ---- */

static int write_zeros(int fd, u64 at, u64 length)
{
	static const u8 zeros[1U << 16];
	size_t n;

	for (; length; at += n, length -= n) {
		n = min_t(u64, length, sizeof(zeros));
		if (pwrite(fd, zeros, n, at) != (ssize_t)n)
			return -EIO;
	}
	return 0;
}

/* Blocks that a thin LUN gave are given back where that leaves zeros for certain. */
static int zero(int fd, u64 at, u64 length)
{
	u64 range[2] = { at, length };

	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length))
		return 0;
	if (!ioctl(fd, BLKZEROOUT, range))
		return 0;
	return write_zeros(fd, at, length);
}

/* Not to be cancelled: whoever cancels wants the LUN back as it was. */
static int blank(struct bench *b)
{
	int fd = reopen(b->kept, O_EXCL), ret = 0;
	u64 at;

	snprintf(b->run.what, sizeof(b->run.what), "writing zeros");
	for (at = 0; fd >= 0 && !ret && at < b->result->part; at += ERASE_BYTES) {
		ret = zero(fd, at, min(b->result->part - at, ERASE_BYTES));
		lib_bench_tell(&b->run);
	}
	if (fd < 0 || (!ret && fsync(fd)))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret ? lib_fail(b->run.ctx, ret,
			      "cannot zero %s again: %s; what was measured is still on it",
			      b->result->device, strerror(-ret)) : 0;
}

static int clean_up(struct bench *b)
{
	char why[sizeof(b->run.ctx->error)];
	int ret = lib_bench_stack_down(&b->stacks, 0);

	if (!ret)
		return blank(b);
	lib_copy(why, sizeof(why), libdmwarrant_error(b->run.ctx));
	return lib_fail(b->run.ctx, ret, "%.400s; what was measured is still on %s", why,
			b->result->device);
}

static int measure_all(struct bench *b)
{
	struct libdmwarrant *ctx = b->run.ctx;
	char why[sizeof(ctx->error)], dirty[sizeof(ctx->error)];
	int ret, err;

	b->stacks.part = b->result->part;
	ret = all_stacks(b);
	lib_copy(why, sizeof(why), libdmwarrant_error(ctx));
	err = clean_up(b);
	lib_copy(dirty, sizeof(dirty), libdmwarrant_error(ctx));
	if (err && ret)
		return lib_fail(ctx, err, "%.300s (after: %.200s)", dirty, why);
	return ret ? lib_fail(ctx, ret, "%s", why) : err;
}

int libdmwarrant_bench_write(struct libdmwarrant *ctx,
			     const struct libdmwarrant_bench_params *params,
			     struct libdmwarrant_bench_lun *result)
{
	struct bench b = {
		.run.ctx = ctx, .params = params, .result = result, .stacks.ctx = ctx, .kept = -1,
	};
	int ret = lib_bench_check(ctx, params, result);

	if (ret)
		return ret;
	memset(result, 0, sizeof(*result));
	result->version = LIBDMWARRANT_BENCH_VERSION;
	b.run.total = LIBDMWARRANT_BENCH_STACKS * (LIBDMWARRANT_BENCH_JOBS + 1);
	lib_progress_start(ctx);
	ret = check(&b);
	if (!ret && !(params->flags & LIBDMWARRANT_BENCH_DRY_RUN))
		ret = measure_all(&b);
	lib_device_close(&b.lun);
	if (b.kept >= 0)
		close(b.kept);
	return ret;
}
