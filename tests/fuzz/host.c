// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host.h for the core: a LUN in memory, a cipher that authenticates and does not encrypt (so that what
 * is on the LUN can be altered and sealed again), and limits. What leaves the LUN, allocates without
 * bound or goes on for ever ends in fail().
 */
#include <stdarg.h>

#include "fuzz.h"

/* The largest activation table takes 4 MiB; a journal's entries are bounded by the input. */
#define MEMORY_MAX	(24U << 20)
#define WORK_MAX	3000000
#define LUN_MAX		8192		/* blocks in memory; a power of two */

struct lun lun;
bool host_locked;

static u64 memory, seed;
static u32 allocations;

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("FAILED ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

static void work(void)
{
	if (++lun.work > WORK_MAX)
		fail("no end of work: %u calls", WORK_MAX);
}

bool host_fault(enum fault f)
{
	if (lun.fault != f || !lun.fault_in || (lun.fault_in > 1 && --lun.fault_in))
		return false;
	if (!lun.fault_stays)
		lun.fault_in = 0;
	lun.faulted = true;
	return true;
}

/* ---- the LUN ---- */

static struct {
	u64	key;	/* block + 1; 0 = free */
	u8	*data;
} table[LUN_MAX];
static u32 used;
static u32 slots[LUN_MAX];	/* in use, so that a reset costs no more than the run before it */

static u32 slot_of(u64 block)
{
	u32 i = (block * 0x9e3779b97f4a7c15ULL) >> 51;

	while (table[i].key && table[i].key != block + 1)
		i = (i + 1) % LUN_MAX;
	return i;
}

void lun_reset(void)
{
	u32 i;

	for (i = 0; i < used; i++)
		table[slots[i]].key = 0;
	used = 0;
	memset(&lun, 0, sizeof(lun));
	lun.end = U64_MAX;
	host_locked = false;
	seed = 1;
}

const u8 *lun_look(u64 block)
{
	static const u8 zeros[DMW_SECTOR_SIZE];
	u32 i = slot_of(block);

	return table[i].key ? table[i].data : zeros;
}

u8 *lun_block(u64 block)
{
	u32 i = slot_of(block);

	if (!table[i].key) {
		if (used > LUN_MAX / 2)
			fail("more than %u blocks written", LUN_MAX / 2);
		table[i].key = block + 1;
		if (!table[i].data)
			table[i].data = malloc(DMW_SECTOR_SIZE);
		memset(table[i].data, 0, DMW_SECTOR_SIZE);
		slots[used++] = i;
	}
	return table[i].data;
}

void lun_io(bool write, u64 offset, void *buf, u32 len)
{
	u64 end = lun.blocks << DMW_SECTOR_SHIFT;
	u32 at, n;

	work();
	if (offset > end || len > end - offset)
		fail("%s of %u bytes at %llu, outside the LUN of %llu blocks",
		     write ? "write" : "read", len, (unsigned long long)offset,
		     (unsigned long long)lun.blocks);
	if (offset % lun.logical_block || len % lun.logical_block || !len)
		fail("%s of %u bytes at %llu is not aligned to %u", write ? "write" : "read", len,
		     (unsigned long long)offset, lun.logical_block);
	if (write && !lun.writable)
		fail("a write where nothing may be written: block %llu",
		     (unsigned long long)(offset >> DMW_SECTOR_SHIFT));
	lun.writes += write;
	for (; len; len -= n, offset += n, buf = (u8 *)buf + n) {
		at = offset % DMW_SECTOR_SIZE;
		n = min_t(u32, len, DMW_SECTOR_SIZE - at);
		if (write)
			memcpy(lun_block(offset >> DMW_SECTOR_SHIFT) + at, buf, n);
		else
			memcpy(buf, lun_look(offset >> DMW_SECTOR_SHIFT) + at, n);
	}
}

void snapshot_take(struct snapshot *s)
{
	u32 i;

	s->count = used;
	s->at = malloc(used * sizeof(*s->at));
	s->data = malloc((size_t)used * DMW_SECTOR_SIZE);
	for (i = 0; i < used; i++) {
		s->at[i] = table[slots[i]].key - 1;
		memcpy(s->data[i], table[slots[i]].data, DMW_SECTOR_SIZE);
	}
}

void snapshot_restore(const struct snapshot *s)
{
	u32 i;

	for (i = 0; i < s->count; i++)
		memcpy(lun_block(s->at[i]), s->data[i], DMW_SECTOR_SIZE);
}

int dmw_host_read(struct dmw_host *h, u64 offset, void *buf, u32 len)
{
	u64 first = offset >> DMW_SECTOR_SHIFT, end = (offset + len - 1) >> DMW_SECTOR_SHIFT;

	if (host_locked)
		fail("a synchronous read with the lock held");
	if (first < lun.first || end >= lun.end)
		fail("a read of block %llu, which is none of the structure's",
		     (unsigned long long)first);
	if (host_fault(FAULT_READ))
		return -EIO;
	if (host_fault(FAULT_MEDIUM))
		return -ENODATA;
	lun_io(false, offset, buf, len);
#ifdef FUZZ_LIB
	h->read += len;
#endif
	return 0;
}

void dmw_host_read_many(struct dmw_host *h, struct dmw_read_req *reqs, unsigned int count)
{
	for (; count; count--, reqs++)
		reqs->error = dmw_host_read(h, reqs->offset, reqs->buf, DMW_SECTOR_SIZE);
}

/* ---- crypto ---- */

static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* Most of the time goes into this: four lanes, and no checks of what is certain. */
__attribute__((no_sanitize("address", "undefined")))
static u64 absorb(u64 h, const void *p, size_t n)
{
	u64 lane[4] = { h, ~h, h * 3, h * 5 }, w[4] = { 0 };
	const u8 *b = p;
	u32 k;

	for (; n >= 32; n -= 32, b += 32) {
		__builtin_memcpy(w, b, 32);
		for (k = 0; k < 4; k++) {
			lane[k] = (lane[k] ^ w[k]) * 0x9e3779b97f4a7c15ULL;
			lane[k] ^= lane[k] >> 32;
		}
	}
	memset(w, 0, sizeof(w));
	memcpy(w, b, n);
	for (k = 0; k < 4; k++)
		h = mix(h + mix(lane[k] ^ w[k]));
	return mix(h ^ (u64)n << 56);
}

static bool is_gone(const struct dmw_key_id *key)
{
	const struct gone_keys *g = &lun.gone;

	return g->error && ((g->tag && key->tag == g->tag) || (g->epoch && key->epoch == g->epoch));
}

static int find_key(struct dmw_host *h, const struct dmw_key_id *key)
{
#ifdef FUZZ_LIB
	if (h->keyset)
		return dmw_keyset_find(h->keyset->disk, key->tag, key->epoch) ? 0 : -ENOKEY;
#endif
	if (is_gone(key))
		return lun.gone.error;
	if (lun.no_data_keys && key->tag != DMW_TAG_METADATA)
		return -ENOKEY;
	if (key->tag == FORGE_SHREDDED || key->epoch == FORGE_SHREDDED)
		return -ENODATA;
	if (key->tag != DMW_TAG_METADATA && key->tag != DMW_TAG_DEFAULT && key->tag != FORGE_TAG &&
	    key->tag != FORGE_FROZEN && key->tag != FORGE_RESTRICTED && key->tag != FORGE_NEW)
		return -ENOKEY;
	return key->epoch == 1 || key->epoch == 2 ? 0 : -ENOKEY;
}

int dmw_host_crypt(struct dmw_host *h, bool seal, const struct dmw_key_id *key,
		   const u8 iv[DMW_IV_SIZE], const void *aad, u32 aad_len, void *data, u32 len,
		   u8 mac[DMW_MAC_SIZE])
{
	int ret = find_key(h, key);
	u64 out[2];

	work();
	if (host_locked)
		fail("crypto with the lock held");
	if (aad_len > DMW_SUPERBLOCK_AAD || len > DMW_SECTOR_SIZE)
		fail("crypto over %u and %u bytes", aad_len, len);
	if (ret) {
		lun.key_missing = true;
		return ret;
	}
	if (host_fault(FAULT_CRYPT))
		return -EIO;
	out[0] = absorb((u64)key->tag << 32 | key->epoch, key->salt, DMW_SALT_SIZE);
	out[0] = absorb(out[0], iv, DMW_IV_SIZE);
	out[0] = absorb(out[0], aad, aad_len);
	out[0] = absorb(out[0], data, len);
	out[1] = mix(out[0] + 1);
	if (seal)
		memcpy(mac, out, sizeof(out));
	return seal || lun.forgiving || !memcmp(mac, out, sizeof(out)) ? 0 : -EBADMSG;
}

/* ---- memory ---- */

/* The size in front, so that what is in use can be summed up. */
static void *allocate(size_t size)
{
	u64 *p;

	work();
	memory += size;
	if (memory > MEMORY_MAX)
		fail("no end of memory: %llu bytes in use", (unsigned long long)memory);
	p = calloc(1, size + 16);
	p[0] = size;
	allocations++;
	return p + 2;
}

static void release(void *p)
{
	if (!p)
		return;
	memory -= ((u64 *)p)[-2];
	allocations--;
	free((u64 *)p - 2);
}

void host_check_leaks(void)
{
	if (allocations)
		fail("leak: %u allocations", allocations);
}

void *host_alloc(size_t size)
{
	if (host_locked)
		fail("an allocation that may sleep, with the lock held");
	return allocate(size);
}

void *dmw_host_alloc(struct dmw_host *h, size_t size)
{
	return host_fault(FAULT_MEMORY) ? NULL : host_alloc(size);
}

void dmw_host_free(struct dmw_host *h, void *p)
{
	release(p);
}

struct dmw_node *dmw_host_node_alloc(struct dmw_host *h, bool sleep)
{
	struct dmw_node *n;

	if (sleep && host_locked)
		fail("a node allocation that may sleep, with the lock held");
	if (host_fault(FAULT_MEMORY))
		return NULL;
	n = allocate(sizeof(*n));
	n->seals = allocate(sizeof(*n->seals));
	memset(n->seals, 0xa5, sizeof(*n->seals));
	return n;
}

void dmw_host_node_free(struct dmw_host *h, struct dmw_node *n)
{
	release(n->seals);
	release(n);
}

/* ---- the rest ---- */

void host_seed(u64 s)
{
	seed = s;
}

u64 host_random64(void)
{
	seed += 0x9e3779b97f4a7c15ULL;
	return mix(seed);
}

void dmw_host_random(struct dmw_host *h, void *buf, size_t len)
{
	u8 *b = buf;

	while (len--)
		*b++ = host_random64() >> 56;
}

u64 dmw_host_time(struct dmw_host *h)
{
	return 1700000000;
}

void dmw_host_event(struct dmw_host *h, enum dmw_event event, u64 sector, int error)
{
	work();
	lun.events[event]++;
}

void dmw_host_assert_locked(struct dmw_host *h)
{
	if (!host_locked)
		fail("the lock is not held");
}
