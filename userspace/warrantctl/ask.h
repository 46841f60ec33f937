/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options and questions of the commands that format a LUN. */
#ifndef ASK_H
#define ASK_H

#include "cli.h"

/* Far from the options that commands count from OPTION_OWN. */
enum {
	OPTION_JOURNAL = 1100,
	OPTION_ERASE,
	OPTION_FORCE,
	OPTION_YES,
};

#define CLI_JOURNAL	{ "journal-mib", "N", OPTION_JOURNAL, \
			  "size of the journal; default: 1/128 up to 16" }
#define CLI_ERASE	{ "erase-signature", "TYPE", OPTION_ERASE, \
			  "erase what is on the device; name each type that is there" }
#define CLI_FORCE	{ "force", "small-blocks", OPTION_FORCE, \
			  "accept a LUN that does not write 4 KiB atomically" }
#define CLI_YES		{ "yes", NULL, OPTION_YES, \
			  "do not ask whether to format; signatures must still be named" }

/**
 * struct cli_format - how to format
 * @erase:        --erase-signature, each
 * @erase_count:  of @erase
 * @journal_mib:  --journal-mib; 0 = the default
 * @small_blocks: --force small-blocks
 * @yes:          --yes
 */
struct cli_format {
	const char	*erase[LIBDMWARRANT_SIGNATURES];
	uint32_t	erase_count;
	uint32_t	journal_mib;
	bool		small_blocks;
	bool		yes;
};

/* format_options.c */
int cli_format_option(struct cli *c, int id, struct cli_format *f);

/* ask.c */
int cli_ask_signatures(struct cli *c, const struct libdmwarrant_device *device, const char **erase,
		       uint32_t *count);
int cli_ask_format(struct cli *c, const struct libdmwarrant_device *device);
int cli_ask_destroy(struct cli *c, const struct libdmwarrant_device *device);

#endif
