/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant: sealed, authenticated volumes for interception evidence on untrusted LUNs.
 *
 * Conventions, which hold for every function here unless it says otherwise:
 *
 * - Functions that can fail return 0 or a negative errno; libdmwarrant_error() then has one line
 *   that names the cause and the next step. What the errnos mean is listed at enum
 *   libdmwarrant_exit.
 * - A context, and what was made from it, is used by one thread at a time. Different contexts are
 *   independent.
 * - Parameter and result structures are zeroed by the caller, then @version is set to the
 *   structure's ..._VERSION; fields named reserved stay zero. A library that does not know the
 *   version answers -EINVAL. New fields take the place of reserved ones, and zero always means "as
 *   before".
 * - Sizes and offsets are in bytes, sectors are 4096 bytes, times are Unix seconds.
 * - No function changes signal handlers, the umask or the environment.
 */
#ifndef LIBDMWARRANT_H
#define LIBDMWARRANT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_UUID_SIZE	16
#define LIBDMWARRANT_SALT_SIZE	12
#define LIBDMWARRANT_DIGEST_SIZE	32
#define LIBDMWARRANT_NAME_SIZE	128	/* of a device-mapper name, with the final NUL */
#define LIBDMWARRANT_LABEL_SIZE	65	/* with the final NUL */
#define LIBDMWARRANT_SECTOR_SIZE	4096

/** struct libdmwarrant - a context: last error, progress callback. Opaque */
struct libdmwarrant;

/** struct libdmwarrant_keyset - the keys of one volume, in locked memory. Opaque */
struct libdmwarrant_keyset;

/**
 * struct libdmwarrant_progress - how far a long operation is
 * @what:       for people: "reading nodes"
 * @done:       bytes
 * @total:      bytes; 0 = not known
 * @elapsed_ms: since the operation began
 * @reserved:   zero
 */
struct libdmwarrant_progress {
	const char	*what;
	uint64_t	done;
	uint64_t	total;
	uint64_t	elapsed_ms;
	uint64_t	reserved[4];
};

/**
 * typedef libdmwarrant_progress_fn - told about progress, at most ten times a second
 * @arg: as given to libdmwarrant_set_progress()
 * @p:   valid during the call
 *
 * Return: 0 to go on; anything else ends the operation with -ECANCELED.
 */
typedef int (*libdmwarrant_progress_fn)(void *arg, const struct libdmwarrant_progress *p);

/**
 * struct libdmwarrant_anchor - a checkpoint remembered off the array
 * @checkpoint: its number; 0 = none
 * @salt:       of the activation that committed it
 */
struct libdmwarrant_anchor {
	uint64_t	checkpoint;
	uint8_t		salt[LIBDMWARRANT_SALT_SIZE];
	uint8_t		reserved[4];
};

/* ---- context ---- */

/** libdmwarrant_version() - version of the library, "major.minor.patch" */
const char *libdmwarrant_version(void);

/**
 * libdmwarrant_new() - make a context
 * @ctx: receives it; libdmwarrant_free() it
 *
 * Return: 0 or -ENOMEM.
 */
int libdmwarrant_new(struct libdmwarrant **ctx);

/** libdmwarrant_free() - free a context; NULL is allowed. Keysets made with it stay valid */
void libdmwarrant_free(struct libdmwarrant *ctx);

/** libdmwarrant_error() - what went wrong last, one line; "" when nothing did. Owned by @ctx */
const char *libdmwarrant_error(const struct libdmwarrant *ctx);

/** libdmwarrant_set_progress() - be told about progress; NULL = no longer */
void libdmwarrant_set_progress(struct libdmwarrant *ctx, libdmwarrant_progress_fn fn, void *arg);

