// SPDX-License-Identifier: GPL-2.0-or-later
/* A volume's keys, from the key store of its warrant. */
#include <openssl/crypto.h>

#include "warrant_volume.h"

/**
 * lib_volume_keystore() - open a key store and unlock a warrant's keys in it
 * @ctx:       context
 * @uri:       of the store
 * @read_only: change nothing in it
 * @warrant:   ObjectIdentifier
 * @unlock:    secret
 * @ks:        receives it; libdmwarrant_keystore_close() it
 */
int lib_volume_keystore(struct libdmwarrant *ctx, const char *uri, bool read_only,
			const char *warrant, const struct libdmwarrant_unlock *unlock,
			struct libdmwarrant_keystore **ks)
{
	struct libdmwarrant_keystore_params p = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret;

	*ks = NULL;
	if (libdmwarrant_uuid_parse(warrant, uuid))
		return lib_fail(ctx, -EUCLEAN,
				"the warrant's ObjectIdentifier %s is no UUID: the registry was altered or is damaged; compare it with a backup",
				warrant);
	if (read_only)
		p.flags = LIBDMWARRANT_KEYSTORE_READ_ONLY;
	ret = libdmwarrant_keystore_open(ctx, uri, &p, ks);
	if (!ret)
		ret = libdmwarrant_keystore_unlock(*ks, uuid, unlock);
	if (ret) {
		libdmwarrant_keystore_close(*ks);
		*ks = NULL;
	}
	return ret;
}

/**
 * lib_volume_keyset() - a volume's keys, when they are bound to the same warrant as the volume
 * @ctx:    context
 * @ks:     unlocked
 * @record: of the volume
 * @keyset: receives them; libdmwarrant_keyset_free() it
 *
 * Return: 0; -ENOENT they are not there; -EKEYREJECTED bound to another warrant; errors of the
 * store.
 */
int lib_volume_keyset(struct libdmwarrant *ctx, struct libdmwarrant_keystore *ks,
		      const struct libdmwarrant_record *record,
		      struct libdmwarrant_keyset **keyset)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE], binding[LIBDMWARRANT_DIGEST_SIZE];
	char uuid[37];
	int ret;

	*keyset = NULL;
	libdmwarrant_uuid_format(record->uuid, uuid);
	if (libdmwarrant_uuid_parse(record->warrant, warrant))
		return lib_fail(ctx, -EUCLEAN, "%s is no UUID", record->warrant);
	ret = libdmwarrant_keystore_get(ks, warrant, record->uuid, keyset, binding);
	if (ret == -ENOENT)
		return lib_fail(ctx, ret,
				"the key store %s has no keys of volume %s (%s) under warrant %s; name the store that has them with --keystore",
				libdmwarrant_keystore_uri(ks), record->name, uuid,
				record->warrant);
	if (ret)
		return ret;
	if (!CRYPTO_memcmp(binding, record->digest, sizeof(binding)))
		return 0;
	libdmwarrant_keyset_free(*keyset);
	*keyset = NULL;
	return lib_fail(ctx, -EKEYREJECTED,
			"the keys of volume %s (%s) in %s are bound to another warrant than %s; restore the registry and the key store that belong together",
			record->name, uuid, libdmwarrant_keystore_uri(ks), record->warrant);
}
