/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a rotation is shown. */
#ifndef KEY_ROTATE_H
#define KEY_ROTATE_H

#include "by_warrant.h"
#include "libdmwarrant-rotate.h"

/* key_rotate_show.c */
void cli_rotation(struct cli *c, const char *action, const struct libdmwarrant_rotation *r,
		  bool say);
void cli_rotation_brief(struct cli *c, const struct libdmwarrant_rotation *r);

#endif
