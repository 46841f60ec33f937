// SPDX-License-Identifier: GPL-2.0-or-later
/* Closing a volume and telling the registry: later, when it cannot be told now. */
#include "warrant_volume.h"

#define LOCK_MS		60000

struct closing {
	struct libdmwarrant				*ctx;
	struct libdmwarrant_config			config;
	struct libdmwarrant_volume_close_result		*result;
	u8						uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor			kernel;	/* newest that is sure; 0 = none */
	bool						by_warrant;
};

/* ---- telling the registry ---- */

static int tell(struct closing *c, struct libdmwarrant_registry *reg)
{
	int ret = lib_pending_deliver(&c->config, reg, c->uuid);

	if (!ret && c->result->anchor.checkpoint)
		ret = libdmwarrant_registry_anchor_set(reg, c->uuid, &c->result->anchor);
	if (ret == -ENOENT)
		return ret;
	c->result->flags |= LIBDMWARRANT_CLOSED_REGISTERED;
	if (!ret || ret == -ESTALE)
		return libdmwarrant_registry_mark_closed(reg, c->uuid) ?: ret;
	return ret;
}

static int tell_registry(struct closing *c)
{
	struct libdmwarrant_registry *reg;
	int ret = libdmwarrant_registry_open(c->ctx, c->config.registry, 0, &reg);

	if (ret)
		return ret;
	ret = tell(c, reg);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int keep(struct closing *c)
{
	struct libdmwarrant reason = *c->ctx;
	char anchor[46] = "none";
	int ret = 0;

	c->result->flags |= LIBDMWARRANT_CLOSED_REGISTERED | LIBDMWARRANT_CLOSED_PENDING;
	if (c->result->anchor.checkpoint) {
		libdmwarrant_anchor_format(&c->result->anchor, anchor);
		ret = lib_pending_write(c->ctx, &c->config, c->uuid, &c->result->anchor,
					c->result->pending, sizeof(c->result->pending));
	}
	if (ret)
		return lib_fail(c->ctx, -EINPROGRESS,
				"closed, but the registry could not be told: %.400s; nor could the anchor %s be kept in a file, so write it down, and repeat this command when the registry answers",
				reason.error, anchor);
	return lib_fail(c->ctx, -EINPROGRESS,
			"closed, but the registry could not be told: %.400s; the anchor %s waits in %s: repeat this command when the registry answers",
			reason.error, anchor,
			c->result->pending[0] ? c->result->pending : "no file");
}

/* A volume without warrant is in no registry, and needs none. */
static int told(struct closing *c, int ret)
{
	if (!c->by_warrant && (ret == -ENOENT || ret == -EACCES))
		return 0;
	if (ret && ret != -ESTALE)
		return keep(c);
	lib_origin_remove(c->uuid);
	return ret;
}

/* ---- closing ---- */

static void read_kernel(struct closing *c, const char *name)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };

	memset(&c->kernel, 0, sizeof(c->kernel));
	if (!libdmwarrant_status(c->ctx, name, &s))
		c->kernel = s.anchor;
}

static int close_open(struct closing *c, const char *name,
		      const struct libdmwarrant_close_params *params)
{
	struct libdmwarrant_close_result *r = &c->result->close;
	struct libdmwarrant reason;
	int ret, close_ret;

	read_kernel(c, name);
	close_ret = libdmwarrant_close(c->ctx, name, params, r);
	/* -ESTALE and an anchor: it is closed, and that anchor is needed more than ever. */
	if ((close_ret && (close_ret != -ESTALE || !r->anchor.checkpoint)) || r->deferred ||
	    (params->flags & LIBDMWARRANT_CLOSE_DRY_RUN))
		return close_ret;
	c->result->anchor = r->authenticated ? r->anchor : c->kernel;
	reason = *c->ctx;
	ret = told(c, tell_registry(c));
	if (ret && !close_ret)
		return ret;
	*c->ctx = reason;
	return close_ret;
}

static int is_open(struct closing *c, const char *volume, bool *open)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	int ret = libdmwarrant_status(c->ctx, volume, &s);

	*open = !ret;
	memcpy(c->uuid, s.uuid, sizeof(c->uuid));
	return ret == -ENXIO ? 0 : ret;
}

