// SPDX-License-Identifier: GPL-2.0-or-later
/* The root over a volume's ciphertext: the tree of seals says where it is, the LUN what it is. */
#include "evidence.h"

#define LEAF_BYTES	(DMW_FANOUT << DMW_SECTOR_SHIFT)

/* How often a moving tree is taken up again without having got any further. */
#define PATIENCE	100

/**
 * struct walk - a walk through the leaves under way
 * @ctx:      for progress and errors
 * @params:   of what
 * @root:     the sums so far
 * @build:    the tree so far
 * @v:        the volume, as its newest superblock had it
 * @nodes:    a node of each level: the path from the root to where the walk is
 * @next:     first leaf that is still to be seen
 * @stuck:    reloads since @next last moved
 * @data:     contents of a leaf's sectors
 */
struct walk {
	struct libdmwarrant			*ctx;
	const struct lib_evidence_params	*params;
	struct lib_evidence_root		*root;
	struct lib_builder			build;
	struct lib_volume			v;
	struct dmw_node_disk			nodes[DMW_LEVELS];
	u64					next;
	unsigned int				stuck;
	u8					*data;
};

static int no_memory(struct walk *w)
{
	return lib_fail(w->ctx, -ENOMEM, "not enough memory");
}

/* ---- loading ---- */

static bool is_open(const struct walk *w)
{
	return w->params->flags & LIB_EVIDENCE_OPEN;
}

static int load(struct walk *w, const struct libdmwarrant_anchor *anchor)
{
	return lib_volume_load(w->ctx, w->params->device, w->params->keyset, anchor,
			       is_open(w) ? 0 : LIB_VOLUME_CLOSED, &w->v);
}

/* What waits in the journal of a volume that was not closed is not in the tree. */
static int check_closed(struct walk *w)
{
	struct dmw_journal_end end;
	enum dmw_load_error err;

	if (is_open(w))
		return 0;
	err = dmw_load_journal(&w->v.host, &w->v.state, NULL, NULL, &end);
	if (err)
		return lib_load_failed(w->ctx, w->params->device, err);
	if (end.seq == w->v.state.root.journal_seq)
		return 0;
	return lib_fail(w->ctx, -EBUSY,
			"%s was not closed cleanly: its journal waits to be replayed; open and close the volume once",
			w->params->device);
}

static int check_rotation(struct walk *w)
{
	const struct dmw_root *root = &w->v.state.root;
	unsigned int i, epochs = 0;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		epochs += root->epochs[i].state != DMW_EPOCH_NONE;
	if (!is_open(w) || epochs <= 1)
		return 0;
	return lib_fail(w->ctx, -EBUSY,
			"the keys of the volume on %s are being rotated, which writes new ciphertext; wait until that is over",
			w->params->device);
}

/* Of an open volume only what nothing can change any more. */
static int check_frozen(struct walk *w, const struct dmw_tags *tags)
{
	u32 i, tag;

	if (!is_open(w))
		return 0;
	if (!w->params->tags)
		return lib_fail(w->ctx, -EPERM,
				"the volume on %s is open: name frozen tags, or close it",
				w->params->device);
	for (i = 0; i < w->params->tag_count; i++) {
		tag = w->params->tags[i];
		if (dmw_tag_state(tags, tag) == DMW_TAG_OPEN)
			return lib_fail(w->ctx, -EPERM,
					"tag %u can still be written to; freeze it, or close the volume",
					tag);
	}
	return 0;
}

static int check_state(struct walk *w)
{
	struct dmw_tags tags = { 0 };
	enum dmw_load_error err;
	int ret;

	ret = check_closed(w);
	if (!ret)
		ret = check_rotation(w);
	if (ret)
		return ret;
	err = dmw_load_tags(&w->v.host, &w->v.state, &tags);
	ret = err ? lib_load_failed(w->ctx, w->params->device, err) : check_frozen(w, &tags);
	dmw_tags_free(&w->v.host, &tags);
	return ret;
}

/* The kernel has gone on: take the tree that it has now, never an older one. */
static int reload(struct walk *w)
{
	struct libdmwarrant_anchor anchor;

	lib_anchor(&anchor, &w->v.state.sb);
	lib_volume_free(&w->v);
	return load(w, &anchor);
}

/* ---- data ---- */

static int damaged(struct walk *w, const char *what, u64 number, int err)
{
	return lib_fail(w->ctx, err == -ENOKEY ? err : -EUCLEAN,
			"%s %llu of %s: %s; warrantctl volume check --data names all damage",
			what, (unsigned long long)number, w->params->device,
			lib_block_reason(err));
}

