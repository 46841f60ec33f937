// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages about tags and epochs, one after the other, to an open volume that the core itself runs:
 * tagmsg.c, extents.c, assign.c, rotmsg.c and sweep.c of the module, in a process. Memory, LUN and cipher may fail meanwhile.
 *
 * Each ends with an answer that has an end, or a documented error; no tag is ever less strict than
 * before, and the next number is the only one that is new; what was said of a tag is what is shown;
 * extents follow one another without gap, page after page, to the end, and say what the seals say;
 * and a job that is done has done it. No epoch ends while something hangs on it.
 */
#include "fuzz.h"
#include "device.h"

#define MOST_ARGS	8
#define MOST_TAGS	256

struct page {
	u8	data[DMW_SECTOR_SIZE];
};

/* What was true before a message. */
static u8 states[MOST_TAGS];
static u32 count;
static bool faulty;	/* something may fail */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

/* ---- the rest of the module: one request at a time, and all that it brings about ---- */

static struct dmw_task *tasks[4096];
static u32 task_count;

static bool collect(struct dmw_device *dev, const struct dmw_op *wanted)
{
	bool ended = false;
	struct dmw_task *t;
	struct dmw_op *op;

	while ((t = dmw_task_next(&dev->volume))) {
		if (task_count == ARRAY_SIZE(tasks))
			fail("no end of tasks");
		tasks[task_count++] = t;
	}
	while ((op = dmw_op_next(&dev->volume)))
		ended |= op == wanted;
	host_locked = false;
	return ended;
}

static void *foreign_sector(struct dmw_op *op, u32 i)
{
	struct dmw_bio *b = container_of(op, struct dmw_bio, op);

	if (!b->pages || !b->pages[i])
		fail("an op without pages");
	return b->pages[i]->data;
}

static void sectors_io(struct dmw_task *t)
{
	u32 i;

	if (!t->op) {
		lun_io(t->io == DMW_IO_WRITE, t->offset, t->buf, t->length);
		return;
	}
	if (t->length != t->op->count << DMW_SECTOR_SHIFT)
		fail("I/O of %u bytes for %u sectors", t->length, t->op->count);
	for (i = 0; i < t->op->count; i++)
		lun_io(t->io == DMW_IO_WRITE, t->offset + ((u64)i << DMW_SECTOR_SHIFT),
		       foreign_sector(t->op, i), DMW_SECTOR_SIZE);
}

static void carry_out(struct dmw_device *dev, struct dmw_task *t)
{
	if (t->io == DMW_IO_READ) {
		t->error = host_fault(FAULT_READ) ? -EIO : host_fault(FAULT_MEDIUM) ? -ENODATA : 0;
		if (!t->error)
			sectors_io(t);
	}
	if (t->work && !t->error)
		t->work(&dev->volume, &dev->host, t);
	if (t->io != DMW_IO_WRITE || t->error)
		return;
	t->error = host_fault(FAULT_WRITE) ? -EIO : 0;
	if (!t->error)
		sectors_io(t);
}

int dmw_device_run(struct dmw_bio *b)
{
	struct dmw_device *dev = b->dev;
	struct dmw_task *t;
	bool ended;
	u32 i;

	if (host_locked)
		fail("an op is run with the lock held");
	host_locked = true;
	dmw_submit(&dev->volume, &b->op);
	ended = collect(dev, &b->op);
	while (task_count) {
		i = host_random64() % task_count;
		t = tasks[i];
		tasks[i] = tasks[--task_count];
		carry_out(dev, t);
		host_locked = true;
		dmw_task_done(&dev->volume, t);
		ended |= collect(dev, &b->op);
	}
	if (!ended)
		fail("deadlock: op %d", b->op.kind);
	return b->op.error;
}

int dmw_device_checkpoint(struct dmw_device *dev)
{
	struct dmw_bio *b = kzalloc(sizeof(*b), GFP_NOIO);
	int ret;

	if (!b)
		return -ENOMEM;
	b->dev = dev;
	b->op.kind = DMW_OP_CHECKPOINT;
	ret = dmw_device_run(b);
	kfree(b);
	return ret;
}

void dmw_keys_drop_epoch(struct dmw_keys *keys, u32 epoch)
{
	if (!epoch)
		fail("the keys of no epoch are wiped");
}

