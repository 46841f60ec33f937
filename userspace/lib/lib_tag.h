/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files about case tags share. Nothing here leaves the library. */
#ifndef LIB_TAG_H
#define LIB_TAG_H

#include "lib_private.h"
#include "libdmwarrant-tag.h"

/* tag.c */

/**
 * struct lib_tag_volume - an open volume, as far as tags need it
 * @name:      device-mapper name
 * @uuid:      of the volume
 * @dev:       of /dev/mapper/@name
 * @sectors:   its size
 * @read_only: likewise
 */
struct lib_tag_volume {
	char	name[LIBDMWARRANT_NAME_SIZE];
	u8	uuid[DMW_UUID_SIZE];
	dev_t	dev;
	u64	sectors;
	bool	read_only;
};

void lib_tag_from_mapping(const struct lib_mapping *m, struct lib_tag_volume *v);
int lib_tag_volume(struct libdmwarrant *ctx, const char *volume, struct lib_tag_volume *v);
int lib_tag_show(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 number,
		 struct libdmwarrant_tag *tag);
int lib_tag_refuse_read_only(struct libdmwarrant *ctx, const struct lib_tag_volume *v);

/* tag_states.c */

/** struct lib_tag_state - number and state of a tag */
struct lib_tag_state {
	u32	tag;
	u32	state;
};

/**
 * struct lib_tag_states - all tags of a volume but the default one, by number
 * @count: entries
 * @tags:  entries
 */
struct lib_tag_states {
	size_t			count;
	struct lib_tag_state	*tags;
};

int lib_tag_states(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		   struct lib_tag_states *s);
void lib_tag_states_free(struct lib_tag_states *s);
u32 lib_tag_states_find(const struct lib_tag_states *s, u32 tag);
u32 lib_tag_state_parse(const char *text);

/* tag_key.c */

int lib_tag_key(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		const struct libdmwarrant_keysource *source, struct libdmwarrant_keyset *k,
		u32 tag);

/* runs.c */

/**
 * struct lib_run - consecutive sectors
 * @start:  first
 * @length: their number
 */
struct lib_run {
	u64	start;
	u64	length;
};

/** struct lib_runs - a growing array of runs. All zero = empty */
struct lib_runs {
	size_t		count;
	size_t		space;
	struct lib_run	*runs;
};

int lib_runs_add(struct lib_runs *r, u64 start, u64 length);
void lib_runs_free(struct lib_runs *r);
void lib_runs_sort(struct lib_runs *r);
u64 lib_runs_sum(const struct lib_runs *r);
size_t lib_runs_after(const struct lib_runs *r, u64 sector);
int lib_runs_subtract(const struct lib_runs *r, u64 start, u64 length, struct lib_runs *left);

/* tag_range.c */

int lib_tag_extents(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u64 start, u64 end,
		    int (*fn)(void *arg, const struct libdmwarrant_tag_extent *e), void *arg);
int lib_tag_assign_target(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
			  const struct lib_tag_states *s, u32 tag);

/**
 * struct lib_todo - what an assignment has to do in a range
 * @states:  of all tags
 * @tag:     that the range is to have
 * @prealloc: sectors that a file has allocated but not written: contents are not its own
 * @runs:    receives the sectors that have another tag
 * @already: receives how many have it
 * @written: receives how many of @runs have contents
 * @residue: receives how many are left alone, see struct libdmwarrant_assign_result
 * @barred:  receives the first extent that must not be touched; length 0 = none
 */
struct lib_todo {
	const struct lib_tag_states	*states;
	u32				tag;
	bool				prealloc;
	struct lib_runs			runs;
	u64				already;
	u64				written;
	u64				residue;
	struct libdmwarrant_tag_extent	barred;
};

int lib_todo_add(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct lib_todo *t,
		 u64 start, u64 length);
int lib_todo_barred(struct libdmwarrant *ctx, const struct lib_todo *t, const char *what);
int lib_todo_run(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct lib_todo *t,
		 u64 *moved);
void lib_todo_free(struct lib_todo *t);

/* tag_stack.c */

/**
 * struct lib_segment - a stretch of a file system's device that lies on the volume
 * @from:   first byte on the device
 * @length: bytes
 * @to:     first byte on the volume
 */
struct lib_segment {
	u64	from;
	u64	length;
	u64	to;
};

/** struct lib_stack - how a device, @dev, lies on a volume; by @from */
struct lib_stack {
	dev_t			dev;
	size_t			count;
	struct lib_segment	*segments;
};

int lib_stack_find(struct libdmwarrant *ctx, dev_t dev, const struct lib_tag_volume *v,
		   struct lib_stack *stack);
void lib_stack_free(struct lib_stack *stack);
int lib_stack_map(const struct lib_stack *stack, u64 from, u64 length,
		  int (*fn)(void *arg, u64 to, u64 length), void *arg);
