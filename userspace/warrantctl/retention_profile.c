// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles: which there are, what they say, which a warrant has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "retention.h"
#include "warrant.h"

enum {
	OPTION_REASON = OPTION_OWN,
	OPTION_DIRECTORY,
};

static const struct cli_option options[] = {
	{ "reason", "TEXT", OPTION_REASON, "set: why another profile replaces the present one" },
	{ "directory", "DIR", OPTION_DIRECTORY, "list: instead of " LIBDMWARRANT_PROFILE_DIR },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static const char *member(struct json_object *o, const char *name)
{
	struct json_object *v = json_object_object_get(o, name);

	return v ? json_object_get_string(v) : "";
}

static struct json_object *element(struct json_object *o, const char *name, size_t i)
{
	struct json_object *array = json_object_object_get(o, name);

	return array && i < json_object_array_length(array) ?
		json_object_array_get_idx(array, i) : NULL;
}

/* ---- list ---- */

struct list {
	struct cli		*c;
	struct json_object	*array;
};

static int list_one(void *arg, const char *name, const char *json)
{
	struct list *l = arg;
	struct json_object *o = json_object_new_object(), *p = json ? text_json(json) : NULL;
	const char *title = p ? member(p, "Title") : libdmwarrant_error(l->c->lib);

	cli_set_text(o, "name", name);
	cli_set_bool(o, "valid", p);
	cli_set_text(o, p ? "title" : "error", title);
	if (p)
		cli_set_text(o, "edition", member(p, "Edition"));
	json_object_array_add(l->array, o);
	text_pad(l->c, name, 12);
	cli_say(l->c, "%s%s\n", p ? "" : "not valid: ", title);
	json_object_put(p);
	return 0;
}

static int list(struct cli *c, const char *dir)
{
	struct list l = { .c = c, .array = json_object_new_array() };

	json_object_object_add(c->out, "profiles", l.array);
	return libdmwarrant_profile_list(c->lib, dir, list_one, &l);
}

/* ---- show ---- */

static void say_terms(struct cli *c, struct json_object *o, const char *array, const char *what)
{
	struct json_object *t;
	size_t i;

	for (i = 0; (t = element(o, array, i)); i++)
		cli_say(c, "    %-10s%s %s after %s\n", i ? "  or" : what,
			member(t, "Source"), member(t, "After"), member(t, "Event"));
}

static void say_rule(struct cli *c, struct json_object *rule)
{
	struct json_object *f, *t, *r = json_object_object_get(rule, "Review");
	size_t i, j;

	cli_say(c, "\n  %s%s%s%s\n", member(rule, "Title"), *member(rule, "Copy") ? " [" : "",
		member(rule, "Copy"), *member(rule, "Copy") ? "]" : "");
	for (i = 0; (f = element(rule, "Floors", i)); i++)
		for (j = 0; (t = element(f, "Terms", j)); j++)
			cli_say(c, "    %-10s%s %s after %s%s\n", j ? "  or" : "floor",
				member(f, "Source"), member(t, "After"), member(t, "Event"),
				strcmp(member(f, "Kind"), "absolute") ? "" : " (absolute)");
	say_terms(c, rule, "Due", "due");
	say_terms(c, rule, "Ceilings", "ceiling");
	if (r)
		cli_say(c, "    %-10s%s every %s from %s on\n", "review", member(r, "Source"),
			member(r, "Every"), member(r, "Event"));
}

static void say_profile(struct cli *c, struct json_object *p, const char *digest)
{
	struct json_object *o;
	size_t i;

	cli_say(c, "%s: %s\nedition %s, SHA-256 %s\n", member(p, "Name"), member(p, "Title"),
		member(p, "Edition"), digest);
	for (i = 0; (o = element(p, "Rules", i)); i++)
		say_rule(c, o);
	cli_say(c, "\nEvents\n");
	for (i = 0; (o = element(p, "Events", i)); i++)
		cli_say(c, "  %-20s%s\n", member(o, "Name"), member(o, "Title"));
	cli_say(c, "\nSources\n");
	for (i = 0; (o = element(p, "Sources", i)); i++)
		cli_say(c, "  %s: %s, %s\n    %s\n", member(o, "Id"), member(o, "Article"),
			member(o, "Statute"), member(o, "Says"));
	cli_say(c, "\nNot covered\n");
	for (i = 0; (o = element(p, "NotCovered", i)); i++)
		cli_say(c, "  - %s\n", json_object_get_string(o));
}

static int show(struct cli *c, const char *name)
{
	uint8_t digest[LIBDMWARRANT_DIGEST_SIZE];
	char hex[2 * sizeof(digest) + 1], *json;
	struct json_object *p;
	size_t i;
	int ret = libdmwarrant_profile_read(c->lib, name, &json, digest);

	if (ret)
		return ret;
	for (i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	p = text_json(json);
	free(json);
	say_profile(c, p, hex);
	cli_set_text(c->out, "sha256", hex);
	json_object_object_add(c->out, "profile", p);
	return 0;
}

/* ---- set ---- */

static int set(struct cli *c, const char *warrant, const char *profile, const char *reason)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, 0, &reg);

	if (ret)
		return ret;
	ret = libdmwarrant_profile_bind(reg, warrant, profile, reason,
					c->dry_run ? LIBDMWARRANT_RETENTION_DRY_RUN : 0);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	if (!ret)
		cli_say(c, "%s %s kept as %s says\n", warrant, c->dry_run ? "could be" : "is",
			profile);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int run(struct cli *c)
{
	const char *reason = NULL, *dir = NULL, *what;
	int id;

	while ((id = cli_next_option(c)))
		*(id == OPTION_REASON ? &reason : &dir) = c->arg;
	what = c->argc ? c->argv[0] : "";
	if (!strcmp(what, "list") && c->argc == 1)
		return list(c, dir);
	if (!strcmp(what, "show") && c->argc == 2)
		return show(c, c->argv[1]);
	if (!strcmp(what, "set") && c->argc == 3)
		return set(c, c->argv[1], c->argv[2], reason);
	return cli_usage(c, "expected list, show PROFILE, or set WARRANT PROFILE");
}

const struct cli_command command_retention_profile = {
	.noun = "retention",
	.verb = "profile",
	.arguments = "list | show PROFILE | set WARRANT PROFILE",
	.summary = "rules that say how long evidence is kept",
	.text = "PROFILE is the name of one in " LIBDMWARRANT_PROFILE_DIR ",\n"
		"or the path of a file, with a slash in it. Setting it copies its text into the audit log, so that\n"
		"later changes of the file change nothing. A profile with a shorter floor is refused.",
	.options = options,
	.run = run,
};
