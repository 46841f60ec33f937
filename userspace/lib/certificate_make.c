// SPDX-License-Identifier: GPL-2.0-or-later
/* Issuing a certificate: entries with their proofs, what follows from them, the signature. */
#include "audit_log.h"
#include "certificate.h"
#include "json.h"
#include "sshsig.h"

/**
 * struct issue - a certificate being made
 * @s:       the execution that it is of
 * @source:  entries
 * @names:   of the officers who have signed
 * @count:   of @names
 * @taken:   all entries of @source, in their order
 * @seqs:    their places in the log
 * @taken_count: of them
 * @leaves:  hashes of all entries of the log
 * @leaf_count: of them
 */
struct issue {
	struct lib_shred		*s;
	struct lib_certificate_source	source;
	char				*names[CERTIFICATE_OFFICERS + 1];
	u32				count;
	struct json_object		**taken;
	u64				*seqs;
	size_t				taken_count;
	u8				(*leaves)[LIB_MERKLE_HASH];
	u64				leaf_count;
};

static int no_memory(struct issue *i)
{
	return lib_fail(i->s->ctx, -ENOMEM, "not enough memory for the certificate");
}

/* ---- entries ---- */

static int take_name(void *arg, const struct lib_audit_entry *e)
{
	struct issue *i = arg;

	if (strcmp(lib_json_text(e->body, "Request"), i->s->q.id) ||
	    i->count == ARRAY_SIZE(i->names))
		return 0;
	i->names[i->count] = strdup(lib_json_text(e->body, "Officer"));
	return i->names[i->count++] ? 0 : no_memory(i);
}

static bool has_signed(const struct issue *i, const char *name)
{
	u32 n;

	for (n = 0; n < i->count; n++)
		if (!strcmp(i->names[n], name))
			return true;
	return false;
}

static int keep_leaf(struct issue *i, const u8 *hash)
{
	void *more;

	/* Doubled at each power of two. */
	if (!(i->leaf_count & (i->leaf_count - 1))) {
		more = reallocarray(i->leaves, i->leaf_count ? 2 * i->leaf_count : 1,
				    sizeof(*i->leaves));
		if (!more)
			return no_memory(i);
		i->leaves = more;
	}
	memcpy(i->leaves[i->leaf_count++], hash, sizeof(*i->leaves));
	return 0;
}

static int keep_entry(struct issue *i, struct json_object *entry, u64 seq)
{
	void *more = reallocarray(i->taken, i->taken_count + 1, sizeof(*i->taken));

	if (more)
		i->taken = more;
	if (more)
		more = reallocarray(i->seqs, i->taken_count + 1, sizeof(*i->seqs));
	if (!more)
		return no_memory(i);
	i->seqs = more;
	i->seqs[i->taken_count] = seq;
	i->taken[i->taken_count++] = json_object_get(entry);
	return 0;
}

static bool is_wanted(const struct issue *i, const struct lib_audit_entry *e)
{
	if (!strncmp(e->kind, "officer.", 8))
		return has_signed(i, lib_json_text(e->body, "Officer"));
	return !strcmp(e->kind, LIB_AUDIT_BEGUN) ||
	       !strcmp(lib_json_text(e->body, "Request"), i->s->q.id);
}

static int take_entry(void *arg, const struct lib_audit_entry *e)
{
	struct json_object *entry;
	struct issue *i = arg;
	int ret = keep_leaf(i, e->hash);

	if (ret || !is_wanted(i, e))
		return ret;
	ret = lib_json_parse(i->s->ctx, "entry of the audit log", e->json, strlen(e->json),
			     LIB_AUDIT_ENTRY_MAX, &entry);
	if (!ret && lib_source_take(&i->source, i->s->q.id, entry))
		ret = keep_entry(i, entry, e->seq);
	json_object_put(entry);
	return ret;
}

static int collect(struct issue *i)
{
	static const char *const signers[] = { "request.signed", "request.approved", NULL };
	int ret = lib_audit_each(i->s->reg, signers, take_name, i);

	return ret ?: lib_audit_each(i->s->reg, NULL, take_entry, i);
}

/* ---- the log's part ---- */

static int put_entries(struct issue *i, struct lib_merkle *hasher, struct json_object *list)
{
	struct lib_maker *m = &i->s->maker;
	struct lib_merkle_proof proof;
	struct json_object *o, *path;
	size_t n, k;

	for (n = 0; n < i->taken_count; n++) {
		if (lib_merkle_inclusion(hasher, (const u8 (*)[LIB_MERKLE_HASH])i->leaves,
					 i->leaf_count, i->seqs[n], &proof))
			return no_memory(i);
		o = lib_make_object(m, list, NULL);
		lib_make_value(m, o, "Entry", json_object_get(i->taken[n]));
		path = lib_make_array(m, o, "Proof");
		for (k = 0; k < proof.count; k++)
			lib_make_hex(m, path, NULL, proof.hash[k], LIB_MERKLE_HASH);
	}
	return 0;
}

