// SPDX-License-Identifier: GPL-2.0-or-later
/* Storing a warrant's record: always a new revision, never in place of an old one. */
#include "audit.h"
#include "etsi.h"
#include "json.h"
#include "warrant_change.h"

#define REASON_MAX	2000	/* bytes */

/* Volumes and keys are bound to these. */
static const char *const binding[] = {
	"ObjectIdentifier", "AuthorisationReference", "CountryCode", "OwnerIdentifier", "Copy",
};

int lib_change_no_memory(struct libdmwarrant_registry *r)
{
	return lib_fail(r->ctx, -ENOMEM, "not enough memory for the warrant");
}

void lib_change_free(struct lib_change *c)
{
	free(c->row.json);
	json_object_put(c->append);
	json_object_put(c->from);
	json_object_put(c->to);
}

int lib_change_need_reason(struct libdmwarrant_registry *r, const struct libdmwarrant_change *how)
{
	if (how && how->reason && how->reason[0])
		return 0;
	return lib_fail(r->ctx, -EINVAL,
			"a change of a warrant needs a reason, for its history; give one with --reason");
}

static int check_note(struct libdmwarrant_registry *r, const char *what, const char *text)
{
	const char *c = text;

	if (!text)
		return 0;
	if (strlen(text) > REASON_MAX || lib_utf8_length(text, strlen(text)) < 0)
		return lib_fail(r->ctx, -EINVAL,
				"the %s must be UTF-8 text of at most %u bytes", what, REASON_MAX);
	while ((u8)*c >= ' ' && *c != 0x7f)
		c++;
	return *c ? lib_fail(r->ctx, -EINVAL, "the %s must not contain control characters", what) :
		0;
}

int lib_change_begin(struct lib_change *c, const struct libdmwarrant_change *how)
{
	int ret;

	if (how && how->version != LIBDMWARRANT_CHANGE_VERSION)
		return lib_fail_version(c->r->ctx, how->version, LIBDMWARRANT_CHANGE_VERSION);
	if (how && how->flags & ~LIBDMWARRANT_CHANGE_DRY_RUN)
		return lib_fail(c->r->ctx, -EINVAL, "unknown flags %#x for a change", how->flags);
	if (how) {
		c->reason = how->reason;
		c->source = how->source;
		c->dry_run = how->flags & LIBDMWARRANT_CHANGE_DRY_RUN;
	}
	ret = check_note(c->r, "reason", c->reason) ?: check_note(c->r, "source", c->source);
	if (!ret && how && how->append)
		ret = lib_warrant_parse(c->r->ctx, how->append, &c->append);
	return ret ?: lib_registry_begin(c->r, true);
}

int lib_change_end(struct lib_change *c, int ret)
{
	return lib_registry_end(c->r, ret ? ret : c->dry_run);
}

/** lib_change_identify() - give an object of HI-1 an identifier, unless it has one */
int lib_change_identify(struct libdmwarrant_registry *r, struct json_object *o)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	char text[37];

	if (!json_object_is_type(o, json_type_object) ||
	    json_object_object_get_ex(o, "ObjectIdentifier", NULL))
		return 0;
	lib_random_uuid(uuid);
	libdmwarrant_uuid_format(uuid, text);
	return json_object_object_add(o, "ObjectIdentifier", json_object_new_string(text)) ?
		lib_change_no_memory(r) : 0;
}

/* ---- storing ---- */

static int store_task(struct lib_change *c, const char *uuid, size_t i, struct json_object *task)
{
	return lib_sql(c->r, NULL, NULL,
		       "INSERT INTO tasks (warrant, place, liid, status) VALUES ($1, $2, $3, $4)",
		       lib_text(uuid), lib_number(i), lib_text(lib_warrant_text(task, "Reference")),
		       lib_text(lib_warrant_text(json_object_object_get(task, "Status"), "Value")));
}

