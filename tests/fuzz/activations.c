// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An activation chain of raw bytes, all of which authenticate; any count and slot in the root; any
 * anchor.
 *
 * The walk ends and stays within the chain's area; every entry makes sense; an anchor is accepted only
 * if one of the activations has its salt; and no nonce names a key beyond the table.
 */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	return 0;
}

static void check_entries(const struct dmw_state *s)
{
	const struct dmw_activation *a = s->activations;
	u32 i;

	if (s->activation_space <= s->root.activation_count)
		fail("no room for another activation");
	for (i = 0; i < s->root.activation_count; i++)
		if (!a[i].epoch || strnlen(a[i].host, sizeof(a[i].host)) == sizeof(a[i].host))
			fail("activation %u makes no sense", i + 1);
}

static void check_keys(const struct dmw_state *s, u16 activation)
{
	struct dmw_key_id key;
	int ret = dmw_state_key(s, 1, activation, &key);
	bool there = activation && activation <= s->root.activation_count;

	if (ret != (there ? 0 : -EBADMSG))
		fail("the key of activation %u of %u: %d", activation, s->root.activation_count,
		     ret);
	if (there && (key.epoch != s->activations[activation - 1].epoch ||
		      memcmp(key.salt, s->activations[activation - 1].salt, DMW_SALT_SIZE)))
		fail("another activation's key");
}

static void check_anchor(const struct dmw_state *s, const struct dmw_anchor *a)
{
	bool found = false;
	u32 i;

	if (dmw_load_check_anchor(s, a) || !a->checkpoint)
		return;
	for (i = 0; i < s->root.activation_count; i++)
		found |= !memcmp(a->salt, s->activations[i].salt, DMW_SALT_SIZE);
	if (!found || a->checkpoint > s->sb.checkpoint)
		fail("a rollback is not noticed");
}

static void load(struct dmw_state *s, const struct dmw_anchor *a, u16 activation)
{
	struct dmw_host host = { 0 };
	enum dmw_load_error err;

	lun.key_missing = false;
	lun.first = s->sb.layout.activation_start;
	lun.end = s->sb.layout.tag_start;
	err = dmw_load_activations(&host, s);
	if (err && err != (lun.key_missing ? DMW_LOAD_NO_KEY : DMW_LOAD_ACTIVATIONS_DAMAGED))
		fail("the walk ends with: %s", dmw_load_error_text(err));
	if (!err) {
		check_entries(s);
		check_keys(s, activation);
		check_anchor(s, a);
	}
	dmw_state_free(&host, s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size }, none = { 0 };
	unsigned int base = take(&in, 1), flags = take(&in, 1), count = take(&in, 2);
	unsigned int which = take(&in, 2);
	struct dmw_state *s = calloc(1, sizeof(*s));
	struct dmw_lun l = { .read_only = true };
	struct dmw_anchor anchor;
	struct dmw_host host = { 0 };
	u8 *area, *copy;
	u32 i, n;

	forge_make(base, false, &none);
	l.blocks = lun.blocks;
	l.logical_block = lun.logical_block;
	if (dmw_load_superblock(&host, &l, s) || dmw_load_activations(&host, s))
		fail("a base does not load");
	anchor.checkpoint = s->sb.checkpoint - (flags >> 4);
	memcpy(anchor.salt, s->activations[which % s->root.activation_count].salt, DMW_SALT_SIZE);
	dmw_state_free(&host, s);
	n = DMW_SLOTS * s->sb.layout.activation_blocks;
	area = malloc(n << DMW_SECTOR_SHIFT);
	for (i = 0; i < n; i++)
		memcpy(area + (i << DMW_SECTOR_SHIFT), lun_look(1 + i), DMW_SECTOR_SIZE);
	copy = take_over(&in, area, n << DMW_SECTOR_SHIFT);
	for (i = 0; i < n; i++)
		memcpy(lun_block(1 + i), copy + (i << DMW_SECTOR_SHIFT), DMW_SECTOR_SIZE);
	free(copy);
	free(area);
	lun.forgiving = true;
	if (flags & 1)	/* as far as the root's decoder would let it pass */
		s->root.activation_count = 1 + count %
			(s->sb.layout.activation_blocks * DMW_ACTIVATIONS_PER_BLOCK);
	if (flags & 2)
		s->root.activations.slot ^= 1;
	load(s, &anchor, which);
	free(s);
	host_check_leaks();
	return 0;
}
