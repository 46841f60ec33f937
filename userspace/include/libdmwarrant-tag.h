/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant: case tags of an open volume, and of the files on it.
 *
 * The conventions of libdmwarrant.h hold, with two additions: ranges of a volume are in sectors of
 * 4096 bytes, and a function whose first parameter after the context is @volume takes a
 * device-mapper name, a /dev/mapper path or a volume UUID of an open volume, and answers -ENXIO
 * when it is not open and -ENODEV when something else has that name.
 */
#ifndef LIBDMWARRANT_TAG_H
#define LIBDMWARRANT_TAG_H

#include "libdmwarrant.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tags ---- */

#define LIBDMWARRANT_TAG_NAME_MAX	64	/* bytes of UTF-8 */
#define LIBDMWARRANT_TAG_CASE_MAX	3072	/* bytes of JSON */

/** enum libdmwarrant_tag_state - what may be done to a tag's sectors */
enum libdmwarrant_tag_state {
	LIBDMWARRANT_TAG_OPEN		= 1,	/* everything */
	LIBDMWARRANT_TAG_FROZEN		= 2,	/* they can be read, not changed */
	LIBDMWARRANT_TAG_RESTRICTED	= 3,	/* neither read nor changed */
	LIBDMWARRANT_TAG_SHREDDED	= 4,	/* nothing: their keys are gone */
};

/** libdmwarrant_tag_state_name() - "open", "frozen", "restricted", "shredded" */
const char *libdmwarrant_tag_state_name(enum libdmwarrant_tag_state state);

#define LIBDMWARRANT_TAG_VERSION	1

/**
 * struct libdmwarrant_tag - one tag
 * @version:  LIBDMWARRANT_TAG_VERSION
 * @tag:      its number; 0 = the volume's default tag
 * @state:    enum libdmwarrant_tag_state
 * @pad:      zero
 * @created:  when
 * @changed:  last change of its record
 * @name:     UTF-8, unique in the volume; "" = the default tag
 * @metadata: JSON text about the case, as libdmwarrant_case_check() accepts it; "" = none
 * @reserved: zero
 */
struct libdmwarrant_tag {
	uint32_t	version;
	uint32_t	tag;
	uint32_t	state;
	uint32_t	pad;
	uint64_t	created;
	uint64_t	changed;
	char		name[72];
	char		metadata[3080];
	uint64_t	reserved[8];
};

#define LIBDMWARRANT_KEYSOURCE_VERSION	1

/**
 * struct libdmwarrant_keysource - where a volume's keyset is kept: a file, a key store
 * @version:  LIBDMWARRANT_KEYSOURCE_VERSION
 * @pad:      zero
 * @get:      lock the keyset against other writers and read it; the caller frees it
 * @put:      store a keyset that has all keys of the one gotten and more. On return it is durable,
 *            or after a failure the old one is still there
 * @release:  undo @get's lock; called once after each @get that has succeeded
 * @arg:      for all three
 * @reserved: zero
 *
 * Each returns 0 or a negative errno with libdmwarrant_error() of @ctx set.
 */
