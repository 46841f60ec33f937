// SPDX-License-Identifier: GPL-2.0-or-later
/* Key stores: which kind a URI names, and what can be refused without asking the store. */
#include "keystore.h"

#define DEFAULT_TIMEOUT_MS	30000

static const struct lib_keystore_ops *const kinds[] = { &lib_keystore_file };

/* ---- opening ---- */

static int find_kind(struct libdmwarrant *ctx, const char *uri,
		     const struct lib_keystore_ops **ops, const char **place)
{
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		n = strlen(kinds[i]->scheme);
		if (strncmp(uri, kinds[i]->scheme, n) || uri[n] != ':')
			continue;
		*ops = kinds[i];
		*place = uri + n + 1;
		return 0;
	}
	return lib_fail(ctx, -EINVAL,
			"%s names no kind of key store that this dm-warrant has; use file:DIRECTORY",
			uri);
}

static int check_params(struct libdmwarrant *ctx, const struct libdmwarrant_keystore_params *p)
{
	if (p->version != LIBDMWARRANT_KEYSTORE_VERSION)
		return lib_fail_version(ctx, p->version, LIBDMWARRANT_KEYSTORE_VERSION);
	if ((p->flags & ~LIBDMWARRANT_KEYSTORE_READ_ONLY) || p->pad ||
	    memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return lib_fail(ctx, -EINVAL,
				"unknown flags or reserved fields set; install matching versions of program and library");
	return 0;
}

static int keystore_new(struct libdmwarrant *ctx, const char *uri,
			const struct libdmwarrant_keystore_params *params,
			struct libdmwarrant_keystore **out, const char **place)
{
	static const struct libdmwarrant_keystore_params defaults = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
	};
	const struct libdmwarrant_keystore_params *p = params ? params : &defaults;
	const struct lib_keystore_ops *ops;
	struct libdmwarrant_keystore *ks;
	int ret = check_params(ctx, p);

	if (!ret)
		ret = find_kind(ctx, uri ? uri : LIBDMWARRANT_KEYSTORE_DEFAULT, &ops, place);
	if (ret)
		return ret;
	ks = calloc(1, sizeof(*ks));
	if (!ks)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	ks->ctx = ctx;
	ks->ops = ops;
	ks->timeout_ms = p->timeout_ms ? p->timeout_ms : DEFAULT_TIMEOUT_MS;
	ks->read_only = p->flags & LIBDMWARRANT_KEYSTORE_READ_ONLY;
	*out = ks;
	return 0;
}

static void keystore_free(struct libdmwarrant_keystore *ks)
{
	free(ks->uri);
	free(ks);
}

int libdmwarrant_keystore_init(struct libdmwarrant *ctx, const char *uri,
			       const struct libdmwarrant_keystore_params *params)
{
	struct libdmwarrant_keystore *ks;
	const char *place;
	int ret = keystore_new(ctx, uri, params, &ks, &place);

	if (ret)
		return ret;
	ret = ks->ops->init(ks, place);
	keystore_free(ks);
	return ret;
}

int libdmwarrant_keystore_open(struct libdmwarrant *ctx, const char *uri,
			       const struct libdmwarrant_keystore_params *params,
			       struct libdmwarrant_keystore **out)
{
	struct libdmwarrant_keystore *ks;
	const char *place;
	int ret = keystore_new(ctx, uri, params, &ks, &place);

	if (ret)
		return ret;
	ret = ks->ops->open(ks, place);
	if (ret) {
		keystore_free(ks);
		return ret;
	}
	*out = ks;
	return 0;
}

void libdmwarrant_keystore_close(struct libdmwarrant_keystore *ks)
{
	if (!ks)
		return;
	ks->ops->close(ks);
	keystore_free(ks);
}

const char *libdmwarrant_keystore_uri(const struct libdmwarrant_keystore *ks)
{
	return ks->uri;
}

/* ---- checks ---- */

static int check_uuid(struct libdmwarrant_keystore *ks, const u8 *uuid, const char *what)
{
	if (memchr_inv(uuid, 0, LIBDMWARRANT_UUID_SIZE))
		return 0;
	return lib_fail(ks->ctx, -EINVAL, "the UUID of the %s is zero; name one", what);
}

