// SPDX-License-Identifier: GPL-2.0-or-later
/* What is moved into a directory: fanotify tells the directory by handle, and the name. */
#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "tag_watch.h"

/* The directory may have gone by now; then there is nothing to be done. */
static int path_of(struct watcher *w, const struct fanotify_event_info_fid *info, char *path)
{
	struct file_handle *h = (struct file_handle *)info->handle;
	const char *name = (const char *)h->f_handle + h->handle_bytes;
	int fd = open_by_handle_at(w->root, h, O_PATH | O_CLOEXEC), ret;
	size_t n;

	if (fd < 0)
		return -ENOENT;
	ret = lib_fd_path(fd, path);
	close(fd);
	n = ret ? 0 : strlen(path);
	if (ret || n + strlen(name) + 2 > PATH_MAX)
		return -ENOENT;
	path[n] = '/';
	memcpy(path + n + 1, name, strlen(name) + 1);
	return 0;
}

/**
 * watch_moves() - take what has been moved
 * @w:   watcher
 * @fn:  called for each path, a file's or a directory's
 * @arg: for @fn
 */
int watch_moves(struct watcher *w, int (*fn)(void *arg, const char *path), void *arg)
{
	const struct fanotify_event_metadata *e;
	const struct fanotify_event_info_fid *info;
	char buf[8192] __attribute__((aligned(__alignof__(*e))));
	char path[PATH_MAX];
	ssize_t n = read(w->moves, buf, sizeof(buf));
	int ret = 0;

	e = (const struct fanotify_event_metadata *)buf;
	for (; n > 0 && FAN_EVENT_OK(e, n) && !ret; e = FAN_EVENT_NEXT(e, n)) {
		info = (const struct fanotify_event_info_fid *)(e + 1);
		if (e->mask & FAN_Q_OVERFLOW)
			watch_report(w, LIBDMWARRANT_WATCH_LOST, 0, NULL, 0,
				     "too many files were moved at once; restart the watch");
		else if (e->event_len > sizeof(*e) &&
			 info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME &&
			 !path_of(w, info, path))
			ret = fn(arg, path);
	}
	return ret;
}
