// SPDX-License-Identifier: GPL-2.0-or-later
/* DMW_HAVE_AES_ENCKEY: aes_encrypt() takes a struct aes_enckey, no longer a crypto_aes_ctx */
#include <crypto/aes.h>

int probe(struct aes_enckey *k, const u8 *key);
int probe(struct aes_enckey *k, const u8 *key)
{
	return aes_prepareenckey(k, key, 32);
}
