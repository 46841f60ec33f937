// SPDX-License-Identifier: GPL-2.0-or-later
/* Events that periods begin with, and what reviews have found: entered, corrected, never erased. */
#include "json.h"
#include "retention_state.h"

static int check_entry(struct libdmwarrant_registry *r,
		       const struct libdmwarrant_retention_entry *n, u32 flags, bool whole)
{
	if (n->version != LIBDMWARRANT_RETENTION_ENTRY_VERSION)
		return lib_fail_version(r->ctx, n->version, LIBDMWARRANT_RETENTION_ENTRY_VERSION);
	if (n->flags & ~(LIBDMWARRANT_RETENTION_DRY_RUN | flags))
		return lib_fail(r->ctx, -EINVAL, "unknown flags %#x for an entry", n->flags);
	if (whole && (n->target.volume || n->target.tag))
		return lib_fail(r->ctx, -EINVAL, "that is of a whole warrant");
	return 0;
}

/* ---- events ---- */

static int need_profile(struct lib_entering *e, struct json_object **profile)
{
	const struct lib_record *bound = lib_case_last(&e->c, "retention.bound");
	struct json_object *rule;

	if (!bound)
		return lib_fail(e->r->ctx, -ENODATA,
				"the warrant has no retention profile, which says what its events are; bind one: warrantctl retention profile set");
	if (lib_case_binding(&e->c, bound, profile, &rule))
		return lib_fail(e->r->ctx, -EUCLEAN,
				"entry %llu of the audit log names a profile that it does not have",
				(unsigned long long)bound->seq);
	return 0;
}

static void list_events(struct json_object *profile, char *text, size_t size)
{
	struct json_object *array = json_object_object_get(profile, "Events");
	size_t i, n = 0;

	text[0] = 0;
	for (i = 0; array && i < json_object_array_length(array) && n < size; i++)
		n += snprintf(text + n, size - n, "%s%s", i ? ", " : "",
			      lib_warrant_text(json_object_array_get_idx(array, i), "Name"));
}

static int check_event(struct lib_entering *e, const struct libdmwarrant_retention_entry *n)
{
	char quoted[LIB_QUOTE_SIZE], list[400];
	struct json_object *profile = NULL;
	int ret = need_profile(e, &profile);

	if (ret)
		return ret;
	if (!n->name || !lib_profile_has_event(profile, n->name)) {
		list_events(profile, list, sizeof(list));
		return lib_fail(e->r->ctx, -EINVAL, "profile %s has no event %s; it has: %s",
				lib_warrant_text(profile, "Name"),
				n->name ? lib_quote(quoted, n->name, strlen(n->name)) : "",
				list);
	}
	return 0;
}

static int check_date(struct lib_entering *e, const char *text)
{
	char quoted[LIB_QUOTE_SIZE];
	s64 date;

	if (!text || lib_date_parse(text, &date))
		return lib_fail(e->r->ctx, -EINVAL,
				"the date of the event is %s; it must be a day such as 2026-03-10",
				text ? lib_quote(quoted, text, strlen(text)) : "missing");
	/* A day has begun somewhere up to fourteen hours before it has in UTC. */
	if (date > e->now + 14 * 3600)
		return lib_fail(e->r->ctx, -EINVAL,
				"%s is yet to come; enter the event when it has happened", text);
	return 0;
}

/* A date that is known is a fact in the record: another one needs a reason. */
static int check_known(struct lib_entering *e, const struct libdmwarrant_retention_entry *n)
{
	s64 known = lib_case_event(&e->c, n->name);
	bool reason = n->reason && *n->reason;
	char date[16];

	if (n->flags & LIBDMWARRANT_RETENTION_WITHDRAW) {
		if (known == LIB_NEVER)
			return lib_fail(e->r->ctx, -ENODATA,
					"the event %s has not been entered, so there is nothing to withdraw",
					n->name);
		return reason ? 0 : lib_fail(e->r->ctx, -EINVAL,
			"to withdraw an event needs a reason; give one with --reason");
	}
	if (known == LIB_NEVER || reason)
		return 0;
	return lib_fail(e->r->ctx, -EEXIST,
			"the event %s was entered already, for %s; a correction needs a reason, give one with --reason",
			n->name, lib_date_format(known, date));
}

static int enter_event(struct lib_entering *e, const struct libdmwarrant_retention_entry *n)
{
	int ret = check_event(e, n) ?: check_known(e, n);

	if (!ret && n->flags & LIBDMWARRANT_RETENTION_WITHDRAW)
		return lib_enter_text(e, "Event", n->name, true) ?:
			lib_enter_text(e, "Reason", n->reason, true);
	return ret ?: check_date(e, n->date) ?: lib_enter_text(e, "Event", n->name, true) ?:
		lib_enter_text(e, "Date", n->date, true) ?:
		lib_enter_text(e, "Reference", n->reference, true) ?:
		lib_enter_text(e, "Reason", n->reason, false);
}

int libdmwarrant_retention_event(struct libdmwarrant_registry *r,
				 const struct libdmwarrant_retention_entry *n)
{
	struct lib_entering e = { .r = r };
	int ret = check_entry(r, n, LIBDMWARRANT_RETENTION_WITHDRAW, true);

	if (ret)
		return ret;
	ret = lib_enter_begin(&e, &n->target, n->flags);
	if (!ret)
		ret = enter_event(&e, n);
	return lib_enter_end(&e, n->flags & LIBDMWARRANT_RETENTION_WITHDRAW ?
			     "retention.withdrawn" : "retention.event", ret);
}

/* ---- reviews ---- */

static int enter_review(struct lib_entering *e, const struct libdmwarrant_retention_entry *n)
{
	char quoted[LIB_QUOTE_SIZE];

	if (!n->name || (strcmp(n->name, "keep") && strcmp(n->name, "restrict") &&
			 strcmp(n->name, "request")))
		return lib_fail(e->r->ctx, -EINVAL,
				"the outcome of a review is keep, restrict or request, not %s",
				n->name ? lib_quote(quoted, n->name, strlen(n->name)) : "nothing");
	if (!lib_case_last(&e->c, "retention.bound"))
		return lib_fail(e->r->ctx, -ENODATA,
				"the warrant has no retention profile, which says what a review is about; bind one: warrantctl retention profile set");
	return lib_enter_text(e, "Outcome", n->name, true) ?:
		lib_enter_text(e, "Reason", n->reason, true);
}

int libdmwarrant_retention_review(struct libdmwarrant_registry *r,
				  const struct libdmwarrant_retention_entry *n)
{
	struct lib_entering e = { .r = r };
	int ret = check_entry(r, n, 0, true);

	if (ret)
		return ret;
	ret = lib_enter_begin(&e, &n->target, n->flags);
	if (!ret)
		ret = enter_review(&e, n);
	return lib_enter_end(&e, "retention.review", ret);
}
