// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shredding in the kernel: keys are dropped, sectors closed for ever. Who may want that, and the key
 * store, are the caller's affair.
 */
#include "lib_tag.h"

/* ---- a tag ---- */

static int count(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct {
		u32				tag;
		struct lib_tag_shred_result	*result;
	} *c = arg;

	if (e->tag != c->tag)
		return 0;
	c->result->sectors += e->length;
	if (e->written)
		c->result->written += e->length;
	return 0;
}

static int count_sectors(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag,
			 struct lib_tag_shred_result *result)
{
	struct {
		u32				tag;
		struct lib_tag_shred_result	*result;
	} c = { tag, result };

	return lib_tag_extents(ctx, v, 0, v->sectors, count, &c);
}

/* Not by its record: an array that has damaged that must not keep the tag from being shredded. */
static int find_state(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag, u32 *state)
{
	struct lib_tag_states s;
	int ret;

	if (tag == DMW_TAG_DEFAULT)
		return lib_fail(ctx, -EPERM,
				"the default tag holds the file system itself; to shred it is to shred the volume");
	ret = lib_tag_states(ctx, v, &s);
	if (ret)
		return ret;
	*state = lib_tag_states_find(&s, tag);
	lib_tag_states_free(&s);
	return *state ? 0 : lib_fail(ctx, -ENOENT, "%s has no tag %u", v->name, tag);
}

/* The kernel drops the keys, and cannot tell the LUN. */
static int tell_kernel(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag,
		       struct lib_tag_shred_result *result)
{
	char *reply;
	int ret = lib_dm_ask(ctx, v->name, &reply, "tag_state %u shredded", tag);

	free(reply);
	result->recorded = !ret;
	return v->read_only && ret == -EROFS ? 0 : ret;
}

static int shred(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag, u32 flags,
		 struct lib_tag_shred_result *result)
{
	struct libdmwarrant_tag_state_result r = { .version = LIBDMWARRANT_TAG_STATE_VERSION };
	u32 close_flags = 0;
	int ret;

	if (flags & LIB_TAG_SHRED_DRY_RUN)
		close_flags |= LIBDMWARRANT_TAG_STATE_DRY_RUN;
	if (flags & LIB_TAG_SHRED_UNMOUNTED)
		close_flags |= LIBDMWARRANT_TAG_STATE_UNMOUNTED;
	ret = lib_tag_close(ctx, v, tag, LIBDMWARRANT_TAG_SHREDDED, close_flags, &r);
	result->mounts = r.mounts;
	result->files = r.files;
	if (flags & LIB_TAG_SHRED_UNMOUNTED)
		result->check = LIB_SHRED_UNKNOWN;
	else
		result->check = r.mounts ? LIB_SHRED_CLEAN : LIB_SHRED_NO_FILES;
	result->recorded = !ret && !(flags & LIB_TAG_SHRED_DRY_RUN);
	return ret;
}

int lib_tag_shred(struct libdmwarrant *ctx, const char *volume, u32 tag, u32 flags,
		  struct lib_tag_shred_result *result)
{
	struct lib_tag_volume v;
	u32 state;
	int ret;

	memset(result, 0, sizeof(*result));
	result->check = LIB_SHRED_UNKNOWN;
	ret = lib_tag_volume(ctx, volume, &v);
	if (!ret)
		ret = find_state(ctx, &v, tag, &state);
	if (!ret)
		ret = count_sectors(ctx, &v, tag, result);
	if (ret)
		return ret;
	result->already = state == LIBDMWARRANT_TAG_SHREDDED;
	/* Its files are closed already, or cannot be. */
	if (!result->already && !v.read_only)
		return shred(ctx, &v, tag, flags, result);
	return flags & LIB_TAG_SHRED_DRY_RUN ? 0 : tell_kernel(ctx, &v, tag, result);
}

/**
 * lib_tag_record_shreds() - a volume was opened for writing: its tag table learns what its keyset knows
 * @ctx:    context
 * @volume: name
 * @keyset: that it was opened with
 *
 * The kernel keeps what is marked in the keyset closed anyway; so nothing is lost when this fails, and
 * the next opening tries again.
 */
void lib_tag_record_shreds(struct libdmwarrant *ctx, const char *volume,
			   const struct libdmwarrant_keyset *keyset)
{
	u32 i, tag, epoch;
	char *reply;

	for (i = 0; !libdmwarrant_keyset_entry(keyset, i, &tag, &epoch); i++) {
		if (epoch != DMW_EPOCH_SHREDDED)
			continue;
		lib_dm_ask(ctx, volume, &reply, "tag_state %u shredded", tag);
		free(reply);
	}
}

/* ---- a volume ---- */

int lib_volume_keys_forget(struct libdmwarrant *ctx, const char *volume)
{
	struct lib_tag_volume v;
	char *reply;
	int ret = lib_tag_volume(ctx, volume, &v);

	if (ret)
		return ret;
	ret = lib_dm_ask(ctx, v.name, &reply, "keys_forget");
	free(reply);
	return ret;
}
