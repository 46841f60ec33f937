// SPDX-License-Identifier: GPL-2.0-or-later
/* Case metadata of a tag: checked, brought into the form that is stored, and searched. */
#include <strings.h>

#include "etsi.h"
#include "json.h"
#include "libdmwarrant-etsi.h"

/* Of the text given: white space and escapes may make it longer than what is stored. */
#define TEXT_MAX	(16 * LIBDMWARRANT_CASE_MAX)

static int parse_case(struct libdmwarrant *ctx, const char *json, struct json_object **o)
{
	int ret = lib_json_parse(ctx, "case metadata", json, strlen(json), TEXT_MAX, o);

	if (ret)
		return ret;
	ret = lib_etsi_check_case(ctx, *o);
	if (ret)
		json_object_put(*o);
	return ret;
}

int libdmwarrant_case_check(struct libdmwarrant *ctx, const char *json, char **canonical)
{
	struct json_object *o;
	size_t size;
	char *text;
	int ret;

	ret = parse_case(ctx, json, &o);
	if (ret)
		return ret;
	text = lib_json_canonical(o);
	json_object_put(o);
	if (!text)
		return lib_fail(ctx, -ENOMEM, "case metadata: not enough memory");
	size = strlen(text);
	if (size > LIBDMWARRANT_CASE_MAX) {
		free(text);
		return lib_fail(ctx, -ERANGE, "case metadata: %zu bytes in canonical form; at most %u fit into a tag: shorten Remarks or your own members",
				size, LIBDMWARRANT_CASE_MAX);
	}
	if (canonical)
		*canonical = text;
	else
		free(text);
	return 0;
}

/* ---- queries ---- */

/* The text of a value without members; NULL = it has members, or is null. */
static const char *scalar(struct json_object *v)
{
	if (json_object_is_type(v, json_type_object) || json_object_is_type(v, json_type_array) ||
	    json_object_is_type(v, json_type_null))
		return NULL;
	return json_object_get_string(v);
}

static bool has_text(const char *in, const char *text)
{
	size_t n = strlen(text);

	for (; strlen(in) >= n; in++)
		if (!strncasecmp(in, text, n))
			return true;
	return false;
}

/* Is @text somewhere in @v? */
static bool contains(struct json_object *v, const char *text)
{
	size_t i;

	if (scalar(v))
		return has_text(scalar(v), text);
	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, name, value) {
			(void)name;
			if (contains(value, text))
				return true;
		}
	} else if (json_object_is_type(v, json_type_array)) {
		for (i = 0; i < json_object_array_length(v); i++)
			if (contains(json_object_array_get_idx(v, i), text))
				return true;
	}
	return false;
}

static bool in_range(struct json_object *pair, const char *number)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(number, &end, 10);
	return !errno && end > number && !*end &&
	       n >= json_object_get_int64(json_object_array_get_idx(pair, 0)) &&
	       n <= json_object_get_int64(json_object_array_get_idx(pair, 1));
}

static bool in_span(struct json_object *span, const char *time)
{
	struct json_object *end;
	s64 t, us;

	if (lib_etsi_time(time, &t) ||
	    lib_etsi_time(json_object_get_string(json_object_object_get(span, "start")), &us) ||
	    t < us)
		return false;
	return !json_object_object_get_ex(span, "end", &end) ||
	       (!lib_etsi_time(json_object_get_string(end), &us) && t <= us);
}

static bool any_equals(struct json_object *array, const struct lib_etsi_member *m,
		       const char *text);

/* @m: of @v, or of the array that it is an element of; NULL = one of the user's own */
static bool equals(struct json_object *v, const struct lib_etsi_member *m, const char *text)
{
	if (json_object_is_type(v, json_type_array))
		return m ? in_range(v, text) : any_equals(v, m, text);
	if (json_object_is_type(v, json_type_object))
		return m && in_span(v, text);
	return scalar(v) && !strcmp(scalar(v), text);
}

static bool any_equals(struct json_object *array, const struct lib_etsi_member *m,
		       const char *text)
{
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++)
		if (equals(json_object_array_get_idx(array, i), m, text))
			return true;
	return false;
}

