// SPDX-License-Identifier: GPL-2.0-or-later
/* Workloads: what a seed does to a volume. */
#include "sim.h"

const char *const mode_names[MODES] = {
	"random", "exhaustive", "wide", "faults", "oom", "reads", "scenes",
	"attack", "flips", "replays", "nth", "explore",
};

struct config cfg = { .want_mode = -1, .want_geometry = -1 };
struct totals totals;

/* More activations than that, and the table may be full. */
#define LAST_ACTIVATION	100

/* ---- what the seed chooses ---- */

static u32 pick(const u32 *list, u32 n)
{
	return list[below(n)];
}

#define PICK(...) pick((const u32[]){ __VA_ARGS__ }, \
		       sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

static void choose_size(void)
{
	switch (cfg.mode) {
	case MODE_EXHAUSTIVE:
		cfg.steps = PICK(30, 60, 100);
		cfg.ops = 1 + below(4);
		cfg.budget = 1024;
		cfg.crash_in = 1;
		cfg.again_in = PICK(0, 30, 100, 300);
		cfg.most = 20000;
		cfg.live_in = PICK(20, 60);
		cfg.window = 1 + below(3);
		cfg.extent = 1 + below(2);
		break;
	case MODE_FAULTS:
	case MODE_OOM:
	case MODE_READS:
		cfg.steps = 600;
		cfg.budget = 16;
		cfg.crash_in = 100;
		cfg.again_in = 0;
		cfg.most = 5000;
		cfg.live_in = 200;
		break;
	case MODE_SCENES:
		cfg.steps = 400;
		cfg.budget = 4;
		cfg.crash_in = 100;
		cfg.again_in = 0;
		cfg.live_in = 100;
		cfg.most = 1000;
		cfg.window = DMW_FANOUT;
		break;
	case MODE_WIDE:
		cfg.steps = 2000;
		cfg.ops = 4 + below(9);
		cfg.budget = PICK(1, 1, 16);
		cfg.crash_in = PICK(5, 20);
		cfg.again_in = 0;
		cfg.live_in = 500;
		cfg.most = 1500;
		cfg.window = DMW_FANOUT;
		cfg.extent = PICK(60, DMW_FANOUT);
		break;
	case MODE_ATTACK:
		cfg.steps = PICK(60, 150, 300);
		cfg.ops = 1 + below(5);
		cfg.budget = 16;
		cfg.crash_in = 40;
		cfg.again_in = 0;
		cfg.live_in = PICK(40, 100);
		cfg.most = 2000;
		cfg.window = 1 + below(4);
		cfg.extent = 1 + below(3);
		break;
	case MODE_FLIPS:
	case MODE_REPLAYS:
		cfg.steps = 60;
		cfg.budget = 1;
		cfg.crash_in = 0;
		cfg.live_in = 40;
		cfg.window = 2;
		cfg.extent = 2;
		break;
	case MODE_NTH:
		cfg.steps = PICK(30, 60, 100);
		cfg.ops = 1 + below(6);
		cfg.budget = 4;
		cfg.crash_in = 30;
		cfg.again_in = 0;
		cfg.live_in = 200;
		cfg.most = 100;
		break;
	case MODE_EXPLORE:
		cfg.budget = 1024;
		cfg.again_in = 1000;
		cfg.window = 2;
		break;
	default:
		cfg.steps = PICK(300, 1000, 3000);
		cfg.budget = PICK(16, 64, 256);
		cfg.crash_in = PICK(10, 30, 100);
		cfg.again_in = PICK(0, 100, 300);
		cfg.most = 5000;
		cfg.live_in = PICK(100, 300, 1000);
		break;
	}
}

/** leaf_window() - sectors in use of the i-th leaf: the volume's last one has fewer */
u32 leaf_window(u32 i)
{
	u64 first = cfg.leaves[i] << DMW_FANOUT_SHIFT;

	return min_t(u64, cfg.window, cfg.layout.data_sectors - first);
}

/** watched() - is every block kept that there ever was, and what was sealed? */
bool watched(void)
{
	return cfg.mode == MODE_ATTACK || cfg.mode == MODE_FLIPS || cfg.mode == MODE_REPLAYS;
}

/*
 * Half of the seeds have to do with tags. Chance is not asked, so that the others lead to what they led to
 * before there were tags.
 */
