/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant, rotation: new keys for a volume of a warrant while it is in use.
 *
 * The conventions of libdmwarrant.h hold. A volume is named as in libdmwarrant-volume.h, and must
 * be open for writing on this host.
 *
 * A rotation is one new epoch: new keys in the key store, durable -> in the kernel -> the epoch
 * begins -> the kernel's sweep seals every old sector anew -> the old epoch leaves the volume -> the
 * checkpoint that says so is anchored in the registry -> the old keys are destroyed in the store
 * -> the kernel forgets them. The first half is libdmwarrant_rotate_start(), the second
 * libdmwarrant_rotate_finish(). Interrupted anywhere, the same call goes on where it stopped; no
 * step is taken before the one in front of it is durable, and no epoch gets a second set of keys.
 *
 * This is not libdmwarrant_keystore_rewrap(), which changes what unlocks the store, not the keys.
 */
#ifndef LIBDMWARRANT_ROTATE_H
#define LIBDMWARRANT_ROTATE_H

#include "libdmwarrant-volume.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_ROTATE_VERSION	1

#define LIBDMWARRANT_ROTATE_DRY_RUN	(1U << 0)	/* all checks, no change */
#define LIBDMWARRANT_ROTATE_QUIET	(1U << 1)	/* a refusal is not put into the audit log */

#define LIBDMWARRANT_ROTATE_SHARE	50	/* per cent, unless @share says otherwise */

/**
 * struct libdmwarrant_rotate_params - what to rotate, and how
 * @version:  LIBDMWARRANT_ROTATE_VERSION
 * @flags:    LIBDMWARRANT_ROTATE_...
 * @volume:   which
 * @keystore: URI; NULL = as the registry has it
 * @unlock:   what unlocks the warrant's keys; NULL where no keys are needed: to pause, to resume,
 *            to see the status, and in a dry run, which then goes as far as it can
 * @share:    of the volume's time, in per cent, that the sweep may take while others use the volume;
 *            0 = LIBDMWARRANT_ROTATE_SHARE
 * @pad:      zero
 * @reserved: zero
 */
struct libdmwarrant_rotate_params {
	uint32_t				version;
	uint32_t				flags;
	const char				*volume;
	const char				*keystore;
	const struct libdmwarrant_unlock	*unlock;
	uint32_t				share;
	uint32_t				pad;
	uint64_t				reserved[8];
};

/**
 * enum libdmwarrant_rotate_phase - how far a rotation is, and so what is to be done
 * @LIBDMWARRANT_ROTATE_NONE:     there is none: one epoch, here and in the key store
 * @LIBDMWARRANT_ROTATE_PREPARED: the store has keys of a new epoch that has not begun: start again
 * @LIBDMWARRANT_ROTATE_SWEEPING: sectors are sealed anew
 * @LIBDMWARRANT_ROTATE_PAUSED:   as it was asked for: resume
 * @LIBDMWARRANT_ROTATE_STOPPED:  nobody has started the sweep since the volume was opened: resume
 * @LIBDMWARRANT_ROTATE_FAILED:   the sweep has ended before its time: see the kernel's log; resume
 * @LIBDMWARRANT_ROTATE_DAMAGED:  swept, but sectors of the old epoch cannot be read: its keys stay
 * @LIBDMWARRANT_ROTATE_SWEPT:    nothing is under the old epoch: finish
 * @LIBDMWARRANT_ROTATE_RETIRED:  the volume has left the old epoch; its keys are to go: finish
 */
enum libdmwarrant_rotate_phase {
	LIBDMWARRANT_ROTATE_NONE	= 0,
	LIBDMWARRANT_ROTATE_PREPARED	= 1,
	LIBDMWARRANT_ROTATE_SWEEPING	= 2,
	LIBDMWARRANT_ROTATE_PAUSED	= 3,
	LIBDMWARRANT_ROTATE_STOPPED	= 4,
	LIBDMWARRANT_ROTATE_FAILED	= 5,
	LIBDMWARRANT_ROTATE_DAMAGED	= 6,
	LIBDMWARRANT_ROTATE_SWEPT	= 7,
	LIBDMWARRANT_ROTATE_RETIRED	= 8,
};

/** libdmwarrant_rotate_phase_name() - "sweeping", for people and for JSON; "unknown" */
const char *libdmwarrant_rotate_phase_name(enum libdmwarrant_rotate_phase phase);

#define LIBDMWARRANT_ROTATE_EPOCHS	8	/* that a volume can have at a time */

/**
 * struct libdmwarrant_epoch - a generation of keys
 * @epoch:    number, from 1 on
 * @current:  1 = what is written now is sealed under it
 * @created:  when it began, Unix seconds
 * @reserved: zero
 */
struct libdmwarrant_epoch {
	uint32_t	epoch;
	uint32_t	current;
	uint64_t	created;
	uint64_t	reserved[2];
};

#define LIBDMWARRANT_ROTATION_BEGUN	(1U << 0)	/* this call has begun the epoch */
#define LIBDMWARRANT_ROTATION_CONTINUED	(1U << 1)	/* this call found one begun, and went on */
#define LIBDMWARRANT_ROTATION_FINISHED	(1U << 2)	/* this call has destroyed the old keys */
#define LIBDMWARRANT_ROTATION_STORE	(1U << 3)	/* @stored_epochs and below are valid */

