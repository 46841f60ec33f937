// SPDX-License-Identifier: GPL-2.0-or-later
/* May it be destroyed? Asked when that is requested, and again in the last moment. */
#include <stdarg.h>

#include "json.h"
#include "retention_state.h"

static const char *const grounds[] = {
	[LIB_GROUND_RETENTION] = "retention",
	[LIB_GROUND_COURT_ORDER] = "court-order",
	[LIB_GROUND_PRIVILEGED] = "privileged",
};

const char *lib_ground_name(enum lib_ground ground)
{
	return ground < ARRAY_SIZE(grounds) ? grounds[ground] : NULL;
}

int lib_ground_parse(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(grounds); i++)
		if (!strcmp(name, grounds[i]))
			return i;
	return -EINVAL;
}

/**
 * struct gate - a target at the gate
 * @r:         registry
 * @target:    what
 * @ground:    why
 * @now:       Unix seconds
 * @reference: of the warrant, for the reason
 * @why:       receives the reason
 */
struct gate {
	struct libdmwarrant_registry		*r;
	const struct lib_retention_target	*target;
	enum lib_ground				ground;
	s64					now;
	const char				*reference;
	char					*why;
};

static int refuse(struct gate *g, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct gate *g, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(g->why, LIB_WHY_SIZE, fmt, args);
	va_end(args);
	return lib_fail(g->r->ctx, err, "%s", g->why);
}

static int refuse_held(struct gate *g, const struct lib_record *hold)
{
	char matter[LIB_QUOTE_SIZE], authority[LIB_QUOTE_SIZE], date[16];
	const char *name = lib_warrant_text(hold->body, "Name");
	const char *by = lib_warrant_text(hold->body, "Authority");

	return refuse(g, -EBUSY, "it is held since %s for %s, on the authority of %s; first that must be released",
		      lib_date_format(hold->when, date), lib_quote(matter, name, strlen(name)),
		      lib_quote(authority, by, strlen(by)));
}

static int refuse_floor(struct gate *g, s64 floor, const char *from, const char *which)
{
	char date[16];

	if (floor == LIB_NEVER)
		return refuse(g, -EPERM,
			      "what its %s counts from (%s) has not happened, as far as is known; enter it: warrantctl retention event",
			      which, from);
	return refuse(g, -EPERM, "its %s lasts until %s (%s)", which,
		      lib_date_format(floor, date), from);
}

static int refuse_early(struct gate *g, const struct lib_dates *d)
{
	char date[16];

	if (d->due == LIB_NEVER)
		return refuse(g, -EPERM,
			      "nothing has happened yet that makes it due; warrantctl retention timeline shows what is known");
	return refuse(g, -EPERM, "it is due on %s only (%s)", lib_date_format(d->due, date),
		      d->due_from);
}

static int judge(struct gate *g, const struct lib_case *c)
{
	const struct lib_record *hold = lib_case_hold(c, g->target, NULL);
	struct lib_dates d;

	if (hold)
		return refuse_held(g, hold);
	lib_case_dates(c, &d);
	if (!d.bound)
		return refuse(g, -EPERM,
			      "warrant %s has no retention profile, so nobody knows how long it must be kept; bind one: warrantctl retention profile set",
			      g->reference);
	if (g->now < d.absolute)
		return refuse_floor(g, d.absolute, d.absolute_from, "absolute floor");
	if (g->ground != LIB_GROUND_RETENTION)
		return 0;
	if (g->now < d.floor)
		return refuse_floor(g, d.floor, d.floor_from, "floor");
	return g->now < d.due ? refuse_early(g, &d) : 0;
}

/* ---- what is asked ---- */

static int check_target(struct gate *g)
{
	const struct lib_retention_target *t = g->target;
	struct libdmwarrant_record record;
	int ret;

	if (g->ground >= ARRAY_SIZE(grounds))
		return lib_fail(g->r->ctx, -EINVAL, "unknown ground %u of a destruction",
				g->ground);
	if (g->ground == LIB_GROUND_PRIVILEGED && !t->tag)
		return refuse(g, -EINVAL,
			      "what is privileged is a tag, never a whole volume or warrant; for those a court's order is the ground");
	if (!*t->volume)
		return t->tag ? lib_fail(g->r->ctx, -EINVAL, "a tag is of a volume") : 0;
	ret = lib_volume_get(g->r, t->volume, &record);
	if (ret || !strcmp(record.warrant, t->warrant))
		return ret;
	return lib_fail(g->r->ctx, -EINVAL, "volume %s is of warrant %s, not of %s", t->volume,
			record.warrant, t->warrant);
}

static int ask(struct gate *g, const struct lib_warrant_row *row)
{
	char reference[LIB_QUOTE_SIZE];
	struct libdmwarrant_warrant w = { 0 };
	struct lib_replay p = { 0 };
	struct json_object *o;
	struct lib_case c;
	int ret = lib_warrant_parse(g->r->ctx, row->json, &o);

	if (ret)
		return ret;
	lib_warrant_summary(o, g->now, &w);
	g->reference = lib_quote(reference, w.reference, strlen(w.reference));
	ret = lib_replay_read(g->r, &p) ?: lib_case_open(&p, &w, &c) ?: judge(g, &c);
	lib_replay_free(&p);
	json_object_put(o);
	return ret;
}

int lib_retention_gate(struct libdmwarrant_registry *r, const struct lib_retention_target *target,
		       enum lib_ground ground, s64 now, char why[LIB_WHY_SIZE])
{
	struct gate g = { .r = r, .target = target, .ground = ground, .now = now, .why = why };
	struct lib_warrant_row row = { 0 };
	int ret;

	why[0] = 0;
	ret = check_target(&g) ?: lib_warrant_find(r, target->warrant, &row) ?: ask(&g, &row);
	free(row.json);
	return ret;
}
