// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keysets in parts, from a keyring where some are missing, revoked, garbled or another volume's; then
 * keys in use: more of them, under more salts, than there are ciphers.
 *
 * A part is taken whole or not at all; no key is ever replaced; every key that is there, and no other,
 * is found; and what is sealed is under the key that was asked for.
 */
#include <stdarg.h>

#include "fuzz.h"
#include "keyring.h"
#include "device.h"

#define PARTS		8
#define TAGS		40
#define EPOCHS		3
#define MOST_KEYS	60

/* keys.c's; host.c has one of that name. */
int keys_host_crypt(struct dmw_host *h, bool seal, const struct dmw_key_id *id,
		    const u8 iv[DMW_IV_SIZE], const void *aad, u32 aad_len, void *data, u32 len,
		    u8 mac[DMW_MAC_SIZE]);

static bool forgotten;

static struct {
	struct key		key;
	bool			missing;
	int			error;		/* that taking it alone ends with */
	u32			size;
} ring[PARTS];

/*
 * What the volume must have: first byte of the key, 0 = none. Tag 0 to TAGS - 1; the last is metadata. In the
 * place of an epoch 0: it is marked as shredded.
 */
static u8 model[TAGS + 1][EPOCHS + 1];

char *kasprintf(int gfp, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return kstrdup(text, gfp);
}

/* "k", "k#2", "k#3", ... */
struct key *fuzz_request_key(const char *description)
{
	u32 n = 1;

	if (strcmp(description, "k") && sscanf(description, "k#%u", &n) != 1)
		fail("a key \"%s\"", description);
	if (!n || n > PARTS || ring[n - 1].missing)
		return ERR_PTR(-ENOKEY);
	return &ring[n - 1].key;
}

static u32 row(u32 tag)
{
	return tag == DMW_TAG_METADATA ? TAGS : tag;
}

static void add_key(struct input *in, struct dmw_key_disk *k)
{
	u32 what = take(in, 1);

	k->tag = cpu_to_le32(what % 16 == 15 ? DMW_TAG_METADATA : what % TAGS);
	k->epoch = cpu_to_le32(1 + take(in, 1) % EPOCHS);
	/* mostly the same one for the same tag and epoch */
	memset(k->key, what & 128 ? 1 + take(in, 1) % 255 :
	       1 + (le32_to_cpu(k->tag) * 5 + le32_to_cpu(k->epoch)) % 255, DMW_KEY_SIZE);
	if (le32_to_cpu(k->tag) % 8 == 7 && what & 64) {
		k->epoch = cpu_to_le32(DMW_EPOCH_SHREDDED);
		memset(k->key, 0, DMW_KEY_SIZE);
	}
}

static bool has_keys(u32 r)
{
	u32 epoch;

	for (epoch = 1; epoch <= EPOCHS; epoch++)
		if (model[r][epoch])
			return true;
	return false;
}

/* A key of what is marked, or a mark for what has keys. */
static bool is_revoked(const struct dmw_key_disk *k)
{
	u32 r = row(le32_to_cpu(k->tag));

	return k->epoch ? model[r][0] : has_keys(r);
}

static void make_part(struct input *in, u32 n)
{
	u32 how = take(in, 1), count = take(in, 1) % MOST_KEYS, i;
	u32 size = sizeof(struct dmw_keyset_disk) + count * sizeof(struct dmw_key_disk);
	struct user_key_payload *p = calloc(1, sizeof(*p) + size + 8);
	struct dmw_keyset_disk *d = (void *)p->data;

	ring[n].missing = how % 16 == 1;
	d->magic = cpu_to_le32(DMW_KEYSET_MAGIC);
	d->version = cpu_to_le16(how % 16 == 2 ? 2 : DMW_KEYSET_VERSION);
	d->count = cpu_to_le16(count);
	memcpy(d->uuid, forge_uuid, DMW_UUID_SIZE);
	d->uuid[0] ^= how % 16 == 3;
	for (i = 0; i < count; i++)
		add_key(in, &d->keys[i]);
	p->datalen = size + (how % 16 == 4);
	ring[n].key.payload = how % 16 == 5 ? NULL : p;
	ring[n].error = ring[n].missing ? -ENOKEY : !ring[n].key.payload ? -EKEYREVOKED :
			dmw_keyset_check(d, p->datalen, forge_uuid);
	ring[n].size = how % 16 == 5 ? 0 : size;
	if (how % 16 == 5)
		free(p);
}

/* What stands in the model for a key or a mark. */
static u8 sign_of(const struct dmw_key_disk *k)
{
	return k->epoch ? k->key[0] : 1;
}

/* Take a part into the model. Return: what that must end with. */
static int expect(u32 n)
{
	const struct dmw_keyset_disk *d;
	u8 *have;
	u32 i;

	if (ring[n].error)
		return ring[n].error;
	d = (void *)ring[n].key.payload->data;
	for (i = 0; i < le16_to_cpu(d->count); i++) {
		if (is_revoked(&d->keys[i]))
			return -EKEYREVOKED;
		have = &model[row(le32_to_cpu(d->keys[i].tag))][le32_to_cpu(d->keys[i].epoch)];
		if (*have && *have != sign_of(&d->keys[i]))
			return -EKEYREJECTED;
	}
	for (i = 0; i < le16_to_cpu(d->count); i++)
		model[row(le32_to_cpu(d->keys[i].tag))][le32_to_cpu(d->keys[i].epoch)] =
			sign_of(&d->keys[i]);
	return 0;
}

static u32 tag_of(u32 r)
{
	return r == TAGS ? DMW_TAG_METADATA : r;
}

