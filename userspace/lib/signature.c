// SPDX-License-Identifier: GPL-2.0-or-later
/* What is on a device before it is formatted: found, and erased when the user has named it. */
#include <blkid/blkid.h>
#include <unistd.h>

#include "lib_private.h"

static blkid_probe new_probe(int fd)
{
	blkid_probe p = blkid_new_probe();

	if (p && !blkid_probe_set_device(p, fd, 0, 0) &&
	    !blkid_probe_enable_superblocks(p, 1) &&
	    !blkid_probe_set_superblocks_flags(p, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
					       BLKID_SUBLKS_UUID | BLKID_SUBLKS_MAGIC) &&
	    !blkid_probe_enable_partitions(p, 1) &&
	    !blkid_probe_set_partitions_flags(p, BLKID_PARTS_MAGIC))
		return p;
	blkid_free_probe(p);
	return NULL;
}

static void value(blkid_probe p, const char *name, char *text, size_t size)
{
	const char *v;

	if (!blkid_probe_lookup_value(p, name, &v, NULL))
		lib_copy(text, size, v);
}

static struct libdmwarrant_signature *next_signature(struct libdmwarrant_device *i)
{
	if (i->signature_count == LIBDMWARRANT_SIGNATURES) {
		i->flags |= LIBDMWARRANT_DEVICE_SIGNATURES_MORE;
		return NULL;
	}
	return &i->signatures[i->signature_count++];
}

static void add_found(blkid_probe p, struct libdmwarrant_device *i)
{
	struct libdmwarrant_signature *s = next_signature(i);
	char offset[32] = "0";

	if (!s)
		return;
	value(p, "TYPE", s->type, sizeof(s->type));
	value(p, "PTTYPE", s->type, sizeof(s->type));
	value(p, "LABEL", s->label, sizeof(s->label));
	value(p, "UUID", s->uuid, sizeof(s->uuid));
	value(p, "PTUUID", s->uuid, sizeof(s->uuid));
	value(p, "SBMAGIC_OFFSET", offset, sizeof(offset));
	value(p, "PTMAGIC_OFFSET", offset, sizeof(offset));
	s->offset = strtoull(offset, NULL, 10);
}

/* libblkid does not know our magic: look where our superblocks are, or would be. */
static void add_own(struct lib_device *d, const struct dmw_superblock *sb, u64 block)
{
	struct libdmwarrant_signature *s = next_signature(&d->device);

	if (!s)
		return;
	lib_copy(s->type, sizeof(s->type), LIB_TYPE_VOLUME);
	if (sb)
		libdmwarrant_uuid_format(sb->uuid, s->uuid);
	s->offset = block << DMW_SECTOR_SHIFT;
}

static void probe_own(struct lib_device *d)
{
	struct dmw_superblock sb[2];
	struct dmw_host h;
	int error[2], i;
	u64 block[2];

	lib_host_init(&h, d->fd, NULL);
	lib_superblocks_find(&h, d->device.size >> DMW_SECTOR_SHIFT, sb, error, block);
	lib_host_destroy(&h);
	for (i = 0; i < 2; i++)
		if (!error[i] || error[i] == -EUCLEAN || error[i] == -EPROTONOSUPPORT)
			add_own(d, error[i] ? NULL : &sb[i], block[i]);
}

/**
 * lib_signatures_probe() - fill in the signatures of an opened device
 */
int lib_signatures_probe(struct libdmwarrant *ctx, struct lib_device *d)
{
	blkid_probe p = new_probe(d->fd);
	int ret;

	d->device.signature_count = 0;
	if (!p)
		return lib_fail(ctx, -EIO, "cannot look for signatures on %s: libblkid failed",
				d->device.path);
	while ((ret = blkid_do_probe(p)) == 0)
		add_found(p, &d->device);
	blkid_free_probe(p);
	if (ret < 0)
		return lib_fail(ctx, -EIO,
				"cannot look for signatures on %s: it cannot be read; check the path to the array",
				d->device.path);
	probe_own(d);
	return 0;
}

