// SPDX-License-Identifier: GPL-2.0-or-later
/* What people and programs get to see of a rotation. */
#include <string.h>

#include "key_rotate.h"

/* ---- JSON ---- */

static void set_epochs(struct json_object *o, const struct libdmwarrant_rotation *r)
{
	struct json_object *list = json_object_new_array(), *e;
	uint32_t i;

	for (i = 0; i < r->epoch_count; i++) {
		e = json_object_new_object();
		cli_set_u64(e, "epoch", r->epochs[i].epoch);
		cli_set_bool(e, "current", r->epochs[i].current);
		cli_set_time(e, "created", r->epochs[i].created);
		json_object_array_add(list, e);
	}
	json_object_object_add(o, "epochs", list);
}

static void set_store(struct json_object *o, const struct libdmwarrant_rotation *r)
{
	struct json_object *list;
	uint32_t i;

	if (!(r->flags & LIBDMWARRANT_ROTATION_STORE))
		return;
	list = json_object_new_array();
	for (i = 0; i < r->stored_count; i++)
		json_object_array_add(list, json_object_new_int64(r->stored_epochs[i]));
	json_object_object_add(o, "keystore_epochs", list);
	cli_set_u64(o, "key_generation", r->key_generation);
	cli_set_u64(o, "wrap_generation", r->wrap_generation);
}

static void set_sweep(struct json_object *o, const struct libdmwarrant_rotation *r)
{
	struct json_object *s = json_object_new_object();

	cli_set_u64(s, "swept_sectors", r->swept);
	cli_set_u64(s, "total_sectors", r->total);
	cli_set_u64(s, "resealed_sectors", r->resealed);
	cli_set_u64(s, "damaged_sectors", r->damaged);
	cli_set_u64(s, "shredded_sectors", r->shredded);
	cli_set_u64(s, "seconds", r->seconds);
	if (r->eta_seconds)
		cli_set_u64(s, "eta_seconds", r->eta_seconds);
	json_object_object_add(o, "sweep", s);
}

static void set(struct json_object *o, const struct libdmwarrant_rotation *r)
{
	cli_set_text(o, "name", r->record.name);
	cli_set_uuid(o, "uuid", r->record.uuid);
	cli_set_text(o, "warrant", r->record.warrant);
	cli_set_text(o, "phase", libdmwarrant_rotate_phase_name(r->phase));
	cli_set_u64(o, "epoch", r->epoch);
	cli_set_hex(o, "rotation", r->reference, sizeof(r->reference));
	set_epochs(o, r);
	set_sweep(o, r);
	set_store(o, r);
	if (r->share)
		cli_set_u64(o, "share_percent", r->share);
	cli_set_bool(o, "begun", r->flags & LIBDMWARRANT_ROTATION_BEGUN);
	cli_set_bool(o, "continued", r->flags & LIBDMWARRANT_ROTATION_CONTINUED);
	cli_set_bool(o, "finished", r->flags & LIBDMWARRANT_ROTATION_FINISHED);
	cli_set_u64(o, "new_keys", r->new_keys);
	cli_set_u64(o, "destroyed_keys", r->destroyed_keys);
	if (r->anchor.checkpoint)
		cli_set_anchor(o, "anchor", &r->anchor);
}

/* ---- text ---- */

static const char *what_next(uint32_t phase)
{
	switch (phase) {
	case LIBDMWARRANT_ROTATE_PREPARED:
		return "start";
	case LIBDMWARRANT_ROTATE_PAUSED:
	case LIBDMWARRANT_ROTATE_STOPPED:
	case LIBDMWARRANT_ROTATE_FAILED:
	case LIBDMWARRANT_ROTATE_DAMAGED:
		return "resume";
	case LIBDMWARRANT_ROTATE_SWEPT:
	case LIBDMWARRANT_ROTATE_RETIRED:
		return "finish";
	default:
		return NULL;
	}
}

static const char *in_words(uint32_t phase)
{
	switch (phase) {
	case LIBDMWARRANT_ROTATE_NONE:
		return "no rotation is under way";
	case LIBDMWARRANT_ROTATE_PREPARED:
		return "new keys are in the key store, their epoch has not begun";
	case LIBDMWARRANT_ROTATE_SWEEPING:
		return "sectors are sealed anew";
	case LIBDMWARRANT_ROTATE_PAUSED:
		return "the sweep is paused";
	case LIBDMWARRANT_ROTATE_STOPPED:
		return "the sweep has not been started since the volume was opened";
	case LIBDMWARRANT_ROTATE_FAILED:
		return "the sweep has failed: see the kernel's log";
	case LIBDMWARRANT_ROTATE_DAMAGED:
		return "sectors of the old epoch cannot be read, so its keys stay";
	case LIBDMWARRANT_ROTATE_SWEPT:
		return "nothing is under the old epoch any more; its keys are still there";
	case LIBDMWARRANT_ROTATE_RETIRED:
		return "the volume has left the old epoch; its keys are still there";
	default:
		return "unknown";
	}
}

