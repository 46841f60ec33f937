// SPDX-License-Identifier: GPL-2.0-or-later
/* ETSI's vocabulary: each rule with what just fits and what just does not. */
#include <locale.h>

#include "common/test.h"
#include "etsi.h"
#include "json.h"
#include "libdmwarrant-etsi.h"

static struct libdmwarrant *ctx;

/* ---- JSON ---- */

/**
 * struct json_test - JSON text
 * @want: its canonical form; NULL = refused
 * @why:  part of the error
 */
struct json_test {
	const char	*name;
	const char	*text;
	const char	*want;
	const char	*why;
};

static const struct json_test json_tests[] = {
	{ "empty", "", NULL, "ends too early" },
	{ "null", "null", "null", NULL },
	{ "sorted", "{\"b\":1,\"a\":2,\"aa\":3}", "{\"a\":2,\"aa\":3,\"b\":1}", NULL },
	{ "space", " { \"a\" :\t[ 1 ,\r\n2 ] } ", "{\"a\":[1,2]}", NULL },
	{ "escapes", "\"\\\"\\\\\\/\\n\\t\\u0041\\u00f1\\ud83d\\ude00\"",
	  "\"\\\"\\\\/\\n\\tA\xc3\xb1\xf0\x9f\x98\x80\"", NULL },
	{ "fraction", "[1.50,-2e3]", "[1.50,-2e3]", NULL },
	{ "big", "[9223372036854775807,-9223372036854775808]",
	  "[9223372036854775807,-9223372036854775808]", NULL },
	{ "minus-zero", "-0", "0", NULL },
	{ "too-big", "9223372036854775808", NULL, "beyond 64 bits" },
	{ "infinite", "1e999", NULL, "out of range" },
	{ "leading-zero", "[01]", NULL, "must not begin with 0" },
	{ "no-digits", "[-]", NULL, "expected a value" },
	{ "point", "[1.]", NULL, "behind the point" },
	{ "exponent", "[1e]", NULL, "exponent" },
	{ "plus", "[+1]", NULL, "expected a value" },
	{ "nan", "[NaN]", NULL, "expected a value" },
	{ "hex", "[0x10]", NULL, "expected , or ]" },
	{ "twice", "{\"a\":1,\"a\":1}", NULL, "stands twice" },
	{ "twice-escaped", "{\"a\":1,\"\\u0061\":1}", NULL, "stands twice" },
	{ "twice-inside", "[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", NULL, "stands twice" },
	{ "trailing", "{} {}", NULL, "more text behind" },
	{ "trailing-comma", "[1,]", NULL, "expected a value" },
	{ "trailing-member", "{\"a\":1,}", NULL, "expected the name" },
	{ "single-quotes", "{'a':1}", NULL, "expected the name" },
	{ "comment", "[1/*x*/]", NULL, "expected , or ]" },
	{ "no-colon", "{\"a\" 1}", NULL, "expected :" },
	{ "open-string", "\"abc", NULL, "does not end" },
	{ "open-escape", "\"abc\\", NULL, "does not end" },
	{ "open-array", "[1", NULL, "expected , or ]" },
	{ "open-object", "{\"a\":1", NULL, "expected , or }" },
	{ "bad-escape", "\"\\x41\"", NULL, "no such escape" },
	{ "bad-unicode", "\"\\u12g4\"", NULL, "four hex digits" },
	{ "short-unicode", "\"\\u12", NULL, "four hex digits" },
	{ "nul", "\"a\\u0000b\"", NULL, "control character" },
	{ "escape-character", "\"a\\u001b[2J\"", NULL, "control character" },
	{ "delete", "\"a\\u007f\"", NULL, "control character" },
	{ "c1", "\"a\\u009b\"", NULL, "control character" },
	{ "raw-newline", "\"a\nb\"", NULL, "escape it" },
	{ "high-surrogate", "\"\\ud83d\"", NULL, "surrogate" },
	{ "high-surrogate-twice", "\"\\ud83d\\ud83d\"", NULL, "surrogate" },
	{ "low-surrogate", "\"\\ude00\\ud83d\"", NULL, "surrogate" },
	{ "overlong-2", "\"\xc0\xaf\"", NULL, "UTF-8" },
	{ "overlong-3", "\"\xe0\x80\xaf\"", NULL, "UTF-8" },
	{ "overlong-4", "\"\xf0\x80\x80\xaf\"", NULL, "UTF-8" },
	{ "raw-surrogate", "\"\xed\xa0\x80\"", NULL, "UTF-8" },
	{ "beyond-unicode", "\"\xf4\x90\x80\x80\"", NULL, "UTF-8" },
	{ "five-bytes", "\"\xf8\x88\x80\x80\x80\"", NULL, "UTF-8" },
	{ "lone-continuation", "\"\x80\"", NULL, "UTF-8" },
	{ "cut-character", "\"\xc3\"", NULL, "UTF-8" },
	{ "cut-at-end", "\"\xf0\x9f\x98", NULL, "UTF-8" },
	{ "last-character", "\"\xf4\x8f\xbf\xbf\"", "\"\xf4\x8f\xbf\xbf\"", NULL },
	{ "deep", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", NULL },
	{ "too-deep", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", NULL, "too deeply" },
	{ "line", "{\n \"a\": x}", NULL, "line 2, column 7" },
};

/* From memory of exactly its size, so that a read behind it is noticed. */
static int parse(const char *text, size_t max, struct json_object **o)
{
	size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);
	int ret;

	memcpy(copy, text, size);
	ret = lib_json_parse(ctx, "text", copy, size, max, o);
	free(copy);
	return ret;
}

static void check_json(const struct json_test *t)
{
	struct json_object *o;
	char name[64], *text = NULL;
	bool ok;
	int ret = parse(t->text, 1000, &o);

	if (!ret) {
		text = lib_json_canonical(o);
		json_object_put(o);
		ok = t->want && !strcmp(text, t->want);
	} else {
		ok = ret == -EINVAL && t->why && strstr(libdmwarrant_error(ctx), t->why);
	}
	snprintf(name, sizeof(name), "json-%s", t->name);
	test_result(name, ok, "%d %s", ret, ret ? libdmwarrant_error(ctx) : text);
	free(text);
}

static void check_json_limits(void)
{
	struct json_object *o;
	char number[80];

	test_result("json-size", parse("[1234]", 5, &o) == -EINVAL &&
		    strstr(libdmwarrant_error(ctx), "at most 5"), "%s", libdmwarrant_error(ctx));
	memset(number, '1', sizeof(number));
	memcpy(number, "0.", 2);
	number[65] = 0;
	test_result("json-long-number", parse(number, 100, &o) == -EINVAL &&
		    strstr(libdmwarrant_error(ctx), "64 characters"), "accepted");
}

/* A comma as decimal point is what a German caller's locale would read and write. */
static void check_locale(void)
{
	static const char *const names[] = { "de_DE.UTF-8", "es_ES.UTF-8", "fr_FR.UTF-8" };
	struct json_object *o = NULL;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (setlocale(LC_NUMERIC, names[i]))
			break;
	ret = parse("1.5", 9, &o);
	test_result("json-locale", !ret && json_object_get_double(o) == 1.5, "%d, 1.5 is %f", ret,
		    json_object_get_double(o));
	json_object_put(o);
	setlocale(LC_NUMERIC, "C");
}

static void check_quote(void)
{
	char out[LIB_QUOTE_SIZE], text[300];

	lib_quote(out, "a\"\\\033\xff\0b", 7);
	test_result("quote", !strcmp(out, "\"a\\x22\\x5c\\x1b\\xff\\x00b\""), "%s", out);
	memset(text, 'a', sizeof(text));
	lib_quote(out, text, sizeof(text));
	test_result("quote-long", strlen(out) < sizeof(out) && strstr(out, "a...\""), "%s", out);
	memset(text, 1, sizeof(text));
	lib_quote(out, text, sizeof(text));
	test_result("quote-long-escaped", strlen(out) < sizeof(out) && strstr(out, "\\x01...\""),
		    "%s", out);
	lib_quote(out, "", 0);
	test_result("quote-empty", !strcmp(out, "\"\""), "%s", out);
}

/* ---- times ---- */

struct time_test {
	const char	*text;
	bool		ok;
	s64		us;
};

static const struct time_test time_tests[] = {
	{ "1970-01-01T00:00:00Z", true, 0 },
	{ "1969-12-31T23:59:59Z", true, -1000000 },
	{ "2026-03-01T12:00:00+01:00", true, 1772362800000000 },
	{ "2026-03-01T12:00:00.000001Z", true, 1772366400000001 },
	{ "2000-02-29T00:00:00Z", true, 951782400000000 },
	{ "0001-01-01T00:00:00Z", true, -62135596800000000 },
	{ "9999-12-31T23:59:59Z", true, 253402300799000000 },
	{ "2026-01-01T00:00:00-14:00", true, 1767276000000000 },
	{ "2026-01-01T00:00:00", false, 0 },
	{ "2026-01-01T00:00:00z", false, 0 },
	{ "2026-01-01 00:00:00Z", false, 0 },
	{ "2026-13-01T00:00:00Z", false, 0 },
	{ "2026-00-01T00:00:00Z", false, 0 },
	{ "2026-02-29T00:00:00Z", false, 0 },
	{ "1900-02-29T00:00:00Z", false, 0 },
	{ "2026-04-31T00:00:00Z", false, 0 },
	{ "2026-01-00T00:00:00Z", false, 0 },
	{ "0000-01-01T00:00:00Z", false, 0 },
	{ "2026-01-01T24:00:00Z", false, 0 },
	{ "2026-01-01T00:60:00Z", false, 0 },
	{ "2026-01-01T00:00:60Z", false, 0 },
	{ "2026-01-01T00:00:00+14:01", false, 0 },
	{ "2026-01-01T00:00:00+15:00", false, 0 },
	{ "2026-01-01T00:00:00+0100", false, 0 },
	{ "2026-01-01T00:00:00.00000Z", false, 0 },
	{ "2026-01-01T00:00:00.0000000Z", false, 0 },
	{ "2026-01-01T00:00:00Zx", false, 0 },
	{ "2026-01-01T00:00:00+01:00 ", false, 0 },
	{ "12026-01-01T00:00:00Z", false, 0 },
	{ "", false, 0 },
};

static void check_time(const struct time_test *t)
{
	char name[64];
	s64 us = 0;
	int ret = lib_etsi_time(t->text, &us);

	snprintf(name, sizeof(name), "time-%s", t->text);
	test_result(name, t->ok ? !ret && us == t->us : ret == -EINVAL, "%d, %lld", ret,
		    (long long)us);
}

/* Every day of 800 years follows the one before it. */
static void check_days(void)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	s64 us, before = 0;
	int y, m, d, wrong = 0, seen = 0;
	char text[32];

	for (y = 1900; y < 2700; y++)
		for (m = 1; m <= 12; m++)
			for (d = 1; d <= 31; d++) {
				snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", y % 10000, m % 100,
					 d % 100);
				if (lib_etsi_time(text, &us)) {
					wrong += d <= days[m - 1];
					continue;
				}
				wrong += d > days[m - 1] + (m == 2) ||
					 (seen && us != before + 86400000000);
				before = us;
				seen++;
			}
	test_result("time-days", !wrong && seen == 292194, "%d wrong, %d days", wrong, seen);
}

