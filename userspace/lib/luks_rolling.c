// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rolling key: it seals the keys of a warrant, and lies in an unbound slot of its header.
 *
 * An unbound slot is opened by none of people's secrets but by one that is derived from the KEK. To
 * destroy any key, all others are sealed under a new rolling key in a new slot, and the old slot is
 * wiped: the old rolling key, and with it every older copy of the sealed keys, is gone, although
 * no secret of people has changed.
 */
#include "luks.h"

#define PASS_INFO	"dm-warrant rolling key 1"

static int derive_pass(struct lib_luks *l, const u8 *warrant, const u8 *kek, u8 **pass)
{
	int ret;

	*pass = lib_secret_alloc(DMW_KEY_SIZE);
	if (!*pass)
		return lib_fail(l->ctx, -ENOMEM,
				"cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	ret = lib_hkdf(l->ctx, kek, LIB_KEK_SIZE, warrant, LIBDMWARRANT_UUID_SIZE, PASS_INFO,
		       *pass);
	if (ret)
		lib_secret_free(*pass, DMW_KEY_SIZE);
	return ret;
}

/* The last one: clevis takes the first for its own, and takes an unbound one for free. */
static int last_free_slot(struct lib_luks *l)
{
	int i = crypt_keyslot_max(CRYPT_LUKS2) - 1;

	while (i >= 0 && crypt_keyslot_status(l->cd, i) != CRYPT_SLOT_INACTIVE)
		i--;
	return i;
}

/** lib_luks_rolling_add() - put a rolling key into a free slot */
int lib_luks_rolling_add(struct lib_luks *l, const u8 *warrant, const u8 *kek, const u8 *rolling,
			 int *slot)
{
	u8 *pass;
	int ret;

	ret = lib_luks_pbkdf(l, NULL);
	if (!ret)
		ret = derive_pass(l, warrant, kek, &pass);
	if (ret)
		return ret;
	*slot = last_free_slot(l);
	if (*slot >= 0)
		*slot = crypt_keyslot_add_by_key(l->cd, *slot, (const char *)rolling,
						 DMW_KEY_SIZE, (const char *)pass, DMW_KEY_SIZE,
						 CRYPT_VOLUME_KEY_NO_SEGMENT);
	else
		*slot = -ENOSPC;
	lib_secret_free(pass, DMW_KEY_SIZE);
	if (*slot == -EINVAL || *slot == -ENOSPC)
		return lib_luks_failed(l, -ENOSPC,
				       "find a free slot for a new key in the header; remove a way to unlock that is not needed");
	return *slot < 0 ? lib_luks_failed(l, *slot, "add a key to the header") : 0;
}

/**
 * lib_luks_rolling_get() - the rolling key in a slot
 *
 * Return: 0; -ENOENT no such slot; -EPERM it does not open: both without a message.
 */
int lib_luks_rolling_get(struct lib_luks *l, const u8 *warrant, const u8 *kek, int slot,
			 u8 *rolling)
{
	struct crypt_keyslot_context *kc;
	size_t size = DMW_KEY_SIZE;
	u8 *pass;
	int ret;

	if (crypt_keyslot_status(l->cd, slot) != CRYPT_SLOT_UNBOUND)
		return -ENOENT;
	ret = derive_pass(l, warrant, kek, &pass);
	if (ret)
		return ret;
	ret = crypt_keyslot_context_init_by_passphrase(l->cd, (const char *)pass, DMW_KEY_SIZE,
						       &kc);
	if (!ret) {
		ret = crypt_volume_key_get_by_keyslot_context(l->cd, slot, (char *)rolling, &size,
							      kc);
		crypt_keyslot_context_free(kc);
	}
	lib_secret_free(pass, DMW_KEY_SIZE);
	if (ret == -EPERM || ret == -ENOENT || (ret >= 0 && size != DMW_KEY_SIZE))
		return -EPERM;
	return ret < 0 ? lib_luks_failed(l, ret, "open a key slot in the header") : 0;
}

/** lib_luks_rolling_count() - number of rolling keys: one, but after a kill */
int lib_luks_rolling_count(struct lib_luks *l)
{
	int i, n = 0;

	for (i = 0; i < crypt_keyslot_max(CRYPT_LUKS2); i++)
		n += crypt_keyslot_status(l->cd, i) == CRYPT_SLOT_UNBOUND;
	return n;
}

/** lib_luks_rolling_wipe() - wipe all rolling keys but the one in slot @keep */
int lib_luks_rolling_wipe(struct lib_luks *l, int keep)
{
	int i, ret;

	for (i = 0; i < crypt_keyslot_max(CRYPT_LUKS2); i++) {
		if (i == keep || crypt_keyslot_status(l->cd, i) != CRYPT_SLOT_UNBOUND)
			continue;
		ret = crypt_keyslot_destroy(l->cd, i);
		if (ret)
			return lib_luks_failed(l, ret, "wipe a key slot in the header");
		if (crypt_keyslot_status(l->cd, i) != CRYPT_SLOT_INACTIVE)
			return lib_fail(l->ctx, -EIO, "slot %d in the header of %s is still there",
					i, l->dir->path);
	}
	return 0;
}
