// SPDX-License-Identifier: GPL-2.0-or-later
/* From the log to the records of each warrant. */
#include "etsi.h"
#include "history.h"
#include "retention_state.h"

/* ---- what the bodies must have ---- */

#define MEMBER(name_, type_, ...) \
	{ .name = (name_), .ns = ETSI_OURS, .type = ETSI_##type_, ##__VA_ARGS__ }
#define END	{ .name = NULL }

static const char *const outcomes[] = { "keep", "restrict", "request", NULL };

/* Every entry says which warrant; its reference is for people who read the log. */
static const struct lib_etsi_member about[] = {
	MEMBER("Warrant", UUID, ETSI_NEEDED),
	MEMBER("WarrantReference", REFERENCE, ETSI_NEEDED),
	MEMBER("Volume", UUID),
	MEMBER("Tag", U32),
	MEMBER("Reason", LONG),
	MEMBER("Clock", FREE, ETSI_NEEDED),
	END
};

#define EXTENDS(base)	{ .name = NULL, .of = (base) }

static const struct lib_etsi_member bound[] = {
	MEMBER("Profile", NAME, ETSI_NEEDED),
	MEMBER("Sha256", HEX, ETSI_NEEDED),
	MEMBER("Rule", U32, ETSI_NEEDED),
	EXTENDS(about)
};

static const struct lib_etsi_member event[] = {
	MEMBER("Event", NAME, ETSI_NEEDED),
	MEMBER("Date", NAME, ETSI_NEEDED),
	MEMBER("Reference", LONG, ETSI_NEEDED),
	EXTENDS(about)
};

static const struct lib_etsi_member withdrawn[] = {
	MEMBER("Event", NAME, ETSI_NEEDED),
	EXTENDS(about)
};

static const struct lib_etsi_member review[] = {
	MEMBER("Outcome", WORD, ETSI_NEEDED, outcomes),
	EXTENDS(about)
};

static const struct lib_etsi_member restricted[] = {
	MEMBER("Authority", LONG, ETSI_NEEDED),
	EXTENDS(about)
};

static const struct lib_etsi_member hold[] = {
	MEMBER("Name", NAME, ETSI_NEEDED),
	MEMBER("Authority", LONG, ETSI_NEEDED),
	EXTENDS(about)
};

static const struct {
	const char			*kind;
	const struct lib_etsi_member	*body;
} kinds[] = {
	{ "retention.bound", bound },
	{ "retention.event", event },
	{ "retention.withdrawn", withdrawn },
	{ "retention.review", review },
	{ "retention.restricted", restricted },
	{ "hold.placed", hold },
	{ "hold.released", hold },
};

/* ---- taking entries ---- */

static int fail_entry(struct lib_replay *p, const struct lib_audit_entry *e)
{
	return lib_fail(p->r->ctx, -EUCLEAN,
			"entry %llu of the audit log (%s) is none that this version writes: the registry %s was altered, or a newer version is needed",
			(unsigned long long)e->seq, e->kind, p->r->place);
}

static int add(struct lib_replay *p, const struct lib_audit_entry *e, struct json_object *body,
	       const char *warrant)
{
	struct lib_record *more, *rec;

	if ((p->count & (p->count - 1)) == 0) {
		more = reallocarray(p->records, p->count ? 2 * p->count : 1, sizeof(*more));
		if (!more)
			return lib_fail(p->r->ctx, -ENOMEM, "not enough memory for the log");
		p->records = more;
	}
	rec = &p->records[p->count++];
	memset(rec, 0, sizeof(*rec));
	lib_copy(rec->warrant, sizeof(rec->warrant), warrant);
	rec->seq = e->seq;
	rec->when = e->when;
	rec->kind = strdup(e->kind);
	rec->user = strdup(e->user);
	rec->body = json_object_get(body);
	return rec->kind && rec->user ? 0 :
		lib_fail(p->r->ctx, -ENOMEM, "not enough memory for the log");
}

static int add_profile(struct lib_replay *p, const struct lib_audit_entry *e)
{
	struct json_object *profile = json_object_object_get(e->body, "Content");
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct lib_profile_text *more;

	if (lib_profile_check(p->r->ctx, profile) || lib_profile_digest(profile, digest) ||
	    strcmp(digest, lib_warrant_text(e->body, "Sha256")))
		return fail_entry(p, e);
	more = reallocarray(p->profiles, p->profile_count + 1, sizeof(*more));
	if (!more)
		return lib_fail(p->r->ctx, -ENOMEM, "not enough memory for the log");
	p->profiles = more;
	more += p->profile_count++;
	lib_copy(more->digest, sizeof(more->digest), digest);
	more->profile = json_object_get(profile);
	return 0;
}

/* Whoever asks for a request to be executed knows more; here it matters that there is one. */
static int add_request(struct lib_replay *p, const struct lib_audit_entry *e)
{
	struct json_object *target = json_object_object_get(e->body, "Target");
	const char *warrant = lib_warrant_text(target, "WarrantUUID");

	return *warrant ? add(p, e, e->body, warrant) : 0;
}

/* These name the request only; its warrant is that of "request.made". */
static int add_to_request(struct lib_replay *p, const struct lib_audit_entry *e)
{
	const char *id = lib_warrant_text(e->body, "Request");
	char warrant[37];
	size_t i;

	for (i = p->count; *id && i--; )
		if (!strcmp(p->records[i].kind, "request.made") &&
		    !strcmp(lib_warrant_text(p->records[i].body, "Request"), id)) {
			/* The records move when there are more of them. */
			lib_copy(warrant, sizeof(warrant), p->records[i].warrant);
			return add(p, e, e->body, warrant);
		}
	return 0;
}

static int take(struct lib_replay *p, const struct lib_audit_entry *e)
{
	size_t i;

	if (!strcmp(e->kind, "retention.profile"))
		return add_profile(p, e);
	if (!strcmp(e->kind, "request.made"))
		return add_request(p, e);
	if (!strncmp(e->kind, "request.", 8) || !strncmp(e->kind, "shred.", 6))
		return add_to_request(p, e);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(e->kind, kinds[i].kind))
			break;
	if (i == ARRAY_SIZE(kinds) ||
	    lib_etsi_check_table(p->r->ctx, "entry", e->body, kinds[i].body))
		return fail_entry(p, e);
	return add(p, e, e->body, lib_warrant_text(e->body, "Warrant"));
}

