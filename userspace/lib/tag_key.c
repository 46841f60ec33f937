// SPDX-License-Identifier: GPL-2.0-or-later
/* A new tag's key: stored first, then given to the kernel, and only then is there a tag. */
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <unistd.h>

#include "rotate.h"

/* ---- growing a keyset ---- */

/* Return: the oldest epoch from @from on that has a metadata key, 0 = none. */
static u32 next_epoch(const struct libdmwarrant_keyset *k, u32 from)
{
	u32 i, tag, epoch, next = 0;

	for (i = 0; !libdmwarrant_keyset_entry(k, i, &tag, &epoch); i++)
		if (tag == LIBDMWARRANT_TAG_METADATA && epoch >= from && (!next || epoch < next))
			next = epoch;
	return next;
}

/*
 * The epoch in use: the only one that there are keys of; or, during a rotation, the one that the
 * kernel is in, which may be older than the newest keys.
 */
static int current_epoch(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			 const struct libdmwarrant_keyset *k, u32 *epoch)
{
	struct lib_epochs e;
	int ret;

	*epoch = next_epoch(k, 1);
	if (!*epoch)
		return lib_fail(ctx, -ENOKEY,
				"the keyset has no metadata key; name the volume's own keyset");
	if (!next_epoch(k, *epoch + 1))
		return 0;
	ret = lib_epochs(ctx, v->name, &e);
	*epoch = e.current;
	return ret;
}

/* Return: 1 = a key was added; 0 = it was there, left by a creation that was interrupted. */
static int keyset_grow(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, u32 tag, u32 epoch)
{
	u32 count = libdmwarrant_keyset_count(k);
	struct dmw_key_disk *key = &k->disk->keys[count];

	if (dmw_keyset_is_shredded(k->disk, tag))
		return lib_fail(ctx, -EKEYREVOKED,
				"the next tag would be %u, but its keys were destroyed before there was one; use another volume for new cases",
				tag);
	if (dmw_keyset_find(k->disk, tag, epoch))
		return 0;
	if (count >= DMW_KEYSET_MAX_KEYS)
		return lib_fail(ctx, -ENOSPC,
				"the keyset is full: %u keys; shred old tags, or use another volume for new cases",
				count);
	key->tag = cpu_to_le32(tag);
	key->epoch = cpu_to_le32(epoch);
	dmw_host_random(NULL, key->key, DMW_KEY_SIZE);
	k->disk->count = cpu_to_le16(count + 1);
	k->size += sizeof(*key);
	return 1;
}

/* A key for the epoch in use, and for one that a rotation has prepared. */
static int grow_epochs(struct libdmwarrant *ctx, struct libdmwarrant_keyset *k, u32 tag, u32 epoch)
{
	int ret, added = 0;

	for (; epoch; epoch = next_epoch(k, epoch + 1)) {
		ret = keyset_grow(ctx, k, tag, epoch);
		if (ret < 0)
			return ret;
		added |= ret;
	}
	return added;
}

/* A copy that was not kept up to date would be stored as if it had all keys. */
static int check_complete(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			  const struct libdmwarrant_keyset *k, u32 epoch)
{
	struct lib_tag_states s;
	size_t i;
	int ret = lib_tag_states(ctx, v, &s);

	for (i = 0; i < s.count && !ret; i++)
		if (s.tags[i].state != LIBDMWARRANT_TAG_SHREDDED &&
		    !dmw_keyset_find(k->disk, s.tags[i].tag, epoch))
			ret = lib_fail(ctx, -ENOKEY,
				       "the keyset has no key for tag %u of %s: it is an old copy; name the newest one",
				       s.tags[i].tag, v->name);
	lib_tag_states_free(&s);
	return ret;
}

/* ---- giving it to the kernel ---- */

