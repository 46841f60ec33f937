// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which device is a volume's LUN? Names in /dev are given to whatever comes first, and stale maps
 * keep names of LUNs that are no more: what counts is the LUN's WWID and the volume's UUID on it.
 */
#include <dirent.h>
#include <sys/sysmacros.h>

#include "warrant_volume.h"

#define MPATH	"mpath-"

/* Devices that could be it. */
struct candidates {
	const struct libdmwarrant_record	*record;
	struct lib_lun				*lun;
	size_t					count;
};

/**
 * lib_lun_wwid() - one spelling for a LUN's WWID, in place
 *
 * multipath has SCSI's designators with their type in front: "mpath-3600..." is the kernel's
 * "naa.600...". A LUN must be the same with and without multipath.
 */
void lib_lun_wwid(char *wwid)
{
	static const struct {
		char		type;
		const char	*prefix;
	} types[] = { { '3', "naa." }, { '2', "eui." } };
	char text[160];
	size_t i;

	if (strncmp(wwid, MPATH, strlen(MPATH)))
		return;
	lib_copy(text, sizeof(text), wwid + strlen(MPATH));
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (text[0] == types[i].type &&
		    strspn(text, "0123456789abcdefABCDEF") == strlen(text)) {
			snprintf(wwid, sizeof(text), "%s%.150s", types[i].prefix, text + 1);
			return;
		}
	lib_copy(wwid, sizeof(text), text);
}

/**
 * lib_lun_is_of() - is the LUN the one that a record's volume is on?
 * @r:    record
 * @wwid: of the LUN, as lib_lun_wwid() has it; "" = it has none
 * @path: of the LUN
 *
 * Without WWID there is the name only, which says little: but rather one LUN too many.
 */
bool lib_lun_is_of(const struct libdmwarrant_record *r, const char *wwid, const char *path)
{
	if (wwid[0])
		return !strcmp(wwid, r->wwid);
	return !r->wwid[0] && !strcmp(path, r->device);
}

/* ---- looking ---- */

/* The multipath map that a path belongs to: it, not the path, is to be used. */
static void prefer_map(dev_t dev, struct lib_lun *lun)
{
	char holder[256];
	dev_t map;

	if (lib_sysfs_is_path(dev, &map)) {
		lib_sysfs_device_path(map, lun->path, sizeof(lun->path));
		lib_sysfs_wwid(map, lun->wwid, sizeof(lun->wwid));
	} else {
		lun->held = !lib_sysfs_first_entry(dev, "holders", holder, sizeof(holder));
	}
}

static int look(struct libdmwarrant *ctx, const char *path, struct lib_lun *lun)
{
	struct lib_device d;
	int ret = lib_device_open(ctx, path, 0, &d);

	memset(lun, 0, sizeof(*lun));
	lib_copy(lun->path, sizeof(lun->path), d.device.path);
	lib_copy(lun->wwid, sizeof(lun->wwid), d.device.wwid);
	if (!ret && S_ISBLK(d.st.st_mode)) {
		/* /dev/dm-3 is nothing to tell people. */
		lib_sysfs_device_path(d.st.st_rdev, lun->path, sizeof(lun->path));
		prefer_map(d.st.st_rdev, lun);
	}
	lib_lun_wwid(lun->wwid);
	lib_device_close(&d);
	if (ret)
		return ret;
	lun->volume.version = LIBDMWARRANT_VOLUME_VERSION;
	lun->error = libdmwarrant_volume_peek(ctx, lun->path, &lun->volume);
	return 0;
}

static bool has_volume(const struct lib_lun *lun, const struct libdmwarrant_record *r)
{
	return !lun->error && !memcmp(lun->volume.uuid, r->uuid, DMW_UUID_SIZE);
}

static bool has_wwid(const struct lib_lun *lun, const struct libdmwarrant_record *r)
{
	return !strcmp(lun->wwid, r->wwid);
}

static const char *wwid_text(const char *wwid)
{
	return wwid[0] ? wwid : "without WWID";
}

/* What a LUN holds, for people. */
static const char *holds(const struct lib_lun *lun, char text[64])
{
	char uuid[37];

	if (lun->error == -ENODEV)
		return "no volume";
	if (lun->error)
		return "nothing that can be read";
	libdmwarrant_uuid_format(lun->volume.uuid, uuid);
	snprintf(text, 64, "volume %s", uuid);
	return text;
}

/* ---- the user says where ---- */

static int judge_hint(struct libdmwarrant *ctx, const struct libdmwarrant_record *r, bool moved,
		      const struct lib_lun *lun)
{
	char uuid[37], text[64];

	libdmwarrant_uuid_format(r->uuid, uuid);
	if (!has_volume(lun, r))
		return lib_fail(ctx, -ENODEV,
				"%s (LUN %s) holds %s, not volume %s (%s, on LUN %s); name the right LUN",
				lun->path, wwid_text(lun->wwid), holds(lun, text), r->name, uuid,
				wwid_text(r->wwid));
	if (has_wwid(lun, r) || moved)
		return 0;
	return lib_fail(ctx, -ENODEV,
			"%s is LUN %s, but the registry has volume %s (%s) on LUN %s: this is a copy, or it was swapped; if the volume has been moved there on purpose, add --moved",
			lun->path, wwid_text(lun->wwid), r->name, uuid, wwid_text(r->wwid));
}

/* ---- or wherever it is ---- */

