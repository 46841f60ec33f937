// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Evidence as others hand it back: statements, proofs, pieces. The first byte says which. What is
 * taken is written down again as the same; pieces make the tree that its rules allow, in one way.
 */
#include "evidence_file.h"
#include "fuzz.h"

static struct libdmwarrant *ctx;

/* ---- what only files and keys would need: never reached from here ---- */

int lib_read_file(struct libdmwarrant *c, const char *path, size_t max, char **data, size_t *size)
{
	fail("a file");
}
int lib_beside(struct libdmwarrant *c, const char *file, const char *suffix, char path[PATH_MAX])
{
	fail("a file");
}

void dmw_memzero_secret(void *p, size_t n)
{
	memset(p, 0, n);
}

void lib_evidence_root_free(struct lib_evidence_root *root)
{
	free(root->tags);
	memset(root, 0, sizeof(*root));
}

/* As warrant.c has it, which needs all the rest of the library. */
const char *lib_time_format(s64 seconds, char text[32])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		fail("a time that cannot be: %lld", (long long)seconds);
	return text;
}

/* ---- statements ---- */

static void check_sums(const struct lib_statement *s)
{
	const struct lib_evidence_tag *t;
	u32 i;

	for (i = 0; i < s->root.tag_count; i++) {
		t = &s->root.tags[i];
		if (t->extents > t->pieces || t->pieces > t->sectors ||
		    t->sectors > s->root.data_sectors || t->tag > DMW_MAX_TAG_RECORDS ||
		    (i && t[-1].tag >= t->tag))
			fail("tag %u cannot be", t->tag);
	}
}

static void one_statement(const char *text, size_t size)
{
	struct lib_statement s, again;
	char *written;

	if (!lib_statement_parse(ctx, text, size, &s)) {
		check_sums(&s);
		written = lib_statement_text(&s);
		if (lib_statement_parse(ctx, written, strlen(written), &again))
			fail("%s is not taken: %s", written, libdmwarrant_error(ctx));
		if (memcmp(&s.root, &again.root, offsetof(struct lib_evidence_root, tags)) ||
		    s.sealed != again.sealed || s.whole != again.whole || strcmp(s.key, again.key) ||
		    memcmp(s.root.tags, again.root.tags, s.root.tag_count * sizeof(*s.root.tags)))
			fail("%s says something else", written);
		lib_statement_free(&again);
		free(written);
	}
	lib_statement_free(&s);
}

/* ---- proofs ---- */

static void one_proof(const char *text, size_t size)
{
	struct lib_statement s;
	struct lib_proof p, again;
	char *written, *twice;
	size_t i;

	if (!lib_proof_parse(ctx, text, size, &p)) {
		for (i = 0; i < p.count; i++)
			if (p.extents[i].pieces[p.extents[i].extent.pieces - 1].first +
			    p.extents[i].pieces[p.extents[i].extent.pieces - 1].count !=
			    p.extents[i].extent.first + p.extents[i].extent.count)
				fail("the pieces of extent %zu do not make it up", i);
		written = lib_proof_text(&p);
		if (lib_proof_parse(ctx, written, strlen(written), &again))
			fail("%s is not taken: %s", written, libdmwarrant_error(ctx));
		twice = lib_proof_text(&again);
		if (strcmp(written, twice))
			fail("%s, then %s", written, twice);
		if (!lib_statement_parse(ctx, p.statement, strlen(p.statement), &s))
			lib_proof_check(ctx, &p, &s);
		lib_statement_free(&s);
		lib_proof_free(&again);
		free(written);
		free(twice);
	}
	lib_proof_free(&p);
}

/* ---- pieces ---- */

struct seen {
	struct lib_evidence_extent	last;
	u64				extents;
	u64				sectors;
};

static int take_extent(void *arg, const struct lib_evidence_extent *e)
{
	struct seen *s = arg;

	if (s->last.count && (e->first < s->last.first + s->last.count ||
			      (e->first == s->last.first + s->last.count && e->tag == s->last.tag)))
		fail("extent %llu is no extent of its own", (unsigned long long)e->number);
	if (e->number != s->extents)
		fail("extent %llu is the %lluth", (unsigned long long)e->number,
		     (unsigned long long)s->extents);
	s->last = *e;
	s->extents++;
	s->sectors += e->count;
	return 0;
}

static void take_pieces(struct input *in, struct lib_builder *b, u64 end, u64 *sectors)
{
	struct lib_evidence_piece p, last = { 0 };

	while (in->left) {
		memset(&p, 0, sizeof(p));
		p.first = take(in, 3);
		p.count = take(in, 1);
		p.tag = take(in, 1);
		if (lib_piece_check(&p, &last, end))
			return;
		if (!p.count || p.first + p.count > end ||
		    p.first >> DMW_FANOUT_SHIFT != (p.first + p.count - 1) >> DMW_FANOUT_SHIFT)
			fail("a piece that reaches too far");
		if (lib_builder_add(b, &p))
			fail("a piece is not taken");
		*sectors += p.count;
		last = p;
	}
}

static void some_pieces(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u64 end = take(&in, 3), sectors = 0, sum = 0;
	u8 root[LIB_HASH_SIZE];
	struct seen seen = { 0 };
	struct lib_builder b;
	u32 i;

	if (lib_builder_init(&b))
		fail("no builder");
	b.extent = take_extent;
	b.arg = &seen;
	take_pieces(&in, &b, end, &sectors);
	if (lib_builder_end(&b, root))
		fail("no root");
	for (i = 0; i < b.count; i++)
		sum += b.tags[i].sum.sectors;
	if (seen.sectors != sectors || sum != sectors || sectors > end)
		fail("%llu sectors, %llu in extents, %llu in tags", (unsigned long long)sectors,
		     (unsigned long long)seen.sectors, (unsigned long long)sum);
	lib_builder_free(&b);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	if (!ctx && libdmwarrant_new(&ctx))
		fail("no context");
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (data[0] == 's')
		one_statement(text, size - 1);
	else if (data[0] == 'p')
		one_proof(text, size - 1);
	else
		some_pieces(data + 1, size - 1);
	free(text);
	return 0;
}
