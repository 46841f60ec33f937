// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys: the keyset from the keyring, and the keys that XAES derives from it, each in a cipher of
 * its own so that no sector pays for a key schedule.
 */
#include <linux/key.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/scatterlist.h>
#include <crypto/aead.h>
#include <keys/user-type.h>

#include "device.h"

/* Each worker and the opener hold at most one at a time: one is always free to be rekeyed. */
#define DERIVED_KEYS	(DMW_MAX_WORKERS + 16)

/**
 * struct derived - a cipher under a derived key
 * @users: that hold it now; it must not be rekeyed
 * @used:  clock of the last use
 * @tfm:   the cipher
 * @valid: it is keyed
 * @tag:   of its key
 * @epoch: of its key
 * @salt:  of its key
 */
struct derived {
	struct crypto_aead	*tfm;
	bool			valid;
	u32			tag;
	u32			epoch;
	u8			salt[DMW_SALT_SIZE];
	u32			users;
	u64			used;
};

/**
 * struct dmw_keys - all keys of an open volume
 * @lock:   protects everything in @derived but the ciphers
 * @rekey:  serialises giving a cipher a new key
 * @keyset: payload of the keyring's key; wiped in dmw_keys_destroy()
 * @clock:       counts uses
 * @keyset_size: bytes
 * @derived:     ciphers
 */
struct dmw_keys {
	spinlock_t		lock;	/* see above */
	struct mutex		rekey;	/* see above */
	u64			clock;
	void			*keyset;
	size_t			keyset_size;
	struct derived		derived[DERIVED_KEYS];
};

/* ---- the keyring ---- */

static int copy_payload(struct dmw_keys *keys, struct key *key)
{
	const struct user_key_payload *p;
	int ret = -ENOMEM;

	down_read(&key->sem);
	p = user_key_payload_locked(key);
	if (!p) {
		ret = -EKEYREVOKED;
		goto out;
	}
	keys->keyset = kmemdup(p->data, p->datalen, GFP_KERNEL);
	if (keys->keyset) {
		keys->keyset_size = p->datalen;
		ret = 0;
	}
out:
	up_read(&key->sem);
	return ret;
}

static int load_keyset(struct dmw_keys *keys, const struct dmw_table *t, char **error)
{
	struct key *key = request_key(&key_type_logon, t->key + strlen("logon:"), NULL);
	int ret;

	if (IS_ERR(key)) {
		*error = "Keyset not found in the keyring; load it as a logon key first";
		return PTR_ERR(key);
	}
	ret = copy_payload(keys, key);
	key_put(key);
	if (ret) {
		*error = "Keyset cannot be read from the keyring";
		return ret;
	}
	ret = dmw_keyset_check(keys->keyset, keys->keyset_size, t->uuid);
	if (ret == -EKEYREJECTED)
		*error = "Keyset belongs to another volume";
	else if (ret)
		*error = "Key in the keyring is not a keyset of this version";
	return ret;
}

/* ---- derived keys ---- */

static bool is_key(const struct derived *d, const struct dmw_key_id *id)
{
	return d->valid && d->tag == id->tag && d->epoch == id->epoch &&
	       !memcmp(d->salt, id->salt, DMW_SALT_SIZE);
}

static struct derived *find_key(struct dmw_keys *keys, const struct dmw_key_id *id)
{
	struct derived *d;

	lockdep_assert_held(&keys->lock);
	for (d = keys->derived; d < keys->derived + DERIVED_KEYS; d++) {
		if (is_key(d, id)) {
			d->users++;
			d->used = ++keys->clock;
			return d;
		}
	}
	return NULL;
}

static struct derived *take_oldest(struct dmw_keys *keys)
{
	struct derived *d, *oldest = NULL;

	lockdep_assert_held(&keys->lock);
	for (d = keys->derived; d < keys->derived + DERIVED_KEYS; d++)
		if (!d->users && (!oldest || d->used < oldest->used))
			oldest = d;
	oldest->valid = false;
	oldest->users = 1;
	return oldest;
}

static int derive(struct derived *d, const struct dmw_key_id *id, const u8 *key)
{
	u8 derived_key[DMW_KEY_SIZE];
	struct dmw_aes_key aes;
	int ret;

	ret = dmw_aes_prepare(&aes, key);
	if (!ret) {
		dmw_xaes_derive(derived_key, id->salt, dmw_aes_encrypt, &aes);
		ret = crypto_aead_setkey(d->tfm, derived_key, DMW_KEY_SIZE);
	}
	memzero_explicit(&aes, sizeof(aes));
	memzero_explicit(derived_key, sizeof(derived_key));
	return ret;
}

