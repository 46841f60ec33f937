/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes made without the kernel: formats a file, then writes sectors, nodes, activations, journal
 * records and checkpoints through the codec, as simply as possible and all in memory.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "lib_private.h"

#define IMAGE_NODES	256
#define IMAGE_TAG	7	/* a case tag with a key of its own */

struct image_node {
	unsigned int		level;
	u64			index;
	struct dmw_node_disk	disk;
};

/**
 * struct image - a volume in the making
 * @counter: of the last seal of the current activation
 * @prev:    seal of the activation link before the current one
 * @nodes:   all nodes that were ever written
 * @tags:    node of the tag table
 * @tag_top: its top node
 * @end:     of the journal
 */
struct image {
	struct libdmwarrant		*ctx;
	struct libdmwarrant_keyset	*keys;
	int				fd;
	struct dmw_host			host;
	struct dmw_state		s;
	u64				counter;
	struct dmw_wide_seal		prev;
	struct image_node		nodes[IMAGE_NODES];
	unsigned int			node_count;
	struct dmw_node_disk		tags;
	struct dmw_node_disk		tag_top;
	struct dmw_journal_end		end;
};

/* All of these end the program when something fails: a test cannot go on without its image. */
struct image *image_create(const char *path, const char *keyset_path, u64 bytes);
struct image *image_open(const char *path, const char *keyset_path);
void image_close(struct image *m);
void image_activate(struct image *m);
void image_write(struct image *m, u64 sector, u32 tag);
void image_discard(struct image *m, u64 sector);
void image_checkpoint(struct image *m);
void image_tag(struct image *m, u32 tag, enum dmw_tag_state state);
void image_record(struct image *m, const u64 *sectors, u32 count);
void image_pattern(u64 sector, u8 *data);

#endif
