/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of retention share: profiles, the records of a warrant, the dates they give. */
#ifndef LIB_RETENTION_STATE_H
#define LIB_RETENTION_STATE_H

#include "audit.h"
#include "calendar.h"
#include "retention.h"
#include "libdmwarrant-retention.h"

/* ---- retention_profile.c: profiles are data ---- */

#define LIB_PROFILE_MAX		65536	/* bytes of a file */

/* Times that a warrant's record gives; all other events are entered. */
#define LIB_EVENT_START		"start"		/* AuthorisationTimespan/StartTime */
#define LIB_EVENT_END		"end"		/* AuthorisationTimespan/EndTime */
#define LIB_EVENT_UNCONFIRMED	"unconfirmed"	/* an emergency's 72 hours have passed */

int lib_profile_check(struct libdmwarrant *ctx, struct json_object *profile);
int lib_profile_parse(struct libdmwarrant *ctx, const char *text, size_t size,
		      struct json_object **profile);
int lib_profile_digest(struct json_object *profile, char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1]);
int lib_profile_read(struct libdmwarrant *ctx, const char *name, struct json_object **profile);
const char *lib_event_title(struct json_object *profile, const char *name);
bool lib_event_is_derived(const char *name);
bool lib_profile_has_event(struct json_object *profile, const char *name);

/**
 * lib_profile_rule() - the first rule that is made for a warrant
 * @profile: checked
 * @w:       the warrant
 *
 * Return: its place in "Rules"; -ENOENT none is.
 */
int lib_profile_rule(struct json_object *profile, const struct libdmwarrant_warrant *w);

/* ---- retention_strict.c ---- */

/**
 * lib_rule_shorter() - would a rule allow what another one forbids?
 * @new: rule
 * @old: rule
 *
 * Every floor of @old must have one in @new that is at least as strict, whatever events will come.
 *
 * Return: NULL = no; else the source of the floor that would be shortened.
 */
const char *lib_rule_shorter(struct json_object *new, struct json_object *old);

/* ---- retention_replay.c: the records of a warrant ---- */

/**
 * struct lib_record - an entry of the log that is about a warrant
 * @warrant: ObjectIdentifier
 * @seq:     its place in the log
 * @when:    it was written
 * @kind:    of the entry
 * @user:    who wrote it
 * @body:    likewise
 */
struct lib_record {
	char			warrant[37];
	u64			seq;
	s64			when;
	char			*kind;
	char			*user;
	struct json_object	*body;
};

/**
 * struct lib_profile_text - a profile, as it is in the log
 * @digest:  SHA-256, hex
 * @profile: checked
 */
struct lib_profile_text {
	char			digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct json_object	*profile;
};

/**
 * struct lib_replay - what the log says of retention
 * @r:             registry
 * @records:       by warrant, oldest first
 * @count:         of them
 * @profiles:      all that were ever bound
 * @profile_count: of them
 */
struct lib_replay {
	struct libdmwarrant_registry	*r;
	struct lib_record		*records;
	size_t				count;
	struct lib_profile_text		*profiles;
	size_t				profile_count;
};

int lib_replay_read(struct libdmwarrant_registry *r, struct lib_replay *p);
void lib_replay_free(struct lib_replay *p);

/**
 * struct lib_case - one warrant: its records, and what else its dates depend on
 * @replay:       where they are
 * @records:      of @replay
 * @count:        of them
 * @start:        of the record as it is; LIB_NEVER = not given
 * @end:          likewise
 * @latest_start: of all revisions that there were
 * @latest_end:   likewise
 * @unconfirmed:  when an emergency has lapsed; LIB_NEVER = it has not
 */
struct lib_case {
	const struct lib_replay	*replay;
	const struct lib_record	*records;
	size_t			count;
	s64			start;
	s64			end;
	s64			latest_start;
	s64			latest_end;
	s64			unconfirmed;
};

/** lib_case_open() - @w: the warrant, with its times as at the time of asking. Return: 0 */
int lib_case_open(const struct lib_replay *p, const struct libdmwarrant_warrant *w,
		  struct lib_case *c);

