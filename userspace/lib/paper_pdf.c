// SPDX-License-Identifier: GPL-2.0-or-later
/* A paper on pages of A4. */
#include "paper.h"
#include "pdf.h"

#define LEFT		56.0
#define WIDTH		(PDF_WIDTH - 2 * LEFT)
#define TOP		(PDF_HEIGHT - 60.0)
#define BOTTOM		64.0
#define NAME_WIDTH	142.0	/* of a field's name */
#define PAD		4.0

#define INK		0x1a1f2b
#define NAVY		0x17305a
#define GREY		0x69707d
#define RULE		0xc9ced8
#define TINT		0xf0f3f8

struct layout {
	struct lib_pdf		*pdf;
	const struct lib_paper	*paper;
	double			y;
};

/** struct style - how a text is set */
struct style {
	enum pdf_font	font;
	double		size;
	double		line;
};

static const struct style body = { PDF_SANS, 9, 12 };
static const struct style name = { PDF_SANS, 9, 12 };
static const struct style cell = { PDF_SANS, 8, 10.5 };
static const struct style head = { PDF_BOLD, 8, 10.5 };
static const struct style mono = { PDF_MONO, 7, 9 };

static void put(struct layout *l, const struct style *s, double x, double y, const char *text,
		size_t length)
{
	lib_pdf_text(l->pdf, s->font, s->size, x, y, text, length);
}

static void frame(struct layout *l)
{
	lib_pdf_colour(l->pdf, NAVY);
	lib_pdf_frame(l->pdf, 28, 28, PDF_WIDTH - 56, PDF_HEIGHT - 56, 1.4);
	lib_pdf_frame(l->pdf, 32, 32, PDF_WIDTH - 64, PDF_HEIGHT - 64, 0.4);
}

static void new_page(struct layout *l)
{
	lib_pdf_page(l->pdf);
	frame(l);
	l->y = TOP;
}

/* Room for @height points; on a new page if need be. */
static void need(struct layout *l, double height)
{
	if (l->y - height < BOTTOM)
		new_page(l);
}

/* ---- lines ---- */

