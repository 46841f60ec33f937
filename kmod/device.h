/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of a volume: what the files around the protocol core share. Sections are named
 * after the files that have the functions.
 */
#ifndef DMW_DEVICE_H
#define DMW_DEVICE_H

#include <linux/device-mapper.h>
#include <linux/bio.h>
#include <linux/completion.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core.h"
#include "compat.h"

#define DM_MSG_PREFIX "warrant"

struct aead_request;
struct dmw_device;
struct dmw_keys;

/**
 * struct dmw_table - a parsed table line; lives as long as the target
 * @key:     "logon:" and the key's description
 * @keysets: parts in which the keyset comes
 * @warrant: digest of what binds volume and warrant
 * @has_warrant: it was given
 * @anchor:  checkpoint 0 = none given
 * @lun:                the LUN
 * @uuid:               of the volume
 * @allow_discards:     offer discards and pass them down
 * @cache_mib:          memory for nodes
 * @checkpoint_seconds: longest time between checkpoints
 */
struct dmw_table {
	struct dm_dev		*lun;
	u8			uuid[DMW_UUID_SIZE];
	char			*key;
	u32			keysets;
	bool			has_warrant;
	u8			warrant[DMW_DIGEST_SIZE];
	bool			allow_discards;
	u32			cache_mib;
	u32			checkpoint_seconds;
	struct dmw_anchor	anchor;
};

/**
 * struct dmw_host - one thread's way to LUN and keys
 * @dev: volume
 * @req: AEAD request of its own
 * @sg:  associated data, text, MAC
 * @aad: associated data, in memory that a cipher can reach
 * @mac: likewise
 * @iv:  likewise
 */
struct dmw_host {
	struct dmw_device	*dev;
	struct aead_request	*req;
	struct scatterlist	*sg;
	u8			*aad;
	u8			*mac;
	u8			*iv;
};

/** struct dmw_worker - runs tasks */
struct dmw_worker {
	struct work_struct	work;
	struct dmw_host		host;
	bool			awake;
};

#define DMW_MAX_WORKERS	32

/* Enough for two of the largest requests: one that fills up and one that waits. */
#define DMW_POOL_PAGES	(2 * DMW_FANOUT)

/**
 * struct dmw_page_pool - pages that nobody uses, to be had without the allocator
 * @list:   among those of all tables
 * @lock:   protects @generation, @count and @pages; taken from interrupts
 * @wait:   woken when pages come back
 * @generation: how often it was wiped
 * @count:  how many there are
 * @pages:  them
 * @wiping: of those, taken out to be wiped
 */
struct dmw_page_pool {
	struct list_head	list;
	spinlock_t		lock;	/* see above */
	wait_queue_head_t	wait;
	u32			generation;
	u32			count;
	struct page		*pages[DMW_POOL_PAGES];
	struct page		*wiping[DMW_POOL_PAGES];
};

/**
 * struct dmw_jobs - assignments of tags to ranges, carried out one after the other
 * @lock:    protects all here but @work
 * @list:    oldest first: those that have ended, then those that are to come
 * @ended:   how many have
 * @last:    number of the newest
 * @stopped: the volume is not in use: the job under way waits
 * @work:    carries them out
 */
struct dmw_jobs {
	struct mutex		lock;	/* see above */
	struct list_head	list;
	u32			ended;
	u32			last;
	bool			stopped;
	struct work_struct	work;
};

enum dmw_sweep_state {
	DMW_SWEEP_IDLE,
	DMW_SWEEP_RUNNING,
	DMW_SWEEP_PAUSED,
	DMW_SWEEP_DONE,
	DMW_SWEEP_FAILED,	/* something was left, or it had to stop */
};

/**
 * struct dmw_sweep - takes a volume out of its old epochs
 * @command: who starts or pauses it does so alone: what a pause waits for must not go on behind its back
 * @lock:    protects @state, @share, @seconds and @since
 * @state:   how it stands
 * @stopped: the volume is not in use: the sweep waits
 * @share:   percent of the time that it takes while there is other I/O
 * @seconds: that it has run, up to @since
 * @since:   when it went on last
 * @users:   requests from above that there were when it looked last
 * @busy_until: somebody is taken to be there up to then; jiffies
 * @wait:    woken when it shall stop
 * @work:    carries it out
 */
