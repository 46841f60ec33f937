// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tombstones: the memory of a store for what it has destroyed.
 *
 * Each destruction is a file of its own, named by its number, written once and never changed. So
 * there is no tail that could be half-written: a file is there, whole, or it is not, and one that
 * does not verify is damage. Each holds a digest over itself and the digest of the one before:
 * none can be taken from the middle, and whoever knows the last digest knows that none is missing.
 */
#include "tombstone.h"

#define TOMBSTONE_MAGIC		0x54574d44	/* "DMWT" */
#define TOMBSTONE_VERSION	1
#define TOMBSTONES_MAX		(1U << 20)	/* of one destruction */

#define NAME_NEW	"new"

#define MARKS_MAX	1024	/* in a keyset */

struct tombstone_disk {
	__le32	magic;
	__le16	version;
	__le16	scope;
	__le64	number;
	__le64	time;
	__le32	tag;
	__le32	epoch;
	u8	warrant[LIBDMWARRANT_UUID_SIZE];
	u8	volume[LIBDMWARRANT_UUID_SIZE];
	u8	reference[LIBDMWARRANT_DIGEST_SIZE];
	__le32	count;
	__le32	pad;
};

struct tombstone_key_disk {
	u8	volume[LIBDMWARRANT_UUID_SIZE];
	__le32	tag;
	__le32	epoch;
	u8	id[LIBDMWARRANT_KEY_ID_SIZE];
};

#define FILE_SIZE(count) (sizeof(struct tombstone_disk) + \
			  (count) * sizeof(struct tombstone_key_disk) + LIBDMWARRANT_DIGEST_SIZE)

static void file_name(u64 number, char name[24])
{
	snprintf(name, 24, "%08llu", (unsigned long long)number);
}

/* Digest over the digest before and all of the file but its own digest. */
static int chain(struct libdmwarrant *ctx, const u8 *before, const u8 *data, size_t size,
		 u8 *digest)
{
	static const char label[] = "dm-warrant tombstone 1";
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int ok;

	ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(c, label, sizeof(label)) == 1 &&
	     EVP_DigestUpdate(c, before, LIBDMWARRANT_DIGEST_SIZE) == 1 &&
	     EVP_DigestUpdate(c, data, size - LIBDMWARRANT_DIGEST_SIZE) == 1 &&
	     EVP_DigestFinal_ex(c, digest, NULL) == 1;
	EVP_MD_CTX_free(c);
	return ok ? 0 : lib_fail(ctx, -EIO, "OpenSSL cannot compute SHA-256");
}

/* ---- loading ---- */

static int bad(const struct lib_dir *d, const char *name, const char *how)
{
	return lib_fail(d->ctx, -EUCLEAN,
			"tombstone %s/%s %s; restore the newest copy of it: without it destroyed keys could come back",
			d->path, name, how);
}

static int check(const struct lib_dir *d, const char *name, u64 number, const u8 *data,
		 size_t size, const u8 *before, u8 *digest)
{
	const struct tombstone_disk *t = (const void *)data;
	int ret;

	if (size < FILE_SIZE(0) || le32_to_cpu(t->magic) != TOMBSTONE_MAGIC)
		return bad(d, name, "is damaged");
	if (le16_to_cpu(t->version) != TOMBSTONE_VERSION)
		return lib_fail(d->ctx, -EPROTONOSUPPORT,
				"tombstone %s/%s has a newer format; use a newer dm-warrant",
				d->path, name);
	if (le32_to_cpu(t->count) > TOMBSTONES_MAX || size != FILE_SIZE(le32_to_cpu(t->count)))
		return bad(d, name, "is damaged");
	ret = chain(d->ctx, before, data, size, digest);
	if (ret)
		return ret;
	if (memcmp(digest, data + size - LIBDMWARRANT_DIGEST_SIZE, LIBDMWARRANT_DIGEST_SIZE) ||
	    le64_to_cpu(t->number) != number)
		return bad(d, name, "is damaged, or does not belong behind the one before it");
	return 0;
}

static int grow(struct lib_tombstones *t, u32 count)
{
	void *p;

	p = realloc(t->heads, (t->number + 2) * sizeof(t->heads[0]));
	if (!p)
		return -ENOMEM;
	t->heads = p;
	p = realloc(t->list, (t->count + count + 1) * sizeof(t->list[0]));
	if (!p)
		return -ENOMEM;
	t->list = p;
	p = realloc(t->ids, (t->id_count + count + 1) * sizeof(t->ids[0]));
	if (!p)
		return -ENOMEM;
	t->ids = p;
	p = realloc(t->scopes, (t->scope_count + 1) * sizeof(t->scopes[0]));
	if (!p)
		return -ENOMEM;
	t->scopes = p;
	return 0;
}

