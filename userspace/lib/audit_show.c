// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs ask of the log and tell it: entries by filter, its key, their own commands. */
#include "audit_copy.h"
#include "json.h"

/* ---- filtering ---- */

/**
 * struct names - what stands for a warrant in entries
 * @name:  its UUID, its reference, the UUIDs and names of its volumes
 * @count: of them
 */
struct names {
	char	**name;
	size_t	count;
};

static int add_name(struct names *n, const char *name)
{
	char **more = reallocarray(n->name, n->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	n->name = more;
	more[n->count] = strdup(name);
	return more[n->count] ? (n->count++, 0) : -ENOMEM;
}

static int keep_names(void *arg, const struct lib_value *row)
{
	struct names *n = arg;

	return add_name(n, lib_text(row[0].text).text) ?:
		add_name(n, lib_text(row[1].text).text);
}

static void free_names(struct names *n)
{
	while (n->count)
		free(n->name[--n->count]);
	free(n->name);
}

static int find_names(struct libdmwarrant_registry *r, const char *warrant, struct names *n)
{
	struct lib_warrant_row row;
	int ret = lib_warrant_find(r, warrant, &row);

	if (ret)
		return ret;
	free(row.json);
	ret = lib_sql(r, keep_names, n, "SELECT uuid, reference FROM warrants WHERE uuid = $1",
		      lib_text(row.uuid)) ?:
		lib_sql(r, keep_names, n, "SELECT uuid, name FROM volumes WHERE warrant = $1",
			lib_text(row.uuid));
	return ret == -ENOMEM ? lib_fail(r->ctx, ret, "not enough memory for the audit log") : ret;
}

/* Does any text of the body say one of the names? */
static bool has_name(struct json_object *o, const struct names *n)
{
	size_t i;

	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, name, value) {
			(void)name;
			if (has_name(value, n))
				return true;
		}
	} else if (json_object_is_type(o, json_type_array)) {
		for (i = 0; i < json_object_array_length(o); i++)
			if (has_name(json_object_array_get_idx(o, i), n))
				return true;
	} else if (json_object_is_type(o, json_type_string)) {
		for (i = 0; i < n->count; i++)
			if (!strcmp(json_object_get_string(o), n->name[i]))
				return true;
	}
	return false;
}

/* ---- showing ---- */

/**
 * struct show - entries being gathered, so that nothing is locked while the caller looks at them
 * @json: of each
 */
struct show {
	struct libdmwarrant_registry		*r;
	const struct libdmwarrant_audit_filter	*filter;
	struct names				names;
	char					**json;
	size_t					count;
};