static void choose_tags(u64 seed)
{
	u64 h = mix(seed ^ 0x7461677300ULL);

	cfg.tags_in = 0;
	cfg.tag_base = 0;
	if ((h & 1 && cfg.mode != MODE_FLIPS) || cfg.mode == MODE_EXPLORE)
		return;
	cfg.tags_in = 2 + (h >> 8) % 6;
	/* the next one but one needs another node */
	if (!watched() && (h >> 16) % 3 == 0)
		cfg.tag_base = DMW_FANOUT - 2;
}

/* Those of high seeds rotate their keys. They have no more tags than can be sealed anew in their time. */
static void choose_epochs(u64 seed)
{
	cfg.epochs_in = 0;
	if (seed < EPOCH_SEEDS)
		return;
	cfg.epochs_in = PICK(2, 3, 6);
	cfg.tag_base = 0;
}

static void choose_config(u64 seed)
{
	static const u32 weights[][5] = {
		/* read, write, erase, flush, checkpoint */
		{ 30, 40, 10, 10, 3 },
		{ 10, 60, 20, 5, 1 },
		{ 5, 60, 0, 20, 0 },
		{ 20, 30, 30, 10, 10 },
		{ 60, 30, 5, 5, 0 },
	};

	rnd_seed(seed);
	cfg.seed = seed;
	cfg.mode = cfg.want_mode >= 0 ? (enum mode)cfg.want_mode :
		   (enum mode)PICK(MODE_RANDOM, MODE_RANDOM, MODE_WIDE, MODE_EXHAUSTIVE,
				   MODE_EXHAUSTIVE, MODE_FAULTS, MODE_OOM, MODE_SCENES);
	cfg.geometry = cfg.want_geometry >= 0 ? (enum geometry)cfg.want_geometry :
		       (enum geometry)below(cfg.mode == MODE_EXPLORE ? GEOMETRY_MEDIUM : GEOMETRIES);
	geometry_choose(cfg.geometry);
	cfg.ops = 1 + below(12);
	cfg.window = PICK(2, 4, 4, 8, 8, 16, 44);
	cfg.extent = PICK(1, 2, 4, 8, 44);
	choose_size();
	cfg.extent = min(cfg.extent, cfg.window);
	cfg.node_limit = PICK(0, 0, 12, 16, 40, 200);
	cfg.counter_limit = PICK(0, 0, 30, 50, 100, 500);
	cfg.alloc_fails = PICK(0, 0, 20, 3, 1);
	cfg.discard = one_in(2);
	if (cfg.mode == MODE_EXPLORE) {
		cfg.node_limit = 0;
		cfg.counter_limit = 0;
		cfg.alloc_fails = 0;
	}
	memcpy(cfg.weights, weights[cfg.mode == MODE_WIDE ? 2 : below(ARRAY_SIZE(weights))],
	       sizeof(cfg.weights));
	choose_tags(seed);
	choose_epochs(seed);
}

/* ---- ops ---- */

static enum dmw_op_kind choose_kind(void)
{
	u32 sum = 0, i, n;

	for (i = 0; i < ARRAY_SIZE(cfg.weights); i++)
		sum += cfg.weights[i];
	n = below(sum);
	for (i = 0; n >= cfg.weights[i]; i++)
		n -= cfg.weights[i];
	return (enum dmw_op_kind)i;
}

static void submit(struct machine *m)
{
	u32 leaf, window, first, n;
	enum dmw_op_kind kind;

	if (one_in(cfg.tags_in)) {
		tags_submit(m);
		return;
	}
	if (one_in(cfg.epochs_in)) {
		epochs_submit(m);
		return;
	}
	kind = choose_kind();
	leaf = below(cfg.leaf_count);
	window = leaf_window(leaf);
	first = below(window);
	if (kind == DMW_OP_FLUSH || kind == DMW_OP_CHECKPOINT) {
		machine_submit(m, kind, 0, 0, false);
		return;
	}
	n = 1 + below(min(cfg.extent, window - first));
	machine_submit(m, kind, (cfg.leaves[leaf] << DMW_FANOUT_SHIFT) + first, n, one_in(6));
}

/* ---- opening, crashing, closing ---- */

