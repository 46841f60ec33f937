/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume opened in this process: volume.c. Apart from the core's headers, whose names are many. */
#ifndef REPLAY_VOLUME_H
#define REPLAY_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct opened - a volume that has been opened, recovered and read
 * @plain:        its contents
 * @bytes:        of them
 * @digest:       over them, as "load digest" computes it in a guest
 * @recovered:    sectors that recovery has settled
 * @metadata_end: where on the LUN the groups begin; all before bears tearing
 */
struct opened {
	uint8_t		*plain;
	uint64_t	bytes;
	uint64_t	digest;
	uint64_t	recovered;
	uint64_t	metadata_end;
};

void volume_init(int fd, const char *keyset);
bool volume_open(uint64_t lun_bytes, struct opened *o, char *why, size_t size);

#endif