int lib_stack_volume(struct libdmwarrant *ctx, dev_t dev, const char *path,
		     struct lib_tag_volume *v, struct lib_stack *stack);
int lib_stack_unmap(const struct lib_stack *stack, u64 to, u64 length,
		    int (*fn)(void *arg, u64 from, u64 length), void *arg);

/* tag_file.c */

/* What lib_file_map() says of blocks. */
#define LIB_BLOCKS_PREALLOC	(1U << 0)	/* allocated, not written: contents are not the file's */
#define LIB_BLOCKS_PAST_END	(1U << 1)	/* behind the end of the file */
#define LIB_BLOCKS_SHARED	(1U << 2)	/* another file's too */

/* What lib_file_map() is told. */
#define LIB_MAP_NO_SYNC		(1U << 0)	/* do not write the file out first */

typedef int (*lib_blocks_fn)(void *arg, u64 start, u64 length, unsigned int blocks);

int lib_file_check(struct libdmwarrant *ctx, int fd, const char *path);
int lib_file_map_range(struct libdmwarrant *ctx, int fd, const char *path,
		       const struct lib_stack *stack, unsigned int flags, u64 from, u64 end,
		       lib_blocks_fn fn, void *arg);
int lib_file_map(struct libdmwarrant *ctx, int fd, const char *path, const struct lib_stack *stack,
		 unsigned int flags, lib_blocks_fn fn, void *arg);
int lib_file_todo(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		  const struct lib_stack *stack, int fd, const char *path, unsigned int flags,
		  struct lib_todo *t);
int lib_file_assign(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		    const struct lib_stack *stack, const struct lib_tag_states *states, u32 tag,
		    int fd, const char *path, struct libdmwarrant_assign_result *result);
int lib_file_has_tail(struct libdmwarrant *ctx, int fd, const char *path,
		      const struct lib_stack *stack);
int lib_file_trim(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		  const struct lib_stack *stack, const struct lib_tag_states *states, int fd,
		  const char *path);

/* tag_attr.c */

int lib_attr_get(int fd, u8 uuid[DMW_UUID_SIZE], u32 *tag);
int lib_attr_get_at(const char *path, u8 uuid[DMW_UUID_SIZE], u32 *tag);
int lib_attr_set(int fd, const u8 uuid[DMW_UUID_SIZE], u32 tag);

/* tag_walk.c */

/**
 * struct lib_mount - a mounted file system on a volume
 * @dev:    its device number
 * @id:     of the mount, as in mountinfo
 * @point:  where; the mount shows the file system's root
 * @stack:  how it lies on the volume
 */
struct lib_mount {
	dev_t			dev;
	u64			id;
	char			*point;
	struct lib_stack	stack;
};

/** struct lib_mounts - all of a volume's; one for each file system */
struct lib_mounts {
	size_t			count;
	struct lib_mount	*mounts;
};

int lib_mounts(struct libdmwarrant *ctx, const struct lib_tag_volume *v, struct lib_mounts *m);
void lib_mounts_free(struct lib_mounts *m);
int lib_mount_open(struct libdmwarrant *ctx, const struct lib_mount *m);

/**
 * typedef lib_walk_fn - told about a regular file
 * @arg:  as given
 * @fd:   of the file, for reading
 * @path: of it, below what is walked
 * @st:   of it
 *
 * Return: 0 to go on, anything else ends the walk.
 */
typedef int (*lib_walk_fn)(void *arg, int fd, const char *path, const struct stat *st);

/**
 * struct lib_walk - a walk through files
 * @ctx:    context, which has the error when @failed is called
 * @fn:     called for each file; several times for one with several names
 * @failed: called with the error when something cannot be opened or read. Return: 0 to go on
 *          without it. NULL = the walk ends
 * @arg:    for both
 * @dev:    file system that it stays on
 * @path:   in hand; the walk's own
 */
struct lib_walk {
	struct libdmwarrant	*ctx;
	lib_walk_fn		fn;
	int			(*failed)(void *arg, const char *path, int err);
	void			*arg;
	dev_t			dev;
	char			path[PATH_MAX];
};

int lib_mount_usable(struct libdmwarrant *ctx, dev_t dev, const char *path);
int lib_walk_whole(struct lib_walk *w, const struct lib_mount *m);
int lib_walk_below(struct lib_walk *w, int root, const char *point, const char *path);
int lib_walk(struct libdmwarrant *ctx, const struct lib_mount *m, const char *path, lib_walk_fn fn,
	     void *arg);

/* tag_space.c */

int lib_space_free(int fd, dev_t dev, const struct lib_stack *stack, struct lib_runs *free_space);
int lib_space_discard(int fd, const struct lib_stack *stack, const struct lib_run *run);

/* tag_check.c */

/** struct lib_tagged - consecutive sectors with a tag other than the default one */
struct lib_tagged {
	u64	start;
	u64	length;
	u32	tag;
};

