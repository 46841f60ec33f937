// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A journal ring of raw bytes, all of which authenticate, and any place in it to begin at.
 *
 * The walk ends, reads nothing but the ring, and passes on only what a volume of this layout can have:
 * entries in order, of records that follow one another.
 */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

struct walk {
	const struct dmw_state	*state;
	u64			seq;
	u32			records;
	u32			entries;	/* of the record now */
	u32			count;
};

static int entry(void *arg, const struct dmw_record_head *head, const struct dmw_entry *e)
{
	const struct dmw_layout *l;
	struct walk *w = arg;

	l = &w->state->sb.layout;
	if (!w->records || head->seq != w->seq) {
		if (w->records ? head->seq != w->seq + 1 || w->entries != w->count :
				 head->seq != w->state->root.journal_seq)
			fail("record %llu comes behind %llu", (unsigned long long)head->seq,
			     (unsigned long long)w->seq);
		w->records++;
		w->seq = head->seq;
		w->count = head->count;
		w->entries = 0;
	}
	w->entries++;
	if (e->sector >= l->data_sectors || e->count > l->data_sectors - e->sector)
		fail("an entry of sector %llu", (unsigned long long)e->sector);
	if (e->seal.nonce && dmw_nonce_activation(e->seal.nonce) > w->state->root.activation_count)
		fail("an entry of activation %u", dmw_nonce_activation(e->seal.nonce));
	return 0;
}

static void walk(struct dmw_host *host, const struct dmw_state *s)
{
	u64 ring = dmw_layout_journal_units(&s->sb.layout);
	struct walk w = { .state = s };
	struct dmw_journal_end end;
	enum dmw_load_error err;

	lun.first = s->sb.layout.journal_start;
	lun.end = lun.first + s->sb.layout.journal_blocks;
	err = dmw_load_journal(host, s, entry, &w, &end);
	if (dmw_load_journal(host, s, NULL, NULL, &end) != err)
		fail("the same walk ends in another way");
	if (err && err != DMW_LOAD_JOURNAL_DAMAGED && err != DMW_LOAD_CHECKPOINT_HIDDEN)
		fail("the walk ends with: %s", dmw_load_error_text(err));
	if (!err && (end.seq != s->root.journal_seq + w.records || w.entries != w.count))
		fail("%u records, and the end is at %llu", w.records, (unsigned long long)end.seq);
	if (end.stable >= end.seq)
		fail("stable up to %llu, of %llu", (unsigned long long)end.stable,
		     (unsigned long long)end.seq);
	if (end.pos < s->root.journal_pos || end.pos - s->root.journal_pos > ring + 8)
		fail("more than the ring");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size }, none = { 0 };
	unsigned int base = take(&in, 1), flags = take(&in, 1), pos = take(&in, 2);
	struct dmw_state *s = calloc(1, sizeof(*s));
	struct dmw_host host = { 0 };
	struct dmw_lun l = { .read_only = true };
	u32 i, n;
	u8 *ring, *copy;

	forge_make(base, false, &none);
	l.blocks = lun.blocks;
	l.logical_block = lun.logical_block;
	if (dmw_load_superblock(&host, &l, s) || dmw_load_activations(&host, s))
		fail("a base does not load");
	n = s->sb.layout.journal_blocks;
	ring = malloc(n << DMW_SECTOR_SHIFT);
	for (i = 0; i < n; i++)
		memcpy(ring + (i << DMW_SECTOR_SHIFT), lun_look(s->sb.layout.journal_start + i),
		       DMW_SECTOR_SIZE);
	copy = take_over(&in, ring, n << DMW_SECTOR_SHIFT);
	for (i = 0; i < n; i++)
		memcpy(lun_block(s->sb.layout.journal_start + i), copy + (i << DMW_SECTOR_SHIFT),
		       DMW_SECTOR_SIZE);
	free(copy);
	free(ring);
	lun.forgiving = true;
	if (flags & 1)
		s->root.journal_pos += pos;
	if (flags & 2) {	/* a ring whose numbers the input knows */
		s->root.journal_pos = 0;
		s->root.journal_seq = 1;
		memset(s->root.journal_mac, 0, DMW_MAC_SIZE);
	}
	walk(&host, s);
	dmw_state_free(&host, s);
	free(s);
	host_check_leaks();
	return 0;
}
