/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on volumes by warrant share. */
#ifndef BY_WARRANT_H
#define BY_WARRANT_H

#include "cli.h"
#include "libdmwarrant-volume.h"
#include "unlock.h"

/* Without any of these the terminal is asked. */
#define CLI_UNLOCK	CLI_KEY_FILE, CLI_PASSPHRASE_FD, CLI_TOKEN

/**
 * struct cli_keysource - where the keyset of a volume is kept, for commands that add keys
 * @source:  for the library
 * @unlock:  of a key store
 * @options: as they were given
 * @is_file: --keyset
 */
struct cli_keysource {
	struct libdmwarrant_keysource	source;
	struct libdmwarrant_unlock	unlock;
	const struct cli_unlock		*options;
	bool				is_file;
};

/* place.c */
int cli_place(struct cli *c, const char *keystore, struct libdmwarrant_config *config);

/* keysource.c */
int cli_keysource(struct cli *c, const char *volume, const char *keystore,
		  const struct cli_unlock *options, struct cli_keysource *k);
int cli_device_keyset(struct cli *c, const char *device, const char *keystore,
		      const struct cli_unlock *options, struct libdmwarrant_anchor *anchor,
		      struct libdmwarrant_keyset **keyset);
void cli_keysource_end(struct cli_keysource *k);

/* guard_start.c */
int cli_guard_start(struct cli *c, const struct libdmwarrant_config *config, const uint8_t *uuid,
		    uint32_t seconds, const struct cli_unlock *unlock);

/* volume_open_warrant.c */
int cli_open_by_warrant(struct cli *c, struct libdmwarrant_volume_open_params *params,
			const struct cli_unlock *options, bool guard);

#endif
