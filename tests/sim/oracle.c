// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each sector may hold. The order in which ops complete is their order: a sector's history is
 * the values that completed writes gave it. Its floor is the newest of them that is known durable.
 */
#include "sim.h"

/*
 * Entries are pairs of a value and a tag. @soft: this entry was not journalled (an unwritten sector got
 * another tag): a flush does not make it durable, a checkpoint does.
 */
struct history {
	u64	*v;
	bool	*soft;
	u32	n;
	u32	cap;
	u32	floor;
	bool	touched;	/* by any op, ever */
};

static struct history histories[MAX_VALUES];

static u32 tracked(void)
{
	return cfg.leaf_count * DMW_FANOUT;
}

/** oracle_values() - how much there is to follow: all tracked sectors, and the tag table */
u32 oracle_values(void)
{
	return tracked() + 1;
}

/** oracle_tracks() - is this sector followed? @i receives its index */
bool oracle_tracks(u64 sector, u32 *i)
{
	for (*i = 0; *i < cfg.leaf_count; ++*i)
		if (cfg.leaves[*i] == sector >> DMW_FANOUT_SHIFT) {
			*i = *i * DMW_FANOUT + (sector & (DMW_FANOUT - 1));
			return true;
		}
	return false;
}

u32 oracle_index(u64 sector)
{
	u32 i;

	if (!oracle_tracks(sector, &i))
		fail("sector %llu is not followed", (unsigned long long)sector);
	return i;
}

static u64 sector_of(u32 i)
{
	return (cfg.leaves[i / DMW_FANOUT] << DMW_FANOUT_SHIFT) + i % DMW_FANOUT;
}

static void push(struct history *h, u64 pair, bool soft)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 16;
		h->v = realloc(h->v, h->cap * sizeof(*h->v));
		h->soft = realloc(h->soft, h->cap * sizeof(*h->soft));
	}
	h->soft[h->n] = soft;
	h->v[h->n++] = pair;
}

static u64 last(u32 i)
{
	return histories[i].v[histories[i].n - 1];
}

static bool closed(u32 tag)
{
	return tag_reported(tag) > DMW_TAG_OPEN;
}

/* A sector changes, which it must not if its tag is closed. */
static void change(const struct machine *m, u32 i, u64 pair, bool soft)
{
	u64 old = last(i);

	if (pair == old && soft)
		return;
	if (closed(TAG(old)) || (TAG(pair) != TAG(old) && closed(TAG(pair))))
		fail("T4: sector %llu changes from %llu, tag %u, to %llu, tag %u, and one of them is closed",
		     (unsigned long long)sector_of(i), (unsigned long long)VALUE(old), TAG(old),
		     (unsigned long long)VALUE(pair), TAG(pair));
	if (soft && m->ledger)
		ledger_assigned(i, pair);
	push(&histories[i], pair, soft);
	histories[i].touched = true;
}

/* What was current at @k, or whatever of it was journalled, is durable. */
static void settle(struct history *h, u32 k, bool checkpointed)
{
	while (!checkpointed && k > h->floor && h->soft[k])
		k--;
	h->floor = max(h->floor, k);
}

static void begin_with(u32 i, u64 pair)
{
	histories[i].n = 0;
	histories[i].floor = 0;
	push(&histories[i], pair, false);
}

/** oracle_reset() - a fresh volume: zeros everywhere */
void oracle_reset(void)
{
	u32 i;

	tags_reset();
	for (i = 0; i < MAX_VALUES; i++) {
		histories[i].touched = false;
		begin_with(i, i == tracked() ? tags_hash() : 0);
	}
}

/** oracle_adopt() - a recovered volume: what it holds is where everything begins */
void oracle_adopt(struct machine *m, const u64 *values)
{
	u32 i;

	for (i = 0; i < oracle_values(); i++)
		begin_with(i, values[i]);
	tags_adopt(m);
	epochs_adopt(m);
}

void oracle_current(u64 *values)
{
	u32 i;

	for (i = 0; i < oracle_values(); i++)
		values[i] = last(i);
}

static bool moves(enum dmw_op_kind kind)
{
	return kind == DMW_OP_READ || kind == DMW_OP_WRITE || kind == DMW_OP_ERASE;
}

