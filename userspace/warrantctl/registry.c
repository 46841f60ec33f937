// SPDX-License-Identifier: GPL-2.0-or-later
/* The registry that a command works on, and records given as files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define TEXT_MAX	(4U << 20)	/* bytes of a file with a record */

int cli_config(struct cli *c, struct libdmwarrant_config *config)
{
	memset(config, 0, sizeof(*config));
	config->version = LIBDMWARRANT_CONFIG_VERSION;
	return libdmwarrant_config_read(c->lib, c->config, config);
}

/**
 * cli_registry() - open the registry of --registry or of the configuration
 * @flags: LIBDMWARRANT_REGISTRY_...
 */
int cli_registry(struct cli *c, uint32_t flags, struct libdmwarrant_registry **reg)
{
	struct libdmwarrant_config config;
	int ret = 0;

	if (!c->registry)
		ret = cli_config(c, &config);
	if (ret)
		return ret;
	return libdmwarrant_registry_open(c->lib, c->registry ? c->registry : config.registry,
					  flags, reg);
}

static int read_all(int fd, char *text, size_t *size)
{
	ssize_t n;

	while (*size < TEXT_MAX) {
		n = read(fd, text + *size, TEXT_MAX - *size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		*size += n;
	}
	return -EFBIG;
}

/**
 * cli_read_text() - read a file, or standard input when @path is "-"
 * @text: receives it; free() it
 *
 * Return: 0, or from cli_usage().
 */
int cli_read_text(struct cli *c, const char *path, char **text)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	char *buf = malloc(TEXT_MAX + 1);
	size_t size = 0;
	int ret = 0;

	if (fd < 0)
		ret = -errno;
	else
		ret = buf ? read_all(fd, buf, &size) : -ENOMEM;
	if (fd > STDIN_FILENO)
		close(fd);
	if (!ret && memchr(buf, 0, size))
		ret = -EILSEQ;
	if (ret) {
		free(buf);
		return cli_usage(c, "cannot read %s: %s", path,
				 ret == -EILSEQ ? "it is not text" : strerror(-ret));
	}
	buf[size] = 0;
	*text = buf;
	return 0;
}
