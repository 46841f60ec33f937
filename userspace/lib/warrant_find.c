// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding warrants: by name, and by what they are. */
#include <strings.h>

#include "json.h"
#include "registry.h"

/* With these columns, in this order, a row becomes a struct lib_warrant_row. */
#define SELECT_WARRANTS	"SELECT w.uuid, w.revision, w.changed, h.digest, h.record, (SELECT COUNT(*) FROM volumes v WHERE v.warrant = w.uuid) FROM warrants w JOIN warrant_history h ON h.warrant = w.uuid AND h.revision = w.revision "

/* Rows, kept so that nothing is locked while the caller looks at them. */
struct rows {
	struct lib_warrant_row	*row;
	size_t			count;
};

static int keep_row(void *arg, const struct lib_value *value)
{
	struct rows *rows = arg;
	struct lib_warrant_row *more, *row;

	more = reallocarray(rows->row, rows->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	rows->row = more;
	row = &rows->row[rows->count];
	memset(row, 0, sizeof(*row));
	lib_copy(row->uuid, sizeof(row->uuid), lib_text(value[0].text).text);
	row->revision = value[1].number;
	row->changed = value[2].number;
	lib_copy(row->digest, sizeof(row->digest), lib_text(value[3].text).text);
	row->json = strdup(lib_text(value[4].text).text);
	row->volumes = value[5].number;
	if (!row->json)
		return -ENOMEM;
	rows->count++;
	return 0;
}

static void free_rows(struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		free(rows->row[i].json);
	free(rows->row);
}

/* ---- by name ---- */

static int by_uuid(struct libdmwarrant_registry *r, const char *key, struct rows *rows)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	char text[37];

	if (libdmwarrant_uuid_parse(key, uuid))
		return 0;
	libdmwarrant_uuid_format(uuid, text);
	return lib_sql(r, keep_row, rows, SELECT_WARRANTS "WHERE w.uuid = $1", lib_text(text));
}

static int by_reference(struct libdmwarrant_registry *r, const char *key, struct rows *rows)
{
	return lib_sql(r, keep_row, rows,
		       SELECT_WARRANTS "WHERE w.reference = $1 ORDER BY w.country, w.owner",
		       lib_text(key));
}

static int by_full_name(struct libdmwarrant_registry *r, const char *key, struct rows *rows)
{
	return lib_sql(r, keep_row, rows,
		       SELECT_WARRANTS "WHERE w.country || '/' || w.owner || '/' || w.reference = $1",
		       lib_text(key));
}

static int ambiguous(struct libdmwarrant_registry *r, const char *key, const struct rows *rows)
{
	char quoted[LIB_QUOTE_SIZE], list[300] = "";
	size_t i, n = 0;

	for (i = 0; i < rows->count && n + 40 < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "",
			      rows->row[i].uuid);
	return lib_fail(r->ctx, -ENOTUNIQ,
			"%zu warrants have the reference %s; name it as COUNTRY/OWNER/REFERENCE or by its ObjectIdentifier: %s",
			rows->count, lib_quote(quoted, key, strlen(key)), list);
}

static int find_rows(struct libdmwarrant_registry *r, const char *key, struct rows *rows)
{
	char quoted[LIB_QUOTE_SIZE];
	int ret = by_uuid(r, key, rows);

	if (!ret && !rows->count)
		ret = by_reference(r, key, rows);
	if (!ret && !rows->count)
		ret = by_full_name(r, key, rows);
	if (ret == -ENOMEM)
		return lib_fail(r->ctx, ret, "not enough memory");
	if (ret)
		return ret;
	if (!rows->count)
		return lib_fail(r->ctx, -ENOENT,
				"no warrant %s in the registry %s; warrantctl warrant list shows all",
				lib_quote(quoted, key, strlen(key)), r->place);
	return rows->count > 1 ? ambiguous(r, key, rows) : 0;
}

/**
 * lib_warrant_find() - find one, in a transaction
 * @row: receives it; free() its json
 */
int lib_warrant_find(struct libdmwarrant_registry *r, const char *key,
		     struct lib_warrant_row *row)
{
	struct rows rows = { 0 };
	int ret = find_rows(r, key, &rows);

	if (ret) {
		free_rows(&rows);
		return ret;
	}
	*row = rows.row[0];
	free(rows.row);
	return 0;
}

static int find(struct libdmwarrant_registry *r, const char *key, struct lib_warrant_row *row)
{
	int ret = lib_registry_begin(r, false);

	if (ret)
		return ret;
	return lib_registry_end(r, lib_warrant_find(r, key, row));
}

int libdmwarrant_warrant_get(struct libdmwarrant_registry *r, const char *key, char **json)
{
	struct lib_warrant_row row;
	int ret = find(r, key, &row);

	if (!ret)
		*json = row.json;
	return ret;
}

