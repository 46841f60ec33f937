// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was sealed, written down as it happens: each superblock, each journal record, each sector's
 * value. From this follows what an array can make of a volume by crashing it at a moment of its
 * choice, and nothing else may ever be read (G2, G3):
 *
 *   There is a superblock m and a record k behind it, such that each sector holds a value journalled
 *   up to k, and not one older than what m's journal start and k's stable mark vouch for.
 *
 * An opening is what one machine did between an open and a crash or close; it began with the values
 * that its recovery had found.
 */
#include "sim.h"

/* @soft: it was not journalled: a checkpoint may hold it, or not */
struct entry {
	u64	value;
	u64	seq;
	bool	soft;
};

struct sector {
	struct entry	*e;
	u32		n;
	u32		cap;
};

struct record {
	u64	seq;
	u64	stable;
	u16	activation;
};

struct superblock {
	u8	nonce[DMW_NONCE_SIZE];
	u64	checkpoint;
	u64	q;		/* sequence of the last record that it holds */
	u16	activation;
};

struct datum {
	u64	nonce;
	u64	value;
};

struct opening {
	bool			foreign;	/* somebody else's, of a copy of the volume */
	u64			parent;		/* the checkpoint that it then went on from */
	struct sector		sectors[MAX_TRACKED];
	struct superblock	*sbs;
	u32			sb_count;
	struct record		*records;
	u32			record_count;
	struct datum		*data;
	u32			data_count;
};

static struct opening *openings;
static u32 opening_count;

/* A block of the tag table, whoever sealed it. */
struct block {
	u64	nonce;
	u8	mac[DMW_MAC_SIZE];
	void	*clear;
};

static struct block *blocks;
static u32 block_count;

/* Arrays that grow: room for one more. */
static void *room(void *p, u32 n, size_t size)
{
	return n & (n - 1) ? p : realloc(p, (n ? 2 * (size_t)n : 1) * size);
}

#define ADD(p, n) (*((p) = room(p, n, sizeof(*(p))), &(p)[(n)++]))

static void add_entry(struct opening *o, u64 sector, u64 value, u64 seq)
{
	struct sector *s;
	u32 i;

	if (!oracle_tracks(sector, &i))
		return;
	s = &o->sectors[i];

	ADD(s->e, s->n) = (struct entry){ value, seq, false };
}

/* ---- life ---- */

/** ledger_reset() - a new volume */
void ledger_reset(void)
{
	u32 i, k;

	for (i = 0; i < opening_count; i++) {
		for (k = 0; k < MAX_TRACKED; k++)
			free(openings[i].sectors[k].e);
		free(openings[i].sbs);
		free(openings[i].records);
		free(openings[i].data);
	}
	free(openings);
	openings = NULL;
	opening_count = 0;
	while (block_count)
		free(blocks[--block_count].clear);
}

/** ledger_open() - what is sealed from now on belongs to a new opening */
void ledger_open(void)
{
	ADD(openings, opening_count) = (struct opening){ 0 };
}

/** ledger_base() - these are the values that the newest opening began with */
void ledger_base(const u64 *values)
{
	struct opening *o = &openings[opening_count - 1];
	u32 i;

	for (i = 0; i < cfg.leaf_count * DMW_FANOUT; i++)
		ADD(o->sectors[i].e, o->sectors[i].n) = (struct entry){ values[i], 0, false };
}

/** ledger_foreign() - the newest opening is of a copy that went on from checkpoint @parent */
void ledger_foreign(u64 parent)
{
	openings[opening_count - 1].foreign = true;
	openings[opening_count - 1].parent = parent;
}

/** ledger_newest() - the newest opening of the volume itself */
u32 ledger_newest(void)
{
	u32 i = opening_count - 1;

	while (openings[i].foreign)
		i--;
	return i;
}

/* ---- watching the seals ---- */

static u64 value_of(const struct opening *o, u64 nonce)
{
	u32 i;

	for (i = o->data_count; i-- > 0;)
		if (o->data[i].nonce == nonce)
			return o->data[i].value;
	fail("a record names a seal that was never made");
}

