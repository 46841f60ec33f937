// SPDX-License-Identifier: GPL-2.0-or-later
/* Between disk and memory: see codec.h. */
#include "codec.h"

static bool is_zero(const void *p, size_t n)
{
	return !memchr_inv(p, 0, n);
}

/* A text field is NUL padded: nothing may hide behind the first NUL. */
static int text_from_disk(char *text, const u8 *d, size_t size)
{
	size_t n = strnlen((const char *)d, size);

	if (!is_zero(d + n, size - n))
		return -EUCLEAN;
	memcpy(text, d, n);
	memset(text + n, 0, size + 1 - n);
	return 0;
}

/* ---- wide seals ---- */

void dmw_wide_seal_to_disk(struct dmw_wide_seal_disk *d, const struct dmw_wide_seal *s)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->nonce, s->nonce, DMW_NONCE_SIZE);
	memcpy(d->mac, s->mac, DMW_MAC_SIZE);
	d->epoch = cpu_to_le32(s->epoch);
	d->slot = cpu_to_le32(s->slot);
}

int dmw_wide_seal_from_disk(struct dmw_wide_seal *s, const struct dmw_wide_seal_disk *d)
{
	memcpy(s->nonce, d->nonce, DMW_NONCE_SIZE);
	memcpy(s->mac, d->mac, DMW_MAC_SIZE);
	s->epoch = le32_to_cpu(d->epoch);
	s->slot = le32_to_cpu(d->slot);
	if (s->slot >= DMW_SLOTS || !is_zero(d->pad, sizeof(d->pad)))
		return -EUCLEAN;
	return 0;
}

/** dmw_wide_nonce() - the 24 bytes of an XAES nonce from salt and narrow nonce */
void dmw_wide_nonce(u8 wide[DMW_NONCE_SIZE], const u8 salt[DMW_SALT_SIZE], u64 nonce,
		    enum dmw_domain domain)
{
	memcpy(wide, salt, DMW_SALT_SIZE);
	dmw_iv(wide + DMW_SALT_SIZE, nonce, domain);
}

/** dmw_wide_nonce_narrow() - activation << 48 | counter of a wide nonce */
u64 dmw_wide_nonce_narrow(const u8 wide[DMW_NONCE_SIZE])
{
	__le64 n;

	memcpy(&n, wide + DMW_SALT_SIZE, sizeof(n));
	return le64_to_cpu(n);
}

/* ---- superblock ---- */

static void root_encode(struct dmw_root_disk *d, const struct dmw_root *r)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < DMW_ROOTS; i++)
		dmw_seal_to_disk(&d->tree[i], &r->tree[i]);
	dmw_seal_to_disk(&d->tags, &r->tags);
	dmw_wide_seal_to_disk(&d->activations, &r->activations);
	d->activation_count = cpu_to_le32(r->activation_count);
	d->default_tag = cpu_to_le32(r->default_tag);
	d->journal_seq = cpu_to_le64(r->journal_seq);
	d->journal_pos = cpu_to_le64(r->journal_pos);
	memcpy(d->journal_mac, r->journal_mac, DMW_MAC_SIZE);
	d->written = cpu_to_le64(r->written);
	memcpy(d->warrant, r->warrant, DMW_DIGEST_SIZE);
	memcpy(d->label, r->label, DMW_LABEL_SIZE);
	for (i = 0; i < DMW_MAX_EPOCHS; i++) {
		d->epochs[i].epoch = cpu_to_le32(r->epochs[i].epoch);
		d->epochs[i].state = cpu_to_le32(r->epochs[i].state);
		d->epochs[i].created = cpu_to_le64(r->epochs[i].created);
	}
}

/**
 * dmw_superblock_encode() - a superblock, its root not yet encrypted
 * @d:    receives it; the caller seals @d->root in place, with the first DMW_SUPERBLOCK_AAD bytes
 *        as associated data, and the MAC into @d->mac
 * @sb:   clear part; mac is ignored
 * @root: part to be sealed
 */
