// SPDX-License-Identifier: GPL-2.0-or-later
/* Making JSON member by member, and reading what somebody else has made. */
#include "shred.h"

/* @name: NULL = @in is an array. Takes over @value, also when it fails. */
void lib_make_value(struct lib_maker *m, struct json_object *in, const char *name,
		    struct json_object *value)
{
	if (in && value && !(name ? json_object_object_add(in, name, value) :
			     json_object_array_add(in, value)))
		return;
	m->failed = true;
	json_object_put(value);
}

static struct json_object *make(struct lib_maker *m, struct json_object *in, const char *name,
				struct json_object *value)
{
	if (!value)
		m->failed = true;
	else if (in)
		lib_make_value(m, in, name, value);
	return m->failed && in ? NULL : value;
}

/** lib_make_object() - @in: NULL = by itself, json_object_put() it */
struct json_object *lib_make_object(struct lib_maker *m, struct json_object *in, const char *name)
{
	return make(m, in, name, json_object_new_object());
}

struct json_object *lib_make_array(struct lib_maker *m, struct json_object *in, const char *name)
{
	return make(m, in, name, json_object_new_array());
}

/** lib_make_text() - NULL or empty: the member is left out */
void lib_make_text(struct lib_maker *m, struct json_object *in, const char *name, const char *text)
{
	if (text && *text)
		lib_make_value(m, in, name, json_object_new_string(text));
}

void lib_make_number(struct lib_maker *m, struct json_object *in, const char *name, u64 number)
{
	lib_make_value(m, in, name, json_object_new_int64(number));
}

void lib_make_time(struct lib_maker *m, struct json_object *in, const char *name, s64 seconds)
{
	char text[32];

	lib_make_text(m, in, name, lib_time_format(seconds, text));
}

void lib_make_hex(struct lib_maker *m, struct json_object *in, const char *name, const void *bytes,
		  size_t size)
{
	char text[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	lib_hex(text, bytes, size);
	lib_make_text(m, in, name, text);
}

/** lib_json_member() - Return: a member of that type; NULL = there is none */
struct json_object *lib_json_member(struct json_object *o, const char *name, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

/** lib_json_text() - "" = there is none */
const char *lib_json_text(struct json_object *o, const char *name)
{
	struct json_object *value = lib_json_member(o, name, json_type_string);

	return value ? json_object_get_string(value) : "";
}

s64 lib_json_number(struct json_object *o, const char *name)
{
	struct json_object *value = lib_json_member(o, name, json_type_int);

	return value ? json_object_get_int64(value) : 0;
}

/** lib_json_length() - of an array; 0 = there is none */
size_t lib_json_length(struct json_object *o, const char *name)
{
	struct json_object *value = lib_json_member(o, name, json_type_array);

	return value ? json_object_array_length(value) : 0;
}
