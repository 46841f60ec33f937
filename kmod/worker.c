// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who runs the core's tasks: a few workers on an unbound workqueue, so that crypto spreads over the
 * cores. A worker goes on with what its own task brought about; others are woken when there is more
 * to do than that.
 *
 * To wake somebody costs more than most tasks. So whoever brings a request starts its read
 * himself, and when nothing else is under way he is a worker for a while, the submitter: see
 * dmw_device_submit(). When the LUN has done his I/O before submit_bio() returns, he goes on with
 * what that brings about: see dmw_task_io_ended(). He leaves to workers what takes long or may
 * have to wait.
 *
 * Workers wait for nothing but memory that comes back without them: requests from above get theirs
 * in dmw_buffers_get(), before the core hears of them.
 */
#include "device.h"

#include <linux/slab.h>

/* ---- waking ---- */

static bool has_work(struct dmw_device *dev)
{
	return !list_empty(&dev->read_tasks) || !list_empty(&dev->io_tasks) ||
	       !list_empty(&dev->volume.tasks) || !list_empty(&dev->volume.background);
}

static unsigned int count_up_to(struct list_head *list, unsigned int most)
{
	struct list_head *pos;
	unsigned int n = 0;

	list_for_each(pos, list)
		if (++n >= most)
			break;
	return n;
}

/* Called before the lock is let go by whoever may have brought tasks about. */
static void wake_workers(struct dmw_device *dev)
{
	unsigned int i, most = dev->worker_count, todo;

	lockdep_assert_held(&dev->lock);
	if (!has_work(dev))
		return;
	todo = count_up_to(&dev->read_tasks, most) + count_up_to(&dev->io_tasks, most) +
	       count_up_to(&dev->volume.tasks, most) + count_up_to(&dev->volume.background, most);
	for (i = 0; i < dev->worker_count && todo; i++) {
		if (dev->workers[i].awake)
			continue;
		dev->workers[i].awake = true;
		queue_work(dev->wq, &dev->workers[i].work);
		todo--;
	}
}

/* ---- ends ---- */

static void end_bio(struct dmw_bio *b)
{
	struct bio *bio = b->bio;

	if (!bio) {
		complete(b->done);
		return;
	}
	if (b->op.kind == DMW_OP_READ && !b->op.error)
		dmw_buffers_to_bio(b);
	dmw_buffers_put(b);
	bio->bi_status = errno_to_blk_status(b->op.error);
	bio_endio(bio);
}

static void wake_if_quiet(struct dmw_device *dev)
{
	/* No barrier needed: the waiter looks under the lock after it has queued. */
	if (!dev->volume.task_count && !dev->submitter.awake && waitqueue_active(&dev->quiet))
		wake_up(&dev->quiet);
}

/* Before the lock is let go: see to what a call into the core has brought about. */
static void dispatch(struct dmw_device *dev, struct list_head *ended)
{
	wake_workers(dev);
	list_splice_init(&dev->volume.completed, ended);
	wake_if_quiet(dev);
}

/* After that. */
static void end_ops(struct list_head *ended)
{
	struct dmw_op *op, *next;

	list_for_each_entry_safe(op, next, ended, wait) {
		list_del(&op->wait);
		end_bio(container_of(op, struct dmw_bio, op));
	}
}

/* ---- tasks ---- */

enum stage { WORK_AND_IO, WORK_AFTER_READ, IO_ONLY, STAGES };

static struct dmw_task *take_first(struct list_head *list)
{
	struct dmw_task *t = list_first_entry_or_null(list, struct dmw_task, list);

	if (t)
		list_del_init(&t->list);
	return t;
}

static struct dmw_task *take_of(struct dmw_device *dev, enum stage stage)
{
	switch (stage) {
	case WORK_AFTER_READ:
		return take_first(&dev->read_tasks);
	case IO_ONLY:
		return take_first(&dev->io_tasks);
	default:
		return dmw_task_next(&dev->volume);
	}
}

