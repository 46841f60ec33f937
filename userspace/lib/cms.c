// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures by X.509 certificates, as smart cards make them: detached CMS (RFC 5652). An officer
 * is the very certificate that was enrolled; what else is in the CMS is not looked at.
 */
#include <openssl/pem.h>	/* before cms.h, which then knows PEM */

#include <openssl/cms.h>
#include <openssl/x509v3.h>

#include "control_state.h"

#define STRENGTH_MIN	112	/* bits of security: RSA of 2048 bits, as cards have it */

static X509 *read_certificate(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *cert = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;

	BIO_free(b);
	return cert;
}

static void fingerprint(X509 *cert, char print[72])
{
	u8 hash[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	X509_digest(cert, EVP_sha256(), hash, &n);
	lib_hex(print, hash, n);
}

/**
 * lib_cms_certificate() - can an officer have this certificate?
 * @ctx:   for the error
 * @what:  it is, for the error
 * @pem:   the certificate
 * @print: receives its SHA-256 in hex
 *
 * Return: 0; -EINVAL.
 */
int lib_cms_certificate(struct libdmwarrant *ctx, const char *what, const char *pem,
			char print[72])
{
	X509 *cert = strlen(pem) <= LIB_CERTIFICATE_MAX ? read_certificate(pem) : NULL;
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	int ret = 0;

	if (!cert)
		return lib_fail(ctx, -EINVAL, "%s is no X.509 certificate in PEM", what);
	if (!key || EVP_PKEY_get_security_bits(key) < STRENGTH_MIN)
		ret = lib_fail(ctx, -EINVAL,
			       "%s has a key that is too weak or not known; RSA needs 2048 bits, elliptic curves 224",
			       what);
	else if (X509_get_extension_flags(cert) & EXFLAG_KUSAGE &&
		 !(X509_get_key_usage(cert) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		ret = lib_fail(ctx, -EINVAL,
			       "%s is not for signing; take the card's certificate of signature",
			       what);
	fingerprint(cert, print);
	X509_free(cert);
	return ret;
}

/* The chain from an authority's certificate, which may be one of several in its file. */
static bool chains(X509 *cert, const char *authority, s64 when, char print[72])
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	BIO *b = BIO_new_mem_buf(authority, -1);
	bool good = store && ctx && b;
	X509 *ca;

	while (good && (ca = PEM_read_bio_X509(b, NULL, NULL, NULL))) {
		good = X509_STORE_add_cert(store, ca);
		X509_free(ca);
	}
	good = good && X509_STORE_CTX_init(ctx, store, cert, NULL);
	if (good) {
		X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), when);
		good = X509_verify_cert(ctx) == 1;
	}
	if (good) {
		STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);

		fingerprint(sk_X509_value(chain, sk_X509_num(chain) - 1), print);
	}
	BIO_free(b);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return good;
}

/**
 * lib_cms_issued() - does a certificate come from an authority?
 * @ctx:       for the error
 * @pem:       certificate
 * @authority: PEM: certificates of the authority, and those in between
 * @when:      both must be valid then
 * @print:     receives the fingerprint of the authority's root
 *
 * Return: 0; -EKEYREJECTED.
 */
int lib_cms_issued(struct libdmwarrant *ctx, const char *pem, const char *authority, s64 when,
		   char print[72])
{
	X509 *cert = read_certificate(pem);
	bool good = cert && chains(cert, authority, when, print);

	X509_free(cert);
	return good ? 0 : lib_fail(ctx, -EKEYREJECTED,
				   "the certificate is not of the authority given, or not valid now");
}

/** lib_cms_key() - the certificate's public key. Return: EVP_PKEY_free() it; NULL */
EVP_PKEY *lib_cms_key(const char *pem)
{
	X509 *cert = read_certificate(pem);
	EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;

	X509_free(cert);
	return key;
}

/* What was written to a BIO, as a text. Return: free() it; NULL */
static char *text_of(BIO *b)
{
	char *p, *text = NULL;
	long n = BIO_get_mem_data(b, &p);

	if (n > 0)
		text = strndup(p, n);
	BIO_free(b);
	return text;
}

