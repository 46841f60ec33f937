// SPDX-License-Identifier: GPL-2.0-or-later
/* A keyset's way into the kernel: a logon key that exists while the table is loaded, no longer. */
#include <keyutils.h>

#include "lib_private.h"

/**
 * lib_keyring_add() - put a keyset into the thread's keyring
 * @ctx:         context
 * @description: of the key, as the table line names it
 * @keyset:      payload
 * @key:         receives its serial; lib_keyring_remove() it on every path
 *
 * The thread's keyring is searched first by the kernel, seen by no other thread, and gone with it.
 */
int lib_keyring_add(struct libdmwarrant *ctx, const char *description,
		    const struct libdmwarrant_keyset *keyset, s64 *key)
{
	*key = add_key("logon", description, keyset->disk, keyset->size, KEY_SPEC_THREAD_KEYRING);
	if (*key >= 0)
		return 0;
	return lib_fail(ctx, -errno,
			"cannot pass the keys to the kernel: %s; look at /proc/key-users and the quotas in /proc/sys/kernel/keys",
			strerror(errno));
}

/** lib_keyring_remove() - revoke, then unlink, which would give up the right to revoke */
void lib_keyring_remove(s64 key)
{
	if (key < 0)
		return;
	keyctl_revoke(key);
	keyctl_unlink(key, KEY_SPEC_THREAD_KEYRING);
}
