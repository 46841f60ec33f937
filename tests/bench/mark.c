// SPDX-License-Identifier: GPL-2.0-or-later
/* Tells plugin.c to write down what it has counted since the last time. */
#include "mark.h"

#define STRING(...)	STRING_(__VA_ARGS__)
#define STRING_(...)	#__VA_ARGS__

int main(void)
{
	__asm__ volatile(".byte " STRING(MARK_BYTES));
	return 0;
}
