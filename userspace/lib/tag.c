// SPDX-License-Identifier: GPL-2.0-or-later
/* Case tags of an open volume: made, named, shown, found. */
#include <sys/sysmacros.h>

#include "json.h"
#include "lib_tag.h"
#include "libdmwarrant-etsi.h"

#define HEX_SIZE(n)	(2 * (n) + 1)

/* A tag that somebody else makes at the same moment takes the number; more often is no accident. */
#define CREATE_ATTEMPTS	8

/** lib_tag_from_mapping() - what tags need of a mapping */
void lib_tag_from_mapping(const struct lib_mapping *m, struct lib_tag_volume *v)
{
	lib_copy(v->name, sizeof(v->name), m->name);
	memcpy(v->uuid, m->uuid, DMW_UUID_SIZE);
	v->dev = makedev(m->major, m->minor);
	v->sectors = m->length >> (DMW_SECTOR_SHIFT - 9);
	v->read_only = m->read_only;
}

/**
 * lib_tag_volume() - find an open volume
 *
 * Return: 0; -ENXIO not open; -ENODEV something else; errors of device-mapper.
 */
int lib_tag_volume(struct libdmwarrant *ctx, const char *volume, struct lib_tag_volume *v)
{
	struct lib_mapping m;
	int ret = lib_dm_begin(ctx);

	if (!ret)
		ret = lib_dm_find(ctx, volume, &m);
	if (!ret)
		lib_tag_from_mapping(&m, v);
	return ret;
}

int lib_tag_refuse_read_only(struct libdmwarrant *ctx, const struct lib_tag_volume *v)
{
	return v->read_only ? lib_fail(ctx, -EROFS,
				       "%s is open read-only; open it for writing to change tags",
				       v->name) : 0;
}

/* ---- looking ---- */

static int no_such_tag(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 number)
{
	return lib_fail(ctx, -ENOENT, "%s has no tag %u; warrantctl tag list %s shows its tags",
			v->name, number, v->name);
}

/* Hex of a text; "-" = none. What is not text, or too long, cannot come from this kernel module. */
static int unhex_text(const char *hex, char *text, size_t size)
{
	size_t n = strlen(hex);

	text[0] = 0;
	if (!strcmp(hex, "-"))
		return 0;
	if (n % 2 || n / 2 >= size || lib_unhex(text, hex, n / 2))
		return -EPROTO;
	text[n / 2] = 0;
	return 0;
}

static int parse_tag(const char *reply, u32 number, struct libdmwarrant_tag *tag)
{
	char state[16], name[HEX_SIZE(LIBDMWARRANT_TAG_NAME_MAX)];
	char metadata[HEX_SIZE(LIBDMWARRANT_TAG_CASE_MAX)];
	unsigned long long created, changed;
	unsigned int nr;

	if (sscanf(reply, "%u %15s %llu %llu %128s %6144s", &nr, state, &created, &changed, name,
		   metadata) != 6 || nr != number)
		return -EPROTO;
	tag->tag = nr;
	tag->state = lib_tag_state_parse(state);
	tag->created = created;
	tag->changed = changed;
	if (!tag->state || unhex_text(name, tag->name, sizeof(tag->name)))
		return -EPROTO;
	return unhex_text(metadata, tag->metadata, sizeof(tag->metadata));
}

static void default_tag(struct libdmwarrant_tag *tag)
{
	tag->tag = DMW_TAG_DEFAULT;
	tag->state = LIBDMWARRANT_TAG_OPEN;
}

/** lib_tag_show() - one tag by number; the default tag has no record. Return: 0 or -ENOENT */
int lib_tag_show(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 number,
		 struct libdmwarrant_tag *tag)
{
	char *reply;
	int ret;

	memset(tag, 0, sizeof(*tag));
	tag->version = LIBDMWARRANT_TAG_VERSION;
	if (number == DMW_TAG_DEFAULT) {
		default_tag(tag);
		return 0;
	}
	ret = lib_dm_ask(ctx, v->name, &reply, "tag_show %u", number);
	if (ret == -ENOENT)
		return no_such_tag(ctx, v, number);
	if (ret)
		return ret;
	ret = parse_tag(reply, number, tag);
	free(reply);
	return ret ? lib_fail(ctx, ret,
			      "%s: the loaded module describes tag %u in words that this version does not know; use the tools of its version",
			      v->name, number) : 0;
}

int libdmwarrant_tag_show(struct libdmwarrant *ctx, const char *volume, uint32_t number,
			  struct libdmwarrant_tag *tag)
{
	struct lib_tag_volume v;
	int ret;

