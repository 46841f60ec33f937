// SPDX-License-Identifier: GPL-2.0-or-later
/* Which objects of a message make up a warrant, and the records that come of them. */
#include "hi1.h"
#include "json.h"

/* ---- which objects belong together ---- */

static struct lib_hi1_object *find_object(struct lib_hi1_reader *r, const char *id)
{
	struct json_object *index;

	if (!json_object_object_get_ex(r->ids, id, &index))
		return NULL;
	return &r->objects[json_object_get_int64(index)];
}

/* The identifiers that @o says it is associated with; NULL = none. */
static struct json_object *associated(const struct lib_hi1_object *o)
{
	struct json_object *list = json_object_object_get(o->json, "AssociatedObjects");

	return list ? json_object_object_get(list, "AssociatedObject") : NULL;
}

/* Put task or document @o into @record, once. */
static int add_part(struct lib_hi1_reader *r, struct json_object *record, struct lib_hi1_object *o)
{
	const char *name = o->kind == HI1_TASK ? "Tasks" : "Documents";
	struct json_object *list;
	char pair[80];

	snprintf(pair, sizeof(pair), "%s %s", lib_hi1_member(record, "ObjectIdentifier"), o->id);
	if (json_object_object_get_ex(r->joined, pair, NULL))
		return 0;
	if (json_object_object_add(r->joined, pair, NULL))
		return lib_hi1_no_memory(r);
	if (!json_object_object_get_ex(record, name, &list)) {
		list = json_object_new_array();
		if (!list || json_object_object_add(record, name, list))
			return lib_hi1_no_memory(r);
	}
	o->used = true;
	if (json_object_array_add(list, json_object_get(o->json)))
		return lib_hi1_no_memory(r);
	if (o->kind == HI1_TASK)
		r->message->tasks++;
	else
		r->message->documents++;
	return 0;
}

static bool is_part(const struct lib_hi1_object *o)
{
	return o && (o->kind == HI1_TASK || o->kind == HI1_DOCUMENT);
}

/* What the message associates, in either direction. */
static int associate(struct lib_hi1_reader *r, struct lib_hi1_object *o)
{
	struct json_object *list = associated(o);
	struct lib_hi1_object *other;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && list && i < json_object_array_length(list); i++) {
		other = find_object(r, json_object_get_string(json_object_array_get_idx(list, i)));
		if (is_part(o) && other && other->kind == HI1_AUTHORISATION)
			ret = add_part(r, other->json, o);
		else if (o->kind == HI1_AUTHORISATION && is_part(other))
			ret = add_part(r, o->json, other);
	}
	return ret;
}

static int link_to(struct lib_hi1_reader *r, const char *id, struct lib_hi1_object *o)
{
	struct json_object *record, *text;

	if (json_object_object_get_ex(r->links, id, &record))
		return add_part(r, record, o);
	record = json_object_new_object();
	text = json_object_new_string(id);
	if (!record || !text || json_object_object_add(record, "ObjectIdentifier", text)) {
		json_object_put(record);
		json_object_put(text);
		return lib_hi1_no_memory(r);
	}
	if (json_object_object_add(r->links, id, record)) {
		json_object_put(record);
		return lib_hi1_no_memory(r);
	}
	return add_part(r, record, o);
}

/* A part whose authorisation came with an earlier message. */
static int link_part(struct lib_hi1_reader *r, struct lib_hi1_object *o)
{
	struct json_object *list = associated(o);
	const char *id;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && list && i < json_object_array_length(list); i++) {
		id = json_object_get_string(json_object_array_get_idx(list, i));
		if (!find_object(r, id))
			ret = link_to(r, id, o);
	}
	return ret;
}

int lib_hi1_join(struct lib_hi1_reader *r)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < r->count; i++)
		ret = associate(r, &r->objects[i]);
	for (i = 0; !ret && i < r->count; i++)
		if (is_part(&r->objects[i]) && !r->objects[i].used)
			ret = link_part(r, &r->objects[i]);
	return ret;
}

