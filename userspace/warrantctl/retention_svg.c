// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time lines as a picture: one warrant with a lane for each kind of thing, or all of them with a row
 * for each. Nothing is loaded from elsewhere; colours differ in lightness too, and shapes differ, so
 * that it can be read in grey.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "retention.h"
#include "svg.h"

#define WIDTH	1040
#define LEFT	150		/* of the line of time */
#define RIGHT	1010
#define TOP	84
#define LANE	34
#define TEXT_LINE	15
#define CHAR	6.1		/* width of a character of a label, about */
#define LABEL_ROWS	6
#define DAY	86400

static double at(const struct rlines *all, int64_t when)
{
	if (when >= all->to)
		return RIGHT;
	return LEFT + (double)(when - all->from) * (RIGHT - LEFT) / (all->to - all->from);
}

/* ---- frame ---- */

static const char style[] =
	"<style>text{font:12px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:#26303a}\n"
	".h{font-size:19px;font-weight:bold}.s{fill:#5a6772}.e{text-anchor:end}.m{text-anchor:middle}\n"
	".y{fill:#5a6772;font-size:11px;text-anchor:middle}.w{fill:#fff;font-size:11px}\n"
	".l{font-size:11px}.g{stroke:#e3e7eb}.n{font-weight:bold}</style>\n"
	"<defs><pattern id=\"x\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\n"
	"<rect width=\"7\" height=\"7\" fill=\"#f1e4c8\"/><rect width=\"3\" height=\"7\" fill=\"#a98a4b\"/></pattern></defs>\n";

static void put_frame(FILE *f, int height)
{
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
		WIDTH, height, WIDTH, height);
	fputs(style, f);
	fprintf(f, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
}

static int64_t year_start(int year)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mday = 1 };

	return timegm(&tm);
}

static int year_of(int64_t when)
{
	time_t t = when;
	struct tm tm;

	return gmtime_r(&t, &tm) ? 1900 + tm.tm_year : 1970;
}

/* A line for each year, or for every few when there are many. */
static void put_years(const struct rlines *all, FILE *f, int top, int bottom)
{
	int first = year_of(all->from) + 1, last = year_of(all->to), step = 1, y;

	while ((last - first) / step > 16)
		step = step == 1 ? 2 : step == 2 ? 5 : 2 * step;
	for (y = first + (step - first % step) % step; y <= last; y += step)
		fprintf(f, "<line class=\"g\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/><text class=\"y\" x=\"%.1f\" y=\"%d\">%d</text>\n",
			at(all, year_start(y)), at(all, year_start(y)), top, bottom,
			at(all, year_start(y)), top - 6, y);
}

static void put_now(const struct rlines *all, FILE *f, int top, int bottom)
{
	double x = at(all, all->now);

	fprintf(f, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#1769aa\" stroke-width=\"1.5\" stroke-dasharray=\"5 3\"/>",
		x, x, top, bottom);
	fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"44\" height=\"16\" rx=\"8\" fill=\"#1769aa\"/><text class=\"w m\" x=\"%.1f\" y=\"%d\">today</text>\n",
		x - 22, bottom, x, bottom + 12);
}

/* ---- state ---- */

static const char *state_colour(uint32_t state)
{
	static const char *const colours[] = {
		[LIBDMWARRANT_RETENTION_ACTIVE] = "#2e7d32",
		[LIBDMWARRANT_RETENTION_RESTRICTED] = "#8a6d3b",
		[LIBDMWARRANT_RETENTION_DUE] = "#c4620a",
		[LIBDMWARRANT_RETENTION_SCHEDULED] = "#9a6a00",
		[LIBDMWARRANT_RETENTION_HELD] = "#6a3d9a",
		[LIBDMWARRANT_RETENTION_SHREDDED] = "#444",
	};

	return state < ARRAY_SIZE(colours) && colours[state] ? colours[state] :
		"#444";
}

