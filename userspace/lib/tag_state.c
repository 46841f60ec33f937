// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Freezing, restricting and shredding a tag, and the file systems on the volume with it.
 *
 * The kernel refuses writes to a frozen sector, whoever asks. A file system must never come to that:
 * what it has in memory for such a sector would be lost, and for a block of its own it would give up
 * altogether. So first the tag's files, and nothing else, must have its sectors; then they are made
 * immutable, cut to their size, written out; and only then the kernel is told.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib_tag.h"

/* A file of the tag that nobody can open for writing. */
struct lease {
	int	fd;
	char	*path;
};

struct state_change {
	struct libdmwarrant			*ctx;
	struct lib_tag_volume			v;
	u32					tag;
	u32					state;
	struct lib_mounts			mounts;
	const struct lib_mount			*mount;		/* in hand */
	struct libdmwarrant_tag_state_result	*result;
	bool					dry_run;
	bool					read_only;	/* the mount in hand */
	char					**made;		/* paths that were, or are to be, changed */
	size_t					made_count;
	struct lib_runs				sectors;	/* that the tag has, anywhere */
	struct lease				*leases;
	size_t					lease_count;
	struct rlimit				files;		/* open ones, as the caller had it */
	u64					problems;
	char					problem[256];
};

/* ---- is it allowed? ---- */

static int check_change(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag,
			u32 state)
{
	struct libdmwarrant_tag t;
	int ret;

	if (tag == DMW_TAG_DEFAULT)
		return lib_fail(ctx, -EPERM,
				"the default tag holds the file system itself and cannot be frozen; give the recordings a tag of their own");
	if (state == LIBDMWARRANT_TAG_SHREDDED)
		return lib_fail(ctx, -EPERM,
				"a tag is shredded by order, with the consent of the officers, and in no other way");
	ret = lib_tag_show(ctx, v, tag, &t);
	if (ret)
		return ret;
	if (t.state == state)
		return lib_fail(ctx, -EEXIST, "tag %u of %s is %s already", tag, v->name,
				libdmwarrant_tag_state_name(t.state));
	if (t.state == LIBDMWARRANT_TAG_SHREDDED)
		return lib_fail(ctx, -EPERM, "tag %u of %s is shredded", tag, v->name);
	if (state == LIBDMWARRANT_TAG_FROZEN || state == LIBDMWARRANT_TAG_RESTRICTED)
		if (t.state < state)
			return 0;
	return lib_fail(ctx, -EPERM,
			"tag %u of %s is %s: the way back needs the consent of two officers, which this version cannot take",
			tag, v->name, libdmwarrant_tag_state_name(t.state));
}

/* ---- files of the tag ---- */

static int is_of_tag(const struct state_change *s, int fd)
{
	u8 uuid[DMW_UUID_SIZE];
	u32 tag;

	return !lib_attr_get(fd, uuid, &tag) && tag == s->tag &&
	       !memcmp(uuid, s->v.uuid, DMW_UUID_SIZE);
}

/* ---- all mounts ---- */

static bool is_read_only(const char *point)
{
	return access(point, W_OK) && errno == EROFS;
}

static int each_mount(struct state_change *s, lib_walk_fn fn)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < s->mounts.count && !ret; i++) {
		s->mount = &s->mounts.mounts[i];
		s->read_only = is_read_only(s->mount->point);
		ret = lib_walk(s->ctx, s->mount, NULL, fn, s);
	}
	return ret;
}

/* ---- which sectors has it? ---- */

static int add_sectors(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct state_change *s = arg;

	return e->tag == s->tag ? lib_runs_add(&s->sectors, e->start, e->length) : 0;
}

static int find_sectors(struct state_change *s)
{
	int ret;

	s->sectors.count = 0;
	ret = lib_tag_extents(s->ctx, &s->v, 0, s->v.sectors, add_sectors, s);
	return ret == -ENOMEM ? lib_fail(s->ctx, ret, "out of memory") : ret;
}

/* ---- has it its files, and only they it? ---- */

