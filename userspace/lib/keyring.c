// SPDX-License-Identifier: GPL-2.0-or-later
/* A keyset's way into the kernel: a logon key that exists while the table is loaded, no longer. */
#include <keyutils.h>
#include <sys/random.h>

#include "lib_private.h"

#define PART_SIZE	(sizeof(struct dmw_keyset_disk) + \
			 DMW_KEYSET_PART_KEYS * sizeof(struct dmw_key_disk))

static int add_part(struct libdmwarrant *ctx, const char *description,
		    const struct dmw_keyset_disk *part, struct lib_keyring *keyring)
{
	size_t size = sizeof(*part) + le16_to_cpu(part->count) * sizeof(part->keys[0]);
	char name[80];
	s64 key;

	if (keyring->count)
		snprintf(name, sizeof(name), "%s#%u", description, keyring->count + 1);
	else
		lib_copy(name, sizeof(name), description);
	key = add_key("logon", name, part, size, KEY_SPEC_THREAD_KEYRING);
	if (key < 0)
		return lib_fail(ctx, -errno,
				"cannot pass the keys to the kernel: %s; look at /proc/key-users and the quotas in /proc/sys/kernel/keys",
				strerror(errno));
	keyring->keys[keyring->count++] = key;
	return 0;
}

/**
 * lib_keyring_add() - put a keyset into the thread's keyring, in as many parts as it needs
 * @ctx:         context
 * @description: of the first part, as the table line names it; the others have "#2", "#3", ...
 * @keyset:      what to put there
 * @keyring:     receives what was added; lib_keyring_remove() it on every path
 *
 * The thread's keyring is searched first by the kernel, seen by no other thread, and gone with it.
 */
int lib_keyring_add(struct libdmwarrant *ctx, const char *description,
		    const struct libdmwarrant_keyset *keyset, struct lib_keyring *keyring)
{
	struct dmw_keyset_disk *part = lib_secret_alloc(PART_SIZE);
	u32 count = le16_to_cpu(keyset->disk->count), done;
	int ret = 0;

	keyring->count = 0;
	if (!part)
		return lib_fail(ctx, -ENOMEM, "cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	for (done = 0; done < count && !ret; done += le16_to_cpu(part->count)) {
		*part = *keyset->disk;
		part->count = cpu_to_le16(min(count - done, (u32)DMW_KEYSET_PART_KEYS));
		memcpy(part->keys, keyset->disk->keys + done,
		       le16_to_cpu(part->count) * sizeof(part->keys[0]));
		ret = add_part(ctx, description, part, keyring);
	}
	lib_secret_free(part, PART_SIZE);
	return ret;
}

/**
 * lib_keyring_add_random() - put a key into the thread's keyring that nobody knows
 * @ctx:         context
 * @description: of the key
 * @size:        of it, at most 256 bytes
 * @keyring:     receives it; lib_keyring_remove() it on every path
 */
int lib_keyring_add_random(struct libdmwarrant *ctx, const char *description, size_t size,
			   struct lib_keyring *keyring)
{
	u8 *key = lib_secret_alloc(size);
	s64 serial;
	int ret = 0;

	keyring->count = 0;
	if (!key)
		return lib_fail(ctx, -ENOMEM, "cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	if (getrandom(key, size, 0) != (ssize_t)size)
		ret = lib_fail(ctx, -EIO, "the kernel gives no random numbers");
	serial = ret ? -1 : add_key("logon", description, key, size, KEY_SPEC_THREAD_KEYRING);
	if (!ret && serial < 0)
		ret = lib_fail(ctx, -errno, "cannot pass a key to the kernel: %s",
			       strerror(errno));
	if (!ret)
		keyring->keys[keyring->count++] = serial;
	lib_secret_free(key, size);
	return ret;
}

/** lib_keyring_remove() - revoke, then unlink, which would give up the right to revoke */
void lib_keyring_remove(struct lib_keyring *keyring)
{
	while (keyring->count) {
		keyring->count--;
		keyctl_revoke(keyring->keys[keyring->count]);
		keyctl_unlink(keyring->keys[keyring->count], KEY_SPEC_THREAD_KEYRING);
	}
}
