// SPDX-License-Identifier: GPL-2.0-or-later
/* Where everything lies on a LUN: see layout.h. */
#include "layout.h"
#include "format_check.h"

/* Bounds of what a format may choose; a decoder refuses anything else. */
#define MIN_JOURNAL_BLOCKS	8
#define MAX_JOURNAL_BLOCKS	16384	/* 64 MiB: recovery holds all of its entries */
#define MIN_JOURNAL_UNIT	512

#define GIB_BLOCKS		(1ULL << (30 - DMW_SECTOR_SHIFT))

/**
 * dmw_layout_choose() - sensible sizes for a LUN
 * @l:            receives the chosen sizes; dmw_layout_derive() completes it
 * @lun_blocks:   4 KiB blocks of the LUN
 * @journal_unit: bytes
 *
 * The journal takes 1/128 of the LUN up to 16 MiB: longer checkpoint intervals write fewer nodes,
 * but recovery reads all of it. The areas that only grow with use (activations, tags) stay below 1
 * %.
 */
void dmw_layout_choose(struct dmw_layout *l, u64 lun_blocks, u32 journal_unit)
{
	memset(l, 0, sizeof(*l));
	l->lun_blocks = lun_blocks;
	l->journal_unit = journal_unit;
	l->journal_blocks = clamp_t(u64, lun_blocks / 128, 32, 4096);
	if (lun_blocks >= 64 * GIB_BLOCKS) {
		l->activation_blocks = DMW_MAX_ACTIVATION_BLOCKS;
		l->tag_records = DMW_MAX_TAG_RECORDS;
	} else if (lun_blocks >= 4 * GIB_BLOCKS) {
		l->activation_blocks = DMW_MAX_ACTIVATION_BLOCKS;
		l->tag_records = 2048;
	} else {
		l->activation_blocks = clamp_t(u64, lun_blocks / 4096, 4, 512);
		l->tag_records = clamp_t(u64, lun_blocks / 512, 16, 1024);
	}
}

/* Blocks of the tag area: the records, their seals' nodes, the top node; two slots each. */
static u64 tag_blocks(u32 records)
{
	return (u64)DMW_SLOTS * (records + DIV_ROUND_UP(records, DMW_FANOUT) + 1);
}

/**
 * dmw_layout_derive() - complete a layout from its chosen sizes
 * @l: lun_blocks, activation_blocks, tag_records, journal_blocks and journal_unit are set
 *
 * Return: 0, -EINVAL when a chosen size is out of bounds, -ENOSPC when the LUN is too small.
 */
int dmw_layout_derive(struct dmw_layout *l)
{
	u64 blocks, rest;

	if (!l->activation_blocks || l->activation_blocks > DMW_MAX_ACTIVATION_BLOCKS ||
	    !l->tag_records || l->tag_records > DMW_MAX_TAG_RECORDS ||
	    l->journal_blocks < MIN_JOURNAL_BLOCKS || l->journal_blocks > MAX_JOURNAL_BLOCKS ||
	    l->journal_unit < MIN_JOURNAL_UNIT || l->journal_unit > DMW_SECTOR_SIZE ||
	    !is_power_of_2(l->journal_unit) || l->lun_blocks > 2 * DMW_MAX_SECTORS)
		return -EINVAL;

	l->activation_start = 1;
	l->tag_start = l->activation_start + (u64)DMW_SLOTS * l->activation_blocks;
	l->superblock_b = l->tag_start + tag_blocks(l->tag_records);
	l->journal_start = l->superblock_b + 1;
	l->group_start = l->journal_start + l->journal_blocks;
	if (l->lun_blocks <= l->group_start)
		return -ENOSPC;

	blocks = l->lun_blocks - l->group_start;
	l->data_sectors = blocks / DMW_GROUP_BLOCKS * DMW_GROUP_SECTORS;
	rest = blocks % DMW_GROUP_BLOCKS;
	if (rest > DMW_GROUP_HEADER)
		l->data_sectors += rest - DMW_GROUP_HEADER;
	l->data_sectors = min_t(u64, l->data_sectors, DMW_MAX_SECTORS);
	return l->data_sectors ? 0 : -ENOSPC;
}

static u64 group_block(const struct dmw_layout *l, u64 group)
{
	return l->group_start + group * DMW_GROUP_BLOCKS;
}

/** dmw_layout_sector() - block of a data sector */
u64 dmw_layout_sector(const struct dmw_layout *l, u64 sector)
{
	return group_block(l, sector >> DMW_GROUP_SHIFT) + DMW_GROUP_HEADER +
	       (sector & (DMW_GROUP_SECTORS - 1));
}

/**
 * dmw_layout_node() - block of a node's slot
 * @l:     layout
 * @level: 0 = leaf
 * @index: of the node among those of its level
 * @slot:  0 or 1
 *
 * A node above the leaves lies in the first group of its span.
 */
u64 dmw_layout_node(const struct dmw_layout *l, unsigned int level, u64 index, unsigned int slot)
{
	u64 group;

	if (level == 0)
		return group_block(l, index >> DMW_FANOUT_SHIFT) + DMW_GROUP_NODES +
		       (index & (DMW_FANOUT - 1)) * DMW_SLOTS + slot;
	group = index << ((level - 1) * DMW_FANOUT_SHIFT);
	return group_block(l, group) + (level - 1) * DMW_SLOTS + slot;
}

/** dmw_layout_activation() - block of a slot of the activation chain's link */
u64 dmw_layout_activation(const struct dmw_layout *l, u32 link, unsigned int slot)
{
	return l->activation_start + (u64)link * DMW_SLOTS + slot;
}

/** dmw_layout_tag() - block of a slot of the tag table: a record, a node or the top */
u64 dmw_layout_tag(const struct dmw_layout *l, enum dmw_tag_level level, u32 index, unsigned int slot)
{
	u64 place = index;

	if (level > DMW_TAG_RECORD)
		place += l->tag_records;
	if (level > DMW_TAG_NODE)
		place += dmw_layout_tag_nodes(l);
	return l->tag_start + place * DMW_SLOTS + slot;
}

/** dmw_layout_superblock() - block that holds the superblock of a checkpoint */
u64 dmw_layout_superblock(const struct dmw_layout *l, u64 checkpoint)
{
	return checkpoint % DMW_SUPERBLOCKS ? l->superblock_b : 0;
}

/** dmw_layout_nodes() - number of nodes of a level */
u64 dmw_layout_nodes(const struct dmw_layout *l, unsigned int level)
{
	unsigned int shift = (level + 1) * DMW_FANOUT_SHIFT;

	return (l->data_sectors + (1ULL << shift) - 1) >> shift;
}
