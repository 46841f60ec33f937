// SPDX-License-Identifier: GPL-2.0-or-later
/* All that the log says of one warrant, and what follows from it, in the order of time. */
#include <stdarg.h>

#include "json.h"
#include "retention_state.h"

const char *libdmwarrant_moment_name(enum libdmwarrant_moment_kind kind)
{
	static const char *const names[] = {
		[LIBDMWARRANT_MOMENT_EVENT] = "event",
		[LIBDMWARRANT_MOMENT_PROFILE] = "profile",
		[LIBDMWARRANT_MOMENT_FLOOR] = "floor",
		[LIBDMWARRANT_MOMENT_DUE] = "due",
		[LIBDMWARRANT_MOMENT_CEILING] = "ceiling",
		[LIBDMWARRANT_MOMENT_REVIEW] = "review",
		[LIBDMWARRANT_MOMENT_NEXT] = "next-review",
		[LIBDMWARRANT_MOMENT_HOLD] = "hold",
		[LIBDMWARRANT_MOMENT_RESTRICT] = "restriction",
		[LIBDMWARRANT_MOMENT_REQUEST] = "request",
		[LIBDMWARRANT_MOMENT_SHRED] = "shred",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown";
}

/**
 * struct line - a time line being made
 * @c:      of the warrant
 * @moment: what is on it; text, user and volume are its own
 * @count:  of them
 */
struct line {
	const struct lib_case		*c;
	struct libdmwarrant_moment	*moment;
	size_t				count;
};

static void free_line(struct line *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		free((char *)l->moment[i].text);
		free((char *)l->moment[i].user);
		free((char *)l->moment[i].volume);
	}
	free(l->moment);
}

