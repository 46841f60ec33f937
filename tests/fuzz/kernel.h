/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the kernel proper that the module's files and the headers they include use: as much of
 * each as is looked at here. What has a meaning is in kernel.c, with the kernel's own meaning; the rest
 * does nothing. Every header of the kernel is this one (see Makefile).
 */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#include <ctype.h>
#include <stdarg.h>
#include <strings.h>

#include "platform.h"

/* ---- memory and errors ---- */

#define GFP_KERNEL	0

#define GFP_NOIO	0

void *kvzalloc(size_t size, int gfp);
void *kmalloc(size_t size, int gfp);
#define kzalloc(size, gfp)		kvzalloc(size, gfp)
#define kmalloc_array(n, size, gfp)	kmalloc((n) * (size), gfp)
char *kstrdup(const char *s, int gfp);

void kfree(const void *p);
void kvfree(const void *p);

#define ERR_PTR(e)	((void *)(long)(e))
#define PTR_ERR(p)	((long)(p))
#define IS_ERR(p)	((unsigned long)(p) >= (unsigned long)-4095)

/* ---- text ---- */

/* To the kernel a no-break space of Latin-1 is one as well. */
#undef isspace
#define isspace(c)	({ u8 _s = (c); _s == ' ' || (_s >= '\t' && _s <= '\r') || _s == 0xa0; })

typedef struct {
	u8 b[16];
} uuid_t;

int uuid_parse(const char *text, uuid_t *uuid);
int kstrtou32(const char *s, unsigned int base, u32 *value);
#define kstrtouint(s, base, value)	kstrtou32(s, base, value)
int kstrtou64(const char *s, unsigned int base, u64 *value);
int hex2bin(u8 *to, const char *from, size_t count);
char *bin2hex(char *to, const void *from, size_t count);
int match_string(const char * const *texts, size_t count, const char *text);
int scnprintf(char *buf, size_t size, const char *fmt, ...);
ssize_t strscpy(char *to, const char *from, size_t size);

/* ---- locks, work, waiting: there is one thread ---- */

typedef struct {
	int unused;
} spinlock_t, wait_queue_head_t, mempool_t;

struct mutex {
	int unused;
};

struct completion {
	int unused;
};

struct bio_set {
	int unused;
};

struct workqueue_struct;

struct work_struct {
	void (*fn)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
};

#define HZ	250
#define jiffies			0UL
#define time_before(a, b)	((long)((a) - (b)) < 0)

struct rw_semaphore {
	int	unused;
};

#define init_rwsem(s)			((void)(s))
#define down_read(s)			((void)(s))
#define up_read(s)			((void)(s))
#define memalloc_noio_save()		0
#define memalloc_noio_restore(flags)	((void)(flags))
#define DEFINE_MUTEX(m)			struct mutex m
#define mutex_init(m)			((void)(m))
#define mutex_lock(m)			((void)(m))
#define mutex_unlock(m)			((void)(m))
#define swap(a, b)	do { __typeof__(a) _s = (a); (a) = (b); (b) = _s; } while (0)
#define cond_resched()			((void)0)
#define ktime_get_real_seconds()	1700000000
#define ktime_get_seconds()		1700000000
#define ktime_get_ns()			0
#define nsecs_to_jiffies(ns)		((unsigned long)(ns))
#define div_u64(a, b)			((a) / (b))
#define wait_event_timeout(wq, condition, timeout)	((void)(condition), (void)(timeout))
#define lockdep_assert_held(l)		((void)(l))
#define dm_table_get_md(t)		((void *)(t))
#define dm_device_name(md)		((void)(md), "fuzz")
#define DMERR(...)			((void)0)
#define spin_lock_init(l)		((void)(l))
#define spin_lock_irqsave(l, flags)	((void)(l), (flags) = 0)
#define spin_unlock_irqrestore(l, flags)	((void)(l), (void)(flags))
#define init_waitqueue_head(w)		((void)(w))
#define wake_up(w)			((void)(w))
#define INIT_WORK(w, f)			((w)->fn = (f))
#define INIT_DELAYED_WORK(w, f)		((w)->work.fn = (f))
#define cancel_work_sync(w)		((void)(w))
#define queue_delayed_work(wq, w, delay)	((void)(wq), (void)(w))
#define schedule_work(w)		((void)(w))
#define system_unbound_wq		NULL
#define queue_work(wq, w)		((void)(wq), fuzz_queue(w))
#define flush_work(w)			((void)(w))

/* ---- block layer ---- */

typedef u64 sector_t;
typedef unsigned int blk_mode_t;

#define BLK_OPEN_WRITE	(1U << 1)
#define SECTOR_SHIFT	9
#define SECTOR_SIZE	(1 << SECTOR_SHIFT)
#define round_down(x, y)	((x) & ~((__typeof__(x))(y) - 1))

struct block_device {
	bool	read_only;
	u64	sectors;
	u32	discard_sectors;
};

#define bdev_read_only(b)		((b)->read_only)
#define bdev_nr_sectors(b)		((b)->sectors)
#define bdev_max_discard_sectors(b)	((b)->discard_sectors)

enum req_op {
	REQ_OP_READ		= 0,
	REQ_OP_WRITE		= 1,
	REQ_OP_FLUSH		= 2,
	REQ_OP_DISCARD		= 3,
	REQ_OP_SECURE_ERASE	= 5,
	REQ_OP_WRITE_ZEROES	= 9,
};

#define REQ_OP_MASK	255U
#define REQ_FUA		(1U << 17)
#define REQ_PREFLUSH	(1U << 18)