	if (tag->version != LIBDMWARRANT_TAG_VERSION)
		return lib_fail_version(ctx, tag->version, LIBDMWARRANT_TAG_VERSION);
	ret = lib_tag_volume(ctx, volume, &v);
	return ret ? ret : lib_tag_show(ctx, &v, number, tag);
}

/* ---- listing ---- */

/* Calls @fn for each tag until it returns non-zero. Return: that, 0, or a negative errno. */
static int each_tag(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		    int (*fn)(void *arg, const struct libdmwarrant_tag *tag), void *arg)
{
	struct lib_tag_states s;
	struct libdmwarrant_tag tag;
	size_t i;
	int ret;

	ret = lib_tag_states(ctx, v, &s);
	if (ret)
		return ret;
	lib_progress_start(ctx);
	for (i = 0; i < s.count && !ret; i++) {
		ret = lib_progress(ctx, "reading tags", i, s.count);
		if (!ret)
			ret = lib_tag_show(ctx, v, s.tags[i].tag, &tag);
		if (!ret)
			ret = fn(arg, &tag);
	}
	lib_tag_states_free(&s);
	return ret;
}

struct listing {
	struct libdmwarrant	*ctx;
	const char		*match;
	int			(*fn)(void *arg, const struct libdmwarrant_tag *tag);
	void			*arg;
};

static int list_one(void *arg, const struct libdmwarrant_tag *tag)
{
	struct listing *l = arg;
	int fits = 1;

	if (l->match && !strcasestr(tag->name, l->match))
		fits = tag->metadata[0] ?
		       libdmwarrant_case_match(l->ctx, tag->metadata, l->match) : 0;
	if (fits < 0)
		return fits;
	if (fits && l->fn(l->arg, tag))
		return lib_fail(l->ctx, -ECANCELED, "cancelled");
	return 0;
}

int libdmwarrant_tag_list(struct libdmwarrant *ctx, const char *volume, const char *match,
			  int (*fn)(void *arg, const struct libdmwarrant_tag *tag), void *arg)
{
	struct listing l = { .ctx = ctx, .match = match, .fn = fn, .arg = arg };
	struct lib_tag_volume v;
	int ret = lib_tag_volume(ctx, volume, &v);

	return ret ? ret : each_tag(ctx, &v, list_one, &l);
}

/* ---- finding ---- */

struct search {
	const char		*text;
	struct libdmwarrant_tag	*tag;
	bool			exact;
	unsigned int		begin;	/* how many names begin with @text */
};

static int match_name(void *arg, const struct libdmwarrant_tag *tag)
{
	struct search *s = arg;

	if (strncmp(tag->name, s->text, strlen(s->text)))
		return 0;
	s->exact = !strcmp(tag->name, s->text);
	s->begin++;
	*s->tag = *tag;
	return s->exact;
}

/* Names are no numbers, see check_name(). Return: is @text one? */
static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static int find_number(struct libdmwarrant *ctx, const struct lib_tag_volume *v, const char *text,
		       struct libdmwarrant_tag *tag)
{
	unsigned long long n;

	errno = 0;
	n = strtoull(text, NULL, 10);
	if (errno || n >= DMW_TAG_METADATA)
		return lib_fail(ctx, -ENOENT, "%s has no tag %s; tags have small numbers", v->name,
				text);
	return lib_tag_show(ctx, v, n, tag);
}

int libdmwarrant_tag_find(struct libdmwarrant *ctx, const char *volume, const char *text,
			  struct libdmwarrant_tag *tag)
{
	struct search s = { .text = text, .tag = tag };
	struct lib_tag_volume v;
	int ret;

	if (tag->version != LIBDMWARRANT_TAG_VERSION)
		return lib_fail_version(ctx, tag->version, LIBDMWARRANT_TAG_VERSION);
	ret = lib_tag_volume(ctx, volume, &v);
	if (ret)
		return ret;
	if (is_number(text))
		return find_number(ctx, &v, text, tag);
	ret = *text ? each_tag(ctx, &v, match_name, &s) : 0;
	if (ret < 0)
		return ret;
	if (s.exact || s.begin == 1)
		return 0;
	return s.begin ? lib_fail(ctx, -EINVAL, "%u tags of %s begin with %s; type more of the name",
				  s.begin, v.name, text) :
	       lib_fail(ctx, -ENOENT, "%s has no tag %s; warrantctl tag list %s shows its tags",
			v.name, text, v.name);
}

/* ---- checking what is to be recorded ---- */

