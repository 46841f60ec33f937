// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Can the clock be believed? It must not be older than anything that was ever recorded; and where
 * two entries were written by one boot of a host, it must have run as fast as that kernel's own
 * count, which nobody can set.
 */
#include <time.h>

#include "retention_state.h"

/**
 * struct boot - a boot of a host, as entries show it
 * @id:      of it
 * @when:    first entry, by the clock
 * @seconds: the same, by the kernel's count
 */
struct boot {
	char	id[37];
	s64	when;
	s64	seconds;
};

/**
 * struct clock - what the log shows
 * @newest: time that was seen
 * @ignore: anchors up to this time were there before a time was accepted
 * @boots:  since then
 * @count:  of them
 * @why:    the clock was set, as two entries show; "" = it was not
 * @last:   kind of the newest entry about the clock itself
 */
struct clock {
	s64		newest;
	s64		ignore;
	struct boot	*boots;
	size_t		count;
	char		why[200];
	char		last[16];
};

static s64 boot_seconds(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_BOOTTIME, &t) ? 0 : t.tv_sec;
}

int lib_clock_stamp(struct libdmwarrant_registry *r, struct json_object *body)
{
	struct json_object *o = json_object_new_object();

	if (o && !json_object_object_add(o, "Boot", json_object_new_string(r->who.boot_id)) &&
	    !json_object_object_add(o, "Seconds", json_object_new_int64(boot_seconds())) &&
	    !json_object_object_add(body, "Clock", o))
		return 0;
	json_object_put(o);
	return lib_fail(r->ctx, -ENOMEM, "not enough memory for the entry");
}

/* ---- the log ---- */

/* Has the clock moved against the count between two moments of a boot? */
static void compare(struct clock *c, const struct boot *b, s64 when, s64 seconds)
{
	s64 moved = (when - b->when) - (seconds - b->seconds);
	char text[32];

	if (moved <= LIB_CLOCK_AHEAD && moved >= -LIB_CLOCK_BEHIND)
		return;
	snprintf(c->why, sizeof(c->why), "it was set %s by %lld s after %s, within one boot",
		 moved > 0 ? "forward" : "back", (long long)(moved > 0 ? moved : -moved),
		 lib_time_format(b->when, text));
}

