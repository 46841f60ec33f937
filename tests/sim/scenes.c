// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Schedules that chance would hardly find.
 *
 * Two are no honest crash: the array gives an old block back for one that it had made durable. Two
 * rules of recovery are there against this only: the stable mark, and "the tree is newer than the
 * journal". In the third all of the journal is used while a superblock is on its way.
 */
#include "sim.h"

#define VICTIM	(cfg.leaves[0] << DMW_FANOUT_SHIFT)
#define OTHER	((cfg.leaves[1] << DMW_FANOUT_SHIFT) + 1)

static void do_op(struct machine *m, enum dmw_op_kind kind, u64 sector, bool fua)
{
	machine_submit(m, kind, sector, kind == DMW_OP_WRITE, fua);
	machine_drain(m, false);
}

static u64 victim_block(void)
{
	return dmw_layout_sector(&cfg.layout, VICTIM);
}

/* The machine dies; what it wrote is durable, but the array has kept an old copy of the victim. */
static void expect_refusal(struct machine *m, const struct page *old, const char *what)
{
	u64 values[MAX_VALUES], now[MAX_VALUES];
	struct machine m2;
	struct disk d;
	u64 w;

	oracle_current(now);
	disk_init(&d, &m->disk->cache);
	w = disk_write(&d);
	disk_write_block(&d, w, victim_block() << DMW_SECTOR_SHIFT, old->data, DMW_SECTOR_SIZE, false);
	disk_write_show(&d, w);
	machine_init(&m2, &d);
	m2.tolerant = true;
	totals.attacks++;
	if (!machine_open(&m2, true)) {
		read_all(&m2, values);
		if (values[oracle_index(VICTIM)] != READ_ERROR)
			fail("%s: an old copy of a sector is taken for good: it holds %llu instead of %llu",
			     what, (unsigned long long)values[oracle_index(VICTIM)],
			     (unsigned long long)now[oracle_index(VICTIM)]);
		if (values[oracle_index(OTHER)] != now[oracle_index(OTHER)])
			fail("%s: another sector has suffered", what);
	}
	machine_free(&m2);
	disk_free(&d);
}

static struct page *keep_victim(struct machine *m)
{
	struct page *p = malloc(sizeof(*p));

	*p = *image_get(&m->disk->cache, victim_block());
	return p;
}

/* Both values are in the journal only; a later record says that the second one was flushed. */
static void stable_mark(struct machine *m)
{
	struct page *old;

	do_op(m, DMW_OP_WRITE, VICTIM, false);
	do_op(m, DMW_OP_FLUSH, 0, false);
	old = keep_victim(m);
	do_op(m, DMW_OP_WRITE, VICTIM, false);
	do_op(m, DMW_OP_FLUSH, 0, false);
	do_op(m, DMW_OP_WRITE, OTHER, true);
	expect_refusal(m, old, "stable mark");
	free(old);
}

/** step_all_but() - go on until only the write of this block is left to be done */
void step_all_but(struct machine *m, u64 block)
{
	u32 i = 0;

	while (i < m->job_count) {
		const struct job *j = &m->jobs[i];

		if (j->t->io == DMW_IO_WRITE && j->t->offset >> DMW_SECTOR_SHIFT == block) {
			i++;
			continue;
		}
		machine_step_job(m, i);
		i = 0;
	}
}

/** step_all_but_task() - go on until only this task is left to be done */
void step_all_but_task(struct machine *m, const struct dmw_task *t)
{
	u32 i = 0;

	while (i < m->job_count) {
		if (m->jobs[i].t == t) {
			i++;
			continue;
		}
		machine_step_job(m, i);
		i = 0;
	}
}

/*
 * A checkpoint waits for a slow write while two others pass: its tree holds the newer of them, the
 * journal behind it both.
 */
static void newer_tree(struct machine *m)
{
	struct page *old;
	bool passed;

	machine_submit(m, DMW_OP_WRITE, OTHER, 1, false);
	step_all_but(m, dmw_layout_sector(&cfg.layout, OTHER));
	machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
	machine_submit(m, DMW_OP_WRITE, VICTIM, 1, false);
	step_all_but(m, dmw_layout_sector(&cfg.layout, OTHER));
	old = keep_victim(m);
	machine_submit(m, DMW_OP_WRITE, VICTIM, 1, false);
	step_all_but(m, dmw_layout_sector(&cfg.layout, OTHER));
	/* Room in the journal, memory or a new activation may have held them up. */
	passed = m->op_count == 2;
	machine_drain(m, false);
	if (passed)
		expect_refusal(m, old, "newer tree");
	free(old);
}

/*
 * Writers go on while the superblock of a checkpoint is on its way, until there is no room for them.
 * If that superblock is lost in a crash, all of the journal behind the one before is needed.
 */
static void slow_superblock(struct machine *m)
{
	u64 block = dmw_layout_superblock(&cfg.layout, m->vol.state.sb.checkpoint + 1);
	u32 i;

	for (i = 0; i < 200 && !m->op_count; i++) {
		machine_submit(m, DMW_OP_WRITE, VICTIM, one_in(5) ? DMW_FANOUT : 1, true);
		step_all_but(m, block);
	}
	crash_here(m);
	machine_drain(m, false);
}

/** scenes() - all of them, on a machine on which nothing is under way */
void scenes(struct machine *m)
{
	if (cfg.tags_in)
		tag_scenes(m);
	if (cfg.epochs_in)
		epoch_scenes(m);
	if (!oracle_is_open(VICTIM) || !oracle_is_open(OTHER))
		return;
	do_op(m, DMW_OP_CHECKPOINT, 0, false);
	stable_mark(m);
	do_op(m, DMW_OP_CHECKPOINT, 0, false);
	newer_tree(m);
	do_op(m, DMW_OP_CHECKPOINT, 0, false);
	slow_superblock(m);
}
