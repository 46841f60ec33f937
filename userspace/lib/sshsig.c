// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures of OpenSSH: PROTOCOL.sshsig, and PROTOCOL.u2f for security keys. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/sha.h>

#include "base64.h"
#include "ssh_key.h"

#define MAGIC	"SSHSIG"	/* without its NUL */
#define VERSION	1
#define BEGIN	"-----BEGIN SSH SIGNATURE-----"
#define END	"-----END SSH SIGNATURE-----"
#define COLUMNS	70

#define TOKEN_USER_PRESENT	0x01

#define SIGNED_MAX	512	/* bytes of what is really signed: names and a hash */
#define PURPOSE_MAX	128

/**
 * struct parts - a signature, taken apart; points into the decoded text
 * @key:       public key it says to be of
 * @purpose:   namespace
 * @hash:      of the text
 * @algorithm: of the signature
 * @value:     the signature itself
 * @flags:     of a security key
 * @counter:   likewise
 */
struct parts {
	struct lib_bytes	key;
	struct lib_bytes	purpose;
	struct lib_bytes	hash;
	struct lib_bytes	algorithm;
	struct lib_bytes	value;
	u8			flags;
	u32			counter;
};

static int not_a_signature(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -EINVAL,
			"this is no signature of OpenSSH; make one with: ssh-keygen -Y sign -n PURPOSE -f KEY FILE");
}

/* ---- reading ---- */

static bool skip(const char **at, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*at, text, n))
		return false;
	*at += n;
	return true;
}

/* The base64 between the two lines, its line breaks taken out. */
static ssize_t unarmour(const char *text, char *base64, size_t max)
{
	size_t n = 0;

	if (strnlen(text, LIB_SSHSIG_TEXT_MAX + 1) > LIB_SSHSIG_TEXT_MAX || !skip(&text, BEGIN))
		return -EINVAL;
	for (; *text && *text != '-'; text++) {
		if (*text == '\n' || *text == '\r')
			continue;
		if (n == max)
			return -EINVAL;
		base64[n++] = *text;
	}
	if (!skip(&text, END) || text[strspn(text, "\r\n")])
		return -EINVAL;
	return n;
}

static bool take_value(struct parts *s, struct lib_bytes b, bool token)
{
	struct lib_wire w = lib_wire(b.p, b.size);

	s->algorithm = lib_wire_string(&w);
	s->value = lib_wire_string(&w);
	if (token) {
		s->flags = lib_wire_u8(&w);
		s->counter = lib_wire_u32(&w);
	}
	return lib_wire_done(&w);
}

static int take_apart(const u8 *blob, size_t size, struct parts *s, struct lib_ssh_parts *k)
{
	struct lib_wire w = lib_wire(blob, size);
	struct lib_bytes value;
	u8 magic[sizeof(MAGIC) - 1];
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < sizeof(magic); i++)
		magic[i] = lib_wire_u8(&w);
	if (memcmp(magic, MAGIC, sizeof(magic)) || lib_wire_u32(&w) != VERSION)
		return -EINVAL;
	s->key = lib_wire_string(&w);
	s->purpose = lib_wire_string(&w);
	lib_wire_string(&w);	/* reserved: an implementation must ignore it, it is not signed */
	s->hash = lib_wire_string(&w);
	value = lib_wire_string(&w);
	if (!lib_wire_done(&w) || !s->purpose.size || s->purpose.size > PURPOSE_MAX ||
	    lib_ssh_key_take_apart(s->key.p, s->key.size, k) ||
	    !take_value(s, value, k->kind->token))
		return -EINVAL;
	return lib_bytes_are(s->hash, "sha256") || lib_bytes_are(s->hash, "sha512") ? 0 : -EINVAL;
}

/* ---- what is signed ---- */

