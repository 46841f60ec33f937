// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The array as the enemy. It has kept every version of every block that it ever saw: of this volume,
 * of a fork of it (a snapshot that somebody else has opened), of another volume under the same keys;
 * and it answers with any of them, or with damaged ones, at rest, while the volume is being opened,
 * or while it is open. It also acknowledges flushes that it does not carry out.
 *
 * Whatever it does, what is read must be a state that a crash could have left since the anchor, or
 * an error (ledger.c); nothing is written when an opening is refused; no (key, nonce) pair repeats;
 * the opening reads no more than is on the LUN.
 */
#include "sim.h"

/* ---- what the array has kept ---- */

struct version {
	u64		block;
	struct page	*page;
};

/* @t: versions there were when it was committed */
struct anchor {
	struct dmw_anchor	a;
	u32			t;
};

static struct {
	const struct disk	*d;
	struct version		*v;
	u32			n;
	u32			cap;
	struct anchor		*anchors;	/* of the newest opening */
	u32			anchor_count;
	u32			fork;	/* when all that a copy of the volume held had been kept; 0 = none */
} past;

static struct page zero_page = { .refs = 1 };

static void keep(u64 block, struct page *p)
{
	if (past.n == past.cap) {
		past.cap = past.cap ? 2 * past.cap : 1024;
		past.v = realloc(past.v, past.cap * sizeof(*past.v));
	}
	p->refs++;
	past.v[past.n++] = (struct version){ block, p };
}

/** past_reset() - follow this disk from now on; NULL = none */
void past_reset(const struct disk *d)
{
	while (past.n)
		page_put(past.v[--past.n].page);
	past.anchor_count = 0;
	past.fork = 0;
	past.d = d;
}

/* The newest version before @t. */
static struct page *version_at(u64 block, u32 t)
{
	while (t-- > 0)
		if (past.v[t].block == block)
			return past.v[t].page;
	return &zero_page;
}

/** past_add() - a block is being written */
void past_add(const struct disk *d, u64 block, struct page *p, u8 mask)
{
	const struct page *old;
	struct page *n;
	u32 i;

	if (d != past.d)
		return;
	if (mask == 0xff) {
		keep(block, p);
		return;
	}
	n = page_new();
	old = version_at(block, past.n);
	memcpy(n->data, old->data, DMW_SECTOR_SIZE);
	for (i = 0; i < 8; i++)
		if (mask & 1 << i)
			memcpy(n->data + i * 512, p->data + i * 512, 512);
	keep(block, n);
	page_put(n);
}

/** past_any() - some version of a block */
struct page *past_any(u64 block)
{
	return version_at(block, 1 + below(past.n));
}

/* What the array has now, as the newest versions, where something else had been. */
static void keep_all(const struct image *img)
{
	u32 i, n = past.n;

	for (i = 0; i < n; i++) {
		struct page *p = image_get(img, past.v[i].block);

		if (p && p != version_at(past.v[i].block, past.n))
			keep(past.v[i].block, p);
	}
}

/** past_crashed() - after a crash the disk holds something else than what was written last */
void past_crashed(const struct disk *d)
{
	if (d == past.d)
		keep_all(&d->cache);
	past.anchor_count = 0;
}

/** past_committed() - remember the newest anchor, if it is a new one */
void past_committed(const struct machine *m)
{
	struct dmw_anchor a = dmw_superblock_anchor(&m->vol.state.sb);
	u32 n = past.anchor_count;

	if (!past.d || (n && past.anchors[n - 1].a.checkpoint == a.checkpoint))
		return;
	past.anchors = realloc(past.anchors, (n + 1) * sizeof(*past.anchors));
	past.anchors[past.anchor_count++] = (struct anchor){ a, past.n };
}

/**
 * past_forget() - an epoch's keys are destroyed: who does that has anchored this checkpoint before
 *
 * Of what was before it nothing can be opened as a whole any more.
 */
void past_forget(const struct machine *m)
{
	past.anchor_count = 0;
	past_committed(m);
}

/* ---- kinds of blocks ---- */

/* The tag table comes last: where there are no tags there are no more kinds than those before. */
enum kind {
	KIND_SB_A, KIND_SB_B, KIND_ACTIVATION, KIND_JOURNAL, KIND_NODE, KIND_LEAF, KIND_DATA, KIND_TAGS,
	KINDS
};

static u32 kinds(void)
{
	return cfg.tags_in ? KINDS : KIND_TAGS;
}

static enum kind kind_of(u64 block)
{
	const struct dmw_layout *l = &cfg.layout;
	u64 in_group;

