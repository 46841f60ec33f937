// SPDX-License-Identifier: GPL-2.0-or-later
/* tag map: looking at the volume, cell by cell. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tag.h"

enum {
	OPTION_SVG = OPTION_OWN,
	OPTION_HTML,
	OPTION_WIDTH,
	OPTION_ROWS,
	OPTION_COLOUR,
	OPTION_ASCII,
	OPTION_EXACT,
};

static const struct cli_option options[] = {
	{ "svg", "FILE", OPTION_SVG, "draw into a new SVG file" },
	{ "html", "FILE", OPTION_HTML, "draw into a new HTML file, with a table of all tags" },
	{ "width", "N", OPTION_WIDTH, "columns, 20 to 500; default: the terminal's, or 64" },
	{ "rows", "N", OPTION_ROWS, "rows of cells, 1 to 200; default: 16, or 32 in a file" },
	{ "colour", "WHEN", OPTION_COLOUR, "always, never or auto" },
	{ "ascii", NULL, OPTION_ASCII, "no characters beyond ASCII" },
	{ "exact", NULL, OPTION_EXACT, "look at every sector, also of large volumes" },
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* Of a large cell only so much is looked at, in so many places. */
#define SAMPLES		8
#define SAMPLE_SECTORS	512
#define EXACT_SECTORS	(64 * 1024)

/* Tags that are counted in one cell; more than that many are never a majority. */
#define TAGS_IN_CELL	64

struct drawing {
	const char	*svg;
	const char	*html;
	uint32_t	width;
	uint32_t	rows;
	bool		colour;
	bool		ascii;
	bool		exact;
	bool		sampled;
	struct map	map;
	struct map_cell	*cell;	/* in hand */
	struct {
		uint32_t	tag;
		uint64_t	sectors;	/* with contents weigh more */
	}		seen[TAGS_IN_CELL];
	uint64_t	scale;	/* sectors that one looked at stands for */
};

const struct map_tag *map_find(const struct map *m, uint32_t tag)
{
	return tag < m->tag_count ? &m->tags[tag] : &m->tags[0];
}

bool map_is_shredded(const struct map *m, uint32_t tag)
{
	return map_find(m, tag)->tag.state == LIBDMWARRANT_TAG_SHREDDED;
}

/* What stands for a tag; 0 = one of many that have none of their own. */
char map_letter(const struct map *m, uint32_t tag)
{
	const struct map_tag *t = map_find(m, tag);

	if (map_is_shredded(m, tag))
		return 'x';
	return t->rank < MAP_COLOURS ? 'A' + t->rank : 0;
}

const char *map_label(const struct map_tag *t, char text[160])
{
	if (t->tag.tag)
		snprintf(text, 160, "tag %u, %s%s%s", t->tag.tag, t->tag.name,
			 t->tag.state == LIBDMWARRANT_TAG_OPEN ? "" : ", ",
			 t->tag.state == LIBDMWARRANT_TAG_OPEN ? "" :
			 libdmwarrant_tag_state_name(t->tag.state));
	else
		snprintf(text, 160, "default tag");
	return text;
}

static const uint64_t ages[] = { 86400, 7 * 86400, 30 * 86400, 365 * 86400 };

/* 0 = within a day, a week, a month, a year, 4 = older. */
unsigned int map_age_class(const struct map *m, uint64_t time)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ages); i++)
		if (time + ages[i] > m->now)
			break;
	return i;
}

const char *map_age(const struct map *m, uint64_t time, char text[32])
{
	uint64_t age = time < m->now ? m->now - time : 0, unit = age < 2 * 86400 ? 3600 : 86400;

	if (age < 60)
		snprintf(text, 32, "just now");
	else if (age < 3600)
		snprintf(text, 32, "%" PRIu64 " minutes ago", age / 60);
	else
		snprintf(text, 32, "%" PRIu64 " %s ago", age / unit,
			 unit == 3600 ? "hours" : "days");
	return text;
}