struct libdmwarrant_keysource {
	uint32_t	version;
	uint32_t	pad;
	int		(*get)(void *arg, struct libdmwarrant *ctx,
			       struct libdmwarrant_keyset **keyset);
	int		(*put)(void *arg, struct libdmwarrant *ctx,
			       const struct libdmwarrant_keyset *keyset);
	void		(*release)(void *arg);
	void		*arg;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_keysource_file() - the keyset is a file
 * @ctx:    context
 * @path:   of the file, as for libdmwarrant_keyset_read()
 * @source: receives the functions; libdmwarrant_keysource_file_free() it
 *
 * The file is replaced atomically: at any moment the name leads to the old keyset or to the new
 * one, whole and durable.
 */
int libdmwarrant_keysource_file(struct libdmwarrant *ctx, const char *path,
				struct libdmwarrant_keysource *source);

/** libdmwarrant_keysource_file_free() - free what belongs to it; the file stays */
void libdmwarrant_keysource_file_free(struct libdmwarrant_keysource *source);

/**
 * libdmwarrant_tag_create() - make a new tag with keys of its own
 * @ctx:    context
 * @volume: see above; open for writing
 * @source: of the volume's keys: a new one is added to them first
 * @tag:    @name and @metadata are read; all of it is set to what was made
 *
 * The key is stored before the tag exists. When a crash leaves a key without its tag, the next tag
 * takes it.
 * Return: 0; -EINVAL name or metadata; -EEXIST the name is taken; -ENOSPC no more tags or keys;
 * -EKEYREJECTED not the keys of this volume; -ENOKEY an old copy of them; -EROFS; what @source
 * returns.
 */
int libdmwarrant_tag_create(struct libdmwarrant *ctx, const char *volume,
			    const struct libdmwarrant_keysource *source,
			    struct libdmwarrant_tag *tag);

/** libdmwarrant_tag_create_check() - all checks of the above that need no key; changes nothing */
int libdmwarrant_tag_create_check(struct libdmwarrant *ctx, const char *volume,
				  struct libdmwarrant_tag *tag);

/**
 * libdmwarrant_tag_edit() - change name and metadata
 * @ctx:      context
 * @volume:   see above
 * @tag:      number; not the default tag
 * @name:     NULL = as it is
 * @metadata: NULL = as it is; "" = none
 *
 * Return: 0; -ENOENT no such tag; -EINVAL, -EEXIST as libdmwarrant_tag_create(); -EPERM the tag is
 * not open, and what is said about it final.
 */
int libdmwarrant_tag_edit(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
			  const char *name, const char *metadata);

/** libdmwarrant_tag_edit_check() - all checks of the above; changes nothing */
int libdmwarrant_tag_edit_check(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
				const char *name, const char *metadata);

/** libdmwarrant_tag_show() - one tag by number. Return: 0 or -ENOENT */
int libdmwarrant_tag_show(struct libdmwarrant *ctx, const char *volume, uint32_t number,
			  struct libdmwarrant_tag *tag);

/**
 * libdmwarrant_tag_find() - one tag by what a person types
 * @ctx:    context
 * @volume: see above
 * @text:   a number, a name, or the beginning of just one name
 * @tag:    receives it
 *
 * No name looks like a number: libdmwarrant_tag_create() refuses it.
 * Return: 0; -ENOENT none; -EINVAL several names begin like that.
 */
int libdmwarrant_tag_find(struct libdmwarrant *ctx, const char *volume, const char *text,
			  struct libdmwarrant_tag *tag);

/**
 * libdmwarrant_tag_list() - all tags in order of their numbers; the default tag is none of them
 * @ctx:    context
 * @volume: see above
 * @match:  only tags whose name has this in it, without regard to case, or whose metadata fits it
 *          as libdmwarrant_case_match() says: "LIID=abc"; NULL = all
 * @fn:     called for each; non-zero ends with -ECANCELED
 * @arg:    for @fn
 */
int libdmwarrant_tag_list(struct libdmwarrant *ctx, const char *volume, const char *match,
			  int (*fn)(void *arg, const struct libdmwarrant_tag *tag), void *arg);

/* ---- ranges ---- */

/**
 * struct libdmwarrant_tag_extent - consecutive sectors with one tag, all written or all not
 * @start:    first sector
 * @length:   sectors
 * @tag:      of them
 * @written:  1 = they have contents; 0 = they read as zeros, and have the tag for later writes
 * @oldest:   when the sector written first was written; 0 = unwritten
 * @newest:   when the sector written last was
 * @reserved: zero
 */
struct libdmwarrant_tag_extent {
	uint64_t	start;
	uint64_t	length;
	uint32_t	tag;
	uint32_t	written;
	uint64_t	oldest;
	uint64_t	newest;
	uint64_t	reserved[2];
};

/**
 * libdmwarrant_tag_extents() - what the seals of a volume say, in order
 * @ctx:    context
 * @volume: see above
 * @start:  first sector
 * @end:    sector behind the last; 0 = the volume's end
 * @fn:     called for each extent; they are as long as can be; non-zero ends with -ECANCELED
 * @arg:    for @fn
 *
 * The volume may change meanwhile: what was handed out may be a moment old.
 * Return: 0; -ERANGE beyond the volume's end.
 */
int libdmwarrant_tag_extents(struct libdmwarrant *ctx, const char *volume, uint64_t start,
			     uint64_t end,
			     int (*fn)(void *arg, const struct libdmwarrant_tag_extent *e),
			     void *arg);

#define LIBDMWARRANT_ASSIGN_VERSION	1

#define LIBDMWARRANT_ASSIGN_DRY_RUN	(1U << 0)	/* all checks, no change */

/**
 * struct libdmwarrant_assign_result - what an assignment did, or would do
 * @version:  LIBDMWARRANT_ASSIGN_VERSION
 * @passes:   how often a file was looked at until nothing was left to do
 * @sectors:  in the range, or of the file
 * @already:  of these, had the tag before
 * @moved:    of these, had contents, which were sealed anew: written to the LUN once more
 * @residue:  of these, left alone: allocated to the file but not written by it yet, and holding
 *            what a deleted file left there. They are assigned once the file has written them
 * @reserved: zero
 */
struct libdmwarrant_assign_result {
	uint32_t	version;
	uint32_t	passes;
	uint64_t	sectors;
	uint64_t	already;
	uint64_t	moved;
	uint64_t	residue;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_tag_assign() - give a range of the volume to a tag, and wait for it
 * @ctx:    context
 * @volume: see above; open for writing
 * @tag:    number; 0 = the default tag
 * @start:  first sector
 * @length: sectors
 * @flags:  LIBDMWARRANT_ASSIGN_...
 * @result: receives what was done
 *
 * Only sectors that have another tag are touched; the volume stays in use meanwhile. When cancelled
 * by the progress function, the kernel still finishes the part it was at.
 * Return: 0; -ENOENT no such tag; -ERANGE beyond the end; -EPERM the tag, or a sector in the range,
 * is frozen, restricted or shredded (nothing was changed); -EBUSY another assignment is at work
 * there; -EIO some sectors could not be read.
 */
int libdmwarrant_tag_assign(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
			    uint64_t start, uint64_t length, uint32_t flags,
			    struct libdmwarrant_assign_result *result);

/* ---- files ---- */

/*
 * States a file's case. Text: the volume's UUID, a space, the tag's number in decimal. In the
 * trusted namespace, so that only root can state it; who writes the recordings cannot.
 */
#define LIBDMWARRANT_TAG_XATTR	"trusted.dm-warrant.case"

/**
 * libdmwarrant_tag_assign_file() - give a file, and a directory's future files, to a tag
 * @ctx:    context
 * @volume: see above; NULL = the one that the file lies on
 * @tag:    number; 0 = the default tag, and the attribute goes
 * @path:   regular file or directory, on a file system (ext4, xfs) directly on the volume or on
 *          partitions or linear device-mapper devices on it
 * @flags:  LIBDMWARRANT_ASSIGN_...
 * @result: receives what was done; for a directory, nothing but the attribute is set
 *
 * The attribute is set first, so that after a crash libdmwarrant_tag_check() can finish. The file's
 * blocks are looked up again until none has another tag, for it may be written to meanwhile.
 * Return: as libdmwarrant_tag_assign(); -EXDEV not on that volume; -EOPNOTSUPP a file system or a
 * kind of file whose blocks cannot be known, or that keeps copies elsewhere; -EAGAIN changes too
 * fast; errors of open(2).
 */
int libdmwarrant_tag_assign_file(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
				 const char *path, uint32_t flags,
				 struct libdmwarrant_assign_result *result);

/**
 * libdmwarrant_tag_of_file() - what a file's attribute says
 * @ctx:  context
 * @path: file or directory
 * @uuid: receives the volume's UUID
 * @tag:  receives the number
 *
 * Return: 0; -ENODATA no attribute; -EINVAL not one of ours.
 */
int libdmwarrant_tag_of_file(struct libdmwarrant *ctx, const char *path,
			     uint8_t uuid[LIBDMWARRANT_UUID_SIZE], uint32_t *tag);

/* ---- states ---- */

#define LIBDMWARRANT_TAG_STATE_VERSION	1

#define LIBDMWARRANT_TAG_STATE_DRY_RUN	(1U << 0)
#define LIBDMWARRANT_TAG_STATE_UNMOUNTED (1U << 1)	/* see below */

/**
 * struct libdmwarrant_tag_state_result - what a change of state did, or would do
 * @version:   LIBDMWARRANT_TAG_STATE_VERSION
 * @pad:       zero
 * @files:     that state the tag in their attribute
 * @immutable: of these, made immutable so that the file system refuses politely
 * @mounts:    file systems on the volume that were looked through
 * @reserved:  zero
 */
struct libdmwarrant_tag_state_result {
	uint32_t	version;
	uint32_t	pad;
	uint64_t	files;
	uint64_t	immutable;
	uint64_t	mounts;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_tag_set_state() - freeze or restrict a tag
 * @ctx:    context
 * @volume: see above
 * @tag:    number; not the default tag
 * @state:  LIBDMWARRANT_TAG_FROZEN or LIBDMWARRANT_TAG_RESTRICTED
 * @flags:  LIBDMWARRANT_TAG_STATE_...
 * @result: receives what was done
 *
 * Files of the tag on mounted file systems are made immutable and written out first: what the page
 * cache still held for a frozen sector would be lost. For a restricted tag their pages are dropped.
 * On return the state is durable. The way back needs two officers and is always refused here.
 * Nothing but the tag's files may have its blocks: a file system that got them for something else
 * could not write there. So file systems on the volume must be mounted, or
 * LIBDMWARRANT_TAG_STATE_UNMOUNTED must say that there is nothing of theirs in the tag's sectors.
 * Return: 0; -ENOENT no such tag; -EEXIST it has that state; -EPERM the way back, the default
 * tag, or shredded; -EBUSY a file of the tag has blocks that are not the tag's, or the other way
 * round: libdmwarrant_tag_check() repairs that; a file of the tag is open for writing; or a file
 * system is not mounted.
 */
int libdmwarrant_tag_set_state(struct libdmwarrant *ctx, const char *volume, uint32_t tag,
			       enum libdmwarrant_tag_state state, uint32_t flags,
			       struct libdmwarrant_tag_state_result *result);

/* ---- check ---- */

/** enum libdmwarrant_tag_fault - how attributes and seals can disagree */
enum libdmwarrant_tag_fault {
	LIBDMWARRANT_FAULT_WRONG_TAG	= 1,	/* a file's blocks have not the tag it states */
	LIBDMWARRANT_FAULT_UNTAGGED	= 2,	/* a file that states none has blocks of a tag */
	LIBDMWARRANT_FAULT_FREE		= 3,	/* free space has a tag: what a deleted file left */
	LIBDMWARRANT_FAULT_NOBODY	= 4,	/* the file system itself uses blocks of a tag */
	LIBDMWARRANT_FAULT_FOREIGN	= 5,	/* the attribute names another volume */
	LIBDMWARRANT_FAULT_UNKNOWN	= 6,	/* the attribute names no tag of the volume, or nonsense */
	LIBDMWARRANT_FAULT_UNMAPPABLE	= 7,	/* a file that states a tag, but whose blocks cannot be known */
};

/** libdmwarrant_tag_fault_name() - "wrong-tag", "untagged", "free", "nobody", "foreign", ... */
const char *libdmwarrant_tag_fault_name(enum libdmwarrant_tag_fault fault);

/** enum libdmwarrant_tag_repair - what became of a fault */
enum libdmwarrant_tag_repair {
	LIBDMWARRANT_REPAIR_NONE	= 0,	/* not asked for, or not possible */
	LIBDMWARRANT_REPAIR_DONE	= 1,
	LIBDMWARRANT_REPAIR_REFUSED	= 2,	/* frozen, restricted or shredded: never touched */
	LIBDMWARRANT_REPAIR_FAILED	= 3,
};

/**
 * struct libdmwarrant_tag_finding - one disagreement
 * @fault:    enum libdmwarrant_tag_fault
 * @repair:   enum libdmwarrant_tag_repair
 * @path:     of the file; NULL = no file
 * @expected: the tag that the blocks should have
 * @found:    the tag that they have
 * @start:    first sector; 0 with @length 0 = not about blocks
 * @length:   sectors
 * @text:     for people
 * @reserved: zero
 */
struct libdmwarrant_tag_finding {
	uint32_t	fault;
	uint32_t	repair;
	const char	*path;
	uint32_t	expected;
	uint32_t	found;
	uint64_t	start;
	uint64_t	length;
	const char	*text;
	uint64_t	reserved[4];
};

#define LIBDMWARRANT_TAG_CHECK_VERSION	1

#define LIBDMWARRANT_TAG_CHECK_REPAIR	(1U << 0)	/* give the blocks the tag they should have */
#define LIBDMWARRANT_TAG_CHECK_MOVE_FREE (1U << 1)	/* with it: see LIBDMWARRANT_FAULT_FREE below */

/**
 * struct libdmwarrant_tag_check_params - what to check
 * @version:  LIBDMWARRANT_TAG_CHECK_VERSION
 * @flags:    LIBDMWARRANT_TAG_CHECK_...
 * @path:     on a file system on the volume; NULL = all that are mounted. Not a mount point: only
 *            the files below it are judged, not free space
 * @finding:  called for each finding; NULL = not wanted; non-zero ends with -ECANCELED
 * @arg:      for @finding
 * @reserved: zero
 *
 * Free space keeps its former tag on purpose: what a deleted file left there stays sealed under its
 * case's key and goes with it. Repair discards it when the volume allows discards; otherwise it is
 * left alone unless LIBDMWARRANT_TAG_CHECK_MOVE_FREE asks for it to be sealed under the default
 * key, beyond the reach of the case's shredding.
 */
struct libdmwarrant_tag_check_params {
	uint32_t	version;
	uint32_t	flags;
	const char	*path;
	int		(*finding)(void *arg, const struct libdmwarrant_tag_finding *f);
	void		*arg;
	uint64_t	reserved[8];
};

/**
 * struct libdmwarrant_tag_check_result - the sum of it
 * @version:  LIBDMWARRANT_TAG_CHECK_VERSION
 * @mounts:   file systems looked through
 * @files:    regular files
 * @tagged:   of these, with an attribute
 * @findings: disagreements, free space not counted
 * @repaired: of these, put right
 * @refused:  of these, frozen, restricted or shredded
 * @free:     sectors of free space that have a tag
 * @cleared:  of these, discarded or moved to the default tag
 * @moved:    sectors sealed anew by repairs
 * @shredded: sectors of the file systems that can never be read or written again. No disagreement
 * @reserved: zero
 */
struct libdmwarrant_tag_check_result {
	uint32_t	version;
	uint32_t	mounts;
	uint64_t	files;
	uint64_t	tagged;
	uint64_t	findings;
	uint64_t	repaired;
	uint64_t	refused;
	uint64_t	free;
	uint64_t	cleared;
	uint64_t	moved;
	uint64_t	shredded;
	uint64_t	reserved[7];
};

/**
 * libdmwarrant_tag_check() - do the attributes of files and the tags of their blocks agree?
 *
 * File systems stay in use. What changes while it looks is looked at again before it is reported.
 * Return: 0 they agree, or all was repaired; -EUCLEAN findings remain; -ENXIO no file system on the
 * volume is mounted; -EXDEV @path is not on the volume.
 */
int libdmwarrant_tag_check(struct libdmwarrant *ctx, const char *volume,
			   const struct libdmwarrant_tag_check_params *params,
			   struct libdmwarrant_tag_check_result *result);

/* ---- watch ---- */

/** enum libdmwarrant_watch_event - what a watcher did */
enum libdmwarrant_watch_event {
	LIBDMWARRANT_WATCH_READY	= 1,	/* the watch has begun; from now on nothing is missed */
	LIBDMWARRANT_WATCH_PREPARED	= 2,	/* a new file got its tag before its first write */
	LIBDMWARRANT_WATCH_EXTENDED	= 3,	/* a growing file got more space of its tag */
	LIBDMWARRANT_WATCH_ASSIGNED	= 4,	/* blocks written under another tag were sealed anew */
	LIBDMWARRANT_WATCH_CLOSED	= 5,	/* a file was closed; nothing was to be done */
	LIBDMWARRANT_WATCH_LOST		= 6,	/* events were lost: libdmwarrant_tag_check() is needed */
	LIBDMWARRANT_WATCH_FAILED	= 7,	/* @text says what */
};

/**
 * struct libdmwarrant_watch_report - one thing that a watcher did
 * @event:    enum libdmwarrant_watch_event
 * @tag:      number
 * @path:     of the file; NULL = none
 * @moved:    sectors that had to be sealed anew
 * @text:     for people; NULL = nothing to add
 * @reserved: zero
 */
struct libdmwarrant_watch_report {
	uint32_t	event;
	uint32_t	tag;
	const char	*path;
	uint64_t	moved;
	const char	*text;
	uint64_t	reserved[4];
};

#define LIBDMWARRANT_WATCH_VERSION	1

/**
 * struct libdmwarrant_watch_params - how to watch
 * @version:     LIBDMWARRANT_WATCH_VERSION
 * @ahead_mib:   how much of a growing file to allocate and tag ahead of it; 0 = 16
 * @stop_fd:     watching ends when this becomes readable; -1 = never
 * @pad:         zero
 * @path:        a mount point of a file system on the volume
 * @report:      called for each event, from the calling thread; NULL = not wanted
 * @arg:         for @report
 * @reserved:    zero
 */
struct libdmwarrant_watch_params {
	uint32_t	version;
	uint32_t	ahead_mib;
	int		stop_fd;
	uint32_t	pad;
	const char	*path;
	int		(*report)(void *arg, const struct libdmwarrant_watch_report *r);
	void		*arg;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_tag_watch() - tag whatever is written below directories that state a tag
 *
 * A directory states a tag for its future files after libdmwarrant_tag_assign_file(); the nearest
 * directory upwards that states one decides. A file that is created there is held at its open()
 * until it has the attribute and some space of the tag, so that its contents are never sealed under
 * another key; more space is added while it grows, and what is too much goes when it is closed. A
 * file that was moved there, or outran the watcher, is sealed anew when it is closed.
 *
 * Return: 0 stopped; -EPERM needs root; as libdmwarrant_tag_check().
 */
int libdmwarrant_tag_watch(struct libdmwarrant *ctx, const char *volume,
			   const struct libdmwarrant_watch_params *params);

#ifdef __cplusplus
}
#endif

#endif
