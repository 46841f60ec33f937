// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include "image.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "image: cannot %s\n", what);
	exit(99);
}

/* ---- making ---- */

#define SPACE	512

/* The core leaves room for the activations of one opening; tests want more. */
static void make_room(struct image *m)
{
	m->s.activations = realloc(m->s.activations, SPACE * sizeof(*m->s.activations));
	must(m->s.activations, "allocate");
	m->s.activation_space = SPACE;
}

static void add_key(struct libdmwarrant_keyset *keys, u32 tag)
{
	u32 n = le16_to_cpu(keys->disk->count);

	keys->disk->keys[n].tag = cpu_to_le32(tag);
	keys->disk->keys[n].epoch = cpu_to_le32(1);
	dmw_host_random(NULL, keys->disk->keys[n].key, DMW_KEY_SIZE);
	keys->disk->count = cpu_to_le16(n + 1);
	keys->size += sizeof(keys->disk->keys[0]);
}

struct image *image_open(const char *path, const char *keyset_path)
{
	struct dmw_lun lun = { .blocks = DMW_MAX_SECTORS, .logical_block = 512 };
	struct image *m = calloc(1, sizeof(*m));

	must(m && !libdmwarrant_new(&m->ctx), "allocate");
	must(!libdmwarrant_keyset_read(m->ctx, keyset_path, &m->keys), "read the keyset");
	m->fd = open(path, O_RDWR);
	must(m->fd >= 0, "open");
	lib_host_init(&m->host, m->fd, m->keys);
	must(!dmw_load_superblock(&m->host, &lun, &m->s), "load the superblock");
	must(!dmw_load_activations(&m->host, &m->s), "load the activations");
	make_room(m);
	must(!dmw_load_journal(&m->host, &m->s, NULL, NULL, &m->end), "load the journal");
	return m;
}

struct image *image_create(const char *path, const char *keyset_path, u64 bytes)
{
	struct libdmwarrant_format_params p = {
		.version = LIBDMWARRANT_FORMAT_VERSION, .label = "test image",
	};
	struct libdmwarrant_format_result r = { .version = LIBDMWARRANT_FORMAT_VERSION };
	struct libdmwarrant_keyset *keys;
	struct libdmwarrant *ctx;
	int fd;

	unlink(path);
	unlink(keyset_path);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	must(fd >= 0 && !ftruncate(fd, bytes), "create");
	close(fd);
	must(!libdmwarrant_new(&ctx), "allocate");
	must(!libdmwarrant_keyset_generate(ctx, NULL, &keys), "make keys");
	add_key(keys, IMAGE_TAG);
	must(!libdmwarrant_keyset_write(ctx, keys, keyset_path), "write keys");
	must(!libdmwarrant_format(ctx, path, keys, &p, &r), libdmwarrant_error(ctx));
	libdmwarrant_keyset_free(keys);
	libdmwarrant_free(ctx);
	return image_open(path, keyset_path);
}

void image_close(struct image *m)
{
	dmw_state_free(&m->host, &m->s);
	lib_host_destroy(&m->host);
	libdmwarrant_keyset_free(m->keys);
	libdmwarrant_free(m->ctx);
	close(m->fd);
	free(m);
}

/* ---- sealing ---- */

static u64 next_nonce(struct image *m)
{
	return (u64)m->s.root.activation_count << DMW_COUNTER_BITS | ++m->counter;
}

static void seal_block(struct image *m, u32 key_tag, struct dmw_block_id *id, u64 block,
		       void *data, struct dmw_seal_disk *d)
{
	struct dmw_seal seal = { .nonce = next_nonce(m), .time = 1700000000, .tag = id->tag };
	struct dmw_key_id key;

	id->nonce = seal.nonce;
	id->time = seal.time;
	must(!dmw_state_key(&m->s, key_tag, m->s.root.activation_count, &key), "find a key");
	must(!dmw_block_crypt(&m->host, true, m->s.sb.uuid, &key, id, data, DMW_SECTOR_SIZE,
			      seal.mac), "seal");
	must(!lib_host_write(&m->host, block, data), "write");
	dmw_seal_to_disk(d, &seal);
}

static struct image_node *get_node(struct image *m, unsigned int level, u64 index)
{
	struct image_node *n;
	unsigned int i;

	for (i = 0; i < m->node_count; i++)
		if (m->nodes[i].level == level && m->nodes[i].index == index)
			return &m->nodes[i];
	must(m->node_count < IMAGE_NODES, "hold so many nodes");
	n = &m->nodes[m->node_count++];
	n->level = level;
	n->index = index;
	return n;
}

