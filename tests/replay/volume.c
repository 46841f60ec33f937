// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The protocol core opens a LUN's image in this process, with real keys (libdmwarrant's host), and
 * reads all of the volume: the same sources that the kernel's module is made of.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core.h"
#include "lib_private.h"
#include "replay.h"
#include "volume.h"

struct read_op {
	struct dmw_op	op;
	struct dmw_seal	seals[DMW_FANOUT];
	u8		*to;
};

static struct dmw_host host;
static u64 events;

static void die(const char *what)
{
	fprintf(stderr, "replay: %s\n", what);
	exit(2);
}

/* ---- what the core asks for besides what libdmwarrant has ---- */

void dmw_host_event(struct dmw_host *h, enum dmw_event event, u64 sector, int error)
{
	events++;
}

void dmw_host_assert_locked(struct dmw_host *h)
{
}

struct dmw_node *dmw_host_node_alloc(struct dmw_host *h, bool sleep)
{
	struct dmw_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->seals = malloc(sizeof(*n->seals));
	if (!n->seals) {
		free(n);
		return NULL;
	}
	return n;
}

void dmw_host_node_free(struct dmw_host *h, struct dmw_node *n)
{
	free(n->seals);
	free(n);
}

void dmw_host_gather(struct dmw_op *op)
{
	die("a write, on a volume opened read-only");
}

void *dmw_host_sector(struct dmw_op *op, u32 i)
{
	return container_of(op, struct read_op, op)->to + ((size_t)i << DMW_SECTOR_SHIFT);
}

/* ---- reading ---- */

static void run_task(struct dmw_volume *v, struct dmw_task *t)
{
	void *to = t->op ? dmw_host_sector(t->op, 0) : t->buf;

	if (t->io == DMW_IO_READ)
		t->error = dmw_host_read(&host, t->offset, to, t->length);
	else if (t->io != DMW_IO_NONE)
		die("the core writes to a volume opened read-only");
	if (!t->error && t->work)
		t->work(v, &host, t);
	dmw_task_done(v, t);
}

/* Sectors of one leaf. Return: 0 or a negative errno. */
static int read_leaf(struct dmw_volume *v, u64 sector, u32 count, u8 *to, u64 *digest)
{
	struct read_op r = {
		.op = { .kind = DMW_OP_READ, .sector = sector, .count = count, .seals = r.seals },
		.to = to,
	};
	struct dmw_task *t;
	u32 i;

	dmw_submit(v, &r.op);
	while ((t = dmw_task_next(v)))
		run_task(v, t);
	if (dmw_op_next(v) != &r.op)
		die("a read does not end");
	if (r.op.error)
		return r.op.error;
	if (r.op.zero)
		memset(to, 0, (size_t)count << DMW_SECTOR_SHIFT);
	for (i = 0; i < count; i++)
		*digest = digest_add_block(*digest, r.op.zero ? NULL : dmw_host_sector(&r.op, i));
	return 0;
}

static int read_all(struct dmw_volume *v, struct opened *o, char *why, size_t size)
{
	u64 sectors = v->state.sb.layout.data_sectors, s;
	u32 n;
	int ret;

	for (s = 0; s < sectors; s += n) {
		n = min_t(u64, sectors - s, DMW_FANOUT);
		ret = read_leaf(v, s, n, o->plain + (s << DMW_SECTOR_SHIFT), &o->digest);
		if (ret) {
			snprintf(why, size, "sectors from %llu on cannot be read: %s",
				 (unsigned long long)s, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

/**
 * volume_init() - keys, and where the LUN's image is
 * @fd:     of the image; opened anew each time, so it may change in between
 * @keyset: path
 */
void volume_init(int fd, const char *keyset)
{
	struct libdmwarrant_keyset *keys;
	struct libdmwarrant *ctx;

	if (libdmwarrant_new(&ctx))
		die("no memory");
	if (libdmwarrant_keyset_read(ctx, keyset, &keys))
		die(libdmwarrant_error(ctx));
	lib_host_init(&host, fd, keys);
}

/**
 * volume_open() - recover the volume and read all of it
 * @lun_bytes: size of the LUN
 * @o:         plain: room for that many bytes; receives the rest
 * @why:       receives what is wrong
 * @size:      of @why
 *
 * Return: false when it does not open as it must after an honest crash.
 */
bool volume_open(u64 lun_bytes, struct opened *o, char *why, size_t size)
{
	struct dmw_options options = {
		.lun = { .blocks = lun_bytes >> DMW_SECTOR_SHIFT, .logical_block = 512,
			 .read_only = true },
		.node_limit = 4096, .host_name = "replay",
	};
	struct dmw_volume *v = calloc(1, sizeof(*v));
	enum dmw_load_error err;
	bool ok = false;

	events = 0;
	o->digest = DIGEST_START;
	err = dmw_volume_open(v, &host, &options);
	if (err) {
		snprintf(why, size, "does not open: %s", dmw_load_error_text(err));
	} else if (!read_all(v, o, why, size)) {
		o->bytes = v->state.sb.layout.data_sectors << DMW_SECTOR_SHIFT;
		o->metadata_end = v->state.sb.layout.group_start << DMW_SECTOR_SHIFT;
		o->recovered = v->stats.recovered;
		ok = !events && !v->stats.lost && !v->stats.mismatches;
		if (!ok)
			snprintf(why, size, "%llu sectors lost, %llu mismatches",
				 (unsigned long long)v->stats.lost,
				 (unsigned long long)v->stats.mismatches);
	}
	dmw_volume_free(v);
	free(v);
	return ok;
}
