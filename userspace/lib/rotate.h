/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rotation inside: what its files share. */
#ifndef LIB_ROTATE_H
#define LIB_ROTATE_H

#include "keystore.h"
#include "lib_tag.h"
#include "libdmwarrant-rotate.h"
#include "registry.h"
#include "warrant_volume.h"

/* ---- rotate_kernel.c ---- */

/**
 * struct lib_epochs - generations of keys, as the kernel has them
 * @current: what is written now is sealed under it
 * @count:   entries
 * @list:    ascending; the last one is @current
 */
struct lib_epochs {
	u32				current;
	u32				count;
	struct libdmwarrant_epoch	list[LIBDMWARRANT_ROTATE_EPOCHS];
};

/**
 * struct lib_sweep - the kernel's sweep
 * @state:    "idle", "running", "paused", "done", "failed"
 * @epoch:    current one
 * @swept:    these and the rest as in struct libdmwarrant_rotation
 * @total:    likewise
 * @resealed: likewise
 * @damaged:  likewise
 * @shredded: likewise
 * @seconds:  likewise
 */
struct lib_sweep {
	char			state[16];
	unsigned int		epoch;
	unsigned long long	swept;
	unsigned long long	total;
	unsigned long long	resealed;
	unsigned long long	damaged;
	unsigned long long	shredded;
	unsigned long long	seconds;
};

int lib_epochs(struct libdmwarrant *ctx, const char *name, struct lib_epochs *e);
bool lib_epochs_has(const struct lib_epochs *e, u32 epoch);
int lib_sweep(struct libdmwarrant *ctx, const char *name, struct lib_sweep *s);
int lib_sweep_start(struct libdmwarrant *ctx, const char *name, u32 share);
int lib_kernel_keys(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		    const struct libdmwarrant_keyset *keyset, u32 epoch);

/* ---- rotate.c ---- */

/**
 * struct lib_rotate - a call under way
 * @ctx:    context
 * @config: with the registry that the volume was opened from
 * @params: of the call
 * @out:    its result
 * @v:      the open volume
 * @epochs: of it, in the kernel
 * @sweep:  of it, likewise
 * @lock:   that keeps other processes of this host away; -1 = not taken
 * @reg:    registry
 * @ks:     key store, unlocked; NULL = not opened
 * @keyset: of the volume; NULL = not gotten
 */
struct lib_rotate {
	struct libdmwarrant				*ctx;
	struct libdmwarrant_config			config;
	const struct libdmwarrant_rotate_params		*params;
	struct libdmwarrant_rotation			*out;
	struct lib_tag_volume				v;
	struct lib_epochs				epochs;
	struct lib_sweep				sweep;
	int						lock;
	struct libdmwarrant_registry			*reg;
	struct libdmwarrant_keystore			*ks;
	struct libdmwarrant_keyset			*keyset;
};

bool lib_rotate_dry_run(const struct lib_rotate *r);
int lib_rotate_begin(struct lib_rotate *r, struct libdmwarrant *ctx,
		     const struct libdmwarrant_config *config,
		     const struct libdmwarrant_rotate_params *params,
		     struct libdmwarrant_rotation *out, bool changes);
int lib_rotate_look(struct lib_rotate *r);
int lib_rotate_ours(struct lib_rotate *r);
int lib_rotate_end(struct lib_rotate *r, int ret);
int lib_rotate_add(struct lib_rotate *r, int err, const char *text);

/* ---- rotate_keys.c ---- */

int lib_rotate_unlock(struct lib_rotate *r);
int lib_rotate_stored(struct lib_rotate *r);
u32 lib_rotate_newest(const struct libdmwarrant_keyset *k);
int lib_rotate_grow(struct lib_rotate *r, u32 epoch, u32 *added);
int lib_rotate_complete(struct lib_rotate *r);
int lib_rotate_put(struct lib_rotate *r);
int lib_rotate_destroy(struct lib_rotate *r, u32 epoch,
		       struct libdmwarrant_destroy_result *result);

/* ---- rotate_audit.c ---- */

/**
 * struct lib_rotate_log - what the audit log says of a volume's epochs
 * @started: newest epoch whose beginning is an entry; 0 = none
 * @retired: that has left the volume, but whose keys are not known to be destroyed; 0 = none
 */
struct lib_rotate_log {
	u32	started;
	u32	retired;
};

int lib_rotate_reference(struct lib_rotate *r);
int lib_rotate_log(struct lib_rotate *r, struct lib_rotate_log *log);
int lib_rotate_log_started(struct lib_rotate *r);
int lib_rotate_log_retired(struct lib_rotate *r, u32 epoch);
int lib_rotate_log_destroyed(struct lib_rotate *r, u32 epoch,
			     const struct libdmwarrant_destroy_result *d);
void lib_rotate_log_refused(struct lib_rotate *r, const char *action);

/* ---- rotate_finish.c ---- */

int lib_rotate_damaged(struct lib_rotate *r);

/* ---- rotate_status.c ---- */

void lib_rotate_describe(struct lib_rotate *r);

#endif