static void add_record(struct opening *o, u64 seq, u64 nonce, const u8 *clear)
{
	const struct dmw_record_disk *d = (const void *)(clear - DMW_RECORD_CLEAR);
	struct dmw_entry e;
	u32 i, k;

	ADD(o->records, o->record_count) = (struct record){
		seq, le64_to_cpu(d->stable), dmw_nonce_activation(nonce),
	};
	for (i = 0; i < le32_to_cpu(d->count); i++) {
		if (dmw_entry_decode(&e, &d->entries[i], &cfg.layout))
			fail("a record is sealed that cannot be decoded");
		if (!e.count)
			add_entry(o, e.sector, PAIR(value_of(o, e.seal.nonce), e.seal.tag), seq);
		for (k = 0; k < e.count; k++)
			add_entry(o, e.sector + k, PAIR(0, e.seal.tag), seq);
	}
}

/** ledger_assigned() - an unwritten sector has got another tag */
void ledger_assigned(u32 i, u64 pair)
{
	struct opening *o = &openings[opening_count - 1];
	struct sector *s = &o->sectors[i];

	ADD(s->e, s->n) = (struct entry){ pair, 0, true };
}

/** ledger_seal() - something is being sealed; @data is still in the clear */
void ledger_seal(const void *aad, u32 aad_len, const void *data)
{
	struct opening *o = &openings[opening_count - 1];
	const struct dmw_superblock_disk *sb = aad;
	const struct dmw_root_disk *root = data;
	const struct dmw_aad *id = aad;
	u64 value;

	if (aad_len == DMW_SUPERBLOCK_AAD) {
		ADD(o->sbs, o->sb_count) = (struct superblock){
			.checkpoint = le64_to_cpu(sb->checkpoint),
			.q = le64_to_cpu(root->journal_seq) - 1,
			.activation = le32_to_cpu(root->activation_count),
		};
		memcpy(o->sbs[o->sb_count - 1].nonce, sb->nonce, DMW_NONCE_SIZE);
	} else if (le32_to_cpu(id->domain) == DMW_DOMAIN_JOURNAL) {
		add_record(o, le64_to_cpu(id->address), le64_to_cpu(id->nonce), data);
	} else if (le32_to_cpu(id->domain) == DMW_DOMAIN_DATA && page_value(data, &value)) {
		ADD(o->data, o->data_count) = (struct datum){ le64_to_cpu(id->nonce), value };
	}
}

/** ledger_tag_block() - a block of a tag table was sealed */
void ledger_tag_block(u64 nonce, const u8 *mac, const void *clear)
{
	struct block *b;

	b = &ADD(blocks, block_count);
	b->nonce = nonce;
	memcpy(b->mac, mac, DMW_MAC_SIZE);
	b->clear = malloc(DMW_SECTOR_SIZE);
	memcpy(b->clear, clear, DMW_SECTOR_SIZE);
}

/* ---- the tag table ---- */

static const void *block_of(const struct dmw_seal *s)
{
	u32 i;

	for (i = block_count; i-- > 0;)
		if (blocks[i].nonce == s->nonce && !memcmp(blocks[i].mac, s->mac, DMW_MAC_SIZE))
			return blocks[i].clear;
	fail("T3: a seal in the tag table was never made");
}

/* One that the anchor allows: of the opening that wrote it, or a later one. */
static bool superblock_known(const u8 *nonce, u32 opening, u64 checkpoint)
{
	u32 i, k;

	for (i = opening; i < opening_count; i++) {
		if (openings[i].foreign && openings[i].parent < checkpoint)
			continue;
		for (k = 0; k < openings[i].sb_count; k++)
			if ((i > opening || openings[i].sbs[k].checkpoint >= checkpoint) &&
			    !memcmp(openings[i].sbs[k].nonce, nonce, DMW_NONCE_SIZE))
				return true;
	}
	return false;
}

static void check_tag(struct machine *m, u32 tag, const struct dmw_seal *s, const char *what)
{
	const struct dmw_tag_disk *d = block_of(s);
	u32 version;

	if (tag > m->vol.tags.count || m->vol.tags.states[tag] != s->tag >> DMW_TAG_SEAL_STATE)
		fail("%s: tag %u is lost, or in another state", what, tag);
	if (tag_read(m, tag, &version) && version != le64_to_cpu(d->changed))
		fail("%s: tag %u has record %u, not %llu", what, tag, version,
		     (unsigned long long)le64_to_cpu(d->changed));
}

/**
 * ledger_check_table() - is the tag table that of the superblock, and that one not too old?
 * @m:          machine that has just opened the volume
 * @opening:    the oldest that counts
 * @checkpoint: the oldest of that opening that counts; 0 = any
 * @what:       was done to it
 */
