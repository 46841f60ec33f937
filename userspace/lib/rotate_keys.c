// SPDX-License-Identifier: GPL-2.0-or-later
/* Rotation: the keys in the store. */
#include "rotate.h"

/* ---- what is there ---- */

struct stored {
	struct lib_rotate	*r;
	bool			too_many;
};

/* Into its place among the others, ascending. */
static void insert(struct libdmwarrant_rotation *out, u32 epoch, bool *too_many)
{
	u32 i = out->stored_count;

	if (i == ARRAY_SIZE(out->stored_epochs)) {
		*too_many = true;
		return;
	}
	for (; i && out->stored_epochs[i - 1] > epoch; i--)
		out->stored_epochs[i] = out->stored_epochs[i - 1];
	out->stored_epochs[i] = epoch;
	out->stored_count++;
}

static int take_key(void *arg, const struct libdmwarrant_keystore_key *k)
{
	struct stored *s = arg;
	struct libdmwarrant_rotation *out = s->r->out;
	u32 i;

	if (!k->epoch || memcmp(k->volume, out->record.uuid, sizeof(k->volume)))
		return 0;
	for (i = 0; i < out->stored_count; i++)
		if (out->stored_epochs[i] == k->epoch)
			return 0;
	insert(out, k->epoch, &s->too_many);
	return 0;
}

/** lib_rotate_stored() - of which epochs the open store has keys; locked or not */
int lib_rotate_stored(struct lib_rotate *r)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	struct libdmwarrant_rotation *out = r->out;
	u8 warrant[LIBDMWARRANT_UUID_SIZE];
	struct stored s = { .r = r };
	int ret;

	out->stored_count = 0;
	out->flags &= ~LIBDMWARRANT_ROTATION_STORE;
	if (libdmwarrant_uuid_parse(out->record.warrant, warrant))
		return lib_fail(r->ctx, -EUCLEAN, "%s is no UUID", out->record.warrant);
	ret = libdmwarrant_keystore_warrant(r->ks, warrant, &w);
	if (!ret)
		ret = libdmwarrant_keystore_keys(r->ks, warrant, take_key, &s);
	if (ret)
		return ret;
	if (s.too_many || !out->stored_count)
		return lib_fail(r->ctx, -EUCLEAN, "the key store %s has %s of %s; restore it from a backup",
				libdmwarrant_keystore_uri(r->ks),
				s.too_many ? "too many epochs" : "no keys", r->v.name);
	out->key_generation = w.generation;
	out->wrap_generation = w.wrap_generation;
	out->flags |= LIBDMWARRANT_ROTATION_STORE;
	return 0;
}

/** lib_rotate_unlock() - open the store, unlock the warrant, get the volume's keys */
int lib_rotate_unlock(struct lib_rotate *r)
{
	const struct libdmwarrant_rotate_params *p = r->params;
	const struct libdmwarrant_record *record = &r->out->record;
	int ret;

	if (!p->unlock)
		return lib_fail(r->ctx, -EINVAL,
				"no secret was given that unlocks the keys; name a passphrase or a key file");
	ret = lib_volume_keystore(r->ctx, p->keystore ? p->keystore : record->keystore,
				  lib_rotate_dry_run(r), record->warrant, p->unlock, &r->ks);
	if (!ret)
		ret = lib_volume_keyset(r->ctx, r->ks, record, &r->keyset);
	if (!ret)
		ret = lib_rotate_stored(r);
	if (!ret)
		lib_rotate_describe(r);
	return ret;
}

/** lib_rotate_newest() - the newest epoch of a keyset: that of its newest metadata key */
u32 lib_rotate_newest(const struct libdmwarrant_keyset *k)
{
	u32 i, tag, epoch, newest = 0;

	for (i = 0; !libdmwarrant_keyset_entry(k, i, &tag, &epoch); i++)
		if (tag == LIBDMWARRANT_TAG_METADATA && epoch > newest)
			newest = epoch;
	return newest;
}

/* ---- which there must be ---- */

/* Call @fn for every tag that has a key in each epoch. */
static int each_tag(struct lib_rotate *r, u32 epoch, int (*fn)(struct lib_rotate *r, u32 tag,
							       u32 epoch, void *arg), void *arg)
{
	struct lib_tag_states s;
	size_t i;
	int ret = lib_tag_states(r->ctx, &r->v, &s);

	if (ret)
		return ret;
	ret = fn(r, DMW_TAG_METADATA, epoch, arg);
	if (!ret)
		ret = fn(r, DMW_TAG_DEFAULT, epoch, arg);
	for (i = 0; i < s.count && !ret; i++)
		if (s.tags[i].state != LIBDMWARRANT_TAG_SHREDDED &&
		    !dmw_keyset_is_shredded(r->keyset->disk, s.tags[i].tag))
			ret = fn(r, s.tags[i].tag, epoch, arg);
	lib_tag_states_free(&s);
	return ret;
}