static size_t next_character(const char *text)
{
	size_t n = 1;

	while ((text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/*
 * How much of a text is on its first line: up to a space or a line feed; when there is none, as many
 * characters as there is room for.
 */
static size_t fit(const struct style *s, double width, const char *text)
{
	size_t n = 0, space = 0;
	double used = 0;

	while (text[n] && text[n] != '\n') {
		size_t c = next_character(text + n);

		used += lib_pdf_width(s->font, s->size, text + n, c);
		if (used > width)
			return space ? space : n ? n : c;
		n += c;
		if (text[n] == ' ')
			space = n;
	}
	return n;
}

static const char *after(const char *text, size_t n)
{
	text += n;
	return *text == ' ' || *text == '\n' ? text + 1 : text;
}

static unsigned int lines(const struct style *s, double width, const char *text)
{
	unsigned int n = 0;

	do {
		text = after(text, fit(s, width, text));
		n++;
	} while (*text);
	return n;
}

/* Return: base line below the last one. */
static double put_lines(struct layout *l, const struct style *s, double x, double y, double width,
			const char *text)
{
	size_t n;

	do {
		n = fit(s, width, text);
		put(l, s, x, y - s->size, text, n);
		y -= s->line;
		text = after(text, n);
	} while (*text);
	return y;
}

/* A text that may end on the next page. */
static void flow(struct layout *l, const struct style *s, double x, double width, const char *text,
		 u32 colour)
{
	size_t n;

	do {
		need(l, s->line);
		lib_pdf_colour(l->pdf, colour);
		n = fit(s, width, text);
		put(l, s, x, l->y - s->size, text, n);
		l->y -= s->line;
		text = after(text, n);
	} while (*text);
}

/* ---- blocks ---- */

static void put_title(struct layout *l)
{
	static const struct style title = { PDF_BOLD, 23, 28 };
	static const struct style under = { PDF_SANS, 10.5, 14 };
	double width = lib_pdf_width(title.font, title.size, l->paper->title,
				     strlen(l->paper->title));

	lib_pdf_colour(l->pdf, NAVY);
	put(l, &title, (PDF_WIDTH - width) / 2, l->y - 22, l->paper->title,
	    strlen(l->paper->title));
	l->y -= 36;
	lib_pdf_box(l->pdf, PDF_WIDTH / 2.0 - 40, l->y, 80, 1.6);
	l->y -= 12;
	lib_pdf_colour(l->pdf, GREY);
	width = lib_pdf_width(under.font, under.size, l->paper->under, strlen(l->paper->under));
	put(l, &under, (PDF_WIDTH - width) / 2, l->y - 8, l->paper->under,
	    strlen(l->paper->under));
	l->y -= 22;
}

/* @room: that what follows needs at least: a heading is not left behind */
static void put_section(struct layout *l, const char *text, double room)
{
	static const struct style section = { PDF_BOLD, 11, 14 };

	need(l, 60 + room);
	l->y -= 10;
	lib_pdf_colour(l->pdf, NAVY);
	put(l, &section, LEFT, l->y - 11, text, strlen(text));
	lib_pdf_box(l->pdf, LEFT, l->y - 16, WIDTH, 0.8);
	l->y -= 22;
}

static void put_text(struct layout *l, const char *text)
{
	flow(l, &body, LEFT, WIDTH, text, INK);
	l->y -= 4;
}

static void put_mono(struct layout *l, const char *text)
{
	l->y -= 2;
	flow(l, &mono, LEFT + PAD, WIDTH - 2 * PAD, text, INK);
	l->y -= 5;
}

static const char *cell_text(struct json_object *row, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(row, i));
}

/* Long numbers in hex are to be compared, so they are set to be. */
static const struct style *style_of(const char *text)
{
	static const struct style number = { PDF_MONO, 8, 12 };

	return strlen(text) >= 32 && !strchr(text, ' ') ? &number : &body;
}

static void put_field(struct layout *l, const char *label, const char *text)
{
	const struct style *s = style_of(text);
	const double width = WIDTH - NAME_WIDTH;
	unsigned int n = lines(s, width, text), m = lines(&name, NAME_WIDTH - 8, label);

	need(l, (n > m ? n : m) > 20 ? 60 : (n > m ? n : m) * 12 + 3);
	lib_pdf_colour(l->pdf, GREY);
	put_lines(l, &name, LEFT, l->y, NAME_WIDTH - 8, label);
	if (n > 20) {
		flow(l, s, LEFT + NAME_WIDTH, width, text, INK);
	} else {
		lib_pdf_colour(l->pdf, INK);
		put_lines(l, s, LEFT + NAME_WIDTH, l->y, width, text);
		l->y -= (n > m ? n : m) * 12;
	}
	l->y -= 3;
}

static void put_fields(struct layout *l, struct json_object *rows)
{
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		put_field(l, cell_text(row, 0), cell_text(row, 1));
	}
}

/* ---- tables ---- */

static u32 cell_colour(const char *text)
{
	if (!strcmp(text, "PASS"))
		return 0x1c7c3c;
	if (!strcmp(text, "FAILED"))
		return 0xb3261e;
	return strcmp(text, "UNKNOWN") ? INK : 0x9a6200;
}

static double column_width(struct json_object *widths, size_t i)
{
	return WIDTH * json_object_get_int(json_object_array_get_idx(widths, i)) / 100;
}

static const struct style *cell_style(const char *text)
{
	if (cell_colour(text) != INK)
		return &head;
	return strlen(text) >= 32 && !strchr(text, ' ') ? &mono : &cell;
}

static double row_height(struct json_object *row, struct json_object *widths)
{
	double most = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(row); i++) {
		const char *text = cell_text(row, i);
		const struct style *s = cell_style(text);
		double h = s->line * lines(s, column_width(widths, i) - 2 * PAD, text);

		if (h > most)
			most = h;
	}
	return most + 2 * PAD - 1;
}

static void put_cells(struct layout *l, struct json_object *row, struct json_object *widths,
		      bool is_head)
{
	double x = LEFT;
	size_t i;

	for (i = 0; i < json_object_array_length(row); i++) {
		const char *text = cell_text(row, i);
		const double width = column_width(widths, i);

		lib_pdf_colour(l->pdf, is_head ? NAVY : cell_colour(text));
		put_lines(l, is_head ? &head : cell_style(text), x + PAD, l->y - PAD + 1,
			  width - 2 * PAD, text);
		x += width;
	}
}

static void put_head(struct layout *l, struct json_object *titles, struct json_object *widths)
{
	lib_pdf_colour(l->pdf, TINT);
	lib_pdf_box(l->pdf, LEFT, l->y - 16, WIDTH, 16);
	put_cells(l, titles, widths, true);
	l->y -= 16;
}

static void put_table(struct layout *l, struct json_object *block)
{
	struct json_object *rows = json_object_object_get(block, "Rows");
	struct json_object *titles = json_object_object_get(block, "Head");
	struct json_object *widths = json_object_object_get(block, "Widths");
	size_t i;

	need(l, 50);
	put_head(l, titles, widths);
	for (i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		double height = row_height(row, widths);

		if (l->y - height < BOTTOM) {
			new_page(l);
			put_head(l, titles, widths);
		}
		put_cells(l, row, widths, false);
		l->y -= height;
		lib_pdf_colour(l->pdf, RULE);
		lib_pdf_box(l->pdf, LEFT, l->y, WIDTH, 0.4);
	}
	l->y -= 8;
}

