/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant: what others say of a case. Case metadata of tags, and messages of the handover
 * interface HI-1 (ETSI TS 103 120) that a court's authorisation arrives in.
 *
 * The conventions of libdmwarrant.h hold. Text is UTF-8. All that is read here comes from others
 * and is refused unless it is known to be right: what is not in the vocabulary is an error, and the
 * error names the member or element, its value and what is allowed.
 */
#ifndef LIBDMWARRANT_ETSI_H
#define LIBDMWARRANT_ETSI_H

#include "libdmwarrant.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- case metadata ---- */

#define LIBDMWARRANT_CASE_MAX	3072	/* bytes of its canonical form */

/**
 * libdmwarrant_case_check() - is a text the case metadata of a tag?
 * @ctx:       context
 * @json:      an object; members are LIID, CIN, CommunicationIdentifier {operatorIdentifier,
 *             networkElementIdentifier, deliveryCountryCode}, SequenceRange [first, last],
 *             DeliveryType, Privileged, Copy, TimeOfInterception {start, end},
 *             InterceptionPointID, IntegrityChecks [{includedSequenceNumbers, dataType,
 *             hashAlgorithm, checkValue}], CaseReference, Remarks, and the user's own, which begin
 *             with "X-" and may be anything. All may be left out
 * @canonical: receives the text to store, free() it; NULL = only check
 *
 * The canonical form has no white space, its members are in the order of their bytes, and numbers
 * with a fraction keep their digits. Canonical text is its own canonical form.
 *
 * Return: 0; -EINVAL; -ERANGE the canonical form has more than LIBDMWARRANT_CASE_MAX bytes; -ENOMEM.
 */
int libdmwarrant_case_check(struct libdmwarrant *ctx, const char *json, char **canonical);

/**
 * libdmwarrant_case_match() - does case metadata answer a query?
 * @ctx:   context
 * @json:  case metadata
 * @query: "LIID=abc", "Privileged=true", "CIN=5": the member has this value. A member of a member
 *         is named with a point: "CommunicationIdentifier.deliveryCountryCode=ES". An array
 *         matches when one of its elements does. "SequenceRange=17": the range has this number.
 *         "TimeOfInterception=2026-03-01T12:00:00Z": the span has this time. A query
 *         without "=", or with one behind something that cannot be a member's name, is looked for
 *         in all text and numbers, upper and lower case of ASCII being the same; so is what
 *         stands behind a "=" at the beginning
 *
 * Return: 1 = yes; 0 = no; -EINVAL @json is no case metadata, or the query cannot match any: an
 * unknown member, an empty query; -ENOMEM.
 */
int libdmwarrant_case_match(struct libdmwarrant *ctx, const char *json, const char *query);

/* ---- HI-1 ---- */

#define LIBDMWARRANT_HI1_VERSION	1

#define LIBDMWARRANT_HI1_MAX	(16U << 20)	/* bytes of a message */

/**
 * enum libdmwarrant_hi1_action - what a message wants done with an authorisation
 * @LIBDMWARRANT_HI1_CREATE: it is new
 * @LIBDMWARRANT_HI1_UPDATE: it is known, and the record has only what changes
 * @LIBDMWARRANT_HI1_STATE:  how it stands: from a response or a delivery
 * @LIBDMWARRANT_HI1_LINK:   it is known, and tasks or documents are added to it
 */
enum libdmwarrant_hi1_action {
	LIBDMWARRANT_HI1_CREATE	= 1,
	LIBDMWARRANT_HI1_UPDATE	= 2,
	LIBDMWARRANT_HI1_STATE	= 3,
	LIBDMWARRANT_HI1_LINK	= 4,
};

/** libdmwarrant_hi1_action_name() - "create", "update", "state", "link" */
const char *libdmwarrant_hi1_action_name(enum libdmwarrant_hi1_action action);

