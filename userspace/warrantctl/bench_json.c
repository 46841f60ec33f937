// SPDX-License-Identifier: GPL-2.0-or-later
/* A measurement for programs. */
#include "bench.h"

static void add(struct json_object *array, struct json_object *element)
{
	json_object_array_add(array, element);
}

static void set_ratio(struct json_object *o, const char *name,
		      const struct libdmwarrant_bench_cell *cell,
		      const struct libdmwarrant_bench_cell *of)
{
	if (of->ios)
		json_object_object_add(o, name,
				       json_object_new_double(bench_speed(cell) / bench_speed(of)));
}

static void machine(const struct libdmwarrant_bench_machine *m, struct json_object *out)
{
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "cpu", m->cpu);
	cli_set_u64(o, "cpus", m->cpus);
	cli_set_text(o, "kernel", m->kernel);
	cli_set_bool(o, "emulated", m->flags & LIBDMWARRANT_BENCH_EMULATED);
	cli_set_bool(o, "aes_instructions", !(m->flags & LIBDMWARRANT_BENCH_NO_AES));
	json_object_object_add(out, "machine", o);
}

/* ---- ciphers ---- */

static struct json_object *cipher(const struct libdmwarrant_bench_ciphers *all, uint32_t i)
{
	static const char *const through[] = { "absent", "kernel", "openssl" };
	const struct libdmwarrant_bench_cipher *c = &all->cipher[i];
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "cipher", c->name);
	cli_set_text(o, "used_by", c->use);
	cli_set_u64(o, "key_bits", c->key_bits);
	cli_set_text(o, "through", through[c->through]);
	if (c->through == LIBDMWARRANT_BENCH_ABSENT) {
		cli_set_text(o, "why_absent", c->why_absent);
		return o;
	}
	cli_set_text(o, "implementation", c->driver);
	cli_set_u64(o, "sector_bytes", LIBDMWARRANT_SECTOR_SIZE);
	cli_set_u64(o, "encrypt_ns", c->encrypt_ns);
	cli_set_u64(o, "decrypt_ns", c->decrypt_ns);
	cli_set_u64(o, "call_ns", c->call_ns);
	cli_set_bool(o, "call_taken_off", bench_has_net(all));
	cli_set_u64(o, "encrypt_bytes_per_second", bench_cipher_speed(all, i, c->encrypt_ns));
	cli_set_u64(o, "decrypt_bytes_per_second", bench_cipher_speed(all, i, c->decrypt_ns));
	return o;
}

static void ciphers(const struct libdmwarrant_bench_ciphers *all, struct json_object *out)
{
	struct json_object *array = json_object_new_array();
	uint32_t i;

	for (i = 0; i < all->count; i++)
		add(array, cipher(all, i));
	json_object_object_add(out, "ciphers", array);
}

/* ---- a LUN ---- */

static void set_latency(struct json_object *o, const struct libdmwarrant_bench_cell *c)
{
	cli_set_u64(o, "mean_ns", c->mean_ns);
	cli_set_u64(o, "p50_ns", c->p50_ns);
	cli_set_u64(o, "p99_ns", c->p99_ns);
	cli_set_u64(o, "p99_9_ns", c->p999_ns);
	cli_set_u64(o, "max_ns", c->max_ns);
}

static struct json_object *one_cell(const struct bench *b, int stack, unsigned int i)
{
	const struct libdmwarrant_bench_job *job = libdmwarrant_bench_job(i);
	const struct libdmwarrant_bench_cell *c = &b->lun.cell[stack][i];
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "stack", libdmwarrant_bench_stack_name(stack));
	cli_set_text(o, "job", job->name);
	cli_set_u64(o, "block_bytes", job->block);
	cli_set_u64(o, "depth", job->depth);
	cli_set_bool(o, "writes", job->flags & LIBDMWARRANT_BENCH_WRITES);
	cli_set_bool(o, "random", job->flags & LIBDMWARRANT_BENCH_RANDOM);
	cli_set_bool(o, "syncs", job->flags & LIBDMWARRANT_BENCH_SYNCS);
	cli_set_u64(o, "ios", c->ios);
	cli_set_u64(o, "bytes", c->bytes);
	cli_set_u64(o, "elapsed_ns", c->elapsed_ns);
	cli_set_u64(o, "bytes_per_second", bench_speed(c));
	set_latency(o, c);
	cli_set_u64(o, "cpu_ns", c->cpu_ns);
	if (b->lun.flags & LIBDMWARRANT_BENCH_COUNTED) {
		cli_set_u64(o, "lun_read_bytes", c->lun_read_bytes);
		cli_set_u64(o, "lun_written_bytes", c->lun_written_bytes);
	}
	if (b->lun.flags & LIBDMWARRANT_BENCH_FLUSHES_COUNTED)
		cli_set_u64(o, "lun_flushes", c->lun_flushes);
	set_ratio(o, "of_lun", c, &b->lun.cell[LIBDMWARRANT_BENCH_RAW][i]);
	set_ratio(o, "of_xts", c, &b->lun.cell[LIBDMWARRANT_BENCH_XTS][i]);
	return o;
}

static void cells(const struct bench *b, struct json_object *out)
{
	struct json_object *array = json_object_new_array();
	unsigned int job;
	int stack;

	for (job = 0; libdmwarrant_bench_job(job); job++)
		for (stack = 0; stack < LIBDMWARRANT_BENCH_STACKS; stack++)
			if (b->lun.cell[stack][job].ios)
				add(array, one_cell(b, stack, job));
	json_object_object_add(out, "cells", array);
}

static void absent(const struct bench *b, struct json_object *out)
{
	struct json_object *array = json_object_new_array(), *o;
	int stack;

	for (stack = 0; stack < LIBDMWARRANT_BENCH_STACKS; stack++) {
		if (!b->lun.why_absent[stack][0])
			continue;
		o = json_object_new_object();
		cli_set_text(o, "stack", libdmwarrant_bench_stack_name(stack));
		cli_set_text(o, "why", b->lun.why_absent[stack]);
		add(array, o);
	}
	json_object_object_add(out, "absent", array);
}

void bench_json(const struct bench *b, struct json_object *out)
{
	machine(&b->machine, out);
	if (!b->on_lun) {
		ciphers(&b->ciphers, out);
		return;
	}
	cli_set_text(out, "device", b->lun.device);
	cli_set_text(out, "volume", b->lun.volume);
	cli_set_text(out, "in_use", b->lun.in_use);
	cli_set_bool(out, "write", b->writing);
	cli_set_u64(out, "lun_bytes", b->lun.size);
	cli_set_u64(out, "part_bytes", b->lun.part);
	cli_set_u64(out, "area_bytes", b->lun.area);
	cells(b, out);
	absent(b, out);
}
