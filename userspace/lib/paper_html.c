// SPDX-License-Identifier: GPL-2.0-or-later
/* A paper as one page of HTML that loads nothing, for the screen and for A4. */
#include <stdio.h>

#include "paper.h"

#define CELL	13	/* pixels */
#define GAP	1

static const char style[] =
	"@page{size:A4;margin:16mm 15mm 18mm}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:#e7eaf0;color:#1a1f2b;\n"
	"font:14px/1.45 Helvetica,Arial,'Liberation Sans',sans-serif}\n"
	"main{max-width:210mm;margin:8mm auto;padding:14mm 16mm;background:#fff;\n"
	"outline:1px solid #17305a;outline-offset:-5mm;border:2px solid #17305a}\n"
	"h1{margin:0;text-align:center;color:#17305a;font-size:33px;letter-spacing:.5px}\n"
	"h1:after{content:'';display:block;width:110px;margin:10px auto 8px;\n"
	"border-top:3px solid #17305a}\n"
	".u{margin:0 0 10px;text-align:center;color:#69707d}\n"
	"h2{margin:24px 0 8px;padding-bottom:3px;color:#17305a;font-size:16px;\n"
	"border-bottom:1.5px solid #17305a;break-after:avoid}\n"
	"p{margin:6px 0}\n"
	"dl{display:grid;grid-template-columns:200px 1fr;gap:4px 12px;margin:6px 0}\n"
	"dt{color:#69707d}dd{margin:0;overflow-wrap:anywhere}\n"
	"table{width:100%;border-collapse:collapse;table-layout:fixed;margin:8px 0;font-size:12.5px}\n"
	"th{text-align:left;background:#f0f3f8;color:#17305a}\n"
	"th,td{padding:4px 6px;vertical-align:top;white-space:pre-line;overflow-wrap:anywhere;\n"
	"border-bottom:1px solid #c9ced8}\n"
	"tr{break-inside:avoid}\n"
	"pre{margin:8px 0;padding:8px 10px;background:#f7f8fb;border-left:3px solid #c9ced8;\n"
	"font:11px/1.45 'Liberation Mono',monospace;white-space:pre-wrap;overflow-wrap:anywhere}\n"
	".n{font-family:'Liberation Mono',monospace;font-size:.88em}\n"
	".PASS{color:#1c7c3c;font-weight:bold}.FAILED{color:#b3261e;font-weight:bold}\n"
	".UNKNOWN{color:#9a6200;font-weight:bold}\n"
	"svg{display:block;width:100%;height:auto;margin:8px 0}\n"
	"footer{margin-top:26px;padding-top:6px;border-top:1px solid #c9ced8;color:#69707d;\n"
	"font-size:11px;overflow-wrap:anywhere}\n"
	"@media print{body{background:#fff}main{margin:0;padding:0;border:0;outline:0;max-width:none}}\n";

/* Characters that HTML gives a meaning; controls, which it forbids, are replaced. */
static void put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"'", *text))
			fprintf(f, "&#%d;", *text);
		else if ((u8)*text < 0x20 && *text != '\n' && *text != '\t')
			fputc('?', f);
		else
			fputc(*text, f);
	}
}

static void put_element(FILE *f, const char *element, const char *class, const char *text)
{
	if (class)
		fprintf(f, "<%s class=\"%s\">", element, class);
	else
		fprintf(f, "<%s>", element);
	put_text(f, text);
	fprintf(f, "</%s>\n", element);
}

/* Verdicts have their colours, numbers to be compared their font. */
static const char *class_of(const char *text)
{
	if (!strcmp(text, "PASS") || !strcmp(text, "FAILED") || !strcmp(text, "UNKNOWN"))
		return text;
	return strlen(text) >= 32 && !strchr(text, ' ') ? "n" : NULL;
}

static const char *cell_text(struct json_object *row, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(row, i));
}

static void put_fields(FILE *f, struct json_object *rows)
{
	size_t i;

	fputs("<dl>\n", f);
	for (i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		put_element(f, "dt", NULL, cell_text(row, 0));
		put_element(f, "dd", class_of(cell_text(row, 1)), cell_text(row, 1));
	}
	fputs("</dl>\n", f);
}

