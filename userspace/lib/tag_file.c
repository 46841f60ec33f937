// SPDX-License-Identifier: GPL-2.0-or-later
/* Files: where their blocks are, and giving them to a tag while they may be written to. */
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "lib_tag.h"

#define EXTENTS_AT_ONCE	256

/* A file that still changes after so many looks is being written without pause. */
#define PASSES_MAX	10

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC	0x58465342
#endif

/* ---- which files ---- */

/*
 * Only file systems that write a block's contents in place and say truly where that is. Others move
 * blocks on their own (f2fs), or their addresses are not the device's (btrfs).
 */
static bool is_known_type(int fd)
{
	struct statfs s;

	if (fstatfs(fd, &s))
		return false;
	return s.f_type == EXT4_SUPER_MAGIC || s.f_type == XFS_SUPER_MAGIC;
}

/** lib_file_check() - can this file's blocks be known, and are they all there is of it? */
int lib_file_check(struct libdmwarrant *ctx, int fd, const char *path)
{
	struct fsxattr x = { 0 };
	int flags = 0;

	if (!is_known_type(fd))
		return lib_fail(ctx, -EOPNOTSUPP,
				"%s is on a file system whose blocks do not stay where they are; use ext4 or xfs on the volume",
				path);
	/* What cannot be asked for is not there. */
	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags) && (flags & FS_JOURNAL_DATA_FL))
		return lib_fail(ctx, -EOPNOTSUPP,
				"%s has the attribute j (chattr), so the journal keeps copies of it under the default tag's key; take it away with chattr -j",
				path);
	if (!ioctl(fd, FS_IOC_FSGETXATTR, &x) && (x.fsx_xflags & FS_XFLAG_REALTIME))
		return lib_fail(ctx, -EOPNOTSUPP,
				"%s is on the realtime device of its file system, not on the volume's; copy it to an ordinary file",
				path);
	return 0;
}

/* ---- where the blocks are ---- */

struct mapping {
	struct libdmwarrant		*ctx;
	const char			*path;
	const struct lib_stack		*stack;
	u64				size;	/* of the file, rounded up */
	lib_blocks_fn			fn;
	void				*arg;
	unsigned int			blocks;	/* of the extent in hand */
};

static int refuse_extent(struct mapping *m, const char *what, const char *todo)
{
	return lib_fail(m->ctx, -EOPNOTSUPP, "%s %s; %s", m->path, what, todo);
}

/* Return: 0 = go on with it; 1 = leave it out; or a negative errno. */
static int judge_extent(struct mapping *m, const struct fiemap_extent *e)
{
	if (e->fe_flags & (FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL))
		return refuse_extent(m, "is so small that it is kept among the file system's own data",
				     "make the file system without inline_data");
	if (e->fe_flags & (FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN))
		/* Dirty again since it was written out: nothing of that is on the volume yet. */
		return 1;
	if (e->fe_flags & (FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_NOT_ALIGNED))
		return refuse_extent(m, "is stored in a form of the file system's own",
				     "turn off compression for it");
	return 0;
}

static int hand_on(void *arg, u64 start, u64 length)
{
	struct mapping *m = arg;

	return m->fn(m->arg, start, length, m->blocks);
}

