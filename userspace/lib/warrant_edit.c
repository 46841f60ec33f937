// SPDX-License-Identifier: GPL-2.0-or-later
/* Changing a warrant's record: edits, and orders that renew it. */
#include "etsi.h"
#include "json.h"
#include "warrant_change.h"

int libdmwarrant_warrant_edit(struct libdmwarrant_registry *r, const char *key,
			      const char *patch, const struct libdmwarrant_change *how,
			      char **warrant)
{
	struct lib_change c = { .r = r, .action = "edit" };
	struct json_object *p = NULL;
	char *text = NULL;
	int ret = lib_change_need_reason(r, how) ?: lib_warrant_parse(r->ctx, patch, &p);

	if (!ret)
		ret = lib_change_begin(&c, how);
	if (!ret) {
		ret = lib_change_load(&c, key) ?: lib_change_apply(&c, p, &text);
		ret = lib_change_end(&c, ret);
	}
	json_object_put(p);
	lib_change_free(&c);
	if (ret || !warrant)
		free(text);
	else
		*warrant = text;
	return ret;
}

/* ---- renewing ---- */

static int renewal_time(struct libdmwarrant_registry *r, const char *what, const char *text,
			s64 *seconds)
{
	char quoted[LIB_QUOTE_SIZE];
	s64 us;

	if (!text || lib_etsi_time(text, &us))
		return lib_fail(r->ctx, -EINVAL,
				"the renewal's %s is %s; it must be a date and time with offset, such as 2026-03-01T12:00:00Z",
				what, text ? lib_quote(quoted, text, strlen(text)) : "missing");
	*seconds = us / 1000000;
	return 0;
}

/* Member by member; absent ones are not written. */
static int set(struct json_object *o, const char *name, const char *text)
{
	return text && json_object_object_add(o, name, json_object_new_string(text)) ?
		-ENOMEM : 0;
}

static int set_object(struct json_object *o, const char *name, struct json_object **member)
{
	*member = json_object_new_object();
	return !*member || json_object_object_add(o, name, *member) ? -ENOMEM : 0;
}

static int set_approval(struct json_object *o, const struct libdmwarrant_renewal *n,
			const char *approved)
{
	struct json_object *approver;
	int ret = set(o, "ApprovalType", "Renewal") ?: set(o, "ApprovalReference", n->reference) ?:
		set(o, "ApprovalDescription", n->description) ?:
		set(o, "ApprovalTimestamp", approved);

	if (ret || (!n->approver_name && !n->approver_role))
		return ret;
	return set_object(o, "ApproverDetails", &approver) ?:
		set(approver, "ApproverName", n->approver_name) ?:
		set(approver, "ApproverRole", n->approver_role);
}

/* @append receives what lib_change_apply() adds to the approvals so far. */
static int make_append(const struct libdmwarrant_renewal *n, const char *approved,
		       struct json_object **append)
{
	struct json_object *all = json_object_new_array(), *one = json_object_new_object();

	*append = json_object_new_object();
	if (!one || !all || json_object_array_add(all, one)) {
		json_object_put(one);
		json_object_put(all);
		return -ENOMEM;
	}
	if (!*append || json_object_object_add(*append, "AuthorisationApprovalDetails", all)) {
		json_object_put(all);
		return -ENOMEM;
	}
	return set_approval(one, n, approved);
}

static int make_patch(const struct libdmwarrant_renewal *n, struct json_object **patch)
{
	struct json_object *timespan, *status;

	*patch = json_object_new_object();
	if (!*patch)
		return -ENOMEM;
	return set_object(*patch, "AuthorisationTimespan", &timespan) ?:
		set(timespan, "EndTime", n->end) ?:
		set_object(*patch, "AuthorisationStatus", &status) ?:
		set(status, "Owner", "ETSI") ?: set(status, "Name", "AuthorisationStatus") ?:
		set(status, "Value", "Approved");
}

static int check_renewal(struct lib_change *c, const struct libdmwarrant_renewal *n, s64 approved)
{
	struct libdmwarrant_warrant w = { 0 };
	s64 now = lib_registry_now(), end;
	char text[32];
	int ret;

	lib_warrant_summary(c->from, now, &w);
	ret = renewal_time(c->r, "end", n->end, &end) ?:
		lib_warrant_renewable(c->r->ctx, &w, approved);
	if (ret)
		return ret;
	if (approved > now)
		return lib_fail(c->r->ctx, -EINVAL,
				"the order is dated %s, which is yet to come; enter it when it has been given",
				lib_time_format(approved, text));
	if (end <= w.end)
		return lib_fail(c->r->ctx, -EINVAL,
				"the new end is not after the present one, %s; an order that shortens it is an edit",
				lib_time_format(w.end, text));
	return 0;
}

static int renew(struct lib_change *c, const char *key, const struct libdmwarrant_renewal *n,
		 char **json)
{
	struct json_object *patch;
	char text[32];
	s64 approved = lib_registry_now();
	int ret = n->approved ? renewal_time(c->r, "date", n->approved, &approved) : 0;

	if (!ret)
		ret = lib_change_load(c, key) ?: check_renewal(c, n, approved);
	if (ret)
		return ret;
	if (make_patch(n, &patch) ||
	    make_append(n, n->approved ? n->approved : lib_time_format(approved, text),
			&c->append))
		ret = lib_change_no_memory(c->r);
	else
		ret = lib_change_apply(c, patch, json);
	json_object_put(patch);
	return ret;
}

int libdmwarrant_warrant_renew(struct libdmwarrant_registry *r, const char *key,
			       const struct libdmwarrant_renewal *renewal, char **warrant)
{
	struct lib_change c = { .r = r, .action = "renew" };
	struct libdmwarrant_change how = { .version = LIBDMWARRANT_CHANGE_VERSION };
	char *text = NULL;
	int ret;

	if (renewal->version != LIBDMWARRANT_RENEWAL_VERSION)
		return lib_fail_version(r->ctx, renewal->version, LIBDMWARRANT_RENEWAL_VERSION);
	if (!renewal->reference || !renewal->reference[0])
		return lib_fail(r->ctx, -EINVAL,
				"a renewal needs the reference of the order; give it with --order");
	how.flags = renewal->flags;
	how.reason = renewal->reference;
	ret = lib_change_begin(&c, &how);
	if (!ret)
		ret = lib_change_end(&c, renew(&c, key, renewal, &text));
	lib_change_free(&c);
	if (ret || !warrant)
		free(text);
	else
		*warrant = text;
	return ret;
}
