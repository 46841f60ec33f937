// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rotating the keys of a volume: the end. The old epoch leaves the volume, the registry remembers
 * the checkpoint that says so, and only then are its keys destroyed: in this order, each step
 * durable before the next, so that a call that was interrupted is simply made again.
 */
#include "rotate.h"

/**
 * struct old_epochs - whose keys are to go
 * @count: entries
 * @list:  ascending
 */
struct old_epochs {
	u32	count;
	u32	list[3 * LIBDMWARRANT_ROTATE_EPOCHS + 1];
};

static void add_old(struct old_epochs *o, u32 epoch)
{
	u32 i;

	for (i = 0; i < o->count; i++)
		if (o->list[i] == epoch)
			return;
	for (i = o->count++; i && o->list[i - 1] > epoch; i--)
		o->list[i] = o->list[i - 1];
	o->list[i] = epoch;
}

/* ---- may it be finished? ---- */

int lib_rotate_damaged(struct lib_rotate *r)
{
	return lib_fail(r->ctx, -EUCLEAN,
			"%llu sectors of %s under an old epoch cannot be read, so its keys stay; find them with warrantctl volume check --data, write them anew or discard them, then warrantctl key rotate resume %s",
			r->sweep.damaged, r->v.name, r->v.name);
}

static int check_swept(struct lib_rotate *r)
{
	if (r->epochs.count == 1 || r->out->phase == LIBDMWARRANT_ROTATE_SWEPT)
		return 0;
	if (r->out->phase == LIBDMWARRANT_ROTATE_DAMAGED)
		return lib_rotate_damaged(r);
	return lib_fail(r->ctx, -EBUSY,
			"%s has sectors under an old epoch: its sweep is %s, %llu of %llu sectors; see warrantctl key rotate status %s",
			r->v.name, r->sweep.state, r->sweep.swept, r->sweep.total, r->v.name);
}

/* Of which epochs keys are left anywhere that the volume does not need, or soon will not. */
static int collect(struct lib_rotate *r, struct old_epochs *old)
{
	struct lib_rotate_log log;
	u32 i;
	int ret = lib_rotate_log(r, &log);

	if (ret)
		return ret;
	for (i = 0; i < r->epochs.count; i++)
		if (!r->epochs.list[i].current)
			add_old(old, r->epochs.list[i].epoch);
	for (i = 0; i < r->out->stored_count; i++)
		if (r->out->stored_epochs[i] < r->epochs.current)
			add_old(old, r->out->stored_epochs[i]);
	if (log.retired && log.retired < r->epochs.current)
		add_old(old, log.retired);
	return 0;
}

/* ---- the steps ---- */

static int retire_epoch(struct lib_rotate *r, u32 epoch)
{
	char *reply;
	int ret;

	if (!lib_epochs_has(&r->epochs, epoch))
		return 0;
	ret = lib_dm_ask(r->ctx, r->v.name, &reply, "retire %u", epoch);
	free(reply);
	return ret == -EBUSY ? lib_fail(r->ctx, ret,
					"the kernel still needs epoch %u of %s; see warrantctl key rotate status %s",
					epoch, r->v.name, r->v.name) : ret;
}

static int check_retired(struct lib_rotate *r)
{
	int ret = lib_rotate_look(r);

	if (!ret && r->epochs.count > 1)
		ret = lib_fail(r->ctx, -EBUSY, "%s still has %u epochs", r->v.name,
			       r->epochs.count);
	return ret;
}

/*
 * From here on an older state of the LUN is refused, not found to be unreadable. The mark is looked
 * at last of all: who has taken the volume over may need what we are about to destroy.
 */
static int anchor(struct lib_rotate *r)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	int ret = libdmwarrant_status(r->ctx, r->v.name, &s);

	if (!ret)
		ret = lib_pending_deliver(&r->config, r->reg, r->v.uuid);
	if (!ret)
		ret = libdmwarrant_registry_anchor_set(r->reg, r->v.uuid, &s.anchor);
	if (!ret)
		ret = lib_rotate_ours(r);
	r->out->anchor = s.anchor;
	return ret;
}

static int log_retired(struct lib_rotate *r, const struct old_epochs *old)
{
	struct lib_rotate_log log;
	u32 i;
	int ret = lib_rotate_log(r, &log);

	for (i = 0; i < old->count && !ret; i++)
		if (log.retired != old->list[i])
			ret = lib_rotate_log_retired(r, old->list[i]);
	return ret;
}

static int leave(struct lib_rotate *r, const struct old_epochs *old)
{
	u32 i;
	int ret = 0;

	for (i = 0; i < old->count && !ret; i++)
		ret = retire_epoch(r, old->list[i]);
	if (!ret)
		ret = check_retired(r);
	if (!ret)
		ret = anchor(r);
	if (!ret)
		ret = log_retired(r, old);
	return ret ? lib_rotate_add(r, ret, "the old keys are still there: repeat it") : 0;
}

/* A kernel that has been started anew since has nothing to forget. */
static int forget_epoch(struct lib_rotate *r, u32 epoch)
{
	char *reply;
	int ret = lib_dm_ask(r->ctx, r->v.name, &reply, "forget epoch %u", epoch);

	free(reply);
	return ret == -ENOENT ? 0 : ret;
}

static int destroy(struct lib_rotate *r, u32 epoch)
{
	struct libdmwarrant_destroy_result d = { .version = LIBDMWARRANT_DESTROY_VERSION };
	int ret = lib_rotate_destroy(r, epoch, &d);

	if (!ret)
		ret = forget_epoch(r, epoch);
	if (!ret)
		ret = lib_rotate_log_destroyed(r, epoch, &d);
	if (!ret)
		r->out->destroyed_keys += d.keys;
	return ret;
}

static int finish(struct lib_rotate *r)
{
	struct old_epochs old = { 0 };
	u32 i;
	int ret = check_swept(r);

	if (ret || (lib_rotate_dry_run(r) && !r->params->unlock))
		return ret;
	ret = lib_rotate_unlock(r);
	/* The newer keys first: are they where they must be, and are they what the kernel uses? */
	if (!ret)
		ret = lib_rotate_complete(r);
	if (!ret)
		ret = collect(r, &old);
	if (ret || !old.count || lib_rotate_dry_run(r))
		return ret;
	ret = leave(r, &old);
	for (i = 0; i < old.count && !ret; i++)
		ret = destroy(r, old.list[i]);
	if (ret)
		return ret;
	r->out->flags |= LIBDMWARRANT_ROTATION_FINISHED;
	lib_rotate_describe(r);
	return 0;
}

int libdmwarrant_rotate_finish(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_rotate_params *params,
			       struct libdmwarrant_rotation *rotation)
{
	struct lib_rotate r;
	int ret = lib_rotate_begin(&r, ctx, config, params, rotation, true);

	if (!ret)
		ret = finish(&r);
	if (ret)
		lib_rotate_log_refused(&r, "finish");
	return lib_rotate_end(&r, ret);
}
