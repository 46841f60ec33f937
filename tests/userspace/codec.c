// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is encoded decodes to the same; a flipped bit anywhere is refused; and authentic nonsense,
 * sealed with the right key but with one field out of bounds, is refused too.
 */
#include "common/test.h"

static struct libdmwarrant_keyset *keys;
static struct dmw_host host;

struct volume {
	struct dmw_superblock	sb;
	struct dmw_root		root;
};

/* A superblock that uses every field. */
static void make_volume(struct volume *v)
{
	struct dmw_layout *l = &v->sb.layout;
	unsigned int i;

	memset(v, 0, sizeof(*v));
	libdmwarrant_keyset_uuid(keys, v->sb.uuid);
	dmw_layout_choose(l, 1 << 20, 512);
	dmw_layout_derive(l);
	v->sb.feature_compat = 1ULL << 63;
	v->sb.checkpoint = 12;
	v->sb.epoch = 1;
	v->sb.created = 1700000000;
	dmw_host_random(&host, v->sb.nonce, sizeof(v->sb.nonce));
	v->root.tree[0] = (struct dmw_seal) { .nonce = 1ULL << 48 | 9, .time = 8, .tag = 1 };
	v->root.activations.epoch = 1;
	v->root.activations.slot = 1;
	v->root.activation_count = 70;
	v->root.default_tag = 3;
	v->root.journal_seq = 99;
	v->root.journal_pos = 12345;
	v->root.written = 1700000001;
	lib_copy(v->root.label, sizeof(v->root.label), "caf\xc3\xa9");
	for (i = 0; i < DMW_DIGEST_SIZE; i++)
		v->root.warrant[i] = i;
	v->root.epochs[0] = (struct dmw_epoch) { 2, DMW_EPOCH_CURRENT, 5 };
	v->root.epochs[3] = (struct dmw_epoch) { 1, DMW_EPOCH_OLD, 4 };
}

static int open_superblock(const struct dmw_superblock_disk *d, struct volume *v)
{
	struct dmw_superblock_disk copy = *d;
	int ret;

	memset(v, 0, sizeof(*v));
	ret = dmw_superblock_decode(&v->sb, d, 0);
	return ret ? ret : dmw_superblock_open(&host, &v->sb, &v->root, &copy);
}

static void superblock_round_trip(struct dmw_superblock_disk *d)
{
	struct volume v, w;

	make_volume(&v);
	dmw_superblock_seal(&host, &v.sb, &v.root, d);
	if (open_superblock(d, &w))
		test_result("codec-superblock-round-trip", false, "does not open");
	else
		test_result("codec-superblock-round-trip", !memcmp(&v, &w, sizeof(v)),
			    "decodes to something else");
}

static void superblock_flips(const struct dmw_superblock_disk *d)
{
	struct dmw_superblock_disk bad;
	struct volume v;
	unsigned int i;

	for (i = 0; i < 8 * sizeof(bad); i++) {
		bad = *d;
		((u8 *)&bad)[i / 8] ^= 1 << i % 8;
		if (!open_superblock(&bad, &v))
			break;
	}
	test_result("codec-superblock-flips", i == 8 * sizeof(bad), "bit %u of byte %u is not noticed",
		    i % 8, i / 8);
}

/* One field of @size bytes at @offset of a superblock set to @value, the whole properly sealed. */
struct mutation {
	const char	*name;
	u32		offset;
	u32		size;
	u64		value;
};

#define SB(field, value) \
	{ #field, offsetof(struct dmw_superblock_disk, field), \
	  sizeof(((struct dmw_superblock_disk *)0)->field), value }
