// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal: a ring of sealed records, each chained to the one before by its MAC.
 *
 * Ops queue up with their entries. One record takes entries while others are on their way; it goes
 * out when none is under way, when it is full, or when a checkpoint wants it. An op is journalled
 * when the record with its last entry and all records before it are durable.
 *
 * Records are sealed one after the other, since each holds the MAC of the one before; their writes
 * overlap.
 */
#include "core.h"

static u64 longest(const struct dmw_volume *v)
{
	return DMW_RECORD_MAX / v->state.sb.layout.journal_unit;
}

/** dmw_journal_used() - journal units between the committed checkpoint and the last record */
u64 dmw_journal_used(const struct dmw_volume *v)
{
	return v->journal.pos - v->journal.tail;
}

/** dmw_journal_finished() - newest sequence up to which all data is done (though not flushed) */
u64 dmw_journal_finished(const struct dmw_volume *v)
{
	const struct dmw_journal *j = &v->journal;

	if (list_empty(&j->unfinished))
		return j->seq - 1;
	return list_first_entry(&j->unfinished, struct dmw_op, unfinished)->first_seq - 1;
}

/*
 * Room for whatever an op may need, so that an op which has begun never waits for a checkpoint that
 * waits for it: the rest of the open record and two more, and what is skipped at the ring's end.
 */
static bool has_room(struct dmw_volume *v)
{
	const struct dmw_layout *l = &v->state.sb.layout;
	u64 need = dmw_journal_place(l, v->journal.pos) + 5 * longest(v);

	return need - v->journal.tail <= dmw_layout_journal_units(l);
}

/** dmw_journal_stuck() - does an op wait for room in the ring, which only a checkpoint makes? */
bool dmw_journal_stuck(struct dmw_volume *v)
{
	const struct dmw_op *op = list_first_entry_or_null(&v->journal.queue, struct dmw_op, wait);

	return op && op->queued == 0 && !has_room(v);
}

/* Ask for a checkpoint early enough that writers do not have to wait for it. */
static bool is_half_full(const struct dmw_volume *v)
{
	return dmw_journal_used(v) > dmw_layout_journal_units(&v->state.sb.layout) / 2;
}

/* ---- sealing and writing ---- */

static void seal_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_record *r = container_of(t, struct dmw_record, task);
	struct dmw_key_id key;

	t->error = dmw_state_key(&v->state, DMW_TAG_METADATA, dmw_nonce_activation(r->head.nonce),
				 &key);
	if (!t->error)
		t->error = dmw_record_seal(h, v->state.sb.uuid, &key, &r->head, r->disk);
}

static void write_done(struct dmw_volume *v, struct dmw_task *t);
static void seal_next(struct dmw_volume *v);

static void write_record(struct dmw_volume *v, struct dmw_record *r)
{
	const struct dmw_layout *l = &v->state.sb.layout;
	u64 place = r->pos % dmw_layout_journal_units(l);

	memset(&r->task, 0, sizeof(r->task));
	r->task.io = DMW_IO_WRITE;
	r->task.fua = true;
	r->task.offset = (l->journal_start << DMW_SECTOR_SHIFT) + place * l->journal_unit;
	r->task.length = round_up(r->head.length, v->options.lun.logical_block);
	r->task.buf = r->disk;
	r->task.done = write_done;
	memset((u8 *)r->disk + r->head.length, 0, r->task.length - r->head.length);
	dmw_task_start(v, &r->task);
}

static void seal_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_record *r = container_of(t, struct dmw_record, task);
	struct dmw_journal *j = &v->journal;
	struct dmw_checkpoint *c = &v->checkpoint;

	j->sealing = false;
	if (t->error) {
		dmw_fail(v, t->error);
		return;
	}
	r->state = DMW_RECORD_SEALED;
	memcpy(j->mac, r->head.mac, DMW_MAC_SIZE);
	if (c->state != DMW_CHECKPOINT_IDLE && r->head.seq == c->q_seq) {
		memcpy(c->q_mac, r->head.mac, DMW_MAC_SIZE);
		c->q_sealed = true;
	}
	write_record(v, r);
	seal_next(v);
}

static void seal_next(struct dmw_volume *v)
{
	struct dmw_journal *j = &v->journal;
	struct dmw_record *r;

	if (j->sealing || v->failed)
		return;
	list_for_each_entry(r, &j->flight, list) {
		if (r->state != DMW_RECORD_CLOSED)
			continue;
		j->sealing = true;
		r->head.stable = j->stable;
		r->head.checkpoint = v->state.sb.checkpoint;
		memcpy(r->head.prev, j->mac, DMW_MAC_SIZE);
		memset(&r->task, 0, sizeof(r->task));
		r->task.work = seal_work;
		r->task.done = seal_done;
		dmw_task_start(v, &r->task);
		return;
	}
}

static void retire(struct dmw_volume *v, struct dmw_record *r)
{
	struct dmw_op *op;

	list_for_each_entry(op, &r->ops, wait)
		op->journalled = true;
	dmw_wake_all(v, &r->ops);
	list_move(&r->list, &v->journal.free);
}

static void write_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_journal *j = &v->journal;
	struct dmw_record *r = container_of(t, struct dmw_record, task), *next;

	if (t->error)
		dmw_fail(v, t->error);
	if (v->failed)
		return;
	r->state = DMW_RECORD_DURABLE;
	list_for_each_entry_safe(r, next, &j->flight, list) {
		if (r->state != DMW_RECORD_DURABLE)
			break;
		retire(v, r);
	}
	dmw_journal_pump(v);
}