/* What a sector holds, so that a test can tell. */
void image_pattern(u64 sector, u8 *data)
{
	u32 i;

	for (i = 0; i < DMW_SECTOR_SIZE; i++)
		data[i] = sector * 31 + i * 7 + (i >> 8);
}

void image_write(struct image *m, u64 sector, u32 tag)
{
	struct dmw_block_id id = { .domain = DMW_DOMAIN_DATA, .address = sector, .tag = tag };
	struct image_node *leaf = get_node(m, 0, sector >> DMW_FANOUT_SHIFT);
	u8 data[DMW_SECTOR_SIZE];

	image_pattern(sector, data);
	seal_block(m, tag, &id, dmw_layout_sector(&m->s.sb.layout, sector), data,
		   &leaf->disk.seals[sector & (DMW_FANOUT - 1)]);
}

void image_discard(struct image *m, u64 sector)
{
	struct image_node *leaf = get_node(m, 0, sector >> DMW_FANOUT_SHIFT);

	memset(&leaf->disk.seals[sector & (DMW_FANOUT - 1)], 0, sizeof(struct dmw_seal_disk));
}

/* ---- tags ---- */

/* @seal: of the block; keeps its state, changes its slot. */
static void write_tag_block(struct image *m, enum dmw_tag_level level, u32 index, u32 state,
			    void *block, struct dmw_seal *seal)
{
	u8 copy[DMW_SECTOR_SIZE];
	struct dmw_key_id key;
	u32 slot = seal->nonce ? !(seal->tag & DMW_TAG_SEAL_SLOT) : 0;

	memcpy(copy, block, sizeof(copy));
	*seal = (struct dmw_seal){
		.nonce = next_nonce(m), .time = 1700000000,
		.tag = slot | state << DMW_TAG_SEAL_STATE,
	};
	must(!dmw_state_key(&m->s, DMW_TAG_METADATA, m->s.root.activation_count, &key), "find");
	must(!dmw_tag_block_crypt(&m->host, true, m->s.sb.uuid, &key, level, index, seal, copy),
	     "seal");
	must(!lib_host_write(&m->host, dmw_layout_tag(&m->s.sb.layout, level, index, slot), copy),
	     "write");
}

/* Create or change a tag of the first 128; the next checkpoint has it. */
void image_tag(struct image *m, u32 tag, enum dmw_tag_state state)
{
	struct dmw_tag t = {
		.tag = tag, .state = state, .created = 1700000000, .changed = 1700000000,
		.metadata = (const u8 *)"",
	};
	struct dmw_seal seal;
	struct dmw_tag_disk d;

	snprintf(t.name, sizeof(t.name), "tag %u", tag);
	dmw_tag_encode(&d, &t);
	dmw_seal_from_disk(&seal, &m->tags.seals[tag - 1]);
	write_tag_block(m, DMW_TAG_RECORD, tag - 1, state, &d, &seal);
	dmw_seal_to_disk(&m->tags.seals[tag - 1], &seal);
	dmw_seal_from_disk(&seal, &m->tag_top.seals[0]);
	write_tag_block(m, DMW_TAG_NODE, 0, 0, &m->tags, &seal);
	dmw_seal_to_disk(&m->tag_top.seals[0], &seal);
	write_tag_block(m, DMW_TAG_TOP, 0, 0, &m->tag_top, &m->s.root.tags);
	m->s.sb.feature_incompat |= DMW_FEATURE_INCOMPAT_TAGS;
}

/* ---- activations ---- */

void image_activate(struct image *m)
{
	struct dmw_root *root = &m->s.root;
	u32 count = root->activation_count, in_link = count % DMW_ACTIVATIONS_PER_BLOCK;
	u32 link = count / DMW_ACTIVATIONS_PER_BLOCK;
	struct dmw_activation_block_disk d;
	struct dmw_wide_seal *s = &root->activations;
	struct dmw_activation *a;

	must(count < m->s.activation_space, "hold so many activations");
	if (!in_link) {
		m->prev = *s;
		s->slot = 0;
	} else {
		s->slot = !s->slot;
	}
	a = &m->s.activations[count];
	memset(a, 0, sizeof(*a));
	dmw_host_random(&m->host, a->salt, DMW_SALT_SIZE);
	a->epoch = m->s.sb.epoch;
	a->time = 1700000000;
	lib_copy(a->host, sizeof(a->host), "test");
	root->activation_count++;
	m->counter = 0;
	dmw_wide_nonce(s->nonce, a->salt, next_nonce(m), DMW_DOMAIN_ACTIVATION);
	s->epoch = a->epoch;
	dmw_activation_block_encode(&d, link ? &m->prev : NULL,
				    m->s.activations + link * DMW_ACTIVATIONS_PER_BLOCK,
				    in_link + 1);
	must(!dmw_activation_block_crypt(&m->host, true, m->s.sb.uuid, link, s, &d), "seal");
	must(!lib_host_write(&m->host, dmw_layout_activation(&m->s.sb.layout, link, s->slot), &d),
	     "write");
}