	if (block == 0)
		return KIND_SB_A;
	if (block == l->superblock_b)
		return KIND_SB_B;
	if (block < l->tag_start)
		return KIND_ACTIVATION;
	if (block < l->journal_start)
		return KIND_TAGS;
	if (block < l->group_start)
		return KIND_JOURNAL;
	in_group = (block - l->group_start) % DMW_GROUP_BLOCKS;
	return in_group < DMW_GROUP_NODES ? KIND_NODE :
	       in_group < DMW_GROUP_HEADER ? KIND_LEAF : KIND_DATA;
}

/* ---- verdicts ---- */

enum attack {
	ATTACK_FLIP, ATTACK_BLOCK, ATTACK_GROUPS, ATTACK_ROLLBACK, ATTACK_FORK, ATTACK_EXCHANGE, ATTACK_JOURNAL,
	ATTACK_TORN, ATTACK_FICKLE, ATTACK_OPEN, ATTACKS
};

static const char *const attack_names[ATTACKS] = {
	"a bit flipped", "one block of another time, fork or volume",
	"some kinds of blocks of another time", "whole LUN of another time",
	"a copy of the LUN that went on elsewhere",
	"blocks exchanged or copied", "journal cut or rearranged", "a block half old, half new",
	"each read another version", "while open: damage, lies; then a crash",
};

enum verdict { SAME, OLDER, REFUSED, ERRORS, VERDICTS };

static u64 verdicts[ATTACKS][VERDICTS];

/** attack_summary() - what came of all attacks */
void attack_summary(void)
{
	bool any = false;
	u32 i, k;

	for (i = 0; i < ATTACKS; i++)
		for (k = 0; k < VERDICTS; k++)
			any |= verdicts[i][k];
	if (!any)
		return;
	printf("%-42s %9s %9s %9s %9s\n", "attack", "refused", "errors", "harmless", "a crash's");
	for (i = 0; i < ATTACKS; i++) {
		const u64 *v = verdicts[i];

		if (v[SAME] + v[OLDER] + v[REFUSED] + v[ERRORS])
			printf("%-42s %9llu %9llu %9llu %9llu\n", attack_names[i],
			       (unsigned long long)v[REFUSED], (unsigned long long)v[ERRORS],
			       (unsigned long long)v[SAME], (unsigned long long)v[OLDER]);
	}
}

/*
 * A volume to be attacked.
 * @values: what it holds without an attack
 */
struct victim {
	struct image		img;
	struct dmw_anchor	anchor;		/* checkpoint 0 = none */
	bool			closed;
	u64			values[MAX_VALUES];
};

static enum verdict judge(const struct victim *v, enum attack a, const u64 *values)
{
	u32 n = oracle_values(), opening = 0, i;
	bool errors = false;

	if (!memcmp(values, v->values, n * sizeof(*values)))
		return SAME;
	for (i = 0; i < n; i++)
		errors |= values[i] == READ_ERROR;
	if (v->anchor.checkpoint)
		opening = ledger_newest();
	if (!ledger_allows(values, opening, v->anchor.checkpoint)) {
		ledger_explain(values);
		fail("%s%s, anchor %llu: what is read is no state that a crash could have left",
		     attack_names[a], v->closed ? "" : " after a crash",
		     (unsigned long long)v->anchor.checkpoint);
	}
	return errors ? ERRORS : OLDER;
}

/* More than everything there is on the LUN, read twice. */
#define MAX_READS	(2 * (u32)(16 + 4 * MAX_TRACKED))

static void check_refused(const struct machine *m, const struct disk *d)
{
	if (d->count)
		fail("P4: an opening was refused, and yet something was written");
	if (m->host.read_count > MAX_READS)
		fail("P3: an opening has read %u times", m->host.read_count);
}

/* The superblock must be one that the anchor allows, and the tag table its. */
static void check_table(struct machine *m, const struct victim *v, enum attack a)
{
	if (cfg.tags_in)
		ledger_check_table(m, v->anchor.checkpoint ? ledger_newest() : 0,
				   v->anchor.checkpoint, attack_names[a]);
}