/* In turns: however many reads there are, say, a write goes on. */
static struct dmw_task *take_as_worker(struct dmw_device *dev, enum stage *stage)
{
	struct dmw_task *t = NULL;
	unsigned int i;

	for (i = 0; i < STAGES && !t; i++) {
		*stage = dev->turn++ % STAGES;
		t = take_of(dev, *stage);
	}
	return t;
}

/* What belongs to no op comes first, since it must not be behind that: see run_tasks(). */
static struct dmw_task *take_as_submitter(struct dmw_device *dev)
{
	struct list_head *tasks = &dev->volume.tasks;
	struct dmw_task *t;

	if (list_empty(tasks))
		return NULL;
	t = list_last_entry(tasks, struct dmw_task, list);
	if (t->op)
		t = list_first_entry(tasks, struct dmw_task, list);
	list_del_init(&t->list);
	return t;
}

static struct dmw_task *take_task(struct dmw_worker *w, enum stage *stage)
{
	struct dmw_device *dev = w->host.dev;

	lockdep_assert_held(&dev->lock);
	if (w != &dev->submitter)
		return take_as_worker(dev, stage);
	/* He has brought about what he came for, and those above may have submitted more to him. */
	if (!list_empty(&dev->volume.completed))
		return NULL;
	*stage = WORK_AND_IO;
	return take_as_submitter(dev);
}

static void do_work(struct dmw_worker *w, struct dmw_task *t, enum stage stage)
{
	struct dmw_device *dev = w->host.dev;

	/* What is still on its way after a failure must not reach the LUN late. */
	if (READ_ONCE(dev->volume.failed) && t->io != DMW_IO_READ && t->io != DMW_IO_NONE)
		t->error = -EIO;
	else if (t->work && stage == (t->io == DMW_IO_READ ? WORK_AFTER_READ : WORK_AND_IO))
		t->work(&dev->volume, &w->host, t);
}

/*
 * Start a task's I/O, at whose end so many tasks may be run by the submitter. He must not wait,
 * and when he finds no memory leaves it to a worker.
 */
static void submit(struct dmw_device *dev, struct dmw_task *t, unsigned int budget)
{
	unsigned long flags;

	if (dmw_lun_submit(dev, t, true, budget))
		return;
	spin_lock_irqsave(&dev->lock, flags);
	list_add_tail(&t->list, &dev->io_tasks);
	wake_workers(dev);
	spin_unlock_irqrestore(&dev->lock, flags);
}

/* Return: true when the task has ended, false when its I/O is under way. */
static bool run_task(struct dmw_worker *w, struct dmw_task *t, enum stage stage,
		     unsigned int budget)
{
	struct dmw_device *dev = w->host.dev;

	do_work(w, t, stage);
	if (stage == WORK_AFTER_READ || t->error || t->io == DMW_IO_NONE)
		return true;
	if (w == &dev->submitter)
		submit(dev, t, budget);
	else
		dmw_lun_submit(dev, t, false, 0);
	return false;
}

/* Report a task that has ended, if there is one; take another, if there shall be one; else rest. */
static struct dmw_task *go_on(struct dmw_worker *w, struct dmw_task *done, bool more,
			      enum stage *stage)
{
	struct dmw_device *dev = w->host.dev;
	struct dmw_task *t;
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&dev->lock, flags);
	if (done)
		dmw_task_done(&dev->volume, done);
	t = more ? take_task(w, stage) : NULL;
	w->awake = t;
	dispatch(dev, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
	return t;
}

/*
 * Run a task, and those that are to be done then, at most so many. An op's I/O is the last that
 * the submitter starts: it may be held up for the sake of whoever it is charged to, and with it
 * all that the same thread submits after it, such as a record for which others wait.
 */
static void run_tasks(struct dmw_worker *w, struct dmw_task *t, enum stage stage, unsigned int most)
{
	bool is_op;

	while (t) {
		is_op = t->op;
		most--;
		if (!run_task(w, t, stage, most)) {
			t = NULL;
			if (is_op && w == &w->host.dev->submitter)
				most = 0;
		}
		cond_resched();
		t = go_on(w, t, most, &stage);
	}
}

