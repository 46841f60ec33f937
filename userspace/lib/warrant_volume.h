/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the operations on volumes by warrant share. */
#ifndef LIB_WARRANT_VOLUME_H
#define LIB_WARRANT_VOLUME_H

#include "libdmwarrant-volume.h"
#include "lib_private.h"

#define LIB_RUN_DIR	"/run/dm-warrant"

/* ---- volume_lun.c ---- */

/**
 * struct lib_lun - a LUN that was looked at
 * @path:   of the device to use: the multipath map rather than its paths
 * @wwid:   as lib_lun_wwid() has it
 * @held:   by another device, through which it is to be used
 * @error:  why it shows no volume; 0 = it does
 * @volume: what it says in the clear
 */
struct lib_lun {
	char				path[256];
	char				wwid[160];
	bool				held;
	int				error;
	struct libdmwarrant_volume	volume;
};

void lib_lun_wwid(char *wwid);
bool lib_lun_is_of(const struct libdmwarrant_record *r, const char *wwid, const char *path);
int lib_lun_find(struct libdmwarrant *ctx, const struct libdmwarrant_record *record,
		 const char *hint, bool moved, struct lib_lun *lun);

/* ---- volume_lock.c ---- */

int lib_run_file(struct libdmwarrant *ctx, const u8 *uuid, const char *suffix, char *path,
		 size_t size);
int lib_volume_lock(struct libdmwarrant *ctx, const u8 *uuid, u32 timeout_ms);
void lib_volume_unlock(int lock);
int lib_guard_lock(struct libdmwarrant *ctx, const u8 *uuid);
s64 lib_guard_pid(const u8 *uuid);

/* ---- volume_pending.c ---- */

int lib_pending_write(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
		      const u8 *uuid, const struct libdmwarrant_anchor *a, char *path, size_t size);
int lib_pending_deliver(const struct libdmwarrant_config *config,
			struct libdmwarrant_registry *reg, const u8 *uuid);
bool lib_pending_is(const struct libdmwarrant_config *config, const u8 *uuid);

/* ---- volume_origin.c ---- */

int lib_origin_write(struct libdmwarrant *ctx, const u8 *uuid, const char *registry);
bool lib_origin_read(const u8 *uuid, struct libdmwarrant_config *config);
void lib_origin_remove(const u8 *uuid);

/* ---- volume_keys.c ---- */

int lib_volume_keystore(struct libdmwarrant *ctx, const char *uri, bool read_only,
			const char *warrant, const struct libdmwarrant_unlock *unlock,
			struct libdmwarrant_keystore **ks);
int lib_volume_keyset(struct libdmwarrant *ctx, struct libdmwarrant_keystore *ks,
		      const struct libdmwarrant_record *record,
		      struct libdmwarrant_keyset **keyset);

/* ---- volume_rollback.c ---- */

int lib_rolled_back(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg,
		    const struct libdmwarrant_record *record, const struct lib_lun *lun,
		    const struct libdmwarrant_keyset *keyset);

#endif
