// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit log: appending and reading. A transaction that appends verifies the log once, and signs
 * one checkpoint over all that it has appended, as the last thing before it is committed: what is
 * undone was never signed. Of older checkpoints those are kept that somebody else has vouched for.
 */
#include <stdarg.h>

#include "audit_log.h"
#include "etsi.h"
#include "json.h"

static int no_memory(struct libdmwarrant_registry *r)
{
	return lib_fail(r->ctx, -ENOMEM, "not enough memory for the audit log");
}

/* ---- appending ---- */

static bool set(struct json_object *o, const char *name, struct json_object *value)
{
	if (value && !json_object_object_add(o, name, value))
		return true;
	json_object_put(value);
	return false;
}

static bool set_text(struct json_object *o, const char *name, const char *text)
{
	return set(o, name, json_object_new_string(text));
}

/* Return: free() it; NULL = no memory. */
static char *make_entry(const struct libdmwarrant_registry *r, const char *kind,
			struct json_object *body, u64 seq)
{
	struct json_object *o = json_object_new_object();
	char when[32], *json = NULL;

	if (o && set(o, "Body", json_object_get(body)) && set_text(o, "Host", r->who.host) &&
	    set_text(o, "HostId", r->who.host_id) && set_text(o, "Kind", kind) &&
	    set(o, "Seq", json_object_new_int64(seq)) &&
	    set_text(o, "Time", lib_time_format(lib_registry_now(), when)) &&
	    set_text(o, "User", r->who.user) && set(o, "Version", json_object_new_int(1)))
		json = lib_json_canonical(o);
	json_object_put(o);
	return json;
}

/* What cannot be read again must not get in. */
static int check_entry(struct libdmwarrant_registry *r, const char *json)
{
	struct json_object *o;
	int ret = lib_json_parse(r->ctx, "entry of the audit log", json, strlen(json),
				 LIB_AUDIT_ENTRY_MAX, &o);

	if (!ret)
		json_object_put(o);
	return ret;
}

/* Remembered until the transaction ends. */
static int add_news(struct libdmwarrant_registry *r, const char *kind, const u8 *hash)
{
	struct lib_audit_log *log = r->log;
	struct lib_audit_news *more = reallocarray(log->news, log->count + 1, sizeof(*more));

	if (!more)
		return no_memory(r);
	log->news = more;
	more += log->count++;
	more->seq = log->tree.size;
	lib_copy(more->kind, sizeof(more->kind), kind);
	memcpy(more->hash, hash, sizeof(more->hash));
	return 0;
}

static int store(struct libdmwarrant_registry *r, const char *kind, const char *json)
{
	struct lib_audit_log *log = r->log;
	u8 hash[LIB_MERKLE_HASH];
	int ret = check_entry(r, json);

	if (ret)
		return ret;
	lib_merkle_leaf(&log->tree, json, strlen(json), hash);
	ret = lib_sql(r, NULL, NULL, "INSERT INTO audit_entries (seq, entry) VALUES ($1, $2)",
		      lib_number(log->tree.size), lib_text(json)) ?: add_news(r, kind, hash);
	if (!ret)
		lib_merkle_add(&log->tree, hash);
	return ret;
}

/* In a transaction that writes, with the log loaded. */
static int add(struct libdmwarrant_registry *r, const char *kind, struct json_object *body)
{
	char *json;
	int ret;

	if (!r->log->has_signer) {
		ret = lib_signer_open(r, &r->log->signer);
		if (ret)
			return ret;
		r->log->has_signer = true;
	}
	json = make_entry(r, kind, body, r->log->tree.size);
	ret = json ? store(r, kind, json) : no_memory(r);
	free(json);
	return ret;
}

static int append(struct libdmwarrant_registry *r, const char *kind, struct json_object *body,
		  u64 *seq)
{
	int ret = lib_audit_load(r);

	if (ret)
		return ret;
	if (seq)
		*seq = r->log->tree.size;
	return add(r, kind, body);
}

int lib_audit_append(struct libdmwarrant_registry *r, const char *kind, struct json_object *body,
		     u64 *seq)
{
	int ret;

	if (!lib_audit_is_kind(kind) || !json_object_is_type(body, json_type_object))
		return lib_fail(r->ctx, -EINVAL, "bad kind or body of an entry of the audit log");
	if (r->transaction == LIB_TRANSACTION_WRITE)
		return append(r, kind, body, seq);
	ret = lib_registry_begin(r, true);
	return ret ?: lib_registry_end(r, append(r, kind, body, seq));
}

int lib_audit_say(struct libdmwarrant_registry *r, const char *kind, ...)
{
	struct json_object *body = json_object_new_object();
	const char *name, *text;
	bool made = body;
	va_list args;
	int ret;

	va_start(args, kind);
	while (made && (name = va_arg(args, const char *))) {
		text = va_arg(args, const char *);
		made = !text || set_text(body, name, text);
	}
	va_end(args);
	ret = made ? lib_audit_append(r, kind, body, NULL) : no_memory(r);
	json_object_put(body);
	return ret;
}

/* ---- signing ---- */

static int store_checkpoint(struct libdmwarrant_registry *r, const char *note)
{
	u64 size = r->log->tree.size;

	return lib_sql(r, NULL, NULL,
		       "DELETE FROM audit_checkpoints WHERE size NOT IN (SELECT size FROM audit_attestations)") ?:
		lib_sql(r, NULL, NULL,
			"INSERT INTO audit_checkpoints (size, note) VALUES ($1, $2)",
			lib_number(size), lib_text(note));
}

