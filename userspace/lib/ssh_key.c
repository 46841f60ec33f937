// SPDX-License-Identifier: GPL-2.0-or-later
/* Public keys of OpenSSH: from text, to text, and to OpenSSL. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "base64.h"
#include "json.h"
#include "ssh_key.h"

#define RSA_MIN	3072	/* bits: what BSI and CCN still allow */
#define RSA_MAX	16384

static const struct lib_ssh_kind kinds[] = {
	{ .type = "ssh-ed25519", .point = 32 },
	{ .type = "ssh-rsa" },
	{ .type = "ecdsa-sha2-nistp256", .group = "P-256", .curve = "nistp256",
	  .hash = "SHA256", .point = 32 },
	{ .type = "ecdsa-sha2-nistp384", .group = "P-384", .curve = "nistp384",
	  .hash = "SHA384", .point = 48 },
	{ .type = "ecdsa-sha2-nistp521", .group = "P-521", .curve = "nistp521",
	  .hash = "SHA512", .point = 66 },
	{ .type = "sk-ssh-ed25519@openssh.com", .point = 32, .token = true },
	{ .type = "sk-ecdsa-sha2-nistp256@openssh.com", .group = "P-256", .curve = "nistp256",
	  .hash = "SHA256", .point = 32, .token = true },
};

static const struct lib_ssh_kind *find_kind(struct lib_bytes type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (lib_bytes_are(type, kinds[i].type))
			return &kinds[i];
	return NULL;
}

/* ---- from bytes ---- */

static size_t bits_of(struct lib_bytes b)
{
	return b.size ? 8 * b.size - (__builtin_clz(b.p[0]) - 24) : 0;
}

static bool take_rsa(struct lib_wire *w, struct lib_ssh_parts *k)
{
	k->e = lib_wire_mpint(w);
	k->n = lib_wire_mpint(w);
	return k->e.size && k->e.size <= 8 && bits_of(k->n) >= RSA_MIN && bits_of(k->n) <= RSA_MAX;
}

static bool take_point(struct lib_wire *w, struct lib_ssh_parts *k)
{
	if (k->kind->curve && !lib_bytes_are(lib_wire_string(w), k->kind->curve))
		return false;
	k->point = lib_wire_string(w);
	/* A point of a NIST curve is written whole: 4, x, y. */
	if (k->kind->curve)
		return k->point.size == 1 + 2 * k->kind->point && k->point.p[0] == 4;
	return k->point.size == k->kind->point;
}

/**
 * lib_ssh_key_take_apart() - Return: 0; -EINVAL not one that is taken
 */
int lib_ssh_key_take_apart(const u8 *blob, size_t size, struct lib_ssh_parts *k)
{
	struct lib_wire w = lib_wire(blob, size);
	bool good;

	memset(k, 0, sizeof(*k));
	k->kind = find_kind(lib_wire_string(&w));
	if (!k->kind)
		return -EINVAL;
	good = k->kind->point ? take_point(&w, k) : take_rsa(&w, k);
	if (good && k->kind->token) {
		k->application = lib_wire_string(&w);
		good = k->application.size;
	}
	return good && lib_wire_done(&w) ? 0 : -EINVAL;
}

/* ---- to OpenSSL ---- */

static EVP_PKEY *from_params(const char *algorithm, OSSL_PARAM_BLD *b)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *evp_rsa(const struct lib_ssh_parts *k)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(k->n.p, k->n.size, NULL), *e = BN_bin2bn(k->e.p, k->e.size, NULL);
	EVP_PKEY *key = NULL;

	if (b && n && e && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e))
		key = from_params("RSA", b);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *evp_ec(const struct lib_ssh_parts *k)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (b &&
	    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, k->kind->group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, k->point.p, k->point.size))
		key = from_params("EC", b);
	OSSL_PARAM_BLD_free(b);
	return key;
}

/** lib_ssh_key_evp() - Return: EVP_PKEY_free() it; NULL = OpenSSL does not take it */
EVP_PKEY *lib_ssh_key_evp(const struct lib_ssh_parts *k)
{
	if (!k->kind->point)
		return evp_rsa(k);
	if (k->kind->group)
		return evp_ec(k);
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->point.p, k->point.size);
}

/* ---- text ---- */

static int not_a_key(struct libdmwarrant *ctx, const char *what, const char *why)
{
	return lib_fail(ctx, -EINVAL,
			"%s is no public key that can be used: %s; give the one line of a file such as id_ed25519.pub",
			what, why);
}

/* Judge what was decoded. */
static int check(struct libdmwarrant *ctx, const char *what, struct lib_bytes type,
		 const struct lib_ssh_key *key)
{
	struct lib_ssh_parts k;
	EVP_PKEY *evp;

	if (lib_ssh_key_take_apart(key->blob, key->size, &k))
		return not_a_key(ctx, what,
				 "it is damaged, of a kind that is not supported, or an RSA key of less than 3072 bits");
	if (!lib_bytes_are(type, k.kind->type))
		return not_a_key(ctx, what, "it says to be of another kind than it is");
	evp = lib_ssh_key_evp(&k);
	if (!evp)
		return not_a_key(ctx, what, "its numbers are not those of a key");
	EVP_PKEY_free(evp);
	return 0;
}

int lib_ssh_key_parse(struct libdmwarrant *ctx, const char *what, const char *text,
		      struct lib_ssh_key *key)
{
	size_t line = strcspn(text, "\r\n"), type = strcspn(text, " \t\r\n"), at, n;
	ssize_t size;

	if (text[line + strspn(text + line, "\r\n")])
		return not_a_key(ctx, what, "there is more than one line");
	if (!find_kind((struct lib_bytes){ (const u8 *)text, type }))
		return not_a_key(ctx, what, "it begins with no kind of key that is supported");
	at = type + strspn(text + type, " \t");
	n = strcspn(text + at, " \t\r\n");
	size = lib_unbase64(key->blob, sizeof(key->blob), text + at, n);
	if (size < 0)
		return not_a_key(ctx, what, "what follows its kind is not base64, or too long");
	key->size = size;
	memcpy(key->type, text, type);
	key->type[type] = 0;
	return check(ctx, what, (struct lib_bytes){ (const u8 *)text, type }, key);
}

char *lib_ssh_key_line(const struct lib_ssh_key *key)
{
	size_t type = strlen(key->type);
	char *line = malloc(type + 1 + 4 * DIV_ROUND_UP(key->size, 3) + 1);

	if (line) {
		memcpy(line, key->type, type);
		line[type] = ' ';
		lib_base64(line + type + 1, key->blob, key->size);
	}
	return line;
}

void lib_ssh_key_print(const struct lib_ssh_key *key, char print[LIB_SSH_PRINT_SIZE])
{
	u8 hash[SHA256_DIGEST_LENGTH];
	char base64[48];

	SHA256(key->blob, key->size, hash);
	lib_base64(base64, hash, sizeof(hash));
	snprintf(print, LIB_SSH_PRINT_SIZE, "SHA256:%.43s", base64);
}

void lib_ssh_key_ed25519(struct lib_ssh_key *key, const u8 public_key[32])
{
	struct lib_wire w = lib_wire(key->blob, sizeof(key->blob));

	lib_copy(key->type, sizeof(key->type), "ssh-ed25519");
	lib_wire_put_string(&w, key->type, strlen(key->type));
	lib_wire_put_string(&w, public_key, 32);
	key->size = w.at - key->blob;
}
