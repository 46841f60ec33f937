// SPDX-License-Identifier: GPL-2.0-or-later
/* XAES-256-GCM through dmw_xaes_derive() and the OpenSSL host: C2SP's published vectors. */
#include "common/test.h"

struct vector {
	u8		key;
	const char	*aad;
	const char	*sealed;
};

static const char nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";
static const char plain[] = "XAES-256-GCM";

static const struct vector vectors[] = {
	{ 1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271" },
	{ 3, "c2sp.org/XAES-256-GCM",
	  "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d" },
};

#define ITERATIONS	10000
#define ACCUMULATED	"e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
#define STREAM_SIZE	(ITERATIONS * (DMW_KEY_SIZE + DMW_NONCE_SIZE + 2 + 2 * 255))

static u8 keyset_bytes[sizeof(struct dmw_keyset_disk) + sizeof(struct dmw_key_disk)];
static struct libdmwarrant_keyset keyset = {
	.size = sizeof(keyset_bytes), .disk = (struct dmw_keyset_disk *)keyset_bytes,
};

static void set_key(struct dmw_host *h, const u8 *key)
{
	keyset.disk->count = cpu_to_le16(1);
	keyset.disk->keys[0].epoch = cpu_to_le32(1);
	memcpy(keyset.disk->keys[0].key, key, DMW_KEY_SIZE);
	lib_host_init(h, -1, &keyset);
}

static int crypt(struct dmw_host *h, bool seal, const u8 *n, const void *aad, u32 aad_len, u8 *data,
		 u32 len)
{
	struct dmw_key_id id = { .epoch = 1, .salt = n };

	return dmw_host_crypt(h, seal, &id, n + DMW_SALT_SIZE, aad, aad_len, data, len, data + len);
}

/* Is a changed MAC refused? */
static bool refuses_wrong(struct dmw_host *h, const u8 *n, const struct vector *v, u8 *data,
			  u32 len)
{
	crypt(h, true, n, v->aad, strlen(v->aad), data, len);
	data[len + 3] ^= 0x10;
	return crypt(h, false, n, v->aad, strlen(v->aad), data, len) == -EBADMSG;
}

static void check_vector(const struct vector *v, const char *name)
{
	u32 len = strlen(plain), aad_len = strlen(v->aad);
	u8 data[64], key[DMW_KEY_SIZE], n[DMW_NONCE_SIZE];
	struct dmw_host h;
	char hex[129];

	memset(key, v->key, sizeof(key));
	memcpy(n, nonce, sizeof(n));
	memcpy(data, plain, len);
	set_key(&h, key);
	crypt(&h, true, n, v->aad, aad_len, data, len);
	lib_hex(hex, data, len + DMW_MAC_SIZE);
	if (strcmp(hex, v->sealed))
		test_result(name, false, "got %s", hex);
	else if (crypt(&h, false, n, v->aad, aad_len, data, len) || memcmp(data, plain, len))
		test_result(name, false, "does not open again");
	else if (!refuses_wrong(&h, n, v, data, len))
		test_result(name, false, "a wrong MAC is accepted");
	else
		test_result(name, true, " ");
	lib_host_destroy(&h);
}

static void check_accumulated(void)
{
	u8 *stream = malloc(STREAM_SIZE), *p = stream, data[255 + DMW_MAC_SIZE], digest[32];
	EVP_MD_CTX *in = EVP_MD_CTX_new(), *out = EVP_MD_CTX_new();
	u8 len, aad_len, *n;
	struct dmw_host h;
	char hex[65];
	int i;

	EVP_DigestInit_ex(in, EVP_shake128(), NULL);
	EVP_DigestFinalXOF(in, stream, STREAM_SIZE);
	EVP_DigestInit_ex(out, EVP_shake128(), NULL);
	for (i = 0; i < ITERATIONS; i++) {
		set_key(&h, p);
		n = p + DMW_KEY_SIZE;
		p = n + DMW_NONCE_SIZE;
		len = *p++;
		memcpy(data, p, len);
		p += len;
		aad_len = *p++;
		crypt(&h, true, n, p, aad_len, data, len);
		p += aad_len;
		EVP_DigestUpdate(out, data, len + DMW_MAC_SIZE);
		lib_host_destroy(&h);
	}
	EVP_DigestFinalXOF(out, digest, sizeof(digest));
	lib_hex(hex, digest, sizeof(digest));
	test_result("xaes-accumulated", !strcmp(hex, ACCUMULATED), "got %s", hex);
	EVP_MD_CTX_free(in);
	EVP_MD_CTX_free(out);
	free(stream);
}

int main(void)
{
	check_vector(&vectors[0], "xaes-vector-1");
	check_vector(&vectors[1], "xaes-vector-2");
	check_accumulated();
	return !!test_failures;
}
