// SPDX-License-Identifier: GPL-2.0-or-later
/* Dual control: what stands, found by going through the log, and what may be carried out. */
#include "audit_log.h"
#include "control_state.h"
#include "json.h"

int lib_control_no_memory(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -ENOMEM, "not enough memory for officers and requests");
}

/* ---- loading ---- */

static bool is_ours(const char *kind)
{
	return !strncmp(kind, "officer.", 8) || !strncmp(kind, "request.", 8) ||
	       !strncmp(kind, "policy.", 7) || !strncmp(kind, "shred.", 6) ||
	       !strcmp(kind, "clock.accepted");
}

static int take_entry(void *arg, const struct lib_audit_entry *e)
{
	struct lib_control *c = arg;
	char why[sizeof(c->ctx->error)];
	int ret = 0;

	if (is_ours(e->kind))
		ret = lib_control_judge(c, e->seq, e->when, e->kind, e->body);
	/* The clock was near the certificate's end: it was taken, and does not count. */
	if (ret == -EKEYEXPIRED)
		ret = 0;
	if (ret && ret != -ENOMEM && ret != -EIO) {
		lib_copy(why, sizeof(why), c->ctx->error);
		ret = lib_fail(c->ctx, -EUCLEAN,
			       "entry %llu of the audit log, %s, was added against the rules: %s; the registry was altered, compare it with a backup",
			       (unsigned long long)e->seq, e->kind, why);
	}
	/* A clock that was put right, by officers, begins anew. */
	if (e->when > c->newest || !strcmp(e->kind, "clock.accepted"))
		c->newest = e->when;
	lib_merkle_add(&c->tree, e->hash);
	return ret;
}

/** lib_control_load() - go through the log, in a transaction. lib_control_free() in any case */
int lib_control_load(struct libdmwarrant_registry *r, struct lib_control *c)
{
	int ret;

	*c = (struct lib_control){
		.r = r,
		.ctx = r->ctx,
		.approvals = LIBDMWARRANT_POLICY_APPROVALS,
		.waiting = LIBDMWARRANT_POLICY_WAITING,
	};
	if (lib_merkle_init(&c->tree))
		return lib_control_no_memory(c->ctx);
	ret = lib_audit_load(r);
	if (ret)
		return ret;
	c->origin = strdup(r->log->key.name);
	if (!c->origin)
		return lib_control_no_memory(c->ctx);
	return lib_audit_each(r, NULL, take_entry, c);
}

void lib_control_free(struct lib_control *c)
{
	size_t i;

	for (i = 0; i < c->officer_count; i++) {
		json_object_put(c->officers[i].body);
		json_object_put(c->officers[i].revocation);
	}
	for (i = 0; i < c->request_count; i++)
		lib_request_release(&c->requests[i].q);
	lib_merkle_free(&c->tree);
	free(c->officers);
	free(c->requests);
	free(c->origin);
}

/** lib_control_begin_reading() - a transaction that only looks; lib_control_end_reading() it */
int lib_control_begin_reading(struct libdmwarrant_registry *r, struct lib_control *c)
{
	int ret = lib_registry_begin(r, false);

	c->r = NULL;
	return ret ?: lib_control_load(r, c);
}

int lib_control_end_reading(struct lib_control *c, int ret)
{
	struct libdmwarrant_registry *r = c->r;

	if (!r)
		return ret;
	lib_control_free(c);
	return lib_registry_end(r, ret);
}

void lib_request_release(struct lib_request *q)
{
	json_object_put(q->body);
	json_object_put(q->signature);
	json_object_put(q->approvals);
	json_object_put(q->cancelled);
	memset(q, 0, sizeof(*q));
}

struct lib_pending *lib_control_find(struct lib_control *c, const char *id)
{
	size_t i;

	for (i = 0; i < c->request_count; i++)
		if (!strcmp(c->requests[i].q.id, id))
			return &c->requests[i];
	return NULL;
}

u32 lib_control_active(const struct lib_control *c)
{
	u32 active = 0;
	size_t i;

	for (i = 0; i < c->officer_count; i++)
		active += !c->officers[i].revoked;
	return active;
}

/** lib_control_quorum() - officers with whom the registry is sealed */
u32 lib_control_quorum(const struct lib_control *c)
{
	return c->approvals + 1 > LIB_SEALED_MIN ? c->approvals + 1 : LIB_SEALED_MIN;
}

/* ---- states ---- */

static bool is_shred(const struct lib_request *q)
{
	return q->kind <= LIBDMWARRANT_REQUEST_SHRED_WARRANT;
}

