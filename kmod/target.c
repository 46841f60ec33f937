// SPDX-License-Identifier: GPL-2.0-or-later
/* What device-mapper asks of a target. */
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "target.h"
#include "device.h"

/* 512-byte units, in which dm counts, in a sector and in a leaf */
#define SECTOR_512	(1U << (DMW_SECTOR_SHIFT - SECTOR_SHIFT))
#define LEAF_512	(SECTOR_512 << DMW_FANOUT_SHIFT)

/* ---- construction ---- */

static void event_fn(struct work_struct *work)
{
	struct dmw_device *dev = container_of(work, struct dmw_device, event);

	dm_table_event(dev->ti->table);
}

static void timer_fn(struct work_struct *work)
{
	struct dmw_device *dev = container_of(work, struct dmw_device, timer.work);

	dmw_device_request_checkpoint(dev);
	queue_delayed_work(dev->wq, &dev->timer, dev->table.checkpoint_seconds * HZ);
}

static void destroy(struct dmw_device *dev)
{
	dmw_assign_exit(dev);
	dmw_sweeper_stop(dev);
	dmw_cache_exit(dev);
	dmw_workers_exit(dev);
	cancel_work_sync(&dev->event);
	if (dev->opened)
		dmw_volume_free(&dev->volume);
	dmw_host_exit(&dev->host);
	dmw_host_exit(&dev->message_host);
	dmw_buffers_exit(dev);
	dmw_keys_destroy(dev->keys);
	dmw_table_free(dev->ti, &dev->table);
	kvfree(dev);
}

static struct dmw_device *create(struct dm_target *ti)
{
	struct dmw_device *dev = kvzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->ti = ti;
	spin_lock_init(&dev->lock);
	INIT_LIST_HEAD(&dev->read_tasks);
	INIT_LIST_HEAD(&dev->io_tasks);
	INIT_LIST_HEAD(&dev->active);
	INIT_LIST_HEAD(&dev->pages.list);
	init_waitqueue_head(&dev->quiet);
	INIT_DELAYED_WORK(&dev->timer, timer_fn);
	INIT_WORK(&dev->event, event_fn);
	mutex_init(&dev->message_lock);
	init_rwsem(&dev->in_use);
	dmw_assign_init(dev);
	dmw_sweeper_init(dev);
	return dev;
}

static int setup(struct dmw_device *dev, unsigned int argc, char **argv)
{
	struct dm_target *ti = dev->ti;
	enum dmw_load_error err;
	int ret;

	ret = dmw_table_parse(ti, argc, argv, &dev->table);
	if (ret)
		return ret;
	dev->keys = dmw_keys_create(&dev->table, &ti->error);
	if (IS_ERR(dev->keys)) {
		ret = PTR_ERR(dev->keys);
		dev->keys = NULL;
		return ret;
	}
	ti->error = "Not enough memory";
	ret = dmw_buffers_init(dev);
	if (!ret)
		ret = dmw_host_init(&dev->host, dev);
	if (!ret)
		ret = dmw_host_init(&dev->message_host, dev);
	if (!ret)
		ret = dmw_workers_init(dev);
	if (ret)
		return ret;
	ti->error = "The LUN is read-only; open the volume read-only";
	if (bdev_read_only(dev->table.lun->bdev) &&
	    (dm_table_get_mode(ti->table) & DMW_MODE_WRITE))
		return -EROFS;
	err = dmw_device_probe(dev);
	ti->error = (char *)dmw_load_error_text(err);
	return dmw_load_error_errno(err);
}

static int dmw_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct dmw_device *dev;
	int ret;

	if (ti->begin) {
		ti->error = "A volume must be the only target of its device";
		return -EINVAL;
	}
	dev = create(ti);
	if (!dev) {
		ti->error = "Not enough memory";
		return -ENOMEM;
	}
	ret = setup(dev, argc, argv);
	if (!ret)
		ret = dm_set_target_max_io_len(ti, LEAF_512);
	if (ret) {
		destroy(dev);
		return ret;
	}
	ti->private = dev;
	ti->per_io_data_size = sizeof(struct dmw_bio);
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	ti->num_write_zeroes_bios = 1;
	ti->num_discard_bios = dev->table.allow_discards;
	ti->discards_supported = dev->table.allow_discards;
	ti->limit_swap_bios = true;
	ti->needs_bio_set_dev = true;	/* for the cgroup that I/O is charged to */
	return 0;
}

static void dmw_dtr(struct dm_target *ti)
{
	struct dmw_device *dev = ti->private;

	dmw_device_stop(dev);
	destroy(dev);
}

/* ---- requests ---- */

static bool is_erase(enum req_op op)
{
	return op == REQ_OP_DISCARD || op == REQ_OP_WRITE_ZEROES;
}

static int op_kind(struct bio *bio)
{
	if (bio->bi_opf & REQ_PREFLUSH)
		return DMW_OP_FLUSH;	/* dm sends flushes without data only */
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return DMW_OP_READ;
	case REQ_OP_WRITE:
		return DMW_OP_WRITE;
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		return DMW_OP_ERASE;
	default:
		return -EOPNOTSUPP;
	}
}

/* dm splits reads and writes at leaves, but not all kernels split erases there. */
static void accept_one_leaf(struct bio *bio)
{
	u32 left = LEAF_512 - (bio->bi_iter.bi_sector & (LEAF_512 - 1));

	if (is_erase(bio_op(bio)) && bio_sectors(bio) > left)
		dm_accept_partial_bio(bio, left);
}

