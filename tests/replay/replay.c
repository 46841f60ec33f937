// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every crash of a recording: after each write with FUA and each flush that the disk has answered,
 * and between them with a random part of what its cache may still have held. Each is opened by the
 * protocol core in this process (volume.c); the file system on it is recovered, checked and compared
 * with what had been promised by then (judge.c).
 *
 * usage: replay [options]
 *   --log FILE --base FILE	what record wrote; the LUN before it
 *   --size BYTES		of the LUN; behind it are the promises
 *   --keyset FILE		of the volume on it; none = the file system is on the LUN itself
 *   --type ext4|xfs --load FILE --scratch DIR
 *   --load-seed N		of the promises
 *   --seed N			of the random states
 *   --between N		random states at one point in N (3)
 *   --late			of a disk that lies: flushes come one late
 *   --states FILE		put the LUNs there, for a real kernel to open: those under load
 *   --keep FILE		put one LUN there: the first bad one, or
 *   --state N			the Nth, and end
 *
 * Between two points nothing becomes durable, so each state is judged by the last promise that was
 * told before the next point: the crash may come that late.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"
#include "judge.h"
#include "log.h"
#include "states.h"
#include "volume.h"

#define KNOWN	(1U << 16)

struct totals {
	uint64_t	flushes;	/* in the recording */
	uint64_t	fuas;
	uint64_t	states;		/* opened */
	uint64_t	between;	/* of them with a part of the cache */
	uint64_t	judged;		/* whose file system was looked at; the others equal one of these */
	uint64_t	recovered;
	uint64_t	dropped;	/* blocks lost in states between */
	uint64_t	bad;
};

static struct {
	const char	*log, *base, *keyset, *type, *load, *scratch, *states, *keep;
	uint64_t	size, load_seed, seed, state;
	unsigned int	between;
} cfg = { .between = 3, .seed = 1 };

static struct disk disk;
static struct opened now;
static struct judge *judge;
static uint32_t promised[THREADS];
static unsigned int told;	/* threads that have begun */
static uint64_t entry, entries;
static struct totals totals;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t rnd(void)
{
	static uint64_t x;
	uint64_t y;

	x += 0x9e3779b97f4a7c15ULL;
	y = x + cfg.seed * 0xd1342543de82ef95ULL;
	y = (y ^ (y >> 30)) * 0xbf58476d1ce4e5b9ULL;
	y = (y ^ (y >> 27)) * 0x94d049bb133111ebULL;
	return y ^ (y >> 31);
}

/* ---- states ---- */

static void read_base(uint8_t *to)
{
	int fd = open(cfg.base, O_RDONLY);

	if (fd < 0 || pread(fd, to, disk.size, 0) != (ssize_t)disk.size)
		die(cfg.base);
	close(fd);
}

/* Is this the first time? What has been judged well once is well again. */
static bool first_time(uint64_t key)
{
	static uint64_t known[KNOWN];
	uint64_t i;

	key |= 1;
	for (i = key >> 20 & (KNOWN - 1); known[i]; i = (i + 1) & (KNOWN - 1))
		if (known[i] == key)
			return false;
	if (totals.judged > KNOWN / 4) {
		fprintf(stderr, "replay: too many states\n");
		exit(2);
	}
	known[i] = key;
	return true;
}

static void keep_lun(void)
{
	int fd = open(cfg.keep, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, disk.durable, disk.size) != (ssize_t)disk.size)
		die(cfg.keep);
	close(fd);
}

static void report(const char *state, const char *why)
{
	printf("bad state %llu: entry %llu of %llu, %s, promised %u %u: %s\n",
	       (unsigned long long)totals.states, (unsigned long long)entry,
	       (unsigned long long)entries, state, promised[0], promised[1], why);
	fflush(stdout);
	if (!totals.bad++ && cfg.keep)
		keep_lun();
}

static bool whole_file_system(char *why, size_t size)
{
	uint64_t key = now.digest;
	bool is_new;

	if (told < THREADS)
		return true;	/* mkfs is still at it */
	is_new = first_time(key);
	key = digest_add(key, promised, sizeof(promised));
	if (!first_time(key ^ 0x5555555555555554ULL))
		return true;
	if (!judge)
		judge = judge_start(cfg.scratch, cfg.load, cfg.type, cfg.load_seed, now.bytes);
	totals.judged++;
	return judge_file_system(judge, now.plain, promised, is_new, why, size);
}

