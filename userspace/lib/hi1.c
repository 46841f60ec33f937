// SPDX-License-Identifier: GPL-2.0-or-later
/* What an HI-1 message is: header, actions, objects. */
#include <unistd.h>

#include <libxml/parser.h>

#include "hi1.h"
#include "json.h"

/* Nothing outside the message is ever looked at; entities stay unresolved, and are then refused. */
#define PARSE_OPTIONS	(XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOERROR | \
			 XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES)

int lib_hi1_no_memory(struct lib_hi1_reader *r)
{
	return lib_fail(r->ctx, -ENOMEM, "HI-1 message: not enough memory");
}

/* ---- objects ---- */

struct kind_name {
	enum lib_etsi_ns		ns;
	const char			*name;
	const struct lib_etsi_member	*members;
};

static const struct kind_name kinds[] = {
	[HI1_AUTHORISATION] = { ETSI_AUTH, "AuthorisationObject", lib_etsi_authorisation },
	[HI1_TASK] = { ETSI_TASK, "LITaskObject", lib_etsi_task },
	[HI1_DOCUMENT] = { ETSI_DOC, "DocumentObject", lib_etsi_document },
};

static int find_kind(struct lib_hi1_reader *r, const xmlNode *node, enum lib_hi1_kind *kind)
{
	const char *ns, *name;
	int ret;

	ret = lib_hi1_type(r->ctx, node, &ns, &name);
	if (ret)
		return ret;
	if (!name)
		return lib_hi1_fail(r->ctx, -EINVAL, node, "has no xsi:type; it says what the object is");
	for (*kind = 0; *kind < HI1_OTHER; (*kind)++)
		if (!strcmp(ns, lib_etsi_namespace(kinds[*kind].ns)) &&
		    !strcmp(name, kinds[*kind].name))
			return 0;
	/* ETSI has kinds that are of no use here. Any other was perhaps meant to be of use. */
	if (strncmp(ns, LIB_HI1_ETSI, strlen(LIB_HI1_ETSI)))
		return lib_hi1_fail(r->ctx, -EINVAL, node, "has an xsi:type that is not ETSI's");
	return 0;
}

/* Of an object that is none of ours only who it is. */
static int read_other(struct lib_hi1_reader *r, xmlNode *node, struct json_object **o)
{
	xmlNode *child = lib_hi1_first(node);
	struct json_object *id;
	xmlChar *text;
	int ret;

	if (!child || !lib_hi1_is(child, ETSI_CORE, "ObjectIdentifier"))
		return lib_hi1_fail(r->ctx, -EINVAL, node, "does not begin with an ObjectIdentifier");
	ret = lib_hi1_text(r->ctx, child, &text);
	if (ret)
		return ret;
	*o = json_object_new_object();
	id = json_object_new_string((char *)text);
	xmlFree(text);
	if (*o && id && !json_object_object_add(*o, "ObjectIdentifier", id))
		return 0;
	json_object_put(*o);
	json_object_put(id);
	return lib_hi1_no_memory(r);
}

static int keep_object(struct lib_hi1_reader *r, const struct lib_hi1_object *object)
{
	char shown[LIB_QUOTE_SIZE];
	struct lib_hi1_object *more;

	if (!object->id)
		return lib_hi1_fail(r->ctx, -EINVAL, object->node, "has no ObjectIdentifier");
	if (json_object_object_get_ex(r->ids, object->id, NULL))
		return lib_hi1_fail(r->ctx, -EINVAL, object->node, "is the second object in the message with the identifier %s",
				    lib_quote(shown, object->id, strlen(object->id)));
	more = reallocarray(r->objects, r->count + 1, sizeof(*more));
	if (!more)
		return lib_hi1_no_memory(r);
	r->objects = more;
	if (json_object_object_add(r->ids, object->id, json_object_new_int64(r->count)))
		return lib_hi1_no_memory(r);
	r->objects[r->count++] = *object;
	return 0;
}

