// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs do that must not lose data, telling after each step what is durable now; and a
 * judge who knows what must then be found.
 *
 *   load run DIR DISK:OFFSET SEED OPS	do it in DIR, on the file system there; tell on the disk
 *   load verify DIR SEED P0 P1		is all there that was promised?
 *   load					the first process of User Mode Linux: see judge()
 *
 * THREADS threads work at the same time, each in a directory of its own, each op in the way that is
 * to be relied on (append and fsync, write aside and rename over, O_DSYNC ...). When op k of a thread
 * has returned, "k + 1" is written to the thread's place behind the volume: that is a promise. All
 * of it follows from the seed, so that the promises alone tell what every file must hold: what the
 * ops before left, and of the one that was under way any stage in which its idiom may leave things.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "replay.h"

#define PAGE		4096
#define FILES		6		/* and the slab: always there, always of one size */
#define SLAB		FILES
#define SLAB_BYTES	(16 * PAGE)
#define MOST_BYTES	(12 * PAGE)
#define NOISE_BYTES	(1 << 20)

enum kind { APPEND, REPLACE, OVERWRITE, DSYNC, DIRECT, TRUNCATE, UNLINK };

static const char *const kinds[] = {
	"append", "replace", "overwrite", "O_DSYNC", "O_DIRECT|O_DSYNC", "truncate", "unlink",
};

struct file {
	bool		there;
	uint32_t	size;
	uint8_t		data[SLAB_BYTES];
};

/* Where a thread is: the contents of its files after @done ops. */
struct model {
	unsigned int	thread;
	uint64_t	seed;
	uint32_t	done;
	struct file	files[FILES + 1];
};

