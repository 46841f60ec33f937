// SPDX-License-Identifier: GPL-2.0-or-later
/* Recording warrants: one, or all of a message. */
#include "json.h"
#include "warrant_change.h"

static int complete(struct lib_change *c)
{
	int ret = lib_change_identify(c->r, c->to);

	if (ret || json_object_object_get_ex(c->to, "Copy", NULL))
		return ret;
	return json_object_object_add(c->to, "Copy", json_object_new_string("original")) ?
		lib_change_no_memory(c->r) : 0;
}

static int found(void *arg, const struct lib_value *row)
{
	lib_copy(arg, 37, lib_text(row[0].text).text);
	return 0;
}

static int refuse_known(struct lib_change *c)
{
	const char *reference = lib_warrant_text(c->to, "AuthorisationReference");
	char uuid[37] = "", quoted[LIB_QUOTE_SIZE];
	int ret;

	ret = lib_sql(c->r, found, uuid, "SELECT uuid FROM warrants WHERE uuid = $1",
		      lib_text(lib_warrant_text(c->to, "ObjectIdentifier")));
	if (!ret && !uuid[0])
		ret = lib_sql(c->r, found, uuid,
			      "SELECT uuid FROM warrants WHERE reference = $1 AND country = $2 AND owner = $3",
			      lib_text(reference), lib_text(lib_warrant_text(c->to, "CountryCode")),
			      lib_text(lib_warrant_text(c->to, "OwnerIdentifier")));
	if (ret || !uuid[0])
		return ret;
	return lib_fail(c->r->ctx, -EEXIST,
			"warrant %s is in the registry already, as %s; see warrantctl warrant show, renew and edit",
			lib_quote(quoted, reference, strlen(reference)), uuid);
}

/** lib_change_add() - store c->to as a new record. Return: 0; -EEXIST it is there already */
int lib_change_add(struct lib_change *c, char **json)
{
	return complete(c) ?: refuse_known(c) ?: lib_change_store(c, json);
}

int libdmwarrant_warrant_add(struct libdmwarrant_registry *r, const char *json,
			     const struct libdmwarrant_change *how, char **warrant)
{
	struct lib_change c = { .r = r, .action = "add" };
	char *text = NULL;
	int ret = lib_warrant_parse(r->ctx, json, &c.to);

	if (!ret) {
		ret = lib_change_begin(&c, how);
		if (!ret)
			ret = lib_change_end(&c, lib_change_add(&c, &text));
	}
	lib_change_free(&c);
	if (ret || !warrant)
		free(text);
	else
		*warrant = text;
	return ret;
}

/* ---- many ---- */

static int known(struct libdmwarrant_registry *r, const char *uuid, bool *is)
{
	s64 count = 0;
	int ret = lib_sql(r, lib_row_number, &count,
			  "SELECT COUNT(*) FROM warrants WHERE uuid = $1", lib_text(uuid));

	*is = count;
	return ret;
}

/* In the transaction of @all. */
static int add_or_update(const struct lib_change *all, const char *json, bool update)
{
	struct lib_change c = {
		.r = all->r, .action = "add", .reason = all->reason, .source = all->source,
	};
	struct json_object *o;
	const char *uuid;
	bool is = false;
	int ret = lib_warrant_parse(c.r->ctx, json, &o);

	if (ret)
		return ret;
	uuid = lib_warrant_text(o, "ObjectIdentifier");
	if (update && uuid[0])
		ret = known(c.r, uuid, &is);
	if (!ret && is) {
		c.action = "edit";
		ret = lib_change_load(&c, uuid) ?: lib_change_apply(&c, o, NULL);
	} else if (!ret) {
		c.to = json_object_get(o);
		ret = lib_change_add(&c, NULL);
	}
	json_object_put(o);
	lib_change_free(&c);
	return ret;
}

int libdmwarrant_warrant_add_all(struct libdmwarrant_registry *r, const char *const *json,
				 size_t count, int update, const struct libdmwarrant_change *how)
{
	struct lib_change all = { .r = r };
	size_t i;
	int ret = update ? lib_change_need_reason(r, how) : 0;

	if (!ret)
		ret = lib_change_begin(&all, how);
	if (ret)
		return ret;
	for (i = 0; !ret && i < count; i++)
		ret = add_or_update(&all, json[i], update);
	return lib_change_end(&all, ret);
}
