// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: api DIRECTORY
 *
 * The library's registry from inside: rules on warrants, digests, anchors, marks. Prints "ok NAME"
 * or "not ok NAME: why" for each test.
 */
#include <sqlite3.h>
#include <unistd.h>

#include "registry.h"
#include "test.h"

#define WARRANT	"0ca4cf0b-3ee1-4b4a-9ef8-1f4c9e1c0a11"

static struct libdmwarrant *ctx;
static struct libdmwarrant_registry *reg;
static char *path, *uri;

static void is(const char *name, int got, int want)
{
	test_result(name, got == want, "%d, expected %d: %s", got, want, libdmwarrant_error(ctx));
}

static void says(const char *name, const char *part)
{
	test_result(name, strstr(libdmwarrant_error(ctx), part), "no \"%s\" in: %s", part,
		    libdmwarrant_error(ctx));
}

static void fresh(void)
{
	struct libdmwarrant_registry_init_result r = {
		.version = LIBDMWARRANT_REGISTRY_INIT_VERSION
	};
	int ret;

	libdmwarrant_registry_close(reg);
	reg = NULL;
	unlink(path);
	ret = libdmwarrant_registry_init(ctx, uri, 0, &r) ?:
		libdmwarrant_registry_open(ctx, uri, 0, &reg);
	if (!ret)
		return;
	printf("not ok init: %s\n", libdmwarrant_error(ctx));
	exit(1);
}

static void sql(const char *text)
{
	sqlite3 *db;
	char *why = NULL;

	if (sqlite3_open(path, &db) || sqlite3_exec(db, text, NULL, NULL, &why))
		printf("not ok statement: %s: %s\n", text, why);
	sqlite3_close(db);
}

static s64 at(const char *time)
{
	struct json_object *o = json_object_new_object();
	s64 t;

	json_object_object_add(o, "t", json_object_new_string(time));
	t = lib_warrant_time(o, "t");
	json_object_put(o);
	return t;
}

/* ---- what a warrant allows ---- */

#define SPAN	"\"AuthorisationTimespan\":{\"StartTime\":\"2026-03-01T00:00:00+01:00\",\"EndTime\":\"2026-06-01T00:00:00+02:00\"}"

/* A record with the status @status and whatever else. */
static char *record(const char *status, const char *more)
{
	char *text;

	if (asprintf(&text, "{\"ObjectIdentifier\":\"" WARRANT "\",\"AuthorisationReference\":\"W-1\",\"Copy\":\"original\"%s%s%s%s%s}",
		     status ? ",\"AuthorisationStatus\":{\"Owner\":\"ETSI\",\"Name\":\"AuthorisationStatus\",\"Value\":\"" : "",
		     status ? status : "", status ? "\"}" : "", more[0] ? "," : "", more) < 0)
		exit(3);
	return text;
}

static const struct {
	const char	*name;
	const char	*status;
	const char	*more;
	const char	*now;
	int		read, write, prepare;
} uses[] = {
	{ "in-force", "Approved", SPAN, "2026-04-01T00:00:00Z", 0, 0, 0 },
	{ "first-second", "Approved", SPAN, "2026-02-28T23:00:00Z", 0, 0, 0 },
	{ "second-before", "Approved", SPAN, "2026-02-28T22:59:59Z", -EPERM, -EPERM, 0 },
	{ "last-second", "Approved", SPAN, "2026-05-31T21:59:59Z", 0, 0, 0 },
	{ "end", "Approved", SPAN, "2026-05-31T22:00:00Z", 0, -EKEYEXPIRED, -EKEYEXPIRED },
	{ "no-timespan", "Approved", "", "2026-05-31T22:00:00Z", 0, 0, 0 },
	{ "update", "AwaitingUpdateApproval", SPAN, "2026-04-01T00:00:00Z", 0, 0, 0 },
	{ "update-over", "AwaitingUpdateApproval", SPAN, "2026-07-01T00:00:00Z", 0, -EKEYEXPIRED,
	  -EKEYEXPIRED },
	{ "no-status", NULL, SPAN, "2026-04-01T00:00:00Z", -EPERM, -EPERM, -EPERM },
	{ "awaiting", "AwaitingApproval", SPAN, "2026-04-01T00:00:00Z", -EPERM, -EPERM, -EPERM },
	{ "creating", "CreatingForCSP", SPAN, "2026-04-01T00:00:00Z", -EPERM, -EPERM, -EPERM },
	{ "submitted", "SubmittedToCSP", SPAN, "2026-04-01T00:00:00Z", -EPERM, -EPERM, -EPERM },
	{ "rejected", "Rejected", SPAN, "2026-04-01T00:00:00Z", -EKEYREVOKED, -EKEYREVOKED,
	  -EKEYREVOKED },
	{ "invalid", "Invalid", SPAN, "2026-04-01T00:00:00Z", -EKEYREVOKED, -EKEYREVOKED,
	  -EKEYREVOKED },
	{ "suspended", "Suspended", SPAN, "2026-04-01T00:00:00Z", 0, -EKEYREVOKED, -EKEYREVOKED },
	{ "cancelled", "Cancelled", SPAN, "2026-04-01T00:00:00Z", 0, -EKEYREVOKED, -EKEYREVOKED },
	{ "expired", "Expired", SPAN, "2026-04-01T00:00:00Z", 0, -EKEYEXPIRED, -EKEYEXPIRED },
	{ "emergency", "EmergencyApproval", SPAN, "2026-03-02T00:00:00Z", 0, 0, 0 },
	{ "emergency-72h", "EmergencyApproval", SPAN, "2026-03-03T22:59:59Z", 0, 0, 0 },
	{ "emergency-over", "EmergencyApproval", SPAN, "2026-03-03T23:00:00Z", 0, -EKEYEXPIRED,
	  -EKEYEXPIRED },
	/* The order may be older than the timespan. */
	{ "emergency-order", "EmergencyApproval",
	  SPAN ",\"AuthorisationApprovalDetails\":[{\"ApprovalTimestamp\":\"2026-02-28T00:00:00Z\"}]",
	  "2026-03-03T00:00:00Z", 0, -EKEYEXPIRED, -EKEYEXPIRED },
	{ "emergency-created", "EmergencyApproval",
	  "\"AuthorisationCreationTimestamp\":\"2026-02-28T00:00:00Z\"", "2026-03-02T23:59:59Z",
	  0, 0, 0 },
};

