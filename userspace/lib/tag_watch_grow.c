// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The preparer of a watcher: new files get their tag before their first write, and growing ones get
 * more space of it, so that what is written is sealed under the right key at once.
 *
 * Space is allocated behind the file's end and assigned while nothing is written there, which costs
 * the volume a few nodes and no data. What a deleted file has left in such space is not assigned,
 * since it is the other case's; it is sealed anew once the new file has written it.
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "tag_watch.h"

#define AHEAD_USUAL	(16ULL << 20)
#define AHEAD_MOST	(1ULL << 30)
/* A file that needs more so soon again gets twice as much. */
#define SOON_MS		1000
/* How often growing files are looked at. */
#define TICK_MS		200

/** struct grow - the preparer's own: a context is for one thread */
struct grow {
	struct watcher		*w;
	struct libdmwarrant	*ctx;
	struct lib_tag_states	states;
};

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- space of the tag ---- */

struct blocks {
	struct grow	*g;
	struct lib_todo	*t;
};

static int add_blocks(void *arg, u64 start, u64 length, unsigned int blocks)
{
	struct blocks *b = arg;

	/* What is written by now has its tag, or will be seen to when the file is closed. */
	if (!(blocks & LIB_BLOCKS_PREALLOC))
		return 0;
	b->t->prealloc = true;
	return lib_todo_add(b->g->ctx, &b->g->w->v, b->t, start, length);
}

static int assign_space(struct grow *g, struct watch_file *f, u64 from, u64 end)
{
	struct watcher *w = g->w;
	struct lib_todo t = { .states = &g->states, .tag = f->tag };
	struct blocks b = { .g = g, .t = &t };
	u64 moved = 0;
	int ret;

	ret = lib_file_map_range(g->ctx, f->fd, f->path, &w->mount->stack, LIB_MAP_NO_SYNC, from,
				 end, add_blocks, &b);
	if (!ret)
		ret = lib_todo_run(g->ctx, &w->v, &t, &moved);
	lib_todo_free(&t);
	return ret;
}

/* No space is no failure: then the file is sealed anew when it is closed. */
static int extend(struct grow *g, struct watch_file *f, u64 size)
{
	u64 from = f->allocated, end = size + f->ahead;
	int ret;

	end = (end + DMW_SECTOR_SIZE - 1) & ~(u64)(DMW_SECTOR_SIZE - 1);
	if (end <= from)
		return 0;
	f->allocated = end;
	f->extended = now_ms();
	if (fallocate(f->fd, FALLOC_FL_KEEP_SIZE, from, end - from)) {
		f->ahead = 0;
		return 0;
	}
	ret = assign_space(g, f, from, end);
	if (ret)
		f->ahead = 0;
	return ret;
}

/* ---- new files ---- */

static struct watch_file *new_file(struct watcher *w, const struct watch_item *i)
{
	struct watch_file *f = calloc(1, sizeof(*f) + strlen(i->path) + 1);
	char path[32];
	struct stat st;

	if (!f)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", i->fd);
	f->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st)) {
		if (f->fd >= 0)
			close(f->fd);
		free(f);
		return NULL;
	}
	f->ino = st.st_ino;
	f->tag = i->tag;
	f->ahead = w->params->ahead_mib ? (u64)w->params->ahead_mib << 20 : AHEAD_USUAL;
	memcpy(f->path, i->path, strlen(i->path) + 1);
	return f;
}

static int state_tag(struct grow *g, const struct watch_item *i)
{
	struct watcher *w = g->w;
	int ret;

	lib_tag_states_free(&g->states);
	ret = lib_tag_states(g->ctx, &w->v, &g->states);
	if (!ret)
		ret = lib_tag_assign_target(g->ctx, &w->v, &g->states, i->tag);
	if (!ret)
		ret = lib_attr_set(i->fd, w->v.uuid, i->tag);
	return ret;
}

static void keep(struct watcher *w, struct watch_file *f)
{
	pthread_mutex_lock(&w->lock);
	f->next = w->files;
	w->files = f;
	pthread_mutex_unlock(&w->lock);
}

static int prepare(struct grow *g, const struct watch_item *i)
{
	struct watch_file *f;
	int ret = state_tag(g, i);

	if (ret)
		return ret;
	f = new_file(g->w, i);
	if (!f)
		return lib_fail(g->ctx, -errno, "cannot open it for writing: %s", strerror(errno));
	ret = extend(g, f, 0);
	keep(g->w, f);
	return ret;
}

