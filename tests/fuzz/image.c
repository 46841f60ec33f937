// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole LUN, altered behind valid MACs, through libdmwarrant's check and dump.
 *
 * They read nothing outside the LUN, end, and give documented errors and words; and when check finds a
 * volume sound, the core opens it and reads every sector that check says is written.
 */
#include "fuzz.h"

static struct libdmwarrant *ctx;
static struct libdmwarrant_keyset keyset;

#define EXTENTS	1024

/* The data that check has found. */
static struct {
	u64	first;
	u64	count;
} extents[EXTENTS];
static u32 extent_count;

static void make_keyset(void)
{
	static const u32 tags[] = { DMW_TAG_METADATA, DMW_TAG_DEFAULT, FORGE_TAG, FORGE_FROZEN,
				    FORGE_RESTRICTED };
	u32 i, count = 2 * ARRAY_SIZE(tags);
	struct dmw_keyset_disk *d;

	keyset.size = sizeof(*d) + count * sizeof(d->keys[0]);
	d = calloc(1, keyset.size);
	d->magic = cpu_to_le32(DMW_KEYSET_MAGIC);
	d->version = cpu_to_le16(DMW_KEYSET_VERSION);
	d->count = cpu_to_le16(count);
	memcpy(d->uuid, forge_uuid, DMW_UUID_SIZE);
	for (i = 0; i < count; i++) {
		d->keys[i].tag = cpu_to_le32(tags[i / 2]);
		d->keys[i].epoch = cpu_to_le32(1 + i % 2);
		d->keys[i].key[0] = 1;
	}
	keyset.disk = d;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	forge_init();
	make_keyset();
	return libdmwarrant_new(&ctx);
}

static void check_errno(const char *what, int ret)
{
	switch (ret) {
	case 0:
	case -ECANCELED:
	case -EIO:
	case -ENODEV:
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
	case -EUCLEAN:
	case -EKEYREJECTED:
	case -ENOKEY:
	case -ENOSPC:
	case -EINVAL:
	case -ESTALE:
	case -ERANGE:
		break;
	default:
		fail("%s ends with %d: %s", what, ret, libdmwarrant_error(ctx));
	}
	if (ret && !libdmwarrant_error(ctx)[0])
		fail("%s ends with %d and no word", what, ret);
}

/* ---- check ---- */

static void check_extent(const struct libdmwarrant_extent *e)
{
	if (e->block >= lun.blocks || e->count > lun.blocks - e->block || !e->count)
		fail("%s at block %llu+%llu", libdmwarrant_kind_name(e->kind),
		     (unsigned long long)e->block, (unsigned long long)e->count);
}

static int damage(void *arg, const struct libdmwarrant_damage *d)
{
	u32 *count = arg;

	/* of a journal that goes on from nowhere there may be no block that is damaged */
	if (d->extent.kind != LIBDMWARRANT_KIND_JOURNAL)
		check_extent(&d->extent);
	if (!d->reason || !d->reason[0])
		fail("damage without a reason");
	(*count)++;
	return 0;
}

static int map(void *arg, const struct libdmwarrant_extent *e)
{
	check_extent(e);
	if (e->kind == LIBDMWARRANT_KIND_DATA && extent_count < EXTENTS) {
		extents[extent_count].first = e->index;
		extents[extent_count++].count = e->count;
	}
	return 0;
}

static int check(u32 flags, u64 checkpoint, struct libdmwarrant_check_result *r)
{
	u32 count = 0;
	struct libdmwarrant_check_params p = {
		.version = LIBDMWARRANT_CHECK_VERSION, .flags = flags, .damage = damage,
		.map = map, .arg = &count, .anchor.checkpoint = checkpoint,
	};
	int ret;

	extent_count = 0;
	memset(r, 0, sizeof(*r));
	r->version = LIBDMWARRANT_CHECK_VERSION;
	ret = libdmwarrant_check(ctx, "lun", &keyset, &p, r);
	check_errno("check", ret);
	if (!ret && (count || r->damaged || r->unreadable_sectors))
		fail("sound, with %u damages", count);
	if (!ret && (flags & LIBDMWARRANT_CHECK_DATA) &&
	    r->verified_sectors + r->pending_sectors != r->written_sectors)
		fail("sound, with %llu of %llu sectors verified",
		     (unsigned long long)r->verified_sectors,
		     (unsigned long long)r->written_sectors);
	return ret;
}

static void read_records(struct drive *d)
{
	struct dmw_tag_disk disk;
	struct dmw_seal seal;
	struct dmw_tag t;
	u32 tag;

	for (tag = 1; tag <= d->v.tags.count; tag++) {
		dmw_tag_seal(&d->v.tags, tag, &seal);
		if (dmw_tag_read(&d->host, &d->v.state, tag, &seal, &disk, &t))
			fail("sound, and the record of tag %u cannot be read", tag);
	}
}

/* What is sound opens, and what is written can be read. */
static void read_all(void)
{
	struct dmw_options o = {
		.lun = { .blocks = lun.blocks, .logical_block = lun.logical_block,
			 .read_only = true },
		.node_limit = 64,
	};
	struct drive *d = malloc(sizeof(*d));
	enum dmw_load_error err;
	u64 sector;
	u32 i;
	int error;

	err = drive_open(d, &o);
	if (err)
		fail("sound, and does not open: %s", dmw_load_error_text(err));
	read_records(d);
	for (i = 0; i < extent_count; i++)
		for (sector = extents[i].first; sector < extents[i].first + extents[i].count;
		     sector++) {
			error = drive_op(d, DMW_OP_READ, sector, 1, 0);
			if (error && error != -EREMOTEIO && error != -ENODATA)
				fail("sound, and sector %llu reads with %d",
				     (unsigned long long)sector, error);
		}
	drive_free(d);
	free(d);
}

/* ---- dump ---- */

static int field(void *arg, const struct libdmwarrant_field *f)
{
	u64 *sum = arg;

	if (!f->name || (f->type == LIBDMWARRANT_FIELD_TEXT && !f->text))
		fail("a field without name or text");
	*sum += strlen(f->name) + (f->text ? strlen(f->text) : 0) + f->number;
	return 0;
}

static int block(void *arg, const void *data, size_t size)
{
	u64 *sum = arg;
	size_t i;

	for (i = 0; i < size; i++)
		*sum += ((const u8 *)data)[i];
	return 0;
}

static void dump(unsigned int level, u64 index, bool with_keys)
{
	u64 sum = 0;
	struct libdmwarrant_dump_params p = {
		.version = LIBDMWARRANT_DUMP_VERSION, .level = level, .index = index,
		.field = field, .raw = block, .data = block, .arg = &sum,
	};

	for (p.what = LIBDMWARRANT_DUMP_SUPERBLOCK; p.what <= LIBDMWARRANT_DUMP_SECTOR; p.what++)
		check_errno("dump", libdmwarrant_dump(ctx, "lun", with_keys ? &keyset : NULL, &p));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int base = take(&in, 1), flags = take(&in, 1), level = take(&in, 1);
	struct libdmwarrant_check_result r;
	s64 blocks = (int8_t)take(&in, 1);
	u64 index = take(&in, 8);

	forge_make(base, flags & 2, &in);
	/* smaller or larger than it was */
	lun.blocks = max_t(s64, 1, (s64)lun.blocks + blocks);
	if (!check(flags & 1 ? LIBDMWARRANT_CHECK_DATA : 0, flags >> 4, &r) && (flags & 1) &&
	    !r.journal_records)
		read_all();
	dump(level % 8, index, !(flags & 4));
	host_check_leaks();
	return 0;
}