/* For finding only; the record has all of them, and the history has all that were. */
static int store_tasks(struct lib_change *c, const char *uuid)
{
	struct json_object *tasks = json_object_object_get(c->to, "Tasks");
	size_t i, count = tasks ? json_object_array_length(tasks) : 0;
	int ret = lib_sql(c->r, NULL, NULL, "DELETE FROM tasks WHERE warrant = $1",
			  lib_text(uuid));

	for (i = 0; !ret && i < count; i++)
		ret = store_task(c, uuid, i, json_object_array_get_idx(tasks, i));
	return ret;
}

static int store_state(struct lib_change *c, const struct libdmwarrant_warrant *w, u32 revision,
		       s64 now)
{
	if (!c->from)
		return lib_sql(c->r, NULL, NULL,
			       "INSERT INTO warrants (uuid, reference, country, owner, copy, revision, status, type_of_case, starts, ends, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			       lib_text(w->uuid), lib_text(w->reference), lib_text(w->country),
			       lib_text(w->owner), lib_text(w->copy), lib_number(revision),
			       lib_text(w->status), lib_text(w->type_of_case),
			       lib_number(w->start), lib_number(w->end), lib_number(now));
	return lib_sql(c->r, NULL, NULL,
		       "UPDATE warrants SET revision = $1, status = $2, type_of_case = $3, starts = $4, ends = $5, changed = $6 WHERE uuid = $7",
		       lib_number(revision), lib_text(w->status), lib_text(w->type_of_case),
		       lib_number(w->start), lib_number(w->end), lib_number(now),
		       lib_text(w->uuid));
}

/* The digest is over all that the revision says, and over those before it. */
static int tell_log(struct lib_change *c, const char *uuid, const char *reference, u32 revision,
		    const char *digest)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", revision);
	return lib_audit_say(c->r, !c->from ? "warrant.added" : !strcmp(c->action, "renew") ?
			     "warrant.renewed" : "warrant.edited", "Warrant", uuid,
			     "Reference", reference, "Revision", number, "Digest", digest,
			     "Reason", c->reason, "Source", c->source, NULL);
}

static int store_revision(struct lib_change *c, const struct libdmwarrant_warrant *w,
			  const struct libdmwarrant_revision *v)
{
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	u8 raw[LIBDMWARRANT_DIGEST_SIZE];
	int ret = lib_history_digest(c->r->ctx, c->row.digest, w->uuid, v, raw);

	if (ret)
		return ret;
	lib_hex(digest, raw, sizeof(raw));
	return lib_sql(c->r, NULL, NULL,
		       "INSERT INTO warrant_history (warrant, revision, made, action, by_user, by_host, reason, source, changes, record, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		       lib_text(w->uuid), lib_number(v->revision), lib_number(v->when),
		       lib_text(v->action), lib_text(v->user), lib_text(v->host),
		       lib_text(v->reason), lib_text(v->source), lib_text(v->changes),
		       lib_text(v->json), lib_text(digest)) ?:
		tell_log(c, w->uuid, w->reference, v->revision, digest);
}

static int store_texts(struct lib_change *c, const char *json, const char *changes)
{
	s64 now = lib_registry_now();
	struct libdmwarrant_warrant w = { 0 };
	const struct libdmwarrant_revision v = {
		.revision = c->row.revision + 1,
		.when = now,
		.action = c->action,
		.user = c->r->who.user,
		.host = c->r->who.host,
		.reason = c->reason ? c->reason : "",
		.source = c->source ? c->source : "",
		.changes = changes,
		.json = json,
	};

	lib_warrant_summary(c->to, now, &w);
	return store_state(c, &w, v.revision, now) ?: store_revision(c, &w, &v) ?:
		store_tasks(c, w.uuid);
}

/* Tasks that were typed in have no identifier yet. */
static int complete_tasks(struct lib_change *c)
{
	struct json_object *tasks = json_object_object_get(c->to, "Tasks");
	size_t i, count = json_object_is_type(tasks, json_type_array) ?
		json_object_array_length(tasks) : 0;
	int ret = 0;

	for (i = 0; !ret && i < count; i++)
		ret = lib_change_identify(c->r, json_object_array_get_idx(tasks, i));
	return ret;
}

