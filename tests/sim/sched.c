// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A machine: an open volume and what it has under way. Each task goes through its phases one at a
 * time; which task is next is for the caller to choose, at random or in order. Between any two steps
 * the machine may crash.
 */
#include "sim.h"

/* ---- life ---- */

void machine_init(struct machine *m, struct disk *d)
{
	memset(m, 0, sizeof(*m));
	m->host.m = m;
	m->disk = d;
	INIT_LIST_HEAD(&m->ops);
	INIT_LIST_HEAD(&m->limbo);
}

void simop_free(struct simop *o)
{
	/* What was the core's until now it must not look at any more. */
	if (o->change.record)
		memset(o->change.record, 0xdd, sizeof(*o->change.record));
	free(o->change.record);
	dmw_host_free(&o->m->host, o->change.node);
	free(o->marks);
	free(o->data);
	free(o);
}

static void free_ops(struct list_head *list)
{
	struct simop *o, *next;

	list_for_each_entry_safe(o, next, list, list)
		simop_free(o);
	INIT_LIST_HEAD(list);
}

static void count(struct machine *m)
{
	const struct dmw_stats *s = &m->vol.stats;
	const struct dmw_layout *l = &m->vol.state.sb.layout;

	totals.checkpoints += s->checkpoints;
	totals.recovered += s->recovered;
	totals.opens++;
	if (m->main && l->journal_unit)
		totals.wraps += m->vol.journal.pos / dmw_layout_journal_units(l) -
				m->vol.state.root.journal_pos / dmw_layout_journal_units(l);
}

/** machine_free() - as if it had never been; what it wrote remains. All its memory must be gone */
void machine_free(struct machine *m)
{
	u32 i;

	count(m);
	dmw_volume_free(&m->vol);
	free_ops(&m->ops);
	free_ops(&m->limbo);
	for (i = 0; i < m->job_count; i++)
		free(m->jobs[i].copy);
	free(m->jobs);
	if (m->host.allocs || m->host.nodes)
		fail("leak: %u allocations, %u nodes", m->host.allocs, m->host.nodes);
	machine_init(m, m->disk);
}

enum dmw_load_error machine_open(struct machine *m, bool read_only)
{
	struct dmw_options o = {
		.lun = { .blocks = cfg.layout.lun_blocks, .logical_block = cfg.logical_block,
			 .read_only = read_only, .uuid = sim_uuid },
		.anchor = m->anchor,
		.node_limit = cfg.node_limit,
		.host_name = "simulator",
		.counter_limit = cfg.counter_limit,
	};
	enum dmw_load_error err;

	m->read_only = read_only;
	err = dmw_volume_open(&m->vol, &m->host, &o);
	if (!err)
		keys_open(m);
	return err;
}

u64 next_value;

/* ---- into the core and out of it ---- */

static struct job *add_job(struct machine *m, struct dmw_task *t)
{
	struct job *j;
	u32 i;

	for (i = 0; i < m->job_count; i++)
		if (m->jobs[i].t == t)
			fail("a task is handed out while it is under way");
	if (m->job_count == m->job_cap) {
		m->job_cap = m->job_cap ? 2 * m->job_cap : 32;
		m->jobs = realloc(m->jobs, m->job_cap * sizeof(*m->jobs));
	}
	j = &m->jobs[m->job_count++];
	memset(j, 0, sizeof(*j));
	j->t = t;
	if (t->error)
		fail("a new task has an error already");
	if (t->io == DMW_IO_READ)
		j->phase = PHASE_ISSUE;
	else
		j->phase = t->work ? PHASE_WORK : t->io ? PHASE_ISSUE : PHASE_DONE;
	return j;
}

static bool lacks_key(const struct simop *o)
{
	return o->op.kind == DMW_OP_READ && (o->op.error == -ENODATA || o->op.error == -ENOKEY);
}

/* What is to be said of a sector whose value is known, or is known to be out of reach. */
static u64 with_seal(const struct machine *m, u64 sector, u64 value, const struct dmw_seal *s)
{
	bool gone = s->nonce && key_is_gone(m, s->tag);

	if (gone != (value == UNREADABLE))
		fail("T9: sector %llu, tag %u: its key is %s, and it is %s", (unsigned long long)sector,
		     s->tag, gone ? "gone" : "there", gone ? "read" : "not read");
	if (gone)
		return pair_unreadable(s->tag, s->time);
	if (s->nonce && value && s->time != value_time(value))
		fail("T7: sector %llu, %llu: its time is not that of its write",
		     (unsigned long long)sector, (unsigned long long)value);
	return PAIR(value, s->tag);
}

