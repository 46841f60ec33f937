// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a volume: judged here first, where the words are better, then by the kernel. */
#include <sys/sysmacros.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib_tag.h"

/* ---- judging ---- */

/* As many as the kernel would replay. */
static int count_records(struct libdmwarrant *ctx, struct lib_volume *v, u64 *records)
{
	struct dmw_journal_end end;
	int ret;

	ret = lib_load_failed(ctx, v->dev.device.path,
			      dmw_load_journal(&v->host, &v->state, NULL, NULL, &end));
	if (!ret)
		*records = end.seq - v->state.root.journal_seq;
	return ret;
}

static int check_tags(struct libdmwarrant *ctx, struct lib_volume *v)
{
	struct dmw_tags tags = { 0 };
	enum dmw_load_error e = dmw_load_tags(&v->host, &v->state, &tags);

	dmw_tags_free(&v->host, &tags);
	return lib_load_failed(ctx, v->dev.device.path, e);
}

static int judge(struct libdmwarrant *ctx, const char *path,
		 const struct libdmwarrant_keyset *keyset,
		 const struct libdmwarrant_open_params *params, struct lib_volume *v,
		 struct libdmwarrant_open_result *r)
{
	bool read_only = params->flags & LIBDMWARRANT_OPEN_READ_ONLY;
	int ret;

	ret = lib_volume_load(ctx, path, keyset, &params->anchor,
			      LIB_VOLUME_CLOSED | (read_only ? 0 : LIB_VOLUME_WRITABLE), v);
	if (ret)
		return ret;
	if (!read_only && (v->dev.device.flags & LIBDMWARRANT_DEVICE_READ_ONLY))
		return lib_fail(ctx, -EROFS,
				"%s is read-only; open the volume with --read-only, or make the LUN writable",
				path);
	if (params->warrant &&
	    CRYPTO_memcmp(params->warrant, v->state.root.warrant, DMW_DIGEST_SIZE))
		return lib_load_failed(ctx, path, DMW_LOAD_OTHER_WARRANT);
	ret = check_tags(ctx, v);
	/* The kernel walks the journal in any case, and says what it has found. */
	if (!ret && (params->flags & LIBDMWARRANT_OPEN_DRY_RUN))
		ret = count_records(ctx, v, &r->journal_records);
	if (ret)
		return ret;
	r->other_damaged = v->state.other_damaged;
	memcpy(r->uuid, v->state.sb.uuid, DMW_UUID_SIZE);
	lib_anchor(&r->anchor, &v->state.sb);
	r->volume_bytes = v->state.sb.layout.data_sectors << DMW_SECTOR_SHIFT;
	lib_copy(r->label, sizeof(r->label), v->state.root.label);
	return 0;
}

/* ---- mapping ---- */

static int check_free(struct libdmwarrant *ctx, const char *name, const u8 *uuid)
{
	struct lib_mapping m;
	char path[16 + LIBDMWARRANT_NAME_SIZE];
	int ret = lib_dm_find_uuid(ctx, uuid, &m);

	if (!ret)
		return lib_fail(ctx, -EEXIST, "the volume is open already, as %s", m.name);
	if (ret != -ENXIO)
		return ret;
	ret = lib_dm_find(ctx, name, &m);
	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	if (ret != -ENXIO || !access(path, F_OK))
		return lib_fail(ctx, -EEXIST, "%s exists already; choose another name", path);
	return 0;
}

static void make_table(char *table, size_t size, dev_t lun, const char *key, u32 key_parts,
		       const u8 *uuid, const struct libdmwarrant_open_params *p)
{
	char options[320] = "", uuid_text[37], anchor[46], digest[2 * DMW_DIGEST_SIZE + 1];
	size_t n = 0;
	int count = 0;

	if (p->flags & LIBDMWARRANT_OPEN_ALLOW_DISCARDS) {
		n += snprintf(options + n, sizeof(options) - n, " allow_discards");
		count++;
	}
	if (p->cache_mib) {
		n += snprintf(options + n, sizeof(options) - n, " cache_mib %u", p->cache_mib);
		count += 2;
	}
	if (p->checkpoint_seconds) {
		n += snprintf(options + n, sizeof(options) - n, " checkpoint_seconds %u",
			      p->checkpoint_seconds);
		count += 2;
	}
	if (key_parts > 1) {
		n += snprintf(options + n, sizeof(options) - n, " keysets %u", key_parts);
		count += 2;
	}
	if (p->warrant) {
		lib_hex(digest, p->warrant, DMW_DIGEST_SIZE);
		n += snprintf(options + n, sizeof(options) - n, " warrant %s", digest);
		count += 2;
	}
	if (p->anchor.checkpoint) {
		libdmwarrant_anchor_format(&p->anchor, anchor);
		snprintf(options + n, sizeof(options) - n, " anchor %s", anchor);
		count += 2;
	}
	libdmwarrant_uuid_format(uuid, uuid_text);
	n = snprintf(table, size, "%u:%u %s logon:%s", major(lun), minor(lun), uuid_text, key);
	if (count)
		snprintf(table + n, size - n, " %d%s", count, options);
}