/* ---- filling ---- */

static bool open_record(struct dmw_volume *v)
{
	struct dmw_journal *j = &v->journal;
	struct dmw_record *r = list_first_entry_or_null(&j->free, struct dmw_record, list);

	if (!r)
		return false;
	list_del_init(&r->list);
	r->state = DMW_RECORD_OPEN;
	memset(&r->head, 0, sizeof(r->head));
	r->head.seq = j->seq++;
	r->pos = dmw_journal_place(&v->state.sb.layout, j->pos);
	j->open = r;
	return true;
}

/** dmw_journal_close() - send the open record on its way, if there is one */
void dmw_journal_close(struct dmw_volume *v)
{
	struct dmw_journal *j = &v->journal;
	struct dmw_record *r = j->open;

	if (!r)
		return;
	r->state = DMW_RECORD_CLOSED;
	r->head.nonce = dmw_nonces(v, 1);
	r->head.length = dmw_record_length(r->head.count);
	j->pos = r->pos + DIV_ROUND_UP(r->head.length, v->state.sb.layout.journal_unit);
	j->open = NULL;
	list_add_tail(&r->list, &j->flight);
	v->stats.records++;
	v->stats.entries += r->head.count;
	seal_next(v);
}

static u32 op_entries(const struct dmw_op *op)
{
	return op->kind == DMW_OP_ERASE ? 1 : op->count;
}

static void add_entry(struct dmw_record *r, struct dmw_op *op)
{
	struct dmw_entry e = { .sector = op->sector };

	if (op->kind != DMW_OP_ERASE) {
		e.sector += op->queued;
		e.seal = op->seals[op->queued];
	} else {
		e.count = op->count;
	}
	dmw_entry_encode(&r->disk->entries[r->head.count++], &e);
	op->queued++;
}

/* Return: false when the op's next entry has to wait for a record or for room in the ring. */
static bool add_entries(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_journal *j = &v->journal;

	if (op->queued == 0 && !has_room(v)) {
		dmw_checkpoint_request(v);
		return false;
	}
	while (op->queued < op_entries(op)) {
		if (!j->open && !open_record(v))
			return false;
		if (op->queued == 0) {
			op->first_seq = j->open->head.seq;
			list_add_tail(&op->unfinished, &j->unfinished);
		}
		add_entry(j->open, op);
		if (op->queued == op_entries(op))
			list_move_tail(&op->wait, &j->open->ops);
		if (j->open->head.count == DMW_RECORD_ENTRIES)
			dmw_journal_close(v);
	}
	return true;
}

/**
 * dmw_journal_pump() - move what can be moved: entries into records, records out
 * @v: volume
 */
void dmw_journal_pump(struct dmw_volume *v)
{
	struct dmw_journal *j = &v->journal;

	while (!v->failed && !list_empty(&j->queue))
		if (!add_entries(v, list_first_entry(&j->queue, struct dmw_op, wait)))
			break;
	if (list_empty(&j->flight))
		dmw_journal_close(v);
	/* That under way makes room, and pumps again when it has. */
	if (is_half_full(v) && v->checkpoint.state == DMW_CHECKPOINT_IDLE)
		dmw_checkpoint_request(v);
}

/**
 * dmw_journal_append() - journal an op's seals (a write) or its run (an erase)
 * @v:  volume
 * @op: op
 *
 * The op is advanced when it is journalled.
 */
void dmw_journal_append(struct dmw_volume *v, struct dmw_op *op)
{
	op->queued = 0;
	op->journalled = false;
	list_add_tail(&op->wait, &v->journal.queue);
	dmw_journal_pump(v);
}

/** dmw_journal_abort() - nothing more can be journalled: let all that wait see it */
void dmw_journal_abort(struct dmw_volume *v)
{
	struct dmw_journal *j = &v->journal;
	struct dmw_record *r;

	dmw_wake_all(v, &j->queue);
	if (j->open)
		dmw_wake_all(v, &j->open->ops);
	list_for_each_entry(r, &j->flight, list)
		dmw_wake_all(v, &r->ops);
}

/* ---- life ---- */

/** dmw_journal_init() - memory for records. Context: may sleep */
int dmw_journal_init(struct dmw_volume *v)
{
	struct dmw_journal *j = &v->journal;
	int i;

	INIT_LIST_HEAD(&j->flight);
	INIT_LIST_HEAD(&j->free);
	INIT_LIST_HEAD(&j->queue);
	INIT_LIST_HEAD(&j->unfinished);
	for (i = 0; i < DMW_RECORDS; i++) {
		struct dmw_record *r = &j->records[i];

		r->disk = dmw_host_alloc(v->host, DMW_RECORD_MAX);
		if (!r->disk)
			return -ENOMEM;
		INIT_LIST_HEAD(&r->ops);
		list_add_tail(&r->list, &j->free);
	}
	return 0;
}

/** dmw_journal_free() - free it. Context: may sleep; nothing is under way */
void dmw_journal_free(struct dmw_volume *v)
{
	int i;

	for (i = 0; i < DMW_RECORDS; i++)
		dmw_host_free(v->host, v->journal.records[i].disk);
}

/** dmw_journal_start() - go on behind a journal that has been read */
void dmw_journal_start(struct dmw_volume *v, const struct dmw_journal_end *end)
{
	struct dmw_journal *j = &v->journal;

	j->seq = end->seq;
	j->pos = end->pos;
	j->tail = v->state.root.journal_pos;
	j->stable = end->stable;
	memcpy(j->mac, end->mac, DMW_MAC_SIZE);
}
