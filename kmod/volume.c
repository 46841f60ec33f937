// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume as a whole: opening, the way in for requests and the way out for tasks, nonces, failure.
 */
#include "core.h"

/* design: a new random salt after this many seals */
#define COUNTER_LIMIT	(1ULL << 36)

/* ---- tasks and ops ---- */

/** dmw_task_start() - hand a task out */
void dmw_task_start(struct dmw_volume *v, struct dmw_task *t)
{
	v->task_count++;
	list_add_tail(&t->list, &v->tasks);
}

/** dmw_task_start_background() - one that no request from above waits for, as a rule */
void dmw_task_start_background(struct dmw_volume *v, struct dmw_task *t)
{
	v->task_count++;
	list_add_tail(&t->list, &v->background);
}

/** dmw_wake() - take an op off the list it waits on; it is advanced before the lock is let go */
void dmw_wake(struct dmw_volume *v, struct dmw_op *op)
{
	list_move_tail(&op->wait, &v->ready);
}

/** dmw_wake_all() - the same for a whole list, keeping its order */
void dmw_wake_all(struct dmw_volume *v, struct list_head *waiters)
{
	list_splice_tail_init(waiters, &v->ready);
}

static void run_ready(struct dmw_volume *v)
{
	struct dmw_op *op;

	while (!list_empty(&v->ready)) {
		op = list_first_entry(&v->ready, struct dmw_op, wait);
		list_del_init(&op->wait);
		dmw_op_advance(v, op);
	}
}

/**
 * dmw_submit() - a request from above
 * @v:  volume
 * @op: filled in as struct dmw_op says; belongs to the core until dmw_op_next() returns it
 */
void dmw_submit(struct dmw_volume *v, struct dmw_op *op)
{
	dmw_host_assert_locked(v->host);
	dmw_op_init(v, op);
	if (v->forgotten)
		dmw_op_end(v, op, -ENODATA);
	else
		dmw_op_advance(v, op);
	run_ready(v);
}

/**
 * dmw_task_next() - take a task, or NULL
 * @v: volume
 *
 * Those of a checkpoint take turns with the others: requests need not stand in line behind all of
 * its nodes, and however many requests there are it makes room in the journal.
 */
struct dmw_task *dmw_task_next(struct dmw_volume *v)
{
	struct list_head *list = &v->tasks;
	struct dmw_task *t;

	dmw_host_assert_locked(v->host);
	v->background_turn = !v->background_turn;
	if (list_empty(&v->tasks) || (v->background_turn && !list_empty(&v->background)))
		list = &v->background;
	t = list_first_entry_or_null(list, struct dmw_task, list);
	if (t)
		list_del_init(&t->list);
	return t;
}

/** dmw_task_done() - a task has been carried out, or failed: see @t->error */
void dmw_task_done(struct dmw_volume *v, struct dmw_task *t)
{
	dmw_host_assert_locked(v->host);
	v->task_count--;
	/* -EAGAIN has a meaning of its own in here */
	if (t->error == -EAGAIN)
		t->error = -EIO;
	t->done(v, t);
	run_ready(v);
}

/** dmw_volume_checkpoint() - start a checkpoint of all that was completed so far */
void dmw_volume_checkpoint(struct dmw_volume *v)
{
	dmw_host_assert_locked(v->host);
	dmw_checkpoint_request(v);
	run_ready(v);
}

/** dmw_volume_shrink() - free up to @count clean nodes; returns the number freed */
u32 dmw_volume_shrink(struct dmw_volume *v, u32 count)
{
	u32 freed;

	dmw_host_assert_locked(v->host);
	freed = dmw_tree_shrink(v, count);
	run_ready(v);
	return freed;
}

/** dmw_op_next() - take an op that has ended, or NULL */
struct dmw_op *dmw_op_next(struct dmw_volume *v)
{
	struct dmw_op *op = list_first_entry_or_null(&v->completed, struct dmw_op, wait);