/* What is closed already must refuse this. */
static int refusal(const struct simop *o)
{
	u32 i, k;

	if (o->op.kind == DMW_OP_ASSIGN && closed(o->op.tag))
		return -EBADE;
	if (!moves(o->op.kind) && o->op.kind != DMW_OP_ASSIGN)
		return 0;
	for (k = 0; k < o->op.count; k++) {
		if (!oracle_tracks(o->op.sector + k, &i))
			continue;
		if (o->op.kind == DMW_OP_READ && tag_reported(TAG(last(i))) >= DMW_TAG_RESTRICTED)
			return -EREMOTEIO;
		if (o->op.kind != DMW_OP_READ && closed(TAG(last(i))))
			return -EBADE;
	}
	return 0;
}

void oracle_submitted(struct machine *m, struct simop *o)
{
	u32 first = moves(o->op.kind) ? oracle_index(o->op.sector) : 0;
	u32 n = moves(o->op.kind) ? o->op.count : tracked(), i;

	(void)m;
	o->marks = calloc(n, sizeof(*o->marks));
	for (i = 0; i < n; i++)
		o->marks[i] = histories[first + i].n - 1;
	o->must = refusal(o);
	if (o->op.kind == DMW_OP_TAG)
		tags_submitted(o);
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

/* May one of an op's sectors have had a tag, while it was under way, that somebody wants to be so strict? */
static bool may_refuse(const struct simop *o, u32 state)
{
	u32 i, k, n;

	if (o->op.kind == DMW_OP_ASSIGN && tag_asked(o->op.tag) >= state)
		return true;
	for (k = 0; k < o->op.count; k++) {
		if (!oracle_tracks(o->first + k, &i))
			return true;
		n = o->marks[moves(o->op.kind) ? k : i];
		for (; n < histories[i].n; n++)
			if (tag_asked(TAG(histories[i].v[n])) >= state)
				return true;
	}
	return false;
}

static bool is_write(enum dmw_op_kind kind)
{
	return kind == DMW_OP_WRITE || kind == DMW_OP_ERASE || kind == DMW_OP_ASSIGN;
}

static bool refused(const struct simop *o)
{
	if (o->op.error == -ENODATA)
		return (is_write(o->op.kind) || o->op.kind == DMW_OP_READ) &&
		       may_refuse(o, DMW_TAG_SHREDDED);
	return is_write(o->op.kind) ? o->op.error == -EBADE && may_refuse(o, DMW_TAG_FROZEN) :
	       o->op.kind == DMW_OP_READ && o->op.error == -EREMOTEIO &&
	       may_refuse(o, DMW_TAG_RESTRICTED);
}

/* It may have happened, or not: a write, a run that was being sealed anew, a change of a tag. */
static bool is_unclear(const struct simop *o)
{
	return o->op.kind == DMW_OP_WRITE || o->op.kind == DMW_OP_ERASE ||
	       o->op.kind == DMW_OP_TAG ||
	       ((o->op.kind == DMW_OP_ASSIGN || o->op.kind == DMW_OP_SWEEP) && o->op.nonce);
}

static void failed(struct machine *m, struct simop *o)
{
	struct dmw_op *op = &o->op;
	bool excused = m->vol.failed || m->attacked || (op->error == -EIO && m->faults.read_hits);
	u32 i;

	if (refused(o)) {
		simop_free(o);
		return;
	}
	if (op->error == -EBADE || op->error == -EREMOTEIO ||
	    (op->error == -ENODATA && !m->vol.forgotten))
		excused = false;
	if ((op->kind == DMW_OP_READ || op->kind == DMW_OP_ASSIGN) && op->error == -EILSEQ) {
		excused = m->attacked;
		for (i = 0; i < op->count; i++)
			excused |= m->vol.failed && in_limbo(m, op->sector + i);
	}
	if (!excused)
		fail("op %d at %llu+%u ended with %d", op->kind, (unsigned long long)op->sector,
		     op->count, op->error);
	if (is_unclear(o) && m->vol.failed)
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
		for (k = o->marks[i]; k < h->n && VALUE(h->v[k]) != value; k++)
			;
		if (k == h->n) {
			oracle_explain(first + i);
			fail("a read of sector %llu returned %llu, entry %u.. of its history expected",
			     (unsigned long long)(o->op.sector + i), (unsigned long long)value,
			     o->marks[i]);
		}
	}
}

