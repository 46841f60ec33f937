// SPDX-License-Identifier: GPL-2.0-or-later
/* One file of a check: does it state what its blocks' seals say? */
#include "lib_tag.h"

/**
 * struct file_check - one file in hand
 * @c:      check
 * @fd:     of the file
 * @path:   of it
 * @tag:    that it states; 0 = none
 * @suspect: some of its blocks seem to have another
 */
struct file_check {
	struct lib_check	*c;
	int			fd;
	const char		*path;
	u32			tag;
	bool			suspect;
};

/* ---- findings ---- */

static int found_attribute(struct file_check *f, enum libdmwarrant_tag_fault fault,
			   const char *text)
{
	struct libdmwarrant_tag_finding finding = {
		.fault = fault, .path = f->path, .expected = f->tag, .text = text,
	};

	return lib_check_found(f->c, &finding);
}

static enum libdmwarrant_tag_repair repair(struct file_check *f, const struct lib_todo *t)
{
	struct libdmwarrant_assign_result r = { .version = LIBDMWARRANT_ASSIGN_VERSION };
	struct lib_check *c = f->c;
	int ret;

	if (t->barred.length)
		return LIBDMWARRANT_REPAIR_REFUSED;
	if (!(c->params->flags & LIBDMWARRANT_TAG_CHECK_REPAIR))
		return LIBDMWARRANT_REPAIR_NONE;
	ret = lib_file_assign(c->ctx, c->v, &c->mount->stack, &c->states, f->tag, f->fd, f->path,
			      &r);
	c->result->moved += r.moved;
	if (ret == -EPERM)
		return LIBDMWARRANT_REPAIR_REFUSED;
	return ret ? LIBDMWARRANT_REPAIR_FAILED : LIBDMWARRANT_REPAIR_DONE;
}

static int first_tag(void *arg, const struct libdmwarrant_tag_extent *e)
{
	u32 *tag = arg;

	*tag = e->tag;
	return 1;
}

static int describe(struct file_check *f, struct lib_todo *t,
		    struct libdmwarrant_tag_finding *finding)
{
	int ret;

	finding->fault = f->tag ? LIBDMWARRANT_FAULT_WRONG_TAG : LIBDMWARRANT_FAULT_UNTAGGED;
	finding->path = f->path;
	finding->expected = f->tag;
	if (!t->runs.count) {
		finding->found = t->barred.tag;
		finding->start = t->barred.start;
		finding->length = t->barred.length;
		finding->text = "blocks of a tag that must not be touched";
		return 0;
	}
	finding->start = t->runs.runs[0].start;
	finding->length = lib_runs_sum(&t->runs);
	finding->text = f->tag ? "blocks of another tag than the file states" :
			"blocks of a tag, but the file states none";
	ret = lib_tag_extents(f->c->ctx, f->c->v, finding->start, finding->start + 1, first_tag,
			      &finding->found);
	return ret > 0 ? 0 : ret;
}

/* The list of tagged sectors may be old: the file is looked at again before it is accused. */
static int accuse(struct file_check *f)
{
	struct libdmwarrant_tag_finding finding = { 0 };
	struct lib_check *c = f->c;
	struct lib_todo t = { .states = &c->states, .tag = f->tag };
	int ret;

	ret = lib_file_todo(c->ctx, c->v, &c->mount->stack, f->fd, f->path, 0, &t);
	if (!ret && (t.runs.count || t.barred.length)) {
		ret = describe(f, &t, &finding);
		if (!ret) {
			finding.repair = repair(f, &t);
			ret = lib_check_found(c, &finding);
		}
	}
	lib_todo_free(&t);
	return ret;
}

/* ---- looking ---- */

/* Compares with the list of tagged sectors; the sectors found there are in use. */
static int judge_blocks(void *arg, u64 start, u64 length, unsigned int blocks)
{
	struct file_check *f = arg;
	struct lib_check *c = f->c;
	u64 end = start + length, at = start, first, last;
	const struct lib_tagged *t = c->tagged + lib_tagged_after(c, start);
	int ret = 0;

	for (; t < c->tagged + c->count && t->start < end && !ret; t++) {
		first = max(start, t->start);
		last = min(end, t->start + t->length);
		f->suspect |= t->tag != f->tag || (f->tag && first > at);
		at = last;
		ret = lib_runs_add(&c->used, first, last - first);
	}
	(void)blocks;
	f->suspect |= f->tag && at < end;
	return ret ? lib_fail(c->ctx, ret, "out of memory") : 0;
}

/* What the attribute says. Return: 0; 1 = a fault that makes it say nothing; or a negative errno. */
static int read_attribute(struct file_check *f)
{
	struct lib_check *c = f->c;
	u8 uuid[DMW_UUID_SIZE];
	u32 tag;
	int ret = lib_attr_get(f->fd, uuid, &tag);

	if (ret == -ENODATA || ret == -EOPNOTSUPP)
		return 0;
	if (!c->confirm)
		c->result->tagged++;
	if (ret) {
		ret = found_attribute(f, LIBDMWARRANT_FAULT_UNKNOWN, "the attribute is none of ours");
		return ret ? ret : 1;
	}
	f->tag = tag;
	if (memcmp(uuid, c->v->uuid, DMW_UUID_SIZE))
		ret = found_attribute(f, LIBDMWARRANT_FAULT_FOREIGN,
				      "the attribute is of another volume: a copy that was not assigned here");
	else if (!lib_tag_states_find(&c->states, tag))
		ret = found_attribute(f, LIBDMWARRANT_FAULT_UNKNOWN,
				      "the attribute states a tag that the volume does not have");
	else
		return 0;
	return ret ? ret : 1;
}

/* Its blocks are in use all the same: they must not be taken for nobody's. */
static int unmappable(struct file_check *f)
{
	struct lib_check *c = f->c;
	char text[512];
	int ret;

	lib_copy(text, sizeof(text), libdmwarrant_error(c->ctx));
	ret = found_attribute(f, LIBDMWARRANT_FAULT_UNMAPPABLE, text);
	if (!ret)
		lib_file_map(c->ctx, f->fd, f->path, &c->mount->stack, 0, judge_blocks, f);
	f->suspect = false;
	return ret;
}

static int look(struct file_check *f, bool judged)
{
	struct lib_check *c = f->c;
	int ret;

	ret = f->tag && judged ? lib_file_check(c->ctx, f->fd, f->path) : 0;
	if (!ret)
		ret = lib_file_map(c->ctx, f->fd, f->path, &c->mount->stack,
				   f->tag && judged ? 0 : LIB_MAP_NO_SYNC,
				   judge_blocks, f);
	if (ret == -EOPNOTSUPP && f->tag && judged)
		return c->confirm ? 0 : unmappable(f);
	/* Kept among the file system's own data: it has no blocks that could have a tag. */
	if (ret == -EOPNOTSUPP)
		return 0;
	return ret;
}

/** lib_check_file() - a lib_walk_fn for a struct lib_check */
int lib_check_file(void *arg, int fd, const char *path, const struct stat *st)
{
	struct lib_check *c = arg;
	struct file_check f = { .c = c, .fd = fd, .path = path };
	bool judged;
	int ret;

	c->bytes += (u64)st->st_blocks << 9;
	ret = lib_progress(c->ctx, "looking through files", min(c->bytes, c->total), c->total);
	if (ret)
		return ret;
	if (c->confirm)
		return look(&f, false);
	c->result->files++;
	ret = read_attribute(&f);
	if (ret < 0)
		return ret;
	judged = !ret;
	ret = look(&f, judged);
	return ret || !judged || !f.suspect ? ret : accuse(&f);
}