/* Whatever happens, who has opened the file goes on: evidence untagged is better than none. */
static void prepare_and_allow(struct grow *g, struct watch_item *i)
{
	u8 uuid[DMW_UUID_SIZE];
	u32 tag;
	int ret = 0;

	/* Two may have opened it at once. */
	if (lib_attr_get(i->fd, uuid, &tag) == -ENODATA) {
		ret = prepare(g, i);
		watch_report(g->w, ret ? LIBDMWARRANT_WATCH_FAILED : LIBDMWARRANT_WATCH_PREPARED,
			     i->tag, i->path, 0, ret ? libdmwarrant_error(g->ctx) : NULL);
	}
	watch_allow(g->w, i->fd);
	watch_item_free(i);
}

/* ---- growing files ---- */

static bool is_closed(struct watcher *w, const struct watch_file *f)
{
	bool closed;

	pthread_mutex_lock(&w->lock);
	closed = f->closed;
	pthread_mutex_unlock(&w->lock);
	return closed;
}

/* Return: is there nothing more to do for a file? While others have it open, there is. */
static bool trim(struct grow *g, struct watch_file *f)
{
	struct watcher *w = g->w;
	int ret = lib_file_trim(g->ctx, &w->v, &w->mount->stack, &g->states, f->fd, f->path);

	if (ret && ret != -EAGAIN)
		watch_report(w, LIBDMWARRANT_WATCH_FAILED, f->tag, f->path, 0,
			     libdmwarrant_error(g->ctx));
	return ret != -EAGAIN;
}

static void grow_file(struct grow *g, struct watch_file *f)
{
	struct stat st;

	if (!f->ahead || fstat(f->fd, &st) ||
	    (u64)st.st_size + f->ahead / 2 <= f->allocated)
		return;
	if (now_ms() - f->extended < SOON_MS)
		f->ahead = min(2 * f->ahead, AHEAD_MOST);
	if (extend(g, f, st.st_size))
		watch_report(g->w, LIBDMWARRANT_WATCH_FAILED, f->tag, f->path, 0,
			     libdmwarrant_error(g->ctx));
	else
		watch_report(g->w, LIBDMWARRANT_WATCH_EXTENDED, f->tag, f->path, 0, NULL);
}

/*
 * Only this thread takes files out of the list, and only it puts them in; the lock is for the mark
 * that a file is closed.
 */
static void tick(struct grow *g)
{
	struct watcher *w = g->w;
	struct watch_file **at = &w->files, *f;

	while ((f = *at)) {
		if (!is_closed(w, f) || !trim(g, f)) {
			grow_file(g, f);
			at = &f->next;
			continue;
		}
		pthread_mutex_lock(&w->lock);
		*at = f->next;
		pthread_mutex_unlock(&w->lock);
		close(f->fd);
		free(f);
	}
}

/** watch_closed() - a file's writer has gone; from any thread */
void watch_closed(struct watcher *w, ino_t ino)
{
	struct watch_file *f;

	pthread_mutex_lock(&w->lock);
	for (f = w->files; f; f = f->next)
		if (f->ino == ino)
			f->closed = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

/* ---- the thread ---- */

/* Return: false = the watch is over. */
static bool wait_for_work(struct watcher *w)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TICK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&w->lock);
	if (!w->to_prepare.first && !w->stopped)
		pthread_cond_timedwait(&w->work, &w->lock, &until);
	goes_on = !w->stopped;
	pthread_mutex_unlock(&w->lock);
	return goes_on;
}

/** watch_preparer() - the thread. @arg: the watcher */
void *watch_preparer(void *arg)
{
	struct grow g = { .w = arg };
	struct watch_file *f;
	struct watch_item *i;

	if (libdmwarrant_new(&g.ctx))
		return NULL;
	while (wait_for_work(g.w)) {
		while ((i = watch_pop(g.w, &g.w->to_prepare)))
			prepare_and_allow(&g, i);
		tick(&g);
	}
	while ((f = g.w->files)) {
		g.w->files = f->next;
		trim(&g, f);
		close(f->fd);
		free(f);
	}
	lib_tag_states_free(&g.states);
	libdmwarrant_free(g.ctx);
	return NULL;
}
