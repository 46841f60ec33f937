/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on warrants share. */
#ifndef WARRANT_H
#define WARRANT_H

#include "cli.h"

/* warrant_fields.c */

/* Options that stand for members of a record; the ids follow each other. */
enum {
	FIELD_REFERENCE = OPTION_OWN,
	FIELD_COUNTRY,
	FIELD_OWNER,
	FIELD_COPY,
	FIELD_STATUS,
	FIELD_START,
	FIELD_END,
	FIELD_LEGAL_TYPE,
	FIELD_PRIORITY,
	FIELD_CASE_TYPE,
	FIELD_JURISDICTION,
	FIELD_LEGAL_ENTITY,
	FIELD_REMARKS,
	FIELD_LIID,
	FIELD_ORDER,
	FIELD_APPROVER,
	FIELD_APPROVER_ROLE,
	FIELD_APPROVED,
	FIELD_COUNT,		/* options of a command's own begin here */
};

#define SET_REFERENCE	{ "reference", "TEXT", FIELD_REFERENCE, \
			  "AuthorisationReference, mandatory" }
#define SET_COUNTRY	{ "country", "CC", FIELD_COUNTRY, \
			  "CountryCode: ES, or XX for tests" }
#define SET_OWNER	{ "owner", "TEXT", FIELD_OWNER, \
			  "OwnerIdentifier" }
#define SET_COPY	{ "copy", "KIND", FIELD_COPY, \
			  "original (default) or custodial" }
#define SET_STATUS	{ "status", "STATUS", FIELD_STATUS, \
			  "Approved, EmergencyApproval, Suspended, Cancelled, ..." }
#define SET_START	{ "start", "TIME", FIELD_START, \
			  "when it begins: 2026-03-01T00:00:00+01:00" }
#define SET_END	{ "end", "TIME", FIELD_END, \
			  "when it ends" }
#define SET_LEGAL_TYPE	{ "legal-type", "VALUE", FIELD_LEGAL_TYPE, \
			  "Manual, or OWNER:NAME:VALUE of a national dictionary" }
#define SET_PRIORITY	{ "priority", "VALUE", FIELD_PRIORITY, \
			  "High or Routine" }
#define SET_CASE_TYPE	{ "case-type", "VALUE", FIELD_CASE_TYPE, \
			  "type of case: DrugsOrDrugTrafficking, ..." }
#define SET_JURISDICTION	{ "jurisdiction", "TEXT", FIELD_JURISDICTION, \
			  "AuthorisationJurisdiction" }
#define SET_LEGAL_ENTITY	{ "legal-entity", "TEXT", FIELD_LEGAL_ENTITY, \
			  "AuthorisationLegalEntity, such as the court" }
#define SET_REMARKS	{ "remarks", "TEXT", FIELD_REMARKS, \
			  "AuthorisationManualInformation" }
#define SET_LIID	{ "liid", "LIID", FIELD_LIID, \
			  "of a task of the warrant; may be repeated" }
#define SET_ORDER	{ "order", "TEXT", FIELD_ORDER, \
			  "reference of the order that approves it" }
#define SET_APPROVER	{ "approver", "TEXT", FIELD_APPROVER, \
			  "who gave that order" }
#define SET_APPROVER_ROLE	{ "approver-role", "TEXT", FIELD_APPROVER_ROLE, \
			  "as what" }
#define SET_APPROVED	{ "approved", "TIME", FIELD_APPROVED, \
			  "when" }

/**
 * struct fields - members of a record, as options gave them
 * @patch:    what is set
 * @tasks:    LITaskObjects; NULL = none
 * @approval: ApprovalDetails; NULL = none
 */
struct fields {
	struct json_object	*patch;
	struct json_object	*tasks;
	struct json_object	*approval;
};

void fields_init(struct fields *f);
void fields_free(struct fields *f);
int fields_option(struct cli *c, struct fields *f, int id);
struct json_object *fields_arrays(const struct fields *f);

/* warrant_life.c */

/**
 * struct event - something in a warrant's life
 * @when: Unix seconds
 * @text: what
 * @nr:   in the order in which they were found
 * @mark: on the line of time; 0 = none
 */
struct event {
	int64_t	when;
	char	*text;
	size_t	nr;
	char	mark;
};

/**
 * struct life - a warrant's life
 * @start: 0 = not given
 * @end:   when writing ends; 0 = never
 * @now:   present
 * @state: enum libdmwarrant_warrant_state
 * @event: in order of time
 * @count: of them
 */
struct life {
	int64_t		start;
	int64_t		end;
	int64_t		now;
	uint32_t	state;
	struct event	*event;
	size_t		count;
};

int life_read(struct libdmwarrant_registry *reg, const struct libdmwarrant_warrant *w,
	      struct life *life);
void life_free(struct life *life);
void life_draw(struct cli *c, const struct life *life);
void life_json(struct json_object *array, const struct life *life);

/* warrant_text.c */

bool text_is_utf8(void);
void text_pad(struct cli *c, const char *text, int columns);
const char *text_span(int64_t seconds, char text[32]);
struct json_object *text_json(const char *json);
void warrant_json(struct json_object *o, const struct libdmwarrant_warrant *w);

#endif
