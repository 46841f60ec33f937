// SPDX-License-Identifier: GPL-2.0-or-later
/* Holds are placed and released; things are restricted. */
#include "json.h"
#include "libdmwarrant-tag.h"
#include "retention_state.h"

static int check_entry(struct libdmwarrant_registry *r,
		       const struct libdmwarrant_retention_entry *n, u32 flags)
{
	if (n->version != LIBDMWARRANT_RETENTION_ENTRY_VERSION)
		return lib_fail_version(r->ctx, n->version, LIBDMWARRANT_RETENTION_ENTRY_VERSION);
	if (n->flags & ~(LIBDMWARRANT_RETENTION_DRY_RUN | flags))
		return lib_fail(r->ctx, -EINVAL, "unknown flags %#x for an entry", n->flags);
	return 0;
}

static bool is_same(const struct lib_record *rec, const struct lib_retention_target *t)
{
	struct lib_retention_target other;

	lib_record_target(rec, &other);
	return lib_target_within(&other, t) && lib_target_within(t, &other);
}

static int enter_hold_texts(struct lib_entering *e, const struct libdmwarrant_retention_entry *n)
{
	if (n->name && strlen(n->name) > 200)
		return lib_fail(e->r->ctx, -EINVAL, "the name of a hold has at most 200 bytes");
	return lib_enter_text(e, "Name", n->name, true) ?:
		lib_enter_text(e, "Reason", n->reason, true) ?:
		lib_enter_text(e, "Authority", n->authority, true);
}

/* ---- placing ---- */

static int check_held(struct lib_entering *e, const char *name)
{
	const struct lib_record *rec = NULL;
	char quoted[LIB_QUOTE_SIZE];

	while ((rec = lib_case_hold(&e->c, &e->target, rec)))
		if (name && is_same(rec, &e->target) &&
		    !strcmp(lib_warrant_text(rec->body, "Name"), name))
			return lib_fail(e->r->ctx, -EEXIST, "%s holds it already",
					lib_quote(quoted, name, strlen(name)));
	return 0;
}

/* What is begun goes on, and what is gone is gone: nobody must believe that it is held. */
static int check_late(struct lib_entering *e)
{
	const struct lib_record *rec = NULL;
	struct lib_retention_target asked;

	while ((rec = lib_case_next(&e->c, rec, "request.made"))) {
		lib_record_target(rec, &asked);
		if (lib_case_request_end(&e->c, rec, "shred.begun") &&
		    lib_target_within(&e->target, &asked))
			return lib_fail(e->r->ctx, -EALREADY,
					"it is too late: request %s, to destroy it, %s",
					lib_warrant_text(rec->body, "Request"),
					lib_case_request_end(&e->c, rec, "shred.done") ?
					"was carried out" : "is being carried out");
	}
	return 0;
}

int libdmwarrant_retention_hold(struct libdmwarrant_registry *r,
				const struct libdmwarrant_retention_entry *n)
{
	struct lib_entering e = { .r = r };
	int ret = check_entry(r, n, 0);

	if (ret)
		return ret;
	ret = lib_enter_begin(&e, &n->target, n->flags);
	if (!ret)
		ret = check_late(&e) ?: check_held(&e, n->name) ?: enter_hold_texts(&e, n);
	return lib_enter_end(&e, "hold.placed", ret);
}

/* ---- releasing ---- */

/**
 * struct matter - what a matter holds
 * @held:  targets
 * @count: of them
 */
struct matter {
	struct lib_retention_target	*held;
	size_t				count;
};