struct dmw_sweep {
	struct mutex		command; /* see above */
	struct mutex		lock;	/* see above */
	enum dmw_sweep_state	state;
	bool			stopped;
	unsigned int		share;
	u64			seconds;
	u64			since;
	u64			users;
	unsigned long		busy_until;
	wait_queue_head_t	wait;
	struct work_struct	work;
};

/**
 * struct dmw_device - a table of target "warrant"
 * @lock:    the core's lock; protects volume, awake of workers and submitter, read_tasks, io_tasks and
 *           turn. Taken from interrupts
 * @host:    of the thread that opens or closes
 * @read_tasks: tasks whose read is done and whose work is to come
 * @io_tasks: tasks of which only the I/O is to come: there was no memory for it
 * @turn:    of the kinds of tasks
 * @pages:   of sectors in flight, see buffer.c
 * @page_lock: held by whoever waits for the pool
 * @arrays:  struct dmw_array, for ops of more than one sector
 * @opened:  @volume is loaded
 * @running: between resume and suspend. Changes in dm's suspend and resume paths only
 * @in_use:  held for reading while somebody relies on @running
 * @quiet:   woken when no task is under way
 * @host_name: recorded with activations
 * @timer:   periodic checkpoint
 * @event:   raises a dm event
 * @ti:           target
 * @table:        table line
 * @keys:         keys
 * @volume:       the core
 * @wq:           runs @workers and @timer
 * @worker_count: workers in use
 * @workers:      run tasks
 * @submitter:    whoever brings a request while nothing is under way; no work item
 * @bios:         for I/O to the LUN
 * @shrinker:     gives nodes back
 * @active:       among the volumes of this host that are in use
 * @message_lock: one message about tags at a time; protects @message_host
 * @message_host: of whoever holds that lock
 * @jobs:         assignments, see assign.c
 * @sweep:        see sweep.c
 */
struct dmw_device {
	struct dm_target	*ti;
	struct dmw_table	table;
	struct dmw_keys		*keys;
	struct dmw_host		host;
	char			host_name[DMW_HOST_SIZE + 1];
	bool			opened;
	bool			running;
	struct rw_semaphore	in_use;	/* see above */

	spinlock_t		lock;	/* the core's: see above */
	struct dmw_volume	volume;
	struct list_head	read_tasks;
	struct list_head	io_tasks;
	unsigned int		turn;
	struct workqueue_struct	*wq;
	unsigned int		worker_count;
	struct dmw_worker	workers[DMW_MAX_WORKERS];
	struct dmw_worker	submitter;

	struct bio_set		bios;
	struct dmw_page_pool	pages;
	mempool_t		arrays;
	struct mutex		page_lock;	/* see above */
	struct dmw_shrinker	shrinker;
	wait_queue_head_t	quiet;
	struct delayed_work	timer;
	struct work_struct	event;
	struct list_head	active;
	struct mutex		message_lock;	/* see above */
	struct dmw_host		message_host;
	struct dmw_jobs		jobs;
	struct dmw_sweep	sweep;
};

/** struct dmw_array - seals and buffers of an op of more than one sector */
struct dmw_array {
	struct dmw_seal	seals[DMW_FANOUT];
	struct page	*pages[DMW_FANOUT];
};

/**
 * struct dmw_bio - what hangs on each bio from above
 * @bio:   NULL for a request of our own
 * @done:  completed when that has ended
 * @op:       what the core knows of it
 * @dev:      volume
 * @pages:    buffer of each sector
 * @generation: of the pool that the oldest page was taken from
 * @one_page: for an op of one sector
 * @one_seal: likewise
 * @array:    for other ops
 */
struct dmw_bio {
	struct dmw_op		op;
	struct dmw_device	*dev;
	struct bio		*bio;
	struct completion	*done;
	struct page		**pages;
	u32			generation;
	struct page		*one_page;
	struct dmw_seal		one_seal;
	struct dmw_array	*array;
};

