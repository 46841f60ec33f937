// SPDX-License-Identifier: GPL-2.0-or-later
/* Witnesses (https://c2sp.org/tlog-witness), by file: what they are asked, and what they answer. */
#include "base64.h"
#include "audit_copy.h"
#include "json.h"

static int no_memory(struct libdmwarrant *ctx)
{
	return lib_fail(ctx, -ENOMEM, "not enough memory for a witness's request or answer");
}

/* ---- asking ---- */

static char *write_request(u64 old, const struct lib_merkle_proof *p,
			   const struct lib_checkpoint *cp)
{
	char hash[4 * DIV_ROUND_UP(LIB_MERKLE_HASH, 3) + 1], *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "old %llu\n", (unsigned long long)old);
	for (i = 0; i < p->count; i++) {
		lib_base64(hash, p->hash[i], LIB_MERKLE_HASH);
		fprintf(f, "%s\n", hash);
	}
	fprintf(f, "\n%.*s", (int)lib_audit_own_note(cp), cp->text);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static int make_request(struct libdmwarrant_registry *r, struct lib_audit_copy *c, u64 old,
			char **request)
{
	struct lib_merkle_proof p = { 0 };
	u64 size;
	int ret;

	if (old > c->count)
		return lib_fail(r->ctx, -EINVAL,
				"the witness has cosigned %llu entries, but the log has %llu: it was cut off, or that was another log",
				(unsigned long long)old, (unsigned long long)c->count);
	if (old && lib_merkle_consistency(&c->merkle, c->leaves, c->count, old, &p))
		return no_memory(r->ctx);
	*request = write_request(old, &p, &c->notes[c->note_count - 1].cp);
	if (!*request)
		return no_memory(r->ctx);
	ret = lib_audit_show_checkpoint(r, "witness", &size);
	if (ret)
		free(*request);
	return ret;
}

static int request_in(struct libdmwarrant_registry *r, u64 old, char **request)
{
	struct lib_audit_copy c = { 0 };
	int ret = lib_audit_copy_read(r, &c) ?: make_request(r, &c, old, request);

	lib_audit_copy_free(&c);
	return ret;
}

int libdmwarrant_audit_cosign_request(struct libdmwarrant_registry *r, uint64_t old,
				      char **request)
{
	int ret = lib_registry_begin(r, true);

	return ret ?: lib_registry_end(r, request_in(r, old, request));
}

/* ---- taking the answer ---- */

/* The lines of an answer: of a whole note they are those below its text. */
static const char *find_lines(const char *answer)
{
	const char *below = strstr(answer, "\n\n");

	return below ? below + 2 : answer;
}

/* One line of the answer below the first @size bytes of a checkpoint's note; free() it. */
static char *join(const struct lib_checkpoint *cp, size_t size, const char *line, size_t n)
{
	char *note;

	if (asprintf(&note, "%.*s%.*s\n", (int)size, cp->text, (int)n, line) < 0)
		return NULL;
	return note;
}

static bool is_cosigned(struct libdmwarrant *ctx, const char *note, const struct lib_verifier *v)
{
	struct lib_checkpoint cp;

	return !lib_checkpoint_parse(ctx, note, strlen(note), &cp) &&
	       !lib_checkpoint_check(&cp, v, NULL);
}

/* Is the line a cosignature of that checkpoint? @note receives both together. */
static int try_line(struct libdmwarrant *ctx, const struct lib_checkpoint *cp,
		    const struct lib_verifier *v, const char *line, size_t n, char **note)
{
	char *text = join(cp, lib_audit_own_note(cp), line, n);
	bool fits = text && is_cosigned(ctx, text, v);

	if (!text)
		return no_memory(ctx);
	free(text);
	if (!fits)
		return -EBADMSG;
	/* Another checkpoint may have that witness's line; only here it would be a second one. */
	if (!lib_checkpoint_check(cp, v, NULL))
		return lib_fail(ctx, -EEXIST, "that witness has cosigned the checkpoint of %llu entries already",
				(unsigned long long)cp->size);
	*note = join(cp, cp->signatures + cp->signatures_size - cp->text, line, n);
	return *note ? 0 : no_memory(ctx);
}

/* Which of the checkpoints, and which of the lines? */
static int match(struct libdmwarrant *ctx, const struct lib_audit_stored *all, size_t count,
		 const struct lib_verifier *v, const char *answer, u64 *size, char **note)
{
	const char *line, *end;
	int ret = -EBADMSG;
	size_t i;

	for (i = count; ret == -EBADMSG && i; i--)
		for (line = find_lines(answer); ret == -EBADMSG && *line; line = end + !!*end) {
			end = strchrnul(line, '\n');
			*size = all[i - 1].cp.size;
			ret = try_line(ctx, &all[i - 1].cp, v, line, end - line, note);
		}
	if (ret == -EBADMSG)
		lib_fail(ctx, ret,
			 "that is no cosignature by %s of a checkpoint that was given to a witness; ask it again for the present one",
			 v->name);
	return ret;
}

static int import(struct libdmwarrant_registry *r, const struct lib_verifier *v,
		  const char *key, const char *answer, u64 *size)
{
	struct lib_audit_stored *all;
	char *note = NULL;
	size_t count;
	int ret = lib_audit_load(r) ?: lib_audit_checkpoints(r, &all, &count);

	if (ret)
		return ret;
	ret = match(r->ctx, all, count, v, answer, size, &note);
	if (!ret)
		ret = lib_sql(r, NULL, NULL,
			      "UPDATE audit_checkpoints SET note = $1 WHERE size = $2",
			      lib_text(note), lib_number(*size)) ?:
			lib_audit_attest(r, *size, LIB_AUDIT_COSIGNED, key, "");
	free(note);
	lib_audit_stored_free(all, count);
	return ret;
}

int libdmwarrant_audit_cosign_import(struct libdmwarrant_registry *r, const char *answer,
				     const char *key, uint64_t *size)
{
	struct lib_verifier v;
	u64 cosigned = 0;
	int ret = lib_verifier_parse(r->ctx, key, &v);

	if (ret)
		return ret;
	if (v.type != LIB_NOTE_COSIGNATURE)
		return lib_fail(r->ctx, -EINVAL,
				"that is the key of a log; a witness's has the type 0x04");
	ret = lib_registry_begin(r, true);
	if (!ret)
		ret = lib_registry_end(r, import(r, &v, key, answer, &cosigned));
	*size = cosigned;
	return ret;
}
