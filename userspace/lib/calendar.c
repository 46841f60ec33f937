// SPDX-License-Identifier: GPL-2.0-or-later
/* Days and periods as law counts them. */
#include <time.h>

#include "calendar.h"

#define DAYS_MAX	(LIB_PERIOD_YEARS_MAX * 366U)

/* Digits, at most five of them; more is no period that anyone means. */
static int take_number(const char **text, u32 *value)
{
	const char *c = *text;

	for (*value = 0; *c >= '0' && *c <= '9' && c - *text < 5; c++)
		*value = *value * 10 + (*c - '0');
	if (c == *text)
		return -EINVAL;
	*text = c;
	return 0;
}

int lib_period_parse(const char *text, struct lib_period *p)
{
	static const char units[] = "YMD";
	const char *unit = units, *found;
	u32 value;

	memset(p, 0, sizeof(*p));
	if (*text++ != 'P' || !*text)
		return -EINVAL;
	while (*text) {
		if (take_number(&text, &value) || !*text)
			return -EINVAL;
		found = strchr(unit, *text++);
		if (!found)
			return -EINVAL;
		if (*found == 'D')
			p->days = value;
		else
			p->months += *found == 'Y' ? 12 * value : value;
		unit = found + 1;
	}
	return p->months > LIB_PERIOD_YEARS_MAX * 12 || p->days > DAYS_MAX ? -EINVAL : 0;
}

static int days_of_month(int year, int month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 1 && ((year % 4 == 0 && year % 100) || year % 400 == 0));
}

/* The first second of the day @p after the one that @from is in. */
static s64 add(s64 from, const struct lib_period *p)
{
	time_t t = from;
	struct tm tm;
	int months;

	if (!gmtime_r(&t, &tm))
		return LIB_NEVER;
	months = tm.tm_mon + p->months;
	tm.tm_year += months / 12;
	tm.tm_mon = months % 12;
	tm.tm_mday = min(tm.tm_mday, days_of_month(1900 + tm.tm_year, tm.tm_mon));
	tm.tm_hour = 0;
	tm.tm_min = 0;
	tm.tm_sec = 0;
	return timegm(&tm) + (s64)p->days * LIB_DAY;
}

s64 lib_period_end(s64 from, const struct lib_period *p)
{
	if (from == LIB_NEVER)
		return LIB_NEVER;
	return add(from, p) + (p->months || p->days ? LIB_DAY : 0);
}

s64 lib_period_next(s64 from, const struct lib_period *p)
{
	return from == LIB_NEVER ? LIB_NEVER : add(from, p);
}

/* Exactly @n digits, in a range; what follows them must be @end. */
static int field(const char **text, int n, int from, int to, char end, int *value)
{
	for (*value = 0; n--; (*text)++) {
		if (**text < '0' || **text > '9')
			return -EINVAL;
		*value = *value * 10 + (**text - '0');
	}
	if (*value < from || *value > to || **text != end)
		return -EINVAL;
	if (end)
		(*text)++;
	return 0;
}

int lib_date_parse(const char *text, s64 *seconds)
{
	struct tm tm = { 0 };
	int year, month, day;

	if (field(&text, 4, 1900, 9999, '-', &year) || field(&text, 2, 1, 12, '-', &month) ||
	    field(&text, 2, 1, days_of_month(year, month - 1), 0, &day))
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	*seconds = timegm(&tm);
	return 0;
}

const char *lib_date_format(s64 seconds, char text[16])
{
	time_t t = seconds;
	struct tm tm;

	text[0] = 0;
	if (seconds != LIB_NEVER && gmtime_r(&t, &tm))
		strftime(text, 16, "%Y-%m-%d", &tm);
	return text;
}
