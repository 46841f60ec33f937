// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How an audit log begins: with the name and key of the log, and with a digest over what the
 * registry held before there was a log.
 */
#include "audit_log.h"

/* Everything that is bound to something: a revision's digest is over all that it says. */
static const struct {
	const char	*sql;
	int		columns;
} before[] = {
	{ "SELECT warrant, revision, digest FROM warrant_history ORDER BY warrant, revision", 3 },
	{ "SELECT uuid, warrant, name, wwid, digest, keystore, state FROM volumes ORDER BY uuid",
	  7 },
	{ "SELECT volume, place, checkpoint, salt, reason FROM anchors ORDER BY volume, place", 5 },
};

/**
 * struct begin - a digest being made
 * @columns: of the rows that come
 */
struct begin {
	EVP_MD_CTX	*md;
	int		columns;
};

/* Columns end with a NUL, which none of them can contain. */
static int add_row(void *arg, const struct lib_value *row)
{
	struct begin *b = arg;
	char number[24];
	const char *text;
	int i;

	for (i = 0; i < b->columns; i++) {
		snprintf(number, sizeof(number), "%lld", (long long)row[i].number);
		text = row[i].text ? row[i].text : number;
		if (!EVP_DigestUpdate(b->md, text, strlen(text) + 1))
			return -ENOMEM;
	}
	return 0;
}

static int digest(struct libdmwarrant_registry *r, struct begin *b, u8 *hash)
{
	size_t i;
	int ret = EVP_DigestInit_ex(b->md, EVP_sha256(), NULL) ? 0 : -ENOMEM;

	for (i = 0; !ret && i < ARRAY_SIZE(before); i++) {
		b->columns = before[i].columns;
		ret = lib_sql(r, add_row, b, before[i].sql);
	}
	return ret ?: EVP_DigestFinal_ex(b->md, hash, NULL) ? 0 : -ENOMEM;
}

static int no_memory(struct libdmwarrant_registry *r)
{
	return lib_fail(r->ctx, -ENOMEM, "not enough memory for the audit log");
}

static int digest_before(struct libdmwarrant_registry *r, char text[2 * LIB_MERKLE_HASH + 1])
{
	struct begin b = { .md = EVP_MD_CTX_new() };
	u8 hash[LIB_MERKLE_HASH];
	int ret = b.md ? digest(r, &b, hash) : -ENOMEM;

	EVP_MD_CTX_free(b.md);
	if (ret)
		return ret == -ENOMEM ? no_memory(r) : ret;
	lib_hex(text, hash, sizeof(hash));
	return 0;
}

static bool set(struct json_object *o, const char *name, struct json_object *value)
{
	if (value && !json_object_object_add(o, name, value))
		return true;
	json_object_put(value);
	return false;
}

static struct json_object *make_body(const char *registry, const char *key, u32 schema_from,
				     const char *hash, s64 revisions)
{
	struct json_object *o = json_object_new_object();

	if (o && set(o, "Registry", json_object_new_string(registry)) &&
	    set(o, "Key", json_object_new_string(key)) &&
	    set(o, "Release", json_object_new_string(libdmwarrant_version())) &&
	    set(o, "SchemaFrom", json_object_new_int64(schema_from)) &&
	    set(o, "Revisions", json_object_new_int64(revisions)) &&
	    set(o, "Digest", json_object_new_string(hash)))
		return o;
	json_object_put(o);
	return NULL;
}

static int append_first(struct libdmwarrant_registry *r, u32 schema_from)
{
	char hash[2 * LIB_MERKLE_HASH + 1], registry[37], key[LIB_VERIFIER_SIZE];
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	struct json_object *body;
	s64 revisions = 0;
	int ret = digest_before(r, hash) ?:
		lib_sql(r, lib_row_number, &revisions, "SELECT COUNT(*) FROM warrant_history");

	if (ret)
		return ret;
	lib_random_uuid(uuid);
	libdmwarrant_uuid_format(uuid, registry);
	snprintf(r->log->key.name, sizeof(r->log->key.name), "dm-warrant/%s", registry);
	r->log->key.type = LIB_NOTE_ED25519;
	lib_verifier_format(&r->log->key, key);
	body = make_body(registry, key, schema_from, hash, revisions);
	ret = body ? lib_audit_append(r, LIB_AUDIT_BEGUN, body, NULL) : no_memory(r);
	json_object_put(body);
	return ret;
}

int lib_audit_begin_log(struct libdmwarrant_registry *r, u32 schema_from)
{
	struct lib_signer s;
	int ret = lib_signer_open(r, &s) ?: lib_audit_log_new(r);

	if (!ret) {
		memcpy(r->log->key.public_key, s.public_key, sizeof(s.public_key));
		ret = append_first(r, schema_from);
	}
	lib_signer_close(&s);
	return ret;
}
