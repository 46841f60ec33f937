// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All schedules of a few ops, and at each state all crash images.
 *
 * A seed stands for a story: how the volume begins, and up to three ops, which are submitted in this
 * order at any time. Those of high seeds are about case tags: two ops, one of which has to do with
 * them, on a volume on which some sectors have the tag that they are about. Those of still higher ones are
 * about rotation in the same way. The choices on the way (which task goes on, or is the next op submitted) are a
 * path; a path is replayed from the beginning and then goes on where nobody has been yet, depth first.
 * Where the state is one that was met before, by its hash, the path ends.
 *
 * What cannot matter is not a choice: crypto and the issue of reads happen at once, since nobody can
 * see them; a write is visible to reads from its issue; its completion is told at once, since a flush
 * that is issued in between would only make more durable than the core knows. Chance tries those
 * (MODE_RANDOM and others).
 */
#include "sim.h"

#define MAX_STORY	3
#define MAX_PATH	512
#define TRACKED_EACH	2	/* sectors at the start of each leaf that ops touch */

/* From this seed on the stories are about tags. */
#define TAG_STORIES	10001

/* ---- stories ---- */

struct act {
	enum dmw_op_kind	kind;
	u32			leaf;
	u32			sector;
	u32			count;
	bool			fua;
	u32			tag;
	u32			state;		/* of a tag's change */
};

static const struct act tag_acts[] = {
	{ .kind = DMW_OP_ASSIGN, .count = 2, .tag = 1 },
	{ .kind = DMW_OP_ASSIGN, .count = DMW_FANOUT, .tag = 1 },
	{ .kind = DMW_OP_ASSIGN, .count = 1, .tag = 0 },
	{ .kind = DMW_OP_ASSIGN, .leaf = 1, .count = DMW_FANOUT, .tag = 1 },
	{ .kind = DMW_OP_TAG, .tag = 1, .state = DMW_TAG_FROZEN },
	{ .kind = DMW_OP_TAG, .tag = 1, .state = DMW_TAG_RESTRICTED },
	{ .kind = DMW_OP_TAG, .tag = 2, .state = DMW_TAG_OPEN },
	{ .kind = DMW_OP_SEALS, .count = DMW_FANOUT },
};

static const struct act epoch_acts[] = {
	{ .kind = DMW_OP_EPOCH, .tag = 2 },
	{ .kind = DMW_OP_SWEEP, .count = DMW_FANOUT },
	{ .kind = DMW_OP_RETIRE, .tag = 1 },
};

static const struct act acts[] = {
	{ DMW_OP_WRITE, 0, 0, 1, false, 0, 0 },
	{ DMW_OP_WRITE, 0, 0, 2, false, 0, 0 },
	{ DMW_OP_WRITE, 0, 1, 1, true, 0, 0 },
	{ DMW_OP_WRITE, 1, 0, 1, false, 0, 0 },
	{ DMW_OP_ERASE, 0, 0, 1, false, 0, 0 },
	{ DMW_OP_ERASE, 0, 0, 2, true, 0, 0 },
	{ DMW_OP_FLUSH, 0, 0, 0, false, 0, 0 },
	{ DMW_OP_CHECKPOINT, 0, 0, 0, false, 0, 0 },
	{ DMW_OP_READ, 0, 0, 2, false, 0, 0 },
};

enum beginning {
	BEGIN_FRESH,		/* nothing was ever written */
	BEGIN_WRITTEN,		/* all is in the committed tree */
	BEGIN_JOURNALLED,	/* all is in the journal, not flushed */
	BEGINNINGS
};

enum tag_beginning {
	TAGGED_UNWRITTEN,	/* tag 1 exists, and leaf 0 has it; nothing was written */
	TAGGED_WRITTEN,		/* written and checkpointed, too */
	TAGGED_JOURNALLED,	/* then written again */
	UNTAGGED_WRITTEN,	/* written and checkpointed; tag 1 exists, and nobody has it */
	TAG_BEGINNINGS
};

enum epoch_beginning {
	EPOCH_OLD,		/* written and checkpointed */
	EPOCH_BEGUN,		/* then a new epoch began */
	EPOCH_SWEPT,		/* then all was sealed anew */
	EPOCH_BEGINNINGS
};

static struct {
	enum beginning	begin;
	enum epoch_beginning epoch_begin;
	enum tag_beginning tag_begin;
	struct act	acts[MAX_STORY];
	u32		count;
} story;

