// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and writing as SSH does. What is wrong is noted, and found once, at the end. */
#include "ssh_wire.h"

struct lib_wire lib_wire(const void *p, size_t size)
{
	return (struct lib_wire){ .at = (u8 *)p, .left = size };
}

/* The next so many bytes; NULL = there are not so many. */
static u8 *take(struct lib_wire *w, size_t size)
{
	u8 *p = w->at;

	if (w->wrong || size > w->left) {
		w->wrong = true;
		return NULL;
	}
	w->at += size;
	w->left -= size;
	return p;
}

u8 lib_wire_u8(struct lib_wire *w)
{
	const u8 *p = take(w, 1);

	return p ? *p : 0;
}

u32 lib_wire_u32(struct lib_wire *w)
{
	const u8 *p = take(w, 4);

	return p ? (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3] : 0;
}

struct lib_bytes lib_wire_string(struct lib_wire *w)
{
	size_t size = lib_wire_u32(w);
	const u8 *p = take(w, size);

	return (struct lib_bytes){ .p = p, .size = p ? size : 0 };
}

/**
 * lib_wire_mpint() - a number, not negative; without the zero in front that its sign may need
 */
struct lib_bytes lib_wire_mpint(struct lib_wire *w)
{
	struct lib_bytes b = lib_wire_string(w);

	if (!b.size)
		return b;
	/* Negative, or longer than need be. */
	if (b.p[0] & 0x80 || (!b.p[0] && (b.size == 1 || !(b.p[1] & 0x80)))) {
		w->wrong = true;
		b.size = 0;
	} else if (!b.p[0]) {
		b.p++;
		b.size--;
	}
	return b;
}

/** lib_wire_done() - was all as it must be, and is nothing left? */
bool lib_wire_done(const struct lib_wire *w)
{
	return !w->wrong && !w->left;
}

bool lib_bytes_are(struct lib_bytes b, const char *text)
{
	return b.size == strlen(text) && !memcmp(b.p, text, b.size);
}

void lib_wire_put(struct lib_wire *w, const void *p, size_t size)
{
	u8 *to = take(w, size);

	if (to && size)
		memcpy(to, p, size);
}

void lib_wire_put_u32(struct lib_wire *w, u32 value)
{
	const u8 b[] = { value >> 24, value >> 16, value >> 8, value };

	lib_wire_put(w, b, sizeof(b));
}

void lib_wire_put_string(struct lib_wire *w, const void *p, size_t size)
{
	lib_wire_put_u32(w, size);
	lib_wire_put(w, p, size);
}