void dmw_superblock_encode(struct dmw_superblock_disk *d, const struct dmw_superblock *sb,
			   const struct dmw_root *root)
{
	const struct dmw_layout *l = &sb->layout;

	memset(d, 0, sizeof(*d));
	memcpy(d->magic, DMW_MAGIC, DMW_MAGIC_SIZE);
	d->version = cpu_to_le16(DMW_VERSION);
	d->copy = cpu_to_le16(sb->checkpoint % DMW_SUPERBLOCKS);
	d->sector_size = cpu_to_le32(DMW_SECTOR_SIZE);
	memcpy(d->uuid, sb->uuid, DMW_UUID_SIZE);
	d->feature_compat = cpu_to_le64(sb->feature_compat);
	d->feature_ro_compat = cpu_to_le64(sb->feature_ro_compat);
	d->feature_incompat = cpu_to_le64(sb->feature_incompat);
	d->lun_blocks = cpu_to_le64(l->lun_blocks);
	d->data_sectors = cpu_to_le64(l->data_sectors);
	d->superblock_b = cpu_to_le64(l->superblock_b);
	d->activation_start = cpu_to_le64(l->activation_start);
	d->activation_blocks = cpu_to_le32(l->activation_blocks);
	d->tag_records = cpu_to_le32(l->tag_records);
	d->tag_start = cpu_to_le64(l->tag_start);
	d->journal_start = cpu_to_le64(l->journal_start);
	d->journal_blocks = cpu_to_le32(l->journal_blocks);
	d->journal_unit = cpu_to_le32(l->journal_unit);
	d->group_start = cpu_to_le64(l->group_start);
	d->checkpoint = cpu_to_le64(sb->checkpoint);
	d->epoch = cpu_to_le32(sb->epoch);
	d->created = cpu_to_le64(sb->created);
	memcpy(d->nonce, sb->nonce, DMW_NONCE_SIZE);
	root_encode(&d->root, root);
}

/* The layout is derived anew from what the format chose; all that is stored must agree. */
static int layout_decode(struct dmw_layout *l, const struct dmw_superblock_disk *d)
{
	memset(l, 0, sizeof(*l));
	l->lun_blocks = le64_to_cpu(d->lun_blocks);
	l->activation_blocks = le32_to_cpu(d->activation_blocks);
	l->tag_records = le32_to_cpu(d->tag_records);
	l->journal_blocks = le32_to_cpu(d->journal_blocks);
	l->journal_unit = le32_to_cpu(d->journal_unit);
	if (dmw_layout_derive(l))
		return -EUCLEAN;
	if (l->data_sectors != le64_to_cpu(d->data_sectors) ||
	    l->superblock_b != le64_to_cpu(d->superblock_b) ||
	    l->activation_start != le64_to_cpu(d->activation_start) ||
	    l->tag_start != le64_to_cpu(d->tag_start) ||
	    l->journal_start != le64_to_cpu(d->journal_start) ||
	    l->group_start != le64_to_cpu(d->group_start))
		return -EUCLEAN;
	return 0;
}

/**
 * dmw_superblock_decode() - the clear part of a superblock, not yet authenticated
 * @sb:    receives it
 * @d:     block read from the LUN
 * @block: where it was read; 0 for copy A, anything else must be the place of copy B
 *
 * Feature bits are for the caller to judge, after the MAC.
 * Return: 0; -ENODEV not a dm-warrant volume; -EPROTONOSUPPORT a newer format; -EUCLEAN.
 */
int dmw_superblock_decode(struct dmw_superblock *sb, const struct dmw_superblock_disk *d,
			  u64 block)
{
	int ret;

	if (memcmp(d->magic, DMW_MAGIC, DMW_MAGIC_SIZE))
		return -ENODEV;
	if (le16_to_cpu(d->version) != DMW_VERSION)
		return le16_to_cpu(d->version) > DMW_VERSION ? -EPROTONOSUPPORT : -EUCLEAN;

	memcpy(sb->uuid, d->uuid, DMW_UUID_SIZE);
	sb->feature_compat = le64_to_cpu(d->feature_compat);
	sb->feature_ro_compat = le64_to_cpu(d->feature_ro_compat);
	sb->feature_incompat = le64_to_cpu(d->feature_incompat);
	sb->checkpoint = le64_to_cpu(d->checkpoint);
	sb->epoch = le32_to_cpu(d->epoch);
	sb->created = le64_to_cpu(d->created);
	memcpy(sb->nonce, d->nonce, DMW_NONCE_SIZE);
	memcpy(sb->mac, d->mac, DMW_MAC_SIZE);
	ret = layout_decode(&sb->layout, d);
	if (ret)
		return ret;

	if (le32_to_cpu(d->sector_size) != DMW_SECTOR_SIZE || !sb->checkpoint ||
	    le16_to_cpu(d->copy) != sb->checkpoint % DMW_SUPERBLOCKS ||
	    block != dmw_layout_superblock(&sb->layout, sb->checkpoint) ||
	    !is_zero(d->pad, sizeof(d->pad)) || !is_zero(d->reserved, sizeof(d->reserved)))
		return -EUCLEAN;
	return 0;
}

