// SPDX-License-Identifier: GPL-2.0-or-later
/* A map as SVG, and as an HTML page with the same and all in words. Nothing is loaded from elsewhere. */
#include "svg.h"
#include "tag_colour.h"

#define CELL	14	/* pixels */
#define GAP	2
#define LEFT	74	/* for offsets */
#define TOP	34
#define LINE	20	/* of the legend */

static void put_label(FILE *f, const struct map_tag *t)
{
	char text[160];

	svg_text(f, map_label(t, text));
}

static void put_colour(FILE *f, const struct colour *c)
{
	fprintf(f, "#%02x%02x%02x", c->red, c->green, c->blue);
}

/* ---- cells ---- */

/* Neighbours in a row that look the same and say the same are one rectangle. */
static bool same(const struct map_cell *a, const struct map_cell *b)
{
	return a->tag == b->tag && a->tags == 1 && b->tags == 1 && a->newest == b->newest &&
	       !a->written == !b->written;
}

static void put_title(const struct map *m, FILE *f, const struct map_cell *sum, uint64_t start)
{
	char from[16], to[16], written[16], age[32], time[32];

	fprintf(f, "<title>%s to %s: ", cli_size(start * LIBDMWARRANT_SECTOR_SIZE, from),
		cli_size((start + sum->sectors) * LIBDMWARRANT_SECTOR_SIZE, to));
	put_label(f, map_find(m, sum->tag));
	if (sum->tags > 1)
		fprintf(f, " and %u more", sum->tags - 1);
	if (sum->written)
		fprintf(f, "; %s written, last %s (%s)",
			cli_size(sum->written * LIBDMWARRANT_SECTOR_SIZE, written),
			map_age(m, sum->newest, age), cli_time(sum->newest, time));
	else
		fputs("; never written", f);
	fputs("</title>", f);
}

/* What is shredded looks like it, also without colours. */
static void put_hatching(FILE *f, unsigned int x, unsigned int y, unsigned int width)
{
	fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" rx=\"2\" fill=\"url(#dmw-shredded)\"/>",
		x, y, width, CELL);
}

static void put_rect(const struct map *m, FILE *f, const struct map_cell *cell, unsigned int column,
		     unsigned int row, unsigned int length)
{
	unsigned int x = LEFT + column * (CELL + GAP), y = TOP + row * (CELL + GAP);
	unsigned int width = length * (CELL + GAP) - GAP;
	struct colour c;

	map_cell_colour(m, cell, &c);
	if (!cell->tag && !cell->written)
		c = (struct colour){ 255, 255, 255 };
	fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" rx=\"2\" fill=\"", x, y, width,
		CELL);
	put_colour(f, &c);
	fprintf(f, "\" stroke=\"%s\"/>", cell->tags > 1 ? "#000" : cell->tag ? "none" : "#ddd");
	if (map_is_shredded(m, cell->tag))
		put_hatching(f, x, y, width);
	else if (cell->tag && map_letter(m, cell->tag))
		fprintf(f, "<text x=\"%u\" y=\"%u\" class=\"%s\">%c</text>", x + width / 2,
			y + CELL - 4, 299 * c.red + 587 * c.green + 114 * c.blue > 128000 ? "d" : "l",
			map_letter(m, cell->tag));
}

static void put_cells(const struct map *m, FILE *f, unsigned int columns)
{
	uint64_t start = 0;
	uint32_t i, length;

	for (i = 0; i < m->count; i += length) {
		struct map_cell sum = m->cells[i];

		for (length = 1; (i + length) % columns && i + length < m->count &&
		     same(&m->cells[i], &m->cells[i + length]); length++) {
			sum.sectors += m->cells[i + length].sectors;
			sum.written += m->cells[i + length].written;
		}
		fputs("<g>", f);
		put_title(m, f, &sum, start);
		put_rect(m, f, &sum, i % columns, i / columns, length);
		fputs("</g>\n", f);
		start += sum.sectors;
	}
}

static void put_offsets(const struct map *m, FILE *f, unsigned int columns)
{
	uint64_t at = 0;
	char size[16];
	uint32_t i;

	for (i = 0; i < m->count; i++) {
		if (i % columns == 0)
			fprintf(f, "<text x=\"%d\" y=\"%u\" class=\"o\">%s</text>\n", LEFT - 8,
				TOP + i / columns * (CELL + GAP) + CELL - 3,
				cli_size(at * LIBDMWARRANT_SECTOR_SIZE, size));
		at += m->cells[i].sectors;
	}
}

