// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealing and opening each kind of block: see block.h. */
#include "block.h"

/**
 * dmw_block_crypt() - seal or open in place what has the ordinary associated data
 * @h:    host
 * @seal: true = seal, false = open
 * @uuid: of the volume
 * @key:  which key
 * @id:   what the MAC vouches for
 * @data: contents
 * @len:  bytes
 * @mac:  16 bytes, out or in
 */
int dmw_block_crypt(struct dmw_host *h, bool seal, const u8 *uuid, const struct dmw_key_id *key,
		    const struct dmw_block_id *id, void *data, u32 len, u8 *mac)
{
	u8 iv[DMW_IV_SIZE];
	struct dmw_aad aad;

	dmw_iv(iv, id->nonce, id->domain);
	dmw_aad_encode(&aad, uuid, id);
	return dmw_host_crypt(h, seal, key, iv, &aad, sizeof(aad), data, len, mac);
}

static int superblock_crypt(struct dmw_host *h, bool seal, const struct dmw_superblock *sb,
			    struct dmw_superblock_disk *d)
{
	struct dmw_key_id key = {
		.tag = DMW_TAG_METADATA, .epoch = sb->epoch, .salt = sb->nonce,
	};

	return dmw_host_crypt(h, seal, &key, sb->nonce + DMW_SALT_SIZE, d, DMW_SUPERBLOCK_AAD,
			      &d->root, sizeof(d->root), d->mac);
}

/**
 * dmw_superblock_seal() - make a superblock ready to be written
 * @h:    host
 * @sb:   clear part with a nonce never used before; receives the MAC
 * @root: sealed part
 * @d:    receives the block
 */
int dmw_superblock_seal(struct dmw_host *h, struct dmw_superblock *sb, const struct dmw_root *root,
			struct dmw_superblock_disk *d)
{
	int ret;

	dmw_superblock_encode(d, sb, root);
	ret = superblock_crypt(h, true, sb, d);
	if (!ret)
		memcpy(sb->mac, d->mac, DMW_MAC_SIZE);
	return ret;
}

/**
 * dmw_superblock_open() - authenticate a superblock and decode its root
 * @h:    host
 * @sb:   clear part, as decoded from @d
 * @root: receives the sealed part
 * @d:    the block; decrypted in place
 */
int dmw_superblock_open(struct dmw_host *h, const struct dmw_superblock *sb, struct dmw_root *root,
			struct dmw_superblock_disk *d)
{
	int ret = superblock_crypt(h, false, sb, d);

	if (!ret)
		ret = dmw_root_decode(root, &d->root, &sb->layout);
	if (!ret && root->tags.nonce && !(sb->feature_incompat & DMW_FEATURE_INCOMPAT_TAGS))
		ret = -EUCLEAN;
	return ret;
}

/**
 * dmw_activation_block_crypt() - seal or open a link of the activation chain in place
 * @h:    host
 * @seal: true = seal, false = open
 * @uuid: of the volume
 * @link: number of the link in the chain
 * @s:    its wide seal: nonce, epoch and slot in; MAC out or in
 * @d:    the block
 */
int dmw_activation_block_crypt(struct dmw_host *h, bool seal, const u8 *uuid, u32 link,
			       struct dmw_wide_seal *s, struct dmw_activation_block_disk *d)
{
	struct dmw_key_id key = {
		.tag = DMW_TAG_METADATA, .epoch = s->epoch, .salt = s->nonce,
	};
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_ACTIVATION, .address = link, .tag = s->slot,
		.nonce = dmw_wide_nonce_narrow(s->nonce),
	};

	return dmw_block_crypt(h, seal, uuid, &key, &id, d, sizeof(*d), s->mac);
}

/**
 * dmw_tag_block_crypt() - seal or open a block of the tag table in place
 * @h:     host
 * @seal:  true = seal, false = open
 * @uuid:  of the volume
 * @key:   metadata key of the seal's activation
 * @level: what it is
 * @index: of it among those
 * @s:     its seal; MAC out or in
 * @buf:   the block
 */
int dmw_tag_block_crypt(struct dmw_host *h, bool seal, const u8 *uuid, const struct dmw_key_id *key,
			enum dmw_tag_level level, u32 index, struct dmw_seal *s, void *buf)
{
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_TAG, .level = level, .address = index,
		.nonce = s->nonce, .time = s->time, .tag = s->tag,
	};

	return dmw_block_crypt(h, seal, uuid, key, &id, buf, DMW_SECTOR_SIZE, s->mac);
}

static int record_crypt(struct dmw_host *h, bool seal, const u8 *uuid,
			const struct dmw_key_id *key, const struct dmw_record_head *head,
			struct dmw_record_disk *d)
{
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_JOURNAL, .address = head->seq, .nonce = head->nonce,
		.tag = head->length,
	};

	return dmw_block_crypt(h, seal, uuid, key, &id, (u8 *)d + DMW_RECORD_CLEAR,
			       head->length - DMW_RECORD_CLEAR, d->mac);
}

/**
 * dmw_record_seal() - make a journal record ready to be written
 * @h:    host
 * @uuid: of the volume
 * @key:  metadata key of the current activation
 * @head: head; receives the MAC
 * @d:    the record; its entries are encoded already
 */
int dmw_record_seal(struct dmw_host *h, const u8 *uuid, const struct dmw_key_id *key,
		    struct dmw_record_head *head, struct dmw_record_disk *d)
{
	int ret;

	dmw_record_encode(d, head);
	ret = record_crypt(h, true, uuid, key, head, d);
	if (!ret)
		memcpy(head->mac, d->mac, DMW_MAC_SIZE);
	return ret;
}

/**
 * dmw_record_open() - authenticate a journal record, decrypt it in place and decode its head
 * @h:    host
 * @uuid: of the volume
 * @key:  metadata key of the current activation
 * @head: clear part in, all of it out
 * @d:    the record
 */
int dmw_record_open(struct dmw_host *h, const u8 *uuid, const struct dmw_key_id *key,
		    struct dmw_record_head *head, struct dmw_record_disk *d)
{
	int ret = record_crypt(h, false, uuid, key, head, d);

	return ret ? ret : dmw_record_decode(head, d);
}
