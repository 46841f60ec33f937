// SPDX-License-Identifier: GPL-2.0-or-later
/* A warrant in a store: held under the store's lock, and judged as a whole before it is used. */
#include <time.h>

#include "store.h"

static const char *date(u64 seconds, char text[32])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		lib_copy(text, 32, "an unknown time");
	return text;
}

/* By what order, as far as the store knows it. */
static void reference(const struct libdmwarrant_tombstone *t, char *text, size_t size)
{
	char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	text[0] = 0;
	if (!memchr_inv(t->reference, 0, sizeof(t->reference)))
		return;
	lib_hex(hex, t->reference, sizeof(t->reference));
	snprintf(text, size, " by order %.16s", hex);
}

/** lib_destroyed() - refuse what has been destroyed. Return: -EKEYREVOKED */
int lib_destroyed(struct lib_store *s, const struct libdmwarrant_tombstone *t, const char *what)
{
	char text[32], order[32];

	reference(t, order, sizeof(order));
	return lib_fail(s->ks->ctx, -EKEYREVOKED,
			"%s destroyed%s at %s (tombstone %llu of %s); what was sealed under it cannot be read again",
			what, order, date(t->time, text), (unsigned long long)t->number, s->dir.path);
}

static int open_directory(struct lib_held *h)
{
	struct lib_store *s = h->store;
	const struct libdmwarrant_tombstone *t;
	char name[37];
	int ret;

	t = lib_tombstones_scope(&s->tombstones, LIBDMWARRANT_DESTROY_WARRANT, h->warrant, 0);
	if (t)
		return lib_destroyed(s, t, "the keys of this warrant were");
	libdmwarrant_uuid_format(h->warrant, name);
	if (!lib_dir_has(&s->dir, name))
		return lib_fail(s->ks->ctx, -ENOENT, "key store %s has no warrant %s", s->dir.path,
				name);
	ret = lib_dir_open(s->ks->ctx, &s->dir, name, &h->dir);
	if (!ret && h->exclusive)
		ret = lib_store_clean(&h->dir);
	return ret;
}

/**
 * lib_held_begin() - lock the store and find a warrant
 * @s:         store
 * @warrant:   ObjectIdentifier
 * @exclusive: to write
 * @h:         receives it; lib_held_end() it in any case
 */
int lib_held_begin(struct lib_store *s, const u8 *warrant, bool exclusive, struct lib_held *h)
{
	memset(h, 0, sizeof(*h));
	h->store = s;
	h->exclusive = exclusive;
	h->dir.fd = -1;
	memcpy(h->warrant, warrant, sizeof(h->warrant));
	h->lock = lib_store_lock(s, exclusive);
	if (h->lock < 0)
		return h->lock;
	h->unlocked = lib_unlocked_find(s, warrant);
	return open_directory(h);
}

void lib_held_end(struct lib_held *h)
{
	lib_luks_free(&h->luks);
	lib_sealed_free(&h->sealed);
	lib_secret_free(h->rolling, DMW_KEY_SIZE);
	h->rolling = NULL;
	lib_dir_close(&h->dir);
	lib_unlock(h->lock);
	h->lock = -1;
}

/* ---- as it is, locked ---- */

/*
 * The sealed keys know how many destructions there had been when they were sealed: tombstones that
 * are fewer, or others, are an older copy.
 */
static int check_tombstones(const struct lib_held *h)
{
	const struct lib_tombstones *t = &h->store->tombstones;

	if (h->sealed.tombstones <= t->number &&
	    !memcmp(h->sealed.head, t->heads[h->sealed.tombstones], sizeof(h->sealed.head)))
		return 0;
	return lib_fail(h->store->ks->ctx, -ESTALE,
			"the tombstones in %s are an older copy than %s; restore the newest copy of both: without it destroyed keys could come back",
			h->store->buried.path, h->dir.path);
}

