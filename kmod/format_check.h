/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every size and offset of format.h, in numbers: the format must not move when somebody edits a
 * struct or a compiler pads one. Documentation/format.rst has the same numbers (tests compare
 * them).
 */
#ifndef DMW_FORMAT_CHECK_H
#define DMW_FORMAT_CHECK_H

#include "format.h"

#define DMW_CHECK_SIZE(type, bytes) \
	static_assert(sizeof(struct type) == (bytes), #type " has moved")
#define DMW_CHECK_OFFSET(type, field, bytes) \
	static_assert(offsetof(struct type, field) == (bytes), #type "." #field " has moved")

DMW_CHECK_SIZE(dmw_seal_disk, 32);
DMW_CHECK_OFFSET(dmw_seal_disk, nonce, 0);
DMW_CHECK_OFFSET(dmw_seal_disk, time, 8);
DMW_CHECK_OFFSET(dmw_seal_disk, tag, 12);
DMW_CHECK_OFFSET(dmw_seal_disk, mac, 16);

DMW_CHECK_SIZE(dmw_node_disk, 4096);
DMW_CHECK_OFFSET(dmw_node_disk, seals, 0);

DMW_CHECK_SIZE(dmw_wide_seal_disk, 64);
DMW_CHECK_OFFSET(dmw_wide_seal_disk, nonce, 0);
DMW_CHECK_OFFSET(dmw_wide_seal_disk, mac, 24);
DMW_CHECK_OFFSET(dmw_wide_seal_disk, epoch, 40);
DMW_CHECK_OFFSET(dmw_wide_seal_disk, slot, 44);
DMW_CHECK_OFFSET(dmw_wide_seal_disk, pad, 48);

DMW_CHECK_SIZE(dmw_activation_disk, 64);
DMW_CHECK_OFFSET(dmw_activation_disk, salt, 0);
DMW_CHECK_OFFSET(dmw_activation_disk, epoch, 12);
DMW_CHECK_OFFSET(dmw_activation_disk, time, 16);
DMW_CHECK_OFFSET(dmw_activation_disk, host, 24);
DMW_CHECK_OFFSET(dmw_activation_disk, parent, 56);

DMW_CHECK_SIZE(dmw_activation_block_disk, 4096);
DMW_CHECK_OFFSET(dmw_activation_block_disk, prev, 0);
DMW_CHECK_OFFSET(dmw_activation_block_disk, entries, 64);

DMW_CHECK_SIZE(dmw_run_disk, 32);
DMW_CHECK_OFFSET(dmw_run_disk, nonce, 0);
DMW_CHECK_OFFSET(dmw_run_disk, time, 8);
DMW_CHECK_OFFSET(dmw_run_disk, tag, 12);
DMW_CHECK_OFFSET(dmw_run_disk, count, 16);
DMW_CHECK_OFFSET(dmw_run_disk, pad, 24);

DMW_CHECK_SIZE(dmw_entry_disk, 40);
DMW_CHECK_OFFSET(dmw_entry_disk, sector, 0);
DMW_CHECK_OFFSET(dmw_entry_disk, seal, 8);
DMW_CHECK_OFFSET(dmw_entry_disk, run, 8);

DMW_CHECK_SIZE(dmw_record_disk, 80);
DMW_CHECK_OFFSET(dmw_record_disk, magic, 0);
DMW_CHECK_OFFSET(dmw_record_disk, length, 4);
DMW_CHECK_OFFSET(dmw_record_disk, seq, 8);
DMW_CHECK_OFFSET(dmw_record_disk, nonce, 16);
DMW_CHECK_OFFSET(dmw_record_disk, mac, 24);
DMW_CHECK_OFFSET(dmw_record_disk, pad, 40);
DMW_CHECK_OFFSET(dmw_record_disk, stable, 48);
DMW_CHECK_OFFSET(dmw_record_disk, prev, 56);
DMW_CHECK_OFFSET(dmw_record_disk, count, 72);
DMW_CHECK_OFFSET(dmw_record_disk, checkpoint, 76);
DMW_CHECK_OFFSET(dmw_record_disk, entries, 80);

DMW_CHECK_SIZE(dmw_epoch_disk, 16);
DMW_CHECK_OFFSET(dmw_epoch_disk, epoch, 0);
DMW_CHECK_OFFSET(dmw_epoch_disk, state, 4);
DMW_CHECK_OFFSET(dmw_epoch_disk, created, 8);

DMW_CHECK_SIZE(dmw_root_disk, 3584);
DMW_CHECK_OFFSET(dmw_root_disk, tree, 0);
DMW_CHECK_OFFSET(dmw_root_disk, tags, 512);
DMW_CHECK_OFFSET(dmw_root_disk, activations, 544);
DMW_CHECK_OFFSET(dmw_root_disk, activation_count, 608);
DMW_CHECK_OFFSET(dmw_root_disk, default_tag, 612);
DMW_CHECK_OFFSET(dmw_root_disk, journal_seq, 616);
DMW_CHECK_OFFSET(dmw_root_disk, journal_pos, 624);
DMW_CHECK_OFFSET(dmw_root_disk, journal_mac, 632);
DMW_CHECK_OFFSET(dmw_root_disk, written, 648);
DMW_CHECK_OFFSET(dmw_root_disk, warrant, 656);
DMW_CHECK_OFFSET(dmw_root_disk, label, 688);
DMW_CHECK_OFFSET(dmw_root_disk, epochs, 752);
DMW_CHECK_OFFSET(dmw_root_disk, reserved, 880);

DMW_CHECK_SIZE(dmw_superblock_disk, 4096);
DMW_CHECK_OFFSET(dmw_superblock_disk, magic, 0);
DMW_CHECK_OFFSET(dmw_superblock_disk, version, 16);
DMW_CHECK_OFFSET(dmw_superblock_disk, copy, 18);
DMW_CHECK_OFFSET(dmw_superblock_disk, sector_size, 20);
DMW_CHECK_OFFSET(dmw_superblock_disk, uuid, 24);
DMW_CHECK_OFFSET(dmw_superblock_disk, feature_compat, 40);
DMW_CHECK_OFFSET(dmw_superblock_disk, feature_ro_compat, 48);
DMW_CHECK_OFFSET(dmw_superblock_disk, feature_incompat, 56);
DMW_CHECK_OFFSET(dmw_superblock_disk, lun_blocks, 64);
DMW_CHECK_OFFSET(dmw_superblock_disk, data_sectors, 72);
DMW_CHECK_OFFSET(dmw_superblock_disk, superblock_b, 80);
DMW_CHECK_OFFSET(dmw_superblock_disk, activation_start, 88);
DMW_CHECK_OFFSET(dmw_superblock_disk, activation_blocks, 96);
DMW_CHECK_OFFSET(dmw_superblock_disk, tag_records, 100);
DMW_CHECK_OFFSET(dmw_superblock_disk, tag_start, 104);
DMW_CHECK_OFFSET(dmw_superblock_disk, journal_start, 112);
DMW_CHECK_OFFSET(dmw_superblock_disk, journal_blocks, 120);
DMW_CHECK_OFFSET(dmw_superblock_disk, journal_unit, 124);
DMW_CHECK_OFFSET(dmw_superblock_disk, group_start, 128);
DMW_CHECK_OFFSET(dmw_superblock_disk, checkpoint, 136);
DMW_CHECK_OFFSET(dmw_superblock_disk, epoch, 144);
DMW_CHECK_OFFSET(dmw_superblock_disk, pad, 148);
DMW_CHECK_OFFSET(dmw_superblock_disk, created, 152);
DMW_CHECK_OFFSET(dmw_superblock_disk, reserved, 160);
DMW_CHECK_OFFSET(dmw_superblock_disk, nonce, 472);
DMW_CHECK_OFFSET(dmw_superblock_disk, mac, 496);
DMW_CHECK_OFFSET(dmw_superblock_disk, root, 512);

DMW_CHECK_SIZE(dmw_key_disk, 40);
DMW_CHECK_OFFSET(dmw_key_disk, tag, 0);
DMW_CHECK_OFFSET(dmw_key_disk, epoch, 4);
DMW_CHECK_OFFSET(dmw_key_disk, key, 8);

DMW_CHECK_SIZE(dmw_keyset_disk, 24);
DMW_CHECK_OFFSET(dmw_keyset_disk, magic, 0);
DMW_CHECK_OFFSET(dmw_keyset_disk, version, 4);
DMW_CHECK_OFFSET(dmw_keyset_disk, count, 6);
DMW_CHECK_OFFSET(dmw_keyset_disk, uuid, 8);
DMW_CHECK_OFFSET(dmw_keyset_disk, keys, 24);

static_assert(DMW_GROUP_HEADER == 264);
static_assert(sizeof(DMW_MAGIC) == DMW_MAGIC_SIZE);
static_assert(DMW_MAX_ACTIVATION_BLOCKS * DMW_ACTIVATIONS_PER_BLOCK >= DMW_MAX_ACTIVATIONS);
/* A full record fits a block, and not one entry more would. */
static_assert(sizeof(struct dmw_record_disk) + DMW_RECORD_ENTRIES * sizeof(struct dmw_entry_disk) <=
	      DMW_RECORD_MAX);
static_assert(sizeof(struct dmw_record_disk) +
	      (DMW_RECORD_ENTRIES + 1) * sizeof(struct dmw_entry_disk) > DMW_RECORD_MAX);

DMW_CHECK_SIZE(dmw_tag_disk, 4096);
DMW_CHECK_OFFSET(dmw_tag_disk, tag, 0);
DMW_CHECK_OFFSET(dmw_tag_disk, state, 4);
DMW_CHECK_OFFSET(dmw_tag_disk, created, 8);
DMW_CHECK_OFFSET(dmw_tag_disk, changed, 16);
DMW_CHECK_OFFSET(dmw_tag_disk, length, 24);
DMW_CHECK_OFFSET(dmw_tag_disk, pad, 28);
DMW_CHECK_OFFSET(dmw_tag_disk, name, 32);
DMW_CHECK_OFFSET(dmw_tag_disk, metadata, 96);
DMW_CHECK_OFFSET(dmw_tag_disk, reserved, 3168);

#endif
