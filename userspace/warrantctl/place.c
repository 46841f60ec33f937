// SPDX-License-Identifier: GPL-2.0-or-later
/* Where registry and key store are: as configured, unless options say otherwise. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "by_warrant.h"

static int override(struct cli *c, char *to, size_t size, const char *uri)
{
	if (!uri)
		return 0;
	if (strlen(uri) >= size)
		return cli_usage(c, "a URI of more than %zu bytes", size - 1);
	memcpy(to, uri, strlen(uri) + 1);
	return 0;
}

/* What outlives this command, the guard for one, may have another working directory. */
static int make_absolute(struct cli *c, char *uri, size_t size, const char *scheme)
{
	size_t n = strlen(scheme);
	char *directory;
	char text[600];
	int length;

	if (strncmp(uri, scheme, n) || !uri[n] || uri[n] == '/')
		return 0;
	directory = getcwd(NULL, 0);
	if (!directory)
		return cli_usage(c, "%s: no working directory: %s", uri, strerror(errno));
	length = snprintf(text, sizeof(text), "%s%s/%s", scheme, directory, uri + n);
	free(directory);
	if (length >= (int)sizeof(text))
		return cli_usage(c, "the path of %s is too long", uri);
	return override(c, uri, size, text);
}

/**
 * cli_place() - the configuration with --registry and --keystore
 * @keystore: --keystore, NULL = as configured
 *
 * Return: 0, an errno of the library, or from cli_usage().
 */
int cli_place(struct cli *c, const char *keystore, struct libdmwarrant_config *config)
{
	int ret = cli_config(c, config);

	if (!ret)
		ret = override(c, config->registry, sizeof(config->registry), c->registry);
	if (!ret)
		ret = override(c, config->keystore, sizeof(config->keystore), keystore);
	if (!ret)
		ret = make_absolute(c, config->registry, sizeof(config->registry), "sqlite:");
	return ret ? ret : make_absolute(c, config->keystore, sizeof(config->keystore), "file:");
}
