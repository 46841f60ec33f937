// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of seals, read without a cache: each block verified against its parent's seal. */
#include "lib_private.h"

/** lib_block_reason() - why a block could not be opened, for people */
const char *lib_block_reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return "does not verify";
	case -ENOKEY:
		return "no key in the keyset";
	case -EUCLEAN:
		return "authentic, but makes no sense";
	case -EIO:
		return "read error";
	case -EKEYREVOKED:
		return "shredded";
	case -ESTALE:
		return "belongs to another checkpoint";
	default:
		return strerror(-err);
	}
}

/* An authentic node may still be nonsense, written by a broken program. */
static int check_node(const struct lib_volume *v, unsigned int level, u64 index,
		      const struct dmw_node_disk *d)
{
	const struct dmw_layout *l = &v->state.sb.layout;
	u64 below = level ? dmw_layout_nodes(l, level - 1) : l->data_sectors;
	struct dmw_seal s;
	unsigned int i;

	if (dmw_node_check(d, level))
		return -EUCLEAN;
	for (i = 0; i < DMW_FANOUT; i++) {
		dmw_seal_from_disk(&s, &d->seals[i]);
		if (!s.nonce)
			continue;
		if ((index << DMW_FANOUT_SHIFT) + i >= below || !dmw_nonce_activation(s.nonce) ||
		    dmw_nonce_activation(s.nonce) > v->state.root.activation_count)
			return -EUCLEAN;
	}
	return 0;
}

static int open_block(struct lib_volume *v, u32 key_tag, const struct dmw_block_id *id,
		      const struct dmw_seal *seal, void *data)
{
	struct dmw_key_id key;
	u8 mac[DMW_MAC_SIZE];
	int ret;

	ret = dmw_state_key(&v->state, key_tag, dmw_nonce_activation(seal->nonce), &key);
	if (ret)
		return ret;
	memcpy(mac, seal->mac, DMW_MAC_SIZE);
	return dmw_block_crypt(&v->host, false, v->state.sb.uuid, &key, id, data, DMW_SECTOR_SIZE,
			       mac);
}

/**
 * lib_tree_node() - read a node and verify it
 * @v:     volume
 * @level: 0 = leaf
 * @index: of the node among those of its level
 * @seal:  from its parent, written
 * @d:     receives it
 *
 * Return: 0; -EBADMSG does not verify; -ENOKEY; -EUCLEAN authentic nonsense; errors of the LUN.
 */
int lib_tree_node(struct lib_volume *v, unsigned int level, u64 index, const struct dmw_seal *seal,
		  struct dmw_node_disk *d)
{
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_NODE, .level = level, .address = index, .nonce = seal->nonce,
		.time = seal->time, .tag = seal->tag,
	};
	u64 block = dmw_layout_node(&v->state.sb.layout, level, index, seal->tag);
	int ret;

	ret = dmw_host_read(&v->host, block << DMW_SECTOR_SHIFT, d, sizeof(*d));
	if (!ret)
		ret = open_block(v, DMW_TAG_METADATA, &id, seal, d);
	return ret ? ret : check_node(v, level, index, d);
}

/**
 * lib_tree_data() - verify a sector's ciphertext and decrypt it in place
 * @v:      volume
 * @sector: its number
 * @seal:   from its leaf, written
 * @data:   4096 bytes, as read from the LUN
 *
 * Return: 0; -EKEYREVOKED it was shredded, see lib_volume_tags(); -EBADMSG does not verify; -ENOKEY.
 */
int lib_tree_data(struct lib_volume *v, u64 sector, const struct dmw_seal *seal, void *data)
{
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_DATA, .address = sector, .nonce = seal->nonce,
		.time = seal->time, .tag = seal->tag,
	};

	/* Also when somebody has kept a key. */
	if (lib_tree_is_shredded(v, seal))
		return -EKEYREVOKED;
	return open_block(v, seal->tag ? seal->tag : v->state.root.default_tag, &id, seal, data);
}

/** lib_tree_is_shredded() - was what a sector holds shredded? Once lib_volume_tags() has succeeded */
bool lib_tree_is_shredded(const struct lib_volume *v, const struct dmw_seal *seal)
{
	return seal->nonce && dmw_tag_state(&v->tags, seal->tag) == DMW_TAG_SHREDDED;
}

/**
 * lib_tree_find() - the seal of a node or a sector, from the root down
 * @v:     volume
 * @level: level of what the seal is for, plus one; 0 = a sector
 * @index: node of its level, or sector
 * @seal:  receives it; unwritten when an ancestor is
 *
 * Return: as lib_tree_node() for the first ancestor that fails.
 */
int lib_tree_find(struct lib_volume *v, unsigned int level, u64 index, struct dmw_seal *seal)
{
	struct dmw_node_disk d;
	u64 at = index >> ((DMW_LEVELS - level) * DMW_FANOUT_SHIFT);
	unsigned int parent;
	int ret;

	*seal = v->state.root.tree[at];
	for (parent = DMW_LEVELS; parent-- > level && seal->nonce;) {
		ret = lib_tree_node(v, parent, at, seal, &d);
		if (ret)
			return ret;
		at = index >> ((parent - level) * DMW_FANOUT_SHIFT);
		dmw_seal_from_disk(seal, &d.seals[at & (DMW_FANOUT - 1)]);
	}
	return 0;
}