void dmw_buffers_get(struct dmw_bio *b)
{
	u32 i;

	if (!b->op.count || b->op.count > DMW_FANOUT)
		fail("buffers for %u sectors", b->op.count);
	b->array = calloc(1, sizeof(*b->array));
	b->pages = b->array->pages;
	b->op.seals = b->array->seals;
	for (i = 0; i < b->op.count; i++)
		b->pages[i] = malloc(sizeof(struct page));
}

/* All of them: @count must be what it was. */
void dmw_buffers_put(struct dmw_bio *b)
{
	u32 i;

	for (i = 0; i < b->op.count; i++)
		free(b->pages[i]);
	free(b->array);
}

bool dmw_keys_has(struct dmw_keys *keys, u32 tag, u32 epoch)
{
	return (epoch == 1 || epoch == 2) &&
	       (!tag || tag == DMW_TAG_METADATA || tag == FORGE_TAG ||
		tag == FORGE_FROZEN || tag == FORGE_RESTRICTED || tag == FORGE_NEW);
}

/* What is shredded may have been read before. */
static bool may_remain;

void dmw_buffers_wipe(struct dmw_device *dev)
{
	may_remain = false;
}

/* Only of what can never be opened again. */
bool dmw_keys_shred(struct dmw_keys *keys, u32 tag)
{
	may_remain = true;
	if (!tag)
		fail("the default tag's keys are wiped");
	return true;
}

/* keys_forget ends all that could be tested here. */
void dmw_keys_forget(struct dmw_keys *keys)
{
	may_remain = true;
}

void dmw_device_forget(struct dmw_device *dev)
{
}

int dmw_keys_add(struct dmw_keys *keys, const char *description, const u8 *uuid,
		 const struct dmw_tags *tags, char **error)
{
	if (!tags || !description || memcmp(uuid, forge_uuid, DMW_UUID_SIZE))
		fail("keys of whom?");
	*error = "no keys";
	return failing(-ENOKEY);
}

/* ---- what must be true ---- */


static void check_errno(const char *verb, int ret)
{
	switch (ret) {
	case 0:
	case 1:
	case -EINVAL:
	case -ENOENT:
	case -EEXIST:
	case -ENOKEY:
	case -ENOSPC:
	case -EPERM:
	case -EROFS:
	case -ERANGE:
	case -EBUSY:
	case -EAGAIN:
	case -ENOMEM:
	case -EIO:
		return;
	case -EILSEQ:
	case -ENODATA:
		if (faulty)
			return;
	}
	fail("%s ends with %d", verb, ret);
}

static void check_states(const struct dmw_device *dev, const char *verb, int ret)
{
	const struct dmw_tags *t = &dev->volume.tags;
	u32 i, changes = t->count - count;

	if (t->count < count || t->count > count + 1)
		fail("%s makes %u tags of %u", verb, t->count, count);
	for (i = 1; i <= count; i++) {
		changes += t->states[i] != states[i];
		if (t->states[i] < states[i])
			fail("%s: tag %u is less strict", verb, i);
	}
	/*
	 * A freeze that could not be written is in force all the same, until the volume is closed; so is a
	 * shredding of a volume that is open read-only.
	 */
	if (changes > 1 || (changes && ret < 0 && ret != -EROFS && !dev->volume.failed))
		fail("%s ends with %d and has changed %u tags", verb, ret, changes);
	count = t->count;
	memcpy(states, t->states, count + 1);
}

static int say(struct dmw_device *dev, const char *text, char *result, unsigned int maxlen)
{
	char *line = strdup(text), *argv[MOST_ARGS], **exact;
	unsigned int argc;
	int ret = -EINVAL;

	*result = 0;
	if (!split_args(line, &argc, argv, MOST_ARGS) && argc) {
		exact = malloc(argc * sizeof(*exact));
		memcpy(exact, argv, argc * sizeof(*exact));
		ret = dmw_device_message(dev, argc, exact, result, maxlen);
		free(exact);
		check_errno(argv[0], ret);
		if (ret > 1 || (ret == 1 && !result[0] && maxlen > 1))
			fail("%s is answered with %d", argv[0], ret);
		if (strnlen(result, maxlen) == maxlen)
			fail("%s: an answer without an end", argv[0]);
		check_states(dev, argv[0], ret);
		if (may_remain)
			fail("%s leaves what was read in memory", argv[0]);
	}
	free(line);
	return ret;
}

