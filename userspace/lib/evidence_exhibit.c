// SPDX-License-Identifier: GPL-2.0-or-later
/* A seal or a proof, read back: statement and signature, and whether they fit. */
#include "evidence_file.h"

static int read_schema(struct libdmwarrant *ctx, struct lib_exhibit *s)
{
	struct json_object *o;
	const char *schema;
	int ret;

	ret = lib_json_parse(ctx, "seal", s->text, s->size, LIB_PROOF_MAX, &o);
	if (ret)
		return ret == -EINVAL ? -EBADMSG : ret;
	schema = json_object_is_type(o, json_type_object) ? lib_member_text(o, "Schema") : NULL;
	s->is_proof = schema && !strcmp(schema, LIB_PROOF_SCHEMA);
	json_object_put(o);
	return 0;
}

static int read_signature(struct libdmwarrant *ctx, const char *file, struct lib_exhibit *s)
{
	char path[PATH_MAX];
	size_t size;
	int ret;

	ret = lib_beside(ctx, file, ".sig", path);
	if (!ret)
		ret = lib_read_file(ctx, path, LIB_SSHSIG_TEXT_MAX, &s->signature, &size);
	if (ret == -ENOENT)
		return lib_fail(ctx, ret,
				"there is no %s: the sealing was interrupted, or the file is missing",
				path);
	if (!ret && memchr(s->signature, 0, size))
		ret = lib_fail(ctx, -EBADMSG, "%s is no signature", path);
	return ret;
}

static int check(struct libdmwarrant *ctx, const char *text, size_t size, const char *signature,
		 const char *key, struct lib_exhibit *s)
{
	int ret = lib_statement_parse(ctx, text, size, &s->statement);

	return ret ? ret : lib_statement_verify(ctx, &s->statement, text, size, signature, key,
						s->print);
}

/**
 * lib_exhibit_read() - read a seal's statement or a proof, and verify the signature
 * @ctx:  for errors
 * @file: of it
 * @key:  file with the key that must have signed; NULL = whoever the statement says
 * @s:    receives it; lib_exhibit_free() it, also after a failure
 *
 * Return: 0; -EBADMSG; -EKEYREJECTED; -ENOENT; errors of open(2) and read(2).
 */
int lib_exhibit_read(struct libdmwarrant *ctx, const char *file, const char *key,
		    struct lib_exhibit *s)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = lib_read_file(ctx, file, LIB_PROOF_MAX, &s->text, &s->size);
	if (!ret)
		ret = read_schema(ctx, s);
	if (ret)
		return ret;
	if (!s->is_proof) {
		ret = read_signature(ctx, file, s);
		return ret ? ret : check(ctx, s->text, s->size, s->signature, key, s);
	}
	ret = lib_proof_parse(ctx, s->text, s->size, &s->proof);
	if (!ret)
		ret = check(ctx, s->proof.statement, strlen(s->proof.statement),
			    s->proof.signature, key, s);
	return ret ? ret : lib_proof_check(ctx, &s->proof, &s->statement);
}

void lib_exhibit_free(struct lib_exhibit *s)
{
	lib_statement_free(&s->statement);
	lib_proof_free(&s->proof);
	free(s->text);
	free(s->signature);
	memset(s, 0, sizeof(*s));
}
