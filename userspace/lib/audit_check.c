// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying a log in memory, and all that others have said of it. */
#include <stdarg.h>

#include "audit_copy.h"
#include "json.h"

static int unfit(struct lib_audit_copy *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int unfit(struct lib_audit_copy *c, const char *fmt, ...)
{
	char how[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(how, sizeof(how), fmt, args);
	va_end(args);
	return lib_fail(c->ctx, -EUCLEAN,
			"the audit log was altered: %s; keep a copy of it, and compare it with others",
			how);
}

int lib_audit_copy_root(struct lib_audit_copy *c, u64 size, u8 root[LIB_MERKLE_HASH])
{
	struct lib_merkle part = { .md = c->merkle.md, .ctx = c->merkle.ctx };
	u64 i;

	for (i = 0; i < size; i++)
		lib_merkle_add(&part, c->leaves[i]);
	return lib_merkle_root(&part, root) ?
		lib_fail(c->ctx, -ENOMEM, "not enough memory for the audit log") : 0;
}

/* ---- checkpoints ---- */

static int check_checkpoint(struct lib_audit_copy *c, const struct lib_checkpoint *cp,
			    const char *which)
{
	u8 root[LIB_MERKLE_HASH];
	int ret;

	if (strcmp(cp->origin, c->key.name) || lib_checkpoint_check(cp, &c->key, NULL))
		return unfit(c, "%s of %llu entries is not signed by the log's key", which,
			       (unsigned long long)cp->size);
	if (!cp->size || cp->size > c->count)
		return unfit(c, "%s is of %llu entries, but there are only %llu: it was cut off",
			       which, (unsigned long long)cp->size, (unsigned long long)c->count);
	ret = lib_audit_copy_root(c, cp->size, root);
	if (ret)
		return ret;
	return memcmp(root, cp->root, sizeof(root)) ?
		unfit(c, "its first %llu entries are not those of %s: it was forked",
			(unsigned long long)cp->size, which) : 0;
}

static int check_checkpoints(struct lib_audit_copy *c, struct libdmwarrant_audit_state *state)
{
	const struct lib_checkpoint *newest;
	size_t i;
	int ret = 0;

	if (!c->count || !c->note_count)
		return unfit(c, "there is no %s", c->count ? "checkpoint" : "entry");
	for (i = 0; !ret && i < c->note_count; i++)
		ret = check_checkpoint(c, &c->notes[i].cp, "the checkpoint") ?:
			lib_progress(c->ctx, "verifying checkpoints", i, c->note_count);
	if (ret)
		return ret;
	newest = &c->notes[c->note_count - 1].cp;
	if (newest->size != c->count)
		return unfit(c, "it has %llu entries, its newest checkpoint %llu",
			       (unsigned long long)c->count, (unsigned long long)newest->size);
	state->checkpoints = c->note_count;
	state->size = c->count;
	memcpy(state->root, newest->root, sizeof(newest->root));
	return 0;
}

static int check_since(struct lib_audit_copy *c, const char *note)
{
	struct lib_checkpoint cp;

	if (!note)
		return 0;
	if (lib_checkpoint_parse(c->ctx, note, strlen(note), &cp))
		return -EINVAL;
	return check_checkpoint(c, &cp, "the checkpoint that was kept");
}

/* ---- what others have said ---- */

static const struct lib_checkpoint *find_note(struct lib_audit_copy *c, u64 size)
{
	size_t i;

	for (i = 0; i < c->note_count; i++)
		if (c->notes[i].cp.size == size)
			return &c->notes[i].cp;
	return NULL;
}

static int check_cosigned(struct lib_audit_copy *c, const struct lib_audit_said *s,
			  const struct lib_checkpoint *cp,
			  const struct libdmwarrant_audit_trust *trust,
			  struct libdmwarrant_audit_state *state)
{
	struct lib_verifier v;

	if (lib_verifier_parse(c->ctx, s->name, &v) || lib_checkpoint_check(cp, &v, NULL))
		return unfit(c, "the cosignature of the checkpoint of %llu entries is gone or wrong",
			       (unsigned long long)s->size);
	if (trust->witness && strcmp(trust->witness, s->name))
		return 0;
	state->cosignatures++;
	if (s->size > state->cosigned)
		state->cosigned = s->size;
	return 0;
}

static int check_stamped(struct lib_audit_copy *c, const struct lib_audit_said *s,
			 const struct lib_checkpoint *cp,
			 const struct libdmwarrant_audit_trust *trust,
			 struct libdmwarrant_audit_state *state)
{
	const struct lib_audit_stamp *stamp = c->stamps, *end = stamp + c->stamp_count;
	char why[512], name[80];
	s64 when;

	while (stamp < end && (stamp->size != s->size || strcmp(stamp->name, s->name)))
		stamp++;
	if (stamp == end)
		return unfit(c, "the time stamp of the checkpoint of %llu entries is gone",
			       (unsigned long long)s->size);
	if (lib_audit_stamp_check(c->ctx, stamp->der, stamp->bytes, cp->text,
				  lib_audit_own_note(cp), trust->ca, &when)) {
		lib_copy(why, sizeof(why), libdmwarrant_error(c->ctx));
		return lib_fail(c->ctx, -EUCLEAN, "checkpoint of %llu entries: %s",
				(unsigned long long)s->size, why);
	}
	if (lib_audit_stamp_name(c->ctx, stamp->der, stamp->bytes, when, name) ||
	    strcmp(name, s->name))
		return unfit(c, "the time stamp of the checkpoint of %llu entries is another one",
			       (unsigned long long)s->size);
	if (!trust->ca) {
		state->unverified++;
		return 0;
	}
	state->timestamps++;
	if (s->size > state->timestamped)
		state->timestamped = s->size;
	return 0;
}

static int check_said(struct lib_audit_copy *c, const struct lib_audit_said *s,
		      const struct libdmwarrant_audit_trust *trust,
		      struct libdmwarrant_audit_state *state)
{
	const struct lib_checkpoint *cp = find_note(c, s->size);

	if (!cp)
		return unfit(c, "the checkpoint of %llu entries, which was given out, is gone",
			       (unsigned long long)s->size);
	if (!strcmp(s->kind, LIB_AUDIT_COSIGNED))
		return check_cosigned(c, s, cp, trust, state);
	if (!strcmp(s->kind, LIB_AUDIT_TIMESTAMPED))
		return check_stamped(c, s, cp, trust, state);
	return 0;
}

static int check_key(struct lib_audit_copy *c, const struct libdmwarrant_audit_trust *trust)
{
	struct lib_verifier known;
	char text[LIB_VERIFIER_SIZE];
	int ret = trust->witness ? lib_verifier_parse(c->ctx, trust->witness, &known) : 0;

	if (ret || !trust->key)
		return ret;
	ret = lib_verifier_parse(c->ctx, trust->key, &known);
	if (ret)
		return ret;
	lib_verifier_format(&c->key, text);
	return strcmp(text, trust->key) ? unfit(c, "it is not the log of that key") : 0;
}

/* Who asks for somebody's word, and there is none, must not hear that all is well. */
static int check_wanted(struct lib_audit_copy *c, const struct libdmwarrant_audit_trust *trust,
			const struct libdmwarrant_audit_state *state)
{
	if (trust->witness && !state->cosignatures)
		return lib_fail(c->ctx, -EBADMSG,
				"the log is whole, but that witness has cosigned none of its checkpoints: nobody but its own key vouches for it");
	if (trust->ca && !state->timestamps)
		return lib_fail(c->ctx, -EBADMSG,
				"the log is whole, but none of its checkpoints has a time stamp: nobody but its own key vouches for it");
	return 0;
}

int lib_audit_copy_verify(struct lib_audit_copy *c, const struct libdmwarrant_audit_trust *trust,
			  struct libdmwarrant_audit_state *state)
{
	size_t i;
	int ret;

	ret = check_key(c, trust) ?: check_checkpoints(c, state) ?: check_since(c, trust->since);
	for (i = 0; !ret && i < c->said_count; i++)
		ret = check_said(c, &c->said[i], trust, state);
	return ret ?: check_wanted(c, trust, state);
}

/* ---- of a registry ---- */

static int check_versions(struct libdmwarrant *ctx, const struct libdmwarrant_audit_trust *trust,
			  const struct libdmwarrant_audit_state *state)
{
	if (trust->version != LIBDMWARRANT_AUDIT_VERSION)
		return lib_fail_version(ctx, trust->version, LIBDMWARRANT_AUDIT_VERSION);
	if (state->version != LIBDMWARRANT_AUDIT_VERSION)
		return lib_fail_version(ctx, state->version, LIBDMWARRANT_AUDIT_VERSION);
	return 0;
}

static int verify(struct libdmwarrant_registry *r, const struct libdmwarrant_audit_trust *trust,
		  struct libdmwarrant_audit_state *state)
{
	struct lib_audit_copy c = { 0 };
	int ret = lib_audit_copy_read(r, &c) ?: lib_audit_copy_verify(&c, trust, state);

	lib_audit_copy_free(&c);
	return ret;
}

int libdmwarrant_audit_verify(struct libdmwarrant_registry *r,
			      const struct libdmwarrant_audit_trust *trust,
			      struct libdmwarrant_audit_state *state)
{
	static const struct libdmwarrant_audit_trust nothing = {
		.version = LIBDMWARRANT_AUDIT_VERSION
	};
	int ret;

	trust = trust ? trust : &nothing;
	ret = check_versions(r->ctx, trust, state) ?: lib_registry_begin(r, false);
	return ret ?: lib_registry_end(r, verify(r, trust, state));
}

int libdmwarrant_audit_verify_bundle(struct libdmwarrant *ctx, const char *dir,
				     const struct libdmwarrant_audit_trust *trust,
				     struct libdmwarrant_audit_state *state)
{
	struct lib_audit_copy c = { 0 };
	int ret = check_versions(ctx, trust, state);

	if (ret)
		return ret;
	if (!trust->key)
		return lib_fail(ctx, -EINVAL,
				"a bundle must be verified with the log's key, as it is known from elsewhere; give it with --key");
	ret = lib_audit_bundle_read(ctx, dir, &c) ?: lib_audit_copy_verify(&c, trust, state);
	lib_audit_copy_free(&c);
	return ret;
}
