// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a volume's state from its LUN: see load.h. */
#include "load.h"

/* The journal is read in pieces of this many bytes; a power of two, at least a record. */
#define JOURNAL_WINDOW	(256U << 10)

static const struct {
	int		error;
	const char	*text;
} load_errors[] = {
	[DMW_LOAD_OK] = { 0, "no error" },
	[DMW_LOAD_IO] = { -EIO, "the LUN cannot be read; check the path to the array" },
	[DMW_LOAD_MEMORY] = { -ENOMEM, "not enough memory" },
	[DMW_LOAD_NOT_A_VOLUME] = { -ENODEV,
		"no dm-warrant volume on this device; format it first, or name the right LUN" },
	[DMW_LOAD_OTHER_VOLUME] = { -ENODEV,
		"another dm-warrant volume is on this device; name the right LUN" },
	[DMW_LOAD_NEWER] = { -EPROTONOSUPPORT,
		"the volume has a newer format; use a newer dm-warrant" },
	[DMW_LOAD_SUPERBLOCK_DAMAGED] = { -EUCLEAN,
		"both superblocks are damaged; restore the LUN from a replica" },
	[DMW_LOAD_WRONG_KEYSET] = { -EKEYREJECTED,
		"the superblock does not verify: wrong keyset, or the LUN was tampered with" },
	[DMW_LOAD_NO_KEY] = { -ENOKEY,
		"the keyset lacks a key that the volume needs; use the current keyset" },
	[DMW_LOAD_FEATURES] = { -EOPNOTSUPP,
		"the volume uses features unknown here; use a newer dm-warrant" },
	[DMW_LOAD_FEATURES_RO] = { -EROFS,
		"the volume uses features unknown here; open it read-only or use newer software" },
	[DMW_LOAD_TRUNCATED] = { -ENOSPC,
		"the LUN is smaller than the volume on it; enlarge it to its former size" },
	[DMW_LOAD_LENGTH] = { -EINVAL,
		"the table's length is not the volume's size" },
	[DMW_LOAD_LOGICAL_BLOCK] = { -EINVAL,
		"the LUN's logical block size is larger than the volume's journal unit" },
	[DMW_LOAD_ROLLED_BACK] = { -ESTALE,
		"the LUN was rolled back behind the anchored checkpoint, or is of another history; it is not opened" },
	[DMW_LOAD_ACTIVATIONS_DAMAGED] = { -EUCLEAN,
		"the activation table does not verify; restore the LUN from a replica" },
	[DMW_LOAD_ACTIVATIONS_FULL] = { -ENOSPC,
		"the activation table is full; open read-only and copy to a new volume" },
	[DMW_LOAD_JOURNAL_DAMAGED] = { -EUCLEAN,
		"an authentic journal record makes no sense; report this" },
	[DMW_LOAD_TREE_DAMAGED] = { -EUCLEAN,
		"a node needed for recovery does not verify; run warrantctl volume check" },
	[DMW_LOAD_CRYPTO] = { -EIO, "the crypto stack failed" },
	[DMW_LOAD_TAGS_DAMAGED] = { -EUCLEAN,
		"the tag table does not verify; restore the LUN from a replica" },
	[DMW_LOAD_CHECKPOINT_HIDDEN] = { -ESTALE,
		"journal records follow a checkpoint that no superblock shows: it was rolled back or damaged; restore the LUN from a replica" },
	[DMW_LOAD_OTHER_WARRANT] = { -EKEYREJECTED,
		"the volume is bound to another warrant; open it under its own" },
	[DMW_LOAD_RECOVERY_KEY] = { -ENOKEY,
		"the keyset lacks a case tag's key that recovery needs; use the whole keyset, or open read-only" },
};

static_assert(ARRAY_SIZE(load_errors) == DMW_LOAD_ERRORS);

/** dmw_load_error_text() - what is wrong and what to do, for people */
const char *dmw_load_error_text(enum dmw_load_error e)
{
	return load_errors[e].text;
}

/** dmw_load_error_errno() - the same for programs */
int dmw_load_error_errno(enum dmw_load_error e)
{
	return load_errors[e].error;
}

/* ---- superblock ---- */

/* One copy of the superblock: decoded, authenticated, or why not. */
struct copy {
	struct dmw_superblock	sb;
	struct dmw_root		root;
	enum dmw_load_error	error;
};

