// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key store destroys, and is then asked for what it has destroyed: opened anew, as somebody who
 * wants the keys would open it. Only when that is in vain is a shred called done.
 */
#include "shred.h"

/** lib_shred_takes() - is it one of the keys that go? */
bool lib_shred_takes(const struct lib_shred *s, const struct libdmwarrant_keystore_key *k)
{
	u8 volume[LIBDMWARRANT_UUID_SIZE];

	if (s->q.kind == LIBDMWARRANT_REQUEST_SHRED_WARRANT)
		return true;
	if (libdmwarrant_uuid_parse(s->q.target.volume, volume) ||
	    memcmp(volume, k->volume, sizeof(volume)))
		return false;
	return s->q.kind == LIBDMWARRANT_REQUEST_SHRED_VOLUME || k->tag == s->q.target.tag;
}

static int unlock(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	const struct libdmwarrant_unlock *u = lib_shred_secret_use(s->ctx, &s->secret);

	if (!u)
		return s->secret.given ? -EIO : 0;
	return libdmwarrant_keystore_unlock(ks, s->warrant, u);
}

/**
 * lib_shred_keystore() - open the key store, and unlock it when there is a secret
 * @s:         execution
 * @read_only: change nothing in it
 * @ks:        receives it; libdmwarrant_keystore_close() it
 *
 * A warrant that is destroyed cannot be unlocked, which is well.
 */
int lib_shred_keystore(struct lib_shred *s, bool read_only, struct libdmwarrant_keystore **ks)
{
	const struct libdmwarrant_keystore_params p = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
		.flags = read_only ? LIBDMWARRANT_KEYSTORE_READ_ONLY : 0,
	};
	int ret;

	*ks = NULL;
	ret = libdmwarrant_keystore_open(s->ctx, s->uri, &p, ks);
	if (!ret)
		ret = unlock(s, *ks);
	if (!ret || ret == -EKEYREVOKED)
		return 0;
	libdmwarrant_keystore_close(*ks);
	*ks = NULL;
	return ret;
}

/* ---- searching ---- */

/** struct search - for keys that must be gone */
struct search {
	const struct lib_shred	*s;
	u32			found;
};

static int find_key(void *arg, const struct libdmwarrant_keystore_key *k)
{
	struct search *search = arg;

	search->found += lib_shred_takes(search->s, k);
	return 0;
}

/* Return: 1 = it lists keys that go; 0 = none, or nothing of the warrant */
static int search_store(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	struct search search = { .s = s };
	int ret = libdmwarrant_keystore_keys(ks, s->warrant, find_key, &search);

	if (ret == -EKEYREVOKED || ret == -ENOENT)
		return 0;
	return ret ?: search.found > 0;
}

/* ---- destroying ---- */

static u32 scope(const struct lib_shred *s)
{
	switch (s->q.kind) {
	case LIBDMWARRANT_REQUEST_SHRED_TAG:
		return LIBDMWARRANT_DESTROY_TAG;
	case LIBDMWARRANT_REQUEST_SHRED_VOLUME:
		return LIBDMWARRANT_DESTROY_VOLUME;
	default:
		return LIBDMWARRANT_DESTROY_WARRANT;
	}
}

static const char *scope_name(const struct lib_shred *s)
{
	static const char *const names[] = {
		[LIBDMWARRANT_DESTROY_TAG] = "tag",
		[LIBDMWARRANT_DESTROY_VOLUME] = "volume",
		[LIBDMWARRANT_DESTROY_WARRANT] = "warrant",
	};

	return names[scope(s)];
}

static void put_head(struct lib_shred *s, struct libdmwarrant_keystore *ks,
		     struct json_object *body)
{
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	u64 number;

	if (libdmwarrant_keystore_head(ks, &number, digest))
		return;
	lib_make_number(&s->maker, body, "HeadNumber", number);
	lib_make_hex(&s->maker, body, "HeadDigest", digest, sizeof(digest));
}

/** struct graves - tombstones of one destruction */
struct graves {
	const struct lib_shred	*s;
	u64			number;
	u32			keys;
	bool			scope;
	u8			reference[LIBDMWARRANT_DIGEST_SIZE];
};

static int take_grave(void *arg, const struct libdmwarrant_tombstone *t)
{
	struct graves *g = arg;

	if (t->number != g->number)
		return 0;
	g->keys += t->is_key;
	if (t->is_key)
		return 0;
	g->scope = t->scope == scope(g->s) && !memcmp(t->warrant, g->s->warrant, sizeof(t->warrant));
	memcpy(g->reference, t->reference, sizeof(g->reference));
	return 0;
}

