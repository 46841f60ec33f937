// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changing the sealed keys of a warrant.
 *
 * Keys come: the new file is sealed under the same rolling key, read back, and renamed over the old
 * one, which is the commit.
 *
 * Keys go: a new rolling key in a new slot -> the new file, without the keys, sealed under it ->
 * both read back -> the tombstone, which is the commit -> rename -> the old slot is wiped. Whatever
 * needs space comes before the commit, so a full disk changes nothing; what is left after it is
 * finished by the next who unlocks.
 */
#include "store.h"

/* ---- building ---- */

void lib_sealed_add_volume(struct lib_sealed *s, const struct lib_sealed_volume *v)
{
	struct lib_sealed_volume *to = &s->volumes[s->volume_count++];

	*to = *v;
	to->keys = 0;
}

/** lib_sealed_add_key() - add a key to the volume that was added last */
void lib_sealed_add_key(struct lib_sealed *s, const struct lib_sealed_key *k, const u8 *secret)
{
	memcpy(s->secrets + s->key_count * (size_t)DMW_KEY_SIZE, secret, DMW_KEY_SIZE);
	s->keys[s->key_count++] = *k;
	s->volumes[s->volume_count - 1].keys++;
}

static void complete(const struct lib_held *h, struct lib_sealed *next, u32 slot)
{
	const struct lib_tombstones *t = &h->store->tombstones;

	memcpy(next->warrant, h->warrant, sizeof(next->warrant));
	next->generation = h->sealed.generation + 1;
	next->changed = dmw_host_time(NULL);
	next->slot = slot;
	next->tombstones = t->number;
	memcpy(next->head, t->heads[t->number], sizeof(next->head));
}

/* ---- reading back ---- */

static int compare(struct lib_held *h, const struct lib_sealed *next, const u8 *rolling)
{
	struct lib_sealed again;
	int ret;

	ret = lib_sealed_read(&h->dir, STORE_KEYS_NEW, h->warrant, &again);
	if (!ret)
		ret = lib_sealed_open(h->store->ks->ctx, &again, rolling);
	if (!ret && (again.key_count != next->key_count || again.generation != next->generation ||
		     CRYPTO_memcmp(again.secrets, next->secrets,
				   next->key_count * (size_t)DMW_KEY_SIZE)))
		ret = -EBADMSG;
	if (ret == -EBADMSG)
		ret = lib_fail(h->store->ks->ctx, -EIO,
			       "%s does not hold what was written to it; nothing was changed: check the disk",
			       h->dir.path);
	lib_sealed_free(&again);
	return ret;
}

/* With a header loaded anew: what the next process will see. */
static int verify(struct lib_held *h, const struct lib_sealed *next)
{
	u8 *rolling = lib_secret_alloc(DMW_KEY_SIZE);
	struct lib_luks l;
	int ret;

	if (!rolling)
		return lib_fail(h->store->ks->ctx, -ENOMEM, "cannot get locked memory for keys");
	ret = lib_luks_load(&h->dir, STORE_HEADER, &l);
	if (!ret) {
		ret = lib_luks_rolling_get(&l, h->warrant, h->unlocked->kek, next->slot, rolling);
		if (ret == -ENOENT || ret == -EPERM)
			ret = lib_fail(h->store->ks->ctx, -EIO,
				       "the header of %s does not hold what was written to it; nothing was changed: check the disk",
				       h->dir.path);
	}
	lib_luks_free(&l);
	if (!ret)
		ret = compare(h, next, rolling);
	lib_secret_free(rolling, DMW_KEY_SIZE);
	return ret;
}

/* ---- keys come ---- */

static void take_over(struct lib_held *h, struct lib_sealed *next)
{
	struct lib_sealed old = h->sealed;

	h->sealed = *next;
	*next = old;
}

static int write_and_verify(struct lib_held *h, const struct lib_sealed *next, const u8 *rolling)
{
	int ret = lib_sealed_write(&h->dir, STORE_KEYS_NEW, next, rolling);

	return ret ? ret : verify(h, next);
}

/* After a failure all is as before; the reason is kept. */
static int undo(struct lib_held *h, int err)
{
	struct libdmwarrant reason = *h->store->ks->ctx;

	lib_file_remove(&h->dir, STORE_KEYS_NEW);
	lib_luks_rolling_wipe(&h->luks, h->sealed.slot);
	*h->store->ks->ctx = reason;
	return err;
}

