// SPDX-License-Identifier: GPL-2.0-or-later
/* A LUN with nothing on it that matters: one stack after the other, on the same part of it. */
#include <fcntl.h>
#include <linux/fs.h>
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

struct bench {
	struct lib_bench_run			run;
	const struct libdmwarrant_bench_params	*params;
	struct libdmwarrant_bench_lun		*result;
	struct lib_bench_stacks			stacks;
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

static int check_device(struct bench *b, struct lib_device *d)
{
	struct libdmwarrant *ctx = b->run.ctx;
	const struct libdmwarrant_device *i = &d->device;
	int ret;

	if (!S_ISBLK(d->st.st_mode))
		return lib_fail(ctx, -ENOTBLK, "%s is a file; attach it with losetup first",
				i->path);
	if (i->flags & LIBDMWARRANT_DEVICE_READ_ONLY)
		return lib_fail(ctx, -EROFS, "%s is read-only; warrantctl bench without --write reads it",
				i->path);
	if (i->logical_block > BENCH_SECTOR || i->alignment_offset)
		return lib_fail(ctx, -EINVAL,
				"%s has blocks of more than 4096 bytes or is misaligned: no volume can be on it",
				i->path);
	ret = lib_signatures_probe(ctx, d);
	if (!ret)
		ret = lib_signatures_check(ctx, i, b->params->erase, b->params->erase_count);
	return ret ? ret : choose_part(b, i);
}

static int check(struct bench *b)
{
	bool dry_run = b->params->flags & LIBDMWARRANT_BENCH_DRY_RUN;
	struct lib_device d;
	int ret;

	ret = lib_device_open(b->run.ctx, b->params->device,
			      LIB_DEVICE_EXCLUSIVE | (dry_run ? 0 : LIB_DEVICE_WRITE), &d);
	if (!ret)
		ret = check_device(b, &d);
	if (!ret && !dry_run)
		ret = lib_dm_begin(b->run.ctx);
	if (!ret && !dry_run)
		ret = lib_signatures_erase(b->run.ctx, &d);
	lib_copy(b->result->device, sizeof(b->result->device), d.device.path);
	b->result->size = d.device.size;
	b->stacks.lun = d.st.st_rdev;
	lib_device_close(&d);
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

static int measure(struct bench *b, enum libdmwarrant_bench_stack stack, const char *path,
		   int flags)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC | flags), ret;
	off_t size;

	if (fd < 0)
		return lib_fail(b->run.ctx, -errno, "cannot open %s: %s", path, strerror(errno));
	size = lseek(fd, 0, SEEK_END);
	if (size < (off_t)b->result->area)
		ret = lib_fail(b->run.ctx, -ENOSPC, "%s is too small; choose a larger --size",
			       path);
	else
		ret = jobs_on(b, stack, path, fd);
	close(fd);
	return ret;
}

/* ---- all stacks ---- */

/* What cannot be had here is no error, but said. */
static int one_stack(struct bench *b, enum libdmwarrant_bench_stack stack)
{
	char *why = b->result->why_absent[stack];
	int ret, err;

	ret = lib_bench_stack_up(&b->stacks, stack);
	if (ret && stack != LIBDMWARRANT_BENCH_LINEAR) {
		lib_copy(why, sizeof(b->result->why_absent[stack]),
			 libdmwarrant_error(b->run.ctx));
		b->run.done += LIBDMWARRANT_BENCH_JOBS + 1;
		ret = lib_bench_tell(&b->run);
	} else if (!ret) {
		ret = measure(b, stack, b->stacks.mapping[b->stacks.count - 1].path, 0);
	}
	err = lib_bench_stack_down(&b->stacks, 1);
	return ret ? ret : err;
}

static int all_stacks(struct bench *b)
{
	int stack, ret;

	ret = measure(b, LIBDMWARRANT_BENCH_RAW, b->result->device, O_EXCL);
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
	int fd = open(b->result->device, O_RDWR | O_EXCL | O_CLOEXEC), ret = 0;
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
	int ret = lib_bench_stack_down(&b->stacks, 0);

	return ret ? ret : blank(b);
}

int libdmwarrant_bench_write(struct libdmwarrant *ctx,
			     const struct libdmwarrant_bench_params *params,
			     struct libdmwarrant_bench_lun *result)
{
	struct bench b = { .run.ctx = ctx, .params = params, .result = result, .stacks.ctx = ctx };
	char why[sizeof(ctx->error)];
	int ret = lib_bench_check(ctx, params, result), err;

	if (ret)
		return ret;
	memset(result, 0, sizeof(*result));
	result->version = LIBDMWARRANT_BENCH_VERSION;
	b.run.total = LIBDMWARRANT_BENCH_STACKS * (LIBDMWARRANT_BENCH_JOBS + 1);
	lib_progress_start(ctx);
	ret = check(&b);
	if (ret || (params->flags & LIBDMWARRANT_BENCH_DRY_RUN))
		return ret;
	b.stacks.part = result->part;
	ret = all_stacks(&b);
	lib_copy(why, sizeof(why), libdmwarrant_error(ctx));
	err = clean_up(&b);
	if (err)
		return err;
	return ret ? lib_fail(ctx, ret, "%s", why) : 0;
}
