// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules on warrants: what a record must have, and what it allows when. */
#include <time.h>

#include "etsi.h"
#include "json.h"
#include "registry.h"

/* LECrim 588 ter d.3: revoked or confirmed by a judge within 72 hours of the order. */
#define EMERGENCY_SECONDS	(72 * 3600)

/* ---- reading a record ---- */

/**
 * lib_warrant_parse() - JSON text to an object
 * @o: receives it, NULL when it fails; json_object_put() it
 */
int lib_warrant_parse(struct libdmwarrant *ctx, const char *json, struct json_object **o)
{
	struct json_object *v;
	int ret = lib_json_parse(ctx, "warrant", json, strlen(json), LIB_ETSI_RECORD_MAX, &v);

	*o = NULL;
	if (ret)
		return ret;
	if (!json_object_is_type(v, json_type_object)) {
		json_object_put(v);
		return lib_fail(ctx, -EINVAL, "warrant: not a JSON object");
	}
	*o = v;
	return 0;
}

/** lib_warrant_text() - a member's text; "" = there is none */
const char *lib_warrant_text(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_string))
		return "";
	return json_object_get_string(v);
}

/** lib_warrant_time() - a member's time in Unix seconds; 0 = there is none */
s64 lib_warrant_time(struct json_object *o, const char *name)
{
	s64 us;

	return lib_etsi_time(lib_warrant_text(o, name), &us) ? 0 : us / 1000000;
}

const char *lib_time_format(s64 seconds, char text[32])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 32, "%lld s", (long long)seconds);
	return text;
}

/* Value of a DictionaryEntry; "" = there is none. */
static const char *entry_value(struct json_object *o, const char *name)
{
	return lib_warrant_text(json_object_object_get(o, name), "Value");
}

/* When an emergency's 72 hours began: at the first time that anything says; 0 = nothing does. */
static s64 emergency_began(struct json_object *o)
{
	struct json_object *approvals = json_object_object_get(o, "AuthorisationApprovalDetails");
	s64 times[2], first, t;
	size_t i;

	times[0] = lib_warrant_time(json_object_object_get(o, "AuthorisationTimespan"),
				    "StartTime");
	times[1] = lib_warrant_time(o, "AuthorisationCreationTimestamp");
	first = times[0] && (!times[1] || times[0] < times[1]) ? times[0] : times[1];
	if (!json_object_is_type(approvals, json_type_array))
		return first;
	for (i = 0; i < json_object_array_length(approvals); i++) {
		t = lib_warrant_time(json_object_array_get_idx(approvals, i),
				     "ApprovalTimestamp");
		if (t && (!first || t < first))
			first = t;
	}
	return first;
}

/* ---- states ---- */

static const struct {
	const char			*status;
	enum libdmwarrant_warrant_state	state;		/* as far as the status goes */
} statuses[] = {
	{ "AwaitingApproval",		LIBDMWARRANT_WARRANT_AWAITING },
	{ "CreatingForCSP",		LIBDMWARRANT_WARRANT_AWAITING },
	{ "SubmittedToCSP",		LIBDMWARRANT_WARRANT_AWAITING },
	{ "EmergencyApproval",		LIBDMWARRANT_WARRANT_EMERGENCY },
	{ "Approved",			LIBDMWARRANT_WARRANT_IN_FORCE },
	/* Until its update is approved, it is what it was. */
	{ "AwaitingUpdateApproval",	LIBDMWARRANT_WARRANT_IN_FORCE },
	{ "Rejected",			LIBDMWARRANT_WARRANT_REJECTED },
	{ "Suspended",			LIBDMWARRANT_WARRANT_SUSPENDED },
	{ "Cancelled",			LIBDMWARRANT_WARRANT_CANCELLED },
	{ "Expired",			LIBDMWARRANT_WARRANT_EXPIRED },
	{ "Invalid",			LIBDMWARRANT_WARRANT_INVALID },
};

static enum libdmwarrant_warrant_state status_state(struct json_object *o)
{
	struct json_object *entry = json_object_object_get(o, "AuthorisationStatus");
	const char *value = lib_warrant_text(entry, "Value");
	size_t i;

	if (!entry)
		return LIBDMWARRANT_WARRANT_AWAITING;
	/* What a country's own dictionary means by a word is not for us to guess. */
	if (strcmp(lib_warrant_text(entry, "Owner"), "ETSI"))
		return LIBDMWARRANT_WARRANT_INVALID;
	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		if (!strcmp(value, statuses[i].status))
			return statuses[i].state;
	return LIBDMWARRANT_WARRANT_INVALID;
}

