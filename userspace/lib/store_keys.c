// SPDX-License-Identifier: GPL-2.0-or-later
/* Keysets in and out of a store. */
#include "store.h"

static const char *name_of(u32 tag, char text[32])
{
	if (tag == DMW_TAG_METADATA)
		lib_copy(text, 32, "metadata key");
	else
		snprintf(text, 32, "key of tag %u", tag);
	return text;
}

/* ---- in ---- */

/**
 * struct put - a keyset on its way in
 * @h:      warrant
 * @keyset: what comes
 * @ids:    of its keys
 * @fresh:  which of them are not in the store yet
 * @count:  of them
 * @volume: NULL = not in the store yet
 * @first:  its first key there
 */
struct put {
	struct lib_held				*h;
	const struct dmw_keyset_disk		*keyset;
	u8					(*ids)[LIBDMWARRANT_KEY_ID_SIZE];
	bool					*fresh;
	u32					count;
	const struct lib_sealed_volume		*volume;
	u32					first;
};

static int refuse_change(const struct put *p, u32 tag, u32 epoch, const char *how)
{
	char text[32];

	return lib_fail(p->h->store->ks->ctx, -EEXIST,
			"the %s, epoch %u, is in %s and %s in the keyset; keys are only ever added, and go by destruction",
			name_of(tag, text), epoch, p->h->dir.path, how);
}

/* Everything that is stored must come again, the same. */
static int check_superset(const struct put *p)
{
	const struct lib_sealed *s = &p->h->sealed;
	const struct lib_sealed_key *k;
	const u8 *key;
	u32 i;

	if (!p->volume)
		return 0;
	for (i = p->first; i < p->first + p->volume->keys; i++) {
		k = &s->keys[i];
		key = dmw_keyset_find(p->keyset, k->tag, k->epoch);
		if (!key)
			return refuse_change(p, k->tag, k->epoch, "is missing");
		if (CRYPTO_memcmp(key, s->secrets + i * (size_t)DMW_KEY_SIZE, DMW_KEY_SIZE))
			return refuse_change(p, k->tag, k->epoch, "is another one");
	}
	return 0;
}

static bool is_stored(const struct put *p, u32 tag, u32 epoch)
{
	const struct lib_sealed_key *k;
	u32 i;

	for (i = 0; p->volume && i < p->volume->keys; i++) {
		k = &p->h->sealed.keys[p->first + i];
		if (k->tag == tag && k->epoch == epoch)
			return true;
	}
	return false;
}

static int check_destroyed(const struct put *p, u32 nr)
{
	const struct dmw_key_disk *k = &p->keyset->keys[nr];
	struct lib_store *s = p->h->store;
	const struct libdmwarrant_tombstone *t;
	char text[32], what[96];

	if (lib_tombstones_key(&s->tombstones, p->ids[nr]))
		return lib_fail(s->ks->ctx, -EKEYREVOKED,
				"the %s, epoch %u, is a key that was destroyed in %s; it cannot come back under any name",
				name_of(le32_to_cpu(k->tag), text), le32_to_cpu(k->epoch),
				s->dir.path);
	t = lib_tombstones_name(&s->tombstones, p->keyset->uuid, le32_to_cpu(k->tag),
				le32_to_cpu(k->epoch));
	if (!t)
		return 0;
	snprintf(what, sizeof(what), "the %s, epoch %u, cannot be stored: that was",
		 name_of(le32_to_cpu(k->tag), text), le32_to_cpu(k->epoch));
	return lib_destroyed(s, t, what);
}

static int examine(struct put *p)
{
	struct libdmwarrant *ctx = p->h->store->ks->ctx;
	const struct dmw_key_disk *k;
	u32 i;
	int ret;

	for (i = 0; i < le16_to_cpu(p->keyset->count); i++) {
		k = &p->keyset->keys[i];
		/* What was destroyed here is known from the tombstones. */
		if (le32_to_cpu(k->epoch) == DMW_EPOCH_SHREDDED)
			continue;
		ret = lib_key_id(ctx, k->key, p->ids[i]);
		if (!ret)
			ret = check_destroyed(p, i);
		if (ret)
			return ret;
		p->fresh[i] = !is_stored(p, le32_to_cpu(k->tag), le32_to_cpu(k->epoch));
		p->count += p->fresh[i];
	}
	return 0;
}

/* ---- a key is in a store once: to destroy it there is to destroy it ---- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, LIBDMWARRANT_KEY_ID_SIZE);
}

/**
 * struct fresh_ids - ids of the fresh keys, sorted
 * @s:     store
 * @ids:   ids
 * @count: number of them
 */
