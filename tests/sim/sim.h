/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crash simulator: the protocol core of kmod/ in a process, on a disk that forgets and tears what
 * was not flushed, driven in any order a seed chooses. One process, one thread, no clock: a seed
 * replays exactly.
 *
 *   hash.c    hashes, and sets of them
 *   disk.c    what the LUN holds: durable blocks, and writes that a crash may lose or tear
 *   host.c    host.h for the core: crypto, memory, reads while opening; counts everything
 *   sched.c   a machine: an open volume whose tasks are carried out in random order
 *   oracle.c  what each sector may hold
 *   tags.c    what the tag table may hold
 *   keys.c    which tags have no keys any more
 *   epochs.c  rotation
 *   crash.c   crash images, and whether the core can live with each
 *   ledger.c  what was sealed, and so what an array can make of a volume at most
 *   adversary.c  an array that shows old, damaged, exchanged blocks, and lies
 *   explore.c all schedules of a few ops
 *   state.c   when two states of a machine are the same one
 *   scenes.c, tagscenes.c, epochscenes.c  schedules that chance would hardly find
 *   run.c     workloads
 *   format.c  geometries
 */
#ifndef DMW_SIM_H
#define DMW_SIM_H

#include "core.h"

/* Sectors whose contents are followed: those of a few leaves. */
#define MAX_LEAVES	8
#define MAX_TRACKED	(MAX_LEAVES * DMW_FANOUT)

/* What the oracle follows: a pair for each of these sectors, and then the tag table's hash. */
#define MAX_VALUES	(MAX_TRACKED + 1)
#define PAIR(value, tag) ((value) | (u64)(tag) << 48)
#define VALUE(pair)	((pair) & ((1ULL << 48) - 1))
#define TAG(pair)	((u32)((pair) >> 48))

/* The value of a sector whose key is gone: with the time of its seal below. */
#define UNREADABLE	(1ULL << 47)

/* Records that the LUN has room for: two nodes' worth. */
#define MAX_TAGS	(DMW_FANOUT + 2)

/* ---- randomness, failure ---- */

u64 rnd(void);
void rnd_seed(u64 seed);
u64 rnd_save(void);
void rnd_restore(u64 state);
bool maybe(bool otherwise);

static inline u32 below(u32 n)
{
	return n ? (u32)((rnd() >> 32) * n >> 32) : 0;
}

/* One time in @n; never when 0. */
static inline bool one_in(u32 n)
{
	return n && below(n) == 0;
}

void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- hash.c ---- */

/* Keys are hashes: two that differ in bit 0 only are one. */
struct set {
	u64	*keys;
	u64	cap;
	u64	used;
};

u64 mix(u64 x);
u64 hash_bytes(u64 h, const void *p, size_t n);
void set_reset(struct set *s);
bool set_add(struct set *s, u64 key);

/* ---- disk.c ---- */

/* A block's contents, shared by all images that hold it. @bad: reads of it fail. */
struct page {
	u32		refs;
	bool		bad;
	u64		hash;
	struct page	*next;
	u8		data[DMW_SECTOR_SIZE];
};

struct image_slot {
	u64		key;	/* block + 1; 0 = free */
	struct page	*page;
};

#define IMAGE_SMALL	32

/* Contents of a LUN: what @base has, but for the blocks in @slots. Never written blocks are zeros. */
struct image {
	const struct image	*base;
	u64			hash;
	u32			cap;
	u32			used;
	struct image_slot	*slots;
	struct image_slot	small[IMAGE_SMALL];
};

void image_init(struct image *img, const struct image *base);
void image_free(struct image *img);
struct page *image_get(const struct image *img, u64 block);
void image_put(struct image *img, u64 block, struct page *p);
struct page *page_new(void);
u64 page_hash(struct page *p);
void page_put(struct page *p);
void image_flatten(struct image *to, const struct image *from);

/* Instead of a value: the read has failed. */
#define READ_ERROR	(~0ULL)

#define NOT_DONE	(~0ULL)

/*
 * A write that is not durable yet, as far as it touches one block.
 * @mask: 512-byte pieces that it writes
 * @tears: a crash may leave any subset of the pieces, not just all or none
 * @done: when it completed
 */
struct unit {
	u64		write;
	u64		block;
	u64		done;
	u8		mask;
	bool		tears;
	struct page	*page;
};

struct disk {
	struct image	durable;
	struct image	cache;	/* what reads see */
	struct unit	*units;	/* in the order of their issue */
	u32		count;
	u32		cap;
	u64		clock;
	u32		lies;	/* one in that many flushes and FUA writes is acknowledged only */
	u32		fickle;	/* one in that many blocks read is not the newest version */
};