#define SB_AT(field, add, value) \
	{ #field, offsetof(struct dmw_superblock_disk, field) + (add), 1, value }

static const struct mutation mutations[] = {
	SB_AT(magic, 3, 'X'), SB(version, 0), SB(version, 2), SB(copy, 1), SB(copy, 2),
	SB(sector_size, 512), SB(lun_blocks, 1 << 19), SB(lun_blocks, 0), SB(data_sectors, 1),
	SB(superblock_b, 1), SB(activation_start, 2), SB(activation_blocks, 0),
	SB(activation_blocks, 2000), SB(tag_records, 0), SB(tag_records, 1 << 20),
	SB(tag_start, 1), SB(journal_start, 1), SB(journal_blocks, 1), SB(journal_blocks, 1 << 20),
	SB(journal_unit, 513), SB(journal_unit, 256), SB(journal_unit, 8192), SB(group_start, 1),
	SB(checkpoint, 0), SB(checkpoint, 11), SB(pad, 1), SB_AT(reserved, 311, 1),
	SB(root.tree[0].tag, 2), SB(root.tree[15].nonce, 1), SB(root.activations.slot, 2),
	SB_AT(root.activations.pad, 7, 1), SB(root.activation_count, 0),
	SB(root.activation_count, 65536), SB(root.journal_seq, 0),
	SB(root.journal_seq, U64_MAX), SB(root.journal_pos, U64_MAX), SB_AT(root.label, 63, 'x'),
	SB(root.epochs[0].state, 3), SB(root.epochs[0].state, DMW_EPOCH_OLD),
	SB(root.epochs[3].state, DMW_EPOCH_CURRENT), SB(root.epochs[3].epoch, 0),
	SB(root.epochs[5].epoch, 1), SB_AT(root.reserved, 2703, 1),
};

static void superblock_nonsense(void)
{
	struct dmw_superblock_disk d;
	struct volume v;
	struct dmw_key_id key = { .tag = DMW_TAG_METADATA, .epoch = 1 };
	const struct mutation *m = NULL;
	__le64 value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mutations); i++) {
		m = &mutations[i];
		make_volume(&v);
		dmw_superblock_encode(&d, &v.sb, &v.root);
		value = cpu_to_le64(m->value);
		memcpy((u8 *)&d + m->offset, &value, min_t(u32, m->size, sizeof(value)));
		key.salt = v.sb.nonce;
		dmw_host_crypt(&host, true, &key, v.sb.nonce + DMW_SALT_SIZE, &d,
			       DMW_SUPERBLOCK_AAD, &d.root, sizeof(d.root), d.mac);
		if (!open_superblock(&d, &v))
			break;
	}
	test_result("codec-superblock-nonsense", i == ARRAY_SIZE(mutations),
		    "%s = %llu is accepted", m->name, (unsigned long long)m->value);
	/* And the check itself: without a mutation it opens. */
	make_volume(&v);
	dmw_superblock_encode(&d, &v.sb, &v.root);
	key.salt = v.sb.nonce;
	dmw_host_crypt(&host, true, &key, v.sb.nonce + DMW_SALT_SIZE, &d, DMW_SUPERBLOCK_AAD,
		       &d.root, sizeof(d.root), d.mac);
	test_result("codec-superblock-sense", !open_superblock(&d, &v), "refused without mutation");
}

/* ---- activations ---- */

#define FEW	5

static int open_activations(const struct dmw_activation_block_disk *d, struct dmw_wide_seal *seal,
			    struct dmw_wide_seal *prev, struct dmw_activation *a)
{
	struct dmw_activation_block_disk copy = *d;
	int ret;

	ret = dmw_activation_block_crypt(&host, false, keys->disk->uuid, 2, seal, &copy);
	return ret ? ret : dmw_activation_block_decode(prev, a, FEW, &copy);
}

static void activation_links(void)
{
	struct dmw_wide_seal seal = { .epoch = 1, .slot = 1 }, prev = { .epoch = 4, .slot = 1 };
	struct dmw_activation a[FEW] = { 0 }, b[FEW];
	struct dmw_activation_block_disk d, bad;
	struct dmw_wide_seal got;
	unsigned int i;

	dmw_host_random(&host, seal.nonce, sizeof(seal.nonce));
	for (i = 0; i < FEW; i++) {
		dmw_host_random(&host, a[i].salt, DMW_SALT_SIZE);
		a[i].epoch = i + 1;
		a[i].time = i;
		a[i].parent = 3 * i;
		memset(a[i].host, 'a' + i, i == 4 ? DMW_HOST_SIZE : i);
	}
	dmw_activation_block_encode(&d, &prev, a, FEW);
	dmw_activation_block_crypt(&host, true, keys->disk->uuid, 2, &seal, &d);
	memset(b, 0, sizeof(b));
	test_result("codec-activations-round-trip", !open_activations(&d, &seal, &got, b) &&
		    !memcmp(a, b, sizeof(a)) && !memcmp(&prev, &got, sizeof(prev)),
		    "decodes to something else");
	for (i = 0; i < sizeof(d); i++) {
		bad = d;
		((u8 *)&bad)[i] ^= 1 << i % 8;
		if (!open_activations(&bad, &seal, &got, b))
			break;
	}
	test_result("codec-activations-flips", i == sizeof(d), "byte %u is not noticed", i);
	seal.slot = 0;
	test_result("codec-activations-slot", open_activations(&d, &seal, &got, b) == -EBADMSG,
		    "the other slot's block is accepted");
}