/* Right-aligned at @right. */
static void put_chip(FILE *f, double right, int y, uint32_t state)
{
	const char *name = libdmwarrant_retention_state_name(state);
	double width = strlen(name) * 7 + 16, x = right - width;

	fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"18\" rx=\"9\" fill=\"%s\"/><text class=\"w m\" x=\"%.1f\" y=\"%d\">%s</text>",
		x, y - 13, width, state_colour(state), x + width / 2, y, name);
}

/* ---- things on the line ---- */

static void put_title(FILE *f, const struct libdmwarrant_moment *m)
{
	char start[16], end[16] = "", target[80];

	if (m->end == LIBDMWARRANT_NEVER)
		snprintf(end, sizeof(end), "open");
	else if (m->end != m->start)
		retention_date(m->end, end);
	fprintf(f, "<title>%s%s%s: ", retention_date(m->start, start), *end ? " to " : "", end);
	svg_text(f, m->text);
	retention_target(m->volume, m->tag, target);
	fprintf(f, "%s%s</title>", *target ? "; " : "", target);
}

static const char *bar_fill(const struct libdmwarrant_moment *m)
{
	switch (m->kind) {
	case LIBDMWARRANT_MOMENT_FLOOR:
		return strncmp(m->text, "absolute", 8) ? "#6d9fc7" : "#1f4e79";
	case LIBDMWARRANT_MOMENT_HOLD:
		return "#6a3d9a";
	case LIBDMWARRANT_MOMENT_RESTRICT:
		return "url(#x)";
	default:
		return "#e0a526";
	}
}

/* Open at the right: it points there. */
static void put_bar(const struct rlines *all, FILE *f, const struct libdmwarrant_moment *m,
		    double y, double height)
{
	double from = at(all, m->start), to = at(all, m->end);

	if (to < from + 3)
		to = from + 3;
	if (m->end == LIBDMWARRANT_NEVER)
		fprintf(f, "<path d=\"M%.1f %.1fH%.1fL%.1f %.1fL%.1f %.1fH%.1fZ\" fill=\"%s\"/>",
			from, y, to - 9, to, y + height / 2, to - 9, y + height, from,
			bar_fill(m));
	else
		fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" fill=\"%s\"/>",
			from, y, to - from, height, bar_fill(m));
}

/* Shapes around a point, each of its own. */
static void put_mark(FILE *f, uint32_t kind, double x, double y)
{
	switch (kind) {
	case LIBDMWARRANT_MOMENT_DUE:
		fprintf(f, "<path d=\"M%.1f %.1fl-8 -14h16z\" fill=\"#e8710a\" stroke=\"#fff\"/>", x,
			y + 7);
		break;
	case LIBDMWARRANT_MOMENT_CEILING:
		fprintf(f, "<path d=\"M%.1f %.1fv18m-7 -18h14\" stroke=\"#b3261e\" stroke-width=\"4\" fill=\"none\"/>",
			x, y - 9);
		break;
	case LIBDMWARRANT_MOMENT_REVIEW:
		fprintf(f, "<path d=\"M%.1f %.1fl7 7l-7 7l-7 -7z\" fill=\"#2e7d32\"/>", x, y - 7);
		break;
	case LIBDMWARRANT_MOMENT_NEXT:
		fprintf(f, "<path d=\"M%.1f %.1fl7 7l-7 7l-7 -7z\" fill=\"#fff\" stroke=\"#2e7d32\" stroke-width=\"2\"/>",
			x, y - 7);
		break;
	case LIBDMWARRANT_MOMENT_SHRED:
		fprintf(f, "<path d=\"M%.1f %.1fl14 14m0 -14l-14 14\" stroke=\"#111\" stroke-width=\"3.5\"/>",
			x - 7, y - 7);
		break;
	case LIBDMWARRANT_MOMENT_PROFILE:
		fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"12\" fill=\"#fff\" stroke=\"#26303a\" stroke-width=\"1.5\"/>",
			x - 5, y - 6);
		break;
	default:
		fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5.5\" fill=\"#26303a\"/>", x, y);
	}
}