/**
 * enum libdmwarrant_exit - what a failure means to a script; the exit codes of warrantctl
 * @LIBDMWARRANT_EXIT_OK:      success
 * @LIBDMWARRANT_EXIT_USAGE:   wrong parameters: -EINVAL, -ERANGE, -ECANCELED, -ENOTUNIQ
 * @LIBDMWARRANT_EXIT_KEY:     no permission, wrong or destroyed key, warrant not in force: -EACCES,
 *                             -EPERM, -EKEYREJECTED, -ENOKEY, -EKEYEXPIRED, -EKEYREVOKED
 * @LIBDMWARRANT_EXIT_MEMORY:  -ENOMEM
 * @LIBDMWARRANT_EXIT_DEVICE:  wrong or unreadable device, and every other errno
 * @LIBDMWARRANT_EXIT_BUSY:    exists already or in use: -EEXIST, -EBUSY
 * @LIBDMWARRANT_EXIT_DAMAGE:  damage was found: -EUCLEAN
 * @LIBDMWARRANT_EXIT_STALE:   rolled back behind the anchor, or of another history: -ESTALE
 * @LIBDMWARRANT_EXIT_PENDING: done, but the registry is yet to be told: -EINPROGRESS
 *
 * 0 to 5 are those of cryptsetup(8).
 */
enum libdmwarrant_exit {
	LIBDMWARRANT_EXIT_OK		= 0,
	LIBDMWARRANT_EXIT_USAGE		= 1,
	LIBDMWARRANT_EXIT_KEY		= 2,
	LIBDMWARRANT_EXIT_MEMORY	= 3,
	LIBDMWARRANT_EXIT_DEVICE	= 4,
	LIBDMWARRANT_EXIT_BUSY		= 5,
	LIBDMWARRANT_EXIT_DAMAGE	= 6,
	LIBDMWARRANT_EXIT_STALE		= 7,
	LIBDMWARRANT_EXIT_PENDING	= 8,
};

/** libdmwarrant_exit() - the exit code for a return value of this library */
enum libdmwarrant_exit libdmwarrant_exit(int err);

/* ---- text forms ---- */

/** libdmwarrant_uuid_format() - 36 characters and a NUL, lower case */
void libdmwarrant_uuid_format(const uint8_t uuid[LIBDMWARRANT_UUID_SIZE], char text[37]);

/** libdmwarrant_uuid_parse() - Return: 0, or -EINVAL: not 8-4-4-4-12 hex digits, or all zero */
int libdmwarrant_uuid_parse(const char *text, uint8_t uuid[LIBDMWARRANT_UUID_SIZE]);

/** libdmwarrant_anchor_format() - "checkpoint:24 hex digits", at most 45 characters and a NUL */
void libdmwarrant_anchor_format(const struct libdmwarrant_anchor *a, char text[46]);

/** libdmwarrant_anchor_parse() - Return: 0 or -EINVAL */
int libdmwarrant_anchor_parse(const char *text, struct libdmwarrant_anchor *a);

/* ---- keysets ---- */

/**
 * libdmwarrant_keyset_read() - read a keyset file
 * @ctx:    context
 * @path:   a regular file, of the caller or root, that neither group nor others can access
 * @keyset: receives the keyset; libdmwarrant_keyset_free() it
 *
 * Return: 0; -EACCES readable for others; -EINVAL not a keyset; -EPROTONOSUPPORT a newer one;
 * errors of open(2) and read(2).
 */
int libdmwarrant_keyset_read(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_keyset **keyset);

/**
 * libdmwarrant_keyset_read_fd() - the same from a descriptor up to its end: pipe, memfd, file
 *
 * A regular file's permissions are judged as above. The descriptor stays open.
 */
int libdmwarrant_keyset_read_fd(struct libdmwarrant *ctx, int fd,
				struct libdmwarrant_keyset **keyset);

/**
 * libdmwarrant_keyset_generate() - random keys of epoch 1: metadata and default tag
 * @ctx:    context
 * @uuid:   of the volume; NULL = a random one
 * @keyset: receives it; it is nowhere but in memory until libdmwarrant_keyset_write()
 */
int libdmwarrant_keyset_generate(struct libdmwarrant *ctx, const uint8_t *uuid,
				 struct libdmwarrant_keyset **keyset);

/**
 * libdmwarrant_keyset_write() - write a new keyset file, mode 0600, durably
 *
 * Return: 0; -EEXIST: nothing is ever overwritten; errors of open(2), write(2), fsync(2). After a
 * failure no file is left.
 */
int libdmwarrant_keyset_write(struct libdmwarrant *ctx, const struct libdmwarrant_keyset *keyset,
			      const char *path);

