// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libdmwarrant-etsi.h"
#include "warrant.h"

enum {
	OPTION_COPY = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "copy", "KIND", OPTION_COPY, "of new warrants: original (default) or custodial" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static size_t count_of(struct json_object *warrant, const char *name)
{
	struct json_object *array;

	return json_object_object_get_ex(warrant, name, &array) ? json_object_array_length(array) :
								  0;
}

static const char *text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static void say_warrant(struct cli *c, struct json_object *o)
{
	struct json_object *warrant = json_object_object_get(o, "warrant");
	size_t tasks = count_of(warrant, "Tasks"), documents = count_of(warrant, "Documents");

	cli_say(c, "%-9s  %s  %s: %zu task%s", text_of(o, "outcome"),
		text_of(warrant, "ObjectIdentifier"), text_of(warrant, "AuthorisationReference"),
		tasks, tasks == 1 ? "" : "s");
	if (documents)
		cli_say(c, ", %zu document%s", documents, documents == 1 ? "" : "s");
	cli_say(c, "\n");
}

static int imported(void *arg, const struct libdmwarrant_imported *i)
{
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "outcome", libdmwarrant_import_outcome_name(i->outcome));
	cli_set_text(o, "action", libdmwarrant_hi1_action_name(i->action));
	cli_set_u64(o, "line", i->line);
	json_object_object_add(o, "warrant", text_json(i->json));
	json_object_array_add(arg, o);
	return 0;
}

static void message_json(struct json_object *out, const struct libdmwarrant_hi1_message *m)
{
	struct json_object *o = json_object_new_object();

	cli_set_text(o, "transaction", m->transaction);
	cli_set_text(o, "timestamp", m->timestamp);
	cli_set_text(o, "etsi_version", m->etsi);
	cli_set_text(o, "sender", m->sender);
	cli_set_text(o, "receiver", m->receiver);
	cli_set_bool(o, "signed", m->has_signature);
	cli_set_bool(o, "verified", m->verified);
	cli_set_u64(o, "tasks", m->tasks);
	cli_set_u64(o, "documents", m->documents);
	cli_set_u64(o, "ignored_objects", m->ignored);
	json_object_object_add(out, "message", o);
}

static void say(struct cli *c, const struct libdmwarrant_hi1_message *m,
		struct json_object *warrants)
{
	size_t i;

	cli_say(c, "message %s of %s, ETSI %s, from %s to %s\n", m->transaction, m->timestamp,
		m->etsi, m->sender, m->receiver);
	if (m->has_signature)
		cli_say(c, "it is signed; the signature was NOT verified: do that before you rely on it, for example with xmlsec1 --verify\n");
	else
		cli_say(c, "it is not signed: nothing shows who made it\n");
	if (m->ignored)
		cli_say(c, "%u object%s of other kinds, or associated with no authorisation: ignored\n",
			m->ignored, m->ignored == 1 ? "" : "s");
	for (i = 0; i < json_object_array_length(warrants); i++)
		say_warrant(c, json_object_array_get_idx(warrants, i));
	if (c->dry_run)
		cli_say(c, "dry run: nothing was changed\n");
}

static int import(struct cli *c, int fd, const char *copy)
{
	struct json_object *warrants = json_object_new_array();
	struct libdmwarrant_import_params p = {
		.version = LIBDMWARRANT_IMPORT_VERSION, .copy = copy, .imported = imported,
		.arg = warrants,
	};
	struct libdmwarrant_hi1_message message = { .version = LIBDMWARRANT_HI1_VERSION };
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, 0, &reg);

	cli_set_bool(c->out, "dry_run", c->dry_run);
	json_object_object_add(c->out, "warrants", warrants);
	if (ret)
		return ret;
	p.flags = c->dry_run ? LIBDMWARRANT_IMPORT_DRY_RUN : 0;
	ret = libdmwarrant_warrant_import(reg, fd, &p, &message);
	if (!ret) {
		message_json(c->out, &message);
		say(c, &message, warrants);
	}
	libdmwarrant_registry_close(reg);
	return ret;
}

static int run(struct cli *c)
{
	const char *copy = NULL;
	int fd, ret;

	while (cli_next_option(c))
		copy = c->arg;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!strcmp(c->argv[0], "-"))
		return import(c, STDIN_FILENO, copy);
	fd = open(c->argv[0], O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return cli_usage(c, "cannot read %s: %s", c->argv[0], strerror(errno));
	ret = import(c, fd, copy);
	close(fd);
	return ret;
}

const struct cli_command command_warrant_import = {
	.noun = "warrant",
	.verb = "import",
	.arguments = "FILE|-",
	.summary = "take the warrants of an HI-1 message",
	.text = "Reads an XML message of ETSI TS 103 120 with AuthorisationObjects, and the LITaskObjects\n"
		"and DocumentObjects associated with them. A new warrant is recorded, a known one gets a\n"
		"new revision; the history names the message. All of it happens, or nothing.\n\n"
		"The message is checked as if an enemy had made it: document types, entities and other\n"
		"encodings than UTF-8 are refused, and so is every element that is not known or not as\n"
		"the standard says. Its signature is not verified: do that first.",
	.options = options,
	.run = run,
};