/* ---- looking ---- */

static int add_tag(void *arg, const struct libdmwarrant_tag *t)
{
	struct map *m = arg;
	struct map_tag *more = reallocarray(m->tags, t->tag + 1, sizeof(*more));

	if (!more)
		return -1;
	m->tags = more;
	memset(more + m->tag_count, 0, (t->tag + 1 - m->tag_count) * sizeof(*more));
	m->tag_count = t->tag + 1;
	more[t->tag].tag = *t;
	return 0;
}

static void count_in_cell(struct drawing *d, const struct libdmwarrant_tag_extent *e)
{
	/* A few written sectors say more about a cell than the emptiness around them. */
	uint64_t weight = e->written ? e->length << 16 : e->length;
	uint32_t i;

	for (i = 0; i < d->cell->tags && d->seen[i].tag != e->tag; i++)
		;
	if (i == TAGS_IN_CELL)
		return;
	if (i == d->cell->tags) {
		d->cell->tags++;
		d->seen[i].tag = e->tag;
		d->seen[i].sectors = 0;
	}
	d->seen[i].sectors += weight;
}

static int add_extent(void *arg, const struct libdmwarrant_tag_extent *e)
{
	struct drawing *d = arg;
	struct map_tag *t = (struct map_tag *)map_find(&d->map, e->tag);

	count_in_cell(d, e);
	t->sectors += e->length * d->scale;
	if (!e->written)
		return 0;
	t->oldest = t->written && t->oldest < e->oldest ? t->oldest : e->oldest;
	t->newest = t->newest > e->newest ? t->newest : e->newest;
	t->written += e->length * d->scale;
	d->cell->written += e->length * d->scale;
	if (d->cell->newest < e->newest)
		d->cell->newest = e->newest;
	return 0;
}

static int look(struct cli *c, struct drawing *d, uint64_t start, uint64_t end)
{
	uint64_t place, i;
	int ret = 0;

	if (d->exact || end - start <= EXACT_SECTORS) {
		d->scale = 1;
		return libdmwarrant_tag_extents(c->lib, d->map.name, start, end, add_extent, d);
	}
	d->sampled = true;
	d->scale = (end - start) / (SAMPLES * SAMPLE_SECTORS);
	for (i = 0; i < SAMPLES && !ret; i++) {
		place = start + (end - start) / SAMPLES * i;
		ret = libdmwarrant_tag_extents(c->lib, d->map.name, place, place + SAMPLE_SECTORS,
					       add_extent, d);
	}
	return ret;
}

static int look_at_cell(struct cli *c, struct drawing *d, uint32_t nr)
{
	uint64_t start = d->map.sectors / d->map.count * nr + d->map.sectors % d->map.count * nr /
			 d->map.count;
	uint64_t end = d->map.sectors / d->map.count * (nr + 1) +
		       d->map.sectors % d->map.count * (nr + 1) / d->map.count;
	uint64_t most = 0;
	uint32_t i;
	int ret;

	d->cell = &d->map.cells[nr];
	d->cell->sectors = end - start;
	ret = look(c, d, start, end);
	for (i = 0; i < d->cell->tags && !ret; i++)
		if (d->seen[i].sectors > most) {
			most = d->seen[i].sectors;
			d->cell->tag = d->seen[i].tag;
		}
	return ret;
}

/* qsort_r() would do; the map is one at a time all the same. */
static const struct map *ranking;

static int by_sectors(const void *a, const void *b)
{
	const struct map_tag *x = &ranking->tags[*(const uint32_t *)a];
	const struct map_tag *y = &ranking->tags[*(const uint32_t *)b];

	if (x->sectors != y->sectors)
		return x->sectors > y->sectors ? -1 : 1;
	return x->tag.tag < y->tag.tag ? -1 : 1;
}

