// SPDX-License-Identifier: GPL-2.0-or-later
/* Officers: enrolling, revoking, showing. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "warrant.h"

enum {
	OPTION_KEY = CONTROL_OWN,
	OPTION_CERTIFICATE,
	OPTION_AUTHORITY,
	OPTION_ROLE,
	OPTION_REASON,
	OPTION_TEXT,
	OPTION_ALL,
};

/* ---- add ---- */

static const struct cli_option add_options[] = {
	{ "key", "FILE", OPTION_KEY, "public key of OpenSSH: id_ed25519.pub" },
	{ "certificate", "FILE", OPTION_CERTIFICATE, "X.509 certificate of a smart card, PEM" },
	{ "authority", "FILE", OPTION_AUTHORITY, "certificates of those who may issue it, PEM" },
	{ "role", "TEXT", OPTION_ROLE, "position: \"judicial secretary\"" },
	CONTROL_OPTION_AS,
	CONTROL_OPTION_SIGN_KEY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int add(struct cli *c)
{
	struct libdmwarrant_ask a = { .kind = LIBDMWARRANT_REQUEST_OFFICER_ADD };
	const char *key = NULL, *cert = NULL, *authority = NULL;
	char *text = NULL, *issuers = NULL;
	struct signer s = { 0 };
	int id, ret;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_KEY)
			key = c->arg;
		else if (id == OPTION_CERTIFICATE)
			cert = c->arg;
		else if (id == OPTION_AUTHORITY)
			authority = c->arg;
		else if (id == OPTION_ROLE)
			a.role = c->arg;
		else
			signer_option(c, &s, id);
	}
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!key == !cert)
		return cli_usage(c, "give one of --key and --certificate");
	ret = cli_read_text(c, key ? key : cert, &text);
	if (!ret && authority)
		ret = cli_read_text(c, authority, &issuers);
	a.officer = c->argv[0];
	a.key = key ? text : NULL;
	a.certificate = cert ? text : NULL;
	a.authority = issuers;
	ret = ret ?: request_ask(c, &a, &s);
	free(text);
	free(issuers);
	return ret;
}

const struct cli_command command_officer_add = {
	.noun = "officer",
	.verb = "add",
	.arguments = "NAME",
	.summary = "enrol an officer with a public key",
	.text = "The first officers are enrolled freely. From the third on, or from one more than the\n"
		"policy's approvals, the registry is sealed: then this makes a request, of the officer\n"
		"named with --as, that others must approve. Names and keys are never given twice.",
	.options = add_options,
	.run = add,
};

/* ---- revoke ---- */

static const struct cli_option revoke_options[] = {
	{ "reason", "TEXT", OPTION_REASON, "why; mandatory" },
	{ "text", NULL, OPTION_TEXT, "only print the text that NAME signs to give up being one" },
	CONTROL_OPTION_AS,
	CONTROL_OPTION_SIGNATURE,
	CONTROL_OPTION_SIGN_KEY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int resign(struct cli *c, struct libdmwarrant_registry *reg, const char *reason,
		  const struct signer *s, bool only_text)
{
	char *text = NULL, *signature;
	size_t size;
	int ret = 0;

	if (only_text || s->key)
		ret = libdmwarrant_officer_revocation_text(reg, c->argv[0], reason, &text);
	if (ret)
		return ret;
	if (only_text) {
		cli_say(c, "%s", text);
		cli_set_text(c->out, "text", text);
		free(text);
		return 0;
	}
	ret = signer_sign(c, s, text, &signature, &size);
	free(text);
	if (ret)
		return ret;
	ret = libdmwarrant_officer_resign(reg, c->argv[0], reason, signature, size,
					  c->dry_run ? LIBDMWARRANT_CONTROL_DRY_RUN : 0);
	free(signature);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (!ret)
		cli_say(c, "officer %s is %srevoked\n", c->argv[0], c->dry_run ? "not yet " : "");
	return ret;
}

static int revoke(struct cli *c)
{
	struct libdmwarrant_ask a = { .kind = LIBDMWARRANT_REQUEST_OFFICER_REVOKE };
	struct libdmwarrant_registry *reg;
	struct signer s = { 0 };
	bool only_text = false;
	int id, ret;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_REASON)
			a.reason = c->arg;
		else if (id == OPTION_TEXT)
			only_text = true;
		else
			signer_option(c, &s, id);
	}
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	if (!a.reason)
		return cli_usage(c, "a revocation needs --reason");
	a.officer = c->argv[0];
	if (!only_text && (!s.officer || strcmp(s.officer, c->argv[0])))
		return request_ask(c, &a, &s);
	c->changes = !only_text;
	ret = cli_registry(c, only_text ? LIBDMWARRANT_REGISTRY_READ_ONLY : 0, &reg);
	if (ret)
		return ret;
	ret = resign(c, reg, a.reason, &s, only_text);
	libdmwarrant_registry_close(reg);
	return ret;
}

