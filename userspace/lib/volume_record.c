// SPDX-License-Identifier: GPL-2.0-or-later
/* Volumes, as the registry knows them. */
#include <ctype.h>

#include "audit.h"
#include "json.h"
#include "registry.h"

#define SELECT_VOLUMES	"SELECT v.uuid, v.warrant, v.name, v.wwid, v.device, v.digest, v.keystore, v.state, v.created FROM volumes v "

/* Rows, kept so that nothing is locked while the caller looks at them. */
struct records {
	struct libdmwarrant_record	*record;
	size_t				count;
};

static int take_record(struct libdmwarrant_record *to, const struct lib_value *row)
{
	const char *digest = lib_text(row[5].text).text;

	memset(to, 0, sizeof(*to));
	to->version = LIBDMWARRANT_RECORD_VERSION;
	if (libdmwarrant_uuid_parse(lib_text(row[0].text).text, to->uuid) ||
	    strlen(digest) != 2 * sizeof(to->digest) ||
	    lib_unhex(to->digest, digest, sizeof(to->digest)))
		return -EBADMSG;
	lib_copy(to->warrant, sizeof(to->warrant), lib_text(row[1].text).text);
	lib_copy(to->name, sizeof(to->name), lib_text(row[2].text).text);
	lib_copy(to->wwid, sizeof(to->wwid), lib_text(row[3].text).text);
	lib_copy(to->device, sizeof(to->device), lib_text(row[4].text).text);
	lib_copy(to->keystore, sizeof(to->keystore), lib_text(row[6].text).text);
	if (strcmp(lib_text(row[7].text).text, "ready"))
		to->flags = LIBDMWARRANT_RECORD_CREATING;
	to->created = row[8].number;
	return 0;
}

static int keep_record(void *arg, const struct lib_value *row)
{
	struct records *all = arg;
	struct libdmwarrant_record *more;
	int ret;

	more = reallocarray(all->record, all->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	all->record = more;
	ret = take_record(&more[all->count], row);
	if (!ret)
		all->count++;
	return ret;
}

/* What keep_record() returned, with the error set. */
static int kept(struct libdmwarrant_registry *r, int ret)
{
	if (ret == -ENOMEM)
		return lib_fail(r->ctx, ret, "not enough memory for the volumes");
	if (ret == -EBADMSG)
		return lib_fail(r->ctx, -EUCLEAN,
				"the registry %s is damaged: a volume's UUID or digest is none; restore it from a backup",
				r->place);
	return ret;
}

/* ---- recording ---- */

/* What device-mapper takes without mangling; "." and ".." are no names in /dev/mapper. */
static bool is_name(const char *name)
{
	const char *c = name;

	while ((isascii(*c) && isalnum(*c)) || (*c && strchr("#+-.:=@_", *c)))
		c++;
	return c > name && !*c && strcmp(name, ".") && strcmp(name, "..");
}

static bool is_text(const char *text, size_t size)
{
	size_t n = strnlen(text, size);
	const char *c;

	if (n == size || lib_utf8_length(text, n) < 0)
		return false;
	for (c = text; *c; c++)
		if (lib_is_control((u8)*c) && (u8)*c < 0x80)
			return false;
	return true;
}

static int check_record(struct libdmwarrant_registry *r, const struct libdmwarrant_record *n)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	char quoted[LIB_QUOTE_SIZE];

	if (n->version != LIBDMWARRANT_RECORD_VERSION)
		return lib_fail_version(r->ctx, n->version, LIBDMWARRANT_RECORD_VERSION);
	if (n->flags & ~LIBDMWARRANT_RECORD_CREATING)
		return lib_fail(r->ctx, -EINVAL, "unknown flags %#x for a volume", n->flags);
	if (!memchr_inv(n->uuid, 0, sizeof(n->uuid)))
		return lib_fail(r->ctx, -EINVAL, "the volume has no UUID");
	if (strnlen(n->name, sizeof(n->name)) == sizeof(n->name) || !is_name(n->name))
		return lib_fail(r->ctx, -EINVAL,
				"%s is not the name of a volume: 1 to %zu letters, digits and #+-.:=@_",
				lib_quote(quoted, n->name, strnlen(n->name, sizeof(n->name))),
				sizeof(n->name) - 1);
	/* A name that is a UUID would be taken for another volume's. */
	if (!libdmwarrant_uuid_parse(n->name, uuid))
		return lib_fail(r->ctx, -EINVAL, "the name of a volume must not be a UUID");
	if (!is_text(n->wwid, sizeof(n->wwid)) || !is_text(n->device, sizeof(n->device)) ||
	    !is_text(n->keystore, sizeof(n->keystore)))
		return lib_fail(r->ctx, -EINVAL,
				"WWID, device and key store of a volume must be UTF-8 text without control characters");
	return 0;
}

