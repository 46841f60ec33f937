// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to an open volume (dmsetup message NAME 0 ...). Documentation/dm-warrant.rst lists them.
 */
#include <linux/sched/mm.h>

#include "device.h"

static int message_checkpoint(struct dmw_device *dev, char **argv, char *result,
			      unsigned int maxlen)
{
	return dmw_device_checkpoint(dev);
}

static int message_stats(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct dmw_stats s;
	unsigned long flags;
	unsigned int sz = 0;

	spin_lock_irqsave(&dev->lock, flags);
	s = dev->volume.stats;
	spin_unlock_irqrestore(&dev->lock, flags);
	DMEMIT("reads=%llu writes=%llu fresh=%llu erases=%llu flushes=%llu records=%llu ",
	       s.reads, s.writes, s.fresh, s.erases, s.flushes, s.records);
	DMEMIT("entries=%llu checkpoints=%llu nodes_read=%llu nodes_written=%llu ",
	       s.entries, s.checkpoints, s.nodes_read, s.nodes_written);
	DMEMIT("mismatches=%llu retries=%llu recovered=%llu lost=%llu replayed=%llu",
	       s.mismatches, s.retries, s.recovered, s.lost, s.replayed);
	return 1;
}

static const struct {
	const char	*name;
	unsigned int	args;	/* behind the name */
	bool		tags;	/* takes the message lock */
	bool		always;	/* also while the volume is suspended, or not yet opened: waits for nobody */
	int		(*run)(struct dmw_device *dev, char **argv, char *result,
			       unsigned int maxlen);
} messages[] = {
	{ "checkpoint", 0, false, false, message_checkpoint },
	{ "stats", 0, false, false, message_stats },
	{ "keys", 1, true, false, dmw_message_keys },
	{ "keys_forget", 0, false, true, dmw_message_keys_forget },
	{ "tag_create", 3, true, false, dmw_message_tag_create },
	{ "tag_edit", 3, true, false, dmw_message_tag_edit },
	{ "tag_state", 2, true, false, dmw_message_tag_state },
	{ "tag_show", 1, true, false, dmw_message_tag_show },
	{ "tag_list", 1, true, false, dmw_message_tag_list },
	{ "assign", 3, true, false, dmw_message_assign },
	{ "job", 1, false, false, dmw_message_job },
	{ "extents", 2, false, false, dmw_message_extents },
	{ "epoch", 1, true, false, dmw_message_epoch },
	{ "epochs", 0, true, false, dmw_message_epochs },
	{ "sweep", 1, false, false, dmw_message_sweep },
	{ "sweep", 2, false, false, dmw_message_sweep_share },
	{ "retire", 1, true, false, dmw_message_retire },
	{ "forget", 2, true, false, dmw_message_forget },
};

static int run_in_use(struct dmw_device *dev, unsigned int i, char **argv, char *result,
		      unsigned int maxlen)
{
	int ret = -EAGAIN;

	down_read(&dev->in_use);
	if (dev->running) {
		if (messages[i].tags)
			mutex_lock(&dev->message_lock);
		ret = messages[i].run(dev, argv + 1, result, maxlen);
		if (messages[i].tags)
			mutex_unlock(&dev->message_lock);
	}
	up_read(&dev->in_use);
	return ret;
}

/**
 * dmw_device_message() - do what a message asks for
 * @dev:    volume
 * @argc:   words
 * @argv:   words
 * @result: receives an answer
 * @maxlen: room for it
 *
 * Context: may sleep. The volume stays in use meanwhile: dmw_device_stop() waits. Not for those that
 * run always: dm keeps the table until they return, and that is enough for them.
 * Return: 1 with an answer, 0 without one, or an errno.
 */
int dmw_device_message(struct dmw_device *dev, unsigned int argc, char **argv, char *result,
		       unsigned int maxlen)
{
	unsigned int i, noio;
	int ret;

	for (i = 0; i < ARRAY_SIZE(messages); i++)
		if (argc == messages[i].args + 1 && !strcasecmp(argv[0], messages[i].name))
			break;
	if (i == ARRAY_SIZE(messages))
		return -EINVAL;
	/* Who waits for memory here may wait for a write that waits for us, or for a suspension. */
	noio = memalloc_noio_save();
	if (messages[i].always)
		ret = messages[i].run(dev, argv + 1, result, maxlen);
	else
		ret = run_in_use(dev, i, argv, result, maxlen);
	memalloc_noio_restore(noio);
	return ret;
}