void disk_init(struct disk *d, const struct image *base);
void disk_free(struct disk *d);
u64 disk_write(struct disk *d);
void disk_write_block(struct disk *d, u64 write, u64 offset, const void *data, u32 len, bool tears);
void disk_write_show(struct disk *d, u64 write);
void disk_write_done(struct disk *d, u64 write, bool fua);
u64 disk_flush(struct disk *d);
void disk_flush_done(struct disk *d, u64 flush);
int disk_read(const struct disk *d, u64 offset, void *buf, u32 len);
void disk_crash(const struct disk *d, const u8 *keep, u64 bad, struct image *img);

/* ---- host.c ---- */

struct machine;

struct dmw_host {
	struct machine	*m;
	bool		locked;
	u32		allocs;
	u32		nodes;
	u32		alloc_count;
	u32		alloc_fails_at;	/* the n-th allocation fails; 0 = none */
	u32		crypt_count;
	u32		crypt_fails_at;	/* the n-th decryption fails; 0 = none */
	u32		read_count;
	u32		read_fails_at;	/* the n-th synchronous read fails; 0 = none */
	bool		read_failed;
	u32		destroyed;	/* tag whose keys only this machine has not; 0 = none */
	bool		no_marks;	/* its keyset says nothing of tags that the table knows to be shredded */
	bool		dropped[MAX_TAGS + 1];	/* as the table said they must be */
	u64		events[DMW_EVENT_FAILED + 1];
};

extern u8 sim_uuid[DMW_UUID_SIZE];
u32 value_time(u64 value);
void nonces_reset(void);
bool watched(void);
u64 nonces_used(void);

/* ---- sched.c ---- */

struct simop {
	struct list_head	list;	/* of the machine: in flight, or ended without a clear result */
	struct machine		*m;
	struct dmw_op		op;
	u64			value;	/* of the first sector; the others follow */
	u8			*data;
	u32			*marks;	/* length of histories at submission */
	u64			first;	/* sector, at submission */
	bool			begun;	/* an assignment: the oracle knows what it did at once */
	int			must;	/* it must be refused with this */
	u32			version;	/* of the record */
	struct dmw_tag_change	change;
	struct dmw_seal		seals[];
};

enum phase { PHASE_WORK, PHASE_ISSUE, PHASE_COMPLETE, PHASE_DONE };

struct job {
	struct dmw_task	*t;
	enum phase	phase;
	bool		shown;
	bool		sampled;
	u64		ticket;
	u8		*copy;
	int		error;
};

/* The n-th I/O of a kind from now fails, or the n-th allocation of a node; 0 = none */
struct faults {
	u32	write_in;
	u32	flush_in;
	u32	read_in;
	u32	node_in;	/* an allocation */
	u32	read_hits;
};

/* An open volume. */
struct machine {
	struct dmw_host		host;
	struct disk		*disk;
	struct dmw_volume	vol;
	struct job		*jobs;
	u32			job_count;
	u32			job_cap;
	const struct dmw_task	*slow;
	u32			slow_for;
	struct list_head	ops;	/* struct simop in flight */
	struct list_head	limbo;	/* failed writes: may have happened or not */
	u32			op_count;
	bool			main;	/* oracle follows its ops */
	bool			tolerant;	/* a checker that lives with read errors */
	bool			read_only;
	bool			attacked;	/* the array has begun to show something else */
	bool			ledger;		/* ledger.c watches what it seals */
	struct dmw_anchor	anchor;
	u32			alloc_fails;	/* one in that many node allocations */
	struct faults		faults;
	u64			ended;
	int			last_error;
	u32			tag_count;	/* that was seen last */
	int			expected;	/* a checker: all ops must end with this */
	u64			*values;	/* where reads of a checker put theirs */
};

bool fault_hit(u32 *in);
void machine_init(struct machine *m, struct disk *d);
enum dmw_load_error machine_open(struct machine *m, bool read_only);
void machine_free(struct machine *m);
void machine_submit(struct machine *m, enum dmw_op_kind kind, u64 sector, u32 count, bool fua);
void machine_submit_assign(struct machine *m, u64 sector, u32 n, u64 end, u32 tag);
void machine_submit_seals(struct machine *m, u64 sector, u32 n, u64 end);
void machine_submit_tag(struct machine *m, u32 tag, u32 state, u32 version);
void machine_submit_epoch(struct machine *m, enum dmw_op_kind kind, u32 epoch);
void machine_restart_sweep(struct machine *m);
void machine_shrink(struct machine *m, u32 n);
void machine_forget(struct machine *m);
void machine_step(struct machine *m, bool in_order);
void machine_step_job(struct machine *m, u32 i);
void machine_drain(struct machine *m, bool in_order);
void machine_dump(struct machine *m);
extern u64 next_value;
bool page_value(const u8 *p, u64 *value);
void simop_free(struct simop *o);

