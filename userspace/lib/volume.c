// SPDX-License-Identifier: GPL-2.0-or-later
/* A volume on its LUN, loaded for reading. */
#include "lib_private.h"

/* ---- without keys ---- */

static int find_one(struct dmw_host *h, u64 lun_blocks, u64 block, struct dmw_superblock_disk *d,
		    struct dmw_superblock *sb)
{
	int ret;

	if (block >= lun_blocks)
		return -ENODEV;
	ret = dmw_host_read(h, block << DMW_SECTOR_SHIFT, d, sizeof(*d));
	return ret ? ret : dmw_superblock_decode(sb, d, block);
}

/**
 * lib_superblocks_find() - decode the clear part of both superblocks
 * @h:          host; needs no keys
 * @lun_blocks: size of the LUN
 * @sb:         receives them
 * @error:      receives why not; as dmw_superblock_decode(), or an errno of the LUN
 * @block:      receives where they are, or would be
 *
 * Copy B's place follows from copy A; without it, from the LUN's size as format would use it.
 * Return: index of the newer decodable one, or the more telling error of A and B.
 */
int lib_superblocks_find(struct dmw_host *h, u64 lun_blocks, struct dmw_superblock sb[2],
			 int error[2], u64 block[2])
{
	struct dmw_superblock_disk d;
	struct dmw_layout l;

	block[0] = 0;
	error[0] = find_one(h, lun_blocks, 0, &d, &sb[0]);
	dmw_layout_choose(&l, lun_blocks, DMW_SECTOR_SIZE);
	if (!error[0])
		block[1] = sb[0].layout.superblock_b;
	else
		block[1] = dmw_layout_derive(&l) ? 0 : l.superblock_b;
	error[1] = block[1] ? find_one(h, lun_blocks, block[1], &d, &sb[1]) : -ENODEV;
	if (!error[0] && !error[1])
		return sb[1].checkpoint > sb[0].checkpoint;
	if (!error[0] || !error[1])
		return error[0] ? 1 : 0;
	return error[0] == -ENODEV ? error[1] : error[0];
}

/** lib_load_failed() - put a load error into words. Return: its errno; 0 for DMW_LOAD_OK */
int lib_load_failed(struct libdmwarrant *ctx, const char *path, enum dmw_load_error e)
{
	if (!e)
		return 0;
	return lib_fail(ctx, dmw_load_error_errno(e), "%s: %s", path, dmw_load_error_text(e));
}

static int peek_failed(struct libdmwarrant *ctx, const char *path, int err)
{
	return lib_load_failed(ctx, path, err == -ENODEV ? DMW_LOAD_NOT_A_VOLUME :
			       err == -EPROTONOSUPPORT ? DMW_LOAD_NEWER :
			       err == -EUCLEAN ? DMW_LOAD_SUPERBLOCK_DAMAGED : DMW_LOAD_IO);
}

int libdmwarrant_volume_peek(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_volume *volume)
{
	struct dmw_superblock sb[2];
	struct lib_device d;
	struct dmw_host h;
	int ret, error[2];
	u64 block[2];

	if (volume->version != LIBDMWARRANT_VOLUME_VERSION)
		return lib_fail_version(ctx, volume->version, LIBDMWARRANT_VOLUME_VERSION);
	ret = lib_device_open(ctx, path, 0, &d);
	if (ret)
		goto out;
	lib_host_init(&h, d.fd, NULL);
	ret = lib_superblocks_find(&h, d.device.size >> DMW_SECTOR_SHIFT, sb, error, block);
	lib_host_destroy(&h);
	if (ret < 0) {
		ret = peek_failed(ctx, path, ret);
		goto out;
	}
	volume->epoch = sb[ret].epoch;
	memcpy(volume->uuid, sb[ret].uuid, DMW_UUID_SIZE);
	lib_anchor(&volume->anchor, &sb[ret]);
	volume->lun_bytes = sb[ret].layout.lun_blocks << DMW_SECTOR_SHIFT;
	volume->volume_bytes = sb[ret].layout.data_sectors << DMW_SECTOR_SHIFT;
	volume->created = sb[ret].created;
	ret = 0;
out:
	lib_device_close(&d);
	return ret;
}

