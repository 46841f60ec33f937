/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol: how a volume's sectors, tree, journal and checkpoints hang together while it is
 * open.
 *
 * The core does no I/O, takes no lock and starts no thread. Those outside call in with the volume
 * locked (dmw_submit(), dmw_task_done(), ...). The core answers with tasks: a piece of work
 * (crypto) to be run without the lock, an I/O, or both. Whoever runs a task reports back with
 * dmw_task_done(). So the kernel runs it on workers and bios, and the simulator in any order it
 * likes, crashing wherever it likes.
 *
 * Locking: all of struct dmw_volume and what hangs on it is protected by one lock of the host,
 * which all functions of this header need held unless they say otherwise. None of them sleeps.
 * Exceptions are opening and freeing, where the caller is alone.
 */
#ifndef DMW_CORE_H
#define DMW_CORE_H

#include "tag.h"

struct dmw_volume;
struct dmw_task;

enum dmw_io { DMW_IO_NONE, DMW_IO_READ, DMW_IO_WRITE, DMW_IO_FLUSH, DMW_IO_DISCARD };

/**
 * struct dmw_task - something to be done outside the lock
 * @list:   on one of the volume's lists of tasks until somebody takes it
 * @io:     what to do with the LUN
 * @op:     the op whose sectors are to be moved; NULL = @buf
 * @fua:    a write must be durable when it completes
 * @offset: bytes from the start of the LUN
 * @length: bytes
 * @buf:    memory of the core's; lies in one piece
 * @work:   crypto, to be run without the lock, in a context that may sleep; NULL = none. Comes
 *          after a read, before any other I/O. Sets @error
 * @done:   what the core does next; called by dmw_task_done()
 * @error:  negative errno of work or I/O; after an error the rest of the task is left out
 */
struct dmw_task {
	struct list_head	list;
	enum dmw_io		io;
	struct dmw_op		*op;
	bool			fua;
	u64			offset;
	u32			length;
	void			*buf;
	void			(*work)(struct dmw_volume *v, struct dmw_host *h,
					struct dmw_task *t);
	void			(*done)(struct dmw_volume *v, struct dmw_task *t);
	int			error;
};

enum dmw_op_kind {
	DMW_OP_READ,
	DMW_OP_WRITE,
	DMW_OP_ERASE,		/* discard or write zeroes: sectors become unwritten */
	DMW_OP_FLUSH,
	DMW_OP_CHECKPOINT,	/* done when all that was completed before is checkpointed */
	DMW_OP_ASSIGN,		/* sectors get another tag; written ones are sealed anew */
	DMW_OP_SEALS,		/* look at seals */
	DMW_OP_TAG,		/* create or change a tag; done when that is checkpointed */
	DMW_OP_SWEEP,		/* a step of the sweep: what is under an old epoch is sealed anew */
	DMW_OP_EPOCH,		/* begin an epoch; done when that is checkpointed */
	DMW_OP_RETIRE,		/* forget an old epoch; done when both superblocks have */
};

enum dmw_op_state {
	DMW_OP_START,		/* look the leaf up */
	DMW_OP_LOCK,		/* wait for other writes to these sectors */
	DMW_OP_SEAL,		/* sectors locked; encrypt */
	DMW_OP_JOURNAL,		/* entries on their way to the journal, then data to its place */
	DMW_OP_RECHECK,		/* a sector read did not fit its seal */
};

/**
 * struct dmw_tag_change - what becomes of a tag; the caller's
 * @tag:    number: one of those there are, or the next one
 * @state:  that it shall have; never less strict than before
 * @record: that it shall have, with that state
 * @node:   a zeroed block for a new node of the table; the core takes it if it needs one
 */
struct dmw_tag_change {
	u32			tag;
	enum dmw_tag_state	state;
	struct dmw_tag_disk	*record;
	struct dmw_node_disk	*node;
};

