// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tag a file is to have: its own attribute's, or that of the nearest directory that has one. */
#include <unistd.h>

#include "lib_tag.h"

/*
 * An attribute that counts: of this volume, of a tag that is there.
 * Return: 0; -ENODATA none that does.
 */
static int attribute(const struct lib_tag_volume *v, const char *path, u32 *tag)
{
	u8 uuid[DMW_UUID_SIZE];

	if (lib_attr_get_at(path, uuid, tag) || memcmp(uuid, v->uuid, DMW_UUID_SIZE))
		return -ENODATA;
	return 0;
}

/**
 * lib_inherit() - what a file's directories state
 * @v:     volume
 * @point: mount point, where the search ends
 * @path:  of the file
 * @tag:   receives the tag
 *
 * Opens nothing, so that it may be called while an open is held up.
 * Return: 0; -ENODATA none of them states one.
 */
int lib_inherit(const struct lib_tag_volume *v, const char *point, const char *path, u32 *tag)
{
	size_t least = strcmp(point, "/") ? strlen(point) : 0;
	char directory[PATH_MAX], *slash;

	if (strncmp(path, point, least) || path[least] != '/')
		return -ENODATA;
	lib_copy(directory, sizeof(directory), path);
	while ((slash = strrchr(directory, '/')) && slash >= directory + least) {
		*slash = 0;
		if (!attribute(v, directory[0] ? directory : "/", tag))
			return 0;
	}
	return -ENODATA;
}

/** lib_fd_path() - a descriptor's path as it is now. Return: 0, or -ENOENT: it has none */
int lib_fd_path(int fd, char path[PATH_MAX])
{
	char link[32];
	struct stat st, there;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n <= 0)
		return -ENOENT;
	path[n] = 0;
	/* Deleted, or hidden by another mount: the name leads somewhere else. */
	if (fstat(fd, &st) || lstat(path, &there) || st.st_ino != there.st_ino ||
	    st.st_dev != there.st_dev)
		return -ENOENT;
	return 0;
}
