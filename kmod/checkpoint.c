// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checkpoints: bring the tree on the LUN up to date, so that the journal can be reused.
 *
 *   1. Q = the newest record. Wait until all data of the records up to Q is done.
 *   2. Write the dirty nodes into the slots that the committed tree does not use, leaves first;
 *      each image's new seal goes into the parent, which becomes dirty by that.
 *      A changed tag's record and the nodes above it likewise.
 *   3. Flush: nodes and all data that was done before are durable.
 *   4. Superblock n+1 with FUA: the new tree is the committed one, the journal starts at Q+1.
 *
 * Writers go on all the while. A node image may hold seals of writes after Q: their data was done
 * before the image was taken, so the flush of step 3 covers it, and replaying their records finds
 * what the tree has already. (This is weaker than "seals up to Q only" and needs no second copy of
 * a node; Documentation/design.rst has the argument, tests/sim tries to break it.) A node that
 * changes after its image was taken is dirty again, for the next checkpoint.
 */
#include "core.h"

static void end_waiters(struct dmw_volume *v, struct list_head *waiters, int error)
{
	struct dmw_op *op, *next;

	list_for_each_entry_safe(op, next, waiters, wait) {
		list_del_init(&op->wait);
		dmw_op_end(v, op, error);
	}
}

/** dmw_checkpoint_abort() - no checkpoint will ever complete */
void dmw_checkpoint_abort(struct dmw_volume *v)
{
	end_waiters(v, &v->checkpoint.waiters, -EIO);
	end_waiters(v, &v->checkpoint.next, -EIO);
}

static void start_task(struct dmw_volume *v, struct dmw_task *t, enum dmw_io io, u64 block,
		       void *buf)
{
	t->io = io;
	t->op = NULL;
	t->fua = false;
	t->offset = block << DMW_SECTOR_SHIFT;
	t->length = buf ? DMW_SECTOR_SIZE : 0;
	t->buf = buf;
	t->error = 0;
	dmw_task_start_background(v, t);
}

/* ---- nodes ---- */

static void image_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_image *img = container_of(t, struct dmw_image, task);
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_NODE, .level = img->node->level, .address = img->node->index,
		.nonce = img->seal.nonce, .time = img->seal.time, .tag = img->seal.tag,
	};
	struct dmw_key_id key;

	t->error = dmw_state_key(&v->state, DMW_TAG_METADATA,
				 dmw_nonce_activation(img->seal.nonce), &key);
	if (!t->error)
		t->error = dmw_block_crypt(h, true, v->state.sb.uuid, &key, &id, img->buf,
					   DMW_SECTOR_SIZE, img->seal.mac);
}

static void image_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_image *img = container_of(t, struct dmw_image, task);

	if (t->error) {
		dmw_fail(v, t->error);
		return;
	}
	dmw_tree_set_seal(v, img->node, &img->seal);
	dmw_tree_put(v, img->node);
	v->stats.nodes_written++;
	v->checkpoint.writing--;
	list_add(&img->list, &v->checkpoint.free);
	dmw_checkpoint_step(v);
}

static struct dmw_node *take_dirty(struct dmw_volume *v)
{
	struct dmw_node *n = list_first_entry(&v->checkpoint.todo, struct dmw_node, list);

	list_del_init(&n->list);
	n->dirty = false;
	n->refs++;
	v->tree.dirty_count--;
	return n;
}

/* A node in which nothing is written, all with one tag, needs no image: its seal says so. */
static bool collapse(struct dmw_volume *v, struct dmw_node *n)
{
	const struct dmw_seal_disk *s = n->seals->seals;
	struct dmw_seal unwritten;

	/* Each seal is the same as its neighbour. */
	if (s[0].nonce || memcmp(&s[0], &s[1], sizeof(*n->seals) - sizeof(s[0])))
		return false;
	dmw_seal_from_disk(&unwritten, &s[0]);
	dmw_tree_set_seal(v, n, &unwritten);
	dmw_tree_put(v, n);
	return true;
}

