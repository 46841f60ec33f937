/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention: how long the evidence of a warrant is kept, who stops its destruction, and what is due.
 *
 * The conventions of libdmwarrant-registry.h hold. Besides:
 *
 * - Everything is an entry of the audit log, and the present state is a replay of it: functions that
 *   change something append one entry, and none is ever taken back. What was wrong is corrected by a
 *   further entry, with the reason.
 * - Nothing here destroys anything. Reaching a date makes evidence due, no more.
 * - Every function may end with -EUCLEAN: the log does not fit its newest signed checkpoint.
 * - Times are Unix seconds; LIBDMWARRANT_NEVER = not known yet, or there is none.
 */
#ifndef LIBDMWARRANT_RETENTION_H
#define LIBDMWARRANT_RETENTION_H

#include "libdmwarrant-registry.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_NEVER	INT64_MAX

/* Where the profiles that come with dm-warrant are, unless it was built for another place. */
#ifndef LIBDMWARRANT_PROFILE_DIR
#define LIBDMWARRANT_PROFILE_DIR	"/usr/local/share/dm-warrant/retention"
#endif

/* ---- what is kept ---- */

/**
 * struct libdmwarrant_retention_target - a warrant, a volume of it, or a tag on that
 * @warrant:  as for libdmwarrant_warrant_get(); NULL = the one that @volume is of
 * @volume:   name or UUID; NULL = the whole warrant
 * @tag:      of @volume; 0 = all of the volume
 * @pad:      zero
 * @reserved: zero
 */
struct libdmwarrant_retention_target {
	const char	*warrant;
	const char	*volume;
	uint32_t	tag;
	uint32_t	pad;
	uint64_t	reserved[3];
};

#define LIBDMWARRANT_RETENTION_DRY_RUN	(1U << 0)	/* check everything, change nothing */

/* ---- profiles ---- */

/**
 * libdmwarrant_profile_read() - read and check a profile
 * @ctx:    context
 * @name:   of one in LIBDMWARRANT_PROFILE_DIR ("es"), or the path of a file, with a slash in it
 * @json:   receives it, canonical; free() it
 * @digest: receives SHA-256 over @json
 *
 * Return: 0; -EINVAL not a profile, the error says where; errors of open(2) and read(2).
 */
int libdmwarrant_profile_read(struct libdmwarrant *ctx, const char *name, char **json,
			      uint8_t digest[LIBDMWARRANT_DIGEST_SIZE]);

/**
 * libdmwarrant_profile_list() - the profiles in a directory, by name
 * @ctx: context
 * @dir: NULL = LIBDMWARRANT_PROFILE_DIR
 * @fn:  told of each; @json is NULL when it is not valid, libdmwarrant_error() says why
 * @arg: for @fn
 *
 * Return: 0; what @fn returned; errors of opendir(3).
 */
int libdmwarrant_profile_list(struct libdmwarrant *ctx, const char *dir,
			      int (*fn)(void *arg, const char *name, const char *json), void *arg);

/**
 * libdmwarrant_profile_bind() - a warrant is kept as a profile says, from now on
 * @reg:     registry
 * @warrant: as for libdmwarrant_warrant_get()
 * @profile: as for libdmwarrant_profile_read(); its text goes into the log
 * @reason:  mandatory when there is a profile already, or when it is made for another country
 * @flags:   0 or LIBDMWARRANT_RETENTION_DRY_RUN
 *
 * Floors of a profile that was bound before stay in force. Return: 0; -EPERM the new one has a
 * shorter floor; -ENOENT no such warrant or profile, or it has no rule for such a warrant; -EEXIST
 * the warrant has this very profile.
 */
int libdmwarrant_profile_bind(struct libdmwarrant_registry *reg, const char *warrant,
			      const char *profile, const char *reason, uint32_t flags);

/* ---- entering what has happened ---- */

#define LIBDMWARRANT_RETENTION_ENTRY_VERSION	1

#define LIBDMWARRANT_RETENTION_WITHDRAW	(1U << 1)	/* the event has not happened */
#define LIBDMWARRANT_RETENTION_NO_KERNEL	(1U << 2)	/* restrict: record it only */

/**
 * struct libdmwarrant_retention_entry - what is entered; which members matter depends
 * @version:   LIBDMWARRANT_RETENTION_ENTRY_VERSION
 * @flags:     LIBDMWARRANT_RETENTION_...
 * @target:    what it is about
 * @name:      of the event, of the hold (its matter), or the outcome of the review
 * @date:      of the event: "2026-03-10"
 * @reference: of the order that says so
 * @reason:    why
 * @authority: who has ordered it
 * @reserved:  zero
 */
struct libdmwarrant_retention_entry {
	uint32_t					version;
	uint32_t					flags;
	struct libdmwarrant_retention_target		target;
	const char					*name;
	const char					*date;
	const char					*reference;
	const char					*reason;
	const char					*authority;
	uint64_t					reserved[4];
};

