// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements of HI-1 as JSON, along the tables of etsi_schema.c. */
#include <ctype.h>
#include <stdarg.h>

#include "hi1.h"
#include "json.h"

int lib_hi1_fail(struct libdmwarrant *ctx, int err, const xmlNode *node, const char *fmt, ...)
{
	char why[800], name[LIB_QUOTE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return lib_fail(ctx, err, "HI-1 message: line %ld: element %s %s",
			xmlGetLineNo(node),
			lib_quote(name, (const char *)node->name, strlen((const char *)node->name)),
			why);
}

static const char *uri(const xmlNs *ns)
{
	return ns && ns->href ? (const char *)ns->href : "";
}

bool lib_hi1_is(const xmlNode *node, enum lib_etsi_ns ns, const char *name)
{
	return !strcmp((const char *)node->name, name) &&
	       !strcmp(uri(node->ns), lib_etsi_namespace(ns));
}

static xmlNode *element_from(xmlNode *node)
{
	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

xmlNode *lib_hi1_first(const xmlNode *node)
{
	return element_from(node->children);
}

xmlNode *lib_hi1_next(const xmlNode *node)
{
	return element_from(node->next);
}

/* ---- attributes ---- */

static bool is_xsi(const xmlAttr *a, const char *name)
{
	return !strcmp(uri(a->ns), LIB_HI1_XSI) && !strcmp((const char *)a->name, name);
}

/* Hints where a schema may be found change nothing, and are not followed. */
static bool is_hint(const xmlAttr *a)
{
	return is_xsi(a, "schemaLocation") || is_xsi(a, "noNamespaceSchemaLocation");
}

static int check_attributes(struct libdmwarrant *ctx, const xmlNode *node, bool typed)
{
	char shown[LIB_QUOTE_SIZE];
	const xmlAttr *a;

	for (a = node->properties; a; a = a->next)
		if (!is_hint(a) && !(typed && is_xsi(a, "type")))
			return lib_hi1_fail(ctx, -EINVAL, node, "must not have the attribute %s",
					    lib_quote(shown, (const char *)a->name,
						      strlen((const char *)a->name)));
	return 0;
}

/* White space around a QName is no part of it. */
static char *strip(xmlChar *text)
{
	char *t = (char *)text;
	size_t n;

	t += strspn(t, " \t\r\n");
	for (n = strlen(t); n && strchr(" \t\r\n", t[n - 1]); n--)
		t[n - 1] = 0;
	return t;
}

int lib_hi1_type(struct libdmwarrant *ctx, const xmlNode *node, const char **ns,
		 const char **name)
{
	xmlChar *value = xmlGetNsProp(node, BAD_CAST "type", BAD_CAST LIB_HI1_XSI);
	const char *prefix = NULL;
	char *local, *colon;
	const xmlNs *found;

	*name = NULL;
	if (!value)
		return 0;
	local = strip(value);
	colon = strchr(local, ':');
	if (colon) {
		*colon = 0;
		prefix = local;
		local = colon + 1;
	}
	found = xmlSearchNs(node->doc, (xmlNode *)node, BAD_CAST prefix);
	*ns = uri(found);
	/* In the document's dictionary it lives as long as the document. */
	*name = (const char *)xmlDictLookup(node->doc->dict, BAD_CAST local, -1);
	xmlFree(value);
	if (prefix && !found)
		return lib_hi1_fail(ctx, -EINVAL, node, "has an xsi:type with a prefix that is not declared");
	return *name ? 0 : lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
}

/* ---- text ---- */

static bool is_text(const xmlNode *node)
{
	return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

int lib_hi1_text(struct libdmwarrant *ctx, xmlNode *node, xmlChar **text)
{
	const xmlNode *child;
	xmlBuffer *buf = xmlBufferCreate();
	int ret = 0;

	/* A comment in the middle of a value must not end it. */
	for (child = node->children; buf && !ret && child; child = child->next) {
		if (child->type == XML_ELEMENT_NODE)
			ret = lib_hi1_fail(ctx, -EINVAL, node, "has elements in it; it must be text");
		else if (child->type == XML_ENTITY_REF_NODE)
			ret = lib_hi1_fail(ctx, -EINVAL, node, "has an entity in it");
		else if (is_text(child) && xmlBufferCat(buf, child->content))
			ret = lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
	}
	if (!ret) {
		*text = buf ? xmlBufferDetach(buf) : NULL;
		if (buf && !*text)
			*text = xmlStrdup(BAD_CAST "");
		if (!*text)
			ret = lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
	}
	xmlBufferFree(buf);
	return ret;
}

static bool is_blank(const xmlChar *text)
{
	return !text || text[strspn((const char *)text, " \t\r\n")] == 0;
}

int lib_hi1_content(struct libdmwarrant *ctx, const xmlNode *node, bool typed)
{
	const xmlNode *child;

	for (child = node->children; child; child = child->next)
		if ((is_text(child) && !is_blank(child->content)) ||
		    child->type == XML_ENTITY_REF_NODE)
			return lib_hi1_fail(ctx, -EINVAL, node, "has text between its elements");
	return check_attributes(ctx, node, typed);
}

/* ---- values ---- */

/* The error says where: once the object is known, nothing else does. */
static int wrong_value(struct libdmwarrant *ctx, const xmlNode *node, const char *text,
		       const char *must)
{
	char shown[LIB_QUOTE_SIZE];

	return lib_hi1_fail(ctx, -EINVAL, node, "is %s; it must be %s",
			    lib_quote(shown, text, strlen(text)), must);
}

static int number_value(struct libdmwarrant *ctx, xmlNode *node, const char *text,
			struct json_object **v)
{
	size_t n = strlen(text);

	/* At most 15 digits: an integer that every reader of JSON keeps. */
	if (!n || n > 15 || strspn(text, "0123456789") != n)
		return wrong_value(ctx, node, text, "an integer of at most 15 digits");
	*v = json_object_new_int64(strtoll(text, NULL, 10));
	return 0;
}

static int bool_value(struct libdmwarrant *ctx, xmlNode *node, const char *text,
		      struct json_object **v)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "1");

	if (!yes && strcmp(text, "false") && strcmp(text, "0"))
		return wrong_value(ctx, node, text, "true or false");
	*v = json_object_new_boolean(yes);
	return 0;
}

static int text_value(struct libdmwarrant *ctx, xmlNode *node, char *text,
		      const struct lib_etsi_member *m, struct json_object **v)
{
	const char *must;
	char *c;

	/* HI-1 allows both; records have one form, so that equal identifiers are equal text. */
	for (c = text; m->type == ETSI_UUID && *c; c++)
		*c = tolower((u8)*c);
	must = lib_etsi_wrong(m, text);
	if (must)
		return wrong_value(ctx, node, text, must);
	*v = json_object_new_string(text);
	return 0;
}

static int simple_value(struct libdmwarrant *ctx, xmlNode *node, const struct lib_etsi_member *m,
			struct json_object **v)
{
	xmlChar *text;
	char *value;
	int ret;

	ret = check_attributes(ctx, node, false);
	if (!ret)
		ret = lib_hi1_text(ctx, node, &text);
	if (ret)
		return ret;
	/* As XML Schema has it: white space around anything but strings does not count. */
	value = m->type <= ETSI_REFERENCE || m->type == ETSI_LIID ? (char *)text : strip(text);
	if (m->type == ETSI_NUMBER)
		ret = number_value(ctx, node, value, v);
	else if (m->type == ETSI_BOOL)
		ret = bool_value(ctx, node, value, v);
	else
		ret = text_value(ctx, node, value, m, v);
	xmlFree(text);
	return ret || *v ? ret : lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
}

/* ---- what no schema of ETSI describes ---- */

static int add(struct libdmwarrant *ctx, const xmlNode *node, struct json_object *o,
	       const char *name, struct json_object *v)
{
	if (v && !json_object_object_add(o, name, v))
		return 0;
	json_object_put(v);
	return lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
}

static int free_attribute(struct libdmwarrant *ctx, const xmlNode *node, const xmlAttr *a,
			  struct json_object *o)
{
	xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);
	char name[LIB_QUOTE_SIZE];
	int ret;

	snprintf(name, sizeof(name), "@%s", (const char *)a->name);
	if (json_object_object_get_ex(o, name, NULL))
		ret = lib_hi1_fail(ctx, -EINVAL, node, "has two attributes of one name");
	else
		ret = add(ctx, node, o, name,
			  json_object_new_string(value ? (const char *)value : ""));
	xmlFree(value);
	return ret;
}