static void write_image(struct dmw_volume *v, struct dmw_node *n)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	struct dmw_image *img = list_first_entry(&c->free, struct dmw_image, list);
	struct dmw_seal old;

	list_del_init(&img->list);
	c->writing++;
	dmw_tree_seal(v, n, &old);
	img->node = n;
	img->seal.nonce = dmw_nonces(v, 1);
	img->seal.time = dmw_seal_time(v);
	img->seal.tag = old.nonce ? 1 - old.tag : 0;
	memcpy(img->buf, n->seals, DMW_SECTOR_SIZE);
	img->task.work = image_work;
	img->task.done = image_done;
	start_task(v, &img->task, DMW_IO_WRITE,
		   dmw_layout_node(&v->state.sb.layout, n->level, n->index, img->seal.tag),
		   img->buf);
}

static void pause_done(struct dmw_volume *v, struct dmw_task *t)
{
	t->done = NULL;
	dmw_checkpoint_step(v);
}

/* Nodes that need no image can be many: let the lock go now and then. */
#define COLLAPSE_AT_ONCE	64

static void write_nodes(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	u32 collapsed = 0;
	struct dmw_node *n;

	while (!list_empty(&c->todo) && !list_empty(&c->free) && !c->task.done) {
		n = take_dirty(v);
		if (!collapse(v, n)) {
			write_image(v, n);
		} else if (++collapsed == COLLAPSE_AT_ONCE) {
			memset(&c->task, 0, sizeof(c->task));
			c->task.done = pause_done;
			dmw_task_start_background(v, &c->task);
		}
	}
}

/* ---- activation chain ---- */

static u32 newest_link(u32 count)
{
	return (count - 1) / DMW_ACTIVATIONS_PER_BLOCK;
}

static void activation_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	t->error = dmw_activation_block_crypt(h, true, v->state.sb.uuid,
					      c->link, &c->activation_seal, c->buf);
}

static void activation_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	t->done = NULL;
	if (t->error) {
		dmw_fail(v, t->error);
		return;
	}
	v->state.links[c->link] = c->activation_seal;
	if (c->link == newest_link(v->state.root.activation_count)) {
		v->state.root.activations = c->activation_seal;
		c->activation_dirty = false;
		c->state = DMW_CHECKPOINT_FLUSH;
	}
	c->link++;
	dmw_checkpoint_step(v);
}

static void write_activations(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	struct dmw_state *s = &v->state;
	u32 count = s->root.activation_count, first = c->link * DMW_ACTIVATIONS_PER_BLOCK;
	u32 n = min_t(u32, count - first, DMW_ACTIVATIONS_PER_BLOCK);
	const struct dmw_activation *current_one = &s->activations[count - 1];
	struct dmw_wide_seal *seal = &c->activation_seal;

	/* Activations are added one at a time, each with a checkpoint of its own. */
	seal->slot = n == 1 ? 0 : 1 - s->links[c->link].slot;
	seal->epoch = current_one->epoch;
	dmw_wide_nonce(seal->nonce, current_one->salt, dmw_nonces(v, 1), DMW_DOMAIN_ACTIVATION);
	dmw_activation_block_encode(c->buf, c->link ? &s->links[c->link - 1] : NULL,
				    &s->activations[first], n);
	memset(&c->task, 0, sizeof(c->task));
	c->task.work = activation_work;
	c->task.done = activation_done;
	start_task(v, &c->task, DMW_IO_WRITE,
		   dmw_layout_activation(&s->sb.layout, c->link, seal->slot), c->buf);
}

/* ---- flush and superblock ---- */

static void flush_done(struct dmw_volume *v, struct dmw_task *t)
{
	t->done = NULL;
	if (t->error) {
		dmw_fail(v, t->error);
		return;
	}
	v->checkpoint.state = DMW_CHECKPOINT_SUPERBLOCK;
	dmw_checkpoint_step(v);
}

static void flush(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	c->flushed = dmw_journal_finished(v);
	memset(&c->task, 0, sizeof(c->task));
	c->task.done = flush_done;
	start_task(v, &c->task, DMW_IO_FLUSH, 0, NULL);
}

static void superblock_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	t->error = dmw_superblock_seal(h, &c->sb, &c->root, c->buf);
}

