// SPDX-License-Identifier: GPL-2.0-or-later
/* File systems on a volume, and all regular files of one. */
#include <dirent.h>
#include <fcntl.h>
#include <libmount.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib_tag.h"

/* ---- mounts ---- */

static bool is_known(const struct lib_mounts *m, dev_t dev)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->mounts[i].dev == dev)
			return true;
	return false;
}

/* Does the descriptor or path lead to that very mount, not to one upon it? */
static bool is_mount(int fd, const char *path, dev_t dev, u64 id)
{
	struct statx x;

	return !statx(fd, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID,
		      &x) &&
	       (x.stx_mask & STATX_MNT_ID) && x.stx_mnt_id == id &&
	       makedev(x.stx_dev_major, x.stx_dev_minor) == dev;
}

static int add_mount(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		     struct lib_mounts *m, struct libmnt_fs *fs)
{
	dev_t dev = mnt_fs_get_devno(fs);
	const char *root = mnt_fs_get_root(fs), *point = mnt_fs_get_target(fs);
	struct lib_mount *more, *new;
	struct lib_stack stack;

	if (!root || strcmp(root, "/") || is_known(m, dev))
		return 0;
	/* What lies elsewhere, or behind encryption of its own, is not ours to look through. */
	if (lib_stack_find(ctx, dev, v, &stack))
		return 0;
	/* Something is mounted upon it; another mount may show it still. */
	if (!is_mount(AT_FDCWD, point, dev, mnt_fs_get_id(fs))) {
		lib_stack_free(&stack);
		return 0;
	}
	more = reallocarray(m->mounts, m->count + 1, sizeof(*more));
	if (more) {
		m->mounts = more;
		new = &more[m->count++];
		new->dev = dev;
		new->id = mnt_fs_get_id(fs);
		new->stack = stack;
		new->point = strdup(point);
		if (new->point)
			return 0;
	} else {
		lib_stack_free(&stack);
	}
	return lib_fail(ctx, -ENOMEM, "out of memory");
}

/* A file system whose files cannot be seen: all of its sectors would seem to be nobody's. */
static int refuse_hidden(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			 const struct lib_mounts *m, struct libmnt_fs *fs)
{
	dev_t dev = mnt_fs_get_devno(fs);
	struct lib_stack stack;

	if (is_known(m, dev) || lib_stack_find(ctx, dev, v, &stack))
		return 0;
	lib_stack_free(&stack);
	return lib_fail(ctx, -EBUSY,
			"the file system on volume %s that is mounted at %s cannot be seen whole: something is mounted over it, or only a part of it is mounted; unmount what covers it, or mount it at another place too",
			v->name, mnt_fs_get_target(fs));
}

/**
 * lib_mount_open() - open the root of a mount, and nothing that was mounted over it meanwhile
 *
 * Return: descriptor, or a negative errno.
 */
int lib_mount_open(struct libdmwarrant *ctx, const struct lib_mount *m)
{
	int fd = open(m->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot open %s: %s", m->point, strerror(errno));
	if (is_mount(fd, "", m->dev, m->id))
		return fd;
	close(fd);
	return lib_fail(ctx, -EBUSY,
			"something was mounted over %s, or it was unmounted, meanwhile; put that right and try again",
			m->point);
}

/**
 * lib_mounts() - file systems on a volume that are mounted with their root
 * @ctx: context
 * @v:   volume
 * @m:   receives them, perhaps none; lib_mounts_free() it
 */
int lib_mounts(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct lib_mounts *m)
{
	struct libmnt_table *tb = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *it = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs = NULL;
	int ret = 0;

	memset(m, 0, sizeof(*m));
	while (tb && it && !ret && !mnt_table_next_fs(tb, it, &fs))
		ret = add_mount(ctx, v, m, fs);
	if (it)
		mnt_reset_iter(it, MNT_ITER_FORWARD);
	while (tb && it && !ret && !mnt_table_next_fs(tb, it, &fs))
		ret = refuse_hidden(ctx, v, m, fs);
	if (!tb || !it)
		ret = lib_fail(ctx, -ENOMEM, "cannot read /proc/self/mountinfo");
	mnt_free_iter(it);
	mnt_unref_table(tb);
	if (ret)
		lib_mounts_free(m);
	return ret;
}

void lib_mounts_free(struct lib_mounts *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		free(m->mounts[i].point);
		lib_stack_free(&m->mounts[i].stack);
	}
	free(m->mounts);
	memset(m, 0, sizeof(*m));
}