/** lib_anchor() - the anchor that a superblock is, for the public */
void lib_anchor(struct libdmwarrant_anchor *to, const struct dmw_superblock *sb)
{
	struct dmw_anchor a = dmw_superblock_anchor(sb);

	memset(to, 0, sizeof(*to));
	to->checkpoint = a.checkpoint;
	memcpy(to->salt, a.salt, DMW_SALT_SIZE);
}

/* ---- with keys ---- */

/*
 * The MAC cannot tell a wrong keyset from a tampered LUN, but the UUIDs nearly can: whoever
 * confuses two volumes is told which two.
 */
static int check_uuid(struct libdmwarrant *ctx, const char *path, struct lib_volume *v)
{
	char want[37], have[37];
	struct dmw_superblock sb[2];
	int ret, i, error[2];
	u64 block[2];

	ret = lib_superblocks_find(&v->host, v->lun.blocks, sb, error, block);
	if (ret < 0)
		return peek_failed(ctx, path, ret);
	/* One copy that fits is enough: the other may be damaged, which the MAC will tell. */
	for (i = 0; i < 2; i++)
		if (!error[i] && !memcmp(sb[i].uuid, v->host.keyset->disk->uuid, DMW_UUID_SIZE))
			return 0;
	libdmwarrant_uuid_format(sb[ret].uuid, want);
	libdmwarrant_uuid_format(v->host.keyset->disk->uuid, have);
	return lib_fail(ctx, -EKEYREJECTED,
			"wrong keyset: %s holds volume %s, the keyset is for volume %s; name that volume's keyset",
			path, want, have);
}

/**
 * lib_volume_load() - load superblock and activations and judge them
 * @ctx:    context
 * @path:   device
 * @keyset: keys
 * @anchor: oldest acceptable checkpoint; zero = any
 * @flags:  LIB_VOLUME_...
 * @v:      receives it; lib_volume_free() it, also after a failure
 *
 * Return: 0, or the errno of the load error, with its text.
 */
int lib_volume_load(struct libdmwarrant *ctx, const char *path,
		    const struct libdmwarrant_keyset *keyset,
		    const struct libdmwarrant_anchor *anchor, unsigned int flags,
		    struct lib_volume *v)
{
	enum dmw_load_error e;
	int ret;

	memset(v, 0, sizeof(*v));
	ret = lib_device_open(ctx, path, flags & LIB_VOLUME_CLOSED ? LIB_DEVICE_EXCLUSIVE : 0,
			      &v->dev);
	if (ret)
		return ret;
	lib_host_init(&v->host, v->dev.fd, keyset);
	v->lun.blocks = v->dev.device.size >> DMW_SECTOR_SHIFT;
	v->lun.logical_block = v->dev.device.logical_block;
	v->lun.read_only = !(flags & LIB_VOLUME_WRITABLE);
	ret = check_uuid(ctx, path, v);
	if (ret)
		return ret;
	if (anchor) {
		v->anchor.checkpoint = anchor->checkpoint;
		memcpy(v->anchor.salt, anchor->salt, DMW_SALT_SIZE);
	}
	if (flags & LIB_VOLUME_NO_ACTIVATIONS) {
		e = dmw_load_superblock(&v->host, &v->lun, &v->state);
		if (!e)
			e = dmw_load_check_anchor(&v->state, &v->anchor);
	} else {
		e = dmw_load_state(&v->host, &v->lun, &v->anchor, &v->state);
	}
	return lib_load_failed(ctx, path, e);
}

/** lib_volume_tags() - load the tag table, as the kernel sees it: with what the keyset says was shredded */
enum dmw_load_error lib_volume_tags(struct lib_volume *v)
{
	enum dmw_load_error err = dmw_load_tags(&v->host, &v->state, &v->tags);
	u32 i, tag, epoch;

	if (err || !v->host.keyset)
		return err;
	for (i = 0; !libdmwarrant_keyset_entry(v->host.keyset, i, &tag, &epoch); i++)
		if (epoch == DMW_EPOCH_SHREDDED)
			dmw_tags_shred(&v->tags, tag);
	return DMW_LOAD_OK;
}

void lib_volume_free(struct lib_volume *v)
{
	dmw_tags_free(&v->host, &v->tags);
	dmw_state_free(&v->host, &v->state);
	lib_host_destroy(&v->host);
	lib_device_close(&v->dev);
}
