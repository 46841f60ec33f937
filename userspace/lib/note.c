// SPDX-License-Identifier: GPL-2.0-or-later
/* Signed notes, log checkpoints, cosignatures: reading, verifying, making. */
#include "base64.h"
#include "json.h"
#include "note.h"

#define KEY_ID_SIZE	4
#define TIME_SIZE	8	/* of a cosignature, before the Ed25519 signature */
#define LINES_MAX	32	/* signatures of a note */
#define BASE64_MAX	8192	/* bytes of a signature, of whatever algorithm */

/* What a signature line begins with: an em dash and a space. */
static const char dash[] = "\xe2\x80\x94 ";

/* ---- keys ---- */

bool lib_note_is_name(const char *name)
{
	size_t size = strlen(name), n;
	const char *c;
	u32 u;

	if (!size || size >= LIB_NOTE_NAME_SIZE)
		return false;
	for (c = name; *c; c += n) {
		n = lib_utf8_next(c, name + size - c, &u);
		/* Spaces of Unicode would pass for a space, which ends a name. */
		if (!n || lib_is_control(u) || u == ' ' || u == '+' || u == 0x2028 || u == 0x2029)
			return false;
	}
	return true;
}

static void key_id(const struct lib_verifier *v, u8 id[KEY_ID_SIZE])
{
	u8 input[LIB_NOTE_NAME_SIZE + 1 + LIB_KEY_SIZE], digest[LIB_MERKLE_HASH];
	size_t n = strlen(v->name);

	memcpy(input, v->name, n);
	input[n] = '\n';
	input[n + 1] = v->type;
	memcpy(input + n + 2, v->public_key, LIB_KEY_SIZE);
	memset(id, 0, KEY_ID_SIZE);
	if (EVP_Digest(input, n + 2 + LIB_KEY_SIZE, digest, NULL, EVP_sha256(), NULL))
		memcpy(id, digest, KEY_ID_SIZE);
}

void lib_verifier_format(const struct lib_verifier *v, char text[LIB_VERIFIER_SIZE])
{
	char hex[2 * KEY_ID_SIZE + 1], key[4 * DIV_ROUND_UP(1 + LIB_KEY_SIZE, 3) + 1];
	u8 typed[1 + LIB_KEY_SIZE], id[KEY_ID_SIZE];

	key_id(v, id);
	lib_hex(hex, id, sizeof(id));
	typed[0] = v->type;
	memcpy(typed + 1, v->public_key, LIB_KEY_SIZE);
	lib_base64(key, typed, sizeof(typed));
	snprintf(text, LIB_VERIFIER_SIZE, "%s+%s+%s", v->name, hex, key);
}

static bool take_verifier(const char *text, struct lib_verifier *v)
{
	const char *first = strchr(text, '+');
	u8 typed[1 + LIB_KEY_SIZE];
	char again[LIB_VERIFIER_SIZE];

	if (!first || first - text >= LIB_NOTE_NAME_SIZE || strlen(text) >= LIB_VERIFIER_SIZE ||
	    strlen(first) < 2 + 2 * KEY_ID_SIZE || first[1 + 2 * KEY_ID_SIZE] != '+')
		return false;
	memset(v, 0, sizeof(*v));
	memcpy(v->name, text, first - text);
	first += 2 + 2 * KEY_ID_SIZE;
	if (!lib_note_is_name(v->name) ||
	    lib_unbase64(typed, sizeof(typed), first, strlen(first)) != sizeof(typed))
		return false;
	v->type = typed[0];
	memcpy(v->public_key, typed + 1, LIB_KEY_SIZE);
	lib_verifier_format(v, again);
	return !strcmp(again, text) &&
	       (v->type == LIB_NOTE_ED25519 || v->type == LIB_NOTE_COSIGNATURE);
}

int lib_verifier_parse(struct libdmwarrant *ctx, const char *text, struct lib_verifier *v)
{
	char quoted[LIB_QUOTE_SIZE];

	if (take_verifier(text, v))
		return 0;
	return lib_fail(ctx, -EINVAL,
			"%s is no verifier key; it must be NAME+HASH+BASE64 of an Ed25519 key, as audit key prints it",
			lib_quote(quoted, text, strlen(text)));
}

/* ---- checkpoints ---- */

/* The next line of what is left; moves behind it. Return: its length; -1 = there is none. */
static ssize_t next_line(const char **p, const char *end, const char **line)
{
	const char *stop = *p < end ? memchr(*p, '\n', end - *p) : NULL;

	if (!stop)
		return -1;
	*line = *p;
	*p = stop + 1;
	return stop - *line;
}

static bool take_size(const char *line, ssize_t n, u64 *size)
{
	ssize_t i;

	if (n < 1 || n > 18 || (line[0] == '0' && n > 1))
		return false;
	*size = 0;
	for (i = 0; i < n; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		*size = 10 * *size + line[i] - '0';
	}
	return true;
}

/* Three lines and no extension: that is all that a log of ours says. */
static bool take_text(const char **p, const char *end, struct lib_checkpoint *cp)
{
	const char *line;
	ssize_t n = next_line(p, end, &line);

	if (n < 1 || n >= LIB_NOTE_NAME_SIZE || memchr(line, 0, n))
		return false;
	memset(cp->origin, 0, sizeof(cp->origin));
	memcpy(cp->origin, line, n);
	n = next_line(p, end, &line);
	if (!lib_note_is_name(cp->origin) || !take_size(line, n, &cp->size))
		return false;
	n = next_line(p, end, &line);
	return n > 0 && lib_unbase64(cp->root, sizeof(cp->root), line, n) == sizeof(cp->root);
}

