// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sweeping a volume out of its old epochs, in the background: the sectors, a step of the core at a
 * time, then the tag table's records, then a checkpoint. While there are requests from above the sweep
 * takes no more than its share of the time; whatever a step took it rests in proportion.
 *
 * It stops with the volume and goes on with it. After another opening it has to be started again: the
 * seals on the LUN say what is left.
 */
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "device.h"

#define DEFAULT_SHARE	50

/* A step takes less time than most requests: who has sent one so lately is still there. In jiffies. */
#define LATELY		(HZ / 5)

/* ---- going easy on others ---- */

static u64 requests(struct dmw_device *dev)
{
	const struct dmw_stats *s = &dev->volume.stats;
	unsigned long flags;
	u64 n;

	spin_lock_irqsave(&dev->lock, flags);
	n = s->reads + s->writes + s->erases + s->flushes;
	spin_unlock_irqrestore(&dev->lock, flags);
	return n;
}

static bool must_stop(struct dmw_device *dev)
{
	return READ_ONCE(dev->sweep.stopped) || READ_ONCE(dev->sweep.state) != DMW_SWEEP_RUNNING;
}

/* Rests are paid when they are long enough for the clock of the scheduler. */
static void rest(struct dmw_device *dev, u64 worked_ns, u64 *owed_ns)
{
	unsigned int share = READ_ONCE(dev->sweep.share);
	u64 now = requests(dev);
	unsigned long wait;

	if (now != dev->sweep.users)
		dev->sweep.busy_until = jiffies + LATELY;
	if (time_before(jiffies, dev->sweep.busy_until))
		*owed_ns += div_u64(worked_ns * (100 - share), share);
	else
		*owed_ns = 0;
	wait = nsecs_to_jiffies(*owed_ns);
	if (wait) {
		wait_event_timeout(dev->sweep.wait, must_stop(dev), wait);
		*owed_ns = 0;
	}
	dev->sweep.users = now;
}

/* ---- carrying out ---- */

static int step(struct dmw_device *dev, struct dmw_bio *b)
{
	memset(b, 0, sizeof(*b));
	b->dev = dev;
	b->op.kind = DMW_OP_SWEEP;
	b->op.count = DMW_FANOUT;
	dmw_buffers_get(b);
	dmw_device_run(b);
	/* The core has chosen fewer sectors; the pages are still those of a leaf. */
	b->op.count = DMW_FANOUT;
	dmw_buffers_put(b);
	return b->op.error;
}

static bool is_through(struct dmw_device *dev)
{
	const struct dmw_volume *v = &dev->volume;
	unsigned long flags;
	bool through;

	spin_lock_irqsave(&dev->lock, flags);
	through = v->rotation.cursor >= v->state.sb.layout.data_sectors;
	spin_unlock_irqrestore(&dev->lock, flags);
	return through;
}

static int sweep_sectors(struct dmw_device *dev)
{
	struct dmw_bio *b = kmalloc(sizeof(*b), GFP_KERNEL);
	u64 began, owed = 0;
	int ret = b ? 0 : -ENOMEM;

	dev->sweep.users = requests(dev);
	dev->sweep.busy_until = jiffies;
	while (!ret && !must_stop(dev) && !is_through(dev)) {
		began = ktime_get_ns();
		ret = step(dev, b);
		rest(dev, ktime_get_ns() - began, &owed);
		cond_resched();
	}
	kfree(b);
	return ret;
}

static int sweep_tags(struct dmw_device *dev)
{
	u32 tag, count = READ_ONCE(dev->volume.tags.count);
	int ret = 0, damaged = 0;

	for (tag = 1; tag <= count && !ret && !must_stop(dev); tag++) {
		mutex_lock(&dev->message_lock);
		ret = dmw_tag_reseal(dev, tag);
		mutex_unlock(&dev->message_lock);
		/* The others can be done nevertheless. */
		if (ret == -EILSEQ) {
			damaged = ret;
			ret = 0;
		}
		cond_resched();
	}
	return ret ? ret : damaged;
}

