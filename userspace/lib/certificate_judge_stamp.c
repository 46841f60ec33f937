// SPDX-License-Identifier: GPL-2.0-or-later
/* A time stamp of RFC 3161: somebody else has seen the certificate at a certain time. */
#include <openssl/ts.h>
#include <openssl/x509.h>

#include "certificate_judge.h"

static const char imprint_is[] = "a time stamp of this certificate";

static int wrong(struct lib_judge *j, const char *what)
{
	return lib_fail(j->ctx, -EBADMSG, "%s", what);
}

static int read_imprint(TS_VERIFY_CTX *ctx, struct lib_judge *j, TS_RESP *resp)
{
	TS_MSG_IMPRINT *mi = TS_TST_INFO_get_msg_imprint(TS_RESP_get_tst_info(resp));
	const X509_ALGOR *algorithm = TS_MSG_IMPRINT_get_algo(mi);
	const EVP_MD *md = EVP_get_digestbyobj(algorithm->algorithm);
	unsigned char *digest = OPENSSL_malloc(EVP_MAX_MD_SIZE);
	unsigned int size = 0;

	if (!digest || !md || EVP_MD_get_size(md) < LIBDMWARRANT_DIGEST_SIZE ||
	    !EVP_Digest(j->check->json, j->check->json_size, digest, &size, md, NULL)) {
		OPENSSL_free(digest);
		return wrong(j, "the time stamp's digest is too short or not known");
	}
	TS_VERIFY_CTX_set_imprint(ctx, digest, size);
	return 0;
}

static X509_STORE *read_store(const char *path)
{
	X509_STORE *store = X509_STORE_new();

	if (store && X509_STORE_load_file(store, path))
		return store;
	X509_STORE_free(store);
	return NULL;
}

static int check(struct lib_judge *j, TS_RESP *resp)
{
	TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
	X509_STORE *store = NULL;
	int flags = TS_VFY_IMPRINT | TS_VFY_VERSION, ret = ctx ? 0 : -ENOMEM;

	if (!ret && j->check->stamp_ca) {
		store = read_store(j->check->stamp_ca);
		flags |= TS_VFY_SIGNATURE;
		ret = store ? 0 : wrong(j, "the authority's certificates cannot be read");
	}
	if (!ret)
		ret = read_imprint(ctx, j, resp);
	if (store && !ret)
		TS_VERIFY_CTX_set_store(ctx, store);
	else
		X509_STORE_free(store);
	if (!ret) {
		TS_VERIFY_CTX_set_flags(ctx, flags);
		if (TS_RESP_verify_response(ctx, resp) != 1)
			ret = wrong(j, "the time stamp is not one of this certificate, or not of this authority");
	}
	TS_VERIFY_CTX_free(ctx);
	return ret;
}

static void put_time(TS_RESP *resp, char text[64])
{
	const ASN1_GENERALIZEDTIME *t = TS_TST_INFO_get_time(TS_RESP_get_tst_info(resp));
	struct tm tm = { 0 };

	if (!t || !ASN1_TIME_to_tm(t, &tm) || !strftime(text, 64, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 64, "no time");
}

void lib_judge_stamp(struct lib_judge *j)
{
	const unsigned char *p = j->check->stamp;
	TS_RESP *resp;
	char time[64];
	int ret;

	if (!p) {
		lib_judge_say(j, "time stamp", LIBDMWARRANT_UNKNOWN, "there is none");
		return;
	}
	resp = d2i_TS_RESP(NULL, &p, j->check->stamp_size);
	if (!resp || !TS_RESP_get_tst_info(resp)) {
		TS_RESP_free(resp);
		lib_judge_result(j, "time stamp", wrong(j, "it is no time stamp"), "");
		return;
	}
	put_time(resp, time);
	ret = check(j, resp);
	if (ret)
		lib_judge_result(j, "time stamp", ret, "");
	else
		lib_judge_say(j, "time stamp", j->check->stamp_ca ? LIBDMWARRANT_PASS :
			      LIBDMWARRANT_UNKNOWN, "%s, %s%s", imprint_is, time,
			      j->check->stamp_ca ? "" :
			      "; give the authority's certificates with --stamp-ca");
	TS_RESP_free(resp);
}
