// SPDX-License-Identifier: GPL-2.0-or-later
/* What a check is left with: sectors that have a tag, but belong to no file. */
#include <fcntl.h>
#include <unistd.h>

#include "lib_tag.h"

struct leftovers {
	struct lib_check	*c;
	int			root;		/* descriptor of the file system's root */
	struct lib_runs		free_space;
	struct lib_tagged	piece;		/* in hand */
	unsigned int		patience_ms;	/* left to wait for discards */
};

/* XFS answers before its discards are done; all of a check's are waited for no longer than this. */
#define PATIENCE_MS	3000
#define PATIENCE_STEP_MS	20

/* ---- what there is ---- */

/* @left: receives what no file was found to have. */
static int unused(struct lib_check *c, struct lib_runs *left)
{
	size_t i;
	int ret = 0;

	lib_runs_sort(&c->used);
	left->count = 0;
	for (i = 0; i < c->count && !ret; i++)
		ret = lib_runs_subtract(&c->used, c->tagged[i].start, c->tagged[i].length, left);
	return ret ? lib_fail(c->ctx, ret, "out of memory") : 0;
}

/* Files that came, or got blocks, since the first look have them by now. */
static int unused_still(struct lib_check *c, struct lib_runs *left)
{
	int ret = unused(c, left);

	if (ret || !left->count)
		return ret;
	c->confirm = true;
	c->total += c->bytes;
	ret = lib_walk(c->ctx, c->mount, NULL, lib_check_file, c);
	return ret ? ret : unused(c, left);
}

/* ---- what is done about it ---- */

static int any_tag(void *arg, const struct libdmwarrant_tag_extent *e)
{
	(void)arg;
	return e->tag != DMW_TAG_DEFAULT;
}

static bool is_clear(const struct leftovers *l, const struct lib_run *run)
{
	return !lib_tag_extents(l->c->ctx, l->c->v, run->start, run->start + run->length, any_tag,
				NULL);
}

/* Return: has the run no tag any more? */
static bool discard(struct leftovers *l, const struct lib_run *run)
{
	if (lib_space_discard(l->root, &l->c->mount->stack, run))
		return false;
	while (!is_clear(l, run)) {
		if (!l->patience_ms)
			return false;
		l->patience_ms -= PATIENCE_STEP_MS;
		usleep(PATIENCE_STEP_MS * 1000);
	}
	return true;
}

/*
 * Gives a run to the default tag, or only what of it is empty: of that there is nothing that the
 * tag's key protects. Return: has all of it been moved?
 */
static bool to_default(struct leftovers *l, const struct lib_run *run, bool only_empty)
{
	struct lib_check *c = l->c;
	struct lib_todo t = { .states = &c->states, .tag = DMW_TAG_DEFAULT,
			      .prealloc = only_empty };
	int ret = lib_todo_add(c->ctx, c->v, &t, run->start, run->length);
	bool all = !t.residue;

	if (!ret)
		ret = lib_todo_run(c->ctx, c->v, &t, &c->result->moved);
	lib_todo_free(&t);
	return !ret && all;
}

static enum libdmwarrant_tag_repair repair_free(struct leftovers *l, const struct lib_run *run)
{
	if (to_default(l, run, true))
		return LIBDMWARRANT_REPAIR_DONE;
	if (discard(l, run))
		return LIBDMWARRANT_REPAIR_DONE;
	if (!(l->c->params->flags & LIBDMWARRANT_TAG_CHECK_MOVE_FREE))
		return LIBDMWARRANT_REPAIR_NONE;
	return to_default(l, run, false) ? LIBDMWARRANT_REPAIR_DONE : LIBDMWARRANT_REPAIR_FAILED;
}

