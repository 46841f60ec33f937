// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealing: hashes to a file, a statement over them, a signature over that, an entry in the log. */
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "evidence_file.h"

#define ENTRY_KIND	"evidence.sealed"

/**
 * struct sealing - a seal in the making
 * @ctx:       for errors
 * @params:    what is wanted
 * @result:    the sums
 * @reg:       registry
 * @signer:    of it
 * @hashes:    being written
 * @has_hashes: the file of @hashes is ours
 * @statement: what is signed
 * @text:      of @statement
 * @signature: over @text
 */
struct sealing {
	struct libdmwarrant			*ctx;
	const struct libdmwarrant_seal_params	*params;
	struct libdmwarrant_seal_result		*result;
	struct libdmwarrant_registry		*reg;
	struct lib_signer			signer;
	struct lib_hashes			hashes;
	bool					has_hashes;
	struct lib_statement			statement;
	char					*text;
	char					*signature;
};

static bool is_dry(const struct sealing *s)
{
	return s->params->flags & LIBDMWARRANT_SEAL_DRY_RUN;
}

static int no_memory(struct sealing *s)
{
	return lib_fail(s->ctx, -ENOMEM, "not enough memory");
}

/* ---- before ---- */

/* Hours of hashing must not be for nothing. */
static int check_files(struct sealing *s)
{
	static const char *const suffixes[] = { "", ".sig", ".hashes" };
	char path[PATH_MAX];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		ret = lib_beside(s->ctx, s->params->file, suffixes[i], path);
		if (ret)
			return ret;
		if (!access(path, F_OK))
			return lib_fail(s->ctx, -EEXIST,
					"%s exists, and seals are never overwritten; name another file%s",
					path, access(s->params->file, F_OK) ?
					", or remove what an interrupted sealing has left" : "");
	}
	return 0;
}

static int prepare(struct sealing *s, const struct libdmwarrant_config *config)
{
	int ret = is_dry(s) ? 0 : check_files(s);

	if (!ret)
		ret = libdmwarrant_registry_open(s->ctx, config->registry, is_dry(s) ?
						 LIBDMWARRANT_REGISTRY_READ_ONLY : 0, &s->reg);
	return ret ? ret : lib_signer_open(s->reg, &s->signer);
}

/* ---- hashing ---- */

static int take_piece(void *arg, const struct lib_evidence_piece *p)
{
	return lib_hashes_write(&((struct sealing *)arg)->hashes, p);
}

static int hash(struct sealing *s)
{
	struct lib_evidence_params p = {
		.device = s->params->device, .keyset = s->params->keyset,
		.anchor = s->params->anchor, .tags = s->params->tags,
		.tag_count = s->params->tag_count, .flags = LIB_EVIDENCE_VERIFY, .arg = s,
	};
	int ret;

	if (s->params->flags & LIBDMWARRANT_SEAL_OPEN)
		p.flags |= LIB_EVIDENCE_OPEN;
	if (is_dry(s))
		return lib_evidence_root(s->ctx, &p, &s->statement.root);
	p.piece = take_piece;
	ret = lib_hashes_create(s->ctx, s->params->file, &s->hashes);
	s->has_hashes = s->hashes.f;
	if (!ret)
		ret = lib_evidence_root(s->ctx, &p, &s->statement.root);
	return ret ? ret : lib_hashes_finish(&s->hashes, &s->result->bytes);
}

/* ---- stating ---- */

static int state(struct sealing *s)
{
	struct lib_statement *t = &s->statement;

	t->whole = !s->params->tags;
	t->sealed = lib_registry_now();
	lib_copy(t->user, sizeof(t->user), s->reg->who.user);
	lib_copy(t->host, sizeof(t->host), s->reg->who.host);
	lib_ssh_key_format(s->signer.public_key, t->key);
	s->text = lib_statement_text(t);
	if (!s->text || !EVP_Digest(s->text, strlen(s->text), s->result->digest, NULL,
				    EVP_sha256(), NULL))
		return no_memory(s);
	return lib_statement_sign(s->ctx, &s->signer, s->text, &s->signature);
}

static void set_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