/* A checker reads a sector's value first, and then its tag. */
static void looked_at(struct machine *m, const struct simop *o, u32 i)
{
	u64 sector = o->op.sector + i, *value;
	u32 index;

	if (!oracle_tracks(sector, &index))
		return;
	value = &m->values[index];
	if (lacks_key(o))
		*value = UNREADABLE;
	else if (o->op.kind == DMW_OP_READ && o->op.error)
		*value = READ_ERROR;
	else if (o->op.kind == DMW_OP_READ && o->op.zero)
		*value = 0;
	else if (o->op.kind == DMW_OP_READ &&
		 !page_value(o->data + ((u64)i << DMW_SECTOR_SHIFT), value))
		fail("checker: sector %llu holds garbage", (unsigned long long)sector);
	if (o->op.kind != DMW_OP_SEALS || *value == READ_ERROR)
		return;
	if (o->op.error) {
		*value = READ_ERROR;
	} else if (o->op.zero) {
		*value = PAIR(0, o->op.tag);
	} else {
		*value = with_seal(m, sector, *value, &o->op.seals[i]);
	}
}

static void ended(struct machine *m, struct dmw_op *op)
{
	struct simop *o = container_of(op, struct simop, op);
	u32 i;

	for (i = 0; i < m->job_count; i++)
		if (m->jobs[i].t == &op->task)
			fail("an op has ended while its task is under way");
	m->op_count--;
	m->ended++;
	m->last_error = op->error;
	list_del_init(&o->list);
	if (m->vol.forgotten && op->error != -ENODATA)
		fail("T9: all keys are gone, and op %d ended with %d", op->kind, op->error);
	if (m->main) {
		oracle_ended(m, o);
		return;
	}
	if (op->error != m->expected && !m->tolerant && !(m->values && lacks_key(o)))
		fail("checker: op %d at %llu+%u ended with %d instead of %d", op->kind,
		     (unsigned long long)op->sector, op->count, op->error, m->expected);
	for (i = 0; i < op->count && m->values; i++)
		looked_at(m, o, i);
	if (m->ledger && op->kind == DMW_OP_ASSIGN)
		oracle_foreign(o);
	simop_free(o);
}

static void unexpected_events(struct machine *m)
{
	if (m->vol.failed || m->host.read_failed || m->tolerant || m->attacked)
		return;
	if (m->host.events[DMW_EVENT_MISMATCH] || m->host.events[DMW_EVENT_NODE])
		fail("a false alarm: the array did nothing wrong");
	if (m->host.events[DMW_EVENT_LOST])
		fail("recovery declares good data lost");
}

/* After each call of the core, the lock still held. */
static void collect(struct machine *m)
{
	LIST_HEAD(looks);
	struct dmw_task *t;
	struct dmw_op *op;

	if (!list_empty(&m->vol.ready))
		fail("an op is ready, and nobody advances it");
	while ((t = dmw_task_next(&m->vol)))
		add_job(m, t);
	while ((op = dmw_op_next(&m->vol)))
		if (op->kind == DMW_OP_SEALS)
			list_add_tail(&op->wait, &looks);
		else
			ended(m, op);
	if (m->main)
		oracle_began(m);
	/* These may have seen what an assignment has begun with. */
	while (!list_empty(&looks)) {
		op = list_first_entry(&looks, struct dmw_op, wait);
		list_del_init(&op->wait);
		ended(m, op);
	}
	m->host.locked = false;
	unexpected_events(m);
	if (m->main && !m->attacked)
		tags_seen(m);
}

static struct simop *new_op(struct machine *m, enum dmw_op_kind kind, u64 sector, u32 n)
{
	struct simop *o = calloc(1, sizeof(*o) + n * sizeof(o->seals[0]));

	o->m = m;
	o->first = sector;
	o->op.kind = kind;
	o->op.sector = sector;
	o->op.count = n;
	o->op.end = sector + n;
	o->op.seals = o->seals;
	if (n)
		o->data = malloc((size_t)n << DMW_SECTOR_SHIFT);
	return o;
}

