// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Carrying out a shred: one step after the other, each in the log when it is done. What is in the
 * log is not done again, so any kill, and any failure, leaves a request that can be gone on with.
 */
#include "shred_drop.h"
#include "warrant_volume.h"

/* ---- entries ---- */

/** lib_shred_body() - of an entry of this request. Return: to be completed; given to lib_shred_write() */
struct json_object *lib_shred_body(struct lib_shred *s)
{
	struct json_object *body = lib_make_object(&s->maker, NULL, NULL);

	lib_make_text(&s->maker, body, "Request", s->q.id);
	return body;
}

static int append(struct lib_shred *s, const char *kind, struct json_object *body)
{
	int ret = s->maker.failed ? -ENOMEM : lib_clock_stamp(s->reg, body);

	if (ret)
		return lib_fail(s->ctx, ret, "not enough memory for an entry of the audit log");
	return lib_audit_append(s->reg, kind, body, NULL);
}

/** lib_shred_write() - add an entry and see what the log has now; frees @body */
int lib_shred_write(struct lib_shred *s, const char *kind, struct json_object *body)
{
	int ret = lib_registry_begin(s->reg, true);

	if (!ret) {
		ret = append(s, kind, body);
		if (!ret)
			ret = lib_shred_steps(s->reg, s->q.id, &s->steps);
		ret = lib_registry_end(s->reg, ret);
	}
	json_object_put(body);
	return ret;
}

/* ---- what the request is about ---- */

static int take_volume(void *arg, const struct libdmwarrant_record *v)
{
	struct lib_shred *s = arg;
	char uuid[37];

	libdmwarrant_uuid_format(v->uuid, uuid);
	if (s->q.target.volume[0] && strcmp(uuid, s->q.target.volume))
		return 0;
	if (s->count == LIB_SHRED_VOLUMES)
		return 1;
	s->volumes[s->count++] = *v;
	return 0;
}

/* A warrant's volumes have one key store, unless somebody has moved one. */
static int find_store(struct lib_shred *s)
{
	u32 i;

	lib_copy(s->uri, sizeof(s->uri), s->params->keystore ? s->params->keystore :
		 s->count ? s->volumes[0].keystore : s->config->keystore);
	for (i = 1; i < s->count && !s->params->keystore; i++)
		if (strcmp(s->uri, s->volumes[i].keystore))
			return lib_fail(s->ctx, -ENOTUNIQ,
					"the warrant's keys are in several key stores: %s and %s; make a request for each volume",
					s->uri, s->volumes[i].keystore);
	return 0;
}

static int find_volumes(struct lib_shred *s)
{
	int ret;

	free(s->volumes);
	s->count = 0;
	s->volumes = calloc(LIB_SHRED_VOLUMES, sizeof(*s->volumes));
	if (!s->volumes)
		return lib_fail(s->ctx, -ENOMEM, "not enough memory");
	if (libdmwarrant_uuid_parse(s->q.target.warrant, s->warrant))
		return lib_fail(s->ctx, -EUCLEAN, "the request's warrant is no UUID");
	ret = libdmwarrant_registry_volume_list(s->reg, s->q.target.warrant, take_volume, s);
	if (ret == -ECANCELED)
		return lib_fail(s->ctx, -E2BIG,
				"the warrant has more than %d volumes; make a request for each",
				LIB_SHRED_VOLUMES);
	/* It forgets none; without it nobody could say where its keys are. */
	if (!ret && s->q.target.volume[0] && !s->count)
		ret = lib_fail(s->ctx, -EUCLEAN,
			       "the registry does not have volume %s of the request any more; warrantctl registry check says what else is missing",
			       s->q.target.volume);
	return ret ?: find_store(s);
}

static int is_shred(struct lib_shred *s)
{
	switch (s->q.kind) {
	case LIBDMWARRANT_REQUEST_SHRED_TAG:
	case LIBDMWARRANT_REQUEST_SHRED_VOLUME:
	case LIBDMWARRANT_REQUEST_SHRED_WARRANT:
		return 0;
	default:
		return lib_fail(s->ctx, -EINVAL,
				"request %s asks for %s, which is not a shred; it is carried out by itself",
				s->q.id, libdmwarrant_request_kind_name(s->q.kind));
	}
}

static int load(struct lib_shred *s)
{
	int ret = lib_registry_begin(s->reg, false);

	if (!ret)
		ret = lib_registry_end(s->reg, lib_control_get(s->reg, s->params->request, &s->q) ?:
				       lib_shred_steps(s->reg, s->params->request, &s->steps));
	return ret ?: is_shred(s);
}

/* ---- beginning ---- */