int lib_audit_sign(struct libdmwarrant_registry *r)
{
	struct lib_audit_log *log = r->log;
	u8 root[LIB_MERKLE_HASH];
	char *note;
	int ret;

	if (!log || !log->has_signer)
		return 0;
	if (lib_merkle_root(&log->tree, root))
		return no_memory(r);
	note = lib_checkpoint_sign(r->ctx, &log->signer, log->key.name, log->tree.size, root);
	if (!note)
		return -ENOMEM;
	ret = store_checkpoint(r, note);
	free(note);
	lib_signer_close(&log->signer);
	log->has_signer = false;
	return ret;
}

void lib_audit_end(struct libdmwarrant_registry *r, bool committed)
{
	size_t i;

	for (i = 0; committed && r->log && i < r->log->count; i++)
		lib_audit_tell(r, &r->log->news[i]);
	if (committed && r->log)
		r->ctx->audited += r->log->count;
	lib_audit_log_free(r);
}

/* ---- reading ---- */

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_object_get(o, name);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

static bool take_entry(struct json_object *o, struct lib_audit_entry *e)
{
	const char *when = text_of(o, "Time");
	s64 us;

	e->kind = text_of(o, "Kind");
	e->user = text_of(o, "User");
	e->host = text_of(o, "Host");
	e->body = json_object_object_get(o, "Body");
	if (!e->kind || !e->user || !e->host || !when || lib_etsi_time(when, &us) ||
	    !json_object_is_type(e->body, json_type_object) ||
	    json_object_get_int64(json_object_object_get(o, "Version")) != 1)
		return false;
	e->when = us / 1000000;
	e->seq = json_object_get_int64(json_object_object_get(o, "Seq"));
	return true;
}

int lib_audit_entry_read(struct libdmwarrant *ctx, struct lib_merkle *m, const char *json,
			 lib_audit_fn fn, void *arg)
{
	struct lib_audit_entry e = { .json = json };
	struct json_object *o;
	int ret = lib_json_parse(ctx, "entry of the audit log", json, strlen(json),
				 LIB_AUDIT_ENTRY_MAX, &o);

	if (ret)
		return ret;
	lib_merkle_leaf(m, json, strlen(json), e.hash);
	/* Verified text of ours has all of these; a newer release's might not. */
	if (take_entry(o, &e))
		ret = fn(arg, &e);
	else
		ret = lib_fail(ctx, -EPROTONOSUPPORT,
			       "the audit log has an entry that this dm-warrant does not know; use a newer one");
	json_object_put(o);
	return ret;
}

/**
 * struct reader - entries being handed out
 * @kinds: wanted
 */
struct reader {
	struct libdmwarrant_registry	*r;
	const char *const		*kinds;
	lib_audit_fn			fn;
	void				*arg;
};

static bool is_wanted(const struct reader *d, const char *kind)
{
	const char *const *k;
	size_t n;

	if (!d->kinds)
		return true;
	for (k = d->kinds; *k; k++) {
		n = strlen(*k);
		if (n && (*k)[n - 1] == '.' ? !strncmp(kind, *k, n) : !strcmp(kind, *k))
			return true;
	}
	return false;
}

static int choose(void *arg, const struct lib_audit_entry *e)
{
	const struct reader *d = arg;

	return is_wanted(d, e->kind) ? d->fn(d->arg, e) : 0;
}

static int read_entry(void *arg, const struct lib_value *row)
{
	struct reader *d = arg;

	return lib_audit_entry_read(d->r->ctx, &d->r->log->tree, lib_text(row[0].text).text,
				    choose, d);
}

static int each(struct reader *d)
{
	int ret = lib_audit_load(d->r);

	return ret ?: lib_sql(d->r, read_entry, d,
			      "SELECT entry FROM audit_entries ORDER BY seq");
}

int lib_audit_each(struct libdmwarrant_registry *r, const char *const *kinds, lib_audit_fn fn,
		   void *arg)
{
	struct reader d = { .r = r, .kinds = kinds, .fn = fn, .arg = arg };
	int ret;

	if (r->transaction)
		return each(&d);
	ret = lib_registry_begin(r, false);
	if (ret)
		return ret;
	ret = each(&d);
	/* A walk that was ended by @fn has failed in nothing; reading has nothing to undo. */
	return lib_registry_end(r, ret > 0 ? 0 : ret) ?: ret;
}

static int head(struct libdmwarrant_registry *r, struct lib_audit_head *h)
{
	struct lib_audit_stored *all;
	size_t count;
	int ret = lib_audit_load(r) ?: lib_audit_sign(r) ?: lib_audit_checkpoints(r, &all, &count);

	if (ret)
		return ret;
	h->size = all[count - 1].cp.size;
	memcpy(h->root, all[count - 1].cp.root, sizeof(h->root));
	h->note = all[count - 1].note;
	lib_audit_stored_free(all, count - 1);
	return 0;
}

int lib_audit_head(struct libdmwarrant_registry *r, struct lib_audit_head *h)
{
	int ret;

	if (r->transaction)
		return head(r, h);
	ret = lib_registry_begin(r, false);
	return ret ?: lib_registry_end(r, head(r, h));
}