static void changed(struct machine *m, struct simop *o)
{
	u32 first = oracle_index(o->op.sector), i;
	bool write = o->op.kind == DMW_OP_WRITE;

	for (i = 0; i < o->op.count; i++) {
		/* What holds nothing and has no tag is not erased once more. */
		change(m, first + i, write ? PAIR(o->value + i, TAG(last(first + i))) : 0,
		       !write && o->op.state != DMW_OP_JOURNAL);
		histories[first + i].touched = true;
		if (o->op.fua)
			settle(&histories[first + i], histories[first + i].n - 1, false);
	}
}

static void flushed(struct simop *o)
{
	u32 i;

	for (i = 0; i < tracked(); i++)
		settle(&histories[i], o->marks[i], o->op.kind != DMW_OP_FLUSH);
}

/* ---- assignments ---- */

/* Unwritten sectors have got the tag; written ones that were passed over had it. */
static void assigned_unwritten(struct machine *m, struct simop *o, u64 end)
{
	u64 sector;
	u32 i;

	for (i = 0; i < tracked(); i++) {
		sector = sector_of(i);
		if (sector < o->first || sector >= end || sector >= cfg.layout.data_sectors)
			continue;
		if (!VALUE(last(i)))
			change(m, i, PAIR(0, o->op.tag), true);
		else if (TAG(last(i)) != o->op.tag)
			fail("T2: an assignment of tag %u has passed over sector %llu: %llu, tag %u",
			     o->op.tag, (unsigned long long)sector,
			     (unsigned long long)VALUE(last(i)), TAG(last(i)));
	}
}

/*
 * What an assignment does at once comes with its beginning, not with its end: others may pass it by then.
 * Whether some of those that have ended in the same call of the core came before or after it, only the
 * leaf can tell.
 */
static void began(struct machine *m, struct simop *o)
{
	const struct dmw_seal_disk *seals = o->op.leaf->seals->seals;
	u64 before[DMW_FANOUT], sector;
	u32 i, k;

	o->begun = true;
	for (sector = o->first; sector < o->op.sector; sector++)
		before[sector - o->first] = oracle_tracks(sector, &i) ? last(i) : 0;
	assigned_unwritten(m, o, o->op.sector);
	for (sector = o->first; sector < o->op.sector; sector++) {
		k = sector - o->first;
		if (oracle_tracks(sector, &i) && !VALUE(before[k]) &&
		    le32_to_cpu(seals[sector & (DMW_FANOUT - 1)].tag) != o->op.tag)
			change(m, i, before[k], true);
	}
}

/** oracle_began() - after each call of the core */
void oracle_began(struct machine *m)
{
	struct simop *o;

	list_for_each_entry(o, &m->ops, list)
		if (o->op.kind == DMW_OP_ASSIGN && o->op.nonce && !o->begun)
			began(m, o);
}

/** oracle_foreign() - an assignment to a copy of the volume: the ledger hears what it may have done */
void oracle_foreign(const struct simop *o)
{
	u32 i;

	for (i = 0; i < tracked(); i++)
		if (sector_of(i) >= o->first && sector_of(i) < o->op.end)
			ledger_assigned(i, PAIR(0, o->op.tag));
}

/** oracle_is_open() - may this sector be written? */
bool oracle_is_open(u64 sector)
{
	return !closed(TAG(last(oracle_index(sector))));
}

/* The run that was sealed anew. It was locked all the time. */
static void assigned_run(struct machine *m, struct simop *o)
{
	u32 i, k;

	for (k = 0; k < o->op.count; k++) {
		if (!oracle_tracks(o->op.sector + k, &i))
			continue;
		if (!VALUE(last(i)) || TAG(last(i)) == o->op.tag)
			fail("T2: sector %llu, %llu, tag %u, is sealed anew for tag %u",
			     (unsigned long long)o->op.sector + k,
			     (unsigned long long)VALUE(last(i)), TAG(last(i)), o->op.tag);
		change(m, i, PAIR(VALUE(last(i)), o->op.tag), false);
	}
}

static void assigned(struct machine *m, struct simop *o)
{
	u64 end = o->op.end;

	if (!o->op.covered || o->op.covered > end - o->first)
		fail("an assignment covers %llu of %llu sectors",
		     (unsigned long long)o->op.covered, (unsigned long long)(end - o->first));
	if (o->op.nonce)
		assigned_run(m, o);
	else
		assigned_unwritten(m, o, o->first + o->op.covered);
}

