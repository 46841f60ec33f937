// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel counts: I/O of the LUN, time of the CPUs. */
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

/* All that is neither idle nor waiting, of all CPUs. */
static u64 cpu_ns(void)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq;
	char text[256];
	ssize_t n;
	int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
		   &iowait, &irq, &softirq) != 7)
		return 0;
	return (user + nice + system + irq + softirq) * (1000000000ULL / sysconf(_SC_CLK_TCK));
}

/** lib_bench_count() - look at the counters of a LUN, and of the CPUs; what is not counted is 0 */
void lib_bench_count(dev_t lun, struct lib_bench_count *c)
{
	unsigned long long read = 0, written = 0, flushes = 0;
	char text[512];

	memset(c, 0, sizeof(*c));
	if (lib_sysfs_read(lun, "stat", text, sizeof(text)) > 0 &&
	    sscanf(text, "%*u %*u %llu %*u %*u %*u %llu %*u %*u %*u %*u %*u %*u %*u %*u %llu",
		   &read, &written, &flushes) >= 2) {
		c->read = read * 512;
		c->written = written * 512;
		c->flushes = flushes;
	}
	c->cpu_ns = cpu_ns();
}

/** lib_bench_counted() - enter what has been counted since */
void lib_bench_counted(dev_t lun, const struct lib_bench_count *before,
		       struct libdmwarrant_bench_cell *cell)
{
	struct lib_bench_count now;

	lib_bench_count(lun, &now);
	cell->lun_read_bytes = now.read - before->read;
	cell->lun_written_bytes = now.written - before->written;
	cell->lun_flushes = now.flushes - before->flushes;
	cell->cpu_ns = now.cpu_ns - before->cpu_ns;
}