static void activations_nonsense(void)
{
	static const u32 offsets[] = {
		offsetof(struct dmw_activation_block_disk, prev.slot),
		offsetof(struct dmw_activation_block_disk, prev.pad),
		offsetof(struct dmw_activation_block_disk, entries[1].host[30]),
		offsetof(struct dmw_activation_block_disk, entries[FEW].time),
		offsetof(struct dmw_activation_block_disk, entries[62].parent),
	};
	struct dmw_activation a[FEW] = { 0 }, b[FEW];
	struct dmw_activation_block_disk d;
	struct dmw_wide_seal prev;
	unsigned int i;

	for (i = 0; i < FEW; i++)
		a[i].epoch = 1;
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		dmw_activation_block_encode(&d, NULL, a, FEW);
		((u8 *)&d)[offsets[i]] = 2;
		if (!dmw_activation_block_decode(&prev, b, FEW, &d))
			break;
	}
	test_result("codec-activations-nonsense", i == ARRAY_SIZE(offsets), "offset %u is accepted",
		    i < ARRAY_SIZE(offsets) ? offsets[i] : 0);
	a[2].epoch = 0;
	dmw_activation_block_encode(&d, NULL, a, FEW);
	test_result("codec-activations-epoch", dmw_activation_block_decode(&prev, b, FEW, &d) ==
		    -EUCLEAN, "epoch 0 is accepted");
}

/* ---- journal ---- */

static void make_record(struct dmw_record_disk *d, struct dmw_record_head *h,
			const struct dmw_key_id *key)
{
	struct dmw_entry e[3] = {
		{ .sector = 7, .seal = { .nonce = 1ULL << 48 | 5, .time = 1, .tag = 2 } },
		{ .sector = 130, .count = 126, .seal = { .time = 4, .tag = 9 } },
		{ .sector = 0, .count = 128 },
	};
	unsigned int i;

	*h = (struct dmw_record_head) {
		.seq = 44, .nonce = 1ULL << 48 | 77, .length = dmw_record_length(3), .stable = 43,
		.count = 3,
	};
	memset(h->prev, 0xaa, DMW_MAC_SIZE);
	for (i = 0; i < 3; i++)
		dmw_entry_encode(&d->entries[i], &e[i]);
	dmw_record_seal(&host, keys->disk->uuid, key, h, d);
}

static int open_record(const u8 *block, const struct dmw_key_id *key, struct dmw_record_head *h)
{
	u8 copy[DMW_RECORD_MAX];
	struct dmw_record_disk *d = (void *)copy;
	int ret;

	memcpy(copy, block, sizeof(copy));
	memset(h, 0, sizeof(*h));
	ret = dmw_record_decode_clear(h, d);
	return ret ? ret : dmw_record_open(&host, keys->disk->uuid, key, h, d);
}

static void records(void)
{
	static const u8 salt[DMW_SALT_SIZE];
	struct dmw_key_id key = { .tag = DMW_TAG_METADATA, .epoch = 1, .salt = salt };
	u8 block[DMW_RECORD_MAX] = { 0 };
	struct dmw_record_head h, got;
	unsigned int i;

	make_record((void *)block, &h, &key);
	test_result("codec-record-round-trip", !open_record(block, &key, &got) &&
		    !memcmp(&h, &got, sizeof(h)), "decodes to something else");
	for (i = 0; i < h.length; i++) {
		block[i] ^= 1 << i % 8;
		if (!open_record(block, &key, &got))
			break;
		block[i] ^= 1 << i % 8;
	}
	test_result("codec-record-flips", i == h.length, "byte %u is not noticed", i);
}

static void record_nonsense(void)
{
	static const u8 salt[DMW_SALT_SIZE];
	struct dmw_key_id key = { .tag = DMW_TAG_METADATA, .epoch = 1, .salt = salt };
	u8 block[DMW_RECORD_MAX] = { 0 };
	struct dmw_record_head h, got;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		make_record((void *)block, &h, &key);
		h.count = i == 0 ? 0 : i == 1 ? 2 : i == 2 ? 101 : 3;
		h.stable = i == 3 ? h.seq : h.stable;
		dmw_record_seal(&host, keys->disk->uuid, &key, &h, (void *)block);
		if (open_record(block, &key, &got) != -EUCLEAN)
			break;
	}
	test_result("codec-record-nonsense", i == 4, "mutation %u is accepted", i);
}