static void commit(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	/* Only what has changed: workers read the rest without the lock. */
	v->state.sb.checkpoint = c->sb.checkpoint;
	v->state.sb.epoch = c->sb.epoch;
	v->state.sb.feature_incompat = c->sb.feature_incompat;
	memcpy(v->state.sb.nonce, c->sb.nonce, DMW_NONCE_SIZE);
	memcpy(v->state.sb.mac, c->sb.mac, DMW_MAC_SIZE);
	v->state.root.journal_seq = c->root.journal_seq;
	v->state.root.journal_pos = c->root.journal_pos;
	memcpy(v->state.root.journal_mac, c->root.journal_mac, DMW_MAC_SIZE);
	v->state.root.written = c->root.written;
	v->journal.tail = c->q_pos;
	v->journal.stable = max(v->journal.stable, c->flushed);
	v->stats.checkpoints++;
	c->state = DMW_CHECKPOINT_IDLE;
	if (c->activated)
		v->gated = false;
	if (c->tag_written)
		dmw_tag_commit(v);
	end_waiters(v, &c->waiters, 0);
	dmw_wake_all(v, &v->rotation.waiters);
	dmw_wake_all(v, &v->gate);
	dmw_tree_release(v, NULL);
	dmw_journal_pump(v);
	if (c->again || v->gated)
		dmw_checkpoint_request(v);
}

static void superblock_done(struct dmw_volume *v, struct dmw_task *t)
{
	t->done = NULL;
	if (t->error)
		dmw_fail(v, t->error);
	else
		commit(v);
}

static void write_superblock(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	const struct dmw_activation *current_one =
		&v->state.activations[v->state.root.activation_count - 1];

	c->sb = v->state.sb;
	c->sb.checkpoint++;
	c->sb.epoch = current_one->epoch;
	dmw_wide_nonce(c->sb.nonce, current_one->salt, dmw_nonces(v, 1), DMW_DOMAIN_SUPERBLOCK);
	if (v->state.root.tags.nonce)
		c->sb.feature_incompat |= DMW_FEATURE_INCOMPAT_TAGS;
	c->root = v->state.root;
	v->tree.roots_dirty = false;
	c->root.journal_seq = c->q_seq + 1;
	c->root.journal_pos = c->q_pos;
	memcpy(c->root.journal_mac, c->q_mac, DMW_MAC_SIZE);
	c->root.written = dmw_host_time(v->host);

	memset(&c->task, 0, sizeof(c->task));
	c->task.work = superblock_work;
	c->task.done = superblock_done;
	c->task.io = DMW_IO_WRITE;
	c->task.fua = true;
	c->task.offset = dmw_layout_superblock(&c->sb.layout, c->sb.checkpoint) << DMW_SECTOR_SHIFT;
	c->task.length = DMW_SECTOR_SIZE;
	c->task.buf = c->buf;
	dmw_task_start_background(v, &c->task);
}

/* ---- the sequence ---- */

static bool is_clean(const struct dmw_volume *v)
{
	return !v->checkpoint.activation_dirty && !v->tree.dirty_count &&
	       !v->tree.roots_dirty && !v->tag_due &&
	       v->journal.seq == v->state.root.journal_seq;
}

/* Choose Q. The last record's MAC may still have to be computed: seal_done() then brings it. */
static void choose_q(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	struct dmw_journal *j = &v->journal;
	struct dmw_record *last;

	dmw_journal_close(v);
	c->q_seq = j->seq - 1;
	c->q_pos = j->pos;
	last = list_empty(&j->flight) ? NULL : list_last_entry(&j->flight, struct dmw_record, list);
	c->q_sealed = !last || last->state != DMW_RECORD_CLOSED;
	if (c->q_sealed)
		memcpy(c->q_mac, j->mac, DMW_MAC_SIZE);
	c->state = DMW_CHECKPOINT_DRAIN;
}

static void begin_level(struct dmw_volume *v, unsigned int level)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	c->state = DMW_CHECKPOINT_NODES;
	c->level = level;
	list_splice_tail_init(&v->tree.dirty[level], &c->todo);
}

