// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An open volume. A task is carried out at once when its turn comes; which one is next is chosen by the
 * seed (host_seed()). The simulator (tests/sim) does this with every interleaving there is; here it
 * is the contents of the LUN that are wild, not the order of things.
 */
#include "fuzz.h"

/* ---- in and out of the core, which wants its lock held ---- */

static void collect(struct drive *d)
{
	struct dmw_task *t;
	struct dmw_op *op;

	if (!list_empty(&d->v.ready))
		fail("an op is ready, and nobody advances it");
	while ((t = dmw_task_next(&d->v))) {
		if (d->task_count == ARRAY_SIZE(d->tasks))
			fail("no end of tasks");
		d->tasks[d->task_count++] = t;
	}
	while ((op = dmw_op_next(&d->v))) {
		container_of(op, struct drive_op, op)->ended = true;
		d->ops--;
	}
	host_locked = false;
}

/* What the host of a read-only volume, or of one whose opening was refused, would have to write. */
enum dmw_load_error drive_open(struct drive *d, const struct dmw_options *o)
{
	bool writable = lun.writable;
	enum dmw_load_error err;

	memset(d, 0, sizeof(*d));
#ifdef FUZZ_LIB
	lib_host_init(&d->host, -1, NULL);
#endif
	lun.writable = false;
	err = dmw_volume_open(&d->v, &d->host, o);
	if (!list_empty(&d->v.tasks))
		fail("an opening leaves tasks behind");
	lun.writable = writable && !err && !o->lun.read_only;
	return err;
}

static struct drive_op *new_op(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count)
{
	struct drive_op *o = calloc(1, sizeof(*o));

	o->drive = d;
	o->room = count;
	o->data = malloc(((size_t)count << DMW_SECTOR_SHIFT) + 1);
	memset(o->data, 0x5a, (size_t)count << DMW_SECTOR_SHIFT);
	o->op.kind = kind;
	o->op.sector = sector;
	o->op.count = count;
	o->op.seals = o->seals;
	return o;
}

static void submit(struct drive *d, struct drive_op *o)
{
	d->ops++;
	host_locked = true;
	dmw_submit(&d->v, &o->op);
	collect(d);
}

struct drive_op *drive_submit(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count,
			      bool fua, u64 value)
{
	struct drive_op *o = new_op(d, kind, sector, count);

	o->value = value;
	o->op.fua = fua;
	o->op.discard = kind == DMW_OP_ERASE && value;
	submit(d, o);
	return o;
}

/* ---- tasks ---- */

static void io(struct drive *d, struct dmw_task *t)
{
	void *buf = t->op ? container_of(t->op, struct drive_op, op)->data : t->buf;

	if (t->op && t->io != DMW_IO_NONE && t->io != DMW_IO_FLUSH &&
	    t->length != t->op->count << DMW_SECTOR_SHIFT)
		fail("I/O of %u bytes for %u sectors", t->length, t->op->count);
	switch (t->io) {
	case DMW_IO_READ:
	case DMW_IO_WRITE:
		lun_io(t->io == DMW_IO_WRITE, t->offset, buf, t->length);
		break;
	case DMW_IO_DISCARD:
		/* what it leaves behind is the array's business: the same as before, here */
		memset(buf, 0x77, t->length);
		lun_io(true, t->offset, buf, t->length);
		break;
	default:
		break;
	}
}

static int io_error(enum dmw_io io)
{
	if (io == DMW_IO_READ)
		return host_fault(FAULT_READ) ? -EIO : host_fault(FAULT_MEDIUM) ? -ENODATA :
		       host_fault(FAULT_AGAIN) ? -EAGAIN : 0;
	return io != DMW_IO_NONE && host_fault(FAULT_WRITE) ? -EIO : 0;
}

static void carry_out(struct drive *d, struct dmw_task *t)
{
	if (t->io == DMW_IO_READ)
		t->error = io_error(t->io);
	if (t->io == DMW_IO_READ && !t->error)
		io(d, t);
	if (t->work && !t->error)
		t->work(&d->v, &d->host, t);
	if (t->io == DMW_IO_READ || t->error)
		return;
	t->error = io_error(t->io);
	if (!t->error)
		io(d, t);
}

