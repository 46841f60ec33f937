/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dual control: an attempt to add entries to the log. */
#ifndef LIB_CONTROL_ENTER_H
#define LIB_CONTROL_ENTER_H

#include "control_state.h"

/**
 * struct lib_attempt - somebody wants something: it becomes entries, or one entry of refusal
 * @c:       what stands
 * @act:     "ask", "sign", "approve", ...
 * @request: id as it was given; NULL = none
 * @officer: name as it was given; NULL = none
 * @dry_run: undo it at the end
 */
struct lib_attempt {
	struct lib_control	c;
	const char		*act;
	const char		*request;
	const char		*officer;
	bool			dry_run;
};

/** lib_attempt_begin() - begin a transaction, read the log; lib_attempt_end() in any case */
int lib_attempt_begin(struct lib_attempt *a, struct libdmwarrant_registry *r);

/** lib_attempt_end() - commit, or record the refusal. Return: @ret, or why that failed */
int lib_attempt_end(struct lib_attempt *a, int ret);

/** lib_control_try() - ask the rules for an entry, and take it in, but not into the log yet */
int lib_control_try(struct lib_control *c, const char *kind, struct json_object *body);

/** lib_control_enter() - add an entry, if the rules allow it */
int lib_control_enter(struct lib_control *c, const char *kind, struct json_object *body);

#endif
