/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk with a volatile cache, played back from a recording: disk.c. */
#ifndef REPLAY_DISK_H
#define REPLAY_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay.h"

#define PIECE	512

/**
 * struct unit - what a write does to one block, while it is not durable
 * @data:  where the pieces come from, as many bytes as a block; NULL = zeros
 * @block: number of the block
 * @id:    of the request
 * @done:  it has been answered: the clock then; 0 = not yet
 * @mask:  pieces that are written
 */
struct unit {
	const uint8_t	*data;
	uint64_t	block;
	uint64_t	id;
	uint64_t	done;
	uint8_t		mask;
};

/**
 * struct request - a write or flush that has not been answered yet
 * @since: clock when it was asked for
 */
struct request {
	uint64_t	id;
	uint64_t	since;
	bool		flush;
	bool		fua;
};

/**
 * struct disk - what a crash leaves for certain, and what it may leave
 * @durable:  contents that nothing can take away
 * @size:     of them, in bytes; a multiple of a block
 * @units:    what may or may not be there, oldest first
 * @requests: on their way
 * @clock:    entries seen
 * @late:     it lies: a flush makes durable only what the flush before it should have
 * @flushed:  when that one was asked for
 */
struct disk {
	uint8_t		*durable;
	uint64_t	size;
	struct unit	*units;
	size_t		count;
	size_t		space;
	struct request	requests[256];
	unsigned int	request_count;
	uint64_t	clock;
	bool		late;
	uint64_t	flushed;
};

void disk_write(struct disk *d, uint64_t id, uint64_t offset, uint64_t length, const uint8_t *data,
		bool fua);
void disk_flush(struct disk *d, uint64_t id);
bool disk_will_settle(const struct disk *d, uint64_t id);
void disk_done(struct disk *d, uint64_t id);
void disk_apply(uint8_t *contents, const struct unit *u, uint8_t mask);

#endif