/**
 * lib_mount_usable() - refuse a file system that keeps contents of files in its journal
 *
 * There they would be sealed under the default tag's key, and outlive their case's.
 */
int lib_mount_usable(struct libdmwarrant *ctx, dev_t dev, const char *path)
{
	struct libmnt_table *tb = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *it = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs = NULL;
	bool journal = false;
	const char *options;
	char *value;
	size_t size;

	while (tb && it && !journal && !mnt_table_next_fs(tb, it, &fs)) {
		options = mnt_fs_get_fs_options(fs);
		journal = mnt_fs_get_devno(fs) == dev && options &&
			  !mnt_optstr_get_option(options, "data", &value, &size) &&
			  size == 7 && !strncmp(value, "journal", size);
	}
	mnt_free_iter(it);
	mnt_unref_table(tb);
	return journal ? lib_fail(ctx, -EOPNOTSUPP,
				  "%s is on a file system mounted with data=journal, which keeps copies of contents under the default tag's key; mount it with data=ordered",
				  path) : 0;
}

/* ---- walking ---- */

static int walk_directory(struct lib_walk *w, int fd, size_t length);

static int open_entry(int dir, const char *name, int flags)
{
	flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	return openat(dir, name, flags | O_NOATIME);
}

static int walk_failed(struct lib_walk *w, const char *what)
{
	int ret = lib_fail(w->ctx, -errno, "cannot %s %s: %s", what, w->path, strerror(errno));

	return w->failed ? w->failed(w->arg, w->path, ret) : ret;
}

/* Files come and go while we look. */
static bool is_gone(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
}

static int walk_file(struct lib_walk *w, int dir, const char *name)
{
	int fd = open_entry(dir, name, 0), ret = 0;
	struct stat st;

	if (fd < 0)
		return is_gone() ? 0 : walk_failed(w, "open");
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_dev == w->dev)
		ret = w->fn(w->arg, fd, w->path, &st);
	close(fd);
	return ret;
}

static int walk_subdirectory(struct lib_walk *w, int dir, const char *name, size_t length)
{
	int fd = open_entry(dir, name, O_DIRECTORY);
	struct stat st;

	if (fd < 0)
		return is_gone() ? 0 : walk_failed(w, "open");
	/* What is mounted here is another file system. */
	if (!fstat(fd, &st) && st.st_dev == w->dev)
		return walk_directory(w, fd, length);
	close(fd);
	return 0;
}

static int walk_entry(struct lib_walk *w, int dir, const struct dirent *e, size_t length)
{
	unsigned char type = e->d_type;
	struct stat st;
	int n;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return 0;
	n = snprintf(w->path + length, sizeof(w->path) - length, "/%s", e->d_name);
	if (length + n >= sizeof(w->path)) {
		errno = ENAMETOOLONG;
		return walk_failed(w, "look below");
	}
	if (type == DT_UNKNOWN && !fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
		type = IFTODT(st.st_mode);
	if (type == DT_REG)
		return walk_file(w, dir, e->d_name);
	return type == DT_DIR ? walk_subdirectory(w, dir, e->d_name, length + n) : 0;
}

/* Takes @fd. @length: of the directory's path, which stands in w->path. */
static int walk_directory(struct lib_walk *w, int fd, size_t length)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int ret = 0;

	if (!d) {
		close(fd);
		return walk_failed(w, "read");
	}
	for (errno = 0; !ret && (e = readdir(d)); errno = 0) {
		ret = walk_entry(w, dirfd(d), e, length);
		w->path[length] = 0;
	}
	if (!ret && errno)
		ret = walk_failed(w, "read");
	closedir(d);
	return ret;
}

