// SPDX-License-Identifier: GPL-2.0-or-later
/* What requests are about: whether it is still the same, and whether it is gone already. */
#include "control_state.h"
#include "json.h"

static bool is_shred(const struct lib_request *q)
{
	return q->kind <= LIBDMWARRANT_REQUEST_SHRED_WARRANT;
}

/** lib_request_within() - is all that @inner would destroy destroyed by @outer? */
bool lib_request_within(const struct lib_request *inner, const struct lib_request *outer)
{
	const struct lib_retention_target *a = &inner->target, *b = &outer->target;

	if (!is_shred(inner) || !is_shred(outer) || strcmp(a->warrant, b->warrant))
		return false;
	if (!b->volume[0])
		return true;
	return !strcmp(a->volume, b->volume) && (!b->tag || a->tag == b->tag);
}

static bool same_target(const struct lib_request *a, const struct lib_request *b)
{
	struct json_object *x = lib_get_object(a->body, "Target");
	struct json_object *y = lib_get_object(b->body, "Target");

	if (a->kind != b->kind)
		return false;
	if (is_shred(a))
		return lib_request_within(a, b) && lib_request_within(b, a);
	if (a->kind == LIBDMWARRANT_REQUEST_CLOCK || a->kind == LIBDMWARRANT_REQUEST_POLICY)
		return json_object_equal(x, y);
	return !strcmp(lib_warrant_text(x, "Officer"), lib_warrant_text(y, "Officer"));
}

/** lib_target_taken() - another request that was signed, is not ended, and asks for the same */
struct lib_pending *lib_target_taken(struct lib_control *c, const struct lib_pending *p)
{
	struct lib_pending *o;

	for (o = c->requests; o < c->requests + c->request_count; o++)
		if (o != p && o->q.signature && !o->q.cancelled && !o->voided && !o->done &&
		    same_target(&p->q, &o->q))
			return o;
	return NULL;
}

/** lib_target_shredded() - refuse what is gone, or is going. Return: 0; -EALREADY */
int lib_target_shredded(struct lib_control *c, const struct lib_request *q)
{
	struct lib_pending *o;

	for (o = c->requests; o < c->requests + c->request_count; o++)
		if ((o->begun || o->done) && strcmp(o->q.id, q->id) &&
		    lib_request_within(q, &o->q))
			return lib_fail(c->ctx, -EALREADY, "it is shredded already, by request %s",
					o->q.id);
	return 0;
}

static int add_volume(void *arg, const struct lib_value *row)
{
	struct json_object *all = arg, *v = json_object_new_object();

	if (v && lib_put_text(v, "UUID", lib_text(row[0].text).text) &&
	    lib_put_text(v, "Name", lib_text(row[1].text).text) &&
	    lib_put_text(v, "Binding", lib_text(row[2].text).text) &&
	    !json_object_array_add(all, v))
		return 0;
	json_object_put(v);
	return -ENOMEM;
}

/** lib_target_volumes() - of a warrant, as a request has them: array of Name, UUID, Binding */
int lib_target_volumes(struct libdmwarrant_registry *r, const char *warrant,
		       struct json_object **volumes)
{
	int ret = -ENOMEM;

	*volumes = json_object_new_array();
	if (*volumes)
		ret = lib_sql(r, add_volume, *volumes,
			      "SELECT uuid, name, digest FROM volumes WHERE warrant = $1 ORDER BY uuid",
			      lib_text(warrant));
	return ret == -ENOMEM ? lib_control_no_memory(r->ctx) : ret;
}

static int changed(struct lib_control *c, const struct lib_request *q, const char *what)
{
	return lib_fail(c->ctx, -ESTALE,
			"the %s is not the one that request %s was signed for; cancel it and make a new one",
			what, q->id);
}

static int check_volume(struct lib_control *c, struct lib_request *q, struct json_object *t)
{
	char binding[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	struct libdmwarrant_record v;
	int ret = lib_volume_get(c->r, q->target.volume, &v);

	if (ret)
		return ret == -ENOENT ? changed(c, q, "volume") : ret;
	lib_hex(binding, v.digest, sizeof(v.digest));
	if (strcmp(v.warrant, q->target.warrant) || strcmp(v.name, lib_warrant_text(t, "Volume")) ||
	    strcmp(binding, lib_warrant_text(t, "Binding")))
		return changed(c, q, "volume");
	return 0;
}

static int check_volumes(struct lib_control *c, struct lib_request *q, struct json_object *t)
{
	struct json_object *now = NULL;
	int ret = lib_target_volumes(c->r, q->target.warrant, &now);

	if (!ret && !json_object_equal(now, lib_get_array(t, "Volumes")))
		ret = changed(c, q, "set of volumes");
	json_object_put(now);
	return ret;
}

/** lib_target_check() - is the target of a shred what was signed for? Return: 0; -ESTALE */
int lib_target_check(struct lib_control *c, struct lib_request *q)
{
	struct json_object *t = lib_get_object(q->body, "Target"), *record;
	struct lib_warrant_row row;
	int ret = lib_warrant_find(c->r, q->target.warrant, &row);

	if (ret)
		return ret == -ENOENT ? changed(c, q, "warrant") : ret;
	record = json_tokener_parse(row.json);
	if (strcmp(lib_warrant_text(record, "AuthorisationReference"),
		   lib_warrant_text(t, "Warrant")))
		ret = changed(c, q, "warrant");
	json_object_put(record);
	free(row.json);
	if (ret)
		return ret;
	return q->target.volume[0] ? check_volume(c, q, t) : check_volumes(c, q, t);
}
