// SPDX-License-Identifier: GPL-2.0-or-later
/* Device-mapper's ioctls: see debug.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "debug.h"

static union {
	struct dm_ioctl	h;
	char		bytes[16384];
} buf;

static void prepare(const char *name, uint32_t flags)
{
	memset(&buf, 0, sizeof(buf));
	buf.h.version[0] = DM_VERSION_MAJOR;
	buf.h.data_size = sizeof(buf);
	buf.h.data_start = sizeof(buf.h);
	buf.h.flags = flags;
	snprintf(buf.h.name, sizeof(buf.h.name), "%s", name);
}

static int call(unsigned long request)
{
	static int control = -1;

	if (control < 0)
		control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		fail("/dev/mapper/control: %m");
	return ioctl(control, request, &buf) ? -errno : 0;
}

int dm_create(const char *name)
{
	prepare(name, 0);
	return call(DM_DEV_CREATE);
}

int dm_load(const char *name, const struct target *t, unsigned int count, bool read_only)
{
	size_t at = sizeof(buf.h), n;
	struct dm_target_spec *spec;
	unsigned int i;

	prepare(name, read_only ? DM_READONLY_FLAG : 0);
	buf.h.target_count = count;
	for (i = 0; i < count; i++) {
		spec = (struct dm_target_spec *)(buf.bytes + at);
		n = (sizeof(*spec) + strlen(t[i].params) + 1 + 7) & ~7UL;
		if (at + n > sizeof(buf))
			return -E2BIG;
		spec->sector_start = t[i].start;
		spec->length = t[i].length;
		spec->next = n;
		snprintf(spec->target_type, sizeof(spec->target_type), "%s", t[i].type);
		strcpy((char *)(spec + 1), t[i].params);
		at += n;
	}
	return call(DM_TABLE_LOAD);
}

int dm_suspend(const char *name, uint32_t flags)
{
	prepare(name, DM_SUSPEND_FLAG | flags);
	return call(DM_DEV_SUSPEND);
}

int dm_resume(const char *name)
{
	prepare(name, 0);
	return call(DM_DEV_SUSPEND);
}

int dm_clear(const char *name)
{
	prepare(name, 0);
	return call(DM_TABLE_CLEAR);
}

int dm_remove(const char *name, uint32_t flags)
{
	prepare(name, flags);
	return call(DM_DEV_REMOVE);
}

int dm_message(const char *name, const char *text, char *answer, size_t size)
{
	struct dm_target_msg *m = (struct dm_target_msg *)(buf.bytes + sizeof(buf.h));
	int ret;

	prepare(name, 0);
	snprintf(m->message, sizeof(buf) - sizeof(buf.h) - sizeof(*m), "%s", text);
	ret = call(DM_TARGET_MSG);
	if (answer)
		snprintf(answer, size, "%s",
			 !ret && (buf.h.flags & DM_DATA_OUT_FLAG) ? buf.bytes + buf.h.data_start : "");
	return ret;
}

/* The text of the first target. */
int dm_status(const char *name, uint32_t flags, char *text, size_t size)
{
	struct dm_target_spec *spec;
	int ret;

	prepare(name, flags);
	ret = call(DM_TABLE_STATUS);
	if (ret)
		return ret;
	spec = (struct dm_target_spec *)(buf.bytes + buf.h.data_start);
	if (text)
		snprintf(text, size, "%s", buf.h.target_count ? (char *)(spec + 1) : "");
	return 0;
}

int dm_look(const char *name, struct dm_look *look)
{
	struct dm_target_spec *spec;
	int ret;

	prepare(name, DM_STATUS_TABLE_FLAG | DM_NOFLUSH_FLAG);
	ret = call(DM_TABLE_STATUS);
	if (ret)
		return ret;
	spec = (struct dm_target_spec *)(buf.bytes + buf.h.data_start);
	look->minor = minor(buf.h.dev);
	look->targets = buf.h.target_count;
	look->suspended = buf.h.flags & DM_SUSPEND_FLAG;
	look->read_only = buf.h.flags & DM_READONLY_FLAG;
	snprintf(look->type, sizeof(look->type), "%s", look->targets ? spec->target_type : "");
	snprintf(look->table, sizeof(look->table), "%s", look->targets ? (char *)(spec + 1) : "");
	return 0;
}

int dm_raw(unsigned long request, const void *bytes, size_t size)
{
	memset(&buf, 0, sizeof(buf));
	memcpy(&buf, bytes, size);
	return call(request);
}

int dm_minor(const char *name)
{
	int ret;

	prepare(name, 0);
	ret = call(DM_DEV_STATUS);
	return ret ? ret : (int)minor(buf.h.dev);
}

void dm_becomes(const char *name, const struct target *t, unsigned int count)
{
	int ret = 0;

	if (dm_minor(name) < 0)
		ret = dm_create(name);
	if (!ret)
		ret = dm_load(name, t, count, false);
	/* what is under way ends first; a file system's freezing has no place here */
	if (!ret)
		ret = dm_suspend(name, DM_SKIP_LOCKFS_FLAG);
	if (!ret)
		ret = dm_resume(name);
	if (ret)
		fail("device %s cannot become %s %s: %s", name, t->type, t->params, strerror(-ret));
}
