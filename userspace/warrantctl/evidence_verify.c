// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "cli.h"
#include "evidence.h"

enum {
	OPTION_KEY = OPTION_OWN,
	OPTION_CA,
	OPTION_CERTIFICATE,
	OPTION_PARTIAL,
	OPTION_EXTENTS,
};

static const struct cli_option options[] = {
	{ "key", "FILE", OPTION_KEY, "public key of the installation that must have signed" },
	{ "ca", "FILE", OPTION_CA, "certificates of the time stamper, PEM, for FILE.tsr" },
	{ "certificate", "FILE", OPTION_CERTIFICATE, "of destruction; may be given again" },
	{ "partial", NULL, OPTION_PARTIAL, "extents that are gone are no failure; altered ones are" },
	{ "extents", NULL, OPTION_EXTENTS, "list all extents, as JSON" },
	CLI_KEYSET,
	CLI_KEYSET_FD,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct verify {
	struct cli				*c;
	struct libdmwarrant_verify_params	params;
	const char				**certificates;
	bool					all;
	bool					any;
	struct json_object			*changed;
};

/* ---- extents ---- */

static struct json_object *extent_object(const struct libdmwarrant_sealed_extent *e)
{
	struct json_object *o = json_object_new_object();
	char root[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	evidence_hex(e->root, root);
	cli_set_u64(o, "extent", e->number);
	cli_set_u64(o, "tag", e->tag);
	cli_set_u64(o, "first", e->first);
	cli_set_u64(o, "sectors", e->count);
	cli_set_text(o, "state", libdmwarrant_extent_state_name(e->state));
	cli_set_bool(o, "shredded", e->shredded);
	if (e->changed) {
		cli_set_u64(o, "changed_first", e->changed_first);
		cli_set_u64(o, "changed_sectors", e->changed);
	}
	cli_set_text(o, "root", root);
	return o;
}

static int take_extent(void *arg, const struct libdmwarrant_sealed_extent *e)
{
	struct verify *v = arg;

	if (v->all) {
		cli_stream(v->c, extent_object(e), !v->any);
		v->any = true;
		return 0;
	}
	if (e->state == LIBDMWARRANT_EXTENT_UNCHANGED)
		return 0;
	json_object_array_add(v->changed, extent_object(e));
	cli_progress_end(v->c);
	cli_say(v->c, "extent %" PRIu64 ", tag %u, sectors %" PRIu64 "-%" PRIu64 ": %s%s",
		e->number, e->tag, e->first, e->first + e->count - 1,
		libdmwarrant_extent_state_name(e->state),
		e->shredded ? ", shredded since" : "");
	if (e->changed != e->count)
		cli_say(v->c, ": %" PRIu64 " sectors from %" PRIu64 " on", e->changed,
			e->changed_first);
	cli_say(v->c, "\n");
	return 0;
}

/* ---- sum ---- */

static void report_signer(struct cli *c, const struct libdmwarrant_verify_result *r)
{
	char when[32];
	bool known = r->flags & LIBDMWARRANT_VERIFIED_SIGNER;

	cli_set_text(c->out, "signed_by", r->fingerprint);
	cli_set_bool(c->out, "signer_known", known);
	cli_say(c, "signature right, %s %s%s\n", known ? "by" : "by an unknown key", r->fingerprint,
		known ? "" : ": compare it, or name the key with --key");
	if (!(r->flags & LIBDMWARRANT_VERIFIED_STAMPED))
		return;
	known = r->flags & LIBDMWARRANT_VERIFIED_STAMP;
	cli_set_time(c->out, "stamped", r->stamped);
	cli_set_bool(c->out, "stamper_known", known);
	cli_say(c, "time stamp of %s, %s\n", cli_time(r->stamped, when),
		known ? "right" : "not judged: name the stamper's certificates with --ca");
}

static void report_states(struct cli *c, const struct libdmwarrant_verify_result *r)
{
	struct json_object *o = json_object_new_object();
	uint32_t i;

	for (i = LIBDMWARRANT_EXTENT_UNCHANGED; i <= LIBDMWARRANT_EXTENT_UNREADABLE; i++)
		cli_set_u64(o, libdmwarrant_extent_state_name(i), r->states[i]);
	json_object_object_add(c->out, "states", o);
	cli_set_u64(c->out, "extents", r->extents);
	cli_set_u64(c->out, "sectors", r->sectors);
	cli_set_u64(c->out, "shredded", r->shredded);
	cli_say(c, "%" PRIu64 " extents, %" PRIu64 " sectors:", r->extents, r->sectors);
	for (i = LIBDMWARRANT_EXTENT_UNCHANGED; i <= LIBDMWARRANT_EXTENT_UNREADABLE; i++)
		if (r->states[i] || i == LIBDMWARRANT_EXTENT_UNCHANGED)
			cli_say(c, "%s %" PRIu64 " %s",
				i == LIBDMWARRANT_EXTENT_UNCHANGED ? "" : ",", r->states[i],
				libdmwarrant_extent_state_name(i));
	if (r->shredded)
		cli_say(c, "; %" PRIu64 " of shredded tags", r->shredded);
	cli_say(c, "\n");
}

static void report(struct verify *v, const struct libdmwarrant_verify_result *r)
{
	char uuid[37], anchor[46], when[32], root[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	bool proof = r->flags & LIBDMWARRANT_VERIFIED_PROOF;
	struct cli *c = v->c;

	libdmwarrant_uuid_format(r->uuid, uuid);
	libdmwarrant_anchor_format(&r->anchor, anchor);
	evidence_hex(r->root, root);
	cli_set_text(c->out, "kind", proof ? "proof" : "seal");
	cli_set_text(c->out, "volume", uuid);
	cli_set_text(c->out, "checkpoint", anchor);
	cli_set_time(c->out, "sealed", r->sealed);
	cli_set_text(c->out, "root", root);
	cli_say(c, "%s volume %s, checkpoint %s, sealed %s\nroot %s\n",
		proof ? "some extents of" : "seal of", uuid, anchor, cli_time(r->sealed, when),
		root);
	report_signer(c, r);
	if (v->params.device)
		report_states(c, r);
}

/* ---- options ---- */

static int one_option(struct cli *c, int id, struct verify *v)
{
	struct libdmwarrant_verify_params *p = &v->params;
	const char **more;

	if (id == OPTION_KEY)
		p->key = c->arg;
	else if (id == OPTION_CA)
		p->ca = c->arg;
	else if (id == OPTION_PARTIAL)
		p->flags |= LIBDMWARRANT_VERIFY_PARTIAL;
	else if (id == OPTION_EXTENTS)
		v->all = true;
	if (id != OPTION_CERTIFICATE)
		return 0;
	more = reallocarray(v->certificates, p->certificate_count + 1, sizeof(*more));
	if (!more)
		return cli_usage(c, "not enough memory");
	v->certificates = more;
	v->certificates[p->certificate_count++] = c->arg;
	p->certificates = v->certificates;
	return 0;
}

static int all_options(struct cli *c, struct verify *v)
{
	int id, ret = 0;

	while (!ret && (id = cli_next_option(c)))
		ret = one_option(c, id, v);
	if (!ret && (c->argc < 1 || c->argc > 2))
		ret = cli_usage(c, "expected %s", c->command->arguments);
	if (ret)
		return ret;
	v->params.file = c->argv[0];
	v->params.device = c->argc > 1 ? c->argv[1] : NULL;
	if (!v->params.device && (v->all || v->params.certificate_count || c->keyset_path ||
				  c->keyset_fd >= 0))
		return cli_usage(c, "name the device, or an image of it, as well");
	return 0;
}

static int verify(struct cli *c, struct verify *v)
{
	struct libdmwarrant_verify_result r = { 0 };
	struct libdmwarrant_keyset *keyset = NULL;
	int ret;

	if (c->keyset_path || c->keyset_fd >= 0) {
		ret = cli_keyset(c, &keyset);
		if (ret)
			return ret;
	}
	v->params.keyset = keyset;
	v->params.extent = take_extent;
	v->params.arg = v;
	if (v->all)
		cli_stream_begin(c, "all_extents");
	ret = libdmwarrant_evidence_verify(c->lib, &v->params, &r);
	libdmwarrant_keyset_free(keyset);
	cli_progress_end(c);
	/* Of a seal that is not right nothing is said. */
	if (r.fingerprint[0])
		report(v, &r);
	return ret;
}

static int run(struct cli *c)
{
	struct verify v = {
		.c = c, .params.version = LIBDMWARRANT_VERIFY_VERSION,
		.changed = json_object_new_array(),
	};
	int ret = all_options(c, &v);

	if (!ret)
		ret = verify(c, &v);
	if (v.all)
		json_object_put(v.changed);
	else
		json_object_object_add(c->out, "changed", v.changed);
	free(v.certificates);
	return ret;
}

const struct cli_command command_evidence_verify = {
	.noun = "evidence",
	.verb = "verify",
	.arguments = "FILE [DEVICE|IMAGE]",
	.summary = "verify a seal of evidence, or a proof; offline, without keys",
	.text = "FILE is the statement of a seal, beside which FILE.sig and FILE.hashes are, or a proof.\n"
		"Without a device only its signature, its time stamp and its hashes are verified; with\n"
		"one, the ciphertext there as well, and each extent that is not as it was sealed is named:\n"
		"\n"
		"  altered      something else is there\n"
		"  zeroed       zeros are there\n"
		"  absent       the image ends before it\n"
		"  unreadable   the device does not give it\n"
		"  overwritten  the volume itself has written something else  (told only with keys)\n"
		"  discarded    the volume itself has given it up             (told only with keys)\n"
		"\n"
		"Any of these ends with exit code 6, unless a certificate of destruction, signed by the\n"
		"same --key, says that the tag was shredded. Neither registry nor kernel is needed.",
	.options = options,
	.run = run,
};
