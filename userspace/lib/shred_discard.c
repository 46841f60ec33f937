// SPDX-License-Identifier: GPL-2.0-or-later
/* The LUN is discarded as a courtesy to the array's other users; nothing depends on that. */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "shred.h"
#include "warrant_volume.h"

static int discard(struct lib_shred *s, const struct libdmwarrant_record *v)
{
	struct lib_device d;
	struct lib_lun lun;
	u64 range[2] = { 0 };
	int ret = lib_lun_find(s->ctx, v, NULL, false, &lun);

	if (ret)
		return ret;
	ret = lib_device_open(s->ctx, lun.path, LIB_DEVICE_WRITE | LIB_DEVICE_EXCLUSIVE, &d);
	if (ret)
		return ret;
	range[1] = d.device.size;
	if (ioctl(d.fd, BLKDISCARD, range))
		ret = lib_fail(s->ctx, -errno, "%s cannot be discarded: %s", lun.path,
			       strerror(errno));
	lib_device_close(&d);
	return ret;
}

/** lib_shred_discard() - step: the LUNs of a shredded warrant or volume are discarded, if they can be */
int lib_shred_discard(struct lib_shred *s)
{
	struct json_object *body = lib_shred_body(s), *o;
	struct json_object *volumes = lib_make_array(&s->maker, body, "Volumes");
	char uuid[37];
	u32 i;

	for (i = 0; i < s->count; i++) {
		libdmwarrant_uuid_format(s->volumes[i].uuid, uuid);
		o = lib_make_object(&s->maker, volumes, NULL);
		lib_make_text(&s->maker, o, "Volume", uuid);
		lib_make_text(&s->maker, o, "State", discard(s, &s->volumes[i]) ?
			      libdmwarrant_error(s->ctx) : "discarded");
	}
	return lib_shred_write(s, SHRED_DISCARDED, body);
}
