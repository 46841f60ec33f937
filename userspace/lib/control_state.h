/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dual control, while the log is gone through: for control*.c only. */
#ifndef LIB_CONTROL_STATE_H
#define LIB_CONTROL_STATE_H

#include "control.h"
#include "merkle.h"

#define LIB_APPROVALS_MAX	20
#define LIB_WAITING_MAX		(366 * 86400)
#define LIB_SEALED_MIN		3	/* officers: one who asks, two who agree */
#define LIB_CLOCK_ACCEPTED	86400	/* seconds: what officers have agreed to is not for ever */
#define LIB_CONTROL_LINE_MAX	256	/* bytes of a text of people, in a line of its own */
#define LIB_CERTIFICATE_MAX	16384	/* bytes, PEM */

/**
 * struct lib_officer - an officer
 * @body:       of the entry officer.enrolled; the texts below are in it
 * @name:       of the officer
 * @print:      fingerprint of key or certificate
 * @key:        line; "" = there is a certificate
 * @cert:       PEM; "" = there is a key
 * @enrolled:   when
 * @revoked:    when; 0 = not
 * @revocation: body of officer.revoked; NULL = not
 */
struct lib_officer {
	struct json_object	*body;
	const char		*name;
	const char		*print;
	const char		*key;
	const char		*cert;
	s64			enrolled;
	s64			revoked;
	struct json_object	*revocation;
};

/**
 * struct lib_pending - a request, with what only the walk needs
 * @q:        what others get to see
 * @begun:    shred.begun is there
 * @done:     it was carried out
 * @voided:   its requester was revoked
 * @approver: indexes of officers whose approvals count, in order
 * @when:     they approved
 * @count:    of them
 */
struct lib_pending {
	struct lib_request	q;
	bool			begun;
	bool			done;
	bool			voided;
	size_t			approver[LIB_APPROVALS_MAX];
	s64			when[LIB_APPROVALS_MAX];
	u32			count;
};

/**
 * struct lib_control - what stands, after the entries seen so far
 * @r:         registry
 * @ctx:       of it
 * @origin:    of its log
 * @tree:      of the entries so far
 * @approvals: policy
 * @waiting:   policy
 * @newest:    time of the newest entry: what officers do later did not happen before it
 * @sealed:    officers and policy change by request only
 * @officers:  in order of enrolment, never fewer
 * @officer_count: of them
 * @requests:  in order
 * @request_count: of them
 */
struct lib_control {
	struct libdmwarrant_registry	*r;
	struct libdmwarrant		*ctx;
	char				*origin;
	struct lib_merkle		tree;
	u32				approvals;
	s64				waiting;
	s64				newest;
	bool				sealed;
	struct lib_officer		*officers;
	size_t				officer_count;
	struct lib_pending		*requests;
	size_t				request_count;
};

/* control.c */

int lib_control_load(struct libdmwarrant_registry *r, struct lib_control *c);
void lib_control_free(struct lib_control *c);
int lib_control_begin_reading(struct libdmwarrant_registry *r, struct lib_control *c);
int lib_control_end_reading(struct lib_control *c, int ret);
struct lib_pending *lib_control_find(struct lib_control *c, const char *id);
u32 lib_control_active(const struct lib_control *c);
u32 lib_control_quorum(const struct lib_control *c);
void lib_control_state(struct lib_control *c, struct lib_pending *p, s64 now);
int lib_control_no_memory(struct libdmwarrant *ctx);

/* control_rules.c */

/**
 * lib_control_judge() - may this entry follow those seen so far? If so, take it in
 * @c:    state
 * @seq:  of the entry
 * @when: likewise
 * @kind: likewise
 * @body: likewise
 *
 * Return: 0; why not, with the error set and the state as before. Entries of other kinds are fine.
 */
int lib_control_judge(struct lib_control *c, u64 seq, s64 when, const char *kind,
		      struct json_object *body);

/** lib_control_sealed() - requests need that. Return: 0; -EPERM */
int lib_control_sealed(struct lib_control *c);

/** lib_control_due() - is it approved, waited for, not ended? 0; -EAGAIN, -ECANCELED, -EALREADY */
int lib_control_due(struct lib_control *c, const struct lib_pending *p, s64 when);

/** lib_control_approved() - when the last approval needed was given; 0 = some are missing */
s64 lib_control_approved(const struct lib_pending *p);

/* control_officer.c */

int lib_officer_find(struct lib_control *c, const char *name, size_t *index);
int lib_officer_act(struct lib_control *c, const char *name, size_t *index);
int lib_officer_enrol(struct lib_control *c, s64 when, struct json_object *body);
int lib_officer_check(struct lib_control *c, struct json_object *body);
int lib_officer_print(struct libdmwarrant *ctx, const char *name, const char *key,
		      const char *cert, char print[72]);
int lib_officer_signed(struct lib_control *c, size_t index, const char *text, s64 when,
		       struct json_object *signature);

/* control_text.c */

char *lib_control_request_text(struct json_object *body);
char *lib_control_cancel_text(const struct lib_request *q);
char *lib_control_resign_text(const char *origin, const char *name, const char *print,
			      const char *reason);
int lib_control_line(struct libdmwarrant *ctx, const char *what, const char *text, bool needed);

/* control_target.c */

int lib_target_volumes(struct libdmwarrant_registry *r, const char *warrant,
		       struct json_object **volumes);
int lib_target_check(struct lib_control *c, struct lib_request *q);
bool lib_request_within(const struct lib_request *inner, const struct lib_request *outer);
struct lib_pending *lib_target_taken(struct lib_control *c, const struct lib_pending *p);
int lib_target_shredded(struct lib_control *c, const struct lib_request *q);

/* cms.c */

int lib_cms_certificate(struct libdmwarrant *ctx, const char *what, const char *pem,
			char print[72]);
int lib_cms_issued(struct libdmwarrant *ctx, const char *pem, const char *authority, s64 when,
		   char print[72]);
EVP_PKEY *lib_cms_key(const char *pem);
char *lib_cms_certificate_text(const char *pem);
char *lib_cms_text(const u8 *cms, size_t size);
int lib_cms_verify(struct libdmwarrant *ctx, const char *pem, const char *text, size_t size,
		   const u8 *cms, size_t cms_size, s64 when);

/* ---- JSON of entries ---- */

static inline bool lib_put(struct json_object *o, const char *name, struct json_object *value)
{
	if (value && !json_object_object_add(o, name, value))
		return true;
	json_object_put(value);
	return false;
}

static inline bool lib_put_text(struct json_object *o, const char *name, const char *text)
{
	return lib_put(o, name, json_object_new_string(text));
}

static inline bool lib_put_number(struct json_object *o, const char *name, s64 number)
{
	return lib_put(o, name, json_object_new_int64(number));
}

/* A member's number; -1 = there is none. */
static inline s64 lib_get_number(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_int))
		return -1;
	return json_object_get_int64(v);
}

static inline struct json_object *lib_get_array(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_array))
		return NULL;
	return v;
}

static inline struct json_object *lib_get_object(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_object))
		return NULL;
	return v;
}

#endif
