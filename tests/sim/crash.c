// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Crash images: which there are, and whether the core makes of each what it must.
 */
#include "sim.h"

#define MAX_UNITS	4096
#define TEAR_TRIES	3

/* Images seen already, with what was allowed of them. */
static struct set seen;

void crash_reset(void)
{
	set_reset(&seen);
}

/* ---- one image ---- */

static void read_tags(struct machine *m, u64 *values)
{
	u64 first, end;
	u32 i;

	for (i = 0; i < cfg.leaf_count; i++) {
		first = cfg.leaves[i] << DMW_FANOUT_SHIFT;
		end = min(first + DMW_FANOUT, cfg.layout.data_sectors);
		machine_submit_seals(m, first, end - first, end);
		machine_drain(m, true);
	}
	values[oracle_values() - 1] = tags_read(m);
}

/* At once, or sector by sector when some cannot be read. */
static void read_leaf(struct machine *m, u32 leaf)
{
	u64 first = cfg.leaves[leaf] << DMW_FANOUT_SHIFT;
	u32 i;

	machine_submit(m, DMW_OP_READ, first, leaf_window(leaf), false);
	machine_drain(m, true);
	if (m->last_error != -ENODATA && m->last_error != -ENOKEY)
		return;
	for (i = 0; i < leaf_window(leaf); i++) {
		machine_submit(m, DMW_OP_READ, first + i, 1, false);
		machine_drain(m, true);
	}
}

/**
 * read_all() - what all tracked sectors hold (zeros being 0), their tags, and the tag table
 * @m:      machine; restricted tags do not keep it from looking
 * @values: receives pairs, then the table's hash
 */
void read_all(struct machine *m, u64 *values)
{
	u32 closed = m->vol.tags.closed, i;
	u64 *before = m->values;

	memset(values, 0, MAX_VALUES * sizeof(*values));
	m->values = values;
	m->vol.tags.closed = 0;
	for (i = 0; i < cfg.leaf_count; i++)
		read_leaf(m, i);
	m->vol.tags.closed = closed;
	if (cfg.tags_in)
		read_tags(m, values);
	m->values = before;
}

static void check_stats(struct machine *m)
{
	if (m->vol.stats.lost)
		fail("recovery declares %llu sectors lost",
		     (unsigned long long)m->vol.stats.lost);
	if (m->vol.failed)
		fail("a recovered volume has failed: %d", m->vol.failed);
}

/* Nothing may be written, and it must come to the same. */
static void check_read_only(const struct image *img, const struct allowed *a, u64 *values,
			    const struct dmw_host *like)
{
	struct machine m;
	struct disk d;
	enum dmw_load_error err;

	disk_init(&d, img);
	machine_init(&m, &d);
	m.host.destroyed = like->destroyed;
	m.host.no_marks = like->no_marks;
	err = machine_open(&m, true);
	if (err)
		fail("cannot be opened read-only after a crash: %s", dmw_load_error_text(err));
	epochs_check(&m);
	read_all(&m, values);
	check_stats(&m);
	oracle_check(a, values, "read-only after a crash");
	machine_free(&m);
	disk_free(&d);
}

static bool is_closed(const struct machine *m, u64 pair)
{
	return dmw_tag_state(&m->vol.tags, TAG(pair)) != DMW_TAG_OPEN;
}

/* Sector 0 may have a tag that is stricter still. */
static void assign_to_closed(struct machine *m, u32 tag)
{
	m->tolerant = true;
	machine_submit_assign(m, 0, 1, 1, tag);
	machine_drain(m, true);
	m->tolerant = false;
	if (m->last_error != -EBADE && m->last_error != -ENODATA)
		fail("T4: an assignment to a closed tag ended with %d", m->last_error);
}

