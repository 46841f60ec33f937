// SPDX-License-Identifier: GPL-2.0-or-later
#include "unlock.h"

static const struct cli_option options[] = {
	CLI_KEYSTORE,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct list {
	struct cli		*c;
	struct json_object	*tombstones;
};

static const char *scope_name(uint32_t scope)
{
	static const char *const names[] = { "unknown", "tag", "epoch", "volume", "warrant" };

	return names[scope < ARRAY_SIZE(names) ? scope : 0];
}

static struct json_object *as_json(const struct libdmwarrant_tombstone *t)
{
	struct json_object *o = json_object_new_object();

	cli_set_u64(o, "number", t->number);
	cli_set_time(o, "time", t->time);
	cli_set_text(o, "scope", scope_name(t->scope));
	cli_set_bool(o, "is_key", t->is_key);
	cli_set_uuid(o, "warrant", t->warrant);
	if (t->is_key || t->scope != LIBDMWARRANT_DESTROY_WARRANT)
		cli_set_uuid(o, "volume", t->volume);
	if (t->is_key || t->scope == LIBDMWARRANT_DESTROY_TAG)
		cli_set_u64(o, "tag", t->tag);
	if (t->epoch)
		cli_set_u64(o, "epoch", t->epoch);
	if (t->is_key)
		cli_set_hex(o, "id", t->id, sizeof(t->id));
	cli_set_hex(o, "reference", t->reference, sizeof(t->reference));
	return o;
}

static void say(struct cli *c, const struct libdmwarrant_tombstone *t)
{
	char uuid[37], time[32];

	libdmwarrant_uuid_format(t->is_key || t->scope != LIBDMWARRANT_DESTROY_WARRANT ?
				 t->volume : t->warrant, uuid);
	if (t->is_key && t->tag == LIBDMWARRANT_TAG_METADATA)
		cli_say(c, "      key of metadata, epoch %u, volume %s\n", t->epoch, uuid);
	else if (t->is_key)
		cli_say(c, "      key of tag %u, epoch %u, volume %s\n", t->tag, t->epoch, uuid);
	else if (t->scope == LIBDMWARRANT_DESTROY_TAG)
		cli_say(c, "%4" PRIu64 "  %s  tag %u of volume %s\n", t->number,
			cli_time(t->time, time), t->tag, uuid);
	else if (t->scope == LIBDMWARRANT_DESTROY_EPOCH)
		cli_say(c, "%4" PRIu64 "  %s  epoch %u of volume %s\n", t->number,
			cli_time(t->time, time), t->epoch, uuid);
	else
		cli_say(c, "%4" PRIu64 "  %s  %s %s\n", t->number, cli_time(t->time, time),
			scope_name(t->scope), uuid);
}

static int show(void *arg, const struct libdmwarrant_tombstone *t)
{
	const struct list *l = arg;

	json_object_array_add(l->tombstones, as_json(t));
	say(l->c, t);
	return 0;
}

static int list(struct cli *c, struct libdmwarrant_keystore *ks, struct list *l)
{
	uint8_t digest[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t number;
	int ret;

	ret = libdmwarrant_keystore_tombstones(ks, show, l);
	if (!ret)
		ret = libdmwarrant_keystore_head(ks, &number, digest);
	if (ret)
		return ret;
	cli_set_u64(c->out, "destructions", number);
	cli_set_hex(c->out, "digest", digest, sizeof(digest));
	return 0;
}

static int run(struct cli *c)
{
	struct list l = { c, json_object_new_array() };
	struct libdmwarrant_keystore *ks;
	int ret;

	json_object_object_add(c->out, "tombstones", l.tombstones);
	ret = cli_keystore_only(c, &ks);
	if (ret)
		return ret;
	ret = list(c, ks, &l);
	libdmwarrant_keystore_close(ks);
	return ret;
}

const struct cli_command command_keystore_tombstones = {
	.noun = "keystore",
	.verb = "tombstones",
	.arguments = "",
	.summary = "list the keys that were destroyed, and when",
	.text = "The digest that --json prints stands for all of them: remembered elsewhere, it shows\n"
		"when an older copy of the store has been put in the place of this one.",
	.options = options,
	.reads = true,
	.run = run,
};
