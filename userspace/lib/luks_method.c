// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to unlock: the bound slots of a warrant's header, and the tokens that belong to them. */
#include "luks.h"

/* ---- unlocking ---- */

static int wrong_secret(struct lib_luks *l, const struct libdmwarrant_unlock *unlock)
{
	if (unlock->method == LIBDMWARRANT_UNLOCK_PASSPHRASE)
		return lib_fail(l->ctx, -EKEYREJECTED,
				"wrong passphrase: it does not unlock the keys in %s",
				l->dir->path);
	return lib_fail(l->ctx, -EKEYREJECTED,
			"wrong key file: it does not unlock the keys in %s", l->dir->path);
}

static int no_token(struct lib_luks *l, int err)
{
	if (err == -ENOANO)
		return lib_fail(l->ctx, -ENOKEY,
				"the token for the keys in %s wants a PIN; pass it on a descriptor",
				l->dir->path);
	return lib_fail(l->ctx, -ENOKEY,
			"no token that is enrolled for %s unlocks it now%s%s%s; connect it, or use a passphrase or key file",
			l->dir->path, l->log[0] ? " (libcryptsetup: " : "", l->log,
			l->log[0] ? ")" : "");
}

static int get_kek(struct lib_luks *l, struct crypt_keyslot_context *kc, u8 *kek)
{
	size_t size = LIB_KEK_SIZE;
	int ret;

	ret = crypt_volume_key_get_by_keyslot_context(l->cd, CRYPT_ANY_SLOT, (char *)kek, &size,
						      kc);
	if (ret >= 0 && size != LIB_KEK_SIZE)
		return lib_fail(l->ctx, -EUCLEAN, "the header of %s was not made by dm-warrant",
				l->dir->path);
	return ret;
}

/**
 * lib_luks_unlock() - get the KEK
 * @l:      header
 * @unlock: how
 * @secret: passphrase, key file's contents, or PIN (none = size 0)
 * @kek:    receives LIB_KEK_SIZE bytes
 * @slot:   receives the number of the slot that gave it
 */
int lib_luks_unlock(struct lib_luks *l, const struct libdmwarrant_unlock *unlock,
		    const struct lib_secret *secret, u8 *kek, int *slot)
{
	const bool token = unlock->method == LIBDMWARRANT_UNLOCK_TOKEN;
	const char *text = secret->size ? (const char *)secret->bytes : NULL;
	struct crypt_keyslot_context *kc;
	int ret;

	if (token)
		ret = crypt_keyslot_context_init_by_token(l->cd, CRYPT_ANY_TOKEN, NULL, text,
							  secret->size, NULL, &kc);
	else
		ret = crypt_keyslot_context_init_by_passphrase(l->cd, text, secret->size, &kc);
	if (ret)
		return lib_luks_failed(l, ret, "unlock the header");
	ret = get_kek(l, kc, kek);
	crypt_keyslot_context_free(kc);
	if (ret >= 0) {
		*slot = ret;
		return 0;
	}
	if (ret == -ENOMEM)
		return lib_luks_failed(l, ret, "unlock the header");
	if (ret == -EUCLEAN)
		return ret;
	if (!token)
		return wrong_secret(l, unlock);
	return lib_luks_clevis(l, kek, slot) ? no_token(l, ret) : 0;
}

/* ---- changing ---- */