/** libdmwarrant_keyset_free() - wipe and free; NULL is allowed */
void libdmwarrant_keyset_free(struct libdmwarrant_keyset *keyset);

/** libdmwarrant_keyset_uuid() - which volume the keys are for */
void libdmwarrant_keyset_uuid(const struct libdmwarrant_keyset *keyset,
			      uint8_t uuid[LIBDMWARRANT_UUID_SIZE]);

/** libdmwarrant_keyset_count() - number of keys, and of marks of shredded tags */
uint32_t libdmwarrant_keyset_count(const struct libdmwarrant_keyset *keyset);

#define LIBDMWARRANT_TAG_METADATA	0xffffffffU

/**
 * libdmwarrant_keyset_entry() - what a key is for; the key itself is never handed out
 * @keyset: keyset
 * @nr:     0 .. libdmwarrant_keyset_count() - 1
 * @tag:    receives the case tag, 0 = the default tag, or LIBDMWARRANT_TAG_METADATA
 * @epoch:  receives the epoch; 0 = no key at all, but the mark that the tag's keys were destroyed
 *
 * Return: 0, or -ERANGE.
 */
int libdmwarrant_keyset_entry(const struct libdmwarrant_keyset *keyset, uint32_t nr,
			      uint32_t *tag, uint32_t *epoch);

/* ---- devices ---- */

#define LIBDMWARRANT_SIGNATURES	8

/**
 * struct libdmwarrant_signature - something recognisable on a device
 * @type:   as blkid(8) calls it; "dm-warrant" for a volume of ours
 * @label:  "" = none
 * @uuid:   "" = none
 * @offset: of the magic
 */
struct libdmwarrant_signature {
	char		type[32];
	char		label[LIBDMWARRANT_LABEL_SIZE];
	char		uuid[40];
	uint64_t	offset;
};

#define LIBDMWARRANT_DEVICE_VERSION	1

#define LIBDMWARRANT_DEVICE_BLOCK	(1U << 0)	/* a block device, not a regular file */
#define LIBDMWARRANT_DEVICE_READ_ONLY	(1U << 1)
#define LIBDMWARRANT_DEVICE_PARTITION	(1U << 2)
#define LIBDMWARRANT_DEVICE_SIGNATURES_MORE	(1U << 3)	/* more than fit here */

/**
 * struct libdmwarrant_device - what is known of a device
 * @version:          LIBDMWARRANT_DEVICE_VERSION
 * @flags:            LIBDMWARRANT_DEVICE_...
 * @size:             bytes
 * @logical_block:    bytes
 * @physical_block:   bytes
 * @alignment_offset: bytes by which the device's start is misaligned; -1 = something below it is
 * @signature_count:  entries in @signatures
 * @partition_start:  bytes from the disk's start, of a partition
 * @path:             canonical
 * @wwid:             of the LUN, as the kernel has it; "" = none
 * @in_use:           by whom, for people; "" = free
 * @signatures:       what is on it
 * @reserved:         zero
 */
