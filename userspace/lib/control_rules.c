// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of dual control: which entry may follow which. They are asked before an entry is added
 * to the log, and again each time the log is gone through.
 */
#include <openssl/sha.h>

#include "control_state.h"
#include "etsi.h"
#include "json.h"

/* ---- requests ---- */

s64 lib_control_approved(const struct lib_pending *p)
{
	return p->count >= p->q.needed ? p->when[p->q.needed - 1] : 0;
}

static struct lib_pending *find(struct lib_control *c, struct json_object *body)
{
	const char *id = lib_warrant_text(body, "Request");
	struct lib_pending *p = lib_control_find(c, id);
	char quoted[LIB_QUOTE_SIZE];

	if (!p)
		lib_fail(c->ctx, -ENOENT,
			 "there is no request %s; warrantctl request list --all shows all",
			 lib_quote(quoted, id, strlen(id)));
	return p;
}

static int refuse_ended(struct lib_control *c, const struct lib_pending *p)
{
	if (p->q.cancelled)
		return lib_fail(c->ctx, -ECANCELED, "request %s was cancelled by officer %s",
				p->q.id, lib_warrant_text(p->q.cancelled, "Officer"));
	if (p->voided)
		return lib_fail(c->ctx, -ECANCELED,
				"request %s is void: its requester %s was revoked", p->q.id,
				p->q.requester);
	if (p->begun || p->done)
		return lib_fail(c->ctx, -EALREADY, "request %s is %s already", p->q.id,
				p->done ? "carried out" : "being carried out");
	return 0;
}

int lib_control_due(struct lib_control *c, const struct lib_pending *p, s64 when)
{
	s64 approved = lib_control_approved(p);
	char time[32];
	int ret = refuse_ended(c, p);

	if (ret)
		return ret;
	if (!p->q.signature)
		return lib_fail(c->ctx, -EAGAIN,
				"request %s is a draft: its requester %s has yet to sign it",
				p->q.id, p->q.requester);
	if (!approved)
		return lib_fail(c->ctx, -EAGAIN, "request %s has %u of %u approvals", p->q.id,
				p->count, p->q.needed);
	if (when < approved + p->q.waiting)
		return lib_fail(c->ctx, -EAGAIN,
				"request %s may be carried out from %s on, when its waiting period is over",
				p->q.id, lib_time_format(approved + p->q.waiting, time));
	return 0;
}

/* ---- request.made ---- */

static int wrong(struct lib_control *c, const char *what)
{
	return lib_fail(c->ctx, -EINVAL, "the request's %s is not what it must be", what);
}

