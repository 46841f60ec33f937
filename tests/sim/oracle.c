// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each sector may hold. The order in which ops complete is their order: a sector's history is
 * the values that completed writes gave it. Its floor is the newest of them that is known durable.
 */
#include "sim.h"

struct history {
	u64	*v;
	u32	n;
	u32	cap;
	u32	floor;
	bool	touched;	/* by any op, ever */
};

static struct history histories[MAX_TRACKED];

u32 oracle_index(u64 sector)
{
	u32 i;

	for (i = 0; i < cfg.leaf_count; i++)
		if (cfg.leaves[i] == sector >> DMW_FANOUT_SHIFT)
			return i * DMW_FANOUT + (sector & (DMW_FANOUT - 1));
	fail("sector %llu is not followed", (unsigned long long)sector);
}

static u32 tracked(void)
{
	return cfg.leaf_count * DMW_FANOUT;
}

static void push(struct history *h, u64 value)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 16;
		h->v = realloc(h->v, h->cap * sizeof(*h->v));
	}
	h->v[h->n++] = value;
}

/** oracle_reset() - a fresh volume: zeros everywhere */
void oracle_reset(void)
{
	u32 i;

	for (i = 0; i < MAX_TRACKED; i++) {
		histories[i].n = 0;
		histories[i].floor = 0;
		histories[i].touched = false;
		push(&histories[i], 0);
	}
}

/** oracle_adopt() - a recovered volume: what it holds is where everything begins */
void oracle_adopt(const u64 *values)
{
	u32 i;

	for (i = 0; i < tracked(); i++) {
		histories[i].n = 0;
		histories[i].floor = 0;
		push(&histories[i], values[i]);
	}
}

void oracle_current(u64 *values)
{
	u32 i;

	for (i = 0; i < tracked(); i++)
		values[i] = histories[i].v[histories[i].n - 1];
}

static bool moves(enum dmw_op_kind kind)
{
	return kind == DMW_OP_READ || kind == DMW_OP_WRITE || kind == DMW_OP_ERASE;
}

void oracle_submitted(struct machine *m, struct simop *o)
{
	u32 first = moves(o->op.kind) ? oracle_index(o->op.sector) : 0;
	u32 n = moves(o->op.kind) ? o->op.count : tracked(), i;

	(void)m;
	o->marks = calloc(n, sizeof(*o->marks));
	for (i = 0; i < n; i++)
		o->marks[i] = histories[first + i].n - 1;
}

/* ---- ends ---- */

static bool in_limbo(const struct machine *m, u64 sector)
{
	const struct simop *o;

	list_for_each_entry(o, &m->limbo, list)
		if (sector >= o->op.sector && sector < o->op.sector + o->op.count)
			return true;
	return false;
}

static void failed(struct machine *m, struct simop *o)
{
	struct dmw_op *op = &o->op;
	bool excused = m->vol.failed || m->attacked || (op->error == -EIO && m->faults.read_hits);
	u32 i;

	if (op->kind == DMW_OP_READ && op->error == -EILSEQ) {
		excused = m->attacked;
		for (i = 0; i < op->count; i++)
			excused |= m->vol.failed && in_limbo(m, op->sector + i);
	}
	if (!excused)
		fail("op %d at %llu+%u ended with %d", op->kind, (unsigned long long)op->sector,
		     op->count, op->error);
	if (op->kind == DMW_OP_WRITE || op->kind == DMW_OP_ERASE)
		list_add_tail(&o->list, &m->limbo);
	else
		simop_free(o);
}

/* A read returns what was current at some time while it was under way. */
static void check_read(struct simop *o)
{
	u32 first = oracle_index(o->op.sector), i, k;
	u64 value;

	for (i = 0; i < o->op.count; i++) {
		const struct history *h = &histories[first + i];

		value = 0;
		if (!o->op.zero && !page_value(o->data + ((size_t)i << DMW_SECTOR_SHIFT), &value))
			fail("a read of sector %llu returned garbage",
			     (unsigned long long)(o->op.sector + i));
		for (k = o->marks[i]; k < h->n && h->v[k] != value; k++)
			;
		if (k == h->n) {
			oracle_explain(first + i);
			fail("a read of sector %llu returned %llu, entry %u.. of its history expected",
			     (unsigned long long)(o->op.sector + i), (unsigned long long)value,
			     o->marks[i]);
		}
	}
}

static void changed(struct simop *o)
{
	u32 first = oracle_index(o->op.sector), i;

	for (i = 0; i < o->op.count; i++) {
		struct history *h = &histories[first + i];

		push(h, o->op.kind == DMW_OP_WRITE ? o->value + i : 0);
		h->touched = true;
		if (o->op.fua)
			h->floor = h->n - 1;
	}
}