/** lib_held_load() - load the header and what is in the clear of the keys */
int lib_held_load(struct lib_held *h)
{
	int ret;

	ret = lib_sealed_read(&h->dir, STORE_KEYS, h->warrant, &h->sealed);
	if (!ret)
		ret = check_tombstones(h);
	return ret ? ret : lib_luks_load(&h->dir, STORE_HEADER, &h->luks);
}

/** lib_held_is_dead() - has that key a tombstone, or anything that it belongs to? */
bool lib_held_is_dead(const struct lib_held *h, const struct lib_sealed_volume *v,
		      const struct lib_sealed_key *k)
{
	const struct lib_tombstones *t = &h->store->tombstones;

	return lib_tombstones_key(t, k->id) || lib_tombstones_name(t, v->uuid, k->tag, k->epoch);
}

/** lib_held_alive() - number of keys without a tombstone, and of volumes that have any */
u32 lib_held_alive(const struct lib_held *h, u32 *volumes)
{
	const struct lib_sealed_key *k = h->sealed.keys;
	u32 v, i, alive, keys = 0;

	*volumes = 0;
	for (v = 0; v < h->sealed.volume_count; v++) {
		alive = 0;
		for (i = 0; i < h->sealed.volumes[v].keys; i++, k++)
			alive += !lib_held_is_dead(h, &h->sealed.volumes[v], k);
		keys += alive;
		*volumes += alive > 0;
	}
	return keys;
}

/* ---- unlocked ---- */

static int mismatch(struct lib_held *h, int err)
{
	if (err == -ENOENT)
		return lib_fail(h->store->ks->ctx, -ESTALE,
				"%s/" STORE_KEYS " and " STORE_HEADER
				" are copies of different age: the key that seals the one is not in the other; restore the newest copy of both",
				h->dir.path);
	if (err == -EPERM || err == -EBADMSG)
		return lib_fail(h->store->ks->ctx, -EUCLEAN,
				"%s/" STORE_KEYS
				" does not verify: it is damaged or was altered; restore the newest copy of %s",
				h->dir.path, h->dir.path);
	return err;
}

/* Each key is what its description says, or destruction by id would miss it. */
static int check_ids(struct lib_held *h)
{
	const struct lib_sealed *s = &h->sealed;
	u8 id[LIBDMWARRANT_KEY_ID_SIZE];
	u32 i;
	int ret;

	for (i = 0; i < s->key_count; i++) {
		ret = lib_key_id(h->store->ks->ctx, s->secrets + i * (size_t)DMW_KEY_SIZE, id);
		if (ret)
			return ret;
		if (memcmp(id, s->keys[i].id, sizeof(id)))
			return mismatch(h, -EBADMSG);
	}
	return 0;
}

static int open_sealed(struct lib_held *h)
{
	struct libdmwarrant *ctx = h->store->ks->ctx;
	int ret;

	h->rolling = lib_secret_alloc(DMW_KEY_SIZE);
	if (!h->rolling)
		return lib_fail(ctx, -ENOMEM, "cannot get locked memory for keys");
	ret = lib_luks_rolling_get(&h->luks, h->warrant, h->unlocked->kek, h->sealed.slot,
				   h->rolling);
	if (!ret)
		ret = lib_sealed_open(ctx, &h->sealed, h->rolling);
	return ret ? mismatch(h, ret) : check_ids(h);
}

/**
 * lib_held_open() - load, decrypt and authenticate all of it
 *
 * When held to write, what a killed destruction has left is finished first.
 */
int lib_held_open(struct lib_held *h)
{
	int ret;

	if (!h->unlocked)
		return lib_fail(h->store->ks->ctx, -ENOKEY,
				"the keys in %s are locked; unlock them with a passphrase, key file or token",
				h->dir.path);
	ret = lib_held_load(h);
	if (!ret)
		ret = open_sealed(h);
	if (!ret && h->exclusive)
		ret = lib_held_sweep(h);
	return ret;
}