/* ---- checkpoints ---- */

static void write_node(struct image *m, const struct image_node *n)
{
	struct dmw_node_disk copy = n->disk, *parent;
	struct dmw_seal_disk root_seal, *seal = &root_seal;
	struct dmw_block_id id = {
		.domain = DMW_DOMAIN_NODE, .level = n->level, .address = n->index,
	};
	struct dmw_seal old;

	if (n->level < DMW_TOP_LEVEL) {
		parent = &get_node(m, n->level + 1, n->index >> DMW_FANOUT_SHIFT)->disk;
		seal = &parent->seals[n->index & (DMW_FANOUT - 1)];
		dmw_seal_from_disk(&old, seal);
	} else {
		old = m->s.root.tree[n->index];
	}
	id.tag = old.nonce ? !old.tag : 1;
	seal_block(m, DMW_TAG_METADATA, &id,
		   dmw_layout_node(&m->s.sb.layout, n->level, n->index, id.tag), &copy, seal);
	if (n->level == DMW_TOP_LEVEL)
		dmw_seal_from_disk(&m->s.root.tree[n->index], seal);
}

/* Children first; get_node() may add parents while this goes on. */
void image_checkpoint(struct image *m)
{
	struct dmw_superblock_disk d;
	unsigned int level, i;

	for (level = 0; level < DMW_LEVELS; level++)
		for (i = 0; i < m->node_count; i++)
			if (m->nodes[i].level == level)
				write_node(m, &m->nodes[i]);
	m->s.sb.checkpoint++;
	dmw_wide_nonce(m->s.sb.nonce, m->s.activations[m->s.root.activation_count - 1].salt,
		       next_nonce(m), DMW_DOMAIN_SUPERBLOCK);
	m->s.root.journal_seq = m->end.seq;
	m->s.root.journal_pos = m->end.pos;
	memcpy(m->s.root.journal_mac, m->end.mac, DMW_MAC_SIZE);
	must(!dmw_superblock_seal(&m->host, &m->s.sb, &m->s.root, &d), "seal");
	must(!lib_host_write(&m->host,
			     dmw_layout_superblock(&m->s.sb.layout, m->s.sb.checkpoint), &d),
	     "write");
}

/* ---- journal ---- */

/* A record of writes to @sectors; their data goes to its place, the tree does not learn of it. */
void image_record(struct image *m, const u64 *sectors, u32 count)
{
	const struct dmw_layout *l = &m->s.sb.layout;
	u8 block[DMW_SECTOR_SIZE] = { 0 }, data[DMW_SECTOR_SIZE];
	struct dmw_record_disk *d = (struct dmw_record_disk *)block;
	struct dmw_record_head head = {
		.seq = m->end.seq, .length = dmw_record_length(count), .stable = m->end.stable,
		.count = count,
	};
	struct dmw_block_id id = { .domain = DMW_DOMAIN_DATA };
	struct dmw_seal_disk seal;
	struct dmw_key_id key;
	u64 place;
	u32 i;

	for (i = 0; i < count; i++) {
		id.address = sectors[i];
		image_pattern(~sectors[i], data);
		seal_block(m, 0, &id, dmw_layout_sector(l, sectors[i]), data, &seal);
		d->entries[i].sector = cpu_to_le64(sectors[i]);
		d->entries[i].seal = seal;
	}
	memcpy(head.prev, m->end.mac, DMW_MAC_SIZE);
	head.nonce = next_nonce(m);
	must(!dmw_state_key(&m->s, DMW_TAG_METADATA, m->s.root.activation_count, &key), "find");
	must(!dmw_record_seal(&m->host, m->s.sb.uuid, &key, &head, d), "seal");
	place = dmw_journal_place(l, m->end.pos);
	must(pwrite(m->fd, block, DMW_SECTOR_SIZE, (l->journal_start << DMW_SECTOR_SHIFT) +
		    place % dmw_layout_journal_units(l) * l->journal_unit) == DMW_SECTOR_SIZE,
	     "write");
	m->end.pos = place + DIV_ROUND_UP(head.length, l->journal_unit);
	m->end.seq++;
	memcpy(m->end.mac, head.mac, DMW_MAC_SIZE);
}