static int find_graves(const struct lib_shred *s, struct libdmwarrant_keystore *ks, u64 number,
		       struct graves *g)
{
	*g = (struct graves){ .s = s, .number = number };
	return libdmwarrant_keystore_tombstones(ks, take_grave, g);
}

static int log_destroyed(struct lib_shred *s, struct libdmwarrant_keystore *ks,
			 const struct libdmwarrant_destroy_result *result)
{
	struct json_object *body;
	struct graves g;
	int ret = find_graves(s, ks, result->tombstone, &g);

	if (ret)
		return ret;
	body = lib_shred_body(s);
	lib_make_text(&s->maker, body, "Store", s->uri);
	lib_make_text(&s->maker, body, "Scope", scope_name(s));
	lib_make_hex(&s->maker, body, "Reference", g.reference, sizeof(g.reference));
	lib_make_number(&s->maker, body, "Keys", g.keys);
	lib_make_number(&s->maker, body, "Tombstone", result->tombstone);
	lib_make_time(&s->maker, body, "TombstoneTime", result->time);
	if (memcmp(g.reference, s->q.digest, sizeof(g.reference)))
		lib_make_text(&s->maker, body, "Note",
			      "the key store had destroyed them before, with another reference than this request");
	put_head(s, ks, body);
	return lib_shred_write(s, SHRED_DESTROYED, body);
}

static int destroy(struct lib_shred *s, struct libdmwarrant_keystore *ks, u32 flags,
		   struct libdmwarrant_destroy_result *result)
{
	struct libdmwarrant_destroy_params p = {
		.version = LIBDMWARRANT_DESTROY_VERSION,
		.flags = flags,
		.scope = scope(s),
	};

	memcpy(p.warrant, s->warrant, sizeof(p.warrant));
	memcpy(p.reference, s->q.digest, sizeof(p.reference));
	if (p.scope != LIBDMWARRANT_DESTROY_WARRANT &&
	    libdmwarrant_uuid_parse(s->q.target.volume, p.volume))
		return lib_fail(s->ctx, -EUCLEAN, "%s is no UUID", s->q.target.volume);
	if (p.scope == LIBDMWARRANT_DESTROY_TAG)
		p.tag = s->q.target.tag;
	return libdmwarrant_keystore_destroy(ks, &p, result);
}

/* One that was moved is not found there any more; one that was copied still has the keys. */
static int check_store(struct lib_shred *s, const char *uri)
{
	const struct libdmwarrant_keystore_params p = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
		.flags = LIBDMWARRANT_KEYSTORE_READ_ONLY,
	};
	struct libdmwarrant_keystore *ks = NULL;
	int ret = libdmwarrant_keystore_open(s->ctx, uri, &p, &ks);

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = search_store(s, ks);
	libdmwarrant_keystore_close(ks);
	if (ret <= 0)
		return ret;
	return lib_fail(s->ctx, -ENOTUNIQ,
			"the keys are destroyed in %s, but %s, which the registry has, still lists them: go on without --keystore",
			s->uri, uri);
}

/* The caller may have named another store than the registry has: that one must not have them, either. */
static int check_registered(struct lib_shred *s)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < s->count && !ret; i++)
		if (strcmp(s->volumes[i].keystore, s->uri))
			ret = check_store(s, s->volumes[i].keystore);
	return ret;
}

/** lib_shred_destroy() - step: the keys are destroyed in the key store */
int lib_shred_destroy(struct lib_shred *s)
{
	struct libdmwarrant_destroy_result r = { .version = LIBDMWARRANT_DESTROY_VERSION };
	struct libdmwarrant_keystore *ks;
	int ret = lib_shred_keystore(s, false, &ks);

	if (!ret)
		ret = destroy(s, ks, 0, &r);
	if (!ret)
		ret = check_registered(s);
	if (!ret)
		ret = log_destroyed(s, ks, &r);
	libdmwarrant_keystore_close(ks);
	return ret;
}

/** lib_shred_judge_keys() - before anything is begun: could the key store destroy them? */
int lib_shred_judge_keys(struct lib_shred *s)
{
	struct libdmwarrant_destroy_result r = { .version = LIBDMWARRANT_DESTROY_VERSION };
	struct libdmwarrant_keystore *ks;
	int ret;

	if (!s->secret.given && s->q.kind != LIBDMWARRANT_REQUEST_SHRED_WARRANT)
		return lib_fail(s->ctx, -ENOKEY,
				"what stays of the warrant's keys must be sealed anew, for which they must be unlocked; name what unlocks them");
	ret = lib_shred_keystore(s, true, &ks);
	if (!ret)
		ret = destroy(s, ks, LIBDMWARRANT_DESTROY_DRY_RUN, &r);
	libdmwarrant_keystore_close(ks);
	return ret;
}

/* ---- proving ---- */