const struct cli_command command_officer_revoke = {
	.noun = "officer",
	.verb = "revoke",
	.arguments = "NAME",
	.summary = "make an officer one no longer",
	.text = "By a request of another officer, who is named with --as; or at once, by the officer's\n"
		"own signature, with --as NAME and --signature or --sign-key. Approvals that the officer\n"
		"has given no longer count, unless what they were for has been carried out. Requests\n"
		"that the officer has made are void.",
	.options = revoke_options,
	.run = revoke,
};

/* ---- list, show ---- */

static const struct cli_option list_options[] = {
	{ "all", NULL, OPTION_ALL, "also those who are revoked" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static const struct cli_option show_options[] = {
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/** struct list - officers being listed; @name: only this one, in full */
struct list {
	struct cli		*c;
	struct json_object	*array;
	const char		*name;
	bool			all;
	size_t			count;
};

static void fill(struct json_object *o, const struct libdmwarrant_officer *f)
{
	cli_set_text(o, "name", f->name);
	cli_set_text(o, "role", f->role);
	cli_set_text(o, "fingerprint", f->fingerprint);
	cli_set_text(o, f->key[0] ? "key" : "certificate", f->key[0] ? f->key : f->certificate);
	cli_set_time(o, "enrolled", f->enrolled);
	cli_set_text(o, "request", f->request);
	cli_set_bool(o, "revoked", f->revoked);
	if (f->revoked) {
		cli_set_time(o, "revoked_at", f->revoked_at);
		cli_set_text(o, "reason", f->reason);
	}
}

static int one(void *arg, const struct libdmwarrant_officer *f)
{
	struct list *l = arg;
	struct json_object *o;

	if (f->revoked && !l->all)
		return 0;
	if (!l->count++)
		cli_say(l->c, "%-20s %-24s %-8s %s\n", "OFFICER", "ROLE", "STATE", "FINGERPRINT");
	text_pad(l->c, f->name, 20);
	text_pad(l->c, f->role[0] ? f->role : "-", 24);
	cli_say(l->c, "%-8s %s\n", f->revoked ? "revoked" : "active", f->fingerprint);
	o = json_object_new_object();
	fill(o, f);
	json_object_array_add(l->array, o);
	return 0;
}

static int find(void *arg, const struct libdmwarrant_officer *f)
{
	struct list *l = arg;
	char time[32];

	if (strcmp(f->name, l->name))
		return 0;
	l->count++;
	fill(l->c->out, f);
	cli_say(l->c, "officer:      %s\n", f->name);
	if (f->role[0])
		cli_say(l->c, "role:         %s\n", f->role);
	cli_say(l->c, "fingerprint:  %s\nenrolled:     %s%s%s\n", f->fingerprint,
		cli_time(f->enrolled, time), f->request[0] ? " by request " : "", f->request);
	if (f->revoked)
		cli_say(l->c, "revoked:      %s, %s\n", cli_time(f->revoked_at, time), f->reason);
	cli_say(l->c, "%s\n", f->key[0] ? f->key : f->certificate);
	return 0;
}

static int each(struct cli *c, struct list *l)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);

	if (ret)
		return ret;
	ret = libdmwarrant_officer_list(reg, l->name ? find : one, l);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int list(struct cli *c)
{
	struct list l = { .c = c, .array = json_object_new_array() };
	int ret;

	json_object_object_add(c->out, "officers", l.array);
	while (cli_next_option(c))
		l.all = true;
	if (cli_arguments(c, 0))
		return CLI_USAGE;
	ret = each(c, &l);
	if (!ret && !l.count)
		cli_say(c, "no officer\n");
	return ret;
}

static int show(struct cli *c)
{
	struct list l = { .c = c };
	int ret;

	cli_next_option(c);
	if (cli_arguments(c, 1))
		return CLI_USAGE;
	l.name = c->argv[0];
	ret = each(c, &l);
	if (!ret && !l.count)
		return cli_usage(c, "there is no officer %s", l.name);
	return ret;
}

const struct cli_command command_officer_list = {
	.noun = "officer",
	.verb = "list",
	.arguments = "",
	.summary = "list officers",
	.text = "In the order in which they were enrolled.",
	.options = list_options,
	.reads = true,
	.run = list,
};

const struct cli_command command_officer_show = {
	.noun = "officer",
	.verb = "show",
	.arguments = "NAME",
	.summary = "show an officer and the public key or certificate",
	.text = "The key is printed as OpenSSH writes it, so that it can go into a file of allowed\n"
		"signers.",
	.options = show_options,
	.reads = true,
	.run = show,
};
