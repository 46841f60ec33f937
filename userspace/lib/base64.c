// SPDX-License-Identifier: GPL-2.0-or-later
/* Base64: what has two texts would have two names. */
#include <openssl/evp.h>

#include "base64.h"

void lib_base64(char *text, const void *data, size_t size)
{
	EVP_EncodeBlock((u8 *)text, data, size);
}

static int value_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? at - digits : -1;
}

ssize_t lib_unbase64(void *data, size_t max, const char *text, size_t size)
{
	size_t i, n = 0, pad = 0;
	u8 *to = data;
	u32 bits = 0;
	int v;

	while (pad < 2 && pad < size && text[size - 1 - pad] == '=')
		pad++;
	if (size % 4)
		return -EINVAL;
	for (i = 0; i < size - pad; i++) {
		v = value_of(text[i]);
		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | v;
		if (i % 4 == 0)
			continue;
		if (n == max)
			return -E2BIG;
		to[n++] = bits >> (6 - 2 * (i % 4));
	}
	/* Two texts for the same bytes would be two names for one key. */
	if (pad && bits & ((1U << (2 * pad)) - 1))
		return -EINVAL;
	return n;
}
