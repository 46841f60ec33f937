// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In place of lib/dm.c and lib/keyring.c: one open volume, simulated over a loop device.
 *
 * $DMW_FAKE is a directory. There, "volume" says "NAME UUID MAJOR:MINOR SECTORS IMAGE rw|ro", and
 * "state" holds tags, keys, jobs and what each sector's seal says. What is written shows in the
 * image: it is sparse, and the loop device turns discards into holes. So a write keeps a sector's
 * tag and a discard clears it, as with the kernel module.
 *
 * What a test may put there:
 *   fail     lines "VERB ERRNO": the next such message fails
 *   hook     run before each message, with the message as argument
 *   page     lines on a page of tag_list and extents (default 1000)
 *   step     sectors that an assignment does between two looks at it (default: all)
 *   bad      a number: that sector cannot be read, so it keeps its tag
 *   sweep    sectors that a rotation's sweep gets to, but not beyond (default: all)
 *   rotten   a number: so many sectors cannot be sealed anew
 *   reopen   the volume is closed and opened again, with the keys of the next "keys" message;
 *            removed by it
 *
 * The message "fake keys" shows which keys the volume was given: "TAG EPOCH ID", 16 digits of the
 * key's id, a line each.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "keystore.h"

#define MAX_TAGS	12000
#define MAX_SECTORS	(1 << 19)
#define MAX_JOBS	4096
#define MAX_EPOCHS	32
#define METADATA	(MAX_TAGS + 1)	/* place of its keys */

struct fake_tag {
	u32	state;
	u64	created;
	u64	changed;
	char	name[2 * DMW_TAG_NAME_SIZE + 1];
	char	metadata[2 * DMW_TAG_METADATA_SIZE + 1];
};

struct fake_job {
	u32	tag;
	u64	start;
	u64	length;
	u64	done;
	u64	moved;
	u64	failed;
};

struct fake_sector {
	u32	tag;
	u32	time;		/* 0 = not written */
};

/* Of a rotation. @state: of the sweep; @checkpoint: newest one */
struct fake_rotation {
	u32			current;
	u32			checkpoint;
	u64			created[MAX_EPOCHS];	/* 0 = the volume is not in it */
	u64			swept;
	u64			rotten;
	char			state[16];
	u8			key[MAX_EPOCHS][MAX_TAGS + 2][8];
};

struct fake_state {
	u32			tags;
	u32			keys;		/* known to the kernel are 1..@keys */
	u32			jobs;
	u64			messages;
	u64			changes;	/* messages that changed something */
	struct fake_tag		tag[MAX_TAGS + 1];
	struct fake_job		job[MAX_JOBS];
	struct fake_rotation	rotation;
	struct fake_sector	sector[MAX_SECTORS];	/* the last: tests read it */
};

static struct fake_state *state;
static struct lib_mapping mapping;
static u64 sectors;
static int image = -1;

/* The key that is on its way, as lib_keyring_add() was given it. */
static struct {
	char	description[64];
	u8	uuid[DMW_UUID_SIZE];
	u32	tag;
	u32	epoch;
	u32	count;
	u32	parts;
	struct dmw_keyset_disk	*keyset;
} offered;

/* ---- files of a test ---- */

static char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", getenv("DMW_FAKE"), name);
	return path;
}

static u64 setting(const char *name, u64 usual)
{
	FILE *f = fopen(path_of(name), "r");
	unsigned long long n = usual;

	if (f && fscanf(f, "%llu", &n) != 1)
		n = usual;
	if (f)
		fclose(f);
	return n;
}

/* Takes one line for @verb out of "fail". Return: its errno, negative, or 0. */
static int injected(const char *verb)
{
	char line[64], word[32], rest[4096] = "";
	FILE *f = fopen(path_of("fail"), "r");
	int err, found = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!found && sscanf(line, "%31s %d", word, &err) == 2 && !strcmp(word, verb))
			found = -err;
		else
			strcat(rest, line);
	}
	if (!f)
		return 0;
	fclose(f);
	f = fopen(path_of("fail"), "w");
	fputs(rest, f);
	fclose(f);
	return found;
}