static int derive_new(struct dmw_keys *keys, const struct dmw_key_id *id, struct derived **found)
{
	const u8 *key = dmw_keyset_find(keys->keyset, id->tag, id->epoch);
	unsigned int noio;
	struct derived *d;
	int ret = 0;

	if (!key)
		return -ENOKEY;
	mutex_lock(&keys->rekey);
	spin_lock(&keys->lock);
	d = find_key(keys, id);
	if (!d) {
		d = take_oldest(keys);
		spin_unlock(&keys->lock);
		/* some ciphers allocate when they are keyed, and a write may be waiting for us */
		noio = memalloc_noio_save();
		ret = derive(d, id, key);
		memalloc_noio_restore(noio);
		spin_lock(&keys->lock);
		d->tag = id->tag;
		d->epoch = id->epoch;
		memcpy(d->salt, id->salt, DMW_SALT_SIZE);
		d->valid = !ret;
		d->used = ++keys->clock;
		if (ret)
			d->users--;
	}
	spin_unlock(&keys->lock);
	mutex_unlock(&keys->rekey);
	*found = d;
	return ret;
}

/**
 * dmw_keys_get() - a cipher under a derived key
 * @keys: of the volume
 * @id:   which key
 * @tfm:  receives it; give it back with dmw_keys_put()
 *
 * Context: may sleep.
 * Return: 0, -ENOKEY, or an error of the crypto API.
 */
int dmw_keys_get(struct dmw_keys *keys, const struct dmw_key_id *id, struct crypto_aead **tfm)
{
	struct derived *d;
	int ret = 0;

	spin_lock(&keys->lock);
	d = find_key(keys, id);
	spin_unlock(&keys->lock);
	if (!d)
		ret = derive_new(keys, id, &d);
	if (!ret)
		*tfm = d->tfm;
	return ret;
}

/** dmw_keys_put() - give a cipher back. Context: may sleep */
void dmw_keys_put(struct dmw_keys *keys, struct crypto_aead *tfm)
{
	struct derived *d;

	spin_lock(&keys->lock);
	for (d = keys->derived; d->tfm != tfm; d++)
		;
	d->users--;
	spin_unlock(&keys->lock);
}

/*
 * All of one driver, since their requests must have one size; and of one that allocates nothing,
 * since memory may be short when it is needed most.
 */
static int alloc_ciphers(struct dmw_keys *keys)
{
	const char *name = "gcm(aes)";
	struct crypto_aead *tfm;
	unsigned int i;

	for (i = 0; i < DERIVED_KEYS; i++) {
		tfm = crypto_alloc_aead(name, 0, CRYPTO_ALG_ALLOCATES_MEMORY);
		if (IS_ERR(tfm))
			return PTR_ERR(tfm);
		keys->derived[i].tfm = tfm;
		name = crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm));
	}
	return 0;
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
	int ret;

	if (!keys) {
		*error = "Not enough memory";
		return ERR_PTR(-ENOMEM);
	}
	spin_lock_init(&keys->lock);
	mutex_init(&keys->rekey);
	ret = load_keyset(keys, t, error);
	if (!ret) {
		ret = alloc_ciphers(keys);
		if (ret)
			*error = "No cipher gcm(aes) in this kernel";
	}
	if (!ret)
		return keys;
	dmw_keys_destroy(keys);
	return ERR_PTR(ret);
}

/** dmw_keys_destroy() - wipe all keys of a volume. Context: may sleep */
void dmw_keys_destroy(struct dmw_keys *keys)
{
	unsigned int i;

	if (!keys)
		return;
	for (i = 0; i < DERIVED_KEYS; i++)
		if (keys->derived[i].tfm)
			crypto_free_aead(keys->derived[i].tfm);	/* wipes its key schedule */
	kfree_sensitive(keys->keyset);
	kfree_sensitive(keys);
}

/* ---- sealing and opening ---- */

/**
 * dmw_host_init() - what a thread needs to use a volume's keys. Context: may sleep
 * @h:   host
 * @dev: volume
 */
int dmw_host_init(struct dmw_host *h, struct dmw_device *dev)
{
	struct crypto_aead *tfm = dev->keys->derived[0].tfm;

	h->dev = dev;
	h->req = aead_request_alloc(tfm, GFP_KERNEL);
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
	struct crypto_aead *tfm;
	int ret;

	ret = dmw_keys_get(h->dev->keys, id, &tfm);
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

	aead_request_set_tfm(h->req, tfm);
	aead_request_set_callback(h->req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done, &wait);
	aead_request_set_ad(h->req, aad_len);
	aead_request_set_crypt(h->req, h->sg, h->sg, len + (seal ? 0 : DMW_MAC_SIZE), h->iv);
	ret = crypto_wait_req(seal ? crypto_aead_encrypt(h->req) : crypto_aead_decrypt(h->req),
			      &wait);
	if (seal && !ret)
		memcpy(mac, h->mac, DMW_MAC_SIZE);
	dmw_keys_put(h->dev->keys, tfm);
	return ret;
}