static int gather(void *arg, const struct lib_audit_entry *e)
{
	struct show *s = arg;
	char **more;

	if (s->filter && ((s->filter->since && e->when < s->filter->since) ||
			  (s->filter->until && e->when >= s->filter->until) ||
			  (s->filter->warrant && !has_name(e->body, &s->names))))
		return 0;
	more = s->count & (s->count - 1) ? s->json :
		reallocarray(s->json, s->count ? 2 * s->count : 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->json = more;
	more[s->count] = strdup(e->json);
	return more[s->count] ? (s->count++, 0) : -ENOMEM;
}

static int gather_all(struct show *s)
{
	const char *const kinds[] = { s->filter ? s->filter->kind : NULL, NULL };
	int ret = 0;

	if (s->filter && s->filter->warrant)
		ret = find_names(s->r, s->filter->warrant, &s->names);
	if (!ret)
		ret = lib_audit_each(s->r, kinds[0] ? kinds : NULL, gather, s);
	return ret == -ENOMEM ? lib_fail(s->r->ctx, ret, "not enough memory for the audit log") :
		ret;
}

struct hand_over {
	int	(*fn)(void *arg, const struct libdmwarrant_audit_entry *e);
	void	*arg;
};

static int hand_over(void *arg, const struct lib_audit_entry *e)
{
	struct hand_over *h = arg;
	struct libdmwarrant_audit_entry out = {
		.version = LIBDMWARRANT_AUDIT_VERSION, .seq = e->seq, .when = e->when,
		.kind = e->kind, .user = e->user, .host = e->host, .json = e->json,
	};
	char *body = lib_json_canonical(e->body);
	int ret;

	if (!body)
		return -ENOMEM;
	out.body = body;
	memcpy(out.hash, e->hash, sizeof(out.hash));
	ret = h->fn(h->arg, &out);
	free(body);
	return ret ? -ECANCELED : 0;
}

static int show_all(struct show *s, struct hand_over *h)
{
	struct lib_merkle m;
	size_t i;
	int ret = lib_merkle_init(&m);

	for (i = 0; !ret && i < s->count; i++)
		ret = lib_audit_entry_read(s->r->ctx, &m, s->json[i], hand_over, h);
	lib_merkle_free(&m);
	if (ret == -ECANCELED)
		return lib_fail(s->r->ctx, ret, "cancelled");
	return ret == -ENOMEM ? lib_fail(s->r->ctx, ret, "not enough memory for the audit log") :
		ret;
}

int libdmwarrant_audit_show(struct libdmwarrant_registry *r,
			    const struct libdmwarrant_audit_filter *filter,
			    int (*fn)(void *arg, const struct libdmwarrant_audit_entry *e),
			    void *arg)
{
	struct show s = { .r = r, .filter = filter };
	struct hand_over h = { fn, arg };
	int ret;

	if (filter && filter->version != LIBDMWARRANT_AUDIT_VERSION)
		return lib_fail_version(r->ctx, filter->version, LIBDMWARRANT_AUDIT_VERSION);
	ret = lib_registry_begin(r, false);
	if (!ret)
		ret = lib_registry_end(r, gather_all(&s)) ?: show_all(&s, &h);
	while (s.count)
		free(s.json[--s.count]);
	free(s.json);
	free_names(&s.names);
	return ret;
}

/* ---- the key ---- */

int libdmwarrant_audit_key(struct libdmwarrant_registry *r, struct libdmwarrant_audit_key *key)
{
	struct lib_verifier v;
	struct lib_signer s;
	int ret;

	if (key->version != LIBDMWARRANT_AUDIT_VERSION)
		return lib_fail_version(r->ctx, key->version, LIBDMWARRANT_AUDIT_VERSION);
	ret = lib_registry_begin(r, false);
	if (ret)
		return ret;
	ret = lib_audit_load(r);
	if (!ret)
		v = r->log->key;
	ret = lib_registry_end(r, ret);
	if (ret)
		return ret;
	lib_verifier_format(&v, key->verifier);
	lib_ssh_key_format(v.public_key, key->ssh);
	key->present = !lib_signer_open(r, &s);
	lib_signer_close(&s);
	return lib_audit_pem(v.public_key, key->pem, sizeof(key->pem)) ?
		lib_fail(r->ctx, -ENOMEM, "not enough memory for the key") : 0;
}

/* ---- commands ---- */

/* What cannot stand in an entry becomes a question mark: errors quote what others wrote. */
static char *clean(const char *text)
{
	size_t size = strlen(text), n;
	char *out = malloc(size + 1), *to = out;
	u32 c;

	for (; out && *text; text += n, size -= n) {
		n = lib_utf8_next(text, size, &c);
		if (!n || (lib_is_control(c) && c != '\t' && c != '\n')) {
			n = n ? n : 1;
			*to++ = '?';
			continue;
		}
		memcpy(to, text, n);
		to += n;
	}
	if (out)
		*to = 0;
	return out;
}

int libdmwarrant_audit_command(struct libdmwarrant_registry *r,
			       const struct libdmwarrant_audit_command *c)
{
	char *target = c->target ? clean(c->target) : NULL, *error = NULL, code[16];
	int ret;

	if (c->version != LIBDMWARRANT_AUDIT_VERSION) {
		ret = lib_fail_version(r->ctx, c->version, LIBDMWARRANT_AUDIT_VERSION);
	} else {
		error = c->error ? clean(c->error) : NULL;
		snprintf(code, sizeof(code), "%u", c->exit);
		ret = lib_audit_say(r, c->exit ? "command.refused" : "command.done",
				    "Noun", c->noun, "Verb", c->verb, "Target", target,
				    "Exit", code, "Error", error, NULL);
		if (ret)
			lib_audit_tell_lost(r, c->noun, c->verb, error);
	}
	free(target);
	free(error);
	return ret;
}

uint64_t libdmwarrant_audit_count(const struct libdmwarrant *ctx)
{
	return ctx->audited;
}
