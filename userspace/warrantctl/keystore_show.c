// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "unlock.h"

static const struct cli_option options[] = {
	CLI_KEY_FILE,
	CLI_PASSPHRASE_FD,
	CLI_TOKEN,
	CLI_KEYSTORE,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct show - one run
 * @c:       run
 * @volumes: array
 * @keys:    of the volume that is being listed
 * @volume:  its UUID
 * @methods: array
 */
struct show {
	struct cli		*c;
	struct json_object	*volumes;
	struct json_object	*keys;
	uint8_t			volume[LIBDMWARRANT_UUID_SIZE];
	struct json_object	*methods;
};

static void begin_volume(struct show *s, const struct libdmwarrant_keystore_key *k)
{
	struct json_object *o = json_object_new_object();
	char uuid[37];

	memcpy(s->volume, k->volume, sizeof(s->volume));
	libdmwarrant_uuid_format(k->volume, uuid);
	s->keys = json_object_new_array();
	cli_set_text(o, "volume", uuid);
	cli_set_hex(o, "binding", k->binding, sizeof(k->binding));
	json_object_object_add(o, "keys", s->keys);
	json_object_array_add(s->volumes, o);
	cli_say(s->c, "volume %s\n", uuid);
}

static int show_key(void *arg, const struct libdmwarrant_keystore_key *k)
{
	struct json_object *o = json_object_new_object();
	struct show *s = arg;
	char time[32];

	if (!s->keys || memcmp(s->volume, k->volume, sizeof(s->volume)))
		begin_volume(s, k);
	if (k->tag == LIBDMWARRANT_TAG_METADATA) {
		cli_set_text(o, "use", "metadata");
		cli_say(s->c, "  %12s", "metadata");
	} else {
		cli_set_text(o, "use", "data");
		cli_set_u64(o, "tag", k->tag);
		cli_say(s->c, "  tag %8u", k->tag);
	}
	cli_set_u64(o, "epoch", k->epoch);
	cli_set_hex(o, "id", k->id, sizeof(k->id));
	cli_set_time(o, "created", k->created);
	json_object_array_add(s->keys, o);
	cli_say(s->c, "  epoch %u  since %s\n", k->epoch, cli_time(k->created, time));
	return 0;
}

static int show_method(void *arg, const struct libdmwarrant_keystore_method *m)
{
	struct json_object *o = json_object_new_object();
	const struct show *s = arg;

	cli_set_u64(o, "number", m->slot);
	cli_set_text(o, "type", m->type);
	cli_set_text(o, "pbkdf", m->pbkdf);
	cli_set_u64(o, "iterations", m->iterations);
	cli_set_u64(o, "memory_kib", m->memory_kib);
	cli_set_bool(o, "used", m->used);
	json_object_array_add(s->methods, o);
	cli_say(s->c, "unlock by  %2u  %s, %s%s\n", m->slot, m->type, m->pbkdf,
		m->used ? "  (used now)" : "");
	return 0;
}

static int show_warrant(struct show *s, struct libdmwarrant_keystore *ks, const uint8_t *warrant)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	struct cli *c = s->c;
	char time[32];
	int ret = libdmwarrant_keystore_warrant(ks, warrant, &w);

	if (ret)
		return ret;
	cli_set_bool(c->out, "destroyed", w.state == LIBDMWARRANT_KEYSTORE_DESTROYED);
	cli_set_bool(c->out, "authenticated", w.state == LIBDMWARRANT_KEYSTORE_UNLOCKED);
	cli_set_time(c->out, "changed", w.changed);
	if (w.state == LIBDMWARRANT_KEYSTORE_DESTROYED) {
		cli_say(c, "destroyed at %s\n", cli_time(w.changed, time));
		return 0;
	}
	cli_set_u64(c->out, "key_generation", w.generation);
	cli_set_u64(c->out, "wrap_generation", w.wrap_generation);
	if (w.problem[0])
		cli_set_text(c->out, "problem", w.problem);
	cli_say(c, "keys       generation %" PRIu64 ", changed %s%s\n", w.generation,
		cli_time(w.changed, time),
		w.state == LIBDMWARRANT_KEYSTORE_UNLOCKED ? ", authenticated" : "");
	cli_say(c, "secrets    generation %" PRIu64 "\n", w.wrap_generation);
	ret = libdmwarrant_keystore_methods(ks, warrant, show_method, s);
	return ret ? ret : libdmwarrant_keystore_keys(ks, warrant, show_key, s);
}

static int run(struct cli *c)
{
	struct show s = { .c = c, .volumes = json_object_new_array(),
			  .methods = json_object_new_array() };
	struct cli_unlock u = CLI_UNLOCK_NONE;
	struct libdmwarrant_keystore *ks;
	uint8_t warrant[LIBDMWARRANT_UUID_SIZE];
	const char *uri = NULL;
	int id, ret;

	json_object_object_add(c->out, "methods", s.methods);
	json_object_object_add(c->out, "volumes", s.volumes);
	while ((id = cli_next_option(c)))
		if (!cli_unlock_option(c, id, &u))
			uri = c->arg;
	if (cli_arguments(c, 1) || cli_uuid(c, "warrant", c->argv[0], warrant))
		return CLI_USAGE;
	cli_set_uuid(c->out, "warrant", warrant);
	ret = cli_keystore(c, uri, LIBDMWARRANT_KEYSTORE_READ_ONLY, &ks);
	if (ret)
		return ret;
	if (cli_unlock_given(&u))
		ret = cli_keystore_unlock(c, ks, warrant, &u);
	if (!ret)
		ret = show_warrant(&s, ks, warrant);
	libdmwarrant_keystore_close(ks);
	return ret;
}

const struct cli_command command_keystore_show = {
	.noun = "keystore",
	.verb = "show",
	.arguments = "WARRANT",
	.summary = "show which keys a warrant has and what unlocks them, never the keys",
	.text = "With an option that unlocks, all of it is authenticated; without, it is as trustworthy\n"
		"as the disk that it is on. Two generations are told apart: that of the keys, which\n"
		"changes when keys come or go, and that of the secrets that unlock them, which changes\n"
		"with keystore rewrap and does nothing to the keys. Keys of two epochs of a volume mean\n"
		"that its rotation is not finished, see key rotate.",
	.options = options,
	.reads = true,
	.run = run,
};