/* xsi:type as TS 103 120 writes it in JSON: the prefix means nothing outside the message. */
static int free_attributes(struct libdmwarrant *ctx, const xmlNode *node, struct json_object *o)
{
	const char *ns, *name;
	char type[512];
	const xmlAttr *a;
	int ret;

	ret = lib_hi1_type(ctx, node, &ns, &name);
	if (!ret && name) {
		snprintf(type, sizeof(type), "{%s}%s", ns, name);
		ret = add(ctx, node, o, "@xsi:type", json_object_new_string(type));
	}
	for (a = node->properties; !ret && a; a = a->next)
		if (strcmp(uri(a->ns), LIB_HI1_XSI))
			ret = free_attribute(ctx, node, a, o);
	return ret;
}

static int free_value(struct libdmwarrant *ctx, xmlNode *node, struct json_object **v);

/* Elements that stand more than once become an array. */
static int free_child(struct libdmwarrant *ctx, xmlNode *child, struct json_object *o)
{
	const char *name = (const char *)child->name;
	struct json_object *v, *before, *array;
	int ret;

	ret = free_value(ctx, child, &v);
	if (ret)
		return ret;
	if (!json_object_object_get_ex(o, name, &before))
		return add(ctx, child, o, name, v);
	if (!json_object_is_type(before, json_type_array)) {
		array = json_object_new_array();
		if (!array || json_object_array_add(array, json_object_get(before)) ||
		    json_object_object_add(o, name, array)) {
			json_object_put(v);
			return lib_hi1_fail(ctx, -ENOMEM, child, "does not fit into memory");
		}
		before = array;
	}
	if (!json_object_array_add(before, v))
		return 0;
	json_object_put(v);
	return lib_hi1_fail(ctx, -ENOMEM, child, "does not fit into memory");
}

