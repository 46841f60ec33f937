// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON, read strictly. json-c's own parser takes the last of members that stand twice, and much
 * else that another reader would take differently; here every text has one meaning or none. What
 * is read becomes json-c's objects.
 */
#include <ctype.h>
#include <locale.h>

#include "json.h"

#define NUMBER_MAX	64	/* characters of a number with a fraction or an exponent */

/**
 * struct parser - a text being read
 * @p:     next byte
 * @depth: objects and arrays that @p is in
 * @buf:   for the string being read: as large as the text, since unescaping never makes it longer
 */
struct parser {
	struct libdmwarrant	*ctx;
	const char		*what;
	const char		*start;
	const char		*p;
	const char		*end;
	unsigned int		depth;
	char			*buf;
};

static int wrong(struct parser *p, const char *why)
{
	unsigned int line = 1, column = 1;
	const char *c;

	for (c = p->start; c < p->p; c++, column++)
		if (*c == '\n') {
			line++;
			column = 0;
		}
	return lib_fail(p->ctx, -EINVAL, "%s: not valid JSON: line %u, column %u: %s", p->what,
			line, column, why);
}

static void skip_space(struct parser *p)
{
	while (p->p < p->end && (*p->p == ' ' || *p->p == '\t' || *p->p == '\n' || *p->p == '\r'))
		p->p++;
}

static bool next_is(struct parser *p, char c)
{
	skip_space(p);
	return p->p < p->end && *p->p == c;
}

static bool take(struct parser *p, char c)
{
	if (!next_is(p, c))
		return false;
	p->p++;
	return true;
}

/* ---- strings ---- */

/* Four hex digits. Return: -1 = none. */
static int hex4(struct parser *p)
{
	u8 b[2];

	if (p->end - p->p < 4 || lib_unhex(b, p->p, 2))
		return -1;
	p->p += 4;
	return b[0] << 8 | b[1];
}

static int take_unicode(struct parser *p, u32 *c)
{
	int high = hex4(p), low;

	if (high < 0)
		return wrong(p, "\\u needs four hex digits");
	*c = high;
	if (high < 0xd800 || high >= 0xe000)
		return 0;
	low = high < 0xdc00 && p->end - p->p > 2 && p->p[0] == '\\' && p->p[1] == 'u' ? 0 : -1;
	if (!low) {
		p->p += 2;
		low = hex4(p);
	}
	if (low < 0xdc00 || low >= 0xe000)
		return wrong(p, "half of a surrogate pair");
	*c = 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
	return 0;
}

static int take_escape(struct parser *p, u32 *c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (p->p == p->end)
		return wrong(p, "the string does not end");
	if (*p->p == 'u') {
		p->p++;
		return take_unicode(p, c);
	}
	at = memchr(from, *p->p, sizeof(from) - 1);
	if (!at)
		return wrong(p, "no such escape");
	p->p++;
	*c = to[at - from];
	return 0;
}