static bool is_bar(const struct libdmwarrant_moment *m)
{
	return m->end != m->start;
}

static void put_thing(const struct rlines *all, FILE *f, const struct libdmwarrant_moment *m,
		      double y, double height)
{
	fputs("<g>", f);
	put_title(f, m);
	if (is_bar(m))
		put_bar(all, f, m, y - height / 2, height);
	else
		put_mark(f, m->kind, at(all, m->start), y);
	fputs("</g>\n", f);
}

/* ---- one warrant: lanes ---- */

static const struct {
	const char	*name;
	uint32_t	kind[3];
} lanes[] = {
	{ "events", { LIBDMWARRANT_MOMENT_EVENT, LIBDMWARRANT_MOMENT_PROFILE } },
	{ "must be kept", { LIBDMWARRANT_MOMENT_FLOOR } },
	{ "due, ceiling", { LIBDMWARRANT_MOMENT_DUE, LIBDMWARRANT_MOMENT_CEILING } },
	{ "reviews", { LIBDMWARRANT_MOMENT_REVIEW, LIBDMWARRANT_MOMENT_NEXT } },
	{ "holds", { LIBDMWARRANT_MOMENT_HOLD } },
	{ "restricted", { LIBDMWARRANT_MOMENT_RESTRICT } },
	{ "requests, shred", { LIBDMWARRANT_MOMENT_REQUEST, LIBDMWARRANT_MOMENT_SHRED } },
};

#define LANES	ARRAY_SIZE(lanes)

static bool in_lane(size_t lane, const struct libdmwarrant_moment *m)
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (lanes[lane].kind[i] == m->kind)
			return m->start != LIBDMWARRANT_NEVER;
	return false;
}

/**
 * struct labels - where labels of a lane end, so that the next one finds a free row
 * @end: x, of each row
 * @used: rows
 */
struct labels {
	double	end[LABEL_ROWS];
	int	used;
};

/* Characters, not bytes. */
static size_t length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* As much of a text as a label has room for, ended at a character. */
static void shorten(const char *text, char *out, size_t size, size_t max)
{
	size_t n = 0;

	for (; *text && n + 8 < size; text++) {
		if ((*text & 0xc0) != 0x80 && !max--)
			break;
		out[n++] = *text;
	}
	snprintf(out + n, size - n, "%s", *text ? "…" : "");
}

/* What a label says, the day first; @x: its left end, moved so that it stays on the picture. */
static void label_text(const struct rlines *all, const struct libdmwarrant_moment *m, char *text,
		       size_t size, double *x)
{
	char date[16], shown[200];

	shorten(m->text, shown, sizeof(shown), 84);
	snprintf(text, size, "%s %s", retention_date(is_bar(m) ? m->end : m->start, date), shown);
	if (is_bar(m))
		snprintf(text, size, "%s%s%s", shown, m->end == LIBDMWARRANT_NEVER ? "" : ", until ",
			 m->end == LIBDMWARRANT_NEVER ? "" : date);
	*x = at(all, m->start) - (is_bar(m) ? 0 : 5);
	if (*x + length(text) * CHAR > WIDTH - 8)
		*x = WIDTH - 8 - length(text) * CHAR;
	if (*x < LEFT)
		*x = LEFT;
}

static int free_row(struct labels *l, double x, double end)
{
	int row = 0;

	while (row < LABEL_ROWS - 1 && l->end[row] > x)
		row++;
	l->end[row] = end + 14;
	if (row >= l->used)
		l->used = row + 1;
	return row;
}

