/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on retention share. */
#ifndef RETENTION_H
#define RETENTION_H

#include "cli.h"
#include "libdmwarrant-retention.h"

/* retention_text.c */

/** retention_date() - a day; "-" = LIBDMWARRANT_NEVER */
const char *retention_date(int64_t seconds, char text[16]);

/** retention_target() - "volume UUID, tag 3"; "" = the whole warrant */
const char *retention_target(const char *volume, uint32_t tag, char text[80]);

/** retention_days() - "since 12 d", "in 30 d" */
const char *retention_days(int64_t from, int64_t now, char text[32]);

void retention_set_date(struct json_object *o, const char *name, int64_t seconds);
void retention_json(struct json_object *o, const struct libdmwarrant_retention *s);
int retention_number(const char *text, uint32_t *tag);

/* retention_entry.c: options that stand for members of an entry */

enum {
	ENTRY_VOLUME = OPTION_OWN,
	ENTRY_TAG,
	ENTRY_NAME,
	ENTRY_DATE,
	ENTRY_REFERENCE,
	ENTRY_REASON,
	ENTRY_AUTHORITY,
	ENTRY_WITHDRAW,
	ENTRY_NO_KERNEL,
	ENTRY_OUTCOME,
};

#define ENTER_VOLUME	{ "volume", "VOLUME", ENTRY_VOLUME, \
			  "name or UUID: that volume instead of a whole warrant" }
#define ENTER_TAG	{ "tag", "N", ENTRY_TAG, "of --volume: that tag only" }
#define ENTER_REASON	{ "reason", "TEXT", ENTRY_REASON, "why, for the record" }
#define ENTER_AUTHORITY	{ "authority", "TEXT", ENTRY_AUTHORITY, "who has ordered it" }

/** retention_entry_option() - take an option. Return: 0 or from cli_usage() */
int retention_entry_option(struct cli *c, struct libdmwarrant_retention_entry *n, int id);

/** retention_enter() - do it, and say so */
int retention_enter(struct cli *c, const struct libdmwarrant_retention_entry *n,
		    int (*fn)(struct libdmwarrant_registry *r,
			      const struct libdmwarrant_retention_entry *n), const char *done);

/* retention_line.c: a time line in memory */

/**
 * struct rline - a warrant's time line
 * @reference: of the warrant
 * @state:     how it stands
 * @moment:    with texts of their own
 * @count:     of them
 */
struct rline {
	char				*reference;
	struct libdmwarrant_retention	state;
	struct libdmwarrant_moment	*moment;
	size_t				count;
};

/**
 * struct rlines - time lines
 * @line:  of the warrants
 * @count: of them
 * @now:   Unix seconds
 * @from:  first second that is shown
 * @to:    last
 */
struct rlines {
	struct rline	*line;
	size_t		count;
	int64_t		now;
	int64_t		from;
	int64_t		to;
};

int rlines_read(struct cli *c, const char *warrant, struct rlines *all);
void rlines_free(struct rlines *all);

/* retention_svg.c */

void retention_svg(const struct rlines *all, FILE *f);

/* retention_metrics.c */

/**
 * struct figures - what there is to do
 * @warrants:   all, shredded ones not counted
 * @state:      of them, by enum libdmwarrant_retention_state
 * @overrun:    ceiling passed
 * @review:     review overdue
 * @no_profile: nobody knows how long
 * @oldest:     when the one that is due longest became due; LIBDMWARRANT_NEVER = none
 * @clock_ok:   the clock can be believed
 * @now:        Unix seconds
 */
struct figures {
	uint64_t	warrants;
	uint64_t	state[LIBDMWARRANT_RETENTION_SHREDDED + 1];
	uint64_t	overrun;
	uint64_t	review;
	uint64_t	no_profile;
	int64_t		oldest;
	bool		clock_ok;
	int64_t		now;
};

void figures_add(struct figures *g, const struct libdmwarrant_retention *s);
int figures_write(struct cli *c, const struct figures *g, const char *path);

#endif
