/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LUKS2 header of a warrant, through libcryptsetup. */
#ifndef LIB_LUKS_H
#define LIB_LUKS_H

#include <libcryptsetup.h>

#include "keystore.h"
#include "store_dir.h"

#define LIB_KEK_SIZE	64

/**
 * struct lib_luks - a loaded header
 * @ctx:  context
 * @dir:  directory of the warrant
 * @cd:   libcryptsetup's handle; NULL = not loaded
 * @log:  what it has complained of last
 */
struct lib_luks {
	struct libdmwarrant	*ctx;
	const struct lib_dir	*dir;
	struct crypt_device	*cd;
	char			log[200];
};

int lib_luks_format(const struct lib_dir *d, const char *name, const u8 *warrant, const u8 *kek,
		    struct lib_luks *l);
int lib_luks_load(const struct lib_dir *d, const char *name, struct lib_luks *l);
void lib_luks_free(struct lib_luks *l);
int lib_luks_failed(struct lib_luks *l, int err, const char *what);

int lib_luks_unlock(struct lib_luks *l, const struct libdmwarrant_unlock *unlock,
		    const struct lib_secret *secret, u8 *kek, int *slot);
int lib_luks_method_add(struct lib_luks *l, const u8 *kek,
			const struct libdmwarrant_unlock *unlock,
			const struct lib_secret *secret, int *slot);
int lib_luks_method_remove(struct lib_luks *l, int slot);
int lib_luks_methods(struct lib_luks *l, int used, lib_method_fn fn, void *arg);
int lib_luks_clevis(struct lib_luks *l, u8 *kek, int *slot);

int lib_luks_rolling_add(struct lib_luks *l, const u8 *warrant, const u8 *kek, const u8 *rolling,
			 int *slot);
int lib_luks_rolling_get(struct lib_luks *l, const u8 *warrant, const u8 *kek, int slot,
			 u8 *rolling);
int lib_luks_rolling_count(struct lib_luks *l);
int lib_luks_rolling_wipe(struct lib_luks *l, int keep);

u64 lib_luks_rewraps(struct lib_luks *l);
int lib_luks_rewraps_set(struct lib_luks *l, u64 rewraps);

int lib_luks_pbkdf(struct lib_luks *l, const struct libdmwarrant_unlock *unlock);

#endif