/**
 * struct query - "path=value", taken apart
 * @path:  names with points between them
 * @value: behind the =
 * @names: @path, cut at the points
 * @count: of names
 * @m:     the member at the end of the path; NULL = one of the user's own
 */
struct query {
	char				path[128];
	const char			*value;
	const char			*names[LIB_JSON_DEPTH];
	size_t				count;
	const struct lib_etsi_member	*m;
};

static bool find(struct json_object *v, const struct query *q, size_t depth)
{
	struct json_object *member;
	size_t i;

	if (depth == q->count) {
		if (q->m && (q->m->flags & ETSI_MANY))
			return any_equals(v, q->m, q->value);
		return equals(v, q->m, q->value);
	}
	if (json_object_is_type(v, json_type_object))
		return json_object_object_get_ex(v, q->names[depth], &member) &&
		       find(member, q, depth + 1);
	if (json_object_is_type(v, json_type_array))
		for (i = 0; i < json_object_array_length(v); i++)
			if (find(json_object_array_get_idx(v, i), q, depth))
				return true;
	return false;
}

static int cut_path(struct libdmwarrant *ctx, struct query *q)
{
	const struct lib_etsi_member *members = lib_etsi_case;
	char *rest = q->path, *name;

	while ((name = strsep(&rest, "."))) {
		if (q->count == ARRAY_SIZE(q->names))
			return lib_fail(ctx, -EINVAL, "query: more than %zu names with points between them",
					ARRAY_SIZE(q->names));
		q->names[q->count++] = name;
		q->m = members ? lib_etsi_member(members, ETSI_OURS, name) : NULL;
		if (!q->m && members && (members != lib_etsi_case || strncmp(name, "X-", 2)))
			return lib_fail(ctx, -EINVAL, "query: case metadata has no member %s here; to look for text, begin the query with =",
					name);
		members = q->m && q->m->type == ETSI_OBJECT ? q->m->of : NULL;
		if (q->m && rest && !members)
			return lib_fail(ctx, -EINVAL, "query: %s has no members", name);
	}
	return 0;
}

/* A value that no metadata can have would silently find nothing, as if there were nothing. */
static const char *must_be(const struct query *q)
{
	s64 us;

	switch (q->m->type) {
	case ETSI_BOOL:
		return !strcmp(q->value, "true") || !strcmp(q->value, "false") ? NULL :
		       "true or false";
	case ETSI_U32:
	case ETSI_PAIR:
	case ETSI_SEQUENCE:
		return *q->value && strlen(q->value) <= 10 &&
		       strspn(q->value, "0123456789") == strlen(q->value) ? NULL : "a number";
	case ETSI_OBJECT:
		if (strcmp(q->m->name, "TimeOfInterception"))
			return "asked for by the name of one of its members";
		return lib_etsi_time(q->value, &us) ? "a date and time with offset" : NULL;
	default:
		return lib_etsi_wrong(q->m, q->value);
	}
}

static int parse_query(struct libdmwarrant *ctx, const char *query, const char *is,
		       struct query *q)
{
	char shown[LIB_QUOTE_SIZE];
	const char *must;
	int ret;

	if ((size_t)(is - query) >= sizeof(q->path))
		return lib_fail(ctx, -EINVAL, "query: the name is too long");
	memset(q, 0, sizeof(*q));
	memcpy(q->path, query, is - query);
	q->value = is + 1;
	ret = cut_path(ctx, q);
	if (ret || !q->m)
		return ret;
	must = must_be(q);
	if (!must)
		return 0;
	return lib_fail(ctx, -EINVAL, "query: %s is %s; it must be %s", q->m->name,
			lib_quote(shown, q->value, strlen(q->value)), must);
}

int libdmwarrant_case_match(struct libdmwarrant *ctx, const char *json, const char *query)
{
	size_t name = strspn(query, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
	const char *is = name && query[name] == '=' ? query + name : NULL;
	struct json_object *o;
	struct query q;
	int ret;

	if (*query == '=')
		query++;
	if (!*query)
		return lib_fail(ctx, -EINVAL, "query: empty");
	ret = is ? parse_query(ctx, query, is, &q) : 0;
	if (!ret)
		ret = parse_case(ctx, json, &o);
	if (ret)
		return ret;
	ret = is ? find(o, &q, 0) : contains(o, query);
	json_object_put(o);
	return ret;
}
