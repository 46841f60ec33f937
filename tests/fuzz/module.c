// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module around table.c and target.c, cut off: each of its functions that can fail does when it
 * is told to.
 */
#include "fuzz.h"
#include "device.h"

struct dmw_keys *dmw_keys_create(const struct dmw_table *t, char **error)
{
	*error = "no keys";
	return failing(1) ? ERR_PTR(-ENOKEY) : malloc(1);
}

void dmw_keys_destroy(struct dmw_keys *keys)
{
	free(keys);
}

int dmw_buffers_init(struct dmw_device *dev)
{
	return failing(-ENOMEM);
}

int dmw_host_init(struct dmw_host *h, struct dmw_device *dev)
{
	return failing(-ENOMEM);
}

int dmw_workers_init(struct dmw_device *dev)
{
	return failing(-ENOMEM);
}

enum dmw_load_error dmw_device_probe(struct dmw_device *dev)
{
	return failing(1) ? DMW_LOAD_ROLLED_BACK : DMW_LOAD_OK;
}

int dmw_device_start(struct dmw_device *dev)
{
	return failing(-EIO);
}

int dmw_device_checkpoint(struct dmw_device *dev)
{
	return failing(-EIO);
}

void dmw_buffers_exit(struct dmw_device *dev) {}
void dmw_host_exit(struct dmw_host *h) {}
void dmw_workers_exit(struct dmw_device *dev) {}
void dmw_cache_exit(struct dmw_device *dev) {}
void dmw_device_stop(struct dmw_device *dev) {}
void dmw_device_request_checkpoint(struct dmw_device *dev) {}
void dmw_buffers_get(struct dmw_bio *b) {}
void dmw_assign_init(struct dmw_device *dev) {}
void dmw_assign_exit(struct dmw_device *dev) {}
void dmw_sweeper_init(struct dmw_device *dev) {}
void dmw_sweeper_stop(struct dmw_device *dev) {}

/* message.c itself is there. */
#define MESSAGE(name)									\
	int dmw_message_##name(struct dmw_device *dev, char **argv, char *result,	\
			       unsigned int maxlen)					\
	{										\
		return failing(-EIO);							\
	}

MESSAGE(keys)
MESSAGE(tag_create)
MESSAGE(tag_edit)
MESSAGE(tag_state)
MESSAGE(keys_forget)
MESSAGE(tag_show)
MESSAGE(tag_list)
MESSAGE(assign)
MESSAGE(job)
MESSAGE(extents)
MESSAGE(epoch)
MESSAGE(epochs)
MESSAGE(sweep)
MESSAGE(sweep_share)
MESSAGE(retire)
MESSAGE(forget)
