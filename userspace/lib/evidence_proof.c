// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proofs: a few extents of an evidence seal, with their way up to the roots that are signed. Who
 * gets one can verify these, and learns of the rest only how much there is.
 */
#include "evidence_file.h"

#define VERSION		1
#define EXTENT_MEMBERS	6

static u64 pieces_of(u64 first, u64 count)
{
	u64 last = first + count - 1;

	return (last >> DMW_FANOUT_SHIFT) - (first >> DMW_FANOUT_SHIFT) + 1;
}

/* ---- writing ---- */

static void set_number(struct json_object *o, const char *name, u64 value)
{
	json_object_object_add(o, name, json_object_new_uint64(value));
}

static void add_hex(struct json_object *array, const void *bytes, size_t size)
{
	char text[4 * LIB_HASH_SIZE + 1];

	lib_hex(text, bytes, size);
	json_object_array_add(array, json_object_new_string(text));
}

static struct json_object *extent_object(const struct lib_proof_extent *e)
{
	struct json_object *o = json_object_new_object(), *path = json_object_new_array();
	struct json_object *pieces = json_object_new_array();
	u8 hashes[2 * LIB_HASH_SIZE];
	u64 i;

	set_number(o, "First", e->extent.first);
	set_number(o, "Count", e->extent.count);
	set_number(o, "Tag", e->extent.tag);
	set_number(o, "Index", e->index);
	for (i = 0; i < e->path.count; i++)
		add_hex(path, e->path.hash[i], LIB_HASH_SIZE);
	for (i = 0; i < e->extent.pieces; i++) {
		memcpy(hashes, e->pieces[i].sectors, LIB_HASH_SIZE);
		memcpy(hashes + LIB_HASH_SIZE, e->pieces[i].seals, LIB_HASH_SIZE);
		add_hex(pieces, hashes, sizeof(hashes));
	}
	json_object_object_add(o, "Path", path);
	json_object_object_add(o, "Pieces", pieces);
	return o;
}

/** lib_proof_text() - canonical JSON with a final line feed. Return: free() it; NULL */
char *lib_proof_text(const struct lib_proof *p)
{
	struct json_object *o = json_object_new_object(), *extents = json_object_new_array();
	char *canonical, *text;
	size_t i;

	json_object_object_add(o, "Schema", json_object_new_string(LIB_PROOF_SCHEMA));
	set_number(o, "Version", VERSION);
	json_object_object_add(o, "Statement", json_object_new_string(p->statement));
	json_object_object_add(o, "Signature", json_object_new_string(p->signature));
	for (i = 0; i < p->count; i++)
		json_object_array_add(extents, extent_object(&p->extents[i]));
	json_object_object_add(o, "Extents", extents);
	canonical = lib_json_canonical(o);
	json_object_put(o);
	if (!canonical || asprintf(&text, "%s\n", canonical) < 0)
		text = NULL;
	free(canonical);
	return text;
}

/* ---- reading ---- */

static int get_bytes(struct json_object *v, void *bytes, size_t size)
{
	const char *text = json_object_get_string(v);

	if (!json_object_is_type(v, json_type_string) || strlen(text) != 2 * size ||
	    strspn(text, "0123456789abcdef") != 2 * size)
		return -EINVAL;
	return lib_unhex(bytes, text, size);
}

static int get_path(struct json_object *o, struct lib_merkle_proof *path)
{
	struct json_object *a = json_object_object_get(o, "Path");
	size_t i;

	if (!json_object_is_type(a, json_type_array) ||
	    json_object_array_length(a) > LIB_MERKLE_PROOF)
		return -EINVAL;
	path->count = json_object_array_length(a);
	for (i = 0; i < path->count; i++)
		if (get_bytes(json_object_array_get_idx(a, i), path->hash[i], LIB_HASH_SIZE))
			return -EINVAL;
	return 0;
}

static int get_pieces(struct json_object *o, struct lib_proof_extent *e)
{
	struct json_object *a = json_object_object_get(o, "Pieces");
	u64 i, at = e->extent.first, end = at + e->extent.count;
	struct lib_evidence_piece *p;
	u8 hashes[2 * LIB_HASH_SIZE];

	e->extent.pieces = pieces_of(at, e->extent.count);
	if (!json_object_is_type(a, json_type_array) ||
	    json_object_array_length(a) != e->extent.pieces)
		return -EINVAL;
	e->pieces = calloc(e->extent.pieces, sizeof(*e->pieces));
	if (!e->pieces)
		return -ENOMEM;
	for (i = 0; i < e->extent.pieces; i++, at += p->count) {
		p = &e->pieces[i];
		if (get_bytes(json_object_array_get_idx(a, i), hashes, sizeof(hashes)))
			return -EINVAL;
		p->first = at;
		p->count = min_t(u64, end - at, DMW_FANOUT - (at & (DMW_FANOUT - 1)));
		p->tag = e->extent.tag;
		memcpy(p->sectors, hashes, LIB_HASH_SIZE);
		memcpy(p->seals, hashes + LIB_HASH_SIZE, LIB_HASH_SIZE);
	}
	return 0;
}

