// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: killat [-o FILE] [-t] count COMMAND [ARGUMENT...]
 *        killat [-o FILE] [-t] N COMMAND [ARGUMENT...]
 *
 * Runs COMMAND and kills it, and all that it has started, with SIGKILL just before its N-th system
 * call that can change a file: the call does not happen. Counted are, over all its processes and
 * threads, from 1: write, pwrite, writev, rename, link, symlink, unlink, mkdir, rmdir, mknod,
 * truncate, fallocate, copy_file_range, sendfile, fsync, fdatasync, sync_file_range, msync, chmod,
 * chown, setxattr, removexattr, utimensat, FICLONE, and open with O_CREAT or O_TRUNC; not calls on
 * standard output and error, on pipes and sockets, on terminals and other character devices.
 *
 *   -t   time counts too: also before calls that wait for locks or sleep (flock, fcntl locks,
 *        nanosleep)
 *   -o   write one line for each counted call to FILE: number, process, name, descriptor's path
 *
 * count: nobody is killed; the number of calls goes to standard output as the last line,
 *        "killat: COUNT", and the exit code is that of COMMAND.
 * N:     the exit code is 137 when COMMAND was killed; that of COMMAND when it ended before; so a
 *        loop can go on until it is not 137.
 *
 * 125: wrong usage or ptrace(2) failed. Nothing but SIGKILL is injected, every other signal is
 * passed on. A test:
 *
 *	for ((n = 1; ; n++)); do
 *		rm -rf store && cp -a before store
 *		rc=0; killat $n tool change store || rc=$?
 *		tool show store | cmp - before.txt || tool show store | cmp - after.txt || fail
 *		tool change store && tool show store | cmp - after.txt || fail	# a repeat succeeds
 *		((rc == 137)) || break
 *	done
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define FAILED	125
#define KILLED	137

/* How to tell whether a call changes a file. */
enum kind {
	KIND_FD,	/* the first argument is the descriptor that it changes */
	KIND_FD3,	/* the third */
	KIND_PATH,	/* always */
	KIND_OPEN,	/* open: flags are the second argument */
	KIND_OPENAT,	/* the third */
	KIND_IOCTL,	/* cloning a file */
	KIND_LOCK,	/* -t: flock, nanosleep */
	KIND_FCNTL,	/* -t: locks */
};

static const struct call {
	long		nr;
	const char	*name;
	enum kind	kind;
} calls[] = {
#define CALL(name, kind)	{ SYS_##name, #name, kind }
	CALL(write, KIND_FD), CALL(pwrite64, KIND_FD), CALL(writev, KIND_FD),
	CALL(pwritev, KIND_FD), CALL(pwritev2, KIND_FD), CALL(ftruncate, KIND_FD),
	CALL(fallocate, KIND_FD), CALL(fsync, KIND_FD), CALL(fdatasync, KIND_FD),
	CALL(sync_file_range, KIND_FD), CALL(fchmod, KIND_FD), CALL(fchown, KIND_FD),
	CALL(fsetxattr, KIND_FD), CALL(fremovexattr, KIND_FD), CALL(sendfile, KIND_FD),
	CALL(syncfs, KIND_FD), CALL(splice, KIND_FD3), CALL(copy_file_range, KIND_FD3),
	CALL(renameat, KIND_PATH), CALL(renameat2, KIND_PATH), CALL(linkat, KIND_PATH),
	CALL(symlinkat, KIND_PATH), CALL(unlinkat, KIND_PATH), CALL(mkdirat, KIND_PATH),
	CALL(mknodat, KIND_PATH), CALL(truncate, KIND_PATH), CALL(fchmodat, KIND_PATH),
	CALL(fchownat, KIND_PATH), CALL(setxattr, KIND_PATH), CALL(lsetxattr, KIND_PATH),
	CALL(removexattr, KIND_PATH), CALL(lremovexattr, KIND_PATH),
	CALL(utimensat, KIND_PATH), CALL(msync, KIND_PATH), CALL(sync, KIND_PATH),
	CALL(openat, KIND_OPENAT), CALL(ioctl, KIND_IOCTL), CALL(flock, KIND_LOCK),
	CALL(nanosleep, KIND_LOCK), CALL(clock_nanosleep, KIND_LOCK), CALL(fcntl, KIND_FCNTL),
#ifdef SYS_open		/* architectures that have the old calls too */
	CALL(open, KIND_OPEN), CALL(creat, KIND_PATH), CALL(rename, KIND_PATH),
	CALL(link, KIND_PATH), CALL(symlink, KIND_PATH), CALL(unlink, KIND_PATH),
	CALL(mkdir, KIND_PATH), CALL(rmdir, KIND_PATH), CALL(mknod, KIND_PATH),
	CALL(chmod, KIND_PATH), CALL(chown, KIND_PATH), CALL(lchown, KIND_PATH),
#endif
#undef CALL
};