/**
 * struct reading - the log being read
 * @p:       receives what is of retention
 * @history: what floors are counted from must be what the log was told, too
 */
struct reading {
	struct lib_replay	*p;
	struct lib_history_log	history;
};

static int take_entry(void *arg, const struct lib_audit_entry *e)
{
	struct reading *d = arg;

	if (!strcmp(e->kind, LIB_AUDIT_BEGUN) || !strncmp(e->kind, "warrant.", 8))
		return lib_history_logged(&d->history, e);
	return take(d->p, e);
}

static int fail_history(void *arg, const char *text)
{
	struct lib_replay *p = arg;

	return lib_fail(p->r->ctx, -EUCLEAN,
			"%s: the registry %s was altered; compare it with a backup", text,
			p->r->place);
}

static int by_warrant(const void *a, const void *b)
{
	const struct lib_record *x = a, *y = b;
	int order = strcmp(x->warrant, y->warrant);

	return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

/** lib_replay_read() - verify the log and read it, in a transaction; lib_replay_free() it always */
int lib_replay_read(struct libdmwarrant_registry *r, struct lib_replay *p)
{
	static const char *const wanted[] = {
		LIB_HISTORY_KINDS, "retention.", "hold.", "request.made", "request.signed", "request.approved",
		"request.cancelled", "shred.begun", "shred.done", NULL
	};
	struct reading d = { .p = p, .history = { .r = r, .fault = fail_history, .arg = p } };
	int ret;

	memset(p, 0, sizeof(*p));
	p->r = r;
	ret = lib_audit_each(r, wanted, take_entry, &d) ?: lib_history_logged_all(&d.history);
	if (p->count)
		qsort(p->records, p->count, sizeof(*p->records), by_warrant);
	return ret;
}

void lib_replay_free(struct lib_replay *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->records[i].kind);
		free(p->records[i].user);
		json_object_put(p->records[i].body);
	}
	for (i = 0; i < p->profile_count; i++)
		json_object_put(p->profiles[i].profile);
	free(p->records);
	free(p->profiles);
	memset(p, 0, sizeof(*p));
}

