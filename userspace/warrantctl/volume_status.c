// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

static const struct cli_option options[] = {
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void show(struct cli *c, const struct libdmwarrant_status *s)
{
	char uuid[37], anchor[46], size[16];

	libdmwarrant_uuid_format(s->uuid, uuid);
	libdmwarrant_anchor_format(&s->anchor, anchor);
	cli_say(c, "%s: %s%s\n", s->name, s->mode, s->suspended ? ", suspended" : "");
	cli_say(c, "  device        %s\n", s->device);
	cli_say(c, "  uuid          %s\n", uuid);
	cli_say(c, "  size          %s\n", cli_size(s->volume_bytes, size));
	cli_say(c, "  opened        %u times\n", s->open_count);
	cli_say(c, "  checkpoint    %s\n", anchor);
	cli_say(c, "  activation    %u\n", s->activation);
	cli_say(c, "  journal       %" PRIu64 " of %" PRIu64 " units\n", s->journal_used,
		s->journal_units);
	cli_say(c, "  nodes         %" PRIu64 " cached of %" PRIu64 ", %" PRIu64 " dirty\n",
		s->nodes_cached, s->node_limit, s->nodes_dirty);
	cli_say(c, "  mismatches    %" PRIu64 "%s\n", s->mismatches,
		s->mismatches ? "  (close the volume and run volume check)" : "");
	cli_say(c, "  recovered     %" PRIu64 " sectors, %" PRIu64 " lost\n", s->recovered,
		s->lost);
}

static void set(struct json_object *o, const struct libdmwarrant_status *s)
{
	cli_set_text(o, "name", s->name);
	cli_set_text(o, "mode", s->mode);
	cli_set_text(o, "device", s->device);
	cli_set_uuid(o, "uuid", s->uuid);
	cli_set_u64(o, "volume_bytes", s->volume_bytes);
	cli_set_u64(o, "major", s->major);
	cli_set_u64(o, "minor", s->minor);
	cli_set_u64(o, "open_count", s->open_count);
	cli_set_bool(o, "read_only", s->read_only);
	cli_set_bool(o, "suspended", s->suspended);
	cli_set_u64(o, "checkpoint", s->anchor.checkpoint);
	cli_set_anchor(o, "anchor", &s->anchor);
	cli_set_u64(o, "activation", s->activation);
	cli_set_u64(o, "journal_used", s->journal_used);
	cli_set_u64(o, "journal_units", s->journal_units);
	cli_set_u64(o, "nodes_cached", s->nodes_cached);
	cli_set_u64(o, "node_limit", s->node_limit);
	cli_set_u64(o, "nodes_dirty", s->nodes_dirty);
	cli_set_u64(o, "mismatches", s->mismatches);
	cli_set_u64(o, "recovered", s->recovered);
	cli_set_u64(o, "lost", s->lost);
}

static int run(struct cli *c)
{
	struct libdmwarrant_status s = { .version = LIBDMWARRANT_STATUS_VERSION };
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = libdmwarrant_status(c->lib, c->argv[0], &s);
	if (ret)
		return ret;
	set(c->out, &s);
	show(c, &s);
	return 0;
}

const struct cli_command command_volume_status = {
	.noun = "volume",
	.verb = "status",
	.arguments = "NAME|UUID",
	.summary = "show the state of an open volume",
	.text = "Mode rw, ro, or failed (after an I/O error that left the volume unable to go on; close\n"
		"and open it again); the newest committed checkpoint; fill of the journal; how many\n"
		"sectors did not fit their seals since the opening; what crash recovery found.",
	.options = options,
	.run = run,
};
