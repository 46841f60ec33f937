// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: rules calendar | profiles DIRECTORY
 *        rules gate URI WARRANT GROUND [VOLUME [TAG]]
 *        rules check URI | accept URI
 *        rules rewrite URI WARRANT DAY DAY
 *
 * Periods by a table of examples; profiles, valid ones, invalid ones and all that differ from a
 * valid one in one byte. And, for tests/retention/run, what has no command of its own: the gate, the
 * check of the clock, and accepting a time. Those print the error, if any, and "done". And what
 * somebody would do who can write the database: put another day into the only revision of a warrant,
 * and make its digest anew.
 */
#include <dirent.h>

#include "json.h"
#include "retention_state.h"
#include "test.h"

static struct libdmwarrant *ctx;

/* ---- calendar ---- */

static const struct {
	const char	*from;
	const char	*period;
	const char	*end;		/* the day that begins when it is over */
} ends[] = {
	{ "2026-03-10", "P5Y", "2031-03-11" },
	{ "2026-03-10", "P0D", "2026-03-10" },
	{ "2026-03-10", "P1D", "2026-03-12" },
	{ "2028-02-29", "P1Y", "2029-03-01" },	/* over with 28 February */
	{ "2028-02-29", "P4Y", "2032-03-01" },	/* over with 29 February */
	{ "2028-02-29", "P12M", "2029-03-01" },
	{ "2096-02-29", "P4Y", "2100-03-01" },	/* 2100 is no leap year */
	{ "1996-02-29", "P4Y", "2000-03-01" },	/* 2000 is one */
	{ "2027-02-28", "P1Y", "2028-02-29" },	/* the 28th, not the last of the month */
	{ "2026-01-31", "P1M", "2026-03-01" },
	{ "2028-01-31", "P1M", "2028-03-01" },
	{ "2026-03-31", "P6M", "2026-10-01" },
	{ "2026-08-31", "P6M", "2027-03-01" },
	{ "2026-12-31", "P1M", "2027-02-01" },
	{ "2026-12-15", "P13M", "2028-01-16" },
	{ "2026-01-31", "P1M1D", "2026-03-02" },
	{ "2026-03-10", "P20Y", "2046-03-11" },
	{ "2026-03-10", "P1Y6M10D", "2027-09-21" },
	{ "1970-01-01", "P10Y", "1980-01-02" },
	{ "1938-01-19", "P100Y", "2038-01-20" },
	{ "2026-12-31", "P1D", "2027-01-02" },
	{ "2026-11-30", "P90D", "2027-03-01" },
};

static const char *const bad_periods[] = {
	"", "P", "5Y", "P5", "PY", "P5W", "PT72H", "P5YT1H", "P-5Y", "P+5Y", "P5D5Y", "P5Y5Y", "P1.5Y",
	"P5y", " P5Y", "P5Y ", "P201Y", "P2401M", "P100000D", "P73201D", "P99999Y", "P 5Y", "p5Y",
};

static const char *const bad_dates[] = {
	"", "2026", "2026-3-10", "2026-03-1", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10",
	"2026-04-31", "2026-04-00", "2026-03-10T00:00:00Z", "2026-03-10 ", " 2026-03-10", "26-03-10",
	"2026/03/10", "1899-12-31", "+026-03-10", "20260310",
};

static void test_calendar(void)
{
	struct lib_period p;
	char text[16], name[64];
	s64 from;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(name, sizeof(name), "calendar-%s+%s", ends[i].from, ends[i].period);
		if (lib_date_parse(ends[i].from, &from) || lib_period_parse(ends[i].period, &p)) {
			test_result(name, false, "not parsed");
			continue;
		}
		/* At any time of that day. */
		lib_date_format(lib_period_end(from + 86399, &p), text);
		test_result(name, !strcmp(text, ends[i].end) &&
			    lib_period_end(from, &p) == lib_period_end(from + 86399, &p), "%s",
			    text);
	}
	for (i = 0; i < ARRAY_SIZE(bad_periods); i++)
		if (!lib_period_parse(bad_periods[i], &p))
			test_result("calendar-bad-period", false, "\"%s\" is taken", bad_periods[i]);
	for (i = 0; i < ARRAY_SIZE(bad_dates); i++)
		if (!lib_date_parse(bad_dates[i], &from))
			test_result("calendar-bad-date", false, "\"%s\" is taken", bad_dates[i]);
	memset(&p, 0, sizeof(p));
	test_result("calendar-never", lib_period_end(LIB_NEVER, &p) == LIB_NEVER, "never ends");
	test_result("calendar-refused", !test_failures, "some were taken");
}

/* ---- profiles ---- */