/**
 * struct dmw_op - a request from above
 * @kind:    set by the caller, as are @sector, @count, @fua, @discard and @seals. Of a sweep the
 *           core chooses @sector and @count: bring room for a leaf's sectors
 * @sector:  first sector
 * @count:   sectors; all in one leaf
 * @fua:     the write must be durable when it completes
 * @discard: an erase may show the array what is free
 * @seals:   room for @count seals
 * @tag:     assign: the new tag. Epoch, retire: number of the epoch
 * @end:     assign, seals: behind the last sector wanted, maybe in another leaf: of a subtree in
 *           which nothing is written the op takes all at once. Retire: the checkpoint it waits for
 * @change:  tag: what is to be done
 * @error:   result: 0, or a negative errno: -EILSEQ a sector does not fit its seal, -EBADE its tag
 *           is frozen, -EREMOTEIO restricted, -ENODATA shredded, -EIO, ...
 *
 * Results of assign and seals:
 * @covered: sectors from @sector on that this op has seen to. Assign: what lies before @sector is
 *           done, since @sector moves on to the run that was sealed anew; an error concerns @count
 *           sectors from there, or @covered if those are more
 * @zero:    seals: @covered sectors are unwritten, with tag @tag; else their seals are in @seals
 *
 * @task:    the one thing outside that this op waits for (with @busy)
 * @wait:    on one list at most: of a node, of the journal, of the volume
 * @unfinished: on the journal's list from the first entry until the seals are in the leaf
 * @first_seq: record that holds its first entry
 * @queued:  entries already in records
 * @lock:    bits of @sector.. within the leaf
 * @zero:    read: all is unwritten, the sectors' buffers hold nothing
 * @state:      where in its life it is
 * @busy:       @task is under way
 * @data_there: its data was read, or written
 * @journalled: all its entries are durable
 * @fresh:      a write to sectors that are all unwritten
 * @retries:    times a mismatch was given another chance
 * @bad:        sector, from @sector on, that did not fit
 * @nonce:      assign: of the first new seal
 * @phase:      writes: which count of the volume's writers has it
 * @leaf:       held from the lookup to the end of a write
 */
struct dmw_op {
	enum dmw_op_kind	kind;
	u64			sector;
	u32			count;
	bool			fua;
	bool			discard;
	struct dmw_seal		*seals;
	u32			tag;
	u64			end;
	struct dmw_tag_change	*change;
	u64			covered;
	int			error;

	enum dmw_op_state	state;
	struct dmw_task		task;
	bool			busy;
	bool			data_there;
	bool			journalled;
	bool			fresh;
	bool			zero;
	u8			retries;
	u32			bad;
	u8			phase;
	u64			nonce;
	u32			queued;
	u64			first_seq;
	u64			lock[2];
	struct dmw_node		*leaf;
	struct list_head	wait;
	struct list_head	unfinished;
};

/**
 * struct dmw_node - a node of the tree in memory, decrypted and verified
 * @hash:    among the volume's nodes
 * @list:    clean and unused: the LRU; dirty: of its level or of the checkpoint
 * @parent:  in memory as long as this one is; NULL at the top level
 * @refs:    ops, children in memory, a write under way
 * @ready:   false while it is being read
 * @dirty:   differs from what the last image of it holds
 * @locked:  leaf: sectors that a write or erase is at work on
 * @waiters: ops that wait for it to be read, or for locked sectors, oldest first
 * @seals:   contents
 * @index: among the nodes of its level
 * @level: 0 = leaf
 * @task:  reads it
 */
struct dmw_node {
	struct hlist_node	hash;
	struct list_head	list;
	struct dmw_node		*parent;
	u64			index;
	u8			level;
	bool			ready;
	bool			dirty;
	u32			refs;
	u64			locked[2];
	struct list_head	waiters;
	struct dmw_task		task;
	struct dmw_node_disk	*seals;
};

/* A path of the tree can always be brought into memory, whatever memory is like. */
#define DMW_NODE_RESERVE	DMW_LEVELS

