// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of case tags that are gone. In a process they could be anything; what counts is what the core
 * makes of not having them, and whether anything of a shredded tag comes back without them.
 *
 * Chance is not asked here, so that seeds lead to what they led to before there was shredding.
 */
#include "sim.h"

/* @KEY_DESTROYED: in the key store only, which marks it in the keyset; @KEY_SHREDDED: the table says so */
enum key { KEY_THERE, KEY_DESTROYED, KEY_SHREDDED };

static u8 keys[MAX_TAGS + 2];

void keys_reset(void)
{
	memset(keys, 0, sizeof(keys));
}

u64 keys_hash(void)
{
	return hash_bytes(0, keys, sizeof(keys));
}

/*
 * keys_go() - is it a run in which keys are destroyed? Three seeds of ten; what an array that attacks has
 * made of a volume is found out by reading all of it
 */
bool keys_go(void)
{
	return cfg.tags_in && !watched() && cfg.mode != MODE_EXPLORE &&
	       (cfg.seed % 5 == 0 || cfg.seed % 10 == 8);
}

/** keys_chance() - one time in @n, by what there is and not by chance */
bool keys_chance(u64 from, u32 n)
{
	return keys_go() && mix(mix(from ^ 0x736872656464ULL) ^ cfg.seed) % n == 0;
}

/** key_destroy() - in the key store, while the volume is closed */
void key_destroy(u32 tag)
{
	if (keys[tag] == KEY_THERE)
		keys[tag] = KEY_DESTROYED;
}

/** key_shredded() - those who asked for it have heard that a tag is shredded */
void key_shredded(u32 tag)
{
	if (keys_go())
		keys[tag] = KEY_SHREDDED;
}

/** key_is_marked() - does a machine's keyset say that a tag's keys were destroyed? */
bool key_is_marked(const struct machine *m, u32 tag)
{
	return keys[tag] == KEY_DESTROYED || tag == m->host.destroyed ||
	       (keys[tag] == KEY_SHREDDED && !m->host.no_marks);
}

/** key_is_gone() - marked or not */
bool key_is_gone(const struct machine *m, u32 tag)
{
	return tag && tag <= MAX_TAGS && (keys[tag] != KEY_THERE || tag == m->host.destroyed ||
					  m->host.dropped[tag]);
}

/** key_error() - what a machine hears that wants to use a tag's key; 0 = it has it */
int key_error(const struct machine *m, u32 tag)
{
	if (m->vol.forgotten)
		return -ENODATA;
	if (tag == DMW_TAG_METADATA || !key_is_gone(m, tag))
		return 0;
	return key_is_marked(m, tag) || m->host.dropped[tag] ? -ENODATA : -ENOKEY;
}

/** keys_open() - a machine has been opened: as the kernel does, it believes its keyset, and drops keys */
void keys_open(struct machine *m)
{
	u32 tag;

	for (tag = 1; tag <= m->vol.tags.count && tag <= MAX_TAGS; tag++) {
		if (key_is_marked(m, tag))
			dmw_tags_shred(&m->vol.tags, tag);
		m->host.dropped[tag] = keys_go() && m->vol.tags.states[tag] == DMW_TAG_SHREDDED;
	}
}

/* ---- sectors that cannot be read ---- */

/** pair_time() - when was a pair's value written? */
u32 pair_time(u64 pair)
{
	return VALUE(pair) & UNREADABLE ? (u32)pair : value_time(VALUE(pair));
}

/** pair_unreadable() - all that can be told of a sector without its key */
u64 pair_unreadable(u32 tag, u32 time)
{
	return PAIR(UNREADABLE | time, tag);
}

/** pair_fits() - may a sector hold @allowed, when this has been found there? */
bool pair_fits(u64 allowed, u64 found)
{
	if (allowed == found)
		return true;
	return (VALUE(found) & UNREADABLE) && VALUE(allowed) && TAG(allowed) == TAG(found) &&
	       pair_time(allowed) == (u32)found;
}