/* It has been opened in spite of the attack: it must go on as what it was taken for. */
static void go_on(struct victim *v, enum attack a, struct disk *d, const u64 *values)
{
	u64 again[MAX_VALUES];
	struct machine m;
	u32 i;

	d->fickle = 0;
	machine_init(&m, d);
	m.tolerant = true;
	m.anchor = v->anchor;
	if (machine_open(&m, false)) {
		machine_free(&m);
		return;
	}
	check_table(&m, v, a);
	machine_submit(&m, DMW_OP_CHECKPOINT, 0, 0, false);
	machine_drain(&m, true);
	read_all(&m, again);
	if (a != ATTACK_FICKLE)
		for (i = 0; i < oracle_values(); i++)
			if (again[i] != READ_ERROR && values[i] != READ_ERROR && again[i] != values[i])
				fail("%s: sector %u held %llu, and then %llu", attack_names[a], i,
				     (unsigned long long)values[i], (unsigned long long)again[i]);
	judge(v, a, again);
	machine_free(&m);
}

/* Open it and look. */
static void attack(struct victim *v, enum attack a, const struct image *img, u32 fickle)
{
	u64 values[MAX_VALUES];
	struct machine m;
	struct disk d;

	totals.attacks++;
	disk_init(&d, img);
	d.fickle = fickle;
	machine_init(&m, &d);
	m.tolerant = true;
	m.anchor = v->anchor;
	if (machine_open(&m, true)) {
		check_refused(&m, &d);
		verdicts[a][REFUSED]++;
		machine_free(&m);
	} else {
		check_table(&m, v, a);
		read_all(&m, values);
		verdicts[a][judge(v, a, values)]++;
		machine_free(&m);
		if (one_in(16))
			go_on(v, a, &d, values);
	}
	disk_free(&d);
}

static void with_block(struct victim *v, enum attack a, u64 block, struct page *p)
{
	struct image img;

	image_init(&img, &v->img);
	p->refs++;
	image_put(&img, block, p);
	attack(v, a, &img, 0);
	image_free(&img);
}

/* ---- the attacks ---- */

static const struct page *page_of(const struct victim *v, u64 block)
{
	const struct page *p = image_get(&v->img, block);

	return p ? p : &zero_page;
}

static void flip(struct victim *v, u64 block, u32 byte, u8 bits)
{
	struct page *p = page_new();

	memcpy(p->data, page_of(v, block)->data, DMW_SECTOR_SIZE);
	p->data[byte] ^= bits;
	with_block(v, ATTACK_FLIP, block, p);
	page_put(p);
}

static u64 some_block(void)
{
	return past.v[below(past.n)].block;
}

static void flips(struct victim *v, u32 n)
{
	while (n--)
		flip(v, some_block(), below(DMW_SECTOR_SIZE), 1 << below(8));
}

/* Where the state of a tag would be, if the block is a node of the tag table. */
static void tag_flips(struct victim *v, u32 n)
{
	u64 block;

	while (n--) {
		block = some_block();
		if (kind_of(block) == KIND_TAGS)
			flip(v, block, 32 * below(4) + offsetof(struct dmw_seal_disk, tag) +
			     DMW_TAG_SEAL_STATE / 8, 1 + below(3));
	}
}

static void single_blocks(struct victim *v, u32 n)
{
	u32 i, from = below(past.n);

	for (i = 0; i < past.n && i < n; i++) {
		const struct version *o = &past.v[(from + i) % past.n];

		with_block(v, ATTACK_BLOCK, o->block, o->page);
	}
}

/* All blocks of the kinds in @kinds as they were at @t. */
static void rewind_kinds(struct victim *v, enum attack a, u32 t, u32 kinds)
{
	struct image img;
	u32 i;

	image_init(&img, &v->img);
	for (i = 0; i < past.n; i++) {
		u64 block = past.v[i].block;
		struct page *p = version_at(block, t);

		if (!(kinds & 1 << kind_of(block)) || p == page_of(v, block))
			continue;
		p->refs++;
		image_put(&img, block, p);
	}
	attack(v, a, &img, 0);
	image_free(&img);
}

static void groups(struct victim *v, u32 n)
{
	while (n--)
		rewind_kinds(v, ATTACK_GROUPS, below(past.n + 1), 1 + below((1 << kinds()) - 2));
}

static void rollbacks(struct victim *v, u32 n)
{
	u32 t = past.n;

	while (n-- && t-- > 0)
		rewind_kinds(v, ATTACK_ROLLBACK, t, (1 << KINDS) - 1);
	if (past.fork)
		rewind_kinds(v, ATTACK_FORK, past.fork, (1 << KINDS) - 1);
}

static void exchanges(struct victim *v, u32 n)
{
	while (n--) {
		u64 a = some_block(), b = some_block();
		struct image img;
		struct page *p;

		if (a == b || (kind_of(a) != kind_of(b) && one_in(2)))
			continue;
		image_init(&img, &v->img);
		p = version_at(a, one_in(2) ? past.n : below(past.n + 1));
		p->refs++;
		image_put(&img, b, p);
		if (one_in(2)) {
			p = version_at(b, past.n);
			p->refs++;
			image_put(&img, a, p);
		}
		attack(v, ATTACK_EXCHANGE, &img, 0);
		image_free(&img);
	}
}

