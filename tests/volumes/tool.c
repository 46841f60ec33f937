// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: tool COMMAND [ARGUMENT...]
 *
 * What the tests of volumes by warrant need and warrantctl does not do. Ends with the exit code
 * that warrantctl would have.
 *
 *   keystore-init STORE
 *   keyset STORE WARRANT KEY-FILE VOLUME FILE       write a volume's keyset to FILE
 *   move STORE WARRANT VOLUME STORE2 WARRANT2 DIGEST KEY-FILE
 *                                                   put a volume's keys into another store, under
 *                                                   another warrant, bound as DIGEST (hex) says
 *   digest REGISTRY WARRANT VOLUME                  binding digest, hex
 *   anchor REGISTRY VOLUME ANCHOR                   as a guard does
 *   pending REGISTRY VOLUME ANCHOR                  keep an anchor for later; prints where
 *   deliver REGISTRY VOLUME                         and deliver it
 *   wwid TEXT                                       as it is compared
 *   guard VOLUME                                    hold the guard's lock until killed
 */
#include <stdio.h>
#include <unistd.h>

#include "registry.h"
#include "warrant_volume.h"

static struct libdmwarrant *ctx;

static int wrong_call(void)
{
	fputs("tool: wrong usage, see its source\n", stderr);
	exit(99);
}

static void parse_uuid(const char *text, u8 *uuid)
{
	if (libdmwarrant_uuid_parse(text, uuid))
		wrong_call();
}

static void parse_anchor(const char *text, struct libdmwarrant_anchor *a)
{
	if (libdmwarrant_anchor_parse(text, a))
		wrong_call();
}

/* ---- keys ---- */

static int open_store(const char *uri, const char *warrant, const char *key_file, bool make,
		      struct libdmwarrant_keystore **ks)
{
	struct libdmwarrant_unlock unlock = {
		.version = LIBDMWARRANT_UNLOCK_VERSION, .method = LIBDMWARRANT_UNLOCK_KEY_FILE,
		.path = key_file, .fd = -1, .flags = LIBDMWARRANT_UNLOCK_RANDOM_FILE,
	};
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret;

	parse_uuid(warrant, uuid);
	ret = libdmwarrant_keystore_open(ctx, uri, NULL, ks);
	if (!ret && make)
		ret = libdmwarrant_keystore_create_warrant(*ks, uuid, &unlock);
	return ret && ret != -EEXIST ? ret : libdmwarrant_keystore_unlock(*ks, uuid, &unlock);
}

static int get(const char *uri, const char *warrant, const char *key_file, const char *volume,
	       struct libdmwarrant_keyset **k)
{
	u8 w[LIBDMWARRANT_UUID_SIZE], v[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_keystore *ks = NULL;
	int ret;

	parse_uuid(warrant, w);
	parse_uuid(volume, v);
	ret = open_store(uri, warrant, key_file, false, &ks);
	if (!ret)
		ret = libdmwarrant_keystore_get(ks, w, v, k, NULL);
	libdmwarrant_keystore_close(ks);
	return ret;
}

static int keyset(char **argv)
{
	struct libdmwarrant_keyset *k;
	int ret = get(argv[0], argv[1], argv[2], argv[3], &k);

	if (ret)
		return ret;
	ret = libdmwarrant_keyset_write(ctx, k, argv[4]);
	libdmwarrant_keyset_free(k);
	return ret;
}

static int move(char **argv)
{
	u8 w[LIBDMWARRANT_UUID_SIZE], digest[LIBDMWARRANT_DIGEST_SIZE];
	struct libdmwarrant_keystore *ks = NULL;
	struct libdmwarrant_keyset *k;
	int ret = get(argv[0], argv[1], argv[6], argv[2], &k);

	if (ret)
		return ret;
	parse_uuid(argv[4], w);
	if (lib_unhex(digest, argv[5], sizeof(digest)))
		wrong_call();
	ret = open_store(argv[3], argv[4], argv[6], true, &ks);
	if (!ret)
		ret = libdmwarrant_keystore_put(ks, w, k, digest);
	libdmwarrant_keystore_close(ks);
	libdmwarrant_keyset_free(k);
	return ret;
}

/* ---- registry ---- */

static int digest(struct libdmwarrant_registry *reg, char **argv)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE], d[LIBDMWARRANT_DIGEST_SIZE];
	char text[2 * sizeof(d) + 1], *json;
	int ret = libdmwarrant_warrant_get(reg, argv[1], &json);

	if (ret)
		return ret;
	parse_uuid(argv[2], uuid);
	ret = lib_binding_digest(ctx, json, uuid, d);
	free(json);
	lib_hex(text, d, sizeof(d));
	puts(text);
	return ret;
}

