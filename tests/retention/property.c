// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: property [DEPTH]
 *
 * Every sequence of DEPTH (default: 4) commands on a warrant, and after each command of each
 * sequence: floors are what a second, simpler account of the same facts says; none that was known
 * has become shorter; what is before a floor, not due, or held is refused at the gate; what was
 * refused has left no entry. Log, warrant and clock are in memory; the code is the library's own.
 */
#include <unistd.h>

#include "retention_state.h"
#include "test.h"

#define WARRANT	"0ca4cf0b-3ee1-4b4a-9ef8-1f4c9e1c0a11"
#define VOLUME	"11111111-2222-4333-8444-555555555555"
#define NOW	1798761600	/* 2027-01-01 */

static struct libdmwarrant *ctx;
static struct libdmwarrant_registry reg = { .who.boot_id = "boot" };
static unsigned long failures, nodes, refusals;

/* ---- the log, in memory ---- */

#define ENTRIES	32

static struct {
	char			*kind;
	struct json_object	*body;
} entries[ENTRIES];
static size_t count, began;

int __wrap_lib_audit_append(struct libdmwarrant_registry *r, const char *kind,
			    struct json_object *body, u64 *seq);
int __wrap_lib_audit_append(struct libdmwarrant_registry *r, const char *kind,
			    struct json_object *body, u64 *seq)
{
	(void)r;
	(void)seq;
	entries[count].kind = strdup(kind);
	entries[count++].body = json_object_get(body);
	return 0;
}

static void cut(size_t to)
{
	while (count > to) {
		free(entries[--count].kind);
		json_object_put(entries[count].body);
	}
}

int __wrap_lib_audit_each(struct libdmwarrant_registry *r, const char *const *kinds,
			  lib_audit_fn fn, void *arg);
int __wrap_lib_audit_each(struct libdmwarrant_registry *r, const char *const *kinds,
			  lib_audit_fn fn, void *arg)
{
	struct lib_audit_entry e = { .user = "u", .host = "h", .json = "" };
	size_t i;
	int ret = 0;

	(void)r;
	(void)kinds;
	for (i = 0; !ret && i < count; i++) {
		e.seq = i;
		e.when = NOW + i;
		e.kind = entries[i].kind;
		e.body = entries[i].body;
		ret = fn(arg, &e);
	}
	return ret;
}

int __wrap_lib_registry_begin(struct libdmwarrant_registry *r, bool write);
int __wrap_lib_registry_begin(struct libdmwarrant_registry *r, bool write)
{
	(void)r;
	(void)write;
	began = count;
	return 0;
}

int __wrap_lib_registry_end(struct libdmwarrant_registry *r, int ret);
int __wrap_lib_registry_end(struct libdmwarrant_registry *r, int ret)
{
	(void)r;
	if (ret)
		cut(began);
	return ret > 0 ? 0 : ret;
}

s64 __wrap_lib_registry_now(void);
s64 __wrap_lib_registry_now(void)
{
	return NOW;
}

/* ---- the warrant: its revisions differ in when it ends ---- */

static const char *ends[ENTRIES];
static u32 revisions;

static char *record(const char *end)
{
	char *text;

	if (asprintf(&text, "{\"ObjectIdentifier\":\"" WARRANT "\",\"AuthorisationReference\":\"W\",\"Copy\":\"original\",\"AuthorisationTimespan\":{\"StartTime\":\"2000-01-01T00:00:00Z\"%s%s%s}}",
		     end ? ",\"EndTime\":\"" : "", end ? end : "", end ? "T00:00:00Z\"" : "") < 0)
		exit(1);
	return text;
}

int __wrap_lib_warrant_find(struct libdmwarrant_registry *r, const char *key,
			    struct lib_warrant_row *row);
int __wrap_lib_warrant_find(struct libdmwarrant_registry *r, const char *key,
			    struct lib_warrant_row *row)
{
	(void)r;
	(void)key;
	strcpy(row->uuid, WARRANT);
	row->json = record(ends[revisions - 1]);
	return 0;
}

int __wrap_lib_history_verify(struct libdmwarrant_registry *r, const char *warrant,
			      int (*fn)(void *arg, const struct libdmwarrant_revision *v),
			      void *arg);
