/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a seal binds: the arithmetic around XAES-256-GCM, without the cipher itself. The kernel and
 * OpenSSL each bring AES and GCM (dmw_seal_block() and dmw_open_block() of core.h).
 */
#ifndef DMW_SEAL_H
#define DMW_SEAL_H

#include "format.h"

/** struct dmw_seal - a seal in memory; fields as in struct dmw_seal_disk */
struct dmw_seal {
	u64	nonce;
	u32	time;
	u32	tag;
	u8	mac[DMW_MAC_SIZE];
};

/**
 * struct dmw_block_id - all that a block's MAC vouches for besides its contents
 * @domain:  what the block is
 * @level:   of a node, else 0
 * @address: sector, node index, record sequence
 * @nonce:   activation << 48 | counter
 * @time:    as in the seal; 0 where there is none
 * @tag:     as in the seal; a record's length
 */
struct dmw_block_id {
	enum dmw_domain	domain;
	u32		level;
	u64		address;
	u64		nonce;
	u32		time;
	u32		tag;
};

/** struct dmw_aad - associated data of everything but superblocks, which bind their clear part */
struct dmw_aad {
	u8	uuid[DMW_UUID_SIZE];
	__le32	domain;
	__le32	level;
	__le64	address;
	__le32	time;
	__le32	tag;
	__le64	nonce;
};

static_assert(sizeof(struct dmw_aad) == 48);

/** typedef dmw_aes_fn - encrypt one 16-byte block under the long-term key */
typedef void (*dmw_aes_fn)(void *ctx, u8 out[16], const u8 in[16]);

static inline u16 dmw_nonce_activation(u64 nonce)
{
	return nonce >> DMW_COUNTER_BITS;
}

static inline u64 dmw_nonce_counter(u64 nonce)
{
	return nonce & DMW_COUNTER_MASK;
}

void dmw_iv(u8 iv[DMW_IV_SIZE], u64 nonce, enum dmw_domain domain);
void dmw_aad_encode(struct dmw_aad *aad, const u8 uuid[DMW_UUID_SIZE],
		    const struct dmw_block_id *id);
void dmw_xaes_derive(u8 derived[DMW_KEY_SIZE], const u8 salt[DMW_SALT_SIZE], dmw_aes_fn aes,
		     void *ctx);
void dmw_seal_to_disk(struct dmw_seal_disk *d, const struct dmw_seal *s);
void dmw_seal_from_disk(struct dmw_seal *s, const struct dmw_seal_disk *d);
void dmw_memzero_secret(void *p, size_t n);

#endif
