// SPDX-License-Identifier: GPL-2.0-or-later
/* Which entries of the log a certificate is made of. */
#include "audit_log.h"
#include "certificate.h"

struct json_object *lib_source_body(struct json_object *entry)
{
	return lib_json_member(entry, "Body", json_type_object);
}

const char *lib_source_time(struct json_object *entry)
{
	return lib_json_text(entry, "Time");
}

static bool is_of(struct json_object *entry, const char *request)
{
	return !strcmp(lib_json_text(lib_source_body(entry), "Request"), request);
}

static bool take_one(struct json_object **place, struct json_object *entry)
{
	if (*place)
		return false;
	*place = entry;
	return true;
}

static bool take_of_request(struct lib_certificate_source *s, const char *kind,
			    struct json_object *entry)
{
	const struct {
		const char		*kind;
		struct json_object	**place;
	} places[] = {
		{ "request.made", &s->made },
		{ "request.signed", &s->is_signed },
		{ SHRED_BEGUN, &s->begun },
		{ SHRED_HOSTS, &s->hosts },
		{ SHRED_MEASURED, &s->measured },
		{ SHRED_DESTROYED, &s->destroyed },
		{ SHRED_PROVEN, &s->proven },
		{ SHRED_DISCARDED, &s->discarded },
		{ SHRED_DONE, &s->done },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].kind, kind))
			return take_one(places[i].place, entry);
	/* An approval that comes later has nothing to do with it. */
	if (strcmp(kind, "request.approved") || s->begun || s->approvals == CERTIFICATE_OFFICERS)
		return false;
	s->approved[s->approvals++] = entry;
	return true;
}

/* Who is no officer any more when it begins has not approved it; the log's own rules say so. */
static void drop_approval(struct lib_certificate_source *s, struct json_object *revoked)
{
	const char *name = lib_json_text(lib_source_body(revoked), "Officer");
	u32 i, kept = 0;

	for (i = 0; i < s->approvals; i++)
		if (strcmp(lib_json_text(lib_source_body(s->approved[i]), "Officer"), name))
			s->approved[kept++] = s->approved[i];
	s->approvals = kept;
}

/* Officers are taken before anybody can know who will sign; certificate_make.c drops the others. */
static bool take_officer(struct lib_certificate_source *s, struct json_object *entry)
{
	if (s->begun || s->officer_count == CERTIFICATE_OFFICERS)
		return false;
	s->officers[s->officer_count++] = entry;
	if (!strcmp(lib_json_text(entry, "Kind"), "officer.revoked"))
		drop_approval(s, entry);
	return true;
}

/**
 * lib_source_take() - is an entry one of those that a request's certificate is made of?
 * @s:       receives it
 * @request: UUID text
 * @entry:   whole; must live as long as @s
 *
 * Entries are given in their order.
 */
bool lib_source_take(struct lib_certificate_source *s, const char *request,
		     struct json_object *entry)
{
	const char *kind = lib_json_text(entry, "Kind");

	if (!strcmp(kind, LIB_AUDIT_BEGUN))
		return take_one(&s->begun_log, entry);
	if (!strcmp(kind, "officer.enrolled") || !strcmp(kind, "officer.revoked"))
		return take_officer(s, entry);
	return is_of(entry, request) && take_of_request(s, kind, entry);
}