static int rank(struct map *m)
{
	uint32_t i;

	m->ranked = calloc(m->tag_count, sizeof(*m->ranked));
	if (!m->ranked)
		return -ENOMEM;
	for (i = 1; i < m->tag_count; i++)
		if (m->tags[i].sectors)
			m->ranked[m->ranked_count++] = i;
	ranking = m;
	qsort(m->ranked, m->ranked_count, sizeof(*m->ranked), by_sectors);
	for (i = 0; i < m->ranked_count; i++)
		m->tags[m->ranked[i]].rank = i;
	return 0;
}

#define PROGRESS_MS	100

static void progress(struct cli *c, const struct map *m, uint32_t nr, uint64_t began_ms,
		     uint64_t *told_ms)
{
	struct libdmwarrant_progress p = { .what = "looking at the volume" };
	uint64_t bytes = m->sectors * LIBDMWARRANT_SECTOR_SIZE;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	p.elapsed_ms = ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - began_ms;
	if (p.elapsed_ms < *told_ms + PROGRESS_MS)
		return;
	*told_ms = p.elapsed_ms;
	p.done = bytes / m->count * nr;
	p.total = bytes;
	cli_progress(c, &p);
}

static int look_at_all(struct cli *c, struct drawing *d)
{
	uint64_t began_ms, told_ms = 0;
	struct timespec ts;
	uint32_t i;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	began_ms = ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	for (i = 0; i < d->map.count && !ret; i++) {
		progress(c, &d->map, i, began_ms, &told_ms);
		ret = look_at_cell(c, d, i);
	}
	return ret;
}

static int out_of_memory(struct cli *c)
{
	return cli_usage(c, "not enough memory");
}

static int collect(struct cli *c, struct drawing *d, uint32_t cells)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	struct map *m = &d->map;
	int ret;

	m->name = c->argv[0];
	m->now = time(NULL);
	m->tags = calloc(1, sizeof(*m->tags));
	m->tag_count = 1;
	ret = libdmwarrant_status(c->lib, m->name, &s);
	if (ret)
		return ret;
	m->sectors = s.volume_bytes / LIBDMWARRANT_SECTOR_SIZE;
	m->count = m->sectors < cells ? m->sectors : cells;
	m->cells = calloc(m->count, sizeof(*m->cells));
	if (!m->tags || !m->cells)
		return out_of_memory(c);
	ret = libdmwarrant_tag_list(c->lib, m->name, NULL, add_tag, m);
	if (!ret)
		ret = look_at_all(c, d);
	if (!ret && rank(m))
		return out_of_memory(c);
	return ret;
}

/* ---- drawing ---- */

/* Names of cases are in it, so it is for its owner only; and nothing is overwritten. */
static int draw_file(struct cli *c, const struct drawing *d, const char *path,
		     void (*draw)(const struct map *m, FILE *f, unsigned int columns))
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool bad;

	if (!f)
		return cli_usage(c, "cannot make %s: %s", path, strerror(errno));
	draw(&d->map, f, d->width);
	bad = fflush(f) || ferror(f) || fsync(fd);
	if (fclose(f) || bad) {
		unlink(path);
		return cli_usage(c, "cannot write %s: %s", path, strerror(errno));
	}
	cli_say(c, "%s: %s\n", c->argv[0], path);
	return 0;
}

static void set_json(struct cli *c, const struct drawing *d)
{
	struct json_object *tags = json_object_new_array(), *cells = json_object_new_array(), *o;
	const struct map *m = &d->map;
	uint32_t i;

	cli_set_text(c->out, "volume", c->argv[0]);
	cli_set_u64(c->out, "sectors", m->sectors);
	cli_set_bool(c->out, "sampled", d->sampled);
	for (i = 0; i < m->tag_count; i++) {
		o = json_object_new_object();
		cli_tag_set(o, &m->tags[i].tag);
		cli_set_u64(o, "sectors", m->tags[i].sectors);
		cli_set_u64(o, "written_sectors", m->tags[i].written);
		if (m->tags[i].written) {
			cli_set_time(o, "oldest", m->tags[i].oldest);
			cli_set_time(o, "newest", m->tags[i].newest);
		}
		json_object_array_add(tags, o);
	}
	for (i = 0; i < m->count; i++) {
		o = json_object_new_object();
		cli_set_u64(o, "sectors", m->cells[i].sectors);
		cli_set_u64(o, "written_sectors", m->cells[i].written);
		cli_set_u64(o, "tag", m->cells[i].tag);
		cli_set_u64(o, "tags", m->cells[i].tags);
		if (m->cells[i].newest)
			cli_set_time(o, "newest", m->cells[i].newest);
		json_object_array_add(cells, o);
	}
	json_object_object_add(c->out, "tags", tags);
	json_object_object_add(c->out, "cells", cells);
}

