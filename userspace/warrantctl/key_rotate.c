// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "key_rotate.h"
#include "libdmwarrant-rotate.h"

enum {
	OPTION_WAIT = OPTION_OWN,
	OPTION_SHARE,
};

static const struct cli_option options[] = {
	{ "wait", NULL, OPTION_WAIT, "until the sweep is done, with progress; then finish" },
	{ "share", "PERCENT", OPTION_SHARE,
	  "of the volume's time for the sweep while it is in use; default: 50" },
	CLI_UNLOCK,
	CLI_KEYSTORE,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_PROGRESS,
	CLI_HELP,
	CLI_END
};

typedef int (*rotate_fn)(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			 const struct libdmwarrant_rotate_params *params,
			 struct libdmwarrant_rotation *rotation);

/**
 * struct action - what can be done
 * @name:     on the command line
 * @fn:       does it
 * @new_keys: needs keys while the volume has one epoch only
 * @old_keys: needs keys always
 * @waits:    --wait has a meaning
 */
struct action {
	const char	*name;
	rotate_fn	fn;
	bool		new_keys;
	bool		old_keys;
	bool		waits;
};

static const struct action actions[] = {
	{ "start", libdmwarrant_rotate_start, true, false, true },
	{ "pause", libdmwarrant_rotate_pause, false, false, false },
	{ "resume", libdmwarrant_rotate_resume, false, false, true },
	{ "status", libdmwarrant_rotate_status, false, false, true },
	{ "finish", libdmwarrant_rotate_finish, false, true, true },
};

/**
 * struct rotate - one run
 * @c:       run
 * @action:  what
 * @wait:    --wait
 * @options: how to unlock
 * @config:  registry
 * @params:  for the library
 * @unlock:  likewise
 */
struct rotate {
	struct cli				*c;
	const struct action			*action;
	bool					wait;
	struct cli_unlock			options;
	struct libdmwarrant_config		config;
	struct libdmwarrant_rotate_params	params;
	struct libdmwarrant_unlock		unlock;
};

static int call(struct rotate *r, rotate_fn fn, struct libdmwarrant_rotation *out)
{
	memset(out, 0, sizeof(*out));
	out->version = LIBDMWARRANT_ROTATE_VERSION;
	return fn(r->c->lib, &r->config, &r->params, out);
}

/* Before anybody is asked for a passphrase: would it be of use? */
static int check_first(struct rotate *r, struct libdmwarrant_rotation *out)
{
	int ret;

	r->params.flags |= LIBDMWARRANT_ROTATE_DRY_RUN;
	ret = call(r, r->action->fn, out);
	if (!r->c->dry_run)
		r->params.flags &= ~LIBDMWARRANT_ROTATE_DRY_RUN;
	return ret;
}

static bool needs_keys(const struct rotate *r, const struct libdmwarrant_rotation *now)
{
	return r->action->old_keys || r->wait || (r->action->new_keys && now->epoch_count == 1);
}

static int unlock(struct rotate *r, const struct libdmwarrant_rotation *now)
{
	char prompt[LIBDMWARRANT_NAME_SIZE + 32];
	int ret;

	snprintf(prompt, sizeof(prompt), "Passphrase for the keys of %s: ",
		 now->record.name[0] ? now->record.name : r->params.volume);
	ret = cli_unlock(r->c, &r->options, prompt, false, &r->unlock);
	if (!ret && r->wait)
		ret = cli_unlock_keep(r->c, &r->unlock);
	if (!ret)
		r->params.unlock = &r->unlock;
	return ret;
}

static int act(struct rotate *r, rotate_fn fn, struct libdmwarrant_rotation *out)
{
	int ret = r->params.unlock ? cli_unlock_again(r->c, &r->unlock) : 0;

	return ret ? ret : call(r, fn, out);
}

/* What was begun by the first call counts, whatever the last one says. */
static int wait_and_finish(struct rotate *r, struct libdmwarrant_rotation *out)
{
	struct libdmwarrant_rotation first = *out;
	int ret = 0;

	if (out->phase != LIBDMWARRANT_ROTATE_RETIRED && out->phase != LIBDMWARRANT_ROTATE_NONE)
		ret = call(r, libdmwarrant_rotate_wait, out);
	cli_progress_end(r->c);
	if (!ret)
		ret = act(r, libdmwarrant_rotate_finish, out);
	out->flags |= first.flags & (LIBDMWARRANT_ROTATION_BEGUN | LIBDMWARRANT_ROTATION_CONTINUED);
	out->new_keys = first.new_keys;
	out->share = first.share;
	return ret;
}

