// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificate.h"

enum {
	OPTION_SIGNATURE = OPTION_OWN,
	OPTION_KEY,
	OPTION_OFFICERS,
	OPTION_STAMP,
	OPTION_STAMP_CA,
	OPTION_HTML,
	OPTION_PDF,
};

static const struct cli_option options[] = {
	{ "signature", "FILE", OPTION_SIGNATURE, "default: the certificate's name and .sig" },
	{ "key", "FILE", OPTION_KEY, "the installation's public key, from somewhere else" },
	{ "officers", "FILE", OPTION_OFFICERS, "officers' keys: lines \"NAME KEYTYPE KEY\"" },
	{ "stamp", "FILE", OPTION_STAMP, "RFC 3161 time stamp; default: name and .tsr" },
	{ "stamp-ca", "FILE", OPTION_STAMP_CA, "the stamp's CA certificates, PEM" },
	{ "html", "FILE", OPTION_HTML, "was this made from it?" },
	{ "pdf", "FILE", OPTION_PDF, "likewise" },
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/* A file that comes with a certificate; @text is freed at the end. */
struct part {
	const char	*path;
	char		*text;
	size_t		size;
};

/** struct verify - a certificate with all that it is judged by */
struct verify {
	struct cli		*c;
	struct part		json;
	struct part		signature;
	struct part		key;
	struct part		officers;
	struct part		stamp;
	struct part		html;
	struct part		pdf;
	const char		*stamp_ca;
	struct json_object	*array;
	unsigned int		counts[4];
};

static void judge(void *arg, const char *what, enum libdmwarrant_verdict verdict, const char *why)
{
	static const char *const names[] = { "?", "PASS", "FAILED", "UNKNOWN" };
	struct json_object *o = json_object_new_object();
	struct verify *v = arg;

	cli_set_text(o, "what", what);
	cli_set_text(o, "verdict", names[verdict]);
	cli_set_text(o, "why", why);
	json_object_array_add(v->array, o);
	v->counts[verdict]++;
	cli_say(v->c, "%-8s %s: %s\n", names[verdict], what, why);
}

static int read_part(struct cli *c, struct part *p)
{
	return p->path ? cli_certificate_read(c, p->path, &p->text, &p->size) : 0;
}

/* Beside the certificate, if it is there. */
static int read_beside(struct cli *c, struct part *p, const char *suffix)
{
	char *path;
	int ret;

	if (p->path)
		return read_part(c, p);
	if (asprintf(&path, "%s%s", c->argv[0], suffix) < 0)
		return cli_usage(c, "not enough memory");
	ret = access(path, F_OK) ? 0 : cli_certificate_read(c, path, &p->text, &p->size);
	free(path);
	return ret;
}

/* Of what warrantctl audit key prints, the line that OpenSSH has, too. */
static void take_key_line(struct part *p)
{
	char *line = p->text ? strstr(p->text, "ssh-ed25519 ") : NULL;

	if (line)
		memmove(p->text, line, strcspn(line, "\n") + 1);
	if (line)
		p->text[strcspn(p->text, "\n")] = 0;
}

static int read_parts(struct verify *v)
{
	struct cli *c = v->c;

	v->json.path = c->argv[0];
	return read_part(c, &v->json) || read_beside(c, &v->signature, ".sig") ||
	       read_beside(c, &v->stamp, ".tsr") || read_part(c, &v->key) ||
	       read_part(c, &v->officers) || read_part(c, &v->html) ||
	       read_part(c, &v->pdf) ? CLI_USAGE : 0;
}

static int verify(struct verify *v)
{
	struct libdmwarrant_certificate_check check = {
		.version = LIBDMWARRANT_CERTIFICATE_VERSION,
		.json = v->json.text, .json_size = v->json.size,
		.signature = v->signature.text, .signature_size = v->signature.size,
		.key = v->key.text,
		.officers = v->officers.text, .officers_size = v->officers.size,
		.stamp = v->stamp.text, .stamp_size = v->stamp.size,
		.stamp_ca = v->stamp_ca,
		.html = v->html.text, .html_size = v->html.size,
		.pdf = v->pdf.text, .pdf_size = v->pdf.size,
	};
	int ret = libdmwarrant_certificate_verify(v->c->lib, &check, judge, v);

	cli_set_u64(v->c->out, "passed", v->counts[LIBDMWARRANT_PASS]);
	cli_set_u64(v->c->out, "failed", v->counts[LIBDMWARRANT_FAILED]);
	cli_set_u64(v->c->out, "unknown", v->counts[LIBDMWARRANT_UNKNOWN]);
	if (!ret)
		cli_say(v->c, "nothing failed; %u passed, %u unknown\n",
			v->counts[LIBDMWARRANT_PASS], v->counts[LIBDMWARRANT_UNKNOWN]);
	return ret;
}

static void take_option(struct verify *v, int id)
{
	struct part *const parts[] = {
		[OPTION_SIGNATURE - OPTION_OWN] = &v->signature,
		[OPTION_KEY - OPTION_OWN] = &v->key,
		[OPTION_OFFICERS - OPTION_OWN] = &v->officers,
		[OPTION_STAMP - OPTION_OWN] = &v->stamp,
		[OPTION_HTML - OPTION_OWN] = &v->html,
		[OPTION_PDF - OPTION_OWN] = &v->pdf,
	};

	if (id == OPTION_STAMP_CA)
		v->stamp_ca = v->c->arg;
	else
		parts[id - OPTION_OWN]->path = v->c->arg;
}

static int run(struct cli *c)
{
	struct verify v = { .c = c, .array = json_object_new_array() };
	int id, ret;

	json_object_object_add(c->out, "checks", v.array);
	while ((id = cli_next_option(c)))
		take_option(&v, id);
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = read_parts(&v);
	take_key_line(&v.key);
	if (!ret)
		ret = verify(&v);
	free(v.json.text);
	free(v.signature.text);
	free(v.key.text);
	free(v.officers.text);
	free(v.stamp.text);
	free(v.html.text);
	free(v.pdf.text);
	return ret;
}

const struct cli_command command_certificate_verify = {
	.noun = "certificate",
	.verb = "verify",
	.arguments = "FILE",
	.summary = "judge a certificate of destruction, offline",
	.text = "Needs nothing but files: no registry, no key store, no root. For each thing that can be\n"
		"looked at it says PASS, FAILED, or UNKNOWN: there is nothing to judge it by. Keys that\n"
		"come with the certificate itself prove nothing about who made it: give --key and\n"
		"--officers, had on another way. Exit code 6 when anything failed.",
	.options = options,
	.run = run,
};
