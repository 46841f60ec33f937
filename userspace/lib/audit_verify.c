// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying the audit log: all entries against all signed checkpoints. */
#include <stdarg.h>

#include "audit_log.h"
#include "json.h"

/** lib_audit_altered() - the log does not fit; how. Return: -EUCLEAN */
int lib_audit_altered(struct libdmwarrant_registry *r, const char *fmt, ...)
{
	char how[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(how, sizeof(how), fmt, args);
	va_end(args);
	return lib_fail(r->ctx, -EUCLEAN,
			"the audit log of the registry %s was altered or is damaged: %s; keep a copy of it, compare it with what was exported, and restore a backup",
			r->place, how);
}

/** lib_audit_is_kind() - "hold.placed": letters, digits, dots and dashes */
bool lib_audit_is_kind(const char *kind)
{
	size_t n = strlen(kind);

	return n && n < LIB_AUDIT_KIND_SIZE &&
	       strspn(kind, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == n;
}

/* ---- stored checkpoints ---- */

struct collect {
	struct libdmwarrant_registry	*r;
	struct lib_audit_stored		*all;
	size_t				count;
};

static int keep_checkpoint(void *arg, const struct lib_value *row)
{
	struct collect *c = arg;
	struct lib_audit_stored *more, *s;

	if (!row[1].text)
		return lib_audit_altered(c->r, "a checkpoint is no text");
	more = reallocarray(c->all, c->count + 1, sizeof(*more));
	if (!more)
		return lib_fail(c->r->ctx, -ENOMEM, "not enough memory for the audit log");
	c->all = more;
	s = &more[c->count];
	s->note = strdup(row[1].text);
	if (!s->note)
		return lib_fail(c->r->ctx, -ENOMEM, "not enough memory for the audit log");
	c->count++;
	if (lib_checkpoint_parse(c->r->ctx, s->note, strlen(s->note), &s->cp) ||
	    row[0].text || row[0].number < 0 || s->cp.size != (u64)row[0].number)
		return lib_audit_altered(c->r, "the checkpoint of %lld entries is none",
					 (long long)row[0].number);
	return 0;
}

void lib_audit_stored_free(struct lib_audit_stored *all, size_t count)
{
	while (count)
		free(all[--count].note);
	free(all);
}

int lib_audit_checkpoints(struct libdmwarrant_registry *r, struct lib_audit_stored **all,
			  size_t *count)
{
	struct collect c = { .r = r };
	int ret = lib_sql(r, keep_checkpoint, &c,
			  "SELECT size, note FROM audit_checkpoints ORDER BY size");

	if (ret) {
		lib_audit_stored_free(c.all, c.count);
		return ret;
	}
	*all = c.all;
	*count = c.count;
	return 0;
}

/* ---- the key ---- */

static const char *key_text(struct json_object *o)
{
	struct json_object *body, *kind, *text;

	if (!json_object_is_type(o, json_type_object))
		return NULL;
	kind = json_object_object_get(o, "Kind");
	body = json_object_object_get(o, "Body");
	if (!json_object_is_type(kind, json_type_string) ||
	    strcmp(json_object_get_string(kind), LIB_AUDIT_BEGUN) ||
	    !json_object_is_type(body, json_type_object))
		return NULL;
	text = json_object_object_get(body, "Key");
	return json_object_is_type(text, json_type_string) ? json_object_get_string(text) : NULL;
}

/** lib_audit_take_key() - the verifier key that a log's first entry names. Return: 0 or -EBADMSG */
int lib_audit_take_key(struct libdmwarrant *ctx, const char *json, struct lib_verifier *key)
{
	struct json_object *o;
	const char *text;
	int ret = -EBADMSG;

	if (lib_json_parse(ctx, "audit log", json, strlen(json), LIB_AUDIT_ENTRY_MAX, &o))
		return -EBADMSG;
	text = key_text(o);
	if (text && !lib_verifier_parse(ctx, text, key) && key->type == LIB_NOTE_ED25519)
		ret = 0;
	json_object_put(o);
	return ret;
}

/* With the key's file at hand, a log that somebody made anew under another key is noticed. */
static int check_key_file(struct libdmwarrant_registry *r)
{
	struct lib_signer s;
	int ret;

	if (lib_signer_open(r, &s))
		return 0;
	ret = memcmp(s.public_key, r->log->key.public_key, LIB_KEY_SIZE);
	lib_signer_close(&s);
	return ret ? lib_audit_altered(r, "its key is not that of the signing key's file") : 0;
}

/* ---- entries ---- */

/**
 * struct walk - entries being hashed
 * @all:   stored checkpoints
 * @count: of them
 * @next:  the first of them that the tree has not reached
 */
struct walk {
	struct libdmwarrant_registry	*r;
	struct lib_audit_stored		*all;
	size_t				count;
	size_t				next;
};

static int check_root(struct walk *w)
{
	const struct lib_checkpoint *cp = &w->all[w->next].cp;
	u8 root[LIB_MERKLE_HASH];

	if (lib_merkle_root(&w->r->log->tree, root))
		return lib_fail(w->r->ctx, -ENOMEM, "not enough memory for the audit log");
	if (memcmp(root, cp->root, sizeof(root)))
		return lib_audit_altered(w->r, "its first %llu entries are not those of its checkpoint",
					 (unsigned long long)cp->size);
	if (strcmp(cp->origin, w->r->log->key.name))
		return lib_audit_altered(w->r, "a checkpoint is that of another log");
	w->next++;
	return 0;
}

static int one_entry(void *arg, const struct lib_value *row)
{
	struct walk *w = arg;
	struct lib_audit_log *log = w->r->log;
	u8 hash[LIB_MERKLE_HASH];

	if (row[0].text || row[0].number != (s64)log->tree.size || !row[1].text)
		return lib_audit_altered(w->r, "entry %llu is missing or is none",
					 (unsigned long long)log->tree.size);
	if (!log->tree.size && lib_audit_take_key(w->r->ctx, row[1].text, &log->key))
		return lib_audit_altered(w->r, "entry 0 does not say whose log it is");
	lib_merkle_leaf(&log->tree, row[1].text, strlen(row[1].text), hash);
	lib_merkle_add(&log->tree, hash);
	if (w->next < w->count && w->all[w->next].cp.size == log->tree.size)
		return check_root(w);
	return 0;
}

static int check_newest(struct walk *w)
{
	const struct lib_checkpoint *cp = w->count ? &w->all[w->count - 1].cp : NULL;
	u64 size = w->r->log->tree.size;

	if (!cp || !size)
		return lib_audit_altered(w->r, "there is no %s", cp ? "entry" : "signed checkpoint");
	if (cp->size != size || w->next != w->count)
		return lib_audit_altered(w->r,
					 "it has %llu entries, its newest checkpoint %llu",
					 (unsigned long long)size, (unsigned long long)cp->size);
	if (lib_checkpoint_check(cp, &w->r->log->key, NULL))
		return lib_audit_altered(w->r, "the signature of its newest checkpoint is wrong");
	return check_key_file(w->r);
}

static int verify(struct libdmwarrant_registry *r)
{
	struct walk w = { .r = r };
	int ret = lib_audit_checkpoints(r, &w.all, &w.count);

	if (ret)
		return ret;
	ret = lib_sql(r, one_entry, &w, "SELECT seq, entry FROM audit_entries ORDER BY seq") ?:
		check_newest(&w);
	lib_audit_stored_free(w.all, w.count);
	return ret;
}

/** lib_audit_log_new() - an empty one, for a transaction */
int lib_audit_log_new(struct libdmwarrant_registry *r)
{
	r->log = calloc(1, sizeof(*r->log));
	if (r->log && !lib_merkle_init(&r->log->tree))
		return 0;
	lib_audit_log_free(r);
	return lib_fail(r->ctx, -ENOMEM, "not enough memory for the audit log");
}

void lib_audit_log_free(struct libdmwarrant_registry *r)
{
	if (!r->log)
		return;
	lib_merkle_free(&r->log->tree);
	lib_signer_close(&r->log->signer);
	free(r->log->news);
	free(r->log);
	r->log = NULL;
}

int lib_audit_load(struct libdmwarrant_registry *r)
{
	int ret;

	if (r->log)
		return 0;
	ret = lib_audit_log_new(r);
	if (ret)
		return ret;
	ret = verify(r);
	if (ret)
		lib_audit_log_free(r);
	return ret;
}
