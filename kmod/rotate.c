// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rotation: from one epoch of keys to the next, while the volume is in use.
 *
 *   epoch   wait until no write is under way, then a new activation begins, under the new epoch's
 *           keys. Its checkpoint holds the new epoch, and all links of the activation chain anew
 *   sweep   step by step, from the first sector to the last: what is under an old epoch is read,
 *           opened, sealed anew, and written by way of the journal. Nodes on the way to it become
 *           dirty, so that a checkpoint writes them anew
 *   retire  when a whole sweep has left nothing but what was shredded, and no checkpoint is under way:
 *           two checkpoints that do not list the epoch any more, one for each superblock. The first
 *           commits all that the sweep has left in memory. After that nothing on the LUN needs the
 *           epoch's keys
 *
 * How far a sweep has come is nowhere on the LUN: the seals say what is left. After another opening
 * it starts again, and passes over what is done.
 */
#include "core.h"

/** dmw_rotation_init() - of a volume that is being opened */
void dmw_rotation_init(struct dmw_volume *v)
{
	INIT_LIST_HEAD(&v->rotation.waiters);
}

/* ---- epochs ---- */

static struct dmw_epoch *find_epoch(struct dmw_root *r, u32 epoch)
{
	unsigned int i;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (r->epochs[i].state != DMW_EPOCH_NONE && r->epochs[i].epoch == epoch)
			return &r->epochs[i];
	return NULL;
}

static struct dmw_epoch *free_epoch(struct dmw_root *r)
{
	unsigned int i;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (r->epochs[i].state == DMW_EPOCH_NONE)
			return &r->epochs[i];
	return NULL;
}

/** dmw_sweep_restart() - look at all sectors again */
void dmw_sweep_restart(struct dmw_volume *v)
{
	struct dmw_rotation *r = &v->rotation;

	r->cursor = 0;
	r->singly = 0;
	r->resealed = 0;
	r->damaged = 0;
	r->shredded = 0;
	r->step.stale = true;
}

/** dmw_rotation_begin() - the activation that begins now is the first of a new epoch */
void dmw_rotation_begin(struct dmw_volume *v)
{
	struct dmw_root *r = &v->state.root;
	struct dmw_epoch *e = free_epoch(r);

	find_epoch(r, dmw_root_epoch(r))->state = DMW_EPOCH_OLD;
	e->epoch = v->rotation.next;
	e->state = DMW_EPOCH_CURRENT;
	e->created = dmw_host_time(v->host);
	v->rotation.next = 0;
	dmw_sweep_restart(v);
}

static int check_usable(const struct dmw_volume *v)
{
	if (v->failed)
		return -EIO;
	return v->options.lun.read_only ? -EROFS : 0;
}

static int check_epoch(struct dmw_volume *v, u32 epoch)
{
	struct dmw_root *r = &v->state.root;
	int ret = check_usable(v);

	if (ret)
		return ret;
	if (v->rotation.next && v->rotation.next != epoch)
		return -EBUSY;
	if (epoch < dmw_root_epoch(r))
		return -EINVAL;
	if (epoch > dmw_root_epoch(r) && (!free_epoch(r) || !dmw_can_activate(v)))
		return -ENOSPC;
	return 0;
}

/* Every checkpoint that is committed wakes the op. */
static void wait_for_checkpoint(struct dmw_volume *v, struct dmw_op *op)
{
	list_add_tail(&op->wait, &v->rotation.waiters);
	dmw_checkpoint_request(v);
}

/**
 * dmw_epoch_advance() - take the beginning of an epoch as far as it goes
 * @v:  volume; has the keys of that epoch
 * @op: of kind DMW_OP_EPOCH
 */
void dmw_epoch_advance(struct dmw_volume *v, struct dmw_op *op)
{
	int ret = check_epoch(v, op->tag);

	if (ret || v->state.sb.epoch == op->tag) {
		dmw_op_end(v, op, ret);
		return;
	}
	if (op->tag != dmw_root_epoch(&v->state.root)) {
		v->rotation.next = op->tag;
		v->gated = true;
	}
	wait_for_checkpoint(v, op);
}

/* ---- what is old ---- */

