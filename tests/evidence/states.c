// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: states DIRECTORY
 *
 * What verifying calls extents that were altered, overwritten, discarded, zeroed, shredded or are
 * not there, with keys and without, and what is then a failure; proofs; certificates that lie.
 */
#include <fcntl.h>
#include <unistd.h>

#include "libdmwarrant-shred.h"
#include "scene.h"

#define UNCHANGED	LIBDMWARRANT_EXTENT_UNCHANGED
#define ALTERED		LIBDMWARRANT_EXTENT_ALTERED
#define OVERWRITTEN	LIBDMWARRANT_EXTENT_OVERWRITTEN
#define DISCARDED	LIBDMWARRANT_EXTENT_DISCARDED
#define ZEROED		LIBDMWARRANT_EXTENT_ZEROED
#define ABSENT		LIBDMWARRANT_EXTENT_ABSENT

static struct scene s;
static char key[400], other_key[400], certificate[400];

/* Verify, and compare return value and the states of the six extents: 0, tag, 0, 0, tag, 0. */
static void expect(const char *name, struct libdmwarrant_verify_params p, int want,
		   const u8 states[6])
{
	struct seen seen;
	unsigned int i;
	bool ok;

	p.device = s.volume;
	scene_verify(&s, &p, &seen);
	ok = seen.ret == want && seen.count == 6;
	for (i = 0; i < 6 && ok; i++)
		ok = seen.extent[i].state == states[i];
	test_result(name, ok, "%d, expected %d; %u extents: %u %u %u %u %u %u; %s", seen.ret, want,
		    seen.count, seen.extent[0].state, seen.extent[1].state, seen.extent[2].state,
		    seen.extent[3].state, seen.extent[4].state, seen.extent[5].state,
		    seen.ret ? libdmwarrant_error(s.ctx) : "");
}

static void refused(const char *name, struct libdmwarrant_verify_params p, int want,
		    const char *part)
{
	struct seen seen;

	scene_verify(&s, &p, &seen);
	test_result(name, seen.ret == want && !seen.count &&
		    strstr(libdmwarrant_error(s.ctx), part), "%d, expected %d: %s", seen.ret, want,
		    libdmwarrant_error(s.ctx));
}

#define PARAMS(...)	((struct libdmwarrant_verify_params){ __VA_ARGS__ })

/* ---- keys and certificates ---- */

static void open_signer(struct lib_signer *signer)
{
	struct libdmwarrant_registry *reg;

	if (libdmwarrant_registry_open(s.ctx, s.config.registry, 0, &reg) ||
	    lib_signer_open(reg, signer))
		exit(1);
	libdmwarrant_registry_close(reg);
}

static void write_key(char *path, const char *name, const u8 *public_key)
{
	char text[LIB_SSH_KEY_SIZE];

	snprintf(path, 400, "%s/%s", s.dir, name);
	unlink(path);
	lib_ssh_key_format(public_key, text);
	if (lib_text_write(s.ctx, path, text))
		exit(1);
}

static int sign_raw(void *arg, const void *data, size_t size, u8 signature[64])
{
	return lib_signer_sign(s.ctx, arg, data, size, signature);
}

/* As much of a certificate as counts here. @purpose: the namespace of the signature */
static void certify(const char *body, const char *purpose)
{
	struct lib_signer signer;
	struct lib_ssh_key k;
	char *signature, path[420];

	snprintf(certificate, sizeof(certificate), "%s/certificate", s.dir);
	snprintf(path, sizeof(path), "%s.sig", certificate);
	unlink(certificate);
	unlink(path);
	open_signer(&signer);
	lib_ssh_key_ed25519(&k, signer.public_key);
	if (lib_sshsig_make(s.ctx, &k, purpose, body, strlen(body), sign_raw, &signer,
			    &signature) ||
	    lib_text_write(s.ctx, certificate, body) || lib_text_write(s.ctx, path, signature))
		exit(1);
	free(signature);
	lib_signer_close(&signer);
}

