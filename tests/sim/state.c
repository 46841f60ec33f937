// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All that tells two states of a machine apart, as a hash: what the disk has and may lose, what is
 * under way, the core's memory, what the oracle expects. Addresses and times are left out, the order of
 * lists is not; where the order is chance's (tasks under way) it is left out as well.
 */
#include "sim.h"

#define ADD(h, x) ((h) = mix((h) ^ (u64)(x)))

/* ---- ops, which have numbers: the order of their submission ---- */

static u64 number(const struct machine *m, const struct dmw_op *op)
{
	const struct simop *o;
	u64 n = 1;

	if (!op)
		return 0;
	list_for_each_entry(o, &m->ops, list) {
		if (&o->op == op)
			return n;
		n++;
	}
	fail("a list holds an op that has ended");
}

static u64 waiters(const struct machine *m, u64 h, const struct list_head *list)
{
	const struct dmw_op *op;

	list_for_each_entry(op, list, wait)
		ADD(h, number(m, op));
	return mix(h + 1);
}

static u64 one_op(u64 h, const struct simop *o)
{
	const struct dmw_op *op = &o->op;
	u32 i;

	ADD(h, op->kind << 8 | op->state);
	ADD(h, op->sector);
	ADD(h, op->count);
	ADD(h, op->fua | op->discard << 1 | op->busy << 2 | op->data_there << 3 |
	       op->journalled << 4 | op->fresh << 5 | op->zero << 6);
	ADD(h, op->retries << 8 | op->bad << 16);
	ADD(h, op->queued);
	ADD(h, op->first_seq);
	ADD(h, op->error);
	ADD(h, op->end);
	ADD(h, op->covered);
	ADD(h, op->nonce);
	ADD(h, op->kind == DMW_OP_SWEEP ? op->bad : 0);
	ADD(h, op->phase);
	ADD(h, op->change ? o->change.tag << 8 | o->change.state : op->tag);
	ADD(h, o->value);
	ADD(h, !!op->leaf);
	for (i = 0; i < op->count; i++)
		h = hash_bytes(h, &op->seals[i], sizeof(op->seals[i]));
	if (op->kind == DMW_OP_READ && op->data_there)
		h = hash_bytes(h, o->data, (size_t)op->count << DMW_SECTOR_SHIFT);
	return h;
}

static u64 ops(const struct machine *m, u64 h)
{
	const struct simop *o;

	list_for_each_entry(o, &m->ops, list)
		h = one_op(h, o);
	return mix(h + 2);
}

/* ---- the disk and what is on its way ---- */

/* Where it lies in the program, which itself may lie anywhere. */
#define function(f) ((f) ? (uintptr_t)(f) - (uintptr_t)number : 0)

static u64 one_job(const struct machine *m, const struct job *j)
{
	const struct dmw_task *t = j->t;
	u64 h = 3;

	ADD(h, j->phase << 8 | t->io);
	ADD(h, t->offset);
	ADD(h, t->length);
	ADD(h, t->fua);
	ADD(h, t->error);
	ADD(h, number(m, t->op));
	ADD(h, function(t->work));
	ADD(h, function(t->done));
	if (t->io == DMW_IO_WRITE && j->phase == PHASE_ISSUE && t->buf)
		h = hash_bytes(h, t->buf, t->length);
	return h;
}

/* Which write of which job it is, and which of the flushes under way will make it durable. */
static u64 one_unit(const struct machine *m, const struct unit *u)
{
	u64 h = 4;
	u32 i;

	ADD(h, u->block);
	ADD(h, u->mask | u->tears << 8);
	ADD(h, page_hash(u->page));
	ADD(h, u->done == NOT_DONE);
	for (i = 0; i < m->job_count; i++) {
		const struct job *j = &m->jobs[i];

		if (j->phase != PHASE_COMPLETE)
			continue;
		if (j->t->io == DMW_IO_FLUSH ? u->done < j->ticket : u->write == j->ticket)
			ADD(h, one_job(m, j));
	}
	return h;
}

static u64 disk(const struct machine *m, u64 h)
{
	u64 sum = 0;
	u32 i;

	ADD(h, m->disk->durable.hash);
	ADD(h, m->disk->cache.hash);
	for (i = 0; i < m->disk->count; i++)
		ADD(h, one_unit(m, &m->disk->units[i]));
	for (i = 0; i < m->job_count; i++)
		sum += one_job(m, &m->jobs[i]);
	return mix(h ^ sum);
}

/* ---- the core ---- */

static u64 node_id(const struct dmw_node *n)
{
	return n ? n->index << 8 | n->level : ~0ULL;
}

static u64 one_node(const struct machine *m, const struct dmw_node *n)
{
	u64 h = 5;

	ADD(h, node_id(n));
	ADD(h, n->ready | n->dirty << 1);
	ADD(h, n->refs);
	ADD(h, n->locked[0]);
	ADD(h, n->locked[1]);
	if (n->ready)
		h = hash_bytes(h, n->seals, sizeof(*n->seals));
	return waiters(m, h, &n->waiters);
}

static u64 nodes(u64 h, const struct list_head *list)
{
	const struct dmw_node *n;

	list_for_each_entry(n, list, list)
		ADD(h, node_id(n));
	return mix(h + 6);
}

