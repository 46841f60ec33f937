// SPDX-License-Identifier: GPL-2.0-or-later
/* How the threads of a watcher hand work to each other. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "tag_watch.h"

void watch_queue_init(struct watch_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

/** watch_item() - a new item, which owns @fd. Return: NULL: no memory; @fd is the caller's */
struct watch_item *watch_item(enum watch_task task, int fd, u32 tag, const char *path)
{
	struct watch_item *i = calloc(1, sizeof(*i) + strlen(path) + 1);

	if (!i)
		return NULL;
	i->task = task;
	i->fd = fd;
	i->tag = tag;
	memcpy(i->path, path, strlen(path) + 1);
	return i;
}

void watch_item_free(struct watch_item *i)
{
	if (i->fd >= 0)
		close(i->fd);
	free(i->text);
	free(i);
}

/** watch_push() - hand an item over, and wake who waits for it */
void watch_push(struct watcher *w, struct watch_queue *q, struct watch_item *i)
{
	pthread_mutex_lock(&w->lock);
	*q->last = i;
	q->last = &i->next;
	if (q == &w->to_prepare)
		pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	if (q == &w->to_do)
		eventfd_write(w->wake, 1);
}

/** watch_pop() - take the oldest item. Return: NULL: none */
struct watch_item *watch_pop(struct watcher *w, struct watch_queue *q)
{
	struct watch_item *i;

	pthread_mutex_lock(&w->lock);
	i = q->first;
	if (i)
		q->first = i->next;
	if (!q->first)
		q->last = &q->first;
	pthread_mutex_unlock(&w->lock);
	return i;
}

/** watch_report() - have the caller's thread tell about an event; from any thread */
void watch_report(struct watcher *w, enum libdmwarrant_watch_event event, u32 tag, const char *path,
		  u64 moved, const char *text)
{
	struct watch_item *i = watch_item(WATCH_REPORT, -1, tag, path ? path : "");

	if (!i)
		return;
	i->event = event;
	i->moved = moved;
	i->text = text ? strdup(text) : NULL;
	watch_push(w, &w->to_do, i);
}
