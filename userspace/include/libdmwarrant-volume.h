/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant, volumes by warrant: registry, key store, LUN and kernel brought together.
 *
 * The conventions of libdmwarrant.h hold. A volume is named by its name in the registry, its UUID,
 * or, when its warrant has no other volume, by the warrant as for libdmwarrant_warrant_get().
 *
 * A name in /dev says little about a LUN: it is found by its WWID and by the volume's UUID on it,
 * and both must be what the registry has. Anchors are kept in the registry and enforced.
 *
 * @config says where the registry is, and for new volumes the key store; that of an existing volume
 * is in the registry.
 */
#ifndef LIBDMWARRANT_VOLUME_H
#define LIBDMWARRANT_VOLUME_H

#include "libdmwarrant-keystore.h"
#include "libdmwarrant-registry.h"
#include "libdmwarrant-tag.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- create ---- */

#define LIBDMWARRANT_CREATE_VERSION	1

#define LIBDMWARRANT_CREATE_DRY_RUN		(1U << 0)	/* all checks, no change */
#define LIBDMWARRANT_CREATE_SMALL_BLOCKS	(1U << 1)	/* see libdmwarrant_format() */

/**
 * struct libdmwarrant_create_params - what to create
 * @version:     LIBDMWARRANT_CREATE_VERSION
 * @flags:       LIBDMWARRANT_CREATE_...
 * @warrant:     as for libdmwarrant_warrant_get()
 * @device:      the LUN
 * @name:        of the volume; NULL = made from the warrant's reference
 * @unlock:      what unlocks the warrant's keys, or shall do so when there are none yet; NULL only
 *               in a dry run
 * @erase:       as in struct libdmwarrant_format_params
 * @erase_count: likewise
 * @journal_mib: likewise
 * @reserved:    zero
 */
struct libdmwarrant_create_params {
	uint32_t				version;
	uint32_t				flags;
	const char				*warrant;
	const char				*device;
	const char				*name;
	const struct libdmwarrant_unlock	*unlock;
	const char *const			*erase;
	uint32_t				erase_count;
	uint32_t				journal_mib;
	uint64_t				reserved[8];
};

#define LIBDMWARRANT_CREATED_RESUMED	(1U << 0)	/* an interrupted creation was finished */
#define LIBDMWARRANT_CREATED_NEW_SECRET	(1U << 1)	/* the warrant had no keys yet */

/**
 * struct libdmwarrant_create_result - what was created, or would be
 * @version:  LIBDMWARRANT_CREATE_VERSION
 * @flags:    LIBDMWARRANT_CREATED_...
 * @record:   as the registry has it; of a dry run, as it would be, without UUID and digest
 * @device:   the LUN
 * @format:   what was written to it
 * @reserved: zero
 */
struct libdmwarrant_create_result {
	uint32_t				version;
	uint32_t				flags;
	struct libdmwarrant_record		record;
	struct libdmwarrant_device		device;
	struct libdmwarrant_format_result	format;
	uint64_t				reserved[8];
};

/**
 * libdmwarrant_volume_create() - make a volume for a warrant
 * @ctx:    context
 * @config: registry and key store
 * @params: what
 * @result: receives what was made
 *
 * The order makes it safe: all checks; the volume is in the registry, as being made; its keys are
 * in the key store, durable; the LUN is formatted; the registry has its first anchor and calls it
 * ready. Whatever is interrupted is taken up again by the same call. A LUN is never formatted with
 * keys that are not stored.
 *
 * Return: 0; -EEXIST the name is taken, or the LUN has a volume already; what
 * libdmwarrant_warrant_usable(), libdmwarrant_keystore_put() and libdmwarrant_format() return.
 */
int libdmwarrant_volume_create(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_create_params *params,
			       struct libdmwarrant_create_result *result);

#define LIBDMWARRANT_FORGET_DRY_RUN	(1U << 0)

/**
 * libdmwarrant_volume_forget() - give up a creation that was interrupted
 * @ctx:    context
 * @config: registry
 * @volume: which
 * @flags:  LIBDMWARRANT_FORGET_...
 * @record: receives what was in the registry
 *
 * Its keys, if any were stored, stay in the key store; nothing is sealed under them.
 *
 * Return: 0; -EPERM the volume was made completely; -ENOENT.
 */