/* Hexadecimal digits mean the same in either case; a dash is nothing. */
static void expect_shown(struct dmw_device *dev, u32 tag, const char *name, const char *metadata)
{
	char ask[32], *answer = malloc(8192), said[2][6200];

	snprintf(ask, sizeof(ask), "tag_show %u", tag);
	if (say(dev, ask, answer, 8192) == 1) {
		if (sscanf(answer, "%*u %*s %*u %*u %6199s %6199s", said[0], said[1]) != 2)
			fail("a record is shown as %s", answer);
		if (strcasecmp(said[0], name) || strcasecmp(said[1], *metadata ? metadata : "-"))
			fail("%s %s is shown as %s", name, metadata, answer);
	} else if (!faulty) {
		fail("what was said of tag %u cannot be shown", tag);
	}
	free(answer);
}

/* What an extent says of a sector is what its seal says. */
static void check_sector(struct dmw_device *dev, u64 sector, u64 tag, bool written)
{
	struct dmw_bio *b = calloc(1, sizeof(*b));
	struct dmw_seal seal;
	int ret;

	b->dev = dev;
	b->op = (struct dmw_op){ .kind = DMW_OP_SEALS, .sector = sector, .count = 1,
				 .end = sector + 1, .seals = &seal };
	ret = dmw_device_run(b);
	if (ret && !faulty)
		fail("the seal of sector %llu cannot be looked at", (unsigned long long)sector);
	if (!ret && (b->op.zero ? b->op.tag != tag || written :
				  seal.tag != tag || !seal.nonce == written))
		fail("sector %llu has another tag than its extent", (unsigned long long)sector);
	free(b);
}

/* A page of extents: without gaps. Return: where the next one begins. */
static u64 check_page(struct dmw_device *dev, char *text, u64 at, u64 end, s64 tag)
{
	unsigned long long start, length, next, of;
	char *line, *rest = text, kind[16];

	while ((line = strsep(&rest, "\n"))) {
		if (!strcmp(line, "end"))
			next = end;
		else if (sscanf(line, "next %llu", &next) != 1)
			next = 0;
		if (next) {
			if (next < at || next > end || (!strcmp(line, "end") && at != end) || rest)
				fail("the page ends with %s, at %llu", line, (unsigned long long)at);
			return next;
		}
		if (sscanf(line, "%llu %llu %llu %15s", &start, &length, &of, kind) != 4 ||
		    (strcmp(kind, "written") && strcmp(kind, "unwritten")))
			fail("an extent: %s", line);
		if (start != at || !length || length > end - at)
			fail("%s where %llu to %llu was asked for", line, (unsigned long long)at,
			     (unsigned long long)end);
		if (tag >= 0 && of != tag)
			fail("tag %lld, job done: %s", (long long)tag, line);
		check_sector(dev, start, of, *kind == 'w');
		check_sector(dev, start + length - 1, of, *kind == 'w');
		at += length;
	}
	fail("a page without an end");
}

static void check_extents(struct dmw_device *dev, u64 at, u64 end, unsigned int maxlen, s64 tag)
{
	char ask[64], *answer = malloc(maxlen);
	unsigned int pages;
	u64 next;

	for (pages = 0; at < end && pages < 1000; pages++, at = next) {
		snprintf(ask, sizeof(ask), "extents %llu %llu", (unsigned long long)at,
			 (unsigned long long)end);
		if (say(dev, ask, answer, maxlen) != 1) {
			if (!faulty && maxlen >= 512)
				fail("%s: refused", ask);
			break;
		}
		next = check_page(dev, answer, at, end, tag);
		if (next <= at)
			fail("%s: no progress", ask);
	}
	free(answer);
}

/* Older ones are forgotten: an input has not room for so many. */
static u32 oldest_job(const struct dmw_device *dev)
{
	return dev->jobs.last > 1000 ? dev->jobs.last - 1000 : 1;
}

/* Of two jobs that wait for the same sectors either could win. */
static void check_waiting(struct dmw_device *dev)
{
	struct { unsigned long long start, length; } job[64];
	char ask[32], answer[200];
	u32 id, n = 0, i;

	for (id = oldest_job(dev); id <= dev->jobs.last && n < ARRAY_SIZE(job); id++) {
		snprintf(ask, sizeof(ask), "job %u", id);
		if (say(dev, ask, answer, sizeof(answer)) != 1 || !strstr(answer, "running") ||
		    sscanf(answer, "%*u %*u %llu %llu", &job[n].start, &job[n].length) != 2)
			continue;
		for (i = 0; i < n; i++)
			if (job[i].start < job[n].start + job[n].length &&
			    job[n].start < job[i].start + job[i].length)
				fail("two jobs wait for the same sectors: %s", answer);
		n++;
	}
}

