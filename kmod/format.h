/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On-disk format, version 1. Nothing but the format lives here; it is explained field by field in
 * Documentation/format.rst, and format_check.h asserts every size and offset.
 *
 * All integers are little endian. All pads and reserved fields are zero.
 */
#ifndef DMW_FORMAT_H
#define DMW_FORMAT_H

#include "platform.h"

#define DMW_MAGIC		"dm-warrant\0\0\0\0\0"	/* 16 bytes with the final NUL */
#define DMW_MAGIC_SIZE		16
#define DMW_VERSION		1
#define DMW_UUID_SIZE		16

/* The unit of I/O, of sealing and of addresses on the LUN. */
#define DMW_SECTOR_SHIFT	12
#define DMW_SECTOR_SIZE		(1 << DMW_SECTOR_SHIFT)

/* The tree: 128 seals a node, leaves at level 0, level-4 seals in the superblock. */
#define DMW_FANOUT_SHIFT	7
#define DMW_FANOUT		(1 << DMW_FANOUT_SHIFT)
#define DMW_TOP_LEVEL		4
#define DMW_LEVELS		(DMW_TOP_LEVEL + 1)
#define DMW_ROOTS		16
#define DMW_SLOTS		2

/* A group: four levels of node slots, its leaves' slots, its data sectors. */
#define DMW_GROUP_SHIFT		(2 * DMW_FANOUT_SHIFT)
#define DMW_GROUP_SECTORS	(1 << DMW_GROUP_SHIFT)
#define DMW_GROUP_NODES		(DMW_TOP_LEVEL * DMW_SLOTS)
#define DMW_GROUP_HEADER	(DMW_GROUP_NODES + DMW_FANOUT * DMW_SLOTS)
#define DMW_GROUP_BLOCKS	(DMW_GROUP_HEADER + DMW_GROUP_SECTORS)
#define DMW_MAX_SECTORS		((u64)DMW_ROOTS << (DMW_FANOUT_SHIFT * DMW_LEVELS))

#define DMW_KEY_SIZE		32
#define DMW_MAC_SIZE		16
#define DMW_SALT_SIZE		12	/* N[0:12] of XAES-256-GCM */
#define DMW_IV_SIZE		12	/* N[12:24] */
#define DMW_NONCE_SIZE		(DMW_SALT_SIZE + DMW_IV_SIZE)

/* A seal's nonce: activation in the high 16 bits, counter below. */
#define DMW_COUNTER_BITS	48
#define DMW_COUNTER_MASK	((1ULL << DMW_COUNTER_BITS) - 1)

/* What a block is; part of its IV and of its associated data. */
enum dmw_domain {
	DMW_DOMAIN_DATA		= 1,
	DMW_DOMAIN_NODE		= 2,
	DMW_DOMAIN_JOURNAL	= 3,
	DMW_DOMAIN_SUPERBLOCK	= 4,
	DMW_DOMAIN_ACTIVATION	= 5,
	DMW_DOMAIN_TAG		= 6,
};

/**
 * struct dmw_seal_disk - vouches for one 4 KiB block
 * @nonce: activation << 48 | counter; 0 = never written, reads as zeros
 * @time:  Unix seconds of the write
 * @tag:   case tag of a data sector, 0 = the volume's default tag. In a written node's seal: the
 *         slot that holds it. In an unwritten node's seal: the tag of the whole subtree
 * @mac:   GCM tag
 */
struct dmw_seal_disk {
	__le64	nonce;
	__le32	time;
	__le32	tag;
	u8	mac[DMW_MAC_SIZE];
};

/** struct dmw_node_disk - the seals of 128 data sectors or of 128 nodes one level below */
struct dmw_node_disk {
	struct dmw_seal_disk	seals[DMW_FANOUT];
};

/**
 * struct dmw_wide_seal_disk - a seal that needs no activation table to be opened
 * @nonce: all 24 bytes: salt, le64 activation|counter, le32 domain
 * @mac:   GCM tag
 * @epoch: of the metadata key
 * @slot:  which of its two slots holds the block
 * @pad: zero
 */