/**
 * struct libdmwarrant_rotation - how far it is
 * @version:         LIBDMWARRANT_ROTATE_VERSION
 * @flags:           LIBDMWARRANT_ROTATION_...
 * @phase:           enum libdmwarrant_rotate_phase
 * @epoch:           that is current in the volume; of a dry run, as it would be
 * @record:          of the volume in the registry
 * @epoch_count:     entries in @epochs
 * @share:           that was asked for by this call; 0 = by another one
 * @epochs:          of the volume, the current one among them
 * @swept:           sectors that the sweep has looked at
 * @total:           sectors of the volume
 * @resealed:        sectors that it has sealed anew
 * @damaged:         sectors that it could not read
 * @shredded:        sectors that nobody can read, and that stay as they are
 * @seconds:         that it has been at work
 * @eta_seconds:     that it will be, at this rate; 0 = not known
 * @new_keys:        keys that this call has put into the store, or would
 * @destroyed_keys:  keys that this call has destroyed there
 * @reference:       the rotation's: what the tombstones of the old keys say
 * @anchor:          checkpoint that was anchored before keys were destroyed; 0 = none by this call
 * @stored_count:    entries in @stored_epochs
 * @pad:             zero
 * @stored_epochs:   of which the key store has keys of this volume
 * @key_generation:  of the sealed keys in the store: one more with each change of them
 * @wrap_generation: of the secrets that unlock them: one more with each rewrap
 * @reserved:        zero
 */
struct libdmwarrant_rotation {
	uint32_t			version;
	uint32_t			flags;
	uint32_t			phase;
	uint32_t			epoch;
	struct libdmwarrant_record	record;
	uint32_t			epoch_count;
	uint32_t			share;
	struct libdmwarrant_epoch	epochs[LIBDMWARRANT_ROTATE_EPOCHS];
	uint64_t			swept;
	uint64_t			total;
	uint64_t			resealed;
	uint64_t			damaged;
	uint64_t			shredded;
	uint64_t			seconds;
	uint64_t			eta_seconds;
	uint32_t			new_keys;
	uint32_t			destroyed_keys;
	uint8_t				reference[LIBDMWARRANT_DIGEST_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint32_t			stored_count;
	uint32_t			pad;
	uint32_t			stored_epochs[2 * LIBDMWARRANT_ROTATE_EPOCHS];
	uint64_t			key_generation;
	uint64_t			wrap_generation;
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_rotate_start() - begin a rotation, or go on with one that was begun
 * @ctx:      context
 * @config:   registry
 * @params:   which
 * @rotation: receives how far it is
 *
 * New keys for metadata, default tag and every tag that is not shredded. When it fails the volume is
 * as before; keys that are in the store by then are the ones that the next call uses.
 *
 * Return: 0 the sweep is at work; -ENXIO not open; -EROFS open read-only; -ENOENT not in the
 * registry; -EBUSY the registry says that another host has it, or the keys of the rotation before
 * are still to be destroyed; -ENOKEY the store lacks keys that the volume has; what
 * libdmwarrant_keystore_unlock() and libdmwarrant_keystore_put() return.
 */
int libdmwarrant_rotate_start(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const struct libdmwarrant_rotate_params *params,
			      struct libdmwarrant_rotation *rotation);

/** libdmwarrant_rotate_pause() - stop the sweep until it is resumed, or the volume opened again */
int libdmwarrant_rotate_pause(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const struct libdmwarrant_rotate_params *params,
			      struct libdmwarrant_rotation *rotation);

/** libdmwarrant_rotate_resume() - start the sweep again. -EINVAL there is nothing to sweep */
int libdmwarrant_rotate_resume(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_rotate_params *params,
			       struct libdmwarrant_rotation *rotation);

/**
 * libdmwarrant_rotate_status() - how far it is; changes nothing
 *
 * The store is looked at without unlocking; when that is not possible the flag
 * LIBDMWARRANT_ROTATION_STORE is missing, and LIBDMWARRANT_ROTATE_PREPARED and
 * LIBDMWARRANT_ROTATE_RETIRED are not told from LIBDMWARRANT_ROTATE_NONE.
 */
int libdmwarrant_rotate_status(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_rotate_params *params,
			       struct libdmwarrant_rotation *rotation);

/**
 * libdmwarrant_rotate_wait() - wait until the sweep has ended, with progress
 *
 * Return: 0 swept; -ECANCELED by the progress function, or the sweep was paused; -ENXIO the volume
 * was closed; -EIO the sweep has failed; -EUCLEAN some sectors cannot be read; -EINVAL none.
 */
int libdmwarrant_rotate_wait(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			     const struct libdmwarrant_rotate_params *params,
			     struct libdmwarrant_rotation *rotation);

/**
 * libdmwarrant_rotate_finish() - leave the old epoch and destroy its keys
 * @ctx:      context
 * @config:   registry
 * @params:   which
 * @rotation: receives how far it is
 *
 * Return: 0 the old keys are destroyed, also when they had been before; -EBUSY not swept yet, or
 * another host has it; -EUCLEAN sectors of the old epoch cannot be read, so that its keys stay;
 * -ESTALE the registry remembers a newer checkpoint: nothing was destroyed; what
 * libdmwarrant_keystore_unlock() and libdmwarrant_keystore_destroy() return.
 */
int libdmwarrant_rotate_finish(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_rotate_params *params,
			       struct libdmwarrant_rotation *rotation);

#ifdef __cplusplus
}
#endif

#endif
