// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying evidence: first that seal or proof are what was signed, then what the LUN has. */
#include <stddef.h>
#include <unistd.h>

#include "audit_copy.h"
#include "evidence_look.h"

/* A stamp may come later than the seal, or never. */
static int check_stamp(struct libdmwarrant *ctx, const struct libdmwarrant_verify_params *p,
		       const struct lib_exhibit *s, struct libdmwarrant_verify_result *r)
{
	char path[PATH_MAX], *reply;
	size_t size;
	s64 when;
	int ret;

	ret = lib_beside(ctx, p->file, ".tsr", path);
	if (ret || s->is_proof || access(path, F_OK))
		return ret;
	ret = lib_read_file(ctx, path, LIB_STAMP_MAX, &reply, &size);
	if (ret)
		return ret;
	ret = lib_audit_stamp_check(ctx, reply, size, s->text, s->size, NULL, &when);
	if (ret == -EBADMSG)
		lib_fail(ctx, ret, "%s is no time stamp of this seal", path);
	else if (!ret && p->ca)
		ret = lib_audit_stamp_check(ctx, reply, size, s->text, s->size, p->ca, &when);
	free(reply);
	if (ret)
		return ret;
	r->stamped = when;
	r->flags |= LIBDMWARRANT_VERIFIED_STAMPED;
	if (p->ca)
		r->flags |= LIBDMWARRANT_VERIFIED_STAMP;
	return 0;
}

/* Before anything is said of the LUN, all hashes must be what was signed. */
static int check_seal(struct libdmwarrant *ctx, const struct libdmwarrant_verify_params *p,
		      const struct lib_exhibit *s, struct libdmwarrant_verify_result *r)
{
	static const struct lib_visit nobody;
	int ret = check_stamp(ctx, p, s, r);

	if (ret || s->is_proof)
		return ret;
	return lib_hashes_walk(ctx, p->file, &s->statement.root, &nobody);
}

static void describe(const struct libdmwarrant_verify_params *p, const struct lib_exhibit *s,
		     struct libdmwarrant_verify_result *r)
{
	const struct lib_evidence_root *root = &s->statement.root;

	if (p->key)
		r->flags |= LIBDMWARRANT_VERIFIED_SIGNER;
	if (s->is_proof)
		r->flags |= LIBDMWARRANT_VERIFIED_PROOF;
	memcpy(r->uuid, root->uuid, DMW_UUID_SIZE);
	r->anchor.checkpoint = root->anchor.checkpoint;
	memcpy(r->anchor.salt, root->anchor.salt, DMW_SALT_SIZE);
	r->sealed = s->statement.sealed;
	lib_copy(r->fingerprint, sizeof(r->fingerprint), s->print);
	memcpy(r->root, root->root, LIB_HASH_SIZE);
}

static u64 sectors_of(const struct lib_exhibit *s)
{
	u64 sum = 0;
	size_t i;

	if (!s->is_proof)
		return lib_statement_sum(&s->statement,
					 offsetof(struct lib_evidence_tag, sectors));
	for (i = 0; i < s->proof.count; i++)
		sum += s->proof.extents[i].extent.count;
	return sum;
}

static int compare(struct libdmwarrant *ctx, const struct libdmwarrant_verify_params *p,
		   const struct lib_exhibit *s, struct libdmwarrant_verify_result *r)
{
	struct lib_shredded shredded;
	struct lib_look *look;
	int ret;

	ret = lib_shredded_read(ctx, p->certificates, p->certificate_count, p->key,
				s->statement.root.uuid, &shredded);
	look = calloc(1, sizeof(*look));
	if (!look) {
		ret = lib_fail(ctx, -ENOMEM, "not enough memory");
	} else if (!ret && p->device) {
		look->ctx = ctx;
		look->params = p;
		look->result = r;
		look->statement = &s->statement;
		look->proof = s->is_proof ? &s->proof : NULL;
		look->shredded = &shredded;
		look->total = sectors_of(s);
		ret = lib_look(look);
	}
	free(look);
	lib_shredded_free(&shredded);
	return ret;
}

int libdmwarrant_evidence_verify(struct libdmwarrant *ctx,
				 const struct libdmwarrant_verify_params *params,
				 struct libdmwarrant_verify_result *result)
{
	struct lib_exhibit s;
	int ret;

	if (params->version != LIBDMWARRANT_VERIFY_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_VERIFY_VERSION);
	memset(result, 0, sizeof(*result));
	result->version = LIBDMWARRANT_VERIFY_VERSION;
	lib_progress_start(ctx);
	ret = lib_exhibit_read(ctx, params->file, params->key, &s);
	if (!ret)
		ret = check_seal(ctx, params, &s, result);
	if (!ret) {
		describe(params, &s, result);
		ret = compare(ctx, params, &s, result);
	}
	lib_exhibit_free(&s);
	return ret;
}
