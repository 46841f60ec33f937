/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How SSH writes things down: strings with their length, numbers, base64. RFC 4251, section 5. */
#ifndef LIB_SSH_WIRE_H
#define LIB_SSH_WIRE_H

#include "lib_private.h"

/**
 * struct lib_wire - bytes being read, or being written
 * @at:    next byte
 * @left:  bytes from there on
 * @wrong: something was missing, too long or not written as it must be; sticks
 */
struct lib_wire {
	u8	*at;
	size_t	left;
	bool	wrong;
};

/** struct lib_bytes - a part of what is being read */
struct lib_bytes {
	const u8	*p;
	size_t		size;
};

struct lib_wire lib_wire(const void *p, size_t size);
u8 lib_wire_u8(struct lib_wire *w);
u32 lib_wire_u32(struct lib_wire *w);
struct lib_bytes lib_wire_string(struct lib_wire *w);
struct lib_bytes lib_wire_mpint(struct lib_wire *w);
bool lib_wire_done(const struct lib_wire *w);
bool lib_bytes_are(struct lib_bytes b, const char *text);

void lib_wire_put(struct lib_wire *w, const void *p, size_t size);
void lib_wire_put_u32(struct lib_wire *w, u32 value);
void lib_wire_put_string(struct lib_wire *w, const void *p, size_t size);

#endif