static int get_extent(struct json_object *o, struct lib_proof_extent *e)
{
	u64 tag;

	if (!json_object_is_type(o, json_type_object) ||
	    json_object_object_length(o) != EXTENT_MEMBERS ||
	    lib_member_number(o, "First", DMW_MAX_SECTORS, &e->extent.first) ||
	    lib_member_number(o, "Count", DMW_MAX_SECTORS, &e->extent.count) ||
	    lib_member_number(o, "Tag", DMW_MAX_TAG_RECORDS, &tag) ||
	    lib_member_number(o, "Index", DMW_MAX_SECTORS, &e->index) || !e->extent.count ||
	    get_path(o, &e->path))
		return -EINVAL;
	e->extent.tag = tag;
	e->extent.number = e->index;
	return get_pieces(o, e);
}

static int get_extents(struct json_object *o, struct lib_proof *p)
{
	struct json_object *a = json_object_object_get(o, "Extents");
	size_t i, count;
	int ret = 0;

	if (!json_object_is_type(a, json_type_array))
		return -EINVAL;
	count = json_object_array_length(a);
	if (!count)
		return -EINVAL;
	p->extents = calloc(count, sizeof(*p->extents));
	if (!p->extents)
		return -ENOMEM;
	for (i = 0; i < count && !ret; i++) {
		p->count = i + 1;
		ret = get_extent(json_object_array_get_idx(a, i), &p->extents[i]);
	}
	return ret;
}

static int take(struct json_object *o, struct lib_proof *p)
{
	const char *schema, *statement, *signature;
	u64 version;

	schema = lib_member_text(o, "Schema");
	statement = lib_member_text(o, "Statement");
	signature = lib_member_text(o, "Signature");
	if (!schema || strcmp(schema, LIB_PROOF_SCHEMA) || json_object_object_length(o) != 5 ||
	    lib_member_number(o, "Version", VERSION, &version) || version != VERSION ||
	    !statement || !signature)
		return -EINVAL;
	p->statement = strdup(statement);
	p->signature = strdup(signature);
	if (!p->statement || !p->signature)
		return -ENOMEM;
	return get_extents(o, p);
}

/**
 * lib_proof_parse() - read a proof; whether it proves anything is another question
 * @ctx:  for errors
 * @text: of it
 * @size: bytes
 * @p:    receives it; lib_proof_free() it, also after a failure
 *
 * Return: 0; -EBADMSG; -ENOMEM.
 */
int lib_proof_parse(struct libdmwarrant *ctx, const char *text, size_t size, struct lib_proof *p)
{
	struct json_object *o;
	int ret;

	memset(p, 0, sizeof(*p));
	ret = lib_json_parse(ctx, "proof", text, size, LIB_PROOF_MAX, &o);
	if (ret)
		return ret == -ENOMEM ? ret : -EBADMSG;
	ret = json_object_is_type(o, json_type_object) ? take(o, p) : -EINVAL;
	json_object_put(o);
	if (ret == -ENOMEM)
		return lib_fail(ctx, ret, "not enough memory");
	return ret ? lib_fail(ctx, -EBADMSG, "this is not a proof of evidence, version %u",
			      VERSION) : 0;
}

void lib_proof_free(struct lib_proof *p)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		free(p->extents[i].pieces);
	free(p->extents);
	free(p->statement);
	free(p->signature);
	memset(p, 0, sizeof(*p));
}

/* ---- proving ---- */

static const struct lib_evidence_tag *find_tag(const struct lib_statement *s, u32 tag)
{
	u32 i;

	for (i = 0; i < s->root.tag_count; i++)
		if (s->root.tags[i].tag == tag)
			return &s->root.tags[i];
	return NULL;
}

static int check_extent(struct lib_merkle *m, struct lib_proof_extent *e,
			const struct lib_statement *s)
{
	const struct lib_evidence_tag *t = find_tag(s, e->extent.tag);
	u8 hash[LIB_HASH_SIZE];
	u64 i;

	if (!t || e->extent.first >= s->root.data_sectors ||
	    e->extent.count > s->root.data_sectors - e->extent.first)
		return -EBADMSG;
	m->size = 0;
	for (i = 0; i < e->extent.pieces; i++) {
		lib_hash_piece(m, &e->pieces[i], hash);
		lib_merkle_add(m, hash);
	}
	if (lib_merkle_root(m, hash))
		return -ENOMEM;
	lib_hash_extent(m, e->extent.first, e->extent.count, hash, e->extent.leaf);
	return lib_merkle_included(m, e->extent.leaf, e->index, t->extents, &e->path, t->root);
}

/**
 * lib_proof_check() - do its extents belong to the statement?
 * @ctx: for errors
 * @p:   proof; its extents get their hashes
 * @s:   its statement, whose signature is right
 *
 * Return: 0; -EBADMSG; -ENOMEM.
 */
int lib_proof_check(struct libdmwarrant *ctx, const struct lib_proof *p,
		    const struct lib_statement *s)
{
	struct lib_merkle m;
	size_t i;
	int ret = lib_merkle_init(&m);

	for (i = 0; i < p->count && !ret; i++) {
		ret = check_extent(&m, &p->extents[i], s);
		if (!ret && i && p->extents[i].extent.first < p->extents[i - 1].extent.first +
						      p->extents[i - 1].extent.count)
			ret = -EBADMSG;
	}
	lib_merkle_free(&m);
	if (ret == -ENOMEM)
		return lib_fail(ctx, ret, "not enough memory");
	return ret ? lib_fail(ctx, -EBADMSG,
			      "the proof does not fit the seal that it carries: it was changed") : 0;
}
