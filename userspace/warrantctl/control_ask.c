// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests: made, and signed by their requester at once when there is a key for it. */
#include <stdlib.h>

#include "control.h"

static int sign(struct cli *c, struct libdmwarrant_registry *reg, const char *id,
		const struct signer *s)
{
	char *text, *signature;
	size_t size;
	int ret = libdmwarrant_request_text(reg, id, LIBDMWARRANT_ACT_SIGN, &text);

	if (ret)
		return ret;
	ret = signer_sign(c, s, text, &signature, &size);
	free(text);
	if (ret)
		return ret;
	ret = libdmwarrant_request_act(reg, id, LIBDMWARRANT_ACT_SIGN, s->officer, signature, size,
				       0);
	free(signature);
	return ret;
}

static int make(struct cli *c, struct libdmwarrant_registry *reg,
		const struct libdmwarrant_ask *ask, const struct signer *s)
{
	char id[37];
	int ret = libdmwarrant_request_ask(reg, ask, id);

	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (ret)
		return ret;
	if (!id[0] || c->dry_run) {
		cli_set_text(c->out, "request", "");
		cli_say(c, c->dry_run ? "this would be taken\n" : "done\n");
		return 0;
	}
	cli_set_text(c->out, "request", id);
	if (s->key)
		ret = sign(c, reg, id, s);
	return ret ?: request_say(c, reg, id);
}

/**
 * request_ask() - make a request and say what is to be done next
 * @c:   command
 * @ask: what it is for; receives what all requests have
 * @s:   who asks
 *
 * Return: 0; an error of the library, or from cli_usage(): then the request may be there, unsigned.
 */
int request_ask(struct cli *c, struct libdmwarrant_ask *ask, const struct signer *s)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, 0, &reg);

	if (ret)
		return ret;
	ask->version = LIBDMWARRANT_ASK_VERSION;
	ask->flags = c->dry_run ? LIBDMWARRANT_CONTROL_DRY_RUN : 0;
	ask->requester = s->officer;
	ret = make(c, reg, ask, s);
	libdmwarrant_registry_close(reg);
	return ret;
}
