// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: signature verify KEY.pub PURPOSE TEXT SIGNATURE
 *        signature make PURPOSE TEXT KEY.pub                     the signature goes to stdout
 *        signature token ed25519|ecdsa FLAGS TEXT KEY.pub SIGNATURE
 *        signature bytes KEY.pub PURPOSE TEXT SIGNATURE          each byte of it wrong, in turn
 *        signature parts
 *
 * make and token make a key of their own, and write KEY.pub. token is a security key made of
 * OpenSSL: no hardware is needed to see that its signatures are judged as they must be.
 * Exit codes: 0; 1 refused, with the error on stderr; 2 a fault of ours.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/sha.h>

#include "base64.h"
#include "ssh_wire.h"
#include "sshsig.h"

#define TEXT_MAX	65536

static struct libdmwarrant *ctx;

static void fail(const char *what)
{
	fprintf(stderr, "signature: %s\n", what);
	exit(2);
}

static size_t read_file(const char *path, char *buf)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, TEXT_MAX - 1, f) : 0;

	if (!f)
		fail(path);
	fclose(f);
	buf[n] = 0;
	return n;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		fail(path);
}

static void write_key(const char *path, const struct lib_ssh_key *key)
{
	char *line = lib_ssh_key_line(key);

	write_file(path, line);
	free(line);
}

/* ---- verify ---- */

static int verify(char **argv)
{
	static char key_text[TEXT_MAX], text[TEXT_MAX], signature[TEXT_MAX];
	struct lib_ssh_key key;
	size_t size;

	read_file(argv[0], key_text);
	size = read_file(argv[2], text);
	read_file(argv[3], signature);
	return lib_ssh_key_parse(ctx, "the key", key_text, &key) ?:
		lib_sshsig_verify(ctx, &key, argv[1], text, size, signature);
}

static int bytes(char **argv)
{
	static char key_text[TEXT_MAX], text[TEXT_MAX], signature[TEXT_MAX], was;
	struct lib_ssh_key key;
	size_t size, n, i, taken = 0;

	read_file(argv[0], key_text);
	size = read_file(argv[2], text);
	n = read_file(argv[3], signature);
	if (lib_ssh_key_parse(ctx, "the key", key_text, &key))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		was = signature[i];
		signature[i] = was == 'A' ? 'B' : 'A';
		if (!lib_sshsig_verify(ctx, &key, argv[1], text, size, signature))
			taken++;
		signature[i] = was;
	}
	printf("%zu\n", taken);
	return lib_sshsig_verify(ctx, &key, argv[1], text, size, signature);
}

/* ---- make ---- */

static void ed25519_sign(EVP_PKEY *key, const void *data, size_t size, u8 signature[64])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t n = 64;

	if (EVP_DigestSignInit(md, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(md, signature, &n, data, size) != 1)
		fail("cannot sign");
	EVP_MD_CTX_free(md);
}

static int sign(void *arg, const void *data, size_t size, u8 signature[64])
{
	ed25519_sign(arg, data, size, signature);
	return 0;
}

static int make(char **argv)
{
	static char text[TEXT_MAX];
	EVP_PKEY *evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct lib_ssh_key key;
	size_t size = read_file(argv[1], text), n = 32;
	u8 public_key[32];
	char *signature;

	EVP_PKEY_get_raw_public_key(evp, public_key, &n);
	lib_ssh_key_ed25519(&key, public_key);
	write_key(argv[2], &key);
	if (lib_sshsig_make(ctx, &key, argv[0], text, size, sign, evp, &signature))
		fail("no signature was made");
	fputs(signature, stdout);
	free(signature);
	EVP_PKEY_free(evp);
	return 0;
}

/* ---- token ---- */

static void put_text(struct lib_wire *w, const char *text)
{
	lib_wire_put_string(w, text, strlen(text));
}

static void put_mpint(struct lib_wire *w, const BIGNUM *n)
{
	u8 b[80] = { 0 };
	int size = BN_bn2bin(n, b + 1);
	bool sign = b[1] & 0x80;

	lib_wire_put_string(w, sign ? b : b + 1, size + sign);
}

static void token_key(EVP_PKEY *evp, bool ec, struct lib_ssh_key *key)
{
	struct lib_wire w = lib_wire(key->blob, sizeof(key->blob));
	u8 point[80];
	size_t n = sizeof(point);

	lib_copy(key->type, sizeof(key->type),
		 ec ? "sk-ecdsa-sha2-nistp256@openssh.com" : "sk-ssh-ed25519@openssh.com");
	put_text(&w, key->type);
	if (ec) {
		put_text(&w, "nistp256");
		EVP_PKEY_get_octet_string_param(evp, OSSL_PKEY_PARAM_PUB_KEY, point,
						sizeof(point), &n);
	} else {
		EVP_PKEY_get_raw_public_key(evp, point, &n);
	}
	lib_wire_put_string(&w, point, n);
	put_text(&w, "ssh:");
	key->size = w.at - key->blob;
}

static size_t ec_sign(EVP_PKEY *evp, const void *data, size_t size, u8 *out, size_t max)
{
	struct lib_wire w = lib_wire(out, max);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	u8 der[128];
	const u8 *p = der;
	size_t n = sizeof(der);
	ECDSA_SIG *s;

	if (EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, evp, NULL) != 1 ||
	    EVP_DigestSign(md, der, &n, data, size) != 1)
		fail("cannot sign");
	s = d2i_ECDSA_SIG(NULL, &p, n);
	put_mpint(&w, ECDSA_SIG_get0_r(s));
	put_mpint(&w, ECDSA_SIG_get0_s(s));
	ECDSA_SIG_free(s);
	EVP_MD_CTX_free(md);
	return w.at - out;
}