/* ---- the map ---- */

static u32 map_colour(char c)
{
	switch (c) {
	case PAPER_KEPT:
		return 0x7fa3d1;
	case PAPER_GONE:
		return 0xb3261e;
	case PAPER_BOTH:
		return 0xe08b3e;
	default:
		return 0xe9ecf1;
	}
}

static void put_legend(struct layout *l)
{
	static const struct {
		char		c;
		const char	*text;
	} legend[] = {
		{ PAPER_GONE, "destroyed" },
		{ PAPER_BOTH, "destroyed and kept, side by side" },
		{ PAPER_KEPT, "kept, unchanged" },
		{ PAPER_EMPTY, "never written" },
	};
	double x = LEFT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(legend); i++) {
		lib_pdf_colour(l->pdf, map_colour(legend[i].c));
		lib_pdf_box(l->pdf, x, l->y - 9, 8, 8);
		lib_pdf_colour(l->pdf, GREY);
		put(l, &cell, x + 12, l->y - 8, legend[i].text, strlen(legend[i].text));
		x += 28 + lib_pdf_width(cell.font, cell.size, legend[i].text,
					strlen(legend[i].text));
	}
	l->y -= 18;
}

static double map_height(const char *cells)
{
	return DIV_ROUND_UP(strlen(cells), PAPER_MAP_COLUMNS) * (WIDTH / PAPER_MAP_COLUMNS) + 24;
}

static void put_map(struct layout *l, const char *cells)
{
	const double step = WIDTH / PAPER_MAP_COLUMNS;
	const size_t count = strlen(cells), rows = DIV_ROUND_UP(count, PAPER_MAP_COLUMNS);
	size_t i;

	need(l, map_height(cells));
	for (i = 0; i < count; i++) {
		lib_pdf_colour(l->pdf, map_colour(cells[i]));
		lib_pdf_box(l->pdf, LEFT + i % PAPER_MAP_COLUMNS * step,
			    l->y - (i / PAPER_MAP_COLUMNS + 1) * step, step - 1, step - 1);
	}
	l->y -= rows * step + 4;
	put_legend(l);
}

/* ---- all ---- */

static double room_for(struct json_object *next)
{
	return strcmp(lib_paper_text(next, "Is"), PAPER_MAP) ? 0 :
		map_height(lib_paper_text(next, "Text"));
}

static void put_block(struct layout *l, struct json_object *block, struct json_object *next)
{
	const char *is = lib_paper_text(block, "Is"), *text = lib_paper_text(block, "Text");

	if (!strcmp(is, PAPER_SECTION))
		put_section(l, text, room_for(next));
	else if (!strcmp(is, PAPER_TEXT))
		put_text(l, text);
	else if (!strcmp(is, PAPER_MONO))
		put_mono(l, text);
	else if (!strcmp(is, PAPER_MAP))
		put_map(l, text);
	else if (!strcmp(is, PAPER_FIELDS))
		put_fields(l, json_object_object_get(block, "Rows"));
	else
		put_table(l, block);
}

static void put_foot(struct layout *l)
{
	static const struct style small = { PDF_MONO, 6.5, 8 };
	char page[32];

	for (l->pdf->now = 0; l->pdf->now < l->pdf->count; l->pdf->now++) {
		snprintf(page, sizeof(page), "page %u of %u", l->pdf->now + 1, l->pdf->count);
		lib_pdf_colour(l->pdf, GREY);
		put(l, &small, LEFT, 42, l->paper->foot, strlen(l->paper->foot));
		put(l, &cell, PDF_WIDTH - LEFT - lib_pdf_width(cell.font, cell.size, page,
							       strlen(page)), 42, page,
		    strlen(page));
	}
}

int lib_paper_pdf(const struct lib_paper *p, const char *file, const char *attachment,
		  size_t attached, char **out, size_t *size)
{
	const struct lib_pdf_about about = { p->title, p->date, file, attachment, attached };
	struct lib_pdf *pdf = calloc(1, sizeof(*pdf));
	struct layout l = { .pdf = pdf, .paper = p };
	const size_t count = json_object_array_length(p->blocks);
	size_t i;
	int ret;

	if (!pdf || p->failed) {
		free(pdf);
		return -ENOMEM;
	}
	new_page(&l);
	put_title(&l);
	for (i = 0; i < count; i++)
		put_block(&l, json_object_array_get_idx(p->blocks, i), i + 1 < count ?
			  json_object_array_get_idx(p->blocks, i + 1) : NULL);
	if (pdf->lost)
		put_text(&l,
			 "Some characters cannot be printed with the fonts of this document, and stand as a question mark; the JSON attached to it has them.");
	put_foot(&l);
	ret = lib_pdf_finish(pdf, &about, out, size);
	lib_pdf_free(pdf);
	free(pdf);
	return ret;
}
