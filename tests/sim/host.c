// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host.h for the core: a toy cipher that detects mistakes, memory that is counted, synchronous reads,
 * and a log of every (key, nonce) pair that ever sealed something.
 */
#include "sim.h"

u8 sim_uuid[DMW_UUID_SIZE] = "simulated volume";

/* ---- when each value was written ---- */

static u32 *times, times_known;

/** value_time() - time in the seal of the write that brought this value; 0 = never sealed */
u32 value_time(u64 value)
{
	return value < times_known ? times[value] : 0;
}

/* An assignment seals anew what a write has brought, and keeps its time. */
static void value_sealed(u64 value, u32 time)
{
	u32 known = times_known;

	if (value >= times_known) {
		times_known = 2 * value + 1024;
		times = realloc(times, times_known * sizeof(*times));
		memset(times + known, 0, (times_known - known) * sizeof(*times));
	}
	if (times[value] && times[value] != time)
		fail("T7: value %llu is sealed with another time", (unsigned long long)value);
	times[value] = time;
}

/* ---- the log of nonces ---- */

static struct set nonces;

void nonces_reset(void)
{
	set_reset(&nonces);
	if (times)
		memset(times, 0, times_known * sizeof(*times));
}

u64 nonces_used(void)
{
	return nonces.used;
}

/* ---- crypto ---- */

/* Four lanes, so that a processor can work on them at once. */
static void toy_mac(u64 seed, const u8 *data, u32 len, u8 mac[DMW_MAC_SIZE])
{
	u64 lane[4] = { seed, ~seed, seed * 3, seed * 5 }, w[4], out[2];
	u32 i, k;

	for (i = 0; i + 32 <= len; i += 32) {
		memcpy(w, data + i, 32);
		for (k = 0; k < 4; k++) {
			lane[k] = (lane[k] ^ w[k]) * 0x9e3779b97f4a7c15ULL;
			lane[k] ^= lane[k] >> 32;
		}
	}
	lane[0] = hash_bytes(lane[0], data + i, len - i);
	out[0] = mix(lane[0] + mix(lane[1]) * 3);
	out[1] = mix(lane[2] + mix(lane[3] + out[0]) * 3);
	memcpy(mac, out, sizeof(out));
}

static u64 stream_word(u64 key, u32 i)
{
	u64 k = (key + i) * 0x9e3779b97f4a7c15ULL;

	return k ^ k >> 31;
}

static void toy_stream(u64 key, u8 *data, u32 len)
{
	u64 *words = (u64 *)data, w = 0;
	u32 i;

	/* The core's buffers are aligned; whole words first, so that the compiler can use vectors. */
	for (i = 0; i < len / 8; i++)
		words[i] ^= stream_word(key, i);
	if (len % 8) {
		memcpy(&w, data + i * 8, len % 8);
		w ^= stream_word(key, i);
		memcpy(data + i * 8, &w, len % 8);
	}
}

