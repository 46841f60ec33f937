// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin for QEMU's TCG that counts the guest's instructions by address: user space as a whole,
 * the kernel's text and its modules in grains of 16 bytes. When the guest executes MARK (see mark.c)
 * the counts since the last one are appended to a file:
 *
 *	mark NUMBER
 *	ADDRESS COUNT		hexadecimal, decimal; address 0 = user space, 1 = elsewhere in the kernel
 *
 * A translated block is counted where it starts, when it is entered: an exception in its middle
 * makes no difference worth mentioning.
 *
 * Debian ships no qemu-plugin.h, so what is used of it is declared here: version 4 of the interface
 * (QEMU 9.1 and later), https://www.qemu.org/docs/master/devel/tcg-plugins.html.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

/* ---- of qemu-plugin.h ---- */

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
typedef struct {
	struct qemu_plugin_scoreboard	*score;
	size_t				offset;
} qemu_plugin_u64;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

extern struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
extern uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
						  void (*cb)(qemu_plugin_id_t id,
							     struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
							      enum qemu_plugin_op op,
							      qemu_plugin_u64 entry, uint64_t imm);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
						   void (*cb)(unsigned int vcpu, void *data),
						   enum qemu_plugin_cb_flags flags, void *data);

EXPORT int qemu_plugin_version = 4;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

/* ---- counting ---- */

#define GRAIN	16
#define CHUNK	256	/* slots: what has no code in it need not be looked through */

/* Where Linux on x86-64 has its text and its modules when it is started with nokaslr. */
static const struct range {
	uint64_t	start;
	uint64_t	end;
} ranges[] = {
	{ 0xffffffff81000000, 0xffffffff83000000 },
	{ 0xffffffffc0000000, 0xffffffffc2000000 },
};

enum { USER, ELSEWHERE, FIRST };	/* slots */

static struct qemu_plugin_scoreboard *board;
static uint64_t *before;
static bool *used;	/* chunks */
static size_t slots = FIRST;
static FILE *out;
static unsigned int marks;

static size_t slot_of(uint64_t address)
{
	size_t first = FIRST, i;

	if (!(address >> 63))
		return USER;
	for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (address >= ranges[i].start && address < ranges[i].end)
			return first + (address - ranges[i].start) / GRAIN;
		first += (ranges[i].end - ranges[i].start) / GRAIN;
	}
	return ELSEWHERE;
}

static uint64_t address_of(size_t slot)
{
	size_t first = FIRST, i, n;

	for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		n = (ranges[i].end - ranges[i].start) / GRAIN;
		if (slot >= first && slot < first + n)
			return ranges[i].start + (slot - first) * GRAIN;
		first += n;
	}
	return slot;
}

static qemu_plugin_u64 counter(size_t slot)
{
	return (qemu_plugin_u64){ .score = board, .offset = slot * sizeof(uint64_t) };
}

static void write_slot(size_t slot)
{
	uint64_t now = qemu_plugin_u64_sum(counter(slot));

	if (now != before[slot])
		fprintf(out, "%llx %llu\n", (unsigned long long)address_of(slot),
			(unsigned long long)(now - before[slot]));
	before[slot] = now;
}

static void at_mark(unsigned int vcpu, void *data)
{
	size_t chunk, i;

	(void)vcpu;
	(void)data;
	fprintf(out, "mark %u\n", marks++);
	for (chunk = 0; chunk * CHUNK < slots; chunk++) {
		if (!used[chunk])
			continue;
		for (i = chunk * CHUNK; i < slots && i < (chunk + 1) * CHUNK; i++)
			write_slot(i);
	}
	fflush(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t magic[] = { MARK_BYTES };
	size_t n = qemu_plugin_tb_n_insns(tb), slot = slot_of(qemu_plugin_tb_vaddr(tb)), i;
	struct qemu_plugin_insn *insn;
	uint8_t data[sizeof(magic)];

	(void)id;
	used[slot / CHUNK] = true;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  counter(slot), n);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (qemu_plugin_insn_data(insn, data, sizeof(data)) == sizeof(data) &&
		    !memcmp(data, magic, sizeof(data)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	size_t i;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "plugin: out=FILE is needed\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		slots += (ranges[i].end - ranges[i].start) / GRAIN;
	before = calloc(slots, sizeof(*before));
	used = calloc(slots / CHUNK + 1, sizeof(*used));
	board = qemu_plugin_scoreboard_new(slots * sizeof(uint64_t));
	if (!before || !used || !board)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