static size_t put_utf8(char *to, u32 c)
{
	if (c < 0x80) {
		to[0] = c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = 0xc0 | c >> 6;
		to[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		to[0] = 0xe0 | c >> 12;
		to[1] = 0x80 | (c >> 6 & 0x3f);
		to[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	to[0] = 0xf0 | c >> 18;
	to[1] = 0x80 | (c >> 12 & 0x3f);
	to[2] = 0x80 | (c >> 6 & 0x3f);
	to[3] = 0x80 | (c & 0x3f);
	return 4;
}

static int take_character(struct parser *p, u32 *c)
{
	size_t n;
	int ret;

	if (*p->p == '\\') {
		p->p++;
		ret = take_escape(p, c);
		if (ret)
			return ret;
	} else {
		n = lib_utf8_next(p->p, p->end - p->p, c);
		if (!n)
			return wrong(p, "not valid UTF-8");
		if (*c < ' ')
			return wrong(p, "a control character in a string; escape it");
		p->p += n;
	}
	if (lib_is_control(*c) && *c != '\t' && *c != '\n' && *c != '\r')
		return wrong(p, "a control character that is neither tab nor line end");
	return 0;
}

/* The string at the opening quote, to @p->buf. Return: its length, or a negative errno. */
static ssize_t take_string(struct parser *p)
{
	size_t n = 0;
	u32 c;
	int ret;

	p->p++;
	while (p->p < p->end && *p->p != '"') {
		ret = take_character(p, &c);
		if (ret)
			return ret;
		n += put_utf8(p->buf + n, c);
	}
	if (p->p == p->end)
		return wrong(p, "the string does not end");
	p->p++;
	p->buf[n] = 0;
	return n;
}

/* ---- values ---- */

static int made(struct json_object *v, struct json_object **o)
{
	*o = v;
	return v ? 0 : -ENOMEM;
}

static int parse_string(struct parser *p, struct json_object **o)
{
	ssize_t n = take_string(p);

	return n < 0 ? n : made(json_object_new_string_len(p->buf, n), o);
}

static bool take_digits(struct parser *p)
{
	const char *from = p->p;

	while (p->p < p->end && isdigit((u8)*p->p))
		p->p++;
	return p->p > from;
}

/* Return: what is wrong; NULL = p->p is behind a number. */
static const char *take_number(struct parser *p, bool *integer)
{
	const char *digits;

	*integer = true;
	if (*p->p == '-')
		p->p++;
	digits = p->p;
	if (!take_digits(p))
		return "expected a value";
	if (*digits == '0' && p->p > digits + 1)
		return "a number must not begin with 0";
	if (p->p < p->end && *p->p == '.') {
		*integer = false;
		p->p++;
		if (!take_digits(p))
			return "expected digits behind the point";
	}
	if (p->p < p->end && (*p->p == 'e' || *p->p == 'E')) {
		*integer = false;
		p->p++;
		if (p->p < p->end && (*p->p == '+' || *p->p == '-'))
			p->p++;
		if (!take_digits(p))
			return "expected digits of the exponent";
	}
	return NULL;
}

/* The caller's locale must not decide what a number is. Return: false = beyond a double. */
static bool to_double(const char *text, double *value)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", NULL);

	if (!c)
		return false;
	*value = strtod_l(text, NULL, c);
	freelocale(c);
	return *value <= __DBL_MAX__ && *value >= -__DBL_MAX__;
}

static int parse_number(struct parser *p, struct json_object **o)
{
	const char *from = p->p, *why;
	char text[NUMBER_MAX + 1];
	long long integer;
	bool is_integer;
	double value;

	why = take_number(p, &is_integer);
	if (why)
		return wrong(p, why);
	if (p->p - from > NUMBER_MAX)
		return wrong(p, "a number of more than 64 characters");
	memcpy(text, from, p->p - from);
	text[p->p - from] = 0;
	if (!is_integer) {
		if (!to_double(text, &value))
			return wrong(p, "a number out of range");
		return made(json_object_new_double_s(value, text), o);
	}
	errno = 0;
	integer = strtoll(text, NULL, 10);
	if (errno)
		return wrong(p, "an integer beyond 64 bits");
	return made(json_object_new_int64(integer), o);
}

static bool take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->p) < n || memcmp(p->p, word, n))
		return false;
	p->p += n;
	return true;
}

static int parse_value(struct parser *p, struct json_object **o);

static int parse_array(struct parser *p, struct json_object *array)
{
	struct json_object *element;
	int ret;

	if (take(p, ']'))
		return 0;
	do {
		ret = parse_value(p, &element);
		if (ret)
			return ret;
		if (json_object_array_add(array, element)) {
			json_object_put(element);
			return -ENOMEM;
		}
	} while (take(p, ','));
	return take(p, ']') ? 0 : wrong(p, "expected , or ]");
}

static int parse_member(struct parser *p, struct json_object *object)
{
	struct json_object *value;
	char text[128], quoted[LIB_QUOTE_SIZE], *name;
	ssize_t n;
	int ret;

	if (!next_is(p, '"'))
		return wrong(p, "expected the name of a member");
	n = take_string(p);
	if (n < 0)
		return n;
	if (json_object_object_get_ex(object, p->buf, NULL)) {
		snprintf(text, sizeof(text), "the member %s stands twice",
			 lib_quote(quoted, p->buf, n));
		return wrong(p, text);
	}
	name = strdup(p->buf);
	if (!name)
		return -ENOMEM;
	ret = take(p, ':') ? parse_value(p, &value) : wrong(p, "expected :");
	if (!ret && json_object_object_add(object, name, value)) {
		json_object_put(value);
		ret = -ENOMEM;
	}
	free(name);
	return ret;
}

