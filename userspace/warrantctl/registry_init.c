// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "cli.h"

enum {
	OPTION_KEYSTORE = OPTION_OWN,
};

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
	return write_config(c, config);
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
	.summary = "make the registry, or bring it up to date (also: warrantctl init)",
	.text = "Makes what is missing and leaves alone what is there: the registry, a configuration\n"
		"file that says where it is. A registry of an older dm-warrant is brought to the\n"
		"present schema, whole or not at all; back it up before.\n\n"
		"The registry says which warrants there are and which volumes are theirs, and it has\n"
		"the anchors without which a rollback of a LUN goes unnoticed. It belongs on a disk of\n"
		"the host, never on the array.",
	.options = options,
	.run = run,
};