static void worker_fn(struct work_struct *work)
{
	struct dmw_worker *w = container_of(work, struct dmw_worker, work);
	enum stage stage = WORK_AND_IO;
	struct dmw_task *t = go_on(w, NULL, true, &stage);

	run_tasks(w, t, stage, UINT_MAX);
}

/* ---- the submitter ---- */

/*
 * What one request brings about when nobody is in its way: a node read, opened, the data sealed,
 * a record sealed, written, the data written. He does no more for it, on whatever way.
 */
#define SUBMITTER_TASKS		6

/* Of more sectors than these others had better take their share. */
#define SUBMITTER_SECTORS	8

/* Become the submitter, if nobody is and there is work for one. Return: his first task. */
static struct dmw_task *become_submitter(struct dmw_device *dev, enum stage *stage)
{
	struct dmw_task *t = dev->submitter.awake ? NULL : take_task(&dev->submitter, stage);

	if (t)
		dev->submitter.awake = true;
	return t;
}

/* The same with a task whose read has ended. */
static struct dmw_task *become_reader(struct dmw_device *dev, struct dmw_task *t, enum stage *stage)
{
	if (dev->submitter.awake)
		return NULL;
	dev->submitter.awake = true;
	*stage = WORK_AFTER_READ;
	return t;
}

/**
 * dmw_task_io_ended() - a task's I/O has ended, well or not
 * @dev:    volume
 * @t:      task
 * @budget: the caller may go on as the submitter for so many tasks: he may sleep, and what he
 *          submits is held back until he returns
 *
 * Context: any, unless @budget.
 */
