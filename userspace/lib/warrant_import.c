// SPDX-License-Identifier: GPL-2.0-or-later
/* Warrants of an HI-1 message become records of the registry, all of them or none. */
#include "etsi.h"
#include "json.h"
#include "libdmwarrant-etsi.h"
#include "warrant_change.h"

/**
 * struct item - a record of the message, and what became of it
 * @json:   as the message has it
 * @stored: as the registry has it
 */
struct item {
	enum libdmwarrant_hi1_action		action;
	enum libdmwarrant_import_outcome	outcome;
	u32					line;
	char					*json;
	char					*stored;
};

/**
 * struct import - a message being imported
 * @r:       registry
 * @reason:  for the histories
 * @message: what it is
 * @sent:    when, Unix seconds
 * @items:   its records
 */
struct import {
	struct libdmwarrant_registry		*r;
	char					reason[512];
	struct libdmwarrant_hi1_message		message;
	s64					sent;
	struct item				*items;
	size_t					count;
};

static int keep(void *arg, const struct libdmwarrant_hi1_record *record)
{
	struct import *m = arg;
	struct item *more = reallocarray(m->items, m->count + 1, sizeof(*more));

	if (!more)
		return lib_change_no_memory(m->r);
	m->items = more;
	more[m->count] = (struct item){
		.action = record->action, .line = record->line, .json = strdup(record->json),
	};
	return more[m->count++].json ? 0 : lib_change_no_memory(m->r);
}

/* ---- what a record changes ---- */

static struct json_object *find_id(struct json_object *array, const char *id)
{
	struct json_object *o;
	size_t i;

	for (i = 0; array && i < json_object_array_length(array); i++) {
		o = json_object_array_get_idx(array, i);
		if (!strcmp(lib_warrant_text(o, "ObjectIdentifier"), id))
			return o;
	}
	return NULL;
}

static bool has_equal(struct json_object *array, struct json_object *v)
{
	size_t i;

	for (i = 0; array && i < json_object_array_length(array); i++)
		if (json_object_equal(json_object_array_get_idx(array, i), v))
			return true;
	return false;
}

/* Members of a nation's own are one value: those of two types must not mix. */
static void drop_national(struct json_object *to, struct json_object *patch,
			  const struct lib_etsi_member *m)
{
	for (; m; m = lib_etsi_next(m))
		if (m->type == ETSI_NATIONAL && json_object_object_get_ex(patch, m->name, NULL))
			json_object_object_del(to, m->name);
}

/* Tasks or documents: those that are known are changed, the others are added. */
static int merge_part(struct json_object *array, struct json_object *part,
		      const struct lib_etsi_member *members)
{
	struct json_object *known = find_id(array, lib_warrant_text(part, "ObjectIdentifier"));

	if (!known)
		return json_object_array_add(array, json_object_get(part)) ? -ENOMEM : 0;
	drop_national(known, part, members);
	/* An object is changed in place. */
	return lib_json_merge(&known, part);
}

static int merge_approval(struct json_object *array, struct json_object *approval,
			  const struct lib_etsi_member *members)
{
	(void)members;
	if (has_equal(array, approval))
		return 0;
	return json_object_array_add(array, json_object_get(approval)) ? -ENOMEM : 0;
}

struct array {
	const char			*name;
	const struct lib_etsi_member	*members;
	int				(*merge)(struct json_object *array, struct json_object *v,
						 const struct lib_etsi_member *members);
};

static const struct array arrays[] = {
	{ "Tasks", lib_etsi_task, merge_part },
	{ "Documents", lib_etsi_document, merge_part },
	{ "AuthorisationApprovalDetails", NULL, merge_approval },
};

/* Put what @patch has into array @a of @to, and take it out of @patch. */
static int merge_array(struct json_object *to, struct json_object *patch, const struct array *a)
{
	struct json_object *add, *array;
	size_t i;
	int ret = 0;

	if (!json_object_object_get_ex(patch, a->name, &add))
		return 0;
	if (!json_object_object_get_ex(to, a->name, &array)) {
		array = json_object_new_array();
		if (!array || json_object_object_add(to, a->name, array))
			return -ENOMEM;
	}
	for (i = 0; !ret && i < json_object_array_length(add); i++)
		ret = a->merge(array, json_object_array_get_idx(add, i), a->members);
	json_object_object_del(patch, a->name);
	return ret;
}

static int merge(struct lib_change *c, struct json_object *patch)
{
	size_t i;

	drop_national(c->to, patch, lib_etsi_authorisation);
	for (i = 0; i < ARRAY_SIZE(arrays); i++)
		if (merge_array(c->to, patch, &arrays[i]))
			return lib_change_no_memory(c->r);
	return 0;
}

