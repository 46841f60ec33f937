// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sealed keys of a warrant: one file.
 *
 *	header | volumes | descriptions of keys		in the clear, authenticated
 *	keys				AES-256-GCM under HKDF(rolling key, salt of this file)
 *	GCM tag
 *
 * A new salt with each writing, so that no (key, nonce) is ever used twice and the nonce can be
 * zero. What is in the clear lets a store be listed without unlocking; nothing there is a secret of
 * the array's: it never sees this file.
 */
#include "sealed.h"

#define SEALED_MAGIC	0x53574d44	/* "DMWS" */
#define SEALED_VERSION	1
#define SEALED_INFO	"dm-warrant sealed keys 1"

struct sealed_disk {
	__le32	magic;
	__le16	version;
	__le16	pad;
	__le32	slot;
	__le32	volumes;
	__le32	keys;
	__le32	pad2;
	__le64	generation;
	__le64	changed;
	__le64	tombstones;
	u8	warrant[LIBDMWARRANT_UUID_SIZE];
	u8	head[LIBDMWARRANT_DIGEST_SIZE];
	u8	salt[DMW_KEY_SIZE];
};

struct volume_disk {
	u8	uuid[LIBDMWARRANT_UUID_SIZE];
	u8	binding[LIBDMWARRANT_DIGEST_SIZE];
	__le64	created;
	__le32	keys;
	__le32	pad;
};

struct key_disk {
	__le32	tag;
	__le32	epoch;
	u8	id[LIBDMWARRANT_KEY_ID_SIZE];
	__le64	created;
};

#define CLEAR_SIZE(volumes, keys) (sizeof(struct sealed_disk) + \
				   (size_t)(volumes) * sizeof(struct volume_disk) + \
				   (size_t)(keys) * sizeof(struct key_disk))
#define FILE_SIZE(volumes, keys) (CLEAR_SIZE(volumes, keys) + \
				  (size_t)(keys) * DMW_KEY_SIZE + DMW_MAC_SIZE)
#define FILE_MAX	FILE_SIZE(LIB_SEALED_VOLUMES_MAX, LIB_SEALED_KEYS_MAX)

static int no_memory(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -ENOMEM, "not enough memory");
}

static int alloc_secrets(struct libdmwarrant *ctx, struct lib_sealed *s, u32 keys)
{
	s->secrets_size = (keys + 1) * (size_t)DMW_KEY_SIZE;
	s->secrets = lib_secret_alloc(s->secrets_size);
	if (s->secrets)
		return 0;
	return lib_fail(ctx, -ENOMEM,
			"cannot get locked memory for %u keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root",
			keys);
}

static int alloc_clear(struct libdmwarrant *ctx, struct lib_sealed *s, u32 volumes, u32 keys)
{
	s->volumes = calloc(volumes + 1, sizeof(s->volumes[0]));
	s->keys = calloc(keys + 1, sizeof(s->keys[0]));
	return s->volumes && s->keys ? 0 : no_memory(ctx);
}

/** lib_sealed_init() - an empty one with room; lib_sealed_free() it in any case */
int lib_sealed_init(struct libdmwarrant *ctx, struct lib_sealed *s, u32 volumes, u32 keys)
{
	int ret;

	memset(s, 0, sizeof(*s));
	if (volumes > LIB_SEALED_VOLUMES_MAX || keys > LIB_SEALED_KEYS_MAX)
		return lib_fail(ctx, -ENOSPC,
				"a warrant can have %u volumes with %u keys; use another warrant record for more",
				LIB_SEALED_VOLUMES_MAX, LIB_SEALED_KEYS_MAX);
	ret = alloc_clear(ctx, s, volumes, keys);
	return ret ? ret : alloc_secrets(ctx, s, keys);
}

void lib_sealed_free(struct lib_sealed *s)
{
	free(s->volumes);
	free(s->keys);
	free(s->raw);
	lib_secret_free(s->secrets, s->secrets_size);
	memset(s, 0, sizeof(*s));
}

/* ---- reading ---- */

static int bad(const struct lib_dir *d, const char *name)
{
	return lib_fail(d->ctx, -EUCLEAN, "%s/%s is damaged; restore the newest copy of %s",
			d->path, name, d->path);
}

