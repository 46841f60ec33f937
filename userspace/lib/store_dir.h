/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a store: judged before they are trusted, replaced as a whole, wiped before they go. */
#ifndef LIB_STORE_DIR_H
#define LIB_STORE_DIR_H

#include "lib_private.h"

/**
 * struct lib_dir - a directory of a store
 * @ctx:  context
 * @fd:   descriptor; -1 = not open
 * @path: for people
 */
struct lib_dir {
	struct libdmwarrant	*ctx;
	int			fd;
	char			path[512];
};

int lib_dir_open(struct libdmwarrant *ctx, const struct lib_dir *parent, const char *name,
		 struct lib_dir *d);
void lib_dir_close(struct lib_dir *d);
int lib_dir_make(const struct lib_dir *d, const char *name);
bool lib_dir_has(const struct lib_dir *d, const char *name);
int lib_dir_sync(const struct lib_dir *d);
int lib_dir_each(const struct lib_dir *d, int (*fn)(void *arg, const char *name), void *arg);

int lib_file_open(const struct lib_dir *d, const char *name, int flags);
int lib_file_read(const struct lib_dir *d, const char *name, size_t max, u8 **data, size_t *size);
int lib_file_write(const struct lib_dir *d, const char *name, const void *data, size_t size);
int lib_file_copy(const struct lib_dir *d, const char *from, const char *to);
int lib_file_rename(const struct lib_dir *d, const char *from, const char *to);
int lib_file_remove(const struct lib_dir *d, const char *name);
int lib_file_wipe(const struct lib_dir *d, const char *name, const char *unless);

int lib_lock(const struct lib_dir *d, const char *name, bool exclusive, u32 timeout_ms);
void lib_unlock(int lock);

#endif
