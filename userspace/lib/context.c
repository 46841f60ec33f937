// SPDX-License-Identifier: GPL-2.0-or-later
/* The context: last error, progress; and text forms of small things. */
#include <stdarg.h>
#include <time.h>

#include "lib_private.h"

#define PROGRESS_INTERVAL_MS	100

const char *libdmwarrant_version(void)
{
	return LIBDMWARRANT_RELEASE;
}

int libdmwarrant_new(struct libdmwarrant **ctx)
{
	*ctx = calloc(1, sizeof(**ctx));
	return *ctx ? 0 : -ENOMEM;
}

void libdmwarrant_free(struct libdmwarrant *ctx)
{
	free(ctx);
}

const char *libdmwarrant_error(const struct libdmwarrant *ctx)
{
	return ctx->error;
}

int lib_fail(struct libdmwarrant *ctx, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ctx->error, sizeof(ctx->error), fmt, args);
	va_end(args);
	return err;
}

int lib_fail_version(struct libdmwarrant *ctx, u32 version, u32 known)
{
	return lib_fail(ctx, -EINVAL,
			"the caller's parameters have version %u, this libdmwarrant knows %u; install matching versions",
			version, known);
}

enum libdmwarrant_exit libdmwarrant_exit(int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
		return LIBDMWARRANT_EXIT_OK;
	case EINVAL:
	case ERANGE:
	case ECANCELED:
	case ENOTUNIQ:
		return LIBDMWARRANT_EXIT_USAGE;
	case EACCES:
	case EPERM:
	case EKEYREJECTED:
	case EKEYREVOKED:
	case ENOKEY:
	case EKEYEXPIRED:
	case ETIME:
		return LIBDMWARRANT_EXIT_KEY;
	case ENOMEM:
		return LIBDMWARRANT_EXIT_MEMORY;
	case EEXIST:
	case EBUSY:
	case EALREADY:
		return LIBDMWARRANT_EXIT_BUSY;
	case EUCLEAN:
		return LIBDMWARRANT_EXIT_DAMAGE;
	case ESTALE:
		return LIBDMWARRANT_EXIT_STALE;
	case EINPROGRESS:
		return LIBDMWARRANT_EXIT_PENDING;
	default:
		return LIBDMWARRANT_EXIT_DEVICE;
	}
}

/* ---- progress ---- */

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void libdmwarrant_set_progress(struct libdmwarrant *ctx, libdmwarrant_progress_fn fn, void *arg)
{
	ctx->progress = fn;
	ctx->progress_arg = arg;
}

void lib_progress_start(struct libdmwarrant *ctx)
{
	ctx->started_ms = now_ms();
	ctx->told_ms = ctx->started_ms;
}

/* Cheap enough to be called for every node. Return: 0, or -ECANCELED. */
int lib_progress(struct libdmwarrant *ctx, const char *what, u64 done, u64 total)
{
	struct libdmwarrant_progress p = { .what = what, .done = done, .total = total };
	u64 now;

	if (!ctx->progress)
		return 0;
	now = now_ms();
	if (now - ctx->told_ms < PROGRESS_INTERVAL_MS)
		return 0;
	ctx->told_ms = now;
	p.elapsed_ms = now - ctx->started_ms;
	if (ctx->progress(ctx->progress_arg, &p))
		return lib_fail(ctx, -ECANCELED, "cancelled");
	return 0;
}

/* ---- text forms ---- */

void lib_hex(char *text, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const u8 *b = p;

	for (; n; n--, b++) {
		*text++ = digits[*b >> 4];
		*text++ = digits[*b & 15];
	}
	*text = 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Exactly 2 * @n hex digits at @text; what follows is not looked at. */
int lib_unhex(void *p, const char *text, size_t n)
{
	u8 *b = p;
	int high, low;

	for (; n; n--, b++, text += 2) {
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		*b = high << 4 | low;
	}
	return 0;
}

/* Bytes of each group between the dashes of a UUID. */
static const u8 uuid_groups[] = { 4, 2, 2, 2, 6 };

void libdmwarrant_uuid_format(const uint8_t uuid[LIBDMWARRANT_UUID_SIZE], char text[37])
{
	size_t i;

	for (i = 0; i < sizeof(uuid_groups); i++) {
		lib_hex(text, uuid, uuid_groups[i]);
		uuid += uuid_groups[i];
		text += 2 * uuid_groups[i];
		*text++ = '-';
	}
	text[-1] = 0;
}

int libdmwarrant_uuid_parse(const char *text, uint8_t uuid[LIBDMWARRANT_UUID_SIZE])
{
	u8 *to = uuid;
	size_t i;

	for (i = 0; i < sizeof(uuid_groups); i++) {
		if (lib_unhex(to, text, uuid_groups[i]))
			return -EINVAL;
		to += uuid_groups[i];
		text += 2 * uuid_groups[i];
		if (*text++ != (i + 1 < sizeof(uuid_groups) ? '-' : 0))
			return -EINVAL;
	}
	return memchr_inv(uuid, 0, LIBDMWARRANT_UUID_SIZE) ? 0 : -EINVAL;
}

void libdmwarrant_anchor_format(const struct libdmwarrant_anchor *a, char text[46])
{
	int n = snprintf(text, 22, "%llu:", (unsigned long long)a->checkpoint);

	lib_hex(text + n, a->salt, LIBDMWARRANT_SALT_SIZE);
}

int libdmwarrant_anchor_parse(const char *text, struct libdmwarrant_anchor *a)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || !n || *end != ':' || strlen(end + 1) != 2 * LIBDMWARRANT_SALT_SIZE)
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	a->checkpoint = n;
	return lib_unhex(a->salt, end + 1, LIBDMWARRANT_SALT_SIZE);
}

const char *libdmwarrant_kind_name(enum libdmwarrant_kind kind)
{
	static const char *const names[] = {
		[LIBDMWARRANT_KIND_SUPERBLOCK] = "superblock",
		[LIBDMWARRANT_KIND_ACTIVATIONS] = "activations",
		[LIBDMWARRANT_KIND_JOURNAL] = "journal",
		[LIBDMWARRANT_KIND_NODE] = "node",
		[LIBDMWARRANT_KIND_DATA] = "data",
		[LIBDMWARRANT_KIND_TAG] = "tag",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown";
}