static int add(struct line *l, const struct lib_record *rec, u32 kind, s64 start, s64 end,
	       const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* @rec: NULL = it follows from other things */
static int add(struct line *l, const struct lib_record *rec, u32 kind, s64 start, s64 end,
	       const char *fmt, ...)
{
	struct libdmwarrant_moment *more = reallocarray(l->moment, l->count + 1, sizeof(*more));
	struct libdmwarrant_moment *m;
	struct lib_retention_target target = { 0 };
	char *text = NULL;
	va_list args;

	if (!more)
		return -ENOMEM;
	l->moment = more;
	m = &more[l->count];
	memset(m, 0, sizeof(*m));
	m->version = LIBDMWARRANT_MOMENT_VERSION;
	m->kind = kind;
	m->start = start;
	m->end = end;
	if (rec) {
		lib_record_target(rec, &target);
		m->entered = rec->when;
		m->seq = rec->seq;
	}
	m->tag = target.tag;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	m->text = text;
	m->user = strdup(rec ? rec->user : "");
	m->volume = strdup(target.volume);
	l->count++;
	return m->text && m->user && m->volume ? 0 : -ENOMEM;
}

/* ---- what the warrant itself says ---- */

static int add_life(struct line *l)
{
	const struct lib_case *c = l->c;
	int ret = 0;

	if (c->start != LIB_NEVER)
		ret = add(l, NULL, LIBDMWARRANT_MOMENT_EVENT, c->start, c->start,
			  "warrant begins");
	if (!ret && c->end != LIB_NEVER)
		ret = add(l, NULL, LIBDMWARRANT_MOMENT_EVENT, c->end, c->end, "warrant ends");
	if (!ret && c->unconfirmed != LIB_NEVER)
		ret = add(l, NULL, LIBDMWARRANT_MOMENT_EVENT, c->unconfirmed, c->unconfirmed,
			  "72 hours of the emergency pass without confirmation");
	return ret;
}

/* ---- what was entered ---- */

static const char *body_text(const struct lib_record *rec, const char *name)
{
	return lib_warrant_text(rec->body, name);
}

/* Is this entry of an event the one that counts? */
static bool is_current(const struct lib_case *c, const struct lib_record *rec)
{
	const struct lib_record *later;

	for (later = rec + 1; later < c->records + c->count; later++)
		if ((!strcmp(later->kind, "retention.event") ||
		     !strcmp(later->kind, "retention.withdrawn")) &&
		    !strcmp(body_text(later, "Event"), body_text(rec, "Event")))
			return false;
	return true;
}

static int add_event(struct line *l, const struct lib_record *rec)
{
	const char *reason = body_text(rec, "Reason");
	const struct lib_record *bound = lib_case_last(l->c, "retention.bound");
	struct json_object *profile, *rule;
	const char *title = body_text(rec, "Event");
	s64 date;

	if (bound && !lib_case_binding(l->c, bound, &profile, &rule))
		title = lib_event_title(profile, title);
	if (lib_date_parse(body_text(rec, "Date"), &date))
		date = rec->when;
	return add(l, rec, LIBDMWARRANT_MOMENT_EVENT, date, date, "%s (%s)%s%s%s", title,
		   body_text(rec, "Reference"), *reason ? "; correction: " : "", reason,
		   is_current(l->c, rec) ? "" : "; superseded");
}

static int add_bound(struct line *l, const struct lib_record *rec)
{
	struct json_object *profile, *rule;

	if (lib_case_binding(l->c, rec, &profile, &rule))
		return add(l, rec, LIBDMWARRANT_MOMENT_PROFILE, rec->when, rec->when,
			   "profile %s, which the log does not have", body_text(rec, "Profile"));
	return add(l, rec, LIBDMWARRANT_MOMENT_PROFILE, rec->when, rec->when,
		   "profile %s: %s (SHA-256 %.16s...)", body_text(rec, "Profile"),
		   lib_warrant_text(rule, "Title"), body_text(rec, "Sha256"));
}

static s64 hold_end(const struct lib_case *c, const struct lib_record *placed)
{
	const struct lib_record *rec = placed;
	struct lib_retention_target a, b;

	lib_record_target(placed, &a);
	while ((rec = lib_case_next(c, rec, "hold.released"))) {
		lib_record_target(rec, &b);
		if (lib_target_within(&a, &b) && lib_target_within(&b, &a) &&
		    !strcmp(body_text(rec, "Name"), body_text(placed, "Name")))
			return rec->when;
	}
	return LIB_NEVER;
}

static int add_hold(struct line *l, const struct lib_record *rec)
{
	return add(l, rec, LIBDMWARRANT_MOMENT_HOLD, rec->when, hold_end(l->c, rec),
		   "%s: %s (%s)", body_text(rec, "Name"), body_text(rec, "Reason"),
		   body_text(rec, "Authority"));
}

static int add_review(struct line *l, const struct lib_record *rec)
{
	int ret = add(l, rec, LIBDMWARRANT_MOMENT_REVIEW, rec->when, rec->when, "review: %s, %s",
		      body_text(rec, "Outcome"), body_text(rec, "Reason"));

	if (ret || strcmp(body_text(rec, "Outcome"), "restrict"))
		return ret;
	return add(l, rec, LIBDMWARRANT_MOMENT_RESTRICT, rec->when, LIB_NEVER,
		   "restricted after review: %s", body_text(rec, "Reason"));
}

static int add_request(struct line *l, const struct lib_record *rec)
{
	const struct lib_record *done = lib_case_request_end(l->c, rec, "shred.done");
	const struct lib_record *cancelled = lib_case_request_end(l->c, rec, "request.cancelled");
	const struct lib_record *end = done ? done : cancelled;
	struct json_object *order = json_object_object_get(rec->body, "Order");
	int ret;

	ret = add(l, rec, LIBDMWARRANT_MOMENT_REQUEST, rec->when, end ? end->when : LIB_NEVER,
		  "request to shred, order %s%s", lib_warrant_text(order, "Reference"),
		  cancelled ? ", cancelled" : "");
	if (ret || !done)
		return ret;
	ret = add(l, rec, LIBDMWARRANT_MOMENT_SHRED, done->when, done->when,
		  "shredded, order %s", lib_warrant_text(order, "Reference"));
	if (!ret)
		l->moment[l->count - 1].seq = done->seq;
	return ret;
}

static int add_record(struct line *l, const struct lib_record *rec)
{
	if (!strcmp(rec->kind, "retention.bound"))
		return add_bound(l, rec);
	if (!strcmp(rec->kind, "retention.event"))
		return add_event(l, rec);
	if (!strcmp(rec->kind, "retention.withdrawn"))
		return add(l, rec, LIBDMWARRANT_MOMENT_EVENT, rec->when, rec->when,
			   "withdrawn: %s; %s", body_text(rec, "Event"), body_text(rec, "Reason"));
	if (!strcmp(rec->kind, "hold.placed"))
		return add_hold(l, rec);
	if (!strcmp(rec->kind, "retention.restricted"))
		return add(l, rec, LIBDMWARRANT_MOMENT_RESTRICT, rec->when, LIB_NEVER,
			   "restricted: %s (%s)", body_text(rec, "Reason"),
			   body_text(rec, "Authority"));
	if (!strcmp(rec->kind, "retention.review"))
		return add_review(l, rec);
	return strcmp(rec->kind, "request.made") ? 0 : add_request(l, rec);
}

/* ---- what follows ---- */

/* From when on a floor is drawn: the evidence is not older than that. */
static s64 floor_start(const struct lib_case *c)
{
	const struct lib_record *bound = lib_case_next(c, NULL, "retention.bound");

	return c->start != LIB_NEVER || !bound ? c->start : bound->when;
}

static int add_floor(struct line *l, const char *what, s64 end, const char *from)
{
	return add(l, NULL, LIBDMWARRANT_MOMENT_FLOOR, floor_start(l->c), end, "%s, %s%s", what,
		   from, end == LIB_NEVER ? ": what it ends with has not happened" : "");
}

static int add_floors(struct line *l, const struct lib_dates *d)
{
	int ret = 0;

	if (*d->absolute_from)
		ret = add_floor(l, "absolute floor", d->absolute, d->absolute_from);
	if (!ret && *d->floor_from && strcmp(d->floor_from, d->absolute_from))
		ret = add_floor(l, "floor", d->floor, d->floor_from);
	return ret;
}

static int add_dates(struct line *l)
{
	struct lib_dates d;
	int ret;

	lib_case_dates(l->c, &d);
	ret = d.bound ? add_floors(l, &d) : 0;
	if (!ret && d.due != LIB_NEVER)
		ret = add(l, NULL, LIBDMWARRANT_MOMENT_DUE, d.due, d.due, "due, %s", d.due_from);
	if (!ret && d.ceiling != LIB_NEVER)
		ret = add(l, NULL, LIBDMWARRANT_MOMENT_CEILING, d.ceiling, d.ceiling,
			  "ceiling, %s", d.ceiling_from);
	if (!ret && d.review != LIB_NEVER)
		ret = add(l, NULL, LIBDMWARRANT_MOMENT_NEXT, d.review, d.review,
			  "next review, %s", d.review_from);
	return ret;
}

/* ---- all of it ---- */

static int make_line(struct line *l)
{
	const struct lib_record *rec;
	int ret = add_life(l);

	for (rec = l->c->records; !ret && rec < l->c->records + l->c->count; rec++)
		ret = add_record(l, rec);
	return ret ? ret : add_dates(l);
}

static int in_order(const void *a, const void *b)
{
	const struct libdmwarrant_moment *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

static int read_line(struct libdmwarrant_registry *r, const char *warrant, s64 now,
		     struct line *l)
{
	struct libdmwarrant_warrant w = { 0 };
	struct lib_warrant_row row = { 0 };
	struct json_object *o = NULL;
	struct lib_replay p = { 0 };
	struct lib_case c;
	int ret = lib_warrant_find(r, warrant, &row) ?: lib_warrant_parse(r->ctx, row.json, &o) ?:
		lib_replay_read(r, &p);

	if (!ret) {
		lib_warrant_summary(o, now, &w);
		ret = lib_case_open(&p, &w, &c);
	}
	if (!ret) {
		l->c = &c;
		ret = make_line(l);
	}
	if (ret == -ENOMEM)
		lib_fail(r->ctx, ret, "not enough memory for the time line");
	lib_replay_free(&p);
	json_object_put(o);
	free(row.json);
	return ret;
}

int libdmwarrant_retention_timeline(struct libdmwarrant_registry *r, const char *warrant,
				    int64_t now,
				    int (*fn)(void *arg, const struct libdmwarrant_moment *m),
				    void *arg)
{
	struct line l = { 0 };
	size_t i;
	int ret = lib_registry_begin(r, false);

	if (ret)
		return ret;
	ret = lib_registry_end(r, read_line(r, warrant, now ? now : lib_registry_now(), &l));
	if (!ret && l.count)
		qsort(l.moment, l.count, sizeof(*l.moment), in_order);
	for (i = 0; !ret && i < l.count; i++)
		if (fn(arg, &l.moment[i]))
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	free_line(&l);
	return ret;
}
