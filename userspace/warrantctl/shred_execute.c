// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "by_warrant.h"
#include "libdmwarrant-shred.h"

enum {
	OPTION_PERSON = OPTION_OWN,
	OPTION_TITLE,
	OPTION_LOCATION,
	OPTION_CONTACT,
	OPTION_PROPERTY,
	OPTION_CATEGORY,
	OPTION_DISCARD,
	OPTION_HOST_TIMEOUT,
	OPTION_NO_MEASURE,
};

#define HOST_TIMEOUT	{ "host-timeout", "S", OPTION_HOST_TIMEOUT, \
			  "wait so long for other hosts; default 60" }
#define NO_MEASURE	{ "no-measure", NULL, OPTION_NO_MEASURE, \
			  "do not read what goes before its keys go" }
#define DISCARD		{ "discard", NULL, OPTION_DISCARD, \
			  "discard the LUN of a whole volume afterwards" }

static const struct cli_option options[] = {
	{ "person", "NAME", OPTION_PERSON, "who carries it out, for the certificate" },
	{ "title", "TEXT", OPTION_TITLE, "that person's position" },
	{ "location", "TEXT", OPTION_LOCATION, "where" },
	{ "contact", "TEXT", OPTION_CONTACT, "telephone, mail or address" },
	{ "property", "TEXT", OPTION_PROPERTY, "the organisation's number of the LUN" },
	{ "category", "TEXT", OPTION_CATEGORY, "confidentiality of the data before" },
	HOST_TIMEOUT,
	NO_MEASURE,
	DISCARD,
	CLI_KEYSTORE,
	CLI_UNLOCK,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static const struct cli_option resume_options[] = {
	HOST_TIMEOUT,
	NO_MEASURE,
	DISCARD,
	CLI_KEYSTORE,
	CLI_UNLOCK,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* Return: 0; CLI_USAGE. */
static int take_option(struct cli *c, int id, struct libdmwarrant_shred_params *p)
{
	const char **const texts[] = {
		[OPTION_PERSON - OPTION_OWN] = &p->person,
		[OPTION_TITLE - OPTION_OWN] = &p->title,
		[OPTION_LOCATION - OPTION_OWN] = &p->location,
		[OPTION_CONTACT - OPTION_OWN] = &p->contact,
		[OPTION_PROPERTY - OPTION_OWN] = &p->property,
		[OPTION_CATEGORY - OPTION_OWN] = &p->category,
	};
	uint64_t n;

	if (id == OPTION_DISCARD) {
		p->flags |= LIBDMWARRANT_SHRED_DISCARD;
	} else if (id == OPTION_NO_MEASURE) {
		p->flags |= LIBDMWARRANT_SHRED_UNMEASURED;
	} else if (id == OPTION_KEYSTORE) {
		p->keystore = c->arg;
	} else if (id == OPTION_HOST_TIMEOUT) {
		if (cli_number(c, c->arg, 1, 86400, &n))
			return CLI_USAGE;
		p->host_seconds = n;
	} else {
		*texts[id - OPTION_OWN] = c->arg;
	}
	return 0;
}

static void say(struct cli *c, const struct libdmwarrant_shred_result *r)
{
	if (c->dry_run) {
		cli_say(c, "%s: nothing stands against it\n", c->argv[0]);
		return;
	}
	cli_say(c, "%s: carried out, %u key%s destroyed and proven gone\n", c->argv[0], r->keys,
		r->keys == 1 ? "" : "s");
	if (r->unreached)
		cli_say(c, "%u host%s could not be reached; the certificate names them\n",
			r->unreached, r->unreached == 1 ? "" : "s");
	cli_say(c, "certificate %s\n", r->certificate);
}

static void set(struct cli *c, const struct libdmwarrant_shred_result *r)
{
	static const char *const names[] = { "begun", "measured", "hosts", "destroyed", "proven",
					     "done", "certified" };
	struct json_object *steps = json_object_new_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		cli_set_bool(steps, names[i], r->steps & (1U << i));
	cli_set_text(c->out, "request", c->argv[0]);
	json_object_object_add(c->out, "steps", steps);
	cli_set_u64(c->out, "keys", r->keys);
	cli_set_u64(c->out, "hosts", r->hosts);
	cli_set_u64(c->out, "unreached_hosts", r->unreached);
	if (r->certificate[0]) {
		cli_set_text(c->out, "certificate", r->certificate);
		cli_set_text(c->out, "sha256", r->digest);
	}
}

static int execute(struct cli *c, struct libdmwarrant_shred_params *p,
		   const struct cli_unlock *unlock)
{
	struct libdmwarrant_shred_result r = { .version = LIBDMWARRANT_SHRED_VERSION };
	struct libdmwarrant_config config;
	struct libdmwarrant_unlock u;
	int ret = cli_place(c, NULL, &config);

	if (ret)
		return ret;
	p->request = c->argv[0];
	p->flags |= c->dry_run ? LIBDMWARRANT_SHRED_DRY_RUN : 0;
	if (cli_unlock_given(unlock)) {
		if (cli_unlock(c, unlock, "", false, &u))
			return CLI_USAGE;
		p->unlock = &u;
	}
	ret = libdmwarrant_shred_execute(c->lib, &config, p, &r);
	if (p->unlock)
		cli_unlock_end(unlock, &u);
	cli_progress_end(c);
	set(c, &r);
	if (!ret)
		say(c, &r);
	return ret;
}

static int run(struct cli *c)
{
	struct libdmwarrant_shred_params p = { .version = LIBDMWARRANT_SHRED_VERSION };
	struct cli_unlock unlock = CLI_UNLOCK_NONE;
	int id;

	if (!strcmp(c->command->verb, "resume"))
		p.flags = LIBDMWARRANT_SHRED_RESUME;
	while ((id = cli_next_option(c)))
		if (!cli_unlock_option(c, id, &unlock) && take_option(c, id, &p))
			return CLI_USAGE;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	return execute(c, &p, &unlock);
}

const struct cli_command command_shred_execute = {
	.noun = "shred",
	.verb = "execute",
	.arguments = "REQUEST",
	.summary = "carry out a request that is approved: destroy keys",
	.text = "Looks once more at all that could stand against it, and begins in the same moment: up to\n"
		"then the request can be cancelled. Then the keys leave the kernel of each host that has\n"
		"the volume open; what goes is measured; the key store destroys the keys, and is opened\n"
		"anew and asked for them in vain; a certificate is issued. Each step is in the audit log.\n"
		"A host that does not answer in time is named on the certificate, and holds nothing up.\n"
		"Keys of a tag or a volume need what unlocks the warrant's keys, for the others are sealed\n"
		"anew; a whole warrant does not. To measure is to read all ciphertext that goes, for the\n"
		"certificate; with --no-measure it says of sectors and ciphertext that they are unknown, and\n"
		"the keys are gone sooner. Whatever interrupts it: go on with shred resume.",
	.options = options,
	.run = run,
};

const struct cli_command command_shred_resume = {
	.noun = "shred",
	.verb = "resume",
	.arguments = "REQUEST",
	.summary = "go on with a request whose execution was interrupted",
	.text = "Does the steps that the audit log does not have yet. What was begun can only be finished:\n"
		"it cannot be cancelled, and a hold comes too late.",
	.options = resume_options,
	.run = run,
};
