// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who runs the core's tasks: a few workers on an unbound workqueue, so that crypto spreads over the
 * cores. A worker goes on with what its own task brought about; others are woken when there is more
 * to do than that.
 *
 * Workers wait for nothing but memory that comes back without them: requests from above get theirs
 * in dmw_buffers_get(), before the core hears of them.
 */
#include "device.h"

#include <linux/slab.h>

/* ---- waking ---- */

static bool has_work(struct dmw_device *dev)
{
	return !list_empty(&dev->read_tasks) || !list_empty(&dev->volume.tasks);
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

/*
 * Called before the lock is let go by whoever may have brought tasks about; @self of them the
 * caller will see to.
 */
static void wake_workers(struct dmw_device *dev, unsigned int self)
{
	unsigned int i, most = dev->worker_count + self, todo;

	lockdep_assert_held(&dev->lock);
	if (!has_work(dev))
		return;
	todo = count_up_to(&dev->read_tasks, most) + count_up_to(&dev->volume.tasks, most);
	for (i = 0; i < dev->worker_count && todo > self; i++) {
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

/* Before the lock is let go: see to what a call into the core has brought about. */
static void dispatch(struct dmw_device *dev, unsigned int self, struct list_head *ended)
{
	wake_workers(dev, self);
	list_splice_init(&dev->volume.completed, ended);
	/* No barrier needed: the waiter looks at task_count under the lock after it has queued. */
	if (!dev->volume.task_count && waitqueue_active(&dev->quiet))
		wake_up(&dev->quiet);
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

/** dmw_task_finished() - a task's I/O has ended and nothing is left to do. Context: any */
void dmw_task_finished(struct dmw_device *dev, struct dmw_task *t)
{
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&dev->lock, flags);
	dmw_task_done(&dev->volume, t);
	dispatch(dev, 0, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
}

/** dmw_task_read_finished() - a task's data is there, its work is still to be done. Context: any */
void dmw_task_read_finished(struct dmw_device *dev, struct dmw_task *t)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->lock, flags);
	list_add_tail(&t->list, &dev->read_tasks);
	wake_workers(dev, 0);
	spin_unlock_irqrestore(&dev->lock, flags);
}

/* ---- work ---- */

static struct dmw_task *take_task(struct dmw_device *dev, bool *was_read)
{
	struct dmw_task *t = list_first_entry_or_null(&dev->read_tasks, struct dmw_task, list);

	*was_read = t;
	if (!t)
		return dmw_task_next(&dev->volume);
	list_del_init(&t->list);
	return t;
}

/* Return: true when the task has ended, false when its I/O is under way. */
static bool run_task(struct dmw_worker *w, struct dmw_task *t, bool was_read)
{
	struct dmw_device *dev = w->host.dev;

	/* What is still on its way after a failure must not reach the LUN late. */
	if (READ_ONCE(dev->volume.failed) && t->io != DMW_IO_READ && t->io != DMW_IO_NONE)
		t->error = -EIO;
	else if (t->work && (was_read || t->io != DMW_IO_READ))
		t->work(&dev->volume, &w->host, t);
	if (was_read || t->error || t->io == DMW_IO_NONE)
		return true;
	dmw_lun_submit(dev, t);
	return false;
}

static void worker_fn(struct work_struct *work)
{
	struct dmw_worker *w = container_of(work, struct dmw_worker, work);
	struct dmw_device *dev = w->host.dev;
	struct dmw_task *t;
	unsigned long flags;
	LIST_HEAD(ended);
	bool was_read;

	spin_lock_irqsave(&dev->lock, flags);
	while ((t = take_task(dev, &was_read))) {
		spin_unlock_irqrestore(&dev->lock, flags);
		if (run_task(w, t, was_read)) {
			spin_lock_irqsave(&dev->lock, flags);
			dmw_task_done(&dev->volume, t);
			dispatch(dev, 1, &ended);
			spin_unlock_irqrestore(&dev->lock, flags);
			end_ops(&ended);
		}
		cond_resched();
		spin_lock_irqsave(&dev->lock, flags);
	}
	w->awake = false;
	spin_unlock_irqrestore(&dev->lock, flags);
}

/* ---- requests ---- */

/**
 * dmw_device_submit() - give an op to the core
 * @b: request
 *
 * Context: may sleep. The op may have ended when this returns.
 */
void dmw_device_submit(struct dmw_bio *b)
{
	struct dmw_device *dev = b->dev;
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&dev->lock, flags);
	dmw_submit(&dev->volume, &b->op);
	dispatch(dev, 0, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
}

/** dmw_device_request_checkpoint() - start a checkpoint. Context: any */
void dmw_device_request_checkpoint(struct dmw_device *dev)
{
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&dev->lock, flags);
	dmw_volume_checkpoint(&dev->volume);
	dispatch(dev, 0, &ended);
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
	dispatch(dev, 0, &ended);
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
	dispatch(dev, 0, &ended);
	spin_unlock_irqrestore(&dev->lock, flags);
	end_ops(&ended);
	return freed;
}

static bool is_quiet(struct dmw_device *dev)
{
	unsigned long flags;
	bool quiet;

	spin_lock_irqsave(&dev->lock, flags);
	quiet = !dev->volume.task_count;
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
	return 0;
}

/** dmw_workers_exit() - undo dmw_workers_init(), however far it came. Context: may sleep */
void dmw_workers_exit(struct dmw_device *dev)
{
	unsigned int i;

	if (dev->wq)
		destroy_workqueue(dev->wq);
	for (i = 0; i < dev->worker_count; i++)
		dmw_host_exit(&dev->workers[i].host);
}
