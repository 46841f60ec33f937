// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that enter something: events, holds, releases, reviews, restrictions. */
#include "retention.h"

int retention_entry_option(struct cli *c, struct libdmwarrant_retention_entry *n, int id)
{
	switch (id) {
	case ENTRY_VOLUME:
		n->target.volume = c->arg;
		return 0;
	case ENTRY_TAG:
		if (retention_number(c->arg, &n->target.tag))
			return cli_usage(c, "%s is not the number of a tag", c->arg);
		return 0;
	case ENTRY_NAME:
	case ENTRY_OUTCOME:
		n->name = c->arg;
		return 0;
	case ENTRY_DATE:
		n->date = c->arg;
		return 0;
	case ENTRY_REFERENCE:
		n->reference = c->arg;
		return 0;
	case ENTRY_REASON:
		n->reason = c->arg;
		return 0;
	case ENTRY_AUTHORITY:
		n->authority = c->arg;
		return 0;
	case ENTRY_WITHDRAW:
		n->flags |= LIBDMWARRANT_RETENTION_WITHDRAW;
		return 0;
	default:
		n->flags |= LIBDMWARRANT_RETENTION_NO_KERNEL;
		return 0;
	}
}

int retention_enter(struct cli *c, const struct libdmwarrant_retention_entry *n,
		    int (*fn)(struct libdmwarrant_registry *r,
			      const struct libdmwarrant_retention_entry *n), const char *done)
{
	struct libdmwarrant_registry *reg;
	int ret = cli_registry(c, 0, &reg);

	if (ret)
		return ret;
	ret = fn(reg, n);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	cli_set_text(c->out, "name", n->name ? n->name : "");
	if (!ret)
		cli_say(c, "%s%s%s%s\n", c->dry_run ? "could be done: " : "", done,
			n->name ? ": " : "", n->name ? n->name : "");
	libdmwarrant_registry_close(reg);
	return ret;
}

/* The options of all of them. Return: 0 or from cli_usage() */
static int take_options(struct cli *c, struct libdmwarrant_retention_entry *n)
{
	int id, ret;

	*n = (struct libdmwarrant_retention_entry){
		.version = LIBDMWARRANT_RETENTION_ENTRY_VERSION
	};
	while ((id = cli_next_option(c))) {
		ret = retention_entry_option(c, n, id);
		if (ret)
			return ret;
	}
	if (c->dry_run)
		n->flags |= LIBDMWARRANT_RETENTION_DRY_RUN;
	return n->target.tag && !n->target.volume ? cli_usage(c, "--tag needs --volume") : 0;
}

/* A warrant, or --volume. */
static int take_target(struct cli *c, struct libdmwarrant_retention_entry *n)
{
	if (c->argc + !!n->target.volume != 1)
		return cli_usage(c, "name a warrant, or a volume with --volume");
	n->target.warrant = c->argc ? c->argv[0] : NULL;
	return 0;
}

/* ---- event ---- */

