// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "by_warrant.h"
#include "evidence.h"

enum {
	OPTION_TAG = OPTION_OWN,
	OPTION_OUTPUT,
	OPTION_ANCHOR,
};

static const struct cli_option options[] = {
	{ "output", "FILE", OPTION_OUTPUT, "receives the statement; FILE.sig and FILE.hashes, the rest" },
	{ "tag", "N", OPTION_TAG, "only this tag; may be given again" },
	{ "anchor", "N:SALT", OPTION_ANCHOR, "refuse a LUN that was rolled back behind this" },
	CLI_KEYSET,
	CLI_KEYSET_FD,
	CLI_UNLOCK,
	CLI_KEYSTORE,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct seal {
	struct libdmwarrant_seal_params	params;
	const char			*keystore;
	struct cli_unlock		unlock;
	uint32_t			*tags;
};

/* ---- options ---- */

static int add_tag(struct cli *c, struct seal *s)
{
	uint64_t tag;
	uint32_t *more;

	if (cli_number(c, c->arg, 0, UINT32_MAX, &tag))
		return CLI_USAGE;
	more = reallocarray(s->tags, s->params.tag_count + 1, sizeof(*more));
	if (!more)
		return cli_usage(c, "not enough memory");
	s->tags = more;
	s->tags[s->params.tag_count++] = tag;
	s->params.tags = s->tags;
	return 0;
}

static int one_option(struct cli *c, int id, struct seal *s)
{
	if (cli_unlock_option(c, id, &s->unlock))
		return 0;
	if (id == OPTION_TAG)
		return add_tag(c, s);
	if (id == OPTION_OUTPUT)
		s->params.file = c->arg;
	else if (id == OPTION_KEYSTORE)
		s->keystore = c->arg;
	else if (libdmwarrant_anchor_parse(c->arg, &s->params.anchor))
		return cli_usage(c, "%s is not an anchor, NUMBER:24 hex digits", c->arg);
	return 0;
}

static int all_options(struct cli *c, struct seal *s)
{
	int id, ret = 0;

	while (!ret && (id = cli_next_option(c)))
		ret = one_option(c, id, s);
	if (!ret)
		ret = cli_arguments(c, 1);
	if (!ret && !s->params.file && !c->dry_run)
		ret = cli_usage(c, "name the seal's file with --output");
	return ret;
}

/* ---- the volume ---- */

/* A name of the registry stands for the LUN that it was on; what is there must be that volume. */
static int find_device(struct cli *c, const struct libdmwarrant_config *config,
		       struct libdmwarrant_volume_state *state)
{
	struct libdmwarrant_volume v = { .version = LIBDMWARRANT_VOLUME_VERSION };
	const char *device;
	int ret;

	ret = libdmwarrant_volume_state(c->lib, config, c->argv[0], state);
	if (ret)
		return ret;
	device = state->flags & LIBDMWARRANT_STATE_OPEN ? state->status.device :
							  state->record.device;
	ret = libdmwarrant_volume_peek(c->lib, device, &v);
	if (!ret && state->flags & LIBDMWARRANT_STATE_REGISTERED &&
	    memcmp(v.uuid, state->record.uuid, sizeof(v.uuid)))
		ret = cli_usage(c, "%s is not on %s any more; name its device instead of it",
				c->argv[0], device);
	return ret;
}

/* A device is asked whose it is; only whether that is open on this host matters. */
static int ask_device(struct cli *c, struct libdmwarrant_volume_state *state)
{
	struct libdmwarrant_volume v = { .version = LIBDMWARRANT_VOLUME_VERSION };
	char uuid[37];
	int ret = libdmwarrant_volume_peek(c->lib, c->argv[0], &v);

	if (ret)
		return ret;
	libdmwarrant_uuid_format(v.uuid, uuid);
	state->status.version = LIBDMWARRANT_STATUS_VERSION;
	if (!libdmwarrant_status(c->lib, uuid, &state->status))
		state->flags |= LIBDMWARRANT_STATE_OPEN;
	return 0;
}

static int find(struct cli *c, const struct libdmwarrant_config *config,
		struct libdmwarrant_volume_state *state, const char **device)
{
	int ret;

	if (strchr(c->argv[0], '/')) {
		*device = c->argv[0];
		return ask_device(c, state);
	}
	ret = find_device(c, config, state);
	*device = state->flags & LIBDMWARRANT_STATE_OPEN ? state->status.device :
							   state->record.device;
	return ret;
}

/* ---- result ---- */

static void report(struct cli *c, const struct seal *s, const struct libdmwarrant_seal_result *r)
{
	char uuid[37], anchor[46], root[2 * LIBDMWARRANT_DIGEST_SIZE + 1], size[16];

	libdmwarrant_uuid_format(r->uuid, uuid);
	libdmwarrant_anchor_format(&r->anchor, anchor);
	evidence_hex(r->root, root);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "device", s->params.device);
	cli_set_text(c->out, "volume", uuid);
	cli_set_text(c->out, "checkpoint", anchor);
	cli_set_u64(c->out, "tags", r->tags);
	cli_set_u64(c->out, "extents", r->extents);
	cli_set_u64(c->out, "sectors", r->sectors);
	cli_set_u64(c->out, "verified_sectors", r->verified);
	cli_set_u64(c->out, "sectors_without_key", r->unverified);
	cli_set_text(c->out, "root", root);
	cli_say(c, "%s %s, checkpoint %s: %" PRIu64 " sectors in %" PRIu64 " extents of %u tags, %s\n",
		c->dry_run ? "would seal" : "sealed", uuid, anchor, r->sectors, r->extents, r->tags,
		cli_size(r->sectors * LIBDMWARRANT_SECTOR_SIZE, size));
	if (r->unverified)
		cli_say(c, "%" PRIu64 " sectors have no key any more; their ciphertext is sealed as it stands\n",
			r->unverified);
	cli_say(c, "root %s\n", root);
	if (c->dry_run)
		return;
	cli_set_text(c->out, "file", s->params.file);
	cli_set_u64(c->out, "hashes_bytes", r->bytes);
	cli_set_u64(c->out, "audit_entry", r->entry);
	cli_say(c, "%s, %s.sig, %s.hashes (%s); entry %" PRIu64 " of the audit log\n",
		s->params.file, s->params.file, s->params.file, cli_size(r->bytes, size), r->entry);
}

