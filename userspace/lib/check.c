// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verifying a closed volume from the superblocks down. Damage is reported and stepped over: what
 * does not hang on it is still verified.
 */
#include "lib_private.h"

#define LEAF_BYTES	(DMW_FANOUT << DMW_SECTOR_SHIFT)

struct range {
	u64	first;
	u64	count;
};

/**
 * struct check - a check under way
 * @ctx:           for progress and errors
 * @params:        what is wanted
 * @result:        the sum so far
 * @v:             the volume
 * @nodes:         a node of each level: the path from the root to where the walk is
 * @data:          contents of a leaf's sectors
 * @pending:       sorted ranges of sectors that the journal has newer seals for
 * @pending_count: of @pending
 * @pending_space: of @pending
 * @tags_damaged:  a node of the tag table does not verify
 * @counting:      first of two walks: only count what the second one will read
 * @total:         bytes of data that the second walk will read; 0 = not counted
 */
struct check {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_check_params		*params;
	struct libdmwarrant_check_result		*result;
	struct lib_volume				v;
	struct dmw_node_disk				nodes[DMW_LEVELS];
	u8						*data;
	struct range					*pending;
	size_t						pending_count;
	size_t						pending_space;
	bool						tags_damaged;
	bool						counting;
	u64						total;
};

/* ---- telling ---- */

static int cancelled(struct check *c, int stop)
{
	return stop ? lib_fail(c->ctx, -ECANCELED, "cancelled") : 0;
}

static int tell_map(struct check *c, const struct libdmwarrant_extent *e)
{
	if (c->counting || !c->params->map)
		return 0;
	return cancelled(c, c->params->map(c->params->arg, e));
}

static int tell_damage(struct check *c, const struct libdmwarrant_extent *e, int err,
		       u64 first_sector, u64 sectors)
{
	struct libdmwarrant_damage d = {
		.extent = *e, .reason = lib_block_reason(err), .first_sector = first_sector,
		.sectors = sectors,
	};

	if (c->counting)
		return 0;
	c->result->damaged += e->count;
	c->result->unreadable_sectors += sectors;
	if (!c->params->damage)
		return 0;
	return cancelled(c, c->params->damage(c->params->arg, &d));
}

/* ---- superblocks ---- */

/* The copy that is not the newest must be the checkpoint before it. */
static int check_superblock(struct check *c, u64 block)
{
	const struct dmw_superblock *newest = &c->v.state.sb;
	struct dmw_superblock_disk d;
	struct dmw_superblock sb;
	struct dmw_root root;
	int ret;

	ret = dmw_host_read(&c->v.host, block << DMW_SECTOR_SHIFT, &d, sizeof(d));
	if (!ret)
		ret = dmw_superblock_decode(&sb, &d, block);
	if (!ret)
		ret = dmw_superblock_open(&c->v.host, &sb, &root, &d);
	if (ret)
		return ret == -ENODEV || ret == -EPROTONOSUPPORT ? -EBADMSG : ret;
	if (sb.checkpoint != newest->checkpoint && sb.checkpoint + 1 != newest->checkpoint)
		return -ESTALE;
	return 0;
}

static int check_superblocks(struct check *c)
{
	struct libdmwarrant_extent e = { .kind = LIBDMWARRANT_KIND_SUPERBLOCK, .count = 1 };
	int ret = 0, err;

	for (e.index = 0; e.index < DMW_SUPERBLOCKS && !ret; e.index++) {
		e.block = dmw_layout_superblock(&c->v.state.sb.layout, e.index);
		err = check_superblock(c, e.block);
		ret = err ? tell_damage(c, &e, err, 0, 0) : tell_map(c, &e);
	}
	return ret;
}

/* ---- activations ---- */