void dmw_task_io_ended(struct dmw_device *dev, struct dmw_task *t, unsigned int budget)
{
	enum stage stage = WORK_AND_IO;
	struct dmw_task *next = NULL;
	unsigned long flags;
	LIST_HEAD(ended);
	bool idle;

	spin_lock_irqsave(&dev->lock, flags);
	/* what others have brought is not for him */
	idle = list_empty(&dev->volume.tasks);
	if (t->io == DMW_IO_READ && t->work && !t->error) {
		next = budget ? become_reader(dev, t, &stage) : NULL;
		if (!next)
			list_add_tail(&t->list, &dev->read_tasks);
	} else {
		dmw_task_done(&dev->volume, t);
		next = budget && idle ? become_submitter(dev, &stage) : NULL;
	}
	dispatch(dev, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
	run_tasks(&dev->submitter, next, stage, budget);
}

/* ---- requests ---- */

/* An op's own read, as long as nobody else has taken it. */
static struct dmw_task *take_read(struct dmw_device *dev, struct dmw_op *op)
{
	struct dmw_task *t = list_empty(&dev->volume.tasks) ? NULL :
			     list_last_entry(&dev->volume.tasks, struct dmw_task, list);

	if (!t || t != &op->task || t->io != DMW_IO_READ)
		return NULL;
	list_del_init(&t->list);
	return t;
}

/**
 * dmw_device_submit() - give an op to the core
 * @b: request
 *
 * When nothing is under way, and the op is small, the caller runs its tasks himself, as far as
 * they can be run without waiting: nobody could run them sooner. Otherwise he would hold up the
 * requests that he is going to bring next, while other cores may be idle. A read is started by
 * the caller in any case.
 *
 * Context: may sleep. The op may have ended when this returns.
 */
void dmw_device_submit(struct dmw_bio *b)
{
	struct dmw_device *dev = b->dev;
	unsigned int budget = b->op.count <= SUBMITTER_SECTORS ? SUBMITTER_TASKS : 0;
	struct dmw_task *read, *first = NULL;
	enum stage stage = WORK_AND_IO;
	unsigned long flags;
	LIST_HEAD(ended);
	bool alone;

	spin_lock_irqsave(&dev->lock, flags);
	alone = !dev->volume.task_count;
	dmw_submit(&dev->volume, &b->op);
	read = take_read(dev, &b->op);
	if (alone && budget && !read)
		first = become_submitter(dev, &stage);
	dispatch(dev, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
	if (read)
		submit(dev, read, budget);
	run_tasks(&dev->submitter, first, stage, budget);
}

/** dmw_device_request_checkpoint() - start a checkpoint. Context: any */
void dmw_device_request_checkpoint(struct dmw_device *dev)
{
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&dev->lock, flags);
	dmw_volume_checkpoint(&dev->volume);
	dispatch(dev, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
}

/** dmw_device_forget() - end all requests, now and for ever. Context: any */
void dmw_device_forget(struct dmw_device *dev)
{
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&dev->lock, flags);
	if (dev->opened)
		dmw_volume_forget(&dev->volume);
	dispatch(dev, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
}

/** dmw_device_shrink() - free up to @count nodes; returns the number freed. Context: any */
u32 dmw_device_shrink(struct dmw_device *dev, u32 count)
{
	unsigned long flags;
	LIST_HEAD(ended);
	u32 freed;

	spin_lock_irqsave(&dev->lock, flags);
	freed = dmw_volume_shrink(&dev->volume, count);
	dispatch(dev, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
	return freed;
}

static bool is_quiet(struct dmw_device *dev)
{
	unsigned long flags;
	bool quiet;

	spin_lock_irqsave(&dev->lock, flags);
	quiet = !dev->volume.task_count && !dev->submitter.awake;
	spin_unlock_irqrestore(&dev->lock, flags);
	return quiet;
}

/**
 * dmw_device_drain() - wait until no task is under way and no worker looks for one
 * @dev: volume; no requests come in
 *
 * The core's own I/O (records, nodes, superblocks) belongs to no request, and outlives those that
 * were ended with an error. So does the worker that has ended the last one: it takes another look
 * at the volume.
 * Context: may sleep.
 */
void dmw_device_drain(struct dmw_device *dev)
{
	wait_event(dev->quiet, is_quiet(dev));
	flush_workqueue(dev->wq);
}

/**
 * dmw_device_run() - carry out an op of our own, and wait for it
 * @b: kind and all that goes with it are set; no bio
 *
 * Context: may sleep.
 * Return: the op's error.
 */
int dmw_device_run(struct dmw_bio *b)
{
	DECLARE_COMPLETION_ONSTACK(done);

	b->done = &done;
	dmw_device_submit(b);
	wait_for_completion_io(&done);
	return b->op.error;
}

/**
 * dmw_device_checkpoint() - checkpoint all that has been completed, and wait for it
 * @dev: volume
 *
 * Context: may sleep.
 * Return: 0, or -EIO when the volume has failed.
 */
int dmw_device_checkpoint(struct dmw_device *dev)
{
	struct dmw_bio *b = kzalloc(sizeof(*b), GFP_NOIO);
	int ret;

	if (!b)
		return -ENOMEM;
	b->dev = dev;
	b->op.kind = DMW_OP_CHECKPOINT;
	ret = dmw_device_run(b);
	kfree(b);
	return ret;
}

/* ---- life ---- */

/** dmw_workers_init() - as many workers as there are cores. Context: may sleep */
int dmw_workers_init(struct dmw_device *dev)
{
	unsigned int i;
	int ret;

	dev->wq = alloc_workqueue("dm-warrant", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!dev->wq)
		return -ENOMEM;
	dev->worker_count = min_t(unsigned int, num_online_cpus(), DMW_MAX_WORKERS);
	for (i = 0; i < dev->worker_count; i++) {
		INIT_WORK(&dev->workers[i].work, worker_fn);
		ret = dmw_host_init(&dev->workers[i].host, dev);
		if (ret)
			return ret;
	}
	return dmw_host_init(&dev->submitter.host, dev);
}

/** dmw_workers_exit() - undo dmw_workers_init(), however far it came. Context: may sleep */
void dmw_workers_exit(struct dmw_device *dev)
{
	unsigned int i;

	if (dev->wq)
		destroy_workqueue(dev->wq);
	for (i = 0; i < dev->worker_count; i++)
		dmw_host_exit(&dev->workers[i].host);
	dmw_host_exit(&dev->submitter.host);
}
