// SPDX-License-Identifier: GPL-2.0-or-later
/* Device-mapper: the few ioctls that a volume needs, with udev kept in step. */
#include <libdevmapper.h>
#include <libkmod.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib_private.h"

#define TARGET		"warrant"
#define MODULE		"dm-warrant"
#define LOG_LEVEL_MASK	7
#define LOG_LEVEL_ERR	3

/* udev's rules that look at what is on a device, and act on it. */
#define CURIOUS_RULES	(DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG | \
			 DM_UDEV_DISABLE_OTHER_RULES_FLAG)

/* ---- running tasks ---- */

/* libdevmapper's log has no argument of ours; tasks run in the caller's thread. */
static _Thread_local char dm_text[256];

static void dm_log(int level, const char *file, int line, int dm_errno_or_class, const char *fmt,
		   ...) __attribute__((format(printf, 5, 6)));

static void dm_log(int level, const char *file, int line, int dm_errno_or_class, const char *fmt,
		   ...)
{
	va_list args;

	(void)file;
	(void)line;
	(void)dm_errno_or_class;
	/* The first error is the cause, what follows are its consequences. */
	if ((level & LOG_LEVEL_MASK) > LOG_LEVEL_ERR || dm_text[0])
		return;
	va_start(args, fmt);
	vsnprintf(dm_text, sizeof(dm_text), fmt, args);
	va_end(args);
}

/* libdevmapper keeps its descriptor and its log function in variables of its own. */
static pthread_mutex_t dm_lock = PTHREAD_MUTEX_INITIALIZER;

/* Return: 0 or a negative errno; libdevmapper's words are in dm_text. */
static int run(struct dm_task *t)
{
	int ret = 0;

	pthread_mutex_lock(&dm_lock);
	dm_text[0] = 0;
	dm_log_with_errno_init(dm_log);
	if (!dm_task_run(t)) {
		ret = -dm_task_get_errno(t);
		/* libdevmapper loses some, EBUSY above all. */
		if (!ret)
			ret = strstr(dm_text, "busy") ? -EBUSY : -EIO;
	}
	dm_log_with_errno_init(NULL);
	pthread_mutex_unlock(&dm_lock);
	return ret;
}

/*
 * The same for what makes udev act, and wait for it; some of its rules may be left out. Without
 * udev libdevmapper makes the nodes.
 */
static int run_with_rules(struct dm_task *t, uint16_t left_out)
{
	bool udev = dm_udev_get_sync_support();
	uint32_t cookie = 0;
	int ret;

	if (udev && !dm_task_set_cookie(t, &cookie, DM_UDEV_DISABLE_LIBRARY_FALLBACK | left_out))
		return -EIO;
	ret = run(t);
	if (udev)
		dm_udev_wait(cookie);
	dm_task_update_nodes();
	return ret;
}

static int run_with_udev(struct dm_task *t)
{
	return run_with_rules(t, 0);
}

static struct dm_task *new_task(int type, const char *name)
{
	struct dm_task *t = dm_task_create(type);

	if (t && (!name || dm_task_set_name(t, name)))
		return t;
	if (t)
		dm_task_destroy(t);
	return NULL;
}

static int no_task(struct libdmwarrant *ctx, const char *name)
{
	return lib_fail(ctx, -EINVAL, "device-mapper does not accept the name %s; choose another",
			name);
}

/* ---- driver and target ---- */

static int load_module(const char *name)
{
	struct kmod_ctx *k = kmod_new(NULL, NULL);
	struct kmod_list *list = NULL, *i;
	struct kmod_module *m;
	int ret = -ENOENT;

	if (!k)
		return -ENOMEM;
	kmod_module_new_from_lookup(k, name, &list);
	kmod_list_foreach(i, list) {
		m = kmod_module_get_module(i);
		ret = kmod_module_probe_insert_module(m, KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL,
						      NULL, NULL);
		kmod_module_unref(m);
		if (ret)
			break;
	}
	kmod_module_unref_list(list);
	kmod_unref(k);
	return ret > 0 ? -EPERM : ret;
}

static int driver_version(void)
{
	struct dm_task *t = new_task(DM_DEVICE_VERSION, NULL);
	int ret;

	if (!t)
		return -ENOMEM;
	ret = run(t);
	dm_task_destroy(t);
	return ret;
}

/**
 * lib_dm_begin() - is there a device-mapper that we may use?
 *
 * Return: 0; -EACCES no permission; -ENXIO none in this kernel.
 */