static int epochs_decode(struct dmw_epoch *epochs, const struct dmw_epoch_disk *d)
{
	unsigned int i, current_epochs = 0;

	for (i = 0; i < DMW_MAX_EPOCHS; i++) {
		epochs[i].epoch = le32_to_cpu(d[i].epoch);
		epochs[i].state = le32_to_cpu(d[i].state);
		epochs[i].created = le64_to_cpu(d[i].created);
		switch (epochs[i].state) {
		case DMW_EPOCH_NONE:
			if (!is_zero(&d[i], sizeof(d[i])))
				return -EUCLEAN;
			break;
		case DMW_EPOCH_CURRENT:
			current_epochs++;
			fallthrough;
		case DMW_EPOCH_OLD:
			if (!epochs[i].epoch)
				return -EUCLEAN;
			break;
		default:
			return -EUCLEAN;
		}
	}
	return current_epochs == 1 ? 0 : -EUCLEAN;
}

/**
 * dmw_root_decode() - the opened root of a superblock
 * @r: receives it
 * @d: root, decrypted
 * @l: layout
 */
int dmw_root_decode(struct dmw_root *r, const struct dmw_root_disk *d, const struct dmw_layout *l)
{
	u64 ring = dmw_layout_journal_units(l);
	unsigned int i;

	for (i = 0; i < DMW_ROOTS; i++) {
		dmw_seal_from_disk(&r->tree[i], &d->tree[i]);
		if (r->tree[i].nonce && r->tree[i].tag >= DMW_SLOTS)
			return -EUCLEAN;
		if (r->tree[i].nonce && i >= dmw_layout_nodes(l, DMW_TOP_LEVEL))
			return -EUCLEAN;
	}
	dmw_seal_from_disk(&r->tags, &d->tags);
	if (r->tags.nonce ? r->tags.tag >= DMW_SLOTS : !is_zero(&d->tags, sizeof(d->tags)))
		return -EUCLEAN;
	if (dmw_wide_seal_from_disk(&r->activations, &d->activations))
		return -EUCLEAN;
	r->activation_count = le32_to_cpu(d->activation_count);
	r->default_tag = le32_to_cpu(d->default_tag);
	r->journal_seq = le64_to_cpu(d->journal_seq);
	r->journal_pos = le64_to_cpu(d->journal_pos);
	memcpy(r->journal_mac, d->journal_mac, DMW_MAC_SIZE);
	r->written = le64_to_cpu(d->written);
	memcpy(r->warrant, d->warrant, DMW_DIGEST_SIZE);

	if (!r->activation_count || r->activation_count > DMW_MAX_ACTIVATIONS ||
	    r->activation_count > l->activation_blocks * DMW_ACTIVATIONS_PER_BLOCK)
		return -EUCLEAN;
	/* Neither can come near its end in the life of any hardware. */
	if (!r->journal_seq || r->journal_seq > U64_MAX / 2 || r->journal_pos > U64_MAX / 2 - ring)
		return -EUCLEAN;
	if (text_from_disk(r->label, d->label, DMW_LABEL_SIZE) ||
	    !is_zero(d->reserved, sizeof(d->reserved)))
		return -EUCLEAN;
	return epochs_decode(r->epochs, d->epochs);
}

/* ---- activation chain ---- */

/**
 * dmw_activation_block_encode() - a link of the activation chain
 * @d:     receives it
 * @prev:  seal of the link before; NULL for the first
 * @a:     the entries
 * @count: 1..DMW_ACTIVATIONS_PER_BLOCK
 */
