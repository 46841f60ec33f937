// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Case tags: a model of the tag table, what may come of ops on it, and chance's choice of such ops.
 *
 * A change that was reported done is in the table after any crash; one that was not is there whole or
 * not at all, and there is one at most, since changes happen one at a time. The table as a whole is one
 * more value that the oracle follows: a hash of all states and of what all records say.
 */
#include "sim.h"

/*
 * What a record says follows from these. @state: what holds; @recorded: what the record says, which is less
 * when the keys were destroyed elsewhere; @asked: strictest state that any change has asked for
 */
struct entry {
	u8	state;
	u8	recorded;
	u8	asked;
	bool	touched;	/* by any change, ever: else it is as it was formatted */
	u32	version;
};

static struct {
	u32		count;
	struct entry	e[MAX_TAGS + 2];
} table;

static u32 next_version;

/* ---- records ---- */

/** tag_record() - what the record of a tag says in some version */
void tag_record(struct dmw_tag_disk *d, u32 tag, u32 state, u32 version)
{
	static u8 metadata[DMW_TAG_METADATA_SIZE];
	struct dmw_tag t = {
		.tag = tag, .state = (enum dmw_tag_state)state, .created = 1, .changed = version,
		.length = version * 37 % (DMW_TAG_METADATA_SIZE + 1), .metadata = metadata,
	};

	snprintf(t.name, sizeof(t.name), "case %u, version %u", tag, version);
	memset(metadata, 'a' + version % 26, sizeof(metadata));
	dmw_tag_encode(d, &t);
}

/* ---- hashes of tables ---- */

static u64 add_to_hash(u64 h, u32 state, u32 version)
{
	return mix(h ^ ((u64)state << 32 | version));
}

/** tags_hash() - of the table as reported */
u64 tags_hash(void)
{
	u64 h = 0;
	u32 i;

	for (i = 1; i <= table.count; i++)
		h = add_to_hash(h, table.e[i].recorded, table.e[i].version);
	return h;
}

static int expected_error(const struct dmw_tag_change *c)
{
	if (!c->tag || c->tag > table.count + 1)
		return -ENOENT;
	if (c->state == DMW_TAG_SHREDDED && c->tag > table.count)
		return -EPERM;
	if (c->tag > MAX_TAGS)
		return -ENOSPC;
	return c->tag <= table.count && c->state < table.e[c->tag].state ? -EPERM : 0;
}

static void apply(const struct simop *o)
{
	const struct dmw_tag_change *c = &o->change;

	table.count = max(table.count, c->tag);
	table.e[c->tag].state = c->state;
	table.e[c->tag].recorded = c->state;
	table.e[c->tag].version = o->version;
}

/** tags_hash_with() - of the table if this change has happened. Return: false when it cannot */
bool tags_hash_with(const struct simop *o, u64 *hash)
{
	struct entry before;
	u32 count = table.count;

	if (expected_error(&o->change))
		return false;
	before = table.e[o->change.tag];
	apply(o);
	*hash = tags_hash();
	table.e[o->change.tag] = before;
	table.count = count;
	return true;
}

/* ---- what the oracle asks ---- */

/** tags_reset() - the table of a volume just formatted */
void tags_reset(void)
{
	u32 i;

	memset(&table, 0, sizeof(table));
	keys_reset();
	next_version = 1;
	table.count = cfg.tag_base;
	for (i = 1; i <= table.count; i++)
		table.e[i].state = table.e[i].recorded = table.e[i].asked = DMW_TAG_OPEN;
}

/** tag_reported() - the strictest state of a tag that somebody was told of */
u32 tag_reported(u32 tag)
{
	return tag && tag <= table.count ? table.e[tag].state : DMW_TAG_OPEN;
}

/** tag_asked() - the strictest state that somebody has asked for */
u32 tag_asked(u32 tag)
{
	return tag ? max_t(u32, table.e[tag].asked, DMW_TAG_OPEN) : DMW_TAG_OPEN;
}

/** tags_some() - one of the newest tags there are, as @h has it; 0 = there are none */
u32 tags_some(u64 h)
{
	return table.count ? table.count - (h >> 32) % min(table.count, 3U) : 0;
}

/** tags_submitted() - a change is on its way */
void tags_submitted(const struct simop *o)
{
	const struct dmw_tag_change *c = &o->change;

	if (!c->tag || c->tag > MAX_TAGS)
		return;
	table.e[c->tag].asked = max_t(u32, table.e[c->tag].asked, c->state);
	table.e[c->tag].touched = true;
}

/** tags_ended() - a change has ended. Return: has it happened? */
bool tags_ended(const struct simop *o)
{
	int error = expected_error(&o->change);

	if (o->op.error != error)
		fail("T3: a change of tag %u to state %u ended with %d instead of %d", o->change.tag,
		     o->change.state, o->op.error, error);
	if (error && o->change.tag == table.count + 1 && o->change.tag <= MAX_TAGS)
		table.e[o->change.tag].asked = 0;
	if (error)
		return false;
	apply(o);
	return true;
}