static int open_link(struct check *c, u32 link, u32 in_link, u64 block, struct dmw_wide_seal *seal)
{
	struct dmw_activation entries[DMW_ACTIVATIONS_PER_BLOCK];
	struct dmw_activation_block_disk d;
	struct dmw_wide_seal prev;
	int ret;

	ret = dmw_host_read(&c->v.host, block << DMW_SECTOR_SHIFT, &d, sizeof(d));
	if (!ret)
		ret = dmw_activation_block_crypt(&c->v.host, false, c->v.state.sb.uuid, link, seal,
						 &d);
	if (!ret)
		ret = dmw_activation_block_decode(&prev, entries, in_link, &d);
	if (!ret)
		*seal = prev;
	return ret;
}

/* Without all of the chain the volume cannot be opened at all, so nothing on it can be read. */
static int check_activations(struct check *c, bool *usable)
{
	struct libdmwarrant_extent e = { .kind = LIBDMWARRANT_KIND_ACTIVATIONS, .count = 1 };
	const struct dmw_state *s = &c->v.state;
	struct dmw_wide_seal seal = s->root.activations;
	u32 count = s->root.activation_count, link, in_link;
	enum dmw_load_error loaded;
	int ret, err;

	*usable = false;
	for (; count; count -= in_link) {
		link = (count - 1) / DMW_ACTIVATIONS_PER_BLOCK;
		in_link = count - link * DMW_ACTIVATIONS_PER_BLOCK;
		e.index = link;
		e.block = dmw_layout_activation(&s->sb.layout, link, seal.slot);
		err = open_link(c, link, in_link, e.block, &seal);
		if (err == -ENOMEM)
			return lib_fail(c->ctx, err, "not enough memory");
		if (err)
			return tell_damage(c, &e, err, 0, s->sb.layout.data_sectors);
		ret = tell_map(c, &e);
		if (ret)
			return ret;
	}
	*usable = true;
	loaded = dmw_load_activations(&c->v.host, &c->v.state);
	if (!loaded)
		loaded = dmw_load_check_anchor(&c->v.state, &c->v.anchor);
	return lib_load_failed(c->ctx, c->v.dev.device.path, loaded);
}

/* ---- tags ---- */

/* Without the nodes nobody knows what may be read: the volume cannot be opened. */
static int check_tag_node(struct check *c, enum dmw_tag_level level, u32 index,
			  const struct dmw_seal *seal, struct dmw_node_disk *node, u32 *count)
{
	const struct dmw_state *s = &c->v.state;
	struct libdmwarrant_extent e = {
		.kind = LIBDMWARRANT_KIND_TAG, .level = level, .index = index, .count = 1,
		.block = dmw_layout_tag(&s->sb.layout, level, index, seal->tag),
	};
	int err;

	err = dmw_host_read(&c->v.host, e.block << DMW_SECTOR_SHIFT, node, sizeof(*node));
	if (!err)
		err = dmw_tag_block_open(&c->v.host, s, level, index, seal, node);
	if (!err)
		err = dmw_tag_node_check(node, level, count);
	if (!err)
		return tell_map(c, &e);
	*count = 0;
	c->tags_damaged = true;
	return tell_damage(c, &e, err, 0, s->sb.layout.data_sectors);
}

static int check_record(struct check *c, u32 tag, const struct dmw_seal *seal)
{
	struct libdmwarrant_extent e = {
		.kind = LIBDMWARRANT_KIND_TAG, .level = DMW_TAG_RECORD, .index = tag - 1, .count = 1,
		.block = dmw_layout_tag(&c->v.state.sb.layout, DMW_TAG_RECORD, tag - 1,
					seal->tag & DMW_TAG_SEAL_SLOT),
	};
	struct dmw_tag_disk d;
	struct dmw_tag record;
	int err = dmw_tag_read(&c->v.host, &c->v.state, tag, seal, &d, &record);

	if (err)
		return tell_damage(c, &e, err, 0, 0);
	c->result->tags++;
	return tell_map(c, &e);
}

