// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume for a warrant. At every moment either nothing is there that could be used, or the
 * registry says that it is being made, and the same call finishes it.
 */
#include <time.h>

#include "warrant_volume.h"

#define LOCK_MS		10000
#define NAME_TRIES	100
#define NAME_LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#+-.:=@_"

struct creation {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_config		*config;
	const struct libdmwarrant_create_params		*params;
	struct libdmwarrant_create_result		*result;
	struct libdmwarrant_record			*record;	/* in @result */
	struct libdmwarrant_registry			*reg;
	struct libdmwarrant_keystore			*ks;
	struct libdmwarrant_keyset			*keyset;
	char						warrant[40];	/* ObjectIdentifier */
	char						reference[256];
	struct libdmwarrant_record			other;	/* in the way; name "" = none */
	struct libdmwarrant_record			*formers;	/* given up; all on this LUN */
	size_t						former_count;
	bool						added;		/* by us, just now */
	const char					*erase[LIBDMWARRANT_SIGNATURES + 2];
	struct libdmwarrant_format_params		format;
};

/* ---- the warrant ---- */

static int take_warrant(void *arg, const struct libdmwarrant_warrant *w)
{
	struct creation *c = arg;

	lib_copy(c->warrant, sizeof(c->warrant), w->uuid);
	lib_copy(c->reference, sizeof(c->reference), w->reference);
	return libdmwarrant_warrant_usable(c->ctx, w->json, time(NULL), LIBDMWARRANT_USE_PREPARE);
}

/* ---- the LUN ---- */

static int probe(struct creation *c)
{
	struct libdmwarrant_device *d = &c->result->device;
	int ret;

	d->version = LIBDMWARRANT_DEVICE_VERSION;
	ret = libdmwarrant_device_probe(c->ctx, c->params->device, d);
	if (ret)
		return ret;
	lib_lun_wwid(d->wwid);
	return 0;
}

/* What is named to be erased and is not there tells that it is the wrong LUN; but see the cases. */
static bool must_be_there(const struct creation *c, const char *type)
{
	/* A first, interrupted try has erased it already. */
	if (c->result->flags & LIBDMWARRANT_CREATED_RESUMED)
		return false;
	/* The registry has a volume there, which is gone. */
	return !c->former_count || strcmp(type, LIB_TYPE_VOLUME);
}

/* What a first, interrupted try has erased or written already must not stop the second. */
static int choose_erase(struct creation *c)
{
	const struct libdmwarrant_device *d = &c->result->device;
	bool ours = c->result->flags & LIBDMWARRANT_CREATED_RESUMED;
	char uuid[37];
	u32 i, n = 0;

	if (c->params->erase_count > LIBDMWARRANT_SIGNATURES)
		return lib_fail(c->ctx, -EINVAL, "more than %u signatures to be erased",
				LIBDMWARRANT_SIGNATURES);
	libdmwarrant_uuid_format(c->record->uuid, uuid);
	for (i = 0; i < d->signature_count; i++)
		if (!strcmp(d->signatures[i].type, LIB_TYPE_VOLUME) &&
		    strcmp(d->signatures[i].uuid, uuid))
			ours = false;
	if (ours && lib_signatures_found(d, LIB_TYPE_VOLUME))
		c->erase[n++] = LIB_TYPE_VOLUME;
	for (i = 0; i < c->params->erase_count; i++)
		if (must_be_there(c, c->params->erase[i]) || lib_signatures_found(d, c->params->erase[i]))
			c->erase[n++] = c->params->erase[i];
	c->format.erase = c->erase;
	c->format.erase_count = n;
	return 0;
}

/* ---- what the registry has of that LUN ---- */

/* Is it the creation that is being repeated? */
static bool is_ours(const struct creation *c, const struct libdmwarrant_record *r)
{
	return r->flags & LIBDMWARRANT_RECORD_CREATING && !strcmp(r->warrant, c->warrant) &&
	       (!c->params->name || !strcmp(c->params->name, r->name));
}

