/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between disk and memory: one encoder and one decoder for each structure. A decoder distrusts
 * every byte, also behind a valid MAC. No I/O, no allocation, no locks: any context.
 *
 * Return values of all decoders: 0, or -EUCLEAN for what no dm-warrant ever wrote, or as written.
 */
#ifndef DMW_CODEC_H
#define DMW_CODEC_H

#include "layout.h"
#include "seal.h"

/** struct dmw_wide_seal - as struct dmw_wide_seal_disk */
struct dmw_wide_seal {
	u8	nonce[DMW_NONCE_SIZE];
	u8	mac[DMW_MAC_SIZE];
	u32	epoch;
	u32	slot;
};

/** struct dmw_activation - as struct dmw_activation_disk; @host is NUL-terminated */
struct dmw_activation {
	u8	salt[DMW_SALT_SIZE];
	u32	epoch;
	u64	time;
	char	host[DMW_HOST_SIZE + 1];
	u64	parent;
};

struct dmw_epoch {
	u32			epoch;
	enum dmw_epoch_state	state;
	u64			created;
};

/** struct dmw_root - as struct dmw_root_disk; @label is NUL-terminated */
struct dmw_root {
	struct dmw_seal		tree[DMW_ROOTS];
	struct dmw_seal		tags;
	struct dmw_wide_seal	activations;
	u32			activation_count;
	u32			default_tag;
	u64			journal_seq;
	u64			journal_pos;
	u8			journal_mac[DMW_MAC_SIZE];
	u64			written;
	u8			warrant[DMW_DIGEST_SIZE];
	char			label[DMW_LABEL_SIZE + 1];
	struct dmw_epoch	epochs[DMW_MAX_EPOCHS];
};

/** struct dmw_superblock - the clear part of struct dmw_superblock_disk */
struct dmw_superblock {
	u8			uuid[DMW_UUID_SIZE];
	u64			feature_compat;
	u64			feature_ro_compat;
	u64			feature_incompat;
	struct dmw_layout	layout;
	u64			checkpoint;
	u32			epoch;
	u64			created;
	u8			nonce[DMW_NONCE_SIZE];
	u8			mac[DMW_MAC_SIZE];
};

/** struct dmw_record - head of a journal record */
struct dmw_record_head {
	u64	seq;
	u64	nonce;
	u32	length;
	u8	mac[DMW_MAC_SIZE];
	u64	stable;
	u8	prev[DMW_MAC_SIZE];
	u32	count;
	u32	checkpoint;
};

/** struct dmw_entry - @count 0: a sector's new seal; else that many sectors become unwritten */
struct dmw_entry {
	u64		sector;
	u64		count;
	struct dmw_seal	seal;
};

/** struct dmw_tag - as struct dmw_tag_disk; @name is NUL-terminated, @metadata within the block */
struct dmw_tag {
	u32			tag;
	enum dmw_tag_state	state;
	u64			created;
	u64			changed;
	u32			length;
	char			name[DMW_TAG_NAME_SIZE + 1];
	const u8		*metadata;
};

void dmw_superblock_encode(struct dmw_superblock_disk *d, const struct dmw_superblock *sb,
			   const struct dmw_root *root);
int dmw_superblock_decode(struct dmw_superblock *sb, const struct dmw_superblock_disk *d,
			  u64 block);
int dmw_root_decode(struct dmw_root *root, const struct dmw_root_disk *d,
		    const struct dmw_layout *l);

void dmw_wide_seal_to_disk(struct dmw_wide_seal_disk *d, const struct dmw_wide_seal *s);
int dmw_wide_seal_from_disk(struct dmw_wide_seal *s, const struct dmw_wide_seal_disk *d);
void dmw_wide_nonce(u8 wide[DMW_NONCE_SIZE], const u8 salt[DMW_SALT_SIZE], u64 nonce,
		    enum dmw_domain domain);
u64 dmw_wide_nonce_narrow(const u8 wide[DMW_NONCE_SIZE]);

void dmw_activation_block_encode(struct dmw_activation_block_disk *d,
				 const struct dmw_wide_seal *prev,
				 const struct dmw_activation *a, u32 count);
int dmw_activation_block_decode(struct dmw_wide_seal *prev, struct dmw_activation *a, u32 count,
				const struct dmw_activation_block_disk *d);

int dmw_node_check(const struct dmw_node_disk *d, unsigned int level);

bool dmw_tag_state_valid(u32 state);
void dmw_tag_encode(struct dmw_tag_disk *d, const struct dmw_tag *t);
int dmw_tag_decode(struct dmw_tag *t, const struct dmw_tag_disk *d, u32 tag);
int dmw_tag_node_check(const struct dmw_node_disk *d, enum dmw_tag_level level, u32 *count);

u32 dmw_record_length(u32 count);
void dmw_record_encode(struct dmw_record_disk *d, const struct dmw_record_head *h);
int dmw_record_decode_clear(struct dmw_record_head *h, const struct dmw_record_disk *d);
int dmw_record_decode(struct dmw_record_head *h, const struct dmw_record_disk *d);
void dmw_entry_encode(struct dmw_entry_disk *d, const struct dmw_entry *e);
int dmw_entry_decode(struct dmw_entry *e, const struct dmw_entry_disk *d,
		     const struct dmw_layout *l);

int dmw_keyset_check(const void *payload, size_t size, const u8 *uuid);
const u8 *dmw_keyset_find(const void *payload, u32 tag, u32 epoch);
bool dmw_keyset_is_shredded(const void *payload, u32 tag);

#endif