/* All pairs with an act on tags, in both orders; those that follow one another differ in all. */
static void choose_tag_story(u64 n)
{
	u64 others = ARRAY_SIZE(acts) + ARRAY_SIZE(tag_acts);
	u64 stories = TAG_BEGINNINGS * ARRAY_SIZE(tag_acts) * others * 2;
	u32 a, b;

	n = n * 389 % stories;
	cfg.tags_in = 1;
	story.count = 2;
	story.tag_begin = (enum tag_beginning)(n % TAG_BEGINNINGS);
	n /= TAG_BEGINNINGS;
	a = n % ARRAY_SIZE(tag_acts);
	n /= ARRAY_SIZE(tag_acts);
	b = n % others;
	n /= others;
	story.acts[n % 2] = tag_acts[a];
	story.acts[1 - n % 2] = b < ARRAY_SIZE(acts) ? acts[b] : tag_acts[b - ARRAY_SIZE(acts)];
}

/* The same with an act of rotation; the sweep's steps are about leaf 0, and then the others. */
static void choose_epoch_story(u64 n)
{
	u64 others = ARRAY_SIZE(acts) + ARRAY_SIZE(epoch_acts);
	u64 stories = EPOCH_BEGINNINGS * ARRAY_SIZE(epoch_acts) * others * 2;
	u32 a, b;

	n = n * 101 % stories;
	cfg.tags_in = 0;
	cfg.epochs_in = 1;
	story.count = 2;
	story.epoch_begin = (enum epoch_beginning)(n % EPOCH_BEGINNINGS);
	n /= EPOCH_BEGINNINGS;
	a = n % ARRAY_SIZE(epoch_acts);
	n /= ARRAY_SIZE(epoch_acts);
	b = n % others;
	n /= others;
	story.acts[n % 2] = epoch_acts[a];
	story.acts[1 - n % 2] = b < ARRAY_SIZE(acts) ? acts[b] : epoch_acts[b - ARRAY_SIZE(acts)];
}

/* Seeds 1, 2, ...: all stories of one op, then of two, then of three. */
static void choose_story(u64 seed)
{
	u64 n = seed - 1, of_this_length = BEGINNINGS * ARRAY_SIZE(acts);
	u32 i;

	cfg.epochs_in = 0;
	if (seed >= EPOCH_SEEDS) {
		choose_epoch_story(seed - EPOCH_SEEDS);
		return;
	}
	if (seed >= TAG_STORIES) {
		choose_tag_story(seed - TAG_STORIES);
		return;
	}

	for (story.count = 1; n >= of_this_length && story.count < MAX_STORY; story.count++) {
		n -= of_this_length;
		of_this_length *= ARRAY_SIZE(acts);
	}
	story.begin = (enum beginning)(n % BEGINNINGS);
	n /= BEGINNINGS;
	for (i = 0; i < story.count; i++, n /= ARRAY_SIZE(acts))
		story.acts[i] = acts[n % ARRAY_SIZE(acts)];
}

static void submit(struct machine *m, const struct act *a)
{
	u64 first = a->count ? (cfg.leaves[a->leaf] << DMW_FANOUT_SHIFT) + a->sector : 0;

	if (a->kind == DMW_OP_ASSIGN)
		machine_submit_assign(m, first, a->count, first + a->count, a->tag);
	else if (a->kind == DMW_OP_SEALS)
		machine_submit_seals(m, first, a->count, first + a->count);
	else if (a->kind == DMW_OP_TAG)
		machine_submit_tag(m, a->tag, a->state, 1 + a->tag + a->state);
	else if (a->kind == DMW_OP_EPOCH || a->kind == DMW_OP_RETIRE)
		machine_submit_epoch(m, a->kind, a->tag);
	else
		machine_submit(m, a->kind, first, a->count, a->fua);
}

/* ---- paths ---- */

struct choice {
	u32	at;
	u32	of;
};

static struct {
	struct choice	c[MAX_PATH];
	u32		length;
	u32		at;		/* how far the replay has come */
} path;

/* The next choice of this path: a known one, or the first of a new one. */
static u32 choose(u32 of)
{
	if (path.at == path.length) {
		if (path.length == MAX_PATH)
			fail("a schedule of more than %u steps", MAX_PATH);
		path.c[path.length++] = (struct choice){ 0, of };
	}
	if (path.c[path.at].of != of)
		fail("a replay comes to another state: %u choices instead of %u", of,
		     path.c[path.at].of);
	return path.c[path.at++].at;
}

static bool replaying(void)
{
	return path.at < path.length;
}

/* Return: false when all paths were taken. */
static bool next_path(void)
{
	while (path.length && path.c[path.length - 1].at + 1 == path.c[path.length - 1].of)
		path.length--;
	path.at = 0;
	if (!path.length)
		return false;
	path.c[path.length - 1].at++;
	return true;
}

/* ---- steps ---- */