static void flushed(struct simop *o)
{
	u32 i;

	for (i = 0; i < tracked(); i++)
		histories[i].floor = max(histories[i].floor, o->marks[i]);
}

/** oracle_ended() - an op of the main machine has ended; takes it */
void oracle_ended(struct machine *m, struct simop *o)
{
	trace("ended %d %llu+%u error %d", o->op.kind, (unsigned long long)o->op.sector,
	      o->op.count, o->op.error);
	totals.ops++;
	if (o->op.error) {
		failed(m, o);
		return;
	}
	switch (o->op.kind) {
	case DMW_OP_READ:
		check_read(o);
		break;
	case DMW_OP_WRITE:
	case DMW_OP_ERASE:
		changed(o);
		break;
	case DMW_OP_FLUSH:
	case DMW_OP_CHECKPOINT:
		flushed(o);
		break;
	default:
		break;
	}
	simop_free(o);
}

/** oracle_hash() - of all that it knows */
u64 oracle_hash(const struct machine *m, u64 h)
{
	const struct simop *o;
	u32 i;

	for (i = 0; i < tracked(); i++) {
		h = mix(h ^ histories[i].floor);
		h = hash_bytes(h, histories[i].v, histories[i].n * sizeof(*histories[i].v));
	}
	list_for_each_entry(o, &m->ops, list)
		h = hash_bytes(h, o->marks, (moves(o->op.kind) ? o->op.count : tracked()) *
			       sizeof(*o->marks));
	return h;
}

/* ---- crashes ---- */

static void allow(struct allowed *a, u64 value)
{
	if (a->used == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 1024;
		a->values = realloc(a->values, a->cap * sizeof(*a->values));
	}
	a->values[a->used++] = value;
	a->hash = mix(a->hash ^ value);
}

static void allow_pending(struct allowed *a, const struct list_head *ops, u64 sector)
{
	const struct simop *o;

	list_for_each_entry(o, ops, list) {
		if (sector < o->op.sector || sector >= o->op.sector + o->op.count)
			continue;
		if (o->op.kind == DMW_OP_WRITE)
			allow(a, o->value + (sector - o->op.sector));
		else if (o->op.kind == DMW_OP_ERASE)
			allow(a, 0);
	}
}

/** oracle_allowed() - what a crash of the main machine may leave now */
void oracle_allowed(const struct machine *m, struct allowed *a)
{
	u32 i, k;

	a->used = 0;
	a->hash = 0;
	for (i = 0; i < tracked(); i++) {
		const struct history *h = &histories[i];
		u64 sector = (cfg.leaves[i / DMW_FANOUT] << DMW_FANOUT_SHIFT) + i % DMW_FANOUT;

		a->first[i] = a->used;
		for (k = h->floor; k < h->n; k++)
			allow(a, h->v[k]);
		allow_pending(a, &m->ops, sector);
		allow_pending(a, &m->limbo, sector);
		a->hash = mix(a->hash + 1);
	}
	a->first[i] = a->used;
}

/** oracle_exactly() - the same where no choice is left */
void oracle_exactly(const u64 *values, struct allowed *a)
{
	u32 i;

	a->used = 0;
	a->hash = 1;
	for (i = 0; i < tracked(); i++) {
		a->first[i] = a->used;
		allow(a, values[i]);
	}
	a->first[i] = a->used;
}

bool oracle_is_allowed(const struct allowed *a, u32 i, u64 value)
{
	u32 k;

	for (k = a->first[i]; k < a->first[i + 1]; k++)
		if (a->values[k] == value)
			return true;
	return false;
}

void oracle_check(const struct allowed *a, const u64 *values, const char *what)
{
	u32 i, k;

	for (i = 0; i < tracked(); i++) {
		if (oracle_is_allowed(a, i, values[i]))
			continue;
		oracle_explain(i);
		fprintf(stderr, "allowed:");
		for (k = a->first[i]; k < a->first[i + 1]; k++)
			fprintf(stderr, " %llu", (unsigned long long)a->values[k]);
		fprintf(stderr, "\n");
		fail("%s: sector %llu holds %llu", what,
		     (unsigned long long)(cfg.leaves[i / DMW_FANOUT] * DMW_FANOUT + i % DMW_FANOUT),
		     (unsigned long long)values[i]);
	}
}

void oracle_explain(u32 i)
{
	const struct history *h = &histories[i];
	u32 k;

	fprintf(stderr, "history from the floor (%u):", h->floor);
	for (k = h->floor; k < h->n; k++)
		fprintf(stderr, " %llu", (unsigned long long)h->v[k]);
	fprintf(stderr, "\n");
}
