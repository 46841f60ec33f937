// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a volume by its warrant: everything is checked that could make it the wrong one. */
#include <time.h>

#include "rotate.h"
#include "shred.h"

#define LOCK_MS		60000	/* unlocking keys may take some seconds */

struct opening {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_config		*config;
	const struct libdmwarrant_volume_open_params	*params;
	struct libdmwarrant_volume_open_result		*result;
	struct libdmwarrant_record			*record;	/* in @result */
	struct libdmwarrant_registry			*reg;
	struct libdmwarrant_keyset			*keyset;
	struct lib_lun					lun;
};

static bool has_flag(const struct opening *o, u32 flag)
{
	return o->params->flags & flag;
}

static bool is_dry_run(const struct opening *o)
{
	return has_flag(o, LIBDMWARRANT_VOLUME_OPEN_DRY_RUN);
}

/* ---- may it be opened? ---- */

static int find_record(struct opening *o)
{
	int ret;

	o->record->version = LIBDMWARRANT_RECORD_VERSION;
	ret = libdmwarrant_registry_volume_get(o->reg, o->params->volume, o->record);
	if (!ret && (o->record->flags & LIBDMWARRANT_RECORD_CREATING))
		return lib_fail(o->ctx, -EAGAIN,
				"making volume %s was interrupted; finish it first: warrantctl volume create --warrant %s --name %s --device %s",
				o->record->name, o->record->warrant, o->record->name,
				o->record->device);
	return ret;
}

static int check_warrant(struct opening *o)
{
	bool read_only = has_flag(o, LIBDMWARRANT_VOLUME_OPEN_READ_ONLY);
	char *json;
	int ret = libdmwarrant_warrant_get(o->reg, o->record->warrant, &json);

	if (ret)
		return ret;
	ret = libdmwarrant_warrant_usable(o->ctx, json, time(NULL),
					  read_only ? LIBDMWARRANT_USE_READ :
					  LIBDMWARRANT_USE_WRITE);
	free(json);
	return ret;
}