/* Return: y below the lane. @f: NULL = only measure */
static int put_lane(const struct rlines *all, const struct rline *line, size_t lane, FILE *f, int y)
{
	const struct libdmwarrant_moment *m;
	struct labels l = { 0 };
	char text[260];
	double x;
	int row;

	for (m = line->moment; m < line->moment + line->count; m++) {
		if (!in_lane(lane, m))
			continue;
		label_text(all, m, text, sizeof(text), &x);
		row = free_row(&l, x, x + length(text) * CHAR);
		if (!f)
			continue;
		put_thing(all, f, m, y + 12, 13);
		fprintf(f, "<text class=\"l\" x=\"%.1f\" y=\"%d\">", x, y + 32 + row * TEXT_LINE);
		svg_text(f, text);
		fputs("</text>\n", f);
	}
	if (!l.used)
		return y;
	if (f)
		fprintf(f, "<text class=\"e n\" x=\"%d\" y=\"%d\">%s</text>\n", LEFT - 14, y + 16,
			lanes[lane].name);
	return y + LANE + l.used * TEXT_LINE;
}

static int put_lanes(const struct rlines *all, const struct rline *line, FILE *f)
{
	int y = TOP, next;
	size_t i;

	for (i = 0; i < LANES; i++) {
		next = put_lane(all, line, i, f, y);
		if (f && next != y)
			fprintf(f, "<line class=\"g\" x1=\"16\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n",
				WIDTH - 16, next - 6, next - 6);
		y = next;
	}
	return y;
}

/* From the due date to the ceiling it should go; behind that it is too late. */
static void put_shades(const struct rlines *all, const struct rline *line, FILE *f, int top,
		       int bottom)
{
	const struct libdmwarrant_moment *m;
	int64_t due = LIBDMWARRANT_NEVER, ceiling = LIBDMWARRANT_NEVER;

	for (m = line->moment; m < line->moment + line->count; m++) {
		if (m->kind == LIBDMWARRANT_MOMENT_DUE)
			due = m->start;
		if (m->kind == LIBDMWARRANT_MOMENT_CEILING)
			ceiling = m->start;
	}
	if (due < ceiling)
		fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#fdeedd\"/>\n",
			at(all, due), top, at(all, ceiling) - at(all, due), bottom - top);
	if (ceiling != LIBDMWARRANT_NEVER)
		fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#f9dedc\"/>\n",
			at(all, ceiling), top, RIGHT - at(all, ceiling), bottom - top);
}

static void put_one(const struct rlines *all, const struct rline *line, FILE *f)
{
	int bottom = put_lanes(all, line, NULL);
	char date[16];

	put_frame(f, bottom + 44);
	fputs("<text class=\"h\" x=\"24\" y=\"34\">", f);
	svg_text(f, line->reference);
	fputs("</text>", f);
	put_chip(f, WIDTH - 24, 33, line->state.state);
	fprintf(f, "<text class=\"s\" x=\"24\" y=\"54\">retention of the %s; ",
		strcmp(line->state.copy, "custodial") ? "original" : "custodial copy");
	fputs(*line->state.profile ? "profile " : "no profile", f);
	svg_text(f, line->state.profile);
	fprintf(f, "; as of %s (UTC)</text>\n", retention_date(all->now, date));
	put_shades(all, line, f, TOP - 8, bottom - 6);
	put_years(all, f, TOP - 8, bottom - 6);
	put_lanes(all, line, f);
	put_now(all, f, TOP - 8, bottom);
	fprintf(f, "<text class=\"s l e\" x=\"%d\" y=\"%d\">shaded: due; red: past the ceiling</text>\n",
		WIDTH - 24, bottom + 30);
	fputs("</svg>\n", f);
}

/* ---- all warrants: a row for each ---- */

#define ROW	40

