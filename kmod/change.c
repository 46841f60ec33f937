// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of tags: a new one, another name, a stricter state. One at a time.
 *
 *   close   writes that find the new state are refused from now on
 *   drain   wait for the writes that began before
 *   commit  the next checkpoint writes the record, its node and the top node into the slots that
 *           the committed table does not use; its superblock seals the top
 *
 * So whoever hears that a tag is frozen knows that nothing changes its sectors any more, and that
 * no crash makes it thaw. A shredded tag's keys are wiped after that, by those who have them.
 */
#include "core.h"

static bool is_new(const struct dmw_volume *v, const struct dmw_tag_change *c)
{
	return c->tag == v->tags.count + 1;
}

static int check(const struct dmw_volume *v, const struct dmw_tag_change *c)
{
	if (v->failed)
		return -EIO;
	if (v->options.lun.read_only)
		return -EROFS;
	if (!c->tag || c->tag > v->tags.count + 1)
		return -ENOENT;
	/* To shred what has no case is to shred the volume. */
	if (c->state == DMW_TAG_SHREDDED && (is_new(v, c) || c->tag == v->tags.default_tag))
		return -EPERM;
	if (c->tag > v->tags.space)
		return -ENOSPC;
	if (!is_new(v, c) && c->state < v->tags.states[c->tag])
		return -EPERM;
	return 0;
}

/* From here on the checkpoint has it. */
static void commit_next(struct dmw_volume *v, struct dmw_op *op)
{
	v->tag_due = true;
	list_add_tail(&op->wait, &v->checkpoint.next);
	dmw_checkpoint_request(v);
}

static void close_tag(struct dmw_volume *v, const struct dmw_tag_change *c)
{
	if (v->tags.states[c->tag] == DMW_TAG_OPEN)
		v->tags.closed++;
	v->tags.states[c->tag] = c->state;
	v->phase ^= 1;
}

static void begin(struct dmw_volume *v, struct dmw_op *op)
{
	const struct dmw_tag_change *c = op->change;

	v->tag_op = op;
	op->state = DMW_OP_LOCK;
	if (!is_new(v, c) && c->state != v->tags.states[c->tag])
		close_tag(v, c);
}

/**
 * dmw_tag_advance() - take a change of a tag as far as it goes
 * @v:  volume
 * @op: of kind DMW_OP_TAG
 */
void dmw_tag_advance(struct dmw_volume *v, struct dmw_op *op)
{
	int ret;

	if (op->state == DMW_OP_START) {
		if (v->tag_op) {
			list_add_tail(&op->wait, &v->tag_waiters);
			return;
		}
		ret = check(v, op->change);
		if (ret) {
			dmw_op_end(v, op, ret);
			return;
		}
		begin(v, op);
	}
	if (v->phase_writers[1 - v->phase])
		list_add_tail(&op->wait, &v->tag_drain);
	else if (v->failed)
		dmw_op_end(v, op, -EIO);
	else
		commit_next(v, op);
}

/** dmw_tag_release() - an op has ended: if it was a change of a tag, the next may begin */
void dmw_tag_release(struct dmw_volume *v, struct dmw_op *op)
{
	if (v->tag_op == op) {
		v->tag_op = NULL;
		v->tag_due = false;
	}
	if (!v->tag_op)
		dmw_wake_all(v, &v->tag_waiters);
}

/* ---- the checkpoint's part ---- */

static u32 node_of(const struct dmw_tag_change *c)
{
	return (c->tag - 1) / DMW_FANOUT;
}

/* The node that has the change's record; it may be the first one there. */
static struct dmw_node_disk *node(struct dmw_volume *v)
{
	struct dmw_tag_change *c = v->tag_op->change;
	struct dmw_node_disk **n = &v->tags.nodes[node_of(c)];

	if (!*n) {
		*n = c->node;
		c->node = NULL;
	}
	return *n;
}

static u32 block_index(const struct dmw_tag_change *c, enum dmw_tag_level level)
{
	switch (level) {
	case DMW_TAG_RECORD:
		return c->tag - 1;
	case DMW_TAG_NODE:
		return node_of(c);
	default:
		return 0;
	}
}

