// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of the commands that format a LUN. */
#include <string.h>

#include "ask.h"

/**
 * cli_format_option() - take an option on formatting
 * @id: OPTION_JOURNAL, -ERASE, -FORCE or -YES
 * @f:  receives it
 *
 * Return: 0, or from cli_usage().
 */
int cli_format_option(struct cli *c, int id, struct cli_format *f)
{
	uint64_t n;

	switch (id) {
	case OPTION_JOURNAL:
		if (cli_number(c, c->arg, 1, 1024, &n))
			return CLI_USAGE;
		f->journal_mib = n;
		return 0;
	case OPTION_ERASE:
		if (f->erase_count == LIBDMWARRANT_SIGNATURES)
			return cli_usage(c, "too many --erase-signature");
		f->erase[f->erase_count++] = c->arg;
		return 0;
	case OPTION_FORCE:
		if (strcmp(c->arg, "small-blocks"))
			return cli_usage(c, "cannot force %s, only small-blocks", c->arg);
		f->small_blocks = true;
		return 0;
	default:
		f->yes = true;
		return 0;
	}
}