/* @tag: NULL = the whole volume */
static void certify_shred(const char *volume, const char *tag)
{
	char *body;

	if (asprintf(&body, "{\"Destroyed\":[{%s%s%s\"Volume\":\"%s\"}]}\n", tag ? "\"Tag\":" : "",
		     tag ? tag : "", tag ? "," : "", volume) < 0)
		exit(1);
	certify(body, LIBDMWARRANT_CERTIFICATE_NAMESPACE);
	free(body);
}

static void keys(void)
{
	static const u8 all[] = { 1, 1, 1, 1, 1, 1 };
	struct lib_signer signer;
	u8 other[32];

	open_signer(&signer);
	write_key(key, "key.pub", signer.public_key);
	memcpy(other, signer.public_key, sizeof(other));
	other[0] ^= 1;
	write_key(other_key, "other.pub", other);
	lib_signer_close(&signer);
	expect("states-unchanged", PARAMS(.key = key), 0, all);
	expect("states-unchanged-keyset", PARAMS(.keyset = s.m->keys), 0, all);
	refused("states-other-key", PARAMS(.key = other_key, .device = s.volume), -EKEYREJECTED,
		"not signed by the key");
	refused("states-no-key", PARAMS(.key = s.volume), -EFBIG, "cannot read");
}

/* ---- what became of it ---- */

static void zero(u64 sector)
{
	static const u8 zeros[DMW_SECTOR_SIZE];

	if (lib_host_write(&s.m->host, scene_offset(&s, sector) >> DMW_SECTOR_SHIFT, zeros))
		exit(1);
}

/* Both pieces of extent 3, and only one of them. */
static void where(void)
{
	struct libdmwarrant_verify_params p = { .device = s.volume };
	struct seen seen;

	scene_flip(s.volume, scene_offset(&s, 150), 1);
	scene_verify(&s, &p, &seen);
	test_result("states-second-piece", seen.extent[3].changed_first == 128 &&
		    seen.extent[3].changed == 32, "%llu sectors from %llu",
		    (unsigned long long)seen.extent[3].changed,
		    (unsigned long long)seen.extent[3].changed_first);
	scene_flip(s.volume, scene_offset(&s, 101), 1);
	scene_verify(&s, &p, &seen);
	test_result("states-both-pieces", seen.extent[3].changed_first == 100 &&
		    seen.extent[3].changed == 60, "%llu sectors from %llu",
		    (unsigned long long)seen.extent[3].changed,
		    (unsigned long long)seen.extent[3].changed_first);
	scene_flip(s.volume, scene_offset(&s, 101), 1);
	scene_flip(s.volume, scene_offset(&s, 150), 1);
}

static void changed(void)
{
	static const u8 altered[] = { 1, 1, ALTERED, 1, 1, 1 };
	static const u8 zeroed[] = { 1, 1, ZEROED, 1, 1, 1 };
	static const u8 later[] = { 1, 1, ALTERED, OVERWRITTEN, 1, DISCARDED };
	static const u8 later_blind[] = { 1, 1, ZEROED, ALTERED, 1, 1 };

	scene_flip(s.volume, scene_offset(&s, 5), 4);
	expect("states-altered", PARAMS(), -EUCLEAN, altered);
	expect("states-altered-keyset", PARAMS(.keyset = s.m->keys), -EUCLEAN, altered);
	expect("states-altered-partial", PARAMS(.flags = LIBDMWARRANT_VERIFY_PARTIAL), -EUCLEAN,
	       altered);
	scene_flip(s.volume, scene_offset(&s, 5), 4);
	zero(5);
	expect("states-zeroed", PARAMS(), -EUCLEAN, zeroed);
	expect("states-zeroed-partial", PARAMS(.flags = LIBDMWARRANT_VERIFY_PARTIAL), 0, zeroed);
	/* The volume still has a seal of what was there: the array has zeroed it. */
	expect("states-zeroed-keyset", PARAMS(.keyset = s.m->keys,
					      .flags = LIBDMWARRANT_VERIFY_PARTIAL), -EUCLEAN,
	       altered);
	/* Written again, and given up: without keys, a discard that nobody passed on does not show. */
	image_write(s.m, 150, 0);
	image_discard(s.m, 169);
	image_checkpoint(s.m);
	expect("states-later", PARAMS(), -EUCLEAN, later_blind);
	scene_flip(s.volume, scene_offset(&s, 169), 1);
	expect("states-later-keyset", PARAMS(.keyset = s.m->keys), -EUCLEAN, later);
	scene_flip(s.volume, scene_offset(&s, 169), 1);
}

