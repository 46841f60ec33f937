// SPDX-License-Identifier: GPL-2.0-or-later
/* Unlocking a warrant: its KEK stays in locked memory until the store is closed. */
#include "store.h"

struct lib_unlocked *lib_unlocked_find(struct lib_store *s, const u8 *warrant)
{
	struct lib_unlocked *u;

	for (u = s->unlocked; u; u = u->next)
		if (!memcmp(u->warrant, warrant, sizeof(u->warrant)))
			return u;
	return NULL;
}

/** lib_unlocked_add() - remember a KEK, which is the list's from now on, also after a failure */
int lib_unlocked_add(struct lib_store *s, const u8 *warrant, u8 *kek, int slot)
{
	struct lib_unlocked *u = calloc(1, sizeof(*u));

	if (!u) {
		lib_secret_free(kek, LIB_KEK_SIZE);
		return lib_fail(s->ks->ctx, -ENOMEM, "not enough memory");
	}
	memcpy(u->warrant, warrant, sizeof(u->warrant));
	u->kek = kek;
	u->slot = slot;
	u->next = s->unlocked;
	s->unlocked = u;
	return 0;
}

void lib_unlocked_remove(struct lib_store *s, const u8 *warrant)
{
	struct lib_unlocked **at = &s->unlocked, *u;

	while (*at && memcmp((*at)->warrant, warrant, LIBDMWARRANT_UUID_SIZE))
		at = &(*at)->next;
	u = *at;
	if (!u)
		return;
	*at = u->next;
	lib_secret_free(u->kek, LIB_KEK_SIZE);
	free(u);
}

static int get_kek(struct lib_held *h, const struct libdmwarrant_unlock *unlock,
		   const struct lib_secret *secret)
{
	struct lib_store *s = h->store;
	u8 *kek = lib_secret_alloc(LIB_KEK_SIZE);
	int ret, slot;

	if (!kek)
		return lib_fail(s->ks->ctx, -ENOMEM,
				"cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	ret = lib_luks_load(&h->dir, STORE_HEADER, &h->luks);
	if (!ret)
		ret = lib_luks_unlock(&h->luks, unlock, secret, kek, &slot);
	lib_luks_free(&h->luks);
	if (ret)
		lib_secret_free(kek, LIB_KEK_SIZE);
	else
		ret = lib_unlocked_add(s, h->warrant, kek, slot);
	return ret;
}

/* A killed destruction leaves dead keys in the file, or a rolling key too many in the header. */
static bool is_unfinished(struct lib_held *h)
{
	u32 volumes;

	return lib_held_alive(h, &volumes) != h->sealed.key_count ||
	       lib_luks_rolling_count(&h->luks) != 1;
}

/*
 * If it cannot be finished now (a full disk), the keys that are left can be used all the same:
 * those that are dead are not given out by anything.
 */
static void finish(struct lib_store *s, const u8 *warrant)
{
	struct lib_held h;

	if (!lib_held_begin(s, warrant, true, &h))
		lib_held_open(&h);
	lib_held_end(&h);
}

/* People enter PINs and touch tokens: nobody else has to wait for that. */
static int get_kek_unhurried(struct lib_store *s, const u8 *warrant,
			     const struct libdmwarrant_unlock *unlock,
			     const struct lib_secret *secret)
{
	struct lib_held h;
	int ret;

	ret = lib_held_begin(s, warrant, false, &h);
	lib_unlock(h.lock);
	h.lock = -1;
	if (!ret)
		ret = get_kek(&h, unlock, secret);
	lib_held_end(&h);
	return ret;
}

static int authenticate(struct lib_store *s, const u8 *warrant, bool *unfinished)
{
	struct lib_held h;
	int ret;

	ret = lib_held_begin(s, warrant, false, &h);
	if (!ret)
		ret = lib_held_open(&h);
	*unfinished = !ret && is_unfinished(&h);
	lib_held_end(&h);
	return ret;
}

static int unlock_with(struct lib_store *s, const u8 *warrant,
		       const struct libdmwarrant_unlock *unlock, const struct lib_secret *secret)
{
	bool unfinished;
	int ret;

	ret = get_kek_unhurried(s, warrant, unlock, secret);
	if (ret)
		return ret;
	ret = authenticate(s, warrant, &unfinished);
	if (ret)
		lib_unlocked_remove(s, warrant);
	else if (unfinished && !s->ks->read_only)
		finish(s, warrant);
	return ret;
}

int lib_store_unlock(struct libdmwarrant_keystore *ks, const u8 *warrant,
		     const struct libdmwarrant_unlock *unlock)
{
	struct lib_store *s = ks->store;
	struct lib_secret secret;
	int ret;

	if (lib_unlocked_find(s, warrant))
		return 0;
	ret = lib_unlock_read(ks->ctx, unlock, false, &secret);
	if (ret)
		return ret;
	ret = unlock_with(s, warrant, unlock, &secret);
	lib_unlock_free(&secret);
	return ret;
}