/**
 * struct lib_check - a check in progress
 * @ctx:     context
 * @v:       volume
 * @states:  of all its tags
 * @params:  what to check
 * @result:  the sum so far
 * @mount:   being looked through
 * @whole:   all of it, so that nobody's blocks can be told
 * @tagged:  its sectors that have a tag, by start
 * @count:   entries of @tagged
 * @space:   that there is room for
 * @used:    sectors of @tagged that belong to files
 * @bytes:   of files looked at so far
 * @total:   in use in the file system
 * @confirm: the walk is the second one, which only collects @used
 */
struct lib_check {
	struct libdmwarrant				*ctx;
	const struct lib_tag_volume			*v;
	struct lib_tag_states				states;
	const struct libdmwarrant_tag_check_params	*params;
	struct libdmwarrant_tag_check_result		*result;
	const struct lib_mount				*mount;
	bool						whole;
	struct lib_tagged				*tagged;
	size_t						count;
	size_t						space;
	struct lib_runs					used;
	u64						bytes;
	u64						total;
	bool						confirm;
};

int lib_tag_check(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		  const struct libdmwarrant_tag_check_params *params,
		  struct libdmwarrant_tag_check_result *result);
size_t lib_tagged_after(const struct lib_check *c, u64 sector);
int lib_check_found(struct lib_check *c, const struct libdmwarrant_tag_finding *f);
int lib_check_file(void *arg, int fd, const char *path, const struct stat *st);
int lib_check_leftovers(struct lib_check *c);

/* tag_state.c, tag_shred.c */

#define LIB_TAG_SHRED_DRY_RUN		(1U << 0)	/* judge only */
#define LIB_TAG_SHRED_UNMOUNTED		(1U << 1)	/* go on when nobody can tell whose sectors they are */

/** enum lib_shred_check - what is known of the sectors that a tag has */
enum lib_shred_check {
	LIB_SHRED_UNKNOWN	= 1,	/* a file system is not mounted: nobody can tell */
	LIB_SHRED_CLEAN		= 2,	/* they are its files', and its files have no others */
	LIB_SHRED_NO_FILES	= 3,	/* there is no file system on the volume */
};

/**
 * struct lib_tag_shred_result - what a shred has found and done
 * @check:   enum lib_shred_check
 * @already: the tag was shredded before
 * @recorded: the tag table on the LUN says so. False when the volume is open read-only: then the next
 *           opening for writing, with a keyset that says that the tag was shredded, makes it so
 * @mounts:  file systems of the volume that are mounted
 * @files:   files of the tag on these
 * @sectors: that have the tag, and cannot be read or written from now on
 * @written: of these, had contents
 */
struct lib_tag_shred_result {
	u32	check;
	bool	already;
	bool	recorded;
	u32	mounts;
	u64	files;
	u64	sectors;
	u64	written;
};

/**
 * lib_tag_shred() - have the kernel drop a tag's keys and close its sectors for ever
 * @ctx:    context
 * @volume: name of an open volume
 * @tag:    number; not the default tag
 * @flags:  LIB_TAG_SHRED_*
 * @result: receives what was found and done
 *
 * Nobody is asked for consent here, and the key store is not touched: the caller has the approvals,
 * and destroys the keys there, before or after. Demands what freezing demands: that the tag's files
 * have its sectors, and nobody else. When this has returned 0, no write to them is under way, the state is
 * durable on the LUN (see @recorded), and the kernel has no key of the tag any more. It may be called
 * again.
 *
 * Return: 0; -EPERM the default tag; -ENOENT no such tag; -EBUSY the files disagree with the sectors,
 * or that cannot be known and LIB_TAG_SHRED_UNMOUNTED was not given; errors of the kernel, after which
 * the keys may be gone from its memory, but the state is not known to be durable: call it again.
 */
int lib_tag_shred(struct libdmwarrant *ctx, const char *volume, u32 tag, u32 flags,
		  struct lib_tag_shred_result *result);

/**
 * lib_volume_keys_forget() - have the kernel drop all keys of an open volume
 * @ctx:    context
 * @volume: name of an open volume
 *
 * For a shredded warrant whose volume cannot be closed. All I/O answers ENODATA from then on, mounted
 * or not; what was not flushed is lost. The volume can still be closed, and says "shredded" as its mode.
 * It may be called again.
 *
 * Return: 0; -ENXIO it is not open; errors of the kernel.
 */
int lib_volume_keys_forget(struct libdmwarrant *ctx, const char *volume);
void lib_tag_record_shreds(struct libdmwarrant *ctx, const char *volume,
			   const struct libdmwarrant_keyset *keyset);
int lib_tag_close(struct libdmwarrant *ctx, const struct lib_tag_volume *v, u32 tag, u32 state,
		  u32 flags, struct libdmwarrant_tag_state_result *result);

/* tag_inherit.c */

int lib_inherit(const struct lib_tag_volume *v, const char *point, const char *path, u32 *tag);
int lib_fd_path(int fd, char path[PATH_MAX]);

#endif
