// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree of seals: the nodes that are in memory, and how others get there.
 *
 * A node in memory keeps its parent in memory, so that a checkpoint can go from dirty leaves to the
 * superblock without reading. Clean nodes that nobody uses wait on the LRU to be reused.
 */
#include "core.h"

static u64 child_index(u64 leaf, unsigned int level)
{
	return leaf >> (level * DMW_FANOUT_SHIFT);
}

static struct hlist_head *bucket(struct dmw_tree *t, unsigned int level, u64 index)
{
	/* Fibonacci hashing; index and level are no secrets and chosen by nobody hostile */
	u64 h = (index << 3 | level) * 0x9e3779b97f4a7c15ULL;

	return &t->buckets[h >> (64 - t->bucket_bits)];
}

static struct dmw_node *find(struct dmw_tree *t, unsigned int level, u64 index)
{
	struct dmw_node *n;

	hlist_for_each_entry(n, bucket(t, level, index), hash)
		if (n->index == index && n->level == level)
			return n;
	return NULL;
}

/**
 * dmw_tree_seal() - the seal of a node, as its parent has it
 * @v: volume
 * @n: node
 * @s: receives it
 *
 * Context: also without the lock while the node is being read: nobody else changes its seal then.
 */
void dmw_tree_seal(struct dmw_volume *v, const struct dmw_node *n, struct dmw_seal *s)
{
	if (n->parent)
		dmw_seal_from_disk(s, &n->parent->seals->seals[n->index & (DMW_FANOUT - 1)]);
	else
		*s = v->state.root.tree[n->index];
}

/** dmw_tree_set_seal() - tell the parent of a node's new image; the parent becomes dirty */
void dmw_tree_set_seal(struct dmw_volume *v, struct dmw_node *n, const struct dmw_seal *s)
{
	if (!n->parent) {
		v->state.root.tree[n->index] = *s;
		v->tree.roots_dirty = true;
		return;
	}
	dmw_seal_to_disk(&n->parent->seals->seals[n->index & (DMW_FANOUT - 1)], s);
	dmw_tree_dirty(v, n->parent);
}

/* ---- memory ---- */

static void ref(struct dmw_node *n)
{
	if (n->refs++ == 0 && !n->dirty)
		list_del_init(&n->list);
}

/**
 * dmw_tree_put() - give a reference back
 * @v: volume
 * @n: node
 */
void dmw_tree_put(struct dmw_volume *v, struct dmw_node *n)
{
	struct dmw_tree *t = &v->tree;

	if (--n->refs || n->dirty)
		return;
	list_add_tail(&n->list, &t->lru);
	dmw_wake_all(v, &t->waiters);
}

/*
 * The end of ref() around obtain(). Wakes nobody: the op that has just begun to wait for another
 * node would wake itself, for ever.
 */
static void unpin(struct dmw_volume *v, struct dmw_node *n)
{
	if (--n->refs == 0 && !n->dirty)
		list_add_tail(&n->list, &v->tree.lru);
}

/* Take a node out of the tree; its memory is the caller's. */
static void detach(struct dmw_volume *v, struct dmw_node *n)
{
	hlist_del_init(&n->hash);
	list_del_init(&n->list);
	if (n->parent)
		dmw_tree_put(v, n->parent);
	n->parent = NULL;
}

static struct dmw_node *evict(struct dmw_volume *v)
{
	struct dmw_node *n = list_first_entry_or_null(&v->tree.lru, struct dmw_node, list);

	if (n)
		detach(v, n);
	return n;
}

/* Memory of a detached node: to the reserve first, else back to the host. */
static void discard(struct dmw_volume *v, struct dmw_node *n)
{
	struct dmw_tree *t = &v->tree;

	t->count--;
	if (t->reserve_count < DMW_NODE_RESERVE) {
		list_add(&n->list, &t->reserve);
		t->reserve_count++;
		return;
	}
	dmw_host_node_free(v->host, n);
}

