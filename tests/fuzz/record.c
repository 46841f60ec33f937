// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A journal record of raw bytes, head and entries, and a layout's sizes to judge them by. Whatever
 * passes lies within record, volume and leaf, and encodes to the same bytes.
 */
#include "fuzz.h"

static void check_head(const struct dmw_record_head *h, const struct dmw_record_disk *d)
{
	struct dmw_record_disk again;

	if (!h->count || h->count > DMW_RECORD_ENTRIES || h->length > DMW_RECORD_MAX ||
	    h->length != dmw_record_length(h->count) || h->stable >= h->seq)
		fail("a record of %u entries and %u bytes", h->count, h->length);
	dmw_record_encode(&again, h);
	memcpy(again.mac, d->mac, DMW_MAC_SIZE);
	if (memcmp(&again, d, sizeof(again)))
		fail("a head decodes, and encodes to something else");
}

static void check_entry(const struct dmw_entry *e, const struct dmw_entry_disk *d,
			const struct dmw_layout *l)
{
	struct dmw_entry_disk again;

	if (e->sector >= l->data_sectors || e->count > l->data_sectors - e->sector ||
	    (e->count && (e->sector + e->count - 1) / DMW_FANOUT != e->sector / DMW_FANOUT))
		fail("an entry at %llu+%llu", (unsigned long long)e->sector,
		     (unsigned long long)e->count);
	if (!e->count == !e->seal.nonce)
		fail("an entry that is both seal and run, or neither");
	dmw_entry_encode(&again, e);
	if (memcmp(&again, d, sizeof(again)))
		fail("an entry decodes, and encodes to something else");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct dmw_layout l = { .data_sectors = take(&in, 8) };
	struct dmw_record_disk *d;
	struct dmw_record_head h;
	struct dmw_entry e;
	int ret;
	u32 i;

	/* As in the ring, where a record has a block to itself. */
	d = take_exactly(&in, DMW_RECORD_MAX);
	ret = dmw_record_decode_clear(&h, d);
	if (ret && ret != -ENODATA)
		fail("the clear part ends with %d", ret);
	if (!ret && (h.length < sizeof(*d) || h.length > DMW_RECORD_MAX))
		fail("a length of %u", h.length);
	if (!ret) {
		ret = dmw_record_decode(&h, d);
		if (ret && ret != -EUCLEAN)
			fail("the rest ends with %d", ret);
		if (!ret)
			check_head(&h, d);
		for (i = 0; !ret && i < h.count; i++)
			if (!dmw_entry_decode(&e, &d->entries[i], &l))
				check_entry(&e, &d->entries[i], &l);
	}
	free(d);
	return 0;
}
