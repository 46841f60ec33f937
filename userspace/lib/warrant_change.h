/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of a warrant's record: what adding, editing and renewing have in common. */
#ifndef LIB_WARRANT_CHANGE_H
#define LIB_WARRANT_CHANGE_H

#include "registry.h"

/**
 * struct lib_change - a revision in the making
 * @r:       registry
 * @action:  "add", "renew", "edit"
 * @reason:  for the history
 * @source:  likewise
 * @dry_run: undo it at the end
 * @append:  arrays, whose elements are added to those of the record; NULL = none
 * @row:     the record as it was; zero when it is new
 * @from:    likewise; NULL when it is new
 * @to:      as it shall be
 */
struct lib_change {
	struct libdmwarrant_registry	*r;
	const char			*action;
	const char			*reason;
	const char			*source;
	bool				dry_run;
	struct lib_warrant_row		row;
	struct json_object		*append;
	struct json_object		*from;
	struct json_object		*to;
};

int lib_change_begin(struct lib_change *c, const struct libdmwarrant_change *how);
int lib_change_end(struct lib_change *c, int ret);
void lib_change_free(struct lib_change *c);
int lib_change_need_reason(struct libdmwarrant_registry *r,
			   const struct libdmwarrant_change *how);
int lib_change_no_memory(struct libdmwarrant_registry *r);
int lib_change_identify(struct libdmwarrant_registry *r, struct json_object *o);
int lib_change_add(struct lib_change *c, char **json);
int lib_change_load(struct lib_change *c, const char *key);
int lib_change_apply(struct lib_change *c, struct json_object *patch, char **json);
int lib_change_store(struct lib_change *c, char **json);

#endif
