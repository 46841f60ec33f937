// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Do the attributes of files and the seals of their blocks agree?
 *
 * First the seals are asked which sectors have a tag, then all files which sectors are theirs. What
 * is left over has a tag, but no file: free space that a deleted file left, or blocks that the file
 * system uses for itself by now. All that happens while the file system is in use, so whatever seems
 * wrong is looked at a second time before it is reported.
 */
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib_tag.h"

static const char *const fault_names[] = {
	[LIBDMWARRANT_FAULT_WRONG_TAG] = "wrong-tag",
	[LIBDMWARRANT_FAULT_UNTAGGED] = "untagged",
	[LIBDMWARRANT_FAULT_FREE] = "free",
	[LIBDMWARRANT_FAULT_NOBODY] = "nobody",
	[LIBDMWARRANT_FAULT_FOREIGN] = "foreign",
	[LIBDMWARRANT_FAULT_UNKNOWN] = "unknown",
	[LIBDMWARRANT_FAULT_UNMAPPABLE] = "unmappable",
};

const char *libdmwarrant_tag_fault_name(enum libdmwarrant_tag_fault fault)
{
	return fault < ARRAY_SIZE(fault_names) && fault_names[fault] ? fault_names[fault] :
	       "unexpected";
}

/** lib_check_found() - count a finding and report it. Return: 0 or -ECANCELED */
int lib_check_found(struct lib_check *c, const struct libdmwarrant_tag_finding *f)
{
	struct libdmwarrant_tag_check_result *r = c->result;

	if (f->fault == LIBDMWARRANT_FAULT_FREE) {
		r->free += f->length;
		r->cleared += f->repair == LIBDMWARRANT_REPAIR_DONE ? f->length : 0;
	}
	/* Free space may keep its tag, unless the file system could not use it any more. */
	if (f->fault != LIBDMWARRANT_FAULT_FREE || f->repair == LIBDMWARRANT_REPAIR_REFUSED) {
		r->findings++;
		r->repaired += f->repair == LIBDMWARRANT_REPAIR_DONE;
		r->refused += f->repair == LIBDMWARRANT_REPAIR_REFUSED;
	}
	if (c->params->finding && c->params->finding(c->params->arg, f))
		return lib_fail(c->ctx, -ECANCELED, "cancelled");
	return 0;
}

/* ---- which sectors have a tag ---- */

