/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands about tags share. */
#ifndef TAG_H
#define TAG_H

#include "cli.h"
#include "libdmwarrant-tag.h"

#define CLI_METADATA_SIZE	3080	/* of struct libdmwarrant_tag's */

int cli_tag_metadata(struct cli *c, const char *path, char canonical[CLI_METADATA_SIZE]);
void cli_tag_set(struct json_object *o, const struct libdmwarrant_tag *t);
int cli_tag_range(struct cli *c, const char *text, uint64_t *start, uint64_t *length);
char *cli_printable(const char *text);

/* tag_map_*.c */

/**
 * struct map_cell - one stretch of the volume in a map
 * @tag:     that most of its written sectors have; of what is not written when nothing is
 * @written: sectors with contents
 * @sectors: all of them
 * @tags:    how many different tags it has
 * @newest:  when it was last written; 0 = never
 */
struct map_cell {
	uint32_t	tag;
	uint32_t	tags;
	uint64_t	written;
	uint64_t	sectors;
	uint64_t	newest;
};

/**
 * struct map_tag - a tag in a map's legend
 * @tag:     its record
 * @sectors: that have it
 * @written: of these, with contents
 * @oldest:  first write
 * @newest:  last write
 * @rank:    place among the tags, by sectors; the first ones get colours of their own
 */
struct map_tag {
	struct libdmwarrant_tag	tag;
	uint64_t		sectors;
	uint64_t		written;
	uint64_t		oldest;
	uint64_t		newest;
	uint32_t		rank;
};

/**
 * struct map - a volume by tag and age
 * @name:    of the volume
 * @sectors: its size
 * @cells:   in order
 * @count:   of @cells
 * @tags:    by number; [0] is the default tag
 * @tag_count: of @tags
 * @ranked:  indices of @tags that have sectors, by rank
 * @ranked_count: of @ranked
 * @now:     when the map was made
 */
struct map {
	const char	*name;
	uint64_t	sectors;
	struct map_cell	*cells;
	uint32_t	count;
	struct map_tag	*tags;
	uint32_t	tag_count;
	uint32_t	*ranked;
	uint32_t	ranked_count;
	uint64_t	now;
};

#define MAP_COLOURS	8	/* tags that can be told apart by colour */

const struct map_tag *map_find(const struct map *m, uint32_t tag);
char map_letter(const struct map *m, uint32_t tag);
bool map_is_shredded(const struct map *m, uint32_t tag);
const char *map_label(const struct map_tag *t, char text[160]);
const char *map_age(const struct map *m, uint64_t time, char text[32]);
unsigned int map_age_class(const struct map *m, uint64_t time);
void map_terminal(const struct map *m, FILE *f, unsigned int width, bool colour, bool unicode);
void map_svg(const struct map *m, FILE *f, unsigned int columns);
void map_html(const struct map *m, FILE *f, unsigned int columns);

#endif