static int still_there(struct lib_shred *s, const char *what)
{
	return lib_fail(s->ctx, -EUCLEAN,
			"the key store %s has destroyed the keys, but %s; nothing is certified: warrantctl keystore check, then resume",
			s->uri, what);
}

/*
 * Files of the warrant that somebody has put back since are found dead by their tombstones, and not
 * handed out; but they are there. Whoever opens and unlocks a store to write makes them go once more.
 */
static int finish(struct lib_shred *s)
{
	struct libdmwarrant_keystore *ks;
	int ret = lib_shred_keystore(s, false, &ks);

	libdmwarrant_keystore_close(ks);
	return ret;
}

/* On a full disk they do not go, which keeps nobody from using the others. */
static int prove_finished(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	int ret = libdmwarrant_keystore_warrant(ks, s->warrant, &w);

	if (!ret && w.problem[0])
		return still_there(s, w.problem);
	return ret == -EKEYREVOKED || ret == -ENOENT ? 0 : ret;
}

static int prove_listed(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	int ret = search_store(s, ks);

	return ret > 0 ? still_there(s, "still lists them") : ret;
}

static int prove_buried(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	struct graves g;
	int ret = find_graves(s, ks, lib_json_number(s->steps.destroyed.body, "Tombstone"), &g);

	if (ret)
		return ret;
	if (!g.scope || g.keys != lib_json_number(s->steps.destroyed.body, "Keys"))
		return still_there(s, "its tombstones are not what they were");
	return 0;
}

/** lib_shred_has_tag() - has a keyset a key of the tag, in any epoch? The mark of shredding is none */
bool lib_shred_has_tag(const struct libdmwarrant_keyset *keyset, u32 wanted)
{
	u32 i, tag, epoch;

	for (i = 0; !libdmwarrant_keyset_entry(keyset, i, &tag, &epoch); i++)
		if (tag == wanted && epoch != DMW_EPOCH_SHREDDED)
			return true;
	return false;
}

static int prove_keyset(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	struct libdmwarrant_keyset *keyset = NULL;
	u8 volume[LIBDMWARRANT_UUID_SIZE];
	int ret;

	if (libdmwarrant_uuid_parse(s->q.target.volume, volume))
		return lib_fail(s->ctx, -EUCLEAN, "%s is no UUID", s->q.target.volume);
	ret = libdmwarrant_keystore_get(ks, s->warrant, volume, &keyset, NULL);
	if (s->q.kind == LIBDMWARRANT_REQUEST_SHRED_VOLUME) {
		libdmwarrant_keyset_free(keyset);
		return ret == -EKEYREVOKED ? 0 : ret ?: still_there(s, "still hands them out");
	}
	if (!ret && lib_shred_has_tag(keyset, s->q.target.tag))
		ret = still_there(s, "still hands them out");
	libdmwarrant_keyset_free(keyset);
	/* The tag was in a volume of which all is destroyed by now. */
	return ret == -EKEYREVOKED ? 0 : ret;
}

static int prove_warrant(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	int ret = libdmwarrant_keystore_warrant(ks, s->warrant, &w);

	if (ret && ret != -EKEYREVOKED)
		return ret;
	if (!ret && w.state != LIBDMWARRANT_KEYSTORE_DESTROYED)
		return still_there(s, "the warrant is there");
	ret = unlock(s, ks);
	return !ret && s->secret.given ? still_there(s, "can be unlocked") :
		ret == -EKEYREVOKED ? 0 : ret;
}

static int log_proven(struct lib_shred *s, struct libdmwarrant_keystore *ks)
{
	struct json_object *body = lib_shred_body(s);

	lib_make_text(&s->maker, body, "Store", s->uri);
	lib_make_number(&s->maker, body, "KeysFound", 0);
	lib_make_number(&s->maker, body, "Tombstones",
			lib_json_number(s->steps.destroyed.body, "Keys"));
	lib_make_text(&s->maker, body, "Unlocked", s->secret.given ? "yes" : "no");
	put_head(s, ks, body);
	return lib_shred_write(s, SHRED_PROVEN, body);
}

/** lib_shred_prove() - step: a key store opened anew does not have the keys any more */
int lib_shred_prove(struct lib_shred *s)
{
	struct libdmwarrant_keystore *ks = NULL;
	int ret = finish(s) ?: lib_shred_keystore(s, true, &ks);

	if (!ret)
		ret = prove_finished(s, ks) ?: prove_listed(s, ks) ?: prove_buried(s, ks);
	if (!ret)
		ret = s->q.kind == LIBDMWARRANT_REQUEST_SHRED_WARRANT ? prove_warrant(s, ks) :
									prove_keyset(s, ks);
	if (!ret)
		ret = log_proven(s, ks);
	libdmwarrant_keystore_close(ks);
	return ret;
}
