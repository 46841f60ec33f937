// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit log as others hand it over: signed notes, verifier keys, proofs, exported entries. The
 * first byte says which. What is taken says just what was written; nothing is proven by chance.
 */
#include "base64.h"
#include "audit_copy.h"
#include "fuzz.h"
#include "json.h"

static const char known_key[] =
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

static struct libdmwarrant *ctx;

/* ---- what the registry and OpenSSL would do: never reached from here ---- */

int lib_registry_begin(struct libdmwarrant_registry *r, bool write) { fail("a registry"); }
int lib_registry_end(struct libdmwarrant_registry *r, int ret) { fail("a registry"); }
int lib_row_number(void *arg, const struct lib_value *row) { fail("a registry"); }
int lib_audit_sign(struct libdmwarrant_registry *r) { fail("a registry"); }
int lib_audit_append(struct libdmwarrant_registry *r, const char *kind, struct json_object *body,
		     u64 *seq) { fail("a registry"); }
const char *lib_time_format(s64 seconds, char text[32]) { fail("a time"); }
int lib_audit_bundle_read(struct libdmwarrant *c, const char *dir, struct lib_audit_copy *copy)
{
	fail("a file");
}

void dmw_memzero_secret(void *p, size_t n)
{
	memset(p, 0, n);
}

int lib_audit_stamp_check(struct libdmwarrant *c, const void *der, size_t bytes,
			  const void *data, size_t size, const char *ca, s64 *when)
{
	return -EBADMSG;
}

/* ---- judging ---- */

static void one_note(const char *text, size_t size)
{
	char again[LIB_NOTE_NAME_SIZE + 128], root[64];
	struct lib_checkpoint cp;
	struct lib_verifier v;
	u64 when;
	int n;

	if (lib_checkpoint_parse(ctx, text, size, &cp))
		return;
	lib_base64(root, cp.root, sizeof(cp.root));
	n = snprintf(again, sizeof(again), "%s\n%llu\n%s\n", cp.origin,
		     (unsigned long long)cp.size, root);
	if (n != (int)cp.text_size || memcmp(again, text, n))
		fail("a note that says something else: %s", again);
	if (cp.signatures + cp.signatures_size != text + size ||
	    lib_audit_own_note(&cp) > size || text[lib_audit_own_note(&cp) - 1] != '\n')
		fail("signatures that are not within the note");
	lib_verifier_parse(ctx, known_key, &v);
	if (!lib_checkpoint_check(&cp, &v, &when))
		fail("a signature of a key that nobody has");
	v.type = LIB_NOTE_COSIGNATURE;
	if (!lib_checkpoint_check(&cp, &v, &when))
		fail("a cosignature of a key that nobody has");
}

static void one_key(const char *text)
{
	char again[LIB_VERIFIER_SIZE];
	struct lib_verifier v;

	if (lib_verifier_parse(ctx, text, &v))
		return;
	lib_verifier_format(&v, again);
	if (strcmp(again, text))
		fail("key %s is %s", text, again);
}

static void one_proof(const char *text, size_t size)
{
	struct json_object *o, *entry;

	if (lib_json_parse(ctx, "proof", text, size, size, &o))
		return;
	if (!lib_audit_proof_check(ctx, o, known_key, &entry))
		fail("a proof under a key that nobody has");
	json_object_put(o);
}

static void check_copy(struct lib_audit_copy *c, const char *note)
{
	struct libdmwarrant_audit_state state = { .version = LIBDMWARRANT_AUDIT_VERSION };
	struct libdmwarrant_audit_trust trust = {
		.version = LIBDMWARRANT_AUDIT_VERSION, .key = known_key
	};

	if (!lib_audit_copy_note(c, strdup(note)) && !lib_audit_copy_verify(c, &trust, &state))
		fail("a log under a key that nobody has");
}

/* Lines of entries, and below an empty line the checkpoint. */
static void one_bundle(char *text)
{
	struct lib_audit_copy c;
	char *end;
	int ret = lib_audit_copy_init(ctx, &c);

	for (; !ret && *text && *text != '\n'; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			break;
		*end = 0;
		ret = lib_audit_copy_entry(&c, text);
	}
	if (!ret && *text == '\n')
		check_copy(&c, text + 1);
	lib_audit_copy_free(&c);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text;

	if (!size || (!ctx && libdmwarrant_new(&ctx)))
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	switch (*data) {
	case 'n':
		one_note(text, size - 1);
		break;
	case 'k':
		one_key(text);
		break;
	case 'p':
		one_proof(text, size - 1);
		break;
	case 'b':
		one_bundle(text);
		break;
	}
	free(text);
	return 0;
}