static void check_jobs(struct dmw_device *dev)
{
	unsigned long long start, length, done, moved, failed;
	char ask[32], answer[200], state[16];
	u32 id, tag;

	for (id = oldest_job(dev); id <= dev->jobs.last; id++) {
		snprintf(ask, sizeof(ask), "job %u", id);
		if (say(dev, ask, answer, sizeof(answer)) != 1)
			continue;
		if (sscanf(answer, "%*u %u %llu %llu %llu %llu %llu %15s", &tag, &start, &length,
			   &done, &moved, &failed, state) != 7)
			fail("a job is %s", answer);
		if (done > length || moved > length || failed > done)
			fail("a job: %s", answer);
		if (!strcmp(state, "running")) {
			if (!dev->jobs.stopped)
				fail("a job that nobody carries out: %s", answer);
			continue;
		}
		if (!faulty && done != length)
			fail("a job has ended: %s", answer);
		if (!strcmp(state, "done") && (failed || done != length))
			fail("a job is done, which it is not: %s", answer);
		/* a later job may have changed it again */
		if (!strcmp(state, "done") && id == dev->jobs.last)
			check_extents(dev, start, start + length, 4096, tag);
	}
}

static void work(struct dmw_device *dev)
{
	struct work_struct *w;
	int i;

	for (i = 0; i < FUZZ_WORKS; i++) {
		w = fuzz_works[i];
		fuzz_works[i] = NULL;
		if (w)
			w->fn(w);
	}
}

/* ---- rotation ---- */

static bool lists(const struct dmw_device *dev, u32 epoch)
{
	const struct dmw_epoch *e = dev->volume.state.root.epochs;
	u32 i;

	for (i = 0; i < DMW_MAX_EPOCHS; i++)
		if (e[i].state != DMW_EPOCH_NONE && e[i].epoch == epoch)
			return true;
	return false;
}

static void check_rotated(const struct dmw_device *dev, unsigned int argc, char **argv)
{
	const struct dmw_volume *v = &dev->volume;
	u32 epoch;

	if (argc == 3 && !strcasecmp(argv[0], "forget") && !kstrtou32(argv[2], 10, &epoch) &&
	    lists(dev, epoch))
		fail("the keys of epoch %u are wiped, and it is in use", epoch);
	if (argc != 2 || kstrtou32(argv[1], 10, &epoch))
		return;
	if (!strcasecmp(argv[0], "epoch") &&
	    (v->state.sb.epoch != epoch || dmw_root_epoch(&v->state.root) != epoch))
		fail("epoch %u is said to have begun", epoch);
	if (!strcasecmp(argv[0], "retire") && (lists(dev, epoch) || !dmw_is_swept(v)))
		fail("epoch %u is said to be retired", epoch);
}

static void check_sweep(struct dmw_device *dev)
{
	unsigned long long swept, total, resealed, damaged, shredded;
	char answer[200], state[16];
	u32 epoch;

	if (say(dev, "sweep status", answer, sizeof(answer)) != 1)
		return;
	if (sscanf(answer, "%15s %u %llu %llu %llu %llu %llu", state, &epoch, &swept, &total,
		   &resealed, &damaged, &shredded) != 7)
		fail("a sweep is %s", answer);
	if (swept > total || resealed + damaged + shredded > swept ||
	    epoch != dev->volume.state.sb.epoch)
		fail("a sweep: %s", answer);
	if (!strcmp(state, "running") && !dev->sweep.stopped)
		fail("a sweep that nobody carries out: %s", answer);
	if (!strcmp(state, "failed") && !faulty && !damaged && !lun.key_missing)
		fail("a sweep has failed: %s", answer);
	if (dev->sweep.state == DMW_SWEEP_DONE && swept && !dmw_is_swept(&dev->volume))
		fail("a sweep is done, which it is not: %s", answer);
}

/* ---- the messages of an input ---- */

