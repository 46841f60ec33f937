// SPDX-License-Identifier: GPL-2.0-or-later
/* libdmwarrant's way to a device (device.c there): the LUN in memory. */
#include "fuzz.h"

int lib_device_open(struct libdmwarrant *ctx, const char *path, unsigned int flags,
		    struct lib_device *d)
{
	memset(d, 0, sizeof(*d));
	d->fd = -1;
	d->device.version = LIBDMWARRANT_DEVICE_VERSION;
	d->device.size = lun.blocks << DMW_SECTOR_SHIFT;
	d->device.logical_block = lun.logical_block;
	d->device.physical_block = DMW_SECTOR_SIZE;
	lib_copy(d->device.path, sizeof(d->device.path), path);
	return 0;
}

void lib_device_close(struct lib_device *d)
{
}

void lib_host_init(struct dmw_host *h, int fd, const struct libdmwarrant_keyset *keyset)
{
	memset(h, 0, sizeof(*h));
	h->fd = fd;
	h->keyset = keyset;
}

void lib_host_destroy(struct dmw_host *h)
{
}