struct op {
	enum kind	kind;
	unsigned int	file;
	uint32_t	offset;
	uint32_t	length;
	uint64_t	random;		/* of its data */
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static void fill(uint8_t *p, uint32_t n, uint64_t x)
{
	for (; n; n--, p++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		*p = x >> 56 | 1;	/* never zero: a hole is no data */
	}
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- the model ---- */

static void model_init(struct model *m, unsigned int thread, uint64_t seed)
{
	struct file *slab = &m->files[SLAB];

	memset(m, 0, sizeof(*m));
	m->thread = thread;
	m->seed = mix(seed * THREADS + thread);
	slab->there = true;
	slab->size = SLAB_BYTES;
	fill(slab->data, SLAB_BYTES, m->seed);
}

/* The thread's next op. */
static struct op next_op(const struct model *m)
{
	uint64_t x = mix(m->seed + m->done + 1);
	struct op op = { .file = x % FILES, .random = mix(x + 1) };
	const struct file *f = &m->files[op.file];
	uint32_t n = 1 + (x >> 8) % (4 * PAGE);

	op.kind = (x >> 24) % 8;
	if (op.kind == DIRECT || op.kind > UNLINK) {
		op.kind = DIRECT;
		op.file = SLAB;
		op.offset = (x >> 32) % (SLAB_BYTES / PAGE - 3) * PAGE;
		op.length = (1 + (x >> 48) % 3) * PAGE;
	} else if (op.kind == REPLACE) {
		op.length = n;
	} else if (!f->there || !f->size || op.kind == APPEND) {
		op.kind = APPEND;
		op.offset = f->size;
		op.length = n;
		if (f->size + n > MOST_BYTES) {
			op.kind = TRUNCATE;
			op.length = (x >> 32) % f->size;
		}
	} else if (op.kind == TRUNCATE) {
		op.length = (x >> 32) % f->size;
	} else if (op.kind != UNLINK) {
		op.offset = (x >> 32) % f->size;
		op.length = n < f->size - op.offset ? n : f->size - op.offset;
	}
	return op;
}

/* What the op makes of its file. */
static void apply(struct file *f, const struct op *op)
{
	switch (op->kind) {
	case UNLINK:
		f->there = false;
		f->size = 0;
		return;
	case TRUNCATE:
		f->size = op->length;
		return;
	case REPLACE:
		f->size = 0;
		break;
	default:
		break;
	}
	f->there = true;
	fill(f->data + op->offset, op->length, op->random);
	if (f->size < op->offset + op->length)
		f->size = op->offset + op->length;
}

static void advance(struct model *m, uint32_t done)
{
	struct op op;

	for (; m->done < done; m->done++) {
		op = next_op(m);
		apply(&m->files[op.file], &op);
	}
}

static void name_of(char *path, size_t n, const char *dir, unsigned int thread, unsigned int file)
{
	snprintf(path, n, "%s/t%u/%c", dir, thread, file == SLAB ? 's' : 'a' + file);
}

/* ---- doing it ---- */

static void write_all(int fd, const uint8_t *data, uint32_t n, uint64_t offset)
{
	if (pwrite(fd, data, n, offset) != (ssize_t)n)
		die("write");
}

static void sync_path(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0 || fsync(fd) || close(fd))
		die(path);
}

static void put_file(const char *path, const struct op *op, const uint8_t *data, int flags)
{
	int fd = open(path, O_WRONLY | flags, 0600);

	if (fd < 0)
		die(path);
	write_all(fd, data, op->length, op->offset);
	if (op->kind == OVERWRITE ? fdatasync(fd) : flags & O_DSYNC ? 0 : fsync(fd))
		die("fsync");
	if (close(fd))
		die("close");
}

static void perform(const char *root, struct model *m, const struct op *op, uint8_t *buf)
{
	char path[256], aside[300], dir[256];
	bool is_new = !m->files[op->file].there;

	name_of(path, sizeof(path), root, m->thread, op->file);
	snprintf(aside, sizeof(aside), "%s.new", path);
	snprintf(dir, sizeof(dir), "%s/t%u", root, m->thread);
	fill(buf, op->length, op->random);
	switch (op->kind) {
	case APPEND:
		put_file(path, op, buf, O_CREAT);
		if (is_new)
			sync_path(dir, O_RDONLY);
		break;
	case REPLACE:
		put_file(aside, op, buf, O_CREAT | O_TRUNC);
		if (rename(aside, path))
			die("rename");
		sync_path(dir, O_RDONLY);
		break;
	case OVERWRITE:
		put_file(path, op, buf, 0);
		break;
	case DSYNC:
		put_file(path, op, buf, O_DSYNC);
		break;
	case DIRECT:
		put_file(path, op, buf, O_DIRECT | O_DSYNC);
		break;
	case TRUNCATE:
		if (truncate(path, op->length))
			die("truncate");
		sync_path(path, O_WRONLY);
		break;
	case UNLINK:
		if (unlink(path))
			die("unlink");
		sync_path(dir, O_RDONLY);
		break;
	}
}

static const char *run_dir;
static int disk, noise;
static uint64_t disk_offset, run_seed;
static uint32_t run_ops;

/* Without a flush, and without FUA: telling must not make anything durable. */
static void promise(unsigned int thread, uint32_t done, char *buf)
{
	memset(buf, 0, PAGE);
	snprintf(buf, PAGE, PROMISE_FORMAT, thread, done);
	if (pwrite(disk, buf, PAGE, disk_offset + (uint64_t)thread * PAGE) != PAGE)
		die("promise");
}

/* Writes that nobody waits for are on their way at the same time. */
static void make_noise(uint64_t x, uint8_t *buf)
{
	fill(buf, 3 * PAGE, x);
	write_all(noise, buf, 3 * PAGE, x % (NOISE_BYTES - 3 * PAGE));
	if (x >> 62 == 0)
		sync_file_range(noise, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void *work(void *arg)
{
	struct model *m = calloc(1, sizeof(*m));
	char *mark = aligned_alloc(PAGE, PAGE);
	uint8_t *buf = aligned_alloc(PAGE, SLAB_BYTES);
	struct op op;

	model_init(m, (uintptr_t)arg, run_seed);
	while (m->done < run_ops) {
		op = next_op(m);
		perform(run_dir, m, &op, buf);
		advance(m, m->done + 1);
		promise(m->thread, m->done, mark);
		if (m->done % 2)
			make_noise(mix(op.random), buf);
	}
	return NULL;
}

static void prepare(unsigned int thread)
{
	static struct model m;
	char path[256];
	int fd;

	model_init(&m, thread, run_seed);
	snprintf(path, sizeof(path), "%s/t%u", run_dir, thread);
	if (mkdir(path, 0700))
		die(path);
	name_of(path, sizeof(path), run_dir, thread, SLAB);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		die(path);
	write_all(fd, m.files[SLAB].data, SLAB_BYTES, 0);
	close(fd);
}

static int run(char **argv)
{
	char *colon = strchr(argv[1], ':'), *mark = aligned_alloc(PAGE, PAGE), path[256];
	pthread_t threads[THREADS];
	uintptr_t i;

	if (!colon)
		return 2;
	*colon = '\0';
	run_dir = argv[0];
	disk_offset = strtoull(colon + 1, NULL, 0);
	run_seed = strtoull(argv[2], NULL, 0);
	run_ops = strtoul(argv[3], NULL, 0);
	disk = open(argv[1], O_WRONLY | O_DIRECT);
	snprintf(path, sizeof(path), "%s/noise", run_dir);
	noise = open(path, O_RDWR | O_CREAT, 0600);
	if (disk < 0 || noise < 0 || ftruncate(noise, NOISE_BYTES))
		die(path);
	for (i = 0; i < THREADS; i++)
		prepare(i);
	sync();
	for (i = 0; i < THREADS; i++)
		promise(i, 0, mark);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i))
			die("thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* ---- judging ---- */

static char why[512];
static unsigned int files_seen;

static bool bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return false;
}

/* Return: false when it cannot be read; a file that is not there is one that can. */
static bool read_file(const char *path, struct file *f)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	f->there = fd >= 0;
	f->size = 0;
	if (fd < 0)
		return errno == ENOENT ? true : bad("%s: %s", path, strerror(errno));
	while (f->size < sizeof(f->data)) {
		n = read(fd, f->data + f->size, sizeof(f->data) - f->size);
		if (n < 0) {
			close(fd);
			return bad("%s: %s", path, strerror(errno));
		}
		if (!n)
			break;
		f->size += n;
	}
	close(fd);
	files_seen++;
	return true;
}

static bool is_same(const struct file *a, const struct file *b)
{
	return a->there == b->there && a->size == b->size && !memcmp(a->data, b->data, a->size);
}

/* Each page is either the old one or the new one. */
static bool is_mixture(const struct file *f, const struct file *old, const struct file *new)
{
	uint32_t at, n;

	if (!f->there || f->size != old->size)
		return false;
	for (at = 0; at < f->size; at += PAGE) {
		n = f->size - at < PAGE ? f->size - at : PAGE;
		if (memcmp(f->data + at, old->data + at, n) && memcmp(f->data + at, new->data + at, n))
			return false;
	}
	return true;
}

/*
 * What was there is; of what is new, the size may be there before the data (ext4 allocates first and
 * fills then), and each page is zeros or the new one.
 */
static bool is_growing(const struct file *f, const struct file *old, const struct file *new)
{
	static const uint8_t zeros[PAGE];
	uint32_t at, n;

	if (!f->there || f->size < old->size || f->size > new->size ||
	    memcmp(f->data, old->data, old->size))
		return false;
	for (at = old->size; at < f->size; at += n) {
		n = PAGE - at % PAGE;
		if (n > f->size - at)
			n = f->size - at;
		if (memcmp(f->data + at, zeros, n) && memcmp(f->data + at, new->data + at, n))
			return false;
	}
	return true;
}

/* ext4 clears the rest of the last page on the disk before the file gets shorter. */
static bool is_cleared(const struct file *f, const struct file *old, uint32_t size)
{
	static struct file expected;
	uint32_t end = (size + PAGE - 1) / PAGE * PAGE;

	expected = *old;
	if (end > old->size)
		end = old->size;
	memset(expected.data + size, 0, end - size);
	return is_same(f, &expected);
}

/* May the file be like that while the op is under way? */
static bool is_stage(const struct file *f, const struct file *old, const struct file *new,
		     const struct op *op)
{
	if (is_same(f, old) || is_same(f, new))
		return true;
	switch (op->kind) {
	case APPEND:
		return is_growing(f, old, new);
	case OVERWRITE:
	case DSYNC:
	case DIRECT:
		return is_mixture(f, old, new);
	case TRUNCATE:
		return is_cleared(f, old, op->length);
	default:
		return false;
	}
}

static bool verify_file(const char *root, const struct model *m, unsigned int i,
			const struct op *op)
{
	static struct file f, new;
	const struct file *old = &m->files[i];
	char path[256];
	uint32_t at;

	name_of(path, sizeof(path), root, m->thread, i);
	if (!read_file(path, &f))
		return false;
	if (i == op->file) {
		new = *old;
		apply(&new, op);
		if (is_stage(&f, old, &new, op))
			return true;
	} else if (is_same(&f, old)) {
		return true;
	}
	for (at = 0; at < f.size && at < old->size && f.data[at] == old->data[at]; at++)
		;
	return bad("%s after op %u (next: %s of %c): %s of %u bytes, promised was %s of %u, the first %u fit",
		   path, m->done, kinds[op->kind], op->file == SLAB ? 's' : 'a' + op->file,
		   f.there ? "a file" : "no file", f.size, old->there ? "one" : "none", old->size, at);
}

/* Nothing but the files themselves, and what is to replace one. */
static bool verify_names(const char *root, const struct model *m, const struct op *op)
{
	char dir[256], aside[8] = "";
	struct dirent *e;
	DIR *d;
	bool ok = true;

	snprintf(dir, sizeof(dir), "%s/t%u", root, m->thread);
	if (op->kind == REPLACE)
		snprintf(aside, sizeof(aside), "%c.new", 'a' + op->file);
	d = opendir(dir);
	if (!d)
		return bad("%s: %s", dir, strerror(errno));
	while (ok && (e = readdir(d)))
		if (e->d_name[0] != '.' && e->d_name[1] && strcmp(e->d_name, aside))
			ok = bad("%s/%s: where does it come from?", dir, e->d_name);
	closedir(d);
	return ok;
}

static bool verify_thread(const char *root, struct model *m, uint32_t promised)
{
	struct op op;
	unsigned int i;

	advance(m, promised);
	op = next_op(m);
	for (i = 0; i <= SLAB; i++)
		if (!verify_file(root, m, i, &op))
			return false;
	return verify_names(root, m, &op);
}

/* Promised or not: what is there can be read. */
static bool verify_noise(const char *root)
{
	static struct file f;
	char path[256];

	snprintf(path, sizeof(path), "%s/noise", root);
	return read_file(path, &f);
}

/* Promises only ever grow, but for images of an earlier moment. */
static bool verify(const char *root, uint64_t seed, const uint32_t *promised)
{
	static struct model models[THREADS];
	static bool begun;
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		if (!begun || models[i].done > promised[i])
			model_init(&models[i], i, seed);
		if (!verify_thread(root, &models[i], promised[i]))
			return false;
	}
	begun = true;
	return verify_noise(root);
}

