// SPDX-License-Identifier: GPL-2.0-or-later
/* How far a rotation is, and waiting for it. */
#include <time.h>

#include "rotate.h"

#define LOOK_MS		500	/* between looks of who waits */

static const char *const names[] = {
	[LIBDMWARRANT_ROTATE_NONE] = "none",
	[LIBDMWARRANT_ROTATE_PREPARED] = "prepared",
	[LIBDMWARRANT_ROTATE_SWEEPING] = "sweeping",
	[LIBDMWARRANT_ROTATE_PAUSED] = "paused",
	[LIBDMWARRANT_ROTATE_STOPPED] = "stopped",
	[LIBDMWARRANT_ROTATE_FAILED] = "failed",
	[LIBDMWARRANT_ROTATE_DAMAGED] = "damaged",
	[LIBDMWARRANT_ROTATE_SWEPT] = "swept",
	[LIBDMWARRANT_ROTATE_RETIRED] = "retired",
};

const char *libdmwarrant_rotate_phase_name(enum libdmwarrant_rotate_phase phase)
{
	return phase < ARRAY_SIZE(names) ? names[phase] : "unknown";
}

/* ---- how far ---- */

static u32 phase_of_sweep(const struct lib_sweep *s)
{
	if (!strcmp(s->state, "running"))
		return LIBDMWARRANT_ROTATE_SWEEPING;
	if (!strcmp(s->state, "paused"))
		return LIBDMWARRANT_ROTATE_PAUSED;
	if (!strcmp(s->state, "idle"))
		return LIBDMWARRANT_ROTATE_STOPPED;
	if (s->damaged)
		return LIBDMWARRANT_ROTATE_DAMAGED;
	return !strcmp(s->state, "done") ? LIBDMWARRANT_ROTATE_SWEPT : LIBDMWARRANT_ROTATE_FAILED;
}

static u32 phase_of_store(const struct libdmwarrant_rotation *out, u32 current)
{
	if (!(out->flags & LIBDMWARRANT_ROTATION_STORE))
		return LIBDMWARRANT_ROTATE_NONE;
	if (out->stored_epochs[out->stored_count - 1] > current)
		return LIBDMWARRANT_ROTATE_PREPARED;
	return out->stored_epochs[0] < current ? LIBDMWARRANT_ROTATE_RETIRED :
						 LIBDMWARRANT_ROTATE_NONE;
}

/** lib_rotate_describe() - what kernel and store were found to have, into the result */
void lib_rotate_describe(struct lib_rotate *r)
{
	struct libdmwarrant_rotation *out = r->out;
	const struct lib_sweep *s = &r->sweep;

	out->epoch = r->epochs.current;
	out->epoch_count = r->epochs.count;
	memcpy(out->epochs, r->epochs.list, sizeof(out->epochs));
	out->swept = s->swept;
	out->total = s->total;
	out->resealed = s->resealed;
	out->damaged = s->damaged;
	out->shredded = s->shredded;
	out->seconds = s->seconds;
	out->eta_seconds = 0;
	if (s->swept && s->total > s->swept)
		out->eta_seconds = (double)s->seconds * (s->total - s->swept) / s->swept;
	out->phase = r->epochs.count > 1 ? phase_of_sweep(s) :
					   phase_of_store(out, r->epochs.current);
}

/* Locked, as it is: what cannot be seen is left out, for the kernel has enough to tell. */
static void look_at_store(struct lib_rotate *r)
{
	const char *uri = r->params->keystore ? r->params->keystore : r->out->record.keystore;
	struct libdmwarrant_keystore_params p = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
		.flags = LIBDMWARRANT_KEYSTORE_READ_ONLY,
	};
	struct libdmwarrant quiet = *r->ctx;

	if (!libdmwarrant_keystore_open(r->ctx, uri, &p, &r->ks))
		lib_rotate_stored(r);
	*r->ctx = quiet;
	lib_rotate_describe(r);
}

/* The store has destroyed the keys, but the kernel may still have them: the log knows. */
static void look_at_log(struct lib_rotate *r)
{
	struct libdmwarrant quiet = *r->ctx;
	struct lib_rotate_log log;

	if (r->out->phase == LIBDMWARRANT_ROTATE_NONE && !lib_rotate_log(r, &log) && log.retired)
		r->out->phase = LIBDMWARRANT_ROTATE_RETIRED;
	*r->ctx = quiet;
}

int libdmwarrant_rotate_status(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_rotate_params *params,
			       struct libdmwarrant_rotation *rotation)
{
	struct lib_rotate r;
	int ret = lib_rotate_begin(&r, ctx, config, params, rotation, false);

	if (!ret) {
		look_at_store(&r);
		look_at_log(&r);
	}
	return lib_rotate_end(&r, ret);
}

/* ---- waiting ---- */

/* Return: 0 swept; 1 not yet; an error: it will not get there by itself. */
static int judge(struct lib_rotate *r)
{
	switch (r->out->phase) {
	case LIBDMWARRANT_ROTATE_SWEPT:
		return 0;
	case LIBDMWARRANT_ROTATE_SWEEPING:
		return 1;
	case LIBDMWARRANT_ROTATE_PAUSED:
	case LIBDMWARRANT_ROTATE_STOPPED:
		return lib_fail(r->ctx, -ECANCELED,
				"the sweep of %s stands still; go on with warrantctl key rotate resume %s",
				r->v.name, r->v.name);
	case LIBDMWARRANT_ROTATE_DAMAGED:
		return lib_rotate_damaged(r);
	case LIBDMWARRANT_ROTATE_FAILED:
		return lib_fail(r->ctx, -EIO,
				"the sweep of %s has failed: see the kernel's log, then warrantctl key rotate resume %s",
				r->v.name, r->v.name);
	default:
		return lib_fail(r->ctx, -EINVAL, "no rotation of %s is under way", r->v.name);
	}
}

int libdmwarrant_rotate_wait(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			     const struct libdmwarrant_rotate_params *params,
			     struct libdmwarrant_rotation *rotation)
{
	static const struct timespec interval = { 0, LOOK_MS * 1000000 };
	struct lib_rotate r;
	int ret = lib_rotate_begin(&r, ctx, config, params, rotation, false);

	/* Others read and write the registry meanwhile. */
	libdmwarrant_registry_close(r.reg);
	r.reg = NULL;
	lib_progress_start(ctx);
	while (!ret && (ret = judge(&r)) > 0) {
		ret = lib_progress(ctx, "sealing anew", r.sweep.swept << DMW_SECTOR_SHIFT,
				   r.sweep.total << DMW_SECTOR_SHIFT);
		if (ret)
			break;
		nanosleep(&interval, NULL);
		ret = lib_rotate_look(&r);
	}
	return lib_rotate_end(&r, ret);
}