void ledger_check_table(struct machine *m, u32 opening, u64 checkpoint, const char *what)
{
	const struct dmw_state *s = &m->vol.state;
	const struct dmw_node_disk *top, *node;
	struct dmw_seal seal;
	u32 i, tag = 0;

	if (checkpoint && !superblock_known(s->sb.nonce, opening, checkpoint))
		fail("%s: checkpoint %llu is opened, but %llu is anchored", what,
		     (unsigned long long)s->sb.checkpoint, (unsigned long long)checkpoint);
	top = s->root.tags.nonce ? block_of(&s->root.tags) : NULL;
	for (i = 0; top && i < DMW_FANOUT && top->seals[i].nonce; i++) {
		dmw_seal_from_disk(&seal, &top->seals[i]);
		node = block_of(&seal);
		for (tag = i * DMW_FANOUT; tag < (i + 1) * DMW_FANOUT; tag++) {
			dmw_seal_from_disk(&seal, &node->seals[tag % DMW_FANOUT]);
			if (!seal.nonce)
				break;
			check_tag(m, tag + 1, &seal, what);
		}
	}
	if (tag != m->vol.tags.count)
		fail("%s: %u tags instead of %u", what, m->vol.tags.count, tag);
}

/* ---- what may be read ---- */

/* Is a sector's value among those journalled up to @k, and not older than @settled? */
static bool sector_fits(const struct sector *s, u64 value, u64 settled, u64 k)
{
	u32 i;

	for (i = s->n; i-- > 0;) {
		if (s->e[i].seq > k)
			continue;
		if (s->e[i].value == value)
			return true;
		if (s->e[i].seq <= settled && !s->e[i].soft)
			return false;
	}
	return false;
}

static bool all_fit(const struct opening *o, const u64 *values, u64 settled, u64 k)
{
	u32 i;

	for (i = 0; i < cfg.leaf_count * DMW_FANOUT; i++)
		if (values[i] != READ_ERROR && !sector_fits(&o->sectors[i], values[i], settled, k))
			return false;
	return true;
}

static bool superblock_fits(const struct opening *o, const struct superblock *sb, const u64 *values)
{
	u64 k = sb->q, settled = sb->q;
	u32 i;

	if (all_fit(o, values, settled, k))
		return true;
	for (i = 0; i < o->record_count; i++) {
		const struct record *r = &o->records[i];

		if (r->seq != k + 1 || r->activation != sb->activation)
			continue;
		k = r->seq;
		settled = max(settled, r->stable);
		if (all_fit(o, values, settled, k))
			return true;
	}
	return false;
}

/**
 * ledger_allows() - could a crash have left this?
 * @values:     of all tracked sectors; READ_ERROR stands for any
 * @opening:    the oldest that counts
 * @checkpoint: the oldest of that opening that counts; a copy that goes back behind it does not
 */
bool ledger_allows(const u64 *values, u32 opening, u64 checkpoint)
{
	u32 i, k;

	for (i = opening; i < opening_count; i++) {
		if (openings[i].foreign && openings[i].parent < checkpoint)
			continue;
		for (k = 0; k < openings[i].sb_count; k++)
			if ((i > opening || openings[i].sbs[k].checkpoint >= checkpoint) &&
			    superblock_fits(&openings[i], &openings[i].sbs[k], values))
				return true;
	}
	return false;
}

/** ledger_explain() - the newest opening, for people */
void ledger_explain(const u64 *values)
{
	const struct opening *o = &openings[opening_count - 1];
	u32 i, k;

	for (i = 0; i < o->sb_count; i++)
		fprintf(stderr, "superblock %llu: records up to %llu, activation %u\n",
			(unsigned long long)o->sbs[i].checkpoint, (unsigned long long)o->sbs[i].q,
			o->sbs[i].activation);
	for (i = 0; i < o->record_count; i++)
		fprintf(stderr, "record %llu: stable %llu, activation %u\n",
			(unsigned long long)o->records[i].seq,
			(unsigned long long)o->records[i].stable, o->records[i].activation);
	for (i = 0; i < cfg.leaf_count * DMW_FANOUT; i++) {
		const struct sector *s = &o->sectors[i];

		if (!s->n || (s->n == 1 && values[i] == s->e[0].value))
			continue;
		fprintf(stderr, "sector %u holds %lld; was (record:value)", i, (long long)values[i]);
		for (k = 0; k < s->n; k++)
			fprintf(stderr, " %llu:%llu", (unsigned long long)s->e[k].seq,
				(unsigned long long)s->e[k].value);
		fprintf(stderr, "\n");
	}
}
