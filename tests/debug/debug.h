/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of tests/debug share. They talk to device-mapper directly, since starting a
 * program costs 50 ms and more in User Mode Linux and a loop over "the n-th allocation fails" has
 * thousands of rounds.
 *
 * The first thing that is not as it must be ends the program: fail() prints "not ok".
 */
#ifndef DEBUG_H
#define DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR		4096U
#define MAX_SECTORS	4096U
#define LUN_MAX		(16U << 20)

/* ---- talk.c: results, progress ---- */

/* Name of the test that is under way, and what is being tried in it, for fail(). */
void test_begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
void trying(const char *format, ...) __attribute__((format(printf, 1, 2)));
void test_ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
double seconds(void);
void put_file(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void get_file(const char *path, char *text, size_t size);
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *r);
uint32_t random_below(struct random *r, uint32_t n);

/* ---- dm.c: device-mapper; all return 0 or a negative errno ---- */

struct target {
	uint64_t	start, length;	/* in 512-byte units */
	const char	*type;
	char		params[512];
};

int dm_create(const char *name);
int dm_load(const char *name, const struct target *t, unsigned int count, bool read_only);
int dm_suspend(const char *name, uint32_t flags);
int dm_resume(const char *name);
int dm_clear(const char *name);
int dm_remove(const char *name, uint32_t flags);
int dm_message(const char *name, const char *text, char *answer, size_t size);
int dm_status(const char *name, uint32_t flags, char *text, size_t size);
int dm_minor(const char *name);

/* What a device is now; of its active table the first target. */
struct dm_look {
	int		minor;
	uint32_t	targets;
	bool		suspended;
	bool		read_only;
	char		type[16];
	char		table[512];
};

int dm_look(const char *name, struct dm_look *look);
/* An ioctl of which the caller has written every byte. */
int dm_raw(unsigned long request, const void *bytes, size_t size);
/* One target in place of what the device has; made when it is not there. */
void dm_becomes(const char *name, const struct target *t, unsigned int count);

/* ---- volume.c: a volume, and what it must hold ---- */

/*
 * A sector holds who wrote it: a version, in every word; 0 = zeros. "now" are the versions that a
 * read may return, more than one after a write that failed. "after_crash" are those that may be
 * there after the LUN has lost what was not flushed.
 */
#define VERSIONS 24
struct versions {
	uint32_t	v[VERSIONS];
	uint32_t	count;
};

struct model {
	struct versions	now[MAX_SECTORS];
	struct versions	after_crash[MAX_SECTORS];
	uint32_t	last;		/* newest version */
	bool		lies;		/* the LUN has lied: a flush promises nothing any more */
};

/* A LUN's contents at some moment, and what a volume opened on it must hold. */
struct image {
	uint8_t		*data;
	struct model	model;
};

struct volume {
	const char	*name;
	char		lun[64];
	const char	*options;	/* "2 cache_mib 1" */
	bool		read_only;
	int		fd;		/* for direct I/O, while it is open; else -1 */
	struct model	model;
};

/* Case tags that there are keys for; each image has the first. */
#define TAGS	2

extern char		uuid[64];
extern uint64_t		length;		/* of the volume, in 512-byte units */
extern uint32_t		sectors;
extern size_t		lun_size;

void volume_setup(const char *dir);
int volume_table(const struct volume *v, struct target *t);
int volume_load(const struct volume *v);
int volume_open(struct volume *v);
int volume_io(struct volume *v);
int volume_close(struct volume *v);
void volume_mode(const struct volume *v, char mode[16], uint64_t *mismatches, uint64_t *lost);
uint64_t volume_recovered(const struct volume *v);
void give_key(void);
/* Some other payload under the key's name. */
void give_bad_key(const void *payload, size_t size);
void take_key(void);

void lun_put(const char *path, const uint8_t *data);
void lun_get(const char *path, uint8_t *data);
void lun_read(const char *path, uint8_t *to, size_t size);
void lun_write(const char *path, const uint8_t *data, size_t size, uint64_t offset);

bool has_version(const struct versions *set, uint32_t version);
void add_version(struct versions *set, uint32_t version);
void one_version(struct versions *set, uint32_t version);
bool certain(const struct model *m, uint32_t first, uint32_t count);
/* -1 when this is no version's content: torn, or of another sector */
int64_t version_of(const void *data, uint32_t sector);

/*
 * Requests; each does to the model what it did to the volume. Return: 0 or a negative errno. A read
 * that returns anything but what it may ends in fail().
 */
int io_read(struct volume *v, uint32_t first, uint32_t count);
int io_write(struct volume *v, uint32_t first, uint32_t count, bool fua);
int io_batch(struct volume *v, uint32_t first, uint32_t stride, uint32_t count);
int io_erase(struct volume *v, uint32_t first, uint32_t count, bool discard);
int io_flush(struct volume *v);
int io_checkpoint(struct volume *v);
int io_assign(struct volume *v, uint32_t tag, uint32_t first, uint32_t count);
int job_wait(const struct volume *v, const char *number);

/* All sectors; those that can have one version only must be readable. */
void check_readable(struct volume *v, const char *when);
enum reopened { HOLDS_ALL, HOLDS_FLUSHED, MAY_FAIL };
void check_reopened(struct volume *v, enum reopened what);

/* ---- steps.c: the requests that every test makes fail somewhere ---- */

unsigned int step_count(void);
const char *step_name(unsigned int i);
int step(struct volume *v, unsigned int i);

/* ---- fault.c: the n-th call fails ---- */

struct fault {
	const char	*dir;		/* below /sys/kernel/debug */
	bool		in_module;	/* only what is called from the module counts */
	unsigned long	count;		/* the kernel's counter; see fault.c */
	unsigned long	interval;
	bool		synchronous;	/* count is known */
	bool		one;		/* armed for one call */
};

void fault_setup(struct fault *f);
void fault_arm(struct fault *f, unsigned long n);
void fault_arm_after(struct fault *f, unsigned long bytes);
void fault_disarm(struct fault *f);
bool fault_fired(struct fault *f);

/* ---- the tests ---- */

int cmd_alloc(int argc, char **argv);
int cmd_lun(int argc, char **argv);
int cmd_below(int argc, char **argv);
int cmd_scsi(int argc, char **argv);
int cmd_crash(int argc, char **argv);
int cmd_fuzz(int argc, char **argv);
int cmd_tags(int argc, char **argv);

extern bool quick;
extern uint64_t seed;

void make_images(struct image *clean, struct image *dirty, const char *lun);

#endif
