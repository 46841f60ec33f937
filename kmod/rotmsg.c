// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about epochs. Context of all: may sleep; the message lock is held. */
#include <linux/slab.h>

#include "device.h"

static int parse_epoch(const char *arg, u32 *epoch)
{
	return kstrtou32(arg, 10, epoch) || !*epoch ? -EINVAL : 0;
}

static int run(struct dmw_device *dev, enum dmw_op_kind kind, u32 epoch)
{
	struct dmw_bio *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int ret;

	if (!b)
		return -ENOMEM;
	b->dev = dev;
	b->op.kind = kind;
	b->op.tag = epoch;
	ret = dmw_device_run(b);
	kfree(b);
	return ret;
}

/* ---- a new one ---- */

/* Return: does the new epoch need a key for a tag? */
static bool needs_key(struct dmw_device *dev, u32 tag)
{
	return dmw_tag_state(&dev->volume.tags, tag) != DMW_TAG_SHREDDED;
}

static int check_key(struct dmw_device *dev, u32 tag, u32 epoch)
{
	if (dmw_keys_has(dev->keys, tag, epoch))
		return 0;
	if (tag == DMW_TAG_METADATA)
		DMERR("epoch %u: its metadata key is missing; load all of its keys first", epoch);
	else
		DMERR("epoch %u: the key of tag %u is missing; load all of its keys first", epoch, tag);
	return -ENOKEY;
}

static int check_keys(struct dmw_device *dev, u32 epoch)
{
	u32 count = READ_ONCE(dev->volume.tags.count), tag;
	u32 default_tag = dev->volume.state.root.default_tag;
	int ret = check_key(dev, DMW_TAG_METADATA, epoch);

	if (!ret && needs_key(dev, default_tag))
		ret = check_key(dev, default_tag, epoch);
	for (tag = 1; tag <= count && !ret; tag++)
		if (needs_key(dev, tag))
			ret = check_key(dev, tag, epoch);
	return ret;
}

/** dmw_message_epoch() - "epoch <number>": begin it; done when that is durable */
int dmw_message_epoch(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	u32 epoch, now = READ_ONCE(dev->volume.state.sb.epoch);
	int ret = parse_epoch(argv[0], &epoch);

	if (!ret && epoch < now)
		ret = -EINVAL;
	if (!ret)
		ret = check_keys(dev, epoch);
	if (!ret)
		ret = run(dev, DMW_OP_EPOCH, epoch);
	if (!ret && epoch != now)
		dmw_sweeper_forget(dev);
	if (ret == -ENOSPC)
		DMERR("epoch %u: %u epochs are in use, or the activation table is full; sweep and retire old ones, then close and open the volume",
		      epoch, DMW_MAX_EPOCHS);
	return ret;
}

/* ---- old ones ---- */

/** dmw_message_epochs() - "epochs": a line for each: number, state, when it began */
int dmw_message_epochs(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct dmw_epoch epochs[DMW_MAX_EPOCHS];
	unsigned long flags;
	unsigned int sz = 0, i;
	int failed;

	spin_lock_irqsave(&dev->lock, flags);
	memcpy(epochs, dev->volume.state.root.epochs, sizeof(epochs));
	failed = dev->volume.failed;
	spin_unlock_irqrestore(&dev->lock, flags);
	/* What is in memory may never have come to the LUN. */
	if (failed)
		return -EIO;
	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (epochs[i].state != DMW_EPOCH_NONE)
			DMEMIT("%u %s %llu\n", epochs[i].epoch,
			       epochs[i].state == DMW_EPOCH_CURRENT ? "current" : "old",
			       epochs[i].created);
	return 1;
}

/** dmw_message_retire() - "retire <epoch>": nothing needs its keys any more; done when that is durable */
int dmw_message_retire(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	u32 epoch;
	int ret = parse_epoch(argv[0], &epoch);

	return ret ? ret : run(dev, DMW_OP_RETIRE, epoch);
}

static int check_unlisted(struct dmw_device *dev, u32 epoch)
{
	const struct dmw_volume *v = &dev->volume;
	unsigned long flags;
	unsigned int i;
	int ret;

	spin_lock_irqsave(&dev->lock, flags);
	ret = v->failed ? -EIO : 0;
	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (v->state.root.epochs[i].epoch == epoch)
			ret = -EBUSY;
	spin_unlock_irqrestore(&dev->lock, flags);
	return ret;
}

/** dmw_message_forget() - "forget epoch <number>": wipe the keys of one that is not in use */
int dmw_message_forget(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	u32 epoch;
	int ret = strcasecmp(argv[0], "epoch") ? -EINVAL : parse_epoch(argv[1], &epoch);

	if (!ret)
		ret = check_unlisted(dev, epoch);
	if (!ret)
		dmw_keys_drop_epoch(dev->keys, epoch);
	return ret;
}