static int map_extent(struct mapping *m, const struct fiemap_extent *e)
{
	int ret = judge_extent(m, e);

	if (ret)
		return ret > 0 ? 0 : ret;
	m->blocks = 0;
	if (e->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		m->blocks |= LIB_BLOCKS_PREALLOC;
	if (e->fe_flags & FIEMAP_EXTENT_SHARED)
		m->blocks |= LIB_BLOCKS_SHARED;
	if (e->fe_logical >= m->size)
		m->blocks |= LIB_BLOCKS_PAST_END;
	ret = lib_stack_map(m->stack, e->fe_physical, e->fe_length, hand_on, m);
	if (ret == -EXDEV)
		return lib_fail(m->ctx, ret, "%s has blocks that are not on the volume", m->path);
	if (ret == -EINVAL)
		return refuse_extent(m, "has blocks that are not whole sectors of 4096 bytes",
				     "make the file system with 4096-byte blocks, on an aligned partition");
	return ret;
}

/**
 * lib_file_map_range() - the sectors of a part of a file
 * @ctx:   context
 * @fd:    of the file
 * @path:  for errors
 * @stack: how its file system lies on the volume
 * @flags: LIB_MAP_...
 * @from:  first byte
 * @end:   byte behind the last
 * @fn:    called for each piece, in order of the file
 * @arg:   for @fn
 *
 * Return: 0; -EOPNOTSUPP; -EXDEV; errors of ioctl(2); or what @fn returned.
 */
int lib_file_map_range(struct libdmwarrant *ctx, int fd, const char *path,
		       const struct lib_stack *stack, unsigned int flags, u64 from, u64 end,
		       lib_blocks_fn fn, void *arg)
{
	struct mapping m = { .ctx = ctx, .path = path, .stack = stack, .fn = fn, .arg = arg };
	struct fiemap *f;
	struct fiemap_extent *e = NULL;
	struct stat st;
	int ret = 0;

	/* Another file system's addresses would be taken for somebody else's sectors. */
	if (fstat(fd, &st) || st.st_dev != stack->dev)
		return lib_fail(ctx, -EXDEV, "%s is not on the file system that was asked for",
				path);
	f = calloc(1, sizeof(*f) + EXTENTS_AT_ONCE * sizeof(*e));
	if (!f)
		return lib_fail(ctx, -ENOMEM, "out of memory");
	f->fm_flags = flags & LIB_MAP_NO_SYNC ? 0 : FIEMAP_FLAG_SYNC;
	m.size = ((u64)st.st_size + DMW_SECTOR_SIZE - 1) & ~(u64)(DMW_SECTOR_SIZE - 1);
	f->fm_start = from;
	while (!ret && f->fm_start < end) {
		f->fm_length = end - f->fm_start;
		f->fm_extent_count = EXTENTS_AT_ONCE;
		if (ioctl(fd, FS_IOC_FIEMAP, f)) {
			ret = lib_fail(ctx, -errno, "cannot find the blocks of %s: %s", path,
				       strerror(errno));
			break;
		}
		for (e = f->fm_extents; !ret && e < f->fm_extents + f->fm_mapped_extents; e++)
			ret = map_extent(&m, e);
		if (!f->fm_mapped_extents || (e[-1].fe_flags & FIEMAP_EXTENT_LAST))
			break;
		f->fm_start = e[-1].fe_logical + e[-1].fe_length;
		f->fm_flags = 0;
	}
	free(f);
	return ret;
}

/** lib_file_map() - the sectors of a whole file */
int lib_file_map(struct libdmwarrant *ctx, int fd, const char *path, const struct lib_stack *stack,
		 unsigned int flags, lib_blocks_fn fn, void *arg)
{
	return lib_file_map_range(ctx, fd, path, stack, flags, 0, FIEMAP_MAX_OFFSET, fn, arg);
}

/* ---- what is to be done for a file ---- */

struct file_todo {
	struct libdmwarrant		*ctx;
	const struct lib_tag_volume	*v;
	struct lib_todo			*t;
	u64				sectors;
	const char			*path;	/* NULL = shared blocks are nothing to object to */
};

/* Blocks that several files share may have the tag, but cannot be given one behind their backs. */
static int todo_blocks(void *arg, u64 start, u64 length, unsigned int blocks)
{
	struct file_todo *f = arg;
	u64 already = f->t->already;
	int ret;

	f->sectors += length;
	f->t->prealloc = blocks & LIB_BLOCKS_PREALLOC;
	ret = lib_todo_add(f->ctx, f->v, f->t, start, length);
	if (ret || !f->path || !(blocks & LIB_BLOCKS_SHARED) || f->t->already - already == length)
		return ret;
	return lib_fail(f->ctx, -EOPNOTSUPP,
			"%s shares blocks with another file (reflink) that have another tag; make a real copy first: cp --reflink=never",
			f->path);
}

/**
 * lib_file_todo() - which of a file's sectors have not the tag that they should have
 * @flags: LIB_MAP_...
 * @t:     states and tag set; receives the rest
 */
int lib_file_todo(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		  const struct lib_stack *stack, int fd, const char *path, unsigned int flags,
		  struct lib_todo *t)
{
	struct file_todo f = { .ctx = ctx, .v = v, .t = t };

	return lib_file_map(ctx, fd, path, stack, flags, todo_blocks, &f);
}

/* One look, and what it shows to be necessary. Return: 1 = nothing was; 0 = look again. */
static int one_pass(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		    const struct lib_stack *stack, const struct lib_tag_states *states, u32 tag,
		    int fd, const char *path, struct libdmwarrant_assign_result *r)
{
	struct lib_todo t = { .states = states, .tag = tag };
	struct file_todo f = { .ctx = ctx, .v = v, .t = &t, .path = path };
	int ret;

	ret = lib_file_map(ctx, fd, path, stack, 0, todo_blocks, &f);
	if (!ret)
		ret = lib_todo_barred(ctx, &t, path);
	if (!ret && !r->passes++)
		r->already = t.already;
	r->sectors = f.sectors;
	r->residue = t.residue;
	if (!ret && !t.runs.count)
		ret = 1;
	else if (!ret)
		ret = lib_todo_run(ctx, v, &t, &r->moved);
	lib_todo_free(&t);
	return ret;
}

/**
 * lib_file_assign() - give a file's blocks to a tag
 * @ctx:    context
 * @v:      volume
 * @stack:  how the file's file system lies on it
 * @states: of all tags
 * @tag:    number
 * @fd:     of the file
 * @path:   for errors
 * @r:      receives what was done
 *
 * The file may be written to, grow or shrink meanwhile, so it is looked at again until nothing is
 * left to do. A block that it gives up between a look and the assignment keeps the tag: as if it
 * had given it up a moment later.
 */
int lib_file_assign(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		    const struct lib_stack *stack, const struct lib_tag_states *states, u32 tag,
		    int fd, const char *path, struct libdmwarrant_assign_result *r)
{
	unsigned int i;
	int ret = lib_tag_assign_target(ctx, v, states, tag);

	for (i = 0; i < PASSES_MAX && !ret; i++)
		ret = one_pass(ctx, v, stack, states, tag, fd, path, r);
	if (ret)
		return ret > 0 ? 0 : ret;
	return lib_fail(ctx, -EAGAIN,
			"%s is being written so fast that it was never all of tag %u; assign it again when it is finished",
			path, tag);
}


static int stop_past_end(void *arg, u64 start, u64 length, unsigned int blocks)
{
	(void)arg;
	(void)start;
	(void)length;
	return blocks & LIB_BLOCKS_PAST_END ? 1 : 0;
}

/** lib_file_has_tail() - is anything allocated behind the file's end? Return: 1, 0 or an errno */
int lib_file_has_tail(struct libdmwarrant *ctx, int fd, const char *path,
		      const struct lib_stack *stack)
{
	return lib_file_map(ctx, fd, path, stack, 0, stop_past_end, NULL);
}

static int add_tail(void *arg, u64 start, u64 length, unsigned int blocks)
{
	struct file_todo *f = arg;

	if (!(blocks & LIB_BLOCKS_PAST_END))
		return 0;
	f->t->prealloc = true;
	return lib_todo_add(f->ctx, f->v, f->t, start, length);
}

/* What is given up must not take the tag along to whoever gets it next. */
static int untag_tail(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		      const struct lib_stack *stack, const struct lib_tag_states *states, int fd,
		      const char *path)
{
	struct lib_todo t = { .states = states, .tag = DMW_TAG_DEFAULT };
	struct file_todo f = { .ctx = ctx, .v = v, .t = &t };
	u64 moved = 0;
	int ret;

	ret = lib_file_map(ctx, fd, path, stack, 0, add_tail, &f);
	if (!ret)
		ret = lib_todo_run(ctx, v, &t, &moved);
	lib_todo_free(&t);
	return ret;
}

static int cut_to_size(int fd)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(fd, &st) || ftruncate(fd, st.st_size))
		return -errno;
	times[0].tv_nsec = UTIME_OMIT;
	times[1] = st.st_mtim;
	return futimens(fd, times) ? -errno : 0;
}

