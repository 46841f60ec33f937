// SPDX-License-Identifier: GPL-2.0-or-later
/* What a store holds, as far as it can be said without unlocking. */
#include "store.h"

static int cancelled(struct lib_store *s)
{
	return lib_fail(s->ks->ctx, -ECANCELED, "cancelled");
}

/* ---- warrants ---- */

struct each {
	int	(*fn)(void *arg, const u8 *warrant, const char *name);
	void	*arg;
};

static int each_name(void *arg, const char *name)
{
	const struct each *e = arg;
	u8 warrant[LIBDMWARRANT_UUID_SIZE];
	char again[37];

	if (libdmwarrant_uuid_parse(name, warrant))
		return 0;
	libdmwarrant_uuid_format(warrant, again);
	return strcmp(name, again) ? 0 : e->fn(e->arg, warrant, name);
}

/** lib_store_each_warrant() - call @fn for each directory of a warrant; non-zero is returned */
int lib_store_each_warrant(struct lib_store *s,
			   int (*fn)(void *arg, const u8 *warrant, const char *name), void *arg)
{
	struct each e = { fn, arg };

	return lib_dir_each(&s->dir, each_name, &e);
}

static void damaged(struct lib_held *h, struct libdmwarrant_keystore_warrant *w)
{
	w->state = LIBDMWARRANT_KEYSTORE_DAMAGED;
	lib_copy(w->problem, sizeof(w->problem), h->store->ks->ctx->error);
}

/* The caller's last error is not to be what we have only looked at. */
static void describe(struct lib_held *h, struct libdmwarrant_keystore_warrant *w)
{
	struct libdmwarrant before = *h->store->ks->ctx;
	int ret = h->unlocked ? lib_held_open(h) : lib_held_load(h);

	w->state = h->unlocked ? LIBDMWARRANT_KEYSTORE_UNLOCKED : LIBDMWARRANT_KEYSTORE_LOCKED;
	if (ret)
		damaged(h, w);
	*h->store->ks->ctx = before;
	if (h->luks.cd) {
		w->methods = lib_luks_methods(&h->luks, -1, NULL, NULL);
		w->wrap_generation = lib_luks_rewraps(&h->luks) + 1;
	}
	w->generation = h->sealed.generation;
	w->changed = h->sealed.changed;
	w->keys = lib_held_alive(h, &w->volumes);
	if (!ret && (w->keys != h->sealed.key_count || lib_luks_rolling_count(&h->luks) != 1))
		lib_copy(w->problem, sizeof(w->problem),
			 "a destruction was interrupted; unlock the warrant to finish it");
}

static int destroyed(const struct libdmwarrant_tombstone *t,
		     struct libdmwarrant_keystore_warrant *w)
{
	w->state = LIBDMWARRANT_KEYSTORE_DESTROYED;
	w->changed = t->time;
	return 0;
}

int lib_store_warrant(struct libdmwarrant_keystore *ks, const u8 *warrant,
		      struct libdmwarrant_keystore_warrant *w)
{
	const u32 version = w->version;
	struct lib_store *s = ks->store;
	const struct libdmwarrant_tombstone *t;
	struct lib_held h;
	int ret;

	memset(w, 0, sizeof(*w));
	w->version = version;
	memcpy(w->uuid, warrant, sizeof(w->uuid));
	ret = lib_held_begin(s, warrant, false, &h);
	if (!ret)
		describe(&h, w);
	else if (ret == -EKEYREVOKED)
		t = lib_tombstones_scope(&s->tombstones, LIBDMWARRANT_DESTROY_WARRANT, warrant, 0);
	lib_held_end(&h);
	return ret == -EKEYREVOKED ? destroyed(t, w) : ret;
}

struct list {
	struct lib_store	*s;
	lib_warrant_fn		fn;
	void			*arg;
};

static int list_one(void *arg, const u8 *warrant, const char *name)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	const struct list *l = arg;
	int ret = lib_store_warrant(l->s->ks, warrant, &w);

	(void)name;
	/* Gone, or going: it is among the destroyed ones. */
	if (ret == -ENOENT || w.state == LIBDMWARRANT_KEYSTORE_DESTROYED)
		return 0;
	if (ret && ret != -ETIMEDOUT) {
		w.state = LIBDMWARRANT_KEYSTORE_DAMAGED;
		lib_copy(w.problem, sizeof(w.problem), l->s->ks->ctx->error);
		ret = 0;
	}
	if (ret)
		return ret;
	return l->fn(l->arg, &w) ? cancelled(l->s) : 0;
}

