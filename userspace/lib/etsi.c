// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks JSON against the tables of etsi_schema.c, and what tables cannot say. */
#include "etsi.h"
#include "json.h"

#define PATH_SIZE	200
#define NUMBER_MAX	(1LL << 53)	/* beyond, programs that read doubles lose digits */
#define U32_LIMIT	4294967295LL

/**
 * struct walk - a value being checked
 * @ctx:   for the error
 * @what:  the whole is, for the error
 * @flags: LIB_ETSI_...
 * @depth: of values inside each other that no table describes
 * @path:  of the member: "Tasks[1].Reference"
 */
struct walk {
	struct libdmwarrant	*ctx;
	const char		*what;
	unsigned int		flags;
	unsigned int		depth;
	char			path[PATH_SIZE];
};

/* ---- where we are, and what is wrong there ---- */

/* Return: what leave() takes. */
static size_t enter(struct walk *w, const char *name)
{
	size_t n = strlen(w->path);
	char shown[LIB_QUOTE_SIZE];

	/* The name of a member that no table has may be anything. */
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@:") !=
	    strlen(name))
		name = lib_quote(shown, name, strlen(name));
	snprintf(w->path + n, sizeof(w->path) - n, "%s%s", n ? "." : "", name);
	return n;
}

static size_t enter_element(struct walk *w, size_t i)
{
	size_t n = strlen(w->path);

	snprintf(w->path + n, sizeof(w->path) - n, "[%zu]", i);
	return n;
}

static void leave(struct walk *w, size_t n)
{
	w->path[n] = 0;
}

static int wrong_type(struct walk *w, struct json_object *v, const char *must)
{
	return lib_fail(w->ctx, -EINVAL, "%s: %s is of type %s; it must be %s", w->what, w->path,
			json_type_to_name(json_object_get_type(v)), must);
}

static int wrong_text(struct walk *w, struct json_object *v, const char *must,
		      const char *const *words)
{
	char shown[LIB_QUOTE_SIZE], list[600] = "";
	size_t n = 0;

	lib_quote(shown, json_object_get_string(v), json_object_get_string_len(v));
	for (; words && *words && n < sizeof(list); words++)
		n += snprintf(list + n, sizeof(list) - n, " %s%s", *words, words[1] ? "," : "");
	return lib_fail(w->ctx, -EINVAL, "%s: %s is %s; it must be %s%s", w->what, w->path, shown,
			must, list);
}

static int wrong_number(struct walk *w, struct json_object *v, const char *must)
{
	return lib_fail(w->ctx, -EINVAL, "%s: %s is %s; it must be %s", w->what, w->path,
			json_object_to_json_string(v), must);
}

/* ---- values without members ---- */

static int check_text(struct walk *w, struct json_object *v, const struct lib_etsi_member *m)
{
	const char *text, *must;

	if (!json_object_is_type(v, json_type_string))
		return wrong_type(w, v, "text");
	text = json_object_get_string(v);
	if (strlen(text) != (size_t)json_object_get_string_len(v))
		return wrong_text(w, v, "text without U+0000", NULL);
	must = lib_etsi_wrong(m, text);
	if (!must)
		return 0;
	return wrong_text(w, v, must, m->type == ETSI_WORD ? m->of : NULL);
}

static int check_integer(struct walk *w, struct json_object *v, s64 max, const char *must)
{
	if (!json_object_is_type(v, json_type_int))
		return wrong_type(w, v, must);
	if (json_object_get_int64(v) < 0 || json_object_get_int64(v) > max)
		return wrong_number(w, v, must);
	return 0;
}

static int check_number(struct walk *w, struct json_object *v)
{
	return check_integer(w, v, NUMBER_MAX, "an integer from 0 to 9007199254740992");
}

static int check_u32(struct walk *w, struct json_object *v)
{
	return check_integer(w, v, U32_LIMIT, "an integer from 0 to 4294967295");
}

static int check_pair(struct walk *w, struct json_object *v)
{
	static const char must[] = "an array [first, last] of two integers from 0 to 4294967295";
	size_t i, n;
	int ret;

	if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) != 2)
		return wrong_type(w, v, must);
	for (i = 0; i < 2; i++) {
		n = enter_element(w, i);
		ret = check_u32(w, json_object_array_get_idx(v, i));
		leave(w, n);
		if (ret)
			return ret;
	}
	if (json_object_get_int64(json_object_array_get_idx(v, 0)) >
	    json_object_get_int64(json_object_array_get_idx(v, 1)))
		return wrong_number(w, v, "[first, last] with first not above last");
	return 0;
}