/* ---- oracle.c ---- */

/* What a crash now may leave in each tracked sector: values[first..first+count). */
struct allowed {
	u64	hash;
	u32	first[MAX_VALUES + 1];
	u32	used;
	u32	cap;
	u64	*values;
};

void oracle_reset(void);
u32 oracle_index(u64 sector);
bool oracle_tracks(u64 sector, u32 *i);
u32 oracle_values(void);
void oracle_began(struct machine *m);
void oracle_foreign(const struct simop *o);
bool oracle_is_open(u64 sector);
void oracle_submitted(struct machine *m, struct simop *o);
void oracle_ended(struct machine *m, struct simop *o);
void oracle_allowed(const struct machine *m, struct allowed *a);
void oracle_exactly(const u64 *values, struct allowed *a);
bool oracle_is_allowed(const struct allowed *a, u32 i, u64 value);
void oracle_check(const struct allowed *a, const u64 *values, const char *what);
void oracle_adopt(struct machine *m, const u64 *values);
void oracle_current(u64 *values);
void oracle_explain(u32 i);
u64 oracle_hash(const struct machine *m, u64 h);

/* ---- tags.c ---- */

void tags_reset(void);
u64 tags_hash(void);
bool tags_hash_with(const struct simop *o, u64 *hash);
u32 tag_reported(u32 tag);
u32 tag_asked(u32 tag);
u32 tags_some(u64 h);
void tags_submitted(const struct simop *o);
bool tags_ended(const struct simop *o);
u64 tags_read(struct machine *m);
bool tag_read(struct machine *m, u32 tag, u32 *version);
void tags_adopt(struct machine *m);
void tags_seen(struct machine *m);
void tags_explain(const struct machine *m);
void tag_create(struct machine *m);
void tag_close(struct machine *m, u32 tag, u32 state);
void tags_submit(struct machine *m);
void tags_begin(struct machine *m);
void tag_record(struct dmw_tag_disk *d, u32 tag, u32 state, u32 version);
void tags_format(struct disk *d, struct dmw_host *h, const u8 *salt, struct dmw_seal *top_seal);

/* ---- keys.c ---- */

void keys_reset(void);
u64 keys_hash(void);
bool keys_go(void);
bool keys_chance(u64 from, u32 n);
void key_destroy(u32 tag);
void key_shredded(u32 tag);
bool key_is_marked(const struct machine *m, u32 tag);
bool key_is_gone(const struct machine *m, u32 tag);
int key_error(const struct machine *m, u32 tag);
void keys_open(struct machine *m);
u32 pair_time(u64 pair);
u64 pair_unreadable(u32 tag, u32 time);
bool pair_fits(u64 allowed, u64 found);

/* ---- epochs.c ---- */

void epochs_reset(void);
bool epoch_destroyed(u32 epoch);
void epochs_check(const struct machine *m);
void epochs_adopt(const struct machine *m);
void epochs_ended(struct machine *m, const struct simop *o);
bool epochs_through(const struct machine *m);
bool epochs_all_open(u64 sector, u32 n);
u64 epochs_hash(void);
u32 epochs_old_tag(const struct machine *m);
void epochs_sweep(struct machine *m);
u32 epoch_now(const struct machine *m);
bool epoch_listed(const struct machine *m, u32 epoch);
void epoch_hide(u32 epoch);
bool epoch_missing(const struct machine *m, u32 epoch);
void epoch_begin(struct machine *m);
void epochs_submit(struct machine *m);

/* ---- crash.c ---- */

void crash_reset(void);
void crash_check(struct machine *m, const struct allowed *a, unsigned int depth);
void crash_here(struct machine *m);
void crash_choose(const struct machine *m, struct image *img);
void read_all(struct machine *m, u64 *values);
void recover_and_check(struct machine *m, const struct allowed *a, u64 *values);

/* ---- ledger.c ---- */

void ledger_reset(void);
void ledger_open(void);
void ledger_base(const u64 *values);
void ledger_foreign(u64 parent);
u32 ledger_newest(void);
void ledger_assigned(u32 i, u64 pair);
void ledger_seal(const void *aad, u32 aad_len, const void *data);
void ledger_tag_block(u64 nonce, const u8 *mac, const void *clear);
void ledger_check_table(struct machine *m, u32 opening, u64 checkpoint, const char *what);
bool ledger_allows(const u64 *values, u32 opening, u64 checkpoint);
void ledger_explain(const u64 *values);