/* ---- the table of a machine ---- */

/** tag_read() - which version of a tag's record does a machine find? Return: false = none */
bool tag_read(struct machine *m, u32 tag, u32 *version)
{
	static struct dmw_tag_disk want;
	struct dmw_tag_disk *d = dmw_host_alloc(&m->host, sizeof(*d));
	struct dmw_seal seal;
	struct dmw_tag t;
	int ret;

	dmw_tag_seal(&m->vol.tags, tag, &seal);
	ret = dmw_tag_read(&m->host, &m->vol.state, tag, &seal, d, &t);
	if (ret && !m->tolerant && !m->attacked)
		fail("T3: the record of tag %u cannot be read: %d", tag, ret);
	if (!ret) {
		*version = t.changed;
		tag_record(&want, tag, seal.tag >> DMW_TAG_SEAL_STATE, *version);
		if (memcmp(d, &want, sizeof(want)))
			fail("T3: the record of tag %u, version %u, is not what was written", tag,
			     *version);
	}
	dmw_host_free(&m->host, d);
	return !ret;
}

/** tags_seen() - a tag that those outside can see has a record that can be read */
void tags_seen(struct machine *m)
{
	u32 version;

	if (m->vol.tags.count == m->tag_count)
		return;
	m->tag_count = m->vol.tags.count;
	tag_read(m, m->tag_count, &version);
}

/* Of those that were never touched some are looked at. */
static bool looked_at(const struct machine *m, u32 tag)
{
	return tag > cfg.tag_base || table.e[tag].touched ||
	       tag == m->vol.state.sb.checkpoint % cfg.tag_base + 1;
}

/**
 * tags_read() - hash of the table that a machine has, nothing being under way
 * @m: machine; where it is tolerant, the result is READ_ERROR when a record cannot be read
 */
u64 tags_read(struct machine *m)
{
	const struct dmw_tags *t = &m->vol.tags;
	u32 i, version, recorded, closed = 0;
	struct dmw_seal seal;
	bool error = false;
	u64 h = 0;

	if (t->count > MAX_TAGS)
		fail("T3: %u tags", t->count);
	for (i = 1; i <= t->count; i++) {
		version = 0;
		dmw_tag_seal(t, i, &seal);
		recorded = seal.tag >> DMW_TAG_SEAL_STATE;
		if (t->states[i] != recorded &&
		    (t->states[i] != DMW_TAG_SHREDDED || !key_is_gone(m, i)))
			fail("T3: tag %u is in state %u, and its seal says %u", i, t->states[i],
			     recorded);
		if (looked_at(m, i))
			error |= !tag_read(m, i, &version);
		h = add_to_hash(h, recorded, version);
		closed += t->states[i] != DMW_TAG_OPEN;
	}
	if (closed != t->closed)
		fail("%u tags are closed, and %u are counted", closed, t->closed);
	return error ? READ_ERROR : h;
}

static u32 recorded(const struct machine *m, u32 tag)
{
	struct dmw_seal seal;

	dmw_tag_seal(&m->vol.tags, tag, &seal);
	return seal.tag >> DMW_TAG_SEAL_STATE;
}

/** tags_adopt() - a recovered volume: its table is the one that counts from now on */
void tags_adopt(struct machine *m)
{
	u32 i;

	table.count = m->vol.tags.count;
	for (i = 1; i <= MAX_TAGS; i++) {
		struct entry *e = &table.e[i];

		e->version = 0;
		e->state = i <= table.count ? m->vol.tags.states[i] : 0;
		e->asked = e->state;
		e->recorded = i <= table.count ? recorded(m, i) : 0;
		if (i <= table.count && looked_at(m, i))
			tag_read(m, i, &e->version);
	}
}

/** tags_explain() - for people */
void tags_explain(const struct machine *m)
{
	u32 i;

	for (i = 1; i <= table.count || (m && i <= m->vol.tags.count); i++) {
		if (!table.e[i].touched)
			continue;
		fprintf(stderr, "tag %u: reported state %u version %u", i, table.e[i].state,
			table.e[i].version);
		if (m)
			fprintf(stderr, ", is in state %u",
				i <= m->vol.tags.count ? m->vol.tags.states[i] : 0);
		fprintf(stderr, "\n");
	}
}

/* ---- ops ---- */

static void change(struct machine *m, u32 tag, u32 state)
{
	machine_submit_tag(m, tag, state, next_version++);
}

/** tag_create() - the next tag, open */
void tag_create(struct machine *m)
{
	change(m, m->vol.tags.count + 1, DMW_TAG_OPEN);
}

/** tag_close() - an existing tag becomes stricter */
void tag_close(struct machine *m, u32 tag, u32 state)
{
	change(m, tag, state);
}

/* Mostly one of the newest; 0 takes a sector's tag away. */
static u32 some_tag(const struct machine *m)
{
	u32 count = m->vol.tags.count;

	return one_in(6) ? below(count + 1) : count - below(min(count + 1, 4U));
}

