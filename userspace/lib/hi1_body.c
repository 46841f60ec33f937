// SPDX-License-Identifier: GPL-2.0-or-later
/* The body of a document: is it what its checksum says? */
#include <strings.h>

#include "hi1.h"

#define OWN_TYPE	"SHA-256"	/* of the checksum that a body is given that has none */

/**
 * struct contents - Contents, decoded
 * @data: free() it
 * @size: bytes
 */
struct contents {
	u8	*data;
	size_t	size;
};

/* In place. Return: characters that are left. */
static size_t drop_space(char *text)
{
	char *to = text, *from;

	for (from = text; *from; from++)
		if (!strchr(" \t\r\n", *from))
			*to++ = *from;
	*to = 0;
	return to - text;
}

static int decode(struct libdmwarrant *ctx, xmlNode *node, char *text, struct contents *c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = drop_space(text), padding = 0;
	int size;

	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	c->data = malloc(n / 4 * 3 + 1);
	if (!c->data)
		return lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
	size = n % 4 || strspn(text, digits) != n - padding ? -1 :
	       EVP_DecodeBlock(c->data, (u8 *)text, n);
	if (size < 0) {
		free(c->data);
		return lib_hi1_fail(ctx, -EINVAL, node, "is not base64");
	}
	c->size = size - padding;
	return 0;
}

/* "SHA-256" and "sha256" are the same. NULL = not known. */
static const EVP_MD *find_hash(const char *type)
{
	char name[32];
	size_t n = 0;

	for (; *type && n + 1 < sizeof(name); type++)
		if (*type != '-')
			name[n++] = *type;
	name[n] = 0;
	return *type ? NULL : EVP_get_digestbyname(name);
}

/* A checksum is written in hex or in base64; the standard leaves it open. */
static bool is_checksum(const char *text, const u8 *hash, unsigned int size)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1], base64[2 * EVP_MAX_MD_SIZE];

	lib_hex(hex, hash, size);
	EVP_EncodeBlock((u8 *)base64, hash, size);
	return !strcasecmp(text, hex) || !strcmp(text, base64);
}

static const char *text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static int set(struct libdmwarrant *ctx, xmlNode *body, struct json_object *o, const char *name,
	       const char *text)
{
	struct json_object *v = json_object_new_string(text);

	if (v && !json_object_object_add(o, name, v))
		return 0;
	json_object_put(v);
	return lib_hi1_fail(ctx, -ENOMEM, body, "does not fit into memory");
}

static int compare(struct libdmwarrant *ctx, xmlNode *body, struct json_object *o,
		   const struct contents *c)
{
	const char *given = text_of(o, "Checksum"), *type = text_of(o, "ChecksumType");
	const EVP_MD *md = given ? (type ? find_hash(type) : NULL) : EVP_sha256();
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	u8 hash[EVP_MAX_MD_SIZE];
	unsigned int size;
	int ret;

	if (!md)
		return 0;
	if (!EVP_Digest(c->data, c->size, hash, &size, md, NULL))
		return lib_hi1_fail(ctx, -EIO, body, "could not be hashed");
	if (given)
		return is_checksum(given, hash, size) ? 0 :
		       lib_hi1_fail(ctx, -EINVAL, body, "has Contents that its Checksum does not fit: the message was altered or damaged");
	lib_hex(hex, hash, size);
	ret = set(ctx, body, o, "Checksum", hex);
	return ret ? ret : set(ctx, body, o, "ChecksumType", OWN_TYPE);
}

int lib_hi1_body(struct libdmwarrant *ctx, xmlNode *body, struct json_object *o)
{
	xmlNode *child, *contents = NULL;
	struct contents c;
	xmlChar *text;
	int ret;

	for (child = lib_hi1_first(body); child; child = lib_hi1_next(child)) {
		if (!lib_hi1_is(child, ETSI_DOC, "Contents"))
			continue;
		if (contents)
			return lib_hi1_fail(ctx, -EINVAL, child, "stands twice");
		contents = child;
	}
	if (!contents)
		return 0;
	ret = lib_hi1_text(ctx, contents, &text);
	if (ret)
		return ret;
	ret = decode(ctx, contents, (char *)text, &c);
	xmlFree(text);
	if (ret)
		return ret;
	ret = compare(ctx, body, o, &c);
	free(c.data);
	return ret;
}