static void submit(struct machine *m, struct simop *o)
{
	list_add_tail(&o->list, &m->ops);
	m->op_count++;
	if (m->main)
		oracle_submitted(m, o);
	trace("submit %s %llu+%u value %llu%s%s end %llu tag %u",
	      ((const char *[]){ "read", "write", "erase", "flush", "checkpoint", "assign", "seals",
				 "tag", "sweep", "epoch", "retire" })[o->op.kind],
	      (unsigned long long)o->op.sector, o->op.count, (unsigned long long)o->value,
	      o->op.fua ? " fua" : "", o->op.discard ? " discard" : "",
	      (unsigned long long)o->op.end, o->op.change ? o->change.tag : o->op.tag);
	m->host.locked = true;
	dmw_submit(&m->vol, &o->op);
	collect(m);
}

void machine_submit(struct machine *m, enum dmw_op_kind kind, u64 sector, u32 n, bool fua)
{
	struct simop *o = new_op(m, kind, sector, n);

	o->op.fua = fua;
	o->op.discard = kind == DMW_OP_ERASE && cfg.discard && maybe(true);
	if (kind == DMW_OP_WRITE) {
		o->value = next_value;
		next_value += n;
	}
	submit(m, o);
}

void machine_submit_assign(struct machine *m, u64 sector, u32 n, u64 end, u32 tag)
{
	struct simop *o = new_op(m, DMW_OP_ASSIGN, sector, n);

	o->op.end = end;
	o->op.tag = tag;
	submit(m, o);
}

void machine_submit_seals(struct machine *m, u64 sector, u32 n, u64 end)
{
	struct simop *o = new_op(m, DMW_OP_SEALS, sector, n);

	o->op.end = end;
	submit(m, o);
}

void machine_submit_tag(struct machine *m, u32 tag, u32 state, u32 version)
{
	struct simop *o = new_op(m, DMW_OP_TAG, 0, 0);

	o->version = version;
	o->op.change = &o->change;
	o->change.tag = tag;
	o->change.state = (enum dmw_tag_state)state;
	o->change.record = malloc(sizeof(*o->change.record));
	o->change.node = dmw_host_alloc(&m->host, sizeof(*o->change.node));
	tag_record(o->change.record, tag, state, version);
	submit(m, o);
}

void machine_submit_epoch(struct machine *m, enum dmw_op_kind kind, u32 epoch)
{
	struct simop *o = new_op(m, kind, 0, 0);

	o->op.tag = epoch;
	submit(m, o);
}

void machine_restart_sweep(struct machine *m)
{
	m->host.locked = true;
	dmw_sweep_restart(&m->vol);
	collect(m);
}

void machine_shrink(struct machine *m, u32 n)
{
	m->host.locked = true;
	dmw_volume_shrink(&m->vol, n);
	collect(m);
}

/** machine_forget() - the warrant is shredded, and the kernel drops all keys */
void machine_forget(struct machine *m)
{
	trace("forget");
	m->host.locked = true;
	dmw_volume_forget(&m->vol);
	collect(m);
}

/* ---- what a sector holds ---- */

static void page_fill(u8 *p, u64 value)
{
	u64 w;
	u32 i;

	for (i = 0; i < DMW_SECTOR_SIZE; i += 8) {
		w = value * 0x9e3779b97f4a7c15ULL + i;
		memcpy(p + i, &w, 8);
	}
}

/** page_value() - which value fills this sector? Return: false when it is none of ours */
bool page_value(const u8 *p, u64 *value)
{
	const u64 *w = (const u64 *)p;
	u64 first = w[0], differs = 0;
	u32 i;

	*value = first * 0xf1de83e19937733dULL;	/* the inverse of the factor above */
	for (i = 0; i < DMW_SECTOR_SIZE / 8; i++)
		differs |= w[i] ^ (first ? first + 8 * i : 0);
	return !differs;
}

void dmw_host_gather(struct dmw_op *op)
{
	struct simop *o = container_of(op, struct simop, op);
	u32 i;

	for (i = 0; i < op->count; i++)
		page_fill(dmw_host_sector(op, i), o->value + i);
}

void *dmw_host_sector(struct dmw_op *op, u32 i)
{
	if (i >= op->count)
		fail("sector %u of an op with %u", i, op->count);
	return container_of(op, struct simop, op)->data + ((size_t)i << DMW_SECTOR_SHIFT);
}

