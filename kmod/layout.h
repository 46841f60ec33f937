/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything lies on a LUN. Pure arithmetic: no I/O, no allocation, any context.
 *
 *   superblock A | activations | tags | superblock B | journal ring | group 0 | group 1 | ...
 */
#ifndef DMW_LAYOUT_H
#define DMW_LAYOUT_H

#include "format.h"

/**
 * struct dmw_layout - the sizes that a format chooses, and what follows from them
 * @lun_blocks:        4 KiB blocks of the LUN; chosen
 * @activation_blocks: chosen
 * @tag_records:       chosen
 * @journal_blocks:    chosen
 * @journal_unit:      bytes; chosen: the LUN's physical block size, at most 4096
 * @activation_start:  block
 * @tag_start:         block
 * @superblock_b:      block
 * @journal_start:     block
 * @group_start:       block
 * @data_sectors:      size of the volume
 */
struct dmw_layout {
	u64	lun_blocks;
	u32	activation_blocks;
	u32	tag_records;
	u32	journal_blocks;
	u32	journal_unit;
	u64	activation_start;
	u64	tag_start;
	u64	superblock_b;
	u64	journal_start;
	u64	group_start;
	u64	data_sectors;
};

void dmw_layout_choose(struct dmw_layout *l, u64 lun_blocks, u32 journal_unit);
int dmw_layout_derive(struct dmw_layout *l);
u64 dmw_layout_sector(const struct dmw_layout *l, u64 sector);
u64 dmw_layout_node(const struct dmw_layout *l, unsigned int level, u64 index, unsigned int slot);
u64 dmw_layout_activation(const struct dmw_layout *l, u32 link, unsigned int slot);
u64 dmw_layout_tag(const struct dmw_layout *l, enum dmw_tag_level level, u32 index, unsigned int slot);
u64 dmw_layout_superblock(const struct dmw_layout *l, u64 checkpoint);
u64 dmw_layout_nodes(const struct dmw_layout *l, unsigned int level);

/** dmw_layout_tag_nodes() - nodes of the tag table, below its top */
static inline u32 dmw_layout_tag_nodes(const struct dmw_layout *l)
{
	return DIV_ROUND_UP(l->tag_records, DMW_FANOUT);
}

/** dmw_layout_journal_units() - length of the ring in journal units */
static inline u64 dmw_layout_journal_units(const struct dmw_layout *l)
{
	return (u64)l->journal_blocks * DMW_SECTOR_SIZE / l->journal_unit;
}

#endif
