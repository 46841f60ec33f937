// SPDX-License-Identifier: GPL-2.0-or-later
/* Making a volume: a few blocks, however large the LUN. */
#include <fcntl.h>
#include <unistd.h>

#include "lib_private.h"

#define MIB_BLOCKS	(1U << (20 - DMW_SECTOR_SHIFT))

/* A volume in the making. */
struct format {
	struct libdmwarrant		*ctx;
	struct lib_device		dev;
	struct dmw_host			host;
	struct dmw_superblock		sb;
	struct dmw_root			root;
	struct dmw_activation		activation;
	u64				counter;	/* of the last seal under activation 1 */
};

/* ---- checks ---- */

static int check_geometry(struct format *f, const struct libdmwarrant_format_params *p)
{
	const struct libdmwarrant_device *i = &f->dev.device;

	if (i->flags & LIBDMWARRANT_DEVICE_READ_ONLY)
		return lib_fail(f->ctx, -EROFS,
				"%s is read-only; make it writable on the array and here (blockdev --setrw)",
				i->path);
	if (i->alignment_offset)
		return lib_fail(f->ctx, -EINVAL,
				"%s is misaligned (alignment_offset %d): every write would touch two of the array's blocks; map or partition it anew",
				i->path, i->alignment_offset);
	if (i->partition_start % DMW_SECTOR_SIZE)
		return lib_fail(f->ctx, -EINVAL,
				"%s begins at byte %llu of its disk, not at a multiple of 4096; partition it anew",
				i->path, (unsigned long long)i->partition_start);
	if (i->logical_block > DMW_SECTOR_SIZE)
		return lib_fail(f->ctx, -EINVAL,
				"%s has logical blocks of %u bytes, more than 4096; use another LUN",
				i->path, i->logical_block);
	if (i->physical_block < DMW_SECTOR_SIZE && !(p->flags & LIBDMWARRANT_FORMAT_SMALL_BLOCKS))
		return lib_fail(f->ctx, -EINVAL,
				"%s writes blocks of %u bytes: a power failure of the array could tear a 4096-byte sector; use a 4Kn or 512e LUN, or accept it with --force small-blocks",
				i->path, i->physical_block);
	return 0;
}

/* Smallest LUN on which a volume fits, for the error message. */
static u64 smallest_lun(u32 journal_blocks, u32 journal_unit)
{
	struct dmw_layout l;
	u64 blocks;

	for (blocks = 1; blocks < DMW_MAX_SECTORS; blocks++) {
		dmw_layout_choose(&l, blocks, journal_unit);
		if (journal_blocks)
			l.journal_blocks = journal_blocks;
		if (!dmw_layout_derive(&l))
			break;
	}
	return blocks;
}

static int choose_layout(struct format *f, const struct libdmwarrant_format_params *p)
{
	const struct libdmwarrant_device *i = &f->dev.device;
	struct dmw_layout *l = &f->sb.layout;
	u32 unit = min_t(u32, max_t(u32, i->physical_block, i->logical_block), DMW_SECTOR_SIZE);
	u32 journal_blocks = 0;
	int ret = -EINVAL;

	if (p->journal_mib <= U32_MAX / MIB_BLOCKS) {
		journal_blocks = p->journal_mib * MIB_BLOCKS;
		dmw_layout_choose(l, i->size >> DMW_SECTOR_SHIFT, unit);
		if (journal_blocks)
			l->journal_blocks = journal_blocks;
		ret = dmw_layout_derive(l);
	}
	if (ret == -ENOSPC)
		return lib_fail(f->ctx, ret,
				"%s is too small for a volume: %llu KiB, needs %llu KiB; enlarge it%s",
				i->path, (unsigned long long)i->size >> 10,
				(unsigned long long)smallest_lun(journal_blocks, unit) << 2,
				p->journal_mib ? " or ask for a smaller journal" : "");
	if (ret && p->journal_mib)
		return lib_fail(f->ctx, ret, "a journal of %u MiB cannot be: choose 1 to 1024 MiB",
				p->journal_mib);
	if (ret)
		return lib_fail(f->ctx, ret, "%s is larger than a volume can be, %llu TiB; split it",
				i->path, (unsigned long long)DMW_MAX_SECTORS >> 28);
	return 0;
}