static void cut(void)
{
	static const u8 gone[] = { 1, 1, ZEROED, ALTERED, ABSENT, ABSENT };
	u64 size = scene_offset(&s, 160) + 100;
	char *text;
	size_t length;

	if (lib_read_file(s.ctx, s.volume, 16 << 20, &text, &length) || truncate(s.volume, size))
		exit(1);
	expect("states-absent", PARAMS(), -EUCLEAN, gone);
	if (pwrite(s.m->fd, text, length, 0) != (ssize_t)length)
		exit(1);
	free(text);
}

/* ---- shredded ---- */

static void shredded(void)
{
	static const u8 gone[] = { 1, ALTERED, ZEROED, ALTERED, ZEROED, 1 };
	const char *file = certificate;
	char uuid[37];
	u32 i;
	struct libdmwarrant_verify_params p = {
		.key = key, .certificates = &file, .certificate_count = 1,
		.flags = LIBDMWARRANT_VERIFY_PARTIAL,
	};
	struct seen seen;

	scene_flip(s.volume, scene_offset(&s, 4), 1);
	for (i = 160; i < 164; i++)
		zero(i);
	libdmwarrant_uuid_format(s.m->s.sb.uuid, uuid);
	certify_shred(uuid, "7");
	/* Extent 3 was overwritten, which is not excused without keys that tell so. */
	expect("states-shredded", p, -EUCLEAN, gone);
	p.device = s.volume;
	p.keyset = s.m->keys;
	scene_verify(&s, &p, &seen);
	test_result("states-shredded-count", seen.result.shredded == 2 && seen.extent[1].shredded &&
		    !seen.extent[0].shredded && seen.extent[4].shredded, "%llu of shredded tags",
		    (unsigned long long)seen.result.shredded);
	certify_shred(uuid, NULL);
	p.keyset = NULL;
	expect("states-shredded-volume", p, 0, gone);
	certify_shred("11111111-2222-4333-8444-555555555555", NULL);
	expect("states-shredded-other-volume", p, -EUCLEAN, gone);
	certify_shred(uuid, "1");
	expect("states-shredded-other-tag", p, -EUCLEAN, gone);
}

static void lies(void)
{
	const char *file = certificate;
	struct libdmwarrant_verify_params p = {
		.key = key, .certificates = &file, .certificate_count = 1, .device = s.volume,
	};
	char uuid[37];

	libdmwarrant_uuid_format(s.m->s.sb.uuid, uuid);
	certify_shred(uuid, NULL);
	scene_flip(certificate, 2, 1);
	refused("certificate-changed", p, -EBADMSG, "not signed by the given key");
	certify_shred(uuid, NULL);
	p.key = NULL;
	refused("certificate-without-key", p, -EINVAL, "only with the public key");
	p.key = key;
	certify("{\"Destroyed\":[]}", LIBDMWARRANT_EVIDENCE_NAMESPACE);
	refused("certificate-other-purpose", p, -EBADMSG, "not signed by the given key");
	certify("{\"Destroyed\":{}}", LIBDMWARRANT_CERTIFICATE_NAMESPACE);
	refused("certificate-nonsense", p, -EBADMSG, "no certificate of destruction");
	certify_shred(uuid, "0");
	refused("certificate-tag-0", p, -EBADMSG, "no certificate of destruction");
}