/**
 * lib_held_replace() - seal other keys under the same rolling key; none may be missing
 * @h:    opened, exclusive
 * @next: the keys; gets the old ones in exchange
 */
int lib_held_replace(struct lib_held *h, struct lib_sealed *next)
{
	int ret;

	complete(h, next, h->sealed.slot);
	ret = write_and_verify(h, next, h->rolling);
	if (ret)
		return undo(h, ret);
	ret = lib_file_rename(&h->dir, STORE_KEYS_NEW, STORE_KEYS);
	if (!ret)
		take_over(h, next);
	return ret;
}

/* ---- keys go ---- */

static int commit(struct lib_held *h, struct lib_sealed *next, const struct lib_burial *b,
		  u8 *rolling)
{
	struct lib_store *s = h->store;
	int ret, slot;

	dmw_host_random(NULL, rolling, DMW_KEY_SIZE);
	ret = lib_luks_rolling_add(&h->luks, h->warrant, h->unlocked->kek, rolling, &slot);
	if (ret)
		return undo(h, ret);
	complete(h, next, slot);
	if (b) {
		next->tombstones = b->number;
		memcpy(next->head, b->head, sizeof(next->head));
	}
	ret = write_and_verify(h, next, rolling);
	if (!ret && b)
		ret = lib_burial_commit(&s->buried, b);
	return ret ? undo(h, ret) : 0;
}

/** lib_unfinished() - behind a last error: what it means for a destruction */
void lib_unfinished(struct lib_store *s)
{
	struct libdmwarrant *ctx = s->ks->ctx;
	struct libdmwarrant reason = *ctx;

	lib_fail(ctx, 0,
		 "%s; the tombstone stands and the keys are refused, but not yet wiped: repeat it when that is mended",
		 reason.error);
}

static int wipe_old(struct lib_held *h, struct lib_sealed *next)
{
	int ret;

	ret = lib_tombstones_load(&h->store->buried, &h->store->tombstones);
	if (!ret)
		ret = lib_file_rename(&h->dir, STORE_KEYS_NEW, STORE_KEYS);
	if (!ret)
		ret = lib_luks_rolling_wipe(&h->luks, next->slot);
	return ret;
}

/**
 * lib_held_roll() - seal under a new rolling key; what is missing is gone for ever
 * @h:    opened, exclusive
 * @next: the keys; gets the old ones in exchange
 * @b:    tombstone to be written; NULL = it is there already
 */
int lib_held_roll(struct lib_held *h, struct lib_sealed *next, const struct lib_burial *b)
{
	u8 *rolling = lib_secret_alloc(DMW_KEY_SIZE);
	int ret;

	if (!rolling)
		return lib_fail(h->store->ks->ctx, -ENOMEM, "cannot get locked memory for keys");
	ret = commit(h, next, b, rolling);
	if (!ret) {
		ret = wipe_old(h, next);
		if (ret)
			lib_unfinished(h->store);
	}
	if (ret) {
		lib_secret_free(rolling, DMW_KEY_SIZE);
		return ret;
	}
	lib_secret_free(h->rolling, DMW_KEY_SIZE);
	h->rolling = rolling;
	take_over(h, next);
	return 0;
}

static void add_alive(const struct lib_held *h, struct lib_sealed *next)
{
	const struct lib_sealed *s = &h->sealed;
	const struct lib_sealed_volume *v;
	bool added;
	u32 i, n = 0;

	for (v = s->volumes; v < s->volumes + s->volume_count; v++)
		for (added = false, i = 0; i < v->keys; i++, n++) {
			if (lib_held_is_dead(h, v, &s->keys[n]))
				continue;
			if (!added)
				lib_sealed_add_volume(next, v);
			added = true;
			lib_sealed_add_key(next, &s->keys[n],
					   s->secrets + n * (size_t)DMW_KEY_SIZE);
		}
}

/** lib_held_sweep() - finish the destruction of what has a tombstone, if anything is left of it */
int lib_held_sweep(struct lib_held *h)
{
	struct lib_sealed next;
	u32 volumes;
	int ret;

	ret = lib_luks_rolling_wipe(&h->luks, h->sealed.slot);
	if (ret || lib_held_alive(h, &volumes) == h->sealed.key_count)
		return ret;
	ret = lib_sealed_init(h->store->ks->ctx, &next, h->sealed.volume_count,
			      h->sealed.key_count);
	if (!ret) {
		add_alive(h, &next);
		ret = lib_held_roll(h, &next, NULL);
	}
	lib_sealed_free(&next);
	return ret;
}