int lib_dm_begin(struct libdmwarrant *ctx)
{
	/* Without looking first, libdevmapper would try to make the node itself. */
	if (access("/sys/class/misc/device-mapper", F_OK))
		load_module("dm-mod");
	if (access("/sys/class/misc/device-mapper", F_OK))
		return lib_fail(ctx, -ENXIO,
				"this kernel has no device-mapper; load dm-mod or use another kernel");
	if (geteuid())
		return lib_fail(ctx, -EACCES, "device-mapper is for root only; use sudo");
	if (driver_version())
		return lib_fail(ctx, -ENXIO, "device-mapper does not answer: %s", dm_text);
	return 0;
}

static bool is_registered(const char *target)
{
	struct dm_task *t = new_task(DM_DEVICE_LIST_VERSIONS, NULL);
	struct dm_versions *v, *next = NULL;
	bool found = false;

	if (t && !run(t))
		next = dm_task_get_versions(t);
	while (next && !found) {
		v = next;
		found = !strcmp(v->name, target);
		next = v->next ? (void *)((char *)v + v->next) : NULL;
	}
	if (t)
		dm_task_destroy(t);
	return found;
}

/** lib_dm_have_peer() - make sure that the kernel knows a target of its own; loads its module */
int lib_dm_have_peer(struct libdmwarrant *ctx, const char *target, const char *module)
{
	if (!is_registered(target))
		load_module(module);
	return is_registered(target) ? 0 :
	       lib_fail(ctx, -ENXIO, "this kernel has no module %s", module);
}

/** lib_dm_have_target() - make sure that the kernel knows the target; loads its module */
int lib_dm_have_target(struct libdmwarrant *ctx)
{
	int ret;

	if (is_registered(TARGET))
		return 0;
	ret = load_module(MODULE);
	if (is_registered(TARGET))
		return 0;
	if (ret == -ENOENT)
		return lib_fail(ctx, -ENXIO,
				"the kernel module " MODULE " is not installed for this kernel; install it (dkms status)");
	return lib_fail(ctx, -ENXIO, "the kernel module " MODULE " cannot be loaded: %s; see dmesg",
			strerror(-ret));
}

/* ---- looking ---- */

static int read_table(const char *name, struct lib_mapping *m)
{
	struct dm_task *t = new_task(DM_DEVICE_TABLE, name);
	char *type = NULL, *params = NULL, uuid[40];
	uint64_t start, length = 0;
	struct dm_info info;
	int ret;

	if (!t)
		return -EINVAL;
	ret = run(t);
	if (!ret && (!dm_task_get_info(t, &info) || !info.exists))
		ret = -ENXIO;
	if (!ret) {
		dm_get_next_target(t, NULL, &start, &length, &type, &params);
		if (!type || strcmp(type, TARGET))
			ret = -ENODEV;
		else if (sscanf(params, "%31s %39s", m->lun, uuid) != 2 ||
			 libdmwarrant_uuid_parse(uuid, m->uuid))
			ret = -EPROTO;
	}
	if (!ret) {
		lib_copy(m->name, sizeof(m->name), dm_task_get_name(t));
		m->length = length;
		m->open_count = info.open_count;
		m->major = info.major;
		m->minor = info.minor;
		m->suspended = info.suspended;
		m->read_only = info.read_only;
	}
	dm_task_destroy(t);
	return ret;
}

static int read_status(const char *name, struct lib_mapping *m)
{
	struct dm_task *t = new_task(DM_DEVICE_STATUS, name);
	char *type = NULL, *params = NULL;
	uint64_t start, length;
	int ret;

	if (!t)
		return -EINVAL;
	/* Asking how it is must not wait for I/O. */
	dm_task_no_flush(t);
	ret = run(t);
	if (!ret) {
		dm_get_next_target(t, NULL, &start, &length, &type, &params);
		if (params)
			lib_copy(m->status, sizeof(m->status), params);
		else
			ret = -ENXIO;
	}
	dm_task_destroy(t);
	return ret;
}

static int read_mapping(const char *name, struct lib_mapping *m)
{
	int ret;

	memset(m, 0, sizeof(*m));
	ret = read_table(name, m);
	return ret ? ret : read_status(name, m);
}