/* ---- in User Mode Linux ---- */

/* What the kernel has to say about the file system since the last time. */
static bool kernel_is_content(int kmsg)
{
	static const char *const words[] = {
		"EXT4-fs error", "EXT4-fs warning", "orrupt", "I/O error", "BUG:", "WARNING:",
		"Metadata CRC", "xfs_do_force_shutdown",
	};
	char line[1024];
	bool ok = true;
	ssize_t n;
	size_t i;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		for (i = 0; i < sizeof(words) / sizeof(*words) && ok; i++)
			if (strstr(line, words[i]))
				ok = bad("kernel: %.400s", strrchr(line, ';') ?: line);
	}
	return ok;
}

static bool judge_one(const char *type, uint64_t seed, const uint32_t *promised)
{
	bool ok;

	if (mount("/dev/ubda", "/mnt", type, 0, NULL))
		return bad("cannot be mounted: %s", strerror(errno));
	ok = verify("/mnt", seed, promised);
	if (umount("/mnt"))
		return bad("cannot be unmounted: %s", strerror(errno));
	return ok;
}

/*
 * Lines come in on standard input: "<type> <seed> <promises>"; a line goes out for each: "@ok
 * <files>", or "@bad <why>". The file system is on the first disk; it is mounted, which makes the
 * kernel recover it, compared and unmounted.
 */