static int decode_header(const struct lib_dir *d, const char *name, struct lib_sealed *s)
{
	const struct sealed_disk *h = (const void *)s->raw;

	if (s->raw_size < FILE_SIZE(0, 0) || le32_to_cpu(h->magic) != SEALED_MAGIC)
		return bad(d, name);
	if (le16_to_cpu(h->version) != SEALED_VERSION)
		return lib_fail(d->ctx, -EPROTONOSUPPORT,
				"%s/%s has a newer format; use a newer dm-warrant", d->path, name);
	s->volume_count = le32_to_cpu(h->volumes);
	s->key_count = le32_to_cpu(h->keys);
	if (s->volume_count > LIB_SEALED_VOLUMES_MAX || s->key_count > LIB_SEALED_KEYS_MAX ||
	    s->raw_size != FILE_SIZE(s->volume_count, s->key_count))
		return bad(d, name);
	s->slot = le32_to_cpu(h->slot);
	s->generation = le64_to_cpu(h->generation);
	s->changed = le64_to_cpu(h->changed);
	s->tombstones = le64_to_cpu(h->tombstones);
	memcpy(s->warrant, h->warrant, sizeof(s->warrant));
	memcpy(s->head, h->head, sizeof(s->head));
	return 0;
}

/* Return: the number of keys that the volumes say they have. */
static u64 decode_volumes(struct lib_sealed *s, const struct volume_disk *v)
{
	u64 keys = 0;
	u32 i;

	for (i = 0; i < s->volume_count; i++, v++) {
		memcpy(s->volumes[i].uuid, v->uuid, sizeof(v->uuid));
		memcpy(s->volumes[i].binding, v->binding, sizeof(v->binding));
		s->volumes[i].created = le64_to_cpu(v->created);
		s->volumes[i].keys = le32_to_cpu(v->keys);
		keys += s->volumes[i].keys;
	}
	return keys;
}

static void decode_keys(struct lib_sealed *s, const struct key_disk *k)
{
	u32 i;

	for (i = 0; i < s->key_count; i++, k++) {
		s->keys[i].tag = le32_to_cpu(k->tag);
		s->keys[i].epoch = le32_to_cpu(k->epoch);
		memcpy(s->keys[i].id, k->id, sizeof(k->id));
		s->keys[i].created = le64_to_cpu(k->created);
	}
}

static int decode(const struct lib_dir *d, const char *name, struct lib_sealed *s)
{
	const struct volume_disk *v = (const void *)(s->raw + sizeof(struct sealed_disk));
	int ret = decode_header(d, name, s);

	if (!ret)
		ret = alloc_clear(d->ctx, s, s->volume_count, s->key_count);
	if (ret)
		return ret;
	if (decode_volumes(s, v) != s->key_count)
		return bad(d, name);
	decode_keys(s, (const void *)(v + s->volume_count));
	return 0;
}

/**
 * lib_sealed_read() - read what is in the clear; nothing of it is authenticated yet
 * @d:       directory of the warrant
 * @name:    of the file
 * @warrant: ObjectIdentifier, which the file must name
 * @s:       receives it; lib_sealed_free() it in any case
 */
int lib_sealed_read(const struct lib_dir *d, const char *name, const u8 *warrant,
		    struct lib_sealed *s)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = lib_file_read(d, name, FILE_MAX, &s->raw, &s->raw_size);
	if (!ret)
		ret = decode(d, name, s);
	if (!ret && memcmp(s->warrant, warrant, sizeof(s->warrant)))
		ret = lib_fail(d->ctx, -EUCLEAN,
			       "%s/%s belongs to another warrant; restore the right one", d->path,
			       name);
	return ret;
}

/* ---- sealing ---- */

struct crypt {
	const u8	*clear;
	size_t		clear_size;
	const u8	*from;
	u8		*to;
	size_t		size;
	u8		*mac;
};

static bool crypt_all(EVP_CIPHER_CTX *c, const u8 *key, bool seal, const struct crypt *p)
{
	static const u8 iv[DMW_IV_SIZE];
	int n;

	if (EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv, seal) != 1 ||
	    EVP_CipherUpdate(c, NULL, &n, p->clear, p->clear_size) != 1 ||
	    (p->size && EVP_CipherUpdate(c, p->to, &n, p->from, p->size) != 1))
		return false;
	if (!seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, DMW_MAC_SIZE, p->mac) != 1)
		return false;
	if (EVP_CipherFinal_ex(c, p->to + p->size, &n) != 1)
		return false;
	return !seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, DMW_MAC_SIZE, p->mac) == 1;
}