/** dmw_seal_is_old() - is this the nonce of a seal under an old epoch's key? */
bool dmw_seal_is_old(const struct dmw_volume *v, u64 nonce)
{
	const struct dmw_state *s = &v->state;
	struct dmw_key_id key;

	if (!nonce)
		return false;
	return dmw_state_key(s, 0, dmw_nonce_activation(nonce), &key) ||
	       key.epoch != dmw_root_epoch(&s->root);
}

static bool has_old(const struct dmw_volume *v, const struct dmw_node_disk *node)
{
	unsigned int i;

	for (i = 0; i < DMW_FANOUT; i++)
		if (dmw_seal_is_old(v, le64_to_cpu(node->seals[i].nonce)))
			return true;
	return false;
}

/* Nodes and the top are no older than the newest record below them. */
static bool tags_are_old(const struct dmw_volume *v)
{
	const struct dmw_tags *t = &v->tags;
	unsigned int i;

	for (i = 0; i < DMW_FANOUT && t->nodes[i]; i++)
		if (has_old(v, t->nodes[i]))
			return true;
	return false;
}

/** dmw_is_swept() - does nothing hang on an old epoch any more, but what was shredded? */
bool dmw_is_swept(const struct dmw_volume *v)
{
	const struct dmw_rotation *r = &v->rotation;

	return !r->next && v->state.sb.epoch == dmw_root_epoch(&v->state.root) &&
	       r->cursor >= v->state.sb.layout.data_sectors && !r->damaged && !tags_are_old(v);
}

/* ---- retiring ---- */

/* The checkpoint under way, if there is one, and @n more. */
static u64 checkpoint_from_now(const struct dmw_volume *v, u32 n)
{
	return v->state.sb.checkpoint + (v->checkpoint.state != DMW_CHECKPOINT_IDLE) + n;
}

static void retire_begin(struct dmw_volume *v, struct dmw_op *op)
{
	const struct dmw_epoch *e = find_epoch(&v->state.root, op->tag);
	int ret = check_usable(v);

	if (!ret && !e)
		ret = -ENOENT;
	else if (!ret && (e->state != DMW_EPOCH_OLD || !dmw_is_swept(v)))
		ret = -EBUSY;
	if (ret) {
		dmw_op_end(v, op, ret);
		return;
	}
	op->state = DMW_OP_LOCK;
	op->end = checkpoint_from_now(v, 0);
}

/*
 * The checkpoint that was under way may have passed by what the sweep has left in memory. Whichever begins
 * after it commits that, and the root without the epoch, at once.
 */
static void strike_out(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_epoch *e = find_epoch(&v->state.root, op->tag);

	if (e)
		memset(e, 0, sizeof(*e));
	op->state = DMW_OP_SEAL;
	op->end = checkpoint_from_now(v, DMW_SUPERBLOCKS);
}

/**
 * dmw_retire_advance() - take the end of an epoch as far as it goes
 * @v:  volume
 * @op: of kind DMW_OP_RETIRE
 */
void dmw_retire_advance(struct dmw_volume *v, struct dmw_op *op)
{
	if (op->state == DMW_OP_START) {
		retire_begin(v, op);
		if (op->state == DMW_OP_START)
			return;
	}
	if (op->state == DMW_OP_LOCK && !v->failed && v->state.sb.checkpoint >= op->end)
		strike_out(v, op);
	if (v->failed || v->state.sb.checkpoint >= op->end) {
		dmw_op_end(v, op, v->failed ? -EIO : 0);
		return;
	}
	/* Also when nothing else has changed. */
	v->tree.roots_dirty = true;
	wait_for_checkpoint(v, op);
}

/* ---- the sweep ---- */

/** dmw_sweep_init() - choose what the next step is about */
void dmw_sweep_init(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_rotation *r = &v->rotation;
	u64 size = v->state.sb.layout.data_sectors;

	op->count = 0;
	if (r->sweeper || v->options.lun.read_only)
		return;
	r->sweeper = op;
	memset(&r->step, 0, sizeof(r->step));
	op->sector = r->cursor;
	op->end = size;
	if (r->cursor < r->singly)
		op->count = 1;
	else
		op->count = min_t(u64, size - r->cursor, DMW_FANOUT - r->cursor % DMW_FANOUT);
}