struct libdmwarrant_device {
	uint32_t			version;
	uint32_t			flags;
	uint64_t			size;
	uint32_t			logical_block;
	uint32_t			physical_block;
	int32_t				alignment_offset;
	uint32_t			signature_count;
	uint64_t			partition_start;
	char				path[256];
	char				wwid[160];
	char				in_use[256];
	struct libdmwarrant_signature	signatures[LIBDMWARRANT_SIGNATURES];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_device_probe() - look at a device or image file; changes nothing
 *
 * Return: 0; -ENOTBLK neither block device nor regular file; errors of open(2) and ioctl(2).
 */
int libdmwarrant_device_probe(struct libdmwarrant *ctx, const char *path,
			      struct libdmwarrant_device *device);

#define LIBDMWARRANT_VOLUME_VERSION	1

/**
 * struct libdmwarrant_volume - what a LUN says in the clear; nothing of it is authenticated
 * @version:         LIBDMWARRANT_VOLUME_VERSION
 * @epoch:           of the metadata key
 * @uuid:            of the volume
 * @anchor:          of the newest superblock
 * @lun_bytes:       of the LUN in use
 * @volume_bytes:    size of the volume
 * @created:         when formatted
 * @reserved:        zero
 */
struct libdmwarrant_volume {
	uint32_t			version;
	uint32_t			epoch;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint64_t			lun_bytes;
	uint64_t			volume_bytes;
	uint64_t			created;
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_volume_peek() - read the clear part of the superblocks; needs no key
 *
 * Return: 0; -ENODEV no volume there; -EPROTONOSUPPORT a newer format; -EUCLEAN damaged.
 */
int libdmwarrant_volume_peek(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_volume *volume);

/* ---- format ---- */

#define LIBDMWARRANT_FORMAT_VERSION	1

#define LIBDMWARRANT_FORMAT_DRY_RUN		(1U << 0)	/* all checks, no write */
#define LIBDMWARRANT_FORMAT_SMALL_BLOCKS	(1U << 1)	/* see below */

/**
 * struct libdmwarrant_format_params - how to format
 * @version:     LIBDMWARRANT_FORMAT_VERSION
 * @flags:       LIBDMWARRANT_FORMAT_...
 * @label:       name for people, at most 64 bytes of UTF-8; NULL = none
 * @erase:       types of the signatures that may be erased; all that are there must be named
 * @erase_count: entries in @erase
 * @journal_mib: size of the journal; 0 = chosen by size
 * @warrant:     digest of what binds volume and warrant, LIBDMWARRANT_DIGEST_SIZE bytes; NULL = none
 * @reserved:    zero
 *
 * LIBDMWARRANT_FORMAT_SMALL_BLOCKS accepts a LUN that does not write 4 KiB atomically: after a
 * power failure of the array a sector that was being overwritten may then be neither old nor new.
 * It is reported as damaged, never returned.
 */
struct libdmwarrant_format_params {
	uint32_t		version;
	uint32_t		flags;
	const char		*label;
	const char *const	*erase;
	uint32_t		erase_count;
	uint32_t		journal_mib;
	const uint8_t		*warrant;
	uint64_t		reserved[7];
};

/**
 * struct libdmwarrant_format_result - what format made, or would make
 * @version:       LIBDMWARRANT_FORMAT_VERSION
 * @journal_unit:  bytes
 * @uuid:          of the volume
 * @anchor:        the first anchor; zero after a dry run
 * @lun_bytes:     of the LUN in use
 * @volume_bytes:  usable
 * @journal_bytes: of the ring
 * @bytes_written: by the format itself
 * @epoch:         of the keys in use
 * @pad:           zero
 * @reserved:      zero
 */
struct libdmwarrant_format_result {
	uint32_t			version;
	uint32_t			journal_unit;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint64_t			lun_bytes;
	uint64_t			volume_bytes;
	uint64_t			journal_bytes;
	uint64_t			bytes_written;
	uint32_t			epoch;
	uint32_t			pad;
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_format() - make a volume
 * @ctx:    context
 * @path:   block device or image file; not in use
 * @keyset: has the volume's UUID, and for its newest epoch the metadata key and the default tag's
 * @params: how
 * @result: receives what was made
 *
 * The keyset should be new, and stored durably before. Every check is done before the first write.
 * Return: 0; -EBUSY in use; -EEXIST a signature is there that @params does not name; -ENOSPC too
 * small; -EINVAL misaligned, small blocks, or a bad parameter; -ENOKEY a key is missing; -EROFS.
 */
int libdmwarrant_format(struct libdmwarrant *ctx, const char *path,
			const struct libdmwarrant_keyset *keyset,
			const struct libdmwarrant_format_params *params,
			struct libdmwarrant_format_result *result);

/* ---- check ---- */

/** enum libdmwarrant_kind - what a block holds */
enum libdmwarrant_kind {
	LIBDMWARRANT_KIND_SUPERBLOCK	= 1,
	LIBDMWARRANT_KIND_ACTIVATIONS	= 2,
	LIBDMWARRANT_KIND_JOURNAL	= 3,
	LIBDMWARRANT_KIND_NODE		= 4,
	LIBDMWARRANT_KIND_DATA		= 5,
	LIBDMWARRANT_KIND_TAG		= 6,
};

/** libdmwarrant_kind_name() - "superblock", "activations", "journal", "node", "data", "tag" */
const char *libdmwarrant_kind_name(enum libdmwarrant_kind kind);

/**
 * struct libdmwarrant_extent - consecutive blocks of the LUN that hold something
 * @kind:     enum libdmwarrant_kind
 * @level:    of a node; 0 = leaf. Of the tag table: 0 = record, 1 = node, 2 = top
 * @index:    of the first: copy of the superblock, link of the chain, node of its level, sector,
 *            record (that of tag n is n - 1)
 * @block:    first block, in 4096 bytes from the LUN's start
 * @count:    blocks
 * @reserved: zero
 */
struct libdmwarrant_extent {
	uint32_t	kind;
	uint32_t	level;
	uint64_t	index;
	uint64_t	block;
	uint64_t	count;
	uint64_t	reserved[2];
};

/**
 * struct libdmwarrant_damage - what check found
 * @extent:       where
 * @reason:       for people: "does not verify", "read error"
 * @first_sector: first of the sectors that thereby cannot be read
 * @sectors:      their number; 0 = all can still be read
 * @reserved:     zero
 */
struct libdmwarrant_damage {
	struct libdmwarrant_extent	extent;
	const char			*reason;
	uint64_t			first_sector;
	uint64_t			sectors;
	uint64_t			reserved[2];
};

#define LIBDMWARRANT_CHECK_VERSION	1

#define LIBDMWARRANT_CHECK_DATA		(1U << 0)	/* read and verify every written sector */

/**
 * struct libdmwarrant_epoch_count - what is sealed under the keys of one epoch
 * @epoch:    number
 * @current:  1 = the volume's current one
 * @sectors:  written sectors that are not shredded
 * @nodes:    nodes
 * @reserved: zero
 */
struct libdmwarrant_epoch_count {
	uint32_t	epoch;
	uint32_t	current;
	uint64_t	sectors;
	uint64_t	nodes;
	uint64_t	reserved[2];
};

/**
 * struct libdmwarrant_check_params - what to check
 * @version:  LIBDMWARRANT_CHECK_VERSION
 * @flags:    LIBDMWARRANT_CHECK_...
 * @anchor:   oldest acceptable checkpoint; zero = any
 * @damage:   called for each damage found; NULL = just count. Non-zero ends with -ECANCELED
 * @map:      called for each extent that holds something; NULL = not wanted
 * @arg:      for both
 * @epochs:   receives counts, by epoch, ascending; those that do not fit are left out. NULL = not wanted
 * @epoch_space: entries that fit there
 * @pad:      zero
 * @reserved: zero
 */
struct libdmwarrant_check_params {
	uint32_t			version;
	uint32_t			flags;
	struct libdmwarrant_anchor	anchor;
	int				(*damage)(void *arg, const struct libdmwarrant_damage *d);
	int				(*map)(void *arg, const struct libdmwarrant_extent *e);
	void				*arg;
	struct libdmwarrant_epoch_count	*epochs;
	uint32_t			epoch_space;
	uint32_t			pad;
	uint64_t			reserved[6];
};

/**
 * struct libdmwarrant_check_result - the sum of it
 * @version:            LIBDMWARRANT_CHECK_VERSION
 * @activations:        openings so far
 * @uuid:               of the volume
 * @anchor:             the checkpoint that was checked
 * @volume_sectors:     size of the volume
 * @nodes:              nodes that verified
 * @written_sectors:    sectors that were ever written, as far as nodes could be read
 * @verified_sectors:   of these, read and verified
 * @pending_sectors:    of these, left out because the journal has newer seals for them
 * @journal_records:    to be replayed by the next opening; 0 after a clean close
 * @damaged:            blocks found damaged
 * @unreadable_sectors: sectors that cannot be read because of them
 * @bytes_read:         from the LUN
 * @label:              of the volume
 * @tags:               tags whose records verified
 * @epoch_count:        entries in @epochs of the parameters
 * @warrant:            digest that the volume is bound to; zero = none
 * @shredded_sectors:   of those written, shredded: their seals are there, their keys are not. No damage
 * @reserved:           zero
 */
struct libdmwarrant_check_result {
	uint32_t			version;
	uint32_t			activations;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint64_t			volume_sectors;
	uint64_t			nodes;
	uint64_t			written_sectors;
	uint64_t			verified_sectors;
	uint64_t			pending_sectors;
	uint64_t			journal_records;
	uint64_t			damaged;
	uint64_t			unreadable_sectors;
	uint64_t			bytes_read;
	char				label[LIBDMWARRANT_LABEL_SIZE];
	uint32_t			tags;
	uint32_t			epoch_count;
	uint8_t				warrant[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t			shredded_sectors;
	uint64_t			reserved[2];
};

/**
 * libdmwarrant_check() - verify a closed volume; never writes
 *
 * Return: 0 sound; -EUCLEAN damage was found (@result is complete); -EBUSY open; and as
 * libdmwarrant_open() when the volume cannot be loaded at all.
 */
int libdmwarrant_check(struct libdmwarrant *ctx, const char *path,
		       const struct libdmwarrant_keyset *keyset,
		       const struct libdmwarrant_check_params *params,
		       struct libdmwarrant_check_result *result);

/* ---- dump ---- */

enum libdmwarrant_dump {
	LIBDMWARRANT_DUMP_SUPERBLOCK	= 1,
	LIBDMWARRANT_DUMP_ACTIVATIONS	= 2,
	LIBDMWARRANT_DUMP_JOURNAL	= 3,
	LIBDMWARRANT_DUMP_NODE		= 4,
	LIBDMWARRANT_DUMP_SECTOR	= 5,
};

enum libdmwarrant_field_type {
	LIBDMWARRANT_FIELD_GROUP	= 0,	/* begins a structure at @offset */
	LIBDMWARRANT_FIELD_NUMBER	= 1,
	LIBDMWARRANT_FIELD_TIME		= 2,	/* @number is Unix seconds */
	LIBDMWARRANT_FIELD_TEXT		= 3,
};

/**
 * struct libdmwarrant_field - one field of a structure
 * @type:     enum libdmwarrant_field_type
 * @size:     bytes on the LUN
 * @offset:   bytes from the start of the structure's block
 * @name:     as in the format's description, or the group's name
 * @number:   value, of numbers and times
 * @text:     value, of texts (byte fields are in hex); of a group: whether it verifies
 * @reserved: zero
 */
struct libdmwarrant_field {
	uint32_t	type;
	uint32_t	size;
	uint64_t	offset;
	const char	*name;
	uint64_t	number;
	const char	*text;
	uint64_t	reserved[2];
};

#define LIBDMWARRANT_DUMP_VERSION	1

/**
 * struct libdmwarrant_dump_params - what to dump
 * @version:  LIBDMWARRANT_DUMP_VERSION
 * @what:     enum libdmwarrant_dump
 * @level:    of a node
 * @pad:      zero
 * @index:    of a node, or the sector
 * @field:    receives the fields; NULL = not wanted
 * @raw:      receives the blocks as they stand on the LUN; NULL = not wanted
 * @data:     receives a sector's contents, once verified; NULL = not wanted
 * @arg:      for all three, whose non-zero return ends with -ECANCELED
 * @reserved: zero
 */
struct libdmwarrant_dump_params {
	uint32_t	version;
	uint32_t	what;
	uint32_t	level;
	uint32_t	pad;
	uint64_t	index;
	int		(*field)(void *arg, const struct libdmwarrant_field *f);
	int		(*raw)(void *arg, const void *data, size_t size);
	int		(*data)(void *arg, const void *data, size_t size);
	void		*arg;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_dump() - show a structure; never shows keys, never writes
 * @ctx:    context
 * @path:   device or image file; may be open, when what is seen may be a moment old
 * @keyset: NULL = only the clear part of the superblocks can be shown
 * @params: what
 *
 * Return: 0; -EUCLEAN it does not verify (it is shown as far as possible); -ENOKEY needs a keyset;
 * -ERANGE no such node or sector; and as libdmwarrant_open().
 */
int libdmwarrant_dump(struct libdmwarrant *ctx, const char *path,
		      const struct libdmwarrant_keyset *keyset,
		      const struct libdmwarrant_dump_params *params);

/* ---- open volumes ---- */

#define LIBDMWARRANT_OPEN_VERSION	1

#define LIBDMWARRANT_OPEN_DRY_RUN		(1U << 0)	/* all checks, no mapping */
#define LIBDMWARRANT_OPEN_READ_ONLY		(1U << 1)
#define LIBDMWARRANT_OPEN_ALLOW_DISCARDS	(1U << 2)	/* shows the array what is free */

/**
 * struct libdmwarrant_open_params - how to open
 * @version:            LIBDMWARRANT_OPEN_VERSION
 * @flags:              LIBDMWARRANT_OPEN_...
 * @cache_mib:          node cache; 0 = the kernel's choice
 * @checkpoint_seconds: interval; 0 = the kernel's choice
 * @anchor:             oldest acceptable checkpoint; zero = any
 * @warrant:            digest that the volume must be bound to, LIBDMWARRANT_DIGEST_SIZE bytes;
 *                      NULL = any. The kernel checks it again
 * @reserved:           zero
 */
struct libdmwarrant_open_params {
	uint32_t			version;
	uint32_t			flags;
	uint32_t			cache_mib;
	uint32_t			checkpoint_seconds;
	struct libdmwarrant_anchor	anchor;
	const uint8_t			*warrant;
	uint64_t			reserved[7];
};

/**
 * struct libdmwarrant_open_result - what was opened, or would be
 * @version:         LIBDMWARRANT_OPEN_VERSION
 * @other_damaged:   1 = one copy of the superblock does not verify; the other is used
 * @uuid:            of the volume
 * @anchor:          the checkpoint on the LUN before the opening
 * @volume_bytes:    size
 * @journal_records: that the opening replayed
 * @label:           of the volume
 * @reserved:        zero
 */
struct libdmwarrant_open_result {
	uint32_t			version;
	uint32_t			other_damaged;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint64_t			volume_bytes;
	uint64_t			journal_records;
	char				label[LIBDMWARRANT_LABEL_SIZE];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_open() - open a volume as /dev/mapper/@name
 * @ctx:    context
 * @path:   block device; a regular file only in a dry run
 * @name:   device-mapper name
 * @keyset: its keys; they pass through the thread's keyring and are gone from it on return
 * @params: how
 * @result: receives what was opened
 *
 * Return: 0; -ENODEV not a volume; -EPROTONOSUPPORT and -EOPNOTSUPP newer; -EKEYREJECTED wrong
 * keyset; -ENOKEY a key is missing; -ENOSPC truncated LUN; -ESTALE rolled back; -EUCLEAN damaged;
 * -EBUSY the device is in use; -EEXIST name or volume is open already; errors of device-mapper.
 */
int libdmwarrant_open(struct libdmwarrant *ctx, const char *path, const char *name,
		      const struct libdmwarrant_keyset *keyset,
		      const struct libdmwarrant_open_params *params,
		      struct libdmwarrant_open_result *result);

#define LIBDMWARRANT_STATUS_VERSION	1

/**
 * struct libdmwarrant_status - state of an open volume
 * @version:       LIBDMWARRANT_STATUS_VERSION
 * @open_count:    how often the block device is opened
 * @uuid:          of the volume
 * @anchor:        newest committed checkpoint, as the kernel knows it
 * @volume_bytes:  size
 * @activation:    number of this opening
 * @read_only:     1 = read-only
 * @suspended:     1 = suspended
 * @major:         of the block device
 * @minor:         of the block device
 * @pad:           zero
 * @journal_used:  journal units
 * @journal_units: of the ring
 * @nodes_cached:  nodes in memory
 * @node_limit:    most there may be
 * @nodes_dirty:   not yet in a checkpoint
 * @mismatches:    sectors whose seal did not fit since the opening
 * @recovered:     sectors settled by crash recovery at this opening
 * @lost:          sectors found damaged by it
 * @name:          device-mapper name
 * @mode:          "rw", "ro", "failed", "shredded": all keys are gone, or "new": mapped but not
 *                 yet opened
 * @device:        path of the LUN
 * @reserved:      zero
 */
struct libdmwarrant_status {
	uint32_t			version;
	uint32_t			open_count;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	uint64_t			volume_bytes;
	uint32_t			activation;
	uint32_t			read_only;
	uint32_t			suspended;
	uint32_t			major;
	uint32_t			minor;
	uint32_t			pad;
	uint64_t			journal_used;
	uint64_t			journal_units;
	uint64_t			nodes_cached;
	uint64_t			node_limit;
	uint64_t			nodes_dirty;
	uint64_t			mismatches;
	uint64_t			recovered;
	uint64_t			lost;
	char				name[LIBDMWARRANT_NAME_SIZE];
	char				mode[16];
	char				device[256];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_status() - state of one open volume
 * @ctx:    context
 * @name:   device-mapper name, /dev/mapper path, or volume UUID
 * @status: receives it
 *
 * Return: 0; -ENXIO not open; -ENODEV something else has that name; -EPROTO the kernel module is of
 * another version; errors of device-mapper.
 */
int libdmwarrant_status(struct libdmwarrant *ctx, const char *name,
			struct libdmwarrant_status *status);

/**
 * libdmwarrant_list() - all open volumes
 * @ctx: context
 * @fn:  called for each; non-zero ends with -ECANCELED
 * @arg: for @fn
 *
 * Return: 0, also when there is no device-mapper; errors of device-mapper.
 */
int libdmwarrant_list(struct libdmwarrant *ctx,
		      int (*fn)(void *arg, const struct libdmwarrant_status *status), void *arg);

/**
 * libdmwarrant_scan() - block devices that carry a volume, open or not
 * @ctx: context
 * @fn:  called for each; non-zero ends with -ECANCELED
 * @arg: for @fn
 *
 * Devices that cannot be read are skipped. So are the paths of a multipath device.
 * Return: 0 or -ENOMEM or -ECANCELED.
 */
int libdmwarrant_scan(struct libdmwarrant *ctx,
		      int (*fn)(void *arg, const char *path,
				const struct libdmwarrant_volume *volume), void *arg);

#define LIBDMWARRANT_CLOSE_VERSION	1

#define LIBDMWARRANT_CLOSE_DRY_RUN	(1U << 0)	/* say whether it could be closed */
#define LIBDMWARRANT_CLOSE_DEFERRED	(1U << 1)	/* when the last user is gone */
#define LIBDMWARRANT_CLOSE_FORCE	(1U << 2)	/* fail all I/O from now on, then close */

/**
 * struct libdmwarrant_close_params - how to close
 * @version:  LIBDMWARRANT_CLOSE_VERSION
 * @flags:    LIBDMWARRANT_CLOSE_...
 * @reserved: zero
 */
struct libdmwarrant_close_params {
	uint32_t	version;
	uint32_t	flags;
	uint64_t	reserved[8];
};

/**
 * struct libdmwarrant_close_result - the anchor to remember
 * @version:       LIBDMWARRANT_CLOSE_VERSION
 * @deferred:      1 = still open, no anchor yet
 * @authenticated: 1 = @anchor is what the kernel committed last; 0 = it was read from the LUN after
 *                 the kernel was gone, and is as trustworthy as the LUN
 * @pad:           zero
 * @uuid:          of the volume
 * @anchor:        newest checkpoint
 * @name:          that it was open as
 * @device:        path of the LUN
 * @reserved:      zero
 */
struct libdmwarrant_close_result {
	uint32_t			version;
	uint32_t			deferred;
	uint32_t			authenticated;
	uint32_t			pad;
	uint8_t				uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_anchor	anchor;
	char				name[LIBDMWARRANT_NAME_SIZE];
	char				device[256];
	uint64_t			reserved[8];
};

/**
 * libdmwarrant_close() - close a volume and read back its last checkpoint
 * @ctx:    context
 * @name:   device-mapper name, /dev/mapper path, or volume UUID
 * @params: how
 * @result: receives the anchor
 *
 * Return: 0; -ENXIO not open; -EBUSY in use, libdmwarrant_error() says by what; -ESTALE closed, but
 * the LUN returns an older checkpoint than the kernel committed.
 */
int libdmwarrant_close(struct libdmwarrant *ctx, const char *name,
		       const struct libdmwarrant_close_params *params,
		       struct libdmwarrant_close_result *result);

#ifdef __cplusplus
}
#endif

#endif
