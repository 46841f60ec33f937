// SPDX-License-Identifier: GPL-2.0-or-later
/* Formats of TS 103 280: is a text what its type says? */
#include "etsi.h"
#include "json.h"

#define SHORT_MAX	255
#define LONG_MAX_LENGTH	65535
#define OCTETS_MAX	16
#define LIID_MAX	25	/* printable characters */
#define LIID_HEX_MIN	26
#define LIID_HEX_MAX	50

/* ---- text ---- */

static bool has_control(const char *text, const char *allowed)
{
	size_t left = strlen(text), n;
	u32 c;

	for (; left; left -= n, text += n) {
		n = lib_utf8_next(text, left, &c);
		if (!n || (lib_is_control(c) && !(c < 0x7f && strchr(allowed, c))))
			return true;
	}
	return false;
}

static bool is_text(const char *text, ssize_t from, ssize_t to, const char *allowed)
{
	ssize_t length = lib_utf8_length(text, strlen(text));

	return length >= from && length <= to && !has_control(text, allowed);
}

static bool is_lower_hex(const char *text, size_t from, size_t to)
{
	size_t n = strlen(text);

	return n >= from && n <= to && strspn(text, "0123456789abcdef") == n;
}

static bool is_liid(const char *text)
{
	size_t n = strlen(text);
	const char *c;

	if (n > LIID_MAX)
		return is_lower_hex(text, LIID_HEX_MIN, LIID_HEX_MAX);
	for (c = text; *c >= '!' && *c <= '~'; c++)
		;
	return n && !*c;
}

static bool is_uuid(const char *text)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];

	return strlen(text) == 36 && strspn(text, "0123456789abcdef-") == 36 &&
	       !libdmwarrant_uuid_parse(text, uuid);
}

static bool is_version(const char *text)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (*text++ != (i ? '.' : 'V') || *text < '0' || *text > '9')
			return false;
		text += strspn(text, "0123456789");
	}
	return !*text;
}

static bool is_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* ---- time ---- */

/* @n digits at *@text, which moves on. Return: -1 = none. */
static int digits(const char **text, int n)
{
	int value = 0;

	for (; n; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		value = 10 * value + **text - '0';
	}
	return value;
}

/* @n digits from @from to @to at *@text, and @behind them. */
static bool field(const char **text, int n, int from, int to, char behind, int *value)
{
	*value = digits(text, n);
	if (*value < from || *value > to || (behind && *(*text)++ != behind))
		return false;
	return true;
}

static int days_of_month(int year, int month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01. Years are taken to begin in March, so that leap days end them. */
static s64 days_since_1970(int year, int month, int day)
{
	s64 y = year - (month <= 2);
	int m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* "Z" or "+hh:mm" at the end of @text, in seconds. */
static bool take_offset(const char *text, int *seconds)
{
	int hours, minutes;
	char sign = *text++;

	*seconds = 0;
	if (sign == 'Z')
		return !*text;
	if ((sign != '+' && sign != '-') || !field(&text, 2, 0, 14, ':', &hours) ||
	    !field(&text, 2, 0, hours == 14 ? 0 : 59, 0, &minutes) || *text)
		return false;
	*seconds = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	return true;
}

int lib_etsi_time(const char *text, s64 *us)
{
	int year, month, day, hour, minute, second, offset, micro = 0;

	if (!field(&text, 4, 1, 9999, '-', &year) || !field(&text, 2, 1, 12, '-', &month) ||
	    !field(&text, 2, 1, days_of_month(year, month), 'T', &day) ||
	    !field(&text, 2, 0, 23, ':', &hour) || !field(&text, 2, 0, 59, ':', &minute) ||
	    !field(&text, 2, 0, 59, 0, &second))
		return -EINVAL;
	if (*text == '.') {
		text++;
		if (!field(&text, 6, 0, 999999, 0, &micro))
			return -EINVAL;
	}
	if (!take_offset(text, &offset))
		return -EINVAL;
	*us = (days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
	       offset) * 1000000 + micro;
	return 0;
}

static bool is_time(const char *text, enum lib_etsi_type type)
{
	bool micro = strchr(text, '.');
	s64 us;

	if (type != ETSI_ANYTIME && micro == (type == ETSI_TIME))
		return false;
	return !lib_etsi_time(text, &us);
}

/* ---- all of them ---- */

static const char *const meant[ETSI_TEXTS] = {
	[ETSI_SHORT] = "text of at most 255 characters without control characters",
	[ETSI_NAME] = "text of 1 to 255 characters without control characters",
	[ETSI_LONG] = "text of at most 65535 characters without control characters other than tab and line ends",
	[ETSI_REFERENCE] = "text of 1 to 65535 characters without control characters",
	[ETSI_UUID] = "a UUID in lower case, not all zero",
	[ETSI_COUNTRY] = "a country code of ISO 3166-1 alpha-2 in upper case, such as ES, or XX for tests",
	[ETSI_TIME] = "a date and time with offset, such as 2026-03-01T12:00:00Z or 2026-03-01T13:00:00+01:00",
	[ETSI_MICROTIME] = "a date and time with six digits of fraction and offset, such as 2026-03-01T12:00:00.000000Z",
	[ETSI_ANYTIME] = "a date and time with offset, such as 2026-03-01T12:00:00Z or 2026-03-01T12:00:00.000000Z",
	[ETSI_LIID] = "a LIID: 1 to 25 printable ASCII characters without space, or 26 to 50 lower-case hex digits",
	[ETSI_VERSION] = "a version such as V1.23.1",
	[ETSI_OCTETS] = "1 to 16 bytes as pairs of lower-case hex digits",
	[ETSI_HEX] = "bytes as pairs of lower-case hex digits",
	[ETSI_WORD] = "one of",
};

static bool fits(const struct lib_etsi_member *m, const char *text)
{
	switch (m->type) {
	case ETSI_SHORT:
		return is_text(text, 0, SHORT_MAX, "");
	case ETSI_NAME:
		return is_text(text, 1, SHORT_MAX, "");
	case ETSI_LONG:
		return is_text(text, 0, LONG_MAX_LENGTH, "\t\n\r");
	case ETSI_REFERENCE:
		return is_text(text, 1, LONG_MAX_LENGTH, "");
	case ETSI_UUID:
		return is_uuid(text);
	case ETSI_COUNTRY:
		return lib_etsi_is_country(text);
	case ETSI_TIME:
	case ETSI_MICROTIME:
	case ETSI_ANYTIME:
		return is_time(text, m->type);
	case ETSI_LIID:
		return is_liid(text);
	case ETSI_VERSION:
		return is_version(text);
	case ETSI_OCTETS:
		return strlen(text) % 2 == 0 && is_lower_hex(text, 2, 2 * OCTETS_MAX);
	case ETSI_HEX:
		return strlen(text) % 2 == 0 && is_lower_hex(text, 2, SIZE_MAX);
	case ETSI_WORD:
		return is_word(text, m->of);
	default:
		return false;
	}
}

const char *lib_etsi_wrong(const struct lib_etsi_member *m, const char *text)
{
	return fits(m, text) ? NULL : meant[m->type];
}