/* ---- warrants ---- */

#define ID	"6f9619ff-8b86-d011-b42d-00c04fc964ff"
#define ID2	"6f9619ff-8b86-d011-b42d-00c04fc964fe"
#define BASE	"\"ObjectIdentifier\":\"" ID "\",\"AuthorisationReference\":\"W1\",\"Copy\":\"original\""
#define ENTRY(owner, name, value) \
	"{\"Owner\":\"" owner "\",\"Name\":\"" name "\",\"Value\":\"" value "\"}"
#define TASK(id, liid)	"{\"ObjectIdentifier\":\"" id "\",\"Reference\":\"" liid "\"}"
#define HEX25	"0123456789abcdef012345678"
#define HEX50	HEX25 HEX25

/**
 * struct rule_test - text to be checked
 * @text: what stands behind BASE and a comma, or all of it when it begins with {
 * @why:  part of the error; NULL = accepted
 */
struct rule_test {
	const char	*name;
	const char	*text;
	const char	*why;
};

static const struct rule_test warrant_tests[] = {
	{ "smallest", "{" BASE "}", NULL },
	{ "not-object", "{\"a\":1}", "a is not a known member" },
	{ "no-id", "{\"AuthorisationReference\":\"W1\",\"Copy\":\"original\"}",
	  "ObjectIdentifier is missing" },
	{ "no-reference", "{\"ObjectIdentifier\":\"" ID "\",\"Copy\":\"original\"}",
	  "AuthorisationReference is missing" },
	{ "no-copy", "{\"ObjectIdentifier\":\"" ID "\",\"AuthorisationReference\":\"W\"}",
	  "Copy is missing" },
	{ "null-reference", "{\"ObjectIdentifier\":\"" ID
	  "\",\"AuthorisationReference\":null,\"Copy\":\"original\"}", "of type null" },
	{ "empty-reference", "{\"ObjectIdentifier\":\"" ID
	  "\",\"AuthorisationReference\":\"\",\"Copy\":\"original\"}", "1 to 65535" },
	{ "newline-reference", "{\"ObjectIdentifier\":\"" ID
	  "\",\"AuthorisationReference\":\"a\\nb\",\"Copy\":\"original\"}",
	  "AuthorisationReference is \"a\\x0ab\"" },
	{ "copy", "{\"ObjectIdentifier\":\"" ID
	  "\",\"AuthorisationReference\":\"W\",\"Copy\":\"Original\"}",
	  "Copy is \"Original\"; it must be one of original, custodial" },
	{ "custodial", "{\"ObjectIdentifier\":\"" ID
	  "\",\"AuthorisationReference\":\"W\",\"Copy\":\"custodial\"}", NULL },
	{ "id-upper-case", "{\"ObjectIdentifier\":\"6F9619ff-8b86-d011-b42d-00c04fc964ff\","
	  "\"AuthorisationReference\":\"W\",\"Copy\":\"original\"}", "lower case" },
	{ "id-zero", "{\"ObjectIdentifier\":\"00000000-0000-0000-0000-000000000000\","
	  "\"AuthorisationReference\":\"W\",\"Copy\":\"original\"}", "not all zero" },
	{ "id-braces", "{\"ObjectIdentifier\":\"{" ID "}\","
	  "\"AuthorisationReference\":\"W\",\"Copy\":\"original\"}", "a UUID" },
	{ "unknown", "\"Foo\":1", "Foo is not a known member" },
	{ "unknown-odd", "\"F oo\\u001b\":1", "control character" },
	{ "unknown-quoted", "\"F oo\":1", "\"F oo\" is not a known member" },
	{ "case-matters", "\"copy\":\"original\"", "copy is not a known member" },
	{ "x-member", "\"X-a\":1", "X-a is not a known member" },
	{ "country", "\"CountryCode\":\"ES\"", NULL },
	{ "country-test", "\"CountryCode\":\"XX\"", NULL },
	{ "country-lower", "\"CountryCode\":\"es\"", "country code" },
	{ "country-none", "\"CountryCode\":\"\"", "country code" },
	{ "country-unassigned", "\"CountryCode\":\"UK\"", "country code" },
	{ "country-across", "\"CountryCode\":\"D \"", "country code" },
	{ "country-three", "\"CountryCode\":\"ESP\"", "country code" },
	{ "generation", "\"Generation\":0", NULL },
	{ "generation-negative", "\"Generation\":-1", "Generation is -1" },
	{ "generation-huge", "\"Generation\":9007199254740993", "Generation is 9007199254740993" },
	{ "generation-text", "\"Generation\":\"1\"", "of type string" },
	{ "generation-fraction", "\"Generation\":1.0", "of type double" },
	{ "changed", "\"LastChanged\":\"2026-03-01T12:00:00Z\"", NULL },
	{ "changed-micro", "\"LastChanged\":\"2026-03-01T12:00:00.000000Z\"", "LastChanged is" },
	{ "changed-unqualified", "\"LastChanged\":\"2026-03-01T12:00:00\"", "with offset" },
	{ "owner-controls", "\"OwnerIdentifier\":\"a\\tb\"", "control characters" },
	{ "associated", "\"AssociatedObjects\":{\"AssociatedObject\":[\"" ID2 "\"]}", NULL },
	{ "associated-not-id", "\"AssociatedObjects\":{\"AssociatedObject\":[\"x\"]}",
	  "AssociatedObjects.AssociatedObject[0] is \"x\"" },
	{ "associated-no-array", "\"AssociatedObjects\":{\"AssociatedObject\":\"" ID2 "\"}",
	  "must be an array" },
	{ "status", "\"AuthorisationStatus\":" ENTRY("ETSI", "AuthorisationStatus", "Approved"),
	  NULL },
	{ "status-value", "\"AuthorisationStatus\":" ENTRY("ETSI", "AuthorisationStatus", "Active"),
	  "AuthorisationStatus.Value is \"Active\"; it must be one of AwaitingApproval," },
	{ "status-case", "\"AuthorisationStatus\":" ENTRY("ETSI", "AuthorisationStatus",
	  "approved"), "must be one of" },
	{ "status-name", "\"AuthorisationStatus\":" ENTRY("ETSI", "TaskStatus", "Active"),
	  "AuthorisationStatus.Name is \"TaskStatus\"; it must be the dictionary of this member, of owner ETSI: AuthorisationStatus" },
	{ "status-national", "\"AuthorisationStatus\":" ENTRY("ES", "Estado", "Firme"), NULL },
	{ "status-text", "\"AuthorisationStatus\":\"Approved\"", "must be an object" },
	{ "status-no-value", "\"AuthorisationStatus\":{\"Owner\":\"ETSI\",\"Name\":\"x\"}",
	  "AuthorisationStatus.Value is missing" },
	{ "status-more", "\"AuthorisationStatus\":{\"Owner\":\"ES\",\"Name\":\"x\",\"Value\":\"y\",\"z\":1}",
	  "AuthorisationStatus.z is not a known member" },
	{ "desired-invalid", "\"AuthorisationDesiredStatus\":"
	  ENTRY("ETSI", "AuthorisationDesiredStatus", "Invalid"), "must be one of" },
	{ "legal-type", "\"AuthorisationLegalType\":" ENTRY("ETSI", "AuthorisationLegalType",
	  "Manual"), NULL },
	{ "priority", "\"AuthorisationPriority\":" ENTRY("ETSI", "AuthorisationPriority", "Low"),
	  "High, Routine" },
	{ "type-of-case", "\"AuthorisationTypeOfCase\":" ENTRY("ETSI", "AuthorisationTypeOfCase",
	  "Theft"), NULL },
	{ "type-of-case-value", "\"AuthorisationTypeOfCase\":" ENTRY("ETSI",
	  "AuthorisationTypeOfCase", "Tax"), "NotSpecified" },
	{ "flags", "\"AuthorisationFlags\":{\"AuthorisationFlag\":["
	  ENTRY("ETSI", "AuthorisationFlag", "IsTest") "," ENTRY("ETSI", "AuthorisationFlag", "X") "]}",
	  "AuthorisationFlags.AuthorisationFlag[1].Value is \"X\"" },
	{ "timespan", "\"AuthorisationTimespan\":{\"StartTime\":\"2026-03-01T12:00:00+01:00\","
	  "\"EndTime\":\"2026-03-01T11:00:00Z\"}", NULL },
	{ "timespan-reversed", "\"AuthorisationTimespan\":{\"StartTime\":\"2026-03-01T12:00:00Z\","
	  "\"EndTime\":\"2026-03-01T12:00:00+01:00\"}",
	  "AuthorisationTimespan ends before it begins" },
	{ "timespan-open", "\"AuthorisationTimespan\":{\"EndTime\":\"2026-03-01T12:00:00Z\"}",
	  NULL },
	{ "csp", "\"AuthorisationCSPID\":{\"CSPID\":[{\"CountryCode\":\"XX\","
	  "\"UniqueIdentifier\":\"a\"}]}", NULL },
	{ "csp-no-country", "\"AuthorisationCSPID\":{\"CSPID\":[{\"UniqueIdentifier\":\"a\"}]}",
	  "AuthorisationCSPID.CSPID[0].CountryCode is missing" },
	{ "approval", "\"AuthorisationApprovalDetails\":[{\"ApprovalIsEmergency\":true,"
	  "\"ApproverDetails\":{\"ApproverName\":\"a\",\"ApproverContactDetails\":[{\"Name\":\"b\","
	  "\"Languages\":[{\"ISO639Set1LanguageIdentifier\":\"es\"}]}]}}]", NULL },
	{ "approval-boolean", "\"AuthorisationApprovalDetails\":[{\"ApprovalIsEmergency\":1}]",
	  "AuthorisationApprovalDetails[0].ApprovalIsEmergency is of type int; it must be true or false" },
	{ "approval-object", "\"AuthorisationApprovalDetails\":{}", "must be an array" },
	{ "invalid-reason", "\"AuthorisationInvalidReason\":{\"ErrorCode\":3000,"
	  "\"ErrorDescription\":\"x\"}", NULL },
	{ "national", "\"NationalAuthorisationParameters\":{\"CountryCode\":\"ES\",\"x\":[1,{\"y\":null}]}",
	  NULL },
	{ "national-no-country", "\"NationalAuthorisationParameters\":{\"x\":1}",
	  "NationalAuthorisationParameters has no CountryCode" },
	{ "national-country", "\"NationalAuthorisationParameters\":{\"CountryCode\":\"QQ\"}",
	  "NationalAuthorisationParameters.CountryCode is \"QQ\"" },
	{ "task", "\"Tasks\":[" TASK(ID2, "LIID1") "]", NULL },
	{ "task-no-id", "\"Tasks\":[{\"Reference\":\"a\"}]", "Tasks[0].ObjectIdentifier is missing" },
	{ "task-twice", "\"Tasks\":[" TASK(ID, "a") "," TASK(ID, "b") "]",
	  "Tasks[1].ObjectIdentifier stands twice" },
	{ "liid-twice", "\"Tasks\":[" TASK(ID, "a") "," TASK(ID2, "a") "]",
	  "Tasks[1].Reference stands twice: \"a\"" },
	{ "liid-25", "\"Tasks\":[" TASK(ID2, "!~-_/ABCDEFGHIJKLMNOPQRST") "]", NULL },
	{ "liid-26", "\"Tasks\":[" TASK(ID2, "!~-_/ABCDEFGHIJKLMNOPQRSTU") "]", "a LIID" },
	{ "liid-empty", "\"Tasks\":[" TASK(ID2, "") "]", "a LIID" },
	{ "liid-space", "\"Tasks\":[" TASK(ID2, "a b") "]", "Tasks[0].Reference is \"a b\"" },
	{ "liid-utf8", "\"Tasks\":[" TASK(ID2, "\xc3\xb1") "]",
	  "Tasks[0].Reference is \"\\xc3\\xb1\"" },
	{ "liid-hex-26", "\"Tasks\":[" TASK(ID2, HEX25 "0") "]", NULL },
	{ "liid-hex-50", "\"Tasks\":[" TASK(ID2, HEX50) "]", NULL },
	{ "liid-hex-51", "\"Tasks\":[" TASK(ID2, HEX50 "0") "]", "a LIID" },
	{ "liid-hex-upper", "\"Tasks\":[" TASK(ID2, HEX25 "A") "]", "a LIID" },
	{ "task-delivery", "\"Tasks\":[{\"ObjectIdentifier\":\"" ID2 "\",\"DeliveryType\":"
	  ENTRY("ETSI", "TaskDeliveryType", "IRI") "}]", "IRIOnly, CCOnly, IRIandCC" },
	{ "task-service", "\"Tasks\":[{\"ObjectIdentifier\":\"" ID2 "\",\"TargetIdentifier\":"
	  "{\"ServiceType\":" ENTRY("ETSI", "TaskServiceType", "DataType1") "}}]", NULL },
	{ "task-service-etsi", "\"Tasks\":[{\"ObjectIdentifier\":\"" ID2 "\",\"TargetIdentifier\":"
	  "{\"ServiceType\":" ENTRY("ETSI", "TaskFlag", "DataType1") "}}]", "must be one of" },
	{ "task-targets", "\"Tasks\":[{\"ObjectIdentifier\":\"" ID2 "\",\"TargetIdentifier\":"
	  "{\"TargetIdentifierValues\":{\"TargetIdentifierValue\":[]}}}]", "is empty" },
	{ "task-timespan", "\"Tasks\":[{\"ObjectIdentifier\":\"" ID2 "\",\"Timespan\":"
	  "{\"StartTime\":\"2027-01-01T00:00:00Z\",\"EndTime\":\"2026-01-01T00:00:00Z\"}}]",
	  "Tasks[0].Timespan ends before" },
	{ "task-address", "\"Tasks\":[{\"ObjectIdentifier\":\"" ID2 "\",\"DeliveryDetails\":"
	  "{\"DeliveryDestination\":[{\"DeliveryAddress\":{\"IPAddressPort\":{\"a\":[1]}}}]}}]",
	  NULL },
	{ "document", "\"Documents\":[{\"ObjectIdentifier\":\"" ID2 "\",\"DocumentType\":"
	  ENTRY("ETSI", "DocumentType", "Warrant") ",\"DocumentBody\":{\"Checksum\":\"x\"}}]",
	  NULL },
	{ "document-contents", "\"Documents\":[{\"ObjectIdentifier\":\"" ID2
	  "\",\"DocumentBody\":{\"Contents\":\"AAAA\"}}]", "Contents is not a known member" },
	{ "document-twice", "\"Documents\":[{\"ObjectIdentifier\":\"" ID2
	  "\"},{\"ObjectIdentifier\":\"" ID2 "\"}]", "Documents[1].ObjectIdentifier stands twice" },
	{ "task-null", "\"Tasks\":[null]", "Tasks[0] is of type null" },
};