static int check_records(struct check *c, u32 first, const struct dmw_node_disk *node, u32 count)
{
	struct dmw_seal seal;
	int ret = 0;
	u32 i;

	for (i = 0; i < count && !ret; i++) {
		dmw_seal_from_disk(&seal, &node->seals[i]);
		ret = lib_progress(c->ctx, "verifying tags", c->v.host.read, 0);
		if (!ret)
			ret = check_record(c, first + i, &seal);
	}
	return ret;
}

static int check_tags(struct check *c)
{
	const struct dmw_root *root = &c->v.state.root;
	struct dmw_node_disk top, node;
	struct dmw_seal seal;
	u32 i, nodes, count;
	enum dmw_load_error loaded;
	int ret;

	if (!root->tags.nonce)
		return 0;
	ret = check_tag_node(c, DMW_TAG_TOP, 0, &root->tags, &top, &nodes);
	for (i = 0; i < nodes && !ret; i++) {
		dmw_seal_from_disk(&seal, &top.seals[i]);
		ret = check_tag_node(c, DMW_TAG_NODE, i, &seal, &node, &count);
		if (!ret)
			ret = check_records(c, i * DMW_FANOUT + 1, &node, count);
	}
	if (ret || c->tags_damaged)
		return ret;
	/* What the kernel will make of it. */
	loaded = lib_volume_tags(&c->v);
	return lib_load_failed(c->ctx, c->v.dev.device.path, loaded);
}

/* ---- journal ---- */