/* ---- phases ---- */

static u8 *task_memory(struct dmw_task *t)
{
	return t->op ? dmw_host_sector(t->op, 0) : t->buf;
}

/** fault_hit() - is this the one that fails? */
bool fault_hit(u32 *in)
{
	if (*in && --*in == 0) {
		totals.faults++;
		return true;
	}
	return false;
}

static void issue_write(struct machine *m, struct job *j)
{
	struct dmw_task *t = j->t;
	bool tears = !t->op || t->op->fresh;
	u32 i, n;

	if (t->io == DMW_IO_DISCARD && maybe(false))
		return;	/* a LUN may ignore it */
	j->copy = calloc(1, t->length);
	if (t->io == DMW_IO_WRITE)
		memcpy(j->copy, task_memory(t), t->length);
	j->ticket = disk_write(m->disk);
	for (i = 0; i < t->length; i += n) {
		n = min_t(u32, t->length - i, DMW_SECTOR_SIZE - (t->offset + i) % DMW_SECTOR_SIZE);
		disk_write_block(m->disk, j->ticket, t->offset + i, j->copy + i, n, tears);
	}
	j->shown = maybe(true);
	if (j->shown)
		disk_write_show(m->disk, j->ticket);
}

static void issue(struct machine *m, struct job *j)
{
	struct dmw_task *t = j->t;

	if (m->read_only && t->io != DMW_IO_READ)
		fail("a volume opened read-only is written");
	trace("issue io %d offset block %llu+%u length %u%s", t->io,
	      (unsigned long long)(t->offset / DMW_SECTOR_SIZE),
	      (u32)(t->offset % DMW_SECTOR_SIZE), t->length, t->fua ? " fua" : "");
	switch (t->io) {
	case DMW_IO_READ:
		memset(task_memory(t), 0x5a, t->length);
		j->sampled = maybe(false);
		if (j->sampled) {
			j->copy = malloc(t->length);
			j->error = disk_read(m->disk, t->offset, j->copy, t->length);
		}
		break;
	case DMW_IO_FLUSH:
		j->ticket = disk_flush(m->disk);
		break;
	default:
		issue_write(m, j);
	}
	j->phase = PHASE_COMPLETE;
}

static void complete_read(struct machine *m, struct job *j)
{
	struct dmw_task *t = j->t;

	if (fault_hit(&m->faults.read_in)) {
		m->faults.read_hits++;
		t->error = -EIO;
		return;
	}
	if (j->sampled) {
		t->error = j->error;
		memcpy(task_memory(t), j->copy, t->length);
	} else {
		t->error = disk_read(m->disk, t->offset, task_memory(t), t->length);
	}
	/* as those below the core do it: there it means that a key was destroyed */
	if (t->error == -ENODATA)
		t->error = -EIO;
}

static void complete_write(struct machine *m, struct job *j)
{
	struct dmw_task *t = j->t;

	if (!j->ticket)
		return;
	if (t->io == DMW_IO_WRITE && memcmp(j->copy, task_memory(t), t->length))
		fail("memory has changed under a write");
	if (fault_hit(&m->faults.write_in)) {
		t->error = -EIO;	/* it may be on the LUN nevertheless */
		return;
	}
	if (!j->shown)
		disk_write_show(m->disk, j->ticket);
	disk_write_done(m->disk, j->ticket, t->fua);
}

static void complete(struct machine *m, struct job *j)
{
	struct dmw_task *t = j->t;

	switch (t->io) {
	case DMW_IO_READ:
		complete_read(m, j);
		break;
	case DMW_IO_FLUSH:
		if (fault_hit(&m->faults.flush_in))
			t->error = -EIO;
		else
			disk_flush_done(m->disk, j->ticket);
		break;
	default:
		complete_write(m, j);
	}
	trace("complete io %d block %llu error %d", t->io,
	      (unsigned long long)(t->offset / DMW_SECTOR_SIZE), t->error);
	free(j->copy);
	j->copy = NULL;
	j->phase = t->io == DMW_IO_READ && t->work && !t->error ? PHASE_WORK : PHASE_DONE;
}

static void work(struct machine *m, struct job *j)
{
	struct dmw_task *t = j->t;

	t->work(&m->vol, &m->host, t);
	j->phase = t->io != DMW_IO_NONE && t->io != DMW_IO_READ && !t->error ? PHASE_ISSUE :
		   PHASE_DONE;
}

