// SPDX-License-Identifier: GPL-2.0-or-later
/* Who uses a device: mounts, swap, devices stacked on it, loop devices. */
#include <dirent.h>
#include <fcntl.h>
#include <libmount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib_private.h"

/* ---- mounts and swap ---- */

static void use_swap(const char *path, char *text, size_t size)
{
	struct libmnt_table *tb = mnt_new_table();

	if (tb && !mnt_table_parse_swaps(tb, NULL) &&
	    mnt_table_find_srcpath(tb, path, MNT_ITER_FORWARD))
		snprintf(text, size, "swap space");
	mnt_unref_table(tb);
}

/**
 * lib_device_use_mount() - where a device is mounted, or that it is swap
 * @dev:  device number
 * @path: canonical path
 * @text: receives "mounted on ...", or "" when it is neither
 * @size: of @text
 *
 * Device numbers find a mount whatever name it was mounted by; names find a filesystem that has
 * numbers of its own, as btrfs has.
 */
void lib_device_use_mount(dev_t dev, const char *path, char *text, size_t size)
{
	struct libmnt_table *tb = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *it = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs = NULL, *found = NULL;

	text[0] = 0;
	while (tb && it && !found && !mnt_table_next_fs(tb, it, &fs))
		if (mnt_fs_get_devno(fs) == dev)
			found = fs;
	if (tb && !found)
		found = mnt_table_find_srcpath(tb, path, MNT_ITER_FORWARD);
	if (found)
		snprintf(text, size, "mounted on %s", mnt_fs_get_target(found));
	mnt_free_iter(it);
	mnt_unref_table(tb);
	if (!text[0])
		use_swap(path, text, size);
}

/* ---- holders ---- */

/* First entry of a sysfs directory of the device. Return: 0, or -ENOENT. */
int lib_sysfs_first_entry(dev_t dev, const char *dir, char *name, size_t size)
{
	char path[PATH_MAX];
	struct dirent *e;
	int ret = -ENOENT;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), dir);
	d = opendir(path);
	while (ret && d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		lib_copy(name, size, e->d_name);
		ret = 0;
	}
	if (d)
		closedir(d);
	return ret;
}

static void use_holder(dev_t dev, const char *prefix, char *text, size_t size)
{
	char holder[NAME_MAX + 1], attribute[NAME_MAX + 32], name[128];

	if (lib_sysfs_first_entry(dev, "holders", holder, sizeof(holder)))
		return;
	snprintf(attribute, sizeof(attribute), "holders/%s/dm/name", holder);
	if (lib_sysfs_read(dev, attribute, name, sizeof(name)) > 0)
		snprintf(text, size, "%sheld by the device-mapper device %s", prefix, name);
	else
		snprintf(text, size, "%sheld by %s", prefix, holder);
}

/* A partition is no better than its disk: multipath and md hold whole disks. */
static void use_disk(dev_t dev, char *text, size_t size)
{
	char number[32];
	unsigned int maj, min;

	if (lib_sysfs_read(dev, "partition", number, sizeof(number)) <= 0 ||
	    lib_sysfs_read(dev, "../dev", number, sizeof(number)) <= 0 ||
	    sscanf(number, "%u:%u", &maj, &min) != 2)
		return;
	use_holder(makedev(maj, min), "its disk is ", text, size);
}

/* ---- processes ---- */

static bool has_open(const char *pid, dev_t dev)
{
	char dir[64], path[64 + NAME_MAX + 2];
	bool found = false;
	struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%.20s/fd", pid);
	d = opendir(dir);
	while (d && !found && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		found = !stat(path, &st) && S_ISBLK(st.st_mode) && st.st_rdev == dev;
	}
	if (d)
		closedir(d);
	return found;
}

/**
 * lib_device_use_process() - a process that has the block device open
 * @dev:  device number
 * @text: receives "opened by process PID"; "" = none that we may see
 * @size: of @text
 */
void lib_device_use_process(dev_t dev, char *text, size_t size)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	text[0] = 0;
	while (d && !text[0] && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_open(e->d_name, dev))
			snprintf(text, size, "opened by process %.20s", e->d_name);
	if (d)
		closedir(d);
}

/* ---- loop devices ---- */

static bool is_backing(const char *loop, const char *path)
{
	char attribute[PATH_MAX], file[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(attribute, sizeof(attribute), "/sys/block/%s/loop/backing_file", loop);
	fd = open(attribute, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, file, sizeof(file) - 1);
	close(fd);
	if (n <= 0)
		return false;
	file[n] = 0;
	file[strcspn(file, "\n")] = 0;
	return !strcmp(file, path);
}

static void use_loop(const char *path, char *text, size_t size)
{
	DIR *d = opendir("/sys/block");
	struct dirent *e;

	while (d && !text[0] && (e = readdir(d)))
		if (!strncmp(e->d_name, "loop", 4) && is_backing(e->d_name, path))
			snprintf(text, size, "attached as /dev/%s", e->d_name);
	if (d)
		closedir(d);
}

/**
 * lib_device_use() - who uses a device or an image file
 * @path: canonical
 * @st:   of it
 * @text: receives whom, for people; "" = nobody that can be found
 * @size: of @text
 */
void lib_device_use(const char *path, const struct stat *st, char *text, size_t size)
{
	text[0] = 0;
	if (S_ISREG(st->st_mode)) {
		use_loop(path, text, size);
		return;
	}
	lib_device_use_mount(st->st_rdev, path, text, size);
	if (!text[0])
		use_holder(st->st_rdev, "", text, size);
	if (!text[0])
		use_disk(st->st_rdev, text, size);
}
