/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of destruction inside.
 *
 * A certificate is made of entries of the audit log and nothing else, and has these entries with
 * it. So whoever gets one can make it again, and see that it says no more and no less than the log.
 */
#ifndef LIB_CERTIFICATE_H
#define LIB_CERTIFICATE_H

#include "paper.h"
#include "shred.h"

#define CERTIFICATE_SCHEMA	"dm-warrant/certificate"
#define CERTIFICATE_MAX		(16U << 20)	/* bytes */
#define CERTIFICATE_OFFICERS	64		/* that have to do with one request */

/**
 * struct lib_certificate_source - the entries that a certificate is made of
 *
 * All are whole entries, Kind and Time and Body, and belong to somebody else; NULL = there is none.
 * @begun_log:     the log's first: names its key
 * @made:          request.made
 * @is_signed:     request.signed
 * @approved:      request.approved, up to @begun
 * @approvals:     of them
 * @officers:      officer.enrolled and officer.revoked, of those who have signed
 * @officer_count: of them
 * @begun:         this and the rest: of shred.h
 * @hosts:         likewise
 * @measured:      likewise
 * @destroyed:     likewise
 * @proven:        likewise
 * @discarded:     likewise
 * @done:          likewise
 */
struct lib_certificate_source {
	struct json_object	*begun_log;
	struct json_object	*made;
	struct json_object	*is_signed;
	struct json_object	*approved[CERTIFICATE_OFFICERS];
	u32			approvals;
	struct json_object	*officers[CERTIFICATE_OFFICERS];
	u32			officer_count;
	struct json_object	*begun;
	struct json_object	*hosts;
	struct json_object	*measured;
	struct json_object	*destroyed;
	struct json_object	*proven;
	struct json_object	*discarded;
	struct json_object	*done;
};

bool lib_source_take(struct lib_certificate_source *s, const char *request,
		     struct json_object *entry);
struct json_object *lib_source_body(struct json_object *entry);
const char *lib_source_time(struct json_object *entry);

/** lib_certificate_derive() - all members of a certificate that follow from entries */
void lib_certificate_derive(struct lib_maker *m, const struct lib_certificate_source *s,
			    struct json_object *document);

int lib_certificate_parse(struct libdmwarrant *ctx, const char *json, size_t size,
			  struct json_object **document);
int lib_certificate_digest(struct libdmwarrant *ctx, const char *json, size_t size,
			   char hex[2 * LIBDMWARRANT_DIGEST_SIZE + 1]);
char *lib_certificate_text(struct json_object *document);
int lib_certificate_paper(struct libdmwarrant *ctx, struct json_object *document,
			  const char *digest, struct lib_paper *paper);

#endif
