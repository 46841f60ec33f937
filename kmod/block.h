/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sealing and opening each kind of block: codec and cipher put together.
 *
 * Context of all: may sleep, no lock of the core held.
 * Return of all: as dmw_host_crypt(), and -EUCLEAN of the decoders when opening.
 */
#ifndef DMW_BLOCK_H
#define DMW_BLOCK_H

#include "codec.h"
#include "host.h"

int dmw_block_crypt(struct dmw_host *h, bool seal, const u8 *uuid, const struct dmw_key_id *key,
		    const struct dmw_block_id *id, void *data, u32 len, u8 *mac);
int dmw_superblock_seal(struct dmw_host *h, struct dmw_superblock *sb, const struct dmw_root *root,
			struct dmw_superblock_disk *d);
int dmw_superblock_open(struct dmw_host *h, const struct dmw_superblock *sb, struct dmw_root *root,
			struct dmw_superblock_disk *d);
int dmw_activation_block_crypt(struct dmw_host *h, bool seal, const u8 *uuid, u32 link,
			       struct dmw_wide_seal *s, struct dmw_activation_block_disk *d);
int dmw_tag_block_crypt(struct dmw_host *h, bool seal, const u8 *uuid, const struct dmw_key_id *key,
			enum dmw_tag_level level, u32 index, struct dmw_seal *s, void *buf);
int dmw_record_seal(struct dmw_host *h, const u8 *uuid, const struct dmw_key_id *key,
		    struct dmw_record_head *head, struct dmw_record_disk *d);
int dmw_record_open(struct dmw_host *h, const u8 *uuid, const struct dmw_key_id *key,
		    struct dmw_record_head *head, struct dmw_record_disk *d);

#endif
