// SPDX-License-Identifier: GPL-2.0-or-later
/* What warrantctl has done, and what it was refused, for the audit log. */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "libdmwarrant-audit.h"

#define TARGET_SIZE	512
#define WAIT_MS		1000	/* for the registry: who is refused must not wait long for it */

/* Arguments name things. Options may name files with secrets, so they are not looked at. */
static const char *join_arguments(const struct cli *c, char text[TARGET_SIZE])
{
	size_t n = 0;
	int i;

	text[0] = 0;
	for (i = 0; c->parsed && i < c->argc && n < TARGET_SIZE - 1; i++) {
		n += snprintf(text + n, TARGET_SIZE - n, "%s%s", i ? " " : "", c->argv[i]);
		if (n >= TARGET_SIZE)
			n = TARGET_SIZE - 1;
	}
	return text[0] ? text : NULL;
}

/*
 * Wrong parameters are no refusal. Of commands that only read, those are told that were kept from
 * evidence, not those that found nothing: a script may ask every second.
 */
static bool is_to_be_told(const struct cli *c, int ret)
{
	enum libdmwarrant_exit code = libdmwarrant_exit(ret);

	if (ret == CLI_USAGE || c->dry_run)
		return false;
	if (c->changes)
		return true;
	return code == LIBDMWARRANT_EXIT_KEY || code == LIBDMWARRANT_EXIT_DAMAGE ||
	       code == LIBDMWARRANT_EXIT_STALE;
}

static int tell(const struct cli *c, struct libdmwarrant *lib, const char *uri, int ret)
{
	char target[TARGET_SIZE];
	const struct libdmwarrant_audit_command command = {
		.version = LIBDMWARRANT_AUDIT_VERSION, .exit = libdmwarrant_exit(ret),
		.noun = c->command->noun, .verb = c->command->verb,
		.target = join_arguments(c, target),
		.error = ret ? libdmwarrant_error(c->lib) : NULL,
	};
	struct libdmwarrant_registry *reg;
	int err;

	libdmwarrant_registry_set_timeout(lib, WAIT_MS);
	err = libdmwarrant_registry_open(lib, uri, 0, &reg);
	if (err)
		return err == -EBUSY || err == -EUCLEAN ? err : 0;
	err = libdmwarrant_audit_command(reg, &command);
	libdmwarrant_registry_close(reg);
	return err;
}

static const char *find_registry(const struct cli *c, struct libdmwarrant *lib,
				 struct libdmwarrant_config *config)
{
	if (c->registry)
		return c->registry;
	memset(config, 0, sizeof(*config));
	config->version = LIBDMWARRANT_CONFIG_VERSION;
	return libdmwarrant_config_read(lib, c->config, config) ? NULL : config->registry;
}

/**
 * cli_audit() - tell the audit log of a command, if there is a registry that can be written to
 * @ret: what the command returned
 *
 * What the library has entered already, in the transaction that did it, is not said again. A log
 * that cannot be told undoes nothing, since nothing can be undone; whoever did something hears of it.
 */
void cli_audit(const struct cli *c, int ret)
{
	struct libdmwarrant_config config;
	struct libdmwarrant *lib;
	const char *uri;

	if (!is_to_be_told(c, ret) || (!ret && libdmwarrant_audit_count(c->lib)) ||
	    libdmwarrant_new(&lib))
		return;
	uri = find_registry(c, lib, &config);
	if (uri && tell(c, lib, uri, ret) && !ret)
		fprintf(stderr, "warrantctl: done, but the audit log was not told: %s\n",
			libdmwarrant_error(lib));
	libdmwarrant_free(lib);
}
