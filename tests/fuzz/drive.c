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

struct drive_op *drive_submit(struct drive *d, enum dmw_op_kind kind, u64 sector, u32 count,
			      bool fua, u64 value)
{
	struct drive_op *o = calloc(1, sizeof(*o));

	o->drive = d;
	o->value = value;
	o->data = malloc(((size_t)count << DMW_SECTOR_SHIFT) + 1);
	memset(o->data, 0x5a, (size_t)count << DMW_SECTOR_SHIFT);
	o->op.kind = kind;
	o->op.sector = sector;
	o->op.count = count;
	o->op.fua = fua;
	o->op.discard = kind == DMW_OP_ERASE && value;
	o->op.seals = o->seals;
	d->ops++;
	host_locked = true;
	dmw_submit(&d->v, &o->op);
	collect(d);
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

void *dmw_host_sector(struct dmw_op *op, u32 i)
{
	if (i >= op->count)
		fail("sector %u of an op with %u", i, op->count);
	return container_of(op, struct drive_op, op)->data + ((size_t)i << DMW_SECTOR_SHIFT);
}