static void put_person(struct lib_shred *s, struct json_object *body)
{
	struct json_object *person = lib_make_object(&s->maker, body, "Person");

	lib_make_text(&s->maker, person, "Name", s->params->person);
	lib_make_text(&s->maker, person, "Title", s->params->title);
	lib_make_text(&s->maker, person, "Location", s->params->location);
	lib_make_text(&s->maker, person, "Contact", s->params->contact);
	lib_make_text(&s->maker, body, "PropertyNumber", s->params->property);
	lib_make_text(&s->maker, body, "Category", s->params->category);
}

static int append_begun(struct lib_shred *s)
{
	struct json_object *body = lib_shred_body(s);
	int ret;

	lib_make_text(&s->maker, body, "Kind", libdmwarrant_request_kind_name(s->q.kind));
	lib_make_text(&s->maker, body, "Warrant", s->q.target.warrant);
	lib_make_text(&s->maker, body, "Volume", s->q.target.volume);
	if (s->q.target.tag)
		lib_make_number(&s->maker, body, "Tag", s->q.target.tag);
	lib_make_hex(&s->maker, body, "RequestSha256", s->q.digest, sizeof(s->q.digest));
	lib_make_text(&s->maker, body, "Tool", libdmwarrant_version());
	put_person(s, body);
	ret = append(s, SHRED_BEGUN, body);
	json_object_put(body);
	return ret;
}

/* The reason stays the error, whatever becomes of the entry. */
static int refuse(struct lib_shred *s, int why)
{
	struct libdmwarrant reason = *s->ctx;
	struct json_object *body;

	if (why == -EUCLEAN || why == -ENOENT || why == -ENOMEM)
		return why;
	body = lib_shred_body(s);
	lib_make_text(&s->maker, body, "Why", libdmwarrant_error(s->ctx));
	lib_shred_write(s, SHRED_REFUSED, body);
	memcpy(s->ctx->error, reason.error, sizeof(reason.error));
	return why;
}

/*
 * One transaction: whoever cancels, or places a hold, does so before it, and is heard, or after it,
 * and is told that it is too late.
 */
static int begin(struct lib_shred *s)
{
	struct lib_request q = { 0 };
	int ret = lib_registry_begin(s->reg, true);

	if (ret)
		return ret;
	ret = lib_control_executable(s->reg, s->params->request, &q);
	if (!ret) {
		lib_request_release(&s->q);
		s->q = q;
		ret = append_begun(s) ?: lib_shred_steps(s->reg, s->q.id, &s->steps);
	}
	return lib_registry_end(s->reg, ret);
}

static int judge(struct lib_shred *s)
{
	struct lib_request q = { 0 };
	int ret = lib_registry_begin(s->reg, false);

	if (!ret)
		ret = lib_registry_end(s->reg, lib_control_executable(s->reg, s->params->request,
								      &q));
	if (!ret)
		lib_request_release(&q);
	return ret ?: lib_shred_judge_keys(s) ?: lib_shred_judge_tag(s);
}

static int start(struct lib_shred *s)
{
	int ret;

	if (s->steps.begun.body)
		return 0;
	if (s->params->flags & LIBDMWARRANT_SHRED_RESUME)
		return lib_fail(s->ctx, -ENOENT,
				"request %s has not begun: there is nothing to go on with; use shred execute",
				s->q.id);
	ret = judge(s);
	if (!ret && !(s->params->flags & LIBDMWARRANT_SHRED_DRY_RUN))
		/* Volumes may have been made until now; from here on none is opened. */
		ret = begin(s) ?: find_volumes(s);
	return ret && !(s->params->flags & LIBDMWARRANT_SHRED_DRY_RUN) ? refuse(s, ret) : ret;
}

/* ---- going on ---- */

static int finish(struct lib_shred *s)
{
	struct json_object *body = lib_shred_body(s);

	lib_make_number(&s->maker, body, "Keys",
			lib_json_number(s->steps.destroyed.body, "Keys"));
	return lib_shred_write(s, SHRED_DONE, body);
}

static bool wants_discard(const struct lib_shred *s)
{
	return (s->params->flags & LIBDMWARRANT_SHRED_DISCARD) && !s->q.target.tag &&
	       !s->steps.discarded.body;
}

static int go_on(struct lib_shred *s)
{
	int ret = 0;

	if (!s->steps.hosts.body)
		ret = lib_shred_hosts(s);
	if (!ret && !s->steps.measured.body)
		ret = lib_shred_measure(s);
	if (!ret && !s->steps.destroyed.body)
		ret = lib_shred_destroy(s);
	if (!ret && !s->steps.proven.body)
		ret = lib_shred_prove(s);
	if (!ret && !s->steps.done.body && wants_discard(s))
		ret = lib_shred_discard(s);
	if (!ret && !s->steps.done.body)
		ret = finish(s);
	return ret ?: lib_certificate_issue(s);
}