/* The new key only: the fewer keys are on their way the better. */
static int give(struct libdmwarrant *ctx, const struct lib_tag_volume *v, const void *key)
{
	size_t size = sizeof(struct dmw_keyset_disk) + sizeof(struct dmw_key_disk);
	struct libdmwarrant_keyset one = { .size = size, .disk = lib_secret_alloc(size) };
	char uuid[37], description[64], *reply = NULL;
	struct lib_keyring keyring;
	int ret;

	if (!one.disk)
		return lib_fail(ctx, -ENOMEM,
				"cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	one.disk->magic = cpu_to_le32(DMW_KEYSET_MAGIC);
	one.disk->version = cpu_to_le16(DMW_KEYSET_VERSION);
	one.disk->count = cpu_to_le16(1);
	memcpy(one.disk->uuid, v->uuid, DMW_UUID_SIZE);
	memcpy(one.disk->keys, key, sizeof(one.disk->keys[0]));
	libdmwarrant_uuid_format(v->uuid, uuid);
	snprintf(description, sizeof(description), "dm-warrant:%s", uuid);
	ret = lib_keyring_add(ctx, description, &one, &keyring);
	if (!ret)
		ret = lib_dm_ask(ctx, v->name, &reply, "keys logon:%s", description);
	lib_keyring_remove(&keyring);
	lib_secret_free(one.disk, size);
	free(reply);
	return ret == -EKEYREJECTED ?
	       lib_fail(ctx, ret,
			"%s was opened with another copy of its keys, in which the new tag has another key; name the keyset that it was opened with",
			v->name) : ret;
}

/**
 * lib_tag_key() - make a key for a tag, store it, give it to the kernel
 * @ctx:    context
 * @v:      volume
 * @source: where the keyset is
 * @k:      what @source's get has returned
 * @tag:    number
 *
 * The order is what makes it safe: a key that is stored without a tag costs 40 bytes, but a tag
 * whose key is stored nowhere would be lost at the next crash.
 */
int lib_tag_key(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		const struct libdmwarrant_keysource *source, struct libdmwarrant_keyset *k, u32 tag)
{
	u8 uuid[DMW_UUID_SIZE];
	const u8 *key;
	u32 epoch;
	int ret;

	libdmwarrant_keyset_uuid(k, uuid);
	if (memcmp(uuid, v->uuid, DMW_UUID_SIZE))
		return lib_fail(ctx, -EKEYREJECTED,
				"these are not the keys of %s but of another volume; name the keyset that it was opened with",
				v->name);
	ret = current_epoch(ctx, v, k, &epoch);
	if (!ret)
		ret = check_complete(ctx, v, k, epoch);
	if (!ret)
		ret = grow_epochs(ctx, k, tag, epoch);
	if (ret > 0)
		ret = source->put(source->arg, ctx, k);
	if (ret < 0)
		return ret;
	key = dmw_keyset_find(k->disk, tag, epoch);
	return give(ctx, v, key - offsetof(struct dmw_key_disk, key));
}

/* ---- keysets that are files ---- */

struct file_source {
	char		*path;
	char		*lock_path;
	char		*temp;
	int		lock;	/* -1 = not held */
};

/*
 * The lock is a file of its own, because the keyset is replaced by another file. It stays: who
 * removed it could take it from under somebody who waits for it.
 */
static int file_lock(struct libdmwarrant *ctx, struct file_source *f)
{
	f->lock = open(f->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->lock >= 0 && !flock(f->lock, LOCK_EX))
		return 0;
	return lib_fail(ctx, -errno, "cannot lock %s: %s; keysets must be where they can be replaced",
			f->lock_path, strerror(errno));
}

static void file_release(void *arg)
{
	struct file_source *f = arg;

	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}

static int file_get(void *arg, struct libdmwarrant *ctx, struct libdmwarrant_keyset **keyset)
{
	struct file_source *f = arg;
	int ret = file_lock(ctx, f);

	if (!ret)
		ret = libdmwarrant_keyset_read(ctx, f->path, keyset);
	if (ret)
		file_release(f);
	return ret;
}

/* The old file was read, so it is this user's, or root's and so is he: the new one has the right owner. */
static int file_put(void *arg, struct libdmwarrant *ctx, const struct libdmwarrant_keyset *keyset)
{
	struct file_source *f = arg;
	int ret;

	/* Left by a crash; nobody else writes it while we have the lock. */
	unlink(f->temp);
	ret = libdmwarrant_keyset_write(ctx, keyset, f->temp);
	if (ret)
		return ret;
	if (rename(f->temp, f->path))
		ret = -errno;
	if (ret) {
		unlink(f->temp);
		return lib_fail(ctx, ret, "cannot replace keyset %s: %s; it is as it was", f->path,
				strerror(-ret));
	}
	ret = lib_sync_parent(f->path);
	return ret ? lib_fail(ctx, ret, "cannot make keyset %s durable: %s", f->path,
			      strerror(-ret)) : 0;
}

int libdmwarrant_keysource_file(struct libdmwarrant *ctx, const char *path,
				struct libdmwarrant_keysource *source)
{
	struct file_source *f;
	int ret;

	if (source->version != LIBDMWARRANT_KEYSOURCE_VERSION)
		return lib_fail_version(ctx, source->version, LIBDMWARRANT_KEYSOURCE_VERSION);
	f = calloc(1, sizeof(*f));
	if (!f)
		return lib_fail(ctx, -ENOMEM, "out of memory");
	f->lock = -1;
	source->get = file_get;
	source->put = file_put;
	source->release = file_release;
	source->arg = f;
	/* The file itself, for a symbolic link would be replaced by the new keyset. */
	f->path = realpath(path, NULL);
	ret = f->path ? 0 : -errno;
	if (!ret && asprintf(&f->lock_path, "%s.lock", f->path) < 0)
		ret = -ENOMEM;
	if (!ret && asprintf(&f->temp, "%s.new", f->path) < 0)
		ret = -ENOMEM;
	if (!ret)
		return 0;
	libdmwarrant_keysource_file_free(source);
	return lib_fail(ctx, ret, "cannot find keyset %s: %s", path, strerror(-ret));
}

void libdmwarrant_keysource_file_free(struct libdmwarrant_keysource *source)
{
	struct file_source *f = source->arg;

	if (!f)
		return;
	file_release(f);
	free(f->path);
	free(f->lock_path);
	free(f->temp);
	free(f);
	source->arg = NULL;
}