/* ---- a statement that contradicts itself, rightly signed ---- */

static void contradiction(void)
{
	struct libdmwarrant_verify_params p = { .key = key };
	char path[420], *text, *signature, *root;
	struct lib_signer signer;
	size_t size;

	snprintf(path, sizeof(path), "%s/wrong", s.dir);
	p.file = path;
	if (lib_read_file(s.ctx, s.file, 1 << 20, &text, &size))
		exit(1);
	root = strstr(text, "\"Root\":\"") + 8;
	*root = *root == '0' ? '1' : '0';
	open_signer(&signer);
	if (lib_statement_sign(s.ctx, &signer, text, &signature) ||
	    lib_text_write(s.ctx, path, text))
		exit(1);
	lib_signer_close(&signer);
	strcat(path, ".sig");
	if (lib_text_write(s.ctx, path, signature))
		exit(1);
	path[strlen(path) - 4] = 0;
	refused("states-contradiction", p, -EBADMSG, "its sums do not fit");
	free(text);
	free(signature);
}

/* ---- proofs ---- */

static void prove(void)
{
	static const u64 two[] = { 0, 5 }, all[] = { 0, 1, 2, 3, 4, 5 }, beyond[] = { 2, 6 };
	struct libdmwarrant_verify_params p = { .device = s.volume, .key = key };
	char proof[400];
	struct seen seen;
	int ret;

	snprintf(proof, sizeof(proof), "%s/proof", s.dir);
	p.file = proof;
	ret = libdmwarrant_evidence_prove(s.ctx, s.file, beyond, 2, proof);
	test_result("prove-no-such-extent", ret == -ENOENT && access(proof, F_OK), "%d", ret);
	ret = libdmwarrant_evidence_prove(s.ctx, s.file, two, 2, proof);
	scene_verify(&s, &p, &seen);
	test_result("prove-two", !ret && !seen.ret && seen.count == 2 && seen.extent[0].first == 0 &&
		    seen.extent[1].first == 169 && seen.extent[1].tag == 0 &&
		    seen.result.flags & LIBDMWARRANT_VERIFIED_PROOF, "%d, %d: %s", ret, seen.ret,
		    libdmwarrant_error(s.ctx));
	ret = libdmwarrant_evidence_prove(s.ctx, s.file, two, 2, proof);
	test_result("prove-exists", ret == -EEXIST, "%d", ret);
	p.key = other_key;
	refused("prove-other-key", p, -EKEYREJECTED, "not signed by the key");
	unlink(proof);
	p.key = key;
	ret = libdmwarrant_evidence_prove(s.ctx, s.file, all, 6, proof);
	scene_verify(&s, &p, &seen);
	test_result("prove-all", !ret && seen.ret == -EUCLEAN && seen.count == 6 &&
		    seen.extent[3].state == ALTERED, "%d, %d: %s", ret, seen.ret,
		    libdmwarrant_error(s.ctx));
	ret = libdmwarrant_evidence_prove(s.ctx, proof, all, 1, s.keys);
	test_result("prove-a-proof", ret == -EINVAL, "%d", ret);
}

int main(int argc, char **argv)
{
	struct libdmwarrant_seal_result r;

	if (argc != 2)
		return 99;
	scene_begin(&s, argv[1], 2 << 20);
	scene_tree(&s);
	if (scene_seal(&s, NULL, 0, 0, &r)) {
		printf("not ok states-seal: %s\n", libdmwarrant_error(s.ctx));
		return 1;
	}
	keys();
	where();
	changed();
	cut();
	shredded();
	lies();
	contradiction();
	prove();
	scene_end(&s);
	return !!test_failures;
}