static int see_boot(struct clock *c, const char *id, s64 when, s64 seconds)
{
	struct boot *b = c->boots, *more;

	for (; b < c->boots + c->count && strcmp(b->id, id); b++)
		;
	if (b == c->boots + c->count) {
		more = reallocarray(c->boots, c->count + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->boots = more;
		b = &more[c->count++];
		lib_copy(b->id, sizeof(b->id), id);
		b->when = when;
		b->seconds = seconds;
	} else if (!c->why[0]) {
		/* With the first, not the last: many small steps make a large one. */
		compare(c, b, when, seconds);
	}
	return 0;
}

/* Two officers have looked: from here on it is as if the log began. */
static void accept(struct clock *c, const struct lib_audit_entry *e)
{
	c->ignore = json_object_get_int64(json_object_object_get(e->body, "Anchors"));
	c->newest = json_object_get_int64(json_object_object_get(e->body, "Time"));
	c->count = 0;
	c->why[0] = 0;
}

static int take(void *arg, const struct lib_audit_entry *e)
{
	struct json_object *stamp = json_object_object_get(e->body, "Clock");
	const char *boot = lib_warrant_text(stamp, "Boot");
	struct clock *c = arg;

	if (!strcmp(e->kind, "clock.accepted"))
		accept(c, e);
	if (!strncmp(e->kind, "clock.", 6))
		lib_copy(c->last, sizeof(c->last), e->kind);
	if (e->when > c->newest)
		c->newest = e->when;
	if (!*boot)
		return 0;
	return see_boot(c, boot, e->when,
			json_object_get_int64(json_object_object_get(stamp, "Seconds")));
}

static int read_log(struct libdmwarrant_registry *r, struct clock *c)
{
	int ret = lib_audit_each(r, NULL, take, c);
	s64 anchor = 0;

	if (ret == -ENOMEM)
		return lib_fail(r->ctx, ret, "not enough memory for the log");
	if (!ret)
		ret = lib_sql(r, lib_row_number, &anchor, "SELECT MAX(made) FROM anchors WHERE made > $1",
			      lib_number(c->ignore));
	if (anchor > c->newest)
		c->newest = anchor;
	return ret;
}

/* ---- the check ---- */

static int judge(struct libdmwarrant_registry *r, struct clock *c, s64 now)
{
	char newest[32], text[32];

	if (now < c->newest - LIB_CLOCK_BEHIND)
		return lib_fail(r->ctx, -ETIME,
				"the clock says %s, but %s was recorded already: nothing is destroyed until the clock is right or two officers accept it (a request of kind clock)",
				lib_time_format(now, text), lib_time_format(c->newest, newest));
	if (see_boot(c, r->who.boot_id, now, boot_seconds()))
		return lib_fail(r->ctx, -ENOMEM, "not enough memory for the log");
	if (!c->why[0])
		return 0;
	return lib_fail(r->ctx, -ETIME,
			"the clock cannot be believed, %s: nothing is destroyed until two officers accept it (a request of kind clock)",
			c->why);
}

static int check(struct libdmwarrant_registry *r, struct clock *c, s64 now)
{
	int ret = read_log(r, c) ?: judge(r, c, now);

	free(c->boots);
	c->boots = NULL;
	return ret;
}

int lib_clock_check(struct libdmwarrant_registry *r, s64 now)
{
	struct clock c = { 0 };

	return check(r, &c, now);
}

/* ---- entries about the clock ---- */

static int append(struct libdmwarrant_registry *r, const char *kind, struct json_object *body)
{
	int ret = body ? lib_clock_stamp(r, body) ?: lib_audit_append(r, kind, body, NULL) :
		lib_fail(r->ctx, -ENOMEM, "not enough memory for the entry");

	json_object_put(body);
	return ret;
}

static struct json_object *accepted_body(s64 now, s64 anchors, const char *request)
{
	struct json_object *body = json_object_new_object();

	if (body && !json_object_object_add(body, "Time", json_object_new_int64(now)) &&
	    !json_object_object_add(body, "Anchors", json_object_new_int64(anchors)) &&
	    !json_object_object_add(body, "Request", json_object_new_string(request)))
		return body;
	json_object_put(body);
	return NULL;
}

int lib_clock_accept(struct libdmwarrant_registry *r, s64 time, const char *request)
{
	s64 now = lib_registry_now(), anchors = 0;
	char accepted[32], text[32];
	int ret;

	if (now < time - LIB_CLOCK_BEHIND || now > time + LIB_CLOCK_AHEAD)
		return lib_fail(r->ctx, -ETIME,
				"the officers have accepted %s, but the clock says %s by now; they must look again",
				lib_time_format(time, accepted), lib_time_format(now, text));
	ret = lib_sql(r, lib_row_number, &anchors, "SELECT MAX(made) FROM anchors");
	return ret ?: append(r, "clock.accepted", accepted_body(now, anchors, request));
}

/* A clock that is wrong is an entry once, not once a day. */
static int append_suspect(struct libdmwarrant_registry *r, const struct clock *c, const char *why)
{
	struct json_object *body;

	if (!strcmp(c->last, "clock.suspect"))
		return 0;
	body = json_object_new_object();
	if (body && json_object_object_add(body, "Reason", json_object_new_string(why))) {
		json_object_put(body);
		body = NULL;
	}
	return append(r, "clock.suspect", body);
}

/* @checked: 0 or -ETIME; the error stays what the check has said. */
static int note(struct libdmwarrant_registry *r, const struct clock *c, int checked)
{
	char why[sizeof(r->ctx->error)];
	int ret;

	if (!checked)
		return append(r, "clock.mark", json_object_new_object());
	lib_copy(why, sizeof(why), r->ctx->error);
	ret = append_suspect(r, c, why);
	if (!ret)
		lib_fail(r->ctx, checked, "%s", why);
	return ret;
}

int libdmwarrant_retention_clock(struct libdmwarrant_registry *r, int marked)
{
	struct clock c = { 0 };
	int ret = lib_registry_begin(r, marked), checked;

	if (ret)
		return ret;
	checked = check(r, &c, lib_registry_now());
	if (!marked || (checked && checked != -ETIME))
		return lib_registry_end(r, checked);
	return lib_registry_end(r, note(r, &c, checked)) ?: checked;
}
