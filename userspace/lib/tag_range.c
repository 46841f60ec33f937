// SPDX-License-Identifier: GPL-2.0-or-later
/* Ranges of a volume: which tags they have, and giving them another one. */
#include <time.h>

#include "lib_tag.h"

/* ---- extents ---- */

struct paging {
	int				(*fn)(void *arg, const struct libdmwarrant_tag_extent *e);
	void				*arg;
	struct libdmwarrant_tag_extent	held;	/* may go on; length 0 = none */
};

static int hand_out(struct paging *p)
{
	int ret = p->held.length ? p->fn(p->arg, &p->held) : 0;

	p->held.length = 0;
	return ret;
}

static int add_extent(struct paging *p, const struct libdmwarrant_tag_extent *e)
{
	struct libdmwarrant_tag_extent *h = &p->held;
	int ret;

	if (h->length && h->tag == e->tag && h->written == e->written &&
	    h->start + h->length == e->start) {
		h->length += e->length;
		h->oldest = min(h->oldest, e->oldest);
		h->newest = max(h->newest, e->newest);
		return 0;
	}
	ret = hand_out(p);
	*h = *e;
	return ret;
}

static int parse_extent(const char *line, struct libdmwarrant_tag_extent *e)
{
	unsigned long long start, length, oldest = 0, newest = 0;
	unsigned int tag;
	char word[16];
	int n;

	n = sscanf(line, "%llu %llu %u %15s %llu %llu", &start, &length, &tag, word, &oldest,
		   &newest);
	memset(e, 0, sizeof(*e));
	e->start = start;
	e->length = length;
	e->tag = tag;
	e->written = n == 6 && !strcmp(word, "written");
	e->oldest = oldest;
	e->newest = newest;
	if (e->written)
		return 0;
	return n == 4 && !strcmp(word, "unwritten") ? 0 : -EPROTO;
}

/*
 * One page. @next: where the last line ended, then where the next page begins; @end = no more.
 * Return: 0; -EPROTO; or what p->fn returned.
 */
static int parse_page(char *page, struct paging *p, u64 *next, u64 end)
{
	struct libdmwarrant_tag_extent e;
	unsigned long long sector;
	char *line, *rest = page;
	u64 at = *next;
	int ret;

	while ((line = strsep(&rest, "\n"))) {
		if (!strcmp(line, "end")) {
			*next = end;
			return at == end ? 0 : -EPROTO;
		}
		if (sscanf(line, "next %llu", &sector) == 1) {
			if (sector != at || at <= *next)
				return -EPROTO;
			*next = at;
			return 0;
		}
		/* The kernel leaves no gap: one that is there would be taken for nobody's. */
		if (parse_extent(line, &e) || e.start != at || !e.length || e.length > end - at)
			return -EPROTO;
		at += e.length;
		ret = add_extent(p, &e);
		if (ret)
			return ret;
	}
	return -EPROTO;
}

/**
 * lib_tag_extents() - libdmwarrant_tag_extents() of a volume that was found
 *
 * Return: 0, what @fn returned, or a negative errno. -EPROTO sets its own error.
 */
int lib_tag_extents(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u64 start, u64 end,
		    int (*fn)(void *arg, const struct libdmwarrant_tag_extent *e), void *arg)
{
	struct paging p = { .fn = fn, .arg = arg };
	u64 next = start;
	char *page;
	int ret = 0;

	while (!ret && next < end) {
		ret = lib_dm_ask(ctx, v->name, &page, "extents %llu %llu", (unsigned long long)next,
				 (unsigned long long)end);
		if (ret)
			return ret;
		ret = parse_page(page, &p, &next, end);
		free(page);
		if (ret == -EPROTO)
			return lib_fail(ctx, ret,
					"%s: the loaded module describes extents in words that this version does not know; use the tools of its version",
					v->name);
	}
	return ret ? ret : hand_out(&p);
}

static int check_range(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u64 start,
		       u64 end)
{
	if (start < end && end <= v->sectors)
		return 0;
	return lib_fail(ctx, -ERANGE,
			"sectors %llu to %llu are not a range of %s, which has %llu sectors of 4096 bytes",
			(unsigned long long)start, (unsigned long long)end, v->name,
			(unsigned long long)v->sectors);
}

struct extents_call {
	int	(*fn)(void *arg, const struct libdmwarrant_tag_extent *e);
	void	*arg;
};

/* The caller's non-zero must not be mistaken for an errno of ours. */
static int call_user(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct extents_call *c = arg;

	return c->fn(c->arg, e) ? 1 : 0;
}