static void add(struct lib_tombstones *t, const struct tombstone_disk *d)
{
	const struct tombstone_key_disk *k = (const void *)(d + 1);
	struct libdmwarrant_tombstone *to = &t->list[t->count], scope = {
		.number = le64_to_cpu(d->number),
		.time = le64_to_cpu(d->time),
		.scope = le16_to_cpu(d->scope),
	};
	u32 i, count = le32_to_cpu(d->count);

	memcpy(scope.warrant, d->warrant, sizeof(scope.warrant));
	memcpy(scope.reference, d->reference, sizeof(scope.reference));
	t->scopes[t->scope_count++] = t->count;
	*to = scope;
	memcpy(to->volume, d->volume, sizeof(to->volume));
	to->tag = le32_to_cpu(d->tag);
	to->epoch = le32_to_cpu(d->epoch);
	for (i = 0, to++; i < count; i++, k++, to++) {
		*to = scope;
		to->is_key = 1;
		memcpy(to->volume, k->volume, sizeof(to->volume));
		memcpy(to->id, k->id, sizeof(to->id));
		to->tag = le32_to_cpu(k->tag);
		to->epoch = le32_to_cpu(k->epoch);
		memcpy(t->ids[t->id_count++], k->id, sizeof(k->id));
	}
	t->count += count + 1;
}

static int load_one(const struct lib_dir *d, struct lib_tombstones *t)
{
	const u64 number = t->number + 1;
	char name[24];
	size_t size;
	u8 *data;
	int ret;

	file_name(number, name);
	ret = lib_file_read(d, name, FILE_SIZE(TOMBSTONES_MAX), &data, &size);
	if (ret)
		return ret;
	ret = grow(t, size / sizeof(struct tombstone_key_disk));
	if (ret)
		lib_fail(d->ctx, ret, "not enough memory");
	else
		ret = check(d, name, number, data, size, t->heads[number - 1], t->heads[number]);
	if (!ret) {
		add(t, (void *)data);
		t->number = number;
	}
	free(data);
	return ret;
}

static int find_last(void *arg, const char *name)
{
	u64 *last = arg, n = strtoull(name, NULL, 10);
	char again[24];

	file_name(n, again);
	if (!strcmp(name, again) && n > *last)
		*last = n;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, LIBDMWARRANT_KEY_ID_SIZE);
}

/**
 * lib_tombstones_load() - read those that are not yet in @t
 * @d: their directory
 * @t: zeroed the first time
 */
int lib_tombstones_load(const struct lib_dir *d, struct lib_tombstones *t)
{
	u64 last = 0, before = t->number;
	char name[24];
	int ret;

	if (!t->heads) {
		t->heads = calloc(1, sizeof(t->heads[0]));
		if (!t->heads)
			return lib_fail(d->ctx, -ENOMEM, "not enough memory");
	}
	ret = lib_dir_each(d, find_last, &last);
	if (!ret && last < t->number) {
		file_name(t->number, name);
		return bad(d, name, "is gone");
	}
	while (!ret && t->number < last) {
		file_name(t->number + 1, name);
		ret = lib_dir_has(d, name) ? load_one(d, t) : bad(d, name, "is missing");
	}
	if (t->number != before)
		qsort(t->ids, t->id_count, sizeof(t->ids[0]), compare_ids);
	return ret;
}

void lib_tombstones_free(struct lib_tombstones *t)
{
	free(t->heads);
	free(t->list);
	free(t->ids);
	free(t->scopes);
	memset(t, 0, sizeof(*t));
}

/* ---- asking ---- */

bool lib_tombstones_key(const struct lib_tombstones *t, const u8 *id)
{
	return t->id_count &&
	       bsearch(id, t->ids, t->id_count, sizeof(t->ids[0]), compare_ids);
}

static bool is_scope(const struct libdmwarrant_tombstone *t, u32 scope, const u8 *uuid, u32 number)
{
	if (t->scope != scope)
		return false;
	if (scope == LIBDMWARRANT_DESTROY_WARRANT)
		return !memcmp(t->warrant, uuid, sizeof(t->warrant));
	if (memcmp(t->volume, uuid, sizeof(t->volume)))
		return false;
	if (scope == LIBDMWARRANT_DESTROY_VOLUME)
		return true;
	return number == (scope == LIBDMWARRANT_DESTROY_TAG ? t->tag : t->epoch);
}

/**
 * lib_tombstones_scope() - has all of this been destroyed?
 * @t:      tombstones
 * @scope:  enum libdmwarrant_destroy_scope
 * @uuid:   of the warrant, or else of the volume
 * @number: tag or epoch
 *
 * Return: the tombstone, or NULL.
 */
const struct libdmwarrant_tombstone *
lib_tombstones_scope(const struct lib_tombstones *t, u32 scope, const u8 *uuid, u32 number)
{
	const struct libdmwarrant_tombstone *s;
	size_t i;

	for (i = 0; i < t->scope_count; i++) {
		s = &t->list[t->scopes[i]];
		if (is_scope(s, scope, uuid, number))
			return s;
	}
	return NULL;
}