static int check_warrant(const char *text, unsigned int flags)
{
	struct json_object *o;
	int ret = parse(text, LIB_ETSI_RECORD_MAX, &o);

	if (ret)
		return ret;
	ret = lib_etsi_check_warrant_flags(ctx, o, flags);
	json_object_put(o);
	return ret;
}

static void check_rule(const struct rule_test *t)
{
	char name[64], *text;
	int ret;

	if (t->text[0] == '{')
		text = strdup(t->text);
	else if (asprintf(&text, "{" BASE ",%s}", t->text) < 0)
		abort();
	ret = check_warrant(text, 0);
	snprintf(name, sizeof(name), "warrant-%s", t->name);
	test_result(name, t->why ? ret == -EINVAL && strstr(libdmwarrant_error(ctx), t->why) : !ret,
		    "%d %s", ret, ret ? libdmwarrant_error(ctx) : "accepted");
	free(text);
}

static void check_partial(void)
{
	test_result("warrant-partial", !check_warrant("{\"ObjectIdentifier\":\"" ID "\"}",
		    LIB_ETSI_PARTIAL), "%s", libdmwarrant_error(ctx));
	test_result("warrant-partial-id", check_warrant("{\"AuthorisationReference\":\"W\"}",
		    LIB_ETSI_PARTIAL) == -EINVAL, "accepted");
	test_result("warrant-partial-inside", check_warrant("{\"ObjectIdentifier\":\"" ID
		    "\",\"AuthorisationStatus\":{\"Owner\":\"ETSI\"}}", LIB_ETSI_PARTIAL) == -EINVAL,
		    "accepted");
}

