// SPDX-License-Identifier: GPL-2.0-or-later
/* A measurement as tables, with what is to be known of its figures. */
#include <string.h>

#include "bench.h"

#define MIB	(1024.0 * 1024)

/* ---- ciphers ---- */

static double encrypt_speed(const struct libdmwarrant_bench_ciphers *all, uint32_t i)
{
	return bench_cipher_speed(all, i, all->cipher[i].encrypt_ns);
}

static void cipher_line(const struct libdmwarrant_bench_ciphers *all, uint32_t i, double xts,
			FILE *f)
{
	const struct libdmwarrant_bench_cipher *c = &all->cipher[i];

	if (c->through == LIBDMWARRANT_BENCH_ABSENT) {
		fprintf(f, "%-31s absent: %s\n", c->name, c->why_absent);
		return;
	}
	fprintf(f, "%-31s %4u  %9.1f  %9.1f", c->name, c->key_bits, encrypt_speed(all, i) / MIB,
		bench_cipher_speed(all, i, c->decrypt_ns) / MIB);
	if (xts)
		fprintf(f, "  %5.0f %%", 100 * encrypt_speed(all, i) / xts);
	else
		fprintf(f, "  %7s", "-");
	fprintf(f, "  %-25s %s\n", c->use, c->driver);
}

static double xts_speed(const struct libdmwarrant_bench_ciphers *all)
{
	uint32_t i;

	for (i = 0; i < all->count; i++)
		if (!strcmp(all->cipher[i].name, "xts(aes)"))
			return encrypt_speed(all, i);
	return 0;
}

static void cipher_notes(const struct libdmwarrant_bench_ciphers *all, FILE *f)
{
	const struct libdmwarrant_bench_cipher *ours = &all->cipher[0];

	fputs("# Sectors of 4096 bytes, each with a nonce of its own, in memory, on one CPU.\n", f);
	if (ours->through == LIBDMWARRANT_BENCH_OPENSSL)
		fputs("# This kernel does not let its ciphers be asked (no AF_ALG): these are OpenSSL's,\n"
		      "# the kernel's may be faster or slower.\n", f);
	else if (bench_has_net(all))
		fprintf(f, "# The kernel's ciphers, asked through AF_ALG; the way there and back, %.2f us of %.2f us\n"
			"# for a sector under %s, is taken off.\n", ours->call_ns / 1000.0,
			ours->encrypt_ns / 1000.0, ours->name);
	else
		fprintf(f, "# The kernel's ciphers, asked through AF_ALG. The way there and back, %.2f us of %.2f us\n"
			"# for a sector under %s, is included: inside of the kernel they are faster.\n",
			ours->call_ns / 1000.0, ours->encrypt_ns / 1000.0, ours->name);
}

static void cipher_table(const struct libdmwarrant_bench_ciphers *all, FILE *f)
{
	uint32_t i;

	fprintf(f, "%-31s %4s  %9s  %9s  %7s  %-25s %s\n", "# cipher", "key", "encrypt",
		"decrypt", "of xts", "used by", "implementation");
	fprintf(f, "%-31s %4s  %9s  %9s\n", "#", "bits", "MiB/s", "MiB/s");
	for (i = 0; i < all->count; i++)
		cipher_line(all, i, xts_speed(all), f);
	cipher_notes(all, f);
}

/* ---- a LUN ---- */

static void put_ratio(const struct libdmwarrant_bench_cell *cell,
		      const struct libdmwarrant_bench_cell *of, FILE *f)
{
	if (of->ios)
		fprintf(f, "  %5.0f %%", 100 * bench_speed(cell) / bench_speed(of));
	else
		fprintf(f, "  %7s", "-");
}

static void put_counted(const struct bench *b, const struct libdmwarrant_bench_cell *cell,
			bool writes, FILE *f)
{
	uint64_t lun = cell->lun_written_bytes + cell->lun_read_bytes;

	if (!(b->lun.flags & LIBDMWARRANT_BENCH_COUNTED))
		return;
	fprintf(f, "  %8.2f", (double)lun / cell->bytes);
	if (!writes || !b->writing)
		return;
	if (b->lun.flags & LIBDMWARRANT_BENCH_FLUSHES_COUNTED)
		fprintf(f, "  %8.3f", (double)cell->lun_flushes / cell->ios);
	else
		fprintf(f, "  %8s", "-");
}

static void cell_line(const struct bench *b, unsigned int job, int stack, FILE *f)
{
	const struct libdmwarrant_bench_cell *cell = &b->lun.cell[stack][job];
	bool writes = libdmwarrant_bench_job(job)->flags & LIBDMWARRANT_BENCH_WRITES;

	if (!cell->ios)
		return;
	fprintf(f, "  %-27s %8.1f  %8.0f  %8.1f  %8.1f  %8.1f",
		libdmwarrant_bench_stack_name(stack), bench_speed(cell) / MIB,
		cell->ios * 1e9 / cell->elapsed_ns, cell->p50_ns / 1e3, cell->p99_ns / 1e3,
		cell->p999_ns / 1e3);
	put_ratio(cell, &b->lun.cell[LIBDMWARRANT_BENCH_RAW][job], f);
	if (b->writing)
		put_ratio(cell, &b->lun.cell[LIBDMWARRANT_BENCH_XTS][job], f);
	put_counted(b, cell, writes, f);
	fputc('\n', f);
}