/* ---- one warrant's ---- */

static int compare_warrant(const void *key, const void *rec)
{
	return strcmp(key, ((const struct lib_record *)rec)->warrant);
}

static void find_records(struct lib_case *c, const char *warrant)
{
	const struct lib_replay *p = c->replay;
	const struct lib_record *rec, *end = p->records + p->count;

	rec = p->count ? bsearch(warrant, p->records, p->count, sizeof(*p->records),
				 compare_warrant) : NULL;
	if (!rec)
		return;
	while (rec > p->records && !strcmp(rec[-1].warrant, warrant))
		rec--;
	c->records = rec;
	while (rec < end && !strcmp(rec->warrant, warrant))
		rec++;
	c->count = rec - c->records;
}

/* A record that was edited to end earlier must not end a floor earlier. */
static int take_revision(void *arg, const struct libdmwarrant_revision *v)
{
	struct lib_case *c = arg;
	struct libdmwarrant_warrant w = { 0 };
	struct json_object *o;
	int ret = lib_warrant_parse(c->replay->r->ctx, v->json, &o);

	if (ret)
		return ret;
	lib_warrant_summary(o, 0, &w);
	if (w.start && (c->latest_start == LIB_NEVER || w.start > c->latest_start))
		c->latest_start = w.start;
	if (w.end && (c->latest_end == LIB_NEVER || w.end > c->latest_end))
		c->latest_end = w.end;
	json_object_put(o);
	return 0;
}

int lib_case_open(const struct lib_replay *p, const struct libdmwarrant_warrant *w,
		  struct lib_case *c)
{
	memset(c, 0, sizeof(*c));
	c->replay = p;
	c->start = w->start ? w->start : LIB_NEVER;
	c->end = w->end ? w->end : LIB_NEVER;
	c->latest_start = LIB_NEVER;
	c->latest_end = LIB_NEVER;
	c->unconfirmed = LIB_NEVER;
	if (!strcmp(w->status, "EmergencyApproval") && w->limit)
		c->unconfirmed = w->limit;
	find_records(c, w->uuid);
	return lib_history_verify(p->r, w->uuid, take_revision, c);
}

const struct lib_record *lib_case_next(const struct lib_case *c, const struct lib_record *rec,
				       const char *kind)
{
	for (rec = rec ? rec + 1 : c->records; rec < c->records + c->count; rec++)
		if (!strcmp(rec->kind, kind))
			return rec;
	return NULL;
}

const struct lib_record *lib_case_last(const struct lib_case *c, const char *kind)
{
	const struct lib_record *rec = NULL, *last = NULL;

	while ((rec = lib_case_next(c, rec, kind)))
		last = rec;
	return last;
}

const struct lib_record *lib_case_request_end(const struct lib_case *c,
					      const struct lib_record *made, const char *kind)
{
	const char *id = lib_warrant_text(made->body, "Request");
	const struct lib_record *rec = made;

	while ((rec = lib_case_next(c, rec, kind)))
		if (!strcmp(lib_warrant_text(rec->body, "Request"), id))
			return rec;
	return NULL;
}

/* Return: 0; -EUCLEAN a profile or rule that the log does not have. */
int lib_case_binding(const struct lib_case *c, const struct lib_record *rec,
		     struct json_object **profile, struct json_object **rule)
{
	const char *digest = lib_warrant_text(rec->body, "Sha256");
	struct json_object *rules;
	size_t i;

	for (i = 0; i < c->replay->profile_count; i++)
		if (!strcmp(c->replay->profiles[i].digest, digest))
			break;
	if (i == c->replay->profile_count)
		return -EUCLEAN;
	*profile = c->replay->profiles[i].profile;
	rules = json_object_object_get(*profile, "Rules");
	*rule = json_object_array_get_idx(rules, json_object_get_int64(
					  json_object_object_get(rec->body, "Rule")));
	return *rule ? 0 : -EUCLEAN;
}
