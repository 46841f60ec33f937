// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and showing tags. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tag.h"

/* Case data is no argument: all users of the host can read those. */
int cli_tag_metadata(struct cli *c, const char *path, char *text, size_t size)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t n;

	if (!f)
		return cli_usage(c, "cannot open %s: %s", path, strerror(errno));
	n = fread(text, 1, size, f);
	if (ferror(f)) {
		fclose(f);
		return cli_usage(c, "cannot read %s: %s", path, strerror(errno));
	}
	if (f != stdin)
		fclose(f);
	if (n == size)
		return cli_usage(c, "%s has more than %zu bytes", path, size - 1);
	if (memchr(text, 0, n))
		return cli_usage(c, "%s is not text: it has a NUL byte", path);
	text[n] = 0;
	return 0;
}

void cli_tag_set(struct json_object *o, const struct libdmwarrant_tag *t)
{
	struct json_object *metadata = t->metadata[0] ? json_tokener_parse(t->metadata) : NULL;

	cli_set_u64(o, "tag", t->tag);
	cli_set_text(o, "name", t->name);
	cli_set_text(o, "state", libdmwarrant_tag_state_name(t->state));
	if (t->created)
		cli_set_time(o, "created", t->created);
	if (t->changed)
		cli_set_time(o, "changed", t->changed);
	json_object_object_add(o, "metadata", metadata);
}

/* ---- ranges ---- */

static const struct {
	char		letter;
	unsigned int	shift;
} units[] = {
	{ 'K', 10 }, { 'M', 20 }, { 'G', 30 }, { 'T', 40 },
};

/* "17" is sectors, "4M" is bytes. Return: sectors, or UINT64_MAX: neither. */
static uint64_t parse_sectors(const char *text, const char *end)
{
	unsigned long long n;
	char *rest;
	size_t i;

	errno = 0;
	n = strtoull(text, &rest, 10);
	if (errno || *text < '0' || *text > '9' || n >> 44)
		return UINT64_MAX;
	if (rest == end)
		return n;
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (*rest == units[i].letter && rest + 1 == end && n >> (63 - units[i].shift) == 0) {
			n <<= units[i].shift;
			return n % LIBDMWARRANT_SECTOR_SIZE ? UINT64_MAX :
			       n / LIBDMWARRANT_SECTOR_SIZE;
		}
	return UINT64_MAX;
}

int cli_tag_range(struct cli *c, const char *text, uint64_t *start, uint64_t *length)
{
	const char *colon = strchr(text, ':');

	if (colon) {
		*start = parse_sectors(text, colon);
		*length = parse_sectors(colon + 1, colon + 1 + strlen(colon + 1));
		if (*start != UINT64_MAX && *length != UINT64_MAX && *length)
			return 0;
	}
	return cli_usage(c, "%s is not a range START:LENGTH, in sectors of 4096 bytes, or in bytes with K, M, G or T behind them",
			 text);
}

/* ---- text of others ---- */

/* Length of the valid, printable UTF-8 character there; 0 = it is none. */
static size_t printable(const unsigned char *p)
{
	static const unsigned char lead[] = { 0xc2, 0xe0, 0xf0 }, mask[] = { 0xe0, 0xf0, 0xf8 };
	uint32_t ch;
	size_t n, i;

	if (p[0] >= 0x20 && p[0] < 0x7f && p[0] != '\\')
		return 1;
	for (n = 0; n < 3; n++)
		if ((p[0] & mask[n]) == (lead[n] & mask[n]) && p[0] >= lead[n])
			break;
	if (n == 3)
		return 0;
	ch = p[0] & ~mask[n] & 0xff;
	for (i = 1; i <= n + 1; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		ch = ch << 6 | (p[i] & 0x3f);
	}
	/* Overlong, C1 controls, surrogates, beyond Unicode. */
	if (ch < 0xa0 || (n == 1 && ch < 0x800) || (n == 2 && (ch < 0x10000 || ch > 0x10ffff)) ||
	    (ch >= 0xd800 && ch < 0xe000))
		return 0;
	return n + 2;
}

/* A path as it can be shown anywhere: other bytes, and backslashes, as \xNN. Free it. */
char *cli_printable(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	char *out = malloc(4 * strlen(text) + 1), *to = out;
	size_t n;

	for (; out && *p; p += n ? n : 1) {
		n = printable(p);
		if (n) {
			memcpy(to, p, n);
			to += n;
		} else {
			to += sprintf(to, "\\x%02x", *p);
		}
	}
	if (out)
		*to = 0;
	return out;
}