/** lib_cms_certificate_text() - the certificate and nothing that stands beside it; NULL */
char *lib_cms_certificate_text(const char *pem)
{
	X509 *cert = read_certificate(pem);
	BIO *b = BIO_new(BIO_s_mem());

	if (cert && b)
		PEM_write_bio_X509(b, cert);
	X509_free(cert);
	return text_of(b);
}

static CMS_ContentInfo *read_cms(const u8 *p, size_t size)
{
	BIO *b = BIO_new_mem_buf(p, size);
	CMS_ContentInfo *cms = NULL;

	if (b && size && p[0] == 0x30)
		cms = d2i_CMS_bio(b, NULL);
	else if (b)
		cms = PEM_read_bio_CMS(b, NULL, NULL, NULL);
	BIO_free(b);
	return cms;
}

/** lib_cms_text() - a CMS, DER or PEM, as PEM. Return: free() it; NULL = it is none */
char *lib_cms_text(const u8 *cms, size_t size)
{
	CMS_ContentInfo *c = read_cms(cms, size);
	BIO *b = BIO_new(BIO_s_mem());

	if (c && b)
		PEM_write_bio_CMS(b, c);
	CMS_ContentInfo_free(c);
	return text_of(b);
}

/* One signer, and not by way of a broken hash. */
static bool is_acceptable(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
	X509_ALGOR *digest;
	int nid;

	if (!all || sk_CMS_SignerInfo_num(all) != 1)
		return false;
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(all, 0), NULL, NULL, &digest, NULL);
	nid = OBJ_obj2nid(digest->algorithm);
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

static bool is_detached(CMS_ContentInfo *cms)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);

	return OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed && content && !*content;
}

static bool verify(CMS_ContentInfo *cms, X509 *cert, const char *text, size_t size)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	BIO *b = BIO_new_mem_buf(text, size);
	/* No chain: whoever enrolled the certificate has vouched for it. */
	bool good = certs && b && sk_X509_push(certs, cert) &&
		    CMS_verify(cms, certs, NULL, b, NULL, CMS_BINARY | CMS_DETACHED | CMS_NOINTERN |
			       CMS_NO_SIGNER_CERT_VERIFY) == 1;

	sk_X509_free(certs);
	BIO_free(b);
	return good;
}

/**
 * lib_cms_verify() - has this certificate's owner signed this text?
 * @ctx:      for the error
 * @pem:      certificate
 * @text:     that must have been signed
 * @size:     bytes of it
 * @cms:      signature, DER or PEM
 * @cms_size: bytes of it
 * @when:     the certificate must have been valid then; Unix seconds
 *
 * Return: 0; -EINVAL it is no detached signature; -EKEYREJECTED it does not fit; -EKEYEXPIRED.
 */
int lib_cms_verify(struct libdmwarrant *ctx, const char *pem, const char *text, size_t size,
		   const u8 *cms, size_t cms_size, s64 when)
{
	CMS_ContentInfo *c = read_cms(cms, cms_size);
	X509 *cert = read_certificate(pem);
	time_t t = when;
	int ret = 0;

	if (!c || !cert || !is_detached(c) || !is_acceptable(c))
		ret = lib_fail(ctx, -EINVAL,
			       "this is no detached CMS of one signer with SHA-256 or better; make one with: openssl cms -sign -binary -outform PEM");
	else if (!verify(c, cert, text, size))
		ret = lib_fail(ctx, -EKEYREJECTED,
			       "the signature does not fit the text and the officer's certificate");
	else if (X509_cmp_time(X509_get0_notBefore(cert), &t) > 0 ||
		 X509_cmp_time(X509_get0_notAfter(cert), &t) < 0)
		ret = lib_fail(ctx, -EKEYEXPIRED,
			       "the officer's certificate is not valid at this time; enrol the new one");
	CMS_ContentInfo_free(c);
	X509_free(cert);
	return ret;
}