/* What is done and what is not, for whoever has to go on. */
static int stopped(struct lib_shred *s, int ret)
{
	static const char *const next[] = {
		"the keys have not left the kernels yet",
		"the keys have left the kernels, and are still in the key store",
		"the keys have left the kernels, and are still in the key store",
		"the keys are destroyed, but that is not proven yet",
		"the keys are destroyed, and that is proven, but the request is not closed yet",
		"all is done but the certificate",
	};
	struct libdmwarrant reason = *s->ctx;
	u32 n = 0, mask = lib_shred_steps_mask(&s->steps);

	n += !!s->steps.hosts.body;
	n += n == 1 && s->steps.measured.body;
	n += n == 2 && s->steps.destroyed.body;
	n += n == 3 && s->steps.proven.body;
	n += n == 4 && s->steps.done.body;
	if (!(mask & LIBDMWARRANT_SHRED_BEGUN))
		return ret;
	return lib_fail(s->ctx, ret, "%.600s; %s: go on with warrantctl shred resume %s",
			reason.error, next[n], s->q.id);
}

static int execute(struct lib_shred *s)
{
	const bool dry_run = s->params->flags & LIBDMWARRANT_SHRED_DRY_RUN;
	int ret = load(s);

	if (!ret && s->steps.certificate.body)
		ret = lib_fail(s->ctx, -EALREADY,
			       "request %s was carried out; its certificate is %s", s->q.id,
			       lib_json_text(s->steps.certificate.body, "Certificate"));
	if (!ret)
		ret = find_volumes(s);
	if (!ret)
		ret = lib_shred_secret(s->ctx, s->params->unlock, &s->secret);
	if (!ret)
		ret = start(s);
	if (ret || dry_run)
		return ret;
	ret = go_on(s);
	return ret ? stopped(s, ret) : 0;
}

static void report(const struct lib_shred *s, struct libdmwarrant_shred_result *result)
{
	struct json_object *hosts = lib_json_member(s->steps.hosts.body, "Hosts", json_type_array);
	size_t i;

	result->steps = lib_shred_steps_mask(&s->steps);
	result->keys = lib_json_number(s->steps.destroyed.body, "Keys");
	for (i = 0; i < lib_json_length(s->steps.hosts.body, "Hosts"); i++) {
		const char *state = lib_json_text(json_object_array_get_idx(hosts, i), "State");

		result->hosts += strcmp(state, SHRED_NOT_OPEN) != 0;
		result->unreached += !strcmp(state, SHRED_UNREACHED);
	}
	lib_copy(result->certificate, sizeof(result->certificate),
		 lib_json_text(s->steps.certificate.body, "Certificate"));
	lib_copy(result->digest, sizeof(result->digest),
		 lib_json_text(s->steps.certificate.body, "Sha256"));
}

static void release(struct lib_shred *s)
{
	lib_request_release(&s->q);
	lib_shred_steps_free(&s->steps);
	lib_shred_secret_free(&s->secret);
	free(s->volumes);
}

/* Two processes of one host do not carry out the same request at the same time. */
static int execute_locked(struct lib_shred *s)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int lock, ret;

	if (libdmwarrant_uuid_parse(s->params->request, uuid))
		return lib_fail(s->ctx, -EINVAL, "%.64s is no UUID of a request; see shred list",
				s->params->request);
	lock = lib_volume_lock(s->ctx, uuid, 0);
	if (lock < 0)
		return lock;
	ret = execute(s);
	lib_volume_unlock(lock);
	return ret;
}

int libdmwarrant_shred_execute(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_shred_params *params,
			       struct libdmwarrant_shred_result *result)
{
	struct lib_shred s = { .ctx = ctx, .params = params, .config = config };
	int ret;

	if (params->version != LIBDMWARRANT_SHRED_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_SHRED_VERSION);
	if (result->version != LIBDMWARRANT_SHRED_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_SHRED_VERSION);
	lib_progress_start(ctx);
	ret = libdmwarrant_registry_open(ctx, config->registry,
					 params->flags & LIBDMWARRANT_SHRED_DRY_RUN ?
					 LIBDMWARRANT_REGISTRY_READ_ONLY : 0, &s.reg);
	if (ret)
		return ret;
	ret = execute_locked(&s);
	report(&s, result);
	release(&s);
	libdmwarrant_registry_close(s.reg);
	return ret;
}