static int with_keys(struct rotate *r, struct libdmwarrant_rotation *out)
{
	int ret = act(r, r->action->fn, out);

	if (!ret && r->wait && !r->c->dry_run && r->action->fn != libdmwarrant_rotate_finish)
		ret = wait_and_finish(r, out);
	return ret;
}

/* A finish that waits is refused for now by what it waits for. */
static bool waits_first(const struct rotate *r)
{
	return r->wait && r->action->fn == libdmwarrant_rotate_finish && !r->c->dry_run;
}

static int rotate(struct rotate *r)
{
	struct libdmwarrant_rotation out = { .version = LIBDMWARRANT_ROTATE_VERSION };
	int ret = 0, refused = check_first(r, &out);

	/* In earnest it is refused once more, and so gets into the audit log. */
	if (refused && r->c->dry_run)
		return refused;
	r->unlock.fd = -1;
	if ((!refused || waits_first(r)) && needs_keys(r, &out) &&
	    (!r->c->dry_run || cli_unlock_given(&r->options)))
		ret = unlock(r, &out);
	if (!ret && waits_first(r) && out.epoch_count > 1)
		ret = call(r, libdmwarrant_rotate_wait, &out);
	if (!ret)
		ret = with_keys(r, &out);
	cli_unlock_drop();
	cli_unlock_end(&r->options, &r->unlock);
	cli_set_text(r->c->out, "action", r->action->name);
	cli_set_bool(r->c->out, "dry_run", r->c->dry_run);
	if (out.epoch)
		cli_rotation(r->c, r->action->name, &out, !ret);
	return ret;
}

static const struct action *find_action(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(actions[i].name, name))
			return &actions[i];
	return NULL;
}

static int parse(struct cli *c, struct rotate *r)
{
	uint64_t share;
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_WAIT) {
			r->wait = true;
		} else if (id == OPTION_SHARE) {
			if (cli_number(c, c->arg, 1, 100, &share))
				return CLI_USAGE;
			r->params.share = share;
		} else if (id == OPTION_KEYSTORE) {
			r->params.keystore = c->arg;
		} else {
			cli_unlock_option(c, id, &r->options);
		}
	}
	if (cli_arguments(c, 2))
		return CLI_USAGE;
	r->action = find_action(c->argv[0]);
	if (!r->action)
		return cli_usage(c, "no such action: %s; it is start, pause, resume, status or finish",
				 c->argv[0]);
	/* "status --wait" finishes. */
	c->changes = r->wait || strcmp(r->action->name, "status");
	if (r->wait && !r->action->waits)
		return cli_usage(c, "there is nothing to wait for after %s", r->action->name);
	if (r->params.share && !r->action->new_keys && strcmp(r->action->name, "resume"))
		return cli_usage(c, "--share goes with start and resume");
	return 0;
}

static int run(struct cli *c)
{
	struct rotate r = { .c = c, .options = CLI_UNLOCK_NONE };
	int ret = parse(c, &r);

	if (ret)
		return ret;
	r.params.version = LIBDMWARRANT_ROTATE_VERSION;
	r.params.volume = c->argv[1];
	if (c->dry_run)
		r.params.flags = LIBDMWARRANT_ROTATE_DRY_RUN;
	ret = cli_place(c, NULL, &r.config);
	return ret ? ret : rotate(&r);
}

const struct cli_command command_key_rotate = {
	.noun = "key",
	.verb = "rotate",
	.arguments = "start|pause|resume|status|finish NAME|UUID|WARRANT",
	.summary = "give an open volume new keys while it is in use",
	.text = "start puts new keys into the key store and begins a new epoch: what is written from then\n"
		"on is sealed under it, and a sweep in the kernel seals all other sectors anew. It can\n"
		"be paused and resumed; a volume that was closed, crashed, or is opened by another host\n"
		"goes on when it is opened. finish then leaves the old epoch, anchors that in the\n"
		"registry, and destroys the old keys. It needs the keys' secret, as start does; --wait\n"
		"does it when the sweep is done, and so does a guard that can unlock without asking.\n"
		"Whatever is interrupted is gone on with by the same command.\n\n"
		"Older copies of the LUN cannot be read any more once the old keys are destroyed. Copies\n"
		"of the key store made before can still give them away: destroy those too.\n\n"
		"The keys themselves are new. To change only the secret that unlocks the key store, use\n"
		"keystore rewrap: it leaves the keys as they are.\n\n"
		"Examples: warrantctl key rotate start --wait 2026/0815\n"
		"          warrantctl key rotate status 2026/0815",
	.options = options,
	.run = run,
};