static int add_pending(void *arg, const struct dmw_record_head *head, const struct dmw_entry *e)
{
	struct check *c = arg;
	struct range *more;

	(void)head;
	if (c->pending_count == c->pending_space) {
		c->pending_space = c->pending_space ? 2 * c->pending_space : 1024;
		more = realloc(c->pending, c->pending_space * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->pending = more;
	}
	c->pending[c->pending_count].first = e->sector;
	c->pending[c->pending_count].count = e->count ? e->count : 1;
	c->pending_count++;
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	u64 x = ((const struct range *)a)->first, y = ((const struct range *)b)->first;

	return x < y ? -1 : x > y;
}

/* Sort, and join what overlaps, so that a binary search finds all. */
static void sort_pending(struct check *c)
{
	struct range *p = c->pending;
	size_t i, n = 0;
	u64 end;

	if (!c->pending_count)
		return;
	qsort(p, c->pending_count, sizeof(*p), compare_ranges);
	for (i = 1; i < c->pending_count; i++) {
		if (p[i].first > p[n].first + p[n].count) {
			p[++n] = p[i];
			continue;
		}
		end = max(p[n].first + p[n].count, p[i].first + p[i].count);
		p[n].count = end - p[n].first;
	}
	c->pending_count = n + 1;
}

static bool is_pending(const struct check *c, u64 sector)
{
	size_t low = 0, high = c->pending_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (sector < c->pending[middle].first)
			high = middle;
		else if (sector >= c->pending[middle].first + c->pending[middle].count)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

static int map_journal(struct check *c, u64 from, u64 to)
{
	const struct dmw_layout *l = &c->v.state.sb.layout;
	u32 per_block = DMW_SECTOR_SIZE / l->journal_unit;
	u64 ring = l->journal_blocks, first = from / per_block;
	u64 left = DIV_ROUND_UP(to, per_block) - first;
	struct libdmwarrant_extent e = { .kind = LIBDMWARRANT_KIND_JOURNAL };
	int ret = 0;

	for (left = min(left, ring); left && !ret; left -= e.count, first += e.count) {
		e.index = first % ring;
		e.block = l->journal_start + e.index;
		e.count = min(left, ring - e.index);
		ret = tell_map(c, &e);
	}
	return ret;
}

static int check_journal(struct check *c)
{
	const struct dmw_state *s = &c->v.state;
	struct libdmwarrant_extent e = { .kind = LIBDMWARRANT_KIND_JOURNAL, .count = 1 };
	struct dmw_journal_end end;
	enum dmw_load_error err;

	err = dmw_load_journal(&c->v.host, s, add_pending, c, &end);
	if (err == DMW_LOAD_MEMORY)
		return lib_fail(c->ctx, -ENOMEM, "not enough memory");
	if (err == DMW_LOAD_CHECKPOINT_HIDDEN)
		return lib_load_failed(c->ctx, c->v.dev.device.path, err);
	c->result->journal_records = end.seq - s->root.journal_seq;
	sort_pending(c);
	if (err) {
		e.index = end.pos % dmw_layout_journal_units(&s->sb.layout) *
			  s->sb.layout.journal_unit >> DMW_SECTOR_SHIFT;
		e.block = s->sb.layout.journal_start + e.index;
		return tell_damage(c, &e, dmw_load_error_errno(err), 0,
				   s->sb.layout.data_sectors);
	}
	if (!c->result->journal_records)
		return 0;
	return map_journal(c, dmw_journal_place(&s->sb.layout, s->root.journal_pos), end.pos);
}

/* ---- data ---- */

static void read_run(struct check *c, u64 sector, u32 count, int errors[DMW_FANOUT])
{
	u64 offset = dmw_layout_sector(&c->v.state.sb.layout, sector) << DMW_SECTOR_SHIFT;
	u32 i;

	memset(errors, 0, count * sizeof(*errors));
	if (!dmw_host_read(&c->v.host, offset, c->data, count << DMW_SECTOR_SHIFT))
		return;
	/* Some of it cannot be read: find out what can. */
	for (i = 0; i < count; i++)
		errors[i] = dmw_host_read(&c->v.host, offset + ((u64)i << DMW_SECTOR_SHIFT),
					  c->data + ((size_t)i << DMW_SECTOR_SHIFT),
					  DMW_SECTOR_SIZE);
}

/* Neighbours that are damaged in the same way are reported as one. */
static int tell_bad_sectors(struct check *c, u64 sector, u32 count, const int errors[DMW_FANOUT])
{
	struct libdmwarrant_extent e = { .kind = LIBDMWARRANT_KIND_DATA };
	int ret = 0;
	u32 i;

	for (i = 0; i < count && !ret; i += e.count) {
		for (e.count = 1; i + e.count < count && errors[i + e.count] == errors[i];)
			e.count++;
		if (!errors[i])
			continue;
		e.index = sector + i;
		e.block = dmw_layout_sector(&c->v.state.sb.layout, e.index);
		ret = tell_damage(c, &e, errors[i], e.index, e.count);
	}
	return ret;
}

/* ---- epochs ---- */

/* The place of an epoch's counts, made if need be; NULL = not wanted, or no space. */
static struct libdmwarrant_epoch_count *count_of(struct check *c, u32 epoch)
{
	struct libdmwarrant_epoch_count *list = c->params->epochs;
	u32 i, n = c->result->epoch_count;

	for (i = 0; i < n && list[i].epoch < epoch; i++)
		;
	if (i < n && list[i].epoch == epoch)
		return &list[i];
	if (!list || n == c->params->epoch_space)
		return NULL;
	memmove(&list[i + 1], &list[i], (n - i) * sizeof(*list));
	list[i] = (struct libdmwarrant_epoch_count){ .epoch = epoch };
	list[i].current = epoch == c->v.state.sb.epoch;
	c->result->epoch_count++;
	return &list[i];
}

/* Of an activation that there is not, a seal cannot verify: that is told as damage. */
static void count_epoch(struct check *c, const struct dmw_seal *seal, bool is_node)
{
	u32 activation = dmw_nonce_activation(seal->nonce);
	struct libdmwarrant_epoch_count *count;

	if (!activation || activation > c->v.state.root.activation_count)
		return;
	count = count_of(c, c->v.state.activations[activation - 1].epoch);
	if (!count)
		return;
	count->nodes += is_node;
	count->sectors += !is_node;
}

/* A run of written sectors of one leaf. */
static int check_run(struct check *c, u64 sector, u32 count)
{
	struct libdmwarrant_extent e = {
		.kind = LIBDMWARRANT_KIND_DATA, .index = sector, .count = count,
		.block = dmw_layout_sector(&c->v.state.sb.layout, sector),
	};
	int ret, errors[DMW_FANOUT];
	struct dmw_seal seal;
	u32 i;

	ret = tell_map(c, &e);
	if (ret || c->counting || !(c->params->flags & LIBDMWARRANT_CHECK_DATA))
		return ret;
	read_run(c, sector, count, errors);
	for (i = 0; i < count; i++) {
		dmw_seal_from_disk(&seal,
				   &c->nodes[0].seals[(sector + i) & (DMW_FANOUT - 1)]);
		/* Nobody can tell any more what it holds: that its leaf knows of it is all there is. */
		if (lib_tree_is_shredded(&c->v, &seal)) {
			errors[i] = 0;
			continue;
		}
		if (errors[i])
			continue;
		errors[i] = lib_tree_data(&c->v, sector + i, &seal,
					  c->data + ((size_t)i << DMW_SECTOR_SHIFT));
		if (!errors[i])
			c->result->verified_sectors++;
	}
	return tell_bad_sectors(c, sector, count, errors);
}

static int check_leaf(struct check *c, u64 index)
{
	const struct dmw_seal_disk *seals = c->nodes[0].seals;
	u64 first = index << DMW_FANOUT_SHIFT;
	struct dmw_seal seal;
	u32 i, run = 0;
	int ret = 0;

	for (i = 0; i <= DMW_FANOUT && !ret; i++) {
		if (i < DMW_FANOUT && seals[i].nonce) {
			dmw_seal_from_disk(&seal, &seals[i]);
			c->result->written_sectors++;
			if (lib_tree_is_shredded(&c->v, &seal))
				c->result->shredded_sectors++;
			else
				count_epoch(c, &seal, false);
			if (!is_pending(c, first + i)) {
				run++;
				continue;
			}
			c->result->pending_sectors++;
		}
		if (run)
			ret = check_run(c, first + i - run, run);
		run = 0;
	}
	return ret;
}

/* ---- nodes ---- */

static int tell_progress(struct check *c, u64 sector)
{
	if (c->counting)
		return lib_progress(c->ctx, "counting written sectors", c->v.host.read, 0);
	if (c->total)
		return lib_progress(c->ctx, "verifying data",
				    c->result->verified_sectors << DMW_SECTOR_SHIFT, c->total);
	return lib_progress(c->ctx, "verifying nodes", sector << DMW_SECTOR_SHIFT,
			    c->v.state.sb.layout.data_sectors << DMW_SECTOR_SHIFT);
}

/* Recursion ends at the leaves: DMW_LEVELS deep. */
static int check_node(struct check *c, unsigned int level, u64 index, const struct dmw_seal *seal)
{
	const struct dmw_layout *l = &c->v.state.sb.layout;
	unsigned int shift = (level + 1) * DMW_FANOUT_SHIFT;
	u64 first = index << shift;
	struct libdmwarrant_extent e = {
		.kind = LIBDMWARRANT_KIND_NODE, .level = level, .index = index, .count = 1,
		.block = dmw_layout_node(l, level, index, seal->tag),
	};
	struct dmw_seal child;
	unsigned int i;
	int ret, err;

	ret = tell_progress(c, first);
	if (ret)
		return ret;
	err = lib_tree_node(&c->v, level, index, seal, &c->nodes[level]);
	if (err)
		return tell_damage(c, &e, err, first,
				   min_t(u64, 1ULL << shift, l->data_sectors - first));
	c->result->nodes++;
	count_epoch(c, seal, true);
	ret = tell_map(c, &e);
	if (ret || !level)
		return ret ? ret : check_leaf(c, index);
	for (i = 0; i < DMW_FANOUT && !ret; i++) {
		dmw_seal_from_disk(&child, &c->nodes[level].seals[i]);
		if (child.nonce)
			ret = check_node(c, level - 1, (index << DMW_FANOUT_SHIFT) + i, &child);
	}
	return ret;
}

static int check_tree(struct check *c)
{
	const struct dmw_root *root = &c->v.state.root;
	unsigned int i;
	int ret = 0;

	c->result->nodes = 0;
	c->result->written_sectors = 0;
	c->result->shredded_sectors = 0;
	c->result->pending_sectors = 0;
	c->result->epoch_count = 0;
	for (i = 0; i < DMW_ROOTS && !ret; i++)
		if (root->tree[i].nonce)
			ret = check_node(c, DMW_TOP_LEVEL, i, &root->tree[i]);
	return ret;
}

/* Whoever watches the progress of reading the data is told first how much there is to read. */
static int count_data(struct check *c)
{
	int ret;

	if (!c->ctx->progress || !(c->params->flags & LIBDMWARRANT_CHECK_DATA))
		return 0;
	c->counting = true;
	ret = check_tree(c);
	c->counting = false;
	c->total = max(c->result->written_sectors - c->result->pending_sectors,
		       c->result->shredded_sectors) - c->result->shredded_sectors;
	c->total <<= DMW_SECTOR_SHIFT;
	return ret;
}

/* ---- all of it ---- */

static int check_all(struct check *c)
{
	bool usable;
	int ret;

	ret = check_superblocks(c);
	if (!ret)
		ret = check_activations(c, &usable);
	if (ret || !usable)
		return ret;
	ret = check_tags(c);
	if (!ret)
		ret = check_journal(c);
	if (!ret)
		ret = count_data(c);
	return ret ? ret : check_tree(c);
}

static void report(struct check *c)
{
	const struct dmw_state *s = &c->v.state;
	struct libdmwarrant_check_result *r = c->result;

	r->activations = s->root.activation_count;
	memcpy(r->uuid, s->sb.uuid, DMW_UUID_SIZE);
	lib_anchor(&r->anchor, &s->sb);
	r->volume_sectors = s->sb.layout.data_sectors;
	r->bytes_read = c->v.host.read;
	lib_copy(r->label, sizeof(r->label), s->root.label);
	memcpy(r->warrant, s->root.warrant, DMW_DIGEST_SIZE);
}

int libdmwarrant_check(struct libdmwarrant *ctx, const char *path,
		       const struct libdmwarrant_keyset *keyset,
		       const struct libdmwarrant_check_params *params,
		       struct libdmwarrant_check_result *result)
{
	struct check *c;
	int ret;

	if (params->version != LIBDMWARRANT_CHECK_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_CHECK_VERSION);
	memset(result, 0, sizeof(*result));
	result->version = LIBDMWARRANT_CHECK_VERSION;
	c = calloc(1, sizeof(*c));
	if (!c)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	c->ctx = ctx;
	c->params = params;
	c->result = result;
	lib_progress_start(ctx);
	ret = lib_volume_load(ctx, path, keyset, &params->anchor,
			      LIB_VOLUME_CLOSED | LIB_VOLUME_NO_ACTIVATIONS, &c->v);
	c->data = malloc(LEAF_BYTES);
	if (!ret && !c->data)
		ret = lib_fail(ctx, -ENOMEM, "not enough memory");
	if (!ret) {
		ret = check_all(c);
		/* Of a volume that is refused nothing is said. */
		if (!ret)
			report(c);
	}
	if (!ret && result->damaged)
		ret = lib_fail(ctx, -EUCLEAN,
			       "%s is damaged: %llu blocks, %llu sectors cannot be read; restore them from a replica or a backup",
			       path, (unsigned long long)result->damaged,
			       (unsigned long long)result->unreadable_sectors);
	free(c->data);
	free(c->pending);
	lib_volume_free(&c->v);
	free(c);
	return ret;
}
