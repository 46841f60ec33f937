// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * To be preloaded: once $DMW_SWAP is there, with three lines, the first look for an attribute of the
 * path on the first exchanges the paths on the others.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static void swap(const char *path)
{
	const char *name = getenv("DMW_SWAP");
	char at[512], one[512], two[512];
	FILE *f = name ? fopen(name, "r") : NULL;

	if (!f)
		return;
	if (fscanf(f, "%511s %511s %511s", at, one, two) == 3 && !strcmp(at, path)) {
		renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE);
		unlink(name);
	}
	fclose(f);
}

ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	ssize_t (*real)(const char *, const char *, void *, size_t) = dlsym(RTLD_NEXT, "lgetxattr");
	ssize_t n = real(path, name, value, size);

	swap(path);
	return n;
}
