// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: store_tool STORE SECRET COMMAND [ARGUMENT...]
 *
 * The key store's interface for scripts, one call for each run, through the public library only.
 * SECRET: file:PATH a random key file, slow:PATH one that is derived like a passphrase, pass:FD,
 * token:FD (-1 = no PIN), none.
 *
 *	init
 *	create W				destroy W tag V T | epoch V E | volume V | warrant
 *	put W KEYSET BINDING			plan (likewise: a dry run)
 *	get W V KEYSET				writes the keyset, prints the binding
 *	keyset FILE V [TAG:EPOCH...]		make one
 *	grow FROM FILE TAG:EPOCH		FROM and one key more
 *	rewrap W add|change SECRET | remove SLOT
 *	hold W V				get, say "held", wait for the end of standard input
 *	dump					everything that can be known without unlocking
 *	state W					of an unlocked warrant: keys, number of secrets
 *	look W					state, if it can be unlocked, then dump
 *
 * BINDING is a digit, of which the digest is made. Errors: "errno text", exit code 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libdmwarrant-keystore.h"

static struct libdmwarrant *ctx;
static struct libdmwarrant_keystore *ks;
static struct libdmwarrant_unlock secret;

static void check(int ret)
{
	if (!ret)
		return;
	printf("%d %s\n", -ret, libdmwarrant_error(ctx));
	libdmwarrant_keystore_close(ks);
	libdmwarrant_free(ctx);
	exit(1);
}

static void wrong_usage(const char *what)
{
	fprintf(stderr, "store_tool: %s\n", what);
	exit(99);
}

/* ---- arguments ---- */

static void parse_secret(const char *text, struct libdmwarrant_unlock *u)
{
	memset(u, 0, sizeof(*u));
	u->version = LIBDMWARRANT_UNLOCK_VERSION;
	u->fd = -1;
	u->pbkdf_ms = 1;
	u->pbkdf_memory_kib = 32;
	if (!strncmp(text, "pass:", 5) || !strncmp(text, "token:", 6)) {
		u->method = text[0] == 'p' ? LIBDMWARRANT_UNLOCK_PASSPHRASE :
					     LIBDMWARRANT_UNLOCK_TOKEN;
		u->fd = atoi(strchr(text, ':') + 1);
	} else if (strcmp(text, "none")) {
		u->method = LIBDMWARRANT_UNLOCK_KEY_FILE;
		u->flags = text[0] == 'f' ? LIBDMWARRANT_UNLOCK_RANDOM_FILE : 0;
		u->path = strchr(text, ':') + 1;
	}
}

static const uint8_t *uuid_of(const char *text)
{
	static uint8_t uuids[4][LIBDMWARRANT_UUID_SIZE];
	static int next;
	uint8_t *uuid = uuids[next++ % 4];

	if (!text || libdmwarrant_uuid_parse(text, uuid))
		wrong_usage("no UUID");
	return uuid;
}

static void hex(const uint8_t *p, size_t n)
{
	for (; n; n--)
		printf("%02x", *p++);
}

static void unlock(const uint8_t *warrant)
{
	if (secret.method)
		check(libdmwarrant_keystore_unlock(ks, warrant, &secret));
}

/* ---- commands ---- */

static void put(char **a)
{
	struct libdmwarrant_keyset *k;
	uint8_t binding[LIBDMWARRANT_DIGEST_SIZE];

	memset(binding, a[2][0], sizeof(binding));
	check(libdmwarrant_keyset_read(ctx, a[1], &k));
	unlock(uuid_of(a[0]));
	check(libdmwarrant_keystore_put(ks, uuid_of(a[0]), k, binding));
	libdmwarrant_keyset_free(k);
}

static void get(char **a)
{
	struct libdmwarrant_keyset *k;
	uint8_t binding[LIBDMWARRANT_DIGEST_SIZE];

	unlock(uuid_of(a[0]));
	check(libdmwarrant_keystore_get(ks, uuid_of(a[0]), uuid_of(a[1]), &k, binding));
	check(libdmwarrant_keyset_write(ctx, k, a[2]));
	libdmwarrant_keyset_free(k);
	printf("%c\n", binding[0]);
}

/* Keys, key-encrypting key and secrets have been in memory, and some still are. */
static void hold(char **a)
{
	struct libdmwarrant_keyset *k;

	unlock(uuid_of(a[0]));
	check(libdmwarrant_keystore_get(ks, uuid_of(a[0]), uuid_of(a[1]), &k, NULL));
	puts("held");
	fflush(stdout);
	while (getchar() != EOF)
		;
	libdmwarrant_keyset_free(k);
}

