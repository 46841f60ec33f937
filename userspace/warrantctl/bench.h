/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A measurement, and the forms in which it is shown. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "cli.h"
#include "libdmwarrant-bench.h"

/**
 * struct bench - what was measured
 * @machine: where
 * @ciphers: valid without @on_lun
 * @lun:     valid with @on_lun
 * @on_lun:  a LUN was, not ciphers
 * @writing: all stacks were, not just what is there
 */
struct bench {
	struct libdmwarrant_bench_machine	machine;
	struct libdmwarrant_bench_ciphers	ciphers;
	struct libdmwarrant_bench_lun		lun;
	bool					on_lun;
	bool					writing;
};

/** bench_has_net() - can the way to the kernel be taken off, or is too little left? */
static inline bool bench_has_net(const struct libdmwarrant_bench_ciphers *all)
{
	const struct libdmwarrant_bench_cipher *c;

	for (c = all->cipher; c < all->cipher + all->count; c++)
		if (c->through && (!c->call_ns || c->call_ns > c->encrypt_ns / 4 * 3 ||
				   c->call_ns > c->decrypt_ns / 4 * 3))
			return false;
	return true;
}

/** bench_cipher_speed() - bytes per second, from @ns for a sector of cipher @i */
static inline double bench_cipher_speed(const struct libdmwarrant_bench_ciphers *all, uint32_t i,
					uint64_t ns)
{
	if (bench_has_net(all))
		ns -= all->cipher[i].call_ns;
	return ns ? LIBDMWARRANT_SECTOR_SIZE * 1e9 / ns : 0;
}

static inline double bench_speed(const struct libdmwarrant_bench_cell *cell)
{
	return cell->elapsed_ns ? cell->bytes * 1e9 / cell->elapsed_ns : 0;
}

/* bench_text.c */
void bench_text(const struct bench *b, FILE *f);

/* bench_json.c */
void bench_json(const struct bench *b, struct json_object *out);

/* bench_svg.c */
void bench_svg(const struct bench *b, FILE *f);

#endif
