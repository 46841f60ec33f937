/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A watcher has three threads. The reader takes events from fanotify and answers at once whatever
 * concerns no new file below a tagged directory: the whole file system waits for it. The preparer
 * gives new files their tag before the first write, and adds space to growing ones. The caller's
 * own thread does what may take long: sealing anew what was written under another tag.
 */
#ifndef TAG_WATCH_H
#define TAG_WATCH_H

#include <pthread.h>

#include "lib_tag.h"

/** enum watch_task - what is to be done about a file */
enum watch_task {
	WATCH_PREPARE,	/* its opener waits */
	WATCH_CLOSED,
	WATCH_REPORT,
};

/**
 * struct watch_item - an entry of a queue
 * @next:   in the queue
 * @task:   what is to be done
 * @fd:     of fanotify: -1 = none. What is done with it makes no events
 * @tag:    of the directory, or of the report
 * @event:  to be reported
 * @moved:  to be reported
 * @text:   to be reported; NULL = none
 * @path:   of the file
 */
struct watch_item {
	struct watch_item	*next;
	enum watch_task		task;
	int			fd;
	u32			tag;
	u32			event;
	u64			moved;
	char			*text;
	char			path[];
};

/** struct watch_queue - items, oldest first */
struct watch_queue {
	struct watch_item	*first;
	struct watch_item	**last;
};

/**
 * struct watch_file - a file that was prepared and is being written
 * @next:      in the list
 * @fd:        open for reading and writing
 * @tag:       of it
 * @ino:       of it
 * @allocated: bytes that it has, by us, with its tag
 * @ahead:     bytes to be allocated ahead of its end
 * @extended:  when that was done last, in ms
 * @closed:    its writer has gone; what it has too much is to be freed
 * @path:      for reports
 */
struct watch_file {
	struct watch_file	*next;
	int			fd;
	u32			tag;
	ino_t			ino;
	u64			allocated;
	u64			ahead;
	u64			extended;
	bool			closed;
	char			path[];
};

/**
 * struct watcher - a watch
 * @ctx:     of the caller's thread
 * @v:       volume
 * @mount:   file system
 * @params:  how
 * @opens:   fanotify: opens, which wait for an answer, and closes
 * @moves:   fanotify: what was moved into a directory
 * @root:    of the file system, for what @moves has handles of
 * @wake:    eventfd: the caller's thread has something to do
 * @stop:    eventfd: the reader ends
 * @lock:    of what follows
 * @work:    the preparer has something to do
 * @to_prepare: for the preparer
 * @to_do:   for the caller's thread
 * @files:   being written
 * @stopped: the threads end
 */
struct watcher {
	struct libdmwarrant				*ctx;
	struct lib_tag_volume				v;
	struct lib_mount				*mount;
	const struct libdmwarrant_watch_params		*params;
	int						opens;
	int						moves;
	int						root;
	int						wake;
	int						stop;
	pthread_mutex_t					lock;
	pthread_cond_t					work;
	struct watch_queue				to_prepare;
	struct watch_queue				to_do;
	struct watch_file				*files;
	bool						stopped;
};

/* tag_watch_queue.c */

void watch_queue_init(struct watch_queue *q);
struct watch_item *watch_item(enum watch_task task, int fd, u32 tag, const char *path);
void watch_item_free(struct watch_item *i);
void watch_push(struct watcher *w, struct watch_queue *q, struct watch_item *i);
struct watch_item *watch_pop(struct watcher *w, struct watch_queue *q);
void watch_report(struct watcher *w, enum libdmwarrant_watch_event event, u32 tag, const char *path,
		  u64 moved, const char *text);

/* tag_watch_read.c */

void watch_allow(struct watcher *w, int fd);
void *watch_reader(void *arg);

/* tag_watch_grow.c */

void *watch_preparer(void *arg);
void watch_closed(struct watcher *w, ino_t ino);

/* tag_watch_moves.c */

int watch_moves(struct watcher *w, int (*fn)(void *arg, const char *path), void *arg);

#endif