int libdmwarrant_volume_forget(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const char *volume, uint32_t flags,
			       struct libdmwarrant_record *record);

/* ---- open ---- */

#define LIBDMWARRANT_VOLUME_OPEN_VERSION	1

#define LIBDMWARRANT_VOLUME_OPEN_DRY_RUN	(1U << 0)	/* all checks, no change */
#define LIBDMWARRANT_VOLUME_OPEN_READ_ONLY	(1U << 1)
#define LIBDMWARRANT_VOLUME_OPEN_ALLOW_DISCARDS	(1U << 2)	/* shows the array what is free */
#define LIBDMWARRANT_VOLUME_OPEN_TAKE_OVER	(1U << 3)	/* see below */
#define LIBDMWARRANT_VOLUME_OPEN_MOVED		(1U << 4)	/* see below */

/**
 * struct libdmwarrant_volume_open_params - what to open, and how
 * @version:            LIBDMWARRANT_VOLUME_OPEN_VERSION
 * @flags:              LIBDMWARRANT_VOLUME_OPEN_...
 * @volume:             which
 * @device:             where its LUN should be; NULL = wherever it is found
 * @keystore:           URI; NULL = as the registry has it
 * @unlock:             what unlocks the warrant's keys; NULL only in a dry run, which then goes as
 *                      far as it can without keys
 * @accept_rollback:    why a state behind the anchor shall be opened; NULL = it shall not
 * @cache_mib:          as in struct libdmwarrant_open_params
 * @checkpoint_seconds: likewise
 * @reserved:           zero
 *
 * LIBDMWARRANT_VOLUME_OPEN_TAKE_OVER opens what another host had open, when that is surely down.
 * LIBDMWARRANT_VOLUME_OPEN_MOVED accepts that the volume is on another LUN than before, a restored
 * replica for example; @device says on which, and the registry keeps it.
 */
struct libdmwarrant_volume_open_params {
	uint32_t				version;
	uint32_t				flags;
	const char				*volume;
	const char				*device;
	const char				*keystore;
	const struct libdmwarrant_unlock	*unlock;
	const char				*accept_rollback;
	uint32_t				cache_mib;
	uint32_t				checkpoint_seconds;
	uint64_t				reserved[8];
};

#define LIBDMWARRANT_VOLUME_AFTER_CRASH	(1U << 0)	/* this host did not close it */
#define LIBDMWARRANT_VOLUME_UNANCHORED	(1U << 1)	/* the registry lacks @anchor */
#define LIBDMWARRANT_VOLUME_SWEEPING	(1U << 2)	/* a rotation goes on */
#define LIBDMWARRANT_VOLUME_SWEEP_STOPPED	(1U << 3)	/* it could not */
#define LIBDMWARRANT_VOLUME_ROTATION_PREPARED	(1U << 4)	/* see libdmwarrant-rotate.h */
#define LIBDMWARRANT_VOLUME_ROTATION_RETIRED	(1U << 5)	/* likewise */

/**
 * struct libdmwarrant_volume_open_result - what was opened, or would be
 * @version:  LIBDMWARRANT_VOLUME_OPEN_VERSION
 * @flags:    LIBDMWARRANT_VOLUME_AFTER_CRASH ... LIBDMWARRANT_VOLUME_ROTATION_RETIRED
 * @record:   as the registry has it
 * @required: the anchor that was enforced; checkpoint 0 = the registry has none
 * @anchor:   the checkpoint that the opening committed; 0 after a dry run
 * @device:   path of the LUN
 * @open:     the rest; all zero after a dry run without keys
 * @reserved: zero
 */
struct libdmwarrant_volume_open_result {
	uint32_t				version;
	uint32_t				flags;
	struct libdmwarrant_record		record;
	struct libdmwarrant_anchor		required;
	struct libdmwarrant_anchor		anchor;
	char					device[256];
	struct libdmwarrant_open_result		open;
	uint64_t				reserved[8];
};

