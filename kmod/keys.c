// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys: the keyset from the keyring, and the keys that XAES derives from it, each in a cipher of
 * its own so that no sector pays for a key schedule.
 */
#include <linux/bsearch.h>
#include <linux/hash.h>
#include <linux/key.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/wait.h>
#include <crypto/aead.h>
#include <crypto/algapi.h>
#include <keys/user-type.h>

#include "device.h"

/*
 * Each worker, the submitter, the opener and a message hold at most one cipher at a time: one is
 * always free to be given another key. Beyond that there is one for the current and one for an older
 * activation of each key, so that a volume with many tags in use does not derive keys all the time.
 */
#define MIN_CIPHERS		(DMW_MAX_WORKERS + 16)
#define MAX_CIPHERS		(MIN_CIPHERS + 2048)
#define CIPHER_HASH_BITS	10

/**
 * struct dmw_cipher - a cipher under a derived key
 * @all:   of the volume
 * @hash:  among those that are keyed
 * @lru:   while nobody uses it; oldest first
 * @tfm:   the cipher
 * @tag:   of its key
 * @epoch: of its key
 * @salt:  of its key
 * @users: that hold it now; it must not be rekeyed
 */
struct dmw_cipher {
	struct list_head	all;
	struct hlist_node	hash;
	struct list_head	lru;
	struct crypto_aead	*tfm;
	u32			tag;
	u32			epoch;
	u8			salt[DMW_SALT_SIZE];
	u32			users;
};

/**
 * struct dmw_keys - all keys of an open volume
 * @uuid:    of the volume
 * @list:    among those of all tables
 * @lock:    protects @hash, @lru, and all of a cipher but what it does
 * @rekey:   serialises giving a cipher a new key; protects @table, @count, @ciphers, @cipher_count
 * @table:   long-term keys, by tag and epoch; wiped in dmw_keys_destroy(). A shredded tag has its mark
 *           instead
 * @count:   entries of @table
 * @forgotten: all keys are gone for good
 * @unused:  woken when a cipher is not in use any more
 * @ciphers: all
 * @cipher_count: their number
 * @lru:     ciphers that nobody uses
 * @hash:    ciphers that are keyed
 */
struct dmw_keys {
	u8			uuid[DMW_UUID_SIZE];
	struct list_head	list;
	spinlock_t		lock;	/* see above */
	struct mutex		rekey;	/* see above */
	struct dmw_key_disk	*table;
	u32			count;
	bool			forgotten;
	wait_queue_head_t	unused;
	struct list_head	ciphers;
	u32			cipher_count;
	struct list_head	lru;
	struct hlist_head	hash[1 << CIPHER_HASH_BITS];
};

/*
 * Of all tables. A volume has one for each: dm loads a second table before it lets go of the first, or keeps
 * one that nobody ever resumes. What is shredded goes from all of them.
 */
static DEFINE_MUTEX(tables_lock);
static LIST_HEAD(tables);

/* ---- the keyring ---- */

static int copy_payload(struct key *key, void **payload, size_t *size)
{
	const struct user_key_payload *p;
	int ret = 0;

	down_read(&key->sem);
	p = user_key_payload_locked(key);
	if (p) {
		*size = p->datalen;
		*payload = kmemdup(p->data, p->datalen, GFP_KERNEL);
		ret = *payload ? 0 : -ENOMEM;
	} else {
		ret = -EKEYREVOKED;
	}
	up_read(&key->sem);
	return ret;
}

/* The keyset that a logon key holds; kfree_sensitive() it. */
static struct dmw_keyset_disk *read_keyset(const char *description, const u8 *uuid, char **error)
{
	struct key *key = request_key(&key_type_logon, description, NULL);
	void *payload;
	size_t size;
	int ret;

	if (IS_ERR(key)) {
		*error = "Keyset not found in the keyring; load it as a logon key first";
		return ERR_CAST(key);
	}
	ret = copy_payload(key, &payload, &size);
	key_put(key);
	if (ret) {
		*error = "Keyset cannot be read from the keyring";
		return ERR_PTR(ret);
	}
	ret = dmw_keyset_check(payload, size, uuid);
	if (!ret)
		return payload;
	*error = ret == -EKEYREJECTED ? "Keyset belongs to another volume" :
					"Key in the keyring is not a keyset of this version";
	kfree_sensitive(payload);
	return ERR_PTR(ret);
}