static void show_sweep(struct cli *c, const struct libdmwarrant_rotation *r)
{
	double share = r->total ? 100.0 * r->swept / r->total : 0;

	cli_say(c, "  sweep         %.0f %%: %" PRIu64 " of %" PRIu64 " sectors, %" PRIu64
		" sealed anew", share, r->swept, r->total, r->resealed);
	if (r->damaged)
		cli_say(c, ", %" PRIu64 " damaged", r->damaged);
	if (r->shredded)
		cli_say(c, ", %" PRIu64 " shredded", r->shredded);
	if (r->phase == LIBDMWARRANT_ROTATE_SWEEPING && r->eta_seconds)
		cli_say(c, "; %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", r->eta_seconds / 3600,
			r->eta_seconds / 60 % 60, r->eta_seconds % 60);
	cli_say(c, "\n");
}

static void show(struct cli *c, const struct libdmwarrant_rotation *r)
{
	const char *next = what_next(r->phase);
	char time[32];
	uint32_t i;

	for (i = 0; i < r->epoch_count; i++)
		cli_say(c, "  epoch         %u, %s, since %s\n", r->epochs[i].epoch,
			r->epochs[i].current ? "current" : "old",
			cli_time(r->epochs[i].created, time));
	if (r->epoch_count > 1)
		show_sweep(c, r);
	if (r->phase)
		cli_say(c, "  rotation      %s%s%s%s%s\n", in_words(r->phase),
			next ? ": warrantctl key rotate " : "", next ? next : "", next ? " " : "",
			next ? r->record.name : "");
}

/** cli_rotation_brief() - as part of volume status */
void cli_rotation_brief(struct cli *c, const struct libdmwarrant_rotation *r)
{
	cli_set_text(c->out, "rotation_phase", libdmwarrant_rotate_phase_name(r->phase));
	set_epochs(c->out, r);
	if (r->epoch_count > 1)
		set_sweep(c->out, r);
	show(c, r);
}

static void show_store(struct cli *c, const struct libdmwarrant_rotation *r)
{
	uint32_t i;

	if (!(r->flags & LIBDMWARRANT_ROTATION_STORE)) {
		cli_say(c, "  key store     cannot be looked at: %s\n", r->record.keystore);
		return;
	}
	cli_say(c, "  key store     epoch");
	for (i = 0; i < r->stored_count; i++)
		cli_say(c, " %u", r->stored_epochs[i]);
	cli_say(c, "; keys: generation %" PRIu64 ", secrets: generation %" PRIu64 "\n",
		r->key_generation, r->wrap_generation);
}

static void say_done(struct cli *c, const char *action, const struct libdmwarrant_rotation *r)
{
	const char *would = c->dry_run ? "would be " : "";

	if (r->flags & LIBDMWARRANT_ROTATION_FINISHED)
		cli_say(c, "%s: %u old keys destroyed; epoch %u is the only one\n", r->record.name,
			r->destroyed_keys, r->epoch);
	else if (r->flags & LIBDMWARRANT_ROTATION_BEGUN || (c->dry_run && r->new_keys))
		cli_say(c, "%s: epoch %u %sbegun, with %u new keys\n", r->record.name, r->epoch,
			would, r->new_keys);
	else if (r->flags & LIBDMWARRANT_ROTATION_CONTINUED)
		cli_say(c, "%s: the rotation to epoch %u %sgone on with\n", r->record.name,
			r->epoch, would);
	else
		cli_say(c, "%s: %s%s\n", r->record.name, in_words(r->phase),
			!strcmp(action, "finish") && !c->dry_run &&
			r->phase == LIBDMWARRANT_ROTATE_NONE ? ": nothing to finish" : "");
}

/** cli_rotation() - the result of an action. @say: to people, too */
void cli_rotation(struct cli *c, const char *action, const struct libdmwarrant_rotation *r,
		  bool say)
{
	const char *next = what_next(r->phase);

	set(c->out, r);
	if (!say)
		return;
	if (!strcmp(action, "status") && !(r->flags & LIBDMWARRANT_ROTATION_FINISHED)) {
		cli_say(c, "%s:\n", r->record.name);
		show(c, r);
		show_store(c, r);
		return;
	}
	say_done(c, action, r);
	if (next && !c->dry_run)
		cli_say(c, "next: warrantctl key rotate %s %s\n", next, r->record.name);
}