/**
 * struct line - a signature line
 * @name:      of the key, not terminated
 * @name_size: bytes
 * @data:      key id and signature
 * @size:      bytes of it
 */
struct line {
	const char	*name;
	size_t		name_size;
	u8		data[BASE64_MAX];
	ssize_t		size;
};

static bool take_signature(const char *line, ssize_t n, struct line *s)
{
	const char *space, *base;
	size_t skip = sizeof(dash) - 1;

	if (n <= (ssize_t)skip || memcmp(line, dash, skip))
		return false;
	s->name = line + skip;
	space = memchr(s->name, ' ', n - skip);
	if (!space || space == s->name)
		return false;
	s->name_size = space - s->name;
	base = space + 1;
	s->size = lib_unbase64(s->data, sizeof(s->data), base, line + n - base);
	return s->size > KEY_ID_SIZE;
}

static bool take_signatures(const char **p, const char *end)
{
	const char *line;
	struct line s;
	unsigned int count = 0;
	ssize_t n;

	while (*p < end) {
		n = next_line(p, end, &line);
		if (n < 0 || ++count > LINES_MAX || !take_signature(line, n, &s))
			return false;
	}
	return count;
}

int lib_checkpoint_parse(struct libdmwarrant *ctx, const char *note, size_t size,
			 struct lib_checkpoint *cp)
{
	const char *p = note, *end = note + size, *line;

	cp->text = note;
	if (size <= LIB_NOTE_MAX && take_text(&p, end, cp)) {
		cp->text_size = p - note;
		if (!next_line(&p, end, &line)) {
			cp->signatures = p;
			cp->signatures_size = end - p;
			if (take_signatures(&p, end))
				return 0;
		}
	}
	return lib_fail(ctx, -EBADMSG,
			"that is no signed checkpoint of an audit log; it must be three lines, an empty one, and signatures");
}

/* ---- signatures ---- */

static int check_line(const struct lib_checkpoint *cp, const struct lib_verifier *v,
		      const struct line *s, u64 *when)
{
	const u8 *p = s->data + KEY_ID_SIZE;
	char text[64 + LIB_NOTE_NAME_SIZE + 128];
	u64 seconds = 0;
	int i, n;

	if (v->type == LIB_NOTE_ED25519)
		return s->size != KEY_ID_SIZE + LIB_SIGNATURE_SIZE ? -EBADMSG :
			lib_signature_check(v->public_key, cp->text, cp->text_size, p);
	if (s->size != KEY_ID_SIZE + TIME_SIZE + LIB_SIGNATURE_SIZE)
		return -EBADMSG;
	for (i = 0; i < TIME_SIZE; i++)
		seconds = seconds << 8 | *p++;
	n = snprintf(text, sizeof(text), "cosignature/v1\ntime %llu\n%.*s",
		     (unsigned long long)seconds, (int)cp->text_size, cp->text);
	if (n >= (int)sizeof(text))
		return -EBADMSG;
	*when = seconds;
	return lib_signature_check(v->public_key, text, n, p);
}

int lib_checkpoint_check(const struct lib_checkpoint *cp, const struct lib_verifier *v, u64 *when)
{
	const char *p = cp->signatures, *end = p + cp->signatures_size, *line;
	u8 id[KEY_ID_SIZE];
	u64 seconds = 0;
	struct line s;
	ssize_t n;
	int ret = -ENOKEY;

	key_id(v, id);
	while (ret == -ENOKEY && p < end) {
		n = next_line(&p, end, &line);
		if (n < 0 || !take_signature(line, n, &s))
			return -EBADMSG;
		if (s.name_size == strlen(v->name) && !memcmp(s.name, v->name, s.name_size) &&
		    !memcmp(s.data, id, sizeof(id)))
			ret = check_line(cp, v, &s, &seconds);
	}
	if (when)
		*when = seconds;
	return ret;
}

char *lib_checkpoint_sign(struct libdmwarrant *ctx, const struct lib_signer *s,
			  const char *origin, u64 size, const u8 root[LIB_MERKLE_HASH])
{
	char root_text[4 * DIV_ROUND_UP(LIB_MERKLE_HASH, 3) + 1];
	u8 signature[KEY_ID_SIZE + LIB_SIGNATURE_SIZE];
	char base[4 * DIV_ROUND_UP(sizeof(signature), 3) + 1];
	struct lib_verifier v = { .type = LIB_NOTE_ED25519 };
	char text[LIB_NOTE_NAME_SIZE + 128], *note = NULL;
	int n;

	lib_base64(root_text, root, LIB_MERKLE_HASH);
	n = snprintf(text, sizeof(text), "%s\n%llu\n%s\n", origin, (unsigned long long)size,
		     root_text);
	lib_copy(v.name, sizeof(v.name), origin);
	memcpy(v.public_key, s->public_key, sizeof(v.public_key));
	key_id(&v, signature);
	if (lib_signer_sign(ctx, s, text, n, signature + KEY_ID_SIZE))
		return NULL;
	lib_base64(base, signature, sizeof(signature));
	if (asprintf(&note, "%s\n%s%s %s\n", text, dash, origin, base) < 0) {
		lib_fail(ctx, -ENOMEM, "not enough memory for a checkpoint");
		return NULL;
	}
	return note;
}
