/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dual control inside: officers, the policy, and requests, as the audit log has them.
 *
 * What stands is found by going through the log from its beginning. One function, in
 * control_rules.c, judges each entry against what came before, signatures included, and it is the
 * same one that says yes or no before an entry is added. So an entry that somebody has put into
 * the log without being entitled to it stops everything: the log then says -EUCLEAN.
 *
 * Entries: officer.enrolled, officer.revoked, policy.set, request.made, request.signed,
 * request.approved, request.cancelled, request.applied; request.refused for what was not taken.
 * Read, but written by others: shred.begun and shred.done, with a member "Request".
 */
#ifndef LIB_CONTROL_H
#define LIB_CONTROL_H

#include "audit.h"
#include "libdmwarrant-control.h"
#include "retention.h"

#define LIB_CONTROL_PURPOSE	"dm-warrant-request"	/* namespace of officers' signatures */

/**
 * struct lib_request - a request, with what the log says of it
 * @id:         UUID
 * @kind:       enum libdmwarrant_request_kind
 * @state:      enum libdmwarrant_request_state
 * @seq:        of its entry request.made
 * @made:       when
 * @not_before: when it may be executed; 0 = approvals are missing
 * @needed:     approvals that are needed
 * @waiting:    seconds between the last approval needed and execution
 * @target:     of a shred
 * @ground:     of a shred
 * @digest:     SHA-256 of @text: the reference for the key store's tombstones
 * @text:       that was signed, inside of @body
 * @requester:  name, inside of @body
 * @body:       of the entry request.made: Request, Kind, Text, Target, Order, ...
 * @signature:  body of request.signed: Officer, Role, Fingerprint, Key (or Certificate), Format
 *              ("sshsig" or "cms"), Signature; NULL = not yet
 * @approvals:  array of those bodies of request.approved that count; all members as above
 * @cancelled:  body of request.cancelled; NULL = it is not
 * @why:        it is held or void, one sentence; else ""
 *
 * An approval has also "Time" and "Seq" of its entry.
 */
struct lib_request {
	char				id[37];
	u32				kind;
	u32				state;
	u64				seq;
	s64				made;
	s64				not_before;
	u32				needed;
	s64				waiting;
	struct lib_retention_target	target;
	enum lib_ground			ground;
	u8				digest[LIBDMWARRANT_DIGEST_SIZE];
	const char			*text;
	const char			*requester;
	struct json_object		*body;
	struct json_object		*signature;
	struct json_object		*approvals;
	struct json_object		*cancelled;
	char				why[LIB_WHY_SIZE];
};

/** lib_request_release() - free what a request holds */
void lib_request_release(struct lib_request *q);

/**
 * lib_control_executable() - may this request be executed, now?
 * @r:   registry, in the writing transaction that adds "shred.begun" or its like
 * @id:  of the request
 * @out: receives it; lib_request_release() it. Only when 0 is returned
 *
 * Everything is looked at again: the log, all signatures, that no officer who counts was revoked,
 * the number of approvals, the waiting period, the clock, cancellation, that it was not executed,
 * that the target is what was signed for, and lib_retention_gate().
 *
 * Return: 0 yes; -ENOENT no such request; -EAGAIN approvals or time are missing; -EBUSY held;
 * -EPERM retention refuses; -ECANCELED it was cancelled or is void; -EALREADY it was begun or done;
 * -ESTALE the target is another one by now; -ETIME the clock cannot be believed; -EUCLEAN.
 */
int lib_control_executable(struct libdmwarrant_registry *r, const char *id,
			   struct lib_request *out);

/**
 * lib_control_get() - a request and its state, whatever that is
 *
 * As lib_control_executable(), in any transaction. Return: 0; -ENOENT; -EUCLEAN.
 */
int lib_control_get(struct libdmwarrant_registry *r, const char *id, struct lib_request *out);

/** lib_control_check() - are all entries within the rules? In a transaction. Return: 0; -EUCLEAN */
int lib_control_check(struct libdmwarrant_registry *r);

/**
 * lib_control_each() - all requests, oldest first, with their states
 * @r:   registry, in a transaction
 * @fn:  takes each; non-zero ends the walk and is returned
 * @arg: for @fn
 */
int lib_control_each(struct libdmwarrant_registry *r,
		     int (*fn)(void *arg, const struct lib_request *q), void *arg);

#endif
