// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's fault injection, made to fail exactly the n-th call.
 *
 * With times=1 and interval=I a call fails when the kernel's counter of calls reaches a multiple of
 * I. The counter cannot be read or reset, but it is known: it begins at 0 and stands at I after a
 * failure. So with interval = count + n it is the n-th call from now that fails. When nothing has
 * failed the counter is somewhere below the interval; calls must go on until something does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debug.h"

static void set(const struct fault *f, const char *what, const char *format, unsigned long value)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", f->dir, what);
	snprintf(text, sizeof(text), format, value);
	put_file(path, "%s", text);
}

static bool has(const struct fault *f, const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", f->dir, what);
	return !access(path, F_OK);
}

/* Where the module lies, for the stack traces: its text is in there and no other code is. */
static void module_range(unsigned long *start, unsigned long *end)
{
	char line[512], *p;
	FILE *f = fopen("/proc/modules", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "dm_warrant ", 11))
			continue;
		p = strstr(line, "0x");
		*start = p ? strtoul(p, NULL, 16) : 0;
		*end = *start + strtoul(line + 11, NULL, 10);
		fclose(f);
		if (*start)
			return;
	}
	fail("where is the module?");
}

static void function_range(const char *function, unsigned long *start, unsigned long *end)
{
	unsigned long at;
	char name[256];
	FILE *f = fopen("/proc/kallsyms", "r");

	*start = 0;
	*end = ~0UL;
	while (f && fscanf(f, "%lx %*s %255s%*[^\n]", &at, name) == 2)
		if (!strcmp(name, function))
			*start = at;
	rewind(f);
	while (fscanf(f, "%lx %*s %255s%*[^\n]", &at, name) == 2)
		if (at > *start && at < *end)
			*end = at;
	fclose(f);
	if (!*start)
		fail("where is %s?", function);
}

void fault_setup(struct fault *f)
{
	unsigned long start, end;

	set(f, "probability", "%lu", 0);
	/* a stack trace for each failure would look like a report */
	set(f, "verbose", "%lu", 0);
	set(f, "task-filter", "N", 0);
	if (has(f, "ignore-gfp-wait"))
		set(f, "ignore-gfp-wait", "N", 0);
	if (has(f, "ignore-gfp-highmem"))
		set(f, "ignore-gfp-highmem", "N", 0);
	if (has(f, "cache-filter"))
		set(f, "cache-filter", "N", 0);
	if (has(f, "min-order"))
		set(f, "min-order", "%lu", 0);
	if (f->in_module) {
		module_range(&start, &end);
		set(f, "stacktrace-depth", "%lu", 32);
		set(f, "require-start", "0x%lx", start);
		set(f, "require-end", "0x%lx", end);
	}
	if (f->in_module && quick) {
		/* a cipher is made again and again: hundreds of calls, all the same */
		function_range("crypto_alloc_tfm_node", &start, &end);
		set(f, "reject-start", "0x%lx", start);
		set(f, "reject-end", "0x%lx", end);
	}
	f->count = 0;
	f->synchronous = true;
}

void fault_arm(struct fault *f, unsigned long n)
{
	/* before the counter is known again: wherever it fails */
	f->interval = f->synchronous ? f->count + n : f->interval;
	set(f, "interval", "%lu", f->interval);
	set(f, "space", "%lu", 0);
	set(f, "times", "%lu", 1);
	f->one = true;
	set(f, "probability", "%lu", 100);
}

/* All fail that come after so many bytes. An interval of 1 leaves the counter alone. */
void fault_arm_after(struct fault *f, unsigned long bytes)
{
	set(f, "interval", "%lu", 1);
	set(f, "space", "%lu", bytes);
	set(f, "times", "%ld", -1);
	f->one = false;
	set(f, "probability", "%lu", 100);
}

/* Do not call before fault_disarm() when it was armed for one call. */
bool fault_fired(struct fault *f)
{
	char path[256], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", f->dir);
	get_file(path, text, sizeof(text));
	return atoi(text) == 0;
}

void fault_disarm(struct fault *f)
{
	set(f, "probability", "%lu", 0);
	if (!f->one)
		return;
	f->synchronous = fault_fired(f);
	if (f->synchronous && f->interval > 1)
		f->count = f->interval;
}
