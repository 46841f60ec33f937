// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registries in SQLite files.
 *
 * With a rollback journal, not a write-ahead log: a registry is written rarely and must be durable
 * each time; it is one file, that can be read from a read-only medium and copied between
 * transactions; and it needs no memory shared between processes, which file systems of other hosts
 * do not have. synchronous=EXTRA, because a commit is the deletion of the journal, and that must be
 * durable too.
 */
#include <sqlite3.h>
#include <time.h>

#include "registry_sqlite.h"

#define APPLICATION_ID	0x444d5752	/* "DMWR", in the file's header */
#define WAIT_MS		10		/* between two tries for a lock */

/**
 * struct sqlite - an open file
 * @db:         SQLite's
 * @waiting_ms: since when a lock is waited for; 0 = none is
 */
struct sqlite {
	sqlite3	*db;
	u64	waiting_ms;
};

static sqlite3 *db_of(const struct libdmwarrant_registry *r)
{
	return ((struct sqlite *)r->backend)->db;
}

/* ---- errors ---- */

static int fail_busy(struct libdmwarrant_registry *r)
{
	char owner[96];

	lib_sqlite_lock_owner(r->place, owner, sizeof(owner));
	return lib_fail(r->ctx, -EBUSY,
			"the registry %s is locked by %s for more than %u ms; nothing was changed, try again when that is done",
			r->place, owner, r->timeout_ms);
}

static int fail_read_only(struct libdmwarrant_registry *r, int rc)
{
	static const char next[] = "nothing was changed; make it writable, or run as its owner";

	if (rc == SQLITE_READONLY_ROLLBACK)
		return lib_fail(r->ctx, -EROFS,
				"the registry %s has an interrupted change to be undone, but is read-only; make it writable, or copy it with its -journal",
				r->place);
	if (rc == SQLITE_READONLY_DBMOVED)
		return lib_fail(r->ctx, -EROFS,
				"the registry %s was moved or replaced meanwhile; nothing was changed, try again",
				r->place);
	return lib_fail(r->ctx, -EROFS, "the registry %s, or its directory, is read-only; %s",
			r->place, next);
}

static int fail_full(struct libdmwarrant_registry *r, int err)
{
	return lib_fail(r->ctx, -err,
			"no space for the registry %s: %s; nothing was changed, make room and try again",
			r->place, strerror(err));
}

/* What the system said, where SQLite only says that it was something. */
static int fail_system(struct libdmwarrant_registry *r, int otherwise)
{
	int err = sqlite3_system_errno(db_of(r));

	if (!err || err == ENOENT)
		err = otherwise;
	if (err == ENOSPC || err == EDQUOT)
		return fail_full(r, err);
	return lib_fail(r->ctx, -err,
			"the registry %s cannot be read or written: %s; check the storage, then what the registry says",
			r->place, strerror(err));
}

static int fail_damaged(struct libdmwarrant_registry *r)
{
	return lib_fail(r->ctx, -EUCLEAN,
			"the registry %s is damaged: %s; keep a copy of it, then restore it from a backup",
			r->place, sqlite3_errmsg(db_of(r)));
}

static int fail(struct libdmwarrant_registry *r, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_busy(r);
	case SQLITE_READONLY:
		return fail_read_only(r, rc);
	case SQLITE_FULL:
		return fail_full(r, ENOSPC);
	case SQLITE_NOMEM:
		return lib_fail(r->ctx, -ENOMEM, "not enough memory for the registry %s",
				r->place);
	case SQLITE_IOERR:
		return fail_system(r, EIO);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return fail_system(r, EACCES);
	case SQLITE_CONSTRAINT:
		return lib_fail(r->ctx, -EEXIST, "the registry %s has that already: %s", r->place,
				sqlite3_errmsg(db_of(r)));
	default:
		/* Our statements are right, so what they meet is wrong. */
		return fail_damaged(r);
	}
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *stmt, const struct lib_value *values, size_t count)
{
	int rc = SQLITE_OK;
	size_t i;

	for (i = 0; !rc && i < count; i++)
		rc = values[i].text ?
			sqlite3_bind_text(stmt, i + 1, values[i].text, -1, SQLITE_STATIC) :
			sqlite3_bind_int64(stmt, i + 1, values[i].number);
	return rc;
}

