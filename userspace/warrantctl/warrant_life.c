// SPDX-License-Identifier: GPL-2.0-or-later
/* A warrant's life: what happened when, as a line of time and as a list. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "libdmwarrant-shred.h"
#include "warrant.h"

#define WIDTH_DEFAULT	80
#define WIDTH_MIN	40
#define WIDTH_MAX	200

/* Marks: begins, approved, renewed, status changed, ends, now. */
static const struct {
	char		mark;
	const char	*utf8;
} glyphs[] = {
	{ '[', "├" }, { '*', "●" }, { '+', "◆" }, { '!', "▲" }, { ']', "┤" },
	{ '^', "△" }, { '=', "━" }, { '-', "─" }, { '.', "·" },
};

static const char *glyph(char mark, char ascii[2])
{
	size_t i;

	for (i = 0; text_is_utf8() && i < ARRAY_SIZE(glyphs); i++)
		if (glyphs[i].mark == mark)
			return glyphs[i].utf8;
	ascii[0] = mark;
	ascii[1] = 0;
	return ascii;
}

/* ---- what happened ---- */

static int add(struct life *l, int64_t when, char mark, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int add(struct life *l, int64_t when, char mark, const char *fmt, ...)
{
	struct event *more = reallocarray(l->event, l->count + 1, sizeof(*more));
	struct event *e;
	va_list args;

	if (!more)
		return -ENOMEM;
	l->event = more;
	e = &more[l->count];
	e->when = when;
	e->mark = mark;
	e->nr = l->count;
	va_start(args, fmt);
	if (vasprintf(&e->text, fmt, args) >= 0)
		l->count++;
	else
		more = NULL;
	va_end(args);
	return more ? 0 : -ENOMEM;
}

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_object_get(o, name);

	return v ? json_object_get_string(v) : "";
}

/* "2026-03-01T00:00:00+01:00" in Unix seconds. The library has checked it; 0 = there is none. */
static int64_t time_of(const char *text)
{
	struct tm tm = { 0 };
	const char *zone = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours = 0, minutes = 0;

	if (!zone)
		return 0;
	if (sscanf(zone + strcspn(zone, "+-"), "%3d:%2d", &hours, &minutes) == 2 &&
	    strchr(zone, '-'))
		minutes = -minutes;
	return timegm(&tm) - hours * 3600 - minutes * 60;
}

static int add_approval(struct life *l, struct json_object *a)
{
	struct json_object *approver = json_object_object_get(a, "ApproverDetails");
	const char *order = text_of(a, "ApprovalReference");
	const char *name = text_of(approver, "ApproverName");
	bool renewal = !strcmp(text_of(a, "ApprovalType"), "Renewal");
	int64_t when = time_of(text_of(a, "ApprovalTimestamp"));

	if (!when)
		return 0;
	return add(l, when, renewal ? '+' : '*', "%s%s%s%s%s",
		   renewal ? "renewed" : "approved", order[0] ? ", order " : "", order,
		   name[0] ? ", by " : "", name);
}

static int add_record(struct life *l, const struct libdmwarrant_warrant *w)
{
	static const struct {
		const char	*member;
		const char	*text;
	} stamps[] = {
		{ "AuthorisationCreationTimestamp", "created" },
		{ "AuthorisationServedTimestamp", "served" },
		{ "AuthorisationTerminationTimestamp", "terminated" },
	};
	struct json_object *o = text_json(w->json);
	struct json_object *approvals = json_object_object_get(o, "AuthorisationApprovalDetails");
	int64_t when;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && approvals && i < json_object_array_length(approvals); i++)
		ret = add_approval(l, json_object_array_get_idx(approvals, i));
	for (i = 0; !ret && i < ARRAY_SIZE(stamps); i++) {
		when = time_of(text_of(o, stamps[i].member));
		if (when)
			ret = add(l, when, '!', "%s", stamps[i].text);
	}
	json_object_put(o);
	return ret;
}

/* What a revision changed, as far as it belongs to the warrant's life. */
static int add_change(struct life *l, const struct libdmwarrant_revision *v,
		      struct json_object *change)
{
	const char *path = text_of(change, "Path"), *to = text_of(change, "To");

	if (!strcmp(path, "/AuthorisationStatus/Value"))
		return add(l, v->when, '!', "status entered: %s, was %s", to,
			   text_of(change, "From"));
	if (!strcmp(path, "/AuthorisationStatus"))
		return add(l, v->when, '!', "status entered: %s",
			   text_of(json_object_object_get(change, "To"), "Value"));
	if (!strcmp(path, "/AuthorisationTimespan/EndTime"))
		return add(l, v->when, 0, "end entered: %s, was %s", to,
			   text_of(change, "From"));
	return 0;
}

static int one_revision(void *arg, const struct libdmwarrant_revision *v)
{
	struct json_object *changes = text_json(v->changes);
	struct life *l = arg;
	size_t i;
	int ret = 0;

	if (v->revision == 1)
		ret = add(l, v->when, 0, "recorded, by %s@%s", v->user, v->host);
	for (i = 0; !ret && i < json_object_array_length(changes); i++)
		ret = add_change(l, v, json_object_array_get_idx(changes, i));
	json_object_put(changes);
	return ret;
}

struct shreds {
	struct life				*l;
	const struct libdmwarrant_warrant	*w;
	int					ret;
};

static int one_certificate(void *arg, const struct libdmwarrant_certificate *t)
{
	struct shreds *s = arg;
	struct json_object *o = text_json(t->json);

	if (!strcmp(text_of(json_object_object_get(o, "Target"), "WarrantUUID"), s->w->uuid))
		s->ret = add(s->l, t->time, '!', "shredded: %s, certificate %s", t->summary,
			     t->uuid);
	json_object_put(o);
	return s->ret;
}