static void test_usable(void)
{
	const int *want;
	char name[64];
	char *json;
	size_t i;
	int use;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		json = record(uses[i].status, uses[i].more);
		for (use = 0; use < 3; use++) {
			want = use == 0 ? &uses[i].read : use == 1 ? &uses[i].write :
				&uses[i].prepare;
			snprintf(name, sizeof(name), "usable-%s-%d", uses[i].name, use);
			is(name, libdmwarrant_warrant_usable(ctx, json, at(uses[i].now), use),
			   *want);
		}
		free(json);
	}
}

static void test_usable_errors(void)
{
	char *json = record("EmergencyApproval", SPAN);

	libdmwarrant_warrant_usable(ctx, json, at("2026-04-01T00:00:00Z"), 1);
	says("usable-says-72h", "72 hours, by 2026-03-03T23:00:00Z");
	free(json);
	json = record("Approved", SPAN);
	libdmwarrant_warrant_usable(ctx, json, at("2026-07-01T00:00:00Z"), 1);
	says("usable-says-when", "expired at 2026-05-31T22:00:00Z");
	says("usable-says-next", "read-only");
	is("usable-use", libdmwarrant_warrant_usable(ctx, json, 0, 3), -EINVAL);
	free(json);
	/* A word of a national dictionary, though it looks like ETSI's. */
	json = record(NULL, SPAN ",\"AuthorisationStatus\":{\"Owner\":\"NL\",\"Name\":\"AuthorisationStatus\",\"Value\":\"Approved\"}");
	is("usable-national", libdmwarrant_warrant_usable(ctx, json, at("2026-04-01T00:00:00Z"), 0),
	   -EKEYREVOKED);
	says("usable-national-says", "none of ETSI's");
	free(json);
	json = record("EmergencyApproval", "");
	is("usable-emergency-when", libdmwarrant_warrant_usable(ctx, json, 0, 1), -EINVAL);
	free(json);
	is("usable-no-json", libdmwarrant_warrant_usable(ctx, "[]", 0, 0), -EINVAL);
	is("usable-empty", libdmwarrant_warrant_usable(ctx, "{}", 0, 0), -EINVAL);
}

/* ---- digests ---- */

static void digest_is(const char *name, const char *json, const char *want)
{
	u8 uuid[16], digest[LIBDMWARRANT_DIGEST_SIZE];
	char text[65] = "";

	libdmwarrant_uuid_parse("11111111-2222-4333-8444-555555555555", uuid);
	if (!lib_binding_digest(ctx, json, uuid, digest))
		lib_hex(text, digest, sizeof(digest));
	test_result(name, !strcmp(text, want), "%s: %s", text, libdmwarrant_error(ctx));
}

/* Computed with Python's hashlib. */
static void test_binding(void)
{
	digest_is("binding",
		  "{\"CountryCode\":\"ES\",\"ObjectIdentifier\":\"" WARRANT "\",\"OwnerIdentifier\":\"Juzgado Central\",\"Copy\":\"original\",\"AuthorisationReference\":\"W-1\",\"Generation\":7}",
		  "32ae733fae95a9734f8f8dd6f9a2afde20d7158b493c62f117223d07c40e25c6");
	digest_is("binding-absent",
		  "{\"ObjectIdentifier\":\"" WARRANT "\",\"Copy\":\"custodial\",\"AuthorisationReference\":\"W-1\"}",
		  "48b7af46345b8ba31fa6a3a1fe91e88a30e6fcc6455dca8b899b875ce9ed2945");
	digest_is("binding-no-record", "{}", "");
}

/* ---- JSON ---- */

