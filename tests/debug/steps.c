// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of every kind, in every state of sector and leaf that takes another path: fresh and
 * written sectors, one and many, within a leaf and across leaves, several at once, FUA, erases,
 * flushes, checkpoints, suspension, changes of tags.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debug.h"

enum kind { WRITE, FUA, BATCH, READ, ZERO, DISCARD, FLUSH, CHECKPOINT, STATS, STATUS, SUSPEND,
	    ASSIGN, EDIT, EXTENTS };

static const struct {
	enum kind	kind;
	uint32_t	first, count, stride;
	const char	*name;
} steps[] = {
	{ WRITE, 3, 1, 0, "write a fresh sector" },
	{ WRITE, 120, 16, 0, "write fresh sectors across leaves" },
	{ WRITE, 20, 8, 0, "overwrite" },
	{ READ, 0, 64, 0, "read" },
	{ BATCH, 30, 5, 24, "24 writes at once" },
	{ FLUSH, 0, 0, 0, "flush" },
	{ FUA, 3, 1, 0, "overwrite with FUA" },
	{ FUA, 200, 2, 0, "write fresh sectors with FUA" },
	{ ZERO, 22, 3, 0, "write zeroes" },
	{ DISCARD, 124, 8, 0, "discard across leaves" },
	{ CHECKPOINT, 0, 0, 0, "checkpoint" },
	{ WRITE, 380, 16, 0, "write in another leaf" },
	{ READ, 100, 200, 0, "read across leaves" },
	{ STATS, 0, 0, 0, "message stats" },
	{ STATUS, 0, 0, 0, "status" },
	{ SUSPEND, 0, 0, 0, "suspend and resume" },
	{ WRITE, 21, 2, 0, "write after that" },
	{ ASSIGN, 20, 30, 1, "assign a tag to what is written and what is not" },
	{ WRITE, 40, 12, 0, "write what has a tag, and what has none" },
	{ EDIT, 0, 0, 1, "edit a tag" },
	{ ASSIGN, 110, 150, 0, "take the tag away again, across leaves" },
	{ EXTENTS, 0, 0, 0, "extents" },
	{ BATCH, 20, 17, 24, "24 writes in several leaves at once" },
	{ FLUSH, 0, 0, 0, "flush again" },
};

unsigned int step_count(void)
{
	return sizeof(steps) / sizeof(steps[0]);
}

const char *step_name(unsigned int i)
{
	return steps[i].name;
}

/*
 * A resumption can fail, for want of memory or of an answer of the LUN, and be tried again. What
 * the LUN holds after a checkpoint that failed half-way may forbid it for good: -ESTALE, and then
 * the volume can only be closed.
 */
static int suspend_and_resume(struct volume *v)
{
	int ret = dm_suspend(v->name, 0), again;

	if (ret)
		return ret;
	ret = dm_resume(v->name);
	if (!ret)
		return 0;
	again = dm_resume(v->name);
	return again ? -ESTALE : ret;
}

/* Return: as the request; -ESTALE: the volume stays suspended. */
int step(struct volume *v, unsigned int i)
{
	uint32_t first = steps[i].first, count = steps[i].count;
	char text[8192];
	int ret;

	switch (steps[i].kind) {
	case WRITE:
	case FUA:
		return io_write(v, first, count, steps[i].kind == FUA);
	case BATCH:
		return io_batch(v, first, count, steps[i].stride);
	case READ:
		return io_read(v, first, count);
	case ZERO:
	case DISCARD:
		return io_erase(v, first, count, steps[i].kind == DISCARD);
	case FLUSH:
		return io_flush(v);
	case CHECKPOINT:
		return io_checkpoint(v);
	case STATS:
		ret = dm_message(v->name, "stats", text, sizeof(text));
		if (!ret && !strstr(text, "checkpoints="))
			fail("stats are \"%s\"", text);
		return ret;
	case STATUS:
		return dm_status(v->name, 0, text, sizeof(text));
	case SUSPEND:
		return suspend_and_resume(v);
	case ASSIGN:
		return io_assign(v, steps[i].stride, first, count);
	case EDIT:
		snprintf(text, sizeof(text), "tag_edit %u 6e616d65 7b7d", steps[i].stride);
		return dm_message(v->name, text, NULL, 0);
	case EXTENTS:
		snprintf(text, sizeof(text), "extents 0 %u", sectors);
		ret = dm_message(v->name, text, text, sizeof(text));
		/* A damaged node ends the page before it. */
		if (!ret && (strncmp(text, "0 ", 2) || (strcmp(text + strlen(text) - 3, "end") &&
							!strstr(text, "\nnext "))))
			fail("extents are \"%s\"", text);
		return ret;
	}
	return -EINVAL;
}
