// SPDX-License-Identifier: GPL-2.0-or-later
/* The states of all tags of a volume, page by page from the kernel. */
#include "lib_tag.h"

static const char *const names[] = {
	[LIBDMWARRANT_TAG_OPEN] = "open",
	[LIBDMWARRANT_TAG_FROZEN] = "frozen",
	[LIBDMWARRANT_TAG_RESTRICTED] = "restricted",
	[LIBDMWARRANT_TAG_SHREDDED] = "shredded",
};

const char *libdmwarrant_tag_state_name(enum libdmwarrant_tag_state state)
{
	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

/** lib_tag_state_parse() - Return: enum libdmwarrant_tag_state, or 0: not a state */
u32 lib_tag_state_parse(const char *text)
{
	u32 i;

	for (i = 1; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], text))
			return i;
	return 0;
}

static int add(struct lib_tag_states *s, u32 tag, u32 state)
{
	struct lib_tag_state *more;

	/* Doubled whenever it is full: full = a power of two. */
	if (!(s->count & (s->count - 1))) {
		more = reallocarray(s->tags, s->count ? 2 * s->count : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->tags = more;
	}
	s->tags[s->count].tag = tag;
	s->tags[s->count++].state = state;
	return 0;
}

/* One page. @next: receives where the next one begins; 0 = there is none. */
static int parse_page(char *page, struct lib_tag_states *s, u32 *next)
{
	u32 last = s->count ? s->tags[s->count - 1].tag : 0;
	char *line, *rest = page, word[16];
	unsigned int tag;
	int ret;

	while ((line = strsep(&rest, "\n"))) {
		if (!strcmp(line, "end")) {
			*next = 0;
			return 0;
		}
		if (sscanf(line, "next %u", &tag) == 1) {
			*next = tag;
			/* Anything else would never come to an end. */
			return tag > last ? 0 : -EPROTO;
		}
		if (sscanf(line, "%u %15s", &tag, word) != 2 || tag <= last ||
		    !lib_tag_state_parse(word))
			return -EPROTO;
		ret = add(s, tag, lib_tag_state_parse(word));
		if (ret)
			return ret;
		last = tag;
	}
	return -EPROTO;
}

/**
 * lib_tag_states() - number and state of all tags but the default one
 * @ctx: context
 * @v:   volume
 * @s:   receives them; lib_tag_states_free() it
 */
int lib_tag_states(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		   struct lib_tag_states *s)
{
	u32 first = 1;
	char *page;
	int ret;

	memset(s, 0, sizeof(*s));
	do {
		ret = lib_dm_ask(ctx, v->name, &page, "tag_list %u", first);
		if (ret)
			break;
		ret = parse_page(page, s, &first);
		if (ret)
			lib_fail(ctx, ret, "%s: cannot read the list of tags: %s", v->name,
				 ret == -ENOMEM ? "out of memory" :
				 "use the tools of the loaded module's version");
		free(page);
	} while (!ret && first);
	if (ret)
		lib_tag_states_free(s);
	return ret;
}

void lib_tag_states_free(struct lib_tag_states *s)
{
	free(s->tags);
	memset(s, 0, sizeof(*s));
}

static int compare(const void *key, const void *entry)
{
	const struct lib_tag_state *e = entry;
	u32 tag = *(const u32 *)key;

	return tag < e->tag ? -1 : tag > e->tag;
}

/** lib_tag_states_find() - Return: enum libdmwarrant_tag_state, or 0: no such tag */
u32 lib_tag_states_find(const struct lib_tag_states *s, u32 tag)
{
	const struct lib_tag_state *e;

	if (tag == DMW_TAG_DEFAULT)
		return LIBDMWARRANT_TAG_OPEN;
	e = s->count ? bsearch(&tag, s->tags, s->count, sizeof(*e), compare) : NULL;
	return e ? e->state : 0;
}