/**
 * libdmwarrant_volume_open() - open a volume by its warrant, as /dev/mapper/NAME
 * @ctx:    context
 * @config: registry
 * @params: what, and how
 * @result: receives what was opened
 *
 * Checked are: that the warrant allows it; that nobody else has the volume open; that the LUN is
 * the right one, by WWID and UUID; that it is not behind the registry's anchor; that registry, key
 * store and superblock are bound to the same warrant. A guard should be started next.
 *
 * Return: 0; -ENOENT no such volume; -ENOTUNIQ the warrant has several; -EAGAIN its creation was
 * interrupted; -EBUSY open on another host; -EEXIST open on this one; -ENODEV no LUN, or another
 * one; -ESTALE rolled back; -EKEYREJECTED bound to another warrant; what
 * libdmwarrant_warrant_usable(), libdmwarrant_keystore_unlock() and libdmwarrant_open() return.
 */
int libdmwarrant_volume_open(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			     const struct libdmwarrant_volume_open_params *params,
			     struct libdmwarrant_volume_open_result *result);

/* ---- close ---- */

#define LIBDMWARRANT_VOLUME_CLOSE_VERSION	1

#define LIBDMWARRANT_CLOSED_REGISTERED	(1U << 0)	/* the registry knows the volume */
#define LIBDMWARRANT_CLOSED_BEFORE	(1U << 1)	/* only the registry was told */
#define LIBDMWARRANT_CLOSED_PENDING	(1U << 2)	/* the registry is yet to be told */

/**
 * struct libdmwarrant_volume_close_result - what was closed
 * @version:  LIBDMWARRANT_VOLUME_CLOSE_VERSION
 * @flags:    LIBDMWARRANT_CLOSED_...
 * @anchor:   that the registry has now, or is yet to get; checkpoint 0 = no new one
 * @pending:  file that keeps the anchor until then; "" = none could be written
 * @close:    the rest
 * @reserved: zero
 */
