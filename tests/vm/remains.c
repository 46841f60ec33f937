// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the kernel's memory still hold what was read?
 *
 *   remains put DEVICE COUNT	write COUNT sectors that nothing else looks like
 *   remains get DEVICE COUNT	read and compare them
 *   remains count		pages of the kernel's memory that look like them; prints the number
 *
 * This program keeps no such sector in its own memory: freed pages are not wiped.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR	4096
#define WORDS	(SECTOR / sizeof(uint64_t))
#define MAX	128

static uint64_t buffer[MAX * WORDS] __attribute__((aligned(SECTOR)));

/* Computed each time, so that a page that begins with these is a copy of a sector. */
static uint64_t word(unsigned int i)
{
	uint64_t x = (i + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	return x ^ (x >> 27);
}

static int die(const char *what)
{
	perror(what);
	return 1;
}

static int put(int fd, unsigned int count)
{
	unsigned int i;
	ssize_t n;

	for (i = 0; i < count * WORDS; i++)
		buffer[i] = word(i % WORDS);
	n = pwrite(fd, buffer, count * SECTOR, 0);
	explicit_bzero(buffer, sizeof(buffer));
	return n == (ssize_t)count * SECTOR ? 0 : die("write");
}

static int get(int fd, unsigned int count)
{
	ssize_t n = pread(fd, buffer, count * SECTOR, 0);
	unsigned int i, wrong = 0;

	for (i = 0; i < count * WORDS; i++)
		wrong += buffer[i] != word(i % WORDS);
	explicit_bzero(buffer, sizeof(buffer));
	if (n != (ssize_t)count * SECTOR)
		return die("read");
	if (wrong)
		fprintf(stderr, "%u words differ\n", wrong);
	return wrong != 0;
}

static unsigned long count_in(int fd, const Elf64_Phdr *p)
{
	unsigned long found = 0;
	uint64_t w[2], at;

	for (at = 0; at < p->p_filesz; at += SECTOR)
		if (pread(fd, w, sizeof(w), p->p_offset + at) == sizeof(w))
			found += w[0] == word(0) && w[1] == word(1);
	return found;
}

static int count_pages(void)
{
	int fd = open("/proc/kcore", O_RDONLY);
	unsigned long found = 0;
	Elf64_Ehdr e;
	Elf64_Phdr p;
	unsigned int i;

	if (fd < 0 || pread(fd, &e, sizeof(e), 0) != sizeof(e))
		return die("/proc/kcore");
	for (i = 0; i < e.e_phnum; i++) {
		if (pread(fd, &p, sizeof(p), e.e_phoff + i * sizeof(p)) != sizeof(p))
			return die("/proc/kcore");
		/* what has a physical address is memory */
		if (p.p_type == PT_LOAD && p.p_paddr != UINT64_MAX)
			found += count_in(fd, &p);
	}
	printf("%lu\n", found);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int count;
	int fd;

	if (argc == 2 && !strcmp(argv[1], "count"))
		return count_pages();
	count = argc == 4 ? atoi(argv[3]) : 0;
	if (!count || count > MAX)
		return 2;
	fd = open(argv[2], O_RDWR | O_DIRECT);
	if (fd < 0)
		return die(argv[2]);
	return strcmp(argv[1], "put") ? get(fd, count) : put(fd, count);
}