#define START	"{\"Schema\":\"dm-warrant/retention-profile\",\"Version\":1,\"Name\":\"x\",\"Title\":\"t\",\"Country\":\"XX\",\"Edition\":\"1\",\"NotCovered\":[\"n\"],"
#define SOURCES	"\"Sources\":[{\"Id\":\"s\",\"Statute\":\"S\",\"Article\":\"A\",\"Says\":\"x\"}],"
#define EVENT	"\"Events\":[{\"Name\":\"e\",\"Title\":\"t\"}],"
#define RULES(text)	START SOURCES EVENT "\"Rules\":[{\"Title\":\"r\"," text "}]}"
#define DUE	"\"Due\":[{\"Event\":\"e\",\"After\":\"P1Y\",\"Source\":\"s\"}]"
#define PROFILE_FLOOR(kind, event, after, source) \
	RULES(DUE ",\"Floors\":[{\"Kind\":\"" kind "\",\"Source\":\"" source "\",\"Terms\":[{\"Event\":\"" event "\",\"After\":\"" after "\"}]}]")

static const struct {
	const char	*text;
	const char	*says;		/* NULL = it is valid */
} profiles[] = {
	{ RULES(DUE), NULL },
	{ PROFILE_FLOOR("absolute", "e", "P1Y", "s"), NULL },
	{ RULES("\"Review\":{\"Event\":\"start\",\"Every\":\"P1Y\",\"Source\":\"s\"}"), NULL },
	{ "", "not valid JSON" },
	{ "[]", "not a JSON object" },
	{ "{}", "missing" },
	{ RULES(DUE) "x", "not valid JSON" },
	{ RULES("\"Copy\":\"original\""), "neither Due nor Review" },
	{ RULES(DUE ",\"Due\":[]"), "twice" },
	{ RULES(DUE ",\"Extra\":1"), "not a known member" },
	{ RULES(DUE ",\"Copy\":\"third\""), "original" },
	{ RULES("\"Due\":[{\"Event\":\"f\",\"After\":\"P1Y\",\"Source\":\"s\"}]"), "none of Events" },
	{ RULES("\"Due\":[{\"Event\":\"e\",\"After\":\"1Y\",\"Source\":\"s\"}]"), "period" },
	{ RULES("\"Due\":[{\"Event\":\"e\",\"After\":\"P1Y\",\"Source\":\"z\"}]"), "none of the Sources" },
	{ RULES("\"Due\":[{\"Event\":\"e\",\"After\":\"P1Y\"}]"), "Source is missing" },
	{ RULES(DUE ",\"Ceilings\":[{\"Event\":\"f\",\"After\":\"P1Y\",\"Source\":\"s\"}]"), "none of Events" },
	{ RULES("\"Review\":{\"Event\":\"e\",\"Every\":\"P0D\",\"Source\":\"s\"}"), "zero" },
	{ RULES("\"Review\":{\"Event\":\"e\",\"Every\":\"x\",\"Source\":\"s\"}"), "period" },
	{ PROFILE_FLOOR("total", "e", "P1Y", "s"), "absolute" },
	{ PROFILE_FLOOR("absolute", "f", "P1Y", "s"), "none of Events" },
	{ PROFILE_FLOOR("absolute", "e", "P1", "s"), "period" },
	{ PROFILE_FLOOR("absolute", "e", "P1Y", "z"), "none of the Sources" },
	{ RULES(DUE ",\"Floors\":[{\"Kind\":\"absolute\",\"Source\":\"s\",\"Terms\":[]}]"), "empty" },
	{ START SOURCES EVENT "\"Rules\":[]}", "empty" },
	{ START "\"Sources\":[]," EVENT "\"Rules\":[{\"Title\":\"r\"," DUE "}]}", "empty" },
	{ START SOURCES "\"Events\":[{\"Name\":\"E\",\"Title\":\"t\"}],\"Rules\":[{\"Title\":\"r\"," DUE "}]}", "lower-case" },
	{ START SOURCES "\"Events\":[{\"Name\":\"end\",\"Title\":\"t\"}],\"Rules\":[{\"Title\":\"r\"," DUE "}]}", "follows from the warrant" },
	{ START SOURCES "\"Events\":[{\"Name\":\"e\",\"Title\":\"t\"},{\"Name\":\"e\",\"Title\":\"u\"}],\"Rules\":[{\"Title\":\"r\"," DUE "}]}", "stands twice" },
	{ "{\"Schema\":\"dm-warrant/retention-profile\",\"Version\":2,\"Name\":\"x\",\"Title\":\"t\",\"Country\":\"XX\",\"Edition\":\"1\",\"NotCovered\":[\"n\"]," SOURCES EVENT "\"Rules\":[{\"Title\":\"r\"," DUE "}]}", "Version must be 1" },
	{ "{\"Schema\":\"other\",\"Version\":1}", "Schema" },
};

static void test_texts(void)
{
	struct json_object *o;
	char name[64];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		snprintf(name, sizeof(name), "profile-%zu", i);
		ret = lib_profile_parse(ctx, profiles[i].text, strlen(profiles[i].text), &o);
		if (!ret)
			json_object_put(o);
		if (!profiles[i].says)
			test_result(name, !ret, "%s", libdmwarrant_error(ctx));
		else
			test_result(name, ret && strstr(libdmwarrant_error(ctx), profiles[i].says),
				    "%d, no \"%s\" in: %s", ret, profiles[i].says,
				    ret ? libdmwarrant_error(ctx) : "");
	}
}

