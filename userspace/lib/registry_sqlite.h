/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the SQLite backend share. */
#ifndef LIB_REGISTRY_SQLITE_H
#define LIB_REGISTRY_SQLITE_H

#include "registry.h"

/* registry_sqlite_file.c */
int lib_sqlite_file_check(struct libdmwarrant_registry *r);
int lib_sqlite_file_create(struct libdmwarrant_registry *r, bool dry_run, bool *created);

/* registry_sqlite_lock.c */
void lib_sqlite_lock_owner(const char *path, char *text, size_t size);

#endif