static void run_hook(const char *message)
{
	char command[PATH_MAX + 512];

	if (access(path_of("hook"), X_OK))
		return;
	snprintf(command, sizeof(command), "%s '%.400s'", path_of("hook"), message);
	if (system(command))
		fprintf(stderr, "the hook failed\n");
}

static void set_status(void)
{
	snprintf(mapping.status, sizeof(mapping.status),
		 "rw %u:00112233445566778899aabb 1 0/64 1/9/0 0 0 0", state->rotation.checkpoint);
}

static void begin_rotation(void)
{
	struct fake_rotation *r = &state->rotation;

	if (!r->current) {
		r->current = 1;
		r->checkpoint = 5;
		r->created[1] = time(NULL);
		lib_copy(r->state, sizeof(r->state), "done");
	}
	if (!access(path_of("reopen"), F_OK)) {
		unlink(path_of("reopen"));
		memset(r->key, 0, sizeof(r->key));
		r->checkpoint++;
		r->swept = 0;
		lib_copy(r->state, sizeof(r->state), "idle");
	}
	set_status();
}

static int load(void)
{
	char uuid[40], mode[8], image_path[PATH_MAX];
	unsigned long long n;
	FILE *f;
	int fd;

	if (state)
		return 0;
	f = fopen(path_of("volume"), "r");
	if (!f)
		return -ENXIO;
	if (fscanf(f, "%127s %39s %u:%u %llu %4095s %7s", mapping.name, uuid, &mapping.major,
		   &mapping.minor, &n, image_path, mode) != 7 || n > MAX_SECTORS)
		abort();
	fclose(f);
	sectors = n;
	mapping.length = sectors << 3;
	mapping.read_only = !strcmp(mode, "ro");
	libdmwarrant_uuid_parse(uuid, mapping.uuid);
	image = open(image_path, O_RDONLY);
	fd = open(path_of("state"), O_RDWR | O_CREAT, 0600);
	if (image < 0 || fd < 0 || ftruncate(fd, sizeof(*state)))
		abort();
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (state == MAP_FAILED)
		abort();
	close(fd);
	begin_rotation();
	return 0;
}

/* ---- seals ---- */

static void set_written(u64 sector, bool written)
{
	struct fake_sector *s = &state->sector[sector];

	if (written && !s->time)
		s->time = time(NULL);
	if (!written && s->time) {
		s->time = 0;
		s->tag = 0;
	}
}

/* What has been written or discarded since the last look. */
static void refresh(u64 start, u64 end)
{
	off_t data, hole = (off_t)start << 12, stop = (off_t)end << 12;
	u64 at = start;

	while (at < end) {
		data = lseek(image, hole, SEEK_DATA);
		if (data < 0 || data > stop)
			data = stop;
		for (; at < (u64)data >> 12; at++)
			set_written(at, false);
		hole = data < stop ? lseek(image, data, SEEK_HOLE) : stop;
		if (hole > stop)
			hole = stop;
		for (; at < ((u64)hole + 4095) >> 12; at++)
			set_written(at, true);
	}
}

/* ---- messages ---- */

static const char *const state_names[] = { "", "open", "frozen", "restricted", "shredded" };

static u8 *key_of(u32 tag, u32 epoch)
{
	if (epoch >= MAX_EPOCHS || (tag > MAX_TAGS && tag != DMW_TAG_METADATA))
		abort();
	return state->rotation.key[epoch][tag == DMW_TAG_METADATA ? METADATA : tag];
}

static bool has_key(u32 tag, u32 epoch)
{
	return memchr_inv(key_of(tag, epoch), 0, 8);
}

