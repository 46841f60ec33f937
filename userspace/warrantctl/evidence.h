/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on evidence seals share. */
#ifndef EVIDENCE_CLI_H
#define EVIDENCE_CLI_H

#include "libdmwarrant-evidence.h"

static inline void evidence_hex(const uint8_t digest[LIBDMWARRANT_DIGEST_SIZE],
				char text[2 * LIBDMWARRANT_DIGEST_SIZE + 1])
{
	int i;

	for (i = 0; i < LIBDMWARRANT_DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

#endif
