// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "libdmwarrant-audit.h"

enum {
	OPTION_REQUEST = OPTION_OWN,
	OPTION_OLD,
	OPTION_IMPORT,
	OPTION_KEY,
};

static const struct cli_option options[] = {
	{ "request", "FILE", OPTION_REQUEST, "write what the witness needs to FILE; - = print it" },
	{ "old", "N", OPTION_OLD, "entries that the witness has cosigned last; default: none" },
	{ "import", "FILE", OPTION_IMPORT, "take the witness's answer" },
	{ "key", "VKEY", OPTION_KEY, "with --import: the witness's verifier key" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct cosign {
	const char	*request;
	const char	*import;
	const char	*key;
	uint64_t	old;
};

static int write_file(struct cli *c, const char *path, const char *text)
{
	size_t size = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return cli_usage(c, "cannot write %s: %s", path, strerror(errno));
	if (write(fd, text, size) != (ssize_t)size || fsync(fd) || close(fd))
		return cli_usage(c, "cannot write %s: %s", path, strerror(errno));
	return 0;
}

static int request(struct cli *c, struct libdmwarrant_registry *reg, const struct cosign *s)
{
	char *text;
	int ret = libdmwarrant_audit_cosign_request(reg, s->old, &text);

	if (ret)
		return ret;
	cli_set_text(c->out, "request", text);
	if (strcmp(s->request, "-"))
		ret = write_file(c, s->request, text);
	else
		cli_say(c, "%s", text);
	free(text);
	return ret;
}

static int import(struct cli *c, struct libdmwarrant_registry *reg, const struct cosign *s)
{
	uint64_t size;
	char *text;
	int ret = cli_read_text(c, s->import, &text);

	if (ret)
		return ret;
	ret = libdmwarrant_audit_cosign_import(reg, text, s->key, &size);
	free(text);
	if (ret)
		return ret;
	cli_set_u64(c->out, "size", size);
	cli_say(c, "the first %" PRIu64 " entries are cosigned\n", size);
	return 0;
}

static int parse(struct cli *c, struct cosign *s)
{
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_REQUEST)
			s->request = c->arg;
		else if (id == OPTION_IMPORT)
			s->import = c->arg;
		else if (id == OPTION_KEY)
			s->key = c->arg;
		else if (cli_number(c, c->arg, 0, INT64_MAX, &s->old))
			return CLI_USAGE;
	}
	if (!s->request == !s->import || !s->import == !!s->key)
		return cli_usage(c, "give --request, or --import with --key");
	return cli_arguments(c, 0);
}

static int run(struct cli *c)
{
	struct cosign s = { 0 };
	struct libdmwarrant_registry *reg;
	int ret;

	if (parse(c, &s))
		return CLI_USAGE;
	ret = cli_registry(c, 0, &reg);
	if (ret)
		return ret;
	ret = s.request ? request(c, reg, &s) : import(c, reg, &s);
	libdmwarrant_registry_close(reg);
	return ret;
}

const struct cli_command command_audit_cosign = {
	.noun = "audit",
	.verb = "cosign",
	.arguments = "",
	.summary = "have the newest checkpoint cosigned by a witness, by file",
	.text = "A witness signs only what goes on from what it has signed before: a log that was cut\n"
		"off, or tells two stories, gets no more cosignatures. The request is the body of\n"
		"add-checkpoint of C2SP tlog-witness, the answer are the lines that such a witness\n"
		"returns; carry both over an air gap if there is one.",
	.options = options,
	.run = run,
};
