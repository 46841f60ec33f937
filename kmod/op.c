// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to a request. Each kind is a small state machine that dmw_op_advance() drives until
 * the op has to wait for something; whoever brings that about advances it again.
 *
 *   read   leaf -> data -> verify; on a mismatch look the seal up again, since a write may have
 *          passed by
 *   write  leaf -> lock sectors -> encrypt -> journal -> data -> seals into the leaf -> unlock
 *   erase  leaf -> lock sectors -> journal -> (discard) -> unwritten seals into the leaf -> unlock
 *   assign leaf -> lock sectors -> tags of unwritten sectors into the leaf; the first run of written
 *          ones that have another tag is read, opened, encrypted anew, and goes on as a write does
 *   sweep  the same for the first run that is under an old epoch, with the tags that it has
 *   flush  flush the LUN; the data of all finished records is then known to be stable
 *
 * A write to fresh sectors only, whose old contents are zeros by their seals, sends journal and
 * data out together: losing either leaves the zeros.
 */
#include "core.h"

static void start(struct dmw_volume *v, struct dmw_op *op, struct dmw_task t)
{
	op->task = t;
	op->busy = true;
	dmw_task_start(v, &op->task);
}

static u64 data_offset(const struct dmw_volume *v, const struct dmw_op *op)
{
	return dmw_layout_sector(&v->state.sb.layout, op->sector) << DMW_SECTOR_SHIFT;
}

/* The key tag of a seal: 0 stands for the volume's default tag. */
static u32 key_tag(const struct dmw_volume *v, const struct dmw_seal *s)
{
	return s->tag ? s->tag : v->state.root.default_tag;
}

static struct dmw_seal_disk *leaf_seals(const struct dmw_op *op, const struct dmw_node *leaf)
{
	return &leaf->seals->seals[op->sector & (DMW_FANOUT - 1)];
}

static int data_crypt(struct dmw_volume *v, struct dmw_host *h, bool seal, struct dmw_op *op, u32 i)
{
	struct dmw_seal *s = &op->seals[i];
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_DATA, .address = op->sector + i,
		.nonce = s->nonce, .time = s->time, .tag = s->tag,
	};
	struct dmw_key_id key;
	int ret;

	ret = dmw_state_key(&v->state, key_tag(v, s), dmw_nonce_activation(s->nonce), &key);
	if (ret)
		return ret;
	return dmw_block_crypt(h, seal, v->state.sb.uuid, &key, &id, dmw_host_sector(op, i),
			       DMW_SECTOR_SIZE, s->mac);
}

/** dmw_op_end() - an op has its result */
void dmw_op_end(struct dmw_volume *v, struct dmw_op *op, int error)
{
	op->error = v->forgotten ? -ENODATA : error;
	dmw_tree_release(v, op);
	if (op->kind == DMW_OP_TAG)
		dmw_tag_release(v, op);
	else if (op->kind == DMW_OP_SWEEP)
		dmw_sweep_end(v, op);
	list_add_tail(&op->wait, &v->completed);
}

/* ---- locking sectors ---- */

static void set_lock_bits(struct dmw_op *op)
{
	u32 first = op->sector & (DMW_FANOUT - 1), i;

	op->lock[0] = 0;
	op->lock[1] = 0;
	for (i = first; i < first + op->count; i++)
		op->lock[i / 64] |= 1ULL << (i % 64);
}

static bool overlaps(const u64 *a, const u64 *b)
{
	return (a[0] & b[0]) || (a[1] & b[1]);
}

static void add_bits(u64 *to, const u64 *bits)
{
	to[0] |= bits[0];
	to[1] |= bits[1];
}

/* First come, first served: an op also waits for those that wait already. */
static bool lock_sectors(struct dmw_op *op)
{
	struct dmw_node *leaf = op->leaf;
	struct dmw_op *other;

	if (overlaps(leaf->locked, op->lock))
		return false;
	list_for_each_entry(other, &leaf->waiters, wait)
		if (other->kind != DMW_OP_READ && overlaps(other->lock, op->lock))
			return false;
	add_bits(leaf->locked, op->lock);
	return true;
}