/**
 * libdmwarrant_retention_event() - something that a period begins with has happened
 * @reg:   registry
 * @entry: target (a warrant), name, date, reference; reason when it was entered before
 *
 * A further entry of the same event supersedes the date, save for floors: a floor that was known
 * never becomes shorter. Return: 0; -EINVAL the profile has no such event, or the date is yet to
 * come; -EEXIST entered already, and no reason is given; -ENODATA the warrant has no profile, or
 * nothing to withdraw.
 */
int libdmwarrant_retention_event(struct libdmwarrant_registry *reg,
				 const struct libdmwarrant_retention_entry *entry);

/**
 * libdmwarrant_retention_hold() - nothing of a target may be destroyed, until released
 * @reg:   registry
 * @entry: target, name (of the matter), reason, authority
 *
 * Return: 0; -EEXIST that matter holds it already.
 */
int libdmwarrant_retention_hold(struct libdmwarrant_registry *reg,
				const struct libdmwarrant_retention_entry *entry);

/**
 * libdmwarrant_retention_release() - end a hold
 * @reg:   registry
 * @entry: name, reason, authority; target, when the matter holds several: all NULL = the only one
 *
 * Return: 0; -ENOENT no such hold; -ENOTUNIQ it holds several targets, the error names them.
 */
int libdmwarrant_retention_release(struct libdmwarrant_registry *reg,
				   const struct libdmwarrant_retention_entry *entry);

/**
 * libdmwarrant_retention_review() - somebody has looked whether it is still needed
 * @reg:   registry
 * @entry: target (a warrant), name: "keep", "restrict" or "request"; reason
 *
 * "keep" and "restrict" begin the next interval; "request" makes it due, unless a floor forbids.
 */
int libdmwarrant_retention_review(struct libdmwarrant_registry *reg,
				  const struct libdmwarrant_retention_entry *entry);

/**
 * libdmwarrant_retention_restrict() - for nothing but a review any more
 * @reg:   registry
 * @entry: target, reason, authority
 *
 * A tag is restricted in the kernel as well: its volume must be open, and nothing is recorded when
 * that fails. Return: 0; -EEXIST it is; errors of libdmwarrant_tag_set_state().
 */
int libdmwarrant_retention_restrict(struct libdmwarrant_registry *reg,
				    const struct libdmwarrant_retention_entry *entry);

/* ---- what there is to do ---- */

/**
 * enum libdmwarrant_retention_state - the first of these that is true, from the last on
 * @LIBDMWARRANT_RETENTION_ACTIVE:     kept
 * @LIBDMWARRANT_RETENTION_RESTRICTED: kept, for a review only
 * @LIBDMWARRANT_RETENTION_DUE:        its destruction should be ordered
 * @LIBDMWARRANT_RETENTION_SCHEDULED:  a request to shred it is approved and waits
 * @LIBDMWARRANT_RETENTION_HELD:       a hold forbids that
 * @LIBDMWARRANT_RETENTION_SHREDDED:   it is gone
 */
enum libdmwarrant_retention_state {
	LIBDMWARRANT_RETENTION_ACTIVE		= 1,
	LIBDMWARRANT_RETENTION_RESTRICTED	= 2,
	LIBDMWARRANT_RETENTION_DUE		= 3,
	LIBDMWARRANT_RETENTION_SCHEDULED	= 4,
	LIBDMWARRANT_RETENTION_HELD		= 5,
	LIBDMWARRANT_RETENTION_SHREDDED		= 6,
};

/** libdmwarrant_retention_state_name() - "active", "restricted", "due", ... */
const char *libdmwarrant_retention_state_name(enum libdmwarrant_retention_state state);

#define LIBDMWARRANT_RETENTION_VERSION	1

#define LIBDMWARRANT_RETENTION_IS_DUE		(1U << 0)	/* whatever its state says */
#define LIBDMWARRANT_RETENTION_IS_RESTRICTED	(1U << 1)
#define LIBDMWARRANT_RETENTION_IS_HELD		(1U << 2)
#define LIBDMWARRANT_RETENTION_IS_REQUESTED	(1U << 3)
#define LIBDMWARRANT_RETENTION_OVERRUN		(1U << 4)	/* the ceiling has passed */
#define LIBDMWARRANT_RETENTION_REVIEW_DUE	(1U << 5)
#define LIBDMWARRANT_RETENTION_NO_PROFILE	(1U << 6)
#define LIBDMWARRANT_RETENTION_IS_APPROVED	(1U << 7)

/**
 * struct libdmwarrant_retention - how a warrant, or a part of one, stands
 * @version:   LIBDMWARRANT_RETENTION_VERSION
 * @flags:     LIBDMWARRANT_RETENTION_...
 * @state:     enum libdmwarrant_retention_state
 * @tag:       of @volume; 0 = all of the volume
 * @warrant:   ObjectIdentifier
 * @reference: of the warrant
 * @copy:      "original" or "custodial"
 * @volume:    UUID; "" = the whole warrant
 * @profile:   name of the newest one; "" = none
 * @floor:     nothing goes before; see lib's rule for orders of a court
 * @absolute:  not even on a court's order
 * @due:       likewise
 * @ceiling:   likewise
 * @review:    likewise
 * @floor_from: which article sets it: "LECrim 588 bis k.1"; "" = nothing does
 * @due_from:  likewise
 * @ceiling_from: likewise
 * @review_from: likewise
 * @holds:     names of the matters that hold it, separated by ", "
 * @reserved:  zero
 */
