// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is being shredded is not opened any more. The keys leave the kernels before they leave the key
 * store; a volume that was opened in between would bring them back into a kernel, and nobody would
 * look there again.
 */
#include "keystore.h"
#include "shred.h"

/** struct bar - a request that stands against opening a volume */
struct bar {
	const struct libdmwarrant_record	*record;
	const struct libdmwarrant_keyset	*keyset;
	char					uuid[37];
	char					request[37];
	u32					tag;
};

static bool is_about(const struct bar *b, struct json_object *begun, u32 tag)
{
	const char *volume = lib_json_text(begun, "Volume");

	if (volume[0] ? strcmp(volume, b->uuid) :
			strcmp(lib_json_text(begun, "Warrant"), b->record->warrant))
		return false;
	return !tag || (b->keyset && lib_shred_has_tag(b->keyset, tag));
}

static int take(void *arg, const struct lib_audit_entry *e)
{
	struct bar *b = arg;
	u32 tag = lib_json_number(e->body, "Tag");

	if (b->request[0] || !is_about(b, e->body, tag))
		return 0;
	lib_copy(b->request, sizeof(b->request), lib_json_text(e->body, "Request"));
	b->tag = tag;
	return 0;
}

static int refuse(struct libdmwarrant *ctx, const struct bar *b)
{
	char what[32] = "it";

	if (b->tag)
		snprintf(what, sizeof(what), "its tag %u", b->tag);
	return lib_fail(ctx, -EKEYREVOKED,
			"volume %s cannot be opened: request %s has begun to shred %s, and the keys are still in the key store; go on with warrantctl shred resume %s, and if that is done, the key store is an older copy",
			b->record->name, b->request, what, b->request);
}

/**
 * lib_shred_allows() - may a volume be opened with these keys, as far as shreds are concerned?
 * @reg:    registry
 * @record: of the volume
 * @keyset: that it would be opened with; NULL = no tag's
 *
 * Asked once more when the volume is marked as open: a shred that begins after that finds the mark,
 * one that has begun before is found here.
 *
 * Return: 0; -EKEYREVOKED a shred of the volume, of its warrant or of a tag in @keyset has begun.
 */
int lib_shred_allows(struct libdmwarrant_registry *reg, const struct libdmwarrant_record *record,
		     const struct libdmwarrant_keyset *keyset)
{
	static const char *const kinds[] = { SHRED_BEGUN, NULL };
	struct bar b = { .record = record, .keyset = keyset };
	int ret = lib_registry_begin(reg, false);

	libdmwarrant_uuid_format(record->uuid, b.uuid);
	if (!ret)
		ret = lib_registry_end(reg, lib_audit_each(reg, kinds, take, &b));
	return !ret && b.request[0] ? refuse(reg->ctx, &b) : ret;
}