/* Another attempt may do better: no reason to call a sector damaged. */
static bool is_fatal(const struct dmw_volume *v, int error)
{
	return v->failed || error == -ENOKEY || error == -ENOMEM;
}

/** dmw_sweep_end() - a step has its result */
void dmw_sweep_end(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_rotation *r = &v->rotation;

	if (r->sweeper != op)
		return;
	r->sweeper = NULL;
	if (r->step.stale)
		return;
	/* A damaged node: what is below it stays as it is. */
	if (op->error && !op->leaf && !is_fatal(v, op->error)) {
		r->step.damaged = op->count;
		op->covered = op->count;
		op->error = 0;
	}
	if (op->error)
		return;
	r->cursor += op->covered;
	r->damaged += r->step.damaged;
	r->shredded += r->step.shredded;
	if (op->state == DMW_OP_JOURNAL)
		r->resealed += op->count;
}

/**
 * dmw_sweep_node() - a node under an old epoch's key is to be written anew, and all above it
 * @v: volume
 * @n: node; may be NULL
 *
 * Those above it are no older: whenever a node is written, they are. One that was never written has no key,
 * but for the tags in it the one above it may have been.
 */
void dmw_sweep_node(struct dmw_volume *v, struct dmw_node *n)
{
	struct dmw_seal s;

	for (; n; n = n->parent) {
		dmw_tree_seal(v, n, &s);
		if (s.nonce)
			break;
	}
	if (n && dmw_seal_is_old(v, s.nonce))
		dmw_tree_dirty(v, n);
}

static bool is_shredded(const struct dmw_volume *v, const struct dmw_seal_disk *d)
{
	return dmw_tag_state(&v->tags, le32_to_cpu(d->tag)) == DMW_TAG_SHREDDED;
}

/**
 * dmw_sweep_choose() - what a step has to seal anew
 * @v:     volume
 * @op:    step; its sectors are locked. Receives the old seals
 * @d:     seals of its sectors
 * @first: receives the place of the first one
 *
 * Return: how many, one after the other.
 */
u32 dmw_sweep_choose(struct dmw_volume *v, struct dmw_op *op, const struct dmw_seal_disk *d,
		     u32 *first)
{
	u32 i, n = 0;

	dmw_sweep_node(v, op->leaf);
	for (i = 0; i < op->count; i++) {
		bool old = dmw_seal_is_old(v, le64_to_cpu(d[i].nonce));
		bool shredded = old && is_shredded(v, &d[i]);

		if (n && (!old || shredded))
			break;
		v->rotation.step.shredded += shredded;
		if (old && !shredded)
			dmw_seal_from_disk(&op->seals[n++], &d[i]);
	}
	*first = i - n;
	op->covered = i;
	return n;
}

/* The first sector of the run is at fault. */
static void pass_over(struct dmw_volume *v, struct dmw_op *op, int error)
{
	struct dmw_rotation *r = &v->rotation;

	op->covered -= op->count - 1;
	if (error == -ENODATA && op->bad < op->count) {
		r->step.shredded++;	/* its keys are gone, says the keyset */
		return;
	}
	r->step.damaged++;
	if (error != -EBADMSG)
		return;		/* the LUN has said so itself */
	v->stats.mismatches++;
	dmw_host_event(v->host, DMW_EVENT_MISMATCH, op->sector, -EILSEQ);
}

/**
 * dmw_sweep_judge() - a step's sectors were read, opened and sealed anew, or some were not
 * @v:     volume
 * @op:    step
 * @error: that stopped it
 *
 * Return: how many go on, from the first one; the rest is left to another step, or for good. Or an
 * errno that ends the sweep.
 */
int dmw_sweep_judge(struct dmw_volume *v, struct dmw_op *op, int error)
{
	bool was_read = op->bad < op->count;

	if (!error)
		return op->count;
	if (is_fatal(v, error) || (was_read && error != -EBADMSG && error != -ENODATA))
		return error;
	if (was_read && op->bad) {
		op->covered -= op->count - op->bad;
		return op->bad;
	}
	if (!was_read && op->count > 1) {
		op->covered -= op->count;
		v->rotation.singly = op->sector + op->count;
		return 0;
	}
	pass_over(v, op, error);
	return 0;
}