static enum dmw_load_error open_error(int ret)
{
	switch (ret) {
	case 0:
		return DMW_LOAD_OK;
	case -EBADMSG:
		return DMW_LOAD_WRONG_KEYSET;
	case -ENOKEY:
	case -ENODATA:
		return DMW_LOAD_NO_KEY;
	case -EUCLEAN:
		return DMW_LOAD_SUPERBLOCK_DAMAGED;
	default:
		return DMW_LOAD_CRYPTO;
	}
}

static void load_copy(struct dmw_host *h, const struct dmw_lun *lun, u64 block,
		      struct dmw_superblock_disk *d, struct copy *c)
{
	int ret;

	ret = dmw_host_read(h, block << DMW_SECTOR_SHIFT, d, sizeof(*d));
	if (ret) {
		/* -ENODATA is what the block layer makes of a medium error: it is gone for good. */
		c->error = ret == -ENODATA ? DMW_LOAD_SUPERBLOCK_DAMAGED : DMW_LOAD_IO;
		return;
	}
	ret = dmw_superblock_decode(&c->sb, d, block);
	if (ret) {
		c->error = ret == -ENODEV ? DMW_LOAD_NOT_A_VOLUME :
			   ret == -EPROTONOSUPPORT ? DMW_LOAD_NEWER : DMW_LOAD_SUPERBLOCK_DAMAGED;
		return;
	}
	if (lun->uuid && memcmp(lun->uuid, c->sb.uuid, DMW_UUID_SIZE))
		c->error = DMW_LOAD_OTHER_VOLUME;
	else
		c->error = open_error(dmw_superblock_open(h, &c->sb, &c->root, d));
}

/*
 * Copy B's place follows from the sizes that copy A states. When A is torn its clear part may still
 * be whole; when it is not, B is looked for where the LUN's size says that a format would put it.
 * An impostor found in either place does not verify.
 */
static u64 find_copy_b(struct dmw_host *h, const struct dmw_lun *lun, struct dmw_superblock_disk *d,
		       const struct copy *a)
{
	struct dmw_superblock sb;
	struct dmw_layout l;

	if (!a->error)
		return a->sb.layout.superblock_b;
	if (!dmw_host_read(h, 0, d, sizeof(*d)) && !dmw_superblock_decode(&sb, d, 0))
		return sb.layout.superblock_b;
	dmw_layout_choose(&l, lun->blocks, DMW_SECTOR_SIZE);
	return dmw_layout_derive(&l) ? 0 : l.superblock_b;
}

static enum dmw_load_error check_fit(const struct dmw_superblock *sb, const struct dmw_lun *lun)
{
	if (sb->feature_incompat & ~DMW_FEATURE_INCOMPAT_KNOWN)
		return DMW_LOAD_FEATURES;
	if (!lun->read_only && (sb->feature_ro_compat & ~DMW_FEATURE_RO_COMPAT_KNOWN))
		return DMW_LOAD_FEATURES_RO;
	if (sb->layout.lun_blocks > lun->blocks)
		return DMW_LOAD_TRUNCATED;
	if (sb->layout.journal_unit < lun->logical_block)
		return DMW_LOAD_LOGICAL_BLOCK;
	return DMW_LOAD_OK;
}

/* Such a copy says nothing about itself: it may be whole. */
static bool is_unknown(const struct copy *c)
{
	return c->error == DMW_LOAD_IO || c->error == DMW_LOAD_CRYPTO;
}

static enum dmw_load_error choose_copy(struct dmw_state *s, const struct copy *a,
				       const struct copy *b)
{
	const struct copy *best = NULL, *other;

	/* It may be the newer one, too: not the moment to go on from the other. */
	if (is_unknown(a) || is_unknown(b))
		return is_unknown(a) ? a->error : b->error;
	if (!a->error)
		best = a;
	if (!b->error && (!best || b->sb.checkpoint > best->sb.checkpoint))
		best = b;
	if (!best) {
		/* The more telling of two errors: "wrong keyset" beats "nothing there". */
		if (a->error == DMW_LOAD_NOT_A_VOLUME)
			return b->error;
		return a->error;
	}
	/*
	 * One that says it is newer, of an epoch whose key is not here: most likely it is. An older one is
	 * what a destroyed epoch has left.
	 */
	other = best == a ? b : a;
	if (other->error == DMW_LOAD_NO_KEY && other->sb.checkpoint > best->sb.checkpoint)
		return other->error;
	s->sb = best->sb;
	s->root = best->root;
	s->other_damaged = a->error || b->error;
	return DMW_LOAD_OK;
}

