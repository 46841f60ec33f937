// SPDX-License-Identifier: GPL-2.0-or-later
/* The statement of an evidence seal: canonical JSON, made and read back. */
#include <stddef.h>

#include "etsi.h"
#include "evidence_file.h"
#include "registry.h"

#define VERSION		1
#define MAX_TAGS	(DMW_MAX_TAG_RECORDS + 1)

/* No address on a LUN reaches it, and no sum of a few of them wraps. */
#define MAX_BLOCK	(DMW_MAX_SECTORS * 2)

/** lib_statement_sum() - of a member of struct lib_evidence_tag, over all tags */
u64 lib_statement_sum(const struct lib_statement *s, size_t member)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < s->root.tag_count; i++)
		sum += *(const u64 *)((const u8 *)&s->root.tags[i] + member);
	return sum;
}

/* ---- writing ---- */

static void set_number(struct json_object *o, const char *name, u64 value)
{
	json_object_object_add(o, name, json_object_new_uint64(value));
}

static void set_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

static void set_hex(struct json_object *o, const char *name, const void *bytes, size_t size)
{
	char text[2 * LIB_HASH_SIZE + 1];

	lib_hex(text, bytes, size);
	set_text(o, name, text);
}

static void set_time(struct json_object *o, const char *name, s64 seconds)
{
	char text[32];

	set_text(o, name, lib_time_format(seconds, text));
}

static struct json_object *tag_object(const struct lib_evidence_tag *t)
{
	struct json_object *o = json_object_new_object();

	set_number(o, "Tag", t->tag);
	set_number(o, "Extents", t->extents);
	set_number(o, "Pieces", t->pieces);
	set_number(o, "Sectors", t->sectors);
	set_hex(o, "Root", t->root, LIB_HASH_SIZE);
	return o;
}

static void set_volume(struct json_object *o, const struct lib_evidence_root *r)
{
	struct libdmwarrant_anchor anchor = { .checkpoint = r->anchor.checkpoint };
	char uuid[37], text[46];

	memcpy(anchor.salt, r->anchor.salt, DMW_SALT_SIZE);
	libdmwarrant_anchor_format(&anchor, text);
	libdmwarrant_uuid_format(r->uuid, uuid);
	set_text(o, "Volume", uuid);
	set_hex(o, "Warrant", r->warrant, DMW_DIGEST_SIZE);
	set_text(o, "Checkpoint", text);
	set_time(o, "Committed", r->committed);
	set_number(o, "GroupStart", r->group_start);
	set_number(o, "DataSectors", r->data_sectors);
	set_number(o, "SectorSize", DMW_SECTOR_SIZE);
	set_number(o, "Verified", r->verified);
	set_number(o, "Unverified", r->unverified);
	set_hex(o, "Root", r->root, LIB_HASH_SIZE);
}

/** lib_statement_text() - canonical JSON with a final line feed. Return: free() it; NULL */
char *lib_statement_text(const struct lib_statement *s)
{
	struct json_object *o = json_object_new_object(), *tags = json_object_new_array();
	char *canonical, *text;
	u32 i;

	set_text(o, "Schema", LIB_STATEMENT_SCHEMA);
	set_number(o, "Version", VERSION);
	set_text(o, "Tool", "dm-warrant " LIBDMWARRANT_RELEASE);
	set_text(o, "Scope", s->whole ? "volume" : "tags");
	set_time(o, "Sealed", s->sealed);
	set_text(o, "User", s->user);
	set_text(o, "Host", s->host);
	set_text(o, "Key", s->key);
	set_volume(o, &s->root);
	for (i = 0; i < s->root.tag_count; i++)
		json_object_array_add(tags, tag_object(&s->root.tags[i]));
	json_object_object_add(o, "Tags", tags);
	canonical = lib_json_canonical(o);
	json_object_put(o);
	if (!canonical || asprintf(&text, "%s\n", canonical) < 0)
		text = NULL;
	free(canonical);
	return text;
}

/* ---- members ---- */

const char *lib_member_text(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

int lib_member_number(struct json_object *o, const char *name, u64 max, u64 *value)
{
	struct json_object *v;
	s64 n;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_int))
		return -EINVAL;
	/* Beyond 63 bits json-c answers with the largest there is, which is too much here. */
	n = json_object_get_int64(v);
	if (n < 0 || (u64)n > max)
		return -EINVAL;
	*value = n;
	return 0;
}

int lib_member_hex(struct json_object *o, const char *name, void *bytes, size_t size)
{
	const char *text = lib_member_text(o, name);

	if (!text || strlen(text) != 2 * size || strspn(text, "0123456789abcdef") != 2 * size)
		return -EINVAL;
	return lib_unhex(bytes, text, size);
}

/* ---- reading ---- */

static int get_time(struct json_object *o, const char *name, s64 *seconds)
{
	const char *text = lib_member_text(o, name);
	s64 us;

	if (!text || lib_etsi_time(text, &us))
		return -EINVAL;
	*seconds = us / 1000000;
	return 0;
}

static int get_text(struct json_object *o, const char *name, char *to, size_t size)
{
	const char *text = lib_member_text(o, name);

	if (!text || strlen(text) >= size)
		return -EINVAL;
	lib_copy(to, size, text);
	return 0;
}

static bool is_text(struct json_object *o, const char *name, const char *text)
{
	const char *v = lib_member_text(o, name);

	return v && !strcmp(v, text);
}

static int get_anchor(struct json_object *o, struct dmw_anchor *a)
{
	const char *text = lib_member_text(o, "Checkpoint");
	struct libdmwarrant_anchor anchor;

	if (!text || libdmwarrant_anchor_parse(text, &anchor))
		return -EINVAL;
	a->checkpoint = anchor.checkpoint;
	memcpy(a->salt, anchor.salt, DMW_SALT_SIZE);
	return 0;
}