/* Lengths count characters, not bytes. @n times @c in member @name. */
static void check_length(const char *test, const char *name, const char *c, size_t n, bool ok)
{
	char *text = malloc(n * strlen(c) + 300), *to = text;
	int ret;

	to += sprintf(to, "{" BASE ",\"%s\":\"", name);
	for (; n; n--)
		to = stpcpy(to, c);
	strcpy(to, "\"}");
	ret = check_warrant(text, 0);
	test_result(test, !ret == ok, "%d %s", ret, libdmwarrant_error(ctx));
	test_result("error-short", !ret || strlen(libdmwarrant_error(ctx)) < 500, "%zu bytes",
		    strlen(libdmwarrant_error(ctx)));
	free(text);
}

/* Two values that only differ behind U+0000 are not the same, whoever made the object. */
static void check_nul(void)
{
	struct json_object *o;
	int ret;

	parse("{" BASE "}", 500, &o);
	json_object_object_add(o, "OwnerIdentifier", json_object_new_string_len("a\0b", 3));
	ret = lib_etsi_check_warrant(ctx, o);
	test_result("warrant-nul", ret == -EINVAL, "accepted");
	json_object_put(o);
}

/* ---- case metadata ---- */

#define HASH32	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct rule_test case_tests[] = {
	{ "empty", "{}", NULL },
	{ "array", "[]", "not a JSON object" },
	{ "all", "{\"LIID\":\"abc\",\"CIN\":4294967295,\"CommunicationIdentifier\":"
	  "{\"operatorIdentifier\":\"0a\",\"networkElementIdentifier\":"
	  "\"000102030405060708090a0b0c0d0e0f\",\"deliveryCountryCode\":\"ES\"},"
	  "\"SequenceRange\":[0,4294967295],\"DeliveryType\":\"CCOnly\",\"Privileged\":true,"
	  "\"Copy\":\"original\",\"TimeOfInterception\":{\"start\":\"2026-03-01T12:00:00Z\","
	  "\"end\":\"2026-03-01T12:00:00.000001Z\"},\"InterceptionPointID\":\"p\","
	  "\"IntegrityChecks\":[{\"includedSequenceNumbers\":[1,[2,4],7],\"dataType\":\"cC\","
	  "\"hashAlgorithm\":\"sHA-256\",\"checkValue\":\"" HASH32 "\"}],"
	  "\"CaseReference\":\"28.079.43.1-2026/0386037\",\"Remarks\":\"a\\nb\","
	  "\"X-lat\":40.4168,\"X-a\":{\"b\":[null,true]}}", NULL },
	{ "unknown", "{\"Liid\":\"a\"}", "Liid is not a known member; your own begin with X-" },
	{ "x-alone", "{\"X-\":1}", "not a known member" },
	{ "x-inside", "{\"CommunicationIdentifier\":{\"X-a\":1}}", "X-a is not a known member" },
	{ "x-controls", "{\"X-a\\tb\":1}", NULL },
	{ "liid", "{\"LIID\":\"a b\"}", "LIID is \"a b\"" },
	{ "cin", "{\"CIN\":4294967296}", "CIN is 4294967296" },
	{ "cin-negative", "{\"CIN\":-1}", "CIN is -1" },
	{ "cin-fraction", "{\"CIN\":1.5}", "of type double" },
	{ "range-reversed", "{\"SequenceRange\":[2,1]}", "first not above last" },
	{ "range-three", "{\"SequenceRange\":[1,2,3]}", "[first, last]" },
	{ "range-big", "{\"SequenceRange\":[1,4294967296]}", "SequenceRange[1] is 4294967296" },
	{ "delivery", "{\"DeliveryType\":\"IRI\"}", "IRIOnly, CCOnly, IRIandCC" },
	{ "privileged", "{\"Privileged\":\"true\"}", "must be true or false" },
	{ "operator-odd", "{\"CommunicationIdentifier\":{\"operatorIdentifier\":\"0\"}}",
	  "pairs of lower-case hex" },
	{ "operator-17", "{\"CommunicationIdentifier\":{\"operatorIdentifier\":"
	  "\"000102030405060708090a0b0c0d0e0f10\"}}", "1 to 16 bytes" },
	{ "operator-upper", "{\"CommunicationIdentifier\":{\"operatorIdentifier\":\"0A\"}}",
	  "lower-case" },
	{ "time-no-start", "{\"TimeOfInterception\":{\"end\":\"2026-03-01T12:00:00Z\"}}",
	  "TimeOfInterception.start is missing" },
	{ "time-reversed", "{\"TimeOfInterception\":{\"start\":\"2026-03-01T12:00:00.000001Z\","
	  "\"end\":\"2026-03-01T12:00:00Z\"}}", "ends before it begins" },
	{ "hash-length", "{\"IntegrityChecks\":[{\"includedSequenceNumbers\":[1],"
	  "\"hashAlgorithm\":\"sHA-512\",\"checkValue\":\"" HASH32 "\"}]}",
	  "IntegrityChecks[0].checkValue has 64 digits; sHA-512 has 128" },
	{ "hash-algorithm", "{\"IntegrityChecks\":[{\"includedSequenceNumbers\":[1],"
	  "\"hashAlgorithm\":\"SHA-256\",\"checkValue\":\"" HASH32 "\"}]}", "sHA-1, sHA-256" },
	{ "hash-order", "{\"IntegrityChecks\":[{\"includedSequenceNumbers\":[[1,5],5],"
	  "\"hashAlgorithm\":\"sHA-256\",\"checkValue\":\"" HASH32 "\"}]}",
	  "includedSequenceNumbers[1] is not above" },
	{ "hash-none", "{\"IntegrityChecks\":[{\"includedSequenceNumbers\":[],"
	  "\"hashAlgorithm\":\"sHA-256\",\"checkValue\":\"" HASH32 "\"}]}", "is empty" },
	{ "reference-empty", "{\"CaseReference\":\"\"}", "1 to 255" },
	{ "copy", "{\"Copy\":\"copy\"}", "original, custodial" },
	{ "twice", "{\"CIN\":1,\"CIN\":2}", "stands twice" },
	{ "utf8", "{\"Remarks\":\"\xff\"}", "not valid UTF-8" },
};

