// SPDX-License-Identifier: GPL-2.0-or-later
/* What people and programs get to see. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* Numbers above this lose digits in programs that read JSON numbers as doubles. */
#define EXACT_MAX	(1ULL << 53)

void cli_say(const struct cli *c, const char *fmt, ...)
{
	va_list args;

	if (c->json)
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

/* ---- values ---- */

void cli_set_u64(struct json_object *o, const char *name, uint64_t value)
{
	char text[24];

	if (value <= EXACT_MAX) {
		json_object_object_add(o, name, json_object_new_int64(value));
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64, value);
	cli_set_text(o, name, text);
}

void cli_set_text(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

void cli_set_bool(struct json_object *o, const char *name, bool value)
{
	json_object_object_add(o, name, json_object_new_boolean(value));
}

void cli_set_uuid(struct json_object *o, const char *name, const uint8_t *uuid)
{
	char text[37];

	libdmwarrant_uuid_format(uuid, text);
	cli_set_text(o, name, text);
}

void cli_set_anchor(struct json_object *o, const char *name, const struct libdmwarrant_anchor *a)
{
	char text[46];

	libdmwarrant_anchor_format(a, text);
	cli_set_text(o, name, text);
}

void cli_set_time(struct json_object *o, const char *name, uint64_t seconds)
{
	char text[32];

	cli_set_text(o, name, cli_time(seconds, text));
}

const char *cli_size(uint64_t bytes, char text[16])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 16, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

const char *cli_time(uint64_t seconds, char text[32])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 32, "%" PRIu64 " s", seconds);
	return text;
}

/* ---- results ---- */

static const char *compact(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* A map can be longer than memory: its array is printed while it is made, before all else. */
void cli_stream_begin(struct cli *c, const char *array)
{
	char *text = strdup(compact(c->out));

	if (text)
		printf("%.*s,\"%s\":[", (int)strlen(text) - 1, text, array);
	free(text);
	json_object_put(c->out);
	c->out = json_object_new_object();
	c->json = true;
	c->streaming = true;
}

void cli_stream(struct cli *c, struct json_object *element, bool first)
{
	(void)c;
	printf("%s\n%s", first ? "" : ",", compact(element));
	json_object_put(element);
}

/* Print all of c->out; behind a streamed array, all that is not printed yet. */
void cli_finish(struct cli *c)
{
	const char *text;

	if (c->streaming) {
		text = compact(c->out);
		printf("\n]%s%s\n", text[1] == '}' ? "" : ",", text + 1);
		return;
	}
	puts(json_object_to_json_string_ext(c->out, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---- progress ---- */

static void progress_line(struct cli *c, const struct libdmwarrant_progress *p, uint64_t eta_ms)
{
	char done[16], total[16], speed[16];

	cli_size(p->done, done);
	cli_size(p->done * 1000 / p->elapsed_ms, speed);
	fprintf(stderr, "\r%s: %s", p->what, done);
	if (p->total)
		fprintf(stderr, " of %s (%.0f %%), %s/s, %" PRIu64 ":%02" PRIu64 " left",
			cli_size(p->total, total), 100.0 * p->done / p->total, speed,
			eta_ms / 60000, eta_ms / 1000 % 60);
	fputs("\033[K", stderr);
	c->progress_shown = true;
}

/**
 * cli_progress_object() - progress as a line of JSON
 * @p:      it
 * @done:   name of what is done: "done_bytes"
 * @total:  likewise
 * @eta_ms: CLI_NO_ETA = nobody can know
 */
void cli_progress_object(const struct libdmwarrant_progress *p, const char *done,
			 const char *total, uint64_t eta_ms)
{
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "schema", "dm-warrant/progress");
	cli_set_u64(o, "version", 1);
	cli_set_text(o, "what", p->what);
	cli_set_u64(o, done, p->done);
	cli_set_u64(o, total, p->total);
	cli_set_u64(o, "elapsed_ms", p->elapsed_ms);
	if (eta_ms != CLI_NO_ETA)
		cli_set_u64(o, "eta_ms", eta_ms);
	fprintf(stderr, "%s\n", compact(o));
	json_object_put(o);
}

int cli_progress(void *arg, const struct libdmwarrant_progress *p)
{
	struct cli *c = arg;
	uint64_t eta_ms = 0;

	if (p->elapsed_ms < CLI_PROGRESS_AFTER_MS)
		return 0;
	if (p->done && p->total > p->done)
		eta_ms = (double)p->elapsed_ms * (p->total - p->done) / p->done;
	if (c->progress_json)
		cli_progress_object(p, "done_bytes", "total_bytes", p->total ? eta_ms : CLI_NO_ETA);
	else if (isatty(STDERR_FILENO))
		progress_line(c, p, eta_ms);
	return 0;
}

void cli_progress_end(struct cli *c)
{
	if (c->progress_shown)
		fputs("\r\033[K", stderr);
	c->progress_shown = false;
}
