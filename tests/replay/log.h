/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What record.c writes and replay.c reads: all that a guest asked of its disk, in order.
 *
 * One struct log_entry for each request when it comes in (a write is followed by its data) and one
 * when it is answered. So what a flush covers is known exactly: what was answered before it was
 * asked for. A write under FUA covers itself and nothing else.
 */
#ifndef REPLAY_LOG_H
#define REPLAY_LOG_H

#include <stdint.h>

enum log_kind {
	LOG_WRITE = 1,		/* asked for; @length bytes of data follow */
	LOG_ZERO,		/* a write of zeros, or a discard: no data follows */
	LOG_FLUSH,
	LOG_DONE,		/* request @id has been answered */
};

#define LOG_FUA	1

struct log_entry {
	uint32_t	kind;
	uint32_t	flags;
	uint64_t	id;
	uint64_t	offset;
	uint64_t	length;
};

#endif