static void unlock_sectors(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_node *leaf = op->leaf;
	struct dmw_op *other, *next;
	u64 taken[2];

	leaf->locked[0] &= ~op->lock[0];
	leaf->locked[1] &= ~op->lock[1];
	taken[0] = leaf->locked[0];
	taken[1] = leaf->locked[1];
	list_for_each_entry_safe(other, next, &leaf->waiters, wait) {
		if (!overlaps(taken, other->lock)) {
			if (other->kind != DMW_OP_READ) {
				add_bits(leaf->locked, other->lock);
				other->state = DMW_OP_SEAL;
			}
			dmw_wake(v, other);
		}
		if (other->kind != DMW_OP_READ)
			add_bits(taken, other->lock);
	}
}

/* ---- reads ---- */

static void read_advance(struct dmw_volume *v, struct dmw_op *op);

static void read_data_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_op *op = t->op;

	op->busy = false;
	op->data_there = true;
	if (t->error)
		op->error = t->error;
	dmw_op_advance(v, op);
}

static void open_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_op *op = t->op;
	u32 i;

	for (i = 0; i < op->count && !t->error; i++) {
		if (!op->seals[i].nonce) {
			memset(dmw_host_sector(op, i), 0, DMW_SECTOR_SIZE);
			continue;
		}
		t->error = data_crypt(v, h, false, op, i);
		op->bad = i;
	}
}

static void open_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_op *op = t->op;

	op->busy = false;
	/* Without its key: a rotation may have passed by, to whose end it was destroyed, or another tag. */
	if (t->error == -EBADMSG || t->error == -ENOKEY || t->error == -ENODATA) {
		op->state = DMW_OP_RECHECK;
		dmw_op_advance(v, op);
		return;
	}
	dmw_op_end(v, op, t->error);
}

/* Leaf and data are read at the same time when the leaf is not in memory. */
static void read_ahead(struct dmw_volume *v, struct dmw_op *op)
{
	start(v, op, (struct dmw_task){
		.io = DMW_IO_READ, .op = op, .offset = data_offset(v, op),
		.length = op->count << DMW_SECTOR_SHIFT, .done = read_data_done,
	});
}

/* The seals of an op's sectors; where there is no leaf, tree_get() has told the tag. */
static void look_at_seals(struct dmw_volume *v, struct dmw_op *op, struct dmw_node *leaf)
{
	u32 i;

	for (i = 0; i < op->count; i++)
		dmw_seal_from_disk(&op->seals[i], &leaf_seals(op, leaf)[i]);
	dmw_tree_put(v, leaf);
}

/* What the strictest of an op's sectors makes of a read. */
static int read_refused(const struct dmw_volume *v, const struct dmw_op *op, bool leaf)
{
	enum dmw_tag_state strictest = DMW_TAG_OPEN;
	u32 i;

	if (!v->tags.closed)
		return 0;
	if (!leaf)
		strictest = dmw_tag_state(&v->tags, op->tag);
	for (i = 0; leaf && i < op->count; i++)
		strictest = max(strictest, dmw_tag_state(&v->tags, op->seals[i].tag));
	return dmw_tag_read_error(strictest);
}

static bool all_unwritten(const struct dmw_op *op)
{
	u32 i;

	for (i = 0; i < op->count; i++)
		if (op->seals[i].nonce)
			return false;
	return true;
}

static void read_advance(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_node *leaf;
	int ret = dmw_tree_get(v, op, &leaf), refused;

	if (ret == -EAGAIN) {
		if (!op->data_there)
			read_ahead(v, op);
		return;
	}
	if (ret < 0) {
		dmw_op_end(v, op, ret);
		return;
	}
	if (!ret)
		look_at_seals(v, op, leaf);
	refused = read_refused(v, op, !ret);
	if (refused) {
		dmw_op_end(v, op, refused);
		return;
	}
	op->zero = ret == DMW_UNWRITTEN || all_unwritten(op);
	if (op->zero) {
		dmw_op_end(v, op, 0);
		return;
	}
	start(v, op, (struct dmw_task){
		.io = op->data_there ? DMW_IO_NONE : DMW_IO_READ, .op = op,
		.offset = data_offset(v, op), .length = op->count << DMW_SECTOR_SHIFT,
		.work = open_work, .done = open_done,
	});
}

