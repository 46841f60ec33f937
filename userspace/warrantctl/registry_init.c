// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "unlock.h"

static const struct cli_option options[] = {
	{ "registry", "URI", OPTION_REGISTRY,
	  "sqlite:PATH; default: as configured, else sqlite:/var/lib/dm-warrant/registry.db" },
	{ "keystore", "URI", OPTION_KEYSTORE,
	  "file:DIRECTORY; default: as configured, else file:/var/lib/dm-warrant/keys" },
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int choose(struct cli *c, char *to, size_t size, const char *uri)
{
	if (!uri)
		return 0;
	if (strlen(uri) >= size)
		return cli_usage(c, "a URI of more than %zu bytes", size - 1);
	snprintf(to, size, "%s", uri);
	return 0;
}

/* Is there a key store? Return: 1 = yes; 0 = no; a negative errno. */
static int keystore_exists(struct cli *c, const char *uri)
{
	struct libdmwarrant_keystore_params p = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
		.flags = LIBDMWARRANT_KEYSTORE_READ_ONLY,
	};
	struct libdmwarrant_keystore *ks;
	int ret = libdmwarrant_keystore_open(c->lib, uri, &p, &ks);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	libdmwarrant_keystore_close(ks);
	return 1;
}

static int make_keystore(struct cli *c, const char *uri)
{
	int exists = keystore_exists(c, uri), ret = 0;

	if (exists < 0)
		return exists;
	cli_set_text(c->out, "keystore", uri);
	cli_set_bool(c->out, "keystore_created", !exists);
	if (!exists && !c->dry_run)
		ret = libdmwarrant_keystore_init(c->lib, uri, NULL);
	if (!ret)
		cli_say(c, "%s: %s%s\n", uri, !exists && c->dry_run ? "would be " : "",
			exists ? "is there" : "made");
	return ret;
}

/* A configuration file that says otherwise is somebody's decision: it stays. */
static int write_config(struct cli *c, const struct libdmwarrant_config *config)
{
	const char *path = c->config ? c->config : LIBDMWARRANT_CONFIG_FILE;
	int ret = 0;

	cli_set_text(c->out, "config", path);
	cli_set_bool(c->out, "config_written", !config->found);
	if (config->found) {
		cli_say(c, "%s: is there, left alone\n", path);
		return 0;
	}
	if (!c->dry_run)
		ret = libdmwarrant_config_write(c->lib, c->config, config);
	if (!ret)
		cli_say(c, "%s: %s\n", path, c->dry_run ? "would be written" : "written");
	return ret;
}

static void say_registry(struct cli *c, const char *uri,
			 const struct libdmwarrant_registry_init_result *r)
{
	const char *would = c->dry_run ? "would be " : "";

	cli_set_text(c->out, "registry", uri);
	cli_set_bool(c->out, "created", r->created);
	cli_set_u64(c->out, "schema_from", r->schema_from);
	cli_set_u64(c->out, "schema_to", r->schema_to);
	if (r->created)
		cli_say(c, "%s: %smade, schema %u\n", uri, would, r->schema_to);
	else if (r->schema_from != r->schema_to)
		cli_say(c, "%s: %sbrought from schema %u to %u\n", uri, would, r->schema_from,
			r->schema_to);
	else
		cli_say(c, "%s: is there and up to date, schema %u\n", uri, r->schema_to);
}

static int init(struct cli *c, const struct libdmwarrant_config *config)
{
	struct libdmwarrant_registry_init_result r = {
		.version = LIBDMWARRANT_REGISTRY_INIT_VERSION
	};
	int ret;

	cli_set_bool(c->out, "dry_run", c->dry_run);
	ret = libdmwarrant_registry_init(c->lib, config->registry,
					 c->dry_run ? LIBDMWARRANT_REGISTRY_DRY_RUN : 0, &r);
	if (ret)
		return ret;
	say_registry(c, config->registry, &r);
	ret = make_keystore(c, config->keystore);
	return ret ? ret : write_config(c, config);
}

static int run(struct cli *c)
{
	struct libdmwarrant_config config;
	const char *keystore = NULL;
	int ret;

	while (cli_next_option(c))
		keystore = c->arg;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = cli_config(c, &config);
	if (!ret)
		ret = choose(c, config.registry, sizeof(config.registry), c->registry);
	if (!ret)
		ret = choose(c, config.keystore, sizeof(config.keystore), keystore);
	return ret ? ret : init(c, &config);
}

const struct cli_command command_registry_init = {
	.noun = "registry",
	.verb = "init",
	.arguments = "",
	.summary = "make registry and key store, or update them (also: warrantctl init)",
	.text = "Makes what is missing and leaves alone what is there: the registry, the key store, and\n"
		"a configuration file that says where they are. A registry of an older dm-warrant is\n"
		"brought to the present schema, whole or not at all; back it up before.\n\n"
		"The registry says which warrants there are and which volumes are theirs, and it has\n"
		"the anchors without which a rollback of a LUN goes unnoticed. Both belong on a disk of\n"
		"the host, never on the array.",
	.options = options,
	.run = run,
};
