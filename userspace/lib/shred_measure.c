// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is about to go: keys, sectors, extents, and a root over the ciphertext, which says later which
 * ciphertext it was. What cannot be known is "unknown", with the reason, and holds nothing up: the
 * order is to destroy, not to count.
 */
#include <unistd.h>
#include <sys/sysmacros.h>

#include "evidence.h"
#include "shred_extents.h"
#include "warrant_volume.h"

#define KEYS_LISTED	1000	/* all are counted, and in the digest */

/* ---- keys ---- */

struct keys {
	struct lib_shred	*s;
	struct json_object	*list;
	EVP_MD_CTX		*md;
	u32			count;
};

static int take_key(void *arg, const struct libdmwarrant_keystore_key *k)
{
	struct keys *keys = arg;
	struct lib_maker *m = &keys->s->maker;
	struct json_object *o;
	char volume[37];

	if (!lib_shred_takes(keys->s, k))
		return 0;
	EVP_DigestUpdate(keys->md, k->id, sizeof(k->id));
	if (keys->count++ >= KEYS_LISTED)
		return 0;
	libdmwarrant_uuid_format(k->volume, volume);
	o = lib_make_object(m, keys->list, NULL);
	lib_make_hex(m, o, "Id", k->id, sizeof(k->id));
	lib_make_text(m, o, "Volume", volume);
	if (k->tag != LIBDMWARRANT_TAG_METADATA)
		lib_make_number(m, o, "Tag", k->tag);
	lib_make_number(m, o, "Epoch", k->epoch);
	lib_make_time(m, o, "Created", k->created);
	return 0;
}

static int finish_keys(struct keys *keys, struct json_object *body)
{
	u8 digest[EVP_MAX_MD_SIZE];

	if (!EVP_DigestFinal_ex(keys->md, digest, NULL))
		return lib_fail(keys->s->ctx, -ENOMEM, "OpenSSL cannot make a digest");
	lib_make_number(&keys->s->maker, body, "KeyCount", keys->count);
	lib_make_hex(&keys->s->maker, body, "KeyIdsSha256", digest, LIBDMWARRANT_DIGEST_SIZE);
	return 0;
}

static int measure_keys(struct lib_shred *s, struct libdmwarrant_keystore *ks,
			struct json_object *body)
{
	struct keys keys = { .s = s, .list = lib_make_array(&s->maker, body, "Keys"),
			     .md = EVP_MD_CTX_new() };
	int ret;

	if (!keys.md || !EVP_DigestInit_ex(keys.md, EVP_sha256(), NULL))
		ret = lib_fail(s->ctx, -ENOMEM, "OpenSSL cannot make a digest");
	else
		ret = libdmwarrant_keystore_keys(ks, s->warrant, take_key, &keys);
	/* Keys that were destroyed already are found in the tombstones later. */
	if (ret == -EKEYREVOKED || ret == -ENOENT)
		ret = 0;
	if (!ret)
		ret = finish_keys(&keys, body);
	EVP_MD_CTX_free(keys.md);
	return ret;
}

/* ---- a volume ---- */

static void unknown(struct lib_shred *s, struct json_object *o, const char *name)
{
	char text[64];

	lib_make_text(&s->maker, o, name, "unknown");
	snprintf(text, sizeof(text), "%sWhy", name);
	lib_make_text(&s->maker, o, text, libdmwarrant_error(s->ctx));
}

/* An array that is slow, or does not answer at all, must not hold up what was ordered. */
static int leave_unmeasured(struct lib_shred *s, struct json_object *o)
{
	lib_fail(s->ctx, -ECANCELED, "it was not to be measured");
	unknown(s, o, "Sectors");
	unknown(s, o, "CiphertextRoot");
	return 0;
}

static void put_extents(struct lib_shred *s, const struct lib_shred_extents *x,
			struct json_object *o)
{
	struct json_object *list = lib_make_array(&s->maker, o, "Extents"), *pair;
	u64 i;

	lib_make_number(&s->maker, o, "VolumeSectors", x->sectors);
	lib_make_number(&s->maker, o, "Sectors", x->gone);
	lib_make_number(&s->maker, o, "SectorsKept", x->kept);
	lib_make_number(&s->maker, o, "ExtentCount", x->count);
	lib_make_text(&s->maker, o, "Map", x->map);
	for (i = 0; i < x->count && i < LIB_SHRED_EXTENTS; i++) {
		pair = lib_make_array(&s->maker, list, NULL);
		lib_make_number(&s->maker, pair, NULL, x->list[i][0]);
		lib_make_number(&s->maker, pair, NULL, x->list[i][1]);
	}
}

static int measure_extents(struct lib_shred *s, const struct libdmwarrant_record *v,
			   const struct lib_lun *lun, const struct libdmwarrant_keyset *keyset,
			   struct json_object *o)
{
	struct libdmwarrant_status status = { .version = LIBDMWARRANT_STATUS_VERSION };
	struct lib_shred_extents *x = malloc(sizeof(*x));
	char uuid[37];
	int ret;