static void read_again(struct dmw_volume *v, struct dmw_op *op)
{
	v->stats.retries++;
	op->state = DMW_OP_START;
	op->data_there = false;
	read_advance(v, op);
}

/*
 * A sector did not fit its seal. If the seal has changed since, or a write is at work there, that
 * is why. Else it is read once more, and then the array is to blame.
 */
static void read_recheck(struct dmw_volume *v, struct dmw_op *op)
{
	u64 bad = op->sector + op->bad;
	struct dmw_node *leaf;
	struct dmw_seal s;
	bool locked;
	int ret = dmw_tree_get(v, op, &leaf);

	if (ret == -EAGAIN)
		return;
	if (ret) {
		read_again(v, op);
		return;
	}
	dmw_seal_from_disk(&s, &leaf->seals->seals[bad & (DMW_FANOUT - 1)]);
	locked = overlaps(leaf->locked, op->lock);
	if (locked)
		list_add_tail(&op->wait, &leaf->waiters);
	dmw_tree_put(v, leaf);
	if (locked)
		return;
	if (s.nonce != op->seals[op->bad].nonce) {
		read_again(v, op);
	} else if (op->task.error != -EBADMSG) {
		dmw_op_end(v, op, op->task.error);
	} else if (!op->retries) {
		op->retries++;
		read_again(v, op);
	} else {
		v->stats.mismatches++;
		dmw_host_event(v->host, DMW_EVENT_MISMATCH, bad, -EILSEQ);
		dmw_op_end(v, op, -EILSEQ);
	}
}

/* ---- writes and erases ---- */

static void write_end(struct dmw_volume *v, struct dmw_op *op, int error)
{
	unlock_sectors(v, op);
	dmw_tree_put(v, op->leaf);
	list_del_init(&op->unfinished);
	v->writers--;
	if (--v->phase_writers[op->phase] == 0)
		dmw_wake_all(v, &v->tag_drain);
	dmw_op_end(v, op, error);
	dmw_checkpoint_step(v);
}

static void install(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_seal_disk *d = leaf_seals(op, op->leaf);
	u32 i;

	if (op->kind == DMW_OP_ERASE)
		memset(d, 0, op->count * sizeof(*d));
	else
		for (i = 0; i < op->count; i++)
			dmw_seal_to_disk(&d[i], &op->seals[i]);
	dmw_tree_dirty(v, op->leaf);
}

static void data_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_op *op = t->op;

	op->busy = false;
	op->data_there = true;
	/*
	 * The LUN refused a write: what it holds now is unknown until a recovery has looked. A
	 * refused discard matters to nobody.
	 */
	if (t->error && t->io == DMW_IO_WRITE)
		dmw_fail(v, t->error);
	dmw_op_advance(v, op);
}

static void start_data(struct dmw_volume *v, struct dmw_op *op)
{
	start(v, op, (struct dmw_task){
		.io = op->kind == DMW_OP_ERASE ? DMW_IO_DISCARD : DMW_IO_WRITE, .op = op,
		.fua = op->fua, .offset = data_offset(v, op),
		.length = op->count << DMW_SECTOR_SHIFT, .done = data_done,
	});
}

static void journal(struct dmw_volume *v, struct dmw_op *op)
{
	op->state = DMW_OP_JOURNAL;
	op->data_there = op->kind == DMW_OP_ERASE && !op->discard;
	dmw_journal_append(v, op);
	if (op->fresh)
		start_data(v, op);
}