/* All or none. */
static int take_keys(const struct dmw_keyset_disk *d, bool dry_run)
{
	u8 id[LIBDMWARRANT_KEY_ID_SIZE], *to;
	u32 i;

	for (i = 0; i < le16_to_cpu(d->count); i++) {
		to = key_of(le32_to_cpu(d->keys[i].tag), le32_to_cpu(d->keys[i].epoch));
		lib_key_id(NULL, d->keys[i].key, id);
		if (memchr_inv(to, 0, 8) && memcmp(to, id, 8))
			return -EKEYREJECTED;
		if (le32_to_cpu(d->keys[i].tag) <= state->tags &&
		    state->tag[le32_to_cpu(d->keys[i].tag)].state == 4)
			return -EKEYREVOKED;
		if (!dry_run)
			memcpy(to, id, 8);
	}
	return 0;
}

/* The first part brings them all; the others must come all the same. */
static int message_keys(const char *m)
{
	char description[64];
	unsigned int part = 1;
	int ret;

	if (sscanf(m, "keys logon:%63[^#]#%u", description, &part) < 1 || !offered.count ||
	    strcmp(description, offered.description) || part > offered.parts)
		return -ENOKEY;
	if (memcmp(offered.uuid, mapping.uuid, DMW_UUID_SIZE))
		return -EKEYREJECTED;
	ret = take_keys(offered.keyset, true);
	if (ret)
		return ret;
	take_keys(offered.keyset, false);
	if (offered.tag > state->keys && offered.tag != DMW_TAG_METADATA)
		state->keys = offered.tag;
	return 0;
}

static int message_create(const char *m)
{
	char name[200], metadata[6200];
	struct fake_tag *t;
	unsigned int nr;

	if (sscanf(m, "tag_create %u %199s %6199s", &nr, name, metadata) != 3)
		return -EINVAL;
	if (nr <= state->tags)
		return -EEXIST;
	if (nr != state->tags + 1)
		return -EINVAL;
	if (nr > setting("space", MAX_TAGS))
		return -ENOSPC;
	if (nr > state->keys || !has_key(nr, state->rotation.current))
		return -ENOKEY;
	t = &state->tag[nr];
	memset(t, 0, sizeof(*t));
	t->state = 1;
	t->created = t->changed = time(NULL);
	lib_copy(t->name, sizeof(t->name), name);
	lib_copy(t->metadata, sizeof(t->metadata), metadata);
	state->tags = nr;
	return 0;
}

static int message_edit(const char *m)
{
	char name[200], metadata[6200];
	unsigned int nr;

	if (sscanf(m, "tag_edit %u %199s %6199s", &nr, name, metadata) != 3)
		return -EINVAL;
	if (!nr || nr > state->tags)
		return -ENOENT;
	if (state->tag[nr].state != 1)
		return -EPERM;
	lib_copy(state->tag[nr].name, sizeof(state->tag[nr].name), name);
	lib_copy(state->tag[nr].metadata, sizeof(state->tag[nr].metadata), metadata);
	state->tag[nr].changed = time(NULL);
	return 0;
}

static int message_state(const char *m)
{
	unsigned int nr, i;
	char word[16];

	if (sscanf(m, "tag_state %u %15s", &nr, word) != 2)
		return -EINVAL;
	if (!nr || nr > state->tags)
		return -ENOENT;
	for (i = 1; i < 5 && strcmp(word, state_names[i]); i++)
		;
	if (i == 5)
		return -EINVAL;
	if (i < state->tag[nr].state)
		return -EPERM;
	state->tag[nr].state = i;
	return 0;
}

static int message_show(const char *m, char **reply)
{
	const struct fake_tag *t;
	unsigned int nr;

	if (sscanf(m, "tag_show %u", &nr) != 1)
		return -EINVAL;
	if (!nr || nr > state->tags)
		return -ENOENT;
	t = &state->tag[nr];
	return asprintf(reply, "%u %s %llu %llu %s %s", nr, state_names[t->state],
			(unsigned long long)t->created, (unsigned long long)t->changed, t->name,
			t->metadata) < 0 ? -ENOMEM : 0;
}