int dmw_host_crypt(struct dmw_host *h, bool seal, const struct dmw_key_id *key,
		   const u8 iv[DMW_IV_SIZE], const void *aad, u32 aad_len, void *data, u32 len,
		   u8 mac[DMW_MAC_SIZE])
{
	u64 derived = hash_bytes((u64)key->tag << 32 | key->epoch, key->salt, DMW_SALT_SIZE);
	u64 pair = hash_bytes(derived, iv, DMW_IV_SIZE);
	u64 seed = hash_bytes(pair, aad, aad_len);
	static u8 clear[DMW_SECTOR_SIZE];
	const struct dmw_aad *id = aad;
	u8 want[DMW_MAC_SIZE];
	u64 value;

	int error = h->m ? key_error(h->m, key->tag) : 0;

	if (h->locked)
		fail("crypto with the lock held");
	if (error)
		return error;
	if (epoch_missing(h->m, key->epoch)) {
		if (seal && h->m && h->m->main)
			fail("R2: something is sealed under epoch %u, which was retired", key->epoch);
		return -ENOKEY;
	}
	if (seal) {
		bool tags = watched() && aad_len == sizeof(*id) &&
			    le32_to_cpu(id->domain) == DMW_DOMAIN_TAG;

		if (tags)
			memcpy(clear, data, len);
		if (!set_add(&nonces, pair))
			fail("P6: a (key, nonce) pair repeats: tag %u epoch %u nonce %llu", key->tag,
			     key->epoch, (unsigned long long)le64toh(*(const u64 *)iv));
		if (h->m && h->m->ledger)
			ledger_seal(aad, aad_len, data);
		if (cfg.tags_in && key->tag != DMW_TAG_METADATA && page_value(data, &value))
			value_sealed(value, le32_to_cpu(id->time));
		toy_stream(pair, data, len);
		toy_mac(seed, data, len, mac);
		if (tags)
			ledger_tag_block(le64_to_cpu(id->nonce), mac, clear);
		return 0;
	}
	if (++h->crypt_count == h->crypt_fails_at)
		return -ENOMEM;
	/* What does not verify is decrypted nevertheless: nobody may come to depend on it. */
	toy_mac(seed, data, len, want);
	toy_stream(pair, data, len);
	return memcmp(want, mac, DMW_MAC_SIZE) ? -EBADMSG : 0;
}

/* ---- memory ---- */

void *dmw_host_alloc(struct dmw_host *h, size_t size)
{
	if (h->locked)
		fail("an allocation that may sleep, with the lock held");
	if (++h->alloc_count == h->alloc_fails_at)
		return NULL;
	h->allocs++;
	return calloc(1, size);
}

void dmw_host_free(struct dmw_host *h, void *p)
{
	if (p)
		h->allocs--;
	free(p);
}

struct dmw_node *dmw_host_node_alloc(struct dmw_host *h, bool sleep)
{
	struct dmw_node *n;

	if (sleep && h->locked)
		fail("a node allocation that may sleep, with the lock held");
	if (sleep ? ++h->alloc_count == h->alloc_fails_at :
	    one_in(h->m->alloc_fails) || fault_hit(&h->m->faults.node_in))
		return NULL;
	n = malloc(sizeof(*n));
	n->seals = malloc(sizeof(*n->seals));
	memset(n, 0xa5, offsetof(struct dmw_node, seals));
	memset(n->seals, 0xa5, sizeof(*n->seals));
	h->nodes++;
	return n;
}

void dmw_host_node_free(struct dmw_host *h, struct dmw_node *n)
{
	h->nodes--;
	free(n->seals);
	free(n);
}

/* ---- the rest ---- */

int dmw_host_read(struct dmw_host *h, u64 offset, void *buf, u32 len)
{
	if (h->locked)
		fail("a synchronous read with the lock held");
	if (++h->read_count == h->read_fails_at) {
		h->read_failed = true;
		return -EIO;
	}
	return disk_read(h->m->disk, offset, buf, len);
}

void dmw_host_read_many(struct dmw_host *h, struct dmw_read_req *reqs, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		reqs[i].error = dmw_host_read(h, reqs[i].offset, reqs[i].buf, DMW_SECTOR_SIZE);
}

void dmw_host_random(struct dmw_host *h, void *buf, size_t len)
{
	u8 *b = buf;

	(void)h;
	while (len--)
		*b++ = rnd() >> 56;
}

/* Goes on with each write. Exploring it stands still, as states that differ in times are the same. */
u64 dmw_host_time(struct dmw_host *h)
{
	(void)h;
	return 1700000000 + (cfg.mode == MODE_EXPLORE ? 0 : next_value);
}

void dmw_host_event(struct dmw_host *h, enum dmw_event event, u64 sector, int error)
{
	static const char *const names[] = { "MISMATCH", "NODE", "LOST", "FAILED" };

	trace("event %s sector %llu error %d", names[event], (unsigned long long)sector, error);
	h->events[event]++;
}

void dmw_host_assert_locked(struct dmw_host *h)
{
	if (!h->locked)
		fail("the lock is not held");
}