static void add(struct libdmwarrant_keyset *k, const char *name)
{
	unsigned int tag, epoch;

	if (sscanf(name, "%u:%u", &tag, &epoch) != 2)
		wrong_usage("no TAG:EPOCH");
	check(libdmwarrant_keyset_add(ctx, k, tag, epoch));
}

static void make_keyset(char **a)
{
	struct libdmwarrant_keyset *k;
	int i;

	check(libdmwarrant_keyset_generate(ctx, uuid_of(a[1]), &k));
	for (i = 2; a[i]; i++)
		add(k, a[i]);
	check(libdmwarrant_keyset_write(ctx, k, a[0]));
	libdmwarrant_keyset_free(k);
}

static void grow(char **a)
{
	struct libdmwarrant_keyset *k;

	check(libdmwarrant_keyset_read(ctx, a[0], &k));
	add(k, a[2]);
	check(libdmwarrant_keyset_write(ctx, k, a[1]));
	libdmwarrant_keyset_free(k);
}

static void destroy(char **a, uint32_t flags)
{
	struct libdmwarrant_destroy_params p = { .version = LIBDMWARRANT_DESTROY_VERSION,
						 .flags = flags };
	struct libdmwarrant_destroy_result r = { .version = LIBDMWARRANT_DESTROY_VERSION };

	memcpy(p.warrant, uuid_of(a[0]), sizeof(p.warrant));
	memset(p.reference, 'r', sizeof(p.reference));
	if (!strcmp(a[1], "warrant")) {
		p.scope = LIBDMWARRANT_DESTROY_WARRANT;
	} else {
		memcpy(p.volume, uuid_of(a[2]), sizeof(p.volume));
		p.scope = LIBDMWARRANT_DESTROY_VOLUME;
	}
	if (!strcmp(a[1], "tag")) {
		p.scope = LIBDMWARRANT_DESTROY_TAG;
		p.tag = strtoul(a[3], NULL, 10);
	} else if (!strcmp(a[1], "epoch")) {
		p.scope = LIBDMWARRANT_DESTROY_EPOCH;
		p.epoch = strtoul(a[3], NULL, 10);
	}
	if (p.scope != LIBDMWARRANT_DESTROY_WARRANT)
		unlock(p.warrant);
	check(libdmwarrant_keystore_destroy(ks, &p, &r));
	printf("%u keys, tombstone %llu\n", r.keys, (unsigned long long)r.tombstone);
}

static void rewrap(char **a)
{
	struct libdmwarrant_unlock u;

	unlock(uuid_of(a[0]));
	if (!strcmp(a[1], "remove")) {
		check(libdmwarrant_keystore_rewrap(ks, uuid_of(a[0]), LIBDMWARRANT_REWRAP_REMOVE,
						   NULL, atoi(a[2])));
		return;
	}
	parse_secret(a[2], &u);
	check(libdmwarrant_keystore_rewrap(ks, uuid_of(a[0]), !strcmp(a[1], "add") ?
					   LIBDMWARRANT_REWRAP_ADD : LIBDMWARRANT_REWRAP_CHANGE,
					   &u, 0));
}

/* ---- looking ---- */

static int show_key(void *arg, const struct libdmwarrant_keystore_key *k)
{
	char volume[37];

	libdmwarrant_uuid_format(k->volume, volume);
	printf("%skey %s %u:%u ", (const char *)arg, volume, k->tag, k->epoch);
	hex(k->id, sizeof(k->id));
	printf(" %c\n", k->binding[0]);
	return 0;
}

static int show_method(void *arg, const struct libdmwarrant_keystore_method *m)
{
	printf("%smethod %u %s %s\n", (const char *)arg, m->slot, m->type, m->pbkdf);
	return 0;
}

static int show_warrant(void *arg, const struct libdmwarrant_keystore_warrant *w)
{
	static const char *const states[] = { "?", "locked", "unlocked", "destroyed", "damaged" };
	char uuid[37];

	(void)arg;
	libdmwarrant_uuid_format(w->uuid, uuid);
	printf("warrant %s %s generation %llu wrap %llu volumes %u keys %u methods %u%s%s\n", uuid,
	       states[w->state], (unsigned long long)w->generation,
	       (unsigned long long)w->wrap_generation, w->volumes, w->keys, w->methods,
	       w->problem[0] ? " problem " : "", w->problem);
	return 0;
}

static int show_whole_warrant(void *arg, const struct libdmwarrant_keystore_warrant *w)
{
	show_warrant(arg, w);
	if (w->state != LIBDMWARRANT_KEYSTORE_DESTROYED) {
		check(libdmwarrant_keystore_keys(ks, w->uuid, show_key, "  "));
		check(libdmwarrant_keystore_methods(ks, w->uuid, show_method, "  "));
	}
	return 0;
}

