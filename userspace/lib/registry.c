// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening registries by URI, and transactions on them. */
#include <time.h>

#include "audit_log.h"

#define TIMEOUT_MS	5000

static const struct lib_registry_ops *const backends[] = {
	&lib_registry_sqlite,
};

static const struct lib_registry_ops *find_backend(const char *uri, const char **place)
{
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(backends); i++) {
		n = strlen(backends[i]->scheme);
		if (!strncmp(uri, backends[i]->scheme, n) && uri[n] == ':' && uri[n + 1]) {
			*place = uri + n + 1;
			return backends[i];
		}
	}
	return NULL;
}

static int registry_new(struct libdmwarrant *ctx, const char *uri, u32 flags,
			struct libdmwarrant_registry **reg)
{
	struct libdmwarrant_registry *r;
	const char *place;
	const struct lib_registry_ops *ops = find_backend(uri, &place);

	if (!ops)
		return lib_fail(ctx, -EINVAL,
				"\"%s\" is not the URI of a registry; write sqlite:PATH", uri);
	r = calloc(1, sizeof(*r));
	if (r)
		r->place = strdup(place);
	if (!r || !r->place) {
		free(r);
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	}
	r->ctx = ctx;
	r->ops = ops;
	r->read_only = flags & LIBDMWARRANT_REGISTRY_READ_ONLY;
	r->timeout_ms = ctx->registry_timeout_ms ? ctx->registry_timeout_ms : TIMEOUT_MS;
	lib_identity(&r->who);
	*reg = r;
	return 0;
}

void libdmwarrant_registry_close(struct libdmwarrant_registry *r)
{
	if (!r)
		return;
	lib_audit_log_free(r);
	if (r->backend)
		r->ops->disconnect(r);
	free(r->place);
	free(r);
}

void libdmwarrant_registry_set_timeout(struct libdmwarrant *ctx, uint32_t ms)
{
	ctx->registry_timeout_ms = ms;
}

int libdmwarrant_registry_open(struct libdmwarrant *ctx, const char *uri, uint32_t flags,
			       struct libdmwarrant_registry **reg)
{
	struct libdmwarrant_registry *r;
	int ret;

	if (flags & ~LIBDMWARRANT_REGISTRY_READ_ONLY)
		return lib_fail(ctx, -EINVAL, "unknown flags %#x for opening a registry", flags);
	ret = registry_new(ctx, uri, flags, &r);
	if (ret)
		return ret;
	ret = r->ops->connect(r);
	if (!ret)
		ret = lib_schema_require(r);
	if (ret) {
		libdmwarrant_registry_close(r);
		return ret;
	}
	*reg = r;
	return 0;
}

/* ---- init ---- */

/* What a migration would start from, without making anything. */
static int look(struct libdmwarrant_registry *r,
		struct libdmwarrant_registry_init_result *result)
{
	if (result->created)
		return 0;
	r->read_only = true;
	return r->ops->connect(r) ?: lib_schema_version(r, &result->schema_from);
}

static int make(struct libdmwarrant_registry *r,
		struct libdmwarrant_registry_init_result *result)
{
	return r->ops->connect(r) ?: lib_schema_migrate(r, &result->schema_from);
}

int libdmwarrant_registry_init(struct libdmwarrant *ctx, const char *uri, uint32_t flags,
			       struct libdmwarrant_registry_init_result *result)
{
	bool dry_run = flags & LIBDMWARRANT_REGISTRY_DRY_RUN, created;
	struct libdmwarrant_registry *r;
	int ret;

	if (result->version != LIBDMWARRANT_REGISTRY_INIT_VERSION)
		return lib_fail_version(ctx, result->version, LIBDMWARRANT_REGISTRY_INIT_VERSION);
	if (flags & ~LIBDMWARRANT_REGISTRY_DRY_RUN)
		return lib_fail(ctx, -EINVAL, "unknown flags %#x for making a registry", flags);
	ret = registry_new(ctx, uri, 0, &r);
	if (ret)
		return ret;
	ret = r->ops->create(r, dry_run, &created);
	result->created = created;
	if (!ret)
		ret = dry_run ? look(r, result) : make(r, result);
	/* What an interrupted init has left counts as nothing. */
	if (!ret && !result->schema_from)
		result->created = 1;
	result->schema_to = lib_schema_newest();
	libdmwarrant_registry_close(r);
	return ret;
}

/* ---- transactions ---- */

int lib_registry_begin(struct libdmwarrant_registry *r, bool write)
{
	int ret;

	if (write && r->read_only)
		return lib_fail(r->ctx, -EROFS, "the registry %s was opened for reading only",
				r->place);
	ret = r->ops->begin(r, write);
	if (!ret)
		r->transaction = write ? LIB_TRANSACTION_WRITE : LIB_TRANSACTION_READ;
	return ret;
}

/**
 * lib_registry_end() - commit, or undo when something has failed
 * @ret: 0; a negative errno; or positive: undo, though nothing has failed
 *
 * Return: @ret, or why it could not be committed.
 */
int lib_registry_end(struct libdmwarrant_registry *r, int ret)
{
	if (!ret)
		ret = lib_audit_sign(r) ?: r->ops->commit(r);
	if (ret)
		r->ops->rollback(r);
	r->transaction = LIB_TRANSACTION_NONE;
	lib_audit_end(r, !ret);
	return ret > 0 ? 0 : ret;
}

s64 lib_registry_now(void)
{
	return time(NULL);
}

/** lib_row_number() - a lib_row_fn: the first column, to the s64 that @arg points to */
int lib_row_number(void *arg, const struct lib_value *row)
{
	*(s64 *)arg = row[0].number;
	return 0;
}