static int crypt_file(struct libdmwarrant *ctx, const u8 *rolling, bool seal,
		      const struct crypt *p)
{
	const struct sealed_disk *h = (const void *)p->clear;
	u8 *key = lib_secret_alloc(DMW_KEY_SIZE);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int ret;

	if (key && c)
		ret = lib_hkdf(ctx, rolling, DMW_KEY_SIZE, h->salt, sizeof(h->salt), SEALED_INFO,
			       key);
	else
		ret = no_memory(ctx);
	if (!ret && !crypt_all(c, key, seal, p))
		ret = seal ? lib_fail(ctx, -EIO, "OpenSSL cannot seal the keys") : -EBADMSG;
	EVP_CIPHER_CTX_free(c);
	lib_secret_free(key, DMW_KEY_SIZE);
	return ret;
}

/**
 * lib_sealed_open() - authenticate and decrypt
 *
 * Return: 0; -EBADMSG, without a message: it is not what that key has sealed.
 */
int lib_sealed_open(struct libdmwarrant *ctx, struct lib_sealed *s, const u8 *rolling)
{
	const size_t clear = CLEAR_SIZE(s->volume_count, s->key_count);
	struct crypt p = {
		.clear = s->raw,
		.clear_size = clear,
		.from = s->raw + clear,
		.size = s->key_count * (size_t)DMW_KEY_SIZE,
		.mac = s->raw + s->raw_size - DMW_MAC_SIZE,
	};
	int ret = alloc_secrets(ctx, s, s->key_count);

	if (ret)
		return ret;
	p.to = s->secrets;
	ret = crypt_file(ctx, rolling, false, &p);
	if (ret) {
		lib_secret_free(s->secrets, s->secrets_size);
		s->secrets = NULL;
	}
	return ret;
}

/* ---- writing ---- */

static void encode(const struct lib_sealed *s, u8 *data)
{
	struct sealed_disk *h = (void *)data;
	struct volume_disk *v = (void *)(h + 1);
	struct key_disk *k = (void *)(v + s->volume_count);
	u32 i;

	h->magic = cpu_to_le32(SEALED_MAGIC);
	h->version = cpu_to_le16(SEALED_VERSION);
	h->slot = cpu_to_le32(s->slot);
	h->volumes = cpu_to_le32(s->volume_count);
	h->keys = cpu_to_le32(s->key_count);
	h->generation = cpu_to_le64(s->generation);
	h->changed = cpu_to_le64(s->changed);
	h->tombstones = cpu_to_le64(s->tombstones);
	memcpy(h->warrant, s->warrant, sizeof(h->warrant));
	memcpy(h->head, s->head, sizeof(h->head));
	dmw_host_random(NULL, h->salt, sizeof(h->salt));
	for (i = 0; i < s->volume_count; i++, v++) {
		memcpy(v->uuid, s->volumes[i].uuid, sizeof(v->uuid));
		memcpy(v->binding, s->volumes[i].binding, sizeof(v->binding));
		v->created = cpu_to_le64(s->volumes[i].created);
		v->keys = cpu_to_le32(s->volumes[i].keys);
	}
	for (i = 0; i < s->key_count; i++, k++) {
		k->tag = cpu_to_le32(s->keys[i].tag);
		k->epoch = cpu_to_le32(s->keys[i].epoch);
		memcpy(k->id, s->keys[i].id, sizeof(k->id));
		k->created = cpu_to_le64(s->keys[i].created);
	}
}

/** lib_sealed_write() - seal into a new file; durable but for its name */
int lib_sealed_write(const struct lib_dir *d, const char *name, const struct lib_sealed *s,
		     const u8 *rolling)
{
	const size_t clear = CLEAR_SIZE(s->volume_count, s->key_count);
	const size_t size = FILE_SIZE(s->volume_count, s->key_count);
	u8 *data = calloc(1, size);
	struct crypt p = {
		.clear = data,
		.clear_size = clear,
		.from = s->secrets,
		.to = data + clear,
		.size = s->key_count * (size_t)DMW_KEY_SIZE,
		.mac = data + size - DMW_MAC_SIZE,
	};
	int ret;

	if (!data)
		return no_memory(d->ctx);
	encode(s, data);
	ret = crypt_file(d->ctx, rolling, true, &p);
	if (!ret)
		ret = lib_file_write(d, name, data, size);
	free(data);
	return ret;
}