struct dmw_wide_seal_disk {
	u8	nonce[DMW_NONCE_SIZE];
	u8	mac[DMW_MAC_SIZE];
	__le32	epoch;
	__le32	slot;
	u8	pad[16];
};

#define DMW_HOST_SIZE	32

/**
 * struct dmw_activation_disk - one opening of the volume for writing
 * @salt:  random; N[0:12] of everything that is sealed in this activation
 * @epoch: generation of the keys in use
 * @time:  Unix seconds
 * @host:  name of the host that opened it, NUL padded
 * @parent: number of the checkpoint that it goes on from; 0 in the first
 */
struct dmw_activation_disk {
	u8	salt[DMW_SALT_SIZE];
	__le32	epoch;
	__le64	time;
	u8	host[DMW_HOST_SIZE];
	__le64	parent;
};

#define DMW_ACTIVATIONS_PER_BLOCK	63
#define DMW_MAX_ACTIVATIONS		65535	/* indices 1..65535; 0 is "never written" */
#define DMW_MAX_ACTIVATION_BLOCKS	1041

/**
 * struct dmw_activation_block_disk - a link of the activation chain
 * @prev:    seals the link before; zero in the first
 * @entries: activations; those that have not begun are zero
 */
struct dmw_activation_block_disk {
	struct dmw_wide_seal_disk	prev;
	struct dmw_activation_disk	entries[DMW_ACTIVATIONS_PER_BLOCK];
};

/**
 * struct dmw_run_disk - stands in a journal entry's seal: sectors that become unwritten
 * @nonce: 0, which tells a run from a seal
 * @tag:   that the sectors have from then on
 * @count: number of sectors, never across a leaf's end
 * @time: zero
 * @pad:  zero
 */
struct dmw_run_disk {
	__le64	nonce;
	__le32	time;
	__le32	tag;
	__le64	count;
	u8	pad[8];
};

/** struct dmw_entry_disk - one sector's new seal, or a run */
struct dmw_entry_disk {
	__le64	sector;
	union {
		struct dmw_seal_disk	seal;
		struct dmw_run_disk	run;
	};
};

#define DMW_RECORD_MAGIC	0x4a574d44	/* "DMWJ" */
#define DMW_RECORD_MAX		DMW_SECTOR_SIZE
#define DMW_RECORD_ENTRIES	100

/**
 * struct dmw_record_disk - head of a journal record
 * @length: bytes in use, from the start of this head; the rest up to the journal unit is zero
 * @nonce:  its activation is the superblock's current one
 * @mac:    over everything behind it up to @length
 * @stable: newest sequence whose data is known to be flushed
 * @prev:   MAC of the record before
 * @magic:   DMW_RECORD_MAGIC
 * @seq:     sequence; up by one with each record, never reset
 * @pad:     zero
 * @count:   entries
 * @checkpoint: number of the newest checkpoint that was committed when the record was sealed, its
 *              low 32 bits
 * @entries: @count of them
 *
 * What follows @mac is encrypted.
 */
struct dmw_record_disk {
	__le32	magic;
	__le32	length;
	__le64	seq;
	__le64	nonce;
	u8	mac[DMW_MAC_SIZE];
	u8	pad[8];
	__le64	stable;
	u8	prev[DMW_MAC_SIZE];
	__le32	count;
	__le32	checkpoint;
	struct dmw_entry_disk	entries[];
};

#define DMW_RECORD_CLEAR	48	/* bytes of the head in the clear */

#define DMW_MAX_EPOCHS	8
#define DMW_LABEL_SIZE	64
#define DMW_DIGEST_SIZE	32

enum dmw_epoch_state {
	DMW_EPOCH_NONE		= 0,
	DMW_EPOCH_CURRENT	= 1,
	DMW_EPOCH_OLD		= 2,
};

/** struct dmw_epoch_disk - a generation of keys that sectors may still be sealed with */
struct dmw_epoch_disk {
	__le32	epoch;
	__le32	state;
	__le64	created;
};

