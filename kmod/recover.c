// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recovery from a crash: the tree of the newest checkpoint, brought up to date from the journal.
 *
 * For each sector that the journal names, the candidates are its journalled seals and what the tree
 * has. Those that are known to have been flushed ("settled": sequence up to the newest stable mark,
 * or older than what a checkpoint has put into the tree) leave no choice. Among the later ones the
 * newest that fits the data on the LUN wins; if none fits, what was settled must fit. If that does
 * not either, the array has lost or altered flushed data: the sector is damaged, which is reported,
 * and reads of it fail. Nothing is ever guessed.
 *
 * Nothing is written here: the result lies in memory as dirty nodes. A crash now changes nothing.
 */
#include "core.h"

/* Sectors read at once. */
#define BATCH	32

/* A journal entry, with what is needed to put it in order. */
struct item {
	struct dmw_entry	e;
	u64			seq;
	u64			counter;	/* when: of the seal, or of the run's record */
	u32			order;
};

struct recovery {
	struct dmw_volume	*v;
	struct item		*items;
	u32			count;
	u32			space;
	u64			stable;
	struct dmw_read_req	reqs[BATCH];
	u32			sectors[BATCH];	/* within the leaf */
	u8			*scratch;
	int			crypto_error;	/* something could not be judged */
};

static u64 leaf_of(const struct item *it)
{
	return it->e.sector >> DMW_FANOUT_SHIFT;
}

static int by_leaf_and_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (leaf_of(x) != leaf_of(y))
		return leaf_of(x) < leaf_of(y) ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int grow(struct recovery *r)
{
	u32 space = r->space ? 2 * r->space : 1024;
	struct item *items = dmw_host_alloc(r->v->host, space * sizeof(*items));

	if (!items)
		return -ENOMEM;
	if (r->count)
		memcpy(items, r->items, r->count * sizeof(*items));
	dmw_host_free(r->v->host, r->items);
	r->items = items;
	r->space = space;
	return 0;
}

static int collect(void *arg, const struct dmw_record_head *head, const struct dmw_entry *e)
{
	struct recovery *r = arg;
	struct item *it;

	if (r->count == r->space && grow(r))
		return -ENOMEM;
	it = &r->items[r->count];
	it->e = *e;
	it->seq = head->seq;
	it->counter = dmw_nonce_counter(e->count ? head->nonce : e->seal.nonce);
	it->order = r->count++;
	return 0;
}

static bool covers(const struct item *it, u64 sector)
{
	return sector >= it->e.sector && sector < it->e.sector + max_t(u64, it->e.count, 1);
}

/*
 * Is the tree newer than a journal entry? A checkpoint may hold seals of writes after its Q.
 * Counters tell, since an op takes its nonces after the one before it on the same sector has ended;
 * and all records of this journal are of one activation.
 */
static bool tree_is_newer(struct recovery *r, const struct item *it, u64 nonce)
{
	return dmw_nonce_activation(nonce) == r->v->state.root.activation_count &&
	       dmw_nonce_counter(nonce) >= it->counter;
}

static void settle(struct recovery *r, struct dmw_node *leaf, u32 i, const struct item *it)
{
	struct dmw_seal_disk *d = &leaf->seals->seals[i];

	if (it->e.count) {
		memset(d, 0, sizeof(*d));
		d->tag = cpu_to_le32(it->e.seal.tag);
	} else {
		dmw_seal_to_disk(d, &it->e.seal);
	}
	dmw_tree_dirty(r->v, leaf);
}

/*
 * Go through a leaf's entries in order. Settled entries and runs (which need no data to be true) go
 * straight into the leaf. Return by @open which sectors have later entries that need a look.
 */
static void apply_leaf(struct recovery *r, struct dmw_node *leaf, const struct item *items,
		       u32 count, bool *open)
{
	u64 base = leaf->index << DMW_FANOUT_SHIFT;
	const struct item *it;
	u64 tree[DMW_FANOUT];
	u32 i;

	for (i = 0; i < DMW_FANOUT; i++)
		tree[i] = le64_to_cpu(leaf->seals->seals[i].nonce);
	for (it = items; it < items + count; it++) {
		for (i = it->e.sector - base; i < DMW_FANOUT && covers(it, base + i); i++) {
			if (tree_is_newer(r, it, tree[i]))
				continue;
			open[i] = !it->e.count && it->seq > r->stable;
			if (!open[i])
				settle(r, leaf, i, it);
		}
	}
}