void dmw_activation_block_encode(struct dmw_activation_block_disk *d,
				 const struct dmw_wide_seal *prev,
				 const struct dmw_activation *a, u32 count)
{
	u32 i;

	memset(d, 0, sizeof(*d));
	if (prev)
		dmw_wide_seal_to_disk(&d->prev, prev);
	for (i = 0; i < count; i++) {
		memcpy(d->entries[i].salt, a[i].salt, DMW_SALT_SIZE);
		d->entries[i].epoch = cpu_to_le32(a[i].epoch);
		d->entries[i].time = cpu_to_le64(a[i].time);
		memcpy(d->entries[i].host, a[i].host, DMW_HOST_SIZE);
		d->entries[i].parent = cpu_to_le64(a[i].parent);
	}
}

int dmw_activation_block_decode(struct dmw_wide_seal *prev, struct dmw_activation *a, u32 count,
				const struct dmw_activation_block_disk *d)
{
	u32 i;

	if (dmw_wide_seal_from_disk(prev, &d->prev))
		return -EUCLEAN;
	for (i = 0; i < count; i++) {
		memcpy(a[i].salt, d->entries[i].salt, DMW_SALT_SIZE);
		a[i].epoch = le32_to_cpu(d->entries[i].epoch);
		a[i].time = le64_to_cpu(d->entries[i].time);
		a[i].parent = le64_to_cpu(d->entries[i].parent);
		if (!a[i].epoch || text_from_disk(a[i].host, d->entries[i].host, DMW_HOST_SIZE))
			return -EUCLEAN;
	}
	if (!is_zero(&d->entries[count],
		     (DMW_ACTIVATIONS_PER_BLOCK - count) * sizeof(d->entries[0])))
		return -EUCLEAN;
	return 0;
}

/* ---- node ---- */

/**
 * dmw_node_check() - do an opened node's seals make sense?
 * @d:     node, decrypted
 * @level: 0 = leaf
 */
int dmw_node_check(const struct dmw_node_disk *d, unsigned int level)
{
	const struct dmw_seal_disk *s = d->seals;
	unsigned int i;

	for (i = 0; i < DMW_FANOUT; i++) {
		if (s[i].nonce) {
			if (level && le32_to_cpu(s[i].tag) >= DMW_SLOTS)
				return -EUCLEAN;
		} else if (s[i].time || !is_zero(s[i].mac, DMW_MAC_SIZE)) {
			return -EUCLEAN;
		}
	}
	return 0;
}

/* ---- tag table ---- */

/** dmw_tag_state_valid() - is this a state that a tag can be in? */
bool dmw_tag_state_valid(u32 state)
{
	return state >= DMW_TAG_OPEN && state <= DMW_TAG_SHREDDED;
}

/** dmw_tag_encode() - a tag record; name and metadata are within their bounds */
void dmw_tag_encode(struct dmw_tag_disk *d, const struct dmw_tag *t)
{
	memset(d, 0, sizeof(*d));
	d->tag = cpu_to_le32(t->tag);
	d->state = cpu_to_le32(t->state);
	d->created = cpu_to_le64(t->created);
	d->changed = cpu_to_le64(t->changed);
	d->length = cpu_to_le32(t->length);
	memcpy(d->name, t->name, strnlen(t->name, DMW_TAG_NAME_SIZE));
	memcpy(d->metadata, t->metadata, t->length);
}

/**
 * dmw_tag_decode() - an opened tag record
 * @t:   receives it; its metadata points into @d
 * @d:   record, decrypted
 * @tag: number that it must have
 */
int dmw_tag_decode(struct dmw_tag *t, const struct dmw_tag_disk *d, u32 tag)
{
	u32 state = le32_to_cpu(d->state);

	t->tag = le32_to_cpu(d->tag);
	t->created = le64_to_cpu(d->created);
	t->changed = le64_to_cpu(d->changed);
	t->length = le32_to_cpu(d->length);
	t->metadata = d->metadata;
	if (t->tag != tag || !dmw_tag_state_valid(state) || t->length > DMW_TAG_METADATA_SIZE)
		return -EUCLEAN;
	t->state = state;
	if (text_from_disk(t->name, d->name, DMW_TAG_NAME_SIZE) || !t->name[0] ||
	    !is_zero(d->metadata + t->length, DMW_TAG_METADATA_SIZE - t->length) ||
	    !is_zero(d->pad, sizeof(d->pad)) || !is_zero(d->reserved, sizeof(d->reserved)))
		return -EUCLEAN;
	return 0;
}

