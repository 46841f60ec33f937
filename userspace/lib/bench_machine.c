// SPDX-License-Identifier: GPL-2.0-or-later
/* What a figure is of: the machine. */
#include <sched.h>
#include <sys/utsname.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "bench.h"

/* QEMU's translator says so in the leaf where hypervisors say who they are. */
static bool is_translated(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned int eax, id[3] = { 0 };

	__cpuid(0x40000000, eax, id[0], id[1], id[2]);
	return !memcmp(id, "TCGTCGTCGTCG", sizeof(id));
#else
	return false;
#endif
}

static void scan_cpuinfo(struct libdmwarrant_bench_machine *m)
{
	bool flags = false, aes = false;
	char line[8192];
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = ' ';
		if (!m->cpu[0])
			sscanf(line, "model name : %79[^\t]", m->cpu);
		/* x86's word, and ARM's. */
		if (strncmp(line, "flags", 5) && strncmp(line, "Features", 8))
			continue;
		flags = true;
		aes = aes || strstr(line, " aes ");
	}
	if (f)
		fclose(f);
	if (flags && !aes)
		m->flags |= LIBDMWARRANT_BENCH_NO_AES;
	for (size_t n = strlen(m->cpu); n && m->cpu[n - 1] == ' '; n--)
		m->cpu[n - 1] = 0;
}

int libdmwarrant_bench_machine(struct libdmwarrant *ctx, struct libdmwarrant_bench_machine *m)
{
	struct utsname u;
	cpu_set_t cpus;

	if (m->version != LIBDMWARRANT_BENCH_VERSION)
		return lib_fail_version(ctx, m->version, LIBDMWARRANT_BENCH_VERSION);
	memset(m, 0, sizeof(*m));
	m->version = LIBDMWARRANT_BENCH_VERSION;
	scan_cpuinfo(m);
	if (is_translated() || strstr(m->cpu, "QEMU TCG"))
		m->flags |= LIBDMWARRANT_BENCH_EMULATED;
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		m->cpus = CPU_COUNT(&cpus);
	if (!uname(&u))
		lib_copy(m->kernel, sizeof(m->kernel), u.release);
	return 0;
}