struct libdmwarrant_retention {
	uint32_t	version;
	uint32_t	flags;
	uint32_t	state;
	uint32_t	tag;
	const char	*warrant;
	const char	*reference;
	const char	*copy;
	const char	*volume;
	const char	*profile;
	int64_t		floor;
	int64_t		absolute;
	int64_t		due;
	int64_t		ceiling;
	int64_t		review;
	const char	*floor_from;
	const char	*due_from;
	const char	*ceiling_from;
	const char	*review_from;
	const char	*holds;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_retention_list() - how everything stands, what is due longest first
 * @reg:     registry
 * @warrant: NULL = all
 * @now:     0 = now
 * @fn:      takes each warrant, and each volume or tag that an entry is about
 * @arg:     for @fn
 */
int libdmwarrant_retention_list(struct libdmwarrant_registry *reg, const char *warrant,
				int64_t now,
				int (*fn)(void *arg, const struct libdmwarrant_retention *s),
				void *arg);

/**
 * enum libdmwarrant_moment_kind - what a moment of a time line is
 * @LIBDMWARRANT_MOMENT_EVENT:    of the warrant, or one that a period begins with
 * @LIBDMWARRANT_MOMENT_PROFILE:  a profile was bound
 * @LIBDMWARRANT_MOMENT_FLOOR:    from start to end
 * @LIBDMWARRANT_MOMENT_DUE:      likewise
 * @LIBDMWARRANT_MOMENT_CEILING:  likewise
 * @LIBDMWARRANT_MOMENT_REVIEW:   was made
 * @LIBDMWARRANT_MOMENT_NEXT:     review to come
 * @LIBDMWARRANT_MOMENT_HOLD:     from start to end; LIBDMWARRANT_NEVER = still
 * @LIBDMWARRANT_MOMENT_RESTRICT: likewise
 * @LIBDMWARRANT_MOMENT_REQUEST:  to shred it; likewise
 * @LIBDMWARRANT_MOMENT_SHRED:    it was destroyed
 */
enum libdmwarrant_moment_kind {
	LIBDMWARRANT_MOMENT_EVENT	= 1,
	LIBDMWARRANT_MOMENT_PROFILE	= 2,
	LIBDMWARRANT_MOMENT_FLOOR	= 3,
	LIBDMWARRANT_MOMENT_DUE		= 4,
	LIBDMWARRANT_MOMENT_CEILING	= 5,
	LIBDMWARRANT_MOMENT_REVIEW	= 6,
	LIBDMWARRANT_MOMENT_NEXT	= 7,
	LIBDMWARRANT_MOMENT_HOLD	= 8,
	LIBDMWARRANT_MOMENT_RESTRICT	= 9,
	LIBDMWARRANT_MOMENT_REQUEST	= 10,
	LIBDMWARRANT_MOMENT_SHRED	= 11,
};

/** libdmwarrant_moment_name() - "event", "profile", "floor", ... */
const char *libdmwarrant_moment_name(enum libdmwarrant_moment_kind kind);

#define LIBDMWARRANT_MOMENT_VERSION	1

/**
 * struct libdmwarrant_moment - something on a time line
 * @version:  LIBDMWARRANT_MOMENT_VERSION
 * @kind:     enum libdmwarrant_moment_kind
 * @tag:      that it is about; 0 = all of @volume
 * @pad:      zero
 * @start:    when, or from when on
 * @end:      until when; LIBDMWARRANT_NEVER = open; the same as @start = a moment
 * @entered:  when it was written into the log; 0 = it follows from other things
 * @seq:      place in the log, when @entered
 * @user:     who wrote it; "" = it follows
 * @volume:   UUID; "" = the whole warrant
 * @text:     one line
 * @reserved: zero
 */
struct libdmwarrant_moment {
	uint32_t	version;
	uint32_t	kind;
	uint32_t	tag;
	uint32_t	pad;
	int64_t		start;
	int64_t		end;
	int64_t		entered;
	uint64_t	seq;
	const char	*user;
	const char	*volume;
	const char	*text;
	uint64_t	reserved[4];
};

/** libdmwarrant_retention_timeline() - all that there is of one warrant, oldest first */
int libdmwarrant_retention_timeline(struct libdmwarrant_registry *reg, const char *warrant,
				    int64_t now,
				    int (*fn)(void *arg, const struct libdmwarrant_moment *m),
				    void *arg);

/* ---- the clock ---- */

/**
 * libdmwarrant_retention_clock() - can the clock be believed?
 * @reg:  registry
 * @mark: not zero: write into the log what it shows, so that the next check can compare
 *
 * Return: 0; -ETIME no: nothing is destroyed until two officers have accepted a time.
 */
int libdmwarrant_retention_clock(struct libdmwarrant_registry *reg, int mark);

#ifdef __cplusplus
}
#endif

#endif
