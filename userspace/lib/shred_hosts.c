// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys leave the kernels: of this host at once; other hosts are asked through the log, and answer
 * through it. One that does not answer in time is named, and holds nothing up.
 */
#include <unistd.h>

#include "shred_drop.h"
#include "warrant_volume.h"

#define LOOK_SECONDS	1
#define LOCK_MS		120000	/* an opening unlocks keys, which may take some seconds */

static struct json_object *add_host(struct lib_shred *s, const char *uuid,
				    struct json_object *hosts)
{
	struct json_object *host = lib_make_object(&s->maker, hosts, NULL);

	lib_make_text(&s->maker, host, "Volume", uuid);
	return host;
}

/* ---- this host ---- */

static int close_volume(struct lib_shred *s, const char *uuid)
{
	struct libdmwarrant_close_params p = { .version = LIBDMWARRANT_CLOSE_VERSION };
	struct libdmwarrant_volume_close_result r = {
		.version = LIBDMWARRANT_VOLUME_CLOSE_VERSION,
	};
	int ret = libdmwarrant_volume_close(s->ctx, s->config, uuid, &p, &r);

	/* Closed, though the registry is yet to be told, or the array has rolled back. */
	return ret == -EINPROGRESS || (ret == -ESTALE && r.close.anchor.checkpoint) ? 0 : ret;
}

static int drop_here(struct lib_shred *s, const char *uuid, struct json_object *host)
{
	int ret;

	lib_make_text(&s->maker, host, "Host", s->reg->who.host);
	lib_make_text(&s->maker, host, "HostId", s->reg->who.host_id);
	if (!s->q.target.tag && !close_volume(s, uuid)) {
		lib_make_text(&s->maker, host, "State", SHRED_CLOSED);
		return 0;
	}
	ret = lib_shred_drop(s->ctx, &s->maker, uuid, s->q.target.tag, host);
	if (ret)
		return ret;
	lib_make_text(&s->maker, host, "State", SHRED_DROPPED);
	return 0;
}

/* ---- another host ---- */

/**
 * struct answer - what is looked for in the log: that a host was asked to forget keys, or did
 * @request: UUID text
 * @volume:  likewise
 * @host:    which was asked, or has answered
 * @body:    receives it; NULL = it is not there
 * @when:    likewise
 */
struct answer {
	const char		*request;
	const char		*volume;
	const char		*host;
	struct json_object	*body;
	s64			when;
};

static int find_answer(void *arg, const struct lib_audit_entry *e)
{
	const bool asked = !strcmp(e->kind, SHRED_PURGE);
	struct answer *a = arg;

	if (a->body || strcmp(lib_json_text(e->body, "Request"), a->request) ||
	    strcmp(lib_json_text(e->body, "Volume"), a->volume) ||
	    strcmp(asked ? lib_json_text(e->body, "AskedHost") : e->host, a->host))
		return 0;
	a->body = json_object_get(e->body);
	a->when = e->when;
	return 0;
}

static int find_in_log(struct libdmwarrant_registry *r, const char *kind, struct answer *a)
{
	const char *const kinds[] = { kind, NULL };
	int ret = lib_registry_begin(r, false);

	a->body = NULL;
	return ret ?: lib_registry_end(r, lib_audit_each(r, kinds, find_answer, a));
}

static int ask_host(struct lib_shred *s, const char *uuid, const char *host)
{
	struct answer earlier = { s->q.id, uuid, host, NULL, 0 };
	struct json_object *body;
	int ret = find_in_log(s->reg, SHRED_PURGE, &earlier);

	if (ret || earlier.body) {
		json_object_put(earlier.body);
		return ret;
	}
	body = lib_shred_body(s);
	lib_make_text(&s->maker, body, "Volume", uuid);
	lib_make_number(&s->maker, body, "Tag", s->q.target.tag);
	lib_make_text(&s->maker, body, "AskedHost", host);
	return lib_shred_write(s, SHRED_PURGE, body);
}