static size_t signed_bytes(struct lib_bytes purpose, struct lib_bytes hash, const void *text,
			   size_t size, u8 out[SIGNED_MAX])
{
	struct lib_wire w = lib_wire(out, SIGNED_MAX);
	u8 digest[SHA512_DIGEST_LENGTH];
	size_t n = lib_bytes_are(hash, "sha256") ? SHA256_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;

	if (n == SHA256_DIGEST_LENGTH)
		SHA256(text, size, digest);
	else
		SHA512(text, size, digest);
	lib_wire_put(&w, MAGIC, sizeof(MAGIC) - 1);
	lib_wire_put_string(&w, purpose.p, purpose.size);
	lib_wire_put_string(&w, "", 0);
	lib_wire_put_string(&w, hash.p, hash.size);
	lib_wire_put_string(&w, digest, n);
	return w.wrong ? 0 : w.at - out;
}

/* A security key signs hashes only, with what it says of itself in between. */
static size_t token_bytes(const struct lib_ssh_parts *k, const struct parts *s, const u8 *text,
			  size_t size, u8 out[SIGNED_MAX])
{
	struct lib_wire w = lib_wire(out, SIGNED_MAX);
	u8 digest[SHA256_DIGEST_LENGTH];

	lib_wire_put(&w, SHA256(k->application.p, k->application.size, digest), sizeof(digest));
	lib_wire_put(&w, &s->flags, 1);
	lib_wire_put_u32(&w, s->counter);
	lib_wire_put(&w, SHA256(text, size, digest), sizeof(digest));
	return w.at - out;
}

/* ---- judging ---- */

/* OpenSSL wants the two numbers of an ECDSA signature as ASN.1. Return: OPENSSL_free() it; NULL */
static u8 *ecdsa_der(struct lib_bytes value, size_t point, int *size)
{
	struct lib_wire w = lib_wire(value.p, value.size);
	struct lib_bytes r = lib_wire_mpint(&w), s = lib_wire_mpint(&w);
	ECDSA_SIG *sig;
	u8 *der = NULL;

	if (!lib_wire_done(&w) || r.size > point || s.size > point)
		return NULL;
	sig = ECDSA_SIG_new();
	if (sig && ECDSA_SIG_set0(sig, BN_bin2bn(r.p, r.size, NULL), BN_bin2bn(s.p, s.size, NULL)))
		*size = i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	return der;
}

static bool verify_value(EVP_PKEY *key, const char *hash, const u8 *value, size_t value_size,
			 const u8 *text, size_t size)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = md && EVP_DigestVerifyInit_ex(md, NULL, hash, NULL, NULL, key, NULL) == 1 &&
		    EVP_DigestVerify(md, value, value_size, text, size) == 1;

	EVP_MD_CTX_free(md);
	return good;
}

static bool verify_rsa(EVP_PKEY *key, const struct parts *s, const u8 *text, size_t size)
{
	/* "ssh-rsa" as the name of a signature would mean SHA-1. */
	if (lib_bytes_are(s->algorithm, "rsa-sha2-256"))
		return verify_value(key, "SHA256", s->value.p, s->value.size, text, size);
	if (lib_bytes_are(s->algorithm, "rsa-sha2-512"))
		return verify_value(key, "SHA512", s->value.p, s->value.size, text, size);
	return false;
}

static bool verify_ec(EVP_PKEY *key, const struct lib_ssh_parts *k, const struct parts *s,
		      const u8 *text, size_t size)
{
	int n = 0;
	u8 *der = ecdsa_der(s->value, k->kind->point, &n);
	bool good = der && n > 0 && verify_value(key, k->kind->hash, der, n, text, size);

	OPENSSL_free(der);
	return good;
}

static bool verify(const struct lib_ssh_parts *k, const struct parts *s, const void *text,
		   size_t text_size)
{
	u8 bytes[SIGNED_MAX], token[SIGNED_MAX];
	size_t size = signed_bytes(s->purpose, s->hash, text, text_size, bytes);
	EVP_PKEY *key = lib_ssh_key_evp(k);
	const u8 *what = bytes;
	bool good = false;

	if (k->kind->token) {
		size = token_bytes(k, s, bytes, size, token);
		what = token;
	}
	if (!key || !size)
		good = false;
	else if (!k->kind->point)
		good = verify_rsa(key, s, what, size);
	else if (!lib_bytes_are(s->algorithm, k->kind->type))
		good = false;
	else if (k->kind->group)
		good = verify_ec(key, k, s, what, size);
	else
		good = verify_value(key, NULL, s->value.p, s->value.size, what, size);
	EVP_PKEY_free(key);
	return good;
}