static void entry_cases(void)
{
	static const struct {
		u64	sector, nonce, count;
		int	error;
	} cases[] = {
		{ 0, 1, 0, 0 }, { 999, 1, 0, 0 }, { 1000, 1, 0, -EUCLEAN },
		{ U64_MAX, 1, 0, -EUCLEAN }, { 0, 0, 1, 0 }, { 0, 0, 128, 0 },
		{ 0, 0, 129, -EUCLEAN }, { 1, 0, 128, -EUCLEAN }, { 1, 0, 127, 0 },
		{ 0, 0, 0, -EUCLEAN }, { 990, 0, 10, 0 }, { 990, 0, 11, -EUCLEAN },
		{ 5, 0, U64_MAX, -EUCLEAN },
	};
	struct dmw_layout l = { .data_sectors = 1000 };
	struct dmw_entry_disk d;
	struct dmw_entry e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&d, 0, sizeof(d));
		d.sector = cpu_to_le64(cases[i].sector);
		d.seal.nonce = cpu_to_le64(cases[i].nonce);
		if (!cases[i].nonce)
			d.run.count = cpu_to_le64(cases[i].count);
		if (dmw_entry_decode(&e, &d, &l) != cases[i].error)
			break;
	}
	test_result("codec-entries", i == ARRAY_SIZE(cases), "case %zu", i);
	memset(&d, 0, sizeof(d));
	d.run.count = cpu_to_le64(1);
	d.run.pad[7] = 1;
	test_result("codec-entry-pad", dmw_entry_decode(&e, &d, &l) == -EUCLEAN, "pad is accepted");
}

/* ---- keyset ---- */

static int check_keyset(u32 offset, u64 value, u32 size)
{
	u8 copy[256];

	memcpy(copy, keys->disk, keys->size);
	memcpy(copy + offset, &value, size);
	return dmw_keyset_check(copy, keys->size, NULL);
}

/* A third entry: @tag of epoch 0 with a key whose first byte is @key. */
static int check_mark(u32 tag, u8 key)
{
	struct dmw_keyset_disk *d = (void *)calloc(1, keys->size + sizeof(d->keys[0]));
	int ret;

	memcpy(d, keys->disk, keys->size);
	d->count = cpu_to_le16(3);
	d->keys[2].tag = cpu_to_le32(tag);
	d->keys[2].key[0] = key;
	ret = dmw_keyset_check(d, keys->size + sizeof(d->keys[0]), NULL);
	if (!ret && (!dmw_keyset_is_shredded(d, tag) || dmw_keyset_is_shredded(d, tag + 1) ||
		     dmw_keyset_find(d, tag, DMW_EPOCH_SHREDDED)))
		ret = -EIO;
	free(d);
	return ret;
}

static void marks(void)
{
	test_result("codec-keyset-marks",
		    !check_mark(7, 0) && check_mark(7, 1) == -EINVAL &&
		    check_mark(DMW_TAG_DEFAULT, 0) == -EINVAL &&
		    check_mark(DMW_TAG_METADATA, 0) == -EINVAL &&
		    !dmw_keyset_is_shredded(keys->disk, DMW_TAG_DEFAULT), "judged wrongly");
}

static void keysets(void)
{
	const u32 second = sizeof(struct dmw_keyset_disk) + sizeof(struct dmw_key_disk);
	u8 other[DMW_UUID_SIZE] = { 1 }, zeros[DMW_KEY_SIZE] = { 0 }, copy[256];

	memcpy(copy, keys->disk, keys->size);
	memcpy(copy + second + 8, zeros, sizeof(zeros));
	test_result("codec-keyset", !dmw_keyset_check(keys->disk, keys->size, NULL) &&
		    !dmw_keyset_check(keys->disk, keys->size, keys->disk->uuid) &&
		    dmw_keyset_find(keys->disk, DMW_TAG_METADATA, 1) &&
		    !dmw_keyset_find(keys->disk, DMW_TAG_METADATA, 2), "a good one is refused");
	test_result("codec-keyset-nonsense",
		    check_keyset(0, 0, 4) == -EINVAL && check_keyset(4, 2, 2) == -EPROTONOSUPPORT &&
		    check_keyset(6, 0, 2) == -EINVAL && check_keyset(6, 3, 2) == -EINVAL &&
		    check_keyset(6, 801, 2) == -EINVAL &&
		    check_keyset(second + 4, 0, 4) == -EINVAL &&
		    check_keyset(second, DMW_TAG_METADATA, 4) == -EINVAL &&
		    dmw_keyset_check(copy, keys->size, NULL) == -EINVAL &&
		    dmw_keyset_check(keys->disk, keys->size - 1, NULL) == -EINVAL &&
		    dmw_keyset_check(keys->disk, 3, NULL) == -EINVAL &&
		    dmw_keyset_check(keys->disk, keys->size, other) == -EKEYREJECTED,
		    "a bad one is accepted");
	marks();
}