/** lib_case_next() - the record behind @rec (NULL = the first) of @kind; NULL = no more */
const struct lib_record *lib_case_next(const struct lib_case *c, const struct lib_record *rec,
				       const char *kind);

/** lib_case_last() - the newest of @kind; NULL = none */
const struct lib_record *lib_case_last(const struct lib_case *c, const char *kind);

/** lib_case_request_end() - the record of @kind that names the request @made; NULL = none */
const struct lib_record *lib_case_request_end(const struct lib_case *c,
					      const struct lib_record *made, const char *kind);

/** lib_case_binding() - the profile and the rule that a record of being bound names */
int lib_case_binding(const struct lib_case *c, const struct lib_record *bound,
		     struct json_object **profile, struct json_object **rule);

/* ---- retention_dates.c ---- */

/**
 * struct lib_dates - LIB_NEVER = not known yet, or there is none
 * @bound:      there is a profile
 * @floor:      nothing goes before; LIB_NEVER = nobody knows yet how long that is
 * @absolute:   not even for a court
 * @due:        from then on it should go; never before @floor
 * @ceiling:    until then it should be gone
 * @review:     when its need must be looked at next
 * @floor_from: source of the floor that ends last; "" = no floor
 * @absolute_from: likewise
 * @due_from:   source of what makes it due
 * @ceiling_from: likewise
 * @review_from: likewise
 */
struct lib_dates {
	bool		bound;
	s64		floor;
	s64		absolute;
	s64		due;
	s64		ceiling;
	s64		review;
	const char	*floor_from;
	const char	*absolute_from;
	const char	*due_from;
	const char	*ceiling_from;
	const char	*review_from;
};

void lib_case_dates(const struct lib_case *c, struct lib_dates *d);

/** lib_case_event() - when an event was, as it is known now; LIB_NEVER = not, or withdrawn */
s64 lib_case_event(const struct lib_case *c, const char *name);

/* ---- retention_holds.c: what touches a target ---- */

/** lib_record_target() - what a record is about */
void lib_record_target(const struct lib_record *rec, struct lib_retention_target *target);

/** lib_target_touches() - is one of them the other, in it, or around it? */
bool lib_target_touches(const struct lib_retention_target *a,
			const struct lib_retention_target *b);

/** lib_target_within() - is @a the same as @b, or in it? */
bool lib_target_within(const struct lib_retention_target *a,
		       const struct lib_retention_target *b);

/** lib_hold_active() - is this "hold.placed" not released since? */
bool lib_hold_active(const struct lib_case *c, const struct lib_record *placed);

/** lib_case_hold() - the first active hold that touches a target, behind @rec; NULL = none */
const struct lib_record *lib_case_hold(const struct lib_case *c,
				       const struct lib_retention_target *target,
				       const struct lib_record *rec);

/** lib_case_restricted() - the restriction that a target is under; NULL = none */
const struct lib_record *lib_case_restricted(const struct lib_case *c,
					     const struct lib_retention_target *target);

/* ---- retention_enter.c: what all that change something share ---- */

/**
 * struct lib_entering - an entry on its way into the log
 * @r:         registry
 * @forgotten: it may be about a volume that the registry does not know any more
 * @dry_run:   undo it
 * @warrant:   its row
 * @target:    what it is about
 * @replay:    of the log
 * @w:         the warrant in short; its texts are those of @o
 * @o:         its record
 * @c:         its case
 * @now:       Unix seconds
 * @body:      of the entry
 */
struct lib_entering {
	struct libdmwarrant_registry	*r;
	bool				forgotten;
	bool				dry_run;
	struct lib_warrant_row		warrant;
	struct lib_retention_target	target;
	struct lib_replay		replay;
	struct libdmwarrant_warrant	w;
	struct json_object		*o;
	struct lib_case			c;
	s64				now;
	struct json_object		*body;
};

int lib_enter_begin(struct lib_entering *e, const struct libdmwarrant_retention_target *target,
		    u32 flags);
int lib_enter_text(struct lib_entering *e, const char *name, const char *text, bool needed);
int lib_enter_end(struct lib_entering *e, const char *kind, int ret);

#endif
