// SPDX-License-Identifier: GPL-2.0-or-later
/* Room for a warrant: made under another name, then renamed. */
#include "store.h"

#define HEADER_START	4096	/* libcryptsetup wants a file that is not empty; it grows */

/* What is needed to make one. */
struct making {
	struct lib_store			*store;
	const u8				*warrant;
	const struct libdmwarrant_unlock	*unlock;
	struct lib_secret			secret;
	struct lib_dir				dir;
	struct lib_luks				luks;
	u8					*kek;
	u8					*rolling;
	int					slot;
	int					rolling_slot;
};

static int make_header(struct making *m)
{
	static const u8 start[HEADER_START];
	int ret;

	ret = lib_file_write(&m->dir, STORE_HEADER, start, sizeof(start));
	if (!ret)
		ret = lib_luks_format(&m->dir, STORE_HEADER, m->warrant, m->kek, &m->luks);
	if (!ret)
		ret = lib_luks_method_add(&m->luks, m->kek, m->unlock, &m->secret, &m->slot);
	if (!ret)
		ret = lib_luks_rolling_add(&m->luks, m->warrant, m->kek, m->rolling,
					   &m->rolling_slot);
	lib_luks_free(&m->luks);
	return ret;
}

static int make_keys(struct making *m)
{
	const struct lib_tombstones *t = &m->store->tombstones;
	struct lib_sealed sealed;
	int ret;

	ret = lib_sealed_init(m->store->ks->ctx, &sealed, 0, 0);
	if (!ret) {
		memcpy(sealed.warrant, m->warrant, sizeof(sealed.warrant));
		sealed.generation = 1;
		sealed.changed = dmw_host_time(NULL);
		sealed.slot = m->rolling_slot;
		sealed.tombstones = t->number;
		memcpy(sealed.head, t->heads[t->number], sizeof(sealed.head));
		ret = lib_sealed_write(&m->dir, STORE_KEYS, &sealed, m->rolling);
	}
	lib_sealed_free(&sealed);
	return ret;
}

static int make_all(struct making *m, const char *name)
{
	struct lib_store *s = m->store;
	int ret;

	ret = lib_dir_make(&s->dir, name);
	if (!ret)
		ret = lib_dir_open(s->ks->ctx, &s->dir, name, &m->dir);
	if (!ret)
		ret = make_header(m);
	if (!ret)
		ret = make_keys(m);
	return ret ? ret : lib_dir_sync(&m->dir);
}

/* Locked. The error is kept that has made it necessary to clean up. */
static int make_and_rename(struct making *m)
{
	struct lib_store *s = m->store;
	char name[37], temporary[48];
	struct libdmwarrant reason;
	int ret;

	libdmwarrant_uuid_format(m->warrant, name);
	snprintf(temporary, sizeof(temporary), STORE_NEW "%s", name);
	ret = lib_store_discard(s, temporary);
	if (ret)
		return ret;
	ret = make_all(m, temporary);
	lib_dir_close(&m->dir);
	if (!ret)
		ret = lib_file_rename(&s->dir, temporary, name);
	if (ret) {
		reason = *s->ks->ctx;
		lib_store_discard(s, temporary);
		*s->ks->ctx = reason;
	}
	return ret;
}

static int check_free(struct making *m)
{
	struct lib_store *s = m->store;
	const struct libdmwarrant_tombstone *t;
	char name[37];

	t = lib_tombstones_scope(&s->tombstones, LIBDMWARRANT_DESTROY_WARRANT, m->warrant, 0);
	if (t)
		return lib_destroyed(s, t, "the keys of this warrant were");
	libdmwarrant_uuid_format(m->warrant, name);
	if (lib_dir_has(&s->dir, name))
		return lib_fail(s->ks->ctx, -EEXIST, "key store %s has warrant %s already",
				s->dir.path, name);
	return 0;
}

static int create_locked(struct making *m)
{
	int lock = lib_store_lock(m->store, true);
	int ret;

	if (lock < 0)
		return lock;
	ret = check_free(m);
	if (!ret) {
		dmw_host_random(NULL, m->kek, LIB_KEK_SIZE);
		dmw_host_random(NULL, m->rolling, DMW_KEY_SIZE);
		ret = make_and_rename(m);
	}
	lib_unlock(lock);
	return ret;
}

static int create(struct making *m)
{
	int ret;

	m->kek = lib_secret_alloc(LIB_KEK_SIZE);
	m->rolling = lib_secret_alloc(DMW_KEY_SIZE);
	if (m->kek && m->rolling)
		ret = create_locked(m);
	else
		ret = lib_fail(m->store->ks->ctx, -ENOMEM,
			       "cannot get locked memory for keys; raise RLIMIT_MEMLOCK (ulimit -l) or run as root");
	lib_secret_free(m->rolling, DMW_KEY_SIZE);
	if (!ret)
		return lib_unlocked_add(m->store, m->warrant, m->kek, m->slot);
	lib_secret_free(m->kek, LIB_KEK_SIZE);
	return ret;
}

int lib_store_create_warrant(struct libdmwarrant_keystore *ks, const u8 *warrant,
			     const struct libdmwarrant_unlock *unlock)
{
	struct making m = {
		.store = ks->store,
		.warrant = warrant,
		.unlock = unlock,
		.dir = { .fd = -1 },
	};
	int ret = lib_unlock_read(ks->ctx, unlock, true, &m.secret);

	if (ret)
		return ret;
	ret = create(&m);
	lib_unlock_free(&m.secret);
	return ret;
}
