// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: tool [-n COUNT] [-t MS] COMMAND REGISTRY [ARGUMENT...]
 *
 * One operation of the library on a registry, for tests/registry/run to kill, to repeat and to let
 * meet other processes. REGISTRY is a URI. Ends with the exit code that warrantctl would have.
 *
 *   state                       all that is in it but times and digests; and verify it
 *   import FILE...              one record each, all or none, known ones updated
 *   volume-add UUID NAME WARRANT    volume-ready UUID    volume-remove UUID    moved UUID WWID
 *   anchor-set UUID ANCHOR          anchor-accept UUID ANCHOR REASON
 *   mark-open UUID [take-over]      mark-closed UUID
 *   sql TEXT                    whatever it is, straight to SQLite
 *   lock SECONDS [exclusive]    keep it locked; prints "locked"
 *   bulk COUNT                  so many warrants in one transaction
 *
 * -n: so often; an ANCHOR's checkpoint and a WWID count up. -t: wait so long for locks.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "registry.h"

static struct libdmwarrant *ctx;
static struct libdmwarrant_registry *reg;
static u8 uuid[LIBDMWARRANT_UUID_SIZE];

static int usage(void)
{
	fputs("tool: see its source for how it is used\n", stderr);
	exit(99);
}

/* ---- state ---- */

struct table {
	const char	*sql;
	int		columns;
};

/* Times, digests and who did it differ from run to run. */
static const struct table tables[] = {
	{ "SELECT 'schema', version FROM schema_versions ORDER BY version", 2 },
	{ "SELECT 'warrant', uuid, reference, country, owner, copy, revision, status, starts, ends FROM warrants ORDER BY uuid", 10 },
	{ "SELECT 'revision', warrant, revision, action, reason, source, changes, record FROM warrant_history ORDER BY warrant, revision", 8 },
	{ "SELECT 'task', warrant, place, liid, status FROM tasks ORDER BY warrant, place", 5 },
	{ "SELECT 'volume', uuid, warrant, name, wwid, device, digest, keystore, state FROM volumes ORDER BY uuid", 9 },
	{ "SELECT 'anchor', volume, place, checkpoint, salt, reason FROM anchors ORDER BY volume, place", 6 },
	{ "SELECT 'opened', volume, name, read_only FROM opened ORDER BY volume", 4 },
};

static int print_row(void *arg, const struct lib_value *row)
{
	const struct table *t = arg;
	int i;

	for (i = 0; i < t->columns; i++) {
		if (row[i].text)
			printf("%s|", row[i].text);
		else
			printf("%lld|", (long long)row[i].number);
	}
	putchar('\n');
	return 0;
}

static int print_fault(void *arg, const char *text)
{
	(void)arg;
	printf("fault: %s\n", text);
	return 0;
}

static int state(void)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(tables); i++)
		ret = reg->ops->run(reg, tables[i].sql, NULL, 0, print_row, (void *)&tables[i]);
	return ret ?: libdmwarrant_registry_check(reg, print_fault, NULL);
}

/* ---- operations ---- */

static char *read_file(const char *path)
{
	char *text = calloc(1, 1 << 20);
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, (1 << 20) - 1) < 0)
		usage();
	close(fd);
	return text;
}

static int import(int count, char **path)
{
	static const struct libdmwarrant_change how = {
		.version = LIBDMWARRANT_CHANGE_VERSION,
		.reason = "import",
		.source = "test",
	};
	const char **json = calloc(count, sizeof(*json));
	int i, ret;

	for (i = 0; i < count; i++)
		json[i] = read_file(path[i]);
	ret = libdmwarrant_warrant_add_all(reg, json, count, 1, &how);
	for (i = 0; i < count; i++)
		free((char *)json[i]);
	free(json);
	return ret;
}

static int bulk(int count)
{
	static const struct libdmwarrant_change how = { .version = LIBDMWARRANT_CHANGE_VERSION };
	const char **json = calloc(count, sizeof(*json));
	char *text;
	int i, ret;

	for (i = 0; i < count; i++) {
		if (asprintf(&text, "{\"AuthorisationReference\":\"B-%06d\",\"Tasks\":[{\"Reference\":\"LI%d\"}],\"AuthorisationTimespan\":{\"StartTime\":\"2026-01-01T00:00:00Z\",\"EndTime\":\"2026-12-01T00:00:00Z\"}}",
			     i, i) < 0)
			return -ENOMEM;
		json[i] = text;
	}
	ret = libdmwarrant_warrant_add_all(reg, json, count, 0, &how);
	for (i = 0; i < count; i++)
		free((char *)json[i]);
	free(json);
	return ret;
}

