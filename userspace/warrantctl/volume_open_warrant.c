// SPDX-License-Identifier: GPL-2.0-or-later
/* volume open without a keyset: registry and key store have all that is needed. */
#include <errno.h>
#include <string.h>

#include "by_warrant.h"

static void set_result(struct cli *c, const struct libdmwarrant_volume_open_params *p,
		       const struct libdmwarrant_volume_open_result *r, const char *path)
{
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "name", r->record.name);
	cli_set_text(c->out, "warrant", r->record.warrant);
	cli_set_uuid(c->out, "uuid", r->record.uuid);
	cli_set_text(c->out, "device", r->device);
	cli_set_text(c->out, "path", path);
	cli_set_text(c->out, "label", r->open.label);
	cli_set_bool(c->out, "read_only", p->flags & LIBDMWARRANT_VOLUME_OPEN_READ_ONLY);
	cli_set_u64(c->out, "volume_bytes", r->open.volume_bytes);
	cli_set_anchor(c->out, "checkpoint", &r->open.anchor);
	cli_set_u64(c->out, "journal_records", r->open.journal_records);
	cli_set_bool(c->out, "superblock_damaged", r->open.other_damaged);
	cli_set_bool(c->out, "anchored", r->required.checkpoint);
	cli_set_anchor(c->out, "required_anchor", &r->required);
	cli_set_anchor(c->out, "anchor", &r->anchor);
	cli_set_bool(c->out, "after_crash", r->flags & LIBDMWARRANT_VOLUME_AFTER_CRASH);
	cli_set_bool(c->out, "anchor_pending", r->flags & LIBDMWARRANT_VOLUME_UNANCHORED);
	cli_set_bool(c->out, "sweeping", r->flags & LIBDMWARRANT_VOLUME_SWEEPING);
}

/* What is left of a rotation, and what to do about it. */
static void report_rotation(struct cli *c, const struct libdmwarrant_volume_open_result *r)
{
	const char *name = r->record.name;

	if (r->flags & LIBDMWARRANT_VOLUME_SWEEPING)
		cli_say(c, "the rotation of its keys goes on; see warrantctl key rotate status %s\n",
			name);
	if (r->flags & LIBDMWARRANT_VOLUME_SWEEP_STOPPED)
		fprintf(stderr, "warrantctl: note: the rotation of its keys did not go on; start it with warrantctl key rotate resume %s\n",
			name);
	if (r->flags & LIBDMWARRANT_VOLUME_ROTATION_PREPARED)
		fprintf(stderr, "warrantctl: note: a rotation was begun and interrupted: the key store has new keys; go on with warrantctl key rotate start %s\n",
			name);
	if (r->flags & LIBDMWARRANT_VOLUME_ROTATION_RETIRED)
		fprintf(stderr, "warrantctl: note: the key store still has keys of an old epoch; destroy them with warrantctl key rotate finish %s\n",
			name);
}

static void report(struct cli *c, const struct libdmwarrant_volume_open_params *p,
		   const struct libdmwarrant_volume_open_result *r)
{
	char uuid[37], path[16 + LIBDMWARRANT_NAME_SIZE], size[16];

	snprintf(path, sizeof(path), "/dev/mapper/%s", r->record.name);
	libdmwarrant_uuid_format(r->record.uuid, uuid);
	set_result(c, p, r, path);
	cli_say(c, "%s%s: volume %s on %s%s%s\n", c->dry_run ? "would open " : "", path, uuid,
		r->device, r->open.volume_bytes ? ", " : "",
		r->open.volume_bytes ? cli_size(r->open.volume_bytes, size) : "");
	if (r->flags & LIBDMWARRANT_VOLUME_AFTER_CRASH)
		cli_say(c, "this host had it open before and did not close it\n");
	if (r->open.journal_records)
		cli_say(c, "%s%" PRIu64 " journal records (the volume was not closed)\n",
			c->dry_run ? "would recover " : "recovered ", r->open.journal_records);
	if (r->open.other_damaged)
		fputs("warrantctl: note: one superblock does not verify: torn by a crash, or tampered with\n",
		      stderr);
	if (r->flags & LIBDMWARRANT_VOLUME_UNANCHORED)
		fputs("warrantctl: note: the registry could not take the new anchor yet; the guard goes on trying\n",
		      stderr);
}

/* It is open and stays so: without a guard, what comes before a crash is less well anchored. */
static void start_guard(struct cli *c, const struct libdmwarrant_config *config,
			const struct libdmwarrant_volume_open_result *r,
			const struct cli_unlock *options)
{
	/* What unlocks without a person can do so again; key files are the opener's business only. */
	bool token = options->token && options->passphrase_fd < 0;
	int ret = cli_guard_start(c, config, r->record.uuid, 0, token ? options : NULL);

	cli_set_bool(c->out, "guarded", !ret);
	if (ret)
		fprintf(stderr, "warrantctl: note: the guard did not start (%s); start it with warrantctl volume guard %s\n",
			strerror(-ret), r->record.name);
}

/* All that can be checked without keys comes before anybody is asked for a passphrase. */
static int check_first(struct cli *c, const struct libdmwarrant_config *config,
		       const struct libdmwarrant_volume_open_params *params,
		       struct libdmwarrant_volume_open_result *r)
{
	struct libdmwarrant_volume_open_params p = *params;
	int ret;

	p.flags |= LIBDMWARRANT_VOLUME_OPEN_DRY_RUN;
	p.unlock = NULL;
	ret = libdmwarrant_volume_open(c->lib, config, &p, r);
	/* With keys more can be said about a rollback; and an anchor may be pending. */
	return ret == -ESTALE ? 0 : ret;
}

/**
 * cli_open_by_warrant() - open the volume c->argv[0]
 * @params:  all but the volume and what unlocks it; @keystore is --keystore
 * @options: how to unlock
 * @guard:   start a guard
 */
int cli_open_by_warrant(struct cli *c, struct libdmwarrant_volume_open_params *params,
			const struct cli_unlock *options, bool guard)
{
	struct libdmwarrant_volume_open_result r = { .version = LIBDMWARRANT_VOLUME_OPEN_VERSION };
	struct libdmwarrant_unlock unlock = { .fd = -1 };
	char prompt[LIBDMWARRANT_NAME_SIZE + 32];
	struct libdmwarrant_config config;
	int ret;

	params->version = LIBDMWARRANT_VOLUME_OPEN_VERSION;
	params->volume = c->argv[0];
	ret = cli_place(c, NULL, &config);
	if (!ret)
		ret = check_first(c, &config, params, &r);
	if (ret)
		return ret;
	snprintf(prompt, sizeof(prompt), "Passphrase for the keys of %s: ", r.record.name);
	ret = cli_unlock(c, options, prompt, false, &unlock);
	if (ret)
		return ret;
	params->unlock = &unlock;
	if (c->dry_run)
		params->flags |= LIBDMWARRANT_VOLUME_OPEN_DRY_RUN;
	memset(&r, 0, sizeof(r));
	r.version = LIBDMWARRANT_VOLUME_OPEN_VERSION;
	ret = libdmwarrant_volume_open(c->lib, &config, params, &r);
	cli_unlock_end(options, &unlock);
	if (ret)
		return ret;
	report(c, params, &r);
	report_rotation(c, &r);
	if (guard && !c->dry_run)
		start_guard(c, &config, &r, options);
	return 0;
}
