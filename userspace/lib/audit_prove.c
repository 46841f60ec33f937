// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs that an entry is in the log: making and verifying them, and what witnesses ask for. */
#include "base64.h"
#include "audit_copy.h"
#include "json.h"

#define HASH_TEXT	(4 * DIV_ROUND_UP(LIB_MERKLE_HASH, 3) + 1)

static int no_memory(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -ENOMEM, "not enough memory for a proof");
}

/* ---- making ---- */

static bool set(struct json_object *o, const char *name, struct json_object *value)
{
	if (value && !json_object_object_add(o, name, value))
		return true;
	json_object_put(value);
	return false;
}

static struct json_object *hashes(const struct lib_merkle_proof *p)
{
	struct json_object *array = json_object_new_array();
	char text[HASH_TEXT];
	size_t i;

	for (i = 0; array && i < p->count; i++) {
		lib_base64(text, p->hash[i], LIB_MERKLE_HASH);
		json_object_array_add(array, json_object_new_string(text));
	}
	return array;
}

static int keep_entry(void *arg, const struct lib_value *row)
{
	char **entry = arg;

	*entry = strdup(lib_text(row[0].text).text);
	return *entry ? 0 : -ENOMEM;
}

static struct json_object *make_proof(const char *entry, u64 seq, const struct lib_merkle_proof *p,
				      const char *note)
{
	struct json_object *o = json_object_new_object();

	if (o && set(o, "Entry", json_object_new_string(entry)) &&
	    set(o, "Seq", json_object_new_int64(seq)) && set(o, "Hashes", hashes(p)) &&
	    set(o, "Checkpoint", json_object_new_string(note)))
		return o;
	json_object_put(o);
	return NULL;
}

static int prove_in(struct libdmwarrant_registry *r, struct lib_audit_copy *c, u64 seq,
		    struct json_object **proof)
{
	struct lib_merkle_proof p;
	char *entry = NULL;
	int ret;

	if (seq >= c->count)
		return lib_fail(r->ctx, -ENOENT, "there is no entry %llu in the audit log; it has %llu",
				(unsigned long long)seq, (unsigned long long)c->count);
	ret = lib_sql(r, keep_entry, &entry, "SELECT entry FROM audit_entries WHERE seq = $1",
		      lib_number(seq));
	if (!ret && (lib_merkle_inclusion(&c->merkle, c->leaves, c->count, seq, &p) || !entry))
		ret = -ENOMEM;
	if (!ret) {
		*proof = make_proof(entry, seq, &p, c->notes[c->note_count - 1].note);
		ret = *proof ? 0 : -ENOMEM;
	}
	free(entry);
	return ret == -ENOMEM ? no_memory(r->ctx) : ret;
}

static int prove(struct libdmwarrant_registry *r, u64 seq, struct json_object **proof)
{
	struct lib_audit_copy c = { 0 };
	int ret = lib_audit_copy_read(r, &c) ?: prove_in(r, &c, seq, proof);

	lib_audit_copy_free(&c);
	return ret;
}

int lib_audit_prove(struct libdmwarrant_registry *r, u64 seq, struct json_object **proof)
{
	int ret;

	if (r->transaction)
		return prove(r, seq, proof);
	ret = lib_registry_begin(r, false);
	return ret ?: lib_registry_end(r, prove(r, seq, proof));
}

/* https://c2sp.org/tlog-proof */
static char *as_tlog_proof(struct json_object *proof)
{
	struct json_object *all = json_object_object_get(proof, "Hashes");
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "c2sp.org/tlog-proof@v1\nindex %lld\n",
		(long long)json_object_get_int64(json_object_object_get(proof, "Seq")));
	for (i = 0; i < json_object_array_length(all); i++)
		fprintf(f, "%s\n", json_object_get_string(json_object_array_get_idx(all, i)));
	fprintf(f, "\n%s", json_object_get_string(json_object_object_get(proof, "Checkpoint")));
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

int libdmwarrant_audit_prove(struct libdmwarrant_registry *r, uint64_t seq, char **json,
			     char **proof)
{
	struct json_object *o;
	int ret = lib_audit_prove(r, seq, &o);

	if (ret)
		return ret;
	*json = lib_json_canonical(o);
	*proof = as_tlog_proof(o);
	json_object_put(o);
	if (*json && *proof)
		return 0;
	free(*json);
	free(*proof);
	return no_memory(r->ctx);
}

