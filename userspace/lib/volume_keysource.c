// SPDX-License-Identifier: GPL-2.0-or-later
/* The keyset of a volume in its warrant's key store: for new tags to get their keys, or to look. */
#include <time.h>

#include "warrant_volume.h"

#define LOCK_MS		60000

struct volume_source {
	struct libdmwarrant_record		record;
	char					keystore[512];
	const struct libdmwarrant_unlock	*unlock;
	struct libdmwarrant_keystore		*ks;	/* from the first get on */
	int					lock;	/* -1 = not held */
};

static void release(void *arg)
{
	struct volume_source *s = arg;

	lib_volume_unlock(s->lock);
	s->lock = -1;
}

/* The store's own locks last for one call; between get and put this one keeps others away. */
static int get(void *arg, struct libdmwarrant *ctx, struct libdmwarrant_keyset **keyset)
{
	struct volume_source *s = arg;
	int ret = 0;

	s->lock = lib_volume_lock(ctx, s->record.uuid, LOCK_MS);
	if (s->lock < 0)
		return s->lock;
	if (!s->ks)
		ret = lib_volume_keystore(ctx, s->keystore, false, s->record.warrant, s->unlock,
					  &s->ks);
	if (!ret)
		ret = lib_volume_keyset(ctx, s->ks, &s->record, keyset);
	if (ret)
		release(s);
	return ret;
}

static int put(void *arg, struct libdmwarrant *ctx, const struct libdmwarrant_keyset *keyset)
{
	struct volume_source *s = arg;
	u8 warrant[LIBDMWARRANT_UUID_SIZE];

	if (libdmwarrant_uuid_parse(s->record.warrant, warrant))
		return lib_fail(ctx, -EUCLEAN, "%s is no UUID", s->record.warrant);
	return libdmwarrant_keystore_put(s->ks, warrant, keyset, s->record.digest);
}

static int find_record(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg,
		       const char *volume, enum libdmwarrant_use use,
		       struct libdmwarrant_record *record)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	char uuid[37], *json;
	int ret;

	/* Open under whatever name: its UUID is what the registry knows for sure. */
	if (!libdmwarrant_status(ctx, volume, &s)) {
		libdmwarrant_uuid_format(s.uuid, uuid);
		volume = uuid;
	}
	record->version = LIBDMWARRANT_RECORD_VERSION;
	ret = libdmwarrant_registry_volume_get(reg, volume, record);
	if (!ret)
		ret = libdmwarrant_warrant_get(reg, record->warrant, &json);
	if (ret)
		return ret;
	ret = libdmwarrant_warrant_usable(ctx, json, time(NULL), use);
	free(json);
	return ret;
}

int libdmwarrant_keysource_volume(struct libdmwarrant *ctx,
				  const struct libdmwarrant_config *config, const char *volume,
				  enum libdmwarrant_use use, const char *keystore,
				  const struct libdmwarrant_unlock *unlock,
				  struct libdmwarrant_keysource *source)
{
	struct libdmwarrant_registry *reg;
	struct volume_source *s;
	int ret;

	if (source->version != LIBDMWARRANT_KEYSOURCE_VERSION)
		return lib_fail_version(ctx, source->version, LIBDMWARRANT_KEYSOURCE_VERSION);
	s = calloc(1, sizeof(*s));
	if (!s)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	s->lock = -1;
	s->unlock = unlock;
	ret = libdmwarrant_registry_open(ctx, config->registry, LIBDMWARRANT_REGISTRY_READ_ONLY,
					 &reg);
	if (!ret) {
		ret = find_record(ctx, reg, volume, use, &s->record);
		libdmwarrant_registry_close(reg);
	}
	if (ret) {
		free(s);
		return ret;
	}
	lib_copy(s->keystore, sizeof(s->keystore), keystore ? keystore : s->record.keystore);
	source->get = get;
	source->put = put;
	source->release = release;
	source->arg = s;
	return 0;
}

void libdmwarrant_keysource_volume_free(struct libdmwarrant_keysource *source)
{
	struct volume_source *s = source->arg;

	if (!s)
		return;
	release(s);
	libdmwarrant_keystore_close(s->ks);
	free(s);
	source->arg = NULL;
}
