// SPDX-License-Identifier: GPL-2.0-or-later
/* DMW_HAVE_HEX_H: hex2bin() has left <linux/kernel.h> */
#include <linux/hex.h>

int probe(u8 *to, const char *from);
int probe(u8 *to, const char *from)
{
	return hex2bin(to, from, 1);
}
