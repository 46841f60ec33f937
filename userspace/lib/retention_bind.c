// SPDX-License-Identifier: GPL-2.0-or-later
/* A profile is bound to a warrant: its whole text goes into the log, once. */
#include "json.h"
#include "retention_state.h"

static struct json_object *rule_at(struct json_object *profile, int i)
{
	return json_object_array_get_idx(json_object_object_get(profile, "Rules"), i);
}

/* Every floor that the warrant has must be in the new profile, too. */
static int check_strict(struct lib_entering *e, struct json_object *new)
{
	struct json_object *profile, *rule;
	const struct lib_record *bound = NULL;
	const char *shorter;

	while ((bound = lib_case_next(&e->c, bound, "retention.bound"))) {
		if (lib_case_binding(&e->c, bound, &profile, &rule))
			return lib_fail(e->r->ctx, -EUCLEAN,
					"entry %llu of the audit log names a profile or a rule that it does not have",
					(unsigned long long)bound->seq);
		shorter = lib_rule_shorter(new, rule);
		if (shorter)
			return lib_fail(e->r->ctx, -EPERM,
					"that profile would shorten a floor of the warrant: \"%s\" of profile %s; nothing shortens a floor, bind one that has it as well",
					shorter, lib_warrant_text(profile, "Name"));
	}
	return 0;
}

static int check_again(struct lib_entering *e, const char *digest, const char *reason)
{
	const struct lib_record *last = lib_case_last(&e->c, "retention.bound");

	if (!last)
		return 0;
	if (!strcmp(lib_warrant_text(last->body, "Sha256"), digest))
		return lib_fail(e->r->ctx, -EEXIST, "the warrant has this very profile already");
	if (!reason || !*reason)
		return lib_fail(e->r->ctx, -EINVAL,
				"the warrant has profile %s; another one needs a reason, give one with --reason",
				lib_warrant_text(last->body, "Profile"));
	return 0;
}

/* The first profile of a warrant may have any floors, but another country's is seldom meant. */
static int check_country(struct lib_entering *e, struct json_object *profile, const char *reason)
{
	const char *country = lib_warrant_text(profile, "Country");

	if (!*e->w.country || !strcmp(e->w.country, "XX") || !strcmp(e->w.country, country) ||
	    (reason && *reason))
		return 0;
	return lib_fail(e->r->ctx, -EINVAL,
			"profile %s is made for %s and the warrant is of %s; if that is meant, say why with --reason",
			lib_warrant_text(profile, "Name"), country, e->w.country);
}

/* The text of a profile is an entry of its own: a thousand warrants may have the same one. */
static int append_profile(struct lib_entering *e, struct json_object *profile, const char *digest)
{
	struct json_object *body;
	size_t i;
	int ret;

	for (i = 0; i < e->replay.profile_count; i++)
		if (!strcmp(e->replay.profiles[i].digest, digest))
			return 0;
	body = json_object_new_object();
	if (!body || json_object_object_add(body, "Sha256", json_object_new_string(digest)) ||
	    json_object_object_add(body, "Content", json_object_get(profile)))
		ret = lib_fail(e->r->ctx, -ENOMEM, "not enough memory for the profile");
	else
		ret = lib_clock_stamp(e->r, body) ?:
			lib_audit_append(e->r, "retention.profile", body, NULL);
	json_object_put(body);
	return ret;
}

static int bind(struct lib_entering *e, struct json_object *profile, const char *reason)
{
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	int ret, rule = lib_profile_rule(profile, &e->w);

	if (rule < 0)
		return lib_fail(e->r->ctx, -ENOENT,
				"profile %s has no rule for a warrant such as %s (%s copy)",
				lib_warrant_text(profile, "Name"), e->w.reference, e->w.copy);
	if (lib_profile_digest(profile, digest))
		return lib_fail(e->r->ctx, -ENOMEM, "not enough memory for the profile");
	ret = check_again(e, digest, reason) ?: check_country(e, profile, reason) ?:
		check_strict(e, rule_at(profile, rule)) ?:
		append_profile(e, profile, digest) ?:
		lib_enter_text(e, "Profile", lib_warrant_text(profile, "Name"), true) ?:
		lib_enter_text(e, "Sha256", digest, true) ?:
		lib_enter_text(e, "Reason", reason, false);
	if (!ret && json_object_object_add(e->body, "Rule", json_object_new_int64(rule)))
		ret = lib_fail(e->r->ctx, -ENOMEM, "not enough memory for the profile");
	return ret;
}

int libdmwarrant_profile_bind(struct libdmwarrant_registry *r, const char *warrant,
			      const char *name, const char *reason, uint32_t flags)
{
	const struct libdmwarrant_retention_target target = { .warrant = warrant };
	struct lib_entering e = { .r = r };
	struct json_object *profile;
	int ret;

	if (flags & ~LIBDMWARRANT_RETENTION_DRY_RUN)
		return lib_fail(r->ctx, -EINVAL, "unknown flags %#x for a profile", flags);
	ret = lib_profile_read(r->ctx, name, &profile);
	if (ret)
		return ret;
	ret = lib_enter_begin(&e, &target, flags);
	if (!ret)
		ret = bind(&e, profile, reason);
	ret = lib_enter_end(&e, "retention.bound", ret);
	json_object_put(profile);
	return ret;
}
