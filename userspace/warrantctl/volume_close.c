// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

enum {
	OPTION_FORCE = OPTION_OWN,
	OPTION_DEFERRED,
};

static const struct cli_option options[] = {
	{ "deferred", NULL, OPTION_DEFERRED, "if in use, close when the last user is gone" },
	{ "force", NULL, OPTION_FORCE, "fail all I/O from now on, then close" },
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void report(struct cli *c, const struct libdmwarrant_close_result *r)
{
	char anchor[46];

	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "name", r->name);
	cli_set_uuid(c->out, "uuid", r->uuid);
	cli_set_text(c->out, "device", r->device);
	cli_set_bool(c->out, "deferred", r->deferred);
	if (c->dry_run) {
		cli_say(c, "would close %s on %s\n", r->name, r->device);
		return;
	}
	if (r->deferred) {
		cli_say(c, "%s closes when its last user is gone; no anchor yet\n", r->name);
		return;
	}
	libdmwarrant_anchor_format(&r->anchor, anchor);
	cli_set_text(c->out, "anchor", anchor);
	cli_set_u64(c->out, "checkpoint", r->anchor.checkpoint);
	cli_set_bool(c->out, "anchor_authenticated", r->authenticated);
	cli_say(c, "%s closed\nanchor  %s%s\n", r->name, anchor,
		r->authenticated ? "" : "  (as read from the LUN)");
}

static int run(struct cli *c)
{
	struct libdmwarrant_close_params p = { .version = LIBDMWARRANT_CLOSE_VERSION };
	struct libdmwarrant_close_result r = { .version = LIBDMWARRANT_CLOSE_VERSION };
	int id, ret;

	while ((id = cli_next_option(c)))
		p.flags |= id == OPTION_FORCE ? LIBDMWARRANT_CLOSE_FORCE :
						LIBDMWARRANT_CLOSE_DEFERRED;
	if ((p.flags & LIBDMWARRANT_CLOSE_FORCE) && (p.flags & LIBDMWARRANT_CLOSE_DEFERRED))
		return cli_usage(c, "--force and --deferred exclude each other");
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (c->dry_run)
		p.flags |= LIBDMWARRANT_CLOSE_DRY_RUN;
	ret = libdmwarrant_close(c->lib, c->argv[0], &p, &r);
	/* Closed, but stale: the anchor is needed more than ever. */
	if (!ret || r.anchor.checkpoint)
		report(c, &r);
	return ret;
}

const struct cli_command command_volume_close = {
	.noun = "volume",
	.verb = "close",
	.arguments = "NAME|UUID",
	.summary = "close a volume and print its anchor",
	.text = "Commits a last checkpoint, removes the device, reads the superblock back and prints\n"
		"its number and salt: the anchor. Keep it off the array and give it to volume open. When\n"
		"the volume is in use, says by what.",
	.options = options,
	.run = run,
};