/* ---- looks at seals ---- */

static bool seal_fits(u64 pair, const struct dmw_seal *s)
{
	return TAG(pair) == s->tag && !VALUE(pair) == !s->nonce &&
	       (!s->nonce || s->time == pair_time(pair));
}

static void check_seal(const struct simop *o, u64 sector, const struct dmw_seal *s)
{
	u32 i, k;

	if (!oracle_tracks(sector, &i))
		return;
	for (k = o->marks[i]; k < histories[i].n; k++)
		if (seal_fits(histories[i].v[k], s))
			return;
	oracle_explain(i);
	fail("T7: a look at sector %llu finds nonce %llx time %u tag %u", (unsigned long long)sector,
	     (unsigned long long)s->nonce, s->time, s->tag);
}

static void check_seals(const struct simop *o)
{
	struct dmw_seal unwritten = { .tag = o->op.tag };
	u32 i;

	if (!o->op.covered || o->op.covered > o->op.end - o->op.sector ||
	    (!o->op.zero && o->op.covered != o->op.count))
		fail("T7: a look at %llu+%u covers %llu sectors", (unsigned long long)o->op.sector,
		     o->op.count, (unsigned long long)o->op.covered);
	for (i = 0; !o->op.zero && i < o->op.count; i++)
		check_seal(o, o->op.sector + i, &o->op.seals[i]);
	for (i = 0; o->op.zero && i < tracked(); i++)
		if (sector_of(i) >= o->op.sector && sector_of(i) < o->op.sector + o->op.covered)
			check_seal(o, sector_of(i), &unwritten);
}

/* ---- changes of tags ---- */

/* From now on nothing changes a closed tag's sectors: what they hold must stay. */
static void tag_changed(struct machine *m, struct simop *o)
{
	u32 i;

	if (!tags_ended(o))
		return;
	if (o->change.state == DMW_TAG_SHREDDED)
		key_shredded(o->change.tag);
	flushed(o);
	push(&histories[tracked()], tags_hash(), false);
	settle(&histories[tracked()], histories[tracked()].n - 1, true);
	for (i = 0; i < tracked(); i++)
		if (closed(TAG(last(i))))
			settle(&histories[i], histories[i].n - 1, true);
}

/* ---- ends, continued ---- */

/* Whoever asked for it knows whether its error is right. */
static bool may_be_refused(const struct simop *o)
{
	switch (o->op.kind) {
	case DMW_OP_TAG:
	case DMW_OP_EPOCH:
	case DMW_OP_RETIRE:
		return true;
	case DMW_OP_SWEEP:
		return o->op.error == -EBUSY;	/* another step is under way */
	default:
		return false;
	}
}

/** oracle_ended() - an op of the main machine has ended; takes it */
void oracle_ended(struct machine *m, struct simop *o)
{
	trace("ended %d %llu+%u error %d", o->op.kind, (unsigned long long)o->op.sector,
	      o->op.count, o->op.error);
	totals.ops++;
	totals.assigns += o->op.kind == DMW_OP_ASSIGN && !o->op.error;
	totals.changes += o->op.kind == DMW_OP_TAG && !o->op.error;
	totals.refusals += o->op.error == -EBADE || o->op.error == -EREMOTEIO ||
			   o->op.error == -ENODATA;
	totals.shreds += o->op.kind == DMW_OP_TAG && !o->op.error &&
			 o->change.state == DMW_TAG_SHREDDED;
	if (o->must && !o->op.error)
		fail("T4: op %d at %llu+%u, tag %u, is not refused", o->op.kind,
		     (unsigned long long)o->first, o->op.count, o->op.tag);
	if (o->op.error && (!may_be_refused(o) || m->vol.failed || m->attacked)) {
		failed(m, o);
		return;
	}
	switch (o->op.kind) {
	case DMW_OP_READ:
		check_read(o);
		break;
	case DMW_OP_WRITE:
	case DMW_OP_ERASE:
		changed(m, o);
		break;
	case DMW_OP_ASSIGN:
		assigned(m, o);
		break;
	case DMW_OP_SEALS:
		check_seals(o);
		break;
	case DMW_OP_TAG:
		tag_changed(m, o);
		break;
	case DMW_OP_FLUSH:
	case DMW_OP_CHECKPOINT:
		flushed(o);
		break;
	case DMW_OP_EPOCH:
	case DMW_OP_RETIRE:
		epochs_ended(m, o);
		break;
	case DMW_OP_SWEEP:
		totals.sweeps++;
		break;
	}
	simop_free(o);
}