static int refuse_taken(struct libdmwarrant_registry *r, const struct libdmwarrant_record *n)
{
	char uuid[37];
	s64 uuids = 0, names = 0;
	int ret;

	libdmwarrant_uuid_format(n->uuid, uuid);
	ret = lib_sql(r, lib_row_number, &uuids, "SELECT COUNT(*) FROM volumes WHERE uuid = $1",
		      lib_text(uuid)) ?:
		lib_sql(r, lib_row_number, &names,
			"SELECT COUNT(*) FROM volumes WHERE name = $1", lib_text(n->name));
	if (ret)
		return ret;
	if (uuids)
		return lib_fail(r->ctx, -EEXIST, "volume %s is in the registry already", uuid);
	if (names)
		return lib_fail(r->ctx, -EEXIST,
				"there is a volume %s already; choose another name", n->name);
	return 0;
}

static int insert(struct libdmwarrant_registry *r, const struct libdmwarrant_record *n)
{
	char uuid[37], digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	libdmwarrant_uuid_format(n->uuid, uuid);
	lib_hex(digest, n->digest, sizeof(n->digest));
	return lib_sql(r, NULL, NULL,
		       "INSERT INTO volumes (uuid, warrant, name, wwid, device, digest, keystore, state, created, by_user, by_host) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		       lib_text(uuid), lib_text(n->warrant), lib_text(n->name), lib_text(n->wwid),
		       lib_text(n->device), lib_text(digest), lib_text(n->keystore),
		       lib_text(n->flags & LIBDMWARRANT_RECORD_CREATING ? "creating" : "ready"),
		       lib_number(n->created), lib_text(r->who.user), lib_text(r->who.host)) ?:
		lib_audit_say(r, "volume.recorded", "Volume", uuid, "Warrant", n->warrant,
			      "Name", n->name, "Wwid", n->wwid, "Device", n->device,
			      "KeyStore", n->keystore, "Digest", digest, NULL);
}

static int add(struct libdmwarrant_registry *r, struct libdmwarrant_record *n)
{
	struct lib_warrant_row row;
	int ret = lib_warrant_find(r, n->warrant, &row);

	if (ret)
		return ret;
	lib_copy(n->warrant, sizeof(n->warrant), row.uuid);
	ret = lib_binding_digest(r->ctx, row.json, n->uuid, n->digest);
	free(row.json);
	return ret ?: refuse_taken(r, n) ?: insert(r, n);
}

int libdmwarrant_registry_volume_add(struct libdmwarrant_registry *r,
				     struct libdmwarrant_record *record)
{
	struct libdmwarrant_record n = *record;
	int ret = check_record(r, record) ?: lib_registry_begin(r, true);

	if (ret)
		return ret;
	n.created = lib_registry_now();
	ret = lib_registry_end(r, add(r, &n));
	if (!ret)
		*record = n;
	return ret;
}

/* ---- finding ---- */

/* The warrant's record may have been exchanged for another's. */
static int check_binding(struct libdmwarrant_registry *r, const struct libdmwarrant_record *v)
{
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	struct lib_warrant_row row;
	int ret = lib_warrant_find(r, v->warrant, &row);

	if (ret)
		return ret;
	ret = lib_binding_digest(r->ctx, row.json, v->uuid, digest);
	free(row.json);
	if (ret || !memcmp(digest, v->digest, sizeof(digest)))
		return ret;
	return lib_fail(r->ctx, -EUCLEAN,
			"volume %s is bound to another warrant than %s: the registry %s was altered or is damaged; compare it with a backup",
			v->name, v->warrant, r->place);
}