static bool with_time;
static FILE *log_file;
static unsigned long count;

static int fail(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(FAILED);
}

/* ---- which calls count ---- */

static const struct call *find_call(long nr)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

static void fd_path(pid_t pid, int fd, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	n = readlink(link, path, size - 1);
	path[n > 0 ? n : 0] = 0;
}

/* Does the descriptor lead to something that outlives the process? */
static bool is_file(pid_t pid, int fd)
{
	char link[64];
	struct stat st;

	if (fd == STDOUT_FILENO || fd == STDERR_FILENO)
		return false;
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	if (stat(link, &st))
		return false;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode);
}

static bool is_lock(unsigned long cmd)
{
	return cmd == F_SETLK || cmd == F_SETLKW || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
}

static bool counts(pid_t pid, const struct call *c, const __u64 *args)
{
	switch (c->kind) {
	case KIND_FD:
		return is_file(pid, args[0]);
	case KIND_FD3:
		return is_file(pid, args[2]);
	case KIND_PATH:
		return true;
	case KIND_OPEN:
		return args[1] & (O_CREAT | O_TRUNC);
	case KIND_OPENAT:
		return args[2] & (O_CREAT | O_TRUNC);
	case KIND_IOCTL:
		return args[1] == FICLONE || args[1] == FICLONERANGE ||
		       args[1] == FIDEDUPERANGE || args[1] == FS_IOC_SETFLAGS;
	case KIND_LOCK:
		return with_time;
	case KIND_FCNTL:
		return with_time && is_lock(args[1]);
	}
	return false;
}

static void log_call(pid_t pid, const struct call *c, const __u64 *args)
{
	char path[256] = "";

	if (!log_file)
		return;
	if (c->kind == KIND_FD)
		fd_path(pid, args[0], path, sizeof(path));
	fprintf(log_file, "%lu %d %s %s\n", count, pid, c->name, path);
	fflush(log_file);
}

/* Stopped before or behind a call. Return: true = this is the one. */
static bool at_call(pid_t pid, unsigned long limit)
{
	struct ptrace_syscall_info info;
	const struct call *c;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0) {
		if (errno == ESRCH)
			return false;
		fail("PTRACE_GET_SYSCALL_INFO");
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	c = find_call(info.entry.nr);
	if (!c || !counts(pid, c, info.entry.args))
		return false;
	count++;
	log_call(pid, c, info.entry.args);
	return count == limit;
}

/* ---- the processes ---- */

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;
	/* A group of its own: one signal reaches all of them. */
	setpgid(0, 0);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		fail("PTRACE_TRACEME");
	raise(SIGSTOP);
	execvp(argv[0], argv);
	fail(argv[0]);
	return 0;
}

static void adopt(pid_t pid)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		fail("the command did not start");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options))
		fail("PTRACE_SETOPTIONS");
	if (ptrace(PTRACE_SYSCALL, pid, NULL, 0))
		fail("PTRACE_SYSCALL");
}

/* A command that daemonises leaves its group; PTRACE_O_EXITKILL gets those when we exit. */
static void kill_all(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

/* The signal that a stopped process shall get when it goes on. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80) || status >> 16)
		return 0;
	/* New processes begin with it. */
	return sig == SIGSTOP ? 0 : sig;
}

static int trace(pid_t command, unsigned long limit)
{
	int status, result = FAILED;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == command)
				result = WIFEXITED(status) ? WEXITSTATUS(status) :
							     128 + WTERMSIG(status);
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && at_call(pid, limit)) {
			kill_all(command);
			return KILLED;
		}
		/* ESRCH: it is being killed by somebody else. */
		if (ptrace(PTRACE_SYSCALL, pid, NULL, signal_of(status)) && errno != ESRCH)
			fail("PTRACE_SYSCALL");
	}
	return result;
}

static int wrong_usage(void)
{
	fputs("usage: killat [-o FILE] [-t] count|N COMMAND [ARGUMENT...]\n", stderr);
	return FAILED;
}

int main(int argc, char **argv)
{
	unsigned long limit = 0;
	bool counting;
	char *end;
	pid_t pid;
	int opt, ret;

	while ((opt = getopt(argc, argv, "+o:t")) != -1) {
		if (opt == 't') {
			with_time = true;
		} else if (opt == 'o') {
			log_file = fopen(optarg, "we");
			if (!log_file)
				fail(optarg);
		} else {
			return wrong_usage();
		}
	}
	if (argc - optind < 2)
		return wrong_usage();
	counting = !strcmp(argv[optind], "count");
	if (!counting) {
		limit = strtoul(argv[optind], &end, 10);
		if (!limit || *end)
			return wrong_usage();
	}
	pid = start(argv + optind + 1);
	adopt(pid);
	ret = trace(pid, limit);
	if (counting)
		printf("killat: %lu\n", count);
	return ret;
}
