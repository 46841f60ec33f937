// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File system exerciser: does random things to a file and to a copy of it in memory, and compares.
 *
 *   fsx SEED OPS FILE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_SIZE (512 << 10)

static uint8_t model[MAX_SIZE], buf[MAX_SIZE];
static size_t size;
static const char *path;
static uint64_t rng;
static long op;
static int fd;

static uint32_t rnd(uint32_t below)
{
	rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (rng >> 33) % below;
}

static void die(const char *what)
{
	fprintf(stderr, "fsx: op %ld: %s: %s\n", op, what, strerror(errno));
	exit(1);
}

static void check(const char *how, size_t off, size_t len)
{
	size_t i;

	if (!memcmp(buf, model + off, len))
		return;
	for (i = 0; buf[i] == model[off + i]; i++)
		;
	fprintf(stderr, "fsx: op %ld: %s at %zu: byte %zu is %02x, not %02x\n", op, how, off, off + i,
		buf[i], model[off + i]);
	exit(1);
}

static void do_write(size_t off, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = rnd(256);
	if (pwrite(fd, buf, len, off) != (ssize_t)len)
		die("write");
	memcpy(model + off, buf, len);
	if (off + len > size)
		size = off + len;
}

static void do_read(size_t off, size_t len)
{
	if (pread(fd, buf, len, off) != (ssize_t)len)
		die("read");
	check("read", off, len);
}

static void do_map(size_t off, size_t len, int writing)
{
	size_t start = off & ~4095UL, i;
	uint8_t *p = mmap(NULL, off + len - start, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);

	if (p == MAP_FAILED)
		die("mmap");
	if (writing)
		for (i = 0; i < len; i++)
			p[off - start + i] = model[off + i] = rnd(256);
	memcpy(buf, p + off - start, len);
	check("mmap", off, len);
	munmap(p, off + len - start);
}

static void do_truncate(size_t to)
{
	if (ftruncate(fd, to))
		die("truncate");
	if (to < size)
		memset(model + to, 0, size - to);
	size = to;
}

static void do_punch(size_t off, size_t len)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len))
		die("punch");
	memset(model + off, 0, len);
}

/* Away with the page cache: what follows comes from the disk. */
static void do_sync(void)
{
	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("sync");
	close(fd);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die("reopen");
}

int main(int argc, char **argv)
{
	long ops = argc == 4 ? atol(argv[2]) : 0;
	size_t off, len;

	if (argc != 4)
		return 2;
	rng = strtoull(argv[1], NULL, 0);
	path = argv[3];
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		die(path);
	for (op = 0; op < ops; op++) {
		unsigned int what = rnd(16);

		off = rnd(MAX_SIZE);
		len = 1 + rnd(rnd(4) ? 9000 : 65536);
		if (what > 4)	/* these stay inside the file */
			off = size ? off % size : 0;
		if (off + len > (what > 4 ? size : MAX_SIZE))
			len = (what > 4 ? size : MAX_SIZE) - off;
		if (!len)
			continue;
		switch (what) {
		case 0 ... 4: do_write(off, len); break;
		case 5 ... 8: do_read(off, len); break;
		case 9: do_map(off, len, 0); break;
		case 10 ... 11: do_map(off, len, 1); break;
		case 12: do_truncate(rnd(MAX_SIZE)); break;
		case 13: do_punch(off, len); break;
		default: do_sync(); break;
		}
	}
	do_sync();
	do_read(0, size);
	printf("%ld ops, %zu bytes\n", ops, size);
	return 0;
}
