// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between resume and suspend: opening the volume, keeping it checkpointed, closing it. Also what
 * the core wants to know of the kernel at large.
 *
 * dm loads a second table for a device while the first is in use; so nothing is written, and no
 * state is believed, before the first resume, when dm has suspended the table that was there.
 */
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>

#include "device.h"

static const char *name_of(struct dmw_device *dev)
{
	return dm_device_name(dm_table_get_md(dev->ti->table));
}

/* Volumes of this host that are between resume and suspend. */
static DEFINE_MUTEX(active_lock);
static LIST_HEAD(active_devices);

static int become_active(struct dmw_device *dev)
{
	struct dmw_device *other;
	int ret = 0;

	mutex_lock(&active_lock);
	list_for_each_entry(other, &active_devices, active)
		if (!memcmp(other->table.uuid, dev->table.uuid, DMW_UUID_SIZE))
			ret = -EBUSY;
	if (!ret)
		list_add(&dev->active, &active_devices);
	mutex_unlock(&active_lock);
	return ret;
}

static void become_inactive(struct dmw_device *dev)
{
	mutex_lock(&active_lock);
	list_del_init(&dev->active);
	mutex_unlock(&active_lock);
}

/* ---- opening ---- */

static bool is_read_only(struct dmw_device *dev)
{
	return !(dm_table_get_mode(dev->ti->table) & DMW_MODE_WRITE);
}

static void lun_of(struct dmw_device *dev, struct dmw_lun *lun)
{
	struct block_device *bdev = dev->table.lun->bdev;

	lun->blocks = bdev_nr_bytes(bdev) >> DMW_SECTOR_SHIFT;
	lun->logical_block = bdev_logical_block_size(bdev);
	lun->read_only = is_read_only(dev);
	lun->uuid = dev->table.uuid;
}

static enum dmw_load_error check_table(struct dmw_device *dev, const struct dmw_state *s)
{
	u64 length = s->sb.layout.data_sectors << (DMW_SECTOR_SHIFT - SECTOR_SHIFT);

	if (length != dev->ti->len)
		return DMW_LOAD_LENGTH;
	if (dev->table.has_warrant &&
	    memcmp(dev->table.warrant, s->root.warrant, DMW_DIGEST_SIZE))
		return DMW_LOAD_OTHER_WARRANT;
	return DMW_LOAD_OK;
}

/**
 * dmw_device_probe() - would this volume open? Without changing anything
 * @dev: volume
 *
 * Context: may sleep.
 */
enum dmw_load_error dmw_device_probe(struct dmw_device *dev)
{
	struct dmw_state *s = dmw_host_alloc(&dev->host, sizeof(*s));
	enum dmw_load_error err;
	struct dmw_lun lun;

	if (!s)
		return DMW_LOAD_MEMORY;
	lun_of(dev, &lun);
	err = dmw_load_state(&dev->host, &lun, &dev->table.anchor, s);
	if (!err)
		err = check_table(dev, s);
	dmw_state_free(&dev->host, s);
	dmw_host_free(&dev->host, s);
	return err;
}

static enum dmw_load_error open_volume(struct dmw_device *dev)
{
	struct dmw_options o = {
		.anchor = dev->table.anchor,
		.node_limit = dev->table.cache_mib << (20 - DMW_SECTOR_SHIFT),
		.host_name = dev->host_name,
	};
	enum dmw_load_error err;

	/* a copy: the name can change while it is looked at */
	strscpy(dev->host_name, init_utsname()->nodename, sizeof(dev->host_name));
	lun_of(dev, &o.lun);
	err = dmw_volume_open(&dev->volume, &dev->host, &o);
	return err ? err : check_table(dev, &dev->volume.state);
}

/*
 * What the keyset says was shredded is so from the start, what the tag table says has no keys, even if
 * somebody has kept one. The table itself is changed by a message later.
 */
static void apply_shreds(struct dmw_device *dev)
{
	struct dmw_tags *t = &dev->volume.tags;
	u32 tag;

	for (tag = 1; tag <= t->count; tag++) {
		if (dmw_keys_is_shredded(dev->keys, tag))
			dmw_tags_shred(t, tag);
		if (dmw_tag_state(t, tag) != DMW_TAG_SHREDDED)
			continue;
		if (dmw_keys_shred(dev->keys, tag))
			DMWARN("%s: the keyset has a key of tag %u, which is shredded: destroy that copy",
			       name_of(dev), tag);
	}
	/* Another table may have read it. */
	if (t->closed)
		dmw_buffers_wipe(dev);
}

/* Undo open_volume(), however far it came. */
static void forget_volume(struct dmw_device *dev)
{
	unsigned long flags;

	dmw_device_drain(dev);
	/* dm may ask for the status at any time. */
	spin_lock_irqsave(&dev->lock, flags);
	dev->opened = false;
	spin_unlock_irqrestore(&dev->lock, flags);
	dmw_volume_free(&dev->volume);
	memset(&dev->volume, 0, sizeof(dev->volume));
}

