// SPDX-License-Identifier: GPL-2.0-or-later
/* Officers, policy and requests, as they are shown. */
#include "control_state.h"
#include "json.h"

const char *libdmwarrant_request_kind_name(enum libdmwarrant_request_kind kind)
{
	static const char *const names[] = {
		[LIBDMWARRANT_REQUEST_SHRED_TAG] = "shred-tag",
		[LIBDMWARRANT_REQUEST_SHRED_VOLUME] = "shred-volume",
		[LIBDMWARRANT_REQUEST_SHRED_WARRANT] = "shred-warrant",
		[LIBDMWARRANT_REQUEST_OFFICER_ADD] = "officer-add",
		[LIBDMWARRANT_REQUEST_OFFICER_REVOKE] = "officer-revoke",
		[LIBDMWARRANT_REQUEST_POLICY] = "policy",
		[LIBDMWARRANT_REQUEST_CLOCK] = "clock",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown";
}

const char *libdmwarrant_request_state_name(enum libdmwarrant_request_state state)
{
	static const char *const names[] = {
		[LIBDMWARRANT_REQUEST_DRAFT] = "draft",
		[LIBDMWARRANT_REQUEST_AWAITING] = "awaiting approvals",
		[LIBDMWARRANT_REQUEST_WAITING] = "waiting",
		[LIBDMWARRANT_REQUEST_EXECUTABLE] = "executable",
		[LIBDMWARRANT_REQUEST_HELD] = "held",
		[LIBDMWARRANT_REQUEST_CANCELLED] = "cancelled",
		[LIBDMWARRANT_REQUEST_VOID] = "void",
		[LIBDMWARRANT_REQUEST_EXECUTING] = "executing",
		[LIBDMWARRANT_REQUEST_DONE] = "done",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

int libdmwarrant_policy_get(struct libdmwarrant_registry *r, struct libdmwarrant_policy *policy)
{
	struct lib_control c;
	int ret;

	if (policy->version != LIBDMWARRANT_POLICY_VERSION)
		return lib_fail_version(r->ctx, policy->version, LIBDMWARRANT_POLICY_VERSION);
	ret = lib_control_begin_reading(r, &c);
	if (!ret) {
		policy->approvals = c.approvals;
		policy->waiting = c.waiting;
		policy->sealed = c.sealed;
		policy->officers = lib_control_active(&c);
	}
	return lib_control_end_reading(&c, ret);
}

/*
 * Nothing is locked while callbacks run: the transaction ends first, and what was read stays in
 * memory until they are through.
 */
static int read_all(struct libdmwarrant_registry *r, struct lib_control *c, bool states)
{
	s64 now = lib_registry_now();
	int ret = lib_registry_begin(r, false);
	size_t i;

	memset(c, 0, sizeof(*c));
	if (ret)
		return ret;
	ret = lib_control_load(r, c);
	for (i = 0; !ret && states && i < c->request_count; i++)
		lib_control_state(c, &c->requests[i], now);
	return lib_registry_end(r, ret);
}

/* ---- officers ---- */

static void fill_officer(const struct lib_officer *o, struct libdmwarrant_officer *out)
{
	*out = (struct libdmwarrant_officer){
		.version = LIBDMWARRANT_OFFICER_VERSION,
		.revoked = o->revoked != 0,
		.name = o->name,
		.role = lib_warrant_text(o->body, "Role"),
		.key = o->key,
		.certificate = o->cert,
		.fingerprint = o->print,
		.enrolled = o->enrolled,
		.revoked_at = o->revoked,
		.reason = lib_warrant_text(o->revocation, "Reason"),
		.request = lib_warrant_text(o->body, "Request"),
	};
}

int libdmwarrant_officer_list(struct libdmwarrant_registry *r,
			      int (*fn)(void *arg, const struct libdmwarrant_officer *o),
			      void *arg)
{
	struct libdmwarrant_officer out;
	struct lib_control c;
	int ret = read_all(r, &c, false);
	size_t i;

	for (i = 0; !ret && i < c.officer_count; i++) {
		fill_officer(&c.officers[i], &out);
		if (fn(arg, &out))
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	}
	lib_control_free(&c);
	return ret;
}

/* ---- requests ---- */

static char *describe(const struct lib_request *q)
{
	struct json_object *t = lib_get_object(q->body, "Target");
	char *text = NULL;
	int n = -1;

	switch (q->kind) {
	case LIBDMWARRANT_REQUEST_SHRED_TAG:
		n = asprintf(&text, "tag %u of volume %s, warrant %s", q->target.tag,
			     lib_warrant_text(t, "Volume"), lib_warrant_text(t, "Warrant"));
		break;
	case LIBDMWARRANT_REQUEST_SHRED_VOLUME:
		n = asprintf(&text, "volume %s, warrant %s", lib_warrant_text(t, "Volume"),
			     lib_warrant_text(t, "Warrant"));
		break;
	case LIBDMWARRANT_REQUEST_SHRED_WARRANT:
		n = asprintf(&text, "warrant %s, %zu volumes", lib_warrant_text(t, "Warrant"),
			     json_object_array_length(lib_get_array(t, "Volumes")));
		break;
	case LIBDMWARRANT_REQUEST_POLICY:
		n = asprintf(&text, "%lld approvals, %lld days",
			     (long long)lib_get_number(t, "Approvals"),
			     (long long)lib_get_number(t, "Waiting") / 86400);
		break;
	case LIBDMWARRANT_REQUEST_CLOCK:
		n = asprintf(&text, "clock at %s", lib_warrant_text(t, "Clock"));
		break;
	default:
		n = asprintf(&text, "officer %s", lib_warrant_text(t, "Officer"));
	}
	return n < 0 ? NULL : text;
}

static char *all_json(const struct lib_request *q)
{
	struct json_object *o = json_object_new_object();
	char *text = NULL;

	if (o && lib_put(o, "Request", json_object_get(q->body)) &&
	    lib_put(o, "Approvals", json_object_get(q->approvals)) &&
	    (!q->signature || lib_put(o, "Signature", json_object_get(q->signature))) &&
	    (!q->cancelled || lib_put(o, "Cancellation", json_object_get(q->cancelled))))
		text = lib_json_canonical(o);
	json_object_put(o);
	return text;
}

static int tell(struct libdmwarrant *ctx, const struct lib_request *q, libdmwarrant_request_fn fn,
		void *arg)
{
	char *target = describe(q), *json = all_json(q);
	const struct libdmwarrant_request out = {
		.version = LIBDMWARRANT_REQUEST_VERSION,
		.kind = q->kind,
		.state = q->state,
		.needed = q->needed,
		.approvals = json_object_array_length(q->approvals),
		.tag = q->target.tag,
		.id = q->id,
		.requester = q->requester,
		.warrant = q->target.warrant,
		.volume = q->target.volume,
		.target = target,
		.order = lib_warrant_text(lib_get_object(q->body, "Order"), "Reference"),
		.made = q->made,
		.not_before = q->not_before,
		.why = q->why,
		.text = q->text,
		.json = json,
	};
	int ret;

	memcpy((u8 *)out.digest, q->digest, sizeof(out.digest));
	ret = target && json ? fn(arg, &out) : lib_control_no_memory(ctx);
	free(target);
	free(json);
	return ret;
}

int libdmwarrant_request_find(struct libdmwarrant_registry *r, const char *request,
			      libdmwarrant_request_fn fn, void *arg)
{
	struct lib_request q;
	int ret = lib_registry_begin(r, false);

	if (!ret)
		ret = lib_registry_end(r, lib_control_get(r, request, &q));
	if (ret)
		return ret;
	ret = tell(r->ctx, &q, fn, arg);
	lib_request_release(&q);
	return ret;
}

int libdmwarrant_request_list(struct libdmwarrant_registry *r, libdmwarrant_request_fn fn,
			      void *arg)
{
	struct lib_control c;
	int ret = read_all(r, &c, true);
	size_t i;

	for (i = 0; !ret && i < c.request_count; i++) {
		ret = tell(r->ctx, &c.requests[i].q, fn, arg);
		if (ret > 0)
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	}
	lib_control_free(&c);
	return ret;
}
