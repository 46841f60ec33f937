// SPDX-License-Identifier: GPL-2.0-or-later
/* The colours of a map: hues that the colour-blind can tell apart, paler with age. */
#include "tag_colour.h"

/* M. Okabe and K. Ito, Color Universal Design; their black is a slate here, to become paler too. */
static const struct colour palette[MAP_COLOURS] = {
	{ 0, 114, 178 }, { 230, 159, 0 }, { 0, 158, 115 }, { 213, 94, 0 },
	{ 204, 121, 167 }, { 86, 180, 233 }, { 240, 228, 66 }, { 70, 70, 90 },
};

/* All other tags: two greys, so that where one ends can be seen. */
static const struct colour others[] = { { 110, 110, 110 }, { 150, 150, 150 } };

/* The default tag: the file system's own, and what nobody has tagged. */
static const struct colour plain = { 200, 196, 188 };

/* Shredded: there is nothing left to be old. */
static const struct colour shredded = { 24, 24, 24 };

/* Percent of the full colour, by map_age_class(). */
static const unsigned char strength[MAP_AGES] = { 100, 82, 66, 50, 36 };

static const char *const age_names[MAP_AGES] = {
	"a day", "a week", "a month", "a year", "longer ago",
};

#define STRENGTH_EMPTY	18

const char *map_age_name(unsigned int age)
{
	return age_names[age];
}

/* A time that falls into a class. */
uint64_t map_age_example(const struct map *m, unsigned int age)
{
	static const uint64_t seconds[MAP_AGES] = { 0, 2 * 86400, 10 * 86400, 60 * 86400,
						    400 * 86400 };

	return m->now > seconds[age] ? m->now - seconds[age] : 1;
}

void map_tag_colour(const struct map *m, uint32_t tag, struct colour *c)
{
	const struct map_tag *t = map_find(m, tag);

	if (!tag)
		*c = plain;
	else if (map_is_shredded(m, tag))
		*c = shredded;
	else
		*c = t->rank < MAP_COLOURS ? palette[t->rank] :
		     others[t->rank % ARRAY_SIZE(others)];
}

static unsigned char mix(unsigned char value, unsigned int percent)
{
	return (value * percent + 255 * (100 - percent)) / 100;
}

void map_cell_colour(const struct map *m, const struct map_cell *cell, struct colour *c)
{
	unsigned int percent = cell->written ? strength[map_age_class(m, cell->newest)] :
			       STRENGTH_EMPTY;

	map_tag_colour(m, cell->tag, c);
	if (map_is_shredded(m, cell->tag))
		return;
	c->red = mix(c->red, percent);
	c->green = mix(c->green, percent);
	c->blue = mix(c->blue, percent);
}
