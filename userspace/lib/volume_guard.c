// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard of an open volume: what the kernel has committed is soon in the registry, so that the
 * array can roll back no more than some seconds unnoticed, even if this host crashes.
 *
 * It also ends rotations: the sweep may take days, and nobody should have to wait for it.
 */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "rotate.h"
#include "shred.h"
#include "warrant_volume.h"

#define SECONDS		10
#define LOOK_MS		1000	/* between looks at the kernel: one ioctl each */
#define ASK_MS		5000	/* between looks at whether the log has grown */
#define ROTATION_MS	5000	/* between looks for the end of a rotation */
#define RETRY_MS	300000	/* after an end that failed: unlocking is meant to be expensive */

struct guard {
	struct libdmwarrant				*ctx;
	struct libdmwarrant_config			config;
	const struct libdmwarrant_guard_params		*params;
	u8						uuid[LIBDMWARRANT_UUID_SIZE];
	char						text[37];	/* @uuid's */
	struct libdmwarrant_anchor			seen;	/* in the kernel */
	struct libdmwarrant_anchor			told;	/* to the registry */
	u64						told_ms;
	int						failing;	/* reported */
	u64						asked_ms;
	s64						entries;	/* of the log, when last looked at */
	int						refusing;	/* reported */
	u64						rotation_ms;	/* when to look next */
	bool						retired;	/* an end is still to be made */
	int						unfinished;	/* reported */
};

static u64 now_ms(void)
{
	struct timespec ts;

	/* With the time that a suspended host slept. */
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Once when it begins to fail, once when it is over: an outage must not fill the journal. */
static void report(struct guard *g, int err)
{
	char text[sizeof(g->ctx->error) + 64];

	if (g->failing == err)
		return;
	g->failing = err;
	if (!g->params->report)
		return;
	snprintf(text, sizeof(text), err ? "its newest checkpoints are not anchored: %s" :
		 "the registry answers again", libdmwarrant_error(g->ctx));
	g->params->report(g->params->arg, err, text);
}

/* ---- the registry ---- */

static int tell_open(struct guard *g, struct libdmwarrant_registry *reg)
{
	int ret = lib_pending_deliver(&g->config, reg, g->uuid);

	return ret ? ret : libdmwarrant_registry_anchor_set(reg, g->uuid, &g->seen);
}

static int with_registry(struct guard *g,
			 int (*fn)(struct guard *g, struct libdmwarrant_registry *reg))
{
	struct libdmwarrant_registry *reg;
	int ret = libdmwarrant_registry_open(g->ctx, g->config.registry, 0, &reg);

	if (ret)
		return ret;
	ret = fn(g, reg);
	libdmwarrant_registry_close(reg);
	return ret;
}

static void tell(struct guard *g)
{
	char path[512];
	int ret;

	g->told_ms = now_ms();
	ret = with_registry(g, tell_open);
	report(g, ret);
	if (!ret)
		g->told = g->seen;
	else if (ret != -ESTALE)
		lib_pending_write(g->ctx, &g->config, g->uuid, &g->seen, path, sizeof(path));
}

static bool is_new(const struct guard *g)
{
	return g->seen.checkpoint && memcmp(&g->seen, &g->told, sizeof(g->seen));
}

static bool is_due(const struct guard *g)
{
	u64 ms = 1000ULL * (g->params->seconds ? g->params->seconds : SECONDS);

	return is_new(g) && (!g->told_ms || now_ms() - g->told_ms >= ms);
}

/* ---- keys to be forgotten ---- */

static int count_entries(struct libdmwarrant_registry *reg, s64 *count)
{
	int ret = lib_registry_begin(reg, false);

	*count = 0;
	return ret ?: lib_registry_end(reg, lib_sql(reg, lib_row_number, count,
						    "SELECT count(*) FROM audit_entries"));
}

/* Going through the log takes time, so it is done only when there is something new in it. */
static int serve(struct guard *g, struct libdmwarrant_registry *reg)
{
	s64 count;
	int ret = count_entries(reg, &count);

	if (ret || count == g->entries)
		return ret;
	ret = lib_shred_serve(g->ctx, reg, g->uuid);
	if (ret >= 0)
		g->entries = count;
	return ret < 0 ? ret : 0;
}

/* A registry that does not answer is reported by others. */
static void answer(struct guard *g)
{
	int ret;

	if (now_ms() - g->asked_ms < ASK_MS)
		return;
	g->asked_ms = now_ms();
	ret = with_registry(g, serve);
	if (ret && ret != g->refusing && g->params->report)
		g->params->report(g->params->arg, ret, libdmwarrant_error(g->ctx));
	g->refusing = ret;
}

/* ---- marks ---- */

static int mark(struct guard *g, struct libdmwarrant_registry *reg)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	int ret = libdmwarrant_status(g->ctx, g->text, &s);

	if (ret)
		return ret;
	return libdmwarrant_registry_mark_open(reg, g->uuid, s.name, getpid(),
					       s.read_only ? LIBDMWARRANT_OPENED_READ_ONLY : 0);
}