static int message_list(const char *m, char **reply)
{
	u64 lines = setting("page", 1000);
	unsigned int nr;
	size_t size;
	FILE *f;

	if (sscanf(m, "tag_list %u", &nr) != 1)
		return -EINVAL;
	f = open_memstream(reply, &size);
	for (nr = max(nr, 1u); nr <= state->tags && lines; nr++, lines--)
		fprintf(f, "%u %s\n", nr, state_names[state->tag[nr].state]);
	if (nr <= state->tags)
		fprintf(f, "next %u", nr);
	else
		fprintf(f, "end");
	fclose(f);
	return 0;
}

static int message_assign(const char *m, char **reply)
{
	unsigned long long start, length;
	struct fake_job *j;
	unsigned int tag;

	if (sscanf(m, "assign %u %llu %llu", &tag, &start, &length) != 3)
		return -EINVAL;
	if (!length || start >= sectors || length > sectors - start)
		return -ERANGE;
	if (tag > state->tags)
		return -ENOENT;
	if (tag && state->tag[tag].state != 1)
		return -EPERM;
	for (j = state->job; j < state->job + state->jobs; j++)
		if (j->done < j->length && start < j->start + j->length &&
		    j->start < start + length)
			return -EBUSY;
	if (state->jobs == MAX_JOBS)
		return -ENOSPC;
	j = &state->job[state->jobs++];
	memset(j, 0, sizeof(*j));
	j->tag = tag;
	j->start = start;
	j->length = length;
	return asprintf(reply, "%u", state->jobs) < 0 ? -ENOMEM : 0;
}

static void step(struct fake_job *j)
{
	u64 n = setting("step", ~0ULL), bad = setting("bad", ~0ULL);
	struct fake_sector *s;

	refresh(j->start, j->start + j->length);
	for (; n && j->done < j->length; n--, j->done++) {
		s = &state->sector[j->start + j->done];
		if (s->tag == j->tag)
			continue;
		if ((s->tag && state->tag[s->tag].state != 1) || j->start + j->done == bad) {
			j->failed++;
			continue;
		}
		s->tag = j->tag;
		j->moved += !!s->time;
	}
}

static int message_job(const char *m, char **reply)
{
	struct fake_job *j;
	unsigned int id;

	if (sscanf(m, "job %u", &id) != 1 || !id || id > state->jobs)
		return -ENOENT;
	j = &state->job[id - 1];
	step(j);
	return asprintf(reply, "%u %u %llu %llu %llu %llu %llu %s", id, j->tag,
			(unsigned long long)j->start, (unsigned long long)j->length,
			(unsigned long long)j->done, (unsigned long long)j->moved,
			(unsigned long long)j->failed, j->done < j->length ? "running" :
			j->failed ? "failed" : "done") < 0 ? -ENOMEM : 0;
}

static u64 one_extent(FILE *f, u64 at, u64 end)
{
	const struct fake_sector *s = &state->sector[at];
	u32 oldest = s->time, newest = s->time;
	u64 n;

	for (n = 1; at + n < end && s[n].tag == s->tag && !s[n].time == !s->time; n++) {
		oldest = min(oldest, s[n].time);
		newest = max(newest, s[n].time);
	}
	fprintf(f, "%llu %llu %u ", (unsigned long long)at, (unsigned long long)n, s->tag);
	if (s->time)
		fprintf(f, "written %u %u\n", oldest, newest);
	else
		fprintf(f, "unwritten\n");
	return n;
}

