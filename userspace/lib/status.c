// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of open volumes, and which LUNs carry one. */
#include <dirent.h>
#include <sys/sysmacros.h>

#include "lib_private.h"

static int parse_line(const char *line, struct libdmwarrant_status *s)
{
	unsigned long long n[8];
	char anchor[64];

	/* A device that was never resumed says no more than this. */
	if (!strcmp(line, "new")) {
		lib_copy(s->mode, sizeof(s->mode), line);
		return 0;
	}
	if (sscanf(line, "%15s %63s %u %llu/%llu %llu/%llu/%llu %llu %llu %llu", s->mode, anchor,
		   &s->activation, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) != 11)
		return -EPROTO;
	s->journal_used = n[0];
	s->journal_units = n[1];
	s->nodes_cached = n[2];
	s->node_limit = n[3];
	s->nodes_dirty = n[4];
	s->mismatches = n[5];
	s->recovered = n[6];
	s->lost = n[7];
	return libdmwarrant_anchor_parse(anchor, &s->anchor) ? -EPROTO : 0;
}

/**
 * lib_status_parse() - a mapping's status line in numbers
 *
 * Return: 0, or -EPROTO: the module is of another version.
 */
int lib_status_parse(struct libdmwarrant *ctx, const struct lib_mapping *m,
		     struct libdmwarrant_status *s)
{
	unsigned int maj, min;

	memset(s, 0, sizeof(*s));
	s->version = LIBDMWARRANT_STATUS_VERSION;
	if (parse_line(m->status, s))
		return lib_fail(ctx, -EPROTO,
				"%s: the loaded module reports \"%s\"; use the tools of its version",
				m->name, m->status);

	memcpy(s->uuid, m->uuid, DMW_UUID_SIZE);
	lib_copy(s->name, sizeof(s->name), m->name);
	s->open_count = m->open_count;
	s->volume_bytes = m->length << 9;
	s->read_only = m->read_only;
	s->suspended = m->suspended;
	s->major = m->major;
	s->minor = m->minor;
	if (sscanf(m->lun, "%u:%u", &maj, &min) != 2 ||
	    lib_sysfs_device_path(makedev(maj, min), s->device, sizeof(s->device)))
		lib_copy(s->device, sizeof(s->device), m->lun);
	return 0;
}

int libdmwarrant_status(struct libdmwarrant *ctx, const char *name,
			struct libdmwarrant_status *status)
{
	struct lib_mapping m;
	int ret;

	if (status->version != LIBDMWARRANT_STATUS_VERSION)
		return lib_fail_version(ctx, status->version, LIBDMWARRANT_STATUS_VERSION);
	ret = lib_dm_begin(ctx);
	if (!ret)
		ret = lib_dm_find(ctx, name, &m);
	return ret ? ret : lib_status_parse(ctx, &m, status);
}

/* ---- list ---- */

struct list {
	struct libdmwarrant	*ctx;
	int			(*fn)(void *arg, const struct libdmwarrant_status *status);
	void			*arg;
};

static int list_one(void *arg, const struct lib_mapping *m)
{
	struct libdmwarrant_status s;
	struct list *l = arg;
	int ret = lib_status_parse(l->ctx, m, &s);

	if (!ret && l->fn(l->arg, &s))
		ret = lib_fail(l->ctx, -ECANCELED, "cancelled");
	return ret;
}

int libdmwarrant_list(struct libdmwarrant *ctx,
		      int (*fn)(void *arg, const struct libdmwarrant_status *status), void *arg)
{
	struct list l = { .ctx = ctx, .fn = fn, .arg = arg };
	int ret = lib_dm_begin(ctx);

	/* Where there is no device-mapper, no volume is open. */
	if (ret == -ENXIO)
		return 0;
	return ret ? ret : lib_dm_each(ctx, list_one, &l);
}

/* ---- scan ---- */

/**
 * lib_sysfs_is_path() - is a device a path of a multipath device?
 * @dev: device
 * @map: receives the multipath device, which holds it; NULL = not wanted
 */
bool lib_sysfs_is_path(dev_t dev, dev_t *map)
{
	char holder[256], name[300], text[256];
	unsigned int maj, min;

	if (lib_sysfs_first_entry(dev, "holders", holder, sizeof(holder)))
		return false;
	snprintf(name, sizeof(name), "holders/%s/dm/uuid", holder);
	if (lib_sysfs_read(dev, name, text, sizeof(text)) <= 0 || strncmp(text, "mpath-", 6))
		return false;
	snprintf(name, sizeof(name), "holders/%s/dev", holder);
	if (lib_sysfs_read(dev, name, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%u:%u", &maj, &min) != 2)
		return false;
	if (map)
		*map = makedev(maj, min);
	return true;
}

/* The volume on a multipath device is reported once, under the map. */
int libdmwarrant_scan(struct libdmwarrant *ctx,
		      int (*fn)(void *arg, const char *path,
				const struct libdmwarrant_volume *volume), void *arg)
{
	DIR *d = opendir("/sys/dev/block");
	struct libdmwarrant_volume v;
	unsigned int maj, min;
	struct dirent *e;
	char path[256];
	int ret = 0;

	while (d && !ret && (e = readdir(d))) {
		if (sscanf(e->d_name, "%u:%u", &maj, &min) != 2 ||
		    lib_sysfs_is_path(makedev(maj, min), NULL) ||
		    lib_sysfs_device_path(makedev(maj, min), path, sizeof(path)))
			continue;
		memset(&v, 0, sizeof(v));
		v.version = LIBDMWARRANT_VOLUME_VERSION;
		if (libdmwarrant_volume_peek(ctx, path, &v))
			continue;
		if (fn(arg, path, &v))
			ret = lib_fail(ctx, -ECANCELED, "cancelled");
	}
	if (d)
		closedir(d);
	return ret;
}
