// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates as the log has them, as files, and as forms for people. */
#include "audit_log.h"
#include "certificate.h"
#include "json.h"

/** lib_certificate_text() - as it is signed: canonical, and a line feed. Return: free() it; NULL */
char *lib_certificate_text(struct json_object *document)
{
	char *json = lib_json_canonical(document), *text = NULL;

	if (json && asprintf(&text, "%s\n", json) < 0)
		text = NULL;
	free(json);
	return text;
}

/** lib_certificate_digest() - SHA-256 of the file, hex */
int lib_certificate_digest(struct libdmwarrant *ctx, const char *json, size_t size,
			   char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1])
{
	u8 digest[EVP_MAX_MD_SIZE];

	if (!EVP_Digest(json, size, digest, NULL, EVP_sha256(), NULL))
		return lib_fail(ctx, -ENOMEM, "OpenSSL cannot make a digest");
	lib_hex(hex, digest, LIBDMWARRANT_DIGEST_SIZE);
	return 0;
}

static int check_schema(struct libdmwarrant *ctx, struct json_object *o)
{
	if (strcmp(lib_json_text(o, "schema"), CERTIFICATE_SCHEMA))
		return lib_fail(ctx, -EINVAL, "it is no certificate of destruction");
	if (lib_json_number(o, "version") != 1)
		return lib_fail(ctx, -EPROTONOSUPPORT,
				"it is a certificate of a newer format; use a newer dm-warrant");
	return 0;
}

/* Two texts that say the same must not both be taken: one has been altered. */
static int check_canonical(struct libdmwarrant *ctx, struct json_object *o, const char *json,
			   size_t size)
{
	char *text = lib_certificate_text(o);
	int ret = 0;

	if (!text)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	if (strlen(text) != size || memcmp(text, json, size))
		ret = lib_fail(ctx, -EINVAL,
			       "the certificate's text was changed: it is not the canonical one; get the file as it was issued");
	free(text);
	return ret;
}

/**
 * lib_certificate_parse() - read a certificate
 * @ctx:      for the error
 * @json:     any bytes
 * @size:     of them
 * @document: receives it; json_object_put() it
 *
 * Return: 0; -EINVAL it is none; -EPROTONOSUPPORT it is a newer one.
 */
int lib_certificate_parse(struct libdmwarrant *ctx, const char *json, size_t size,
			  struct json_object **document)
{
	int ret = lib_json_parse(ctx, "certificate", json, size, CERTIFICATE_MAX, document);

	if (ret)
		return ret;
	ret = check_schema(ctx, *document) ?: check_canonical(ctx, *document, json, size);
	if (!ret)
		return 0;
	json_object_put(*document);
	*document = NULL;
	return ret;
}

/* ---- in the log ---- */

struct reader {
	struct libdmwarrant_registry	*r;
	const char			*key;
	u32				count;
	int				(*fn)(void *arg, const struct libdmwarrant_certificate *c);
	void				*arg;
};

static int hand_out(struct reader *d, const struct lib_audit_entry *e, const char *text)
{
	struct libdmwarrant_certificate c = {
		.version = LIBDMWARRANT_CERTIFICATE_VERSION,
		.seq = e->seq,
		.time = e->when,
		.json = text,
		.signature = lib_json_text(e->body, "Signature"),
	};

	lib_copy(c.uuid, sizeof(c.uuid), lib_json_text(e->body, "Certificate"));
	lib_copy(c.request, sizeof(c.request), lib_json_text(e->body, "Request"));
	lib_copy(c.digest, sizeof(c.digest), lib_json_text(e->body, "Sha256"));
	lib_copy(c.summary, sizeof(c.summary), lib_json_text(e->body, "Summary"));
	d->count++;
	return d->fn(d->arg, &c) ? -ECANCELED : 0;
}

static int take(void *arg, const struct lib_audit_entry *e)
{
	struct reader *d = arg;
	char *text;
	int ret;

	if (d->key && strcmp(d->key, lib_json_text(e->body, "Certificate")) &&
	    strcmp(d->key, lib_json_text(e->body, "Request")))
		return 0;
	text = lib_certificate_text(lib_json_member(e->body, "Document", json_type_object));
	ret = text ? hand_out(d, e, text) : lib_fail(d->r->ctx, -ENOMEM, "not enough memory");
	free(text);
	return ret;
}

int libdmwarrant_certificates(struct libdmwarrant_registry *r, const char *key,
			      int (*fn)(void *arg, const struct libdmwarrant_certificate *c),
			      void *arg)
{
	static const char *const kinds[] = { SHRED_CERTIFICATE, NULL };
	struct reader d = { r, key, 0, fn, arg };
	int ret = lib_registry_begin(r, false);

	if (!ret)
		ret = lib_registry_end(r, lib_audit_each(r, kinds, take, &d));
	if (!ret && key && !d.count)
		ret = lib_fail(r->ctx, -ENOENT,
			       "there is no certificate %.64s, nor one of such a request; warrantctl certificate list shows all",
			       key);
	return ret;
}

/* ---- for people ---- */

static int render(struct lib_paper *paper, const char *json, size_t size,
		  enum libdmwarrant_certificate_format format, char **out, size_t *length)
{
	if (format == LIBDMWARRANT_CERTIFICATE_HTML)
		return lib_paper_html(paper, out, length);
	return lib_paper_pdf(paper, "certificate.json", json, size, out, length);
}

int libdmwarrant_certificate_render(struct libdmwarrant *ctx, const char *json, size_t size,
				    enum libdmwarrant_certificate_format format, char **out,
				    size_t *length)
{
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct json_object *document;
	struct lib_paper paper;
	int ret;

	if (format != LIBDMWARRANT_CERTIFICATE_HTML && format != LIBDMWARRANT_CERTIFICATE_PDF)
		return lib_fail(ctx, -EINVAL, "there is no such form of a certificate");
	ret = lib_certificate_digest(ctx, json, size, digest) ?:
		lib_certificate_parse(ctx, json, size, &document);
	if (ret)
		return ret;
	ret = lib_certificate_paper(ctx, document, digest, &paper);
	if (!ret && render(&paper, json, size, format, out, length))
		ret = lib_fail(ctx, -ENOMEM, "not enough memory, or too many pages");
	lib_paper_free(&paper);
	json_object_put(document);
	return ret;
}
