// SPDX-License-Identifier: GPL-2.0-or-later
/* Geometries, and a format as userspace does it. */
#include "sim.h"

const char *const geometry_names[GEOMETRIES] = { "tiny", "tiny512", "medium", "huge" };

/* Sectors: all of the leaves in use exist, the last one in part. */
static void choose(u32 unit, u32 logical_block, const u64 *leaves, u32 count)
{
	struct dmw_layout *l = &cfg.layout;
	u64 sectors = leaves[count - 1] * DMW_FANOUT + 44;
	int ret;

	memset(l, 0, sizeof(*l));
	l->activation_blocks = 2;
	l->tag_records = MAX_TAGS;
	l->journal_blocks = 8;
	l->journal_unit = unit;
	l->lun_blocks = 2000 + sectors / DMW_GROUP_SECTORS * DMW_GROUP_BLOCKS;
	ret = dmw_layout_derive(l);
	if (!ret) {
		/* exactly as many sectors as wanted */
		l->lun_blocks = l->group_start + sectors / DMW_GROUP_SECTORS * DMW_GROUP_BLOCKS +
				DMW_GROUP_HEADER + sectors % DMW_GROUP_SECTORS;
		ret = dmw_layout_derive(l);
	}
	if (ret || l->data_sectors != sectors)
		fail("geometry: %d, %llu sectors", ret, (unsigned long long)l->data_sectors);
	cfg.logical_block = logical_block;
	memcpy(cfg.leaves, leaves, count * sizeof(*leaves));
	cfg.leaf_count = count;
}

void geometry_choose(enum geometry g)
{
	static const u64 tiny[] = { 0, 1, 2 };
	static const u64 medium[] = { 0, 1, 127, 128, 130 };
	static const u64 huge[] = {
		0, 1, 128, 1ULL << 14, (1ULL << 21) + 5, (1ULL << 28) - 1, (1ULL << 28) + 77,
	};

	switch (g) {
	case GEOMETRY_TINY:
		choose(4096, one_in(2) ? 512 : 4096, tiny, ARRAY_SIZE(tiny));
		break;
	case GEOMETRY_TINY512:
		choose(512, 512, tiny, ARRAY_SIZE(tiny));
		break;
	case GEOMETRY_MEDIUM:
		choose(one_in(2) ? 512 : 4096, 512, medium, ARRAY_SIZE(medium));
		break;
	default:
		choose(one_in(2) ? 1024 : 4096, 512, huge, ARRAY_SIZE(huge));
		break;
	}
}

/** format_put() - write a block */
void format_put(struct disk *d, u64 block, const void *data)
{
	u64 w = disk_write(d);

	disk_write_block(d, w, block << DMW_SECTOR_SHIFT, data, DMW_SECTOR_SIZE, false);
	disk_write_show(d, w);
	disk_write_done(d, w, true);
}

static void put_superblock(struct disk *d, struct dmw_host *h, struct dmw_superblock *sb,
			   const struct dmw_root *root, const u8 *salt)
{
	static struct dmw_superblock_disk block;

	dmw_wide_nonce(sb->nonce, salt, 1ULL << DMW_COUNTER_BITS | (1 + sb->checkpoint),
		       DMW_DOMAIN_SUPERBLOCK);
	if (dmw_superblock_seal(h, sb, root, &block))
		fail("format: superblock");
	format_put(d, dmw_layout_superblock(&sb->layout, sb->checkpoint), &block);
}

/** format() - activation 1, checkpoint 1 in copy B, checkpoint 2 in copy A */
void format(struct disk *d)
{
	static struct dmw_activation_block_disk block;
	struct dmw_host h = { 0 };
	struct dmw_superblock sb = { .layout = cfg.layout, .epoch = 1, .created = 1 };
	struct dmw_root root = { .activation_count = 1, .journal_seq = 1, .written = 1 };
	struct dmw_activation a = { .epoch = 1, .time = 1, .host = "format" };

	memcpy(sb.uuid, sim_uuid, DMW_UUID_SIZE);
	root.epochs[0] = (struct dmw_epoch){ 1, DMW_EPOCH_CURRENT, 1 };
	dmw_host_random(&h, a.salt, DMW_SALT_SIZE);
	root.activations.epoch = 1;
	dmw_wide_nonce(root.activations.nonce, a.salt, 1ULL << DMW_COUNTER_BITS | 1,
		       DMW_DOMAIN_ACTIVATION);
	dmw_activation_block_encode(&block, NULL, &a, 1);
	if (dmw_activation_block_crypt(&h, true, sim_uuid, 0, &root.activations, &block))
		fail("format: activations");
	tags_format(d, &h, a.salt, &root.tags);
	if (root.tags.nonce)
		sb.feature_incompat = DMW_FEATURE_INCOMPAT_TAGS;
	format_put(d, dmw_layout_activation(&cfg.layout, 0, 0), &block);
	for (sb.checkpoint = 1; sb.checkpoint <= 2; sb.checkpoint++)
		put_superblock(d, &h, &sb, &root, a.salt);
}