static const struct cli_option event_options[] = {
	{ "date", "DAY", ENTRY_DATE, "when it happened: 2026-03-10" },
	{ "reference", "TEXT", ENTRY_REFERENCE, "of the order or decision that says so" },
	{ "reason", "TEXT", ENTRY_REASON, "why an earlier entry of it is corrected or withdrawn" },
	{ "withdraw", NULL, ENTRY_WITHDRAW, "it has not happened after all" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run_event(struct cli *c)
{
	struct libdmwarrant_retention_entry n;
	int ret = take_options(c, &n) ?: cli_arguments(c, 2);
	bool withdraw;

	if (ret)
		return ret;
	withdraw = n.flags & LIBDMWARRANT_RETENTION_WITHDRAW;
	if (!withdraw && (!n.date || !n.reference))
		return cli_usage(c, "an event needs --date and --reference");
	n.target.warrant = c->argv[0];
	n.name = c->argv[1];
	return retention_enter(c, &n, libdmwarrant_retention_event,
			       withdraw ? "event withdrawn" : "event entered");
}

const struct cli_command command_retention_event = {
	.noun = "retention",
	.verb = "event",
	.arguments = "WARRANT EVENT",
	.summary = "enter something that a period begins with",
	.text = "EVENT is one of the warrant's profile: final-judgment, sentence-executed, ... Nothing is\n"
		"overwritten: entered again, with a reason, the new date counts, and the old one stays in the\n"
		"record. A floor that was known never becomes shorter by that.",
	.options = event_options,
	.run = run_event,
};

/* ---- hold ---- */

static const struct cli_option hold_options[] = {
	ENTER_VOLUME,
	ENTER_TAG,
	{ "name", "MATTER", ENTRY_NAME, "what it is held for" },
	ENTER_REASON,
	ENTER_AUTHORITY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run_hold(struct cli *c)
{
	struct libdmwarrant_retention_entry n;
	int ret = take_options(c, &n) ?: take_target(c, &n);

	if (ret)
		return ret;
	if (!n.name || !n.reason || !n.authority)
		return cli_usage(c, "a hold needs --name, --reason and --authority");
	return retention_enter(c, &n, libdmwarrant_retention_hold, "held");
}

const struct cli_command command_retention_hold = {
	.noun = "retention",
	.verb = "hold",
	.arguments = "[WARRANT]",
	.summary = "forbid any destruction, for a named matter",
	.text = "Of a whole warrant, or with --volume and --tag of a part. Several matters may hold the same\n"
		"thing; all of them must release it. A hold stops a request that is approved and waiting, too.",
	.options = hold_options,
	.run = run_hold,
};

/* ---- release ---- */

static const struct cli_option release_options[] = {
	{ "warrant", "WARRANT", ENTRY_REFERENCE, "which of the things that it holds" },
	ENTER_VOLUME,
	ENTER_TAG,
	ENTER_REASON,
	ENTER_AUTHORITY,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run_release(struct cli *c)
{
	struct libdmwarrant_retention_entry n;
	int ret = take_options(c, &n) ?: cli_arguments(c, 1);

	if (ret)
		return ret;
	if (!n.reason || !n.authority)
		return cli_usage(c, "a release needs --reason and --authority");
	n.name = c->argv[0];
	n.target.warrant = n.reference;
	n.reference = NULL;
	return retention_enter(c, &n, libdmwarrant_retention_release, "released");
}

const struct cli_command command_retention_release = {
	.noun = "retention",
	.verb = "release",
	.arguments = "MATTER",
	.summary = "end a hold",
	.text = "MATTER is the name that the hold was given. When it holds several things, name one of them:\n"
		"each is released on its own.",
	.options = release_options,
	.run = run_release,
};

/* ---- review ---- */

static const struct cli_option review_options[] = {
	{ "outcome", "WORD", ENTRY_OUTCOME, "keep, restrict or request" },
	ENTER_REASON,
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run_review(struct cli *c)
{
	struct libdmwarrant_retention_entry n;
	int ret = take_options(c, &n) ?: cli_arguments(c, 1);

	if (ret)
		return ret;
	if (!n.name || !n.reason)
		return cli_usage(c, "a review needs --outcome and --reason");
	n.target.warrant = c->argv[0];
	return retention_enter(c, &n, libdmwarrant_retention_review, "reviewed");
}

const struct cli_command command_retention_review = {
	.noun = "retention",
	.verb = "review",
	.arguments = "WARRANT",
	.summary = "enter what a review of the need to keep it has found",
	.text = "keep: the next interval begins. restrict: likewise, and it is marked as restricted.\n"
		"request: it is not needed any more, so it is due, unless a floor forbids that.",
	.options = review_options,
	.run = run_review,
};

/* ---- restrict ---- */

static const struct cli_option restrict_options[] = {
	ENTER_VOLUME,
	ENTER_TAG,
	ENTER_REASON,
	ENTER_AUTHORITY,
	{ "record-only", NULL, ENTRY_NO_KERNEL, "do not restrict the tag in the kernel" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_DRY_RUN,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

static int run_restrict(struct cli *c)
{
	struct libdmwarrant_retention_entry n;
	int ret = take_options(c, &n) ?: take_target(c, &n);

	if (ret)
		return ret;
	if (!n.reason || !n.authority)
		return cli_usage(c, "a restriction needs --reason and --authority");
	return retention_enter(c, &n, libdmwarrant_retention_restrict, "restricted");
}

const struct cli_command command_retention_restrict = {
	.noun = "retention",
	.verb = "restrict",
	.arguments = "[WARRANT]",
	.summary = "record that it may be used for a review only",
	.text = "A tag of a volume that is open is restricted in the kernel as well, so that nobody reads it;\n"
		"that cannot be undone but by two officers. For a warrant or a volume it is a record only.",
	.options = restrict_options,
	.run = run_restrict,
};
