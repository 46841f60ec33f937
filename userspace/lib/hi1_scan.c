// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A look at the bytes of a message before an XML parser gets them. Parsers have had their worst
 * errors in document types, entities, encodings and floods of attributes; none of these has a place
 * in HI-1, so they never get that far.
 *
 * In well-formed XML a < begins markup, always, so markup can be told from text without parsing. Of
 * a text that is not well-formed this may make anything, within the limits: the parser refuses it.
 */
#include "hi1.h"
#include "json.h"

/**
 * struct scan - a text being looked at
 * @p:        next byte
 * @depth:    elements that are open
 * @markup:   pieces of it seen so far
 */
struct scan {
	struct libdmwarrant	*ctx;
	const char		*start;
	const char		*p;
	const char		*end;
	unsigned int		depth;
	unsigned int		markup;
};

static int refuse(struct scan *s, const char *why)
{
	unsigned int line = 1;
	const char *c;

	for (c = s->start; c < s->p; c++)
		line += *c == '\n';
	return lib_fail(s->ctx, -EINVAL, "HI-1 message: line %u: %s", line, why);
}

static bool next_is(const struct scan *s, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(s->end - s->p) >= n && !memcmp(s->p, text, n);
}

/* Behind the next @text, which is looked for from @skip bytes on. */
static int skip_to(struct scan *s, size_t skip, const char *text)
{
	const char *at = s->p + skip;

	for (; (at = memchr(at, *text, s->end - at)); at++)
		if ((size_t)(s->end - at) >= strlen(text) && !memcmp(at, text, strlen(text)))
			break;
	if (!at)
		return refuse(s, "what begins here does not end");
	s->p = at + strlen(text);
	return 0;
}

/* ---- bytes ---- */

static int check_text(struct scan *s)
{
	size_t n;
	u32 c;

	if (next_is(s, "\xfe\xff") || next_is(s, "\xff\xfe"))
		return refuse(s, "the encoding is UTF-16; it must be UTF-8");
	for (; s->p < s->end; s->p += n) {
		n = lib_utf8_next(s->p, s->end - s->p, &c);
		if (!n)
			return refuse(s, "not valid UTF-8");
		if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
			return refuse(s, "a control character");
	}
	s->p = s->start;
	return 0;
}

/* ---- markup ---- */

/* The value of @name in the XML declaration. Return: its length; 0 = not there. */
static size_t declared(const char *text, size_t size, const char *name, const char **value)
{
	const char *at = memmem(text, size, name, strlen(name)), *end = text + size, *quote;

	if (!at)
		return 0;
	for (at += strlen(name); at < end && *at != '"' && *at != '\''; at++)
		;
	if (at == end)
		return 0;
	quote = memchr(at + 1, *at, end - at - 1);
	if (!quote)
		return 0;
	*value = at + 1;
	return quote - *value;
}

static int scan_declaration(struct scan *s)
{
	const char *text = s->p, *value;
	size_t n;
	int ret;

	ret = skip_to(s, 2, "?>");
	if (ret)
		return ret;
	n = declared(text, s->p - text, "version", &value);
	if (n != 3 || memcmp(value, "1.0", 3))
		return refuse(s, "not XML 1.0");
	n = declared(text, s->p - text, "encoding", &value);
	if (n && (n != 5 || strncasecmp(value, "UTF-8", 5)) &&
	    (n != 8 || strncasecmp(value, "US-ASCII", 8)))
		return refuse(s, "the encoding must be UTF-8");
	return 0;
}

static int scan_tag(struct scan *s)
{
	const char *c;
	char quote = 0;

	for (c = s->p + 1; c < s->end && (quote || *c != '>'); c++) {
		if (*c == '<')
			return refuse(s, "a tag that does not end");
		if (c - s->p > LIB_HI1_TAG)
			return refuse(s, "a tag of more than 8192 bytes");
		if (quote ? *c == quote : *c == '"' || *c == '\'')
			quote = quote ? 0 : *c;
	}
	if (c == s->end)
		return refuse(s, "a tag that does not end");
	if (c[-1] != '/' && s->depth++ == LIB_HI1_DEPTH)
		return refuse(s, "elements nested more than 32 deep");
	s->p = c + 1;
	return 0;
}

static int scan_end_tag(struct scan *s)
{
	if (!s->depth)
		return refuse(s, "an end without a beginning");
	s->depth--;
	return skip_to(s, 2, ">");
}

static int scan_markup(struct scan *s)
{
	if (s->markup++ == LIB_HI1_MARKUP)
		return refuse(s, "more than 500000 tags: MessageTooLarge (3022)");
	if (next_is(s, "<!--"))
		return skip_to(s, 4, "-->");
	if (next_is(s, "<![CDATA["))
		return skip_to(s, 9, "]]>");
	if (next_is(s, "<!"))
		return refuse(s, "a document type declaration; neither DTDs nor entities are accepted");
	if (next_is(s, "<?"))
		return skip_to(s, 2, "?>");
	return next_is(s, "</") ? scan_end_tag(s) : scan_tag(s);
}

int lib_hi1_scan(struct libdmwarrant *ctx, const char *xml, size_t size)
{
	struct scan s = { .ctx = ctx, .start = xml, .p = xml, .end = xml + size };
	int ret;

	if (size > LIBDMWARRANT_HI1_MAX)
		return lib_fail(ctx, -EINVAL, "HI-1 message: more than %u bytes: MessageTooLarge (3022)",
				LIBDMWARRANT_HI1_MAX);
	ret = check_text(&s);
	if (!ret && next_is(&s, "\xef\xbb\xbf"))
		s.p += 3;
	if (!ret && next_is(&s, "<?xml") && s.end - s.p > 5 && strchr(" \t\r\n", s.p[5]))
		ret = scan_declaration(&s);
	while (!ret) {
		s.p = memchr(s.p, '<', s.end - s.p);
		if (!s.p)
			break;
		ret = scan_markup(&s);
	}
	return ret;
}