/* Of the sectors whose tag is closed one is tried: a crash does not open it. */
static void check_closed(struct machine *m, const u64 *values)
{
	u32 n = oracle_values() - 1, i = below(n), k;
	u64 before = next_value, sector;
	u32 state;

	for (k = 0; k < n && !is_closed(m, values[i]); k++)
		i = (i + 1) % n;
	if (k == n)
		return;
	sector = (cfg.leaves[i / DMW_FANOUT] << DMW_FANOUT_SHIFT) + i % DMW_FANOUT;
	state = dmw_tag_state(&m->vol.tags, TAG(values[i]));
	m->expected = state == DMW_TAG_SHREDDED ? -ENODATA : -EBADE;
	machine_submit(m, DMW_OP_WRITE, sector, 1, false);
	machine_submit(m, DMW_OP_ERASE, sector, 1, false);
	machine_submit_assign(m, sector, 1, sector + 1, 0);
	machine_drain(m, true);
	assign_to_closed(m, TAG(values[i]));
	if (state >= DMW_TAG_RESTRICTED) {
		m->expected = state == DMW_TAG_SHREDDED ? -ENODATA : -EREMOTEIO;
		machine_submit(m, DMW_OP_READ, sector, 1, false);
		machine_drain(m, true);
	}
	m->expected = 0;
	next_value = before;
}

/* Open, checkpoint, crash now and then meanwhile; look at all sectors. */
static void commit(struct machine *m, const struct allowed *a, unsigned int depth, u64 *values)
{
	bool in_order = !one_in(3);
	enum dmw_load_error err = machine_open(m, false);

	if (err)
		fail("cannot be opened after a crash: %s", dmw_load_error_text(err));
	check_stats(m);
	epochs_check(m);
	machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
	while (m->job_count) {
		if (depth < 2 && one_in(cfg.again_in))
			crash_check(m, a, depth + 1);
		machine_step(m, in_order);
	}
	machine_drain(m, true);
	if (!dmw_volume_idle(&m->vol))
		fail("not idle after the first checkpoint");
	read_all(m, values);
	check_stats(m);
	oracle_check(a, values, depth > 1 ? "after a crash during recovery" : "after a crash");
	if (m->vol.tags.closed)
		check_closed(m, values);
}

/** recover_and_check() - open an image for good, crashing now and then meanwhile */
void recover_and_check(struct machine *m, const struct allowed *a, u64 *values)
{
	commit(m, a, 1, values);
}

/*
 * The same image, opened by somebody who has the tag's keys. What he finds outside of the tag the others find,
 * too: that it was on its way there is no reason to give it up.
 */
static void check_kept(const struct image *img, const struct allowed *a, const u64 *values, u32 destroyed)
{
	struct dmw_host has_all = { 0 };
	u64 known[MAX_VALUES], before = rnd_save();
	u32 i;

	check_read_only(img, a, known, &has_all);
	for (i = 0; i + 1 < oracle_values(); i++)
		if (VALUE(known[i]) && TAG(known[i]) != destroyed && values[i] != known[i])
			fail("T9: tag %u has no keys, and sector %u, %llu, tag %u, is gone as well", destroyed,
			     i, (unsigned long long)VALUE(known[i]), TAG(known[i]));
	rnd_restore(before);
}

/* Since the crash somebody may have destroyed a tag's keys; but not while a recovery is under way. */
static void choose_keys(struct machine *m, const struct machine *before, unsigned int depth, u64 key)
{
	if (depth > 1) {
		m->host.destroyed = before->host.destroyed;
		m->host.no_marks = before->host.no_marks;
		return;
	}
	if (keys_chance(key, 4))
		m->host.destroyed = tags_some(key);
	m->host.no_marks = keys_chance(key + 1, 2);
}

/* Is all well after a crash that left this image? */
static void crash_image_check(const struct machine *before_crash, const struct image *img,
			      const struct allowed *a, unsigned int depth)
{
	u64 values[MAX_VALUES], again[MAX_VALUES];
	struct allowed exactly = { 0 };
	u64 key = mix(img->hash) ^ a->hash ^ keys_hash() ^ epochs_hash() ^ before_crash->host.destroyed;
	u64 before = rnd_save();
	struct machine m;
	struct disk d;
	bool twice;

	totals.states++;
	if (!set_add(&seen, key)) {
		totals.skipped++;
		return;
	}
	/* Chance in here must not depend on which images were seen before. */
	rnd_seed(key);
	totals.images++;
	totals.depth2 += depth > 1;
	disk_init(&d, img);
	machine_init(&m, &d);
	choose_keys(&m, before_crash, depth, key);
	twice = one_in(8);
	if (twice) {
		check_read_only(img, a, again, &m.host);
		oracle_exactly(again, &exactly);
		a = &exactly;
	}
	commit(&m, a, depth, values);
	if (m.host.destroyed && depth == 1 && !twice)
		check_kept(img, a, values, m.host.destroyed);
	free(exactly.values);
	machine_free(&m);
	disk_free(&d);
	rnd_restore(before);
}