static enum libdmwarrant_tag_repair repair(struct leftovers *l, const struct lib_run *run,
					   bool is_free)
{
	if (lib_tag_states_find(&l->c->states, l->piece.tag) != LIBDMWARRANT_TAG_OPEN)
		return LIBDMWARRANT_REPAIR_REFUSED;
	if (!(l->c->params->flags & LIBDMWARRANT_TAG_CHECK_REPAIR))
		return LIBDMWARRANT_REPAIR_NONE;
	if (is_free)
		return repair_free(l, run);
	return to_default(l, run, false) ? LIBDMWARRANT_REPAIR_DONE : LIBDMWARRANT_REPAIR_FAILED;
}

static int report(struct leftovers *l, const struct lib_runs *runs, bool is_free)
{
	struct libdmwarrant_tag_finding f = {
		.fault = is_free ? LIBDMWARRANT_FAULT_FREE : LIBDMWARRANT_FAULT_NOBODY,
		.found = l->piece.tag,
		.text = is_free ? "free space, as a deleted file left it" :
			"in use by the file system itself, or by a deleted file that is still open",
	};
	size_t i;
	int ret = 0;

	for (i = 0; i < runs->count && !ret; i++) {
		f.start = runs->runs[i].start;
		f.length = runs->runs[i].length;
		f.repair = repair(l, &runs->runs[i], is_free);
		ret = lib_check_found(l->c, &f);
	}
	return ret;
}

/* What the file system says is free, and the rest. */
static int report_piece(struct leftovers *l)
{
	struct lib_runs in_use = { 0 }, is_free = { 0 };
	int ret;

	ret = lib_runs_subtract(&l->free_space, l->piece.start, l->piece.length, &in_use);
	if (!ret)
		ret = lib_runs_subtract(&in_use, l->piece.start, l->piece.length, &is_free);
	if (ret)
		lib_fail(l->c->ctx, ret, "out of memory");
	if (!ret)
		ret = report(l, &in_use, false);
	if (!ret)
		ret = report(l, &is_free, true);
	lib_runs_free(&in_use);
	lib_runs_free(&is_free);
	return ret;
}

/* The first extent that there is now, not what there was when the check began. */
static int first_extent(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct lib_tagged *piece = arg;

	piece->start = e->start;
	piece->length = e->length;
	piece->tag = e->tag;
	return 1;
}

/* Reports a run that no file has, in pieces of one tag, all written or all not. */
static int report_run(struct leftovers *l, const struct lib_run *run)
{
	struct lib_check *c = l->c;
	u64 at = run->start, end = run->start + run->length;
	int ret = 0;

	while (at < end && ret >= 0) {
		ret = lib_tag_extents(c->ctx, c->v, at, end, first_extent, &l->piece);
		at = l->piece.start + l->piece.length;
		if (ret >= 0 && l->piece.tag != DMW_TAG_DEFAULT)
			ret = report_piece(l);
	}
	return ret < 0 ? ret : 0;
}

static int open_root(struct leftovers *l)
{
	const struct lib_mount *m = l->c->mount;
	int ret;

	l->root = lib_mount_open(l->c->ctx, m);
	if (l->root < 0)
		return l->root;
	ret = lib_space_free(l->root, m->dev, &m->stack, &l->free_space);
	return ret ? lib_fail(l->c->ctx, ret, "%s does not say what is free: %s", m->point,
			      strerror(-ret)) : 0;
}

/** lib_check_leftovers() - report, and repair, what has a tag but no file */
int lib_check_leftovers(struct lib_check *c)
{
	struct leftovers l = { .c = c, .root = -1, .patience_ms = PATIENCE_MS };
	struct lib_runs left = { 0 };
	size_t i;
	int ret = unused_still(c, &left);

	if (!ret && left.count)
		ret = open_root(&l);
	for (i = 0; i < left.count && !ret; i++)
		ret = report_run(&l, &left.runs[i]);
	if (l.root >= 0)
		close(l.root);
	lib_runs_free(&l.free_space);
	lib_runs_free(&left);
	return ret;
}
