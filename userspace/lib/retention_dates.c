// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the records of a warrant to dates. Nothing here asks for the time: what it is does not
 * change what follows from the records.
 *
 * Floors only ever grow. Each date that was ever entered for an event counts, each profile that was
 * ever bound counts, and each EndTime that the warrant ever had; the latest of all is the floor. So
 * no order of entries, however wrong, makes a floor that was known end earlier.
 */
#include "retention_state.h"

static struct json_object *element(struct json_object *o, const char *name, size_t i)
{
	struct json_object *array = json_object_object_get(o, name);

	return i < (array ? json_object_array_length(array) : 0) ?
		json_object_array_get_idx(array, i) : NULL;
}

static s64 record_date(const struct lib_record *rec)
{
	s64 date;

	return lib_date_parse(lib_warrant_text(rec->body, "Date"), &date) ? LIB_NEVER : date;
}

/* "LECrim 588 bis k.1" */
static const char *source_name(struct json_object *profile, const char *id)
{
	struct json_object *s;
	size_t i;

	for (i = 0; (s = element(profile, "Sources", i)); i++)
		if (!strcmp(lib_warrant_text(s, "Id"), id))
			return lib_warrant_text(s, "Article");
	return id;
}

/* ---- events ---- */

static bool is_event(const struct lib_record *rec, const char *name)
{
	return !strcmp(lib_warrant_text(rec->body, "Event"), name);
}

s64 lib_case_event(const struct lib_case *c, const char *name)
{
	const struct lib_record *rec;
	s64 date = LIB_NEVER;

	if (!strcmp(name, LIB_EVENT_START))
		return c->start;
	if (!strcmp(name, LIB_EVENT_END))
		return c->end;
	if (!strcmp(name, LIB_EVENT_UNCONFIRMED))
		return c->unconfirmed;
	for (rec = c->records; rec < c->records + c->count; rec++) {
		if (!strcmp(rec->kind, "retention.event") && is_event(rec, name))
			date = record_date(rec);
		else if (!strcmp(rec->kind, "retention.withdrawn") && is_event(rec, name))
			date = LIB_NEVER;
	}
	return date;
}

/* The latest date that an event ever had; LIB_NEVER = it never had one. */
static s64 latest_event(const struct lib_case *c, const char *name)
{
	const struct lib_record *rec = NULL;
	s64 date, latest = LIB_NEVER;

	if (!strcmp(name, LIB_EVENT_START))
		return c->latest_start;
	if (!strcmp(name, LIB_EVENT_END))
		return c->latest_end;
	if (!strcmp(name, LIB_EVENT_UNCONFIRMED))
		return c->unconfirmed;
	while ((rec = lib_case_next(c, rec, "retention.event"))) {
		date = record_date(rec);
		if (is_event(rec, name) && date != LIB_NEVER &&
		    (latest == LIB_NEVER || date > latest))
			latest = date;
	}
	return latest;
}

static s64 period_end(s64 from, const char *text)
{
	struct lib_period p;

	return lib_period_parse(text, &p) ? LIB_NEVER : lib_period_end(from, &p);
}

/* ---- floors ---- */

/*
 * Not known until one of its events has happened; then the latest end of all that were ever
 * entered, also of those that were withdrawn.
 */
static s64 floor_end(const struct lib_case *c, struct json_object *f)
{
	struct json_object *t;
	bool happened = false;
	s64 end, latest = 0;
	size_t i;

	for (i = 0; (t = element(f, "Terms", i)); i++) {
		if (lib_case_event(c, lib_warrant_text(t, "Event")) != LIB_NEVER)
			happened = true;
		end = period_end(latest_event(c, lib_warrant_text(t, "Event")),
				 lib_warrant_text(t, "After"));
		if (end != LIB_NEVER && end > latest)
			latest = end;
	}
	return happened ? latest : LIB_NEVER;
}

static void raise_floor(s64 *floor, const char **from, s64 end, const char *source)
{
	if (end <= *floor && **from)
		return;
	*floor = end;
	*from = source;
}

static void rule_floors(const struct lib_case *c, struct json_object *profile,
			struct json_object *rule, struct lib_dates *d)
{
	struct json_object *f;
	const char *source;
	size_t i;
	s64 end;

	for (i = 0; (f = element(rule, "Floors", i)); i++) {
		end = floor_end(c, f);
		source = source_name(profile, lib_warrant_text(f, "Source"));
		raise_floor(&d->floor, &d->floor_from, end, source);
		if (!strcmp(lib_warrant_text(f, "Kind"), "absolute"))
			raise_floor(&d->absolute, &d->absolute_from, end, source);
	}
}

/* ---- due, ceiling, review ---- */

static void earliest_term(const struct lib_case *c, struct json_object *profile,
			  struct json_object *rule, const char *array, s64 *time,
			  const char **from)
{
	struct json_object *t;
	size_t i;
	s64 end;

	for (i = 0; (t = element(rule, array, i)); i++) {
		end = period_end(lib_case_event(c, lib_warrant_text(t, "Event")),
				 lib_warrant_text(t, "After"));
		if (end < *time) {
			*time = end;
			*from = source_name(profile, lib_warrant_text(t, "Source"));
		}
	}
}

static void next_review(const struct lib_case *c, struct json_object *profile,
			struct json_object *rule, struct lib_dates *d)
{
	const struct lib_record *last = lib_case_last(c, "retention.review");
	struct json_object *o = json_object_object_get(rule, "Review");
	struct lib_period every;
	s64 from;

	if (!o || lib_period_parse(lib_warrant_text(o, "Every"), &every))
		return;
	from = lib_case_event(c, lib_warrant_text(o, "Event"));
	if (last && (from == LIB_NEVER || last->when > from))
		from = last->when;
	d->review = lib_period_next(from, &every);
	d->review_from = source_name(profile, lib_warrant_text(o, "Source"));
}

/* A review has found that it is not needed any more; a later one may find that it is. */
static void asked_by_review(const struct lib_case *c, struct lib_dates *d)
{
	const struct lib_record *last = lib_case_last(c, "retention.review");

	if (!last || strcmp(lib_warrant_text(last->body, "Outcome"), "request") ||
	    last->when >= d->due)
		return;
	d->due = last->when;
	d->due_from = "review";
}

void lib_case_dates(const struct lib_case *c, struct lib_dates *d)
{
	struct json_object *profile = NULL, *rule = NULL;
	const struct lib_record *bound = NULL;

	*d = (struct lib_dates){
		.due = LIB_NEVER, .ceiling = LIB_NEVER, .review = LIB_NEVER, .floor_from = "",
		.absolute_from = "", .due_from = "", .ceiling_from = "", .review_from = "",
	};
	while ((bound = lib_case_next(c, bound, "retention.bound"))) {
		d->bound = true;
		/* Its floors cannot be known: then nothing is over. */
		if (lib_case_binding(c, bound, &profile, &rule)) {
			raise_floor(&d->floor, &d->floor_from, LIB_NEVER, "?");
			raise_floor(&d->absolute, &d->absolute_from, LIB_NEVER, "?");
			rule = NULL;
			continue;
		}
		rule_floors(c, profile, rule, d);
	}
	if (!rule)
		return;
	earliest_term(c, profile, rule, "Due", &d->due, &d->due_from);
	earliest_term(c, profile, rule, "Ceilings", &d->ceiling, &d->ceiling_from);
	next_review(c, profile, rule, d);
	asked_by_review(c, d);
	if (d->due < d->floor)
		d->due = d->floor;
}