/**
 * dmw_tree_shrink() - free up to @count clean nodes
 * @v:     volume
 * @count: at most so many
 *
 * Return: the number of nodes freed.
 */
u32 dmw_tree_shrink(struct dmw_volume *v, u32 count)
{
	struct dmw_node *n;
	u32 freed = 0;

	while (freed < count && (n = evict(v))) {
		discard(v, n);
		freed++;
	}
	return freed;
}

static struct dmw_node *take_reserve(struct dmw_tree *t)
{
	struct dmw_node *n = list_first_entry_or_null(&t->reserve, struct dmw_node, list);

	if (n) {
		list_del_init(&n->list);
		t->reserve_count--;
		t->count++;
	}
	return n;
}

/*
 * Memory for a node. The reserve is for one op at a time: it is enough for that op's whole path, so
 * that op finishes, and what it leaves dirty the next checkpoint (which needs no nodes) makes
 * clean. While there is such an op nobody else evicts: two ops short of memory would take each
 * other's nodes away for ever. Return: NULL when the op has to wait and is queued, or has failed.
 */
static struct dmw_node *obtain(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_tree *t = &v->tree;
	bool others = t->owner && t->owner != op;
	struct dmw_node *n = NULL;

	if (t->count < t->limit) {
		n = dmw_host_node_alloc(v->host, false);
		if (n)
			t->count++;
	}
	if (!n && !others)
		n = evict(v);
	if (!n && !others) {
		t->owner = op;
		n = take_reserve(t);
	}
	if (!n && v->failed && !others) {
		/* No checkpoint will make any node clean again. */
		op->error = -EIO;
	} else if (!n) {
		list_add_tail(&op->wait, &t->waiters);
		dmw_checkpoint_request(v);
	}
	return n;
}

/* Nodes freed without letting the lock go. */
#define RETURN_AT_ONCE	256

/* Fill the reserve up again, and give back, bit by bit, what recovery took beyond the limit. */
static void return_to_limit(struct dmw_volume *v)
{
	struct dmw_tree *t = &v->tree;
	u32 budget = RETURN_AT_ONCE;
	struct dmw_node *n;

	while (t->reserve_count < DMW_NODE_RESERVE || t->count > t->limit) {
		n = budget-- ? evict(v) : NULL;
		if (!n)
			break;
		discard(v, n);
	}
}

/**
 * dmw_tree_release() - an op has ended (or @op is NULL: a checkpoint has made nodes clean)
 * @v:  volume
 * @op: op
 *
 * Lets the ops go on that wait for memory.
 */
void dmw_tree_release(struct dmw_volume *v, struct dmw_op *op)
{
	struct dmw_tree *t = &v->tree;

	if (op && t->owner != op)
		return;
	if (op)
		t->owner = NULL;
	return_to_limit(v);
	dmw_wake_all(v, &t->waiters);
}

static void insert(struct dmw_volume *v, struct dmw_node *n, unsigned int level, u64 index,
		   struct dmw_node *parent)
{
	n->level = level;
	n->index = index;
	n->parent = parent;
	n->ready = false;
	n->dirty = false;
	n->refs = 0;
	n->locked[0] = 0;
	n->locked[1] = 0;
	INIT_LIST_HEAD(&n->list);
	INIT_LIST_HEAD(&n->waiters);
	if (parent)
		ref(parent);
	hlist_add_head(&n->hash, bucket(&v->tree, level, index));
}

/* A node below which nothing is written; its sectors may have a tag all the same. */
static void fill_unwritten(struct dmw_volume *v, struct dmw_node *n, u32 tag)
{
	unsigned int i;

	memset(n->seals, 0, sizeof(*n->seals));
	for (i = 0; i < DMW_FANOUT; i++)
		n->seals->seals[i].tag = cpu_to_le32(tag);
	n->ready = true;
	list_add_tail(&n->list, &v->tree.lru);
}