static void begin_tag(struct dmw_volume *v)
{
	v->checkpoint.state = DMW_CHECKPOINT_TAG;
	v->checkpoint.tag_level = DMW_TAG_RECORD;
}

static bool step_nodes(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	write_nodes(v);
	if (!list_empty(&c->todo) || c->writing || c->task.done)
		return false;
	if (c->level < DMW_TOP_LEVEL)
		begin_level(v, c->level + 1);
	else if (v->tag_due)
		begin_tag(v);
	else
		c->state = c->activation_dirty ? DMW_CHECKPOINT_ACTIVATION : DMW_CHECKPOINT_FLUSH;
	return true;
}

/*
 * A new activation begins when no write is under way. Writes that wait for room in the journal need
 * a checkpoint without one first.
 */
static void step_gate(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	if (!v->writers) {
		c->activated = dmw_activate(v);
		choose_q(v);
	} else if (dmw_journal_stuck(v)) {
		c->again = true;
		choose_q(v);
	}
}

/**
 * dmw_checkpoint_step() - go as far as possible
 * @v: volume
 *
 * Called whenever something happened that the checkpoint may have waited for.
 */
void dmw_checkpoint_step(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	if (v->failed)
		return;
	if (c->state == DMW_CHECKPOINT_GATE)
		step_gate(v);
	if (c->state == DMW_CHECKPOINT_DRAIN && c->q_sealed && dmw_journal_finished(v) >= c->q_seq)
		begin_level(v, 0);
	while (c->state == DMW_CHECKPOINT_NODES)
		if (!step_nodes(v))
			return;
	/* The others are left at the end of their task only. */
	if (c->task.done)
		return;
	if (c->state == DMW_CHECKPOINT_TAG)
		dmw_tag_write(v);
	else if (c->state == DMW_CHECKPOINT_ACTIVATION)
		write_activations(v);
	else if (c->state == DMW_CHECKPOINT_FLUSH)
		flush(v);
	else if (c->state == DMW_CHECKPOINT_SUPERBLOCK)
		write_superblock(v);
}

/**
 * dmw_checkpoint_request() - start a checkpoint, or another one after that under way
 * @v: volume
 *
 * Ops on checkpoint.next end with the checkpoint that starts now or next.
 */
void dmw_checkpoint_request(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;

	if (v->options.lun.read_only || v->failed)
		return;
	if (c->state != DMW_CHECKPOINT_IDLE) {
		c->again = true;
		if (c->state == DMW_CHECKPOINT_GATE)
			dmw_checkpoint_step(v);
		return;
	}
	c->again = false;
	c->activated = false;
	c->tag_written = false;
	list_splice_tail_init(&c->next, &c->waiters);
	if (is_clean(v) && !v->gated) {
		end_waiters(v, &c->waiters, 0);
		return;
	}
	if (v->gated)
		c->state = DMW_CHECKPOINT_GATE;
	else
		choose_q(v);
	dmw_checkpoint_step(v);
}

/* ---- life ---- */

/** dmw_checkpoint_init() - memory for a checkpoint. Context: may sleep */
int dmw_checkpoint_init(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	int i;

	INIT_LIST_HEAD(&c->todo);
	INIT_LIST_HEAD(&c->waiters);
	INIT_LIST_HEAD(&c->next);
	INIT_LIST_HEAD(&c->free);
	c->buf = dmw_host_alloc(v->host, DMW_SECTOR_SIZE);
	if (!c->buf)
		return -ENOMEM;
	for (i = 0; i < DMW_IMAGES; i++) {
		c->images[i].buf = dmw_host_alloc(v->host, DMW_SECTOR_SIZE);
		if (!c->images[i].buf)
			return -ENOMEM;
		list_add_tail(&c->images[i].list, &c->free);
	}
	return 0;
}

/** dmw_checkpoint_free() - free it. Context: may sleep; nothing is under way */
void dmw_checkpoint_free(struct dmw_volume *v)
{
	struct dmw_checkpoint *c = &v->checkpoint;
	int i;

	for (i = 0; i < DMW_IMAGES; i++)
		dmw_host_free(v->host, c->images[i].buf);
	dmw_host_free(v->host, c->buf);
}