/* Return: false = a text has a NUL inside: what is behind it would be seen by others only. */
static bool take_row(sqlite3_stmt *stmt, struct lib_value row[LIB_COLUMNS])
{
	int count = sqlite3_column_count(stmt), i;

	for (i = 0; i < count && i < LIB_COLUMNS; i++) {
		if (sqlite3_column_type(stmt, i) == SQLITE_TEXT)
			row[i] = lib_text((const char *)sqlite3_column_text(stmt, i));
		else
			row[i] = lib_number(sqlite3_column_int64(stmt, i));
		if (row[i].text && strlen(row[i].text) != (size_t)sqlite3_column_bytes(stmt, i))
			return false;
	}
	return true;
}

static int step(struct libdmwarrant_registry *r, sqlite3_stmt *stmt, lib_row_fn fn, void *arg)
{
	struct lib_value row[LIB_COLUMNS];
	int rc, ret = 0;

	while (!ret) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_DONE)
			return 0;
		if (rc != SQLITE_ROW)
			return fail(r, rc);
		if (!take_row(stmt, row))
			return lib_fail(r->ctx, -EUCLEAN,
					"the registry %s is damaged: a text has a NUL inside; keep a copy of it, then restore it from a backup",
					r->place);
		ret = fn ? fn(arg, row) : 0;
	}
	return ret;
}

static int sqlite_run(struct libdmwarrant_registry *r, const char *sql,
		      const struct lib_value *values, size_t count, lib_row_fn fn, void *arg)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db_of(r), sql, -1, &stmt, NULL);
	int ret;

	if (rc)
		return fail(r, rc);
	rc = bind(stmt, values, count);
	ret = rc ? fail(r, rc) : step(r, stmt, fn, arg);
	sqlite3_finalize(stmt);
	return ret;
}

static int sqlite_begin(struct libdmwarrant_registry *r, bool write)
{
	return sqlite_run(r, write ? "BEGIN IMMEDIATE" : "BEGIN", NULL, 0, NULL, NULL);
}

static int sqlite_commit(struct libdmwarrant_registry *r)
{
	return sqlite_run(r, "COMMIT", NULL, 0, NULL, NULL);
}

static void sqlite_rollback(struct libdmwarrant_registry *r)
{
	/* After some errors SQLite has done it already, which is an error to say again. */
	if (!sqlite3_get_autocommit(db_of(r)))
		sqlite3_exec(db_of(r), "ROLLBACK", NULL, NULL, NULL);
}

/* ---- opening ---- */

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* SQLite asks whether to wait longer for a lock. */
static int wait_for_lock(void *arg, int tries)
{
	static const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000 };
	struct libdmwarrant_registry *r = arg;
	struct sqlite *s = r->backend;

	if (!tries) {
		s->waiting_ms = now_ms();
		lib_progress_start(r->ctx);
	}
	if (now_ms() - s->waiting_ms >= r->timeout_ms ||
	    lib_progress(r->ctx, "waiting for the registry", 0, 0))
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

/*
 * A file that another wrote may have anything in it: no views or triggers of it are trusted, no
 * cell beyond its page. Deleted content is overwritten. Nothing goes to files in /tmp.
 */
static const char *const settings[] = {
	"PRAGMA trusted_schema = OFF",
	"PRAGMA cell_size_check = ON",
	"PRAGMA foreign_keys = ON",
	"PRAGMA synchronous = EXTRA",
	"PRAGMA secure_delete = ON",
	"PRAGMA temp_store = MEMORY",
};