/** lib_change_store() - check and store c->to; @json receives its text, unless it is NULL */
int lib_change_store(struct lib_change *c, char **json)
{
	struct json_object *changes;
	char *text, *changed;
	int ret = complete_tasks(c) ?: lib_warrant_check(c->r->ctx, c->to);

	if (ret)
		return ret;
	if (lib_json_changes(c->from, c->to, &changes))
		return lib_change_no_memory(c->r);
	text = lib_json_canonical(c->to);
	changed = lib_json_canonical(changes);
	json_object_put(changes);
	if (!text || !changed)
		ret = lib_change_no_memory(c->r);
	else if (strlen(text) > LIB_ETSI_RECORD_MAX)
		ret = lib_fail(c->r->ctx, -EINVAL, "warrant: larger than %u bytes",
			       LIB_ETSI_RECORD_MAX);
	/* A patch that changes nothing leaves no trace. */
	else if (!c->from || strcmp(text, c->row.json))
		ret = store_texts(c, text, changed);
	free(changed);
	if (ret || !json)
		free(text);
	else
		*json = text;
	return ret;
}

/* ---- changing ---- */

int lib_change_load(struct lib_change *c, const char *key)
{
	int ret = lib_warrant_find(c->r, key, &c->row) ?:
		lib_warrant_parse(c->r->ctx, c->row.json, &c->from);

	if (ret)
		return ret;
	return json_object_deep_copy(c->from, &c->to, NULL) ? lib_change_no_memory(c->r) : 0;
}

static int check_binding(struct lib_change *c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(binding); i++)
		if (!json_object_equal(json_object_object_get(c->from, binding[i]),
				       json_object_object_get(c->to, binding[i])))
			return lib_fail(c->r->ctx, -EPERM,
					"%s of a warrant cannot change: volumes and keys are bound to it; add another warrant instead",
					binding[i]);
	return 0;
}

/* Generation is its owner's count: a lower one is an update that came too late. */
static int check_generation(struct lib_change *c)
{
	s64 from = json_object_get_int64(json_object_object_get(c->from, "Generation"));
	s64 to = json_object_get_int64(json_object_object_get(c->to, "Generation"));

	if (to >= from)
		return 0;
	return lib_fail(c->r->ctx, -ESTALE,
			"Generation %lld is older than %lld, which the registry has; ask for the newest",
			(long long)to, (long long)from);
}

static int append_to(struct lib_change *c, const char *name, struct json_object *elements)
{
	struct json_object *array = json_object_object_get(c->to, name), *element;
	size_t i;

	if (!json_object_is_type(elements, json_type_array) ||
	    (array && !json_object_is_type(array, json_type_array)))
		return lib_fail(c->r->ctx, -EINVAL, "warrant: only arrays can be added to arrays");
	if (!array) {
		array = json_object_new_array();
		if (!array || json_object_object_add(c->to, name, array))
			return lib_change_no_memory(c->r);
	}
	for (i = 0; i < json_object_array_length(elements); i++) {
		element = json_object_array_get_idx(elements, i);
		if (json_object_array_add(array, json_object_get(element)))
			return lib_change_no_memory(c->r);
	}
	return 0;
}

static int append(struct lib_change *c)
{
	int ret;

	json_object_object_foreach(c->append, name, elements) {
		ret = append_to(c, name, elements);
		if (ret)
			return ret;
	}
	return 0;
}

/** lib_change_apply() - merge @patch and c->append into the record, and store it */
int lib_change_apply(struct lib_change *c, struct json_object *patch, char **json)
{
	int ret;

	if (lib_json_merge(&c->to, patch))
		return lib_change_no_memory(c->r);
	ret = c->append ? append(c) : 0;
	return ret ?: check_binding(c) ?: check_generation(c) ?: lib_change_store(c, json);
}