/* Not open: what is left to do is to tell the registry. */
static int close_closed(struct closing *c, const struct libdmwarrant_record *record, bool dry_run)
{
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	struct libdmwarrant_registry *reg;
	int ret = libdmwarrant_registry_open(c->ctx, c->config.registry, 0, &reg);

	if (ret)
		return ret;
	ret = libdmwarrant_registry_opened(reg, record->uuid, &o);
	if (!ret && !(o.flags & (LIBDMWARRANT_OPENED_HERE | LIBDMWARRANT_OPENED_REBOOTED)))
		ret = lib_fail(c->ctx, -ENXIO, "volume %s is not open here, but on host %s",
			       record->name, o.host);
	else if (ret == -ENXIO)
		ret = lib_fail(c->ctx, ret, "volume %s is not open", record->name);
	if (!ret && !dry_run)
		ret = tell(c, reg);
	libdmwarrant_registry_close(reg);
	if (!ret) {
		c->result->flags |= LIBDMWARRANT_CLOSED_BEFORE | LIBDMWARRANT_CLOSED_REGISTERED;
		memcpy(c->result->close.uuid, record->uuid, sizeof(record->uuid));
		lib_copy(c->result->close.name, sizeof(c->result->close.name), record->name);
		lib_origin_remove(record->uuid);
	}
	return ret;
}

static int find_record(struct closing *c, const char *volume, struct libdmwarrant_record *record)
{
	struct libdmwarrant_registry *reg;
	int ret;

	ret = libdmwarrant_registry_open(c->ctx, c->config.registry,
					 LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret == -ENOENT)
		return lib_fail(c->ctx, -ENXIO,
				"%s is not open; warrantctl volume list shows what is", volume);
	if (ret)
		return ret;
	ret = libdmwarrant_registry_volume_get(reg, volume, record);
	libdmwarrant_registry_close(reg);
	return ret == -ENOENT ? lib_fail(c->ctx, -ENXIO,
					 "%s is neither open nor in the registry; warrantctl volume list shows what is",
					 volume) : ret;
}

static int close_locked(struct closing *c, const char *name, bool open,
			const struct libdmwarrant_record *record,
			const struct libdmwarrant_close_params *params)
{
	bool dry_run = params->flags & LIBDMWARRANT_CLOSE_DRY_RUN;
	int ret, lock = dry_run ? -1 : lib_volume_lock(c->ctx, c->uuid, LOCK_MS);

	if (!dry_run && lock < 0)
		return lock;
	/* The registry that it was opened from, not the one that is configured now. */
	c->by_warrant = lib_origin_read(c->uuid, &c->config);
	ret = open ? close_open(c, name, params) : close_closed(c, record, dry_run);
	lib_volume_unlock(lock);
	return ret;
}

int libdmwarrant_volume_close(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const char *volume, const struct libdmwarrant_close_params *params,
			      struct libdmwarrant_volume_close_result *result)
{
	struct closing c = { .ctx = ctx, .config = *config, .result = result };
	struct libdmwarrant_record record = { .version = LIBDMWARRANT_RECORD_VERSION };
	char name[LIBDMWARRANT_NAME_SIZE + 40];
	bool open;
	int ret;

	if (result->version != LIBDMWARRANT_VOLUME_CLOSE_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_VOLUME_CLOSE_VERSION);
	result->close.version = LIBDMWARRANT_CLOSE_VERSION;
	lib_copy(name, sizeof(name), volume);
	ret = is_open(&c, name, &open);
	if (!ret && !open) {
		ret = find_record(&c, volume, &record);
		memcpy(c.uuid, record.uuid, sizeof(c.uuid));
		libdmwarrant_uuid_format(record.uuid, name);
	}
	/* A warrant, or a name in the registry that is open under another one. */
	if (!ret && !open)
		ret = is_open(&c, name, &open);
	if (ret)
		return ret;
	if (!open)
		memcpy(c.uuid, record.uuid, sizeof(c.uuid));
	return close_locked(&c, name, open, &record, params);
}