static void check_all(struct dmw_keys *keys)
{
	u32 r, epoch;

	for (r = 0; r <= TAGS; r++) {
		if (dmw_keys_is_shredded(keys, tag_of(r)) != !!model[r][0])
			fail("tag %u is %s", tag_of(r), model[r][0] ? "not marked" : "marked");
		for (epoch = 1; epoch <= EPOCHS; epoch++)
			if (dmw_keys_has(keys, tag_of(r), epoch) != !!model[r][epoch])
				fail("key of tag %u, epoch %u: %s", tag_of(r), epoch,
				     model[r][epoch] ? "missing" : "from nowhere");
	}
}

/* Some tags go while ciphers are keyed under them, and then all. */
static void shred(struct dmw_keys *keys, struct input *in)
{
	u32 n = take(in, 1) % 8, r, i;
	bool had;

	for (i = 0; i < n; i++) {
		r = 1 + take(in, 1) % (TAGS - 1);
		had = has_keys(r);
		if (dmw_keys_shred(keys, r) != had)
			fail("tag %u %s keys", r, had ? "had" : "had no");
		memset(&model[r][1], 0, EPOCHS);
		model[r][0] |= had;
	}
	check_all(keys);
}

static void seal(struct dmw_host *h, u32 r, u32 epoch, const u8 *salt, bool faulty)
{
	struct dmw_key_id id = { .tag = tag_of(r), .epoch = epoch, .salt = salt };
	u8 key[DMW_KEY_SIZE], want[DMW_KEY_SIZE], mac[DMW_MAC_SIZE], iv[DMW_IV_SIZE] = { 0 };
	struct dmw_aes_key aes;
	u8 text[16] = { 0 };
	int ret = keys_host_crypt(h, true, &id, iv, text, sizeof(text), text, sizeof(text), mac);

	if (forgotten || model[r][0] ? ret != -ENODATA :
	    !model[r][epoch] || !epoch ? ret != -ENOKEY : ret && !faulty)
		fail("sealing under tag %u, epoch %u: %d", id.tag, epoch, ret);
	if (ret)
		return;
	memset(key, model[r][epoch], sizeof(key));
	dmw_aes_prepare(&aes, key);
	dmw_xaes_derive(want, salt, dmw_aes_encrypt, &aes);
	if (memcmp(mac, want, sizeof(mac)))
		fail("sealed under another key than that of tag %u, epoch %u", id.tag, epoch);
	ret = keys_host_crypt(h, false, &id, iv, text, sizeof(text), text, sizeof(text), mac);
	if (ret && !faulty)
		fail("what was sealed does not open: %d", ret);
}

static void use(struct dmw_device *dev, struct input *in, bool faulty)
{
	struct dmw_host h = { 0 };
	u32 i, n = 20 + 4 * take(in, 1);
	u8 salt[DMW_SALT_SIZE];

	host_seed(take(in, 2));
	if (!dmw_host_init(&h, dev)) {
		for (i = 0; i < n; i++) {
			memset(salt, host_random64() % 5, sizeof(salt));
			seal(&h, host_random64() % (TAGS + 1), host_random64() % (EPOCHS + 1), salt,
			     faulty);
		}
	} else if (!faulty) {
		fail("no host");
	}
	dmw_host_exit(&h);
}

static void add_more(struct dmw_keys *keys, u32 first, bool faulty)
{
	u8 before[sizeof(model)];
	char name[16], *error;
	u32 n;
	int ret, want;

	for (n = first; n < PARTS; n++) {
		memcpy(before, model, sizeof(model));
		snprintf(name, sizeof(name), n ? "k#%u" : "k", n + 1);
		want = expect(n);
		error = NULL;
		ret = dmw_keys_add(keys, name, forge_uuid, NULL, &error);
		if (ret != want && !faulty)
			fail("part %u: %d, must be %d", n + 1, ret, want);
		if (ret && (!error || !error[0]))
			fail("part %u: %d, and no word", n + 1, ret);
		/* keys may be there while ciphers for them are not: -ENOMEM */
		if (ret && !dmw_keys_has(keys, 0, 0) && ret != -ENOMEM)
			memcpy(model, before, sizeof(model));
		if (ret == -ENOMEM)
			return;
		check_all(keys);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 parts = 1 + take(&in, 1) % PARTS, fails = take(&in, 1), n;
	struct dmw_table t = { .key = "logon:k", .keysets = parts };
	struct dmw_device *dev = calloc(1, sizeof(*dev));
	char *error = NULL;
	int want = 0;

	lun.work = 0;
	memset(model, 0, sizeof(model));
	memcpy(t.uuid, forge_uuid, DMW_UUID_SIZE);
	for (n = 0; n < PARTS; n++)
		make_part(&in, n);
	for (n = 0; n < parts && !want; n++)
		want = expect(n);
	fuzz_fails_at = fails;
	dev->keys = dmw_keys_create(&t, &error);
	if (IS_ERR(dev->keys)) {
		if (PTR_ERR(dev->keys) != want && !fails)
			fail("%u parts: %ld, must be %d", parts, PTR_ERR(dev->keys), want);
		if (!error || !error[0])
			fail("refused without a word");
	} else {
		if (want)
			fail("%u parts are taken, must be %d", parts, want);
		check_all(dev->keys);
		add_more(dev->keys, parts, fails);
		if (!fails) {
			use(dev, &in, false);
			shred(dev->keys, &in);
			use(dev, &in, false);
			dmw_keys_forget(dev->keys);
			forgotten = true;
			use(dev, &in, false);
			forgotten = false;
		}
		dmw_keys_destroy(dev->keys);
	}
	fuzz_fails_at = 0;
	for (n = 0; n < PARTS; n++)
		free(ring[n].key.payload);
	memset(ring, 0, sizeof(ring));
	free(dev);
	host_check_leaks();
	return 0;
}
