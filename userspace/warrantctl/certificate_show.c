// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificate.h"

enum {
	OPTION_OUTPUT = OPTION_OWN,
};

static const struct cli_option options[] = {
	{ "output", "FILE", OPTION_OUTPUT, "write it to FILE, its signature to FILE.sig" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct show {
	struct cli	*c;
	const char	*file;
	int		ret;
};

static int write_files(struct cli *c, const char *file, const struct libdmwarrant_certificate *t)
{
	char *path;
	int ret;

	if (asprintf(&path, "%s.sig", file) < 0)
		return cli_usage(c, "not enough memory");
	ret = cli_certificate_write(c, file, t->json, strlen(t->json));
	if (!ret) {
		ret = cli_certificate_write(c, path, t->signature, strlen(t->signature));
		if (ret)
			unlink(file);
	}
	free(path);
	return ret;
}

static int show(void *arg, const struct libdmwarrant_certificate *t)
{
	struct show *s = arg;
	struct cli *c = s->c;

	cli_set_text(c->out, "certificate", t->uuid);
	cli_set_text(c->out, "request", t->request);
	cli_set_time(c->out, "issued", t->time);
	cli_set_text(c->out, "destroyed", t->summary);
	cli_set_text(c->out, "sha256", t->digest);
	cli_set_text(c->out, "signature", t->signature);
	json_object_object_add(c->out, "document", json_tokener_parse(t->json));
	if (!s->file) {
		cli_say(c, "%s", t->json);
		return 0;
	}
	s->ret = write_files(c, s->file, t);
	if (!s->ret)
		cli_say(c, "%s: certificate %s\n%s.sig: its signature\n", s->file, t->uuid,
			s->file);
	return s->ret;
}

static int run(struct cli *c)
{
	struct libdmwarrant_registry *reg;
	struct show s = { .c = c };
	int ret;

	while (cli_next_option(c))
		s.file = c->arg;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_certificates(reg, c->argv[0], show, &s);
	libdmwarrant_registry_close(reg);
	return s.ret ? s.ret : ret;
}

const struct cli_command command_certificate_show = {
	.noun = "certificate",
	.verb = "show",
	.arguments = "CERTIFICATE|REQUEST",
	.summary = "get a certificate of destruction out of the log",
	.text = "Prints the certificate, canonical JSON, or writes it and its signature to files. These\n"
		"two are what a court gets; anybody can verify them, without dm-warrant too:\n\n"
		"  ssh-keygen -Y verify -f SIGNERS -I dm-warrant -n dm-warrant-certificate \\\n"
		"      -s FILE.sig <FILE\n\n"
		"with SIGNERS a line \"dm-warrant \" and the installation's public key. For a time stamp:\n"
		"openssl ts -query -data FILE -sha256 -cert.",
	.options = options,
	.run = run,
};