static void new_disk(struct disk *d, const struct image *img)
{
	struct disk n;

	memset(&n, 0, sizeof(n));
	image_flatten(&n.durable, img);
	image_flatten(&n.cache, img);
	disk_free(d);
	/* slots may lie within the struct itself: copy piece by piece */
	disk_init(d, NULL);
	image_flatten(&d->durable, &n.durable);
	image_flatten(&d->cache, &n.cache);
	image_free(&n.durable);
	image_free(&n.cache);
}

static void reopen(struct machine *m, const struct allowed *a)
{
	u64 values[MAX_VALUES];

	m->main = false;
	m->ledger = watched();
	if (m->ledger)
		ledger_open();
	if (keys_chance(next_value, 6))
		key_destroy(tags_some(mix(next_value)));
	recover_and_check(m, a, values);
	oracle_adopt(m, values);
	if (m->ledger)
		ledger_base(values);
	m->main = true;
	m->alloc_fails = cfg.alloc_fails;
}

/* The cache is gone, and with it whatever the array only said that it had flushed. */
static void lose_cache(struct disk *d)
{
	struct image img;

	image_flatten(&img, &d->durable);
	new_disk(d, &img);
	image_free(&img);
}

static void crash(struct machine *m)
{
	struct allowed a = { 0 };
	struct image img;

	trace("crash");
	totals.crashes++;
	oracle_allowed(m, &a);
	crash_choose(m, &img);
	machine_free(m);
	new_disk(m->disk, &img);
	past_crashed(m->disk);
	image_free(&img);
	reopen(m, &a);
	free(a.values);
}

/*
 * The machine has died, and the array shows a time before, yet after an anchor: to those who know no
 * newer anchor this is a crash. Whatever it has hidden must never come back.
 */
static void hide(struct machine *m)
{
	u32 opening = ledger_newest();
	u64 values[MAX_VALUES];
	struct dmw_anchor anchor;
	struct image img;

	trace("hide");
	past_committed(m);
	past_rollback(&img, &anchor);
	machine_free(m);
	new_disk(m->disk, &img);
	image_free(&img);
	past_crashed(m->disk);
	m->anchor = anchor;
	m->ledger = true;
	m->attacked = true;
	ledger_open();
	if (machine_open(m, false))
		fail("cannot be opened after a rollback that is no worse than a crash");
	if (cfg.tags_in)
		ledger_check_table(m, opening, anchor.checkpoint, "a rollback");
	machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
	machine_drain(m, false);
	read_all(m, values);
	if (!ledger_allows(values, opening, anchor.checkpoint)) {
		ledger_explain(values);
		fail("a rollback to after an anchor gives what no crash could have left");
	}
	ledger_base(values);
	oracle_adopt(m, values);
	m->attacked = false;
	m->main = true;
}

/* Somebody opens a snapshot of the LUN, new or old, or another volume that has the same keys. */
static void fork_history(bool other_volume)
{
	u64 values[MAX_VALUES];
	struct machine m;
	struct image img;
	struct disk d;
	u32 i;

	sim_uuid[0] ^= other_volume;
	past_image(&img, past_time());
	disk_init(&d, other_volume ? NULL : &img);
	if (other_volume)
		format(&d);
	machine_init(&m, &d);
	m.tolerant = true;
	m.ledger = !other_volume;
	if (m.ledger)
		ledger_open();
	if (machine_open(&m, false))
		fail("a fork cannot be opened");
	if (m.ledger)
		ledger_foreign(m.vol.state.sb.checkpoint);
	machine_submit(&m, DMW_OP_CHECKPOINT, 0, 0, false);
	machine_drain(&m, true);
	read_all(&m, values);
	if (m.ledger)
		ledger_base(values);
	for (i = 0; i < 30; i++) {
		submit(&m);
		machine_drain(&m, true);
	}
	machine_submit(&m, DMW_OP_CHECKPOINT, 0, 0, false);
	machine_drain(&m, true);
	machine_free(&m);
	new_disk(&d, &d.cache);
	past_fork(&d);
	disk_free(&d);
	image_free(&img);
	sim_uuid[0] ^= other_volume;
}