/**
 * struct dmw_root_disk - the sealed part of a superblock
 * @tree:        seals of the level-4 nodes
 * @tags:        seal of the tag table's top node; unwritten = no tags
 * @activations: seals the newest block of the activation chain
 * @activation_count: entries in the chain; the last is the current activation
 * @default_tag: tag of sectors whose seal says 0
 * @journal_seq: sequence of the first record behind this checkpoint
 * @journal_pos: its place, in journal units since the format (modulo the ring)
 * @journal_mac: MAC of the record before it
 * @written:     Unix seconds of this checkpoint
 * @warrant:     digest of what binds volume and warrant
 * @label:       name for people, UTF-8, NUL padded
 * @epochs:      all that are in use
 * @reserved: zero
 */
struct dmw_root_disk {
	struct dmw_seal_disk		tree[DMW_ROOTS];
	struct dmw_seal_disk		tags;
	struct dmw_wide_seal_disk	activations;
	__le32				activation_count;
	__le32				default_tag;
	__le64				journal_seq;
	__le64				journal_pos;
	u8				journal_mac[DMW_MAC_SIZE];
	__le64				written;
	u8				warrant[DMW_DIGEST_SIZE];
	u8				label[DMW_LABEL_SIZE];
	struct dmw_epoch_disk		epochs[DMW_MAX_EPOCHS];
	u8				reserved[2704];
};

/*
 * The tag table: case tag n has record n - 1. A record's seal lies in a node, the nodes' seals in
 * the top node, that one's in the root; each has two slots, as nodes of the tree have. Records are
 * in use from the first on, without gaps, for ever: a number is never given twice.
 */
#define DMW_TAG_NAME_SIZE	64
#define DMW_TAG_METADATA_SIZE	3072
#define DMW_MAX_TAG_RECORDS	(DMW_FANOUT * DMW_FANOUT)

/* In a seal of the tag table, @tag is the slot that holds the block. */
#define DMW_TAG_SEAL_SLOT	0x000000ffU
#define DMW_TAG_SEAL_STATE	8	/* of a record's seal: its state, from this bit on */

/* What the sectors of a tag allow. It never becomes less strict. */
enum dmw_tag_state {
	DMW_TAG_OPEN		= 1,
	DMW_TAG_FROZEN		= 2,	/* no writes, no discards */
	DMW_TAG_RESTRICTED	= 3,	/* no reads either */
	DMW_TAG_SHREDDED	= 4,	/* nothing, for ever: the keys are gone */
};

/** enum dmw_tag_level - what a block of the tag table is; part of its associated data */
enum dmw_tag_level {
	DMW_TAG_RECORD		= 0,
	DMW_TAG_NODE		= 1,
	DMW_TAG_TOP		= 2,
	DMW_TAG_LEVELS		= 3,
};

/**
 * struct dmw_tag_disk - a tag record
 * @tag:      number of the case tag
 * @state:    enum dmw_tag_state; the record's seal has it, too
 * @created:  Unix seconds
 * @changed:  Unix seconds, of the last change of anything here
 * @length:   bytes of @metadata
 * @pad: zero
 * @name:     for people, UTF-8, NUL padded; not empty
 * @metadata: of the case, JSON in UTF-8, opaque to the kernel; zero behind @length
 * @reserved: zero
 */
struct dmw_tag_disk {
	__le32	tag;
	__le32	state;
	__le64	created;
	__le64	changed;
	__le32	length;
	u8	pad[4];
	u8	name[DMW_TAG_NAME_SIZE];
	u8	metadata[DMW_TAG_METADATA_SIZE];
	u8	reserved[928];
};

#define DMW_SUPERBLOCKS		2	/* A and B; checkpoint n stands in copy n % 2 */
#define DMW_SUPERBLOCK_CLEAR	512
#define DMW_SUPERBLOCK_AAD	496	/* all that is clear but the MAC */

