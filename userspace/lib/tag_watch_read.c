// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of a watcher: every open on the file system waits for it, so it never waits itself. */
#include <poll.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "tag_watch.h"

/** watch_allow() - let an opener go on */
void watch_allow(struct watcher *w, int fd)
{
	struct fanotify_response r = { .fd = fd, .response = FAN_ALLOW };

	/* It fails when the opener has been killed meanwhile. */
	if (write(w->opens, &r, sizeof(r)) < 0)
		return;
}

/* A file of which nothing is written yet, and that states no tag. */
static bool is_new(int fd)
{
	u8 uuid[DMW_UUID_SIZE];
	struct stat st;
	u32 tag;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && !st.st_size && !st.st_blocks &&
	       lib_attr_get(fd, uuid, &tag) == -ENODATA;
}

/* Return: has the file been handed over, with its descriptor? */
static bool hand_over_new(struct watcher *w, int fd)
{
	struct watch_item *i;
	char path[PATH_MAX];
	u32 tag;

	if (!is_new(fd) || lib_fd_path(fd, path) ||
	    lib_inherit(&w->v, w->mount->point, path, &tag))
		return false;
	i = watch_item(WATCH_PREPARE, fd, tag, path);
	if (i)
		watch_push(w, &w->to_prepare, i);
	return i;
}

static void take_open(struct watcher *w, const struct fanotify_event_metadata *e)
{
	/* Our own opens: this thread is the one that must not wait for itself. */
	if (e->pid != getpid() && hand_over_new(w, e->fd))
		return;
	watch_allow(w, e->fd);
	close(e->fd);
}

static void take_close(struct watcher *w, const struct fanotify_event_metadata *e)
{
	struct watch_item *i = NULL;
	char path[PATH_MAX];

	if (e->pid != getpid() && !lib_fd_path(e->fd, path))
		i = watch_item(WATCH_CLOSED, e->fd, 0, path);
	if (i)
		watch_push(w, &w->to_do, i);
	else
		close(e->fd);
}

static void take_event(struct watcher *w, const struct fanotify_event_metadata *e)
{
	if (e->mask & FAN_Q_OVERFLOW)
		watch_report(w, LIBDMWARRANT_WATCH_LOST, 0, NULL, 0,
			     "too many files were closed at once; run warrantctl tag check --repair");
	if (e->fd < 0)
		return;
	if (e->mask & FAN_OPEN_PERM)
		take_open(w, e);
	else
		take_close(w, e);
}

/** watch_reader() - the thread. @arg: the watcher */
void *watch_reader(void *arg)
{
	struct watcher *w = arg;
	struct pollfd p[] = { { .fd = w->opens, .events = POLLIN },
			      { .fd = w->stop, .events = POLLIN } };
	const struct fanotify_event_metadata *e;
	char buf[8192] __attribute__((aligned(__alignof__(*e))));
	ssize_t n;

	while (poll(p, ARRAY_SIZE(p), -1) >= 0 || errno == EINTR) {
		if (p[1].revents)
			break;
		n = read(w->opens, buf, sizeof(buf));
		e = (const struct fanotify_event_metadata *)buf;
		for (; n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n))
			take_event(w, e);
	}
	return NULL;
}
