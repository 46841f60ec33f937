// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk with a volatile cache, played back from a recording. A flush makes durable what was
 * answered before it was asked for; FUA makes its own write durable; everything else is a maybe, a
 * block at a time (4 KiB are written all or not at all: CAVEATS.rst).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

static const uint8_t zeros[BLOCK];

static void ask(struct disk *d, uint64_t id, bool flush, bool fua)
{
	if (d->request_count == sizeof(d->requests) / sizeof(*d->requests)) {
		fprintf(stderr, "replay: too many requests at once\n");
		exit(2);
	}
	d->requests[d->request_count++] = (struct request){
		.id = id, .since = ++d->clock, .flush = flush, .fua = fua,
	};
}

static void add_unit(struct disk *d, const struct unit *u)
{
	if (d->count == d->space) {
		d->space = d->space ? 2 * d->space : 1024;
		d->units = realloc(d->units, d->space * sizeof(*d->units));
	}
	d->units[d->count++] = *u;
}

/** disk_write() - a write has come in; @data stays where it is; NULL = zeros */
void disk_write(struct disk *d, uint64_t id, uint64_t offset, uint64_t length, const uint8_t *data,
		bool fua)
{
	uint64_t at, n, in_block;

	ask(d, id, false, fua);
	for (at = 0; at < length; at += n) {
		struct unit u = { .id = id, .block = (offset + at) / BLOCK };

		in_block = (offset + at) % BLOCK;
		n = length - at < BLOCK - in_block ? length - at : BLOCK - in_block;
		u.mask = ((1 << n / PIECE) - 1) << in_block / PIECE;
		/* as if the whole block had been written; the mask says what has */
		u.data = data ? data + at - in_block : NULL;
		if (u.block < d->size / BLOCK)
			add_unit(d, &u);
	}
}

/** disk_flush() - a flush has come in */
void disk_flush(struct disk *d, uint64_t id)
{
	ask(d, id, true, false);
}

/** disk_apply() - put pieces of a block in their place */
void disk_apply(uint8_t *contents, const struct unit *u, uint8_t mask)
{
	unsigned int i;

	for (i = 0; i < BLOCK / PIECE; i++)
		if (mask & u->mask & 1 << i)
			memcpy(contents + u->block * BLOCK + i * PIECE,
			       (u->data ? u->data : zeros) + i * PIECE, PIECE);
}

static bool settles(const struct disk *d, const struct request *r, const struct unit *u)
{
	if (r->flush)
		return u->done && u->done < (d->late ? d->flushed : r->since);
	return r->fua && u->id == r->id;
}

static struct request *find(const struct disk *d, uint64_t id)
{
	unsigned int i;

	for (i = 0; i < d->request_count; i++)
		if (d->requests[i].id == id)
			return (struct request *)&d->requests[i];
	return NULL;
}

/** disk_will_settle() - would an answer to this request make anything durable? */
bool disk_will_settle(const struct disk *d, uint64_t id)
{
	const struct request *r = find(d, id);
	size_t i;

	for (i = 0; r && i < d->count; i++)
		if (settles(d, r, &d->units[i]))
			return true;
	return false;
}

/*
 * What is durable now was in the cache before, where it has taken the place of all that was there
 * earlier: that can not come back. What was on its way at the same time can.
 */
static void supersede(struct disk *d, size_t newer, uint64_t since)
{
	const struct unit *n = &d->units[newer];
	size_t i;

	for (i = 0; i < newer; i++)
		if (d->units[i].block == n->block && d->units[i].done && d->units[i].done < since)
			d->units[i].mask &= ~n->mask;
}

/** disk_done() - a request has been answered */
void disk_done(struct disk *d, uint64_t id)
{
	struct request *r = find(d, id), done;
	size_t i, kept = 0;

	if (!r) {
		fprintf(stderr, "replay: an answer to nothing\n");
		exit(2);
	}
	done = *r;
	*r = d->requests[--d->request_count];
	d->clock++;
	for (i = 0; i < d->count; i++) {
		if (!settles(d, &done, &d->units[i]))
			continue;
		disk_apply(d->durable, &d->units[i], 0xff);
		supersede(d, i, done.since);
		d->units[i].mask = 0;
	}
	for (i = 0; i < d->count; i++) {
		if (d->units[i].id == id)
			d->units[i].done = d->clock;
		if (d->units[i].mask)
			d->units[kept++] = d->units[i];
	}
	d->count = kept;
	if (done.flush)
		d->flushed = done.since;
}
