// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded: the clock that a test sets. DMW_NOW is the time of day, DMW_BOOT what the kernel counts
 * since its boot (default: a million seconds), both in seconds.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int given(const char *name, time_t otherwise, time_t *value)
{
	const char *text = getenv(name);

	*value = text ? strtoll(text, NULL, 10) : otherwise;
	return text || otherwise;
}

time_t time(time_t *t)
{
	struct timespec now;
	time_t value;

	if (!given("DMW_NOW", 0, &value)) {
		syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
		value = now.tv_sec;
	}
	if (t)
		*t = value;
	return value;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int ret = syscall(SYS_clock_gettime, clock, t);

	if (clock == CLOCK_BOOTTIME)
		given("DMW_BOOT", 1000000, &t->tv_sec);
	return ret;
}