static int check_head(struct lib_control *c, u64 seq, struct json_object *body)
{
	struct json_object *policy = lib_get_object(body, "Policy");
	char root[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	u8 hash[LIB_MERKLE_HASH];
	s64 us;

	if (lib_merkle_root(&c->tree, hash))
		return lib_control_no_memory(c->ctx);
	lib_hex(root, hash, sizeof(hash));
	/* What was signed stands for all that was in the log before it. */
	if (lib_get_number(body, "LogSize") != (s64)seq ||
	    strcmp(lib_warrant_text(body, "LogRoot"), root))
		return wrong(c, "place in the log");
	if (strcmp(lib_warrant_text(body, "Registry"), c->origin))
		return wrong(c, "registry");
	if (!policy || lib_get_number(policy, "Approvals") != c->approvals ||
	    lib_get_number(policy, "Waiting") != c->waiting)
		return wrong(c, "policy");
	return lib_etsi_time(lib_warrant_text(body, "Time"), &us) ? wrong(c, "time") : 0;
}

static u32 parse_kind(const char *name)
{
	u32 kind;

	for (kind = LIBDMWARRANT_REQUEST_SHRED_TAG; kind <= LIBDMWARRANT_REQUEST_CLOCK; kind++)
		if (!strcmp(libdmwarrant_request_kind_name(kind), name))
			return kind;
	return 0;
}

static int check_order(struct lib_control *c, struct json_object *body)
{
	struct json_object *o = lib_get_object(body, "Order");
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	const char *hex = lib_warrant_text(o, "SHA256");

	if (hex[0] && (strlen(hex) != 2 * sizeof(digest) || lib_unhex(digest, hex, sizeof(digest))))
		return wrong(c, "digest of the order");
	return lib_control_line(c->ctx, "reference of the order", lib_warrant_text(o, "Reference"),
				true) ?:
		lib_control_line(c->ctx, "date of the order", lib_warrant_text(o, "Date"), false) ?:
		lib_control_line(c->ctx, "authority of the order",
				 lib_warrant_text(o, "Authority"), false);
}

static int take_shred(struct lib_control *c, struct lib_request *q)
{
	struct json_object *t = lib_get_object(q->body, "Target");
	s64 tag = lib_get_number(t, "Tag");
	int ground = lib_ground_parse(lib_warrant_text(q->body, "Ground"));
	bool whole;

	lib_copy(q->target.warrant, sizeof(q->target.warrant), lib_warrant_text(t, "WarrantUUID"));
	lib_copy(q->target.volume, sizeof(q->target.volume), lib_warrant_text(t, "VolumeUUID"));
	if (ground < 0)
		return wrong(c, "ground");
	q->ground = ground;
	if (q->kind == LIBDMWARRANT_REQUEST_SHRED_TAG) {
		if (tag < 1 || tag > UINT32_MAX)
			return wrong(c, "tag");
		q->target.tag = tag;
	}
	whole = q->kind == LIBDMWARRANT_REQUEST_SHRED_WARRANT;
	if (!q->target.warrant[0] || !q->target.volume[0] != whole)
		return wrong(c, "target");
	return check_order(c, q->body) ?: lib_target_shredded(c, q);
}

static int check_policy(struct lib_control *c, struct json_object *o)
{
	s64 approvals = lib_get_number(o, "Approvals"), waiting = lib_get_number(o, "Waiting");

	if (approvals < 1 || approvals > LIB_APPROVALS_MAX)
		return lib_fail(c->ctx, -EINVAL, "a policy needs 1 to %u approvals",
				LIB_APPROVALS_MAX);
	if (waiting < 0 || waiting > LIB_WAITING_MAX)
		return lib_fail(c->ctx, -EINVAL, "a waiting period is 0 to %u days",
				LIB_WAITING_MAX / 86400);
	if (c->sealed && approvals + 1 > lib_control_active(c))
		return lib_fail(c->ctx, -EINVAL,
				"%lld approvals and a requester are more than the %u officers; enrol more first",
				(long long)approvals, lib_control_active(c));
	return 0;
}

/* An officer who is to be revoked: of this name, with this key. */
static int check_revoked(struct lib_control *c, struct json_object *t, size_t *index)
{
	int ret = lib_control_line(c->ctx, "reason", lib_warrant_text(t, "Reason"), true) ?:
		lib_officer_act(c, lib_warrant_text(t, "Officer"), index);

	if (ret || !strcmp(c->officers[*index].print, lib_warrant_text(t, "Fingerprint")))
		return ret;
	return wrong(c, "fingerprint");
}

static int take_target(struct lib_control *c, struct lib_request *q)
{
	struct json_object *t = lib_get_object(q->body, "Target");
	size_t index;
	s64 us;

	if (!t)
		return wrong(c, "target");
	switch (q->kind) {
	case LIBDMWARRANT_REQUEST_OFFICER_ADD:
		return lib_officer_check(c, t);
	case LIBDMWARRANT_REQUEST_OFFICER_REVOKE:
		return check_revoked(c, t, &index);
	case LIBDMWARRANT_REQUEST_POLICY:
		return check_policy(c, t);
	case LIBDMWARRANT_REQUEST_CLOCK:
		return lib_etsi_time(lib_warrant_text(t, "Clock"), &us) ? wrong(c, "clock") : 0;
	default:
		return take_shred(c, q);
	}
}

static int check_requester(struct lib_control *c, struct json_object *body)
{
	size_t i;
	int ret = lib_officer_act(c, lib_warrant_text(body, "Requester"), &i);

	if (ret || !strcmp(c->officers[i].print, lib_warrant_text(body, "Fingerprint")))
		return ret;
	return wrong(c, "fingerprint");
}

static int check_text(struct lib_control *c, struct lib_request *q)
{
	char *text = lib_control_request_text(q->body);
	int ret = 0;

	q->text = lib_warrant_text(q->body, "Text");
	if (!text)
		return lib_control_no_memory(c->ctx);
	if (strcmp(text, q->text))
		ret = wrong(c, "text");
	SHA256((const u8 *)text, strlen(text), q->digest);
	free(text);
	return ret;
}

int lib_control_sealed(struct lib_control *c)
{
	return c->sealed ? 0 :
		lib_fail(c->ctx, -EPERM,
			 "the registry is not sealed yet: enrol at least %u officers first",
			 lib_control_quorum(c));
}

static int judge_made(struct lib_control *c, u64 seq, s64 when, struct json_object *body)
{
	struct lib_pending *more, p = { 0 };
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	const char *id = lib_warrant_text(body, "Request");
	int ret;

	ret = lib_control_sealed(c);
	if (ret)
		return ret;
	if (strlen(id) != 36 || libdmwarrant_uuid_parse(id, uuid) || lib_control_find(c, id))
		return wrong(c, "id");
	lib_copy(p.q.id, sizeof(p.q.id), id);
	p.q.body = body;
	p.q.kind = parse_kind(lib_warrant_text(body, "Kind"));
	p.q.seq = seq;
	p.q.made = when;
	p.q.requester = lib_warrant_text(body, "Requester");
	if (!p.q.kind)
		return wrong(c, "kind");
	ret = check_head(c, seq, body) ?: check_requester(c, body) ?:
		take_target(c, &p.q) ?: check_text(c, &p.q);
	if (ret)
		return ret;
	p.q.needed = c->approvals;
	/* Whatever could shorten the waiting period must wait, too. */
	if (p.q.kind <= LIBDMWARRANT_REQUEST_SHRED_WARRANT ||
	    p.q.kind == LIBDMWARRANT_REQUEST_POLICY)
		p.q.waiting = c->waiting;
	p.q.approvals = json_object_new_array();
	more = reallocarray(c->requests, c->request_count + 1, sizeof(*more));
	if (more)
		c->requests = more;
	if (!more || !p.q.approvals) {
		json_object_put(p.q.approvals);
		return lib_control_no_memory(c->ctx);
	}
	json_object_get(body);
	more[c->request_count++] = p;
	return 0;
}

/* ---- what officers do with requests ---- */

static int judge_signed(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p = find(c, body), *other;
	size_t i;
	int ret = p ? lib_officer_act(c, lib_warrant_text(body, "Officer"), &i) : -ENOENT;

	ret = ret ?: refuse_ended(c, p);
	if (ret)
		return ret;
	if (strcmp(c->officers[i].name, p->q.requester))
		return lib_fail(c->ctx, -EPERM,
				"request %s was made by %s, who alone can sign it as the requester",
				p->q.id, p->q.requester);
	if (p->q.signature)
		return lib_fail(c->ctx, -EALREADY, "officer %s has signed request %s already",
				p->q.requester, p->q.id);
	other = lib_target_taken(c, p);
	if (other)
		return lib_fail(c->ctx, -EEXIST,
				"the same is asked for by request %s already; cancel one of them",
				other->q.id);
	ret = lib_officer_signed(c, i, p->q.text, when, body);
	if (!ret)
		p->q.signature = json_object_get(body);
	return ret;
}

static int check_approver(struct lib_control *c, const struct lib_pending *p, size_t officer)
{
	const char *name = c->officers[officer].name;
	u32 i;

	if (!strcmp(name, p->q.requester))
		return lib_fail(c->ctx, -EPERM,
				"officer %s has made request %s, so others must approve it",
				name, p->q.id);
	if (p->q.kind == LIBDMWARRANT_REQUEST_OFFICER_REVOKE &&
	    !strcmp(name, lib_warrant_text(lib_get_object(p->q.body, "Target"), "Officer")))
		return lib_fail(c->ctx, -EPERM,
				"request %s is about officer %s, so others must approve it",
				p->q.id, name);
	for (i = 0; i < p->count; i++)
		if (p->approver[i] == officer)
			return lib_fail(c->ctx, -EALREADY,
					"officer %s has approved request %s already; another one must",
					name, p->q.id);
	if (p->count == LIB_APPROVALS_MAX)
		return lib_fail(c->ctx, -EALREADY, "request %s has %u approvals; that is enough",
				p->q.id, p->count);
	return 0;
}

/* The entry's body, and when and where it stands, for those who verify it without the log. */
static int keep_approval(struct lib_control *c, struct lib_pending *p, u64 seq, s64 when,
			 struct json_object *body)
{
	struct json_object *copy = NULL;
	char time[32];

	if (json_object_deep_copy(body, &copy, NULL) ||
	    !lib_put_number(copy, "Seq", seq) ||
	    !lib_put_text(copy, "Time", lib_time_format(when, time)) ||
	    json_object_array_add(p->q.approvals, copy)) {
		json_object_put(copy);
		return lib_control_no_memory(c->ctx);
	}
	return 0;
}

/*
 * A clock set back for a moment would make the waiting period begin in the past. A request on that
 * very clock does not wait, and must not wait for the time that the clock will have some day.
 */
static s64 approved_at(const struct lib_control *c, const struct lib_pending *p, s64 when)
{
	if (p->q.kind == LIBDMWARRANT_REQUEST_CLOCK || when > c->newest)
		return when;
	return c->newest;
}

static int judge_approved(struct lib_control *c, u64 seq, s64 when, struct json_object *body)
{
	struct lib_pending *p = find(c, body);
	size_t i;
	int ret = p ? lib_officer_act(c, lib_warrant_text(body, "Officer"), &i) : -ENOENT;

	ret = ret ?: refuse_ended(c, p);
	if (ret)
		return ret;
	if (!p->q.signature)
		return lib_fail(c->ctx, -ECANCELED,
				"request %s is a draft: its requester %s must sign it before others can approve it",
				p->q.id, p->q.requester);
	ret = check_approver(c, p, i) ?: lib_officer_signed(c, i, p->q.text, when, body) ?:
		keep_approval(c, p, seq, when, body);
	if (ret)
		return ret;
	p->approver[p->count] = i;
	p->when[p->count++] = approved_at(c, p, when);
	return 0;
}

static int judge_cancelled(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p = find(c, body);
	char *text;
	size_t i;
	int ret = p ? lib_officer_act(c, lib_warrant_text(body, "Officer"), &i) : -ENOENT;

	ret = ret ?: refuse_ended(c, p);
	if (ret)
		return ret;
	text = lib_control_cancel_text(&p->q);
	if (!text)
		return lib_control_no_memory(c->ctx);
	ret = lib_officer_signed(c, i, text, when, body);
	free(text);
	if (!ret)
		p->q.cancelled = json_object_get(body);
	return ret;
}

/* ---- officers and policy ---- */

/* An entry that carries out a request of some kind: is it due? */
static int check_carried(struct lib_control *c, s64 when, struct json_object *body, u32 kind,
			 struct lib_pending **p)
{
	*p = find(c, body);
	if (!*p)
		return -ENOENT;
	if ((*p)->q.kind != kind)
		return lib_fail(c->ctx, -EINVAL, "request %s is not of the kind %s", (*p)->q.id,
				libdmwarrant_request_kind_name(kind));
	/* Two looks at the clock may differ by what a correction of it has moved. */
	return lib_control_due(c, *p, when + LIB_CLOCK_BEHIND);
}

/* Members that say how an entry came about, not what it does. */
static bool is_circumstance(const char *name)
{
	return !strcmp(name, "Request") || !strcmp(name, "Clock");
}

static bool does(struct json_object *body, struct json_object *target)
{
	json_object_object_foreach(target, name, value) {
		if (!json_object_equal(value, json_object_object_get(body, name)))
			return false;
	}
	json_object_object_foreach(body, member, unused) {
		(void)unused;
		if (!is_circumstance(member) && !json_object_object_get_ex(target, member, NULL))
			return false;
	}
	return true;
}

/* Once sealed, by a request for exactly this only. */
static int check_entitled(struct lib_control *c, s64 when, struct json_object *body, u32 kind,
			  struct lib_pending **p)
{
	int ret;

	*p = NULL;
	if (!c->sealed)
		return json_object_object_get_ex(body, "Request", NULL) ? wrong(c, "seal") : 0;
	ret = check_carried(c, when, body, kind, p);
	if (!ret && !does(body, lib_get_object((*p)->q.body, "Target")))
		ret = wrong(c, "target");
	return ret;
}

static int judge_enrolled(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p;
	int ret = check_entitled(c, when, body, LIBDMWARRANT_REQUEST_OFFICER_ADD, &p) ?:
		lib_officer_check(c, body) ?: lib_officer_enrol(c, when, body);

	if (!ret && p)
		p->done = true;
	return ret;
}

static void drop_approval(struct lib_pending *p, size_t officer)
{
	u32 i;

	for (i = 0; i < p->count && p->approver[i] != officer; i++)
		;
	if (i == p->count)
		return;
	json_object_array_del_idx(p->q.approvals, i, 1);
	p->count--;
	memmove(&p->approver[i], &p->approver[i + 1], (p->count - i) * sizeof(p->approver[0]));
	memmove(&p->when[i], &p->when[i + 1], (p->count - i) * sizeof(p->when[0]));
}

/* What has begun was approved by somebody who was an officer then. */
static void revoke(struct lib_control *c, size_t officer, s64 when, struct json_object *body)
{
	struct lib_pending *p;

	c->officers[officer].revoked = when;
	c->officers[officer].revocation = json_object_get(body);
	for (p = c->requests; p < c->requests + c->request_count; p++) {
		if (p->begun || p->done)
			continue;
		drop_approval(p, officer);
		if (!strcmp(p->q.requester, c->officers[officer].name))
			p->voided = true;
	}
}

static int check_resigned(struct lib_control *c, size_t officer, s64 when,
			  struct json_object *body)
{
	const struct lib_officer *o = &c->officers[officer];
	char *text = lib_control_resign_text(c->origin, o->name, o->print,
					     lib_warrant_text(body, "Reason"));
	int ret = text ? lib_officer_signed(c, officer, text, when, body) :
		lib_control_no_memory(c->ctx);

	free(text);
	return ret;
}

static int judge_revoked(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p = NULL;
	size_t i;
	int ret = check_revoked(c, body, &i);

	if (ret)
		return ret;
	if (json_object_object_get_ex(body, "Signature", NULL))
		ret = check_resigned(c, i, when, body);
	else
		ret = check_entitled(c, when, body, LIBDMWARRANT_REQUEST_OFFICER_REVOKE, &p);
	if (ret)
		return ret;
	if (p)
		p->done = true;
	revoke(c, i, when, body);
	return 0;
}

static int judge_policy(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p;
	int ret = check_entitled(c, when, body, LIBDMWARRANT_REQUEST_POLICY, &p) ?:
		check_policy(c, body);

	if (ret)
		return ret;
	c->approvals = lib_get_number(body, "Approvals");
	c->waiting = lib_get_number(body, "Waiting");
	if (p)
		p->done = true;
	else if (lib_control_active(c) >= lib_control_quorum(c))
		c->sealed = true;
	return 0;
}

/* ---- what others write ---- */

/* Officers have agreed to a time, not to whatever the clock says later. */
static int check_accepted(struct lib_control *c, const struct lib_pending *p, s64 when)
{
	const char *text = lib_warrant_text(lib_get_object(p->q.body, "Target"), "Clock");
	s64 us = 0;

	/* Two looks at the clock, as above. */
	if (!lib_etsi_time(text, &us) && when >= us / 1000000 - 2 * LIB_CLOCK_BEHIND &&
	    when <= us / 1000000 + LIB_CLOCK_ACCEPTED + LIB_CLOCK_BEHIND)
		return 0;
	return lib_fail(c->ctx, -ETIME, "request %s is for a clock at %s", p->q.id, text);
}

static int judge_clock(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p;
	int ret = check_carried(c, when, body, LIBDMWARRANT_REQUEST_CLOCK, &p) ?:
		check_accepted(c, p, when);

	if (!ret)
		p->done = true;
	return ret;
}

static int judge_begun(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_pending *p = find(c, body);
	int ret;

	if (!p)
		return -ENOENT;
	if (p->q.kind > LIBDMWARRANT_REQUEST_SHRED_WARRANT)
		return wrong(c, "kind");
	ret = lib_control_due(c, p, when + LIB_CLOCK_BEHIND);
	if (!ret)
		p->begun = true;
	return ret;
}

static int judge_done(struct lib_control *c, struct json_object *body)
{
	struct lib_pending *p = find(c, body);

	if (!p)
		return -ENOENT;
	if (!p->begun)
		return lib_fail(c->ctx, -EINVAL, "request %s was never begun", p->q.id);
	p->done = true;
	return 0;
}

int lib_control_judge(struct lib_control *c, u64 seq, s64 when, const char *kind,
		      struct json_object *body)
{
	if (!strcmp(kind, "request.made"))
		return judge_made(c, seq, when, body);
	if (!strcmp(kind, "request.signed"))
		return judge_signed(c, when, body);
	if (!strcmp(kind, "request.approved"))
		return judge_approved(c, seq, when, body);
	if (!strcmp(kind, "request.cancelled"))
		return judge_cancelled(c, when, body);
	if (!strcmp(kind, "officer.enrolled"))
		return judge_enrolled(c, when, body);
	if (!strcmp(kind, "officer.revoked"))
		return judge_revoked(c, when, body);
	if (!strcmp(kind, "policy.set"))
		return judge_policy(c, when, body);
	if (!strcmp(kind, "clock.accepted"))
		return judge_clock(c, when, body);
	if (!strcmp(kind, "shred.begun"))
		return judge_begun(c, when, body);
	if (!strcmp(kind, "shred.done"))
		return judge_done(c, body);
	return 0;
}
