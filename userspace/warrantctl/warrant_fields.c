// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of a warrant's record as options. What they may be is for the library to judge. */
#include <stdlib.h>
#include <string.h>

#include "warrant.h"

void fields_init(struct fields *f)
{
	memset(f, 0, sizeof(*f));
	f->patch = json_object_new_object();
}

void fields_free(struct fields *f)
{
	json_object_put(f->patch);
	json_object_put(f->tasks);
	json_object_put(f->approval);
}

/* The object @name inside @o, made when it is not there. */
static struct json_object *inside(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (json_object_object_get_ex(o, name, &v))
		return v;
	v = json_object_new_object();
	json_object_object_add(o, name, v);
	return v;
}

/* VALUE of ETSI's dictionary, or OWNER:NAME:VALUE of another. */
static void set_entry(struct json_object *o, const char *name, const char *text)
{
	struct json_object *entry = json_object_new_object();
	const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	if (second) {
		json_object_object_add(entry, "Owner",
				       json_object_new_string_len(text, first - text));
		json_object_object_add(entry, "Name",
				       json_object_new_string_len(first + 1, second - first - 1));
		cli_set_text(entry, "Value", second + 1);
	} else {
		cli_set_text(entry, "Owner", "ETSI");
		cli_set_text(entry, "Name", name);
		cli_set_text(entry, "Value", text);
	}
	json_object_object_add(o, name, entry);
}

static void add_task(struct fields *f, const char *liid)
{
	struct json_object *task = json_object_new_object();

	if (!f->tasks)
		f->tasks = json_object_new_array();
	cli_set_text(task, "Reference", liid);
	json_object_array_add(f->tasks, task);
}

static struct json_object *approval(struct fields *f)
{
	if (!f->approval)
		f->approval = json_object_new_object();
	return f->approval;
}

/* Options that stand for a member that is a text. */
static const struct {
	int		id;
	const char	*name;
} texts[] = {
	{ FIELD_REFERENCE, "AuthorisationReference" },
	{ FIELD_COUNTRY, "CountryCode" },
	{ FIELD_OWNER, "OwnerIdentifier" },
	{ FIELD_COPY, "Copy" },
	{ FIELD_JURISDICTION, "AuthorisationJurisdiction" },
	{ FIELD_LEGAL_ENTITY, "AuthorisationLegalEntity" },
	{ FIELD_REMARKS, "AuthorisationManualInformation" },
};

/* Likewise for a DictionaryEntry. */
static const struct {
	int		id;
	const char	*name;
} entries[] = {
	{ FIELD_STATUS, "AuthorisationStatus" },
	{ FIELD_LEGAL_TYPE, "AuthorisationLegalType" },
	{ FIELD_PRIORITY, "AuthorisationPriority" },
	{ FIELD_CASE_TYPE, "AuthorisationTypeOfCase" },
};

static bool simple(struct fields *f, int id, const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].id == id) {
			cli_set_text(f->patch, texts[i].name, text);
			return true;
		}
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		if (entries[i].id == id) {
			set_entry(f->patch, entries[i].name, text);
			return true;
		}
	return false;
}

/** fields_option() - take c->arg. Return: 1 = done; 0 = not an option for a member */
int fields_option(struct cli *c, struct fields *f, int id)
{
	if (simple(f, id, c->arg))
		return 1;
	switch (id) {
	case FIELD_START:
		cli_set_text(inside(f->patch, "AuthorisationTimespan"), "StartTime", c->arg);
		return 1;
	case FIELD_END:
		cli_set_text(inside(f->patch, "AuthorisationTimespan"), "EndTime", c->arg);
		return 1;
	case FIELD_LIID:
		add_task(f, c->arg);
		return 1;
	case FIELD_ORDER:
		cli_set_text(approval(f), "ApprovalReference", c->arg);
		return 1;
	case FIELD_APPROVER:
		cli_set_text(inside(approval(f), "ApproverDetails"), "ApproverName", c->arg);
		return 1;
	case FIELD_APPROVER_ROLE:
		cli_set_text(inside(approval(f), "ApproverDetails"), "ApproverRole", c->arg);
		return 1;
	case FIELD_APPROVED:
		cli_set_text(approval(f), "ApprovalTimestamp", c->arg);
		return 1;
	default:
		return 0;
	}
}

/** fields_arrays() - tasks and approval, as arrays of a record. json_object_put() it */
struct json_object *fields_arrays(const struct fields *f)
{
	struct json_object *o = json_object_new_object(), *approvals;

	if (f->tasks)
		json_object_object_add(o, "Tasks", json_object_get(f->tasks));
	if (f->approval) {
		approvals = json_object_new_array();
		json_object_array_add(approvals, json_object_get(f->approval));
		json_object_object_add(o, "AuthorisationApprovalDetails", approvals);
	}
	return o;
}
