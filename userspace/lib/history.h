/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Are the histories of warrants those that the audit log was told of? */
#ifndef LIB_HISTORY_H
#define LIB_HISTORY_H

#include "audit_log.h"

/* Kinds of entries that lib_history_logged() is to see, in order */
#define LIB_HISTORY_KINDS	LIB_AUDIT_BEGUN, "warrant."

/**
 * struct lib_history_log - revisions, as the log is gone through; zero but for these three:
 * @r:     registry, in a transaction
 * @fault: told of what does not fit; non-zero ends it and is returned
 * @arg:   for @fault
 * @known: revisions of which the log knows: those before there was one, and one for each entry
 */
struct lib_history_log {
	struct libdmwarrant_registry	*r;
	int				(*fault)(void *arg, const char *text);
	void				*arg;
	s64				known;
};

/** lib_history_logged() - is the revision that an entry tells of still the same? */
int lib_history_logged(struct lib_history_log *h, const struct lib_audit_entry *e);

/** lib_history_logged_all() - after the last entry: are there none besides? */
int lib_history_logged_all(struct lib_history_log *h);

#endif
