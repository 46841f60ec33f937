// SPDX-License-Identifier: GPL-2.0-or-later
/* How everything stands: a row for each warrant, and for each part of one that an entry is about. */
#include "json.h"
#include "retention_state.h"

const char *libdmwarrant_retention_state_name(enum libdmwarrant_retention_state state)
{
	static const char *const names[] = {
		[LIBDMWARRANT_RETENTION_ACTIVE] = "active",
		[LIBDMWARRANT_RETENTION_RESTRICTED] = "restricted",
		[LIBDMWARRANT_RETENTION_DUE] = "due",
		[LIBDMWARRANT_RETENTION_SCHEDULED] = "scheduled",
		[LIBDMWARRANT_RETENTION_HELD] = "held",
		[LIBDMWARRANT_RETENTION_SHREDDED] = "shredded",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

/**
 * struct row - a row, with all that its texts are in
 * @s:      for the caller
 * @target: what it is about
 * @o:      the warrant's record
 * @holds:  text
 */
struct row {
	struct libdmwarrant_retention	s;
	struct lib_retention_target	target;
	struct json_object		*o;
	char				*holds;
};

struct rows {
	struct row	*row;
	size_t		count;
};

static void free_rows(struct rows *all)
{
	size_t i;

	for (i = 0; i < all->count; i++) {
		json_object_put(all->row[i].o);
		free(all->row[i].holds);
	}
	free(all->row);
}

/* ---- one row ---- */

static char *hold_names(const struct lib_case *c, const struct lib_retention_target *target)
{
	const struct lib_record *rec = NULL;
	char *text = NULL, *more;

	while ((rec = lib_case_hold(c, target, rec))) {
		if (asprintf(&more, "%s%s%s", text ? text : "", text ? ", " : "",
			     lib_warrant_text(rec->body, "Name")) < 0)
			more = NULL;
		free(text);
		if (!more)
			return NULL;
		text = more;
	}
	return text ? text : strdup("");
}

/* Whether all that was signed still counts is looked at when it is carried out. */
static bool is_approved(const struct lib_case *c, const struct lib_record *made)
{
	struct json_object *policy = json_object_object_get(made->body, "Policy");
	s64 needed = json_object_get_int64(json_object_object_get(policy, "Approvals"));
	const char *id = lib_warrant_text(made->body, "Request");
	const struct lib_record *rec = made;

	while ((rec = lib_case_next(c, rec, "request.approved")))
		needed -= !strcmp(lib_warrant_text(rec->body, "Request"), id);
	return needed <= 0;
}

static u32 request_flags(const struct lib_case *c, const struct lib_retention_target *target,
			 bool *shredded)
{
	struct lib_retention_target asked;
	const struct lib_record *rec = NULL;
	u32 flags = 0;

	*shredded = false;
	while ((rec = lib_case_next(c, rec, "request.made"))) {
		lib_record_target(rec, &asked);
		if (!lib_target_within(target, &asked))
			continue;
		if (lib_case_request_end(c, rec, "shred.done"))
			*shredded = true;
		else if (lib_case_request_end(c, rec, "request.signed") &&
			 !lib_case_request_end(c, rec, "request.cancelled"))
			flags |= LIBDMWARRANT_RETENTION_IS_REQUESTED |
				 (is_approved(c, rec) ? LIBDMWARRANT_RETENTION_IS_APPROVED : 0);
	}
	return flags;
}

static void set_state(struct libdmwarrant_retention *s, bool shredded)
{
	static const struct {
		u32	flag;
		u32	state;
	} order[] = {
		{ LIBDMWARRANT_RETENTION_IS_HELD, LIBDMWARRANT_RETENTION_HELD },
		{ LIBDMWARRANT_RETENTION_IS_APPROVED, LIBDMWARRANT_RETENTION_SCHEDULED },
		{ LIBDMWARRANT_RETENTION_IS_DUE, LIBDMWARRANT_RETENTION_DUE },
		{ LIBDMWARRANT_RETENTION_IS_RESTRICTED, LIBDMWARRANT_RETENTION_RESTRICTED },
	};
	size_t i;

	s->state = LIBDMWARRANT_RETENTION_ACTIVE;
	for (i = 0; i < ARRAY_SIZE(order) && s->state == LIBDMWARRANT_RETENTION_ACTIVE; i++)
		if (s->flags & order[i].flag)
			s->state = order[i].state;
	if (!shredded)
		return;
	/* What is gone is neither due nor late. */
	s->state = LIBDMWARRANT_RETENTION_SHREDDED;
	s->flags = 0;
}

static void set_flags(struct row *row, const struct lib_case *c, const struct lib_dates *d, s64 now)
{
	struct libdmwarrant_retention *s = &row->s;
	bool shredded;

	s->flags = request_flags(c, &row->target, &shredded);
	if (!d->bound)
		s->flags |= LIBDMWARRANT_RETENTION_NO_PROFILE;
	if (*row->holds)
		s->flags |= LIBDMWARRANT_RETENTION_IS_HELD;
	if (lib_case_restricted(c, &row->target))
		s->flags |= LIBDMWARRANT_RETENTION_IS_RESTRICTED;
	if (now >= d->due)
		s->flags |= LIBDMWARRANT_RETENTION_IS_DUE;
	if (now >= d->ceiling)
		s->flags |= LIBDMWARRANT_RETENTION_OVERRUN;
	if (now >= d->review)
		s->flags |= LIBDMWARRANT_RETENTION_REVIEW_DUE;
	set_state(s, shredded);
}

static void set_dates(struct libdmwarrant_retention *s, const struct lib_dates *d)
{
	s->floor = d->floor;
	s->absolute = d->absolute;
	s->due = d->due;
	s->ceiling = d->ceiling;
	s->review = d->review;
	s->floor_from = d->floor_from;
	s->due_from = d->due_from;
	s->ceiling_from = d->ceiling_from;
	s->review_from = d->review_from;
}

static int add_row(struct rows *all, const struct lib_case *c,
		   const struct lib_retention_target *target,
		   const struct libdmwarrant_warrant *w, struct json_object *o, s64 now)
{
	const struct lib_record *bound = lib_case_last(c, "retention.bound");
	struct row *more = reallocarray(all->row, all->count + 1, sizeof(*more)), *row;
	struct lib_dates d;

	if (!more)
		return -ENOMEM;
	all->row = more;
	row = &more[all->count];
	memset(row, 0, sizeof(*row));
	row->target = *target;
	row->holds = hold_names(c, target);
	if (!row->holds)
		return -ENOMEM;
	row->o = json_object_get(o);
	all->count++;
	lib_case_dates(c, &d);
	row->s.version = LIBDMWARRANT_RETENTION_VERSION;
	row->s.tag = target->tag;
	row->s.warrant = w->uuid;
	row->s.reference = w->reference;
	row->s.copy = w->copy;
	row->s.profile = bound ? lib_warrant_text(bound->body, "Profile") : "";
	set_dates(&row->s, &d);
	set_flags(row, c, &d, now);
	return 0;
}

/* ---- all rows ---- */

static bool have_row(const struct rows *all, size_t first, const struct lib_retention_target *t)
{
	size_t i;

	for (i = first; i < all->count; i++)
		if (lib_target_within(&all->row[i].target, t) &&
		    lib_target_within(t, &all->row[i].target))
			return true;
	return false;
}

static int add_case(struct rows *all, const struct lib_case *c,
		    const struct libdmwarrant_warrant *w, struct json_object *o, s64 now)
{
	struct lib_retention_target target = { 0 };
	const struct lib_record *rec;
	size_t first = all->count;
	int ret;

	lib_copy(target.warrant, sizeof(target.warrant), w->uuid);
	ret = add_row(all, c, &target, w, o, now);
	for (rec = c->records; !ret && rec < c->records + c->count; rec++) {
		lib_record_target(rec, &target);
		if (!have_row(all, first, &target))
			ret = add_row(all, c, &target, w, o, now);
	}
	return ret;
}

static int add_warrant(struct lib_replay *p, struct rows *all, const char *key, s64 now)
{
	struct libdmwarrant_warrant w = { 0 };
	struct lib_warrant_row row = { 0 };
	struct json_object *o = NULL;
	struct lib_case c;
	int ret = lib_warrant_find(p->r, key, &row) ?: lib_warrant_parse(p->r->ctx, row.json, &o);

	if (!ret) {
		lib_warrant_summary(o, now, &w);
		ret = lib_case_open(p, &w, &c) ?: add_case(all, &c, &w, o, now);
	}
	json_object_put(o);
	free(row.json);
	return ret;
}

/* Keys, kept so that no statement runs while others do. */
struct keys {
	char	(*uuid)[37];
	size_t	count;
};

static int keep_key(void *arg, const struct lib_value *row)
{
	struct keys *k = arg;
	char (*more)[37] = reallocarray(k->uuid, k->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	k->uuid = more;
	lib_copy(more[k->count++], sizeof(*more), lib_text(row[0].text).text);
	return 0;
}

static int collect(struct libdmwarrant_registry *r, struct lib_replay *p, const char *warrant,
		   s64 now, struct rows *all)
{
	struct keys k = { 0 };
	size_t i;
	int ret = lib_replay_read(r, p);

	if (!ret && warrant)
		ret = add_warrant(p, all, warrant, now);
	else if (!ret)
		ret = lib_sql(r, keep_key, &k, "SELECT uuid FROM warrants ORDER BY reference, uuid");
	for (i = 0; !ret && i < k.count; i++)
		ret = add_warrant(p, all, k.uuid[i], now);
	free(k.uuid);
	return ret == -ENOMEM ? lib_fail(r->ctx, ret, "not enough memory for the list") : ret;
}

/* Due longest first, then what will be due; what is gone last. */
static int in_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	bool gone[] = { x->s.state == LIBDMWARRANT_RETENTION_SHREDDED,
			y->s.state == LIBDMWARRANT_RETENTION_SHREDDED };
	int order;

	if (gone[0] != gone[1])
		return gone[0] - gone[1];
	if (x->s.due != y->s.due)
		return x->s.due < y->s.due ? -1 : 1;
	order = strcmp(x->s.reference, y->s.reference) ?: strcmp(x->s.warrant, y->s.warrant) ?:
		strcmp(x->target.volume, y->target.volume);
	return order ? order : (x->s.tag > y->s.tag) - (x->s.tag < y->s.tag);
}

int libdmwarrant_retention_list(struct libdmwarrant_registry *r, const char *warrant, int64_t now,
				int (*fn)(void *arg, const struct libdmwarrant_retention *s),
				void *arg)
{
	struct lib_replay p = { 0 };
	struct rows all = { 0 };
	size_t i;
	int ret = lib_registry_begin(r, false);

	if (ret)
		return ret;
	ret = lib_registry_end(r, collect(r, &p, warrant, now ? now : lib_registry_now(), &all));
	if (!ret && all.count)
		qsort(all.row, all.count, sizeof(*all.row), in_order);
	for (i = 0; !ret && i < all.count; i++) {
		all.row[i].s.volume = all.row[i].target.volume;
		all.row[i].s.holds = all.row[i].holds;
		if (fn(arg, &all.row[i].s))
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	}
	free_rows(&all);
	lib_replay_free(&p);
	return ret;
}
