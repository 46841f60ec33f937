// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.h"
#include "by_warrant.h"

enum {
	OPTION_WARRANT = OPTION_OWN,
	OPTION_DEVICE,
	OPTION_NAME,
};

static const struct cli_option options[] = {
	{ "warrant", "W", OPTION_WARRANT, "reference, UUID or COUNTRY/OWNER/REFERENCE" },
	{ "device", "DEVICE", OPTION_DEVICE, "the LUN" },
	{ "name", "NAME", OPTION_NAME, "of the volume; default: made from the reference" },
	CLI_UNLOCK,
	CLI_NEW_KEY_FILE,
	CLI_NEW_RANDOM_KEY_FILE,
	CLI_NEW_PASSPHRASE_FD,
	CLI_PBKDF_MS,
	CLI_PBKDF_MEMORY,
	CLI_JOURNAL,
	CLI_ERASE,
	CLI_FORCE,
	CLI_YES,
	CLI_KEYSTORE,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct create {
	const char				*keystore;
	struct cli_unlock			unlock;
	struct cli_unlock			new_secret;
	const struct cli_unlock			*chosen;	/* of the two */
	struct cli_format			format;
	struct libdmwarrant_device		device;	/* @format may point into it */
	struct libdmwarrant_config		config;
	struct libdmwarrant_create_params	params;
	struct libdmwarrant_create_result	result;
};

/* ---- options ---- */

static int one_option(struct cli *c, struct create *f, int id)
{
	switch (id) {
	case OPTION_WARRANT:
		f->params.warrant = c->arg;
		return 0;
	case OPTION_DEVICE:
		f->params.device = c->arg;
		return 0;
	case OPTION_NAME:
		f->params.name = c->arg;
		return 0;
	case OPTION_KEYSTORE:
		f->keystore = c->arg;
		return 0;
	default:
		return cli_format_option(c, id, &f->format);
	}
}

static int all_options(struct cli *c, struct create *f)
{
	int id;

	f->params.version = LIBDMWARRANT_CREATE_VERSION;
	f->result.version = LIBDMWARRANT_CREATE_VERSION;
	while ((id = cli_next_option(c)))
		if (!cli_unlock_option(c, id, &f->unlock) &&
		    !cli_new_secret_option(c, id, &f->new_secret) && one_option(c, f, id))
			return CLI_USAGE;
	f->params.erase = f->format.erase;
	f->params.erase_count = f->format.erase_count;
	f->params.journal_mib = f->format.journal_mib;
	if (f->format.small_blocks)
		f->params.flags |= LIBDMWARRANT_CREATE_SMALL_BLOCKS;
	if (!f->params.warrant || !f->params.device)
		return cli_usage(c, "name the warrant with --warrant and the LUN with --device");
	return cli_arguments(c, 0);
}

/* ---- asking ---- */

/* Before the checks, or they would refuse what the user has not been asked about yet. */
static int ask_signatures(struct cli *c, struct create *f)
{
	int ret;

	if (c->dry_run)
		return 0;
	f->device.version = LIBDMWARRANT_DEVICE_VERSION;
	ret = libdmwarrant_device_probe(c->lib, f->params.device, &f->device);
	return ret ? ret : cli_ask_signatures(c, &f->device, f->format.erase,
						  &f->params.erase_count);
}

/*
 * Whether the warrant has keys already, and its secret is there or to be made, a script need not
 * know: one given in the other's place will do. An interrupted creation has made it, too.
 */
static const struct cli_unlock *choose_secret(const struct create *f, bool new_secret)
{
	const struct cli_unlock *wanted = new_secret ? &f->new_secret : &f->unlock;
	const struct cli_unlock *other = new_secret ? &f->unlock : &f->new_secret;

	return cli_unlock_given(wanted) || !cli_unlock_given(other) ? wanted : other;
}

static int ask_all(struct cli *c, struct create *f, struct libdmwarrant_unlock *unlock)
{
	bool new_secret = f->result.flags & LIBDMWARRANT_CREATED_NEW_SECRET;
	char prompt[sizeof(f->result.record.name) + 64];

	if (!f->format.yes && cli_ask_format(c, &f->result.device))
		return CLI_USAGE;
	snprintf(prompt, sizeof(prompt), new_secret ? "New passphrase for the keys of %s: " :
		 "Passphrase for the keys of the warrant of %s: ", f->result.record.name);
	f->chosen = choose_secret(f, new_secret);
	return cli_unlock(c, f->chosen, prompt, new_secret, unlock);
}

/* ---- making ---- */

static void report(struct cli *c, const struct create *f)
{
	const struct libdmwarrant_create_result *r = &f->result;
	const char *would = c->dry_run ? "would make " : "";
	char uuid[37], anchor[46], size[16], lun[16];

	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "name", r->record.name);
	cli_set_text(c->out, "warrant", r->record.warrant);
	cli_set_text(c->out, "device", r->device.path);
	cli_set_text(c->out, "wwid", r->device.wwid);
	cli_set_text(c->out, "keystore", r->record.keystore);
	cli_set_bool(c->out, "resumed", r->flags & LIBDMWARRANT_CREATED_RESUMED);
	cli_set_bool(c->out, "new_secret", r->flags & LIBDMWARRANT_CREATED_NEW_SECRET);
	cli_set_u64(c->out, "lun_bytes", r->format.lun_bytes);
	cli_set_u64(c->out, "volume_bytes", r->format.volume_bytes);
	cli_set_u64(c->out, "journal_bytes", r->format.journal_bytes);
	cli_say(c, "%s%s: volume of %s on %s, a LUN of %s\nwarrant  %s\n", would, r->record.name,
		cli_size(r->format.volume_bytes, size), r->device.path,
		cli_size(r->format.lun_bytes, lun), r->record.warrant);
	if (r->flags & LIBDMWARRANT_CREATED_RESUMED)
		cli_say(c, "%san interrupted creation\n", c->dry_run ? "would finish " : "finished ");
	if (c->dry_run)
		return;
	libdmwarrant_uuid_format(r->record.uuid, uuid);
	libdmwarrant_anchor_format(&r->format.anchor, anchor);
	cli_set_text(c->out, "uuid", uuid);
	cli_set_text(c->out, "anchor", anchor);
	cli_say(c, "uuid     %s\nanchor   %s, in the registry\n", uuid, anchor);
}