enum fit { FITS, FITS_NOT, CANNOT_BE_JUDGED };

static enum fit judge(struct recovery *r, int ret)
{
	switch (ret) {
	case 0:
		return FITS;
	case -EBADMSG:
		return FITS_NOT;
	case -ENODATA:
		return CANNOT_BE_JUDGED;
	case -ENOKEY:
		/* When nothing is written either; but a key that is only missing may come back. */
		if (r->v->options.lun.read_only)
			return CANNOT_BE_JUDGED;
		fallthrough;
	default:
		r->crypto_error = ret;
		return FITS_NOT;
	}
}

/* Does the sector's data, as it lies on the LUN, fit this seal? */
static enum fit fits(struct recovery *r, u64 sector, const struct dmw_seal *s, const void *data)
{
	struct dmw_volume *v = r->v;
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_DATA, .address = sector,
		.nonce = s->nonce, .time = s->time, .tag = s->tag,
	};
	struct dmw_key_id key;
	u8 mac[DMW_MAC_SIZE];

	/* Even if somebody has brought a key. */
	if (dmw_tag_state(&v->tags, s->tag) == DMW_TAG_SHREDDED)
		return CANNOT_BE_JUDGED;
	if (dmw_state_key(&v->state, s->tag ? s->tag : v->state.root.default_tag,
			  dmw_nonce_activation(s->nonce), &key))
		return FITS_NOT;
	memcpy(r->scratch, data, DMW_SECTOR_SIZE);
	memcpy(mac, s->mac, DMW_MAC_SIZE);
	return judge(r, dmw_block_crypt(v->host, false, v->state.sb.uuid, &key, &id, r->scratch,
					DMW_SECTOR_SIZE, mac));
}

/*
 * The newest open entry of a sector that fits its data, or NULL. @unjudged: receives the newest one for
 * which nobody can tell.
 */
static const struct item *newest_fit(struct recovery *r, u64 sector, u64 tree_nonce,
				     const struct item *items, u32 count, const void *data,
				     const struct item **unjudged)
{
	enum fit fit;
	u32 k;

	*unjudged = NULL;
	for (k = count; k-- > 0;) {
		if (!covers(&items[k], sector) || tree_is_newer(r, &items[k], tree_nonce))
			continue;
		if (items[k].e.count || items[k].seq <= r->stable)
			return NULL;
		fit = fits(r, sector, &items[k].e.seal, data);
		if (fit == FITS)
			return &items[k];
		if (fit == CANNOT_BE_JUDGED && !*unjudged)
			*unjudged = &items[k];
	}
	return NULL;
}

static void lost(struct recovery *r, u64 sector, int error)
{
	r->v->stats.lost++;
	dmw_host_event(r->v->host, DMW_EVENT_LOST, sector, error);
}

/* Nothing is known of the data: reads shall fail rather than go back behind the newest seal. */
static const struct item *newest_open(struct recovery *r, u64 sector, const struct item *items,
				      u32 count)
{
	while (!covers(&items[count - 1], sector))
		count--;
	return &items[count - 1];
}

static void resolve(struct recovery *r, struct dmw_node *leaf, u32 i, const struct item *items,
		    u32 count, const struct dmw_read_req *req)
{
	u64 sector = (leaf->index << DMW_FANOUT_SHIFT) + i;
	const struct item *it, *unjudged;
	struct dmw_seal settled;
	enum fit fit = CANNOT_BE_JUDGED;	/* nothing written */

	dmw_seal_from_disk(&settled, &leaf->seals->seals[i]);
	if (req->error) {
		settle(r, leaf, i, newest_open(r, sector, items, count));
		lost(r, sector, req->error);
		return;
	}
	it = newest_fit(r, sector, settled.nonce, items, count, req->buf, &unjudged);
	if (!it && settled.nonce)
		fit = fits(r, sector, &settled, req->buf);
	/* A shredded sector can never be read: keep the newest, unless what was there before is there still. */
	if (!it && fit != FITS)
		it = unjudged;
	if (it) {
		settle(r, leaf, i, it);
		r->v->stats.recovered++;
	} else if (fit == FITS_NOT && !r->crypto_error) {
		lost(r, sector, -EILSEQ);
	}
}

/*
 * Return: an errno when the LUN cannot be read now, or the crypto stack fails. Nothing has been written,
 * so the next opening may try again. A medium error (-ENODATA) is another matter: that sector is gone.
 */
