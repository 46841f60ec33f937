// SPDX-License-Identifier: GPL-2.0-or-later
/* Tagging whatever is written below tagged directories; see tag_watch.h. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "tag_watch.h"

#define OPEN_EVENTS	(FAN_OPEN_PERM | FAN_CLOSE_WRITE)
#define MOVE_EVENTS	(FAN_MOVED_TO | FAN_ONDIR)

/* ---- reports ---- */

static int tell(struct watcher *w, const struct watch_item *i)
{
	struct libdmwarrant_watch_report r = {
		.event = i->event, .tag = i->tag, .path = i->path[0] ? i->path : NULL,
		.moved = i->moved, .text = i->text,
	};

	if (w->params->report && w->params->report(w->params->arg, &r))
		return lib_fail(w->ctx, -ECANCELED, "cancelled");
	return 0;
}

static void failed(struct watcher *w, u32 tag, const char *path)
{
	watch_report(w, LIBDMWARRANT_WATCH_FAILED, tag, path, 0, libdmwarrant_error(w->ctx));
}

/* ---- files that are written ---- */

/* Its own attribute, or what its directories state, which then becomes its own. */
static int tag_of(struct watcher *w, int fd, const char *path, u32 *tag)
{
	u8 uuid[DMW_UUID_SIZE];
	int ret = lib_attr_get(fd, uuid, tag);

	if (!ret)
		return memcmp(uuid, w->v.uuid, DMW_UUID_SIZE) ? -ENODATA : 0;
	if (ret != -ENODATA || lib_inherit(&w->v, w->mount->point, path, tag))
		return -ENODATA;
	ret = lib_attr_set(fd, w->v.uuid, *tag);
	if (ret)
		lib_fail(w->ctx, ret, "cannot set its attribute: %s", strerror(-ret));
	return ret;
}

static int assign(struct watcher *w, int fd, const char *path, u32 tag,
		  struct libdmwarrant_assign_result *r)
{
	struct lib_tag_states states;
	int ret = lib_tag_states(w->ctx, &w->v, &states);

	if (ret)
		return ret;
	ret = lib_file_check(w->ctx, fd, path);
	if (!ret)
		ret = lib_file_assign(w->ctx, &w->v, &w->mount->stack, &states, tag, fd, path, r);
	lib_tag_states_free(&states);
	return ret;
}

static void see_to(struct watcher *w, int fd, const char *path)
{
	struct libdmwarrant_assign_result r = { .version = LIBDMWARRANT_ASSIGN_VERSION };
	u32 tag = 0;
	int ret = tag_of(w, fd, path, &tag);

	if (ret == -ENODATA)
		return;
	if (!ret)
		ret = assign(w, fd, path, tag, &r);
	if (ret)
		failed(w, tag, path);
	else
		watch_report(w, r.moved ? LIBDMWARRANT_WATCH_ASSIGNED : LIBDMWARRANT_WATCH_CLOSED,
			     tag, path, r.moved, NULL);
}

/* Does one thing that the other threads have left to this one. Return: 1 = done; 0 = there is none */
static int do_one(struct watcher *w)
{
	struct watch_item *i = watch_pop(w, &w->to_do);
	struct stat st;
	ino_t ino = 0;
	int ret = 1;

	if (!i)
		return 0;
	if (i->task == WATCH_REPORT) {
		if (tell(w, i))
			ret = -ECANCELED;
	} else {
		if (!fstat(i->fd, &st))
			ino = st.st_ino;
		see_to(w, i->fd, i->path);
	}
	watch_item_free(i);
	/* Only when our descriptor is closed can the file be trimmed. */
	if (ino)
		watch_closed(w, ino);
	return ret;
}

static int do_all(struct watcher *w)
{
	int ret;

	do
		ret = do_one(w);
	while (ret > 0);
	return ret;
}

/* ---- what was written while nobody watched, or somewhere else ---- */

static int catch_up_file(void *arg, int fd, const char *path, const struct stat *st)
{
	struct watcher *w = arg;
	struct lib_tag_states states;
	u32 tag, state = 0;
	int ret = tag_of(w, fd, path, &tag);

	(void)st;
	if (ret == -ENODATA)
		return do_all(w);
	if (!ret)
		ret = lib_tag_states(w->ctx, &w->v, &states);
	if (!ret) {
		state = lib_tag_states_find(&states, tag);
		lib_tag_states_free(&states);
	}
	/* A frozen tag's files are as they are. */
	if (ret)
		failed(w, 0, path);
	else if (state == LIBDMWARRANT_TAG_OPEN)
		see_to(w, fd, path);
	return do_all(w);
}

/*
 * Whoever may write to the file system can have a file that cannot be opened: he must not be able to
 * end the watch with it.
 */
static int skip(void *arg, const char *path, int err)
{
	struct watcher *w = arg;

	if (err == -ENOMEM)
		return err;
	failed(w, 0, path);
	return 0;
}

static int moved(void *arg, const char *path)
{
	struct watcher *w = arg;
	struct lib_walk walk = { .ctx = w->ctx, .dev = w->mount->dev, .fn = catch_up_file,
				 .failed = skip, .arg = w };
	struct stat st;
	u32 tag;

	/* What states a tag keeps it; what comes from nowhere to nowhere is of no interest. */
	if (lstat(path, &st) || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) ||
	    lib_inherit(&w->v, w->mount->point, path, &tag))
		return 0;
	return lib_walk_below(&walk, w->root, w->mount->point, path);
}

/* ---- beginning and end ---- */