/* For the kernel: as what is different from the state before. */
static void hand_out(void)
{
	static FILE *out;
	static uint8_t *before;
	struct state_head head = {
		.digest = now.digest, .number = totals.states, .recovered = now.recovered,
	};
	struct state_block b;
	uint64_t i, n = disk.size / BLOCK;
	long at;

	if (!out) {
		out = fopen(cfg.states, "w");
		before = malloc(disk.size);
		if (!out)
			die(cfg.states);
		read_base(before);
	}
	at = ftell(out);
	memcpy(head.promised, promised, sizeof(promised));
	fwrite(&head, sizeof(head), 1, out);
	for (i = 0; i < n; i++) {
		if (!memcmp(before + i * BLOCK, disk.durable + i * BLOCK, BLOCK))
			continue;
		memcpy(before + i * BLOCK, disk.durable + i * BLOCK, BLOCK);
		b.number = i;
		memcpy(b.data, disk.durable + i * BLOCK, BLOCK);
		fwrite(&b, sizeof(b), 1, out);
		head.blocks++;
	}
	/* now that their number is known */
	if (fseek(out, at, SEEK_SET) || fwrite(&head, sizeof(head), 1, out) != 1 ||
	    fseek(out, 0, SEEK_END) || fflush(out))
		die(cfg.states);
}

static bool open_lun(char *why, size_t size)
{
	uint64_t i;

	if (cfg.keyset)
		return volume_open(disk.size, &now, why, size);
	now.plain = disk.durable;
	now.bytes = disk.size;
	now.digest = DIGEST_START;
	for (i = 0; i < disk.size; i += BLOCK)
		now.digest = digest_add_block(now.digest, disk.durable + i);
	return true;
}

static void look(const char *state)
{
	char why[1024];

	totals.states++;
	if (totals.states == cfg.state) {
		keep_lun();
		exit(0);
	}
	if (cfg.state)
		return;
	if (!open_lun(why, sizeof(why)) || !whole_file_system(why, sizeof(why)))
		report(state, why);
	else if (cfg.states && told == THREADS)
		hand_out();
	totals.recovered += now.recovered;
}

/*
 * Nothing of the cache but a random part. Whatever lies before the groups may also be torn: the
 * superblocks, the activations and the journal all know their MACs.
 */
static void look_between(void)
{
	static const unsigned int odds[] = { 50, 90, 100, 10 };
	unsigned int percent = odds[rnd() % 4];
	uint64_t dropped = 0;
	char state[64];
	uint8_t *saved;
	size_t i;

	saved = malloc(disk.count * BLOCK);
	for (i = 0; i < disk.count; i++) {
		const struct unit *u = &disk.units[i];
		uint8_t mask = rnd() % 100 < percent ? 0xff : 0;

		if (u->block * BLOCK < now.metadata_end && rnd() % 8 == 0)
			mask = rnd();
		dropped += !mask;
		memcpy(saved + i * BLOCK, disk.durable + u->block * BLOCK, BLOCK);
		disk_apply(disk.durable, u, mask);
	}
	snprintf(state, sizeof(state), "%llu of %zu blocks in the cache lost",
		 (unsigned long long)dropped, disk.count);
	look(state);
	while (i--)
		memcpy(disk.durable + disk.units[i].block * BLOCK, saved + i * BLOCK, BLOCK);
	free(saved);
	totals.between++;
	totals.dropped += dropped;
}

/* ---- the recording ---- */

static void hear_promise(const uint8_t *data)
{
	unsigned int thread, done;

	if (sscanf((const char *)data, PROMISE_FORMAT, &thread, &done) != 2 || thread >= THREADS)
		return;
	told += told < THREADS;
	promised[thread] = done;
}

/* Two threads' places lie side by side: the block layer makes one write of two when it can. */
static void hear_promises(const struct log_entry *e, const uint8_t *data)
{
	uint64_t at;

	for (at = 0; at < e->length; at += BLOCK)
		if (e->offset + at >= disk.size)
			hear_promise(data + at);
}

/* Something is about to become durable: the last moment of the state before. */
static void last_moment(void)
{
	look("the cache lost");
	if (disk.count && rnd() % cfg.between == 0)
		look_between();
}

static void progress(void)
{
	static time_t last;
	time_t t = time(NULL);

	if (!last)
		last = t;
	if (t - last < 20)
		return;
	last = t;
	fprintf(stderr, "# %s: entry %llu of %llu, %llu states\n", cfg.type, (unsigned long long)entry,
		(unsigned long long)entries, (unsigned long long)totals.states);
}

/* Where the entry's data is; NULL at the end of the log, or what is left of it. */
static const struct log_entry *next_entry(const uint8_t *log, size_t size, size_t *at,
					  const uint8_t **data)
{
	const struct log_entry *e = (const void *)(log + *at);
	size_t n = sizeof(*e);

	if (*at + n > size)
		return NULL;
	*data = log + *at + n;
	if (e->kind == LOG_WRITE)
		n += e->length;
	if (*at + n > size)
		return NULL;
	*at += n;
	return e;
}