static int check_sequence(struct walk *w, struct json_object *v)
{
	return json_object_is_type(v, json_type_array) ? check_pair(w, v) : check_u32(w, v);
}

/* ---- values that no table describes ---- */

static int check_free(struct walk *w, struct json_object *v);

static int check_free_text(struct walk *w, const char *text, size_t size)
{
	static const struct lib_etsi_member any = { .name = "", .type = ETSI_LONG };

	if (strlen(text) == size && !lib_etsi_wrong(&any, text))
		return 0;
	return lib_fail(w->ctx, -EINVAL, "%s: %s has text that is not allowed: at most 65535 characters of UTF-8, no control characters other than tab and line ends",
			w->what, w->path);
}

static int check_free_object(struct walk *w, struct json_object *v)
{
	size_t n;
	int ret;

	json_object_object_foreach(v, name, value) {
		n = enter(w, name);
		ret = check_free_text(w, name, strlen(name));
		if (!ret)
			ret = check_free(w, value);
		leave(w, n);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_free_array(struct walk *w, struct json_object *v)
{
	size_t i, n;
	int ret = 0;

	for (i = 0; !ret && i < json_object_array_length(v); i++) {
		n = enter_element(w, i);
		ret = check_free(w, json_object_array_get_idx(v, i));
		leave(w, n);
	}
	return ret;
}

static int check_free(struct walk *w, struct json_object *v)
{
	int ret = 0;

	if (w->depth == LIB_JSON_DEPTH)
		return lib_fail(w->ctx, -EINVAL, "%s: %s is nested too deeply", w->what, w->path);
	w->depth++;
	if (json_object_is_type(v, json_type_string))
		ret = check_free_text(w, json_object_get_string(v),
				      json_object_get_string_len(v));
	else if (json_object_is_type(v, json_type_object))
		ret = check_free_object(w, v);
	else if (json_object_is_type(v, json_type_array))
		ret = check_free_array(w, v);
	w->depth--;
	return ret;
}

static int check_national(struct walk *w, struct json_object *v)
{
	static const struct lib_etsi_member country = { "CountryCode", .type = ETSI_COUNTRY };
	struct json_object *code;
	size_t n;
	int ret;

	if (!json_object_is_type(v, json_type_object))
		return wrong_type(w, v, "an object with a CountryCode");
	if (!json_object_object_get_ex(v, country.name, &code))
		return lib_fail(w->ctx, -EINVAL, "%s: %s has no CountryCode", w->what, w->path);
	n = enter(w, country.name);
	ret = check_text(w, code, &country);
	leave(w, n);
	return ret ? ret : check_free(w, v);
}

/* ---- values with members ---- */

static int check_object(struct walk *w, struct json_object *o,
			const struct lib_etsi_member *members);

static const char *text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

/* ETSI's own dictionaries are known; other owners define theirs as they like. */
static int check_entry(struct walk *w, struct json_object *v, const char *dictionary)
{
	const char *const *values;
	const char *only[2] = { dictionary, NULL };
	size_t n;
	int ret;

	ret = check_object(w, v, lib_etsi_entry);
	if (ret || strcmp(text_of(v, "Owner"), "ETSI"))
		return ret;
	n = enter(w, "Name");
	if (dictionary && strcmp(text_of(v, "Name"), dictionary))
		return wrong_text(w, json_object_object_get(v, "Name"),
				  "the dictionary of this member, of owner ETSI:", only);
	leave(w, n);
	values = lib_etsi_dictionary(text_of(v, "Name"));
	if (!values)
		return 0;
	n = enter(w, "Value");
	for (; *values; values++)
		if (!strcmp(text_of(v, "Value"), *values)) {
			leave(w, n);
			return 0;
		}
	return wrong_text(w, json_object_object_get(v, "Value"), "one of",
			  lib_etsi_dictionary(text_of(v, "Name")));
}

static int check_one(struct walk *w, struct json_object *v, const struct lib_etsi_member *m)
{
	switch (m->type) {
	case ETSI_NUMBER:
		return check_number(w, v);
	case ETSI_U32:
		return check_u32(w, v);
	case ETSI_PAIR:
		return check_pair(w, v);
	case ETSI_SEQUENCE:
		return check_sequence(w, v);
	case ETSI_BOOL:
		return json_object_is_type(v, json_type_boolean) ? 0 :
		       wrong_type(w, v, "true or false");
	case ETSI_OBJECT:
		return check_object(w, v, m->of);
	case ETSI_DICTIONARY:
		return check_entry(w, v, m->of);
	case ETSI_NATIONAL:
		return check_national(w, v);
	case ETSI_FREE:
		return check_free(w, v);
	default:
		return check_text(w, v, m);
	}
}

static int check_member(struct walk *w, struct json_object *v, const struct lib_etsi_member *m)
{
	size_t i, n;
	int ret;

	if (!(m->flags & ETSI_MANY))
		return check_one(w, v, m);
	if (!json_object_is_type(v, json_type_array))
		return wrong_type(w, v, "an array");
	if ((m->flags & ETSI_NEEDED) && !json_object_array_length(v))
		return lib_fail(w->ctx, -EINVAL, "%s: %s is empty", w->what, w->path);
	for (i = 0; i < json_object_array_length(v); i++) {
		n = enter_element(w, i);
		ret = check_one(w, json_object_array_get_idx(v, i), m);
		if (ret)
			return ret;
		leave(w, n);
	}
	return 0;
}

/* A record of an UPDATE says what changes; below its top, what is there is there as a whole. */
static bool is_needed(const struct walk *w, const struct lib_etsi_member *m)
{
	if (!(m->flags & ETSI_NEEDED))
		return false;
	return w->path[0] || !(w->flags & LIB_ETSI_PARTIAL) || !strcmp(m->name, "ObjectIdentifier");
}

static int check_needed(struct walk *w, struct json_object *o, const struct lib_etsi_member *m)
{
	for (; m; m = lib_etsi_next(m)) {
		if (!is_needed(w, m) || json_object_object_get_ex(o, m->name, NULL))
			continue;
		enter(w, m->name);
		return lib_fail(w->ctx, -EINVAL, "%s: %s is missing", w->what, w->path);
	}
	return 0;
}

static int check_span(struct walk *w, struct json_object *o, const char *from, const char *to)
{
	struct json_object *a, *b;
	s64 start, end;

	if (!json_object_object_get_ex(o, from, &a) || !json_object_object_get_ex(o, to, &b) ||
	    lib_etsi_time(json_object_get_string(a), &start) ||
	    lib_etsi_time(json_object_get_string(b), &end) || start <= end)
		return 0;
	return lib_fail(w->ctx, -EINVAL, "%s: %s ends before it begins: %s %s, %s %s", w->what,
			w->path, from, json_object_get_string(a), to, json_object_get_string(b));
}

/* Case metadata may have members of the user's own. */
static bool is_own(const struct lib_etsi_member *members, const char *name)
{
	return members == lib_etsi_case && !strncmp(name, "X-", 2) && name[2];
}

static int check_members(struct walk *w, struct json_object *o,
			 const struct lib_etsi_member *members)
{
	const struct lib_etsi_member *m;
	size_t n;
	int ret;

	json_object_object_foreach(o, name, value) {
		m = lib_etsi_member(members, ETSI_OURS, name);
		n = enter(w, name);
		if (!m && !is_own(members, name))
			return lib_fail(w->ctx, -EINVAL, "%s: %s is not a known member%s", w->what,
					w->path, members == lib_etsi_case ?
					"; your own begin with X-" : "");
		ret = m ? check_member(w, value, m) : check_free_text(w, name, strlen(name));
		if (!m && !ret)
			ret = check_free(w, value);
		if (ret)
			return ret;
		leave(w, n);
	}
	return 0;
}

/* ---- IntegrityChecks of case metadata ---- */

/* In the order of the words of hashAlgorithm. */
static const u8 hash_bytes[] = { 20, 32, 48, 64 };

static int check_hash(struct walk *w, struct json_object *o)
{
	const char *const *words = lib_etsi_member(lib_etsi_integrity, ETSI_OURS,
						   "hashAlgorithm")->of;
	size_t digits = strlen(text_of(o, "checkValue")), i;

	for (i = 0; strcmp(words[i], text_of(o, "hashAlgorithm")); i++)
		;
	if (digits == 2 * hash_bytes[i])
		return 0;
	return lib_fail(w->ctx, -EINVAL, "%s: %s.checkValue has %zu digits; %s has %u", w->what,
			w->path, digits, words[i], 2 * hash_bytes[i]);
}

/* Sequence numbers are covered in ascending order, none twice. */
static int check_ascending(struct walk *w, struct json_object *o)
{
	struct json_object *list = json_object_object_get(o, "includedSequenceNumbers"), *v;
	s64 first, last = -1;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		v = json_object_array_get_idx(list, i);
		first = json_object_get_int64(json_object_is_type(v, json_type_array) ?
					      json_object_array_get_idx(v, 0) : v);
		if (first <= last)
			return lib_fail(w->ctx, -EINVAL, "%s: %s.includedSequenceNumbers[%zu] is not above the one before it",
					w->what, w->path, i);
		last = json_object_get_int64(json_object_is_type(v, json_type_array) ?
					     json_object_array_get_idx(v, 1) : v);
	}
	return 0;
}

static int check_object(struct walk *w, struct json_object *o,
			const struct lib_etsi_member *members)
{
	int ret;

	if (!json_object_is_type(o, json_type_object))
		return wrong_type(w, o, "an object");
	ret = check_members(w, o, members);
	if (!ret)
		ret = check_needed(w, o, members);
	if (!ret)
		ret = check_span(w, o, "StartTime", "EndTime");
	if (!ret)
		ret = check_span(w, o, "start", "end");
	if (!ret && members == lib_etsi_integrity)
		ret = check_hash(w, o);
	if (!ret && members == lib_etsi_integrity)
		ret = check_ascending(w, o);
	return ret;
}

/* ---- whole records ---- */

/* No two elements of array @name may have the same @key. */
static int check_unique(struct walk *w, struct json_object *record, const char *name,
			const char *key)
{
	struct json_object *array = json_object_object_get(record, name), *v;
	struct json_object *seen = json_object_new_object();
	char shown[LIB_QUOTE_SIZE];
	size_t i;
	int ret = seen ? 0 : -ENOMEM;

	for (i = 0; !ret && array && i < json_object_array_length(array); i++) {
		if (!json_object_object_get_ex(json_object_array_get_idx(array, i), key, &v))
			continue;
		if (json_object_object_get_ex(seen, json_object_get_string(v), NULL))
			ret = lib_fail(w->ctx, -EINVAL, "%s: %s[%zu].%s stands twice: %s", w->what,
				       name, i, key,
				       lib_quote(shown, json_object_get_string(v),
						 json_object_get_string_len(v)));
		else if (json_object_object_add(seen, json_object_get_string(v), NULL))
			ret = -ENOMEM;
	}
	json_object_put(seen);
	return ret == -ENOMEM ? lib_fail(w->ctx, ret, "%s: not enough memory", w->what) : ret;
}

int lib_etsi_check_warrant_flags(struct libdmwarrant *ctx, struct json_object *warrant,
				 unsigned int flags)
{
	struct walk w = { .ctx = ctx, .what = "warrant", .flags = flags };
	int ret;

	if (!json_object_is_type(warrant, json_type_object))
		return lib_fail(ctx, -EINVAL, "warrant: not a JSON object");
	ret = check_object(&w, warrant, lib_etsi_warrant);
	if (!ret)
		ret = check_unique(&w, warrant, "Tasks", "ObjectIdentifier");
	if (!ret)
		ret = check_unique(&w, warrant, "Tasks", "Reference");
	if (!ret)
		ret = check_unique(&w, warrant, "Documents", "ObjectIdentifier");
	return ret;
}

int lib_etsi_check_warrant(struct libdmwarrant *ctx, struct json_object *warrant)
{
	return lib_etsi_check_warrant_flags(ctx, warrant, 0);
}

int lib_etsi_check_case(struct libdmwarrant *ctx, struct json_object *metadata)
{
	struct walk w = { .ctx = ctx, .what = "case metadata" };

	if (!json_object_is_type(metadata, json_type_object))
		return lib_fail(ctx, -EINVAL, "case metadata: not a JSON object");
	return check_object(&w, metadata, lib_etsi_case);
}

int lib_etsi_check_table(struct libdmwarrant *ctx, const char *what, struct json_object *o,
			 const struct lib_etsi_member *members)
{
	struct walk w = { .ctx = ctx, .what = what };

	if (!json_object_is_type(o, json_type_object))
		return lib_fail(ctx, -EINVAL, "%s: not a JSON object", what);
	return check_object(&w, o, members);
}