static void put_table(FILE *f, struct json_object *block)
{
	struct json_object *rows = json_object_object_get(block, "Rows");
	struct json_object *head = json_object_object_get(block, "Head");
	struct json_object *widths = json_object_object_get(block, "Widths");
	size_t i, j;

	fputs("<table>\n<thead><tr>", f);
	for (j = 0; j < json_object_array_length(head); j++) {
		fprintf(f, "<th style=\"width:%d%%\">",
			json_object_get_int(json_object_array_get_idx(widths, j)));
		put_text(f, cell_text(head, j));
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
	for (i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		fputs("<tr>", f);
		for (j = 0; j < json_object_array_length(row); j++)
			put_element(f, "td", class_of(cell_text(row, j)), cell_text(row, j));
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table>\n", f);
}

/* ---- the map ---- */

static const char *map_colour(char c)
{
	switch (c) {
	case PAPER_KEPT:
		return "#7fa3d1";
	case PAPER_GONE:
		return "#b3261e";
	case PAPER_BOTH:
		return "#e08b3e";
	default:
		return "#e9ecf1";
	}
}

static void put_legend(FILE *f, unsigned int y)
{
	static const struct {
		char		c;
		int		x;
		const char	*text;
	} legend[] = {
		{ PAPER_GONE, 0, "destroyed" },
		{ PAPER_BOTH, 100, "destroyed and kept, side by side" },
		{ PAPER_KEPT, 335, "kept, unchanged" },
		{ PAPER_EMPTY, 480, "never written" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(legend); i++)
		fprintf(f,
			"<rect x=\"%d\" y=\"%u\" width=\"11\" height=\"11\" fill=\"%s\"/><text x=\"%d\" y=\"%u\" font-size=\"13\" fill=\"#69707d\">%s</text>\n",
			legend[i].x, y, map_colour(legend[i].c), legend[i].x + 16, y + 10,
			legend[i].text);
}

/* Neighbours of one colour are one rectangle. */
static void put_map(FILE *f, const char *cells)
{
	const unsigned int step = CELL + GAP, count = strlen(cells);
	const unsigned int height = DIV_ROUND_UP(count, PAPER_MAP_COLUMNS) * step;
	unsigned int i, n;

	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"what was destroyed and what stayed\">\n",
		PAPER_MAP_COLUMNS * step, height + 24);
	for (i = 0; i < count; i += n) {
		for (n = 1; i + n < count && cells[i + n] == cells[i] &&
		     (i + n) % PAPER_MAP_COLUMNS; n++)
			;
		fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" fill=\"%s\"/>\n",
			i % PAPER_MAP_COLUMNS * step, i / PAPER_MAP_COLUMNS * step,
			n * step - GAP, CELL, map_colour(cells[i]));
	}
	put_legend(f, height + 8);
	fputs("</svg>\n", f);
}

/* ---- all ---- */

static void put_block(FILE *f, struct json_object *block)
{
	const char *is = lib_paper_text(block, "Is"), *text = lib_paper_text(block, "Text");

	if (!strcmp(is, PAPER_SECTION))
		put_element(f, "h2", NULL, text);
	else if (!strcmp(is, PAPER_TEXT))
		put_element(f, "p", NULL, text);
	else if (!strcmp(is, PAPER_MONO))
		put_element(f, "pre", NULL, text);
	else if (!strcmp(is, PAPER_MAP))
		put_map(f, text);
	else if (!strcmp(is, PAPER_FIELDS))
		put_fields(f, json_object_object_get(block, "Rows"));
	else
		put_table(f, block);
}

int lib_paper_html(const struct lib_paper *p, char **out, size_t *size)
{
	FILE *f = p->failed ? NULL : open_memstream(out, size);
	size_t i;

	if (!f)
		return -ENOMEM;
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", f);
	put_element(f, "title", NULL, p->title);
	fprintf(f, "<style>\n%s</style>\n</head>\n<body><main>\n", style);
	put_element(f, "h1", NULL, p->title);
	put_element(f, "div", "u", p->under);
	for (i = 0; i < json_object_array_length(p->blocks); i++)
		put_block(f, json_object_array_get_idx(p->blocks, i));
	put_element(f, "footer", NULL, p->foot);
	fputs("</main></body>\n</html>\n", f);
	return fclose(f) ? -ENOMEM : 0;
}