/**
 * dmw_tree_dirty() - a node has changed
 * @v: volume
 * @n: node
 */
void dmw_tree_dirty(struct dmw_volume *v, struct dmw_node *n)
{
	struct dmw_tree *t = &v->tree;

	if (n->dirty)
		return;
	n->dirty = true;
	list_del(&n->list);
	list_add_tail(&n->list, &t->dirty[n->level]);
	t->dirty_count++;
	/* Ops that wait for memory may have found nothing yet that a checkpoint makes clean. */
	if ((t->dirty_count > t->limit / 2 || !list_empty(&t->waiters)) &&
	    v->checkpoint.state == DMW_CHECKPOINT_IDLE)
		dmw_checkpoint_request(v);
}

/* ---- reading ---- */

static int open_node(struct dmw_volume *v, struct dmw_host *h, struct dmw_node *n)
{
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_NODE, .level = n->level, .address = n->index,
	};
	struct dmw_key_id key;
	struct dmw_seal s;
	int ret;

	dmw_tree_seal(v, n, &s);
	id.nonce = s.nonce;
	id.time = s.time;
	id.tag = s.tag;
	ret = dmw_state_key(&v->state, DMW_TAG_METADATA, dmw_nonce_activation(s.nonce), &key);
	if (!ret)
		ret = dmw_block_crypt(h, false, v->state.sb.uuid, &key, &id, n->seals,
				      sizeof(*n->seals), s.mac);
	return ret ? ret : dmw_node_check(n->seals, n->level);
}

static void read_work(struct dmw_volume *v, struct dmw_host *h, struct dmw_task *t)
{
	t->error = open_node(v, h, container_of(t, struct dmw_node, task));
}

/* What users see of a node that does not verify is what they see of a sector. */
static int node_error(struct dmw_volume *v, const struct dmw_node *n, int error)
{
	if (error != -EBADMSG && error != -EUCLEAN)
		return error;
	v->stats.mismatches++;
	dmw_host_event(v->host, DMW_EVENT_NODE,
		       n->index << ((n->level + 1) * DMW_FANOUT_SHIFT), error);
	return -EILSEQ;
}

static void read_done(struct dmw_volume *v, struct dmw_task *t)
{
	struct dmw_node *n = container_of(t, struct dmw_node, task);
	struct dmw_op *op, *next;
	int error;

	v->stats.nodes_read++;
	if (!t->error) {
		n->ready = true;
		dmw_wake_all(v, &n->waiters);
		dmw_tree_put(v, n);
		return;
	}
	error = node_error(v, n, t->error);
	list_for_each_entry_safe(op, next, &n->waiters, wait) {
		op->error = error;
		dmw_wake(v, op);
	}
	detach(v, n);
	discard(v, n);
	dmw_wake_all(v, &v->tree.waiters);
}

static u64 node_offset(struct dmw_volume *v, const struct dmw_node *n, const struct dmw_seal *s)
{
	return dmw_layout_node(&v->state.sb.layout, n->level, n->index, s->tag) << DMW_SECTOR_SHIFT;
}

static void read_start(struct dmw_volume *v, struct dmw_node *n, const struct dmw_seal *s)
{
	n->refs++;	/* never on the LRU yet */
	memset(&n->task, 0, sizeof(n->task));
	n->task.io = DMW_IO_READ;
	n->task.offset = node_offset(v, n, s);
	n->task.length = DMW_SECTOR_SIZE;
	n->task.buf = n->seals;
	n->task.work = read_work;
	n->task.done = read_done;
	dmw_task_start(v, &n->task);
}

static void seal_below(struct dmw_volume *v, struct dmw_node *parent, u64 index,
		       struct dmw_seal *s)
{
	struct dmw_node child = { .parent = parent, .index = index };

	dmw_tree_seal(v, &child, s);
}