static int message_extents(const char *m, char **reply)
{
	u64 lines = setting("page", 1000), at;
	unsigned long long start, end;
	size_t size;
	FILE *f;

	if (sscanf(m, "extents %llu %llu", &start, &end) != 2)
		return -EINVAL;
	if (start >= end || end > sectors)
		return -ERANGE;
	refresh(start, end);
	f = open_memstream(reply, &size);
	for (at = start; at < end && lines; lines--)
		at += one_extent(f, at, end);
	if (at < end)
		fprintf(f, "next %llu", (unsigned long long)at);
	else
		fprintf(f, "end");
	fclose(f);
	return 0;
}

/* ---- rotation ---- */

static int message_epochs(char **reply)
{
	const struct fake_rotation *r = &state->rotation;
	size_t size;
	FILE *f = open_memstream(reply, &size);
	u32 i;

	/* As slots of the superblock are taken: not in the order of their numbers. */
	for (i = MAX_EPOCHS - 1; i; i--)
		if (r->created[i])
			fprintf(f, "%u %s %llu\n", i, i == r->current ? "current" : "old",
				(unsigned long long)r->created[i]);
	fclose(f);
	return 0;
}

static int message_epoch(const char *m)
{
	struct fake_rotation *r = &state->rotation;
	unsigned int epoch;
	u32 tag;

	if (sscanf(m, "epoch %u", &epoch) != 1 || epoch < r->current || epoch >= MAX_EPOCHS)
		return -EINVAL;
	if (!has_key(DMW_TAG_METADATA, epoch))
		return -ENOKEY;
	for (tag = 0; tag <= state->tags; tag++)
		if (state->tag[tag].state != 4 && !has_key(tag, epoch))
			return -ENOKEY;
	if (epoch == r->current)
		return 0;
	r->current = epoch;
	r->created[epoch] = time(NULL);
	r->checkpoint++;
	r->swept = 0;
	lib_copy(r->state, sizeof(r->state), "idle");
	return 0;
}

static bool is_rotating(void)
{
	u32 i, n = 0;

	for (i = 0; i < MAX_EPOCHS; i++)
		n += !!state->rotation.created[i];
	return n > 1;
}

static int message_sweep(const char *m)
{
	struct fake_rotation *r = &state->rotation;

	if (!strcmp(m, "sweep pause")) {
		if (!strcmp(r->state, "running"))
			lib_copy(r->state, sizeof(r->state), "paused");
		return 0;
	}
	if (strncmp(m, "sweep start ", 12))
		return -EINVAL;
	if (!strcmp(r->state, "failed"))
		r->swept = 0;
	if (strcmp(r->state, "done"))
		lib_copy(r->state, sizeof(r->state), is_rotating() ? "running" : "done");
	return 0;
}

static int message_sweep_status(char **reply)
{
	struct fake_rotation *r = &state->rotation;

	if (!strcmp(r->state, "running")) {
		r->swept = max(r->swept, min(sectors, setting("sweep", sectors)));
		r->rotten = setting("rotten", 0);
		if (r->swept == sectors)
			lib_copy(r->state, sizeof(r->state), r->rotten ? "failed" : "done");
	}
	return asprintf(reply, "%s %u %llu %llu %llu %llu 0 1", r->state, r->current,
			(unsigned long long)r->swept, (unsigned long long)sectors,
			(unsigned long long)(r->swept - min(r->swept, r->rotten)),
			(unsigned long long)r->rotten) < 0 ? -ENOMEM : 0;
}

static int message_retire(const char *m)
{
	struct fake_rotation *r = &state->rotation;
	unsigned int epoch;

	if (sscanf(m, "retire %u", &epoch) != 1)
		return -EINVAL;
	if (epoch >= MAX_EPOCHS || !r->created[epoch])
		return -ENOENT;
	if (epoch == r->current || strcmp(r->state, "done") || r->rotten)
		return -EBUSY;
	r->created[epoch] = 0;
	r->checkpoint += 2;
	return 0;
}