/* A close and an open: nothing may change, not even what was never flushed. */
static void close_and_open(struct machine *m)
{
	struct allowed a = { 0 };
	u64 values[MAX_VALUES];

	trace("close");
	totals.closes++;
	machine_drain(m, false);
	machine_submit(m, DMW_OP_CHECKPOINT, 0, 0, false);
	machine_drain(m, false);
	if (!m->vol.failed && !dmw_volume_idle(&m->vol))
		fail("not idle after a checkpoint");
	if (!m->vol.failed && dmw_volume_unchanged(&m->vol))
		fail("the LUN is not at the committed checkpoint");
	if (m->vol.failed || m->faults.read_hits) {
		crash(m);
		return;
	}
	oracle_current(values);
	oracle_exactly(values, &a);
	if (cfg.mode == MODE_ATTACK && one_in(3))
		fork_history(one_in(2) && !epoch_destroyed(1));
	if (cfg.mode == MODE_ATTACK && one_in(3))
		campaign_attack(m);
	machine_free(m);
	past_crashed(m->disk);
	reopen(m, &a);
	free(a.values);
}

/* ---- memory runs out, crypto or the LUN fails, while opening ---- */

static enum dmw_load_error open_failing(struct image *img, u32 alloc_at, u32 crypt_at, bool *failed)
{
	enum dmw_load_error err;
	struct machine m;
	struct disk d;

	disk_init(&d, img);
	machine_init(&m, &d);
	m.host.alloc_fails_at = alloc_at;
	m.host.crypt_fails_at = crypt_at;
	err = machine_open(&m, false);
	*failed = alloc_at ? m.host.alloc_count >= alloc_at : m.host.crypt_count >= crypt_at;
	machine_free(&m);
	disk_free(&d);
	return err;
}

static void check_open_failures(struct machine *m)
{
	enum dmw_load_error err;
	struct image img;
	bool failed = true;
	u32 n;

	crash_choose(m, &img);
	for (n = 1; failed; n++) {
		err = open_failing(&img, n, 0, &failed);
		if (err != (failed ? DMW_LOAD_MEMORY : DMW_LOAD_OK))
			fail("allocation %u fails: %s", n, dmw_load_error_text(err));
	}
	failed = true;
	for (n = 1; failed; n++) {
		err = open_failing(&img, 0, n, &failed);
		if (failed ? err != DMW_LOAD_CRYPTO && err != DMW_LOAD_MEMORY : err != DMW_LOAD_OK)
			fail("decryption %u fails: %s", n, dmw_load_error_text(err));
	}
	image_free(&img);
}

/* A read error while opening: refused, or no stale data. */
static void check_read_failure(struct machine *m, u32 n)
{
	u64 values[MAX_VALUES];
	struct allowed a = { 0 };
	struct machine m2;
	struct image img;
	struct disk d;
	u32 i;

	oracle_allowed(m, &a);
	crash_choose(m, &img);
	disk_init(&d, &img);
	machine_init(&m2, &d);
	m2.host.read_fails_at = n;
	if (!machine_open(&m2, false)) {
		m2.tolerant = true;
		read_all(&m2, values);
		for (i = 0; i < cfg.leaf_count * DMW_FANOUT; i++)
			if (values[i] != READ_ERROR && !oracle_is_allowed(&a, i, values[i])) {
				oracle_explain(i);
				fail("stale data after read %u of an opening has failed: sector %u holds %llu",
				     n, i, (unsigned long long)values[i]);
			}
	}
	machine_free(&m2);
	disk_free(&d);
	image_free(&img);
	free(a.values);
}

/* ---- a run ---- */

static void plan_fault(struct machine *m)
{
	u32 *which[] = { &m->faults.write_in, &m->faults.flush_in, &m->faults.read_in };

	*which[below(3)] = 1 + below(20);
	if (keys_chance(next_value, 3))
		machine_forget(m);
}

static void special(struct machine *m)
{
	if (cfg.mode == MODE_FAULTS && one_in(60))
		plan_fault(m);
	if (cfg.mode == MODE_OOM && one_in(100))
		check_open_failures(m);
	if (cfg.mode == MODE_READS && one_in(10))
		check_read_failure(m, 1 + below(12));
	if (cfg.mode == MODE_SCENES && one_in(60)) {
		machine_drain(m, false);
		scenes(m);
	}
	if (watched())
		past_committed(m);
	if (cfg.mode == MODE_ATTACK && one_in(100))
		campaign_attack(m);
	if (one_in(40))
		machine_shrink(m, 1 + below(4));
}