/** oracle_hash() - of all that it knows */
u64 oracle_hash(const struct machine *m, u64 h)
{
	const struct simop *o;
	u32 i;

	for (i = 0; i < oracle_values(); i++) {
		h = mix(h ^ histories[i].floor);
		h = hash_bytes(h, histories[i].v, histories[i].n * sizeof(*histories[i].v));
		h = hash_bytes(h, histories[i].soft, histories[i].n * sizeof(*histories[i].soft));
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

/* Nothing changes a sector of a closed tag, whatever was asked for. */
static void allow_pending(struct allowed *a, const struct list_head *ops, u32 i)
{
	u64 sector = sector_of(i), old = last(i);
	const struct simop *o;

	if (closed(TAG(old)))
		return;
	list_for_each_entry(o, ops, list) {
		if (sector < o->op.sector || sector >= o->op.sector + o->op.count)
			continue;
		if (o->op.kind == DMW_OP_WRITE)
			allow(a, PAIR(o->value + (sector - o->op.sector), TAG(old)));
		else if (o->op.kind == DMW_OP_ERASE)
			allow(a, 0);
		else if (o->op.kind == DMW_OP_ASSIGN && o->op.nonce && !closed(o->op.tag))
			allow(a, PAIR(VALUE(old), o->op.tag));
	}
}

static void allow_changes(struct allowed *a, const struct list_head *ops)
{
	const struct simop *o;
	u64 hash;

	list_for_each_entry(o, ops, list)
		if (o->op.kind == DMW_OP_TAG && tags_hash_with(o, &hash))
			allow(a, hash);
}

/** oracle_allowed() - what a crash of the main machine may leave now */
void oracle_allowed(const struct machine *m, struct allowed *a)
{
	u32 i, k;

	a->used = 0;
	a->hash = 0;
	for (i = 0; i < oracle_values(); i++) {
		const struct history *h = &histories[i];

		a->first[i] = a->used;
		for (k = h->floor; k < h->n; k++)
			allow(a, h->v[k]);
		if (i < tracked()) {
			allow_pending(a, &m->ops, i);
			allow_pending(a, &m->limbo, i);
		} else {
			allow_changes(a, &m->ops);
			allow_changes(a, &m->limbo);
		}
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
	for (i = 0; i < oracle_values(); i++) {
		a->first[i] = a->used;
		allow(a, values[i]);
	}
	a->first[i] = a->used;
}

bool oracle_is_allowed(const struct allowed *a, u32 i, u64 value)
{
	u32 k;

	for (k = a->first[i]; k < a->first[i + 1]; k++)
		if (pair_fits(a->values[k], value))
			return true;
	return false;
}

static void print_pair(u64 pair)
{
	fprintf(stderr, TAG(pair) ? " %llu/%u" : " %llu", (unsigned long long)VALUE(pair), TAG(pair));
}

void oracle_check(const struct allowed *a, const u64 *values, const char *what)
{
	u32 i, k;

	if (!oracle_is_allowed(a, tracked(), values[tracked()])) {
		tags_explain(NULL);
		fail("T3: %s: the tag table is none of %u", what, a->first[tracked() + 1] -
		     a->first[tracked()]);
	}
	for (i = 0; i < tracked(); i++) {
		if (oracle_is_allowed(a, i, values[i]))
			continue;
		oracle_explain(i);
		fprintf(stderr, "allowed:");
		for (k = a->first[i]; k < a->first[i + 1]; k++)
			print_pair(a->values[k]);
		fprintf(stderr, "\n");
		fail("%s: sector %llu holds %llu, tag %u", what, (unsigned long long)sector_of(i),
		     (unsigned long long)VALUE(values[i]), TAG(values[i]));
	}
}

void oracle_explain(u32 i)
{
	const struct history *h = &histories[i];
	u32 k;

	fprintf(stderr, "history from the floor (%u):", h->floor);
	for (k = h->floor; k < h->n; k++)
		print_pair(h->v[k]);
	fprintf(stderr, "\n");
}