static int message_forget(const char *m)
{
	struct fake_rotation *r = &state->rotation;
	unsigned int epoch;

	if (sscanf(m, "forget epoch %u", &epoch) != 1 || epoch >= MAX_EPOCHS)
		return -EINVAL;
	if (r->created[epoch])
		return -EBUSY;
	memset(r->key[epoch], 0, sizeof(r->key[epoch]));
	return 0;
}

static int show_keys(char **reply)
{
	char id[17];
	size_t size;
	FILE *f = open_memstream(reply, &size);
	u32 epoch, tag;

	for (epoch = 0; epoch < MAX_EPOCHS; epoch++)
		for (tag = 0; tag < MAX_TAGS + 2; tag++) {
			if (!memchr_inv(state->rotation.key[epoch][tag], 0, 8))
				continue;
			lib_hex(id, state->rotation.key[epoch][tag], 8);
			fprintf(f, "%u %u %s\n", tag == METADATA ? DMW_TAG_METADATA : tag, epoch,
				id);
		}
	fclose(f);
	return 0;
}

static int change_rotation(const char *m)
{
	if (!strncmp(m, "epoch ", 6))
		return message_epoch(m);
	if (!strncmp(m, "sweep start", 11) || !strcmp(m, "sweep pause"))
		return message_sweep(m);
	if (!strncmp(m, "retire ", 7))
		return message_retire(m);
	if (!strncmp(m, "forget ", 7))
		return message_forget(m);
	return -EOPNOTSUPP;
}

static int change(const char *m, char **reply)
{
	if (!strncmp(m, "keys ", 5))
		return message_keys(m);
	if (!strncmp(m, "tag_create ", 11))
		return message_create(m);
	if (!strncmp(m, "tag_edit ", 9))
		return message_edit(m);
	if (!strncmp(m, "tag_state ", 10))
		return message_state(m);
	if (!strncmp(m, "assign ", 7))
		return message_assign(m, reply);
	return change_rotation(m);
}

static int dispatch(const char *m, char **reply)
{
	int ret = change(m, reply);

	state->changes += !ret;
	if (ret != -EOPNOTSUPP)
		return ret;
	if (!strncmp(m, "tag_show ", 9))
		return message_show(m, reply);
	if (!strncmp(m, "tag_list ", 9))
		return message_list(m, reply);
	if (!strncmp(m, "job ", 4))
		return message_job(m, reply);
	if (!strncmp(m, "extents ", 8))
		return message_extents(m, reply);
	if (!strcmp(m, "epochs"))
		return message_epochs(reply);
	if (!strcmp(m, "sweep status"))
		return message_sweep_status(reply);
	if (!strcmp(m, "fake keys"))
		return show_keys(reply);
	return -EINVAL;
}

/* A watcher asks from two threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int lib_dm_ask(struct libdmwarrant *ctx, const char *name, char **reply, const char *fmt, ...)
{
	char *message, verb[32] = "";
	va_list args;
	int ret;

	*reply = NULL;
	if (load() || strcmp(name, mapping.name))
		return lib_fail(ctx, -ENXIO, "no such volume: %s", name);
	pthread_mutex_lock(&lock);
	va_start(args, fmt);
	if (vasprintf(&message, fmt, args) < 0)
		abort();
	va_end(args);
	state->messages++;
	run_hook(message);
	lib_copy(verb, min(sizeof(verb), strcspn(message, " ") + 1), message);
	ret = injected(verb);
	if (!ret)
		ret = dispatch(message, reply);
	pthread_mutex_unlock(&lock);
	free(message);
	if (!ret && !*reply)
		*reply = strdup("");
	return ret ? lib_fail(ctx, ret, "%s: message %s: %s", name, verb, strerror(-ret)) : 0;
}

/* ---- the rest of lib/dm.c ---- */

int lib_dm_begin(struct libdmwarrant *ctx)
{
	(void)ctx;
	return 0;
}

int lib_dm_have_target(struct libdmwarrant *ctx)
{
	(void)ctx;
	return 0;
}

