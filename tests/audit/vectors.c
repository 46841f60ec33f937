// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: vectors
 *
 * Merkle trees and signed notes against what others have published, and proofs for all trees of up
 * to MANY leaves: every right one is taken, every other refused. Prints "ok NAME" or "not ok NAME".
 */
#include "base64.h"
#include "note.h"

#define MANY	33

static struct lib_merkle m;
static int failed;

static void is(const char *name, bool right)
{
	printf("%s %s\n", right ? "ok" : "not ok", name);
	failed += !right;
}

/* Of Certificate Transparency's own tests. */
static const struct {
	const char	*leaf;
	size_t		size;
	const char	*root;
} published[] = {
	{ "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "\x40\x41\x42\x43", 4,
	  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8,
	  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
	  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};

static void test_roots(void)
{
	u8 leaf[LIB_MERKLE_HASH], root[LIB_MERKLE_HASH];
	char text[2 * LIB_MERKLE_HASH + 1], name[32];
	struct lib_merkle t;
	size_t i;

	lib_merkle_init(&t);
	lib_merkle_root(&t, root);
	lib_hex(text, root, sizeof(root));
	is("root-0", !strcmp(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	for (i = 0; i < ARRAY_SIZE(published); i++) {
		lib_merkle_leaf(&t, published[i].leaf, published[i].size, leaf);
		lib_merkle_add(&t, leaf);
		lib_merkle_root(&t, root);
		lib_hex(text, root, sizeof(root));
		snprintf(name, sizeof(name), "root-%zu", i + 1);
		is(name, !strcmp(text, published[i].root));
	}
	lib_merkle_free(&t);
}

/* ---- proofs ---- */

static u8 leaves[MANY][LIB_MERKLE_HASH], roots[MANY + 1][LIB_MERKLE_HASH];

static void make_trees(void)
{
	struct lib_merkle t;
	u32 i;

	lib_merkle_init(&t);
	for (i = 0; i < MANY; i++) {
		lib_merkle_leaf(&m, &i, sizeof(i), leaves[i]);
		lib_merkle_add(&t, leaves[i]);
		lib_merkle_root(&t, roots[i + 1]);
	}
	lib_merkle_free(&t);
}

/* Every change of a right proof must be refused. */
static bool is_exact_inclusion(u64 size, u64 index)
{
	struct lib_merkle_proof p, q;
	size_t i;

	if (lib_merkle_inclusion(&m, (const void *)leaves, size, index, &p) ||
	    lib_merkle_included(&m, leaves[index], index, size, &p, roots[size]))
		return false;
	for (i = 0; i < MANY; i++)
		if ((i != index && !lib_merkle_included(&m, leaves[i], index, size, &p,
							roots[size])) ||
		    (i != index && !lib_merkle_included(&m, leaves[index], i, size, &p,
							roots[size])) ||
		    (i + 1 != size && !lib_merkle_included(&m, leaves[index], index, size, &p,
							   roots[i + 1])))
			return false;
	for (i = 0; i < p.count; i++) {
		q = p;
		q.hash[i][i % LIB_MERKLE_HASH] ^= 1;
		if (!lib_merkle_included(&m, leaves[index], index, size, &q, roots[size]))
			return false;
	}
	q = p;
	q.count++;
	memset(q.hash[p.count], 0, LIB_MERKLE_HASH);
	if (!lib_merkle_included(&m, leaves[index], index, size, &q, roots[size]))
		return false;
	q.count = p.count ? p.count - 1 : 0;
	return !p.count || lib_merkle_included(&m, leaves[index], index, size, &q, roots[size]);
}

static bool is_exact_consistency(u64 size, u64 from)
{
	struct lib_merkle_proof p, q;
	size_t i;

	if (lib_merkle_consistency(&m, (const void *)leaves, size, from, &p) ||
	    lib_merkle_consistent(&m, from, roots[from], size, roots[size], &p))
		return false;
	for (i = 1; i <= MANY; i++)
		if ((i != from && !lib_merkle_consistent(&m, from, roots[i], size, roots[size],
							 &p)) ||
		    (i != size && !lib_merkle_consistent(&m, from, roots[from], size, roots[i],
							 &p)) ||
		    (i != from && !lib_merkle_consistent(&m, i, roots[from], size, roots[size],
							 &p)))
			return false;
	for (i = 0; i <= p.count; i++) {
		q = p;
		if (i < p.count) {
			q.hash[i][i % LIB_MERKLE_HASH] ^= 0x80;
		} else {
			q.count++;
			memset(q.hash[i], 0, LIB_MERKLE_HASH);
		}
		if (!lib_merkle_consistent(&m, from, roots[from], size, roots[size], &q))
			return false;
	}
	return true;
}

static void test_proofs(void)
{
	bool inclusion = true, consistency = true;
	u64 size, i;

	make_trees();
	for (size = 1; size <= MANY; size++)
		for (i = 0; i < size; i++) {
			inclusion &= is_exact_inclusion(size, i);
			consistency &= is_exact_consistency(size, i + 1);
		}
	is("inclusion", inclusion);
	is("consistency", consistency);
	is("consistency-from-nothing", lib_merkle_consistent(&m, 0, roots[1], 5, roots[5],
							     &(struct lib_merkle_proof){ 0 }));
}

/* ---- notes ---- */

/* The example of the Go module golang.org/x/mod/sumdb/note. */
static const char neumann[] =
	"If you think cryptography is the answer to your problem,\n"
	"then you don't know what your problem is.\n";
static const char neumann_key[] =
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char neumann_signature[] =
	"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

static void test_note(struct libdmwarrant *ctx)
{
	u8 signature[4 + LIB_SIGNATURE_SIZE];
	char text[LIB_VERIFIER_SIZE];
	struct lib_verifier v;
	ssize_t n;

	is("verifier", !lib_verifier_parse(ctx, neumann_key, &v) &&
	   !strcmp(v.name, "PeterNeumann") && v.type == LIB_NOTE_ED25519);
	lib_verifier_format(&v, text);
	is("verifier-format", !strcmp(text, neumann_key));
	n = lib_unbase64(signature, sizeof(signature), neumann_signature,
			 strlen(neumann_signature));
	is("signature", n == sizeof(signature) && !memcmp(signature, "\xc7\x4f\x20\xa3", 4) &&
	   !lib_signature_check(v.public_key, neumann, strlen(neumann), signature + 4));
	signature[10] ^= 1;
	is("signature-wrong", lib_signature_check(v.public_key, neumann, strlen(neumann),
						  signature + 4));
}

static const char *const bad_keys[] = {
	"", "+", "a+b", "PeterNeumann+c74f20a3", "PeterNeumann+c74f20a3+",
	"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	"Peterneumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX",
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW ",
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
	"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
};

#define ROOT	"5GscEBQxhqMZgntHHEHkIQ/2F8T04KE0yRN47ELNe2A="
#define LINE	"\xe2\x80\x94 a v0K3+XnjCoo5zh/HlFGvv484c5UMulReua4x8h24RuhpzKlhfzJkNxOi/ZpVH0P8YJOU/xFcmm3nNINmSx5H5krkHAQ=\n"

static const char *const good_notes[] = {
	"a\n0\n" ROOT "\n\n" LINE,
	"a\n1\n" ROOT "\n\n" LINE,
	"a\n100000000000000000\n" ROOT "\n\n" LINE LINE,
};

static const char *const bad_notes[] = {
	"", "\n", "a\n1\n" ROOT "\n", "a\n1\n" ROOT "\n\n", "a\n1\n" ROOT "\n" LINE,
	"\n1\n" ROOT "\n\n" LINE,
	"a\n01\n" ROOT "\n\n" LINE,
	"a\n-1\n" ROOT "\n\n" LINE,
	"a\n1 \n" ROOT "\n\n" LINE,
	"a\n\n" ROOT "\n\n" LINE,
	"a\n1000000000000000000000\n" ROOT "\n\n" LINE,
	"a\n1\n" ROOT "=\n\n" LINE,
	"a\n1\n5GscEBQxhqMZgntHHEHkIQ/2F8T04KE0yRN47ELNe2B=\n\n" LINE,
	"a\n1\n5GscEBQxhqMZgntHHEHkIQ/2F8T04KE0yRN47ELN\n\n" LINE,
	"a\n1\n" ROOT "\nextension\n\n" LINE,
	"a\n1\n" ROOT "\n\n" LINE "\n",
	"a\n1\n" ROOT "\n\n" LINE "x",
	"a\n1\n" ROOT "\n\n- a AAAAAAAA\n",
	"a\n1\n" ROOT "\n\n\xe2\x80\x94 a\n",
	"a\n1\n" ROOT "\n\n\xe2\x80\x94  AAAAAAAA\n",
	"a\n1\n" ROOT "\n\n\xe2\x80\x94 a AAAA\n",
	"a\r\n1\n" ROOT "\n\n" LINE,
	"a b\n1\n" ROOT "\n\n" LINE,
	"\xff\n1\n" ROOT "\n\n" LINE,
};

static void test_malformed(struct libdmwarrant *ctx)
{
	struct lib_checkpoint cp;
	struct lib_verifier v;
	char name[48];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_keys); i++) {
		snprintf(name, sizeof(name), "verifier-refused-%zu", i);
		is(name, lib_verifier_parse(ctx, bad_keys[i], &v) == -EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(good_notes); i++) {
		snprintf(name, sizeof(name), "note-%zu", i);
		is(name, !lib_checkpoint_parse(ctx, good_notes[i], strlen(good_notes[i]), &cp));
	}
	for (i = 0; i < ARRAY_SIZE(bad_notes); i++) {
		snprintf(name, sizeof(name), "note-refused-%zu", i);
		is(name, lib_checkpoint_parse(ctx, bad_notes[i], strlen(bad_notes[i]), &cp) ==
		   -EBADMSG);
	}
}

int main(void)
{
	struct libdmwarrant *ctx;

	if (libdmwarrant_new(&ctx) || lib_merkle_init(&m))
		return 99;
	test_roots();
	test_proofs();
	test_note(ctx);
	test_malformed(ctx);
	lib_merkle_free(&m);
	libdmwarrant_free(ctx);
	return failed ? 1 : 0;
}