/* ---- all images ---- */

struct chooser {
	const struct machine	*m;
	const struct disk	*d;
	const struct allowed	*a;
	unsigned int		depth;
	u8			keep[MAX_UNITS];
};

static void check(struct chooser *c, u64 bad)
{
	struct image img;

	disk_crash(c->d, c->keep, bad, &img);
	crash_image_check(c->m, &img, c->a, c->depth);
	image_free(&img);
}

static void choose_mask(struct chooser *c, u64 mask)
{
	u32 i;

	for (i = 0; i < c->d->count; i++)
		c->keep[i] = mask >> i & 1 ? 0xff : 0;
}

static void choose_random(struct chooser *c)
{
	u32 i;
	u32 bias = 1 + below(3);

	for (i = 0; i < c->d->count; i++)
		c->keep[i] = below(4) < bias ? 0xff : 0;
}

/* Some pieces of a write, as a LUN might have got to: the first few, or any. */
static u8 torn(void)
{
	return one_in(2) ? (u8)((1U << (1 + below(7))) - 1) : (u8)rnd();
}

/*
 * Which blocks must be spared, though a crash may have left them half-written, for a read error there is
 * more than a crash: Documentation/CAVEATS.rst. Without copy A nobody knows these odd layouts' copy B.
 */
static bool may_be_bad(u64 block)
{
	const struct dmw_layout *l = &cfg.layout;

	if (block < l->group_start)
		return block && block < l->journal_start;
	return (block - l->group_start) % DMW_GROUP_BLOCKS < DMW_GROUP_HEADER;
}

static u64 choose_bad(const struct chooser *c, u32 i)
{
	return cfg.tear_errors && i < 64 && may_be_bad(c->d->units[i].block) && one_in(2) ?
	       1ULL << i : 0;
}

static void tear(struct chooser *c)
{
	u32 i, n, k;

	for (i = 0; i < c->d->count; i++) {
		if (!c->d->units[i].tears)
			continue;
		for (n = 0; n < TEAR_TRIES; n++) {
			choose_random(c);
			c->keep[i] = torn();
			for (k = 0; k < c->d->count; k++)
				if (c->d->units[k].tears && one_in(4))
					c->keep[k] = torn();
			check(c, choose_bad(c, i));
		}
	}
}

static void sample(struct chooser *c, u32 budget)
{
	u32 n = c->d->count, i;

	memset(c->keep, 0, n);
	check(c, 0);
	memset(c->keep, 0xff, n);
	check(c, 0);
	for (i = 0; i < n && i < budget; i++) {
		memset(c->keep, 0, n);
		c->keep[i] = 0xff;
		check(c, 0);
		memset(c->keep, 0xff, n);
		c->keep[i] = 0;
		check(c, 0);
	}
	for (i = 0; i < budget; i++) {
		choose_random(c);
		check(c, 0);
	}
}

/**
 * crash_check() - what if the machine crashed now?
 * @m:     machine; it does not change
 * @a:     what its sectors may hold afterwards
 * @depth: 1, or 2 when it is a recovery that crashes
 */
void crash_check(struct machine *m, const struct allowed *a, unsigned int depth)
{
	struct chooser c = { .m = m, .d = m->disk, .a = a, .depth = depth };
	u32 budget = depth > 1 ? cfg.budget / 8 + 2 : cfg.budget;
	u64 mask;

	if (m->disk->count > MAX_UNITS)
		fail("more than %u writes under way", MAX_UNITS);
	totals.points++;
	if (m->disk->count < 20 && 1U << m->disk->count <= budget)
		for (mask = 0; mask < 1ULL << m->disk->count; mask++) {
			choose_mask(&c, mask);
			check(&c, 0);
		}
	else
		sample(&c, budget / 4 + 1);
	tear(&c);
}

/** crash_here() - what if the main machine crashed now? */
void crash_here(struct machine *m)
{
	struct allowed a = { 0 };

	oracle_allowed(m, &a);
	crash_check(m, &a, 1);
	free(a.values);
}

/** crash_choose() - one image at random */
void crash_choose(const struct machine *m, struct image *img)
{
	struct chooser c = { .d = m->disk };
	u32 i;

	choose_random(&c);
	for (i = 0; i < c.d->count; i++)
		if (c.d->units[i].tears && one_in(4))
			c.keep[i] = torn();
	disk_crash(c.d, c.keep, 0, img);
}
