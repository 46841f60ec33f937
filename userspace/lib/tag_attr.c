// SPDX-License-Identifier: GPL-2.0-or-later
/* The extended attribute that states a file's case. */
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib_tag.h"

#define VALUE_SIZE	64	/* UUID, space, number, and more that is then refused */

/* Digits only, no sign, no leading zero: each tag is stated in one way. */
static int parse_number(const char *text, u32 *tag)
{
	unsigned long n;
	char *end;

	if (*text < '1' || *text > '9' || strlen(text) > 10)
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n >= DMW_TAG_METADATA)
		return -EINVAL;
	*tag = n;
	return 0;
}

static int parse(char *value, ssize_t n, u8 *uuid, u32 *tag)
{
	if (n < 0)
		return errno == ERANGE ? -EINVAL : -errno;
	value[n] = 0;
	if (n < 38 || strlen(value) != (size_t)n || value[36] != ' ')
		return -EINVAL;
	value[36] = 0;
	return libdmwarrant_uuid_parse(value, uuid) ? -EINVAL : parse_number(value + 37, tag);
}

/** lib_attr_get() - Return: 0; -ENODATA none; -EINVAL not one of ours; errors of getxattr(2) */
int lib_attr_get(int fd, u8 uuid[DMW_UUID_SIZE], u32 *tag)
{
	char value[VALUE_SIZE];

	return parse(value, fgetxattr(fd, LIBDMWARRANT_TAG_XATTR, value, sizeof(value) - 1), uuid,
		     tag);
}

/** lib_attr_get_at() - the same without opening the file: who watches opens must not open */
int lib_attr_get_at(const char *path, u8 uuid[DMW_UUID_SIZE], u32 *tag)
{
	char value[VALUE_SIZE];

	return parse(value, lgetxattr(path, LIBDMWARRANT_TAG_XATTR, value, sizeof(value) - 1), uuid,
		     tag);
}

/** lib_attr_set() - state a tag; the default tag is stated by no attribute */
int lib_attr_set(int fd, const u8 uuid[DMW_UUID_SIZE], u32 tag)
{
	char value[VALUE_SIZE], text[37];
	int n;

	if (tag == DMW_TAG_DEFAULT)
		return fremovexattr(fd, LIBDMWARRANT_TAG_XATTR) && errno != ENODATA ? -errno : 0;
	libdmwarrant_uuid_format(uuid, text);
	n = snprintf(value, sizeof(value), "%s %u", text, tag);
	return fsetxattr(fd, LIBDMWARRANT_TAG_XATTR, value, n, 0) ? -errno : 0;
}

int libdmwarrant_tag_of_file(struct libdmwarrant *ctx, const char *path,
			     uint8_t uuid[LIBDMWARRANT_UUID_SIZE], uint32_t *tag)
{
	u32 number;
	int ret = lib_attr_get_at(path, uuid, &number);

	switch (ret) {
	case 0:
		*tag = number;
		return 0;
	case -ENODATA:
		return lib_fail(ctx, ret,
				"%s states no case; warrantctl tag assign --file gives it one",
				path);
	case -EINVAL:
		return lib_fail(ctx, ret,
				"the attribute " LIBDMWARRANT_TAG_XATTR " of %s is none of ours; remove it with setfattr -x",
				path);
	default:
		return lib_fail(ctx, ret, "cannot read the attributes of %s: %s", path,
				strerror(-ret));
	}
}
