/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line per test, as tests/userspace/run collects them. */
#ifndef TEST_H
#define TEST_H

#include <stdarg.h>

#include "lib_private.h"

static int test_failures;

/* The name is the test's; @fmt says why it failed. Prints only the first failure of a test. */
static inline void test_result(const char *name, bool ok, const char *fmt, ...)
{
	va_list args;

	if (ok) {
		printf("ok %s\n", name);
		return;
	}
	printf("not ok %s: ", name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	test_failures++;
}

#endif
