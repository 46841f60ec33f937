// SPDX-License-Identifier: GPL-2.0-or-later
/* Closing a volume, and what is to be remembered of it. */
#include <sys/sysmacros.h>

#include "lib_private.h"

static int in_use(struct libdmwarrant *ctx, const struct lib_mapping *m)
{
	dev_t dev = makedev(m->major, m->minor);
	char path[16 + LIBDMWARRANT_NAME_SIZE], holder[256], who[256];

	snprintf(path, sizeof(path), "/dev/mapper/%s", m->name);
	lib_device_use_mount(dev, path, who, sizeof(who));
	if (!who[0] && !lib_sysfs_first_entry(dev, "holders", holder, sizeof(holder)))
		snprintf(who, sizeof(who), "held by %.200s", holder);
	if (!who[0])
		lib_device_use_process(dev, who, sizeof(who));
	return lib_fail(ctx, -EBUSY, "%s is in use: %s; release it first, or close it with --deferred",
			m->name, who[0] ? who : "opened by a process of another namespace");
}

/* The newest checkpoint that the kernel, which is trusted, knows of. */
static void ask_kernel(struct libdmwarrant *ctx, const char *name, struct libdmwarrant_anchor *a)
{
	struct libdmwarrant_status s;
	struct lib_mapping m;

	/* One that has failed, or is read-only, commits nothing; its last status still counts. */
	lib_dm_message(ctx, name, "checkpoint");
	memset(a, 0, sizeof(*a));
	if (!lib_dm_find(ctx, name, &m) && !lib_status_parse(ctx, &m, &s))
		*a = s.anchor;
}

static int read_anchor(struct libdmwarrant *ctx, const struct libdmwarrant_anchor *kernel,
		       struct libdmwarrant_close_result *r)
{
	struct libdmwarrant_volume v = { .version = LIBDMWARRANT_VOLUME_VERSION };
	int ret = libdmwarrant_volume_peek(ctx, r->device, &v);

	if (ret)
		return ret;
	if (memcmp(v.uuid, r->uuid, DMW_UUID_SIZE))
		return lib_fail(ctx, -ESTALE,
				"closed, but %s now holds another volume; check the LUN mapping",
				r->device);
	r->anchor = v.anchor;
	if (!kernel->checkpoint || v.anchor.checkpoint > kernel->checkpoint)
		return 0;
	if (v.anchor.checkpoint == kernel->checkpoint &&
	    !memcmp(v.anchor.salt, kernel->salt, DMW_SALT_SIZE)) {
		r->authenticated = 1;
		return 0;
	}
	r->anchor = *kernel;
	r->authenticated = 1;
	return lib_fail(ctx, -ESTALE,
			"closed, but %s returns checkpoint %llu where the kernel committed %llu: the array has lost or rolled back writes; keep the anchor and do not open the volume",
			r->device, (unsigned long long)v.anchor.checkpoint,
			(unsigned long long)kernel->checkpoint);
}

static int force(struct libdmwarrant *ctx, const struct lib_mapping *m)
{
	int ret = lib_dm_replace_error(ctx, m->name, m->length);

	if (!ret)
		ret = lib_dm_remove(ctx, m->name, false);
	if (ret == -EBUSY)
		return lib_fail(ctx, ret,
				"all I/O of %s fails now, but it is still held open; unmount it, then remove it with dmsetup remove",
				m->name);
	return ret;
}

static int remove_mapping(struct libdmwarrant *ctx, const struct lib_mapping *m, u32 flags)
{
	int ret;

	if (flags & LIBDMWARRANT_CLOSE_FORCE)
		return force(ctx, m);
	ret = lib_dm_remove(ctx, m->name, flags & LIBDMWARRANT_CLOSE_DEFERRED);
	return ret == -EBUSY ? in_use(ctx, m) : ret;
}

static int is_gone(struct libdmwarrant *ctx, const char *name)
{
	struct lib_mapping m;

	return lib_dm_find(ctx, name, &m) == -ENXIO;
}

int libdmwarrant_close(struct libdmwarrant *ctx, const char *name,
		       const struct libdmwarrant_close_params *params,
		       struct libdmwarrant_close_result *result)
{
	struct libdmwarrant_anchor kernel;
	struct libdmwarrant_status s;
	struct lib_mapping m;
	int ret;

	if (params->version != LIBDMWARRANT_CLOSE_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_CLOSE_VERSION);
	ret = lib_dm_begin(ctx);
	if (!ret)
		ret = lib_dm_find(ctx, name, &m);
	if (!ret)
		ret = lib_status_parse(ctx, &m, &s);
	if (ret)
		return ret;
	memcpy(result->uuid, s.uuid, DMW_UUID_SIZE);
	lib_copy(result->name, sizeof(result->name), s.name);
	lib_copy(result->device, sizeof(result->device), s.device);
	if (m.open_count && !(params->flags & (LIBDMWARRANT_CLOSE_FORCE |
					       LIBDMWARRANT_CLOSE_DEFERRED)))
		return in_use(ctx, &m);
	if (params->flags & LIBDMWARRANT_CLOSE_DRY_RUN)
		return 0;
	kernel = s.anchor;
	/* With users there may be more writes after this checkpoint; forced, it might hang. */
	if (!m.open_count && !(params->flags & LIBDMWARRANT_CLOSE_FORCE))
		ask_kernel(ctx, m.name, &kernel);
	ret = remove_mapping(ctx, &m, params->flags);
	if (ret)
		return ret;
	if ((params->flags & LIBDMWARRANT_CLOSE_DEFERRED) && !is_gone(ctx, m.name)) {
		result->deferred = 1;
		return 0;
	}
	return read_anchor(ctx, &kernel, result);
}