static void step(struct machine *m)
{
	totals.steps++;
	if (!m->job_count && m->op_count)
		machine_drain(m, true);		/* says what is wrong */
	if (m->op_count < cfg.ops && (!m->job_count || one_in(4)))
		submit(m);
	else if (m->job_count)
		machine_step(m, false);
	special(m);
	if (one_in(cfg.crash_in) && totals.states < cfg.states_before + cfg.most)
		crash_here(m);
	if ((cfg.mode == MODE_ATTACK || cfg.mode == MODE_REPLAYS) && one_in(2 * cfg.live_in))
		hide(m);
	else if (one_in(cfg.live_in) || (m->vol.failed && one_in(30)))
		crash(m);
	else if (one_in(2 * cfg.live_in))
		close_and_open(m);
}

static void first_open(struct machine *m)
{
	struct allowed a = { 0 };
	u64 values[MAX_VALUES];

	oracle_current(values);
	oracle_exactly(values, &a);
	reopen(m, &a);
	free(a.values);
}

/* The array attacks a volume that is open, and then the machine dies. */
static void last_stand(struct machine *m)
{
	u32 i;

	trace("attacked while open");
	past_committed(m);
	m->attacked = true;
	if (one_in(2))
		m->disk->lies = 1 + below(4);
	for (i = 0; i < 60; i++) {
		if (!m->disk->lies && one_in(10))
			past_tamper(m->disk);
		if (m->op_count < cfg.ops && (!m->job_count || one_in(4)))
			submit(m);
		else if (m->job_count)
			machine_step(m, false);
		else
			machine_drain(m, true);
		if (one_in(10))
			machine_shrink(m, 10);
		past_committed(m);
	}
	if (one_in(2))
		machine_drain(m, false);
	past_committed(m);
	if (m->disk->lies)
		lose_cache(m->disk);
	judge_attacked(m);
}

static void last_act(struct machine *m)
{
	if (cfg.mode == MODE_FLIPS) {
		close_and_open(m);
		campaign_flips(m);
	} else if (cfg.mode == MODE_REPLAYS) {
		if (one_in(2))
			machine_drain(m, false);
		campaign_replays(m);
	} else if (cfg.mode == MODE_ATTACK && one_in(2)) {
		last_stand(m);
	} else {
		close_and_open(m);
	}
}

/* A volume's life. @faults: what fails after its first opening */
static void live(struct faults faults)
{
	struct machine m;
	struct disk d;
	u32 i;

	next_value = 1;
	nonces_reset();
	ledger_reset();
	oracle_reset();
	epochs_reset();
	disk_init(&d, NULL);
	past_reset(watched() ? &d : NULL);
	format(&d);
	machine_init(&m, &d);
	first_open(&m);
	if (cfg.tags_in)
		tags_begin(&m);
	m.faults = faults;
	for (i = 0; i < cfg.steps; i++) {
		step(&m);
		if (m.vol.state.root.activation_count > LAST_ACTIVATION)
			break;
	}
	last_act(&m);
	totals.activations += m.vol.state.root.activation_count;
	totals.pairs += nonces_used();
	machine_free(&m);
	disk_free(&d);
	past_reset(NULL);
}

/* The same life again and again, until no fault comes in its time. */
static void fail_each(u32 *in, struct faults *faults)
{
	u64 start = rnd_save(), before;

	*in = 0;
	do {
		++*in;
		before = totals.faults;
		cfg.states_before = totals.states;
		rnd_restore(start);
		crash_reset();
		live(*faults);
	} while (totals.faults > before);
	*in = 0;
	rnd_restore(start);
}

static void nth(void)
{
	struct faults f = { 0 };

	fail_each(&f.write_in, &f);
	fail_each(&f.flush_in, &f);
	fail_each(&f.read_in, &f);
	fail_each(&f.node_in, &f);
}

/** run() - all that a seed stands for */
void run(u64 seed)
{
	choose_config(seed);
	trace("seed %llu mode %s geometry %s ops %u window %u extent %u nodes %u counters %llu",
	      (unsigned long long)seed, mode_names[cfg.mode], geometry_names[cfg.geometry], cfg.ops,
	      cfg.window, cfg.extent, cfg.node_limit, (unsigned long long)cfg.counter_limit);
	cfg.states_before = totals.states;
	crash_reset();
	if (cfg.mode == MODE_EXPLORE)
		explore();
	else if (cfg.mode == MODE_NTH)
		nth();
	else
		live((struct faults){ 0 });
	totals.runs++;
}
