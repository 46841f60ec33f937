// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Assigning tags to ranges, in the background. Each step is an op of the core, which crash protects
 * it: a run of written sectors within a leaf, or any number of unwritten ones. When all are through,
 * a checkpoint makes the job durable. Jobs run one after the other, a step at a time, so that they
 * take no more than one request's share from the users of the volume.
 *
 * A job is not on the LUN: after a crash, or a close, sectors that it had not come to keep their
 * tags. It can be given again: sectors that have the tag already cost a look.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "device.h"

/* Ended jobs that can still be asked about. */
#define KEEP_ENDED	64
/* Jobs that wait. */
#define MAX_WAITING	4096

enum job_state { JOB_WAITS, JOB_DONE, JOB_FAILED };

/**
 * struct job - an assignment
 * @list:   of the device
 * @id:     number
 * @tag:    to be assigned
 * @start:  first sector
 * @length: sectors
 * @done:   sectors seen to
 * @moved:  sectors sealed anew
 * @failed: sectors that keep their tag: closed, or they do not fit their seal
 * @singly: sectors up to this one are taken one at a time, since one of them failed
 * @state:  how it stands
 */
struct job {
	struct list_head	list;
	u32			id;
	u32			tag;
	u64			start;
	u64			length;
	u64			done;
	u64			moved;
	u64			failed;
	u64			singly;
	enum job_state		state;
};

/* ---- carrying out ---- */

static struct job *next_job(struct dmw_jobs *jobs)
{
	struct job *j, *found = NULL;

	mutex_lock(&jobs->lock);
	list_for_each_entry(j, &jobs->list, list) {
		if (j->state == JOB_WAITS) {
			found = j;
			break;
		}
	}
	mutex_unlock(&jobs->lock);
	return found;
}

static void drop_oldest(struct dmw_jobs *jobs)
{
	struct job *j = list_first_entry(&jobs->list, struct job, list);

	list_del(&j->list);
	kfree(j);
	jobs->ended--;
}

static void end_job(struct dmw_device *dev, struct job *j, enum job_state state)
{
	struct dmw_jobs *jobs = &dev->jobs;

	mutex_lock(&jobs->lock);
	j->state = state;
	if (++jobs->ended > KEEP_ENDED)
		drop_oldest(jobs);
	mutex_unlock(&jobs->lock);
	schedule_work(&dev->event);
}

static void fill_op(struct dmw_device *dev, const struct job *j, struct dmw_bio *b)
{
	u64 sector = j->start + j->done, end = j->start + j->length;
	u32 in_leaf = DMW_FANOUT - (sector & (DMW_FANOUT - 1));

	if (sector < j->singly)
		end = sector + 1;
	memset(b, 0, sizeof(*b));
	b->dev = dev;
	b->op.kind = DMW_OP_ASSIGN;
	b->op.sector = sector;
	b->op.end = end;
	b->op.count = min_t(u64, end - sector, in_leaf);
	b->op.tag = j->tag;
}

/* Take note of what an op, which began at @sector, has come to. */
static void take_result(struct dmw_device *dev, struct job *j, const struct dmw_op *op, u64 sector)
{
	mutex_lock(&dev->jobs.lock);
	if (!op->error) {
		j->done += op->covered;
		/* The op's sectors are those that were sealed anew, if it moved on to some. */
		if (op->nonce)
			j->moved += op->count;
	} else if (op->covered > op->count && op->sector == sector) {
		/* a closed subtree in which nothing is written */
		j->done += op->covered;
		j->failed += op->covered;
	} else if (!op->leaf) {
		/* a damaged node: one by one they would all fail, too */
		j->done += op->count;
		j->failed += op->count;
	} else if (op->count > 1) {
		j->done = op->sector - j->start;
		j->singly = op->sector + op->count;
	} else {
		j->done = op->sector + 1 - j->start;
		j->failed++;
	}
	mutex_unlock(&dev->jobs.lock);
}

/* Return: 0, or an errno that ends the job. */
static int step(struct dmw_device *dev, struct job *j, struct dmw_bio *b)
{
	u64 sector;
	u32 count;

	fill_op(dev, j, b);
	sector = b->op.sector;
	count = b->op.count;
	dmw_buffers_get(b);
	dmw_device_run(b);
	/* The op may have moved on to fewer sectors; the pages are still those of all. */
	swap(b->op.count, count);
	dmw_buffers_put(b);
	b->op.count = count;
	if (b->op.error && READ_ONCE(dev->volume.failed))
		return b->op.error;
	/* The tag was closed meanwhile: nothing of what is left can get it. */
	if (b->op.error && dmw_tag_state(&dev->volume.tags, j->tag) != DMW_TAG_OPEN)
		return b->op.error;
	take_result(dev, j, &b->op, sector);
	return 0;
}

static void jobs_fn(struct work_struct *work)
{
	struct dmw_device *dev = container_of(work, struct dmw_device, jobs.work);
	/* A suspension waits for us, and holds back the writes that would make memory free. */
	unsigned int noio = memalloc_noio_save();
	struct dmw_bio *b = kmalloc(sizeof(*b), GFP_KERNEL);
	struct job *j;
	int ret;

	while (!READ_ONCE(dev->jobs.stopped) && (j = next_job(&dev->jobs))) {
		ret = b ? 0 : -ENOMEM;
		while (!ret && j->done < j->length && !READ_ONCE(dev->jobs.stopped)) {
			ret = step(dev, j, b);
			cond_resched();
		}
		if (!ret && j->done < j->length)
			break;
		if (!ret)
			ret = dmw_device_checkpoint(dev);
		end_job(dev, j, ret || j->failed ? JOB_FAILED : JOB_DONE);
	}
	kfree(b);
	memalloc_noio_restore(noio);
}