static int put_log(struct issue *i, const struct lib_signer *signer, struct json_object *doc)
{
	struct lib_maker *m = &i->s->maker;
	struct json_object *log = lib_make_object(m, doc, "Log");
	char key[LIB_SSH_KEY_SIZE];
	struct lib_audit_head head;
	struct lib_merkle hasher;
	int ret = lib_audit_head(i->s->reg, &head);

	if (ret)
		return ret;
	lib_ssh_key_format(signer->public_key, key);
	lib_make_text(m, log, "Key", lib_json_text(lib_source_body(i->source.begun_log), "Key"));
	lib_make_text(m, log, "SshKey", key);
	lib_make_text(m, log, "Checkpoint", head.note);
	free(head.note);
	ret = lib_merkle_init(&hasher) ? no_memory(i) : 0;
	if (!ret)
		ret = put_entries(i, &hasher, lib_make_array(m, log, "Entries"));
	lib_merkle_free(&hasher);
	return ret;
}

/* ---- signing ---- */

static int sign_raw(void *arg, const void *data, size_t size, u8 signature[64])
{
	const struct { struct libdmwarrant *ctx; const struct lib_signer *signer; } *s = arg;

	return lib_signer_sign(s->ctx, s->signer, data, size, signature);
}

static int sign(struct libdmwarrant *ctx, const struct lib_signer *signer, const char *text,
		char **signature)
{
	struct { struct libdmwarrant *ctx; const struct lib_signer *signer; } s = { ctx, signer };
	struct lib_ssh_key *key = malloc(sizeof(*key));
	int ret;

	if (!key)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	lib_ssh_key_ed25519(key, signer->public_key);
	ret = lib_sshsig_make(ctx, key, LIBDMWARRANT_CERTIFICATE_NAMESPACE, text, strlen(text),
			      sign_raw, &s, signature);
	free(key);
	return ret;
}

static void put_summary(struct issue *i, struct json_object *body)
{
	struct json_object *made = lib_source_body(i->source.made);
	struct json_object *target = lib_json_member(made, "Target", json_type_object);
	s64 tag = lib_json_number(target, "Tag");
	char text[160];

	if (tag)
		snprintf(text, sizeof(text), "tag %lld of volume %.64s, warrant %.64s",
			 (long long)tag, lib_json_text(target, "Volume"),
			 lib_json_text(target, "Warrant"));
	else if (lib_json_text(target, "VolumeUUID")[0])
		snprintf(text, sizeof(text), "volume %.64s, warrant %.64s",
			 lib_json_text(target, "Volume"), lib_json_text(target, "Warrant"));
	else
		snprintf(text, sizeof(text), "warrant %.128s", lib_json_text(target, "Warrant"));
	lib_make_text(&i->s->maker, body, "Summary", text);
}

static int append(struct issue *i, struct json_object *doc, const char *text,
		  const char *signature)
{
	struct json_object *body = lib_shred_body(i->s);
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	int ret = lib_certificate_digest(i->s->ctx, text, strlen(text), digest);

	if (ret) {
		json_object_put(body);
		return ret;
	}
	lib_make_text(&i->s->maker, body, "Certificate", lib_json_text(doc, "Certificate"));
	lib_make_text(&i->s->maker, body, "Sha256", digest);
	lib_make_text(&i->s->maker, body, "Signature", signature);
	put_summary(i, body);
	lib_make_value(&i->s->maker, body, "Document", json_object_get(doc));
	ret = i->s->maker.failed ? no_memory(i) :
				   lib_audit_append(i->s->reg, SHRED_CERTIFICATE, body, NULL);
	json_object_put(body);
	return ret;
}

static int make(struct issue *i, const struct lib_signer *signer, struct json_object *doc)
{
	struct lib_maker *m = &i->s->maker;
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	char id[37], *text, *signature = NULL;
	int ret;

	lib_random_uuid(uuid);
	libdmwarrant_uuid_format(uuid, id);
	lib_make_text(m, doc, "schema", CERTIFICATE_SCHEMA);
	lib_make_number(m, doc, "version", 1);
	lib_make_text(m, doc, "Certificate", id);
	lib_make_time(m, doc, "Issued", lib_registry_now());
	lib_certificate_derive(m, &i->source, doc);
	ret = put_log(i, signer, doc);
	text = ret || m->failed ? NULL : lib_certificate_text(doc);
	if (!ret && !text)
		ret = no_memory(i);
	if (!ret)
		ret = sign(i->s->ctx, signer, text, &signature);
	if (!ret)
		ret = append(i, doc, text, signature);
	free(signature);
	free(text);
	return ret;
}

static int issue(struct issue *i)
{
	struct json_object *doc;
	struct lib_signer signer;
	int ret = collect(i);

	if (ret)
		return ret;
	ret = lib_signer_open(i->s->reg, &signer);
	if (ret)
		return ret;
	doc = json_object_new_object();
	ret = doc ? make(i, &signer, doc) : no_memory(i);
	json_object_put(doc);
	lib_signer_close(&signer);
	return ret;
}

static void release(struct issue *i)
{
	while (i->count)
		free(i->names[--i->count]);
	while (i->taken_count)
		json_object_put(i->taken[--i->taken_count]);
	free(i->taken);
	free(i->seqs);
	free(i->leaves);
}

/** lib_certificate_issue() - last step: the certificate is in the log, signed */
int lib_certificate_issue(struct lib_shred *s)
{
	struct issue i = { .s = s };
	int ret = lib_registry_begin(s->reg, true);

	if (ret)
		return ret;
	ret = lib_shred_steps(s->reg, s->q.id, &s->steps);
	/* Another host may have been faster. */
	if (!ret && !s->steps.certificate.body)
		ret = issue(&i) ?: lib_shred_steps(s->reg, s->q.id, &s->steps);
	ret = lib_registry_end(s->reg, ret);
	release(&i);
	return ret;
}
