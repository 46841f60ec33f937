// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures for a Prometheus node exporter's textfile collector. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "retention.h"

void figures_add(struct figures *g, const struct libdmwarrant_retention *s)
{
	/* Parts of a warrant do not count again. */
	if (*s->volume)
		return;
	g->state[s->state]++;
	if (s->state == LIBDMWARRANT_RETENTION_SHREDDED)
		return;
	g->warrants++;
	g->overrun += !!(s->flags & LIBDMWARRANT_RETENTION_OVERRUN);
	g->review += !!(s->flags & LIBDMWARRANT_RETENTION_REVIEW_DUE);
	g->no_profile += !!(s->flags & LIBDMWARRANT_RETENTION_NO_PROFILE);
	if (s->state == LIBDMWARRANT_RETENTION_DUE && s->due < g->oldest)
		g->oldest = s->due;
}

static void put(FILE *f, const char *name, const char *help, uint64_t value)
{
	fprintf(f, "# HELP dm_warrant_retention_%s %s\n# TYPE dm_warrant_retention_%s gauge\n"
		"dm_warrant_retention_%s %" PRIu64 "\n", name, help, name, name, value);
}

static void put_all(const struct figures *g, FILE *f)
{
	uint32_t i;

	fputs("# HELP dm_warrant_retention_state_warrants Warrants by state of retention.\n"
	      "# TYPE dm_warrant_retention_state_warrants gauge\n", f);
	for (i = LIBDMWARRANT_RETENTION_ACTIVE; i <= LIBDMWARRANT_RETENTION_SHREDDED; i++)
		fprintf(f, "dm_warrant_retention_state_warrants{state=\"%s\"} %" PRIu64 "\n",
			libdmwarrant_retention_state_name(i), g->state[i]);
	put(f, "overrun_warrants", "Warrants whose ceiling has passed.", g->overrun);
	put(f, "review_overdue_warrants", "Warrants whose review is overdue.", g->review);
	put(f, "no_profile_warrants", "Warrants that no profile is bound to.", g->no_profile);
	put(f, "oldest_due_seconds", "For how long the oldest one without a request has been due.",
	    g->oldest < g->now ? g->now - g->oldest : 0);
	put(f, "clock_ok", "1 = the clock can be believed, 0 = nothing is destroyed.",
	    g->clock_ok);
	put(f, "report_timestamp_seconds", "When this was written.", g->now);
}

/* The collector must never see half of it, nor what a crash has left of an older one. */
static int replace(const struct figures *g, FILE *f, const char *temporary, const char *path)
{
	int err = 0;

	put_all(g, f);
	if (fflush(f) || ferror(f) || fsync(fileno(f)) || fchmod(fileno(f), 0644))
		err = errno ? errno : EIO;
	if (fclose(f) && !err)
		err = errno;
	if (!err && rename(temporary, path))
		err = errno;
	if (err)
		unlink(temporary);
	return err;
}

/** figures_write() - replace a file, whole. Return: 0 or from cli_usage() */
int figures_write(struct cli *c, const struct figures *g, const char *path)
{
	char temporary[PATH_MAX];
	FILE *f = NULL;
	int fd = -1, err;

	/* The collector reads *.prom only, so this is none of its files. */
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) < (int)sizeof(temporary))
		fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (!f)
		return cli_usage(c, "cannot write %s: %s", path, strerror(errno));
	err = replace(g, f, temporary, path);
	return err ? cli_usage(c, "cannot write %s: %s", path, strerror(err)) : 0;
}
