// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy of dual control, and the clock that officers accept. */
#include <string.h>
#include "control.h"

#define DAY	86400LL

enum {
	OPTION_APPROVALS = CONTROL_OWN,
	OPTION_WAITING,
};

static const struct cli_option show_options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int get(struct cli *c, struct libdmwarrant_policy *p)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);

	if (ret)
		return ret;
	p->version = LIBDMWARRANT_POLICY_VERSION;
	ret = libdmwarrant_policy_get(reg, p);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int show(struct cli *c)
{
	struct libdmwarrant_policy p = { 0 };
	bool days;
	int ret;

	cli_next_option(c);
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = get(c, &p);
	if (ret)
		return ret;
	cli_set_u64(c->out, "approvals", p.approvals);
	cli_set_u64(c->out, "waiting_seconds", p.waiting);
	cli_set_u64(c->out, "officers", p.officers);
	cli_set_bool(c->out, "sealed", p.sealed);
	days = !(p.waiting % DAY);
	cli_say(c, "approvals:  %u, of officers other than the requester\n"
		"waiting:    %lld %s between the last approval and execution\n"
		"officers:   %u\nsealed:     %s\n", p.approvals,
		(long long)(days ? p.waiting / DAY : p.waiting), days ? "days" : "seconds",
		p.officers,
		p.sealed ? "yes: officers and policy change by request only" :
			   "no: enrol more officers");
	return 0;
}

const struct cli_command command_policy_show = {
	.noun = "policy",
	.verb = "show",
	.arguments = "",
	.summary = "show how many officers must agree, and how long to wait",
	.text = "A request keeps the policy that was in force when it was made.",
	.options = show_options,
	.reads = true,
	.run = show,
};

/* ---- set ---- */

static const struct cli_option set_options[] = {
	{ "approvals", "N", OPTION_APPROVALS, "of officers other than the requester" },
	{ "waiting", "PERIOD", OPTION_WAITING,
	  "between the last approval and execution: days, or as 12h or 90s" },
	CONTROL_OPTION_AS,
	CONTROL_OPTION_SIGN_KEY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* Days, or with a unit behind the number. */
static int take_period(struct cli *c, int64_t *seconds)
{
	char text[24], *unit;
	uint64_t number;
	int64_t size;

	if (snprintf(text, sizeof(text), "%s", c->arg) >= (int)sizeof(text))
		return cli_usage(c, "\"%s\" is no period: give 7, 12h or 90s", c->arg);
	unit = text + strspn(text, "0123456789");
	size = !strcmp(unit, "s") ? 1 : !strcmp(unit, "m") ? 60 : !strcmp(unit, "h") ? 3600 : DAY;
	if (size != DAY || !strcmp(unit, "d"))
		*unit = 0;
	if (cli_number(c, text, 0, 366 * DAY / size, &number))
		return CLI_USAGE;
	*seconds = (int64_t)number * size;
	return 0;
}

static int set(struct cli *c)
{
	struct libdmwarrant_ask a = { .kind = LIBDMWARRANT_REQUEST_POLICY };
	struct libdmwarrant_policy p = { 0 };
	uint64_t approvals = 0;
	int64_t waiting = -1;
	struct signer s = { 0 };
	int id, ret;

	while ((id = cli_next_option(c))) {
		if ((id == OPTION_APPROVALS && cli_number(c, c->arg, 1, 20, &approvals)) ||
		    (id == OPTION_WAITING && take_period(c, &waiting)))
			return CLI_USAGE;
		signer_option(c, &s, id);
	}
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	if (!approvals && waiting < 0)
		return cli_usage(c, "give --approvals, --waiting or both");
	ret = get(c, &p);
	if (ret)
		return ret;
	a.approvals = approvals ? approvals : p.approvals;
	a.waiting = waiting < 0 ? p.waiting : waiting;
	return request_ask(c, &a, &s);
}

const struct cli_command command_policy_set = {
	.noun = "policy",
	.verb = "set",
	.arguments = "",
	.summary = "change how many officers must agree, or how long to wait",
	.text = "Freely until the registry is sealed; then by a request of the officer named with --as,\n"
		"with the approvals and the waiting period of the policy in force, and warrantctl\n"
		"request apply when that is over.",
	.options = set_options,
	.run = set,
};

/* ---- clock ---- */

static const struct cli_option clock_options[] = {
	CONTROL_OPTION_AS,
	CONTROL_OPTION_SIGN_KEY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int accept(struct cli *c)
{
	struct libdmwarrant_ask a = { .kind = LIBDMWARRANT_REQUEST_CLOCK };
	struct signer s = { 0 };
	int id;

	while ((id = cli_next_option(c)))
		signer_option(c, &s, id);
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	if (!s.officer)
		return cli_usage(c, "name the officer who asks with --as");
	return request_ask(c, &a, &s);
}

const struct cli_command command_request_clock = {
	.noun = "request",
	.verb = "clock",
	.arguments = "",
	.summary = "ask for the clock to be accepted as it is",
	.text = "A clock that ran backwards, or was set forward, stops all that destroys, until officers\n"
		"have agreed to a time. Set it right first. The approvals must come within a day.",
	.options = clock_options,
	.run = accept,
};