/** lib_tombstones_name() - the tombstone that forbids a key of that name, whatever key it is */
const struct libdmwarrant_tombstone *
lib_tombstones_name(const struct lib_tombstones *t, const u8 *volume, u32 tag, u32 epoch)
{
	const struct libdmwarrant_tombstone *s;
	size_t i;

	for (i = 0; i < t->scope_count; i++) {
		s = &t->list[t->scopes[i]];
		if (is_scope(s, LIBDMWARRANT_DESTROY_VOLUME, volume, 0) ||
		    is_scope(s, LIBDMWARRANT_DESTROY_TAG, volume, tag) ||
		    is_scope(s, LIBDMWARRANT_DESTROY_EPOCH, volume, epoch))
			return s;
	}
	return NULL;
}

static bool is_markable(const struct libdmwarrant_tombstone *t, const u8 *volume)
{
	return t->scope == LIBDMWARRANT_DESTROY_TAG && t->tag != DMW_TAG_DEFAULT &&
	       t->tag != DMW_TAG_METADATA && !memcmp(t->volume, volume, sizeof(t->volume));
}

/**
 * lib_tombstones_mark() - mark in a volume's keyset which of its tags were destroyed
 * @ctx:    context
 * @t:      tombstones of its store
 * @volume: UUID
 * @k:      keyset; has no keys of destroyed tags
 *
 * The newest ones only: the others have been shredded in the volume's own tag table for long, and a
 * keyset has room for so many entries.
 */
int lib_tombstones_mark(struct libdmwarrant *ctx, const struct lib_tombstones *t, const u8 *volume,
			struct libdmwarrant_keyset *k)
{
	const struct libdmwarrant_tombstone *s;
	size_t i = t->scope_count;
	u32 marks = 0;
	int ret = 0;

	while (i-- > 0 && marks < MARKS_MAX && !ret) {
		s = &t->list[t->scopes[i]];
		if (!is_markable(s, volume))
			continue;
		ret = lib_keyset_mark_shredded(ctx, k, s->tag);
		marks++;
	}
	return ret;
}

/* ---- adding ---- */

static void encode(const struct libdmwarrant_tombstone *list, u32 count, u64 number, u8 *data)
{
	struct tombstone_disk *d = (void *)data;
	struct tombstone_key_disk *k = (void *)(d + 1);
	u32 i;

	d->magic = cpu_to_le32(TOMBSTONE_MAGIC);
	d->version = cpu_to_le16(TOMBSTONE_VERSION);
	d->scope = cpu_to_le16(list->scope);
	d->number = cpu_to_le64(number);
	d->time = cpu_to_le64(list->time);
	d->tag = cpu_to_le32(list->tag);
	d->epoch = cpu_to_le32(list->epoch);
	memcpy(d->warrant, list->warrant, sizeof(d->warrant));
	memcpy(d->volume, list->volume, sizeof(d->volume));
	memcpy(d->reference, list->reference, sizeof(d->reference));
	d->count = cpu_to_le32(count - 1);
	for (i = 1; i < count; i++, k++) {
		memcpy(k->volume, list[i].volume, sizeof(k->volume));
		k->tag = cpu_to_le32(list[i].tag);
		k->epoch = cpu_to_le32(list[i].epoch);
		memcpy(k->id, list[i].id, sizeof(k->id));
	}
}

/**
 * lib_burial_prepare() - prepare a destruction
 * @d:     directory of the tombstones
 * @t:     all that there are
 * @list:  first the one that stands for the scope, then one for each key
 * @count: length of @list
 * @b:     receives it; lib_burial_free() it
 */
int lib_burial_prepare(const struct lib_dir *d, const struct lib_tombstones *t,
		       const struct libdmwarrant_tombstone *list, u32 count,
		       struct lib_burial *b)
{
	int ret;

	b->number = t->number + 1;
	b->size = FILE_SIZE(count - 1);
	b->data = calloc(1, b->size);
	if (!b->data)
		return lib_fail(d->ctx, -ENOMEM, "not enough memory");
	encode(list, count, b->number, b->data);
	ret = chain(d->ctx, t->heads[t->number], b->data, b->size, b->head);
	memcpy(b->data + b->size - sizeof(b->head), b->head, sizeof(b->head));
	if (ret)
		lib_burial_free(b);
	return ret;
}

/** lib_burial_commit() - the moment from which the keys are no more */
int lib_burial_commit(const struct lib_dir *d, const struct lib_burial *b)
{
	char name[24];
	int ret;

	file_name(b->number, name);
	ret = lib_file_remove(d, NAME_NEW);
	if (!ret)
		ret = lib_file_write(d, NAME_NEW, b->data, b->size);
	if (!ret)
		ret = lib_file_rename(d, NAME_NEW, name);
	return ret;
}

void lib_burial_free(struct lib_burial *b)
{
	free(b->data);
	b->data = NULL;
}