/* Decrypts in place: after the hashing. */
static int verify_piece(struct walk *w, const struct lib_evidence_piece *p,
			const struct dmw_seal_disk *seals)
{
	struct dmw_seal seal;
	int err;
	u32 i;

	for (i = 0; i < p->count; i++) {
		dmw_seal_from_disk(&seal, &seals[i]);
		err = lib_tree_data(&w->v, p->first + i, &seal,
				    w->data + ((size_t)i << DMW_SECTOR_SHIFT));
		if (!err)
			w->root->verified++;
		else if (err == -ENOKEY || err == -ENODATA)
			w->root->unverified++;
		else
			return damaged(w, "sector", p->first + i, err);
	}
	return 0;
}

static int take_piece(struct walk *w, struct lib_evidence_piece *p)
{
	const struct dmw_seal_disk *seals = w->nodes[0].seals + (p->first & (DMW_FANOUT - 1));
	u64 block = dmw_layout_sector(&w->v.state.sb.layout, p->first);
	int ret;

	ret = dmw_host_read(&w->v.host, block << DMW_SECTOR_SHIFT, w->data,
			    p->count << DMW_SECTOR_SHIFT);
	if (ret)
		return lib_fail(w->ctx, ret, "cannot read sectors %llu to %llu of %s: %s",
				(unsigned long long)p->first,
				(unsigned long long)(p->first + p->count - 1), w->params->device,
				strerror(-ret));
	lib_hash_sectors(&w->build.pieces, p->first, p->count, w->data, p->sectors);
	lib_hash_seals(&w->build.pieces, seals, p->count, p->seals);
	if (w->params->flags & LIB_EVIDENCE_VERIFY) {
		ret = verify_piece(w, p, seals);
		if (ret)
			return ret;
	}
	ret = lib_builder_add(&w->build, p);
	if (ret)
		return no_memory(w);
	return w->params->piece ? w->params->piece(w->params->arg, p) : 0;
}

/* ---- leaves ---- */

static bool wanted(const struct walk *w, u32 tag)
{
	u32 i;

	if (!w->params->tags)
		return true;
	for (i = 0; i < w->params->tag_count; i++)
		if (w->params->tags[i] == tag)
			return true;
	return false;
}

static u32 tag_of(const struct walk *w, const struct dmw_seal_disk *s)
{
	u32 tag = le32_to_cpu(s->tag);

	return tag ? tag : w->v.state.root.default_tag;
}

static int take_leaf(struct walk *w, u64 index)
{
	const struct dmw_seal_disk *seals = w->nodes[0].seals;
	struct lib_evidence_piece p;
	unsigned int i, n;
	int ret = 0;

	for (i = 0; i < DMW_FANOUT && !ret; i += n) {
		n = 1;
		if (!seals[i].nonce)
			continue;
		memset(&p, 0, sizeof(p));
		p.tag = tag_of(w, &seals[i]);
		while (i + n < DMW_FANOUT && seals[i + n].nonce && tag_of(w, &seals[i + n]) == p.tag)
			n++;
		p.first = (index << DMW_FANOUT_SHIFT) + i;
		p.count = n;
		if (wanted(w, p.tag))
			ret = take_piece(w, &p);
	}
	return ret;
}

/* ---- nodes ---- */

static int tell_progress(struct walk *w, u64 index)
{
	return lib_progress(w->ctx, "hashing ciphertext",
			    index << (DMW_FANOUT_SHIFT + DMW_SECTOR_SHIFT),
			    w->v.state.sb.layout.data_sectors << DMW_SECTOR_SHIFT);
}

/* @failed: receives what is wrong with a node, without an error set. Recursion: DMW_LEVELS deep. */
static int walk_node(struct walk *w, unsigned int level, u64 index, const struct dmw_seal *seal,
		     int *failed)
{
	u64 first = index << level * DMW_FANOUT_SHIFT, child;
	struct dmw_seal s;
	unsigned int i;
	int ret = 0;

	if (!seal->nonce || first + (1ULL << level * DMW_FANOUT_SHIFT) <= w->next)
		return 0;
	*failed = lib_tree_node(&w->v, level, index, seal, &w->nodes[level]);
	if (*failed)
		return is_open(w) ? -EAGAIN : damaged(w, "a node above sector",
						      first << DMW_FANOUT_SHIFT, *failed);
	if (!level) {
		ret = tell_progress(w, index);
		if (!ret)
			ret = take_leaf(w, index);
		w->next = index + 1;
		w->stuck = 0;
		return ret;
	}
	for (i = 0; i < DMW_FANOUT && !ret; i++) {
		child = (index << DMW_FANOUT_SHIFT) + i;
		dmw_seal_from_disk(&s, &w->nodes[level].seals[i]);
		ret = walk_node(w, level - 1, child, &s, failed);
	}
	return ret;
}

