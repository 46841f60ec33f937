// SPDX-License-Identifier: GPL-2.0-or-later
/* May what is on a LUN be destroyed for a measurement? */
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench.h"
#include "warrant_volume.h"

#define SEARCH_BYTES	(16 * BENCH_MIB)	/* both superblocks lie in front of the journal */

/* ---- the same LUN as ... ---- */

/* The one that the user has seen and said yes to. */
static int check_identity(struct libdmwarrant *ctx, const struct lib_device *d,
			  const struct libdmwarrant_bench_params *p)
{
	if (p->rdev && p->rdev != d->st.st_rdev)
		return lib_fail(ctx, -ENODEV,
				"%s has become device %u:%u, another than was confirmed; look which LUN it is",
				d->device.path, major(d->st.st_rdev), minor(d->st.st_rdev));
	if (p->wwid && strcmp(p->wwid, d->device.wwid))
		return lib_fail(ctx, -ENODEV,
				"%s is LUN %s, not %s, which was confirmed; look which LUN it is",
				d->device.path, d->device.wwid[0] ? d->device.wwid : "without WWID",
				p->wwid[0] ? p->wwid : "without WWID");
	return 0;
}

/* ---- evidence ---- */

struct search {
	const char			*path;
	char				wwid[160];
	struct libdmwarrant_record	found;		/* name "" = none */
};

static int compare_record(void *arg, const struct libdmwarrant_record *r)
{
	struct search *s = arg;

	if (lib_lun_is_of(r, s->wwid, s->path))
		s->found = *r;
	return 0;
}

static int check_registry(struct libdmwarrant *ctx, const struct lib_device *d,
			  struct libdmwarrant_registry *reg)
{
	struct search s = { .path = d->device.path };
	const struct libdmwarrant_record *r = &s.found;
	int ret;

	lib_copy(s.wwid, sizeof(s.wwid), d->device.wwid);
	lib_lun_wwid(s.wwid);
	ret = reg ? libdmwarrant_registry_volume_list(reg, NULL, compare_record, &s) : 0;
	if (ret || !r->name[0])
		return ret;
	return lib_fail(ctx, -EEXIST,
			"%s is %s%s, on which the registry has volume %s of warrant %s; choose another LUN%s%s",
			d->device.path, s.wwid[0] ? "LUN " : "the device", s.wwid, r->name,
			r->warrant, r->flags & LIBDMWARRANT_RECORD_CREATING ?
			", or give that volume up first: volume forget " : "",
			r->flags & LIBDMWARRANT_RECORD_CREATING ? r->name : "");
}

/* Where copy B lies is in copy A, which may be damaged: look at all blocks where it could. */
static int check_superblocks(struct libdmwarrant *ctx, const struct lib_device *d)
{
	u8 block[DMW_SECTOR_SIZE];
	u64 at;

	for (at = 0; at + sizeof(block) <= min(d->device.size, SEARCH_BYTES); at += sizeof(block)) {
		if (pread(d->fd, block, sizeof(block), at) != sizeof(block))
			return lib_fail(ctx, -EIO, "cannot read %s at byte %llu", d->device.path,
					(unsigned long long)at);
		if (!memcmp(block, DMW_MAGIC, DMW_MAGIC_SIZE))
			return lib_fail(ctx, -EEXIST,
					"%s holds a superblock of dm-warrant, whole or damaged, at byte %llu; bench destroys no volume: choose another LUN, or if nobody needs this one, zero its first 16 MiB (blkdiscard --zeroout --length 16M)",
					d->device.path, (unsigned long long)at);
	}
	return 0;
}

/* ---- geometry ---- */

static int check_geometry(struct libdmwarrant *ctx, const struct libdmwarrant_device *i)
{
	if (i->flags & LIBDMWARRANT_DEVICE_READ_ONLY)
		return lib_fail(ctx, -EROFS, "%s is read-only; warrantctl bench without --write reads it",
				i->path);
	if (i->logical_block > BENCH_SECTOR || i->alignment_offset ||
	    i->partition_start % BENCH_SECTOR)
		return lib_fail(ctx, -EINVAL,
				"%s has blocks of more than 4096 bytes or is misaligned: no volume can be on it",
				i->path);
	return 0;
}

/**
 * lib_bench_may_destroy() - is it the LUN that is meant, and is nothing on it that matters?
 * @ctx: context
 * @d:   LUN, opened exclusively; receives its signatures
 * @p:   what is known of it, and what may be erased
 *
 * A volume is evidence: no option of a measurement destroys one.
 * Return: 0; -ENODEV it is another LUN; -EEXIST something is on it; others.
 */
int lib_bench_may_destroy(struct libdmwarrant *ctx, struct lib_device *d,
			  const struct libdmwarrant_bench_params *p)
{
	int ret;

	if (!S_ISBLK(d->st.st_mode))
		return lib_fail(ctx, -ENOTBLK, "%s is a file; attach it with losetup first",
				d->device.path);
	ret = check_identity(ctx, d, p);
	if (!ret)
		ret = check_geometry(ctx, &d->device);
	if (!ret)
		ret = check_registry(ctx, d, p->registry);
	if (!ret)
		ret = check_superblocks(ctx, d);
	if (!ret)
		ret = lib_signatures_probe(ctx, d);
	return ret ? ret : lib_signatures_check(ctx, &d->device, p->erase, p->erase_count);
}
