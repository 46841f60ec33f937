/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention inside: what may be destroyed, and whether the clock that says so can be believed.
 *
 * All of it is a replay of the audit log; there is no other record. Floors, ceilings and reviews
 * come from the profiles that were bound to a warrant, whose text is in the log as well.
 */
#ifndef LIB_RETENTION_H
#define LIB_RETENTION_H

#include <json-c/json.h>

#include "registry.h"

/* ---- the gate: retention_gate.c ---- */

/**
 * enum lib_ground - why something is to be destroyed
 * @LIB_GROUND_RETENTION:   its time is over
 * @LIB_GROUND_COURT_ORDER: a court has ordered it before that (recordings annulled, deletion asked
 *                          for by a person concerned)
 * @LIB_GROUND_PRIVILEGED:  it must not have been gathered (core of private life, professional
 *                          secrecy); a tag only, never more
 */
enum lib_ground {
	LIB_GROUND_RETENTION	= 0,
	LIB_GROUND_COURT_ORDER	= 1,
	LIB_GROUND_PRIVILEGED	= 2,
};

/** lib_ground_name() - "retention", "court-order", "privileged"; NULL = none of them */
const char *lib_ground_name(enum lib_ground ground);

/** lib_ground_parse() - Return: enum lib_ground; -EINVAL */
int lib_ground_parse(const char *name);

/**
 * struct lib_retention_target - what is to be destroyed, or held
 * @warrant: ObjectIdentifier, mandatory
 * @volume:  UUID text; "" = the whole warrant
 * @tag:     of that volume; 0 = all of it
 */
struct lib_retention_target {
	char	warrant[37];
	char	volume[37];
	u32	tag;
};

#define LIB_WHY_SIZE	512

/**
 * lib_retention_gate() - may it be destroyed?
 * @r:      registry, in a transaction: the one in which the destruction begins
 * @target: what; the registry must know that the volume is the warrant's
 * @ground: why
 * @now:    Unix seconds; lib_clock_check() is the caller's business
 * @why:    receives the reason of a refusal, one sentence; "" otherwise
 *
 * In this order: an active hold on the target, on something in it or on something that it is in,
 * refuses always. Without a profile nothing is known and all is refused. A floor of the kind
 * "absolute" refuses always, an ordinary one only when the ground is retention. What is not due
 * yet cannot go on the ground of retention. Documentation/retention.rst says why.
 *
 * Return: 0 it may; -EBUSY held; -EPERM a floor is not over, or it is not due, or there is no
 * profile (in these cases the context's error is @why as well); -EINVAL privileged, but not a tag;
 * -ENOENT no such warrant or volume; -EUCLEAN the log.
 */
int lib_retention_gate(struct libdmwarrant_registry *r, const struct lib_retention_target *target,
		       enum lib_ground ground, s64 now, char why[LIB_WHY_SIZE]);

/* ---- the clock: clock.c ---- */

#define LIB_CLOCK_BEHIND	300	/* seconds that hosts may differ */
#define LIB_CLOCK_AHEAD		3600	/* seconds that time may gain on the kernel's own count */

/**
 * lib_clock_stamp() - add a member "Clock" to the body of an entry: boot and seconds since it
 * @r:    registry
 * @body: object
 *
 * Every entry of retention and of requests has one. Two of the same boot tell whether the time of
 * day was set in between.
 *
 * Return: 0; -ENOMEM.
 */
int lib_clock_stamp(struct libdmwarrant_registry *r, struct json_object *body);

/**
 * lib_clock_check() - can the clock be believed?
 * @r:   registry, in a transaction
 * @now: Unix seconds
 *
 * No, when it is more than LIB_CLOCK_BEHIND older than an entry of the log or an anchor, or when
 * since the first entry of a boot it has moved against the kernel's own count by more than
 * LIB_CLOCK_AHEAD forward or LIB_CLOCK_BEHIND back. Then nothing is destroyed until two officers
 * have accepted a time.
 *
 * Return: 0; -ETIME no, the error says why and what to do; -EUCLEAN the log.
 */
int lib_clock_check(struct libdmwarrant_registry *r, s64 now);

/**
 * lib_clock_accept() - officers have accepted a time; called when their request is carried out
 * @r:       registry, in a writing transaction
 * @time:    that they have accepted; within LIB_CLOCK_BEHIND of the clock
 * @request: id of the request
 *
 * Appends "clock.accepted". What was seen before it no longer counts against the clock.
 *
 * Return: 0; -ETIME the clock is another one by now.
 */
int lib_clock_accept(struct libdmwarrant_registry *r, s64 time, const char *request);

#endif
