// SPDX-License-Identifier: GPL-2.0-or-later
/* A map for terminals. */
#include <string.h>

#include "tag_colour.h"

struct pen {
	const struct map	*m;
	FILE			*f;
	bool			colour;
	bool			unicode;
};

/* The nearest colour of the 6x6x6 cube that all terminals with 256 colours have. */
static unsigned int cube(const struct colour *c)
{
	return 16 + 36 * ((c->red + 25) / 51) + 6 * ((c->green + 25) / 51) + (c->blue + 25) / 51;
}

static void set_colours(const struct pen *p, const struct colour *back)
{
	/* Rec. 601 luma decides on black or white letters. */
	bool bright = 299 * back->red + 587 * back->green + 114 * back->blue > 128000;

	fprintf(p->f, "\033[48;5;%u;38;5;%um", cube(back), bright ? 16 : 231);
}

static char letter(const struct map *m, const struct map_cell *cell)
{
	char c = map_letter(m, cell->tag);

	if (!cell->tag)
		return '-';
	return c ? c : '#';
}

static void draw_cell(const struct pen *p, const struct map_cell *cell)
{
	struct colour back;
	char c = letter(p->m, cell);

	if (!cell->written && !cell->tag) {
		fputs(p->unicode ? "\u00b7" : ".", p->f);
		return;
	}
	/* Without colours, small letters are for what was written more than a week ago. */
	if (!cell->written && c != '#' && c != 'x')
		c = p->colour ? c : '+';
	else if (!p->colour && c >= 'A' && map_age_class(p->m, cell->newest) > 1)
		c += 'a' - 'A';
	if (p->colour) {
		map_cell_colour(p->m, cell, &back);
		set_colours(p, &back);
		fprintf(p->f, "%s%c\033[0m", cell->tags > 1 ? "\033[4m" : "", c);
		return;
	}
	fputc(c, p->f);
}

static void draw_rows(const struct pen *p, unsigned int width)
{
	uint64_t at = 0;
	char size[16];
	uint32_t i;

	for (i = 0; i < p->m->count; i++) {
		if (i % width == 0)
			fprintf(p->f, "%s%9s  ", i ? "\n" : "",
				cli_size(at * LIBDMWARRANT_SECTOR_SIZE, size));
		draw_cell(p, &p->m->cells[i]);
		at += p->m->cells[i].sectors;
	}
	fputs("\n\n", p->f);
}

static void legend_tag(const struct pen *p, const struct map_tag *t)
{
	struct map_cell cell = { .tag = t->tag.tag, .written = 1, .newest = p->m->now, .tags = 1 };
	char text[160], size[16], first[32], last[32];

	fputs("  ", p->f);
	draw_cell(p, &cell);
	fprintf(p->f, "  %s: %s", map_label(t, text),
		cli_size(t->sectors * LIBDMWARRANT_SECTOR_SIZE, size));
	if (t->written)
		fprintf(p->f, ", %s written %s to %s",
			cli_size(t->written * LIBDMWARRANT_SECTOR_SIZE, size),
			map_age(p->m, t->oldest, first), map_age(p->m, t->newest, last));
	fputc('\n', p->f);
}

static void legend_rest(const struct pen *p)
{
	uint64_t sectors = 0;
	char size[16];
	uint32_t i;

	for (i = MAP_COLOURS; i < p->m->ranked_count; i++)
		sectors += p->m->tags[p->m->ranked[i]].sectors;
	if (sectors)
		fprintf(p->f, "  #  %u more tags: %s (tag list, tag show)\n",
			p->m->ranked_count - MAP_COLOURS,
			cli_size(sectors * LIBDMWARRANT_SECTOR_SIZE, size));
}

static void legend_shredded(const struct pen *p)
{
	uint64_t sectors = 0;
	uint32_t i, tags = 0;
	char size[16];

	for (i = 0; i < p->m->ranked_count; i++) {
		if (!map_is_shredded(p->m, p->m->ranked[i]))
			continue;
		sectors += p->m->tags[p->m->ranked[i]].sectors;
		tags++;
	}
	if (tags)
		fprintf(p->f, "  x  shredded, for ever: %u tags, %s\n", tags,
			cli_size(sectors * LIBDMWARRANT_SECTOR_SIZE, size));
}

static void legend_ages(const struct pen *p)
{
	struct map_cell cell = { .written = 1, .tags = 1 };
	unsigned int i;

	if (!p->colour) {
		fputs("  small letters: not written in the last week\n", p->f);
		return;
	}
	if (!p->m->ranked_count)
		return;
	cell.tag = p->m->ranked[0];
	fputs("  last written:", p->f);
	for (i = 0; i < MAP_AGES; i++) {
		cell.newest = map_age_example(p->m, i);
		fputc(' ', p->f);
		draw_cell(p, &cell);
		fprintf(p->f, " %s", map_age_name(i));
	}
	fputs("; underlined: several tags\n", p->f);
}

void map_terminal(const struct map *m, FILE *f, unsigned int width, bool colour, bool unicode)
{
	struct pen p = { .m = m, .f = f, .colour = colour, .unicode = unicode };
	uint32_t i;

	draw_rows(&p, width);
	legend_tag(&p, &m->tags[0]);
	for (i = 0; i < m->ranked_count && i < MAP_COLOURS; i++)
		legend_tag(&p, &m->tags[m->ranked[i]]);
	legend_rest(&p);
	legend_shredded(&p);
	fprintf(f, "  %s  never written%s\n", unicode ? "\u00b7" : ".",
		colour ? "" : "; +  reserved for a tag, nothing written yet");
	legend_ages(&p);
}