/* ---- legend ---- */

static void legend_swatch(FILE *f, unsigned int x, unsigned int y, const struct colour *c,
			  char letter, const char *text_class)
{
	fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"2\" stroke=\"#ddd\" fill=\"",
		x, y, CELL, CELL);
	put_colour(f, c);
	fputs("\"/>", f);
	if (letter)
		fprintf(f, "<text x=\"%u\" y=\"%u\" class=\"%s\">%c</text>", x + CELL / 2,
			y + CELL - 4, text_class, letter);
}

static void legend_tag(const struct map *m, FILE *f, const struct map_tag *t, unsigned int y)
{
	char size[16], written[16], first[32], last[32];
	struct colour c;

	map_tag_colour(m, t->tag.tag, &c);
	legend_swatch(f, LEFT, y, &c, t->tag.tag ? map_letter(m, t->tag.tag) : 0,
		      299 * c.red + 587 * c.green + 114 * c.blue > 128000 ? "d" : "l");
	if (map_is_shredded(m, t->tag.tag))
		put_hatching(f, LEFT, y, CELL);
	fprintf(f, "<text x=\"%d\" y=\"%u\">", LEFT + CELL + 8, y + CELL - 2);
	put_label(f, t);
	fprintf(f, ": %s", cli_size(t->sectors * LIBDMWARRANT_SECTOR_SIZE, size));
	if (t->written)
		fprintf(f, ", %s written %s to %s",
			cli_size(t->written * LIBDMWARRANT_SECTOR_SIZE, written),
			map_age(m, t->oldest, first), map_age(m, t->newest, last));
	fputs("</text>\n", f);
}

static void legend_rest(const struct map *m, FILE *f, unsigned int y)
{
	struct colour a, b;
	uint64_t sectors = 0;
	char size[16];
	uint32_t i;

	for (i = MAP_COLOURS; i < m->ranked_count; i++)
		sectors += m->tags[m->ranked[i]].sectors;
	map_tag_colour(m, m->ranked[MAP_COLOURS], &a);
	map_tag_colour(m, m->ranked[m->ranked_count > MAP_COLOURS + 1 ? MAP_COLOURS + 1 :
				   MAP_COLOURS], &b);
	legend_swatch(f, LEFT - CELL - 2, y, &b, 0, "d");
	legend_swatch(f, LEFT, y, &a, 0, "d");
	fprintf(f, "<text x=\"%d\" y=\"%u\">%u more tags: %s</text>\n", LEFT + CELL + 8,
		y + CELL - 2, m->ranked_count - MAP_COLOURS,
		cli_size(sectors * LIBDMWARRANT_SECTOR_SIZE, size));
}

static void legend_ages(const struct map *m, FILE *f, unsigned int y)
{
	struct map_cell cell = { .tag = m->ranked_count ? m->ranked[0] : 0, .written = 1 };
	unsigned int i, x = LEFT;
	struct colour c;

	for (i = 0; i < MAP_AGES; i++, x += 120) {
		cell.newest = map_age_example(m, i);
		map_cell_colour(m, &cell, &c);
		legend_swatch(f, x, y, &c, 0, "d");
		fprintf(f, "<text x=\"%u\" y=\"%u\">%s%s</text>", x + CELL + 8, y + CELL - 2,
			i + 1 < MAP_AGES ? "within " : "", map_age_name(i));
	}
	fprintf(f, "\n<text x=\"%d\" y=\"%u\">Shade: when last written. White: never written. Very pale: reserved for a tag. Hatched black: shredded. Black border: several tags.</text>\n",
		LEFT, y + LINE + CELL - 2);
}

static void legend(const struct map *m, FILE *f, unsigned int y)
{
	uint32_t i;

	legend_tag(m, f, &m->tags[0], y);
	for (i = 0; i < m->ranked_count && i < MAP_COLOURS; i++)
		legend_tag(m, f, &m->tags[m->ranked[i]], y += LINE);
	if (m->ranked_count > MAP_COLOURS)
		legend_rest(m, f, y += LINE);
	legend_ages(m, f, y + LINE + 6);
}

/* ---- all of it ---- */

static unsigned int legend_lines(const struct map *m)
{
	return 4 + (m->ranked_count > MAP_COLOURS ? MAP_COLOURS + 1 : m->ranked_count);
}