static const void *contents(struct dmw_volume *v)
{
	switch (v->checkpoint.tag_level) {
	case DMW_TAG_RECORD:
		return v->tag_op->change->record;
	case DMW_TAG_NODE:
		return node(v);
	default:
		return v->tags.top;
	}
}

/* Where the seal of the block being written lies; NULL = in the root. */
static struct dmw_seal_disk *parent_seal(struct dmw_volume *v)
{
	const struct dmw_tag_change *c = v->tag_op->change;

	switch (v->checkpoint.tag_level) {
	case DMW_TAG_RECORD:
		return &node(v)->seals[(c->tag - 1) % DMW_FANOUT];
	case DMW_TAG_NODE:
		return &v->tags.top->seals[node_of(c)];
	default:
		return NULL;
	}
}

static void old_seal(struct dmw_volume *v, struct dmw_seal *s)
{
	const struct dmw_seal_disk *d = parent_seal(v);

	if (d)
		dmw_seal_from_disk(s, d);
	else
		*s = v->state.root.tags;
}

static void new_seal(struct dmw_volume *v)
{
	struct dmw_seal_disk *d = parent_seal(v);

	if (d)
		dmw_seal_to_disk(d, &v->checkpoint.tag_seal);
	else
		v->state.root.tags = v->checkpoint.tag_seal;
}

/* The op may have ended by now, with an error: nothing of it is looked at. */
static void block_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	struct dmw_key_id key;

	t->error = dmw_state_key(&v->state, DMW_TAG_METADATA,
				 dmw_nonce_activation(c->tag_seal.nonce), &key);
	if (!t->error)
		t->error = dmw_tag_block_crypt(h, true, v->state.sb.uuid, &key, c->tag_level,
					       c->tag_index, &c->tag_seal, c->buf);
}

static void block_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	t->done = NULL;
	if (t->error)
		dmw_fail(v, t->error);
	if (v->failed)
		return;
	new_seal(v);
	if (++c->tag_level == DMW_TAG_LEVELS) {
		v->tag_due = false;
		c->tag_written = true;
		c->state = c->activation_dirty ? DMW_CHECKPOINT_ACTIVATION : DMW_CHECKPOINT_FLUSH;
	}
	dmw_checkpoint_step(v);
}

/**
 * dmw_tag_write() - write the block of the changed tag that is next
 * @v: volume; its checkpoint is in state DMW_CHECKPOINT_TAG
 */
void dmw_tag_write(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	struct dmw_seal old;

	old_seal(v, &old);
	c->tag_index = block_index(v->tag_op->change, c->tag_level);
	c->tag_seal.nonce = dmw_nonces(v, 1);
	c->tag_seal.time = dmw_seal_time(v);
	c->tag_seal.tag = old.nonce ? 1 - (old.tag & DMW_TAG_SEAL_SLOT) : 0;
	memcpy(c->buf, contents(v), DMW_SECTOR_SIZE);
	memset(&c->task, 0, sizeof(c->task));
	c->task.io = DMW_IO_WRITE;
	c->task.offset = dmw_layout_tag(&v->state.sb.layout, c->tag_level, c->tag_index,
					c->tag_seal.tag) << DMW_SECTOR_SHIFT;
	if (c->tag_level == DMW_TAG_RECORD)
		c->tag_seal.tag |= v->tag_op->change->state << DMW_TAG_SEAL_STATE;
	c->task.length = DMW_SECTOR_SIZE;
	c->task.buf = c->buf;
	c->task.work = block_work;
	c->task.done = block_done;
	dmw_task_start_background(v, &c->task);
}

/**
 * dmw_tag_commit() - the checkpoint that holds the change is committed: a new tag exists
 * @v: volume
 *
 * The volume may have failed while the superblock was on its way, and the op ended with that.
 */
void dmw_tag_commit(struct dmw_volume *v)
{
	const struct dmw_tag_change *c;

	if (!v->tag_op)
		return;
	c = v->tag_op->change;
	if (!is_new(v, c))
		return;
	v->tags.states[c->tag] = c->state;
	v->tags.closed += c->state != DMW_TAG_OPEN;
	WRITE_ONCE(v->tags.count, c->tag);
}