static int unmark(struct guard *g, struct libdmwarrant_registry *reg)
{
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	int ret = g->seen.checkpoint ? tell_open(g, reg) : 0;

	if (ret && ret != -ESTALE)
		return ret;
	ret = libdmwarrant_registry_opened(reg, g->uuid, &o);
	/* Closed already, or taken over by another host. */
	if (ret == -ENXIO || (!ret && !(o.flags & LIBDMWARRANT_OPENED_HERE)))
		return 0;
	return ret ? ret : libdmwarrant_registry_mark_closed(reg, g->uuid);
}

/*
 * The volume is gone. If warrantctl has closed it, the registry knows, unless it did not answer; if
 * somebody else has (dmsetup, a shutdown), it has to be told. We go on until it has been. Locked, so
 * that the volume is not being opened again just now.
 */
static bool is_over(struct guard *g)
{
	struct libdmwarrant_config origin;
	struct lib_mapping m;
	int ret, lock = lib_volume_lock(g->ctx, g->uuid, 0);
	bool over;

	if (lock < 0)
		return false;
	over = lib_dm_find_uuid(g->ctx, g->uuid, &m) == -ENXIO;
	if (over && lib_origin_read(g->uuid, &origin)) {
		ret = with_registry(g, unmark);
		report(g, ret);
		over = !ret;
		if (over)
			lib_origin_remove(g->uuid);
	}
	lib_volume_unlock(lock);
	return over;
}

/* ---- rotation ---- */

/* What only the store knows, once; the rest the kernel tells, at little cost. */
static void look_for_retired(struct guard *g)
{
	struct libdmwarrant_rotate_params p = {
		.version = LIBDMWARRANT_ROTATE_VERSION, .volume = g->text,
	};
	struct libdmwarrant_rotation r = { .version = LIBDMWARRANT_ROTATE_VERSION };

	g->retired = g->params->unlock &&
		     !libdmwarrant_rotate_status(g->ctx, &g->config, &p, &r) &&
		     r.phase == LIBDMWARRANT_ROTATE_RETIRED;
}

static bool is_swept(struct guard *g)
{
	struct lib_epochs e;
	struct lib_mapping m;
	struct lib_sweep s;

	return !lib_dm_find_uuid(g->ctx, g->uuid, &m) && !lib_epochs(g->ctx, m.name, &e) &&
	       e.count > 1 && !lib_sweep(g->ctx, m.name, &s) && !strcmp(s.state, "done") &&
	       !s.damaged;
}