static void seal_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_op *op = t->op;
	u32 i;

	dmw_host_gather(op);
	for (i = 0; i < op->count && !t->error; i++)
		t->error = data_crypt(v, h, true, op, i);
}

static void seal_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_op *op = t->op;

	op->busy = false;
	if (v->failed || t->error)
		write_end(v, op, t->error ? t->error : -EIO);
	else
		journal(v, op);
}

/* New seals: fresh nonces, now, the tags that the sectors have. */
static void prepare_seals(struct dmw_volume *v, struct dmw_op *op)
{
	const struct dmw_seal_disk *old = leaf_seals(op, op->leaf);
	u64 nonce = dmw_nonces(v, op->count);
	u32 now = dmw_seal_time(v), i;

	op->fresh = true;
	for (i = 0; i < op->count; i++) {
		op->fresh &= !old[i].nonce;
		op->seals[i].nonce = nonce + i;
		op->seals[i].time = now;
		op->seals[i].tag = le32_to_cpu(old[i].tag);
	}
	v->stats.fresh += op->fresh;
}

static bool nothing_to_erase(const struct dmw_op *op)
{
	return !memchr_inv(leaf_seals(op, op->leaf), 0, op->count * sizeof(struct dmw_seal_disk));
}

/* ---- assignments, and steps of a sweep ---- */

/* Keep some of the sectors locked. Whoever waits for the others is woken at the end. */
static void keep_locked(struct dmw_op *op, u32 first, u32 count)
{
	u64 *locked = op->leaf->locked;

	locked[0] &= ~op->lock[0];
	locked[1] &= ~op->lock[1];
	op->sector += first;
	op->count = count;
	set_lock_bits(op);
	add_bits(locked, op->lock);
}

/*
 * Both seals of each sector pass through op->seals: the old one until the sector is open, the new
 * one then. The time stays: it is when the evidence was written.
 */
static void reseal_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_op *op = t->op;
	u32 i;

	for (i = 0; i < op->count && !t->error; i++) {
		t->error = data_crypt(v, h, false, op, i);
		op->bad = i;
		op->seals[i].nonce = op->nonce + i;
		if (op->kind == DMW_OP_ASSIGN)
			op->seals[i].tag = op->tag;
		if (!t->error)
			t->error = data_crypt(v, h, true, op, i);
	}
}

static void sweep_done(struct dmw_volume *v, struct dmw_op *op, int error)
{
	int n = dmw_sweep_judge(v, op, error);

	if (n <= 0) {
		write_end(v, op, n);
		return;
	}
	if (n < op->count)
		keep_locked(op, 0, n);
	journal(v, op);
}

static void reseal_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_op *op = t->op;
	int error = v->failed ? -EIO : t->error;

	op->busy = false;
	if (op->kind == DMW_OP_SWEEP) {
		sweep_done(v, op, error);
		return;
	}
	/* The sectors are locked: only the array can be to blame. */
	if (error == -EBADMSG) {
		error = -EILSEQ;
		v->stats.mismatches++;
		dmw_host_event(v->host, DMW_EVENT_MISMATCH, op->sector + op->bad, error);
	}
	if (error)
		write_end(v, op, error);
	else
		journal(v, op);
}

/* Of the op's sectors those from @first on, whose seals are in op->seals. */
static void reseal(struct dmw_volume *v, struct dmw_op *op, u32 first, u32 n)
{
	if (!n) {
		write_end(v, op, 0);
		return;
	}
	keep_locked(op, first, n);
	op->nonce = dmw_nonces(v, n);
	op->bad = n;
	start(v, op, (struct dmw_task){
		.io = DMW_IO_READ, .op = op, .offset = data_offset(v, op),
		.length = n << DMW_SECTOR_SHIFT, .work = reseal_work, .done = reseal_done,
	});
}

static void sweep_begin(struct dmw_volume *v, struct dmw_op *op)
{
	u32 first, n = dmw_sweep_choose(v, op, leaf_seals(op, op->leaf), &first);

	reseal(v, op, first, n);
}