static int read_object(struct lib_hi1_reader *r, xmlNode *node, enum libdmwarrant_hi1_action action)
{
	struct lib_hi1_object object = { .node = node, .action = action };
	int ret;

	ret = find_kind(r, node, &object.kind);
	if (ret)
		return ret;
	if (object.kind == HI1_OTHER) {
		ret = read_other(r, node, &object.json);
	} else {
		ret = lib_hi1_content(r->ctx, node, true);
		if (!ret)
			ret = lib_hi1_object(r->ctx, node, kinds[object.kind].members,
					     &object.json);
	}
	if (ret)
		return ret;
	object.id = json_object_get_string(json_object_object_get(object.json,
								  "ObjectIdentifier"));
	ret = keep_object(r, &object);
	if (ret)
		json_object_put(object.json);
	return ret;
}

/* ---- the message around them ---- */

struct action_name {
	const char			*name;
	enum libdmwarrant_hi1_action	action;
};

/* Those without an action have no objects, or none that say anything of a warrant. */
static const struct action_name actions[] = {
	{ "CREATE", LIBDMWARRANT_HI1_CREATE },
	{ "UPDATE", LIBDMWARRANT_HI1_UPDATE },
	{ "DELIVER", LIBDMWARRANT_HI1_STATE },
	{ "CREATEResponse", LIBDMWARRANT_HI1_STATE },
	{ "UPDATEResponse", LIBDMWARRANT_HI1_UPDATE },
	{ "GETResponse", LIBDMWARRANT_HI1_STATE },
	{ "GET", 0 }, { "LIST", 0 }, { "GETCSPCONFIG", 0 },
	{ "LISTResponse", 0 }, { "DELIVERResponse", 0 }, { "GETCSPCONFIGResponse", 0 },
	{ "ErrorInformation", 0 },
};

static int unknown(struct lib_hi1_reader *r, const xmlNode *node)
{
	return lib_hi1_fail(r->ctx, -EINVAL, node, "is not known in %s",
			    (const char *)node->parent->name);
}

static int read_action(struct lib_hi1_reader *r, xmlNode *node)
{
	xmlNode *child;
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (lib_hi1_is(node, ETSI_CORE, actions[i].name))
			break;
	if (i == ARRAY_SIZE(actions))
		return unknown(r, node);
	if (!actions[i].action)
		return 0;
	ret = lib_hi1_content(r->ctx, node, false);
	for (child = lib_hi1_first(node); !ret && child; child = lib_hi1_next(child)) {
		if (lib_hi1_is(child, ETSI_CORE, "HI1Object"))
			ret = read_object(r, child, actions[i].action);
		else if (!lib_hi1_is(child, ETSI_CORE, "Identifier"))
			ret = unknown(r, child);
	}
	return ret;
}

/* ActionRequest or ActionResponse: an identifier, and an action. */
static int read_step(struct lib_hi1_reader *r, xmlNode *node)
{
	xmlNode *child;
	int ret;

	ret = lib_hi1_content(r->ctx, node, false);
	for (child = lib_hi1_first(node); !ret && child; child = lib_hi1_next(child))
		if (!lib_hi1_is(child, ETSI_CORE, "ActionIdentifier"))
			ret = read_action(r, child);
	return ret;
}

static int read_steps(struct lib_hi1_reader *r, xmlNode *node, const char *step)
{
	xmlNode *child;
	int ret;

	ret = lib_hi1_content(r->ctx, node, false);
	for (child = lib_hi1_first(node); !ret && child; child = lib_hi1_next(child))
		ret = lib_hi1_is(child, ETSI_CORE, step) ? read_step(r, child) : unknown(r, child);
	return ret;
}

/* The one element in @node. */
static int only_child(struct lib_hi1_reader *r, const xmlNode *node, xmlNode **child)
{
	int ret;

	ret = lib_hi1_content(r->ctx, node, false);
	if (ret)
		return ret;
	*child = lib_hi1_first(node);
	if (!*child || lib_hi1_next(*child))
		return lib_hi1_fail(r->ctx, -EINVAL, node, "must have exactly one element in it");
	return 0;
}

static int read_payload(struct lib_hi1_reader *r, const xmlNode *node)
{
	xmlNode *payload, *list;
	int ret;

	ret = only_child(r, node, &payload);
	if (!ret)
		ret = only_child(r, payload, &list);
	if (ret)
		return ret;
	if (lib_hi1_is(payload, ETSI_CORE, "RequestPayload") &&
	    lib_hi1_is(list, ETSI_CORE, "ActionRequests"))
		return read_steps(r, list, "ActionRequest");
	if (!lib_hi1_is(payload, ETSI_CORE, "ResponsePayload"))
		return unknown(r, payload);
	if (lib_hi1_is(list, ETSI_CORE, "ActionResponses"))
		return read_steps(r, list, "ActionResponse");
	return lib_hi1_is(list, ETSI_CORE, "ErrorInformation") ? 0 : unknown(r, list);
}

