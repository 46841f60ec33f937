// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli.h"

enum {
	OPTION_RAW = OPTION_OWN,
	OPTION_DATA,
};

static const struct cli_option options[] = {
	CLI_KEYSET,
	CLI_KEYSET_FD,
	{ "raw", NULL, OPTION_RAW, "write the blocks to stdout as they stand on the LUN" },
	{ "data", NULL, OPTION_DATA, "of a sector: write its verified contents to stdout" },
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static const struct {
	const char	*name;
	uint32_t	what;
	int		numbers;
} structures[] = {
	{ "superblock", LIBDMWARRANT_DUMP_SUPERBLOCK, 0 },
	{ "activations", LIBDMWARRANT_DUMP_ACTIVATIONS, 0 },
	{ "journal", LIBDMWARRANT_DUMP_JOURNAL, 0 },
	{ "node", LIBDMWARRANT_DUMP_NODE, 2 },
	{ "sector", LIBDMWARRANT_DUMP_SECTOR, 1 },
};

struct dump {
	struct cli		*c;
	struct json_object	*groups;
	struct json_object	*fields;	/* of the current group */
};

/* ---- fields ---- */

static void new_group(struct dump *d, const struct libdmwarrant_field *f)
{
	struct json_object *o = json_object_new_object();

	d->fields = json_object_new_array();
	cli_set_text(o, "name", f->name);
	cli_set_u64(o, "block", f->offset / LIBDMWARRANT_SECTOR_SIZE);
	cli_set_text(o, "state", f->text);
	json_object_object_add(o, "fields", d->fields);
	json_object_array_add(d->groups, o);
	cli_say(d->c, "%s: block %" PRIu64 ", %s\n", f->name, f->offset / LIBDMWARRANT_SECTOR_SIZE,
		f->text);
}

static int field(void *arg, const struct libdmwarrant_field *f)
{
	struct dump *d = arg;
	struct json_object *o;
	char time[32];

	if (f->type == LIBDMWARRANT_FIELD_GROUP) {
		new_group(d, f);
		return 0;
	}
	o = json_object_new_object();
	cli_set_u64(o, "offset", f->offset);
	cli_set_u64(o, "size", f->size);
	cli_set_text(o, "name", f->name);
	cli_say(d->c, "%6" PRIu64 "  %-20s  ", f->offset, f->name);
	switch (f->type) {
	case LIBDMWARRANT_FIELD_NUMBER:
		cli_set_u64(o, "value", f->number);
		cli_say(d->c, "%" PRIu64 "\n", f->number);
		break;
	case LIBDMWARRANT_FIELD_TIME:
		cli_set_u64(o, "value", f->number);
		cli_set_time(o, "time", f->number);
		cli_say(d->c, "%s\n", cli_time(f->number, time));
		break;
	default:
		cli_set_text(o, "value", f->text);
		cli_say(d->c, "%s\n", f->text);
	}
	json_object_array_add(d->fields, o);
	return 0;
}

static int bytes(void *arg, const void *data, size_t size)
{
	(void)arg;
	return fwrite(data, 1, size, stdout) != size;
}

/* ---- arguments ---- */

static int parse_structure(struct cli *c, struct libdmwarrant_dump_params *p)
{
	uint64_t level = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(structures); i++)
		if (c->argc && !strcmp(c->argv[0], structures[i].name))
			break;
	if (i == ARRAY_SIZE(structures))
		return cli_usage(c, "dump what: superblock, activations, journal, node or sector?");
	if (c->argc != structures[i].numbers + 2)
		return cli_usage(c, "expected %s%s DEVICE", structures[i].name,
				 structures[i].numbers == 2 ? " LEVEL INDEX" :
				 structures[i].numbers == 1 ? " NUMBER" : "");
	p->what = structures[i].what;
	if (structures[i].numbers == 2 && cli_number(c, c->argv[1], 0, 255, &level))
		return CLI_USAGE;
	p->level = level;
	if (structures[i].numbers &&
	    cli_number(c, c->argv[structures[i].numbers], 0, UINT64_MAX, &p->index))
		return CLI_USAGE;
	return 0;
}

static int all_options(struct cli *c, struct libdmwarrant_dump_params *p)
{
	int id, ret;

	p->field = field;
	while ((id = cli_next_option(c))) {
		if (id == OPTION_RAW)
			p->raw = bytes;
		else
			p->data = bytes;
		p->field = NULL;
	}
	ret = parse_structure(c, p);
	if (ret)
		return ret;
	if (p->data && p->what != LIBDMWARRANT_DUMP_SECTOR)
		return cli_usage(c, "--data is for sectors");
	if (!!p->raw + !!p->data + c->json > 1)
		return cli_usage(c, "--raw, --data and --json exclude each other");
	return 0;
}

static int run(struct cli *c)
{
	struct dump d = { .c = c, .groups = json_object_new_array() };
	struct libdmwarrant_dump_params p = { .version = LIBDMWARRANT_DUMP_VERSION, .arg = &d };
	struct libdmwarrant_keyset *keys = NULL;
	int ret;

	json_object_object_add(c->out, "structures", d.groups);
	ret = all_options(c, &p);
	/* The superblock's clear part needs no key. */
	if (!ret && (c->keyset_path || c->keyset_fd >= 0 ||
		     p.what != LIBDMWARRANT_DUMP_SUPERBLOCK))
		ret = cli_keyset(c, &keys);
	if (!ret)
		ret = libdmwarrant_dump(c->lib, c->argv[c->argc - 1], keys, &p);
	libdmwarrant_keyset_free(keys);
	return ret;
}

const struct cli_command command_volume_dump = {
	.noun = "volume",
	.verb = "dump",
	.arguments = "superblock|activations|journal|node LEVEL INDEX|sector NUMBER DEVICE",
	.summary = "show a structure of a volume",
	.text = "Prints offset, name and value of each field, and whether the structure verifies. Never\n"
		"prints keys. The superblock's clear part needs no keyset, all else does. Level 0 is a\n"
		"leaf. Works on an open volume too, but may then show what is a moment old.",
	.options = options,
	.reads = true,
	.run = run,
};
