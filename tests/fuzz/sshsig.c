// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Public keys and signatures of OpenSSH, as officers hand them in: as text, and as bytes, so that
 * the fuzzer need not find out about base64 first.
 */
#include <openssl/evp.h>

#include "fuzz.h"
#include "ssh_wire.h"
#include "sshsig.h"

static struct libdmwarrant *ctx;

/* One line that any terminal may be given. */
static void check_error(int ret, bool verified)
{
	const char *e = libdmwarrant_error(ctx);
	size_t i;

	if (ret != -EINVAL && !(verified && ret == -EKEYREJECTED))
		fail("judged with %d", ret);
	if (!*e)
		fail("%d without an error", ret);
	for (i = 0; e[i]; i++)
		if ((u8)e[i] < ' ' || (u8)e[i] > '~')
			fail("an error with byte %02x: %s", (u8)e[i], e);
}

/* A key has one text, and its text is that key. */
static bool take_key(const char *text, struct lib_ssh_key *key)
{
	struct lib_ssh_key again;
	char print[LIB_SSH_PRINT_SIZE], *line;
	int ret = lib_ssh_key_parse(ctx, "it", text, key);

	if (ret) {
		check_error(ret, false);
		return false;
	}
	line = lib_ssh_key_line(key);
	if (lib_ssh_key_parse(ctx, "it", line, &again) || again.size != key->size ||
	    memcmp(again.blob, key->blob, key->size) || strcmp(again.type, key->type))
		fail("%s is another key", line);
	if (strncmp(line, text, strlen(line)) && !strchr(text, '\t') && !strstr(text, "  "))
		fail("%s has another text", line);
	lib_ssh_key_print(key, print);
	if (strlen(print) != LIB_SSH_PRINT_SIZE - 1)
		fail("fingerprint %s", print);
	free(line);
	return true;
}

static void judge(const struct lib_ssh_key *key, const char *signature)
{
	int ret = lib_sshsig_verify(ctx, key, "dm-warrant-request", "text", 4, signature);

	if (ret)
		check_error(ret, true);
	else if (!lib_sshsig_verify(ctx, key, "dm-warrant-request", "Text", 4, signature))
		fail("one signature for two texts");
}

static char *base64(const u8 *data, size_t size, const char *before, const char *after)
{
	size_t n = strlen(before);
	char *text = malloc(n + 4 * (size / 3 + 1) + 1 + strlen(after) + 1);

	memcpy(text, before, n + 1);
	n += EVP_EncodeBlock((u8 *)text + n, data, size);
	strcpy(text + n, after);
	return text;
}

/* Bytes of a key, whose kind is the first string in them. */
static bool take_blob(const u8 *data, size_t size, struct lib_ssh_key *key)
{
	struct lib_wire w = lib_wire(data, size);
	struct lib_bytes type = lib_wire_string(&w);
	char before[LIB_SSH_TYPE_SIZE + 1], *line;
	bool taken;

	if (type.size >= LIB_SSH_TYPE_SIZE || size > 2 * LIB_SSH_BLOB_MAX)
		return false;
	snprintf(before, sizeof(before), "%.*s ", (int)type.size, (const char *)type.p);
	line = base64(data, size, before, " comment\n");
	taken = take_key(line, key);
	free(line);
	return taken;
}

/* Text: a key, a NUL, a signature. Bytes: two for the size of the key, the key, the signature. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct lib_ssh_key key;
	struct input in = { data, size };
	char *text, *signature;
	size_t n;

	if (!ctx && libdmwarrant_new(&ctx))
		fail("no context");
	if (take(&in, 1) & 1) {
		text = calloc(1, in.left + 2);
		memcpy(text, in.data, in.left);
		signature = text + strlen(text) + (strlen(text) < in.left);
		if (take_key(text, &key))
			judge(&key, signature);
		free(text);
		return 0;
	}
	n = take(&in, 2);
	n = min_t(size_t, n, in.left);
	if (take_blob(in.data, n, &key)) {
		signature = base64(in.data + n, in.left - n, "-----BEGIN SSH SIGNATURE-----\n",
				   "\n-----END SSH SIGNATURE-----\n");
		judge(&key, signature);
		free(signature);
	}
	return 0;
}
