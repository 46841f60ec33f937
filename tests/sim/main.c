// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line. */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

/* Nothing for this long: the core goes round in a circle. */
#define HANG_SECONDS	10

/* ---- randomness: splitmix64 ---- */

static u64 rnd_state;

u64 rnd(void)
{
	return mix(rnd_state += 0x9e3779b97f4a7c15ULL);
}

void rnd_seed(u64 seed)
{
	rnd_state = mix(seed + 0x1234567);
}

/** rnd_save(), rnd_restore() - for what must not disturb the order of random numbers */
u64 rnd_save(void)
{
	return rnd_state;
}

void rnd_restore(u64 state)
{
	rnd_state = state;
}

/** maybe() - chance, where there is chance; exploring, @otherwise */
bool maybe(bool otherwise)
{
	return cfg.mode == MODE_EXPLORE ? otherwise : one_in(2);
}

/* ---- messages ---- */

void trace(const char *fmt, ...)
{
	va_list ap;

	if (!cfg.verbose)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void how_to_replay(void)
{
	fprintf(stderr, "replay: sim --seed %llu", (unsigned long long)cfg.seed);
	if (cfg.want_mode >= 0)
		fprintf(stderr, " --mode %s", mode_names[cfg.want_mode]);
	if (cfg.want_geometry >= 0)
		fprintf(stderr, " --geometry %s", geometry_names[cfg.want_geometry]);
	if (cfg.tear_errors)
		fprintf(stderr, " --tear-errors");
	fprintf(stderr, "\n");
}

void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "FAILED seed %llu mode %s geometry %s step %llu: ",
		(unsigned long long)cfg.seed, mode_names[cfg.mode], geometry_names[cfg.geometry],
		(unsigned long long)totals.steps);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	how_to_replay();
	_exit(1);
}

static void watch(int sig)
{
	static u64 before;
	u64 sum = totals.runs + totals.steps + totals.states + totals.attacks + totals.ops;

	(void)sig;
	if (sum == before) {
		fprintf(stderr, "FAILED seed %llu mode %s geometry %s: hangs: nothing for %u s\n",
			(unsigned long long)cfg.seed, mode_names[cfg.mode],
			geometry_names[cfg.geometry], HANG_SECONDS);
		how_to_replay();
		_exit(1);
	}
	before = sum;
	alarm(HANG_SECONDS);
}

static void summary(double seconds)
{
	const struct totals *t = &totals;

#define N(x) ((unsigned long long)t->x)
	printf("runs %llu, schedules %llu, steps %llu, ops %llu, crash points %llu, crash states checked %llu (distinct images opened %llu, seen before %llu, crashes during recovery %llu), attacks %llu, "
	       "crashes gone on from %llu, clean closes %llu, sectors recovered %llu, LUN faults %llu, (key, nonce) pairs %llu, activations %llu, checkpoints %llu, wraps of the journal %llu, assignments %llu, changes of tags %llu, refusals %llu, shreds %llu, epochs begun %llu, steps of sweeps %llu, epochs retired %llu, %.1f s\n",
	       N(runs), N(paths), N(steps), N(ops), N(points), N(states), N(images), N(skipped), N(depth2), N(attacks),
	       N(crashes), N(closes), N(recovered), N(faults), N(pairs), N(activations),
	       N(checkpoints), N(wraps), N(assigns), N(changes), N(refusals), N(shreds), N(epochs), N(sweeps), N(retired), seconds);
#undef N
}

/* ---- options ---- */

static int index_of(const char *name, const char *const *names, int n, const char *what)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return i;
	if (!strcmp(name, "any"))
		return -1;
	fprintf(stderr, "sim: no %s \"%s\"; there are:", what, name);
	for (i = 0; i < n; i++)
		fprintf(stderr, " %s", names[i]);
	fprintf(stderr, " any\n");
	exit(2);
}

static const char usage[] =
"Usage: sim [--seed N] [--runs N] [--seconds S] [--mode M] [--geometry G] [--tear-errors] [--no-merge] [-v]\n"
"\n"
"  --seed N       first seed; alone: replay this run only (default: 1, and 100 runs)\n"
"  --runs N       number of runs, each with the next seed\n"
"  --seconds S    stop after S seconds\n"
"  --mode M       random, exhaustive, wide, faults, oom, reads, scenes, attack, flips,\n"
"                 replays, nth, explore; any = the seed chooses one of the first seven,\n"
"                 but not reads (default)\n"
"  --geometry G   tiny, tiny512, medium, huge; any = the seed chooses (default)\n"
"  --tear-errors  a torn node, activation or superblock may be unreadable afterwards\n"
"  --no-merge     explore: go on also from states that were met before\n"
"  -v             print what happens\n";

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void campaign(u64 seed, u64 runs, double seconds)
{
	double start = now();
	u64 i;

	for (i = 0; i < runs && (!seconds || now() - start < seconds); i++)
		run(seed + i);
	printf("seeds %llu..%llu\n", (unsigned long long)seed,
	       (unsigned long long)(seed + totals.runs - 1));
	summary(now() - start);
	attack_summary();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' }, { "runs", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 't' }, { "mode", required_argument, NULL, 'm' },
		{ "geometry", required_argument, NULL, 'g' },
		{ "tear-errors", no_argument, NULL, 'e' }, { "no-merge", no_argument, NULL, 'n' }, { "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	u64 seed = 0, runs = 0;
	double seconds = 0;
	int c;

	while ((c = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			runs = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'm':
			cfg.want_mode = index_of(optarg, mode_names, MODES, "mode");
			break;
		case 'g':
			cfg.want_geometry = index_of(optarg, geometry_names, GEOMETRIES, "geometry");
			break;
		case 'e':
			cfg.tear_errors = true;
			break;
		case 'n':
			cfg.no_merge = true;
			break;
		case 'v':
			cfg.verbose = true;
			break;
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (!runs)
		runs = seconds ? U64_MAX : seed ? 1 : 100;
	/* The core's buffers of an opening come and go all the time: keep them. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	signal(SIGALRM, watch);
	alarm(HANG_SECONDS);
	campaign(seed ? seed : 1, runs, seconds);
	return 0;
}