/* What was done must have been allowed. */
static void check_done(struct dmw_device *dev, unsigned int argc, char **argv, u32 before)
{
	u32 tag;

	check_rotated(dev, argc, argv);
	if (argc < 2 || kstrtou32(argv[1], 10, &tag))
		return;
	if (!strcasecmp(argv[0], "tag_create") && (tag != before + 1 || count != tag))
		fail("tag %u of %u is created", tag, before);
	if (!strcasecmp(argv[0], "tag_edit") && states[tag] != DMW_TAG_OPEN)
		fail("tag %u is not open, and edited", tag);
	if (argc == 4 && (!strcasecmp(argv[0], "tag_create") || !strcasecmp(argv[0], "tag_edit")))
		expect_shown(dev, tag, argv[2], argv[3]);
	if (!strcasecmp(argv[0], "assign") &&
	    (tag > count || (tag && states[tag] != DMW_TAG_OPEN) || !dmw_keys_has(NULL, tag, 1)))
		fail("tag %u is assigned", tag);
}

static void one(struct dmw_device *dev, const char *line, unsigned int maxlen)
{
	char *answer = malloc(maxlen), *copy = strdup(line), *argv[MOST_ARGS];
	u32 before = count;
	int ret = say(dev, line, answer, maxlen);
	unsigned int argc;
	u64 from, to;

	if (split_args(copy, &argc, argv, MOST_ARGS))
		argc = 0;
	if (ret >= 0)
		check_done(dev, argc, argv, before);
	if (ret == 1 && argc == 3 && !strcasecmp(argv[0], "extents") &&
	    !kstrtou64(argv[1], 10, &from) && !kstrtou64(argv[2], 10, &to))
		check_extents(dev, from, to, maxlen, -1);
	free(copy);
	free(answer);
}

static char *take_line(struct input *in)
{
	const u8 *end = in->left ? memchr(in->data, '\n', in->left) : NULL;
	size_t n = end ? (size_t)(end - in->data) : in->left;
	char *line = malloc(n + 1);

	memcpy(line, in->data, n);
	line[n] = 0;
	n += !!end;
	in->data += n;
	in->left -= n;
	return line;
}

static bool open_volume(struct dmw_device *dev, bool read_only)
{
	struct dmw_options o = {
		.lun = { .blocks = lun.blocks, .logical_block = lun.logical_block,
			 .read_only = read_only },
		.node_limit = 16, .host_name = "fuzz",
	};

	lun.writable = false;
	if (dmw_volume_open(&dev->volume, &dev->host, &o))
		fail("a base does not open");
	lun.writable = !read_only;
	dev->opened = true;
	dev->running = true;
	memcpy(dev->table.uuid, forge_uuid, DMW_UUID_SIZE);
	count = dev->volume.tags.count;
	memcpy(states, dev->volume.tags.states, count + 1);
	return !dmw_device_checkpoint(dev);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size }, none = { 0 };
	unsigned int flags = take(&in, 1), maxlen = 1 + 16 * take(&in, 1), fault = take(&in, 1);
	unsigned int fault_in = take(&in, 1), fails = take(&in, 1), i;
	struct dmw_device *dev = calloc(1, sizeof(*dev));
	char *line;

	forge_make(flags & 1 ? flags >> 5 & 2 : 7, false, &none);
	fuzz_fails_at = 0;
	memset(fuzz_works, 0, sizeof(fuzz_works));
	faulty = false;
	task_count = 0;
	drive_foreign_sector = foreign_sector;
	dmw_assign_init(dev);
	dmw_sweeper_init(dev);
	if (open_volume(dev, flags & 2)) {
		dmw_assign_start(dev);
		dmw_sweeper_start(dev);
		dev->running = !(flags & 4);
		lun.fault = fault % FAULTS;
		lun.fault_in = fault_in;
		lun.fault_stays = fault & 128;
		fuzz_fails_at = fails;
		faulty = fault_in || fails;
		for (i = 0; i < 40 && in.left; i++) {
			line = take_line(&in);
			one(dev, line, maxlen);
			free(line);
			if (flags & 8)
				work(dev);
		}
		if (flags & 16) {
			dmw_assign_stop(dev);
			dmw_sweeper_stop(dev);
		}
		check_waiting(dev);
		work(dev);
		check_jobs(dev);
		check_sweep(dev);
	}
	dmw_assign_stop(dev);
	dmw_sweeper_stop(dev);
	dmw_assign_exit(dev);
	dmw_volume_free(&dev->volume);
	drive_foreign_sector = NULL;
	free(dev);
	host_check_leaks();
	return 0;
}
