// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What binds a volume, its keys and its warrant together: a digest that stands in the superblock,
 * with the keys and in the registry, over what never changes in a warrant's life.
 */
#include "etsi.h"
#include "json.h"
#include "registry.h"

static const char domain[] = "dm-warrant binding 1";

/* In this order. An absent one counts as empty. */
static const char *const members[] = {
	"ObjectIdentifier", "AuthorisationReference", "CountryCode", "OwnerIdentifier", "Copy",
};

/* Its length goes before each, so that no two lists of members hash the same. */
static bool add_member(EVP_MD_CTX *md, struct json_object *o, const char *name)
{
	const char *text = lib_warrant_text(o, name);
	__le32 size = cpu_to_le32(strlen(text));

	return EVP_DigestUpdate(md, &size, sizeof(size)) &&
	       EVP_DigestUpdate(md, text, strlen(text));
}

static bool compute(EVP_MD_CTX *md, struct json_object *o, const u8 *uuid, u8 *digest)
{
	size_t i;

	if (!EVP_DigestInit_ex(md, EVP_sha256(), NULL) ||
	    !EVP_DigestUpdate(md, domain, sizeof(domain)) ||
	    !EVP_DigestUpdate(md, uuid, DMW_UUID_SIZE))
		return false;
	for (i = 0; i < ARRAY_SIZE(members); i++)
		if (!add_member(md, o, members[i]))
			return false;
	return EVP_DigestFinal_ex(md, digest, NULL);
}

/**
 * lib_binding_digest() - the digest for a volume under a warrant
 * @ctx:          context
 * @warrant_json: record, as the registry has it
 * @volume_uuid:  of the volume
 * @digest:       receives it
 *
 * Return: 0; -EINVAL not such a record; -ENOMEM.
 */
int lib_binding_digest(struct libdmwarrant *ctx, const char *warrant_json,
		       const u8 volume_uuid[DMW_UUID_SIZE], u8 digest[LIBDMWARRANT_DIGEST_SIZE])
{
	struct json_object *o;
	EVP_MD_CTX *md;
	int ret = lib_warrant_parse(ctx, warrant_json, &o);

	if (ret)
		return ret;
	ret = lib_warrant_check(ctx, o);
	md = EVP_MD_CTX_new();
	if (!ret && (!md || !compute(md, o, volume_uuid, digest)))
		ret = lib_fail(ctx, -ENOMEM, "not enough memory");
	EVP_MD_CTX_free(md);
	json_object_put(o);
	return ret;
}
