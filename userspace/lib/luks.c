// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The LUKS2 header of a warrant: made, loaded, and what goes wrong with it told as our own errors.
 *
 * It is a header without a device: people's tools (cryptsetup, systemd-cryptenroll, clevis) can
 * enrol passphrases and tokens on it, but its one segment lies so far behind the end of any device
 * that nobody can map it by mistake. Its volume key is the key-encrypting key (KEK), which every
 * bound slot gives. An unbound slot holds the rolling key: see luks_rolling.c.
 */
#include <fcntl.h>
#include <unistd.h>

#include "luks.h"

#define DATA_OFFSET	(1ULL << 50)	/* in 512 bytes; no device is that long */
#define METADATA_SIZE	(64 << 10)	/* room for the tokens of a dozen methods */
#define KEYSLOTS_SIZE	(4 << 20)	/* and for their slots */

#define TOKEN_TYPE	"dm-warrant"

static void on_log(int level, const char *text, void *arg)
{
	struct lib_luks *l = arg;
	size_t n;

	if (level != CRYPT_LOG_ERROR)
		return;
	lib_copy(l->log, sizeof(l->log), text);
	n = strlen(l->log);
	while (n && (l->log[n - 1] == '\n' || l->log[n - 1] == '.'))
		l->log[--n] = 0;
}

static int init(const struct lib_dir *d, const char *name, struct lib_luks *l)
{
	char path[64];
	int ret;

	memset(l, 0, sizeof(*l));
	l->ctx = d->ctx;
	l->dir = d;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", d->fd, name);
	ret = crypt_init(&l->cd, path);
	if (ret)
		return lib_fail(d->ctx, ret, "cannot open %s/%s: %s", d->path, name,
				strerror(-ret));
	crypt_set_log_callback(l->cd, on_log, l);
	return 0;
}

/** lib_luks_failed() - set the last error to what libcryptsetup had to say. Return: errno */
int lib_luks_failed(struct lib_luks *l, int err, const char *what)
{
	return lib_fail(l->ctx, err, "cannot %s of %s: %s%s%s%s", what, l->dir->path,
			strerror(-err), l->log[0] ? " (libcryptsetup: " : "", l->log,
			l->log[0] ? ")" : "");
}

void lib_luks_free(struct lib_luks *l)
{
	crypt_free(l->cd);
	l->cd = NULL;
}

/** lib_luks_load() - load a header; lib_luks_free() it in any case */
int lib_luks_load(const struct lib_dir *d, const char *name, struct lib_luks *l)
{
	int fd = lib_file_open(d, name, O_RDONLY);
	int ret;

	memset(l, 0, sizeof(*l));
	if (fd < 0)
		return fd;
	close(fd);
	ret = init(d, name, l);
	if (ret)
		return ret;
	ret = crypt_load(l->cd, CRYPT_LUKS2, NULL);
	if (ret == -EINVAL)
		return lib_fail(d->ctx, -EUCLEAN,
				"%s/%s is damaged (libcryptsetup: %s); try cryptsetup repair on it, or restore the newest copy of %s",
				d->path, name, l->log[0] ? l->log : "not a LUKS2 header", d->path);
	return ret ? lib_luks_failed(l, ret, "load the header") : 0;
}

/* ---- key derivation ---- */

/* What has the strength of a key needs no slow derivation: as systemd does for its tokens. */
static int pbkdf_minimal(struct lib_luks *l)
{
	static const struct crypt_pbkdf_type minimal = {
		.type = CRYPT_KDF_PBKDF2,
		.hash = "sha512",
		.iterations = 1000,
		.time_ms = 1,
		.flags = CRYPT_PBKDF_NO_BENCHMARK,
	};
	int ret = crypt_set_pbkdf_type(l->cd, &minimal);

	return ret ? lib_luks_failed(l, ret, "choose a key derivation for the header") : 0;
}

