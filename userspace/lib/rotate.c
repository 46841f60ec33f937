// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rotating the keys of a volume: the beginning. New keys are in the store before the kernel has
 * them, and the kernel has them before the epoch begins; so whatever is interrupted has left either
 * the old state, or one from which the same call goes on with the same keys.
 */
#include "rotate.h"

#define LOCK_MS		60000	/* unlocking keys may take some seconds */

bool lib_rotate_dry_run(const struct lib_rotate *r)
{
	return r->params->flags & LIBDMWARRANT_ROTATE_DRY_RUN;
}

/* ---- what all calls begin and end with ---- */

/** lib_rotate_add() - put more words behind the last error. Return: @err */
int lib_rotate_add(struct lib_rotate *r, int err, const char *text)
{
	struct libdmwarrant reason = *r->ctx;

	return lib_fail(r->ctx, err, "%s; %s", reason.error, text);
}

static int check_params(struct libdmwarrant *ctx, const struct libdmwarrant_rotate_params *p,
			const struct libdmwarrant_rotation *out)
{
	if (p->version != LIBDMWARRANT_ROTATE_VERSION)
		return lib_fail_version(ctx, p->version, LIBDMWARRANT_ROTATE_VERSION);
	if (out->version != LIBDMWARRANT_ROTATE_VERSION)
		return lib_fail_version(ctx, out->version, LIBDMWARRANT_ROTATE_VERSION);
	if (p->flags & ~(LIBDMWARRANT_ROTATE_DRY_RUN | LIBDMWARRANT_ROTATE_QUIET))
		return lib_fail(ctx, -EINVAL, "unknown flags %#x for a rotation", p->flags);
	if (p->share > 100)
		return lib_fail(ctx, -EINVAL, "a share of %u %% is none; give 1 to 100", p->share);
	return 0;
}