int libdmwarrant_tag_extents(struct libdmwarrant *ctx, const char *volume, uint64_t start,
			     uint64_t end,
			     int (*fn)(void *arg, const struct libdmwarrant_tag_extent *e),
			     void *arg)
{
	struct extents_call c = { .fn = fn, .arg = arg };
	struct lib_tag_volume v;
	int ret = lib_tag_volume(ctx, volume, &v);

	if (!ret)
		ret = check_range(ctx, &v, start, end ? end : v.sectors);
	if (!ret)
		ret = lib_tag_extents(ctx, &v, start, end ? end : v.sectors, call_user, &c);
	return ret > 0 ? lib_fail(ctx, -ECANCELED, "cancelled") : ret;
}

/* ---- jobs ---- */

#define POLL_FIRST_MS	1U
#define POLL_LAST_MS	200U
/* How long to wait for another assignment in the same place: a watcher's is over in a moment. */
#define BUSY_MS		3000

struct job {
	unsigned long long	id;
	unsigned long long	done;
	unsigned long long	moved;
	unsigned long long	failed;
	char			state[16];
};

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static int start_job(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag, u64 start,
		     u64 length, struct job *j)
{
	unsigned int waited = 0, ms = POLL_FIRST_MS;
	char *reply;
	int ret;

	for (;;) {
		ret = lib_dm_ask(ctx, v->name, &reply, "assign %u %llu %llu", tag,
				 (unsigned long long)start, (unsigned long long)length);
		if (ret != -EBUSY || waited >= BUSY_MS)
			break;
		sleep_ms(ms);
		waited += ms;
		ms = min(2 * ms, POLL_LAST_MS);
	}
	if (ret == -EBUSY)
		return lib_fail(ctx, ret,
				"another assignment is at work on these sectors of %s; try again when it is over",
				v->name);
	if (ret == -ENOKEY)
		return lib_fail(ctx, ret,
				"%s has no key for tag %u in the current epoch; close the volume and open it with its newest keys",
				v->name, tag);
	if (ret)
		return ret;
	ret = sscanf(reply, "%llu", &j->id) == 1 ? 0 :
	      lib_fail(ctx, -EPROTO, "%s: the kernel gave no job number; use the tools of its version",
		       v->name);
	free(reply);
	return ret;
}

static int look_at_job(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct job *j)
{
	char *reply;
	int ret;

	ret = lib_dm_ask(ctx, v->name, &reply, "job %llu", j->id);
	if (ret == -ENOENT) {
		/* Ended, and many others since: the seals say what came of it. */
		lib_copy(j->state, sizeof(j->state), "done");
		return 0;
	}
	if (ret)
		return ret;
	if (sscanf(reply, "%*u %*u %*u %*u %llu %llu %llu %15s", &j->done, &j->moved, &j->failed,
		   j->state) != 4)
		ret = lib_fail(ctx, -EPROTO,
			       "%s: the kernel describes job %llu in unknown words; use the tools of its version",
			       v->name, j->id);
	free(reply);
	return ret;
}

static int job_failed(struct libdmwarrant *ctx, const struct lib_tag_volume *v, const struct job *j)
{
	return lib_fail(ctx, -EIO,
			"%llu sectors of %s kept their tag: they cannot be read, or were frozen meanwhile; dmesg and warrantctl tag check say more",
			j->failed, v->name);
}

/*
 * One run, waited for. @base and @total are for the progress of a whole assignment, in sectors;
 * when it is cancelled the kernel finishes this run, so that is what is waited for no more.
 */
static int assign_run(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag,
		      const struct lib_run *run, u64 base, u64 total, u64 *moved)
{
	unsigned int ms = POLL_FIRST_MS;
	struct job j = { 0 };
	int ret = start_job(ctx, v, tag, run->start, run->length, &j);

	while (!ret) {
		ret = look_at_job(ctx, v, &j);
		if (ret || strcmp(j.state, "running"))
			break;
		ret = lib_progress(ctx, "sealing under the tag's key",
				   (base + j.done) << DMW_SECTOR_SHIFT, total << DMW_SECTOR_SHIFT);
		if (!ret)
			sleep_ms(ms);
		ms = min(2 * ms, POLL_LAST_MS);
	}
	*moved += j.moved;
	if (!ret && (j.failed || strcmp(j.state, "done")))
		ret = job_failed(ctx, v, &j);
	return ret;
}

/* ---- what is to be done ---- */

/** lib_tag_assign_target() - may sectors be given to this tag? */
int lib_tag_assign_target(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			  const struct lib_tag_states *s, u32 tag)
{
	u32 state = lib_tag_states_find(s, tag);

	if (!state)
		return lib_fail(ctx, -ENOENT,
				"%s has no tag %u; warrantctl tag list %s shows its tags", v->name,
				tag, v->name);
	if (state != LIBDMWARRANT_TAG_OPEN)
		return lib_fail(ctx, -EPERM,
				"tag %u of %s is %s: nothing can be added to it; use another tag",
				tag, v->name, libdmwarrant_tag_state_name(state));
	return 0;
}

