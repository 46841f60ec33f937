// SPDX-License-Identifier: GPL-2.0-or-later
/* What all entries of retention share: about which warrant, read before written, one transaction. */
#include "json.h"
#include "retention_state.h"

#define TEXT_MAX	2000	/* bytes */

static int no_memory(struct lib_entering *e)
{
	return lib_fail(e->r->ctx, -ENOMEM, "not enough memory for the entry");
}

static int find_volume(struct lib_entering *e, const struct libdmwarrant_retention_target *t)
{
	struct libdmwarrant_record record;
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret;

	e->target.tag = t->tag;
	if (!t->volume)
		return t->tag ? lib_fail(e->r->ctx, -EINVAL,
					 "a tag is of a volume; name that as well") : 0;
	ret = lib_volume_get(e->r, t->volume, &record);
	if (ret == -ENOENT && e->forgotten && !libdmwarrant_uuid_parse(t->volume, uuid)) {
		libdmwarrant_uuid_format(uuid, e->target.volume);
		return 0;
	}
	if (ret)
		return ret;
	libdmwarrant_uuid_format(record.uuid, e->target.volume);
	lib_copy(e->target.warrant, sizeof(e->target.warrant), record.warrant);
	return 0;
}

static int find_warrant(struct lib_entering *e, const struct libdmwarrant_retention_target *t)
{
	const char *key = t->warrant ? t->warrant : e->target.warrant;
	int ret;

	if (!*key)
		return lib_fail(e->r->ctx, -EINVAL, "name a warrant, or a volume of it");
	ret = lib_warrant_find(e->r, key, &e->warrant);
	if (ret)
		return ret;
	if (*e->target.warrant && strcmp(e->target.warrant, e->warrant.uuid))
		return lib_fail(e->r->ctx, -EINVAL, "the volume %s is of another warrant",
				t->volume);
	lib_copy(e->target.warrant, sizeof(e->target.warrant), e->warrant.uuid);
	return 0;
}

static int open_case(struct lib_entering *e)
{
	int ret = lib_warrant_parse(e->r->ctx, e->warrant.json, &e->o);

	if (ret)
		return ret;
	lib_warrant_summary(e->o, e->now, &e->w);
	return lib_replay_read(e->r, &e->replay) ?: lib_case_open(&e->replay, &e->w, &e->c);
}

static int add(struct lib_entering *e, const char *name, struct json_object *v)
{
	if (v && !json_object_object_add(e->body, name, v))
		return 0;
	json_object_put(v);
	return no_memory(e);
}

static int begin_body(struct lib_entering *e)
{
	int ret;

	e->body = json_object_new_object();
	if (!e->body)
		return no_memory(e);
	ret = add(e, "Warrant", json_object_new_string(e->target.warrant)) ?:
		add(e, "WarrantReference", json_object_new_string(e->w.reference));
	if (!ret && *e->target.volume)
		ret = add(e, "Volume", json_object_new_string(e->target.volume));
	if (!ret && e->target.tag)
		ret = add(e, "Tag", json_object_new_int64(e->target.tag));
	return ret;
}

/** lib_enter_begin() - @e: with r set, else zero; lib_enter_end() it always */
int lib_enter_begin(struct lib_entering *e, const struct libdmwarrant_retention_target *target,
		    u32 flags)
{
	struct libdmwarrant_registry *r = e->r;
	int ret;

	e->dry_run = flags & LIBDMWARRANT_RETENTION_DRY_RUN;
	e->now = lib_registry_now();
	ret = lib_registry_begin(r, true);
	if (ret) {
		/* Nothing that would have to be undone. */
		e->r = NULL;
		return ret;
	}
	return find_volume(e, target) ?: find_warrant(e, target) ?: open_case(e) ?: begin_body(e);
}

/** lib_enter_text() - a member of the body; @needed: it must not be empty */
int lib_enter_text(struct lib_entering *e, const char *name, const char *text, bool needed)
{
	size_t n = text ? strlen(text) : 0;
	const char *c;

	if (needed && n == (text ? strspn(text, " ") : 0))
		return lib_fail(e->r->ctx, -EINVAL, "%s is missing, and is needed for the record",
				name);
	if (!n)
		return 0;
	if (n > TEXT_MAX || lib_utf8_length(text, n) < 0)
		return lib_fail(e->r->ctx, -EINVAL, "%s must be UTF-8 text of at most %u bytes",
				name, TEXT_MAX);
	for (c = text; *c; c++)
		if ((u8)*c < ' ' || *c == 0x7f)
			return lib_fail(e->r->ctx, -EINVAL,
					"%s must not contain control characters", name);
	return add(e, name, json_object_new_string(text));
}

/** lib_enter_end() - append the entry and commit, or undo. Return: @ret, or why it failed */
int lib_enter_end(struct lib_entering *e, const char *kind, int ret)
{
	if (!ret)
		ret = lib_clock_stamp(e->r, e->body) ?: lib_audit_append(e->r, kind, e->body, NULL);
	if (e->r)
		ret = lib_registry_end(e->r, ret ? ret : e->dry_run);
	json_object_put(e->body);
	json_object_put(e->o);
	free(e->warrant.json);
	lib_replay_free(&e->replay);
	return ret;
}