static int check_one(struct lib_rotate *r, u32 tag, u32 epoch, void *arg)
{
	char name[32] = "metadata key";

	(void)arg;
	if (dmw_keyset_find(r->keyset->disk, tag, epoch))
		return 0;
	if (tag != DMW_TAG_METADATA)
		snprintf(name, sizeof(name), "key of tag %u", tag);
	return lib_fail(r->ctx, -ENOKEY,
			"the key store %s lacks the %s, epoch %u, of %s: it is an older copy; restore the newer one, nothing was destroyed",
			libdmwarrant_keystore_uri(r->ks), name, epoch, r->v.name);
}

/**
 * lib_rotate_complete() - has the store all keys of the current epoch, the same as the kernel?
 *
 * What only the kernel has would be lost with the next crash. A dry run asks only for their presence.
 */
int lib_rotate_complete(struct lib_rotate *r)
{
	int ret = each_tag(r, r->epochs.current, check_one, NULL);

	if (ret || lib_rotate_dry_run(r))
		return ret;
	return lib_kernel_keys(r->ctx, &r->v, r->keyset, r->epochs.current);
}

/* ---- new ones ---- */

static int grow_one(struct lib_rotate *r, u32 tag, u32 epoch, void *arg)
{
	u32 *added = arg;
	int ret;

	/* Left by a start that was interrupted. */
	if (dmw_keyset_find(r->keyset->disk, tag, epoch))
		return 0;
	ret = lib_keyset_append(r->ctx, r->keyset, tag, epoch, NULL);
	*added += !ret;
	return ret == -ENOSPC ?
	       lib_fail(r->ctx, ret,
			"%s has too many tags to be rotated: a keyset holds %u keys, those of both epochs; move cases to another volume",
			r->v.name, DMW_KEYSET_MAX_KEYS) : ret;
}

/**
 * lib_rotate_grow() - add what the keyset lacks of an epoch; it is in memory only
 * @r:     rotation
 * @epoch: which
 * @added: receives the number of new keys
 */
int lib_rotate_grow(struct lib_rotate *r, u32 epoch, u32 *added)
{
	return each_tag(r, epoch, grow_one, added);
}

/** lib_rotate_put() - store the keyset; when it returns 0 it is durable and was read back */
int lib_rotate_put(struct lib_rotate *r)
{
	const struct libdmwarrant_record *record = &r->out->record;
	u8 warrant[LIBDMWARRANT_UUID_SIZE];
	int ret;

	if (libdmwarrant_uuid_parse(record->warrant, warrant))
		return lib_fail(r->ctx, -EUCLEAN, "%s is no UUID", record->warrant);
	ret = libdmwarrant_keystore_put(r->ks, warrant, r->keyset, record->digest);
	return ret ? ret : lib_rotate_stored(r);
}

/* ---- old ones ---- */

/** lib_rotate_destroy() - destroy the keys of an epoch, and see that they are gone */
int lib_rotate_destroy(struct lib_rotate *r, u32 epoch,
		       struct libdmwarrant_destroy_result *result)
{
	struct libdmwarrant_destroy_params p = {
		.version = LIBDMWARRANT_DESTROY_VERSION,
		.scope = LIBDMWARRANT_DESTROY_EPOCH,
		.epoch = epoch,
	};
	u32 i;
	int ret;

	if (libdmwarrant_uuid_parse(r->out->record.warrant, p.warrant))
		return lib_fail(r->ctx, -EUCLEAN, "%s is no UUID", r->out->record.warrant);
	memcpy(p.volume, r->out->record.uuid, sizeof(p.volume));
	memcpy(p.reference, r->out->reference, sizeof(p.reference));
	ret = libdmwarrant_keystore_destroy(r->ks, &p, result);
	if (!ret)
		ret = lib_rotate_stored(r);
	if (ret)
		return ret;
	for (i = 0; i < r->out->stored_count; i++)
		if (r->out->stored_epochs[i] == epoch)
			return lib_fail(r->ctx, -EIO,
					"the key store %s still shows keys of epoch %u after they were destroyed",
					libdmwarrant_keystore_uri(r->ks), epoch);
	return 0;
}