static bool is_in_the_way(const struct creation *c, const struct libdmwarrant_record *r)
{
	if (r->flags & LIBDMWARRANT_RECORD_CREATING)
		return true;
	/* Without WWID a name says nothing; and what is there must be named to be erased. */
	return c->result->device.wwid[0] &&
	       !lib_signatures_named(c->params->erase, c->params->erase_count, LIB_TYPE_VOLUME);
}

static int add_former(struct creation *c, const struct libdmwarrant_record *r)
{
	struct libdmwarrant_record *more = reallocarray(c->formers, c->former_count + 1,
							sizeof(*more));

	if (!more)
		return lib_fail(c->ctx, -ENOMEM, "not enough memory");
	more[c->former_count++] = *r;
	c->formers = more;
	return 0;
}

static int look_at_record(void *arg, const struct libdmwarrant_record *r)
{
	struct creation *c = arg;

	if (!lib_lun_is_of(r, c->result->device.wwid, c->result->device.path))
		return 0;
	if (is_ours(c, r)) {
		*c->record = *r;
		c->result->flags |= LIBDMWARRANT_CREATED_RESUMED;
	} else if (is_in_the_way(c, r)) {
		c->other = *r;
	} else if (c->result->device.wwid[0]) {
		return add_former(c, r);
	}
	return 0;
}

/* What somebody has open is not given up, whatever he says who wants its LUN. */
static int check_former(struct creation *c, const struct libdmwarrant_record *r)
{
	struct libdmwarrant_opened o = { .version = LIBDMWARRANT_OPENED_VERSION };
	int ret = libdmwarrant_registry_opened(c->reg, r->uuid, &o);

	if (ret == -ENXIO)
		return 0;
	return ret ? ret : lib_fail(c->ctx, -EBUSY,
				    "LUN %s has volume %s, which host %s has open; close it there first",
				    r->wwid, r->name, o.host);
}

static int check_formers(struct creation *c)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < c->former_count && !ret; i++)
		ret = check_former(c, &c->formers[i]);
	return ret;
}

static int look_at_registry(struct creation *c)
{
	const struct libdmwarrant_device *d = &c->result->device;
	const struct libdmwarrant_record *o = &c->other;
	int ret = libdmwarrant_registry_volume_list(c->reg, NULL, look_at_record, c);

	if (ret)
		return ret;
	if (!o->name[0])
		return check_formers(c);
	if (o->flags & LIBDMWARRANT_RECORD_CREATING)
		return lib_fail(c->ctx, -EEXIST,
				"making volume %s of warrant %s on %s was interrupted; finish it (volume create --warrant %s --name %s), or give it up (volume forget %s)",
				o->name, o->warrant, d->path, o->warrant, o->name, o->name);
	return lib_fail(c->ctx, -EEXIST,
			"%s is LUN %s, on which the registry has volume %s of warrant %s; choose another LUN, or give that volume up with --erase-signature "
			LIB_TYPE_VOLUME, d->path, d->wwid, o->name, o->warrant);
}

/* ---- the record ---- */

struct name_search {
	const char	*name;
	bool		found;
};

static int compare_name(void *arg, const struct libdmwarrant_record *r)
{
	struct name_search *s = arg;

	s->found |= !strcmp(s->name, r->name);
	return 0;
}

/* The warrant's reference in letters that device-mapper takes. */
static void base_name(const struct creation *c, char *name, size_t size)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	char *p;

	lib_copy(name, size, c->reference);
	for (p = name; *p; p++)
		if (!strchr(NAME_LETTERS, *p))
			*p = '-';
	/* What looks like a UUID would be taken for one. */
	if (!name[0] || name[0] == '.' || !libdmwarrant_uuid_parse(name, uuid))
		snprintf(name, size, "volume-%.37s", c->warrant);
}