int lib_sshsig_verify(struct libdmwarrant *ctx, const struct lib_ssh_key *key, const char *purpose,
		      const void *text, size_t size, const char *signature)
{
	char base64[LIB_SSHSIG_TEXT_MAX];
	u8 blob[2 * LIB_SSH_BLOB_MAX];
	struct lib_ssh_parts k;
	struct parts s;
	ssize_t n = unarmour(signature, base64, sizeof(base64));

	if (n >= 0)
		n = lib_unbase64(blob, sizeof(blob), base64, n);
	if (n < 0 || take_apart(blob, n, &s, &k))
		return not_a_signature(ctx);
	if (s.key.size != key->size || memcmp(s.key.p, key->blob, key->size))
		return lib_fail(ctx, -EKEYREJECTED, "the signature was made with another key");
	if (!lib_bytes_are(s.purpose, purpose))
		return lib_fail(ctx, -EKEYREJECTED,
				"the signature was made for another purpose; sign with -n %s",
				purpose);
	if (k.kind->token && !(s.flags & TOKEN_USER_PRESENT))
		return lib_fail(ctx, -EKEYREJECTED,
				"the security key has signed without anybody touching it; make a key without the option no-touch-required");
	if (!verify(&k, &s, text, size))
		return lib_fail(ctx, -EKEYREJECTED,
				"the signature does not fit the text: it is one over something else");
	return 0;
}

/* ---- signing ---- */

static char *armour(const u8 *blob, size_t size)
{
	size_t n = 4 * DIV_ROUND_UP(size, 3), lines = DIV_ROUND_UP(n, COLUMNS), i;
	char *base64 = malloc(n + 1), *text = malloc(n + lines + sizeof(BEGIN) + sizeof(END) + 2);
	char *to = text;

	if (base64 && text) {
		lib_base64(base64, blob, size);
		to += sprintf(to, BEGIN "\n");
		for (i = 0; i < n; i += COLUMNS)
			to += sprintf(to, "%.*s\n", COLUMNS, base64 + i);
		sprintf(to, END "\n");
	} else {
		free(text);
		text = NULL;
	}
	free(base64);
	return text;
}

int lib_sshsig_make(struct libdmwarrant *ctx, const struct lib_ssh_key *key, const char *purpose,
		    const void *text, size_t size, lib_sign_fn sign, void *arg, char **signature)
{
	const struct lib_bytes hash = { (const u8 *)"sha512", 6 };
	const struct lib_bytes name = { (const u8 *)purpose, strlen(purpose) };
	u8 bytes[SIGNED_MAX], value[64], inner[128] = { 0 }, blob[LIB_SSH_BLOB_MAX + SIGNED_MAX];
	struct lib_wire in = lib_wire(inner, sizeof(inner)), w = lib_wire(blob, sizeof(blob));
	int ret = sign(arg, bytes, signed_bytes(name, hash, text, size, bytes), value);

	if (ret)
		return ret;
	lib_wire_put_string(&in, key->type, strlen(key->type));
	lib_wire_put_string(&in, value, sizeof(value));
	lib_wire_put(&w, MAGIC, sizeof(MAGIC) - 1);
	lib_wire_put_u32(&w, VERSION);
	lib_wire_put_string(&w, key->blob, key->size);
	lib_wire_put_string(&w, name.p, name.size);
	lib_wire_put_string(&w, "", 0);
	lib_wire_put_string(&w, hash.p, hash.size);
	lib_wire_put_string(&w, inner, in.at - inner);
	*signature = armour(blob, w.at - blob);
	return *signature ? 0 : lib_fail(ctx, -ENOMEM, "not enough memory for a signature");
}
