// SPDX-License-Identifier: GPL-2.0-or-later
/* The signature of an evidence seal: as ssh-keygen -Y makes and verifies them. */
#include "evidence_file.h"

struct sign {
	struct libdmwarrant	*ctx;
	const struct lib_signer	*signer;
};

static int sign_raw(void *arg, const void *data, size_t size, u8 signature[64])
{
	struct sign *s = arg;

	return lib_signer_sign(s->ctx, s->signer, data, size, signature);
}

/** lib_statement_sign() - sign with the installation key. @signature: free() it */
int lib_statement_sign(struct libdmwarrant *ctx, const struct lib_signer *signer,
		       const char *statement, char **signature)
{
	struct sign s = { .ctx = ctx, .signer = signer };
	struct lib_ssh_key key;

	lib_ssh_key_ed25519(&key, signer->public_key);
	return lib_sshsig_make(ctx, &key, LIBDMWARRANT_EVIDENCE_NAMESPACE, statement,
			       strlen(statement), sign_raw, &s, signature);
}

/* What the audit log's key is shown as has more lines: the same key in other forms. */
static const char *ssh_line(char *text)
{
	char *line = strstr(text, "\nssh-ed25519 ");

	if (!line)
		return text;
	line[1 + strcspn(line + 1, "\r\n")] = 0;
	return line + 1;
}

/**
 * lib_key_read() - a public key from a file, as OpenSSH or "warrantctl audit key" has it
 *
 * Return: 0; -EINVAL
 */
int lib_key_read(struct libdmwarrant *ctx, const char *path, struct lib_ssh_key *key)
{
	char *text;
	size_t size;
	int ret;

	ret = lib_read_file(ctx, path, LIB_SSHSIG_TEXT_MAX, &text, &size);
	if (ret)
		return ret;
	if (memchr(text, 0, size))
		ret = lib_fail(ctx, -EINVAL, "%s is not a public key of OpenSSH", path);
	else
		ret = lib_ssh_key_parse(ctx, path, ssh_line(text), key);
	free(text);
	return ret;
}

int lib_statement_verify(struct libdmwarrant *ctx, const struct lib_statement *s,
			 const char *text, size_t size, const char *signature,
			 const char *key_file, char print[LIB_SSH_PRINT_SIZE])
{
	struct lib_ssh_key key;
	int ret;

	/* Whoever names a key wants that one; what the statement says is then of no interest. */
	if (key_file)
		ret = lib_key_read(ctx, key_file, &key);
	else
		ret = lib_ssh_key_parse(ctx, "the key of the seal", s->key, &key) ? -EBADMSG : 0;
	if (ret)
		return ret;
	lib_ssh_key_print(&key, print);
	ret = lib_sshsig_verify(ctx, &key, LIBDMWARRANT_EVIDENCE_NAMESPACE, text, size, signature);
	if (!ret || ret == -ENOMEM)
		return ret;
	if (key_file && ret == -EKEYREJECTED)
		return lib_fail(ctx, ret,
				"the seal is not signed by the key in %s, or was changed since",
				key_file);
	return lib_fail(ctx, -EBADMSG,
			"the seal's signature is not one over it: one of them was changed");
}
