// SPDX-License-Identifier: GPL-2.0-or-later
/* Time stamps of RFC 3161 over checkpoints: asking by file, verifying and taking the answer. */
#include <time.h>

#include <openssl/ts.h>

#include "audit_copy.h"

static int no_memory(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -ENOMEM, "not enough memory for a time stamp");
}

/* ---- asking ---- */

static bool fill_request(TS_REQ *req, TS_MSG_IMPRINT *imprint, X509_ALGOR *algorithm,
			 u8 digest[LIB_MERKLE_HASH])
{
	return X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) &&
	       TS_MSG_IMPRINT_set_algo(imprint, algorithm) &&
	       TS_MSG_IMPRINT_set_msg(imprint, digest, LIB_MERKLE_HASH) &&
	       TS_REQ_set_version(req, 1) && TS_REQ_set_msg_imprint(req, imprint) &&
	       TS_REQ_set_cert_req(req, 1);
}

/*
 * Without a nonce: the answer may come in weeks, and one to an earlier request for the same bytes
 * says nothing that is not true.
 */
static int make_request(struct libdmwarrant *ctx, const char *note, size_t size, u8 **der, int *n)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	u8 digest[LIB_MERKLE_HASH];
	TS_REQ *req = TS_REQ_new();

	*der = NULL;
	*n = -1;
	if (imprint && algorithm && req &&
	    EVP_Digest(note, size, digest, NULL, EVP_sha256(), NULL) &&
	    fill_request(req, imprint, algorithm, digest))
		*n = i2d_TS_REQ(req, der);
	TS_REQ_free(req);
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	return *n > 0 ? 0 : no_memory(ctx);
}

static int request(struct libdmwarrant_registry *r, u8 **der, int *n, u64 *size)
{
	struct lib_audit_head h = { 0 };
	struct lib_checkpoint cp;
	int ret = lib_audit_head(r, &h);

	if (!ret)
		ret = lib_checkpoint_parse(r->ctx, h.note, strlen(h.note), &cp) ?:
			make_request(r->ctx, cp.text, lib_audit_own_note(&cp), der, n) ?:
			lib_audit_show_checkpoint(r, "timestamp", size);
	free(h.note);
	return ret;
}

int libdmwarrant_audit_timestamp_request(struct libdmwarrant_registry *r, const char *file,
					 uint64_t *size)
{
	u8 *der = NULL;
	u64 shown = 0;
	int n, ret = lib_registry_begin(r, true);

	if (ret)
		return ret;
	ret = lib_registry_end(r, request(r, &der, &n, &shown));
	if (!ret) {
		ret = lib_write_once(file, 0644, der, n);
		if (ret)
			lib_fail(r->ctx, ret, "cannot write %s: %s; name another file", file,
				 strerror(-ret));
	}
	OPENSSL_free(der);
	*size = shown;
	return ret;
}

/* ---- verifying ---- */

static int refuse(struct libdmwarrant *ctx, const char *why)
{
	return lib_fail(ctx, -EBADMSG, "the time stamp is refused: %s", why);
}

static bool is_over(TS_TST_INFO *info, const void *data, size_t size)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	ASN1_OCTET_STRING *has = TS_MSG_IMPRINT_get_msg(imprint);
	X509_ALGOR *algorithm = TS_MSG_IMPRINT_get_algo(imprint);
	u8 digest[LIB_MERKLE_HASH];

	return OBJ_obj2nid(algorithm->algorithm) == NID_sha256 &&
	       EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) &&
	       ASN1_STRING_length(has) == sizeof(digest) &&
	       !memcmp(ASN1_STRING_get0_data(has), digest, sizeof(digest));
}

static bool take_time(TS_TST_INFO *info, s64 *when)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm))
		return false;
	*when = timegm(&tm);
	return true;
}

/* As of the time that it says: the authority's certificate may have ended since. */
static X509_STORE *load_store(const char *ca, s64 when)
{
	X509_STORE *store = X509_STORE_new();

	if (store && X509_STORE_load_file(store, ca)) {
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), when);
		return store;
	}
	X509_STORE_free(store);
	return NULL;
}

