// SPDX-License-Identifier: GPL-2.0-or-later
/* Which steps of an execution are in the log. Nothing else says how far it is. */
#include "shred.h"

struct finder {
	const char		*request;
	struct lib_shred_steps	*steps;
};

static struct lib_shred_entry *place(struct lib_shred_steps *s, const char *kind)
{
	const struct {
		const char		*kind;
		struct lib_shred_entry	*entry;
	} places[] = {
		{ SHRED_BEGUN, &s->begun },
		{ SHRED_HOSTS, &s->hosts },
		{ SHRED_MEASURED, &s->measured },
		{ SHRED_DESTROYED, &s->destroyed },
		{ SHRED_PROVEN, &s->proven },
		{ SHRED_DISCARDED, &s->discarded },
		{ SHRED_DONE, &s->done },
		{ SHRED_CERTIFICATE, &s->certificate },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].kind, kind))
			return places[i].entry;
	return NULL;
}

static int find(void *arg, const struct lib_audit_entry *e)
{
	struct finder *f = arg;
	struct lib_shred_entry *entry = place(f->steps, e->kind);

	/* The first of a kind stands: two hosts may have gone on with it at the same time. */
	if (!entry || entry->body || strcmp(lib_json_text(e->body, "Request"), f->request))
		return 0;
	entry->body = json_object_get(e->body);
	entry->time = e->when;
	entry->seq = e->seq;
	return 0;
}

/**
 * lib_shred_steps() - what the log has of a request's execution; in a transaction
 * @r:       registry
 * @request: UUID text
 * @steps:   receives it; lib_shred_steps_free() it, also after a failure
 */
int lib_shred_steps(struct libdmwarrant_registry *r, const char *request,
		    struct lib_shred_steps *steps)
{
	static const char *const kinds[] = { "shred.", SHRED_CERTIFICATE, NULL };
	struct finder f = { request, steps };

	lib_shred_steps_free(steps);
	return lib_audit_each(r, kinds, find, &f);
}

void lib_shred_steps_free(struct lib_shred_steps *s)
{
	json_object_put(s->begun.body);
	json_object_put(s->hosts.body);
	json_object_put(s->measured.body);
	json_object_put(s->destroyed.body);
	json_object_put(s->proven.body);
	json_object_put(s->discarded.body);
	json_object_put(s->done.body);
	json_object_put(s->certificate.body);
	memset(s, 0, sizeof(*s));
}

/** lib_shred_steps_mask() - LIBDMWARRANT_SHRED_... of the steps that are done */
u32 lib_shred_steps_mask(const struct lib_shred_steps *s)
{
	return (s->begun.body ? LIBDMWARRANT_SHRED_BEGUN : 0) |
	       (s->hosts.body ? LIBDMWARRANT_SHRED_HOSTS : 0) |
	       (s->measured.body ? LIBDMWARRANT_SHRED_MEASURED : 0) |
	       (s->destroyed.body ? LIBDMWARRANT_SHRED_DESTROYED : 0) |
	       (s->proven.body ? LIBDMWARRANT_SHRED_PROVEN : 0) |
	       (s->done.body ? LIBDMWARRANT_SHRED_DONE : 0) |
	       (s->certificate.body ? LIBDMWARRANT_SHRED_CERTIFIED : 0);
}