/**
 * struct libdmwarrant_hi1_record - an authorisation in a message
 * @version:  LIBDMWARRANT_HI1_VERSION
 * @action:   enum libdmwarrant_hi1_action
 * @line:     of the message that it begins in
 * @pad:      zero
 * @json:     the warrant's record, as warrants are added with; its Tasks and Documents are those
 *            that the message associates with it
 * @reserved: zero
 */
struct libdmwarrant_hi1_record {
	uint32_t	version;
	uint32_t	action;
	uint32_t	line;
	uint32_t	pad;
	const char	*json;
	uint64_t	reserved[4];
};

/**
 * typedef libdmwarrant_hi1_fn - told of each record
 * @arg: as given in the parameters
 * @r:   valid during the call
 *
 * Return: 0 to go on; a negative errno ends the reading with it.
 */
typedef int (*libdmwarrant_hi1_fn)(void *arg, const struct libdmwarrant_hi1_record *r);

/**
 * struct libdmwarrant_hi1_params - how to read
 * @version:  LIBDMWARRANT_HI1_VERSION
 * @flags:    zero
 * @copy:     "original" or "custodial", for records that are complete; NULL = "original"
 * @record:   told of each record after all of the message has been found right; NULL = nobody
 * @arg:      for @record
 * @reserved: zero
 */
struct libdmwarrant_hi1_params {
	uint32_t		version;
	uint32_t		flags;
	const char		*copy;
	libdmwarrant_hi1_fn	record;
	void			*arg;
	uint64_t		reserved[4];
};

/**
 * struct libdmwarrant_hi1_message - what a message is; nothing of it is authenticated
 * @version:     LIBDMWARRANT_HI1_VERSION
 * @records:     how many there are
 * @tasks:       in them
 * @documents:   in them
 * @ignored:     objects that are of no use here: of other kinds, or associated with nothing
 * @has_signature: it is signed
 * @verified:    the signature was verified: always 0, that is left to xmlsec1(1) and the like
 * @pad:         zero
 * @transaction: TransactionIdentifier
 * @timestamp:   Timestamp
 * @etsi:        ETSIVersion
 * @sender:      "CC UniqueIdentifier", shortened when need be
 * @receiver:    likewise
 * @reserved:    zero
 */