static void check_case(const struct rule_test *t)
{
	char name[64], *text = NULL, *again = NULL;
	int ret = libdmwarrant_case_check(ctx, t->text, &text);

	snprintf(name, sizeof(name), "case-%s", t->name);
	test_result(name, t->why ? ret == -EINVAL && strstr(libdmwarrant_error(ctx), t->why) : !ret,
		    "%d %s", ret, ret ? libdmwarrant_error(ctx) : "accepted");
	if (!ret) {
		snprintf(name, sizeof(name), "case-%s-canonical", t->name);
		test_result(name, !libdmwarrant_case_check(ctx, text, &again) &&
			    !strcmp(text, again), "%s", text);
	}
	free(text);
	free(again);
}

/* What counts is the canonical form: white space and escapes do not. */
static void check_case_size(void)
{
	char json[3 * LIBDMWARRANT_CASE_MAX], *text = NULL;
	size_t n = LIBDMWARRANT_CASE_MAX - strlen("{\"Remarks\":\"\"}");
	int ret;

	snprintf(json, sizeof(json), "{ \"Remarks\" : \"\\u0061%0*d\" }", (int)n - 1, 0);
	ret = libdmwarrant_case_check(ctx, json, &text);
	test_result("case-size", !ret && strlen(text) == LIBDMWARRANT_CASE_MAX, "%d %s", ret,
		    libdmwarrant_error(ctx));
	free(text);
	snprintf(json, sizeof(json), "{\"Remarks\":\"%0*d\"}", (int)n + 1, 0);
	ret = libdmwarrant_case_check(ctx, json, NULL);
	test_result("case-size-more", ret == -ERANGE &&
		    strstr(libdmwarrant_error(ctx), "3073 bytes"), "%d", ret);
}

