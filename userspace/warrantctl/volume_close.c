// SPDX-License-Identifier: GPL-2.0-or-later
#include "by_warrant.h"

enum {
	OPTION_FORCE = OPTION_OWN,
	OPTION_DEFERRED,
};

static const struct cli_option options[] = {
	{ "deferred", NULL, OPTION_DEFERRED, "if in use, close when the last user is gone" },
	{ "force", NULL, OPTION_FORCE, "fail all I/O from now on, then close" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void report_anchor(struct cli *c, const struct libdmwarrant_volume_close_result *v)
{
	const struct libdmwarrant_close_result *r = &v->close;
	char anchor[46];

	libdmwarrant_anchor_format(&r->anchor, anchor);
	cli_set_text(c->out, "anchor", anchor);
	cli_set_u64(c->out, "checkpoint", r->anchor.checkpoint);
	cli_set_bool(c->out, "anchor_authenticated", r->authenticated);
	cli_say(c, "%s closed\nanchor  %s%s%s\n", r->name, anchor,
		r->authenticated ? "" : "  (as read from the LUN)",
		!(v->flags & LIBDMWARRANT_CLOSED_REGISTERED) ? "" :
		v->flags & LIBDMWARRANT_CLOSED_PENDING ? ", not in the registry yet" :
		r->authenticated ? ", in the registry" : "");
}

static void report(struct cli *c, const struct libdmwarrant_volume_close_result *v)
{
	const struct libdmwarrant_close_result *r = &v->close;

	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "name", r->name);
	cli_set_uuid(c->out, "uuid", r->uuid);
	cli_set_text(c->out, "device", r->device);
	cli_set_bool(c->out, "deferred", r->deferred);
	cli_set_bool(c->out, "registered", v->flags & LIBDMWARRANT_CLOSED_REGISTERED);
	cli_set_bool(c->out, "closed_before", v->flags & LIBDMWARRANT_CLOSED_BEFORE);
	if (v->flags & LIBDMWARRANT_CLOSED_PENDING)
		cli_set_text(c->out, "pending", v->pending);
	if (v->flags & LIBDMWARRANT_CLOSED_BEFORE)
		cli_say(c, "%s was not open; the registry %s that\n", r->name,
			c->dry_run ? "would be told" : "knows");
	else if (c->dry_run)
		cli_say(c, "would close %s on %s\n", r->name, r->device);
	else if (r->deferred)
		cli_say(c, "%s closes when its last user is gone; no anchor yet\n", r->name);
	else
		report_anchor(c, v);
}

static int run(struct cli *c)
{
	struct libdmwarrant_close_params p = { .version = LIBDMWARRANT_CLOSE_VERSION };
	struct libdmwarrant_volume_close_result r = {
		.version = LIBDMWARRANT_VOLUME_CLOSE_VERSION
	};
	struct libdmwarrant_config config;
	int id, ret;

	while ((id = cli_next_option(c)))
		p.flags |= id == OPTION_FORCE ? LIBDMWARRANT_CLOSE_FORCE :
						LIBDMWARRANT_CLOSE_DEFERRED;
	if ((p.flags & LIBDMWARRANT_CLOSE_FORCE) && (p.flags & LIBDMWARRANT_CLOSE_DEFERRED))
		return cli_usage(c, "--force and --deferred exclude each other");
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_place(c, NULL, &config);
	if (ret)
		return ret;
	if (c->dry_run)
		p.flags |= LIBDMWARRANT_CLOSE_DRY_RUN;
	ret = libdmwarrant_volume_close(c->lib, &config, c->argv[0], &p, &r);
	/* Closed, but stale: the anchor is needed more than ever. */
	if (!ret || r.close.anchor.checkpoint)
		report(c, &r);
	return ret;
}

const struct cli_command command_volume_close = {
	.noun = "volume",
	.verb = "close",
	.arguments = "NAME|UUID|WARRANT",
	.summary = "close a volume, print its anchor and put it into the registry",
	.text = "Commits a last checkpoint, removes the device, reads the superblock back and prints\n"
		"its number and salt: the anchor. That of a warrant's volume goes into the registry; keep\n"
		"others off the array and give them to volume open. When the volume is in use, says by\n"
		"what. Exit code 8: it is closed, but the registry could not be told; repeat the command.",
	.options = options,
	.run = run,
};