int __wrap_lib_history_verify(struct libdmwarrant_registry *r, const char *warrant,
			      int (*fn)(void *arg, const struct libdmwarrant_revision *v),
			      void *arg)
{
	struct libdmwarrant_revision v = { 0 };
	char *text;
	u32 i;
	int ret = 0;

	(void)r;
	(void)warrant;
	for (i = 0; !ret && i < revisions; i++) {
		text = record(ends[i]);
		v.json = text;
		ret = fn(arg, &v);
		free(text);
	}
	return ret;
}

struct lib_history_log;
int __wrap_lib_history_logged_all(struct lib_history_log *h);
int __wrap_lib_history_logged_all(struct lib_history_log *h)
{
	(void)h;
	return 0;
}

int __wrap_lib_volume_get(struct libdmwarrant_registry *r, const char *key,
			  struct libdmwarrant_record *volume);
int __wrap_lib_volume_get(struct libdmwarrant_registry *r, const char *key,
			  struct libdmwarrant_record *volume)
{
	(void)r;
	(void)key;
	libdmwarrant_uuid_parse(VOLUME, volume->uuid);
	strcpy(volume->warrant, WARRANT);
	return 0;
}

int __wrap_libdmwarrant_tag_set_state(void);
int __wrap_libdmwarrant_tag_set_state(void)
{
	return 0;
}

/* ---- profiles ---- */

#define HEAD(name) "{\"Schema\":\"dm-warrant/retention-profile\",\"Version\":1,\"Name\":\"" name "\",\"Title\":\"t\",\"Country\":\"XX\",\"Edition\":\"1\",\"Sources\":[{\"Id\":\"s\",\"Statute\":\"S\",\"Article\":\"A\",\"Says\":\"x\"}],\"Events\":[{\"Name\":\"judgment\",\"Title\":\"j\"},{\"Name\":\"dismissal\",\"Title\":\"d\"},{\"Name\":\"sealed\",\"Title\":\"s\"}],\"NotCovered\":[\"all\"],\"Rules\":[{\"Title\":\"r\",\"Due\":[{\"Event\":\"judgment\",\"After\":\"P0D\",\"Source\":\"s\"}],\"Floors\":["
#define FLOOR(kind, terms)	"{\"Kind\":\"" kind "\",\"Source\":\"s\",\"Terms\":[" terms "]}"
#define TERM(event, after)	"{\"Event\":\"" event "\",\"After\":\"" after "\"}"
#define TAIL	"]}]}"

enum { PROFILE_FIRST, PROFILE_STRICTER, PROFILE_SHORTER, PROFILES };

static const char *const texts[PROFILES] = {
	HEAD("first")
	FLOOR("absolute", TERM("end", "P10Y") "," TERM("sealed", "P10Y")) ","
	FLOOR("ordinary", TERM("judgment", "P2Y") "," TERM("dismissal", "P1Y")) TAIL,
	HEAD("stricter")
	FLOOR("absolute", TERM("end", "P12Y") "," TERM("sealed", "P10Y")) ","
	FLOOR("absolute", TERM("judgment", "P2Y") "," TERM("dismissal", "P3Y")) TAIL,
	HEAD("shorter")
	FLOOR("absolute", TERM("end", "P9Y") "," TERM("sealed", "P10Y")) ","
	FLOOR("ordinary", TERM("judgment", "P2Y") "," TERM("dismissal", "P1Y")) TAIL,
};

static char paths[PROFILES][64];

static void write_profiles(void)
{
	FILE *f;
	int i;

	for (i = 0; i < PROFILES; i++) {
		strcpy(paths[i], "/tmp/dmw-profile.XXXXXX");
		f = fdopen(mkstemp(paths[i]), "w");
		fputs(texts[i], f);
		fclose(f);
	}
}

/* ---- the simpler account ---- */

enum { JUDGMENT, DISMISSAL, SEALED, END, EVENTS };

static const char *const names[] = { "judgment", "dismissal", "sealed", "end" };

