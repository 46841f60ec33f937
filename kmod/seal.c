// SPDX-License-Identifier: GPL-2.0-or-later
/* What a seal binds: see seal.h. */
#include "seal.h"

/**
 * dmw_memzero_secret() - wipe, whatever the optimiser thinks of it
 * @p: secret
 * @n: bytes
 */
void dmw_memzero_secret(void *p, size_t n)
{
	memset(p, 0, n);
	asm volatile("" : : "r"(p) : "memory");
}

/**
 * dmw_iv() - N[12:24] of XAES-256-GCM: le64 nonce, le32 domain
 * @iv:     receives 12 bytes
 * @nonce:  activation and counter
 * @domain: of the block
 *
 * The counter within @nonce is never reused within an activation, and an activation's salt is
 * random: so no (key, IV) pair repeats. The domain is there so that a mistake in one place cannot
 * become a repetition in another.
 */
void dmw_iv(u8 iv[DMW_IV_SIZE], u64 nonce, enum dmw_domain domain)
{
	__le64 n = cpu_to_le64(nonce);
	__le32 d = cpu_to_le32(domain);

	memcpy(iv, &n, sizeof(n));
	memcpy(iv + sizeof(n), &d, sizeof(d));
}

/**
 * dmw_aad_encode() - associated data of a block
 * @aad:  receives it
 * @uuid: of the volume
 * @id:   what the block is
 */
void dmw_aad_encode(struct dmw_aad *aad, const u8 uuid[DMW_UUID_SIZE],
		    const struct dmw_block_id *id)
{
	memcpy(aad->uuid, uuid, DMW_UUID_SIZE);
	aad->domain = cpu_to_le32(id->domain);
	aad->level = cpu_to_le32(id->level);
	aad->address = cpu_to_le64(id->address);
	aad->time = cpu_to_le32(id->time);
	aad->tag = cpu_to_le32(id->tag);
	aad->nonce = cpu_to_le64(id->nonce);
}

/**
 * dmw_xaes_derive() - the AES-256-GCM key of XAES-256-GCM
 * @derived: receives Kx
 * @salt:    N[0:12]
 * @aes:     AES-256 under the long-term key
 * @ctx:     for @aes
 *
 * Source: C2SP XAES-256-GCM.md, commit 5ba5ee83 (SP 800-108r1 counter mode with CMAC-AES256).
 * Context: any that @aes allows.
 */
void dmw_xaes_derive(u8 derived[DMW_KEY_SIZE], const u8 salt[DMW_SALT_SIZE], dmw_aes_fn aes,
		     void *ctx)
{
	u8 k1[16] = { 0 }, m[16];
	unsigned int i, half;
	u8 msb;

	aes(ctx, k1, k1);
	msb = k1[0] >> 7;
	for (i = 0; i < 15; i++)
		k1[i] = k1[i] << 1 | k1[i + 1] >> 7;
	/* No branch on a secret bit. */
	k1[15] = (u8)(k1[15] << 1) ^ (0x87 & -msb);

	for (half = 0; half < 2; half++) {
		m[0] = 0;
		m[1] = half + 1;
		m[2] = 'X';
		m[3] = 0;
		memcpy(m + 4, salt, DMW_SALT_SIZE);
		for (i = 0; i < 16; i++)
			m[i] ^= k1[i];
		aes(ctx, derived + 16 * half, m);
	}
	dmw_memzero_secret(k1, sizeof(k1));
	dmw_memzero_secret(m, sizeof(m));
}

void dmw_seal_to_disk(struct dmw_seal_disk *d, const struct dmw_seal *s)
{
	d->nonce = cpu_to_le64(s->nonce);
	d->time = cpu_to_le32(s->time);
	d->tag = cpu_to_le32(s->tag);
	memcpy(d->mac, s->mac, DMW_MAC_SIZE);
}

void dmw_seal_from_disk(struct dmw_seal *s, const struct dmw_seal_disk *d)
{
	s->nonce = le64_to_cpu(d->nonce);
	s->time = le32_to_cpu(d->time);
	s->tag = le32_to_cpu(d->tag);
	memcpy(s->mac, d->mac, DMW_MAC_SIZE);
}