/* Names as the kernel has them. The caller frees *@names. */
static int read_names(char (**names)[LIBDMWARRANT_NAME_SIZE], size_t *count)
{
	struct dm_task *t = new_task(DM_DEVICE_LIST, NULL);
	struct dm_names *n, *first = NULL;
	size_t i = 0;
	int ret = t ? run(t) : -ENOMEM;

	*count = 0;
	*names = NULL;
	if (!ret)
		first = dm_task_get_names(t);
	/* An empty list has one entry without device. */
	if (first && first->dev) {
		for (n = first; ; n = (void *)((char *)n + n->next)) {
			++*count;
			if (!n->next)
				break;
		}
		*names = calloc(*count, sizeof(**names));
		if (!*names)
			ret = -ENOMEM;
		for (n = first; *names && i < *count; n = (void *)((char *)n + n->next))
			lib_copy((*names)[i++], sizeof(**names), n->name);
	}
	if (t)
		dm_task_destroy(t);
	return ret;
}

/** lib_dm_each() - call @fn for each mapped volume until it returns non-zero. Return: that or 0 */
int lib_dm_each(struct libdmwarrant *ctx, int (*fn)(void *arg, const struct lib_mapping *m),
		void *arg)
{
	char (*names)[LIBDMWARRANT_NAME_SIZE];
	struct lib_mapping m;
	size_t i, count;
	int ret;

	ret = read_names(&names, &count);
	if (ret)
		return lib_fail(ctx, ret, "cannot list device-mapper devices: %s", dm_text);
	for (i = 0; i < count && !ret; i++)
		/* What is not ours, or has gone meanwhile, does not matter. */
		if (!read_mapping(names[i], &m))
			ret = fn(arg, &m);
	free(names);
	return ret;
}

struct uuid_search {
	const u8		*uuid;
	struct lib_mapping	*m;
};

static int match_uuid(void *arg, const struct lib_mapping *m)
{
	struct uuid_search *s = arg;

	if (memcmp(m->uuid, s->uuid, DMW_UUID_SIZE))
		return 0;
	*s->m = *m;
	return 1;
}

/** lib_dm_find_uuid() - the mapping of a volume. Return: 0 or -ENXIO; errors of device-mapper */
int lib_dm_find_uuid(struct libdmwarrant *ctx, const u8 *uuid, struct lib_mapping *m)
{
	struct uuid_search s = { .uuid = uuid, .m = m };
	int ret = lib_dm_each(ctx, match_uuid, &s);

	return ret < 0 ? ret : ret ? 0 : -ENXIO;
}

/**
 * lib_dm_find() - a mapping by name, /dev/mapper path or volume UUID
 *
 * Return: 0; -ENXIO there is none; -ENODEV there is one, but not ours; -EPROTO; others.
 */
int lib_dm_find(struct libdmwarrant *ctx, const char *name, struct lib_mapping *m)
{
	u8 uuid[DMW_UUID_SIZE];
	int ret;

	if (!strncmp(name, "/dev/mapper/", 12))
		name += 12;
	ret = read_mapping(name, m);
	if (ret == -ENXIO && !libdmwarrant_uuid_parse(name, uuid))
		ret = lib_dm_find_uuid(ctx, uuid, m);
	switch (ret) {
	case 0:
		return 0;
	case -ENXIO:
		return lib_fail(ctx, ret,
				"%s is not open; warrantctl volume list shows what is", name);
	case -ENODEV:
		return lib_fail(ctx, ret,
				"%s is a device-mapper device, but not a dm-warrant volume", name);
	case -EPROTO:
		return lib_fail(ctx, ret,
				"%s has a table line that this version cannot read; use the dm-warrant tools of the loaded module",
				name);
	case -EINVAL:
		return no_task(ctx, name);
	default:
		return lib_fail(ctx, ret, "cannot query %s: %s", name, dm_text);
	}
}

/* ---- changing ---- */

static int remove_device(const char *name, bool deferred)
{
	struct dm_task *t = new_task(DM_DEVICE_REMOVE, name);
	int ret;

	if (!t)
		return -ENOMEM;
	/* udev's probing after the last close is over in a moment: worth some retries. */
	if (deferred ? !dm_task_deferred_remove(t) : !dm_task_retry_remove(t))
		ret = -ENOMEM;
	else
		ret = run_with_udev(t);
	dm_task_destroy(t);
	return ret;
}

/* Runs and destroys @t. */
static int run_and_destroy(struct dm_task *t)
{
	int ret = run(t);

	dm_task_destroy(t);
	return ret;
}

static int create_empty(const char *name, const char *uuid)
{
	struct dm_task *t = new_task(DM_DEVICE_CREATE, name);

	if (!t)
		return -EINVAL;
	if (dm_task_set_uuid(t, uuid))
		return run_and_destroy(t);
	dm_task_destroy(t);
	return -ENOMEM;
}

