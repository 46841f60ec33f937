// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tags of a volume were shredded: certificates of destruction, signed by a known key. */
#include "evidence_file.h"
#include "evidence_shredded.h"
#include "libdmwarrant-shred.h"

#define CERTIFICATE_MAX	(64U << 20)	/* bytes */

static int add_tag(struct lib_shredded *s, u32 tag)
{
	u32 *more = realloc(s->tags, (s->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->tags = more;
	s->tags[s->count++] = tag;
	return 0;
}

bool lib_shredded_has(const struct lib_shredded *s, u32 tag)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->tags[i] == tag)
			return true;
	return s->whole;
}

void lib_shredded_free(struct lib_shredded *s)
{
	free(s->tags);
	memset(s, 0, sizeof(*s));
}

/* ---- what is in it ---- */

static int take_volume(struct json_object *o, const u8 *uuid, struct lib_shredded *s)
{
	const char *text = lib_member_text(o, "Volume");
	u8 volume[DMW_UUID_SIZE];
	struct json_object *tag;
	u64 number;

	if (!text || strlen(text) != 36 || libdmwarrant_uuid_parse(text, volume))
		return -EINVAL;
	if (memcmp(volume, uuid, DMW_UUID_SIZE))
		return 0;
	if (!json_object_object_get_ex(o, "Tag", &tag)) {
		s->whole = true;
		return 0;
	}
	if (lib_member_number(o, "Tag", DMW_MAX_TAG_RECORDS, &number) || !number)
		return -EINVAL;
	return add_tag(s, number);
}

static int take(struct json_object *o, const u8 *uuid, struct lib_shredded *s)
{
	struct json_object *destroyed = json_object_object_get(o, "Destroyed");
	size_t i;
	int ret = 0;

	if (!json_object_is_type(destroyed, json_type_array))
		return -EINVAL;
	for (i = 0; i < json_object_array_length(destroyed) && !ret; i++)
		ret = take_volume(json_object_array_get_idx(destroyed, i), uuid, s);
	return ret;
}

/* ---- whether it is right ---- */

static int check_signature(struct libdmwarrant *ctx, const char *file, const char *text,
			   size_t size, const struct lib_ssh_key *key)
{
	char path[PATH_MAX], *signature;
	size_t length;
	int ret;

	ret = lib_beside(ctx, file, ".sig", path);
	if (!ret)
		ret = lib_read_file(ctx, path, LIB_SSHSIG_TEXT_MAX, &signature, &length);
	if (ret)
		return ret;
	ret = memchr(signature, 0, length) ? -EINVAL :
	      lib_sshsig_verify(ctx, key, LIBDMWARRANT_CERTIFICATE_NAMESPACE, text, size,
				signature);
	free(signature);
	if (!ret || ret == -ENOMEM)
		return ret;
	return lib_fail(ctx, -EBADMSG, "%s: not signed by the given key, or changed since", file);
}

static int read_one(struct libdmwarrant *ctx, const char *file, const struct lib_ssh_key *key,
		    const u8 *uuid, struct lib_shredded *s)
{
	struct json_object *o;
	size_t size;
	char *text;
	int ret;

	ret = lib_read_file(ctx, file, CERTIFICATE_MAX, &text, &size);
	if (ret)
		return ret;
	ret = check_signature(ctx, file, text, size, key);
	if (!ret)
		ret = lib_json_parse(ctx, "certificate", text, size, CERTIFICATE_MAX, &o);
	free(text);
	if (ret)
		return ret;
	ret = json_object_is_type(o, json_type_object) ? take(o, uuid, s) : -EINVAL;
	json_object_put(o);
	if (ret == -ENOMEM)
		return lib_fail(ctx, ret, "not enough memory");
	return ret ? lib_fail(ctx, -EBADMSG, "%s is no certificate of destruction", file) : 0;
}

int lib_shredded_read(struct libdmwarrant *ctx, const char *const *files, u32 count,
		      const char *key, const u8 uuid[DMW_UUID_SIZE], struct lib_shredded *s)
{
	struct lib_ssh_key k;
	u32 i;
	int ret;

	memset(s, 0, sizeof(*s));
	if (!count)
		return 0;
	if (!key)
		return lib_fail(ctx, -EINVAL,
				"certificates excuse what is gone: only with the public key that signed them");
	ret = lib_key_read(ctx, key, &k);
	for (i = 0; i < count && !ret; i++)
		ret = read_one(ctx, files[i], &k, uuid, s);
	return ret;
}