/**
 * dmw_load_superblock() - the newest valid superblock
 * @h:   host
 * @lun: what the LUN is
 * @s:   receives sb, root and other_damaged
 */
enum dmw_load_error dmw_load_superblock(struct dmw_host *h, const struct dmw_lun *lun,
					struct dmw_state *s)
{
	enum dmw_load_error err = DMW_LOAD_MEMORY;
	struct dmw_superblock_disk *d;
	struct copy *copies;
	u64 block;

	d = dmw_host_alloc(h, sizeof(*d));
	copies = dmw_host_alloc(h, 2 * sizeof(*copies));
	if (!d || !copies)
		goto out;

	load_copy(h, lun, 0, d, &copies[0]);
	copies[1].error = DMW_LOAD_NOT_A_VOLUME;
	block = find_copy_b(h, lun, d, &copies[0]);
	if (block && block < lun->blocks)
		load_copy(h, lun, block, d, &copies[1]);
	err = choose_copy(s, &copies[0], &copies[1]);
	if (!err)
		err = check_fit(&s->sb, lun);
out:
	dmw_host_free(h, copies);
	dmw_host_free(h, d);
	return err;
}

/* ---- activations ---- */

/* New activations within one opening need 2^36 writes each, or a new epoch: these are plenty. */
#define ACTIVATION_SPARE	64

static u32 last_link(u32 count)
{
	return (count - 1) / DMW_ACTIVATIONS_PER_BLOCK;
}

/**
 * dmw_load_activations() - follow the activation chain from its newest link to the first
 * @h: host
 * @s: sb and root are loaded; receives activations and links
 */
enum dmw_load_error dmw_load_activations(struct dmw_host *h, struct dmw_state *s)
{
	u32 count = s->root.activation_count, link = last_link(count), in_link;
	struct dmw_wide_seal seal = s->root.activations, prev;
	struct dmw_activation_block_disk *d;
	enum dmw_load_error err = DMW_LOAD_OK;
	u64 block;
	int ret;

	s->activation_space = count + ACTIVATION_SPARE;
	s->activations = dmw_host_alloc(h, s->activation_space * sizeof(*s->activations));
	s->links = dmw_host_alloc(h, (last_link(s->activation_space) + 1) * sizeof(*s->links));
	d = dmw_host_alloc(h, sizeof(*d));
	if (!s->activations || !s->links || !d) {
		err = DMW_LOAD_MEMORY;
		goto out;
	}
	for (;;) {
		block = dmw_layout_activation(&s->sb.layout, link, seal.slot);
		if (dmw_host_read(h, block << DMW_SECTOR_SHIFT, d, sizeof(*d))) {
			err = DMW_LOAD_IO;
			break;
		}
		in_link = count - link * DMW_ACTIVATIONS_PER_BLOCK;
		ret = dmw_activation_block_crypt(h, false, s->sb.uuid, link, &seal, d);
		if (!ret)
			ret = dmw_activation_block_decode(&prev, s->activations +
							  link * DMW_ACTIVATIONS_PER_BLOCK, in_link, d);
		if (ret) {
			err = ret == -EBADMSG || ret == -EUCLEAN ? DMW_LOAD_ACTIVATIONS_DAMAGED :
			      open_error(ret);
			break;
		}
		s->links[link] = seal;
		if (link == 0)
			break;
		count -= in_link;
		seal = prev;
		link--;
	}
out:
	dmw_host_free(h, d);
	return err;
}

/* ---- anchor ---- */

/** dmw_superblock_anchor() - what is to be remembered of a checkpoint off the array */
struct dmw_anchor dmw_superblock_anchor(const struct dmw_superblock *sb)
{
	struct dmw_anchor a = { .checkpoint = sb->checkpoint };

	/* A superblock's nonce begins with the salt of its activation. */
	memcpy(a.salt, sb->nonce, DMW_SALT_SIZE);
	return a;
}

/*
 * Is the anchored checkpoint in the past of this superblock, or is it this one? It is when its
 * activation is in the chain, and the next activation went on from it or from a later one.
 */
static bool descends(const struct dmw_state *s, const struct dmw_anchor *a)
{
	u32 count = s->root.activation_count, i;

	for (i = 0; i < count; i++)
		if (!memcmp(s->activations[i].salt, a->salt, DMW_SALT_SIZE))
			return i + 1 == count || s->activations[i + 1].parent >= a->checkpoint;
	return false;
}

