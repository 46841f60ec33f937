// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "key_rotate.h"

static const struct cli_option options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
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

/* ---- what the registry knows ---- */

static const char *age_of(int64_t when, char text[32])
{
	long long s = time(NULL) - when;

	if (s < 0)
		snprintf(text, 32, "in the future");
	else if (s < 120)
		snprintf(text, 32, "%lld s ago", s);
	else if (s < 2 * 3600)
		snprintf(text, 32, "%lld min ago", s / 60);
	else if (s < 48 * 3600)
		snprintf(text, 32, "%lld h ago", s / 3600);
	else
		snprintf(text, 32, "%lld days ago", s / 86400);
	return text;
}

static void show_anchor(struct cli *c, const struct libdmwarrant_volume_state *s)
{
	char anchor[46], age[32];

	if (!s->anchor.checkpoint) {
		cli_say(c, "  anchor        none yet\n");
		return;
	}
	libdmwarrant_anchor_format(&s->anchor, anchor);
	cli_say(c, "  anchor        %s, %s, by host %s%s\n", anchor, age_of(s->anchor_time, age),
		s->anchor_host, s->flags & LIBDMWARRANT_STATE_PENDING ?
		"; a newer one waits for the registry" : "");
}

static void show_registered(struct cli *c, const struct libdmwarrant_volume_state *s)
{
	bool open = s->flags & LIBDMWARRANT_STATE_OPEN;
	char since[32];

	cli_say(c, "  warrant       %s (%s)\n", s->reference, s->record.warrant);
	cli_say(c, "  LUN           %s\n", s->record.wwid[0] ? s->record.wwid : "without WWID");
	cli_say(c, "  key store     %s\n", s->record.keystore);
	if (s->flags & LIBDMWARRANT_STATE_MARKED)
		cli_say(c, "  opened by     %s on host %s at %s%s\n", s->opened.user,
			s->opened.host, cli_time(s->opened.since, since),
			open || !(s->opened.flags & (LIBDMWARRANT_OPENED_HERE |
						     LIBDMWARRANT_OPENED_REBOOTED)) ? "" :
			"  (this host, which has it open no more: open or close it again)");
	show_anchor(c, s);
	if (!open)
		return;
	if (s->guard)
		cli_say(c, "  guard         process %lld\n", (long long)s->guard);
	else
		cli_say(c, "  guard         none: start it with warrantctl volume guard --background %s\n",
			s->record.name);
}

static void set_registered(struct json_object *o, const struct libdmwarrant_volume_state *s)
{
	cli_set_text(o, "warrant", s->record.warrant);
	cli_set_text(o, "reference", s->reference);
	cli_set_text(o, "wwid", s->record.wwid);
	cli_set_text(o, "keystore", s->record.keystore);
	cli_set_bool(o, "creating", s->record.flags & LIBDMWARRANT_RECORD_CREATING);
	cli_set_time(o, "created", s->record.created);
	if (s->anchor.checkpoint) {
		cli_set_anchor(o, "registry_anchor", &s->anchor);
		cli_set_time(o, "registry_anchor_time", s->anchor_time);
		cli_set_text(o, "registry_anchor_host", s->anchor_host);
	}
	cli_set_bool(o, "registry_anchor_pending", s->flags & LIBDMWARRANT_STATE_PENDING);
	cli_set_u64(o, "guard", s->guard);
	if (!(s->flags & LIBDMWARRANT_STATE_MARKED))
		return;
	cli_set_text(o, "opened_host", s->opened.host);
	cli_set_text(o, "opened_user", s->opened.user);
	cli_set_time(o, "opened_since", s->opened.since);
	cli_set_bool(o, "opened_here", s->opened.flags & LIBDMWARRANT_OPENED_HERE);
}

static void report(struct cli *c, const struct libdmwarrant_volume_state *s)
{
	bool open = s->flags & LIBDMWARRANT_STATE_OPEN;
	char uuid[37];

	cli_set_bool(c->out, "open", open);
	cli_set_bool(c->out, "registered", s->flags & LIBDMWARRANT_STATE_REGISTERED);
	if (open) {
		set(c->out, &s->status);
		show(c, &s->status);
	} else {
		libdmwarrant_uuid_format(s->record.uuid, uuid);
		cli_set_text(c->out, "name", s->record.name);
		cli_set_text(c->out, "uuid", uuid);
		cli_set_text(c->out, "device", s->record.device);
		cli_say(c, "%s: %s\n  device        %s\n  uuid          %s\n", s->record.name,
			s->record.flags & LIBDMWARRANT_RECORD_CREATING ?
			"its making was interrupted" : "not open here", s->record.device, uuid);
	}
	if (!(s->flags & LIBDMWARRANT_STATE_REGISTERED))
		return;
	set_registered(c->out, s);
	show_registered(c, s);
}

/* Its epochs; what cannot be known of them is left out. */
static void report_rotation(struct cli *c, const struct libdmwarrant_config *config,
			    const struct libdmwarrant_volume_state *s)
{
	struct libdmwarrant_rotation r = { .version = LIBDMWARRANT_ROTATE_VERSION };
	struct libdmwarrant_rotate_params p = { .version = LIBDMWARRANT_ROTATE_VERSION };
	char uuid[37];

	if (!(s->flags & LIBDMWARRANT_STATE_OPEN) || !(s->flags & LIBDMWARRANT_STATE_REGISTERED))
		return;
	libdmwarrant_uuid_format(s->record.uuid, uuid);
	p.volume = uuid;
	if (!libdmwarrant_rotate_status(c->lib, config, &p, &r))
		cli_rotation_brief(c, &r);
}

static int run(struct cli *c)
{
	struct libdmwarrant_volume_state s = { .version = LIBDMWARRANT_STATE_VERSION };
	struct libdmwarrant_config config;
	int ret;

	while (cli_next_option(c))
		;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_place(c, NULL, &config);
	if (!ret)
		ret = libdmwarrant_volume_state(c->lib, &config, c->argv[0], &s);
	if (ret)
		return ret;
	report(c, &s);
	report_rotation(c, &config, &s);
	return 0;
}

const struct cli_command command_volume_status = {
	.noun = "volume",
	.verb = "status",
	.arguments = "NAME|UUID|WARRANT",
	.summary = "show the state of a volume",
	.text = "Mode rw, ro, or failed (after an I/O error that left the volume unable to go on; close\n"
		"and open it again); the newest committed checkpoint; fill of the journal; how many\n"
		"sectors did not fit their seals since the opening; what crash recovery found. Of a\n"
		"warrant's volume also what the registry has: LUN, anchor and its age, who has it open;\n"
		"and whether its guard is at work; and its epochs, with the sweep of a rotation.",
	.options = options,
	.reads = true,
	.run = run,
};