static void play_entry(const struct log_entry *e, const uint8_t *data)
{
	bool fua = e->flags & LOG_FUA;

	switch (e->kind) {
	case LOG_WRITE:
		hear_promises(e, data);
		/* fall through */
	case LOG_ZERO:
		disk_write(&disk, e->id, e->offset, e->length, e->kind == LOG_ZERO ? NULL : data, fua);
		totals.fuas += fua;
		break;
	case LOG_FLUSH:
		disk_flush(&disk, e->id);
		totals.flushes++;
		break;
	case LOG_DONE:
		if (disk_will_settle(&disk, e->id))
			last_moment();
		disk_done(&disk, e->id);
		break;
	}
}

static void play(const uint8_t *log, size_t size)
{
	const struct log_entry *e;
	const uint8_t *data;
	size_t at;

	for (at = 0; next_entry(log, size, &at, &data); )
		entries++;
	at = 0;
	for (entry = 0; (e = next_entry(log, size, &at, &data)) && totals.bad < 5; entry++) {
		play_entry(e, data);
		progress();
	}
	look("the end");
}

/* ---- start ---- */

static const uint8_t *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die(path);
	close(fd);
	*size = st.st_size;
	return p;
}

/* In memory, and with a descriptor that libdmwarrant's host can read. */
static void make_disk(void)
{
	int fd = memfd_create("lun", 0);

	disk.size = cfg.size;
	if (fd < 0 || ftruncate(fd, cfg.size))
		die("memfd");
	disk.durable = mmap(NULL, cfg.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (disk.durable == MAP_FAILED)
		die("memfd");
	read_base(disk.durable);
	if (!cfg.keyset)
		return;
	volume_init(fd, cfg.keyset);
	now.plain = malloc(cfg.size);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "log", 1, NULL, 'l' }, { "base", 1, NULL, 'b' }, { "size", 1, NULL, 's' },
		{ "keyset", 1, NULL, 'k' }, { "type", 1, NULL, 't' }, { "load", 1, NULL, 'o' },
		{ "scratch", 1, NULL, 'd' }, { "load-seed", 1, NULL, 'p' }, { "seed", 1, NULL, 'r' },
		{ "between", 1, NULL, 'e' }, { "late", 0, NULL, 'y' }, { "states", 1, NULL, 'i' },
		{ "keep", 1, NULL, 'x' }, { "state", 1, NULL, 'n' }, { NULL, 0, NULL, 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) > 0) {
		switch (o) {
		case 'l': cfg.log = optarg; break;
		case 'b': cfg.base = optarg; break;
		case 's': cfg.size = strtoull(optarg, NULL, 0) / BLOCK * BLOCK; break;
		case 'k': cfg.keyset = optarg; break;
		case 't': cfg.type = optarg; break;
		case 'o': cfg.load = optarg; break;
		case 'd': cfg.scratch = optarg; break;
		case 'p': cfg.load_seed = strtoull(optarg, NULL, 0); break;
		case 'r': cfg.seed = strtoull(optarg, NULL, 0); break;
		case 'e': cfg.between = strtoul(optarg, NULL, 0); break;
		case 'y': disk.late = true; break;
		case 'i': cfg.states = optarg; break;
		case 'x': cfg.keep = optarg; break;
		case 'n': cfg.state = strtoull(optarg, NULL, 0); break;
		default: exit(2);
		}
	}
	if (!cfg.log || !cfg.base || !cfg.size || !cfg.type || !cfg.load || !cfg.scratch ||
	    !cfg.between || (cfg.state && !cfg.keep))
		exit(2);
}

int main(int argc, char **argv)
{
	const uint8_t *log;
	size_t size;

	parse(argc, argv);
	make_disk();
	log = map(cfg.log, &size);
	play(log, size);
	printf("total %llu flushes, %llu FUA writes; %llu crashes, %llu with a part of the cache (%llu blocks lost); %llu sectors settled; %llu file systems judged, %llu files; promised %u %u; bad %llu\n",
	       (unsigned long long)totals.flushes, (unsigned long long)totals.fuas,
	       (unsigned long long)totals.states, (unsigned long long)totals.between,
	       (unsigned long long)totals.dropped, (unsigned long long)totals.recovered,
	       (unsigned long long)totals.judged,
	       (unsigned long long)(judge ? judge_files(judge) : 0), promised[0], promised[1],
	       (unsigned long long)totals.bad);
	if (judge)
		judge_stop(judge);
	if (!totals.flushes || !totals.fuas || !totals.judged) {
		printf("the recording does not have what it is made for\n");
		return 1;
	}
	return totals.bad != 0;
}