/** lib_luks_pbkdf() - choose how the next slot is derived; NULL = from a key */
int lib_luks_pbkdf(struct lib_luks *l, const struct libdmwarrant_unlock *unlock)
{
	const struct crypt_pbkdf_type *defaults;
	struct crypt_pbkdf_type slow;
	int ret;

	if (!unlock || (unlock->flags & LIBDMWARRANT_UNLOCK_RANDOM_FILE))
		return pbkdf_minimal(l);
	defaults = crypt_get_pbkdf_type_params(CRYPT_KDF_ARGON2ID);
	if (!defaults)
		return lib_fail(l->ctx, -EOPNOTSUPP,
				"this libcryptsetup has no Argon2id; use a random key file");
	slow = *defaults;
	if (unlock->pbkdf_ms)
		slow.time_ms = unlock->pbkdf_ms;
	if (unlock->pbkdf_memory_kib)
		slow.max_memory_kb = unlock->pbkdf_memory_kib;
	ret = crypt_set_pbkdf_type(l->cd, &slow);
	return ret ? lib_luks_failed(l, ret, "choose a key derivation for the header") : 0;
}

/* ---- making ---- */

static int format(struct lib_luks *l, const char *name, const u8 *warrant, const u8 *kek)
{
	char label[48], path[64], text[37];
	struct crypt_params_luks2 params = {
		.data_device = path,	/* another than the header's: detached */
		.sector_size = 512,
		.label = label,
		.subsystem = "dm-warrant",
	};
	int ret;

	libdmwarrant_uuid_format(warrant, text);
	snprintf(label, sizeof(label), "warrant:%s", text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", l->dir->fd, name);
	ret = crypt_set_metadata_size(l->cd, METADATA_SIZE, KEYSLOTS_SIZE);
	if (!ret)
		ret = crypt_set_data_offset(l->cd, DATA_OFFSET);
	if (!ret)
		ret = crypt_format(l->cd, CRYPT_LUKS2, "aes", "xts-plain64", NULL,
				   (const char *)kek, LIB_KEK_SIZE, &params);
	return ret ? lib_luks_failed(l, ret, "make the header") : 0;
}

/**
 * lib_luks_format() - make a header without key slots
 * @d:       directory of the warrant
 * @name:    of the file, which is there already
 * @warrant: ObjectIdentifier, for the label
 * @kek:     volume key
 * @l:       receives it, loaded; lib_luks_free() it in any case
 */
int lib_luks_format(const struct lib_dir *d, const char *name, const u8 *warrant, const u8 *kek,
		    struct lib_luks *l)
{
	int ret = init(d, name, l);

	if (!ret)
		ret = pbkdf_minimal(l);
	if (!ret)
		ret = format(l, name, warrant, kek);
	return ret ? ret : lib_luks_rewraps_set(l, 0);
}

/* ---- a token of our own: counts changes of the secrets ---- */

static int find_token(struct lib_luks *l, const char **json)
{
	const char *type;
	int i;

	for (i = 0; i < crypt_token_max(CRYPT_LUKS2); i++)
		if (crypt_token_status(l->cd, i, &type) == CRYPT_TOKEN_EXTERNAL_UNKNOWN &&
		    !strcmp(type, TOKEN_TYPE) && crypt_token_json_get(l->cd, i, json) == i)
			return i;
	return CRYPT_ANY_TOKEN;
}

/** lib_luks_rewraps() - how often the secrets were changed by us */
u64 lib_luks_rewraps(struct lib_luks *l)
{
	unsigned long long n = 0;
	const char *json = NULL, *at;

	find_token(l, &json);
	at = json ? strstr(json, "\"rewraps\":\"") : NULL;
	return at && sscanf(at, "\"rewraps\":\"%llu\"", &n) == 1 ? n : 0;
}

int lib_luks_rewraps_set(struct lib_luks *l, u64 rewraps)
{
	const char *old;
	char json[128];
	int ret;

	snprintf(json, sizeof(json),
		 "{\"type\":\"" TOKEN_TYPE "\",\"keyslots\":[],\"rewraps\":\"%llu\"}",
		 (unsigned long long)rewraps);
	ret = crypt_token_json_set(l->cd, find_token(l, &old), json);
	return ret < 0 ? lib_luks_failed(l, ret, "write the header") : 0;
}