/* ---- queries ---- */

static const char match_case[] = "{\"LIID\":\"LIID-7\",\"CIN\":5,\"Privileged\":false,"
	"\"CommunicationIdentifier\":{\"deliveryCountryCode\":\"ES\"},\"SequenceRange\":[10,20],"
	"\"TimeOfInterception\":{\"start\":\"2026-03-01T12:00:00Z\",\"end\":\"2026-03-01T13:00:00Z\"},"
	"\"IntegrityChecks\":[{\"includedSequenceNumbers\":[10,[12,14]],\"hashAlgorithm\":\"sHA-256\","
	"\"checkValue\":\"" HASH32 "\"}],\"Remarks\":\"Llamada con Abogado a=b\","
	"\"X-list\":[1,\"two\",{\"deep\":\"x\"}],\"X-o\":{\"k\":\"v\"}}";

struct match_test {
	const char	*query;
	int		want;	/* 1, 0 or a negative errno */
};

static const struct match_test match_tests[] = {
	{ "LIID=LIID-7", 1 }, { "LIID=LIID-8", 0 }, { "LIID=liid-7", 0 }, { "LIID=LIID-77", 0 },
	{ "CIN=5", 1 }, { "CIN=6", 0 }, { "CIN=x", -EINVAL }, { "CIN=", -EINVAL },
	{ "Privileged=false", 1 }, { "Privileged=true", 0 }, { "Privileged=yes", -EINVAL },
	{ "CommunicationIdentifier.deliveryCountryCode=ES", 1 },
	{ "CommunicationIdentifier.deliveryCountryCode=FR", 0 },
	{ "CommunicationIdentifier.deliveryCountryCode=es", -EINVAL },
	{ "CommunicationIdentifier.operatorIdentifier=00", 0 },
	{ "CommunicationIdentifier.nonsense=1", -EINVAL },
	{ "CommunicationIdentifier=ES", -EINVAL },
	{ "deliveryCountryCode=ES", -EINVAL }, { "LIID.x=1", -EINVAL },
	{ "SequenceRange=9", 0 }, { "SequenceRange=10", 1 }, { "SequenceRange=20", 1 },
	{ "SequenceRange=21", 0 }, { "SequenceRange=-1", -EINVAL },
	{ "IntegrityChecks.includedSequenceNumbers=10", 1 },
	{ "IntegrityChecks.includedSequenceNumbers=11", 0 },
	{ "IntegrityChecks.includedSequenceNumbers=13", 1 },
	{ "IntegrityChecks.hashAlgorithm=sHA-256", 1 },
	{ "IntegrityChecks.hashAlgorithm=sHA-1", 0 },
	{ "IntegrityChecks=1", -EINVAL },
	{ "TimeOfInterception=2026-03-01T11:59:59Z", 0 },
	{ "TimeOfInterception=2026-03-01T12:00:00Z", 1 },
	{ "TimeOfInterception=2026-03-01T14:00:00+01:00", 1 },
	{ "TimeOfInterception=2026-03-01T13:00:01Z", 0 },
	{ "TimeOfInterception=noon", -EINVAL },
	{ "TimeOfInterception.start=2026-03-01T12:00:00Z", 1 },
	{ "DeliveryType=CCOnly", 0 }, { "DeliveryType=CC", -EINVAL },
	{ "Copy=original", 0 }, { "Nonsense=1", -EINVAL },
	{ "X-list=1", 1 }, { "X-list=two", 1 }, { "X-list=three", 0 }, { "X-none=1", 0 },
	{ "X-list.deep=x", 1 }, { "X-o.k=v", 1 }, { "X-o.k=w", 0 }, { "X-o=v", 0 },
	{ "abogado", 1 }, { "ABOGADO", 1 }, { "Remarks", 0 }, { "two", 1 }, { "LIID-", 1 },
	{ "=a=b", 1 }, { "=a=c", 0 }, { "con Abogado a=b", 1 }, { "", -EINVAL }, { "=", -EINVAL },
	{ "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1", -EINVAL },
	{ "X-a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1", -EINVAL },
};

