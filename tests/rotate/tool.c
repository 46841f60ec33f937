// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: tool COMMAND [ARGUMENT...]
 *
 * What the tests of rotation need, on the simulated volume of ../tags/fake_dm.c.
 *
 *   mark REGISTRY VOLUME NAME      as an opening does
 *   kernel NAME                    keys that the volume was given: "TAG EPOCH ID"
 *   log REGISTRY                   entries of rotations: "KIND EPOCH"
 *   put STORE WARRANT VOLUME KEY-FILE EPOCH...
 *                                  store random keys of metadata and default tag, as nobody should
 *   destroy STORE WARRANT VOLUME KEY-FILE EPOCH
 *   guard REGISTRY VOLUME KEY-FILE guard it until it is killed, tell what is reported
 */
#include <stdio.h>
#include <unistd.h>

#include "audit.h"
#include "keystore.h"
#include "rotate.h"

static struct libdmwarrant *ctx;

static void wrong_call(void)
{
	fputs("tool: wrong usage, see its source\n", stderr);
	exit(99);
}

static void parse_uuid(const char *text, u8 *uuid)
{
	if (libdmwarrant_uuid_parse(text, uuid))
		wrong_call();
}

static int mark(char **argv)
{
	struct libdmwarrant_registry *reg;
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret = libdmwarrant_registry_open(ctx, argv[0], 0, &reg);

	if (ret)
		return ret;
	parse_uuid(argv[1], uuid);
	ret = libdmwarrant_registry_mark_open(reg, uuid, argv[2], 0, 0);
	libdmwarrant_registry_close(reg);
	return ret;
}

static int kernel(char **argv)
{
	char *reply;
	int ret = lib_dm_ask(ctx, argv[0], &reply, "fake keys");

	if (!ret)
		fputs(reply, stdout);
	free(reply);
	return ret;
}

static int show(void *arg, const struct lib_audit_entry *e)
{
	struct json_object *epoch = NULL;

	(void)arg;
	json_object_object_get_ex(e->body, "Epoch", &epoch);
	printf("%s %s\n", e->kind, epoch ? json_object_get_string(epoch) : "-");
	return 0;
}

static int show_log(char **argv)
{
	static const char *const kinds[] = { "rotate.", NULL };
	struct libdmwarrant_registry *reg;
	int ret = libdmwarrant_registry_open(ctx, argv[0], LIBDMWARRANT_REGISTRY_READ_ONLY, &reg);

	if (ret)
		return ret;
	ret = lib_registry_begin(reg, false);
	if (!ret)
		ret = lib_registry_end(reg, lib_audit_each(reg, kinds, show, NULL));
	libdmwarrant_registry_close(reg);
	return ret;
}

/* ---- the store ---- */

static int open_store(char **argv, struct libdmwarrant_keystore **ks, u8 *warrant, u8 *volume)
{
	struct libdmwarrant_unlock unlock = {
		.version = LIBDMWARRANT_UNLOCK_VERSION, .method = LIBDMWARRANT_UNLOCK_KEY_FILE,
		.path = argv[3], .fd = -1,
	};
	int ret = libdmwarrant_keystore_open(ctx, argv[0], NULL, ks);

	parse_uuid(argv[1], warrant);
	parse_uuid(argv[2], volume);
	return ret ? ret : libdmwarrant_keystore_unlock(*ks, warrant, &unlock);
}

static int put(char **argv)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE], volume[LIBDMWARRANT_UUID_SIZE];
	u8 binding[LIBDMWARRANT_DIGEST_SIZE];
	struct libdmwarrant_keystore *ks = NULL;
	struct libdmwarrant_keyset *k = NULL;
	int ret = open_store(argv, &ks, warrant, volume);

	if (!ret)
		ret = libdmwarrant_keystore_get(ks, warrant, volume, &k, binding);
	for (argv += 4; !ret && *argv; argv++)
		ret = libdmwarrant_keyset_add(ctx, k, LIBDMWARRANT_TAG_METADATA, atoi(*argv)) ?:
			libdmwarrant_keyset_add(ctx, k, 0, atoi(*argv));
	if (!ret)
		ret = libdmwarrant_keystore_put(ks, warrant, k, binding);
	libdmwarrant_keyset_free(k);
	libdmwarrant_keystore_close(ks);
	return ret;
}

static int destroy(char **argv)
{
	struct libdmwarrant_destroy_result result = { .version = LIBDMWARRANT_DESTROY_VERSION };
	struct libdmwarrant_destroy_params p = {
		.version = LIBDMWARRANT_DESTROY_VERSION,
		.scope = LIBDMWARRANT_DESTROY_EPOCH,
		.epoch = atoi(argv[4]),
	};
	struct libdmwarrant_keystore *ks = NULL;
	int ret = open_store(argv, &ks, p.warrant, p.volume);

	if (!ret)
		ret = libdmwarrant_keystore_destroy(ks, &p, &result);
	libdmwarrant_keystore_close(ks);
	return ret;
}

/* ---- the guard ---- */

static void report(void *arg, int err, const char *text)
{
	(void)arg;
	printf("%d %s\n", err, text);
	fflush(stdout);
}

static int guard(char **argv)
{
	struct libdmwarrant_config config = { .version = LIBDMWARRANT_CONFIG_VERSION };
	struct libdmwarrant_unlock unlock = {
		.version = LIBDMWARRANT_UNLOCK_VERSION, .method = LIBDMWARRANT_UNLOCK_KEY_FILE,
		.path = argv[2], .fd = -1,
	};
	struct libdmwarrant_guard_params p = {
		.version = LIBDMWARRANT_GUARD_VERSION, .seconds = 1, .stop_fd = -1,
		.report = report, .unlock = &unlock,
	};

	lib_copy(config.registry, sizeof(config.registry), argv[0]);
	return libdmwarrant_volume_guard(ctx, &config, argv[1], &p);
}

static const struct {
	const char	*name;
	int		arguments;	/* at least */
	int		(*run)(char **argv);
} commands[] = {
	{ "mark", 3, mark }, { "kernel", 1, kernel }, { "log", 1, show_log }, { "put", 5, put },
	{ "destroy", 5, destroy }, { "guard", 3, guard },
};

int main(int argc, char **argv)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (argc > 1 && !strcmp(commands[i].name, argv[1]) &&
		    commands[i].arguments <= argc - 2)
			break;
	if (i == ARRAY_SIZE(commands))
		wrong_call();
	if (libdmwarrant_new(&ctx))
		return 99;
	ret = commands[i].run(argv + 2);
	if (ret)
		fprintf(stderr, "tool: %s\n", libdmwarrant_error(ctx));
	libdmwarrant_free(ctx);
	return libdmwarrant_exit(ret);
}