/* ---- verifying ---- */

static int refuse(struct libdmwarrant *ctx, const char *why)
{
	return lib_fail(ctx, -EBADMSG, "the proof proves nothing: %s", why);
}

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_is_type(o, json_type_object) ?
		json_object_object_get(o, name) : NULL;

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

static bool take_hashes(struct json_object *o, struct lib_merkle_proof *p)
{
	struct json_object *all = json_object_object_get(o, "Hashes");
	const char *text;
	size_t i;

	if (!json_object_is_type(all, json_type_array) ||
	    json_object_array_length(all) > LIB_MERKLE_PROOF)
		return false;
	p->count = json_object_array_length(all);
	for (i = 0; i < p->count; i++) {
		text = json_object_get_string(json_object_array_get_idx(all, i));
		if (!text || lib_unbase64(p->hash[i], LIB_MERKLE_HASH, text, strlen(text)) !=
		    LIB_MERKLE_HASH)
			return false;
	}
	return true;
}

static int check_tree(struct libdmwarrant *ctx, const char *entry, u64 seq,
		      const struct lib_merkle_proof *p, const struct lib_checkpoint *cp)
{
	u8 leaf[LIB_MERKLE_HASH];
	struct lib_merkle m;
	int ret = lib_merkle_init(&m);

	if (!ret) {
		lib_merkle_leaf(&m, entry, strlen(entry), leaf);
		ret = lib_merkle_included(&m, leaf, seq, cp->size, p, cp->root);
	}
	lib_merkle_free(&m);
	if (ret == -ENOMEM)
		return no_memory(ctx);
	return ret ? refuse(ctx, "the entry is not in the checkpoint's tree") : 0;
}

static int check_entry(struct libdmwarrant *ctx, const char *text, u64 seq,
		       struct json_object **entry)
{
	struct json_object *o, *n;

	if (lib_json_parse(ctx, "entry", text, strlen(text), LIB_AUDIT_ENTRY_MAX, &o))
		return refuse(ctx, "its entry is none");
	n = json_object_is_type(o, json_type_object) ? json_object_object_get(o, "Seq") : NULL;
	if (!json_object_is_type(n, json_type_int) || (u64)json_object_get_int64(n) != seq) {
		json_object_put(o);
		return refuse(ctx, "its entry is another one");
	}
	*entry = o;
	return 0;
}

int lib_audit_proof_check(struct libdmwarrant *ctx, struct json_object *proof, const char *key,
			  struct json_object **entry)
{
	const char *text = text_of(proof, "Entry"), *note = text_of(proof, "Checkpoint");
	struct lib_merkle_proof p;
	struct lib_checkpoint cp;
	struct lib_verifier v;
	struct json_object *n;
	s64 seq;
	int ret = lib_verifier_parse(ctx, key, &v);

	if (ret)
		return ret;
	if (!text || !note || !take_hashes(proof, &p))
		return refuse(ctx, "it must have Entry, Seq, Hashes and Checkpoint");
	n = json_object_object_get(proof, "Seq");
	seq = json_object_is_type(n, json_type_int) ? json_object_get_int64(n) : -1;
	if (seq < 0)
		return refuse(ctx, "it must have Entry, Seq, Hashes and Checkpoint");
	if (lib_checkpoint_parse(ctx, note, strlen(note), &cp))
		return -EBADMSG;
	if (strcmp(cp.origin, v.name) || lib_checkpoint_check(&cp, &v, NULL))
		return refuse(ctx, "its checkpoint is not signed by that key");
	return check_tree(ctx, text, seq, &p, &cp) ?: check_entry(ctx, text, seq, entry);
}

int libdmwarrant_audit_proof_check(struct libdmwarrant *ctx, const char *json, const char *key,
				   char **entry)
{
	struct json_object *o, *e;
	int ret = lib_json_parse(ctx, "proof", json, strlen(json), 2 * LIB_AUDIT_ENTRY_MAX, &o);

	if (ret)
		return ret;
	ret = lib_audit_proof_check(ctx, o, key, &e);
	json_object_put(o);
	if (ret)
		return ret;
	*entry = lib_json_canonical(e);
	json_object_put(e);
	return *entry ? 0 : no_memory(ctx);
}