static int load_table(const char *name, u64 length, bool read_only, const char *target,
		      const char *params)
{
	struct dm_task *t = new_task(DM_DEVICE_RELOAD, name);

	if (!t)
		return -ENOMEM;
	if (dm_task_secure_data(t) && (!read_only || dm_task_set_ro(t)) &&
	    dm_task_add_target(t, 0, length, target, params))
		return run_and_destroy(t);
	dm_task_destroy(t);
	return -ENOMEM;
}

static int resume(const char *name, uint16_t left_out)
{
	struct dm_task *t = new_task(DM_DEVICE_RESUME, name);
	int ret = t ? run_with_rules(t, left_out) : -ENOMEM;

	if (t)
		dm_task_destroy(t);
	return ret;
}

/**
 * lib_dm_create() - create a device, load its table, resume it
 * @ctx:       context
 * @name:      of the device
 * @uuid:      device-mapper UUID
 * @length:    in 512 bytes
 * @read_only: likewise
 * @table:     parameters of the target
 *
 * One step at a time: libdevmapper's all-in-one task loses the errno of the step that fails.
 * Return: 0; -EEXIST name or UUID exists; what the target said. After a failure no device is left.
 */
int lib_dm_create(struct libdmwarrant *ctx, const char *name, const char *uuid, u64 length,
		  bool read_only, const char *table)
{
	int ret = create_empty(name, uuid);

	if (ret == -EINVAL)
		return no_task(ctx, name);
	if (ret)
		return lib_fail(ctx, ret, "%s", dm_text);
	ret = load_table(name, length, read_only, TARGET, table);
	if (!ret)
		ret = resume(name, 0);
	if (!ret)
		return 0;
	lib_fail(ctx, ret, "%s", dm_text);
	remove_device(name, false);
	return ret;
}

/**
 * lib_dm_create_private() - create a device of any target that is nobody's business
 * @ctx:    context
 * @name:   of the device, and the end of its device-mapper UUID
 * @length: in 512 bytes
 * @target: which
 * @table:  its parameters
 *
 * udev makes its node, but looks for nothing on it.
 * Return: 0; -EEXIST; what the target said. After a failure no device is left.
 */
int lib_dm_create_private(struct libdmwarrant *ctx, const char *name, u64 length,
			  const char *target, const char *table)
{
	char uuid[LIB_DM_UUID_SIZE];
	int ret;

	snprintf(uuid, sizeof(uuid), "DMWARRANT-PRIVATE-%.100s", name);
	ret = create_empty(name, uuid);
	if (ret)
		return lib_fail(ctx, ret, "%s", dm_text[0] ? dm_text : strerror(-ret));
	ret = load_table(name, length, false, target, table);
	if (!ret)
		ret = resume(name, CURIOUS_RULES);
	if (!ret)
		return 0;
	lib_fail(ctx, ret, "%s", dm_text[0] ? dm_text : strerror(-ret));
	remove_device(name, false);
	return ret;
}

/** lib_dm_number() - the number of the device that has a name. Return: 0, or -ENXIO */
int lib_dm_number(struct libdmwarrant *ctx, const char *name, dev_t *dev)
{
	struct dm_task *t = new_task(DM_DEVICE_INFO, name);
	struct dm_info info;
	int ret = t ? run(t) : -ENOMEM;

	if (!ret && (!dm_task_get_info(t, &info) || !info.exists))
		ret = -ENXIO;
	if (!ret)
		*dev = makedev(info.major, info.minor);
	if (t)
		dm_task_destroy(t);
	return ret ? lib_fail(ctx, ret, "cannot query %s: %s", name, strerror(-ret)) : 0;
}

/** lib_dm_suspend() - have a target finish all that it has put off, and stop */
int lib_dm_suspend(struct libdmwarrant *ctx, const char *name)
{
	struct dm_task *t = new_task(DM_DEVICE_SUSPEND, name);
	int ret = t ? run_and_destroy(t) : -ENOMEM;

	return ret ? lib_fail(ctx, ret, "cannot suspend %s: %s", name, dm_text) : 0;
}

/** lib_dm_resume() - go on after lib_dm_suspend(); udev is told, but looks for nothing */
int lib_dm_resume(struct libdmwarrant *ctx, const char *name)
{
	int ret = resume(name, CURIOUS_RULES);

	return ret ? lib_fail(ctx, ret, "cannot resume %s: %s", name, dm_text) : 0;
}

