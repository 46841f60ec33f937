// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keysets of raw bytes, as the kernel takes them from a keyring and as libdmwarrant reads them from a
 * descriptor. Both give the same answer, and what passes has each key once, where it can be found.
 */
#include <unistd.h>

#include "fuzz.h"

static void check_mark(const struct dmw_keyset_disk *d, const struct dmw_key_disk *k)
{
	u32 tag = le32_to_cpu(k->tag);

	if (!tag || tag == DMW_TAG_METADATA || memchr_inv(k->key, 0, DMW_KEY_SIZE))
		fail("tag %u is marked as shredded, and with a key", tag);
	if (!dmw_keyset_is_shredded(d, tag) || dmw_keyset_find(d, tag, DMW_EPOCH_SHREDDED))
		fail("the mark of tag %u is not found, or as a key", tag);
}

static void check_find(const struct dmw_keyset_disk *d, size_t size)
{
	u32 i, count = le16_to_cpu(d->count);
	const u8 *key;

	if (size != sizeof(*d) + count * sizeof(d->keys[0]))
		fail("%u keys in %zu bytes", count, size);
	for (i = 0; i < count; i++) {
		if (!d->keys[i].epoch) {
			check_mark(d, &d->keys[i]);
			continue;
		}
		if (dmw_keyset_is_shredded(d, le32_to_cpu(d->keys[i].tag)))
			fail("a key of a tag that is marked as shredded");
		key = dmw_keyset_find(d, le32_to_cpu(d->keys[i].tag), le32_to_cpu(d->keys[i].epoch));
		if (key != d->keys[i].key)
			fail("key %u is not the one that is found", i);
	}
	if (dmw_keyset_find(d, 1, 0))
		fail("a key of epoch 0");
}

static int read_by_lib(const void *payload, size_t size)
{
	struct libdmwarrant_keyset *k = NULL;
	static struct libdmwarrant *ctx;
	u32 tag, epoch, count;
	int ret, fds[2];

	if ((!ctx && libdmwarrant_new(&ctx)) || pipe(fds))
		fail("no context or no pipe");
	if (write(fds[1], payload, size) != (ssize_t)size)
		fail("a pipe does not take %zu bytes", size);
	close(fds[1]);
	ret = libdmwarrant_keyset_read_fd(ctx, fds[0], &k);
	close(fds[0]);
	if (!ret) {
		count = libdmwarrant_keyset_count(k);
		if (libdmwarrant_keyset_entry(k, count, &tag, &epoch) != -ERANGE ||
		    libdmwarrant_keyset_entry(k, count - 1, &tag, &epoch))
			fail("a keyset of %u entries has more or fewer", count);
	}
	libdmwarrant_keyset_free(k);
	return ret;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	/* in memory of exactly its size, aligned as the kernel's is */
	struct dmw_keyset_disk *d = malloc(size + !size);
	u8 uuid[DMW_UUID_SIZE] = { 0 };
	int ret, mine;

	memcpy(d, data, size);
	ret = dmw_keyset_check(d, size, NULL);
	if (ret && ret != -EINVAL && ret != -EPROTONOSUPPORT)
		fail("a keyset is judged with %d", ret);
	if (size < 60000 && read_by_lib(d, size) != ret)
		fail("libdmwarrant has another opinion than %d", ret);
	mine = dmw_keyset_check(d, size, uuid);
	if (ret ? mine != ret : mine != (memcmp(d->uuid, uuid, sizeof(uuid)) ? -EKEYREJECTED : 0))
		fail("%d with a UUID, and %d without", mine, ret);
	if (!ret)
		check_find(d, size);
	free(d);
	return 0;
}
