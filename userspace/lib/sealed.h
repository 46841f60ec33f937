/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed keys of a warrant: what can be read by all who have the file, and what cannot. */
#ifndef LIB_SEALED_H
#define LIB_SEALED_H

#include "keystore.h"
#include "store_dir.h"

#define LIB_SEALED_VOLUMES_MAX	4096
#define LIB_SEALED_KEYS_MAX	(1U << 18)

/** struct lib_sealed_volume - a volume; its keys lie one behind the other */
struct lib_sealed_volume {
	u8	uuid[LIBDMWARRANT_UUID_SIZE];
	u8	binding[LIBDMWARRANT_DIGEST_SIZE];
	u64	created;
	u32	keys;
};

/** struct lib_sealed_key - what is known of a key without the key */
struct lib_sealed_key {
	u32	tag;
	u32	epoch;
	u8	id[LIBDMWARRANT_KEY_ID_SIZE];
	u64	created;
};

/**
 * struct lib_sealed - all keys of a warrant
 * @warrant:      ObjectIdentifier
 * @generation:   counts changes
 * @changed:      when
 * @slot:         LUKS slot of the rolling key that seals them
 * @tombstones:   destructions that there were
 * @head:         digest of those
 * @volumes:      volumes
 * @volume_count: number of them
 * @keys:         keys
 * @key_count:    number of them
 * @secrets:      the keys themselves, DMW_KEY_SIZE bytes each; NULL = sealed
 * @secrets_size: bytes allocated for them
 * @raw:          the file; NULL = not from a file
 * @raw_size:     bytes of it
 */
struct lib_sealed {
	u8				warrant[LIBDMWARRANT_UUID_SIZE];
	u64				generation;
	u64				changed;
	u32				slot;
	u64				tombstones;
	u8				head[LIBDMWARRANT_DIGEST_SIZE];
	struct lib_sealed_volume	*volumes;
	u32				volume_count;
	struct lib_sealed_key		*keys;
	u32				key_count;
	u8				*secrets;
	size_t				secrets_size;
	u8				*raw;
	size_t				raw_size;
};

int lib_sealed_init(struct libdmwarrant *ctx, struct lib_sealed *s, u32 volumes, u32 keys);
int lib_sealed_read(const struct lib_dir *d, const char *name, const u8 *warrant,
		    struct lib_sealed *s);
int lib_sealed_open(struct libdmwarrant *ctx, struct lib_sealed *s, const u8 *rolling);
int lib_sealed_write(const struct lib_dir *d, const char *name, const struct lib_sealed *s,
		     const u8 *rolling);
void lib_sealed_free(struct lib_sealed *s);

/** lib_sealed_find() - a volume and its first key. Return: NULL = none */
static inline struct lib_sealed_volume *lib_sealed_find(const struct lib_sealed *s,
							const u8 *volume, u32 *first)
{
	u32 i;

	*first = 0;
	for (i = 0; i < s->volume_count; i++) {
		if (!memcmp(s->volumes[i].uuid, volume, LIBDMWARRANT_UUID_SIZE))
			return &s->volumes[i];
		*first += s->volumes[i].keys;
	}
	return NULL;
}

#endif