/**
 * struct account - the facts so far
 * @latest:  year of the latest date that was ever entered; 0 = none. All dates are the first day of
 *           a year, so that no calendar is needed
 * @happened: it has, as far as is known now
 * @bound:   profiles that were
 * @newest:  of them
 * @held:    it is
 * @review:  has found that it should be requested
 */
struct account {
	int	latest[EVENTS];
	bool	happened[EVENTS];
	bool	bound[PROFILES];
	int	newest;
	bool	held;
	bool	review;
};

/* Over when the second of January of that year begins; 0 = there is none. */
static s64 new_year(int year)
{
	char text[24];
	s64 date;

	snprintf(text, sizeof(text), "%04d-01-02", year);
	return lib_date_parse(text, &date) ? 0 : date;
}

static s64 term(const struct account *a, int event, int years)
{
	return a->latest[event] ? new_year(a->latest[event] + years) : 0;
}

static s64 floor_of(const struct account *a, int e1, int years1, int e2, int years2)
{
	if (!a->happened[e1] && !a->happened[e2])
		return LIB_NEVER;
	return max(term(a, e1, years1), term(a, e2, years2));
}

static s64 absolute_floor(const struct account *a)
{
	s64 floor = 0;

	if (a->bound[PROFILE_FIRST])
		floor = max(floor, floor_of(a, END, 10, SEALED, 10));
	if (a->bound[PROFILE_STRICTER]) {
		floor = max(floor, floor_of(a, END, 12, SEALED, 10));
		floor = max(floor, floor_of(a, JUDGMENT, 2, DISMISSAL, 3));
	}
	if (a->bound[PROFILE_SHORTER])
		floor = max(floor, floor_of(a, END, 9, SEALED, 10));
	return floor;
}

static s64 any_floor(const struct account *a)
{
	s64 floor = absolute_floor(a);

	if (a->bound[PROFILE_FIRST] || a->bound[PROFILE_SHORTER])
		floor = max(floor, floor_of(a, JUDGMENT, 2, DISMISSAL, 1));
	return floor;
}

/* ---- commands ---- */

struct command {
	enum { ENTER, WITHDRAW, BIND, ENDS, HOLD, RELEASE, REVIEW, RESTRICT } what;
	int		which;
	int		year;
	const char	*text;
};

static const struct command commands[] = {
	{ ENTER, JUDGMENT, 2010, "correction" },
	{ ENTER, JUDGMENT, 2005, "correction" },
	{ WITHDRAW, JUDGMENT, 0, NULL },
	{ ENTER, DISMISSAL, 2012, "correction" },
	{ ENTER, DISMISSAL, 2002, NULL },
	{ WITHDRAW, DISMISSAL, 0, NULL },
	{ ENTER, SEALED, 2008, "correction" },
	{ WITHDRAW, SEALED, 0, NULL },
	{ BIND, PROFILE_FIRST, 0, NULL },
	{ BIND, PROFILE_STRICTER, 0, NULL },
	{ BIND, PROFILE_SHORTER, 0, NULL },
	{ ENDS, END, 2001, NULL },
	{ ENDS, END, 2009, NULL },
	{ ENDS, END, 0, NULL },
	{ HOLD, 0, 0, NULL },
	{ RELEASE, 0, 0, NULL },
	{ REVIEW, 0, 0, "request" },
	{ REVIEW, 0, 0, "keep" },
	{ RESTRICT, 0, 0, NULL },
};

static int run_event(const struct command *c)
{
	struct libdmwarrant_retention_entry n = {
		.version = LIBDMWARRANT_RETENTION_ENTRY_VERSION, .target.warrant = "W",
		.name = names[c->which], .reference = "order", .reason = c->text,
	};
	char date[24];

	snprintf(date, sizeof(date), "%04d-01-01", c->year);
	n.date = date;
	if (c->what == WITHDRAW) {
		n.flags = LIBDMWARRANT_RETENTION_WITHDRAW;
		n.reason = "mistake";
	}
	return libdmwarrant_retention_event(&reg, &n);
}