static int parse_object(struct parser *p, struct json_object *object)
{
	int ret;

	if (take(p, '}'))
		return 0;
	do {
		ret = parse_member(p, object);
		if (ret)
			return ret;
	} while (take(p, ','));
	return take(p, '}') ? 0 : wrong(p, "expected , or }");
}

/* An object or array at its opening bracket. */
static int parse_inside(struct parser *p, struct json_object **o)
{
	bool object = *p->p++ == '{';
	int ret;

	if (p->depth == LIB_JSON_DEPTH)
		return wrong(p, "nested too deeply");
	*o = object ? json_object_new_object() : json_object_new_array();
	if (!*o)
		return -ENOMEM;
	p->depth++;
	ret = object ? parse_object(p, *o) : parse_array(p, *o);
	p->depth--;
	if (ret)
		json_object_put(*o);
	return ret;
}

static int parse_value(struct parser *p, struct json_object **o)
{
	skip_space(p);
	if (p->p == p->end)
		return wrong(p, "the text ends too early");
	if (*p->p == '{' || *p->p == '[')
		return parse_inside(p, o);
	if (*p->p == '"')
		return parse_string(p, o);
	if (take_word(p, "true"))
		return made(json_object_new_boolean(true), o);
	if (take_word(p, "false"))
		return made(json_object_new_boolean(false), o);
	if (take_word(p, "null")) {
		*o = NULL;	/* as json-c has it */
		return 0;
	}
	return parse_number(p, o);
}

int lib_json_parse(struct libdmwarrant *ctx, const char *what, const char *text, size_t size,
		   size_t max, struct json_object **o)
{
	struct parser p = { .ctx = ctx, .what = what, .start = text, .p = text,
			    .end = text + size };
	int ret;

	if (size > max)
		return lib_fail(ctx, -EINVAL, "%s: %zu bytes of JSON; at most %zu are allowed",
				what, size, max);
	p.buf = malloc(size + 1);
	ret = p.buf ? parse_value(&p, o) : -ENOMEM;
	if (!ret) {
		skip_space(&p);
		if (p.p < p.end) {
			ret = wrong(&p, "more text behind the value");
			json_object_put(*o);
		}
	}
	free(p.buf);
	if (ret == -ENOMEM)
		return lib_fail(ctx, ret, "%s: not enough memory", what);
	return ret;
}

/* ---- writing ---- */

static void write_string(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", f);
		else if (*text == '\t')
			fputs("\\t", f);
		else if ((u8)*text < ' ')
			fprintf(f, "\\u%04x", *text);
		else
			fputc(*text, f);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int write_value(FILE *f, struct json_object *o);

static int write_object(FILE *f, struct json_object *o)
{
	size_t count = json_object_object_length(o), i = 0;
	const char **names = calloc(count + 1, sizeof(*names));
	int ret = 0;

	if (!names)
		return -ENOMEM;
	json_object_object_foreach(o, name, value) {
		(void)value;
		names[i++] = name;
	}
	qsort(names, count, sizeof(*names), by_name);
	fputc('{', f);
	for (i = 0; !ret && i < count; i++) {
		fputs(i ? ",\"" : "\"", f);
		write_string(f, names[i]);
		fputs("\":", f);
		ret = write_value(f, json_object_object_get(o, names[i]));
	}
	fputc('}', f);
	free(names);
	return ret;
}

static int write_array(FILE *f, struct json_object *o)
{
	size_t i;
	int ret = 0;

	fputc('[', f);
	for (i = 0; !ret && i < json_object_array_length(o); i++) {
		if (i)
			fputc(',', f);
		ret = write_value(f, json_object_array_get_idx(o, i));
	}
	fputc(']', f);
	return ret;
}

static int write_value(FILE *f, struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_object:
		return write_object(f, o);
	case json_type_array:
		return write_array(f, o);
	case json_type_string:
		fputc('"', f);
		write_string(f, json_object_get_string(o));
		fputc('"', f);
		return 0;
	default:
		fputs(json_object_to_json_string(o), f);
		return 0;
	}
}

char *lib_json_canonical(struct json_object *o)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool failed;

	if (!f)
		return NULL;
	failed = write_value(f, o) || ferror(f);
	if (fclose(f) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
