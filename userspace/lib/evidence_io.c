// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the small files of evidence seals are, and making them. */
#include "evidence_file.h"

/** lib_beside() - path of what belongs to a statement: FILE.sig, ... */
int lib_beside(struct libdmwarrant *ctx, const char *file, const char *suffix,
	       char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s%s", file, suffix) < PATH_MAX)
		return 0;
	return lib_fail(ctx, -ENAMETOOLONG, "a path of more than %u bytes", PATH_MAX);
}

/** lib_text_write() - a new file, whole and durable or not at all. Return: 0; -EEXIST */
int lib_text_write(struct libdmwarrant *ctx, const char *path, const char *text)
{
	int ret = lib_write_once(path, 0644, text, strlen(text));

	if (!ret)
		return 0;
	return lib_fail(ctx, ret, "cannot make %s: %s; name another file", path, strerror(-ret));
}
