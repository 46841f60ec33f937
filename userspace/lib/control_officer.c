// SPDX-License-Identifier: GPL-2.0-or-later
/* Officers: who is one, and whether a signature is theirs. */
#include "control_state.h"
#include "json.h"
#include "ssh_key.h"

/** lib_officer_find() - by name, revoked or not. Return: 0; -ENOENT */
int lib_officer_find(struct lib_control *c, const char *name, size_t *index)
{
	char quoted[LIB_QUOTE_SIZE];
	size_t i;

	for (i = 0; i < c->officer_count; i++)
		if (!strcmp(c->officers[i].name, name)) {
			*index = i;
			return 0;
		}
	return lib_fail(c->ctx, -ENOENT,
			"there is no officer %s; warrantctl officer list shows all",
			lib_quote(quoted, name, strlen(name)));
}

/** lib_officer_act() - by name, and not revoked. Return: 0; -ENOENT; -EPERM */
int lib_officer_act(struct lib_control *c, const char *name, size_t *index)
{
	char when[32];
	int ret = lib_officer_find(c, name, index);

	if (ret || !c->officers[*index].revoked)
		return ret;
	return lib_fail(c->ctx, -EPERM, "officer %s was revoked at %s and can do nothing more",
			name, lib_time_format(c->officers[*index].revoked, when));
}

/* ---- enrolling ---- */

/* Names are typed, and stand in texts that are signed. */
static int check_name(struct libdmwarrant *ctx, const char *name)
{
	const char *c = name;

	while ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || (*c && strchr(".-_@", *c)))
		c++;
	if (*c || c == name || c - name > LIBDMWARRANT_OFFICER_NAME_MAX)
		return lib_fail(ctx, -EINVAL,
				"the name of an officer is 1 to %u small letters, digits and .-_@",
				LIBDMWARRANT_OFFICER_NAME_MAX);
	return 0;
}

/** lib_officer_print() - check key or certificate, one of which is ""; fingerprint of it */
int lib_officer_print(struct libdmwarrant *ctx, const char *name, const char *key,
		      const char *cert, char print[72])
{
	struct lib_ssh_key k;
	char what[96];
	int ret;

	if (!key[0] == !cert[0])
		return lib_fail(ctx, -EINVAL, "an officer needs one of a key and a certificate");
	snprintf(what, sizeof(what), "the %s of %.64s", key[0] ? "key" : "certificate", name);
	if (cert[0])
		return lib_cms_certificate(ctx, what, cert, print);
	ret = lib_ssh_key_parse(ctx, what, key, &k);
	if (!ret)
		lib_ssh_key_print(&k, print);
	return ret;
}

/* For OpenSSL. Return: EVP_PKEY_free() it; NULL = not one, or no memory */
static EVP_PKEY *public_key(struct libdmwarrant *ctx, const char *key, const char *cert)
{
	struct lib_ssh_parts parts;
	struct lib_ssh_key k;

	if (!key[0])
		return lib_cms_key(cert);
	if (lib_ssh_key_parse(ctx, "the officer's key", key, &k) ||
	    lib_ssh_key_take_apart(k.blob, k.size, &parts))
		return NULL;
	return lib_ssh_key_evp(&parts);
}

/* A card's key can be written as one of OpenSSH, and have several certificates. */
static bool has_key(struct lib_control *c, const struct lib_officer *o, const EVP_PKEY *key)
{
	EVP_PKEY *other = public_key(c->ctx, o->key, o->cert);
	bool same = other && EVP_PKEY_eq(key, other) == 1;

	EVP_PKEY_free(other);
	return same;
}

static int refuse_known(struct lib_control *c, const char *name, const EVP_PKEY *key)
{
	size_t i;

	if (!key)
		return lib_control_no_memory(c->ctx);
	for (i = 0; i < c->officer_count; i++) {
		if (!strcmp(c->officers[i].name, name))
			return lib_fail(c->ctx, -EEXIST,
					"there is or was an officer %s; names are never given twice",
					name);
		if (has_key(c, &c->officers[i], key))
			return lib_fail(c->ctx, -EEXIST,
					"that is the key of officer %s; one person is one officer",
					c->officers[i].name);
	}
	return 0;
}

/** lib_officer_check() - can the officer of an entry or of a request's target be enrolled? */
int lib_officer_check(struct lib_control *c, struct json_object *body)
{
	const char *name = lib_warrant_text(body, "Officer");
	const char *key = lib_warrant_text(body, "Key");
	const char *cert = lib_warrant_text(body, "Certificate");
	EVP_PKEY *parsed;
	char print[72];
	int ret = check_name(c->ctx, name) ?:
		lib_control_line(c->ctx, "role", lib_warrant_text(body, "Role"), false) ?:
		lib_officer_print(c->ctx, name, key, cert, print);

	if (!ret && strcmp(print, lib_warrant_text(body, "Fingerprint")))
		ret = lib_fail(c->ctx, -EINVAL, "the fingerprint of %s is not that of the key",
			       name);
	if (ret)
		return ret;
	parsed = public_key(c->ctx, key, cert);
	ret = refuse_known(c, name, parsed);
	EVP_PKEY_free(parsed);
	return ret;
}

/** lib_officer_enrol() - take in an officer that was checked */
int lib_officer_enrol(struct lib_control *c, s64 when, struct json_object *body)
{
	struct lib_officer *more, *o;

	more = reallocarray(c->officers, c->officer_count + 1, sizeof(*more));
	if (!more)
		return lib_control_no_memory(c->ctx);
	c->officers = more;
	o = &more[c->officer_count++];
	*o = (struct lib_officer){
		.body = json_object_get(body),
		.name = lib_warrant_text(body, "Officer"),
		.print = lib_warrant_text(body, "Fingerprint"),
		.key = lib_warrant_text(body, "Key"),
		.cert = lib_warrant_text(body, "Certificate"),
		.enrolled = when,
	};
	if (lib_control_active(c) >= lib_control_quorum(c))
		c->sealed = true;
	return 0;
}

/* ---- signatures ---- */

static int verify_ssh(struct lib_control *c, const struct lib_officer *o, const char *text,
		      const char *signature)
{
	struct lib_ssh_key key;

	return lib_ssh_key_parse(c->ctx, "the officer's key", o->key, &key) ?:
		lib_sshsig_verify(c->ctx, &key, LIB_CONTROL_PURPOSE, text, strlen(text), signature);
}

/**
 * lib_officer_signed() - is the signature in an entry's body the officer's, over this text?
 * @when: of the entry
 *
 * The body must name the officer's fingerprint and key, too: they are there for those who verify
 * it without the registry.
 */
int lib_officer_signed(struct lib_control *c, size_t index, const char *text, s64 when,
		       struct json_object *body)
{
	const struct lib_officer *o = &c->officers[index];
	const char *signature = lib_warrant_text(body, "Signature");

	if (strcmp(lib_warrant_text(body, "Officer"), o->name) ||
	    strcmp(lib_warrant_text(body, "Fingerprint"), o->print) ||
	    strcmp(lib_warrant_text(body, "Key"), o->key) ||
	    strcmp(lib_warrant_text(body, "Certificate"), o->cert) ||
	    strcmp(lib_warrant_text(body, "Format"), o->key[0] ? "sshsig" : "cms"))
		return lib_fail(c->ctx, -EKEYREJECTED, "the signature's officer is not officer %s",
				o->name);
	if (o->key[0])
		return verify_ssh(c, o, text, signature);
	return lib_cms_verify(c->ctx, o->cert, text, strlen(text), (const u8 *)signature,
			      strlen(signature), when);
}