static void check_match(const struct match_test *t)
{
	char name[96];
	int ret = libdmwarrant_case_match(ctx, match_case, t->query);

	snprintf(name, sizeof(name), "match-%s", t->query);
	test_result(name, ret == t->want, "%d, expected %d: %s", ret, t->want,
		    ret < 0 ? libdmwarrant_error(ctx) : "");
}

/* ---- all ---- */

#define EACH(tests, check)					\
do {								\
	size_t i;						\
								\
	for (i = 0; i < ARRAY_SIZE(tests); i++)			\
		check(&(tests)[i]);				\
} while (0)

int main(void)
{
	libdmwarrant_new(&ctx);
	EACH(json_tests, check_json);
	check_json_limits();
	check_locale();
	check_quote();
	EACH(time_tests, check_time);
	check_days();
	EACH(warrant_tests, check_rule);
	check_partial();
	check_nul();
	check_length("warrant-short-255", "OwnerIdentifier", "\xc3\xb1", 255, true);
	check_length("warrant-short-256", "OwnerIdentifier", "a", 256, false);
	check_length("warrant-long-65535", "ExternalIdentifier", "\xf0\x9f\x98\x80", 65535, true);
	check_length("warrant-long-65536", "ExternalIdentifier", "a", 65536, false);
	EACH(case_tests, check_case);
	check_case_size();
	EACH(match_tests, check_match);
	test_result("match-not-case", libdmwarrant_case_match(ctx, "[]", "a") == -EINVAL, "accepted");
	libdmwarrant_free(ctx);
	return test_failures;
}