static bool nobody_can_see(const struct job *j)
{
	return j->phase == PHASE_WORK || (j->phase == PHASE_ISSUE && j->t->io == DMW_IO_READ);
}

static void settle(struct machine *m)
{
	u32 i;

	for (i = 0; i < m->job_count; i++)
		while (nobody_can_see(&m->jobs[i]))
			machine_step_job(m, i);
}

static void take_step(struct machine *m, u32 i)
{
	bool completes = m->jobs[i].phase == PHASE_COMPLETE;

	machine_step_job(m, i);
	if (completes && m->jobs[i].phase == PHASE_DONE)
		machine_step_job(m, i);
}

/* Return: false when there is nothing left to do. */
static bool step(struct machine *m, u32 *submitted)
{
	u32 of = m->job_count + (*submitted < story.count), i;

	if (!of)
		return false;
	i = choose(of);
	if (i == m->job_count)
		submit(m, &story.acts[(*submitted)++]);
	else
		take_step(m, i);
	settle(m);
	return true;
}

/* ---- one path ---- */

static struct set states;

static void do_act(struct machine *m, struct act a)
{
	submit(m, &a);
	machine_drain(m, true);
}

static void begin_tagged(struct machine *m)
{
	const struct act write = { .kind = DMW_OP_WRITE, .count = TRACKED_EACH };

	do_act(m, (struct act){ .kind = DMW_OP_TAG, .tag = 1, .state = DMW_TAG_OPEN });
	if (story.tag_begin != UNTAGGED_WRITTEN)
		do_act(m, tag_acts[1]);
	if (story.tag_begin != TAGGED_UNWRITTEN)
		do_act(m, write);
	do_act(m, (struct act){ .kind = DMW_OP_CHECKPOINT });
	if (story.tag_begin == TAGGED_JOURNALLED)
		do_act(m, write);
}

static void begin_rotating(struct machine *m)
{
	do_act(m, (struct act){ .kind = DMW_OP_WRITE, .count = TRACKED_EACH });
	do_act(m, (struct act){ .kind = DMW_OP_WRITE, .leaf = 1, .count = TRACKED_EACH });
	do_act(m, (struct act){ .kind = DMW_OP_CHECKPOINT });
	if (story.epoch_begin != EPOCH_OLD)
		do_act(m, epoch_acts[0]);
	while (story.epoch_begin == EPOCH_SWEPT && !epochs_through(m))
		do_act(m, epoch_acts[1]);
}

static void begin(struct machine *m)
{
	u32 leaf;

	if (machine_open(m, false))
		fail("a new volume cannot be opened");
	submit(m, &(struct act){ .kind = DMW_OP_CHECKPOINT });
	machine_drain(m, true);
	m->main = true;
	if (cfg.tags_in) {
		begin_tagged(m);
		return;
	}
	if (cfg.epochs_in) {
		begin_rotating(m);
		return;
	}
	for (leaf = 0; story.begin != BEGIN_FRESH && leaf < 2; leaf++) {
		submit(m, &(struct act){ .kind = DMW_OP_WRITE, .leaf = leaf,
					 .count = TRACKED_EACH });
		machine_drain(m, true);
	}
	if (story.begin == BEGIN_WRITTEN) {
		submit(m, &(struct act){ .kind = DMW_OP_CHECKPOINT });
		machine_drain(m, true);
	}
}

/* Crashes draw random numbers, the path must not notice. */
static void crash_quietly(struct machine *m, u64 state)
{
	u64 before = rnd_save();

	rnd_seed(state);
	crash_here(m);
	rnd_restore(before);
}

static void one_path(void)
{
	struct machine m;
	struct disk d;
	u32 submitted = 0;
	u64 state;

	next_value = 1;
	rnd_seed(cfg.seed);
	nonces_reset();
	oracle_reset();
	epochs_reset();
	disk_init(&d, NULL);
	format(&d);
	machine_init(&m, &d);
	begin(&m);
	while (step(&m, &submitted)) {
		totals.steps++;
		if (replaying())
			continue;
		state = state_hash(&m, submitted);
		if (!set_add(&states, state) && !cfg.no_merge)
			break;
		crash_quietly(&m, state);
	}
	if (!m.job_count && submitted == story.count)
		machine_drain(&m, true);	/* says so if an op never ends */
	totals.pairs += nonces_used();
	machine_free(&m);
	disk_free(&d);
}

/** explore() - all schedules of the story that the seed stands for */
void explore(void)
{
	choose_story(cfg.seed);
	set_reset(&states);
	path.length = 0;
	path.at = 0;
	do {
		one_path();
		totals.paths++;
	} while (next_path());
}
