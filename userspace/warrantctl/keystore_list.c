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
	struct json_object	*warrants;
};

static int show(void *arg, const struct libdmwarrant_keystore_warrant *w)
{
	const bool destroyed = w->state == LIBDMWARRANT_KEYSTORE_DESTROYED;
	struct json_object *o = json_object_new_object();
	const char *state = destroyed ? "destroyed" :
			    w->state == LIBDMWARRANT_KEYSTORE_DAMAGED ? "damaged" : "present";
	const struct list *l = arg;
	char uuid[37], time[32];

	libdmwarrant_uuid_format(w->uuid, uuid);
	cli_set_text(o, "warrant", uuid);
	cli_set_text(o, "state", state);
	cli_set_time(o, destroyed ? "destroyed" : "changed", w->changed);
	if (!destroyed) {
		cli_set_u64(o, "volumes", w->volumes);
		cli_set_u64(o, "keys", w->keys);
		cli_set_u64(o, "methods", w->methods);
		cli_set_u64(o, "key_generation", w->generation);
		cli_set_u64(o, "wrap_generation", w->wrap_generation);
	}
	if (w->problem[0])
		cli_set_text(o, "problem", w->problem);
	json_object_array_add(l->warrants, o);
	cli_say(l->c, "%s  %-9s  %s", uuid, state, cli_time(w->changed, time));
	if (!destroyed)
		cli_say(l->c, "  %4u volumes  %6u keys  %2u ways to unlock", w->volumes, w->keys,
			w->methods);
	cli_say(l->c, "%s%s\n", w->problem[0] ? "\n  " : "", w->problem);
	return 0;
}

static int run(struct cli *c)
{
	struct list l = { c, json_object_new_array() };
	struct libdmwarrant_keystore *ks;
	int ret;

	json_object_object_add(c->out, "warrants", l.warrants);
	ret = cli_keystore_only(c, &ks);
	if (ret)
		return ret;
	ret = libdmwarrant_keystore_warrants(ks, show, &l);
	libdmwarrant_keystore_close(ks);
	return ret;
}

const struct cli_command command_keystore_list = {
	.noun = "keystore",
	.verb = "list",
	.arguments = "",
	.summary = "list the warrants of a key store",
	.text = "Nothing is unlocked, so nothing of it is authenticated: keystore check does that.\n"
		"Warrants whose keys were destroyed are listed for ever.",
	.options = options,
	.reads = true,
	.run = run,
};
