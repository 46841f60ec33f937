// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel around the module's own files: see kernel.h. What parses and prints here does so as the
 * kernel does, odd cases included.
 */
#include "fuzz.h"
#include "device.h"

struct block_device fuzz_bdev;
struct work_struct *fuzz_works[FUZZ_WORKS];
u32 fuzz_fails_at;

void fuzz_queue(struct work_struct *work)
{
	int i;

	for (i = 0; fuzz_works[i] && fuzz_works[i] != work; i++)
		if (i == FUZZ_WORKS - 1)
			fail("more work than there can be");
	fuzz_works[i] = work;
}

int failing(int error)
{
	return fuzz_fails_at && !--fuzz_fails_at ? error : 0;
}

/* ---- memory: of one kind with the core's, to which some of it is given ---- */

void *kvzalloc(size_t size, int gfp)
{
	return failing(1) ? NULL : host_alloc(size);
}

void *kmalloc(size_t size, int gfp)
{
	/* not zeros: those who need them must ask for them */
	void *p = failing(1) ? NULL : host_alloc(size);

	return p ? memset(p, 0xa5, size) : NULL;
}

char *kstrdup(const char *s, int gfp)
{
	char *p = kmalloc(strlen(s) + 1, gfp);

	return p ? strcpy(p, s) : NULL;
}

void kfree(const void *p)
{
	dmw_host_free(NULL, (void *)p);
}

void kvfree(const void *p)
{
	kfree(p);
}

/* ---- text ---- */

int uuid_parse(const char *text, uuid_t *uuid)
{
	static const u8 at[16] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };
	u32 i;

	/* what follows the 36 characters is not looked at */
	for (i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' :
							      !isxdigit((u8)text[i]))
			return -EINVAL;
	for (i = 0; i < 16; i++)
		hex2bin(&uuid->b[i], text + at[i], 1);
	return 0;
}

/* A plus sign before and a newline behind are allowed. */
int kstrtou64(const char *s, unsigned int base, u64 *value)
{
	u64 v = 0;

	if (*s == '+')
		s++;
	if (!isdigit((u8)*s))
		return -EINVAL;
	for (; isdigit((u8)*s); s++)
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (u64)(*s - '0'), &v))
			return -ERANGE;
	if (*s == '\n')
		s++;
	if (*s)
		return -EINVAL;
	*value = v;
	return 0;
}

int kstrtou32(const char *s, unsigned int base, u32 *value)
{
	u64 v;
	int ret = kstrtou64(s, base, &v);

	if (ret)
		return ret;
	if (v > U32_MAX)
		return -ERANGE;
	*value = v;
	return 0;
}

static int hex_digit(char c)
{
	return isdigit((u8)c) ? c - '0' : isxdigit((u8)c) ? (c | 32) - 'a' + 10 : -1;
}

int hex2bin(u8 *to, const char *from, size_t count)
{
	int high, low;

	for (; count; count--, from += 2) {
		high = hex_digit(from[0]);
		low = high < 0 ? -1 : hex_digit(from[1]);
		if (low < 0)
			return -EINVAL;
		*to++ = high << 4 | low;
	}
	return 0;
}

char *bin2hex(char *to, const void *from, size_t count)
{
	const u8 *p = from;

	/* no NUL behind it */
	for (; count; count--, p++) {
		*to++ = "0123456789abcdef"[*p >> 4];
		*to++ = "0123456789abcdef"[*p & 15];
	}
	return to;
}

int match_string(const char * const *texts, size_t count, const char *text)
{
	size_t i;

	for (i = 0; i < count && texts[i]; i++)
		if (!strcmp(texts[i], text))
			return i;
	return -EINVAL;
}

static u32 put_hex(char *to, const u8 *p, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		sprintf(to + 2 * i, "%02x", p[i]);
	return 2 * count;
}

static u32 put_uuid(char *to, const u8 *p)
{
	static const u8 groups[] = { 4, 2, 2, 2, 6 };
	u32 i, n = 0;

	for (i = 0; i < sizeof(groups); p += groups[i++]) {
		if (i)
			to[n++] = '-';
		n += put_hex(to + n, p, groups[i]);
	}
	return n;
}