/* Appendix A of RFC 7396, as far as json-c can represent it. */
static const char *const merges[][3] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{ \"a\": \"c\" }" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{ \"a\": \"b\", \"b\": \"c\" }" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{ }" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{ \"b\": \"c\" }" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{ \"a\": \"c\" }" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{ \"a\": [ \"b\" ] }" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	  "{ \"a\": { \"b\": \"d\" } }" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{ \"a\": [ 1 ] }" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[ \"c\", \"d\" ]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[ \"c\" ]" },
	{ "{\"e\":null}", "{\"a\":1}", "{ \"e\": null, \"a\": 1 }" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{ \"a\": \"b\" }" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{ \"a\": { \"bb\": { } } }" },
};

static void test_merge(void)
{
	struct json_object *target, *patch;
	char name[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(merges); i++) {
		target = json_tokener_parse(merges[i][0]);
		patch = json_tokener_parse(merges[i][1]);
		snprintf(name, sizeof(name), "merge-%zu", i);
		is(name, lib_json_merge(&target, patch), 0);
		test_result("merge-result", !strcmp(json_object_to_json_string(target),
						    merges[i][2]), "%zu: %s", i,
			    json_object_to_json_string(target));
		json_object_put(target);
		json_object_put(patch);
	}
}

static void changes_are(const char *name, const char *from, const char *to, const char *want)
{
	struct json_object *a = json_tokener_parse(from), *b = json_tokener_parse(to), *c = NULL;

	lib_json_changes(a, b, &c);
	test_result(name, !strcmp(json_object_to_json_string_ext(c, 0), want), "%s",
		    json_object_to_json_string_ext(c, 0));
	json_object_put(a);
	json_object_put(b);
	json_object_put(c);
}

static void test_changes(void)
{
	changes_are("changes-none", "{\"a\":[1,{\"b\":2}]}", "{\"a\":[1,{\"b\":2}]}", "[]");
	changes_are("changes-deep", "{\"a\":[1,{\"b/c\":2}]}", "{\"a\":[1,{\"b/c\":3}]}",
		    "[{\"Path\":\"\\/a\\/1\\/b~1c\",\"From\":2,\"To\":3}]");
	changes_are("changes-added", "{}", "{\"~\":1}", "[{\"Path\":\"\\/~0\",\"To\":1}]");
	changes_are("changes-removed", "{\"a\":1}", "{}", "[{\"Path\":\"\\/a\",\"From\":1}]");
	changes_are("changes-longer", "{\"a\":[1]}", "{\"a\":[1,2]}",
		    "[{\"Path\":\"\\/a\\/1\",\"To\":2}]");
	changes_are("changes-type", "{\"a\":[1]}", "{\"a\":{}}",
		    "[{\"Path\":\"\\/a\",\"From\":[1],\"To\":{}}]");
}

/* ---- recording and changing ---- */

static int add(const char *json)
{
	return libdmwarrant_warrant_add(reg, json, NULL, NULL);
}

static int edit(const char *patch)
{
	static const struct libdmwarrant_change how = {
		.version = LIBDMWARRANT_CHANGE_VERSION, .reason = "test",
	};

	return libdmwarrant_warrant_edit(reg, WARRANT, patch, &how, NULL);
}

static int count_one(void *arg, const struct libdmwarrant_warrant *w)
{
	(void)w;
	++*(int *)arg;
	return 0;
}

static int count_revision(void *arg, const struct libdmwarrant_revision *v)
{
	*(u32 *)arg = v->revision;
	return 0;
}

static u32 revisions(void)
{
	u32 n = 0;

	libdmwarrant_warrant_history(reg, WARRANT, count_revision, &n);
	return n;
}

static void test_add(void)
{
	struct libdmwarrant_change how = {
		.version = LIBDMWARRANT_CHANGE_VERSION, .flags = LIBDMWARRANT_CHANGE_DRY_RUN,
	};
	char *json = record("Approved", SPAN ",\"CountryCode\":\"ES\""), *got;
	int n = 0;

	fresh();
	is("add-dry-run", libdmwarrant_warrant_add(reg, json, &how, NULL), 0);
	libdmwarrant_warrant_list(reg, NULL, count_one, &n);
	is("add-dry-run-none", n, 0);
	is("add", add(json), 0);
	is("add-again", add(json), -EEXIST);
	is("add-same-reference",
	   add("{\"AuthorisationReference\":\"W-1\",\"CountryCode\":\"ES\"}"), -EEXIST);
	is("add-other-country",
	   add("{\"AuthorisationReference\":\"W-1\",\"CountryCode\":\"PT\"}"), 0);
	is("add-other-owner",
	   add("{\"AuthorisationReference\":\"W-1\",\"OwnerIdentifier\":\"X\",\"CountryCode\":\"ES\"}"),
	   0);
	is("get-ambiguous", libdmwarrant_warrant_get(reg, "W-1", &got), -ENOTUNIQ);
	is("get-full-name", libdmwarrant_warrant_get(reg, "ES//W-1", &got), 0);
	test_result("get-record", strstr(got, WARRANT), "%s", got);
	free(got);
	is("get-upper-case", libdmwarrant_warrant_get(reg, "0CA4CF0B-3EE1-4B4A-9EF8-1F4C9E1C0A11",
						      &got), 0);
	free(got);
	is("get-unknown", libdmwarrant_warrant_get(reg, "W-2", &got), -ENOENT);
	is("get-injection", libdmwarrant_warrant_get(reg, "' OR '1'='1", &got), -ENOENT);
	is("add-no-reference", add("{\"CountryCode\":\"ES\"}"), -EINVAL);
	is("add-twice-member",
	   add("{\"AuthorisationReference\":\"W-9\",\"AuthorisationReference\":\"W-8\"}"),
	   -EINVAL);
	is("add-unknown-member", add("{\"AuthorisationReference\":\"W-9\",\"Ende\":1}"), -EINVAL);
	is("add-emergency-when",
	   add("{\"AuthorisationReference\":\"W-9\",\"AuthorisationStatus\":{\"Owner\":\"ETSI\",\"Name\":\"AuthorisationStatus\",\"Value\":\"EmergencyApproval\"}}"),
	   -EINVAL);
	how.version = 99;
	is("add-version", libdmwarrant_warrant_add(reg, json, &how, NULL), -EINVAL);
	free(json);
}

static void test_edit(void)
{
	char *json = record("Approved", SPAN ",\"Generation\":3,\"CountryCode\":\"ES\"");
	struct libdmwarrant_change how = { .version = LIBDMWARRANT_CHANGE_VERSION };

	fresh();
	add(json);
	is("edit-no-reason", libdmwarrant_warrant_edit(reg, WARRANT, "{}", &how, NULL), -EINVAL);
	is("edit", edit("{\"AuthorisationJurisdiction\":\"Madrid\"}"), 0);
	is("edit-revision", revisions(), 2);
	is("edit-nothing", edit("{\"AuthorisationJurisdiction\":\"Madrid\"}"), 0);
	is("edit-nothing-no-trace", revisions(), 2);
	is("edit-reference", edit("{\"AuthorisationReference\":\"W-2\"}"), -EPERM);
	is("edit-country", edit("{\"CountryCode\":\"PT\"}"), -EPERM);
	is("edit-country-removed", edit("{\"CountryCode\":null}"), -EPERM);
	is("edit-owner-added", edit("{\"OwnerIdentifier\":\"X\"}"), -EPERM);
	is("edit-copy", edit("{\"Copy\":\"custodial\"}"), -EPERM);
	is("edit-identifier",
	   edit("{\"ObjectIdentifier\":\"11111111-2222-4333-8444-555555555555\"}"), -EPERM);
	is("edit-generation-older", edit("{\"Generation\":2}"), -ESTALE);
	is("edit-generation-removed", edit("{\"Generation\":null}"), -ESTALE);
	is("edit-generation", edit("{\"Generation\":4}"), 0);
	is("edit-bad-time", edit("{\"AuthorisationTimespan\":{\"EndTime\":\"tomorrow\"}}"), -EINVAL);
	is("edit-no-object", edit("[]"), -EINVAL);
	is("edit-revisions", revisions(), 3);
	how.reason = "new number";
	how.append = "{\"Tasks\":[{\"Reference\":\"L1\"}]}";
	is("edit-append", libdmwarrant_warrant_edit(reg, "W-1", "{}", &how, NULL), 0);
	is("edit-append-twice", libdmwarrant_warrant_edit(reg, "W-1", "{}", &how, NULL), -EINVAL);
	how.append = "{\"AuthorisationJurisdiction\":[1]}";
	is("edit-append-no-array", libdmwarrant_warrant_edit(reg, "W-1", "{}", &how, NULL),
	   -EINVAL);
	how.append = NULL;
	how.reason = "line\nend";
	is("edit-reason-control", libdmwarrant_warrant_edit(reg, "W-1", "{}", &how, NULL), -EINVAL);
	how.reason = "\xff";
	is("edit-reason-utf8", libdmwarrant_warrant_edit(reg, "W-1", "{}", &how, NULL), -EINVAL);
	is("edit-revisions-after", revisions(), 4);
	is("edit-still-sound", libdmwarrant_registry_check(reg, NULL, NULL), 0);
	free(json);
}

static int renew(const char *end, const char *approved)
{
	struct libdmwarrant_renewal n = {
		.version = LIBDMWARRANT_RENEWAL_VERSION, .end = end, .approved = approved,
		.reference = "44/2026",
	};

	return libdmwarrant_warrant_renew(reg, WARRANT, &n, NULL);
}

static void renewal_of(const char *name, const char *status, const char *more, const char *end,
		       const char *approved, int want)
{
	char *json = record(status, more);

	fresh();
	is("renew-add", add(json), 0);
	is(name, renew(end, approved), want);
	is("renew-history", revisions(), want ? 1 : 2);
	free(json);
}

static void test_renew(void)
{
	static const char order[] = "2026-05-20T00:00:00Z", end[] = "2026-09-01T00:00:00+02:00";
	struct libdmwarrant_renewal n = { .version = LIBDMWARRANT_RENEWAL_VERSION, .end = end };

	renewal_of("renew", "Approved", SPAN, end, order, 0);
	renewal_of("renew-entered-late", "Expired", SPAN, end, order, 0);
	renewal_of("renew-last-second", "Approved", SPAN, end, "2026-05-31T21:59:59Z", 0);
	renewal_of("renew-lapsed", "Approved", SPAN, end, "2026-05-31T22:00:00Z", -EKEYEXPIRED);
	renewal_of("renew-shorter", "Approved", SPAN, "2026-05-31T22:00:00Z", order, -EINVAL);
	renewal_of("renew-future", "Approved",
		   "\"AuthorisationTimespan\":{\"EndTime\":\"2999-01-01T00:00:00Z\"}",
		   "2999-06-01T00:00:00Z", "2998-01-01T00:00:00Z", -EINVAL);
	renewal_of("renew-no-end", "Approved", "", end, order, -EINVAL);
	renewal_of("renew-bad-end", "Approved", SPAN, "2026-09-01", order, -EINVAL);
	renewal_of("renew-bad-date", "Approved", SPAN, end, "yesterday", -EINVAL);
	renewal_of("renew-suspended", "Suspended", SPAN, end, order, -EKEYREVOKED);
	renewal_of("renew-cancelled", "Cancelled", SPAN, end, order, -EKEYREVOKED);
	renewal_of("renew-rejected", "Rejected", SPAN, end, order, -EKEYREVOKED);
	renewal_of("renew-awaiting", "AwaitingApproval", SPAN, end, order, -EPERM);
	renewal_of("renew-emergency", "EmergencyApproval", SPAN, end, "2026-03-02T00:00:00Z", 0);
	renewal_of("renew-emergency-late", "EmergencyApproval", SPAN, end, order, -EKEYEXPIRED);
	is("renew-no-reference", libdmwarrant_warrant_renew(reg, WARRANT, &n, NULL), -EINVAL);
	is("renew-unknown", (n.reference = "x", libdmwarrant_warrant_renew(reg, "W-7", &n, NULL)),
	   -ENOENT);
}

static void test_renewed(void)
{
	char *json = record("EmergencyApproval", SPAN ",\"AuthorisationApprovalDetails\":[{\"ApprovalReference\":\"1\"}]");
	char *got = NULL;

	fresh();
	add(json);
	renew("2026-09-01T00:00:00Z", "2026-03-02T00:00:00Z");
	libdmwarrant_warrant_get(reg, WARRANT, &got);
	test_result("renewed-approvals", strstr(got, "[{\"ApprovalReference\":\"1\"},{\"ApprovalReference\":\"44/2026\",\"ApprovalTimestamp\":\"2026-03-02T00:00:00Z\",\"ApprovalType\":\"Renewal\"}]"),
		    "%s", got);
	test_result("renewed-status", strstr(got, "\"Value\":\"Approved\""), "%s", got);
	test_result("renewed-end", strstr(got, "\"EndTime\":\"2026-09-01T00:00:00Z\",\"StartTime\":\"2026-03-01T00:00:00+01:00\""),
		    "%s", got);
	free(got);
	free(json);
}

/* ---- histories that were tampered with ---- */

static void tampered(const char *name, const char *text)
{
	char *json = record("Approved", SPAN);
	u32 n = 0;

	fresh();
	add(json);
	edit("{\"AuthorisationJurisdiction\":\"Madrid\"}");
	edit("{\"AuthorisationJurisdiction\":\"Barcelona\"}");
	is("tamper-before", libdmwarrant_registry_check(reg, NULL, NULL), 0);
	sql(text);
	is(name, libdmwarrant_warrant_history(reg, WARRANT, count_revision, &n), -EUCLEAN);
	free(json);
}

static void test_tampered(void)
{
	tampered("tamper-record", "UPDATE warrant_history SET record = replace(record, 'Madrid', 'Sevilla') WHERE revision = 2");
	tampered("tamper-newest", "UPDATE warrant_history SET record = replace(record, 'Barcelona', 'Sevilla') WHERE revision = 3");
	tampered("tamper-who", "UPDATE warrant_history SET by_user = 'nobody' WHERE revision = 1");
	tampered("tamper-when", "UPDATE warrant_history SET made = made + 1 WHERE revision = 3");
	tampered("tamper-reason", "UPDATE warrant_history SET reason = 'other' WHERE revision = 2");
	tampered("tamper-changes", "UPDATE warrant_history SET changes = '[]' WHERE revision = 2");
	tampered("tamper-type", "UPDATE warrant_history SET reason = 5 WHERE revision = 2");
	tampered("tamper-dropped", "DELETE FROM warrant_history WHERE revision = 2");
	tampered("tamper-first-dropped", "DELETE FROM warrant_history WHERE revision = 1");
	tampered("tamper-rolled-back", "UPDATE warrants SET revision = 2");
	tampered("tamper-truncated", "UPDATE warrants SET revision = 2; DELETE FROM warrant_history WHERE revision = 1; UPDATE warrant_history SET revision = revision - 1");
}

static int keep_fault(void *arg, const char *text)
{
	lib_copy(arg, 200, text);
	return 0;
}

static void test_check(void)
{
	char *json = record("Approved", SPAN), fault[200] = "";

	fresh();
	add(json);
	sql("UPDATE warrants SET status = 'Cancelled'");
	is("check-columns", libdmwarrant_registry_check(reg, keep_fault, fault), -EUCLEAN);
	test_result("check-columns-says", strstr(fault, WARRANT), "%s", fault);
	fresh();
	add(json);
	sql("PRAGMA foreign_keys=OFF; INSERT INTO volumes VALUES ('11111111-2222-4333-8444-555555555555', 'x', 'v', '', '', '', '', 'ready', 0, '', '')");
	is("check-dangling", libdmwarrant_registry_check(reg, keep_fault, fault), -EUCLEAN);
	test_result("check-dangling-says", strstr(fault, "volumes"), "%s", fault);
	fresh();
	add(json);
	sql("INSERT INTO volumes VALUES ('11111111-2222-4333-8444-555555555555', '" WARRANT "', 'v', '', '', '0000000000000000000000000000000000000000000000000000000000000000', '', 'ready', 0, '', '')");
	is("check-binding", libdmwarrant_registry_check(reg, keep_fault, fault), -EUCLEAN);
	test_result("check-binding-says", strstr(fault, "bound to another warrant"), "%s", fault);
	fresh();
	add(json);
	/* Only SQLite's own check sees this. */
	sql("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'release TEXT NOT NULL', 'release TEXT')");
	sql("UPDATE schema_versions SET release = NULL");
	sql("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'release TEXT', 'release TEXT NOT NULL')");
	fault[0] = 0;
	is("check-storage", libdmwarrant_registry_check(reg, keep_fault, fault), -EUCLEAN);
	test_result("check-storage-says", strstr(fault, "release"), "%s", fault);
	free(json);
}

/* ---- lists ---- */

static int list_count(struct libdmwarrant_filter f)
{
	int n = 0;

	f.version = LIBDMWARRANT_FILTER_VERSION;
	f.now = at("2026-04-01T00:00:00Z");
	return libdmwarrant_warrant_list(reg, &f, count_one, &n) ?: n;
}

static int edit_inside(void *arg, const struct libdmwarrant_warrant *w)
{
	static const struct libdmwarrant_change how = {
		.version = LIBDMWARRANT_CHANGE_VERSION, .reason = "inside",
	};

	*(int *)arg += libdmwarrant_warrant_edit(reg, w->uuid,
						 "{\"AuthorisationJurisdiction\":\"X\"}", &how,
						 NULL);
	return 0;
}

static int stop(void *arg, const struct libdmwarrant_warrant *w)
{
	(void)arg;
	(void)w;
	return 1;
}

static void test_list(void)
{
	int failed = 0;

	fresh();
	add("{\"AuthorisationReference\":\"A-1\",\"CountryCode\":\"ES\"," SPAN ",\"AuthorisationStatus\":{\"Owner\":\"ETSI\",\"Name\":\"AuthorisationStatus\",\"Value\":\"Approved\"},\"Tasks\":[{\"Reference\":\"ES-1\"},{\"Reference\":\"ES-2\"}]}");
	add("{\"AuthorisationReference\":\"A-2\",\"CountryCode\":\"ES\",\"AuthorisationLegalEntity\":\"Juzgado 5\",\"Tasks\":[{\"Reference\":\"ES-1\"}]}");
	add("{\"AuthorisationReference\":\"B-1\",\"CountryCode\":\"NL\",\"AuthorisationTimespan\":{\"EndTime\":\"2026-01-01T00:00:00Z\"},\"AuthorisationStatus\":{\"Owner\":\"ETSI\",\"Name\":\"AuthorisationStatus\",\"Value\":\"Approved\"}}");
	is("list-all", list_count((struct libdmwarrant_filter){ 0 }), 3);
	is("list-country", list_count((struct libdmwarrant_filter){ .country = "ES" }), 2);
	is("list-status", list_count((struct libdmwarrant_filter){ .status = "Approved" }), 2);
	is("list-liid", list_count((struct libdmwarrant_filter){ .liid = "ES-1" }), 2);
	is("list-liid-one", list_count((struct libdmwarrant_filter){ .liid = "ES-2" }), 1);
	is("list-liid-part", list_count((struct libdmwarrant_filter){ .liid = "ES" }), 0);
	is("list-text", list_count((struct libdmwarrant_filter){ .text = "juzgado" }), 1);
	is("list-text-liid", list_count((struct libdmwarrant_filter){ .text = "es-2" }), 1);
	is("list-expired", list_count((struct libdmwarrant_filter){
		.state = LIBDMWARRANT_WARRANT_EXPIRED }), 1);
	is("list-in-force", list_count((struct libdmwarrant_filter){
		.state = LIBDMWARRANT_WARRANT_IN_FORCE }), 1);
	is("list-ends-before", list_count((struct libdmwarrant_filter){
		.ends_before = at("2026-02-01T00:00:00Z") }), 1);
	is("list-both", list_count((struct libdmwarrant_filter){ .country = "NL",
								.liid = "ES-1" }), 0);
	is("list-stop", libdmwarrant_warrant_list(reg, NULL, stop, NULL), -ECANCELED);
	libdmwarrant_warrant_list(reg, NULL, edit_inside, &failed);
	is("list-callback-writes", failed, 0);
	edit("{\"Tasks\":[]}");
	is("list-still-sound", libdmwarrant_registry_check(reg, NULL, NULL), 0);
}

/* ---- volumes ---- */

static u8 volume_uuid[LIBDMWARRANT_UUID_SIZE];

static int volume_add(const char *uuid, const char *name, const char *warrant, u32 flags)
{
	struct libdmwarrant_record v = {
		.version = LIBDMWARRANT_RECORD_VERSION, .flags = flags, .wwid = "naa.1",
		.device = "/dev/sda", .keystore = "file:/k",
	};

	libdmwarrant_uuid_parse(uuid, v.uuid);
	memcpy(volume_uuid, v.uuid, sizeof(v.uuid));
	lib_copy(v.name, sizeof(v.name), name);
	lib_copy(v.warrant, sizeof(v.warrant), warrant);
	return libdmwarrant_registry_volume_add(reg, &v);
}

#define V1	"11111111-2222-4333-8444-555555555555"
#define V2	"21111111-2222-4333-8444-555555555555"

static int count_volume(void *arg, const struct libdmwarrant_record *v)
{
	(void)v;
	++*(int *)arg;
	return 0;
}

static int volume_get(const char *key)
{
	struct libdmwarrant_record v = { .version = LIBDMWARRANT_RECORD_VERSION };

	return libdmwarrant_registry_volume_get(reg, key, &v);
}

static void test_volumes(void)
{
	struct libdmwarrant_record v = { .version = LIBDMWARRANT_RECORD_VERSION };
	char *json = record("Approved", SPAN);
	u8 digest[32];
	int n = 0;

	fresh();
	add(json);
	is("volume-unknown-warrant", volume_add(V1, "v1", "W-2", 0), -ENOENT);
	is("volume-name-slash", volume_add(V1, "a/b", "W-1", 0), -EINVAL);
	is("volume-name-dots", volume_add(V1, "..", "W-1", 0), -EINVAL);
	is("volume-name-empty", volume_add(V1, "", "W-1", 0), -EINVAL);
	is("volume-name-uuid", volume_add(V1, V2, "W-1", 0), -EINVAL);
	is("volume-name-utf8", volume_add(V1, "\xc3\xa9", "W-1", 0), -EINVAL);
	is("volume-flags", volume_add(V1, "v1", "W-1", 8), -EINVAL);
	is("volume-add", volume_add(V1, "v1", "W-1", LIBDMWARRANT_RECORD_CREATING), 0);
	is("volume-same-uuid", volume_add(V1, "v2", "W-1", 0), -EEXIST);
	is("volume-same-name", volume_add(V2, "v1", "W-1", 0), -EEXIST);
	is("volume-get-warrant", volume_get("W-1"), 0);
	is("volume-get-unknown", volume_get("v9"), -ENOENT);
	add("{\"AuthorisationReference\":\"W-1\",\"CountryCode\":\"PT\"}");
	is("volume-get-ambiguous", volume_get("W-1"), -ENOTUNIQ);
	says("volume-get-ambiguous-says", "2 warrants have the reference");
	is("volume-get", libdmwarrant_registry_volume_get(reg, "v1", &v), 0);
	is("volume-creating", v.flags, LIBDMWARRANT_RECORD_CREATING);
	lib_binding_digest(ctx, json, v.uuid, digest);
	test_result("volume-digest", !memcmp(digest, v.digest, 32), "another one");
	test_result("volume-warrant", !strcmp(v.warrant, WARRANT), "%s", v.warrant);
	is("volume-ready", libdmwarrant_registry_volume_ready(reg, v.uuid), 0);
	is("volume-ready-again", libdmwarrant_registry_volume_ready(reg, v.uuid), 0);
	is("volume-remove-ready", libdmwarrant_registry_volume_remove(reg, v.uuid), -EPERM);
	libdmwarrant_registry_volume_get(reg, V1, &v);
	is("volume-get-ready", v.flags, 0);
	is("volume-moved", libdmwarrant_registry_volume_moved(reg, v.uuid, "naa.2", NULL), 0);
	libdmwarrant_registry_volume_get(reg, V1, &v);
	test_result("volume-moved-to", !strcmp(v.wwid, "naa.2") && !strcmp(v.device, "/dev/sda"),
		    "%s %s", v.wwid, v.device);
	is("volume-moved-control", libdmwarrant_registry_volume_moved(reg, v.uuid, "a\n", NULL),
	   -EINVAL);
	is("volume-add-second", volume_add(V2, "v2", WARRANT, LIBDMWARRANT_RECORD_CREATING), 0);
	is("volume-get-several", volume_get(WARRANT), -ENOTUNIQ);
	says("volume-get-several-says", "v1, v2");
	is("volume-list", libdmwarrant_registry_volume_list(reg, WARRANT, count_volume, &n) ?: n,
	   2);
	is("volume-list-unknown", libdmwarrant_registry_volume_list(reg, "W-3", count_volume, &n),
	   -ENOENT);
	is("volume-remove", libdmwarrant_registry_volume_remove(reg, volume_uuid), 0);
	is("volume-removed", libdmwarrant_registry_volume_remove(reg, volume_uuid), -ENOENT);
	/* The record's binding is not the volume's any more. */
	sql("UPDATE warrant_history SET record = replace(record, '\"W-1\"', '\"W-5\"'); UPDATE warrants SET reference = 'W-5'");
	is("volume-other-record", volume_get("v1"), -EUCLEAN);
	free(json);
	v.version = 7;
	is("volume-version", libdmwarrant_registry_volume_get(reg, "v1", &v), -EINVAL);
}

/* ---- anchors ---- */

static int anchor_set(u64 checkpoint, int salt)
{
	struct libdmwarrant_anchor a = { .checkpoint = checkpoint };

	memset(a.salt, salt, sizeof(a.salt));
	return libdmwarrant_registry_anchor_set(reg, volume_uuid, &a);
}

static int count_anchor(void *arg, const struct libdmwarrant_anchor_entry *e)
{
	(void)e;
	++*(int *)arg;
	return 0;
}

static int first_anchor(void *arg, const struct libdmwarrant_anchor_entry *e)
{
	*(u64 *)arg = e->anchor.checkpoint;
	return 1;
}

static void test_anchors(void)
{
	struct libdmwarrant_anchor a = { .checkpoint = 5 }, got;
	char *json = record("Approved", SPAN), host[65];
	u64 newest = 0;
	s64 when;
	int i, n = 0;

	fresh();
	add(json);
	is("anchor-no-volume", anchor_set(1, 1), -ENOENT);
	volume_add(V1, "v1", "W-1", 0);
	is("anchor-none", libdmwarrant_registry_anchor_get(reg, volume_uuid, &got, NULL, NULL) ?:
	   (int)got.checkpoint, 0);
	is("anchor-zero", anchor_set(0, 1), -EINVAL);
	is("anchor-huge", anchor_set(1ULL << 63, 1), -EINVAL);
	is("anchor-first", anchor_set(7, 1), 0);
	is("anchor-same", anchor_set(7, 1), 0);
	is("anchor-older", anchor_set(6, 1), -ESTALE);
	is("anchor-older-other-salt", anchor_set(6, 2), -ESTALE);
	is("anchor-fork", anchor_set(7, 2), -ESTALE);
	says("anchor-says-both", "shows checkpoint 7:020202020202020202020202, but 7:010101010101010101010101 was remembered at ");
	is("anchor-newer", anchor_set(8, 1), 0);
	is("anchor-newer-other-salt", anchor_set(9, 2), 0);
	is("anchor-get", libdmwarrant_registry_anchor_get(reg, volume_uuid, &got, &when, host), 0);
	test_result("anchor-got", got.checkpoint == 9 && got.salt[0] == 2 &&
		    !strcmp(host, reg->who.host) && when, "%llu %s", (unsigned long long)got.checkpoint, host);
	is("anchor-accept-no-reason", libdmwarrant_registry_anchor_accept(reg, volume_uuid, &a, ""),
	   -EINVAL);
	is("anchor-accept", libdmwarrant_registry_anchor_accept(reg, volume_uuid, &a, "lost"), 0);
	is("anchor-accepted", anchor_set(4, 0), -ESTALE);
	for (i = 0; i < 3 * LIBDMWARRANT_ANCHORS_KEPT; i++)
		anchor_set(100 + i, 3);
	libdmwarrant_registry_anchor_history(reg, volume_uuid, count_anchor, &n);
	is("anchor-bounded", n, LIBDMWARRANT_ANCHORS_KEPT + 1);
	is("anchor-history-stop", libdmwarrant_registry_anchor_history(reg, volume_uuid,
								      first_anchor, &newest),
	   -ECANCELED);
	is("anchor-history-newest", newest, 100 + 3 * LIBDMWARRANT_ANCHORS_KEPT - 1);
	sql("UPDATE anchors SET salt = 'xx'");
	is("anchor-damaged", libdmwarrant_registry_anchor_get(reg, volume_uuid, &got, NULL, NULL),
	   -EUCLEAN);
	is("anchor-damaged-set", anchor_set(1000, 1), -EUCLEAN);
	free(json);
}

/* ---- marks ---- */

static int mark(u32 flags)
{
	return libdmwarrant_registry_mark_open(reg, volume_uuid, "v1", 42, flags);
}

static void test_marks(void)
{
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	struct lib_identity here;
	char *json = record("Approved", SPAN);

	fresh();
	here = reg->who;
	add(json);
	volume_add(V1, "v1", "W-1", 0);
	is("mark-none", libdmwarrant_registry_opened(reg, volume_uuid, &o), -ENXIO);
	is("mark-closed-none", libdmwarrant_registry_mark_closed(reg, volume_uuid), 0);
	is("mark", mark(LIBDMWARRANT_OPENED_READ_ONLY), 0);
	is("mark-found", libdmwarrant_registry_opened(reg, volume_uuid, &o), 0);
	is("mark-flags", o.flags, LIBDMWARRANT_OPENED_READ_ONLY | LIBDMWARRANT_OPENED_HERE);
	is("mark-pid", o.pid, 42);
	is("mark-again", mark(0), 0);
	lib_copy(reg->who.boot_id, sizeof(reg->who.boot_id), "00000000-0000-0000-0000-000000000001");
	libdmwarrant_registry_opened(reg, volume_uuid, &o);
	is("mark-rebooted", o.flags, LIBDMWARRANT_OPENED_REBOOTED);
	is("mark-after-reboot", mark(0), 0);
	reg->who = here;
	lib_copy(reg->who.boot_id, sizeof(reg->who.boot_id), "00000000-0000-0000-0000-000000000002");
	lib_copy(reg->who.host, sizeof(reg->who.host), "other");
	libdmwarrant_registry_opened(reg, volume_uuid, &o);
	is("mark-other-host-flags", o.flags, 0);
	is("mark-other-host", mark(0), -EBUSY);
	says("mark-other-host-says", here.host);
	is("mark-other-host-close", libdmwarrant_registry_mark_closed(reg, volume_uuid), -EBUSY);
	/* A clone of this host has its name. */
	lib_copy(reg->who.host, sizeof(reg->who.host), here.host);
	lib_copy(reg->who.host_id, sizeof(reg->who.host_id), "another installation");
	is("mark-clone", mark(0), -EBUSY);
	is("mark-take-over", mark(LIBDMWARRANT_OPENED_TAKE_OVER), 0);
	reg->who = here;
	is("mark-taken-over", mark(0), -EBUSY);
	is("mark-bad-flags", mark(4), -EINVAL);
	free(json);
}

/* ---- opening ---- */

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	fputs(text, f);
	fclose(f);
}

static int config_of(const char *text, struct libdmwarrant_config *c)
{
	c->version = LIBDMWARRANT_CONFIG_VERSION;
	write_text("test.conf", text);
	return libdmwarrant_config_read(ctx, "test.conf", c);
}

static void test_config(void)
{
	struct libdmwarrant_config c = { .version = LIBDMWARRANT_CONFIG_VERSION };
	char line[1200] = "registry = ";

	is("config-none", libdmwarrant_config_read(ctx, "no.conf", &c), 0);
	test_result("config-defaults", !c.found &&
		    !strcmp(c.registry, "sqlite:/var/lib/dm-warrant/registry.db") &&
		    !strcmp(c.keystore, "file:/var/lib/dm-warrant/keys"), "%s %s", c.registry,
		    c.keystore);
	is("config", config_of("# x\n\n  registry=sqlite:/a b \r\n\tkeystore =  file:/k=1", &c), 0);
	test_result("config-values", c.found && !strcmp(c.registry, "sqlite:/a b") &&
		    !strcmp(c.keystore, "file:/k=1"), "%s %s", c.registry, c.keystore);
	is("config-unknown", config_of("registri = x\n", &c), -EINVAL);
	says("config-unknown-says", "line 1");
	is("config-no-value", config_of("registry =\n", &c), -EINVAL);
	is("config-no-equals", config_of("\nregistry\n", &c), -EINVAL);
	says("config-no-equals-says", "line 2");
	memset(line + 11, 'x', 512);
	is("config-long", config_of(line, &c), -EINVAL);
	memset(line + 11, 'x', 1100);
	is("config-longer", config_of(line, &c), -EINVAL);
	is("config-directory", libdmwarrant_config_read(ctx, "/", &c), -EISDIR);
	config_of("registry = sqlite:/r\nkeystore = file:/k\n", &c);
	is("config-write-there", libdmwarrant_config_write(ctx, "test.conf", &c), -EEXIST);
	is("config-write", libdmwarrant_config_write(ctx, "new.conf", &c), 0);
	memset(&c, 0, sizeof(c));
	c.version = LIBDMWARRANT_CONFIG_VERSION;
	is("config-written", libdmwarrant_config_read(ctx, "new.conf", &c), 0);
	test_result("config-written-values", !strcmp(c.registry, "sqlite:/r"), "%s", c.registry);
	lib_copy(c.registry, sizeof(c.registry), "sqlite:/r\nkeystore = file:/evil");
	is("config-write-lines", libdmwarrant_config_write(ctx, "evil.conf", &c), -EINVAL);
}

static void test_open(void)
{
	struct libdmwarrant_registry_init_result r = {
		.version = LIBDMWARRANT_REGISTRY_INIT_VERSION
	};
	struct libdmwarrant_registry *other;
	int n = 0;

	fresh();
	is("open-no-scheme", libdmwarrant_registry_open(ctx, "/x", 0, &other), -EINVAL);
	is("open-no-path", libdmwarrant_registry_open(ctx, "sqlite:", 0, &other), -EINVAL);
	is("open-other-scheme", libdmwarrant_registry_open(ctx, "postgresql://x", 0, &other),
	   -EINVAL);
	is("open-flags", libdmwarrant_registry_open(ctx, uri, 2, &other), -EINVAL);
	/* SQLite's own names for no file at all. */
	is("open-memory", libdmwarrant_registry_open(ctx, "sqlite::memory:", 0, &other), -ENOENT);
	is("open-uri", libdmwarrant_registry_open(ctx, "sqlite:file:x?mode=memory", 0, &other),
	   -ENOENT);
	is("init-again", libdmwarrant_registry_init(ctx, uri, 0, &r), 0);
	is("init-again-created", r.created, 0);
	r.version = 9;
	is("init-version", libdmwarrant_registry_init(ctx, uri, 0, &r), -EINVAL);
	is("open-read-only", libdmwarrant_registry_open(ctx, uri, LIBDMWARRANT_REGISTRY_READ_ONLY,
							&other), 0);
	is("open-read-only-add", libdmwarrant_warrant_add(other, "{\"AuthorisationReference\":\"W-1\"}",
							  NULL, NULL), -EROFS);
	says("open-read-only-says", "for reading only");
	is("open-read-only-sql", lib_sql(other, NULL, NULL, "DELETE FROM warrants"), -EROFS);
	is("open-read-only-list", libdmwarrant_warrant_list(other, NULL, count_one, &n), 0);
	libdmwarrant_registry_close(other);
	libdmwarrant_registry_close(NULL);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) || libdmwarrant_new(&ctx) ||
	    asprintf(&path, "%s/registry.db", argv[1]) < 0 || asprintf(&uri, "sqlite:%s", path) < 0)
		return 99;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_usable();
	test_usable_errors();
	test_binding();
	test_merge();
	test_changes();
	test_add();
	test_edit();
	test_renew();
	test_renewed();
	test_tampered();
	test_check();
	test_list();
	test_volumes();
	test_anchors();
	test_marks();
	test_config();
	test_open();
	libdmwarrant_registry_close(reg);
	libdmwarrant_free(ctx);
	free(path);
	free(uri);
	return test_failures != 0;
}
