// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "control.h"

enum {
	OPTION_TAG = CONTROL_OWN,
	OPTION_VOLUME,
	OPTION_WARRANT,
	OPTION_GROUND,
	OPTION_ORDER,
	OPTION_ORDER_DATE,
	OPTION_ORDER_AUTHORITY,
	OPTION_ORDER_FILE,
};

static const struct cli_option options[] = {
	{ "warrant", "WARRANT", OPTION_WARRANT, "all volumes of a warrant" },
	{ "volume", "VOLUME", OPTION_VOLUME, "one volume, or the one that --tag is of" },
	{ "tag", "N", OPTION_TAG, "one case tag of --volume" },
	{ "ground", "GROUND", OPTION_GROUND, "retention (default), court-order or privileged" },
	{ "order", "TEXT", OPTION_ORDER, "reference of the order to destroy; mandatory" },
	{ "order-date", "DATE", OPTION_ORDER_DATE, "of the order" },
	{ "order-authority", "TEXT", OPTION_ORDER_AUTHORITY, "who gave the order" },
	{ "order-file", "FILE", OPTION_ORDER_FILE, "the order: its SHA-256 is recorded" },
	CONTROL_OPTION_AS,
	CONTROL_OPTION_SIGN_KEY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int option(struct cli *c, struct libdmwarrant_ask *a, int id)
{
	uint64_t tag;

	switch (id) {
	case OPTION_TAG:
		if (cli_number(c, c->arg, 1, UINT32_MAX, &tag))
			return CLI_USAGE;
		a->tag = tag;
		return 0;
	case OPTION_VOLUME:
		a->volume = c->arg;
		return 0;
	case OPTION_WARRANT:
		a->warrant = c->arg;
		return 0;
	case OPTION_GROUND:
		a->ground = c->arg;
		return 0;
	case OPTION_ORDER:
		a->order = c->arg;
		return 0;
	case OPTION_ORDER_DATE:
		a->order_date = c->arg;
		return 0;
	case OPTION_ORDER_AUTHORITY:
		a->order_authority = c->arg;
		return 0;
	default:
		a->order_file = c->arg;
		return 0;
	}
}

static int choose_kind(struct cli *c, struct libdmwarrant_ask *a)
{
	if (!a->warrant == !a->volume)
		return cli_usage(c, "name one of --warrant and --volume");
	if (a->tag && !a->volume)
		return cli_usage(c, "--tag is one of a volume; name it with --volume");
	a->kind = a->tag ? LIBDMWARRANT_REQUEST_SHRED_TAG :
		a->volume ? LIBDMWARRANT_REQUEST_SHRED_VOLUME : LIBDMWARRANT_REQUEST_SHRED_WARRANT;
	return 0;
}

static int run(struct cli *c)
{
	struct libdmwarrant_ask a = { 0 };
	struct signer s = { 0 };
	int id;

	while ((id = cli_next_option(c)))
		if (!signer_option(c, &s, id) && option(c, &a, id))
			return CLI_USAGE;
	if (cli_arguments(c, 0) || choose_kind(c, &a))
		return CLI_USAGE;
	if (!s.officer)
		return cli_usage(c, "name the officer who asks with --as");
	return request_ask(c, &a, &s);
}

const struct cli_command command_shred_request = {
	.noun = "shred",
	.verb = "request",
	.arguments = "",
	.summary = "ask for keys to be destroyed",
	.text = "Nothing is destroyed by this. The request needs the reference of an order, the\n"
		"signature of the officer who makes it, approvals of other officers, and a waiting\n"
		"period, in which any officer can cancel it; warrantctl policy show has the numbers.\n"
		"Without --sign-key it is a draft until warrantctl shred sign.",
	.options = options,
	.run = run,
};