	dmw_host_assert_locked(v->host);
	if (op)
		list_del_init(&op->wait);
	return op;
}

/**
 * dmw_fail() - the LUN or the crypto stack has let us down: stop all writing, for good
 * @v:     volume
 * @error: why
 *
 * What is on the LUN is then as after a crash, and the next opening recovers it. Reads go on.
 */
void dmw_fail(struct dmw_volume *v, int error)
{
	if (v->failed)
		return;
	v->failed = error;
	dmw_host_event(v->host, DMW_EVENT_FAILED, 0, error);
	dmw_journal_abort(v);
	dmw_checkpoint_abort(v);
	dmw_wake_all(v, &v->gate);
	dmw_wake_all(v, &v->tree.waiters);
	dmw_wake_all(v, &v->tag_waiters);
	dmw_wake_all(v, &v->rotation.waiters);
}

/**
 * dmw_volume_forget() - the warrant was shredded while its volume is in use: the keys go
 * @v: volume
 *
 * Nothing can be sealed or opened any more, so no checkpoint is tried, and all ops end with -ENODATA: those
 * that come, and those under way as soon as their tasks are done. The caller wipes the keys after this.
 */
void dmw_volume_forget(struct dmw_volume *v)
{
	dmw_host_assert_locked(v->host);
	v->forgotten = true;
	dmw_fail(v, -ENODATA);
	run_ready(v);
}

/* ---- nonces ---- */

/** dmw_seal_time() - now, for a seal */
u32 dmw_seal_time(struct dmw_volume *v)
{
	return min_t(u64, dmw_host_time(v->host), U32_MAX);
}

/** dmw_can_activate() - is there room for another activation? */
bool dmw_can_activate(const struct dmw_volume *v)
{
	u32 count = v->state.root.activation_count;

	return count < DMW_MAX_ACTIVATIONS && count < v->state.activation_space &&
	       count < v->state.sb.layout.activation_blocks * DMW_ACTIVATIONS_PER_BLOCK;
}

/**
 * dmw_nonces() - @count nonces that were never used before under the current activation's salt
 * @v:     volume
 * @count: how many
 *
 * Return: the first; the others follow it.
 */
u64 dmw_nonces(struct dmw_volume *v, u32 count)
{
	u64 first = v->counter;

	v->counter += count;
	/* The next writer finds the gate closed and asks for the checkpoint that opens it. */
	if (v->counter > v->options.counter_limit && dmw_can_activate(v))
		v->gated = true;
	return (u64)v->state.root.activation_count << DMW_COUNTER_BITS | first;
}

/** dmw_root_epoch() - generation of the keys that new seals are under */
u32 dmw_root_epoch(const struct dmw_root *r)
{
	unsigned int i;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (r->epochs[i].state == DMW_EPOCH_CURRENT)
			return r->epochs[i].epoch;
	return 0;	/* dmw_root_decode() lets no root without one pass */
}

/**
 * dmw_activate() - begin a new activation: a new random salt, counters from 1
 * @v: volume
 *
 * The next checkpoint makes it known to the LUN; nothing sealed under it counts before.
 * Return: false when the activation table is full.
 */
bool dmw_activate(struct dmw_volume *v)
{
	struct dmw_root *r = &v->state.root;
	struct dmw_activation *a = &v->state.activations[r->activation_count];

	if (!dmw_can_activate(v))
		return false;
	/* A new epoch takes all links under its key, so that no part of the chain hangs on an old one. */
	v->checkpoint.link = v->rotation.next ? 0 : r->activation_count / DMW_ACTIVATIONS_PER_BLOCK;
	if (v->rotation.next)
		dmw_rotation_begin(v);
	memset(a, 0, sizeof(*a));
	dmw_host_random(v->host, a->salt, DMW_SALT_SIZE);
	a->epoch = dmw_root_epoch(r);
	a->time = dmw_host_time(v->host);
	a->parent = v->state.sb.checkpoint;
	memcpy(a->host, v->options.host_name, strnlen(v->options.host_name, DMW_HOST_SIZE));
	/* Workers look activations up without the lock, but none that is newer than their seal. */
	WRITE_ONCE(r->activation_count, r->activation_count + 1);
	v->counter = 1;
	v->checkpoint.activation_dirty = true;
	return true;
}

