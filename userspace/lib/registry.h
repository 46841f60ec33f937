/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry inside: one storage interface, on which everything else is plain SQL.
 *
 * The SQL is what SQLite and PostgreSQL have in common: TEXT and BIGINT columns only (UUIDs, salts
 * and digests are hex text), and parameters $1, $2, ... that first appear in that order.
 */
#ifndef LIB_REGISTRY_H
#define LIB_REGISTRY_H

#include <json-c/json.h>

#include "lib_private.h"
#include "libdmwarrant-registry.h"

/* ---- storage ---- */

#define LIB_COLUMNS	16	/* of a row, at most */

/**
 * struct lib_value - a parameter of a statement, or a column of a row
 * @text:   NULL = it is a number
 * @number: when there is no text
 */
struct lib_value {
	const char	*text;
	s64		number;
};

static inline struct lib_value lib_number(s64 number)
{
	return (struct lib_value){ .number = number };
}

/* NULL is stored as an empty text: absent and empty mean the same in every column. */
static inline struct lib_value lib_text(const char *text)
{
	return (struct lib_value){ .text = text ? text : "" };
}

/** typedef lib_row_fn - takes a row. Return: 0; anything else ends the statement and is returned */
typedef int (*lib_row_fn)(void *arg, const struct lib_value *row);

/**
 * struct lib_registry_ops - a place where registries can be
 * @scheme:     of the URI
 * @create:     make an empty one where there is none, durably; @dry_run: only see if it could be
 * @connect:    open one. -ENOENT there is none
 * @disconnect: close it
 * @empty:      does it hold nothing at all? -EINVAL what is there is no registry
 * @stamp:      mark an empty one as a registry, in a transaction
 * @begin:      begin a transaction; one that writes excludes all others that write
 * @commit:     end it, durably
 * @rollback:   undo it; leaves the last error as it is
 * @run:        execute one statement. -EEXIST something is there that must be unique
 * @check:      verify the storage; @fn is told of each fault
 *
 * All set the error of the registry's context when they fail.
 */
struct lib_registry_ops {
	const char	*scheme;
	int		(*create)(struct libdmwarrant_registry *r, bool dry_run, bool *created);
	int		(*connect)(struct libdmwarrant_registry *r);
	void		(*disconnect)(struct libdmwarrant_registry *r);
	int		(*empty)(struct libdmwarrant_registry *r, bool *empty);
	int		(*stamp)(struct libdmwarrant_registry *r);
	int		(*begin)(struct libdmwarrant_registry *r, bool write);
	int		(*commit)(struct libdmwarrant_registry *r);
	void		(*rollback)(struct libdmwarrant_registry *r);
	int		(*run)(struct libdmwarrant_registry *r, const char *sql,
			       const struct lib_value *values, size_t count, lib_row_fn fn,
			       void *arg);
	int		(*check)(struct libdmwarrant_registry *r, lib_row_fn fn, void *arg);
};

extern const struct lib_registry_ops lib_registry_sqlite;

/* ---- identity.c ---- */

/**
 * struct lib_identity - who does something, and where
 * @user:    who logged in, even when it is root now
 * @host:    name of the host
 * @host_id: of the installation: hosts may have the same name
 * @boot_id: of the running kernel
 */