/**
 * struct dmw_tree - the nodes in memory
 * @limit:   nodes to be had before clean ones are reused
 * @count:   nodes in memory; beyond @limit only in recovery
 * @reserve: nodes kept for the one op that cannot get any
 * @owner:   that op
 * @waiters: ops that wait for a node to become free
 * @buckets:       hash table of all nodes
 * @bucket_bits:   log2 of its size
 * @dirty_count:   nodes that are dirty
 * @lru:           clean nodes without references, oldest first
 * @dirty:         dirty nodes of each level, but for those of the checkpoint under way
 * @reserve_count: nodes in @reserve
 * @roots_dirty:   a seal in the root has changed that no node vouches for
 */
struct dmw_tree {
	struct hlist_head	*buckets;
	u32			bucket_bits;
	u32			limit;
	u32			count;
	u32			dirty_count;
	struct list_head	lru;
	struct list_head	dirty[DMW_LEVELS];
	struct list_head	reserve;
	u32			reserve_count;
	bool			roots_dirty;
	struct dmw_op		*owner;
	struct list_head	waiters;
};

enum dmw_record_state { DMW_RECORD_OPEN, DMW_RECORD_CLOSED, DMW_RECORD_SEALED, DMW_RECORD_DURABLE };

/**
 * struct dmw_record - a journal record under construction or on its way
 * @list: free, or in flight in order of sequence
 * @ops:  whose last entry is in it
 * @pos:  its place, in journal units
 * @task:  seals it, then writes it
 * @state: how far it is
 * @head:  in memory
 * @disk:  a block for it
 */
struct dmw_record {
	struct list_head	list;
	struct list_head	ops;
	struct dmw_task		task;
	enum dmw_record_state	state;
	struct dmw_record_head	head;
	u64			pos;
	struct dmw_record_disk	*disk;
};

#define DMW_RECORDS	8

/**
 * struct dmw_journal - the ring as the writer sees it
 * @seq:        sequence of the next record to be opened
 * @pos:        where the last record ends
 * @tail:       where the committed checkpoint's journal starts
 * @mac:        of the last sealed record
 * @stable:     newest sequence whose data is known to be flushed
 * @open:       the record that takes entries
 * @flight:     closed records, oldest first
 * @queue:      ops with entries to be put into records, oldest first
 * @unfinished: ops with entries in records, by first_seq
 * @sealing: a record is being sealed
 * @free:    records not in use
 * @records: all of them
 */
struct dmw_journal {
	u64			seq;
	u64			pos;
	u64			tail;
	u8			mac[DMW_MAC_SIZE];
	u64			stable;
	struct dmw_record	*open;
	bool			sealing;
	struct list_head	flight;
	struct list_head	free;
	struct list_head	queue;
	struct list_head	unfinished;
	struct dmw_record	records[DMW_RECORDS];
};

/** struct dmw_image - a node on its way to the LUN */
struct dmw_image {
	struct list_head	list;
	struct dmw_task		task;
	struct dmw_node		*node;
	struct dmw_seal		seal;
	void			*buf;
};

#define DMW_IMAGES	32

enum dmw_checkpoint_state {
	DMW_CHECKPOINT_IDLE,
	DMW_CHECKPOINT_GATE,		/* a new activation: wait until no write is under way */
	DMW_CHECKPOINT_DRAIN,		/* wait for the data of all records up to q */
	DMW_CHECKPOINT_NODES,		/* write dirty nodes, a level at a time */
	DMW_CHECKPOINT_TAG,		/* write a changed tag's record, then the nodes above it */
	DMW_CHECKPOINT_ACTIVATION,	/* write the activation chain's newest link, or all */
	DMW_CHECKPOINT_FLUSH,
	DMW_CHECKPOINT_SUPERBLOCK,
};

/**
 * struct dmw_checkpoint - the checkpoint under way
 * @again:     another was asked for meanwhile
 * @q_seq:     the checkpoint holds all records up to this one
 * @q_pos:     where that record ends
 * @q_mac:     its MAC, once @q_sealed
 * @flushed:   newest sequence whose data the flush covers
 * @level:     being written
 * @todo:      nodes of that level still to be written
 * @writing:   images on their way
 * @waiters:   ops that wait for this checkpoint
 * @next:      ops that wait for the one after it
 * @activation_dirty: the activation chain has grown
 * @link:      of that chain, the next to be written, and then those behind it
 * @activated: this checkpoint begins a new activation
 * @task:      of the last three states, or a pause among the nodes; at work while its @done is set
 * @state:           how far it is
 * @q_sealed:        @q_mac is known
 * @sb:              superblock to be written
 * @root:            its sealed part
 * @activation_seal: of the link being written
 * @tag_level:       of the tag table's block being written
 * @tag_index:       its place among those of that level
 * @tag_seal:        its seal
 * @tag_written:     this checkpoint holds the change of a tag
 * @buf:             a block for either
 * @free:            images not in use
 * @images:          all of them
 */