/** lib_luks_method_add() - a new bound slot, tried before it is relied on */
int lib_luks_method_add(struct lib_luks *l, const u8 *kek,
			const struct libdmwarrant_unlock *unlock,
			const struct lib_secret *secret, int *slot)
{
	u8 *again;
	int ret, opened;

	ret = lib_luks_pbkdf(l, unlock);
	if (ret)
		return ret;
	ret = crypt_keyslot_add_by_volume_key(l->cd, CRYPT_ANY_SLOT, (const char *)kek,
					      LIB_KEK_SIZE, (const char *)secret->bytes,
					      secret->size);
	if (ret < 0)
		return lib_luks_failed(l, ret, "add a way to unlock to the header");
	*slot = ret;
	again = lib_secret_alloc(LIB_KEK_SIZE);
	if (!again)
		return lib_fail(l->ctx, -ENOMEM, "cannot get locked memory for keys");
	ret = lib_luks_unlock(l, unlock, secret, again, &opened);
	if (!ret && CRYPTO_memcmp(kek, again, LIB_KEK_SIZE))
		ret = lib_fail(l->ctx, -EIO, "the new secret does not unlock the keys in %s",
			       l->dir->path);
	lib_secret_free(again, LIB_KEK_SIZE);
	return ret;
}

static bool is_bound(struct lib_luks *l, int slot)
{
	const crypt_keyslot_info status = crypt_keyslot_status(l->cd, slot);

	return status == CRYPT_SLOT_ACTIVE || status == CRYPT_SLOT_ACTIVE_LAST;
}

static const char *token_of(struct lib_luks *l, int slot, int *token)
{
	const char *type;

	for (*token = 0; *token < crypt_token_max(CRYPT_LUKS2); ++*token)
		if (!crypt_token_is_assigned(l->cd, *token, slot) &&
		    crypt_token_status(l->cd, *token, &type) > CRYPT_TOKEN_INACTIVE)
			return type;
	return NULL;
}

/** lib_luks_method_remove() - wipe a bound slot, and the token that was for it */
int lib_luks_method_remove(struct lib_luks *l, int slot)
{
	int ret, token;

	if (slot < 0 || slot >= crypt_keyslot_max(CRYPT_LUKS2) || !is_bound(l, slot))
		return lib_fail(l->ctx, -ENOENT,
				"%s has no way to unlock with number %d; list them first",
				l->dir->path, slot);
	if (crypt_keyslot_status(l->cd, slot) == CRYPT_SLOT_ACTIVE_LAST)
		return lib_fail(l->ctx, -EBUSY,
				"number %d is the last way to unlock %s; add another one first",
				slot, l->dir->path);
	if (token_of(l, slot, &token)) {
		ret = crypt_token_json_set(l->cd, token, NULL);
		if (ret < 0)
			return lib_luks_failed(l, ret, "remove a token from the header");
	}
	ret = crypt_keyslot_destroy(l->cd, slot);
	return ret ? lib_luks_failed(l, ret, "wipe a key slot in the header") : 0;
}

/* ---- looking ---- */

static void describe(struct lib_luks *l, int slot, struct libdmwarrant_keystore_method *m)
{
	struct crypt_pbkdf_type pbkdf = { 0 };
	const char *type;
	int token;

	memset(m, 0, sizeof(*m));
	m->slot = slot;
	type = token_of(l, slot, &token);
	lib_copy(m->type, sizeof(m->type), type ? type : "secret");
	if (crypt_keyslot_get_pbkdf(l->cd, slot, &pbkdf))
		return;
	lib_copy(m->pbkdf, sizeof(m->pbkdf), pbkdf.type);
	m->memory_kib = pbkdf.max_memory_kb;
	m->iterations = pbkdf.iterations;
}

/**
 * lib_luks_methods() - the ways to unlock
 * @l:    header
 * @used: slot that has unlocked it; -1 = none
 * @fn:   called for each; NULL = only count; non-zero ends with -ECANCELED
 * @arg:  for @fn
 *
 * Return: their number, or a negative errno.
 */
int lib_luks_methods(struct lib_luks *l, int used, lib_method_fn fn, void *arg)
{
	struct libdmwarrant_keystore_method m;
	int i, n = 0;

	for (i = 0; i < crypt_keyslot_max(CRYPT_LUKS2); i++) {
		if (!is_bound(l, i))
			continue;
		n++;
		describe(l, i, &m);
		m.used = i == used;
		if (fn && fn(arg, &m))
			return lib_fail(l->ctx, -ECANCELED, "cancelled");
	}
	return n;
}
