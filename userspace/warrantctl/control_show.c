// SPDX-License-Identifier: GPL-2.0-or-later
/* How requests are shown. */
#include <string.h>
#include <stdlib.h>

#include "control.h"
#include "warrant.h"

void request_json(struct json_object *o, const struct libdmwarrant_request *q)
{
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	size_t i;

	for (i = 0; i < sizeof(q->digest); i++)
		sprintf(digest + 2 * i, "%02x", q->digest[i]);
	cli_set_text(o, "request", q->id);
	cli_set_text(o, "kind", libdmwarrant_request_kind_name(q->kind));
	cli_set_text(o, "state", libdmwarrant_request_state_name(q->state));
	cli_set_text(o, "requester", q->requester);
	cli_set_text(o, "target", q->target);
	if (q->warrant[0])
		cli_set_text(o, "warrant_uuid", q->warrant);
	if (q->volume[0])
		cli_set_text(o, "volume_uuid", q->volume);
	if (q->tag)
		cli_set_u64(o, "tag", q->tag);
	if (q->order[0])
		cli_set_text(o, "order", q->order);
	cli_set_time(o, "made", q->made);
	cli_set_u64(o, "approvals", q->approvals);
	cli_set_u64(o, "approvals_needed", q->needed);
	if (q->not_before)
		cli_set_time(o, "not_before", q->not_before);
	if (q->why[0])
		cli_set_text(o, "why", q->why);
	cli_set_text(o, "text_sha256", digest);
}

/** request_progress() - state in words, with the number or the time that it is about */
const char *request_progress(const struct libdmwarrant_request *q, char text[96])
{
	char time[32];

	if (q->state == LIBDMWARRANT_REQUEST_AWAITING)
		snprintf(text, 96, "%u of %u approvals", q->approvals, q->needed);
	else if (q->state == LIBDMWARRANT_REQUEST_WAITING)
		snprintf(text, 96, "waiting until %s", cli_time(q->not_before, time));
	else
		snprintf(text, 96, "%s", libdmwarrant_request_state_name(q->state));
	return text;
}

static int say_short(void *arg, const struct libdmwarrant_request *q)
{
	struct cli *c = arg;
	char text[96];

	request_json(c->out, q);
	cli_say(c, "request %s, %s: %s; %s\n", q->id, libdmwarrant_request_kind_name(q->kind),
		q->target, request_progress(q, text));
	if (q->why[0])
		cli_say(c, "%s\n", q->why);
	if (q->state == LIBDMWARRANT_REQUEST_DRAFT)
		cli_say(c, "%s must sign it now:\n"
			"  warrantctl request show %s --text >request.txt\n"
			"  ssh-keygen -Y sign -n dm-warrant-request -f KEY request.txt\n"
			"  warrantctl request sign %s --as %s --signature request.txt.sig\n",
			q->requester, q->id, q->id, q->requester);
	return 0;
}

/** request_say() - how far a request is, in a line, and what comes next */
int request_say(struct cli *c, struct libdmwarrant_registry *reg, const char *id)
{
	return libdmwarrant_request_find(reg, id, say_short, c);
}

/* ---- show ---- */

enum {
	OPTION_TEXT = OPTION_OWN,
	OPTION_CANCEL_TEXT,
};