/* ---- opening and closing ---- */

/**
 * dmw_volume_open() - load a volume and recover it from a crash, if there was one
 * @v: zeroed; dmw_volume_free() frees it also after a failure
 * @h: host
 * @o: options
 *
 * Nothing is written. When the volume is to be written, a new activation has begun: the caller
 * submits a DMW_OP_CHECKPOINT and waits for it before any other op.
 *
 * Context: may sleep, without the lock: the caller is alone.
 * Return: DMW_LOAD_OK, or why not.
 */
enum dmw_load_error dmw_volume_open(struct dmw_volume *v, struct dmw_host *h,
				    const struct dmw_options *o)
{
	enum dmw_load_error err;

	v->host = h;
	v->options = *o;
	if (!v->options.counter_limit)
		v->options.counter_limit = COUNTER_LIMIT;
	INIT_LIST_HEAD(&v->gate);
	INIT_LIST_HEAD(&v->ready);
	INIT_LIST_HEAD(&v->tasks);
	INIT_LIST_HEAD(&v->background);
	INIT_LIST_HEAD(&v->completed);
	INIT_LIST_HEAD(&v->tag_waiters);
	INIT_LIST_HEAD(&v->tag_drain);
	dmw_rotation_init(v);
	if (dmw_tree_init(v, o->node_limit) || dmw_journal_init(v) || dmw_checkpoint_init(v))
		return DMW_LOAD_MEMORY;
	err = dmw_load_state(h, &v->options.lun, &v->options.anchor, &v->state);
	if (!err)
		err = dmw_load_tags(h, &v->state, &v->tags);
	if (err)
		return err;
	/* Recovery makes nodes dirty without limit; no checkpoint may start before it is over. */
	v->checkpoint.state = DMW_CHECKPOINT_DRAIN;
	err = dmw_recover(v);
	v->checkpoint.state = DMW_CHECKPOINT_IDLE;
	v->checkpoint.again = false;
	if (!err && !o->lun.read_only && !dmw_activate(v))
		return DMW_LOAD_ACTIVATIONS_FULL;
	return err;
}

/** dmw_volume_free() - forget a volume. Context: may sleep; no op and no task is under way */
void dmw_volume_free(struct dmw_volume *v)
{
	dmw_tree_free(v);
	dmw_journal_free(v);
	dmw_checkpoint_free(v);
	dmw_tags_free(v->host, &v->tags);
	dmw_state_free(v->host, &v->state);
}

/** dmw_volume_idle() - is all that was written in the committed checkpoint? */
bool dmw_volume_idle(const struct dmw_volume *v)
{
	return v->checkpoint.state == DMW_CHECKPOINT_IDLE && !v->tree.dirty_count &&
	       !v->tree.roots_dirty && !v->checkpoint.activation_dirty && v->journal.seq == v->state.root.journal_seq;
}

/**
 * dmw_volume_unchanged() - is the LUN still at the checkpoint that was committed last?
 * @v: volume
 *
 * After a suspension somebody else may have opened the volume in the meantime.
 * Context: may sleep, without the lock; nothing is under way.
 */
enum dmw_load_error dmw_volume_unchanged(struct dmw_volume *v)
{
	struct dmw_state *now = dmw_host_alloc(v->host, sizeof(*now));
	enum dmw_load_error err;

	if (!now)
		return DMW_LOAD_MEMORY;
	err = dmw_load_superblock(v->host, &v->options.lun, now);
	if (!err && (now->sb.checkpoint != v->state.sb.checkpoint ||
		     memcmp(now->sb.mac, v->state.sb.mac, DMW_MAC_SIZE)))
		err = DMW_LOAD_ROLLED_BACK;
	dmw_host_free(v->host, now);
	return err;
}
