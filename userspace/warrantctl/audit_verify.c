// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "libdmwarrant-audit.h"
#include "unlock.h"

enum {
	OPTION_BUNDLE = OPTION_OWN,
	OPTION_PROOF,
	OPTION_KEY,
	OPTION_SINCE,
	OPTION_WITNESS,
	OPTION_CA,
};

static const struct cli_option options[] = {
	{ "bundle", "DIR", OPTION_BUNDLE, "verify an exported log; needs no registry" },
	{ "proof", "FILE", OPTION_PROOF, "verify a proof of audit prove; needs no registry" },
	{ "key", "VKEY", OPTION_KEY, "the log's key, as it is known from elsewhere" },
	{ "since", "FILE", OPTION_SINCE, "a checkpoint that was kept: the log must go on from it" },
	{ "witness", "VKEY", OPTION_WITNESS, "this witness must have cosigned it; count no others" },
	{ "ca", "FILE", OPTION_CA, "it must have time stamps of these authorities, PEM" },
	CLI_REGISTRY,
	CLI_CONFIG,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct verify - what is asked
 * @bundle: --bundle
 * @proof:  --proof
 * @since:  --since
 */
struct verify {
	const char			*bundle;
	const char			*proof;
	const char			*since;
	struct libdmwarrant_audit_trust	trust;
};

static void say_found(struct cli *c, const struct libdmwarrant_audit_state *s)
{
	cli_set_u64(c->out, "size", s->size);
	cli_set_hex(c->out, "root", s->root, sizeof(s->root));
	cli_set_u64(c->out, "checkpoints", s->checkpoints);
	cli_set_u64(c->out, "cosignatures", s->cosignatures);
	cli_set_u64(c->out, "cosigned", s->cosigned);
	cli_set_u64(c->out, "timestamps", s->timestamps);
	cli_set_u64(c->out, "timestamped", s->timestamped);
	cli_set_u64(c->out, "timestamps_unverified", s->unverified);
	cli_say(c, "the log is sound: %" PRIu64 " entries, root %s\n", s->size,
		json_object_get_string(json_object_object_get(c->out, "root")));
	if (s->cosignatures)
		cli_say(c, "%u cosignatures of witnesses; the newest vouches for %" PRIu64
			" entries\n", s->cosignatures, s->cosigned);
	else
		cli_say(c, "no witness has vouched for it\n");
	if (s->timestamps)
		cli_say(c, "%u time stamps; the newest vouches for %" PRIu64 " entries\n",
			s->timestamps, s->timestamped);
	if (s->unverified)
		cli_say(c, "%u time stamps were not verified; give the authority's certificates with --ca\n",
			s->unverified);
}

static int verify_log(struct cli *c, const struct verify *v)
{
	struct libdmwarrant_audit_state s = { .version = LIBDMWARRANT_AUDIT_VERSION };
	struct libdmwarrant_registry *reg;
	int ret;

	if (v->bundle) {
		ret = libdmwarrant_audit_verify_bundle(c->lib, v->bundle, &v->trust, &s);
	} else {
		ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);
		if (ret)
			return ret;
		ret = libdmwarrant_audit_verify(reg, &v->trust, &s);
		libdmwarrant_registry_close(reg);
	}
	if (!ret)
		say_found(c, &s);
	return ret;
}

static int verify_proof(struct cli *c, const struct verify *v)
{
	char *text, *entry;
	int ret;

	if (!v->trust.key)
		return cli_usage(c, "a proof is verified with the log's key; give it with --key");
	ret = cli_read_text(c, v->proof, &text);
	if (ret)
		return ret;
	ret = libdmwarrant_audit_proof_check(c->lib, text, v->trust.key, &entry);
	free(text);
	if (ret)
		return ret;
	json_object_object_add(c->out, "entry", json_tokener_parse(entry));
	cli_say(c, "proven: the log has this entry\n%s\n", entry);
	free(entry);
	return 0;
}

static int parse(struct cli *c, struct verify *v)
{
	int id;

	while ((id = cli_next_option(c))) {
		if (id == OPTION_BUNDLE)
			v->bundle = c->arg;
		else if (id == OPTION_PROOF)
			v->proof = c->arg;
		else if (id == OPTION_KEY)
			v->trust.key = c->arg;
		else if (id == OPTION_SINCE)
			v->since = c->arg;
		else if (id == OPTION_WITNESS)
			v->trust.witness = c->arg;
		else
			v->trust.ca = c->arg;
	}
	if (v->proof && (v->bundle || v->since || v->trust.witness || v->trust.ca))
		return cli_usage(c, "--proof goes with --key only");
	return cli_arguments(c, 0);
}

static int run(struct cli *c)
{
	struct verify v = { .trust = { .version = LIBDMWARRANT_AUDIT_VERSION } };
	char *since = NULL;
	int ret = parse(c, &v);

	if (!ret && v.since)
		ret = cli_read_text(c, v.since, &since);
	v.trust.since = since;
	if (!ret)
		ret = v.proof ? verify_proof(c, &v) : verify_log(c, &v);
	free(since);
	return ret;
}

const struct cli_command command_audit_verify = {
	.noun = "audit",
	.verb = "verify",
	.arguments = "",
	.summary = "verify the audit log, an exported one, or a proof",
	.text = "Hashes every entry, and compares with every signed checkpoint that there is, with the\n"
		"cosignatures of witnesses and with time stamps. A log that was cut off, or made anew\n"
		"under another key, can be whole in itself: give a checkpoint that was kept elsewhere\n"
		"with --since, and the key that is known with --key.",
	.options = options,
	.reads = true,
	.run = run,
};
