/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What replay.c writes and kernel.c reads: LUNs, one after the other, each as what is different from
 * the one before; the first, from the LUN before the recording.
 */
#ifndef REPLAY_STATES_H
#define REPLAY_STATES_H

#include "disk.h"
#include "replay.h"

/**
 * struct state_head - a LUN; its blocks follow
 * @number:    among all states that replay.c has looked at
 * @digest:    of the volume on it, as recovered by replay.c
 * @recovered: sectors that recovery has settled there
 * @promised:  of each thread
 * @blocks:    that differ
 */
struct state_head {
	uint64_t	digest;
	uint32_t	number;
	uint32_t	recovered;
	uint32_t	promised[THREADS];
	uint32_t	blocks;
	uint32_t	pad;
};

struct state_block {
	uint64_t	number;
	uint8_t		data[BLOCK];
};

#endif
