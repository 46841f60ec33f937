// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "warrant.h"

enum {
	OPTION_END = OPTION_OWN,
	OPTION_ORDER,
	OPTION_APPROVER,
	OPTION_ROLE,
	OPTION_APPROVED,
	OPTION_DESCRIPTION,
};

static const struct cli_option options[] = {
	{ "end", "TIME", OPTION_END, "new end: 2026-09-01T00:00:00+02:00" },
	{ "order", "TEXT", OPTION_ORDER, "reference of the order that renews it" },
	{ "approver", "TEXT", OPTION_APPROVER, "who gave that order" },
	{ "approver-role", "TEXT", OPTION_ROLE, "as what" },
	{ "approved", "TIME", OPTION_APPROVED, "when; default: now" },
	{ "description", "TEXT", OPTION_DESCRIPTION, "of the approval" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int say(void *arg, const struct libdmwarrant_warrant *w)
{
	struct cli *c = arg;
	char end[32];

	warrant_json(c->out, w);
	cli_say(c, "%s: renewed until %s, revision %u, %s\n", w->reference, cli_time(w->end, end),
		w->revision, libdmwarrant_warrant_state_name(w->state));
	return 0;
}

static int renew(struct cli *c, const struct libdmwarrant_renewal *renewal)
{
	struct libdmwarrant_registry *reg;
	char *json = NULL;
	int ret = cli_registry(c, 0, &reg);

	if (ret)
		return ret;
	ret = libdmwarrant_warrant_renew(reg, c->argv[0], renewal, &json);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (!ret && c->dry_run)
		cli_say(c, "the record would then be:\n%s\n", json);
	else if (!ret)
		ret = libdmwarrant_warrant_find(reg, c->argv[0], say, c);
	if (!ret)
		json_object_object_add(c->out, "warrant", text_json(json));
	free(json);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int run(struct cli *c)
{
	struct libdmwarrant_renewal n = { .version = LIBDMWARRANT_RENEWAL_VERSION };
	const char **to[] = {
		[OPTION_END - OPTION_OWN] = &n.end,
		[OPTION_ORDER - OPTION_OWN] = &n.reference,
		[OPTION_APPROVER - OPTION_OWN] = &n.approver_name,
		[OPTION_ROLE - OPTION_OWN] = &n.approver_role,
		[OPTION_APPROVED - OPTION_OWN] = &n.approved,
		[OPTION_DESCRIPTION - OPTION_OWN] = &n.description,
	};
	int id;

	while ((id = cli_next_option(c)))
		*to[id - OPTION_OWN] = c->arg;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!n.end || !n.reference)
		return cli_usage(c, "a renewal needs --end and --order");
	if (c->dry_run)
		n.flags = LIBDMWARRANT_CHANGE_DRY_RUN;
	return renew(c, &n);
}

const struct cli_command command_warrant_renew = {
	.noun = "warrant",
	.verb = "renew",
	.arguments = "WARRANT",
	.summary = "enter an order that prolongs a warrant",
	.text = "WARRANT is its reference, COUNTRY/OWNER/REFERENCE, or its ObjectIdentifier. The order\n"
		"is added to the warrant's approvals. It may be entered late, but it must have been\n"
		"given before the warrant ended: what has lapsed needs a warrant of its own. A warrant\n"
		"of an emergency is confirmed by its renewal.",
	.options = options,
	.run = run,
};