	if (!x)
		return lib_fail(s->ctx, -ENOMEM, "not enough memory");
	libdmwarrant_uuid_format(v->uuid, uuid);
	lib_shred_extents_init(x, s->q.target.tag, 0);
	if (!libdmwarrant_status(s->ctx, uuid, &status)) {
		lib_shred_extents_init(x, s->q.target.tag,
				       status.volume_bytes >> DMW_SECTOR_SHIFT);
		ret = lib_shred_extents_open(s->ctx, uuid, x);
	} else if (!lun->path[0] || !keyset) {
		ret = lib_fail(s->ctx, -ENOKEY, "the seals cannot be read: %s",
			       keyset ? "the LUN was not found" : "the key store was not unlocked");
	} else {
		ret = lib_shred_extents_closed(s->ctx, lun->path, keyset, x);
	}
	if (!ret)
		put_extents(s, x, o);
	else
		unknown(s, o, "Sectors");
	free(x);
	return ret == -ENOMEM || ret == -ECANCELED ? ret : 0;
}

static int measure_root(struct lib_shred *s, const struct libdmwarrant_record *v,
			const struct lib_lun *lun, const struct libdmwarrant_keyset *keyset,
			struct json_object *o)
{
	struct libdmwarrant_opened opened = { .version = LIBDMWARRANT_OPENED_VERSION };
	const bool open = !libdmwarrant_registry_opened(s->reg, v->uuid, &opened);
	const struct lib_evidence_params p = {
		.device = lun->path,
		.keyset = keyset,
		.tags = s->q.target.tag ? &s->q.target.tag : NULL,
		.tag_count = s->q.target.tag ? 1 : 0,
		.flags = open ? LIB_EVIDENCE_OPEN : 0,
	};
	struct lib_evidence_root root = { 0 };
	struct libdmwarrant_anchor at = { 0 };
	char text[46];
	int ret;

	if (!lun->path[0] || !keyset)
		ret = lib_fail(s->ctx, -ENOKEY, "the seals cannot be read: %s",
			       keyset ? "the LUN was not found" : "the key store was not unlocked");
	else
		ret = lib_evidence_root(s->ctx, &p, &root);
	if (ret) {
		unknown(s, o, "CiphertextRoot");
	} else {
		at.checkpoint = root.anchor.checkpoint;
		memcpy(at.salt, root.anchor.salt, sizeof(at.salt));
		libdmwarrant_anchor_format(&at, text);
		lib_make_hex(&s->maker, o, "CiphertextRoot", s->q.target.tag ?
			     root.tags[0].root : root.root, LIB_HASH_SIZE);
		lib_make_text(&s->maker, o, "Checkpoint", text);
	}
	lib_evidence_root_free(&root);
	return ret == -ENOMEM || ret == -ECANCELED ? ret : 0;
}

/* The array's own words, for the certificate; as trustworthy as the array. */
static void describe_lun(struct lib_shred *s, const char *path, struct json_object *o)
{
	char text[128];
	struct stat st;

	if (!path[0] || stat(path, &st) || !S_ISBLK(st.st_mode))
		return;
	if (lib_sysfs_read(st.st_rdev, "device/vendor", text, sizeof(text)) > 0)
		lib_make_text(&s->maker, o, "Manufacturer", text);
	if (lib_sysfs_read(st.st_rdev, "device/model", text, sizeof(text)) > 0)
		lib_make_text(&s->maker, o, "Model", text);
}

static int measure_volume(struct lib_shred *s, struct libdmwarrant_keystore *ks,
			  const struct libdmwarrant_record *v, struct json_object *volumes)
{
	struct json_object *o = lib_make_object(&s->maker, volumes, NULL);
	struct libdmwarrant_keyset *keyset = NULL;
	struct lib_lun lun = { .path = "" };
	char uuid[37];
	int ret;

	libdmwarrant_uuid_format(v->uuid, uuid);
	lib_make_text(&s->maker, o, "Volume", uuid);
	if (s->q.target.tag)
		lib_make_number(&s->maker, o, "Tag", s->q.target.tag);
	lib_make_text(&s->maker, o, "Name", v->name);
	lib_make_text(&s->maker, o, "SerialNumber", v->wwid);
	if (lib_lun_find(s->ctx, v, NULL, false, &lun))
		lun.path[0] = 0;
	describe_lun(s, lun.path, o);
	if (s->params->flags & LIBDMWARRANT_SHRED_UNMEASURED)
		return leave_unmeasured(s, o);
	if (s->secret.given && lib_volume_keyset(s->ctx, ks, v, &keyset))
		keyset = NULL;
	ret = measure_extents(s, v, &lun, keyset, o);
	if (!ret)
		ret = measure_root(s, v, &lun, keyset, o);
	libdmwarrant_keyset_free(keyset);
	return ret;
}

/** lib_shred_measure() - step: what is about to go is in the log */
int lib_shred_measure(struct lib_shred *s)
{
	struct json_object *body = lib_shred_body(s), *volumes;
	struct libdmwarrant_keystore *ks;
	int ret = lib_shred_keystore(s, true, &ks);
	u32 i;

	if (!ret)
		ret = measure_keys(s, ks, body);
	volumes = lib_make_array(&s->maker, body, "Volumes");
	for (i = 0; !ret && i < s->count; i++)
		ret = measure_volume(s, ks, &s->volumes[i], volumes);
	libdmwarrant_keystore_close(ks);
	if (!ret)
		return lib_shred_write(s, SHRED_MEASURED, body);
	json_object_put(body);
	return ret;
}