static int open_elsewhere(struct opening *o, const struct libdmwarrant_opened *by)
{
	time_t t = by->since;
	char since[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return lib_fail(o->ctx, -EBUSY,
			"volume %s is open on host %s since %s (by %s%s); close it there, or, when that host is surely down, add --take-over",
			o->record->name, by->host, since, by->user,
			by->flags & LIBDMWARRANT_OPENED_READ_ONLY ? ", read-only" : "");
}

/* Does anybody have it open? This host's kernel knows better than the registry's mark. */
static int check_marks(struct opening *o)
{
	struct libdmwarrant_opened by = { .version = LIBDMWARRANT_OPENED_VERSION };
	struct lib_mapping m;
	int ret;

	ret = lib_dm_begin(o->ctx);
	if (!ret && !lib_dm_find_uuid(o->ctx, o->record->uuid, &m))
		return lib_fail(o->ctx, -EEXIST, "volume %s is open already, as %s",
				o->record->name, m.name);
	if (ret && !is_dry_run(o))
		return ret;
	ret = libdmwarrant_registry_opened(o->reg, o->record->uuid, &by);
	if (ret)
		return ret == -ENXIO ? 0 : ret;
	if (by.flags & (LIBDMWARRANT_OPENED_HERE | LIBDMWARRANT_OPENED_REBOOTED)) {
		o->result->flags |= LIBDMWARRANT_VOLUME_AFTER_CRASH;
		return 0;
	}
	return has_flag(o, LIBDMWARRANT_VOLUME_OPEN_TAKE_OVER) ? 0 : open_elsewhere(o, &by);
}

/* ---- is it the right one? ---- */

static int find_lun(struct opening *o)
{
	int ret = lib_lun_find(o->ctx, o->record, o->params->device,
			       has_flag(o, LIBDMWARRANT_VOLUME_OPEN_MOVED), &o->lun);

	if (!ret)
		lib_copy(o->result->device, sizeof(o->result->device), o->lun.path);
	return ret;
}

/* What the LUN says in the clear is not to be trusted, but it cannot make us accept anything. */
static int check_anchor(struct opening *o)
{
	struct libdmwarrant_anchor *a = &o->result->required;
	int ret = libdmwarrant_registry_anchor_get(o->reg, o->record->uuid, a, NULL, NULL);

	if (ret || o->params->accept_rollback ||
	    o->lun.volume.anchor.checkpoint >= a->checkpoint)
		return ret;
	return lib_rolled_back(o->ctx, o->reg, o->record, &o->lun, o->keyset);
}

static int get_keys(struct opening *o)
{
	const char *uri = o->params->keystore ? o->params->keystore : o->record->keystore;
	struct libdmwarrant_keystore *ks;
	int ret;

	ret = lib_volume_keystore(o->ctx, uri, true, o->record->warrant, o->params->unlock, &ks);
	if (ret)
		return ret;
	ret = lib_volume_keyset(o->ctx, ks, o->record, &o->keyset);
	libdmwarrant_keystore_close(ks);
	return ret;
}

/* ---- opening ---- */

static int map(struct opening *o, bool dry_run)
{
	const struct libdmwarrant_volume_open_params *p = o->params;
	struct libdmwarrant_open_params open = {
		.version = LIBDMWARRANT_OPEN_VERSION,
		.cache_mib = p->cache_mib,
		.checkpoint_seconds = p->checkpoint_seconds,
		.warrant = o->record->digest,
		.anchor = o->result->required,
	};
	int ret;

	if (dry_run)
		open.flags |= LIBDMWARRANT_OPEN_DRY_RUN;
	if (has_flag(o, LIBDMWARRANT_VOLUME_OPEN_READ_ONLY))
		open.flags |= LIBDMWARRANT_OPEN_READ_ONLY;
	if (has_flag(o, LIBDMWARRANT_VOLUME_OPEN_ALLOW_DISCARDS))
		open.flags |= LIBDMWARRANT_OPEN_ALLOW_DISCARDS;
	memset(&o->result->open, 0, sizeof(o->result->open));
	o->result->open.version = LIBDMWARRANT_OPEN_VERSION;
	ret = libdmwarrant_open(o->ctx, o->lun.path, o->record->name, o->keyset, &open,
				&o->result->open);
	if (ret != -ESTALE)
		return ret;
	memset(&o->result->open, 0, sizeof(o->result->open));
	return lib_rolled_back(o->ctx, o->reg, o->record, &o->lun, o->keyset);
}

/*
 * The state to go on from is the one that the LUN proves to have with the volume's own keys, not
 * whatever it says in the clear. The registry keeps the reason for ever.
 */
static int accept_rollback(struct opening *o)
{
	struct libdmwarrant_anchor known = o->result->required;
	int ret;

	ret = map(o, true);
	if (ret != -ESTALE)
		return ret;
	memset(&o->result->required, 0, sizeof(o->result->required));
	ret = map(o, true);
	if (ret)
		return ret;
	if (is_dry_run(o)) {
		o->result->required = known;
		return 0;
	}
	o->result->required = o->result->open.anchor;
	return libdmwarrant_registry_anchor_accept(o->reg, o->record->uuid, &o->result->required,
						   o->params->accept_rollback);
}

static u32 mark_flags(const struct opening *o)
{
	u32 flags = 0;

	if (has_flag(o, LIBDMWARRANT_VOLUME_OPEN_READ_ONLY))
		flags |= LIBDMWARRANT_OPENED_READ_ONLY;
	if (has_flag(o, LIBDMWARRANT_VOLUME_OPEN_TAKE_OVER))
		flags |= LIBDMWARRANT_OPENED_TAKE_OVER;
	return flags;
}

/* The opening has committed a checkpoint; until the registry has it, it could be rolled back. */
static void anchor(struct opening *o)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	char path[512];
	int ret;

	ret = libdmwarrant_status(o->ctx, o->record->name, &s);
	if (ret) {
		o->result->flags |= LIBDMWARRANT_VOLUME_UNANCHORED;
		return;
	}
	o->result->anchor = s.anchor;
	ret = libdmwarrant_registry_anchor_set(o->reg, o->record->uuid, &s.anchor);
	if (!ret)
		return;
	o->result->flags |= LIBDMWARRANT_VOLUME_UNANCHORED;
	lib_pending_write(o->ctx, o->config, o->record->uuid, &s.anchor, path, sizeof(path));
}

/*
 * A rotation goes on where it was, on this host or another. What cannot be started now can be by
 * hand; and a module that knows no epochs has none to rotate.
 */
static void go_on_rotating(struct opening *o)
{
	u32 *flags = &o->result->flags, newest = lib_rotate_newest(o->keyset), tag, epoch, i;
	struct libdmwarrant quiet = *o->ctx;
	struct lib_epochs e;

	if (has_flag(o, LIBDMWARRANT_VOLUME_OPEN_READ_ONLY) ||
	    lib_epochs(o->ctx, o->record->name, &e)) {
		*o->ctx = quiet;
		return;
	}
	if (e.count > 1)
		*flags |= lib_sweep_start(o->ctx, o->record->name, 0) ?
			  LIBDMWARRANT_VOLUME_SWEEP_STOPPED : LIBDMWARRANT_VOLUME_SWEEPING;
	else if (newest > e.current)
		*flags |= LIBDMWARRANT_VOLUME_ROTATION_PREPARED;
	for (i = 0; e.count == 1 && !libdmwarrant_keyset_entry(o->keyset, i, &tag, &epoch); i++)
		if (epoch && epoch < e.current)
			*flags |= LIBDMWARRANT_VOLUME_ROTATION_RETIRED;
	*o->ctx = quiet;
}

