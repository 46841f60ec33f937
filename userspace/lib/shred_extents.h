/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes and what stays of a volume, as its seals say. */
#ifndef LIB_SHRED_EXTENTS_H
#define LIB_SHRED_EXTENTS_H

#include "paper.h"
#include "shred.h"

#define LIB_SHRED_EXTENTS	1000	/* that are listed; all are counted */

/**
 * struct lib_shred_extents - what goes and what stays
 * @tag:     that goes; 0 = all
 * @sectors: of the volume
 * @gone:    written sectors that go
 * @kept:    written sectors that stay
 * @count:   extents that go
 * @start:   of the last one of these
 * @end:     behind it
 * @list:    pairs of first sector and number, [LIB_SHRED_EXTENTS]
 * @map:     a character for each part of the volume
 */
struct lib_shred_extents {
	u32	tag;
	u64	sectors;
	u64	gone;
	u64	kept;
	u64	count;
	u64	start;
	u64	end;
	u64	list[LIB_SHRED_EXTENTS][2];
	char	map[PAPER_MAP_CELLS + 1];
};

void lib_shred_extents_init(struct lib_shred_extents *x, u32 tag, u64 sectors);
int lib_shred_extents_open(struct libdmwarrant *ctx, const char *volume,
			   struct lib_shred_extents *x);
int lib_shred_extents_closed(struct libdmwarrant *ctx, const char *device,
			     const struct libdmwarrant_keyset *keyset,
			     struct lib_shred_extents *x);

#endif
