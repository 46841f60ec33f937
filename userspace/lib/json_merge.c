// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON merge patches (RFC 7396), and what has changed between two values. */
#include "registry.h"

#define POINTER_MAX	512	/* bytes of a path; those of records are far shorter */

static struct json_object *copy(struct json_object *o)
{
	struct json_object *to = NULL;

	json_object_deep_copy(o, &to, NULL);
	return to;
}

/**
 * lib_json_merge() - apply a merge patch
 * @target: is changed, or replaced
 * @patch:  stays as it is
 *
 * Return: 0 or -ENOMEM, when @target may have been changed in part.
 */
int lib_json_merge(struct json_object **target, struct json_object *patch)
{
	struct json_object *value;
	int ret;

	if (!json_object_is_type(patch, json_type_object)) {
		json_object_put(*target);
		*target = copy(patch);
		return patch && !*target ? -ENOMEM : 0;
	}
	if (!json_object_is_type(*target, json_type_object)) {
		json_object_put(*target);
		*target = json_object_new_object();
		if (!*target)
			return -ENOMEM;
	}
	json_object_object_foreach(patch, name, change) {
		if (!change) {
			json_object_object_del(*target, name);
			continue;
		}
		value = json_object_get(json_object_object_get(*target, name));
		ret = lib_json_merge(&value, change);
		if (!ret && json_object_object_add(*target, name, value))
			ret = -ENOMEM;
		if (ret) {
			json_object_put(value);
			return ret;
		}
	}
	return 0;
}

/* ---- differences ---- */

struct diff {
	struct json_object	*changes;
	char			path[POINTER_MAX];
};

static int add_change(struct diff *d, struct json_object *from, struct json_object *to)
{
	struct json_object *o = json_object_new_object();

	if (!o || json_object_array_add(d->changes, o)) {
		json_object_put(o);
		return -ENOMEM;
	}
	if (json_object_object_add(o, "Path", json_object_new_string(d->path)) ||
	    (from && json_object_object_add(o, "From", json_object_get(from))) ||
	    (to && json_object_object_add(o, "To", json_object_get(to))))
		return -ENOMEM;
	return 0;
}

/* RFC 6901: ~ and / in a name are escaped. Return: the path's length before. */
static size_t enter(struct diff *d, const char *name)
{
	size_t n = strlen(d->path), at = n;

	if (at + 1 < sizeof(d->path))
		d->path[at++] = '/';
	for (; *name && at + 3 < sizeof(d->path); name++) {
		if (*name == '~' || *name == '/') {
			d->path[at++] = '~';
			d->path[at++] = *name == '~' ? '0' : '1';
		} else {
			d->path[at++] = *name;
		}
	}
	d->path[at] = 0;
	return n;
}

static int compare(struct diff *d, struct json_object *from, struct json_object *to);

static int compare_member(struct diff *d, const char *name, struct json_object *from,
			  struct json_object *to)
{
	size_t n = enter(d, name);
	int ret = compare(d, from, to);

	d->path[n] = 0;
	return ret;
}

static int compare_objects(struct diff *d, struct json_object *from, struct json_object *to)
{
	int ret;

	json_object_object_foreach(from, name, value) {
		ret = compare_member(d, name, value, json_object_object_get(to, name));
		if (ret)
			return ret;
	}
	json_object_object_foreach(to, added, new_value) {
		if (json_object_object_get_ex(from, added, NULL))
			continue;
		ret = compare_member(d, added, NULL, new_value);
		if (ret)
			return ret;
	}
	return 0;
}

/* Element by element, so that a renewal shows the order that came, not all that came before. */
static int compare_arrays(struct diff *d, struct json_object *from, struct json_object *to)
{
	size_t i, count = max(json_object_array_length(from), json_object_array_length(to));
	char name[24];
	int ret = 0;

	for (i = 0; !ret && i < count; i++) {
		snprintf(name, sizeof(name), "%zu", i);
		ret = compare_member(d, name, json_object_array_get_idx(from, i),
				     json_object_array_get_idx(to, i));
	}
	return ret;
}

static int compare(struct diff *d, struct json_object *from, struct json_object *to)
{
	enum json_type type = json_object_get_type(from);

	if (json_object_equal(from, to))
		return 0;
	if (from && to && type == json_object_get_type(to)) {
		if (type == json_type_object)
			return compare_objects(d, from, to);
		if (type == json_type_array)
			return compare_arrays(d, from, to);
	}
	return add_change(d, from, to);
}

/**
 * lib_json_changes() - what differs
 * @from:    before; NULL = there was nothing
 * @to:      after
 * @changes: receives an array of {"Path", "From"?, "To"?}, Path a JSON pointer (RFC 6901)
 *
 * Return: 0 or -ENOMEM.
 */
int lib_json_changes(struct json_object *from, struct json_object *to,
		     struct json_object **changes)
{
	struct diff d = { .changes = json_object_new_array() };
	int ret = d.changes ? 0 : -ENOMEM;

	if (!ret && from)
		ret = compare(&d, from, to);
	if (ret)
		json_object_put(d.changes);
	else
		*changes = d.changes;
	return ret;
}
