// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock of a store: many readers or one writer; waited for, but not for ever. */
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store_dir.h"

#define INTERVAL_MS	20

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Who holds it, as /proc/locks has it: "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF". */
static void find_holder(int fd, char *text, size_t size)
{
	FILE *f = fopen("/proc/locks", "re");
	unsigned long long inode;
	char line[256];
	struct stat st;
	long pid;

	snprintf(text, size, "another process has it locked");
	if (!f)
		return;
	if (fstat(fd, &st))
		st.st_ino = 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s FLOCK %*s %*s %ld %*x:%*x:%llu", &pid, &inode) == 2 &&
		    inode == st.st_ino) {
			snprintf(text, size, "process %ld has it locked", pid);
			break;
		}
	fclose(f);
}

static int wait_for(int fd, int how, u32 timeout_ms)
{
	static const struct timespec interval = { 0, INTERVAL_MS * 1000000 };
	u64 end = now_ms() + timeout_ms;

	while (flock(fd, how | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (now_ms() >= end)
			return -ETIMEDOUT;
		nanosleep(&interval, NULL);
	}
	return 0;
}

/**
 * lib_lock() - lock a store
 * @d:          its directory
 * @name:       of the lock file
 * @exclusive:  to write; else to read, among others
 * @timeout_ms: how long to wait
 *
 * The kernel takes the lock away when the process ends, however it ends.
 *
 * Return: what to give to lib_unlock(), or a negative errno.
 */
int lib_lock(const struct lib_dir *d, const char *name, bool exclusive, u32 timeout_ms)
{
	int fd = lib_file_open(d, name, exclusive ? O_RDWR : O_RDONLY);
	char holder[64];
	int ret;

	if (fd < 0)
		return fd;
	ret = wait_for(fd, exclusive ? LOCK_EX : LOCK_SH, timeout_ms);
	if (!ret)
		return fd;
	find_holder(fd, holder, sizeof(holder));
	close(fd);
	if (ret != -ETIMEDOUT)
		return lib_fail(d->ctx, ret, "cannot lock %s: %s", d->path, strerror(-ret));
	return lib_fail(d->ctx, ret,
			"the key store %s did not answer within %u.%u s: %s; try again when that has ended",
			d->path, timeout_ms / 1000, timeout_ms % 1000 / 100, holder);
}

void lib_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}