static int show_tombstone(void *arg, const struct libdmwarrant_tombstone *t)
{
	char volume[37];

	(void)arg;
	libdmwarrant_uuid_format(t->volume, volume);
	printf("tombstone %llu scope %u %s %u:%u ", (unsigned long long)t->number, t->scope,
	       t->is_key ? "key" : "all", t->tag, t->epoch);
	hex(t->id, sizeof(t->id));
	printf(" %s %c\n", volume, t->reference[0]);
	return 0;
}

static void dump(void)
{
	uint8_t digest[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t number;

	check(libdmwarrant_keystore_warrants(ks, show_whole_warrant, NULL));
	check(libdmwarrant_keystore_tombstones(ks, show_tombstone, NULL));
	check(libdmwarrant_keystore_head(ks, &number, digest));
	printf("head %llu ", (unsigned long long)number);
	hex(digest, 4);
	putchar('\n');
}

static int count_method(void *arg, const struct libdmwarrant_keystore_method *m)
{
	(void)m;
	++*(unsigned int *)arg;
	return 0;
}

/* Opened by get(), not only listed: what a program could use. */
static int try_key(void *arg, const struct libdmwarrant_keystore_key *k)
{
	struct libdmwarrant_keyset *keyset;
	uint32_t i, tag, epoch;

	check(libdmwarrant_keystore_get(ks, arg, k->volume, &keyset, NULL));
	for (i = 0; !libdmwarrant_keyset_entry(keyset, i, &tag, &epoch); i++)
		if (tag == k->tag && epoch == k->epoch)
			break;
	if (i == libdmwarrant_keyset_count(keyset))
		printf("listed but not to be had: ");
	libdmwarrant_keyset_free(keyset);
	return show_key("", k);
}

static void state(char **a)
{
	const uint8_t *warrant = uuid_of(a[0]);
	unsigned int methods = 0;

	unlock(warrant);
	check(libdmwarrant_keystore_keys(ks, warrant, try_key, (void *)warrant));
	check(libdmwarrant_keystore_methods(ks, warrant, count_method, &methods));
	printf("methods %u\n", methods);
}

/* All that there is to see; a failure is a line of it. */
static void look(char **a)
{
	const uint8_t *warrant = uuid_of(a[0]);
	int ret = libdmwarrant_keystore_unlock(ks, warrant, &secret);

	if (ret)
		printf("locked %d\n", -ret);
	else
		state(a);
	dump();
}

static void run(const char *command, char **a)
{
	if (!strcmp(command, "create"))
		check(libdmwarrant_keystore_create_warrant(ks, uuid_of(a[0]), &secret));
	else if (!strcmp(command, "put"))
		put(a);
	else if (!strcmp(command, "get"))
		get(a);
	else if (!strcmp(command, "destroy"))
		destroy(a, 0);
	else if (!strcmp(command, "plan"))
		destroy(a, LIBDMWARRANT_DESTROY_DRY_RUN);
	else if (!strcmp(command, "rewrap"))
		rewrap(a);
	else if (!strcmp(command, "dump"))
		dump();
	else if (!strcmp(command, "state"))
		state(a);
	else if (!strcmp(command, "look"))
		look(a);
	else if (!strcmp(command, "hold"))
		hold(a);
	else
		wrong_usage("no such command");
}

int main(int argc, char **argv)
{
	struct libdmwarrant_keystore_params params = { .version = LIBDMWARRANT_KEYSTORE_VERSION };

	if (argc < 4 || libdmwarrant_new(&ctx))
		wrong_usage("wrong usage");
	parse_secret(argv[2], &secret);
	params.timeout_ms = getenv("STORE_TIMEOUT_MS") ? atoi(getenv("STORE_TIMEOUT_MS")) : 0;
	params.flags = getenv("STORE_READ_ONLY") ? LIBDMWARRANT_KEYSTORE_READ_ONLY : 0;
	if (!strcmp(argv[3], "keyset")) {
		make_keyset(argv + 4);
	} else if (!strcmp(argv[3], "grow")) {
		grow(argv + 4);
	} else if (!strcmp(argv[3], "init")) {
		check(libdmwarrant_keystore_init(ctx, argv[1], &params));
	} else {
		check(libdmwarrant_keystore_open(ctx, argv[1], &params, &ks));
		run(argv[3], argv + 4);
		libdmwarrant_keystore_close(ks);
	}
	libdmwarrant_free(ctx);
	return fflush(stdout) ? 1 : 0;
}