/* ---- the table of keys ---- */

static int by_tag_and_epoch(const void *a, const void *b)
{
	const struct dmw_key_disk *x = a, *y = b;
	u32 xt = le32_to_cpu(x->tag), yt = le32_to_cpu(y->tag);
	u32 xe = le32_to_cpu(x->epoch), ye = le32_to_cpu(y->epoch);

	if (xt != yt)
		return xt < yt ? -1 : 1;
	return xe < ye ? -1 : xe > ye;
}

static const struct dmw_key_disk *find_long_term(const struct dmw_keys *keys, u32 tag, u32 epoch)
{
	struct dmw_key_disk want = { .tag = cpu_to_le32(tag), .epoch = cpu_to_le32(epoch) };

	lockdep_assert_held(&keys->rekey);
	return bsearch(&want, keys->table, keys->count, sizeof(want), by_tag_and_epoch);
}

static bool is_marked(const struct dmw_keys *keys, u32 tag)
{
	return find_long_term(keys, tag, DMW_EPOCH_SHREDDED);
}

/* The first entry of a tag, or where it would be. */
static u32 first_of(const struct dmw_keys *keys, u32 tag)
{
	u32 i = 0;

	while (i < keys->count && le32_to_cpu(keys->table[i].tag) < tag)
		i++;
	return i;
}

static bool has_entry(const struct dmw_keys *keys, u32 tag)
{
	u32 i = first_of(keys, tag);

	return i < keys->count && le32_to_cpu(keys->table[i].tag) == tag;
}

/* What is shredded gets no keys, and only what has none is said to be shredded. */
static bool is_revoked(const struct dmw_keys *keys, const struct dmw_tags *tags,
		       const struct dmw_key_disk *k)
{
	u32 tag = le32_to_cpu(k->tag);

	if (le32_to_cpu(k->epoch) == DMW_EPOCH_SHREDDED)
		return has_entry(keys, tag) && !is_marked(keys, tag);
	return is_marked(keys, tag) || (tags && dmw_tag_state(tags, tag) == DMW_TAG_SHREDDED);
}

/*
 * Return: how many of a keyset's entries are new; -EKEYREVOKED: one is a key of a shredded tag;
 * -EKEYREJECTED: one differs from what is here.
 */
static int count_new(const struct dmw_keys *keys, const struct dmw_tags *tags,
		     const struct dmw_keyset_disk *d)
{
	const struct dmw_key_disk *old;
	u32 i, n = 0;

	if (keys->forgotten)
		return -EKEYREVOKED;
	for (i = 0; i < le16_to_cpu(d->count); i++) {
		if (is_revoked(keys, tags, &d->keys[i]))
			return -EKEYREVOKED;
		old = find_long_term(keys, le32_to_cpu(d->keys[i].tag), le32_to_cpu(d->keys[i].epoch));
		if (!old)
			n++;
		else if (crypto_memneq(old->key, d->keys[i].key, DMW_KEY_SIZE))
			return -EKEYREJECTED;
	}
	return n;
}

static void wipe_table(struct dmw_keys *keys)
{
	kvfree_sensitive(keys->table, keys->count * sizeof(*keys->table));
}

