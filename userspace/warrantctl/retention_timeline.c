// SPDX-License-Identifier: GPL-2.0-or-later
/* A warrant's time line as text; as a picture see retention_svg.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "retention.h"
#include "warrant.h"

#define LEFT	11	/* columns, for names */
#define WIDTH	64	/* columns of the line itself */

enum {
	OPTION_SVG = OPTION_OWN,
	OPTION_ALL,
};

static const struct cli_option options[] = {
	{ "svg", "FILE", OPTION_SVG, "draw it as a picture; - = on standard output" },
	{ "all", NULL, OPTION_ALL, "all warrants instead of one" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* ---- JSON ---- */

static void moment_json(struct json_object *array, const struct libdmwarrant_moment *m)
{
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "kind", libdmwarrant_moment_name(m->kind));
	cli_set_text(o, "text", m->text);
	retention_set_date(o, "start", m->start);
	retention_set_date(o, "end", m->end);
	cli_set_text(o, "volume", m->volume);
	cli_set_u64(o, "tag", m->tag);
	if (m->entered) {
		cli_set_time(o, "entered", m->entered);
		cli_set_u64(o, "seq", m->seq);
		cli_set_text(o, "user", m->user);
	}
	json_object_array_add(array, o);
}

static void lines_json(struct json_object *out, const struct rlines *all)
{
	struct json_object *array = json_object_new_array(), *o, *moments;
	const struct rline *l;
	size_t i;

	for (l = all->line; l < all->line + all->count; l++) {
		o = json_object_new_object();
		moments = json_object_new_array();
		cli_set_text(o, "warrant", l->state.warrant);
		cli_set_text(o, "reference", l->reference);
		cli_set_text(o, "profile", l->state.profile);
		cli_set_text(o, "state", libdmwarrant_retention_state_name(l->state.state));
		for (i = 0; i < l->count; i++)
			moment_json(moments, &l->moment[i]);
		json_object_object_add(o, "moments", moments);
		json_object_array_add(array, o);
	}
	json_object_object_add(out, "warrants", array);
}

/* ---- text ---- */

static int column(const struct rlines *all, int64_t when)
{
	if (when >= all->to)
		return WIDTH - 1;
	return (when - all->from) * WIDTH / (all->to - all->from);
}

/* One character for each column; glyphs of UTF-8 when the terminal has them. */
static const char *glyph(char c)
{
	static const struct {
		char		c;
		const char	*utf8;
	} glyphs[] = {
		{ '-', "─" }, { '=', "━" }, { '#', "█" }, { '*', "●" }, { '>', "▶" },
		{ '|', "│" }, { '^', "▲" }, { ' ', " " },
	};
	static char ascii[2];
	size_t i;

	for (i = 0; text_is_utf8() && i < ARRAY_SIZE(glyphs); i++)
		if (glyphs[i].c == c)
			return glyphs[i].utf8;
	ascii[0] = c;
	return ascii;
}

static void put_row(struct cli *c, const char *name, const char *row)
{
	int i;

	cli_say(c, "  ");
	text_pad(c, name, LEFT);
	for (i = 0; i < WIDTH; i++)
		cli_say(c, "%s", glyph(row[i]));
	cli_say(c, "\n");
}

/* All of one kind in one row. Return: whether there is any. */
static bool make_row(const struct rlines *all, const struct rline *l, uint32_t kind, char *row)
{
	const struct libdmwarrant_moment *m;
	bool any = false;
	int from, to;

	memset(row, ' ', WIDTH);
	for (m = l->moment; m < l->moment + l->count; m++) {
		if (m->kind != kind || m->start == LIBDMWARRANT_NEVER)
			continue;
		any = true;
		from = column(all, m->start);
		to = column(all, m->end);
		if (m->start == m->end) {
			row[from] = '*';
			continue;
		}
		memset(row + from, kind == LIBDMWARRANT_MOMENT_HOLD ? '#' : '=', to - from + 1);
		if (m->end == LIBDMWARRANT_NEVER)
			row[to] = '>';
	}
	return any;
}

static void draw(struct cli *c, const struct rlines *all, const struct rline *l)
{
	char row[WIDTH], from[16], to[16];
	uint32_t kind;

	for (kind = LIBDMWARRANT_MOMENT_EVENT; kind <= LIBDMWARRANT_MOMENT_SHRED; kind++)
		if (make_row(all, l, kind, row))
			put_row(c, libdmwarrant_moment_name(kind), row);
	memset(row, '-', WIDTH);
	row[column(all, all->now)] = '^';
	put_row(c, "now", row);
	cli_say(c, "  %*s%-*s%s\n\n", LEFT + 1, "", WIDTH - 10, retention_date(all->from, from),
		retention_date(all->to, to));
}

static void say_moment(struct cli *c, const struct libdmwarrant_moment *m)
{
	char start[16], end[16] = "", target[80];

	if (m->end == LIBDMWARRANT_NEVER)
		snprintf(end, sizeof(end), "...");
	else if (m->end != m->start)
		retention_date(m->end, end);
	retention_target(m->volume, m->tag, target);
	cli_say(c, "  %-10s %-10s  %s%s%s%s%s%s\n", retention_date(m->start, start), end, m->text,
		*target ? " [" : "", target, *target ? "]" : "", *m->user ? "  -- " : "", m->user);
}

static void say_line(struct cli *c, const struct rlines *all, const struct rline *l)
{
	size_t i;

	cli_say(c, "%s: %s%s%s\n\n", l->reference,
		libdmwarrant_retention_state_name(l->state.state),
		*l->state.profile ? ", profile " : ", no profile", l->state.profile);
	draw(c, all, l);
	for (i = 0; i < l->count; i++)
		say_moment(c, &l->moment[i]);
}

/* ---- picture ---- */

static int write_svg(struct cli *c, const struct rlines *all, const char *path)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "we") : stdout;
	int failed;

	if (!f)
		return cli_usage(c, "cannot write %s: %s", path, strerror(errno));
	retention_svg(all, f);
	failed = fflush(f) || ferror(f);
	if (f != stdout)
		failed |= fclose(f);
	return failed ? cli_usage(c, "cannot write %s: %s", path, strerror(errno)) : 0;
}

static int show(struct cli *c, const char *warrant, const char *svg)
{
	struct rlines all;
	size_t i;
	int ret = rlines_read(c, warrant, &all);

	if (!ret && svg)
		ret = write_svg(c, &all, svg);
	if (!ret && !(svg && !strcmp(svg, "-")))
		lines_json(c->out, &all);
	for (i = 0; !ret && !svg && i < all.count; i++) {
		cli_say(c, "%s", i ? "\n" : "");
		say_line(c, &all, &all.line[i]);
	}
	rlines_free(&all);
	return ret;
}

static int run(struct cli *c)
{
	const char *svg = NULL;
	bool all = false;
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_ALL)
			all = true;
		else
			svg = c->arg;
	}
	if (cli_arguments(c, all ? 0 : 1))
		return CLI_USAGE;
	if (c->json && svg && !strcmp(svg, "-"))
		return cli_usage(c, "standard output can have one of --json and --svg -");
	return show(c, all ? NULL : c->argv[0], svg);
}

const struct cli_command command_retention_timeline = {
	.noun = "retention",
	.verb = "timeline",
	.arguments = "WARRANT",
	.summary = "what has happened, what follows from it, and when",
	.text = "Events, floor, due date, ceiling, reviews, holds, restrictions, requests and destruction, as\n"
		"a drawing and as a list. What was entered says who did it.",
	.options = options,
	.run = run,
};