static int configure(struct libdmwarrant_registry *r)
{
	sqlite3 *db = db_of(r);
	size_t i;
	int ret = 0;

	sqlite3_busy_handler(db, wait_for_lock, r);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (i = 0; !ret && i < ARRAY_SIZE(settings); i++)
		ret = sqlite_run(r, settings[i], NULL, 0, NULL, NULL);
	if (!ret)
		ret = sqlite_run(r, r->read_only ? "PRAGMA query_only = ON" :
				 "PRAGMA journal_mode = DELETE", NULL, 0, NULL, NULL);
	return ret;
}

static void sqlite_disconnect(struct libdmwarrant_registry *r)
{
	struct sqlite *s = r->backend;

	sqlite3_close(s->db);
	free(s);
	r->backend = NULL;
}

/* SQLite takes "file:..." for an URI of its own and ":memory:" for no file at all. */
static int open_file(const char *path, sqlite3 **db)
{
	char *plain;
	int rc;

	if (asprintf(&plain, "%s%s", path[0] == '/' ? "" : "./", path) < 0)
		return SQLITE_NOMEM;
	/*
	 * Also for reading only, if it is allowed: what a process that was killed has left must be
	 * undone first.
	 */
	rc = sqlite3_open_v2(plain, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
	free(plain);
	return rc;
}

static int sqlite_connect(struct libdmwarrant_registry *r)
{
	struct sqlite *s;
	int ret, rc;

	ret = lib_sqlite_file_check(r);
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return lib_fail(r->ctx, -ENOMEM, "not enough memory");
	r->backend = s;
	rc = open_file(r->place, &s->db);
	if (rc)
		return fail(r, rc);
	if (!r->read_only && sqlite3_db_readonly(s->db, "main"))
		return fail_read_only(r, SQLITE_READONLY);
	return configure(r);
}

static int sqlite_empty(struct libdmwarrant_registry *r, bool *empty)
{
	s64 id = 0, tables = 0;
	int ret = sqlite_run(r, "PRAGMA application_id", NULL, 0, lib_row_number, &id);

	if (!ret)
		ret = sqlite_run(r, "SELECT COUNT(*) FROM sqlite_master", NULL, 0, lib_row_number,
				 &tables);
	if (ret)
		return ret;
	*empty = !id && !tables;
	if (!*empty && id != APPLICATION_ID)
		return lib_fail(r->ctx, -EINVAL,
				"%s is a database, but not a registry of dm-warrant; name another file",
				r->place);
	return 0;
}

static int sqlite_stamp(struct libdmwarrant_registry *r)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
	return sqlite_run(r, sql, NULL, 0, NULL, NULL);
}

/* ---- checking ---- */

struct check {
	lib_row_fn	fn;
	void		*arg;
};

static int not_ok(void *arg, const struct lib_value *row)
{
	struct check *c = arg;

	return strcmp(row[0].text ? row[0].text : "", "ok") ? c->fn(c->arg, row) : 0;
}

static int dangling(void *arg, const struct lib_value *row)
{
	struct check *c = arg;
	char text[256];
	struct lib_value fault = lib_text(text);

	snprintf(text, sizeof(text), "row %lld of table %s refers to nothing in %s",
		 (long long)row[1].number, row[0].text, row[2].text);
	return c->fn(c->arg, &fault);
}

static int sqlite_check(struct libdmwarrant_registry *r, lib_row_fn fn, void *arg)
{
	struct check c = { .fn = fn, .arg = arg };

	return sqlite_run(r, "PRAGMA integrity_check", NULL, 0, not_ok, &c) ?:
		sqlite_run(r, "PRAGMA foreign_key_check", NULL, 0, dangling, &c);
}

const struct lib_registry_ops lib_registry_sqlite = {
	.scheme = "sqlite",
	.create = lib_sqlite_file_create,
	.connect = sqlite_connect,
	.disconnect = sqlite_disconnect,
	.empty = sqlite_empty,
	.stamp = sqlite_stamp,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.run = sqlite_run,
	.check = sqlite_check,
};
