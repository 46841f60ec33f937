// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: tool COMMAND REGISTRY [ARGUMENT...]
 *
 * The audit log from inside, for tests/audit/run. Ends with the exit code that warrantctl would
 * have.
 *
 *   append KIND JSON     an entry
 *   undone KIND JSON     an entry in a transaction that is undone
 *   several COUNT        so many in one transaction, then the head in it, then one more
 *   each [KIND...]       kinds and places of entries
 *   sql TEXT             whatever it is, straight to SQLite
 *   time                 seconds of the processor that verifying takes
 */
#include <sqlite3.h>
#include <time.h>

#include "audit_log.h"

static struct libdmwarrant *ctx;
static struct libdmwarrant_registry *reg;

static int usage(void)
{
	fputs("tool: see its source for how it is used\n", stderr);
	exit(99);
}

static int append(const char *kind, const char *json)
{
	struct json_object *body = json_tokener_parse(json);
	u64 seq = 0;
	int ret = lib_audit_append(reg, kind, body, &seq);

	json_object_put(body);
	if (!ret)
		printf("%llu\n", (unsigned long long)seq);
	return ret;
}

static int undone(const char *kind, const char *json)
{
	int ret = lib_registry_begin(reg, true);

	return ret ?: lib_registry_end(reg, append(kind, json) ?: 1);
}

static int several(int count)
{
	struct lib_audit_head h = { 0 };
	int i, ret = lib_registry_begin(reg, true);

	if (ret)
		return ret;
	for (i = 0; !ret && i < count; i++)
		ret = lib_audit_say(reg, "test.several", "Text", "of several", NULL);
	if (!ret)
		ret = lib_audit_head(reg, &h) ?:
			lib_audit_say(reg, "test.last", "Text", "behind the head", NULL);
	printf("%llu\n", (unsigned long long)h.size);
	free(h.note);
	return lib_registry_end(reg, ret);
}

static int print(void *arg, const struct lib_audit_entry *e)
{
	(void)arg;
	printf("%llu %s\n", (unsigned long long)e->seq, e->kind);
	return 0;
}

static int measure(void)
{
	clock_t from = clock();
	int ret = lib_registry_begin(reg, false);

	if (!ret)
		ret = lib_registry_end(reg, lib_audit_load(reg));
	printf("%.3f", (double)(clock() - from) / CLOCKS_PER_SEC);
	from = clock();
	if (!ret)
		ret = lib_audit_each(reg, (const char *const[]){ "none.", NULL }, print, NULL);
	printf(" %.3f\n", (double)(clock() - from) / CLOCKS_PER_SEC);
	return ret;
}

static int run_sql(const char *uri, const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	if (strncmp(uri, "sqlite:", 7) || sqlite3_open(uri + 7, &db))
		usage();
	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		fprintf(stderr, "tool: %s\n", why);
	sqlite3_close(db);
	return why ? 1 : 0;
}

static int operation(int argc, char **argv)
{
	const char *command = argv[1];

	if (!strcmp(command, "append") && argc == 5)
		return append(argv[3], argv[4]);
	if (!strcmp(command, "undone") && argc == 5)
		return undone(argv[3], argv[4]);
	if (!strcmp(command, "several") && argc == 4)
		return several(atoi(argv[3]));
	if (!strcmp(command, "each"))
		return lib_audit_each(reg, argc > 3 ? (const char *const *)argv + 3 : NULL, print,
				      NULL);
	if (!strcmp(command, "time"))
		return measure();
	return usage();
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 3)
		usage();
	if (!strcmp(argv[1], "sql") && argc == 4)
		return run_sql(argv[2], argv[3]);
	if (libdmwarrant_new(&ctx))
		return 3;
	ret = libdmwarrant_registry_open(ctx, argv[2], 0, &reg);
	if (!ret)
		ret = operation(argc, argv);
	if (ret)
		fprintf(stderr, "tool: %s: %s\n", argv[1], libdmwarrant_error(ctx));
	libdmwarrant_registry_close(reg);
	libdmwarrant_free(ctx);
	return libdmwarrant_exit(ret);
}
