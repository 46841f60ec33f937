/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out a shred inside: the steps, and the entries of the audit log that they leave. */
#ifndef LIB_SHRED_H
#define LIB_SHRED_H

#include "control.h"
#include "keystore.h"
#include "libdmwarrant-shred.h"

/*
 * Kinds of entries. The body of each has "Request", the UUID of the request.
 *
 * SHRED_BEGUN and SHRED_DONE are what a request's state follows from: with the first it can no
 * longer be cancelled, with the second it is carried out.
 */
#define SHRED_BEGUN		"shred.begun"		/* all checks passed; in the same transaction */
#define SHRED_MEASURED		"shred.measured"	/* keys, sectors, extents, ciphertext root */
#define SHRED_PURGE		"shred.purge"		/* other hosts are to forget keys */
#define SHRED_HOST_PURGED	"shred.host-purged"	/* written by the host that has done so */
#define SHRED_REFUSED		"shred.refused"		/* it was not begun, and why */
#define SHRED_HOSTS		"shred.hosts"		/* which did, which did not answer */
#define SHRED_DESTROYED		"shred.destroyed"	/* by the key store; tombstones */
#define SHRED_PROVEN		"shred.proven"		/* key store opened anew, asked in vain */
#define SHRED_DISCARDED		"shred.discarded"	/* a LUN, as a courtesy */
#define SHRED_DONE		"shred.done"
#define SHRED_CERTIFICATE	"certificate.issued"	/* has the certificate itself */

/* ---- json_make.c ---- */

/** struct lib_maker - JSON is being made; asked once, at the end, whether memory was enough */
struct lib_maker {
	bool	failed;
};

struct json_object *lib_make_object(struct lib_maker *m, struct json_object *in, const char *name);
struct json_object *lib_make_array(struct lib_maker *m, struct json_object *in, const char *name);
void lib_make_value(struct lib_maker *m, struct json_object *in, const char *name,
		    struct json_object *value);
void lib_make_text(struct lib_maker *m, struct json_object *in, const char *name,
		   const char *text);
void lib_make_number(struct lib_maker *m, struct json_object *in, const char *name, u64 number);
void lib_make_time(struct lib_maker *m, struct json_object *in, const char *name, s64 seconds);
void lib_make_hex(struct lib_maker *m, struct json_object *in, const char *name, const void *bytes,
		  size_t size);
struct json_object *lib_json_member(struct json_object *o, const char *name, enum json_type type);
const char *lib_json_text(struct json_object *o, const char *name);
s64 lib_json_number(struct json_object *o, const char *name);
size_t lib_json_length(struct json_object *o, const char *name);

/* ---- shred_log.c ---- */

/**
 * struct lib_shred_entry - a step that the log has
 * @body: NULL = it has not
 * @time: when
 * @seq:  place in the log
 */
struct lib_shred_entry {
	struct json_object	*body;
	s64			time;
	u64			seq;
};

/** struct lib_shred_steps - what the log has of the execution of one request */
struct lib_shred_steps {
	struct lib_shred_entry	begun;
	struct lib_shred_entry	hosts;
	struct lib_shred_entry	measured;
	struct lib_shred_entry	destroyed;
	struct lib_shred_entry	proven;
	struct lib_shred_entry	discarded;
	struct lib_shred_entry	done;
	struct lib_shred_entry	certificate;
};

int lib_shred_steps(struct libdmwarrant_registry *r, const char *request,
		    struct lib_shred_steps *steps);
void lib_shred_steps_free(struct lib_shred_steps *steps);
u32 lib_shred_steps_mask(const struct lib_shred_steps *steps);

/* ---- shred_secret.c ---- */

/**
 * struct lib_shred_secret - what unlocks the keys, usable more than once
 * @given:  by the caller; NULL = nothing
 * @secret: bytes of a passphrase or a key on a descriptor, which can be read but once
 * @again:  what to unlock with now
 */
struct lib_shred_secret {
	const struct libdmwarrant_unlock	*given;
	struct lib_secret			secret;
	struct libdmwarrant_unlock		again;
};

int lib_shred_secret(struct libdmwarrant *ctx, const struct libdmwarrant_unlock *unlock,
		     struct lib_shred_secret *s);
const struct libdmwarrant_unlock *lib_shred_secret_use(struct libdmwarrant *ctx,
						       struct lib_shred_secret *s);
void lib_shred_secret_free(struct lib_shred_secret *s);

/* ---- shred.c ---- */

#define LIB_SHRED_VOLUMES	256	/* of one request */

/**
 * struct lib_shred - an execution under way
 * @ctx:     for progress and errors
 * @params:  of the caller
 * @config:  likewise
 * @reg:     registry
 * @q:       the request
 * @steps:   what the log has
 * @volumes: of the request
 * @count:   of them
 * @uri:     of the key store
 * @warrant: ObjectIdentifier
 * @secret:  that unlocks it
 * @maker:   of JSON
 */
struct lib_shred {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_shred_params		*params;
	const struct libdmwarrant_config		*config;
	struct libdmwarrant_registry			*reg;
	struct lib_request				q;
	struct lib_shred_steps				steps;
	struct libdmwarrant_record			*volumes;
	u32						count;
	char						uri[512];
	u8						warrant[LIBDMWARRANT_UUID_SIZE];
	struct lib_shred_secret				secret;
	struct lib_maker				maker;
};

struct json_object *lib_shred_body(struct lib_shred *s);
int lib_shred_write(struct lib_shred *s, const char *kind, struct json_object *body);

/* ---- shred_hosts.c ---- */

int lib_shred_hosts(struct lib_shred *s);
int lib_shred_judge_tag(struct lib_shred *s);

/* ---- shred_measure.c ---- */

int lib_shred_measure(struct lib_shred *s);

/* ---- shred_keys.c ---- */

int lib_shred_keystore(struct lib_shred *s, bool read_only, struct libdmwarrant_keystore **ks);
bool lib_shred_takes(const struct lib_shred *s, const struct libdmwarrant_keystore_key *k);
bool lib_shred_has_tag(const struct libdmwarrant_keyset *keyset, u32 wanted);
int lib_shred_judge_keys(struct lib_shred *s);
int lib_shred_destroy(struct lib_shred *s);
int lib_shred_prove(struct lib_shred *s);

/* ---- shred_bar.c ---- */

int lib_shred_allows(struct libdmwarrant_registry *reg, const struct libdmwarrant_record *record,
		     const struct libdmwarrant_keyset *keyset);

/* ---- shred_discard.c ---- */

int lib_shred_discard(struct lib_shred *s);

/* ---- certificate_make.c ---- */

int lib_certificate_issue(struct lib_shred *s);

/* ---- shred_serve.c ---- */

/**
 * lib_shred_serve() - do what other hosts ask of this one: forget keys of an open volume
 * @ctx:   context
 * @reg:   registry; writable
 * @uuid:  of a volume that is open here
 *
 * For the volume's guard. Each request to forget is answered once, by an entry SHRED_HOST_PURGED,
 * after the kernel has said that the keys are gone.
 *
 * Return: number of requests that were carried out; a negative errno.
 */
int lib_shred_serve(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg, const u8 *uuid);

#endif
