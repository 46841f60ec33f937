// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices: opened, measured, identified. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib_private.h"

/* ---- sysfs ---- */

/* First line of an attribute. Return: its length, or -1 when there is none. */
int lib_sysfs_read(dev_t dev, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return strlen(text);
}

/**
 * lib_sysfs_device_path() - the path in /dev that belongs to a device number
 *
 * Return: 0, or -ENODEV.
 */
int lib_sysfs_device_path(dev_t dev, char *path, size_t size)
{
	char text[1024], link[64], *name;
	ssize_t n;

	if (lib_sysfs_read(dev, "dm/name", text, sizeof(text)) > 0) {
		snprintf(path, size, "/dev/mapper/%s", text);
		return 0;
	}
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	n = readlink(link, text, sizeof(text) - 1);
	if (n < 0)
		return -ENODEV;
	text[n] = 0;
	name = strrchr(text, '/');
	if (!name)
		return -ENODEV;
	/* sysfs writes '!' where a device's name has '/' (cciss!c0d0). */
	for (char *p = name + 1; *p; p++)
		if (*p == '!')
			*p = '/';
	snprintf(path, size, "/dev/%s", name + 1);
	return 0;
}

/** lib_sysfs_wwid() - WWID of a device as the kernel has it; "" = none */
void lib_sysfs_wwid(dev_t dev, char *wwid, size_t size)
{
	static const char *const names[] = { "wwid", "device/wwid", "dm/uuid" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (lib_sysfs_read(dev, names[i], wwid, size) <= 0)
			continue;
		/* SCSI's is padded with blanks. */
		for (size_t n = strlen(wwid); n && wwid[n - 1] == ' '; n--)
			wwid[n - 1] = 0;
		return;
	}
	wwid[0] = 0;
}

/* ---- opening ---- */

static int measure_block(struct lib_device *d)
{
	struct libdmwarrant_device *i = &d->device;
	int logical = 0, read_only = 0;
	char text[32];

	if (ioctl(d->fd, BLKGETSIZE64, &i->size) || ioctl(d->fd, BLKSSZGET, &logical) ||
	    ioctl(d->fd, BLKPBSZGET, &i->physical_block) || ioctl(d->fd, BLKROGET, &read_only))
		return -errno;
	i->logical_block = logical;
	if (ioctl(d->fd, BLKALIGNOFF, &i->alignment_offset))
		i->alignment_offset = 0;
	i->flags = LIBDMWARRANT_DEVICE_BLOCK;
	if (read_only)
		i->flags |= LIBDMWARRANT_DEVICE_READ_ONLY;
	if (lib_sysfs_read(d->st.st_rdev, "partition", text, sizeof(text)) > 0) {
		i->flags |= LIBDMWARRANT_DEVICE_PARTITION;
		if (lib_sysfs_read(d->st.st_rdev, "start", text, sizeof(text)) > 0)
			i->partition_start = strtoull(text, NULL, 10) * 512;
	}
	lib_sysfs_wwid(d->st.st_rdev, i->wwid, sizeof(i->wwid));
	return 0;
}

/* An image file: its blocks are those of any modern filesystem below it. */
static void measure_file(struct lib_device *d)
{
	d->device.size = d->st.st_size;
	d->device.logical_block = 512;
	d->device.physical_block = DMW_SECTOR_SIZE;
}

static int measure(struct libdmwarrant *ctx, struct lib_device *d, const char *path)
{
	int ret;

	d->device.version = LIBDMWARRANT_DEVICE_VERSION;
	lib_device_use(d->device.path, &d->st, d->device.in_use, sizeof(d->device.in_use));
	if (S_ISREG(d->st.st_mode)) {
		measure_file(d);
		return 0;
	}
	ret = measure_block(d);
	if (ret)
		return lib_fail(ctx, ret, "cannot query %s: %s", path, strerror(-ret));
	/*
	 * Others write to the device past its page cache: device-mapper targets below it, other
	 * hosts. What is read from here on must come from the LUN.
	 */
	ioctl(d->fd, BLKFLSBUF, 0);
	posix_fadvise(d->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* Files know no O_EXCL; a lock at least keeps two of us apart, and udev off a block device. */
static int lock(struct lib_device *d, unsigned int flags)
{
	int how = flags & LIB_DEVICE_WRITE ? LOCK_EX : LOCK_SH;

	if (S_ISREG(d->st.st_mode))
		return flock(d->fd, how | LOCK_NB) ? -EBUSY : 0;
	if (flags & LIB_DEVICE_WRITE)
		return flock(d->fd, LOCK_EX) ? -errno : 0;
	return 0;
}

static int open_failed(struct libdmwarrant *ctx, const char *path, struct lib_device *d, int err)
{
	if (err == -EBUSY) {
		lib_device_use(d->device.path, &d->st, d->device.in_use, sizeof(d->device.in_use));
		return lib_fail(ctx, err, "%s is in use: %s; release it first", path,
				d->device.in_use[0] ? d->device.in_use :
				"another program or the kernel has it open exclusively");
	}
	return lib_fail(ctx, err, "cannot open %s: %s", path, strerror(-err));
}

/**
 * lib_device_open() - open and measure a device or image file
 * @ctx:   for the error text
 * @path:  device
 * @flags: LIB_DEVICE_...
 * @d:     receives it; lib_device_close() it, also after a failure
 */
int lib_device_open(struct libdmwarrant *ctx, const char *path, unsigned int flags,
		    struct lib_device *d)
{
	int mode = (flags & LIB_DEVICE_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY;
	char *real;
	int ret;

	memset(d, 0, sizeof(*d));
	d->fd = -1;
	real = realpath(path, NULL);
	if (!real)
		return lib_fail(ctx, -errno, "cannot open %s: %s", path, strerror(errno));
	lib_copy(d->device.path, sizeof(d->device.path), real);
	free(real);
	if (stat(path, &d->st))
		return open_failed(ctx, path, d, -errno);
	if (!S_ISBLK(d->st.st_mode) && !S_ISREG(d->st.st_mode))
		return lib_fail(ctx, -ENOTBLK,
				"%s is neither a block device nor an image file; name the LUN",
				path);
	if (S_ISBLK(d->st.st_mode) && (flags & LIB_DEVICE_EXCLUSIVE))
		mode |= O_EXCL;
	d->fd = open(path, mode);
	if (d->fd < 0)
		return open_failed(ctx, path, d, -errno);
	if (fstat(d->fd, &d->st))
		return open_failed(ctx, path, d, -errno);
	ret = measure(ctx, d, path);
	if (ret || !(flags & LIB_DEVICE_EXCLUSIVE))
		return ret;
	ret = d->device.in_use[0] ? -EBUSY : lock(d, flags);
	return ret ? open_failed(ctx, path, d, ret) : 0;
}

void lib_device_close(struct lib_device *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

int libdmwarrant_device_probe(struct libdmwarrant *ctx, const char *path,
			      struct libdmwarrant_device *device)
{
	struct lib_device d;
	int ret;

	if (device->version != LIBDMWARRANT_DEVICE_VERSION)
		return lib_fail_version(ctx, device->version, LIBDMWARRANT_DEVICE_VERSION);
	ret = lib_device_open(ctx, path, 0, &d);
	if (!ret)
		ret = lib_signatures_probe(ctx, &d);
	if (!ret)
		*device = d.device;
	lib_device_close(&d);
	return ret;
}