/* A name is shown on terminals and typed by people, next to numbers. */
static int check_name(struct libdmwarrant *ctx, const char *name)
{
	size_t n, size = strlen(name);
	const char *p;
	char quoted[LIB_QUOTE_SIZE];
	u32 c;

	if (!size || size > LIBDMWARRANT_TAG_NAME_MAX)
		return lib_fail(ctx, -EINVAL, "the name has %zu bytes; tags need names of 1 to %u",
				size, LIBDMWARRANT_TAG_NAME_MAX);
	for (p = name; *p; p += n) {
		n = lib_utf8_next(p, size - (p - name), &c);
		if (!n || lib_is_control(c))
			return lib_fail(ctx, -EINVAL,
					"the name %s %s; choose a name that can be printed",
					lib_quote(quoted, name, size),
					n ? "has control characters" : "is not valid UTF-8");
	}
	if (name[0] == ' ' || name[size - 1] == ' ')
		return lib_fail(ctx, -EINVAL,
				"the name begins or ends with a space; names that look the same must be the same");
	if (is_number(name))
		return lib_fail(ctx, -EINVAL,
				"the name %s would be taken for a tag's number; put a letter into it",
				name);
	return 0;
}

struct name_check {
	const char	*name;
	u32		except;	/* tag that may have it */
	u32		owner;	/* receives who has it; 0 = nobody */
};

static int compare_name(void *arg, const struct libdmwarrant_tag *tag)
{
	struct name_check *c = arg;

	if (tag->tag != c->except && !strcmp(tag->name, c->name))
		c->owner = tag->tag;
	return c->owner;
}

static int check_unique(struct libdmwarrant *ctx, const struct lib_tag_volume *v, const char *name,
			u32 except)
{
	struct name_check c = { .name = name, .except = except };
	int ret = each_tag(ctx, v, compare_name, &c);

	if (ret < 0)
		return ret;
	return c.owner ? lib_fail(ctx, -EEXIST,
				  "tag %u of %s has the name %s already; choose another", c.owner,
				  v->name, name) : 0;
}

/* @canonical: at least LIBDMWARRANT_TAG_CASE_MAX + 1 bytes. */
static int check_metadata(struct libdmwarrant *ctx, const char *metadata, char *canonical)
{
	char *text;
	int ret;

	canonical[0] = 0;
	if (!metadata[0])
		return 0;
	ret = libdmwarrant_case_check(ctx, metadata, &text);
	if (ret)
		return ret;
	if (strlen(text) > LIBDMWARRANT_TAG_CASE_MAX)
		ret = lib_fail(ctx, -EINVAL,
			       "the metadata has %zu bytes, the record holds %u; shorten it",
			       strlen(text), LIBDMWARRANT_TAG_CASE_MAX);
	else
		lib_copy(canonical, LIBDMWARRANT_TAG_CASE_MAX + 1, text);
	free(text);
	return ret;
}

/* ---- making ---- */

static int check_create(struct libdmwarrant *ctx, const char *volume, struct lib_tag_volume *v,
			struct libdmwarrant_tag *tag)
{
	char metadata[LIBDMWARRANT_TAG_CASE_MAX + 1];
	int ret;

	if (tag->version != LIBDMWARRANT_TAG_VERSION)
		return lib_fail_version(ctx, tag->version, LIBDMWARRANT_TAG_VERSION);
	if (!memchr(tag->name, 0, sizeof(tag->name)) ||
	    !memchr(tag->metadata, 0, sizeof(tag->metadata)))
		return lib_fail(ctx, -EINVAL, "name or metadata is too long; names have %u bytes, metadata %u",
				LIBDMWARRANT_TAG_NAME_MAX, LIBDMWARRANT_TAG_CASE_MAX);
	ret = check_name(ctx, tag->name);
	if (!ret)
		ret = check_metadata(ctx, tag->metadata, metadata);
	if (ret)
		return ret;
	lib_copy(tag->metadata, sizeof(tag->metadata), metadata);
	ret = lib_tag_volume(ctx, volume, v);
	if (!ret)
		ret = lib_tag_refuse_read_only(ctx, v);
	return ret ? ret : check_unique(ctx, v, tag->name, 0);
}

int libdmwarrant_tag_create_check(struct libdmwarrant *ctx, const char *volume,
				  struct libdmwarrant_tag *tag)
{
	struct lib_tag_volume v;

	return check_create(ctx, volume, &v, tag);
}

static int next_number(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 *number)
{
	struct lib_tag_states s;
	int ret = lib_tag_states(ctx, v, &s);

	if (ret)
		return ret;
	*number = s.count ? s.tags[s.count - 1].tag + 1 : 1;
	lib_tag_states_free(&s);
	return 0;
}

static int final_record(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 number)
{
	return lib_fail(ctx, -EPERM,
			"tag %u of %s is frozen, restricted or shredded, and what is said about it final",
			number, v->name);
}