/**
 * struct dmw_superblock_disk - one block; written whole, under a nonce of its own
 * @copy:              0 = A, 1 = B: where this one belongs
 * @feature_compat:    unknown bits are ignored
 * @feature_ro_compat: unknown bits: may be opened for reading only
 * @feature_incompat:  unknown bits: must not be opened
 * @lun_blocks:        4 KiB blocks of the LUN in use
 * @data_sectors:      size of the volume
 * @superblock_b:      block of copy B
 * @activation_start:  first block of the activation area
 * @activation_blocks: length of the chain it holds; two slots each
 * @tag_records:       tag records it holds; two slots each
 * @tag_start:         first block of the tag area
 * @journal_start:     first block of the ring
 * @journal_blocks:    its length
 * @journal_unit:      bytes; records start at multiples of it
 * @group_start:       first block of group 0
 * @checkpoint:        number, up by one at each checkpoint
 * @epoch:             of the metadata key
 * @created:           Unix seconds of the format
 * @nonce:             all 24 bytes of the XAES nonce
 * @magic:       DMW_MAGIC
 * @version:     DMW_VERSION
 * @sector_size: DMW_SECTOR_SIZE
 * @uuid:        of the volume
 * @pad:         zero
 * @reserved:    zero
 * @mac:         over all that is clear and @root
 * @root:        encrypted
 */
struct dmw_superblock_disk {
	u8	magic[DMW_MAGIC_SIZE];
	__le16	version;
	__le16	copy;
	__le32	sector_size;
	u8	uuid[DMW_UUID_SIZE];
	__le64	feature_compat;
	__le64	feature_ro_compat;
	__le64	feature_incompat;
	__le64	lun_blocks;
	__le64	data_sectors;
	__le64	superblock_b;
	__le64	activation_start;
	__le32	activation_blocks;
	__le32	tag_records;
	__le64	tag_start;
	__le64	journal_start;
	__le32	journal_blocks;
	__le32	journal_unit;
	__le64	group_start;
	__le64	checkpoint;
	__le32	epoch;
	u8	pad[4];
	__le64	created;
	u8	reserved[312];
	u8	nonce[DMW_NONCE_SIZE];
	u8	mac[DMW_MAC_SIZE];
	struct dmw_root_disk	root;
};

/* Feature bits that this code knows. */
#define DMW_FEATURE_COMPAT_KNOWN	0ULL
#define DMW_FEATURE_RO_COMPAT_KNOWN	0ULL
#define DMW_FEATURE_INCOMPAT_TAGS	(1ULL << 0)	/* there are case tags */
#define DMW_FEATURE_INCOMPAT_KNOWN	DMW_FEATURE_INCOMPAT_TAGS

/*
 * The keyset: what a logon key's payload and a keyset file hold. Never on the LUN.
 */
#define DMW_KEYSET_MAGIC	0x4b574d44	/* "DMWK" */
#define DMW_KEYSET_VERSION	1
#define DMW_TAG_DEFAULT		0U
#define DMW_TAG_METADATA	0xffffffffU	/* the key of everything but data */

/*
 * In a keyset, instead of the keys of a tag: they were destroyed. So its sectors are known to be gone
 * for good, and are not taken for those of a tag whose key somebody forgot to bring.
 */
#define DMW_EPOCH_SHREDDED	0U	/* with a key of zeros */

/**
 * struct dmw_key_disk - one key, or the mark of a shredded tag
 * @tag:   case tag, DMW_TAG_DEFAULT or DMW_TAG_METADATA
 * @epoch: generation, from 1; DMW_EPOCH_SHREDDED
 * @key:   32 random bytes
 */
struct dmw_key_disk {
	__le32	tag;
	__le32	epoch;
	u8	key[DMW_KEY_SIZE];
};

/** struct dmw_keyset_disk - all keys of a volume */
struct dmw_keyset_disk {
	__le32	magic;
	__le16	version;
	__le16	count;
	u8	uuid[DMW_UUID_SIZE];
	struct dmw_key_disk	keys[];
};

#define DMW_KEYSET_MAX_KEYS	8192
#define DMW_KEYSET_PART_KEYS	800	/* what a logon key's 32 KiB payload holds */

#endif
