// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All that a warrant's record has ever been. Each revision has a digest over itself and the one
 * before, so that none can be altered, dropped or inserted without all later ones showing it.
 */
#include "history.h"
#include "json.h"

static const char domain[] = "dm-warrant history 1";

static bool add_text(EVP_MD_CTX *md, const char *text)
{
	__le32 size = cpu_to_le32(strlen(text));

	return EVP_DigestUpdate(md, &size, sizeof(size)) &&
	       EVP_DigestUpdate(md, text, strlen(text));
}

static bool add_number(EVP_MD_CTX *md, u64 number)
{
	__le64 n = cpu_to_le64(number);

	return EVP_DigestUpdate(md, &n, sizeof(n));
}

static bool compute(EVP_MD_CTX *md, const char *before, const char *warrant,
		    const struct libdmwarrant_revision *v, u8 *digest)
{
	return EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
	       EVP_DigestUpdate(md, domain, sizeof(domain)) &&
	       add_text(md, before) && add_text(md, warrant) &&
	       add_number(md, v->revision) && add_number(md, v->when) &&
	       add_text(md, v->action) && add_text(md, v->user) && add_text(md, v->host) &&
	       add_text(md, v->reason) && add_text(md, v->source) && add_text(md, v->changes) &&
	       add_text(md, v->json) && EVP_DigestFinal_ex(md, digest, NULL);
}

/**
 * lib_history_digest() - of a revision
 * @before:  digest of the revision before, hex; "" = it is the first
 * @warrant: ObjectIdentifier
 * @v:       all of it but its digest
 *
 * Return: 0 or -ENOMEM.
 */