static int add_held(struct matter *m, const struct lib_record *rec)
{
	struct lib_retention_target *more = reallocarray(m->held, m->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->held = more;
	lib_record_target(rec, &more[m->count++]);
	return 0;
}

/* Holds need no more than the records of their warrant, so no warrant is opened for this. */
static int find_matter(const struct lib_replay *p, const char *name, struct matter *m)
{
	struct lib_case c = { .replay = p };
	const struct lib_record *rec = p->records, *end = p->records + p->count;
	int ret = 0;

	for (; !ret && rec < end; rec++) {
		if (strcmp(rec->kind, "hold.placed") ||
		    strcmp(lib_warrant_text(rec->body, "Name"), name))
			continue;
		c.records = rec;
		for (c.count = 1; rec + c.count < end &&
		     !strcmp(rec[c.count].warrant, rec->warrant); c.count++)
			;
		if (lib_hold_active(&c, rec))
			ret = add_held(m, rec);
	}
	return ret;
}

static int several(struct libdmwarrant_registry *r, const char *name, const struct matter *m)
{
	char quoted[LIB_QUOTE_SIZE], list[400] = "";
	size_t i, n = 0;

	for (i = 0; i < m->count && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%swarrant %s%s%s", i ? ", " : "",
			      m->held[i].warrant, *m->held[i].volume ? " volume " : "",
			      m->held[i].volume);
	return lib_fail(r->ctx, -ENOTUNIQ, "%s holds %zu things, name the one to release: %s",
			lib_quote(quoted, name, strlen(name)), m->count, list);
}

static int read_matter(struct libdmwarrant_registry *r, const char *name, struct matter *m)
{
	struct lib_replay p = { 0 };
	int ret = lib_registry_begin(r, false);

	if (ret)
		return ret;
	ret = lib_replay_read(r, &p) ?: find_matter(&p, name, m);
	lib_replay_free(&p);
	return lib_registry_end(r, ret);
}

/* The only thing that a matter holds need not be named. */
static int only_target(struct libdmwarrant_registry *r, const char *name,
		       struct lib_retention_target *only)
{
	char quoted[LIB_QUOTE_SIZE];
	struct matter m = { 0 };
	int ret = read_matter(r, name, &m);

	if (!ret && !m.count)
		ret = lib_fail(r->ctx, -ENOENT, "there is no hold for %s",
			       lib_quote(quoted, name, strlen(name)));
	else if (!ret && m.count > 1)
		ret = several(r, name, &m);
	else if (!ret)
		*only = m.held[0];
	free(m.held);
	return ret;
}

static int check_release(struct lib_entering *e, const char *name)
{
	const struct lib_record *rec = NULL;
	char quoted[LIB_QUOTE_SIZE];

	while ((rec = lib_case_hold(&e->c, &e->target, rec)))
		if (is_same(rec, &e->target) && !strcmp(lib_warrant_text(rec->body, "Name"), name))
			return 0;
	return lib_fail(e->r->ctx, -ENOENT, "there is no hold for %s on exactly that",
			lib_quote(quoted, name, strlen(name)));
}

int libdmwarrant_retention_release(struct libdmwarrant_registry *r,
				   const struct libdmwarrant_retention_entry *n)
{
	struct libdmwarrant_retention_target target = n->target;
	struct lib_retention_target only;
	struct lib_entering e = { .r = r };
	int ret = check_entry(r, n, 0);

	if (!ret && (!n->name || !*n->name))
		ret = lib_fail(r->ctx, -EINVAL, "name the matter whose hold is to be released");
	if (!ret && !target.warrant && !target.volume) {
		ret = only_target(r, n->name, &only);
		target = (struct libdmwarrant_retention_target){
			.warrant = only.warrant, .volume = *only.volume ? only.volume : NULL,
			.tag = only.tag
		};
	}
	if (ret)
		return ret;
	e.forgotten = true;
	ret = lib_enter_begin(&e, &target, n->flags);
	if (!ret)
		ret = check_release(&e, n->name) ?: enter_hold_texts(&e, n);
	return lib_enter_end(&e, "hold.released", ret);
}

/* ---- restricting ---- */

static int enter_restriction(struct libdmwarrant_registry *r,
			     const struct libdmwarrant_retention_entry *n, u32 flags,
			     struct lib_retention_target *target)
{
	struct lib_entering e = { .r = r };
	int ret = lib_enter_begin(&e, &n->target, flags);

	if (!ret && lib_case_restricted(&e.c, &e.target))
		ret = lib_fail(r->ctx, -EEXIST, "that is restricted already");
	if (!ret)
		ret = lib_enter_text(&e, "Reason", n->reason, true) ?:
			lib_enter_text(&e, "Authority", n->authority, true);
	*target = e.target;
	return lib_enter_end(&e, "retention.restricted", ret);
}

/* What is recorded as restricted must be. Killed before the record, a repeat finds that it is. */
static int restrict_tag(struct libdmwarrant_registry *r, const struct lib_retention_target *t)
{
	struct libdmwarrant_tag_state_result result = { .version = LIBDMWARRANT_TAG_STATE_VERSION };
	int ret = libdmwarrant_tag_set_state(r->ctx, t->volume, t->tag,
					     LIBDMWARRANT_TAG_RESTRICTED, 0, &result);

	return ret == -EEXIST ? 0 : ret;
}

int libdmwarrant_retention_restrict(struct libdmwarrant_registry *r,
				    const struct libdmwarrant_retention_entry *n)
{
	struct lib_retention_target target;
	int ret = check_entry(r, n, LIBDMWARRANT_RETENTION_NO_KERNEL);

	/* All is looked at before the kernel is told, and the registry is not locked meanwhile. */
	if (!ret)
		ret = enter_restriction(r, n, n->flags | LIBDMWARRANT_RETENTION_DRY_RUN, &target);
	if (ret || n->flags & LIBDMWARRANT_RETENTION_DRY_RUN)
		return ret;
	if (target.tag && !(n->flags & LIBDMWARRANT_RETENTION_NO_KERNEL))
		ret = restrict_tag(r, &target);
	return ret ?: enter_restriction(r, n, n->flags, &target);
}
