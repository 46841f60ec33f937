/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tags of a volume were shredded, as certificates of destruction say. */
#ifndef LIB_EVIDENCE_SHREDDED_H
#define LIB_EVIDENCE_SHREDDED_H

#include "lib_private.h"

/**
 * struct lib_shredded - what was shredded of one volume
 * @whole: all of it
 * @tags:  numbers
 * @count: of @tags
 */
struct lib_shredded {
	bool	whole;
	u32	*tags;
	size_t	count;
};

/**
 * lib_shredded_read() - read certificates
 * @ctx:   for errors
 * @files: each with its signature beside it, FILE.sig
 * @count: of @files
 * @key:   file with the public key that must have signed them; NULL = none is taken
 * @uuid:  of the volume that matters; what certificates say of others is left out
 * @s:     receives it; lib_shredded_free() it, also after a failure
 *
 * Return: 0; -EBADMSG a certificate or its signature is not right; -EINVAL @key is missing.
 */
int lib_shredded_read(struct libdmwarrant *ctx, const char *const *files, u32 count,
		      const char *key, const u8 uuid[DMW_UUID_SIZE], struct lib_shredded *s);
bool lib_shredded_has(const struct lib_shredded *s, u32 tag);
void lib_shredded_free(struct lib_shredded *s);

#endif