int lib_dm_have_peer(struct libdmwarrant *ctx, const char *target, const char *module)
{
	(void)target;
	return lib_fail(ctx, -ENXIO, "%s: not here", module);
}

int lib_dm_find(struct libdmwarrant *ctx, const char *name, struct lib_mapping *m)
{
	u8 uuid[DMW_UUID_SIZE];

	if (!strncmp(name, "/dev/mapper/", 12))
		name += 12;
	if (!load() && (!strcmp(name, mapping.name) ||
			(!libdmwarrant_uuid_parse(name, uuid) &&
			 !memcmp(uuid, mapping.uuid, DMW_UUID_SIZE)))) {
		set_status();
		*m = mapping;
		return 0;
	}
	return lib_fail(ctx, -ENXIO, "%s is not open; warrantctl volume list shows what is", name);
}

int lib_dm_find_uuid(struct libdmwarrant *ctx, const u8 *uuid, struct lib_mapping *m)
{
	(void)ctx;
	if (load() || memcmp(uuid, mapping.uuid, DMW_UUID_SIZE))
		return -ENXIO;
	set_status();
	*m = mapping;
	return 0;
}

int lib_dm_each(struct libdmwarrant *ctx, int (*fn)(void *arg, const struct lib_mapping *m),
		void *arg)
{
	(void)ctx;
	return load() ? 0 : fn(arg, &mapping);
}

int lib_dm_table(dev_t dev, int (*fn)(void *arg, u64 start, u64 length, const char *target,
				      const char *params), void *arg)
{
	(void)dev;
	(void)fn;
	(void)arg;
	return -ENXIO;
}

int lib_dm_create(struct libdmwarrant *ctx, const char *name, const char *uuid, u64 length,
		  bool read_only, const char *table)
{
	(void)uuid;
	(void)length;
	(void)read_only;
	(void)table;
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_create_private(struct libdmwarrant *ctx, const char *name, u64 length,
			  const char *target, const char *table)
{
	(void)length;
	(void)target;
	(void)table;
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_number(struct libdmwarrant *ctx, const char *name, dev_t *dev)
{
	*dev = 0;
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_suspend(struct libdmwarrant *ctx, const char *name)
{
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_resume(struct libdmwarrant *ctx, const char *name)
{
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_message(struct libdmwarrant *ctx, const char *name, const char *message)
{
	(void)message;
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_remove(struct libdmwarrant *ctx, const char *name, bool deferred)
{
	(void)deferred;
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

int lib_dm_replace_error(struct libdmwarrant *ctx, const char *name, u64 length)
{
	(void)length;
	return lib_fail(ctx, -ENXIO, "%s: not here", name);
}

/* ---- lib/keyring.c ---- */

int lib_keyring_add(struct libdmwarrant *ctx, const char *description,
		    const struct libdmwarrant_keyset *keyset, struct lib_keyring *keyring)
{
	(void)ctx;
	if (dmw_keyset_check(keyset->disk, keyset->size, NULL))
		abort();
	offered.count = libdmwarrant_keyset_count(keyset);
	keyring->count = DIV_ROUND_UP(offered.count, DMW_KEYSET_PART_KEYS);
	offered.parts = keyring->count;
	offered.keyset = keyset->disk;
	lib_copy(offered.description, sizeof(offered.description), description);
	memcpy(offered.uuid, keyset->disk->uuid, DMW_UUID_SIZE);
	libdmwarrant_keyset_entry(keyset, offered.count - 1, &offered.tag, &offered.epoch);
	return 0;
}

int lib_keyring_add_random(struct libdmwarrant *ctx, const char *description, size_t size,
			   struct lib_keyring *keyring)
{
	(void)size;
	keyring->count = 0;
	return lib_fail(ctx, -ENXIO, "%s: not here", description);
}

void lib_keyring_remove(struct lib_keyring *keyring)
{
	keyring->count = 0;
	memset(&offered, 0, sizeof(offered));
}
