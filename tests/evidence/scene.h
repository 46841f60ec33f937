/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registry, a volume without kernel, and seals of it. */
#ifndef SCENE_H
#define SCENE_H

#include "evidence_file.h"
#include "common/image.h"
#include "common/test.h"

#define SCENE_EXTENTS	64

/**
 * struct scene - where the tests happen
 * @dir:    of all files
 * @config: registry in it
 * @volume: path of the image
 * @keys:   path of its keyset
 * @file:   path of the seal
 * @m:      the volume, being made
 */
struct scene {
	struct libdmwarrant		*ctx;
	char				dir[256];
	struct libdmwarrant_config	config;
	char				volume[300];
	char				keys[300];
	char				file[300];
	struct image			*m;
};

/**
 * struct seen - what verifying has told
 * @ret:    of it
 * @count:  extents
 * @extent: each
 * @result: sums
 */
struct seen {
	int					ret;
	unsigned int				count;
	struct libdmwarrant_sealed_extent	extent[SCENE_EXTENTS];
	struct libdmwarrant_verify_result	result;
};

void scene_begin(struct scene *s, const char *dir, u64 bytes);
void scene_tree(struct scene *s);
void scene_end(struct scene *s);
int scene_seal(struct scene *s, const u32 *tags, u32 count, u32 flags,
	       struct libdmwarrant_seal_result *r);
void scene_unseal(struct scene *s);
void scene_verify(struct scene *s, struct libdmwarrant_verify_params *p, struct seen *seen);
void scene_flip(const char *path, u64 offset, u8 mask);
u64 scene_offset(struct scene *s, u64 sector);

#endif