/* table.c */
int dmw_table_parse(struct dm_target *ti, unsigned int argc, char **argv, struct dmw_table *t);
void dmw_table_free(struct dm_target *ti, struct dmw_table *t);
unsigned int dmw_table_emit(const struct dmw_table *t, char *result, unsigned int maxlen);

/* keys.c */
struct dmw_keys *dmw_keys_create(const struct dmw_table *t, char **error);
void dmw_keys_destroy(struct dmw_keys *keys);
int dmw_keys_add(struct dmw_keys *keys, const char *description, const u8 *uuid,
		 const struct dmw_tags *tags, char **error);
void dmw_keys_drop_epoch(struct dmw_keys *keys, u32 epoch);
bool dmw_keys_has(struct dmw_keys *keys, u32 tag, u32 epoch);
bool dmw_keys_is_shredded(struct dmw_keys *keys, u32 tag);
bool dmw_keys_shred(struct dmw_keys *keys, u32 tag);
void dmw_keys_forget(struct dmw_keys *keys);
int dmw_host_init(struct dmw_host *h, struct dmw_device *dev);
void dmw_host_exit(struct dmw_host *h);

/* buffer.c */
int dmw_buffers_init(struct dmw_device *dev);
void dmw_buffers_exit(struct dmw_device *dev);
void dmw_buffers_get(struct dmw_bio *b);
void dmw_buffers_put(struct dmw_bio *b);
void dmw_buffers_to_bio(struct dmw_bio *b);
void dmw_buffers_wipe(struct dmw_device *dev);

/* worker.c */
int dmw_workers_init(struct dmw_device *dev);
void dmw_workers_exit(struct dmw_device *dev);
void dmw_device_submit(struct dmw_bio *b);
int dmw_device_run(struct dmw_bio *b);
int dmw_device_checkpoint(struct dmw_device *dev);
void dmw_device_request_checkpoint(struct dmw_device *dev);
void dmw_device_forget(struct dmw_device *dev);
u32 dmw_device_shrink(struct dmw_device *dev, u32 count);
void dmw_device_drain(struct dmw_device *dev);
void dmw_task_io_ended(struct dmw_device *dev, struct dmw_task *t, unsigned int budget);

/* message.c */
int dmw_device_message(struct dmw_device *dev, unsigned int argc, char **argv, char *result,
		       unsigned int maxlen);

/* tagmsg.c */
int dmw_message_keys(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_keys_forget(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_tag_create(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_tag_edit(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_tag_state(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_tag_show(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_tag_list(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_tag_reseal(struct dmw_device *dev, u32 tag);

/* extents.c */
int dmw_message_extents(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);

/* assign.c */
void dmw_assign_init(struct dmw_device *dev);
void dmw_assign_start(struct dmw_device *dev);
void dmw_assign_stop(struct dmw_device *dev);
void dmw_assign_exit(struct dmw_device *dev);
int dmw_message_assign(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_job(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);

/* sweep.c */
void dmw_sweeper_init(struct dmw_device *dev);
void dmw_sweeper_start(struct dmw_device *dev);
void dmw_sweeper_stop(struct dmw_device *dev);
void dmw_sweeper_forget(struct dmw_device *dev);
int dmw_message_sweep(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_sweep_share(struct dmw_device *dev, char **argv, char *result,
			    unsigned int maxlen);

/* rotmsg.c */
int dmw_message_epoch(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_epochs(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_retire(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);
int dmw_message_forget(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen);

/* lun.c */
extern const unsigned int dmw_lun_bio_pad;	/* of the bioset: room for what belongs to a task's bio */
bool dmw_lun_submit(struct dmw_device *dev, struct dmw_task *t, bool nowait, unsigned int budget);

/* cache.c */
int dmw_cache_module_init(void);
void dmw_cache_module_exit(void);
int dmw_cache_init(struct dmw_device *dev);
void dmw_cache_exit(struct dmw_device *dev);

/* activation.c */
int dmw_device_start(struct dmw_device *dev);
void dmw_device_stop(struct dmw_device *dev);
enum dmw_load_error dmw_device_probe(struct dmw_device *dev);

#endif