/* ---- life ---- */

void dmw_assign_init(struct dmw_device *dev)
{
	mutex_init(&dev->jobs.lock);
	INIT_LIST_HEAD(&dev->jobs.list);
	INIT_WORK(&dev->jobs.work, jobs_fn);
	dev->jobs.stopped = true;
}

/* Not on the workers' queue, which must get on when memory is short: a job waits for workers. */
static void queue_jobs(struct dmw_device *dev)
{
	queue_work(system_unbound_wq, &dev->jobs.work);
}

/** dmw_assign_start() - the volume is in use: go on. Context: may sleep */
void dmw_assign_start(struct dmw_device *dev)
{
	/* Numbers that no earlier opening gave, so that nobody takes one job for another. */
	if (!dev->jobs.last)
		dev->jobs.last = dev->volume.state.root.activation_count << 16;
	WRITE_ONCE(dev->jobs.stopped, false);
	queue_jobs(dev);
}

/** dmw_assign_stop() - wait until no step is under way. Context: may sleep */
void dmw_assign_stop(struct dmw_device *dev)
{
	WRITE_ONCE(dev->jobs.stopped, true);
	cancel_work_sync(&dev->jobs.work);
}

/** dmw_assign_exit() - forget all jobs. Context: may sleep; stopped */
void dmw_assign_exit(struct dmw_device *dev)
{
	struct job *j, *next;

	cancel_work_sync(&dev->jobs.work);
	list_for_each_entry_safe(j, next, &dev->jobs.list, list)
		kfree(j);
}

/* ---- messages ---- */

/* Two jobs on the same sectors would leave them with the tag of either. */
static bool overlaps_waiting(struct dmw_jobs *jobs, const struct job *new, u32 *waiting)
{
	struct job *j;

	*waiting = 0;
	list_for_each_entry(j, &jobs->list, list) {
		if (j->state != JOB_WAITS)
			continue;
		++*waiting;
		if (new->start < j->start + j->length && j->start < new->start + new->length)
			return true;
	}
	return false;
}

static int enqueue(struct dmw_device *dev, struct job *j)
{
	struct dmw_jobs *jobs = &dev->jobs;
	int ret = 0;
	u32 waiting;

	mutex_lock(&jobs->lock);
	if (overlaps_waiting(jobs, j, &waiting))
		ret = -EBUSY;
	else if (waiting >= MAX_WAITING)
		ret = -ENOSPC;
	if (!ret) {
		j->id = ++jobs->last;
		list_add_tail(&j->list, &jobs->list);
	}
	mutex_unlock(&jobs->lock);
	return ret;
}

static int check_job(struct dmw_device *dev, const struct job *j)
{
	const struct dmw_volume *v = &dev->volume;
	u64 size = v->state.sb.layout.data_sectors;
	u32 key = j->tag ? j->tag : v->state.root.default_tag;

	if (v->options.lun.read_only)
		return -EROFS;
	if (!j->length || j->start >= size || j->length > size - j->start)
		return -ERANGE;
	if (j->tag > READ_ONCE(v->tags.count))
		return -ENOENT;
	if (dmw_tag_state(&v->tags, j->tag) != DMW_TAG_OPEN)
		return -EPERM;
	if (!dmw_keys_has(dev->keys, key, dmw_root_epoch(&v->state.root)))
		return -ENOKEY;
	return 0;
}

/** dmw_message_assign() - "assign <tag> <start> <length>": the number of a new job */
int dmw_message_assign(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct job *j = kzalloc(sizeof(*j), GFP_KERNEL);
	unsigned int sz = 0;
	u32 id;
	int ret = 0;

	if (!j)
		return -ENOMEM;
	if (kstrtou32(argv[0], 10, &j->tag) || kstrtou64(argv[1], 10, &j->start) ||
	    kstrtou64(argv[2], 10, &j->length))
		ret = -EINVAL;
	if (!ret)
		ret = check_job(dev, j);
	if (!ret)
		ret = enqueue(dev, j);
	if (ret) {
		kfree(j);
		return ret;
	}
	/* From here on the job may end, and be forgotten, at any time. */
	id = dev->jobs.last;
	queue_jobs(dev);
	DMEMIT("%u", id);
	return 1;
}

static const char *job_state_name(const struct job *j)
{
	return j->state == JOB_WAITS ? "running" : j->state == JOB_DONE ? "done" : "failed";
}

/** dmw_message_job() - "job <id>": how far it is */
int dmw_message_job(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct job *j;
	unsigned int sz = 0;
	int ret = -ENOENT;
	u32 id;

	if (kstrtou32(argv[0], 10, &id))
		return -EINVAL;
	mutex_lock(&dev->jobs.lock);
	list_for_each_entry(j, &dev->jobs.list, list) {
		if (j->id != id)
			continue;
		DMEMIT("%u %u %llu %llu %llu %llu %llu %s", j->id, j->tag, j->start, j->length,
		       j->done, j->moved, j->failed, job_state_name(j));
		ret = 1;
	}
	mutex_unlock(&dev->jobs.lock);
	return ret;
}