struct libdmwarrant_volume_close_result {
	uint32_t			version;
	uint32_t			flags;
	struct libdmwarrant_anchor	anchor;
	char				pending[512];
	struct libdmwarrant_close_result close;
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_volume_close() - close a volume and anchor it in the registry
 * @ctx:    context
 * @config: registry; of a volume that was opened by its warrant, only what it is opened from counts
 * @volume: which; also as for libdmwarrant_close(): volumes without warrant are closed as well
 * @params: how
 * @result: receives the anchor
 *
 * When the registry cannot be told, the volume is closed all the same: the anchor is kept in a file
 * on this host, and is put into the registry by the next call for this volume, or its next opening
 * here; until then the registry says that this host has it open, so that no other host opens it
 * with an older anchor.
 *
 * Return: 0; -EINPROGRESS closed, but the registry is yet to be told; -ESTALE closed, but the LUN
 * is behind what the kernel committed; -ENXIO it was not open; as libdmwarrant_close().
 */
int libdmwarrant_volume_close(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const char *volume, const struct libdmwarrant_close_params *params,
			      struct libdmwarrant_volume_close_result *result);

/* ---- guard ---- */

#define LIBDMWARRANT_GUARD_VERSION	1

/**
 * struct libdmwarrant_guard_params - how to guard
 * @version:  LIBDMWARRANT_GUARD_VERSION
 * @seconds:  at most so long a checkpoint is not anchored; 0 = 10
 * @stop_fd:  guarding ends when this becomes readable; -1 = never
 * @pad:      zero
 * @report:   told when the registry or the end of a rotation fails, and when that is over; NULL = not
 *            wanted
 * @arg:      for @report
 * @unlock:   what unlocks the warrant's keys without asking, so that a rotation can be finished; its
 *            @fd is not used, for it is used again and again. NULL = that is left to people
 * @reserved: zero
 */
struct libdmwarrant_guard_params {
	uint32_t	version;
	uint32_t	seconds;
	int		stop_fd;
	uint32_t	pad;
	void		(*report)(void *arg, int err, const char *text);
	void		*arg;
	const struct libdmwarrant_unlock	*unlock;
	uint64_t	reserved[7];
};

/**
 * libdmwarrant_volume_guard() - keep the registry's anchor of an open volume new
 * @ctx:    context
 * @config: registry
 * @volume: which; open
 * @params: how
 *
 * Until the volume is closed, and the registry knows that. Needs no keys, but for one thing: when a
 * rotation's sweep is done and @params say how to unlock, libdmwarrant_rotate_finish() is called.
 * While the registry does not answer, the newest anchor is kept in a file on this host, as by libdmwarrant_volume_close().
 *
 * Return: 0 the volume was closed, or @stop_fd; -EALREADY it has a guard; -ENXIO not open; -ENOENT
 * not in the registry.
 */
int libdmwarrant_volume_guard(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const char *volume, const struct libdmwarrant_guard_params *params);

/* ---- state ---- */

#define LIBDMWARRANT_STATE_VERSION	1

#define LIBDMWARRANT_STATE_REGISTERED	(1U << 0)	/* @record, @anchor... are valid */
#define LIBDMWARRANT_STATE_OPEN		(1U << 1)	/* open on this host: @status is valid */
#define LIBDMWARRANT_STATE_MARKED	(1U << 2)	/* @opened is valid */
#define LIBDMWARRANT_STATE_PENDING	(1U << 3)	/* an anchor waits for the registry */

/**
 * struct libdmwarrant_volume_state - what registry and kernel know of a volume
 * @version:     LIBDMWARRANT_STATE_VERSION
 * @flags:       LIBDMWARRANT_STATE_...
 * @record:      in the registry
 * @status:      in the kernel
 * @opened:      who has it open
 * @anchor:      newest in the registry; checkpoint 0 = none
 * @anchor_time: when it was remembered
 * @anchor_host: by which host
 * @guard:       process of the guard; 0 = none on this host
 * @reference:   of the warrant, as much as fits
 * @reserved:    zero
 */
struct libdmwarrant_volume_state {
	uint32_t			version;
	uint32_t			flags;
	struct libdmwarrant_record	record;
	struct libdmwarrant_status	status;
	struct libdmwarrant_opened	opened;
	struct libdmwarrant_anchor	anchor;
	int64_t				anchor_time;
	char				anchor_host[65];
	char				pad[7];
	int64_t				guard;
	char				reference[256];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_volume_state() - one volume, open or not
 * @ctx:    context
 * @config: registry; NULL = none, then only open volumes are known
 * @volume: which; also as for libdmwarrant_status()
 * @state:  receives it
 *
 * Return: 0; -ENXIO neither open nor in the registry; -ENOTUNIQ; errors of the registry, unless it
 * does not exist.
 */
int libdmwarrant_volume_state(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const char *volume, struct libdmwarrant_volume_state *state);

/**
 * libdmwarrant_volume_states() - all volumes: of the registry, then those without it
 * @ctx:     context
 * @config:  registry; one that does not exist is an empty one
 * @warrant: only volumes of this; NULL = all
 * @fn:      called for each; non-zero ends with -ECANCELED
 * @arg:     for @fn
 */
int libdmwarrant_volume_states(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const char *warrant,
			       int (*fn)(void *arg, const struct libdmwarrant_volume_state *s),
			       void *arg);

/* ---- keys of an open volume, for new tags ---- */

/**
 * libdmwarrant_keysource_volume() - the keyset is in the key store of a volume's warrant
 * @ctx:      context
 * @config:   registry
 * @volume:   which
 * @use:      what the warrant must allow
 * @keystore: URI; NULL = as the registry has it
 * @unlock:   what unlocks it; used when the keyset is first gotten, must be valid until then
 * @source:   receives the functions; libdmwarrant_keysource_volume_free() it
 *
 * Return: 0; -ENOENT not in the registry; what
 * libdmwarrant_warrant_usable() and libdmwarrant_keystore_unlock() return.
 */
int libdmwarrant_keysource_volume(struct libdmwarrant *ctx,
				  const struct libdmwarrant_config *config, const char *volume,
				  enum libdmwarrant_use use, const char *keystore,
				  const struct libdmwarrant_unlock *unlock,
				  struct libdmwarrant_keysource *source);

/** libdmwarrant_keysource_volume_free() - lock the keys again and free what belongs to it */
void libdmwarrant_keysource_volume_free(struct libdmwarrant_keysource *source);

#ifdef __cplusplus
}
#endif

#endif
