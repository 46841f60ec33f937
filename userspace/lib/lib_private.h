/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of libdmwarrant share. Nothing here leaves the library. */
#ifndef LIB_PRIVATE_H
#define LIB_PRIVATE_H

#include <sys/stat.h>
#include <sys/types.h>

#include <openssl/evp.h>

#include "libdmwarrant.h"
#include "tag.h"

/* context.c */

struct libdmwarrant {
	char				error[1024];
	libdmwarrant_progress_fn	progress;
	void				*progress_arg;
	u64				started_ms;
	u64				told_ms;
	u32				registry_timeout_ms;	/* 0 = the default */
	u64				audited;	/* entries of audit logs appended so far */
};

/** lib_fail() - set the last error. Return: @err, a negative errno */
int lib_fail(struct libdmwarrant *ctx, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int lib_fail_version(struct libdmwarrant *ctx, u32 version, u32 known);
void lib_progress_start(struct libdmwarrant *ctx);
int lib_progress(struct libdmwarrant *ctx, const char *what, u64 done, u64 total);
void lib_hex(char *text, const void *p, size_t n);
int lib_unhex(void *p, const char *text, size_t n);

/* secret.c */

void *lib_secret_alloc(size_t size);
void lib_secret_free(void *p, size_t size);

/* once.c */

int lib_write_once(const char *path, mode_t mode, const void *data, size_t size);
int lib_read_file(struct libdmwarrant *ctx, const char *path, size_t max, char **data,
		  size_t *size);

/* keyset.c */

struct libdmwarrant_keyset {
	size_t			size;		/* bytes of @disk */
	struct dmw_keyset_disk	*disk;		/* from lib_secret_alloc() */
};

void lib_random_uuid(u8 *uuid);
int lib_sync_parent(const char *path);

/* host.c */

#define LIB_DERIVED_KEYS	64

/**
 * struct lib_derived - a derived key, in the form that OpenSSL uses
 * @gcm: NULL = entry unused
 */
struct lib_derived {
	u32		tag;
	u32		epoch;
	u8		salt[DMW_SALT_SIZE];
	EVP_CIPHER_CTX	*gcm;
};

/**
 * struct dmw_host - the surroundings of a volume in a process
 * @fd:       of the LUN
 * @keyset:   NULL = nothing can be opened
 * @read:     bytes read so far
 * @written:  bytes written so far
 * @derived:  cache of derived keys: deriving costs more than sealing a block
 * @next:     entry to be replaced next
 * @last:     entry used last
 */
struct dmw_host {
	int					fd;
	const struct libdmwarrant_keyset	*keyset;
	u64					read;
	u64					written;
	struct lib_derived			derived[LIB_DERIVED_KEYS];
	unsigned int				next;
	unsigned int				last;
};

void lib_host_init(struct dmw_host *h, int fd, const struct libdmwarrant_keyset *keyset);
void lib_host_destroy(struct dmw_host *h);
int lib_host_write(struct dmw_host *h, u64 block, const void *buf);

/* device.c, device_use.c, signature.c */

/**
 * struct lib_device - an opened device
 * @fd:     descriptor
 * @st:     of it
 * @device: what is known of it; signatures only after lib_signatures_probe()
 */
struct lib_device {
	int				fd;
	struct stat			st;
	struct libdmwarrant_device	device;
};

#define LIB_DEVICE_WRITE	(1U << 0)
#define LIB_DEVICE_EXCLUSIVE	(1U << 1)	/* -EBUSY when in use */

int lib_device_open(struct libdmwarrant *ctx, const char *path, unsigned int flags,
		    struct lib_device *d);
void lib_device_close(struct lib_device *d);
void lib_device_use(const char *path, const struct stat *st, char *text, size_t size);
void lib_device_use_mount(dev_t dev, const char *path, char *text, size_t size);
void lib_device_use_process(dev_t dev, char *text, size_t size);
int lib_sysfs_read(dev_t dev, const char *name, char *text, size_t size);
void lib_sysfs_wwid(dev_t dev, char *wwid, size_t size);
int lib_sysfs_first_entry(dev_t dev, const char *dir, char *name, size_t size);
int lib_sysfs_device_path(dev_t dev, char *path, size_t size);
int lib_signatures_probe(struct libdmwarrant *ctx, struct lib_device *d);
bool lib_signatures_named(const char *const *erase, u32 count, const char *type);
bool lib_signatures_found(const struct libdmwarrant_device *d, const char *type);
int lib_signatures_check(struct libdmwarrant *ctx, const struct libdmwarrant_device *d,
			 const char *const *erase, u32 count);
int lib_signatures_erase(struct libdmwarrant *ctx, struct lib_device *d);

/* volume.c */

#define LIB_TYPE_VOLUME	"dm-warrant"	/* signature type of a volume of ours */

/**
 * struct lib_volume - a volume, loaded for reading
 * @dev:   LUN
 * @host:  for the core
 * @lun:   for the core
 * @state: as loaded
 * @tags:  the tag table, once lib_volume_tags() has loaded it
 */
struct lib_volume {
	struct lib_device	dev;
	struct dmw_host		host;
	struct dmw_lun		lun;
	struct dmw_anchor	anchor;
	struct dmw_state	state;
	struct dmw_tags		tags;
};

#define LIB_VOLUME_CLOSED	(1U << 0)	/* -EBUSY when the device is in use */
#define LIB_VOLUME_WRITABLE	(1U << 1)	/* judge as for an opening for writing */
#define LIB_VOLUME_NO_ACTIVATIONS	(1U << 2)	/* leave the activations to the caller */

void lib_anchor(struct libdmwarrant_anchor *to, const struct dmw_superblock *sb);
int lib_volume_load(struct libdmwarrant *ctx, const char *path,
		    const struct libdmwarrant_keyset *keyset,
		    const struct libdmwarrant_anchor *anchor, unsigned int flags,
		    struct lib_volume *v);
enum dmw_load_error lib_volume_tags(struct lib_volume *v);
void lib_volume_free(struct lib_volume *v);
int lib_load_failed(struct libdmwarrant *ctx, const char *path, enum dmw_load_error e);
int lib_superblocks_find(struct dmw_host *h, u64 lun_blocks, struct dmw_superblock sb[2],
			 int error[2], u64 block[2]);

/* tree.c */

int lib_tree_node(struct lib_volume *v, unsigned int level, u64 index, const struct dmw_seal *seal,
		  struct dmw_node_disk *d);
int lib_tree_find(struct lib_volume *v, unsigned int level, u64 index, struct dmw_seal *seal);
int lib_tree_data(struct lib_volume *v, u64 sector, const struct dmw_seal *seal, void *data);
bool lib_tree_is_shredded(const struct lib_volume *v, const struct dmw_seal *seal);
const char *lib_block_reason(int err);

/* dm.c */

/**
 * struct lib_mapping - a mapped device of ours
 * @name:       device-mapper name
 * @uuid:       of the volume, from the table line
 * @open_count: how often it is open
 * @major:      of the device
 * @minor:      of the device
 * @length:     in 512 bytes
 * @suspended:  likewise
 * @read_only:  likewise
 * @lun:        major:minor of the LUN, from the table line
 * @status:     status line
 */
struct lib_mapping {
	char	name[LIBDMWARRANT_NAME_SIZE];
	u8	uuid[DMW_UUID_SIZE];
	u32	open_count;
	u32	major;
	u32	minor;
	u64	length;
	bool	suspended;
	bool	read_only;
	char	lun[32];
	char	status[512];
};

#define LIB_DM_UUID_SIZE	129

int lib_dm_begin(struct libdmwarrant *ctx);
int lib_dm_have_target(struct libdmwarrant *ctx);
int lib_dm_have_peer(struct libdmwarrant *ctx, const char *target, const char *module);
int lib_dm_find(struct libdmwarrant *ctx, const char *name, struct lib_mapping *m);
int lib_dm_find_uuid(struct libdmwarrant *ctx, const u8 *uuid, struct lib_mapping *m);
int lib_dm_each(struct libdmwarrant *ctx, int (*fn)(void *arg, const struct lib_mapping *m),
		void *arg);
int lib_dm_create(struct libdmwarrant *ctx, const char *name, const char *uuid, u64 length,
		  bool read_only, const char *table);
int lib_dm_create_private(struct libdmwarrant *ctx, const char *name, u64 length,
			  const char *target, const char *table);
int lib_dm_number(struct libdmwarrant *ctx, const char *name, dev_t *dev);
int lib_dm_suspend(struct libdmwarrant *ctx, const char *name);
int lib_dm_resume(struct libdmwarrant *ctx, const char *name);
int lib_dm_message(struct libdmwarrant *ctx, const char *name, const char *message);
int lib_dm_ask(struct libdmwarrant *ctx, const char *name, char **reply, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int lib_dm_table(dev_t dev, int (*fn)(void *arg, u64 start, u64 length, const char *target,
				      const char *params), void *arg);
int lib_dm_remove(struct libdmwarrant *ctx, const char *name, bool deferred);
int lib_dm_replace_error(struct libdmwarrant *ctx, const char *name, u64 length);

/* status.c */

bool lib_sysfs_is_path(dev_t dev, dev_t *map);
int lib_status_parse(struct libdmwarrant *ctx, const struct lib_mapping *m,
		     struct libdmwarrant_status *s);

/* keyring.c */

#define LIB_KEYRING_PARTS	DIV_ROUND_UP(DMW_KEYSET_MAX_KEYS, DMW_KEYSET_PART_KEYS)

/** struct lib_keyring - serials of the logon keys that hold a keyset */
struct lib_keyring {
	s64	keys[LIB_KEYRING_PARTS];
	u32	count;
};

int lib_keyring_add(struct libdmwarrant *ctx, const char *description,
		    const struct libdmwarrant_keyset *keyset, struct lib_keyring *keyring);
int lib_keyring_add_random(struct libdmwarrant *ctx, const char *description, size_t size,
			   struct lib_keyring *keyring);
void lib_keyring_remove(struct lib_keyring *keyring);

/* kmsg.c */

int lib_kmsg_open(void);
void lib_kmsg_reason(int fd, char *text, size_t size);

/* As much of a text as fits, with a final NUL. */
static inline void lib_copy(char *to, size_t size, const char *from)
{
	for (; size > 1 && *from; size--)
		*to++ = *from++;
	*to = 0;
}

#endif
