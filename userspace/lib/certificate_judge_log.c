// SPDX-License-Identifier: GPL-2.0-or-later
/* The signature over a certificate, and the log whose entries it encloses. */
#include "audit_log.h"
#include "certificate_judge.h"
#include "json.h"
#include "sshsig.h"

static struct json_object *log_of(struct lib_judge *j)
{
	return lib_json_member(j->document, "Log", json_type_object);
}

/* ---- the signature ---- */

static int check_signature(struct lib_judge *j, const char *text, const char *what,
			   struct lib_ssh_key *key)
{
	int ret = lib_ssh_key_parse(j->ctx, what, text, key);

	if (!ret && memchr(j->check->signature, 0, j->check->signature_size))
		ret = lib_fail(j->ctx, -EINVAL, "the signature is no text");
	return ret ?: lib_sshsig_verify(j->ctx, key, LIBDMWARRANT_CERTIFICATE_NAMESPACE,
					j->check->json, j->check->json_size, j->check->signature);
}

void lib_judge_signature(struct lib_judge *j)
{
	const char *key = j->check->key ? j->check->key : lib_json_text(log_of(j), "SshKey");
	struct lib_ssh_key *parsed = malloc(sizeof(*parsed));
	int ret;

	if (!j->check->signature || !parsed) {
		lib_judge_say(j, "signature", LIBDMWARRANT_UNKNOWN, "there is none");
		free(parsed);
		return;
	}
	ret = check_signature(j, key, j->check->key ? "the installation's key" :
			      "the key in the certificate", parsed);
	if (ret || j->check->key)
		lib_judge_result(j, "signature", ret, "of the key that was given");
	else
		lib_judge_say(j, "signature", LIBDMWARRANT_UNKNOWN,
			      "it is by the key that the certificate names itself; give the installation's key, had on another way, with --key");
	free(parsed);
}

/* ---- the log ---- */

/* The log's key is the one that signs certificates. */
static int check_key(struct lib_judge *j)
{
	struct lib_ssh_key *given = malloc(sizeof(*given)), *log = malloc(sizeof(*log));
	char text[LIB_SSH_KEY_SIZE];
	int ret = given && log ? 0 : lib_fail(j->ctx, -ENOMEM, "not enough memory");

	if (!ret)
		ret = lib_verifier_parse(j->ctx, lib_json_text(log_of(j), "Key"), &j->key);
	if (!ret && j->key.type != LIB_NOTE_ED25519)
		ret = lib_fail(j->ctx, -EINVAL, "the log's key is that of a witness");
	if (!ret)
		ret = lib_ssh_key_parse(j->ctx, "the installation's key", j->check->key ?
					j->check->key : lib_json_text(log_of(j), "SshKey"), given);
	if (!ret) {
		lib_ssh_key_format(j->key.public_key, text);
		if (strcmp(text, lib_json_text(log_of(j), "SshKey")))
			ret = lib_fail(j->ctx, -EINVAL, "the log's key stands in two ways");
	}
	if (!ret) {
		lib_ssh_key_ed25519(log, j->key.public_key);
		if (given->size != log->size || memcmp(given->blob, log->blob, log->size))
			ret = lib_fail(j->ctx, -EKEYREJECTED,
				       "the log's key is not the installation's");
	}
	free(given);
	free(log);
	return ret;
}

static int check_checkpoint(struct lib_judge *j, struct lib_checkpoint *cp)
{
	const char *note = lib_json_text(log_of(j), "Checkpoint");
	int ret = check_key(j) ?: lib_checkpoint_parse(j->ctx, note, strlen(note), cp);

	if (ret)
		return ret;
	if (strcmp(cp->origin, j->key.name) || lib_checkpoint_check(cp, &j->key, NULL))
		return lib_fail(j->ctx, -EKEYREJECTED,
				"the checkpoint is not signed by the log's key");
	return 0;
}

