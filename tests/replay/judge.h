/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the file system on a volume whole, and is there what was promised? judge.c */
#ifndef REPLAY_JUDGE_H
#define REPLAY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay.h"

struct judge;

struct judge *judge_start(const char *dir, const char *load, const char *type, uint64_t seed,
			  uint64_t bytes);
bool judge_file_system(struct judge *j, const uint8_t *contents, const uint32_t *promised,
		       bool check, char *why, size_t size);
uint64_t judge_files(const struct judge *j);
void judge_stop(struct judge *j);

#endif
