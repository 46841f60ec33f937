// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Marks of who has a volume open. They keep well-behaved hosts apart and say whom to ask; what
 * keeps all hosts apart is the LUN itself.
 */
#include "audit.h"
#include "json.h"
#include "registry.h"

struct mark {
	struct libdmwarrant_opened	opened;
	char				host_id[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	bool				found;
};

static int take_mark(void *arg, const struct lib_value *row)
{
	struct mark *m = arg;
	struct libdmwarrant_opened *o = &m->opened;

	m->found = true;
	o->version = LIBDMWARRANT_OPENED_VERSION;
	lib_copy(o->name, sizeof(o->name), lib_text(row[0].text).text);
	o->flags = row[1].number ? LIBDMWARRANT_OPENED_READ_ONLY : 0;
	o->pid = row[2].number;
	o->since = row[3].number;
	lib_copy(o->user, sizeof(o->user), lib_text(row[4].text).text);
	lib_copy(o->host, sizeof(o->host), lib_text(row[5].text).text);
	lib_copy(m->host_id, sizeof(m->host_id), lib_text(row[6].text).text);
	lib_copy(o->boot_id, sizeof(o->boot_id), lib_text(row[7].text).text);
	return 0;
}

/* A kernel has one boot id; a host is its name and its installation together. */
static void judge(const struct libdmwarrant_registry *r, struct mark *m)
{
	struct libdmwarrant_opened *o = &m->opened;

	if (r->who.boot_id[0] && !strcmp(o->boot_id, r->who.boot_id))
		o->flags |= LIBDMWARRANT_OPENED_HERE;
	else if (!strcmp(o->host, r->who.host) && !strcmp(m->host_id, r->who.host_id))
		o->flags |= LIBDMWARRANT_OPENED_REBOOTED;
}

static int find(struct libdmwarrant_registry *r, const u8 *uuid, char text[37], struct mark *m)
{
	char state[16];
	int ret = lib_volume_known(r, uuid, text, state);

	memset(m, 0, sizeof(*m));
	if (!ret)
		ret = lib_sql(r, take_mark, m,
			      "SELECT name, read_only, pid, since, by_user, by_host, host_id, boot_id FROM opened WHERE volume = $1",
			      lib_text(text));
	if (!ret && m->found)
		judge(r, m);
	return ret;
}

static bool is_ours(const struct mark *m)
{
	return m->opened.flags & (LIBDMWARRANT_OPENED_HERE | LIBDMWARRANT_OPENED_REBOOTED);
}

static int refuse(struct libdmwarrant_registry *r, const char *volume, const struct mark *m)
{
	char since[32];

	return lib_fail(r->ctx, -EBUSY,
			"volume %s is open on host %s since %s, by %s; close it there, or take it over once that host is surely down",
			volume, m->opened.host, lib_time_format(m->opened.since, since),
			m->opened.user);
}

/* Not of a guard: they come and go while a volume stays open. */
static int tell_log(struct libdmwarrant_registry *r, const char *volume, const char *name,
		    s64 pid, u32 flags, const struct mark *m)
{
	bool read_only = flags & LIBDMWARRANT_OPENED_READ_ONLY;

	if (pid && m->opened.flags & LIBDMWARRANT_OPENED_HERE && !strcmp(m->opened.name, name))
		return 0;
	return lib_audit_say(r, "volume.opened", "Volume", volume, "Name", name,
			     "Mode", read_only ? "read-only" : "read-write",
			     "TakenOverFrom", m->found && !is_ours(m) ? m->opened.host : NULL,
			     NULL);
}

static int mark(struct libdmwarrant_registry *r, const u8 *uuid, const char *name, s64 pid,
		u32 flags)
{
	s64 since = lib_registry_now();
	char text[37];
	struct mark m;
	int ret = find(r, uuid, text, &m);

	if (ret)
		return ret;
	if (m.found && !is_ours(&m) && !(flags & LIBDMWARRANT_OPENED_TAKE_OVER))
		return refuse(r, text, &m);
	/* A new guard for what is open anyway. */
	if (m.opened.flags & LIBDMWARRANT_OPENED_HERE && !strcmp(m.opened.name, name))
		since = m.opened.since;
	return lib_sql(r, NULL, NULL, "DELETE FROM opened WHERE volume = $1", lib_text(text)) ?:
		lib_sql(r, NULL, NULL,
			"INSERT INTO opened (volume, name, read_only, pid, since, by_user, by_host, host_id, boot_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			lib_text(text), lib_text(name),
			lib_number(!!(flags & LIBDMWARRANT_OPENED_READ_ONLY)), lib_number(pid),
			lib_number(since), lib_text(r->who.user), lib_text(r->who.host),
			lib_text(r->who.host_id), lib_text(r->who.boot_id)) ?:
		tell_log(r, text, name, pid, flags, &m);
}

int libdmwarrant_registry_mark_open(struct libdmwarrant_registry *r,
				    const uint8_t uuid[LIBDMWARRANT_UUID_SIZE], const char *name,
				    int64_t pid, uint32_t flags)
{
	int ret;

	if (flags & ~(LIBDMWARRANT_OPENED_READ_ONLY | LIBDMWARRANT_OPENED_TAKE_OVER))
		return lib_fail(r->ctx, -EINVAL, "unknown flags %#x for a mark", flags);
	if (strlen(name) >= LIBDMWARRANT_NAME_SIZE || pid < 0)
		return lib_fail(r->ctx, -EINVAL, "bad name or process of an open volume");
	ret = lib_registry_begin(r, true);
	return ret ?: lib_registry_end(r, mark(r, uuid, name, pid, flags));
}

static int unmark(struct libdmwarrant_registry *r, const u8 *uuid)
{
	char text[37];
	struct mark m;
	int ret = find(r, uuid, text, &m);

	if (ret || !m.found)
		return ret;
	if (!is_ours(&m))
		return refuse(r, text, &m);
	return lib_sql(r, NULL, NULL, "DELETE FROM opened WHERE volume = $1", lib_text(text)) ?:
		lib_audit_say(r, "volume.closed", "Volume", text, "Name", m.opened.name, NULL);
}

int libdmwarrant_registry_mark_closed(struct libdmwarrant_registry *r,
				      const uint8_t uuid[LIBDMWARRANT_UUID_SIZE])
{
	int ret = lib_registry_begin(r, true);

	return ret ?: lib_registry_end(r, unmark(r, uuid));
}

int libdmwarrant_registry_opened(struct libdmwarrant_registry *r,
				 const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				 struct libdmwarrant_opened *opened)
{
	char text[37];
	struct mark m;
	int ret;

	if (opened->version != LIBDMWARRANT_OPENED_VERSION)
		return lib_fail_version(r->ctx, opened->version, LIBDMWARRANT_OPENED_VERSION);
	ret = lib_registry_begin(r, false);
	if (!ret)
		ret = lib_registry_end(r, find(r, uuid, text, &m));
	if (!ret && !m.found)
		ret = lib_fail(r->ctx, -ENXIO, "nobody has volume %s open", text);
	if (!ret)
		*opened = m.opened;
	return ret;
}