static void add_problem(struct state_change *s, const char *path, const char *text, u64 start,
			u64 length)
{
	if (!s->problems++)
		snprintf(s->problem, sizeof(s->problem), "%s%s%s, sectors %llu to %llu",
			 path ? path : "", path ? ": " : "", text, (unsigned long long)start,
			 (unsigned long long)(start + length));
}

/*
 * Findings tell whether the tag's files have its blocks, and which blocks are no file's. Of another
 * file a finding names one tag only, and there is none for one whose attribute cannot be judged:
 * judge_owner() looks at the sectors of those.
 */
static int take_problem(void *arg, const struct libdmwarrant_tag_finding *f)
{
	struct state_change *s = arg;

	if (f->path ? f->expected == s->tag && f->fault != LIBDMWARRANT_FAULT_FOREIGN :
		      f->found == s->tag)
		add_problem(s, f->path, f->text, f->start, f->length);
	return 0;
}

struct owner {
	struct state_change	*s;
	u64			first;	/* sector of the tag that it has */
	u64			count;
};

static int count_sectors(void *arg, u64 start, u64 length, unsigned int blocks)
{
	struct owner *o = arg;
	const struct lib_runs *r = &o->s->sectors;
	u64 first, end = start + length;
	size_t i;

	(void)blocks;
	for (i = lib_runs_after(r, start); i < r->count && r->runs[i].start < end; i++) {
		first = max(start, r->runs[i].start);
		if (!o->count)
			o->first = first;
		o->count += min(end, r->runs[i].start + r->runs[i].length) - first;
	}
	return 0;
}

/* Whatever else a file states: when it has a sector of the tag, it would lose what is in it. */
static int judge_owner(void *arg, int fd, const char *path, const struct stat *st)
{
	struct state_change *s = arg;
	struct owner o = { .s = s };
	int ret;

	(void)st;
	if (is_of_tag(s, fd))
		return 0;
	ret = lib_file_map(s->ctx, fd, path, &s->mount->stack, LIB_MAP_NO_SYNC, count_sectors, &o);
	if (o.count)
		add_problem(s, path, "blocks of the tag, which the file does not state", o.first,
			    o.count);
	/* Kept among the file system's own data; blocks that it has all the same are nobody's. */
	return ret == -EOPNOTSUPP ? 0 : ret;
}

static int check_files(struct state_change *s)
{
	struct libdmwarrant_tag_check_params p = {
		.version = LIBDMWARRANT_TAG_CHECK_VERSION, .finding = take_problem, .arg = s,
	};
	struct libdmwarrant_tag_check_result r = { .version = LIBDMWARRANT_TAG_CHECK_VERSION };
	int ret = lib_tag_check(s->ctx, &s->v, &p, &r);

	/* What is wrong with other tags is not in the way. */
	if (ret && ret != -EUCLEAN)
		return ret;
	ret = find_sectors(s);
	if (!ret)
		ret = each_mount(s, judge_owner);
	if (ret || !s->problems)
		return ret;
	return lib_fail(s->ctx, -EBUSY,
			"%llu places of %s disagree about tag %u (%s); put them right first: warrantctl tag check --repair --move-free %s, or tag assign --file for a file with a wrong attribute",
			(unsigned long long)s->problems, s->v.name, s->tag, s->problem, s->v.name);
}

static int check_unmounted(struct state_change *s)
{
	struct libdmwarrant_device d = { .version = LIBDMWARRANT_DEVICE_VERSION };
	char path[16 + LIBDMWARRANT_NAME_SIZE];
	int ret;

	snprintf(path, sizeof(path), "/dev/mapper/%s", s->v.name);
	ret = libdmwarrant_device_probe(s->ctx, path, &d);
	if (ret)
		return ret;
	if (!d.signature_count)
		return 0;
	return lib_fail(s->ctx, -EBUSY,
			"%s carries %s that is not mounted, so nobody knows whether its own blocks are among those of tag %u; mount it first",
			path, d.signatures[0].type, s->tag);
}