static int add_shreds(struct libdmwarrant_registry *reg, struct life *l,
		      const struct libdmwarrant_warrant *w)
{
	struct shreds s = { l, w, 0 };
	int ret = libdmwarrant_certificates(reg, NULL, one_certificate, &s);

	return s.ret ?: ret;
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

static int add_limits(struct life *l, const struct libdmwarrant_warrant *w)
{
	char span[32];
	int ret = 0;

	if (l->start)
		ret = add(l, l->start, '[', "begins");
	if (!ret && l->end)
		ret = add(l, l->end, ']', l->end < w->end ? "72 hours of the emergency end, %s %s" :
			  "ends, %s %s", l->end > l->now ? "in" : "since",
			  text_span(l->end - l->now, span));
	if (!ret)
		ret = add(l, l->now, '^', "now: %s", libdmwarrant_warrant_state_name(l->state));
	return ret;
}

/** life_read() - Return: 0; -ENOMEM; an error of the library */
int life_read(struct libdmwarrant_registry *reg, const struct libdmwarrant_warrant *w,
	      struct life *l)
{
	int ret;

	memset(l, 0, sizeof(*l));
	l->start = w->start;
	l->end = w->limit;
	l->now = time(NULL);
	l->state = w->state;
	ret = libdmwarrant_warrant_history(reg, w->uuid, one_revision, l);
	if (!ret)
		ret = add_record(l, w);
	if (!ret)
		ret = add_shreds(reg, l, w);
	if (!ret)
		ret = add_limits(l, w);
	if (!ret)
		qsort(l->event, l->count, sizeof(*l->event), by_time);
	return ret;
}

void life_free(struct life *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		free(l->event[i].text);
	free(l->event);
}

/* ---- the line of time ---- */

/**
 * struct axis - a line of time
 * @from:    time of the first column
 * @to:      of the last
 * @columns: between the two dates
 * @line:    marks
 */
struct axis {
	int64_t	from;
	int64_t	to;
	int	columns;
	char	line[WIDTH_MAX + 1];
};

static int terminal_width(void)
{
	struct winsize size;
	int width = WIDTH_DEFAULT;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		width = size.ws_col;
	if (width < WIDTH_MIN)
		return WIDTH_MIN;
	return width < WIDTH_MAX ? width : WIDTH_MAX;
}

static int column(const struct axis *a, int64_t when)
{
	double part = a->to > a->from ? (double)(when - a->from) / (a->to - a->from) : 0;

	return part * (a->columns - 1) + 0.5;
}

static void make_axis(const struct life *l, struct axis *a)
{
	size_t i;

	a->from = a->to = l->now;
	for (i = 0; i < l->count; i++) {
		if (l->event[i].mark && l->event[i].when < a->from)
			a->from = l->event[i].when;
		if (l->event[i].mark && l->event[i].when > a->to)
			a->to = l->event[i].when;
	}
	/* "2026-03-01 " before it and " 2026-03-01" behind. */
	a->columns = terminal_width() - 2 * 11 - 1;
	memset(a->line, ' ', a->columns);
	a->line[a->columns] = 0;
}

/* The time in which it is in force: what is past is solid. */
static void draw_span(const struct life *l, struct axis *a)
{
	int64_t end = l->end ? l->end : a->to;
	int i, from, to = column(a, end), now = column(a, l->now);

	if (!l->start && !l->end)
		return;
	from = column(a, l->start ? l->start : a->from);
	for (i = 0; i < a->columns; i++)
		if (i >= from && i <= to)
			a->line[i] = i <= now ? '=' : '-';
		else
			a->line[i] = '.';
}

static void draw_marks(const struct life *l, struct axis *a)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (l->event[i].mark && l->event[i].mark != '^')
			a->line[column(a, l->event[i].when)] = l->event[i].mark;
}

static void say_line(struct cli *c, const struct axis *a)
{
	char from[32], to[32], ascii[2];
	int i;

	cli_say(c, "%.10s ", cli_time(a->from, from));
	for (i = 0; i < a->columns; i++)
		cli_say(c, "%s", glyph(a->line[i], ascii));
	cli_say(c, " %.10s\n", cli_time(a->to, to));
}

/* What is now, under the line; to the left of its mark where there is no room to the right. */
static void say_now(struct cli *c, const struct life *l, const struct axis *a)
{
	const char *state = libdmwarrant_warrant_state_name(l->state);
	int at = 11 + column(a, l->now), size = strlen("now, ") + strlen(state);
	char ascii[2];

	if (at + 2 + size <= 2 * 11 + a->columns)
		cli_say(c, "%*s%s now, %s\n", at, "", glyph('^', ascii), state);
	else
		cli_say(c, "%*snow, %s %s\n", at - size - 1, "", state, glyph('^', ascii));
}

void life_draw(struct cli *c, const struct life *l)
{
	struct axis a;
	char when[32], ascii[2];
	size_t i;

	make_axis(l, &a);
	draw_span(l, &a);
	draw_marks(l, &a);
	cli_say(c, "\n");
	say_line(c, &a);
	say_now(c, l, &a);
	cli_say(c, "\n");
	for (i = 0; i < l->count; i++)
		cli_say(c, "  %s %s  %s\n",
			glyph(l->event[i].mark ? l->event[i].mark : ' ', ascii),
			cli_time(l->event[i].when, when), l->event[i].text);
}

/** life_json() - the same for programs */
void life_json(struct json_object *array, const struct life *l)
{
	struct json_object *o;
	size_t i;

	for (i = 0; i < l->count; i++) {
		o = json_object_new_object();
		cli_set_time(o, "when", l->event[i].when);
		cli_set_text(o, "text", l->event[i].text);
		json_object_array_add(array, o);
	}
}
