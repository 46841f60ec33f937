// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of an open volume, for commands that add to them: a file, or its warrant's key store. */
#include "by_warrant.h"

static int by_registry(struct cli *c, const struct libdmwarrant_config *config, const char *volume,
		       enum libdmwarrant_use use, const char *keystore, struct cli_keysource *k)
{
	char prompt[LIBDMWARRANT_NAME_SIZE + 32];
	int ret;

	ret = libdmwarrant_keysource_volume(c->lib, config, volume, use, keystore, &k->unlock,
					    &k->source);
	if (ret)
		return ret;
	/* Asked only when everything else is right. */
	snprintf(prompt, sizeof(prompt), "Passphrase for the keys of %s: ", volume);
	ret = cli_unlock(c, k->options, prompt, false, &k->unlock);
	if (ret)
		cli_keysource_end(k);
	return ret;
}

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
	int ret;

	*k = (struct cli_keysource){ .options = options, .is_file = c->keyset_path };
	k->source.version = LIBDMWARRANT_KEYSOURCE_VERSION;
	k->unlock.fd = -1;
	if (k->is_file)
		return libdmwarrant_keysource_file(c->lib, c->keyset_path, &k->source);
	ret = cli_place(c, keystore, &config);
	return ret ? ret : by_registry(c, &config, volume, LIBDMWARRANT_USE_WRITE, keystore, k);
}

/* The UUID on a device is not authenticated; keys of another volume would not fit, that is all. */
static int uuid_of(struct cli *c, const char *device, char uuid[37])
{
	struct libdmwarrant_volume v = { .version = LIBDMWARRANT_VOLUME_VERSION };
	int ret = libdmwarrant_volume_peek(c->lib, device, &v);

	libdmwarrant_uuid_format(v.uuid, uuid);
	return ret;
}

/**
 * cli_device_keyset() - the keys of the volume on a device, to look at it
 * @device:   with a volume that registry and key store know, unless there is --keyset
 * @keystore: --keystore, NULL = as the registry has it
 * @options:  CLI_UNLOCK, as read
 * @anchor:   receives the registry's, unless it is set; untouched with --keyset
 * @keyset:   receives the keys
 *
 * Return: 0, an errno of the library, or from cli_usage().
 */
int cli_device_keyset(struct cli *c, const char *device, const char *keystore,
		      const struct cli_unlock *options, struct libdmwarrant_anchor *anchor,
		      struct libdmwarrant_keyset **keyset)
{
	struct libdmwarrant_volume_state state = { .version = LIBDMWARRANT_STATE_VERSION };
	struct cli_keysource k = { .options = options, .unlock.fd = -1 };
	struct libdmwarrant_config config;
	char uuid[37];
	int ret;

	if (c->keyset_path || c->keyset_fd >= 0)
		return cli_keyset(c, keyset);
	k.source.version = LIBDMWARRANT_KEYSOURCE_VERSION;
	ret = uuid_of(c, device, uuid);
	if (!ret)
		ret = cli_place(c, keystore, &config);
	if (!ret)
		ret = libdmwarrant_volume_state(c->lib, &config, uuid, &state);
	if (!ret)
		ret = by_registry(c, &config, uuid, LIBDMWARRANT_USE_READ, keystore, &k);
	if (ret)
		return ret;
	if (!anchor->checkpoint)
		*anchor = state.anchor;
	ret = k.source.get(k.source.arg, c->lib, keyset);
	if (!ret)
		k.source.release(k.source.arg);
	cli_keysource_end(&k);
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