/* ---- text forms ---- */

static void texts(void)
{
	static const char *const bad_uuids[] = {
		"", "00000000-0000-0000-0000-000000000000", "5fd7402c405b4771-8731-c3b5abefe733",
		"5fd7402c-405b-4771-8731-c3b5abefe73", "5fd7402c-405b-4771-8731-c3b5abefe7333",
		"5fd7402c-405b-4771-8731-c3b5abefe73g",
	};
	static const char *const bad_anchors[] = {
		"", "5", "5:", "0:00112233445566778899aabb", "x:00112233445566778899aabb",
		"5:00112233445566778899aab", "5:00112233445566778899aabbb",
		"-5:00112233445566778899aabb", " 5:00112233445566778899aabb",
		"99999999999999999999:00112233445566778899aabb",
	};
	const char *uuid = "5fd7402c-405b-4771-8731-c3b5abefe733";
	const char *anchor = "18446744073709551615:00112233445566778899aabb";
	struct libdmwarrant_anchor a;
	char text[46];
	u8 u[16];
	size_t i;

	test_result("text-uuid", !libdmwarrant_uuid_parse(uuid, u) &&
		    (libdmwarrant_uuid_format(u, text), !strcmp(text, uuid)), "no round trip");
	for (i = 0; i < ARRAY_SIZE(bad_uuids) && libdmwarrant_uuid_parse(bad_uuids[i], u); i++)
		;
	test_result("text-uuid-bad", i == ARRAY_SIZE(bad_uuids), "case %zu is accepted", i);
	test_result("text-anchor", !libdmwarrant_anchor_parse(anchor, &a) &&
		    (libdmwarrant_anchor_format(&a, text), !strcmp(text, anchor)), "no round trip");
	i = 0;
	while (i < ARRAY_SIZE(bad_anchors) && libdmwarrant_anchor_parse(bad_anchors[i], &a))
		i++;
	test_result("text-anchor-bad", i == ARRAY_SIZE(bad_anchors), "case %zu is accepted", i);
}

/* The kernel's status line, as agreed with kmod/target.c. */
static void status_lines(struct libdmwarrant *ctx)
{
	static const char *const bad[] = {
		"", "rw", "rw 5 1 0/1 0/1/0 0 0 0", "newer",
		"rw 5:00112233445566778899aab 1 0/1 0/1/0 0 0 0",
		"rw 5:00112233445566778899aabb 1 0/1 0/1/0 0 0",
	};
	struct lib_mapping m = { .name = "v", .lun = "999:999", .length = 80 };
	struct libdmwarrant_status t;
	size_t i;

	lib_copy(m.status, sizeof(m.status),
		 "rw 5:00112233445566778899aabb 6 7/8 9/10/11 12 13 14");
	test_result("text-status", !lib_status_parse(ctx, &m, &t) && !strcmp(t.mode, "rw") &&
		    t.anchor.checkpoint == 5 && t.anchor.salt[11] == 0xbb && t.activation == 6 &&
		    t.journal_used == 7 && t.journal_units == 8 && t.nodes_cached == 9 &&
		    t.node_limit == 10 && t.nodes_dirty == 11 && t.mismatches == 12 &&
		    t.recovered == 13 && t.lost == 14 && t.volume_bytes == 40960 &&
		    !strcmp(t.device, "999:999"), "wrong values");
	lib_copy(m.status, sizeof(m.status), "new");
	test_result("text-status-new", !lib_status_parse(ctx, &m, &t) && !strcmp(t.mode, "new"),
		    "refused");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		lib_copy(m.status, sizeof(m.status), bad[i]);
		if (lib_status_parse(ctx, &m, &t) != -EPROTO)
			break;
	}
	test_result("text-status-bad", i == ARRAY_SIZE(bad), "case %zu is accepted", i);
}

int main(void)
{
	struct dmw_superblock_disk d;
	struct libdmwarrant *ctx;

	if (libdmwarrant_new(&ctx) || libdmwarrant_keyset_generate(ctx, NULL, &keys))
		return 99;
	lib_host_init(&host, -1, keys);
	superblock_round_trip(&d);
	superblock_flips(&d);
	superblock_nonsense();
	activation_links();
	activations_nonsense();
	records();
	record_nonsense();
	entry_cases();
	keysets();
	texts();
	status_lines(ctx);
	lib_host_destroy(&host);
	libdmwarrant_keyset_free(keys);
	libdmwarrant_free(ctx);
	return !!test_failures;
}