/* ---- renewals ---- */

static s64 end_of(struct json_object *o)
{
	return lib_warrant_time(json_object_object_get(o, "AuthorisationTimespan"), "EndTime");
}

/* The newest approval that the message brings; without one, when it was sent. */
static s64 approved_at(const struct import *m, struct json_object *patch)
{
	struct json_object *list = json_object_object_get(patch, "AuthorisationApprovalDetails");
	s64 newest = 0, t;
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++) {
		t = lib_warrant_time(json_object_array_get_idx(list, i), "ApprovalTimestamp");
		newest = max(newest, t);
	}
	return newest ? newest : m->sent;
}

static int check_renewal(const struct import *m, struct lib_change *c, struct json_object *patch)
{
	struct libdmwarrant_warrant w = { 0 };

	if (!end_of(c->from) || end_of(patch) <= end_of(c->from))
		return 0;
	lib_warrant_summary(c->from, lib_registry_now(), &w);
	/* Before it is approved, its end is only being corrected. */
	if (w.state == LIBDMWARRANT_WARRANT_AWAITING)
		return 0;
	c->action = "renew";
	return lib_warrant_renewable(c->r->ctx, &w, approved_at(m, patch));
}

/* An old message that comes again must not undo what a newer one has done. */
static int check_newer(const struct lib_change *c, const struct item *item,
		       struct json_object *patch)
{
	s64 before = lib_warrant_time(c->from, "LastChanged");
	s64 now = lib_warrant_time(patch, "LastChanged");

	if (!now || now >= before)
		return 0;
	return lib_fail(c->r->ctx, -ESTALE,
			"HI-1 message: line %u: LastChanged %s is before %s, which the registry has; ask for the newest",
			item->line, lib_warrant_text(patch, "LastChanged"),
			lib_warrant_text(c->from, "LastChanged"));
}

/* ---- one record ---- */

static int update(const struct import *m, struct lib_change *c, struct item *item,
		  struct json_object *patch)
{
	int ret = check_newer(c, item, patch);

	if (!ret && item->action != LIBDMWARRANT_HI1_CREATE)
		ret = check_renewal(m, c, patch);
	ret = ret ?: merge(c, patch) ?: lib_change_apply(c, patch, &item->stored);
	if (ret)
		return ret;
	if (!strcmp(item->stored, c->row.json))
		item->outcome = LIBDMWARRANT_IMPORT_UNCHANGED;
	else if (!strcmp(c->action, "renew"))
		item->outcome = LIBDMWARRANT_IMPORT_RENEWED;
	else
		item->outcome = LIBDMWARRANT_IMPORT_CHANGED;
	if (item->action != LIBDMWARRANT_HI1_CREATE ||
	    item->outcome == LIBDMWARRANT_IMPORT_UNCHANGED)
		return 0;
	return lib_fail(c->r->ctx, -EEXIST,
			"HI-1 message: line %u: the registry has warrant %s already, and it is different: ObjectAlreadyExists (3010); a change must come as an UPDATE",
			item->line, c->row.uuid);
}

static int unknown(struct lib_change *c, const struct item *item, const char *uuid)
{
	return lib_fail(c->r->ctx, -ENOENT,
			"HI-1 message: line %u: the registry has no warrant %s: %s; import the message that created it first",
			item->line, uuid, item->action == LIBDMWARRANT_HI1_LINK ?
			"LinkTargetDoesNotExist (3016)" : "UpdateObjectDoesNotExist (3011)");
}

static int known(struct libdmwarrant_registry *r, const char *uuid, bool *is)
{
	s64 count = 0;
	int ret = lib_sql(r, lib_row_number, &count,
			  "SELECT COUNT(*) FROM warrants WHERE uuid = $1", lib_text(uuid));

	*is = count;
	return ret;
}

static int import_item(const struct import *m, struct lib_change *c, struct item *item,
		       struct json_object *o)
{
	const char *uuid = lib_warrant_text(o, "ObjectIdentifier");
	bool is;
	int ret = known(c->r, uuid, &is);

	if (ret)
		return ret;
	if (is) {
		/* What kind of copy a known warrant is was said when it was added. */
		json_object_object_del(o, "Copy");
		c->action = "edit";
		return lib_change_load(c, uuid) ?: update(m, c, item, o);
	}
	if (item->action == LIBDMWARRANT_HI1_UPDATE || item->action == LIBDMWARRANT_HI1_LINK)
		return unknown(c, item, uuid);
	c->to = json_object_get(o);
	item->outcome = LIBDMWARRANT_IMPORT_ADDED;
	return lib_change_add(c, &item->stored);
}

