// SPDX-License-Identifier: GPL-2.0-or-later
#include "certificate.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct list {
	struct cli		*c;
	struct json_object	*array;
};

static int show(void *arg, const struct libdmwarrant_certificate *t)
{
	struct json_object *o = json_object_new_object();
	struct list *l = arg;
	char time[32];

	cli_set_text(o, "certificate", t->uuid);
	cli_set_text(o, "request", t->request);
	cli_set_time(o, "issued", t->time);
	cli_set_text(o, "destroyed", t->summary);
	cli_set_text(o, "sha256", t->digest);
	cli_set_u64(o, "entry", t->seq);
	json_object_array_add(l->array, o);
	cli_say(l->c, "%s  %s  %s\n", t->uuid, cli_time(t->time, time), t->summary);
	return 0;
}

static int run(struct cli *c)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	struct libdmwarrant_registry *reg;
	int ret;

	json_object_object_add(c->out, "certificates", l.array);
	while (cli_next_option(c))
		;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_certificates(reg, NULL, show, &l);
	libdmwarrant_registry_close(reg);
	if (!ret && !json_object_array_length(l.array))
		cli_say(c, "nothing has been shredded\n");
	return ret;
}

const struct cli_command command_certificate_list = {
	.noun = "certificate",
	.verb = "list",
	.arguments = "",
	.summary = "list the certificates of destruction",
	.text = "Oldest first: number, time, and what was destroyed.",
	.options = options,
	.run = run,
};