/* PROTOCOL.sshsig, and then PROTOCOL.u2f, written down once more. */
static size_t token_data(const char *text, size_t size, u8 flags, u8 *out, size_t max)
{
	u8 digest[64], inner[512];
	struct lib_wire in = lib_wire(inner, sizeof(inner)), w = lib_wire(out, max);

	lib_wire_put(&in, "SSHSIG", 6);
	put_text(&in, "dm-warrant-request");
	put_text(&in, "");
	put_text(&in, "sha512");
	lib_wire_put_string(&in, SHA512((const u8 *)text, size, digest), 64);
	lib_wire_put(&w, SHA256((const u8 *)"ssh:", 4, digest), 32);
	lib_wire_put(&w, &flags, 1);
	lib_wire_put_u32(&w, 7);
	lib_wire_put(&w, SHA256(inner, in.at - inner, digest), 32);
	return w.at - out;
}

static void write_armoured(const char *path, const u8 *blob, size_t size)
{
	char *base64 = malloc(4 * size), *text;

	EVP_EncodeBlock((u8 *)base64, blob, size);
	if (asprintf(&text, "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n",
		     base64) < 0)
		fail("memory");
	write_file(path, text);
	free(base64);
	free(text);
}

static int token(char **argv)
{
	static char text[TEXT_MAX];
	bool ec = !strcmp(argv[0], "ecdsa");
	EVP_PKEY *evp = ec ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256") :
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	u8 flags = atoi(argv[1]), data[512], value[256], inner[512], blob[2048];
	struct lib_wire in = lib_wire(inner, sizeof(inner)), w = lib_wire(blob, sizeof(blob));
	size_t size = token_data(text, read_file(argv[2], text), flags, data, sizeof(data)), n = 64;
	struct lib_ssh_key key;

	token_key(evp, ec, &key);
	write_key(argv[3], &key);
	if (ec)
		n = ec_sign(evp, data, size, value, sizeof(value));
	else
		ed25519_sign(evp, data, size, value);
	put_text(&in, key.type);
	lib_wire_put_string(&in, value, n);
	lib_wire_put(&in, &flags, 1);
	lib_wire_put_u32(&in, 7);
	lib_wire_put(&w, "SSHSIG", 6);
	lib_wire_put_u32(&w, 1);
	lib_wire_put_string(&w, key.blob, key.size);
	put_text(&w, "dm-warrant-request");
	put_text(&w, "");
	put_text(&w, "sha512");
	lib_wire_put_string(&w, inner, in.at - inner);
	write_armoured(argv[4], blob, w.at - blob);
	EVP_PKEY_free(evp);
	return 0;
}

/* ---- parts ---- */

static int expect_base64(const char *text, ssize_t want)
{
	u8 buf[8];
	ssize_t n = lib_unbase64(buf, sizeof(buf), text, strlen(text));

	if (n == want)
		return 0;
	fprintf(stderr, "base64 \"%s\": %zd, expected %zd\n", text, n, want);
	return -EINVAL;
}

static int expect_mpint(const char *bytes, size_t size, ssize_t want)
{
	u8 buf[16] = { 0, 0, 0, size };
	struct lib_wire w = lib_wire(buf, 4 + size);
	struct lib_bytes b;

	memcpy(buf + 4, bytes, size);
	b = lib_wire_mpint(&w);
	if (lib_wire_done(&w) ? (ssize_t)b.size == want : want < 0)
		return 0;
	fprintf(stderr, "mpint of %zu bytes: %zu, expected %zd\n", size, b.size, want);
	return -EINVAL;
}

static int parts(void)
{
	return expect_base64("", 0) ?: expect_base64("QQ==", 1) ?: expect_base64("QUI=", 2) ?:
		expect_base64("QUJD", 3) ?: expect_base64("QR==", -EINVAL) ?:
		expect_base64("QUJ=", -EINVAL) ?: expect_base64("QQ=", -EINVAL) ?:
		expect_base64("Q===", -EINVAL) ?: expect_base64("QQ =", -EINVAL) ?:
		expect_base64("QUJDQUJDQUJD", -E2BIG) ?:
		expect_mpint("", 0, 0) ?: expect_mpint("\x7f", 1, 1) ?:
		expect_mpint("\0\x80", 2, 1) ?: expect_mpint("\x80", 1, -1) ?:
		expect_mpint("\0", 1, -1) ?:
		expect_mpint("\0\x7f", 2, -1) ?: expect_mpint("\0\0\x80", 3, -1);
}

int main(int argc, char **argv)
{
	int ret = -EINVAL;

	if (argc < 2 || libdmwarrant_new(&ctx))
		fail("usage");
	if (!strcmp(argv[1], "verify") && argc == 6)
		ret = verify(argv + 2);
	else if (!strcmp(argv[1], "bytes") && argc == 6)
		ret = bytes(argv + 2);
	else if (!strcmp(argv[1], "make") && argc == 5)
		ret = make(argv + 2);
	else if (!strcmp(argv[1], "token") && argc == 7)
		ret = token(argv + 2);
	else if (!strcmp(argv[1], "parts"))
		ret = parts();
	else
		fail("usage");
	if (ret)
		fprintf(stderr, "%d %s\n", -ret, libdmwarrant_error(ctx));
	libdmwarrant_free(ctx);
	return !!ret;
}
