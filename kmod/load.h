/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a volume's state from its LUN, without changing anything: superblock, activations,
 * journal. The kernel does this at open, the tools for check and dump.
 *
 * Context of all: may sleep, one caller at a time.
 */
#ifndef DMW_LOAD_H
#define DMW_LOAD_H

#include "block.h"

/** enum dmw_load_error - why a volume cannot be loaded; dmw_load_error_text() has the words */
enum dmw_load_error {
	DMW_LOAD_OK,
	DMW_LOAD_IO,
	DMW_LOAD_MEMORY,
	DMW_LOAD_NOT_A_VOLUME,
	DMW_LOAD_OTHER_VOLUME,
	DMW_LOAD_NEWER,
	DMW_LOAD_SUPERBLOCK_DAMAGED,
	DMW_LOAD_WRONG_KEYSET,
	DMW_LOAD_NO_KEY,
	DMW_LOAD_FEATURES,
	DMW_LOAD_FEATURES_RO,
	DMW_LOAD_TRUNCATED,
	DMW_LOAD_LENGTH,
	DMW_LOAD_LOGICAL_BLOCK,
	DMW_LOAD_ROLLED_BACK,
	DMW_LOAD_ACTIVATIONS_DAMAGED,
	DMW_LOAD_ACTIVATIONS_FULL,
	DMW_LOAD_JOURNAL_DAMAGED,
	DMW_LOAD_TREE_DAMAGED,
	DMW_LOAD_CRYPTO,
	DMW_LOAD_TAGS_DAMAGED,
	DMW_LOAD_OTHER_WARRANT,
	DMW_LOAD_CHECKPOINT_HIDDEN,
	DMW_LOAD_RECOVERY_KEY,
	DMW_LOAD_ERRORS			/* number of errors */
};

/**
 * struct dmw_anchor - the newest checkpoint known to those outside the array
 * @checkpoint: its number; 0 = none known
 * @salt:       of the activation that committed it: among several checkpoints of that number in
 *              the life of a volume and its copies, it names one
 */
struct dmw_anchor {
	u64	checkpoint;
	u8	salt[DMW_SALT_SIZE];
};

/**
 * struct dmw_lun - what is asked of the LUN
 * @blocks:        its size in 4 KiB blocks
 * @logical_block: its logical block size in bytes
 * @read_only:     the volume is not going to be written
 * @uuid:          of the volume that must be there; NULL = any
 */
struct dmw_lun {
	u64	blocks;
	u32	logical_block;
	bool	read_only;
	const u8 *uuid;
};

/**
 * struct dmw_state - a volume's state as its LUN has it
 * @sb:          clear part of the newest valid superblock
 * @root:        its sealed part
 * @activations: entries 1..root.activation_count at [0..]; owned, see dmw_state_free()
 * @activation_space: entries that fit into @activations
 * @links: seals of the activation chain's links, the first one at [0]; owned as well
 * @other_damaged: the other copy of the superblock does not verify (torn by a crash, or tampered)
 */
struct dmw_state {
	struct dmw_superblock	sb;
	struct dmw_root		root;
	struct dmw_activation	*activations;
	u32			activation_space;
	struct dmw_wide_seal	*links;
	bool			other_damaged;
};

/** typedef dmw_journal_fn - called for each entry in order. Return: 0 to go on, else an errno */
typedef int (*dmw_journal_fn)(void *arg, const struct dmw_record_head *head,
			      const struct dmw_entry *e);

/**
 * struct dmw_journal_end - where a journal ends
 * @seq:    sequence of the first record that is not there
 * @pos:    its place in journal units
 * @mac:    MAC of the last record
 * @stable: newest sequence whose data is known to be flushed
 */
struct dmw_journal_end {
	u64	seq;
	u64	pos;
	u8	mac[DMW_MAC_SIZE];
	u64	stable;
};

const char *dmw_load_error_text(enum dmw_load_error e);
int dmw_load_error_errno(enum dmw_load_error e);
enum dmw_load_error dmw_load_superblock(struct dmw_host *h, const struct dmw_lun *lun,
					struct dmw_state *s);
struct dmw_anchor dmw_superblock_anchor(const struct dmw_superblock *sb);
enum dmw_load_error dmw_load_check_anchor(const struct dmw_state *s, const struct dmw_anchor *a);
enum dmw_load_error dmw_load_activations(struct dmw_host *h, struct dmw_state *s);
enum dmw_load_error dmw_load_state(struct dmw_host *h, const struct dmw_lun *lun,
				   const struct dmw_anchor *anchor, struct dmw_state *s);
enum dmw_load_error dmw_load_journal(struct dmw_host *h, const struct dmw_state *s,
				     dmw_journal_fn fn, void *arg, struct dmw_journal_end *end);
void dmw_state_free(struct dmw_host *h, struct dmw_state *s);
int dmw_state_key(const struct dmw_state *s, u32 tag, u16 activation, struct dmw_key_id *key);
u64 dmw_journal_place(const struct dmw_layout *l, u64 pos);

#endif
