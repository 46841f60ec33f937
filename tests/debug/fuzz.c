// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ioctls of device-mapper at random: tables, right and almost right, loaded, resumed, suspended,
 * replaced and removed in any order, under three names, on two LUNs with one volume's UUID;
 * messages, right and wrong; keys that are there, are not, or are no keys; and I/O meanwhile.
 *
 * The LUNs are well and memory is there. So I/O to a volume in use must succeed and read what was
 * written; nothing may be left of a device that is gone; and in the end both volumes must open and
 * hold all. Each round begins from the same images: its seed alone replays it ("-s SEED fuzz 0").
 */
#include <errno.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "debug.h"

#define NAMES	3
#define LUNS	2
#define ACTIONS	150

static const char * const names[NAMES] = { "f0", "f1", "f2" };

static struct volume luns[LUNS];
static struct random rnd;
static bool key_given;
static char anchor[64];		/* of some volume at some time */

static struct {
	unsigned long loaded, refused, resumed, messages, io;
} tally;

static uint32_t any(uint32_t n)
{
	return random_below(&rnd, n);
}

static const char *any_name(void)
{
	return names[any(NAMES)];
}

/* With VERBOSE in the environment: all that is tried. */
static void say(const char *name, const char *what, const char *with)
{
	char text[128], *c;

	snprintf(text, sizeof(text), "%s %s %s", what, name, with);
	for (c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	trying("seed %llu: %s", (unsigned long long)seed, text);
	if (getenv("VERBOSE"))
		printf("# %s\n", text);
}

/* ---- text ---- */

static const char * const odd_words[] = {
	"", "0", "-1", "1", "7", "65537", "18446744073709551616", "1:9999", "/dev/null", "/dev/ram2",
	"/dev/dm-0", "/dev/dm-1", "/", "logon:", "user:x", ":", "1:", "2:000000000000000000000000",
	"allow_discards", "cache_mib", "checkpoint_seconds", "anchor", "%s%n", "\\", "\"",
};

/* Replaces, doubles, drops or garbles a part of @text. */
static void spoil(char *text, size_t size)
{
	size_t n = strlen(text), at = n ? any(n) : 0, part = n > at ? 1 + any(n - at) : 0;
	char copy[512];
	char *word;

	switch (any(6)) {
	case 0:
		if (n)
			text[at] ^= 1 << any(7);
		break;
	case 1:
		if (n)
			text[at] = 1 + any(255);
		break;
	case 2:
		text[at] = '\0';
		break;
	case 3:
		memmove(text + at, text + at + part, n - at - part + 1);
		break;
	case 4:
		snprintf(copy, sizeof(copy), "%s", text + at);
		snprintf(text + at, size - at, "%.*s%s", (int)part, copy, copy);
		break;
	case 5:
		word = strchr(text + at, ' ');
		if (!word)
			break;
		snprintf(copy, sizeof(copy), "%s", word + 1 + strcspn(word + 1, " "));
		snprintf(word, size - (word - text), " %s%s",
			 odd_words[any(sizeof(odd_words) / sizeof(*odd_words))], copy);
		break;
	}
}

static void random_options(char *text, size_t size)
{
	static const char * const numbers[] = { "1", "2", "5", "64", "3600", "0", "3601", "x" };
	char list[256] = "", one[96];
	unsigned int i, args = 0;

	for (i = any(4); i; i--) {
		/* mostly good ones */
		const char *number = numbers[any(any(8) ? 5 : 8)];

		switch (any(*anchor || !any(8) ? 4 : 3)) {
		case 0:
			snprintf(one, sizeof(one), " allow_discards");
			args--;
			break;
		case 1:
			snprintf(one, sizeof(one), " cache_mib %s", number);
			break;
		case 2:
			snprintf(one, sizeof(one), " checkpoint_seconds %s", number);
			break;
		case 3:
			snprintf(one, sizeof(one), " anchor %s", *anchor ? anchor : "1:00");
			break;
		}
		args += 2;
		strncat(list, one, sizeof(list) - strlen(list) - 1);
	}
	if (!any(16))
		args += any(3);
	snprintf(text, size, " %u%s", args, list);
}

static void random_table(struct target *t)
{
	static const char * const types[] = { "error", "zero", "linear", "warrant2" };
	char options[384] = "";
	struct volume *v = &luns[any(LUNS)];
	unsigned int i;

	v->options = NULL;
	volume_table(v, t);
	if (any(8)) {
		random_options(options, sizeof(options));
		strncat(t->params, options, sizeof(t->params) - strlen(t->params) - 1);
	}
	if (any(2))
		return;
	switch (any(5)) {
	case 0:
		t->type = types[any(4)];
		break;
	case 1:
		t->length += any(2) ? 8 : -8;
		break;
	case 2:
		t->start = 8;
		break;
	default:
		for (i = 1 + any(3); i; i--)
			spoil(t->params, sizeof(t->params));
	}
}

/* ---- actions ---- */

static void act_create(const char *name)
{
	say(name, "create", "");
	dm_create(name);
}

static void act_load(const char *name)
{
	bool read_only = !any(4);
	struct target t[2];
	int ret;

	random_table(&t[0]);
	random_table(&t[1]);
	t[1].start = t[0].length;
	say(name, "load", t[0].params);
	ret = dm_load(name, t, any(16) ? 1 : 2, read_only);
	if (ret)
		tally.refused++;
	else
		tally.loaded++;
}

static void act_suspend(const char *name)
{
	static const uint32_t flags[] = { 0, DM_SKIP_LOCKFS_FLAG, DM_NOFLUSH_FLAG };

	say(name, "suspend", "");
	dm_suspend(name, flags[any(3)]);
}

static void act_resume(const char *name)
{
	say(name, "resume", "");
	if (!dm_resume(name))
		tally.resumed++;
}

static void act_clear(const char *name)
{
	say(name, "clear", "");
	dm_clear(name);
}

static void act_remove(const char *name)
{
	say(name, "remove", "");
	dm_remove(name, any(4) ? 0 : DM_DEFERRED_REMOVE);
}

static void act_message(const char *name)
{
	static const char * const messages[] = {
		"checkpoint", "stats", "CHECKPOINT", "Stats", "checkpoint now", "stats all", "help",
		"@cancel_deferred_remove", "a b c d e f g h i j k l m n o p q r s t u v w x y z",
		"tag_create 2 6e 7b7d", "tag_edit 1 6e616d65 -", "tag_show 1", "tag_list 1",
		"assign 1 0 100", "assign 0 50 400", "assign 2 300 100", "job 1", "job 2",
		"extents 0 500", "extents 100 120", "keys logon:none",
	};
	char text[1024], answer[8192];
	unsigned int i, n = any(3) ? sizeof(messages) / sizeof(*messages) : 2;

	snprintf(text, sizeof(text), "%s", messages[any(n)]);
	if (!any(4))
		for (i = 1 + any(3); i; i--)
			spoil(text, sizeof(text));
	say(name, "message", text);
	if (!dm_message(name, text, answer, sizeof(answer)))
		tally.messages++;
}

static void act_status(const char *name)
{
	static const uint32_t flags[] = {
		0, DM_STATUS_TABLE_FLAG, DM_QUERY_INACTIVE_TABLE_FLAG, DM_NOFLUSH_FLAG,
		DM_STATUS_TABLE_FLAG | DM_QUERY_INACTIVE_TABLE_FLAG, DM_IMA_MEASUREMENT_FLAG,
	};
	uint32_t with = flags[any(6)];
	char text[512];

	say(name, "status", "");
	if (!dm_status(name, with, text, sizeof(text)) && !with && any(2))
		sscanf(text, "rw %63s", anchor);
}

static void act_key(const char *name)
{
	uint8_t payload[256];
	size_t size = 1 + any(sizeof(payload)), i;

	(void)name;
	say("", "key", "");
	if (key_given)
		take_key();
	key_given = any(4);
	if (!key_given)
		return;
	if (any(8)) {
		give_key();
		return;
	}
	for (i = 0; i < size; i++)
		payload[i] = random_next(&rnd);
	give_bad_key(payload, size);
}

/* A table or a message whose frame does not hold together. */
static void act_raw(const char *name)
{
	static const unsigned long requests[] = { DM_TABLE_LOAD, DM_TARGET_MSG, DM_TABLE_STATUS };
	union {
		struct dm_ioctl	h;
		uint8_t		bytes[2048];
	} raw = {
		.h = {
			.version = { DM_VERSION_MAJOR },
			.data_size = sizeof(raw),
			.data_start = sizeof(raw.h),
			.target_count = any(3),
		},
	};
	struct dm_target_spec *spec = (struct dm_target_spec *)(raw.bytes + sizeof(raw.h));
	struct target t;
	unsigned int i;

	random_table(&t);
	snprintf(raw.h.name, sizeof(raw.h.name), "%s", name);
	*spec = (struct dm_target_spec){ .length = length, .next = any(4096), .target_type = "warrant" };
	snprintf((char *)(spec + 1), 512, "%s", t.params);
	switch (any(4)) {
	case 0:
		raw.h.data_size = any(sizeof(raw));
		break;
	case 1:
		raw.h.data_start = any(2 * sizeof(raw));
		break;
	case 2:
		for (i = any(8); i; i--)
			raw.bytes[sizeof(raw.h) + any(sizeof(*spec) + 64)] = random_next(&rnd);
		break;
	}
	say(name, "raw", "");
	dm_raw(requests[any(3)], &raw, sizeof(raw));
}

static int some_io(struct volume *v, bool may_write, bool may_discard)
{
	uint32_t first = any(sectors), count = 1 + any(32);

	if (count > sectors - first)
		count = sectors - first;
	switch (may_write ? any(7) : 0) {
	case 0:
		return io_read(v, first, count);
	case 1:
		return io_write(v, first, count, false);
	case 2:
		return io_write(v, first, count, true);
	case 3:
		return io_batch(v, any(sectors - 100), 1 + any(3), 1 + any(32));
	case 4:
		return io_erase(v, first, count, may_discard && any(2));
	case 5:
		return io_flush(v);
	default:
		return io_checkpoint(v);
	}
}

/* To a volume in use; with another table, or suspended, it would not return or be ours to judge. */
static void act_io(const char *name)
{
	struct dm_look look;
	struct volume *v;
	unsigned int lun;
	int ret;

	if (dm_look(name, &look) || look.targets != 1 || look.suspended ||
	    strcmp(look.type, "warrant") || sscanf(look.table, "1:%u ", &lun) != 1 || lun >= LUNS)
		return;
	v = &luns[lun];
	v->name = name;
	v->read_only = look.read_only;
	say(name, "I/O to", look.table);
	volume_io(v);
	ret = some_io(v, !look.read_only, strstr(look.table, "allow_discards"));
	close(v->fd);
	v->fd = -1;
	if (ret)
		fail("I/O to a volume in use: %s", strerror(-ret));
	tally.io++;
}

/* create, a good table, resume: or hardly any volume would ever be in use */
static void act_open(const char *name)
{
	struct volume *v = &luns[any(LUNS)];
	struct target t;

	say(name, "open", v->lun);
	v->options = "5 allow_discards cache_mib 1 checkpoint_seconds 1";
	dm_create(name);
	if (key_given)
		take_key();
	give_key();
	key_given = true;
	volume_table(v, &t);
	if (!dm_load(name, &t, 1, false))
		dm_resume(name);
}

/* ---- rounds ---- */

static const struct {
	void		(*act)(const char *name);
	unsigned int	weight;
} actions[] = {
	{ act_create, 6 },	{ act_load, 16 },	{ act_suspend, 14 },	{ act_resume, 14 },
	{ act_clear, 1 },	{ act_remove, 2 },	{ act_message, 10 },	{ act_status, 8 },
	{ act_key, 1 },		{ act_raw, 4 },		{ act_io, 50 },		{ act_open, 8 },
};

static void act(void)
{
	unsigned int i, all = 0, at;

	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		all += actions[i].weight;
	at = any(all);
	for (i = 0; at >= actions[i].weight; i++)
		at -= actions[i].weight;
	actions[i].act(any_name());
}

static void remove_all(void)
{
	char refs[32];
	unsigned int i, tries;
	int ret;

	for (i = 0; i < NAMES; i++) {
		for (tries = 0; tries < 100; tries++) {
			ret = dm_remove(names[i], 0);
			if (ret != -EBUSY)
				break;
			usleep(20000);
		}
		if (ret && ret != -ENXIO)
			fail("%s cannot be removed: %s", names[i], strerror(-ret));
	}
	get_file("/sys/module/dm_warrant/refcnt", refs, sizeof(refs));
	if (strcmp(refs, "0"))
		fail("all devices are gone, and the module is used by %s", refs);
}

static void must_hold_all(struct volume *v)
{
	int ret;

	v->name = "v";
	v->options = NULL;
	v->read_only = false;
	ret = volume_open(v);
	if (ret)
		fail("%s does not open: %s", v->lun, strerror(-ret));
	volume_io(v);
	check_reopened(v, HOLDS_ALL);
	if (volume_close(v))
		fail("closing");
}

static void round_of(const struct image *image)
{
	unsigned int i;

	rnd.state = seed;
	anchor[0] = '\0';
	give_key();
	key_given = true;
	for (i = 0; i < LUNS; i++) {
		lun_put(luns[i].lun, image[i].data);
		luns[i].model = image[i].model;
	}
	for (i = 0; i < ACTIONS; i++)
		act();
	say("", "the end", "");
	remove_all();
	if (key_given)
		take_key();
	key_given = false;
	for (i = 0; i < LUNS; i++)
		must_hold_all(&luns[i]);
}

/* fuzz SECONDS */
int cmd_fuzz(int argc, char **argv)
{
	double end = seconds() + (argc > 1 ? atoi(argv[1]) : 30);
	struct image images[LUNS];
	uint64_t first = seed;
	unsigned int i;

	test_begin("fuzz");
	for (i = 0; i < LUNS; i++) {
		luns[i].fd = -1;
		snprintf(luns[i].lun, sizeof(luns[i].lun), "/dev/ram%u", i);
	}
	make_images(&images[0], &images[1], luns[0].lun);
	do {
		round_of(images);
		seed++;
	} while (seconds() < end);
	if (seed > first + 4 && !(tally.loaded && tally.refused && tally.resumed && tally.messages))
		fail("nothing much was tried");
	test_ok("seeds %llu to %llu, %u actions each: %lu tables loaded, %lu refused, %lu resumed, %lu messages and %lu requests carried out",
		(unsigned long long)first, (unsigned long long)seed - 1, ACTIONS, tally.loaded,
		tally.refused, tally.resumed, tally.messages, tally.io);
	return 0;
}
