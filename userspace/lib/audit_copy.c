// SPDX-License-Identifier: GPL-2.0-or-later
/* A log in memory: gathering it. */
#include "audit_copy.h"
#include "json.h"

static int no_memory(struct lib_audit_copy *c)
{
	return lib_fail(c->ctx, -ENOMEM, "not enough memory for the audit log");
}

static int wrong(struct lib_audit_copy *c, u64 seq)
{
	return lib_fail(c->ctx, -EUCLEAN,
			"entry %llu of the audit log is none: it was altered; compare it with other copies",
			(unsigned long long)seq);
}

int lib_audit_copy_init(struct libdmwarrant *ctx, struct lib_audit_copy *c)
{
	memset(c, 0, sizeof(*c));
	c->ctx = ctx;
	return lib_merkle_init(&c->merkle) ? no_memory(c) : 0;
}

void lib_audit_copy_free(struct lib_audit_copy *c)
{
	lib_merkle_free(&c->merkle);
	lib_audit_stored_free(c->notes, c->note_count);
	while (c->stamp_count)
		free(c->stamps[--c->stamp_count].der);
	free(c->stamps);
	free(c->said);
	free(c->leaves);
}

/* An array with room for one more: the sizes in between are powers of two. */
static void *room(void *array, size_t count, size_t size)
{
	return count & (count - 1) ? array : reallocarray(array, count ? 2 * count : 1, size);
}

/* ---- entries ---- */

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_object_get(o, name);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

static int add_said(struct lib_audit_copy *c, const char *kind, struct json_object *body)
{
	struct lib_audit_said *more = room(c->said, c->said_count, sizeof(*more));
	const char *name = text_of(body, "Name");
	s64 size = json_object_get_int64(json_object_object_get(body, "Size"));

	if (!more)
		return no_memory(c);
	c->said = more;
	if (size < 1 || (u64)size > c->count || strlen(name) >= sizeof(more->name))
		return wrong(c, c->count);
	more += c->said_count++;
	memset(more, 0, sizeof(*more));
	more->size = size;
	lib_copy(more->kind, sizeof(more->kind), kind);
	lib_copy(more->name, sizeof(more->name), name);
	return 0;
}

static int take_meaning(struct lib_audit_copy *c, struct json_object *o)
{
	const char *kind = text_of(o, "Kind");
	struct json_object *seq = json_object_object_get(o, "Seq");
	struct json_object *body = json_object_object_get(o, "Body");

	if (!json_object_is_type(body, json_type_object) ||
	    !json_object_is_type(seq, json_type_int) || !lib_audit_is_kind(kind) ||
	    json_object_get_int64(seq) != (s64)c->count)
		return wrong(c, c->count);
	if (strcmp(kind, LIB_AUDIT_SHOWN) && strcmp(kind, LIB_AUDIT_COSIGNED) &&
	    strcmp(kind, LIB_AUDIT_TIMESTAMPED))
		return 0;
	return add_said(c, kind, body);
}

static int take_entry(struct lib_audit_copy *c, const char *json)
{
	struct json_object *o;
	int ret = lib_json_parse(c->ctx, "entry of the audit log", json, strlen(json),
				 LIB_AUDIT_ENTRY_MAX, &o);

	if (ret)
		return ret == -EINVAL ? -EUCLEAN : ret;
	ret = json_object_is_type(o, json_type_object) ? take_meaning(c, o) : wrong(c, c->count);
	json_object_put(o);
	return ret;
}

int lib_audit_copy_entry(struct lib_audit_copy *c, const char *json)
{
	void *more = room(c->leaves, c->count, sizeof(*c->leaves));
	int ret;

	if (!more)
		return no_memory(c);
	c->leaves = more;
	if (!c->count && lib_audit_take_key(c->ctx, json, &c->key))
		return wrong(c, 0);
	ret = take_entry(c, json);
	if (ret)
		return ret;
	lib_merkle_leaf(&c->merkle, json, strlen(json), c->leaves[c->count++]);
	return c->merkle.failed ? no_memory(c) : 0;
}

/* ---- checkpoints and stamps ---- */

int lib_audit_copy_note(struct lib_audit_copy *c, char *note)
{
	struct lib_audit_stored *more = room(c->notes, c->note_count, sizeof(*more));

	if (!more) {
		free(note);
		return no_memory(c);
	}
	c->notes = more;
	more += c->note_count;
	more->note = note;
	c->note_count++;
	return lib_checkpoint_parse(c->ctx, note, strlen(note), &more->cp) ? -EUCLEAN : 0;
}

int lib_audit_copy_stamp(struct lib_audit_copy *c, u64 size, const char *name, u8 *der,
			 size_t bytes)
{
	struct lib_audit_stamp *more = room(c->stamps, c->stamp_count, sizeof(*more));

	if (!more) {
		free(der);
		return no_memory(c);
	}
	c->stamps = more;
	more += c->stamp_count++;
	*more = (struct lib_audit_stamp){ .size = size, .der = der, .bytes = bytes };
	lib_copy(more->name, sizeof(more->name), name);
	return 0;
}

/* ---- from the registry ---- */