/**
 * struct other - another host that may have keys of a volume
 * @v:     volume
 * @uuid:  its text
 * @name:  of the host
 * @taken: the volume was taken over from it: the registry's mark says nothing of it any more
 */
struct other {
	const struct libdmwarrant_record	*v;
	const char				*uuid;
	const char				*name;
	bool					taken;
};

/* Return: 1 = it has answered, or closed the volume; 0 = not yet. */
static int look(struct lib_shred *s, const struct other *other, struct json_object *host)
{
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	struct answer a = { s->q.id, other->uuid, other->name, NULL, 0 };
	int ret = find_in_log(s->reg, SHRED_HOST_PURGED, &a);

	if (!ret && a.body) {
		lib_make_text(&s->maker, host, "State", SHRED_ATTESTED);
		lib_make_time(&s->maker, host, "Time", a.when);
		json_object_put(a.body);
		return 1;
	}
	if (ret || other->taken)
		return ret;
	ret = libdmwarrant_registry_opened(s->reg, other->v->uuid, &o);
	if (ret != -ENXIO)
		return ret;
	lib_make_text(&s->maker, host, "State", SHRED_CLOSED);
	return 1;
}

static void unreached(struct lib_shred *s, const struct other *other, u32 seconds,
		      struct json_object *host)
{
	char text[192];

	snprintf(text, sizeof(text), "%sno answer within %u seconds: keys may be in its memory until it closes the volume or is switched off",
		 other->taken ? "the volume was taken over from it; " : "", seconds);
	lib_make_text(&s->maker, host, "State", SHRED_UNREACHED);
	lib_make_text(&s->maker, host, "Note", text);
}

static int wait_for(struct lib_shred *s, const struct other *other, struct json_object *host)
{
	const u32 seconds = s->params->host_seconds ? s->params->host_seconds :
						      LIBDMWARRANT_SHRED_HOST_SECONDS;
	char text[160];
	int ret = ask_host(s, other->uuid, other->name);
	u32 i;

	lib_make_text(&s->maker, host, "Host", other->name);
	for (i = 0; !ret; i++) {
		ret = look(s, other, host);
		if (ret || i == seconds)
			break;
		snprintf(text, sizeof(text), "waiting for host %s", other->name);
		ret = lib_progress(s->ctx, text, i, seconds);
		sleep(LOOK_SECONDS);
	}
	if (!ret)
		unreached(s, other, seconds, host);
	return ret < 0 ? ret : 0;
}

/* ---- hosts that a volume was taken over from ---- */

#define TAKEN_MAX	16	/* hosts */
#define HOST_SIZE	65

/** struct taken - hosts that have lost a volume, and have not been seen to begin anew since */
struct taken {
	const char	*volume;
	char		hosts[TAKEN_MAX][HOST_SIZE];
	u32		count;
};

static void forget(struct taken *t, const char *host)
{
	u32 i;

	for (i = 0; i < t->count; i++)
		if (!strcmp(t->hosts[i], host)) {
			memmove(t->hosts[i], t->hosts[--t->count], sizeof(t->hosts[0]));
			return;
		}
}

/* Who opens it has either closed it before, or been started anew: a kernel has it once. */
static int take_opened(void *arg, const struct lib_audit_entry *e)
{
	const char *from = lib_json_text(e->body, "TakenOverFrom");
	struct taken *t = arg;

	if (strcmp(lib_json_text(e->body, "Volume"), t->volume))
		return 0;
	forget(t, from);
	if (from[0] && t->count < TAKEN_MAX)
		lib_copy(t->hosts[t->count++], sizeof(t->hosts[0]), from);
	forget(t, e->host);
	return 0;
}

static int visit_taken(struct lib_shred *s, const struct libdmwarrant_record *v, const char *uuid,
		       struct json_object *hosts)
{
	static const char *const kinds[] = { "volume.opened", NULL };
	struct taken t = { .volume = uuid };
	int ret = lib_registry_begin(s->reg, false);
	u32 i;