static const struct cli_option show_options[] = {
	{ "text", NULL, OPTION_TEXT, "only the text to sign, for asking and approving" },
	{ "cancel-text", NULL, OPTION_CANCEL_TEXT, "only the text to sign for cancelling" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static void say_signature(struct cli *c, const char *did, struct json_object *s)
{
	struct json_object *o, *p, *t = NULL;

	if (!s || !json_object_object_get_ex(s, "Officer", &o) ||
	    !json_object_object_get_ex(s, "Fingerprint", &p))
		return;
	json_object_object_get_ex(s, "Time", &t);
	cli_say(c, "%-12s %s, %s%s%s\n", did, json_object_get_string(o), json_object_get_string(p),
		t ? ", " : "", t ? json_object_get_string(t) : "");
}

static int say_long(void *arg, const struct libdmwarrant_request *q)
{
	struct cli *c = arg;
	struct json_object *all = text_json(q->json);
	struct json_object *a = json_object_object_get(all, "Approvals");
	char text[96];
	size_t i;

	cli_say(c, "%s\nstate:       %s\n", q->text, request_progress(q, text));
	if (q->why[0])
		cli_say(c, "because:     %s\n", q->why);
	say_signature(c, "signed by:", json_object_object_get(all, "Signature"));
	for (i = 0; a && i < json_object_array_length(a); i++)
		say_signature(c, "approved by:", json_object_array_get_idx(a, i));
	say_signature(c, "cancelled by:", json_object_object_get(all, "Cancellation"));
	request_json(c->out, q);
	cli_set_text(c->out, "text", q->text);
	json_object_object_add(c->out, "log", all);
	return 0;
}

static int show_text(struct cli *c, struct libdmwarrant_registry *reg, uint32_t act)
{
	char *text;
	int ret = libdmwarrant_request_text(reg, c->argv[0], act, &text);

	if (ret)
		return ret;
	cli_say(c, "%s", text);
	cli_set_text(c->out, "text", text);
	free(text);
	return 0;
}

static int show(struct cli *c)
{
	struct libdmwarrant_registry *reg;
	uint32_t act = 0;
	int id, ret;

	while ((id = cli_next_option(c)))
		act = id == OPTION_TEXT ? LIBDMWARRANT_ACT_SIGN : LIBDMWARRANT_ACT_CANCEL;
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = act ? show_text(c, reg, act) :
		libdmwarrant_request_find(reg, c->argv[0], say_long, c);
	libdmwarrant_registry_close(reg);
	return ret;
}

#define SHOW(_noun)								\
	.noun = _noun,								\
	.verb = "show",								\
	.arguments = "REQUEST",							\
	.summary = "show a request, its state and its signatures",		\
	.text = "The text is what officers sign, byte by byte. Redirect it to a file:\n"	\
		"  warrantctl " _noun " show REQUEST --text >request.txt\n"		\
		"  ssh-keygen -Y sign -n dm-warrant-request -f KEY request.txt\n"	\
		"With a smart card, instead:\n"					\
		"  openssl cms -sign -binary -outform PEM -signer CERT -inkey KEY -in request.txt",	\
	.options = show_options,						\
	.reads = true,								\
	.run = show

const struct cli_command command_shred_show = { SHOW("shred") };
const struct cli_command command_request_show = { SHOW("request") };

/* ---- list ---- */

enum {
	OPTION_ALL = OPTION_OWN,
};

static const struct cli_option list_options[] = {
	{ "all", NULL, OPTION_ALL, "also what is done, cancelled or void" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/** struct list - requests being listed */
struct list {
	struct cli		*c;
	struct json_object	*array;
	bool			all;
	bool			shreds;
	size_t			count;
};

static bool is_over(uint32_t state)
{
	return state == LIBDMWARRANT_REQUEST_DONE || state == LIBDMWARRANT_REQUEST_CANCELLED ||
	       state == LIBDMWARRANT_REQUEST_VOID;
}

static int one(void *arg, const struct libdmwarrant_request *q)
{
	struct json_object *o;
	struct list *l = arg;
	char text[96];

	if ((!l->all && is_over(q->state)) ||
	    (l->shreds && q->kind > LIBDMWARRANT_REQUEST_SHRED_WARRANT))
		return 0;
	if (!l->count++)
		cli_say(l->c, "%-36s %-14s %-34s %s\n", "REQUEST", "KIND", "STATE", "TARGET");
	cli_say(l->c, "%-36s %-14s ", q->id, libdmwarrant_request_kind_name(q->kind));
	text_pad(l->c, request_progress(q, text), 34);
	cli_say(l->c, "%s\n", q->target);
	o = json_object_new_object();
	request_json(o, q);
	json_object_array_add(l->array, o);
	return 0;
}

static int list(struct cli *c)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	struct libdmwarrant_registry *reg;
	int ret;

	json_object_object_add(c->out, "requests", l.array);
	l.shreds = !strcmp(c->command->noun, "shred");
	while (cli_next_option(c))
		l.all = true;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_request_list(reg, one, &l);
	libdmwarrant_registry_close(reg);
	if (!ret && !l.count)
		cli_say(c, "no such request\n");
	return ret;
}

#define LIST(_noun, _what)							\
	.noun = _noun,								\
	.verb = "list",								\
	.arguments = "",							\
	.summary = "list " _what " that are under way, or all",			\
	.text = "Oldest first.",						\
	.options = list_options,						\
	.reads = true,								\
	.run = list

const struct cli_command command_shred_list = { LIST("shred", "requests for shreds") };
const struct cli_command command_request_list = { LIST("request", "requests of all kinds") };