static void put_heading(const struct map *m, FILE *f)
{
	char size[16], time[32];

	svg_text(f, m->name);
	fprintf(f, ": %s by tag and age, %u tags, %s",
		cli_size(m->sectors * LIBDMWARRANT_SECTOR_SIZE, size), m->tag_count - 1,
		cli_time(m->now, time));
}

void map_svg(const struct map *m, FILE *f, unsigned int columns)
{
	unsigned int rows = (m->count + columns - 1) / columns, y = TOP + rows * (CELL + GAP) + 14;
	unsigned int width = LEFT + columns * (CELL + GAP) + 16;

	/* The legend's last line needs as much. */
	width = width > 760 ? width : 760;
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" aria-labelledby=\"dmw-title dmw-desc\">\n",
		width, y + legend_lines(m) * LINE, width, y + legend_lines(m) * LINE);
	fputs("<title id=\"dmw-title\">Map of volume ", f);
	put_heading(m, f);
	fprintf(f, "</title>\n<desc id=\"dmw-desc\">%u cells from left to right and from top to bottom; each says its tag and when it was written last. The legend lists the tags with most space.</desc>\n",
		m->count);
	fputs("<style>text{font:12px sans-serif;fill:#222}.o{text-anchor:end;fill:#555}.d,.l{font-size:10px;text-anchor:middle}.d{fill:#111}.l{fill:#fff}</style>\n",
	      f);
	fputs("<defs><pattern id=\"dmw-shredded\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"4\" fill=\"#fff\" fill-opacity=\".75\"/></pattern></defs>\n", f);
	fprintf(f, "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"20\" style=\"font-weight:bold\">",
		width, y + legend_lines(m) * LINE, LEFT);
	put_heading(m, f);
	fputs("</text>\n", f);
	put_offsets(m, f, columns);
	put_cells(m, f, columns);
	legend(m, f, y);
	fputs("</svg>\n", f);
}

static void put_row(const struct map *m, FILE *f, const struct map_tag *t)
{
	char size[16], written[16], first[32] = "", last[32] = "";
	struct colour c;

	if (t->written) {
		cli_time(t->oldest, first);
		cli_time(t->newest, last);
	}
	map_tag_colour(m, t->tag.tag, &c);
	fputs("<tr><td><span class=\"s\" style=\"background:", f);
	put_colour(f, &c);
	fprintf(f, "\"></span>%s</td><td>%u</td><td>",
		t->tag.tag ? (char[]){ map_letter(m, t->tag.tag), 0 } : "",
		t->tag.tag);
	svg_text(f, t->tag.tag ? t->tag.name : "(default tag)");
	fprintf(f, "</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
		libdmwarrant_tag_state_name(t->tag.state ? t->tag.state : LIBDMWARRANT_TAG_OPEN),
		cli_size(t->sectors * LIBDMWARRANT_SECTOR_SIZE, size),
		cli_size(t->written * LIBDMWARRANT_SECTOR_SIZE, written), first, last);
}

void map_html(const struct map *m, FILE *f, unsigned int columns)
{
	uint32_t i;

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>", f);
	put_heading(m, f);
	fputs("</title>\n<style>body{font:14px sans-serif;margin:1.5em;color:#222}svg{max-width:100%;height:auto}table{border-collapse:collapse;margin-top:1em}caption{text-align:left;font-weight:bold;padding:.3em}th,td{border:1px solid #bbb;padding:.2em .6em;text-align:left}.s{display:inline-block;width:1em;height:1em;margin-right:.4em;vertical-align:-.1em;border:1px solid #999}</style>\n</head><body>\n", f);
	map_svg(m, f, columns);
	fputs("<table><caption>All tags that have space, by size</caption>\n<thead><tr><th scope=\"col\">Colour</th><th scope=\"col\">Tag</th><th scope=\"col\">Name</th><th scope=\"col\">State</th><th scope=\"col\">Space</th><th scope=\"col\">Written</th><th scope=\"col\">First write</th><th scope=\"col\">Last write</th></tr></thead>\n<tbody>\n", f);
	put_row(m, f, &m->tags[0]);
	for (i = 0; i < m->ranked_count; i++)
		put_row(m, f, &m->tags[m->ranked[i]]);
	fputs("</tbody></table>\n</body></html>\n", f);
}