static int find_open(struct lib_rotate *r)
{
	int ret = lib_tag_volume(r->ctx, r->params->volume, &r->v);
	struct libdmwarrant_record record = { .version = LIBDMWARRANT_RECORD_VERSION };
	struct libdmwarrant_registry *reg;
	char uuid[37];

	if (ret != -ENXIO)
		return ret;
	/* A warrant, or a name in the registry that is open under another one. */
	ret = libdmwarrant_registry_open(r->ctx, r->config.registry,
					 LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (!ret) {
		ret = libdmwarrant_registry_volume_get(reg, r->params->volume, &record);
		libdmwarrant_registry_close(reg);
	}
	libdmwarrant_uuid_format(record.uuid, uuid);
	if (!ret)
		ret = lib_tag_volume(r->ctx, uuid, &r->v);
	return ret == -ENXIO ? lib_fail(r->ctx, ret,
					"volume %s is not open here: its keys are rotated while it is; open it first",
					record.name) : ret;
}

/** lib_rotate_ours() - is the volume this host's, as the registry knows it? */
int lib_rotate_ours(struct lib_rotate *r)
{
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	int ret = libdmwarrant_registry_opened(r->reg, r->out->record.uuid, &o);

	if (ret == -ENXIO)
		return lib_fail(r->ctx, -EBUSY,
				"the registry does not know that %s is open here; close it and open it again",
				r->v.name);
	if (ret || (o.flags & LIBDMWARRANT_OPENED_HERE))
		return ret;
	return lib_fail(r->ctx, -EBUSY,
			"the registry says that host %s has %s open: it was taken over; close it here at once",
			o.host, r->v.name);
}

static int check_ours(struct lib_rotate *r)
{
	if (r->v.read_only)
		return lib_fail(r->ctx, -EROFS,
				"%s is open read-only; open it for writing to rotate its keys",
				r->v.name);
	return lib_rotate_ours(r);
}

/** lib_rotate_look() - what the kernel has, into @r and its result */
int lib_rotate_look(struct lib_rotate *r)
{
	int ret = lib_epochs(r->ctx, r->v.name, &r->epochs);

	if (!ret)
		ret = lib_sweep(r->ctx, r->v.name, &r->sweep);
	if (!ret)
		ret = lib_rotate_reference(r);
	if (!ret)
		lib_rotate_describe(r);
	return ret;
}

/**
 * lib_rotate_begin() - find the volume, here and in its registry
 * @r:       receives all of it; lib_rotate_end() it on every path
 * @ctx:     context
 * @config:  registry
 * @params:  of the call
 * @out:     its result
 * @changes: something is to be changed: by nobody else meanwhile, and not elsewhere
 */
int lib_rotate_begin(struct lib_rotate *r, struct libdmwarrant *ctx,
		     const struct libdmwarrant_config *config,
		     const struct libdmwarrant_rotate_params *params,
		     struct libdmwarrant_rotation *out, bool changes)
{
	bool write = changes && !(params->flags & LIBDMWARRANT_ROTATE_DRY_RUN);
	char uuid[37];
	int ret = check_params(ctx, params, out);

	*r = (struct lib_rotate){ .ctx = ctx, .config = *config, .params = params, .out = out,
				  .lock = -1 };
	if (!ret)
		ret = find_open(r);
	if (ret)
		return ret;
	lib_origin_read(r->v.uuid, &r->config);
	if (write) {
		r->lock = lib_volume_lock(ctx, r->v.uuid, LOCK_MS);
		if (r->lock < 0)
			return r->lock;
	}
	ret = libdmwarrant_registry_open(ctx, r->config.registry,
					 write ? 0 : LIBDMWARRANT_REGISTRY_READ_ONLY, &r->reg);
	if (ret)
		return ret;
	libdmwarrant_uuid_format(r->v.uuid, uuid);
	out->record.version = LIBDMWARRANT_RECORD_VERSION;
	ret = libdmwarrant_registry_volume_get(r->reg, uuid, &out->record);
	if (!ret && changes)
		ret = check_ours(r);
	return ret ? ret : lib_rotate_look(r);
}

/** lib_rotate_end() - release all. Return: @ret */
int lib_rotate_end(struct lib_rotate *r, int ret)
{
	libdmwarrant_keyset_free(r->keyset);
	libdmwarrant_keystore_close(r->ks);
	libdmwarrant_registry_close(r->reg);
	lib_volume_unlock(r->lock);
	return ret;
}

/* ---- start ---- */

static bool is_at_work(const struct lib_rotate *r)
{
	return !strcmp(r->sweep.state, "running") || !strcmp(r->sweep.state, "done");
}

/* The epoch has begun, now or by an earlier call: the sweep runs, and the log knows. */
static int sweep(struct lib_rotate *r)
{
	struct lib_rotate_log log;
	int ret = 0;

	r->out->share = r->params->share ? r->params->share : LIBDMWARRANT_ROTATE_SHARE;
	/* Asked again with a share, it takes the new one. */
	if (!is_at_work(r) || (r->params->share && strcmp(r->sweep.state, "done")))
		ret = lib_sweep_start(r->ctx, r->v.name, r->params->share);
	if (ret)
		return lib_rotate_add(r, ret, "the new epoch has begun: repeat it to go on");
	ret = lib_rotate_log(r, &log);
	if (!ret && log.started < r->epochs.current)
		ret = lib_rotate_log_started(r);
	if (ret)
		return lib_rotate_add(r, ret, "the rotation goes on: repeat it to have it in the audit log");
	return lib_rotate_look(r);
}

/* The keys are in the store: from here on nothing is undone, only repeated. */
static int begin_epoch(struct lib_rotate *r, u32 epoch)
{
	char *reply = NULL;
	int ret = lib_kernel_keys(r->ctx, &r->v, r->keyset, epoch);

	if (!ret)
		ret = lib_dm_ask(r->ctx, r->v.name, &reply, "epoch %u", epoch);
	free(reply);
	if (!ret)
		ret = lib_rotate_look(r);
	if (!ret && r->epochs.current != epoch)
		ret = lib_fail(r->ctx, -EIO, "%s: the kernel has not begun epoch %u", r->v.name,
			       epoch);
	if (ret)
		return lib_rotate_add(r, ret,
				      "the volume is as before, and its new keys are in the key store: repeat it");
	r->out->flags |= LIBDMWARRANT_ROTATION_BEGUN;
	return sweep(r);
}

static int not_destroyed(struct lib_rotate *r)
{
	return lib_fail(r->ctx, -EBUSY,
			"keys of %s from the rotation before are still to be destroyed; run warrantctl key rotate finish %s first",
			r->v.name, r->v.name);
}

/* Of one epoch at a time only the store, the log and the kernel can be kept in step. */
static int check_destroyed(struct lib_rotate *r)
{
	struct lib_rotate_log log;
	int ret;

	if (r->out->stored_epochs[0] < r->epochs.current)
		return not_destroyed(r);
	ret = lib_rotate_log(r, &log);
	return !ret && log.retired ? not_destroyed(r) : ret;
}

static int choose_epoch(struct lib_rotate *r, u32 *epoch)
{
	u32 newest = lib_rotate_newest(r->keyset);

	if (newest < r->epochs.current)
		return lib_fail(r->ctx, -ENOKEY,
				"%s is in epoch %u, but the key store has keys up to epoch %u: it is an older copy; restore the newer one before anything else",
				r->v.name, r->epochs.current, newest);
	if (newest > r->epochs.current)
		r->out->flags |= LIBDMWARRANT_ROTATION_CONTINUED;
	*epoch = newest > r->epochs.current ? newest : newest + 1;
	return *epoch ? 0 : lib_fail(r->ctx, -EOVERFLOW, "there are no more epochs");
}

static int start_new(struct lib_rotate *r)
{
	u32 epoch, added = 0;
	int ret;

	if (!r->params->unlock && lib_rotate_dry_run(r))
		return 0;
	ret = lib_rotate_unlock(r);
	if (!ret)
		ret = check_destroyed(r);
	/* An incomplete store would be found out only when it is too late. */
	if (!ret)
		ret = lib_rotate_complete(r);
	if (!ret)
		ret = choose_epoch(r, &epoch);
	if (!ret)
		ret = lib_rotate_grow(r, epoch, &added);
	if (ret)
		return ret;
	r->out->new_keys = added;
	if (lib_rotate_dry_run(r)) {
		r->out->epoch = epoch;
		return 0;
	}
	if (added)
		ret = lib_rotate_put(r);
	return ret ? lib_rotate_add(r, ret, "nothing was rotated") : begin_epoch(r, epoch);
}

static int start(struct lib_rotate *r)
{
	if (r->epochs.count == 1)
		return start_new(r);
	r->out->flags |= LIBDMWARRANT_ROTATION_CONTINUED;
	return lib_rotate_dry_run(r) ? 0 : sweep(r);
}

int libdmwarrant_rotate_start(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const struct libdmwarrant_rotate_params *params,
			      struct libdmwarrant_rotation *rotation)
{
	struct lib_rotate r;
	int ret = lib_rotate_begin(&r, ctx, config, params, rotation, true);

	if (!ret)
		ret = start(&r);
	if (ret)
		lib_rotate_log_refused(&r, "start");
	return lib_rotate_end(&r, ret);
}

/* ---- pause, resume ---- */

static int no_rotation(struct lib_rotate *r)
{
	return lib_fail(r->ctx, -EINVAL,
			"no rotation of %s is under way; warrantctl key rotate status %s shows what is",
			r->v.name, r->v.name);
}

int libdmwarrant_rotate_pause(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const struct libdmwarrant_rotate_params *params,
			      struct libdmwarrant_rotation *rotation)
{
	struct lib_rotate r;
	char *reply = NULL;
	int ret = lib_rotate_begin(&r, ctx, config, params, rotation, true);

	if (!ret && (r.epochs.count == 1 || !strcmp(r.sweep.state, "done")))
		ret = no_rotation(&r);
	if (!ret && !lib_rotate_dry_run(&r))
		ret = lib_dm_ask(ctx, r.v.name, &reply, "sweep pause");
	free(reply);
	if (!ret)
		ret = lib_rotate_look(&r);
	return lib_rotate_end(&r, ret);
}

int libdmwarrant_rotate_resume(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_rotate_params *params,
			       struct libdmwarrant_rotation *rotation)
{
	struct lib_rotate r;
	int ret = lib_rotate_begin(&r, ctx, config, params, rotation, true);

	if (!ret && r.epochs.count == 1)
		ret = no_rotation(&r);
	if (!ret)
		ret = start(&r);
	return lib_rotate_end(&r, ret);
}