	ret = ret ?: lib_registry_end(s->reg, lib_audit_each(s->reg, kinds, take_opened, &t));
	for (i = 0; !ret && i < t.count; i++)
		ret = wait_for(s, &(struct other){ v, uuid, t.hosts[i], true },
			       add_host(s, uuid, hosts));
	return ret;
}

/* ---- all ---- */

/* An opening that is under way here ends first; it is seen then, and those to come are refused. */
static int let_open(struct lib_shred *s, const struct libdmwarrant_record *v)
{
	int lock = lib_volume_lock(s->ctx, v->uuid, LOCK_MS);

	lib_volume_unlock(lock);
	return lock < 0 ? lock : 0;
}

/* @host: this one, when the mark of an opening is left that a crash has ended; or NULL */
static void not_open(struct lib_shred *s, struct json_object *o, const char *host)
{
	if (host)
		lib_make_text(&s->maker, o, "Host", host);
	lib_make_text(&s->maker, o, "State", SHRED_NOT_OPEN);
}

/* It may be open here and marked as another's: then it was taken over, and both have the keys. */
static int visit_open(struct lib_shred *s, const struct libdmwarrant_record *v, const char *uuid,
		      struct json_object *hosts)
{
	struct libdmwarrant_status status = { .version = LIBDMWARRANT_STATUS_VERSION };
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	const int here = libdmwarrant_status(s->ctx, uuid, &status);
	const int marked = here && here != -ENXIO ? here :
			   libdmwarrant_registry_opened(s->reg, v->uuid, &o);
	bool elsewhere = !marked &&
			 !(o.flags & (LIBDMWARRANT_OPENED_HERE | LIBDMWARRANT_OPENED_REBOOTED));
	int ret = marked == -ENXIO ? 0 : marked;

	if (!ret && !here)
		ret = drop_here(s, uuid, add_host(s, uuid, hosts));
	if (!ret && elsewhere)
		ret = wait_for(s, &(struct other){ v, uuid, o.host, false },
			       add_host(s, uuid, hosts));
	if (!ret && here && !elsewhere)
		not_open(s, add_host(s, uuid, hosts), marked ? NULL : o.host);
	return ret;
}

static int visit(struct lib_shred *s, const struct libdmwarrant_record *v,
		 struct json_object *hosts)
{
	char uuid[37];

	libdmwarrant_uuid_format(v->uuid, uuid);
	return let_open(s, v) ?: visit_open(s, v, uuid, hosts) ?: visit_taken(s, v, uuid, hosts);
}

/** lib_shred_hosts() - step: no kernel has the keys any more, as far as hosts can be reached */
int lib_shred_hosts(struct lib_shred *s)
{
	struct json_object *body = lib_shred_body(s);
	struct json_object *hosts = lib_make_array(&s->maker, body, "Hosts");
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < s->count; i++)
		ret = visit(s, &s->volumes[i], hosts);
	if (!ret)
		return lib_shred_write(s, SHRED_HOSTS, body);
	json_object_put(body);
	return ret;
}

/**
 * lib_shred_judge_tag() - before anything is begun: would the kernel shred the tag?
 *
 * Sectors of its files that have another tag would stay, sectors of other files would go. That must
 * be put right first.
 */
int lib_shred_judge_tag(struct lib_shred *s)
{
	struct libdmwarrant_status status = { .version = LIBDMWARRANT_STATUS_VERSION };
	struct lib_tag_shred_result r;
	int ret;

	if (!s->q.target.tag)
		return 0;
	ret = libdmwarrant_status(s->ctx, s->q.target.volume, &status);
	if (ret)
		return ret == -ENXIO ? 0 : ret;
	ret = lib_tag_shred(s->ctx, s->q.target.volume, s->q.target.tag, LIB_TAG_SHRED_DRY_RUN, &r);
	if (ret == -EBUSY)
		ret = lib_tag_shred(s->ctx, s->q.target.volume, s->q.target.tag,
				    LIB_TAG_SHRED_DRY_RUN | LIB_TAG_SHRED_UNMOUNTED, &r);
	return ret;
}