static u32 some_state(void)
{
	u32 state = 1 + below(DMW_TAG_RESTRICTED);

	return state == DMW_TAG_RESTRICTED && keys_chance(next_value, 2) ? DMW_TAG_SHREDDED : state;
}

static void change_something(struct machine *m)
{
	u32 count = m->vol.tags.count, tag = some_tag(m);

	if (!tag || one_in(3) || (count - cfg.tag_base < 3 && one_in(2)))
		change(m, count + 1, one_in(12) ? DMW_TAG_FROZEN : DMW_TAG_OPEN);
	else if (one_in(10))
		change(m, count + 2 + below(3), DMW_TAG_OPEN);
	else
		change(m, tag, one_in(3) ? some_state() : m->vol.tags.states[tag]);
}

/* Sectors in a subtree of some level. */
static u64 some_span(void)
{
	return 1ULL << (1 + below(DMW_LEVELS)) * DMW_FANOUT_SHIFT;
}

/* From some leaf on, or from the beginning of some subtree around it. */
static u64 wide_start(u32 leaf)
{
	u64 sector = cfg.leaves[leaf] << DMW_FANOUT_SHIFT;

	return one_in(2) ? sector : sector & -some_span();
}

/* To the end of some subtree, or of the volume. */
static u64 wide_end(u64 sector)
{
	u64 end = (sector | (some_span() - 1)) + 1;

	return one_in(5) ? cfg.layout.data_sectors : min(end, cfg.layout.data_sectors);
}

static u32 in_leaf(u64 sector, u64 end)
{
	return min(end, (sector | (DMW_FANOUT - 1)) + 1) - sector;
}

/** tags_submit() - some op that has to do with tags */
void tags_submit(struct machine *m)
{
	u32 leaf = below(cfg.leaf_count), window = leaf_window(leaf), first = below(window);
	u64 sector = (cfg.leaves[leaf] << DMW_FANOUT_SHIFT) + first;
	u64 end = sector + 1 + below(min(cfg.extent, window - first));

	if (one_in(4)) {
		change_something(m);
		return;
	}
	if (one_in(4)) {
		sector = wide_start(leaf);
		end = wide_end(sector);
	}
	if (one_in(5))
		machine_submit_seals(m, sector, in_leaf(sector, end), end);
	else
		machine_submit_assign(m, sector, in_leaf(sector, end), end, some_tag(m));
}

/*
 * tags_begin() - so that there is something to begin with
 *
 * What is below a node of the top level is unwritten only now: its seal lies in the root.
 */
void tags_begin(struct machine *m)
{
	u64 end = min(1ULL << DMW_LEVELS * DMW_FANOUT_SHIFT, cfg.layout.data_sectors);

	tag_create(m);
	machine_drain(m, false);
	if (one_in(2)) {
		machine_submit_assign(m, 0, in_leaf(0, end), end, m->vol.tags.count);
		machine_drain(m, false);
		machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
		machine_drain(m, false);
		crash_here(m);
	}
	machine_submit_assign(m, cfg.leaves[0] << DMW_FANOUT_SHIFT, 1,
			      (cfg.leaves[0] << DMW_FANOUT_SHIFT) + 1, m->vol.tags.count);
	machine_drain(m, false);
}

/* ---- format ---- */

static void put_block(struct disk *d, struct dmw_host *h, const u8 *salt, enum dmw_tag_level level,
		      u32 index, u64 nonce, void *block, struct dmw_seal *s)
{
	struct dmw_key_id key = { .tag = DMW_TAG_METADATA, .epoch = 1, .salt = salt };

	memset(s, 0, sizeof(*s));
	s->nonce = 1ULL << DMW_COUNTER_BITS | nonce;
	s->time = 1;
	s->tag = level == DMW_TAG_RECORD ? DMW_TAG_OPEN << DMW_TAG_SEAL_STATE : 0;
	if (dmw_tag_block_crypt(h, true, sim_uuid, &key, level, index, s, block))
		fail("format: tags");
	format_put(d, dmw_layout_tag(&cfg.layout, level, index, 0), block);
}

/** tags_format() - a volume that has cfg.tag_base tags already; fewer than a node's */
void tags_format(struct disk *d, struct dmw_host *h, const u8 *salt, struct dmw_seal *top_seal)
{
	static struct dmw_node_disk node, top;
	static struct dmw_tag_disk record;
	struct dmw_seal s;
	u32 i;

	if (!cfg.tag_base)
		return;
	memset(&node, 0, sizeof(node));
	memset(&top, 0, sizeof(top));
	for (i = 0; i < cfg.tag_base; i++) {
		tag_record(&record, i + 1, DMW_TAG_OPEN, 0);
		put_block(d, h, salt, DMW_TAG_RECORD, i, 100 + i, &record, &s);
		dmw_seal_to_disk(&node.seals[i], &s);
	}
	put_block(d, h, salt, DMW_TAG_NODE, 0, 100 + i, &node, &s);
	dmw_seal_to_disk(&top.seals[0], &s);
	put_block(d, h, salt, DMW_TAG_TOP, 0, 101 + i, &top, top_seal);
}
