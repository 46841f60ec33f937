// SPDX-License-Identifier: GPL-2.0-or-later
/* Destruction: which keys go, with their tombstones; how they go is in store_commit.c. */
#include "store.h"

/**
 * struct funeral - one destruction
 * @s:      store
 * @params: which keys
 * @list:   tombstones: the scope's first, then one for each key
 * @count:  of them
 */
struct funeral {
	struct lib_store				*s;
	const struct libdmwarrant_destroy_params	*params;
	struct libdmwarrant_tombstone			*list;
	u32						count;
};

static bool is_chosen(const struct libdmwarrant_destroy_params *p,
		      const struct lib_sealed_volume *v, const struct lib_sealed_key *k)
{
	if (p->scope == LIBDMWARRANT_DESTROY_WARRANT)
		return true;
	if (memcmp(p->volume, v->uuid, sizeof(v->uuid)))
		return false;
	return p->scope == LIBDMWARRANT_DESTROY_VOLUME ||
	       (p->scope == LIBDMWARRANT_DESTROY_TAG && k->tag == p->tag) ||
	       (p->scope == LIBDMWARRANT_DESTROY_EPOCH && k->epoch == p->epoch);
}

static int begin(struct funeral *f, u32 keys)
{
	const struct libdmwarrant_destroy_params *p = f->params;
	struct libdmwarrant_tombstone *t;

	f->list = calloc(keys + 1, sizeof(f->list[0]));
	if (!f->list)
		return lib_fail(f->s->ks->ctx, -ENOMEM, "not enough memory");
	t = &f->list[f->count++];
	t->time = dmw_host_time(NULL);
	t->scope = p->scope;
	memcpy(t->warrant, p->warrant, sizeof(t->warrant));
	memcpy(t->reference, p->reference, sizeof(t->reference));
	if (p->scope != LIBDMWARRANT_DESTROY_WARRANT)
		memcpy(t->volume, p->volume, sizeof(t->volume));
	if (p->scope == LIBDMWARRANT_DESTROY_TAG)
		t->tag = p->tag;
	t->epoch = p->epoch;
	return 0;
}

static void choose(struct funeral *f, const struct lib_sealed *s)
{
	const struct lib_sealed_key *k = s->keys;
	const struct lib_sealed_volume *v;
	struct libdmwarrant_tombstone *t;
	u32 i;

	for (v = s->volumes; v < s->volumes + s->volume_count; v++)
		for (i = 0; i < v->keys; i++, k++) {
			if (!is_chosen(f->params, v, k))
				continue;
			t = &f->list[f->count++];
			*t = f->list[0];
			t->is_key = 1;
			memcpy(t->volume, v->uuid, sizeof(t->volume));
			memcpy(t->id, k->id, sizeof(t->id));
			t->tag = k->tag;
			t->epoch = k->epoch;
		}
}

static const struct libdmwarrant_tombstone *
find_earlier(struct lib_store *s, const struct libdmwarrant_destroy_params *p)
{
	const bool warrant = p->scope == LIBDMWARRANT_DESTROY_WARRANT;

	return lib_tombstones_scope(&s->tombstones, p->scope, warrant ? p->warrant : p->volume,
				    p->scope == LIBDMWARRANT_DESTROY_TAG ? p->tag : p->epoch);
}

/* What was destroyed before stays so, and needs no second tombstone. */
static int earlier(const struct libdmwarrant_tombstone *t,
		   struct libdmwarrant_destroy_result *result)
{
	result->keys = 0;
	result->time = t->time;
	result->tombstone = t->number;
	return 0;
}

static int nothing(struct funeral *f)
{
	return lib_fail(f->s->ks->ctx, -ENOENT,
			"there are no such keys in %s, nor were there; see which there are",
			f->s->dir.path);
}

static void report(const struct funeral *f, u64 number, struct libdmwarrant_destroy_result *result)
{
	result->keys = f->count - 1;
	result->time = f->list[0].time;
	result->tombstone = number;
}

/* ---- some keys of a warrant ---- */

static void add_survivors(const struct funeral *f, const struct lib_sealed *s,
			  struct lib_sealed *next)
{
	const struct lib_sealed_volume *v;
	bool added;
	u32 i, n = 0;

	for (v = s->volumes; v < s->volumes + s->volume_count; v++)
		for (added = false, i = 0; i < v->keys; i++, n++) {
			if (is_chosen(f->params, v, &s->keys[n]))
				continue;
			if (!added)
				lib_sealed_add_volume(next, v);
			added = true;
			lib_sealed_add_key(next, &s->keys[n],
					   s->secrets + n * (size_t)DMW_KEY_SIZE);
		}
}