static int add_tagged(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct lib_check *c = arg;
	struct lib_tagged *t = c->count ? &c->tagged[c->count - 1] : NULL;

	if (e->tag == DMW_TAG_DEFAULT)
		return 0;
	if (!c->confirm && lib_tag_states_find(&c->states, e->tag) == LIBDMWARRANT_TAG_SHREDDED)
		c->result->shredded += e->length;
	if (t && t->tag == e->tag && t->start + t->length == e->start) {
		t->length += e->length;
		return 0;
	}
	if (c->count == c->space) {
		c->space = c->space ? 2 * c->space : 64;
		t = reallocarray(c->tagged, c->space, sizeof(*t));
		if (!t)
			return -ENOMEM;
		c->tagged = t;
	}
	t = &c->tagged[c->count++];
	t->start = e->start;
	t->length = e->length;
	t->tag = e->tag;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct lib_tagged *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* A file system may lie on the volume in several pieces, in any order. */
static int read_tagged(struct lib_check *c)
{
	const struct lib_stack *s = &c->mount->stack;
	size_t i;
	int ret = 0;

	for (i = 0; i < s->count && !ret; i++)
		ret = lib_tag_extents(c->ctx, c->v, s->segments[i].to >> DMW_SECTOR_SHIFT,
				      (s->segments[i].to + s->segments[i].length) >>
				      DMW_SECTOR_SHIFT, add_tagged, c);
	if (ret == -ENOMEM)
		return lib_fail(c->ctx, ret, "out of memory");
	if (c->count)
		qsort(c->tagged, c->count, sizeof(*c->tagged), by_start);
	return ret;
}

/** lib_tagged_after() - index of the first of c->tagged that ends behind @sector */
size_t lib_tagged_after(const struct lib_check *c, u64 sector)
{
	size_t low = 0, high = c->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (c->tagged[middle].start + c->tagged[middle].length <= sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- one file system ---- */

/* What is still to be written out has no blocks yet, and would be missed. */
static int write_out(struct lib_check *c)
{
	int fd = lib_mount_open(c->ctx, c->mount);
	struct statvfs s;
	int ret = 0;

	if (fd < 0)
		return fd;
	if (syncfs(fd))
		ret = lib_fail(c->ctx, -errno, "cannot write out %s: %s", c->mount->point,
			       strerror(errno));
	else if (!fstatvfs(fd, &s))
		c->total += (u64)(s.f_blocks - s.f_bfree) * s.f_frsize;
	close(fd);
	return ret;
}

static int check_mount(struct lib_check *c, const struct lib_mount *m, const char *path)
{
	int ret;

	c->mount = m;
	c->whole = !path;
	c->count = 0;
	c->used.count = 0;
	c->confirm = false;
	ret = lib_mount_usable(c->ctx, m->dev, m->point);
	if (!ret)
		ret = write_out(c);
	if (!ret)
		ret = read_tagged(c);
	if (!ret)
		ret = lib_walk(c->ctx, m, path, lib_check_file, c);
	if (!ret && c->whole)
		ret = lib_check_leftovers(c);
	c->result->mounts++;
	return ret;
}

/* ---- all that were asked for ---- */

static int check_path(struct lib_check *c, const struct lib_mounts *mounts)
{
	const char *path = c->params->path;
	struct stat st, point;
	size_t i;

	if (stat(path, &st))
		return lib_fail(c->ctx, -errno, "cannot find %s: %s", path, strerror(errno));
	for (i = 0; i < mounts->count; i++) {
		if (mounts->mounts[i].dev != st.st_dev)
			continue;
		if (!stat(mounts->mounts[i].point, &point) && point.st_ino == st.st_ino &&
		    point.st_dev == st.st_dev)
			path = NULL;
		return check_mount(c, &mounts->mounts[i], path);
	}
	return lib_fail(c->ctx, -EXDEV,
			"%s is on no file system that lies on volume %s and is mounted with its root",
			path, c->v->name);
}

static int check_mounts(struct lib_check *c)
{
	struct lib_mounts mounts;
	size_t i;
	int ret = lib_mounts(c->ctx, c->v, &mounts);

	if (ret)
		return ret;
	if (c->params->path)
		ret = check_path(c, &mounts);
	else if (!mounts.count)
		ret = lib_fail(c->ctx, -ENXIO,
			       "no file system on volume %s is mounted; mount it, for its files are what is checked",
			       c->v->name);
	for (i = 0; !c->params->path && i < mounts.count && !ret; i++)
		ret = check_mount(c, &mounts.mounts[i], NULL);
	lib_mounts_free(&mounts);
	return ret;
}

/** lib_tag_check() - libdmwarrant_tag_check() of a volume that was found */
int lib_tag_check(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		  const struct libdmwarrant_tag_check_params *params,
		  struct libdmwarrant_tag_check_result *result)
{
	struct lib_check c = { .ctx = ctx, .v = v, .params = params, .result = result };
	int ret = lib_tag_states(ctx, v, &c.states);

	lib_progress_start(ctx);
	if (!ret)
		ret = check_mounts(&c);
	lib_tag_states_free(&c.states);
	lib_runs_free(&c.used);
	free(c.tagged);
	if (!ret && result->findings > result->repaired)
		ret = lib_fail(ctx, -EUCLEAN,
			       "%llu files or ranges of %s have a tag that they should not have; %s",
			       (unsigned long long)(result->findings - result->repaired), v->name,
			       params->flags & LIBDMWARRANT_TAG_CHECK_REPAIR ?
			       "what could be repaired was" : "tag check --repair puts them right");
	return ret;
}

int libdmwarrant_tag_check(struct libdmwarrant *ctx, const char *volume,
			   const struct libdmwarrant_tag_check_params *params,
			   struct libdmwarrant_tag_check_result *result)
{
	struct lib_tag_volume v;
	int ret;

	if (params->version != LIBDMWARRANT_TAG_CHECK_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_TAG_CHECK_VERSION);
	if (result->version != LIBDMWARRANT_TAG_CHECK_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_TAG_CHECK_VERSION);
	ret = lib_tag_volume(ctx, volume, &v);
	if (!ret && (params->flags & LIBDMWARRANT_TAG_CHECK_REPAIR))
		ret = lib_tag_refuse_read_only(ctx, &v);
	return ret ? ret : lib_tag_check(ctx, &v, params, result);
}