static int check_writable(struct libdmwarrant_keystore *ks)
{
	if (!ks->read_only)
		return 0;
	return lib_fail(ks->ctx, -EROFS, "key store %s was opened read-only; nothing was changed",
			ks->uri);
}

static int check_unlock(struct libdmwarrant_keystore *ks, const struct libdmwarrant_unlock *u,
			bool is_new)
{
	struct libdmwarrant *ctx = ks->ctx;

	if (u->version != LIBDMWARRANT_UNLOCK_VERSION)
		return lib_fail_version(ctx, u->version, LIBDMWARRANT_UNLOCK_VERSION);
	if ((u->flags & ~LIBDMWARRANT_UNLOCK_RANDOM_FILE) ||
	    memchr_inv(u->reserved, 0, sizeof(u->reserved)))
		return lib_fail(ctx, -EINVAL,
				"unknown flags or reserved fields set; install matching versions of program and library");
	if (is_new && u->method == LIBDMWARRANT_UNLOCK_TOKEN)
		return lib_fail(ctx, -EINVAL,
				"a token cannot be the first or only secret; use a passphrase or key file, then enrol tokens with systemd-cryptenroll or clevis");
	if ((u->flags & LIBDMWARRANT_UNLOCK_RANDOM_FILE) &&
	    u->method != LIBDMWARRANT_UNLOCK_KEY_FILE)
		return lib_fail(ctx, -EINVAL,
				"only a key file can be as random as a key, never a passphrase");
	if (u->path && (u->method != LIBDMWARRANT_UNLOCK_KEY_FILE || u->fd >= 0))
		return lib_fail(ctx, -EINVAL, "name one of a path and a descriptor");
	return 0;
}

/* ---- the rest ---- */

int libdmwarrant_keystore_create_warrant(struct libdmwarrant_keystore *ks,
					 const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
					 const struct libdmwarrant_unlock *unlock)
{
	int ret = check_writable(ks);

	if (!ret)
		ret = check_uuid(ks, warrant, "warrant");
	if (!ret)
		ret = check_unlock(ks, unlock, true);
	return ret ? ret : ks->ops->create_warrant(ks, warrant, unlock);
}

int libdmwarrant_keystore_unlock(struct libdmwarrant_keystore *ks,
				 const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				 const struct libdmwarrant_unlock *unlock)
{
	int ret = check_unlock(ks, unlock, false);

	return ret ? ret : ks->ops->unlock(ks, warrant, unlock);
}

int libdmwarrant_keystore_put(struct libdmwarrant_keystore *ks,
			      const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
			      const struct libdmwarrant_keyset *keyset,
			      const uint8_t binding[LIBDMWARRANT_DIGEST_SIZE])
{
	int ret = check_writable(ks);

	if (!ret)
		ret = check_uuid(ks, keyset->disk->uuid, "volume");
	return ret ? ret : ks->ops->put(ks, warrant, keyset, binding);
}

int libdmwarrant_keystore_get(struct libdmwarrant_keystore *ks,
			      const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
			      const uint8_t volume[LIBDMWARRANT_UUID_SIZE],
			      struct libdmwarrant_keyset **keyset,
			      uint8_t binding[LIBDMWARRANT_DIGEST_SIZE])
{
	return ks->ops->get(ks, warrant, volume, keyset, binding);
}

int libdmwarrant_keystore_warrants(struct libdmwarrant_keystore *ks, lib_warrant_fn fn, void *arg)
{
	return ks->ops->warrants(ks, fn, arg);
}

int libdmwarrant_keystore_warrant(struct libdmwarrant_keystore *ks,
				  const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				  struct libdmwarrant_keystore_warrant *w)
{
	if (w->version != LIBDMWARRANT_KEYSTORE_VERSION)
		return lib_fail_version(ks->ctx, w->version, LIBDMWARRANT_KEYSTORE_VERSION);
	return ks->ops->warrant(ks, warrant, w);
}

struct check {
	struct libdmwarrant_keystore	*ks;
	lib_warrant_fn			fn;
	void				*arg;
	u32				problems;
};