/* tag_create and tag_edit have the same form. */
static int send_record(struct libdmwarrant *ctx, const struct lib_tag_volume *v, const char *verb,
		       u32 number, const char *name, const char *metadata)
{
	char name_hex[HEX_SIZE(LIBDMWARRANT_TAG_NAME_MAX)];
	char metadata_hex[HEX_SIZE(LIBDMWARRANT_TAG_CASE_MAX)] = "-";
	char *reply;
	int ret;

	lib_hex(name_hex, name, strlen(name));
	if (metadata[0])
		lib_hex(metadata_hex, metadata, strlen(metadata));
	ret = lib_dm_ask(ctx, v->name, &reply, "%s %u %s %s", verb, number, name_hex, metadata_hex);
	free(reply);
	switch (ret) {
	case -ENOSPC:
		return lib_fail(ctx, ret,
				"%s has no room for another tag; use another volume for new cases",
				v->name);
	case -ENOKEY:
		return lib_fail(ctx, ret,
				"%s has no key for tag %u in the current epoch; close the volume and open it with its newest keys",
				v->name, number);
	case -EPERM:
		return final_record(ctx, v, number);
	case -ENOENT:
		return no_such_tag(ctx, v, number);
	default:
		return ret;
	}
}

/* The keyset is locked: numbers are taken by somebody else only if he has another copy of it. */
static int create_locked(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			 const struct libdmwarrant_keysource *source,
			 struct libdmwarrant_keyset *keyset, struct libdmwarrant_tag *tag)
{
	unsigned int i;
	u32 number;
	int ret = 0;

	for (i = 0; i < CREATE_ATTEMPTS && !ret; i++) {
		ret = check_unique(ctx, v, tag->name, 0);
		if (!ret)
			ret = next_number(ctx, v, &number);
		if (!ret)
			ret = lib_tag_key(ctx, v, source, keyset, number);
		if (ret)
			break;
		ret = send_record(ctx, v, "tag_create", number, tag->name, tag->metadata);
		if (!ret)
			return lib_tag_show(ctx, v, number, tag);
		if (ret == -EEXIST)
			ret = 0;
	}
	return ret ? ret : lib_fail(ctx, -EBUSY, "%s: others make tags all the time; try again",
				    v->name);
}

int libdmwarrant_tag_create(struct libdmwarrant *ctx, const char *volume,
			    const struct libdmwarrant_keysource *source,
			    struct libdmwarrant_tag *tag)
{
	struct libdmwarrant_keyset *keyset;
	struct lib_tag_volume v;
	int ret;

	if (source->version != LIBDMWARRANT_KEYSOURCE_VERSION)
		return lib_fail_version(ctx, source->version, LIBDMWARRANT_KEYSOURCE_VERSION);
	ret = check_create(ctx, volume, &v, tag);
	if (!ret)
		ret = source->get(source->arg, ctx, &keyset);
	if (ret)
		return ret;
	ret = create_locked(ctx, &v, source, keyset, tag);
	libdmwarrant_keyset_free(keyset);
	source->release(source->arg);
	return ret;
}

/* ---- editing ---- */

static int check_edit(struct libdmwarrant *ctx, const char *volume, struct lib_tag_volume *v,
		      struct libdmwarrant_tag *tag, u32 number, const char *name,
		      const char *metadata)
{
	int ret = name ? check_name(ctx, name) : 0;

	if (!ret && number == DMW_TAG_DEFAULT)
		ret = lib_fail(ctx, -EINVAL,
			       "the default tag has no record; make a tag of its own for a case");
	if (!ret)
		ret = lib_tag_volume(ctx, volume, v);
	if (!ret)
		ret = lib_tag_refuse_read_only(ctx, v);
	if (!ret)
		ret = lib_tag_show(ctx, v, number, tag);
	if (!ret && tag->state != LIBDMWARRANT_TAG_OPEN)
		ret = final_record(ctx, v, number);
	if (!ret && name) {
		ret = check_unique(ctx, v, name, number);
		lib_copy(tag->name, sizeof(tag->name), name);
	}
	if (!ret && metadata)
		ret = check_metadata(ctx, metadata, tag->metadata);
	return ret;
}

int libdmwarrant_tag_edit_check(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
				const char *name, const char *metadata)
{
	struct libdmwarrant_tag t;
	struct lib_tag_volume v;

	return check_edit(ctx, volume, &v, &t, tag, name, metadata);
}

int libdmwarrant_tag_edit(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
			  const char *name, const char *metadata)
{
	struct libdmwarrant_tag t;
	struct lib_tag_volume v;
	int ret = check_edit(ctx, volume, &v, &t, tag, name, metadata);

	return ret ? ret : send_record(ctx, &v, "tag_edit", tag, t.name, t.metadata);
}