struct bio {
	unsigned int	bi_opf;
	struct {
		sector_t	bi_sector;
		unsigned int	bi_size;
	} bi_iter;
	void		*per_bio_data;
};

#define bio_op(bio)		((enum req_op)((bio)->bi_opf & REQ_OP_MASK))
#define bio_sectors(bio)	((bio)->bi_iter.bi_size >> SECTOR_SHIFT)

struct queue_limits {
	unsigned int	logical_block_size;
	unsigned int	physical_block_size;
	unsigned int	io_min;
	unsigned int	io_opt;
	unsigned int	dma_alignment;
	unsigned int	discard_granularity;
	unsigned int	max_discard_sectors;
	unsigned int	max_hw_discard_sectors;
	unsigned int	max_write_zeroes_sectors;
};

/* ---- device-mapper ---- */

#define DM_MAPIO_SUBMITTED	0
#define DM_MAPIO_KILL		4
#define DM_TARGET_SINGLETON	1
#define THIS_MODULE		NULL

struct dm_table {
	blk_mode_t mode;
};

struct dm_dev {
	struct block_device	*bdev;
	char			name[16];
};

struct dm_target {
	struct dm_table	*table;
	sector_t	begin;
	sector_t	len;
	char		*error;
	void		*private;
	unsigned int	num_flush_bios;
	unsigned int	num_discard_bios;
	unsigned int	num_write_zeroes_bios;
	unsigned int	per_io_data_size;
	bool		flush_supported;
	bool		discards_supported;
	bool		limit_swap_bios;
	bool		needs_bio_set_dev;
};

struct dm_arg_set {
	unsigned int	argc;
	char		**argv;
};

struct dm_arg {
	unsigned int	min;
	unsigned int	max;
	char		*error;
};

typedef enum { STATUSTYPE_INFO, STATUSTYPE_TABLE, STATUSTYPE_IMA } status_type_t;
typedef int (*iterate_devices_callout_fn)(struct dm_target *ti, struct dm_dev *dev, sector_t start,
					  sector_t len, void *data);

struct target_type {
	const char	*name;
	unsigned int	version[3];
	u64		features;
	void		*module;
	int		(*ctr)(struct dm_target *ti, unsigned int argc, char **argv);
	void		(*dtr)(struct dm_target *ti);
	int		(*map)(struct dm_target *ti, struct bio *bio);
	int		(*preresume)(struct dm_target *ti);
	void		(*postsuspend)(struct dm_target *ti);
	void		(*status)(struct dm_target *ti, status_type_t type, unsigned int flags,
				  char *result, unsigned int maxlen);
	int		(*message)(struct dm_target *ti, unsigned int argc, char **argv,
				   char *result, unsigned int maxlen);
	int		(*iterate_devices)(struct dm_target *ti, iterate_devices_callout_fn fn,
					   void *data);
	void		(*io_hints)(struct dm_target *ti, struct queue_limits *limits);
};

#define DMEMIT(x...) (sz += ((sz >= maxlen) ? 0 : scnprintf(result + sz, maxlen - sz, x)))
#define dm_table_get_mode(t)		((t)->mode)
#define dm_table_event(t)		((void)(t))
#define dm_set_target_max_io_len(ti, len)	((void)(ti), (void)(len), failing(-EINVAL))
#define dm_per_bio_data(bio, size)	((bio)->per_bio_data)

const char *dm_shift_arg(struct dm_arg_set *as);
int dm_read_arg_group(const struct dm_arg *arg, struct dm_arg_set *as, unsigned int *count,
		      char **error);
int dm_get_device(struct dm_target *ti, const char *path, blk_mode_t mode, struct dm_dev **dev);
void dm_put_device(struct dm_target *ti, struct dm_dev *dev);
void dm_accept_partial_bio(struct bio *bio, unsigned int sectors);

/* ---- shrinkers, AES: named in compat.h ---- */

struct shrink_control;

struct shrinker {
	unsigned long	(*count_objects)(struct shrinker *s, struct shrink_control *sc);
	unsigned long	(*scan_objects)(struct shrinker *s, struct shrink_control *sc);
	int		seeks;
	void		*private_data;
};

#define DEFAULT_SEEKS			2
#define shrinker_alloc(flags, fmt, name)	((void)(name), (struct shrinker *)NULL)
#define shrinker_register(s)		((void)(s))
#define shrinker_free(s)		((void)(s))

/* No cipher, but each key has its own answers. */
struct aes_enckey {
	u8 key[32];
};

static inline int aes_prepareenckey(struct aes_enckey *k, const u8 *key, size_t size)
{
	memcpy(k->key, key, size);
	return 0;
}

static inline void aes_encrypt(const struct aes_enckey *k, u8 out[16], const u8 in[16])
{
	u32 i;

	for (i = 0; i < 16; i++)
		out[i] = k->key[i] + 7 * in[i] + 13 * in[(i + 5) % 16];
}

/* ---- for the harness: kernel.c ---- */

extern struct block_device fuzz_bdev;
/* To be run: what is tested here has no more than two of them. */
#define FUZZ_WORKS	2
extern struct work_struct *fuzz_works[FUZZ_WORKS];
void fuzz_queue(struct work_struct *work);
extern u32 fuzz_fails_at;	/* which call of failing(), from 1; 0 = none */

/* Return: 0, or @error when it is its turn. */
int failing(int error);
int split_args(char *line, unsigned int *argc, char **argv, unsigned int most);

#endif
