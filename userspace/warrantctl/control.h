/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on officers, policy and requests share. */
#ifndef CONTROL_H
#define CONTROL_H

#include "cli.h"
#include "libdmwarrant-control.h"

enum {
	CONTROL_AS = OPTION_OWN,
	CONTROL_SIGNATURE,
	CONTROL_SIGN_KEY,
	CONTROL_OWN,
};

#define CONTROL_OPTION_AS	{ "as", "OFFICER", CONTROL_AS, "the officer who does this" }
#define CONTROL_OPTION_SIGNATURE	{ "signature", "FILE", CONTROL_SIGNATURE, \
					  "signature by OpenSSH, or detached CMS" }
#define CONTROL_OPTION_SIGN_KEY	{ "sign-key", "FILE", CONTROL_SIGN_KEY, \
				  "sign here and now, by ssh-keygen, with this key" }

/**
 * struct signer - who signs, and how
 * @officer:   --as
 * @signature: --signature
 * @key:       --sign-key
 */
struct signer {
	const char	*officer;
	const char	*signature;
	const char	*key;
};

/* control_sign.c */
bool signer_option(struct cli *c, struct signer *s, int id);
int signer_sign(struct cli *c, const struct signer *s, const char *text, char **signature,
		size_t *size);

/* control_show.c */
int request_say(struct cli *c, struct libdmwarrant_registry *reg, const char *id);
void request_json(struct json_object *o, const struct libdmwarrant_request *q);
const char *request_progress(const struct libdmwarrant_request *q, char text[96]);

/* control_ask.c */
int request_ask(struct cli *c, struct libdmwarrant_ask *ask, const struct signer *s);

#endif
