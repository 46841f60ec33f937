/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Days and periods as law counts them, in UTC.
 *
 * The day of an event does not count, and a period is over when its last day is: five years from
 * 2026-03-10 are over at 2031-03-11T00:00:00Z. Where the last month has no such day, the last day
 * of that month it is: one year from 2028-02-29 is over when 2029-02-28 is. No period at all
 * ("P0D") is over when the day of the event begins.
 */
#ifndef LIB_CALENDAR_H
#define LIB_CALENDAR_H

#include "lib_private.h"

#define LIB_NEVER	INT64_MAX	/* a time that is not known, or does not come */
#define LIB_DAY		86400	/* seconds */

#define LIB_PERIOD_YEARS_MAX	200

/**
 * struct lib_period - as in "P3Y6M10D" of ISO 8601, without times of day and weeks
 * @months: years are twelve
 * @days:   besides
 */
struct lib_period {
	u32	months;
	u32	days;
};

/** lib_period_parse() - Return: 0; -EINVAL not in that form, or more than LIB_PERIOD_YEARS_MAX */
int lib_period_parse(const char *text, struct lib_period *p);

/**
 * lib_period_end() - when a period is over
 * @from: any second of the day that it begins on; LIB_NEVER = not yet
 * @p:    how long
 *
 * Return: Unix seconds; LIB_NEVER.
 */
s64 lib_period_end(s64 from, const struct lib_period *p);

/** lib_period_next() - the same as a day, for what is repeated: @from + @p at 00:00 UTC */
s64 lib_period_next(s64 from, const struct lib_period *p);

/** lib_date_parse() - "2026-03-10": its first second. Return: 0; -EINVAL */
int lib_date_parse(const char *text, s64 *seconds);

/** lib_date_format() - the day that a time is in; "" for LIB_NEVER. Return: @text */
const char *lib_date_format(s64 seconds, char text[16]);

#endif