static int draw(struct cli *c, struct drawing *d)
{
	bool unicode;
	int ret = 0;

	cli_progress_end(c);
	set_json(c, d);
	if (d->svg)
		ret = draw_file(c, d, d->svg, map_svg);
	if (!ret && d->html)
		ret = draw_file(c, d, d->html, map_html);
	if (d->svg || d->html || c->json)
		return ret;
	setlocale(LC_CTYPE, "");
	unicode = !d->ascii && !strcmp(nl_langinfo(CODESET), "UTF-8");
	map_terminal(&d->map, stdout, d->width, d->colour, unicode);
	if (d->sampled)
		cli_say(c, "Estimated from samples; --exact looks at every sector.\n");
	return 0;
}

/* ---- options ---- */

static int one_option(struct cli *c, struct drawing *d, int id)
{
	uint64_t n = 0;
	int ret = 0;

	switch (id) {
	case OPTION_SVG:
		d->svg = c->arg;
		break;
	case OPTION_HTML:
		d->html = c->arg;
		break;
	case OPTION_WIDTH:
		ret = cli_number(c, c->arg, 20, 500, &n);
		d->width = n;
		break;
	case OPTION_ROWS:
		ret = cli_number(c, c->arg, 1, 200, &n);
		d->rows = n;
		break;
	case OPTION_COLOUR:
		d->colour = !strcmp(c->arg, "always") || (d->colour && !strcmp(c->arg, "auto"));
		if (strcmp(c->arg, "always") && strcmp(c->arg, "auto") && strcmp(c->arg, "never"))
			ret = cli_usage(c, "%s is not always, never or auto", c->arg);
		break;
	case OPTION_ASCII:
		d->ascii = true;
		break;
	default:
		d->exact = true;
	}
	return ret;
}

/* Space for the offsets at the left of each row. */
#define MARGIN	11

static void choose_width(struct drawing *d)
{
	struct winsize size;

	if (d->svg || d->html) {
		d->width = d->width ? d->width : 64;
		return;
	}
	if (!d->width)
		d->width = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col :
			   64 + MARGIN;
	d->width = d->width > MARGIN + 8 ? d->width - MARGIN : 8;
}

static int run(struct cli *c)
{
	/* https://no-color.org */
	struct drawing d = { .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };
	int id, ret;

	while ((id = cli_next_option(c)))
		if (one_option(c, &d, id))
			return CLI_USAGE;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	choose_width(&d);
	if (!d.rows)
		d.rows = d.svg || d.html ? 32 : 16;
	ret = collect(c, &d, d.width * d.rows);
	if (!ret)
		ret = draw(c, &d);
	free(d.map.cells);
	free(d.map.tags);
	free(d.map.ranked);
	return ret;
}

const struct cli_command command_tag_map = {
	.noun = "tag",
	.verb = "map",
	.arguments = "VOLUME",
	.summary = "draw a volume by tag and age",
	.text = "One cell is one stretch of the volume: the letter and colour are those of the tag that most\n"
		"of its contents have, the shade says when it was last written. The tags with most space\n"
		"have letters and colours of their own. --svg and --html make files that need nothing else,\n"
		"readable by their owner only; with the mouse on a cell they say what it is.",
	.options = options,
	.reads = true,
	.run = run,
};