/* All checks first: nobody should be asked for a passphrase in vain. */
static int create(struct cli *c, struct create *f)
{
	struct libdmwarrant_unlock unlock = { .fd = -1 };
	uint32_t flags = f->params.flags;
	int ret;

	f->params.flags |= LIBDMWARRANT_CREATE_DRY_RUN;
	ret = libdmwarrant_volume_create(c->lib, &f->config, &f->params, &f->result);
	if (ret || c->dry_run)
		return ret;
	ret = ask_all(c, f, &unlock);
	if (ret)
		return ret;
	f->params.flags = flags;
	f->params.unlock = &unlock;
	ret = libdmwarrant_volume_create(c->lib, &f->config, &f->params, &f->result);
	cli_unlock_end(f->chosen, &unlock);
	return ret;
}

static int run(struct cli *c)
{
	struct create f = { .unlock = CLI_UNLOCK_NONE, .new_secret = CLI_UNLOCK_NONE };
	int ret;

	ret = all_options(c, &f);
	if (!ret)
		ret = cli_place(c, f.keystore, &f.config);
	if (!ret)
		ret = ask_signatures(c, &f);
	if (!ret)
		ret = create(c, &f);
	if (!ret)
		report(c, &f);
	return ret;
}

const struct cli_command command_volume_create = {
	.noun = "volume",
	.verb = "create",
	.arguments = "",
	.summary = "make a volume for a warrant",
	.text = "Checks the warrant and the LUN, makes keys and stores them, formats the LUN, and puts the\n"
		"volume with its first anchor into the registry. If it is interrupted, repeat it: it goes\n"
		"on where it was. The first volume of a warrant also makes the secret that unlocks its\n"
		"keys; others are added later with warrantctl keystore and systemd-cryptenroll.\n"
		"What is on the device has to be named before it is erased, as by volume format.\n\n"
		"Example: warrantctl volume create --warrant 2026/0815 --device /dev/mapper/mpatha",
	.options = options,
	.run = run,
};