/**
 * dmw_load_check_anchor() - is the volume at the anchored checkpoint, or past it?
 * @s: loaded state
 * @a: anchor
 *
 * A number that is high enough does not do: the array may have kept a future that it hid at a crash,
 * or one that a copy of the volume had. While @s has no activations yet, only the number is judged.
 */
enum dmw_load_error dmw_load_check_anchor(const struct dmw_state *s, const struct dmw_anchor *a)
{
	if (s->sb.checkpoint < a->checkpoint)
		return DMW_LOAD_ROLLED_BACK;
	if (a->checkpoint && s->activations && !descends(s, a))
		return DMW_LOAD_ROLLED_BACK;
	return DMW_LOAD_OK;
}

/**
 * dmw_load_state() - superblock and activations of a volume that is at an anchor, or past it
 * @h:      host
 * @lun:    what the LUN is
 * @anchor: what is known outside the array
 * @s:      receives them; dmw_state_free() frees it, also after a failure
 */
enum dmw_load_error dmw_load_state(struct dmw_host *h, const struct dmw_lun *lun,
				   const struct dmw_anchor *anchor, struct dmw_state *s)
{
	enum dmw_load_error err = dmw_load_superblock(h, lun, s);

	/* The number alone first: the activations of an old superblock may have been written over. */
	if (!err)
		err = dmw_load_check_anchor(s, anchor);
	if (!err)
		err = dmw_load_activations(h, s);
	if (!err)
		err = dmw_load_check_anchor(s, anchor);
	return err;
}

/** dmw_state_free() - free what dmw_load_activations() allocated */
void dmw_state_free(struct dmw_host *h, struct dmw_state *s)
{
	dmw_host_free(h, s->activations);
	dmw_host_free(h, s->links);
	s->activations = NULL;
	s->links = NULL;
}

/**
 * dmw_state_key() - the key that seals of an activation are under
 * @s:          state
 * @tag:        case tag, or DMW_TAG_METADATA
 * @activation: of the seal's nonce; untrusted
 * @key:        receives it; points into @s
 *
 * Context: any; activations only ever grow at the end.
 * Return: 0, or -EBADMSG when there was no such activation.
 */
int dmw_state_key(const struct dmw_state *s, u32 tag, u16 activation, struct dmw_key_id *key)
{
	if (!activation || activation > READ_ONCE(s->root.activation_count))
		return -EBADMSG;
	key->tag = tag;
	key->epoch = s->activations[activation - 1].epoch;
	key->salt = s->activations[activation - 1].salt;
	return 0;
}

/* ---- journal ---- */

/**
 * dmw_journal_place() - where the record goes that comes after journal position @pos
 * @l:   layout
 * @pos: journal units since the format
 *
 * A record never wraps around the end of the ring: where the longest one might not fit, the next
 * place is the ring's start.
 */
u64 dmw_journal_place(const struct dmw_layout *l, u64 pos)
{
	u64 ring = dmw_layout_journal_units(l), longest = DMW_RECORD_MAX / l->journal_unit;

	if (ring - pos % ring < longest)
		pos += ring - pos % ring;
	return pos;
}

/* A piece of the ring in memory. */
struct window {
	u8	*buf;
	u64	start;		/* bytes from the ring's start */
	u32	length;
};

static const struct dmw_record_disk *window_get(struct dmw_host *h, const struct dmw_layout *l,
						struct window *w, u64 offset)
{
	u64 ring = (u64)l->journal_blocks << DMW_SECTOR_SHIFT;

	if (offset < w->start || offset + DMW_RECORD_MAX > w->start + w->length) {
		w->start = offset;
		w->length = min_t(u64, JOURNAL_WINDOW, ring - offset);
		if (dmw_host_read(h, (l->journal_start << DMW_SECTOR_SHIFT) + offset, w->buf,
				  w->length)) {
			w->length = 0;
			return NULL;
		}
	}
	return (const struct dmw_record_disk *)(w->buf + (offset - w->start));
}

