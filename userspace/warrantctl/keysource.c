// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of an open volume, for commands that add to them: a file, or its warrant's key store. */
#include "by_warrant.h"

/**
 * cli_keysource() - as --keyset says, else by registry and key store
 * @volume:   NAME|UUID
 * @keystore: --keystore, NULL = as the registry has it
 * @options:  CLI_UNLOCK, as read; must stay valid
 * @k:        receives it; cli_keysource_end() it
 *
 * Return: 0, an errno of the library, or from cli_usage().
 */
int cli_keysource(struct cli *c, const char *volume, const char *keystore,
		  const struct cli_unlock *options, struct cli_keysource *k)
{
	struct libdmwarrant_config config;
	char prompt[LIBDMWARRANT_NAME_SIZE + 32];
	int ret;

	*k = (struct cli_keysource){ .options = options, .is_file = c->keyset_path };
	k->source.version = LIBDMWARRANT_KEYSOURCE_VERSION;
	k->unlock.fd = -1;
	if (k->is_file)
		return libdmwarrant_keysource_file(c->lib, c->keyset_path, &k->source);
	ret = cli_place(c, keystore, &config);
	if (!ret)
		ret = libdmwarrant_keysource_volume(c->lib, &config, volume, keystore, &k->unlock,
						    &k->source);
	if (ret)
		return ret;
	/* Asked only when everything else is right. */
	snprintf(prompt, sizeof(prompt), "Passphrase for the keys of %s: ", volume);
	ret = cli_unlock(c, options, prompt, false, &k->unlock);
	if (ret)
		cli_keysource_end(k);
	return ret;
}

void cli_keysource_end(struct cli_keysource *k)
{
	if (k->is_file)
		libdmwarrant_keysource_file_free(&k->source);
	else
		libdmwarrant_keysource_volume_free(&k->source);
	cli_unlock_end(k->options, &k->unlock);
}
