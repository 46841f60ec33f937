// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Other secrets for the same keys.
 *
 * libcryptsetup changes a header in place, and wipes a slot before it strikes it out: a kill in
 * between would leave neither the old nor the new state. So a copy is changed and then renamed over
 * the header, which is the commit; the old header, which the old secrets still open, keeps a second
 * name until it is wiped.
 */
#include <unistd.h>

#include "store.h"

struct rewrap {
	struct lib_held				*h;
	enum libdmwarrant_rewrap		what;
	const struct libdmwarrant_unlock	*unlock;
	const struct lib_secret			*secret;
	int					slot;
};

static int change(struct rewrap *r, struct lib_luks *l)
{
	const struct lib_unlocked *u = r->h->unlocked;
	int ret = 0;

	if (r->what != LIBDMWARRANT_REWRAP_REMOVE)
		ret = lib_luks_method_add(l, u->kek, r->unlock, r->secret, &r->slot);
	if (!ret && r->what != LIBDMWARRANT_REWRAP_ADD)
		ret = lib_luks_method_remove(l, r->what == LIBDMWARRANT_REWRAP_CHANGE ? u->slot :
					     r->slot);
	return ret ? ret : lib_luks_rewraps_set(l, lib_luks_rewraps(l) + 1);
}

static int make_copy(struct rewrap *r)
{
	struct lib_held *h = r->h;
	struct lib_luks l;
	int ret;

	ret = lib_file_copy(&h->dir, STORE_HEADER, STORE_HEADER_NEW);
	if (ret)
		return ret;
	ret = lib_luks_load(&h->dir, STORE_HEADER_NEW, &l);
	if (!ret)
		ret = change(r, &l);
	lib_luks_free(&l);
	return ret;
}

static int commit(struct lib_held *h)
{
	int ret;

	if (linkat(h->dir.fd, STORE_HEADER, h->dir.fd, STORE_HEADER_OLD, 0))
		return lib_fail(h->store->ks->ctx, -errno,
				"cannot keep the old header of %s until it is wiped: %s; the store needs a file system with hard links",
				h->dir.path, strerror(errno));
	ret = lib_file_rename(&h->dir, STORE_HEADER_NEW, STORE_HEADER);
	return ret ? ret : lib_file_wipe(&h->dir, STORE_HEADER_OLD, NULL);
}

static int rewrap(struct rewrap *r)
{
	struct lib_held *h = r->h;
	struct libdmwarrant reason;
	int ret;

	ret = make_copy(r);
	if (!ret)
		ret = commit(h);
	if (ret) {
		reason = *h->store->ks->ctx;
		lib_store_clean(&h->dir);
		*h->store->ks->ctx = reason;
	} else if (r->what == LIBDMWARRANT_REWRAP_CHANGE) {
		h->unlocked->slot = r->slot;
	}
	return ret;
}

int lib_store_rewrap(struct libdmwarrant_keystore *ks, const u8 *warrant,
		     enum libdmwarrant_rewrap what, const struct libdmwarrant_unlock *unlock,
		     u32 slot)
{
	struct lib_secret secret = { 0 };
	struct lib_held h;
	struct rewrap r = { &h, what, unlock, &secret, slot };
	int ret;

	if (unlock) {
		ret = lib_unlock_read(ks->ctx, unlock, true, &secret);
		if (ret)
			return ret;
	}
	ret = lib_held_begin(ks->store, warrant, true, &h);
	if (!ret)
		ret = lib_held_open(&h);
	if (!ret)
		ret = rewrap(&r);
	lib_held_end(&h);
	lib_unlock_free(&secret);
	return ret;
}
