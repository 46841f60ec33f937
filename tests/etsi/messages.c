// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HI-1 messages: those of messages/ as they are, each altered in many ways that must be refused, and
 * attacks on whoever parses XML.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/test.h"
#include "etsi.h"
#include "json.h"
#include "libdmwarrant-etsi.h"

static struct libdmwarrant *ctx;
static const char *directory;

struct records {
	char	*text;	/* what was told, one line for each */
	size_t	count;
};

static int keep(void *arg, const struct libdmwarrant_hi1_record *r)
{
	struct records *records = arg;
	char *before = records->text;

	if (asprintf(&records->text, "%s%s %u %s\n", before ? before : "",
		     libdmwarrant_hi1_action_name(r->action), r->line, r->json) < 0)
		abort();
	free(before);
	records->count++;
	return 0;
}

/* From memory of exactly its size. */
static int read_message(const char *xml, size_t size, struct records *records,
			struct libdmwarrant_hi1_message *m)
{
	struct libdmwarrant_hi1_params p = {
		.version = LIBDMWARRANT_HI1_VERSION, .record = keep, .arg = records,
	};
	char *copy = malloc(size ? size : 1);
	int ret;

	memcpy(copy, xml, size);
	memset(records, 0, sizeof(*records));
	memset(m, 0, sizeof(*m));
	m->version = LIBDMWARRANT_HI1_VERSION;
	ret = libdmwarrant_hi1_read(ctx, copy, size, &p, m);
	free(copy);
	return ret;
}

static char *load(const char *name, const char *suffix)
{
	char path[512], *text = calloc(1, 65536);
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, 65535) < 0) {
		perror(path);
		exit(99);
	}
	close(fd);
	return text;
}

/* ---- as they are ---- */

static void check_message(const char *name)
{
	struct libdmwarrant_hi1_message m;
	char *xml = load(name, ".xml"), *want = load(name, ".expect"), *got, test[64];
	struct records records;
	int ret = read_message(xml, strlen(xml), &records, &m);

	if (asprintf(&got, "%s %s %s from %s to %s: %u records, %u tasks, %u documents, %u ignored, signed %u, verified %u\n%s",
		     m.etsi, m.transaction, m.timestamp, m.sender, m.receiver, m.records, m.tasks,
		     m.documents, m.ignored, m.has_signature, m.verified,
		     records.text ? records.text : "") < 0)
		abort();
	snprintf(test, sizeof(test), "message-%s", name);
	test_result(test, !ret && !strcmp(got, want), "%d %s\n%s", ret,
		    ret ? libdmwarrant_error(ctx) : "", got);
	free(records.text);
	free(got);
	free(want);
	free(xml);
}

/* ---- altered ---- */

/**
 * struct change - request.xml with a text replaced once
 * @why: part of the error; NULL = accepted
 */
struct change {
	const char	*name;
	const char	*find;
	const char	*put;
	const char	*why;
};

#define AUTH_ID		"6f9619ff-8b86-d011-b42d-00c04fc964ff"
#define TASK_ID		"0e7c1a52-3f0b-4b66-9f0e-5d1c7a4e0001"
#define TASK2_ID	"0e7c1a52-3f0b-4b66-9f0e-5d1c7a4e0002"
#define REFERENCE	"<auth:AuthorisationReference>DP 5563/2026</auth:AuthorisationReference>"
#define DECLARATION	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define LOLS		"<!DOCTYPE x [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
#define RELOAD		"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>"

