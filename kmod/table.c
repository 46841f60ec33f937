// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table line:
 *
 *   <start> <length> warrant <LUN> <uuid> logon:<description> [<#options> <option>...]
 *
 * What dmw_table_emit() writes dmw_table_parse() reads.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "device.h"

#define DEFAULT_CACHE_MIB		64
#define MIN_CACHE_MIB			1
#define MAX_CACHE_MIB			65536
#define DEFAULT_CHECKPOINT_SECONDS	5
#define MAX_CHECKPOINT_SECONDS		3600
#define MAX_KEYSETS			DIV_ROUND_UP(DMW_KEYSET_MAX_KEYS, DMW_KEYSET_PART_KEYS)
#define MAX_OPTION_ARGS			11

static int parse_number(const char *arg, u32 from, u32 to, u32 *value)
{
	return kstrtou32(arg, 10, value) || *value < from || *value > to ? -EINVAL : 0;
}

/* <checkpoint>:<24 hex digits> */
static int parse_anchor(char *arg, struct dmw_anchor *a)
{
	char *salt = strchr(arg, ':');

	if (!salt)
		return -EINVAL;
	*salt++ = '\0';
	if (kstrtou64(arg, 10, &a->checkpoint) || !a->checkpoint ||
	    strlen(salt) != 2 * DMW_SALT_SIZE)
		return -EINVAL;
	return hex2bin(a->salt, salt, DMW_SALT_SIZE);
}

static int parse_option(struct dm_arg_set *as, struct dmw_table *t, char **error)
{
	const char *name = dm_shift_arg(as);
	char *value;

	if (!strcasecmp(name, "allow_discards")) {
		t->allow_discards = true;
		return 0;
	}
	value = (char *)dm_shift_arg(as);
	*error = "Unknown option, or option without its value";
	if (!value)
		return -EINVAL;
	if (!strcasecmp(name, "cache_mib")) {
		*error = "Bad cache_mib; 1 to 65536";
		return parse_number(value, MIN_CACHE_MIB, MAX_CACHE_MIB, &t->cache_mib);
	}
	if (!strcasecmp(name, "checkpoint_seconds")) {
		*error = "Bad checkpoint_seconds; 1 to 3600";
		return parse_number(value, 1, MAX_CHECKPOINT_SECONDS, &t->checkpoint_seconds);
	}
	if (!strcasecmp(name, "keysets")) {
		*error = "Bad keysets; the number of parts in which the keyset comes";
		return parse_number(value, 1, MAX_KEYSETS, &t->keysets);
	}
	if (!strcasecmp(name, "warrant")) {
		*error = "Bad warrant; 64 hex digits";
		t->has_warrant = true;
		return strlen(value) != 2 * DMW_DIGEST_SIZE ? -EINVAL :
		       hex2bin(t->warrant, value, DMW_DIGEST_SIZE);
	}
	if (!strcasecmp(name, "anchor")) {
		*error = "Bad anchor; <checkpoint>:<24 hex digits>";
		return parse_anchor(value, &t->anchor);
	}
	return -EINVAL;
}

static int parse_options(struct dm_arg_set *as, struct dmw_table *t, char **error)
{
	static const struct dm_arg count_arg = {
		0, MAX_OPTION_ARGS, "Bad number of options",
	};
	unsigned int count;
	int ret = 0;

	if (!as->argc)
		return 0;
	if (dm_read_arg_group(&count_arg, as, &count, error))
		return -EINVAL;
	if (count != as->argc) {
		*error = "Number of options does not fit the options";
		return -EINVAL;
	}
	while (!ret && as->argc)
		ret = parse_option(as, t, error);
	return ret;
}

/* dm escapes nothing when it shows a table: what would need it could not be loaded again. */
static bool needs_escape(const char *arg)
{
	for (; *arg; arg++)
		if (isspace(*arg) || *arg == '\\')
			return true;
	return false;
}

static int parse_key(const char *arg, const struct dmw_table *t, char **key)
{
	if (strncmp(arg, "logon:", strlen("logon:")) || !arg[strlen("logon:")] ||
	    needs_escape(arg))
		return -EINVAL;
	*key = kstrdup(arg, GFP_KERNEL);
	return *key ? 0 : -ENOMEM;
}

/**
 * dmw_table_parse() - read a table line and take hold of the LUN
 * @ti:   target; ti->error receives what is wrong
 * @argc: number of arguments
 * @argv: arguments
 * @t:    zeroed; receives all, dmw_table_free() frees it also after a failure
 *
 * Context: may sleep.
 */
int dmw_table_parse(struct dm_target *ti, unsigned int argc, char **argv, struct dmw_table *t)
{
	struct dm_arg_set as = { .argc = argc, .argv = argv };
	const char *lun;
	uuid_t uuid;
	int ret;

	ti->error = "Arguments missing: <LUN> <uuid> logon:<description> [<#options> <option>...]";
	if (argc < 3)
		return -EINVAL;
	t->keysets = 1;
	t->cache_mib = DEFAULT_CACHE_MIB;
	t->checkpoint_seconds = DEFAULT_CHECKPOINT_SECONDS;

	lun = dm_shift_arg(&as);
	ti->error = "Bad volume UUID";
	if (uuid_parse(dm_shift_arg(&as), &uuid))
		return -EINVAL;
	memcpy(t->uuid, &uuid, DMW_UUID_SIZE);
	ti->error = "Bad key; logon:<description of a logon key>, without blanks and backslashes";
	ret = parse_key(dm_shift_arg(&as), t, &t->key);
	if (!ret)
		ret = parse_options(&as, t, &ti->error);
	if (ret)
		return ret;
	ret = dm_get_device(ti, lun, dm_table_get_mode(ti->table), &t->lun);
	if (ret)
		ti->error = "The LUN cannot be opened; does it exist, is it in use?";
	return ret;
}

void dmw_table_free(struct dm_target *ti, struct dmw_table *t)
{
	if (t->lun)
		dm_put_device(ti, t->lun);
	kfree(t->key);
}

/**
 * dmw_table_emit() - write the arguments so that dmw_table_parse() accepts them again
 * @t:      table
 * @result: buffer
 * @maxlen: its size
 *
 * Return: characters written.
 */
unsigned int dmw_table_emit(const struct dmw_table *t, char *result, unsigned int maxlen)
{
	unsigned int sz = 0, args = 4 + t->allow_discards;

	args += (t->anchor.checkpoint ? 2 : 0) + (t->keysets > 1 ? 2 : 0) + (t->has_warrant ? 2 : 0);

	DMEMIT("%s %pUb %s %u", t->lun->name, t->uuid, t->key, args);
	if (t->allow_discards)
		DMEMIT(" allow_discards");
	DMEMIT(" cache_mib %u checkpoint_seconds %u", t->cache_mib, t->checkpoint_seconds);
	if (t->keysets > 1)
		DMEMIT(" keysets %u", t->keysets);
	if (t->has_warrant)
		DMEMIT(" warrant %*phN", DMW_DIGEST_SIZE, t->warrant);
	if (t->anchor.checkpoint)
		DMEMIT(" anchor %llu:%*phN", t->anchor.checkpoint, DMW_SALT_SIZE, t->anchor.salt);
	return sz;
}
