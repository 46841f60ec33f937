// SPDX-License-Identifier: GPL-2.0-or-later
/* Dual control: how entries get into the log, and refusals too. */
#include "control_enter.h"
#include "json.h"

/* Refused by the rules; all else is no officer's doing and no entry. */
static bool is_refusal(int err)
{
	switch (-err) {
	case EINVAL:
	case ENOENT:
	case EPERM:
	case EKEYREJECTED:
	case EKEYEXPIRED:
	case EALREADY:
	case EEXIST:
	case ECANCELED:
	case EBUSY:
	case EAGAIN:
	case ESTALE:
	case ETIME:
		return true;
	}
	return false;
}

/* What somebody has typed may be anything. */
static const char *shown(struct libdmwarrant *ctx, const char *text, char quoted[LIB_QUOTE_SIZE])
{
	if (!lib_control_line(ctx, "text", text, false))
		return text;
	return lib_quote(quoted, text, strlen(text));
}

/* An error may quote a path or a name byte by byte. */
static void clean(char *text)
{
	size_t left = strlen(text), n;
	u32 c;

	for (; left; text += n, left -= n) {
		n = lib_utf8_next(text, left, &c);
		if (n && !lib_is_control(c))
			continue;
		n = n ? n : 1;
		memset(text, '?', n);
	}
}

static int append_refusal(const struct lib_attempt *a, const char *why)
{
	struct libdmwarrant *ctx = a->c.ctx;
	struct json_object *body = json_object_new_object();
	char request[LIB_QUOTE_SIZE], officer[LIB_QUOTE_SIZE];
	int ret = -ENOMEM;

	if (body && lib_put_text(body, "Act", a->act) && lib_put_text(body, "Error", why) &&
	    (!a->request || lib_put_text(body, "Request", shown(ctx, a->request, request))) &&
	    (!a->officer || lib_put_text(body, "Officer", shown(ctx, a->officer, officer))))
		ret = lib_clock_stamp(a->c.r, body) ?:
			lib_audit_append(a->c.r, "request.refused", body, NULL);
	json_object_put(body);
	return ret;
}

int lib_attempt_begin(struct lib_attempt *a, struct libdmwarrant_registry *r)
{
	int ret = lib_registry_begin(r, true);

	a->c.r = NULL;
	return ret ?: lib_control_load(r, &a->c);
}

int lib_attempt_end(struct lib_attempt *a, int ret)
{
	struct libdmwarrant_registry *r = a->c.r;
	char why[sizeof(r->ctx->error)];
	int end;

	if (!r)
		return ret;
	if (!is_refusal(ret) || a->dry_run) {
		ret = lib_registry_end(r, ret ? ret : a->dry_run);
	} else {
		lib_copy(why, sizeof(why), r->ctx->error);
		clean(why);
		end = lib_registry_end(r, append_refusal(a, why));
		ret = end ? lib_fail(r->ctx, ret, "%s (this refusal could not be recorded)", why) :
			lib_fail(r->ctx, ret, "%s", why);
	}
	lib_control_free(&a->c);
	return ret;
}

int lib_control_try(struct lib_control *c, const char *kind, struct json_object *body)
{
	return lib_clock_stamp(c->r, body) ?:
		lib_control_judge(c, c->tree.size, lib_registry_now(), kind, body);
}

int lib_control_enter(struct lib_control *c, const char *kind, struct json_object *body)
{
	return lib_control_try(c, kind, body) ?: lib_audit_append(c->r, kind, body, NULL);
}