/* Of the kernel's formats those that are used; another one is a mistake in this file. */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	char out[16384];
	u32 n = 0, count;
	const char *s;
	va_list args;

	va_start(args, fmt);
	while (*fmt) {
		if (n > sizeof(out) - 256)
			fail("more is printed than there is room for");
		if (*fmt != '%') {
			out[n++] = *fmt++;
		} else if (!strncmp(fmt, "%s", 2)) {
			s = va_arg(args, const char *);
			if (strlen(s) > sizeof(out) / 2)
				fail("a long text is printed");
			n += sprintf(out + n, "%s", s);
			fmt += 2;
		} else if (!strncmp(fmt, "%u", 2)) {
			n += sprintf(out + n, "%u", va_arg(args, unsigned int));
			fmt += 2;
		} else if (!strncmp(fmt, "%llu", 4)) {
			n += sprintf(out + n, "%llu", va_arg(args, unsigned long long));
			fmt += 4;
		} else if (!strncmp(fmt, "%pUb", 4)) {
			n += put_uuid(out + n, va_arg(args, const u8 *));
			fmt += 4;
		} else if (!strncmp(fmt, "%*phN", 5)) {
			count = va_arg(args, int);
			n += put_hex(out + n, va_arg(args, const u8 *), count);
			fmt += 5;
		} else {
			fail("a format that is not known here: %s", fmt);
		}
	}
	va_end(args);
	if (!size)
		return 0;
	n = min_t(u32, n, size - 1);
	memcpy(buf, out, n);
	buf[n] = 0;
	return n;
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t n = strlen(from);

	if (!size)
		return -E2BIG;
	memcpy(to, from, min(n, size - 1));
	to[min(n, size - 1)] = 0;
	return n < size ? n : -E2BIG;
}

/* ---- device-mapper ---- */

const char *dm_shift_arg(struct dm_arg_set *as)
{
	if (!as->argc)
		return NULL;
	as->argc--;
	return *as->argv++;
}

int dm_read_arg_group(const struct dm_arg *arg, struct dm_arg_set *as, unsigned int *count,
		      char **error)
{
	const char *text = dm_shift_arg(as);
	char rest;

	if (text && sscanf(text, "%u%c", count, &rest) == 1 && *count >= arg->min &&
	    *count <= arg->max && *count <= as->argc)
		return 0;
	*error = arg->error;
	return -EINVAL;
}

/* As dm_split_args(): a backslash takes away the meaning of what follows it. */
int split_args(char *line, unsigned int *argc, char **argv, unsigned int most)
{
	char *out;

	for (*argc = 0;;) {
		while (isspace(*line))
			line++;
		if (!*line)
			return 0;
		if (*argc == most)
			return -E2BIG;
		argv[(*argc)++] = out = line;
		while (*line && !isspace(*line)) {
			if (*line == '\\' && line[1])
				line++;
			*out++ = *line++;
		}
		if (*line)
			line++;
		*out = 0;
	}
}

int dm_get_device(struct dm_target *ti, const char *path, blk_mode_t mode, struct dm_dev **dev)
{
	if (failing(1))
		return -ENXIO;
	*dev = calloc(1, sizeof(**dev));
	(*dev)->bdev = &fuzz_bdev;
	strcpy((*dev)->name, "253:7");
	return 0;
}

void dm_put_device(struct dm_target *ti, struct dm_dev *dev)
{
	free(dev);
}

void dm_accept_partial_bio(struct bio *bio, unsigned int sectors)
{
	if (bio_op(bio) == REQ_OP_READ || bio_op(bio) == REQ_OP_WRITE || !sectors ||
	    sectors > bio_sectors(bio))
		fail("%u of %u sectors are accepted", sectors, bio_sectors(bio));
	bio->bi_iter.bi_size = sectors << SECTOR_SHIFT;
}