static int on_registry(const char *command, char **argv)
{
	struct libdmwarrant_config config = { .version = LIBDMWARRANT_CONFIG_VERSION };
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_registry *reg;
	struct libdmwarrant_anchor a;
	char path[512];
	int ret;

	lib_copy(config.registry, sizeof(config.registry), argv[0]);
	if (!strcmp(command, "pending")) {
		parse_uuid(argv[1], uuid);
		parse_anchor(argv[2], &a);
		ret = lib_pending_write(ctx, &config, uuid, &a, path, sizeof(path));
		puts(path);
		return ret;
	}
	ret = libdmwarrant_registry_open(ctx, argv[0], 0, &reg);
	if (ret)
		return ret;
	if (!strcmp(command, "digest")) {
		ret = digest(reg, argv);
	} else if (!strcmp(command, "anchor")) {
		parse_uuid(argv[1], uuid);
		parse_anchor(argv[2], &a);
		ret = libdmwarrant_registry_anchor_set(reg, uuid, &a);
	} else {
		parse_uuid(argv[1], uuid);
		ret = lib_pending_deliver(&config, reg, uuid);
		printf("%s\n", lib_pending_is(&config, uuid) ? "waits" : "nothing waits");
	}
	libdmwarrant_registry_close(reg);
	return ret;
}

/* ---- the rest ---- */

static int guard(const char *volume)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int lock;

	parse_uuid(volume, uuid);
	lock = lib_guard_lock(ctx, uuid);
	if (lock < 0)
		return lock;
	puts("guarding");
	fflush(stdout);
	pause();
	return 0;
}

static int wwid(const char *text)
{
	char w[160];

	lib_copy(w, sizeof(w), text);
	lib_lun_wwid(w);
	puts(w);
	return 0;
}

static const struct {
	const char	*name;
	int		arguments;
} commands[] = {
	{ "keystore-init", 1 }, { "keyset", 5 }, { "move", 7 }, { "digest", 3 }, { "anchor", 3 },
	{ "pending", 3 }, { "deliver", 2 }, { "wwid", 1 }, { "guard", 1 },
};

static int run(const char *command, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, command) && commands[i].arguments == argc)
			break;
	if (i == ARRAY_SIZE(commands))
		wrong_call();
	if (!strcmp(command, "keystore-init"))
		return libdmwarrant_keystore_init(ctx, argv[0], NULL);
	if (!strcmp(command, "keyset"))
		return keyset(argv);
	if (!strcmp(command, "move"))
		return move(argv);
	if (!strcmp(command, "wwid"))
		return wwid(argv[0]);
	if (!strcmp(command, "guard"))
		return guard(argv[0]);
	return on_registry(command, argv);
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 2)
		wrong_call();
	if (libdmwarrant_new(&ctx))
		return 99;
	ret = run(argv[1], argc - 2, argv + 2);
	if (ret)
		fprintf(stderr, "tool: %s\n", libdmwarrant_error(ctx));
	libdmwarrant_free(ctx);
	return libdmwarrant_exit(ret);
}
