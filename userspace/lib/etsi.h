/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabulary of ETSI: formats (TS 103 280), objects and dictionaries of HI-1 (TS 103 120), and
 * what of TS 102 232-1 describes a recording. It is kept as tables, which JSON records, HI-1
 * messages and case metadata are all checked against.
 */
#ifndef LIB_ETSI_H
#define LIB_ETSI_H

#include <json-c/json.h>

#include "lib_private.h"

#define LIB_ETSI_RECORD_MAX	(1U << 20)	/* bytes of a warrant's JSON */
#define LIB_ETSI_CASE_MAX	3072		/* bytes of canonical case metadata */

/**
 * enum lib_etsi_type - what a member is; text unless it says otherwise
 * @ETSI_SHORT:      at most 255 characters, no control characters
 * @ETSI_NAME:       the same, at least one
 * @ETSI_LONG:       at most 65535 characters, no control characters but tab and line ends
 * @ETSI_REFERENCE:  1 to 65535 characters, no control characters
 * @ETSI_UUID:       lower case, not all zero
 * @ETSI_COUNTRY:    assigned code of ISO 3166-1 alpha-2, XX for tests, EU, XK
 * @ETSI_TIME:       QualifiedDateTime
 * @ETSI_MICROTIME:  QualifiedMicrosecondDateTime
 * @ETSI_ANYTIME:    one of these
 * @ETSI_LIID:       LIID
 * @ETSI_VERSION:    V1.2.3
 * @ETSI_OCTETS:     1 to 16 bytes as lower-case hex
 * @ETSI_HEX:        lower-case hex, whole bytes
 * @ETSI_WORD:       one of the words in @of, which ends with NULL
 * @ETSI_TEXTS:      types above this are not text
 * @ETSI_NUMBER:     integer from 0 to 2^53
 * @ETSI_U32:        integer from 0 to 2^32 - 1
 * @ETSI_PAIR:       array of two such integers, the first not above the second
 * @ETSI_SEQUENCE:   such an integer or such a pair
 * @ETSI_BOOL:       boolean
 * @ETSI_OBJECT:     object with the members @of
 * @ETSI_DICTIONARY: DictionaryEntry; @of = name of ETSI's dictionary for it, NULL = not fixed
 * @ETSI_NATIONAL:   object with a CountryCode and whatever that country has defined
 * @ETSI_FREE:       anything
 */
enum lib_etsi_type {
	ETSI_SHORT, ETSI_NAME, ETSI_LONG, ETSI_REFERENCE, ETSI_UUID, ETSI_COUNTRY, ETSI_TIME,
	ETSI_MICROTIME, ETSI_ANYTIME, ETSI_LIID, ETSI_VERSION, ETSI_OCTETS, ETSI_HEX, ETSI_WORD,
	ETSI_TEXTS,
	ETSI_NUMBER, ETSI_U32, ETSI_PAIR, ETSI_SEQUENCE, ETSI_BOOL, ETSI_OBJECT, ETSI_DICTIONARY,
	ETSI_NATIONAL, ETSI_FREE,
};

/** enum lib_etsi_ns - namespace of an element, see lib_etsi_namespace(). OURS is in no schema */
enum lib_etsi_ns {
	ETSI_CORE, ETSI_COMMON, ETSI_AUTH, ETSI_TASK, ETSI_DOC, ETSI_OURS,
};

#define ETSI_MANY	(1U << 0)	/* JSON: an array; XML: may be repeated */
#define ETSI_NEEDED	(1U << 1)

/**
 * struct lib_etsi_member - a member of a JSON object, an element of HI-1
 * @name:  of both; NULL ends a table, which goes on at @of
 * @ns:    of the element
 * @type:  of the value
 * @flags: ETSI_MANY, ETSI_NEEDED
 * @of:    as @type says
 */
struct lib_etsi_member {
	const char		*name;
	enum lib_etsi_ns	ns;
	enum lib_etsi_type	type;
	unsigned int		flags;
	const void		*of;
};

/* etsi_schema.c */

extern const struct lib_etsi_member lib_etsi_warrant[];		/* a record of the registry */
extern const struct lib_etsi_member lib_etsi_authorisation[];	/* auth:AuthorisationObject */
extern const struct lib_etsi_member lib_etsi_task[];		/* task:LITaskObject */
extern const struct lib_etsi_member lib_etsi_document[];	/* doc:DocumentObject */
extern const struct lib_etsi_member lib_etsi_entry[];		/* common:DictionaryEntry */
extern const struct lib_etsi_member lib_etsi_header[];		/* core:Header of a message */
extern const struct lib_etsi_member lib_etsi_case[];		/* case metadata of a tag */
extern const struct lib_etsi_member lib_etsi_integrity[];	/* one of its IntegrityChecks */

/** lib_etsi_next() - the member behind @m; NULL = no more */
const struct lib_etsi_member *lib_etsi_next(const struct lib_etsi_member *m);

/** lib_etsi_member() - find by name, and by namespace unless it is ETSI_OURS; NULL = none */
const struct lib_etsi_member *lib_etsi_member(const struct lib_etsi_member *members,
					      enum lib_etsi_ns ns, const char *name);

/** lib_etsi_namespace() - the URI */
const char *lib_etsi_namespace(enum lib_etsi_ns ns);

/* etsi_dictionary.c */

/** lib_etsi_dictionary() - values of a dictionary of ETSI's, ends with NULL; NULL = not known */
const char *const *lib_etsi_dictionary(const char *name);

/** lib_etsi_is_country() - is it a country code that a record may have? */
bool lib_etsi_is_country(const char *code);

/* etsi_format.c */

/**
 * lib_etsi_wrong() - is a text of a type?
 * @m:    of the member; one below ETSI_TEXTS
 * @text: ends with a NUL
 *
 * Return: NULL = yes; else what it must be: "a UUID in lower case".
 */
const char *lib_etsi_wrong(const struct lib_etsi_member *m, const char *text);

/**
 * lib_etsi_time() - a QualifiedDateTime or QualifiedMicrosecondDateTime as a number
 * @text: ends with a NUL
 * @us:   receives microseconds since 1970, may be negative
 *
 * Return: 0; -EINVAL not in the format, or no such day or time of day.
 */
int lib_etsi_time(const char *text, s64 *us);

/* etsi.c */

#define LIB_ETSI_PARTIAL	(1U << 0)	/* of an UPDATE: only the identifier is needed */

/**
 * lib_etsi_check_warrant() - is a record one that the registry may hold?
 * @ctx:     for the error, which names the member's path, its value and what is allowed
 * @warrant: best from lib_json_parse(), which has refused members that stand twice
 *
 * Type and format of every member, values of ETSI's dictionaries, no member that is not known,
 * timespans that do not end before they start, tasks and LIIDs that do not stand twice.
 *
 * Return: 0; -EINVAL.
 */
int lib_etsi_check_warrant(struct libdmwarrant *ctx, struct json_object *warrant);

/** lib_etsi_check_warrant_flags() - the same; @flags: LIB_ETSI_... */
int lib_etsi_check_warrant_flags(struct libdmwarrant *ctx, struct json_object *warrant,
				 unsigned int flags);

/** lib_etsi_check_case() - the same for case metadata. Its size is for the caller to check */
int lib_etsi_check_case(struct libdmwarrant *ctx, struct json_object *metadata);

/** lib_etsi_check_table() - the same for objects of ours; @what: it is, for the error */
int lib_etsi_check_table(struct libdmwarrant *ctx, const char *what, struct json_object *o,
			 const struct lib_etsi_member *members);

#endif
