// SPDX-License-Identifier: GPL-2.0-or-later
/* Who keeps a registry locked. */
#include <sys/sysmacros.h>
#include <unistd.h>

#include "registry_sqlite.h"

/* One line of proc_locks(5). Return: the process that has a lock on the file; 0 = not this line. */
static int line_owner(const char *line, const struct stat *st)
{
	unsigned int major, minor;
	unsigned long long inode;
	int pid;

	if (sscanf(line, "%*u: POSIX %*s %*s %d %x:%x:%llu", &pid, &major, &minor, &inode) != 4)
		return 0;
	return inode == st->st_ino && makedev(major, minor) == st->st_dev && pid != getpid() ?
		pid : 0;
}

static int find_owner(const struct stat *st)
{
	FILE *f = fopen("/proc/locks", "re");
	char line[256];
	int pid = 0;

	/*
	 * Not F_GETLK: closing the descriptor that it would need drops all locks that this process
	 * has on the file.
	 */
	while (f && !pid && fgets(line, sizeof(line), f))
		pid = line_owner(line, st);
	if (f)
		fclose(f);
	return pid;
}

static void process_name(int pid, char *text, size_t size)
{
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(text, size, f))
		text[0] = 0;
	if (f)
		fclose(f);
	text[strcspn(text, "\n")] = 0;
}

/** lib_sqlite_lock_owner() - for people: "process 4711 (warrantctl)" */
void lib_sqlite_lock_owner(const char *path, char *text, size_t size)
{
	struct stat st;
	char name[32];
	int pid = stat(path, &st) ? 0 : find_owner(&st);

	if (!pid) {
		lib_copy(text, size, "another process, perhaps of another host");
		return;
	}
	process_name(pid, name, sizeof(name));
	snprintf(text, size, "process %d%s%s%s", pid, name[0] ? " (" : "", name,
		 name[0] ? ")" : "");
}
