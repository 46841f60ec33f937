// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The texts that officers sign. They are read by people before they are signed, so each fact stands
 * in a line of its own, and no fact can look like another line. They are made from the entry's
 * members, and compared with what was stored, so that the two can never say different things.
 */
#include "control_state.h"
#include "json.h"

/* Characters that turn the direction of what follows, or cannot be seen. */
static bool misleads(u32 c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	       (c >= 0xe0000 && c <= 0xe0fff) || (c >= 0x115f && c <= 0x1160) ||
	       (c >= 0x180b && c <= 0x180f) || c == 0xfeff || c == 0x061c || c == 0x00ad ||
	       c == 0x034f || c == 0x3164 || c == 0xffa0;
}

/**
 * lib_control_line() - refuse what cannot stand in a line of such a text
 * @what:   it is, for the error
 * @text:   NULL is as ""
 * @needed: it must not be empty or blank
 */
int lib_control_line(struct libdmwarrant *ctx, const char *what, const char *text, bool needed)
{
	const char *at = text ? text : "";
	size_t left = strlen(at), n;
	bool seen = false;
	u32 c;

	if (left > LIB_CONTROL_LINE_MAX)
		return lib_fail(ctx, -EINVAL, "the %s is longer than %u bytes", what,
				LIB_CONTROL_LINE_MAX);
	for (; left; at += n, left -= n) {
		n = lib_utf8_next(at, left, &c);
		if (!n || lib_is_control(c) || misleads(c))
			return lib_fail(ctx, -EINVAL,
					"the %s must be one line of UTF-8 text without control characters or such as cannot be seen",
					what);
		seen |= c != ' ' && c != 0xa0;
	}
	if (needed && !seen)
		return lib_fail(ctx, -EINVAL, "the %s is missing", what);
	return 0;
}

/* ---- lines ---- */

/*
 * Names of warrants, volumes and tags were given long before, and by others: what would mislead in
 * them is written out, so that they can be signed for.
 */
static void value(FILE *f, const char *text)
{
	size_t left = strlen(text), n;
	u32 c;

	for (; left; text += n, left -= n) {
		n = lib_utf8_next(text, left, &c);
		if (n && !lib_is_control(c) && !misleads(c)) {
			fwrite(text, 1, n, f);
			continue;
		}
		fprintf(f, "<U+%04X>", n ? c : (u8)*text);
		n = n ? n : 1;
	}
}

static void line(FILE *f, const char *name, const char *text)
{
	if (!text[0])
		return;
	fprintf(f, "%s: ", name);
	value(f, text);
	putc('\n', f);
}

static void line_of(FILE *f, const char *name, struct json_object *o, const char *member)
{
	line(f, name, lib_warrant_text(o, member));
}

static void duration(FILE *f, const char *name, s64 seconds)
{
	fprintf(f, "%s: %lld seconds", name, (long long)seconds);
	if (seconds && seconds % 86400 == 0)
		fprintf(f, " (%lld days)", (long long)seconds / 86400);
	putc('\n', f);
}

static void policy(FILE *f, const char *prefix, struct json_object *o)
{
	char name[32];

	snprintf(name, sizeof(name), "%sApprovals", prefix);
	fprintf(f, "%s: %lld\n", name, (long long)lib_get_number(o, "Approvals"));
	snprintf(name, sizeof(name), "%sWaiting", prefix);
	duration(f, name, lib_get_number(o, "Waiting"));
}

/* Of a whole warrant: each goes with it. */
static void volumes(FILE *f, struct json_object *all)
{
	size_t i, count = all ? json_object_array_length(all) : 0;
	struct json_object *v;

	for (i = 0; i < count; i++) {
		v = json_object_array_get_idx(all, i);
		fprintf(f, "Volume: %s ", lib_warrant_text(v, "UUID"));
		value(f, lib_warrant_text(v, "Name"));
		putc('\n', f);
	}
}

