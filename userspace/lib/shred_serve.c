// SPDX-License-Identifier: GPL-2.0-or-later
/* The other side of shred_hosts.c: a host is asked to forget keys, does so, and says so. */
#include "shred_drop.h"

int lib_shred_drop(struct libdmwarrant *ctx, struct lib_maker *m, const char *uuid, u32 tag,
		   struct json_object *into)
{
	static const char *const checks[] = {
		[LIB_SHRED_UNKNOWN] = "unknown: a file system is not mounted",
		[LIB_SHRED_CLEAN] = "they are the tag's files', and these have no others",
		[LIB_SHRED_NO_FILES] = "there is no file system on the volume",
	};
	struct lib_tag_shred_result r;
	int ret;

	if (!tag)
		return lib_volume_keys_forget(ctx, uuid);
	ret = lib_tag_shred(ctx, uuid, tag, 0, &r);
	if (ret == -EBUSY)
		ret = lib_tag_shred(ctx, uuid, tag, LIB_TAG_SHRED_UNMOUNTED, &r);
	if (ret)
		return ret;
	lib_make_text(m, into, "SectorsChecked", checks[r.check]);
	lib_make_number(m, into, "Sectors", r.sectors);
	lib_make_number(m, into, "Written", r.written);
	return 0;
}

#define ASKED_MAX	64	/* requests at one look; the rest at the next */

/** struct asked - what is wanted of this host's kernel, and not done yet */
struct asked {
	const char	*volume;
	const char	*host;		/* this one's name: answers of others are not its own */
	struct {
		char	request[37];
		u32	tag;
	} list[ASKED_MAX];
	u32		count;
};

static u32 find_request(const struct asked *a, const char *request)
{
	u32 i;

	for (i = 0; i < a->count; i++)
		if (!strcmp(a->list[i].request, request))
			break;
	return i;
}

static int take(void *arg, const struct lib_audit_entry *e)
{
	const char *request = lib_json_text(e->body, "Request");
	struct asked *a = arg;
	u32 i = find_request(a, request);

	if (strcmp(lib_json_text(e->body, "Volume"), a->volume))
		return 0;
	if (strcmp(e->kind, SHRED_PURGE)) {
		if (i < a->count && !strcmp(e->host, a->host))
			a->list[i] = a->list[--a->count];
	} else if (i == a->count && i < ASKED_MAX) {
		lib_copy(a->list[i].request, sizeof(a->list[i].request), request);
		a->list[i].tag = lib_json_number(e->body, "Tag");
		a->count++;
	}
	return 0;
}

static int find_asked(struct libdmwarrant_registry *r, struct asked *a)
{
	static const char *const kinds[] = { SHRED_PURGE, SHRED_HOST_PURGED, NULL };
	int ret = lib_registry_begin(r, false);

	return ret ?: lib_registry_end(r, lib_audit_each(r, kinds, take, a));
}

/* The log alone is not enough: what is asked must be what officers have approved, and was begun. */
static int check_asked(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg,
		       const char *volume, const char *request, u32 tag)
{
	struct lib_request q = { 0 };
	int ret = lib_registry_begin(reg, false);

	if (!ret)
		ret = lib_registry_end(reg, lib_control_get(reg, request, &q));
	if (ret)
		return ret;
	if ((q.state != LIBDMWARRANT_REQUEST_EXECUTING && q.state != LIBDMWARRANT_REQUEST_DONE) ||
	    q.target.tag != tag || (q.target.volume[0] && strcmp(q.target.volume, volume)))
		ret = lib_fail(ctx, -EUCLEAN,
			       "this host is asked to forget keys of volume %s that request %s is not about, or that was not begun; nothing is done",
			       volume, request);
	lib_request_release(&q);
	return ret;
}

static int serve_one(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg,
		     const char *volume, const char *request, u32 tag)
{
	struct lib_maker m = { 0 };
	struct json_object *body;
	int ret = check_asked(ctx, reg, volume, request, tag);

	if (ret)
		return ret;
	body = lib_make_object(&m, NULL, NULL);
	lib_make_text(&m, body, "Request", request);
	lib_make_text(&m, body, "Volume", volume);
	lib_make_number(&m, body, "Tag", tag);
	lib_make_text(&m, body, "BootId", reg->who.boot_id);
	ret = lib_shred_drop(ctx, &m, volume, tag, body);
	if (!ret && m.failed)
		ret = lib_fail(ctx, -ENOMEM, "not enough memory");
	if (!ret)
		ret = lib_audit_append(reg, SHRED_HOST_PURGED, body, NULL);
	json_object_put(body);
	return ret;
}

int lib_shred_serve(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg, const u8 *uuid)
{
	char volume[37];
	struct asked a = { .volume = volume, .host = reg->who.host };
	struct libdmwarrant reason;
	int ret, failed = 0;
	u32 i;

	libdmwarrant_uuid_format(uuid, volume);
	ret = find_asked(reg, &a);
	if (ret)
		return ret;
	/* One that is wrong keeps no other from being done. */
	for (i = 0; i < a.count; i++) {
		ret = serve_one(ctx, reg, volume, a.list[i].request, a.list[i].tag);
		if (!ret || failed)
			continue;
		failed = ret;
		reason = *ctx;
	}
	if (failed)
		memcpy(ctx->error, reason.error, sizeof(reason.error));
	return failed ? failed : (int)a.count;
}