static int judge(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char line[256], type[16];
	uint32_t promised[THREADS];
	unsigned long long seed;
	struct termios t;
	bool ok;

	if (!tcgetattr(0, &t)) {
		cfmakeraw(&t);
		tcsetattr(0, TCSANOW, &t);
	}
	kernel_is_content(kmsg);
	printf("@ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %llu %u %u", type, &seed, &promised[0], &promised[1]) != 4)
			break;
		files_seen = 0;
		ok = judge_one(type, seed, promised);
		if (!kernel_is_content(kmsg))
			ok = false;
		if (ok)
			printf("@ok %u\n", files_seen);
		else
			printf("@bad %s\n", why);
		fflush(stdout);
	}
	reboot(RB_POWER_OFF);
	return 0;
}

/* ---- all ---- */

static int verify_once(char **argv)
{
	uint32_t promised[THREADS] = { strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0) };

	if (verify(argv[0], strtoull(argv[1], NULL, 0), promised))
		return 0;
	printf("%s\n", why);
	return 1;
}

int main(int argc, char **argv)
{
	static_assert(THREADS == 2, "promises are read in pairs");
	if (getpid() == 1)
		return judge();
	if (argc == 6 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "verify"))
		return verify_once(argv + 2);
	fprintf(stderr, "usage: load run|verify ...\n");
	return 2;
}