static int seal(struct cli *c, struct seal *s)
{
	struct libdmwarrant_volume_state state = { .version = LIBDMWARRANT_STATE_VERSION };
	struct libdmwarrant_seal_result r = { 0 };
	struct libdmwarrant_keyset *keyset;
	struct libdmwarrant_config config;
	int ret;

	ret = cli_place(c, s->keystore, &config);
	if (!ret)
		ret = find(c, &config, &state, &s->params.device);
	if (!ret)
		ret = cli_device_keyset(c, s->params.device, s->keystore, &s->unlock,
					&s->params.anchor, &keyset);
	if (ret)
		return ret;
	s->params.keyset = keyset;
	/* Without tags the library says why it cannot be done. */
	if (state.flags & LIBDMWARRANT_STATE_OPEN)
		s->params.flags |= LIBDMWARRANT_SEAL_OPEN;
	ret = libdmwarrant_evidence_seal(c->lib, &config, &s->params, &r);
	libdmwarrant_keyset_free(keyset);
	cli_progress_end(c);
	if (!ret)
		report(c, s, &r);
	return ret;
}

static int run(struct cli *c)
{
	struct seal s = {
		.params.version = LIBDMWARRANT_SEAL_VERSION, .unlock = CLI_UNLOCK_NONE,
	};
	int ret = all_options(c, &s);

	if (c->dry_run)
		s.params.flags |= LIBDMWARRANT_SEAL_DRY_RUN;
	if (!ret)
		ret = seal(c, &s);
	free(s.tags);
	return ret;
}

const struct cli_command command_evidence_seal = {
	.noun = "evidence",
	.verb = "seal",
	.arguments = "VOLUME|DEVICE",
	.summary = "sign what a volume's ciphertext is, for a court",
	.text = "Reads every written sector of a closed volume, checks it under its key, and writes a\n"
		"statement: a hash over the ciphertext of each tag, signed with the installation's key.\n"
		"Later anybody can verify with it, without any key of the volume, that the ciphertext is\n"
		"still the same, also of what is left when some of it was shredded.\n"
		"\n"
		"Of an open volume only tags that are frozen can be sealed; name them with --tag.\n"
		"Rotating keys writes new ciphertext: seal again after it.",
	.options = options,
	.run = run,
};