/** lib_signatures_named() - is @type among those that may be erased? */
bool lib_signatures_named(const char *const *erase, u32 count, const char *type)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!strcmp(erase[i], type))
			return true;
	return false;
}

/** lib_signatures_found() - does a probed device have @type? */
bool lib_signatures_found(const struct libdmwarrant_device *d, const char *type)
{
	u32 i;

	for (i = 0; i < d->signature_count; i++)
		if (!strcmp(d->signatures[i].type, type))
			return true;
	return false;
}

/**
 * lib_signatures_check() - may what is on a device be destroyed?
 * @ctx:   context
 * @d:     device, probed
 * @erase: types that may
 * @count: of @erase
 *
 * What is erased must have been named, and what was named must be there: else it is another LUN.
 * Return: 0; -EEXIST, -EINVAL.
 */
int lib_signatures_check(struct libdmwarrant *ctx, const struct libdmwarrant_device *d,
			 const char *const *erase, u32 count)
{
	const struct libdmwarrant_signature *s;
	u32 i;

	if (d->flags & LIBDMWARRANT_DEVICE_SIGNATURES_MORE)
		return lib_fail(ctx, -EEXIST,
				"%s has more than %u signatures; look at them with wipefs(8) and erase them first",
				d->path, LIBDMWARRANT_SIGNATURES);
	for (i = 0; i < d->signature_count; i++) {
		s = &d->signatures[i];
		if (!lib_signatures_named(erase, count, s->type))
			return lib_fail(ctx, -EEXIST,
					"%s holds %s%s%s%s%s; if it may be destroyed, add --erase-signature %s",
					d->path, s->type, s->label[0] ? " label " : "", s->label,
					s->uuid[0] ? " uuid " : "", s->uuid, s->type);
	}
	for (i = 0; i < count; i++)
		if (!lib_signatures_found(d, erase[i]))
			return lib_fail(ctx, -EINVAL,
					"%s holds no %s, which --erase-signature names; is it the right LUN?",
					d->path, erase[i]);
	return 0;
}

static int erase_own(struct lib_device *d)
{
	static const u8 zeros[DMW_SECTOR_SIZE];
	struct libdmwarrant_signature *s = d->device.signatures;
	struct dmw_host h;
	int ret = 0;
	u32 i;

	lib_host_init(&h, d->fd, NULL);
	for (i = 0; i < d->device.signature_count && !ret; i++, s++)
		if (!strcmp(s->type, LIB_TYPE_VOLUME))
			ret = lib_host_write(&h, s->offset >> DMW_SECTOR_SHIFT, zeros);
	lib_host_destroy(&h);
	return ret;
}

/**
 * lib_signatures_erase() - make all signatures unrecognisable, durably
 *
 * What blkid finds elsewhere than in block 0 (LUKS's second header, a GPT's backup) would make
 * others claim the LUN; a former volume's copy B would be found when our copy A is torn.
 */
int lib_signatures_erase(struct libdmwarrant *ctx, struct lib_device *d)
{
	blkid_probe p;
	int ret = erase_own(d);

	if (ret)
		return lib_fail(ctx, ret, "cannot write to %s: %s", d->device.path, strerror(-ret));
	p = new_probe(d->fd);
	if (!p)
		return lib_fail(ctx, -EIO, "cannot erase signatures on %s: libblkid failed",
				d->device.path);
	while ((ret = blkid_do_probe(p)) == 0)
		if (blkid_do_wipe(p, 0))
			break;
	blkid_free_probe(p);
	if (ret != 1)
		return lib_fail(ctx, -EIO, "cannot erase the signatures on %s; try wipefs(8)",
				d->device.path);
	return fsync(d->fd) ? lib_fail(ctx, -errno, "cannot flush %s: %s", d->device.path,
				       strerror(errno)) : 0;
}
