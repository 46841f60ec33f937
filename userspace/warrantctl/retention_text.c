// SPDX-License-Identifier: GPL-2.0-or-later
/* How retention is shown, in words and as JSON. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "retention.h"

const char *retention_date(int64_t seconds, char text[16])
{
	time_t t = seconds;
	struct tm tm;

	if (seconds == LIBDMWARRANT_NEVER || !gmtime_r(&t, &tm) ||
	    !strftime(text, 16, "%Y-%m-%d", &tm))
		snprintf(text, 16, "-");
	return text;
}

const char *retention_target(const char *volume, uint32_t tag, char text[80])
{
	text[0] = 0;
	if (volume[0] && tag)
		snprintf(text, 80, "volume %.36s, tag %u", volume, tag);
	else if (volume[0])
		snprintf(text, 80, "volume %.36s", volume);
	return text;
}

const char *retention_days(int64_t from, int64_t now, char text[32])
{
	int64_t days = (from > now ? from - now + 86399 : now - from) / 86400;

	snprintf(text, 32, "%s %" PRId64 " d", from > now ? "in" : "since", days);
	return text;
}

void retention_set_date(struct json_object *o, const char *name, int64_t seconds)
{
	if (seconds == LIBDMWARRANT_NEVER)
		json_object_object_add(o, name, NULL);
	else
		cli_set_time(o, name, seconds);
}

int retention_number(const char *text, uint32_t *tag)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !value || value > UINT32_MAX)
		return -1;
	*tag = value;
	return 0;
}

void retention_json(struct json_object *o, const struct libdmwarrant_retention *s)
{
	cli_set_text(o, "warrant", s->warrant);
	cli_set_text(o, "reference", s->reference);
	cli_set_text(o, "copy", s->copy);
	cli_set_text(o, "volume", s->volume);
	cli_set_u64(o, "tag", s->tag);
	cli_set_text(o, "profile", s->profile);
	cli_set_text(o, "state", libdmwarrant_retention_state_name(s->state));
	cli_set_bool(o, "is_due", s->flags & LIBDMWARRANT_RETENTION_IS_DUE);
	cli_set_bool(o, "is_restricted", s->flags & LIBDMWARRANT_RETENTION_IS_RESTRICTED);
	cli_set_bool(o, "is_held", s->flags & LIBDMWARRANT_RETENTION_IS_HELD);
	cli_set_bool(o, "is_requested", s->flags & LIBDMWARRANT_RETENTION_IS_REQUESTED);
	cli_set_bool(o, "is_approved", s->flags & LIBDMWARRANT_RETENTION_IS_APPROVED);
	cli_set_bool(o, "ceiling_overrun", s->flags & LIBDMWARRANT_RETENTION_OVERRUN);
	cli_set_bool(o, "review_due", s->flags & LIBDMWARRANT_RETENTION_REVIEW_DUE);
	retention_set_date(o, "floor", s->floor);
	retention_set_date(o, "absolute_floor", s->absolute);
	retention_set_date(o, "due", s->due);
	retention_set_date(o, "ceiling", s->ceiling);
	retention_set_date(o, "next_review", s->review);
	cli_set_text(o, "floor_from", s->floor_from);
	cli_set_text(o, "due_from", s->due_from);
	cli_set_text(o, "ceiling_from", s->ceiling_from);
	cli_set_text(o, "review_from", s->review_from);
	cli_set_text(o, "holds", s->holds);
}
