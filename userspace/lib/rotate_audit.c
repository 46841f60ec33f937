// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rotation in the audit log. The log is also what a call that goes on knows from: an epoch that was
 * retired, but whose keys are not recorded as destroyed, still has to be forgotten by the kernel.
 */
#include <openssl/evp.h>

#include "audit.h"
#include "json.h"
#include "rotate.h"

#define STARTED		"rotate.started"
#define RETIRED		"rotate.retired"
#define DESTROYED	"rotate.keys-destroyed"
#define REFUSED		"rotate.refused"

static int no_memory(struct lib_rotate *r)
{
	return lib_fail(r->ctx, -ENOMEM, "not enough memory");
}

/* ---- the rotation's reference ---- */

/**
 * lib_rotate_reference() - what names the rotation that has begun the current epoch
 *
 * The digest of a text that anybody can write down again, so that nothing has to be remembered
 * between the beginning and the end: {"Epoch":2,"Kind":"rotation","Volume":"<uuid>"}.
 */
int lib_rotate_reference(struct lib_rotate *r)
{
	char uuid[37], text[128];

	libdmwarrant_uuid_format(r->v.uuid, uuid);
	snprintf(text, sizeof(text), "{\"Epoch\":%u,\"Kind\":\"rotation\",\"Volume\":\"%s\"}",
		 r->epochs.current, uuid);
	if (EVP_Digest(text, strlen(text), r->out->reference, NULL, EVP_sha256(), NULL))
		return 0;
	return no_memory(r);
}

/* ---- reading ---- */

struct reading {
	struct lib_rotate_log	*log;
	char			uuid[37];
};

static int take_entry(void *arg, const struct lib_audit_entry *e)
{
	struct json_object *volume, *epoch;
	struct reading *w = arg;
	u32 number;

	if (!json_object_object_get_ex(e->body, "Volume", &volume) ||
	    !json_object_object_get_ex(e->body, "Epoch", &epoch) ||
	    strcmp(lib_text(json_object_get_string(volume)).text, w->uuid))
		return 0;
	number = json_object_get_int64(epoch);
	if (!strcmp(e->kind, STARTED))
		w->log->started = max(w->log->started, number);
	else if (!strcmp(e->kind, RETIRED))
		w->log->retired = number;
	else if (number == w->log->retired)
		w->log->retired = 0;
	return 0;
}

/** lib_rotate_log() - what the log says of the volume's epochs */
int lib_rotate_log(struct lib_rotate *r, struct lib_rotate_log *log)
{
	static const char *const kinds[] = { STARTED, RETIRED, DESTROYED, NULL };
	struct reading w = { .log = log };
	int ret = lib_registry_begin(r->reg, false);

	memset(log, 0, sizeof(*log));
	libdmwarrant_uuid_format(r->v.uuid, w.uuid);
	return ret ?: lib_registry_end(r->reg, lib_audit_each(r->reg, kinds, take_entry, &w));
}

/* ---- writing ---- */

static void add_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *name, u64 number)
{
	json_object_object_add(o, name, json_object_new_int64(number));
}

static void add_hex(struct json_object *o, const char *name, const void *p, size_t size)
{
	char text[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	lib_hex(text, p, size);
	add_text(o, name, text);
}

static struct json_object *new_body(struct lib_rotate *r, u32 epoch)
{
	struct json_object *o = json_object_new_object();
	char uuid[37];

	libdmwarrant_uuid_format(r->v.uuid, uuid);
	add_text(o, "Volume", uuid);
	add_text(o, "Warrant", r->out->record.warrant);
	add_number(o, "Epoch", epoch);
	add_hex(o, "Rotation", r->out->reference, sizeof(r->out->reference));
	return o;
}

/* Consumes @body. */
static int append(struct lib_rotate *r, const char *kind, struct json_object *body)
{
	int ret = lib_audit_append(r->reg, kind, body, NULL);

	json_object_put(body);
	return ret;
}

int lib_rotate_log_started(struct lib_rotate *r)
{
	struct json_object *body = new_body(r, r->epochs.current);

	add_number(body, "Keys", r->out->new_keys);
	return append(r, STARTED, body);
}

/* @epoch: that has left the volume, as the anchor of the result has it. */
int lib_rotate_log_retired(struct lib_rotate *r, u32 epoch)
{
	struct json_object *body = new_body(r, epoch);
	char anchor[46];

	libdmwarrant_anchor_format(&r->out->anchor, anchor);
	add_text(body, "Anchor", anchor);
	add_number(body, "Current", r->epochs.current);
	add_number(body, "Shredded", r->out->shredded);
	return append(r, RETIRED, body);
}

int lib_rotate_log_destroyed(struct lib_rotate *r, u32 epoch,
			     const struct libdmwarrant_destroy_result *d)
{
	struct json_object *body = new_body(r, epoch);
	char when[32];

	add_number(body, "Keys", d->keys);
	add_text(body, "KeyStore", libdmwarrant_keystore_uri(r->ks));
	add_number(body, "Tombstone", d->tombstone);
	add_text(body, "Destroyed", lib_time_format(d->time, when));
	return append(r, DESTROYED, body);
}

/* As well as it goes: the refusal itself is what the caller has to be told. */
void lib_rotate_log_refused(struct lib_rotate *r, const char *action)
{
	struct libdmwarrant reason = *r->ctx;
	struct json_object *body;

	if (!r->reg || r->reg->read_only || !r->epochs.current ||
	    (r->params->flags & LIBDMWARRANT_ROTATE_QUIET))
		return;
	body = new_body(r, r->epochs.current);
	add_text(body, "Action", action);
	add_text(body, "Reason", reason.error);
	append(r, REFUSED, body);
	*r->ctx = reason;
}