static bool has_other_tag(const struct dmw_seal_disk *d, u32 tag)
{
	return le32_to_cpu(d->tag) != tag;
}

/* Unwritten sectors get their tag at once, up to the first written one that has another. */
static u32 assign_until_written(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_seal_disk *d = leaf_seals(op, op->leaf);
	u32 i;

	for (i = 0; i < op->count; i++) {
		if (!has_other_tag(&d[i], op->tag))
			continue;
		if (d[i].nonce)
			break;
		d[i].tag = cpu_to_le32(op->tag);
		dmw_tree_dirty(v, op->leaf);
	}
	return i;
}

static void assign_begin(struct dmw_volume *v, struct dmw_op *op)
{
	const struct dmw_seal_disk *d = leaf_seals(op, op->leaf);
	u32 first = assign_until_written(v, op), n = 0;

	while (first + n < op->count && d[first + n].nonce && has_other_tag(&d[first + n], op->tag)) {
		dmw_seal_from_disk(&op->seals[n], &d[first + n]);
		n++;
	}
	op->covered = first + n;
	reseal(v, op, first, n);
}

/* What the strictest tag that is involved makes of a change. */
static int change_refused(const struct dmw_volume *v, const struct dmw_op *op)
{
	const struct dmw_seal_disk *d = leaf_seals(op, op->leaf);
	enum dmw_tag_state strictest = DMW_TAG_OPEN;
	u32 i;

	/* States bind users, not the rotation of keys. */
	if (!v->tags.closed || op->kind == DMW_OP_SWEEP)
		return 0;
	if (op->kind == DMW_OP_ASSIGN)
		strictest = dmw_tag_state(&v->tags, op->tag);
	for (i = 0; i < op->count; i++)
		strictest = max(strictest, dmw_tag_state(&v->tags, le32_to_cpu(d[i].tag)));
	return dmw_tag_write_error(strictest);
}

/* ---- writes and erases, continued ---- */

/* The sectors are locked. */
static void write_begin(struct dmw_volume *v, struct dmw_op *op)
{
	int refused;

	op->state = DMW_OP_SEAL;
	if (v->gated && !v->failed) {
		list_add_tail(&op->wait, &v->gate);
		dmw_checkpoint_request(v);
		return;
	}
	v->writers++;
	op->phase = v->phase;
	v->phase_writers[op->phase]++;
	refused = v->failed ? -EIO : change_refused(v, op);
	if (refused) {
		write_end(v, op, refused);
	} else if (op->kind == DMW_OP_SWEEP) {
		sweep_begin(v, op);
	} else if (op->kind == DMW_OP_ASSIGN) {
		assign_begin(v, op);
	} else if (op->kind == DMW_OP_ERASE) {
		if (nothing_to_erase(op))
			write_end(v, op, 0);
		else
			journal(v, op);
	} else {
		prepare_seals(v, op);
		start(v, op, (struct dmw_task){ .op = op, .work = seal_work, .done = seal_done });
	}
}

static void write_start(struct dmw_volume *v, struct dmw_op *op)
{
	int ret;

	if (v->failed) {
		dmw_op_end(v, op, -EIO);
		return;
	}
	ret = dmw_tree_get(v, op, &op->leaf);
	if (ret == -EAGAIN)
		return;
	if (ret) {
		dmw_op_end(v, op, ret == DMW_UNWRITTEN ? 0 : ret);
		return;
	}
	op->state = DMW_OP_LOCK;
	if (lock_sectors(op))
		write_begin(v, op);
	else
		list_add_tail(&op->wait, &op->leaf->waiters);
}

static void write_journalled(struct dmw_volume *v, struct dmw_op *op)
{
	if (v->failed) {
		write_end(v, op, -EIO);
	} else if (op->journalled && !op->data_there) {
		start_data(v, op);
	} else if (op->journalled) {
		install(v, op);
		write_end(v, op, 0);
	}
}

