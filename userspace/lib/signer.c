// SPDX-License-Identifier: GPL-2.0-or-later
/* The signing key of a registry: its file, and signatures. */
#include <fcntl.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "base64.h"
#include "note.h"

#define KEY_FILE_MAX	4096

/* Return: free() it; NULL = no memory, with the error set. */
static char *key_path(struct libdmwarrant_registry *r)
{
	char *path;

	if (asprintf(&path, "%s.key", r->place) >= 0)
		return path;
	lib_fail(r->ctx, -ENOMEM, "not enough memory");
	return NULL;
}

static int fail_openssl(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -ENOMEM, "OpenSSL cannot make or use an Ed25519 key");
}

/* ---- making ---- */

static int write_pem(const char *path, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	int ret = -ENOMEM;
	long size;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
		size = BIO_get_mem_data(bio, &text);
		ret = lib_write_once(path, 0600, text, size);
		OPENSSL_cleanse(text, size);
	}
	BIO_free(bio);
	return ret;
}

int lib_signer_create(struct libdmwarrant_registry *r)
{
	char *path = key_path(r);
	EVP_PKEY *key;
	int ret;

	if (!path)
		return -ENOMEM;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	ret = key ? write_pem(path, key) : -ENOMEM;
	EVP_PKEY_free(key);
	if (ret == -EEXIST)
		ret = 0;
	else if (ret)
		ret = lib_fail(r->ctx, ret, "cannot make the signing key %s: %s", path,
			       strerror(-ret));
	free(path);
	return ret;
}

/* ---- reading ---- */

static int check_file(struct libdmwarrant *ctx, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return lib_fail(ctx, -errno, "cannot use the signing key %s: %s", path,
				strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_MAX)
		return lib_fail(ctx, -EKEYREJECTED,
				"%s is no file with a signing key; put the right one back", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return lib_fail(ctx, -EACCES,
				"the signing key %s belongs to user %u; it must be yours or root's: chown it once you know why",
				path, st.st_uid);
	if (st.st_mode & 0077)
		return lib_fail(ctx, -EACCES,
				"the signing key %s can be read or changed by others (mode %04o); chmod 600 it, and find out who has",
				path, st.st_mode & 07777);
	return 0;
}

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static int parse(struct libdmwarrant *ctx, const char *path, const char *text, size_t size,
		 struct lib_signer *s)
{
	BIO *bio = BIO_new_mem_buf(text, size);
	size_t n = sizeof(s->public_key);

	s->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	if (s->key && EVP_PKEY_is_a(s->key, "ED25519") &&
	    EVP_PKEY_get_raw_public_key(s->key, s->public_key, &n))
		return 0;
	return lib_fail(ctx, -EKEYREJECTED,
			"%s is no Ed25519 key in PEM; put the right one back", path);
}

static int read_key(struct libdmwarrant *ctx, const char *path, int fd, struct lib_signer *s)
{
	char *text = lib_secret_alloc(KEY_FILE_MAX);
	ssize_t n;
	int ret;

	if (!text)
		return lib_fail(ctx, -ENOMEM, "not enough locked memory for the signing key");
	n = read(fd, text, KEY_FILE_MAX);
	if (n < 0)
		ret = lib_fail(ctx, -errno, "cannot read the signing key %s: %s", path,
			       strerror(errno));
	else
		ret = parse(ctx, path, text, n, s);
	lib_secret_free(text, KEY_FILE_MAX);
	return ret;
}

int lib_signer_open(struct libdmwarrant_registry *r, struct lib_signer *s)
{
	char *path = key_path(r);
	int fd, ret;

	memset(s, 0, sizeof(*s));
	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		ret = lib_fail(r->ctx, -ENOKEY,
			       "the signing key %s is missing, so nothing was changed; put it back from a backup",
			       path);
	else if (fd < 0)
		ret = lib_fail(r->ctx, -EACCES, "cannot open the signing key %s: %s", path,
			       strerror(errno));
	else
		ret = check_file(r->ctx, path, fd) ?: read_key(r->ctx, path, fd, s);
	if (fd >= 0)
		close(fd);
	free(path);
	if (ret)
		lib_signer_close(s);
	return ret;
}

void lib_signer_close(struct lib_signer *s)
{
	/* OpenSSL wipes the private key as it frees it. */
	EVP_PKEY_free(s->key);
	memset(s, 0, sizeof(*s));
}

/* ---- signatures ---- */

int lib_signer_sign(struct libdmwarrant *ctx, const struct lib_signer *s, const void *data,
		    size_t size, u8 signature[LIB_SIGNATURE_SIZE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t n = LIB_SIGNATURE_SIZE;
	bool done;

	done = md && EVP_DigestSignInit(md, NULL, NULL, NULL, s->key) &&
	       EVP_DigestSign(md, signature, &n, data, size);
	EVP_MD_CTX_free(md);
	return done ? 0 : fail_openssl(ctx);
}

int lib_signature_check(const u8 public_key[LIB_KEY_SIZE], const void *data, size_t size,
			const u8 signature[LIB_SIGNATURE_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key,
						    LIB_KEY_SIZE);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool right;

	right = key && md && EVP_DigestVerifyInit(md, NULL, NULL, NULL, key) &&
		EVP_DigestVerify(md, signature, LIB_SIGNATURE_SIZE, data, size) == 1;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	return right ? 0 : -EBADMSG;
}

void lib_ssh_key_format(const u8 public_key[LIB_KEY_SIZE], char text[LIB_SSH_KEY_SIZE])
{
	static const u8 head[] = {
		0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32,
	};
	u8 blob[sizeof(head) + LIB_KEY_SIZE];
	char base[4 * DIV_ROUND_UP(sizeof(blob), 3) + 1];

	memcpy(blob, head, sizeof(head));
	memcpy(blob + sizeof(head), public_key, LIB_KEY_SIZE);
	lib_base64(base, blob, sizeof(blob));
	snprintf(text, LIB_SSH_KEY_SIZE, "ssh-ed25519 %s", base);
}