static int first_start(struct dmw_device *dev)
{
	enum dmw_load_error err = open_volume(dev);
	int ret;

	if (err) {
		DMERR("%s: %s", name_of(dev), dmw_load_error_text(err));
		forget_volume(dev);
		return dmw_load_error_errno(err);
	}
	apply_shreds(dev);
	dev->opened = true;
	ret = dmw_device_checkpoint(dev);
	if (!ret)
		ret = dmw_cache_init(dev);
	if (ret) {
		forget_volume(dev);
		return ret;
	}
	if (dev->volume.state.other_damaged)
		DMWARN("%s: one of the two superblocks did not verify: torn by a crash, or tampered with",
		       name_of(dev));
	if (dev->volume.stats.recovered || dev->volume.stats.lost)
		DMINFO("%s: recovered: %llu sectors settled, %llu damaged", name_of(dev),
		       dev->volume.stats.recovered, dev->volume.stats.lost);
	return 0;
}

static int start_again(struct dmw_device *dev)
{
	enum dmw_load_error err;

	/* Nobody can tell, and nothing will be read or written. */
	if (dev->volume.forgotten)
		return 0;
	err = dmw_volume_unchanged(&dev->volume);
	if (err)
		DMERR("%s: the volume changed while it was suspended; close it and open it again",
		      name_of(dev));
	return dmw_load_error_errno(err);
}

static void schedule_timer(struct dmw_device *dev)
{
	queue_delayed_work(dev->wq, &dev->timer, dev->table.checkpoint_seconds * HZ);
}

/**
 * dmw_device_start() - dm resumes the device: open the volume, the first time
 * @dev: volume
 *
 * Context: may sleep.
 */
int dmw_device_start(struct dmw_device *dev)
{
	/* Who waits for memory here may wait for a write that waits for us. */
	unsigned int noio = memalloc_noio_save();
	int ret = become_active(dev);

	if (ret) {
		DMERR("%s: the volume is open already under another name", name_of(dev));
		goto out;
	}
	ret = dev->opened ? start_again(dev) : first_start(dev);
	if (ret) {
		become_inactive(dev);
		goto out;
	}
	down_write(&dev->in_use);
	dev->running = true;
	up_write(&dev->in_use);
	schedule_timer(dev);
	dmw_assign_start(dev);
	dmw_sweeper_start(dev);
out:
	memalloc_noio_restore(noio);
	return ret;
}

/**
 * dmw_device_stop() - dm has suspended the device and no request is under way: checkpoint all
 * @dev: volume
 *
 * Context: may sleep.
 */
void dmw_device_stop(struct dmw_device *dev)
{
	unsigned int noio;

	if (!dev->running)
		return;
	noio = memalloc_noio_save();
	down_write(&dev->in_use);
	dev->running = false;
	up_write(&dev->in_use);
	dmw_assign_stop(dev);
	dmw_sweeper_stop(dev);
	cancel_delayed_work_sync(&dev->timer);
	if (dmw_device_checkpoint(dev) && !dev->volume.forgotten)
		DMERR("%s: not checkpointed; the next opening recovers what was flushed",
		      name_of(dev));
	dmw_device_drain(dev);
	become_inactive(dev);
	memalloc_noio_restore(noio);
}

/* ---- what the core asks ---- */

void *dmw_host_alloc(struct dmw_host *h, size_t size)
{
	return kvzalloc(size, GFP_KERNEL);
}

void dmw_host_free(struct dmw_host *h, void *p)
{
	kvfree(p);
}

void dmw_host_random(struct dmw_host *h, void *buf, size_t len)
{
	get_random_bytes(buf, len);
}

u64 dmw_host_time(struct dmw_host *h)
{
	return ktime_get_real_seconds();
}

void dmw_host_assert_locked(struct dmw_host *h)
{
	lockdep_assert_held(&h->dev->lock);
}

void dmw_host_event(struct dmw_host *h, enum dmw_event event, u64 sector, int error)
{
	const char *name = name_of(h->dev);

	switch (event) {
	case DMW_EVENT_MISMATCH:
		DMERR_LIMIT("%s: sector %llu does not fit its seal; reads of it fail",
			    name, sector);
		break;
	case DMW_EVENT_NODE:
		DMERR_LIMIT("%s: a node does not fit its seal; reads fail from sector %llu on",
			    name, sector);
		break;
	case DMW_EVENT_LOST:
		DMERR_LIMIT("%s: recovery: the LUN has lost flushed data of sector %llu (error %d)",
			    name, sector, error);
		break;
	case DMW_EVENT_FAILED:
		if (error == -ENODATA) {
			DMWARN("%s: all keys were shredded: nothing can be read or written again", name);
			break;
		}
		DMERR("%s: the LUN refused a write (error %d): writing has stopped", name, error);
		DMERR("%s: close the volume and open it again when the LUN is well", name);
		break;
	}
	schedule_work(&h->dev->event);
}
