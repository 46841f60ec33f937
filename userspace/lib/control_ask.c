// SPDX-License-Identifier: GPL-2.0-or-later
/* Making requests: what is asked for, looked up and written down. */
#include <fcntl.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "control_enter.h"
#include "json.h"
#include "lib_tag.h"
#include "sshsig.h"

/** struct asking - a request in the making */
struct asking {
	struct lib_attempt			a;
	const struct libdmwarrant_ask		*ask;
	struct json_object			*target;
	char					(*id)[37];
};

/* Optional: nothing when there is no text. */
static bool put_given(struct json_object *o, const char *name, const char *text)
{
	return !text || !text[0] || lib_put_text(o, name, text);
}

/* ---- targets of shreds ---- */

static int put_warrant(struct asking *s, const char *key)
{
	struct lib_warrant_row row;
	struct json_object *record;
	const char *reference;
	int ret = lib_warrant_find(s->a.c.r, key, &row);

	if (ret)
		return ret;
	record = json_tokener_parse(row.json);
	reference = lib_warrant_text(record, "AuthorisationReference");
	if (!record || !lib_put_text(s->target, "Warrant", reference) ||
	    !lib_put_text(s->target, "WarrantUUID", row.uuid))
		ret = lib_control_no_memory(s->a.c.ctx);
	json_object_put(record);
	free(row.json);
	return ret;
}

/*
 * The tag's name, when the volume is open here: then it is also known whether there is such a tag.
 * A volume that is closed, or open elsewhere, cannot be asked; carrying it out finds that out.
 */
static int put_tag(struct asking *s, const struct libdmwarrant_record *v)
{
	struct libdmwarrant *ctx = s->a.c.ctx;
	struct libdmwarrant_tag tag;
	struct lib_tag_volume open;
	struct lib_mapping m;
	int ret = 0;

	if (!s->ask->tag)
		return lib_fail(ctx, -EINVAL,
				"tag 0 is all that has no tag of its own; ask for the volume");
	if (!lib_dm_begin(ctx) && !lib_dm_find_uuid(ctx, v->uuid, &m)) {
		lib_tag_from_mapping(&m, &open);
		ret = lib_tag_show(ctx, &open, s->ask->tag, &tag);
		if (!ret && tag.state == LIBDMWARRANT_TAG_SHREDDED)
			ret = lib_fail(ctx, -EALREADY, "tag %u of %s is shredded already",
				       s->ask->tag, v->name);
		if (!ret && !put_given(s->target, "TagName", tag.name))
			ret = lib_control_no_memory(ctx);
	}
	if (!ret && !lib_put_number(s->target, "Tag", s->ask->tag))
		ret = lib_control_no_memory(ctx);
	return ret;
}

