// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of others: UTF-8 and nothing that only looks like it, and how it is shown. */
#include "json.h"

/* Smallest character that needs so many bytes: what could have been shorter is refused. */
static const u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

size_t lib_utf8_next(const char *text, size_t size, u32 *c)
{
	const u8 *b = (const u8 *)text;
	size_t n, i;

	*c = b[0];
	if (b[0] < 0x80)
		return 1;
	n = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
	if (b[0] < 0xc0 || b[0] >= 0xf8 || n > size)
		return 0;
	*c = b[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (b[i] & 0x3f);
	}
	if (*c < smallest[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return n;
}

ssize_t lib_utf8_length(const char *text, size_t size)
{
	ssize_t length = 0;
	size_t n;
	u32 c;

	for (; size; size -= n, text += n, length++) {
		n = lib_utf8_next(text, size, &c);
		if (!n)
			return -1;
	}
	return length;
}

const char *lib_quote(char out[LIB_QUOTE_SIZE], const char *text, size_t size)
{
	/* Room for one escaped byte, and for what follows the loop. */
	const char *end = out + LIB_QUOTE_SIZE - sizeof("\\xff...\"");
	char *to = out;

	*to++ = '"';
	for (; size && to < end; size--, text++) {
		if (*text >= ' ' && *text < 0x7f && *text != '"' && *text != '\\')
			*to++ = *text;
		else
			to += sprintf(to, "\\x%02x", (u8)*text);
	}
	sprintf(to, size ? "...\"" : "\"");
	return out;
}
