/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as this library takes it and writes it; text that comes from others, shown to people. */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <json-c/json.h>

#include "lib_private.h"

#define LIB_JSON_DEPTH	16	/* objects and arrays inside each other */
#define LIB_QUOTE_SIZE	80	/* of a text shown by lib_quote(), with the final NUL */

/* json.c */

/**
 * lib_json_parse() - read JSON text, strictly
 * @ctx:  for the error, which names line and column
 * @what: the text is, for the error: "warrant"
 * @text: need not end with a NUL
 * @size: bytes of it
 * @max:  bytes that are allowed
 * @o:    receives the value; json_object_put() it
 *
 * RFC 8259 to the letter, and stricter where a reader could be misled: a member that stands twice,
 * text that is not valid UTF-8, U+0000 and other control characters than tab, line feed and
 * carriage return, half of a surrogate pair, integers beyond 64 bits, numbers beyond a double, and
 * nesting deeper than LIB_JSON_DEPTH are refused. Numbers with a fraction or an exponent keep the
 * digits they were written with.
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int lib_json_parse(struct libdmwarrant *ctx, const char *what, const char *text, size_t size,
		   size_t max, struct json_object **o);

/**
 * lib_json_canonical() - the shortest text, members in the order of their bytes
 *
 * Two values that are the same have the same text, save for fractions, which stay as written.
 *
 * Return: free() it; NULL = no memory.
 */
char *lib_json_canonical(struct json_object *o);

/* text.c */

/**
 * lib_utf8_next() - take one character from UTF-8 text
 * @text: at least one byte
 * @size: bytes there are
 * @c:    receives the character
 *
 * Return: bytes it takes; 0 = not valid UTF-8 (overlong, surrogate, beyond U+10FFFF, cut off).
 */
size_t lib_utf8_next(const char *text, size_t size, u32 *c);

/** lib_utf8_length() - characters of a text; -1 = not valid UTF-8 */
ssize_t lib_utf8_length(const char *text, size_t size);

/** lib_is_control() - a character that may steer a terminal or end a line */
static inline bool lib_is_control(u32 c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/**
 * lib_quote() - text of others for an error: in quotes, shortened, safe for any terminal
 * @out:  receives it
 * @text: any bytes
 * @size: how many
 *
 * Return: @out.
 */
const char *lib_quote(char out[LIB_QUOTE_SIZE], const char *text, size_t size);

#endif
