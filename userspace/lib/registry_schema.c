// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables of a registry, as a list of steps from one version to the next.
 *
 * A step that has been released is never changed: what must be different is a step of its own. All
 * steps of a migration are one transaction, so a registry has either its old or its new schema.
 */
#include "audit_log.h"

#define STATEMENT_SIZE	1024

/* From 0: warrants, each with all it has ever been, and their tasks. */
static const char *const to_1[] = {
	"CREATE TABLE schema_versions (",
	" version BIGINT PRIMARY KEY,",
	" applied BIGINT NOT NULL,",
	" release TEXT NOT NULL);",

	"CREATE TABLE warrants (",
	" uuid TEXT PRIMARY KEY,",
	" reference TEXT NOT NULL,",
	" country TEXT NOT NULL,",
	" owner TEXT NOT NULL,",
	" copy TEXT NOT NULL,",
	" revision BIGINT NOT NULL,",
	" status TEXT NOT NULL,",
	" type_of_case TEXT NOT NULL,",
	" starts BIGINT NOT NULL,",
	" ends BIGINT NOT NULL,",
	" changed BIGINT NOT NULL,",
	" UNIQUE (reference, country, owner));",

	"CREATE TABLE warrant_history (",
	" warrant TEXT NOT NULL REFERENCES warrants (uuid),",
	" revision BIGINT NOT NULL,",
	" made BIGINT NOT NULL,",
	" action TEXT NOT NULL,",
	" by_user TEXT NOT NULL,",
	" by_host TEXT NOT NULL,",
	" reason TEXT NOT NULL,",
	" source TEXT NOT NULL,",
	" changes TEXT NOT NULL,",
	" record TEXT NOT NULL,",
	" digest TEXT NOT NULL,",
	" PRIMARY KEY (warrant, revision));",

	"CREATE TABLE tasks (",
	" warrant TEXT NOT NULL REFERENCES warrants (uuid),",
	" place BIGINT NOT NULL,",
	" liid TEXT NOT NULL,",
	" status TEXT NOT NULL,",
	" PRIMARY KEY (warrant, place));",

	"CREATE INDEX tasks_by_liid ON tasks (liid);",
	NULL
};

/* From 1: volumes, their checkpoints, and who has them open. */
static const char *const to_2[] = {
	"CREATE TABLE volumes (",
	" uuid TEXT PRIMARY KEY,",
	" warrant TEXT NOT NULL REFERENCES warrants (uuid),",
	" name TEXT NOT NULL UNIQUE,",
	" wwid TEXT NOT NULL,",
	" device TEXT NOT NULL,",
	" digest TEXT NOT NULL,",
	" keystore TEXT NOT NULL,",
	" state TEXT NOT NULL,",
	" created BIGINT NOT NULL,",
	" by_user TEXT NOT NULL,",
	" by_host TEXT NOT NULL);",

	"CREATE INDEX volumes_by_warrant ON volumes (warrant);",

	"CREATE TABLE anchors (",
	" volume TEXT NOT NULL REFERENCES volumes (uuid),",
	" place BIGINT NOT NULL,",
	" checkpoint BIGINT NOT NULL,",
	" salt TEXT NOT NULL,",
	" made BIGINT NOT NULL,",
	" by_user TEXT NOT NULL,",
	" by_host TEXT NOT NULL,",
	" reason TEXT NOT NULL,",
	" PRIMARY KEY (volume, place));",

	"CREATE TABLE opened (",
	" volume TEXT PRIMARY KEY REFERENCES volumes (uuid),",
	" name TEXT NOT NULL,",
	" read_only BIGINT NOT NULL,",
	" pid BIGINT NOT NULL,",
	" since BIGINT NOT NULL,",
	" by_user TEXT NOT NULL,",
	" by_host TEXT NOT NULL,",
	" host_id TEXT NOT NULL,",
	" boot_id TEXT NOT NULL);",
	NULL
};

