// SPDX-License-Identifier: GPL-2.0-or-later
/* The request, who signed it, and whether the rules were kept. */
#include "certificate_judge.h"
#include "control_state.h"
#include "etsi.h"
#include "json.h"
#include "sshsig.h"

/* ---- the request ---- */

/* The key store had destroyed the keys already, for another reason: then it says so. */
static bool is_earlier(struct lib_judge *j)
{
	return lib_json_text(lib_source_body(j->source.destroyed), "Note")[0];
}

static int check_request(struct lib_judge *j)
{
	struct json_object *made = lib_source_body(j->source.made);
	const char *text = lib_json_text(made, "Text");
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	char *again = lib_control_request_text(made);
	bool same = again && !strcmp(again, text);

	free(again);
	if (!same)
		return lib_fail(j->ctx, -EUCLEAN, "its text does not say what the request says");
	if (lib_certificate_digest(j->ctx, text, strlen(text), digest))
		return -ENOMEM;
	if (strcmp(digest, lib_json_text(lib_source_body(j->source.begun), "RequestSha256")))
		return lib_fail(j->ctx, -EUCLEAN, "another one was carried out");
	if (!is_earlier(j) &&
	    strcmp(digest, lib_json_text(lib_source_body(j->source.destroyed), "Reference")))
		return lib_fail(j->ctx, -EUCLEAN,
				"the key store's tombstone is not for this request");
	return 0;
}

void lib_judge_request(struct lib_judge *j)
{
	lib_judge_result(j, "request", check_request(j),
			 is_earlier(j) ? "the text says what was carried out" :
			 "the text says what was carried out, and the tombstone refers to it");
	if (is_earlier(j))
		lib_judge_say(j, "tombstone", LIBDMWARRANT_UNKNOWN, "says the certificate: %s",
			      lib_json_text(lib_source_body(j->source.destroyed), "Note"));
}

/* ---- officers ---- */

static bool same_key(struct json_object *a, struct json_object *b)
{
	return !strcmp(lib_json_text(a, "Key"), lib_json_text(b, "Key")) &&
	       !strcmp(lib_json_text(a, "Certificate"), lib_json_text(b, "Certificate"));
}

/* As the log had enrolled the officer when this was signed; and not revoked before it was begun. */
static int check_enrolled(struct lib_judge *j, struct json_object *entry)
{
	struct json_object *body = lib_source_body(entry), *o;
	const char *name = lib_json_text(body, "Officer");
	bool enrolled = false;
	u32 i;

	for (i = 0; i < j->source.officer_count; i++) {
		o = lib_source_body(j->source.officers[i]);
		if (strcmp(lib_json_text(o, "Officer"), name))
			continue;
		if (!strcmp(lib_json_text(j->source.officers[i], "Kind"), "officer.revoked"))
			return lib_fail(j->ctx, -EKEYREVOKED, "%.64s was revoked before", name);
		enrolled = same_key(o, body) && lib_json_number(j->source.officers[i], "Seq") <
						lib_json_number(entry, "Seq");
	}
	return enrolled ? 0 : lib_fail(j->ctx, -EKEYREJECTED,
				       "the log has not enrolled %.64s with this key", name);
}

static int check_ssh(struct lib_judge *j, struct json_object *body, const char *text)
{
	struct lib_ssh_key *key = malloc(sizeof(*key));
	int ret = key ? 0 : lib_fail(j->ctx, -ENOMEM, "not enough memory");

	if (!ret)
		ret = lib_ssh_key_parse(j->ctx, "the officer's key", lib_json_text(body, "Key"),
					key);
	if (!ret)
		ret = lib_sshsig_verify(j->ctx, key, LIB_CONTROL_PURPOSE, text, strlen(text),
					lib_json_text(body, "Signature"));
	free(key);
	return ret;
}

static s64 seconds(struct json_object *entry)
{
	s64 us = 0;

	lib_etsi_time(lib_source_time(entry), &us);
	return us / 1000000;
}

static int check_signature(struct lib_judge *j, struct json_object *entry)
{
	const char *text = lib_json_text(lib_source_body(j->source.made), "Text");
	struct json_object *body = lib_source_body(entry);
	const char *signature = lib_json_text(body, "Signature");

	if (lib_json_text(body, "Key")[0])
		return check_ssh(j, body, text);
	return lib_cms_verify(j->ctx, lib_json_text(body, "Certificate"), text, strlen(text),
			      (const u8 *)signature, strlen(signature), seconds(entry));
}