/* The newest epoch for which there is a metadata key. */
static int choose_epoch(struct format *f, const struct libdmwarrant_keyset *k)
{
	u32 i, tag, epoch, newest = 0;

	for (i = 0; !libdmwarrant_keyset_entry(k, i, &tag, &epoch); i++)
		if (tag == DMW_TAG_METADATA && epoch > newest)
			newest = epoch;
	if (!newest || !dmw_keyset_find(k->disk, DMW_TAG_DEFAULT, newest))
		return lib_fail(f->ctx, -ENOKEY,
				"the keyset lacks the metadata key or the default tag's key of one epoch; make one with warrantctl keyset generate");
	f->sb.epoch = newest;
	return 0;
}

static int check_all(struct format *f, const struct libdmwarrant_keyset *keyset,
		     const struct libdmwarrant_format_params *p)
{
	int ret;

	if (p->label && strlen(p->label) > DMW_LABEL_SIZE)
		return lib_fail(f->ctx, -EINVAL, "the label has more than %u bytes; shorten it",
				DMW_LABEL_SIZE);
	ret = choose_epoch(f, keyset);
	if (!ret)
		ret = check_geometry(f, p);
	if (!ret)
		ret = choose_layout(f, p);
	if (!ret)
		ret = lib_signatures_probe(f->ctx, &f->dev);
	return ret ? ret : lib_signatures_check(f->ctx, &f->dev.device, p->erase, p->erase_count);
}

/* ---- writing ---- */

static void fill_in(struct format *f, const struct libdmwarrant_keyset *keyset,
		    const struct libdmwarrant_format_params *p)
{
	u64 now = dmw_host_time(&f->host);

	memcpy(f->sb.uuid, keyset->disk->uuid, DMW_UUID_SIZE);
	f->sb.created = now;

	dmw_host_random(&f->host, f->activation.salt, DMW_SALT_SIZE);
	f->activation.epoch = f->sb.epoch;
	f->activation.time = now;
	gethostname(f->activation.host, DMW_HOST_SIZE);

	f->root.activation_count = 1;
	f->root.journal_seq = 1;
	/* Random, so that the records of a former volume cannot follow on it. */
	dmw_host_random(&f->host, f->root.journal_mac, DMW_MAC_SIZE);
	f->root.written = now;
	if (p->label)
		lib_copy(f->root.label, sizeof(f->root.label), p->label);
	if (p->warrant)
		memcpy(f->root.warrant, p->warrant, DMW_DIGEST_SIZE);
	f->root.epochs[0] = (struct dmw_epoch) {
		.epoch = f->sb.epoch, .state = DMW_EPOCH_CURRENT, .created = now,
	};
}

/* Each seal takes the next counter of activation 1, whose salt no other format has. */
static void next_nonce(struct format *f, u8 nonce[DMW_NONCE_SIZE], enum dmw_domain domain)
{
	u64 narrow = 1ULL << DMW_COUNTER_BITS | ++f->counter;

	dmw_wide_nonce(nonce, f->activation.salt, narrow, domain);
}

static int flush(struct format *f)
{
	return fsync(f->dev.fd) ? -errno : 0;
}

static int write_activation(struct format *f)
{
	struct dmw_wide_seal *s = &f->root.activations;
	struct dmw_activation_block_disk d;
	int ret;

	next_nonce(f, s->nonce, DMW_DOMAIN_ACTIVATION);
	s->epoch = f->sb.epoch;
	s->slot = 0;
	dmw_activation_block_encode(&d, NULL, &f->activation, 1);
	ret = dmw_activation_block_crypt(&f->host, true, f->sb.uuid, 0, s, &d);
	return ret ? ret : lib_host_write(&f->host,
					  dmw_layout_activation(&f->sb.layout, 0, s->slot), &d);
}