/* ---- adversary.c ---- */

void past_reset(const struct disk *d);
void past_add(const struct disk *d, u64 block, struct page *p, u8 mask);
void past_crashed(const struct disk *d);
struct page *past_any(u64 block);
void past_rollback(struct image *img, struct dmw_anchor *anchor);
void past_image(struct image *img, u32 t);
u32 past_time(void);
void past_fork(const struct disk *d);
void judge_attacked(const struct machine *m);
void past_tamper(struct disk *d);
void past_committed(const struct machine *m);
void past_forget(const struct machine *m);
void campaign_attack(struct machine *m);
void campaign_replays(struct machine *m);
void campaign_flips(struct machine *m);
void attack_summary(void);

/* ---- state.c ---- */

u64 state_hash(const struct machine *m, u64 progress);

/* ---- explore.c ---- */

void explore(void);

/* ---- format.c ---- */

enum geometry { GEOMETRY_TINY, GEOMETRY_TINY512, GEOMETRY_MEDIUM, GEOMETRY_HUGE, GEOMETRIES };

extern const char *const geometry_names[GEOMETRIES];
void geometry_choose(enum geometry g);
void format(struct disk *d);
void format_put(struct disk *d, u64 block, const void *data);

/* ---- scenes.c ---- */

void scenes(struct machine *m);
void step_all_but(struct machine *m, u64 block);
void step_all_but_task(struct machine *m, const struct dmw_task *t);

/* ---- tagscenes.c ---- */

void tag_scenes(struct machine *m);

/* ---- epochscenes.c ---- */

void epoch_scenes(struct machine *m);

/* ---- run.c ---- */

enum mode {
	MODE_RANDOM,		/* long runs */
	MODE_EXHAUSTIVE,	/* short runs, a crash at each step, all images */
	MODE_WIDE,		/* ops that need several records, many records on their way */
	MODE_FAULTS,		/* the LUN fails while the volume is open */
	MODE_OOM,		/* memory runs out, crypto fails, while opening */
	MODE_READS,		/* the LUN fails while opening */
	MODE_SCENES,		/* among chance, certain schedules */
	MODE_ATTACK,		/* the array shows old, damaged, exchanged blocks, and lies */
	MODE_FLIPS,		/* each bit of all metadata flipped, one at a time */
	MODE_REPLAYS,		/* each block, and kinds of blocks, of each time there was */
	MODE_NTH,		/* the n-th I/O or allocation fails, n = 1, 2, 3, ... */
	MODE_EXPLORE,		/* all schedules of up to three ops */
	MODES
};

/* From this seed on keys are rotated, in all modes. */
#define EPOCH_SEEDS	20001

extern const char *const mode_names[MODES];
void run(u64 seed);
u32 leaf_window(u32 i);

/* ---- all that a run is made of ---- */

struct config {
	/* what the command line fixes; -1 = the seed chooses */
	int			want_mode;
	int			want_geometry;
	bool			verbose;
	bool			tear_errors;	/* torn metadata blocks may be unreadable */
	bool			no_merge;	/* explore: equal states are not recognised */

	u64			seed;
	enum mode		mode;
	enum geometry		geometry;
	struct dmw_layout	layout;
	u32			logical_block;
	u64			leaves[MAX_LEAVES];
	u32			leaf_count;
	u32			window;		/* sectors in use of each leaf */
	u32			node_limit;
	u64			counter_limit;
	u32			ops;		/* in flight at most */
	u32			extent;		/* sectors of an op at most */
	u32			steps;
	u32			budget;		/* images at a crash point */
	u32			most;		/* crash states to check */
	u64			states_before;
	u32			crash_in;	/* one step in that many is a crash point */
	u32			again_in;	/* one recovery step in that many is one as well */
	u32			live_in;	/* one step in that many really crashes */
	u32			alloc_fails;
	bool			discard;
	u32			weights[5];	/* of the kinds of ops */
	u32			tags_in;	/* one op in that many has to do with tags */
	u32			tag_base;	/* tags that the volume is formatted with */
	u32			epochs_in;	/* one op in that many has to do with rotation */
};

struct totals {
	u64	runs, paths, steps, ops, points, states, images, skipped, depth2, attacks;
	u64	assigns, changes, refusals, shreds, epochs, sweeps, retired;
	u64	pairs, activations, checkpoints, wraps, crashes, closes, faults, opens, recovered;
};

extern struct config cfg;
extern struct totals totals;

#endif