/* A hint for people; that it cannot be written does not matter. */
static void remember_device(struct opening *o)
{
	bool moved = strcmp(o->record->wwid, o->lun.wwid);

	if (moved || strcmp(o->record->device, o->lun.path))
		libdmwarrant_registry_volume_moved(o->reg, o->record->uuid,
						   moved ? o->lun.wwid : NULL, o->lun.path);
}

/* The mark comes first: who is killed in between leaves one that is known to be stale. */
static int open_marked(struct opening *o)
{
	struct libdmwarrant reason;
	int ret;

	ret = libdmwarrant_registry_mark_open(o->reg, o->record->uuid, o->record->name, 0,
					      mark_flags(o));
	if (ret)
		return ret;
	ret = lib_shred_allows(o->reg, o->record, o->keyset);
	if (!ret)
		ret = lib_origin_write(o->ctx, o->record->uuid, o->config->registry);
	if (!ret)
		ret = map(o, false);
	if (ret) {
		reason = *o->ctx;
		/* The host that it was taken from may have it yet: others shall go on being warned. */
		if (!has_flag(o, LIBDMWARRANT_VOLUME_OPEN_TAKE_OVER))
			libdmwarrant_registry_mark_closed(o->reg, o->record->uuid);
		lib_origin_remove(o->record->uuid);
		*o->ctx = reason;
		return ret;
	}
	anchor(o);
	remember_device(o);
	go_on_rotating(o);
	return 0;
}

static int check(struct opening *o)
{
	int ret;

	ret = check_warrant(o);
	if (!ret)
		ret = check_marks(o);
	if (!ret)
		ret = find_lun(o);
	if (!ret && !o->params->unlock)
		return check_anchor(o);
	if (!ret)
		ret = get_keys(o);
	return ret ?: lib_shred_allows(o->reg, o->record, o->keyset) ?: check_anchor(o);
}

static int open_locked(struct opening *o)
{
	int ret;

	/* What the registry could not take at the last closing counts now. */
	if (!is_dry_run(o)) {
		ret = lib_pending_deliver(o->config, o->reg, o->record->uuid);
		if (ret)
			return ret;
	}
	ret = check(o);
	if (ret || !o->params->unlock)
		return ret;
	if (o->params->accept_rollback)
		ret = accept_rollback(o);
	if (ret)
		return ret;
	return is_dry_run(o) ? o->params->accept_rollback ? 0 : map(o, true) : open_marked(o);
}

static int open_volume(struct opening *o)
{
	int lock = -1, ret = find_record(o);

	if (ret)
		return ret;
	if (!is_dry_run(o)) {
		lock = lib_volume_lock(o->ctx, o->record->uuid, LOCK_MS);
		if (lock < 0)
			return lock;
	}
	ret = open_locked(o);
	lib_volume_unlock(lock);
	return ret;
}

static int check_params(struct libdmwarrant *ctx, const struct libdmwarrant_volume_open_params *p,
			const struct libdmwarrant_volume_open_result *r)
{
	if (p->version != LIBDMWARRANT_VOLUME_OPEN_VERSION)
		return lib_fail_version(ctx, p->version, LIBDMWARRANT_VOLUME_OPEN_VERSION);
	if (r->version != LIBDMWARRANT_VOLUME_OPEN_VERSION)
		return lib_fail_version(ctx, r->version, LIBDMWARRANT_VOLUME_OPEN_VERSION);
	if (!p->unlock && !(p->flags & LIBDMWARRANT_VOLUME_OPEN_DRY_RUN))
		return lib_fail(ctx, -EINVAL,
				"no secret was given that unlocks the keys; name a passphrase or a key file");
	if ((p->flags & LIBDMWARRANT_VOLUME_OPEN_MOVED) && !p->device)
		return lib_fail(ctx, -EINVAL,
				"which LUN the volume has been moved to must be said with --device");
	if (p->accept_rollback && !p->accept_rollback[0])
		return lib_fail(ctx, -EINVAL, "accepting a rollback needs a reason");
	return 0;
}

int libdmwarrant_volume_open(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			     const struct libdmwarrant_volume_open_params *params,
			     struct libdmwarrant_volume_open_result *result)
{
	struct opening o = {
		.ctx = ctx, .config = config, .params = params, .result = result,
		.record = &result->record,
	};
	int ret = check_params(ctx, params, result);

	if (ret)
		return ret;
	ret = libdmwarrant_registry_open(ctx, config->registry,
					 is_dry_run(&o) ? LIBDMWARRANT_REGISTRY_READ_ONLY : 0,
					 &o.reg);
	if (ret)
		return ret;
	ret = open_volume(&o);
	libdmwarrant_keyset_free(o.keyset);
	libdmwarrant_registry_close(o.reg);
	return ret;
}