static int read_proof(struct lib_judge *j, struct json_object *o, struct lib_merkle_proof *proof)
{
	struct json_object *path = lib_json_member(o, "Proof", json_type_array);
	const char *hex;
	size_t i;

	proof->count = lib_json_length(o, "Proof");
	if (!path || proof->count > LIB_MERKLE_PROOF)
		return lib_fail(j->ctx, -EINVAL, "an entry has no proof");
	for (i = 0; i < proof->count; i++) {
		struct json_object *text = json_object_array_get_idx(path, i);

		hex = json_object_is_type(text, json_type_string) ?
			json_object_get_string(text) : "";
		if (strspn(hex, "0123456789abcdef") != 2 * LIB_MERKLE_HASH ||
		    hex[2 * LIB_MERKLE_HASH] || lib_unhex(proof->hash[i], hex, LIB_MERKLE_HASH))
			return lib_fail(j->ctx, -EINVAL, "a hash of a proof is none");
	}
	return 0;
}

static int check_entry(struct lib_judge *j, struct lib_merkle *hasher, struct json_object *o,
		       const struct lib_checkpoint *cp)
{
	struct json_object *entry = lib_json_member(o, "Entry", json_type_object);
	struct lib_merkle_proof proof;
	u8 leaf[LIB_MERKLE_HASH];
	s64 seq = lib_json_number(entry, "Seq");
	char *text;
	int ret = read_proof(j, o, &proof);

	if (ret)
		return ret;
	text = entry ? lib_json_canonical(entry) : NULL;
	if (!text)
		return lib_fail(j->ctx, -EINVAL, "an entry is missing");
	lib_merkle_leaf(hasher, text, strlen(text), leaf);
	free(text);
	if (seq < 0 || (u64)seq >= cp->size ||
	    lib_merkle_included(hasher, leaf, seq, cp->size, &proof, cp->root))
		return lib_fail(j->ctx, -EBADMSG,
				"entry %lld is not in the log of the checkpoint", (long long)seq);
	return 0;
}

/* In their order, each once, and none that has nothing to do with the request. */
static int take_entry(struct lib_judge *j, struct json_object *o, s64 *last)
{
	struct json_object *request = lib_json_member(j->document, "Request", json_type_object);
	struct json_object *entry = lib_json_member(o, "Entry", json_type_object);
	s64 seq = lib_json_number(entry, "Seq");

	if (seq <= *last || !lib_source_take(&j->source, lib_json_text(request, "Id"), entry))
		return lib_fail(j->ctx, -EINVAL,
				"entry %lld does not belong to the request, or is out of order",
				(long long)seq);
	*last = seq;
	return 0;
}

static int check_entries(struct lib_judge *j, const struct lib_checkpoint *cp, size_t *count)
{
	struct json_object *all = lib_json_member(log_of(j), "Entries", json_type_array);
	struct lib_merkle hasher;
	s64 last = -1;
	size_t i;
	int ret = lib_merkle_init(&hasher) ? lib_fail(j->ctx, -ENOMEM, "not enough memory") : 0;

	*count = lib_json_length(log_of(j), "Entries");
	for (i = 0; !ret && i < *count; i++)
		ret = check_entry(j, &hasher, json_object_array_get_idx(all, i), cp) ?:
			take_entry(j, json_object_array_get_idx(all, i), &last);
	lib_merkle_free(&hasher);
	return ret;
}

/** lib_judge_log() - Return: the entries are the log's, and can be judged by what they say */
bool lib_judge_log(struct lib_judge *j)
{
	struct lib_checkpoint cp;
	char why[96];
	size_t count;
	int ret = check_checkpoint(j, &cp);

	if (ret)
		return lib_judge_result(j, "checkpoint", ret, "");
	lib_judge_say(j, "checkpoint", j->check->key ? LIBDMWARRANT_PASS : LIBDMWARRANT_UNKNOWN,
		      j->check->key ? "of a log of %llu entries, signed by the key that was given" :
		      "of a log of %llu entries, signed by the key that the certificate names itself",
		      (unsigned long long)cp.size);
	ret = check_entries(j, &cp, &count);
	snprintf(why, sizeof(why), "%zu entries are in the log of the checkpoint", count);
	return lib_judge_result(j, "log", ret, why);
}
