/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The colours of a map. */
#ifndef TAG_COLOUR_H
#define TAG_COLOUR_H

#include "tag.h"

/** struct colour - sRGB */
struct colour {
	unsigned char	red;
	unsigned char	green;
	unsigned char	blue;
};

#define MAP_AGES	5

void map_tag_colour(const struct map *m, uint32_t tag, struct colour *c);
void map_cell_colour(const struct map *m, const struct map_cell *cell, struct colour *c);
uint64_t map_age_example(const struct map *m, unsigned int age);
const char *map_age_name(unsigned int age);

#endif