struct dmw_checkpoint {
	enum dmw_checkpoint_state state;
	bool			again;
	bool			q_sealed;
	bool			activation_dirty;
	bool			activated;
	u32			link;
	u64			q_seq;
	u64			q_pos;
	u8			q_mac[DMW_MAC_SIZE];
	u64			flushed;
	unsigned int		level;
	u32			writing;
	struct list_head	todo;
	struct list_head	waiters;
	struct list_head	next;
	struct dmw_task		task;
	struct dmw_superblock	sb;
	struct dmw_root		root;
	struct dmw_wide_seal	activation_seal;
	enum dmw_tag_level	tag_level;
	u32			tag_index;
	struct dmw_seal		tag_seal;
	bool			tag_written;
	void			*buf;
	struct list_head	free;
	struct dmw_image	images[DMW_IMAGES];
};

/**
 * struct dmw_rotation - the way from one epoch to the next, and the sweep behind it
 * @next:     epoch that the next activation begins; 0 = none
 * @waiters:  ops that look at each committed checkpoint
 * @sweeper:  step of the sweep under way, one at a time
 * @cursor:   sector that the sweep has come to; behind the last one, all was seen
 * @singly:   sectors up to this one are taken one at a time, since one of them cannot be read
 * @resealed: sectors that this sweep has sealed anew
 * @damaged:  sectors that it had to leave, since they do not open
 * @shredded: sectors that nobody can open any more; they stay as they are
 * @step:     the last two, of the step under way; @step.stale: it belongs to a sweep given up
 */
struct dmw_rotation {
	u32			next;
	struct list_head	waiters;
	struct dmw_op		*sweeper;
	u64			cursor;
	u64			singly;
	u64			resealed;
	u64			damaged;
	u64			shredded;
	struct {
		u32		damaged;
		u32		shredded;
		bool		stale;
	} step;
};

/** struct dmw_stats - counted since the opening */
struct dmw_stats {
	u64	reads;
	u64	writes;
	u64	fresh;
	u64	erases;
	u64	flushes;
	u64	records;
	u64	entries;
	u64	checkpoints;
	u64	nodes_read;
	u64	nodes_written;
	u64	mismatches;
	u64	retries;
	u64	recovered;
	u64	lost;
	u64	replayed;
};

/**
 * struct dmw_options - how a volume is opened; the caller's
 * @lun:          the LUN
 * @anchor:       what is known outside the array
 * @node_limit:   nodes in memory
 * @host_name:    recorded with the activation
 * @counter_limit: seals after which a new activation begins; 0 = 2^36
 */
struct dmw_options {
	struct dmw_lun		lun;
	struct dmw_anchor	anchor;
	u32			node_limit;
	const char		*host_name;
	u64			counter_limit;
};

/**
 * struct dmw_volume - an open volume
 * @failed:  errno that stopped all writing; 0 = none. Reads go on
 * @forgotten: all keys are gone: every op ends with -ENODATA
 * @counter: next to be used in a nonce of the current activation
 * @tags:    the tag table
 * @tag_op:  the change of a tag under way, one at a time
 * @tag_due: the next checkpoint is to write it
 * @tag_waiters: ops that wait to become @tag_op
 * @tag_drain: @tag_op, while it waits for writes that began before
 * @writers: ops between the choice of their nonces and their end
 * @phase:   writers that begin now are counted in phase_writers[@phase]
 * @phase_writers: writers; those of the other phase began before a tag was closed
 * @gate:    ops that wait for a new activation; @gated = closed
 * @ready:   ops that can go on
 * @tasks:   for others to take
 * @background: those of a checkpoint
 * @background_turn: one of those was taken last, or would have been
 * @task_count: handed out and not done yet, on those lists or elsewhere
 * @completed: ops for others to end
 * @host:       for all but tasks, which bring their own
 * @options:    as given at opening
 * @state:      of the LUN; the tree seals and activations are ahead of it
 * @tree:       nodes
 * @journal:    writer
 * @checkpoint: writer
 * @stats:      counters
 * @gated:      writes wait for a new activation
 * @rotation:   of epochs
 */