/* Until nothing is under way. */
void drive_run(struct drive *d)
{
	struct dmw_task *t;
	u32 i;

	while (d->task_count) {
		i = host_random64() % d->task_count;
		t = d->tasks[i];
		d->tasks[i] = d->tasks[--d->task_count];
		carry_out(d, t);
		if (++lun.work > 3000000)
			fail("no end of tasks");
		host_locked = true;
		dmw_task_done(&d->v, t);
		collect(d);
	}
	if (d->ops)
		fail("deadlock: %u ops are under way, and nothing can be done", d->ops);
}

int drive_end(struct drive_op *o)
{
	int error = o->op.error;

	if (!o->ended)
		fail("an op has not ended");
	free(o->data);
	free(o);
	return error;
}

int drive_op(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count, u64 value)
{
	struct drive_op *o = drive_submit(d, kind, sector, count, false, value);

	drive_run(d);
	return drive_end(o);
}

/* A change of a tag, or a new one. */
int drive_tag(struct drive *d, u32 tag, enum dmw_tag_state state, const char *name,
	      const char *metadata)
{
	struct drive_op *o = new_op(d, DMW_OP_TAG, 0, 0);
	struct dmw_tag t = {
		.tag = tag, .state = state, .created = 1, .changed = 2,
		.length = strlen(metadata), .metadata = (const u8 *)metadata,
	};
	struct dmw_tag_change c = {
		.tag = tag, .state = state, .record = malloc(sizeof(*c.record)),
		.node = dmw_host_alloc(&d->host, sizeof(*c.node)),
	};
	int error = -ENOMEM;

	strcpy(t.name, name);
	dmw_tag_encode(c.record, &t);
	o->op.change = &c;
	if (c.node) {
		submit(d, o);
		drive_run(d);
		error = drive_end(o);
	} else {
		free(o->data);
		free(o);
	}
	dmw_host_free(&d->host, c.node);
	free(c.record);
	return error;
}

/* As kmod/assign.c, but the first error ends it. */
int drive_assign(struct drive *d, u32 tag, u64 sector, u64 count)
{
	u64 end = sector + count, covered;
	struct drive_op *o;
	int error = 0;

	while (sector < end && !error) {
		o = new_op(d, DMW_OP_ASSIGN, sector,
			   min_t(u64, end - sector, DMW_FANOUT - (sector & (DMW_FANOUT - 1))));
		o->op.end = end;
		o->op.tag = tag;
		submit(d, o);
		drive_run(d);
		covered = o->op.covered;
		error = drive_end(o);
		if (!error && (!covered || covered > end - sector))
			fail("an assignment covers %llu of %llu sectors",
			     (unsigned long long)covered, (unsigned long long)(end - sector));
		sector += covered;
	}
	return error;
}

void drive_free(struct drive *d)
{
	drive_run(d);
	dmw_volume_free(&d->v);
	host_check_leaks();
}

/* ---- what a sector holds ---- */

void drive_fill(u8 *sector, u64 value)
{
	u32 i;

	for (i = 0; i < DMW_SECTOR_SIZE; i += 8) {
		u64 w = value * 0x9e3779b97f4a7c15ULL + i;

		memcpy(sector + i, &w, 8);
	}
}

void dmw_host_gather(struct dmw_op *op)
{
	u32 i;

	for (i = 0; i < op->count; i++)
		drive_fill(dmw_host_sector(op, i), container_of(op, struct drive_op, op)->value + i);
}

void *(*drive_foreign_sector)(struct dmw_op *op, u32 i);

void *dmw_host_sector(struct dmw_op *op, u32 i)
{
	if (i >= op->count)
		fail("sector %u of an op with %u", i, op->count);
	if (drive_foreign_sector)
		return drive_foreign_sector(op, i);
	if (i >= container_of(op, struct drive_op, op)->room)
		fail("an op has more sectors than it had");
	return container_of(op, struct drive_op, op)->data + ((size_t)i << DMW_SECTOR_SHIFT);
}