static int merge(struct dmw_keys *keys, const struct dmw_tags *tags, const struct dmw_keyset_disk *d)
{
	struct dmw_key_disk *table;
	int fresh = count_new(keys, tags, d);
	u32 i, n = keys->count;

	if (fresh <= 0)
		return fresh;
	if (n + fresh > DMW_KEYSET_MAX_KEYS)
		return -E2BIG;
	table = kvmalloc_array(n + fresh, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	if (n)
		memcpy(table, keys->table, n * sizeof(*table));
	for (i = 0; i < le16_to_cpu(d->count); i++)
		if (!find_long_term(keys, le32_to_cpu(d->keys[i].tag),
				    le32_to_cpu(d->keys[i].epoch)))
			table[n++] = d->keys[i];
	sort(table, n, sizeof(*table), by_tag_and_epoch, NULL);
	wipe_table(keys);
	keys->table = table;
	keys->count = n;
	return 0;
}

/* ---- ciphers ---- */

/*
 * All of one driver, since their requests must have one size; and of one that allocates nothing,
 * since memory may be short when it is needed most.
 */
static struct dmw_cipher *new_cipher(const char *driver)
{
	struct dmw_cipher *c = kzalloc(sizeof(*c), GFP_KERNEL);
	struct crypto_aead *tfm;

	if (!c)
		return ERR_PTR(-ENOMEM);
	tfm = crypto_alloc_aead(driver, 0, CRYPTO_ALG_ALLOCATES_MEMORY);
	if (IS_ERR(tfm)) {
		kfree(c);
		return ERR_CAST(tfm);
	}
	c->tfm = tfm;
	return c;
}

static void free_ciphers(struct list_head *list)
{
	struct dmw_cipher *c, *next;

	list_for_each_entry_safe(c, next, list, all) {
		crypto_free_aead(c->tfm);	/* wipes its key schedule */
		kfree(c);
	}
}

static int new_ciphers(struct list_head *list, char *driver, u32 count)
{
	struct dmw_cipher *c;

	while (count--) {
		c = new_cipher(driver);
		if (IS_ERR(c))
			return PTR_ERR(c);
		list_add_tail(&c->all, list);
		strscpy(driver, crypto_tfm_alg_driver_name(crypto_aead_tfm(c->tfm)), CRYPTO_MAX_ALG_NAME);
	}
	return 0;
}

/* How many ciphers, and of which driver, to go with so many more keys? */
static u32 count_missing(struct dmw_keys *keys, u32 fresh, char *driver)
{
	struct dmw_cipher *first;
	u32 want, have;

	mutex_lock(&keys->rekey);
	first = list_first_entry_or_null(&keys->ciphers, struct dmw_cipher, all);
	strscpy(driver, first ? crypto_tfm_alg_driver_name(crypto_aead_tfm(first->tfm)) : "gcm(aes)",
		CRYPTO_MAX_ALG_NAME);
	want = min_t(u32, MIN_CIPHERS + 2 * (keys->count + fresh), MAX_CIPHERS);
	have = keys->cipher_count;
	mutex_unlock(&keys->rekey);
	return want - min(want, have);
}

static void adopt_ciphers(struct dmw_keys *keys, struct list_head *list)
{
	struct dmw_cipher *c, *next;

	mutex_lock(&keys->rekey);
	spin_lock(&keys->lock);
	list_for_each_entry_safe(c, next, list, all) {
		list_move_tail(&c->all, &keys->ciphers);
		list_add(&c->lru, &keys->lru);
		keys->cipher_count++;
	}
	spin_unlock(&keys->lock);
	mutex_unlock(&keys->rekey);
}

/*
 * Before the keys are there, and not under the lock that who seals or opens may wait for: the crypto API
 * has locks of its own, and may load modules.
 */
static int add_ciphers(struct dmw_keys *keys, u32 fresh)
{
	char driver[CRYPTO_MAX_ALG_NAME];
	LIST_HEAD(list);
	int ret = new_ciphers(&list, driver, count_missing(keys, fresh, driver));

	if (ret)
		free_ciphers(&list);
	else
		adopt_ciphers(keys, &list);
	return ret;
}

static struct hlist_head *bucket(struct dmw_keys *keys, const struct dmw_key_id *id)
{
	u32 h;

	/* Random, so that the array cannot choose whose keys collide. */
	memcpy(&h, id->salt, sizeof(h));
	h ^= id->tag * GOLDEN_RATIO_32 ^ id->epoch;
	return &keys->hash[hash_32(h, CIPHER_HASH_BITS)];
}

static bool has_key(const struct dmw_cipher *c, const struct dmw_key_id *id)
{
	return c->tag == id->tag && c->epoch == id->epoch &&
	       !memcmp(c->salt, id->salt, DMW_SALT_SIZE);
}

static struct dmw_cipher *find_cipher(struct dmw_keys *keys, const struct dmw_key_id *id)
{
	struct dmw_cipher *c;

	lockdep_assert_held(&keys->lock);
	hlist_for_each_entry(c, bucket(keys, id), hash) {
		if (has_key(c, id)) {
			if (!c->users++)
				list_del_init(&c->lru);
			return c;
		}
	}
	return NULL;
}

static struct dmw_cipher *take_oldest(struct dmw_keys *keys)
{
	struct dmw_cipher *c = list_first_entry(&keys->lru, struct dmw_cipher, lru);

	lockdep_assert_held(&keys->lock);
	list_del_init(&c->lru);
	hlist_del_init(&c->hash);
	c->users = 1;
	return c;
}

static int derive(struct dmw_cipher *c, const struct dmw_key_id *id, const u8 *key)
{
	u8 derived_key[DMW_KEY_SIZE];
	struct dmw_aes_key aes;
	int ret;

	ret = dmw_aes_prepare(&aes, key);
	if (!ret) {
		dmw_xaes_derive(derived_key, id->salt, dmw_aes_encrypt, &aes);
		ret = crypto_aead_setkey(c->tfm, derived_key, DMW_KEY_SIZE);
	}
	memzero_explicit(&aes, sizeof(aes));
	memzero_explicit(derived_key, sizeof(derived_key));
	return ret;
}

/* The oldest cipher under a key that none is under yet; nobody else sees it in between. */
static int rekey_oldest(struct dmw_keys *keys, const struct dmw_key_id *id,
			struct dmw_cipher **found)
{
	const struct dmw_key_disk *key = find_long_term(keys, id->tag, id->epoch);
	struct dmw_cipher *c;
	unsigned int noio;
	int ret;

	if (keys->forgotten || is_marked(keys, id->tag))
		return -ENODATA;
	if (!key)
		return -ENOKEY;
	spin_lock(&keys->lock);
	c = take_oldest(keys);
	spin_unlock(&keys->lock);
	/* some ciphers allocate when they are keyed, and a write may be waiting for us */
	noio = memalloc_noio_save();
	ret = derive(c, id, key->key);
	memalloc_noio_restore(noio);
	spin_lock(&keys->lock);
	if (ret) {
		c->users = 0;
		list_add(&c->lru, &keys->lru);
	} else {
		c->tag = id->tag;
		c->epoch = id->epoch;
		memcpy(c->salt, id->salt, DMW_SALT_SIZE);
		hlist_add_head(&c->hash, bucket(keys, id));
	}
	spin_unlock(&keys->lock);
	*found = c;
	return ret;
}

static int derive_new(struct dmw_keys *keys, const struct dmw_key_id *id, struct dmw_cipher **found)
{
	int ret = 0;

	mutex_lock(&keys->rekey);
	/* Somebody else may have been faster. */
	spin_lock(&keys->lock);
	*found = find_cipher(keys, id);
	spin_unlock(&keys->lock);
	if (!*found)
		ret = rekey_oldest(keys, id, found);
	mutex_unlock(&keys->rekey);
	return ret;
}

/* Context: may sleep. Return: 0, -ENOKEY, -ENODATA, or an error of the crypto API. */
static int get_cipher(struct dmw_keys *keys, const struct dmw_key_id *id, struct dmw_cipher **found)
{
	spin_lock(&keys->lock);
	*found = find_cipher(keys, id);
	spin_unlock(&keys->lock);
	return *found ? 0 : derive_new(keys, id, found);
}

static void put_cipher(struct dmw_keys *keys, struct dmw_cipher *c)
{
	spin_lock(&keys->lock);
	if (!--c->users) {
		list_add_tail(&c->lru, &keys->lru);
		/* No barrier needed: who waits looks at the users under the lock. */
		if (waitqueue_active(&keys->unused))
			wake_up(&keys->unused);
	}
	spin_unlock(&keys->lock);
}

/* ---- shredding ---- */

/* Its users, who found it before it was taken from the hash, have all gone: it is nobody else's then. */
static bool take_unused(struct dmw_keys *keys, struct dmw_cipher *c)
{
	bool taken;

	spin_lock(&keys->lock);
	taken = !c->users;
	if (taken) {
		list_del_init(&c->lru);
		c->users = 1;
	}
	spin_unlock(&keys->lock);
	return taken;
}

/* A cipher under a key that means nothing; one that does not take it goes, and its memory is wiped. */
static void wipe_cipher(struct dmw_keys *keys, struct dmw_cipher *c)
{
	u8 nothing[DMW_KEY_SIZE];

	spin_lock(&keys->lock);
	hlist_del_init(&c->hash);
	spin_unlock(&keys->lock);
	wait_event(keys->unused, take_unused(keys, c));
	get_random_bytes(nothing, sizeof(nothing));
	if (crypto_aead_setkey(c->tfm, nothing, sizeof(nothing))) {
		list_del(&c->all);
		keys->cipher_count--;
		crypto_free_aead(c->tfm);
		kfree(c);
	} else {
		spin_lock(&keys->lock);
		c->users = 0;
		list_add(&c->lru, &keys->lru);
		spin_unlock(&keys->lock);
	}
	memzero_explicit(nothing, sizeof(nothing));
}

static void wipe_ciphers(struct dmw_keys *keys, u32 tag, bool all)
{
	struct dmw_cipher *c, *next;

	lockdep_assert_held(&keys->rekey);
	list_for_each_entry_safe(c, next, &keys->ciphers, all)
		if (all || c->tag == tag)
			wipe_cipher(keys, c);
}

static void close_gap(struct dmw_keys *keys, u32 i, u32 n)
{
	memmove(&keys->table[i], &keys->table[i + n],
		(keys->count - i - n) * sizeof(*keys->table));
	keys->count -= n;
	memzero_explicit(&keys->table[keys->count], n * sizeof(*keys->table));
}

/* In the place of the first of its keys, so that no memory is needed. Return: were there keys? */
static bool replace_by_mark(struct dmw_keys *keys, u32 tag)
{
	u32 i = first_of(keys, tag), n = 0;

	while (i + n < keys->count && le32_to_cpu(keys->table[i + n].tag) == tag)
		n++;
	if (!n || is_marked(keys, tag))
		return false;
	memzero_explicit(&keys->table[i], n * sizeof(*keys->table));
	keys->table[i].tag = cpu_to_le32(tag);
	keys->table[i].epoch = cpu_to_le32(DMW_EPOCH_SHREDDED);
	close_gap(keys, i + 1, n - 1);
	return true;
}

static bool shred_tag(struct dmw_keys *keys, u32 tag)
{
	bool had_keys;

	mutex_lock(&keys->rekey);
	had_keys = replace_by_mark(keys, tag);
	wipe_ciphers(keys, tag, false);
	mutex_unlock(&keys->rekey);
	return had_keys;
}

static bool same_volume(const struct dmw_keys *a, const struct dmw_keys *b)
{
	return !memcmp(a->uuid, b->uuid, DMW_UUID_SIZE);
}

/**
 * dmw_keys_shred() - wipe all keys of a tag, and what was derived from them
 * @keys: of the volume
 * @tag:  case tag; need not have keys
 *
 * On return nothing in the kernel can open a sector of this tag, whichever table of the volume is used.
 * Context: may sleep; waits for those who are using one of the keys, and for nobody else.
 * Return: did @keys have any?
 */
bool dmw_keys_shred(struct dmw_keys *keys, u32 tag)
{
	bool had_keys = false;
	struct dmw_keys *k;

	mutex_lock(&tables_lock);
	list_for_each_entry(k, &tables, list)
		if (same_volume(k, keys))
			had_keys |= shred_tag(k, tag) && k == keys;
	mutex_unlock(&tables_lock);
	return had_keys;
}

static void forget_all(struct dmw_keys *keys)
{
	mutex_lock(&keys->rekey);
	keys->forgotten = true;
	memzero_explicit(keys->table, keys->count * sizeof(*keys->table));
	keys->count = 0;
	wipe_ciphers(keys, 0, true);
	mutex_unlock(&keys->rekey);
}

/** dmw_keys_forget() - the same for all keys of a volume. Context: may sleep */
void dmw_keys_forget(struct dmw_keys *keys)
{
	struct dmw_keys *k;

	mutex_lock(&tables_lock);
	list_for_each_entry(k, &tables, list)
		if (same_volume(k, keys))
			forget_all(k);
	mutex_unlock(&tables_lock);
}

/* Take an epoch's keys out of the table; nothing of them stays behind. */
static void drop_long_term(struct dmw_keys *keys, u32 epoch)
{
	u32 i, n = 0;

	lockdep_assert_held(&keys->rekey);
	for (i = 0; i < keys->count; i++)
		if (le32_to_cpu(keys->table[i].epoch) != epoch)
			keys->table[n++] = keys->table[i];
	memzero_explicit(keys->table + n, (keys->count - n) * sizeof(*keys->table));
	keys->count = n;
}

static void drop_epoch(struct dmw_keys *keys, u32 epoch)
{
	struct dmw_cipher *c, *next;

	mutex_lock(&keys->rekey);
	drop_long_term(keys, epoch);
	list_for_each_entry_safe(c, next, &keys->ciphers, all)
		if (c->epoch == epoch)
			wipe_cipher(keys, c);
	mutex_unlock(&keys->rekey);
}

/**
 * dmw_keys_drop_epoch() - wipe all keys of an epoch, and those derived from them
 * @keys:  of the volume
 * @epoch: that nothing hangs on any more
 *
 * Context: may sleep; waits for those who are using one of the keys.
 */
void dmw_keys_drop_epoch(struct dmw_keys *keys, u32 epoch)
{
	struct dmw_keys *k;

	mutex_lock(&tables_lock);
	list_for_each_entry(k, &tables, list)
		if (same_volume(k, keys))
			drop_epoch(k, epoch);
	mutex_unlock(&tables_lock);
}

/** dmw_keys_is_shredded() - does the keyset say that a tag was shredded? Context: may sleep */
bool dmw_keys_is_shredded(struct dmw_keys *keys, u32 tag)
{
	bool marked;

	mutex_lock(&keys->rekey);
	marked = is_marked(keys, tag);
	mutex_unlock(&keys->rekey);
	return marked;
}

/* ---- life ---- */

/**
 * dmw_keys_add() - take more keys from the keyring
 * @keys:        of the volume
 * @description: of a logon key
 * @uuid:        of the volume
 * @tags:        of the volume, whose states may change meanwhile; NULL = not known yet
 * @error:       receives what is wrong, for people
 *
 * Context: may sleep; the keyrings of the calling process are searched.
 * Return: 0, also when all are there already; -EKEYREJECTED: a keyset of another volume, or a key of
 * another value than the one here; -EKEYREVOKED: a key of a shredded tag; -E2BIG: more than
 * DMW_KEYSET_MAX_KEYS.
 */
int dmw_keys_add(struct dmw_keys *keys, const char *description, const u8 *uuid,
		 const struct dmw_tags *tags, char **error)
{
	struct dmw_keyset_disk *d = read_keyset(description, uuid, error);
	unsigned int noio;
	int ret;

	if (IS_ERR(d))
		return PTR_ERR(d);
	/* Writes that would make memory free may wait for the lock, or for whoever has called us. */
	noio = memalloc_noio_save();
	*error = "No cipher gcm(aes) in this kernel";
	ret = add_ciphers(keys, le16_to_cpu(d->count));
	if (!ret) {
		mutex_lock(&keys->rekey);
		ret = merge(keys, tags, d);
		mutex_unlock(&keys->rekey);
		*error = ret == -EKEYREVOKED ? "Keyset has a key of a tag that was shredded" :
			 "Keyset has another key for the same tag and epoch, or too many";
	}
	memalloc_noio_restore(noio);
	kfree_sensitive(d);
	return ret;
}

/** dmw_keys_has() - is there a key for a tag and epoch? Context: may sleep */
bool dmw_keys_has(struct dmw_keys *keys, u32 tag, u32 epoch)
{
	bool found;

	mutex_lock(&keys->rekey);
	found = find_long_term(keys, tag, epoch);
	mutex_unlock(&keys->rekey);
	return found;
}

/* Part 1 has the description of the table line, the others "#2", "#3", ... behind it. */
static int add_part(struct dmw_keys *keys, const struct dmw_table *t, u32 part, char **error)
{
	const char *first = t->key + strlen("logon:");
	char *description;
	int ret;

	if (part == 1)
		return dmw_keys_add(keys, first, t->uuid, NULL, error);
	description = kasprintf(GFP_KERNEL, "%s#%u", first, part);
	if (!description)
		return -ENOMEM;
	ret = dmw_keys_add(keys, description, t->uuid, NULL, error);
	kfree(description);
	return ret;
}

/**
 * dmw_keys_create() - take a volume's keyset from the keyring
 * @t:     table, with the key's description and the volume's UUID
 * @error: receives what is wrong, for people
 *
 * Context: may sleep; the keyrings of the calling process are searched.
 */
struct dmw_keys *dmw_keys_create(const struct dmw_table *t, char **error)
{
	struct dmw_keys *keys = kzalloc(sizeof(*keys), GFP_KERNEL);
	int ret = 0;
	u32 part;

	*error = "Not enough memory";
	if (!keys)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&keys->lock);
	mutex_init(&keys->rekey);
	init_waitqueue_head(&keys->unused);
	INIT_LIST_HEAD(&keys->ciphers);
	INIT_LIST_HEAD(&keys->lru);
	memcpy(keys->uuid, t->uuid, DMW_UUID_SIZE);
	/* Before it has any key: what is shredded now is not taken from the keyring then. */
	mutex_lock(&tables_lock);
	list_add_tail(&keys->list, &tables);
	mutex_unlock(&tables_lock);
	for (part = 1; part <= t->keysets && !ret; part++)
		ret = add_part(keys, t, part, error);
	if (!ret)
		return keys;
	dmw_keys_destroy(keys);
	return ERR_PTR(ret);
}