static int list_destroyed(const struct list *l)
{
	struct libdmwarrant_keystore_warrant w;
	const struct lib_tombstones *t = &l->s->tombstones;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (t->list[i].scope != LIBDMWARRANT_DESTROY_WARRANT || t->list[i].is_key)
			continue;
		memset(&w, 0, sizeof(w));
		w.version = LIBDMWARRANT_KEYSTORE_VERSION;
		memcpy(w.uuid, t->list[i].warrant, sizeof(w.uuid));
		destroyed(&t->list[i], &w);
		if (l->fn(l->arg, &w))
			return cancelled(l->s);
	}
	return 0;
}

int lib_store_warrants(struct libdmwarrant_keystore *ks, lib_warrant_fn fn, void *arg)
{
	struct list l = { ks->store, fn, arg };
	int ret, lock;

	ret = lib_store_each_warrant(l.s, list_one, &l);
	if (ret)
		return ret;
	lock = lib_store_lock(l.s, false);
	if (lock < 0)
		return lock;
	lib_unlock(lock);
	return list_destroyed(&l);
}

/* ---- keys ---- */

static int list_keys(struct lib_held *h, lib_key_fn fn, void *arg)
{
	const struct lib_sealed_key *from = h->sealed.keys;
	const struct lib_sealed_volume *v = h->sealed.volumes;
	struct libdmwarrant_keystore_key k = { 0 };
	u32 i;

	for (; v < h->sealed.volumes + h->sealed.volume_count; v++)
		for (i = 0; i < v->keys; i++, from++) {
			if (lib_held_is_dead(h, v, from))
				continue;
			memcpy(k.volume, v->uuid, sizeof(k.volume));
			memcpy(k.binding, v->binding, sizeof(k.binding));
			memcpy(k.id, from->id, sizeof(k.id));
			k.tag = from->tag;
			k.epoch = from->epoch;
			k.created = from->created;
			if (fn(arg, &k))
				return cancelled(h->store);
		}
	return 0;
}

int lib_store_keys(struct libdmwarrant_keystore *ks, const u8 *warrant, lib_key_fn fn, void *arg)
{
	struct lib_held h;
	int ret;

	ret = lib_held_begin(ks->store, warrant, false, &h);
	if (!ret)
		ret = h.unlocked ? lib_held_open(&h) : lib_held_load(&h);
	if (!ret)
		ret = list_keys(&h, fn, arg);
	lib_held_end(&h);
	return ret;
}

/* ---- ways to unlock ---- */

int lib_store_methods(struct libdmwarrant_keystore *ks, const u8 *warrant, lib_method_fn fn,
		      void *arg)
{
	struct lib_held h;
	int ret;

	ret = lib_held_begin(ks->store, warrant, false, &h);
	if (!ret)
		ret = lib_luks_load(&h.dir, STORE_HEADER, &h.luks);
	if (!ret)
		ret = lib_luks_methods(&h.luks, h.unlocked ? h.unlocked->slot : -1, fn, arg);
	lib_held_end(&h);
	return ret < 0 ? ret : 0;
}

/* ---- tombstones ---- */

int lib_store_tombstones(struct libdmwarrant_keystore *ks, lib_tombstone_fn fn, void *arg)
{
	struct lib_store *s = ks->store;
	int lock = lib_store_lock(s, false);
	size_t i;

	if (lock < 0)
		return lock;
	lib_unlock(lock);
	for (i = 0; i < s->tombstones.count; i++)
		if (fn(arg, &s->tombstones.list[i]))
			return cancelled(s);
	return 0;
}

int lib_store_head(struct libdmwarrant_keystore *ks, u64 *number, u8 *digest)
{
	struct lib_store *s = ks->store;
	int lock = lib_store_lock(s, false);

	if (lock < 0)
		return lock;
	*number = s->tombstones.number;
	memcpy(digest, s->tombstones.heads[*number], LIBDMWARRANT_DIGEST_SIZE);
	lib_unlock(lock);
	return 0;
}