static int several(struct libdmwarrant_registry *r, const char *key, const struct records *all)
{
	char quoted[LIB_QUOTE_SIZE], list[300] = "";
	size_t i, n = 0;

	for (i = 0; i < all->count && n + 64 < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%.60s", i ? ", " : "",
			      all->record[i].name);
	return lib_fail(r->ctx, -ENOTUNIQ, "warrant %s has %zu volumes; name one: %s",
			lib_quote(quoted, key, strlen(key)), all->count, list);
}

static int by_key(struct libdmwarrant_registry *r, const char *key, struct records *all)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	struct lib_warrant_row row;
	char text[37] = "";
	int ret;

	if (!libdmwarrant_uuid_parse(key, uuid))
		libdmwarrant_uuid_format(uuid, text);
	ret = lib_sql(r, keep_record, all, SELECT_VOLUMES "WHERE v.uuid = $1 OR v.name = $2",
		      lib_text(text), lib_text(key));
	if (ret || all->count)
		return ret;
	ret = lib_warrant_find(r, key, &row);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	free(row.json);
	return lib_sql(r, keep_record, all, SELECT_VOLUMES "WHERE v.warrant = $1 ORDER BY v.name",
		       lib_text(row.uuid));
}

/** lib_volume_get() - find one and verify what it is bound to, in a transaction */
int lib_volume_get(struct libdmwarrant_registry *r, const char *key,
		   struct libdmwarrant_record *record)
{
	struct records all = { 0 };
	char quoted[LIB_QUOTE_SIZE];
	int ret = kept(r, by_key(r, key, &all));

	if (!ret && !all.count)
		ret = lib_fail(r->ctx, -ENOENT,
			       "no volume %s in the registry %s; name its name, its UUID or its warrant",
			       lib_quote(quoted, key, strlen(key)), r->place);
	else if (!ret && all.count > 1)
		ret = several(r, key, &all);
	else if (!ret)
		ret = check_binding(r, &all.record[0]);
	if (!ret)
		*record = all.record[0];
	free(all.record);
	return ret;
}

int libdmwarrant_registry_volume_get(struct libdmwarrant_registry *r, const char *key,
				     struct libdmwarrant_record *record)
{
	int ret;

	if (record->version != LIBDMWARRANT_RECORD_VERSION)
		return lib_fail_version(r->ctx, record->version, LIBDMWARRANT_RECORD_VERSION);
	ret = lib_registry_begin(r, false);
	return ret ?: lib_registry_end(r, lib_volume_get(r, key, record));
}

static int collect(struct libdmwarrant_registry *r, const char *warrant, struct records *all)
{
	struct lib_warrant_row row = { 0 };
	int ret = warrant ? lib_warrant_find(r, warrant, &row) : 0;

	if (ret)
		return ret;
	free(row.json);
	return kept(r, lib_sql(r, keep_record, all,
			       SELECT_VOLUMES "WHERE $1 = '' OR v.warrant = $1 ORDER BY v.name",
			       lib_text(row.uuid)));
}

int libdmwarrant_registry_volume_list(struct libdmwarrant_registry *r, const char *warrant,
				      int (*fn)(void *arg, const struct libdmwarrant_record *v),
				      void *arg)
{
	struct records all = { 0 };
	size_t i;
	int ret = lib_registry_begin(r, false);

	if (!ret)
		ret = lib_registry_end(r, collect(r, warrant, &all));
	for (i = 0; !ret && i < all.count; i++)
		if (fn(arg, &all.record[i]))
			ret = lib_fail(r->ctx, -ECANCELED, "cancelled");
	free(all.record);
	return ret;
}

/* ---- changing ---- */