/* Whole sectors of the volume that the mounted file systems lie on. */
static int add_mounted(const struct lib_mounts *m, struct lib_runs *mounted)
{
	const struct lib_segment *g;
	u64 first, end;
	size_t i;
	int ret = 0;

	for (i = 0; i < m->count; i++) {
		for (g = m->mounts[i].stack.segments;
		     g < m->mounts[i].stack.segments + m->mounts[i].stack.count && !ret; g++) {
			first = (g->to + DMW_SECTOR_SIZE - 1) >> DMW_SECTOR_SHIFT;
			end = (g->to + g->length) >> DMW_SECTOR_SHIFT;
			if (first < end)
				ret = lib_runs_add(mounted, first, end - first);
		}
	}
	lib_runs_sort(mounted);
	return ret;
}

static int refuse_outside(struct state_change *s, const struct lib_runs *outside)
{
	if (!outside->count)
		return 0;
	return lib_fail(s->ctx, -EBUSY,
			"%llu sectors of tag %u, from %llu on, are on none of the file systems of %s that are mounted, so nobody knows whose they are; mount the others, or say --unmounted if no file system uses them",
			(unsigned long long)lib_runs_sum(outside), s->tag,
			(unsigned long long)outside->runs[0].start, s->v.name);
}

/* One file system is mounted: another, on another partition, may have sectors of the tag. */
static int check_outside(struct state_change *s)
{
	struct lib_runs mounted = { 0 }, outside = { 0 };
	size_t i;
	int ret = find_sectors(s);

	if (ret)
		return ret;
	ret = add_mounted(&s->mounts, &mounted);
	for (i = 0; i < s->sectors.count && !ret; i++)
		ret = lib_runs_subtract(&mounted, s->sectors.runs[i].start,
					s->sectors.runs[i].length, &outside);
	ret = ret ? lib_fail(s->ctx, ret, "out of memory") : refuse_outside(s, &outside);
	lib_runs_free(&mounted);
	lib_runs_free(&outside);
	return ret;
}

/* ---- files to be remembered ---- */

