// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A writer that tells what it has synced, and a verifier that knows what it must then find.
 *
 *   synced write  [options] FILE	write until killed or done; prints "synced R"
 *   synced verify [options] FILE	R is given by -k
 *
 *   -b BLOCKS  size in 4 KiB blocks (256)	-s SEED    (1)
 *   -n ROUNDS  (for ever)			-q DEPTH   ops in a round (16)
 *   -S STATE   what an earlier verification found: base of this one, and where to go on
 *   -m DEV:OFF also write "synced R" there, so that a recording of the disk holds it too
 *   -k R       the last round known to be synced; -1 = none
 *   -d         erase with BLKDISCARD instead of zeroing
 *
 * Everything follows from the seed: round R has up to DEPTH ops on distinct blocks, in flight at the
 * same time; a quarter of the rounds has O_DSYNC ops, a quarter ends with fdatasync(). A block holds
 * who wrote it (round, op) in every word, so a verifier needs no memory but "synced R": each block
 * must hold what round R left, or what one of the rounds after it wrote.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK		4096
#define MAX_DEPTH	64
#define MAX_RUN		32	/* blocks of an op */
#define AHEAD		8	/* rounds that may have begun after the last promise: 4, and one lost */
#define ZEROED		(1ULL << 63)

static uint64_t blocks = 256, seed = 1;
static unsigned int depth = 16;
static bool discard;