/* Is "NAME KEY" a line of the file that was given? */
static bool is_listed(struct lib_judge *j, struct json_object *body)
{
	const char *key = lib_json_text(body, "Key"), *line = j->check->officers;
	const size_t name = strlen(lib_json_text(body, "Officer")), size = strlen(key);
	size_t n;

	for (; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (size && n >= name + 1 + size && line[name] == ' ' &&
		    !memcmp(line, lib_json_text(body, "Officer"), name) &&
		    !memcmp(line + name + 1, key, size) &&
		    (n == name + 1 + size || line[name + 1 + size] == ' '))
			return true;
	}
	return false;
}

static void judge_listed(struct lib_judge *j, const char *what, struct json_object *body)
{
	if (!j->check->officers || !lib_json_text(body, "Key")[0])
		lib_judge_say(j, what, LIBDMWARRANT_UNKNOWN,
			      "signed with %s as the log has enrolled it; give the officers' keys, had on another way, with --officers",
			      lib_json_text(body, "Fingerprint"));
	else if (is_listed(j, body))
		lib_judge_say(j, what, LIBDMWARRANT_PASS, "signed with the key that was given");
	else
		lib_judge_say(j, what, LIBDMWARRANT_FAILED,
			      "the key is not among those that were given for this name");
}

static void judge_signer(struct lib_judge *j, const char *part, struct json_object *entry)
{
	struct json_object *body = lib_source_body(entry);
	char what[128];
	int ret;

	snprintf(what, sizeof(what), "%s of %.64s", part, lib_json_text(body, "Officer"));
	ret = check_enrolled(j, entry) ?: check_signature(j, entry);
	lib_judge_result(j, what, ret, "over the request's text, by an enrolled officer");
	if (ret)
		return;
	snprintf(what, sizeof(what), "key of %.64s", lib_json_text(body, "Officer"));
	judge_listed(j, what, body);
}

/* ---- rules ---- */

static const char *officer(struct json_object *entry)
{
	return lib_json_text(lib_source_body(entry), "Officer");
}

static int check_count(struct lib_judge *j, s64 needed)
{
	const struct lib_certificate_source *s = &j->source;
	const char *requester = lib_json_text(lib_source_body(s->made), "Requester");
	u32 i, k;

	if (strcmp(officer(s->is_signed), requester))
		return lib_fail(j->ctx, -EUCLEAN, "the requester has not signed");
	for (i = 0; i < s->approvals; i++) {
		if (!strcmp(officer(s->approved[i]), requester))
			return lib_fail(j->ctx, -EUCLEAN, "the requester has approved");
		for (k = 0; k < i; k++)
			if (!strcmp(officer(s->approved[i]), officer(s->approved[k])))
				return lib_fail(j->ctx, -EUCLEAN, "somebody has approved twice");
	}
	if (needed < 1 || s->approvals < needed)
		return lib_fail(j->ctx, -EUCLEAN, "%u approvals, %lld are needed", s->approvals,
				(long long)needed);
	return 0;
}

static int check_waiting(struct lib_judge *j, s64 needed, s64 waiting)
{
	const struct lib_certificate_source *s = &j->source;

	if (needed < 1 || s->approvals < needed || waiting < 0 ||
	    seconds(s->begun) < seconds(s->approved[needed - 1]) + waiting)
		return lib_fail(j->ctx, -EUCLEAN,
				"it was carried out before the waiting period was over");
	return 0;
}

void lib_judge_people(struct lib_judge *j)
{
	struct json_object *policy = lib_json_member(lib_source_body(j->source.made), "Policy",
						     json_type_object);
	const s64 needed = lib_json_number(policy, "Approvals");
	const s64 waiting = lib_json_number(policy, "Waiting");
	char why[96];
	u32 i;

	judge_signer(j, "request", j->source.is_signed);
	for (i = 0; i < j->source.approvals; i++)
		judge_signer(j, "approval", j->source.approved[i]);
	snprintf(why, sizeof(why), "%u, by others than the requester; %lld were needed",
		 j->source.approvals, (long long)needed);
	lib_judge_result(j, "number of approvals", check_count(j, needed), why);
	snprintf(why, sizeof(why), "%lld seconds were kept", (long long)waiting);
	lib_judge_result(j, "waiting period", check_waiting(j, needed, waiting), why);
}
