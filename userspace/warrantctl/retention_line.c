// SPDX-License-Identifier: GPL-2.0-or-later
/* Time lines of one warrant or of all, read into memory, and how much time they span. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "retention.h"

#define DAY	86400

static int take_moment(void *arg, const struct libdmwarrant_moment *m)
{
	struct rline *l = arg;
	struct libdmwarrant_moment *more = reallocarray(l->moment, l->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	l->moment = more;
	more += l->count++;
	*more = *m;
	more->text = strdup(m->text);
	more->user = strdup(m->user);
	more->volume = strdup(m->volume);
	return more->text && more->user && more->volume ? 0 : -ENOMEM;
}

static int take_state(void *arg, const struct libdmwarrant_retention *s)
{
	struct rlines *all = arg;
	struct rline *more, *l;

	/* Parts of a warrant are on its line. */
	if (*s->volume)
		return 0;
	more = reallocarray(all->line, all->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	all->line = more;
	l = &more[all->count++];
	memset(l, 0, sizeof(*l));
	l->state = *s;
	l->state.warrant = strdup(s->warrant);
	l->state.copy = strdup(s->copy);
	l->state.profile = strdup(s->profile);
	l->reference = strdup(s->reference);
	return l->state.warrant && l->state.copy && l->state.profile && l->reference ? 0 : -ENOMEM;
}

void rlines_free(struct rlines *all)
{
	struct rline *l;
	size_t i;

	for (l = all->line; l < all->line + all->count; l++) {
		for (i = 0; i < l->count; i++) {
			free((char *)l->moment[i].text);
			free((char *)l->moment[i].user);
			free((char *)l->moment[i].volume);
		}
		free(l->moment);
		free((char *)l->state.warrant);
		free((char *)l->state.copy);
		free((char *)l->state.profile);
		free(l->reference);
	}
	free(all->line);
	memset(all, 0, sizeof(*all));
}

static void widen(struct rlines *all, int64_t when)
{
	if (when == LIBDMWARRANT_NEVER)
		return;
	if (when < all->from)
		all->from = when;
	if (when > all->to)
		all->to = when;
}

/* From the first to the last that is known, the present included, and some room. */
static void measure(struct rlines *all)
{
	const struct rline *l;
	int64_t room;
	size_t i;

	all->from = all->now;
	all->to = all->now;
	for (l = all->line; l < all->line + all->count; l++)
		for (i = 0; i < l->count; i++) {
			widen(all, l->moment[i].start);
			widen(all, l->moment[i].end);
		}
	room = (all->to - all->from) / 25;
	if (room < 30 * DAY)
		room = 30 * DAY;
	all->from -= room;
	all->to += room;
}

/** rlines_read() - @warrant: NULL = all. rlines_free() it always */
int rlines_read(struct cli *c, const char *warrant, struct rlines *all)
{
	struct libdmwarrant_registry *reg;
	size_t i;
	int ret;

	memset(all, 0, sizeof(*all));
	all->now = time(NULL);
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_retention_list(reg, warrant, all->now, take_state, all);
	for (i = 0; !ret && i < all->count; i++)
		ret = libdmwarrant_retention_timeline(reg, all->line[i].state.warrant, all->now,
						      take_moment, &all->line[i]);
	measure(all);
	libdmwarrant_registry_close(reg);
	return ret;
}