static int put_volume(struct asking *s)
{
	char uuid[37], binding[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct libdmwarrant_record v;
	int ret;

	if (!s->ask->volume)
		return lib_fail(s->a.c.ctx, -EINVAL, "the request names no volume");
	ret = lib_volume_get(s->a.c.r, s->ask->volume, &v) ?: put_warrant(s, v.warrant);
	if (ret)
		return ret;
	libdmwarrant_uuid_format(v.uuid, uuid);
	lib_hex(binding, v.digest, sizeof(v.digest));
	if (!lib_put_text(s->target, "Volume", v.name) ||
	    !lib_put_text(s->target, "VolumeUUID", uuid) ||
	    !lib_put_text(s->target, "Binding", binding))
		return lib_control_no_memory(s->a.c.ctx);
	return s->ask->kind == LIBDMWARRANT_REQUEST_SHRED_TAG ? put_tag(s, &v) : 0;
}

static int put_whole_warrant(struct asking *s)
{
	struct json_object *volumes;
	int ret;

	if (!s->ask->warrant)
		return lib_fail(s->a.c.ctx, -EINVAL, "the request names no warrant");
	ret = put_warrant(s, s->ask->warrant);
	if (ret)
		return ret;
	ret = lib_target_volumes(s->a.c.r, lib_warrant_text(s->target, "WarrantUUID"), &volumes);
	if (!ret && !lib_put(s->target, "Volumes", json_object_get(volumes)))
		ret = lib_control_no_memory(s->a.c.ctx);
	json_object_put(volumes);
	return ret;
}

/* ---- the order ---- */

static int hash_file(struct libdmwarrant *ctx, const char *path, char hex[65])
{
	u8 buf[65536], digest[SHA256_DIGEST_LENGTH];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret;
	EVP_MD_CTX *md;
	ssize_t n = 1;

	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot read the order %s: %s", path, strerror(errno));
	md = EVP_MD_CTX_new();
	ret = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
	while (!ret && n > 0) {
		n = read(fd, buf, sizeof(buf));
		if (n > 0 && EVP_DigestUpdate(md, buf, n) != 1)
			ret = -ENOMEM;
	}
	if (n < 0)
		ret = lib_fail(ctx, -errno, "cannot read the order %s: %s", path, strerror(errno));
	else if (ret || EVP_DigestFinal_ex(md, digest, NULL) != 1)
		ret = lib_control_no_memory(ctx);
	else
		lib_hex(hex, digest, sizeof(digest));
	EVP_MD_CTX_free(md);
	close(fd);
	return ret;
}

static int put_order(struct asking *s, struct json_object *body)
{
	struct json_object *o = json_object_new_object();
	char hex[65] = "";
	int ret = s->ask->order_file ? hash_file(s->a.c.ctx, s->ask->order_file, hex) : 0;

	if (ret) {
		json_object_put(o);
		return ret;
	}
	if (!lib_put(body, "Order", o) || !put_given(o, "Reference", s->ask->order) ||
	    !put_given(o, "Date", s->ask->order_date) ||
	    !put_given(o, "Authority", s->ask->order_authority) || !put_given(o, "SHA256", hex))
		return lib_control_no_memory(s->a.c.ctx);
	return 0;
}

/* ---- targets of other requests ---- */

/* A certificate of an authority: that is looked at once, when the officer is enrolled. */
static int put_authority(struct asking *s, const char *cert)
{
	char print[72];
	int ret;

	if (!cert[0])
		return lib_fail(s->a.c.ctx, -EINVAL, "only a certificate can be of an authority");
	ret = lib_cms_issued(s->a.c.ctx, cert, s->ask->authority, lib_registry_now(), print);
	if (!ret && !lib_put_text(s->target, "Authority", print))
		ret = lib_control_no_memory(s->a.c.ctx);
	return ret;
}

/* Comments and what else stands beside a key or a certificate have no place in the log. */
static int put_key(struct asking *s)
{
	const char *key = s->ask->key ? s->ask->key : "";
	const char *cert = s->ask->certificate ? s->ask->certificate : "";
	struct lib_ssh_key k;
	char print[72], *text = NULL;
	int ret = lib_officer_print(s->a.c.ctx, s->ask->officer, key, cert, print);

	if (!ret && key[0])
		ret = lib_ssh_key_parse(s->a.c.ctx, "the key", key, &k);
	if (ret)
		return ret;
	ret = s->ask->authority ? put_authority(s, cert) : 0;
	if (ret)
		return ret;
	text = key[0] ? lib_ssh_key_line(&k) : lib_cms_certificate_text(cert);
	if (!text || !lib_put_text(s->target, key[0] ? "Key" : "Certificate", text) ||
	    !lib_put_text(s->target, "Fingerprint", print))
		ret = lib_control_no_memory(s->a.c.ctx);
	free(text);
	return ret;
}

static int put_new_officer(struct asking *s)
{
	int ret = lib_control_line(s->a.c.ctx, "role", s->ask->role, false) ?: put_key(s);

	if (!ret && (!lib_put_text(s->target, "Officer", s->ask->officer) ||
		     !put_given(s->target, "Role", s->ask->role)))
		ret = lib_control_no_memory(s->a.c.ctx);
	return ret;
}

static int put_old_officer(struct asking *s)
{
	size_t i;
	int ret = lib_control_line(s->a.c.ctx, "reason", s->ask->reason, true) ?:
		lib_officer_act(&s->a.c, s->ask->officer, &i);

	if (!ret && (!lib_put_text(s->target, "Officer", s->ask->officer) ||
		     !lib_put_text(s->target, "Fingerprint", s->a.c.officers[i].print) ||
		     !lib_put_text(s->target, "Reason", s->ask->reason)))
		ret = lib_control_no_memory(s->a.c.ctx);
	return ret;
}

static int put_policy(struct json_object *o, struct lib_control *c, u32 approvals, s64 waiting)
{
	return lib_put_number(o, "Approvals", approvals) && lib_put_number(o, "Waiting", waiting) ?
		0 : lib_control_no_memory(c->ctx);
}

static int put_clock(struct asking *s)
{
	char time[32];

	return lib_put_text(s->target, "Clock", lib_time_format(lib_registry_now(), time)) ? 0 :
		lib_control_no_memory(s->a.c.ctx);
}

static int put_target(struct asking *s)
{
	switch (s->ask->kind) {
	case LIBDMWARRANT_REQUEST_SHRED_TAG:
	case LIBDMWARRANT_REQUEST_SHRED_VOLUME:
		return put_volume(s);
	case LIBDMWARRANT_REQUEST_SHRED_WARRANT:
		return put_whole_warrant(s);
	case LIBDMWARRANT_REQUEST_OFFICER_ADD:
		return put_new_officer(s);
	case LIBDMWARRANT_REQUEST_OFFICER_REVOKE:
		return put_old_officer(s);
	case LIBDMWARRANT_REQUEST_POLICY:
		return put_policy(s->target, &s->a.c, s->ask->approvals, s->ask->waiting);
	case LIBDMWARRANT_REQUEST_CLOCK:
		return put_clock(s);
	default:
		return lib_fail(s->a.c.ctx, -EINVAL, "there is no request of kind %u",
				s->ask->kind);
	}
}

/* ---- the request ---- */

static bool is_shred(const struct libdmwarrant_ask *ask)
{
	return ask->kind <= LIBDMWARRANT_REQUEST_SHRED_WARRANT;
}

static int put_head(struct asking *s, struct json_object *body, size_t requester)
{
	struct json_object *policy = json_object_new_object();
	struct lib_control *c = &s->a.c;
	char root[65], time[32];
	u8 hash[LIB_MERKLE_HASH], uuid[LIBDMWARRANT_UUID_SIZE];

	lib_random_uuid(uuid);
	libdmwarrant_uuid_format(uuid, *s->id);
	if (lib_merkle_root(&c->tree, hash)) {
		json_object_put(policy);
		return lib_control_no_memory(c->ctx);
	}
	lib_hex(root, hash, sizeof(hash));
	if (lib_put(body, "Policy", policy) && !put_policy(policy, c, c->approvals, c->waiting) &&
	    lib_put_text(body, "Registry", c->origin) && lib_put_text(body, "Request", *s->id) &&
	    lib_put_text(body, "Kind", libdmwarrant_request_kind_name(s->ask->kind)) &&
	    lib_put(body, "Target", json_object_get(s->target)) &&
	    lib_put_text(body, "Requester", c->officers[requester].name) &&
	    lib_put_text(body, "Fingerprint", c->officers[requester].print) &&
	    lib_put_text(body, "Time", lib_time_format(lib_registry_now(), time)) &&
	    lib_put_number(body, "LogSize", c->tree.size) && lib_put_text(body, "LogRoot", root))
		return 0;
	return lib_control_no_memory(c->ctx);
}

static int put_text(struct asking *s, struct json_object *body)
{
	char *text = lib_control_request_text(body);
	int ret = text && lib_put_text(body, "Text", text) ? 0 :
		lib_control_no_memory(s->a.c.ctx);

	free(text);
	return ret;
}

/* What the rules do not look at, for it depends on more than the log. */
static int check_now(struct asking *s)
{
	struct lib_control *c = &s->a.c;
	struct lib_pending *p = lib_control_find(c, *s->id), *other;
	char why[LIB_WHY_SIZE] = "";
	s64 now = lib_registry_now();
	int ret = s->ask->kind == LIBDMWARRANT_REQUEST_CLOCK ? 0 : lib_clock_check(c->r, now);

	if (ret)
		return ret;
	other = lib_target_taken(c, p);
	if (other)
		return lib_fail(c->ctx, -EEXIST, "that is asked for already, by request %s",
				other->q.id);
	if (!is_shred(s->ask))
		return 0;
	ret = lib_retention_gate(c->r, &p->q.target, p->q.ground, now, why);
	return ret && why[0] ? lib_fail(c->ctx, ret, "%s", why) : ret;
}

static int make(struct asking *s)
{
	const char *ground = s->ask->ground ?: lib_ground_name(LIB_GROUND_RETENTION);
	struct json_object *body;
	size_t requester;
	int ret;

	if (!s->ask->requester)
		return lib_fail(s->a.c.ctx, -EPERM,
				"the registry is sealed: this needs a request; name the officer who makes it with --as");
	ret = lib_officer_act(&s->a.c, s->ask->requester, &requester);
	if (ret)
		return ret;
	body = json_object_new_object();
	if (!body || (is_shred(s->ask) && !lib_put_text(body, "Ground", ground)))
		ret = lib_control_no_memory(s->a.c.ctx);
	if (!ret && is_shred(s->ask))
		ret = put_order(s, body);
	ret = ret ?: put_head(s, body, requester) ?: put_text(s, body) ?:
		lib_control_try(&s->a.c, "request.made", body) ?: check_now(s) ?:
		lib_audit_append(s->a.c.r, "request.made", body, NULL);
	json_object_put(body);
	return ret;
}

/* Before the registry is sealed, officers and policy are set as one likes. */
static const char *kind_at_once(const struct asking *s)
{
	if (s->a.c.sealed)
		return NULL;
	switch (s->ask->kind) {
	case LIBDMWARRANT_REQUEST_OFFICER_ADD:
		return "officer.enrolled";
	case LIBDMWARRANT_REQUEST_OFFICER_REVOKE:
		return "officer.revoked";
	case LIBDMWARRANT_REQUEST_POLICY:
		return "policy.set";
	}
	return NULL;
}

static int ask(struct asking *s)
{
	const char *at_once = kind_at_once(s);
	int ret = at_once ? 0 : lib_control_sealed(&s->a.c);

	if (!ret)
		ret = s->target ? put_target(s) : lib_control_no_memory(s->a.c.ctx);

	if (ret)
		return ret;
	return at_once ? lib_control_enter(&s->a.c, at_once, s->target) : make(s);
}

int libdmwarrant_request_ask(struct libdmwarrant_registry *r, const struct libdmwarrant_ask *what,
			     char request[37])
{
	struct asking s = {
		.a = { .act = "ask", .officer = what->requester },
		.ask = what,
		.id = (char (*)[37])request,
	};
	int ret;

	request[0] = 0;
	if (what->version != LIBDMWARRANT_ASK_VERSION)
		return lib_fail_version(r->ctx, what->version, LIBDMWARRANT_ASK_VERSION);
	if (what->flags & ~LIBDMWARRANT_CONTROL_DRY_RUN)
		return lib_fail(r->ctx, -EINVAL, "unknown flags %#x for a request", what->flags);
	if ((what->kind == LIBDMWARRANT_REQUEST_OFFICER_ADD ||
	     what->kind == LIBDMWARRANT_REQUEST_OFFICER_REVOKE) && !what->officer)
		return lib_fail(r->ctx, -EINVAL, "the officer has no name");
	s.a.dry_run = what->flags & LIBDMWARRANT_CONTROL_DRY_RUN;
	ret = lib_attempt_begin(&s.a, r);
	if (!ret) {
		s.target = json_object_new_object();
		ret = ask(&s);
	}
	ret = lib_attempt_end(&s.a, ret);
	json_object_put(s.target);
	if (ret)
		request[0] = 0;
	return ret;
}
