// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration file: where registry and key store are. */
#include "json.h"
#include "registry.h"

#define DEFAULT_REGISTRY	"sqlite:/var/lib/dm-warrant/registry.db"
#define DEFAULT_KEYSTORE	"file:/var/lib/dm-warrant/keys"

#define LINE_SIZE	1024

/**
 * struct place - a line being read
 * @path: of the file
 * @nr:   of the line
 */
struct place {
	struct libdmwarrant	*ctx;
	const char		*path;
	unsigned int		nr;
};

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		*--end = 0;
	return text;
}

static int set(const struct place *p, struct libdmwarrant_config *config, const char *name,
	       const char *value)
{
	char quoted[LIB_QUOTE_SIZE];
	char *to = NULL;

	if (!strcmp(name, "registry"))
		to = config->registry;
	else if (!strcmp(name, "keystore"))
		to = config->keystore;
	if (!to)
		return lib_fail(p->ctx, -EINVAL,
				"%s, line %u: %s is not known; it must be registry or keystore",
				p->path, p->nr, lib_quote(quoted, name, strlen(name)));
	if (!value[0] || strlen(value) >= sizeof(config->registry))
		return lib_fail(p->ctx, -EINVAL, "%s, line %u: %s needs a URI of at most %zu bytes",
				p->path, p->nr, name, sizeof(config->registry) - 1);
	lib_copy(to, sizeof(config->registry), value);
	return 0;
}

static int take_line(const struct place *p, struct libdmwarrant_config *config, char *line)
{
	char *name = trim(line), *equals;

	if (!*name || *name == '#')
		return 0;
	equals = strchr(name, '=');
	if (!equals)
		return lib_fail(p->ctx, -EINVAL,
				"%s, line %u: a line must be \"registry = URI\" or \"keystore = URI\"",
				p->path, p->nr);
	*equals = 0;
	return set(p, config, trim(name), trim(equals + 1));
}

static int take_file(struct place *p, FILE *f, struct libdmwarrant_config *config)
{
	char line[LINE_SIZE];
	int ret = 0;

	for (p->nr = 1; !ret && fgets(line, sizeof(line), f); p->nr++) {
		if (!strchr(line, '\n') && !feof(f))
			return lib_fail(p->ctx, -EINVAL, "%s, line %u: too long", p->path, p->nr);
		ret = take_line(p, config, line);
	}
	if (!ret && ferror(f))
		ret = lib_fail(p->ctx, -errno, "cannot read %s: %s", p->path, strerror(errno));
	return ret;
}

int libdmwarrant_config_read(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_config *config)
{
	struct place p = { .ctx = ctx, .path = path ? path : LIBDMWARRANT_CONFIG_FILE };
	FILE *f;
	int ret;

	if (config->version != LIBDMWARRANT_CONFIG_VERSION)
		return lib_fail_version(ctx, config->version, LIBDMWARRANT_CONFIG_VERSION);
	config->found = 0;
	lib_copy(config->registry, sizeof(config->registry), DEFAULT_REGISTRY);
	lib_copy(config->keystore, sizeof(config->keystore), DEFAULT_KEYSTORE);
	f = fopen(p.path, "re");
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return lib_fail(ctx, -errno, "cannot read %s: %s", p.path, strerror(errno));
	config->found = 1;
	ret = take_file(&p, f, config);
	fclose(f);
	return ret;
}

/* ---- writing ---- */

int libdmwarrant_config_write(struct libdmwarrant *ctx, const char *path,
			      const struct libdmwarrant_config *config)
{
	char *text;
	int ret;

	if (config->version != LIBDMWARRANT_CONFIG_VERSION)
		return lib_fail_version(ctx, config->version, LIBDMWARRANT_CONFIG_VERSION);
	path = path ? path : LIBDMWARRANT_CONFIG_FILE;
	if (strpbrk(config->registry, "\r\n") || strpbrk(config->keystore, "\r\n"))
		return lib_fail(ctx, -EINVAL, "a URI must not contain line ends");
	if (asprintf(&text, "# dm-warrant, see warrantctl(8)\nregistry = %s\nkeystore = %s\n",
		     config->registry, config->keystore) < 0)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	ret = lib_write_once(path, 0644, text, strlen(text));
	free(text);
	if (ret == -EEXIST)
		return lib_fail(ctx, ret, "there is a configuration file %s already", path);
	if (ret)
		return lib_fail(ctx, ret, "cannot write the configuration file %s: %s", path,
				strerror(-ret));
	return 0;
}