static int keep_candidate(struct candidates *c, const struct lib_lun *lun)
{
	struct lib_lun *more;
	bool same_lun = c->record->wwid[0] && has_wwid(lun, c->record);

	if (!has_volume(lun, c->record) && !same_lun)
		return 0;
	more = reallocarray(c->lun, c->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	c->lun = more;
	c->lun[c->count++] = *lun;
	return 0;
}

static bool is_wanted(const struct candidates *c, dev_t dev, bool by_wwid)
{
	char wwid[160];

	if (lib_sysfs_is_path(dev, NULL))
		return false;
	if (!by_wwid)
		return true;
	lib_sysfs_wwid(dev, wwid, sizeof(wwid));
	lib_lun_wwid(wwid);
	return !strcmp(wwid, c->record->wwid);
}

/* Looking at a device means reading it: with @by_wwid, only those are that can be the LUN. */
static int scan(struct libdmwarrant *ctx, struct candidates *c, bool by_wwid)
{
	DIR *d = opendir("/sys/dev/block");
	struct libdmwarrant quiet = { 0 };
	unsigned int maj, min;
	struct lib_lun lun;
	struct dirent *e;
	char path[256];
	int ret = 0;

	c->count = 0;
	while (d && !ret && (e = readdir(d))) {
		if (sscanf(e->d_name, "%u:%u", &maj, &min) != 2 ||
		    !is_wanted(c, makedev(maj, min), by_wwid) ||
		    lib_sysfs_device_path(makedev(maj, min), path, sizeof(path)) ||
		    look(&quiet, path, &lun))
			continue;
		ret = keep_candidate(c, &lun);
	}
	if (d)
		closedir(d);
	return ret ? lib_fail(ctx, ret, "not enough memory") : 0;
}

static int found_several(struct libdmwarrant *ctx, const struct libdmwarrant_record *r,
			 const struct lib_lun *a, const struct lib_lun *b)
{
	if (r->wwid[0])
		return lib_fail(ctx, -ENODEV,
				"LUN %s of volume %s is there as %s and as %s; set up multipath for it, or name one with --device",
				r->wwid, r->name, a->path, b->path);
	return lib_fail(ctx, -ENODEV,
			"volume %s is on %s and on %s, of which one is a copy; name the right one with --device",
			r->name, a->path, b->path);
}

static int not_found(struct libdmwarrant *ctx, const struct candidates *c)
{
	const struct libdmwarrant_record *r = c->record;
	const struct lib_lun *lun = c->lun;
	char uuid[37], text[64];

	libdmwarrant_uuid_format(r->uuid, uuid);
	if (!c->count)
		return lib_fail(ctx, -ENODEV,
				"LUN %s of volume %s (%s) is not there; check the mapping on the array and this host's logins (it was %s)",
				wwid_text(r->wwid), r->name, uuid, r->device);
	if (has_volume(lun, r))
		return lib_fail(ctx, -ENODEV,
				"volume %s (%s) is on %s, LUN %s, but the registry has it on LUN %s: this is a copy, or it was swapped; if the volume has been moved there on purpose, open it with --device %s --moved",
				r->name, uuid, lun->path, wwid_text(lun->wwid), wwid_text(r->wwid),
				lun->path);
	return lib_fail(ctx, -ENODEV,
			"LUN %s (%s) holds %s instead of volume %s (%s): the LUN was swapped or overwritten; check the mapping on the array",
			lun->wwid, lun->path, holds(lun, text), r->name, uuid);
}

/* A volume in an image file, for whoever tries things out: there is nothing but its name. */
static void add_image(struct candidates *c)
{
	struct libdmwarrant quiet = { 0 };
	struct lib_lun lun;
	struct stat st;

	if (!c->count && !stat(c->record->device, &st) && S_ISREG(st.st_mode) &&
	    !look(&quiet, c->record->device, &lun))
		keep_candidate(c, &lun);
}

/* A linear map and what is below it are the same LUN: the one to use is that on top. */
static void drop_held(struct candidates *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->count; i++)
		if (!c->lun[i].held)
			c->lun[n++] = c->lun[i];
	if (n)
		c->count = n;
}

static bool is_found(const struct candidates *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (has_volume(&c->lun[i], c->record) && has_wwid(&c->lun[i], c->record))
			return true;
	return false;
}

static int choose(struct libdmwarrant *ctx, const struct candidates *c, struct lib_lun *lun)
{
	const struct lib_lun *found = NULL;
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (!has_volume(&c->lun[i], c->record) || !has_wwid(&c->lun[i], c->record))
			continue;
		if (found)
			return found_several(ctx, c->record, found, &c->lun[i]);
		found = &c->lun[i];
	}
	if (!found)
		return not_found(ctx, c);
	*lun = *found;
	return 0;
}

/**
 * lib_lun_find() - find a volume's LUN
 * @ctx:    context
 * @record: of the volume
 * @hint:   where it should be; NULL = anywhere
 * @moved:  it may be another LUN than the registry says
 * @lun:    receives it
 *
 * Return: 0; -ENODEV it is not there, or another one is in its place; errors of open(2).
 */
int lib_lun_find(struct libdmwarrant *ctx, const struct libdmwarrant_record *record,
		 const char *hint, bool moved, struct lib_lun *lun)
{
	struct candidates c = { .record = record };
	int ret;

	if (hint) {
		ret = look(ctx, hint, lun);
		return ret ? ret : judge_hint(ctx, record, moved, lun);
	}
	ret = record->wwid[0] ? scan(ctx, &c, true) : 0;
	/* Elsewhere only to say what is wrong, or since there is nothing else to go by. */
	if (!ret && !is_found(&c))
		ret = scan(ctx, &c, false);
	add_image(&c);
	drop_held(&c);
	if (!ret)
		ret = choose(ctx, &c, lun);
	free(c.lun);
	return ret;
}