/* In the transaction of the message. */
static int import_one(const struct import *m, struct item *item)
{
	struct lib_change c = {
		.r = m->r, .action = "add", .reason = m->reason, .source = "HI-1",
	};
	struct json_object *o;
	int ret = lib_warrant_parse(m->r->ctx, item->json, &o);

	if (ret)
		return ret;
	ret = import_item(m, &c, item, o);
	json_object_put(o);
	lib_change_free(&c);
	return ret;
}

/* ---- all of them ---- */

static int import_all(struct import *m, u32 flags)
{
	struct libdmwarrant_change how = {
		.version = LIBDMWARRANT_CHANGE_VERSION, .reason = m->reason, .source = "HI-1",
	};
	struct lib_change all = { .r = m->r };
	size_t i;
	int ret;

	if (flags & LIBDMWARRANT_IMPORT_DRY_RUN)
		how.flags |= LIBDMWARRANT_CHANGE_DRY_RUN;
	ret = lib_change_begin(&all, &how);
	if (ret)
		return ret;
	for (i = 0; !ret && i < m->count; i++)
		ret = import_one(m, &m->items[i]);
	return lib_change_end(&all, ret);
}

static int tell(const struct import *m, const struct libdmwarrant_import_params *params)
{
	size_t i;
	int ret = 0;

	for (i = 0; params->imported && !ret && i < m->count; i++) {
		const struct libdmwarrant_imported imported = {
			.version = LIBDMWARRANT_IMPORT_VERSION,
			.action = m->items[i].action,
			.outcome = m->items[i].outcome,
			.line = m->items[i].line,
			.json = m->items[i].stored,
		};

		ret = params->imported(params->arg, &imported);
	}
	return ret;
}

static int read_items(struct import *m, int fd, const struct libdmwarrant_import_params *params)
{
	const struct libdmwarrant_hi1_params how = {
		.version = LIBDMWARRANT_HI1_VERSION, .copy = params->copy, .record = keep,
		.arg = m,
	};
	s64 us;
	int ret;

	m->message.version = LIBDMWARRANT_HI1_VERSION;
	ret = libdmwarrant_hi1_read_fd(m->r->ctx, fd, &how, &m->message);
	if (ret)
		return ret;
	lib_etsi_time(m->message.timestamp, &us);
	m->sent = us / 1000000;
	snprintf(m->reason, sizeof(m->reason), "HI-1 message %s of %s from %s%s",
		 m->message.transaction, m->message.timestamp, m->message.sender,
		 m->message.has_signature ? ", signature not verified" : "");
	return 0;
}

static int check_params(struct libdmwarrant *ctx, const struct libdmwarrant_import_params *params,
			const struct libdmwarrant_hi1_message *message)
{
	if (params->version != LIBDMWARRANT_IMPORT_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_IMPORT_VERSION);
	if (message && message->version != LIBDMWARRANT_HI1_VERSION)
		return lib_fail_version(ctx, message->version, LIBDMWARRANT_HI1_VERSION);
	if (params->flags & ~LIBDMWARRANT_IMPORT_DRY_RUN)
		return lib_fail(ctx, -EINVAL, "unknown flags %#x for an import", params->flags);
	return 0;
}

int libdmwarrant_warrant_import(struct libdmwarrant_registry *reg, int fd,
				const struct libdmwarrant_import_params *params,
				struct libdmwarrant_hi1_message *message)
{
	struct import m = { .r = reg };
	size_t i;
	int ret = check_params(reg->ctx, params, message) ?: read_items(&m, fd, params) ?:
		import_all(&m, params->flags);

	if (!ret && message)
		*message = m.message;
	if (!ret)
		ret = tell(&m, params);
	for (i = 0; i < m.count; i++) {
		free(m.items[i].json);
		free(m.items[i].stored);
	}
	free(m.items);
	return ret;
}

const char *libdmwarrant_import_outcome_name(enum libdmwarrant_import_outcome outcome)
{
	static const char *const names[] = {
		[LIBDMWARRANT_IMPORT_ADDED] = "added",
		[LIBDMWARRANT_IMPORT_CHANGED] = "changed",
		[LIBDMWARRANT_IMPORT_RENEWED] = "renewed",
		[LIBDMWARRANT_IMPORT_UNCHANGED] = "unchanged",
	};

	return outcome < ARRAY_SIZE(names) && names[outcome] ? names[outcome] : "unknown";
}