/* In pieces of 512 bytes, as records lie: from somewhere on zeros, or copies of something else. */
static void journals(struct victim *v, u32 n)
{
	u32 pieces = cfg.layout.journal_blocks * 8, from, to, i, source;
	bool cut;

	while (n--) {
		struct image img;
		u32 t = one_in(2) ? past.n : below(past.n + 1);

		from = below(pieces);
		to = one_in(2) ? pieces : from + 1 + below(min(8U, pieces - from));
		source = below(pieces);
		cut = one_in(2);
		image_init(&img, &v->img);
		for (i = from; i < to; i++) {
			u64 block = cfg.layout.journal_start + i / 8;
			u64 other = cfg.layout.journal_start + (source + i - from) % pieces / 8;
			struct page *p = image_get(&img, block), *n = page_new();

			memcpy(n->data, p ? p->data : zero_page.data, DMW_SECTOR_SIZE);
			memcpy(n->data + i % 8 * 512, cut ? zero_page.data :
			       version_at(other, t)->data + (source + i - from) % 8 * 512, 512);
			image_put(&img, block, n);
		}
		attack(v, ATTACK_JOURNAL, &img, 0);
		image_free(&img);
	}
}

static void torn(struct victim *v, u32 n)
{
	while (n--) {
		u64 block = some_block();
		const struct page *old = version_at(block, below(past.n + 1));
		u32 at = 512 * (1 + below(7));
		struct page *p = page_new();

		memcpy(p->data, page_of(v, block)->data, DMW_SECTOR_SIZE);
		memcpy(p->data + at, old->data + at, DMW_SECTOR_SIZE - at);
		with_block(v, ATTACK_TORN, block, p);
		page_put(p);
	}
}

static void fickle(struct victim *v, u32 n)
{
	while (n--)
		attack(v, ATTACK_FICKLE, &v->img, 1 + below(8));
}

static void all_attacks(struct victim *v, u32 n)
{
	flips(v, n);
	if (cfg.tags_in)
		tag_flips(v, 4 * n);
	single_blocks(v, n);
	groups(v, 2 * n);
	rollbacks(v, n);
	exchanges(v, n);
	journals(v, 2 * n);
	torn(v, n);
	fickle(v, n);
}

/* ---- victims ---- */

/* What the honest array would answer. */
static void look(struct victim *v)
{
	struct machine m;
	struct disk d;

	disk_init(&d, &v->img);
	machine_init(&m, &d);
	m.tolerant = true;
	m.anchor = v->anchor;
	if (machine_open(&m, true))
		memset(v->values, 0xff, sizeof(v->values));
	else
		read_all(&m, v->values);
	machine_free(&m);
	disk_free(&d);
}

/** campaign_attack() - attack the main machine's volume as it lies there now, and crashed or closed */
void campaign_attack(struct machine *m)
{
	bool closed = dmw_volume_idle(&m->vol) && !m->job_count;
	struct victim v = { .closed = closed };

	past_committed(m);
	if (closed || one_in(2))
		image_init(&v.img, &m->disk->cache);
	else
		crash_choose(m, &v.img);
	v.anchor = past.anchors[past.anchor_count - 1].a;
	look(&v);
	all_attacks(&v, 60);
	if (!closed) {
		v.anchor = past.anchors[below(past.anchor_count)].a;
		look(&v);
		all_attacks(&v, 30);
	}
	memset(&v.anchor, 0, sizeof(v.anchor));
	look(&v);
	all_attacks(&v, 20);
	image_free(&v.img);
}

/** campaign_replays() - each block, and each choice of kinds of blocks, of each time there was */
void campaign_replays(struct machine *m)
{
	struct victim v = { .closed = !m->job_count };
	u32 t, some;

	if (v.closed)
		image_init(&v.img, &m->disk->cache);
	else
		crash_choose(m, &v.img);
	v.anchor = dmw_superblock_anchor(&m->vol.state.sb);
	look(&v);
	single_blocks(&v, past.n);
	rollbacks(&v, past.n);
	for (t = 0; t < past.n; t++)
		for (some = 1; some < (1U << kinds()) - 1; some++)
			rewind_kinds(&v, ATTACK_GROUPS, t, some);
	image_free(&v.img);
}