static bool tag_seal_valid(const struct dmw_seal_disk *s, enum dmw_tag_level level)
{
	u32 tag = le32_to_cpu(s->tag), state = tag >> DMW_TAG_SEAL_STATE;

	if ((tag & DMW_TAG_SEAL_SLOT) >= DMW_SLOTS)
		return false;
	return level == DMW_TAG_NODE ? dmw_tag_state_valid(state) : !state;
}

/**
 * dmw_tag_node_check() - do an opened node's seals of the tag table make sense?
 * @d:     node, decrypted
 * @level: DMW_TAG_NODE or DMW_TAG_TOP
 * @count: receives the number of seals in use, which are the first ones
 */
int dmw_tag_node_check(const struct dmw_node_disk *d, enum dmw_tag_level level, u32 *count)
{
	const struct dmw_seal_disk *s = d->seals;
	u32 i = 0;

	while (i < DMW_FANOUT && s[i].nonce) {
		if (!tag_seal_valid(&s[i], level))
			return -EUCLEAN;
		i++;
	}
	*count = i;
	return is_zero(&s[i], (DMW_FANOUT - i) * sizeof(s[0])) ? 0 : -EUCLEAN;
}

/* ---- journal ---- */

/** dmw_record_length() - bytes in use of a record with @count entries */
u32 dmw_record_length(u32 count)
{
	return sizeof(struct dmw_record_disk) + count * sizeof(struct dmw_entry_disk);
}

/** dmw_record_encode() - the head of a record; its entries are there already, @h->mac is ignored */
void dmw_record_encode(struct dmw_record_disk *d, const struct dmw_record_head *h)
{
	memset(d, 0, sizeof(*d));
	d->magic = cpu_to_le32(DMW_RECORD_MAGIC);
	d->length = cpu_to_le32(h->length);
	d->seq = cpu_to_le64(h->seq);
	d->nonce = cpu_to_le64(h->nonce);
	d->stable = cpu_to_le64(h->stable);
	memcpy(d->prev, h->prev, DMW_MAC_SIZE);
	d->count = cpu_to_le32(h->count);
	d->checkpoint = cpu_to_le32(h->checkpoint);
}

/**
 * dmw_record_decode_clear() - what must be known before the MAC can be checked
 * @h: receives it
 * @d: a place of the ring, untrusted
 *
 * Return: 0, or -ENODATA: there is no record here.
 */
int dmw_record_decode_clear(struct dmw_record_head *h, const struct dmw_record_disk *d)
{
	h->length = le32_to_cpu(d->length);
	h->seq = le64_to_cpu(d->seq);
	h->nonce = le64_to_cpu(d->nonce);
	memcpy(h->mac, d->mac, DMW_MAC_SIZE);
	if (le32_to_cpu(d->magic) != DMW_RECORD_MAGIC || h->length < dmw_record_length(1) ||
	    h->length > DMW_RECORD_MAX || !is_zero(d->pad, sizeof(d->pad)))
		return -ENODATA;
	return 0;
}

/** dmw_record_decode() - the opened rest of a record's head */
int dmw_record_decode(struct dmw_record_head *h, const struct dmw_record_disk *d)
{
	h->stable = le64_to_cpu(d->stable);
	memcpy(h->prev, d->prev, DMW_MAC_SIZE);
	h->count = le32_to_cpu(d->count);
	h->checkpoint = le32_to_cpu(d->checkpoint);
	if (!h->count || h->count > DMW_RECORD_ENTRIES ||
	    h->length != dmw_record_length(h->count) || h->stable >= h->seq)
		return -EUCLEAN;
	return 0;
}

void dmw_entry_encode(struct dmw_entry_disk *d, const struct dmw_entry *e)
{
	d->sector = cpu_to_le64(e->sector);
	if (!e->count) {
		dmw_seal_to_disk(&d->seal, &e->seal);
		return;
	}
	memset(&d->run, 0, sizeof(d->run));
	d->run.time = cpu_to_le32(e->seal.time);
	d->run.tag = cpu_to_le32(e->seal.tag);
	d->run.count = cpu_to_le64(e->count);
}