/**
 * lib_file_trim() - give up what was allocated behind a file's end
 * @fd: open for writing, the only descriptor of the file that there is
 *
 * Cutting a file to the length that it has frees it. A write in between would be cut off, so a lease
 * must first assure that nobody else has the file open; who opens it meanwhile waits. The time of
 * its last change is evidence, and is put back.
 * Return: 0; -EAGAIN others have it open; errors of fcntl(2), ftruncate(2), and the kernel module.
 */
int lib_file_trim(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		  const struct lib_stack *stack, const struct lib_tag_states *states, int fd,
		  const char *path)
{
	int ret;

	/* Who waits is announced by a signal: by one that is ignored, and not by SIGIO. */
	if (fcntl(fd, F_SETSIG, SIGURG) || fcntl(fd, F_SETLEASE, F_WRLCK)) {
		ret = errno == EBUSY || errno == EAGAIN ? -EAGAIN : -errno;
		return lib_fail(ctx, ret, "cannot have %s for a moment: %s", path, strerror(-ret));
	}
	ret = untag_tail(ctx, v, stack, states, fd, path);
	if (!ret)
		ret = cut_to_size(fd);
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return ret;
}

/* ---- one file, by path ---- */

struct file {
	struct lib_tag_volume	v;
	struct lib_stack	stack;
	struct lib_tag_states	states;
	const char		*path;
	int			fd;
	bool			is_directory;
};

