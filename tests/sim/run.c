// SPDX-License-Identifier: GPL-2.0-or-later
/* Workloads: what a seed does to a volume. */
#include "sim.h"

const char *const mode_names[MODES] = {
	"random", "exhaustive", "wide", "faults", "oom", "reads", "scenes",
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
		       (enum geometry)below(GEOMETRIES);
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
	memcpy(cfg.weights, weights[cfg.mode == MODE_WIDE ? 2 : below(ARRAY_SIZE(weights))],
	       sizeof(cfg.weights));
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
	enum dmw_op_kind kind = choose_kind();
	u32 leaf = below(cfg.leaf_count), window = leaf_window(leaf), first = below(window), n;

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
	u64 values[MAX_TRACKED];

	m->main = false;
	recover_and_check(m, a, values);
	oracle_adopt(values);
	m->main = true;
	m->alloc_fails = cfg.alloc_fails;
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
	image_free(&img);
	reopen(m, &a);
	free(a.values);
}

/* A close and an open: nothing may change, not even what was never flushed. */
static void close_and_open(struct machine *m)
{
	struct allowed a = { 0 };
	u64 values[MAX_TRACKED];

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
	machine_free(m);
	reopen(m, &a);
	free(a.values);
}

/* ---- memory runs out, the LUN fails, while opening ---- */

static enum dmw_load_error open_failing(struct image *img, u32 alloc_at, u32 read_at, bool *failed)
{
	enum dmw_load_error err;
	struct machine m;
	struct disk d;

	disk_init(&d, img);
	machine_init(&m, &d);
	m.host.alloc_fails_at = alloc_at;
	m.host.read_fails_at = read_at;
	err = machine_open(&m, false);
	*failed = alloc_at ? m.host.alloc_count >= alloc_at : m.host.read_failed;
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
	image_free(&img);
}

/* A read error while opening: refused, or no stale data. */
static void check_read_failure(struct machine *m, u32 n)
{
	u64 values[MAX_TRACKED];
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
	if (one_in(40))
		machine_shrink(m, 1 + below(4));
}

static void step(struct machine *m)
{
	struct allowed a = { 0 };

	totals.steps++;
	if (!m->job_count && m->op_count)
		machine_drain(m, true);		/* says what is wrong */
	if (m->op_count < cfg.ops && (!m->job_count || one_in(4)))
		submit(m);
	else if (m->job_count)
		machine_step(m, false);
	special(m);
	if (one_in(cfg.crash_in) && totals.states < cfg.states_before + cfg.most) {
		oracle_allowed(m, &a);
		crash_check(m, &a, 1);
		free(a.values);
	}
	if (one_in(cfg.live_in) || (m->vol.failed && one_in(30)))
		crash(m);
	else if (one_in(2 * cfg.live_in))
		close_and_open(m);
}

static void first_open(struct machine *m)
{
	struct allowed a = { 0 };
	u64 values[MAX_TRACKED] = { 0 };

	oracle_exactly(values, &a);
	reopen(m, &a);
	free(a.values);
}

/** run() - all that a seed stands for */
void run(u64 seed)
{
	struct machine m;
	struct disk d;
	u32 i;

	choose_config(seed);
	trace("seed %llu mode %s geometry %s ops %u window %u extent %u nodes %u counters %llu",
	      (unsigned long long)seed, mode_names[cfg.mode], geometry_names[cfg.geometry], cfg.ops,
	      cfg.window, cfg.extent, cfg.node_limit, (unsigned long long)cfg.counter_limit);
	next_value = 1;
	cfg.states_before = totals.states;
	nonces_reset();
	crash_reset();
	oracle_reset();
	disk_init(&d, NULL);
	format(&d);
	machine_init(&m, &d);
	first_open(&m);
	for (i = 0; i < cfg.steps; i++) {
		step(&m);
		if (m.vol.state.root.activation_count > LAST_ACTIVATION)
			break;
	}
	close_and_open(&m);
	totals.activations += m.vol.state.root.activation_count;
	totals.pairs += nonces_used();
	totals.runs++;
	machine_free(&m);
	disk_free(&d);
}
