// SPDX-License-Identifier: GPL-2.0-or-later
/* Rotation: what is said to the kernel, and what it answers. */
#include "rotate.h"

static int bad_answer(struct libdmwarrant *ctx, const char *name, const char *what)
{
	return lib_fail(ctx, -EPROTO,
			"%s: the loaded module's answer about its %s cannot be read; use the tools of its version",
			name, what);
}

/* ---- epochs ---- */

bool lib_epochs_has(const struct lib_epochs *e, u32 epoch)
{
	u32 i;

	for (i = 0; i < e->count; i++)
		if (e->list[i].epoch == epoch)
			return true;
	return false;
}

/* Into its place: the kernel has them in the order of their slots. */
static int insert(struct lib_epochs *e, u32 epoch, bool current, u64 created)
{
	struct libdmwarrant_epoch *to = &e->list[e->count];

	if (e->count == ARRAY_SIZE(e->list) || lib_epochs_has(e, epoch))
		return -EPROTO;
	for (; to > e->list && to[-1].epoch > epoch; to--)
		*to = to[-1];
	*to = (struct libdmwarrant_epoch){ .epoch = epoch, .created = created };
	to->current = current;
	e->count++;
	return 0;
}

static int take_epoch(struct lib_epochs *e, const char *line)
{
	unsigned long long created;
	unsigned int epoch;
	char state[16];
	bool current;
	int end = 0;

	if (sscanf(line, "%u %15s %llu%n", &epoch, state, &created, &end) != 3 || line[end] ||
	    !epoch)
		return -EPROTO;
	current = !strcmp(state, "current");
	if (current == !strcmp(state, "old") || (current && e->current))
		return -EPROTO;
	if (current)
		e->current = epoch;
	return insert(e, epoch, current, created);
}

/**
 * lib_epochs() - the epochs of an open volume
 * @ctx:  context
 * @name: of the device
 * @e:    receives them
 *
 * The current one is the newest there is; anything else is not from this kernel module.
 */
int lib_epochs(struct libdmwarrant *ctx, const char *name, struct lib_epochs *e)
{
	char *reply, *rest, *line;
	int ret = lib_dm_ask(ctx, name, &reply, "epochs");

	memset(e, 0, sizeof(*e));
	if (ret == -EINVAL)
		return lib_fail(ctx, -EOPNOTSUPP,
				"%s: the loaded module is too old to rotate keys; load the newer one",
				name);
	if (ret)
		return ret;
	rest = reply;
	while (!ret && (line = strsep(&rest, "\n")))
		if (line[0])
			ret = take_epoch(e, line);
	free(reply);
	if (!ret && (!e->count || !e->list[e->count - 1].current))
		ret = -EPROTO;
	return ret ? bad_answer(ctx, name, "epochs") : 0;
}

/* ---- the sweep ---- */

static bool is_state(const char *text)
{
	static const char *const states[] = { "idle", "running", "paused", "done", "failed" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i], text))
			return true;
	return false;
}

/** lib_sweep() - how far the kernel's sweep is */
int lib_sweep(struct libdmwarrant *ctx, const char *name, struct lib_sweep *s)
{
	char *reply;
	int n, ret = lib_dm_ask(ctx, name, &reply, "sweep status");

	memset(s, 0, sizeof(*s));
	if (ret)
		return ret;
	n = sscanf(reply, "%15s %u %llu %llu %llu %llu %llu %llu", s->state, &s->epoch, &s->swept,
		   &s->total, &s->resealed, &s->damaged, &s->shredded, &s->seconds);
	free(reply);
	return n != 8 || !is_state(s->state) ? bad_answer(ctx, name, "sweep") : 0;
}

/** lib_sweep_start() - start the sweep, or go on. @share: in per cent; 0 = the usual one */
int lib_sweep_start(struct libdmwarrant *ctx, const char *name, u32 share)
{
	char *reply;
	int ret = lib_dm_ask(ctx, name, &reply, "sweep start %u",
			     share ? share : LIBDMWARRANT_ROTATE_SHARE);

	free(reply);
	return ret;
}

/* ---- keys ---- */

/* The store may still have keys of a tag that is being shredded: the kernel takes none back. */
static struct libdmwarrant_keyset *only_epoch(struct libdmwarrant *ctx,
					      const struct libdmwarrant_keyset *k, u32 epoch,
					      const struct lib_tag_states *s)
{
	const struct dmw_keyset_disk *d = k->disk;
	struct libdmwarrant_keyset *one = lib_keyset_new(ctx, d->uuid);
	u32 i, tag, count = le16_to_cpu(d->count);
	int ret = 0;

	for (i = 0; one && i < count && !ret; i++) {
		tag = le32_to_cpu(d->keys[i].tag);
		if (le32_to_cpu(d->keys[i].epoch) == epoch &&
		    lib_tag_states_find(s, tag) != LIBDMWARRANT_TAG_SHREDDED)
			ret = lib_keyset_append(ctx, one, tag, epoch, d->keys[i].key);
	}
	if (!ret)
		return one;
	libdmwarrant_keyset_free(one);
	return NULL;
}

static int send_parts(struct libdmwarrant *ctx, const char *name, const char *description,
		      u32 parts)
{
	char *reply = NULL, number[16] = "";
	int ret = 0;
	u32 i;

	for (i = 1; i <= parts && !ret; i++) {
		if (i > 1)
			snprintf(number, sizeof(number), "#%u", i);
		ret = lib_dm_ask(ctx, name, &reply, "keys logon:%s%s", description, number);
		free(reply);
		reply = NULL;
	}
	return ret;
}

/**
 * lib_kernel_keys() - give the kernel all keys of one epoch
 * @ctx:    context
 * @v:      volume
 * @keyset: has them
 * @epoch:  which
 *
 * What the kernel has already is compared: so this also proves that it has what the store has.
 * Return: 0; -EKEYREJECTED it has another one.
 */
int lib_kernel_keys(struct libdmwarrant *ctx, const struct lib_tag_volume *v,
		    const struct libdmwarrant_keyset *keyset, u32 epoch)
{
	struct libdmwarrant_keyset *one;
	char uuid[37], description[64];
	struct lib_keyring keyring;
	struct lib_tag_states s;
	int ret = lib_tag_states(ctx, v, &s);

	if (ret)
		return ret;
	one = only_epoch(ctx, keyset, epoch, &s);
	lib_tag_states_free(&s);
	if (!one)
		return -ENOMEM;
	libdmwarrant_uuid_format(v->uuid, uuid);
	snprintf(description, sizeof(description), "dm-warrant:%s", uuid);
	ret = lib_keyring_add(ctx, description, one, &keyring);
	if (!ret)
		ret = send_parts(ctx, v->name, description, keyring.count);
	lib_keyring_remove(&keyring);
	libdmwarrant_keyset_free(one);
	return ret == -EKEYREJECTED ?
	       lib_fail(ctx, ret,
			"%s was opened with other keys of epoch %u than the key store has; nothing was destroyed: find the store that it was opened with, and name it with --keystore",
			v->name, epoch) : ret;
}