static int check_signer(struct libdmwarrant *ctx, TS_RESP *resp, const char *ca, s64 when)
{
	TS_VERIFY_CTX *verify = TS_VERIFY_CTX_new();
	X509_STORE *store = load_store(ca, when);
	int ret = 0;

	if (!verify || !store) {
		X509_STORE_free(store);
		ret = lib_fail(ctx, -EINVAL, "%s has no certificates in PEM that can be used", ca);
	} else {
		TS_VERIFY_CTX_set_flags(verify, TS_VFY_VERSION | TS_VFY_SIGNATURE);
		TS_VERIFY_CTX_set_store(verify, store);
		if (TS_RESP_verify_response(verify, resp) != 1)
			ret = refuse(ctx, "it is not signed by an authority that is trusted");
	}
	TS_VERIFY_CTX_free(verify);
	return ret;
}

static int check(struct libdmwarrant *ctx, TS_RESP *resp, const void *data, size_t size,
		 const char *ca, s64 *when)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(resp);

	if (!info)
		return refuse(ctx, "the authority has granted none");
	if (!is_over(info, data, size))
		return refuse(ctx, "it is over something else than this checkpoint");
	if (!take_time(info, when))
		return refuse(ctx, "it says no time");
	return ca ? check_signer(ctx, resp, ca, *when) : 0;
}

int lib_audit_stamp_check(struct libdmwarrant *ctx, const void *der, size_t bytes,
			  const void *data, size_t size, const char *ca, s64 *when)
{
	const u8 *p = der;
	TS_RESP *resp = d2i_TS_RESP(NULL, &p, bytes);
	int ret;

	if (!resp || p != (const u8 *)der + bytes)
		ret = refuse(ctx, "it is no answer of RFC 3161");
	else
		ret = check(ctx, resp, data, size, ca, when);
	TS_RESP_free(resp);
	return ret;
}

/* ---- taking ---- */

/* Which of the remembered checkpoints is it over? */
static int find(struct libdmwarrant_registry *r, const u8 *der, size_t bytes, const char *ca,
		u64 *size, s64 *when)
{
	struct lib_audit_stored *all;
	size_t count, i;
	int ret = lib_audit_load(r) ?: lib_audit_checkpoints(r, &all, &count);

	if (ret)
		return ret;
	ret = -EBADMSG;
	for (i = count; ret == -EBADMSG && i; i--) {
		ret = lib_audit_stamp_check(r->ctx, der, bytes, all[i - 1].cp.text,
					    lib_audit_own_note(&all[i - 1].cp), NULL, when);
		if (!ret) {
			*size = all[i - 1].cp.size;
			ret = lib_audit_stamp_check(r->ctx, der, bytes, all[i - 1].cp.text,
						    lib_audit_own_note(&all[i - 1].cp), ca, when);
			break;
		}
	}
	lib_audit_stored_free(all, count);
	return ret;
}

static int import(struct libdmwarrant_registry *r, const u8 *der, size_t bytes, const char *ca,
		  u64 *size, s64 *when)
{
	char name[80];
	char *hex = malloc(2 * bytes + 1);
	int ret = hex ? find(r, der, bytes, ca, size, when) : no_memory(r->ctx);

	if (!ret)
		ret = lib_audit_stamp_name(r->ctx, der, bytes, *when, name);
	if (!ret) {
		lib_hex(hex, der, bytes);
		ret = lib_audit_attest(r, *size, LIB_AUDIT_TIMESTAMPED, name, hex);
	}
	free(hex);
	return ret;
}

int libdmwarrant_audit_timestamp_import(struct libdmwarrant_registry *r, const char *file,
					const char *ca, uint64_t *size, int64_t *when)
{
	size_t bytes;
	u64 stamped = 0;
	s64 time = 0;
	char *der;
	int ret = lib_read_file(r->ctx, file, LIB_STAMP_MAX, &der, &bytes);

	if (ret)
		return ret;
	ret = lib_registry_begin(r, true);
	if (!ret)
		ret = lib_registry_end(r, import(r, (u8 *)der, bytes, ca, &stamped, &time));
	*size = stamped;
	*when = time;
	free(der);
	return ret;
}