static void set_hex(struct json_object *o, const char *name, const u8 *digest)
{
	char text[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	lib_hex(text, digest, LIBDMWARRANT_DIGEST_SIZE);
	set_text(o, name, text);
}

static struct json_object *entry_body(const struct sealing *s)
{
	struct json_object *o = json_object_new_object(), *tags = json_object_new_array();
	const struct lib_evidence_root *r = &s->statement.root;
	char uuid[37], anchor[46];
	u32 i;

	libdmwarrant_uuid_format(r->uuid, uuid);
	libdmwarrant_anchor_format(&s->result->anchor, anchor);
	set_text(o, "Volume", uuid);
	set_text(o, "Checkpoint", anchor);
	set_text(o, "Scope", s->statement.whole ? "volume" : "tags");
	set_text(o, "File", s->params->file);
	set_hex(o, "Digest", s->result->digest);
	set_hex(o, "Root", r->root);
	json_object_object_add(o, "Sectors", json_object_new_uint64(s->result->sectors));
	json_object_object_add(o, "Extents", json_object_new_uint64(s->result->extents));
	for (i = 0; i < r->tag_count; i++)
		json_object_array_add(tags, json_object_new_uint64(r->tags[i].tag));
	json_object_object_add(o, "Tags", tags);
	return o;
}

/*
 * The signature comes last: without it there is no seal. So a seal that exists is in the log; an
 * entry whose seal was never finished says no more than what was found.
 */
static int publish(struct sealing *s)
{
	struct json_object *body;
	char path[PATH_MAX];
	int ret;

	ret = lib_text_write(s->ctx, s->params->file, s->text);
	if (ret)
		return ret;
	body = entry_body(s);
	ret = lib_audit_append(s->reg, ENTRY_KIND, body, &s->result->entry);
	json_object_put(body);
	if (!ret)
		ret = lib_beside(s->ctx, s->params->file, ".sig", path);
	if (!ret)
		ret = lib_text_write(s->ctx, path, s->signature);
	if (ret)
		unlink(s->params->file);
	return ret;
}

static void sum_up(struct sealing *s)
{
	const struct lib_evidence_root *r = &s->statement.root;
	struct libdmwarrant_seal_result *t = s->result;
	u32 i;

	for (i = 0; i < r->tag_count; i++)
		t->tags += !!r->tags[i].sectors;
	memcpy(t->uuid, r->uuid, DMW_UUID_SIZE);
	t->anchor.checkpoint = r->anchor.checkpoint;
	memcpy(t->anchor.salt, r->anchor.salt, DMW_SALT_SIZE);
	t->extents = lib_statement_sum(&s->statement, offsetof(struct lib_evidence_tag, extents));
	t->sectors = lib_statement_sum(&s->statement, offsetof(struct lib_evidence_tag, sectors));
	t->verified = r->verified;
	t->unverified = r->unverified;
	memcpy(t->root, r->root, LIB_HASH_SIZE);
}

static int run(struct sealing *s, const struct libdmwarrant_config *config)
{
	int ret = prepare(s, config);

	if (!ret)
		ret = hash(s);
	if (ret)
		return ret;
	sum_up(s);
	ret = state(s);
	return ret || is_dry(s) ? ret : publish(s);
}

int libdmwarrant_evidence_seal(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_seal_params *params,
			       struct libdmwarrant_seal_result *result)
{
	struct sealing *s;
	int ret;

	if (params->version != LIBDMWARRANT_SEAL_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_SEAL_VERSION);
	memset(result, 0, sizeof(*result));
	result->version = LIBDMWARRANT_SEAL_VERSION;
	s = calloc(1, sizeof(*s));
	if (!s)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	s->ctx = ctx;
	s->params = params;
	s->result = result;
	ret = run(s, config);
	lib_hashes_close(&s->hashes);
	if (ret && s->has_hashes)
		unlink(s->hashes.path);
	free(s->text);
	free(s->signature);
	lib_statement_free(&s->statement);
	lib_signer_close(&s->signer);
	if (s->reg)
		libdmwarrant_registry_close(s->reg);
	free(s);
	return ret;
}
