/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on certificates share. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "cli.h"
#include "libdmwarrant-shred.h"

#define CERTIFICATE_FILE_MAX	(64U << 20)	/* bytes of any file that comes with one */

int cli_certificate_read(struct cli *c, const char *path, char **text, size_t *size);
int cli_certificate_write(struct cli *c, const char *path, const char *text, size_t size);

#endif