static int resolve_batch(struct recovery *r, struct dmw_node *leaf, const struct item *items,
			 u32 count, u32 n)
{
	u32 k;

	dmw_host_read_many(r->v->host, r->reqs, n);
	for (k = 0; k < n; k++)
		if (r->reqs[k].error && r->reqs[k].error != -ENODATA)
			return r->reqs[k].error;
	for (k = 0; k < n && !r->crypto_error; k++)
		resolve(r, leaf, r->sectors[k], items, count, &r->reqs[k]);
	return r->crypto_error;
}

static int recover_leaf(struct recovery *r, const struct item *items, u32 count)
{
	bool open[DMW_FANOUT] = { false };
	struct dmw_node *leaf;
	u32 i, n = 0;
	int ret;

	ret = dmw_tree_get_sync(r->v, leaf_of(items), &leaf);
	if (ret)
		return ret;
	apply_leaf(r, leaf, items, count, open);
	for (i = 0; i < DMW_FANOUT && !ret; i++) {
		if (!open[i])
			continue;
		r->sectors[n] = i;
		r->reqs[n].offset = dmw_layout_sector(&r->v->state.sb.layout,
						      (leaf->index << DMW_FANOUT_SHIFT) + i)
				    << DMW_SECTOR_SHIFT;
		if (++n == BATCH) {
			ret = resolve_batch(r, leaf, items, count, n);
			n = 0;
		}
	}
	if (n && !ret)
		ret = resolve_batch(r, leaf, items, count, n);
	dmw_tree_put(r->v, leaf);
	return ret;
}

static enum dmw_load_error recover_error(const struct recovery *r, int ret)
{
	if (r->crypto_error)
		return r->crypto_error == -ENOKEY ? DMW_LOAD_RECOVERY_KEY : DMW_LOAD_CRYPTO;
	if (ret == -ENOKEY)
		return DMW_LOAD_NO_KEY;		/* of a node */
	return ret == -ENOMEM ? DMW_LOAD_MEMORY : ret == -EILSEQ ? DMW_LOAD_TREE_DAMAGED : DMW_LOAD_IO;
}

static enum dmw_load_error recover_leaves(struct recovery *r)
{
	u32 first, n;
	int ret;

	sort(r->items, r->count, sizeof(*r->items), by_leaf_and_order, NULL);
	for (first = 0; first < r->count; first += n) {
		for (n = 1; first + n < r->count; n++)
			if (leaf_of(&r->items[first + n]) != leaf_of(&r->items[first]))
				break;
		ret = recover_leaf(r, &r->items[first], n);
		if (ret)
			return recover_error(r, ret);
	}
	return DMW_LOAD_OK;
}

static int alloc_buffers(struct recovery *r)
{
	u32 i;

	r->scratch = dmw_host_alloc(r->v->host, DMW_SECTOR_SIZE);
	for (i = 0; i < BATCH; i++) {
		r->reqs[i].buf = dmw_host_alloc(r->v->host, DMW_SECTOR_SIZE);
		if (!r->reqs[i].buf)
			return -ENOMEM;
	}
	return r->scratch ? 0 : -ENOMEM;
}

static void free_buffers(struct recovery *r)
{
	u32 i;

	for (i = 0; i < BATCH; i++)
		dmw_host_free(r->v->host, r->reqs[i].buf);
	dmw_host_free(r->v->host, r->scratch);
	dmw_host_free(r->v->host, r->items);
}

/**
 * dmw_recover() - read the journal and bring the tree in memory up to date
 * @v: volume, its state loaded
 *
 * Reads the journal once, the leaves it names, and each sector whose fate is open: at most one for
 * each entry behind the last stable mark.
 * Context: may sleep, without the lock: the caller is alone.
 */
enum dmw_load_error dmw_recover(struct dmw_volume *v)
{
	struct recovery *r = dmw_host_alloc(v->host, sizeof(*r));
	struct dmw_journal_end end;
	enum dmw_load_error err;

	if (!r)
		return DMW_LOAD_MEMORY;
	r->v = v;
	err = dmw_load_journal(v->host, &v->state, collect, r, &end);
	if (!err && r->count) {
		r->stable = end.stable;
		err = alloc_buffers(r) ? DMW_LOAD_MEMORY : recover_leaves(r);
	}
	if (!err) {
		v->stats.replayed = end.seq - v->state.root.journal_seq;
		dmw_journal_start(v, &end);
	}
	free_buffers(r);
	dmw_host_free(v->host, r);
	return err;
}