struct op {
	uint64_t first, count, version;
	bool zero;
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static void die(const char *what)
{
	fprintf(stderr, "synced: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void fill(void *buf, uint64_t version, uint64_t block)
{
	uint64_t *w = buf, i, x = mix(seed * 0x9e3779b97f4a7c15ULL + mix(version) + block);

	w[0] = version;
	w[1] = block;
	for (i = 2; i < BLOCK / 8; i++)
		w[i] = x = x * 6364136223846793005ULL + 1442695040888963407ULL;
}

/* The ops of a round. */
static unsigned int plan(uint64_t round, struct op *ops)
{
	static uint8_t *taken;
	uint64_t x = mix(seed + mix(round)), i, b;
	unsigned int n = 1 + x % depth, k, got = 0;

	if (!taken)
		taken = malloc(blocks);
	memset(taken, 0, blocks);
	for (k = 0; k < n; k++) {
		struct op o;

		x = mix(x + k + 1);
		o.count = x >> 60 ? 1 + (x >> 40) % 4 : 1 + (x >> 40) % MAX_RUN;
		o.first = (x >> 8) % blocks;
		o.zero = (x >> 50) % 16 == 0;
		o.version = (round + 1) * MAX_DEPTH + k;
		if (o.first + o.count > blocks)
			o.count = blocks - o.first;
		for (i = 0; i < o.count && !taken[o.first + i]; i++)
			;
		o.count = i;
		if (!o.count)
			continue;
		for (b = 0; b < o.count; b++)
			taken[o.first + b] = 1;
		ops[got++] = o;
	}
	return got;
}

/* ---- state of an earlier verification ---- */

static uint64_t *last;	/* per block: version, ZEROED or 0 */
static uint64_t next_round;

static void load_state(const char *path)
{
	FILE *f = path ? fopen(path, "r") : NULL;

	last = calloc(blocks, 8);
	if (!f)
		return;
	if (fread(&next_round, 8, 1, f) != 1 || fread(last, 8, blocks, f) != blocks)
		die(path);
	fclose(f);
}

static void save_state(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(&next_round, 8, 1, f) != 1 || fwrite(last, 8, blocks, f) != blocks ||
	    fclose(f))
		die(path);
}

/* ---- writing ---- */

static void erase(int fd, const struct op *o)
{
	uint64_t range[2] = { o->first * BLOCK, o->count * BLOCK };
	struct stat st;

	if (discard && !fstat(fd, &st) && S_ISBLK(st.st_mode)) {
		if (ioctl(fd, BLKDISCARD, range))
			die("discard");
	} else if (fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, range[0], range[1])) {
		die("fallocate");
	}
}

static void run(int fd, aio_context_t ctx, char *buf, const struct op *ops, unsigned int n, bool dsync)
{
	struct iocb cbs[MAX_DEPTH], *list[MAX_DEPTH];
	struct io_event events[MAX_DEPTH];
	unsigned int i, writes = 0;
	uint64_t b;

	for (i = 0; i < n; i++) {
		char *p = buf + (size_t)i * MAX_RUN * BLOCK;

		if (ops[i].zero)
			continue;
		for (b = 0; b < ops[i].count; b++)
			fill(p + b * BLOCK, ops[i].version, ops[i].first + b);
		memset(&cbs[writes], 0, sizeof(cbs[0]));
		cbs[writes].aio_lio_opcode = IOCB_CMD_PWRITE;
		cbs[writes].aio_fildes = fd;
		cbs[writes].aio_buf = (uintptr_t)p;
		cbs[writes].aio_nbytes = ops[i].count * BLOCK;
		cbs[writes].aio_offset = ops[i].first * BLOCK;
		cbs[writes].aio_rw_flags = dsync ? RWF_DSYNC : 0;
		list[writes] = &cbs[writes];
		writes++;
	}
	if (writes && syscall(SYS_io_submit, ctx, writes, list) != (long)writes)
		die("io_submit");
	for (i = 0; i < n; i++)
		if (ops[i].zero)
			erase(fd, &ops[i]);
	/* A signal (SIGSTOP, SIGCONT) cuts the wait short. */
	for (i = 0; i < writes;) {
		long got = syscall(SYS_io_getevents, ctx, 1L, (long)(writes - i), events + i, NULL);

		if (got < 0 && errno != EINTR)
			die("io_getevents");
		i += got > 0 ? got : 0;
	}
	for (i = 0; i < writes; i++) {
		struct iocb *cb = (struct iocb *)(uintptr_t)events[i].obj;

		if (events[i].res != (int64_t)cb->aio_nbytes) {
			errno = -events[i].res;
			die("write");
		}
	}
}

static void promise(int mark, uint64_t offset, uint64_t round)
{
	static char *buf;

	if (mark >= 0) {
		if (!buf)
			buf = aligned_alloc(BLOCK, BLOCK);
		memset(buf, 0, BLOCK);
		sprintf(buf, "synced %lld\n", (long long)round);
		if (pwrite(mark, buf, BLOCK, offset) != BLOCK)
			die("mark");
	}
	printf("synced %lld\n", (long long)round);
	fflush(stdout);
}

static int do_write(int fd, uint64_t rounds, int mark, uint64_t offset)
{
	char *buf = aligned_alloc(BLOCK, (size_t)MAX_DEPTH * MAX_RUN * BLOCK);
	aio_context_t ctx = 0;
	struct op ops[MAX_DEPTH];
	uint64_t r;

	if (!buf || syscall(SYS_io_setup, MAX_DEPTH, &ctx))
		die("io_setup");
	if (fsync(fd))
		die("fsync");
	promise(mark, offset, next_round - 1);
	for (r = next_round; r - next_round < rounds; r++) {
		unsigned int n = plan(r, ops), i;
		bool zero = false;

		for (i = 0; i < n; i++)
			zero |= ops[i].zero;
		run(fd, ctx, buf, ops, n, r % 4 == 0);
		/* What comes before a round of O_DSYNC ops is synced, so it needs no sync of its own. */
		if (r % 4 == 3 || (r % 4 == 0 && zero))
			if (fdatasync(fd))
				die("fdatasync");
		if (r % 4 == 3 || r % 4 == 0)
			promise(mark, offset, r);
	}
	if (fsync(fd))
		die("fsync");
	promise(mark, offset, r - 1);
	return 0;
}

/* ---- verifying ---- */

/* Was this version of this block written by one of the rounds? */
static bool may_hold(uint64_t block, uint64_t version, uint64_t from, uint64_t to)
{
	struct op ops[MAX_DEPTH];
	uint64_t r;

	for (r = from; r < to; r++) {
		unsigned int n = plan(r, ops), i;

		for (i = 0; i < n; i++)
			if (block >= ops[i].first && block < ops[i].first + ops[i].count &&
			    (ops[i].zero ? ZEROED : ops[i].version) == version)
				return true;
	}
	return false;
}

static bool is_zero(const char *p)
{
	return !*p && !memcmp(p, p + 1, BLOCK - 1);
}

static int do_verify(int fd, int64_t synced)
{
	char *buf = aligned_alloc(BLOCK, BLOCK), *want = malloc(BLOCK);
	uint64_t end = synced + 1, r, b, bad = 0, newer = 0;
	struct op ops[MAX_DEPTH];

	if (end < next_round)
		end = next_round;
	for (r = next_round; r < end; r++) {
		unsigned int n = plan(r, ops), i;

		for (i = 0; i < n; i++)
			for (b = ops[i].first; b < ops[i].first + ops[i].count; b++)
				last[b] = ops[i].zero ? ZEROED : ops[i].version;
	}
	for (b = 0; b < blocks; b++) {
		uint64_t version;

		if (pread(fd, buf, BLOCK, b * BLOCK) != BLOCK) {
			printf("block %llu: unreadable: %s\n", (unsigned long long)b, strerror(errno));
			bad++;
			continue;
		}
		version = is_zero(buf) ? ZEROED : *(uint64_t *)buf;
		if (!(version & ZEROED)) {
			fill(want, version, b);
			if (memcmp(buf, want, BLOCK)) {
				printf("block %llu: garbage\n", (unsigned long long)b);
				bad++;
				continue;
			}
		}
		if (version == last[b] || (version == ZEROED && !last[b]))
			continue;
		if (may_hold(b, version, end, end + AHEAD)) {
			last[b] = version;
			newer++;
			continue;
		}
		printf("block %llu: holds %llx, synced was %llx (round %lld)\n", (unsigned long long)b,
		       (unsigned long long)version, (unsigned long long)last[b], (long long)synced);
		bad++;
	}
	next_round = end + AHEAD;
	printf("verified %llu blocks up to round %lld: %llu bad, %llu newer\n",
	       (unsigned long long)blocks, (long long)synced, (unsigned long long)bad,
	       (unsigned long long)newer);
	return bad != 0;
}

int main(int argc, char **argv)
{
	bool writing = argc > 1 && !strcmp(argv[1], "write");
	uint64_t rounds = UINT64_MAX, offset = 0;
	const char *state = NULL;
	int64_t synced = -1;
	int opt, fd, mark = -1, ret;
	char *colon;

	optind = 2;
	while ((opt = getopt(argc, argv, "b:s:n:q:S:m:k:d")) > 0) {
		switch (opt) {
		case 'b': blocks = strtoull(optarg, NULL, 0); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'n': rounds = strtoull(optarg, NULL, 0); break;
		case 'q': depth = strtoul(optarg, NULL, 0); break;
		case 'S': state = optarg; break;
		case 'k': synced = strtoll(optarg, NULL, 0); break;
		case 'd': discard = true; break;
		case 'm':
			colon = strchr(optarg, ':');
			if (!colon)
				exit(2);
			*colon = '\0';
			offset = strtoull(colon + 1, NULL, 0);
			mark = open(optarg, O_WRONLY | O_DIRECT | O_DSYNC);
			if (mark < 0)
				die(optarg);
			break;
		default: exit(2);
		}
	}
	if (optind != argc - 1 || !depth || depth > MAX_DEPTH || !blocks)
		exit(2);
	fd = open(argv[optind], (writing ? O_RDWR : O_RDONLY) | O_DIRECT);
	if (fd < 0)
		die(argv[optind]);
	load_state(state);
	if (writing)
		return do_write(fd, rounds, mark, offset);
	ret = do_verify(fd, synced);
	if (state && !ret)
		save_state(state);
	return ret;
}