static int volume_add(char **argv)
{
	struct libdmwarrant_record v = {
		.version = LIBDMWARRANT_RECORD_VERSION, .flags = LIBDMWARRANT_RECORD_CREATING,
		.wwid = "naa.6001", .device = "/dev/sdx", .keystore = "file:/keys",
	};

	memcpy(v.uuid, uuid, sizeof(uuid));
	lib_copy(v.name, sizeof(v.name), argv[1]);
	lib_copy(v.warrant, sizeof(v.warrant), argv[2]);
	return libdmwarrant_registry_volume_add(reg, &v);
}

static int anchor(const char *text, const char *reason, int nr)
{
	struct libdmwarrant_anchor a;

	if (libdmwarrant_anchor_parse(text, &a))
		usage();
	a.checkpoint += nr;
	if (reason)
		return libdmwarrant_registry_anchor_accept(reg, uuid, &a, reason);
	return libdmwarrant_registry_anchor_set(reg, uuid, &a);
}

static int moved(const char *wwid, int nr)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%d", wwid, nr);
	return libdmwarrant_registry_volume_moved(reg, uuid, text, NULL);
}

static int on_volume(const char *command, int argc, char **argv, int nr)
{
	if (!argc || libdmwarrant_uuid_parse(argv[0], uuid))
		usage();
	if (!strcmp(command, "volume-add") && argc == 3)
		return volume_add(argv);
	if (!strcmp(command, "volume-ready"))
		return libdmwarrant_registry_volume_ready(reg, uuid);
	if (!strcmp(command, "volume-remove"))
		return libdmwarrant_registry_volume_remove(reg, uuid);
	if (!strcmp(command, "moved") && argc == 2)
		return moved(argv[1], nr);
	if (!strcmp(command, "anchor-set") && argc == 2)
		return anchor(argv[1], NULL, nr);
	if (!strcmp(command, "anchor-accept") && argc == 3)
		return anchor(argv[1], argv[2], nr);
	if (!strcmp(command, "mark-open"))
		return libdmwarrant_registry_mark_open(reg, uuid, "vol", 0, argc == 2 ?
						       LIBDMWARRANT_OPENED_TAKE_OVER : 0);
	if (!strcmp(command, "mark-closed"))
		return libdmwarrant_registry_mark_closed(reg, uuid);
	return usage();
}

static int operation(const char *command, int argc, char **argv, int nr)
{
	if (!strcmp(command, "state"))
		return state();
	if (!strcmp(command, "import"))
		return import(argc, argv);
	if (!strcmp(command, "bulk") && argc == 1)
		return bulk(atoi(argv[0]));
	return on_volume(command, argc, argv, nr);
}

/* ---- straight to SQLite ---- */

static sqlite3 *open_raw(const char *uri)
{
	sqlite3 *db;

	if (strncmp(uri, "sqlite:", 7) || sqlite3_open(uri + 7, &db))
		usage();
	return db;
}

static int run_sql(const char *uri, const char *sql)
{
	sqlite3 *db = open_raw(uri);
	char *why = NULL;
	int rc = sqlite3_exec(db, sql, NULL, NULL, &why);

	if (rc)
		fprintf(stderr, "tool: %s\n", why);
	sqlite3_free(why);
	sqlite3_close(db);
	return rc ? 1 : 0;
}

static int lock(const char *uri, int argc, char **argv)
{
	sqlite3 *db = open_raw(uri);

	if (sqlite3_exec(db, argc == 2 ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE", NULL, NULL, NULL))
		return 1;
	puts("locked");
	fflush(stdout);
	sleep(atoi(argv[0]));
	sqlite3_close(db);
	return 0;
}

int main(int argc, char **argv)
{
	int count = 1, ms = 5000, i, ret;

	for (; argc > 3 && argv[1][0] == '-'; argc -= 2, argv += 2)
		*(argv[1][1] == 't' ? &ms : &count) = atoi(argv[2]);
	if (argc < 3)
		usage();
	if (!strcmp(argv[1], "sql") && argc == 4)
		return run_sql(argv[2], argv[3]);
	if (!strcmp(argv[1], "lock") && argc >= 4)
		return lock(argv[2], argc - 3, argv + 3);
	if (libdmwarrant_new(&ctx))
		return 3;
	libdmwarrant_registry_set_timeout(ctx, ms);
	ret = libdmwarrant_registry_open(ctx, argv[2], 0, &reg);
	for (i = 0; !ret && i < count; i++)
		ret = operation(argv[1], argc - 3, argv + 3, i);
	if (ret)
		fprintf(stderr, "tool: %s: %s\n", argv[1], libdmwarrant_error(ctx));
	libdmwarrant_registry_close(reg);
	libdmwarrant_free(ctx);
	return libdmwarrant_exit(ret);
}
