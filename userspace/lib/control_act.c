// SPDX-License-Identifier: GPL-2.0-or-later
/* What officers do by signing, and what follows from it at once. */
#include "control_enter.h"
#include "etsi.h"
#include "json.h"

/* ---- carrying out what is not a shred ---- */

/* No entry gets into the log that the rules would stop at when it is gone through again. */
static int judge_clock(struct lib_control *c, const struct lib_pending *p, s64 now)
{
	struct json_object *body = json_object_new_object();
	int ret = body && lib_put_text(body, "Request", p->q.id) ?
		lib_control_judge(c, c->tree.size, now, "clock.accepted", body) :
		lib_control_no_memory(c->ctx);

	json_object_put(body);
	return ret;
}

static int accept_clock(struct lib_control *c, const struct lib_pending *p)
{
	const char *text = lib_warrant_text(lib_get_object(p->q.body, "Target"), "Clock");
	s64 now = lib_registry_now(), us;

	if (lib_etsi_time(text, &us) || now < us / 1000000 - LIB_CLOCK_BEHIND ||
	    now > us / 1000000 + LIB_CLOCK_ACCEPTED)
		return lib_fail(c->ctx, -ETIME,
				"the clock is not where request %s has it, %s, or more than a day has gone by; set it right, and make a new request",
				p->q.id, text);
	return judge_clock(c, p, now) ?: lib_clock_accept(c->r, now, p->q.id);
}

static const char *kind_of(u32 kind)
{
	switch (kind) {
	case LIBDMWARRANT_REQUEST_OFFICER_ADD:
		return "officer.enrolled";
	case LIBDMWARRANT_REQUEST_OFFICER_REVOKE:
		return "officer.revoked";
	default:
		return "policy.set";
	}
}

static int carry_out(struct lib_control *c, struct lib_pending *p)
{
	struct json_object *body = NULL;
	int ret;

	if (p->q.kind == LIBDMWARRANT_REQUEST_CLOCK)
		return accept_clock(c, p);
	if (json_object_deep_copy(lib_get_object(p->q.body, "Target"), &body, NULL) ||
	    !lib_put_text(body, "Request", p->q.id))
		ret = lib_control_no_memory(c->ctx);
	else
		ret = lib_control_enter(c, kind_of(p->q.kind), body);
	json_object_put(body);
	return ret;
}

/*
 * The last approval carries it out, where nothing has to be waited for. When that is refused the
 * approval stands all the same: the request's state says what is in the way.
 */
static int follow(struct lib_control *c, struct lib_pending *p)
{
	int ret;

	if (p->q.kind <= LIBDMWARRANT_REQUEST_SHRED_WARRANT || p->q.waiting ||
	    !lib_control_approved(p))
		return 0;
	ret = carry_out(c, p);
	return ret == -EEXIST || ret == -EPERM || ret == -ETIME || ret == -ENOENT ||
	       ret == -EINVAL ? 0 : ret;
}

/* ---- signatures ---- */

static int put_signature(struct lib_control *c, const struct lib_officer *o,
			 const void *signature, size_t size, struct json_object *body)
{
	char *text = o->key[0] ? strndup(signature, size) : lib_cms_text(signature, size);
	int ret = 0;

	if (!text)
		ret = lib_fail(c->ctx, -EINVAL,
			       "this is no CMS, in PEM or DER; make one with: openssl cms -sign -binary -outform PEM");
	else if (strlen(text) > LIB_CERTIFICATE_MAX)
		ret = lib_fail(c->ctx, -EINVAL, "the signature is longer than %u bytes",
			       LIB_CERTIFICATE_MAX);
	else if (!lib_put_text(body, "Officer", o->name) ||
		 !lib_put_text(body, "Fingerprint", o->print) ||
		 !lib_put_text(body, o->key[0] ? "Key" : "Certificate",
			       o->key[0] ? o->key : o->cert) ||
		 !lib_put_text(body, "Format", o->key[0] ? "sshsig" : "cms") ||
		 !lib_put_text(body, "Signature", text))
		ret = lib_control_no_memory(c->ctx);
	free(text);
	return ret;
}

static const char *const entries[] = {
	[LIBDMWARRANT_ACT_SIGN] = "request.signed",
	[LIBDMWARRANT_ACT_APPROVE] = "request.approved",
	[LIBDMWARRANT_ACT_CANCEL] = "request.cancelled",
};

static const char *const names[] = {
	[LIBDMWARRANT_ACT_SIGN] = "sign",
	[LIBDMWARRANT_ACT_APPROVE] = "approve",
	[LIBDMWARRANT_ACT_CANCEL] = "cancel",
};

static int find(struct lib_control *c, const char *id, struct lib_pending **p)
{
	char quoted[LIB_QUOTE_SIZE];

	*p = lib_control_find(c, id);
	return *p ? 0 : lib_fail(c->ctx, -ENOENT,
				 "there is no request %s; warrantctl request list --all shows all",
				 lib_quote(quoted, id, strlen(id)));
}

static int act(struct lib_control *c, const char *id, u32 what, const char *officer,
	       const void *signature, size_t size)
{
	struct json_object *body = json_object_new_object();
	struct lib_pending *p;
	size_t i;
	int ret = find(c, id, &p) ?: lib_officer_find(c, officer, &i);

	if (!ret && (!body || !lib_put_text(body, "Request", id)))
		ret = lib_control_no_memory(c->ctx);
	/* When the clock is wrong it can be put right, and things can be stopped; no more. */
	if (!ret && what != LIBDMWARRANT_ACT_CANCEL && p->q.kind != LIBDMWARRANT_REQUEST_CLOCK)
		ret = lib_clock_check(c->r, lib_registry_now());
	ret = ret ?: put_signature(c, &c->officers[i], signature, size, body) ?:
		lib_control_enter(c, entries[what], body);
	if (!ret && what == LIBDMWARRANT_ACT_APPROVE)
		ret = follow(c, p);
	json_object_put(body);
	return ret;
}