static int get_volume(struct json_object *o, struct lib_evidence_root *r)
{
	const char *uuid = lib_member_text(o, "Volume");
	u64 size;
	s64 committed;

	if (!uuid || strlen(uuid) != 36 || libdmwarrant_uuid_parse(uuid, r->uuid) ||
	    lib_member_hex(o, "Warrant", r->warrant, DMW_DIGEST_SIZE) ||
	    get_anchor(o, &r->anchor) || get_time(o, "Committed", &committed) ||
	    lib_member_number(o, "GroupStart", MAX_BLOCK, &r->group_start) ||
	    lib_member_number(o, "DataSectors", DMW_MAX_SECTORS, &r->data_sectors) ||
	    lib_member_number(o, "SectorSize", DMW_SECTOR_SIZE, &size) ||
	    lib_member_number(o, "Verified", DMW_MAX_SECTORS, &r->verified) ||
	    lib_member_number(o, "Unverified", DMW_MAX_SECTORS, &r->unverified) ||
	    lib_member_hex(o, "Root", r->root, LIB_HASH_SIZE))
		return -EINVAL;
	r->committed = committed;
	return size == DMW_SECTOR_SIZE ? 0 : -EINVAL;
}

static int get_tag(struct json_object *o, u64 sectors, struct lib_evidence_tag *t)
{
	u64 tag;

	if (!json_object_is_type(o, json_type_object) || json_object_object_length(o) != 5 ||
	    lib_member_number(o, "Tag", DMW_MAX_TAG_RECORDS, &tag) ||
	    lib_member_number(o, "Sectors", sectors, &t->sectors) ||
	    lib_member_number(o, "Pieces", t->sectors, &t->pieces) ||
	    lib_member_number(o, "Extents", t->pieces, &t->extents))
		return -EINVAL;
	t->tag = tag;
	return lib_member_hex(o, "Root", t->root, LIB_HASH_SIZE);
}

static int get_tags(struct json_object *o, struct lib_evidence_root *r)
{
	struct json_object *tags = json_object_object_get(o, "Tags");
	size_t count, i;

	if (!json_object_is_type(tags, json_type_array))
		return -EINVAL;
	count = json_object_array_length(tags);
	if (count > MAX_TAGS)
		return -EINVAL;
	r->tags = calloc(count + 1, sizeof(*r->tags));
	if (!r->tags)
		return -ENOMEM;
	r->tag_count = count;
	for (i = 0; i < count; i++)
		if (get_tag(json_object_array_get_idx(tags, i), r->data_sectors, &r->tags[i]) ||
		    (i && r->tags[i].tag <= r->tags[i - 1].tag))
			return -EINVAL;
	return 0;
}

/* The root over the tags: so a tag's root is as good as signed by itself. */
static int check_root(const struct lib_evidence_root *r)
{
	u8 leaf[LIB_HASH_SIZE], root[LIB_HASH_SIZE];
	struct lib_merkle m;
	int ret = lib_merkle_init(&m);
	u32 i;

	for (i = 0; i < r->tag_count && !ret; i++) {
		lib_hash_tag(&m, &r->tags[i], leaf);
		lib_merkle_add(&m, leaf);
	}
	if (!ret)
		ret = lib_merkle_root(&m, root);
	lib_merkle_free(&m);
	return ret ? ret : memcmp(root, r->root, LIB_HASH_SIZE) ? -EINVAL : 0;
}

#define MEMBERS	19

static int take(struct json_object *o, struct lib_statement *s)
{
	u64 version;
	int ret;

	if (!json_object_is_type(o, json_type_object) || json_object_object_length(o) != MEMBERS ||
	    !is_text(o, "Schema", LIB_STATEMENT_SCHEMA) ||
	    lib_member_number(o, "Version", VERSION, &version) || version != VERSION ||
	    !lib_member_text(o, "Tool") || get_time(o, "Sealed", &s->sealed) ||
	    get_text(o, "User", s->user, sizeof(s->user)) ||
	    get_text(o, "Host", s->host, sizeof(s->host)) ||
	    get_text(o, "Key", s->key, sizeof(s->key)))
		return -EINVAL;
	s->whole = is_text(o, "Scope", "volume");
	if (!s->whole && !is_text(o, "Scope", "tags"))
		return -EINVAL;
	ret = get_volume(o, &s->root);
	if (!ret)
		ret = get_tags(o, &s->root);
	return ret ? ret : check_root(&s->root);
}

/**
 * lib_statement_parse() - read a statement; whether it is signed is another question
 * @ctx:  for errors
 * @text: of it
 * @size: bytes
 * @s:    receives it; lib_statement_free() it, also after a failure
 *
 * Return: 0; -EBADMSG; -ENOMEM.
 */
int lib_statement_parse(struct libdmwarrant *ctx, const char *text, size_t size,
			struct lib_statement *s)
{
	struct json_object *o;
	int ret;

	memset(s, 0, sizeof(*s));
	ret = lib_json_parse(ctx, "seal", text, size, LIB_STATEMENT_MAX, &o);
	if (ret)
		return ret == -ENOMEM ? ret : -EBADMSG;
	ret = take(o, s);
	json_object_put(o);
	if (ret == -ENOMEM)
		return lib_fail(ctx, ret, "not enough memory");
	return ret ? lib_fail(ctx, -EBADMSG,
			      "this is not the statement of an evidence seal, version %u, or its sums do not fit",
			      VERSION) : 0;
}

void lib_statement_free(struct lib_statement *s)
{
	lib_evidence_root_free(&s->root);
	memset(s, 0, sizeof(*s));
}
