/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that name a key store and the secrets that unlock keys in it. */
#ifndef UNLOCK_H
#define UNLOCK_H

#include <stdlib.h>

#include "cli.h"
#include "libdmwarrant-keystore.h"

/* Far from the options that commands count from OPTION_OWN. */
enum {
	OPTION_KEYSTORE = 1000,
	OPTION_KEY_FILE,
	OPTION_PASSPHRASE_FD,
	OPTION_TOKEN,
	OPTION_NEW_KEY_FILE,
	OPTION_NEW_RANDOM_KEY_FILE,
	OPTION_NEW_PASSPHRASE_FD,
	OPTION_PBKDF_MS,
	OPTION_PBKDF_MEMORY,
};

#define CLI_KEYSTORE	{ "keystore", "URI", OPTION_KEYSTORE, \
			  "key store, else that of /etc/dm-warrant.conf" }
/* What unlocks; without any of these the terminal is asked. */
#define CLI_KEY_FILE	{ "key-file", "FILE", OPTION_KEY_FILE, "unlock with a key file" }
#define CLI_PASSPHRASE_FD	{ "passphrase-fd", "N", OPTION_PASSPHRASE_FD, \
				  "read the passphrase, or the token's PIN, from descriptor N" }
#define CLI_TOKEN	{ "token", NULL, OPTION_TOKEN, \
			  "unlock with an enrolled token: TPM2, FIDO2, PKCS#11, Tang" }

/* What shall unlock from now on; likewise. */
#define CLI_NEW_KEY_FILE	{ "new-key-file", "FILE", OPTION_NEW_KEY_FILE, \
				  "new: a key file" }
#define CLI_NEW_RANDOM_KEY_FILE	{ "new-random-key-file", "FILE", OPTION_NEW_RANDOM_KEY_FILE, \
				  "new: a key file as random as a key, at least 32 bytes" }
#define CLI_NEW_PASSPHRASE_FD	{ "new-passphrase-fd", "N", OPTION_NEW_PASSPHRASE_FD, \
				  "new: a passphrase, from descriptor N" }
#define CLI_PBKDF_MS	{ "pbkdf-ms", "MS", OPTION_PBKDF_MS, \
			  "time that one try shall cost; default 2000" }
#define CLI_PBKDF_MEMORY	{ "pbkdf-memory", "KIB", OPTION_PBKDF_MEMORY, \
				  "memory that it shall need; default up to 1 GiB" }

/**
 * struct cli_unlock - how to unlock, or a new secret; CLI_UNLOCK_NONE before options are read
 * @key_file:         --key-file, --new-key-file
 * @random:           --new-random-key-file
 * @token:            --token
 * @passphrase_fd:    --passphrase-fd, --new-passphrase-fd; -1 = none
 * @pbkdf_ms:         --pbkdf-ms
 * @pbkdf_memory_kib: --pbkdf-memory
 */
struct cli_unlock {
	const char	*key_file;
	bool		random;
	bool		token;
	int		passphrase_fd;
	uint32_t	pbkdf_ms;
	uint32_t	pbkdf_memory_kib;
};

#define CLI_UNLOCK_NONE	{ .passphrase_fd = -1 }

bool cli_unlock_option(struct cli *c, int id, struct cli_unlock *u);
bool cli_new_secret_option(struct cli *c, int id, struct cli_unlock *u);
bool cli_unlock_given(const struct cli_unlock *u);
int cli_unlock(struct cli *c, const struct cli_unlock *u, const char *prompt, bool is_new,
	       struct libdmwarrant_unlock *out);
void cli_unlock_end(const struct cli_unlock *u, struct libdmwarrant_unlock *out);

/* unlock_again.c */
int cli_unlock_keep(struct cli *c, struct libdmwarrant_unlock *unlock);
int cli_unlock_again(struct cli *c, struct libdmwarrant_unlock *unlock);
void cli_unlock_drop(void);

/* keystore.c */
int cli_keystore(struct cli *c, const char *uri, uint32_t flags,
		 struct libdmwarrant_keystore **ks);
int cli_keystore_only(struct cli *c, struct libdmwarrant_keystore **ks);
int cli_keystore_unlock(struct cli *c, struct libdmwarrant_keystore *ks, const uint8_t *warrant,
			const struct cli_unlock *u);
void cli_set_hex(struct json_object *o, const char *name, const uint8_t *p, size_t n);
int cli_uuid(struct cli *c, const char *what, const char *text, uint8_t *uuid);

#endif