/* Sectors from an op's first one on to the end of the subtree below a node. */
static u64 sectors_below(const struct dmw_op *op, unsigned int level)
{
	u64 span = 1ULL << ((level + 1) * DMW_FANOUT_SHIFT);

	return span - (op->sector & (span - 1));
}

/* An op that gives all of a subtree another tag, in which nothing is written, does it at its seal. */
static bool assigns_whole(const struct dmw_op *op, unsigned int level)
{
	u64 below = sectors_below(op, level);

	return below == 1ULL << ((level + 1) * DMW_FANOUT_SHIFT) && below <= op->end - op->sector;
}

static void assign_unwritten(struct dmw_volume *v, struct dmw_node *parent, u64 index, u32 tag)
{
	struct dmw_node child = { .parent = parent, .index = index };
	struct dmw_seal s = { .tag = tag };

	dmw_tree_set_seal(v, &child, &s);
}

/*
 * Does an op have nothing to do below a node that does not exist, all below being unwritten? The op
 * learns how far that goes, and the tag. Return: DMW_UNWRITTEN, 0 = it needs the node, or an errno.
 */
static int skip_unwritten(struct dmw_volume *v, struct dmw_op *op, struct dmw_node *parent,
			  unsigned int level, u64 index, const struct dmw_seal *s)
{
	int ret;

	switch (op->kind) {
	case DMW_OP_READ:
	case DMW_OP_SEALS:
		op->tag = s->tag;
		op->covered = min(sectors_below(op, level), op->end - op->sector);
		return DMW_UNWRITTEN;
	case DMW_OP_SWEEP:
		op->covered = min(sectors_below(op, level), op->end - op->sector);
		dmw_sweep_node(v, parent);
		return DMW_UNWRITTEN;
	case DMW_OP_ERASE:
		return s->tag ? 0 : DMW_UNWRITTEN;
	case DMW_OP_ASSIGN:
		if (!assigns_whole(op, level))
			return 0;
		op->covered = sectors_below(op, level);
		ret = dmw_tag_write_error(max(dmw_tag_state(&v->tags, s->tag),
					      dmw_tag_state(&v->tags, op->tag)));
		if (ret)
			return ret;
		if (s->tag != op->tag)
			assign_unwritten(v, parent, index, op->tag);
		return DMW_UNWRITTEN;
	default:
		return 0;
	}
}

/**
 * dmw_tree_get() - the leaf that holds an op's seals
 * @v:      volume
 * @op:     waits when the leaf is not there yet, and is advanced again then
 * @leaf:   receives it, with a reference
 *
 * Return: 0; DMW_UNWRITTEN: there is none, and @op needs none; -EAGAIN: @op is queued; another errno.
 */
int dmw_tree_get(struct dmw_volume *v, struct dmw_op *op, struct dmw_node **leaf)
{
	u64 want = op->sector >> DMW_FANOUT_SHIFT;
	struct dmw_node *n = find(&v->tree, 0, want), *parent = NULL;
	struct dmw_seal s;
	int level, ret;

	if (op->error)
		return op->error;
	for (level = n ? 0 : DMW_TOP_LEVEL; level >= 0; level--, parent = n) {
		u64 index = child_index(want, level);

		n = find(&v->tree, level, index);
		if (!n) {
			seal_below(v, parent, index, &s);
			ret = s.nonce ? 0 : skip_unwritten(v, op, parent, level, index, &s);
			if (ret)
				return ret;
			/* Obtaining may evict the parent, which nobody holds. */
			if (parent)
				ref(parent);
			n = obtain(v, op);
			if (n)
				insert(v, n, level, index, parent);
			if (parent)
				unpin(v, parent);
			if (!n)
				return op->error ? op->error : -EAGAIN;
			if (s.nonce)
				read_start(v, n, &s);
			else
				fill_unwritten(v, n, s.tag);
		}
		if (!n->ready) {
			list_add_tail(&op->wait, &n->waiters);
			return -EAGAIN;
		}
	}
	n = find(&v->tree, 0, want);
	ref(n);
	*leaf = n;
	return 0;
}

