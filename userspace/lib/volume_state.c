// SPDX-License-Identifier: GPL-2.0-or-later
/* What registry and kernel together know of volumes. */
#include "warrant_volume.h"

static int take_reference(void *arg, const struct libdmwarrant_warrant *w)
{
	struct libdmwarrant_volume_state *s = arg;

	lib_copy(s->reference, sizeof(s->reference), w->reference);
	return 0;
}

static int add_registry(struct libdmwarrant_registry *reg, struct libdmwarrant_volume_state *s)
{
	int ret;

	s->flags |= LIBDMWARRANT_STATE_REGISTERED;
	s->opened.version = LIBDMWARRANT_OPENED_VERSION;
	ret = libdmwarrant_registry_opened(reg, s->record.uuid, &s->opened);
	if (!ret)
		s->flags |= LIBDMWARRANT_STATE_MARKED;
	if (!ret || ret == -ENXIO)
		ret = libdmwarrant_registry_anchor_get(reg, s->record.uuid, &s->anchor,
						       &s->anchor_time, s->anchor_host);
	if (!ret)
		ret = libdmwarrant_warrant_find(reg, s->record.warrant, take_reference, s);
	return ret;
}

static void add_host(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
		     struct libdmwarrant_volume_state *s)
{
	struct libdmwarrant quiet = *ctx;
	char uuid[37];

	libdmwarrant_uuid_format(s->record.uuid, uuid);
	s->status.version = LIBDMWARRANT_STATUS_VERSION;
	if (!(s->flags & LIBDMWARRANT_STATE_OPEN) && !libdmwarrant_status(ctx, uuid, &s->status))
		s->flags |= LIBDMWARRANT_STATE_OPEN;
	*ctx = quiet;
	s->guard = lib_guard_pid(s->record.uuid);
	if (config && lib_pending_is(config, s->record.uuid))
		s->flags |= LIBDMWARRANT_STATE_PENDING;
}

static void begin(struct libdmwarrant_volume_state *s)
{
	memset(s, 0, sizeof(*s));
	s->version = LIBDMWARRANT_STATE_VERSION;
	s->record.version = LIBDMWARRANT_RECORD_VERSION;
	s->status.version = LIBDMWARRANT_STATUS_VERSION;
}

/* ---- one ---- */

static int ask_registry(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			const char *volume, struct libdmwarrant_volume_state *s)
{
	struct libdmwarrant_registry *reg;
	int ret;

	ret = libdmwarrant_registry_open(ctx, config->registry, LIBDMWARRANT_REGISTRY_READ_ONLY,
					 &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_registry_volume_get(reg, volume, &s->record);
	if (!ret)
		ret = add_registry(reg, s);
	libdmwarrant_registry_close(reg);
	return ret;
}

int libdmwarrant_volume_state(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			      const char *volume, struct libdmwarrant_volume_state *state)
{
	char uuid[37];
	int ret, known;

	if (state->version != LIBDMWARRANT_STATE_VERSION)
		return lib_fail_version(ctx, state->version, LIBDMWARRANT_STATE_VERSION);
	begin(state);
	ret = libdmwarrant_status(ctx, volume, &state->status);
	if (!ret) {
		state->flags |= LIBDMWARRANT_STATE_OPEN;
		memcpy(state->record.uuid, state->status.uuid, sizeof(state->record.uuid));
	}
	libdmwarrant_uuid_format(state->status.uuid, uuid);
	known = config ? ask_registry(ctx, config, ret ? volume : uuid, state) : -ENOENT;
	if (known && known != -ENOENT)
		return known;
	/* Neither here nor there. */
	if (known && ret)
		return ret == -ENXIO ? lib_fail(ctx, ret,
						"%s is not open; warrantctl volume list shows what is",
						volume) : ret;
	add_host(ctx, config, state);
	return 0;
}

/* ---- all ---- */

struct states {
	struct libdmwarrant			*ctx;
	const struct libdmwarrant_config	*config;
	struct libdmwarrant_registry		*reg;
	int					(*fn)(void *arg,
						      const struct libdmwarrant_volume_state *s);
	void					*arg;
	int					err;	/* that ended it */
};

static int one_record(void *arg, const struct libdmwarrant_record *record)
{
	struct libdmwarrant_volume_state s;
	struct states *all = arg;

	begin(&s);
	s.record = *record;
	all->err = add_registry(all->reg, &s);
	if (all->err)
		return 1;
	add_host(all->ctx, all->config, &s);
	return all->fn(all->arg, &s);
}

/* What is open and in no registry. */
static int one_open(void *arg, const struct libdmwarrant_status *status)
{
	struct libdmwarrant_record record = { .version = LIBDMWARRANT_RECORD_VERSION };
	struct libdmwarrant_volume_state s;
	struct states *all = arg;
	char uuid[37];

	libdmwarrant_uuid_format(status->uuid, uuid);
	if (all->reg && !libdmwarrant_registry_volume_get(all->reg, uuid, &record))
		return 0;
	begin(&s);
	s.flags = LIBDMWARRANT_STATE_OPEN;
	s.status = *status;
	memcpy(s.record.uuid, status->uuid, sizeof(s.record.uuid));
	return all->fn(all->arg, &s);
}

static int each(struct states *all, const char *warrant)
{
	struct libdmwarrant reason;
	int ret = 0;

	if (all->reg)
		ret = libdmwarrant_registry_volume_list(all->reg, warrant, one_record, all);
	if (all->err)
		return all->err;
	if (ret || warrant)
		return ret;
	/* Without rights, what the registry says is all that can be said. */
	reason = *all->ctx;
	ret = libdmwarrant_list(all->ctx, one_open, all);
	if (ret != -EACCES || !all->reg)
		return ret;
	*all->ctx = reason;
	return 0;
}

int libdmwarrant_volume_states(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const char *warrant,
			       int (*fn)(void *arg, const struct libdmwarrant_volume_state *s),
			       void *arg)
{
	struct states all = { .ctx = ctx, .config = config, .fn = fn, .arg = arg };
	int ret;

	ret = libdmwarrant_registry_open(ctx, config->registry, LIBDMWARRANT_REGISTRY_READ_ONLY,
					 &all.reg);
	if (ret && (ret != -ENOENT || warrant))
		return ret;
	ret = each(&all, warrant);
	libdmwarrant_registry_close(all.reg);
	return ret;
}