int dmw_entry_decode(struct dmw_entry *e, const struct dmw_entry_disk *d,
		     const struct dmw_layout *l)
{
	e->sector = le64_to_cpu(d->sector);
	e->count = 0;
	dmw_seal_from_disk(&e->seal, &d->seal);
	if (e->sector >= l->data_sectors)
		return -EUCLEAN;
	if (e->seal.nonce)
		return 0;

	e->count = le64_to_cpu(d->run.count);
	memset(e->seal.mac, 0, DMW_MAC_SIZE);
	if (e->seal.time || !e->count || e->count > DMW_FANOUT - (e->sector & (DMW_FANOUT - 1)) ||
	    e->count > l->data_sectors - e->sector || !is_zero(d->run.pad, sizeof(d->run.pad)))
		return -EUCLEAN;
	return 0;
}

/* ---- keyset ---- */

static bool is_mark(const struct dmw_key_disk *k)
{
	return le32_to_cpu(k->epoch) == DMW_EPOCH_SHREDDED;
}

/* A key, or a mark of what can be shredded alone. */
static bool key_valid(const struct dmw_key_disk *k)
{
	bool zero = is_zero(k->key, DMW_KEY_SIZE);
	u32 tag = le32_to_cpu(k->tag);

	if (!is_mark(k))
		return !zero;
	return zero && tag != DMW_TAG_DEFAULT && tag != DMW_TAG_METADATA;
}

/* What is marked has no keys. */
static bool keys_agree(const struct dmw_key_disk *a, const struct dmw_key_disk *b)
{
	return a->tag != b->tag || (a->epoch != b->epoch && !is_mark(a) && !is_mark(b));
}

/**
 * dmw_keyset_check() - is this a keyset, and this volume's?
 * @payload: untrusted bytes
 * @size:    their number
 * @uuid:    of the volume; NULL = any
 *
 * Return: 0; -EINVAL not a keyset; -EPROTONOSUPPORT a newer one; -EKEYREJECTED another volume's.
 */
int dmw_keyset_check(const void *payload, size_t size, const u8 *uuid)
{
	const struct dmw_keyset_disk *d = payload;
	u32 i, j, count;

	if (size < sizeof(*d) || le32_to_cpu(d->magic) != DMW_KEYSET_MAGIC)
		return -EINVAL;
	if (le16_to_cpu(d->version) != DMW_KEYSET_VERSION)
		return -EPROTONOSUPPORT;
	count = le16_to_cpu(d->count);
	if (!count || count > DMW_KEYSET_MAX_KEYS ||
	    size != sizeof(*d) + count * sizeof(d->keys[0]))
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (!key_valid(&d->keys[i]))
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (!keys_agree(&d->keys[j], &d->keys[i]))
				return -EINVAL;
	}
	if (uuid && memcmp(uuid, d->uuid, DMW_UUID_SIZE))
		return -EKEYREJECTED;
	return 0;
}

/**
 * dmw_keyset_find() - a key of a keyset that dmw_keyset_check() has passed
 * @payload: a keyset
 * @tag:     case tag, or DMW_TAG_METADATA
 * @epoch:   generation; there is no key of DMW_EPOCH_SHREDDED
 *
 * Return: 32 bytes within @payload, or NULL.
 */
const u8 *dmw_keyset_find(const void *payload, u32 tag, u32 epoch)
{
	const struct dmw_keyset_disk *d = payload;
	u32 i;

	if (epoch == DMW_EPOCH_SHREDDED)
		return NULL;
	for (i = 0; i < le16_to_cpu(d->count); i++)
		if (le32_to_cpu(d->keys[i].tag) == tag && le32_to_cpu(d->keys[i].epoch) == epoch)
			return d->keys[i].key;
	return NULL;
}

/** dmw_keyset_is_shredded() - does a keyset that was checked say that a tag was shredded? */
bool dmw_keyset_is_shredded(const void *payload, u32 tag)
{
	const struct dmw_keyset_disk *d = payload;
	u32 i;

	for (i = 0; i < le16_to_cpu(d->count); i++)
		if (le32_to_cpu(d->keys[i].tag) == tag && is_mark(&d->keys[i]))
			return true;
	return false;
}