/* ---- in short ---- */

/* @o is what the texts of @w are in. */
static int summarise(struct libdmwarrant_registry *r, const struct lib_warrant_row *row, s64 now,
		     struct libdmwarrant_warrant *w, struct json_object **o)
{
	int ret = lib_warrant_parse(r->ctx, row->json, o);

	if (ret)
		return lib_fail(r->ctx, -EUCLEAN,
				"the record of warrant %s cannot be read: the registry %s is damaged; restore it from a backup",
				row->uuid, r->place);
	memset(w, 0, sizeof(*w));
	lib_warrant_summary(*o, now, w);
	w->revision = row->revision;
	w->volumes = row->volumes;
	w->changed = row->changed;
	lib_unhex(w->digest, row->digest, strlen(row->digest) / 2);
	w->json = row->json;
	return 0;
}

int libdmwarrant_warrant_find(struct libdmwarrant_registry *r, const char *key,
			      libdmwarrant_warrant_fn fn, void *arg)
{
	struct libdmwarrant_warrant w;
	struct lib_warrant_row row;
	struct json_object *o;
	int ret = find(r, key, &row);

	if (ret)
		return ret;
	ret = summarise(r, &row, lib_registry_now(), &w, &o);
	if (!ret) {
		ret = fn(arg, &w);
		json_object_put(o);
	}
	free(row.json);
	return ret;
}

/* ---- by what they are ---- */

static bool contains(const char *text, const char *part)
{
	return strcasestr(text, part);
}

static bool task_contains(struct json_object *o, const char *part)
{
	struct json_object *tasks = json_object_object_get(o, "Tasks");
	size_t i;

	if (!json_object_is_type(tasks, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(tasks); i++)
		if (contains(lib_warrant_text(json_object_array_get_idx(tasks, i), "Reference"),
			     part))
			return true;
	return false;
}

static bool text_matches(struct json_object *o, const char *part)
{
	static const char *const members[] = {
		"AuthorisationReference", "OwnerIdentifier", "ExternalIdentifier",
		"AuthorisationLegalEntity", "AuthorisationJurisdiction",
		"AuthorisationManualInformation",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		if (contains(lib_warrant_text(o, members[i]), part))
			return true;
	return task_contains(o, part);
}

static bool matches(const struct libdmwarrant_filter *f, const struct libdmwarrant_warrant *w,
		    struct json_object *o)
{
	return (!f->state || f->state == w->state) &&
	       (!f->ends_before || (w->end && w->end < f->ends_before)) &&
	       (!f->text || text_matches(o, f->text));
}

static int collect(struct libdmwarrant_registry *r, const struct libdmwarrant_filter *f,
		   struct rows *rows)
{
	int ret = lib_registry_begin(r, false);

	if (ret)
		return ret;
	ret = lib_sql(r, keep_row, rows,
		      SELECT_WARRANTS "WHERE ($1 = '' OR w.status = $1) AND ($2 = '' OR w.country = $2) AND ($3 = '' OR EXISTS (SELECT 1 FROM tasks t WHERE t.warrant = w.uuid AND t.liid = $3)) ORDER BY w.reference, w.country, w.owner",
		      lib_text(f->status), lib_text(f->country), lib_text(f->liid));
	if (ret == -ENOMEM)
		lib_fail(r->ctx, ret, "not enough memory for the list");
	return lib_registry_end(r, ret);
}

static int tell(struct libdmwarrant_registry *r, const struct libdmwarrant_filter *f,
		const struct lib_warrant_row *row, s64 now, libdmwarrant_warrant_fn fn, void *arg)
{
	struct libdmwarrant_warrant w;
	struct json_object *o;
	int ret = summarise(r, row, now, &w, &o);

	if (ret)
		return ret;
	if (matches(f, &w, o) && fn(arg, &w))
		ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	json_object_put(o);
	return ret;
}

int libdmwarrant_warrant_list(struct libdmwarrant_registry *r,
			      const struct libdmwarrant_filter *filter,
			      libdmwarrant_warrant_fn fn, void *arg)
{
	static const struct libdmwarrant_filter all = {
		.version = LIBDMWARRANT_FILTER_VERSION
	};
	struct rows rows = { 0 };
	size_t i;
	s64 now;
	int ret;

	if (!filter)
		filter = &all;
	if (filter->version != LIBDMWARRANT_FILTER_VERSION)
		return lib_fail_version(r->ctx, filter->version, LIBDMWARRANT_FILTER_VERSION);
	now = filter->now ? filter->now : lib_registry_now();
	ret = collect(r, filter, &rows);
	for (i = 0; !ret && i < rows.count; i++)
		ret = tell(r, filter, &rows.row[i], now, fn, arg);
	free_rows(&rows);
	return ret;
}