static int dmw_map(struct dm_target *ti, struct bio *bio)
{
	struct dmw_bio *b = dm_per_bio_data(bio, sizeof(*b));
	struct dmw_device *dev = ti->private;
	int kind = op_kind(bio);

	if (kind < 0)
		return DM_MAPIO_KILL;
	if ((kind == DMW_OP_WRITE || kind == DMW_OP_ERASE) && dev->volume.options.lun.read_only)
		return DM_MAPIO_KILL;
	if ((bio->bi_iter.bi_sector & (SECTOR_512 - 1)) || (bio_sectors(bio) & (SECTOR_512 - 1)))
		return DM_MAPIO_KILL;
	if (kind != DMW_OP_FLUSH && !bio_sectors(bio))
		return DM_MAPIO_KILL;
	accept_one_leaf(bio);

	memset(b, 0, sizeof(*b));
	b->dev = dev;
	b->bio = bio;
	b->op.kind = kind;
	b->op.sector = bio->bi_iter.bi_sector / SECTOR_512;
	b->op.count = bio_sectors(bio) / SECTOR_512;
	b->op.fua = bio->bi_opf & REQ_FUA;
	b->op.discard = bio_op(bio) == REQ_OP_DISCARD &&
			bdev_max_discard_sectors(dev->table.lun->bdev);
	if (kind == DMW_OP_READ || kind == DMW_OP_WRITE)
		dmw_buffers_get(b);
	dmw_device_submit(b);
	return DM_MAPIO_SUBMITTED;
}

/* ---- suspend and resume ---- */

static int dmw_preresume(struct dm_target *ti)
{
	return dmw_device_start(ti->private);
}

static void dmw_postsuspend(struct dm_target *ti)
{
	dmw_device_stop(ti->private);
}

/* ---- status and messages ---- */

static const char *mode_name(const struct dmw_volume *v)
{
	if (v->forgotten)
		return "shredded";
	return v->failed ? "failed" : v->options.lun.read_only ? "ro" : "rw";
}

static void emit_info(struct dmw_device *dev, char *result, unsigned int maxlen)
{
	const struct dmw_volume *v = &dev->volume;
	const struct dmw_stats *s = &v->stats;
	struct dmw_anchor anchor;
	unsigned long flags;
	unsigned int sz = 0;

	spin_lock_irqsave(&dev->lock, flags);
	/* a table that was never resumed has not opened its volume yet */
	if (!dev->opened) {
		spin_unlock_irqrestore(&dev->lock, flags);
		strscpy(result, "new", maxlen);
		return;
	}
	anchor = dmw_superblock_anchor(&v->state.sb);
	DMEMIT("%s %llu:%*phN %u %llu/%llu %u/%u/%u %llu %llu %llu", mode_name(v),
	       anchor.checkpoint, DMW_SALT_SIZE, anchor.salt,
	       v->state.root.activation_count, dmw_journal_used(v),
	       dmw_layout_journal_units(&v->state.sb.layout),
	       v->tree.count, v->tree.limit, v->tree.dirty_count,
	       s->mismatches, s->recovered, s->lost);
	spin_unlock_irqrestore(&dev->lock, flags);
}

static void dmw_status(struct dm_target *ti, status_type_t type, unsigned int status_flags,
		       char *result, unsigned int maxlen)
{
	struct dmw_device *dev = ti->private;

	switch (type) {
	case STATUSTYPE_INFO:
		emit_info(dev, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		dmw_table_emit(&dev->table, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		*result = '\0';
		break;
	}
}

static int dmw_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
		       unsigned int maxlen)
{
	return dmw_device_message(ti->private, argc, argv, result, maxlen);
}

/* ---- limits ---- */

static int dmw_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn, void *data)
{
	struct dmw_device *dev = ti->private;
	sector_t length = bdev_nr_sectors(dev->table.lun->bdev);

	return fn(ti, dev->table.lun, 0, round_down(length, SECTOR_512), data);
}

static void dmw_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	limits->logical_block_size = DMW_SECTOR_SIZE;
	limits->physical_block_size = max_t(u32, limits->physical_block_size, DMW_SECTOR_SIZE);
	limits->io_min = max_t(u32, limits->io_min, DMW_SECTOR_SIZE);
	limits->io_opt = DMW_SECTOR_SIZE * DMW_FANOUT;
	/* pages are copied: any memory will do */
	limits->dma_alignment = SECTOR_SIZE - 1;
	limits->discard_granularity = DMW_SECTOR_SIZE;
	limits->max_discard_sectors = LEAF_512;
	limits->max_hw_discard_sectors = LEAF_512;
	limits->max_write_zeroes_sectors = LEAF_512;
	dmw_limits_no_unmap(limits);
}

struct target_type dmw_target = {
	.name			= "warrant",
	.version		= { 1, 0, 0 },
	.features		= DM_TARGET_SINGLETON,
	.module			= THIS_MODULE,
	.ctr			= dmw_ctr,
	.dtr			= dmw_dtr,
	.map			= dmw_map,
	.preresume		= dmw_preresume,
	.postsuspend		= dmw_postsuspend,
	.status			= dmw_status,
	.message		= dmw_message,
	.iterate_devices	= dmw_iterate_devices,
	.io_hints		= dmw_io_hints,
};