static int bury(struct funeral *f, struct lib_held *h)
{
	struct lib_sealed next;
	struct lib_burial b;
	int ret;

	ret = lib_sealed_init(f->s->ks->ctx, &next, h->sealed.volume_count, h->sealed.key_count);
	if (!ret) {
		add_survivors(f, &h->sealed, &next);
		ret = lib_burial_prepare(&f->s->buried, &f->s->tombstones, f->list, f->count, &b);
		if (!ret) {
			ret = lib_held_roll(h, &next, &b);
			lib_burial_free(&b);
		}
	}
	lib_sealed_free(&next);
	return ret;
}

static int destroy_some(struct funeral *f, struct lib_held *h,
			struct libdmwarrant_destroy_result *result)
{
	const bool dry_run = f->params->flags & LIBDMWARRANT_DESTROY_DRY_RUN;
	const struct libdmwarrant_tombstone *t;
	int ret;

	ret = begin(f, h->sealed.key_count);
	if (ret)
		return ret;
	choose(f, &h->sealed);
	t = find_earlier(f->s, f->params);
	if (t)
		return earlier(t, result);
	if (f->count == 1)
		return nothing(f);
	report(f, f->s->tombstones.number + 1, result);
	return dry_run ? 0 : bury(f, h);
}

static int destroy_in_warrant(struct funeral *f, struct libdmwarrant_destroy_result *result)
{
	const bool dry_run = f->params->flags & LIBDMWARRANT_DESTROY_DRY_RUN;
	struct lib_held h;
	int ret;

	ret = lib_held_begin(f->s, f->params->warrant, !dry_run, &h);
	if (!ret)
		ret = dry_run ? lib_held_load(&h) : lib_held_open(&h);
	if (!ret)
		ret = destroy_some(f, &h, result);
	lib_held_end(&h);
	return ret;
}

/* ---- a whole warrant ---- */

/*
 * A warrant whose files are damaged must be destructible too: then the keys' own tombstones are
 * missing, and only the warrant's stands.
 */
static int choose_all(struct funeral *f, const char *name)
{
	struct lib_sealed s = { 0 };
	struct lib_dir d;
	int ret;

	ret = lib_dir_open(f->s->ks->ctx, &f->s->dir, name, &d);
	if (ret)
		return ret;
	if (lib_sealed_read(&d, STORE_KEYS, f->params->warrant, &s))
		lib_sealed_free(&s);
	ret = begin(f, s.key_count);
	if (!ret)
		choose(f, &s);
	lib_sealed_free(&s);
	lib_dir_close(&d);
	return ret;
}

static int bury_warrant(struct funeral *f, const char *name)
{
	struct lib_store *s = f->s;
	struct lib_burial b;
	int ret;

	ret = lib_burial_prepare(&s->buried, &s->tombstones, f->list, f->count, &b);
	if (ret)
		return ret;
	ret = lib_burial_commit(&s->buried, &b);
	lib_burial_free(&b);
	if (ret)
		return ret;
	lib_unlocked_remove(s, f->params->warrant);
	ret = lib_tombstones_load(&s->buried, &s->tombstones);
	if (!ret)
		ret = lib_store_discard(s, name);
	if (ret)
		lib_unfinished(s);
	return ret;
}

static int destroy_all(struct funeral *f, struct libdmwarrant_destroy_result *result)
{
	const bool dry_run = f->params->flags & LIBDMWARRANT_DESTROY_DRY_RUN;
	const struct libdmwarrant_tombstone *t = find_earlier(f->s, f->params);
	char name[37];
	int ret;

	libdmwarrant_uuid_format(f->params->warrant, name);
	if (t) {
		earlier(t, result);
		return dry_run ? 0 : lib_store_discard(f->s, name);
	}
	if (!lib_dir_has(&f->s->dir, name))
		return nothing(f);
	ret = choose_all(f, name);
	if (ret)
		return ret;
	report(f, f->s->tombstones.number + 1, result);
	return dry_run ? 0 : bury_warrant(f, name);
}

static int destroy_warrant(struct funeral *f, struct libdmwarrant_destroy_result *result)
{
	const bool dry_run = f->params->flags & LIBDMWARRANT_DESTROY_DRY_RUN;
	int lock = lib_store_lock(f->s, !dry_run);
	int ret;

	if (lock < 0)
		return lock;
	ret = destroy_all(f, result);
	lib_unlock(lock);
	return ret;
}

int lib_store_destroy(struct libdmwarrant_keystore *ks,
		      const struct libdmwarrant_destroy_params *params,
		      struct libdmwarrant_destroy_result *result)
{
	struct funeral f = { .s = ks->store, .params = params };
	int ret;

	if (params->scope == LIBDMWARRANT_DESTROY_WARRANT)
		ret = destroy_warrant(&f, result);
	else
		ret = destroy_in_warrant(&f, result);
	free(f.list);
	return ret;
}