int lib_history_digest(struct libdmwarrant *ctx, const char *before, const char *warrant,
		       const struct libdmwarrant_revision *v,
		       u8 digest[LIBDMWARRANT_DIGEST_SIZE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool done = md && compute(md, before, warrant, v, digest);

	EVP_MD_CTX_free(md);
	return done ? 0 : lib_fail(ctx, -ENOMEM, "not enough memory");
}

/* ---- reading ---- */

/**
 * struct history - revisions being read
 * @before: digest of the one before, hex
 * @next:   number that the next one must have: it is part of what the digest is over
 */
struct history {
	struct libdmwarrant_registry	*r;
	const char			*warrant;
	char				before[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	u32				next;
	int				(*fn)(void *arg, const struct libdmwarrant_revision *v);
	void				*arg;
};

static int fail_altered(struct history *h, u32 revision)
{
	return lib_fail(h->r->ctx, -EUCLEAN,
			"revision %u of warrant %s does not fit its digest: the registry %s was altered or is damaged; compare it with a backup",
			revision, h->warrant, h->r->place);
}

static void take_revision(const struct lib_value *row, struct libdmwarrant_revision *v)
{
	v->revision = row[0].number;
	v->when = row[1].number;
	v->action = row[2].text;
	v->user = row[3].text;
	v->host = row[4].text;
	v->reason = row[5].text;
	v->source = row[6].text;
	v->changes = row[7].text;
	v->json = row[8].text;
}

static int one_revision(void *arg, const struct lib_value *row)
{
	struct history *h = arg;
	struct libdmwarrant_revision v = { 0 };
	size_t i;
	int ret;

	/* Whoever alters a file can put a number where a text was. */
	for (i = 2; i <= 9; i++)
		if (!row[i].text)
			return fail_altered(h, h->next);
	take_revision(row, &v);
	ret = lib_history_digest(h->r->ctx, h->before, h->warrant, &v, v.digest);
	if (ret)
		return ret;
	lib_hex(h->before, v.digest, sizeof(v.digest));
	h->next++;
	if (strcmp(h->before, row[9].text))
		return fail_altered(h, v.revision);
	return h->fn(h->arg, &v);
}

/**
 * lib_history_verify() - all revisions of a warrant, verified, oldest first; in a transaction
 * @fn: may not use the registry. Return: 0; anything else ends it and is returned
 */
int lib_history_verify(struct libdmwarrant_registry *r, const char *warrant,
		       int (*fn)(void *arg, const struct libdmwarrant_revision *v), void *arg)
{
	struct history h = { .r = r, .warrant = warrant, .next = 1, .fn = fn, .arg = arg };
	s64 newest = 0;
	int ret;

	ret = lib_sql(r, one_revision, &h,
		      "SELECT revision, made, action, by_user, by_host, reason, source, changes, record, digest FROM warrant_history WHERE warrant = $1 ORDER BY revision",
		      lib_text(warrant));
	if (!ret)
		ret = lib_sql(r, lib_row_number, &newest,
			      "SELECT revision FROM warrants WHERE uuid = $1", lib_text(warrant));
	if (!ret && newest != h.next - 1)
		ret = fail_altered(&h, h.next);
	return ret;
}

/* ---- against the audit log ---- */

static bool is_revision(const char *kind)
{
	return !strcmp(kind, "warrant.added") || !strcmp(kind, "warrant.edited") ||
	       !strcmp(kind, "warrant.renewed");
}

/* A history that was made anew, digests and all, is not what the log was told. */
int lib_history_logged(struct lib_history_log *h, const struct lib_audit_entry *e)
{
	const char *warrant = lib_warrant_text(e->body, "Warrant");
	const char *revision = lib_warrant_text(e->body, "Revision");
	char text[160];
	s64 same = 0;
	int ret;

	if (!strcmp(e->kind, LIB_AUDIT_BEGUN)) {
		h->known = json_object_get_int64(json_object_object_get(e->body, "Revisions"));
		return 0;
	}
	if (!is_revision(e->kind))
		return 0;
	h->known++;
	ret = lib_sql(h->r, lib_row_number, &same,
		      "SELECT COUNT(*) FROM warrant_history WHERE warrant = $1 AND revision = $2 AND digest = $3",
		      lib_text(warrant), lib_number(strtoll(revision, NULL, 10)),
		      lib_text(lib_warrant_text(e->body, "Digest")));
	if (ret || same)
		return ret;
	snprintf(text, sizeof(text), "revision %.20s of warrant %.40s is not the one in the audit log",
		 revision, warrant);
	return h->fault(h->arg, text);
}

int lib_history_logged_all(struct lib_history_log *h)
{
	s64 count = 0;
	int ret = lib_sql(h->r, lib_row_number, &count, "SELECT COUNT(*) FROM warrant_history");

	if (ret || count == h->known)
		return ret;
	return h->fault(h->arg, "there are revisions of warrants that are not in the audit log");
}

/* ---- for the caller, with nothing locked ---- */

/* Copies of revisions. */
struct copies {
	struct libdmwarrant_revision	*v;
	size_t				count;
};

static void free_copy(struct libdmwarrant_revision *v)
{
	free((char *)v->action);
	free((char *)v->user);
	free((char *)v->host);
	free((char *)v->reason);
	free((char *)v->source);
	free((char *)v->changes);
	free((char *)v->json);
}

static int keep_copy(void *arg, const struct libdmwarrant_revision *v)
{
	struct copies *c = arg;
	struct libdmwarrant_revision *more, *to;

	more = reallocarray(c->v, c->count + 1, sizeof(*c->v));
	if (!more)
		return -ENOMEM;
	c->v = more;
	to = &c->v[c->count++];
	*to = *v;
	to->action = strdup(v->action);
	to->user = strdup(v->user);
	to->host = strdup(v->host);
	to->reason = strdup(v->reason);
	to->source = strdup(v->source);
	to->changes = strdup(v->changes);
	to->json = strdup(v->json);
	if (!to->action || !to->user || !to->host || !to->reason || !to->source ||
	    !to->changes || !to->json)
		return -ENOMEM;
	return 0;
}

static int read_all(struct libdmwarrant_registry *r, const char *key, struct copies *c)
{
	struct lib_warrant_row row;
	int ret = lib_registry_begin(r, false);

	if (ret)
		return ret;
	ret = lib_warrant_find(r, key, &row);
	if (!ret) {
		ret = lib_history_verify(r, row.uuid, keep_copy, c);
		free(row.json);
	}
	if (ret == -ENOMEM)
		lib_fail(r->ctx, ret, "not enough memory for the history of %s", key);
	return lib_registry_end(r, ret);
}

int libdmwarrant_warrant_history(struct libdmwarrant_registry *r, const char *key,
				 int (*fn)(void *arg, const struct libdmwarrant_revision *v),
				 void *arg)
{
	struct copies c = { 0 };
	size_t i;
	int ret = read_all(r, key, &c);

	for (i = 0; !ret && i < c.count; i++)
		if (fn(arg, &c.v[i]))
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	for (i = 0; i < c.count; i++)
		free_copy(&c.v[i]);
	free(c.v);
	return ret;
}