/* ---- records ---- */

/* @why: of lib_etsi_check_warrant(); the line tells which of many it is */
static int wrong_record(struct lib_hi1_reader *r, int err, long line)
{
	char why[900];

	lib_copy(why, sizeof(why), r->ctx->error);
	return lib_fail(r->ctx, err, "HI-1 message: line %ld: %s", line, why);
}

static int check_size(struct lib_hi1_reader *r, struct json_object *record)
{
	char *text = lib_json_canonical(record);
	size_t size = text ? strlen(text) : 0;

	free(text);
	if (!text)
		return lib_hi1_no_memory(r);
	return size <= LIB_ETSI_RECORD_MAX ? 0 :
	       lib_fail(r->ctx, -EINVAL, "the record has %zu bytes; at most %u are allowed", size,
			LIB_ETSI_RECORD_MAX);
}

static int check_record(struct lib_hi1_reader *r, struct json_object *record, bool complete, long line)
{
	struct json_object *copy;
	int ret;

	if (complete) {
		copy = json_object_new_string(r->params->copy ? r->params->copy : "original");
		if (!copy || json_object_object_add(record, "Copy", copy)) {
			json_object_put(copy);
			return lib_hi1_no_memory(r);
		}
	}
	ret = lib_etsi_check_warrant_flags(r->ctx, record, complete ? 0 : LIB_ETSI_PARTIAL);
	if (!ret)
		ret = check_size(r, record);
	r->message->records++;
	return ret ? wrong_record(r, ret, line) : 0;
}

static bool is_complete(enum libdmwarrant_hi1_action action)
{
	return action == LIBDMWARRANT_HI1_CREATE || action == LIBDMWARRANT_HI1_STATE;
}

int lib_hi1_check_records(struct lib_hi1_reader *r)
{
	struct lib_hi1_object *o;
	size_t i;
	int ret;

	for (i = 0; i < r->count; i++) {
		o = &r->objects[i];
		if (o->kind == HI1_AUTHORISATION) {
			ret = check_record(r, o->json, is_complete(o->action),
					   xmlGetLineNo(o->node));
			if (ret)
				return ret;
		} else if (!o->used) {
			r->message->ignored++;
		}
	}
	json_object_object_foreach(r->links, id, record) {
		(void)id;
		ret = check_record(r, record, false, xmlGetLineNo(xmlDocGetRootElement(r->doc)));
		if (ret)
			return ret;
	}
	if (!r->message->records)
		return lib_fail(r->ctx, -ENOENT, "HI-1 message: no authorisation in it, nor a task or document that is associated with one");
	return 0;
}

static int tell_record(struct lib_hi1_reader *r, struct json_object *record,
		       enum libdmwarrant_hi1_action action, long line)
{
	struct libdmwarrant_hi1_record record_out = {
		.version = LIBDMWARRANT_HI1_VERSION, .action = action, .line = line,
	};
	char *text = lib_json_canonical(record);
	int ret;

	if (!text)
		return lib_hi1_no_memory(r);
	record_out.json = text;
	ret = r->params->record(r->params->arg, &record_out);
	free(text);
	return ret;
}

int lib_hi1_tell(struct lib_hi1_reader *r)
{
	struct lib_hi1_object *o;
	size_t i;
	int ret = 0;

	if (!r->params->record)
		return 0;
	for (i = 0; !ret && i < r->count; i++) {
		o = &r->objects[i];
		if (o->kind == HI1_AUTHORISATION)
			ret = tell_record(r, o->json, o->action, xmlGetLineNo(o->node));
	}
	if (ret)
		return ret;
	json_object_object_foreach(r->links, id, record) {
		(void)id;
		ret = tell_record(r, record, LIBDMWARRANT_HI1_LINK, 1);
		if (ret)
			break;
	}
	return ret;
}
