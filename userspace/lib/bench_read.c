// SPDX-License-Identifier: GPL-2.0-or-later
/* A LUN, and the volume that is open on it, read only. */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench.h"

/**
 * struct target - what is read
 * @path: of it
 * @fd:   opened for reading only; -1 = there is no such
 * @st:   of @fd
 * @size: bytes
 */
struct target {
	char		path[256];
	int		fd;
	struct stat	st;
	u64		size;
};

struct bench {
	struct lib_bench_run		run;
	struct target			lun;
	struct target			volume;
	struct libdmwarrant_bench_lun	*result;
};

/* ---- which ---- */

static int find_lun(void *arg, const struct lib_mapping *m)
{
	struct bench *b = arg;
	unsigned int maj, min;
	dev_t dev = b->lun.st.st_rdev;

	if (sscanf(m->lun, "%u:%u", &maj, &min) != 2)
		return 0;
	if (dev != makedev(maj, min) && dev != makedev(m->major, m->minor))
		return 0;
	lib_copy(b->result->volume, sizeof(b->result->volume), m->name);
	/* The volume's node was named: its LUN is what lies below. */
	if (dev == makedev(m->major, m->minor))
		lib_sysfs_device_path(makedev(maj, min), b->lun.path, sizeof(b->lun.path));
	return 1;
}

static int find_by_path(struct libdmwarrant *ctx, const char *path, struct bench *b)
{
	char *real;

	if (stat(path, &b->lun.st))
		return lib_fail(ctx, -errno, "cannot open %s: %s", path, strerror(errno));
	real = realpath(path, NULL);
	lib_copy(b->lun.path, sizeof(b->lun.path), real ? real : path);
	free(real);
	/* Who may not ask device-mapper can still read a LUN, or an image of one. */
	if (!S_ISBLK(b->lun.st.st_mode) || geteuid() ||
	    access("/sys/class/misc/device-mapper", F_OK))
		return 0;
	return min(lib_dm_each(ctx, find_lun, b), 0);
}

static int find_by_name(struct libdmwarrant *ctx, const char *name, struct bench *b)
{
	unsigned int maj, min;
	struct lib_mapping m;
	int ret = lib_dm_begin(ctx);

	if (!ret)
		ret = lib_dm_find(ctx, name, &m);
	if (ret)
		return ret;
	lib_copy(b->result->volume, sizeof(b->result->volume), m.name);
	if (sscanf(m.lun, "%u:%u", &maj, &min) != 2 ||
	    lib_sysfs_device_path(makedev(maj, min), b->lun.path, sizeof(b->lun.path)))
		return lib_fail(ctx, -ENODEV, "%s has a LUN, %s, that has no name here", name,
				m.lun);
	return 0;
}

static int find(struct libdmwarrant *ctx, const char *device, struct bench *b)
{
	int ret = strchr(device, '/') ? find_by_path(ctx, device, b) :
		  find_by_name(ctx, device, b);

	if (!ret && b->result->volume[0])
		snprintf(b->volume.path, sizeof(b->volume.path), "/dev/mapper/%s",
			 b->result->volume);
	return ret;
}

/* ---- opening ---- */

static int open_target(struct libdmwarrant *ctx, struct target *t)
{
	char map[256];
	dev_t dev;
	off_t end;

	if (!stat(t->path, &t->st) && !S_ISBLK(t->st.st_mode) && !S_ISREG(t->st.st_mode))
		return lib_fail(ctx, -ENOTBLK,
				"%s is neither a block device nor an image file; name the LUN",
				t->path);
	t->fd = open(t->path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOCTTY);
	if (t->fd < 0 && errno == EINVAL)
		return lib_fail(ctx, -EINVAL, "%s cannot be read past the page cache; name the LUN",
				t->path);
	if (t->fd < 0 || fstat(t->fd, &t->st))
		return lib_fail(ctx, -errno, "cannot open %s: %s", t->path, strerror(errno));
	if (S_ISBLK(t->st.st_mode) && lib_sysfs_is_path(t->st.st_rdev, &dev)) {
		if (lib_sysfs_device_path(dev, map, sizeof(map)))
			lib_copy(map, sizeof(map), "the multipath device");
		return lib_fail(ctx, -EBUSY, "%s is one path of several to its LUN; name %s",
				t->path, map);
	}
	end = lseek(t->fd, 0, SEEK_END);
	if (end < 0)
		return lib_fail(ctx, -errno, "cannot query %s: %s", t->path, strerror(errno));
	t->size = end;
	return 0;
}

