// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.h"

enum {
	OPTION_NEW_KEYSET = OPTION_OWN,
	OPTION_UUID,
	OPTION_LABEL,
};

static const struct cli_option options[] = {
	{ "new-keyset", "FILE", OPTION_NEW_KEYSET, "make new keys and write them to FILE first" },
	CLI_KEYSET,
	CLI_KEYSET_FD,
	{ "uuid", "UUID", OPTION_UUID, "of the volume, with --new-keyset; default: random" },
	{ "label", "TEXT", OPTION_LABEL, "name for people, at most 64 bytes; stored encrypted" },
	CLI_JOURNAL,
	CLI_ERASE,
	CLI_FORCE,
	CLI_YES,
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct format {
	const char				*new_keyset;
	const char				*uuid_text;
	uint8_t					uuid[LIBDMWARRANT_UUID_SIZE];
	struct cli_format			format;
	struct libdmwarrant_format_params	params;
	struct libdmwarrant_format_result	result;
	struct libdmwarrant_device		device;
};

/* ---- options ---- */

static int one_option(struct cli *c, struct format *f, int id)
{
	switch (id) {
	case OPTION_NEW_KEYSET:
		f->new_keyset = c->arg;
		return 0;
	case OPTION_UUID:
		f->uuid_text = c->arg;
		return libdmwarrant_uuid_parse(c->arg, f->uuid) ?
		       cli_usage(c, "%s is not a UUID", c->arg) : 0;
	case OPTION_LABEL:
		f->params.label = c->arg;
		return 0;
	default:
		return cli_format_option(c, id, &f->format);
	}
}

static int all_options(struct cli *c, struct format *f)
{
	int id, ret;

	f->params.version = LIBDMWARRANT_FORMAT_VERSION;
	f->result.version = LIBDMWARRANT_FORMAT_VERSION;
	f->device.version = LIBDMWARRANT_DEVICE_VERSION;
	while ((id = cli_next_option(c))) {
		ret = one_option(c, f, id);
		if (ret)
			return ret;
	}
	f->params.erase = f->format.erase;
	f->params.erase_count = f->format.erase_count;
	f->params.journal_mib = f->format.journal_mib;
	if (f->format.small_blocks)
		f->params.flags |= LIBDMWARRANT_FORMAT_SMALL_BLOCKS;
	if (!!f->new_keyset + !!c->keyset_path + (c->keyset_fd >= 0) != 1)
		return cli_usage(c, "name the keys with one of --new-keyset, --keyset, --keyset-fd");
	if (f->uuid_text && !f->new_keyset)
		return cli_usage(c, "--uuid goes with --new-keyset; a keyset has its UUID already");
	return cli_arguments(c, 1);
}

/* ---- asking ---- */

static int ask(struct cli *c, struct format *f)
{
	int ret = cli_ask_signatures(c, &f->device, f->format.erase,
				     &f->params.erase_count);

	return ret || f->format.yes ? ret : cli_ask_format(c, &f->device);
}

/* ---- formatting ---- */

static void report(struct cli *c, const struct format *f)
{
	const struct libdmwarrant_format_result *r = &f->result;
	char uuid[37], anchor[46], size[16], lun[16], journal[16];

	cli_set_text(c->out, "device", f->device.path);
	cli_set_text(c->out, "wwid", f->device.wwid);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (f->new_keyset)
		cli_set_text(c->out, "new_keyset", f->new_keyset);
	if (!c->dry_run || !f->new_keyset || f->uuid_text)
		cli_set_uuid(c->out, "uuid", r->uuid);
	cli_set_u64(c->out, "lun_bytes", r->lun_bytes);
	cli_set_u64(c->out, "volume_bytes", r->volume_bytes);
	cli_set_u64(c->out, "journal_bytes", r->journal_bytes);
	cli_set_u64(c->out, "journal_unit_bytes", r->journal_unit);
	cli_set_u64(c->out, "epoch", r->epoch);
	cli_set_u64(c->out, "written_bytes", r->bytes_written);
	libdmwarrant_uuid_format(r->uuid, uuid);
	libdmwarrant_anchor_format(&r->anchor, anchor);
	if (!c->dry_run)
		cli_set_text(c->out, "anchor", anchor);

	cli_say(c, "%s%s: volume of %s on a LUN of %s, journal %s\n",
		c->dry_run ? "would format " : "", f->device.path, cli_size(r->volume_bytes, size),
		cli_size(r->lun_bytes, lun), cli_size(r->journal_bytes, journal));
	if (!c->dry_run)
		cli_say(c, "uuid    %s\nanchor  %s\n", uuid, anchor);
}

static int get_keyset(struct cli *c, const struct format *f, struct libdmwarrant_keyset **k)
{
	if (!f->new_keyset)
		return cli_keyset(c, k);
	return libdmwarrant_keyset_generate(c->lib, f->uuid_text ? f->uuid : NULL, k);
}

/* All checks come before the keyset is written, and the keyset before the LUN. */
static int format(struct cli *c, struct format *f, const struct libdmwarrant_keyset *k)
{
	const char *path = c->argv[0];
	int ret;

	f->params.flags |= LIBDMWARRANT_FORMAT_DRY_RUN;
	ret = libdmwarrant_format(c->lib, path, k, &f->params, &f->result);
	if (!ret && !c->dry_run && f->new_keyset)
		ret = libdmwarrant_keyset_write(c->lib, k, f->new_keyset);
	if (ret || c->dry_run)
		return ret;
	f->params.flags &= ~LIBDMWARRANT_FORMAT_DRY_RUN;
	return libdmwarrant_format(c->lib, path, k, &f->params, &f->result);
}

static int run(struct cli *c)
{
	struct libdmwarrant_keyset *k;
	struct format f = { 0 };
	int ret;

	ret = all_options(c, &f);
	if (!ret)
		ret = libdmwarrant_device_probe(c->lib, c->argv[0], &f.device);
	if (!ret)
		ret = get_keyset(c, &f, &k);
	if (ret)
		return ret;
	if (!c->dry_run)
		ret = ask(c, &f);
	if (!ret)
		ret = format(c, &f, k);
	if (!ret)
		report(c, &f);
	libdmwarrant_keyset_free(k);
	return ret;
}

const struct cli_command command_volume_format = {
	.noun = "volume",
	.verb = "format",
	.arguments = "DEVICE",
	.summary = "make a volume on a LUN",
	.text = "Writes a few blocks, however large the LUN is; sectors never written read as zeros.\n"
		"Refuses a device that is in use, misaligned or too small. What it recognises on the\n"
		"device has to be named before it is erased: typed at the prompt, or with\n"
		"--erase-signature, once for each type (blkid's names; dm-warrant for a former volume).\n"
		"Prints the first anchor: remember it off the array, and give the newest to volume open.\n\n"
		"Example: warrantctl volume format --new-keyset /root/case7.keys --label case7 /dev/mapper/mpatha",
	.options = options,
	.run = run,
};
