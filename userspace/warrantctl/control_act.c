// SPDX-License-Identifier: GPL-2.0-or-later
/* What officers do with requests. */
#include <stdlib.h>
#include <string.h>

#include "control.h"

static const struct cli_option options[] = {
	CONTROL_OPTION_AS,
	CONTROL_OPTION_SIGNATURE,
	CONTROL_OPTION_SIGN_KEY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int act(struct cli *c, struct libdmwarrant_registry *reg, const struct signer *s,
	       uint32_t what)
{
	char *text = NULL, *signature;
	size_t size;
	int ret = 0;

	if (s->key)
		ret = libdmwarrant_request_text(reg, c->argv[0], what, &text);
	if (ret)
		return ret;
	ret = signer_sign(c, s, text, &signature, &size);
	free(text);
	if (ret)
		return ret;
	ret = libdmwarrant_request_act(reg, c->argv[0], what, s->officer, signature, size,
				       c->dry_run ? LIBDMWARRANT_CONTROL_DRY_RUN : 0);
	free(signature);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	return ret ?: request_say(c, reg, c->argv[0]);
}

static uint32_t act_of(const struct cli *c)
{
	if (!strcmp(c->command->verb, "sign"))
		return LIBDMWARRANT_ACT_SIGN;
	return strcmp(c->command->verb, "cancel") ? LIBDMWARRANT_ACT_APPROVE :
		LIBDMWARRANT_ACT_CANCEL;
}

static int run(struct cli *c)
{
	struct libdmwarrant_registry *reg;
	struct signer s = { 0 };
	int id, ret;

	while ((id = cli_next_option(c)))
		signer_option(c, &s, id);
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!s.officer)
		return cli_usage(c, "name the officer who has signed with --as");
	ret = cli_registry(c, 0, &reg);
	if (ret)
		return ret;
	ret = act(c, reg, &s, act_of(c));
	libdmwarrant_registry_close(reg);
	return ret;
}

#define ACT(_noun, _verb, _summary, _text)					\
	{									\
		.noun = _noun,							\
		.verb = _verb,							\
		.arguments = "REQUEST",						\
		.summary = _summary,						\
		.text = _text,							\
		.options = options,						\
		.run = run,							\
	}

#define SIGN(_noun) \
	ACT(_noun, "sign", "hand in the requester's signature on a request", \
	    "The text comes from warrantctl request show REQUEST --text. Until its requester\n" \
	    "has signed it, a request is a draft and cannot be approved.")
#define APPROVE(_noun) \
	ACT(_noun, "approve", "hand in an officer's approval of a request", \
	    "The text comes from warrantctl request show REQUEST --text. Read it before signing it.\n" \
	    "Neither the requester nor, when one is to be revoked, that officer can approve.\n" \
	    "Requests on officers and on the clock are carried out with the last approval.")
#define CANCEL(_noun) \
	ACT(_noun, "cancel", "stop a request, until it is begun", \
	    "Any one officer can do that. The text comes from warrantctl request show REQUEST\n" \
	    "--cancel-text.")

const struct cli_command command_shred_sign = SIGN("shred");
const struct cli_command command_request_sign = SIGN("request");
const struct cli_command command_shred_approve = APPROVE("shred");
const struct cli_command command_request_approve = APPROVE("request");
const struct cli_command command_shred_cancel = CANCEL("shred");
const struct cli_command command_request_cancel = CANCEL("request");

/* ---- apply ---- */

static const struct cli_option apply_options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int apply(struct cli *c)
{
	struct libdmwarrant_registry *reg;
	int ret;

	cli_next_option(c);
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_registry(c, 0, &reg);
	if (ret)
		return ret;
	cli_set_bool(c->out, "dry_run", c->dry_run);
	ret = libdmwarrant_request_apply(reg, c->argv[0],
					 c->dry_run ? LIBDMWARRANT_CONTROL_DRY_RUN : 0) ?:
		request_say(c, reg, c->argv[0]);
	libdmwarrant_registry_close(reg);
	return ret;
}

const struct cli_command command_request_apply = {
	.noun = "request",
	.verb = "apply",
	.arguments = "REQUEST",
	.summary = "carry out a request on policy, officers or the clock",
	.text = "A change of the policy waits as long as a shred does, and is carried out by this. The\n"
		"others are carried out with their last approval; this is for those where something\n"
		"was in the way then. Shreds are carried out by warrantctl shred execute.",
	.options = apply_options,
	.run = apply,
};