static int check_one(void *arg, const struct libdmwarrant_keystore_warrant *w)
{
	struct libdmwarrant_keystore_warrant copy = *w;
	struct check *c = arg;

	if (!w->problem[0] && !w->methods && w->state != LIBDMWARRANT_KEYSTORE_DESTROYED)
		lib_copy(copy.problem, sizeof(copy.problem), "there is no way left to unlock it");
	c->problems += copy.problem[0] != 0;
	if (!c->fn(c->arg, &copy))
		return 0;
	return lib_fail(c->ks->ctx, -ECANCELED, "cancelled");
}

int libdmwarrant_keystore_check(struct libdmwarrant_keystore *ks, const uint8_t *warrant,
				lib_warrant_fn fn, void *arg)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	struct check c = { ks, fn, arg, 0 };
	int ret;

	if (!warrant) {
		ret = ks->ops->warrants(ks, check_one, &c);
	} else {
		ret = ks->ops->warrant(ks, warrant, &w);
		if (!ret)
			ret = check_one(&c, &w);
	}
	if (ret || !c.problems)
		return ret;
	return lib_fail(ks->ctx, -EUCLEAN, "%u warrants in %s have problems", c.problems, ks->uri);
}

int libdmwarrant_keystore_keys(struct libdmwarrant_keystore *ks,
			       const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
			       lib_key_fn fn, void *arg)
{
	return ks->ops->keys(ks, warrant, fn, arg);
}

int libdmwarrant_keystore_methods(struct libdmwarrant_keystore *ks,
				  const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				  lib_method_fn fn, void *arg)
{
	return ks->ops->methods(ks, warrant, fn, arg);
}

int libdmwarrant_keystore_rewrap(struct libdmwarrant_keystore *ks,
				 const uint8_t warrant[LIBDMWARRANT_UUID_SIZE],
				 enum libdmwarrant_rewrap what,
				 const struct libdmwarrant_unlock *unlock, uint32_t slot)
{
	int ret = check_writable(ks);

	if (ret)
		return ret;
	if (what < LIBDMWARRANT_REWRAP_ADD || what > LIBDMWARRANT_REWRAP_REMOVE ||
	    !unlock != (what == LIBDMWARRANT_REWRAP_REMOVE))
		return lib_fail(ks->ctx, -EINVAL,
				"to add or change a secret needs a new one, to remove one a slot");
	if (unlock)
		ret = check_unlock(ks, unlock, true);
	return ret ? ret : ks->ops->rewrap(ks, warrant, what, unlock, slot);
}

int libdmwarrant_keystore_destroy(struct libdmwarrant_keystore *ks,
				  const struct libdmwarrant_destroy_params *p,
				  struct libdmwarrant_destroy_result *result)
{
	int ret;

	if (p->version != LIBDMWARRANT_DESTROY_VERSION)
		return lib_fail_version(ks->ctx, p->version, LIBDMWARRANT_DESTROY_VERSION);
	if (result->version != LIBDMWARRANT_DESTROY_VERSION)
		return lib_fail_version(ks->ctx, result->version, LIBDMWARRANT_DESTROY_VERSION);
	if (p->scope < LIBDMWARRANT_DESTROY_TAG || p->scope > LIBDMWARRANT_DESTROY_WARRANT ||
	    (p->flags & ~LIBDMWARRANT_DESTROY_DRY_RUN) || p->pad ||
	    memchr_inv(p->reserved, 0, sizeof(p->reserved)) ||
	    (p->scope == LIBDMWARRANT_DESTROY_EPOCH) != !!p->epoch)
		return lib_fail(ks->ctx, -EINVAL,
				"it is not clear which keys to destroy; nothing was changed");
	ret = p->flags & LIBDMWARRANT_DESTROY_DRY_RUN ? 0 : check_writable(ks);
	if (!ret)
		ret = check_uuid(ks, p->warrant, "warrant");
	if (!ret && p->scope != LIBDMWARRANT_DESTROY_WARRANT)
		ret = check_uuid(ks, p->volume, "volume");
	return ret ? ret : ks->ops->destroy(ks, p, result);
}

int libdmwarrant_keystore_tombstones(struct libdmwarrant_keystore *ks, lib_tombstone_fn fn,
				     void *arg)
{
	return ks->ops->tombstones(ks, fn, arg);
}

int libdmwarrant_keystore_head(struct libdmwarrant_keystore *ks, uint64_t *number,
			       uint8_t digest[LIBDMWARRANT_DIGEST_SIZE])
{
	return ks->ops->head(ks, number, digest);
}
