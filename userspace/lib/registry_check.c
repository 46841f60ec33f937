// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying a registry: storage, histories, what volumes are bound to, and the audit log. */
#include "audit_copy.h"
#include "control.h"
#include "history.h"
#include "json.h"

/**
 * struct check - a check under way
 * @fn:     told of faults
 * @faults: found so far
 * @uuid:   of warrants, 36 characters each
 * @count:  of them
 */
struct check {
	struct libdmwarrant_registry	*r;
	int				(*fn)(void *arg, const char *fault);
	void				*arg;
	u64				faults;
	char				(*uuid)[37];
	size_t				count;
};

static int fault(struct check *c, const char *text)
{
	c->faults++;
	return c->fn(c->arg, text) ? -ECANCELED : 0;
}

static int storage_fault(void *arg, const struct lib_value *row)
{
	return fault(arg, lib_text(row[0].text).text);
}

static int keep_uuid(void *arg, const struct lib_value *row)
{
	struct check *c = arg;
	void *more = reallocarray(c->uuid, c->count + 1, sizeof(*c->uuid));

	if (!more)
		return -ENOMEM;
	c->uuid = more;
	lib_copy(c->uuid[c->count++], sizeof(*c->uuid), lib_text(row[0].text).text);
	return 0;
}

static int ignore(void *arg, const struct libdmwarrant_revision *v)
{
	(void)arg;
	(void)v;
	return 0;
}

/* Columns that are there for finding must say what the record says. */
static int check_columns(struct check *c, const char *uuid)
{
	struct libdmwarrant_warrant w = { 0 };
	struct lib_warrant_row row;
	struct json_object *o;
	char text[128];
	s64 same = 0;
	int ret = lib_warrant_find(c->r, uuid, &row) ?: lib_warrant_parse(c->r->ctx, row.json, &o);

	if (ret)
		return fault(c, libdmwarrant_error(c->r->ctx));
	lib_warrant_summary(o, 0, &w);
	ret = lib_sql(c->r, lib_row_number, &same,
		      "SELECT COUNT(*) FROM warrants WHERE uuid = $1 AND reference = $2 AND country = $3 AND owner = $4 AND copy = $5 AND status = $6 AND type_of_case = $7 AND starts = $8 AND ends = $9",
		      lib_text(w.uuid), lib_text(w.reference), lib_text(w.country),
		      lib_text(w.owner), lib_text(w.copy), lib_text(w.status),
		      lib_text(w.type_of_case), lib_number(w.start), lib_number(w.end));
	json_object_put(o);
	free(row.json);
	snprintf(text, sizeof(text), "what is listed of warrant %s is not what its record says",
		 uuid);
	return ret || same ? ret : fault(c, text);
}

static int check_warrant(struct check *c, const char *uuid)
{
	int ret = lib_history_verify(c->r, uuid, ignore, NULL);

	if (ret == -EUCLEAN)
		return fault(c, libdmwarrant_error(c->r->ctx));
	return ret ?: check_columns(c, uuid);
}

static int check_volume(struct check *c, const char *uuid)
{
	struct libdmwarrant_record record;
	int ret = lib_volume_get(c->r, uuid, &record);

	return ret ? fault(c, libdmwarrant_error(c->r->ctx)) : 0;
}

/* ---- the audit log ---- */

static int unlogged(void *arg, const char *text)
{
	return fault(arg, text);
}

static int one_entry(void *arg, const struct lib_audit_entry *e)
{
	return lib_history_logged(arg, e);
}

static int check_revisions(struct check *c)
{
	static const char *const kinds[] = { LIB_HISTORY_KINDS, NULL };
	struct lib_history_log h = { .r = c->r, .fault = unlogged, .arg = c };

	return lib_audit_each(c->r, kinds, one_entry, &h) ?: lib_history_logged_all(&h);
}

/* Entries of officers that are against the rules. */
static int check_control(struct check *c)
{
	int ret = lib_control_check(c->r);

	return ret == -EUCLEAN ? fault(c, libdmwarrant_error(c->r->ctx)) : ret;
}

static int check_log(struct check *c)
{
	static const struct libdmwarrant_audit_trust trust = {
		.version = LIBDMWARRANT_AUDIT_VERSION
	};
	struct libdmwarrant_audit_state state;
	struct lib_audit_copy copy = { 0 };
	int ret = lib_audit_copy_read(c->r, &copy) ?:
		lib_audit_copy_verify(&copy, &trust, &state);

	lib_audit_copy_free(&copy);
	if (ret == -EUCLEAN)
		return fault(c, libdmwarrant_error(c->r->ctx));
	return ret ?: check_revisions(c) ?: check_control(c);
}

/* Each of the UUIDs that @sql finds. */
static int check_each(struct check *c, const char *sql,
		      int (*fn)(struct check *c, const char *uuid))
{
	size_t i;
	int ret;

	c->count = 0;
	ret = lib_sql(c->r, keep_uuid, c, sql);
	for (i = 0; !ret && i < c->count; i++)
		ret = fn(c, c->uuid[i]) ?:
			lib_progress(c->r->ctx, "verifying records", i, c->count);
	return ret;
}

static int check_all(struct check *c)
{
	int ret = c->r->ops->check(c->r, storage_fault, c);

	/* In a damaged file the rest would only say the same in other words. */
	if (ret || c->faults)
		return ret;
	return check_each(c, "SELECT uuid FROM warrants ORDER BY uuid", check_warrant) ?:
		check_each(c, "SELECT uuid FROM volumes ORDER BY uuid", check_volume) ?:
		check_log(c);
}

int libdmwarrant_registry_check(struct libdmwarrant_registry *r,
				int (*fn)(void *arg, const char *fault), void *arg)
{
	struct check c = { .r = r, .fn = fn, .arg = arg };
	int ret = lib_registry_begin(r, false);

	lib_progress_start(r->ctx);
	if (!ret)
		ret = lib_registry_end(r, check_all(&c));
	free(c.uuid);
	if (ret == -ECANCELED)
		return lib_fail(r->ctx, ret, "cancelled");
	if (!ret && c.faults)
		ret = lib_fail(r->ctx, -EUCLEAN,
			       "the registry %s has %llu faults; compare it with a backup",
			       r->place, (unsigned long long)c.faults);
	return ret;
}