static u64 tree(const struct machine *m, u64 h)
{
	const struct dmw_tree *t = &m->vol.tree;
	const struct dmw_node *n;
	u64 sum = 0;
	u32 i;

	for (i = 0; i < 1U << t->bucket_bits; i++)
		hlist_for_each_entry(n, &t->buckets[i], hash)
			sum += one_node(m, n);
	ADD(h, sum);
	h = nodes(h, &t->lru);
	for (i = 0; i < DMW_LEVELS; i++)
		h = nodes(h, &t->dirty[i]);
	ADD(h, t->reserve_count);
	ADD(h, t->roots_dirty);
	ADD(h, number(m, t->owner));
	return waiters(m, h, &t->waiters);
}

static u64 one_record(const struct machine *m, u64 h, const struct dmw_record *r)
{
	u32 i;

	ADD(h, r->state);
	ADD(h, r->pos);
	h = hash_bytes(h, &r->head, sizeof(r->head));
	if (r->state == DMW_RECORD_OPEN || r->state == DMW_RECORD_CLOSED)
		for (i = 0; i < r->head.count; i++)
			h = hash_bytes(h, &r->disk->entries[i], sizeof(r->disk->entries[i]));
	return waiters(m, h, &r->ops);
}

static u64 journal(const struct machine *m, u64 h)
{
	const struct dmw_journal *j = &m->vol.journal;
	const struct dmw_record *r;
	const struct dmw_op *op;

	ADD(h, j->seq);
	ADD(h, j->pos);
	ADD(h, j->tail);
	ADD(h, j->stable);
	ADD(h, j->sealing);
	h = hash_bytes(h, j->mac, sizeof(j->mac));
	if (j->open)
		h = one_record(m, h, j->open);
	h = mix(h + 7);
	list_for_each_entry(r, &j->flight, list)
		h = one_record(m, h, r);
	h = waiters(m, h, &j->queue);
	list_for_each_entry(op, &j->unfinished, unfinished)
		ADD(h, number(m, op));
	return mix(h + 8);
}

static u64 checkpoint(const struct machine *m, u64 h)
{
	const struct dmw_checkpoint *c = &m->vol.checkpoint;

	ADD(h, c->state | c->again << 8 | c->q_sealed << 9 | c->activation_dirty << 10 |
	       c->activated << 11 | c->tag_written << 12 | (u64)c->tag_level << 16);
	ADD(h, c->q_seq);
	ADD(h, c->q_pos);
	ADD(h, c->flushed);
	ADD(h, c->level);
	ADD(h, c->writing);
	h = hash_bytes(h, c->q_mac, sizeof(c->q_mac));
	h = nodes(h, &c->todo);
	h = waiters(m, h, &c->waiters);
	return waiters(m, h, &c->next);
}

static u64 tags(const struct machine *m, u64 h)
{
	const struct dmw_volume *v = &m->vol;
	const struct dmw_tags *t = &v->tags;
	u32 i;

	ADD(h, t->count << 8 | t->closed);
	h = hash_bytes(h, t->states, t->count + 1);
	h = hash_bytes(h, &v->state.root.tags, sizeof(v->state.root.tags));
	h = hash_bytes(h, t->top, sizeof(*t->top));
	for (i = 0; t->nodes[i]; i++)
		h = hash_bytes(h, t->nodes[i], sizeof(*t->nodes[i]));
	ADD(h, number(m, v->tag_op));
	ADD(h, v->tag_due | v->phase << 1);
	ADD(h, v->phase_writers[0]);
	ADD(h, v->phase_writers[1]);
	h = waiters(m, h, &v->tag_waiters);
	return waiters(m, h, &v->tag_drain);
}

static u64 rotation(const struct machine *m, u64 h)
{
	const struct dmw_rotation *r = &m->vol.rotation;

	ADD(h, r->next);
	ADD(h, number(m, r->sweeper));
	ADD(h, r->cursor);
	ADD(h, r->singly);
	ADD(h, r->damaged);
	ADD(h, r->step.damaged << 1 | r->step.stale);
	h = hash_bytes(h, m->vol.state.root.epochs, sizeof(m->vol.state.root.epochs));
	ADD(h, m->vol.state.sb.epoch);
	ADD(h, m->vol.checkpoint.link);
	return waiters(m, h, &r->waiters);
}

static u64 volume(const struct machine *m, u64 h)
{
	const struct dmw_volume *v = &m->vol;
	const struct dmw_root *r = &v->state.root;

	ADD(h, v->failed);
	ADD(h, v->counter);
	ADD(h, v->writers);
	ADD(h, v->gated);
	ADD(h, v->state.sb.checkpoint);
	ADD(h, r->activation_count);
	ADD(h, r->journal_seq);
	ADD(h, r->journal_pos);
	h = hash_bytes(h, r->tree, sizeof(r->tree));
	h = waiters(m, h, &v->gate);
	h = rotation(m, tags(m, h));
	return tree(m, journal(m, checkpoint(m, h)));
}

/** state_hash() - of a machine; @progress: of whoever drives it */
u64 state_hash(const struct machine *m, u64 progress)
{
	return oracle_hash(m, volume(m, disk(m, ops(m, progress))));
}