/* The registry would refuse it as well, but only when there are keys already. */
static int take_name(struct creation *c)
{
	const char *name = c->params->name;
	struct name_search s = { .name = name };
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	size_t n = strlen(name);
	int ret;

	if (!n || n >= sizeof(c->record->name) || strspn(name, NAME_LETTERS) != n ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return lib_fail(c->ctx, -EINVAL,
				"%.140s cannot be the name of a volume; use 1 to %zu letters, digits and #+-.:=@_",
				name, sizeof(c->record->name) - 1);
	if (!libdmwarrant_uuid_parse(name, uuid))
		return lib_fail(c->ctx, -EINVAL, "the name of a volume must not be a UUID");
	ret = libdmwarrant_registry_volume_list(c->reg, NULL, compare_name, &s);
	if (!ret && s.found)
		return lib_fail(c->ctx, -EEXIST, "there is a volume %s already; choose another name",
				name);
	lib_copy(c->record->name, sizeof(c->record->name), name);
	return ret;
}

static int choose_name(struct creation *c)
{
	char base[LIBDMWARRANT_NAME_SIZE - 8];
	struct name_search s = { .name = c->record->name };
	unsigned int i;
	int ret = 0;

	if (c->params->name)
		return take_name(c);
	base_name(c, base, sizeof(base));
	lib_copy(c->record->name, sizeof(c->record->name), base);
	for (i = 2; i < NAME_TRIES; i++) {
		s.found = false;
		ret = libdmwarrant_registry_volume_list(c->reg, NULL, compare_name, &s);
		if (ret || !s.found)
			return ret;
		snprintf(c->record->name, sizeof(c->record->name), "%s-%u", base, i);
	}
	return lib_fail(c->ctx, -EEXIST, "there are %u volumes named like %s; choose a name",
			NAME_TRIES, base);
}

static int fill_record(struct creation *c)
{
	const struct libdmwarrant_device *d = &c->result->device;
	struct libdmwarrant_record *r = c->record;

	if (c->result->flags & LIBDMWARRANT_CREATED_RESUMED)
		return 0;
	r->version = LIBDMWARRANT_RECORD_VERSION;
	r->flags = LIBDMWARRANT_RECORD_CREATING;
	lib_copy(r->warrant, sizeof(r->warrant), c->warrant);
	lib_copy(r->wwid, sizeof(r->wwid), d->wwid);
	lib_copy(r->device, sizeof(r->device), d->path);
	lib_copy(r->keystore, sizeof(r->keystore), c->config->keystore);
	return choose_name(c);
}

/* ---- checks ---- */

/* With keys that are thrown away: none of them may exist before all else has been checked. */
static int check_format(struct creation *c)
{
	const struct libdmwarrant_create_params *p = c->params;
	struct libdmwarrant_keyset *k;
	int ret = choose_erase(c);

	if (ret)
		return ret;
	c->format.version = LIBDMWARRANT_FORMAT_VERSION;
	c->format.journal_mib = p->journal_mib;
	c->format.flags = LIBDMWARRANT_FORMAT_DRY_RUN;
	if (p->flags & LIBDMWARRANT_CREATE_SMALL_BLOCKS)
		c->format.flags |= LIBDMWARRANT_FORMAT_SMALL_BLOCKS;
	c->result->format.version = LIBDMWARRANT_FORMAT_VERSION;
	ret = libdmwarrant_keyset_generate(c->ctx, NULL, &k);
	if (ret)
		return ret;
	ret = libdmwarrant_format(c->ctx, p->device, k, &c->format, &c->result->format);
	libdmwarrant_keyset_free(k);
	memset(c->result->format.uuid, 0, sizeof(c->result->format.uuid));
	return ret;
}

/* Has the store keys of this warrant already? */
static int look_at_keystore(struct creation *c, struct libdmwarrant_keystore *ks)
{
	struct libdmwarrant_keystore_warrant w = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret;

	libdmwarrant_uuid_parse(c->warrant, uuid);
	ret = libdmwarrant_keystore_warrant(ks, uuid, &w);
	if (ret == -ENOENT) {
		c->result->flags |= LIBDMWARRANT_CREATED_NEW_SECRET;
		return 0;
	}
	if (!ret && w.state == LIBDMWARRANT_KEYSTORE_DAMAGED)
		return lib_fail(c->ctx, -EUCLEAN, "the keys of warrant %s are damaged: %s",
				c->warrant, w.problem);
	if (!ret && w.state == LIBDMWARRANT_KEYSTORE_DESTROYED)
		return lib_fail(c->ctx, -EKEYREVOKED,
				"the keys of warrant %s have been destroyed; it can have no more volumes",
				c->warrant);
	return ret;
}

static int check_keystore(struct creation *c)
{
	struct libdmwarrant_keystore_params p = {
		.version = LIBDMWARRANT_KEYSTORE_VERSION,
		.flags = LIBDMWARRANT_KEYSTORE_READ_ONLY,
	};
	struct libdmwarrant_keystore *ks;
	int ret = libdmwarrant_keystore_open(c->ctx, c->record->keystore, &p, &ks);

	if (ret)
		return ret;
	ret = look_at_keystore(c, ks);
	libdmwarrant_keystore_close(ks);
	return ret;
}

static int check_all(struct creation *c)
{
	int ret;

	ret = libdmwarrant_warrant_find(c->reg, c->params->warrant, take_warrant, c);
	if (!ret)
		ret = probe(c);
	if (!ret)
		ret = look_at_registry(c);
	if (!ret)
		ret = fill_record(c);
	if (!ret)
		ret = check_format(c);
	return ret ? ret : check_keystore(c);
}

/* ---- making ---- */

/* Nothing depends on it yet: a wrong passphrase must leave no trace. */
static int unlock(struct creation *c)
{
	struct libdmwarrant_keystore_params p = { .version = LIBDMWARRANT_KEYSTORE_VERSION };
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret;

	libdmwarrant_uuid_parse(c->warrant, uuid);
	ret = libdmwarrant_keystore_open(c->ctx, c->record->keystore, &p, &c->ks);
	if (ret)
		return ret;
	/* Its full form: relative paths mean something else elsewhere. */
	if (!(c->result->flags & LIBDMWARRANT_CREATED_RESUMED))
		lib_copy(c->record->keystore, sizeof(c->record->keystore),
			 libdmwarrant_keystore_uri(c->ks));
	if (c->result->flags & LIBDMWARRANT_CREATED_NEW_SECRET)
		return libdmwarrant_keystore_create_warrant(c->ks, uuid, c->params->unlock);
	return libdmwarrant_keystore_unlock(c->ks, uuid, c->params->unlock);
}

static int record(struct creation *c)
{
	int ret;

	if (c->result->flags & LIBDMWARRANT_CREATED_RESUMED)
		return 0;
	lib_random_uuid(c->record->uuid);
	ret = libdmwarrant_registry_volume_add(c->reg, c->record);
	c->added = !ret;
	return ret;
}

/* Those of an interrupted creation are used again: they have sealed nothing that is of worth. */
static int store_keys(struct creation *c)
{
	u8 uuid[LIBDMWARRANT_UUID_SIZE];
	int ret = lib_volume_keyset(c->ctx, c->ks, c->record, &c->keyset);

	if (ret != -ENOENT)
		return ret;
	ret = libdmwarrant_keyset_generate(c->ctx, c->record->uuid, &c->keyset);
	if (ret)
		return ret;
	libdmwarrant_uuid_parse(c->warrant, uuid);
	return libdmwarrant_keystore_put(c->ks, uuid, c->keyset, c->record->digest);
}

static int write_lun(struct creation *c)
{
	c->format.flags &= ~LIBDMWARRANT_FORMAT_DRY_RUN;
	c->format.warrant = c->record->digest;
	return libdmwarrant_format(c->ctx, c->params->device, c->keyset, &c->format,
				   &c->result->format);
}

static int finish(struct creation *c)
{
	const struct libdmwarrant_anchor *a = &c->result->format.anchor;
	int ret = libdmwarrant_registry_anchor_set(c->reg, c->record->uuid, a);

	/* The interrupted creation had come so far, and its format is no more. */
	if (ret == -ESTALE && (c->result->flags & LIBDMWARRANT_CREATED_RESUMED))
		ret = libdmwarrant_registry_anchor_accept(c->reg, c->record->uuid, a,
							  "formatted again");
	if (!ret)
		ret = libdmwarrant_registry_volume_ready(c->reg, c->record->uuid);
	if (!ret)
		c->record->flags &= ~LIBDMWARRANT_RECORD_CREATING;
	return ret;
}

/* Before the LUN is touched a failure can be undone; the reason for it must not get lost. */
static int give_up(struct creation *c, int err)
{
	struct libdmwarrant reason = *c->ctx;

	if (c->added)
		libdmwarrant_registry_volume_remove(c->reg, c->record->uuid);
	*c->ctx = reason;
	return err;
}

static int interrupted(struct creation *c, int err)
{
	struct libdmwarrant reason = *c->ctx;

	return lib_fail(c->ctx, err,
			"%.600s; the volume %s was not finished: repeat the command when that is mended, or give it up with warrantctl volume forget %s",
			reason.error, c->record->name, c->record->name);
}

static int make(struct creation *c)
{
	int ret;

	ret = unlock(c);
	if (!ret)
		ret = record(c);
	if (ret)
		return ret;
	ret = store_keys(c);
	if (ret)
		return give_up(c, ret);
	ret = write_lun(c);
	if (!ret)
		ret = finish(c);
	return ret ? interrupted(c, ret) : 0;
}

/* ---- all of it ---- */

static int check_params(struct libdmwarrant *ctx, const struct libdmwarrant_create_params *p,
			const struct libdmwarrant_create_result *r)
{
	if (p->version != LIBDMWARRANT_CREATE_VERSION)
		return lib_fail_version(ctx, p->version, LIBDMWARRANT_CREATE_VERSION);
	if (r->version != LIBDMWARRANT_CREATE_VERSION)
		return lib_fail_version(ctx, r->version, LIBDMWARRANT_CREATE_VERSION);
	if (!p->warrant || !p->device)
		return lib_fail(ctx, -EINVAL, "a warrant and a device are needed");
	if (!p->unlock && !(p->flags & LIBDMWARRANT_CREATE_DRY_RUN))
		return lib_fail(ctx, -EINVAL,
				"no secret was given that unlocks the keys; name a passphrase or a key file");
	return 0;
}

static int create_locked(struct creation *c)
{
	bool dry_run = c->params->flags & LIBDMWARRANT_CREATE_DRY_RUN;
	int lock, ret;

	/* Two at a time could choose the same LUN, each before it is formatted by the other. */
	lock = dry_run ? -1 : lib_volume_lock(c->ctx, NULL, LOCK_MS);
	if (!dry_run && lock < 0)
		return lock;
	ret = check_all(c);
	if (!ret && !dry_run)
		ret = make(c);
	lib_volume_unlock(lock);
	return ret;
}

int libdmwarrant_volume_create(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_create_params *params,
			       struct libdmwarrant_create_result *result)
{
	struct creation c = {
		.ctx = ctx, .config = config, .params = params, .result = result,
		.record = &result->record,
	};
	int ret = check_params(ctx, params, result);

	if (ret)
		return ret;
	result->flags = 0;
	memset(&result->record, 0, sizeof(result->record));
	ret = libdmwarrant_registry_open(ctx, config->registry,
					 params->flags & LIBDMWARRANT_CREATE_DRY_RUN ?
					 LIBDMWARRANT_REGISTRY_READ_ONLY : 0, &c.reg);
	if (ret)
		return ret;
	ret = create_locked(&c);
	free(c.formers);
	libdmwarrant_keyset_free(c.keyset);
	libdmwarrant_keystore_close(c.ks);
	libdmwarrant_registry_close(c.reg);
	return ret;
}

int libdmwarrant_volume_forget(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const char *volume, uint32_t flags,
			       struct libdmwarrant_record *record)
{
	bool dry_run = flags & LIBDMWARRANT_FORGET_DRY_RUN;
	struct libdmwarrant_registry *reg;
	int ret;

	ret = libdmwarrant_registry_open(ctx, config->registry,
					 dry_run ? LIBDMWARRANT_REGISTRY_READ_ONLY : 0, &reg);
	if (ret)
		return ret;
	ret = libdmwarrant_registry_volume_get(reg, volume, record);
	if (!ret && !(record->flags & LIBDMWARRANT_RECORD_CREATING))
		ret = lib_fail(ctx, -EPERM,
			       "volume %s was made completely and is never forgotten; its keys can be destroyed when its retention has ended",
			       record->name);
	if (!ret && !dry_run)
		ret = libdmwarrant_registry_volume_remove(reg, record->uuid);
	libdmwarrant_registry_close(reg);
	return ret;
}