static bool has_run(const struct bench *b, unsigned int job)
{
	int stack;

	for (stack = 0; stack < LIBDMWARRANT_BENCH_STACKS; stack++)
		if (b->lun.cell[stack][job].ios)
			return true;
	return false;
}

static void lun_head(const struct bench *b, FILE *f)
{
	bool counted = b->lun.flags & LIBDMWARRANT_BENCH_COUNTED;

	fprintf(f, "%-29s %8s  %8s  %8s  %8s  %8s  %7s", "#", "MiB/s", "I/O per s", "p50 us",
		"p99 us", "p99.9 us", "of LUN");
	if (b->writing)
		fprintf(f, "  %7s", "of xts");
	if (counted)
		fprintf(f, "  %8s", "LUN B/B");
	if (counted && b->writing)
		fprintf(f, "  %8s", "flush/IO");
	fputc('\n', f);
}

static void lun_table(const struct bench *b, FILE *f)
{
	char size[16], part[16], area[16];
	unsigned int job;
	int stack;

	fprintf(f, "# %s, %s: the first %s, of which I/O goes to %s", b->lun.device,
		cli_size(b->lun.size, size), cli_size(b->lun.part, part),
		cli_size(b->lun.area, area));
	fprintf(f, "%s%s\n", b->lun.volume[0] ? "; volume " : "", b->lun.volume);
	lun_head(b, f);
	for (job = 0; libdmwarrant_bench_job(job); job++) {
		if (!has_run(b, job))
			continue;
		fprintf(f, "%s\n", libdmwarrant_bench_job(job)->name);
		for (stack = 0; stack < LIBDMWARRANT_BENCH_STACKS; stack++)
			cell_line(b, job, stack, f);
	}
}

/* Of a volume's reads, those of sectors that were never written do not reach the LUN. */
static bool is_unwritten(const struct bench *b)
{
	const struct libdmwarrant_bench_cell *c = &b->lun.cell[LIBDMWARRANT_BENCH_WARRANT][0];

	return !b->writing && b->lun.volume[0] && (b->lun.flags & LIBDMWARRANT_BENCH_COUNTED) &&
	       c->lun_read_bytes < c->bytes / 2;
}

static void lun_notes(const struct bench *b, FILE *f)
{
	int stack;

	for (stack = 0; b->writing && stack < LIBDMWARRANT_BENCH_STACKS; stack++)
		if (b->lun.why_absent[stack][0])
			fprintf(f, "# %s is absent: %s\n", libdmwarrant_bench_stack_name(stack),
				b->lun.why_absent[stack]);
	fputs("# p50: half of the I/O took no longer; p99, p99.9: 99 and 99.9 %. of LUN, of xts: MiB/s\n"
	      "# in relation to the LUN itself and to dm-crypt xts, which keeps secrets but notices no\n"
	      "# change. p99.9 of fewer than 1000 I/Os is the slowest of them.\n", f);
	if (b->lun.flags & LIBDMWARRANT_BENCH_COUNTED)
		fputs("# LUN B/B: bytes that the LUN read and wrote for each byte, journals and seals included.\n",
		      f);
	else
		fputs("# The LUN does not count what comes to it, so nobody knows how much that is.\n", f);
	if (b->lun.in_use[0])
		fprintf(f, "# In use meanwhile: %s. The figures are those beside its other users,\n"
			"# whose bytes are in LUN B/B, too.\n", b->lun.in_use);
	if (is_unwritten(b))
		fputs("# Most of what was read of the volume was never written: it reads as zeros and costs\n"
		      "# the LUN nothing. --size to the part that is in use, or bench --write on another LUN.\n",
		      f);
}

/* ---- all of it ---- */

static void machine_line(const struct libdmwarrant_bench_machine *m, FILE *f)
{
	fprintf(f, "# %s, %u CPU%s, Linux %s\n", m->cpu[0] ? m->cpu : "CPU unknown", m->cpus,
		m->cpus == 1 ? "" : "s", m->kernel);
	if (m->flags & LIBDMWARRANT_BENCH_NO_AES)
		fputs("# This CPU has no instructions for AES, or hides them (virtual machine: CPU model \"host\"):\n"
		      "# every cipher here is far slower than it could be.\n", f);
}

void bench_text(const struct bench *b, FILE *f)
{
	machine_line(&b->machine, f);
	if (b->on_lun)
		lun_table(b, f);
	else
		cipher_table(&b->ciphers, f);
	if (b->on_lun)
		lun_notes(b, f);
	if (b->machine.flags & LIBDMWARRANT_BENCH_EMULATED)
		fputs("# The CPU is emulated by a program: no figure here says how fast hardware would be, and\n"
		      "# ratios between ciphers are not those of hardware either.\n", f);
}
