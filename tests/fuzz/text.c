// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text that libdmwarrant takes from people and from the kernel: anchors, UUIDs, status lines. What is
 * accepted means one thing: written out, it is read as the same again.
 */
#include "fuzz.h"

/* ---- what status.c wants besides: there is no device-mapper, and no sysfs ---- */

int lib_dm_begin(struct libdmwarrant *ctx)
{
	return -ENXIO;
}

int lib_dm_find(struct libdmwarrant *ctx, const char *name, struct lib_mapping *m)
{
	return -ENXIO;
}

int lib_dm_each(struct libdmwarrant *ctx, int (*fn)(void *arg, const struct lib_mapping *m),
		void *arg)
{
	return -ENXIO;
}

int lib_sysfs_read(dev_t dev, const char *name, char *text, size_t size)
{
	return -1;
}

int lib_sysfs_first_entry(dev_t dev, const char *dir, char *name, size_t size)
{
	return -ENODEV;
}

int lib_sysfs_device_path(dev_t dev, char *path, size_t size)
{
	return -ENODEV;
}

int libdmwarrant_volume_peek(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_volume *volume)
{
	return -ENODEV;
}

/* ---- text ---- */

static void anchor(const char *text)
{
	struct libdmwarrant_anchor a, b;
	char again[46];

	if (libdmwarrant_anchor_parse(text, &a))
		return;
	if (!a.checkpoint || strlen(strchr(text, ':')) != 1 + 2 * LIBDMWARRANT_SALT_SIZE)
		fail("%s passes for an anchor", text);
	libdmwarrant_anchor_format(&a, again);
	if (libdmwarrant_anchor_parse(again, &b) || memcmp(&a, &b, sizeof(a)))
		fail("anchor %s is read from %s", again, text);
}

static void uuid(const char *text)
{
	u8 a[LIBDMWARRANT_UUID_SIZE], b[LIBDMWARRANT_UUID_SIZE];
	char again[37];

	if (libdmwarrant_uuid_parse(text, a))
		return;
	libdmwarrant_uuid_format(a, again);
	if (libdmwarrant_uuid_parse(again, b) || memcmp(a, b, sizeof(a)))
		fail("UUID %s is read from %s", again, text);
	if (strlen(text) != 36)
		fail("UUID %s has %zu characters", text, strlen(text));
}

/* As in struct lib_mapping, whose texts have an end within it. */
static void status(const char *text, size_t size)
{
	struct lib_mapping *m = calloc(1, sizeof(*m));
	struct libdmwarrant_status s;
	static struct libdmwarrant *ctx;
	int ret;

	if (!ctx && libdmwarrant_new(&ctx))
		fail("no context");
	lib_copy(m->name, sizeof(m->name), "name");
	lib_copy(m->status, sizeof(m->status), text);
	lib_copy(m->lun, sizeof(m->lun), size > 4 ? text + size / 2 : text);
	ret = lib_status_parse(ctx, m, &s);
	if (ret && ret != -EPROTO)
		fail("a status line is judged with %d", ret);
	if (strnlen(s.mode, sizeof(s.mode)) == sizeof(s.mode) ||
	    strnlen(s.device, sizeof(s.device)) == sizeof(s.device))
		fail("a text without an end");
	if (!ret && strcmp(text, "new") && !s.anchor.checkpoint)
		fail("a status without an anchor");
	free(m);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int what = take(&in, 1);
	char *text = malloc(in.left + 1);

	memcpy(text, in.data, in.left);
	text[in.left] = 0;
	switch (what % 3) {
	case 0:
		anchor(text);
		break;
	case 1:
		uuid(text);
		break;
	default:
		status(text, strlen(text));
	}
	free(text);
	return 0;
}