static void write_advance(struct dmw_volume *v, struct dmw_op *op)
{
	switch (op->state) {
	case DMW_OP_SEAL:
		write_begin(v, op);
		break;
	case DMW_OP_JOURNAL:
		write_journalled(v, op);
		break;
	default:
		write_start(v, op);
	}
}

/* ---- flushes ---- */

static void flush_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_op *op = t->op;

	op->busy = false;
	if (t->error)
		dmw_fail(v, t->error);
	else
		v->journal.stable = max(v->journal.stable, op->first_seq);
	dmw_op_end(v, op, t->error ? -EIO : 0);
}

static void flush_start(struct dmw_volume *v, struct dmw_op *op)
{
	if (v->failed || v->options.lun.read_only) {
		dmw_op_end(v, op, v->failed ? -EIO : 0);
		return;
	}
	op->first_seq = dmw_journal_finished(v);
	start(v, op, (struct dmw_task){ .io = DMW_IO_FLUSH, .op = op, .done = flush_done });
}

/* ---- looking at seals ---- */

static void seals_advance(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_node *leaf;
	int ret = dmw_tree_get(v, op, &leaf);

	if (ret == -EAGAIN)
		return;
	op->zero = ret == DMW_UNWRITTEN;
	if (!ret) {
		look_at_seals(v, op, leaf);
		op->covered = op->count;
	}
	dmw_op_end(v, op, min(ret, 0));
}

/* ---- all ---- */

static void checkpoint_start(struct dmw_volume *v, struct dmw_op *op)
{
	if (v->failed || v->options.lun.read_only) {
		dmw_op_end(v, op, v->failed ? -EIO : 0);
		return;
	}
	list_add_tail(&op->wait, &v->checkpoint.next);
	dmw_checkpoint_request(v);
}

/**
 * dmw_op_advance() - take an op as far as it goes
 * @v:  volume
 * @op: op
 *
 * Does nothing while the op waits for a task or on a list.
 */
void dmw_op_advance(struct dmw_volume *v, struct dmw_op *op)
{
	if (op->busy || !list_empty(&op->wait))
		return;
	switch (op->kind) {
	case DMW_OP_READ:
		if (op->state == DMW_OP_RECHECK)
			read_recheck(v, op);
		else
			read_advance(v, op);
		break;
	case DMW_OP_WRITE:
	case DMW_OP_ERASE:
	case DMW_OP_ASSIGN:
		write_advance(v, op);
		break;
	case DMW_OP_SWEEP:
		if (v->rotation.sweeper == op && op->count)
			write_advance(v, op);
		else
			dmw_op_end(v, op, v->rotation.sweeper == op ? 0 : -EBUSY);
		break;
	case DMW_OP_EPOCH:
		dmw_epoch_advance(v, op);
		break;
	case DMW_OP_RETIRE:
		dmw_retire_advance(v, op);
		break;
	case DMW_OP_SEALS:
		seals_advance(v, op);
		break;
	case DMW_OP_TAG:
		dmw_tag_advance(v, op);
		break;
	case DMW_OP_FLUSH:
		flush_start(v, op);
		break;
	case DMW_OP_CHECKPOINT:
		checkpoint_start(v, op);
		break;
	}
}

static void count(struct dmw_stats *s, enum dmw_op_kind kind)
{
	s->reads += kind == DMW_OP_READ;
	s->writes += kind == DMW_OP_WRITE;
	s->erases += kind == DMW_OP_ERASE;
	s->flushes += kind == DMW_OP_FLUSH;
}

/**
 * dmw_op_init() - make a new op ready for dmw_submit()
 * @v:  volume
 * @op: kind, sector, count, fua, discard and seals are set; the rest is zero
 */
void dmw_op_init(struct dmw_volume *v, struct dmw_op *op)
{
	INIT_LIST_HEAD(&op->wait);
	INIT_LIST_HEAD(&op->unfinished);
	if (op->kind == DMW_OP_SWEEP)
		dmw_sweep_init(v, op);
	set_lock_bits(op);
	count(&v->stats, op->kind);
}