static int run_other(const struct command *c)
{
	struct libdmwarrant_retention_entry n = {
		.version = LIBDMWARRANT_RETENTION_ENTRY_VERSION, .target.warrant = "W",
		.name = c->text ? c->text : "matter", .reason = "r", .authority = "a",
	};

	switch (c->what) {
	case HOLD:
		return libdmwarrant_retention_hold(&reg, &n);
	case RELEASE:
		return libdmwarrant_retention_release(&reg, &n);
	case RESTRICT:
		return libdmwarrant_retention_restrict(&reg, &n);
	default:
		return libdmwarrant_retention_review(&reg, &n);
	}
}

static const char *end_text(int year)
{
	static char text[2][24];

	if (!year)
		return NULL;
	snprintf(text[year == 2009], sizeof(text[0]), "%04d-01-01", year);
	return text[year == 2009];
}

static int run(const struct command *c)
{
	switch (c->what) {
	case ENTER:
	case WITHDRAW:
		return run_event(c);
	case BIND:
		return libdmwarrant_profile_bind(&reg, "W", paths[c->which], "reason", 0);
	case ENDS:
		ends[revisions++] = end_text(c->year);
		return 0;
	default:
		return run_other(c);
	}
}

static void account(struct account *a, const struct command *c)
{
	switch (c->what) {
	case ENTER:
	case ENDS:
		a->happened[c->which] = c->year;
		a->latest[c->which] = max(a->latest[c->which], c->year);
		break;
	case WITHDRAW:
		a->happened[c->which] = false;
		break;
	case BIND:
		a->bound[c->which] = true;
		a->newest = c->which;
		break;
	case HOLD:
	case RELEASE:
		a->held = c->what == HOLD;
		break;
	case RESTRICT:
		break;
	default:
		a->review = !strcmp(c->text, "request");
	}
}

/* ---- what must hold ---- */

static char path[400];

static void fail(const char *what, s64 got, s64 want)
{
	if (failures++ < 5)
		printf("# %s: %s: %lld, expected %lld\n", path, what, (long long)got,
		       (long long)want);
}

static void expect(const char *what, s64 got, s64 want)
{
	if (got != want)
		fail(what, got, want);
}

static int gate(enum lib_ground ground, s64 when)
{
	struct lib_retention_target t = { .warrant = WARRANT };
	char why[LIB_WHY_SIZE];

	if (ground == LIB_GROUND_PRIVILEGED) {
		strcpy(t.volume, VOLUME);
		t.tag = 3;
	}
	return lib_retention_gate(&reg, &t, ground, when, why);
}

static void read_dates(struct lib_dates *d)
{
	struct libdmwarrant_warrant w = { 0 };
	struct lib_replay p;
	struct json_object *o;
	struct lib_case c;
	char *text = record(ends[revisions - 1]);

	lib_warrant_parse(ctx, text, &o);
	lib_warrant_summary(o, NOW, &w);
	if (lib_replay_read(&reg, &p) || lib_case_open(&p, &w, &c)) {
		printf("not ok read: %s\n", libdmwarrant_error(ctx));
		exit(1);
	}
	lib_case_dates(&c, d);
	/* Names of sources are the replay's. */
	d->floor_from = d->absolute_from = d->due_from = d->ceiling_from = d->review_from = "";
	lib_replay_free(&p);
	json_object_put(o);
	free(text);
}

static bool due_known(const struct account *a)
{
	return a->happened[JUDGMENT] || a->review;
}

static void check_gate(const struct account *a, const struct lib_dates *d)
{
	s64 never = new_year(9000);

	if (a->held) {
		expect("held, retention", gate(LIB_GROUND_RETENTION, never), -EBUSY);
		expect("held, court", gate(LIB_GROUND_COURT_ORDER, never), -EBUSY);
		expect("held, privileged", gate(LIB_GROUND_PRIVILEGED, never), -EBUSY);
		return;
	}
	expect("at last", gate(LIB_GROUND_RETENTION, never),
	       d->bound && d->floor != LIB_NEVER && due_known(a) ? 0 : -EPERM);
	if (d->floor && d->floor != LIB_NEVER)
		expect("before the floor", gate(LIB_GROUND_RETENTION, d->floor - 1), -EPERM);
	if (d->absolute && d->absolute != LIB_NEVER) {
		expect("before the absolute floor, court",
		       gate(LIB_GROUND_COURT_ORDER, d->absolute - 1), -EPERM);
		expect("before the absolute floor, privileged",
		       gate(LIB_GROUND_PRIVILEGED, d->absolute - 1), -EPERM);
		expect("behind it, privileged", gate(LIB_GROUND_PRIVILEGED, d->absolute), 0);
	}
}

