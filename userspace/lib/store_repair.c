// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a kill leaves in a store, and how it goes away: all that stands under a name for things
 * being made, or belongs to a warrant that has its tombstone, is nobody's.
 */
#include <fcntl.h>
#include <unistd.h>

#include "store.h"

static const char *const unfinished[] = { STORE_KEYS_NEW, STORE_HEADER_NEW, STORE_HEADER_OLD };

static bool is_new(const char *name)
{
	return !strncmp(name, STORE_NEW, strlen(STORE_NEW));
}

/* Is it a warrant's directory that is to be discarded? */
static bool is_buried(const struct lib_store *s, const char *name)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE];

	return !libdmwarrant_uuid_parse(name, warrant) &&
	       lib_tombstones_scope(&s->tombstones, LIBDMWARRANT_DESTROY_WARRANT, warrant, 0);
}

static bool is_unfinished(const struct lib_store *s, const char *name)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE];
	char path[64];
	size_t i;

	if (libdmwarrant_uuid_parse(name, warrant))
		return false;
	for (i = 0; i < ARRAY_SIZE(unfinished); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, unfinished[i]);
		if (lib_dir_has(&s->dir, path))
			return true;
	}
	return false;
}

/** lib_store_clean() - wipe what is unfinished in a warrant's directory */
int lib_store_clean(const struct lib_dir *d)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(unfinished) && !ret; i++)
		ret = lib_file_wipe(d, unfinished[i], STORE_HEADER);
	return ret;
}

static int wipe(void *arg, const char *name)
{
	return lib_file_wipe(arg, name, NULL);
}

/** lib_store_discard() - wipe all files of a warrant, the way to unlock it first */
int lib_store_discard(struct lib_store *s, const char *name)
{
	struct lib_dir d;
	int ret;

	if (!lib_dir_has(&s->dir, name))
		return 0;
	ret = lib_dir_open(s->ks->ctx, &s->dir, name, &d);
	if (ret)
		return ret;
	ret = lib_file_wipe(&d, STORE_HEADER, NULL);
	if (!ret)
		ret = lib_dir_each(&d, wipe, &d);
	lib_dir_close(&d);
	if (ret)
		return ret;
	if (unlinkat(s->dir.fd, name, AT_REMOVEDIR))
		return lib_fail(s->ks->ctx, -errno, "cannot remove %s/%s: %s", s->dir.path, name,
				strerror(errno));
	return lib_dir_sync(&s->dir);
}

static int is_needed(void *arg, const char *name)
{
	const struct lib_store *s = arg;

	return is_new(name) || is_buried(s, name) || is_unfinished(s, name);
}

static int repair(void *arg, const char *name)
{
	struct lib_store *s = arg;
	struct lib_dir d;
	int ret;

	if (is_new(name) || is_buried(s, name))
		return lib_store_discard(s, name);
	if (!is_unfinished(s, name))
		return 0;
	ret = lib_dir_open(s->ks->ctx, &s->dir, name, &d);
	if (ret)
		return ret;
	ret = lib_store_clean(&d);
	lib_dir_close(&d);
	return ret;
}

/** lib_store_repair() - finish what a killed process has left; nothing of a read-only store */
int lib_store_repair(struct lib_store *s)
{
	int lock = lib_store_lock(s, false);
	int ret;

	if (lock < 0)
		return lock;
	ret = lib_dir_each(&s->dir, is_needed, s);
	lib_unlock(lock);
	if (ret <= 0 || s->ks->read_only)
		return ret < 0 ? ret : 0;
	lock = lib_store_lock(s, true);
	/* Reading needs no repair, and on a read-only file system there is nothing else to do. */
	if (lock < 0)
		return lock == -EROFS ? 0 : lock;
	ret = lib_dir_each(&s->dir, repair, s);
	lib_unlock(lock);
	return ret;
}