/**
 * dmw_tree_get_sync() - the same while opening, waiting for the LUN
 * @v:          volume
 * @leaf_index: which
 * @leaf:       receives it, with a reference
 *
 * Context: may sleep, without the lock: the caller is alone. Goes beyond the limit if it must.
 */
int dmw_tree_get_sync(struct dmw_volume *v, u64 leaf_index, struct dmw_node **leaf)
{
	struct dmw_node *n, *parent = NULL;
	struct dmw_seal s;
	int level, ret;

	for (level = DMW_TOP_LEVEL; level >= 0; level--, parent = n) {
		u64 index = child_index(leaf_index, level);

		n = find(&v->tree, level, index);
		if (n)
			continue;
		n = dmw_host_node_alloc(v->host, true);
		if (!n)
			return -ENOMEM;
		v->tree.count++;
		seal_below(v, parent, index, &s);
		insert(v, n, level, index, parent);
		if (!s.nonce) {
			fill_unwritten(v, n, s.tag);
			continue;
		}
		v->stats.nodes_read++;
		ret = dmw_host_read(v->host, node_offset(v, n, &s), n->seals, sizeof(*n->seals));
		if (!ret)
			ret = open_node(v, v->host, n);
		if (ret) {
			ret = node_error(v, n, ret);
			detach(v, n);
			discard(v, n);
			return ret;
		}
		n->ready = true;
		list_add_tail(&n->list, &v->tree.lru);
	}
	n = find(&v->tree, 0, leaf_index);
	ref(n);
	*leaf = n;
	return 0;
}

/* ---- life ---- */

/** dmw_tree_init() - an empty tree that may hold @limit nodes. Context: may sleep */
int dmw_tree_init(struct dmw_volume *v, u32 limit)
{
	struct dmw_tree *t = &v->tree;
	struct dmw_node *n;
	int i;

	INIT_LIST_HEAD(&t->lru);
	INIT_LIST_HEAD(&t->reserve);
	INIT_LIST_HEAD(&t->waiters);
	for (i = 0; i < DMW_LEVELS; i++)
		INIT_LIST_HEAD(&t->dirty[i]);
	t->limit = max(limit, 2U * DMW_LEVELS);
	t->bucket_bits = ilog2(t->limit) + 1;
	t->buckets = dmw_host_alloc(v->host, sizeof(*t->buckets) << t->bucket_bits);
	if (!t->buckets)
		return -ENOMEM;
	while (t->reserve_count < DMW_NODE_RESERVE) {
		n = dmw_host_node_alloc(v->host, true);
		if (!n)
			return -ENOMEM;
		list_add(&n->list, &t->reserve);
		t->reserve_count++;
	}
	return 0;
}

static void free_list(struct dmw_volume *v, struct list_head *list)
{
	struct dmw_node *n, *next;

	list_for_each_entry_safe(n, next, list, list) {
		list_del(&n->list);
		dmw_host_node_free(v->host, n);
	}
}

/** dmw_tree_free() - free all nodes, clean or not. Context: may sleep; nothing is under way */
void dmw_tree_free(struct dmw_volume *v)
{
	struct dmw_tree *t = &v->tree;
	struct dmw_node *n;
	u32 i;

	if (!t->buckets)
		return;
	free_list(v, &t->reserve);
	for (i = 0; i < 1U << t->bucket_bits; i++) {
		while (t->buckets[i].first) {
			n = container_of(t->buckets[i].first, struct dmw_node, hash);
			hlist_del_init(&n->hash);
			dmw_host_node_free(v->host, n);
		}
	}
	dmw_host_free(v->host, t->buckets);
	t->buckets = NULL;
}
