/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading HI-1 messages, in steps, each of which trusts only what the one before it has made sure
 * of: hi1_scan.c looks at the bytes, before any parser does; hi1_xml.c turns elements into JSON as
 * the tables of etsi_schema.c have it; hi1.c knows what a message is, and hi1_record.c which of its
 * objects make up a warrant.
 */
#ifndef LIB_HI1_H
#define LIB_HI1_H

#include <json-c/json.h>
#include <libxml/tree.h>

#include "etsi.h"
#include "libdmwarrant-etsi.h"

#define LIB_HI1_DEPTH		32		/* elements inside each other */
#define LIB_HI1_MARKUP		500000		/* tags, comments and so on in a message */
#define LIB_HI1_TAG		8192		/* bytes of a start tag, with its attributes */

#define LIB_HI1_ETSI	"http://uri.etsi.org/03120/"	/* what all its namespaces begin with */
#define LIB_HI1_XSI	"http://www.w3.org/2001/XMLSchema-instance"
#define LIB_HI1_DIGSIG	"http://www.w3.org/2000/09/xmldsig#"

/* hi1.c */

enum lib_hi1_kind { HI1_AUTHORISATION, HI1_TASK, HI1_DOCUMENT, HI1_OTHER };

/**
 * struct lib_hi1_object - an HI1Object of a message
 * @node:    of it
 * @kind:    what it is
 * @action:  what is wanted
 * @id:      its ObjectIdentifier, of @json
 * @json:    its members
 * @used:    it is a record, or in one
 */
struct lib_hi1_object {
	xmlNode				*node;
	enum lib_hi1_kind		kind;
	enum libdmwarrant_hi1_action	action;
	const char			*id;
	struct json_object		*json;
	bool				used;
};

/**
 * struct lib_hi1_reader - a message being read
 * @ids:     ObjectIdentifier -> index into @objects
 * @joined:  ObjectIdentifiers of a record and of a part that is in it
 * @links:   ObjectIdentifier of an authorisation that is not in the message -> its record
 */
struct lib_hi1_reader {
	struct libdmwarrant			*ctx;
	const struct libdmwarrant_hi1_params	*params;
	struct libdmwarrant_hi1_message		*message;
	xmlDoc					*doc;
	struct lib_hi1_object			*objects;
	size_t					count;
	struct json_object			*ids;
	struct json_object			*joined;
	struct json_object			*links;
};

int lib_hi1_no_memory(struct lib_hi1_reader *r);

/** lib_hi1_member() - text of a member that is text; NULL = there is none */
const char *lib_hi1_member(struct json_object *o, const char *name);

/* hi1_record.c */

/** lib_hi1_join() - put tasks and documents into the authorisations they are associated with */
int lib_hi1_join(struct lib_hi1_reader *r);

/** lib_hi1_check_records() - hold each record to all rules. Return: 0; -EINVAL; -ENOENT none */
int lib_hi1_check_records(struct lib_hi1_reader *r);

/** lib_hi1_tell() - tell the caller of each record */
int lib_hi1_tell(struct lib_hi1_reader *r);

/* hi1_scan.c */

/**
 * lib_hi1_scan() - refuse what no parser should be given
 *
 * Return: 0, then it is UTF-8, has no document type declaration and stays within the limits;
 * -EINVAL.
 */
int lib_hi1_scan(struct libdmwarrant *ctx, const char *xml, size_t size);

/* hi1_xml.c */

/** lib_hi1_fail() - set the error, with the line of @node and its name. Return: @err */
int lib_hi1_fail(struct libdmwarrant *ctx, int err, const xmlNode *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** lib_hi1_is() - is it this element? */
bool lib_hi1_is(const xmlNode *node, enum lib_etsi_ns ns, const char *name);

/** lib_hi1_first(), lib_hi1_next() - the elements in @node, in order; NULL = no more */
xmlNode *lib_hi1_first(const xmlNode *node);
xmlNode *lib_hi1_next(const xmlNode *node);

/**
 * lib_hi1_content() - an element whose content is elements: it has no text, and no attribute
 * that would change what it means
 * @typed: it may have xsi:type
 */
int lib_hi1_content(struct libdmwarrant *ctx, const xmlNode *node, bool typed);

/**
 * lib_hi1_type() - the type that xsi:type names, through the prefixes in force at @node
 * @ns:   receives the namespace's URI, owned by the document
 * @name: receives the name without prefix, owned by the document; NULL = no xsi:type
 *
 * Return: 0; -EINVAL a prefix that is not declared.
 */
int lib_hi1_type(struct libdmwarrant *ctx, const xmlNode *node, const char **ns,
		 const char **name);

/**
 * lib_hi1_object() - an element with members as JSON
 * @node:    whose children are read; lib_hi1_content() has passed it
 * @members: what it may have
 * @o:       receives a JSON object, json_object_put() it
 *
 * All that is asked of single members is checked, and that no element stands twice that must
 * not; what is missing, and how members fit together, is left to lib_etsi_check_warrant().
 */
int lib_hi1_object(struct libdmwarrant *ctx, xmlNode *node, const struct lib_etsi_member *members,
		   struct json_object **o);

/* hi1_body.c */

/**
 * lib_hi1_body() - compare a document's Contents with its Checksum, or make one
 * @body: doc:DocumentBody
 * @o:    the same as JSON; gets Checksum and ChecksumType when there were none
 */
int lib_hi1_body(struct libdmwarrant *ctx, xmlNode *body, struct json_object *o);

/** lib_hi1_text() - all text of an element without its comments; xmlFree() it */
int lib_hi1_text(struct libdmwarrant *ctx, xmlNode *node, xmlChar **text);

#endif