static const struct change changes[] = {
	{ "nothing", "DP 5563", "DP 5563", NULL },

	/* what a parser must never see */
	{ "doctype", DECLARATION, DECLARATION "<!DOCTYPE HI1Message>", "line 1: a document type" },
	{ "billion-laughs", DECLARATION, DECLARATION LOLS, "document type" },
	{ "external-entity", DECLARATION, DECLARATION RELOAD, "document type" },
	{ "parameter-entity", DECLARATION, DECLARATION
	  "<!DOCTYPE x [<!ENTITY % a SYSTEM \"http://192.0.2.1/x\">%a;]>", "document type" },
	{ "external-dtd", DECLARATION, DECLARATION
	  "<!DOCTYPE x SYSTEM \"http://192.0.2.1/x.dtd\">", "document type" },
	{ "doctype-lower-case", DECLARATION, DECLARATION "<!doctype x>", "document type" },
	{ "doctype-inside", REFERENCE, "<!DOCTYPE x>" REFERENCE, "document type" },
	{ "doctype-after-comment", DECLARATION, DECLARATION "<!-- x --><!DOCTYPE x>",
	  "document type" },
	{ "doctype-hidden-by-quote", "<Header>", "<Header a='><!DOCTYPE x>'>", "does not end" },
	{ "doctype-without-declaration", DECLARATION, "<!DOCTYPE x>", "document type" },
	{ "entity", "DP 5563", "&secret;", "not well-formed" },
	{ "entity-in-attribute", "xsi:type=\"auth:", "xsi:type=\"&a;auth:", "not well-formed" },
	{ "character-nul", "DP 5563", "&#0;", "not well-formed" },
	{ "character-escape", "DP 5563", "&#27;[2J", "not well-formed" },
	{ "character-c1", "DP 5563", "&#155;2J", "control characters" },
	{ "character-surrogate", "DP 5563", "&#xD800;", "not well-formed" },
	{ "character-tab", "DP 5563", "DP&#9;5563", "\\x09" },
	{ "raw-escape", "DP 5563", "\033[2J", "control character" },
	{ "latin-1", "nº", "n\xba", "line 48: not valid UTF-8" },
	{ "overlong", "DP 5563", "DP\xc0\xa0" "5563", "not valid UTF-8" },
	{ "cesu", "DP 5563", "\xed\xa0\xbd\xed\xb8\x80", "not valid UTF-8" },
	{ "encoding-latin", "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"", "must be UTF-8" },
	{ "encoding-utf7", "encoding=\"UTF-8\"", "encoding='UTF-7'", "must be UTF-8" },
	{ "encoding-utf16", "encoding=\"UTF-8\"", "encoding=\"UTF-16\"", "must be UTF-8" },
	{ "encoding-ebcdic", "encoding=\"UTF-8\"", "encoding = \"CP037\"", "must be UTF-8" },
	{ "encoding-ascii", "encoding=\"UTF-8\"", "encoding=\"us-ascii\"", NULL },
	{ "encoding-none", " encoding=\"UTF-8\"", "", NULL },
	{ "declaration-none", DECLARATION "\n", "", NULL },
	{ "byte-order-mark", DECLARATION, "\xef\xbb\xbf" DECLARATION, NULL },
	{ "byte-order-utf16", DECLARATION, "\xff\xfe" DECLARATION, "UTF-16" },
	{ "xml-1.1", "version=\"1.0\"", "version=\"1.1\"", "not XML 1.0" },
	{ "xml-2", "version=\"1.0\"", "version=\"2.0\"", "not XML 1.0" },
	{ "declaration-late", DECLARATION, "\n" DECLARATION, "not well-formed" },
	{ "processing-instruction", REFERENCE, "<?php x ?>" REFERENCE, NULL },
	{ "stylesheet", DECLARATION, DECLARATION
	  "<?xml-stylesheet href=\"http://192.0.2.1/x.xsl\"?>", NULL },
	{ "xinclude", REFERENCE, "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\"/>"
	  REFERENCE, "include\" of namespace" },
	{ "open-comment", REFERENCE, "<!-- " REFERENCE, "does not end" },
	{ "open-cdata", REFERENCE, "<![CDATA[" REFERENCE, "does not end" },
	{ "open-instruction", "</HI1Message>", "<?x", "does not end" },
	{ "open-tag", "</HI1Message>", "<x ", "does not end" },
	{ "double-hyphen", REFERENCE, "<!-- a -- b -->" REFERENCE, "not well-formed" },
	{ "wrong-end-odd", "</Header>", "</Hea\xc3\xb1>", "Hea" },
	{ "wrong-end", "</Header>", "</Haeder>", "not well-formed" },
	{ "end-without-beginning", DECLARATION, DECLARATION "</x>", "end without a beginning" },
	{ "second-root", "</HI1Message>", "</HI1Message><x/>", "not well-formed" },
	{ "text-behind", "</HI1Message>", "</HI1Message>x", "not well-formed" },

	/* namespaces and types */
	{ "root", "03120/common/2019/10/Core", "03120/common/2020/10/Core", "root element is not" },
	{ "root-name", "HI1Message xmlns", "HI2Message xmlns", "not well-formed" },
	{ "auth-year", "2020/09/Authorisation", "2021/09/Authorisation", "no authorisation in it" },
	{ "member-of-task", "auth:AuthorisationReference>DP 5563/2026</auth:Auth",
	  "task:AuthorisationReference>DP 5563/2026</task:Auth", "of namespace" },
	{ "member-without-prefix", "auth:AuthorisationReference>DP 5563/2026</auth:Auth",
	  "AuthorisationReference>DP 5563/2026</Auth", "of namespace" },
	{ "namespace-undeclared", "xmlns=\"http://uri.etsi.org/03120/common/2019/10/Core\"", "",
	  "root element is not" },
	{ "prefix-undeclared", "<HI1Object xsi:type=\"auth:", "<HI1Object xsi:type=\"none:",
	  "prefix that is not declared" },
	{ "prefix-rebound", "<HI1Object xsi:type=\"auth:AuthorisationObject\">",
	  "<HI1Object xmlns:auth=\"urn:x\" xsi:type=\"auth:AuthorisationObject\">",
	  "xsi:type that is not ETSI's" },
	{ "prefix-of-other", "<HI1Object xsi:type=\"auth:AuthorisationObject\">",
	  "<HI1Object xsi:type=\"task:AuthorisationObject\">", "no authorisation in it" },
	{ "type-none", " xsi:type=\"auth:AuthorisationObject\"", "", "has no xsi:type" },
	{ "type-of-nothing", "xsi:type=\"auth:AuthorisationObject\"",
	  "type=\"auth:AuthorisationObject\"", "has no xsi:type" },
	{ "type-on-member", "<auth:AuthorisationReference>",
	  "<auth:AuthorisationReference xsi:type=\"auth:x\">", "must not have the attribute" },
	{ "nil", "<auth:AuthorisationReference>", "<auth:AuthorisationReference xsi:nil=\"true\">",
	  "must not have the attribute \"nil\"" },
	{ "attribute", "<auth:AuthorisationReference>", "<auth:AuthorisationReference id=\"1\">",
	  "must not have the attribute \"id\"" },
	{ "attribute-twice", "xsi:type=\"auth:", "xsi:type=\"auth:x\" xsi:type=\"auth:",
	  "not well-formed" },
	{ "base", "<Payload>", "<Payload xml:base=\"file:///etc/\">", "must not have the attribute" },
	{ "schema-location", "<Payload>", "<Payload xsi:schemaLocation=\"a /etc/passwd\">", NULL },

	/* values */
	{ "element-in-text", "DP 5563", "DP <b/>5563", "has elements in it" },
	{ "text-between", "<auth:AuthorisationTimespan>", "<auth:AuthorisationTimespan>x",
	  "has text between its elements" },
	{ "cdata-between", "<Payload>", "<Payload><![CDATA[x]]>", "has text between" },
	{ "twice", REFERENCE, REFERENCE REFERENCE, "line 27: element \"AuthorisationReference\" stands twice" },
	{ "unknown", REFERENCE, REFERENCE "<auth:Foo/>", "\"Foo\" of namespace" },
	{ "reference-none", REFERENCE, "", "line 22: warrant: AuthorisationReference is missing" },
	{ "reference-empty", "DP 5563/2026", "", "1 to 65535" },
	{ "id-none", "<ObjectIdentifier>" AUTH_ID "</ObjectIdentifier>", "",
	  "line 22: element \"HI1Object\" has no ObjectIdentifier" },
	{ "id-wrong", "<ObjectIdentifier>" AUTH_ID, "<ObjectIdentifier>x" AUTH_ID, "a UUID" },
	{ "id-twice", "<ObjectIdentifier>" TASK2_ID, "<ObjectIdentifier>" TASK_ID,
	  "is the second object in the message with the identifier" },
	{ "id-twice-upper-case", "<ObjectIdentifier>" TASK2_ID,
	  "<ObjectIdentifier>0E7C1A52-3F0B-4B66-9F0E-5D1C7A4E0001", "is the second object" },
	{ "liid", "LIID-0001", "LIID 0001", "element \"Reference\" is \"LIID 0001\"; it must be a LIID" },
	{ "liid-twice", "0123456789abcdef0123456789", "LIID-0001",
	  "Tasks[1].Reference stands twice" },
	{ "country", "<CountryCode>ES", "<CountryCode>E1", "country code" },
	{ "time", "2026-03-01T12:00:00+01:00", "2026-03-01T12:00:00", "with offset" },
	{ "time-space", "<auth:StartTime>", "<auth:StartTime> \n", NULL },
	{ "timespan", "2026-06-01T12:00:00+02:00", "2025-06-01T12:00:00+02:00",
	  "AuthorisationTimespan ends before" },
	{ "status", "<common:Value>Approved", "<common:Value>Active", "must be one of" },
	{ "status-name", "<common:Name>AuthorisationStatus", "<common:Name>TaskStatus",
	  "dictionary of this member" },
	{ "boolean", "<common:ApprovalIsEmergency>0", "<common:ApprovalIsEmergency>no",
	  "true or false" },
	{ "boolean-true", "<common:ApprovalIsEmergency>0", "<common:ApprovalIsEmergency> true ",
	  NULL },
	{ "generation", REFERENCE, "<Generation>007</Generation>" REFERENCE, NULL },
	{ "generation-negative", REFERENCE, "<Generation>-1</Generation>" REFERENCE,
	  "an integer of at most 15 digits" },
	{ "generation-long", REFERENCE, "<Generation>1000000000000000</Generation>" REFERENCE,
	  "an integer of at most 15 digits" },
	{ "national-no-country", REFERENCE, REFERENCE "<auth:NationalAuthorisationParameters/>",
	  "NationalAuthorisationParameters" },
	{ "checksum", "<doc:Checksum>", "<doc:Checksum>0", "Checksum does not fit" },
	{ "contents", "JVBERi", "JVBERj", "Checksum does not fit" },
	{ "contents-base64", "JVBERi", "JVB*Ri", "not base64" },
	{ "contents-padding", "JVBERi", "JV=ERi", "not base64" },
	{ "contents-length", "JVBERi", "VBERi", "not base64" },
	{ "contents-twice", "<doc:Contents>", "<doc:Contents/><doc:Contents>", "stands twice" },
	{ "contents-space", "JVBERi", "JVB\n  ERi", NULL },
	{ "checksum-type", "<doc:ChecksumType>SHA-256", "<doc:ChecksumType>CRC-32", NULL },
	{ "checksum-sha1", "<doc:ChecksumType>SHA-256", "<doc:ChecksumType>sha1",
	  "Checksum does not fit" },

	/* the message around them */
	{ "header-none", "<Header>", "<Payload/><Header>", "does not begin with a Header" },
	{ "payload-none", "<Payload>", "<Foo/><Payload>", "has no Payload" },
	{ "payload-two", "<RequestPayload>", "<ResponsePayload/><RequestPayload>",
	  "exactly one element" },
	{ "more-behind", "</HI1Message>", "<Foo/></HI1Message>", "\"Foo\" is not known in HI1Message" },
	{ "action", "<CREATE>", "<Action/><CREATE>", "\"Action\" is not known in ActionRequest" },
	{ "in-action", "<HI1Object xsi", "<Foo/><HI1Object xsi", "\"Foo\" is not known in CREATE" },
	{ "steps", "<ActionRequest>", "<ActionResponse/><ActionRequest>", "is not known in ActionRequests" },
	{ "transaction", "<TransactionIdentifier>", "<TransactionIdentifier>x", "a UUID" },
	{ "timestamp", "12:00:00.000000Z", "12:00:00Z", "six digits" },
	{ "timestamp-five", "12:00:00.000000Z", "12:00:00.00000Z", "six digits" },
	{ "version", "V1.23.1", "1.23.1", "a version such as" },
	{ "version-more", "V1.23.1", "V1.23.1x", "a version such as" },
	{ "version-less", "V1.23.1", "V1.23", "a version such as" },
	{ "version-empty", "V1.23.1", "V1..1", "a version such as" },
	{ "version-none", "<ETSIVersion>V1.23.1</ETSIVersion>", "", "has no ETSIVersion" },
	{ "sender-none", "<CountryCode>ES</CountryCode><UniqueIdentifier>UNIDAD-7</UniqueIdentifier>",
	  "<CountryCode>ES</CountryCode>", "has no UniqueIdentifier" },
	{ "other-without-id", "<ObjectIdentifier>0e7c1a52-3f0b-4b66-9f0e-5d1c7a4e0004</ObjectIdentifier>",
	  "", "does not begin with an ObjectIdentifier" },
};

/* @text with the first @find replaced; free() it */
static char *replace(const char *text, const char *find, const char *put)
{
	const char *at = strstr(text, find);
	char *out;

	if (!at || asprintf(&out, "%.*s%s%s", (int)(at - text), text, put, at + strlen(find)) < 0) {
		fprintf(stderr, "there is no \"%s\"\n", find);
		exit(99);
	}
	return out;
}

/* One line that any terminal may be given. */
static bool is_plain(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return !*text;
}

static void check_refused(const char *name, const char *xml, size_t size, const char *why)
{
	struct libdmwarrant_hi1_message m;
	struct records records;
	int ret = read_message(xml, size, &records, &m);
	const char *error = ret ? libdmwarrant_error(ctx) : "";

	if (why)
		test_result(name, (ret == -EINVAL || ret == -ENOENT) && strstr(error, why) &&
			    !records.count && is_plain(error),
			    "%d, %zu records: %s", ret, records.count, error);
	else
		test_result(name, !ret && records.count, "%d %s", ret, error);
	free(records.text);
}

static void check_change(const struct change *c, const char *request)
{
	char name[64], *xml = replace(request, c->find, c->put);

	snprintf(name, sizeof(name), "hi1-%s", c->name);
	check_refused(name, xml, strlen(xml), c->why);
	free(xml);
}

/* ---- cut off, and with a byte altered ---- */

static void check_cut(const char *request)
{
	struct libdmwarrant_hi1_message m;
	struct records records;
	size_t size = strlen(request), n, accepted = 0;

	for (n = 0; n < size - 1; n += 7) {
		accepted += !read_message(request, n, &records, &m) || records.count;
		free(records.text);
	}
	test_result("hi1-cut", !accepted, "%zu prefixes pass for a message", accepted);
}

/* Whatever becomes of it, nothing is told that the registry would not take. */
static void check_flipped(const char *request)
{
	struct libdmwarrant_hi1_message m;
	struct records records;
	size_t size = strlen(request), n;
	char *xml = strdup(request);
	unsigned int told = 0;

	for (n = 0; n < size; n += 5) {
		xml[n] ^= 1 << n % 8;
		told += !read_message(xml, size, &records, &m);
		free(records.text);
		xml[n] ^= 1 << n % 8;
	}
	test_result("hi1-flipped", told > 0 && told < size / 10, "%u of %zu pass", told, size / 5);
	free(xml);
}

/* ---- floods ---- */

struct flood {
	char	*text;
	size_t	size;
	FILE	*f;
};

static FILE *flood_begin(struct flood *flood)
{
	flood->f = open_memstream(&flood->text, &flood->size);
	fputs("<HI1Message xmlns='http://uri.etsi.org/03120/common/2019/10/Core'>", flood->f);
	return flood->f;
}

/* It is refused, soon and without much memory. */
static void flood_end(struct flood *flood, const char *name, const char *why)
{
	struct timespec from, to;
	double seconds;

	fputs("</HI1Message>", flood->f);
	fclose(flood->f);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	check_refused(name, flood->text, flood->size, why);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	seconds = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
	test_result("hi1-flood-time", seconds < 5, "%s took %.1f s", name, seconds);
	free(flood->text);
}

static void check_floods(void)
{
	struct flood flood;
	FILE *f;
	int i;

	f = flood_begin(&flood);
	for (i = 0; i < 33; i++)
		fputs("<x>", f);
	flood_end(&flood, "hi1-deep", "nested more than 32 deep");

	f = flood_begin(&flood);
	for (i = 0; i < 3000000; i++)
		fputs("<x>", f);
	flood_end(&flood, "hi1-very-deep", "nested more than 32 deep");

	f = flood_begin(&flood);
	for (i = 0; i < 1000000; i++)
		fputs("<x/>", f);
	flood_end(&flood, "hi1-elements", "more than 500000 tags");

	f = flood_begin(&flood);
	fputs("<x", f);
	for (i = 0; i < 1000000; i++)
		fprintf(f, " a%d=''", i);
	fputs("/>", f);
	flood_end(&flood, "hi1-attributes", "a tag of more than 8192 bytes");

	f = flood_begin(&flood);
	for (i = 0; i < 100000; i++)
		fprintf(f, "<x xmlns:a%d='urn:%d' a%d:b=''/>", i, i, i);
	flood_end(&flood, "hi1-namespaces", "does not begin with a Header");

	f = flood_begin(&flood);
	fprintf(f, "%*s", LIBDMWARRANT_HI1_MAX, "");
	flood_end(&flood, "hi1-too-large", "MessageTooLarge (3022)");

	f = flood_begin(&flood);
	fprintf(f, "<Header>%*s</Header>", LIBDMWARRANT_HI1_MAX - 200, "x");
	flood_end(&flood, "hi1-huge-text", "HI-1 message: line 1:");

	f = flood_begin(&flood);
	for (i = 0; i < 4000000; i++)
		fputs("&lt;", f);
	flood_end(&flood, "hi1-references", "text between");

	f = flood_begin(&flood);
	for (i = 0; i < 5000 * 100; i++)
		fputs("<!---->", f);
	flood_end(&flood, "hi1-comments", "more than 500000 tags");
}

/* The most tasks and associations that fit: no step may take their product. */
static void check_many_parts(const char *request)
{
	char *head = replace(request, "<ActionRequests>", "<ActionRequests>\1");
	struct libdmwarrant_hi1_message m;
	struct records records;
	struct flood flood;
	struct timespec from, to;
	FILE *f = open_memstream(&flood.text, &flood.size);
	int i, ret;

	*strchr(head, '\1') = 0;
	fputs(head, f);
	fprintf(f, "<ActionRequest><CREATE><HI1Object xsi:type='auth:AuthorisationObject'><ObjectIdentifier>"
		AUTH_ID "</ObjectIdentifier>" REFERENCE "</HI1Object></CREATE></ActionRequest>");
	for (i = 1; i <= 9000; i++)
		fprintf(f, "<ActionRequest><CREATE><HI1Object xsi:type='task:LITaskObject'><ObjectIdentifier>00000000-0000-4000-8000-%012x</ObjectIdentifier><AssociatedObjects><AssociatedObject>"
			AUTH_ID "</AssociatedObject></AssociatedObjects></HI1Object></CREATE></ActionRequest>",
			i);
	fputs("</ActionRequests></RequestPayload></Payload></HI1Message>", f);
	fclose(f);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	ret = read_message(flood.text, flood.size, &records, &m);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	test_result("hi1-many-tasks", ret == -EINVAL && strstr(libdmwarrant_error(ctx), "bytes") &&
		    !records.count, "%d %s", ret, libdmwarrant_error(ctx));
	test_result("hi1-many-tasks-time", to.tv_sec - from.tv_sec < 5, "%ld s",
		    (long)(to.tv_sec - from.tv_sec));
	free(records.text);
	free(flood.text);
	free(head);
}

/* ---- the rest of the interface ---- */

static int stop(void *arg, const struct libdmwarrant_hi1_record *r)
{
	(void)arg;
	(void)r;
	return -EEXIST;
}

static void check_interface(const char *request)
{
	struct libdmwarrant_hi1_params p = { .version = LIBDMWARRANT_HI1_VERSION, .record = stop };
	struct libdmwarrant_hi1_message m = { .version = LIBDMWARRANT_HI1_VERSION };
	int fd[2];

	test_result("hi1-callback-ends", libdmwarrant_hi1_read(ctx, request, strlen(request), &p,
		    NULL) == -EEXIST, "went on");
	p.copy = "copied";
	test_result("hi1-copy", libdmwarrant_hi1_read(ctx, request, strlen(request), &p, NULL) ==
		    -EINVAL && strstr(libdmwarrant_error(ctx), "original, custodial"), "%s",
		    libdmwarrant_error(ctx));
	p.copy = "custodial";
	p.record = NULL;
	if (pipe(fd) || write(fd[1], request, strlen(request)) < 0)
		exit(99);
	close(fd[1]);
	test_result("hi1-pipe", !libdmwarrant_hi1_read_fd(ctx, fd[0], &p, &m) && m.tasks == 2, "%s",
		    libdmwarrant_error(ctx));
	close(fd[0]);
	test_result("hi1-bad-fd", libdmwarrant_hi1_read_fd(ctx, fd[0], &p, &m) == -EBADF, "%s",
		    libdmwarrant_error(ctx));
	p.version = 2;
	test_result("hi1-version", libdmwarrant_hi1_read(ctx, request, strlen(request), &p, &m) ==
		    -EINVAL, "accepted");
	p.version = LIBDMWARRANT_HI1_VERSION;
	m.version = 0;
	test_result("hi1-message-version", libdmwarrant_hi1_read(ctx, request, strlen(request), &p,
		    &m) == -EINVAL, "accepted");
}

static void print_message(const char *name)
{
	struct libdmwarrant_hi1_message m;
	struct records records;
	char *xml = load(name, "");
	int ret = read_message(xml, strlen(xml), &records, &m);

	if (ret)
		printf("%d %s\n", ret, libdmwarrant_error(ctx));
	else
		printf("%s %s %s from %s to %s: %u records, %u tasks, %u documents, %u ignored, signed %u, verified %u\n%s",
		       m.etsi, m.transaction, m.timestamp, m.sender, m.receiver, m.records,
		       m.tasks, m.documents, m.ignored, m.has_signature, m.verified, records.text);
	free(records.text);
	free(xml);
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "request", "many", "signed", "update", "link" };
	char *request;
	size_t i;

	libdmwarrant_new(&ctx);
	directory = argv[1];
	if (argc == 3) {
		print_message(argv[2]);
		return 0;
	}
	/* What is not slow but hangs ends as a failure too. */
	alarm(200);
	request = load("request", ".xml");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		check_message(names[i]);
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		check_change(&changes[i], request);
	check_refused("hi1-empty", "", 0, "not well-formed");
	check_refused("hi1-nul", "<a>\0</a>", 8, "control character");
	check_refused("hi1-text", "hello", 5, "not well-formed");
	check_refused("hi1-json", "{\"HI1Message\":{}}", 17, "not well-formed");
	check_refused("hi1-utf16", "<\0a\0/\0>\0", 8, "control character");
	check_cut(request);
	check_flipped(request);
	check_floods();
	check_many_parts(request);
	check_interface(request);
	free(request);
	libdmwarrant_free(ctx);
	return test_failures;
}