static int free_text(struct libdmwarrant *ctx, xmlNode *node, struct json_object **v)
{
	static const struct lib_etsi_member any = { .name = "", .type = ETSI_LONG };
	xmlChar *text;
	int ret;

	ret = lib_hi1_text(ctx, node, &text);
	if (ret)
		return ret;
	ret = text_value(ctx, node, (char *)text, &any, v);
	xmlFree(text);
	return ret;
}

static int free_members(struct libdmwarrant *ctx, xmlNode *node, struct json_object *o)
{
	struct json_object *text;
	xmlNode *child = lib_hi1_first(node);
	int ret;

	ret = free_attributes(ctx, node, o);
	if (!ret && !child) {
		ret = free_text(ctx, node, &text);
		if (!ret)
			ret = add(ctx, node, o, "#text", text);
	}
	for (; !ret && child; child = lib_hi1_next(child))
		ret = free_child(ctx, child, o);
	return ret;
}

/* An element without attributes and elements is its text, any other an object. */
static int free_value(struct libdmwarrant *ctx, xmlNode *node, struct json_object **v)
{
	int ret;

	if (!node->properties && !lib_hi1_first(node))
		return free_text(ctx, node, v);
	*v = json_object_new_object();
	if (!*v)
		return lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
	ret = free_members(ctx, node, *v);
	if (ret)
		json_object_put(*v);
	return ret;
}

/* ---- objects ---- */

static int read_value(struct libdmwarrant *ctx, xmlNode *node, const struct lib_etsi_member *m,
		      struct json_object **v)
{
	int ret;

	*v = NULL;
	switch (m->type) {
	case ETSI_OBJECT:
	case ETSI_DICTIONARY:
		ret = lib_hi1_content(ctx, node, false);
		if (ret)
			return ret;
		return lib_hi1_object(ctx, node,
				      m->type == ETSI_OBJECT ? m->of : lib_etsi_entry, v);
	case ETSI_NATIONAL:
	case ETSI_FREE:
		return free_value(ctx, node, v);
	default:
		return simple_value(ctx, node, m, v);
	}
}

static const struct lib_etsi_member *find_member(const xmlNode *node,
						 const struct lib_etsi_member *members)
{
	enum lib_etsi_ns ns;

	for (ns = ETSI_CORE; ns < ETSI_OURS; ns++)
		if (!strcmp(uri(node->ns), lib_etsi_namespace(ns)))
			return lib_etsi_member(members, ns, (const char *)node->name);
	return NULL;
}

static int append(struct libdmwarrant *ctx, const xmlNode *node, struct json_object *o,
		  const char *name, struct json_object *v)
{
	struct json_object *array;
	int ret = 0;

	if (!json_object_object_get_ex(o, name, &array)) {
		array = json_object_new_array();
		ret = add(ctx, node, o, name, array);
	}
	if (!ret && !json_object_array_add(array, v))
		return 0;
	json_object_put(v);
	return ret ? ret : lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
}

static int read_member(struct libdmwarrant *ctx, xmlNode *child,
		       const struct lib_etsi_member *members, struct json_object *o)
{
	const struct lib_etsi_member *m = find_member(child, members);
	char shown[LIB_QUOTE_SIZE];
	struct json_object *v;
	int ret;

	if (!m)
		return lib_hi1_fail(ctx, -EINVAL, child, "of namespace %s is not known in %s",
				    lib_quote(shown, uri(child->ns), strlen(uri(child->ns))),
				    (const char *)child->parent->name);
	if (!(m->flags & ETSI_MANY) && json_object_object_get_ex(o, m->name, NULL))
		return lib_hi1_fail(ctx, -EINVAL, child, "stands twice");
	ret = read_value(ctx, child, m, &v);
	if (!ret && lib_hi1_is(child, ETSI_DOC, "DocumentBody")) {
		ret = lib_hi1_body(ctx, child, v);
		if (ret)
			json_object_put(v);
	}
	if (ret)
		return ret;
	return m->flags & ETSI_MANY ? append(ctx, child, o, m->name, v) :
	       add(ctx, child, o, m->name, v);
}

int lib_hi1_object(struct libdmwarrant *ctx, xmlNode *node, const struct lib_etsi_member *members,
		   struct json_object **o)
{
	xmlNode *child;
	int ret = 0;

	*o = json_object_new_object();
	if (!*o)
		return lib_hi1_fail(ctx, -ENOMEM, node, "does not fit into memory");
	for (child = lib_hi1_first(node); !ret && child; child = lib_hi1_next(child))
		/* Not kept: lib_hi1_body() looks at them. */
		if (!lib_hi1_is(child, ETSI_DOC, "Contents") ||
		    !lib_hi1_is(node, ETSI_DOC, "DocumentBody"))
			ret = read_member(ctx, child, members, *o);
	if (ret)
		json_object_put(*o);
	return ret;
}