/* Is @text, if it is a profile at all, another one than that with @digest? */
static bool differs(const char *text, size_t size, const char *digest, size_t *taken)
{
	char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct json_object *o;

	if (lib_profile_parse(ctx, text, size, &o))
		return true;
	++*taken;
	lib_profile_digest(o, hex);
	json_object_put(o);
	return strcmp(hex, digest);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* One byte changed, or dropped, that is no white space: another profile, or none. */
static void test_bytes(const char *name, char *text, size_t size, const char *digest)
{
	char label[80], old, *shorter = malloc(size);
	size_t i, taken = 0, same = 0;

	for (i = 0; i < size; i++) {
		if (is_space(text[i]))
			continue;
		old = text[i];
		text[i] = old ^ 1;
		same += !differs(text, size, digest, &taken);
		text[i] = old;
		memcpy(shorter, text, i);
		memcpy(shorter + i, text + i + 1, size - i - 1);
		same += !differs(shorter, size - 1, digest, &taken);
	}
	free(shorter);
	snprintf(label, sizeof(label), "bytes-of-%s (%zu valid)", name, taken);
	test_result(label, !same && taken, "%zu changes are not seen", same);
}

static void test_file(const char *dir, const char *file)
{
	char path[512], name[80], hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1] = "";
	static char text[LIB_PROFILE_MAX];
	struct json_object *o = NULL;
	size_t size;
	FILE *f;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	size = f ? fread(text, 1, sizeof(text), f) : 0;
	if (f)
		fclose(f);
	ret = lib_profile_parse(ctx, text, size, &o);
	snprintf(name, sizeof(name), "profile-%s", file);
	test_result(name, !ret, "%s", libdmwarrant_error(ctx));
	if (ret)
		return;
	lib_profile_digest(o, hex);
	json_object_put(o);
	test_bytes(file, text, size, hex);
}

static void test_profiles(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	test_texts();
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			test_file(path, d->d_name);
	if (dir)
		closedir(dir);
}

/* ---- on a registry ---- */

static int gate(struct libdmwarrant_registry *r, char **argv)
{
	struct lib_retention_target t = { 0 };
	char why[LIB_WHY_SIZE];

	strncpy(t.warrant, argv[0], sizeof(t.warrant) - 1);
	if (argv[2])
		strncpy(t.volume, argv[2], sizeof(t.volume) - 1);
	if (argv[2] && argv[3])
		t.tag = atoi(argv[3]);
	return lib_retention_gate(r, &t, lib_ground_parse(argv[1]), lib_registry_now(), why);
}

static int keep_revision(void *arg, const struct lib_value *row)
{
	struct libdmwarrant_revision *v = arg;

	v->revision = row[0].number;
	v->when = row[1].number;
	v->action = strdup(row[2].text);
	v->user = strdup(row[3].text);
	v->host = strdup(row[4].text);
	v->reason = strdup(row[5].text);
	v->source = strdup(row[6].text);
	v->changes = strdup(row[7].text);
	v->json = strdup(row[8].text);
	return 0;
}

static int rewrite(struct libdmwarrant_registry *r, char **argv)
{
	struct libdmwarrant_revision v = { 0 };
	char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	char *day;
	int ret = lib_sql(r, keep_revision, &v,
			  "SELECT revision, made, action, by_user, by_host, reason, source, changes, record FROM warrant_history WHERE warrant = $1",
			  lib_text(argv[0]));

	day = v.json ? strstr(v.json, argv[1]) : NULL;
	if (ret || !day)
		return ret ? ret : -ENOENT;
	memcpy(day, argv[2], strlen(argv[2]));
	ret = lib_history_digest(ctx, "", argv[0], &v, v.digest);
	lib_hex(hex, v.digest, sizeof(v.digest));
	return ret ?: lib_sql(r, NULL, NULL,
			      "UPDATE warrant_history SET record = $1, digest = $2 WHERE warrant = $3",
			      lib_text(v.json), lib_text(hex), lib_text(argv[0]));
}

static int on_registry(const char *what, char **argv)
{
	struct libdmwarrant_registry *r;
	int ret = libdmwarrant_registry_open(ctx, argv[0], 0, &r);

	if (!ret)
		ret = lib_registry_begin(r, true);
	if (!ret) {
		if (!strcmp(what, "gate"))
			ret = gate(r, argv + 1);
		else if (!strcmp(what, "rewrite"))
			ret = rewrite(r, argv + 1);
		else if (!strcmp(what, "check"))
			ret = lib_clock_check(r, lib_registry_now());
		else
			ret = lib_clock_accept(r, lib_registry_now(), "request");
		ret = lib_registry_end(r, ret);
		libdmwarrant_registry_close(r);
	}
	puts(ret ? libdmwarrant_error(ctx) : strcmp(what, "check") ? "done" : "it can be believed");
	return ret ? -ret : 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 || libdmwarrant_new(&ctx))
		return 99;
	if (!strcmp(argv[1], "calendar"))
		test_calendar();
	else if (!strcmp(argv[1], "profiles"))
		test_profiles(argv[2]);
	else
		return on_registry(argv[1], argv + 2);
	libdmwarrant_free(ctx);
	return !!test_failures;
}