struct fresh_ids {
	struct lib_store	*s;
	u8			(*ids)[LIBDMWARRANT_KEY_ID_SIZE];
	u32			count;
};

static int check_sealed(const struct fresh_ids *f, const struct lib_sealed *s, const char *name)
{
	char text[32];
	u32 i;

	for (i = 0; i < s->key_count; i++)
		if (bsearch(s->keys[i].id, f->ids, f->count, sizeof(f->ids[0]), compare_ids))
			return lib_fail(f->s->ks->ctx, -EEXIST,
					"a key of the keyset is stored already, as the %s, epoch %u, of warrant %s; make new keys for each volume and tag",
					name_of(s->keys[i].tag, text), s->keys[i].epoch, name);
	return 0;
}

/* One that cannot be read has no say: its own damage is told when it is used. */
static int check_warrant(void *arg, const u8 *warrant, const char *name)
{
	const struct fresh_ids *f = arg;
	struct lib_sealed s = { 0 };
	struct lib_dir d;
	int ret;

	if (lib_dir_open(f->s->ks->ctx, &f->s->dir, name, &d))
		return 0;
	ret = lib_sealed_read(&d, STORE_KEYS, warrant, &s) ? 0 : check_sealed(f, &s, name);
	lib_sealed_free(&s);
	lib_dir_close(&d);
	return ret;
}

static int check_twins(const struct put *p)
{
	struct fresh_ids f = { .s = p->h->store };
	u32 i;
	int ret = 0;

	f.ids = calloc(p->count + 1, sizeof(f.ids[0]));
	if (!f.ids)
		return lib_fail(f.s->ks->ctx, -ENOMEM, "not enough memory");
	for (i = 0; i < le16_to_cpu(p->keyset->count); i++)
		if (p->fresh[i])
			memcpy(f.ids[f.count++], p->ids[i], sizeof(f.ids[0]));
	qsort(f.ids, f.count, sizeof(f.ids[0]), compare_ids);
	for (i = 1; i < f.count && !ret; i++)
		if (!memcmp(f.ids[i - 1], f.ids[i], sizeof(f.ids[0])))
			ret = lib_fail(f.s->ks->ctx, -EEXIST,
				       "the keyset has one key twice; make new keys for each tag and epoch");
	if (!ret)
		ret = lib_store_each_warrant(f.s, check_warrant, &f);
	free(f.ids);
	return ret;
}

/* ---- together ---- */

static void add_fresh(const struct put *p, struct lib_sealed *next)
{
	struct lib_sealed_key to = { .created = dmw_host_time(NULL) };
	const struct dmw_key_disk *k;
	u32 i;

	for (i = 0; i < le16_to_cpu(p->keyset->count); i++) {
		if (!p->fresh[i])
			continue;
		k = &p->keyset->keys[i];
		to.tag = le32_to_cpu(k->tag);
		to.epoch = le32_to_cpu(k->epoch);
		memcpy(to.id, p->ids[i], sizeof(to.id));
		lib_sealed_add_key(next, &to, k->key);
	}
}

static void merge(const struct put *p, const u8 *binding, struct lib_sealed *next)
{
	const struct lib_sealed *s = &p->h->sealed;
	const struct lib_sealed_volume *v;
	struct lib_sealed_volume own = { .created = dmw_host_time(NULL) };
	u32 i, n = 0;

	for (v = s->volumes; v < s->volumes + s->volume_count; v++) {
		lib_sealed_add_volume(next, v);
		for (i = 0; i < v->keys; i++, n++)
			lib_sealed_add_key(next, &s->keys[n],
					   s->secrets + n * (size_t)DMW_KEY_SIZE);
		if (v == p->volume)
			add_fresh(p, next);
	}
	if (p->volume)
		return;
	memcpy(own.uuid, p->keyset->uuid, sizeof(own.uuid));
	memcpy(own.binding, binding, sizeof(own.binding));
	lib_sealed_add_volume(next, &own);
	add_fresh(p, next);
}

static int store(const struct put *p, const u8 *binding)
{
	struct lib_held *h = p->h;
	struct lib_sealed next;
	int ret;

	if (!p->count)
		return 0;
	ret = check_twins(p);
	if (ret)
		return ret;
	ret = lib_sealed_init(h->store->ks->ctx, &next, h->sealed.volume_count + !p->volume,
			      h->sealed.key_count + p->count);
	if (!ret) {
		merge(p, binding, &next);
		ret = lib_held_replace(h, &next);
	}
	lib_sealed_free(&next);
	return ret;
}

