// SPDX-License-Identifier: GPL-2.0-or-later
/* How warrants are shown, in words and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "warrant.h"

/** text_is_utf8() - may the terminal be sent more than ASCII? */
bool text_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		value = getenv(names[i]);
		if (value && value[0])
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

/** text_pad() - a text in so many columns, cut or filled, and a space */
void text_pad(struct cli *c, const char *text, int columns)
{
	const char *end = text;
	int used = 0;

	/* A character is a byte that does not continue another. */
	for (; *end && used < columns; used++)
		for (end++; (*end & 0xc0) == 0x80; end++)
			;
	cli_say(c, "%.*s%*s ", (int)(end - text), text, columns - used, "");
}

/** text_span() - "12 d", "5 h", "3 min" */
const char *text_span(int64_t seconds, char text[32])
{
	if (seconds < 0)
		seconds = -seconds;
	if (seconds >= 48 * 3600)
		snprintf(text, 32, "%" PRId64 " d", seconds / 86400);
	else if (seconds >= 3600)
		snprintf(text, 32, "%" PRId64 " h", seconds / 3600);
	else
		snprintf(text, 32, "%" PRId64 " min", seconds / 60);
	return text;
}

/** text_json() - a record of the library as part of a result */
struct json_object *text_json(const char *json)
{
	return json_tokener_parse(json);
}

/** warrant_json() - a warrant in short */
void warrant_json(struct json_object *o, const struct libdmwarrant_warrant *w)
{
	cli_set_text(o, "uuid", w->uuid);
	cli_set_text(o, "reference", w->reference);
	cli_set_text(o, "country", w->country);
	cli_set_text(o, "owner", w->owner);
	cli_set_text(o, "copy", w->copy);
	cli_set_text(o, "status", w->status);
	cli_set_text(o, "state", libdmwarrant_warrant_state_name(w->state));
	cli_set_text(o, "type_of_case", w->type_of_case);
	if (w->start)
		cli_set_time(o, "start", w->start);
	if (w->end)
		cli_set_time(o, "end", w->end);
	if (w->limit)
		cli_set_time(o, "write_until", w->limit);
	cli_set_u64(o, "volume_count", w->volumes);
	cli_set_u64(o, "revision", w->revision);
	cli_set_time(o, "changed", w->changed);
}
