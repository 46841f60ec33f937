// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: tool COMMAND [ARGUMENT...]
 *
 * What the tests of shredding need and warrantctl does not do. Ends with the exit code that
 * warrantctl would have.
 *
 *   keystore-init STORE
 *   tag-key STORE WARRANT KEY-FILE VOLUME TAG    add a key for a tag
 *   keyset STORE WARRANT KEY-FILE VOLUME FILE    write a volume's keyset to FILE
 *   put STORE WARRANT KEY-FILE KEYSET            put a keyset (back) into a store
 *   fill IMAGE KEYSET                            write sectors of tag 7 and of none
 *   read IMAGE KEYSET SECTOR                     read one; -EKEYREVOKED, -ENOKEY as the library
 *   open REGISTRY VOLUME                         mark it as open by this host
 *   take REGISTRY VOLUME                         likewise, whoever has it open
 *   closed REGISTRY VOLUME                       and as closed
 *   serve REGISTRY VOLUME                        answer what other hosts ask, as a guard does
 *   append REGISTRY KIND JSON                    an entry of the log, as nobody should
 *   forge REGISTRY IN OUT                        make a certificate's log again and sign it all, as
 *                                                whoever has stolen the installation's key could
 */
#include <stdio.h>
#include <unistd.h>

#include "audit_log.h"
#include "certificate.h"
#include "image.h"
#include "json.h"
#include "sshsig.h"

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

static int open_store(char **argv, struct libdmwarrant_keystore **ks, u8 *warrant)
{
	struct libdmwarrant_unlock unlock = {
		.version = LIBDMWARRANT_UNLOCK_VERSION, .method = LIBDMWARRANT_UNLOCK_KEY_FILE,
		.path = argv[2], .fd = -1,
	};

	parse_uuid(argv[1], warrant);
	return libdmwarrant_keystore_open(ctx, argv[0], NULL, ks) ?:
		libdmwarrant_keystore_unlock(*ks, warrant, &unlock);
}

static int tag_key(char **argv)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE], volume[LIBDMWARRANT_UUID_SIZE], binding[32];
	struct libdmwarrant_keystore *ks;
	struct libdmwarrant_keyset *k;
	int ret = open_store(argv, &ks, warrant);

	parse_uuid(argv[3], volume);
	if (!ret)
		ret = libdmwarrant_keystore_get(ks, warrant, volume, &k, binding);
	if (!ret)
		ret = libdmwarrant_keyset_add(ctx, k, atoi(argv[4]), 1) ?:
			libdmwarrant_keystore_put(ks, warrant, k, binding);
	return ret;
}

static int keyset(char **argv)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE], volume[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_keystore *ks;
	struct libdmwarrant_keyset *k;
	int ret = open_store(argv, &ks, warrant);

	parse_uuid(argv[3], volume);
	if (!ret)
		ret = libdmwarrant_keystore_get(ks, warrant, volume, &k, NULL);
	return ret ?: libdmwarrant_keyset_write(ctx, k, argv[4]);
}

static int put(char **argv)
{
	u8 warrant[LIBDMWARRANT_UUID_SIZE], volume[LIBDMWARRANT_UUID_SIZE], binding[32] = { 0 };
	struct libdmwarrant_keyset *k, *old;
	struct libdmwarrant_keystore *ks;
	int ret = open_store(argv, &ks, warrant) ?: libdmwarrant_keyset_read(ctx, argv[3], &k);

	if (ret)
		return ret;
	libdmwarrant_keyset_uuid(k, volume);
	libdmwarrant_keystore_get(ks, warrant, volume, &old, binding);
	return libdmwarrant_keystore_put(ks, warrant, k, binding);
}

/* Two extents of the tag among those of none. */
static int fill(char **argv)
{
	struct image *m = image_open(argv[0], argv[1]);
	u64 i;
	u32 tag;

	image_activate(m);
	for (tag = 1; tag <= IMAGE_TAG; tag++)
		image_tag(m, tag, DMW_TAG_OPEN);
	for (i = 0; i < 40; i++)
		image_write(m, i, i >= 12 && i < 20 ? IMAGE_TAG : 0);
	for (i = 60; i < 64; i++)
		image_write(m, i, IMAGE_TAG);
	image_checkpoint(m);
	image_checkpoint(m);
	image_close(m);
	return 0;
}

static int read_sector(char **argv)
{
	static u8 data[DMW_SECTOR_SIZE];
	struct libdmwarrant_keyset *k;
	struct lib_volume v;
	struct dmw_seal seal;
	u64 sector = atoll(argv[2]);
	int ret = libdmwarrant_keyset_read(ctx, argv[1], &k) ?:
		lib_volume_load(ctx, argv[0], k, NULL, 0, &v);

	if (ret)
		return ret;
	ret = lib_volume_tags(&v) ? -EUCLEAN : lib_tree_find(&v, 0, sector, &seal);
	if (!ret)
		ret = dmw_host_read(&v.host, dmw_layout_sector(&v.state.sb.layout, sector) <<
				    DMW_SECTOR_SHIFT, data, sizeof(data)) ?:
			lib_tree_data(&v, sector, &seal, data);
	return ret ? lib_fail(ctx, ret, "sector %s: %s", argv[2], lib_block_reason(ret)) : 0;
}

static int open_registry(char **argv, struct libdmwarrant_registry **r, u8 *uuid)
{
	struct libdmwarrant_record record = { .version = LIBDMWARRANT_RECORD_VERSION };
	int ret = libdmwarrant_registry_open(ctx, argv[0], 0, r);

	if (!ret)
		ret = libdmwarrant_registry_volume_get(*r, argv[1], &record);
	memcpy(uuid, record.uuid, sizeof(record.uuid));
	return ret;
}

