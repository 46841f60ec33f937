/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tag table: which case tags a volume has and what each allows. Its nodes are in memory while
 * the volume is open, so that a sector's state costs one look; records are read when asked for.
 */
#ifndef DMW_TAG_H
#define DMW_TAG_H

#include "load.h"

/**
 * struct dmw_tags - the tag table in memory
 * @space:  records that the LUN has room for
 * @count:  tags; they are 1..@count
 * @closed: of these, not open
 * @default_tag: whose sectors say 0
 * @states: enum dmw_tag_state of tag n at [n]; stricter than its record says once dmw_tags_shred() knows
 *          that its keys are gone
 * @top:    seals of the nodes
 * @nodes:  seals of 128 records each; NULL where no record is in use
 */
struct dmw_tags {
	u32			space;
	u32			count;
	u32			closed;
	u32			default_tag;
	u8			*states;
	struct dmw_node_disk	*top;
	struct dmw_node_disk	*nodes[DMW_FANOUT];
};

enum dmw_load_error dmw_load_tags(struct dmw_host *h, const struct dmw_state *s, struct dmw_tags *t);
void dmw_tags_shred(struct dmw_tags *t, u32 tag);
void dmw_tags_free(struct dmw_host *h, struct dmw_tags *t);
void dmw_tag_seal(const struct dmw_tags *t, u32 tag, struct dmw_seal *s);
int dmw_tag_block_open(struct dmw_host *h, const struct dmw_state *s, enum dmw_tag_level level,
		       u32 index, const struct dmw_seal *seal, void *buf);
int dmw_tag_read(struct dmw_host *h, const struct dmw_state *s, u32 tag,
		 const struct dmw_seal *seal, struct dmw_tag_disk *d, struct dmw_tag *record);

/** dmw_tag_state() - what a sector's tag, as its seal has it, allows; what has no record is open */
static inline enum dmw_tag_state dmw_tag_state(const struct dmw_tags *t, u32 tag)
{
	if (!tag)
		tag = t->default_tag;
	return tag && tag <= t->count ? t->states[tag] : DMW_TAG_OPEN;
}

/** dmw_tag_read_error() - what reading a sector in such a state ends with; 0 = it may be read */
static inline int dmw_tag_read_error(enum dmw_tag_state state)
{
	if (state == DMW_TAG_SHREDDED)
		return -ENODATA;
	return state == DMW_TAG_RESTRICTED ? -EREMOTEIO : 0;
}

/** dmw_tag_write_error() - likewise, of changing it in any way */
static inline int dmw_tag_write_error(enum dmw_tag_state state)
{
	if (state == DMW_TAG_SHREDDED)
		return -ENODATA;
	return state == DMW_TAG_OPEN ? 0 : -EBADE;
}

#endif
