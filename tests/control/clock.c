// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The C library's clock, in programs of tests: $DMW_CLOCK names a file with two numbers, seconds
 * that the time of day is ahead, and seconds that the time since boot is ahead. No file: 0 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void ahead(long *day, long *boot)
{
	const char *path = getenv("DMW_CLOCK");
	FILE *f = path ? fopen(path, "r") : NULL;

	*day = *boot = 0;
	if (f && fscanf(f, "%ld %ld", day, boot) != 2)
		abort();
	if (f)
		fclose(f);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	long day, boot;

	if (syscall(SYS_clock_gettime, id, t))
		return -1;
	if (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME) {
		ahead(&day, &boot);
		t->tv_sec += id == CLOCK_REALTIME ? day : boot;
	}
	return 0;
}

time_t time(time_t *to)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (to)
		*to = t.tv_sec;
	return t.tv_sec;
}
