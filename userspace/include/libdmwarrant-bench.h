/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant, measuring: how fast is it here, against what people know?
 *
 * The conventions of libdmwarrant.h hold. Times are in nanoseconds, sizes in bytes. The library's
 * progress function is called all the time; when it returns non-zero, what was made for the
 * measurement is taken down and the call returns -ECANCELED.
 */
#ifndef LIBDMWARRANT_BENCH_H
#define LIBDMWARRANT_BENCH_H

#include "libdmwarrant.h"

struct libdmwarrant_registry;

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_BENCH_VERSION	1

/* ---- machine ---- */

#define LIBDMWARRANT_BENCH_EMULATED	(1U << 0)	/* the CPU is a program: times say little */
#define LIBDMWARRANT_BENCH_NO_AES	(1U << 1)	/* the CPU has no instructions for AES */

/**
 * struct libdmwarrant_bench_machine - what the figures are of
 * @version:  LIBDMWARRANT_BENCH_VERSION
 * @flags:    LIBDMWARRANT_BENCH_EMULATED, LIBDMWARRANT_BENCH_NO_AES
 * @cpus:     that this process may use
 * @cpu:      model; "" = unknown
 * @kernel:   its release
 * @reserved: zero
 */
struct libdmwarrant_bench_machine {
	uint32_t	version;
	uint32_t	flags;
	uint32_t	cpus;
	char		cpu[80];
	char		kernel[80];
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_bench_machine() - look at the machine
 * @ctx: context
 * @m:   receives it
 *
 * Return: 0.
 */
int libdmwarrant_bench_machine(struct libdmwarrant *ctx, struct libdmwarrant_bench_machine *m);

/* ---- ciphers ---- */

/**
 * enum libdmwarrant_bench_through - who encrypted
 * @LIBDMWARRANT_BENCH_ABSENT:  nobody
 * @LIBDMWARRANT_BENCH_KERNEL:  the kernel, asked through AF_ALG sockets
 * @LIBDMWARRANT_BENCH_OPENSSL: OpenSSL, in this process
 */
enum libdmwarrant_bench_through {
	LIBDMWARRANT_BENCH_ABSENT,
	LIBDMWARRANT_BENCH_KERNEL,
	LIBDMWARRANT_BENCH_OPENSSL,
};

#define LIBDMWARRANT_BENCH_CIPHERS	3

/**
 * struct libdmwarrant_bench_cipher - one sector of 4096 bytes under a cipher, on one CPU
 * @through:    enum libdmwarrant_bench_through
 * @key_bits:   of all keys together
 * @name:       as the kernel calls it
 * @use:        who encrypts a sector like this
 * @driver:     the kernel's implementation, or OpenSSL's release
 * @why_absent: when it is
 * @encrypt_ns: a sector
 * @decrypt_ns: likewise
 * @call_ns:    how much of both is the way into the kernel and back, found with a cipher that does
 *              nothing; 0 = unknown, or none
 */
struct libdmwarrant_bench_cipher {
	uint32_t	through;
	uint32_t	key_bits;
	const char	*name;
	const char	*use;
	char		driver[128];
	char		why_absent[128];
	uint64_t	encrypt_ns;
	uint64_t	decrypt_ns;
	uint64_t	call_ns;
};

/**
 * struct libdmwarrant_bench_ciphers - all of them; dm-warrant's is the first
 * @version:  LIBDMWARRANT_BENCH_VERSION
 * @count:    of @cipher
 * @cipher:   results
 * @reserved: zero
 */
struct libdmwarrant_bench_ciphers {
	uint32_t				version;
	uint32_t				count;
	struct libdmwarrant_bench_cipher	cipher[LIBDMWARRANT_BENCH_CIPHERS];
	uint64_t				reserved[8];
};

/**
 * libdmwarrant_bench_ciphers() - measure the ciphers, in memory only
 * @ctx:     context
 * @time_ms: for each cipher and direction, 1 to 600000
 * @result:  receives the figures
 *
 * Return: 0; -ERANGE.
 */
int libdmwarrant_bench_ciphers(struct libdmwarrant *ctx, uint32_t time_ms,
			       struct libdmwarrant_bench_ciphers *result);

/* ---- a LUN ---- */

/**
 * enum libdmwarrant_bench_stack - what lies on the LUN
 * @LIBDMWARRANT_BENCH_RAW:       nothing
 * @LIBDMWARRANT_BENCH_LINEAR:    dm-linear, on which those below lie: it cuts the part out
 * @LIBDMWARRANT_BENCH_XTS:       dm-crypt, aes-xts-plain64: secrecy only
 * @LIBDMWARRANT_BENCH_INTEGRITY: dm-crypt, gcm(aes) with random nonces, on dm-integrity with journal
 * @LIBDMWARRANT_BENCH_WARRANT:   dm-warrant
 * @LIBDMWARRANT_BENCH_STACKS:    how many
 */
enum libdmwarrant_bench_stack {
	LIBDMWARRANT_BENCH_RAW,
	LIBDMWARRANT_BENCH_LINEAR,
	LIBDMWARRANT_BENCH_XTS,
	LIBDMWARRANT_BENCH_INTEGRITY,
	LIBDMWARRANT_BENCH_WARRANT,
	LIBDMWARRANT_BENCH_STACKS,
};

/** libdmwarrant_bench_stack_name() - for people and programs; "unknown" = no such stack */
const char *libdmwarrant_bench_stack_name(enum libdmwarrant_bench_stack stack);

#define LIBDMWARRANT_BENCH_WRITES	(1U << 0)
#define LIBDMWARRANT_BENCH_RANDOM	(1U << 1)
#define LIBDMWARRANT_BENCH_SYNCS	(1U << 2)	/* fdatasync(2) after each write */

/**
 * struct libdmwarrant_bench_job - a kind of I/O
 * @name:  for people and programs
 * @block: bytes of each I/O
 * @depth: how many at a time
 * @flags: LIBDMWARRANT_BENCH_WRITES, ..._RANDOM, ..._SYNCS
 */
struct libdmwarrant_bench_job {
	const char	*name;
	uint32_t	block;
	uint32_t	depth;
	uint32_t	flags;
};

#define LIBDMWARRANT_BENCH_JOBS	13

/** libdmwarrant_bench_job() - those that only read come first. Return: NULL = no more */
const struct libdmwarrant_bench_job *libdmwarrant_bench_job(unsigned int i);

/**
 * struct libdmwarrant_bench_cell - one job on one stack
 * @ios:               done; 0 = it has not run
 * @bytes:             likewise
 * @elapsed_ns:        from the first to the last
 * @mean_ns:           latency
 * @p50_ns:            half of them took no longer
 * @p99_ns:            99 %
 * @p999_ns:           99.9 %
 * @max_ns:            none took longer
 * @cpu_ns:            of all CPUs of the machine together, whoever used them
 * @lun_read_bytes:    what it came to on the LUN, as the kernel counts; what the stack had put off
 *                     is brought to an end first, and counted, though not timed
 * @lun_written_bytes: likewise
 * @lun_flushes:       likewise
 */
struct libdmwarrant_bench_cell {
	uint64_t	ios;
	uint64_t	bytes;
	uint64_t	elapsed_ns;
	uint64_t	mean_ns;
	uint64_t	p50_ns;
	uint64_t	p99_ns;
	uint64_t	p999_ns;
	uint64_t	max_ns;
	uint64_t	cpu_ns;
	uint64_t	lun_read_bytes;
	uint64_t	lun_written_bytes;
	uint64_t	lun_flushes;
};

#define LIBDMWARRANT_BENCH_DRY_RUN	(1U << 0)	/* all checks, no measurement */

/**
 * struct libdmwarrant_bench_params - what to measure
 * @version:     LIBDMWARRANT_BENCH_VERSION
 * @flags:       LIBDMWARRANT_BENCH_DRY_RUN
 * @device:      the LUN; libdmwarrant_bench_read() takes an open volume's name, too
 * @size:        of the part to be used, a multiple of 1 MiB; 0 = all of it, or when writing 1 GiB
 *               at most
 * @time_ms:     for each cell, 1 to 600000
 * @erase_count: of @erase
 * @erase:       as in struct libdmwarrant_format_params
 * @registry:    when writing: a LUN that is in it is refused; NULL = there is none
 * @rdev:        when writing: number of the device that was confirmed; 0 = nobody was asked
 * @wwid:        likewise its WWID; NULL = nobody was asked
 * @reserved:    zero
 */
struct libdmwarrant_bench_params {
	uint32_t		version;
	uint32_t		flags;
	const char		*device;
	uint64_t		size;
	uint32_t		time_ms;
	uint32_t		erase_count;
	const char *const	*erase;
	struct libdmwarrant_registry *registry;
	uint64_t		rdev;
	const char		*wwid;
	uint64_t		reserved[5];
};

#define LIBDMWARRANT_BENCH_COUNTED	(1U << 0)	/* the LUN counts what comes to it */
#define LIBDMWARRANT_BENCH_FLUSHES_COUNTED	(1U << 1)	/* flushes, too */

/**
 * struct libdmwarrant_bench_lun - what was measured
 * @version:    LIBDMWARRANT_BENCH_VERSION
 * @flags:      LIBDMWARRANT_BENCH_COUNTED, LIBDMWARRANT_BENCH_FLUSHES_COUNTED
 * @device:     the LUN
 * @volume:     the open volume on it that was read, too; "" = none
 * @in_use:     who else used the LUN meanwhile; "" = nobody
 * @size:       of the LUN
 * @part:       that was used, from its beginning
 * @area:       of each stack, from its beginning, that the I/O went to
 * @why_absent: why a stack was not measured; "" = it was
 * @cell:       figures
 * @reserved:   zero
 */
struct libdmwarrant_bench_lun {
	uint32_t			version;
	uint32_t			flags;
	char				device[256];
	char				volume[128];
	char				in_use[256];
	uint64_t			size;
	uint64_t			part;
	uint64_t			area;
	char				why_absent[LIBDMWARRANT_BENCH_STACKS][160];
	struct libdmwarrant_bench_cell	cell[LIBDMWARRANT_BENCH_STACKS][LIBDMWARRANT_BENCH_JOBS];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_bench_read() - measure reads of a LUN, and of the volume that is open on it
 * @ctx:    context
 * @params: what
 * @result: receives the figures
 *
 * Opens both for reading only; a LUN or volume that is in use is measured beside its users.
 * Return: 0; -EBUSY the device is one path of several; -ENXIO no such volume; I/O errors.
 */
int libdmwarrant_bench_read(struct libdmwarrant *ctx,
			    const struct libdmwarrant_bench_params *params,
			    struct libdmwarrant_bench_lun *result);

/**
 * libdmwarrant_bench_write() - DESTROY what is on a LUN: measure what can lie on it, one by one
 * @ctx:    context
 * @params: what
 * @result: receives the figures
 *
 * Refuses what libdmwarrant_format() refuses, but for small blocks; LUNs in @params' registry; and
 * whatever has a superblock of dm-warrant, even a damaged one. Signatures go wherever they are on
 * the LUN. Keys are made for the measurement and are nowhere but in locked memory and in the
 * kernel. Afterwards, also when it was cancelled or has failed, nothing is mapped and the part
 * reads as zeros; if not, that is the error. A stack that this kernel lacks is absent.
 *
 * Return: 0; -EBUSY in use; -EEXIST something is on it that @params does not name, or a volume;
 * -ENODEV it is not the LUN that was confirmed; -ENOSPC too small; I/O errors.
 */
int libdmwarrant_bench_write(struct libdmwarrant *ctx,
			     const struct libdmwarrant_bench_params *params,
			     struct libdmwarrant_bench_lun *result);

#ifdef __cplusplus
}
#endif

#endif
