// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In a guest: the kernel opens one LUN after the other, as crashes have left them (states.h), and
 * must see in the volume what replay.c has seen there. A process that lives for all of them, since
 * starting programs is what takes an emulated machine most of the time.
 *
 * usage: kernel STATES LUN LENGTH TABLE TYPE SEED
 *
 * LUN is a file that holds the LUN before the recording; the kernel knows it as the device in the
 * table line, of which LENGTH and TABLE are parts. The file system, of TYPE, is mounted in one state
 * of 16, and compared with the promises by "load verify" (SEED). Prints "bad state N: ..."; at the
 * end "total ...".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "states.h"

#define VOLUME	"/dev/replayed"
#define MOUNT	"/mnt/a"
#define PIECE_BYTES	(1 << 20)

static union {
	struct dm_ioctl	h;
	char		bytes[16384];
} buf;

static struct {
	const char	*states, *length, *table, *type, *seed;
} cfg;

static int lun_fd;
static uint8_t *lun, *image;	/* the LUN, and as it was before the kernel has written to it */
static size_t lun_bytes;
static unsigned int opened, inside, bad_states;

static void die(const char *what)
{
	fprintf(stderr, "kernel: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- device mapper ---- */

static bool dm(unsigned long request, uint32_t flags)
{
	static int control = -1;

	if (control < 0)
		control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	buf.h.version[0] = DM_VERSION_MAJOR;
	buf.h.data_size = sizeof(buf);
	buf.h.data_start = sizeof(buf.h);
	buf.h.flags = flags;
	strcpy(buf.h.name, "replayed");
	return !ioctl(control, request, &buf);
}

static bool dm_simple(unsigned long request)
{
	memset(&buf, 0, sizeof(buf));
	return dm(request, 0);
}

static bool open_volume(void)
{
	struct dm_target_spec *t = (void *)(buf.bytes + sizeof(buf.h));

	if (!dm_simple(DM_DEV_CREATE))
		return false;
	unlink(VOLUME);
	if (mknod(VOLUME, S_IFBLK | 0600, makedev(major(buf.h.dev), minor(buf.h.dev))))
		die(VOLUME);
	memset(&buf, 0, sizeof(buf));
	buf.h.target_count = 1;
	t->length = strtoull(cfg.length, NULL, 0);
	strcpy(t->target_type, "warrant");
	strcpy((char *)(t + 1), cfg.table);
	return dm(DM_TABLE_LOAD, 0) && dm_simple(DM_DEV_SUSPEND);	/* resumes */
}

/* See dm-warrant.rst: checkpoints and more, and at the end mismatches, recovered, lost. */
static bool status_is(uint32_t recovered, char *why, size_t size)
{
	unsigned int got, mismatches, lost;
	char mode[4], *text;

	if (!dm_simple(DM_TABLE_STATUS))
		die("status");
	text = buf.bytes + buf.h.data_start + sizeof(struct dm_target_spec);
	if (sscanf(text, "%3s %*s %*s %*s %*s %u %u %u", mode, &mismatches, &got, &lost) == 4 &&
	    !strcmp(mode, "rw") && got == recovered && !mismatches && !lost)
		return true;
	snprintf(why, size, "status %s, of %u sectors settled", text, recovered);
	return false;
}

/* ---- states ---- */

static void map_lun(const char *path)
{
	struct stat st;

	lun_fd = open(path, O_RDWR | O_CLOEXEC);
	if (lun_fd < 0 || fstat(lun_fd, &st))
		die(path);
	lun_bytes = st.st_size;
	lun = mmap(NULL, lun_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, lun_fd, 0);
	image = malloc(lun_bytes);
	if (lun == MAP_FAILED || pread(lun_fd, image, lun_bytes, 0) != (ssize_t)lun_bytes)
		die(path);
}

/* Most of the LUN is a hole: nobody has written there. */
static void restore_lun(void)
{
	off_t at, end;

	for (at = 0; (at = lseek(lun_fd, at, SEEK_DATA)) >= 0; ) {
		end = lseek(lun_fd, at, SEEK_HOLE);
		for (; at < end; at += BLOCK)
			if (memcmp(lun + at, image + at, BLOCK))
				memcpy(lun + at, image + at, BLOCK);
	}
}

/* Return: false at the end */
static bool next_state(FILE *states, struct state_head *head)
{
	struct state_block b;
	uint32_t i;

	if (fread(head, sizeof(*head), 1, states) != 1)
		return false;
	for (i = 0; i < head->blocks; i++) {
		if (fread(&b, sizeof(b), 1, states) != 1 || b.number >= lun_bytes / BLOCK)
			die(cfg.states);
		memcpy(image + b.number * BLOCK, b.data, BLOCK);
		memcpy(lun + b.number * BLOCK, b.data, BLOCK);
	}
	restore_lun();
	return true;
}

static bool contents_are(uint64_t digest, char *why, size_t size)
{
	static uint8_t *piece;
	uint64_t sum = DIGEST_START;
	int fd = open(VOLUME, O_RDONLY | O_DIRECT | O_CLOEXEC);
	ssize_t n, at;

	if (fd < 0)
		die(VOLUME);
	if (!piece)
		piece = aligned_alloc(BLOCK, PIECE_BYTES);
	while ((n = read(fd, piece, PIECE_BYTES)) > 0)
		for (at = 0; at < n; at += BLOCK)
			sum = digest_add_block(sum, piece + at);
	if (n < 0)
		snprintf(why, size, "cannot be read: %s", strerror(errno));
	else if (sum != digest)
		snprintf(why, size, "the core has read something else there");
	close(fd);
	return !n && sum == digest;
}

static bool files_are(const struct state_head *head, char *why, size_t size)
{
	char command[256];
	int status;

	inside++;
	if (mount(VOLUME, MOUNT, cfg.type, 0, NULL)) {
		snprintf(why, size, "%s cannot be mounted: %s", cfg.type, strerror(errno));
		return false;
	}
	snprintf(command, sizeof(command), "load verify %s %s %u %u", MOUNT, cfg.seed,
		 head->promised[0], head->promised[1]);
	fflush(stdout);
	status = system(command);
	if (status)
		snprintf(why, size, "the file system does not hold what was synced");
	if (umount(MOUNT))
		die("umount");
	return !status;
}

static void open_state(const struct state_head *head)
{
	char why[512];
	bool ok = open_volume();

	if (!ok)
		snprintf(why, sizeof(why), "does not open: %s", strerror(errno));
	else
		ok = status_is(head->recovered, why, sizeof(why)) &&
		     contents_are(head->digest, why, sizeof(why)) &&
		     (opened % 16 || files_are(head, why, sizeof(why)));
	if (!dm_simple(DM_DEV_REMOVE))
		die("remove");
	if (ok)
		return;
	printf("bad state %u: the kernel: %s\n", head->number, why);
	bad_states++;
}

int main(int argc, char **argv)
{
	struct state_head head;
	time_t told = time(NULL);
	FILE *states;

	if (argc != 7)
		return 2;
	cfg.states = argv[1];
	cfg.length = argv[3];
	cfg.table = argv[4];
	cfg.type = argv[5];
	cfg.seed = argv[6];
	map_lun(argv[2]);
	states = fopen(cfg.states, "re");
	if (!states)
		die(cfg.states);
	while (bad_states < 5 && next_state(states, &head)) {
		opened++;
		open_state(&head);
		if (time(NULL) - told >= 20) {
			told = time(NULL);
			printf("# %s: the kernel has opened %u LUNs\n", cfg.type, opened);
			fflush(stdout);
		}
	}
	printf("total %u opened, %u mounted, %u bad\n", opened, inside, bad_states);
	return !opened || bad_states;
}
