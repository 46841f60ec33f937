// SPDX-License-Identifier: GPL-2.0-or-later
/* Results, progress, small helpers: see debug.h. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "debug.h"

static char name[128], attempt[256];
static double started, told;

double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void test_begin(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	attempt[0] = '\0';
	started = told = seconds();
}

/* Also the sign of life that a long loop gives now and then. */
void trying(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(attempt, sizeof(attempt), format, args);
	va_end(args);
	if (seconds() - told < 15)
		return;
	told = seconds();
	printf("# %s: %s (%.0f s)\n", name, attempt, told - started);
	fflush(stdout);
}

void test_ok(const char *format, ...)
{
	va_list args;

	printf("ok %s: ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (%.1f s)\n", seconds() - started);
	fflush(stdout);
}

void fail(const char *format, ...)
{
	va_list args;

	printf("not ok %s: %s%s", name, attempt, attempt[0] ? ": " : "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void put_file(const char *path, const char *format, ...)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), n;
	char text[512];
	va_list args;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (fd < 0 || write(fd, text, n) != n)
		fail("cannot write \"%s\" to %s: %m", text, path);
	close(fd);
}

void get_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		fail("cannot read %s: %m", path);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
}

void shell(const char *format, ...)
{
	char text[1024];
	va_list args;
	int rc;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rc = system(text);
	if (rc)
		fail("\"%s\" ended with %d", text, WEXITSTATUS(rc));
}

/* splitmix64: the same numbers everywhere */
uint64_t random_next(struct random *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return random_next(r) % n;
}
