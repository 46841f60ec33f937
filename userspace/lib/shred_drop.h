/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of keys in a host's kernel, and how they are dropped there. */
#ifndef LIB_SHRED_DROP_H
#define LIB_SHRED_DROP_H

#include "lib_tag.h"
#include "shred.h"

/* Member "State" of a host in SHRED_HOSTS. */
#define SHRED_NOT_OPEN	"not open"	/* nobody has the volume open, says the registry */
#define SHRED_CLOSED	"closed"	/* the volume was closed, and its keys wiped with it */
#define SHRED_DROPPED	"keys dropped"	/* by this host's kernel, which says so */
#define SHRED_ATTESTED	"attested"	/* by another host's kernel, as that host says in the log */
#define SHRED_UNREACHED	"not reached"

/**
 * lib_shred_drop() - have this host's kernel drop keys of an open volume
 * @ctx:  context
 * @m:    maker of @into
 * @uuid: of the volume
 * @tag:  0 = all keys
 * @into: receives what was found: whose sectors they are, and how many
 */
int lib_shred_drop(struct libdmwarrant *ctx, struct lib_maker *m, const char *uuid, u32 tag,
		   struct json_object *into);

#endif
