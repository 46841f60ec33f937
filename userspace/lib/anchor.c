// SPDX-License-Identifier: GPL-2.0-or-later
/* Anchors: the newest checkpoints, remembered off the array, so that no rollback goes unnoticed. */
#include "audit.h"
#include "json.h"
#include "registry.h"

#define REASON_MAX	2000	/* bytes */

/**
 * struct newest - the anchor that counts
 * @place:  in the volume's history; 0 = none yet
 * @bad:    its salt is none
 */
struct newest {
	struct libdmwarrant_anchor	anchor;
	s64				place;
	s64				when;
	char				host[65];
	bool				bad;
};

static bool take_salt(struct libdmwarrant_anchor *a, const char *text)
{
	return text && strlen(text) == 2 * LIBDMWARRANT_SALT_SIZE &&
	       !lib_unhex(a->salt, text, LIBDMWARRANT_SALT_SIZE);
}

static int take_newest(void *arg, const struct lib_value *row)
{
	struct newest *n = arg;

	n->place = row[0].number;
	n->anchor.checkpoint = row[1].number;
	n->bad = !take_salt(&n->anchor, row[2].text);
	n->when = row[3].number;
	lib_copy(n->host, sizeof(n->host), lib_text(row[4].text).text);
	return 0;
}

static int fail_damaged(struct libdmwarrant_registry *r, const char *volume)
{
	return lib_fail(r->ctx, -EUCLEAN,
			"the registry %s is damaged: an anchor of volume %s is none; restore it from a backup",
			r->place, volume);
}

static int find_newest(struct libdmwarrant_registry *r, const char *volume, struct newest *n)
{
	int ret;

	memset(n, 0, sizeof(*n));
	ret = lib_sql(r, take_newest, n,
		      "SELECT place, checkpoint, salt, made, by_host FROM anchors WHERE volume = $1 ORDER BY place DESC LIMIT 1",
		      lib_text(volume));
	if (!ret && n->bad)
		ret = fail_damaged(r, volume);
	return ret;
}

/* ---- remembering ---- */

static int check_anchor(struct libdmwarrant_registry *r, const struct libdmwarrant_anchor *a)
{
	if (a->checkpoint && a->checkpoint <= INT64_MAX)
		return 0;
	return lib_fail(r->ctx, -EINVAL, "there is no checkpoint %llu",
			(unsigned long long)a->checkpoint);
}

static int store(struct libdmwarrant_registry *r, const char *volume,
		 const struct libdmwarrant_anchor *a, s64 place, const char *reason)
{
	char salt[2 * LIBDMWARRANT_SALT_SIZE + 1];

	lib_hex(salt, a->salt, LIBDMWARRANT_SALT_SIZE);
	return lib_sql(r, NULL, NULL,
		       "INSERT INTO anchors (volume, place, checkpoint, salt, made, by_user, by_host, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		       lib_text(volume), lib_number(place), lib_number(a->checkpoint),
		       lib_text(salt), lib_number(lib_registry_now()), lib_text(r->who.user),
		       lib_text(r->who.host), lib_text(reason)) ?:
		lib_sql(r, NULL, NULL,
			"DELETE FROM anchors WHERE volume = $1 AND reason = '' AND place <= $2",
			lib_text(volume), lib_number(place - LIBDMWARRANT_ANCHORS_KEPT));
}

static int rolled_back(struct libdmwarrant_registry *r, const char *volume,
		       const struct newest *n, const struct libdmwarrant_anchor *a)
{
	char known[46], shown[46], when[32];

	libdmwarrant_anchor_format(&n->anchor, known);
	libdmwarrant_anchor_format(a, shown);
	return lib_fail(r->ctx, -ESTALE,
			"volume %s shows checkpoint %s, but %s was remembered at %s by %s: the LUN was rolled back or exchanged; do not use it, find out what the array did",
			volume, shown, known, lib_time_format(n->when, when), n->host);
}

static int set(struct libdmwarrant_registry *r, const u8 *uuid,
	       const struct libdmwarrant_anchor *a)
{
	char text[37], state[16];
	struct newest n;
	int ret = lib_volume_known(r, uuid, text, state) ?: find_newest(r, text, &n);

	if (ret)
		return ret;
	if (n.place && a->checkpoint == n.anchor.checkpoint &&
	    !memcmp(a->salt, n.anchor.salt, LIBDMWARRANT_SALT_SIZE))
		return 0;
	/* Numbers only grow, in whichever activation: the same one twice is a fork. */
	if (n.place && a->checkpoint <= n.anchor.checkpoint)
		return rolled_back(r, text, &n, a);
	return store(r, text, a, n.place + 1, "");
}