static int mark(const char *command, char **argv)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	struct libdmwarrant_registry *r;
	int ret = open_registry(argv, &r, uuid);

	if (ret)
		return ret;
	if (!strcmp(command, "open"))
		return libdmwarrant_registry_mark_open(r, uuid, argv[1], getpid(), 0);
	if (!strcmp(command, "take"))
		return libdmwarrant_registry_mark_open(r, uuid, argv[1], getpid(),
						       LIBDMWARRANT_OPENED_TAKE_OVER);
	if (!strcmp(command, "closed"))
		return libdmwarrant_registry_mark_closed(r, uuid);
	ret = lib_shred_serve(ctx, r, uuid);
	printf("%d\n", ret);
	return ret < 0 ? ret : 0;
}

static int append(char **argv)
{
	struct libdmwarrant_registry *r;
	int ret = libdmwarrant_registry_open(ctx, argv[0], 0, &r);

	return ret ?: lib_audit_append(r, argv[1], json_tokener_parse(argv[2]), NULL);
}

/* ---- forging ---- */

static struct lib_signer signer;

static int sign_raw(void *arg, const void *data, size_t size, u8 signature[64])
{
	(void)arg;
	return lib_signer_sign(ctx, &signer, data, size, signature);
}

static void hash_entries(struct json_object *entries, struct lib_merkle *m, u8 (*leaves)[32])
{
	size_t i;

	for (i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *o = json_object_array_get_idx(entries, i);
		struct json_object *e = json_object_object_get(o, "Entry");
		char *text;

		json_object_object_add(e, "Seq", json_object_new_int64(i));
		text = lib_json_canonical(e);
		lib_merkle_leaf(m, text, strlen(text), leaves[i]);
		lib_merkle_add(m, leaves[i]);
		free(text);
	}
}

static void prove_entries(struct json_object *entries, struct lib_merkle *m, u8 (*leaves)[32])
{
	size_t i, k, count = json_object_array_length(entries);
	struct lib_merkle_proof proof;
	struct lib_maker maker = { 0 };

	for (i = 0; i < count; i++) {
		struct json_object *o = json_object_array_get_idx(entries, i);
		struct json_object *path = json_object_new_array();

		lib_merkle_inclusion(m, (const u8 (*)[32])leaves, count, i, &proof);
		for (k = 0; k < proof.count; k++)
			lib_make_hex(&maker, path, NULL, proof.hash[k], 32);
		json_object_object_add(o, "Proof", path);
	}
}

static int put_file(const char *path, const char *suffix, const char *text)
{
	char name[512];
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	f = fopen(name, "w");
	return !f || fputs(text, f) < 0 || fclose(f) ? -EIO : 0;
}

static int forge(char **argv)
{
	struct json_object *doc = json_object_from_file(argv[1]);
	struct json_object *log = json_object_object_get(doc, "Log");
	struct json_object *entries = json_object_object_get(log, "Entries");
	struct libdmwarrant_registry *r;
	static u8 leaves[256][32];
	struct lib_verifier key;
	struct lib_ssh_key ssh;
	struct lib_merkle m;
	char *note, *text, *signature;
	u8 root[32];

	if (libdmwarrant_registry_open(ctx, argv[0], 0, &r) || lib_signer_open(r, &signer) ||
	    lib_merkle_init(&m) || lib_verifier_parse(ctx, lib_json_text(log, "Key"), &key))
		return -EIO;
	hash_entries(entries, &m, leaves);
	prove_entries(entries, &m, leaves);
	lib_merkle_root(&m, root);
	note = lib_checkpoint_sign(ctx, &signer, key.name, m.size, root);
	json_object_object_add(log, "Checkpoint", json_object_new_string(note));
	text = lib_certificate_text(doc);
	lib_ssh_key_ed25519(&ssh, signer.public_key);
	if (lib_sshsig_make(ctx, &ssh, LIBDMWARRANT_CERTIFICATE_NAMESPACE, text, strlen(text),
			    sign_raw, NULL, &signature))
		return -EIO;
	return put_file(argv[2], "", text) ?: put_file(argv[2], ".sig", signature);
}

static int run(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "keystore-init") && argc == 3)
		return libdmwarrant_keystore_init(ctx, argv[2], NULL);
	if (!strcmp(command, "tag-key") && argc == 7)
		return tag_key(argv + 2);
	if (!strcmp(command, "keyset") && argc == 7)
		return keyset(argv + 2);
	if (!strcmp(command, "put") && argc == 6)
		return put(argv + 2);
	if (!strcmp(command, "fill") && argc == 4)
		return fill(argv + 2);
	if (!strcmp(command, "read") && argc == 5)
		return read_sector(argv + 2);
	if (!strcmp(command, "forge") && argc == 5)
		return forge(argv + 2);
	if (!strcmp(command, "append") && argc == 5)
		return append(argv + 2);
	if (argc == 4 && (!strcmp(command, "open") || !strcmp(command, "take") ||
			  !strcmp(command, "closed") || !strcmp(command, "serve")))
		return mark(command, argv + 2);
	return wrong_call();
}

int main(int argc, char **argv)
{
	int ret;

	if (libdmwarrant_new(&ctx))
		return 99;
	ret = run(argc, argv);
	if (ret < 0)
		fprintf(stderr, "tool: %s\n", libdmwarrant_error(ctx));
	return libdmwarrant_exit(ret);
}