/* Floor and holds are bars above each other; marks stand on them. */
static void put_row(const struct rlines *all, const struct rline *line, FILE *f, int y)
{
	const struct libdmwarrant_moment *m;
	char shown[64];

	shorten(line->reference, shown, sizeof(shown), 15);
	fputs("<text class=\"e n\" x=\"136\" y=\"", f);
	fprintf(f, "%d\">", y + 4);
	svg_text(f, shown);
	fprintf(f, "</text><text class=\"l e\" x=\"136\" y=\"%d\" style=\"fill:%s\">%s%s</text>\n", y + 18,
		state_colour(line->state.state),
		libdmwarrant_retention_state_name(line->state.state),
		line->state.flags & LIBDMWARRANT_RETENTION_OVERRUN ? ", overrun" : "");
	for (m = line->moment; m < line->moment + line->count; m++)
		if (is_bar(m) && m->start != LIBDMWARRANT_NEVER)
			put_thing(all, f, m, m->kind == LIBDMWARRANT_MOMENT_FLOOR ? y :
				  m->kind == LIBDMWARRANT_MOMENT_HOLD ? y + 10 : y + 17,
				  m->kind == LIBDMWARRANT_MOMENT_FLOOR ? 9 : 6);
	for (m = line->moment; m < line->moment + line->count; m++)
		if (!is_bar(m) && m->start != LIBDMWARRANT_NEVER &&
		    m->kind != LIBDMWARRANT_MOMENT_PROFILE)
			put_thing(all, f, m, y, 0);
}

static void put_key(FILE *f, int y)
{
	static const struct {
		uint32_t	kind;
		const char	*name;
	} marks[] = {
		{ LIBDMWARRANT_MOMENT_EVENT, "event" }, { LIBDMWARRANT_MOMENT_DUE, "due" },
		{ LIBDMWARRANT_MOMENT_CEILING, "ceiling" }, { LIBDMWARRANT_MOMENT_REVIEW, "review" },
		{ LIBDMWARRANT_MOMENT_NEXT, "next review" }, { LIBDMWARRANT_MOMENT_SHRED, "shredded" },
	};
	static const struct {
		const char	*fill;
		const char	*name;
	} bars[] = {
		{ "#1f4e79", "absolute floor" }, { "#6d9fc7", "floor" }, { "#6a3d9a", "held" },
		{ "url(#x)", "restricted" }, { "#e0a526", "request" },
	};
	size_t i;
	int x = 40;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		put_mark(f, marks[i].kind, x, y);
		fprintf(f, "<text class=\"l\" x=\"%d\" y=\"%d\">%s</text>\n", x + 12, y + 4,
			marks[i].name);
		x += 34 + strlen(marks[i].name) * 7;
	}
	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		fprintf(f, "<rect x=\"%d\" y=\"%d\" width=\"20\" height=\"9\" rx=\"2\" fill=\"%s\"/><text class=\"l\" x=\"%d\" y=\"%d\">%s</text>\n",
			x, y - 5, bars[i].fill, x + 26, y + 4, bars[i].name);
		x += 44 + strlen(bars[i].name) * 7;
	}
}

static void put_many(const struct rlines *all, FILE *f)
{
	int bottom = TOP + all->count * ROW;
	char date[16];
	size_t i;

	put_frame(f, bottom + 66);
	fprintf(f, "<text class=\"h\" x=\"24\" y=\"34\">Retention of %zu warrants</text><text class=\"s\" x=\"24\" y=\"54\">due longest first; as of %s (UTC)</text>\n",
		all->count, retention_date(all->now, date));
	for (i = 1; i < all->count; i += 2)
		fprintf(f, "<rect x=\"16\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f6f8fa\"/>\n",
			(int)(TOP - 4 + i * ROW), WIDTH - 32, ROW);
	put_years(all, f, TOP - 8, bottom);
	for (i = 0; i < all->count; i++)
		put_row(all, &all->line[i], f, TOP + 12 + i * ROW);
	put_now(all, f, TOP - 8, bottom + 4);
	put_key(f, bottom + 46);
	fputs("</svg>\n", f);
}

/** retention_svg() - one time line with all details, or several below each other */
void retention_svg(const struct rlines *all, FILE *f)
{
	if (all->count == 1)
		put_one(all, all->line, f);
	else
		put_many(all, f);
}