static void done(struct machine *m, u32 i)
{
	struct dmw_task *t = m->jobs[i].t;

	/* Its memory may become another task's, by chance that no seed repeats. */
	if (m->slow == t)
		m->slow = NULL;
	memmove(&m->jobs[i], &m->jobs[i + 1], (--m->job_count - i) * sizeof(m->jobs[0]));
	m->host.locked = true;
	dmw_task_done(&m->vol, t);
	collect(m);
}

/** machine_step_job() - one phase of one task */
void machine_step_job(struct machine *m, u32 i)
{
	struct job *j = &m->jobs[i];

	switch (j->phase) {
	case PHASE_WORK:
		work(m, j);
		break;
	case PHASE_ISSUE:
		issue(m, j);
		break;
	case PHASE_COMPLETE:
		complete(m, j);
		break;
	case PHASE_DONE:
		done(m, i);
		break;
	}
}

static bool writes_superblock(const struct dmw_task *t)
{
	return t->io == DMW_IO_WRITE && (t->offset >> DMW_SECTOR_SHIFT == 0 ||
					 t->offset >> DMW_SECTOR_SHIFT == cfg.layout.superblock_b);
}

/* Now and then one task is slow, superblocks more often than others: all others overtake it. */
static u32 choose_job(struct machine *m)
{
	u32 i = below(m->job_count);

	if (!m->slow_for && one_in(writes_superblock(m->jobs[i].t) ? 3 : 30)) {
		m->slow = m->jobs[i].t;
		m->slow_for = 1 + below(300);
	}
	if (!m->slow_for)
		return i;
	m->slow_for--;
	if (m->jobs[i].t == m->slow)
		i = (i + 1) % m->job_count;
	return i;
}

/** machine_step() - the same for the oldest task, or for any; there must be one */
void machine_step(struct machine *m, bool in_order)
{
	machine_step_job(m, in_order ? 0 : choose_job(m));
}

/** machine_drain() - until nothing is under way */
void machine_drain(struct machine *m, bool in_order)
{
	while (m->job_count)
		machine_step(m, in_order);
	if (m->op_count) {
		machine_dump(m);
		fail("deadlock: %u ops are under way, and nothing can be done", m->op_count);
	}
}

/* ---- when things go wrong ---- */

static u32 length(const struct list_head *h)
{
	const struct list_head *p;
	u32 n = 0;

	for (p = h->next; p != h; p = p->next)
		n++;
	return n;
}

void machine_dump(struct machine *m)
{
	const struct dmw_volume *v = &m->vol;
	const struct dmw_journal *j = &v->journal;
	const struct simop *o;

	fprintf(stderr, "failed %d counter %llu writers %u gated %d gate %u ready %u\n", v->failed,
		(unsigned long long)v->counter, v->writers, v->gated, length(&v->gate),
		length(&v->ready));
	fprintf(stderr, "checkpoint state %d again %d q_seq %llu sealed %d level %u writing %u\n",
		v->checkpoint.state, v->checkpoint.again, (unsigned long long)v->checkpoint.q_seq,
		v->checkpoint.q_sealed, v->checkpoint.level, v->checkpoint.writing);
	fprintf(stderr, "journal seq %llu pos %llu tail %llu open %d flight %u free %u queue %u unfinished %u\n",
		(unsigned long long)j->seq, (unsigned long long)j->pos,
		(unsigned long long)j->tail, j->open ? (int)j->open->head.count : -1,
		length(&j->flight), length(&j->free), length(&j->queue), length(&j->unfinished));
	fprintf(stderr, "tree limit %u count %u dirty %u lru %u reserve %u owner %d waiters %u\n",
		v->tree.limit, v->tree.count, v->tree.dirty_count, length(&v->tree.lru),
		v->tree.reserve_count, !!v->tree.owner, length(&v->tree.waiters));
	list_for_each_entry(o, &m->ops, list)
		fprintf(stderr, "op kind %d %llu+%u state %d busy %d queued %u journalled %d data %d waits %d error %d\n",
			o->op.kind, (unsigned long long)o->op.sector, o->op.count, o->op.state,
			o->op.busy, o->op.queued, o->op.journalled, o->op.data_there,
			!list_empty(&o->op.wait), o->op.error);
}
