/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the protocol core asks of its surroundings. The kernel (bio.c, crypto.c), the tools
 * (OpenSSL, pread) and the simulator each implement these functions; the core knows nothing else of
 * where it runs. The asynchronous part of the boundary is struct dmw_task in core.h.
 */
#ifndef DMW_HOST_H
#define DMW_HOST_H

#include "format.h"

/** struct dmw_host - the surroundings of one volume: LUN, keys, memory. Opaque to the core */
struct dmw_host;

/**
 * struct dmw_key_id - names a derived key
 * @tag:   case tag, or DMW_TAG_METADATA
 * @epoch: generation
 * @salt:  N[0:12], DMW_SALT_SIZE bytes
 */
struct dmw_key_id {
	u32		tag;
	u32		epoch;
	const u8	*salt;
};

/**
 * dmw_host_read() - read from the LUN, synchronously
 * @h:      host
 * @offset: bytes, a multiple of the LUN's logical block size
 * @buf:    memory from dmw_host_alloc(), or a node's
 * @len:    bytes, likewise
 *
 * Context: may sleep. Only while opening, and for tag records.
 * Return: 0 or a negative errno of the LUN.
 */
int dmw_host_read(struct dmw_host *h, u64 offset, void *buf, u32 len);

/**
 * struct dmw_read_req - one of several reads
 * @offset: bytes
 * @buf:    DMW_SECTOR_SIZE bytes from dmw_host_alloc()
 * @error:  receives the result
 */
struct dmw_read_req {
	u64	offset;
	void	*buf;
	int	error;
};

/**
 * dmw_host_read_many() - read several sectors at once, waiting for all
 * @h:     host
 * @reqs:  ?
 * @count: how many
 *
 * Context: may sleep. Only while opening.
 */
void dmw_host_read_many(struct dmw_host *h, struct dmw_read_req *reqs, unsigned int count);

/**
 * dmw_host_crypt() - AES-256-GCM in place, under the key that XAES derives
 * @h:       host; it has the long-term keys
 * @seal:    true = encrypt and fill @mac, false = verify @mac and decrypt
 * @key:     which key
 * @iv:      N[12:24]
 * @aad:     associated data
 * @aad_len: bytes, at most DMW_SUPERBLOCK_AAD
 * @data:    in and out; undefined after a failure
 * @len:     bytes
 * @mac:     16 bytes
 *
 * Context: may sleep; several may run at once on different data. Compares in constant time.
 * Return: 0; -EBADMSG: the MAC does not fit; -ENOKEY: no such key in the keyset; -ENODATA: the key
 * was shredded; other errors of the crypto stack.
 */
int dmw_host_crypt(struct dmw_host *h, bool seal, const struct dmw_key_id *key,
		   const u8 iv[DMW_IV_SIZE], const void *aad, u32 aad_len, void *data, u32 len,
		   u8 mac[DMW_MAC_SIZE]);

/** dmw_host_alloc() - zeroed memory, any size; may sleep. Return: NULL when there is none */
void *dmw_host_alloc(struct dmw_host *h, size_t size);
void dmw_host_free(struct dmw_host *h, void *p);

/** dmw_host_random() - cryptographic random bytes; any context */
void dmw_host_random(struct dmw_host *h, void *buf, size_t len);

/** dmw_host_time() - Unix seconds; any context */
u64 dmw_host_time(struct dmw_host *h);

#endif