static int walk_once(struct walk *w, int *failed)
{
	const struct dmw_root *root = &w->v.state.root;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < DMW_ROOTS && !ret; i++)
		ret = walk_node(w, DMW_TOP_LEVEL, i, &root->tree[i], failed);
	return ret;
}

/* A node that does not fit may be a newer one, of an open volume: then a newer superblock says so. */
static int walk_tree(struct walk *w)
{
	u64 checkpoint;
	int ret, failed = 0;

	for (;;) {
		ret = walk_once(w, &failed);
		if (ret != -EAGAIN)
			return ret;
		checkpoint = w->v.state.sb.checkpoint;
		ret = reload(w);
		if (!ret)
			ret = check_state(w);
		if (ret)
			return ret;
		if (w->v.state.sb.checkpoint == checkpoint || ++w->stuck > PATIENCE)
			return damaged(w, "a node above sector", w->next << DMW_FANOUT_SHIFT,
				       failed);
	}
}

/* ---- all of it ---- */

static void describe(struct walk *w)
{
	const struct dmw_state *s = &w->v.state;
	struct lib_evidence_root *r = w->root;

	memcpy(r->uuid, s->sb.uuid, DMW_UUID_SIZE);
	memcpy(r->warrant, s->root.warrant, DMW_DIGEST_SIZE);
	r->anchor = dmw_superblock_anchor(&s->sb);
	r->committed = s->root.written;
	r->group_start = s->sb.layout.group_start;
	r->data_sectors = s->sb.layout.data_sectors;
}

static int sum_up(struct walk *w)
{
	struct lib_evidence_root *r = w->root;
	u32 i;

	if (lib_builder_end(&w->build, r->root))
		return no_memory(w);
	r->tags = calloc(w->build.count + 1, sizeof(*r->tags));
	if (!r->tags)
		return no_memory(w);
	r->tag_count = w->build.count;
	for (i = 0; i < r->tag_count; i++)
		r->tags[i] = w->build.tags[i].sum;
	return 0;
}

/* Tags asked for are in the result also without sectors; a number that is none is a mistake. */
static int add_tags(struct walk *w)
{
	struct dmw_tags tags = { 0 };
	enum dmw_load_error err;
	u32 i, tag;
	int ret = 0;

	if (!w->params->tags)
		return 0;
	err = dmw_load_tags(&w->v.host, &w->v.state, &tags);
	if (err)
		return lib_load_failed(w->ctx, w->params->device, err);
	for (i = 0; i < w->params->tag_count && !ret; i++) {
		tag = w->params->tags[i];
		ret = lib_builder_tag(&w->build, tag) ? no_memory(w) : 0;
		if (!ret && tag > tags.count && !w->build.tags[w->build.last].sum.sectors)
			ret = lib_fail(w->ctx, -ENOENT, "the volume on %s has no tag %u",
				       w->params->device, tag);
	}
	dmw_tags_free(&w->v.host, &tags);
	return ret;
}

static int run(struct walk *w, const struct libdmwarrant_anchor *anchor)
{
	int ret;

	w->data = malloc(LEAF_BYTES);
	if (lib_builder_init(&w->build) || !w->data)
		return no_memory(w);
	ret = load(w, anchor);
	if (!ret)
		ret = check_state(w);
	if (ret)
		return ret;
	describe(w);
	ret = walk_tree(w);
	if (!ret)
		ret = add_tags(w);
	return ret ? ret : sum_up(w);
}

int lib_evidence_root(struct libdmwarrant *ctx, const struct lib_evidence_params *params,
		      struct lib_evidence_root *root)
{
	struct walk *w;
	int ret;

	memset(root, 0, sizeof(*root));
	w = calloc(1, sizeof(*w));
	if (!w)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	w->ctx = ctx;
	w->params = params;
	w->root = root;
	w->v.dev.fd = -1;
	lib_progress_start(ctx);
	ret = run(w, params->anchor.checkpoint ? &params->anchor : NULL);
	lib_volume_free(&w->v);
	lib_builder_free(&w->build);
	/* Verified sectors were decrypted in it. */
	if (w->data)
		dmw_memzero_secret(w->data, LEAF_BYTES);
	free(w->data);
	free(w);
	return ret;
}

void lib_evidence_root_free(struct lib_evidence_root *root)
{
	free(root->tags);
	memset(root, 0, sizeof(*root));
}
