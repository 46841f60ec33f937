// SPDX-License-Identifier: GPL-2.0-or-later
/* What touches what: holds, restrictions and requests on warrants, volumes and tags. */
#include "retention_state.h"

void lib_record_target(const struct lib_record *rec, struct lib_retention_target *target)
{
	/* A request has it in an object of its own, in which names are texts for people. */
	struct json_object *asked = json_object_object_get(rec->body, "Target");
	struct json_object *o = asked ? asked : rec->body;

	memset(target, 0, sizeof(*target));
	lib_copy(target->warrant, sizeof(target->warrant), rec->warrant);
	lib_copy(target->volume, sizeof(target->volume), lib_warrant_text(o, asked ? "VolumeUUID" : "Volume"));
	target->tag = json_object_get_int64(json_object_object_get(o, "Tag"));
}

bool lib_target_touches(const struct lib_retention_target *a, const struct lib_retention_target *b)
{
	if (strcmp(a->warrant, b->warrant))
		return false;
	if (!*a->volume || !*b->volume)
		return true;
	return !strcmp(a->volume, b->volume) && (!a->tag || !b->tag || a->tag == b->tag);
}

bool lib_target_within(const struct lib_retention_target *a, const struct lib_retention_target *b)
{
	return !strcmp(a->warrant, b->warrant) &&
	       (!*b->volume || !strcmp(a->volume, b->volume)) && (!b->tag || a->tag == b->tag);
}

static bool is_same(const struct lib_retention_target *a, const struct lib_retention_target *b)
{
	return lib_target_within(a, b) && lib_target_within(b, a);
}

bool lib_hold_active(const struct lib_case *c, const struct lib_record *placed)
{
	const char *name = lib_warrant_text(placed->body, "Name");
	struct lib_retention_target target, other;
	const struct lib_record *rec = placed;

	lib_record_target(placed, &target);
	while ((rec = lib_case_next(c, rec, "hold.released"))) {
		lib_record_target(rec, &other);
		if (is_same(&target, &other) && !strcmp(lib_warrant_text(rec->body, "Name"), name))
			return false;
	}
	return true;
}

const struct lib_record *lib_case_hold(const struct lib_case *c,
				       const struct lib_retention_target *target,
				       const struct lib_record *rec)
{
	struct lib_retention_target held;

	while ((rec = lib_case_next(c, rec, "hold.placed"))) {
		lib_record_target(rec, &held);
		if (lib_target_touches(&held, target) && lib_hold_active(c, rec))
			return rec;
	}
	return NULL;
}

/* By order, or because a review found so: either restricts until destruction. */
const struct lib_record *lib_case_restricted(const struct lib_case *c,
					     const struct lib_retention_target *target)
{
	struct lib_retention_target covered;
	const struct lib_record *rec;

	for (rec = c->records; rec < c->records + c->count; rec++) {
		if (strcmp(rec->kind, "retention.restricted") &&
		    (strcmp(rec->kind, "retention.review") ||
		     strcmp(lib_warrant_text(rec->body, "Outcome"), "restrict")))
			continue;
		lib_record_target(rec, &covered);
		if (lib_target_within(target, &covered))
			return rec;
	}
	return NULL;
}