struct libdmwarrant_hi1_message {
	uint32_t	version;
	uint32_t	records;
	uint32_t	tasks;
	uint32_t	documents;
	uint32_t	ignored;
	uint32_t	has_signature;
	uint32_t	verified;
	uint32_t	pad;
	char		transaction[40];
	char		timestamp[40];
	char		etsi[32];
	char		sender[256];
	char		receiver[256];
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_hi1_read() - read an HI-1 message in XML
 * @ctx:     context
 * @xml:     the message, UTF-8
 * @size:    bytes of it
 * @params:  how
 * @message: receives what it is; NULL = not wanted
 *
 * Refused before an XML parser sees it: a document type declaration and so every entity, another
 * encoding than UTF-8, more than LIBDMWARRANT_HI1_MAX bytes, excessive nesting, tags, or numbers of
 * elements. No file and no network is touched. What the parser makes of the rest must be what
 * the schemas allow; only the order of elements is not looked at.
 *
 * Contents of documents are compared with their checksum, when they have one of a known type, and
 * left out of the record; those without a checksum are given one, of type SHA-256.
 *
 * Return: 0; -EINVAL not a message, or one that is refused; -ENOENT no authorisation in it;
 * -ENOMEM; what @params->record returned.
 */
int libdmwarrant_hi1_read(struct libdmwarrant *ctx, const void *xml, size_t size,
			  const struct libdmwarrant_hi1_params *params,
			  struct libdmwarrant_hi1_message *message);

/**
 * libdmwarrant_hi1_read_fd() - the same from a descriptor up to its end; it stays open
 *
 * Return: as above; errors of read(2).
 */
int libdmwarrant_hi1_read_fd(struct libdmwarrant *ctx, int fd,
			     const struct libdmwarrant_hi1_params *params,
			     struct libdmwarrant_hi1_message *message);

/* ---- warrants that a message brings ---- */

#define LIBDMWARRANT_IMPORT_VERSION	1

#define LIBDMWARRANT_IMPORT_DRY_RUN	(1U << 0)	/* check everything, change nothing */

/**
 * enum libdmwarrant_import_outcome - what became of a record
 * @LIBDMWARRANT_IMPORT_ADDED:     the registry did not have it
 * @LIBDMWARRANT_IMPORT_CHANGED:   a new revision
 * @LIBDMWARRANT_IMPORT_RENEWED:   likewise, and it ends later
 * @LIBDMWARRANT_IMPORT_UNCHANGED: the registry has all of it already
 */
enum libdmwarrant_import_outcome {
	LIBDMWARRANT_IMPORT_ADDED	= 1,
	LIBDMWARRANT_IMPORT_CHANGED	= 2,
	LIBDMWARRANT_IMPORT_RENEWED	= 3,
	LIBDMWARRANT_IMPORT_UNCHANGED	= 4,
};

/** libdmwarrant_import_outcome_name() - "added", "changed", "renewed", "unchanged" */
const char *libdmwarrant_import_outcome_name(enum libdmwarrant_import_outcome outcome);

/**
 * struct libdmwarrant_imported - a warrant that a message brought
 * @version:  LIBDMWARRANT_IMPORT_VERSION
 * @action:   what the message wanted, enum libdmwarrant_hi1_action
 * @outcome:  what was done, enum libdmwarrant_import_outcome
 * @line:     of the message
 * @json:     the warrant as the registry has it now
 * @reserved: zero
 */
struct libdmwarrant_imported {
	uint32_t	version;
	uint32_t	action;
	uint32_t	outcome;
	uint32_t	line;
	const char	*json;
	uint64_t	reserved[4];
};

typedef int (*libdmwarrant_imported_fn)(void *arg, const struct libdmwarrant_imported *i);

/**
 * struct libdmwarrant_import_params - how to import
 * @version:  LIBDMWARRANT_IMPORT_VERSION
 * @flags:    LIBDMWARRANT_IMPORT_...
 * @copy:     of new warrants: "original" or "custodial"; NULL = "original"
 * @imported: told of each warrant when all is durable, or known to be possible; NULL = nobody
 * @arg:      for @imported
 * @reserved: zero
 */
struct libdmwarrant_import_params {
	uint32_t			version;
	uint32_t			flags;
	const char			*copy;
	libdmwarrant_imported_fn	imported;
	void				*arg;
	uint64_t			reserved[4];
};

struct libdmwarrant_registry;

/**
 * libdmwarrant_warrant_import() - take the warrants of an HI-1 message into the registry
 * @reg:     registry
 * @fd:      the message, read to its end; stays open
 * @params:  how
 * @message: receives what the message is; NULL = not wanted
 *
 * All of the message or nothing of it. What is new is added; what is known gets a new revision, as
 * by libdmwarrant_warrant_edit(), with the message as reason: members that are given replace those
 * that were, tasks and documents are told by their ObjectIdentifier, approvals are added, and what
 * is not given stays. An end that is later than before is a renewal: it must have been approved, or
 * failing an ApprovalTimestamp been sent, before the warrant lapsed. The same message again changes
 * nothing.
 *
 * Return: 0; -EINVAL; -ENOENT no authorisation in it, or it changes one that the registry does not
 * have; -EEXIST it creates one that is there and different; -ESTALE the registry has it from a newer
 * message, by Generation or LastChanged; and as libdmwarrant_hi1_read_fd(),
 * libdmwarrant_warrant_edit() and libdmwarrant_warrant_renew().
 */
int libdmwarrant_warrant_import(struct libdmwarrant_registry *reg, int fd,
				const struct libdmwarrant_import_params *params,
				struct libdmwarrant_hi1_message *message);

#ifdef __cplusplus
}
#endif

#endif
