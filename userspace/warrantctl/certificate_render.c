// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "certificate.h"

enum {
	OPTION_HTML = OPTION_OWN,
	OPTION_PDF,
};

static const struct cli_option options[] = {
	{ "html", "FILE", OPTION_HTML, "one page that loads nothing, for screen and A4" },
	{ "pdf", "FILE", OPTION_PDF, "A4, with the JSON as an attachment" },
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int render(struct cli *c, const char *json, size_t size,
		  enum libdmwarrant_certificate_format format, const char *path)
{
	size_t length;
	char *out;
	int ret;

	if (!path)
		return 0;
	ret = libdmwarrant_certificate_render(c->lib, json, size, format, &out, &length);
	if (ret)
		return ret;
	ret = cli_certificate_write(c, path, out, length);
	free(out);
	if (ret)
		return ret;
	cli_set_text(c->out, format == LIBDMWARRANT_CERTIFICATE_HTML ? "html" : "pdf", path);
	cli_say(c, "%s\n", path);
	return 0;
}

static int run(struct cli *c)
{
	const char *html = NULL, *pdf = NULL;
	size_t size;
	char *json;
	int id, ret;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_HTML)
			html = c->arg;
		else
			pdf = c->arg;
	}
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!html && !pdf)
		return cli_usage(c, "give --html FILE, --pdf FILE, or both");
	ret = cli_certificate_read(c, c->argv[0], &json, &size);
	if (ret)
		return ret;
	ret = render(c, json, size, LIBDMWARRANT_CERTIFICATE_HTML, html);
	if (!ret)
		ret = render(c, json, size, LIBDMWARRANT_CERTIFICATE_PDF, pdf);
	free(json);
	return ret;
}

const struct cli_command command_certificate_render = {
	.noun = "certificate",
	.verb = "render",
	.arguments = "FILE",
	.summary = "make HTML or PDF of a certificate",
	.text = "FILE is the JSON from certificate show. What is made names its SHA-256; the same JSON\n"
		"gives the same bytes on every machine, so that certificate verify --html and --pdf can\n"
		"tell whether somebody has altered a form. Nothing is verified here.",
	.options = options,
	.run = run,
};