static int open_groups(struct watcher *w)
{
	const char *point = w->mount->point;

	w->root = lib_mount_open(w->ctx, w->mount);
	if (w->root < 0)
		return w->root;
	w->opens = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
				 FAN_UNLIMITED_QUEUE, O_RDONLY | O_LARGEFILE | O_CLOEXEC |
				 O_NOATIME);
	w->moves = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
				 FAN_UNLIMITED_QUEUE | FAN_REPORT_DFID_NAME, 0);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->stop = eventfd(0, EFD_CLOEXEC);
	if (w->opens < 0 || w->moves < 0 || w->wake < 0 || w->stop < 0)
		return lib_fail(w->ctx, -errno, "cannot watch %s: %s%s", point, strerror(errno),
				errno == EPERM ? "; watching is for root only" : "");
	if (fanotify_mark(w->moves, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, MOVE_EVENTS, w->root, ".") ||
	    fanotify_mark(w->opens, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, OPEN_EVENTS, w->root, "."))
		return lib_fail(w->ctx, -errno,
				"cannot watch %s: %s; the kernel needs CONFIG_FANOTIFY_ACCESS_PERMISSIONS",
				point, strerror(errno));
	return 0;
}

static void close_all(struct watcher *w)
{
	int *fds[] = { &w->opens, &w->moves, &w->root, &w->wake, &w->stop };
	struct watch_queue *queues[] = { &w->to_prepare, &w->to_do };
	struct watch_item *i;
	size_t n;

	/* This lets all who still wait go on. */
	for (n = 0; n < ARRAY_SIZE(fds); n++)
		if (*fds[n] >= 0)
			close(*fds[n]);
	for (n = 0; n < ARRAY_SIZE(queues); n++)
		while ((i = watch_pop(w, queues[n])))
			watch_item_free(i);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
}

static int loop(struct watcher *w)
{
	struct pollfd p[] = { { .fd = w->wake, .events = POLLIN },
			      { .fd = w->moves, .events = POLLIN },
			      { .fd = w->params->stop_fd, .events = POLLIN } };
	struct lib_walk walk = { .ctx = w->ctx, .dev = w->mount->dev, .fn = catch_up_file,
				 .failed = skip, .arg = w };
	eventfd_t count;
	int ret;

	ret = lib_walk_whole(&walk, w->mount);
	watch_report(w, LIBDMWARRANT_WATCH_READY, 0, w->mount->point, 0, NULL);
	while (!ret) {
		ret = do_all(w);
		if (!ret && poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			ret = lib_fail(w->ctx, -errno, "cannot wait: %s", strerror(errno));
		if (ret || p[2].revents)
			break;
		if (p[0].revents)
			eventfd_read(w->wake, &count);
		if (p[1].revents)
			ret = watch_moves(w, moved, w);
	}
	return ret;
}

/* The caller's signal handlers run in the caller's thread only. */
static int begin(struct watcher *w, pthread_t *thread, void *(*fn)(void *arg))
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(thread, NULL, fn, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret ? lib_fail(w->ctx, -ret, "cannot make a thread: %s", strerror(ret)) : 0;
}

static void stop(struct watcher *w, pthread_t thread, bool is_reader)
{
	pthread_mutex_lock(&w->lock);
	w->stopped = !is_reader || w->stopped;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	if (is_reader)
		eventfd_write(w->stop, 1);
	pthread_join(thread, NULL);
}

static int run(struct watcher *w)
{
	pthread_t reader, preparer;
	int ret = begin(w, &reader, watch_reader);

	if (ret)
		return ret;
	ret = begin(w, &preparer, watch_preparer);
	if (!ret) {
		ret = loop(w);
		/* While the reader lives, so that trimming can open files. */
		stop(w, preparer, false);
	}
	stop(w, reader, true);
	return ret;
}

static int find_mount(struct watcher *w, struct lib_mounts *mounts)
{
	struct stat st, point;
	size_t i;

	if (stat(w->params->path, &st))
		return lib_fail(w->ctx, -errno, "cannot find %s: %s", w->params->path,
				strerror(errno));
	for (i = 0; i < mounts->count; i++)
		if (mounts->mounts[i].dev == st.st_dev &&
		    !stat(mounts->mounts[i].point, &point) && point.st_ino == st.st_ino) {
			w->mount = &mounts->mounts[i];
			return lib_mount_usable(w->ctx, w->mount->dev, w->mount->point);
		}
	return lib_fail(w->ctx, -EXDEV,
			"%s is not the mount point of a file system on volume %s", w->params->path,
			w->v.name);
}

int libdmwarrant_tag_watch(struct libdmwarrant *ctx, const char *volume,
			   const struct libdmwarrant_watch_params *params)
{
	struct watcher w = { .ctx = ctx, .params = params, .opens = -1, .moves = -1, .root = -1,
			     .wake = -1, .stop = -1 };
	struct lib_mounts mounts;
	int ret;

	if (params->version != LIBDMWARRANT_WATCH_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_WATCH_VERSION);
	ret = lib_tag_volume(ctx, volume, &w.v);
	if (!ret)
		ret = lib_tag_refuse_read_only(ctx, &w.v);
	if (!ret)
		ret = lib_mounts(ctx, &w.v, &mounts);
	if (ret)
		return ret;
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.work, NULL);
	watch_queue_init(&w.to_prepare);
	watch_queue_init(&w.to_do);
	ret = find_mount(&w, &mounts);
	if (!ret)
		ret = open_groups(&w);
	if (!ret)
		ret = run(&w);
	close_all(&w);
	lib_mounts_free(&mounts);
	return ret;
}
