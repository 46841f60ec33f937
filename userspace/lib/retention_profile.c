// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Profiles: the rules of a country, as data. What they may say is a table; what tables cannot say
 * follows it. A profile is checked when it is read from a file and again when it is read from the
 * log.
 */
#include "etsi.h"
#include "json.h"
#include "retention_state.h"

#define MEMBER(name_, type_, ...) \
	{ .name = (name_), .ns = ETSI_OURS, .type = ETSI_##type_, ##__VA_ARGS__ }
#define END			{ .name = NULL }

static const char *const schemas[] = { "dm-warrant/retention-profile", NULL };
static const char *const copies[] = { "original", "custodial", NULL };
static const char *const kinds[] = { "ordinary", "absolute", NULL };

static const struct lib_etsi_member source[] = {
	MEMBER("Id", NAME, ETSI_NEEDED),
	MEMBER("Statute", NAME, ETSI_NEEDED),
	MEMBER("Article", NAME, ETSI_NEEDED),
	MEMBER("Says", LONG, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member event[] = {
	MEMBER("Name", NAME, ETSI_NEEDED),
	MEMBER("Title", NAME, ETSI_NEEDED),
	MEMBER("Source", NAME),
	END
};

/* A period, and what it begins with. */
static const struct lib_etsi_member term[] = {
	MEMBER("Event", NAME, ETSI_NEEDED),
	MEMBER("After", NAME, ETSI_NEEDED),
	MEMBER("Source", NAME, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member floor_term[] = {
	MEMBER("Event", NAME, ETSI_NEEDED),
	MEMBER("After", NAME, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member floors[] = {
	MEMBER("Kind", WORD, ETSI_NEEDED, kinds),
	MEMBER("Terms", OBJECT, ETSI_NEEDED | ETSI_MANY, floor_term),
	MEMBER("Source", NAME, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member review[] = {
	MEMBER("Event", NAME, ETSI_NEEDED),
	MEMBER("Every", NAME, ETSI_NEEDED),
	MEMBER("Source", NAME, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member rule[] = {
	MEMBER("Title", NAME, ETSI_NEEDED),
	MEMBER("Copy", WORD, 0, copies),
	MEMBER("LegalTypes", NAME, ETSI_MANY),
	MEMBER("CaseTypes", NAME, ETSI_MANY),
	MEMBER("Floors", OBJECT, ETSI_MANY, floors),
	MEMBER("Due", OBJECT, ETSI_MANY, term),
	MEMBER("Ceilings", OBJECT, ETSI_MANY, term),
	MEMBER("Review", OBJECT, 0, review),
	END
};

static const struct lib_etsi_member profile_members[] = {
	MEMBER("Schema", WORD, ETSI_NEEDED, schemas),
	MEMBER("Version", U32, ETSI_NEEDED),
	MEMBER("Name", NAME, ETSI_NEEDED),
	MEMBER("Title", NAME, ETSI_NEEDED),
	MEMBER("Country", COUNTRY, ETSI_NEEDED),
	MEMBER("Edition", NAME, ETSI_NEEDED),
	MEMBER("Sources", OBJECT, ETSI_NEEDED | ETSI_MANY, source),
	MEMBER("Events", OBJECT, ETSI_MANY, event),
	MEMBER("Rules", OBJECT, ETSI_NEEDED | ETSI_MANY, rule),
	MEMBER("NotCovered", LONG, ETSI_NEEDED | ETSI_MANY),
	END
};

/* ---- small words ---- */

static size_t length(struct json_object *o, const char *name)
{
	struct json_object *array = json_object_object_get(o, name);

	return array ? json_object_array_length(array) : 0;
}

static struct json_object *element(struct json_object *o, const char *name, size_t i)
{
	return json_object_array_get_idx(json_object_object_get(o, name), i);
}

/* The element of array @name whose @key is @value. */
static struct json_object *find(struct json_object *o, const char *name, const char *key,
				const char *value)
{
	size_t i;

	for (i = 0; i < length(o, name); i++)
		if (!strcmp(lib_warrant_text(element(o, name, i), key), value))
			return element(o, name, i);
	return NULL;
}

/* Names stand on command lines, in metrics and in file names. */
static bool is_word(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && n <= 32 && !text[n] && text[0] != '-';
}

bool lib_event_is_derived(const char *name)
{
	return !strcmp(name, LIB_EVENT_START) || !strcmp(name, LIB_EVENT_END) ||
	       !strcmp(name, LIB_EVENT_UNCONFIRMED);
}

bool lib_profile_has_event(struct json_object *profile, const char *name)
{
	return find(profile, "Events", "Name", name);
}

const char *lib_event_title(struct json_object *profile, const char *name)
{
	struct json_object *e = find(profile, "Events", "Name", name);

	if (e)
		return lib_warrant_text(e, "Title");
	if (!strcmp(name, LIB_EVENT_START))
		return "warrant begins";
	if (!strcmp(name, LIB_EVENT_END))
		return "warrant ends";
	return !strcmp(name, LIB_EVENT_UNCONFIRMED) ? "emergency not confirmed in 72 hours" : name;
}

/* ---- what the table cannot say ---- */

/**
 * struct check - a profile being checked
 * @ctx:     for the error
 * @profile: all of it
 * @rule:    title of the rule in hand
 */
struct check {
	struct libdmwarrant	*ctx;
	struct json_object	*profile;
	const char		*rule;
};

static int check_words(struct check *c, const char *array, const char *key)
{
	char shown[LIB_QUOTE_SIZE];
	struct json_object *o;
	const char *text;
	size_t i;

	for (i = 0; i < length(c->profile, array); i++) {
		o = element(c->profile, array, i);
		text = lib_warrant_text(o, key);
		if (!is_word(text))
			return lib_fail(c->ctx, -EINVAL,
					"profile: %s[%zu].%s is %s; it must be 1 to 32 lower-case letters, digits and dashes",
					array, i, key, lib_quote(shown, text, strlen(text)));
		if (find(c->profile, array, key, text) != o)
			return lib_fail(c->ctx, -EINVAL, "profile: %s \"%s\" stands twice in %s",
					key, text, array);
	}
	return 0;
}

static int check_source(struct check *c, struct json_object *o)
{
	const char *id = lib_warrant_text(o, "Source");

	if (!json_object_object_get(o, "Source") || find(c->profile, "Sources", "Id", id))
		return 0;
	return lib_fail(c->ctx, -EINVAL, "profile: \"%.64s\" is the Id of none of the Sources", id);
}

static int check_event(struct check *c, struct json_object *o)
{
	const char *name = lib_warrant_text(o, "Event");

	if (lib_event_is_derived(name) || lib_profile_has_event(c->profile, name))
		return 0;
	return lib_fail(c->ctx, -EINVAL,
			"profile: rule \"%s\" names the event \"%.64s\", which is none of Events",
			c->rule, name);
}

static int check_period(struct check *c, struct json_object *o, const char *key)
{
	const char *text = lib_warrant_text(o, key);
	struct lib_period p;

	if (lib_period_parse(text, &p))
		return lib_fail(c->ctx, -EINVAL,
				"profile: rule \"%s\": %s is \"%.32s\"; it must be a period such as P5Y, P6M or P10D, at most 200 years",
				c->rule, key, text);
	/* A review that is due again at once would never be made. */
	if (!strcmp(key, "Every") && !p.months && !p.days)
		return lib_fail(c->ctx, -EINVAL, "profile: rule \"%s\": Every must not be zero",
				c->rule);
	return 0;
}

static int check_terms(struct check *c, struct json_object *o, const char *array)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < length(o, array); i++) {
		ret = check_event(c, element(o, array, i)) ?:
			check_period(c, element(o, array, i), "After") ?:
			check_source(c, element(o, array, i));
	}
	return ret;
}

static int check_floors(struct check *c, struct json_object *rule_)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < length(rule_, "Floors"); i++)
		ret = check_source(c, element(rule_, "Floors", i)) ?:
			check_terms(c, element(rule_, "Floors", i), "Terms");
	return ret;
}

static int check_rule(struct check *c, struct json_object *o)
{
	struct json_object *r = json_object_object_get(o, "Review");
	int ret;

	c->rule = lib_warrant_text(o, "Title");
	ret = check_floors(c, o) ?: check_terms(c, o, "Due") ?: check_terms(c, o, "Ceilings");
	if (!ret && r)
		ret = check_event(c, r) ?: check_period(c, r, "Every") ?: check_source(c, r);
	if (!ret && !length(o, "Due") && !r)
		ret = lib_fail(c->ctx, -EINVAL,
			       "profile: rule \"%s\" has neither Due nor Review, so nothing would ever become due",
			       c->rule);
	return ret;
}

static int check_events(struct check *c)
{
	struct json_object *e;
	size_t i;
	int ret = check_words(c, "Sources", "Id") ?: check_words(c, "Events", "Name");

	for (i = 0; !ret && i < length(c->profile, "Events"); i++) {
		e = element(c->profile, "Events", i);
		ret = check_source(c, e);
		if (!ret && lib_event_is_derived(lib_warrant_text(e, "Name")))
			ret = lib_fail(c->ctx, -EINVAL,
				       "profile: the event \"%s\" follows from the warrant and cannot be among Events",
				       lib_warrant_text(e, "Name"));
	}
	return ret;
}

/** lib_profile_check() - is it one? Return: 0; -EINVAL, the error says where not */
int lib_profile_check(struct libdmwarrant *ctx, struct json_object *profile)
{
	struct check c = { .ctx = ctx, .profile = profile };
	size_t i;
	int ret = lib_etsi_check_table(ctx, "profile", profile, profile_members);

	if (!ret && json_object_get_int64(json_object_object_get(profile, "Version")) != 1)
		ret = lib_fail(ctx, -EINVAL, "profile: Version must be 1");
	if (!ret && !is_word(lib_warrant_text(profile, "Name")))
		ret = lib_fail(ctx, -EINVAL,
			       "profile: Name must be 1 to 32 lower-case letters, digits and dashes");
	if (!ret)
		ret = check_events(&c);
	for (i = 0; !ret && i < length(profile, "Rules"); i++)
		ret = check_rule(&c, element(profile, "Rules", i));
	return ret;
}

int lib_profile_parse(struct libdmwarrant *ctx, const char *text, size_t size,
		      struct json_object **profile)
{
	int ret = lib_json_parse(ctx, "profile", text, size, LIB_PROFILE_MAX, profile);

	if (ret)
		return ret;
	ret = lib_profile_check(ctx, *profile);
	if (ret)
		json_object_put(*profile);
	return ret;
}

/** lib_profile_digest() - SHA-256 over the canonical text. Return: 0; -ENOMEM */
int lib_profile_digest(struct json_object *profile, char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1])
{
	char *text = lib_json_canonical(profile);
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	int ok;

	if (!text)
		return -ENOMEM;
	ok = EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
	free(text);
	lib_hex(hex, digest, sizeof(digest));
	return ok ? 0 : -ENOMEM;
}

/* ---- which rule ---- */

static bool among(struct json_object *rule_, const char *array, const char *value)
{
	size_t i;

	if (!json_object_object_get(rule_, array))
		return true;
	for (i = 0; i < length(rule_, array); i++)
		if (!strcmp(json_object_get_string(element(rule_, array, i)), value))
			return true;
	return false;
}

int lib_profile_rule(struct json_object *profile, const struct libdmwarrant_warrant *w)
{
	struct json_object *o;
	const char *copy;
	size_t i;

	for (i = 0; i < length(profile, "Rules"); i++) {
		o = element(profile, "Rules", i);
		copy = lib_warrant_text(o, "Copy");
		if ((!*copy || !strcmp(copy, w->copy)) && among(o, "LegalTypes", w->legal_type) &&
		    among(o, "CaseTypes", w->type_of_case))
			return i;
	}
	return -ENOENT;
}