static int check_binding(const struct put *p, const u8 *binding)
{
	if (!p->volume || !CRYPTO_memcmp(p->volume->binding, binding, LIBDMWARRANT_DIGEST_SIZE))
		return 0;
	return lib_fail(p->h->store->ks->ctx, -EKEYREJECTED,
			"the volume's keys in %s are bound to another warrant record; keys cannot be moved between records",
			p->h->dir.path);
}

static int put(struct lib_held *h, const struct libdmwarrant_keyset *keyset, const u8 *binding)
{
	const u32 count = libdmwarrant_keyset_count(keyset);
	struct put p = { .h = h, .keyset = keyset->disk };
	int ret;

	p.volume = lib_sealed_find(&h->sealed, keyset->disk->uuid, &p.first);
	p.ids = calloc(count + 1, sizeof(p.ids[0]));
	p.fresh = calloc(count + 1, sizeof(p.fresh[0]));
	if (p.ids && p.fresh)
		ret = check_binding(&p, binding);
	else
		ret = lib_fail(h->store->ks->ctx, -ENOMEM, "not enough memory");
	if (!ret)
		ret = examine(&p);
	if (!ret)
		ret = check_superset(&p);
	if (!ret)
		ret = store(&p, binding);
	free(p.ids);
	free(p.fresh);
	return ret;
}

int lib_store_put(struct libdmwarrant_keystore *ks, const u8 *warrant,
		  const struct libdmwarrant_keyset *keyset, const u8 *binding)
{
	struct lib_held h;
	int ret;

	ret = lib_held_begin(ks->store, warrant, true, &h);
	if (!ret)
		ret = lib_held_open(&h);
	if (!ret)
		ret = put(&h, keyset, binding);
	lib_held_end(&h);
	return ret;
}

/* ---- out ---- */

static int fill(struct lib_held *h, const struct lib_sealed_volume *v, u32 first,
		struct libdmwarrant_keyset *k)
{
	const struct lib_sealed *s = &h->sealed;
	u32 i;
	int ret = 0;

	for (i = first; i < first + v->keys && !ret; i++)
		if (!lib_held_is_dead(h, v, &s->keys[i]))
			ret = lib_keyset_append(h->store->ks->ctx, k, s->keys[i].tag,
						s->keys[i].epoch,
						s->secrets + i * (size_t)DMW_KEY_SIZE);
	return ret;
}

static int refuse_get(struct lib_held *h, const u8 *volume)
{
	struct lib_store *s = h->store;
	const struct libdmwarrant_tombstone *t;
	char text[37];

	t = lib_tombstones_scope(&s->tombstones, LIBDMWARRANT_DESTROY_VOLUME, volume, 0);
	if (t)
		return lib_destroyed(s, t, "the keys of this volume were");
	libdmwarrant_uuid_format(volume, text);
	return lib_fail(s->ks->ctx, -ENOENT, "%s has no keys of volume %s; see which it has",
			h->dir.path, text);
}

static int get(struct lib_held *h, const u8 *volume, struct libdmwarrant_keyset **keyset,
	       u8 *binding)
{
	const struct lib_sealed_volume *v;
	struct libdmwarrant_keyset *k;
	u32 first;
	int ret;

	v = lib_sealed_find(&h->sealed, volume, &first);
	if (!v)
		return refuse_get(h, volume);
	k = lib_keyset_new(h->store->ks->ctx, volume);
	if (!k)
		return -ENOMEM;
	ret = fill(h, v, first, k);
	if (!ret && !libdmwarrant_keyset_count(k))
		ret = refuse_get(h, volume);
	if (!ret)
		ret = lib_tombstones_mark(h->store->ks->ctx, &h->store->tombstones, volume, k);
	if (ret) {
		libdmwarrant_keyset_free(k);
		return ret;
	}
	if (binding)
		memcpy(binding, v->binding, LIBDMWARRANT_DIGEST_SIZE);
	*keyset = k;
	return 0;
}

int lib_store_get(struct libdmwarrant_keystore *ks, const u8 *warrant, const u8 *volume,
		  struct libdmwarrant_keyset **keyset, u8 *binding)
{
	struct lib_held h;
	int ret;

	ret = lib_held_begin(ks->store, warrant, false, &h);
	if (!ret)
		ret = lib_held_open(&h);
	if (!ret)
		ret = get(&h, volume, keyset, binding);
	lib_held_end(&h);
	return ret;
}
