// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the file system on a volume whole, and is there what was promised?
 *
 * Debian's User Mode Linux, a kernel that is a process, mounts the volume's contents, which makes it
 * recover the file system's own journal, and load.c in it compares the files. A mount takes it some
 * milliseconds, where a kernel under emulation takes a second. Then the file system's checker, which
 * needs no kernel, must find nothing to complain of.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "judge.h"

#define PATIENCE_MS	120000

struct judge {
	char		dir[256];
	char		type[16];
	uint64_t	seed;
	uint64_t	bytes;
	uint8_t		*slot;		/* the disk of User Mode Linux */
	pid_t		uml;
	int		to;
	int		from;
	uint64_t	files;
	FILE		*log;
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* Return: the next line that begins with '@'; the rest is the kernel's. */
static bool get_line(struct judge *j, char *line, size_t size)
{
	struct pollfd p = { .fd = j->from, .events = POLLIN };
	size_t n = 0;
	char c;

	for (;;) {
		if (poll(&p, 1, PATIENCE_MS) <= 0 || read(j->from, &c, 1) != 1)
			return false;
		fputc(c, j->log);
		if (c != '\n' && c != '\r') {
			if (n < size - 1)
				line[n++] = c;
			continue;
		}
		line[n] = '\0';
		n = 0;
		if (line[0] == '@')
			return true;
	}
}

static void run_uml(struct judge *j, int in, int out)
{
	char disk[300], root[300];

	snprintf(disk, sizeof(disk), "ubd0=%s/slot", j->dir);
	snprintf(root, sizeof(root), "rootflags=%s/root", j->dir);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		die("dup2");
	/* A group of its own: it kills its children by group when it ends. */
	setsid();
	execlp("linux.uml", "linux.uml", "mem=128M", disk, "root=/dev/root", "rootfstype=hostfs", root,
	       "rw", "init=/load", "con=null", "con0=fd:0,fd:1", "quiet", "panic=-1", (char *)NULL);
	die("linux.uml");
}

static void make_root(const struct judge *j, const char *load)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "mkdir -p '%s/root/dev' '%s/root/mnt' && cp '%s' '%s/root/load'", j->dir, j->dir,
		 load, j->dir);
	if (system(command))
		die("cannot make a root directory");
}

static void make_slot(struct judge *j)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/slot", j->dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, j->bytes))
		die(path);
	j->slot = mmap(NULL, j->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (j->slot == MAP_FAILED)
		die(path);
	close(fd);
}

/**
 * judge_start() - boot a kernel
 * @dir:   scratch directory, in memory
 * @load:  the program of load.c
 * @type:  of the file system
 * @seed:  of the promises
 * @bytes: size of the volume
 */
struct judge *judge_start(const char *dir, const char *load, const char *type, uint64_t seed,
			  uint64_t bytes)
{
	struct judge *j = calloc(1, sizeof(*j));
	int in[2], out[2];
	char line[512];

	snprintf(j->dir, sizeof(j->dir), "%s", dir);
	snprintf(j->type, sizeof(j->type), "%s", type);
	j->seed = seed;
	j->bytes = bytes;
	make_root(j, load);
	make_slot(j);
	snprintf(line, sizeof(line), "%s/uml.log", dir);
	j->log = fopen(line, "w");
	if (!j->log || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe");
	signal(SIGPIPE, SIG_IGN);
	j->uml = fork();
	if (j->uml < 0)
		die("fork");
	if (!j->uml)
		run_uml(j, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	j->to = in[1];
	j->from = out[0];
	if (!get_line(j, line, sizeof(line)) || strncmp(line, "@ready", 6)) {
		fprintf(stderr, "replay: User Mode Linux does not start, see %s/uml.log\n", dir);
		exit(2);
	}
	return j;
}

/* Only what differs: most of it is as it was. */
static void load_slot(struct judge *j, const uint8_t *contents)
{
	uint64_t at;

	for (at = 0; at < j->bytes; at += BLOCK)
		if (memcmp(j->slot + at, contents + at, BLOCK))
			memcpy(j->slot + at, contents + at, BLOCK);
}

static bool mount_and_compare(struct judge *j, const uint32_t *promised, char *why, size_t size)
{
	char line[600];
	int n = snprintf(line, sizeof(line), "%s %llu %u %u\n", j->type, (unsigned long long)j->seed,
			 promised[0], promised[1]);

	if (write(j->to, line, n) != n || !get_line(j, line, sizeof(line))) {
		snprintf(why, size, "%s: the kernel has died or hangs", j->type);
		return false;
	}
	if (strncmp(line, "@ok ", 4)) {
		snprintf(why, size, "%s: %s", j->type, line + 1);
		return false;
	}
	j->files += strtoul(line + 4, NULL, 0);
	return true;
}

/* Runs the checker; its last words go to @why. */
static bool check_file_system(struct judge *j, char *why, size_t size)
{
	char command[800], path[300];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/check.log", j->dir);
	snprintf(command, sizeof(command), "%s '%s/slot' >'%s' 2>&1",
		 strcmp(j->type, "xfs") ? "e2fsck -fn" : "xfs_repair -n -P", j->dir, path);
	if (!system(command))
		return true;
	n = snprintf(why, size, "%s is damaged: ", j->type);
	f = fopen(path, "r");
	if (f) {
		n += fread(why + n, 1, size - n - 1, f);
		fclose(f);
		why[n] = '\0';
	}
	for (n = 0; why[n]; n++)
		if (why[n] == '\n')
			why[n] = ' ';
	return false;
}

/**
 * judge_file_system() - recover it, compare, check
 * @j:        judge
 * @contents: of the volume
 * @promised: of each thread
 * @check:    run the file system's checker as well
 * @why:      receives what is wrong
 * @size:     of @why
 */
bool judge_file_system(struct judge *j, const uint8_t *contents, const uint32_t *promised,
		       bool check, char *why, size_t size)
{
	load_slot(j, contents);
	return mount_and_compare(j, promised, why, size) &&
	       (!check || check_file_system(j, why, size));
}

/** judge_files() - files compared so far */
uint64_t judge_files(const struct judge *j)
{
	return j->files;
}

/** judge_stop() - switch the machine off */
void judge_stop(struct judge *j)
{
	int i;

	close(j->to);
	for (i = 0; i < 100 && !waitpid(j->uml, NULL, WNOHANG); i++)
		usleep(20000);
	if (i == 100) {
		kill(-j->uml, SIGKILL);
		waitpid(j->uml, NULL, 0);
	}
	fclose(j->log);
}