/* From 2: the audit log. What others say of a checkpoint keeps it. */
static const char *const to_3[] = {
	"CREATE TABLE audit_entries (",
	" seq BIGINT PRIMARY KEY,",
	" entry TEXT NOT NULL);",

	"CREATE TABLE audit_checkpoints (",
	" size BIGINT PRIMARY KEY,",
	" note TEXT NOT NULL);",

	"CREATE TABLE audit_attestations (",
	" size BIGINT NOT NULL REFERENCES audit_checkpoints (size),",
	" kind TEXT NOT NULL,",
	" name TEXT NOT NULL,",
	" data TEXT NOT NULL,",
	" PRIMARY KEY (size, kind, name));",
	NULL
};

#define AUDIT_VERSION	3

/* Steps to versions 1, 2, ... */
static const char *const *const steps[] = { to_1, to_2, to_3 };

u32 lib_schema_newest(void)
{
	return ARRAY_SIZE(steps);
}

/** lib_schema_version() - @version 0 = there is nothing yet */
int lib_schema_version(struct libdmwarrant_registry *r, u32 *version)
{
	bool empty;
	s64 newest = 0;
	int ret = r->ops->empty(r, &empty);

	*version = 0;
	if (ret || empty)
		return ret;
	ret = lib_sql(r, lib_row_number, &newest, "SELECT MAX(version) FROM schema_versions");
	if (ret)
		return ret;
	if (newest < 1)
		return lib_fail(r->ctx, -EUCLEAN,
				"the registry %s does not say its version: it is damaged; restore it from a backup",
				r->place);
	if (newest > lib_schema_newest())
		return lib_fail(r->ctx, -EPROTONOSUPPORT,
				"the registry %s has schema %lld, this dm-warrant knows %u; use a newer dm-warrant",
				r->place, (long long)newest, lib_schema_newest());
	*version = newest;
	return 0;
}

/** lib_schema_require() - Return: 0 = it is the newest */
int lib_schema_require(struct libdmwarrant_registry *r)
{
	u32 version;
	int ret = lib_schema_version(r, &version);

	if (ret)
		return ret;
	if (!version)
		return lib_fail(r->ctx, -ENOENT,
				"the registry %s is empty: its making was interrupted; run warrantctl init",
				r->place);
	if (version < lib_schema_newest())
		return lib_fail(r->ctx, -EPROTONOSUPPORT,
				"the registry %s has the older schema %u; back it up, then run warrantctl init to bring it to %u",
				r->place, version, lib_schema_newest());
	return 0;
}

/* One statement, whose last line ends with a semicolon. @line moves behind it. */
static int run_statement(struct libdmwarrant_registry *r, const char *const **line)
{
	char sql[STATEMENT_SIZE];
	size_t n = 0;

	do
		n += snprintf(sql + n, sizeof(sql) - n, "%s", *(*line)++);
	while (sql[n - 1] != ';');
	return lib_sql(r, NULL, NULL, sql);
}

static int migrate_to(struct libdmwarrant_registry *r, u32 version)
{
	const char *const *line = steps[version - 1];
	int ret = 0;

	while (!ret && *line)
		ret = run_statement(r, &line);
	if (ret)
		return ret;
	return lib_sql(r, NULL, NULL,
		       "INSERT INTO schema_versions (version, applied, release) VALUES ($1, $2, $3)",
		       lib_number(version), lib_number(lib_registry_now()),
		       lib_text(libdmwarrant_version()));
}

/** lib_schema_migrate() - bring it to the newest version; @from receives the one it had */
int lib_schema_migrate(struct libdmwarrant_registry *r, u32 *from)
{
	u32 version;
	int ret;

	/* Nothing to do needs no lock: others may be at work. */
	ret = lib_schema_version(r, from);
	if (ret || *from == lib_schema_newest())
		return ret;
	if (*from < AUDIT_VERSION)
		ret = lib_signer_create(r);
	if (!ret)
		ret = lib_registry_begin(r, true);
	if (ret)
		return ret;
	/* Another process may just have done it. */
	ret = lib_schema_version(r, from);
	if (!ret && !*from)
		ret = r->ops->stamp(r);
	for (version = *from + 1; !ret && version <= lib_schema_newest(); version++)
		ret = migrate_to(r, version);
	if (!ret && *from < AUDIT_VERSION)
		ret = lib_audit_begin_log(r, *from);
	return lib_registry_end(r, ret);
}