/* What stands against it, besides approvals and time. Return: 0, or with the error set */
static int check_obstacles(struct lib_control *c, struct lib_pending *p, s64 now)
{
	char why[LIB_WHY_SIZE] = "";
	int ret = lib_target_shredded(c, &p->q) ?: lib_target_check(c, &p->q) ?:
		lib_clock_check(c->r, now);

	if (ret)
		return ret;
	ret = lib_retention_gate(c->r, &p->q.target, p->q.ground, now, why);
	if (ret && why[0])
		lib_fail(c->ctx, ret, "%s", why);
	return ret;
}

/* An obstacle that time or people may take away makes it held, another one void. */
static u32 state_of(struct lib_control *c, struct lib_pending *p, s64 now)
{
	int ret;

	if (p->done)
		return LIBDMWARRANT_REQUEST_DONE;
	if (p->begun)
		return LIBDMWARRANT_REQUEST_EXECUTING;
	if (p->q.cancelled)
		return LIBDMWARRANT_REQUEST_CANCELLED;
	if (p->voided) {
		snprintf(p->q.why, sizeof(p->q.why), "its requester %.64s was revoked",
			 p->q.requester);
		return LIBDMWARRANT_REQUEST_VOID;
	}
	ret = is_shred(&p->q) ? check_obstacles(c, p, now) : 0;
	if (ret)
		lib_copy(p->q.why, sizeof(p->q.why), c->ctx->error);
	if (ret == -EALREADY || ret == -ESTALE)
		return LIBDMWARRANT_REQUEST_VOID;
	if (!p->q.signature)
		return LIBDMWARRANT_REQUEST_DRAFT;
	if (!p->q.not_before)
		return LIBDMWARRANT_REQUEST_AWAITING;
	if (now < p->q.not_before)
		return LIBDMWARRANT_REQUEST_WAITING;
	return ret ? LIBDMWARRANT_REQUEST_HELD : LIBDMWARRANT_REQUEST_EXECUTABLE;
}

/** lib_control_state() - set a request's state, why, and not_before, as of a time */
void lib_control_state(struct lib_control *c, struct lib_pending *p, s64 now)
{
	s64 approved = p->q.signature ? lib_control_approved(p) : 0;

	p->q.why[0] = 0;
	p->q.not_before = approved ? approved + p->q.waiting : 0;
	p->q.state = state_of(c, p, now);
}

static int refuse(struct lib_control *c, struct lib_pending *p, s64 now)
{
	int ret = lib_control_due(c, p, now);

	if (ret || !is_shred(&p->q))
		return ret;
	return check_obstacles(c, p, now);
}

/* ---- for the rest of the library ---- */

static int no_request(struct lib_control *c, const char *id)
{
	char quoted[LIB_QUOTE_SIZE];

	return lib_fail(c->ctx, -ENOENT,
			"there is no request %s; warrantctl request list --all shows all",
			lib_quote(quoted, id, strlen(id)));
}

static void give(const struct lib_pending *p, struct lib_request *out)
{
	*out = p->q;
	json_object_get(out->body);
	json_object_get(out->signature);
	json_object_get(out->approvals);
	json_object_get(out->cancelled);
}

static int get(struct libdmwarrant_registry *r, const char *id, bool executable,
	       struct lib_request *out)
{
	s64 now = lib_registry_now();
	struct lib_pending *p;
	struct lib_control c;
	int ret = lib_control_load(r, &c);

	if (!ret) {
		p = lib_control_find(&c, id);
		if (p)
			lib_control_state(&c, p, now);
		ret = !p ? no_request(&c, id) : executable ? refuse(&c, p, now) : 0;
	}
	if (!ret)
		give(p, out);
	lib_control_free(&c);
	return ret;
}

int lib_control_executable(struct libdmwarrant_registry *r, const char *id,
			   struct lib_request *out)
{
	return get(r, id, true, out);
}

int lib_control_get(struct libdmwarrant_registry *r, const char *id, struct lib_request *out)
{
	return get(r, id, false, out);
}

int lib_control_check(struct libdmwarrant_registry *r)
{
	struct lib_control c;
	int ret = lib_control_load(r, &c);

	lib_control_free(&c);
	return ret;
}

int lib_control_each(struct libdmwarrant_registry *r,
		     int (*fn)(void *arg, const struct lib_request *q), void *arg)
{
	s64 now = lib_registry_now();
	struct lib_control c;
	int ret = lib_control_load(r, &c);
	size_t i;

	for (i = 0; !ret && i < c.request_count; i++) {
		lib_control_state(&c, &c.requests[i], now);
		ret = fn(arg, &c.requests[i].q);
	}
	lib_control_free(&c);
	return ret;
}