/** dmw_keys_destroy() - wipe all keys of a volume. Context: may sleep */
void dmw_keys_destroy(struct dmw_keys *keys)
{
	if (!keys)
		return;
	mutex_lock(&tables_lock);
	list_del(&keys->list);
	mutex_unlock(&tables_lock);
	free_ciphers(&keys->ciphers);
	wipe_table(keys);
	kfree(keys);
}

/* ---- sealing and opening ---- */

/**
 * dmw_host_init() - what a thread needs to use a volume's keys. Context: may sleep
 * @h:   host
 * @dev: volume
 */
int dmw_host_init(struct dmw_host *h, struct dmw_device *dev)
{
	struct dmw_cipher *any = list_first_entry(&dev->keys->ciphers, struct dmw_cipher, all);

	h->dev = dev;
	h->req = aead_request_alloc(any->tfm, GFP_KERNEL);
	h->sg = kcalloc(3, sizeof(*h->sg), GFP_KERNEL);
	/* not on a stack, which may be in vmalloc space */
	h->aad = kzalloc(DMW_SUPERBLOCK_AAD + DMW_MAC_SIZE + DMW_IV_SIZE, GFP_KERNEL);
	if (h->aad) {
		h->mac = h->aad + DMW_SUPERBLOCK_AAD;
		h->iv = h->mac + DMW_MAC_SIZE;
	}
	return h->req && h->sg && h->aad ? 0 : -ENOMEM;
}