/* The kernel's reason is worth more than its errno. */
static int create_failed(struct libdmwarrant *ctx, const char *name, int err, const char *reason)
{
	char text[256];

	lib_copy(text, sizeof(text), libdmwarrant_error(ctx));
	if (err == -EEXIST || err == -EBUSY)
		return lib_fail(ctx, err, "%s: name, volume or LUN is in use: %s", name,
				reason[0] ? reason : text);
	if (reason[0])
		return lib_fail(ctx, err, "%s: the kernel refused: %s", name, reason);
	return lib_fail(ctx, err, "%s: the kernel refused: %s (%s); see dmesg", name,
			strerror(-err), text);
}

static int map(struct libdmwarrant *ctx, const char *name, const struct libdmwarrant_keyset *keyset,
	       const struct libdmwarrant_open_params *params, dev_t lun,
	       const struct libdmwarrant_open_result *r)
{
	char uuid[37], key_name[64], table[512], reason[256];
	char hex[2 * DMW_UUID_SIZE + 1], dm_uuid[16 + sizeof(hex) + LIBDMWARRANT_NAME_SIZE];
	struct lib_keyring keyring;
	int ret, kmsg;

	libdmwarrant_uuid_format(r->uuid, uuid);
	lib_hex(hex, r->uuid, DMW_UUID_SIZE);
	snprintf(key_name, sizeof(key_name), "dm-warrant:%s", uuid);
	snprintf(dm_uuid, sizeof(dm_uuid), "WARRANT-V1-%s-%s", hex, name);
	/* A long name is cut here; the volume's UUID still makes it unique. */
	dm_uuid[LIB_DM_UUID_SIZE - 1] = 0;

	ret = lib_keyring_add(ctx, key_name, keyset, &keyring);
	if (ret) {
		lib_keyring_remove(&keyring);
		return ret;
	}
	make_table(table, sizeof(table), lun, key_name, keyring.count, r->uuid, params);
	kmsg = lib_kmsg_open();
	ret = lib_dm_create(ctx, name, dm_uuid, r->volume_bytes >> 9,
			    params->flags & LIBDMWARRANT_OPEN_READ_ONLY, table);
	lib_keyring_remove(&keyring);
	lib_kmsg_reason(kmsg, reason, sizeof(reason));
	return ret ? create_failed(ctx, name, ret, reason) : 0;
}

static int check_node(struct libdmwarrant *ctx, const char *name)
{
	char path[16 + LIBDMWARRANT_NAME_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	if (!stat(path, &st) && S_ISBLK(st.st_mode))
		return 0;
	lib_dm_remove(ctx, name, false);
	return lib_fail(ctx, -ENODEV,
			"the volume was opened, but %s did not appear, so it was closed again; is udev running?",
			path);
}

/* It is open, whether it can say this or not. */
static void ask_replayed(struct libdmwarrant *ctx, const char *name, u64 *records)
{
	char *reply = NULL, *found;

	if (!lib_dm_ask(ctx, name, &reply, "stats")) {
		found = strstr(reply, " replayed=");
		*records = found ? strtoull(found + strlen(" replayed="), NULL, 10) : 0;
	}
	free(reply);
}

/* ---- all of it ---- */

int libdmwarrant_open(struct libdmwarrant *ctx, const char *path, const char *name,
		      const struct libdmwarrant_keyset *keyset,
		      const struct libdmwarrant_open_params *params,
		      struct libdmwarrant_open_result *result)
{
	struct lib_volume v;
	struct stat st;
	int ret;

	if (params->version != LIBDMWARRANT_OPEN_VERSION)
		return lib_fail_version(ctx, params->version, LIBDMWARRANT_OPEN_VERSION);
	if (!name[0] || strlen(name) >= LIBDMWARRANT_NAME_SIZE || strchr(name, '/'))
		return lib_fail(ctx, -EINVAL, "%s cannot be a device-mapper name; use 1 to %u characters and no /",
				name, LIBDMWARRANT_NAME_SIZE - 1);
	ret = judge(ctx, path, keyset, params, &v, result);
	st = v.dev.st;
	/* The kernel claims the LUN for itself: ours must be gone by then. */
	lib_volume_free(&v);
	if (ret || (params->flags & LIBDMWARRANT_OPEN_DRY_RUN))
		return ret;
	if (!S_ISBLK(st.st_mode))
		return lib_fail(ctx, -ENOTBLK, "%s is a file; attach it with losetup first", path);
	ret = lib_dm_begin(ctx);
	if (!ret)
		ret = lib_dm_have_target(ctx);
	if (!ret)
		ret = check_free(ctx, name, result->uuid);
	if (!ret)
		ret = map(ctx, name, keyset, params, st.st_rdev, result);
	if (!ret)
		ret = check_node(ctx, name);
	if (!ret)
		ask_replayed(ctx, name, &result->journal_records);
	if (!ret && !(params->flags & LIBDMWARRANT_OPEN_READ_ONLY))
		lib_tag_record_shreds(ctx, name, keyset);
	return ret;
}