struct dmw_volume {
	struct dmw_host		*host;
	struct dmw_options	options;
	struct dmw_state	state;
	struct dmw_tree		tree;
	struct dmw_journal	journal;
	struct dmw_checkpoint	checkpoint;
	struct dmw_stats	stats;
	int			failed;
	bool			forgotten;
	u64			counter;
	struct dmw_tags		tags;
	struct dmw_op		*tag_op;
	bool			tag_due;
	struct list_head	tag_waiters;
	struct list_head	tag_drain;
	u32			writers;
	u8			phase;
	u32			phase_writers[2];
	bool			gated;
	struct dmw_rotation	rotation;
	struct list_head	gate;
	struct list_head	ready;
	struct list_head	tasks;
	struct list_head	background;
	bool			background_turn;
	u32			task_count;
	struct list_head	completed;
};

/* ---- volume.c: for the host ---- */

enum dmw_load_error dmw_volume_open(struct dmw_volume *v, struct dmw_host *h,
				    const struct dmw_options *o);
void dmw_volume_free(struct dmw_volume *v);
bool dmw_volume_idle(const struct dmw_volume *v);
enum dmw_load_error dmw_volume_unchanged(struct dmw_volume *v);
void dmw_submit(struct dmw_volume *v, struct dmw_op *op);
void dmw_volume_forget(struct dmw_volume *v);
void dmw_volume_checkpoint(struct dmw_volume *v);
u32 dmw_volume_shrink(struct dmw_volume *v, u32 count);
struct dmw_task *dmw_task_next(struct dmw_volume *v);
void dmw_task_done(struct dmw_volume *v, struct dmw_task *t);
struct dmw_op *dmw_op_next(struct dmw_volume *v);

/* ---- volume.c: for the core ---- */

u64 dmw_nonces(struct dmw_volume *v, u32 count);
u32 dmw_seal_time(struct dmw_volume *v);
u32 dmw_root_epoch(const struct dmw_root *r);
bool dmw_can_activate(const struct dmw_volume *v);
bool dmw_activate(struct dmw_volume *v);
void dmw_fail(struct dmw_volume *v, int error);
void dmw_task_start(struct dmw_volume *v, struct dmw_task *t);
void dmw_task_start_background(struct dmw_volume *v, struct dmw_task *t);
void dmw_wake(struct dmw_volume *v, struct dmw_op *op);
void dmw_wake_all(struct dmw_volume *v, struct list_head *waiters);

/* ---- op.c ---- */

void dmw_op_init(struct dmw_volume *v, struct dmw_op *op);
void dmw_op_advance(struct dmw_volume *v, struct dmw_op *op);
void dmw_op_end(struct dmw_volume *v, struct dmw_op *op, int error);

/* ---- tree.c ---- */

/* dmw_tree_get(): the leaf does not exist, all below some node is unwritten, and that will do */
#define DMW_UNWRITTEN	1

int dmw_tree_init(struct dmw_volume *v, u32 limit);
void dmw_tree_free(struct dmw_volume *v);
int dmw_tree_get(struct dmw_volume *v, struct dmw_op *op, struct dmw_node **leaf);
int dmw_tree_get_sync(struct dmw_volume *v, u64 leaf_index, struct dmw_node **leaf);
void dmw_tree_put(struct dmw_volume *v, struct dmw_node *n);
void dmw_tree_dirty(struct dmw_volume *v, struct dmw_node *n);
void dmw_tree_seal(struct dmw_volume *v, const struct dmw_node *n, struct dmw_seal *s);
void dmw_tree_set_seal(struct dmw_volume *v, struct dmw_node *n, const struct dmw_seal *s);
void dmw_tree_release(struct dmw_volume *v, struct dmw_op *op);
u32 dmw_tree_shrink(struct dmw_volume *v, u32 count);