static int open_both(struct libdmwarrant *ctx, struct bench *b)
{
	struct libdmwarrant_bench_lun *r = b->result;
	struct target *user = r->volume[0] ? &b->volume : &b->lun;
	int ret = open_target(ctx, &b->lun);

	if (!ret && r->volume[0])
		ret = open_target(ctx, &b->volume);
	if (ret)
		return ret;
	lib_device_use(user->path, &user->st, r->in_use, sizeof(r->in_use));
	lib_copy(r->device, sizeof(r->device), b->lun.path);
	r->size = b->lun.size;
	return 0;
}

/* The same part of both. */
static int choose_area(struct libdmwarrant *ctx, u64 wanted, struct bench *b)
{
	u64 size = b->volume.fd >= 0 ? min(b->lun.size, b->volume.size) : b->lun.size;
	u64 area = wanted ? wanted : size / BENCH_MIB * BENCH_MIB;

	if (!area)
		return lib_fail(ctx, -ENOSPC, "%s is smaller than 1 MiB", b->lun.path);
	if (area > size)
		return lib_fail(ctx, -ENOSPC, "%s has %llu MiB, fewer than --size",
				b->lun.path, (unsigned long long)(size / BENCH_MIB));
	b->result->area = area;
	b->result->part = area;
	return 0;
}

/* ---- reading ---- */

static int one(struct bench *b, u32 time_ms, unsigned int job, enum libdmwarrant_bench_stack stack)
{
	struct target *t = stack == LIBDMWARRANT_BENCH_RAW ? &b->lun : &b->volume;
	dev_t lun = S_ISBLK(b->lun.st.st_mode) ? b->lun.st.st_rdev : 0;
	const struct libdmwarrant_bench_job *j = libdmwarrant_bench_job(job);
	struct libdmwarrant_bench_cell *cell = &b->result->cell[stack][job];
	struct lib_bench_count before;
	int ret;

	lib_bench_step(&b->run, stack, j->name);
	lib_bench_count(lun, &before);
	ret = lib_bench_io(&b->run, t->path, t->fd, b->result->area, time_ms, j, cell);
	lib_bench_counted(lun, &before, cell);
	if (cell->lun_read_bytes)
		b->result->flags |= LIBDMWARRANT_BENCH_COUNTED;
	return ret;
}

static bool is_reading(unsigned int job)
{
	const struct libdmwarrant_bench_job *j = libdmwarrant_bench_job(job);

	return j && !(j->flags & LIBDMWARRANT_BENCH_WRITES);
}

static int read_all(struct bench *b, u32 time_ms)
{
	bool both = b->volume.fd >= 0;
	unsigned int job;
	int ret = 0;

	for (job = 0; is_reading(job); job++)
		b->run.total += both ? 2 : 1;
	lib_progress_start(b->run.ctx);
	/* One job on both before the next: whatever else the array does meanwhile meets both. */
	for (job = 0; is_reading(job) && !ret; job++) {
		ret = one(b, time_ms, job, LIBDMWARRANT_BENCH_RAW);
		if (!ret && both)
			ret = one(b, time_ms, job, LIBDMWARRANT_BENCH_WARRANT);
	}
	return ret;
}

/* ---- all of it ---- */

static void say_what_is_absent(struct libdmwarrant_bench_lun *r)
{
	int i;

	for (i = LIBDMWARRANT_BENCH_LINEAR; i < LIBDMWARRANT_BENCH_STACKS; i++)
		lib_copy(r->why_absent[i], sizeof(r->why_absent[i]), "not on this LUN");
	if (r->volume[0])
		r->why_absent[LIBDMWARRANT_BENCH_WARRANT][0] = 0;
}

int libdmwarrant_bench_read(struct libdmwarrant *ctx,
			    const struct libdmwarrant_bench_params *params,
			    struct libdmwarrant_bench_lun *result)
{
	struct bench b = { .run.ctx = ctx, .lun.fd = -1, .volume.fd = -1, .result = result };
	int ret = lib_bench_check(ctx, params, result);

	if (ret)
		return ret;
	memset(result, 0, sizeof(*result));
	result->version = LIBDMWARRANT_BENCH_VERSION;
	ret = find(ctx, params->device, &b);
	if (!ret)
		ret = open_both(ctx, &b);
	if (!ret)
		ret = choose_area(ctx, params->size, &b);
	say_what_is_absent(result);
	if (!ret && !(params->flags & LIBDMWARRANT_BENCH_DRY_RUN))
		ret = read_all(&b, params->time_ms);
	if (b.lun.fd >= 0)
		close(b.lun.fd);
	if (b.volume.fd >= 0)
		close(b.volume.fd);
	return ret;
}