int libdmwarrant_registry_anchor_set(struct libdmwarrant_registry *r,
				     const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				     const struct libdmwarrant_anchor *anchor)
{
	int ret = check_anchor(r, anchor) ?: lib_registry_begin(r, true);

	return ret ?: lib_registry_end(r, set(r, uuid, anchor));
}

static int accept_older(struct libdmwarrant_registry *r, const u8 *uuid,
			const struct libdmwarrant_anchor *a, const char *reason)
{
	char text[37], state[16], newest[46], accepted[46];
	struct newest n = { 0 };
	int ret = lib_volume_known(r, uuid, text, state) ?: find_newest(r, text, &n);

	libdmwarrant_anchor_format(&n.anchor, newest);
	libdmwarrant_anchor_format(a, accepted);
	return ret ?: store(r, text, a, n.place + 1, reason) ?:
		lib_audit_say(r, "anchor.accepted", "Volume", text, "Anchor", accepted,
			      "Newest", n.place ? newest : NULL, "Reason", reason, NULL);
}

int libdmwarrant_registry_anchor_accept(struct libdmwarrant_registry *r,
					const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
					const struct libdmwarrant_anchor *anchor,
					const char *reason)
{
	int ret = check_anchor(r, anchor);

	if (ret)
		return ret;
	if (!reason || !reason[0] || strlen(reason) > REASON_MAX ||
	    lib_utf8_length(reason, strlen(reason)) < 0)
		return lib_fail(r->ctx, -EINVAL,
				"accepting a rollback needs a reason, UTF-8 text of at most %u bytes",
				REASON_MAX);
	ret = lib_registry_begin(r, true);
	return ret ?: lib_registry_end(r, accept_older(r, uuid, anchor, reason));
}

/* ---- looking ---- */

static int get(struct libdmwarrant_registry *r, const u8 *uuid, struct newest *n)
{
	char text[37], state[16];

	return lib_volume_known(r, uuid, text, state) ?: find_newest(r, text, n);
}

int libdmwarrant_registry_anchor_get(struct libdmwarrant_registry *r,
				     const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				     struct libdmwarrant_anchor *anchor, int64_t *when,
				     char host[65])
{
	struct newest n;
	int ret = lib_registry_begin(r, false);

	if (!ret)
		ret = lib_registry_end(r, get(r, uuid, &n));
	if (ret)
		return ret;
	*anchor = n.anchor;
	if (when)
		*when = n.when;
	if (host)
		lib_copy(host, sizeof(n.host), n.host);
	return 0;
}

struct entries {
	struct libdmwarrant_anchor_entry	*e;
	size_t					count;
};

static int keep_entry(void *arg, const struct lib_value *row)
{
	struct libdmwarrant_anchor_entry *more, *e;
	struct entries *all = arg;

	more = reallocarray(all->e, all->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	all->e = more;
	e = &more[all->count++];
	memset(e, 0, sizeof(*e));
	e->anchor.checkpoint = row[0].number;
	e->when = row[2].number;
	e->host = strdup(lib_text(row[3].text).text);
	e->reason = strdup(lib_text(row[4].text).text);
	if (!e->host || !e->reason)
		return -ENOMEM;
	return take_salt(&e->anchor, row[1].text) ? 0 : -EBADMSG;
}

static int collect(struct libdmwarrant_registry *r, const u8 *uuid, struct entries *all)
{
	char text[37], state[16];
	int ret = lib_volume_known(r, uuid, text, state);

	if (ret)
		return ret;
	ret = lib_sql(r, keep_entry, all,
		      "SELECT checkpoint, salt, made, by_host, reason FROM anchors WHERE volume = $1 ORDER BY place DESC",
		      lib_text(text));
	if (ret == -EBADMSG)
		return fail_damaged(r, text);
	if (ret == -ENOMEM)
		return lib_fail(r->ctx, ret, "not enough memory for the anchors");
	return ret;
}

int libdmwarrant_registry_anchor_history(struct libdmwarrant_registry *r,
					 const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
					 int (*fn)(void *arg,
						   const struct libdmwarrant_anchor_entry *e),
					 void *arg)
{
	struct entries all = { 0 };
	size_t i;
	int ret = lib_registry_begin(r, false);

	if (!ret)
		ret = lib_registry_end(r, collect(r, uuid, &all));
	for (i = 0; !ret && i < all.count; i++)
		if (fn(arg, &all.e[i]))
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	for (i = 0; i < all.count; i++) {
		free((char *)all.e[i].host);
		free((char *)all.e[i].reason);
	}
	free(all.e);
	return ret;
}
