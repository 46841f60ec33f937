/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judging a certificate: what its parts share. */
#ifndef LIB_CERTIFICATE_JUDGE_H
#define LIB_CERTIFICATE_JUDGE_H

#include "certificate.h"
#include "note.h"

/**
 * struct lib_judge - a certificate before the judge
 * @ctx:      for errors, which are the reasons of verdicts
 * @check:    certificate, and what it is judged by
 * @fn:       takes verdicts
 * @arg:      for @fn
 * @document: what it says
 * @source:   its entries; they are @document's
 * @key:      of the log, as the certificate names it
 * @failed:   verdicts
 */
struct lib_judge {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_certificate_check	*check;
	void	(*fn)(void *arg, const char *what, enum libdmwarrant_verdict verdict,
		      const char *why);
	void						*arg;
	struct json_object				*document;
	struct lib_certificate_source			source;
	struct lib_verifier				key;
	u32						failed;
};

void lib_judge_say(struct lib_judge *j, const char *what, enum libdmwarrant_verdict verdict,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool lib_judge_result(struct lib_judge *j, const char *what, int ret, const char *why);

/* certificate_judge_log.c */
void lib_judge_signature(struct lib_judge *j);
bool lib_judge_log(struct lib_judge *j);

/* certificate_judge_people.c */
void lib_judge_request(struct lib_judge *j);
void lib_judge_people(struct lib_judge *j);

/* certificate_judge_stamp.c */
void lib_judge_stamp(struct lib_judge *j);

#endif
