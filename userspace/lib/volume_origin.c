// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which registry an open volume was opened from: closing it must tell that one, whatever is
 * configured meanwhile, and must not take it for a volume without warrant when it does not answer.
 */
#include <fcntl.h>
#include <unistd.h>

#include "warrant_volume.h"

#define SUFFIX	".registry"

/** lib_origin_write() - remember the registry's URI until the next boot */
int lib_origin_write(struct libdmwarrant *ctx, const u8 *uuid, const char *registry)
{
	char path[128], temporary[160];
	int ret = lib_run_file(ctx, uuid, SUFFIX, path, sizeof(path));
	ssize_t n;
	int fd;

	if (ret)
		return ret;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return lib_fail(ctx, -errno, "cannot make %s: %s", temporary, strerror(errno));
	n = write(fd, registry, strlen(registry));
	close(fd);
	if (n != (ssize_t)strlen(registry) || rename(temporary, path)) {
		unlink(temporary);
		return lib_fail(ctx, -EIO, "cannot write %s: is " LIB_RUN_DIR " full?", path);
	}
	return 0;
}

/** lib_origin_read() - put it into a configuration. Return: is there one? */
bool lib_origin_read(const u8 *uuid, struct libdmwarrant_config *config)
{
	char path[128], text[sizeof(config->registry)];
	ssize_t n;
	int fd;

	if (lib_run_file(NULL, uuid, SUFFIX, path, sizeof(path)))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	lib_copy(config->registry, sizeof(config->registry), text);
	return true;
}

void lib_origin_remove(const u8 *uuid)
{
	char path[128];

	if (!lib_run_file(NULL, uuid, SUFFIX, path, sizeof(path)))
		unlink(path);
}