static bool is_swept(struct dmw_device *dev)
{
	unsigned long flags;
	bool swept;

	spin_lock_irqsave(&dev->lock, flags);
	swept = dmw_is_swept(&dev->volume);
	spin_unlock_irqrestore(&dev->lock, flags);
	return swept;
}

/* Not on the workers' queue: a step waits for workers. */
static void queue_sweep(struct dmw_device *dev)
{
	queue_work(system_unbound_wq, &dev->sweep.work);
}

static void clock_stop(struct dmw_sweep *s)
{
	lockdep_assert_held(&s->lock);
	s->seconds += ktime_get_seconds() - s->since;
	s->since = ktime_get_seconds();
}

static void end(struct dmw_device *dev, int error)
{
	struct dmw_sweep *s = &dev->sweep;

	mutex_lock(&s->lock);
	if (s->state == DMW_SWEEP_RUNNING && !error && !is_through(dev)) {
		/* A new epoch has begun meanwhile. */
		queue_sweep(dev);
	} else if (s->state == DMW_SWEEP_RUNNING) {
		clock_stop(s);
		s->state = !error && is_swept(dev) ? DMW_SWEEP_DONE : DMW_SWEEP_FAILED;
	}
	mutex_unlock(&s->lock);
	if (error)
		DMERR("%s: the sweep has stopped (error %d); start it again when that is mended",
		      dm_device_name(dm_table_get_md(dev->ti->table)), error);
	schedule_work(&dev->event);
}

static void sweep_fn(struct work_struct *work)
{
	struct dmw_device *dev = container_of(work, struct dmw_device, sweep.work);
	/* A suspension waits for us, and holds back the writes that would make memory free. */
	unsigned int noio = memalloc_noio_save();
	int ret = sweep_sectors(dev);

	if (!ret && !must_stop(dev))
		ret = sweep_tags(dev);
	if (!ret && !must_stop(dev))
		ret = dmw_device_checkpoint(dev);
	if (ret || !must_stop(dev))
		end(dev, ret);
	memalloc_noio_restore(noio);
}

/* ---- life ---- */

void dmw_sweeper_init(struct dmw_device *dev)
{
	mutex_init(&dev->sweep.command);
	mutex_init(&dev->sweep.lock);
	init_waitqueue_head(&dev->sweep.wait);
	INIT_WORK(&dev->sweep.work, sweep_fn);
	dev->sweep.share = DEFAULT_SHARE;
	dev->sweep.stopped = true;
}

/** dmw_sweeper_start() - the volume is in use: go on. Context: may sleep */
void dmw_sweeper_start(struct dmw_device *dev)
{
	struct dmw_sweep *s = &dev->sweep;

	mutex_lock(&s->lock);
	WRITE_ONCE(s->stopped, false);
	s->since = ktime_get_seconds();
	if (s->state == DMW_SWEEP_RUNNING)
		queue_sweep(dev);
	mutex_unlock(&s->lock);
}

/** dmw_sweeper_stop() - wait until no step is under way. Context: may sleep */
void dmw_sweeper_stop(struct dmw_device *dev)
{
	struct dmw_sweep *s = &dev->sweep;

	mutex_lock(&s->lock);
	if (s->state == DMW_SWEEP_RUNNING && !s->stopped)
		clock_stop(s);
	WRITE_ONCE(s->stopped, true);
	mutex_unlock(&s->lock);
	wake_up(&s->wait);
	cancel_work_sync(&s->work);
}

/** dmw_sweeper_forget() - a new epoch has begun: what is known of the last sweep is over */
void dmw_sweeper_forget(struct dmw_device *dev)
{
	struct dmw_sweep *s = &dev->sweep;

	mutex_lock(&s->lock);
	if (s->state == DMW_SWEEP_DONE || s->state == DMW_SWEEP_FAILED)
		s->state = DMW_SWEEP_IDLE;
	s->seconds = 0;
	s->since = ktime_get_seconds();
	mutex_unlock(&s->lock);
}

/* ---- messages ---- */

static bool has_old_epoch(struct dmw_device *dev)
{
	const struct dmw_epoch *e = dev->volume.state.root.epochs;
	unsigned long flags;
	bool found = false;
	unsigned int i;

	spin_lock_irqsave(&dev->lock, flags);
	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		found |= e[i].state == DMW_EPOCH_OLD;
	spin_unlock_irqrestore(&dev->lock, flags);
	return found;
}