/** dmw_host_exit() - undo dmw_host_init(), however far it came. Context: may sleep */
void dmw_host_exit(struct dmw_host *h)
{
	if (h->req)
		aead_request_free(h->req);
	kfree(h->sg);
	kfree(h->aad);
	memset(h, 0, sizeof(*h));
}

int dmw_host_crypt(struct dmw_host *h, bool seal, const struct dmw_key_id *id,
		   const u8 iv[DMW_IV_SIZE], const void *aad, u32 aad_len, void *data, u32 len,
		   u8 mac[DMW_MAC_SIZE])
{
	DECLARE_CRYPTO_WAIT(wait);
	struct dmw_cipher *c;
	int ret;

	ret = get_cipher(h->dev->keys, id, &c);
	if (ret)
		return ret;
	memcpy(h->iv, iv, DMW_IV_SIZE);
	memcpy(h->aad, aad, aad_len);
	if (!seal)
		memcpy(h->mac, mac, DMW_MAC_SIZE);
	sg_init_table(h->sg, 3);
	sg_set_buf(&h->sg[0], h->aad, aad_len);
	sg_set_buf(&h->sg[1], data, len);
	sg_set_buf(&h->sg[2], h->mac, DMW_MAC_SIZE);

	aead_request_set_tfm(h->req, c->tfm);
	aead_request_set_callback(h->req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done, &wait);
	aead_request_set_ad(h->req, aad_len);
	aead_request_set_crypt(h->req, h->sg, h->sg, len + (seal ? 0 : DMW_MAC_SIZE), h->iv);
	ret = crypto_wait_req(seal ? crypto_aead_encrypt(h->req) : crypto_aead_decrypt(h->req),
			      &wait);
	if (seal && !ret)
		memcpy(mac, h->mac, DMW_MAC_SIZE);
	put_cipher(h->dev->keys, c);
	return ret;
}
