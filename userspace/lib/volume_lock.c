// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files in /run that keep the processes of this host apart: one at a time opens or closes a volume,
 * and one guards it. Locks go with their process, however that ends; the files go with the boot.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "warrant_volume.h"

#define INTERVAL_MS	50

/**
 * lib_run_file() - name of a volume's file in /run; makes the directory
 * @ctx:    context; NULL = errors do not matter
 * @uuid:   of the volume; NULL = of no volume in particular
 * @suffix: ".lock"
 * @path:   receives it
 * @size:   of @path
 */
int lib_run_file(struct libdmwarrant *ctx, const u8 *uuid, const char *suffix, char *path,
		 size_t size)
{
	char text[37] = "all";
	struct stat st;

	if (uuid)
		libdmwarrant_uuid_format(uuid, text);
	snprintf(path, size, LIB_RUN_DIR "/%s%s", text, suffix);
	if (mkdir(LIB_RUN_DIR, 0700) && errno != EEXIST)
		return ctx ? lib_fail(ctx, -errno, "cannot make " LIB_RUN_DIR ": %s; run as root",
				      strerror(errno)) : -errno;
	/* /run is root's, so that whoever made it there is root, or we are in a test of our own. */
	if (!lstat(LIB_RUN_DIR, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 0022))
		return 0;
	if (ctx)
		lib_fail(ctx, -EACCES,
			 LIB_RUN_DIR " is not a directory that only this user can write; remove it");
	return -EACCES;
}

static int open_file(struct libdmwarrant *ctx, const u8 *uuid, const char *suffix)
{
	char path[128];
	int ret = lib_run_file(ctx, uuid, suffix, path, sizeof(path));
	int fd;

	if (ret)
		return ret;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? lib_fail(ctx, -errno, "cannot open %s: %s", path, strerror(errno)) : fd;
}

/**
 * lib_volume_lock() - be the only one on this host to open, close or make a volume
 * @ctx:        context
 * @uuid:       of the volume; NULL = of those that are being made
 * @timeout_ms: how long to wait
 *
 * Return: what to give to lib_volume_unlock(), or a negative errno.
 */
int lib_volume_lock(struct libdmwarrant *ctx, const u8 *uuid, u32 timeout_ms)
{
	static const struct timespec interval = { 0, INTERVAL_MS * 1000000 };
	int fd = open_file(ctx, uuid, ".lock");
	u32 waited;

	if (fd < 0)
		return fd;
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += INTERVAL_MS) {
		if (waited >= timeout_ms) {
			close(fd);
			return lib_fail(ctx, -EBUSY,
					"another warrantctl is opening, closing or making this volume; try again when it has ended");
		}
		nanosleep(&interval, NULL);
	}
	return fd;
}

void lib_volume_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

/* ---- the guard's ---- */

/**
 * lib_guard_lock() - be the only guard of a volume on this host
 *
 * Return: what to give to lib_volume_unlock(); -EALREADY it has a guard; errors.
 */
int lib_guard_lock(struct libdmwarrant *ctx, const u8 *uuid)
{
	int fd = open_file(ctx, uuid, ".guard");
	char pid[16];
	int n;

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return lib_fail(ctx, -EALREADY, "the volume has a guard: process %lld",
				(long long)lib_guard_pid(uuid));
	}
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, n, 0) != n) {
		n = -errno;
		close(fd);
		return lib_fail(ctx, n, "cannot write to " LIB_RUN_DIR ": %s", strerror(-n));
	}
	return fd;
}

/** lib_guard_pid() - process of the volume's guard on this host; 0 = it has none */
s64 lib_guard_pid(const u8 *uuid)
{
	char path[128], text[16] = "";
	s64 pid = 0;
	int fd;

	if (lib_run_file(NULL, uuid, ".guard", path, sizeof(path)))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	/* Who can lock it finds that nobody guards. */
	if (flock(fd, LOCK_SH | LOCK_NB) && pread(fd, text, sizeof(text) - 1, 0) > 0)
		pid = strtoll(text, NULL, 10);
	close(fd);
	return pid;
}