static void target(FILE *f, struct json_object *t)
{
	s64 tag = lib_get_number(t, "Tag");

	line_of(f, "Warrant", t, "Warrant");
	line_of(f, "Warrant-UUID", t, "WarrantUUID");
	volumes(f, lib_get_array(t, "Volumes"));
	line_of(f, "Volume", t, "Volume");
	line_of(f, "Volume-UUID", t, "VolumeUUID");
	line_of(f, "Volume-Binding", t, "Binding");
	if (tag > 0)
		fprintf(f, "Tag: %lld\n", (long long)tag);
	line_of(f, "Tag-Name", t, "TagName");
	line_of(f, "Officer", t, "Officer");
	line_of(f, "Role", t, "Role");
	line_of(f, "Fingerprint", t, "Fingerprint");
	line_of(f, "Authority", t, "Authority");
	line_of(f, "Reason", t, "Reason");
	line_of(f, "Clock", t, "Clock");
	if (lib_get_number(t, "Approvals") >= 0)
		policy(f, "New-", t);
}

static void order(FILE *f, struct json_object *o)
{
	line_of(f, "Order", o, "Reference");
	line_of(f, "Order-Date", o, "Date");
	line_of(f, "Order-Authority", o, "Authority");
	line_of(f, "Order-SHA256", o, "SHA256");
}

/* What signing it means, in the signer's words. */
static const char *meaning(const char *kind)
{
	if (!strncmp(kind, "shred-", 6))
		return "Who signs this asks for, or agrees to, the destruction of all keys of what\n"
		       "is named above. It cannot be undone.\n";
	return "Who signs this asks for, or agrees to, what is named above.\n";
}

/* What write() prints to, as a text. Return: free() it; NULL = no memory */
static char *print(void (*write)(FILE *f, const void *arg), const void *arg)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	write(f, arg);
	if (!ferror(f) && !fclose(f))
		return text;
	free(text);
	return NULL;
}

static void write_request(FILE *f, const void *arg)
{
	struct json_object *body = (struct json_object *)arg;

	fputs("dm-warrant request 1\n", f);
	line_of(f, "Registry", body, "Registry");
	line_of(f, "Request", body, "Request");
	line_of(f, "Kind", body, "Kind");
	line_of(f, "Ground", body, "Ground");
	target(f, lib_get_object(body, "Target"));
	order(f, lib_get_object(body, "Order"));
	line_of(f, "Requester", body, "Requester");
	line_of(f, "Requester-Fingerprint", body, "Fingerprint");
	line_of(f, "Time", body, "Time");
	policy(f, "", lib_get_object(body, "Policy"));
	fprintf(f, "Log-Size: %lld\n", (long long)lib_get_number(body, "LogSize"));
	line_of(f, "Log-Root", body, "LogRoot");
	fprintf(f, "\n%s", meaning(lib_warrant_text(body, "Kind")));
}

/** lib_control_request_text() - of the body of request.made. Return: free() it; NULL */
char *lib_control_request_text(struct json_object *body)
{
	return print(write_request, body);
}

static void write_cancel(FILE *f, const void *arg)
{
	const struct lib_request *q = arg;
	char digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];

	lib_hex(digest, q->digest, sizeof(q->digest));
	fputs("dm-warrant cancellation 1\n", f);
	line_of(f, "Registry", q->body, "Registry");
	line(f, "Request", q->id);
	line(f, "Request-SHA256", digest);
	line_of(f, "Kind", q->body, "Kind");
	target(f, lib_get_object(q->body, "Target"));
	fputs("\nWho signs this stops the request named above.\n", f);
}

char *lib_control_cancel_text(const struct lib_request *q)
{
	return print(write_cancel, q);
}

/** struct resign - what a resignation is made of */
struct resign {
	const char	*origin;
	const char	*name;
	const char	*print;
	const char	*reason;
};

static void write_resign(FILE *f, const void *arg)
{
	const struct resign *s = arg;

	fputs("dm-warrant revocation 1\n", f);
	line(f, "Registry", s->origin);
	line(f, "Officer", s->name);
	line(f, "Fingerprint", s->print);
	line(f, "Reason", s->reason);
	fputs("\nWho signs this gives up being an officer, for ever, with this key.\n", f);
}

char *lib_control_resign_text(const char *origin, const char *name, const char *fingerprint,
			      const char *reason)
{
	const struct resign s = { origin, name, fingerprint, reason };

	return print(write_resign, &s);
}
