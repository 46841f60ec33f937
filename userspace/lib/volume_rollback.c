// SPDX-License-Identifier: GPL-2.0-or-later
/* A rollback that was refused: which two states there are, and what can be done. */
#include <time.h>

#include "warrant_volume.h"

static const char *moment(const char *what, s64 seconds, char text[48])
{
	time_t t = seconds;
	char time[32];
	struct tm tm;

	text[0] = 0;
	if (seconds && gmtime_r(&t, &tm) && strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 48, " %s at %s", what, time);
	return text;
}

/* When the LUN's state was committed is sealed; 0 = it cannot be told. */
static s64 written(const struct lib_lun *lun, const struct libdmwarrant_keyset *keyset)
{
	struct libdmwarrant quiet = { 0 };
	struct lib_volume v;
	s64 when = 0;

	if (!keyset)
		return 0;
	if (!lib_volume_load(&quiet, lun->path, keyset, NULL, LIB_VOLUME_NO_ACTIVATIONS, &v))
		when = v.state.root.written;
	lib_volume_free(&v);
	return when;
}

/**
 * lib_rolled_back() - set the error for a LUN that is not where the registry's anchor is
 * @ctx:    context
 * @reg:    registry
 * @record: of the volume
 * @lun:    its LUN
 * @keyset: its keys; NULL = none at hand
 *
 * Return: -ESTALE, or an error of the registry.
 */
int lib_rolled_back(struct libdmwarrant *ctx, struct libdmwarrant_registry *reg,
		    const struct libdmwarrant_record *record, const struct lib_lun *lun,
		    const struct libdmwarrant_keyset *keyset)
{
	struct libdmwarrant_anchor known;
	char shown[46], expected[46], when[48], since[48], host[65];
	s64 remembered;
	int ret;

	ret = libdmwarrant_registry_anchor_get(reg, record->uuid, &known, &remembered, host);
	if (ret)
		return ret;
	libdmwarrant_anchor_format(&known, expected);
	libdmwarrant_anchor_format(&lun->volume.anchor, shown);
	return lib_fail(ctx, -ESTALE,
			"volume %s was refused: the registry has checkpoint %s%s by host %s, but %s (LUN %s) shows checkpoint %s%s, which is %s: the array returns an older or another state; restore the newest replica of the LUN and open that; only if no newer state exists any more, add --accept-rollback REASON",
			record->name, expected, moment("remembered", remembered, since), host,
			lun->path, lun->wwid[0] ? lun->wwid : "without WWID", shown,
			moment("written", written(lun, keyset), when),
			lun->volume.anchor.checkpoint < known.checkpoint ? "behind it" :
			"of another history");
}