static bool is_at(const struct dmw_seal *s, enum dmw_tag_level level, u32 index, u64 block)
{
	return s->nonce && block == dmw_layout_tag(&cfg.layout, level, index,
						   s->tag & DMW_TAG_SEAL_SLOT);
}

/* Does the tag table have this block in use? Then each bit counts. */
static bool is_in_table(const struct machine *m, u64 block)
{
	const struct dmw_tags *t = &m->vol.tags;
	struct dmw_seal s;
	u32 i;

	if (is_at(&m->vol.state.root.tags, DMW_TAG_TOP, 0, block))
		return true;
	for (i = 0; i < dmw_layout_tag_nodes(&cfg.layout); i++) {
		dmw_seal_from_disk(&s, &t->top->seals[i]);
		if (is_at(&s, DMW_TAG_NODE, i, block))
			return true;
	}
	for (i = 0; i < t->count; i++) {
		dmw_tag_seal(t, i + 1, &s);
		if (is_at(&s, DMW_TAG_RECORD, i, block))
			return true;
	}
	return false;
}

/** campaign_flips() - each bit of each block in which there is something */
void campaign_flips(struct machine *m)
{
	struct victim v = { .closed = true };
	u64 harmless;
	u32 i, k, byte, bit;

	image_init(&v.img, &m->disk->cache);
	v.anchor = dmw_superblock_anchor(&m->vol.state.sb);
	look(&v);
	for (i = 0; i < past.n; i++) {
		for (k = 0; k < i && past.v[k].block != past.v[i].block; k++)
			;
		if (k < i || kind_of(past.v[i].block) == KIND_DATA)
			continue;
		harmless = verdicts[ATTACK_FLIP][SAME];
		for (byte = 0; byte < DMW_SECTOR_SIZE; byte++)
			for (bit = 0; bit < 8; bit++)
				flip(&v, past.v[i].block, byte, 1 << bit);
		if (is_in_table(m, past.v[i].block) && verdicts[ATTACK_FLIP][SAME] > harmless)
			fail("a bit flipped in the tag table is not noticed: block %llu",
			     (unsigned long long)past.v[i].block);
	}
	image_free(&v.img);
}

/** past_image() - the LUN as it was after @t versions */
void past_image(struct image *img, u32 t)
{
	u32 i;

	image_init(img, NULL);
	for (i = 0; i < past.n; i++) {
		struct page *p = version_at(past.v[i].block, t);

		p->refs++;
		image_put(img, past.v[i].block, p);
	}
}

/** past_time() - some time since the newest opening */
u32 past_time(void)
{
	u32 first = past.anchors[0].t;

	return first + below(past.n - first + 1);
}

/**
 * past_rollback() - the array goes back to where it was some time since an anchor
 * @img:    receives what it shows from now on
 * @anchor: receives the anchor that this does not violate
 */
void past_rollback(struct image *img, struct dmw_anchor *anchor)
{
	const struct anchor *a = &past.anchors[below(past.anchor_count)];
	u32 t = a->t + below(past.n - a->t + 1);

	*anchor = a->a;
	past_image(img, t);
}

/** past_fork() - versions of another history: of @d, then those of the disk that is followed */
void past_fork(const struct disk *d)
{
	u32 i;

	for (i = 0; i < d->cache.cap; i++)
		if (d->cache.slots[i].key)
			keep(d->cache.slots[i].key - 1, d->cache.slots[i].page);
	past.fork = past.n;
	keep_all(&past.d->cache);
}

/** judge_attacked() - the main machine was attacked while it was open, and has died */
void judge_attacked(const struct machine *m)
{
	struct victim v = { .anchor = past.anchors[past.anchor_count - 1].a };

	image_init(&v.img, &m->disk->cache);
	look(&v);
	memset(v.values, 0x5a, sizeof(v.values));	/* none of them is expected */
	attack(&v, ATTACK_OPEN, &v.img, 0);
	image_free(&v.img);
}

/** past_tamper() - while the volume is open: some blocks become something else */
void past_tamper(struct disk *d)
{
	u32 n = 1 + below(4);

	if (!past.n)
		return;
	while (n--) {
		u64 block = some_block();
		struct page *p = past_any(block), *bad;

		if (one_in(3)) {
			bad = page_new();
			memcpy(bad->data, p->data, DMW_SECTOR_SIZE);
			bad->data[below(DMW_SECTOR_SIZE)] ^= 1 << below(8);
			image_put(&d->cache, block, bad);
		} else {
			p->refs++;
			image_put(&d->cache, block, p);
		}
	}
}
