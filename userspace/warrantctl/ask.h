/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions before a LUN is formatted. */
#ifndef ASK_H
#define ASK_H

#include "cli.h"

int cli_ask_signatures(struct cli *c, const struct libdmwarrant_device *device, const char **erase,
		       uint32_t *count);
int cli_ask_format(struct cli *c, const struct libdmwarrant_device *device);

#endif
