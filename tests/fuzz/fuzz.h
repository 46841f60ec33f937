/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. Each target is a libFuzzer program over the real sources of kmod/ and
 * userspace/; ./run builds and runs them.
 *
 *   host.c    host.h for the core: a LUN in memory, a cipher that only authenticates, limits
 *   drive.c   an open volume whose tasks are carried out in an order that a seed chooses
 *   forge.c   volumes made by the core itself, then altered behind valid MACs
 *   kernel.h  the few names of the kernel proper that the module's own files use
 *
 * With FUZZ_LIB struct dmw_host is libdmwarrant's, with FUZZ_KERNEL the module's, otherwise it is
 * empty: what a target needs to know is global, since there is one LUN at a time.
 */
#ifndef FUZZ_H
#define FUZZ_H

#ifdef FUZZ_LIB
#include "lib_private.h"
#endif
#include "core.h"

#if !defined(FUZZ_LIB) && !defined(FUZZ_KERNEL)
struct dmw_host {
	int	unused;
};
#endif

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Says why and aborts, which libFuzzer takes for a crash. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- the fuzzer's bytes, taken from the front; zeros when there are no more ---- */

struct input {
	const u8	*data;
	size_t		left;
};

static inline u64 take(struct input *in, unsigned int bytes)
{
	u64 v = 0;
	unsigned int i;

	for (i = 0; i < bytes && in->left; i++, in->data++, in->left--)
		v |= (u64)*in->data << 8 * i;
	return v;
}

/* Memory of exactly @size bytes with what is left of the input: an access behind it is noticed. */
static inline void *take_exactly(struct input *in, size_t size)
{
	u8 *p = calloc(1, size ? size : 1);
	size_t n = min_t(size_t, size, in->left);

	if (n)
		memcpy(p, in->data, n);
	in->data += n;
	in->left -= n;
	return p;
}

/*
 * A copy of @from in memory of exactly its size, with pieces of it replaced by the input's: u16 offset,
 * u8 length, bytes. So what is valid is the empty input, and all else is a few bytes away from it.
 */
static inline void *take_over(struct input *in, const void *from, size_t size)
{
	u8 *p = malloc(size);
	size_t at, n;

	memcpy(p, from, size);
	while (in->left > 3) {
		at = take(in, 2) % size;
		n = min_t(size_t, take(in, 1) + 1, min(size - at, in->left));
		memcpy(p + at, in->data, n);
		in->data += n;
		in->left -= n;
	}
	return p;
}

/* ---- host.c ---- */

/* What can fail once, or from then on. */
enum fault {
	FAULT_READ, FAULT_MEDIUM, FAULT_AGAIN, FAULT_WRITE, FAULT_CRYPT, FAULT_MEMORY, FAULTS
};

/* Keys of a tag or of an epoch that are not there, and what who asks hears; 0 = none is missing */
struct gone_keys {
	u32	tag;
	u32	epoch;
	int	error;
};

/**
 * struct lun - the LUN in memory; blocks never written are zeros
 * @blocks:        its size
 * @logical_block: bytes; every access must be aligned to it
 * @writable:      a write is an error when this is false
 * @forgiving:     every MAC verifies, so that raw bytes of the fuzzer pass for authentic
 * @key_missing:   some key was asked for that the keyset does not have
 * @writes:        how many there were
 * @work:          calls of the core to its host since lun_reset(); bounded
 * @first, @end:   synchronous reads must stay within these blocks
 * @fault:         what fails, at the @fault_in-th time (0 = never), and if @fault_stays ever after
 * @faulted:       it has
 * @no_data_keys:  the keyset has the metadata key only
 * @gone:          some keys are missing, or shredded
 */
struct lun {
	u64	blocks;
	u32	logical_block;
	bool	writable;
	bool	forgiving;
	bool	key_missing;
	u64	writes;
	u64	work;
	u64	first;
	u64	end;
	u32	events[4];
	enum fault fault;
	u32	fault_in;
	bool	fault_stays;
	bool	faulted;
	bool	no_data_keys;
	struct gone_keys gone;
};

extern struct lun lun;
extern bool host_locked;

void lun_reset(void);
u8 *lun_block(u64 block);		/* to be written to */
const u8 *lun_look(u64 block);		/* only to be read */
void lun_io(bool write, u64 offset, void *buf, u32 len);
bool host_fault(enum fault f);
void *host_alloc(size_t size);		/* zeroed; dmw_host_free() frees it */
void host_check_leaks(void);
void host_seed(u64 seed);
u64 host_random64(void);

/* Contents of a LUN, kept. */
struct snapshot {
	u64	*at;
	u8	(*data)[DMW_SECTOR_SIZE];
	u32	count;
};

void snapshot_take(struct snapshot *s);
void snapshot_restore(const struct snapshot *s);

/* ---- drive.c ---- */

#ifndef FUZZ_KERNEL

struct drive {
	struct dmw_host		host;
	struct dmw_volume	v;
	struct dmw_task		*tasks[4096];
	u32			task_count;
	u32			ops;	/* under way */
};

/* An op and its memory. @value: fills a write's sectors. @room: sectors that @data has room for. */
struct drive_op {
	struct dmw_op	op;
	struct drive	*drive;
	u64		value;
	u32		room;
	bool		ended;
	struct dmw_seal	seals[DMW_FANOUT];
	u8		*data;
};

enum dmw_load_error drive_open(struct drive *d, const struct dmw_options *o);
struct drive_op *drive_submit(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count,
			      bool fua, u64 value);
void drive_run(struct drive *d);
int drive_end(struct drive_op *o);
int drive_op(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count, u64 value);
int drive_tag(struct drive *d, u32 tag, enum dmw_tag_state state, const char *name,
	      const char *metadata);
int drive_assign(struct drive *d, u32 tag, u64 sector, u64 count);
void drive_free(struct drive *d);
void drive_fill(u8 *sector, u64 value);

#endif

/* Buffers of ops that are not struct drive_op; NULL = there are none. */
extern void *(*drive_foreign_sector)(struct dmw_op *op, u32 i);

/* ---- forge.c ---- */

#define FORGE_BASES	5
#define FORGE_TAGGED	4	/* the base that has tags */
#define FORGE_TAG	7	/* a case tag with a key of its own; these, too: */
#define FORGE_FROZEN	2
#define FORGE_RESTRICTED	3
#define FORGE_NEW	8	/* the number that the next tag gets */
#define FORGE_SHREDDED	9	/* tag or epoch whose keys were destroyed */

extern const u8 forge_uuid[DMW_UUID_SIZE];
extern const struct dmw_layout *forge_layout;	/* of the volume that forge_make() has made */

void forge_init(void);
void forge_empty(struct dmw_layout *l, u32 unit, u32 journal_blocks, u64 data_sectors);
void forge_derive(struct dmw_superblock_disk *d);
void forge_make(unsigned int base, bool relayout, struct input *in);

#endif