static enum libdmwarrant_warrant_state state_at(const struct libdmwarrant_warrant *w,
						enum libdmwarrant_warrant_state status, s64 now)
{
	if (status != LIBDMWARRANT_WARRANT_IN_FORCE && status != LIBDMWARRANT_WARRANT_EMERGENCY)
		return status;
	if (w->end && now >= w->end)
		return LIBDMWARRANT_WARRANT_EXPIRED;
	if (status == LIBDMWARRANT_WARRANT_EMERGENCY && now >= w->limit)
		return LIBDMWARRANT_WARRANT_UNCONFIRMED;
	return now < w->start ? LIBDMWARRANT_WARRANT_NOT_BEGUN : status;
}

const char *libdmwarrant_warrant_state_name(enum libdmwarrant_warrant_state state)
{
	static const char *const names[] = {
		[LIBDMWARRANT_WARRANT_IN_FORCE] = "in force",
		[LIBDMWARRANT_WARRANT_EMERGENCY] = "emergency",
		[LIBDMWARRANT_WARRANT_NOT_BEGUN] = "not begun",
		[LIBDMWARRANT_WARRANT_EXPIRED] = "expired",
		[LIBDMWARRANT_WARRANT_UNCONFIRMED] = "unconfirmed",
		[LIBDMWARRANT_WARRANT_AWAITING] = "awaiting approval",
		[LIBDMWARRANT_WARRANT_SUSPENDED] = "suspended",
		[LIBDMWARRANT_WARRANT_CANCELLED] = "cancelled",
		[LIBDMWARRANT_WARRANT_REJECTED] = "rejected",
		[LIBDMWARRANT_WARRANT_INVALID] = "invalid",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

/** lib_warrant_summary() - in short, as at @now; its texts are those of @o */
void lib_warrant_summary(struct json_object *o, s64 now, struct libdmwarrant_warrant *w)
{
	struct json_object *timespan = json_object_object_get(o, "AuthorisationTimespan");
	enum libdmwarrant_warrant_state status = status_state(o);
	s64 confirm;

	w->version = LIBDMWARRANT_WARRANT_VERSION;
	w->uuid = lib_warrant_text(o, "ObjectIdentifier");
	w->reference = lib_warrant_text(o, "AuthorisationReference");
	w->country = lib_warrant_text(o, "CountryCode");
	w->owner = lib_warrant_text(o, "OwnerIdentifier");
	w->copy = lib_warrant_text(o, "Copy");
	w->status = entry_value(o, "AuthorisationStatus");
	w->legal_type = entry_value(o, "AuthorisationLegalType");
	w->type_of_case = entry_value(o, "AuthorisationTypeOfCase");
	w->start = lib_warrant_time(timespan, "StartTime");
	w->end = lib_warrant_time(timespan, "EndTime");
	w->limit = w->end;
	if (status == LIBDMWARRANT_WARRANT_EMERGENCY) {
		confirm = emergency_began(o) + EMERGENCY_SECONDS;
		w->limit = w->end && w->end < confirm ? w->end : confirm;
	}
	w->state = state_at(w, status, now);
}

/* ---- what is allowed ---- */

#define READ	(1U << LIBDMWARRANT_USE_READ)
#define WRITE	(1U << LIBDMWARRANT_USE_WRITE)
#define PREPARE	(1U << LIBDMWARRANT_USE_PREPARE)

/* What was gathered lawfully stays readable; what never was authorised is not shown. */
static const struct {
	unsigned int	uses;
	int		err;
	const char	*next;
} allowed[] = {
	[LIBDMWARRANT_WARRANT_IN_FORCE] = { READ | WRITE | PREPARE, 0, NULL },
	[LIBDMWARRANT_WARRANT_EMERGENCY] = { READ | WRITE | PREPARE, 0, NULL },
	[LIBDMWARRANT_WARRANT_NOT_BEGUN] = { PREPARE, -EPERM, "wait, or correct its StartTime" },
	[LIBDMWARRANT_WARRANT_EXPIRED] = {
		READ, -EKEYEXPIRED, "open it read-only, or enter the order that renewed it: warrantctl warrant renew"
	},
	[LIBDMWARRANT_WARRANT_UNCONFIRMED] = {
		READ, -EKEYEXPIRED, "open it read-only, or enter the judge's confirmation: warrantctl warrant edit --status Approved"
	},
	[LIBDMWARRANT_WARRANT_AWAITING] = {
		0, -EPERM, "enter the approval: warrantctl warrant edit --status Approved"
	},
	[LIBDMWARRANT_WARRANT_SUSPENDED] = {
		READ, -EKEYREVOKED, "open it read-only until it is resumed"
	},
	[LIBDMWARRANT_WARRANT_CANCELLED] = { READ, -EKEYREVOKED, "open it read-only" },
	[LIBDMWARRANT_WARRANT_REJECTED] = { 0, -EKEYREVOKED, "ask its authority" },
	[LIBDMWARRANT_WARRANT_INVALID] = { 0, -EKEYREVOKED, "ask its authority" },
};

/* What happened when, for the error. */
static void describe(const struct libdmwarrant_warrant *w, char *text, size_t size)
{
	char time[32];

	switch (w->state) {
	case LIBDMWARRANT_WARRANT_NOT_BEGUN:
		snprintf(text, size, "begins at %s", lib_time_format(w->start, time));
		break;
	case LIBDMWARRANT_WARRANT_EXPIRED:
		if (w->end)
			snprintf(text, size, "expired at %s", lib_time_format(w->end, time));
		else
			snprintf(text, size, "has expired");
		break;
	case LIBDMWARRANT_WARRANT_UNCONFIRMED:
		snprintf(text, size,
			 "was an emergency's and not confirmed within 72 hours, by %s",
			 lib_time_format(w->limit, time));
		break;
	case LIBDMWARRANT_WARRANT_INVALID:
		snprintf(text, size, strcmp(w->status, "Invalid") ?
			 "has the status %.64s, which is none of ETSI's" : "has the status %.64s",
			 w->status);
		break;
	case LIBDMWARRANT_WARRANT_AWAITING:
		snprintf(text, size, "awaits approval");
		break;
	default:
		snprintf(text, size, "is %s", libdmwarrant_warrant_state_name(w->state));
	}
}

int libdmwarrant_warrant_usable(struct libdmwarrant *ctx, const char *json, int64_t now,
				enum libdmwarrant_use use)
{
	static const char *const what[] = { "be read", "be written", "be made" };
	struct libdmwarrant_warrant w = { 0 };
	char reference[LIB_QUOTE_SIZE], why[128];
	struct json_object *o;
	int ret;

	if (use > LIBDMWARRANT_USE_PREPARE)
		return lib_fail(ctx, -EINVAL, "unknown use %u of a warrant", use);
	ret = lib_warrant_parse(ctx, json, &o);
	if (ret)
		return ret;
	ret = lib_warrant_check(ctx, o);
	if (!ret) {
		lib_warrant_summary(o, now, &w);
		if (!(allowed[w.state].uses & 1U << use))
			ret = allowed[w.state].err;
	}
	if (ret && w.state) {
		describe(&w, why, sizeof(why));
		lib_fail(ctx, ret, "warrant %s %s, so none of its volumes may %s; %s",
			 lib_quote(reference, w.reference, strlen(w.reference)), why, what[use],
			 allowed[w.state].next);
	}
	json_object_put(o);
	return ret;
}

/**
 * lib_warrant_renewable() - may an order given at @approved prolong a warrant?
 *
 * Return: 0, or -EKEYEXPIRED, -EKEYREVOKED, -EPERM, -EINVAL with the error set.
 */
int lib_warrant_renewable(struct libdmwarrant *ctx, const struct libdmwarrant_warrant *w,
			  s64 approved)
{
	char given[32], limit[32];

	switch (w->state) {
	case LIBDMWARRANT_WARRANT_AWAITING:
		return lib_fail(ctx, -EPERM,
				"the warrant awaits approval, so there is nothing to renew; enter the approval: warrantctl warrant edit --status Approved");
	case LIBDMWARRANT_WARRANT_SUSPENDED:
	case LIBDMWARRANT_WARRANT_CANCELLED:
	case LIBDMWARRANT_WARRANT_REJECTED:
	case LIBDMWARRANT_WARRANT_INVALID:
		return lib_fail(ctx, -EKEYREVOKED,
				"the warrant has the status %.64s and cannot be renewed; a new order is a new warrant",
				w->status);
	default:
		break;
	}
	if (!w->end)
		return lib_fail(ctx, -EINVAL,
				"the warrant has no EndTime to be prolonged; enter one: warrantctl warrant edit --end");
	if (approved >= w->limit)
		return lib_fail(ctx, -EKEYEXPIRED,
				"the order of %s came after the warrant had lapsed at %s; what has lapsed is not renewed, add a warrant of its own",
				lib_time_format(approved, given),
				lib_time_format(w->limit, limit));
	return 0;
}

/* ---- what a record must have besides ---- */

/** lib_warrant_check() - ETSI's rules and ours. Return: 0 or -EINVAL */
int lib_warrant_check(struct libdmwarrant *ctx, struct json_object *o)
{
	int ret = lib_etsi_check_warrant(ctx, o);

	if (ret)
		return ret;
	if (status_state(o) == LIBDMWARRANT_WARRANT_EMERGENCY && !emergency_began(o))
		return lib_fail(ctx, -EINVAL,
				"warrant: an EmergencyApproval counts for 72 hours, so it needs AuthorisationTimespan.StartTime or the ApprovalTimestamp of an approval");
	return 0;
}
