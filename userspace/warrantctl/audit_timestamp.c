// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"
#include "libdmwarrant-audit.h"

enum {
	OPTION_REQUEST = OPTION_OWN,
	OPTION_IMPORT,
	OPTION_CA,
};

static const struct cli_option options[] = {
	{ "request", "FILE", OPTION_REQUEST, "write a request of RFC 3161 for the newest checkpoint" },
	{ "import", "FILE", OPTION_IMPORT, "take the authority's answer" },
	{ "ca", "FILE", OPTION_CA, "with --import: the authority's certificates, PEM" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct stamp {
	const char	*request;
	const char	*import;
	const char	*ca;
};

static int request(struct cli *c, struct libdmwarrant_registry *reg, const char *file)
{
	uint64_t size;
	int ret = libdmwarrant_audit_timestamp_request(reg, file, &size);

	if (ret)
		return ret;
	cli_set_u64(c->out, "size", size);
	cli_say(c, "%s: for the first %" PRIu64 " entries\n", file, size);
	return 0;
}

static int import(struct cli *c, struct libdmwarrant_registry *reg, const struct stamp *s)
{
	char text[32];
	uint64_t size;
	int64_t when;
	int ret = libdmwarrant_audit_timestamp_import(reg, s->import, s->ca, &size, &when);

	if (ret)
		return ret;
	cli_set_u64(c->out, "size", size);
	cli_set_time(c->out, "time", when);
	cli_say(c, "the first %" PRIu64 " entries were there at %s\n", size, cli_time(when, text));
	return 0;
}

static int parse(struct cli *c, struct stamp *s)
{
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_REQUEST)
			s->request = c->arg;
		else if (id == OPTION_IMPORT)
			s->import = c->arg;
		else
			s->ca = c->arg;
	}
	if (!s->request == !s->import || !s->import == !!s->ca)
		return cli_usage(c, "give --request, or --import with --ca");
	return cli_arguments(c, 0);
}

static int run(struct cli *c)
{
	struct stamp s = { 0 };
	struct libdmwarrant_registry *reg;
	int ret;

	if (parse(c, &s))
		return CLI_USAGE;
	ret = cli_registry(c, 0, &reg);
	if (ret)
		return ret;
	ret = s.request ? request(c, reg, s.request) : import(c, reg, &s);
	libdmwarrant_registry_close(reg);
	return ret;
}

const struct cli_command command_audit_timestamp = {
	.noun = "audit",
	.verb = "timestamp",
	.arguments = "",
	.summary = "have the newest checkpoint time-stamped (RFC 3161), by file",
	.text = "The request goes to a time stamping authority, by hand over an air gap if there is one\n"
		"(curl -H Content-Type:application/timestamp-query --data-binary @FILE URL). The answer\n"
		"is taken only if the authority's certificates vouch for it, and kept with the\n"
		"checkpoint.",
	.options = options,
	.run = run,
};