static void report_rotation(struct guard *g, int err)
{
	char text[sizeof(g->ctx->error) + 64];

	if (!g->params->report || (err && g->unfinished == err))
		return;
	snprintf(text, sizeof(text), err ? "the rotation of its keys cannot be finished: %s" :
		 "the rotation of its keys is finished, the old ones are destroyed", libdmwarrant_error(g->ctx));
	g->params->report(g->params->arg, err, text);
}

static void finish_rotation(struct guard *g)
{
	struct libdmwarrant_rotate_params p = {
		.version = LIBDMWARRANT_ROTATE_VERSION, .volume = g->text,
		.unlock = g->params->unlock,
		/* Nobody has asked for it, so nobody is refused. */
		.flags = LIBDMWARRANT_ROTATE_QUIET,
	};
	struct libdmwarrant_rotation r = { .version = LIBDMWARRANT_ROTATE_VERSION };
	int ret = libdmwarrant_rotate_finish(g->ctx, &g->config, &p, &r);

	if (ret || (r.flags & LIBDMWARRANT_ROTATION_FINISHED))
		report_rotation(g, ret);
	g->unfinished = ret;
	g->retired = ret;
	g->rotation_ms = now_ms() + (ret ? RETRY_MS : ROTATION_MS);
}

static void rotate(struct guard *g)
{
	if (!g->params->unlock || now_ms() < g->rotation_ms)
		return;
	g->rotation_ms = now_ms() + ROTATION_MS;
	if (g->retired || is_swept(g))
		finish_rotation(g);
}

/* ---- the loop ---- */

/* Return: is it open? When it cannot be known, it counts as open. */
static bool look(struct guard *g)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	int ret = libdmwarrant_status(g->ctx, g->text, &s);

	if (!ret)
		g->seen = s.anchor;
	return ret != -ENXIO;
}

/* Return: shall we stop? */
static bool wait_a_moment(const struct guard *g)
{
	struct pollfd stop = { .fd = g->params->stop_fd, .events = POLLIN };

	return poll(&stop, 1, LOOK_MS) > 0;
}

static int guard(struct guard *g)
{
	int ret = with_registry(g, mark);

	/* A registry that is down is what guards are for; one that knows nothing of it is not. */
	if (ret == -ENOENT || ret == -ENXIO)
		return ret;
	report(g, ret);
	look_for_retired(g);
	do {
		if (!look(g) && is_over(g))
			return 0;
		if (is_due(g))
			tell(g);
		answer(g);
		rotate(g);
	} while (!wait_a_moment(g));
	if (is_new(g))
		tell(g);
	return 0;
}

static int find(struct guard *g, const char *volume)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	struct libdmwarrant_record record = { .version = LIBDMWARRANT_RECORD_VERSION };
	struct libdmwarrant_registry *reg;
	int ret = libdmwarrant_status(g->ctx, volume, &s);

	memcpy(g->uuid, s.uuid, sizeof(g->uuid));
	if (ret == -ENXIO &&
	    !libdmwarrant_registry_open(g->ctx, g->config.registry,
					LIBDMWARRANT_REGISTRY_READ_ONLY, &reg)) {
		if (!libdmwarrant_registry_volume_get(reg, volume, &record))
			memcpy(g->uuid, record.uuid, sizeof(g->uuid));
		libdmwarrant_registry_close(reg);
	}
	libdmwarrant_uuid_format(g->uuid, g->text);
	return libdmwarrant_status(g->ctx, ret ? g->text : volume, &s);
}

int libdmwarrant_volume_guard(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const char *volume, const struct libdmwarrant_guard_params *params)
{
	struct guard g = { .ctx = ctx, .config = *config, .params = params };
	int lock, ret;

	if (params->version != LIBDMWARRANT_GUARD_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_GUARD_VERSION);
	ret = find(&g, volume);
	if (ret)
		return ret;
	lib_origin_read(g.uuid, &g.config);
	lock = lib_guard_lock(ctx, g.uuid);
	if (lock < 0)
		return lock;
	ret = guard(&g);
	lib_volume_unlock(lock);
	return ret;
}