/* A whole sweep that had to leave something looks at all sectors again. */
static void begin_again(struct dmw_device *dev)
{
	unsigned long flags;

	if (!is_through(dev))
		return;
	spin_lock_irqsave(&dev->lock, flags);
	dmw_sweep_restart(&dev->volume);
	spin_unlock_irqrestore(&dev->lock, flags);
}

static int start(struct dmw_device *dev, unsigned int share)
{
	struct dmw_sweep *s = &dev->sweep;

	if (!share || share > 100)
		return -EINVAL;
	if (dev->volume.options.lun.read_only)
		return -EROFS;
	mutex_lock(&s->command);
	mutex_lock(&s->lock);
	WRITE_ONCE(s->share, share);
	if (s->state != DMW_SWEEP_RUNNING && s->state != DMW_SWEEP_DONE) {
		if (s->state == DMW_SWEEP_FAILED)
			begin_again(dev);
		s->since = ktime_get_seconds();
		WRITE_ONCE(s->state, has_old_epoch(dev) ? DMW_SWEEP_RUNNING : DMW_SWEEP_DONE);
		queue_sweep(dev);
	}
	mutex_unlock(&s->lock);
	mutex_unlock(&s->command);
	return 0;
}

static int pause_sweep(struct dmw_device *dev)
{
	struct dmw_sweep *s = &dev->sweep;

	mutex_lock(&s->command);
	mutex_lock(&s->lock);
	if (s->state == DMW_SWEEP_RUNNING) {
		clock_stop(s);
		WRITE_ONCE(s->state, DMW_SWEEP_PAUSED);
	}
	mutex_unlock(&s->lock);
	wake_up(&s->wait);
	flush_work(&s->work);
	mutex_unlock(&s->command);
	return 0;
}

static const char *state_name(struct dmw_device *dev)
{
	switch (dev->sweep.state) {
	case DMW_SWEEP_RUNNING:
		return "running";
	case DMW_SWEEP_PAUSED:
		return "paused";
	case DMW_SWEEP_DONE:
		return "done";
	case DMW_SWEEP_FAILED:
		return "failed";
	default:
		return has_old_epoch(dev) ? "idle" : "done";
	}
}

static int status(struct dmw_device *dev, char *result, unsigned int maxlen)
{
	const struct dmw_volume *v = &dev->volume;
	struct dmw_sweep *s = &dev->sweep;
	struct dmw_rotation r;
	unsigned long flags;
	unsigned int sz = 0;
	u64 seconds;
	u32 epoch;

	mutex_lock(&s->lock);
	seconds = s->seconds;
	if (s->state == DMW_SWEEP_RUNNING)
		seconds += ktime_get_seconds() - s->since;
	spin_lock_irqsave(&dev->lock, flags);
	r = v->rotation;
	epoch = v->state.sb.epoch;
	spin_unlock_irqrestore(&dev->lock, flags);
	DMEMIT("%s %u %llu %llu %llu %llu %llu %llu", state_name(dev), epoch, r.cursor,
	       v->state.sb.layout.data_sectors, r.resealed, r.damaged, r.shredded, seconds);
	mutex_unlock(&s->lock);
	return 1;
}

/** dmw_message_sweep() - "sweep start", "sweep pause", "sweep status" */
int dmw_message_sweep(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	if (!strcasecmp(argv[0], "start"))
		return start(dev, DEFAULT_SHARE);
	if (!strcasecmp(argv[0], "pause"))
		return pause_sweep(dev);
	if (!strcasecmp(argv[0], "status"))
		return status(dev, result, maxlen);
	return -EINVAL;
}

/** dmw_message_sweep_share() - "sweep start <percent>" */
int dmw_message_sweep_share(struct dmw_device *dev, char **argv, char *result,
			    unsigned int maxlen)
{
	unsigned int share;

	if (strcasecmp(argv[0], "start") || kstrtouint(argv[1], 10, &share))
		return -EINVAL;
	return start(dev, share);
}