static int keep_state(void *arg, const struct lib_value *row)
{
	lib_copy(arg, 16, lib_text(row[0].text).text);
	return 0;
}

/** lib_volume_known() - is it in the registry? In a transaction. @state: "creating" or "ready" */
int lib_volume_known(struct libdmwarrant_registry *r, const u8 uuid[DMW_UUID_SIZE],
		     char text[37], char state[16])
{
	int ret;

	libdmwarrant_uuid_format(uuid, text);
	state[0] = 0;
	ret = lib_sql(r, keep_state, state, "SELECT state FROM volumes WHERE uuid = $1",
		      lib_text(text));
	if (!ret && !state[0])
		ret = lib_fail(r->ctx, -ENOENT, "no volume %s in the registry %s", text, r->place);
	return ret;
}

static int set_ready(struct libdmwarrant_registry *r, const u8 *uuid)
{
	char text[37], state[16];
	int ret = lib_volume_known(r, uuid, text, state);

	if (ret || !strcmp(state, "ready"))
		return ret;
	return lib_sql(r, NULL, NULL, "UPDATE volumes SET state = 'ready' WHERE uuid = $1",
		       lib_text(text)) ?:
		lib_audit_say(r, "volume.ready", "Volume", text, NULL);
}

int libdmwarrant_registry_volume_ready(struct libdmwarrant_registry *r,
				       const uint8_t uuid[LIBDMWARRANT_UUID_SIZE])
{
	int ret = lib_registry_begin(r, true);

	return ret ?: lib_registry_end(r, set_ready(r, uuid));
}

static int remove_volume(struct libdmwarrant_registry *r, const u8 *uuid)
{
	char text[37], state[16];
	int ret = lib_volume_known(r, uuid, text, state);

	if (ret)
		return ret;
	if (!strcmp(state, "ready"))
		return lib_fail(r->ctx, -EPERM,
				"volume %s was made completely; the registry never forgets such a volume",
				text);
	return lib_sql(r, NULL, NULL, "DELETE FROM opened WHERE volume = $1", lib_text(text)) ?:
		lib_sql(r, NULL, NULL, "DELETE FROM anchors WHERE volume = $1", lib_text(text)) ?:
		lib_sql(r, NULL, NULL, "DELETE FROM volumes WHERE uuid = $1", lib_text(text)) ?:
		lib_audit_say(r, "volume.removed", "Volume", text, NULL);
}

int libdmwarrant_registry_volume_remove(struct libdmwarrant_registry *r,
					const uint8_t uuid[LIBDMWARRANT_UUID_SIZE])
{
	int ret = lib_registry_begin(r, true);

	return ret ?: lib_registry_end(r, remove_volume(r, uuid));
}

static int set_place(struct libdmwarrant_registry *r, const u8 *uuid, const char *wwid,
		     const char *device)
{
	char text[37], state[16];
	int ret = lib_volume_known(r, uuid, text, state);

	if (ret)
		return ret;
	if (wwid)
		ret = lib_sql(r, NULL, NULL, "UPDATE volumes SET wwid = $1 WHERE uuid = $2",
			      lib_text(wwid), lib_text(text));
	if (!ret && device)
		ret = lib_sql(r, NULL, NULL, "UPDATE volumes SET device = $1 WHERE uuid = $2",
			      lib_text(device), lib_text(text));
	return ret ?: lib_audit_say(r, "volume.moved", "Volume", text, "Wwid", wwid,
				    "Device", device, NULL);
}

int libdmwarrant_registry_volume_moved(struct libdmwarrant_registry *r,
				       const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				       const char *wwid, const char *device)
{
	int ret;

	if ((wwid && !is_text(wwid, sizeof(((struct libdmwarrant_record *)0)->wwid))) ||
	    (device && !is_text(device, sizeof(((struct libdmwarrant_record *)0)->device))))
		return lib_fail(r->ctx, -EINVAL,
				"WWID and device of a volume must be UTF-8 text without control characters, and not too long");
	ret = lib_registry_begin(r, true);
	return ret ?: lib_registry_end(r, set_place(r, uuid, wwid, device));
}