const char *lib_hi1_member(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static void set_endpoint(char *to, size_t size, struct json_object *endpoint)
{
	const char *from = lib_hi1_member(endpoint, "UniqueIdentifier");
	size_t at = snprintf(to, size, "%s ", lib_hi1_member(endpoint, "CountryCode")), n;
	u32 c;

	/* Whole characters, and of line ends and tabs not even those. */
	for (; *from; from += n, at += n) {
		n = lib_utf8_next(from, strlen(from), &c);
		if (at + n >= size)
			break;
		memcpy(to + at, lib_is_control(c) ? " " : from, n);
	}
	to[at] = 0;
}

static int missing_in(struct lib_hi1_reader *r, const xmlNode *node, struct json_object *o,
		      const struct lib_etsi_member *m)
{
	struct json_object *inner;
	int ret = 0;

	for (; !ret && m; m = lib_etsi_next(m)) {
		if (!json_object_object_get_ex(o, m->name, &inner)) {
			if (m->flags & ETSI_NEEDED)
				ret = lib_hi1_fail(r->ctx, -EINVAL, node, "has no %s", m->name);
		} else if (m->type == ETSI_OBJECT) {
			ret = missing_in(r, node, inner, m->of);
		}
	}
	return ret;
}

static int read_header(struct lib_hi1_reader *r, xmlNode *node)
{
	struct libdmwarrant_hi1_message *m = r->message;
	struct json_object *o;
	int ret;

	ret = lib_hi1_content(r->ctx, node, false);
	if (!ret)
		ret = lib_hi1_object(r->ctx, node, lib_etsi_header, &o);
	if (ret)
		return ret;
	ret = missing_in(r, node, o, lib_etsi_header);
	if (!ret) {
		lib_copy(m->transaction, sizeof(m->transaction),
			 lib_hi1_member(o, "TransactionIdentifier"));
		lib_copy(m->timestamp, sizeof(m->timestamp), lib_hi1_member(o, "Timestamp"));
		lib_copy(m->etsi, sizeof(m->etsi),
			 lib_hi1_member(json_object_object_get(o, "Version"), "ETSIVersion"));
		set_endpoint(m->sender, sizeof(m->sender),
			     json_object_object_get(o, "SenderIdentifier"));
		set_endpoint(m->receiver, sizeof(m->receiver),
			     json_object_object_get(o, "ReceiverIdentifier"));
	}
	json_object_put(o);
	return ret;
}

static bool is_signature(const xmlNode *node)
{
	return lib_hi1_is(node, ETSI_CORE, "Signature") ||
	       lib_hi1_is(node, ETSI_CORE, "Signatures") ||
	       (!strcmp((const char *)node->name, "Signature") && node->ns &&
		!strcmp((const char *)node->ns->href, LIB_HI1_DIGSIG));
}

static int read_message(struct lib_hi1_reader *r)
{
	xmlNode *root = xmlDocGetRootElement(r->doc), *header, *payload, *node;
	int ret;

	if (!root || !lib_hi1_is(root, ETSI_CORE, "HI1Message"))
		return lib_fail(r->ctx, -EINVAL, "HI-1 message: the root element is not HI1Message of %s",
				lib_etsi_namespace(ETSI_CORE));
	ret = lib_hi1_content(r->ctx, root, false);
	if (ret)
		return ret;
	header = lib_hi1_first(root);
	if (!header || !lib_hi1_is(header, ETSI_CORE, "Header"))
		return lib_hi1_fail(r->ctx, -EINVAL, root, "does not begin with a Header");
	payload = lib_hi1_next(header);
	if (!payload || !lib_hi1_is(payload, ETSI_CORE, "Payload"))
		return lib_hi1_fail(r->ctx, -EINVAL, root, "has no Payload behind its Header");
	for (node = lib_hi1_next(payload); node; node = lib_hi1_next(node)) {
		if (!is_signature(node))
			return unknown(r, node);
		r->message->has_signature = 1;
	}
	ret = read_header(r, header);
	return ret ? ret : read_payload(r, payload);
}

/* ---- parsing ---- */

static int parse(struct lib_hi1_reader *r, const char *xml, size_t size)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();
	const xmlError *e;
	char why[400], *c;
	int ret = 0;

	if (!parser)
		return lib_hi1_no_memory(r);
	r->doc = xmlCtxtReadMemory(parser, xml, size, NULL, "UTF-8", PARSE_OPTIONS);
	if (!r->doc) {
		e = xmlCtxtGetLastError(parser);
		lib_copy(why, sizeof(why), e && e->message ? e->message : "not well-formed");
		why[strcspn(why, "\n")] = 0;
		/* It quotes the message. */
		for (c = why; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		ret = lib_fail(r->ctx, -EINVAL, "HI-1 message: line %d: not well-formed XML: %s",
			       e ? e->line : 1, why);
	} else if (r->doc->intSubset || r->doc->extSubset) {
		ret = lib_fail(r->ctx, -EINVAL, "HI-1 message: it has a document type");
	}
	xmlFreeParserCtxt(parser);
	return ret;
}

static int read_all(struct lib_hi1_reader *r, const char *xml, size_t size)
{
	int ret;

	ret = lib_hi1_scan(r->ctx, xml, size);
	if (!ret)
		ret = parse(r, xml, size);
	if (!ret)
		ret = read_message(r);
	if (!ret)
		ret = lib_hi1_join(r);
	if (!ret)
		ret = lib_hi1_check_records(r);
	if (!ret)
		ret = lib_hi1_tell(r);
	return ret;
}

int libdmwarrant_hi1_read(struct libdmwarrant *ctx, const void *xml, size_t size,
			  const struct libdmwarrant_hi1_params *params,
			  struct libdmwarrant_hi1_message *message)
{
	struct libdmwarrant_hi1_message own = { .version = LIBDMWARRANT_HI1_VERSION };
	struct lib_hi1_reader r = { .ctx = ctx, .params = params, .message = &own };
	size_t i;
	int ret;

	if (params->version != LIBDMWARRANT_HI1_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_HI1_VERSION);
	if (message && message->version != LIBDMWARRANT_HI1_VERSION)
		return lib_fail_version(ctx, message->version, LIBDMWARRANT_HI1_VERSION);
	r.ids = json_object_new_object();
	r.joined = json_object_new_object();
	r.links = json_object_new_object();
	ret = r.ids && r.joined && r.links ? read_all(&r, xml, size) : lib_hi1_no_memory(&r);
	if (!ret && message)
		*message = own;
	for (i = 0; i < r.count; i++)
		json_object_put(r.objects[i].json);
	free(r.objects);
	json_object_put(r.ids);
	json_object_put(r.joined);
	json_object_put(r.links);
	xmlFreeDoc(r.doc);
	return ret;
}

int libdmwarrant_hi1_read_fd(struct libdmwarrant *ctx, int fd,
			     const struct libdmwarrant_hi1_params *params,
			     struct libdmwarrant_hi1_message *message)
{
	/* One byte more than is allowed, so that a message that is too large is noticed. */
	size_t max = LIBDMWARRANT_HI1_MAX + 1, size = 0;
	char *xml = malloc(max);
	ssize_t n;
	int ret;

	if (!xml)
		return lib_fail(ctx, -ENOMEM, "HI-1 message: not enough memory");
	do {
		n = read(fd, xml + size, max - size);
		size += n > 0 ? n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	ret = n < 0 ? lib_fail(ctx, -errno, "HI-1 message: cannot be read: %s", strerror(errno)) :
	      libdmwarrant_hi1_read(ctx, xml, size, params, message);
	free(xml);
	return ret;
}

const char *libdmwarrant_hi1_action_name(enum libdmwarrant_hi1_action action)
{
	static const char *const names[] = {
		[LIBDMWARRANT_HI1_CREATE] = "create",
		[LIBDMWARRANT_HI1_UPDATE] = "update",
		[LIBDMWARRANT_HI1_STATE] = "state",
		[LIBDMWARRANT_HI1_LINK] = "link",
	};

	return action < ARRAY_SIZE(names) && names[action] ? names[action] : "unknown";
}
