// SPDX-License-Identifier: GPL-2.0-or-later
/* The key store that a command works on. */
#include "unlock.h"

/**
 * cli_keystore() - open a key store
 * @c:     run
 * @uri:   --keystore; NULL = as the configuration says
 * @flags: LIBDMWARRANT_KEYSTORE_...
 * @ks:    receives it; libdmwarrant_keystore_close() it
 */
int cli_keystore(struct cli *c, const char *uri, uint32_t flags,
		 struct libdmwarrant_keystore **ks)
{
	struct libdmwarrant_keystore_params p = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
		.flags = flags,
	};
	struct libdmwarrant_config config;
	int ret = uri ? 0 : cli_config(c, &config);

	if (!ret)
		ret = libdmwarrant_keystore_open(c->lib, uri ? uri : config.keystore, &p, ks);
	if (!ret)
		cli_set_text(c->out, "keystore", libdmwarrant_keystore_uri(*ks));
	return ret;
}

/** cli_keystore_only() - the same, to look at, for a command that has no other option with an argument */
int cli_keystore_only(struct cli *c, struct libdmwarrant_keystore **ks)
{
	const char *uri = NULL;

	while (cli_next_option(c))
		uri = c->arg;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	return cli_keystore(c, uri, LIBDMWARRANT_KEYSTORE_READ_ONLY, ks);
}

/** cli_keystore_unlock() - unlock a warrant with what the options name, or the terminal */
int cli_keystore_unlock(struct cli *c, struct libdmwarrant_keystore *ks, const uint8_t *warrant,
			const struct cli_unlock *u)
{
	struct libdmwarrant_unlock unlock;
	char uuid[37], prompt[80];
	int ret;

	libdmwarrant_uuid_format(warrant, uuid);
	snprintf(prompt, sizeof(prompt), "Passphrase for warrant %s: ", uuid);
	ret = cli_unlock(c, u, prompt, false, &unlock);
	if (ret)
		return ret;
	ret = libdmwarrant_keystore_unlock(ks, warrant, &unlock);
	cli_unlock_end(u, &unlock);
	return ret;
}

/** cli_uuid() - a UUID from the command line */
int cli_uuid(struct cli *c, const char *what, const char *text, uint8_t *uuid)
{
	if (libdmwarrant_uuid_parse(text, uuid))
		return cli_usage(c, "%s %s is not a UUID", what, text);
	return 0;
}

/** cli_set_hex() - at most LIBDMWARRANT_DIGEST_SIZE bytes */
void cli_set_hex(struct json_object *o, const char *name, const uint8_t *p, size_t n)
{
	char text[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", p[i]);
	cli_set_text(o, name, text);
}