/** lib_dm_message() - send a message to a volume's target; waits for what it does */
int lib_dm_message(struct libdmwarrant *ctx, const char *name, const char *message)
{
	struct dm_task *t = new_task(DM_DEVICE_TARGET_MSG, name);
	int ret;

	if (!t)
		return no_task(ctx, name);
	ret = dm_task_set_sector(t, 0) && dm_task_set_message(t, message) ? run(t) : -ENOMEM;
	dm_task_destroy(t);
	return ret ? lib_fail(ctx, ret, "%s: message %s: %s", name, message, strerror(-ret)) : 0;
}

/**
 * lib_dm_ask() - send a message to a volume's target and have its answer
 * @ctx:   context
 * @name:  of the device
 * @reply: receives the answer, "" = none; the caller frees it
 * @fmt:   the message
 *
 * Must not be used for messages that change something and have a long answer: libdevmapper sends
 * the message again when the answer has not fit.
 * Return: 0, or the target's errno; libdmwarrant_error() is set, but callers know better words.
 */
int lib_dm_ask(struct libdmwarrant *ctx, const char *name, char **reply, const char *fmt, ...)
{
	struct dm_task *t = new_task(DM_DEVICE_TARGET_MSG, name);
	const char *answer;
	char *message;
	va_list args;
	int ret;

	*reply = NULL;
	if (!t)
		return no_task(ctx, name);
	va_start(args, fmt);
	ret = vasprintf(&message, fmt, args) < 0 ? -ENOMEM : 0;
	va_end(args);
	if (!ret) {
		ret = dm_task_set_sector(t, 0) && dm_task_set_message(t, message) ? run(t) :
		      -ENOMEM;
		free(message);
	}
	if (!ret) {
		answer = dm_task_get_message_response(t);
		*reply = strdup(answer ? answer : "");
		if (!*reply)
			ret = -ENOMEM;
	}
	dm_task_destroy(t);
	return ret ? lib_fail(ctx, ret, "%s: the kernel refused the message %.*s: %s", name,
			      (int)strcspn(fmt, " "), fmt, strerror(-ret)) : 0;
}

/**
 * lib_dm_table() - the table of any device-mapper device, line by line
 * @dev: device
 * @fn:  called for each line: first sector and length in 512 bytes, target, its parameters
 * @arg: for @fn, whose non-zero return ends it
 *
 * Return: 0, what @fn returned, or -ENXIO: not a device-mapper device.
 */
int lib_dm_table(dev_t dev, int (*fn)(void *arg, u64 start, u64 length, const char *target,
				      const char *params), void *arg)
{
	struct dm_task *t = new_task(DM_DEVICE_TABLE, NULL);
	uint64_t start, length = 0;
	char *target, *params;
	struct dm_info info;
	void *next = NULL;
	int ret;

	if (!t)
		return -ENOMEM;
	ret = dm_task_set_major(t, major(dev)) && dm_task_set_minor(t, minor(dev)) ? run(t) :
	      -ENOMEM;
	if (!ret && (!dm_task_get_info(t, &info) || !info.exists))
		ret = -ENXIO;
	if (!ret) {
		do {
			next = dm_get_next_target(t, next, &start, &length, &target, &params);
			ret = target ? fn(arg, start, length, target, params) : 0;
		} while (next && !ret);
	}
	dm_task_destroy(t);
	return ret;
}

/**
 * lib_dm_remove() - remove a device
 * @ctx:      context
 * @name:     of the device
 * @deferred: when its last user is gone
 */
int lib_dm_remove(struct libdmwarrant *ctx, const char *name, bool deferred)
{
	int ret = remove_device(name, deferred);

	return ret ? lib_fail(ctx, ret, "cannot remove %s: %s", name,
			      dm_text[0] ? dm_text : strerror(-ret)) : 0;
}

/** lib_dm_replace_error() - put the error target in a volume's place, so that all its I/O fails */
int lib_dm_replace_error(struct libdmwarrant *ctx, const char *name, u64 length)
{
	struct dm_task *t = new_task(DM_DEVICE_RESUME, name);
	int ret = t ? load_table(name, length, false, "error", "") : -ENOMEM;

	/* Resuming with a new table suspends the old one; it must not wait for I/O that hangs. */
	if (!ret)
		ret = dm_task_no_flush(t) && dm_task_skip_lockfs(t) ? run_with_udev(t) : -ENOMEM;
	if (t)
		dm_task_destroy(t);
	return ret ? lib_fail(ctx, ret, "cannot stop the I/O of %s: %s", name,
			      dm_text[0] ? dm_text : strerror(-ret)) : 0;
}