struct lib_identity {
	char	user[65];
	char	host[65];
	char	host_id[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	char	boot_id[37];
};

void lib_identity(struct lib_identity *id);

/* ---- registry.c ---- */

enum lib_transaction {
	LIB_TRANSACTION_NONE,
	LIB_TRANSACTION_READ,
	LIB_TRANSACTION_WRITE,
};

struct lib_audit_log;

/**
 * struct libdmwarrant_registry - an open registry
 * @ctx:        for errors and progress
 * @ops:        where it is
 * @backend:    of @ops
 * @place:      the URI behind the scheme
 * @read_only:  nothing may be changed
 * @timeout_ms: for locks
 * @who:        acts
 * @transaction: under way
 * @log:        the audit log, as that transaction has verified it; NULL = it has not
 */
struct libdmwarrant_registry {
	struct libdmwarrant		*ctx;
	const struct lib_registry_ops	*ops;
	void				*backend;
	char				*place;
	bool				read_only;
	u32				timeout_ms;
	struct lib_identity		who;
	enum lib_transaction		transaction;
	struct lib_audit_log		*log;
};

int lib_registry_begin(struct libdmwarrant_registry *r, bool write);
int lib_registry_end(struct libdmwarrant_registry *r, int ret);
s64 lib_registry_now(void);
int lib_row_number(void *arg, const struct lib_value *row);

/**
 * lib_sql() - execute a statement
 * @fn:  takes each row; NULL = rows are not wanted
 * @arg: for @fn
 * @sql: statement
 * @...: its parameters: lib_text(), lib_number()
 */
#define lib_sql(r, fn, arg, sql, ...)							\
({											\
	const struct lib_value _values[] = { __VA_ARGS__ };				\
											\
	(r)->ops->run(r, sql, _values, ARRAY_SIZE(_values), fn, arg);			\
})

/* ---- registry_schema.c ---- */

int lib_schema_version(struct libdmwarrant_registry *r, u32 *version);
u32 lib_schema_newest(void);
int lib_schema_require(struct libdmwarrant_registry *r);
int lib_schema_migrate(struct libdmwarrant_registry *r, u32 *from);

/* ---- json_merge.c ---- */

int lib_json_merge(struct json_object **target, struct json_object *patch);
int lib_json_changes(struct json_object *from, struct json_object *to,
		     struct json_object **changes);

/* ---- binding.c ---- */

int lib_binding_digest(struct libdmwarrant *ctx, const char *warrant_json,
		       const u8 volume_uuid[DMW_UUID_SIZE], u8 digest[LIBDMWARRANT_DIGEST_SIZE]);

/* ---- warrant.c ---- */

int lib_warrant_parse(struct libdmwarrant *ctx, const char *json, struct json_object **o);
int lib_warrant_check(struct libdmwarrant *ctx, struct json_object *o);
void lib_warrant_summary(struct json_object *o, s64 now, struct libdmwarrant_warrant *w);
int lib_warrant_renewable(struct libdmwarrant *ctx, const struct libdmwarrant_warrant *w,
			  s64 approved);
s64 lib_warrant_time(struct json_object *o, const char *name);
const char *lib_warrant_text(struct json_object *o, const char *name);
const char *lib_time_format(s64 seconds, char text[32]);

/* ---- warrant_find.c ---- */

/**
 * struct lib_warrant_row - a warrant as the registry has it
 * @uuid:     ObjectIdentifier
 * @revision: newest
 * @volumes:  of it
 * @changed:  when
 * @digest:   of the newest revision, hex
 * @json:     the record
 */
struct lib_warrant_row {
	char	uuid[37];
	u32	revision;
	u32	volumes;
	s64	changed;
	char	digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	char	*json;
};

int lib_warrant_find(struct libdmwarrant_registry *r, const char *key,
		     struct lib_warrant_row *row);

/* ---- warrant_history.c ---- */

int lib_history_digest(struct libdmwarrant *ctx, const char *before, const char *warrant,
		       const struct libdmwarrant_revision *v,
		       u8 digest[LIBDMWARRANT_DIGEST_SIZE]);
int lib_history_verify(struct libdmwarrant_registry *r, const char *warrant,
		       int (*fn)(void *arg, const struct libdmwarrant_revision *v), void *arg);

/* ---- volume_record.c ---- */

int lib_volume_known(struct libdmwarrant_registry *r, const u8 uuid[DMW_UUID_SIZE],
		     char text[37], char state[16]);
int lib_volume_get(struct libdmwarrant_registry *r, const char *key,
		   struct libdmwarrant_record *record);

#endif