static int check_flags(struct libdmwarrant_registry *r, u32 flags)
{
	return flags & ~LIBDMWARRANT_CONTROL_DRY_RUN ?
		lib_fail(r->ctx, -EINVAL, "unknown flags %#x for a request", flags) : 0;
}

static int check_act(struct libdmwarrant_registry *r, u32 what)
{
	return what < LIBDMWARRANT_ACT_SIGN || what > LIBDMWARRANT_ACT_CANCEL ?
		lib_fail(r->ctx, -EINVAL, "there is no act %u on requests", what) : 0;
}

int libdmwarrant_request_act(struct libdmwarrant_registry *r, const char *request, uint32_t what,
			     const char *officer, const void *signature, size_t size,
			     uint32_t flags)
{
	struct lib_attempt a = {
		.request = request,
		.officer = officer,
		.dry_run = flags & LIBDMWARRANT_CONTROL_DRY_RUN,
	};
	int ret = check_flags(r, flags) ?: check_act(r, what);

	if (ret)
		return ret;
	a.act = names[what];
	ret = lib_attempt_begin(&a, r);
	return lib_attempt_end(&a, ret ?: act(&a.c, request, what, officer, signature, size));
}

/* ---- without a signature ---- */

static int apply(struct lib_control *c, const char *id)
{
	struct lib_pending *p;
	s64 now = lib_registry_now();
	int ret = find(c, id, &p);

	if (ret)
		return ret;
	if (p->q.kind <= LIBDMWARRANT_REQUEST_SHRED_WARRANT)
		return lib_fail(c->ctx, -EINVAL,
				"request %s is for a shred; warrantctl shred execute carries it out",
				id);
	if (p->q.kind != LIBDMWARRANT_REQUEST_CLOCK)
		ret = lib_clock_check(c->r, now);
	return ret ?: lib_control_due(c, p, now) ?: carry_out(c, p);
}

int libdmwarrant_request_apply(struct libdmwarrant_registry *r, const char *request,
			       uint32_t flags)
{
	struct lib_attempt a = {
		.act = "apply",
		.request = request,
		.dry_run = flags & LIBDMWARRANT_CONTROL_DRY_RUN,
	};
	int ret = check_flags(r, flags);

	if (ret)
		return ret;
	ret = lib_attempt_begin(&a, r);
	return lib_attempt_end(&a, ret ?: apply(&a.c, request));
}

/* ---- giving up an own key ---- */

static int resign(struct lib_control *c, const char *name, const char *reason,
		  const void *signature, size_t size)
{
	struct json_object *body = json_object_new_object();
	size_t i;
	int ret = lib_control_line(c->ctx, "reason", reason, true) ?: lib_officer_find(c, name, &i);

	if (!ret && (!body || !lib_put_text(body, "Reason", reason)))
		ret = lib_control_no_memory(c->ctx);
	ret = ret ?: put_signature(c, &c->officers[i], signature, size, body) ?:
		lib_control_enter(c, "officer.revoked", body);
	json_object_put(body);
	return ret;
}

int libdmwarrant_officer_resign(struct libdmwarrant_registry *r, const char *officer,
				const char *reason, const void *signature, size_t size,
				uint32_t flags)
{
	struct lib_attempt a = {
		.act = "revoke",
		.officer = officer,
		.dry_run = flags & LIBDMWARRANT_CONTROL_DRY_RUN,
	};
	int ret = check_flags(r, flags);

	if (ret)
		return ret;
	ret = lib_attempt_begin(&a, r);
	return lib_attempt_end(&a, ret ?: resign(&a.c, officer, reason, signature, size));
}

/* ---- texts ---- */

static int text_of(struct lib_control *c, const char *id, u32 what, char **text)
{
	struct lib_pending *p;
	int ret = find(c, id, &p);

	if (ret)
		return ret;
	*text = what == LIBDMWARRANT_ACT_CANCEL ? lib_control_cancel_text(&p->q) :
		strdup(p->q.text);
	return *text ? 0 : lib_control_no_memory(c->ctx);
}

int libdmwarrant_request_text(struct libdmwarrant_registry *r, const char *request, uint32_t what,
			      char **text)
{
	struct lib_control c;
	int ret = check_act(r, what);

	if (ret)
		return ret;
	ret = lib_control_begin_reading(r, &c);
	return lib_control_end_reading(&c, ret ?: text_of(&c, request, what, text));
}

static int resign_text(struct lib_control *c, const char *name, const char *reason, char **text)
{
	size_t i;
	int ret = lib_control_line(c->ctx, "reason", reason, true) ?: lib_officer_act(c, name, &i);

	if (ret)
		return ret;
	*text = lib_control_resign_text(c->origin, name, c->officers[i].print, reason);
	return *text ? 0 : lib_control_no_memory(c->ctx);
}

int libdmwarrant_officer_revocation_text(struct libdmwarrant_registry *r, const char *officer,
					 const char *reason, char **text)
{
	struct lib_control c;
	int ret = lib_control_begin_reading(r, &c);

	return lib_control_end_reading(&c, ret ?: resign_text(&c, officer, reason, text));
}