static int read_entry(void *arg, const struct lib_value *row)
{
	return lib_audit_copy_entry(arg, lib_text(row[0].text).text);
}

static int read_stamp(void *arg, const struct lib_value *row)
{
	const char *hex = lib_text(row[2].text).text;
	size_t bytes = strlen(hex) / 2;
	struct lib_audit_copy *c = arg;
	u8 *der = malloc(bytes + 1);

	if (!der)
		return no_memory(c);
	if (row[0].text || strlen(hex) % 2 || lib_unhex(der, hex, bytes)) {
		free(der);
		return lib_fail(c->ctx, -EUCLEAN,
				"a time stamp of the audit log is none: the registry was altered; compare it with a backup");
	}
	return lib_audit_copy_stamp(c, row[0].number, lib_text(row[1].text).text, der, bytes);
}

/* A row for each entry that says so, and none besides. */
static int check_attestation(void *arg, const struct lib_value *row)
{
	const struct lib_audit_said *s;
	struct lib_audit_copy *c = arg;

	for (s = c->said; s < c->said + c->said_count; s++)
		if (!row[0].text && (u64)row[0].number == s->size &&
		    !strcmp(lib_text(row[1].text).text, s->kind) &&
		    !strcmp(lib_text(row[2].text).text, s->name)) {
			c->attested++;
			return 0;
		}
	return lib_fail(c->ctx, -EUCLEAN,
			"the audit log does not say that its checkpoint of %lld entries was given out or vouched for: the registry was altered; compare it with a backup",
			(long long)row[0].number);
}

static int check_attestations(struct libdmwarrant_registry *r, struct lib_audit_copy *c)
{
	int ret = lib_sql(r, check_attestation, c,
			  "SELECT size, kind, name FROM audit_attestations");

	if (!ret && c->attested != c->said_count)
		ret = lib_fail(r->ctx, -EUCLEAN,
			       "of what was said of the audit log's checkpoints, %zu records of %zu are there: the registry was altered; compare it with a backup",
			       c->attested, c->said_count);
	return ret;
}

int lib_audit_copy_read(struct libdmwarrant_registry *r, struct lib_audit_copy *c)
{
	int ret = lib_audit_load(r) ?: lib_audit_sign(r) ?: lib_audit_copy_init(r->ctx, c);

	return ret ?: lib_sql(r, read_entry, c, "SELECT entry FROM audit_entries ORDER BY seq") ?:
		lib_audit_checkpoints(r, &c->notes, &c->note_count) ?:
		lib_sql(r, read_stamp, c,
			"SELECT size, name, data FROM audit_attestations WHERE kind = $1 ORDER BY size, name",
			lib_text(LIB_AUDIT_TIMESTAMPED)) ?:
		check_attestations(r, c);
}

/* ---- what others say ---- */

int lib_audit_stamp_name(struct libdmwarrant *ctx, const void *der, size_t bytes, s64 when,
			 char name[80])
{
	char time[32], hash[2 * LIB_MERKLE_HASH + 1];
	u8 digest[LIB_MERKLE_HASH];

	if (!EVP_Digest(der, bytes, digest, NULL, EVP_sha256(), NULL))
		return lib_fail(ctx, -ENOMEM, "not enough memory for a time stamp");
	lib_hex(hash, digest, LIB_MERKLE_HASH / 2);
	snprintf(name, 80, "%s %s", lib_time_format(when, time), hash);
	return 0;
}

size_t lib_audit_own_note(const struct lib_checkpoint *cp)
{
	const char *end = memchr(cp->signatures, '\n', cp->signatures_size);

	return end + 1 - cp->text;
}

int lib_audit_attest(struct libdmwarrant_registry *r, u64 size, const char *kind,
		     const char *name, const char *data)
{
	struct json_object *body = json_object_new_object();
	struct json_object *number = json_object_new_int64(size);
	int ret;

	ret = lib_sql(r, NULL, NULL,
		      "INSERT INTO audit_attestations (size, kind, name, data) VALUES ($1, $2, $3, $4)",
		      lib_number(size), lib_text(kind), lib_text(name), lib_text(data));
	if (!ret && (!body || !number || json_object_object_add(body, "Size", number) ||
		     json_object_object_add(body, "Name", json_object_new_string(name))))
		ret = lib_fail(r->ctx, -ENOMEM, "not enough memory for the audit log");
	if (!ret)
		ret = lib_audit_append(r, kind, body, NULL);
	json_object_put(body);
	return ret;
}

int lib_audit_show_checkpoint(struct libdmwarrant_registry *r, const char *what, u64 *size)
{
	s64 known = 0;
	int ret = lib_audit_load(r);

	if (ret)
		return ret;
	*size = r->log->tree.size;
	ret = lib_sql(r, lib_row_number, &known,
		      "SELECT COUNT(*) FROM audit_attestations WHERE size = $1 AND kind = $2 AND name = $3",
		      lib_number(*size), lib_text(LIB_AUDIT_SHOWN), lib_text(what));
	return ret || known ? ret : lib_audit_attest(r, *size, LIB_AUDIT_SHOWN, what, "");
}