/* ---- journal.c ---- */

int dmw_journal_init(struct dmw_volume *v);
void dmw_journal_free(struct dmw_volume *v);
void dmw_journal_start(struct dmw_volume *v, const struct dmw_journal_end *end);
void dmw_journal_append(struct dmw_volume *v, struct dmw_op *op);
void dmw_journal_pump(struct dmw_volume *v);
void dmw_journal_close(struct dmw_volume *v);
void dmw_journal_abort(struct dmw_volume *v);
u64 dmw_journal_finished(const struct dmw_volume *v);
u64 dmw_journal_used(const struct dmw_volume *v);
bool dmw_journal_stuck(struct dmw_volume *v);

/* ---- checkpoint.c ---- */

int dmw_checkpoint_init(struct dmw_volume *v);
void dmw_checkpoint_free(struct dmw_volume *v);
void dmw_checkpoint_request(struct dmw_volume *v);
void dmw_checkpoint_step(struct dmw_volume *v);
void dmw_checkpoint_abort(struct dmw_volume *v);

/* ---- change.c ---- */

void dmw_tag_advance(struct dmw_volume *v, struct dmw_op *op);
void dmw_tag_release(struct dmw_volume *v, struct dmw_op *op);
void dmw_tag_write(struct dmw_volume *v);
void dmw_tag_commit(struct dmw_volume *v);

/* ---- rotate.c ---- */

void dmw_rotation_init(struct dmw_volume *v);
void dmw_rotation_begin(struct dmw_volume *v);
void dmw_epoch_advance(struct dmw_volume *v, struct dmw_op *op);
void dmw_retire_advance(struct dmw_volume *v, struct dmw_op *op);
bool dmw_is_swept(const struct dmw_volume *v);
bool dmw_seal_is_old(const struct dmw_volume *v, u64 nonce);
void dmw_sweep_restart(struct dmw_volume *v);
void dmw_sweep_init(struct dmw_volume *v, struct dmw_op *op);
void dmw_sweep_end(struct dmw_volume *v, struct dmw_op *op);
void dmw_sweep_node(struct dmw_volume *v, struct dmw_node *n);
u32 dmw_sweep_choose(struct dmw_volume *v, struct dmw_op *op, const struct dmw_seal_disk *d,
		     u32 *first);
int dmw_sweep_judge(struct dmw_volume *v, struct dmw_op *op, int error);

/* ---- recover.c ---- */

enum dmw_load_error dmw_recover(struct dmw_volume *v);

/* ---- what the host provides besides host.h ---- */

/** enum dmw_event - what an administrator must hear of */
enum dmw_event {
	DMW_EVENT_MISMATCH,	/* a data sector does not fit its seal */
	DMW_EVENT_NODE,		/* a node does not fit its seal; sector = the first below it */
	DMW_EVENT_LOST,		/* recovery found nothing that fits */
	DMW_EVENT_FAILED,	/* all writing has stopped; -ENODATA: since the keys were shredded */
};

/** dmw_host_event() - tell the administrator. Context: may hold the lock, does not sleep */
void dmw_host_event(struct dmw_host *h, enum dmw_event event, u64 sector, int error);

/** dmw_host_assert_locked() - is the volume's lock held? */
void dmw_host_assert_locked(struct dmw_host *h);

/** dmw_host_node_alloc() - a node with its seals; NULL = no memory. Does not sleep unless @sleep */
struct dmw_node *dmw_host_node_alloc(struct dmw_host *h, bool sleep);
void dmw_host_node_free(struct dmw_host *h, struct dmw_node *n);

/** dmw_host_gather() - copy a write's data into its sectors' buffers. Context: may sleep */
void dmw_host_gather(struct dmw_op *op);

/** dmw_host_sector() - buffer of the i-th sector of an op, DMW_SECTOR_SIZE bytes */
void *dmw_host_sector(struct dmw_op *op, u32 i);

#endif