/*
 * A private copy of the mount without what is mounted upon it, so that files which are hidden
 * there are seen too: their blocks would be taken for nobody's.
 */
static int open_whole(struct libdmwarrant *ctx, const struct lib_mount *m)
{
	int root = lib_mount_open(ctx, m), tree, fd;

	if (root < 0)
		return root;
	tree = syscall(SYS_open_tree, root, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
		       AT_EMPTY_PATH);
	if (tree < 0)
		return root;
	close(root);
	fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = lib_fail(ctx, -errno, "cannot open %s: %s", m->point, strerror(errno));
	close(tree);
	return fd;
}

static int walk_elsewhere(struct lib_walk *w)
{
	int ret = lib_fail(w->ctx, -EXDEV,
			   "%s is not on the file system that was asked for; was it exchanged or mounted upon meanwhile? try again",
			   w->path);

	return w->failed ? w->failed(w->arg, w->path, ret) : ret;
}

/* Takes @fd, which w->path led to: to another file system, maybe, since it was looked at. */
static int walk_fd(struct lib_walk *w, int fd)
{
	struct stat st;
	int ret = 0;

	if (fstat(fd, &st))
		ret = walk_failed(w, "open");
	else if (st.st_dev != w->dev)
		ret = walk_elsewhere(w);
	if (ret || st.st_dev != w->dev) {
		close(fd);
		return ret;
	}
	if (S_ISDIR(st.st_mode))
		/* "/" must not become "//". */
		return walk_directory(w, fd, strcmp(w->path, "/") ? strlen(w->path) : 0);
	ret = S_ISREG(st.st_mode) ? w->fn(w->arg, fd, w->path, &st) : 0;
	close(fd);
	return ret;
}

/**
 * lib_walk_whole() - call w->fn for each regular file of a file system
 * @w: walk
 * @m: mount; files that are hidden by other mounts upon it are found too
 *
 * Return: 0, what w->fn or w->failed returned, or a negative errno.
 */
int lib_walk_whole(struct lib_walk *w, const struct lib_mount *m)
{
	int fd = open_whole(w->ctx, m);

	w->dev = m->dev;
	lib_copy(w->path, sizeof(w->path), m->point);
	return fd < 0 ? fd : walk_fd(w, fd);
}

/**
 * lib_walk_below() - likewise for each regular file below a directory, or one that may be gone
 * @w:     walk
 * @root:  of the file system
 * @point: path of @root
 * @path:  below @point; no link in it is followed, for who may write there can exchange a directory
 *         with one at any time
 */
int lib_walk_below(struct lib_walk *w, int root, const char *point, const char *path)
{
	size_t n = strcmp(point, "/") ? strlen(point) : 0;
	struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = syscall(SYS_openat2, root, path + n + 1, &how, sizeof(how));

	lib_copy(w->path, sizeof(w->path), path);
	if (fd < 0)
		return is_gone() ? 0 : walk_failed(w, "open");
	return walk_fd(w, fd);
}

/**
 * lib_walk() - call @fn for each regular file of a file system, or below a directory of it
 * @ctx:  context
 * @m:    mount of the file system; what is on another is refused
 * @path: directory or file on it; NULL = all, and files hidden by other mounts too
 * @fn:   called for each file; several times for one with several names
 * @arg:  for @fn
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int lib_walk(struct libdmwarrant *ctx, const struct lib_mount *m, const char *path, lib_walk_fn fn,
	     void *arg)
{
	struct lib_walk w = { .ctx = ctx, .dev = m->dev, .fn = fn, .arg = arg };
	int fd;

	if (!path)
		return lib_walk_whole(&w, m);
	lib_copy(w.path, sizeof(w.path), path);
	fd = open_entry(AT_FDCWD, path, 0);
	return fd < 0 ? walk_failed(&w, "open") : walk_fd(&w, fd);
}