static int todo_extent(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct lib_todo *t = arg;

	if (e->tag == t->tag) {
		t->already += e->length;
		return 0;
	}
	if (lib_tag_states_find(t->states, e->tag) != LIBDMWARRANT_TAG_OPEN) {
		if (!t->barred.length)
			t->barred = *e;
		return 0;
	}
	if (e->written && t->prealloc) {
		t->residue += e->length;
		return 0;
	}
	if (e->written)
		t->written += e->length;
	return lib_runs_add(&t->runs, e->start, e->length);
}

/** lib_todo_add() - find out what must be done in one more range */
int lib_todo_add(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct lib_todo *t,
		 u64 start, u64 length)
{
	int ret = lib_tag_extents(ctx, v, start, start + length, todo_extent, t);

	return ret == -ENOMEM ? lib_fail(ctx, ret, "out of memory") : ret;
}

/**
 * lib_todo_barred() - refuse when something in the ranges must not be touched
 * @what: they are, for people: "the range"
 */
int lib_todo_barred(struct libdmwarrant *ctx, const struct lib_todo *t, const char *what)
{
	const struct libdmwarrant_tag_extent *e = &t->barred;

	if (!e->length)
		return 0;
	return lib_fail(ctx, -EPERM,
			"%s has sectors %llu to %llu of tag %u, which is %s; nothing was changed",
			what, (unsigned long long)e->start,
			(unsigned long long)(e->start + e->length - 1), e->tag,
			libdmwarrant_tag_state_name(lib_tag_states_find(t->states, e->tag)));
}

/* The kernel does one job after the other: a watcher's must not wait behind a terabyte. */
#define JOB_SECTORS	(32ULL << (20 - DMW_SECTOR_SHIFT))

/** lib_todo_run() - do it. @moved: grows by the sectors that were sealed anew */
int lib_todo_run(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct lib_todo *t,
		 u64 *moved)
{
	/* Where nothing is written, a terabyte takes no longer than a sector. */
	u64 most = t->written ? JOB_SECTORS : ~0ULL, done = 0, total;
	struct lib_run run;
	size_t i;
	int ret = 0;

	lib_runs_sort(&t->runs);
	total = lib_runs_sum(&t->runs);
	for (i = 0; i < t->runs.count && !ret; i++) {
		run = t->runs.runs[i];
		while (run.length && !ret) {
			struct lib_run part = { run.start, min(run.length, most) };

			ret = assign_run(ctx, v, t->tag, &part, done, total, moved);
			done += part.length;
			run.start += part.length;
			run.length -= part.length;
		}
	}
	return ret;
}

void lib_todo_free(struct lib_todo *t)
{
	lib_runs_free(&t->runs);
}

/* ---- a range ---- */

/* The seals, not the job, have the last word. */
static int verify_range(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			const struct lib_todo *done, u64 start, u64 length)
{
	struct lib_todo t = { .states = done->states, .tag = done->tag };
	int ret = lib_todo_add(ctx, v, &t, start, length);

	if (!ret && (t.runs.count || t.barred.length))
		ret = lib_fail(ctx, -EIO,
			       "%llu sectors of %s have not tag %u: something else changed them meanwhile; assign them again",
			       (unsigned long long)(length - t.already), v->name, done->tag);
	lib_todo_free(&t);
	return ret;
}

static int assign_range(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			struct lib_todo *t, u64 start, u64 length, bool dry_run,
			struct libdmwarrant_assign_result *r)
{
	int ret = lib_tag_assign_target(ctx, v, t->states, t->tag);

	if (!ret)
		ret = lib_todo_add(ctx, v, t, start, length);
	if (!ret)
		ret = lib_todo_barred(ctx, t, "the range");
	if (ret)
		return ret;
	r->passes = 1;
	r->sectors = length;
	r->already = t->already;
	if (dry_run) {
		r->moved = t->written;
		return 0;
	}
	ret = lib_todo_run(ctx, v, t, &r->moved);
	return ret ? ret : verify_range(ctx, v, t, start, length);
}

int libdmwarrant_tag_assign(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
			    uint64_t start, uint64_t length, uint32_t flags,
			    struct libdmwarrant_assign_result *result)
{
	struct lib_todo t = { .tag = tag };
	struct lib_tag_states states;
	struct lib_tag_volume v;
	int ret;

	if (result->version != LIBDMWARRANT_ASSIGN_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_ASSIGN_VERSION);
	ret = lib_tag_volume(ctx, volume, &v);
	if (!ret)
		ret = lib_tag_refuse_read_only(ctx, &v);
	/* The sum may wrap; then the range ends before it begins. */
	if (!ret)
		ret = check_range(ctx, &v, start, start + length);
	if (!ret)
		ret = lib_tag_states(ctx, &v, &states);
	if (ret)
		return ret;
	t.states = &states;
	lib_progress_start(ctx);
	ret = assign_range(ctx, &v, &t, start, length, flags & LIBDMWARRANT_ASSIGN_DRY_RUN, result);
	lib_todo_free(&t);
	lib_tag_states_free(&states);
	return ret;
}