static void close_file(struct file *f)
{
	lib_tag_states_free(&f->states);
	lib_stack_free(&f->stack);
	if (f->fd >= 0)
		close(f->fd);
}

static int find_volume(struct libdmwarrant *ctx, const char *volume, dev_t dev, struct file *f)
{
	int ret;

	if (!volume)
		return lib_stack_volume(ctx, dev, f->path, &f->v, &f->stack);
	ret = lib_tag_volume(ctx, volume, &f->v);
	return ret ? ret : lib_stack_find(ctx, dev, &f->v, &f->stack);
}

static int open_file(struct libdmwarrant *ctx, const char *volume, const char *path,
		     struct file *f)
{
	struct stat st;
	int ret;

	/* O_NONBLOCK: neither a FIFO nor somebody's lease may hold us up. */
	f->path = path;
	f->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st))
		return lib_fail(ctx, -errno, "cannot open %s: %s%s", path, strerror(errno),
				errno == ELOOP ? "; name the file that it leads to" : "");
	f->is_directory = S_ISDIR(st.st_mode);
	if (!f->is_directory && !S_ISREG(st.st_mode))
		return lib_fail(ctx, -EINVAL, "%s is neither a regular file nor a directory", path);
	ret = find_volume(ctx, volume, st.st_dev, f);
	if (!ret)
		ret = lib_tag_refuse_read_only(ctx, &f->v);
	if (!ret)
		ret = lib_mount_usable(ctx, st.st_dev, path);
	if (!ret)
		ret = lib_file_check(ctx, f->fd, path);
	return ret ? ret : lib_tag_states(ctx, &f->v, &f->states);
}

static int try_assign(struct libdmwarrant *ctx, struct file *f, u32 tag,
		      struct libdmwarrant_assign_result *r)
{
	struct lib_todo t = { .states = &f->states, .tag = tag };
	struct file_todo ft = { .ctx = ctx, .v = &f->v, .t = &t, .path = f->path };
	int ret = lib_tag_assign_target(ctx, &f->v, &f->states, tag);

	if (!ret && !f->is_directory)
		ret = lib_file_map(ctx, f->fd, f->path, &f->stack, 0, todo_blocks, &ft);
	if (!ret)
		ret = lib_todo_barred(ctx, &t, f->path);
	r->passes = 1;
	r->sectors = ft.sectors;
	r->already = t.already;
	r->moved = t.written;
	r->residue = t.residue;
	lib_todo_free(&t);
	return ret;
}

static int set_attribute(struct libdmwarrant *ctx, struct file *f, u32 tag)
{
	int ret = lib_attr_set(f->fd, f->v.uuid, tag);

	if (!ret && fsync(f->fd))
		ret = -errno;
	return ret ? lib_fail(ctx, ret,
			      "cannot set the attribute " LIBDMWARRANT_TAG_XATTR " of %s: %s%s",
			      f->path, strerror(-ret),
			      ret == -EPERM ? "; it is immutable (lsattr), or you are not root" : "")
	       : 0;
}

int libdmwarrant_tag_assign_file(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
				 const char *path, uint32_t flags,
				 struct libdmwarrant_assign_result *result)
{
	struct file f = { .fd = -1 };
	int ret;

	if (result->version != LIBDMWARRANT_ASSIGN_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_ASSIGN_VERSION);
	lib_progress_start(ctx);
	ret = open_file(ctx, volume, path, &f);
	if (!ret)
		ret = try_assign(ctx, &f, tag, result);
	if (!ret && !(flags & LIBDMWARRANT_ASSIGN_DRY_RUN)) {
		memset(result, 0, sizeof(*result));
		result->version = LIBDMWARRANT_ASSIGN_VERSION;
		ret = set_attribute(ctx, &f, tag);
		if (!ret && !f.is_directory)
			ret = lib_file_assign(ctx, &f.v, &f.stack, &f.states, tag, f.fd, path,
					      result);
	}
	close_file(&f);
	return ret;
}
