// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the tag table from the LUN: see tag.h. */
#include "tag.h"

static enum dmw_load_error load_error(int ret)
{
	switch (ret) {
	case -EBADMSG:
	case -EUCLEAN:
		return DMW_LOAD_TAGS_DAMAGED;
	case -ENOKEY:
		return DMW_LOAD_NO_KEY;
	default:
		return DMW_LOAD_CRYPTO;
	}
}

/**
 * dmw_tag_block_open() - open a block of the tag table in place, under the key of its seal
 * @h:     host
 * @s:     state
 * @level: what it is
 * @index: of it among those
 * @seal:  its seal
 * @buf:   the block, as read
 *
 * Context: may sleep. Return: as dmw_host_crypt().
 */
int dmw_tag_block_open(struct dmw_host *h, const struct dmw_state *s, enum dmw_tag_level level,
		       u32 index, const struct dmw_seal *seal, void *buf)
{
	struct dmw_seal copy = *seal;
	struct dmw_key_id key;
	int ret = dmw_state_key(s, DMW_TAG_METADATA, dmw_nonce_activation(seal->nonce), &key);

	return ret ? ret : dmw_tag_block_crypt(h, false, s->sb.uuid, &key, level, index, &copy, buf);
}

static u64 block_offset(const struct dmw_state *s, enum dmw_tag_level level, u32 index,
			const struct dmw_seal *seal)
{
	return dmw_layout_tag(&s->sb.layout, level, index, seal->tag & DMW_TAG_SEAL_SLOT)
	       << DMW_SECTOR_SHIFT;
}

static enum dmw_load_error load_node(struct dmw_host *h, const struct dmw_state *s,
				     enum dmw_tag_level level, u32 index,
				     const struct dmw_seal *seal, struct dmw_node_disk **node,
				     u32 *count)
{
	struct dmw_node_disk *d = dmw_host_alloc(h, sizeof(*d));
	int ret;

	*node = d;
	if (!d)
		return DMW_LOAD_MEMORY;
	ret = dmw_host_read(h, block_offset(s, level, index, seal), d, sizeof(*d));
	if (ret)
		return ret == -ENODATA ? DMW_LOAD_TAGS_DAMAGED : DMW_LOAD_IO;
	ret = dmw_tag_block_open(h, s, level, index, seal, d);
	if (!ret)
		ret = dmw_tag_node_check(d, level, count);
	return ret ? load_error(ret) : DMW_LOAD_OK;
}

static void add_states(struct dmw_tags *t, const struct dmw_node_disk *d, u32 count)
{
	u32 i, state;

	for (i = 0; i < count; i++) {
		state = le32_to_cpu(d->seals[i].tag) >> DMW_TAG_SEAL_STATE;
		t->states[++t->count] = state;
		t->closed += state != DMW_TAG_OPEN;
	}
}

static enum dmw_load_error load_nodes(struct dmw_host *h, const struct dmw_state *s,
				      struct dmw_tags *t, u32 nodes)
{
	enum dmw_load_error err;
	struct dmw_seal seal;
	u32 i, count;

	for (i = 0; i < nodes; i++) {
		dmw_seal_from_disk(&seal, &t->top->seals[i]);
		err = load_node(h, s, DMW_TAG_NODE, i, &seal, &t->nodes[i], &count);
		if (err)
			return err;
		/* Only the last one may have room left; none is empty, or beyond the table's end. */
		if (!count || (i + 1 < nodes && count < DMW_FANOUT) || count > t->space - t->count)
			return DMW_LOAD_TAGS_DAMAGED;
		add_states(t, t->nodes[i], count);
	}
	return DMW_LOAD_OK;
}

/**
 * dmw_load_tags() - the tag table's nodes, and with them every tag's state
 * @h: host
 * @s: loaded state
 * @t: zeroed; receives the table; dmw_tags_free() frees it, also after a failure
 *
 * Reads one block for each 128 tags, and one more. Context: may sleep, the caller is alone.
 */
enum dmw_load_error dmw_load_tags(struct dmw_host *h, const struct dmw_state *s, struct dmw_tags *t)
{
	enum dmw_load_error err;
	u32 nodes;

	t->space = s->sb.layout.tag_records;
	t->default_tag = s->root.default_tag;
	t->states = dmw_host_alloc(h, t->space + 1);
	if (!t->states)
		return DMW_LOAD_MEMORY;
	if (!s->root.tags.nonce) {
		t->top = dmw_host_alloc(h, sizeof(*t->top));
		return t->top ? DMW_LOAD_OK : DMW_LOAD_MEMORY;
	}
	err = load_node(h, s, DMW_TAG_TOP, 0, &s->root.tags, &t->top, &nodes);
	if (err)
		return err;
	if (!nodes || nodes > dmw_layout_tag_nodes(&s->sb.layout))
		return DMW_LOAD_TAGS_DAMAGED;
	return load_nodes(h, s, t, nodes);
}

/**
 * dmw_tags_shred() - a tag's keys were destroyed, whatever its record says
 * @t:   loaded table
 * @tag: number; nothing happens when there is no such tag
 *
 * So it is when the keys go while the volume is closed: its sectors are shredded from the opening on. A
 * change of the tag then makes the record say so.
 */
void dmw_tags_shred(struct dmw_tags *t, u32 tag)
{
	if (!tag || tag > t->count)
		return;
	t->closed += t->states[tag] == DMW_TAG_OPEN;
	t->states[tag] = DMW_TAG_SHREDDED;
}

/** dmw_tags_free() - free what dmw_load_tags() allocated. Context: may sleep */
void dmw_tags_free(struct dmw_host *h, struct dmw_tags *t)
{
	u32 i;

	for (i = 0; i < DMW_FANOUT; i++)
		dmw_host_free(h, t->nodes[i]);
	dmw_host_free(h, t->top);
	dmw_host_free(h, t->states);
	memset(t, 0, sizeof(*t));
}

/** dmw_tag_seal() - seal of a tag's record; @tag is 1..count */
void dmw_tag_seal(const struct dmw_tags *t, u32 tag, struct dmw_seal *s)
{
	dmw_seal_from_disk(s, &t->nodes[(tag - 1) / DMW_FANOUT]->seals[(tag - 1) % DMW_FANOUT]);
}

/**
 * dmw_tag_read() - read a tag's record
 * @h:      host
 * @s:      state
 * @tag:    number
 * @seal:   of its record
 * @d:      room for the record, from dmw_host_alloc()
 * @record: receives what it says; points into @d
 *
 * Context: may sleep, without the lock; no change of this tag is under way.
 * Return: 0; -EUCLEAN or -EBADMSG damaged; errors of the LUN and of dmw_host_crypt().
 */
int dmw_tag_read(struct dmw_host *h, const struct dmw_state *s, u32 tag,
		 const struct dmw_seal *seal, struct dmw_tag_disk *d, struct dmw_tag *record)
{
	int ret = dmw_host_read(h, block_offset(s, DMW_TAG_RECORD, tag - 1, seal), d, sizeof(*d));

	if (!ret)
		ret = dmw_tag_block_open(h, s, DMW_TAG_RECORD, tag - 1, seal, d);
	if (!ret)
		ret = dmw_tag_decode(record, d, tag);
	if (!ret && record->state != seal->tag >> DMW_TAG_SEAL_STATE)
		ret = -EUCLEAN;
	return ret;
}