static void check(const struct account *a, const struct lib_dates *before,
		  const struct lib_dates *d)
{
	bool bound = a->bound[0] || a->bound[1] || a->bound[2];

	expect("bound", d->bound, bound);
	expect("floor", d->floor, bound ? any_floor(a) : 0);
	expect("absolute floor", d->absolute, bound ? absolute_floor(a) : 0);
	if (before->floor != LIB_NEVER && d->floor < before->floor)
		fail("the floor became shorter", d->floor, before->floor);
	if (before->absolute != LIB_NEVER && d->absolute < before->absolute)
		fail("the absolute floor became shorter", d->absolute, before->absolute);
	if (d->due < d->floor)
		fail("due before the floor", d->due, d->floor);
	check_gate(a, d);
}

/* The first profile is bound from the beginning, so the shorter one never can be. */
static int expected_bind(const struct account *a, int which)
{
	if (which == a->newest)
		return -EEXIST;
	return which == PROFILE_STRICTER ? 0 : -EPERM;
}

static void descend(const struct account *before, const struct lib_dates *known, int depth)
{
	size_t i, entered = count, used = strlen(path);
	u32 revised = revisions;
	struct lib_dates d;
	struct account a;
	int ret;

	for (i = 0; depth && i < ARRAY_SIZE(commands); i++) {
		a = *before;
		snprintf(path + used, sizeof(path) - used, " %zu", i);
		ret = run(&commands[i]);
		if (commands[i].what == BIND)
			expect("bind", ret, expected_bind(&a, commands[i].which));
		if (!ret)
			account(&a, &commands[i]);
		else
			expect("entries of what was refused", count, entered);
		nodes++;
		refusals += !!ret;
		/* What was refused changes nothing: nothing new follows from it. */
		if (!ret) {
			read_dates(&d);
			check(&a, known, &d);
			descend(&a, &d, depth - 1);
		}
		cut(entered);
		revisions = revised;
		path[used] = 0;
	}
}

/* Whoever could sign the log could still not put another text behind a profile's digest. */
static void check_forged(void)
{
	struct json_object *body = json_object_new_object(), *content;

	if (lib_profile_parse(ctx, texts[PROFILE_SHORTER], strlen(texts[PROFILE_SHORTER]),
			      &content))
		exit(1);
	json_object_object_add(body, "Sha256", json_object_new_string("00"));
	json_object_object_add(body, "Content", content);
	__wrap_lib_audit_append(&reg, "retention.profile", body, NULL);
	json_object_put(body);
	strcpy(path, "forged profile");
	expect("gate", gate(LIB_GROUND_RETENTION, new_year(9000)), -EUCLEAN);
	cut(count - 1);
}

int main(int argc, char **argv)
{
	int depth = argc > 1 ? atoi(argv[1]) : 4, i;
	struct account a = { .latest[END] = 2003, .happened[END] = true };
	struct lib_dates d = { 0 };

	if (libdmwarrant_new(&ctx))
		return 1;
	reg.ctx = ctx;
	reg.place = "memory";
	write_profiles();
	ends[revisions++] = "2003-01-01";
	if (libdmwarrant_profile_bind(&reg, "W", paths[PROFILE_FIRST], NULL, 0)) {
		printf("not ok bind: %s\n", libdmwarrant_error(ctx));
		return 1;
	}
	a.bound[PROFILE_FIRST] = true;
	read_dates(&d);
	descend(&a, &d, depth);
	check_forged();
	for (i = 0; i < PROFILES; i++)
		unlink(paths[i]);
	cut(0);
	libdmwarrant_free(ctx);
	if (failures)
		printf("not ok floors-by-brute-force: %lu of %lu commands\n", failures, nodes);
	else
		printf("ok floors-by-brute-force (%lu commands, %lu refused)\n", nodes, refusals);
	return !!failures;
}
