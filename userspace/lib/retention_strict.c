// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is one rule at least as strict as another? Asked before a profile replaces another one. Floors
 * that were bound stay in force in any case; this tells people so before they believe otherwise.
 */
#include "retention_state.h"

static struct json_object *array(struct json_object *o, const char *name)
{
	struct json_object *a = json_object_object_get(o, name);

	return json_object_is_type(a, json_type_array) ? a : NULL;
}

static size_t length(struct json_object *a)
{
	return a ? json_object_array_length(a) : 0;
}

/* Months are of different length, so a period is longer only when it is so in both. */
static bool at_least(const char *longer, const char *shorter)
{
	struct lib_period a, b;

	return !lib_period_parse(longer, &a) && !lib_period_parse(shorter, &b) &&
	       a.months >= b.months && a.days >= b.days;
}

static struct json_object *find_term(struct json_object *terms, const char *event)
{
	struct json_object *t;
	size_t i;

	for (i = 0; i < length(terms); i++) {
		t = json_object_array_get_idx(terms, i);
		if (!strcmp(lib_warrant_text(t, "Event"), event))
			return t;
	}
	return NULL;
}

/* Every term of @a is in @b as well. */
static bool all_in(struct json_object *a, struct json_object *b)
{
	size_t i;

	for (i = 0; i < length(a); i++)
		if (!find_term(b, lib_warrant_text(json_object_array_get_idx(a, i), "Event")))
			return false;
	return true;
}

/* No term of @new ends earlier than one of @old with the same event. */
static bool none_earlier(struct json_object *new, struct json_object *old)
{
	struct json_object *a, *b;
	size_t i, j;

	for (i = 0; i < length(new); i++) {
		a = json_object_array_get_idx(new, i);
		for (j = 0; j < length(old); j++) {
			b = json_object_array_get_idx(old, j);
			if (!strcmp(lib_warrant_text(a, "Event"), lib_warrant_text(b, "Event")) &&
			    !at_least(lib_warrant_text(a, "After"), lib_warrant_text(b, "After")))
				return false;
		}
	}
	return true;
}

static bool is_absolute(struct json_object *f)
{
	return !strcmp(lib_warrant_text(f, "Kind"), "absolute");
}

/*
 * The old floor is the last end of those of its terms whose event has come. Were one of them missing
 * in the new floor, that end would go; were there one more, the new floor would be known earlier.
 */
static bool covers(struct json_object *new, struct json_object *old)
{
	struct json_object *terms = array(new, "Terms"), *old_terms = array(old, "Terms");

	return (is_absolute(new) || !is_absolute(old)) && all_in(terms, old_terms) &&
	       all_in(old_terms, terms) && none_earlier(terms, old_terms);
}

const char *lib_rule_shorter(struct json_object *new, struct json_object *old)
{
	struct json_object *floors = array(new, "Floors"), *old_floors = array(old, "Floors");
	struct json_object *f;
	size_t i, j;

	for (i = 0; i < length(old_floors); i++) {
		f = json_object_array_get_idx(old_floors, i);
		for (j = 0; j < length(floors); j++)
			if (covers(json_object_array_get_idx(floors, j), f))
				break;
		if (j == length(floors))
			return lib_warrant_text(f, "Source");
	}
	return NULL;
}