static int remember(struct state_change *s, const char *path)
{
	char **more = reallocarray(s->made, s->made_count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->made = more;
	more[s->made_count] = strdup(path);
	if (!more[s->made_count])
		return -ENOMEM;
	s->made_count++;
	return 0;
}

/* ---- trimming ---- */

/*
 * What lies behind the end would be given back to the file system some day, frozen. Trimming needs
 * the file for itself, so that waits until the walk has closed it.
 */
static int collect_tail(void *arg, int fd, const char *path, const struct stat *st)
{
	struct state_change *s = arg;
	int ret;

	(void)st;
	if (!is_of_tag(s, fd) || s->dry_run || s->read_only)
		return 0;
	ret = lib_file_has_tail(s->ctx, fd, path, &s->mount->stack);
	return ret > 0 ? remember(s, path) : ret;
}

/* Only with the file system that it is on does a path lead to blocks of the volume. */
static const struct lib_stack *stack_of(const struct state_change *s, int fd)
{
	struct stat st;
	size_t i;

	for (i = 0; !fstat(fd, &st) && i < s->mounts.count; i++)
		if (s->mounts.mounts[i].dev == st.st_dev && is_of_tag(s, fd))
			return &s->mounts.mounts[i].stack;
	return NULL;
}

static int trim(struct state_change *s, const struct lib_tag_states *states, const char *path)
{
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int ret = fd < 0 ? -errno : 0;
	const struct lib_stack *stack = ret ? NULL : stack_of(s, fd);

	if (!ret)
		ret = stack ? lib_file_trim(s->ctx, &s->v, stack, states, fd, path) : -ENOENT;
	if (fd >= 0)
		close(fd);
	if (ret == -EAGAIN)
		return lib_fail(s->ctx, -EBUSY,
				"%s is open in some program, and has space behind its end that must be freed first; close it",
				path);
	return ret ? lib_fail(s->ctx, ret, "cannot free the space behind the end of %s: %s", path,
			      strerror(-ret)) : 0;
}

static void forget(struct state_change *s)
{
	while (s->made_count)
		free(s->made[--s->made_count]);
}

static int trim_all(struct state_change *s)
{
	struct lib_tag_states states;
	int ret = lib_tag_states(s->ctx, &s->v, &states);
	size_t i;

	if (!ret)
		ret = each_mount(s, collect_tail);
	for (i = 0; i < s->made_count && !ret; i++)
		ret = trim(s, &states, s->made[i]);
	forget(s);
	lib_tag_states_free(&states);
	return ret;
}

/* ---- leases ---- */

/*
 * Immutable keeps a file from being opened for writing. Who has it open already may go on: ext4
 * asks at each write, xfs does not, and what it takes into the page cache could never be written
 * out. A read lease is refused while there is such a descriptor or mapping; and when one that was
 * being opened just then comes later, it breaks the lease. So all are kept until the kernel refuses
 * writes.
 */

/* There is one descriptor for each file of the tag, which may be more than the usual 1024. */
static void allow_many_files(struct state_change *s)
{
	struct rlimit many;

	if (getrlimit(RLIMIT_NOFILE, &s->files))
		return;
	many = s->files;
	many.rlim_cur = many.rlim_max;
	setrlimit(RLIMIT_NOFILE, &many);
}

static struct lease *add_lease(struct state_change *s, const char *path)
{
	struct lease *more, *l;

	/* Doubled whenever it is full: full = a power of two. */
	if (!(s->lease_count & (s->lease_count - 1))) {
		more = reallocarray(s->leases, s->lease_count ? 2 * s->lease_count : 1,
				    sizeof(*more));
		if (!more)
			return NULL;
		s->leases = more;
	}
	l = &s->leases[s->lease_count];
	l->fd = -1;
	l->path = strdup(path);
	if (!l->path)
		return NULL;
	s->lease_count++;
	return l;
}

static int refuse_writer(struct state_change *s, const char *path)
{
	return lib_fail(s->ctx, -EBUSY,
			"%s is open for writing in some program, and what that writes would be lost; close it",
			path);
}

/* The walk closes @fd: the lease is its copy's as well. */
static int take_lease(struct state_change *s, int fd, const char *path)
{
	struct lease *l = add_lease(s, path);

	if (!l)
		return lib_fail(s->ctx, -ENOMEM, "out of memory");
	l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (l->fd < 0 && errno == EMFILE)
		return lib_fail(s->ctx, -EMFILE,
				"the tag has more files than may be open at once; raise the limit: ulimit -Hn");
	/* Who breaks it is announced by a signal: by one that is ignored, and not by SIGIO. */
	if (l->fd >= 0 && !fcntl(l->fd, F_SETSIG, SIGURG) && !fcntl(l->fd, F_SETLEASE, F_RDLCK))
		return 0;
	if (errno == EAGAIN)
		return refuse_writer(s, path);
	return lib_fail(s->ctx, -errno, "cannot find out whether somebody writes to %s: %s", path,
			strerror(errno));
}

static int check_leases(struct state_change *s)
{
	size_t i;

	for (i = 0; i < s->lease_count; i++)
		if (fcntl(s->leases[i].fd, F_GETLEASE) != F_RDLCK)
			return refuse_writer(s, s->leases[i].path);
	return 0;
}

static void drop_leases(struct state_change *s)
{
	struct lease *l;

	while (s->lease_count) {
		l = &s->leases[--s->lease_count];
		if (l->fd >= 0) {
			fcntl(l->fd, F_SETLEASE, F_UNLCK);
			close(l->fd);
		}
		free(l->path);
	}
	free(s->leases);
	s->leases = NULL;
	if (s->files.rlim_max)
		setrlimit(RLIMIT_NOFILE, &s->files);
}

/* ---- immutable ---- */

static int make_immutable(struct state_change *s, int fd, const char *path)
{
	int flags, ret = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return -errno;
	if (!(flags & FS_IMMUTABLE_FL)) {
		ret = remember(s, path);
		flags |= FS_IMMUTABLE_FL;
		if (!ret && ioctl(fd, FS_IOC_SETFLAGS, &flags))
			ret = -errno;
	}
	if (!ret)
		s->result->immutable++;
	return ret;
}

static int close_file(void *arg, int fd, const char *path, const struct stat *st)
{
	struct state_change *s = arg;
	int ret = 0;

	(void)st;
	if (!is_of_tag(s, fd))
		return 0;
	s->result->files++;
	if (s->dry_run || s->read_only)
		return 0;
	ret = make_immutable(s, fd, path);
	if (!ret) {
		ret = take_lease(s, fd, path);
		if (ret)
			return ret;
		ret = fsync(fd) ? -errno : 0;
	}
	return ret ? lib_fail(s->ctx, ret, "cannot make %s immutable: %s; nothing was changed", path,
			      strerror(-ret)) : 0;
}

static void reopen_files(struct state_change *s)
{
	int fd, flags;
	size_t i;

	for (i = 0; i < s->made_count; i++) {
		fd = open(s->made[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_of_tag(s, fd) && !ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
			flags &= ~FS_IMMUTABLE_FL;
			ioctl(fd, FS_IOC_SETFLAGS, &flags);
		}
		close(fd);
	}
}

static int drop_pages(void *arg, int fd, const char *path, const struct stat *st)
{
	struct state_change *s = arg;

	(void)path;
	(void)st;
	if (is_of_tag(s, fd))
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* ---- all of it ---- */

static int tell_kernel(struct state_change *s)
{
	char *reply;
	int ret = lib_dm_ask(s->ctx, s->v.name, &reply, "tag_state %u %s", s->tag,
			     libdmwarrant_tag_state_name(s->state));

	free(reply);
	return ret;
}

static int close_and_tell(struct state_change *s)
{
	int ret;

	allow_many_files(s);
	ret = each_mount(s, close_file);
	/* Written to until just now: once more, since nobody can write any longer. */
	if (!ret && s->mounts.count && !s->dry_run)
		ret = check_files(s);
	if (!ret)
		ret = check_leases(s);
	if (!ret && !s->dry_run)
		ret = tell_kernel(s);
	drop_leases(s);
	return ret;
}

static int change(struct state_change *s)
{
	int ret = trim_all(s);

	if (!ret)
		ret = close_and_tell(s);
	if (s->dry_run)
		return ret;
	if (ret) {
		reopen_files(s);
		return ret;
	}
	return s->state >= LIBDMWARRANT_TAG_RESTRICTED ? each_mount(s, drop_pages) : 0;
}

/**
 * lib_tag_close() - make a tag stricter, its files first
 * @ctx:    context
 * @v:      volume
 * @tag:    number; it may have that state
 * @state:  enum libdmwarrant_tag_state
 * @flags:  LIBDMWARRANT_TAG_STATE_...
 * @result: see libdmwarrant_tag_set_state()
 */
int lib_tag_close(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag, u32 state,
		  u32 flags, struct libdmwarrant_tag_state_result *result)
{
	struct state_change s = {
		.ctx = ctx, .v = *v, .tag = tag, .state = state, .result = result,
		.dry_run = flags & LIBDMWARRANT_TAG_STATE_DRY_RUN,
	};
	int ret = lib_mounts(ctx, &s.v, &s.mounts);

	if (ret)
		return ret;
	result->mounts = s.mounts.count;
	if (!(flags & LIBDMWARRANT_TAG_STATE_UNMOUNTED))
		ret = s.mounts.count ? check_outside(&s) : check_unmounted(&s);
	if (!ret && s.mounts.count)
		ret = check_files(&s);
	if (!ret)
		ret = change(&s);
	lib_mounts_free(&s.mounts);
	lib_runs_free(&s.sectors);
	forget(&s);
	free(s.made);
	return ret;
}

int libdmwarrant_tag_set_state(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
			       enum libdmwarrant_tag_state state, uint32_t flags,
			       struct libdmwarrant_tag_state_result *result)
{
	struct lib_tag_volume v;
	int ret;

	if (result->version != LIBDMWARRANT_TAG_STATE_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_TAG_STATE_VERSION);
	ret = lib_tag_volume(ctx, volume, &v);
	if (!ret)
		ret = lib_tag_refuse_read_only(ctx, &v);
	if (!ret)
		ret = check_change(ctx, &v, tag, state);
	return ret ? ret : lib_tag_close(ctx, &v, tag, state, flags, result);
}