static enum dmw_load_error each_entry(const struct dmw_state *s, const struct dmw_record_disk *d,
				      const struct dmw_record_head *head, dmw_journal_fn fn,
				      void *arg)
{
	struct dmw_entry e;
	u32 i;

	for (i = 0; i < head->count; i++) {
		if (dmw_entry_decode(&e, &d->entries[i], &s->sb.layout))
			return DMW_LOAD_JOURNAL_DAMAGED;
		if (e.seal.nonce && dmw_nonce_activation(e.seal.nonce) > s->root.activation_count)
			return DMW_LOAD_JOURNAL_DAMAGED;
		if (fn && fn(arg, head, &e))
			return DMW_LOAD_MEMORY;
	}
	return DMW_LOAD_OK;
}

/*
 * A record that was sealed after a newer checkpoint than this one. What only checkpoints commit (tags,
 * and their states) would be lost without a trace, while all that was written since was still there.
 */
static bool is_ahead(const struct dmw_state *s, const struct dmw_record_head *head)
{
	return (s32)(head->checkpoint - (u32)s->sb.checkpoint) > 0;
}

/* Is there a record of this sequence, of this activation, on top of this chain? */
static int open_record(struct dmw_host *h, const struct dmw_state *s,
		       const struct dmw_journal_end *end, struct dmw_record_head *head,
		       struct dmw_record_disk *d)
{
	u16 activation = s->root.activation_count;
	struct dmw_key_id key;
	int ret;

	if (dmw_record_decode_clear(head, d) || head->seq != end->seq ||
	    dmw_nonce_activation(head->nonce) != activation)
		return -ENODATA;
	ret = dmw_state_key(s, DMW_TAG_METADATA, activation, &key);
	if (ret)
		return ret;
	ret = dmw_record_open(h, s->sb.uuid, &key, head, d);
	if (ret == -EBADMSG)
		return -ENODATA;
	if (!ret && memcmp(head->prev, end->mac, DMW_MAC_SIZE))
		return -ENODATA;
	return ret;
}

/**
 * dmw_load_journal() - walk the journal from the checkpoint to where its chain ends
 * @h:   host
 * @s:   loaded state
 * @fn:  called for each entry, in order; may be NULL
 * @arg: for @fn
 * @end: receives where it ends
 *
 * Only records of the current activation count: an activation begins with a checkpoint, so a record
 * of an older one belongs to a past that was left behind.
 */
enum dmw_load_error dmw_load_journal(struct dmw_host *h, const struct dmw_state *s,
				     dmw_journal_fn fn, void *arg, struct dmw_journal_end *end)
{
	const struct dmw_layout *l = &s->sb.layout;
	u64 ring = dmw_layout_journal_units(l);
	struct window w = { 0 };
	struct dmw_record_disk *copy;
	const struct dmw_record_disk *d;
	struct dmw_record_head head;
	enum dmw_load_error err = DMW_LOAD_MEMORY;
	u64 place;
	int ret;

	end->seq = s->root.journal_seq;
	end->pos = s->root.journal_pos;
	end->stable = s->root.journal_seq - 1;
	memcpy(end->mac, s->root.journal_mac, DMW_MAC_SIZE);

	w.buf = dmw_host_alloc(h, JOURNAL_WINDOW);
	copy = dmw_host_alloc(h, DMW_RECORD_MAX);
	if (!w.buf || !copy)
		goto out;
	for (;;) {
		err = DMW_LOAD_OK;
		place = dmw_journal_place(l, end->pos);
		/* The ring holds no more than itself: a chain that is longer would be a loop. */
		if (place - s->root.journal_pos >= ring)
			break;
		d = window_get(h, l, &w, place % ring * l->journal_unit);
		if (!d) {
			err = DMW_LOAD_IO;
			break;
		}
		memcpy(copy, d, DMW_RECORD_MAX);
		ret = open_record(h, s, end, &head, copy);
		if (ret == -ENODATA)
			break;
		if (!ret && is_ahead(s, &head)) {
			err = DMW_LOAD_CHECKPOINT_HIDDEN;
			break;
		}
		err = ret ? (ret == -EUCLEAN ? DMW_LOAD_JOURNAL_DAMAGED : DMW_LOAD_CRYPTO) :
			    each_entry(s, copy, &head, fn, arg);
		if (err)
			break;
		end->seq++;
		end->pos = place + DIV_ROUND_UP(head.length, l->journal_unit);
		end->stable = max(end->stable, head.stable);
		memcpy(end->mac, head.mac, DMW_MAC_SIZE);
	}
out:
	dmw_host_free(h, copy);
	dmw_host_free(h, w.buf);
	return err;
}