static int write_superblock(struct format *f)
{
	struct dmw_superblock_disk d;
	int ret;

	f->sb.checkpoint++;
	next_nonce(f, f->sb.nonce, DMW_DOMAIN_SUPERBLOCK);
	ret = dmw_superblock_seal(&f->host, &f->sb, &f->root, &d);
	if (!ret)
		ret = lib_host_write(&f->host,
				     dmw_layout_superblock(&f->sb.layout, f->sb.checkpoint), &d);
	return ret ? ret : flush(f);
}

static int write_volume(struct format *f)
{
	static const u8 zeros[DMW_SECTOR_SIZE];
	int ret;

	ret = write_activation(f);
	if (!ret)
		ret = lib_host_write(&f->host, f->sb.layout.journal_start, zeros);
	if (!ret)
		ret = flush(f);
	/* Copy B as checkpoint 1, then A as checkpoint 2: A is what says that there is a volume. */
	if (!ret)
		ret = write_superblock(f);
	return ret ? ret : write_superblock(f);
}

/* Does the LUN return what was just written? */
static int read_back(struct format *f)
{
	struct dmw_lun lun = {
		.blocks = f->sb.layout.lun_blocks,
		.logical_block = f->dev.device.logical_block,
	};
	struct dmw_state s = { 0 };
	enum dmw_load_error e;

	posix_fadvise(f->dev.fd, 0, 0, POSIX_FADV_DONTNEED);
	e = dmw_load_superblock(&f->host, &lun, &s);
	if (!e)
		e = dmw_load_activations(&f->host, &s);
	dmw_state_free(&f->host, &s);
	if (e || s.other_damaged || memcmp(s.sb.mac, f->sb.mac, DMW_MAC_SIZE))
		return -EIO;
	return 0;
}

static int write_all(struct format *f)
{
	int ret = lib_signatures_erase(f->ctx, &f->dev);

	if (ret)
		return ret;
	ret = write_volume(f);
	if (ret)
		return lib_fail(f->ctx, ret, "cannot write to %s: %s; it holds no volume now",
				f->dev.device.path, strerror(-ret));
	ret = read_back(f);
	if (ret)
		return lib_fail(f->ctx, ret,
				"%s does not return what was written to it; check the LUN",
				f->dev.device.path);
	return 0;
}

/* ---- all of it ---- */

static void report(const struct format *f, const struct libdmwarrant_keyset *keyset,
		   struct libdmwarrant_format_result *r)
{
	const struct dmw_layout *l = &f->sb.layout;

	r->journal_unit = l->journal_unit;
	memcpy(r->uuid, keyset->disk->uuid, DMW_UUID_SIZE);
	lib_anchor(&r->anchor, &f->sb);
	r->lun_bytes = l->lun_blocks << DMW_SECTOR_SHIFT;
	r->volume_bytes = l->data_sectors << DMW_SECTOR_SHIFT;
	r->journal_bytes = (u64)l->journal_blocks << DMW_SECTOR_SHIFT;
	r->bytes_written = f->host.written;
	r->epoch = f->sb.epoch;
}

int libdmwarrant_format(struct libdmwarrant *ctx, const char *path,
			const struct libdmwarrant_keyset *keyset,
			const struct libdmwarrant_format_params *params,
			struct libdmwarrant_format_result *result)
{
	bool dry_run = params->flags & LIBDMWARRANT_FORMAT_DRY_RUN;
	struct format *f;
	int ret;

	if (params->version != LIBDMWARRANT_FORMAT_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_FORMAT_VERSION);
	f = calloc(1, sizeof(*f));
	if (!f)
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	f->ctx = ctx;
	ret = lib_device_open(ctx, path, LIB_DEVICE_EXCLUSIVE | (dry_run ? 0 : LIB_DEVICE_WRITE),
			      &f->dev);
	lib_host_init(&f->host, f->dev.fd, keyset);
	if (!ret)
		ret = check_all(f, keyset, params);
	if (!ret && !dry_run) {
		fill_in(f, keyset, params);
		ret = write_all(f);
	}
	if (!ret)
		report(f, keyset, result);
	lib_host_destroy(&f->host);
	lib_device_close(&f->dev);
	free(f);
	return ret;
}
