/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 of RFC 4648, as keys, signatures and signed notes have it. */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include "lib_private.h"

/**
 * lib_base64() - with padding, on one line
 * @text: receives 4 * DIV_ROUND_UP(@size, 3) characters and a NUL
 * @data: what
 * @size: bytes of it
 */
void lib_base64(char *text, const void *data, size_t size);

/**
 * lib_unbase64() - decode, strictly: OpenSSL would take blanks and stray bits, too
 * @data: receives it
 * @max:  bytes that fit
 * @text: without white space; padding as RFC 4648 has it, unused bits zero
 * @size: characters of it
 *
 * Return: bytes; -EINVAL; -E2BIG.
 */
ssize_t lib_unbase64(void *data, size_t max, const char *text, size_t size);

#endif
